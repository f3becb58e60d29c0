// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links: that a ring holds a key. A link is known to both sides, so that a
 * dying key leaves its rings in time proportional to its own links.
 *
 * Order of locks: ring, (second ring,) nesting_lock, key. Who could still be
 * inside a link when it is freed: readers under RCU that found it from the ring
 * or from the key; it is freed a grace period after both forgot it. The first
 * link of a key lives in the key and is freed with it; when it is dropped
 * earlier it is not used again, because readers may still be on it.
 */
#include <keyrings/keyring.h>

#include <linux/mm.h>
#include <linux/slab.h>

#include "ring_internal.h"

static struct kmem_cache *more_link_cache, *ring_link_cache;

/* Serialises the making of links between rings, so that no two close a cycle. */
static DEFINE_MUTEX(nesting_lock);

struct wanted {
	const struct kr_key_type *type;
	const char *desc;
};

static bool match_desc(const struct kr_store_node *node, const void *arg)
{
	const struct kr_key *key = container_of_const(node, struct kr_link, node)->key;
	const struct wanted *wanted = arg;

	return key->type == wanted->type && !strcmp(key->desc, wanted->desc);
}

static bool match_key(const struct kr_store_node *node, const void *arg)
{
	return container_of_const(node, struct kr_link, node)->key == arg;
}

struct kr_link *kr_link_find(struct kr_ring *ring, const struct kr_key_type *type,
			     const char *desc, u32 hash)
{
	const struct wanted wanted = { .type = type, .desc = desc };
	struct kr_store_node *node = kr_store_find(&ring->links, hash, match_desc, &wanted);

	return node ? container_of(node, struct kr_link, node) : NULL;
}

struct kr_link *kr_link_find_key(struct kr_ring *ring, const struct kr_key *key)
{
	struct kr_store_node *node = kr_store_find(&ring->links, key->hash, match_key, key);

	return node ? container_of(node, struct kr_link, node) : NULL;
}

static struct kr_ring_link *ring_link_of(struct kr_link *link)
{
	return container_of(link, struct kr_ring_link, link);
}

static struct kr_more_link *more_link_of(struct kr_link *link)
{
	return container_of(link, struct kr_more_link, link);
}

static struct kr_link *first_link_of(struct kr_key *key)
{
	return &container_of(key, struct kr_leaf, key)->first;
}

static struct kr_link *link_alloc(struct kr_key *key)
{
	struct kr_ring_link *ring_link;
	struct kr_more_link *more_link;

	if (kr_key_is_ring(key)) {
		ring_link = kmem_cache_alloc(ring_link_cache, GFP_KERNEL);
		return ring_link ? &ring_link->link : NULL;
	}
	if (!test_and_set_bit(KR_KEY_FIRST_LINK, &key->flags))
		return first_link_of(key);
	more_link = kmem_cache_alloc(more_link_cache, GFP_KERNEL);
	return more_link ? &more_link->link : NULL;
}

static void more_link_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(more_link_cache, container_of(rcu, struct kr_more_link, rcu));
}

static void ring_link_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(ring_link_cache, container_of(rcu, struct kr_ring_link, rcu));
}

/* Both sides have forgotten the link. The first link of a key goes with the key. */
static void link_free(struct kr_link *link, struct kr_key *key)
{
	if (kr_key_is_ring(key))
		call_rcu(&ring_link_of(link)->rcu, ring_link_free_rcu);
	else if (link != first_link_of(key))
		call_rcu(&more_link_of(link)->rcu, more_link_free_rcu);
}

/*
 * The order of links, in which a ring is read and its child rings are searched,
 * is one that programs have got used to: of the first sixteen links the first
 * comes first and the others latest first. Links beyond these come after them.
 */
#define NO_SLOT	0xff

static u8 take_slot(struct kr_ring *ring)
{
	u16 unused = ~ring->slots;
	u8 slot;

	if (!unused)
		return NO_SLOT;
	slot = ring->slots ? fls(unused) - 1 : 0;
	ring->slots |= BIT(slot);
	return slot;
}

static void give_slot(struct kr_ring *ring, u8 slot)
{
	if (slot != NO_SLOT)
		ring->slots &= ~BIT(slot);
}

