/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room keyring: keyrings and the links in them. Names, search, possession, and
 * adding a key to a ring. What the reaper asks of it is in keyring_reap.h.
 */
#ifndef KEYRINGS_KEYRING_H
#define KEYRINGS_KEYRING_H

#include <keyrings/key.h>
#include <keyrings/store.h>
#include <linux/mutex.h>
#include <linux/rculist.h>

#define KR_RING_DEPTH	6	/* rings below the first one that a search descends to */

/**
 * struct kr_ring - a keyring
 * @lock: serialises changes of @links; two rings in the order of their addresses
 *	(move); outside of the lock of ring-to-ring links and of every key's lock
 * @links: what it holds, in a form that depends on how much that is; see
 *	src/keyring/places.c; under @lock, RCU readers
 * @count: how many links; under @lock, read without
 * @taken: which places in the order of links are taken; under @lock
 * @nested: those of them in which there is a ring; RCU readers
 * @restriction: what may be linked, or NULL; set once, under @lock; owned
 * @ns: in which the name is known; NULL for a name that is not published
 * @by_name: in the table of names, unhashed when not published
 * @key: the ring as a key; last, because a short description follows it
 *
 * The life of a ring is that of its key. When the last reference goes, its
 * links are dropped without the lock: nobody can take it any more.
 */
struct kr_ring {
	struct mutex lock;
	unsigned long links;
	u32 count;
	u16 taken;
	u16 nested;
	struct kr_restriction *restriction;
	struct kr_ns *ns;
	struct hlist_node by_name;
	struct kr_key key;
};

/**
 * struct kr_restriction - which keys a ring admits
 * @check: may this key be linked into the ring? The payload is that of a key of the type, or
 *	NULL. The ring is locked, but for a type whose payload the check does not see, which it
 *	may be asked about before; may sleep; 0 or a negative error
 * @sees_payload: does what the check says of a key of this type depend on the payload? May
 *	sleep; NULL: of no type's
 * @drop: free it; any context but interrupts; NULL for one that is not allocated
 * @trust: a key or ring of ours that the check looks at; holds a reference; NULL for none
 */
struct kr_restriction {
	int (*check)(struct kr_restriction *restriction, struct kr_ring *ring,
		     const struct kr_key_type *type, void *payload);
	bool (*sees_payload)(struct kr_restriction *restriction, const struct kr_key_type *type);
	void (*drop)(struct kr_restriction *restriction);
	struct kr_key *trust;
};

/* Admits nothing. */
extern struct kr_restriction kr_restriction_all;

static inline struct kr_ring *kr_ring_of(struct kr_key *key)
{
	return container_of(key, struct kr_ring, key);
}

#define KR_RING_NAME		24	/* a name shorter than this needs no second allocation */
#define KR_RING_SHORT_NAME	8	/* and with one shorter than this */
#define KR_RING_ROOM		16	/* so many bytes are left, aligned as pointers */

/**
 * kr_ring_room() - memory in a ring that is for its maker
 * @ring: a ring with a name shorter than KR_RING_SHORT_NAME
 *
 * Return: KR_RING_ROOM bytes, zero in a new ring, there until the ring is freed: readers
 * under RCU may look at them after the last reference has gone.
 */
static inline void *kr_ring_room(struct kr_key *ring)
{
	WARN_ON_ONCE(ring->desc_len >= KR_RING_SHORT_NAME);
	return ring->inline_desc + KR_RING_SHORT_NAME;
}

/**
 * kr_ring_with_room() - the ring that has this room
 * @room: from kr_ring_room()
 *
 * Return: the ring; no reference is taken.
 */
static inline struct kr_key *kr_ring_with_room(void *room)
{
	return container_of(room - KR_RING_SHORT_NAME, struct kr_key, inline_desc);
}

/**
 * struct kr_holder_walk - the way through the rings that hold a key
 * @key: the key
 * @table: the set of those for which there is no room in the key
 * @at: where to go on in @table
 * @in_more: the first one was seen
 */
struct kr_holder_walk {
	const struct kr_key *key;
	unsigned long table;
	u32 at;
	bool in_more;
};

