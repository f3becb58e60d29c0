// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room reaper: what is done with those that are reaped, and with keys
 * that end in atomic context.
 */
#include "kunit_helpers.h"
#include "kunit_mortal.h"
#include "kunit_reaper.h"

#include <keyrings/keyring_reap.h>

#include <linux/kthread.h>
#include <linux/random.h>

/* Marked at once, unlinked when the reaper comes, which it does at once. */
static void invalidated_later(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = kt_key(test, "k");

	kr_limit_values.gc_delay = 300;
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	kr_key_invalidate_later(key);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -ENOKEY);
	advance(0);
	KUNIT_EXPECT_FALSE(test, linked(key));
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), -ENOKEY);
}

/* The longest delay that the sysctl admits reaches back beyond 1970. */
static void invalidated_later_whatever_the_delay(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = kt_key(test, "k");

	kr_limit_values.gc_delay = INT_MAX;
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	kr_key_invalidate_later(key);
	advance(0);
	KUNIT_EXPECT_FALSE(test, linked(key));
}

/* The reaper may have looked when the ring was still locked, and looks again in a second. */
static bool unlinked_soon(const struct kr_key *key)
{
	unsigned long end = jiffies + 60 * HZ;

	while (linked(key) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	return !linked(key);
}

/* An update that began before, and ends while the reaper waits for the ring. */
static void invalidated_later_and_given_time(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *never = kt_key(test, "n");
	struct kr_key *sometime = kt_key(test, "s");

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, never), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, sometime), 0);
	mutex_lock(&kr_ring_of(ring)->lock);
	kr_key_invalidate_later(never);
	kr_key_invalidate_later(sometime);
	kr_reaper_flush();
	KUNIT_EXPECT_TRUE(test, linked(never));
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(never, KR_NEVER), 0);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(sometime, kr_now() + 1000), 0);
	mutex_unlock(&kr_ring_of(ring)->lock);
	advance(2);
	KUNIT_EXPECT_TRUE(test, unlinked_soon(never));
	KUNIT_EXPECT_TRUE(test, unlinked_soon(sometime));
}

/* The last link was the last reference: the key is gone, with all it owed. */
static void reaped_key_is_freed(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key;
	s32 serial;

	kr_limit_values.gc_delay = 0;
	key = mortal(test, ring, "k", 100);
	serial = key->serial;
	kt_drop(test, key);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 4 + 3);
	advance(101);
	KUNIT_EXPECT_NULL(test, kr_key_lookup(serial));
	KT_EXPECT_DEBT(test, KT_UID, 1, 5);
}

/* Each ring gets its link bytes back, whoever owns it. */
static void reaped_key_leaves_every_ring(struct kunit *test)
{
	struct kr_key *mine = kt_ring(test, "ring"), *theirs = kt_ring_of(test, KT_OTHER, "ring");
	struct kr_key *third = kt_ring_of(test, 3000, "ring"), *key;

	kr_limit_values.gc_delay = 0;
	key = mortal(test, mine, "k", 100);
	KUNIT_ASSERT_EQ(test, kr_ring_link(theirs, key), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(third, key), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(third, kt_key(test, "stays")), 0);
	KT_EXPECT_DEBT(test, KT_OTHER, 1, 5 + 4);
	KT_EXPECT_DEBT(test, 3000, 1, 5 + 8);
	advance(101);
	KUNIT_EXPECT_FALSE(test, linked(key));
	KT_EXPECT_DEBT(test, KT_OTHER, 1, 5);
	KT_EXPECT_DEBT(test, 3000, 1, 5 + 4);
}

static void key_may_go_before_its_time(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *a, *b, *c;

	kr_limit_values.gc_delay = 0;
	a = mortal(test, ring, "a", 100);
	b = mortal(test, ring, "b", 200);
	c = mortal(test, ring, "c", 300);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, b), 0);
	kt_drop(test, b);
	kr_ring_invalidate(a);
	kt_drop(test, a);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 2u);
	advance(250);
	KUNIT_EXPECT_TRUE(test, linked(c));
	advance(301);
	KUNIT_EXPECT_FALSE(test, linked(c));
}

