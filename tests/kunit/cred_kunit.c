// SPDX-License-Identifier: GPL-2.0-only
/*
 * Room cred, in the test's own task, which is root's: no event is followed here,
 * so the tests say themselves that the task executes something or exits.
 */
#include "kunit_helpers.h"

#include <keyrings/reaper.h>
#include <linux/preempt.h>

static s32 serial_of(s32 id, unsigned int flags)
{
	struct kr_key_ref ref;
	int ret = kr_cred_lookup(id, flags, 0, &ref);

	if (ret)
		return ret;
	ret = ref.key->serial;
	kr_key_put(ref.key);
	return ret;
}

static void exec(void)
{
	preempt_disable();
	kr_cred_task_exec(current);
	preempt_enable();
	kr_reaper_flush();
}

/* Each test ends with it: init, test and exit need not run in the same task. */
static void leave_task(void)
{
	exec();
	preempt_disable();
	kr_cred_task_exit(current);
	preempt_enable();
	kr_reaper_flush();
	/* An authority holds its rings for two grace periods more. */
	rcu_barrier();
	rcu_barrier();
	kr_reaper_flush();
}

static bool alive(s32 serial)
{
	struct kr_key *key = kr_key_lookup(serial);

	kr_key_put(key);
	return key;
}

static void special_ids(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, serial_of(0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, serial_of(-6, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, serial_of(-9, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, serial_of(S32_MIN, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, serial_of(-7, 0), KR_FOREIGN);
	KUNIT_EXPECT_EQ(test, serial_of(-8, 0), KR_FOREIGN);
	KUNIT_EXPECT_EQ(test, serial_of(S32_MAX, 0), KR_FOREIGN);
	KUNIT_EXPECT_EQ(test, serial_of(KEY_SPEC_THREAD_KEYRING, 0), -ENOKEY);
	KUNIT_EXPECT_EQ(test, serial_of(KEY_SPEC_PROCESS_KEYRING, 0), -ENOKEY);
	leave_task();
}

static void thread_and_process_rings_end_with_exec(struct kunit *test)
{
	s32 thread = serial_of(KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE);
	s32 process = serial_of(KEY_SPEC_PROCESS_KEYRING, KR_LOOKUP_CREATE);

	KUNIT_EXPECT_GT(test, thread, 0);
	KUNIT_EXPECT_GT(test, process, 0);
	KUNIT_EXPECT_NE(test, thread, process);
	KUNIT_EXPECT_EQ(test, serial_of(KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE), thread);
	KUNIT_EXPECT_EQ(test, serial_of(KEY_SPEC_PROCESS_KEYRING, 0), process);
	exec();
	KUNIT_EXPECT_EQ(test, serial_of(KEY_SPEC_THREAD_KEYRING, 0), -ENOKEY);
	KUNIT_EXPECT_EQ(test, serial_of(KEY_SPEC_PROCESS_KEYRING, 0), -ENOKEY);
	KUNIT_EXPECT_FALSE(test, alive(thread));
	KUNIT_EXPECT_FALSE(test, alive(process));
	leave_task();
}

static void reading_falls_back_to_the_user_session(struct kunit *test)
{
	s32 us = serial_of(KEY_SPEC_USER_SESSION_KEYRING, 0), session;

	KUNIT_EXPECT_GT(test, us, 0);
	KUNIT_EXPECT_EQ(test, serial_of(KEY_SPEC_SESSION_KEYRING, 0), us);
	/* To be created, it is one of the process's own. */
	session = serial_of(KEY_SPEC_SESSION_KEYRING, KR_LOOKUP_CREATE);
	KUNIT_EXPECT_GT(test, session, 0);
	KUNIT_EXPECT_NE(test, session, us);
	KUNIT_EXPECT_EQ(test, serial_of(KEY_SPEC_SESSION_KEYRING, KR_LOOKUP_CREATE), session);
	exec();
	KUNIT_EXPECT_EQ(test, serial_of(KEY_SPEC_SESSION_KEYRING, 0), session);
	leave_task();
	KUNIT_EXPECT_FALSE(test, alive(session));
	KUNIT_EXPECT_TRUE(test, alive(us));
}

static void joins(struct kunit *test)
{
	long a = kr_cred_join_session(NULL), b, named;

	KUNIT_EXPECT_GT(test, a, 0l);
	b = kr_cred_join_session(NULL);
	KUNIT_EXPECT_GT(test, b, 0l);
	KUNIT_EXPECT_NE(test, a, b);
	KUNIT_EXPECT_FALSE(test, alive(a));
	named = kr_cred_join_session("kunit session");
	KUNIT_EXPECT_GT(test, named, 0l);
	KUNIT_EXPECT_FALSE(test, alive(b));
	KUNIT_EXPECT_EQ(test, kr_cred_join_session(""), (long)-EINVAL);
	KUNIT_EXPECT_EQ(test, serial_of(KEY_SPEC_SESSION_KEYRING, 0), (s32)named);
	leave_task();
}

static void searches_the_own_rings(struct kunit *test)
{
	struct kr_key_ref thread;
	struct kr_search search;
	struct kr_key *key;

	KUNIT_ASSERT_EQ(test, kr_cred_lookup(KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE, KR_WRITE,
					     &thread), 0);
	KUNIT_EXPECT_TRUE(test, thread.possessed);
	kr_search_init(&search, kr_key_type_find("user"), "k", current_cred(), KR_SEARCH_RECURSE);
	KUNIT_EXPECT_EQ(test, kr_cred_search(&search), -EAGAIN);
	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, thread.key, "k", "v", &key), 0);
	KUNIT_EXPECT_EQ(test, kr_cred_search(&search), 0);
	KUNIT_EXPECT_PTR_EQ(test, search.found, key);
	kr_key_put(search.found);

	/* An empty ring does not hide what is wrong with the key in another. */
	kr_key_revoke(key);
	KUNIT_EXPECT_GT(test, serial_of(KEY_SPEC_PROCESS_KEYRING, KR_LOOKUP_CREATE), 0);
	KUNIT_EXPECT_EQ(test, kr_cred_search(&search), -EKEYREVOKED);
	kr_key_put(key);
	kr_key_put(thread.key);
	leave_task();
}

static void default_request_ring(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(KEY_REQKEY_DEFL_NO_CHANGE), 0l);
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(KEY_REQKEY_DEFL_GROUP_KEYRING), (long)-EINVAL);
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(8), (long)-EINVAL);
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(KEY_REQKEY_DEFL_THREAD_KEYRING), 0l);
	KUNIT_EXPECT_GT(test, serial_of(KEY_SPEC_THREAD_KEYRING, 0), 0);
	KUNIT_EXPECT_EQ(test, kr_cred_set_reqkey(KEY_REQKEY_DEFL_DEFAULT),
			(long)KEY_REQKEY_DEFL_THREAD_KEYRING);
	leave_task();
}

