/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the unit tests of room store share: objects to store, and whether a store is
 * in order.
 */
#ifndef KR_KUNIT_ITEMS_H
#define KR_KUNIT_ITEMS_H

#include "kunit_helpers.h"

#include <keyrings/store.h>
#include <linux/slab.h>

struct item {
	struct rcu_head rcu;
	u32 value;
	u32 seen;
};

/* An invertible mixing: different values have different hashes. */
static inline u32 mix(u32 value)
{
	return value * 2654435761u;
}

static inline u32 hash_of(const void *object)
{
	return mix(((const struct item *)object)->value);
}

static inline bool match_value(const void *object, const void *arg)
{
	return ((const struct item *)object)->value == *(const u32 *)arg;
}

static inline struct item *find(struct kr_store *store, u32 value)
{
	struct item *item;

	rcu_read_lock();
	item = kr_store_find(store, mix(value), match_value, &value);
	rcu_read_unlock();
	return item;
}

static inline unsigned int bits_of(const struct kr_store *store)
{
	return store->table & KR_STORE_BITS;
}

static inline struct item *items_make(struct kunit *test, unsigned int count)
{
	struct item *items = kunit_kcalloc(test, count, sizeof(*items), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, items);
	for (i = 0; i < count; i++)
		items[i].value = i;
	return items;
}

static inline void add(struct kunit *test, struct kr_store *store, struct item *item)
{
	KUNIT_ASSERT_EQ(test, kr_store_reserve(store, hash_of, NULL), 0);
	kr_store_insert(store, (unsigned long)item, hash_of(item));
}

static inline void add_many(struct kunit *test, struct kr_store *store, struct item *items,
			    unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		add(test, store, &items[i]);
}

/* As a ring does: no more than what was asked for is taken out, and the table may follow. */
static inline bool take(struct kr_store *store, struct item *item)
{
	bool stored = kr_store_remove(store, item, hash_of(item));

	kr_store_shrink(store, hash_of);
	return stored;
}

/* What a reader relies on: a quarter of the places is empty; and what the store says of itself. */
static inline bool is_sound(const struct kr_store *store)
{
	const unsigned long *places = kr_store_places(store->table);
	u32 i, taken = 0, vacated = 0, empty = 0;

	if (!store->table)
		return !store->count && !store->used;
	for (i = 0; i <= kr_store_last(store->table); i++) {
		empty += !places[i];
		vacated += places[i] && places[i] <= KR_STORE_FLAGS;
		taken += places[i] > KR_STORE_FLAGS;
	}
	return taken == store->count && taken + vacated == store->used &&
	       empty >= (kr_store_last(store->table) + 1) / 4;
}

#endif /* KR_KUNIT_ITEMS_H */