static void key_in_no_ring_is_only_forgotten(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");

	kr_limit_values.gc_delay = 0;
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, kr_now() - 1), 0);
	kr_reaper_flush();
	KUNIT_EXPECT_NULL(test, key->deadline);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYEXPIRED);
	/* It may get another time to live. */
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, kr_now() + 10), 0);
	KUNIT_EXPECT_NOT_NULL(test, key->deadline);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
}

static void expired_ring_takes_its_tree_along(struct kunit *test)
{
	struct kr_key *top = kt_ring(test, "top"), *ring = kt_ring(test, "ring");
	unsigned int i;
	char desc[8];

	kr_limit_values.gc_delay = 0;
	KUNIT_ASSERT_EQ(test, kr_ring_link(top, ring), 0);
	for (i = 0; i < 20; i++) {
		snprintf(desc, sizeof(desc), "k%02u", i);
		KUNIT_ASSERT_EQ(test, kt_add(test, ring, desc, 1), 0);
	}
	KUNIT_ASSERT_EQ(test, kr_key_set_expiry(ring, kr_now() + 10), 0);
	kt_drop(test, ring);
	advance(11);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 1, 4);
}

static const unsigned int crowds[] = { 1, 31, 32, 33, 64, 1000 };

static void describe_crowd(const unsigned int *crowd, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *crowd);
}

KUNIT_ARRAY_PARAM(crowd, crowds, describe_crowd);

/* Around the size of a batch, and many: with another one that is not due. */
static void many_expire_at_once(struct kunit *test)
{
	unsigned int crowd = *(const unsigned int *)test->param_value, i;
	struct kr_key *ring = kt_ring_of(test, 0, "ring"), *later, *key;
	char desc[16];

	kr_limit_values.gc_delay = 0;
	later = mortal(test, ring, "later", 200);
	for (i = 0; i < crowd; i++) {
		snprintf(desc, sizeof(desc), "k%u", i);
		key = kt_key_of(test, 0, desc, 1);
		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
		KUNIT_ASSERT_EQ(test, kr_key_set_expiry(key, kr_now() + 100), 0);
		kt_drop(test, key);
	}
	advance(101);
	KUNIT_EXPECT_EQ(test, links_of(ring), 1u);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 2u);
	advance(201);
	KUNIT_EXPECT_FALSE(test, linked(later));
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
}

enum { TOGETHER = 36, KEPT = TOGETHER / 4 };	/* more than a batch */

/* In one ring, in two, in three, moved, somebody else's as well, and a ring among them. */
static void due_together_though_not_alike(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a"), *b = kt_ring(test, "b"), *ring = kt_ring(test, "r");
	struct kr_key *third = kt_ring(test, "t"), *kept[KEPT], *key, *from, *to;
	char desc[16];
	int i;

	kr_limit_values.gc_delay = 0;
	for (i = 0; i < TOGETHER; i++) {
		if (i == TOGETHER / 2) {
			KUNIT_ASSERT_EQ(test, kr_ring_link(a, ring), 0);
			KUNIT_ASSERT_EQ(test, kr_key_set_expiry(ring, kr_now() + 100), 0);
		}
		snprintf(desc, sizeof(desc), "k%02d", i);
		from = i % 12 < 8 ? a : b;
		to = i % 12 < 8 ? b : a;
		key = mortal(test, from, desc, 100);
		if (i % 4 == 1)
			KUNIT_ASSERT_EQ(test, kr_ring_link(to, key), 0);
		if (i % 12 == 9)
			KUNIT_ASSERT_EQ(test, kr_ring_link(third, key), 0);
		if (i % 12 == 3)
			KUNIT_ASSERT_EQ(test, kr_ring_move(key, from, to, true), 0);
		if (i % 4 == 2)
			kept[i / 4] = key;
		else
			kt_drop(test, key);
	}
	advance(101);
	KUNIT_EXPECT_EQ(test, links_of(a) + links_of(b) + links_of(third), 0u);
	KUNIT_EXPECT_FALSE(test, linked(ring));
	for (i = 0; i < KEPT; i++) {
		KUNIT_EXPECT_FALSE(test, linked(kept[i]));
		KUNIT_EXPECT_EQ(test, refcount_read(&kept[i]->usage), 1u);
	}
	KUNIT_EXPECT_EQ(test, kr_key_count(), 4u + KEPT);
	KT_EXPECT_DEBT(test, KT_UID, 4 + KEPT, 2 + 2 + 2 + 2 + KEPT * (4 + 1));
}

