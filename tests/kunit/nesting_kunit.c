// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room keyring: rings in rings, no deeper than a search goes, and never
 * in a circle.
 */
#include "kunit_helpers.h"
#include "kunit_rings.h"

#include <keyrings/key_ops.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/workqueue.h>

static void ring_does_not_hold_itself(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a"), *b = kt_ring(test, "b"), *c = kt_ring(test, "c");

	KUNIT_EXPECT_EQ(test, kr_ring_link(a, a), -EDEADLK);
	KUNIT_EXPECT_EQ(test, kr_ring_link(a, b), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(b, a), -EDEADLK);
	KUNIT_EXPECT_EQ(test, kr_ring_link(b, c), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(c, a), -EDEADLK);
	KUNIT_EXPECT_EQ(test, kr_ring_link(c, b), -EDEADLK);
	/* Two ways to the same ring are no cycle. */
	KUNIT_EXPECT_EQ(test, kr_ring_link(a, c), 0);
	KUNIT_EXPECT_EQ(test, links_of(a), 2u);
	KUNIT_EXPECT_EQ(test, links_of(b), 1u);
	KUNIT_EXPECT_EQ(test, links_of(c), 0u);
	KT_EXPECT_DEBT(test, KT_UID, 3, 3 * 2 + 3 * 4);
	/* When the way is cut, it is none any more. */
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(a, b), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(a, c), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(c, a), 0);
}

/* CVE-2014-0102: a ring of the same name on the way is not the ring itself. */
static void namesake_is_no_cycle(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a"), *twin = kt_ring(test, "a"), *b = kt_ring(test, "b");

	KUNIT_EXPECT_EQ(test, kr_ring_link(b, twin), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(a, b), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(twin, a), -EDEADLK);
	KUNIT_EXPECT_EQ(test, kr_ring_link(a, twin), 0);
}

static const unsigned int depths[] = { 1, 2, 5, 6, 7, 8 };

static void describe_depth(const unsigned int *depth, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *depth);
}

KUNIT_ARRAY_PARAM(depth, depths, describe_depth);

/* The rings below a ring that is to be linked may be as deep as a search goes. */
static void nests_as_deep_as_a_search_goes(struct kunit *test)
{
	unsigned int depth = *(const unsigned int *)test->param_value, i;
	struct kr_key *parent = kt_ring(test, "p"), *top = kt_ring(test, "t"), *ring = top;
	int want = depth <= KR_RING_DEPTH ? 0 : -ELOOP;

	for (i = 0; i < depth; i++) {
		struct kr_key *below = kt_ring(test, "b");

		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, below), 0);
		ring = below;
	}
	KUNIT_EXPECT_EQ(test, kr_ring_link(parent, top), want);
	KUNIT_EXPECT_EQ(test, links_of(parent), want ? 0u : 1u);
	/* The cycle is found also at the last level. */
	if (!want)
		KUNIT_EXPECT_EQ(test, kr_ring_link(ring, parent), -EDEADLK);
}

static void cycle_through_the_last_level(struct kunit *test)
{
	unsigned int depth = *(const unsigned int *)test->param_value, i;
	struct kr_key *top = kt_ring(test, "t"), *ring = top;

	for (i = 0; i < depth; i++) {
		struct kr_key *below = kt_ring(test, "b");

		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, below), 0);
		ring = below;
	}
	/* @ring is depth levels below; a tree too deep to know about is refused as such. */
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, top),
			depth <= KR_RING_DEPTH + 1 ? -EDEADLK : -ELOOP);
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
}

#define TANGLE	6

struct tangle {
	struct kr_key *ring[TANGLE];
	atomic_t made;
	atomic_t refused;
};

static int tie_and_untie(void *arg)
{
	struct tangle *tangle = arg;
	int complaints = 0, ret;

	while (!kthread_should_stop()) {
		u32 dice = get_random_u32();
		struct kr_key *a = tangle->ring[dice % TANGLE];
		struct kr_key *b = tangle->ring[dice / TANGLE % TANGLE];

		if (dice >> 30)
			ret = kr_ring_link(a, b);
		else
			ret = kr_ring_unlink(a, b);
		if (ret == -EDEADLK)
			atomic_inc(&tangle->refused);
		else if (!ret)
			atomic_inc(&tangle->made);
		else
			complaints += ret != -ENOENT && ret != -ELOOP;
		cond_resched();
	}
	return complaints;
}

