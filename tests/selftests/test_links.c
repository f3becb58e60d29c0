// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links: what a keyring holds, how links are made, moved and removed, and what
 * is found by following them.
 *
 * Specified by keyctl_link(3), keyctl_move(3), keyctl_search(3), keyrings(7)
 * and request_key(2).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

enum {
	DEPTH_ACCEPTED = 7,	/* rings in a chain that may still be linked */
};

/*
 * Two rings side by side, a key in the first:
 *
 *	p (fresh uid) ---@p---> "_pid" ---> ring "a" ---> user "k"
 *	                               ---> ring "b"
 */
FIXTURE(pair)
{
	struct actor *p;
	uid_t uid;
	long a, b, key;
};

FIXTURE_SETUP(pair)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->a = ON(self->p, kc_add_ring("a", RING_P));
	self->b = ON(self->p, kc_add_ring("b", RING_P));
	self->key = ON(self->p, kc_add_user("k", "in a", self->a));
	ASSERT_LT(0, self->a);
	ASSERT_LT(0, self->b);
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(pair)
{
	stage_close();
}

/* ---- LINK ---- */

TEST_F(pair, link)
{
	EXPECT_EQ(0, ON(self->p, kc_link(self->key, self->b)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->b, self->key)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->a, self->key)));
	/* a second link of the same key is the same link */
	EXPECT_EQ(0, ON(self->p, kc_link(self->key, self->b)));
	EXPECT_EQ(1, ON(self->p, ring_size(self->b)));
	/* the key lives as long as one link does */
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->key, self->a)));
	EXPECT_STREQ("in a", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->key, self->b)));
	EXPECT_TRUE(key_goes(self->key));
}

TEST_F(pair, link_displaces_its_like)
{
	long other = ON(self->p, kc_add_user("k", "in b", self->b));

	ASSERT_NE(self->key, other);
	EXPECT_EQ(0, ON(self->p, kc_link(self->key, self->b)));
	EXPECT_EQ(1, ON(self->p, ring_size(self->b)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->b, self->key)));
	EXPECT_TRUE(key_goes(other));
}

TEST_F(pair, link_errors)
{
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_link(self->a, self->key)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_link(self->key, self->key)));
	/* the ring is looked at first, then the key */
	EXPECT_EQ(-EINVAL, ON(self->p, kc_link(AUTH_KEY, RING_G)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_link(RING_G, AUTH_KEY)));
	/* the key must grant LINK, the ring WRITE */
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_LINK))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_link(self->key, self->b)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL))));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->b,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_link(self->key, self->b)));
	EXPECT_EQ(0, ON(self->p, ring_size(self->b)));
}

/* Both may be anchors that do not exist yet */
TEST_F(pair, link_makes_anchors)
{
	struct actor *q = actor_user(self->uid);

	EXPECT_EQ(0, ON(q, kc_link(RING_T, RING_P)));
	EXPECT_EQ(1, ON(q, ring_holds(RING_P, ON(q, kc_id(RING_T, 0)))));
}

/* ---- UNLINK ---- */

TEST_F(pair, unlink)
{
	EXPECT_EQ(-ENOENT, ON(self->p, kc_unlink(self->key, self->b)));
	EXPECT_EQ(-ENOENT, ON(self->p, kc_unlink(self->a, self->b)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->key, self->a)));
	EXPECT_TRUE(key_goes(self->key));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_unlink(self->key, self->a)));
}

TEST_F(pair, unlink_errors)
{
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_unlink(self->key, self->key)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_unlink(RING_G, self->a)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_unlink(self->key, RING_G)));
	/* an anchor is not made to be unlinked, or to be unlinked from */
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_unlink(RING_T, self->a)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_unlink(self->key, RING_T)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->a,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_unlink(self->key, self->a)));
}

/* The key itself need not grant anything */
TEST_F(pair, unlink_needs_nothing_of_the_key)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, 0)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_describe(self->key, NULL, 0)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->key, self->a)));
	EXPECT_TRUE(key_goes(self->key));
}