static void add_child(struct kr_ring *ring, struct kr_ring_link *child)
{
	struct kr_ring_link *at, *before = NULL;

	hlist_for_each_entry(at, &ring->children, sibling) {
		if (at->link.node.tag >= child->link.node.tag)
			break;
		before = at;
	}
	if (before)
		hlist_add_behind_rcu(&child->sibling, &before->sibling);
	else
		hlist_add_head_rcu(&child->sibling, &ring->children);
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
	/* What admits nothing needs no look at the key. */
	if (ring->restriction == &kr_restriction_all)
		return -EPERM;

	edit->ring = ring;
	edit->from = NULL;
	edit->link = NULL;
	edit->displaced = kr_link_find(ring, type, desc, hash);
	edit->charged = !edit->displaced;
	return edit->charged ? charge_link(ring, 1) : 0;
}

int kr_edit_reserve(struct kr_edit *edit, struct kr_key *key)
{
	edit->link = link_alloc(key);
	edit->key = key;
	return edit->link ? 0 : -ENOMEM;
}

void kr_edit_cancel(struct kr_edit *edit)
{
	if (edit->link)
		link_free(edit->link, edit->key);
	if (edit->charged)
		charge_link(edit->ring, -1);
}

/* Let the key know the link, unless the key is to disappear. */
static bool attach_to_key(struct kr_link *link, struct kr_key *key)
{
	bool live;

	spin_lock(&key->lock);
	live = !test_bit(KR_KEY_INVALIDATED, &key->flags);
	if (live) {
		link->key = kr_key_get(key);
		hlist_add_head_rcu(&link->back, &key->links);
	}
	spin_unlock(&key->lock);
	return live;
}

/* The ring has forgotten the link: let the key forget it, and free it. */
static void retire(struct kr_link *link)
{
	struct kr_key *key = link->key;

	spin_lock(&key->lock);
	hlist_del_rcu(&link->back);
	spin_unlock(&key->lock);
	if (kr_key_is_ring(key))
		hlist_del_rcu(&ring_link_of(link)->sibling);
	link_free(link, key);
}

/* Those who watch both rings of a move learn of both in this order. */
static void tell_linked(const struct kr_edit *edit, const struct kr_key *key)
{
	if (edit->from)
		kr_key_notify(&edit->from->key, NOTIFY_KEY_UNLINKED, key->serial);
	kr_key_notify(&edit->ring->key, NOTIFY_KEY_LINKED, key->serial);
}

/*
 * Both sides know the link after this; what it displaced is dropped. That comes
 * after the news: when the key in it ends, those who watch that one are told, too.
 */
static void enter_link(struct kr_edit *edit, struct kr_link *link)
{
	struct kr_link *old = edit->displaced;
	struct kr_ring *ring = edit->ring;
	struct kr_key *old_key;

	link->node.tag = old ? old->node.tag : take_slot(ring);
	if (kr_key_is_ring(link->key))
		add_child(ring, ring_link_of(link));
	if (!old) {
		kr_store_add(&ring->links, &link->node, link->key->hash);
		tell_linked(edit, link->key);
		return;
	}
	kr_store_replace(&ring->links, &old->node, &link->node);
	tell_linked(edit, link->key);
	old_key = old->key;
	retire(old);
	kr_key_put(old_key);
}

/* -ENOMEM, or -ENOKEY when the key was invalidated meanwhile: then the edit is cancelled. */
int kr_edit_commit(struct kr_edit *edit, struct kr_key *key)
{
	int ret;

	lockdep_assert_held(&edit->ring->lock);
	ret = edit->link ? 0 : kr_edit_reserve(edit, key);
	if (ret)
		goto err_cancel;
	edit->link->ring = edit->ring;
	ret = -ENOKEY;
	if (!attach_to_key(edit->link, key))
		goto err_cancel;
	enter_link(edit, edit->link);
	return 0;

err_cancel:
	kr_edit_cancel(edit);
	return ret;
}

void kr_link_drop(struct kr_ring *ring, struct kr_link *link)
{
	struct kr_key *key = link->key;

	kr_store_remove(&ring->links, &link->node);
	give_slot(ring, link->node.tag);
	charge_link(ring, -1);
	retire(link);
	kr_key_put(key);
}

static void drop_drained(struct kr_store_node *node, void *arg)
{
	struct kr_link *link = container_of(node, struct kr_link, node);
	struct kr_key *key = link->key;
	struct llist_head *dying = arg;

	retire(link);
	if (!refcount_dec_and_test(&key->usage))
		return;
	/* A tree of rings ends one ring at a time, not by recursion. */
	if (kr_key_is_ring(key))
		__llist_add(&key->dying, dying);
	else
		kr_key_end(key);
}

