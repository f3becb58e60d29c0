// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room key: its states, what leads from one to another, and the times
 * at which it expires.
 */
#include "kunit_helpers.h"
#include "kunit_probe.h"

#include <linux/kthread.h>

/*
 * Every state and every event. The states are those user space can tell apart,
 * the events what a call may do to the key itself.
 */
enum state { UNBORN, POSITIVE, NEGATIVE, EXPIRED, REVOKED, INVALIDATED, TYPE_GONE, NSTATES };
enum event { INSTANTIATE, REJECT, EXPIRE, UNEXPIRE, REVOKE, INVALIDATE, NEVENTS };

static const char *const state_names[] = {
	"uninstantiated", "positive", "negative", "expired", "revoked", "invalidated", "typegone"
};

static const char *const event_names[] = {
	"instantiate", "reject", "expire", "unexpire", "revoke", "invalidate"
};

static_assert(ARRAY_SIZE(state_names) == NSTATES && ARRAY_SIZE(event_names) == NEVENTS);

/* The event's result, and then kr_key_validate() and kr_key_state(). */
struct outcome {
	int ret;
	int validity;
	int state;
};

struct step {
	enum state from;
	enum event event;
	struct outcome after;
};

#define POS	KR_POSITIVE
#define NEG	(-EKEYREJECTED)
#define ROW(from, instantiate, reject, expire, unexpire, revoke, invalidate) \
	{ from, INSTANTIATE, instantiate }, { from, REJECT, reject },	\
	{ from, EXPIRE, expire }, { from, UNEXPIRE, unexpire },		\
	{ from, REVOKE, revoke }, { from, INVALIDATE, invalidate }
#define R(...)	{ __VA_ARGS__ }

static const struct step steps[] = {
	ROW(UNBORN, R(0, 0, POS), R(0, 0, NEG), R(0, -EKEYEXPIRED, 0), R(0, 0, 0),
	    R(0, -EKEYREVOKED, 0), R(0, -ENOKEY, 0)),
	ROW(POSITIVE, R(-EBUSY, 0, POS), R(-EBUSY, 0, POS), R(0, -EKEYEXPIRED, POS),
	    R(0, 0, POS), R(0, -EKEYREVOKED, POS), R(0, -ENOKEY, POS)),
	ROW(NEGATIVE, R(-EBUSY, 0, NEG), R(-EBUSY, 0, NEG), R(0, -EKEYEXPIRED, NEG),
	    R(0, 0, NEG), R(0, -EKEYREVOKED, NEG), R(0, -ENOKEY, NEG)),
	ROW(EXPIRED, R(-EBUSY, -EKEYEXPIRED, POS), R(-EBUSY, -EKEYEXPIRED, POS),
	    R(0, -EKEYEXPIRED, POS), R(0, 0, POS), R(0, -EKEYREVOKED, POS), R(0, -ENOKEY, POS)),
	ROW(REVOKED, R(-EBUSY, -EKEYREVOKED, POS), R(-EBUSY, -EKEYREVOKED, POS),
	    R(0, -EKEYREVOKED, POS), R(0, -EKEYREVOKED, POS), R(0, -EKEYREVOKED, POS),
	    R(0, -ENOKEY, POS)),
	ROW(INVALIDATED, R(-EBUSY, -ENOKEY, POS), R(-EBUSY, -ENOKEY, POS), R(0, -ENOKEY, POS),
	    R(0, -ENOKEY, POS), R(0, -ENOKEY, POS), R(0, -ENOKEY, POS)),
	ROW(TYPE_GONE, R(-EBUSY, -EKEYREVOKED, POS), R(-EBUSY, -EKEYREVOKED, POS),
	    R(0, -EKEYREVOKED, POS), R(0, -EKEYREVOKED, POS), R(0, -EKEYREVOKED, POS),
	    R(0, -ENOKEY, POS)),
};

static_assert(ARRAY_SIZE(steps) == NSTATES * NEVENTS);

static void describe_step(const struct step *step, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s_%s", state_names[step->from],
		 event_names[step->event]);
}

