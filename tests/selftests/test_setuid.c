// SPDX-License-Identifier: GPL-2.0-only
/*
 * A change of UID: which keyrings a process keeps, whose they are afterwards, and
 * which are those of the UID.
 *
 * Specified by session-keyring(7), process-keyring(7), thread-keyring(7) and
 * user-keyring(7).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/*
 * A change of UID, each way there is, by a process that has every ring:
 *
 *	p (uid 0) ---@t, @p, @s---> ...
 *	  |
 *	  setresuid(2), setreuid(2), setfsuid(2), ...
 */
FIXTURE(setuid)
{
	struct actor *p;
	uid_t uid;
	long t, pr, s, key;
};

FIXTURE_VARIANT(setuid)
{
	enum { SETRESUID, SETREUID, EUID_ONLY, FSUID_ONLY } how;
	bool real;		/* the real UID changes */
};

FIXTURE_VARIANT_ADD(setuid, setresuid) { .how = SETRESUID, .real = true };
FIXTURE_VARIANT_ADD(setuid, setreuid) { .how = SETREUID, .real = true };
FIXTURE_VARIANT_ADD(setuid, effective_only) { .how = EUID_ONLY };
FIXTURE_VARIANT_ADD(setuid, filesystem_only) { .how = FSUID_ONLY };

FIXTURE_SETUP(setuid)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_fork(NULL);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->t = ON(self->p, kc_id(RING_T, 1));
	self->pr = ON(self->p, kc_id(RING_P, 1));
	self->s = ON(self->p, kc_id(RING_S, 0));
	self->key = ON(self->p, kc_add_user("k", "v", RING_S));
	ASSERT_LT(0, self->key);
	ASSERT_EQ(0, ON(self->p, kc_reqkey(REQKEY_U)));
}

FIXTURE_TEARDOWN(setuid)
{
	stage_close();
}

static long change(struct actor *p, int how, uid_t uid)
{
	switch (how) {
	case SETRESUID:
		return actor_do(p, set_uids, uid, uid, uid);
	case SETREUID:
		return ON(p, key_syscall(NR_SETREUID, uid, uid, 0, 0, 0));
	case EUID_ONLY:
		return actor_do(p, set_uids, -1, uid, -1);
	default:
		return ON(p, key_syscall(NR_SETFSUID, uid, 0, 0, 0, 0));
	}
}

TEST_F(setuid, keeps_every_ring)
{
	ASSERT_LE(0, change(self->p, variant->how, self->uid));
	EXPECT_EQ(self->s, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(self->pr, ON(self->p, kc_id(RING_P, 0)));
	EXPECT_EQ(self->t, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
	EXPECT_EQ(REQKEY_U, ON(self->p, kc_reqkey(REQKEY_ASK)));
	/* the others belong to whom they belonged */
	EXPECT_EQ(0, ON(self->p, uid_of(RING_S)));
	EXPECT_EQ(0, ON(self->p, uid_of(RING_P)));
}

/* The thread keyring follows the filesystem IDs */
TEST_F(setuid, thread_ring_follows)
{
	gid_t gid = fresh_uid();

	EXPECT_EQ(0, ON(self->p, uid_of(RING_T)));
	EXPECT_EQ(0, ON(self->p, key_syscall(NR_SETFSGID, gid, 0, 0, 0, 0)));
	EXPECT_EQ(gid, ON(self->p, gid_of(RING_T)));
	ASSERT_LE(0, change(self->p, variant->how, self->uid));
	EXPECT_EQ(self->uid, ON(self->p, uid_of(RING_T)));
	EXPECT_EQ(gid, ON(self->p, gid_of(RING_T)));
	/* who made it still pays for it */
	EXPECT_FALSE(uid_is_known(self->uid));
}

/* @u and @us are those of the real UID, whatever the others are */
TEST_F(setuid, user_rings_are_of_the_real_uid)
{
	uid_t owner = variant->real ? self->uid : 0;

	ASSERT_LE(0, change(self->p, variant->how, self->uid));
	EXPECT_LT(0, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_STREQ(shared_text("keyring;%u;65534;1f3f0000;_uid_ses.%u",
				 owner, owner),
		     ON(self->p, description(RING_US)));
}

/*
 * A user-session keyring that has become somebody's session keyring stays so
 * when that somebody becomes somebody else.
 */
TEST_F(setuid, keeps_an_attached_user_session)
{
	uid_t first = fresh_uid();
	struct actor *q;
	long us;

	REQUIRE_NO_SESSION();
	q = actor_fork(NULL);
	ASSERT_EQ(0, actor_do(q, set_uids, first, 0, 0));
	us = ON(q, kc_id(RING_S, 0));
	ASSERT_LT(0, us);
	ASSERT_EQ(us, ON(q, kc_id(RING_US, 0)));
	ASSERT_LE(0, change(q, variant->how, self->uid));
	EXPECT_EQ(us, ON(q, kc_id(RING_S, 0)));
	EXPECT_EQ(variant->real, us != ON(q, kc_id(RING_US, 0)));
}

/* Entering a user namespace takes nothing away either */
TEST_F(setuid, unshare_keeps_every_ring)
{
	ASSERT_EQ(0, actor_do(self->p, unshare_userns, 0, 0, 0));
	map_ids(self->p, fresh_uids(10), 10);
	EXPECT_EQ(self->s, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(self->pr, ON(self->p, kc_id(RING_P, 0)));
	EXPECT_EQ(self->t, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, actor_do(self->p, become, 3, 0, 0));
	EXPECT_EQ(self->s, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
}

SELFTEST_MAIN
