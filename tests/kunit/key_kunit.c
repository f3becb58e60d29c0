// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room key: the object, its serial, its states, its owner, its payload. */
#include "kunit_helpers.h"

#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/sort.h>

/* A type that counts what is asked of it. */
static struct {
	int instantiated;
	int revoked;
	int destroyed;
	int fail;	/* what instantiate returns */
} probe;

static int probe_instantiate(struct kr_key *key, struct kr_prep *prep)
{
	if (probe.fail)
		return probe.fail;
	probe.instantiated++;
	return 0;
}

static void probe_revoke(struct kr_key *key)
{
	probe.revoked++;
}

static void probe_destroy(struct kr_key *key)
{
	probe.destroyed++;
}

static struct kr_key_type probe_type = {
	.name		= "kt_probe",
	.def_datalen	= 10,
	.instantiate	= probe_instantiate,
	.revoke		= probe_revoke,
	.destroy	= probe_destroy,
};

static int probe_init(struct kunit *test)
{
	memset(&probe, 0, sizeof(probe));
	return kt_case_init(test);
}

/* Keys of the cases before are destroyed, and not counted. */
static void count_anew(void)
{
	rcu_barrier();
	probe.destroyed = 0;
}

static int key_suite_init(struct kunit_suite *suite)
{
	int ret = kt_rooms_up(suite);

	if (ret)
		return ret;
	ret = kr_key_type_register(&probe_type);
	if (ret)
		kt_rooms_down(suite);
	return ret;
}

static void key_suite_exit(struct kunit_suite *suite)
{
	kr_key_type_unregister(&probe_type);
	kt_rooms_down(suite);
}

static struct kr_key *probe_alloc(const char *desc, unsigned int flags)
{
	return kr_key_alloc(&probe_type, desc, kt_uid(KT_UID), kt_gid(KT_GID), KT_PERM, flags);
}

static struct kr_key *user_alloc(struct kunit *test, const char *desc)
{
	return kr_key_alloc(kt_type(test, "user"), desc, kt_uid(KT_UID), kt_gid(KT_GID), KT_PERM,
			    KR_ALLOC_IN_QUOTA);
}

static void new_key_is_as_it_was_asked_for(struct kunit *test)
{
	struct kr_key *key = kt_hold(test, probe_alloc("desc", KR_ALLOC_IN_QUOTA)), *found;

	KUNIT_EXPECT_STREQ(test, key->desc, "desc");
	KUNIT_EXPECT_EQ(test, key->desc_len, 4u);
	KUNIT_EXPECT_PTR_EQ(test, key->type, (const struct kr_key_type *)&probe_type);
	KUNIT_EXPECT_TRUE(test, uid_eq(key->uid, kt_uid(KT_UID)));
	KUNIT_EXPECT_TRUE(test, gid_eq(key->gid, kt_gid(KT_GID)));
	KUNIT_EXPECT_EQ(test, key->perm, KT_PERM);
	KUNIT_EXPECT_EQ(test, key->hash, kr_key_hash(&probe_type, "desc", 4));
	KUNIT_EXPECT_EQ(test, kr_key_state(key), KR_UNINSTANTIATED);
	KUNIT_EXPECT_EQ(test, key->expiry, KR_NEVER);
	KUNIT_EXPECT_GE(test, key->serial, KR_SERIAL_MIN);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KUNIT_EXPECT_NULL(test, key->holders.first);
	KUNIT_EXPECT_EQ(test, key->holders.more, 0ul);
	KUNIT_EXPECT_FALSE(test, kr_key_is_ring(key));
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 1u);

	found = kr_key_lookup(key->serial);
	KUNIT_EXPECT_PTR_EQ(test, found, key);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
	kr_key_put(found);
}

struct alloc_case {
	const char *name;
	unsigned int flags;
	bool charged;		/* when there is room */
	int ret;		/* when there is none */
	unsigned long bits;
};

