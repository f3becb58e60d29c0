// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadows: built-in rings in which the kernel's own code finds what one of our
 * rings holds. Each is made for one look-up or one check, filled before anybody
 * else sees it, and not changed again: two who look at a ring at once have two,
 * each with what that one may search. It holds the keys of the kernel's types
 * only: of others the kernel can make nothing there.
 */
#include "bridge_internal.h"

#include <linux/cred.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/xarray.h>

/*
 * One whose name does not begin with a dot is published; but nobody may search it, and so
 * nobody can join it.
 */
struct key *kr_hidden_ring_alloc(const char *name)
{
	kr_collector_expects(0);
	return keyring_alloc(name, GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, current_cred(),
			     KR_HIDDEN_PERM, KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
}

struct key *kr_shadow_alloc(s32 serial)
{
	char name[24];

	/* Where shadows of several rings are in one, each needs a name of its own. */
	snprintf(name, sizeof(name), ".keyrings:%d", serial);
	return kr_hidden_ring_alloc(name);
}

/**
 * struct contents - the keys that a ring holds, for the time of a filling
 * @key: with references
 * @count: how many
 * @max: how many fit
 * @overflow: there were more
 * @displaced: one of them ended meanwhile; there may be another in its place
 */
struct contents {
	struct kr_key **key;
	unsigned int count;
	unsigned int max;
	bool overflow;
	bool displaced;
};

static void contents_drop(struct contents *contents)
{
	while (contents->count)
		kr_key_put(contents->key[--contents->count]);
}

/* As in a search of ours: what has ended is not looked into, be it in a ring still. */
static bool is_open(const struct kr_key *ring)
{
	return !(READ_ONCE(ring->flags) & (BIT(KR_KEY_REVOKED) | BIT(KR_KEY_INVALIDATED)));
}

static bool is_made(const struct kr_key *key)
{
	return kr_builtin_type_of(key->type) && kr_key_state(key) == KR_POSITIVE &&
	       !test_bit(KR_KEY_INVALIDATED, &key->flags);
}

/* The kernel searches with the caller's permissions, as one who possesses the ring. */
static bool is_wanted(const struct kr_key *key)
{
	return (kr_key_is_ring(key) ? is_open(key) : is_made(key)) &&
	       kr_key_permits(key, true, current_cred(), KR_SEARCH);
}

static bool contents_add(struct kr_key *key, void *arg)
{
	struct contents *contents = arg;

	if (!is_wanted(key))
		return true;
	if (contents->count == contents->max) {
		contents->overflow = true;
		return false;
	}
	if (kr_key_tryget(key))
		contents->key[contents->count++] = key;
	else
		contents->displaced = true;
	return true;
}

static int contents_try(struct contents *contents, struct kr_ring *ring, unsigned int max)
{
	contents->count = 0;
	contents->max = max;
	contents->overflow = false;
	contents->displaced = false;
	contents->key = kvmalloc_array(max, sizeof(*contents->key), GFP_KERNEL);
	if (!contents->key)
		return -ENOMEM;
	rcu_read_lock();
	kr_ring_each_rcu(ring, contents_add, contents);
	rcu_read_unlock();
	return 0;
}

/*
 * All of a ring that changes meanwhile: none that was there before is left out, nor what
 * displaced it. The caller has a reference on the ring: what ends has left it before.
 */
static int contents_get(struct contents *contents, struct kr_ring *ring)
{
	unsigned int max = READ_ONCE(ring->count) + 1;
	int ret;

	while (!(ret = contents_try(contents, ring, max)) &&
	       (contents->overflow || contents->displaced)) {
		contents_drop(contents);
		kvfree(contents->key);
		if (contents->overflow)
			max *= 2;
	}
	return ret;
}

/**
 * struct pair - a ring and its shadow, for the time of a filling
 * @node: among all of the filling, in the order in which they are filled
 * @ring: holds a reference
 * @shadow: holds a reference
 * @depth: how far below the first ring
 */
struct pair {
	struct list_head node;
	struct kr_ring *ring;
	struct key *shadow;
	unsigned int depth;
};

/**
 * struct filling - the rings that one shadow leads to
 * @pairs: those found; the nearest first, so that none is cut off by a longer way
 * @known: the same by serial: a ring that is reached by several ways has one shadow, in that
 *	of the ring in which it was found first. More ways lead to nothing else; the kernel
 *	would follow each of them through everything below, when it links one and when it
 *	searches, and there may be more ways than it can ever go.
 * @bytes: what the kernel would charge for the links and the rings below the first
 */
struct filling {
	struct list_head pairs;
	struct xarray known;
	size_t bytes;
};

static int pair_add(struct filling *filling, struct kr_ring *ring, struct key *shadow,
		    unsigned int depth)
{
	struct pair *pair = kmalloc(sizeof(*pair), GFP_KERNEL);

	if (!pair)
		return -ENOMEM;
	if (xa_is_err(xa_store(&filling->known, ring->key.serial, pair, GFP_KERNEL))) {
		kfree(pair);
		return -ENOMEM;
	}
	kr_key_get(&ring->key);
	pair->ring = ring;
	pair->shadow = key_get(shadow);
	pair->depth = depth;
	list_add_tail(&pair->node, &filling->pairs);
	return 0;
}

static void pairs_drop(struct filling *filling)
{
	struct pair *pair, *next;

	list_for_each_entry_safe(pair, next, &filling->pairs, node) {
		kr_key_put(&pair->ring->key);
		key_put(pair->shadow);
		kfree(pair);
	}
	xa_destroy(&filling->known);
}

#define LINK_BYTES	4	/* as the kernel counts, and we do */

static int link_to(struct filling *filling, struct key *shadow, struct key *key)
{
	filling->bytes += LINK_BYTES;
	return key_link(shadow, key);
}

static int link_ring(struct filling *filling, const struct pair *parent, struct kr_ring *ring)
{
	struct key *child;
	int ret;

	if (parent->depth == KR_RING_DEPTH || xa_load(&filling->known, ring->key.serial))
		return 0;
	child = kr_shadow_alloc(ring->key.serial);
	if (IS_ERR(child))
		return PTR_ERR(child);
	filling->bytes += strlen(child->description) + 1;
	ret = pair_add(filling, ring, child, parent->depth + 1) ?:
	      link_to(filling, parent->shadow, child);
	key_put(child);
	return ret;
}

static int fill_one(struct filling *filling, const struct pair *pair)
{
	struct contents contents;
	unsigned int i;
	int ret;

	ret = contents_get(&contents, pair->ring);
	if (ret)
		return ret;
	for (i = 0; i < contents.count && !ret; i++) {
		struct kr_key *key = contents.key[i];

		if (fatal_signal_pending(current))
			ret = -EINTR;
		else if (kr_key_is_ring(key))
			ret = link_ring(filling, pair, kr_ring_of(key));
		else
			ret = link_to(filling, pair->shadow, kr_held(key));
	}
	contents_drop(&contents);
	kvfree(contents.key);
	return ret;
}

#define RINGS_AT_ONCE	32

static int fill(struct key *shadow, struct kr_ring *ring, size_t *bytes)
{
	struct filling filling;
	unsigned int filled = 0;
	struct pair *pair;
	int ret = 0;

	INIT_LIST_HEAD(&filling.pairs);
	xa_init(&filling.known);
	filling.bytes = 0;
	if (is_wanted(&ring->key))
		ret = pair_add(&filling, ring, shadow, 0);
	/* More of them come while the first ones are filled. */
	list_for_each_entry(pair, &filling.pairs, node) {
		if (!ret && ++filled % RINGS_AT_ONCE == 0)
			ret = kr_collector_wait(0);
		if (!ret)
			ret = fill_one(&filling, pair);
	}
	pairs_drop(&filling);
	*bytes = filling.bytes;
	return ret;
}

static struct key *shadow_once(struct kr_key *ring, size_t *bytes)
{
	struct key *shadow = kr_shadow_alloc(ring->serial);
	int ret;

