// SPDX-License-Identifier: GPL-2.0-only
/* The keyring as an object and as a key type: keyrings(7), "Keyrings". */
#include <keyrings/keyring.h>

#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "ring_internal.h"

static_assert(KR_RING_SHORT_NAME + KR_RING_ROOM <= KR_RING_NAME);
static_assert(IS_ALIGNED(offsetof(struct kr_ring, key.inline_desc), sizeof(void *)));

static struct kmem_cache *ring_cache;

static int ring_preparse(struct kr_prep *prep)
{
	/* A keyring has no payload of the caller's. */
	return prep->data && prep->data->len ? -EINVAL : 0;
}

/* A ring is complete when it is made. */
static int ring_instantiate(struct kr_key *key, struct kr_prep *prep)
{
	return 0;
}

static void ring_revoke(struct kr_key *key)
{
	kr_link_drop_and_end(kr_ring_of(key), false);
}

static void ring_describe(const struct kr_key *key, struct seq_file *m)
{
	const struct kr_ring *ring = container_of_const(key, struct kr_ring, key);
	unsigned int count = READ_ONCE(ring->count);

	seq_puts(m, key->desc);
	if (kr_key_state(key) != KR_POSITIVE)
		return;
	if (count)
		seq_printf(m, ": %u", count);
	else
		seq_puts(m, ": empty");
}

static struct kr_key_type ring_type = {
	.name		= "keyring",
	.preparse	= ring_preparse,
	.instantiate	= ring_instantiate,
	.revoke		= ring_revoke,
	.describe	= ring_describe,
	.read		= kr_ring_read,
};

/* The last reference has gone: nobody can lock the ring or find it alive. */
static void ring_end(struct kr_key *key, struct kr_ending *ending)
{
	struct kr_ring *ring = kr_ring_of(key);

	kr_name_withdraw(ring);
	kr_restriction_drop(ring);
	kr_link_drop_all(ring, ending);
}

static void ring_free(struct kr_key *key)
{
	struct kr_ring *ring = kr_ring_of(key);

	kr_ns_put(ring->ns);
	kr_places_free(ring->links);
	kmem_cache_free(ring_cache, ring);
}

static const struct kr_ring_ops ring_ops = {
	.end	= ring_end,
	.free	= ring_free,
};

static int ring_setup(struct kr_ring *ring, const char *name, kuid_t uid, kgid_t gid,
		      struct user_namespace *ns, u32 perm, unsigned int flags)
{
	struct kr_prep prep = {};
	int ret;

	mutex_init(&ring->lock);
	INIT_HLIST_NODE(&ring->by_name);

	ret = kr_key_init_object(&ring->key, KR_RING_NAME, &ring_type, name, uid, gid, perm, flags);
	if (ret)
		return ret;
	ret = -ENOMEM;
	if (*name != '.') {
		ring->ns = kr_ns_get_by_ns(ns);
		if (!ring->ns)
			goto err_abandon;
	}
	ret = kr_key_publish(&ring->key);
	if (ret)
		goto err_ns;
	/* Of a new ring nobody knows: this cannot fail. */
	WARN_ON_ONCE(kr_key_instantiate(&ring->key, &prep));
	kr_name_publish(ring);
	return 0;

err_ns:
	kr_ns_put(ring->ns);
err_abandon:
	kr_key_abandon(&ring->key);
	return ret;
}

struct kr_key *kr_ring_alloc(const char *name, kuid_t uid, kgid_t gid, struct user_namespace *ns,
			     u32 perm, unsigned int flags)
{
	struct kr_ring *ring;
	int ret;

	might_sleep();
	ring = kmem_cache_zalloc(ring_cache, GFP_KERNEL);
	if (!ring)
		return ERR_PTR(-ENOMEM);
	ret = ring_setup(ring, name, uid, gid, ns, perm, flags);
	if (ret) {
		kmem_cache_free(ring_cache, ring);
		return ERR_PTR(ret);
	}
	return &ring->key;
}

/* Rings to clear, a few at a time: the walk is in RCU read sections. */
#define BATCH	32

struct full {
	struct kr_key *ring[BATCH];
	unsigned int count;
};

static bool gather_full(struct kr_key *key, void *arg)
{
	struct full *full = arg;

	if (!kr_key_is_ring(key) || !READ_ONCE(kr_ring_of(key)->count) || !kr_key_tryget(key))
		return true;
	full->ring[full->count++] = key;
	return full->count < BATCH;
}

void kr_ring_clear_all(void)
{
	struct full full;
	unsigned int i;

	might_sleep();
	do {
		full.count = 0;
		kr_key_walk(gather_full, &full);
		for (i = 0; i < full.count; i++) {
			kr_link_drop_and_end(kr_ring_of(full.ring[i]), false);
			kr_key_put(full.ring[i]);
		}
	} while (full.count);
}

int kr_ring_init(void)
{
	int ret;

	/* KEYCTL_DESCRIBE copies the name, and nothing else, to user space. */
	ring_cache = kmem_cache_create_usercopy("kr_ring", sizeof(struct kr_ring) + KR_RING_NAME, 0, 0,
						offsetof(struct kr_ring, key.inline_desc),
						KR_RING_NAME, NULL);
	if (!ring_cache)
		return -ENOMEM;
	ret = kr_key_type_register(&ring_type);
	if (ret) {
		kmem_cache_destroy(ring_cache);
		return ret;
	}
	kr_key_set_ring(&ring_type, &ring_ops);
	return 0;
}

void kr_ring_exit(void)
{
	kr_key_type_unregister(&ring_type);
	rcu_barrier();
	kmem_cache_destroy(ring_cache);
}