static const struct alloc_case alloc_cases[] = {
	{ "in_quota", KR_ALLOC_IN_QUOTA, true, -EDQUOT, BIT(KR_KEY_IN_QUOTA) },
	{ "overrun", KR_ALLOC_OVERRUN, true, 0, BIT(KR_KEY_IN_QUOTA) },
	{ "not_in_quota", KR_ALLOC_NOT_IN_QUOTA, false, 0, 0 },
	{ "uid_ring", KR_ALLOC_UID_RING, true, -EDQUOT,
	  BIT(KR_KEY_IN_QUOTA) | BIT(KR_KEY_UID_RING) },
};

static void describe_alloc(const struct alloc_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(alloc, alloc_cases, describe_alloc);

/* Quota: the description with its NUL, and what the type asks for beforehand. */
static void alloc_charges_and_put_gives_back(struct kunit *test)
{
	const struct alloc_case *c = test->param_value;
	struct kr_key *key = kt_hold(test, probe_alloc("desc", c->flags));
	struct kt_debt debt = kt_debt(KT_UID);

	KUNIT_EXPECT_EQ(test, key->flags, c->bits);
	KUNIT_EXPECT_EQ(test, debt.qnkeys, c->charged ? 1u : 0u);
	KUNIT_EXPECT_EQ(test, debt.qnbytes, c->charged ? 15ULL : 0ULL);
	KUNIT_EXPECT_EQ(test, debt.nkeys, 1);
	KUNIT_EXPECT_EQ(test, debt.nikeys, 0);

	kt_drop(test, key);
	debt = kt_debt(KT_UID);
	KUNIT_EXPECT_EQ(test, debt.qnkeys, 0u);
	KUNIT_EXPECT_EQ(test, debt.qnbytes, 0ULL);
	KUNIT_EXPECT_EQ(test, debt.nkeys, 0);
}

static void alloc_without_room(struct kunit *test)
{
	const struct alloc_case *c = test->param_value;
	struct kr_key *key;

	kr_limit_values.maxkeys = 1;
	kt_hold(test, probe_alloc("first", KR_ALLOC_IN_QUOTA));
	key = probe_alloc("desc", c->flags);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(key), c->ret);
	if (!IS_ERR(key))
		kr_key_put(key);

	/* And the same for bytes: 15 of 15 fit, 16 do not. */
	kr_limit_values.maxkeys = 10;
	kr_limit_values.maxbytes = kt_debt(KT_UID).qnbytes + 15;
	key = probe_alloc("desc", KR_ALLOC_IN_QUOTA);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(key), 0);
	if (!IS_ERR(key))
		kr_key_put(key);
	key = probe_alloc("desc5", c->flags);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(key), c->ret);
	if (!IS_ERR(key))
		kr_key_put(key);
	KT_EXPECT_DEBT(test, KT_UID, 1, 16);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 1u);
}

static void key_needs_a_description(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(probe_alloc(NULL, KR_ALLOC_IN_QUOTA)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(probe_alloc("", KR_ALLOC_IN_QUOTA)), -EINVAL);
	/* What the type says of it is heard. */
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(kr_key_alloc(kt_type(test, "logon"), "nocolon",
							   kt_uid(KT_UID), kt_gid(KT_GID), KT_PERM,
							   KR_ALLOC_IN_QUOTA)), -EINVAL);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nkeys, 0);
}

/* Around the sizes at which a description gets memory of its own, and the longest. */
static const unsigned int desc_sizes[] = {
	1, 2, 7, 8, 15, 16, 22, 23, 24, 25, 31, 32, 38, 39, 40, 41, 47, 48, 49, 63, 64, 255, 4095
};

static void describe_length(const unsigned int *len, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *len);
}

KUNIT_ARRAY_PARAM(desc_size, desc_sizes, describe_length);

static void check_desc(struct kunit *test, struct kr_key *key, const char *desc, unsigned int len)
{
	KUNIT_EXPECT_STREQ(test, key->desc, desc);
	KUNIT_EXPECT_EQ(test, key->desc_len, len);
	KUNIT_EXPECT_EQ(test, key->quotalen, (size_t)len + 1);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).qnbytes, (u64)len + 1);
}

