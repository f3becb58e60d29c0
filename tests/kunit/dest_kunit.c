// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room cred: the ring that a requested key goes to when none is named
 * (keyctl(2), KEYCTL_SET_REQKEY_KEYRING).
 */
#include "kunit_helpers.h"
#include "kunit_scene.h"

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

static struct kunit_case default_dest_cases[] = {
	KUNIT_CASE_PARAM(default_destination, dest_gen_params),
	KUNIT_CASE(default_destination_must_be_writable),
	KUNIT_CASE(default_destination_of_a_helper),
	{}
};

static struct kunit_suite default_dest_suite = {
	.name		= "kr_cred_dest",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= default_dest_cases,
};

kunit_test_suite(default_dest_suite);
