// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room keyring: a restriction that looks at payloads, and a type that
 * looks at one only when it knows whether it is for a new key or for an update.
 */
#include "kunit_rings.h"

/* The case's ring, what may be added to it, and how often that was asked. */
static struct {
	struct kr_restriction restriction;
	const struct kr_key_type *user;
	struct kr_key_type type;
	struct kr_key *ring;
	const struct cred *actor;
	bool admits;
	unsigned int asked;
} set;

static int late_preparse(struct kr_prep *prep)
{
	prep->deferred = true;
	return set.user->preparse(prep);
}

static bool sees_payload(struct kr_restriction *restriction, const struct kr_key_type *type)
{
	return type == &set.type;
}

static int check_payload(struct kr_restriction *restriction, struct kr_ring *ring,
			 const struct kr_key_type *type, void *payload)
{
	set.asked++;
	if (!payload)
		return -EINVAL;
	return set.admits ? 0 : -EKEYREJECTED;
}

static int late_init(struct kunit *test)
{
	int ret = kt_case_init(test);

	if (ret)
		return ret;
	memset(&set, 0, sizeof(set));
	set.user = kt_type(test, "user");
	set.type = *set.user;
	set.type.name = "kt_late";
	set.type.preparse = late_preparse;
	set.ring = kt_ring(test, "ring");
	set.actor = kt_actor(test, KT_UID, KT_GID);
	set.restriction.check = check_payload;
	set.restriction.sees_payload = sees_payload;
	KUNIT_ASSERT_EQ(test, kr_ring_restrict(set.ring, &set.restriction), 0);
	return 0;
}

/* The restriction goes before the ring would. */
static void late_exit(struct kunit *test)
{
	if (set.ring)
		kt_drop(test, set.ring);
	kt_case_exit(test);
}

static int add(struct kunit *test, size_t len, struct kr_key **key)
{
	const struct kr_key_ref ref = { .key = set.ring, .possessed = true };
	struct kr_prep prep = { .desc = "k", .data = kt_payload(test, len, 'x') };
	struct kr_key_ref out = {};
	int ret = kr_ring_add_key(&ref, &set.type, &prep, set.actor, &out);

	kr_payload_put_now(prep.data);
	*key = ret ? NULL : kt_hold(test, out.key);
	return ret;
}

static void new_key_that_is_refused_leaves_nothing(struct kunit *test)
{
	struct kr_key *key;

	KUNIT_EXPECT_EQ(test, add(test, 3, &key), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, set.asked, 1u);
	KUNIT_EXPECT_EQ(test, links_of(set.ring), 0u);
	KT_EXPECT_DEBT(test, KT_UID, 1, 5);
}

/* What is asked is the payload that the key has. */
static void key_that_is_refused_is_not_updated(struct kunit *test)
{
	struct kr_key *key, *again;

	set.admits = true;
	KUNIT_ASSERT_EQ(test, add(test, 3, &key), 0);
	KUNIT_EXPECT_EQ(test, set.asked, 1u);
	set.admits = false;
	KUNIT_EXPECT_EQ(test, add(test, 7, &again), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, set.asked, 2u);
	KUNIT_EXPECT_EQ(test, key->datalen, 3u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
	KUNIT_EXPECT_TRUE(test, holds(test, set.ring, key));
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 4 + 2 + 3);
	set.admits = true;
	KUNIT_ASSERT_EQ(test, add(test, 7, &again), 0);
	KUNIT_EXPECT_PTR_EQ(test, again, key);
	KUNIT_EXPECT_EQ(test, key->datalen, 7u);
}

static struct kunit_case late_cases[] = {
	KUNIT_CASE(new_key_that_is_refused_leaves_nothing),
	KUNIT_CASE(key_that_is_refused_is_not_updated),
	{}
};

static struct kunit_suite late_suite = {
	.name		= "kr_keyring_late",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= late_init,
	.exit		= late_exit,
	.test_cases	= late_cases,
};

kunit_test_suite(late_suite);
