// SPDX-License-Identifier: GPL-2.0-only
/* Rooms base, user and key: permissions, quota, states, serials. */
#include "kunit_helpers.h"

#include <linux/user_namespace.h>

enum relation { OWNER, GROUP_MEMBER, SUPPLEMENTARY, OTHER, RELATIONS };

static struct cred *actor_of(struct kr_kunit *kit, struct kr_key *key, enum relation relation)
{
	key->uid = KUIDT_INIT(relation == OWNER ? KR_KUNIT_ALICE : 29999);
	key->gid = KGIDT_INIT(relation == SUPPLEMENTARY ? 30002 :
			      relation == OTHER ? 39999 : 30001);
	return kit->alice;
}

/* What keyrings(7) says: one class, or the possessor's bits. */
static bool expected(u32 perm, enum relation relation, bool possessed, u32 need)
{
	u32 bits = perm;

	if (relation == OWNER)
		bits = perm >> 16;
	else if (relation != OTHER && (perm >> 8 & 0x3f))
		bits = perm >> 8;
	if (possessed)
		bits |= perm >> 24;
	return (bits & need) == need;
}

/* Every bit in every class, alone, for everybody: 4 classes, 6 bits. */
static void permission_matrix(struct kunit *test)
{
	struct kr_key *key = kr_kunit_key(test, "k", "v");
	struct kr_kunit *kit = test->priv;
	unsigned int cases = 0, class, bit, need, relation, possessed;

	for (class = 0; class < 4; class++)
	for (bit = 0; bit < 6; bit++)
	for (relation = 0; relation < RELATIONS; relation++)
	for (possessed = 0; possessed < 2; possessed++)
	for (need = 0; need < 6; need++) {
		const struct cred *actor = actor_of(kit, key, relation);

		key->perm = BIT(bit) << (8 * class);
		cases++;
		KUNIT_EXPECT_EQ_MSG(test, kr_key_permits(key, possessed, actor, BIT(need)),
				    expected(key->perm, relation, possessed, BIT(need)),
				    "perm %08x relation %u possessed %u need %u", key->perm,
				    relation, possessed, need);
	}
	KUNIT_EXPECT_EQ(test, cases, 4u * 6 * 4 * 2 * 6);
	kr_key_put(key);
}

static void group_search(struct kunit *test)
{
	struct group_info *groups = groups_alloc(5);
	struct kr_kunit *kit = test->priv;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, groups);
	for (i = 0; i < 5; i++)
		groups->gid[i] = KGIDT_INIT(100 + 2 * i);
	set_groups(kit->bob, groups);
	put_group_info(groups);
	for (i = 99; i < 111; i++)
		KUNIT_EXPECT_EQ(test, kr_actor_in_group(kit->bob, KGIDT_INIT(i)),
				i >= 100 && i <= 108 && i % 2 == 0);
	KUNIT_EXPECT_TRUE(test, kr_actor_in_group(kit->bob, KGIDT_INIT(30003)));
}

static void quota_edges(struct kunit *test)
{
	struct kr_account *account = kr_account_get_by_uid(KUIDT_INIT(29000));
	unsigned int maxkeys = *kr_limits.maxkeys, maxbytes = *kr_limits.maxbytes;

	KUNIT_ASSERT_NOT_NULL(test, account);
	KUNIT_EXPECT_EQ(test, kr_account_charge(account, maxkeys, maxbytes, false), 0);
	KUNIT_EXPECT_EQ(test, kr_account_charge(account, 1, 0, false), -EDQUOT);
	KUNIT_EXPECT_EQ(test, kr_account_charge(account, 0, 1, false), -EDQUOT);
	KUNIT_EXPECT_EQ(test, account->qnkeys, maxkeys);
	KUNIT_EXPECT_EQ(test, account->qnbytes, (u64)maxbytes);
	KUNIT_EXPECT_EQ(test, kr_account_charge(account, 1, 1, true), 0);
	kr_account_uncharge(account, 2, 2);
	/* Both or none: one key would fit, two bytes would not. */
	KUNIT_EXPECT_EQ(test, kr_account_charge(account, 1, 2, false), -EDQUOT);
	KUNIT_EXPECT_EQ(test, account->qnkeys, maxkeys - 1);
	KUNIT_EXPECT_EQ(test, kr_account_charge(account, 1, 1, false), 0);
	kr_account_uncharge(account, maxkeys, maxbytes);
	KUNIT_EXPECT_EQ(test, account->qnkeys, 0u);
	KUNIT_EXPECT_EQ(test, account->qnbytes, 0ull);
	kr_account_put(account);
}

