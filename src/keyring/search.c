// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searching a tree of keyrings: keyctl_search(3), request_key(2), keyrings(7)
 * "Searching for keys".
 *
 * A ring is searched before the rings in it, and these depth first. Everything
 * happens in one RCU read section and takes no lock.
 */
#include <keyrings/keyring.h>

#include <linux/string.h>
#include <linux/xarray.h>

#include "ring_internal.h"

/*
 * Rings may be linked such that thousands of millions of ways lead through a few
 * hundred of them. So after some rings to which several ways lead, it is
 * remembered which ones have been left without a result, by serial, with how much
 * of the tree below them that took in.
 */
#define WAYS_FREE	64	/* such rings before any is remembered */

struct ways {
	unsigned int free;
	bool remembered;
	struct xarray rings;
};

static void ways_begin(struct ways *ways)
{
	ways->free = WAYS_FREE;
	ways->remembered = false;
}

static void ways_end(struct ways *ways)
{
	if (unlikely(ways->remembered))
		xa_destroy(&ways->rings);
}

static bool remember(struct ways *ways, const struct kr_key *ring, unsigned long extent)
{
	void *before;

	if (!ways->remembered) {
		xa_init(&ways->rings);
		ways->remembered = true;
	}
	before = xa_load(&ways->rings, ring->serial);
	if (before && xa_to_value(before) >= extent)
		return true;
	/* Without memory it takes longer. */
	xa_store(&ways->rings, ring->serial, xa_mk_value(extent), GFP_ATOMIC | __GFP_NOWARN);
	return false;
}

/* Has all been seen that is to be seen from this ring on? */
static bool seen(struct ways *ways, const struct kr_key *ring, unsigned int extent)
{
	if (likely(!READ_ONCE(ring->holders.more)))
		return false;
	if (ways->free) {
		ways->free--;
		return false;
	}
	return remember(ways, ring, extent);
}

void kr_search_init(struct kr_search *search, const struct kr_key_type *type, const char *desc,
		    const struct cred *actor, unsigned int flags)
{
	*search = (struct kr_search) {
		.type	= type,
		.desc	= desc,
		.hash	= kr_key_hash(type, desc, strlen(desc)),
		.actor	= actor,
		.flags	= flags,
		.error	= -EAGAIN,
	};
}

static int state_error(const struct kr_search *search, const struct kr_key *key)
{
	unsigned long flags = READ_ONCE(key->flags);

	/* It may be in a ring that is too busy for it to leave: to a search it is in none. */
	if (flags & BIT(KR_KEY_INVALIDATED))
		return search->error;
	if (flags & BIT(KR_KEY_REVOKED))
		return -EKEYREVOKED;
	if (!kr_key_expired(key))
		return 0;
	smp_rmb();	/* as in kr_key_validate() */
	if (test_bit(KR_KEY_REVOKED, &key->flags))
		return -EKEYREVOKED;
	return search->flags & KR_SEARCH_SKIP_EXPIRED ? search->error : -EKEYEXPIRED;
}

/* The key has the right type and description: is it what is looked for? */
static bool take(struct kr_search *search, struct kr_key *key)
{
	bool check = !(search->flags & KR_SEARCH_NO_STATE);
	int error = check ? state_error(search, key) : 0, state;

	if (error) {
		search->error = error;
		return false;
	}
	if (!kr_key_permits(key, search->possessed, search->actor, KR_SEARCH)) {
		search->error = -EACCES;
		return false;
	}
	/* One look: an update may make the key positive meanwhile. */
	state = check ? kr_key_state(key) : KR_POSITIVE;
	if (state < 0) {
		search->error = state;
		return false;
	}
	if (!kr_key_tryget(key))
		return false;
	search->found = key;
	return true;
}

/*
 * A key dies after it was displaced: the one like it is there by now. A ring that has
 * ended leads to keys that ended with it: kr_link_drop_all().
 */
static bool was_displaced(const struct kr_key *key, const struct kr_ring *ring)
{
	return unlikely(!refcount_read(&key->usage) && refcount_read(&ring->key.usage));
}

struct walk {
	struct kr_search *search;
	const struct kr_ring *ring;
	bool displaced;		/* a key that was passed over */
};

static bool try_link(struct kr_key *key, void *arg)
{
	struct walk *walk = arg;
	struct kr_search *search = walk->search;

	if (key->type != search->type || !search->match->cmp(search->match, key))
		return true;
	if (take(search, key))
		return false;
	walk->displaced |= was_displaced(key, walk->ring);
	return true;
}

