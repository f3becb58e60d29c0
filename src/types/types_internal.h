/* SPDX-License-Identifier: GPL-2.0-only */
/* The types that the room registers. */
#ifndef KR_TYPES_INTERNAL_H
#define KR_TYPES_INTERNAL_H

#include <keyrings/key.h>

extern struct kr_key_type kr_type_user;
extern struct kr_key_type kr_type_logon;
extern struct kr_key_type kr_type_big_key;

/* big_key.c: what its files are opened with; 0 or -ENOMEM. */
int kr_big_key_init(void);
void kr_big_key_exit(void);

#endif /* KR_TYPES_INTERNAL_H */