static void accounts_are_found_in_order(struct kunit *test)
{
	static const u32 uids[] = { 40000, 25000, 4294967294u };
	struct kr_account *accounts[ARRAY_SIZE(uids)], *again;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(uids); i++) {
		accounts[i] = kr_account_get_by_uid(KUIDT_INIT(uids[i]));
		KUNIT_ASSERT_NOT_NULL(test, accounts[i]);
	}
	again = kr_account_get_by_uid(KUIDT_INIT(25000));
	KUNIT_EXPECT_PTR_EQ(test, again, accounts[1]);
	kr_account_put(again);
	rcu_read_lock();
	KUNIT_EXPECT_PTR_EQ(test, kr_account_next(24000), accounts[1]);
	KUNIT_EXPECT_PTR_EQ(test, kr_account_next(25001), accounts[0]);
	KUNIT_EXPECT_PTR_EQ(test, kr_account_next(40001), accounts[2]);
	rcu_read_unlock();
	for (i = 0; i < ARRAY_SIZE(uids); i++)
		kr_account_put(accounts[i]);
}

static void serials(struct kunit *test)
{
	struct kr_key *a = kr_kunit_key(test, "a", "1"), *b = kr_kunit_key(test, "b", "2");
	struct kr_key *found = kr_key_lookup(a->serial);
	s32 serial = a->serial;

	KUNIT_EXPECT_NE(test, a->serial, b->serial);
	KUNIT_EXPECT_GE(test, a->serial, KR_SERIAL_MIN);
	KUNIT_EXPECT_PTR_EQ(test, found, a);
	kr_key_put(found);
	kr_key_put(a);
	KUNIT_EXPECT_NULL(test, kr_key_lookup(serial));
	kr_key_put(b);
}

/* Around the length up to which a description needs no allocation of its own. */
static void descriptions(struct kunit *test)
{
	static const unsigned int lengths[] = { 1, 38, 39, 40, 41, 200, KR_DESC_MAX };
	char *desc = kunit_kzalloc(test, KR_DESC_MAX + 1, GFP_KERNEL);
	struct kr_key *key;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, desc);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		memset(desc, 'd', lengths[i]);
		key = kr_kunit_key(test, desc, "v");
		KUNIT_EXPECT_STREQ(test, key->desc, desc);
		KUNIT_EXPECT_EQ(test, key->desc_len, lengths[i]);
		KUNIT_EXPECT_EQ(test, key->quotalen, (size_t)lengths[i] + 2);
		kr_key_put(key);
	}
	key = kr_key_alloc(kr_key_type_find("user"), "", KUIDT_INIT(KR_KUNIT_ALICE),
			   KGIDT_INIT(1), 0, KR_ALLOC_IN_QUOTA);
	KUNIT_EXPECT_EQ(test, PTR_ERR(key), (long)-EINVAL);
}

static void hash_depends_on_type_and_description(struct kunit *test)
{
	const struct kr_key_type *user = kr_key_type_find("user");
	const struct kr_key_type *logon = kr_key_type_find("logon");

	KUNIT_ASSERT_NOT_NULL(test, user);
	KUNIT_ASSERT_NOT_NULL(test, logon);
	KUNIT_EXPECT_EQ(test, kr_key_hash(user, "a:b", 3), kr_key_hash(user, "a:b", 3));
	KUNIT_EXPECT_NE(test, kr_key_hash(user, "a:b", 3), kr_key_hash(logon, "a:b", 3));
	KUNIT_EXPECT_NE(test, kr_key_hash(user, "a:b", 3), kr_key_hash(user, "a:c", 3));
	KUNIT_EXPECT_NULL(test, kr_key_type_find("no such type"));
	KUNIT_EXPECT_NULL(test, kr_key_type_find(".request_key_auth"));
}

/* The states of a key and what it says in each. */
static void states(struct kunit *test)
{
	struct kr_key *key = kr_kunit_key(test, "k", "v");
	struct kr_prep prep = {};

	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	KUNIT_EXPECT_EQ(test, kr_key_instantiate(key, &prep), -EBUSY);
	KUNIT_EXPECT_EQ(test, kr_key_reject(key, ENOKEY), -EBUSY);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, kr_now() + 5), 0);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	kr_kunit_pass(5);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYEXPIRED);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, KR_NEVER), 0);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	kr_key_revoke(key);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYREVOKED);
	/* The time of a revocation has the last word. */
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, KR_NEVER), 0);
	KUNIT_EXPECT_TRUE(test, kr_key_expired(key));
	kr_ring_invalidate(key);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -ENOKEY);
	kr_key_put(key);
}

