// SPDX-License-Identifier: GPL-2.0-only
/* Rooms, actors and keys for the unit tests. */
#include "kunit_helpers.h"

#include <keyrings/reaper.h>
#include <keyrings/types.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/user_namespace.h>

MODULE_DESCRIPTION("Unit tests of the rooms of keyrings that patch nothing");
MODULE_LICENSE("GPL");

static time64_t shift;

static const struct kr_user_ops user_ops = { .drop_ring = kr_key_put_later };

int kr_kunit_up(struct kunit_suite *suite)
{
	int ret;

	ret = kr_user_init(&user_ops);
	ret = ret ?: kr_key_init();
	ret = ret ?: kr_reaper_init();
	ret = ret ?: kr_ring_init();
	ret = ret ?: kr_types_init();
	return ret ?: kr_cred_init();
}

void kr_kunit_down(struct kunit_suite *suite)
{
	unsigned int i;

	kr_kunit_pass(-shift);
	kr_cred_drop_all();
	kr_user_drop_all();
	for (i = 0; i < 3; i++) {
		kr_reaper_flush();
		rcu_barrier();
	}
	/* Each room warns when something is left, and a warning fails the run. */
	kr_cred_exit();
	kr_types_exit();
	kr_ring_exit();
	kr_reaper_exit();
	kr_key_exit();
	kr_user_exit();
}

static struct cred *make_actor(struct kunit *test, u32 uid, u32 gid)
{
	struct cred *cred = prepare_creds();

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cred->fsuid = KUIDT_INIT(uid);
	cred->fsgid = KGIDT_INIT(gid);
	return cred;
}

static void set_group(struct kunit *test, struct cred *cred, u32 gid)
{
	struct group_info *groups = groups_alloc(1);

	KUNIT_ASSERT_NOT_NULL(test, groups);
	groups->gid[0] = KGIDT_INIT(gid);
	set_groups(cred, groups);
	put_group_info(groups);
}

int kr_kunit_enter(struct kunit *test)
{
	struct kr_kunit *kit = kunit_kzalloc(test, sizeof(*kit), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, kit);
	test->priv = kit;
	kit->alice = make_actor(test, KR_KUNIT_ALICE, 30001);
	set_group(test, kit->alice, 30002);
	kit->bob = make_actor(test, KR_KUNIT_BOB, 30003);
	kit->ring = kr_kunit_ring(test, "ring");
	return 0;
}

void kr_kunit_leave(struct kunit *test)
{
	struct kr_kunit *kit = test->priv;

	if (!kit)
		return;
	kr_key_put(kit->ring);
	abort_creds(kit->alice);
	abort_creds(kit->bob);
	kr_reaper_flush();
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, kr_kunit_qnkeys(), 0u);
	KUNIT_EXPECT_EQ(test, kr_kunit_qnbytes(), 0ull);
}

struct kr_key *kr_kunit_key(struct kunit *test, const char *desc, const char *payload)
{
	struct kr_prep prep = { .desc = desc };
	const struct kr_key_type *type = kr_key_type_find("user");
	struct kr_key *key;

	key = kr_key_alloc(type, desc, KUIDT_INIT(KR_KUNIT_ALICE), KGIDT_INIT(30001),
			   KR_POS(KR_ALL) | KR_USR(KR_VIEW), KR_ALLOC_IN_QUOTA);
	KUNIT_ASSERT_FALSE(test, IS_ERR(key));
	prep.data = kr_payload_alloc(strlen(payload));
	KUNIT_ASSERT_NOT_NULL(test, prep.data);
	memcpy(prep.data->data, payload, prep.data->len);
	KUNIT_ASSERT_EQ(test, type->preparse(&prep), 0);
	KUNIT_ASSERT_EQ(test, kr_key_instantiate(key, &prep), 0);
	return key;
}

struct kr_key *kr_kunit_ring(struct kunit *test, const char *name)
{
	struct kr_key *ring;

	ring = kr_ring_alloc(name, KUIDT_INIT(KR_KUNIT_ALICE), KGIDT_INIT(30001), &init_user_ns,
			     KR_POS(KR_ALL), KR_ALLOC_IN_QUOTA);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ring));
	return ring;
}

int kr_kunit_add(struct kunit *test, struct kr_key *ring, const char *desc, const char *payload,
		 struct kr_key **key)
{
	const struct kr_key_ref ref = { .key = ring, .possessed = true };
	struct kr_prep prep = { .desc = desc };
	struct kr_kunit *kit = test->priv;
	struct kr_key_ref out;
	int ret;

	prep.data = kr_payload_alloc(strlen(payload));
	KUNIT_ASSERT_NOT_NULL(test, prep.data);
	memcpy(prep.data->data, payload, prep.data->len);
	ret = kr_ring_add_key(&ref, kr_key_type_find("user"), &prep, kit->alice, &out);
	kr_payload_put_now(prep.data);
	*key = ret ? NULL : out.key;
	return ret;
}

static struct kr_account *alice_account(void)
{
	struct kr_account *account = kr_account_next(KR_KUNIT_ALICE);

	return account && uid_eq(account->uid, KUIDT_INIT(KR_KUNIT_ALICE)) ? account : NULL;
}

unsigned int kr_kunit_qnkeys(void)
{
	struct kr_account *account;
	unsigned int qnkeys;

	rcu_read_lock();
	account = alice_account();
	qnkeys = account ? account->qnkeys : 0;
	rcu_read_unlock();
	return qnkeys;
}

u64 kr_kunit_qnbytes(void)
{
	struct kr_account *account;
	u64 qnbytes;

	rcu_read_lock();
	account = alice_account();
	qnbytes = account ? account->qnbytes : 0;
	rcu_read_unlock();
	return qnbytes;
}

void kr_kunit_pass(time64_t seconds)
{
	shift += seconds;
	kr_clock_shift(shift);
	kr_reaper_flush();
}
