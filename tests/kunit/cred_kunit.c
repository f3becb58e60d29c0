// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room cred: the special IDs and the rings behind them, the thread's
 * and the process's own among them, and the default ring for requests.
 */
#include "kunit_helpers.h"
#include "kunit_persona.h"

struct id_case {
	const char *name;
	s32 id;
	unsigned int flags;
	int ret;
	const char *desc;	/* of the ring it is */
	u32 perm;
	unsigned int keys;	/* there are afterwards */
};

/* Of a process that has nothing yet. */
static const struct id_case id_cases[] = {
	{ "thread",		KEY_SPEC_THREAD_KEYRING, 0,			-ENOKEY },
	{ "thread_create",	KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE,	0,
	  "_tid",	0x3f010000, 1 },
	{ "process",		KEY_SPEC_PROCESS_KEYRING, 0,			-ENOKEY },
	{ "process_create",	KEY_SPEC_PROCESS_KEYRING, KR_LOOKUP_CREATE,	0,
	  "_pid",	0x3f010000, 1 },
	{ "session",		KEY_SPEC_SESSION_KEYRING, 0,			0,
	  "_uid_ses.1000", 0x1f3f0000, 2 },
	{ "session_create",	KEY_SPEC_SESSION_KEYRING, KR_LOOKUP_CREATE,	0,
	  "_ses",	0x3f030000, 3 },
	{ "user",		KEY_SPEC_USER_KEYRING, 0,			0,
	  "_uid.1000",	0x1f3f0000, 2 },
	{ "user_create",	KEY_SPEC_USER_KEYRING, KR_LOOKUP_CREATE,	0,
	  "_uid.1000",	0x1f3f0000, 2 },
	{ "user_session",	KEY_SPEC_USER_SESSION_KEYRING, 0,		0,
	  "_uid_ses.1000", 0x1f3f0000, 2 },
	{ "user_session_create", KEY_SPEC_USER_SESSION_KEYRING, KR_LOOKUP_CREATE, 0,
	  "_uid_ses.1000", 0x1f3f0000, 2 },
	{ "group",		KEY_SPEC_GROUP_KEYRING, 0,			-EINVAL },
	{ "group_create",	KEY_SPEC_GROUP_KEYRING, KR_LOOKUP_CREATE,	-EINVAL },
	{ "authority",		KEY_SPEC_REQKEY_AUTH_KEY, 0,			KR_FOREIGN },
	{ "authority_create",	KEY_SPEC_REQKEY_AUTH_KEY, KR_LOOKUP_CREATE,	KR_FOREIGN },
	{ "requestor",		KEY_SPEC_REQUESTOR_KEYRING, 0,			KR_FOREIGN },
	{ "requestor_create",	KEY_SPEC_REQUESTOR_KEYRING, KR_LOOKUP_CREATE,	KR_FOREIGN },
	{ "zero",		0, 0,						-EINVAL },
	{ "zero_create",	0, KR_LOOKUP_CREATE,				-EINVAL },
	{ "minus_9",		-9, 0,						-EINVAL },
	{ "minus_9_create",	-9, KR_LOOKUP_CREATE,				-EINVAL },
	{ "lowest",		S32_MIN, KR_LOOKUP_CREATE,			-EINVAL },
	{ "one",		1, KR_LOOKUP_CREATE,				KR_FOREIGN },
	{ "highest",		S32_MAX, KR_LOOKUP_CREATE,			KR_FOREIGN },
};

