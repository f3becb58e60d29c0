// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room keyring: instantiating or rejecting a key and linking it in one
 * step, whoever waits for it, and into whatever ring.
 */
#include "kunit_helpers.h"
#include "kunit_scene.h"

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/slab.h>

struct waiter {
	struct kr_key *key;
	struct kr_key *ring;
	atomic_t arrived;
	atomic_t woken;
};

static int wait_for_key(void *arg)
{
	struct waiter *waiter = arg;
	int ret;

	atomic_inc(&waiter->arrived);
	ret = kr_key_wait(waiter->key);
	if (!ret && kr_key_state(waiter->key) != KR_UNINSTANTIATED &&
	    kt_holds(waiter->ring, waiter->key))
		atomic_inc(&waiter->woken);
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return ret;
}

static int instantiate_into(struct kunit *test, struct kr_key *key, struct kr_key *ring)
{
	struct kr_prep prep = { .data = kt_payload(test, 1, 'x') };
	int ret = kr_ring_instantiate_key(key, &prep, ring);

	kr_payload_put_now(prep.data);
	return ret;
}

/* Instantiated or rejected: those who wait go on, and find what became of it, and where. */
static const bool endings[] = { true, false };

static void describe_ending(const bool *good, char *desc)
{
	strscpy(desc, *good ? "instantiated" : "rejected", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ending, endings, describe_ending);

static void waiters_are_woken(struct kunit *test)
{
	bool good = *(const bool *)test->param_value;
	struct waiter waiter = {};
	struct scene scene;
	unsigned int i;

	enter(test, &scene);
	waiter.key = announce(test, &scene);
	waiter.ring = kt_ring(test, "made");
	kt_crew_start(test, 3, wait_for_key, &waiter);
	while (atomic_read(&waiter.arrived) < 3)
		schedule_timeout_uninterruptible(1);
	schedule_timeout_uninterruptible(HZ / 20);
	KUNIT_EXPECT_EQ(test, atomic_read(&waiter.woken), 0);
	if (good)
		KUNIT_EXPECT_EQ(test, instantiate_into(test, waiter.key, waiter.ring), 0);
	else
		KUNIT_EXPECT_EQ(test, kr_ring_reject_key(waiter.key, ENOKEY, 10, waiter.ring), 0);
	for (i = 0; i < 200 && atomic_read(&waiter.woken) < 3; i++)
		schedule_timeout_uninterruptible(HZ / 50);
	KUNIT_EXPECT_EQ(test, atomic_read(&waiter.woken), 3);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	/* And whoever comes later does not wait. */
	KUNIT_EXPECT_EQ(test, kr_key_wait(waiter.key), 0);
	leave(&scene);
}

/*
 * Two who have the authority for one key. One is in the midst of instantiating it,
 * which its type may refuse, when the other rejects or instantiates it.
 */
struct in_flight {
	struct kr_key *key;
	struct completion begun, go_on, second_done;
	int first, second;
	bool second_rejects;
};

struct meeting {
	const char *name;
	int first;		/* what the type says to the first */
	bool reject;		/* what the second does */
	int second;		/* what comes of that */
	int state;		/* what the key is in the end */
};

static const struct meeting meetings[] = {
	{ "rejected_too_late",		0,		true,	-EBUSY,	KR_POSITIVE },
	{ "instantiated_too_late",	0,		false,	-EBUSY,	KR_POSITIVE },
	{ "rejected_after_a_failure",	-EINVAL,	true,	0,	-EKEYREJECTED },
	{ "instantiated_after_a_failure", -EINVAL,	false,	0,	KR_POSITIVE },
};

static void describe_meeting(const struct meeting *meeting, char *desc)
{
	strscpy(desc, meeting->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(meeting, meetings, describe_meeting);

/* What the first one's payload leads to; there is one case at a time. */
static struct in_flight *in_flight;

/* The first lingers; a payload is there for the second only. */
static int linger(struct kr_key *key, struct kr_prep *prep)
{
	if (prep->data)
		return 0;
	complete(&in_flight->begun);
	wait_for_completion(&in_flight->go_on);
	return in_flight->first;
}

static struct kr_key_type lingering = {
	.name		= "lingering",
	.instantiate	= linger,
};

static int be_first(void *arg)
{
	struct in_flight *flight = arg;
	struct kr_prep prep = {};
	int ret = kr_ring_instantiate_key(flight->key, &prep, NULL);

	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return ret == flight->first ? 0 : 1;
}

static int be_second(void *arg)
{
	struct in_flight *flight = arg;
	struct kr_prep prep = { .data = kr_payload_alloc(1) };

	flight->second = flight->second_rejects ?
			 kr_ring_reject_key(flight->key, EKEYREJECTED, 100, NULL) :
			 kr_ring_instantiate_key(flight->key, &prep, NULL);
	kr_payload_put_now(prep.data);
	complete(&flight->second_done);
	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return 0;
}

static void second_maker_waits_for_the_first(struct kunit *test)
{
	const struct meeting *meeting = test->param_value;
	struct in_flight *flight = kunit_kzalloc(test, sizeof(*flight), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, flight);
	init_completion(&flight->begun);
	init_completion(&flight->go_on);
	init_completion(&flight->second_done);
	flight->first = meeting->first;
	flight->second_rejects = meeting->reject;
	flight->key = kt_hold(test, kr_key_alloc(&lingering, "k", kt_uid(KT_UID), kt_gid(KT_GID),
						 KT_PERM, KR_ALLOC_IN_QUOTA));
	kr_key_set_constructing(flight->key);
	in_flight = flight;

	kt_crew_start(test, 1, be_first, flight);
	wait_for_completion(&flight->begun);
	kt_crew_start(test, 1, be_second, flight);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&flight->second_done, HZ / 5), 0ul);
	KUNIT_EXPECT_EQ(test, kr_key_state(flight->key), KR_UNINSTANTIATED);
	complete(&flight->go_on);
	wait_for_completion(&flight->second_done);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);

	KUNIT_EXPECT_EQ(test, flight->second, meeting->second);
	KUNIT_EXPECT_EQ(test, kr_key_state(flight->key), meeting->state);
	KUNIT_EXPECT_FALSE(test, test_bit(KR_KEY_CONSTRUCTING, &flight->key->flags));
	/* Whatever came of it, it was made once. */
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nikeys, 1);
}

