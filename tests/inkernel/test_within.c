// SPDX-License-Identifier: GPL-2.0-only
/*
 * Code of the kernel searches a ring of the user's that it has found by serial or
 * by description.
 *
 * Specified by Documentation/security/keys/core.rst, "Kernel services".
 */
#include <kselftest_harness.h>

#include "inkernel.h"
#include "loading.h"
#include "pkey.h"

/*
 *	p (fresh uid) @s---> "_ses" ---> ring ---> key (a certificate)
 *	q (fresh uid) @s---> "_ses" ---> own
 *
 * Both may search ring, and restrict own.
 */
FIXTURE(within)
{
	struct actor *p, *q;
	long ring, key, own;
};

FIXTURE_SETUP(within)
{
	stage_open();
	inkernel_open();
	self->p = actor_user(fresh_uid());
	self->q = actor_user(fresh_uid());
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	ASSERT_LT(0, ON(self->q, kc_join(NULL)));
	self->ring = ON(self->p, kc_add_ring("ring", RING_S));
	self->key = ON(self->p, add_file("ca.der", "cert", self->ring));
	self->own = ON(self->q, kc_add_ring("own", RING_S));
	ASSERT_LT(0, self->key);
	ASSERT_LT(0, self->own);
	ASSERT_EQ(0, ON(self->p, kc_setperm(self->ring, PERM_POS(MAY_ALL) |
					 PERM_OTH(MAY_SEARCH))));
}

FIXTURE_TEARDOWN(within)
{
	stage_close();
	inkernel_close();
}

static bool sees(struct actor *a, long slot)
{
	return ON(a, ik_try(ik_search(slot, "asymmetric", "cert"))) == 0;
}

/* As NVMe/TCP does with keyring=; nested rings, too */
TEST_F(within, is_searched)
{
	long slot = ON(self->p, ik_lookup(self->ring, NEED_SEARCH));
	long outer = ON(self->p, ik_lookup(RING_S, NEED_SEARCH));

	ASSERT_LE(0, slot);
	EXPECT_TRUE(sees(self->p, slot));
	EXPECT_TRUE(sees(self->p, ON(self->p, ik_lookup(self->ring, NEED_SEARCH))));
	EXPECT_TRUE(sees(self->p, slot));
	ASSERT_LE(0, outer);
	EXPECT_GT(0, ON(self->p, ik_search(slot, "asymmetric", "cer")));
}

/* By type and description, as IMA looks for _ima */
TEST_F(within, found_by_description)
{
	long slot = ON(self->p, ik_request("keyring", "ring"));

	ASSERT_LE(0, slot);
	EXPECT_STREQ("keyring;", shared_text("%.8s", ik_describe(slot)));
	EXPECT_TRUE(sees(self->p, slot));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request("keyring", "another ring")));
	/* and whose ring it is not, and who does not possess it, finds none */
	EXPECT_EQ(-ENOKEY, ON(self->q, ik_request("keyring", "ring")));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->ring)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, ik_request("keyring", "ring")));
}

static long ring_in(struct actor *p, const char *name, long parent)
{
	long ring = ON(p, kc_add_ring(name, parent));

	if (ring < 0)
		stage_broken("ring %s: %ld", name, ring);
	return ring;
}

/*
 *	all ---> n[0] ... n[6], and each of these ---> the next one
 *	    ---> y ---> a, then b		a ---> b ---> n[0]
 *	    ---> z ---> d, then c		c ---> d ---> n[0]
 *
 * From the upper one of two rings in a ring it is seven levels to n[6]. In one of y and z
 * the lower one comes first, whatever the order in which rings are read.
 */
static void nest_sideways(struct actor *p, long all, long n[7])
{
	long y, z, a, b, c, d;
	int i, err = 0;

	for (i = 6; i >= 0; i--)
		n[i] = ring_in(p, shared_text("n%d", i), all);
	y = ring_in(p, "y", all);
	z = ring_in(p, "z", all);
	a = ring_in(p, "a", y);
	b = ring_in(p, "b", y);
	d = ring_in(p, "d", z);
	c = ring_in(p, "c", z);
	err = ON(p, kc_link(b, a)) ?: ON(p, kc_link(d, c)) ?: ON(p, kc_link(n[0], b)) ?:
	      ON(p, kc_link(n[0], d));
	for (i = 0; i < 6 && !err; i++)
		err = ON(p, kc_link(n[i + 1], n[i]));
	if (err)
		stage_broken("link: %d", err);
}

/* Long ways lead to rings that are near: these are searched, and nothing is an error */
TEST_F(within, nested_sideways)
{
	long all = ring_in(self->p, "all", RING_S), n[7], slot, trusting;

	nest_sideways(self->p, all, n);
	ASSERT_EQ(0, ON(self->p, kc_link(self->key, n[6])));
	slot = ON(self->p, ik_lookup(all, NEED_SEARCH));
	ASSERT_LE(0, slot);
	EXPECT_TRUE(sees(self->p, slot));
	slot = ON(self->p, ik_request("keyring", "all"));
	ASSERT_LE(0, slot);
	EXPECT_TRUE(sees(self->p, slot));
	trusting = ring_in(self->p, "trusting", RING_S);
	EXPECT_EQ(0, ON(self->p, kc_restrict(trusting, "asymmetric",
					     shared_text("key_or_keyring:%ld", all))));
	EXPECT_LT(0, ON(self->p, add_file("mid.der", NULL, trusting)));
}

