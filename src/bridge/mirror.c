// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors: built-in keys that stand for keys of the module's own types where
 * kernel code wants one. A key of type `user` or `logon` gets one when kernel
 * code first looks for it.
 *
 * ========= ========================================= =======================
 * state     what is true                              who may hold it
 * ========= ========================================= =======================
 * made      not in the table                          its maker
 * known     in the table; KR_KEY_MIRRORED is set      whoever holds the key
 * retired   out of the table: the key has ended       readers under RCU
 * ========= ========================================= =======================
 *
 * Who could still be inside a mirror when it is freed: whoever works with one
 * holds a reference on its key, and the key has ended; readers of the table are
 * waited for. The built-in key stays for as long as kernel code holds it.
 */
#include "bridge_internal.h"

#include <keyrings/types.h>
#include <keys/user-type.h>
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#define TABLE_BITS	8

/**
 * struct mirror - a key of ours and its built-in counterpart
 * @node: in the table; RCU readers
 * @key: ours; borrowed: it ends the mirror when it ends
 * @builtin: holds a reference
 * @lock: serialises what is done to @builtin, so that what was done last is what is true
 * @payload: the bytes that @builtin has, NULL once it is revoked; under @lock
 * @rcu: frees the mirror after its readers
 */
struct mirror {
	struct hlist_node node;
	struct kr_key *key;
	struct key *builtin;
	struct mutex lock;
	struct kr_payload *payload;
	struct rcu_head rcu;
};

/*
 * The built-in keys are the kernel's own. Security modules are not asked whether whoever
 * happens to look first may make one, nor whether whoever changes ours may change it.
 */
static const struct cred *mirror_cred;

static struct hlist_head table[1 << TABLE_BITS];
static DEFINE_SPINLOCK(table_lock);	/* writers; taken alone */

static struct hlist_head *bucket_of(const struct kr_key *key)
{
	return &table[hash_ptr(key, TABLE_BITS)];
}

static struct mirror *find(const struct kr_key *key)
{
	struct mirror *mirror;

	hlist_for_each_entry_rcu(mirror, bucket_of(key), node, lockdep_is_held(&table_lock)) {
		if (mirror->key == key)
			return mirror;
	}
	return NULL;
}

/* Stays, since the caller holds a reference on the key. */
static struct mirror *find_of_held(const struct kr_key *key)
{
	struct mirror *mirror;

	rcu_read_lock();
	mirror = find(key);
	rcu_read_unlock();
	return mirror;
}

static void mirror_free(struct mirror *mirror)
{
	key_put(mirror->builtin);
	kr_payload_put(mirror->payload);
	mutex_destroy(&mirror->lock);
	kfree_rcu(mirror, rcu);
}

static void mirror_end(struct kr_key *key)
{
	struct mirror *mirror;

	spin_lock(&table_lock);
	mirror = find(key);
	if (mirror)
		hlist_del_rcu(&mirror->node);
	spin_unlock(&table_lock);
	if (mirror)
		mirror_free(mirror);
}

/* With the reference on the new bytes, if any. */
static void set_payload(struct mirror *mirror, struct kr_payload *payload)
{
	struct kr_payload *old = mirror->payload;

	lockdep_assert_held(&mirror->lock);
	WRITE_ONCE(mirror->payload, payload);	/* is_behind() compares it */
	kr_payload_put(old);
}

/* No key is looked for meanwhile, so nobody takes note of the change of credentials. */
static int update_builtin(struct key *builtin, const struct kr_payload *payload)
{
	const struct cred *saved = override_creds(mirror_cred);
	int ret = key_update(make_key_ref(builtin, true), payload->data, payload->len);

	revert_creds(saved);
	return ret;
}

/* An error leaves the old bytes. */
static int sync_payload(struct mirror *mirror)
{
	struct kr_payload *payload = kr_user_payload_get(mirror->key);
	int ret = 0;

	lockdep_assert_held(&mirror->lock);
	if (payload && payload != mirror->payload) {
		ret = update_builtin(mirror->builtin, payload);
		if (!ret) {
			set_payload(mirror, payload);
			return 0;
		}
	}
	kr_payload_put(payload);
	return ret;
}

/*
 * In the order of the events: what the key is now is what the built-in one becomes,
 * but for its bytes after an error.
 */
static int mirror_sync(struct mirror *mirror)
{
	unsigned long flags;
	int ret = 0;

	mutex_lock(&mirror->lock);
	flags = READ_ONCE(mirror->key->flags);
	if (flags & BIT(KR_KEY_INVALIDATED)) {
		key_invalidate(mirror->builtin);
	} else if (flags & BIT(KR_KEY_REVOKED)) {
		key_revoke(mirror->builtin);
		set_payload(mirror, NULL);
	} else {
		ret = sync_payload(mirror);
		kr_builtin_set_expiry(mirror->builtin, READ_ONCE(mirror->key->expiry));
	}
	mutex_unlock(&mirror->lock);
	return ret;
}

