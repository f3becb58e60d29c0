// SPDX-License-Identifier: GPL-2.0-only
/* Adding a key to a ring, and updating a key: add_key(2), KEYCTL_UPDATE. */
#include <keyrings/keyring.h>

#include <linux/slab.h>
#include <linux/string.h>

#include "ring_internal.h"

/* What a new key grants when its maker does not say: add_key(2). */
u32 kr_ring_default_perm(const struct kr_key_type *type)
{
	u32 perm = KR_POS(KR_VIEW | KR_SEARCH | KR_LINK | KR_SETATTR) | KR_USR(KR_VIEW);

	if (type->read)
		perm |= KR_POS(KR_READ);
	if (type == kr_key_ring_type || type->update)
		perm |= KR_POS(KR_WRITE);
	return perm;
}

static struct kr_key *new_key(const struct kr_key_type *type, struct kr_prep *prep,
			      const struct cred *actor)
{
	u32 perm = kr_ring_default_perm(type);
	struct kr_key *key;
	int ret;

	/* A ring is instantiated by being made. */
	if (type == kr_key_ring_type)
		return kr_ring_alloc(prep->desc, actor->fsuid, actor->fsgid, actor->user_ns, perm,
				     KR_ALLOC_IN_QUOTA);

	key = kr_key_alloc(type, prep->desc, actor->fsuid, actor->fsgid, perm, KR_ALLOC_IN_QUOTA);
	if (IS_ERR(key))
		return key;
	ret = kr_key_instantiate(key, prep);
	if (!ret && prep->expiry != KR_NEVER)
		ret = kr_key_set_expiry(key, prep->expiry);
	if (ret) {
		kr_key_put(key);
		return ERR_PTR(ret);
	}
	return key;
}

/* Such a key is displaced, not updated. */
static bool has_ended(const struct kr_key *key)
{
	return READ_ONCE(key->flags) & (BIT(KR_KEY_REVOKED) | BIT(KR_KEY_INVALIDATED));
}

/* The key that an add updates instead of displacing it, with a reference. */
static struct kr_key *key_to_update(const struct kr_edit *edit, const struct kr_key_type *type)
{
	struct kr_key *key;

	if (!type->update || !edit->displaced)
		return NULL;
	key = edit->displaced;
	return has_ended(key) ? NULL : kr_key_get(key);
}

static int update(struct kr_key *key, struct kr_prep *prep)
{
	int ret = key->type->update(key, prep);

	/* A negative key becomes what the update made of it. */
	if (!ret && kr_key_state(key) != KR_POSITIVE)
		kr_key_set_state(key, KR_POSITIVE);
	return ret;
}

static void tell_updated(struct kr_key *key)
{
	kr_key_sync(key);
	kr_key_notify(key, NOTIFY_KEY_UPDATED, 0);
}

/* With the ring charged: what it is restricted to comes first, then who asks. */
static int may_add(const struct kr_key_ref *ring, const struct kr_prep *prep,
		   const struct cred *actor)
{
	struct kr_ring *to = kr_ring_of(ring->key);
	int ret;

	if (prep->deferred)
		ret = kr_ring_admits_type(to, prep->type);
	else
		ret = kr_ring_admits(to, prep->type, prep->payload);
	if (!ret && !kr_key_permits(ring->key, ring->possessed, actor, KR_WRITE))
		ret = -EACCES;
	return ret;
}

/* What only the key that was made, or is there, can be asked for. */
static int admits_deferred(struct kr_key *ring, const struct kr_prep *prep,
			   struct kr_key *key)
{
	return prep->deferred ? kr_ring_admits_key(kr_ring_of(ring), key) : 0;
}

#define ADD_UPDATES	1	/* no error */

/*
 * With the ring locked: link a new key and return 0, or return ADD_UPDATES and in
 * @out the key that is to be updated.
 */
