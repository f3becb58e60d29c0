/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room key: one key. Its object and serial number, its state, its quota, and who
 * may do what with it. Types and payloads are in key_type.h, watches in
 * key_watch.h, what the room asks of higher ones in key_ops.h. What links keys
 * together is room keyring's.
 */
#ifndef KEYRINGS_KEY_H
#define KEYRINGS_KEY_H

#include <linux/err.h>
#include <linux/llist.h>
#include <linux/spinlock.h>

#include <keyrings/base.h>
#include <keyrings/compat.h>
#include <keyrings/key_type.h>
#include <keyrings/store.h>
#include <keyrings/user.h>

#define KR_DESC_MAX		4095	/* bytes of a description without the NUL */
#define KR_SERIAL_MIN		3	/* 1 and 2 are never given to a key */
#define KR_SERIAL_BITS		30	/* as many as the built-in service's have */
#define KR_LINK_BYTES		4u	/* a link's price in quota bytes */
#define KR_NEVER		((time64_t)TIME64_MAX)	/* expiry of a key that does not expire */

/* Bits in kr_key.flags; written atomically. */
enum kr_key_flag {
	KR_KEY_DEAD,		/* its type has gone */
	KR_KEY_REVOKED,
	KR_KEY_INVALIDATED,
	KR_KEY_IN_QUOTA,	/* changed under the lock only */
	KR_KEY_CONSTRUCTING,	/* somebody in user space is to instantiate it */
	KR_KEY_UID_RING,	/* _uid.N or _uid_ses.N; constant */
	KR_KEY_INSTANTIATING,	/* a lock: whoever makes an announced key, or rejects it */
	KR_KEY_MIRRORED,	/* the built-in subsystem has one like it; never cleared */
	KR_KEY_WATCHED,		/* it has a list of watches; never cleared */
	KR_KEY_REAPED_EMPTY,	/* a ring whose last link was reaped; under its lock */
	KR_KEY_EMPTYING,	/* a ring that is being cleared; under its lock */
	KR_KEY_REVOKED_TOLD,	/* so have been those who watch it; under the lock */
};

#define KR_UNINSTANTIATED	0
#define KR_POSITIVE		1	/* a negative state is the error the key stands for */

struct kr_deadline;

/**
 * struct kr_holders - the rings that hold a key
 * @first: one of them, or NULL
 * @more: another one, or 0; or, marked with KR_HOLDERS_SET, a &struct kr_store of all
 *	the others, which stays until the key goes
 *
 * Written under the key's lock, read under RCU. Room keyring changes it; here is
 * only where it lives.
 */
struct kr_holders {
	struct kr_key *first;
	unsigned long more;
};

#define KR_HOLDERS_SET	1UL

/**
 * kr_holders_set() - the set that holds most of the holders
 * @more: &struct kr_holders.more
 *
 * Return: the set; NULL when there is none.
 */
static inline struct kr_store *kr_holders_set(unsigned long more)
{
	return more & KR_HOLDERS_SET ? (struct kr_store *)(more - KR_HOLDERS_SET) : NULL;
}

/**
 * struct kr_key - a key
 * @usage: references; the key leaves the table of serials at 0
 * @serial: the ID in user space; constant once published
 * @type: constant
 * @account: who pays; changes under @lock; holds a reference
 * @uid: the owner; written under @lock, read without
 * @gid: the group; written under @lock, read without
 * @perm: permission bits; written under @lock, read without it
 * @hash: keyed hash of type and description; constant
 * @flags: enum kr_key_flag
 * @state: KR_UNINSTANTIATED, KR_POSITIVE or a negative error; acquire/release with @payload
 * @desc_len: strlen(@desc); constant
 * @lock: guards @account, @uid, @gid, @quotalen, @datalen, @holders, and replacing @payload
 * @expiry: wall-clock second at which it expires, KR_NEVER for never
 * @quotalen: bytes charged for it, in quota or not; under @lock
 * @datalen: bytes of its payload or links as charged; under @lock
 * @holders: the rings that hold it; written under @lock, read under RCU
 * @deadline: what the reaper keeps about it, or NULL; the reaper's lock
 * @chained: of a dead key, in the place of @deadline: the next of those that died with it,
 *	or NULL; belongs to whoever ended it, and then to the callback of @rcu
 * @payload: the type's; RCU
 * @rcu: frees the key, and those @chained to it, after the readers
 * @dying: in a list of keys whose last reference has gone
 * @desc: the description; constant
 * @inline_desc: where a short description lives
 *
 * ============== ========================================== =======================
 * state          what is true                               who may hold it
 * ============== ========================================== =======================
 * allocated      @serial 0, not in the table                its maker
 * published      @usage > 0, in the table of serials        links, calls, credentials
 * revoked        KR_KEY_REVOKED, payload given up           the same
 * invalidated    KR_KEY_INVALIDATED, in no ring but those   calls, credentials,
 *                that were locked just then                 links of these
 * dead           @usage 0, out of the table, quota given    readers under RCU
 *                back, @holders empty or going, @deadline
 *                has made room for @chained
 * freed          a grace period after dead                  nobody
 * ============== ========================================== =======================
 */
