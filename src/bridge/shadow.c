// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadows: built-in rings in which the kernel's own code finds what one of our
 * rings holds. They are filled when the kernel is about to look, and hold the
 * keys of the kernel's types only: of others it can make nothing there.
 */
#include "bridge_internal.h"

#include <linux/mm.h>
#include <linux/slab.h>

struct key *kr_shadow_alloc(void)
{
	/* A name with a dot is not published; the ring is linked nowhere. */
	return keyring_alloc(".keyrings", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, current_cred(),
			     KR_HIDDEN_PERM, KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
}

/**
 * struct contents - the keys that a ring holds, for the time of a filling
 * @key: with references
 * @count: how many
 * @max: how many fit
 */
struct contents {
	struct kr_key **key;
	unsigned int count;
	unsigned int max;
};

static void contents_drop(struct contents *contents)
{
	while (contents->count)
		kr_key_put(contents->key[--contents->count]);
}

static bool is_wanted(const struct kr_key *key)
{
	return kr_key_is_ring(key) ||
	       (kr_builtin_type_of(key->type) && kr_key_state(key) == KR_POSITIVE);
}

static bool contents_add(struct kr_key *key, void *arg)
{
	struct contents *contents = arg;

	if (is_wanted(key) && contents->count < contents->max && kr_key_tryget(key))
		contents->key[contents->count++] = key;
	return true;
}

/* A key that is linked meanwhile may be missing, as if it had come after the look. */
static int contents_get(struct contents *contents, struct kr_ring *ring)
{
	contents->count = 0;
	contents->max = READ_ONCE(ring->count);
	contents->key = kvmalloc_array(contents->max ?: 1, sizeof(*contents->key), GFP_KERNEL);
	if (!contents->key)
		return -ENOMEM;
	rcu_read_lock();
	kr_ring_each_rcu(ring, contents_add, contents);
	rcu_read_unlock();
	return 0;
}

static int fill(struct key *shadow, struct kr_ring *ring, unsigned int depth);

/* Recursion is bounded by KR_RING_DEPTH. */
static int link_ring(struct key *shadow, struct kr_ring *ring, unsigned int depth)
{
	struct key *child;
	int ret;

	if (depth == KR_RING_DEPTH)
		return 0;
	child = kr_shadow_alloc();
	if (IS_ERR(child))
		return PTR_ERR(child);
	ret = fill(child, ring, depth + 1) ?: key_link(shadow, child);
	key_put(child);
	return ret;
}

static int fill(struct key *shadow, struct kr_ring *ring, unsigned int depth)
{
	struct contents contents;
	unsigned int i;
	int ret;

	ret = contents_get(&contents, ring);
	if (ret)
		return ret;
	for (i = 0; i < contents.count && !ret; i++) {
		struct kr_key *key = contents.key[i];

		if (kr_key_is_ring(key))
			ret = link_ring(shadow, kr_ring_of(key), depth);
		else
			ret = key_link(shadow, kr_held(key));
	}
	contents_drop(&contents);
	kvfree(contents.key);
	return ret;
}

int kr_shadow_fill(struct key *shadow, struct kr_ring *ring)
{
	might_sleep();
	return keyring_clear(shadow) ?: fill(shadow, ring, 0);
}
