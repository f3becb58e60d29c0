// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room reaper: deadlines, how they are set and moved, and the timer. */
#include "kunit_helpers.h"
#include "kunit_mortal.h"

#include <linux/delay.h>

static const unsigned int delays[] = { 0, 1, 300, 100000 };

static void describe_delay(const unsigned int *delay, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *delay);
}

KUNIT_ARRAY_PARAM(delay, delays, describe_delay);

/* The key tells that it expired for gc_delay, then its links go; a second is to spare. */
static void expired_key_is_unlinked_after_the_delay(struct kunit *test)
{
	unsigned int delay = *(const unsigned int *)test->param_value;
	struct kr_key *ring = kt_ring(test, "ring"), *key;

	kr_limit_values.gc_delay = delay;
	key = mortal(test, ring, "k", 1000);
	advance(990);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	KUNIT_EXPECT_TRUE(test, linked(key));
	kr_clock_shift(1001);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYEXPIRED);
	if (delay > 10) {
		advance(1000 + delay - 5);
		KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYEXPIRED);
		KUNIT_EXPECT_TRUE(test, linked(key));
	}
	advance(1000 + delay + 1);
	KUNIT_EXPECT_FALSE(test, linked(key));
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 3);
}

static void revoked_key_is_unlinked_after_the_delay(struct kunit *test)
{
	unsigned int delay = *(const unsigned int *)test->param_value;
	struct kr_key *ring = kt_ring(test, "ring"), *key = kt_key(test, "k");

	kr_limit_values.gc_delay = delay;
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	kr_key_revoke(key);
	if (delay > 10) {
		advance(delay - 5);
		KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYREVOKED);
		KUNIT_EXPECT_TRUE(test, linked(key));
	}
	advance(delay + 1);
	KUNIT_EXPECT_FALSE(test, linked(key));
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 2);
}

static int take_nothing(struct kr_key *key, struct kr_prep *prep)
{
	return 0;
}

static const struct kr_key_type hasty = {
	.name		= "hasty",
	.instantiate	= take_nothing,
	.reap_at_once	= true,
};

static struct kr_key *hasty_in(struct kunit *test, struct kr_key *ring, const char *desc)
{
	struct kr_prep prep = {};
	struct kr_key *key;

	key = kt_hold(test, kr_key_alloc(&hasty, desc, kt_uid(KT_UID), kt_gid(KT_GID), KT_PERM, 0));
	KUNIT_ASSERT_EQ(test, kr_key_instantiate(key, &prep), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	return key;
}

/* An expired one of a type that wants it so: all others wait for the delay. */
static void unlinked_without_the_delay(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *other = mortal(test, ring, "k", 90);
	struct kr_key *expired = hasty_in(test, ring, "e"), *revoked = hasty_in(test, ring, "r");
	struct kr_key *saved = hasty_in(test, ring, "s");

	kr_limit_values.gc_delay = 300;
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(expired, kr_now() + 100), 0);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(saved, kr_now() + 100), 0);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(saved, KR_NEVER), 0);
	kr_key_revoke(revoked);
	advance(90);
	KUNIT_EXPECT_TRUE(test, linked(revoked));
	KUNIT_EXPECT_TRUE(test, linked(expired));
	advance(101);
	KUNIT_EXPECT_FALSE(test, linked(expired));
	KUNIT_EXPECT_TRUE(test, linked(saved));
	KUNIT_EXPECT_TRUE(test, linked(other));
	KUNIT_EXPECT_TRUE(test, linked(revoked));
	advance(391);
	KUNIT_EXPECT_FALSE(test, linked(other));
	KUNIT_EXPECT_FALSE(test, linked(revoked));
	KUNIT_EXPECT_TRUE(test, linked(saved));
}

static void only_those_due_are_reaped(struct kunit *test)
{
	static const unsigned int when[] = { 500, 100, 300, 200, 400, 300 };
	struct kr_key *ring = kt_ring(test, "ring"), *keys[ARRAY_SIZE(when)];
	unsigned int i, now;
	char desc[2] = "0";

	kr_limit_values.gc_delay = 50;
	for (i = 0; i < ARRAY_SIZE(when); i++, desc[0]++)
		keys[i] = mortal(test, ring, desc, when[i]);
	for (now = 90; now <= 590; now += 100) {
		advance(now);
		for (i = 0; i < ARRAY_SIZE(when); i++)
			KUNIT_EXPECT_EQ_MSG(test, linked(keys[i]), when[i] + 50 > now,
					    "due at %u, now %u", when[i] + 50, now);
	}
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
}

static void expiry_can_be_put_off(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key;

	kr_limit_values.gc_delay = 0;
	key = mortal(test, ring, "k", 100);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, kr_now() + 500), 0);
	advance(200);
	KUNIT_EXPECT_TRUE(test, linked(key));
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	advance(501);
	KUNIT_EXPECT_FALSE(test, linked(key));
}

static void expiry_can_be_brought_forward(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key, *first;

	kr_limit_values.gc_delay = 0;
	first = mortal(test, ring, "first", 300);
	key = mortal(test, ring, "k", 500);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, kr_now() + 100), 0);
	advance(101);
	KUNIT_EXPECT_FALSE(test, linked(key));
	KUNIT_EXPECT_TRUE(test, linked(first));
}

