// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links: that a ring holds a key. A link is known to both sides, so that a
 * dying key leaves its rings in time proportional to its own links; it has no
 * object of its own. What the ring keeps is in places.c, what the key keeps in
 * holders.c.
 *
 * Order of locks: ring, (second ring,) nesting_lock, key. A link holds a
 * reference on the key. It is attached to the key first and then put into the
 * ring; it leaves the ring first, then the key, then the reference is dropped.
 * So who could still be inside a key that dies: readers under RCU that found it
 * in a ring before it left that; the key's memory waits for them.
 */
#include <keyrings/keyring.h>

#include <linux/sched.h>

#include "ring_internal.h"

atomic_long_t kr_link_removals = ATOMIC_LONG_INIT(0);

/* Serialises the making of links between rings, so that no two close a cycle. */
static DEFINE_MUTEX(nesting_lock);

/*
 * A ring whose last link gave way to another ring of its name; under nesting_lock. Nobody
 * holds it any more: whoever gives that lock back ends it then, with all below it.
 */
static struct kr_key *displaced_ring;

struct wanted {
	const struct kr_key_type *type;
	const char *desc;
	u32 hash;
};

static bool match_desc(const void *object, const void *arg)
{
	const struct kr_key *key = object;
	const struct wanted *wanted = arg;

	return key->hash == wanted->hash && key->type == wanted->type &&
	       !strcmp(key->desc, wanted->desc);
}

static bool match_key(const void *object, const void *arg)
{
	return object == arg;
}

struct kr_key *kr_link_find(const struct kr_ring *ring, const struct kr_key_type *type,
			    const char *desc, u32 hash)
{
	const struct wanted wanted = { .type = type, .desc = desc, .hash = hash };

	return kr_links_find(ring, type == kr_key_ring_type, hash, match_desc, &wanted);
}

struct kr_key *kr_link_find_key(const struct kr_ring *ring, const struct kr_key *key)
{
	return kr_links_find(ring, kr_key_is_ring(key), key->hash, match_key, key);
}

static int charge_link(struct kr_ring *ring, int links)
{
	int ret;

	spin_lock(&ring->key.lock);
	ret = kr_key_set_payload_quota(&ring->key, ring->key.datalen + links * (int)KR_LINK_BYTES);
	spin_unlock(&ring->key.lock);
	return ret;
}

/*
 * Prepare a link for a key of this type and description. Caller holds the
 * ring's lock; on success kr_edit_commit() or kr_edit_cancel() must follow.
 */
int kr_edit_prepare(struct kr_edit *edit, struct kr_ring *ring, const struct kr_key_type *type,
		    const char *desc, u32 hash)
{
	lockdep_assert_held(&ring->lock);
	if (test_bit(KR_KEY_REVOKED, &ring->key.flags))
		return -EKEYREVOKED;

	edit->ring = ring;
	edit->type = type;
	edit->moves = false;
	edit->key = NULL;
	edit->placed = false;
	edit->displaced = kr_link_find(ring, type, desc, hash);
	edit->charged = !edit->displaced;
	return edit->charged ? charge_link(ring, 1) : 0;
}

static int reserve_place(struct kr_edit *edit)
{
	int ret;

	if (edit->displaced || edit->placed)
		return 0;
	ret = kr_places_reserve(edit->ring, edit->type);
	edit->placed = !ret;
	return ret;
}

static int reserve_holder(struct kr_edit *edit, struct kr_key *key)
{
	bool reserved;
	int ret = kr_holders_reserve(key, &reserved);

	if (reserved)
		edit->key = key;
	return ret;
}

int kr_edit_reserve(struct kr_edit *edit, struct kr_key *key)
{
	return reserve_place(edit) ?: reserve_holder(edit, key);
}

void kr_edit_cancel(struct kr_edit *edit)
{
	if (edit->key)
		kr_holders_cancel(edit->key);
	if (edit->placed)
		kr_places_cancel(edit->ring, edit->type);
	if (edit->charged)
		charge_link(edit->ring, -1);
}

/*
 * Let the key know the ring, unless the key is to disappear: -ENOKEY. -EAGAIN
 * when there is no place.
 */
static int attach_once(struct kr_edit *edit, struct kr_key *key)
{
	int ret = 0;

	spin_lock(&key->lock);
	if (READ_ONCE(key->flags) & (BIT(KR_KEY_INVALIDATED) | BIT(KR_KEY_DEAD)))
		ret = -ENOKEY;
	else if (!kr_holders_add(key, &edit->ring->key, edit->key))
		ret = -EAGAIN;
	else
		kr_key_get(key);
	spin_unlock(&key->lock);
	return ret;
}

