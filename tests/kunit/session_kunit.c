// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room cred: the session, how a process comes by it and what it may
 * join (session-keyring(7)).
 */
#include "kunit_helpers.h"
#include "kunit_persona.h"

#include <linux/kthread.h>

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

struct crowd {
	const struct cred *cred;
	atomic_t joined;
};

/* A ring that is joined does not let itself be joined by others, unless told to. */
static void open_session(void)
{
	struct kr_key_ref ref;

	if (kr_cred_lookup(KEY_SPEC_SESSION_KEYRING, 0, 0, &ref))
		return;
	WRITE_ONCE(ref.key->perm, KT_PERM);
	kr_key_put(ref.key);
}

static int join_and_leave(void *arg)
{
	struct crowd *crowd = arg;
	const struct cred *before = override_creds(crowd->cred);
	int complaints = 0;

	while (!kthread_should_stop()) {
		complaints += kr_cred_join_session("name") < 0;
		open_session();
		cond_resched();
		complaints += kr_cred_join_session(NULL) <= 0;
		cond_resched();
		kr_cred_task_exit(current);
		atomic_inc(&crowd->joined);
	}
	revert_creds(before);
	return complaints;
}

/* The same name joined, left and made anew by many: nobody is refused, nothing leaks. */
static void joined_by_many_at_once(struct kunit *test)
{
	struct crowd crowd = { .cred = kt_actor_of(test, kt_login(test, KT_UID)) };

	/* What ends with an exit gives its quota back when the reaper comes to it. */
	kr_limit_values.maxkeys = 1000000;
	kr_limit_values.maxbytes = 100000000;
	kt_crew_start(test, 4, join_and_leave, &crowd);
	schedule_timeout_uninterruptible(KT_STRESS);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&crowd.joined), 0);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
}

static struct kunit_case session_cases[] = {
	KUNIT_CASE(session_falls_back_until_it_is_made),
	KUNIT_CASE(joining_anonymously),
	KUNIT_CASE(joining_without_quota),
	KUNIT_CASE(joining_by_name),
	KUNIT_CASE(joining_what_may_not_be_searched),
	KUNIT_CASE(session_is_not_given_to_the_kernel),
	KUNIT_CASE(session_and_default_ring_are_apart),
	KUNIT_CASE(joined_by_many_at_once),
	{}
};

static struct kunit_suite session_suite = {
	.name		= "kr_cred_session",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= session_cases,
};

kunit_test_suite(session_suite);