static void revoking_gives_the_payload_up(struct kunit *test)
{
	struct kr_key *key = kr_kunit_key(test, "key", "12345");
	u64 before = kr_kunit_qnbytes();

	kr_key_revoke(key);
	KUNIT_EXPECT_EQ(test, before - kr_kunit_qnbytes(), 5ull);
	KUNIT_EXPECT_TRUE(test, !rcu_access_pointer(key->payload));
	kr_key_put(key);
}

static void rejected(struct kunit *test)
{
	struct kr_key *key;

	key = kr_key_alloc(kr_key_type_find("user"), "neg", KUIDT_INIT(KR_KUNIT_ALICE),
			   KGIDT_INIT(1), 0, KR_ALLOC_IN_QUOTA);
	KUNIT_ASSERT_FALSE(test, IS_ERR(key));
	kr_key_set_constructing(key);
	KUNIT_EXPECT_EQ(test, kr_key_state(key), KR_UNINSTANTIATED);
	KUNIT_EXPECT_EQ(test, atomic_read(&key->account->nikeys), 1);	/* the ring */
	KUNIT_EXPECT_EQ(test, kr_key_reject(key, EKEYREJECTED), 0);
	KUNIT_EXPECT_EQ(test, kr_key_state(key), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, kr_key_wait(key), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&key->account->nikeys), 2);
	kr_key_put(key);
}

static void chown_moves_the_charge(struct kunit *test)
{
	struct kr_key *key = kr_kunit_key(test, "key", "12345");
	struct kr_account *bob = kr_account_get_by_uid(KUIDT_INIT(KR_KUNIT_BOB));
	u64 bytes = kr_kunit_qnbytes();
	unsigned int keys = kr_kunit_qnkeys();

	KUNIT_ASSERT_NOT_NULL(test, bob);
	kr_account_get(bob);
	KUNIT_EXPECT_EQ(test, kr_key_chown(key, bob, KGIDT_INIT(7)), 0);
	KUNIT_EXPECT_EQ(test, bytes - kr_kunit_qnbytes(), 9ull);
	KUNIT_EXPECT_EQ(test, keys - kr_kunit_qnkeys(), 1u);
	KUNIT_EXPECT_EQ(test, bob->qnbytes, 9ull);
	KUNIT_EXPECT_EQ(test, bob->qnkeys, 1u);
	KUNIT_EXPECT_TRUE(test, uid_eq(key->uid, KUIDT_INIT(KR_KUNIT_BOB)));
	KUNIT_EXPECT_TRUE(test, gid_eq(key->gid, KGIDT_INIT(7)));
	kr_key_put(key);
	KUNIT_EXPECT_EQ(test, bob->qnkeys, 0u);
	kr_account_put(bob);
}

static void chown_over_quota_changes_nothing(struct kunit *test)
{
	struct kr_key *key = kr_kunit_key(test, "key", "12345");
	struct kr_account *bob = kr_account_get_by_uid(KUIDT_INIT(KR_KUNIT_BOB));
	unsigned int maxkeys = *kr_limits.maxkeys;
	u64 bytes = kr_kunit_qnbytes();

	KUNIT_ASSERT_NOT_NULL(test, bob);
	KUNIT_ASSERT_EQ(test, kr_account_charge(bob, maxkeys, 0, true), 0);
	KUNIT_EXPECT_EQ(test, kr_key_chown(key, bob, KGIDT_INIT(7)), -EDQUOT);
	KUNIT_EXPECT_EQ(test, kr_kunit_qnbytes(), bytes);
	KUNIT_EXPECT_TRUE(test, uid_eq(key->uid, KUIDT_INIT(KR_KUNIT_ALICE)));
	KUNIT_EXPECT_FALSE(test, gid_eq(key->gid, KGIDT_INIT(7)));
	kr_account_uncharge(bob, maxkeys, 0);
	kr_account_put(bob);
	kr_key_put(key);
}

static struct kunit_case key_cases[] = {
	KUNIT_CASE(permission_matrix),
	KUNIT_CASE(group_search),
	KUNIT_CASE(quota_edges),
	KUNIT_CASE(accounts_are_found_in_order),
	KUNIT_CASE(serials),
	KUNIT_CASE(descriptions),
	KUNIT_CASE(hash_depends_on_type_and_description),
	KUNIT_CASE(states),
	KUNIT_CASE(revoking_gives_the_payload_up),
	KUNIT_CASE(rejected),
	KUNIT_CASE(chown_moves_the_charge),
	KUNIT_CASE(chown_over_quota_changes_nothing),
	{}
};

static struct kunit_suite key_suite = {
	.name		= "kr_key",
	.suite_init	= kr_kunit_up,
	.suite_exit	= kr_kunit_down,
	.init		= kr_kunit_enter,
	.exit		= kr_kunit_leave,
	.test_cases	= key_cases,
};

kunit_test_suite(key_suite);