/**
 * kr_holders_next() - the next ring that holds a key
 * @walk: begun by kr_holders_first()
 *
 * Return: the ring's key, borrowed, or NULL.
 */
struct kr_key *kr_holders_next(struct kr_holder_walk *walk);

/**
 * kr_holders_first() - go through the rings that hold a key
 * @walk: to be filled in
 * @key: the key
 *
 * Caller is in an RCU read section, to the end of the way. A ring that holds
 * the key all the time is seen.
 *
 * Return: the ring's key, borrowed, or NULL.
 */
static inline struct kr_key *kr_holders_first(struct kr_holder_walk *walk,
					      const struct kr_key *key)
{
	struct kr_key *ring = READ_ONCE(key->holders.first);

	*walk = (struct kr_holder_walk) { .key = key };
	return ring ?: kr_holders_next(walk);
}

/**
 * kr_ring_alloc() - make an empty keyring
 * @name: the description
 * @uid: the owner, who pays
 * @gid: the group
 * @ns: the user namespace in which it can be joined by name, unless the name begins with a dot
 * @perm: permission bits
 * @flags: KR_ALLOC_*
 *
 * May sleep.
 *
 * Return: the ring's key with one reference; an ERR_PTR of -EINVAL, -EDQUOT or -ENOMEM.
 */
struct kr_key *kr_ring_alloc(const char *name, kuid_t uid, kgid_t gid, struct user_namespace *ns,
			     u32 perm, unsigned int flags);

/**
 * kr_ring_find_by_name() - find a keyring to join
 * @name: the description
 * @actor: must be granted search by class, not by possession
 *
 * Return: the ring's key with a reference; NULL when there is none.
 */
struct kr_key *kr_ring_find_by_name(const char *name, const struct cred *actor);

/**
 * kr_ring_find_uid_ring() - find a UID ring that a link or a session has kept
 * @name: the description
 * @actor: in whose user namespace, and of whose real UID
 *
 * Return: the ring's key with a reference; NULL when there is none, or it has ended.
 */
struct kr_key *kr_ring_find_uid_ring(const char *name, const struct cred *actor);

/**
 * kr_ring_peek_uid_ring() - the same, under RCU
 * @name: the description
 * @actor: as there
 *
 * Return: the ring's key, borrowed; NULL.
 */
struct kr_key *kr_ring_peek_uid_ring(const char *name, const struct cred *actor);

/**
 * kr_ring_link() - link a key into a ring
 * @ring: the ring
 * @key: the key; displaces one of the same type and description
 *
 * May sleep.
 *
 * Return: 0; -ENOTDIR; -EKEYREVOKED ring revoked; -ENOKEY key invalidated, or its type gone,
 * meanwhile; -EDQUOT; -EDEADLK cycle; -ELOOP too deep; -ENOMEM; what the ring's restriction says
 * of the key: -EPERM, or as its type does, -EKEYREJECTED, -ENOKEY, -ENOPKG. On error nothing has
 * changed.
 */
int kr_ring_link(struct kr_key *ring, struct kr_key *key);

/**
 * kr_ring_lock() - let nobody change the links of a ring
 * @ring: the ring; of a key that is none nothing is locked
 *
 * May sleep: for as long as whoever may write to it keeps it busy. No lock is to be held that
 * others need.
 */
void kr_ring_lock(struct kr_key *ring);

/**
 * kr_ring_unlock() - after kr_ring_lock()
 * @ring: the same key
 */
void kr_ring_unlock(struct kr_key *ring);

/**
 * kr_ring_link_locked() - kr_ring_link() into a ring that is locked
 * @ring: locked by the caller
 * @key: no ring
 *
 * May sleep.
 *
 * Return: as kr_ring_link().
 */
int kr_ring_link_locked(struct kr_key *ring, struct kr_key *key);

/**
 * kr_ring_link_any_depth() - link a ring into one that nobody has linked yet
 * @ring: the ring
 * @key: the other ring, with all that is below it, however deep that is
 *
 * There can be no cycle, and whoever needs the link cannot make the tree less deep. If somebody
 * has linked @ring meanwhile, it is as kr_ring_link(). May sleep.
 *
 * Return: as kr_ring_link().
 */
