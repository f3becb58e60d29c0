// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistent keyrings: persistent-keyring(7). One for each UID, kept in a
 * register for each user namespace, from which it falls when it has not been
 * asked for during the time that the sysctl persistent_keyring_expiry sets.
 */
#include <keyrings/cred.h>

#include <linux/user_namespace.h>

#include "cred_internal.h"

#define REGISTER_PERM	(KR_POS(KR_ALL & ~KR_SETATTR) | KR_USR(KR_VIEW | KR_READ))

/* The register of the namespace, borrowed; made when there is none. */
static struct kr_key *get_register(struct kr_ns *kns)
{
	struct kr_key *reg = kns->persistent;

	lockdep_assert_held(&kns->persistent_lock);
	if (reg)
		return reg;
	reg = kr_ring_alloc(".persistent_register", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID,
			    current_user_ns(), REGISTER_PERM, KR_ALLOC_NOT_IN_QUOTA);
	if (!IS_ERR(reg))
		kns->persistent = reg;
	return reg;
}

static int prolong(struct kr_key *ring)
{
	unsigned int life = READ_ONCE(*kr_limits.persistent_expiry);

	return kr_key_set_expiry(ring, life ? kr_now() + life : KR_NEVER);
}

/*
 * The UIDs that there are bound how many rings the first namespace has. Further namespaces can
 * be made without end, and rings of theirs be kept when they have gone: these are charged.
 */
static struct kr_key *make_ring(struct kr_key *reg, kuid_t uid, const char *name)
{
	struct user_namespace *ns = current_user_ns();
	struct kr_key *ring;
	int ret;

	ring = kr_ring_alloc(name, uid, INVALID_GID, ns, REGISTER_PERM,
			     ns == &init_user_ns ? KR_ALLOC_NOT_IN_QUOTA : KR_ALLOC_IN_QUOTA);
	if (IS_ERR(ring))
		return ring;
	ret = prolong(ring) ?: kr_ring_link(reg, ring);
	if (!ret)
		return ring;
	kr_key_put(ring);
	return ERR_PTR(ret);
}

/* The ring, with a reference. One that has expired but was not reaped yet comes to life again. */
static struct kr_key *find_or_make(struct kr_ns *kns, kuid_t uid, bool *made)
{
	char name[sizeof("_persistent.4294967295")];
	struct kr_key *reg, *ring;

	snprintf(name, sizeof(name), "_persistent.%u", from_kuid(current_user_ns(), uid));
	*made = false;
	reg = get_register(kns);
	if (IS_ERR(reg))
		return reg;
	ring = kr_ring_find_linked(reg, kr_key_ring_type, name);
	if (ring)
		return ring;
	*made = true;
	return make_ring(reg, uid, name);
}

/*
 * What @ring has of the name of @child, with a reference. The reaper judges a key with the
 * ring locked: if it found that the time of @child was over before that got a new one, it
 * has taken it out by then.
 */
static struct kr_key *find_after_reaper(struct kr_key *ring, const struct kr_key *child)
{
	kr_ring_lock(ring);
	kr_ring_unlock(ring);
	return kr_ring_find_linked(ring, kr_key_ring_type, child->desc);
}

/*
 * A ring that came to life again may have been taken out of the register before: it goes
 * back. False when another one is there by now.
 */
static bool keep_registered(struct kr_ns *kns, struct kr_key *ring)
{
	struct kr_key *found;
	bool kept;

	mutex_lock(&kns->persistent_lock);
	found = find_after_reaper(kns->persistent, ring);
	kept = found ? found == ring : !kr_ring_link(kns->persistent, ring);
	mutex_unlock(&kns->persistent_lock);
	kr_key_put(found);
	return kept;
}

static bool holds_still(struct kr_key *dest, const struct kr_key *ring)
{
	struct kr_key *found = find_after_reaper(dest, ring);

	kr_key_put(found);
	return found == ring;
}

/*
 * With no lock held: who may write to @dest may keep that ring locked for long. The ring of
 * the register may end meanwhile, and another is to be looked for: *@again. A link that
 * failed does not prolong its life. Returns the serial, or 0 when the link has gone again.
 */
static long link_ring(struct kr_ns *kns, const struct kr_key_ref *ref, struct kr_key *dest,
		      bool *again)
{
	/* Before the link: another call may prolong its life after the reaper has come. */
	time64_t before = READ_ONCE(ref->key->expiry);
	int ret = kr_cred_permits(ref, KR_LINK) ? kr_ring_link(dest, ref->key) : -EACCES;

	*again = ret == -ENOKEY && test_bit(KR_KEY_INVALIDATED, &ref->key->flags);
	if (ret)
		return ret;
	/* Without memory for a deadline the ring lives as long as it was going to. */
	prolong(ref->key);
	/* Nobody has come for it if its time is not over even now. */
	if (kr_now() < before)
		return ref->key->serial;
	*again = !keep_registered(kns, ref->key);
	if (holds_still(dest, ref->key))
		return ref->key->serial;
	*again = true;
	return 0;
}

/* Made, and not linked: if it costs nobody anything it stays, unless memory is short. */
static bool is_to_be_undone(const struct kr_key *ring, long error)
{
	return error == -ENOMEM || (error < 0 && test_bit(KR_KEY_IN_QUOTA, &ring->flags));
}

/* As if it had not been made, unless somebody else has found it meanwhile. */
static void undo(struct kr_ns *kns, struct kr_key *ring)
{
	mutex_lock(&kns->persistent_lock);
	if (refcount_read(&ring->usage) == 2)	/* the register's reference and the caller's */
		kr_ring_unlink(kns->persistent, ring);
	mutex_unlock(&kns->persistent_lock);
}

static long get_once(struct kr_ns *kns, kuid_t uid, struct kr_key *dest, bool *again)
{
	struct kr_key_ref ref = { .possessed = true };
	bool made;
	long ret;

	*again = false;
	mutex_lock(&kns->persistent_lock);
	ref.key = find_or_make(kns, uid, &made);
	mutex_unlock(&kns->persistent_lock);
	if (IS_ERR(ref.key))
		return PTR_ERR(ref.key);
	ret = link_ring(kns, &ref, dest, again);
	if (made && is_to_be_undone(ref.key, ret))
		undo(kns, ref.key);
	kr_key_put(ref.key);
	return ret;
}

/*
 * With a ring in @dest there is no error, although that of the register is another by now.
 * A link that has gone again has displaced that of a turn before.
 */
static long get_and_link(struct kr_ns *kns, kuid_t uid, struct kr_key *dest)
{
	unsigned int turns = 0;
	long ret, linked = 0;
	bool again;

	do {
		ret = get_once(kns, uid, dest, &again);
		if (ret >= 0)
			linked = ret;
	} while (again && ++turns < KR_LOOK_TURNS);
	return linked ?: ret ?: -ENOKEY;
}

long kr_cred_get_persistent(kuid_t uid, struct kr_key *dest)
{
	struct kr_ns *kns;
	long ret;

	might_sleep();
	/* In the register a ring is known by the number of its UID: there is none. */
	if (!kuid_has_mapping(current_user_ns(), uid))
		return -EINVAL;
	kns = kr_ns_get_by_ns(current_user_ns());
	if (!kns)
		return -ENOMEM;
	ret = get_and_link(kns, uid, dest);
	kr_ns_put(kns);
	return ret;
}
