// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hash set of pointers for readers under RCU and one writer at a time: open
 * addressing, each object at the first free place from that of its hash on.
 *
 * A place is empty (0), taken, or vacated (KR_STORE_MARK alone): readers go on
 * at a vacated one and stop at an empty one. A place becomes empty again only
 * when the one after it is: then no entry beyond depends on it. Tables are
 * replaced as a whole, by one that is complete.
 *
 * Who could still be inside a table when it is freed: readers that loaded its
 * address before it was replaced. They are waited for, in kr_free_later().
 */
#include <keyrings/store.h>

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#define MIN_BITS	2	/* 32 bytes: room for the size in the address */
#define MAX_BITS	28	/* 2 GiB, which kvmalloc() refuses */
#define VACATED		KR_STORE_MARK

/* How many places of a table may be in use; the rest are empty, where searches end. */
static u32 room(unsigned int bits)
{
	return (1u << bits) / 4 * 3;
}

/* log2 of the size of the smallest table with room for so many. */
static unsigned int bits_for(u32 count)
{
	unsigned int bits = MIN_BITS;

	while (bits < MAX_BITS && room(bits) < count)
		bits++;
	return bits;
}

static unsigned int bits_of(unsigned long table)
{
	return table & KR_STORE_BITS;
}

/* log2 of the size of the table that one more entry takes; 0: there is room in this one. */
static unsigned int wanted_bits(const struct kr_store *store)
{
	unsigned int bits = bits_of(store->table);

	if (!store->table)
		return MIN_BITS;
	if (store->used < room(bits))
		return 0;
	/* Full of vacated places, or of entries. */
	return bits_for(store->count + store->count / 2 + 1);
}

static unsigned long table_alloc(unsigned int bits, gfp_t gfp)
{
	unsigned long *places = kvcalloc(1u << bits, sizeof(*places), gfp | __GFP_NOWARN);

	return places ? (unsigned long)places | bits : 0;
}

static void put_in(unsigned long table, unsigned long entry, u32 hash)
{
	unsigned long *places = kr_store_places(table);
	u32 at = kr_store_first_place(table, hash), last = kr_store_last(table);

	while (places[at])
		at = (at + 1) & last;
	places[at] = entry;
}

/* Copy the entries to a new table and publish that; the old one is returned. */
static unsigned long replace_table(struct kr_store *store, unsigned long new,
				   kr_store_hash_t hash_of)
{
	unsigned long old = store->table, entry;
	u32 at = 0, copied = 0;

	while ((entry = kr_store_next(old, &at))) {
		put_in(new, entry, hash_of(kr_store_object(entry)));
		copied++;
	}
	WARN_ON_ONCE(copied > store->count);
	store->used = store->count;
	smp_store_release(&store->table, new);
	return old;
}

/**
 * struct late - memory that waits for its readers
 * @rcu: frees both
 * @mem: the memory
 */
struct late {
	struct rcu_head rcu;
	void *mem;
};

static void free_late(struct rcu_head *rcu)
{
	struct late *late = container_of(rcu, struct late, rcu);

	kvfree(late->mem);
	kfree(late);
}

static void free_with(struct late *late, void *mem)
{
	late->mem = mem;
	call_rcu(&late->rcu, free_late);
}

void kr_free_later(void *mem)
{
	struct late *late;

	might_sleep();
	if (!mem)
		return;
	late = kmalloc(sizeof(*late), GFP_KERNEL | __GFP_NOWARN);
	if (unlikely(!late)) {
		synchronize_rcu();
		kvfree(mem);
		return;
	}
	free_with(late, mem);
}

static void lock_owner(spinlock_t *lock) __acquires(lock)
{
	if (lock)
		spin_lock(lock);
	else
		__acquire(lock);
}

static void unlock_owner(spinlock_t *lock) __releases(lock)
{
	if (lock)
		spin_unlock(lock);
	else
		__release(lock);
}

