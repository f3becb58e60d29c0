// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room cred: the special IDs, the rings behind them, lookup and
 * search as a process does them. The case's own thread is that process; it has
 * put on the credentials of a made-up user.
 */
#include "kunit_helpers.h"

#include <keyrings/cred.h>
#include <linux/kthread.h>

struct persona {
	struct kt_login *login;
	struct cred *cred;
	const struct cred *before;
};

static void enter(struct kunit *test, struct persona *me, u32 uid)
{
	me->login = kt_login(test, uid);
	me->cred = kt_actor_of(test, me->login);
	me->before = override_creds(me->cred);
}

static void leave(struct persona *me)
{
	kr_cred_task_exec(current);
	revert_creds(me->before);
}

/* Looks up without a permission in mind; borrowed, it lives by being what it is. */
static int lookup(s32 id, unsigned int flags, struct kr_key **key)
{
	struct kr_key_ref ref;
	int ret;

	*key = NULL;
	ret = kr_cred_lookup(id, flags, 0, &ref);
	if (!ret) {
		*key = ref.key;
		kr_key_put(ref.key);
	}
	return ret;
}

static struct kr_key *special(struct kunit *test, s32 id, unsigned int flags)
{
	struct kr_key *key;

	KUNIT_ASSERT_EQ(test, lookup(id, flags, &key), 0);
	return key;
}

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

