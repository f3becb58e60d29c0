/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of kr_inkernel.ko. */
#ifndef INKERNEL_H
#define INKERNEL_H

#include <linux/key.h>
#include <linux/key-type.h>

#include "../inkernel_abi.h"

/* find.c: finding keys; each returns a reference or an ERR_PTR() */
struct key *inkernel_request(const struct inkernel_request *req);
struct key *inkernel_lookup(const struct inkernel_lookup *look);
int inkernel_find_init(void);
struct key *inkernel_find(const struct inkernel_lookup *look);
struct key *inkernel_search(struct key *ring, const struct inkernel_search *search);
int inkernel_private_ring_make(void);
void inkernel_private_ring_drop(void);

/* own_type.c: a type of keys that comes and goes as the tests say */
extern struct key_type inkernel_key_type;
int inkernel_type_add(unsigned long lacks);
int inkernel_type_remove(void);
bool inkernel_type_is_there(void);
int inkernel_type_alive(void);
int inkernel_type_stay(bool yes);

/* policy.c: a user who may not write to keys of the built-in service */
void inkernel_deny_write(uid_t uid);
int inkernel_policy_init(void);
void inkernel_policy_exit(void);

#endif /* INKERNEL_H */