int kr_ring_link_any_depth(struct kr_key *ring, struct kr_key *key);

/**
 * kr_ring_unlink() - remove a key from a ring
 * @ring: the ring
 * @key: this very key, not one like it
 *
 * May sleep.
 *
 * Return: 0; -ENOTDIR; -ENOENT not linked.
 */
int kr_ring_unlink(struct kr_key *ring, struct kr_key *key);

/**
 * kr_ring_move() - move a key from one ring to another
 * @key: this very key
 * @from: must hold it
 * @to: the other ring
 * @exclusive: do not displace a key of the same type and description
 *
 * May sleep.
 *
 * Return: 0, also when @from is @to; -ENOTDIR; -ENOENT; -EEXIST; and as kr_ring_link().
 */
int kr_ring_move(struct kr_key *key, struct kr_key *from, struct kr_key *to, bool exclusive);

/**
 * kr_ring_clear() - remove every link
 * @ring: the ring
 *
 * May sleep.
 *
 * Return: 0 or -ENOTDIR.
 */
int kr_ring_clear(struct kr_key *ring);

/**
 * kr_ring_restrict() - let only some keys be linked into a ring, or none
 * @ring: the ring
 * @restriction: passes to the ring on success
 *
 * May sleep. Irrevocable; does not look at the links that are there.
 *
 * Return: 0; -ENOTDIR; -EEXIST restricted already; -EDEADLK it trusts a ring that trusts this
 * one; -EDQUOT it trusts something, and who pays for the ring has no room for a link to that,
 * which is not charged, or more keys than the limit.
 */
int kr_ring_restrict(struct kr_key *ring, struct kr_restriction *restriction);

/**
 * kr_ring_forget_key() - remove a key from every ring
 * @key: the caller holds a reference
 *
 * May sleep. Takes time in proportion to the key's own links.
 */
void kr_ring_forget_key(struct kr_key *key);

/**
 * kr_ring_clear_all() - remove every link there is
 *
 * For the unload, when nobody makes links any more: rings may keep each other by a link
 * one way and by what they trust the other way. Sleeps.
 */
void kr_ring_clear_all(void);

/**
 * kr_ring_invalidate() - make a key disappear
 * @key: the key
 *
 * May sleep. It can no longer be had when this returns. A ring that is locked just then
 * lists it until the reaper comes.
 */
void kr_ring_invalidate(struct kr_key *key);

/**
 * kr_ring_each_rcu() - call a function for every key in a ring
 * @ring: the ring
 * @fn: gets a borrowed key; returns false to stop; does not sleep
 * @arg: for @fn
 *
 * Caller is in an RCU read section. A key that is linked all the time is seen,
 * and seen once.
 */
void kr_ring_each_rcu(const struct kr_ring *ring, bool (*fn)(struct kr_key *key, void *arg),
		      void *arg);

/**
 * kr_ring_find_linked() - find a key in one ring, without looking at permissions
 * @ring: the ring
 * @type: type of the key
 * @desc: description
 *
 * Return: the key with a reference unless it is revoked or invalidated; NULL for none.
 */
struct kr_key *kr_ring_find_linked(struct kr_key *ring, const struct kr_key_type *type,
				   const char *desc);

/* Flags for struct kr_search. */
#define KR_SEARCH_RECURSE	0x1	/* look into nested rings */
#define KR_SEARCH_NO_STATE	0x2	/* do not look at the state of what is found */
#define KR_SEARCH_SKIP_EXPIRED	0x4	/* an expired key is as good as none */

/**
 * struct kr_search - what to look for, and what was found
 * @type: type of the key
 * @desc: description
 * @hash: kr_key_hash() of both
 * @exact: only this very key counts, or NULL
 * @actor: must be granted search on every ring on the way and on the key
 * @possessed: the actor possesses the ring that the search starts at
 * @flags: KR_SEARCH_*
 * @match: between kr_search_begin() and kr_search_end(): how the type tells keys, or NULL
 * @error: what was wrong with the last key that would have matched, -EAGAIN for none
 * @found: the key, with a reference
 * @missed: there was no such key behind one of several rings, whatever was wrong with others
 */