/* Caller holds the ring's lock, or the ring has ended. */
void kr_link_drop_all(struct kr_ring *ring, struct llist_head *dying)
{
	lockdep_assert(lockdep_is_held(&ring->lock) || !refcount_read(&ring->key.usage));
	kr_store_drain(&ring->links, drop_drained, dying);
	ring->slots = 0;

	spin_lock(&ring->key.lock);
	kr_key_set_payload_quota(&ring->key, 0);
	spin_unlock(&ring->key.lock);
}

static void lock_nesting(const struct kr_key *key)
{
	if (kr_key_is_ring(key))
		mutex_lock(&nesting_lock);
}

static void unlock_nesting(const struct kr_key *key)
{
	if (kr_key_is_ring(key))
		mutex_unlock(&nesting_lock);
}

/*
 * Make the link, for a move out of @from if there is one; the caller holds the
 * lock of each ring and that of nesting.
 */
static int link_locked(struct kr_ring *ring, struct kr_key *key, struct kr_ring *from,
		       bool exclusive)
{
	struct kr_edit edit;
	int ret;

	lockdep_assert_held(&ring->lock);
	if (kr_key_is_ring(key))
		lockdep_assert_held(&nesting_lock);
	ret = kr_edit_prepare(&edit, ring, key->type, key->desc, key->hash);
	if (ret)
		return ret;
	edit.from = from;
	if (exclusive && edit.displaced)
		ret = -EEXIST;
	else
		ret = kr_ring_admits_key(ring, key);
	if (!ret && kr_key_is_ring(key))
		ret = kr_ring_check_nesting(ring, kr_ring_of(key));
	if (ret) {
		kr_edit_cancel(&edit);
		return ret;
	}
	/* The same key again is the same link, and news all the same. */
	if (edit.displaced && edit.displaced->key == key) {
		tell_linked(&edit, key);
		kr_edit_cancel(&edit);
		return 0;
	}
	return kr_edit_commit(&edit, key);
}

int kr_ring_link(struct kr_key *ring_key, struct kr_key *key)
{
	struct kr_ring *ring = kr_ring_of(ring_key);
	int ret;

	might_sleep();
	if (!kr_key_is_ring(ring_key))
		return -ENOTDIR;

	mutex_lock(&ring->lock);
	lock_nesting(key);
	ret = link_locked(ring, key, NULL, false);
	unlock_nesting(key);
	mutex_unlock(&ring->lock);
	return ret;
}

/* Caller holds the ring's lock. */
static int unlink_locked(struct kr_ring *ring, struct kr_key *key)
{
	struct kr_link *link;

	lockdep_assert_held(&ring->lock);
	link = kr_link_find_key(ring, key);
	if (!link)
		return -ENOENT;
	kr_link_drop(ring, link);
	return 0;
}

int kr_ring_unlink(struct kr_key *ring_key, struct kr_key *key)
{
	struct kr_ring *ring = kr_ring_of(ring_key);
	int ret;

	might_sleep();
	if (!kr_key_is_ring(ring_key))
		return -ENOTDIR;

	mutex_lock(&ring->lock);
	ret = unlink_locked(ring, key);
	if (!ret)
		kr_key_notify(ring_key, NOTIFY_KEY_UNLINKED, key->serial);
	mutex_unlock(&ring->lock);
	return ret;
}

static void lock_two(struct kr_ring *a, struct kr_ring *b)
{
	mutex_lock(a < b ? &a->lock : &b->lock);
	mutex_lock_nested(a < b ? &b->lock : &a->lock, SINGLE_DEPTH_NESTING);
}