static void sync(struct kr_key *key)
{
	struct mirror *mirror;

	might_sleep();
	if (kr_builtin_type_of(key->type)) {
		kr_held_sync(key);
		return;
	}
	mirror = find_of_held(key);
	/* What fails is tried again by the next look-up, before that gets the built-in key. */
	if (mirror)
		mirror_sync(mirror);
}

static struct key *make_secret(const struct kr_key *key, const struct kr_payload *payload)
{
	struct key_type *type = strcmp(key->type->name, key_type_user.name) ? &key_type_logon :
									      &key_type_user;
	struct key *builtin;
	int ret;

	kr_collector_expects(payload->len);
	builtin = key_alloc(type, key->desc, READ_ONCE(key->uid), READ_ONCE(key->gid),
			    mirror_cred, KR_HIDDEN_PERM, KEY_ALLOC_NOT_IN_QUOTA, NULL);
	if (IS_ERR(builtin))
		return builtin;
	ret = key_instantiate_and_link(builtin, payload->data, payload->len, NULL, NULL);
	if (ret) {
		key_put(builtin);
		return ERR_PTR(ret);
	}
	return builtin;
}

static struct mirror *mirror_make(struct kr_key *key)
{
	struct kr_payload *payload = kr_user_payload_get(key);
	struct mirror *mirror = NULL;
	struct key *builtin;

	if (!payload)
		return NULL;
	builtin = make_secret(key, payload);
	if (!IS_ERR(builtin))
		mirror = kzalloc(sizeof(*mirror), GFP_KERNEL);
	if (!mirror) {
		kr_payload_put(payload);
		if (IS_ERR(builtin))
			return ERR_CAST(builtin);
		key_put(builtin);
		return ERR_PTR(-ENOMEM);
	}
	mirror->key = key;
	mirror->builtin = builtin;
	mirror->payload = payload;
	mutex_init(&mirror->lock);
	return mirror;
}

/* Two that make one at once: the first is it. */
static struct mirror *mirror_publish(struct mirror *new)
{
	struct kr_key *key = new->key;
	struct mirror *mirror;

	spin_lock(&table_lock);
	mirror = find(key);
	if (!mirror)
		hlist_add_head_rcu(&new->node, bucket_of(key));
	spin_unlock(&table_lock);

	if (mirror)
		mirror_free(new);
	/* Changes from here on are told to sync(); those until here are caught up with. */
	set_bit(KR_KEY_MIRRORED, &key->flags);
	smp_mb__after_atomic();	/* pairs with kr_key_sync() */
	return mirror ?: new;
}

static struct mirror *mirror_new(struct kr_key *key)
{
	struct mirror *mirror;
	int ret;

	if (kr_making_wants(key))
		return ERR_PTR(-EAGAIN);
	ret = kr_collector_wait(0);
	if (ret)
		return ERR_PTR(ret);
	mirror = mirror_make(key);
	if (IS_ERR_OR_NULL(mirror))
		return mirror;
	mirror = mirror_publish(mirror);
	ret = mirror_sync(mirror);
	return ret ? ERR_PTR(ret) : mirror;
}

static bool is_behind(const struct mirror *mirror)
{
	struct kr_payload *payload = kr_user_payload_get(mirror->key);
	bool behind = payload && payload != READ_ONCE(mirror->payload);

	kr_payload_put(payload);
	return behind;
}

static struct key *mirror_key(struct kr_key *key, bool may_make)
{
	struct mirror *mirror = find_of_held(key);
	int ret;

	if (!mirror && may_make) {
		mirror = mirror_new(key);
		if (IS_ERR(mirror))
			return ERR_CAST(mirror);
	} else if (mirror && is_behind(mirror)) {
		/* An update failed. Nobody gets the bytes of before. */
		if (!may_make)
			return NULL;
		ret = mirror_sync(mirror);
		if (ret)
			return ERR_PTR(ret);
	}
	return mirror ? key_get(mirror->builtin) : NULL;
}

struct key *kr_mirror_get(struct kr_key *key, bool may_make)
{
	if (kr_builtin_type_of(key->type))
		return key_get(kr_held(key));
	return mirror_key(key, may_make);
}

static const struct kr_mirror_ops ops = {
	.sync	= sync,
	.end	= mirror_end,
};

int kr_mirror_init(void)
{
	mirror_cred = prepare_kernel_cred(&init_task);
	if (!mirror_cred)
		return -ENOMEM;
	kr_key_set_mirror(&ops);
	return 0;
}

/* No key is left, so no mirror is. */
void kr_mirror_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		WARN_ON_ONCE(!hlist_empty(&table[i]));
	put_cred(mirror_cred);
}
