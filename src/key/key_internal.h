/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of room key share. */
#ifndef KR_KEY_INTERNAL_H
#define KR_KEY_INTERNAL_H

#include <keyrings/key.h>
#include <keyrings/key_ops.h>
#include <keyrings/key_watch.h>

extern const struct kr_reaper_ops *kr_key_reaper;

/*
 * The last reference of a watched key has gone: tell those who watch it, and
 * forget them. Process context; takes no lock that is ours.
 */
void kr_watch_end(struct kr_key *key);

int kr_watch_init(void);
void kr_watch_exit(void);

/* Give a key a place under its serial; 0, -EEXIST the serial is taken, -ENOMEM. */
int kr_serials_add(struct kr_key *key);
void kr_serials_remove(struct kr_key *key);
void kr_serials_init(void);
void kr_serials_exit(void);

#endif /* KR_KEY_INTERNAL_H */
