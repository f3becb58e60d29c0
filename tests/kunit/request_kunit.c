// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of rooms cred and request: finding a key for request_key(2), and
 * having it made by somebody with the authority to. No helper is started here;
 * the cases play it.
 */
#include "kunit_helpers.h"

#include <keyrings/request.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/slab.h>

/* The case's own thread, as a user with a session. */
struct scene {
	struct kt_login *login;
	const struct cred *before;
	struct kr_key *session;
	const struct kr_key_type *user;
};

static void enter(struct kunit *test, struct scene *scene)
{
	struct kr_key_ref ref;
	int ret;

	scene->login = kt_login(test, KT_UID);
	scene->before = override_creds(kt_actor_of(test, scene->login));
	scene->user = kt_type(test, "user");
	ret = kr_cred_lookup(KEY_SPEC_SESSION_KEYRING, KR_LOOKUP_CREATE, 0, &ref);
	KUNIT_ASSERT_EQ(test, ret, 0);
	scene->session = ref.key;
	kr_key_put(ref.key);
}

static void leave(struct scene *scene)
{
	kr_cred_task_exec(current);
	revert_creds(scene->before);
}

/* Borrowed: the session or the case holds it. */
static int request(struct scene *scene, const char *desc, struct kr_key *dest, struct kr_key **key)
{
	int ret;

	*key = NULL;
	ret = kr_request_key(scene->user, desc, NULL, dest, key);
	if (!ret)
		kr_key_put(*key);
	return ret;
}

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

/* A key to be made, announced in the session as request_key(2) does. */
static struct kr_key *announce(struct kunit *test, struct scene *scene)
{
	struct kr_key *key;

	key = kt_hold(test, kr_key_alloc(scene->user, "k", kt_uid(KT_UID), kt_gid(KT_GID),
					 KT_PERM, KR_ALLOC_IN_QUOTA));
	kr_key_set_constructing(key);
	KUNIT_ASSERT_EQ(test, kr_ring_link(scene->session, key), 0);
	return key;
}

static struct kr_key *authorise(struct kunit *test, struct kr_key *key, struct kr_key *dest)
{
	struct kr_payload *callout = kt_payload(test, 4, 'c');
	struct kr_key *authkey = kr_authority_make(key, dest, callout);

	kr_payload_put(callout);
	return kt_hold(test, authkey);
}

static int lookup(s32 id, struct kr_key **key)
{
	struct kr_key_ref ref;
	int ret;

	*key = NULL;
	ret = kr_cred_lookup(id, KR_LOOKUP_PARTIAL, 0, &ref);
	if (!ret) {
		*key = ref.key;
		kr_key_put(ref.key);
	}
	return ret;
}

static void authority_is_assumed_and_dropped(struct kunit *test)
{
	struct kr_key *dest = kt_ring(test, "dest"), *key, *authkey, *found;
	struct kr_authority *authority;
	struct scene scene;
	char desc[12];

	enter(test, &scene);
	key = announce(test, &scene);
	authkey = authorise(test, key, dest);
	snprintf(desc, sizeof(desc), "%x", key->serial);
	KUNIT_EXPECT_STREQ(test, authkey->desc, (const char *)desc);
	KUNIT_EXPECT_EQ(test, authkey->perm, 0x1b010000u);
	authority = kr_authority_get(NULL);
	KUNIT_EXPECT_TRUE(test, IS_ERR(authority));
	KUNIT_EXPECT_EQ(test, lookup(KEY_SPEC_REQKEY_AUTH_KEY, &found), KR_FOREIGN);

	KUNIT_ASSERT_EQ(test, kr_authority_assume(authkey), 0);
	authority = kr_authority_get(NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(authority));
	KUNIT_EXPECT_PTR_EQ(test, authority->target, key);
	KUNIT_EXPECT_PTR_EQ(test, authority->dest, dest);
	kr_authority_put(authority);
	KUNIT_EXPECT_EQ(test, lookup(KEY_SPEC_REQKEY_AUTH_KEY, &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, authkey);
	KUNIT_EXPECT_EQ(test, lookup(KEY_SPEC_REQUESTOR_KEYRING, &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, dest);

	KUNIT_ASSERT_EQ(test, kr_authority_assume(NULL), 0);
	KUNIT_EXPECT_EQ(test, lookup(KEY_SPEC_REQUESTOR_KEYRING, &found), KR_FOREIGN);
	KUNIT_EXPECT_EQ(test, refcount_read(&authkey->usage), 1u);
	kr_ring_reject_key(key, ENOKEY, 1, NULL);
	leave(&scene);
}

/* What is given up with a revocation is no authority any more. */
static void revoked_authority_is_none(struct kunit *test)
{
	struct kr_key *dest = kt_ring(test, "dest"), *key, *authkey;
	struct kr_authority *authority;
	struct scene scene;

	enter(test, &scene);
	key = announce(test, &scene);
	authkey = authorise(test, key, dest);
	KUNIT_ASSERT_EQ(test, kr_authority_assume(authkey), 0);
	kr_key_revoke(authkey);
	authority = kr_authority_get(NULL);
	KUNIT_EXPECT_TRUE(test, IS_ERR(authority));
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(authority), -EKEYREVOKED);
	rcu_barrier();
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, refcount_read(&dest->usage), 1u);
	KUNIT_EXPECT_EQ(test, kr_authority_assume(NULL), 0);
	kr_ring_reject_key(key, ENOKEY, 1, NULL);
	leave(&scene);
}