static int move_locked(struct kr_key *key, struct kr_ring *from, struct kr_ring *to, bool exclusive)
{
	struct kr_link *link = kr_link_find_key(from, key);
	int ret;

	if (!link)
		return -ENOENT;
	ret = link_locked(to, key, from, exclusive);
	if (!ret)
		kr_link_drop(from, link);
	return ret;
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

static void end_all(struct llist_head *dying)
{
	struct llist_node *node;

	while ((node = llist_del_first(dying)))
		kr_key_end(llist_entry(node, struct kr_key, dying));
}

void kr_link_drop_and_end(struct kr_ring *ring, bool cleared)
{
	LLIST_HEAD(dying);

	mutex_lock(&ring->lock);
	/* First: keys that end now tell those who watch them so. */
	if (cleared)
		kr_key_notify(&ring->key, NOTIFY_KEY_CLEARED, 0);
	kr_link_drop_all(ring, &dying);
	mutex_unlock(&ring->lock);
	end_all(&dying);
}

int kr_ring_clear(struct kr_key *ring_key)
{
	might_sleep();
	if (!kr_key_is_ring(ring_key))
		return -ENOTDIR;
	kr_link_drop_and_end(kr_ring_of(ring_key), true);
	return 0;
}

/* Some ring that holds the key, with a reference; NULL when none does. */
static struct kr_ring *some_holder(struct kr_key *key)
{
	struct kr_ring *ring = NULL;
	struct kr_link *link;

	rcu_read_lock();
	hlist_for_each_entry_rcu(link, &key->links, back) {
		/* A ring that has ended drops its links itself. */
		if (kr_key_tryget(&link->ring->key)) {
			ring = link->ring;
			break;
		}
	}
	rcu_read_unlock();
	return ring;
}

/* Nobody asked for it: those who watch the rings are not told. */
void kr_ring_forget_key(struct kr_key *key)
{
	struct kr_ring *ring;

	while ((ring = some_holder(key))) {
		mutex_lock(&ring->lock);
		unlink_locked(ring, key);
		mutex_unlock(&ring->lock);
		kr_key_put(&ring->key);
	}
}

void kr_ring_invalidate(struct kr_key *key)
{
	bool again;

	/* No link is made after this: see attach_to_key(). */
	spin_lock(&key->lock);
	again = test_and_set_bit(KR_KEY_INVALIDATED, &key->flags);
	spin_unlock(&key->lock);
	if (!again)
		kr_key_notify(key, NOTIFY_KEY_INVALIDATED, 0);
	kr_ring_forget_key(key);
	kr_key_sync(key);
}

#define READ_STACK	64	/* serials that need no allocation */

struct reading {
	s32 *serials;
	unsigned int slots;
	unsigned int count;
};

static bool read_one(struct kr_store_node *node, void *arg)
{
	const struct kr_link *link = container_of(node, struct kr_link, node);
	struct reading *reading = arg;
	unsigned int at;

	if (node->tag == NO_SLOT)
		at = reading->count++;
	else
		at = hweight16(reading->slots & (BIT(node->tag) - 1));
	reading->serials[at] = link->key->serial;
	return true;
}

/* The serials in the ring, into an array of at least that many. */
static void ring_serials(struct kr_ring *ring, s32 *serials)
{
	struct reading reading = {
		.serials = serials,
		.slots	 = ring->slots,
		.count	 = hweight16(ring->slots),
	};

	lockdep_assert_held(&ring->lock);
	kr_store_each(&ring->links, read_one, &reading);
}

static long read_locked(struct kr_ring *ring, const struct kr_buf *buf, s32 *stack, s32 **serials)
{
	size_t bytes = ring->links.count * sizeof(s32);

	if (bytes > buf->len || !bytes)
		return bytes;
	*serials = stack;
	if (ring->links.count > READ_STACK) {
		*serials = kvmalloc(bytes, GFP_KERNEL);
		if (!*serials)
			return -ENOMEM;
	}
	ring_serials(ring, *serials);
	return bytes;
}

long kr_ring_read(struct kr_key *key, const struct kr_buf *buf)
{
	struct kr_ring *ring = kr_ring_of(key);
	s32 stack[READ_STACK], *serials = NULL;
	long ret;

	might_sleep();
	if (buf->len % sizeof(s32))
		return -EINVAL;

	mutex_lock(&ring->lock);
	ret = read_locked(ring, buf, stack, &serials);
	mutex_unlock(&ring->lock);

	if (serials) {
		if (kr_buf_write(buf, 0, serials, ret))
			ret = -EFAULT;
		if (serials != stack)
			kvfree(serials);
	}
	return ret;
}

int kr_link_init(void)
{
	more_link_cache = kmem_cache_create("kr_link", sizeof(struct kr_more_link), 0, 0, NULL);
	if (!more_link_cache)
		return -ENOMEM;
	ring_link_cache = kmem_cache_create("kr_ring_link", sizeof(struct kr_ring_link), 0, 0, NULL);
	if (!ring_link_cache) {
		kmem_cache_destroy(more_link_cache);
		return -ENOMEM;
	}
	return 0;
}

void kr_link_exit(void)
{
	kmem_cache_destroy(ring_link_cache);
	kmem_cache_destroy(more_link_cache);
}
