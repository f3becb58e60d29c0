/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room key: one key. Its object and serial number, its state, its payload, who
 * may do what with it, and the registry of key types. What links keys together
 * is room keyring's.
 */
#ifndef KEYRINGS_KEY_H
#define KEYRINGS_KEY_H

#include <linux/err.h>
#include <linux/llist.h>
#include <linux/spinlock.h>
#include <linux/watch_queue.h>

#include <keyrings/base.h>
#include <keyrings/compat.h>
#include <keyrings/store.h>
#include <keyrings/user.h>

struct kernel_pkey_params;
struct kernel_pkey_query;
struct kr_key;
struct kr_restriction;
struct seq_file;
struct watch_queue;

#define KR_TYPE_NAME_MAX	31	/* bytes of a type's name without the NUL */
#define KR_DESC_MAX		4095	/* bytes of a description without the NUL */
#define KR_SERIAL_MIN		3	/* 1 and 2 are never given to a key */
#define KR_LINK_BYTES		4u	/* a link's price in quota bytes */
#define KR_NEVER		((time64_t)TIME64_MAX)	/* expiry of a key that does not expire */

/**
 * struct kr_payload - bytes that several tasks may read at once
 * @rcu: frees it after those who only looked
 * @usage: one for the key, one for each reader that may sleep
 * @len: bytes in @data
 * @data: the secret; wiped when freed
 */
struct kr_payload {
	struct rcu_head rcu;
	refcount_t usage;
	u32 len;
	u8 data[];
};

/**
 * kr_payload_alloc() - allocate room for a payload
 * @len: bytes
 *
 * May sleep.
 *
 * Return: the payload with one reference, its bytes not initialised; NULL when memory is short.
 */
struct kr_payload *kr_payload_alloc(size_t len);

/**
 * kr_payload_put() - drop a reference; the last one wipes and frees
 * @payload: the payload, or NULL
 */
void kr_payload_put(struct kr_payload *payload);

/**
 * kr_payload_put_now() - drop a reference when no reader under RCU can be left
 * @payload: the payload, or NULL
 *
 * For payloads that were never published and for those of keys being freed.
 */
void kr_payload_put_now(struct kr_payload *payload);

/**
 * struct kr_buf - where KEYCTL_READ writes
 * @user: user memory, or NULL
 * @kernel: kernel memory, used when @user is NULL
 * @len: bytes there; 0 when only the length is asked for
 */
struct kr_buf {
	char __user *user;
	void *kernel;
	size_t len;
};

/**
 * kr_buf_write() - give bytes to the reader
 * @buf: where to
 * @offset: first byte in @buf; the caller checked that @offset + @len fits
 * @src: fully initialised bytes
 * @len: how many
 *
 * May sleep when @buf is in user memory.
 *
 * Return: 0 or -EFAULT.
 */
int kr_buf_write(const struct kr_buf *buf, size_t offset, const void *src, size_t len);

/**
 * struct kr_prep - a payload on its way into a key
 * @type: of the key
 * @fresh: it is for a key that has none yet; otherwise it may be for an update
 * @deferred: it may be for an update, and so the type has not looked at it yet
 * @desc: the caller's description, or NULL
 * @made_desc: a description the type derived from the payload, kmalloc()ed, or NULL
 * @data: the caller's bytes, or NULL; the type may take them by setting this to NULL
 * @payload: what the type made of them
 * @quotalen: bytes to charge for the payload
 * @expiry: when the new key expires, or KR_NEVER
 */
struct kr_prep {
	const struct kr_key_type *type;
	bool fresh;
	bool deferred;
	const char *desc;
	char *made_desc;
	struct kr_payload *data;
	void *payload;
	size_t quotalen;
	time64_t expiry;
};

/**
 * struct kr_match - a comparison that is the type's own
 * @cmp: is this key of the type meant? In an RCU read section
 */
struct kr_match {
	bool (*cmp)(const struct kr_match *match, const struct kr_key *key);
};

