// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room key: keys that end together share a grace period, and each of them
 * is freed after it and not before.
 */
#include "kunit_mortal.h"
#include "kunit_probe.h"
#include "kunit_reaper.h"

#include <keyrings/key_ops.h>
#include <linux/sched.h>

static unsigned int destroyed(void)
{
	rcu_barrier();
	return atomic_read(&probe.destroyed);
}

static struct kr_key *probe_key(struct kunit *test, const char *desc)
{
	struct kr_key *key = probe_alloc(desc, KR_ALLOC_IN_QUOTA);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, key);
	return key;
}

/* A key whose last reference has gone, to be ended by the case. */
static struct kr_key *last_put(struct kunit *test, const char *desc)
{
	struct kr_key *key = probe_key(test, desc);

	KUNIT_EXPECT_TRUE(test, refcount_dec_and_test(&key->usage));
	return key;
}

static struct kr_key *bare_ring(struct kunit *test, const char *name)
{
	struct kr_key *ring = kr_ring_alloc(name, kt_uid(KT_UID), kt_gid(KT_GID), &init_user_ns,
					    KT_PERM, KR_ALLOC_IN_QUOTA);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ring);
	return ring;
}

/* The ring has the only reference to each. */
static void fill(struct kunit *test, struct kr_key *ring, unsigned int count)
{
	struct kr_key *key;
	char desc[16];

	while (count--) {
		snprintf(desc, sizeof(desc), "k%u", count);
		key = probe_key(test, desc);
		KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
		kr_key_put(key);
	}
}

/* Around the length of a chain, and the sizes of rings. */
static const unsigned int counts[] = { 1, 2, 3, 31, 32, 33, 63, 64, 65, 200 };

static void describe_count(const unsigned int *count, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *count);
}

KUNIT_ARRAY_PARAM(count, counts, describe_count);

static void cleared_keys_are_freed(struct kunit *test)
{
	unsigned int count = *(const unsigned int *)test->param_value;
	struct kr_key *ring = kt_ring(test, "ring");

	fill(test, ring, count);
	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 1u);
	KUNIT_EXPECT_EQ(test, destroyed(), count);
	KT_EXPECT_DEBT(test, KT_UID, 1, 5);
}

static void keys_of_a_ring_that_ends_are_freed(struct kunit *test)
{
	unsigned int count = *(const unsigned int *)test->param_value;
	struct kr_key *ring = bare_ring(test, "ring");

	fill(test, ring, count);
	kr_key_put(ring);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	KUNIT_EXPECT_EQ(test, destroyed(), count);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
}

/* Each ring below is ended after the one that held it, into the same chain. */
static void keys_of_a_tree_are_freed(struct kunit *test)
{
	unsigned int count = *(const unsigned int *)test->param_value, i;
	struct kr_key *top = bare_ring(test, "top"), *ring;
	char name[16];

	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		ring = bare_ring(test, name);
		fill(test, ring, count);
		KUNIT_EXPECT_EQ(test, kr_ring_link(top, ring), 0);
		kr_key_put(ring);
	}
	fill(test, top, count);
	kr_key_put(top);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	KUNIT_EXPECT_EQ(test, destroyed(), 6 * count);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
}

static void expire_all(struct kunit *test, struct kr_key *ring, unsigned int count)
{
	struct kr_key *key;
	char desc[16];

	while (count--) {
		snprintf(desc, sizeof(desc), "k%u", count);
		key = kr_ring_find_linked(ring, &probe_type, desc);
		KUNIT_ASSERT_NOT_NULL(test, key);
		KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, kr_now() + 10), 0);
		KUNIT_EXPECT_NOT_NULL(test, key->deadline);
		kr_key_put(key);
	}
}

static void expired_keys_are_freed(struct kunit *test)
{
	unsigned int count = *(const unsigned int *)test->param_value;
	struct kr_key *ring = kt_ring(test, "ring");

	fill(test, ring, count);
	expire_all(test, ring, count);
	advance(10 + *kr_limits.gc_delay);
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 1u);
	KUNIT_EXPECT_EQ(test, destroyed(), count);
}

/* The place of a deadline, which was cancelled, is where the chain is. */
static void keys_with_deadlines_end_together(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");

	fill(test, ring, 40);
	expire_all(test, ring, 20);
	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 1u);
	advance(10 + *kr_limits.gc_delay);
	KUNIT_EXPECT_EQ(test, destroyed(), 40u);
}

static void readers_keep_all_that_died_together(struct kunit *test)
{
	static const char * const descs[] = { "a", "b", "c" };
	struct kr_key *keys[ARRAY_SIZE(descs)];
	struct kr_ending ending = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		keys[i] = last_put(test, descs[i]);
	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		kr_key_end_with(keys[i], &ending);
		KUNIT_EXPECT_EQ(test, ending.count, i + 1);
		KUNIT_EXPECT_PTR_EQ(test, ending.dead, keys[i]);
	}
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
	kr_ending_finish(&ending);
	KUNIT_EXPECT_NULL(test, ending.dead);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		KUNIT_EXPECT_FALSE(test, kr_key_tryget(keys[i]));
		KUNIT_EXPECT_STREQ(test, keys[i]->desc, descs[i]);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&probe.destroyed), 0);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, destroyed(), (unsigned int)ARRAY_SIZE(keys));
}