/* user-session-keyring(7): made together, the one linked to the other. */
static void user_rings_are_a_pair(struct kunit *test)
{
	struct kr_key *user, *session;
	struct persona me;

	enter(test, &me, KT_UID);
	user = special(test, KEY_SPEC_USER_KEYRING, 0);
	session = special(test, KEY_SPEC_USER_SESSION_KEYRING, 0);
	KUNIT_EXPECT_TRUE(test, kt_holds(session, user));
	KUNIT_EXPECT_FALSE(test, kt_holds(user, session));
	KUNIT_EXPECT_TRUE(test, test_bit(KR_KEY_UID_RING, &user->flags));
	KUNIT_EXPECT_TRUE(test, test_bit(KR_KEY_UID_RING, &session->flags));
	KUNIT_EXPECT_FALSE(test, gid_valid(user->gid));
	KUNIT_EXPECT_EQ(test, refcount_read(&user->usage), 2u);
	KUNIT_EXPECT_EQ(test, refcount_read(&session->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 2, sizeof("_uid.1000") + sizeof("_uid_ses.1000") + 4);
	leave(&me);
}

/* The rings are those of the real UID, also of a process that acts as another. */
static void user_rings_are_those_of_the_real_uid(struct kunit *test)
{
	struct persona me;

	enter(test, &me, KT_UID);
	me.cred->euid = kt_uid(KT_OTHER);
	me.cred->fsuid = kt_uid(KT_OTHER);
	KUNIT_EXPECT_STREQ(test, special(test, KEY_SPEC_USER_KEYRING, 0)->desc, "_uid.1000");
	KUNIT_EXPECT_TRUE(test, uid_eq(special(test, KEY_SPEC_USER_KEYRING, 0)->uid,
				       kt_uid(KT_UID)));
	leave(&me);
}

static void users_do_not_share(struct kunit *test)
{
	struct kr_key *mine, *theirs;
	struct persona me, them;

	enter(test, &me, KT_UID);
	mine = special(test, KEY_SPEC_USER_KEYRING, 0);
	enter(test, &them, KT_OTHER);
	theirs = special(test, KEY_SPEC_USER_KEYRING, 0);
	KUNIT_EXPECT_STREQ(test, theirs->desc, "_uid.2000");
	KUNIT_EXPECT_PTR_NE(test, mine, theirs);
	leave(&them);
	KUNIT_EXPECT_PTR_EQ(test, special(test, KEY_SPEC_USER_KEYRING, 0), mine);
	leave(&me);
}

static void user_rings_are_those_of_the_namespace(struct kunit *test)
{
	struct user_namespace *ns = kt_ns(test, 1000, 10);
	struct kr_key *outside, *inside;
	struct persona me;

	enter(test, &me, 1003);
	outside = special(test, KEY_SPEC_USER_KEYRING, 0);
	KUNIT_EXPECT_STREQ(test, outside->desc, "_uid.1003");
	kt_actor_ns(test, me.cred, ns);
	inside = special(test, KEY_SPEC_USER_KEYRING, 0);
	KUNIT_EXPECT_STREQ(test, inside->desc, "_uid.3");
	KUNIT_EXPECT_PTR_NE(test, inside, outside);
	KUNIT_EXPECT_TRUE(test, uid_eq(inside->uid, kt_uid(1003)));
	/* One pin for both. */
	KUNIT_EXPECT_EQ(test, refcount_read(&me.login->up.__count), 2u);
	kt_actor_ns(test, me.cred, &init_user_ns);
	KUNIT_EXPECT_PTR_EQ(test, special(test, KEY_SPEC_USER_KEYRING, 0), outside);
	leave(&me);
}

/* Two UIDs that the namespace does not know are still two. */
static void unmapped_users_do_not_share(struct kunit *test)
{
	struct user_namespace *ns = kt_ns(test, 0, 0);
	struct kr_key *mine, *theirs;
	struct persona me, them;

	enter(test, &me, 1003);
	kt_actor_ns(test, me.cred, ns);
	mine = special(test, KEY_SPEC_USER_SESSION_KEYRING, 0);
	enter(test, &them, 1004);
	kt_actor_ns(test, them.cred, ns);
	theirs = special(test, KEY_SPEC_USER_SESSION_KEYRING, 0);
	KUNIT_EXPECT_PTR_NE(test, mine, theirs);
	KUNIT_EXPECT_TRUE(test, uid_eq(mine->uid, kt_uid(1003)));
	KUNIT_EXPECT_TRUE(test, uid_eq(theirs->uid, kt_uid(1004)));
	leave(&them);
	KUNIT_EXPECT_PTR_EQ(test, special(test, KEY_SPEC_USER_SESSION_KEYRING, 0), mine);
	leave(&me);
}

/* A user-made ring of that name is never taken for the user keyring. */
static void user_rings_cannot_be_forged(struct kunit *test)
{
	struct kr_key *forged = kt_ring(test, "_uid.1000");
	struct kr_key *forged_ses = kt_ring(test, "_uid_ses.1000");
	struct persona me;

	enter(test, &me, KT_UID);
	KUNIT_EXPECT_PTR_NE(test, special(test, KEY_SPEC_USER_KEYRING, 0), forged);
	KUNIT_EXPECT_PTR_NE(test, special(test, KEY_SPEC_USER_SESSION_KEYRING, 0), forged_ses);
	leave(&me);
}

/* Not the quota of another UID, and not half a pair. */
static void user_rings_need_quota(struct kunit *test)
{
	struct kr_key *key;
	struct persona me;
	unsigned int bytes;

	enter(test, &me, KT_UID);
	for (bytes = 0; bytes < 28; bytes++) {
		kr_limit_values.maxbytes = bytes;
		KUNIT_EXPECT_EQ(test, lookup(KEY_SPEC_USER_KEYRING, 0, &key), -EDQUOT);
		KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	}
	KUNIT_EXPECT_EQ(test, refcount_read(&me.login->up.__count), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
	kr_limit_values.maxbytes = 28;
	KUNIT_EXPECT_EQ(test, lookup(KEY_SPEC_USER_KEYRING, 0, &key), 0);
	leave(&me);
}

/* The last process goes, and what comes next finds other rings. */
static void user_rings_end_with_the_last_process(struct kunit *test)
{
	struct kr_account *account = kr_account_get_by_uid(kt_uid(KT_UID));
	struct persona me;
	s32 serial, next;

	KUNIT_ASSERT_NOT_NULL(test, account);
	enter(test, &me, KT_UID);
	serial = special(test, KEY_SPEC_USER_KEYRING, 0)->serial;
	kt_logout(me.login);
	kr_user_flush();
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);

	kt_login_more(me.login);
	kt_login_unsave(me.login);
	next = special(test, KEY_SPEC_USER_KEYRING, 0)->serial;
	KUNIT_EXPECT_NE(test, next, serial);
	KUNIT_EXPECT_NULL(test, kr_key_lookup(serial));
	leave(&me);
	kr_account_put(account);
}

/* What is linked elsewhere lives on there, and is the user keyring again. */
static void linked_user_ring_lives_on(struct kunit *test)
{
	struct kr_account *account = kr_account_get_by_uid(kt_uid(KT_UID));
	struct kr_key *ring = kt_ring_of(test, KT_OTHER, "ring"), *old;
	struct persona me;

	KUNIT_ASSERT_NOT_NULL(test, account);
	enter(test, &me, KT_UID);
	old = special(test, KEY_SPEC_USER_KEYRING, 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, old), 0);
	kt_logout(me.login);
	kr_user_flush();
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 2u);
	KUNIT_EXPECT_TRUE(test, kt_holds(ring, old));

	kt_login_more(me.login);
	kt_login_unsave(me.login);
	KUNIT_EXPECT_PTR_EQ(test, special(test, KEY_SPEC_USER_KEYRING, 0), old);
	KUNIT_EXPECT_TRUE(test, kt_holds(special(test, KEY_SPEC_USER_SESSION_KEYRING, 0), old));
	KUNIT_EXPECT_TRUE(test, kt_holds(ring, old));
	leave(&me);
	kr_account_put(account);
}