struct kr_key {
	refcount_t usage;
	s32 serial;
	const struct kr_key_type *type;
	struct kr_account *account;
	kuid_t uid;
	kgid_t gid;
	u32 perm;
	u32 hash;
	unsigned long flags;
	int state;
	u32 desc_len;
	spinlock_t lock;
	u32 quotalen;
	time64_t expiry;
	u32 datalen;
	struct kr_holders holders;
	union {
		struct kr_deadline *deadline;
		struct kr_key *chained;
	};
	void __rcu *payload;
	union {
		struct rcu_head rcu;
		struct llist_node dying;
	};
	const char *desc;
	char inline_desc[];
};

/**
 * struct kr_key_ref - a key and whether the caller possesses it
 * @key: holds a reference
 * @possessed: reached through the caller's own keyrings (keyrings(7), "Possession")
 */
struct kr_key_ref {
	struct kr_key *key;
	bool possessed;
};

/* Flags for kr_key_alloc(). */
#define KR_ALLOC_IN_QUOTA	0x0	/* charged, and refused over the limit */
#define KR_ALLOC_OVERRUN	0x1	/* charged even over the limit */
#define KR_ALLOC_NOT_IN_QUOTA	0x2	/* not charged */
#define KR_ALLOC_UID_RING	0x4

/**
 * kr_key_hash() - the keyed hash under which a key is found
 * @type: the type
 * @desc: the description
 * @len: its length
 *
 * The key of the hash is random per load, so that orders derived from it say
 * nothing about addresses and cannot be steered.
 *
 * Return: the hash.
 */
u32 kr_key_hash(const struct kr_key_type *type, const char *desc, size_t len);

/**
 * kr_key_init_object() - fill in a key that another room allocated
 * @key: zeroed memory
 * @space: bytes after the struct for a short description
 * @type: the type
 * @desc: the description, not empty
 * @uid: the owner, who pays
 * @gid: the group
 * @perm: permission bits
 * @flags: KR_ALLOC_*
 *
 * May sleep. The key is not published; kr_key_publish() does that, or
 * kr_key_abandon() takes everything back.
 *
 * Return: 0; -EINVAL empty description; what the type says of it; -EDQUOT; -ENOMEM.
 */
int kr_key_init_object(struct kr_key *key, size_t space, const struct kr_key_type *type,
		       const char *desc, kuid_t uid, kgid_t gid, u32 perm, unsigned int flags);

/**
 * kr_key_publish() - give a key its serial number
 * @key: filled in by kr_key_init_object()
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int kr_key_publish(struct kr_key *key);

/**
 * kr_key_abandon() - take back what kr_key_init_object() did
 * @key: not published; the memory stays the caller's
 */
void kr_key_abandon(struct kr_key *key);

/**
 * kr_key_alloc() - make an uninstantiated key that is not a keyring
 * @type: the type
 * @desc: the description
 * @uid: the owner, who pays
 * @gid: the group
 * @perm: permission bits
 * @flags: KR_ALLOC_*
 *
 * May sleep.
 *
 * Return: the key, published, with one reference; an ERR_PTR as kr_key_init_object().
 */
struct kr_key *kr_key_alloc(const struct kr_key_type *type, const char *desc, kuid_t uid,
			    kgid_t gid, u32 perm, unsigned int flags);

/**
 * kr_key_get() - take another reference
 * @key: a key the caller has a reference on
 *
 * Return: @key.
 */
static inline struct kr_key *kr_key_get(struct kr_key *key)
{
	refcount_inc(&key->usage);
	return key;
}

/**
 * kr_key_tryget() - take a reference on a key that may be dead
 * @key: found under RCU or under a lock that keeps its memory
 *
 * Return: true when the reference was taken.
 */
static inline bool kr_key_tryget(struct kr_key *key)
{
	return refcount_inc_not_zero(&key->usage);
}

/**
 * kr_key_put() - drop a reference
 * @key: the key, or NULL
 *
 * The last reference ends the key. That of a ring drops its links, too, which
 * takes time in proportion to them, and may sleep; code that may not uses
 * kr_key_put_later().
 */
