// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room request: finding a key for request_key(2), and announcing one
 * that is to be made.
 */
#include "kunit_helpers.h"
#include "kunit_scene.h"

#include <keyrings/request.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/slab.h>

static void requested_key_is_found_and_linked(struct kunit *test)
{
	struct kr_key *dest = kt_ring(test, "dest"), *key = kt_key(test, "k"), *found;
	struct scene scene;

	enter(test, &scene);
	KUNIT_EXPECT_EQ(test, request(&scene, "k", NULL, &found), -ENOKEY);
	KUNIT_ASSERT_EQ(test, kr_ring_link(scene.session, key), 0);
	KUNIT_EXPECT_EQ(test, request(&scene, "k", NULL, &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, key);
	KUNIT_EXPECT_EQ(test, request(&scene, "k", dest, &found), 0);
	KUNIT_EXPECT_TRUE(test, kt_holds(dest, key));
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 3u);
	leave(&scene);
}

static void requested_key_that_may_not_be_linked(struct kunit *test)
{
	struct kr_key *dest = kt_ring(test, "dest"), *key = kt_key(test, "k"), *found;
	struct scene scene;

	enter(test, &scene);
	KUNIT_ASSERT_EQ(test, kr_ring_link(scene.session, key), 0);
	key->perm = KR_POS(KR_ALL & ~KR_LINK);
	KUNIT_EXPECT_EQ(test, request(&scene, "k", dest, &found), -EACCES);
	KUNIT_EXPECT_EQ(test, request(&scene, "k", NULL, &found), 0);
	key->perm = KT_PERM;
	kr_limit_values.maxbytes = kt_debt(KT_UID).qnbytes + 3;
	KUNIT_EXPECT_EQ(test, request(&scene, "k", dest, &found), -EDQUOT);
	kr_key_revoke(dest);
	KUNIT_EXPECT_EQ(test, request(&scene, "k", dest, &found), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
	leave(&scene);
}

struct state_case {
	const char *name;
	int state;	/* of the key */
	bool expired;
	bool revoked;
	int ret;
};

static const struct state_case state_cases[] = {
	{ "positive",		KR_POSITIVE,	false,	false,	0 },
	{ "expired",		KR_POSITIVE,	true,	false,	-ENOKEY },
	{ "revoked",		KR_POSITIVE,	false,	true,	-EKEYREVOKED },
	{ "negated",		-ENOKEY,	false,	false,	-ENOKEY },
	{ "rejected",		-EKEYREJECTED,	false,	false,	-EKEYREJECTED },
	{ "rejected_and_expired", -EKEYREJECTED, true,	false,	-ENOKEY },
};

static void describe_state(const struct state_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(state, state_cases, describe_state);

static void requested_key_in_any_state(struct kunit *test)
{
	const struct state_case *c = test->param_value;
	struct kr_key *key = kt_key(test, "k"), *found;
	struct scene scene;

	enter(test, &scene);
	KUNIT_ASSERT_EQ(test, kr_ring_link(scene.session, key), 0);
	kr_key_set_state(key, c->state);
	if (c->expired)
		KUNIT_ASSERT_EQ(test, kr_key_set_expiry(key, kr_now() - 1), 0);
	if (c->revoked)
		kr_key_revoke(key);
	KUNIT_EXPECT_EQ(test, request(&scene, "k", NULL, &found), c->ret);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
	leave(&scene);
}

/*
 * Somebody who knows the serial of a key that is being announced, and waits for it; the
 * restriction of the destination refuses the key when that one has found it.
 */
struct bystander {
	struct kr_restriction restriction;	/* of the destination */
	struct kr_key *key;
	struct completion asked, found, woken;
	int ret;
};

static bool is_announced(struct kr_key *key, void *arg)
{
	struct bystander *bystander = arg;

	if (test_bit(KR_KEY_CONSTRUCTING, &key->flags) && kr_key_tryget(key))
		bystander->key = key;
	return !bystander->key;
}

/* A type that compares in a way of its own; only for the first search there is memory. */
static int searches;

static struct kr_match *scarce_match_begin(const struct kr_key_type *type, const char *desc)
{
	return ++searches > 1 ? ERR_PTR(-ENOMEM) : NULL;
}

static const struct kr_key_type scarce_type = {
	.name		= "kt_scarce",
	.no_helper	= true,
	.match_begin	= scarce_match_begin,
};

static void search_without_memory_announces_nothing(struct kunit *test)
{
	struct kr_payload *callout = kt_payload(test, 4, 'c');
	struct kr_key *dest = kt_ring(test, "dest"), *key;
	struct scene scene;

	enter(test, &scene);
	searches = 0;
	KUNIT_EXPECT_EQ(test, kr_request_key(&scarce_type, "k", callout, dest, &key), -ENOMEM);
	kr_payload_put(callout);
	KUNIT_EXPECT_EQ(test, searches, 2);
	KUNIT_EXPECT_EQ(test, kr_ring_of(dest)->count, 0u);
	leave(&scene);
}

/*
 * A type that takes two spellings for one name: whoever is about to announce a key lingers
 * to see whether somebody does the same for the other spelling.
 */
static struct alike {
	const struct cred *cred;
	struct kr_key *dest[2];
	unsigned int searches[2];
	atomic_t started, inside;
	bool met;
} alike;

static struct kr_match *alike_match_begin(const struct kr_key_type *type, const char *desc)
{
	unsigned int i;

	/* The second search is that for which the key is announced. */
	if (++alike.searches[desc[0] == 'K'] != 2)
		return NULL;
	if (atomic_inc_return(&alike.inside) > 1)
		alike.met = true;
	for (i = 0; i < 10 && !alike.met; i++)
		schedule_timeout_uninterruptible(HZ / 50);
	atomic_dec(&alike.inside);
	return NULL;
}

static const struct kr_key_type alike_type = {
	.name		= "kt_alike",
	.no_helper	= true,
	.match_begin	= alike_match_begin,
};

static int request_alike(void *arg)
{
	const struct cred *before = override_creds(alike.cred);
	unsigned int which = atomic_inc_return(&alike.started) - 1;
	struct kr_key *key;
	int ret;

	ret = kr_request_key(&alike_type, which ? "K" : "k", arg, alike.dest[which], &key);
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	revert_creds(before);
	return ret == -ENOKEY ? 0 : 1;
}

static void names_that_may_be_the_same_are_announced_in_turn(struct kunit *test)
{
	struct kr_payload *callout = kt_payload(test, 4, 'c');

	alike = (struct alike) {
		.cred	= kt_actor(test, KT_UID, KT_GID),
		.dest	= { kt_ring(test, "a"), kt_ring(test, "b") },
	};
	kt_crew_start(test, 2, request_alike, callout);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	kr_payload_put(callout);
	KUNIT_EXPECT_EQ(test, alike.searches[0], 2u);
	KUNIT_EXPECT_EQ(test, alike.searches[1], 2u);
	KUNIT_EXPECT_FALSE(test, alike.met);
}

static int refuse_when_found(struct kr_restriction *restriction, struct kr_ring *ring,
			     const struct kr_key_type *type, void *payload)
{
	struct bystander *bystander = container_of(restriction, struct bystander, restriction);

	complete(&bystander->asked);
	wait_for_completion(&bystander->found);
	return -EPERM;
}

static int stand_by(void *arg)
{
	struct bystander *bystander = arg;

	while (!try_wait_for_completion(&bystander->asked) && !kthread_should_stop())
		schedule_timeout_idle(1);
	kr_key_walk(is_announced, bystander);
	complete(&bystander->found);

	bystander->ret = bystander->key ? kr_key_wait_made(bystander->key) : 1;
	complete(&bystander->woken);
	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return 0;
}

static void key_that_cannot_be_announced_keeps_nobody_waiting(struct kunit *test)
{
	struct bystander *bystander = kunit_kzalloc(test, sizeof(*bystander), GFP_KERNEL);
	struct kr_payload *callout = kt_payload(test, 4, 'c');
	struct kr_key *dest = kt_ring(test, "dest"), *key;
	struct scene scene;

	KUNIT_ASSERT_NOT_NULL(test, bystander);
	enter(test, &scene);
	bystander->restriction.check = refuse_when_found;
	init_completion(&bystander->asked);
	init_completion(&bystander->found);
	init_completion(&bystander->woken);
	KUNIT_ASSERT_EQ(test, kr_ring_restrict(dest, &bystander->restriction), 0);
	kt_crew_start(test, 1, stand_by, bystander);
	/* It says what was wrong with the destination, and asks no helper. */
	KUNIT_EXPECT_EQ(test, kr_request_key(scene.user, "k", callout, dest, &key), -EPERM);
	kr_payload_put(callout);
	KUNIT_ASSERT_NOT_NULL(test, bystander->key);
	kt_hold(test, bystander->key);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&bystander->woken, 5 * HZ), 0ul);
	/* Also after a failure: no thread is left behind. */
	kr_key_announce_made(bystander->key);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_EQ(test, bystander->ret, -ENOKEY);
	leave(&scene);
	/* The restriction goes before the ring would. */
	kt_drop(test, dest);
}

static struct kunit_case request_cases[] = {
	KUNIT_CASE(requested_key_is_found_and_linked),
	KUNIT_CASE(requested_key_that_may_not_be_linked),
	KUNIT_CASE_PARAM(requested_key_in_any_state, state_gen_params),
	KUNIT_CASE(search_without_memory_announces_nothing),
	KUNIT_CASE(names_that_may_be_the_same_are_announced_in_turn),
	KUNIT_CASE(key_that_cannot_be_announced_keeps_nobody_waiting),
	{}
};

static struct kunit_suite request_suite = {
	.name		= "kr_request",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= request_cases,
};

kunit_test_suite(request_suite);