/* Revoked it is missing for gc_delay, invalidated it is made anew at once. */
static void ended_user_ring_is_made_anew(struct kunit *test)
{
	struct kr_key *user, *session, *key;
	struct persona me;

	kr_limit_values.gc_delay = 100;
	enter(test, &me, KT_UID);
	user = special(test, KEY_SPEC_USER_KEYRING, 0);
	session = special(test, KEY_SPEC_USER_SESSION_KEYRING, 0);
	kt_hold(test, kr_key_get(user));
	kt_hold(test, kr_key_get(session));
	kr_ring_invalidate(session);
	key = special(test, KEY_SPEC_USER_SESSION_KEYRING, 0);
	KUNIT_EXPECT_PTR_NE(test, key, session);
	KUNIT_EXPECT_TRUE(test, kt_holds(key, user));
	KUNIT_EXPECT_PTR_EQ(test, special(test, KEY_SPEC_USER_KEYRING, 0), user);

	kr_key_revoke(user);
	KUNIT_EXPECT_EQ(test, lookup(KEY_SPEC_USER_KEYRING, KR_LOOKUP_CREATE, &key), -ENOKEY);
	kr_clock_shift(101);
	KUNIT_EXPECT_PTR_NE(test, special(test, KEY_SPEC_USER_KEYRING, 0), user);
	leave(&me);
}

/* One that only the record holds has ended for its owner: nothing is owed for it any more. */
static void ended_user_ring_owes_nothing(struct kunit *test)
{
	struct kr_key *user, *session;
	struct persona me;
	struct kt_debt debt;

	enter(test, &me, KT_UID);
	user = special(test, KEY_SPEC_USER_KEYRING, 0);
	session = special(test, KEY_SPEC_USER_SESSION_KEYRING, 0);
	debt = kt_debt(KT_UID);
	KUNIT_ASSERT_EQ(test, debt.qnkeys, 2u);
	kr_limit_values.maxkeys = debt.qnkeys;
	kr_limit_values.maxbytes = debt.qnbytes;
	kr_ring_invalidate(session);
	KUNIT_EXPECT_TRUE(test, kt_holds(special(test, KEY_SPEC_USER_SESSION_KEYRING, 0), user));
	KT_EXPECT_DEBT(test, KT_UID, debt.qnkeys, debt.qnbytes);
	kr_ring_invalidate(user);
	special(test, KEY_SPEC_USER_KEYRING, 0);
	/* The link to the one of before has gone. */
	KT_EXPECT_DEBT(test, KT_UID, debt.qnkeys, debt.qnbytes - KR_LINK_BYTES);
	leave(&me);
}

/* session-keyring(7): what is only read falls back, what is to be made is made. */
static void session_falls_back_until_it_is_made(struct kunit *test)
{
	struct kr_key *user_session, *session;
	struct persona me;

	enter(test, &me, KT_UID);
	user_session = special(test, KEY_SPEC_SESSION_KEYRING, 0);
	KUNIT_EXPECT_PTR_EQ(test, special(test, KEY_SPEC_USER_SESSION_KEYRING, 0), user_session);
	session = special(test, KEY_SPEC_SESSION_KEYRING, KR_LOOKUP_CREATE);
	KUNIT_EXPECT_PTR_NE(test, session, user_session);
	KUNIT_EXPECT_STREQ(test, session->desc, "_ses");
	KUNIT_EXPECT_PTR_EQ(test, special(test, KEY_SPEC_SESSION_KEYRING, 0), session);
	leave(&me);
}

