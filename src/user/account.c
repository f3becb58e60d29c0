// SPDX-License-Identifier: GPL-2.0-only
/*
 * The account of a UID: how many keys and bytes it owns (keyrings(7), "Quotas").
 *
 * Accounts are per kuid and not per namespace: making user namespaces buys no
 * quota.
 */
#include <keyrings/user.h>

#include <keyrings/base.h>
#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "user_internal.h"

static DEFINE_SPINLOCK(accounts_lock);	/* writers of @accounts; @in_order; innermost */
static struct kr_store accounts;	/* RCU readers */
static struct rb_root in_order = RB_ROOT;
static u32 uid_secret __read_mostly;

u32 kr_uid_hash(kuid_t uid)
{
	return jhash_1word(__kuid_val(uid), uid_secret);
}

static u32 hash_of(const void *object)
{
	return kr_uid_hash(((const struct kr_account *)object)->uid);
}

static bool match_uid(const void *object, const void *arg)
{
	return uid_eq(((const struct kr_account *)object)->uid, *(const kuid_t *)arg);
}

struct kr_account *kr_account_peek(kuid_t uid)
{
	return kr_store_find(&accounts, kr_uid_hash(uid), match_uid, &uid);
}

static struct kr_account *account_find(kuid_t uid)
{
	struct kr_account *account;

	rcu_read_lock();
	account = kr_account_peek(uid);
	if (account && !refcount_inc_not_zero(&account->usage))
		account = NULL;
	rcu_read_unlock();
	return account;
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
	INIT_LIST_HEAD(&account->records);
	return account;
}

static bool is_before(struct rb_node *a, const struct rb_node *b)
{
	return uid_lt(rb_entry(a, struct kr_account, in_order)->uid,
		      rb_entry(b, struct kr_account, in_order)->uid);
}

/*
 * Store the new account, for which a place is reserved, unless another one has
 * come; the one that is stored then is returned with a reference.
 */
static struct kr_account *account_enter(struct kr_account *new)
{
	struct kr_account *old = kr_account_peek(new->uid);

	lockdep_assert_held(&accounts_lock);
	if (old && refcount_inc_not_zero(&old->usage)) {
		kr_store_cancel(&accounts);
		return old;
	}
	/* A dead account takes itself out only when it is still the one stored. */
	if (old) {
		kr_store_cancel(&accounts);
		kr_store_replace(&accounts, old, new, hash_of(new));
		rb_replace_node(&old->in_order, &new->in_order, &in_order);
	} else {
		kr_store_insert(&accounts, (unsigned long)new, hash_of(new));
		rb_add(&new->in_order, &in_order, is_before);
	}
	return new;
}

struct kr_account *kr_account_get_by_uid(kuid_t uid)
{
	struct kr_account *account, *new;

	account = account_find(uid);
	if (likely(account))
		return account;

	new = account_alloc(uid);
	if (!new)
		return NULL;
	if (kr_store_reserve(&accounts, hash_of, &accounts_lock)) {
		kfree(new);
		return NULL;
	}
	spin_lock(&accounts_lock);
	account = account_enter(new);
	spin_unlock(&accounts_lock);
	if (account != new)
		kfree(new);
	return account;
}

void kr_account_put(struct kr_account *account)
{
	if (!refcount_dec_and_test(&account->usage))
		return;

	spin_lock(&accounts_lock);
	if (kr_account_peek(account->uid) == account) {
		kr_store_remove(&accounts, account, hash_of(account));
		kr_store_shrink(&accounts, hash_of);
		rb_erase(&account->in_order, &in_order);
	}
	spin_unlock(&accounts_lock);
	kfree_rcu(account, rcu);
}

unsigned int kr_account_maxkeys(const struct kr_account *account)
{
	bool root = uid_eq(account->uid, GLOBAL_ROOT_UID);

	return READ_ONCE(*(root ? kr_limits.root_maxkeys : kr_limits.maxkeys));
}

/* Of what there is too much already, no more is no worse. */
static bool fits(const struct kr_account *account, unsigned int keys, u64 bytes)
{
	bool root = uid_eq(account->uid, GLOBAL_ROOT_UID);
	unsigned int maxbytes = READ_ONCE(*(root ? kr_limits.root_maxbytes : kr_limits.maxbytes));

	return (!keys || account->qnkeys + keys <= kr_account_maxkeys(account)) &&
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

bool kr_account_has_room(struct kr_account *account, u64 bytes)
{
	bool room;

	spin_lock(&account->lock);
	room = account->qnkeys <= kr_account_maxkeys(account) && fits(account, 0, bytes);
	spin_unlock(&account->lock);
	return room;
}

void kr_account_uncharge(struct kr_account *account, unsigned int keys, u64 bytes)
{
	spin_lock(&account->lock);
	WRITE_ONCE(account->qnkeys, account->qnkeys - keys);
	WRITE_ONCE(account->qnbytes, account->qnbytes - bytes);
	spin_unlock(&account->lock);
}

static struct kr_account *first_from(u32 uid)
{
	struct rb_node *node = in_order.rb_node;
	struct kr_account *account, *first = NULL;

	while (node) {
		account = rb_entry(node, struct kr_account, in_order);
		if (__kuid_val(account->uid) >= uid) {
			first = account;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return first;
}

struct kr_account *kr_account_next(u32 uid)
{
	struct kr_account *account;
	struct rb_node *node;

	spin_lock(&accounts_lock);
	account = first_from(uid);
	while (account && !refcount_read(&account->usage)) {
		node = rb_next(&account->in_order);
		account = node ? rb_entry(node, struct kr_account, in_order) : NULL;
	}
	spin_unlock(&accounts_lock);
	return account;
}

void kr_account_init(void)
{
	uid_secret = get_random_u32();
}

void kr_account_exit(void)
{
	WARN_ON_ONCE(accounts.count);
	kr_store_free(&accounts);
}
