// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key object: how it comes into being, gets its serial number, is found
 * and ends.
 *
 * Who could still be inside when a key is freed: nobody but readers under RCU
 * can reach a key whose usage is 0. It has left the table of serials, no link
 * leads to it (each link holds a reference), the reaper has forgotten it. The
 * memory goes a grace period later.
 */
#include <keyrings/key.h>

#include <linux/random.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "key_internal.h"

#define INLINE_DESC	40	/* with this most keys need no second allocation */

static struct kmem_cache *leaf_cache;
static hsiphash_key_t hash_key;

const struct kr_key_type *kr_key_ring_type;
static const struct kr_ring_ops *ring_ops;
const struct kr_reaper_ops *kr_key_reaper;
const struct kr_mirror_ops *kr_key_mirror;
static bool (*serial_taken)(s32 serial);

u32 kr_key_hash(const struct kr_key_type *type, const char *desc, size_t len)
{
	/* The type goes in by its address, which the keyed hash hides. */
	return hsiphash(desc, len, &hash_key) ^ hsiphash_1u32((u32)(uintptr_t)type, &hash_key);
}

static int set_desc(struct kr_key *key, size_t space, const char *desc, size_t len)
{
	char *copy = key->inline_desc;

	if (len >= space) {
		copy = kmalloc(len + 1, GFP_KERNEL);
		if (!copy)
			return -ENOMEM;
	}
	memcpy(copy, desc, len + 1);
	key->desc = copy;
	key->desc_len = len;
	return 0;
}

static void free_desc(struct kr_key *key)
{
	if (key->desc != key->inline_desc)
		kfree(key->desc);
}

/* A type may go when it is counted and no key of it is left. */
static void type_add_key(const struct kr_key_type *type)
{
	if (unlikely(type->keys))
		atomic_long_inc(type->keys);
}

static void type_drop_key(const struct kr_key_type *type)
{
	if (unlikely(type->keys))
		atomic_long_dec(type->keys);
}

int kr_key_init_object(struct kr_key *key, size_t space, const struct kr_key_type *type,
		       const char *desc, kuid_t uid, kgid_t gid, u32 perm, unsigned int flags)
{
	bool in_quota = !(flags & KR_ALLOC_NOT_IN_QUOTA);
	size_t len;
	int ret;

	might_sleep();
	if (!desc || !*desc)
		return -EINVAL;
	if (type->vet_description) {
		ret = type->vet_description(type, desc);
		if (ret)
			return ret;
	}

	len = strlen(desc);
	ret = set_desc(key, space, desc, len);
	if (ret)
		return ret;

	ret = -ENOMEM;
	key->account = kr_account_get_by_uid(uid);
	if (!key->account)
		goto err_desc;

	key->quotalen = len + 1 + type->def_datalen;
	ret = in_quota ? kr_account_charge(key->account, 1, key->quotalen,
					   flags & KR_ALLOC_OVERRUN) : 0;
	if (ret)
		goto err_account;

	refcount_set(&key->usage, 1);
	spin_lock_init(&key->lock);
	key->type = type;
	key->datalen = type->def_datalen;
	key->hash = kr_key_hash(type, desc, len);
	key->uid = uid;
	key->gid = gid;
	key->perm = perm;
	key->expiry = KR_NEVER;
	if (in_quota)
		__set_bit(KR_KEY_IN_QUOTA, &key->flags);
	if (flags & KR_ALLOC_UID_RING)
		__set_bit(KR_KEY_UID_RING, &key->flags);
	type_add_key(type);
	return 0;

err_account:
	kr_account_put(key->account);
err_desc:
	free_desc(key);
	return ret;
}

void kr_key_abandon(struct kr_key *key)
{
	if (test_bit(KR_KEY_IN_QUOTA, &key->flags))
		kr_account_uncharge(key->account, 1, key->quotalen);
	kr_account_put(key->account);
	free_desc(key);
	type_drop_key(key->type);
}

int kr_key_publish(struct kr_key *key)
{
	bool (*taken)(s32 serial) = READ_ONCE(serial_taken);
	struct kr_account *account = key->account;
	int ret;

	might_sleep();
	/* Counted before it can be found: whoever finds it may give it to another UID. */
	atomic_inc(&account->nkeys);
	do {
		do {
			key->serial = get_random_u32() >> (32 - KR_SERIAL_BITS);
		} while (key->serial < KR_SERIAL_MIN || (taken && taken(key->serial)));

		ret = kr_serials_add(key);
	} while (unlikely(ret == -EEXIST));

	if (unlikely(ret)) {
		atomic_dec(&account->nkeys);
		key->serial = 0;
		return ret;
	}
	return 0;
}

struct kr_key *kr_key_alloc(const struct kr_key_type *type, const char *desc, kuid_t uid,
			    kgid_t gid, u32 perm, unsigned int flags)
{
	struct kr_key *key;
	int ret;

	key = kmem_cache_zalloc(leaf_cache, GFP_KERNEL);
	if (!key)
		return ERR_PTR(-ENOMEM);
	ret = kr_key_init_object(key, INLINE_DESC, type, desc, uid, gid, perm, flags);
	if (ret)
		goto err_free;
	ret = kr_key_publish(key);
	if (ret)
		goto err_abandon;
	return key;

err_abandon:
	kr_key_abandon(key);
err_free:
	kmem_cache_free(leaf_cache, key);
	return ERR_PTR(ret);
}

static void free_holders(struct kr_key *key)
{
	struct kr_store *set = kr_holders_set(key->holders.more);

	if (set)
		kr_store_free(set);
	kfree(set);
}