KUNIT_ARRAY_PARAM(step, steps, describe_step);

static struct kr_key *key_in_state(struct kunit *test, enum state state)
{
	struct kr_key *key = kt_hold(test, user_alloc(test, "k"));

	if (state == NEGATIVE)
		KUNIT_ASSERT_EQ(test, kr_key_reject(key, EKEYREJECTED, KR_NEVER), 0);
	else if (state != UNBORN)
		KUNIT_ASSERT_EQ(test, kt_instantiate(test, key, 5), 0);
	if (state == EXPIRED)
		KUNIT_ASSERT_EQ(test, kr_key_set_expiry(key, kr_now() - 10), 0);
	else if (state == REVOKED)
		kr_key_revoke(key);
	else if (state == INVALIDATED)
		kr_ring_invalidate(key);
	else if (state == TYPE_GONE)
		set_bit(KR_KEY_DEAD, &key->flags);
	return key;
}

static int happen(struct kunit *test, struct kr_key *key, enum event event)
{
	switch (event) {
	case INSTANTIATE:
		return kt_instantiate(test, key, 5);
	case REJECT:
		return kr_key_reject(key, EKEYREJECTED, KR_NEVER);
	case EXPIRE:
		return kr_key_set_expiry(key, kr_now());
	case UNEXPIRE:
		return kr_key_set_expiry(key, KR_NEVER);
	case REVOKE:
		kr_key_revoke(key);
		return 0;
	case INVALIDATE:
		kr_ring_invalidate(key);
		return 0;
	default:
		return -EINVAL;
	}
}

static void event_in_a_state(struct kunit *test)
{
	const struct step *step = test->param_value;
	struct kr_key *key = key_in_state(test, step->from);

	KUNIT_EXPECT_EQ(test, happen(test, key, step->event), step->after.ret);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), step->after.validity);
	KUNIT_EXPECT_EQ(test, kr_key_state(key), step->after.state);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nikeys, step->after.state ? 1 : 0);
	/* Never found by serial or not because of its state. */
	KUNIT_EXPECT_EQ(test, kr_key_count(), 1u);
}

/* Of several ills the one that tells most: gone, then revoked, then expired. */
static void worst_of_several_ills(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");
	unsigned int ills;

	for (ills = 0; ills < 16; ills++) {
		bool invalidated = ills & 1, revoked = ills & 2;
		bool dead = ills & 4, expired = ills & 8;
		int want = invalidated ? -ENOKEY : revoked || dead ? -EKEYREVOKED :
			   expired ? -EKEYEXPIRED : 0;

		assign_bit(KR_KEY_INVALIDATED, &key->flags, invalidated);
		assign_bit(KR_KEY_REVOKED, &key->flags, revoked);
		assign_bit(KR_KEY_DEAD, &key->flags, dead);
		key->expiry = expired ? kr_now() - 1 : KR_NEVER;
		KUNIT_EXPECT_EQ_MSG(test, kr_key_validate(key), want, "ills %u", ills);
	}
	key->expiry = KR_NEVER;
}

static void expires_with_the_second(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");

	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, kr_now() + 1000), 0);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	kr_clock_shift(990);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	kr_clock_shift(1000);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYEXPIRED);
	KUNIT_EXPECT_TRUE(test, kr_key_expired(key));
	kr_clock_shift(0);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, kr_now()), 0);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYEXPIRED);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, KR_NEVER), 0);
	kr_clock_shift(1LL << 40);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
}

static void instantiated_once(struct kunit *test)
{
	struct kr_key *key = kt_hold(test, probe_alloc("k", KR_ALLOC_IN_QUOTA));
	struct kr_prep prep = {};

	/* A failure may be followed by a success. */
	probe.fail = -EPERM;
	KUNIT_EXPECT_EQ(test, kr_key_instantiate(key, &prep), -EPERM);
	KUNIT_EXPECT_EQ(test, kr_key_state(key), KR_UNINSTANTIATED);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nikeys, 0);
	probe.fail = 0;
	KUNIT_EXPECT_EQ(test, kr_key_instantiate(key, &prep), 0);
	KUNIT_EXPECT_EQ(test, kr_key_instantiate(key, &prep), -EBUSY);
	KUNIT_EXPECT_EQ(test, probe.instantiated, 1);
	KUNIT_EXPECT_EQ(test, kr_key_state(key), KR_POSITIVE);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nikeys, 1);
}