static void authority(struct kunit *test)
{
	struct kr_payload *callout = kr_payload_alloc(0);
	struct kr_key *dest = ((struct kr_kunit *)test->priv)->ring, *target, *authkey, *found;
	struct kr_authority *got;

	KUNIT_ASSERT_NOT_NULL(test, callout);
	KUNIT_EXPECT_EQ(test, PTR_ERR(kr_authority_get(NULL)), (long)-EPERM);
	target = kr_kunit_key(test, "target", "v");
	authkey = kr_authority_make(target, dest, callout);
	KUNIT_ASSERT_FALSE(test, IS_ERR(authkey));
	KUNIT_EXPECT_EQ(test, PTR_ERR(kr_authority_find(target->serial)), (long)-ENOKEY);
	KUNIT_EXPECT_EQ(test, kr_authority_assume(authkey), 0);
	found = kr_authority_current();
	KUNIT_EXPECT_PTR_EQ(test, found, authkey);
	kr_key_put(found);
	got = kr_authority_get(NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(got));
	KUNIT_EXPECT_PTR_EQ(test, got->target, target);
	kr_authority_put(got);
	KUNIT_EXPECT_EQ(test, serial_of(KEY_SPEC_REQUESTOR_KEYRING, 0), dest->serial);
	kr_key_revoke(authkey);
	KUNIT_EXPECT_EQ(test, PTR_ERR(kr_authority_get(NULL)), (long)-EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, kr_authority_assume(NULL), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(kr_authority_get(NULL)), (long)-EPERM);
	kr_key_put(authkey);
	kr_key_put(target);
	kr_payload_put(callout);
	leave_task();
}

static struct kunit_case cred_cases[] = {
	KUNIT_CASE(special_ids),
	KUNIT_CASE(thread_and_process_rings_end_with_exec),
	KUNIT_CASE(reading_falls_back_to_the_user_session),
	KUNIT_CASE(joins),
	KUNIT_CASE(searches_the_own_rings),
	KUNIT_CASE(default_request_ring),
	KUNIT_CASE(authority),
	{}
};

static struct kunit_suite cred_suite = {
	.name		= "kr_cred",
	.suite_init	= kr_kunit_up,
	.suite_exit	= kr_kunit_down,
	.init		= kr_kunit_enter,
	.exit		= kr_kunit_leave,
	.test_cases	= cred_cases,
};

kunit_test_suite(cred_suite);