struct kr_search {
	const struct kr_key_type *type;
	const char *desc;
	u32 hash;
	const struct kr_key *exact;
	const struct cred *actor;
	bool possessed;
	unsigned int flags;
	struct kr_match *match;
	int error;
	struct kr_key *found;
	bool missed;
};

/**
 * kr_search_init() - fill in what is looked for
 * @search: to be filled in
 * @type: type of the key
 * @desc: description
 * @actor: who looks
 * @flags: KR_SEARCH_*
 */
void kr_search_init(struct kr_search *search, const struct kr_key_type *type, const char *desc,
		    const struct cred *actor, unsigned int flags);

/**
 * kr_search_begin() - let the type say how its keys are told
 * @search: filled in by kr_search_init()
 *
 * Types with such a way of their own find nothing by it without this. May
 * sleep; kr_search_end() must follow success.
 *
 * Return: 0, or what the type says of the description.
 */
static inline int kr_search_begin(struct kr_search *search)
{
	if (unlikely(search->type->match_begin))
		search->match = search->type->match_begin(search->type, search->desc);
	return PTR_ERR_OR_ZERO(search->match);
}

/**
 * kr_search_end() - the counterpart
 * @search: on which kr_search_begin() succeeded
 */
static inline void kr_search_end(struct kr_search *search)
{
	if (unlikely(search->match))
		search->type->match_end(search->match);
	search->match = NULL;
}

/**
 * struct kr_look - a look at several rings, one after the other
 * @removals: how often links had been removed when it began
 * @turns: how many times it was begun
 */
struct kr_look {
	long removals;
	unsigned int turns;
};

#define KR_LOOK_TURNS	3	/* others may move keys, or end what is found, for ever */

/* How often a call has removed a link, or all of a ring: counted before they go. */
extern atomic_long_t kr_link_removals;

/**
 * kr_look_begin() - begin to look, or begin anew
 * @look: zeroed before the first time
 */
static inline void kr_look_begin(struct kr_look *look)
{
	look->turns++;
	look->removals = atomic_long_read_acquire(&kr_link_removals);
}

/**
 * kr_look_again() - may a look have missed what was moved?
 * @look: what was begun, and has found nothing, or may not have found all
 *
 * A key that goes from a ring that comes later to one that was looked at already is in one
 * of them at any time. Not for what the reaper takes away. Pairs with count_removal().
 *
 * Return: true when kr_look_begin() is to follow.
 */
static inline bool kr_look_again(const struct kr_look *look)
{
	smp_rmb();	/* the links, then the count */
	return unlikely(atomic_long_read(&kr_link_removals) != look->removals) &&
	       look->turns < KR_LOOK_TURNS;
}

/**
 * kr_ring_search_once() - kr_ring_search() that may miss a key that is moved meanwhile
 * @ring: where to start
 * @search: what to look for
 *
 * Return: as kr_ring_search().
 */
int kr_ring_search_once(struct kr_key *ring, struct kr_search *search);

/**
 * kr_ring_search() - search a tree of keyrings
 * @ring: where to start
 * @search: what to look for; @possessed says how the start was reached
 *
 * The ring itself may be what is looked for. A ring is searched before the
 * rings in it. Safe in an RCU read section; does not sleep.
 *
 * Return: 0 with a reference in @search->found; -ENOTDIR; -EACCES the start may not be
 * searched; -EAGAIN nothing found; otherwise what was wrong with what was found:
 * -EKEYREVOKED, -EKEYEXPIRED, -EACCES or the error of a negative key.
 */
int kr_ring_search(struct kr_key *ring, struct kr_search *search);

#define KR_ANCHORS_MAX	3

/**
 * struct kr_anchors - the rings an actor possesses by being what it is
 * @ring: the rings; borrowed for the time of an RCU read section
 * @count: how many
 * @actor: whose
 */
struct kr_anchors {
	struct kr_key *ring[KR_ANCHORS_MAX];
	unsigned int count;
	const struct cred *actor;
};

