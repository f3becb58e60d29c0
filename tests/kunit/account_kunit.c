// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room user: accounts, one for each UID, and what is charged to them. */
#include "kunit_helpers.h"
#include "kunit_home.h"

#include <linux/delay.h>
#include <linux/kthread.h>

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

static struct kunit_case account_cases[] = {
	KUNIT_CASE(account_is_one_for_each_uid),
	KUNIT_CASE(account_starts_anew),
	KUNIT_CASE(accounts_are_walked_in_order),
	KUNIT_CASE(walk_skips_a_dying_account),
	KUNIT_CASE_PARAM(charges_up_to_the_limit, charge_gen_params),
	KUNIT_CASE(limit_lowered_below_what_is_owned),
	KUNIT_CASE(charged_by_many_at_once),
	KUNIT_CASE(opened_by_many_at_once),
	{}
};

static struct kunit_suite account_suite = {
	.name		= "kr_user_account",
	.suite_init	= user_suite_init,
	.suite_exit	= user_suite_exit,
	.init		= kt_bare_init,
	.exit		= user_exit,
	.test_cases	= account_cases,
};

kunit_test_suite(account_suite);
