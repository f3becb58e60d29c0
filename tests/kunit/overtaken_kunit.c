// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room keyring: the key that add_key(2) found ends before it is updated,
 * for the ring is not locked meanwhile; or the reaper comes for it.
 */
#include "kunit_rings.h"

#include <keyrings/keyring_reap.h>
#include <linux/completion.h>
#include <linux/kthread.h>

/* The case, and what it lets happen to a key whenever one is about to be updated. */
static struct {
	struct kunit *test;
	const struct kr_key_type *user;
	struct kr_key *ring;
	const struct cred *actor;
	void (*overtake)(struct kr_key *key);
	unsigned int updates;
} set;

static int overtaken_update(struct kr_key *key, struct kr_prep *prep)
{
	set.updates++;
	if (set.overtake)
		set.overtake(key);
	return set.user->update(key, prep);
}

/* The type `user` but for its update. */
static struct kr_key_type overtaken_type;

static int overtaken_suite_init(struct kunit_suite *suite)
{
	const struct kr_key_type *user;
	int ret = kt_rooms_up(suite);

	if (ret)
		return ret;
	user = kr_key_type_find("user");
	overtaken_type = (struct kr_key_type) {
		.name		= "kt_overtaken",
		.preparse	= user->preparse,
		.free_preparse	= user->free_preparse,
		.instantiate	= user->instantiate,
		.update		= overtaken_update,
		.revoke		= user->revoke,
		.destroy	= user->destroy,
		.update_revives	= true,
	};
	ret = kr_key_type_register(&overtaken_type);
	if (ret)
		kt_rooms_down(suite);
	return ret;
}

static void overtaken_suite_exit(struct kunit_suite *suite)
{
	kr_key_type_unregister(&overtaken_type);
	kt_rooms_down(suite);
}

static int overtaken_init(struct kunit *test)
{
	int ret = kt_case_init(test);

	if (ret)
		return ret;
	memset(&set, 0, sizeof(set));
	set.test = test;
	set.user = kt_type(test, "user");
	set.ring = kt_ring(test, "ring");
	set.actor = kt_actor(test, KT_UID, KT_GID);
	return 0;
}

/* By the ring's owner, who possesses it. */
static int add(struct kr_payload **payload, struct kr_key **key)
{
	const struct kr_key_ref ref = { .key = set.ring, .possessed = true };
	struct kr_prep prep = { .desc = "k", .data = *payload };
	struct kr_key_ref out = {};
	int ret = kr_ring_add_key(&ref, &overtaken_type, &prep, set.actor, &out);

	*payload = prep.data;
	*key = ret ? NULL : out.key;
	return ret;
}

/* The key is held by the case. */
static int add_bytes(size_t len, struct kr_key **key)
{
	struct kr_payload *payload = kt_payload(set.test, len, 'x');
	int ret = add(&payload, key);

	kr_payload_put_now(payload);
	if (!ret)
		kt_hold(set.test, *key);
	return ret;
}

/* Only this key is in the ring, and all is well with it. */
static void expect_alone(struct kunit *test, const struct kr_key *key, size_t len)
{
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	KUNIT_EXPECT_EQ(test, kr_key_state(key), KR_POSITIVE);
	KUNIT_EXPECT_EQ(test, key->datalen, len);
	KUNIT_EXPECT_TRUE(test, holds(test, set.ring, key));
	KUNIT_EXPECT_EQ(test, links_of(set.ring), 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
}

static void key_revoked_before_its_update_is_displaced(struct kunit *test)
{
	struct kr_key *old, *key;

	KUNIT_ASSERT_EQ(test, add_bytes(3, &old), 0);
	set.overtake = kr_key_revoke;
	KUNIT_ASSERT_EQ(test, add_bytes(7, &key), 0);
	KUNIT_EXPECT_EQ(test, set.updates, 1u);
	KUNIT_EXPECT_PTR_NE(test, key, old);
	expect_alone(test, key, 7);
	KUNIT_EXPECT_EQ(test, refcount_read(&old->usage), 1u);
	/* The ring with one link, the revoked key that has no payload, and the new one. */
	KT_EXPECT_DEBT(test, KT_UID, 3, 5 + 4 + 2 + 2 + 7);
}

static void revoke_and_put_another_there(struct kr_key *key)
{
	struct kr_key *another;

	kr_key_revoke(key);
	if (set.updates < 5)
		KUNIT_EXPECT_EQ(set.test, add_bytes(1, &another), 0);
}

static void each_key_in_its_place_is_updated_in_turn(struct kunit *test)
{
	struct kr_key *key;

	KUNIT_ASSERT_EQ(test, add_bytes(3, &key), 0);
	set.overtake = revoke_and_put_another_there;
	KUNIT_ASSERT_EQ(test, add_bytes(7, &key), 0);
	KUNIT_EXPECT_EQ(test, set.updates, 5u);
	expect_alone(test, key, 7);
	KT_EXPECT_DEBT(test, KT_UID, 1 + 5 + 1, 5 + 4 + 5 * 2 + 2 + 7);
}

static void revoke_with_its_ring(struct kr_key *key)
{
	kr_key_revoke(key);
	kr_key_revoke(set.ring);
}

/* As if the key had never been there. */
static void ring_that_was_revoked_too_has_the_last_word(struct kunit *test)
{
	struct kr_key *old, *key;

	KUNIT_ASSERT_EQ(test, add_bytes(3, &old), 0);
	set.overtake = revoke_with_its_ring;
	KUNIT_EXPECT_EQ(test, add_bytes(7, &key), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, set.updates, 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&old->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 2);
}

static void come_for_it(struct kr_key *key)
{
	kr_ring_reap_key(key);
}

/* As long as it is in the ring it can be updated, and then it stays there. */
static void key_that_has_expired_is_not_reaped_while_it_is_updated(struct kunit *test)
{
	struct kr_key *old, *key;

	KUNIT_ASSERT_EQ(test, add_bytes(3, &old), 0);
	KUNIT_ASSERT_EQ(test, kr_key_set_expiry(old, kr_now() - 1), 0);
	set.overtake = come_for_it;
	KUNIT_ASSERT_EQ(test, add_bytes(7, &key), 0);
	KUNIT_EXPECT_EQ(test, set.updates, 1u);
	KUNIT_EXPECT_PTR_EQ(test, key, old);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	KUNIT_EXPECT_TRUE(test, holds(test, set.ring, key));
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 4 + 2 + 7);
}

