// SPDX-License-Identifier: GPL-2.0-only
/*
 * What code of the kernel keeps for as long as its user wants, as a socket of AF_RXRPC does, is
 * charged to the user.
 *
 * Specified by keyrings(7): the maximum number of keys that a nonroot user may own.
 */
#include <kselftest_harness.h>

#include "inkernel.h"

/*
 *	p (fresh uid) @s---> "_ses"
 */
FIXTURE(kept)
{
	struct actor *p;
	long maxkeys;
};

FIXTURE_SETUP(kept)
{
	stage_open();
	inkernel_open();
	self->maxkeys = sysctl_get("maxkeys");
	self->p = actor_user(fresh_uid());
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
}

FIXTURE_TEARDOWN(kept)
{
	sysctl_set("maxkeys", self->maxkeys);
	stage_close();
	inkernel_close();
}

static long ring_of_many(struct __test_metadata *_metadata, struct actor *p)
{
	long ring = ON(p, kc_add_ring("ring", RING_S));
	int i;

	for (i = 0; i < 100; i++)
		ASSERT_LT(0, ON(p, kc_add_ring(shared_text("%d", i), ring)));
	return ring;
}

/* Should the kernel's collector be late: each look-up waits for it a second */
static long looked_up(struct actor *p, long ring)
{
	long slot = -EDQUOT;
	int i;

	for (i = 0; i < 3 && slot == -EDQUOT; i++)
		slot = ON(p, ik_lookup(ring, NEED_SEARCH));
	return slot;
}

/* EDQUOT: rings of rings, and nobody else's loss */
TEST_F(kept, ours_rings_are_charged)
{
	struct actor *other = actor_user(fresh_uid());
	long ring = ring_of_many(_metadata, self->p);
	long first = ON(self->p, ik_lookup(ring, NEED_SEARCH));
	long slot;
	int kept = 1;

	ASSERT_LE(0, first);
	while ((slot = ON(self->p, ik_lookup(ring, NEED_SEARCH))) >= 0 && kept < INKERNEL_SLOTS / 2)
		kept++;
	EXPECT_EQ(-EDQUOT, slot);
	EXPECT_EQ(10, kept);
	EXPECT_EQ(-EDQUOT, ON(self->p, ik_request("keyring", "ring")));

	ASSERT_LT(0, ON(other, kc_join(NULL)));
	EXPECT_LE(0, ON(other, ik_lookup(ON(other, kc_add_ring("ring", RING_S)), NEED_SEARCH)));

	ASSERT_EQ(0, ik_put(first));
	EXPECT_LE(0, looked_up(self->p, ring));
}

static long keep_a_ring_with_a_key(struct actor *p, const struct blob *certificate)
{
	long ring = ON(p, kc_add_ring("ring", RING_S));
	long ret = ring;

	if (ret >= 0)
		ret = ON(p, kc_add("asymmetric", "ca", certificate->data, certificate->len, ring));
	if (ret >= 0)
		ret = ON(p, ik_lookup(ring, NEED_SEARCH));
	if (ret >= 0)
		ret = ON(p, kc_unlink(ring, RING_S));
	return ret;
}

/* So is what is in such a ring: two keys each time */
TEST_F(kept, keys_in_rings_are_charged)
{
	const struct blob *certificate = blob_of("ca.der");
	long ret = 0;
	int kept;

	ASSERT_EQ(0, sysctl_set("maxkeys", 20));
	for (kept = 0; kept < 20 && !ret; kept++)
		ret = keep_a_ring_with_a_key(self->p, certificate);
	EXPECT_EQ(-EDQUOT, ret);
	EXPECT_LE(8, kept);
	EXPECT_GE(11, kept);
}

/* However many, one after the other, with room for one more; the collector comes later */
TEST_F(kept, rings_that_are_put_are_given_back)
{
	long ring = ring_of_many(_metadata, self->p);
	int i;

	for (i = 0; i < 9; i++)
		ASSERT_LE(0, ON(self->p, ik_lookup(ring, NEED_SEARCH)));
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, ik_try(looked_up(self->p, ring)));
}

SELFTEST_MAIN
