// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of keyrings, for KEYCTL_JOIN_SESSION_KEYRING: a hash over name and user
 * namespace, so that the number of other rings does not matter.
 */
#include <keyrings/keyring.h>

#include <linux/hash.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "ring_internal.h"

#define NAME_HASH_BITS	12

static DEFINE_SPINLOCK(names_lock);	/* writers; innermost */
static struct hlist_head names[1 << NAME_HASH_BITS];

static struct hlist_head *name_bucket(const struct kr_ns *ns, u32 hash)
{
	return &names[hash_32(hash ^ (u32)hash_ptr(ns, 32), NAME_HASH_BITS)];
}

void kr_name_publish(struct kr_ring *ring)
{
	if (!ring->ns)
		return;
	spin_lock(&names_lock);
	hlist_add_head_rcu(&ring->by_name, name_bucket(ring->ns, ring->key.hash));
	spin_unlock(&names_lock);
}

void kr_name_withdraw(struct kr_ring *ring)
{
	/* Once it is in the table only this takes it out, but its neighbours come and go. */
	if (hlist_unhashed_lockless(&ring->by_name))
		return;
	spin_lock(&names_lock);
	hlist_del_rcu(&ring->by_name);
	spin_unlock(&names_lock);
}

static bool joinable(const struct kr_key *key, const char *name, const struct cred *actor)
{
	return refcount_read(&key->usage) &&
	       !(READ_ONCE(key->flags) & (BIT(KR_KEY_REVOKED) | BIT(KR_KEY_INVALIDATED))) &&
	       !strcmp(key->desc, name) && kuid_has_mapping(actor->user_ns, READ_ONCE(key->uid)) &&
	       kr_key_permits(key, false, actor, KR_SEARCH);
}

/* Newer rings come first in the table: a name is that of the oldest ring that has it. */
static struct kr_key *oldest(const struct kr_ns *ns, const char *name, const struct cred *actor)
{
	u32 hash = kr_key_hash(kr_key_ring_type, name, strlen(name));
	struct kr_key *found = NULL;
	struct kr_ring *ring;

	hlist_for_each_entry_rcu(ring, name_bucket(ns, hash), by_name) {
		if (ring->ns == ns && ring->key.hash == hash && joinable(&ring->key, name, actor))
			found = &ring->key;
	}
	return found;
}

struct kr_key *kr_ring_find_by_name(const char *name, const struct cred *actor)
{
	struct kr_key *found = NULL;
	struct kr_ns *ns;

	rcu_read_lock();
	ns = kr_ns_peek(actor->user_ns);
	if (ns) {
		do {
			found = oldest(ns, name, actor);
		} while (found && !kr_key_tryget(found));
	}
	rcu_read_unlock();
	return found;
}
