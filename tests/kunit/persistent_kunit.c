// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room cred: what happens to a persistent keyring while the call that asks
 * for it waits for the ring that it is to be linked to.
 */
#include "kunit_helpers.h"
#include "kunit_persona.h"
#include "kunit_reaper.h"
#include "kunit_rings.h"

#include <linux/completion.h>
#include <linux/kthread.h>

/* One that asks, and the ring for whose lock it waits. */
struct asking {
	const struct cred *cred;
	struct kr_key *dest;
	struct completion done;
	long first;		/* the serial of the ring that is registered when it begins */
	long serial;		/* what it gets */
};

static int ask(void *arg)
{
	struct asking *asking = arg;
	const struct cred *before = override_creds(asking->cred);

	asking->serial = kr_cred_get_persistent(kt_uid(KT_UID), asking->dest);
	complete(&asking->done);
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	revert_creds(before);
	return 0;
}

static struct kr_key *ring_of(struct kunit *test, long serial)
{
	struct kr_key *ring = kr_key_lookup(serial);

	KUNIT_ASSERT_NOT_NULL(test, ring);
	kr_key_put(ring);
	return ring;
}

/* The register has the ring; the asker has found it, and waits. */
static void ask_and_wait(struct kunit *test, struct asking *asking, struct kr_key *ring)
{
	unsigned int usage = refcount_read(&ring->usage), i;

	init_completion(&asking->done);
	kr_ring_lock(asking->dest);
	kt_crew_start(test, 1, ask, asking);
	for (i = 0; i < 100 && refcount_read(&ring->usage) == usage; i++)
		schedule_timeout_uninterruptible(HZ / 20);
	KUNIT_EXPECT_EQ(test, refcount_read(&ring->usage), usage + 1);
}

static void go_on(struct kunit *test, struct asking *asking)
{
	kr_ring_unlock(asking->dest);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&asking->done, 5 * HZ), 0ul);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
}

/* A ring is registered, and one that it may be linked to is there. */
static void prepare(struct kunit *test, struct persona *me, struct asking *asking)
{
	struct kr_key *other = kt_ring(test, "other");

	kr_limit_values.persistent_expiry = 1000;
	kr_limit_values.gc_delay = 0;
	enter(test, me, KT_UID);
	asking->cred = me->cred;
	asking->dest = kt_ring(test, "dest");
	asking->first = kr_cred_get_persistent(kt_uid(KT_UID), other);
	KUNIT_ASSERT_GT(test, asking->first, 0L);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(other, ring_of(test, asking->first)), 0);
}

static void begin(struct kunit *test, struct persona *me, struct asking *asking)
{
	prepare(test, me, asking);
	ask_and_wait(test, asking, ring_of(test, asking->first));
}

/* It is due by then, leaves the register, and comes to life again: so it is registered again. */
static void ring_that_expires_meanwhile_stays_the_uids(struct kunit *test)
{
	struct asking asking;
	struct persona me;

	begin(test, &me, &asking);
	kr_clock_shift(1001);
	kr_reaper_flush();
	go_on(test, &asking);
	KUNIT_EXPECT_EQ(test, asking.serial, asking.first);
	KUNIT_EXPECT_EQ(test, kr_cred_get_persistent(kt_uid(KT_UID), asking.dest), asking.first);
	KUNIT_EXPECT_EQ(test, links_of(asking.dest), 1u);
	leave(&me);
}

/* The reaper came for it, and another call that had found it before prolongs its life. */
static void ring_that_another_call_prolongs_stays_the_uids(struct kunit *test)
{
	struct asking asking;
	struct persona me;

	begin(test, &me, &asking);
	kr_clock_shift(1001);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(ring_of(test, asking.first), kr_now() + 1000), 0);
	go_on(test, &asking);
	KUNIT_EXPECT_EQ(test, asking.serial, asking.first);
	KUNIT_EXPECT_EQ(test, kr_cred_get_persistent(kt_uid(KT_UID), asking.dest), asking.first);
	leave(&me);
}

/* The time of a ring is over, and the reaper comes, before it is given another one. */
static struct {
	struct kt_reaper reaper;
	time64_t shift;
	unsigned int turn, turns;
} overdue;

static int reap_first(struct kr_key *ring, time64_t expiry)
{
	if (overdue.turns++ == overdue.turn) {
		kr_clock_shift(overdue.shift);
		kr_reaper_flush();
	}
	return overdue.reaper.real->schedule(ring, expiry);
}