void kr_key_put(struct kr_key *key);

/**
 * kr_key_put_later() - drop a reference in atomic context
 * @key: the key, or NULL
 *
 * As kr_key_put(), with what follows the last reference left to the reaper.
 */
void kr_key_put_later(struct kr_key *key);

extern u32 kr_serial_multiplier;

/**
 * kr_key_serial_hash() - a hash of a serial number
 * @serial: the serial
 *
 * Return: the hash; other serials that have a like one cannot be told from outside.
 */
static inline u32 kr_key_serial_hash(s32 serial)
{
	return serial * kr_serial_multiplier;
}

/**
 * kr_key_lookup() - find a key by serial number
 * @serial: the serial
 *
 * Return: the key with a reference, or NULL.
 */
struct kr_key *kr_key_lookup(s32 serial);

/**
 * kr_key_set_payload_quota() - change what a key's payload is charged
 * @key: the key
 * @datalen: the new number of bytes
 *
 * Caller holds @key's lock.
 *
 * Return: 0; -EDQUOT when it would grow over the limit, with nothing changed.
 */
int kr_key_set_payload_quota(struct kr_key *key, size_t datalen);

/**
 * kr_key_has_room() - is who pays for a key within the quota, with so many bytes more?
 * @key: the key
 * @bytes: number of bytes
 *
 * Nothing is charged. Caller holds @key's lock.
 *
 * Return: true as kr_account_has_room(), or when the key is not charged.
 */
bool kr_key_has_room(struct kr_key *key, unsigned int bytes);

/**
 * kr_key_follow_payload() - charge what a key's payload has come to
 * @key: the key
 * @datalen: the number of bytes that it has by now, be that over the limit
 *
 * Caller holds @key's lock.
 */
void kr_key_follow_payload(struct kr_key *key, size_t datalen);

/**
 * kr_key_state() - read the state, and only then the payload
 * @key: the key
 *
 * Return: KR_UNINSTANTIATED, KR_POSITIVE or a negative error.
 */
static inline int kr_key_state(const struct kr_key *key)
{
	return smp_load_acquire(&key->state);	/* pairs with kr_key_set_state() */
}

/**
 * kr_key_set_state() - publish the payload
 * @key: the key
 * @state: KR_POSITIVE or a negative error
 */
static inline void kr_key_set_state(struct kr_key *key, int state)
{
	smp_store_release(&key->state, state);	/* pairs with kr_key_state() */
}

/**
 * kr_key_validate() - is the key fit for use?
 * @key: the key
 *
 * Return: 0; -ENOKEY invalidated; -EKEYREVOKED revoked or its type has gone; -EKEYEXPIRED.
 */
int kr_key_validate(const struct kr_key *key);

/**
 * kr_key_expired() - has its time come?
 * @key: the key
 *
 * Return: true when it expires now or did before.
 */
static inline bool kr_key_expired(const struct kr_key *key)
{
	time64_t expiry = READ_ONCE(key->expiry);

	return unlikely(expiry != KR_NEVER) && kr_now() >= expiry;
}

/**
 * kr_key_instantiate() - give a key its payload, once
 * @key: the key
 * @prep: prepared by the type; consumed on success
 *
 * May sleep: of several who make the same announced key, one at a time does.
 *
 * Return: 0; -EBUSY when it is instantiated or rejected; what the type says.
 */
int kr_key_instantiate(struct kr_key *key, struct kr_prep *prep);

/**
 * kr_key_reject() - let a key stand for an error
 * @key: the key
 * @error: positive errno
 * @expiry: when it stops to do so, as for kr_key_set_expiry()
 *
 * May sleep, as kr_key_instantiate(). Does not fail for want of memory.
 *
 * Return: 0; -EBUSY when it is instantiated or rejected, and then nothing changes.
 */
int kr_key_reject(struct kr_key *key, unsigned int error, time64_t expiry);

/**
 * kr_key_announce_made() - wake those who wait for a key that was announced
 * @key: instantiated or rejected by the caller
 *
 * Any context. Comes after the key was linked to where it is to be found.
 */
void kr_key_announce_made(struct kr_key *key);

/**
 * kr_key_set_constructing() - announce that somebody in user space will instantiate the key
 * @key: not instantiated
 *
 * Until it is, kr_key_wait() waits.
 */
void kr_key_set_constructing(struct kr_key *key);

/**
 * kr_key_wait() - wait until a key under construction is instantiated
 * @key: the key; the caller holds a reference and no lock
 *
 * Sleeps, interruptibly.
 *
 * Return: 0, whatever became of it; -ERESTARTSYS.
 */
