/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the unit tests share: rooms brought up without a takeover, made-up
 * actors, UIDs and namespaces, crews of threads, and the certainty that a case
 * leaves nothing behind.
 *
 * Whatever a case makes with these helpers is given back when it ends, also
 * when an assertion ended it halfway. After that no key may be left and no UID
 * may owe anything: that too is a part of every case.
 */
#ifndef KR_KUNIT_HELPERS_H
#define KR_KUNIT_HELPERS_H

#include <keyrings/cred.h>
#include <keyrings/key.h>
#include <keyrings/key_ops.h>
#include <keyrings/key_watch.h>
#include <keyrings/keyring.h>
#include <keyrings/reaper.h>
#include <keyrings/types.h>
#include <keyrings/user.h>
#include <kunit/test.h>
#include <linux/sched/user.h>
#include <linux/user_namespace.h>

#define KT_UID		1000u
#define KT_GID		100u
#define KT_OTHER	2000u	/* somebody else, uid and gid */
#define KT_STRESS	HZ	/* jiffies that a case lets threads race */
#define KT_PERM		(KR_POS(KR_ALL) | KR_USR(KR_ALL))

static inline kuid_t kt_uid(u32 uid)
{
	return KUIDT_INIT(uid);
}

static inline kgid_t kt_gid(u32 gid)
{
	return KGIDT_INIT(gid);
}

/* All rooms up to cred, in the order of the module, for suite_init and suite_exit. */
int kt_rooms_up(struct kunit_suite *suite);
void kt_rooms_down(struct kunit_suite *suite);

/* For init and exit of a suite whose rooms are up. */
int kt_case_init(struct kunit *test);
void kt_case_exit(struct kunit *test);
/* The same for a suite that needs no room, or brings up its own. */
int kt_bare_init(struct kunit *test);
void kt_bare_exit(struct kunit *test);

/* The case puts @key when it ends; asserts that it is one. Returns @key. */
struct kr_key *kt_hold(struct kunit *test, struct kr_key *key);
/* Put a key that the case holds, now. */
void kt_drop(struct kunit *test, struct kr_key *key);

/* Keys of KT_UID, held by the case, with all rights for owner and possessor. */
struct kr_key *kt_key(struct kunit *test, const char *desc);
struct kr_key *kt_key_of(struct kunit *test, u32 uid, const char *desc, size_t payload);
struct kr_key *kt_ring(struct kunit *test, const char *name);
struct kr_key *kt_ring_of(struct kunit *test, u32 uid, const char *name);

const struct kr_key_type *kt_type(struct kunit *test, const char *name);
struct kr_payload *kt_payload(struct kunit *test, size_t len, u8 fill);
/* Give a key that is not a ring a payload. */
int kt_instantiate(struct kunit *test, struct kr_key *key, size_t len);
/* add_key() of the type `user` by the owner of a possessed ring; no reference is left. */
int kt_add(struct kunit *test, struct kr_key *ring, const char *desc, size_t len);

/* Does the key know that the ring holds it? */
bool kt_holds(const struct kr_key *ring, const struct kr_key *key);

/* Let RCU callbacks pass, and do what the reaper has to do then. */
void kt_settle(void);

/* What a UID owes; all zero when it has no account. */
struct kt_debt {
	unsigned int qnkeys;
	u64 qnbytes;
	int nkeys;
	int nikeys;
};

struct kt_debt kt_debt(u32 uid);

#define KT_EXPECT_DEBT(test, uid, keys, bytes)				\
do {									\
	struct kt_debt __debt = kt_debt(uid);				\
									\
	KUNIT_EXPECT_EQ(test, __debt.qnkeys, (unsigned int)(keys));	\
	KUNIT_EXPECT_EQ(test, __debt.qnbytes, (u64)(bytes));		\
} while (0)

/* Credentials to act with, of the initial namespace and with no supplementary group. */
struct cred *kt_actor(struct kunit *test, u32 uid, u32 gid);
/* Sets the supplementary groups, @gids ending with 0. */
void kt_actor_groups(struct kunit *test, struct cred *actor, const u32 *gids);
/* A namespace in which the IDs from 0 on are those from @first on; @count may be 0. */
struct user_namespace *kt_ns(struct kunit *test, u32 first, u32 count);
/* The actor is in this namespace; undone before the actor goes. */
void kt_actor_ns(struct kunit *test, struct cred *actor, struct user_namespace *ns);

/**
 * struct kt_login - a made-up record of a UID, as the kernel's own
 * @up: the record
 * @processes: references that are those of the UID's processes
 * @saved: references taken so that the count never falls to 0
 *
 * free_uid() of the last reference would give the record to the kernel's slab.
 * So one more is taken for each ring of the UID that is dropped, which happens
 * shortly before the room drops its own.
 */
struct kt_login {
	struct user_struct up;
	atomic_t processes;
	atomic_t saved;
};

/* With one process. */
struct kt_login *kt_login(struct kunit *test, u32 uid);
/* One more process of the UID. */
void kt_login_more(struct kt_login *login);
/* A process of the UID exits, which the room is told. */
void kt_logout(struct kt_login *login);
/* For a drop_ring of one's own. */
void kt_login_save(struct kt_login *login);
/* Nothing is under way that drops a reference: those saved are no longer needed. */
void kt_login_unsave(struct kt_login *login);
/* Credentials whose record of the UID is the made-up one. */
struct cred *kt_actor_of(struct kunit *test, struct kt_login *login);

/* Threads that run @fn(@arg) on different CPUs; all have begun when this returns. */
void kt_crew_start(struct kunit *test, unsigned int count, int (*fn)(void *arg), void *arg);
/* Stops them all; returns the sum of what they returned. */
int kt_crew_stop(struct kunit *test);

#endif /* KR_KUNIT_HELPERS_H */