static void reap_before_it_is_prolonged(unsigned int turn, time64_t shift)
{
	overdue.reaper = (struct kt_reaper){ .ops.schedule = reap_first };
	overdue.shift = shift;
	overdue.turn = turn;
	overdue.turns = 0;
	kt_reaper_begin(&overdue.reaper);
}

/* It was to expire after 1000 seconds: had it done so when the call linked it, or not yet? */
static const unsigned int ages[] = { 500, 1001 };

static void describe_age(const unsigned int *age, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *age);
}

KUNIT_ARRAY_PARAM(age, ages, describe_age);

static void ring_that_the_reaper_comes_for_is_linked_again(struct kunit *test)
{
	const unsigned int *age = test->param_value;
	struct asking asking;
	struct persona me;
	long serial;

	prepare(test, &me, &asking);
	kr_clock_shift(*age);
	reap_before_it_is_prolonged(0, 1002);
	serial = kr_cred_get_persistent(kt_uid(KT_UID), asking.dest);
	kt_reaper_end(&overdue.reaper);
	KUNIT_EXPECT_GT(test, overdue.turns, 0u);
	KUNIT_EXPECT_EQ(test, serial, asking.first);
	KUNIT_EXPECT_EQ(test, links_of(asking.dest), 1u);
	KUNIT_EXPECT_EQ(test, kr_cred_get_persistent(kt_uid(KT_UID), asking.dest), serial);
	KUNIT_EXPECT_EQ(test, links_of(asking.dest), 1u);
	leave(&me);
}

/* Somebody else asks for it, and gets a newer one. */
static void replace(struct kunit *test, const struct persona *me, const struct asking *asking,
		    struct asking *newer)
{
	kr_clock_shift(1001);
	kr_reaper_flush();
	newer->cred = me->cred;
	init_completion(&newer->done);
	kt_crew_start(test, 1, ask, newer);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&newer->done, 5 * HZ), 0ul);
	KUNIT_EXPECT_GT(test, newer->serial, 0L);
	KUNIT_EXPECT_NE(test, newer->serial, asking->first);
}

/* The newer one is the UID's. */
static void ring_that_was_replaced_meanwhile_gives_way(struct kunit *test)
{
	struct asking asking, newer = { .dest = kt_ring(test, "third") };
	struct persona me;

	begin(test, &me, &asking);
	replace(test, &me, &asking, &newer);
	go_on(test, &asking);
	KUNIT_EXPECT_EQ(test, asking.serial, newer.serial);
	KUNIT_EXPECT_EQ(test, links_of(asking.dest), 1u);
	KUNIT_EXPECT_TRUE(test, kt_holds(asking.dest, ring_of(test, newer.serial)));
	leave(&me);
}

/* A destination that takes so many. */
static struct choosy {
	struct kr_restriction restriction;
	unsigned int asked, takes;
} choosy;

static int take_some(struct kr_restriction *restriction, struct kr_ring *ring,
			  const struct kr_key_type *type, void *payload)
{
	return choosy.asked++ < choosy.takes ? 0 : -EPERM;
}

static void choose(struct kunit *test, struct kr_key *dest, unsigned int takes)
{
	choosy = (struct choosy){ .restriction.check = take_some, .takes = takes };
	KUNIT_ASSERT_EQ(test, kr_ring_restrict(dest, &choosy.restriction), 0);
}

/* One that asks waits for such a destination; the ring that it has found is replaced. */
static void begin_replaced(struct kunit *test, struct persona *me, struct asking *asking,
			   struct asking *newer, unsigned int takes)
{
	*newer = (struct asking){ .dest = kt_ring(test, "third") };
	prepare(test, me, asking);
	choose(test, asking->dest, takes);
	ask_and_wait(test, asking, ring_of(test, asking->first));
	replace(test, me, asking, newer);
}

/* No error beside a link. The older one can be linked, the newer one cannot. */
static void ring_that_was_replaced_is_better_than_none(struct kunit *test)
{
	struct asking asking, newer;
	struct persona me;

	begin_replaced(test, &me, &asking, &newer, 1);
	kr_limit_values.gc_delay = 100000;	/* the reaper does not come before its new time */
	go_on(test, &asking);
	KUNIT_EXPECT_EQ(test, choosy.asked, 2u);
	KUNIT_EXPECT_EQ(test, asking.serial, asking.first);
	KUNIT_EXPECT_TRUE(test, kt_holds(asking.dest, ring_of(test, asking.first)));
	kt_drop(test, asking.dest);	/* before its restriction */
	leave(&me);
}

