// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room user: accounts, namespaces, records and their pins. */
#include "kunit_helpers.h"

#include "../../src/user/user_internal.h"

#include <linux/delay.h>
#include <linux/kthread.h>

/* The room never looks into a ring: these stand for them. */
struct fake_ring {
	struct kt_login *login;
	atomic_t drops;
};

static struct kr_key *ring_of(struct fake_ring *ring)
{
	return (struct kr_key *)ring;
}

static void drop_ring(struct kr_key *key)
{
	struct fake_ring *ring = (struct fake_ring *)key;

	kt_login_save(ring->login);
	atomic_inc(&ring->drops);
}

static const struct kr_user_ops user_ops = {
	.drop_ring	= drop_ring,
};

static int user_suite_init(struct kunit_suite *suite)
{
	return kr_user_init(&user_ops);
}

static void user_suite_exit(struct kunit_suite *suite)
{
	kr_user_drop_all();
	kr_user_exit();
}

static void user_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	kr_user_drop_all();
	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, kr_account_next(0));
	rcu_read_unlock();
	kt_bare_exit(test);
}

static struct kr_account *account_of(struct kunit *test, u32 uid)
{
	struct kr_account *account = kr_account_get_by_uid(kt_uid(uid));

	KUNIT_ASSERT_NOT_NULL(test, account);
	return account;
}

static struct kr_account *next_account(u32 uid)
{
	struct kr_account *account;

	rcu_read_lock();
	account = kr_account_next(uid);
	rcu_read_unlock();
	return account;
}

static void account_is_one_for_each_uid(struct kunit *test)
{
	struct kr_account *a = account_of(test, 1000), *again = account_of(test, 1000);
	struct kr_account *b = account_of(test, 1001);

	KUNIT_EXPECT_PTR_EQ(test, a, again);
	KUNIT_EXPECT_PTR_NE(test, a, b);
	KUNIT_EXPECT_TRUE(test, uid_eq(a->uid, kt_uid(1000)));
	KUNIT_EXPECT_TRUE(test, uid_eq(b->uid, kt_uid(1001)));
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 2u);
	kr_account_put(again);
	KUNIT_EXPECT_PTR_EQ(test, next_account(1000), a);
	kr_account_put(a);
	KUNIT_EXPECT_PTR_EQ(test, next_account(0), b);
	kr_account_put(b);
	KUNIT_EXPECT_NULL(test, next_account(0));
}

static void account_starts_anew(struct kunit *test)
{
	struct kr_account *account = account_of(test, 1000);

	KUNIT_EXPECT_EQ(test, kr_account_charge(account, 1, 10, false), 0);
	atomic_set(&account->nkeys, 5);
	kr_account_put(account);

	account = account_of(test, 1000);
	KUNIT_EXPECT_EQ(test, account->qnkeys, 0u);
	KUNIT_EXPECT_EQ(test, account->qnbytes, 0ULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&account->nkeys), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&account->nikeys), 0);
	KUNIT_EXPECT_NULL(test, account->pin);
	kr_account_put(account);
}

/* /proc/key-users lists them so; the highest UIDs must not end the walk early or wrap. */
static void accounts_are_walked_in_order(struct kunit *test)
{
	static const u32 uids[] = { 70000, 0, 4294967294u, 1000, 5, 4294967293u, 999 };
	static const u32 sorted[] = { 0, 5, 999, 1000, 70000, 4294967293u, 4294967294u };
	struct kr_account *accounts[ARRAY_SIZE(uids)], *account;
	unsigned int i;
	u32 from = 0;

	static_assert(ARRAY_SIZE(uids) == ARRAY_SIZE(sorted));
	for (i = 0; i < ARRAY_SIZE(uids); i++)
		accounts[i] = account_of(test, uids[i]);
	for (i = 0; i < ARRAY_SIZE(sorted); i++) {
		account = next_account(from);
		KUNIT_ASSERT_NOT_NULL(test, account);
		KUNIT_EXPECT_EQ(test, __kuid_val(account->uid), sorted[i]);
		from = sorted[i] + 1;
	}
	KUNIT_EXPECT_NULL(test, next_account(4294967295u));
	for (i = 0; i < ARRAY_SIZE(uids); i++)
		kr_account_put(accounts[i]);
}

