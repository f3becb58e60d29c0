// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room user: the records of a UID are closed with its last process, not
 * earlier, and no reader takes away one that is.
 */
#include "kunit_helpers.h"
#include "kunit_home.h"

#include <linux/delay.h>
#include <linux/kthread.h>

#include "../../src/user/user_internal.h"

/* The case holds the account, so that its work can be waited for. */
static void closed_with_the_last_process(struct kunit *test)
{
	struct user_namespace *ns = kt_ns(test, 0, 70000);
	struct kt_login *login = kt_login(test, 1000);
	struct kr_account *account = account_of(test, 1000);
	struct home *home, *elsewhere;

	home = home_install(test, login, &init_user_ns);
	elsewhere = home_install(test, login, ns);
	kt_login_more(login);
	kt_logout(login);
	KUNIT_EXPECT_EQ(test, account->queued, 0ul);
	KUNIT_EXPECT_TRUE(test, home_found(home, 1000));

	kt_logout(login);
	kr_user_flush();
	KUNIT_EXPECT_FALSE(test, anybody_home(&init_user_ns, 1000));
	KUNIT_EXPECT_FALSE(test, anybody_home(ns, 1000));
	KUNIT_EXPECT_EQ(test, drops(home), 101);
	KUNIT_EXPECT_EQ(test, drops(elsewhere), 101);
	KUNIT_EXPECT_EQ(test, count_of(login), 0);
	KUNIT_EXPECT_NULL(test, account->pin);
	KUNIT_EXPECT_EQ(test, refcount_read(&account->usage), 1u);
	kr_account_put(account);
}

/* More than wait for one grace period together: while the first ones do, all others come. */
static void many_go_at_once(struct kunit *test)
{
	enum { CROWD = 200 };
	struct kt_login **logins = kunit_kcalloc(test, CROWD, sizeof(*logins), GFP_KERNEL);
	struct home **homes = kunit_kcalloc(test, CROWD, sizeof(*homes), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, logins);
	KUNIT_ASSERT_NOT_NULL(test, homes);
	for (i = 0; i < CROWD; i++) {
		logins[i] = kt_login(test, 1000 + i);
		homes[i] = home_install(test, logins[i], &init_user_ns);
	}
	for (i = 0; i < CROWD; i++)
		kt_logout(logins[i]);
	kr_user_flush();
	for (i = 0; i < CROWD; i++) {
		KUNIT_EXPECT_EQ(test, drops(homes[i]), 101);
		KUNIT_EXPECT_EQ(test, count_of(logins[i]), 0);
	}
	KUNIT_EXPECT_NULL(test, next_account(0));
}

static void made_anew_after_a_close(struct kunit *test)
{
	struct kt_login *login = kt_login(test, 1000);
	struct kr_account *account = account_of(test, 1000);
	struct home *first, *second;
	unsigned int i;

	first = home_install(test, login, &init_user_ns);
	kt_logout(login);
	kr_user_flush();
	for (i = 0; i < 3; i++) {
		kt_login_more(login);
		kt_login_unsave(login);
		KUNIT_EXPECT_FALSE(test, anybody_home(&init_user_ns, 1000));
		second = home_install(test, login, &init_user_ns);
		KUNIT_EXPECT_TRUE(test, home_found(second, 1000));
		KUNIT_EXPECT_EQ(test, count_of(login), 2);
		kt_logout(login);
		kr_user_flush();
		KUNIT_EXPECT_EQ(test, drops(second), 101);
	}
	KUNIT_EXPECT_EQ(test, drops(first), 101);
	kr_account_put(account);
}

static void dropped_references_of_others_do_not_matter(struct kunit *test)
{
	struct kt_login *login = kt_login(test, 1000), *stranger = kt_login(test, 1001);
	struct kt_login *namesake = kt_login(test, 1000);
	struct kr_account *account = account_of(test, 1000);
	struct home *home;

	home = home_install(test, login, &init_user_ns);
	rcu_read_lock();
	kr_user_uid_dropped(&stranger->up, kt_uid(1001));
	/* Freed and allocated again for the same UID, before ours was seen gone. */
	kr_user_uid_dropped(&namesake->up, kt_uid(1000));
	kr_user_uid_dropped(&login->up, kt_uid(1000));
	kr_user_uid_dropped(NULL, kt_uid(1002));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, account->queued, 0ul);
	kr_user_flush();
	KUNIT_EXPECT_TRUE(test, home_found(home, 1000));
	kr_account_put(account);
}