static struct kr_key *unmade(struct kunit *test, const char *desc)
{
	return kt_hold(test, kr_key_alloc(kt_type(test, "user"), desc, kt_uid(KT_UID),
					  kt_gid(KT_GID), KT_PERM, KR_ALLOC_IN_QUOTA));
}

/* Revoked, but its links have not gone yet: a key is not made in it, though it may be rejected. */
static void revoked_ring_takes_no_link(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *inside = unmade(test, "inside");
	struct kr_key *outside = unmade(test, "outside");

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, inside), 0);
	set_bit(KR_KEY_REVOKED, &ring->flags);
	KUNIT_EXPECT_EQ(test, instantiate_into(test, inside, ring), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, instantiate_into(test, outside, ring), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, kr_key_state(inside), KR_UNINSTANTIATED);
	KUNIT_EXPECT_EQ(test, kr_key_state(outside), KR_UNINSTANTIATED);
	KUNIT_EXPECT_EQ(test, kr_ring_reject_key(outside, EKEYREJECTED, 60, ring), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, kr_key_state(outside), -EKEYREJECTED);
	KUNIT_EXPECT_FALSE(test, kt_holds(ring, outside));
}

/* It has become what it was to become, though it leaves its rings and comes to none any more. */
static void invalidated_key_is_made_or_rejected(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *one = unmade(test, "one");
	struct kr_key *two = unmade(test, "two");

	kr_ring_invalidate(one);
	kr_ring_invalidate(two);
	KUNIT_EXPECT_EQ(test, instantiate_into(test, one, ring), 0);
	KUNIT_EXPECT_EQ(test, kr_key_state(one), KR_POSITIVE);
	KUNIT_EXPECT_EQ(test, kr_ring_reject_key(two, EKEYREJECTED, 60, ring), 0);
	KUNIT_EXPECT_EQ(test, kr_key_state(two), -EKEYREJECTED);
	KUNIT_EXPECT_FALSE(test, kt_holds(ring, one));
	KUNIT_EXPECT_FALSE(test, kt_holds(ring, two));
}

static void restricted_ring_takes_no_link(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *from = kt_ring(test, "from");
	struct kr_key *key = kt_key(test, "k"), *new;

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(from, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_restrict(key, &kr_restriction_all), -ENOTDIR);
	KUNIT_EXPECT_EQ(test, kr_ring_restrict(ring, &kr_restriction_all), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_restrict(ring, &kr_restriction_all), -EEXIST);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, kt_key(test, "l")), -EPERM);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, ring, false), -EPERM);
	KUNIT_EXPECT_EQ(test, kt_add(test, ring, "m", 1), -EPERM);
	new = unmade(test, "new");
	KUNIT_EXPECT_EQ(test, kr_ring_reject_key(new, ENOKEY, 1, ring), -EPERM);
	KUNIT_EXPECT_EQ(test, kr_key_state(new), KR_UNINSTANTIATED);
	KUNIT_EXPECT_TRUE(test, kt_holds(ring, key));
	/* What is there may leave. */
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), -EPERM);
}

static struct kunit_case making_cases[] = {
	KUNIT_CASE_PARAM(waiters_are_woken, ending_gen_params),
	KUNIT_CASE_PARAM(second_maker_waits_for_the_first, meeting_gen_params),
	KUNIT_CASE(revoked_ring_takes_no_link),
	KUNIT_CASE(invalidated_key_is_made_or_rejected),
	KUNIT_CASE(restricted_ring_takes_no_link),
	{}
};

static struct kunit_suite making_suite = {
	.name		= "kr_keyring_making",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= making_cases,
};

kunit_test_suite(making_suite);