static void description_of_any_length(struct kunit *test)
{
	unsigned int len = *(const unsigned int *)test->param_value;
	char *desc = kunit_kmalloc(test, len + 1, GFP_KERNEL);
	struct kr_key *key;

	KUNIT_ASSERT_NOT_NULL(test, desc);
	memset(desc, 'd', len);
	desc[len - 1] = 'e';
	desc[len] = '\0';

	key = kt_hold(test, user_alloc(test, desc));
	check_desc(test, key, desc, len);
	kt_drop(test, key);
	key = kt_ring(test, desc);
	check_desc(test, key, desc, len);
}

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
		wrong += serials[i] < KR_SERIAL_MIN;
		ups += i && serials[i] > serials[i - 1];
		high += serials[i] > S32_MAX / 2;
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

static void dead_key_is_not_found(struct kunit *test)
{
	struct kr_key *key = probe_alloc("k", KR_ALLOC_IN_QUOTA);
	s32 serial;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, key);
	count_anew();
	serial = key->serial;
	rcu_read_lock();
	kr_key_put(key);
	/* A reader that found it before may still look, and gets no reference. */
	KUNIT_EXPECT_FALSE(test, kr_key_tryget(key));
	KUNIT_EXPECT_EQ(test, probe.destroyed, 0);
	KUNIT_EXPECT_STREQ(test, key->desc, "k");
	rcu_read_unlock();
	KUNIT_EXPECT_NULL(test, kr_key_lookup(serial));
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, probe.destroyed, 1);
}

static void put_of_nothing(struct kunit *test)
{
	kr_key_put(NULL);
	kr_key_put_later(NULL);
	kr_payload_put(NULL);
	kr_payload_put_now(NULL);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
}

/* The last put in atomic context: dead at once, the rest is the reaper's. */
static void put_later_ends_the_key(struct kunit *test)
{
	struct kr_key *key = probe_alloc("k", KR_ALLOC_IN_QUOTA);
	s32 serial;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, key);
	count_anew();
	serial = key->serial;
	kr_key_get(key);
	kr_key_put_later(key);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 1u);

	rcu_read_lock();
	kr_key_put_later(key);
	rcu_read_unlock();
	KUNIT_EXPECT_NULL(test, kr_key_lookup(serial));
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, probe.destroyed, 1);
}

static void hash_depends_on_type_and_description(struct kunit *test)
{
	const struct kr_key_type *user = kt_type(test, "user"), *logon = kt_type(test, "logon");
	u32 hash = kr_key_hash(user, "abcdefgh", 8);

	KUNIT_EXPECT_EQ(test, kr_key_hash(user, "abcdefgh", 8), hash);
	KUNIT_EXPECT_NE(test, kr_key_hash(logon, "abcdefgh", 8), hash);
	KUNIT_EXPECT_NE(test, kr_key_hash(user, "abcdefgi", 8), hash);
	KUNIT_EXPECT_NE(test, kr_key_hash(user, "bbcdefgh", 8), hash);
	KUNIT_EXPECT_NE(test, kr_key_hash(user, "abcdefgh", 7), hash);
}

static void hash_spreads(struct kunit *test)
{
	const struct kr_key_type *user = kt_type(test, "user");
	DECLARE_BITMAP(high, 256) = {};
	DECLARE_BITMAP(low, 256) = {};
	unsigned int i, len;
	char desc[16];
	u32 hash;

	for (i = 0; i < 2048; i++) {
		len = snprintf(desc, sizeof(desc), "k%u", i);
		hash = kr_key_hash(user, desc, len);
		__set_bit(hash >> 24, high);
		__set_bit(hash & 0xff, low);
	}
	KUNIT_EXPECT_GT(test, bitmap_weight(high, 256), 240u);
	KUNIT_EXPECT_GT(test, bitmap_weight(low, 256), 240u);
}