int kr_store_reserve(struct kr_store *store, kr_store_hash_t hash_of, spinlock_t *lock)
{
	unsigned long new = 0, old = 0;
	unsigned int bits;

	might_sleep();
	lock_owner(lock);
	while (unlikely((bits = wanted_bits(store)))) {
		if (bits_of(new) == bits) {
			old = replace_table(store, new, hash_of);
			new = 0;
			break;
		}
		unlock_owner(lock);
		kvfree(kr_store_places(new));
		new = table_alloc(bits, GFP_KERNEL);
		if (!new)
			return -ENOMEM;
		lock_owner(lock);
	}
	WRITE_ONCE(store->count, store->count + 1);
	store->used++;
	unlock_owner(lock);

	if (unlikely(new | old)) {
		kvfree(kr_store_places(new));
		kr_free_later(kr_store_places(old));
	}
	return 0;
}

void kr_store_cancel(struct kr_store *store)
{
	WRITE_ONCE(store->count, store->count - 1);
	store->used--;
}

void kr_store_insert(struct kr_store *store, unsigned long entry, u32 hash)
{
	unsigned long *places = kr_store_places(store->table);
	u32 at = kr_store_first_place(store->table, hash), last = kr_store_last(store->table);

	while (places[at] > KR_STORE_FLAGS)
		at = (at + 1) & last;
	if (places[at])
		store->used--;	/* a vacated place was counted already */
	smp_store_release(&places[at], entry);	/* the object is complete */
}

/* The place of an object; it may be NULL. */
static unsigned long *place_of(const struct kr_store *store, const void *object, u32 hash)
{
	unsigned long *places = kr_store_places(store->table);
	u32 at, last;

	if (!store->table)
		return NULL;
	last = kr_store_last(store->table);
	for (at = kr_store_first_place(store->table, hash); places[at]; at = (at + 1) & last) {
		if (kr_store_object(places[at]) == object)
			return &places[at];
	}
	return NULL;
}

unsigned long kr_store_replace(struct kr_store *store, const void *old, const void *new, u32 hash)
{
	unsigned long *place = place_of(store, old, hash), entry;

	if (WARN_ON_ONCE(!place))
		return 0;
	entry = *place;
	smp_store_release(place, (unsigned long)new | (entry & KR_STORE_FLAGS));
	return entry;
}

/* What is vacated at the end of a run of places becomes empty. */
static void vacate(struct kr_store *store, u32 at)
{
	unsigned long *places = kr_store_places(store->table);
	u32 last = kr_store_last(store->table);

	if (places[(at + 1) & last]) {
		WRITE_ONCE(places[at], VACATED);
		return;
	}
	do {
		WRITE_ONCE(places[at], 0);
		store->used--;
		at = (at - 1) & last;
	} while (places[at] == VACATED);
}

unsigned long kr_store_remove(struct kr_store *store, const void *object, u32 hash)
{
	unsigned long *place = place_of(store, object, hash), entry;

	if (!place)
		return 0;
	entry = *place;
	WRITE_ONCE(store->count, store->count - 1);
	vacate(store, place - kr_store_places(store->table));
	return entry;
}

void kr_store_shrink(struct kr_store *store, kr_store_hash_t hash_of)
{
	unsigned int bits = bits_of(store->table);
	struct late *late;
	unsigned long new;

	if (likely(bits <= MIN_BITS || store->count >= room(bits) / 8))
		return;
	late = kmalloc(sizeof(*late), GFP_NOWAIT | __GFP_NOWARN);
	new = late ? table_alloc(bits_for(2 * store->count + 1), GFP_NOWAIT) : 0;
	if (new)
		free_with(late, kr_store_places(replace_table(store, new, hash_of)));
	else
		kfree(late);
}

void kr_store_free(struct kr_store *store)
{
	kvfree(kr_store_places(store->table));
	*store = (struct kr_store) {};
}