/**
 * struct kr_pkey_ops - KEYCTL_PKEY_QUERY to KEYCTL_PKEY_VERIFY
 * @query: what the key can do
 * @crypt: encrypt, decrypt or sign, as @params says; returns the length of the result
 * @verify: 0 when the signature is right
 *
 * They may sleep. The key is positive.
 */
struct kr_pkey_ops {
	int (*query)(struct kr_key *key, struct kernel_pkey_params *params,
		     struct kernel_pkey_query *info);
	int (*crypt)(struct kr_key *key, struct kernel_pkey_params *params, const void *in,
		     void *out);
	int (*verify)(struct kr_key *key, struct kernel_pkey_params *params, const void *in,
		      const void *signature);
};

/**
 * struct kr_key_type - what is particular to one type of key
 * @name: the name, at most KR_TYPE_NAME_MAX bytes
 * @def_datalen: bytes charged at creation, before the payload is known
 * @needs_desc: a payload is looked at only when a key is made of it: it never says what the key
 *	is called
 * @no_helper: keys are made for code in the kernel only, which has a way of its own
 * @vet_description: refuse a description; may be NULL
 * @preparse: check the caller's bytes and prepare what instantiate and update consume; may sleep
 * @free_preparse: free what neither consumed
 * @instantiate: give the key its payload; called once for a key
 * @update: replace the payload; NULL when the type has no update
 * @revoke: give up the payload of a key that stays in existence; may be NULL
 * @destroy: free the payload; no reader is left; may not sleep
 * @describe: the part of a /proc/keys line that is the type's; in an RCU read section
 * @read: KEYCTL_READ; returns the full length; NULL when the payload is secret
 * @match_begin: prepare a search for what only the type can compare with a description; NULL
 *	or returning NULL: keys are found by type and description alone; else may be an
 *	ERR_PTR; may sleep
 * @match_end: free what @match_begin returned; there when that is
 * @lookup_restriction: what a string says of keys that a ring may hold; an ERR_PTR of -EINVAL,
 *	-ENOKEY or -ENOMEM; may be NULL; may sleep
 * @pkey: the public-key operations, or NULL
 * @reap_at_once: the links of an expired key go without the delay of others
 * @keys: counts the keys of the type, from kr_key_init_object() until their memory goes; NULL
 *	for a type that stays as long as the module
 * @list: in the registry
 */
struct kr_key_type {
	const char *name;
	size_t def_datalen;
	bool needs_desc;
	bool no_helper;
	int (*vet_description)(const struct kr_key_type *type, const char *desc);
	int (*preparse)(struct kr_prep *prep);
	void (*free_preparse)(struct kr_prep *prep);
	int (*instantiate)(struct kr_key *key, struct kr_prep *prep);
	int (*update)(struct kr_key *key, struct kr_prep *prep);
	void (*revoke)(struct kr_key *key);
	void (*destroy)(struct kr_key *key);
	void (*describe)(const struct kr_key *key, struct seq_file *m);
	long (*read)(struct kr_key *key, const struct kr_buf *buf);
	struct kr_match *(*match_begin)(const struct kr_key_type *type, const char *desc);
	void (*match_end)(struct kr_match *match);
	struct kr_restriction *(*lookup_restriction)(const struct kr_key_type *type,
						     const char *restriction);
	const struct kr_pkey_ops *pkey;
	bool reap_at_once;
	atomic_long_t *keys;
	struct list_head list;
};

