// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room keyring: moving a link from one ring to another (keyctl_move(3)). */
#include "kunit_helpers.h"
#include "kunit_rings.h"

#include <linux/kthread.h>
#include <linux/random.h>

static void move_takes_from_one_and_gives_to_the_other(struct kunit *test)
{
	struct kr_key *from = kt_ring(test, "from"), *to = kt_ring_of(test, KT_OTHER, "to");
	struct kr_key *key = kt_key(test, "k");

	KUNIT_EXPECT_EQ(test, kr_ring_link(from, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, true), 0);
	KUNIT_EXPECT_FALSE(test, holds(test, from, key));
	KUNIT_EXPECT_TRUE(test, holds(test, to, key));
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 3);
	KT_EXPECT_DEBT(test, KT_OTHER, 1, 3 + 4);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, false), -ENOENT);
	KUNIT_EXPECT_TRUE(test, holds(test, to, key));
}

/* keyctl_move(3): moving to the same ring is no error, linked or not, ring or not. */
static void move_to_the_same_ring(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = kt_key(test, "k");

	KUNIT_EXPECT_EQ(test, kr_ring_move(key, ring, ring, true), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, ring, ring, true), 0);
	KUNIT_EXPECT_TRUE(test, holds(test, ring, key));
	KUNIT_EXPECT_EQ(test, links_of(ring), 1u);
}

static void move_displaces_unless_exclusive(struct kunit *test)
{
	struct kr_key *from = kt_ring(test, "from"), *to = kt_ring(test, "to");
	struct kr_key *key = kt_key(test, "k"), *like = kt_key(test, "k");

	KUNIT_EXPECT_EQ(test, kr_ring_link(from, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(to, like), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, true), -EEXIST);
	KUNIT_EXPECT_TRUE(test, holds(test, from, key));
	KUNIT_EXPECT_TRUE(test, holds(test, to, like));
	KT_EXPECT_DEBT(test, KT_UID, 4, 5 + 3 + 3 + 3 + 8);

	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, false), 0);
	KUNIT_EXPECT_FALSE(test, holds(test, from, key));
	KUNIT_EXPECT_TRUE(test, holds(test, to, key));
	KUNIT_EXPECT_FALSE(test, holds(test, to, like));
	KT_EXPECT_DEBT(test, KT_UID, 4, 5 + 3 + 3 + 3 + 4);
}

static void move_is_by_identity(struct kunit *test)
{
	struct kr_key *from = kt_ring(test, "from"), *to = kt_ring(test, "to");
	struct kr_key *key = kt_key(test, "k"), *like = kt_key(test, "k");

	KUNIT_EXPECT_EQ(test, kr_ring_link(from, like), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, false), -ENOENT);
	KUNIT_EXPECT_TRUE(test, holds(test, from, like));
	KUNIT_EXPECT_EQ(test, links_of(to), 0u);
}

static void move_that_fails_changes_nothing(struct kunit *test)
{
	struct kr_key *from = kt_ring(test, "from"), *to = kt_ring_of(test, KT_OTHER, "to");
	struct kr_key *key = kt_key(test, "k"), *inner = kt_ring(test, "inner");

	KUNIT_EXPECT_EQ(test, kr_ring_link(from, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(from, inner), 0);
	kr_limit_values.maxbytes = 6;
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, false), -EDQUOT);
	kr_limit_values.maxbytes = 100;
	KUNIT_EXPECT_EQ(test, kr_ring_move(inner, from, inner, false), -EDEADLK);
	kr_key_revoke(to);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, false), -EKEYREVOKED);
	KUNIT_EXPECT_TRUE(test, holds(test, from, key));
	KUNIT_EXPECT_TRUE(test, holds(test, from, inner));
	KUNIT_EXPECT_EQ(test, links_of(to), 0u);
	KUNIT_EXPECT_EQ(test, links_of(inner), 0u);
	KT_EXPECT_DEBT(test, KT_UID, 3, 5 + 3 + 6 + 8);
	KT_EXPECT_DEBT(test, KT_OTHER, 1, 3);
}

struct shuttle {
	struct kr_key *a;
	struct kr_key *b;
	struct kr_key *key[8];
	atomic_t moved;
};

static int shuttle_keys(void *arg)
{
	struct shuttle *shuttle = arg;
	int complaints = 0, ret;

	while (!kthread_should_stop()) {
		u32 dice = get_random_u32();
		struct kr_key *key = shuttle->key[dice % 8];

		if (dice & BIT(31))
			ret = kr_ring_move(key, shuttle->a, shuttle->b, dice & BIT(30));
		else
			ret = kr_ring_move(key, shuttle->b, shuttle->a, dice & BIT(30));
		complaints += ret && ret != -ENOENT;
		if (!ret)
			atomic_inc(&shuttle->moved);
		cond_resched();
	}
	return complaints;
}

/* Both ways at once: no deadlock, and each key is in exactly one of the rings. */
static void moved_both_ways_at_once(struct kunit *test)
{
	struct shuttle shuttle = { .a = kt_ring(test, "a"), .b = kt_ring(test, "b") };
	unsigned int i, wrong = 0;
	char desc[2] = "0";

	for (i = 0; i < 8; i++, desc[0]++) {
		shuttle.key[i] = kt_key(test, desc);
		KUNIT_ASSERT_EQ(test, kr_ring_link(shuttle.a, shuttle.key[i]), 0);
	}
	kt_crew_start(test, 4, shuttle_keys, &shuttle);
	schedule_timeout_uninterruptible(HZ);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&shuttle.moved), 0);
	for (i = 0; i < 8; i++) {
		struct kr_key *key = shuttle.key[i];

		wrong += holders_of(key) != 1;
		wrong += holds(test, shuttle.a, key) == holds(test, shuttle.b, key);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	KUNIT_EXPECT_EQ(test, links_of(shuttle.a) + links_of(shuttle.b), 8u);
	KT_EXPECT_DEBT(test, KT_UID, 10, 2 * 2 + 8 * (3 + 4));
}

static struct kunit_case move_cases[] = {
	KUNIT_CASE(move_takes_from_one_and_gives_to_the_other),
	KUNIT_CASE(move_to_the_same_ring),
	KUNIT_CASE(move_displaces_unless_exclusive),
	KUNIT_CASE(move_is_by_identity),
	KUNIT_CASE(move_that_fails_changes_nothing),
	KUNIT_CASE(moved_both_ways_at_once),
	{}
};

static struct kunit_suite move_suite = {
	.name		= "kr_keyring_move",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= move_cases,
};

kunit_test_suite(move_suite);
