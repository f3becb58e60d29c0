// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room keyring: links end with the key, with its type and with the ring,
 * and none is made any more meanwhile.
 */
#include "kunit_helpers.h"
#include "kunit_stalled.h"
#include "kunit_rings.h"

#include <linux/kthread.h>

static void forgotten_key_is_in_no_ring(struct kunit *test)
{
	struct kr_key *key = kt_key_of(test, 0, "k", 1), *rest = kt_key_of(test, 0, "rest", 1);
	struct kr_key *rings[100];
	unsigned int i, wrong = 0;
	char name[8];

	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		snprintf(name, sizeof(name), "r%02u", i);
		rings[i] = kt_ring_of(test, 0, name);
		wrong += kr_ring_link(rings[i], key) || kr_ring_link(rings[i], rest);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	kr_ring_forget_key(key);
	for (i = 0; i < ARRAY_SIZE(rings); i++)
		wrong += holds(test, rings[i], key) || !holds(test, rings[i], rest);
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KUNIT_EXPECT_EQ(test, holders_of(rest), 100u);
	/* It may be linked again. */
	KUNIT_EXPECT_EQ(test, kr_ring_link(rings[0], key), 0);
}

static void invalidated_key_disappears(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *other = kt_ring(test, "other");
	struct kr_key *key = kt_key(test, "k");

	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(other, key), 0);
	kr_ring_invalidate(key);
	KUNIT_EXPECT_FALSE(test, holds(test, ring, key));
	KUNIT_EXPECT_FALSE(test, holds(test, other, key));
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 3, 5 + 6 + 3);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -ENOKEY);

	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), -ENOKEY);
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 3, 5 + 6 + 3);
}

/* A key that was being made when its type went is linked nowhere. */
static void key_without_a_type_is_not_linked(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = kt_key(test, "k");

	kr_key_set_dead(key);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), -ENOKEY);
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 3);
}

static void invalidating_a_ring_leaves_its_keys(struct kunit *test)
{
	struct kr_key *outer = kt_ring(test, "outer"), *ring = kt_ring(test, "ring");
	struct kr_key *key = kt_key(test, "k");

	KUNIT_EXPECT_EQ(test, kr_ring_link(outer, ring), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	kr_ring_invalidate(ring);
	KUNIT_EXPECT_FALSE(test, holds(test, outer, ring));
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	kt_drop(test, ring);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
}

/* A ring that was busy just then is left to the reaper. */
static bool leaves_all_rings(struct kr_key *key)
{
	unsigned long end = jiffies + 60 * HZ;

	while (holders_of(key) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	return !holders_of(key);
}

/* One ring that is busy keeps the key, but not in the others, however many there are. */
static void invalidated_in_a_busy_ring(struct kunit *test)
{
	/* The key knows two of its rings itself, the others in a set. */
	static const unsigned int busy[] = { 0, 1, 2, 19 };
	struct kr_key *key, *rings[20];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(rings); i++)
		rings[i] = kt_ring(test, "r");
	for (j = 0; j < ARRAY_SIZE(busy); j++) {
		key = kt_key(test, "k");
		for (i = 0; i < ARRAY_SIZE(rings); i++)
			KUNIT_ASSERT_EQ(test, kr_ring_link(rings[i], key), 0);
		kr_ring_lock(rings[busy[j]]);
		kr_ring_invalidate(key);
		KUNIT_EXPECT_EQ(test, holders_of(key), 1u);
		KUNIT_EXPECT_TRUE(test, kt_holds(rings[busy[j]], key));
		kr_ring_unlock(rings[busy[j]]);
		KUNIT_EXPECT_TRUE(test, leaves_all_rings(key));
		KUNIT_EXPECT_EQ(test, key->expiry, KR_NEVER);
	}
}

/* Two that revoke a ring which is busy. */
struct revoking {
	struct kr_key *ring;
	atomic_t begun, done;
};

static int revoke_it(void *arg)
{
	struct revoking *revoking = arg;

	atomic_inc(&revoking->begun);
	kr_key_revoke(revoking->ring);
	atomic_inc(&revoking->done);
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return 0;
}

static void second_to_revoke_waits_for_the_first(struct kunit *test)
{
	struct revoking revoking = { .ring = kt_ring(test, "ring") };
	unsigned int i;

	KUNIT_ASSERT_EQ(test, kr_ring_link(revoking.ring, kt_key(test, "k")), 0);
	kr_ring_lock(revoking.ring);
	kt_crew_start(test, 2, revoke_it, &revoking);
	for (i = 0; i < 100 && atomic_read(&revoking.begun) < 2; i++)
		schedule_timeout_uninterruptible(HZ / 20);
	schedule_timeout_uninterruptible(HZ / 5);
	KUNIT_EXPECT_EQ(test, kr_key_validate(revoking.ring), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, links_of(revoking.ring), 1u);
	KUNIT_EXPECT_EQ(test, atomic_read(&revoking.done), 0);
	kr_ring_unlock(revoking.ring);
	for (i = 0; i < 100 && atomic_read(&revoking.done) < 2; i++)
		schedule_timeout_uninterruptible(HZ / 20);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&revoking.done), 2);
	KUNIT_EXPECT_EQ(test, links_of(revoking.ring), 0u);
}