/* A reader may come between the last put and the removal from the table. */
static void walk_skips_a_dying_account(struct kunit *test)
{
	struct kr_account *dying = account_of(test, 10), *next = account_of(test, 20);

	refcount_set(&dying->usage, 0);
	KUNIT_EXPECT_PTR_EQ(test, next_account(0), next);
	KUNIT_EXPECT_PTR_EQ(test, next_account(10), next);
	refcount_set(&dying->usage, 1);
	KUNIT_EXPECT_PTR_EQ(test, next_account(0), dying);
	kr_account_put(dying);
	kr_account_put(next);
}

#define GIB	(1024ULL * 1024 * 1024)

/* The limits are 10 keys and 100 bytes, for root 20 and 200. */
struct charge_case {
	const char *name;
	u32 uid;
	unsigned int had_keys;
	u64 had_bytes;
	unsigned int keys;
	u64 bytes;
	bool overrun;
	int ret;
};

static const struct charge_case charge_cases[] = {
	{ "first_key",			1000, 0, 0,	1, 10,		false, 0 },
	{ "last_key",			1000, 9, 0,	1, 0,		false, 0 },
	{ "key_too_many",		1000, 10, 0,	1, 0,		false, -EDQUOT },
	{ "two_where_one_fits",		1000, 9, 0,	2, 0,		false, -EDQUOT },
	{ "last_byte",			1000, 1, 99,	0, 1,		false, 0 },
	{ "byte_too_many",		1000, 1, 100,	0, 1,		false, -EDQUOT },
	{ "all_bytes_at_once",		1000, 0, 0,	1, 100,		false, 0 },
	{ "more_than_all_bytes",	1000, 0, 0,	1, 101,		false, -EDQUOT },
	{ "keys_fit_bytes_do_not",	1000, 0, 95,	1, 6,		false, -EDQUOT },
	{ "bytes_fit_keys_do_not",	1000, 10, 0,	1, 6,		false, -EDQUOT },
	{ "bytes_when_keys_are_full",	1000, 10, 50,	0, 50,		false, 0 },
	{ "key_when_bytes_are_full",	1000, 5, 100,	1, 0,		false, 0 },
	{ "nothing_above_both",		1000, 11, 101,	0, 0,		false, 0 },
	{ "overrun_keys",		1000, 10, 0,	1, 10,		true,  0 },
	{ "overrun_bytes",		1000, 0, 100,	1, 10,		true,  0 },
	{ "key_above_an_overrun",	1000, 11, 0,	1, 10,		false, -EDQUOT },
	{ "root_may_own_more",		0,    10, 100,	1, 100,		false, 0 },
	{ "roots_last_key",		0,    19, 0,	1, 0,		false, 0 },
	{ "roots_key_too_many",		0,    20, 0,	1, 0,		false, -EDQUOT },
	{ "roots_byte_too_many",	0,    0, 200,	0, 1,		false, -EDQUOT },
	{ "bytes_beyond_32_bits",	1000, 0, 0,	0, 4 * GIB + 1,	false, -EDQUOT },
	{ "overrun_beyond_32_bits",	1000, 0, 4 * GIB, 0, 4 * GIB,	true,  0 },
	{ "above_32_bits_already",	1000, 0, 4 * GIB, 0, 1,		false, -EDQUOT },
};