	if (IS_ERR(shadow))
		return shadow;
	ret = fill(shadow, kr_ring_of(ring), bytes);
	if (!ret)
		return shadow;
	key_put(shadow);
	return ERR_PTR(ret);
}

static struct key *shadow_of(struct kr_key *ring, size_t *bytes)
{
	struct key *shadow = NULL;
	struct kr_look look = {};
	int ret = kr_collector_wait(0);

	if (ret)
		return ERR_PTR(ret);
	/* One ring is filled after the other: a key may go from that to this one meanwhile. */
	do {
		key_put(shadow);
		kr_look_begin(&look);
		shadow = shadow_once(ring, bytes);
	} while (!IS_ERR(shadow) && kr_look_again(&look));
	return shadow;
}

struct key *kr_shadow_of(struct kr_key *ring)
{
	size_t bytes;

	return shadow_of(ring, &bytes);
}

/* Ten of any size fit into what an ordinary UID has in the built-in service. */
static size_t most_bytes(void)
{
	return min(READ_ONCE(*kr_limits.maxbytes) / 11, 1900U);
}

/*
 * What is charged is a ring in the shadow, which is empty and goes with it. The shadow itself
 * cannot be: what a ring of many links costs does not fit into the field it is noted in.
 */
static int toll_try(struct key **toll)
{
	if (!*toll) {
		struct key *new = keyring_alloc(".keyrings:toll", current_fsuid(),
						GLOBAL_ROOT_GID, current_cred(), KR_HIDDEN_PERM,
						KEY_ALLOC_IN_QUOTA, NULL, NULL);

		if (IS_ERR(new))
			return PTR_ERR(new);
		*toll = new;
	}
	return key_payload_reserve(*toll, most_bytes());
}

/* Others that are not kept any more are in the quota until the kernel's collector has come. */
static int toll_pay(struct key **toll)
{
	unsigned long patience = jiffies + HZ;
	int ret;

	while ((ret = toll_try(toll)) == -EDQUOT && time_before(jiffies, patience)) {
		schedule_timeout_killable(HZ / 50);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return ret;
}

static struct key *shadow_with(struct key *toll, struct kr_key *ring)
{
	size_t bytes = 0;
	struct key *shadow = shadow_of(ring, &bytes);
	int ret;

	if (IS_ERR(shadow))
		return shadow;
	/* What was too much is given back at once, as long as the key is there. */
	ret = key_payload_reserve(toll, min_t(size_t, bytes, toll->datalen)) ?:
	      key_link(shadow, toll);
	if (!ret)
		return shadow;
	key_put(shadow);
	return ERR_PTR(ret);
}

struct key *kr_shadow_charged(struct kr_key *ring)
{
	struct key *toll = NULL;
	int ret = toll_pay(&toll);
	struct key *shadow = ret ? ERR_PTR(ret) : shadow_with(toll, ring);

	key_put(toll);
	return shadow;
}