static int add_locked(const struct kr_key_ref *ring, const struct kr_key_type *type,
		      struct kr_prep *prep, const struct cred *actor, struct kr_key_ref *out)
{
	struct kr_edit edit;
	struct kr_key *key;
	int ret;

	ret = kr_edit_prepare(&edit, kr_ring_of(ring->key), type, prep->desc,
			      kr_key_hash(type, prep->desc, strlen(prep->desc)));
	if (ret)
		return ret;

	ret = may_add(ring, prep, actor);
	if (ret)
		goto err_cancel;

	out->possessed = ring->possessed;
	out->key = key_to_update(&edit, type);
	if (out->key) {
		ret = admits_deferred(ring->key, prep, out->key) ?: ADD_UPDATES;
		if (ret < 0)
			kr_key_put(out->key);
		goto err_cancel;
	}

	key = new_key(type, prep, actor);
	ret = PTR_ERR(key);
	if (IS_ERR(key))
		goto err_cancel;

	ret = admits_deferred(ring->key, prep, key);
	if (ret)
		goto err_put;
	ret = kr_edit_commit_new(&edit, key);
	if (ret) {
		kr_key_put(key);
		return ret;
	}
	out->key = key;
	return 0;

err_put:
	kr_key_put(key);
err_cancel:
	kr_edit_cancel(&edit);
	return ret;
}

static int update_found(const struct kr_key_ref *found, struct kr_prep *prep,
			const struct cred *actor)
{
	struct kr_key *key = found->key;
	int ret = 0;

	/* A key that is being made is updated when it is made; one that was not is no key. */
	if (test_bit_acquire(KR_KEY_CONSTRUCTING, &key->flags))
		ret = kr_key_wait_made(key);
	if (ret)
		return ret;
	if (!kr_key_permits(key, found->possessed, actor, KR_WRITE))
		return -EACCES;
	return update(key, prep);
}

/*
 * The reaper may be about to take such a key out of the ring: it must do so before the
 * update, or find the key valid.
 */
static bool may_be_revived(const struct kr_key *key)
{
	return key->type->update_revives && READ_ONCE(key->expiry) != KR_NEVER &&
	       !test_bit_acquire(KR_KEY_CONSTRUCTING, &key->flags);
}

/*
 * Most keys are updated when the ring is unlocked, and may end then: the kernel's types may
 * wait for keys that others make in this ring.
 */
static int update_and_unlock(struct mutex *lock, const struct kr_key_ref *found,
			     struct kr_prep *prep, const struct cred *actor)
{
	bool locked = may_be_revived(found->key);
	int ret;

	if (!locked)
		mutex_unlock(lock);
	ret = update_found(found, prep, actor);
	if (locked)
		mutex_unlock(lock);
	if (!ret)
		tell_updated(found->key);
	return ret;
}

static int add_prepared(const struct kr_key_ref *ring, const struct kr_key_type *type,
			struct kr_prep *prep, const struct cred *actor, struct kr_key_ref *out)
{
	struct mutex *lock = &kr_ring_of(ring->key)->lock;
	bool again;
	int ret;

	/* Each turn but the last one met a key that ended in between: it is not met again. */
	do {
		mutex_lock(lock);
		ret = add_locked(ring, type, prep, actor, out);
		if (ret != ADD_UPDATES) {
			mutex_unlock(lock);
			return ret;
		}
		ret = update_and_unlock(lock, out, prep, actor);
		if (!ret)
			return 0;
		again = has_ended(out->key);
		kr_key_put(out->key);
	} while (again);
	return ret;
}

static int preparse(const struct kr_key_type *type, struct kr_prep *prep)
{
	int ret;

	prep->type = type;
	prep->quotalen = type->def_datalen;
	prep->expiry = KR_NEVER;
	ret = type->preparse ? type->preparse(prep) : 0;
	if (!ret && !prep->desc)
		prep->desc = prep->made_desc;
	return ret;
}

