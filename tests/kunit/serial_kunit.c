// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room key: serials, and the table in which keys are found by them. */
#include "kunit_helpers.h"
#include "kunit_probe.h"

#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/sort.h>

#define MANY	3000

static int compare_serials(const void *a, const void *b)
{
	return *(const s32 *)a < *(const s32 *)b ? -1 : *(const s32 *)a > *(const s32 *)b;
}

/* All different and found; and nobody who sees some of them knows the next. */
static void serials_are_random_and_unique(struct kunit *test)
{
	struct kr_key **keys = kunit_kcalloc(test, MANY, sizeof(*keys), GFP_KERNEL);
	s32 *serials = kunit_kcalloc(test, MANY, sizeof(*serials), GFP_KERNEL);
	unsigned int i, ups = 0, high = 0, wrong = 0;

	KUNIT_ASSERT_NOT_NULL(test, keys);
	KUNIT_ASSERT_NOT_NULL(test, serials);
	for (i = 0; i < MANY; i++) {
		keys[i] = kt_hold(test, probe_alloc("k", KR_ALLOC_NOT_IN_QUOTA));
		serials[i] = keys[i]->serial;
		wrong += serials[i] < KR_SERIAL_MIN || serials[i] > S32_MAX / 2;
		ups += i && serials[i] > serials[i - 1];
		high += serials[i] > S32_MAX / 4;
	}
	KUNIT_EXPECT_EQ(test, kr_key_count(), (unsigned int)MANY);
	for (i = 0; i < MANY; i++) {
		struct kr_key *found = kr_key_lookup(serials[i]);

		wrong += found != keys[i];
		kr_key_put(found);
	}
	sort(serials, MANY, sizeof(*serials), compare_serials, NULL);
	for (i = 1; i < MANY; i++)
		wrong += serials[i] == serials[i - 1];
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	/* Ten standard deviations. */
	KUNIT_EXPECT_GT(test, ups, MANY / 2 - 300u);
	KUNIT_EXPECT_LT(test, ups, MANY / 2 + 300u);
	KUNIT_EXPECT_GT(test, high, MANY / 2 - 300u);
	KUNIT_EXPECT_LT(test, high, MANY / 2 + 300u);
}

static struct {
	unsigned int refused;
	s32 last;
} landlord;

static bool refuse_some(s32 serial)
{
	landlord.last = serial;
	return landlord.refused++ < 5;
}

/* Serials of another world are avoided. */
static void taken_serials_are_not_given(struct kunit *test)
{
	struct kr_key *key;

	landlord.refused = 0;
	kr_key_set_serial_check(refuse_some);
	key = probe_alloc("k", KR_ALLOC_NOT_IN_QUOTA);
	kr_key_set_serial_check(NULL);
	kt_hold(test, key);
	KUNIT_EXPECT_EQ(test, landlord.refused, 6u);
	KUNIT_EXPECT_EQ(test, key->serial, landlord.last);
}

static const s32 no_serials[] = { 0, 1, 2, -1, -8, S32_MIN, S32_MAX };

static void describe_serial(const s32 *serial, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%d", *serial);
}

KUNIT_ARRAY_PARAM(no_serial, no_serials, describe_serial);

static void no_key_has_that_serial(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, kr_key_lookup(*(const s32 *)test->param_value));
}

static bool count_walked(struct kr_key *key, void *arg)
{
	/* Each key once or more: marked in its permissions. */
	key->perm |= KR_OTH(KR_VIEW);
	++*(unsigned int *)arg;
	return true;
}

static bool stop_walk(struct kr_key *key, void *arg)
{
	return ++*(unsigned int *)arg < 3;
}

static void walk_sees_every_key(struct kunit *test)
{
	struct kr_key **keys = kunit_kcalloc(test, 300, sizeof(*keys), GFP_KERNEL);
	unsigned int i, walked = 0, stopped = 0, missed = 0;

	KUNIT_ASSERT_NOT_NULL(test, keys);
	for (i = 0; i < 300; i++)
		keys[i] = kt_hold(test, probe_alloc("k", KR_ALLOC_NOT_IN_QUOTA));
	kr_key_walk(count_walked, &walked);
	for (i = 0; i < 300; i++)
		missed += !(keys[i]->perm & KR_OTH(KR_VIEW));
	KUNIT_EXPECT_EQ(test, missed, 0u);
	KUNIT_EXPECT_GE(test, walked, 300u);
	kr_key_walk(stop_walk, &stopped);
	KUNIT_EXPECT_EQ(test, stopped, 3u);
}

#define SLOTS	16

struct exchange {
	s32 serial[SLOTS];
	atomic_t hits;
	atomic_t misses;
};

/* Whatever is found is what was asked for, and alive while it is held. */
static int look_up(void *arg)
{
	struct exchange *exchange = arg;
	int complaints = 0, i;
	struct kr_key *key;
	s32 serial;

	while (!kthread_should_stop()) {
		for (i = 0; i < SLOTS; i++) {
			serial = READ_ONCE(exchange->serial[i]);
			key = kr_key_lookup(serial);
			if (key) {
				complaints += key->serial != serial ||
					      !refcount_read(&key->usage) ||
					      key->desc[0] != 'k';
				kr_key_put(key);
			}
			atomic_inc(key ? &exchange->hits : &exchange->misses);
		}
		cond_resched();
	}
	return complaints;
}

static void looked_up_while_they_come_and_go(struct kunit *test)
{
	struct exchange exchange = {};
	struct kr_key *keys[SLOTS] = {};
	unsigned long end = jiffies + KT_STRESS;
	unsigned int i = 0;

	kt_crew_start(test, 3, look_up, &exchange);
	while (time_before(jiffies, end)) {
		kr_key_put(keys[i]);
		keys[i] = probe_alloc("k", KR_ALLOC_IN_QUOTA);
		if (IS_ERR(keys[i]))
			keys[i] = NULL;
		else
			WRITE_ONCE(exchange.serial[i], keys[i]->serial);
		i = (i + 1) % SLOTS;
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	for (i = 0; i < SLOTS; i++)
		kr_key_put(keys[i]);
	KUNIT_EXPECT_GT(test, atomic_read(&exchange.hits), 0);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
}

static struct kunit_case serial_cases[] = {
	KUNIT_CASE(serials_are_random_and_unique),
	KUNIT_CASE(taken_serials_are_not_given),
	KUNIT_CASE_PARAM(no_key_has_that_serial, no_serial_gen_params),
	KUNIT_CASE(walk_sees_every_key),
	KUNIT_CASE(looked_up_while_they_come_and_go),
	{}
};

static struct kunit_suite serial_suite = {
	.name		= "kr_key_serial",
	.suite_init	= key_suite_init,
	.suite_exit	= key_suite_exit,
	.init		= probe_init,
	.exit		= kt_case_exit,
	.test_cases	= serial_cases,
};

kunit_test_suite(serial_suite);