static void expiry_can_be_taken_back(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key;

	kr_limit_values.gc_delay = 300;
	key = mortal(test, ring, "k", 100);
	KUNIT_EXPECT_NOT_NULL(test, key->deadline);
	/* Also when it has expired, as long as it is there. */
	kr_clock_shift(200);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYEXPIRED);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, KR_NEVER), 0);
	KUNIT_EXPECT_NULL(test, key->deadline);
	advance(100000);
	KUNIT_EXPECT_TRUE(test, linked(key));
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
}

/* The clock was set back when the key had left its ring: it comes to another in time. */
static void time_that_comes_again(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key;

	kr_limit_values.gc_delay = 0;
	key = mortal(test, ring, "k", 100);
	advance(101);
	KUNIT_EXPECT_FALSE(test, linked(key));
	advance(50);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	advance(90);
	KUNIT_EXPECT_TRUE(test, linked(key));
	advance(102);
	KUNIT_EXPECT_FALSE(test, linked(key));
}

/* A revoked key that had expired already goes at the time it was to go. */
static void revoking_the_expired_does_not_prolong(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key;

	kr_limit_values.gc_delay = 100;
	key = mortal(test, ring, "k", 10);
	kr_clock_shift(90);
	kr_key_revoke(key);
	advance(105);
	KUNIT_EXPECT_TRUE(test, linked(key));
	advance(112);
	KUNIT_EXPECT_FALSE(test, linked(key));
}

static void revoking_comes_before_a_later_expiry(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key;

	kr_limit_values.gc_delay = 100;
	key = mortal(test, ring, "k", 5000);
	kr_key_revoke(key);
	advance(101);
	KUNIT_EXPECT_FALSE(test, linked(key));
}

/* An administrator changes the delay: it counts for what is waiting too. */
static void delay_counts_when_it_is_over(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *a, *b;

	kr_limit_values.gc_delay = 1000;
	a = mortal(test, ring, "a", 10);
	b = mortal(test, ring, "b", 60);
	advance(50);
	KUNIT_EXPECT_TRUE(test, linked(a));
	kr_limit_values.gc_delay = 5;
	kr_reaper_flush();
	KUNIT_EXPECT_FALSE(test, linked(a));
	KUNIT_EXPECT_TRUE(test, linked(b));
	kr_limit_values.gc_delay = 5000;
	advance(1000);
	KUNIT_EXPECT_TRUE(test, linked(b));
}

/* The wall clock is set back: nothing expires early, and nothing is forgotten. */
static void clock_may_be_set_back(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key;

	kr_limit_values.gc_delay = 0;
	key = mortal(test, ring, "k", 100);
	advance(-100000);
	KUNIT_EXPECT_TRUE(test, linked(key));
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	advance(101);
	KUNIT_EXPECT_FALSE(test, linked(key));
}

/* Nothing but the timer: no flush, no shifted clock. */
static void timer_reaps_by_itself(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *soon, *later;
	time64_t start = kr_now();
	unsigned int i;

	kr_limit_values.gc_delay = 1;
	later = mortal(test, ring, "later", 1000);
	soon = mortal(test, ring, "soon", 1);
	KUNIT_EXPECT_TRUE(test, linked(soon));
	for (i = 0; i < 100 && linked(soon); i++)
		msleep(100);
	KUNIT_EXPECT_FALSE(test, linked(soon));
	KUNIT_EXPECT_GE(test, kr_now(), start + 2);
	KUNIT_EXPECT_TRUE(test, linked(later));
}

/* The one that was first in the queue is put off; the timer still serves the next. */
static void timer_goes_on_to_the_next(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *first, *next;
	unsigned int i;

	kr_limit_values.gc_delay = 0;
	first = mortal(test, ring, "first", 3);
	next = mortal(test, ring, "next", 4);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(first, KR_NEVER), 0);
	for (i = 0; i < 100 && linked(next); i++)
		msleep(100);
	KUNIT_EXPECT_FALSE(test, linked(next));
	KUNIT_EXPECT_TRUE(test, linked(first));
}

static struct kunit_case deadline_cases[] = {
	KUNIT_CASE_PARAM(expired_key_is_unlinked_after_the_delay, delay_gen_params),
	KUNIT_CASE_PARAM(revoked_key_is_unlinked_after_the_delay, delay_gen_params),
	KUNIT_CASE(unlinked_without_the_delay),
	KUNIT_CASE(only_those_due_are_reaped),
	KUNIT_CASE(expiry_can_be_put_off),
	KUNIT_CASE(expiry_can_be_brought_forward),
	KUNIT_CASE(expiry_can_be_taken_back),
	KUNIT_CASE(time_that_comes_again),
	KUNIT_CASE(revoking_the_expired_does_not_prolong),
	KUNIT_CASE(revoking_comes_before_a_later_expiry),
	KUNIT_CASE(delay_counts_when_it_is_over),
	KUNIT_CASE(clock_may_be_set_back),
	KUNIT_CASE(timer_reaps_by_itself),
	KUNIT_CASE(timer_goes_on_to_the_next),
	{}
};

static struct kunit_suite deadline_suite = {
	.name		= "kr_reaper_deadline",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= deadline_cases,
};

kunit_test_suite(deadline_suite);