static void describe_charge(const struct charge_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(charge, charge_cases, describe_charge);

static void small_limits(void)
{
	kr_limit_values.maxkeys = 10;
	kr_limit_values.maxbytes = 100;
	kr_limit_values.root_maxkeys = 20;
	kr_limit_values.root_maxbytes = 200;
}

static void charges_up_to_the_limit(struct kunit *test)
{
	const struct charge_case *c = test->param_value;
	struct kr_account *account = account_of(test, c->uid);
	bool charged = !c->ret;

	small_limits();
	KUNIT_ASSERT_EQ(test, kr_account_charge(account, c->had_keys, c->had_bytes, true), 0);
	KUNIT_EXPECT_EQ(test, kr_account_charge(account, c->keys, c->bytes, c->overrun), c->ret);
	KT_EXPECT_DEBT(test, c->uid, c->had_keys + (charged ? c->keys : 0),
		       c->had_bytes + (charged ? c->bytes : 0));
	if (charged)
		kr_account_uncharge(account, c->keys, c->bytes);
	KT_EXPECT_DEBT(test, c->uid, c->had_keys, c->had_bytes);
	kr_account_put(account);
}

/* An administrator who lowers a limit takes nothing away. */
static void limit_lowered_below_what_is_owned(struct kunit *test)
{
	struct kr_account *account = account_of(test, 1000);

	small_limits();
	KUNIT_EXPECT_EQ(test, kr_account_charge(account, 10, 100, false), 0);
	kr_limit_values.maxkeys = 4;
	kr_limit_values.maxbytes = 40;
	KUNIT_EXPECT_EQ(test, kr_account_charge(account, 1, 0, false), -EDQUOT);
	KUNIT_EXPECT_EQ(test, kr_account_charge(account, 0, 1, false), -EDQUOT);
	kr_account_uncharge(account, 6, 60);
	KT_EXPECT_DEBT(test, 1000, 4, 40);
	KUNIT_EXPECT_EQ(test, kr_account_charge(account, 1, 0, false), -EDQUOT);
	kr_account_uncharge(account, 1, 1);
	KUNIT_EXPECT_EQ(test, kr_account_charge(account, 1, 1, false), 0);
	kr_account_put(account);
}

struct bank {
	struct kr_account *account;
	atomic_t rounds;
	atomic_t granted;
};

/* Never sees more charged than the limit, and always finds its own part there. */
static int charge_and_uncharge(void *arg)
{
	struct bank *bank = arg;
	int complaints = 0;

	while (!kthread_should_stop()) {
		if (!kr_account_charge(bank->account, 4, 40, false)) {
			unsigned int keys = READ_ONCE(bank->account->qnkeys);

			complaints += keys < 4 || keys > 10;
			atomic_inc(&bank->granted);
			cond_resched();
			kr_account_uncharge(bank->account, 4, 40);
		}
		atomic_inc(&bank->rounds);
		cond_resched();
	}
	return complaints;
}

static void charged_by_many_at_once(struct kunit *test)
{
	struct bank bank = { .account = account_of(test, 1000) };

	small_limits();
	kt_crew_start(test, 4, charge_and_uncharge, &bank);
	msleep(700);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&bank.granted), 0);
	KUNIT_EXPECT_GE(test, atomic_read(&bank.rounds), atomic_read(&bank.granted));
	KT_EXPECT_DEBT(test, 1000, 0, 0);
	kr_account_put(bank.account);
}

/* While one account of a UID lives, there is no other one. */
static int open_and_close(void *arg)
{
	struct kr_account *account, *again;
	int complaints = 0;

	while (!kthread_should_stop()) {
		account = kr_account_get_by_uid(kt_uid(1000));
		if (!account)
			continue;
		cond_resched();
		again = kr_account_get_by_uid(kt_uid(1000));
		complaints += account != again;
		kr_account_put(account);
		kr_account_put(again);
		atomic_inc((atomic_t *)arg);
	}
	return complaints;
}

static void opened_by_many_at_once(struct kunit *test)
{
	atomic_t rounds = ATOMIC_INIT(0);

	kt_crew_start(test, 4, open_and_close, &rounds);
	msleep(700);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&rounds), 0);
}

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

/* A UID with its two rings in one namespace. */
struct home {
	struct user_namespace *ns;
	struct fake_ring user_ring;
	struct fake_ring session_ring;
};

