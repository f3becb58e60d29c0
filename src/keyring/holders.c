// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a key knows of its links: the rings that hold it, so that it can leave
 * them without looking at any other key. Two rings, which is more than most
 * keys are in, are known in the key itself; beyond that one of these places
 * leads to a set, which stays until the key goes.
 *
 * Who could still be inside the set when it is freed: nobody, it is freed with
 * the key. The set's tables are replaced as those of every store.
 */
#include <keyrings/keyring.h>

#include <linux/slab.h>

#include "ring_internal.h"

static u32 hash_of(const void *object)
{
	return kr_key_serial_hash(((const struct kr_key *)object)->serial);
}

static bool add_inline(struct kr_holders *holders, struct kr_key *ring)
{
	if (!holders->first)
		smp_store_release(&holders->first, ring);
	else if (!holders->more)
		smp_store_release(&holders->more, (unsigned long)ring);
	else
		return false;
	return true;
}

/* Let the set take over the second place; frees the set if another one did. */
static void install_set(struct kr_key *key, struct kr_store *set)
{
	struct kr_holders *holders = &key->holders;
	struct kr_key *second;

	spin_lock(&key->lock);
	if (!kr_holders_set(holders->more)) {
		second = (struct kr_key *)holders->more;
		if (second)
			kr_store_insert(set, (unsigned long)second, hash_of(second));
		else
			kr_store_cancel(set);
		smp_store_release(&holders->more, (unsigned long)set | KR_HOLDERS_SET);
		set = NULL;
	}
	spin_unlock(&key->lock);
	if (set)
		kr_store_free(set);
	kfree(set);
}

static int make_set(struct kr_key *key)
{
	struct kr_store *set = kzalloc(sizeof(*set), GFP_KERNEL);

	if (!set)
		return -ENOMEM;
	if (kr_store_reserve(set, hash_of, NULL)) {
		kfree(set);
		return -ENOMEM;
	}
	install_set(key, set);
	return 0;
}

int kr_holders_reserve(struct kr_key *key, bool *reserved)
{
	struct kr_holders *holders = &key->holders;
	int ret = 0;

	*reserved = false;
	if (!READ_ONCE(holders->first) || !READ_ONCE(holders->more))
		return 0;
	if (!kr_holders_set(READ_ONCE(holders->more)))
		ret = make_set(key);
	if (!ret)
		ret = kr_store_reserve(kr_holders_set(READ_ONCE(holders->more)), hash_of, &key->lock);
	*reserved = !ret;
	return ret;
}

void kr_holders_cancel(struct kr_key *key)
{
	spin_lock(&key->lock);
	kr_store_cancel(kr_holders_set(key->holders.more));
	spin_unlock(&key->lock);
}

bool kr_holders_add(struct kr_key *key, struct kr_key *ring, bool reserved)
{
	struct kr_holders *holders = &key->holders;

	lockdep_assert_held(&key->lock);
	if (!reserved)
		return add_inline(holders, ring);
	kr_store_insert(kr_holders_set(holders->more), (unsigned long)ring, hash_of(ring));
	return true;
}

void kr_holders_remove(struct kr_key *key, struct kr_key *ring)
{
	struct kr_holders *holders = &key->holders;
	struct kr_store *set = kr_holders_set(holders->more);

	lockdep_assert_held(&key->lock);
	if (holders->first == ring) {
		WRITE_ONCE(holders->first, NULL);
	} else if (!set) {
		WRITE_ONCE(holders->more, 0);
	} else {
		kr_store_remove(set, ring, hash_of(ring));
		kr_store_shrink(set, hash_of);
	}
}

struct kr_key *kr_holders_next(struct kr_holder_walk *walk)
{
	unsigned long more;

	if (!walk->in_more) {
		walk->in_more = true;
		more = READ_ONCE(walk->key->holders.more);
		if (!kr_holders_set(more))
			return (struct kr_key *)more;
		walk->table = READ_ONCE(kr_holders_set(more)->table);
	}
	return kr_store_object(kr_store_next(walk->table, &walk->at));
}