/* UNLINK removes the key it is given, not another of the same description */
TEST_F(pair, ours_unlink_acts_on_the_key_named)
{
	long other = ON(self->p, kc_add_user("k", "in b", self->b));

	EXPECT_EQ(-ENOENT, ON(self->p, kc_unlink(self->key, self->b)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->b, other)));
	EXPECT_STREQ("in b", ON(self->p, payload(other)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->a, self->key)));
}

/* ---- MOVE ---- */

TEST_F(pair, move)
{
	EXPECT_EQ(0, ON(self->p, kc_move(self->key, self->a, self->b, 0)));
	EXPECT_EQ(0, ON(self->p, ring_size(self->a)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->b, self->key)));
	EXPECT_STREQ("in a", ON(self->p, payload(self->key)));
	/* now it is not there any more */
	EXPECT_EQ(-ENOENT, ON(self->p, kc_move(self->key, self->a, self->b,
					       0)));
	EXPECT_EQ(1, ON(self->p, ring_size(self->b)));
	EXPECT_EQ(0, ON(self->p, kc_move(self->key, self->b, self->a,
					 MOVE_EXCL)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->a, self->key)));
}

TEST_F(pair, move_displaces_its_like)
{
	long other = ON(self->p, kc_add_user("k", "in b", self->b));

	/* unless told not to */
	EXPECT_EQ(-EEXIST, ON(self->p, kc_move(self->key, self->a, self->b,
					       MOVE_EXCL)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->a, self->key)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->b, other)));

	EXPECT_EQ(0, ON(self->p, kc_move(self->key, self->a, self->b, 0)));
	EXPECT_EQ(0, ON(self->p, ring_size(self->a)));
	EXPECT_EQ(1, ON(self->p, ring_size(self->b)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->b, self->key)));
	EXPECT_TRUE(key_goes(other));
}

/* From a ring to itself is done at once, whether it is linked there or not */
TEST_F(pair, move_to_the_same_ring)
{
	EXPECT_EQ(0, ON(self->p, kc_move(self->key, self->a, self->a, 0)));
	EXPECT_EQ(0, ON(self->p, kc_move(self->key, self->a, self->a,
					 MOVE_EXCL)));
	EXPECT_EQ(0, ON(self->p, kc_move(self->key, self->b, self->b, 0)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->a, self->key)));
	EXPECT_EQ(0, ON(self->p, ring_size(self->b)));
}

TEST_F(pair, move_errors)
{
	long deep = ON(self->p, kc_add_ring("deep", self->b));

	/* flags first */
	EXPECT_EQ(-EINVAL, ON(self->p, kc_move(0, 0, 0, 2)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_move(AUTH_KEY, 0, 0, 0x80000000)));
	/* then the key, then from, then to */
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_move(AUTH_KEY, RING_G, RING_G, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_move(self->key, AUTH_KEY, RING_G,
					       0)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_move(self->key, self->a, RING_G, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_move(self->key, RING_T, self->b, 0)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_move(self->key, self->a, self->key,
						0)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_move(self->b, self->key, self->a,
						0)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_move(self->b, RING_P, deep, 0)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_P, self->b)));
	EXPECT_EQ(0, ON(self->p, ring_size(deep)));

	EXPECT_EQ(0, ON(self->p, kc_setperm(self->b,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_move(self->key, self->a, self->b,
					       0)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->a,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_move(self->key, self->a, RING_P, 0)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_LINK))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_move(self->key, self->a, RING_P, 0)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->a, self->key)));
}

TEST_F(pair, move_makes_the_destination)
{
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_EQ(0, ON(self->p, kc_move(self->key, self->a, RING_T, 0)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_T, self->key)));
}

TEST_F(pair, ours_move_acts_on_the_key_named)
{
	long other = ON(self->p, kc_add_user("k", "in b", self->b));

	/* the key is not in b, another of its description is */
	EXPECT_EQ(-ENOENT, ON(self->p, kc_move(self->key, self->b, RING_P, 0)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->b, other)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->a, self->key)));
	EXPECT_EQ(0, ON(self->p, ring_holds(RING_P, self->key)));
	EXPECT_EQ(2, ON(self->p, ring_size(RING_P)));
}

/* ---- cycles and depth ---- */