/* Also with the ring locked there may be others who end it. */
static void key_with_a_time_is_displaced_like_others(struct kunit *test)
{
	struct kr_key *old, *key;

	KUNIT_ASSERT_EQ(test, add_bytes(3, &old), 0);
	KUNIT_ASSERT_EQ(test, kr_key_set_expiry(old, kr_now() + 1000), 0);
	set.overtake = kr_key_revoke;
	KUNIT_ASSERT_EQ(test, add_bytes(7, &key), 0);
	KUNIT_EXPECT_PTR_NE(test, key, old);
	expect_alone(test, key, 7);
	KUNIT_EXPECT_FALSE(test, holds(test, set.ring, old));
}

struct adder {
	struct kr_payload *payload;
	struct kr_key *key;
	struct completion done;
};

static int add_once(void *arg)
{
	struct adder *adder = arg;
	int ret = add(&adder->payload, &adder->key);

	complete(&adder->done);
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return ret;
}

/* What becomes of a key that is waited for. */
static void (*const ends[])(struct kr_key *key) = { kr_key_revoke, kr_ring_invalidate, NULL };
static const char *const end_names[] = { "revoked", "invalidated", "rejected" };

static void describe_end(void (*const *end)(struct kr_key *key), char *desc)
{
	strscpy(desc, end_names[end - ends], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(end, ends, describe_end);

static void key_that_ends_while_it_is_made_is_displaced(struct kunit *test)
{
	void (*const *end)(struct kr_key *key) = test->param_value;
	struct adder adder = { .payload = kt_payload(test, 7, 'x') };
	struct kr_key *old;
	unsigned int i;

	old = kt_hold(test, kr_key_alloc(&overtaken_type, "k", kt_uid(KT_UID), kt_gid(KT_GID),
					 KT_PERM, KR_ALLOC_IN_QUOTA));
	init_completion(&adder.done);
	kr_key_set_constructing(old);
	KUNIT_ASSERT_EQ(test, kr_ring_link(set.ring, old), 0);
	kt_crew_start(test, 1, add_once, &adder);
	/* It has found the key, besides the case and the ring, and soon waits for it. */
	for (i = 0; i < 100 && refcount_read(&old->usage) < 3; i++)
		schedule_timeout_uninterruptible(HZ / 20);
	KUNIT_EXPECT_EQ(test, refcount_read(&old->usage), 3u);
	schedule_timeout_uninterruptible(HZ / 20);
	if (*end)
		(*end)(old);
	KUNIT_EXPECT_EQ(test, kr_ring_reject_key(old, EKEYREJECTED, 10, NULL), 0);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&adder.done, 5 * HZ), 0ul);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), *end ? 0 : -EKEYREJECTED);
	kr_payload_put_now(adder.payload);
	KUNIT_EXPECT_EQ(test, set.updates, 0u);
	if (*end) {
		kt_hold(test, adder.key);
		expect_alone(test, adder.key, 7);
	} else {
		KUNIT_EXPECT_TRUE(test, holds(test, set.ring, old));
		KUNIT_EXPECT_EQ(test, links_of(set.ring), 1u);
	}
}

static struct kunit_case overtaken_cases[] = {
	KUNIT_CASE(key_revoked_before_its_update_is_displaced),
	KUNIT_CASE(each_key_in_its_place_is_updated_in_turn),
	KUNIT_CASE(ring_that_was_revoked_too_has_the_last_word),
	KUNIT_CASE(key_that_has_expired_is_not_reaped_while_it_is_updated),
	KUNIT_CASE(key_with_a_time_is_displaced_like_others),
	KUNIT_CASE_PARAM(key_that_ends_while_it_is_made_is_displaced, end_gen_params),
	{}
};

static struct kunit_suite overtaken_suite = {
	.name		= "kr_keyring_overtaken",
	.suite_init	= overtaken_suite_init,
	.suite_exit	= overtaken_suite_exit,
	.init		= overtaken_init,
	.exit		= kt_case_exit,
	.test_cases	= overtaken_cases,
};

kunit_test_suite(overtaken_suite);