/* Only the type can tell: each key in the ring is looked at. */
static bool search_each_link(struct kr_ring *ring, struct kr_search *search)
{
	struct walk walk = { .search = search, .ring = ring };

	search->found = NULL;
	do {
		walk.displaced = false;
		kr_ring_each_rcu(ring, try_link, &walk);
	} while (!search->found && walk.displaced);
	return search->found;
}

static bool search_links(struct kr_ring *ring, struct kr_search *search)
{
	struct kr_key *key;

	if (unlikely(search->match))
		return search_each_link(ring, search);
	do {
		if (search->exact)
			key = kr_link_find_key(ring, search->exact);
		else
			key = kr_link_find(ring, search->type, search->desc, search->hash);
		if (!key)
			return false;
		if (take(search, key))
			return true;
	} while (was_displaced(key, ring));
	return false;
}

/* Recursion is bounded by KR_RING_DEPTH. */
static bool search_tree(struct kr_ring *ring, struct kr_search *search, struct ways *ways,
			unsigned int depth)
{
	struct kr_children children;
	struct kr_key *child;

	if (kr_ring_is_shut(&ring->key))
		return false;
	if (search_links(ring, search))
		return true;
	if (!(search->flags & KR_SEARCH_RECURSE) || depth == KR_RING_DEPTH)
		return false;

	kr_children_start(&children, ring);
	while ((child = kr_children_next(&children))) {
		if (kr_key_permits(child, search->possessed, search->actor, KR_SEARCH) &&
		    !seen(ways, child, KR_RING_DEPTH - depth) &&
		    search_tree(kr_ring_of(child), search, ways, depth + 1))
			return true;
	}
	return false;
}

static bool is_wanted(const struct kr_search *search, const struct kr_key *key)
{
	if (search->exact)
		return key == search->exact;
	return key->hash == search->hash && key->type == search->type &&
	       !strcmp(key->desc, search->desc);
}

int kr_ring_search_once(struct kr_key *ring, struct kr_search *search)
{
	struct ways ways;
	bool found;

	if (!kr_key_is_ring(ring))
		return -ENOTDIR;
	if (!kr_key_permits(ring, search->possessed, search->actor, KR_SEARCH))
		return -EACCES;

	search->error = -EAGAIN;
	ways_begin(&ways);
	rcu_read_lock();
	if (unlikely(is_wanted(search, ring)))
		found = take(search, ring);
	else
		found = search_tree(kr_ring_of(ring), search, &ways, 0);
	rcu_read_unlock();
	ways_end(&ways);
	return found ? 0 : search->error;
}

int kr_ring_search(struct kr_key *ring, struct kr_search *search)
{
	struct kr_look look = {};
	int ret;

	do {
		kr_look_begin(&look);
		ret = kr_ring_search_once(ring, search);
	} while (ret && kr_look_again(&look));
	return ret;
}

struct kr_key *kr_ring_find_linked(struct kr_key *ring, const struct kr_key_type *type,
				   const char *desc)
{
	struct kr_key *key;

	rcu_read_lock();
	key = kr_link_find(kr_ring_of(ring), type, desc, kr_key_hash(type, desc, strlen(desc)));
	if (key && (READ_ONCE(key->flags) & (BIT(KR_KEY_REVOKED) | BIT(KR_KEY_INVALIDATED)) ||
		    !kr_key_tryget(key)))
		key = NULL;
	rcu_read_unlock();
	return key;
}

/*
 * Is @parent in the tree below @child, or @child itself? Then the link would
 * close a cycle. Permissions do not matter. A tree deeper than a search goes
 * is refused, because the question could not be answered.
 */
static int find_parent(const struct kr_ring *parent, struct kr_ring *ring, struct ways *ways,
		       unsigned int depth)
{
	struct kr_children children;
	struct kr_key *child;
	int ret;

	if (kr_ring_is_shut(&ring->key))
		return 0;
	if (kr_link_find_key(ring, &parent->key))
		return -EDEADLK;

	kr_children_start(&children, ring);
	while ((child = kr_children_next(&children))) {
		if (depth == KR_RING_DEPTH)
			return -ELOOP;
		/* From further down there is more that is too deep. */
		if (seen(ways, child, depth))
			continue;
		ret = find_parent(parent, kr_ring_of(child), ways, depth + 1);
		if (ret)
			return ret;
	}
	return 0;
}

int kr_ring_check_nesting(const struct kr_ring *parent, struct kr_ring *child)
{
	struct ways ways;
	int ret;

	if (parent == child)
		return -EDEADLK;
	ways_begin(&ways);
	rcu_read_lock();
	ret = find_parent(parent, child, &ways, 0);
	rcu_read_unlock();
	ways_end(&ways);
	return ret;
}