/* The authorisation key is found in the helper's own rings by the key's serial. */
static void authority_is_found_by_serial(struct kunit *test)
{
	struct kr_key *dest = kt_ring(test, "dest"), *key, *authkey, *found;
	struct scene scene;

	enter(test, &scene);
	key = announce(test, &scene);
	found = kr_authority_find(key->serial);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(found), -ENOKEY);
	authkey = authorise(test, key, dest);
	KUNIT_ASSERT_EQ(test, kr_ring_link(scene.session, authkey), 0);
	found = kr_authority_find(key->serial);
	KUNIT_EXPECT_PTR_EQ(test, found, authkey);
	kr_key_put(IS_ERR(found) ? NULL : found);
	kr_key_revoke(authkey);
	found = kr_authority_find(key->serial);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(found), -EKEYREVOKED);
	kr_ring_reject_key(key, ENOKEY, 1, NULL);
	leave(&scene);
}

static int do_instantiate(struct kunit *test, struct kr_key *authkey, size_t len,
			  struct kr_key *ring)
{
	struct kr_prep prep = { .data = len ? kt_payload(test, len, 'i') : NULL };
	struct kr_authority *authority;
	int ret;

	authority = kr_authority_get(NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(authority));
	ret = kr_request_instantiate(authority, authkey, &prep, ring);
	kr_authority_put(authority);
	kr_payload_put_now(prep.data);
	return ret;
}

static void helper_instantiates(struct kunit *test)
{
	struct kr_key *dest = kt_ring(test, "dest"), *ring = kt_ring(test, "ring"), *key, *authkey;
	struct kr_authority *authority;
	struct scene scene;

	enter(test, &scene);
	key = announce(test, &scene);
	authkey = authorise(test, key, dest);
	KUNIT_ASSERT_EQ(test, kr_authority_assume(authkey), 0);
	/* What the type refuses changes nothing. */
	KUNIT_EXPECT_EQ(test, do_instantiate(test, authkey, 0, ring), -EINVAL);
	KUNIT_EXPECT_EQ(test, kr_key_state(key), KR_UNINSTANTIATED);
	KUNIT_EXPECT_FALSE(test, kt_holds(ring, key));

	KUNIT_EXPECT_EQ(test, do_instantiate(test, authkey, 9, ring), 0);
	KUNIT_EXPECT_EQ(test, kr_key_state(key), KR_POSITIVE);
	KUNIT_EXPECT_FALSE(test, test_bit(KR_KEY_CONSTRUCTING, &key->flags));
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)9);
	KUNIT_EXPECT_TRUE(test, kt_holds(ring, key));
	KUNIT_EXPECT_TRUE(test, kt_holds(scene.session, key));
	/* The authority is used up. */
	authority = kr_authority_get(NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(authority), -EPERM);
	KUNIT_EXPECT_EQ(test, kr_key_validate(authkey), -ENOKEY);
	leave(&scene);
}

