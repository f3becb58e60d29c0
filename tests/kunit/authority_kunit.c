// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of rooms cred and request: the authority to make a key, and what a
 * helper does with it (request-key(8)).
 */
#include "kunit_helpers.h"
#include "kunit_scene.h"

#include <keyrings/request.h>

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

static struct kunit_case authority_cases[] = {
	KUNIT_CASE(authority_is_assumed_and_dropped),
	KUNIT_CASE(revoked_authority_is_none),
	KUNIT_CASE(authority_is_found_by_serial),
	KUNIT_CASE(helper_instantiates),
	KUNIT_CASE(helper_cannot_link),
	KUNIT_CASE(helper_rejects),
	KUNIT_CASE(helper_possesses_what_the_requester_does),
	{}
};

static struct kunit_suite authority_suite = {
	.name		= "kr_cred_authority",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= authority_cases,
};

kunit_test_suite(authority_suite);
