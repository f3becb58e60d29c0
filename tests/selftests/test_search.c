// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searches: what is found by following links, from a ring or from the rings of a
 * process, and how deep.
 *
 * Specified by keyctl_search(3), keyrings(7) and request_key(2).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "pair.h"

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

SELFTEST_MAIN