static void describe_id(const struct id_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(id, id_cases, describe_id);

static void first_use_of_an_id(struct kunit *test)
{
	const struct id_case *c = test->param_value;
	struct kr_key *key, *again;
	struct persona me;

	enter(test, &me, KT_UID);
	/* What can be told at once is nothing yet. */
	KUNIT_EXPECT_EQ(test, kr_cred_ring_serial(c->id, c->flags), 0);
	KUNIT_EXPECT_EQ(test, lookup(c->id, c->flags, &key), c->ret);
	KUNIT_EXPECT_EQ(test, kr_key_count(), c->keys);
	if (key) {
		KUNIT_EXPECT_STREQ(test, key->desc, c->desc);
		KUNIT_EXPECT_EQ(test, key->perm, c->perm);
		KUNIT_EXPECT_TRUE(test, kr_key_is_ring(key));
		KUNIT_EXPECT_TRUE(test, uid_eq(key->uid, kt_uid(KT_UID)));
		/* And the same ever after. */
		KUNIT_EXPECT_EQ(test, kr_cred_ring_serial(c->id, c->flags), key->serial);
		KUNIT_EXPECT_EQ(test, lookup(c->id, c->flags, &again), 0);
		KUNIT_EXPECT_PTR_EQ(test, again, key);
		KUNIT_EXPECT_EQ(test, lookup(c->id, 0, &again), 0);
		KUNIT_EXPECT_PTR_EQ(test, again, key);
		KUNIT_EXPECT_EQ(test, kr_key_count(), c->keys);
	}
	leave(&me);
}

/* As setfsuid(2) and setfsgid(2) do: these are the thread's, not put on for a while. */
static void become_fs(struct kunit *test, u32 uid, u32 gid)
{
	struct cred *cred = prepare_creds();

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cred->fsuid = kt_uid(uid);
	cred->fsgid = kt_gid(gid);
	commit_creds(cred);
}

/* thread-keyring(7): its owner is whoever the thread is. */
static void thread_ring_follows_the_thread(struct kunit *test)
{
	struct kr_key *ring;
	struct persona me;

	become_fs(test, KT_UID, 76);
	ring = special(test, KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE);
	become_fs(test, KT_OTHER, 77);
	KUNIT_EXPECT_PTR_EQ(test, special(test, KEY_SPEC_THREAD_KEYRING, 0), ring);
	KUNIT_EXPECT_TRUE(test, uid_eq(ring->uid, kt_uid(KT_OTHER)));
	KUNIT_EXPECT_TRUE(test, gid_eq(ring->gid, kt_gid(77)));
	/* It is still paid by whoever made it: the UID, which is another one. */
	KT_EXPECT_DEBT(test, KT_OTHER, 0, 0);

	/* What it wears for a call does not count. */
	enter(test, &me, KT_UID);
	special(test, KEY_SPEC_THREAD_KEYRING, 0);
	KUNIT_EXPECT_TRUE(test, uid_eq(ring->uid, kt_uid(KT_OTHER)));
	leave(&me);
	become_fs(test, 0, 0);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_OTHER).nkeys, 0);
}

static void own_rings_may_overrun_the_quota(struct kunit *test)
{
	struct persona me;

	kr_limit_values.maxkeys = 0;
	kr_limit_values.maxbytes = 0;
	enter(test, &me, KT_UID);
	special(test, KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE);
	special(test, KEY_SPEC_PROCESS_KEYRING, KR_LOOKUP_CREATE);
	KT_EXPECT_DEBT(test, KT_UID, 2, sizeof("_tid") + sizeof("_pid"));
	leave(&me);
}

/* A special ID is possessed by being what it is, whatever the ring says. */
static void special_rings_are_possessed(struct kunit *test)
{
	struct kr_key_ref ref;
	struct kr_key *ring;
	struct persona me;

	enter(test, &me, KT_UID);
	ring = special(test, KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE);
	ring->perm = KR_POS(KR_VIEW);
	KUNIT_ASSERT_EQ(test, kr_cred_lookup(KEY_SPEC_THREAD_KEYRING, 0, KR_VIEW, &ref), 0);
	KUNIT_EXPECT_TRUE(test, ref.possessed);
	kr_key_put(ref.key);
	KUNIT_EXPECT_EQ(test, kr_cred_lookup(ring->serial, 0, KR_VIEW, &ref), -EACCES);
	KUNIT_EXPECT_EQ(test, kr_cred_ring_serial(KEY_SPEC_THREAD_KEYRING, 0), 0);
	leave(&me);
}