TEST_F(pair, cycles)
{
	long c = ON(self->p, kc_add_ring("c", self->b));

	EXPECT_EQ(-EDEADLK, ON(self->p, kc_link(self->a, self->a)));
	EXPECT_EQ(0, ON(self->p, kc_link(self->b, self->a)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_link(self->a, self->b)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_link(self->a, c)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_link(RING_P, c)));
	/* two ways down are not a cycle */
	EXPECT_EQ(0, ON(self->p, kc_link(c, self->a)));
	/* once cut, the link may be made the other way round */
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->b, self->a)));
	EXPECT_EQ(0, ON(self->p, kc_link(self->a, self->b)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_link(self->b, self->a)));
}

/* A ring is not its namesake */
TEST_F(pair, same_name_is_not_a_cycle)
{
	long inner = ON(self->p, kc_add_ring("a", self->b));

	ASSERT_LT(0, inner);
	ASSERT_NE(self->a, inner);
	EXPECT_EQ(0, ON(self->p, kc_link(self->b, self->a)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_link(self->a, self->b)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_link(self->a, inner)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->b, self->a)));
	EXPECT_EQ(0, ON(self->p, kc_link(inner, self->a)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_link(self->a, inner)));
}

/* Permissions do not hide a cycle */
TEST_F(pair, cycle_behind_a_closed_ring)
{
	EXPECT_EQ(0, ON(self->p, kc_link(self->b, self->a)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->a,
					    PERM_POS(MAY_ALL) |
					    PERM_USR(MAY_LINK))));
	EXPECT_EQ(0, ON(self->p, kc_link(self->a, RING_T)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_link(RING_T, self->b)));
}

/*
 * Chains are grown from the bottom: each new ring takes the chain so far as its
 * only link. At most DEPTH_ACCEPTED rings may hang below another.
 */
TEST_F(pair, depth)
{
	char *name = shared(8);
	long below = self->b, ring;
	int rings;

	for (rings = 1; rings < DEPTH_ACCEPTED; rings++) {
		sprintf(name, "up%d", rings);
		ring = ON(self->p, kc_add_ring(name, RING_P));
		ASSERT_LT(0, ring);
		EXPECT_EQ(0, ON(self->p, kc_link(below, ring)))
			TH_LOG("%d rings", rings);
		below = ring;
	}
	ring = ON(self->p, kc_add_ring("one more", RING_P));
	EXPECT_EQ(0, ON(self->p, kc_link(below, ring)));
	EXPECT_EQ(-ELOOP, ON(self->p, kc_link(ring, RING_T)));
	EXPECT_EQ(-ELOOP, ON(self->p, kc_link(ring, self->a)));
	EXPECT_EQ(1, ON(self->p, ring_size(self->a)));
}

/* A key that lies too deep is neither found nor possessed */
TEST_F(pair, depth_of_search)
{
	struct actor *q = actor_user(self->uid);
	char *name = shared(8);
	long ring = ON(q, kc_id(RING_P, 1)), key[10];
	int level;

	for (level = 0; level < 9; level++) {
		sprintf(name, "k%d", level);
		key[level] = ON(q, kc_add_user(name, "v", ring));
		if (key[level] < 0)
			break;
		sprintf(name, "r%d", level);
		ring = ON(q, kc_add_ring(name, ring));
		if (ring < 0)
			break;
	}
	/* the ring on level 7 is possessed, what is in it is not any more */
	EXPECT_EQ(8, level);
	EXPECT_EQ(-EACCES, key[8]);
	EXPECT_EQ(key[6], ON(q, kc_request("user", "k6", NULL, 0)));
	EXPECT_STREQ("v", ON(q, payload(key[6])));
	EXPECT_EQ(-ENOKEY, ON(q, kc_request("user", "k7", NULL, 0)));
	EXPECT_EQ(-EACCES, ON(q, kc_read(key[7], NULL, 0)));
}

/* ---- SEARCH ---- */

