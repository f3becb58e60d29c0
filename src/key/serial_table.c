// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a serial number to its key: a set for each of 256 parts of all serials,
 * so that many processors add keys at once and none waits for more than a part
 * of the keys to be moved to a larger table.
 *
 * Readers need RCU only. A key leaves the set after its last reference has gone
 * and before its memory waits for the readers.
 */
#include <keyrings/key.h>

#include <linux/random.h>
#include <linux/sched.h>

#include "key_internal.h"

#define PART_BITS	8

/**
 * struct part - the keys of a part of all serials
 * @lock: writers of @keys; innermost
 * @keys: by kr_key_serial_hash(), without the bits that choose the part
 */
struct part {
	spinlock_t lock;
	struct kr_store keys;
};

static struct part parts[1 << PART_BITS];

/* Random per load, odd: who sees serials cannot tell which of them are neighbours. */
u32 kr_serial_multiplier __read_mostly;

static struct part *part_of(u32 hash)
{
	return &parts[hash >> (32 - PART_BITS)];
}

static u32 hash_in_part(u32 hash)
{
	return hash << PART_BITS;
}

static u32 hash_of(const void *object)
{
	return hash_in_part(kr_key_serial_hash(((const struct kr_key *)object)->serial));
}

static bool match_serial(const void *object, const void *arg)
{
	return ((const struct kr_key *)object)->serial == *(const s32 *)arg;
}

int kr_serials_add(struct kr_key *key)
{
	u32 hash = kr_key_serial_hash(key->serial);
	struct part *part = part_of(hash);
	bool taken;
	int ret;

	hash = hash_in_part(hash);
	ret = kr_store_reserve(&part->keys, hash_of, &part->lock);
	if (unlikely(ret))
		return ret;

	spin_lock(&part->lock);
	taken = kr_store_find(&part->keys, hash, match_serial, &key->serial);
	if (unlikely(taken))
		kr_store_cancel(&part->keys);
	else
		kr_store_insert(&part->keys, (unsigned long)key, hash);
	spin_unlock(&part->lock);
	return unlikely(taken) ? -EEXIST : 0;
}

void kr_serials_remove(struct kr_key *key)
{
	u32 hash = kr_key_serial_hash(key->serial);
	struct part *part = part_of(hash);

	spin_lock(&part->lock);
	WARN_ON_ONCE(!kr_store_remove(&part->keys, key, hash_in_part(hash)));
	kr_store_shrink(&part->keys, hash_of);
	spin_unlock(&part->lock);
}

struct kr_key *kr_key_lookup(s32 serial)
{
	u32 hash = kr_key_serial_hash(serial);
	struct kr_key *key;

	rcu_read_lock();
	key = kr_store_find(&part_of(hash)->keys, hash_in_part(hash), match_serial, &serial);
	if (key && unlikely(!kr_key_tryget(key)))
		key = NULL;
	rcu_read_unlock();
	return key;
}

unsigned int kr_key_count(void)
{
	unsigned int i, count = 0;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		count += READ_ONCE(parts[i].keys.count);
	return count;
}

static bool walk_part(struct part *part, bool (*fn)(struct kr_key *key, void *arg), void *arg)
{
	unsigned long table, entry;
	bool go_on = true;
	u32 at = 0;

	rcu_read_lock();
	table = READ_ONCE(part->keys.table);
	while (go_on && (entry = kr_store_next(table, &at)))
		go_on = fn(kr_store_object(entry), arg);
	rcu_read_unlock();
	return go_on;
}

void kr_key_walk(bool (*fn)(struct kr_key *key, void *arg), void *arg)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!walk_part(&parts[i], fn, arg))
			return;
		cond_resched();
	}
}

void kr_serials_init(void)
{
	unsigned int i;

	kr_serial_multiplier = get_random_u32() | 1;
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		spin_lock_init(&parts[i].lock);
}

void kr_serials_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		kr_store_free(&parts[i].keys);
}
