// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room request: the key that was found ends before it is linked to the
 * destination, which is locked by others for as long as they like.
 */
#include "kunit_rings.h"
#include "kunit_scene.h"

#include <linux/completion.h>
#include <linux/workqueue.h>

/* The destination, and what becomes of each key that is about to be linked to it. */
struct busy {
	struct kr_restriction restriction;
	struct scene scene;
	struct kr_key *dest, *inner;
	struct kr_key *found;	/* the key that this happens to */
	void (*overtake)(struct kr_key *key);
};

static int overtake_found(struct kr_restriction *restriction, struct kr_ring *ring,
			  const struct kr_key_type *type, void *payload)
{
	struct busy *busy = container_of(restriction, struct busy, restriction);
	struct kr_key *key = busy->found;

	busy->found = NULL;
	if (key)
		busy->overtake(key);
	return 0;
}

/* A key in the session, and one like it where the search comes later. */
static struct busy *set_up(struct kunit *test, void (*overtake)(struct kr_key *key))
{
	struct busy *busy = kunit_kzalloc(test, sizeof(*busy), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, busy);
	busy->dest = kt_ring(test, "dest");
	busy->inner = kt_ring(test, "inner");
	busy->found = kt_key(test, "k");
	busy->overtake = overtake;
	enter(test, &busy->scene);
	KUNIT_ASSERT_EQ(test, kr_ring_link(busy->scene.session, busy->inner), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(busy->scene.session, busy->found), 0);
	busy->restriction.check = overtake_found;
	KUNIT_ASSERT_EQ(test, kr_ring_restrict(busy->dest, &busy->restriction), 0);
	return busy;
}

/* The restriction goes before the ring would. */
static void clear_away(struct kunit *test, struct busy *busy)
{
	leave(&busy->scene);
	kt_drop(test, busy->dest);
}

static void invalidated_before_it_was_linked_is_passed_over(struct kunit *test)
{
	struct busy *busy = set_up(test, kr_ring_invalidate);
	struct kr_key *second = kt_key(test, "k"), *key;

	KUNIT_ASSERT_EQ(test, kr_ring_link(busy->inner, second), 0);
	KUNIT_EXPECT_EQ(test, request(&busy->scene, "k", busy->dest, &key), 0);
	KUNIT_EXPECT_PTR_EQ(test, key, second);
	KUNIT_EXPECT_TRUE(test, holds(test, busy->dest, second));
	KUNIT_EXPECT_EQ(test, links_of(busy->dest), 1u);
	clear_away(test, busy);
}

static void invalidated_before_it_was_linked_is_not_there(struct kunit *test)
{
	struct busy *busy = set_up(test, kr_ring_invalidate);
	struct kr_key *first = busy->found, *key;

	KUNIT_EXPECT_EQ(test, request(&busy->scene, "k", busy->dest, &key), -ENOKEY);
	KUNIT_EXPECT_EQ(test, links_of(busy->dest), 0u);
	KUNIT_EXPECT_EQ(test, refcount_read(&first->usage), 1u);
	clear_away(test, busy);
}

/* Each in a ring of its own, deeper than the one before: in this order they are found. */
static struct {
	struct busy *busy;
	struct kr_key *key[KR_RING_DEPTH];
	unsigned int found;
} successors;

static void invalidate_and_go_on(struct kr_key *key)
{
	kr_ring_invalidate(key);
	if (++successors.found < ARRAY_SIZE(successors.key))
		successors.busy->found = successors.key[successors.found];
}

static struct kr_key *typed(struct kunit *test, const struct kr_key_type *type)
{
	struct kr_key *key = kr_key_alloc(type, "k", kt_uid(KT_UID), kt_gid(KT_GID), KT_PERM, 0);

	kt_hold(test, key);
	kr_key_set_state(key, KR_POSITIVE);
	return key;
}