struct reqkey_case {
	int value;
	bool valid;
	const char *makes;
};

static const struct reqkey_case reqkey_cases[] = {
	{ -3, false }, { -2, false }, { 0, true }, { 1, true, "_tid" }, { 2, true, "_pid" },
	{ 3, true }, { 4, true }, { 5, true }, { 6, false }, { 7, true }, { 8, false },
	{ INT_MAX, false }, { INT_MIN, false },
};

static void describe_reqkey(const struct reqkey_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%d", c->value);
}

KUNIT_ARRAY_PARAM(reqkey, reqkey_cases, describe_reqkey);

static void default_ring_for_requests(struct kunit *test)
{
	const struct reqkey_case *c = test->param_value;
	struct kr_key *ring;
	struct persona me;

	enter(test, &me, KT_UID);
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(-1), 0L);
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(c->value), c->valid ? 0L : (long)-EINVAL);
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(-1), c->valid ? (long)c->value : 0L);
	KUNIT_EXPECT_EQ(test, kr_key_count(), c->makes ? 1u : 0u);
	if (c->makes) {
		ring = special(test, c->value == 1 ? KEY_SPEC_THREAD_KEYRING :
			       KEY_SPEC_PROCESS_KEYRING, 0);
		KUNIT_EXPECT_STREQ(test, ring->desc, c->makes);
		/* CVE-2017-7472: one that is there is kept. */
		KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(c->value), (long)c->value);
		KUNIT_EXPECT_EQ(test, kr_key_count(), 1u);
	}
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(0), c->valid ? (long)c->value : 0L);
	leave(&me);
}

static void anchors_are_the_rings_there_are(struct kunit *test)
{
	struct kr_key *thread, *process, *session, *us;
	struct kr_anchors none, before, all;
	struct persona me;

	enter(test, &me, KT_UID);
	rcu_read_lock();
	kr_cred_anchors(&none);
	rcu_read_unlock();
	us = special(test, KEY_SPEC_USER_SESSION_KEYRING, 0);
	rcu_read_lock();
	kr_cred_anchors(&before);
	rcu_read_unlock();
	thread = special(test, KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE);
	process = special(test, KEY_SPEC_PROCESS_KEYRING, KR_LOOKUP_CREATE);
	session = special(test, KEY_SPEC_SESSION_KEYRING, KR_LOOKUP_CREATE);
	rcu_read_lock();
	kr_cred_anchors(&all);
	rcu_read_unlock();

	KUNIT_EXPECT_EQ(test, none.count, 0u);
	KUNIT_EXPECT_PTR_EQ(test, none.actor, (const struct cred *)me.cred);
	KUNIT_EXPECT_EQ(test, before.count, 1u);
	KUNIT_EXPECT_PTR_EQ(test, before.ring[0], us);
	KUNIT_EXPECT_EQ(test, all.count, 3u);
	KUNIT_EXPECT_PTR_EQ(test, all.ring[0], thread);
	KUNIT_EXPECT_PTR_EQ(test, all.ring[1], process);
	KUNIT_EXPECT_PTR_EQ(test, all.ring[2], session);
	leave(&me);
}

static struct kunit_case cred_cases[] = {
	KUNIT_CASE_PARAM(first_use_of_an_id, id_gen_params),
	KUNIT_CASE(thread_ring_follows_the_thread),
	KUNIT_CASE(own_rings_may_overrun_the_quota),
	KUNIT_CASE(special_rings_are_possessed),
	KUNIT_CASE_PARAM(default_ring_for_requests, reqkey_gen_params),
	KUNIT_CASE(anchors_are_the_rings_there_are),
	{}
};

static struct kunit_suite cred_suite = {
	.name		= "kr_cred",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= cred_cases,
};

kunit_test_suite(cred_suite);
