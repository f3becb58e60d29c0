// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room cred: the rings of a UID, which are made when they are first
 * asked for, shared by its processes, and end with the last of them
 * (user-keyring(7), user-session-keyring(7)) or later (persistent-keyring(7)).
 */
#include "kunit_helpers.h"
#include "kunit_persona.h"

#include <linux/kthread.h>

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

/* As a call does that has looked the ring up. */
static void invalidate(struct kr_key *ring)
{
	kr_key_get(ring);
	kr_ring_invalidate(ring);
	kr_key_put(ring);
}

/* One that only the record holds has ended for its owner: nothing is owed for it any more. */
static void ended_user_ring_owes_nothing(struct kunit *test)
{
	struct kr_key *user;
	struct persona me;
	struct kt_debt debt;

	enter(test, &me, KT_UID);
	user = special(test, KEY_SPEC_USER_KEYRING, 0);
	debt = kt_debt(KT_UID);
	KUNIT_ASSERT_EQ(test, debt.qnkeys, 2u);
	kr_limit_values.maxkeys = debt.qnkeys;
	kr_limit_values.maxbytes = debt.qnbytes;
	invalidate(special(test, KEY_SPEC_USER_SESSION_KEYRING, 0));
	KUNIT_EXPECT_TRUE(test, kt_holds(special(test, KEY_SPEC_USER_SESSION_KEYRING, 0), user));
	KT_EXPECT_DEBT(test, KT_UID, debt.qnkeys, debt.qnbytes);
	invalidate(user);
	special(test, KEY_SPEC_USER_KEYRING, 0);
	/* The link to the one of before has gone. */
	KT_EXPECT_DEBT(test, KT_UID, debt.qnkeys, debt.qnbytes - KR_LINK_BYTES);
	leave(&me);
}

/* ... at once, whether there is room for another one or not. */
static void ended_user_ring_leaves_its_record(struct kunit *test)
{
	struct kt_debt both, one;
	struct kr_key *key;
	struct persona me;

	enter(test, &me, KT_UID);
	special(test, KEY_SPEC_USER_KEYRING, 0);
	both = kt_debt(KT_UID);
	invalidate(special(test, KEY_SPEC_USER_SESSION_KEYRING, 0));
	one = kt_debt(KT_UID);
	KUNIT_ASSERT_EQ(test, one.qnkeys, 1u);
	/* no room for a ring; for the ring, but not for the link in it */
	kr_limit_values.maxkeys = 1;
	KUNIT_EXPECT_EQ(test, lookup(KEY_SPEC_USER_SESSION_KEYRING, KR_LOOKUP_CREATE, &key), -EDQUOT);
	KT_EXPECT_DEBT(test, KT_UID, one.qnkeys, one.qnbytes);
	kr_limit_values.maxkeys = 2;
	kr_limit_values.maxbytes = both.qnbytes - 1;
	KUNIT_EXPECT_EQ(test, lookup(KEY_SPEC_USER_SESSION_KEYRING, KR_LOOKUP_CREATE, &key), -EDQUOT);
	KT_EXPECT_DEBT(test, KT_UID, one.qnkeys, one.qnbytes);
	kr_limit_values.maxbytes = both.qnbytes;
	special(test, KEY_SPEC_USER_SESSION_KEYRING, 0);
	KT_EXPECT_DEBT(test, KT_UID, both.qnkeys, both.qnbytes);

	invalidate(special(test, KEY_SPEC_USER_KEYRING, 0));
	one = kt_debt(KT_UID);
	KUNIT_ASSERT_EQ(test, one.qnkeys, 1u);
	kr_limit_values.maxkeys = 1;
	KUNIT_EXPECT_EQ(test, lookup(KEY_SPEC_USER_KEYRING, KR_LOOKUP_CREATE, &key), -EDQUOT);
	KT_EXPECT_DEBT(test, KT_UID, one.qnkeys, one.qnbytes);
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

struct first_touch {
	const struct cred *cred;
	s32 serial[4];
	atomic_t count;
};

static int touch(void *arg)
{
	struct first_touch *first = arg;
	const struct cred *before = override_creds(first->cred);
	struct kr_key_ref ref;
	int ret;

	ret = kr_cred_lookup(KEY_SPEC_USER_KEYRING, 0, 0, &ref);
	if (!ret) {
		first->serial[atomic_inc_return(&first->count) - 1] = ref.key->serial;
		kr_key_put(ref.key);
	}
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	revert_creds(before);
	return ret;
}

/* CVE-2013-1792: one pair is made, and all have the same. */
static void touched_first_by_many_at_once(struct kunit *test)
{
	struct first_touch first = { .cred = kt_actor_of(test, kt_login(test, KT_UID)) };
	unsigned int i, j, wrong = 0;

	for (i = 0; i < 20; i++) {
		atomic_set(&first.count, 0);
		kt_crew_start(test, 4, touch, &first);
		wrong += kt_crew_stop(test);
		wrong += atomic_read(&first.count) != 4;
		for (j = 1; j < 4; j++)
			wrong += first.serial[j] != first.serial[0];
		wrong += kr_key_count() != 2;
		kr_user_drop_all();
		kr_reaper_flush();
		wrong += kr_key_count() != 0;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
}

struct renewals {
	const struct cred *cred;
	atomic_t begun, got;
};

static int get_and_end(void *arg)
{
	struct renewals *renewals = arg;
	const struct cred *before = override_creds(renewals->cred);
	bool session = atomic_inc_return(&renewals->begun) & 1;
	struct kr_key *ring;
	int wrong = 0;

	while (!kthread_should_stop()) {
		if (kr_cred_user_ring_get(session, &ring)) {
			wrong++;
		} else {
			atomic_inc(&renewals->got);
			kr_ring_invalidate(ring);
			kr_key_put(ring);
		}
		cond_resched();
	}
	revert_creds(before);
	return wrong;
}

/* There always is one to be had, however soon it ends. */
static void made_while_they_end(struct kunit *test)
{
	struct renewals renewals = { .cred = kt_actor_of(test, kt_login(test, KT_UID)) };
	unsigned int i;

	kr_limit_values.maxkeys = 1000000;
	kr_limit_values.maxbytes = 100000000;
	kt_crew_start(test, 4, get_and_end, &renewals);
	/* A kernel that finds mistakes on a busy machine takes longer. */
	for (i = 0; i < 60 && atomic_read(&renewals.got) <= 100; i++)
		schedule_timeout_uninterruptible(KT_STRESS);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&renewals.got), 100);
	kr_user_drop_all();
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
}

static struct kunit_case uid_rings_cases[] = {
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
	KUNIT_CASE(ended_user_ring_leaves_its_record),
	KUNIT_CASE(persistent_ring_is_kept_for_a_while),
	KUNIT_CASE(persistent_ring_that_cannot_be_linked),
	KUNIT_CASE(touched_first_by_many_at_once),
	KUNIT_CASE(made_while_they_end),
	{}
};

static struct kunit_suite uid_rings_suite = {
	.name		= "kr_cred_uid_rings",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= uid_rings_cases,
};

kunit_test_suite(uid_rings_suite);
