/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room store: a hash set of pointers whose readers need only RCU. It knows
 * neither what they point to nor how their hash comes about.
 *
 * The set has no nodes: an entry is a word in a table with open addressing, so
 * that membership costs the object nothing and the set, when it is not small and has not
 * shrunk, between 11 and 21 bytes.
 */
#ifndef KEYRINGS_STORE_H
#define KEYRINGS_STORE_H

#include <linux/compiler.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * struct kr_store - the set
 * @table: the table, see below; replaced as a whole, RCU readers
 * @count: entries, and places reserved for entries to come; others may read it
 * @used: places that are not empty, and those reserved
 *
 * All zeroes is an empty set. Writers are serialised by the owner.
 *
 * A table is an array of 2^n words, at least a quarter of them empty, and has
 * no header: its size would no longer be a power of two, and allocators would
 * nearly double it. Instead @table is its address with n in the low bits, which
 * are 0 because kmalloc() aligns powers of two to their size. One load gives a
 * reader both.
 *
 * ============ ======================================== ===========================
 * state        what is true                             who may look
 * ============ ======================================== ===========================
 * none         @table 0                                 writer; readers find nothing
 * filled in    all entries copied, nobody knows it      writer
 * current      @table leads to it                       writer; readers under RCU
 * replaced     constant; a newer one is current         readers under RCU
 * freed        a grace period after it was replaced     nobody
 * ============ ======================================== ===========================
 *
 * Entries never move within a table: whoever goes along the places that follow
 * from a hash cannot miss an entry that is there all the time.
 */
struct kr_store {
	unsigned long table;
	u32 count;
	u32 used;
};

#define KR_STORE_BITS	31UL	/* of @table: log2 of the number of places */
#define KR_STORE_MARK	1UL	/* of an entry: the owner's */
#define KR_STORE_FLAGS	7UL	/* of an entry: not part of the address */

/**
 * typedef kr_store_hash_t - the hash under which an object is stored
 * @object: stored
 */
typedef u32 (*kr_store_hash_t)(const void *object);

/**
 * typedef kr_store_match_t - is this what is looked for?
 * @object: stored near the place that follows from the hash
 * @arg: as given to kr_store_find()
 */
typedef bool (*kr_store_match_t)(const void *object, const void *arg);

static inline unsigned long *kr_store_places(unsigned long table)
{
	return (unsigned long *)(table & ~KR_STORE_BITS);
}

static inline u32 kr_store_last(unsigned long table)
{
	return (1u << (table & KR_STORE_BITS)) - 1;
}

static inline u32 kr_store_first_place(unsigned long table, u32 hash)
{
	return hash >> (32 - (table & KR_STORE_BITS));
}

static inline void *kr_store_object(unsigned long entry)
{
	return (void *)(entry & ~KR_STORE_FLAGS);
}

/**
 * kr_store_find() - find an object
 * @store: the store
 * @hash: of what is looked for
 * @match: called for each object near; to be inlined
 * @arg: for @match
 *
 * Caller is in an RCU read section or holds the owner's lock. An object that is
 * stored during the whole call is found even when the table is replaced
 * meanwhile.
 *
 * Return: the object, or NULL.
 */
static __always_inline void *kr_store_find(const struct kr_store *store, u32 hash,
					   kr_store_match_t match, const void *arg)
{
	unsigned long table = READ_ONCE(store->table), entry;
	const unsigned long *places = kr_store_places(table);
	u32 at, last;

	if (!table)
		return NULL;
	last = kr_store_last(table);
	for (at = kr_store_first_place(table, hash); ; at = (at + 1) & last) {
		entry = READ_ONCE(places[at]);
		if (!entry)
			return NULL;
		/* A place from which an entry was removed holds flags only. */
		if (entry > KR_STORE_FLAGS && match(kr_store_object(entry), arg))
			return kr_store_object(entry);
	}
}

/**
 * kr_store_reserve() - promise a place to an object
 * @store: the store
 * @hash_of: the hash of what is stored
 * @lock: the owner's spinlock, not held, or NULL when the owner's lock is held and allows to sleep
 *
 * May sleep. kr_store_insert() or kr_store_cancel() must follow.
 *
 * Return: 0 or -ENOMEM.
 */
int kr_store_reserve(struct kr_store *store, kr_store_hash_t hash_of, spinlock_t *lock);

/**
 * kr_store_cancel() - take a promise back
 * @store: the store
 *
 * Caller holds the owner's lock.
 */
void kr_store_cancel(struct kr_store *store);

/**
 * kr_store_insert() - store an object in the place that was promised
 * @store: the store
 * @entry: the object's address, aligned to 8 bytes, and perhaps KR_STORE_MARK
 * @hash: its hash
 *
 * Caller holds the owner's lock.
 */
void kr_store_insert(struct kr_store *store, unsigned long entry, u32 hash);

/**
 * kr_store_replace() - put an object in the place of another of the same hash
 * @store: the store
 * @old: stored
 * @new: not stored; gets the mark of @old
 * @hash: of both
 *
 * Caller holds the owner's lock. Readers see either, never none.
 *
 * Return: the entry that @old was.
 */
unsigned long kr_store_replace(struct kr_store *store, const void *old, const void *new, u32 hash);

/**
 * kr_store_remove() - take an object out
 * @store: the store
 * @object: stored; kept for a grace period by the owner
 * @hash: its hash
 *
 * Caller holds the owner's lock.
 *
 * Return: the entry that it was, or 0 when it was not stored.
 */
unsigned long kr_store_remove(struct kr_store *store, const void *object, u32 hash);

/**
 * kr_store_next() - go through a table
 * @table: @table of a store, loaded once for the whole way
 * @at: 0 at first; where to go on
 *
 * Caller is in an RCU read section or holds the owner's lock.
 *
 * Return: the next entry, or 0 at the end.
 */
static inline unsigned long kr_store_next(unsigned long table, u32 *at)
{
	const unsigned long *places = kr_store_places(table);
	unsigned long entry;

	if (!table)
		return 0;
	while (*at <= kr_store_last(table)) {
		entry = READ_ONCE(places[(*at)++]);
		if (entry > KR_STORE_FLAGS)
			return entry;
	}
	return 0;
}

/**
 * kr_store_shrink() - replace a table that has become much too large
 * @store: the store
 * @hash_of: the hash of what is stored
 *
 * Caller holds the owner's lock. Does not sleep; when memory is short, the
 * table stays until something is removed again.
 */
void kr_store_shrink(struct kr_store *store, kr_store_hash_t hash_of);

/**
 * kr_store_free() - free the table of a store that nobody can find any more
 * @store: the store; no reader is left
 */
void kr_store_free(struct kr_store *store);

/**
 * kr_free_later() - free memory that has no room for an rcu_head, after its readers
 * @mem: from kvmalloc(), or NULL
 *
 * May sleep: without memory for the head it waits for the readers itself.
 */
void kr_free_later(void *mem);

#endif /* KEYRINGS_STORE_H */
