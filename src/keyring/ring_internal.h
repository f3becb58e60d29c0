/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of room keyring share. */
#ifndef KR_RING_INTERNAL_H
#define KR_RING_INTERNAL_H

#include <keyrings/key_ops.h>
#include <keyrings/key_watch.h>
#include <keyrings/keyring.h>

#define KR_RING_PLACES	16	/* links whose order is kept */

/* The low bits of kr_ring.links: what it leads to; see places.c. */
#define KR_LINKS_FORM	3UL
#define KR_LINKS_4	1UL
#define KR_LINKS_8	2UL
#define KR_LINKS_INDEX	3UL

/**
 * struct kr_index - the links of a ring that has many
 * @first: those that have a place
 * @keys: all links to keys that are not rings; marked if they have a place
 * @rings: all links to rings; likewise
 *
 * ======== ================================== =====================================
 * state    what is true                       who may look
 * ======== ================================== =====================================
 * made     filled from the array before it    its maker
 * current  kr_ring.links leads to it          readers under RCU; the ring's lock
 * taken    the ring was emptied               readers under RCU that came before
 * ======== ================================== =====================================
 */
struct kr_index {
	struct kr_key *first[KR_RING_PLACES];
	struct kr_store keys;
	struct kr_store rings;
};

static inline struct kr_index *kr_links_index(unsigned long links)
{
	return (struct kr_index *)(links & ~KR_LINKS_FORM);
}

/* The key in a place. Caller is in an RCU read section or holds the ring's lock. */
static inline struct kr_key *kr_links_at(unsigned long links, unsigned int at)
{
	unsigned long form = links & KR_LINKS_FORM;

	if (form == KR_LINKS_INDEX)
		return READ_ONCE(kr_links_index(links)->first[at]);
	if (form)
		return at < 2u << form ? READ_ONCE(((struct kr_key **)(links - form))[at]) : NULL;
	return at ? NULL : (struct kr_key *)links;
}

/**
 * kr_links_find() - find a key in a ring
 * @ring: the ring
 * @rings: a ring is looked for, and not another key
 * @hash: of its type and description
 * @match: is this it? to be inlined
 * @arg: for @match
 *
 * Caller is in an RCU read section or holds the ring's lock.
 *
 * Return: the key, borrowed, or NULL.
 */
static __always_inline struct kr_key *kr_links_find(const struct kr_ring *ring, bool rings,
						    u32 hash, kr_store_match_t match,
						    const void *arg)
{
	unsigned long links = READ_ONCE(ring->links), form = links & KR_LINKS_FORM;
	struct kr_index *index = kr_links_index(links);
	struct kr_key *const *places, *key;
	unsigned int at;

	if (form == KR_LINKS_INDEX)
		return kr_store_find(rings ? &index->rings : &index->keys, hash, match, arg);
	if (!form) {
		key = (struct kr_key *)links;
		return key && match(key, arg) ? key : NULL;
	}
	places = (struct kr_key *const *)(links - form);
	for (at = 0; at < 2u << form; at++) {
		key = READ_ONCE(places[at]);
		if (key && match(key, arg))
			return key;
	}
	return NULL;
}

/* What is in such a ring is not found, nor possessed by it. */
static inline bool kr_ring_is_shut(const struct kr_key *ring)
{
	return READ_ONCE(ring->flags) &
	       (BIT(KR_KEY_REVOKED) | BIT(KR_KEY_INVALIDATED) | BIT(KR_KEY_EMPTYING));
}

/* Room for one more link to a key of this type; 0 or -ENOMEM. Then add or cancel. */
int kr_places_reserve(struct kr_ring *ring, const struct kr_key_type *type);
void kr_places_cancel(struct kr_ring *ring, const struct kr_key_type *type);
void kr_places_add(struct kr_ring *ring, struct kr_key *key);
/* Put a key in the place of one of its type and description. */
void kr_places_replace(struct kr_ring *ring, struct kr_key *old, struct kr_key *new);
void kr_places_remove(struct kr_ring *ring, struct kr_key *key);
/* Take all links away at once. What is returned must be freed. */
unsigned long kr_places_take(struct kr_ring *ring);
typedef void (*kr_place_fn)(struct kr_key *key, void *arg);

static __always_inline void kr_each_place(struct kr_key *const *places, unsigned int count,
					  kr_place_fn fn, void *arg)
{
	unsigned int at;

	if (places[0])
		fn(places[0], arg);
	for (at = count - 1; at > 0; at--) {
		if (places[at])
			fn(places[at], arg);
	}
}

static __always_inline void kr_each_beyond(unsigned long table, kr_place_fn fn, void *arg)
{
	unsigned long entry;
	u32 at = 0;

	while ((entry = kr_store_next(table, &at))) {
		if (!(entry & KR_STORE_MARK))
			fn(kr_store_object(entry), arg);
	}
}

/*
 * Each key, in the order in which a ring is read: those that have a place, then
 * of an index those beyond. Caller holds the ring's lock, or the ring has ended.
 */