/* The order in which a ring is read comes from the hash: it is another one after each load. */
static void hash_is_keyed_anew_at_each_load(struct kunit *test)
{
	u32 before[4], i, same = 0;

	for (i = 0; i < 4; i++)
		before[i] = kr_key_hash(&probe_type, "abcd" + i, 4 - i);
	kr_key_type_unregister(&probe_type);
	kt_rooms_down(NULL);
	KUNIT_ASSERT_EQ(test, kt_rooms_up(NULL), 0);
	KUNIT_ASSERT_EQ(test, kr_key_type_register(&probe_type), 0);
	for (i = 0; i < 4; i++)
		same += before[i] == kr_key_hash(&probe_type, "abcd" + i, 4 - i);
	KUNIT_EXPECT_LT(test, same, 2u);
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
	time64_t now = kr_now();

	kr_key_revoke(key);
	kr_key_revoke(key);
	KUNIT_EXPECT_EQ(test, probe.revoked, 1);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYREVOKED);
	/* It says so for gc_delay from now on. */
	KUNIT_EXPECT_GE(test, key->expiry, now);
	KUNIT_EXPECT_LE(test, key->expiry, kr_now());
	KUNIT_EXPECT_NOT_NULL(test, key->deadline);
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

/* The reference on the account passes when it is the new owner's. */
static int give_to(struct kunit *test, struct kr_key *key, u32 uid, kgid_t gid)
{
	struct kr_account *account = kr_account_get_by_uid(kt_uid(uid));
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, account);
	ret = kr_key_chown(key, account, gid);
	if (ret)
		kr_account_put(account);
	return ret;
}

static void chown_moves_the_debt(struct kunit *test)
{
	struct kr_key *key = kt_key_of(test, KT_UID, "four", 20), *rest = kt_key(test, "r");
	struct kt_debt debt;

	KUNIT_EXPECT_EQ(test, give_to(test, key, KT_OTHER, kt_gid(7)), 0);
	KUNIT_EXPECT_TRUE(test, uid_eq(key->uid, kt_uid(KT_OTHER)));
	KUNIT_EXPECT_TRUE(test, gid_eq(key->gid, kt_gid(7)));
	KT_EXPECT_DEBT(test, KT_UID, 1, 3);
	KT_EXPECT_DEBT(test, KT_OTHER, 1, 25);
	debt = kt_debt(KT_OTHER);
	KUNIT_EXPECT_EQ(test, debt.nkeys, 1);
	KUNIT_EXPECT_EQ(test, debt.nikeys, 1);
	debt = kt_debt(KT_UID);
	KUNIT_EXPECT_EQ(test, debt.nkeys, 1);
	KUNIT_EXPECT_EQ(test, debt.nikeys, 1);

	/* What is not instantiated is not counted so. */
	kt_drop(test, rest);
	rest = kt_hold(test, user_alloc(test, "unborn"));
	KUNIT_EXPECT_EQ(test, give_to(test, rest, KT_OTHER, INVALID_GID), 0);
	debt = kt_debt(KT_OTHER);
	KUNIT_EXPECT_EQ(test, debt.nkeys, 2);
	KUNIT_EXPECT_EQ(test, debt.nikeys, 1);
	KUNIT_EXPECT_TRUE(test, gid_eq(rest->gid, kt_gid(KT_GID)));
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nkeys, 0);
}

static void chown_to_somebody_without_room(struct kunit *test)
{
	struct kr_key *key = kt_key_of(test, KT_UID, "four", 20);

	kt_key_of(test, KT_OTHER, "k", 1);
	kr_limit_values.maxkeys = 1;
	KUNIT_EXPECT_EQ(test, give_to(test, key, KT_OTHER, kt_gid(7)), -EDQUOT);
	kr_limit_values.maxkeys = 2;
	kr_limit_values.maxbytes = 27;
	KUNIT_EXPECT_EQ(test, give_to(test, key, KT_OTHER, kt_gid(7)), -EDQUOT);
	KUNIT_EXPECT_TRUE(test, uid_eq(key->uid, kt_uid(KT_UID)));
	KUNIT_EXPECT_TRUE(test, gid_eq(key->gid, kt_gid(KT_GID)));
	KT_EXPECT_DEBT(test, KT_UID, 1, 25);
	KT_EXPECT_DEBT(test, KT_OTHER, 1, 3);
	kr_limit_values.maxbytes = 28;
	KUNIT_EXPECT_EQ(test, give_to(test, key, KT_OTHER, kt_gid(7)), 0);
}