TEST_F(pair, search)
{
	EXPECT_EQ(self->key, ON(self->p, kc_search(self->a, "user", "k", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(self->b, "user", "k", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(self->a, "user", "K", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(self->a, "user", "", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(self->a, "user", "kk", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(self->a, "logon", "k", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(self->a, "keyring", "k", 0)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_search(self->key, "user", "k", 0)));
	/* nothing is made to be searched */
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_T, "user", "k", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(RING_T, 0)));
}

/* Through nested rings, the key of the ring itself before those below */
TEST_F(pair, search_nested)
{
	long deep = ON(self->p, kc_add_ring("deep", self->b));
	long below = ON(self->p, kc_add_user("k", "deep", deep));
	long above;

	EXPECT_EQ(0, ON(self->p, kc_unlink(self->key, self->a)));
	EXPECT_EQ(below, ON(self->p, kc_search(RING_P, "user", "k", 0)));
	EXPECT_EQ(below, ON(self->p, kc_request("user", "k", NULL, 0)));
	above = ON(self->p, kc_add_user("k", "above", RING_P));
	EXPECT_EQ(above, ON(self->p, kc_search(RING_P, "user", "k", 0)));
	EXPECT_EQ(above, ON(self->p, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(below, ON(self->p, kc_search(self->b, "user", "k", 0)));
	/* a ring is found like a key, and by its own name too */
	EXPECT_EQ(deep, ON(self->p, kc_search(RING_P, "keyring", "deep", 0)));
	EXPECT_EQ(deep, ON(self->p, kc_search(deep, "keyring", "deep", 0)));
}

/*
 * Depth first: of two rings in a ring the first is searched with all below it. Which
 * one that is, is not said; so the deeper key is in the one, then in the other:
 *
 *	"_pid" ---> "a" ---> "deep" ---> "x"	"_pid" ---> "a" ---> "y"
 *	       ---> "b" ---> "x"		       ---> "b" ---> "deep" ---> "y"
 */
TEST_F(pair, search_is_depth_first)
{
	long deep[] = {
		ON(self->p, kc_add_ring("deep", self->a)), ON(self->p, kc_add_ring("deep", self->b)),
	};
	long x = ON(self->p, kc_add_user("x", "deep", deep[0]));
	long y = ON(self->p, kc_add_user("y", "deep", deep[1]));

	ASSERT_LT(0, ON(self->p, kc_add_user("x", "flat", self->b)));
	ASSERT_LT(0, ON(self->p, kc_add_user("y", "flat", self->a)));
	EXPECT_EQ(1, (x == ON(self->p, kc_search(RING_P, "user", "x", 0))) +
		     (y == ON(self->p, kc_search(RING_P, "user", "y", 0))));
	EXPECT_EQ(1, (x == ON(self->p, kc_request("user", "x", NULL, 0))) +
		     (y == ON(self->p, kc_request("user", "y", NULL, 0))));
}

TEST_F(pair, search_into_a_ring)
{
	long other = ON(self->p, kc_add_user("k", "in b", self->b));

	EXPECT_EQ(self->key, ON(self->p, kc_search(self->a, "user", "k",
						   RING_P)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_P, self->key)));
	EXPECT_EQ(self->key, ON(self->p, kc_search(self->a, "user", "k",
						   self->b)));
	EXPECT_EQ(1, ON(self->p, ring_size(self->b)));
	EXPECT_TRUE(key_goes(other));
	/* not found: the destination is made all the same */
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(self->a, "user", "x",
						 RING_T)));
	EXPECT_LT(0, ON(self->p, kc_id(RING_T, 0)));
}

TEST_F(pair, search_errors)
{
	char *type = shared_text("%032d", 0);

	EXPECT_EQ(-EFAULT, ON(self->p, kc_search(self->a, NULL, "k", 0)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_search(self->a, "user", NULL, 0)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_search(self->a, "", "k", 0)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_search(self->a, type, "k", 0)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_search(self->a, ".user", "k", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(self->a, "no such", "k", 0)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_search(RING_G, "user", "k", 0)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_search(self->a, "user", "k",
						 RING_G)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_search(self->a, "user", "k",
						  self->key)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_search(RING_P, "keyring", "a",
						  self->a)));
	/* without LINK it is found but not linked */
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_LINK))));
	EXPECT_EQ(self->key, ON(self->p, kc_search(self->a, "user", "k", 0)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_search(self->a, "user", "k",
						 self->b)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->b,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_search(self->a, "user", "k",
						 self->b)));
}