static void free_preparse(const struct kr_key_type *type, struct kr_prep *prep)
{
	if (type->free_preparse)
		type->free_preparse(prep);
}

int kr_ring_add_key(const struct kr_key_ref *ring, const struct kr_key_type *type,
		    struct kr_prep *prep, const struct cred *actor, struct kr_key_ref *out)
{
	int ret;

	might_sleep();
	if (!prep->desc && (!type->preparse || type->needs_desc))
		return -EINVAL;
	if (!kr_key_is_ring(ring->key))
		return -ENOTDIR;

	prep->ring = ring->key;
	/* What cannot be an update is made before the ring is looked at. */
	prep->fresh = !type->update;
	ret = preparse(type, prep);
	if (!ret)
		ret = prep->desc ? add_prepared(ring, type, prep, actor, out) : -EINVAL;
	free_preparse(type, prep);
	return ret;
}

int kr_ring_update_key(const struct kr_key_ref *ref, struct kr_prep *prep, const struct cred *actor)
{
	const struct kr_key_type *type = ref->key->type;
	int ret;

	might_sleep();
	if (!kr_key_permits(ref->key, ref->possessed, actor, KR_WRITE))
		return -EACCES;
	if (!type->update)
		return -EOPNOTSUPP;

	prep->desc = ref->key->desc;
	ret = preparse(type, prep);
	if (!ret)
		ret = update(ref->key, prep);
	if (!ret)
		tell_updated(ref->key);
	free_preparse(type, prep);
	return ret;
}

/* Is the key to be linked into the ring, and not there yet? */
static bool link_needed(struct kr_key *ring, const struct kr_key *key)
{
	return ring && !kr_link_find_key(kr_ring_of(ring), key);
}

/* A link that was there before the key was made counts as made with it. */
static void tell_linked_before(const struct kr_key *ring, const struct kr_key *key)
{
	if (ring)
		kr_key_notify(ring, NOTIFY_KEY_LINKED, key->serial);
}

/* The ring, if any, has the link already. */
static int instantiate_linked(struct kr_key *key, struct kr_prep *prep, struct kr_key *ring,
			      bool *made)
{
	int ret;

	if (ring && test_bit(KR_KEY_REVOKED, &ring->flags))
		return -EKEYREVOKED;
	ret = ring ? kr_ring_admits(kr_ring_of(ring), key->type, prep->payload) : 0;
	if (!ret)
		ret = kr_key_instantiate(key, prep);
	*made = !ret;
	if (*made)
		tell_linked_before(ring, key);
	return ret;
}

/* Made or rejected. A key that was invalidated meanwhile is linked nowhere: no error of ours. */
static int link_made(struct kr_edit *edit, struct kr_key *key)
{
	int ret = kr_edit_commit(edit, key);

	return ret == -ENOKEY ? 0 : ret;
}

/*
 * With the ring, if any, locked. All that can fail comes before the key is changed,
 * with one exception: who links the key into yet another ring meanwhile can take the
 * place that it had for this one, and then there may be no memory for another.
 */
static int instantiate_locked(struct kr_key *key, struct kr_prep *prep, struct kr_key *ring,
			      bool *made)
{
	struct kr_edit edit;
	int ret;

	if (!link_needed(ring, key))
		return instantiate_linked(key, prep, ring, made);

	ret = kr_edit_prepare(&edit, kr_ring_of(ring), key->type, key->desc, key->hash);
	if (ret)
		return ret;
	ret = kr_ring_admits(kr_ring_of(ring), key->type, prep->payload) ?:
	      kr_edit_reserve(&edit, key) ?: kr_key_instantiate(key, prep);
	if (ret) {
		kr_edit_cancel(&edit);
		return ret;
	}
	*made = true;
	return link_made(&edit, key);
}