/* A process of the UID comes after the work was queued and before it looks. */
static void not_closed_when_a_process_comes_in_time(struct kunit *test)
{
	struct kt_login *login = kt_login(test, 1000);
	struct kr_account *account = account_of(test, 1000);
	struct home *home;

	home = home_install(test, login, &init_user_ns);
	spin_lock(&account->lock);
	kt_logout(login);
	kt_login_more(login);
	spin_unlock(&account->lock);
	kr_user_flush();
	KUNIT_EXPECT_TRUE(test, home_found(home, 1000));
	KUNIT_EXPECT_EQ(test, drops(home), 0);
	KUNIT_EXPECT_EQ(test, count_of(login), 2);

	/* Nothing was forgotten: the next exit closes it. */
	kt_logout(login);
	kr_user_flush();
	KUNIT_EXPECT_EQ(test, drops(home), 101);
	kr_account_put(account);
}

static void closed_once_however_often_it_is_said(struct kunit *test)
{
	struct kt_login *login = kt_login(test, 1000);
	struct kr_account *account = account_of(test, 1000);
	struct home *home;
	unsigned int i;

	home = home_install(test, login, &init_user_ns);
	kt_logout(login);
	for (i = 0; i < 100; i++) {
		rcu_read_lock();
		kr_user_uid_dropped(&login->up, kt_uid(1000));
		rcu_read_unlock();
	}
	kr_user_flush();
	KUNIT_EXPECT_EQ(test, drops(home), 101);
	KUNIT_EXPECT_EQ(test, count_of(login), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&account->usage), 1u);
	kr_account_put(account);
}

struct visit {
	bool go;
	atomic_t arrived;
	atomic_t left;
	atomic_t found;
};

static int visit(void *arg)
{
	struct visit *visit = arg;

	while (!READ_ONCE(visit->go) && !kthread_should_stop())
		cond_resched();
	atomic_inc(&visit->arrived);
	atomic_add(anybody_home(&init_user_ns, 1000), &visit->found);
	atomic_inc(&visit->left);
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

/* Let the other CPU come to the lock that is held here. */
static void wait_for_arrival(struct visit *visit)
{
	unsigned int i;

	WRITE_ONCE(visit->go, true);
	for (i = 0; i < 1500 && !atomic_read(&visit->arrived); i++)
		mdelay(10);
	mdelay(200);
}

/*
 * A reader that comes while the work decides waits for the decision: it must
 * not carry away a record that the work is about to take out. The case plays
 * the work; the reader on its own CPU comes later.
 */
static void reader_waits_for_a_pending_decision(struct kunit *test)
{
	struct kt_login *login = kt_login(test, 1000);
	struct kr_account *account = account_of(test, 1000);
	u32 hash = kr_uid_hash(kt_uid(1000));
	struct visit visits = {};
	struct kr_user *user;
	int arrived, left;

	home_install(test, login, &init_user_ns);
	rcu_read_lock();
	user = kr_user_peek(&init_user_ns, kt_uid(1000));
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, user);
	kt_crew_start(test, 2, visit, &visits);

	spin_lock(&account->lock);
	WRITE_ONCE(user->closing, true);
	wait_for_arrival(&visits);
	arrived = atomic_read(&visits.arrived);
	left = atomic_read(&visits.left);
	KUNIT_EXPECT_EQ(test, kr_store_remove(&kr_init_ns.users, user, hash), (unsigned long)user);
	spin_unlock(&account->lock);

	while (atomic_read(&visits.left) < 2)
		msleep(20);
	if (num_online_cpus() > 1)
		KUNIT_EXPECT_EQ(test, arrived, 1);
	KUNIT_EXPECT_EQ(test, left, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&visits.found), 0);

	KUNIT_ASSERT_EQ(test, kr_store_reserve(&kr_init_ns.users, kr_user_hash_of,
					       &kr_init_ns.users_lock), 0);
	WRITE_ONCE(user->closing, false);
	kr_store_insert(&kr_init_ns.users, (unsigned long)user, hash);
	KUNIT_EXPECT_TRUE(test, anybody_home(&init_user_ns, 1000));
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	kr_account_put(account);
}

/*
 * A reader finds the record, is held up, and looks at it closely when the work has
 * taken it out and is done: it must not take that one for the UID's.
 */
static void reader_is_late_for_a_decision(struct kunit *test)
{
	struct kt_login *login = kt_login(test, 1000);
	struct kr_user *user, *before, *after;
	unsigned int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "the work needs a CPU beside that of the reader");
	home_install(test, login, &init_user_ns);
	rcu_read_lock();
	user = kr_user_peek(&init_user_ns, kt_uid(1000));
	before = user ? kr_user_settled(user) : NULL;
	kt_logout(login);
	for (i = 0; i < 1500 && atomic_read(&login->saved) < 2; i++)
		mdelay(10);
	after = user ? kr_user_settled(user) : NULL;
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, atomic_read(&login->saved), 2);
	KUNIT_EXPECT_NOT_NULL(test, before);
	KUNIT_EXPECT_PTR_EQ(test, before, user);
	KUNIT_EXPECT_NULL(test, after);
	kr_user_flush();
}