/* A callback runs where softirqs are off: it frees no more than some. */
static void chain_does_not_grow(struct kunit *test)
{
	struct kr_ending ending = {};
	unsigned int i, longest = 0;

	for (i = 0; i < 100; i++) {
		kr_key_end_with(last_put(test, "k"), &ending);
		longest = max(longest, ending.count);
	}
	KUNIT_EXPECT_EQ(test, longest, 31u);
	/* What fills a chain waits for nobody. */
	KUNIT_EXPECT_EQ(test, destroyed(), 100 - ending.count);
	kr_ending_finish(&ending);
	KUNIT_EXPECT_EQ(test, destroyed(), 100u);
}

/* A tree ends without recursion. */
static void ring_ends_with_the_others_in_the_end(struct kunit *test)
{
	struct kr_key *ring = bare_ring(test, "ring");
	struct kr_ending ending = {};

	fill(test, ring, 3);
	KUNIT_EXPECT_TRUE(test, refcount_dec_and_test(&ring->usage));
	kr_key_end_with(ring, &ending);
	kr_key_end_with(last_put(test, "k"), &ending);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 4u);
	KUNIT_EXPECT_EQ(test, ending.count, 1u);
	kr_ending_finish(&ending);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	KUNIT_EXPECT_EQ(test, destroyed(), 4u);
	/* There is nothing more to do, and no harm in asking for it. */
	kr_ending_finish(&ending);
	KUNIT_EXPECT_EQ(test, destroyed(), 4u);
}

/*
 * A crowd of keys with deadlines, which are cancelled as the keys end. At the first one the
 * task is told to give way, and at one of the others it has. (A kernel with CONFIG_PREEMPT has
 * it give way in any case.)
 */
static struct {
	struct kt_reaper reaper;
	unsigned int ended;
	bool gave_way;
} crowd;

static void tell_to_give_way(struct kr_key *key)
{
	if (!crowd.ended) {
		set_tsk_need_resched(current);
		set_preempt_need_resched();
	} else {
		crowd.gave_way |= !need_resched();
	}
	crowd.ended++;
	crowd.reaper.real->cancel(key);
}

static void crowd_begin(void)
{
	crowd.ended = 0;
	crowd.gave_way = false;
	crowd.reaper = (struct kt_reaper){ .ops.cancel = tell_to_give_way };
	kt_reaper_begin(&crowd.reaper);
}

static void expect_given_way(struct kunit *test)
{
	kt_reaper_end(&crowd.reaper);
	KUNIT_EXPECT_EQ(test, crowd.ended, 200u);
	KUNIT_EXPECT_TRUE(test, crowd.gave_way);
	cond_resched();		/* nobody else is to find what is asked here */
}

static void others_run_while_many_links_are_cleared(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");

	fill(test, ring, 200);
	expire_all(test, ring, 200);
	crowd_begin();
	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);
	expect_given_way(test);
}

static void others_run_while_a_large_ring_ends(struct kunit *test)
{
	struct kr_key *ring = bare_ring(test, "ring");

	fill(test, ring, 200);
	expire_all(test, ring, 200);
	crowd_begin();
	kr_key_put(ring);
	expect_given_way(test);
}

static void others_run_while_a_large_tree_ends(struct kunit *test)
{
	struct kr_key *top = bare_ring(test, "top"), *ring;
	unsigned int i;
	char name[16];

	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		ring = bare_ring(test, name);
		KUNIT_EXPECT_EQ(test, kr_key_set_expiry(ring, kr_now() + 10), 0);
		KUNIT_EXPECT_EQ(test, kr_ring_link(top, ring), 0);
		kr_key_put(ring);
	}
	crowd_begin();
	kr_key_put(top);
	expect_given_way(test);
}

static int together_case_init(struct kunit *test)
{
	int ret;

	rcu_barrier();	/* of the cases before nothing is counted */
	ret = probe_init(test);
	kr_limit_values.maxkeys = 10000;
	kr_limit_values.maxbytes = 1000000;
	return ret;
}

static struct kunit_case together_cases[] = {
	KUNIT_CASE_PARAM(cleared_keys_are_freed, count_gen_params),
	KUNIT_CASE_PARAM(keys_of_a_ring_that_ends_are_freed, count_gen_params),
	KUNIT_CASE_PARAM(keys_of_a_tree_are_freed, count_gen_params),
	KUNIT_CASE_PARAM(expired_keys_are_freed, count_gen_params),
	KUNIT_CASE(keys_with_deadlines_end_together),
	KUNIT_CASE(readers_keep_all_that_died_together),
	KUNIT_CASE(chain_does_not_grow),
	KUNIT_CASE(ring_ends_with_the_others_in_the_end),
	KUNIT_CASE(others_run_while_many_links_are_cleared),
	KUNIT_CASE(others_run_while_a_large_ring_ends),
	KUNIT_CASE(others_run_while_a_large_tree_ends),
	{}
};

static struct kunit_suite together_suite = {
	.name		= "kr_key_together",
	.suite_init	= key_suite_init,
	.suite_exit	= key_suite_exit,
	.init		= together_case_init,
	.exit		= kt_case_exit,
	.test_cases	= together_cases,
};

kunit_test_suite(together_suite);
