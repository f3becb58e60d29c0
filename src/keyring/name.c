// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of keyrings, for KEYCTL_JOIN_SESSION_KEYRING and for UID rings that have
 * outlived their record: a hash over name and user namespace, so that the number of
 * other rings does not matter.
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

/* Which of the rings that have a name is meant? */
struct named {
	const char *name;
	const struct cred *actor;
	bool (*fits)(const struct kr_key *key, const struct named *named);
};

/* To be joined: the actor must be granted search. */
static bool joinable(const struct kr_key *key, const struct named *named)
{
	return !(READ_ONCE(key->flags) & (BIT(KR_KEY_REVOKED) | BIT(KR_KEY_INVALIDATED))) &&
	       kuid_has_mapping(named->actor->user_ns, READ_ONCE(key->uid)) &&
	       kr_key_permits(key, false, named->actor, KR_SEARCH);
}

/* Made as a ring of the actor's real UID, and still that UID's. */
static bool is_uid_ring(const struct kr_key *key, const struct named *named)
{
	return test_bit(KR_KEY_UID_RING, &key->flags) &&
	       uid_eq(READ_ONCE(key->uid), named->actor->user->uid) && !kr_key_validate(key);
}

/* Newer rings come first in the table: a name is that of the oldest ring that has it. */
static struct kr_key *oldest(const struct kr_ns *ns, const struct named *named)
{
	u32 hash = kr_key_hash(kr_key_ring_type, named->name, strlen(named->name));
	struct kr_key *found = NULL;
	struct kr_ring *ring;

	hlist_for_each_entry_rcu(ring, name_bucket(ns, hash), by_name) {
		if (ring->ns == ns && ring->key.hash == hash &&
		    !strcmp(ring->key.desc, named->name) && refcount_read(&ring->key.usage) &&
		    named->fits(&ring->key, named))
			found = &ring->key;
	}
	return found;
}

/* Borrowed, under RCU. */
static struct kr_key *peek(const struct named *named)
{
	struct kr_ns *ns = kr_ns_peek(named->actor->user_ns);

	return ns ? oldest(ns, named) : NULL;
}

static struct kr_key *find(const struct named *named)
{
	struct kr_key *found;

	rcu_read_lock();
	do {
		found = peek(named);
	} while (found && !kr_key_tryget(found));
	rcu_read_unlock();
	return found;
}

struct kr_key *kr_ring_find_by_name(const char *name, const struct cred *actor)
{
	return find(&(struct named){ name, actor, joinable });
}

struct kr_key *kr_ring_find_uid_ring(const char *name, const struct cred *actor)
{
	return find(&(struct named){ name, actor, is_uid_ring });
}

struct kr_key *kr_ring_peek_uid_ring(const char *name, const struct cred *actor)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "the ring is borrowed");
	return peek(&(struct named){ name, actor, is_uid_ring });
}