static void joining_anonymously(struct kunit *test)
{
	struct kr_key *session;
	struct persona me;
	long first, second;

	enter(test, &me, KT_UID);
	first = kr_cred_join_session(NULL);
	KUNIT_ASSERT_GT(test, first, 0L);
	session = special(test, KEY_SPEC_SESSION_KEYRING, 0);
	KUNIT_EXPECT_EQ(test, (long)session->serial, first);
	KUNIT_EXPECT_EQ(test, session->perm, 0x3f030000u);
	second = kr_cred_join_session(NULL);
	KUNIT_ASSERT_GT(test, second, 0L);
	KUNIT_EXPECT_NE(test, first, second);
	/* The one that was left is gone. */
	KUNIT_EXPECT_NULL(test, kr_key_lookup(first));
	KUNIT_EXPECT_EQ(test, kr_key_count(), 1u);
	leave(&me);
}

/* The first session is not refused for want of quota, the next one is. */
static void joining_without_quota(struct kunit *test)
{
	struct persona me;
	long first;

	kr_limit_values.maxkeys = 0;
	enter(test, &me, KT_UID);
	KUNIT_EXPECT_EQ(test, kr_cred_join_session("name"), (long)-EDQUOT);
	first = kr_cred_join_session(NULL);
	KUNIT_EXPECT_GT(test, first, 0L);
	KUNIT_EXPECT_EQ(test, kr_cred_join_session(NULL), (long)-EDQUOT);
	KUNIT_EXPECT_EQ(test, kr_cred_join_session("name"), (long)-EDQUOT);
	KUNIT_EXPECT_EQ(test, (long)special(test, KEY_SPEC_SESSION_KEYRING, 0)->serial, first);
	leave(&me);
}

static void joining_by_name(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "there"), *session;
	struct persona me;
	long serial;

	enter(test, &me, KT_UID);
	KUNIT_EXPECT_EQ(test, kr_cred_join_session(""), (long)-EINVAL);
	KUNIT_EXPECT_EQ(test, kr_cred_join_session("there"), (long)ring->serial);
	KUNIT_EXPECT_PTR_EQ(test, special(test, KEY_SPEC_SESSION_KEYRING, 0), ring);
	/* To join what one is in changes nothing and says 0. CVE-2016-0728: nor does it leak. */
	KUNIT_EXPECT_EQ(test, kr_cred_join_session("there"), 0L);
	KUNIT_EXPECT_EQ(test, refcount_read(&ring->usage), 2u);

	serial = kr_cred_join_session("new");
	KUNIT_ASSERT_GT(test, serial, 0L);
	session = special(test, KEY_SPEC_SESSION_KEYRING, 0);
	KUNIT_EXPECT_EQ(test, (long)session->serial, serial);
	KUNIT_EXPECT_STREQ(test, session->desc, "new");
	KUNIT_EXPECT_EQ(test, session->perm, 0x3f130000u);
	KUNIT_EXPECT_EQ(test, refcount_read(&ring->usage), 1u);
	leave(&me);
}

/* One that may not be searched is not joined: a second of the name is made. */
static void joining_what_may_not_be_searched(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "name");
	struct persona me;
	long serial;

	ring->perm = KR_POS(KR_ALL) | KR_USR(KR_ALL & ~KR_SEARCH);
	enter(test, &me, KT_UID);
	serial = kr_cred_join_session("name");
	KUNIT_EXPECT_GT(test, serial, 0L);
	KUNIT_EXPECT_NE(test, serial, (long)ring->serial);
	/* Those that are made by joining do not grant it either. */
	KUNIT_EXPECT_NE(test, kr_cred_join_session("name"), serial);
	leave(&me);
}

/* A kernel thread is nobody's child to give a session to. */
static void session_is_not_given_to_the_kernel(struct kunit *test)
{
	struct persona me;

	enter(test, &me, KT_UID);
	KUNIT_EXPECT_GT(test, kr_cred_join_session(NULL), 0L);
	KUNIT_EXPECT_EQ(test, kr_cred_session_to_parent(), (long)-EPERM);
	special(test, KEY_SPEC_SESSION_KEYRING, 0)->perm = KR_POS(KR_ALL & ~KR_LINK);
	KUNIT_EXPECT_EQ(test, kr_cred_session_to_parent(), (long)-EACCES);
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

/* A change of the session keeps the default ring, and the other way round. */
static void session_and_default_ring_are_apart(struct kunit *test)
{
	struct kr_key *session;
	struct persona me;

	enter(test, &me, KT_UID);
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(4), 0L);
	KUNIT_EXPECT_GT(test, kr_cred_join_session(NULL), 0L);
	session = special(test, KEY_SPEC_SESSION_KEYRING, 0);
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(5), 4L);
	KUNIT_EXPECT_PTR_EQ(test, special(test, KEY_SPEC_SESSION_KEYRING, 0), session);
	KUNIT_EXPECT_EQ(test, refcount_read(&session->usage), 1u);
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