static int ring_lock(struct kr_key *ring)
{
	if (!ring)
		return 0;
	if (!kr_key_is_ring(ring))
		return -ENOTDIR;
	mutex_lock(&kr_ring_of(ring)->lock);
	return 0;
}

static void ring_unlock(struct kr_key *ring)
{
	if (ring)
		mutex_unlock(&kr_ring_of(ring)->lock);
}

/*
 * A type that looks at a payload only when it makes a key of it has nothing to say of
 * one where no key is to be made. What is asked for here is asked for again later.
 */
static int check_unseen(const struct kr_key *key, struct kr_key *ring)
{
	int ret;

	if (!key->type->needs_desc)
		return 0;
	if (ring && !kr_key_is_ring(ring))
		return -ENOTDIR;
	if (ring && test_bit(KR_KEY_REVOKED, &ring->flags))
		return -EKEYREVOKED;
	ret = ring ? kr_ring_admits_type(kr_ring_of(ring), key->type) : 0;
	if (ret)
		return ret;
	return kr_key_state(key) == KR_UNINSTANTIATED ? 0 : -EBUSY;
}

int kr_ring_instantiate_key(struct kr_key *key, struct kr_prep *prep, struct kr_key *ring)
{
	bool made = false;
	int ret;

	might_sleep();
	ret = check_unseen(key, ring);
	if (ret)
		return ret;
	prep->desc = key->desc;
	prep->fresh = true;
	ret = preparse(key->type, prep);
	if (!ret)
		ret = ring_lock(ring);
	if (!ret) {
		ret = instantiate_locked(key, prep, ring, &made);
		ring_unlock(ring);
	}
	if (made) {
		if (prep->expiry != KR_NEVER)
			kr_key_expire_at(key, prep->expiry);
		kr_key_announce_made(key);
	}
	free_preparse(key->type, prep);
	return ret;
}

/* Rejected: link it where that was prepared. */
static int link_rejected(struct kr_key *key, struct kr_key *ring, struct kr_edit *edit)
{
	if (edit->ring)
		return link_made(edit, key);
	tell_linked_before(ring, key);
	return 0;
}

static int prepare_rejected(struct kr_edit *edit, struct kr_key *key, struct kr_key *ring)
{
	int ret;

	edit->ring = NULL;
	if (!link_needed(ring, key))
		return 0;
	ret = kr_edit_prepare(edit, kr_ring_of(ring), key->type, key->desc, key->hash);
	if (!ret) {
		ret = kr_edit_reserve(edit, key);
		if (ret)
			kr_edit_cancel(edit);
	}
	if (ret)
		edit->ring = NULL;
	return ret;
}

/*
 * With the ring, if any, locked. A link for which there is no memory keeps the key
 * from being rejected; what else is wrong with it is only reported.
 */
static int reject_locked(struct kr_key *key, unsigned int error, time64_t expiry,
			 struct kr_key *ring, int *link_ret)
{
	struct kr_edit edit;
	int ret;

	*link_ret = prepare_rejected(&edit, key, ring);
	if (*link_ret == -ENOMEM)
		return *link_ret;
	ret = kr_key_reject(key, error, expiry);
	if (!ret && !*link_ret)
		*link_ret = link_rejected(key, ring, &edit);
	else if (ret && edit.ring)
		kr_edit_cancel(&edit);
	return ret;
}

int kr_ring_reject_key(struct kr_key *key, unsigned int error, unsigned int timeout,
		       struct kr_key *ring)
{
	int ret, lock_ret, link_ret;

	might_sleep();
	lock_ret = ring_lock(ring);
	if (lock_ret)
		ring = NULL;
	if (ring && kr_ring_of(ring)->restriction) {
		ring_unlock(ring);
		return -EPERM;
	}
	ret = reject_locked(key, error, kr_now() + timeout, ring, &link_ret);
	ring_unlock(ring);
	if (!ret)
		kr_key_announce_made(key);
	return ret ?: lock_ret ?: link_ret;
}