static int attach_to_key(struct kr_edit *edit, struct kr_key *key)
{
	int ret;

	while ((ret = attach_once(edit, key)) == -EAGAIN) {
		ret = reserve_holder(edit, key);
		if (ret)
			break;
	}
	if (!ret)
		edit->key = NULL;	/* what was reserved is in use */
	return ret;
}

/* The ring has forgotten the link: let the key forget it. */
static void retire(struct kr_ring *ring, struct kr_key *key)
{
	spin_lock(&key->lock);
	kr_holders_remove(key, &ring->key);
	spin_unlock(&key->lock);
}

/*
 * The same, and the link's reference is dropped. True when it was the last one:
 * the key is to be ended. A key that only this ring has is nobody's but ours when
 * the count has gone from 1 to 0: no need to keep others out of it.
 */
static bool let_go(struct kr_ring *ring, struct kr_key *key)
{
	if (READ_ONCE(key->holders.first) == &ring->key && refcount_dec_if_one(&key->usage)) {
		smp_acquire__after_ctrl_dep();	/* as refcount_dec_and_test() */
		WRITE_ONCE(key->holders.first, NULL);
		return true;
	}
	retire(ring, key);
	return refcount_dec_and_test(&key->usage);
}

/* Of a move is told when the key has left the other ring, too. */
static void tell_linked(const struct kr_edit *edit, const struct kr_key *key)
{
	if (!edit->moves)
		kr_key_notify(&edit->ring->key, NOTIFY_KEY_LINKED, key->serial);
}

/*
 * The link is still there, and so is any that was made before, where its key is to be from
 * now on: pairs with kr_look_again().
 */
static void count_removal(void)
{
	smp_mb__before_atomic();
	atomic_long_inc(&kr_link_removals);
	smp_mb__after_atomic();
}

/*
 * The key knows the ring: let the ring know the key. What is displaced is
 * dropped. The news comes after that: who has it finds things so.
 */
static void enter_link(struct kr_edit *edit, struct kr_key *key)
{
	struct kr_key *old = edit->displaced;
	bool last = false;

	if (!old) {
		kr_places_add(edit->ring, key);
	} else {
		count_removal();
		kr_places_replace(edit->ring, old, key);
		last = let_go(edit->ring, old);
	}
	tell_linked(edit, key);
	if (!last)
		return;
	if (kr_key_is_ring(old)) {
		lockdep_assert_held(&nesting_lock);
		displaced_ring = old;
	} else {
		kr_key_end(old);
	}
}

/*
 * A key whose time is over may have been taken out of all rings before it came to
 * this one. Then it has no deadline any more: it gets a new one, also if the clock was
 * set back and its time is still to come.
 */
static void renew_deadline(struct kr_key *key)
{
	smp_mb();	/* the link, then the deadline; the reaper takes that and looks for links */
	if (READ_ONCE(key->deadline))
		return;
	if (unlikely(READ_ONCE(key->expiry) != KR_NEVER))
		kr_key_queue_anew(key);
}

/*
 * -ENOMEM, or -ENOKEY when the key was invalidated or its type went meanwhile: then the
 * edit is cancelled.
 */
int kr_edit_commit(struct kr_edit *edit, struct kr_key *key)
{
	int ret;

	lockdep_assert_held(&edit->ring->lock);
	ret = reserve_place(edit) ?: attach_to_key(edit, key);
	if (ret) {
		kr_edit_cancel(edit);
		return ret;
	}
	enter_link(edit, key);
	renew_deadline(key);
	return 0;
}

static void link_drop(struct kr_ring *ring, struct kr_key *key)
{
	kr_places_remove(ring, key);
	charge_link(ring, -1);
	if (let_go(ring, key))
		kr_key_end(key);
}

#define DROPS_AT_A_TIME	64

struct dropping {
	struct kr_ring *ring;
	struct kr_ending *ending;
	unsigned int dropped;
};

static void drop_taken(struct kr_key *key, void *arg)
{
	struct dropping *dropping = arg;

	if (let_go(dropping->ring, key))
		kr_key_end_with(key, dropping->ending);
	if (!(++dropping->dropped % DROPS_AT_A_TIME))
		cond_resched();
}

