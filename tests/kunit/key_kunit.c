// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room key: the object, its description and hash, its type, its end. */
#include "kunit_helpers.h"
#include "kunit_probe.h"

#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/slab.h>

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

/* Keys of the cases before are destroyed, and not counted. */
static void count_anew(void)
{
	rcu_barrier();
	atomic_set(&probe.destroyed, 0);
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
	KUNIT_EXPECT_EQ(test, atomic_read(&probe.destroyed), 0);
	KUNIT_EXPECT_STREQ(test, key->desc, "k");
	rcu_read_unlock();
	KUNIT_EXPECT_NULL(test, kr_key_lookup(serial));
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&probe.destroyed), 1);
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
	KUNIT_EXPECT_EQ(test, atomic_read(&probe.destroyed), 1);
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

/* Two types of one name that come and go: who has registered his finds it until he takes it back. */
static int come_and_go(void *arg)
{
	struct kr_key_type mine = { .name = "kt_twin" };
	int complaints = 0, ret;

	while (!kthread_should_stop()) {
		ret = kr_key_type_register(&mine);
		complaints += ret && ret != -EEXIST;
		if (!ret) {
			complaints += kr_key_type_find("kt_twin") != &mine;
			atomic_inc((atomic_t *)arg);
			kr_key_type_unregister(&mine);
			complaints += kr_key_type_find("kt_twin") == &mine;
		}
		complaints += !kr_key_type_find("kt_probe");
		cond_resched();
	}
	return complaints;
}

static void types_come_and_go(struct kunit *test)
{
	atomic_t rounds = ATOMIC_INIT(0);

	kt_crew_start(test, 3, come_and_go, &rounds);
	schedule_timeout_uninterruptible(KT_STRESS);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&rounds), 0);
	KUNIT_EXPECT_NULL(test, kr_key_type_find("kt_twin"));
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
	KUNIT_CASE(dead_key_is_not_found),
	KUNIT_CASE(put_of_nothing),
	KUNIT_CASE(put_later_ends_the_key),
	KUNIT_CASE(hash_depends_on_type_and_description),
	KUNIT_CASE(hash_spreads),
	KUNIT_CASE(hash_is_keyed_anew_at_each_load),
	KUNIT_CASE(payload_lives_with_its_readers),
	KUNIT_CASE(types_are_found_by_name),
	KUNIT_CASE(type_names_are_unique),
	KUNIT_CASE(types_come_and_go),
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
