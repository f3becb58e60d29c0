// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room user: namespaces, the records of UIDs in them and their pins. */
#include "kunit_helpers.h"
#include "kunit_home.h"

static struct kr_ns *peek_ns(struct user_namespace *ns)
{
	struct kr_ns *kns;

	rcu_read_lock();
	kns = kr_ns_peek(ns);
	rcu_read_unlock();
	return kns;
}

static void initial_namespace_is_always_known(struct kunit *test)
{
	struct kr_ns *kns = kr_ns_get_by_ns(&init_user_ns);

	KUNIT_EXPECT_PTR_EQ(test, kns, &kr_init_ns);
	KUNIT_EXPECT_PTR_EQ(test, peek_ns(&init_user_ns), &kr_init_ns);
	kr_ns_put(kns);
	kr_user_ns_dying(&init_user_ns);
	KUNIT_EXPECT_PTR_EQ(test, peek_ns(&init_user_ns), &kr_init_ns);
	kr_ns_put(NULL);
}

static void namespace_is_known_from_first_use_to_its_end(struct kunit *test)
{
	struct user_namespace *ns = kt_ns(test, 100000, 1000);
	struct kr_ns *kns, *again;

	KUNIT_EXPECT_NULL(test, peek_ns(ns));
	kr_user_ns_dying(ns);
	kns = kr_ns_get_by_ns(ns);
	KUNIT_ASSERT_NOT_NULL(test, kns);
	again = kr_ns_get_by_ns(ns);
	KUNIT_EXPECT_PTR_EQ(test, kns, again);
	KUNIT_EXPECT_EQ(test, refcount_read(&kns->usage), 3u);
	kr_ns_put(kns);
	kr_ns_put(again);
	KUNIT_EXPECT_PTR_EQ(test, peek_ns(ns), kns);
	kr_user_ns_dying(ns);
	KUNIT_EXPECT_NULL(test, peek_ns(ns));
}

/* What remembers the old one must not take the new one for it. */
static void next_namespace_at_the_same_address_is_another(struct kunit *test)
{
	struct user_namespace *ns = kt_ns(test, 100000, 1000);
	struct kr_ns *old = kr_ns_get_by_ns(ns), *new;

	KUNIT_ASSERT_NOT_NULL(test, old);
	kr_user_ns_dying(ns);
	new = kr_ns_get_by_ns(ns);
	KUNIT_EXPECT_PTR_NE(test, old, new);
	KUNIT_EXPECT_EQ(test, refcount_read(&old->usage), 1u);
	kr_ns_put(old);
	kr_ns_put(new);
}

static void record_has_two_rings_and_a_pin(struct kunit *test)
{
	struct kt_login *login = kt_login(test, 1000);
	struct home *home;

	KUNIT_EXPECT_FALSE(test, anybody_home(&init_user_ns, 1000));
	home = home_install(test, login, &init_user_ns);
	KUNIT_EXPECT_TRUE(test, home_found(home, 1000));
	KUNIT_EXPECT_FALSE(test, anybody_home(&init_user_ns, 1001));
	KUNIT_EXPECT_EQ(test, count_of(login), 2);
	KUNIT_EXPECT_EQ(test, drops(home), 0);

	kr_user_drop_all();
	KUNIT_EXPECT_FALSE(test, anybody_home(&init_user_ns, 1000));
	KUNIT_EXPECT_EQ(test, drops(home), 101);
	KUNIT_EXPECT_EQ(test, count_of(login), 1);
	KUNIT_EXPECT_NULL(test, next_account(0));
}

static void namespaces_of_a_uid_share_one_pin(struct kunit *test)
{
	struct user_namespace *a = kt_ns(test, 0, 70000), *b = kt_ns(test, 0, 70000);
	struct kt_login *login = kt_login(test, 1000);
	struct home *in_init, *in_a, *in_b;

	in_init = home_install(test, login, &init_user_ns);
	in_a = home_install(test, login, a);
	in_b = home_install(test, login, b);
	KUNIT_EXPECT_EQ(test, count_of(login), 2);
	KUNIT_EXPECT_TRUE(test, home_found(in_init, 1000));
	KUNIT_EXPECT_TRUE(test, home_found(in_a, 1000));
	KUNIT_EXPECT_TRUE(test, home_found(in_b, 1000));
}

static void namespace_takes_its_records_along(struct kunit *test)
{
	struct user_namespace *ns = kt_ns(test, 0, 70000);
	struct kt_login *alice = kt_login(test, 1000), *bob = kt_login(test, 1001);
	struct kr_account *of_bob = account_of(test, 1001);
	struct home *outside, *inside, *bobs;

	outside = home_install(test, alice, &init_user_ns);
	inside = home_install(test, alice, ns);
	bobs = home_install(test, bob, ns);
	kr_user_ns_dying(ns);
	KUNIT_EXPECT_FALSE(test, anybody_home(ns, 1000));
	KUNIT_EXPECT_FALSE(test, anybody_home(ns, 1001));
	KUNIT_EXPECT_TRUE(test, home_found(outside, 1000));
	KUNIT_EXPECT_EQ(test, drops(inside), 101);
	KUNIT_EXPECT_EQ(test, drops(bobs), 101);
	KUNIT_EXPECT_EQ(test, drops(outside), 0);

	/* Bob's last record has gone, and with it his pin; Alice has one more. */
	kr_user_flush();
	KUNIT_EXPECT_EQ(test, count_of(bob), 1);
	KUNIT_EXPECT_EQ(test, count_of(alice), 2);
	kr_account_put(of_bob);
}

/* The UID and the namespace end at the same time: the record goes once. */
static void namespace_and_uid_end_together(struct kunit *test)
{
	struct user_namespace *ns = kt_ns(test, 0, 70000);
	struct kt_login *login = kt_login(test, 1000);
	struct kr_account *account = account_of(test, 1000);
	struct home *home = home_install(test, login, ns);

	spin_lock(&account->lock);
	kt_logout(login);
	spin_unlock(&account->lock);
	kr_user_ns_dying(ns);
	kr_user_flush();
	KUNIT_EXPECT_EQ(test, drops(home), 101);
	KUNIT_EXPECT_EQ(test, count_of(login), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&account->usage), 1u);
	kr_account_put(account);
}

static struct kunit_case user_cases[] = {
	KUNIT_CASE(initial_namespace_is_always_known),
	KUNIT_CASE(namespace_is_known_from_first_use_to_its_end),
	KUNIT_CASE(next_namespace_at_the_same_address_is_another),
	KUNIT_CASE(record_has_two_rings_and_a_pin),
	KUNIT_CASE(namespaces_of_a_uid_share_one_pin),
	KUNIT_CASE(namespace_takes_its_records_along),
	KUNIT_CASE(namespace_and_uid_end_together),
	{}
};

static struct kunit_suite user_suite = {
	.name		= "kr_user",
	.suite_init	= user_suite_init,
	.suite_exit	= user_suite_exit,
	.init		= kt_bare_init,
	.exit		= user_exit,
	.test_cases	= user_cases,
};

kunit_test_suite(user_suite);