/**
 * kr_ring_possesses() - does a path of searchable rings lead from an anchor to a key?
 * @anchors: where paths begin
 * @key: the key, which must grant search to the possessor too
 *
 * Caller is in an RCU read section.
 *
 * Return: true when the key is possessed.
 */
bool kr_ring_possesses(const struct kr_anchors *anchors, const struct kr_key *key);

/**
 * kr_ring_possesses_once() - kr_ring_possesses() that may miss a key that is moved meanwhile
 * @anchors: where paths begin
 * @key: the key
 *
 * Return: as kr_ring_possesses().
 */
bool kr_ring_possesses_once(const struct kr_anchors *anchors, const struct kr_key *key);

/**
 * kr_ring_add_key() - add a key to a ring, or update the one that is there
 * @ring: the ring and whether the actor possesses it
 * @type: type of the key
 * @prep: description and bytes; what is taken from it is set to NULL
 * @actor: becomes the owner
 * @out: the key, with a reference
 *
 * The second half of add_key(2). May sleep.
 *
 * A key that is revoked or invalidated is not updated: a new one takes its place. One for
 * which that happens while it is updated was updated before, or else has ended before.
 *
 * Return: 0; -ENOTDIR; -EINVAL no description or refused by the type; -EKEYREVOKED the
 * ring is revoked, or the key's type has gone; -EDQUOT; -EACCES ring or existing key not
 * writable; of a key there that is being made: -ERESTARTSYS, -EKEYEXPIRED, -ENOKEY or the error
 * with which it was rejected; -EPERM and others, as the ring's restriction says; and as
 * kr_ring_link(); -ENOMEM.
 */
int kr_ring_add_key(const struct kr_key_ref *ring, const struct kr_key_type *type,
		    struct kr_prep *prep, const struct cred *actor, struct kr_key_ref *out);

/**
 * kr_ring_instantiate_key() - give a key under construction its payload and link it
 * @key: the key
 * @prep: the bytes
 * @ring: where to link it, or NULL
 *
 * May sleep. Whoever waits for the key is woken once it is made.
 *
 * Return: 0; -EBUSY instantiated already; -ENOTDIR; -EPERM ring restricted; and as
 * kr_ring_link() and the type say. On error the key is not instantiated, but for
 * -ENOMEM when another task linked it meanwhile: see its state.
 */
int kr_ring_instantiate_key(struct kr_key *key, struct kr_prep *prep, struct kr_key *ring);

/**
 * kr_ring_reject_key() - let a key under construction stand for an error and link it
 * @key: the key
 * @error: positive errno
 * @timeout: seconds until it expires
 * @ring: where to link it, or NULL
 *
 * May sleep. Whoever waits for the key is woken once it is rejected.
 *
 * Return: 0; -EBUSY instantiated already, -EPERM ring restricted, -ENOMEM: nothing has
 * changed, unless another task linked the key meanwhile: see its state; anything else is
 * what was wrong with the link, the key being rejected all the same.
 */
int kr_ring_reject_key(struct kr_key *key, unsigned int error, unsigned int timeout,
		       struct kr_key *ring);

/**
 * kr_ring_default_perm() - what a new key grants when its maker does not say
 * @type: type of the key
 *
 * Return: permission bits.
 */
u32 kr_ring_default_perm(const struct kr_key_type *type);

/**
 * kr_ring_update_key() - give a key a new payload
 * @ref: the key
 * @prep: the bytes
 * @actor: needs write permission
 *
 * The second half of KEYCTL_UPDATE. May sleep.
 *
 * Return: 0; -EACCES; -EOPNOTSUPP the type has no update; what the type says, as -EKEYREVOKED
 * of a key that was revoked meanwhile; -EDQUOT.
 */
int kr_ring_update_key(const struct kr_key_ref *ref, struct kr_prep *prep,
		       const struct cred *actor);

/**
 * kr_ring_init() - prepare the room and register the type `keyring`
 *
 * Return: 0 or -ENOMEM.
 */
int kr_ring_init(void);

/**
 * kr_ring_exit() - leave nothing
 *
 * No ring is left.
 */
void kr_ring_exit(void);

#endif /* KEYRINGS_KEYRING_H */