/* The reaper knows the one ring of a key that was moved there, too. */
static void moved_key_is_reaped_in_a_run(struct kunit *test)
{
	struct kr_key *from = kt_ring(test, "from"), *to = kt_ring(test, "to");
	struct kr_key *keys[2] = { mortal(test, from, "a", 100), mortal(test, to, "b", 100) };

	kr_limit_values.gc_delay = 1000;
	KUNIT_ASSERT_EQ(test, kr_ring_move(keys[0], from, to, true), 0);
	kr_clock_shift(101);
	/* The references that it takes over are not those of the case. */
	kr_key_get(keys[0]);
	kr_key_get(keys[1]);
	KUNIT_EXPECT_EQ(test, kr_ring_reap_run(keys, 2), 2u);
	KUNIT_EXPECT_EQ(test, links_of(to), 0u);
	KUNIT_EXPECT_FALSE(test, linked(keys[0]) || linked(keys[1]));
}

/*
 * Keys whose deadlines the reaper has taken together with that of a ring, which it ends
 * first: a key in there, which ends as well, is where the case comes in.
 */
static struct {
	struct kt_reaper reaper;
	struct kr_key *later, *never;
	void (*save)(void);
	bool taken;
} saved;

static void save_others(struct kr_key *key)
{
	void (*save)(void) = saved.save;

	saved.reaper.real->cancel(key);
	saved.save = NULL;
	if (save) {
		saved.taken = !saved.later->deadline && !saved.never->deadline;
		save();
	}
}

static void reaped_when_saved(struct kunit *test, void (*save)(void))
{
	struct kr_key *top = kt_ring(test, "top"), *ring = kt_ring(test, "ring");

	kr_limit_values.gc_delay = 0;
	KUNIT_ASSERT_EQ(test, kr_ring_link(top, ring), 0);
	KUNIT_ASSERT_EQ(test, kr_key_set_expiry(ring, kr_now() + 100), 0);
	kt_drop(test, mortal(test, ring, "k", 10000));
	kt_drop(test, ring);
	saved.later = mortal(test, top, "l", 101);
	saved.never = mortal(test, top, "n", 101);
	saved.save = save;
	saved.taken = false;
	saved.reaper = (struct kt_reaper){ .ops.cancel = save_others };
	kt_reaper_begin(&saved.reaper);
	advance(102);
	kt_reaper_end(&saved.reaper);
	KUNIT_EXPECT_TRUE(test, saved.taken);
	KUNIT_EXPECT_EQ(test, links_of(top), 2u);
}

static void give_time(void)
{
	kr_key_set_expiry(saved.later, kr_now() + 1000);
	kr_key_set_expiry(saved.never, KR_NEVER);
}

static void given_time_just_as_they_are_due(struct kunit *test)
{
	reaped_when_saved(test, give_time);
	KUNIT_EXPECT_NULL(test, saved.never->deadline);
	advance(1090);
	KUNIT_EXPECT_TRUE(test, linked(saved.later));
	advance(1103);
	KUNIT_EXPECT_FALSE(test, linked(saved.later));
	KUNIT_EXPECT_TRUE(test, linked(saved.never));
}

static void set_clock_back(void)
{
	kr_clock_shift(50);
}

static void clock_is_set_back_just_as_they_are_due(struct kunit *test)
{
	reaped_when_saved(test, set_clock_back);
	KUNIT_EXPECT_NOT_NULL(test, saved.later->deadline);
	advance(90);
	KUNIT_EXPECT_EQ(test, kr_key_validate(saved.later), 0);
	advance(102);
	KUNIT_EXPECT_FALSE(test, linked(saved.later) || linked(saved.never));
}