int kr_key_wait(struct kr_key *key);

/**
 * kr_key_wait_made() - wait until a key is instantiated, and see what it became
 * @key: the key; the caller holds a reference and no lock
 *
 * Sleeps, interruptibly.
 *
 * Return: 0 if it can be used; the error that a negative key stands for;
 * what kr_key_validate() returns; -ERESTARTSYS.
 */
int kr_key_wait_made(struct kr_key *key);

/**
 * kr_key_expire_at() - set the time of expiry, whatever happens
 * @key: the key
 * @expiry: wall-clock second
 *
 * Without memory for a deadline the key expires all the same, and stays in its rings.
 * May sleep.
 */
void kr_key_expire_at(struct kr_key *key, time64_t expiry);

/**
 * kr_key_set_expiry() - set or clear the time of expiry
 * @key: the key
 * @expiry: wall-clock second, or KR_NEVER
 *
 * May sleep.
 *
 * Return: 0; -ENOMEM with nothing changed.
 */
int kr_key_set_expiry(struct kr_key *key, time64_t expiry);

/**
 * kr_key_clear_expiry() - let a key have no time of expiry, together with another change
 * @key: the key; the caller holds its lock
 *
 * kr_key_set_expiry() waits for that lock: a time that is set by who has seen the other change
 * stays. When the lock is given back, kr_key_expiry_changed() is to be called.
 */
void kr_key_clear_expiry(struct kr_key *key);

/**
 * kr_key_expiry_changed() - after kr_key_clear_expiry()
 * @key: the key, not locked any more
 *
 * May sleep.
 */
void kr_key_expiry_changed(struct kr_key *key);

/**
 * kr_key_queue_anew() - let the reaper look at a key again that it has dealt with
 * @key: has a time and no deadline, and is in a ring again
 *
 * The time of expiry is left as it is. Without memory the link stays. May sleep.
 */
void kr_key_queue_anew(struct kr_key *key);

/**
 * kr_key_set_invalidated() - the key is found no more
 * @key: the key
 *
 * Its links are still there: see kr_ring_invalidate().
 */
void kr_key_set_invalidated(struct kr_key *key);

/**
 * kr_key_set_dead() - a key's type has gone
 * @key: the caller holds a reference
 *
 * No ring comes to hold it from here on. The caller takes it out of those that do.
 */
void kr_key_set_dead(struct kr_key *key);

/**
 * kr_key_invalidate_later() - invalidate a key where no ring may be locked
 * @key: the caller holds a reference
 *
 * It is found no more when this returns; the reaper removes its links. May sleep.
 */
void kr_key_invalidate_later(struct kr_key *key);

/**
 * kr_key_revoke() - make a key say EKEYREVOKED
 * @key: the key
 *
 * The payload goes now, the links after the delay that the sysctl gc_delay
 * sets. When this returns the payload has gone, also if another task came first. May sleep.
 */
void kr_key_revoke(struct kr_key *key);

/**
 * kr_key_chown() - change owner and group, with the quota
 * @key: the key
 * @account: the new owner's account, or NULL to leave the owner; the reference passes on success
 * @gid: the new group, or INVALID_GID to leave it
 *
 * Return: 0; -EDQUOT with nothing changed.
 */
int kr_key_chown(struct kr_key *key, struct kr_account *account, kgid_t gid);

/**
 * kr_key_permits() - may this actor do that with the key?
 * @key: the key
 * @possessed: the actor possesses it
 * @actor: the credentials
 * @need: one of KR_VIEW .. KR_SETATTR
 *
 * Return: true when the possessor bits or those of the actor's one class grant it.
 */
bool kr_key_permits(const struct kr_key *key, bool possessed, const struct cred *actor, u32 need);

/**
 * kr_key_count() - how many keys are there?
 *
 * Return: an estimate, for sizing buffers.
 */
unsigned int kr_key_count(void);

/**
 * kr_key_walk() - call a function for every published key
 * @fn: gets a borrowed key in an RCU read section; returns false to stop
 * @arg: for @fn
 *
 * In no particular order. May sleep between keys.
 */
void kr_key_walk(bool (*fn)(struct kr_key *key, void *arg), void *arg);

extern const struct kr_key_type *kr_key_ring_type;

/**
 * kr_key_is_ring() - is it a keyring?
 * @key: the key
 *
 * Return: true for a keyring.
 */
static inline bool kr_key_is_ring(const struct kr_key *key)
{
	return key->type == kr_key_ring_type;
}

#endif /* KEYRINGS_KEY_H */