/* A key that may not be searched is there, and says so; a ring hides */
TEST_F(pair, search_needs_search)
{
	uint32_t closed = PERM_POS(MAY_ALL & ~MAY_SEARCH) |
			  PERM_USR(MAY_ALL & ~MAY_SEARCH);

	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, closed)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_search(self->a, "user", "k", 0)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_USR(MAY_ALL))));
	EXPECT_EQ(self->key, ON(self->p, kc_search(self->a, "user", "k", 0)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->a, closed)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_search(self->a, "user", "k", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_P, "user", "k", 0)));
}

/* What is wrong with the key found is the answer, if there is no good one */
TEST_F(pair, search_reports_a_dead_match)
{
	long good;

	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_search(self->a, "user", "k",
						      0)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_search(RING_P, "user", "k", 0)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_request("user", "k", NULL, 0)));
	good = ON(self->p, kc_add_user("k", "v", self->b));
	EXPECT_EQ(good, ON(self->p, kc_search(RING_P, "user", "k", 0)));
	EXPECT_EQ(good, ON(self->p, kc_request("user", "k", NULL, 0)));
}

/* ---- request_key() without call-out ---- */

TEST_F(pair, request)
{
	struct actor *q = actor_user(self->uid);

	EXPECT_EQ(self->key, ON(self->p, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", "x", NULL, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("no such", "k", NULL, 0)));
	/* nobody else's */
	EXPECT_EQ(-ENOKEY, ON(q, kc_request("user", "k", NULL, 0)));
	/* into a ring */
	EXPECT_EQ(self->key, ON(self->p, kc_request("user", "k", NULL,
						    self->b)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->b, self->key)));
	EXPECT_EQ(self->key, ON(self->p, kc_request("user", "k", NULL,
						    RING_T)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_T, self->key)));
}

/* Makes two keys in a ring; how many of them are read first that were made first? */
static int first_reads_first(struct actor *p, long ring)
{
	int32_t *ids = shared(2 * sizeof(*ids));
	long one = ON(p, kc_add_user("one", "v", ring));

	if (one < 0 || ON(p, kc_add_user("two", "v", ring)) < 0)
		return -1;
	if (ON(p, kc_read(ring, ids, 2 * sizeof(*ids))) != 2 * sizeof(*ids))
		return -1;
	return ids[0] == one;
}

/* The first link comes first, unless the one before it was reaped, and not removed */
TEST_F(pair, order_after_the_last_link_was_reaped)
{
	long dead;

	EXPECT_EQ(1, first_reads_first(self->p, self->b));
	EXPECT_EQ(0, ON(self->p, kc_clear(self->b)));
	dead = ON(self->p, kc_add_user("dead", "v", self->b));
	ASSERT_LT(0, dead);
	EXPECT_EQ(0, ON(self->p, kc_invalidate(dead)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(self->b)) == 0));
	EXPECT_EQ(0, first_reads_first(self->p, self->b));
	EXPECT_EQ(0, ON(self->p, kc_clear(self->b)));
	EXPECT_EQ(1, first_reads_first(self->p, self->b));
}

/* @t before @p before @s, whatever they hold */
TEST_F(pair, request_order)
{
	long t, p, s;

	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	s = ON(self->p, kc_add_user("o", "in s", RING_S));
	EXPECT_EQ(s, ON(self->p, kc_request("user", "o", NULL, 0)));
	p = ON(self->p, kc_add_user("o", "in p", RING_P));
	EXPECT_EQ(p, ON(self->p, kc_request("user", "o", NULL, 0)));
	t = ON(self->p, kc_add_user("o", "in t", RING_T));
	EXPECT_EQ(t, ON(self->p, kc_request("user", "o", NULL, 0)));
}

TEST_F(pair, request_errors)
{
	char *desc = shared_text("%0*d", MAX_DESC + 1, 0);

	EXPECT_EQ(-EFAULT, ON(self->p, kc_request(NULL, "k", NULL, 0)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_request("user", NULL, NULL, 0)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_request("user", "k", (void *)8, 0)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_request("", "k", NULL, 0)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_request(".user", "k", NULL, 0)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_request("user", desc, NULL, 0)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_request("user", "k", NULL, RING_G)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", "k", NULL,
						  AUTH_KEY)));
	/* the destination is looked at before the type */
	EXPECT_EQ(-EINVAL, ON(self->p, kc_request("no such", "k", NULL,
						  RING_G)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_request("user", "k", NULL,
						   self->key)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_LINK))));
	EXPECT_EQ(self->key, ON(self->p, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_request("user", "k", NULL,
						  self->b)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->b,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_request("user", "x", NULL, self->b)));
}