/* ... nor returns without all that a revoked key has. */
static void second_to_revoke_sets_the_time(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");

	stalled_begin(test, ring);
	kr_key_revoke(ring);
	KUNIT_EXPECT_LE(test, ring->expiry, kr_now());
	KUNIT_EXPECT_NOT_NULL(test, ring->deadline);
	stalled_end(test);
}

struct siege {
	struct kr_key *ring[3];
	struct kr_key *key;
	atomic_t linked;
};

static int link_everywhere(void *arg)
{
	struct siege *siege = arg;
	int complaints = 0, ret;
	unsigned int i = 0;

	while (!kthread_should_stop()) {
		ret = kr_ring_link(siege->ring[i++ % 3], READ_ONCE(siege->key));
		complaints += ret && ret != -ENOKEY;
		if (!ret)
			atomic_inc(&siege->linked);
		cond_resched();
	}
	return complaints;
}

/* When ending it has returned, the rings let go of the key, and none will hold it again. */
static void ended_while_it_is_linked(struct kunit *test, void (*end)(struct kr_key *key))
{
	struct siege siege = {
		.ring = { kt_ring(test, "a"), kt_ring(test, "b"), kt_ring(test, "c") },
	};
	unsigned int i, wrong = 0;
	struct kr_key *key;

	siege.key = kt_key(test, "k");
	kt_crew_start(test, 3, link_everywhere, &siege);
	for (i = 0; i < 40 && !wrong; i++) {
		key = siege.key;
		schedule_timeout_uninterruptible(1);
		end(key);
		wrong += !leaves_all_rings(key);
		schedule_timeout_uninterruptible(1);
		wrong += holders_of(key);
		WRITE_ONCE(siege.key, kt_key(test, "k"));
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	KUNIT_EXPECT_GT(test, atomic_read(&siege.linked), 0);
}

static void invalidated_while_it_is_linked(struct kunit *test)
{
	ended_while_it_is_linked(test, kr_ring_invalidate);
}

static void let_type_go(struct kr_key *key)
{
	kr_key_set_dead(key);
	kr_ring_forget_key(key);
}

static void type_goes_while_it_is_linked(struct kunit *test)
{
	ended_while_it_is_linked(test, let_type_go);
}

struct trusting {
	struct kr_restriction restriction;
	struct kr_key *trusts;
};

static int trusting_check(struct kr_restriction *restriction, struct kr_ring *ring,
			  const struct kr_key_type *type, void *payload)
{
	return 0;
}

static void trusting_drop(struct kr_restriction *restriction)
{
	kr_key_put_later(container_of(restriction, struct trusting, restriction)->trusts);
}

/* One ring holds the other by a link, and that one by what it trusts: nobody else does. */
static void circles_end_when_all_is_cleared(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a"), *b = kt_ring(test, "b");
	struct trusting trusting = {
		.restriction = { .check = trusting_check, .drop = trusting_drop },
		.trusts = kr_key_get(a),
	};

	KUNIT_ASSERT_EQ(test, kr_ring_link(a, b), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_restrict(b, &trusting.restriction), 0);
	kt_drop(test, a);
	kt_drop(test, b);
	kt_settle();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 2u);
	kr_ring_clear_all();
	kt_settle();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
}

static struct kunit_case ending_cases[] = {
	KUNIT_CASE(circles_end_when_all_is_cleared),
	KUNIT_CASE(forgotten_key_is_in_no_ring),
	KUNIT_CASE(invalidated_key_disappears),
	KUNIT_CASE(key_without_a_type_is_not_linked),
	KUNIT_CASE(invalidating_a_ring_leaves_its_keys),
	KUNIT_CASE(invalidated_in_a_busy_ring),
	KUNIT_CASE(second_to_revoke_waits_for_the_first),
	KUNIT_CASE(second_to_revoke_sets_the_time),
	KUNIT_CASE(invalidated_while_it_is_linked),
	KUNIT_CASE(type_goes_while_it_is_linked),
	{}
};

static struct kunit_suite ending_suite = {
	.name		= "kr_keyring_ending",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= ending_cases,
};

kunit_test_suite(ending_suite);