static bool is_held(const struct kr_key *key)
{
	const struct kr_store *set = kr_holders_set(key->holders.more);

	return key->holders.first || (set ? set->count : key->holders.more);
}

static void free_dead(struct kr_key *key)
{
	free_holders(key);
	if (key->type->destroy)
		key->type->destroy(key);
	free_desc(key);
	type_drop_key(key->type);
	if (kr_key_is_ring(key))
		ring_ops->free(key);
	else
		kmem_cache_free(leaf_cache, key);
}

static void free_chain(struct rcu_head *rcu)
{
	struct kr_key *key = container_of(rcu, struct kr_key, rcu), *next;

	for (; key; key = next) {
		next = key->chained;
		free_dead(key);
	}
}

/* The grace period begins when all have ended. */
static void free_later(struct kr_ending *ending)
{
	if (ending->dead)
		call_rcu(&ending->dead->rcu, free_chain);
	ending->dead = NULL;
	ending->count = 0;
}

static void settle_account(struct kr_key *key)
{
	struct kr_account *account = key->account;

	atomic_dec(&account->nkeys);
	if (kr_key_state(key) != KR_UNINSTANTIATED)
		atomic_dec(&account->nikeys);
	if (test_bit(KR_KEY_IN_QUOTA, &key->flags))
		kr_account_uncharge(account, 1, key->quotalen);
	kr_account_put(account);
}

static bool is_watched(const struct kr_key *key)
{
	return KR_KERNEL_HAS_WATCH_QUEUE && test_bit(KR_KEY_WATCHED, &key->flags);
}

static void end_one(struct kr_key *key, struct kr_ending *ending)
{
	kr_serials_remove(key);
	if (unlikely(READ_ONCE(key->deadline)))
		kr_key_reaper->cancel(key);
	if (unlikely(is_watched(key)))
		kr_watch_end(key);
	if (kr_key_is_ring(key))
		ring_ops->end(key, ending);
	if (unlikely(test_bit(KR_KEY_MIRRORED, &key->flags)))
		kr_key_mirror->end(key);
	WARN_ON_ONCE(is_held(key));
	settle_account(key);
}

/* Worth the sharing, and still a short callback: it runs with softirqs off. */
#define CHAIN_MAX	32

static void end_chained(struct kr_key *key, struct kr_ending *ending)
{
	end_one(key, ending);
	key->chained = ending->dead;
	ending->dead = key;
	if (++ending->count == CHAIN_MAX)
		free_later(ending);
}

/* A tree of rings ends one ring at a time, not by recursion. */
void kr_key_end_with(struct kr_key *key, struct kr_ending *ending)
{
	if (unlikely(kr_key_is_ring(key)))
		__llist_add(&key->dying, &ending->rings);
	else
		end_chained(key, ending);
}

void kr_ending_finish(struct kr_ending *ending)
{
	struct llist_node *ring;

	while ((ring = llist_del_first(&ending->rings))) {
		end_chained(llist_entry(ring, struct kr_key, dying), ending);
		cond_resched();
	}
	free_later(ending);
}

static void end_tree(struct kr_key *key)
{
	struct kr_ending ending = {};

	end_chained(key, &ending);
	kr_ending_finish(&ending);
}

void kr_key_end(struct kr_key *key)
{
	if (unlikely(kr_key_is_ring(key))) {
		end_tree(key);
	} else {
		end_one(key, NULL);
		key->chained = NULL;
		call_rcu(&key->rcu, free_chain);
	}
}

void kr_key_put(struct kr_key *key)
{
	/* Whether the reference is the last one or not, which nobody knows before. */
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		might_sleep_if(key && kr_key_is_ring(key));
	if (key && refcount_dec_and_test(&key->usage))
		kr_key_end(key);
}

void kr_key_put_later(struct kr_key *key)
{
	if (key && refcount_dec_and_test(&key->usage))
		kr_key_reaper->defer(key);
}

void kr_key_set_reaper(const struct kr_reaper_ops *ops)
{
	kr_key_reaper = ops;
}

void kr_key_set_mirror(const struct kr_mirror_ops *ops)
{
	kr_key_mirror = ops;
}

void kr_key_set_ring(const struct kr_key_type *type, const struct kr_ring_ops *ops)
{
	kr_key_ring_type = type;
	ring_ops = ops;
}

void kr_key_set_serial_check(bool (*taken)(s32 serial))
{
	WRITE_ONCE(serial_taken, taken);
}

int kr_key_init(void)
{
	int ret;

	get_random_bytes(&hash_key, sizeof(hash_key));
	/* KEYCTL_DESCRIBE copies the description, and nothing else, to user space. */
	leaf_cache = kmem_cache_create_usercopy("kr_key", sizeof(struct kr_key) + INLINE_DESC, 0, 0,
						offsetof(struct kr_key, inline_desc),
						INLINE_DESC, NULL);
	if (!leaf_cache)
		return -ENOMEM;
	kr_serials_init();
	ret = KR_KERNEL_HAS_WATCH_QUEUE ? kr_watch_init() : 0;
	if (ret)
		kmem_cache_destroy(leaf_cache);
	return ret;
}

void kr_key_exit(void)
{
	WARN_ON_ONCE(kr_key_count());
	/* Frees keys, and waits for those who are in a list of watches: see watch.c. */
	rcu_barrier();
	if (KR_KERNEL_HAS_WATCH_QUEUE)
		kr_watch_exit();
	kr_serials_exit();
	kmem_cache_destroy(leaf_cache);
}
