// SPDX-License-Identifier: GPL-2.0-only
/*
 * The account of a UID: how many keys and bytes it owns (keyrings(7), "Quotas").
 *
 * Accounts are per kuid and not per namespace: making user namespaces buys no
 * quota.
 */
#include <keyrings/user.h>

#include <keyrings/base.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "user_internal.h"

static DEFINE_XARRAY(accounts);	/* kuid -> account, RCU readers */

#define LISTED	XA_MARK_0	/* on every account: marks are found faster than entries */

static struct kr_account *account_find(kuid_t uid)
{
	struct kr_account *account;

	rcu_read_lock();
	account = xa_load(&accounts, __kuid_val(uid));
	if (account && !refcount_inc_not_zero(&account->usage))
		account = NULL;
	rcu_read_unlock();
	return account;
}

struct kr_account *kr_account_peek(kuid_t uid)
{
	return xa_load(&accounts, __kuid_val(uid));
}

static struct kr_account *account_alloc(kuid_t uid)
{
	struct kr_account *account = kzalloc(sizeof(*account), GFP_KERNEL);

	if (!account)
		return NULL;
	account->uid = uid;
	refcount_set(&account->usage, 1);
	spin_lock_init(&account->lock);
	mutex_init(&account->create);
	mutex_init(&account->construct);
	INIT_LIST_HEAD(&account->records);
	INIT_WORK(&account->work, kr_user_close_work);
	return account;
}

struct kr_account *kr_account_get_by_uid(kuid_t uid)
{
	struct kr_account *account, *new, *old, *seen;

	account = account_find(uid);
	if (likely(account))
		return account;

	new = account_alloc(uid);
	if (!new)
		return NULL;
	for (;;) {
		xa_lock(&accounts);
		old = xa_load(&accounts, __kuid_val(uid));
		if (old && refcount_inc_not_zero(&old->usage)) {
			xa_unlock(&accounts);
			kfree(new);
			return old;
		}
		/*
		 * The lock is dropped where memory is allocated: somebody else may
		 * store meanwhile. A dead account takes itself out only when it is
		 * still the one stored.
		 */
		seen = __xa_cmpxchg(&accounts, __kuid_val(uid), old, new, GFP_KERNEL);
		if (seen == old)
			__xa_set_mark(&accounts, __kuid_val(uid), LISTED);
		xa_unlock(&accounts);
		if (seen == old)
			return new;
		if (xa_is_err(seen)) {
			kfree(new);
			return NULL;
		}
	}
}

void kr_account_put(struct kr_account *account)
{
	if (!refcount_dec_and_test(&account->usage))
		return;

	xa_lock(&accounts);
	if (xa_load(&accounts, __kuid_val(account->uid)) == account)
		__xa_erase(&accounts, __kuid_val(account->uid));
	xa_unlock(&accounts);
	kfree_rcu(account, rcu);
}

static bool fits(const struct kr_account *account, unsigned int keys, u64 bytes)
{
	bool root = uid_eq(account->uid, GLOBAL_ROOT_UID);
	unsigned int maxkeys = READ_ONCE(*(root ? kr_limits.root_maxkeys : kr_limits.maxkeys));
	unsigned int maxbytes = READ_ONCE(*(root ? kr_limits.root_maxbytes : kr_limits.maxbytes));

	return (!keys || account->qnkeys + keys <= maxkeys) &&
	       (!bytes || account->qnbytes + bytes <= maxbytes);
}

int kr_account_charge(struct kr_account *account, unsigned int keys, u64 bytes, bool overrun)
{
	int ret = -EDQUOT;

	spin_lock(&account->lock);
	if (overrun || fits(account, keys, bytes)) {
		/* Shown by /proc/key-users, without the lock. */
		WRITE_ONCE(account->qnkeys, account->qnkeys + keys);
		WRITE_ONCE(account->qnbytes, account->qnbytes + bytes);
		ret = 0;
	}
	spin_unlock(&account->lock);
	return ret;
}

void kr_account_uncharge(struct kr_account *account, unsigned int keys, u64 bytes)
{
	spin_lock(&account->lock);
	WRITE_ONCE(account->qnkeys, account->qnkeys - keys);
	WRITE_ONCE(account->qnbytes, account->qnbytes - bytes);
	spin_unlock(&account->lock);
}

struct kr_account *kr_account_next(u32 uid)
{
	struct kr_account *account;
	unsigned long index = uid;

	do {
		account = xa_find(&accounts, &index, U32_MAX, LISTED);
	} while (account && !refcount_read(&account->usage) && index++ < U32_MAX);

	return account;
}

void kr_account_exit(void)
{
	WARN_ON_ONCE(!xa_empty(&accounts));
	xa_destroy(&accounts);
}