static void chown_to_the_same_owner(struct kunit *test)
{
	struct kr_key *key = kt_key_of(test, KT_UID, "four", 20);
	unsigned int usage = refcount_read(&key->account->usage);

	kr_limit_values.maxkeys = 1;
	KUNIT_EXPECT_EQ(test, give_to(test, key, KT_UID, kt_gid(7)), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->account->usage), usage);
	KUNIT_EXPECT_TRUE(test, gid_eq(key->gid, kt_gid(7)));
	KUNIT_EXPECT_EQ(test, kr_key_chown(key, NULL, kt_gid(8)), 0);
	KUNIT_EXPECT_TRUE(test, gid_eq(key->gid, kt_gid(8)));
	KUNIT_EXPECT_EQ(test, kr_key_chown(key, NULL, INVALID_GID), 0);
	KUNIT_EXPECT_TRUE(test, gid_eq(key->gid, kt_gid(8)));
	KT_EXPECT_DEBT(test, KT_UID, 1, 25);
}

static void chown_of_a_key_that_is_not_charged(struct kunit *test)
{
	struct kr_key *key = kt_hold(test, probe_alloc("k", KR_ALLOC_NOT_IN_QUOTA));

	kr_limit_values.maxkeys = 0;
	KUNIT_EXPECT_EQ(test, give_to(test, key, KT_OTHER, INVALID_GID), 0);
	KT_EXPECT_DEBT(test, KT_OTHER, 0, 0);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_OTHER).nkeys, 1);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nkeys, 0);
}

struct auction {
	struct kr_key *key;
	atomic_t moved;
};

static int take_turns(void *arg)
{
	struct auction *auction = arg;
	u32 uid = KT_UID;

	while (!kthread_should_stop()) {
		struct kr_account *account;

		uid = uid == KT_UID ? KT_OTHER : KT_UID;
		account = kr_account_get_by_uid(kt_uid(uid));
		if (!account)
			continue;
		if (kr_key_chown(auction->key, account, INVALID_GID))
			kr_account_put(account);
		else
			atomic_inc(&auction->moved);
		cond_resched();
	}
	return 0;
}

/* Owner, quota and payload change at once: the sums are right in the end. */
static void chown_while_the_payload_changes(struct kunit *test)
{
	struct auction auction = { .key = kt_key_of(test, KT_UID, "four", 20) };
	unsigned long end = jiffies + KT_STRESS;
	struct kt_debt a, b;
	size_t len = 0;

	kt_crew_start(test, 2, take_turns, &auction);
	while (time_before(jiffies, end)) {
		spin_lock(&auction.key->lock);
		kr_key_set_payload_quota(auction.key, len++ % 100);
		spin_unlock(&auction.key->lock);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&auction.moved), 1);

	a = kt_debt(KT_UID);
	b = kt_debt(KT_OTHER);
	KUNIT_EXPECT_EQ(test, a.qnkeys + b.qnkeys, 1u);
	KUNIT_EXPECT_EQ(test, a.qnbytes + b.qnbytes, (u64)auction.key->quotalen);
	KUNIT_EXPECT_EQ(test, auction.key->quotalen, auction.key->datalen + 5);
	KUNIT_EXPECT_EQ(test, a.nkeys + b.nkeys, 1);
	KUNIT_EXPECT_EQ(test, a.nikeys + b.nikeys, 1);
	KUNIT_EXPECT_TRUE(test, a.nkeys == (uid_eq(auction.key->uid, kt_uid(KT_UID)) ? 1 : 0));
}

static int set_quota(struct kr_key *key, size_t datalen)
{
	int ret;

	spin_lock(&key->lock);
	ret = kr_key_set_payload_quota(key, datalen);
	spin_unlock(&key->lock);
	return ret;
}