static void drop_each(struct kr_ring *ring, unsigned long links, struct kr_ending *ending)
{
	struct dropping dropping = { .ring = ring, .ending = ending };

	kr_places_each(links, drop_taken, &dropping);
	spin_lock(&ring->key.lock);
	kr_key_set_payload_quota(&ring->key, 0);
	spin_unlock(&ring->key.lock);
}

void kr_link_drop_all(struct kr_ring *ring, struct kr_ending *ending)
{
	unsigned long links;

	might_sleep();
	if (!refcount_read(&ring->key.usage)) {
		/* Readers may be in the ring to its end: what they look at stays. */
		drop_each(ring, ring->links, ending);
		return;
	}
	lockdep_assert_held(&ring->lock);
	/*
	 * To those who look it becomes empty by this bit, at one moment; the keys forget the ring
	 * one after the other.
	 */
	set_bit(KR_KEY_EMPTYING, &ring->key.flags);
	smp_mb__after_atomic();
	links = kr_places_take(ring);
	drop_each(ring, links, ending);
	clear_bit_unlock(KR_KEY_EMPTYING, &ring->key.flags);
	kr_places_free_later(links);
}

static void lock_nesting(const struct kr_key *key)
{
	if (kr_key_is_ring(key))
		mutex_lock(&nesting_lock);
}

static void unlock_nesting(const struct kr_key *key)
{
	struct kr_key *displaced = NULL;

	if (!kr_key_is_ring(key))
		return;
	swap(displaced, displaced_ring);
	mutex_unlock(&nesting_lock);
	if (displaced)
		kr_key_end(displaced);
}

/* How to link */
#define EXCLUSIVE	BIT(0)	/* displace nothing */
#define ANY_DEPTH	BIT(1)	/* where there can be no cycle, do not look for one */
#define MOVE		BIT(2)	/* out of another ring */

/* No ring holds this one, nor can one until the lock of nesting is given back. */
static bool is_topmost(const struct kr_ring *ring)
{
	const struct kr_holders *holders = &ring->key.holders;

	lockdep_assert_held(&nesting_lock);
	return !READ_ONCE(holders->first) && !READ_ONCE(holders->more);
}

static int check_tree(const struct kr_ring *ring, struct kr_key *key, unsigned int how)
{
	if (!kr_key_is_ring(key))
		return 0;
	if (how & ANY_DEPTH && &ring->key != key && is_topmost(ring))
		return 0;
	return kr_ring_check_nesting(ring, kr_ring_of(key));
}

/* Make the link; the caller holds the lock of each ring and that of nesting. */
static int link_locked(struct kr_ring *ring, struct kr_key *key, unsigned int how)
{
	struct kr_edit edit;
	int ret;

	lockdep_assert_held(&ring->lock);
	if (kr_key_is_ring(key))
		lockdep_assert_held(&nesting_lock);
	ret = kr_edit_prepare(&edit, ring, key->type, key->desc, key->hash);
	if (ret)
		return ret;
	edit.moves = how & MOVE;
	if (how & EXCLUSIVE && edit.displaced)
		ret = -EEXIST;
	else
		ret = kr_ring_admits_key(ring, key);
	ret = ret ?: check_tree(ring, key, how);
	if (ret) {
		kr_edit_cancel(&edit);
		return ret;
	}
	/* The same key again is the same link, and news all the same. */
	if (edit.displaced == key) {
		tell_linked(&edit, key);
		kr_edit_cancel(&edit);
		return 0;
	}
	return kr_edit_commit(&edit, key);
}

/*
 * A new ring has a serial number already: who guessed it may have linked the
 * ring it is for into it.
 */
int kr_edit_commit_new(struct kr_edit *edit, struct kr_key *key)
{
	int ret = 0;

	lock_nesting(key);
	if (kr_key_is_ring(key))
		ret = kr_ring_check_nesting(edit->ring, kr_ring_of(key));
	if (ret)
		kr_edit_cancel(edit);
	else
		ret = kr_edit_commit(edit, key);
	unlock_nesting(key);
	return ret;
}

void kr_ring_lock(struct kr_key *ring)
{
	if (kr_key_is_ring(ring))
		mutex_lock(&kr_ring_of(ring)->lock);
}

void kr_ring_unlock(struct kr_key *ring)
{
	if (kr_key_is_ring(ring))
		mutex_unlock(&kr_ring_of(ring)->lock);
}

int kr_ring_link_locked(struct kr_key *ring, struct kr_key *key)
{
	might_sleep();
	if (!kr_key_is_ring(ring))
		return -ENOTDIR;
	if (WARN_ON_ONCE(kr_key_is_ring(key)))
		return -EINVAL;
	return link_locked(kr_ring_of(ring), key, 0);
}

