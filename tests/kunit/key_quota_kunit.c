// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room key: who pays for it, when its owner or its payload changes. */
#include "kunit_helpers.h"
#include "kunit_probe.h"

#include <linux/kthread.h>

/* The reference on the account passes when it is the new owner's. */
static int give_to(struct kunit *test, struct kr_key *key, u32 uid, kgid_t gid)
{
	struct kr_account *account = kr_account_get_by_uid(kt_uid(uid));
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, account);
	ret = kr_key_chown(key, account, gid);
	if (ret)
		kr_account_put(account);
	return ret;
}

static void chown_moves_the_debt(struct kunit *test)
{
	struct kr_key *key = kt_key_of(test, KT_UID, "four", 20), *rest = kt_key(test, "r");
	struct kt_debt debt;

	KUNIT_EXPECT_EQ(test, give_to(test, key, KT_OTHER, kt_gid(7)), 0);
	KUNIT_EXPECT_TRUE(test, uid_eq(key->uid, kt_uid(KT_OTHER)));
	KUNIT_EXPECT_TRUE(test, gid_eq(key->gid, kt_gid(7)));
	KT_EXPECT_DEBT(test, KT_UID, 1, 3);
	KT_EXPECT_DEBT(test, KT_OTHER, 1, 25);
	debt = kt_debt(KT_OTHER);
	KUNIT_EXPECT_EQ(test, debt.nkeys, 1);
	KUNIT_EXPECT_EQ(test, debt.nikeys, 1);
	debt = kt_debt(KT_UID);
	KUNIT_EXPECT_EQ(test, debt.nkeys, 1);
	KUNIT_EXPECT_EQ(test, debt.nikeys, 1);

	/* What is not instantiated is not counted so. */
	kt_drop(test, rest);
	rest = kt_hold(test, user_alloc(test, "unborn"));
	KUNIT_EXPECT_EQ(test, give_to(test, rest, KT_OTHER, INVALID_GID), 0);
	debt = kt_debt(KT_OTHER);
	KUNIT_EXPECT_EQ(test, debt.nkeys, 2);
	KUNIT_EXPECT_EQ(test, debt.nikeys, 1);
	KUNIT_EXPECT_TRUE(test, gid_eq(rest->gid, kt_gid(KT_GID)));
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nkeys, 0);
}

static void chown_to_somebody_without_room(struct kunit *test)
{
	struct kr_key *key = kt_key_of(test, KT_UID, "four", 20);

	kt_key_of(test, KT_OTHER, "k", 1);
	kr_limit_values.maxkeys = 1;
	KUNIT_EXPECT_EQ(test, give_to(test, key, KT_OTHER, kt_gid(7)), -EDQUOT);
	kr_limit_values.maxkeys = 2;
	kr_limit_values.maxbytes = 27;
	KUNIT_EXPECT_EQ(test, give_to(test, key, KT_OTHER, kt_gid(7)), -EDQUOT);
	KUNIT_EXPECT_TRUE(test, uid_eq(key->uid, kt_uid(KT_UID)));
	KUNIT_EXPECT_TRUE(test, gid_eq(key->gid, kt_gid(KT_GID)));
	KT_EXPECT_DEBT(test, KT_UID, 1, 25);
	KT_EXPECT_DEBT(test, KT_OTHER, 1, 3);
	kr_limit_values.maxbytes = 28;
	KUNIT_EXPECT_EQ(test, give_to(test, key, KT_OTHER, kt_gid(7)), 0);
}

static void chown_to_the_same_owner(struct kunit *test)
{
	struct kr_key *key = kt_key_of(test, KT_UID, "four", 20);
	unsigned int usage = refcount_read(&key->account->usage);

	kr_limit_values.maxkeys = 1;
	KUNIT_EXPECT_EQ(test, give_to(test, key, KT_UID, kt_gid(7)), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->account->usage), usage);
	KUNIT_EXPECT_TRUE(test, gid_eq(key->gid, kt_gid(7)));
	KUNIT_EXPECT_EQ(test, kr_key_chown(key, NULL, kt_gid(8)), 0);
	KUNIT_EXPECT_TRUE(test, gid_eq(key->gid, kt_gid(8)));
	KUNIT_EXPECT_EQ(test, kr_key_chown(key, NULL, INVALID_GID), 0);
	KUNIT_EXPECT_TRUE(test, gid_eq(key->gid, kt_gid(8)));
	KT_EXPECT_DEBT(test, KT_UID, 1, 25);
}