/*
 *	all ---> x ---> WIDE rings ---> each of WIDE ... in LAYERS layers
 *	    ---> c ---> c ---> c ---> c ---> c ---> UPS rings, each of which ---> x
 */
enum { WIDE = 30, LAYERS = 5, UPS = 16 };

/* All rings of a layer, each in all of the one above. Run by the actor itself. */
static long add_layer(const int32_t *above, int rows, int32_t *layer, int depth)
{
	char name[16];

	for (int i = 0; i < WIDE; i++) {
		sprintf(name, "%d.%d", depth, i);
		layer[i] = kc_add_ring(name, above[0]);
		for (int j = 1; j < rows; j++)
			if (layer[i] < 0 || kc_link(layer[i], above[j]))
				return -EIO;
	}
	return 0;
}

static long build_ways(long all, long x, long c)
{
	int32_t layers[LAYERS][WIDE], above = x;
	char name[16];
	long up = all;

	(void)c;
	for (int i = 0; i < 5; i++)
		up = kc_add_ring("c", up);
	for (int i = 0; i < UPS; i++) {
		sprintf(name, "up%d", i);
		if (kc_link(x, kc_add_ring(name, up)))
			return -EIO;
	}
	for (int i = 0; i < LAYERS; i++)
		if (add_layer(i ? layers[i - 1] : &above, i ? WIDE : 1, layers[i], i))
			return -EIO;
	return 0;
}

/* There are more ways than anybody can go: one to each ring is enough */
TEST_F(within, many_ways)
{
	long all = ring_in(self->p, "all", RING_S), x = ring_in(self->p, "x", all), slot;

	ASSERT_EQ(0, ON(self->p, kc_link(self->key, x)));
	ASSERT_EQ(0, actor_do(self->p, build_ways, all, x, 0));
	slot = ON(self->p, ik_lookup(all, NEED_SEARCH));
	ASSERT_LE(0, slot);
	EXPECT_TRUE(sees(self->p, slot));
	/* The built-in service goes them all. */
	if (is_loaded()) {
		EXPECT_GT(0, ON(self->p, ik_try(ik_search(slot, "asymmetric", "none"))));
	}
}

/* ENOKEY: what was trusted is invalid */
TEST_F(within, invalid_ring_vouches_for_nothing)
{
	long trusting = ring_in(self->p, "trusting", RING_S);

	ASSERT_EQ(0, ON(self->p, kc_restrict(trusting, "asymmetric",
					     shared_text("key_or_keyring:%ld", self->ring))));
	EXPECT_EQ(0, ON(self->p, kc_invalidate(self->ring)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("mid.der", NULL, trusting)));
}

/* Nor does it become empty when somebody else names it, without a right to search it */
TEST_F(within, named_by_another)
{
	long slot;

	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_USR(MAY_ALL))));
	slot = ON(self->p, ik_lookup(self->ring, NEED_SEARCH));
	ASSERT_LE(0, slot);
	EXPECT_TRUE(sees(self->p, slot));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->ring, PERM_POS(MAY_ALL) |
					    PERM_OTH(MAY_LINK))));
	EXPECT_EQ(0, ON(self->q, kc_restrict(self->own, "asymmetric",
					     shared_text("key_or_keyring:%ld", self->ring))));
	EXPECT_TRUE(sees(self->p, slot));
}

/* Each finds what it may search itself, whoever else has looked the ring up */
TEST_F(within, rights_of_who_looks)
{
	long slot;

	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_USR(MAY_ALL))));
	slot = ON(self->q, ik_lookup(self->ring, NEED_SEARCH));
	ASSERT_LE(0, slot);
	EXPECT_FALSE(sees(self->q, slot));
	EXPECT_TRUE(sees(self->p, ON(self->p, ik_lookup(self->ring, NEED_SEARCH))));
	EXPECT_FALSE(sees(self->q, slot));
}

/* What is linked after the look-up is for the next one to see */
TEST_F(within, ours_what_is_linked_later_is_not_seen)
{
	long slot;

	ASSERT_EQ(0, ON(self->p, kc_move(self->key, self->ring, RING_S, 0)));
	slot = ON(self->p, ik_lookup(self->ring, NEED_SEARCH));
	ASSERT_LE(0, slot);
	EXPECT_FALSE(sees(self->p, slot));
	EXPECT_EQ(0, ON(self->p, kc_link(self->key, self->ring)));
	EXPECT_FALSE(sees(self->p, slot));
	EXPECT_TRUE(sees(self->p, ON(self->p, ik_lookup(self->ring, NEED_SEARCH))));
}

/* Run by an actor itself: how often was the key not found? */
static long misses(long ring, long times, long c)
{
	struct inkernel_lookup look = { .serial = ring, .need = NEED_SEARCH };
	struct inkernel_search search = { .type = "asymmetric", .desc = "cert" };
	long missed = 0;

	(void)c;
	while (times--) {
		search.slot = ik(INKERNEL_LOOKUP, (long)&look);
		missed += ik_try(ik(INKERNEL_SEARCH, (long)&search)) != 0;
		ik_put(search.slot);
	}
	return missed;
}

/* Two that look a ring up again and again both find all of it, each time */
TEST_F(within, two_at_once)
{
	enum { TIMES = 300 };

	ASSERT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL))));
	actor_begin(self->q, misses, self->ring, TIMES, 0);
	actor_begin(self->p, misses, self->ring, TIMES, 0);
	EXPECT_EQ(0, actor_end(self->p));
	EXPECT_EQ(0, actor_end(self->q));
}

SELFTEST_MAIN