/* The first one is there already; the next one is to be in @ring. */
static void have_successors(struct kunit *test, struct busy *busy, struct kr_key *ring,
			    const struct kr_key_type *type)
{
	struct kr_key *deeper;
	unsigned int i;

	memset(&successors, 0, sizeof(successors));
	successors.busy = busy;
	successors.key[0] = busy->found;
	for (i = 1; i < ARRAY_SIZE(successors.key); i++) {
		successors.key[i] = typed(test, type);
		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, successors.key[i]), 0);
		deeper = kt_ring(test, "deeper");
		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, deeper), 0);
		ring = deeper;
	}
}

static void whoever_sees_to_a_successor_each_time_is_not_waited_for(struct kunit *test)
{
	struct busy *busy = set_up(test, invalidate_and_go_on);
	struct kr_key *key;

	have_successors(test, busy, busy->inner, busy->scene.user);
	KUNIT_EXPECT_EQ(test, request(&busy->scene, "k", busy->dest, &key), -ENOKEY);
	KUNIT_EXPECT_EQ(test, successors.found, (unsigned int)KR_LOOK_TURNS);
	KUNIT_EXPECT_EQ(test, links_of(busy->dest), 0u);
	/* The next one was not ended, and is there for the next call. */
	busy->found = NULL;
	KUNIT_EXPECT_EQ(test, request(&busy->scene, "k", busy->dest, &key), 0);
	KUNIT_EXPECT_PTR_EQ(test, key, successors.key[KR_LOOK_TURNS]);
	clear_away(test, busy);
}

static void expire(struct kr_key *key)
{
	kr_key_set_expiry(key, kr_now() - 1);
}

static void (*const ends[])(struct kr_key *key) = { expire, kr_key_revoke };
static const char *const end_names[] = { "expired", "revoked" };

static void describe_end(void (*const *end)(struct kr_key *key), char *desc)
{
	strscpy(desc, end_names[end - ends], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(end, ends, describe_end);

/* It was good when it was found: the same as if it had ended after the call. */
static void ended_after_it_was_found_is_what_was_found(struct kunit *test)
{
	void (*const *end)(struct kr_key *key) = test->param_value;
	struct busy *busy = set_up(test, *end);
	struct kr_key *first = busy->found, *key;

	KUNIT_EXPECT_EQ(test, request(&busy->scene, "k", busy->dest, &key), 0);
	KUNIT_EXPECT_PTR_EQ(test, key, first);
	KUNIT_EXPECT_TRUE(test, holds(test, busy->dest, first));
	KUNIT_EXPECT_NE(test, kr_key_validate(first), 0);
	clear_away(test, busy);
}

/*
 * A type that compares in a way of its own: another thread, which holds no lock, links a key
 * of it before the second search.
 */
static struct {
	unsigned int searches;
	struct kr_key *session, *key;
	struct work_struct work;
	struct completion linked;
} late;

static void link_late(struct work_struct *work)
{
	kr_ring_link(late.session, late.key);
	complete(&late.linked);
}

static struct kr_match *late_match_begin(const struct kr_key_type *type, const char *desc)
{
	if (++late.searches == 2) {
		schedule_work(&late.work);
		wait_for_completion_timeout(&late.linked, 60 * HZ);
	}
	return NULL;
}

static const struct kr_key_type late_type = {
	.name		= "kt_late",
	.no_helper	= true,
	.match_begin	= late_match_begin,
};

/* With call-out information: nobody is called, and a key that is announced is rejected. */
static void request_late(struct kunit *test, struct busy *busy, struct kr_key *dest,
			 struct kr_key *linked, int error)
{
	struct kr_payload *callout = kt_payload(test, 4, 'c');
	struct kr_key *key;

	memset(&late, 0, sizeof(late));
	INIT_WORK(&late.work, link_late);
	init_completion(&late.linked);
	late.session = busy->scene.session;
	late.key = linked;
	KUNIT_EXPECT_EQ(test, kr_request_key(&late_type, "k", callout, dest, &key), error);
	if (!error)
		kr_key_put(key);
	kr_payload_put(callout);
	flush_work(&late.work);
}

/* Found when the destination was locked to announce one: that is what comes of it after all. */
static void invalidated_before_it_was_linked_is_announced(struct kunit *test)
{
	struct busy *busy = set_up(test, kr_ring_invalidate);

	busy->found = typed(test, &late_type);
	request_late(test, busy, busy->dest, busy->found, -ENOKEY);
	KUNIT_EXPECT_EQ(test, late.searches, 3u);
	KUNIT_EXPECT_FALSE(test, holds(test, busy->dest, late.key));
	KUNIT_EXPECT_EQ(test, links_of(busy->dest), 1u);
	clear_away(test, busy);
}

/* The same with successors: it is given up, and nothing is announced. */
static void locked_destination_waits_for_no_successor(struct kunit *test)
{
	struct busy *busy = set_up(test, invalidate_and_go_on);
	struct kr_key *ring = kt_ring(test, "late");

	busy->found = typed(test, &late_type);
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, busy->found), 0);
	have_successors(test, busy, busy->inner, &late_type);
	KUNIT_ASSERT_EQ(test, kr_ring_unlink(busy->scene.session, busy->inner), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, busy->inner), 0);
	request_late(test, busy, busy->dest, ring, -ENOKEY);
	KUNIT_EXPECT_EQ(test, successors.found, (unsigned int)KR_LOOK_TURNS);
	KUNIT_EXPECT_EQ(test, late.searches, 1u + KR_LOOK_TURNS);
	KUNIT_EXPECT_EQ(test, links_of(busy->dest), 0u);
	clear_away(test, busy);
}