static void payload_quota_follows_the_payload(struct kunit *test)
{
	struct kr_key *key = kt_hold(test, probe_alloc("four", KR_ALLOC_IN_QUOTA));

	kr_limit_values.maxbytes = 105;
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)10);
	KUNIT_EXPECT_EQ(test, set_quota(key, 100), 0);
	KT_EXPECT_DEBT(test, KT_UID, 1, 105);
	KUNIT_EXPECT_EQ(test, set_quota(key, 101), -EDQUOT);
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)100);
	KUNIT_EXPECT_EQ(test, key->quotalen, (size_t)105);
	KT_EXPECT_DEBT(test, KT_UID, 1, 105);
	/* Less is always possible, also above a limit that was lowered. */
	kr_limit_values.maxbytes = 5;
	KUNIT_EXPECT_EQ(test, set_quota(key, 50), 0);
	KUNIT_EXPECT_EQ(test, set_quota(key, 50), 0);
	KT_EXPECT_DEBT(test, KT_UID, 1, 55);
	KUNIT_EXPECT_EQ(test, set_quota(key, 0), 0);
	KT_EXPECT_DEBT(test, KT_UID, 1, 5);
}

static void follow(struct kr_key *key, size_t datalen)
{
	spin_lock(&key->lock);
	kr_key_follow_payload(key, datalen);
	spin_unlock(&key->lock);
}

/* What is there is charged, over the limit or not, and given back as it was charged. */
static void payload_that_has_grown(struct kunit *test)
{
	struct kr_key *key = kt_hold(test, probe_alloc("four", KR_ALLOC_IN_QUOTA));

	kr_limit_values.maxbytes = 20;
	follow(key, 100);
	KUNIT_EXPECT_EQ(test, key->datalen, 100u);
	KT_EXPECT_DEBT(test, KT_UID, 1, 105);
	KUNIT_EXPECT_EQ(test, set_quota(key, 101), -EDQUOT);
	follow(key, 1);
	KT_EXPECT_DEBT(test, KT_UID, 1, 6);
	kt_drop(test, key);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
}

static void payload_quota_of_a_key_that_is_not_charged(struct kunit *test)
{
	struct kr_key *key = kt_hold(test, probe_alloc("four", KR_ALLOC_NOT_IN_QUOTA));

	kr_limit_values.maxbytes = 0;
	KUNIT_EXPECT_EQ(test, set_quota(key, 100000), 0);
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)100000);
	KUNIT_EXPECT_EQ(test, key->quotalen, (size_t)100005);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
}

static void payload_lives_with_its_readers(struct kunit *test)
{
	struct kr_payload *payload = kt_payload(test, 100, 'p');
	struct kr_buf buf = {};
	u8 copy[12];

	KUNIT_EXPECT_EQ(test, payload->len, 100u);
	KUNIT_EXPECT_EQ(test, refcount_read(&payload->usage), 1u);
	refcount_inc(&payload->usage);
	kr_payload_put(payload);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, payload->data[99], (u8)'p');

	memset(copy, '.', sizeof(copy));
	buf.kernel = copy;
	buf.len = sizeof(copy);
	KUNIT_EXPECT_EQ(test, kr_buf_write(&buf, 2, payload->data, 4), 0);
	KUNIT_EXPECT_EQ(test, memcmp(copy, "..pppp......", sizeof(copy)), 0);
	kr_payload_put_now(payload);
}

static void types_are_found_by_name(struct kunit *test)
{
	KUNIT_EXPECT_PTR_EQ(test, kr_key_type_find("kt_probe"),
			    (const struct kr_key_type *)&probe_type);
	KUNIT_EXPECT_PTR_EQ(test, kr_key_type_find("keyring"), kr_key_ring_type);
	KUNIT_EXPECT_NULL(test, kr_key_type_find("kt_prob"));
	KUNIT_EXPECT_NULL(test, kr_key_type_find("kt_probe2"));
	KUNIT_EXPECT_NULL(test, kr_key_type_find(""));
	KUNIT_EXPECT_NULL(test, kr_key_type_find("dead"));
	/* Nobody asks for one of these by its type. */
	KUNIT_EXPECT_NULL(test, kr_key_type_find(".request_key_auth"));
}

