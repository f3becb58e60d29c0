// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room cred: lookup by serial, and search through all the rings of a
 * process in their order (request_key(2)).
 */
#include "kunit_helpers.h"
#include "kunit_persona.h"

struct need_case {
	const char *name;
	bool possessed;		/* the key is in the session */
	u32 perm;
	int ret;		/* of needing to search */
};

static const struct need_case need_cases[] = {
	{ "possessed_and_granted",	true,	KR_POS(KR_SEARCH | KR_VIEW),	0 },
	{ "possessed_and_not_granted",	true,	KR_POS(KR_SEARCH),		-EACCES },
	/* Without search there is no possession. */
	{ "not_found_by_search",	true,	KR_POS(KR_VIEW),		-EACCES },
	{ "owned",			false,	KR_USR(KR_VIEW),		0 },
	{ "owned_but_for_possessors",	false,	KR_POS(KR_ALL),			-EACCES },
	{ "possessed_owned",		true,	KR_POS(KR_SEARCH) | KR_USR(KR_VIEW), 0 },
	{ "nothing",			true,	0,				-EACCES },
};

static void describe_need(const struct need_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(need, need_cases, describe_need);

static void lookup_by_serial_needs_permission(struct kunit *test)
{
	const struct need_case *c = test->param_value;
	struct kr_key *key = kt_key(test, "k");
	struct kr_key_ref ref;
	struct persona me;
	int ret;

	enter(test, &me, KT_UID);
	KUNIT_ASSERT_GT(test, kr_cred_join_session(NULL), 0L);
	if (c->possessed)
		KUNIT_ASSERT_EQ(test, kr_ring_link(special(test, KEY_SPEC_SESSION_KEYRING, 0),
						   key), 0);
	key->perm = c->perm;
	ret = kr_cred_lookup(key->serial, 0, KR_VIEW, &ref);
	KUNIT_EXPECT_EQ(test, ret, c->ret);
	if (!ret)
		kr_key_put(ref.key);
	/* To be found at all takes none. */
	KUNIT_ASSERT_EQ(test, kr_cred_lookup(key->serial, 0, 0, &ref), 0);
	KUNIT_EXPECT_PTR_EQ(test, ref.key, key);
	KUNIT_EXPECT_EQ(test, ref.possessed, c->possessed && (c->perm & KR_POS(KR_SEARCH)));
	kr_key_put(ref.key);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), c->possessed ? 2u : 1u);
	leave(&me);
}

enum state { UNBORN, POSITIVE, NEGATIVE, EXPIRED, REVOKED, INVALIDATED, NSTATES };

struct state_case {
	const char *name;
	enum state state;
	int plain;
	int partial;
};

static const struct state_case state_cases[] = {
	{ "uninstantiated",	UNBORN,		-EIO,		0 },
	{ "positive",		POSITIVE,	0,		0 },
	{ "negative",		NEGATIVE,	-EKEYREJECTED,	0 },
	{ "expired",		EXPIRED,	-EKEYEXPIRED,	-EKEYEXPIRED },
	{ "revoked",		REVOKED,	-EKEYREVOKED,	-EKEYREVOKED },
	{ "invalidated",	INVALIDATED,	-ENOKEY,	-ENOKEY },
};

static_assert(ARRAY_SIZE(state_cases) == NSTATES);

