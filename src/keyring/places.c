// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a ring keeps its links. A link has no object of its own: the ring knows
 * the key, and the key knows the ring (holders.c). What a ring keeps depends on
 * how many links it has, and one word, kr_ring.links, says all to a reader:
 *
 *	0			nothing
 *	key			one link, in place 0
 *	array of 4 | 1		up to 4 links, in the order of their places
 *	array of 8 | 2		up to 8
 *	struct kr_index | 3	more: hash sets; sixteen links have a place besides
 *
 * The order of links, in which a ring is read and its child rings are searched,
 * is one that programs have got used to: of the first sixteen links the first
 * comes first and the others latest first. So place 0 comes first, then 15 to
 * 1. Links beyond these come after them. Where the last link was reaped, and not
 * removed by a call, the next ones come latest first, all sixteen.
 *
 * Who could still be inside an array or an index when it is freed: readers that
 * loaded the word before it was changed. They are waited for, in
 * kr_free_later(), or by the ring's own end. What they find there was linked
 * when they came.
 */
#include <keyrings/keyring.h>

#include <linux/mm.h>
#include <linux/slab.h>

#include "ring_internal.h"

#define NO_PLACE	KR_RING_PLACES

static u32 hash_of(const void *object)
{
	return ((const struct kr_key *)object)->hash;
}

static void *mem_of(unsigned long links)
{
	return (void *)(links & ~KR_LINKS_FORM);
}

static bool is_indexed(unsigned long links)
{
	return (links & KR_LINKS_FORM) == KR_LINKS_INDEX;
}

/* How many places there are without an index. */
static unsigned int capacity(unsigned long links)
{
	return links & KR_LINKS_FORM ? 2u << (links & KR_LINKS_FORM) : 1;
}

static struct kr_store *set_of(unsigned long links, const struct kr_key_type *type)
{
	struct kr_index *index = kr_links_index(links);

	return type == kr_key_ring_type ? &index->rings : &index->keys;
}

/* The place that a new link gets, or NO_PLACE. */
static unsigned int free_place(const struct kr_ring *ring)
{
	u16 free = ~ring->taken & ~BIT(0);

	if (!ring->taken && !test_bit(KR_KEY_REAPED_EMPTY, &ring->key.flags))
		return 0;
	if (free)
		return __ffs(free);
	return ring->taken & BIT(0) ? NO_PLACE : 0;
}

/* The word in which a place is; that of a lone link is the ring's own. */
static struct kr_key **place_at(struct kr_ring *ring, unsigned int at)
{
	unsigned long links = ring->links;

	if (is_indexed(links))
		return &kr_links_index(links)->first[at];
	if (links & KR_LINKS_FORM)
		return (struct kr_key **)mem_of(links) + at;
	return (struct kr_key **)&ring->links;
}

static unsigned int place_of(struct kr_ring *ring, const struct kr_key *key)
{
	unsigned int at;

	for (at = 0; at < KR_RING_PLACES; at++) {
		if ((ring->taken & BIT(at)) && *place_at(ring, at) == key)
			return at;
	}
	return NO_PLACE;
}

static void index_free(struct kr_index *index)
{
	kr_store_free(&index->keys);
	kr_store_free(&index->rings);
	kfree(index);
}

/* The old form is constant from here on. */
static void change_form(struct kr_ring *ring, unsigned long links)
{
	unsigned long old = ring->links;

	smp_store_release(&ring->links, links);
	if (old & KR_LINKS_FORM)
		kr_free_later(mem_of(old));
}

static void copy_places(struct kr_ring *ring, struct kr_key **to)
{
	unsigned int at;

	for (at = 0; at < capacity(ring->links); at++)
		to[at] = *place_at(ring, at);
}

static int make_array(struct kr_ring *ring, unsigned long form)
{
	struct kr_key **array = kcalloc(2u << form, sizeof(*array), GFP_KERNEL);

	if (!array)
		return -ENOMEM;
	copy_places(ring, array);
	change_form(ring, (unsigned long)array | form);
	return 0;
}

static int index_key(struct kr_index *index, struct kr_key *key)
{
	struct kr_store *set = kr_key_is_ring(key) ? &index->rings : &index->keys;
	int ret = kr_store_reserve(set, hash_of, NULL);

	if (!ret)
		kr_store_insert(set, (unsigned long)key | KR_STORE_MARK, key->hash);
	return ret;
}

static int make_index(struct kr_ring *ring)
{
	struct kr_index *index = kzalloc(sizeof(*index), GFP_KERNEL);
	unsigned int at;
	int ret = 0;

	if (!index)
		return -ENOMEM;
	copy_places(ring, index->first);
	for (at = 0; at < KR_RING_PLACES && !ret; at++) {
		if (index->first[at])
			ret = index_key(index, index->first[at]);
	}
	if (ret) {
		index_free(index);
		return ret;
	}
	change_form(ring, (unsigned long)index | KR_LINKS_INDEX);
	return 0;
}

int kr_places_reserve(struct kr_ring *ring, const struct kr_key_type *type)
{
	unsigned int at = free_place(ring);
	int ret = 0;

	lockdep_assert_held(&ring->lock);
	if (!is_indexed(ring->links)) {
		if (at < capacity(ring->links))
			return 0;
		if (at < capacity(KR_LINKS_8))
			return make_array(ring, at < capacity(KR_LINKS_4) ? KR_LINKS_4 : KR_LINKS_8);
		ret = make_index(ring);
	}
	return ret ?: kr_store_reserve(set_of(ring->links, type), hash_of, NULL);
}

void kr_places_cancel(struct kr_ring *ring, const struct kr_key_type *type)
{
	lockdep_assert_held(&ring->lock);
	if (is_indexed(ring->links))
		kr_store_cancel(set_of(ring->links, type));
}