/* Can @to be reached from @from in at most TANGLE steps? */
static bool reaches(const struct kr_key *from, const struct kr_key *to, unsigned int steps)
{
	struct kr_holder_walk walk;
	const struct kr_key *ring;

	for (ring = kr_holders_first(&walk, to); ring; ring = kr_holders_next(&walk)) {
		if (ring == from || (steps && reaches(from, ring, steps - 1)))
			return true;
	}
	return false;
}

/* Two links that would close a cycle together are made at the same time. */
static void no_cycle_by_links_made_at_once(struct kunit *test)
{
	struct tangle tangle = {};
	char name[2] = "a";
	unsigned int i;
	unsigned long end = jiffies + KT_STRESS;
	int cycles = 0;

	for (i = 0; i < TANGLE; i++, name[0]++)
		tangle.ring[i] = kt_ring(test, name);
	while (time_before(jiffies, end)) {
		kt_crew_start(test, 3, tie_and_untie, &tangle);
		schedule_timeout_uninterruptible(HZ / 20);
		KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
		for (i = 0; i < TANGLE; i++)
			cycles += reaches(tangle.ring[i], tangle.ring[i], TANGLE);
	}
	KUNIT_EXPECT_EQ(test, cycles, 0);
	KUNIT_EXPECT_GT(test, atomic_read(&tangle.made), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&tangle.refused), 0);
	for (i = 0; i < TANGLE; i++)
		kr_ring_clear(tangle.ring[i]);
	KT_EXPECT_DEBT(test, KT_UID, TANGLE, 2 * TANGLE);
}

/* What another thread does while a ring ends */
static struct {
	struct work_struct work;
	struct completion over;
	struct kr_key *ring, *inner;
	int ret;
	int ended;
	bool waited;
} meanwhile;

static void link_inner(struct work_struct *work)
{
	meanwhile.ret = kr_ring_link(meanwhile.ring, meanwhile.inner);
	complete(&meanwhile.over);
}

static void end_slowly(struct kr_key *key)
{
	meanwhile.ended++;
	schedule_work(&meanwhile.work);
	meanwhile.waited = !wait_for_completion_timeout(&meanwhile.over, 10 * HZ);
}

static struct kr_key *ring_with_a_key_that_ends_slowly(struct kunit *test)
{
	struct kr_key *ring = kr_ring_alloc("x", kt_uid(KT_UID), kt_gid(KT_GID), &init_user_ns,
					    KT_PERM, 0);
	struct kr_key *key = kr_ring_alloc("slow", kt_uid(KT_UID), kt_gid(KT_GID), &init_user_ns,
					   KT_PERM, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR(ring) || IS_ERR(key));
	set_bit(KR_KEY_MIRRORED, &key->flags);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	kr_key_put(key);
	return ring;
}

/* A ring may have a large tree below it: links of others are made while that ends. */
static void links_are_made_while_a_displaced_ring_ends(struct kunit *test)
{
	static const struct kr_mirror_ops slow = { .end = end_slowly };
	const struct kr_mirror_ops *before = kr_key_mirror;
	struct kr_key *top = kt_ring(test, "top"), *new = kt_ring(test, "x"), *old;

	memset(&meanwhile, 0, sizeof(meanwhile));
	INIT_WORK(&meanwhile.work, link_inner);
	init_completion(&meanwhile.over);
	meanwhile.ring = kt_ring(test, "a");
	meanwhile.inner = kt_ring(test, "b");
	old = ring_with_a_key_that_ends_slowly(test);
	KUNIT_EXPECT_EQ(test, kr_ring_link(top, old), 0);
	kr_key_put(old);

	kr_key_set_mirror(&slow);
	KUNIT_EXPECT_EQ(test, kr_ring_link(top, new), 0);
	flush_work(&meanwhile.work);
	kr_key_set_mirror(before);
	KUNIT_EXPECT_EQ(test, meanwhile.ended, 1);
	KUNIT_EXPECT_FALSE(test, meanwhile.waited);
	KUNIT_EXPECT_EQ(test, meanwhile.ret, 0);
	KUNIT_EXPECT_TRUE(test, holds(test, top, new));
}

static struct kunit_case nesting_cases[] = {
	KUNIT_CASE(ring_does_not_hold_itself),
	KUNIT_CASE(namesake_is_no_cycle),
	KUNIT_CASE_PARAM(nests_as_deep_as_a_search_goes, depth_gen_params),
	KUNIT_CASE_PARAM(cycle_through_the_last_level, depth_gen_params),
	KUNIT_CASE(no_cycle_by_links_made_at_once),
	KUNIT_CASE(links_are_made_while_a_displaced_ring_ends),
	{}
};

static struct kunit_suite nesting_suite = {
	.name		= "kr_keyring_nesting",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= nesting_cases,
};

kunit_test_suite(nesting_suite);