static void describe_state(const struct state_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(state, state_cases, describe_state);

static struct kr_key *key_in_state(struct kunit *test, enum state state)
{
	struct kr_key *key = kt_hold(test, kr_key_alloc(kt_type(test, "user"), "k", kt_uid(KT_UID),
							kt_gid(KT_GID), KT_PERM, 0));

	if (state != UNBORN)
		KUNIT_ASSERT_EQ(test, kt_instantiate(test, key, 1), 0);
	if (state == NEGATIVE)
		kr_key_set_state(key, -EKEYREJECTED);
	if (state == EXPIRED)
		KUNIT_ASSERT_EQ(test, kr_key_set_expiry(key, kr_now() - 1), 0);
	if (state == REVOKED)
		kr_key_revoke(key);
	if (state == INVALIDATED)
		kr_ring_invalidate(key);
	return key;
}

static void lookup_of_a_key_in_any_state(struct kunit *test)
{
	const struct state_case *c = test->param_value;
	struct kr_key *key = key_in_state(test, c->state), *found;
	struct persona me;

	enter(test, &me, KT_UID);
	KUNIT_EXPECT_EQ(test, lookup(key->serial, 0, &found), c->plain);
	KUNIT_EXPECT_EQ(test, lookup(key->serial, KR_LOOKUP_PARTIAL, &found), c->partial);
	KUNIT_EXPECT_EQ(test, lookup(key->serial, KR_LOOKUP_DEFER, &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, key);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	leave(&me);
}

static int find_anywhere(struct kunit *test, const char *desc, struct kr_key **key)
{
	struct kr_search search;
	int ret;

	kr_search_init(&search, kt_type(test, "user"), desc, current_cred(), KR_SEARCH_RECURSE);
	ret = kr_cred_search(&search);
	*key = ret ? NULL : search.found;
	kr_key_put(*key);
	return ret;
}

static struct kr_key *key_in(struct kunit *test, s32 id, const char *desc)
{
	struct kr_key *key = kt_key(test, desc);

	KUNIT_ASSERT_EQ(test, kr_ring_link(special(test, id, KR_LOOKUP_CREATE), key), 0);
	return key;
}

/* request_key(2): thread, process, session; the user-session keyring only without a session. */
static void searches_in_order(struct kunit *test)
{
	struct kr_key *us, *session, *process, *thread, *found;
	struct persona me;

	enter(test, &me, KT_UID);
	KUNIT_EXPECT_EQ(test, find_anywhere(test, "k", &found), -EAGAIN);
	/* The user keyring is searched by being linked there. */
	us = key_in(test, KEY_SPEC_USER_KEYRING, "k");
	KUNIT_EXPECT_EQ(test, find_anywhere(test, "k", &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, us);
	us = key_in(test, KEY_SPEC_USER_SESSION_KEYRING, "k");
	KUNIT_EXPECT_EQ(test, find_anywhere(test, "k", &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, us);

	special(test, KEY_SPEC_SESSION_KEYRING, KR_LOOKUP_CREATE);
	KUNIT_EXPECT_EQ(test, find_anywhere(test, "k", &found), -EAGAIN);
	session = key_in(test, KEY_SPEC_SESSION_KEYRING, "k");
	KUNIT_EXPECT_EQ(test, find_anywhere(test, "k", &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, session);
	process = key_in(test, KEY_SPEC_PROCESS_KEYRING, "k");
	KUNIT_EXPECT_EQ(test, find_anywhere(test, "k", &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, process);
	thread = key_in(test, KEY_SPEC_THREAD_KEYRING, "k");
	KUNIT_EXPECT_EQ(test, find_anywhere(test, "k", &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, thread);
	leave(&me);
}

/* Searching makes no ring. */
static void search_makes_nothing(struct kunit *test)
{
	struct kr_key *found;
	struct persona me;

	enter(test, &me, KT_UID);
	KUNIT_EXPECT_EQ(test, find_anywhere(test, "k", &found), -EAGAIN);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	leave(&me);
}

/* What is wrong in one ring does not hide what is right in the next. */
static void search_goes_on_after_an_error(struct kunit *test)
{
	struct kr_key *thread, *session, *found;
	struct persona me;

	enter(test, &me, KT_UID);
	thread = key_in(test, KEY_SPEC_THREAD_KEYRING, "k");
	session = key_in(test, KEY_SPEC_SESSION_KEYRING, "k");
	kr_key_revoke(thread);
	KUNIT_EXPECT_EQ(test, find_anywhere(test, "k", &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, session);
	session->perm = 0;
	KUNIT_EXPECT_EQ(test, find_anywhere(test, "k", &found), -EACCES);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(special(test, KEY_SPEC_SESSION_KEYRING, 0),
					     session), 0);
	KUNIT_EXPECT_EQ(test, find_anywhere(test, "k", &found), -EKEYREVOKED);
	leave(&me);
}

/* A ring that may not be searched is passed over, unless there is nothing else to say. */
static void search_of_closed_rings(struct kunit *test)
{
	struct kr_key *found, *key;
	struct persona me;

	enter(test, &me, KT_UID);
	special(test, KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE)->perm = 0;
	KUNIT_EXPECT_EQ(test, find_anywhere(test, "k", &found), -EACCES);
	key = key_in(test, KEY_SPEC_SESSION_KEYRING, "k");
	KUNIT_EXPECT_EQ(test, find_anywhere(test, "k", &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, key);
	leave(&me);
}

static struct kunit_case lookup_cases[] = {
	KUNIT_CASE_PARAM(lookup_by_serial_needs_permission, need_gen_params),
	KUNIT_CASE_PARAM(lookup_of_a_key_in_any_state, state_gen_params),
	KUNIT_CASE(searches_in_order),
	KUNIT_CASE(search_makes_nothing),
	KUNIT_CASE(search_goes_on_after_an_error),
	KUNIT_CASE(search_of_closed_rings),
	{}
};

static struct kunit_suite lookup_suite = {
	.name		= "kr_cred_lookup",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= lookup_cases,
};

kunit_test_suite(lookup_suite);