static void helper_cannot_link(struct kunit *test)
{
	struct kr_key *dest = kt_ring(test, "dest"), *ring = kt_ring(test, "ring"), *key, *authkey;
	struct scene scene;

	enter(test, &scene);
	key = announce(test, &scene);
	authkey = authorise(test, key, dest);
	KUNIT_ASSERT_EQ(test, kr_authority_assume(authkey), 0);
	KUNIT_EXPECT_EQ(test, do_instantiate(test, authkey, 9, kt_key(test, "x")), -ENOTDIR);
	kr_limit_values.maxbytes = kt_debt(KT_UID).qnbytes + 12;
	KUNIT_EXPECT_EQ(test, do_instantiate(test, authkey, 9, ring), -EDQUOT);
	kr_limit_values.maxbytes = 20000;
	kr_key_revoke(ring);
	KUNIT_EXPECT_EQ(test, do_instantiate(test, authkey, 9, ring), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, kr_key_state(key), KR_UNINSTANTIATED);
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)0);
	/* It has another try. */
	KUNIT_EXPECT_EQ(test, do_instantiate(test, authkey, 9, NULL), 0);
	KUNIT_EXPECT_EQ(test, kr_key_state(key), KR_POSITIVE);
	leave(&scene);
}

static void helper_rejects(struct kunit *test)
{
	struct kr_key *dest = kt_ring(test, "dest"), *ring = kt_ring(test, "ring");
	struct kr_key *key, *authkey, *found;
	struct kr_authority *authority;
	struct scene scene;

	enter(test, &scene);
	kr_limit_values.gc_delay = 0;
	key = announce(test, &scene);
	authkey = authorise(test, key, dest);
	KUNIT_ASSERT_EQ(test, kr_authority_assume(authkey), 0);
	authority = kr_authority_get(NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(authority));
	KUNIT_EXPECT_EQ(test, kr_request_reject(authority, authkey, EKEYREJECTED, 100, ring), 0);
	KUNIT_EXPECT_EQ(test, kr_request_reject(authority, authkey, ENOKEY, 100, NULL), -EBUSY);
	kr_authority_put(authority);
	KUNIT_EXPECT_EQ(test, kr_ring_reject_key(key, ENOKEY, 100, dest), -EBUSY);
	KUNIT_EXPECT_FALSE(test, kt_holds(dest, key));
	KUNIT_EXPECT_TRUE(test, kt_holds(ring, key));
	KUNIT_EXPECT_EQ(test, kr_key_state(key), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nikeys, kt_debt(KT_UID).nkeys);
	KUNIT_EXPECT_EQ(test, request(&scene, "k", NULL, &found), -EKEYREJECTED);
	/* For as long as the helper said. */
	kr_clock_shift(101);
	kr_reaper_flush();
	KUNIT_EXPECT_FALSE(test, kt_holds(ring, key));
	KUNIT_EXPECT_EQ(test, request(&scene, "k", NULL, &found), -ENOKEY);
	leave(&scene);
}

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
 * Somebody who knows the serial of a key that is being announced, and waits for it;
 * the destination, which it has locked meanwhile, ends before it takes the key.
 */
struct bystander {
	struct kr_key *dest;
	struct kr_key *key;
	struct completion locked, woken;
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

static int stand_by(void *arg)
{
	struct bystander *bystander = arg;
	struct mutex *lock = &kr_ring_of(bystander->dest)->lock;

	mutex_lock(lock);
	complete(&bystander->locked);
	while (!bystander->key && !kthread_should_stop()) {
		schedule_timeout_idle(1);
		kr_key_walk(is_announced, bystander);
	}
	set_bit(KR_KEY_REVOKED, &bystander->dest->flags);
	mutex_unlock(lock);

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
	struct scene scene;
	struct kr_key *key;

	KUNIT_ASSERT_NOT_NULL(test, bystander);
	enter(test, &scene);
	init_completion(&bystander->locked);
	init_completion(&bystander->woken);
	bystander->dest = kt_ring(test, "dest");
	kt_crew_start(test, 1, stand_by, bystander);
	wait_for_completion(&bystander->locked);
	/* It says what was wrong with the destination, and asks no helper. */
	KUNIT_EXPECT_EQ(test, kr_request_key(scene.user, "k", callout, bystander->dest, &key),
			-EKEYREVOKED);
	kr_payload_put(callout);
	KUNIT_ASSERT_NOT_NULL(test, bystander->key);
	kt_hold(test, bystander->key);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&bystander->woken, 5 * HZ), 0ul);
	/* Also after a failure: no thread is left behind. */
	kr_key_announce_made(bystander->key);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_EQ(test, bystander->ret, -ENOKEY);
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

