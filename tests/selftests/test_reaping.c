// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reaping: dead keys leave their rings by themselves, and what is seen of it.
 *
 * Specified by keyrings(7), /proc/sys/kernel/keys/gc_delay.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "pair.h"

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

/* Nobody asks for these rings again; the user-session keyring holds the other */
TEST_F(dying, rings_of_the_uid_and_all_below)
{
	long of_u = ON(self->p, kc_add_user("of u", "v", RING_U));
	long of_us = ON(self->p, kc_add_user("of us", "v", RING_US));
	long u = ON(self->p, kc_id(RING_U, 0)), us = ON(self->p, kc_id(RING_US, 0));
	int charged = keys_charged(self->uid);

	EXPECT_EQ(0, die(self->p, variant->how, u));
	EXPECT_TRUE(key_goes(of_u));
	EXPECT_TRUE(key_goes(u));
	EXPECT_EQ(0, die(self->p, variant->how, us));
	EXPECT_TRUE(key_goes(of_us));
	EXPECT_TRUE(key_goes(us));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == charged - 4));
}

TEST_F(dying, ring_of_the_uid_that_was_given_away)
{
	uid_t other = fresh_uid();
	struct actor *o = actor_user(other);
	long key = ON(self->p, kc_add_user("of u", "v", RING_U));
	long u = ON(self->p, kc_id(RING_U, 0));

	EXPECT_EQ(0, ON(self->p, kc_setperm(u, PERM_POS(MAY_ALL) | PERM_USR(MAY_ALL) |
					       PERM_OTH(MAY_SETATTR))));
	EXPECT_EQ(0, kc_chown(u, other, -1));
	EXPECT_EQ(0, die(o, variant->how, u));
	EXPECT_TRUE(key_goes(key));
	EXPECT_TRUE(key_goes(u));
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

SELFTEST_MAIN