/* An empty @t or @p says nothing about what is in @s */
TEST_F(pair, ours_empty_rings_do_not_mask_an_error)
{
	struct actor *q = actor_user(self->uid);
	long key;

	ASSERT_LT(0, ON(q, kc_join(NULL)));
	key = ON(q, kc_add_user("k", "v", RING_S));
	ASSERT_EQ(0, ON(q, kc_revoke(key)));
	EXPECT_EQ(-EKEYREVOKED, ON(q, kc_request("user", "k", NULL, 0)));
	ASSERT_LT(0, ON(q, kc_id(RING_T, 1)));
	EXPECT_EQ(-EKEYREVOKED, ON(q, kc_request("user", "k", NULL, 0)));
	ASSERT_LT(0, ON(q, kc_id(RING_P, 1)));
	EXPECT_EQ(-EKEYREVOKED, ON(q, kc_request("user", "k", NULL, 0)));
}

/* ---- dead keys leave their rings by themselves ---- */

/*
 *	p ---@p---> "_pid" ---> ring "a" ---> key
 *	                   ---> ring "b" ---> the same key
 *
 * with kernel.keys.gc_delay at one second.
 */
FIXTURE(dying)
{
	struct actor *p;
	uid_t uid;
	long a, b, key, delay;
};

FIXTURE_VARIANT(dying)
{
	enum { BY_REVOKE, BY_EXPIRY, BY_INVALIDATE } how;
};

FIXTURE_VARIANT_ADD(dying, revoked) { .how = BY_REVOKE };
FIXTURE_VARIANT_ADD(dying, expired) { .how = BY_EXPIRY };
FIXTURE_VARIANT_ADD(dying, invalidated) { .how = BY_INVALIDATE };

FIXTURE_SETUP(dying)
{
	stage_open();
	self->delay = sysctl_get("gc_delay");
	ASSERT_EQ(0, sysctl_set("gc_delay", 1));
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->a = ON(self->p, kc_add_ring("a", RING_P));
	self->b = ON(self->p, kc_add_ring("b", RING_P));
	self->key = ON(self->p, kc_add_user("k", "v", self->a));
	ASSERT_EQ(0, ON(self->p, kc_link(self->key, self->b)));
	ASSERT_LT(0, ON(self->p, kc_add_user("stays", "v", self->b)));
}

FIXTURE_TEARDOWN(dying)
{
	sysctl_set("gc_delay", self->delay);
	stage_close();
}

static long die(struct actor *p, int how, long key)
{
	switch (how) {
	case BY_REVOKE:
		return ON(p, kc_revoke(key));
	case BY_EXPIRY:
		return ON(p, kc_timeout(key, 1));
	default:
		return ON(p, kc_invalidate(key));
	}
}

TEST_F(dying, leaves_every_ring)
{
	EXPECT_EQ(0, die(self->p, variant->how, self->key));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(self->a)) == 0));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(self->b)) == 1));
	EXPECT_TRUE(key_goes(self->key));
	/* its place is free */
	EXPECT_LT(0, ON(self->p, kc_add_user("k", "v", self->a)));
}

TEST_F(dying, ring_and_all_below)
{
	EXPECT_EQ(0, die(self->p, variant->how, self->a));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(RING_P)) == 1));
	EXPECT_TRUE(key_goes(self->a));
	/* what else is linked elsewhere stays */
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->key, self->b)));
	EXPECT_TRUE(key_goes(self->key));
}

TEST_F(dying, many_at_once)
{
	char *desc = shared(8);
	int i;

	for (i = 0; i < 60; i++) {
		long key;

		sprintf(desc, "m%d", i);
		key = ON(self->p, kc_add_user(desc, "v", self->a));
		ASSERT_LT(0, key);
		EXPECT_EQ(0, die(self->p, variant->how, key));
	}
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(self->a)) == 1));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->a, self->key)));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == 5));
}