static void type_names_are_unique(struct kunit *test)
{
	static struct kr_key_type twin = { .name = "kt_probe" }, other = { .name = "kt_other" };

	KUNIT_EXPECT_EQ(test, kr_key_type_register(&twin), -EEXIST);
	KUNIT_EXPECT_PTR_EQ(test, kr_key_type_find("kt_probe"),
			    (const struct kr_key_type *)&probe_type);
	KUNIT_EXPECT_EQ(test, kr_key_type_register(&other), 0);
	KUNIT_EXPECT_EQ(test, kr_key_type_register(&other), -EEXIST);
	kr_key_type_unregister(&other);
	KUNIT_EXPECT_NULL(test, kr_key_type_find("kt_other"));
	KUNIT_EXPECT_NOT_NULL(test, kr_key_type_find("kt_probe"));
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

static int make_and_drop(void *arg)
{
	struct kr_key *keys[32];
	int complaints = 0, i;

	while (!kthread_should_stop()) {
		for (i = 0; i < ARRAY_SIZE(keys); i++) {
			keys[i] = probe_alloc("k", KR_ALLOC_OVERRUN);
			complaints += IS_ERR(keys[i]);
		}
		cond_resched();
		for (i = 0; i < ARRAY_SIZE(keys); i++)
			kr_key_put(IS_ERR(keys[i]) ? NULL : keys[i]);
		atomic_inc((atomic_t *)arg);
	}
	return complaints;
}

static void made_by_many_at_once(struct kunit *test)
{
	atomic_t rounds = ATOMIC_INIT(0);
	struct kt_debt debt;

	kt_crew_start(test, 4, make_and_drop, &rounds);
	msleep(700);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&rounds), 0);
	debt = kt_debt(KT_UID);
	KUNIT_EXPECT_EQ(test, debt.nkeys, 0);
	KUNIT_EXPECT_EQ(test, debt.qnkeys, 0u);
}

static struct kunit_case key_cases[] = {
	KUNIT_CASE(new_key_is_as_it_was_asked_for),
	KUNIT_CASE_PARAM(alloc_charges_and_put_gives_back, alloc_gen_params),
	KUNIT_CASE_PARAM(alloc_without_room, alloc_gen_params),
	KUNIT_CASE(key_needs_a_description),
	KUNIT_CASE_PARAM(description_of_any_length, desc_size_gen_params),
	KUNIT_CASE(serials_are_random_and_unique),
	KUNIT_CASE(taken_serials_are_not_given),
	KUNIT_CASE_PARAM(no_key_has_that_serial, no_serial_gen_params),
	KUNIT_CASE(dead_key_is_not_found),
	KUNIT_CASE(put_of_nothing),
	KUNIT_CASE(put_later_ends_the_key),
	KUNIT_CASE(hash_depends_on_type_and_description),
	KUNIT_CASE(hash_spreads),
	KUNIT_CASE(hash_is_keyed_anew_at_each_load),
	KUNIT_CASE(walk_sees_every_key),
	KUNIT_CASE_PARAM(event_in_a_state, step_gen_params),
	KUNIT_CASE(worst_of_several_ills),
	KUNIT_CASE(expires_with_the_second),
	KUNIT_CASE(instantiated_once),
	KUNIT_CASE(instantiated_by_one_of_many),
	KUNIT_CASE(revoked_once),
	KUNIT_CASE(revoking_does_not_prolong),
	KUNIT_CASE(revocation_has_the_last_word),
	KUNIT_CASE(chown_moves_the_debt),
	KUNIT_CASE(chown_to_somebody_without_room),
	KUNIT_CASE(chown_to_the_same_owner),
	KUNIT_CASE(chown_of_a_key_that_is_not_charged),
	KUNIT_CASE(chown_while_the_payload_changes),
	KUNIT_CASE(payload_quota_follows_the_payload),
	KUNIT_CASE(payload_that_has_grown),
	KUNIT_CASE(payload_quota_of_a_key_that_is_not_charged),
	KUNIT_CASE(payload_lives_with_its_readers),
	KUNIT_CASE(types_are_found_by_name),
	KUNIT_CASE(type_names_are_unique),
	KUNIT_CASE(looked_up_while_they_come_and_go),
	KUNIT_CASE(made_by_many_at_once),
	{}
};

static struct kunit_suite key_suite = {
	.name		= "kr_key",
	.suite_init	= key_suite_init,
	.suite_exit	= key_suite_exit,
	.init		= probe_init,
	.exit		= kt_case_exit,
	.test_cases	= key_cases,
};

kunit_test_suite(key_suite);