static void flush_of_nothing(struct kunit *test)
{
	kr_reaper_flush();
	kr_reaper_rearm();
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
}

/* Rings whose last reference goes where nothing may take long. */
static void deferred_ends_are_done_in_time(struct kunit *test)
{
	struct kr_key *rings[10];
	unsigned int i, j;
	char desc[16];

	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		rings[i] = kr_ring_alloc("r", kt_uid(KT_UID), kt_gid(KT_GID), &init_user_ns,
					 KT_PERM, KR_ALLOC_IN_QUOTA);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rings[i]);
		for (j = 0; j < 5; j++) {
			snprintf(desc, sizeof(desc), "k%u", j);
			KUNIT_EXPECT_EQ(test, kt_add(test, rings[i], desc, 1), 0);
		}
		KUNIT_EXPECT_EQ(test, kr_key_set_expiry(rings[i], kr_now() + 1000), 0);
	}
	preempt_disable();
	for (i = 0; i < ARRAY_SIZE(rings); i++)
		kr_key_put_later(rings[i]);
	preempt_enable();
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
}

#define POOL	16

struct pool {
	struct kr_key *ring;
	const struct kr_key_type *type;
	s32 serial[POOL];
	atomic_t rounds;
};

/* Whatever can be done to a key that the reaper is about to take. */
static int stir(void *arg)
{
	struct pool *pool = arg;
	int complaints = 0;

	while (!kthread_should_stop()) {
		u32 dice = get_random_u32();
		struct kr_key *key = kr_key_lookup(READ_ONCE(pool->serial[dice % POOL]));

		cond_resched();
		atomic_inc(&pool->rounds);
		if (!key)
			continue;
		switch (dice >> 29) {
		case 0:
			kr_key_revoke(key);
			break;
		case 1:
			complaints += !!kr_key_set_expiry(key, KR_NEVER);
			break;
		case 2:
			kr_ring_unlink(pool->ring, key);
			break;
		case 3:
			kr_ring_invalidate(key);
			break;
		default:
			complaints += !!kr_key_set_expiry(key, kr_now() + (dice >> 8) % 10);
			break;
		}
		kr_key_put(key);
	}
	return complaints;
}

static void refill(struct kunit *test, struct pool *pool)
{
	unsigned int i;
	char desc[16];

	for (i = 0; i < POOL; i++) {
		struct kr_key *key;

		snprintf(desc, sizeof(desc), "k%u", i);
		key = kr_key_alloc(pool->type, desc, kt_uid(KT_UID), kt_gid(KT_GID), KT_PERM,
				   KR_ALLOC_IN_QUOTA);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, key);
		KUNIT_EXPECT_EQ(test, kt_instantiate(test, key, 3), 0);
		kr_key_set_expiry(key, kr_now() + i % 4);
		kr_ring_link(pool->ring, key);
		WRITE_ONCE(pool->serial[i], key->serial);
		kr_key_put(key);
	}
}

static void reaped_while_they_change(struct kunit *test)
{
	struct pool pool = { .ring = kt_ring(test, "ring"), .type = kt_type(test, "user") };
	unsigned long end = jiffies + KT_STRESS;
	time64_t clock = 0;

	kr_limit_values.gc_delay = 2;
	kt_crew_start(test, 3, stir, &pool);
	while (time_before(jiffies, end)) {
		refill(test, &pool);
		kr_clock_shift(clock += 2);
		kr_reaper_rearm();
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&pool.rounds), 0);
	kr_ring_clear(pool.ring);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 1, 5);
}

enum { IN_BUSY_RINGS = 2000 };	/* all of which take more than a tick */