static int link_how(struct kr_key *ring_key, struct kr_key *key, unsigned int how)
{
	struct kr_ring *ring = kr_ring_of(ring_key);
	int ret;

	might_sleep();
	if (!kr_key_is_ring(ring_key))
		return -ENOTDIR;

	mutex_lock(&ring->lock);
	lock_nesting(key);
	ret = link_locked(ring, key, how);
	unlock_nesting(key);
	mutex_unlock(&ring->lock);
	return ret;
}

int kr_ring_link(struct kr_key *ring, struct kr_key *key)
{
	return link_how(ring, key, 0);
}

int kr_ring_link_any_depth(struct kr_key *ring, struct kr_key *key)
{
	return link_how(ring, key, ANY_DEPTH);
}

int kr_link_remove(struct kr_ring *ring, struct kr_key *key)
{
	lockdep_assert_held(&ring->lock);
	if (!kr_link_find_key(ring, key))
		return -ENOENT;
	link_drop(ring, key);
	return 0;
}

unsigned int kr_link_remove_run(struct kr_ring *ring, struct kr_key **keys, unsigned int count)
{
	unsigned int i, last = 0;

	lockdep_assert_held(&ring->lock);
	for (i = 0; i < count; i++)
		kr_places_remove(ring, keys[i]);
	charge_link(ring, -(int)count);
	for (i = 0; i < count; i++) {
		refcount_dec(&keys[i]->usage);	/* the link's is left */
		if (let_go(ring, keys[i]))
			keys[last++] = keys[i];
	}
	return last;
}

int kr_ring_unlink(struct kr_key *ring_key, struct kr_key *key)
{
	struct kr_ring *ring = kr_ring_of(ring_key);
	int ret = -ENOENT;

	might_sleep();
	if (!kr_key_is_ring(ring_key))
		return -ENOTDIR;

	mutex_lock(&ring->lock);
	if (kr_link_find_key(ring, key)) {
		count_removal();
		link_drop(ring, key);
		kr_key_notify(ring_key, NOTIFY_KEY_UNLINKED, key->serial);
		ret = 0;
	}
	mutex_unlock(&ring->lock);
	return ret;
}

/* Two rings that are not the same. */
static void lock_two(struct kr_ring *a, struct kr_ring *b)
{
	mutex_lock(&min(a, b)->lock);
	mutex_lock_nested(&max(a, b)->lock, SINGLE_DEPTH_NESTING);
}

static int move_locked(struct kr_key *key, struct kr_ring *from, struct kr_ring *to, bool exclusive)
{
	int ret;

	if (!kr_link_find_key(from, key))
		return -ENOENT;
	ret = link_locked(to, key, MOVE | (exclusive ? EXCLUSIVE : 0));
	if (ret)
		return ret;
	count_removal();
	link_drop(from, key);
	kr_key_notify(&from->key, NOTIFY_KEY_UNLINKED, key->serial);
	kr_key_notify(&to->key, NOTIFY_KEY_LINKED, key->serial);
	return 0;
}

int kr_ring_move(struct kr_key *key, struct kr_key *from_key, struct kr_key *to_key, bool exclusive)
{
	struct kr_ring *from = kr_ring_of(from_key), *to = kr_ring_of(to_key);
	int ret;

	might_sleep();
	if (from_key == to_key)
		return 0;
	if (!kr_key_is_ring(from_key) || !kr_key_is_ring(to_key))
		return -ENOTDIR;

	lock_two(from, to);
	lock_nesting(key);
	ret = move_locked(key, from, to, exclusive);
	unlock_nesting(key);
	mutex_unlock(&from->lock);
	mutex_unlock(&to->lock);
	return ret;
}

void kr_link_drop_and_end(struct kr_ring *ring, bool cleared)
{
	struct kr_ending ending = {};

	mutex_lock(&ring->lock);
	count_removal();
	kr_link_drop_all(ring, &ending);
	if (cleared)
		kr_key_notify(&ring->key, NOTIFY_KEY_CLEARED, 0);
	mutex_unlock(&ring->lock);
	kr_ending_finish(&ending);
}

int kr_ring_clear(struct kr_key *ring_key)
{
	might_sleep();
	if (!kr_key_is_ring(ring_key))
		return -ENOTDIR;
	kr_link_drop_and_end(kr_ring_of(ring_key), true);
	return 0;
}
