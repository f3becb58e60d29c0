// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restricting a keyring: from then on it takes no new links, or only those that
 * a type of keys approves of.
 *
 * Specified by keyctl_restrict_keyring(3).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/*
 * A process of a fresh uid:
 *
 *	p @s---> "_ses" ---> ring ("r") ---> old ("old")
 *			---> key ("k")
 */
FIXTURE(restrict)
{
	struct actor *p;
	uid_t uid;
	long ring, old, key;
};

FIXTURE_SETUP(restrict)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->ring = ON(self->p, kc_add_ring("r", RING_S));
	self->old = ON(self->p, kc_add_user("old", "v", self->ring));
	self->key = ON(self->p, kc_add_user("k", "v", RING_S));
	ASSERT_LT(0, self->ring);
	ASSERT_LT(0, self->old);
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(restrict)
{
	stage_close();
}

/* EPERM: whichever way a link would be made */
TEST_F(restrict, takes_no_links)
{
	int keys;

	EXPECT_EQ(0, ON(self->p, kc_restrict(self->ring, NULL, NULL)));
	keys = keys_charged(self->uid);
	EXPECT_EQ(-EPERM, ON(self->p, kc_link(self->key, self->ring)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_link(self->old, self->ring)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_add_user("new", "v", self->ring)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_add_ring("new", self->ring)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_move(self->key, RING_S, self->ring,
					      0)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_request("user", "k", NULL,
						 self->ring)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_search(RING_S, "user", "k",
						self->ring)));
	/* nothing came of it */
	EXPECT_EQ(1, ON(self->p, ring_size(self->ring)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_S, self->key)));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == keys));
}

/* Nor by a helper, whose key nobody has judged yet when it is announced */
TEST_F(restrict, ours_takes_no_key_that_is_to_be_made)
{
	EXPECT_EQ(0, ON(self->p, kc_restrict(self->ring, NULL, NULL)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_request("user", "wanted", "info", self->ring)));
	EXPECT_EQ(LINK_BYTES, ON(self->p, kc_read(self->ring, NULL, 0)));
}

/* What is there stays, can be used, and can go; but not be added once more */
TEST_F(restrict, keeps_its_links)
{
	EXPECT_EQ(0, ON(self->p, kc_restrict(self->ring, NULL, NULL)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->ring, self->old)));
	EXPECT_EQ(self->old, ON(self->p, kc_search(RING_S, "user", "old", 0)));
	EXPECT_EQ(self->old, ON(self->p, kc_request("user", "old", NULL, 0)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->old, "w", 1)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_add_user("old", "x", self->ring)));
	EXPECT_STREQ("w", ON(self->p, payload(self->old)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->old, self->ring)));
	EXPECT_TRUE(key_goes(self->old));
	EXPECT_EQ(-EPERM, ON(self->p, kc_add_user("old", "v", self->ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(self->ring)));
}

TEST_F(restrict, can_be_cleared)
{
	EXPECT_EQ(0, ON(self->p, kc_restrict(self->ring, NULL, NULL)));
	EXPECT_EQ(0, ON(self->p, kc_clear(self->ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(self->ring)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_link(self->key, self->ring)));
}

/* A key can leave, but not come back */
TEST_F(restrict, move_from)
{
	EXPECT_EQ(0, ON(self->p, kc_restrict(self->ring, NULL, NULL)));
	EXPECT_EQ(0, ON(self->p, kc_move(self->old, self->ring, RING_S, 0)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_S, self->old)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_move(self->old, RING_S, self->ring,
					      0)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_S, self->old)));
}

/* The ring itself is like any other */
TEST_F(restrict, ring_can_be_linked_and_revoked)
{
	EXPECT_EQ(0, ON(self->p, kc_restrict(self->ring, NULL, NULL)));
	EXPECT_EQ(0, ON(self->p, kc_link(self->ring, RING_P)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->ring, PERM_POS(MAY_ALL) |
							PERM_USR(MAY_VIEW))));
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->ring, 100)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->ring)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_restrict(self->ring, NULL,
							NULL)));
	EXPECT_TRUE(key_goes(self->old));
}