static void chown_of_a_key_that_is_not_charged(struct kunit *test)
{
	struct kr_key *key = kt_hold(test, probe_alloc("k", KR_ALLOC_NOT_IN_QUOTA));

	kr_limit_values.maxkeys = 0;
	KUNIT_EXPECT_EQ(test, give_to(test, key, KT_OTHER, INVALID_GID), 0);
	KT_EXPECT_DEBT(test, KT_OTHER, 0, 0);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_OTHER).nkeys, 1);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nkeys, 0);
}

struct auction {
	struct kr_key *key;
	atomic_t moved;
};

static int take_turns(void *arg)
{
	struct auction *auction = arg;
	u32 uid = KT_UID;

	while (!kthread_should_stop()) {
		struct kr_account *account;

		uid = uid == KT_UID ? KT_OTHER : KT_UID;
		account = kr_account_get_by_uid(kt_uid(uid));
		if (!account)
			continue;
		if (kr_key_chown(auction->key, account, INVALID_GID))
			kr_account_put(account);
		else
			atomic_inc(&auction->moved);
		cond_resched();
	}
	return 0;
}

/* Owner, quota and payload change at once: the sums are right in the end. */
static void chown_while_the_payload_changes(struct kunit *test)
{
	struct auction auction = { .key = kt_key_of(test, KT_UID, "four", 20) };
	unsigned long end = jiffies + KT_STRESS;
	struct kt_debt a, b;
	size_t len = 0;

	kt_crew_start(test, 2, take_turns, &auction);
	while (time_before(jiffies, end)) {
		spin_lock(&auction.key->lock);
		kr_key_set_payload_quota(auction.key, len++ % 100);
		spin_unlock(&auction.key->lock);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&auction.moved), 1);

	a = kt_debt(KT_UID);
	b = kt_debt(KT_OTHER);
	KUNIT_EXPECT_EQ(test, a.qnkeys + b.qnkeys, 1u);
	KUNIT_EXPECT_EQ(test, a.qnbytes + b.qnbytes, (u64)auction.key->quotalen);
	KUNIT_EXPECT_EQ(test, auction.key->quotalen, auction.key->datalen + 5);
	KUNIT_EXPECT_EQ(test, a.nkeys + b.nkeys, 1);
	KUNIT_EXPECT_EQ(test, a.nikeys + b.nikeys, 1);
	KUNIT_EXPECT_TRUE(test, a.nkeys == (uid_eq(auction.key->uid, kt_uid(KT_UID)) ? 1 : 0));
}

static int set_quota(struct kr_key *key, size_t datalen)
{
	int ret;

	spin_lock(&key->lock);
	ret = kr_key_set_payload_quota(key, datalen);
	spin_unlock(&key->lock);
	return ret;
}

static void payload_quota_follows_the_payload(struct kunit *test)
{
	struct kr_key *key = kt_hold(test, probe_alloc("four", KR_ALLOC_IN_QUOTA));

	kr_limit_values.maxbytes = 105;
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)10);
	KUNIT_EXPECT_EQ(test, set_quota(key, 100), 0);
	KT_EXPECT_DEBT(test, KT_UID, 1, 105);
	KUNIT_EXPECT_EQ(test, set_quota(key, 101), -EDQUOT);
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)100);
	KUNIT_EXPECT_EQ(test, key->quotalen, (size_t)105);
	KT_EXPECT_DEBT(test, KT_UID, 1, 105);
	/* Less is always possible, also above a limit that was lowered. */
	kr_limit_values.maxbytes = 5;
	KUNIT_EXPECT_EQ(test, set_quota(key, 50), 0);
	KUNIT_EXPECT_EQ(test, set_quota(key, 50), 0);
	KT_EXPECT_DEBT(test, KT_UID, 1, 55);
	KUNIT_EXPECT_EQ(test, set_quota(key, 0), 0);
	KT_EXPECT_DEBT(test, KT_UID, 1, 5);
}