/*
 * Who acts for a requester finds and possesses what that one does, with its
 * rights. The case's thread becomes the helper: other credentials, another
 * session, and then the authority.
 */
static void helper_possesses_what_the_requester_does(struct kunit *test)
{
	struct kr_key *dest = kt_ring(test, "dest"), *secret = kt_key(test, "secret");
	struct kr_key *key, *authkey;
	const struct cred *before;
	struct kr_search search;
	struct kr_key_ref ref;
	struct scene scene;

	enter(test, &scene);
	secret->perm = KR_POS(KR_ALL);
	KUNIT_ASSERT_EQ(test, kr_ring_link(scene.session, secret), 0);
	key = announce(test, &scene);
	authkey = authorise(test, key, dest);
	kt_hold(test, kr_key_get(scene.session));
	KUNIT_ASSERT_EQ(test, kr_cred_enter_helper(kt_ring(test, "helper")), 0);
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(-1), (long)KEY_REQKEY_DEFL_THREAD_KEYRING);
	before = override_creds(kt_actor(test, 3000, 3000));
	kr_search_init(&search, scene.user, "secret", current_cred(), KR_SEARCH_RECURSE);
	KUNIT_EXPECT_EQ(test, kr_cred_lookup(secret->serial, 0, KR_READ, &ref), -EACCES);
	KUNIT_EXPECT_EQ(test, kr_cred_search(&search), -EAGAIN);

	KUNIT_ASSERT_EQ(test, kr_authority_assume(authkey), 0);
	KUNIT_EXPECT_EQ(test, kr_cred_lookup(secret->serial, 0, KR_READ, &ref), 0);
	KUNIT_EXPECT_TRUE(test, ref.possessed);
	kr_key_put(ref.key);
	KUNIT_ASSERT_EQ(test, kr_cred_search(&search), 0);
	KUNIT_EXPECT_PTR_EQ(test, search.found, secret);
	kr_key_put(search.found);
	/* As long as it has the authority. */
	kr_key_revoke(authkey);
	KUNIT_EXPECT_EQ(test, kr_cred_lookup(secret->serial, 0, KR_READ, &ref), -EACCES);
	revert_creds(before);
	kr_ring_reject_key(key, ENOKEY, 1, NULL);
	leave(&scene);
}

struct dest_case {
	int reqkey;
	bool thread, process, session;	/* rings that there are */
	const char *desc;
};

/* keyctl(2), KEYCTL_SET_REQKEY_KEYRING: the first that exists, from the chosen one on. */
static const struct dest_case dest_cases[] = {
	{ 0, true,  true,  true,  "_tid" },
	{ 0, false, true,  true,  "_pid" },
	{ 0, false, false, true,  "_ses" },
	{ 0, false, false, false, "_uid_ses.1000" },
	{ 1, true,  true,  true,  "_tid" },
	{ 2, true,  true,  true,  "_pid" },
	{ 3, true,  true,  true,  "_ses" },
	{ 3, true,  true,  false, "_uid_ses.1000" },
	{ 4, true,  true,  true,  "_uid.1000" },
	{ 5, true,  true,  true,  "_uid_ses.1000" },
	{ 7, true,  true,  true,  "_tid" },
};

static void describe_dest(const struct dest_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%d_with%s%s%s", c->reqkey,
		 c->thread ? "_thread" : "", c->process ? "_process" : "",
		 c->session ? "_session" : "");
}

KUNIT_ARRAY_PARAM(dest, dest_cases, describe_dest);

static void make_ring(struct kunit *test, s32 id)
{
	struct kr_key_ref ref;

	KUNIT_ASSERT_EQ(test, kr_cred_lookup(id, KR_LOOKUP_CREATE, 0, &ref), 0);
	kr_key_put(ref.key);
}