/* Special rings, too; the restriction is the ring's, not the process's */
TEST_F(restrict, session)
{
	struct actor *q = actor_fork(self->p);

	EXPECT_EQ(0, ON(self->p, kc_restrict(RING_S, NULL, NULL)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_add_user("new", "v", RING_S)));
	EXPECT_EQ(-EPERM, ON(q, kc_add_user("new", "v", RING_S)));
	EXPECT_LT(0, ON(q, kc_add_user("new", "v", self->ring)));
	EXPECT_LT(0, ON(self->p, kc_join(NULL)));
	EXPECT_LT(0, ON(self->p, kc_add_user("new", "v", RING_S)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_restrict(RING_T, NULL, NULL)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_restrict(RING_G, NULL, NULL)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_restrict(0, NULL, NULL)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_restrict(1, NULL, NULL)));
}

/* EEXIST: once is for ever */
TEST_F(restrict, twice)
{
	EXPECT_EQ(0, ON(self->p, kc_restrict(self->ring, NULL, NULL)));
	EXPECT_EQ(-EEXIST, ON(self->p, kc_restrict(self->ring, NULL, NULL)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_link(self->key, self->ring)));
}

/* EINVAL: a type without a restriction, or the other way round */
TEST_F(restrict, half)
{
	EXPECT_EQ(-EINVAL, ON(self->p, kc_restrict(self->ring, "user", NULL)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_restrict(self->ring, NULL, "x")));
	EXPECT_EQ(0, ON(self->p, kc_link(self->key, self->ring)));
}

/* ENOTDIR: not a ring */
TEST_F(restrict, not_a_ring)
{
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_restrict(self->key, NULL, NULL)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_restrict(self->key, "user", "x")));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_restrict(self->key, "user", NULL)));
}

/* ENOKEY: no such type. ENOENT: the type has no restrictions. */
TEST_F(restrict, by_type)
{
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_restrict(self->ring, "no such type",
						   "x")));
	EXPECT_EQ(-ENOENT, ON(self->p, kc_restrict(self->ring, "user", "x")));
	EXPECT_EQ(-ENOENT, ON(self->p, kc_restrict(self->ring, "logon", "x")));
	EXPECT_EQ(-ENOENT, ON(self->p, kc_restrict(self->ring, "keyring",
						   "x")));
	EXPECT_EQ(-EPERM, ON(self->p, kc_restrict(self->ring,
						  ".request_key_auth", "x")));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_restrict(self->ring, "", "x")));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_restrict(self->ring,
						   shared_text("%0*d",
							       MAX_TYPE + 1, 1),
						   "x")));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_restrict(self->ring, (char *)8,
						   "x")));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_restrict(self->ring, "user",
						   (char *)8)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_restrict(self->ring, "user",
						   shared_text("%0*d",
							       MAX_DESC + 1,
							       1))));
	/* nothing has changed */
	EXPECT_EQ(0, ON(self->p, kc_link(self->key, self->ring)));
}

/*
 * One has a link to the other, which trusts the first: their last process ends, nobody can
 * reach them any more, and its UID pays for them for as long as they are not taken apart.
 */
TEST_F(restrict, rings_that_keep_each_other)
{
	long inner = ON(self->p, kc_add_ring("inner", self->ring)), ret;

	ret = ON(self->p, kc_restrict(inner, "asymmetric",
				      shared_text("key_or_keyring:%ld", self->ring)));
	if (ret == -ENOKEY)
		SKIP(return, "no asymmetric keys");
	ASSERT_EQ(0, ret);
	/* this is how the test reaches them */
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->ring, PERM_POS(MAY_ALL) | PERM_OTH(MAY_ALL))));
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(self->key));
	EXPECT_TRUE(key_stays(self->ring));
	EXPECT_TRUE(key_stays(inner));
	EXPECT_EQ(3, keys_charged(self->uid));
	EXPECT_EQ(0, kc_clear(self->ring));
	EXPECT_FORGOTTEN(self->uid);
}

/* EACCES: without SETATTR */
TEST_F(restrict, without_setattr)
{
	struct actor *stranger = actor_user(fresh_uid());

	EXPECT_EQ(-EACCES, ON(stranger, kc_restrict(self->ring, NULL, NULL)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->ring,
					    PERM_POS(MAY_ALL & ~MAY_SETATTR) |
					    PERM_USR(MAY_ALL & ~MAY_SETATTR))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_restrict(self->ring, NULL, NULL)));
	EXPECT_EQ(0, ON(self->p, kc_link(self->key, self->ring)));
}

SELFTEST_MAIN