/* Invalidated keys that cannot leave their ring are tried again and again: who expires, goes. */
static void busy_rings_keep_nobody_else(struct kunit *test)
{
	struct kr_key *busy = kt_ring_of(test, 0, "busy"), *ring = kt_ring(test, "ring"), *key;
	unsigned long end = jiffies + 10 * HZ;
	struct kr_key **keys;
	time64_t clock = 0;
	char desc[16];
	int i;

	kr_limit_values.gc_delay = 0;
	keys = kunit_kcalloc(test, IN_BUSY_RINGS, sizeof(*keys), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, keys);
	key = mortal(test, ring, "k", 1);
	for (i = 0; i < IN_BUSY_RINGS; i++) {
		snprintf(desc, sizeof(desc), "%d", i);
		keys[i] = kt_key_of(test, 0, desc, 1);
		KUNIT_ASSERT_EQ(test, kr_ring_link(busy, keys[i]), 0);
	}
	mutex_lock(&kr_ring_of(busy)->lock);
	for (i = 0; i < IN_BUSY_RINGS; i++)
		kr_key_invalidate_later(keys[i]);
	/* All of them are due whenever the reaper looks. */
	while (linked(key) && time_before(jiffies, end)) {
		kr_clock_shift(clock += 2);
		kr_reaper_rearm();
		schedule_timeout_uninterruptible(1);
	}
	KUNIT_EXPECT_FALSE(test, linked(key));
	KUNIT_EXPECT_EQ(test, links_of(busy), (unsigned int)IN_BUSY_RINGS);
	mutex_unlock(&kr_ring_of(busy)->lock);
	advance(clock + 2);
	for (i = 0; i < IN_BUSY_RINGS && unlinked_soon(keys[i]); i++)
		;
	KUNIT_EXPECT_EQ(test, i, IN_BUSY_RINGS);
}

/* Looking again takes no memory: the deadline that comes again is the one there was. */
static void put_off_without_memory(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *keys[3];
	const struct kr_deadline *deadlines[ARRAY_SIZE(keys)];
	unsigned int i;
	char desc[8];

	kr_limit_values.gc_delay = 0;
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		snprintf(desc, sizeof(desc), "k%u", i);
		keys[i] = mortal(test, ring, desc, 10 + i);
		deadlines[i] = keys[i]->deadline;
	}
	mutex_lock(&kr_ring_of(ring)->lock);
	advance(20);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		KUNIT_EXPECT_TRUE(test, linked(keys[i]));
		KUNIT_EXPECT_PTR_EQ(test, (const struct kr_deadline *)keys[i]->deadline,
				    deadlines[i]);
	}
	/* An update, as it were, before the ring is free again. */
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(keys[1], kr_now() + 1000), 0);
	mutex_unlock(&kr_ring_of(ring)->lock);
	advance(30);
	KUNIT_EXPECT_FALSE(test, linked(keys[0]));
	KUNIT_EXPECT_TRUE(test, linked(keys[1]));
	KUNIT_EXPECT_FALSE(test, linked(keys[2]));
}

static struct kunit_case reaper_cases[] = {
	KUNIT_CASE(invalidated_later),
	KUNIT_CASE(invalidated_later_whatever_the_delay),
	KUNIT_CASE(invalidated_later_and_given_time),
	KUNIT_CASE(reaped_key_is_freed),
	KUNIT_CASE(reaped_key_leaves_every_ring),
	KUNIT_CASE(key_may_go_before_its_time),
	KUNIT_CASE(key_in_no_ring_is_only_forgotten),
	KUNIT_CASE(expired_ring_takes_its_tree_along),
	KUNIT_CASE_PARAM(many_expire_at_once, crowd_gen_params),
	KUNIT_CASE(due_together_though_not_alike),
	KUNIT_CASE(moved_key_is_reaped_in_a_run),
	KUNIT_CASE(given_time_just_as_they_are_due),
	KUNIT_CASE(clock_is_set_back_just_as_they_are_due),
	KUNIT_CASE(flush_of_nothing),
	KUNIT_CASE(deferred_ends_are_done_in_time),
	KUNIT_CASE(reaped_while_they_change),
	KUNIT_CASE(busy_rings_keep_nobody_else),
	KUNIT_CASE(put_off_without_memory),
	{}
};

static struct kunit_suite reaper_suite = {
	.name		= "kr_reaper",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= reaper_cases,
};

kunit_test_suite(reaper_suite);