static void default_destination(struct kunit *test)
{
	const struct dest_case *c = test->param_value;
	struct kt_login *login = kt_login(test, KT_UID);
	const struct cred *before = override_creds(kt_actor_of(test, login));
	struct kr_key *dest;

	if (c->thread)
		make_ring(test, KEY_SPEC_THREAD_KEYRING);
	if (c->process)
		make_ring(test, KEY_SPEC_PROCESS_KEYRING);
	if (c->session)
		make_ring(test, KEY_SPEC_SESSION_KEYRING);
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(c->reqkey), 0L);
	KUNIT_ASSERT_EQ(test, kr_cred_default_dest(&dest), 0);
	KUNIT_EXPECT_STREQ(test, dest->desc, c->desc);
	kr_key_put(dest);
	kr_cred_task_exec(current);
	revert_creds(before);
}

/* CVE-2017-17807: a session that may only be searched gets no new keys. */
static void default_destination_must_be_writable(struct kunit *test)
{
	struct kr_key *dest;
	struct scene scene;

	enter(test, &scene);
	scene.session->perm = KR_PERM_VALID & ~(KR_WRITE * 0x01010101u);
	KUNIT_EXPECT_EQ(test, kr_cred_default_dest(&dest), -EACCES);
	scene.session->perm = KR_POS(KR_WRITE);
	KUNIT_ASSERT_EQ(test, kr_cred_default_dest(&dest), 0);
	kr_key_put(dest);
	leave(&scene);
}

/* A helper's own keys go where the requester wants its key, unless the helper has chosen. */
static void default_destination_of_a_helper(struct kunit *test)
{
	struct kr_key *dest = kt_ring(test, "dest"), *key, *authkey, *found;
	struct scene scene;

	enter(test, &scene);
	key = announce(test, &scene);
	authkey = authorise(test, key, dest);
	KUNIT_ASSERT_EQ(test, kr_authority_assume(authkey), 0);
	/* It need not be allowed to write there. */
	dest->perm = 0;
	KUNIT_ASSERT_EQ(test, kr_cred_default_dest(&found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, dest);
	kr_key_put(found);
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(KEY_REQKEY_DEFL_SESSION_KEYRING), 0L);
	KUNIT_ASSERT_EQ(test, kr_cred_default_dest(&found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, scene.session);
	kr_key_put(found);
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(KEY_REQKEY_DEFL_REQUESTOR_KEYRING),
			(long)KEY_REQKEY_DEFL_SESSION_KEYRING);
	KUNIT_ASSERT_EQ(test, kr_cred_default_dest(&found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, dest);
	kr_key_put(found);
	/* As long as it has the authority. */
	kr_key_revoke(authkey);
	KUNIT_ASSERT_EQ(test, kr_cred_default_dest(&found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, scene.session);
	kr_key_put(found);
	kr_ring_reject_key(key, ENOKEY, 1, NULL);
	leave(&scene);
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

static struct kunit_case request_cases[] = {
	KUNIT_CASE(requested_key_is_found_and_linked),
	KUNIT_CASE(requested_key_that_may_not_be_linked),
	KUNIT_CASE_PARAM(requested_key_in_any_state, state_gen_params),
	KUNIT_CASE(authority_is_assumed_and_dropped),
	KUNIT_CASE(revoked_authority_is_none),
	KUNIT_CASE(authority_is_found_by_serial),
	KUNIT_CASE(helper_instantiates),
	KUNIT_CASE(helper_cannot_link),
	KUNIT_CASE(helper_rejects),
	KUNIT_CASE_PARAM(waiters_are_woken, ending_gen_params),
	KUNIT_CASE(search_without_memory_announces_nothing),
	KUNIT_CASE(key_that_cannot_be_announced_keeps_nobody_waiting),
	KUNIT_CASE_PARAM(second_maker_waits_for_the_first, meeting_gen_params),
	KUNIT_CASE(helper_possesses_what_the_requester_does),
	KUNIT_CASE_PARAM(default_destination, dest_gen_params),
	KUNIT_CASE(default_destination_must_be_writable),
	KUNIT_CASE(default_destination_of_a_helper),
	KUNIT_CASE(revoked_ring_takes_no_link),
	KUNIT_CASE(invalidated_key_is_made_or_rejected),
	KUNIT_CASE(restricted_ring_takes_no_link),
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