/* persistent-keyring(7). */
static void persistent_ring_is_kept_for_a_while(struct kunit *test)
{
	struct kr_key *dest = kt_ring(test, "dest"), *ring;
	struct persona me;
	long serial;

	kr_limit_values.persistent_expiry = 1000;
	kr_limit_values.gc_delay = 0;
	enter(test, &me, KT_UID);
	serial = kr_cred_get_persistent(kt_uid(KT_UID), dest);
	KUNIT_ASSERT_GT(test, serial, 0L);
	ring = kr_key_lookup(serial);
	KUNIT_ASSERT_NOT_NULL(test, ring);
	kr_key_put(ring);
	KUNIT_EXPECT_STREQ(test, ring->desc, "_persistent.1000");
	KUNIT_EXPECT_TRUE(test, kt_holds(dest, ring));
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(dest, ring), 0);

	/* Each use prolongs its life. */
	kr_clock_shift(900);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_cred_get_persistent(kt_uid(KT_UID), dest), serial);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(dest, ring), 0);
	kr_clock_shift(1800);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_cred_get_persistent(kt_uid(KT_UID), dest), serial);
	kr_clock_shift(2900);
	kr_reaper_flush();
	KUNIT_EXPECT_NULL(test, kr_key_lookup(serial));
	KUNIT_EXPECT_NE(test, kr_cred_get_persistent(kt_uid(KT_UID), dest), serial);
	leave(&me);
}

static void persistent_ring_that_cannot_be_linked(struct kunit *test)
{
	struct kr_key *dest = kt_ring(test, "dest");
	struct persona me;

	enter(test, &me, KT_UID);
	KUNIT_EXPECT_EQ(test, kr_cred_get_persistent(kt_uid(KT_UID), kt_key(test, "k")),
			(long)-ENOTDIR);
	kr_limit_values.maxbytes = 5;
	KUNIT_EXPECT_EQ(test, kr_cred_get_persistent(kt_uid(KT_UID), dest), (long)-EDQUOT);
	kr_limit_values.maxbytes = 100;
	KUNIT_EXPECT_GT(test, kr_cred_get_persistent(kt_uid(KT_UID), dest), 0L);
	leave(&me);
}

static struct kunit_case cred_cases[] = {
	KUNIT_CASE_PARAM(first_use_of_an_id, id_gen_params),
	KUNIT_CASE(user_rings_are_a_pair),
	KUNIT_CASE(user_rings_are_those_of_the_real_uid),
	KUNIT_CASE(users_do_not_share),
	KUNIT_CASE(user_rings_are_those_of_the_namespace),
	KUNIT_CASE(unmapped_users_do_not_share),
	KUNIT_CASE(user_rings_cannot_be_forged),
	KUNIT_CASE(user_rings_need_quota),
	KUNIT_CASE(user_rings_end_with_the_last_process),
	KUNIT_CASE(linked_user_ring_lives_on),
	KUNIT_CASE(ended_user_ring_is_made_anew),
	KUNIT_CASE(ended_user_ring_owes_nothing),
	KUNIT_CASE(session_falls_back_until_it_is_made),
	KUNIT_CASE(joining_anonymously),
	KUNIT_CASE(joining_without_quota),
	KUNIT_CASE(joining_by_name),
	KUNIT_CASE(joining_what_may_not_be_searched),
	KUNIT_CASE(session_is_not_given_to_the_kernel),
	KUNIT_CASE(thread_ring_follows_the_thread),
	KUNIT_CASE(own_rings_may_overrun_the_quota),
	KUNIT_CASE_PARAM(lookup_by_serial_needs_permission, need_gen_params),
	KUNIT_CASE(special_rings_are_possessed),
	KUNIT_CASE_PARAM(lookup_of_a_key_in_any_state, state_gen_params),
	KUNIT_CASE(searches_in_order),
	KUNIT_CASE(search_makes_nothing),
	KUNIT_CASE(search_goes_on_after_an_error),
	KUNIT_CASE(search_of_closed_rings),
	KUNIT_CASE_PARAM(default_ring_for_requests, reqkey_gen_params),
	KUNIT_CASE(session_and_default_ring_are_apart),
	KUNIT_CASE(anchors_are_the_rings_there_are),
	KUNIT_CASE(persistent_ring_is_kept_for_a_while),
	KUNIT_CASE(persistent_ring_that_cannot_be_linked),
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