static void follow(struct kr_key *key, size_t datalen)
{
	spin_lock(&key->lock);
	kr_key_follow_payload(key, datalen);
	spin_unlock(&key->lock);
}

/* What is there is charged, over the limit or not, and given back as it was charged. */
static void payload_that_has_grown(struct kunit *test)
{
	struct kr_key *key = kt_hold(test, probe_alloc("four", KR_ALLOC_IN_QUOTA));

	kr_limit_values.maxbytes = 20;
	follow(key, 100);
	KUNIT_EXPECT_EQ(test, key->datalen, 100u);
	KT_EXPECT_DEBT(test, KT_UID, 1, 105);
	KUNIT_EXPECT_EQ(test, set_quota(key, 101), -EDQUOT);
	follow(key, 1);
	KT_EXPECT_DEBT(test, KT_UID, 1, 6);
	kt_drop(test, key);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
}

static void payload_quota_of_a_key_that_is_not_charged(struct kunit *test)
{
	struct kr_key *key = kt_hold(test, probe_alloc("four", KR_ALLOC_NOT_IN_QUOTA));

	kr_limit_values.maxbytes = 0;
	KUNIT_EXPECT_EQ(test, set_quota(key, 100000), 0);
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)100000);
	KUNIT_EXPECT_EQ(test, key->quotalen, (size_t)100005);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
}

static bool has_room(struct kr_key *key, unsigned int bytes)
{
	bool room;

	spin_lock(&key->lock);
	room = kr_key_has_room(key, bytes);
	spin_unlock(&key->lock);
	return room;
}

static void room_is_asked_for_without_a_charge(struct kunit *test)
{
	struct kr_key *key = kt_hold(test, probe_alloc("four", KR_ALLOC_IN_QUOTA));
	struct kr_key *free = kt_hold(test, probe_alloc("free", KR_ALLOC_NOT_IN_QUOTA));

	kr_limit_values.maxbytes = 20;
	KUNIT_EXPECT_TRUE(test, has_room(key, 5));
	KUNIT_EXPECT_FALSE(test, has_room(key, 6));
	/* There is no room for anybody who has more keys than he may. */
	kr_limit_values.maxkeys = 1;
	KUNIT_EXPECT_TRUE(test, has_room(key, 5));
	kr_limit_values.maxkeys = 0;
	KUNIT_EXPECT_FALSE(test, has_room(key, 5));
	KUNIT_EXPECT_TRUE(test, has_room(free, 6));
	KT_EXPECT_DEBT(test, KT_UID, 1, 15);
	KUNIT_EXPECT_EQ(test, key->quotalen, (size_t)15);
	KUNIT_EXPECT_EQ(test, key->datalen, 10u);
}

static struct kunit_case key_quota_cases[] = {
	KUNIT_CASE(chown_moves_the_debt),
	KUNIT_CASE(chown_to_somebody_without_room),
	KUNIT_CASE(chown_to_the_same_owner),
	KUNIT_CASE(chown_of_a_key_that_is_not_charged),
	KUNIT_CASE(chown_while_the_payload_changes),
	KUNIT_CASE(payload_quota_follows_the_payload),
	KUNIT_CASE(payload_that_has_grown),
	KUNIT_CASE(payload_quota_of_a_key_that_is_not_charged),
	KUNIT_CASE(room_is_asked_for_without_a_charge),
	{}
};

static struct kunit_suite key_quota_suite = {
	.name		= "kr_key_quota",
	.suite_init	= key_suite_init,
	.suite_exit	= key_suite_exit,
	.init		= probe_init,
	.exit		= kt_case_exit,
	.test_cases	= key_quota_cases,
};

kunit_test_suite(key_quota_suite);