#define HOMES	512

struct town {
	struct kt_login *login;
	struct kr_account *account;
	struct home *homes;
	atomic_t next;
	atomic_t logins;
};

/* The rings this process finds or makes, or NULL when the town is full. */
static struct kr_key *first_call(struct town *town)
{
	struct kr_key *ring = NULL;
	struct kr_user *user;
	struct home *home;

	mutex_lock(&town->account->create);
	rcu_read_lock();
	user = kr_user_peek(&init_user_ns, kt_uid(1000));
	if (user)
		ring = user->session_ring;
	rcu_read_unlock();
	if (!ring && atomic_read(&town->next) < HOMES) {
		home = &town->homes[atomic_inc_return(&town->next) - 1];
		if (!home_move_in(home, town->account))
			ring = ring_of(&home->session_ring);
	}
	mutex_unlock(&town->account->create);
	return ring;
}

/* Is it still that ring, as long as this process lives? */
static int later_calls(struct kr_key *ring)
{
	struct kr_user *user;
	int i, wrong = 0;

	for (i = 0; i < 5; i++) {
		cond_resched();
		rcu_read_lock();
		user = kr_user_peek(&init_user_ns, kt_uid(1000));
		wrong += !user || user->session_ring != ring;
		rcu_read_unlock();
	}
	return wrong;
}

static int come_and_go(void *arg)
{
	struct town *town = arg;
	struct kr_key *ring;
	int complaints = 0;

	while (!kthread_should_stop()) {
		kt_login_more(town->login);
		if (atomic_read(&town->login->saved)) {
			/* See kt_login: with this process there, it will not close again. */
			kr_user_flush();
			kt_login_unsave(town->login);
		}
		ring = first_call(town);
		complaints += ring ? later_calls(ring) : 0;
		atomic_inc(&town->logins);
		kt_logout(town->login);
		if (!ring)
			break;
		usleep_range(100, 1000);
	}
	while (!kthread_should_stop())
		msleep(20);
	return complaints;
}

/*
 * user-session-keyring(7): the rings stay as long as there is a process, and
 * go with the last one. Logins come at any moment of a closing.
 */
static void processes_come_and_go(struct kunit *test)
{
	struct town town = { .login = kt_login(test, 1000), .account = account_of(test, 1000) };
	unsigned int i, used;
	int wrong = 0;

	town.homes = kunit_kcalloc(test, HOMES, sizeof(*town.homes), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, town.homes);
	for (i = 0; i < HOMES; i++) {
		town.homes[i].ns = &init_user_ns;
		town.homes[i].user_ring.login = town.login;
		town.homes[i].session_ring.login = town.login;
	}
	/* The first process leaves when the others have come. */
	kt_crew_start(test, 4, come_and_go, &town);
	msleep(50);
	kt_logout(town.login);
	msleep(1500);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	kr_user_flush();

	used = atomic_read(&town.next);
	for (i = 0; i < HOMES; i++)
		wrong += drops(&town.homes[i]) != (i < used ? 101 : 0);
	KUNIT_EXPECT_GT(test, used, 1u);
	KUNIT_EXPECT_GT(test, atomic_read(&town.logins), (int)used);
	KUNIT_EXPECT_LE(test, wrong, anybody_home(&init_user_ns, 1000) ? 1 : 0);
	kunit_info(test, "%d logins, %u times the rings were made\n",
		   atomic_read(&town.logins), used);
	kr_account_put(town.account);
}

static struct kunit_case closing_cases[] = {
	KUNIT_CASE(closed_with_the_last_process),
	KUNIT_CASE(many_go_at_once),
	KUNIT_CASE(made_anew_after_a_close),
	KUNIT_CASE(dropped_references_of_others_do_not_matter),
	KUNIT_CASE(not_closed_when_a_process_comes_in_time),
	KUNIT_CASE(closed_once_however_often_it_is_said),
	KUNIT_CASE(reader_waits_for_a_pending_decision),
	KUNIT_CASE(reader_is_late_for_a_decision),
	KUNIT_CASE(processes_come_and_go),
	{}
};

static struct kunit_suite closing_suite = {
	.name		= "kr_user_closing",
	.suite_init	= user_suite_init,
	.suite_exit	= user_suite_exit,
	.init		= kt_bare_init,
	.exit		= user_exit,
	.test_cases	= closing_cases,
};

kunit_test_suite(closing_suite);
