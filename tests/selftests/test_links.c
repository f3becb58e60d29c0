// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links: what a keyring holds, how links are made, moved and removed, and which
 * are refused.
 *
 * Specified by keyctl_link(3), keyctl_move(3) and keyrings(7).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "pair.h"

enum {
	DEPTH_ACCEPTED = 7,	/* rings in a chain that may still be linked */
};

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

TEST_F(pair, fix_duplicate_key_link_displaces_its_like)
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

/* ENOENT: so may the key that is moved, which is then in neither ring */
TEST_F(pair, move_makes_an_anchor)
{
	struct actor *q = actor_user(self->uid);
	long a = ON(q, kc_add_ring("a", RING_P)), b = ON(q, kc_add_ring("b", RING_P));

	EXPECT_EQ(-ENOENT, ON(q, kc_move(RING_T, a, b, 0)));
	EXPECT_LT(0, ON(q, kc_id(RING_T, 0)));
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