/* It comes into the session, and nobody may link it. */
static void request_unlinkable(struct kunit *test, struct busy *busy, struct kr_key *dest,
			       int error)
{
	struct kr_key *key = typed(test, &late_type);

	busy->found = NULL;
	key->perm = KR_POS(KR_ALL & ~KR_LINK);
	request_late(test, busy, dest, key, error);
	KUNIT_EXPECT_EQ(test, late.searches, 2u);
	KUNIT_EXPECT_TRUE(test, holds(test, busy->scene.session, key));
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
}

/* It is linked if the caller might link it, as one that is found at once. */
static void what_comes_late_has_to_grant_link(struct kunit *test)
{
	struct busy *busy = set_up(test, kr_ring_invalidate);

	request_unlinkable(test, busy, busy->dest, -EACCES);
	KUNIT_EXPECT_EQ(test, links_of(busy->dest), 0u);
	clear_away(test, busy);
}

/* And is found all the same if it was to be linked nowhere. */
static void what_comes_late_need_not_be_linked(struct kunit *test)
{
	struct busy *busy = set_up(test, kr_ring_invalidate);
	struct kr_key_ref ref;

	KUNIT_ASSERT_GE(test, kr_cred_set_reqkey(KEY_REQKEY_DEFL_PROCESS_KEYRING), 0L);
	request_unlinkable(test, busy, NULL, 0);
	KUNIT_ASSERT_EQ(test, kr_cred_lookup(KEY_SPEC_PROCESS_KEYRING, 0, 0, &ref), 0);
	KUNIT_EXPECT_EQ(test, links_of(ref.key), 0u);
	kr_key_put(ref.key);
	clear_away(test, busy);
}

static struct kunit_case request_overtaken_cases[] = {
	KUNIT_CASE(invalidated_before_it_was_linked_is_passed_over),
	KUNIT_CASE(invalidated_before_it_was_linked_is_not_there),
	KUNIT_CASE(whoever_sees_to_a_successor_each_time_is_not_waited_for),
	KUNIT_CASE_PARAM(ended_after_it_was_found_is_what_was_found, end_gen_params),
	KUNIT_CASE(invalidated_before_it_was_linked_is_announced),
	KUNIT_CASE(locked_destination_waits_for_no_successor),
	KUNIT_CASE(what_comes_late_has_to_grant_link),
	KUNIT_CASE(what_comes_late_need_not_be_linked),
	{}
};

static struct kunit_suite request_overtaken_suite = {
	.name		= "kr_request_overtaken",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= request_overtaken_cases,
};

kunit_test_suite(request_overtaken_suite);
