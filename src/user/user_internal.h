/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two halves of room user share. */
#ifndef KR_USER_INTERNAL_H
#define KR_USER_INTERNAL_H

#include <keyrings/user.h>

/* Under which an account or a record is stored: a secret of this load. */
u32 kr_uid_hash(kuid_t uid);
void kr_account_init(void);
/* Borrowed, under RCU. */
struct kr_account *kr_account_peek(kuid_t uid);
void kr_account_exit(void);
/* How many keys the UID may own just now. */
unsigned int kr_account_maxkeys(const struct kr_account *account);

/* The same of a record. */
u32 kr_user_hash_of(const void *object);

/* Waits for whoever decides on this record. Under RCU; what is there then is borrowed. */
struct kr_user *kr_user_after_decision(const struct kr_user *user);

/* The record in hand, or, if it is about to go or has gone, what there is instead. */
static inline struct kr_user *kr_user_settled(struct kr_user *user)
{
	return likely(!READ_ONCE(user->closing)) ? user : kr_user_after_decision(user);
}

#endif /* KR_USER_INTERNAL_H */