/* Kept until the rooms are empty: the room may drop the rings after the case. */
static struct home *home_new(struct kunit *test, struct kt_login *login, struct user_namespace *ns)
{
	struct home *home = kunit_kzalloc(test, sizeof(*home), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, home);
	home->ns = ns;
	home->user_ring.login = login;
	home->session_ring.login = login;
	return home;
}

static int home_move_in(struct home *home, struct kr_account *account)
{
	struct kr_ns *kns = kr_ns_get_by_ns(home->ns);
	int ret;

	if (!kns)
		return -ENOMEM;
	ret = kr_user_install(account, kns, &home->user_ring.login->up, ring_of(&home->user_ring),
			      ring_of(&home->session_ring));
	kr_ns_put(kns);
	return ret;
}

static struct home *home_install(struct kunit *test, struct kt_login *login,
				 struct user_namespace *ns)
{
	struct kr_account *account = account_of(test, __kuid_val(login->up.uid));
	struct home *home = home_new(test, login, ns);

	mutex_lock(&account->create);
	KUNIT_EXPECT_EQ(test, home_move_in(home, account), 0);
	mutex_unlock(&account->create);
	kr_account_put(account);
	return home;
}

static bool home_found(const struct home *home, u32 uid)
{
	struct kr_user *user;
	bool found;

	rcu_read_lock();
	user = kr_user_peek(home->ns, kt_uid(uid));
	found = user && user->user_ring == (void *)&home->user_ring &&
		user->session_ring == (void *)&home->session_ring;
	rcu_read_unlock();
	return found;
}

static bool anybody_home(struct user_namespace *ns, u32 uid)
{
	bool any;

	rcu_read_lock();
	any = kr_user_peek(ns, kt_uid(uid));
	rcu_read_unlock();
	return any;
}

static int drops(const struct home *home)
{
	return 100 * atomic_read(&home->user_ring.drops) + atomic_read(&home->session_ring.drops);
}

static int count_of(const struct kt_login *login)
{
	return refcount_read(&login->up.__count) - atomic_read(&login->saved);
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
	for (i = 0; i < 300 && !atomic_read(&visit->arrived); i++)
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
	for (i = 0; i < 300 && atomic_read(&login->saved) < 2; i++)
		mdelay(10);
	after = user ? kr_user_settled(user) : NULL;
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, atomic_read(&login->saved), 2);
	KUNIT_EXPECT_NOT_NULL(test, before);
	KUNIT_EXPECT_PTR_EQ(test, before, user);
	KUNIT_EXPECT_NULL(test, after);
	kr_user_flush();
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

static struct kunit_case user_cases[] = {
	KUNIT_CASE(account_is_one_for_each_uid),
	KUNIT_CASE(account_starts_anew),
	KUNIT_CASE(accounts_are_walked_in_order),
	KUNIT_CASE(walk_skips_a_dying_account),
	KUNIT_CASE_PARAM(charges_up_to_the_limit, charge_gen_params),
	KUNIT_CASE(limit_lowered_below_what_is_owned),
	KUNIT_CASE(charged_by_many_at_once),
	KUNIT_CASE(opened_by_many_at_once),
	KUNIT_CASE(initial_namespace_is_always_known),
	KUNIT_CASE(namespace_is_known_from_first_use_to_its_end),
	KUNIT_CASE(next_namespace_at_the_same_address_is_another),
	KUNIT_CASE(record_has_two_rings_and_a_pin),
	KUNIT_CASE(namespaces_of_a_uid_share_one_pin),
	KUNIT_CASE(closed_with_the_last_process),
	KUNIT_CASE(many_go_at_once),
	KUNIT_CASE(made_anew_after_a_close),
	KUNIT_CASE(dropped_references_of_others_do_not_matter),
	KUNIT_CASE(not_closed_when_a_process_comes_in_time),
	KUNIT_CASE(closed_once_however_often_it_is_said),
	KUNIT_CASE(reader_waits_for_a_pending_decision),
	KUNIT_CASE(reader_is_late_for_a_decision),
	KUNIT_CASE(namespace_takes_its_records_along),
	KUNIT_CASE(namespace_and_uid_end_together),
	KUNIT_CASE(processes_come_and_go),
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