void kr_places_add(struct kr_ring *ring, struct kr_key *key)
{
	unsigned int at = free_place(ring);
	unsigned long mark = 0;

	lockdep_assert_held(&ring->lock);
	if (at != NO_PLACE) {
		mark = KR_STORE_MARK;
		smp_store_release(place_at(ring, at), key);
		ring->taken |= BIT(at);
		/* Whoever sees the bit finds the ring in its place. */
		if (kr_key_is_ring(key))
			smp_store_release(&ring->nested, ring->nested | BIT(at));
	}
	if (is_indexed(ring->links))
		kr_store_insert(set_of(ring->links, key->type), (unsigned long)key | mark, key->hash);
	WRITE_ONCE(ring->count, ring->count + 1);
}

void kr_places_replace(struct kr_ring *ring, struct kr_key *old, struct kr_key *new)
{
	unsigned long entry = KR_STORE_MARK;

	lockdep_assert_held(&ring->lock);
	if (is_indexed(ring->links))
		entry = kr_store_replace(set_of(ring->links, old->type), old, new, old->hash);
	if (entry & KR_STORE_MARK)
		smp_store_release(place_at(ring, place_of(ring, old)), new);
}

static void begin_anew(struct kr_ring *ring)
{
	if (unlikely(test_bit(KR_KEY_REAPED_EMPTY, &ring->key.flags)))
		clear_bit(KR_KEY_REAPED_EMPTY, &ring->key.flags);
}

/* The last link has gone: give the memory back. */
static void become_empty(struct kr_ring *ring)
{
	unsigned long links = ring->links;

	begin_anew(ring);
	if (!(links & KR_LINKS_FORM))
		return;
	WRITE_ONCE(ring->links, 0);
	kr_places_free_later(links);
}

static void vacate(struct kr_ring *ring, unsigned int at)
{
	WRITE_ONCE(ring->nested, ring->nested & ~BIT(at));
	WRITE_ONCE(*place_at(ring, at), NULL);
	ring->taken &= ~BIT(at);
}

void kr_places_remove(struct kr_ring *ring, struct kr_key *key)
{
	unsigned long entry = KR_STORE_MARK;
	struct kr_store *set = NULL;
	unsigned int at;

	lockdep_assert_held(&ring->lock);
	if (is_indexed(ring->links)) {
		set = set_of(ring->links, key->type);
		entry = kr_store_remove(set, key, key->hash);
	}
	at = entry & KR_STORE_MARK ? place_of(ring, key) : 0;
	if (WARN_ON_ONCE(!entry || at == NO_PLACE))	/* the ring does not hold the key */
		return;
	if (entry & KR_STORE_MARK)
		vacate(ring, at);
	WRITE_ONCE(ring->count, ring->count - 1);
	if (!ring->count)
		become_empty(ring);
	else if (set)
		kr_store_shrink(set, hash_of);
}

unsigned long kr_places_take(struct kr_ring *ring)
{
	unsigned long links = ring->links;

	WRITE_ONCE(ring->links, 0);
	WRITE_ONCE(ring->nested, 0);
	WRITE_ONCE(ring->count, 0);
	ring->taken = 0;
	begin_anew(ring);
	return links;
}

/* Those beyond the places. */
static bool each_beyond_rcu(const struct kr_store *set,
			    bool (*fn)(struct kr_key *key, void *arg), void *arg)
{
	unsigned long table = READ_ONCE(set->table), entry;
	u32 at = 0;

	while ((entry = kr_store_next(table, &at))) {
		if (!(entry & KR_STORE_MARK) && !fn(kr_store_object(entry), arg))
			return false;
	}
	return true;
}

/* In the order in which kr_places_each() goes through a ring that nobody changes. */
void kr_ring_each_rcu(const struct kr_ring *ring, bool (*fn)(struct kr_key *key, void *arg),
		      void *arg)
{
	unsigned long links = READ_ONCE(ring->links);
	unsigned int count = is_indexed(links) ? KR_RING_PLACES : capacity(links), i;
	struct kr_index *index = kr_links_index(links);
	struct kr_key *key;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "keys are borrowed");
	for (i = 0; i < count; i++) {
		key = kr_links_at(links, i ? count - i : 0);
		if (key && !fn(key, arg))
			return;
	}
	if (is_indexed(links) && each_beyond_rcu(&index->rings, fn, arg))
		each_beyond_rcu(&index->keys, fn, arg);
}

void kr_places_free_later(unsigned long links)
{
	struct kr_index *index = kr_links_index(links);

	if (is_indexed(links)) {
		kr_free_later(kr_store_places(index->keys.table));
		kr_free_later(kr_store_places(index->rings.table));
	}
	if (links & KR_LINKS_FORM)
		kr_free_later(mem_of(links));
}

void kr_places_free(unsigned long links)
{
	if (is_indexed(links))
		index_free(kr_links_index(links));
	else if (links & KR_LINKS_FORM)
		kfree(mem_of(links));
}

struct kr_key *kr_children_next(struct kr_children *children)
{
	unsigned long links = children->links, entry;
	struct kr_key *key;
	unsigned int at;

	while (children->nested) {
		at = children->nested & BIT(0) ? 0 : fls(children->nested) - 1;
		children->nested &= ~BIT(at);
		key = kr_links_at(links, at);
		/* Another link may have come to the place since the bit was seen. */
		if (key && kr_key_is_ring(key))
			return key;
	}
	while ((entry = kr_store_next(children->table, &children->at))) {
		if (!(entry & KR_STORE_MARK))
			return kr_store_object(entry);
	}
	return NULL;
}