static __always_inline void kr_places_each(unsigned long links, kr_place_fn fn, void *arg)
{
	unsigned long form = links & KR_LINKS_FORM;
	struct kr_index *index = kr_links_index(links);

	if (form == KR_LINKS_INDEX) {
		kr_each_place(index->first, KR_RING_PLACES, fn, arg);
		kr_each_beyond(index->rings.table, fn, arg);
		kr_each_beyond(index->keys.table, fn, arg);
	} else if (form) {
		kr_each_place((struct kr_key *const *)(links - form), 2u << form, fn, arg);
	} else if (links) {
		fn((struct kr_key *)links, arg);
	}
}

void kr_places_free_later(unsigned long links);
/* The same when no reader is left. */
void kr_places_free(unsigned long links);

/**
 * struct kr_children - the way through the rings in a ring, under RCU
 * @links: as they were at the beginning
 * @table: the set of rings that have no place, or 0
 * @at: where to go on in @table
 * @nested: places of rings to come
 */
struct kr_children {
	unsigned long links;
	unsigned long table;
	u32 at;
	u16 nested;
};

/* Caller is in an RCU read section, to the end of the way. */
static inline void kr_children_start(struct kr_children *children, const struct kr_ring *ring)
{
	children->nested = smp_load_acquire(&ring->nested);	/* pairs with kr_places_add() */
	children->links = READ_ONCE(ring->links);
	children->at = 0;
	children->table = 0;
	if ((children->links & KR_LINKS_FORM) == KR_LINKS_INDEX)
		children->table = READ_ONCE(kr_links_index(children->links)->rings.table);
}

/* The next ring, borrowed; NULL at the end. */
struct kr_key *kr_children_next(struct kr_children *children);

/* Let a key know a ring: reserve; then cancel, or add under the key's lock. */
/* *@reserved is false when no place was promised: one in the key itself was free just now. */
int kr_holders_reserve(struct kr_key *key, bool *reserved);
void kr_holders_cancel(struct kr_key *key);
/* False when another one took that place meanwhile. */
bool kr_holders_add(struct kr_key *key, struct kr_key *ring, bool reserved);
void kr_holders_remove(struct kr_key *key, struct kr_key *ring);

/**
 * struct kr_edit - one link about to be made: prepare, then commit or cancel
 * @ring: its lock is held all the time
 * @moves: out of another ring: whoever watches the two is told when it has left that one
 * @type: of the key
 * @displaced: the key like it that goes, or NULL
 * @charged: a link's price was charged
 * @placed: a place was reserved in the ring
 * @key: in which a place was reserved, or NULL
 */
struct kr_edit {
	struct kr_ring *ring;
	bool moves;
	const struct kr_key_type *type;
	struct kr_key *displaced;
	bool charged;
	bool placed;
	struct kr_key *key;
};

/* A key in @ring, by hash of type and description; borrowed; NULL if none. */
struct kr_key *kr_link_find(const struct kr_ring *ring, const struct kr_key_type *type,
			    const char *desc, u32 hash);
/* The same for this very key. */
struct kr_key *kr_link_find_key(const struct kr_ring *ring, const struct kr_key *key);

int kr_edit_prepare(struct kr_edit *edit, struct kr_ring *ring, const struct kr_key_type *type,
		    const char *desc, u32 hash);
/*
 * Allocate what committing takes; 0 or -ENOMEM. Committing does it if it was
 * not done, or when other rings took the last places in the key meanwhile.
 */
int kr_edit_reserve(struct kr_edit *edit, struct kr_key *key);
int kr_edit_commit(struct kr_edit *edit, struct kr_key *key);
/* The same for a key that was made just now. */
int kr_edit_commit_new(struct kr_edit *edit, struct kr_key *key);
void kr_edit_cancel(struct kr_edit *edit);

/* Drop all, of a locked ring or of one that has ended. */
void kr_link_drop_all(struct kr_ring *ring, struct kr_ending *ending);

/* Take a key out of a ring, which is locked; 0 or -ENOENT. */
int kr_link_remove(struct kr_ring *ring, struct kr_key *key);

/*
 * Take keys out of the ring, locked, that alone holds them; the caller's references go, too.
 * Returns how many are to be ended, when the ring is not locked any more: the first @keys then.
 */
unsigned int kr_link_remove_run(struct kr_ring *ring, struct kr_key **keys, unsigned int count);

/* May a key of this type with this payload be linked? The ring is locked; may sleep. */
int kr_ring_admits(struct kr_ring *ring, const struct kr_key_type *type, void *payload);
/* The same for a key without a payload yet: 0 when that is to be seen. The ring may be unlocked. */
int kr_ring_admits_type(struct kr_ring *ring, const struct kr_key_type *type);
/* The same for a key that has its payload, or will never have one. */
int kr_ring_admits_key(struct kr_ring *ring, struct kr_key *key);
/* The ring ends: so does its restriction. */
void kr_restriction_drop(struct kr_ring *ring);
/* Drop every link; @cleared: by KEYCTL_CLEAR, and those who watch the ring are told. */
void kr_link_drop_and_end(struct kr_ring *ring, bool cleared);

void kr_name_publish(struct kr_ring *ring);
void kr_name_withdraw(struct kr_ring *ring);

long kr_ring_read(struct kr_key *key, const struct kr_buf *buf);

/* Would a link from @parent to @child close a cycle or make a tree too deep? */
int kr_ring_check_nesting(const struct kr_ring *parent, struct kr_ring *child);

#endif /* KR_RING_INTERNAL_H */