/* A delay that became shorter counts for keys that end from now on */
TEST(shorter_delay_counts)
{
	long delay, later, k;
	struct actor *p;

	stage_open();
	delay = sysctl_get("gc_delay");
	p = actor_user(fresh_uid());
	later = ON(p, kc_add_ring("r", RING_P));
	EXPECT_EQ(0, sysctl_set("gc_delay", 100000));
	k = ON(p, kc_add_user("waits", "v", later));
	EXPECT_EQ(0, ON(p, kc_timeout(k, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(p, kc_read(k, NULL, 0)) == -EKEYEXPIRED));
	EXPECT_EQ(0, sysctl_set("gc_delay", 0));
	k = ON(p, kc_add_user("goes", "v", later));
	EXPECT_EQ(0, ON(p, kc_timeout(k, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(p, ring_size(later)) == 0));
	sysctl_set("gc_delay", delay);
	stage_close();
}

/*
 * Many links in one ring: the container has to find each of them, and to lose
 * each of them.
 */
FIXTURE(big_ring)
{
	struct actor *p;
	long ring;
};

FIXTURE_SETUP(big_ring)
{
	stage_open();
	self->p = actor_fork(NULL);	/* root: more than 200 keys */
	self->ring = ON(self->p, kc_add_ring("crowd", RING_P));
	ASSERT_LT(0, self->ring);
}

FIXTURE_TEARDOWN(big_ring)
{
	stage_close();
}

TEST_F(big_ring, every_key_is_found_and_removed)
{
	enum { CROWD = 600 };
	char *desc = shared(16);
	long *key = shared(CROWD * sizeof(*key));
	int32_t *ids = shared(CROWD * sizeof(*ids));
	int i;

	for (i = 0; i < CROWD; i++) {
		sprintf(desc, "key:%d", i);
		key[i] = i % 3 ? ON(self->p, kc_add_user(desc, "v", self->ring)) :
				 ON(self->p, kc_add_ring(desc, self->ring));
		ASSERT_LT(0, key[i]);
	}
	EXPECT_EQ(CROWD * 4, ON(self->p, kc_read(self->ring, ids, CROWD * 4)));
	for (i = 0; i < CROWD; i++) {
		sprintf(desc, "key:%d", i);
		ASSERT_EQ(key[i], ON(self->p, kc_search(self->ring, i % 3 ?
							"user" : "keyring",
							desc, 0)));
	}
	for (i = 0; i < CROWD; i += 2) {
		ASSERT_EQ(0, ON(self->p, kc_unlink(key[i], self->ring)));
	}
	EXPECT_EQ(CROWD / 2, ON(self->p, ring_size(self->ring)));
	for (i = 0; i < CROWD; i++) {
		sprintf(desc, "key:%d", i);
		ASSERT_EQ(i % 2 ? key[i] : -ENOKEY,
			  ON(self->p, kc_search(self->ring, i % 3 ? "user" :
						"keyring", desc, 0)));
	}
	EXPECT_EQ(0, ON(self->p, kc_clear(self->ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(self->ring)));
	EXPECT_TRUE(key_goes(key[1]));
	EXPECT_TRUE(key_goes(key[CROWD - 1]));
}

/* Sixteen rings and a key share one node of the built-in service's tree */
TEST_F(big_ring, sixteen_rings_and_a_key)
{
	char *desc = shared(16);
	long key;
	int i;

	for (i = 0; i < 16; i++) {
		sprintf(desc, "ring%d", i);
		ASSERT_LT(0, ON(self->p, kc_add_ring(desc, self->ring)));
	}
	key = ON(self->p, kc_add_user("k", "v", self->ring));
	EXPECT_EQ(17, ON(self->p, ring_size(self->ring)));
	EXPECT_EQ(key, ON(self->p, kc_search(self->ring, "user", "k", 0)));
	for (i = 0; i < 16; i++) {
		sprintf(desc, "ring%d", i);
		EXPECT_LT(0, ON(self->p, kc_search(self->ring, "keyring", desc,
						   0)));
	}
}

SELFTEST_MAIN