/* The newer one has displaced the older one, goes, and cannot be linked again. */
static void ring_that_was_displaced_is_none(struct kunit *test)
{
	struct asking asking, newer;
	struct persona me;

	begin_replaced(test, &me, &asking, &newer, 2);
	reap_before_it_is_prolonged(1, 2500);
	go_on(test, &asking);
	kt_reaper_end(&overdue.reaper);
	KUNIT_EXPECT_EQ(test, choosy.asked, 3u);
	KUNIT_EXPECT_EQ(test, links_of(asking.dest), 0u);
	KUNIT_EXPECT_EQ(test, asking.serial, -EPERM);
	kt_drop(test, asking.dest);	/* before its restriction */
	leave(&me);
}

static void ring_that_is_invalidated_meanwhile_is_made_anew(struct kunit *test)
{
	struct asking asking;
	struct persona me;

	begin(test, &me, &asking);
	kr_ring_invalidate(ring_of(test, asking.first));
	go_on(test, &asking);
	KUNIT_EXPECT_GT(test, asking.serial, 0L);
	KUNIT_EXPECT_NE(test, asking.serial, asking.first);
	KUNIT_EXPECT_EQ(test, kr_cred_get_persistent(kt_uid(KT_UID), asking.dest), asking.serial);
	leave(&me);
}

/* A destination that ends each ring that is about to be linked to it. */
static struct ending {
	struct kr_restriction restriction;
	struct kr_key *reg;
	unsigned int ended, most;
} ending;

static int end_registered(struct kr_restriction *restriction, struct kr_ring *ring,
			  const struct kr_key_type *type, void *payload)
{
	char name[sizeof("_persistent.4294967295")];
	struct kr_key *found;

	snprintf(name, sizeof(name), "_persistent.%u", KT_UID);
	found = kr_ring_find_linked(ending.reg, kr_key_ring_type, name);
	if (found && ending.ended < ending.most) {
		kr_ring_invalidate(found);
		ending.ended++;
	}
	kr_key_put(found);
	return 0;
}

static void ring_that_is_invalidated_each_time_is_given_up(struct kunit *test)
{
	struct kr_ns *kns = kr_ns_get_by_ns(current_user_ns());
	struct kr_key *dest = kt_ring(test, "dest"), *other = kt_ring(test, "other");
	struct persona me;

	KUNIT_ASSERT_NOT_NULL(test, kns);
	enter(test, &me, KT_UID);
	KUNIT_ASSERT_GT(test, kr_cred_get_persistent(kt_uid(KT_UID), other), 0L);
	ending = (struct ending){
		.restriction.check = end_registered, .reg = kns->persistent, .most = 10,
	};
	KUNIT_ASSERT_EQ(test, kr_ring_restrict(dest, &ending.restriction), 0);
	KUNIT_EXPECT_EQ(test, kr_cred_get_persistent(kt_uid(KT_UID), dest), -ENOKEY);
	KUNIT_EXPECT_EQ(test, ending.ended, (unsigned int)KR_LOOK_TURNS);
	KUNIT_EXPECT_EQ(test, links_of(dest), 0u);
	ending.most = 0;
	KUNIT_EXPECT_GT(test, kr_cred_get_persistent(kt_uid(KT_UID), dest), 0L);
	kt_drop(test, dest);	/* before its restriction */
	leave(&me);
	kr_ns_put(kns);
}

static struct kunit_case persistent_cases[] = {
	KUNIT_CASE(ring_that_expires_meanwhile_stays_the_uids),
	KUNIT_CASE(ring_that_another_call_prolongs_stays_the_uids),
	KUNIT_CASE_PARAM(ring_that_the_reaper_comes_for_is_linked_again, age_gen_params),
	KUNIT_CASE(ring_that_was_replaced_meanwhile_gives_way),
	KUNIT_CASE(ring_that_was_replaced_is_better_than_none),
	KUNIT_CASE(ring_that_was_displaced_is_none),
	KUNIT_CASE(ring_that_is_invalidated_meanwhile_is_made_anew),
	KUNIT_CASE(ring_that_is_invalidated_each_time_is_given_up),
	{}
};

static struct kunit_suite persistent_suite = {
	.name		= "kr_cred_persistent",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= persistent_cases,
};

kunit_test_suite(persistent_suite);