struct contest {
	struct kr_key *key;
	atomic_t won;
};

static int contend(void *arg)
{
	struct contest *contest = arg;
	struct kr_prep prep = {};

	if (!kr_key_instantiate(contest->key, &prep))
		atomic_inc(&contest->won);
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return 0;
}

static void instantiated_by_one_of_many(struct kunit *test)
{
	struct contest contest = {};
	unsigned int i;

	for (i = 0; i < 20; i++) {
		contest.key = kt_hold(test, probe_alloc("k", KR_ALLOC_IN_QUOTA));
		kr_key_set_constructing(contest.key);
		atomic_set(&contest.won, 0);
		kt_crew_start(test, 4, contend, &contest);
		KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&contest.won), 1);
		KUNIT_EXPECT_EQ(test, kr_key_state(contest.key), KR_POSITIVE);
		kt_drop(test, contest.key);
	}
	KUNIT_EXPECT_EQ(test, probe.instantiated, 20);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nikeys, 0);
}

static void revoked_once(struct kunit *test)
{
	struct kr_key *key = kt_hold(test, probe_alloc("k", KR_ALLOC_IN_QUOTA));
	time64_t now = kr_now(), expiry;

	kr_key_revoke(key);
	KUNIT_EXPECT_EQ(test, probe.revoked, 1);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYREVOKED);
	/* It says so for gc_delay from now on. */
	KUNIT_EXPECT_GE(test, key->expiry, now);
	KUNIT_EXPECT_LE(test, key->expiry, kr_now());
	KUNIT_EXPECT_NOT_NULL(test, key->deadline);
	/* Who comes second empties it once more, and does not put off its end. */
	expiry = key->expiry;
	kr_clock_shift(100);
	kr_key_revoke(key);
	KUNIT_EXPECT_EQ(test, probe.revoked, 2);
	KUNIT_EXPECT_EQ(test, key->expiry, expiry);
}

static void revoking_does_not_prolong(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");
	time64_t expiry = kr_now() - 100;

	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, expiry), 0);
	kr_key_revoke(key);
	KUNIT_EXPECT_EQ(test, key->expiry, expiry);

	key = kt_key(test, "l");
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, kr_now() + 5000), 0);
	kr_key_revoke(key);
	KUNIT_EXPECT_LE(test, key->expiry, kr_now());
}

/* Whatever time it is given: it goes gc_delay after it was revoked. */
static void revocation_has_the_last_word(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");

	kr_key_revoke(key);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, KR_NEVER), 0);
	KUNIT_EXPECT_TRUE(test, kr_key_expired(key));
	KUNIT_EXPECT_NOT_NULL(test, key->deadline);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, kr_now() + 1000), 0);
	KUNIT_EXPECT_TRUE(test, kr_key_expired(key));
}

static struct kunit_case key_state_cases[] = {
	KUNIT_CASE_PARAM(event_in_a_state, step_gen_params),
	KUNIT_CASE(worst_of_several_ills),
	KUNIT_CASE(expires_with_the_second),
	KUNIT_CASE(instantiated_once),
	KUNIT_CASE(instantiated_by_one_of_many),
	KUNIT_CASE(revoked_once),
	KUNIT_CASE(revoking_does_not_prolong),
	KUNIT_CASE(revocation_has_the_last_word),
	{}
};

static struct kunit_suite key_state_suite = {
	.name		= "kr_key_state",
	.suite_init	= key_suite_init,
	.suite_exit	= key_suite_exit,
	.init		= probe_init,
	.exit		= kt_case_exit,
	.test_cases	= key_state_cases,
};

kunit_test_suite(key_state_suite);