/* Bits in kr_key.flags; written atomically. */
enum kr_key_flag {
	KR_KEY_DEAD,		/* its type has gone */
	KR_KEY_REVOKED,
	KR_KEY_INVALIDATED,
	KR_KEY_IN_QUOTA,	/* cleared at most once, under the lock */
	KR_KEY_CONSTRUCTING,	/* somebody in user space is to instantiate it */
	KR_KEY_UID_RING,	/* _uid.N or _uid_ses.N; constant */
	KR_KEY_INSTANTIATING,	/* a lock: whoever makes an announced key, or rejects it */
	KR_KEY_MIRRORED,	/* the built-in subsystem has one like it; never cleared */
	KR_KEY_WATCHED,		/* it has a list of watches; never cleared */
	KR_KEY_REAPED_EMPTY,	/* a ring whose last link was reaped; under its lock */
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
 * @payload: the type's; RCU
 * @rcu: frees the key after the readers
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
 * invalidated    KR_KEY_INVALIDATED, in no ring             calls, credentials
 * dead           @usage 0, out of the table, quota given    readers under RCU
 *                back, @holders empty or going
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
	struct kr_deadline *deadline;
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
 * The last reference ends the key and, for a ring, drops its links. Any
 * context but interrupts; takes time in proportion to the links of a ring, so
 * code that may not sleep uses kr_key_put_later().
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
 * kr_key_uncharge() - give back at once what a key is charged
 * @key: a key that has ended but for its last reference
 *
 * What is linked to it or replaced in it later is not charged either.
 */
void kr_key_uncharge(struct kr_key *key);

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
 * kr_key_queue_anew() - let the reaper look at a key again that it has dealt with
 * @key: has expired, and is in a ring again
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
 * sets. May sleep.
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
 * kr_key_watch() - have what happens to a key written to a queue
 * @key: the caller holds a reference
 * @queue: the caller holds a reference
 * @id: with which the records are marked
 *
 * Only where KR_KERNEL_HAS_WATCH_QUEUE. May sleep. ``current`` is who watches.
 *
 * Return: 0; -EBUSY the queue watches the key already; -EAGAIN the UID has as many
 * watches as it may have open files; -ENOENT the queue was closed meanwhile; -ENOMEM.
 */
int kr_key_watch(struct kr_key *key, struct watch_queue *queue, u8 id);

/**
 * kr_key_unwatch() - write to a queue no more, but for a last record that says so
 * @key: the caller holds a reference
 * @queue: the queue
 *
 * Only where KR_KERNEL_HAS_WATCH_QUEUE. May sleep.
 *
 * Return: 0; -EBADSLT the queue does not watch the key.
 */
int kr_key_unwatch(struct kr_key *key, struct watch_queue *queue);

/**
 * kr_key_post() - kr_key_notify() of a key that is watched
 * @key: the key
 * @what: what happened
 * @aux: as kr_key_notify()
 */
void kr_key_post(const struct kr_key *key, enum key_notification_subtype what, u32 aux);

/**
 * kr_key_notify() - tell those who watch a key what happened to it
 * @key: the caller holds a reference
 * @what: what happened
 * @aux: NOTIFY_KEY_INSTANTIATED: the error a negative key stands for; NOTIFY_KEY_LINKED
 *	and NOTIFY_KEY_UNLINKED: the serial of the other key; otherwise 0
 *
 * In the name of ``current``, whom security modules may stop from telling. Does
 * not sleep; interrupts are on.
 */
static inline void kr_key_notify(const struct kr_key *key, enum key_notification_subtype what,
				 u32 aux)
{
	if (KR_KERNEL_HAS_WATCH_QUEUE && unlikely(test_bit(KR_KEY_WATCHED, &key->flags)))
		kr_key_post(key, what, aux);
}

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

/**
 * kr_key_type_register() - make a type known
 * @type: kept until kr_key_type_unregister()
 *
 * Return: 0 or -EEXIST.
 */
int kr_key_type_register(struct kr_key_type *type);

/**
 * kr_key_type_unregister() - forget a type
 * @type: no key of it is left
 */
void kr_key_type_unregister(struct kr_key_type *type);

/**
 * kr_key_type_find() - find a type by name
 * @name: the name
 *
 * The module's own, or else one that the bridge knows of. May sleep.
 *
 * Return: the type; NULL for none; or an ERR_PTR of -ENOMEM when it is not known.
 */
const struct kr_key_type *kr_key_type_find(const char *name);

/**
 * kr_key_type_find_own() - find a type of the module's own
 * @name: the name
 *
 * Return: the type or NULL.
 */
const struct kr_key_type *kr_key_type_find_own(const char *name);

/**
 * kr_key_set_type_finder() - tell the room where else types are found
 * @find: as kr_key_type_find(); the type stays as long as the module, or as the namespaces
 *	that current is in, or as a key of it; may sleep
 */
void kr_key_set_type_finder(const struct kr_key_type *(*find)(const char *name));

/**
 * struct kr_mirror_ops - what a key tells the bridge, a higher room
 * @sync: payload, time of expiry or state have changed; may sleep
 * @end: the key's last reference has gone; any context but interrupts
 */
struct kr_mirror_ops {
	void (*sync)(struct kr_key *key);
	void (*end)(struct kr_key *key);
};

extern const struct kr_mirror_ops *kr_key_mirror;

/**
 * kr_key_set_mirror() - tell the room who keeps keys like the mirrored ones
 * @ops: constant until the module goes
 */
void kr_key_set_mirror(const struct kr_mirror_ops *ops);

/**
 * kr_key_sync() - tell whoever keeps a key like this one that it has changed
 * @key: the caller holds a reference and no spinlock
 *
 * May sleep when the key is mirrored.
 */
static inline void kr_key_sync(struct kr_key *key)
{
	smp_mb();	/* the change first; pairs with whoever sets the flag and then looks */
	if (unlikely(test_bit(KR_KEY_MIRRORED, &key->flags)))
		kr_key_mirror->sync(key);
}

/**
 * struct kr_reaper_ops - what a key asks of the reaper, a higher room
 * @schedule: let the key expire, and remove its links some time after that; may sleep; 0 or
 *	-ENOMEM with nothing changed
 * @queue_anew: a key that has expired was linked again when all links had been removed; nothing
 *	but the queue changes, and without memory not even that; may sleep
 * @cancel: forget what was scheduled
 * @defer: end this key, whose last reference has gone, from process context
 */
struct kr_reaper_ops {
	int (*schedule)(struct kr_key *key, time64_t expiry);
	void (*queue_anew)(struct kr_key *key);
	void (*cancel)(struct kr_key *key);
	void (*defer)(struct kr_key *key);
};

/**
 * struct kr_ring_ops - what a key asks of room keyring
 * @end: the ring's last reference has gone: drop the links, chain child rings that died to @dying
 * @free: free the ring's memory; called a grace period later
 */
struct kr_ring_ops {
	void (*end)(struct kr_key *ring, struct llist_head *dying);
	void (*free)(struct kr_key *ring);
};

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

/**
 * kr_key_end() - end a key whose last reference has gone
 * @key: its usage fell to 0
 *
 * For the reaper and kr_key_put().
 */
void kr_key_end(struct kr_key *key);

/**
 * kr_key_set_reaper() - tell the room who reaps
 * @ops: constant until the module goes
 */
void kr_key_set_reaper(const struct kr_reaper_ops *ops);

/**
 * kr_key_set_ring() - tell the room what a keyring is
 * @type: the type
 * @ops: how rings end
 */
void kr_key_set_ring(const struct kr_key_type *type, const struct kr_ring_ops *ops);

/**
 * kr_key_set_serial_check() - tell the room which serials are taken elsewhere
 * @taken: returns true when a serial may not be given to a key; may sleep
 */
void kr_key_set_serial_check(bool (*taken)(s32 serial));

/**
 * kr_key_init() - prepare the room
 *
 * Return: 0 or -ENOMEM.
 */
int kr_key_init(void);

/**
 * kr_key_exit() - leave nothing
 *
 * No key is left; waits for the grace periods of those that went.
 */
void kr_key_exit(void);

#endif /* KEYRINGS_KEY_H */
