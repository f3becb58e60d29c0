// SPDX-License-Identifier: GPL-2.0-only
/* request_key(2): find a key, or announce it, have it made and wait for it. */
#include <keyrings/request.h>

#include <linux/mutex.h>

#include "request_internal.h"

#define NEGATIVE_TIMEOUT	60	/* seconds for which a key that was not made says so */

/*
 * That two who ask for a key at once, whoever they are, have it made once. Taken when
 * the destination is locked, whose lock may be held for long: nobody else's request
 * waits for that. Several, so that all do not wait for one another.
 */
#define CONSTRUCT_LOCKS	64	/* a power of two */

static struct mutex construct_locks[CONSTRUCT_LOCKS];

/* A type that compares in its own way may take for the same what hashes differently. */
static struct mutex *construct_lock(const struct kr_search *search)
{
	u32 hash = search->type->match_begin ? kr_key_hash(search->type, "", 0) : search->hash;

	return &construct_locks[hash % CONSTRUCT_LOCKS];
}

int kr_request_init(void)
{
	unsigned int i;

	for (i = 0; i < CONSTRUCT_LOCKS; i++)
		mutex_init(&construct_locks[i]);
	return 0;
}

/* What is found is possessed. */
static bool may_link(struct kr_key *found)
{
	const struct kr_key_ref ref = { .key = found, .possessed = true };

	return kr_cred_permits(&ref, KR_LINK);
}

/*
 * What became of the link of the key that was found: hand the key out, or drop it. True
 * when it was invalidated before it could be linked: the next search takes no notice of it,
 * but may find another that this happens to.
 */
static bool search_again(const struct kr_search *search, int ret, struct kr_key **key)
{
	bool gone = ret == -ENOKEY && test_bit(KR_KEY_INVALIDATED, &search->found->flags);

	if (ret)
		kr_key_put(search->found);
	else
		*key = search->found;
	return gone;
}

/* A key that is made when it is found is valid then; nobody needs to wait for it. */
static bool is_made(const struct kr_key *key)
{
	return !test_bit_acquire(KR_KEY_CONSTRUCTING, &key->flags) &&
	       kr_key_state(key) == KR_POSITIVE;
}

static int find(struct kr_search *search, struct kr_key *dest, struct kr_key **key, bool *made)
{
	unsigned int turns = 0;
	int ret;

	do {
		ret = kr_cred_search(search);
		if (ret)
			return ret;
		*made = is_made(search->found);
		if (dest)
			ret = may_link(search->found) ? kr_ring_link(dest, search->found) : -EACCES;
	} while (search_again(search, ret, key) && ++turns < KR_LOOK_TURNS);
	return ret;
}

/*
 * Nobody will make the key: those who wait for it must not wait for ever. When memory
 * was short nobody was asked, and who asks again is not to find that there is none.
 */
static void leave_unmade(struct kr_key *key, int error)
{
	kr_ring_reject_key(key, ENOKEY, NEGATIVE_TIMEOUT, NULL);
	if (error == -ENOMEM)
		kr_ring_invalidate(key);
}

/*
 * A key that says: somebody makes me. Who saw its serial may wait for it already, also
 * when it cannot be linked: the caller rejects it then, when no ring is locked.
 */
static int announce(const struct kr_search *search, struct kr_key *dest, struct kr_key **key)
{
	*key = kr_key_alloc(search->type, search->desc, current_fsuid(), current_fsgid(),
			    kr_ring_default_perm(search->type), KR_ALLOC_IN_QUOTA);
	if (IS_ERR(*key))
		return PTR_ERR(*key);
	kr_key_set_constructing(*key);
	return kr_ring_link_locked(dest, *key);
}

/* A search that had no memory says nothing of what there is. */
static int search_or_announce(struct kr_search *search, struct kr_key *dest, struct kr_key **key)
{
	struct mutex *lock = construct_lock(search);
	int ret;

	mutex_lock(lock);
	ret = kr_cred_search(search);
	if (ret && ret != -ENOMEM)
		ret = announce(search, dest, key) ?: 1;
	mutex_unlock(lock);
	return ret;
}

/*
 * What came since nothing was found. Into a ring that the caller has not named it goes if it
 * may: had it been there before, no ring would have been looked for.
 */
static int link_late(struct kr_key *dest, bool named, struct kr_key *found)
{
	if (may_link(found))
		return kr_ring_link_locked(dest, found);
	return named ? -EACCES : 0;
}

/*
 * Two that ask for the same key at once: the first announces it, the second
 * finds what was announced. Returns 1 when the key is new, 0 when it was found.
 */
static int find_or_announce(struct kr_search *search, struct kr_key *dest, bool named,
			    struct kr_key **key, bool *made)
{
	unsigned int turns = 0;
	int ret;

	*key = NULL;
	kr_ring_lock(dest);
	do {
		ret = search_or_announce(search, dest, key);
		*made = !ret && is_made(search->found);
		if (ret)
			break;
		ret = link_late(dest, named, search->found);
	} while (search_again(search, ret, key) && ++turns < KR_LOOK_TURNS);
	kr_ring_unlock(dest);
	if (ret < 0 && !IS_ERR_OR_NULL(*key)) {
		leave_unmade(*key, ret);
		kr_key_put(*key);
	}
	return ret;
}

/* The helper has ended, or there was none: the key is what it is, or stands for an error. */
static void conclude(struct kr_key *key, struct kr_key *authkey, int error)
{
	if (!error) {
		kr_key_revoke(authkey);
		return;
	}
	leave_unmade(key, error);
	kr_ring_invalidate(authkey);
}

/* An authority that is over is no right to have anything made, be it a ring of the UID. */
static int have_made(struct kr_key *key, struct kr_payload *callout, struct kr_key *dest)
{
	struct kr_key *authkey = kr_authority_make(key, dest, callout);
	int ret;

	if (IS_ERR(authkey)) {
		leave_unmade(key, PTR_ERR(authkey));
		return PTR_ERR(authkey);
	}
	ret = key->type->no_helper ? -ENOKEY : kr_upcall(key, authkey);
	conclude(key, authkey, ret);
	kr_key_put(authkey);
	return ret;
}

static int construct(struct kr_search *search, struct kr_payload *callout, struct kr_key *dest,
		     struct kr_key **key, bool *made)
{
	bool named = dest;
	int ret;

	if (search->type == kr_key_ring_type)
		return -EPERM;
	if (dest)
		kr_key_get(dest);
	ret = dest ? 0 : kr_cred_default_dest(&dest);
	if (ret)
		return ret;

	ret = find_or_announce(search, dest, named, key, made);
	if (ret > 0) {
		ret = have_made(*key, callout, dest);
		if (ret)
			kr_key_put(*key);
	}
	kr_key_put(dest);
	return ret;
}

int kr_request_key(const struct kr_key_type *type, const char *desc, struct kr_payload *callout,
		   struct kr_key *dest, struct kr_key **key)
{
	struct kr_search search;
	bool made;
	int ret;

	might_sleep();
	kr_search_init(&search, type, desc, current_cred(),
		       KR_SEARCH_RECURSE | KR_SEARCH_SKIP_EXPIRED);
	ret = find(&search, dest, key, &made);
	if (ret == -EAGAIN)
		ret = callout ? construct(&search, callout, dest, key, &made) : -ENOKEY;
	if (ret)
		return ret;
	/* That it has ended since it was found made is as if it ended after the call. */
	ret = made ? 0 : kr_key_wait_made(*key);
	if (ret)
		kr_key_put(*key);
	return ret;
}
