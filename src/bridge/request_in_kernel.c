// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel code looks for a key of the user's: dm-crypt and fscrypt by type and
 * description, IMA for a ring in that way, AF_ALG and others by serial. Those of
 * ours are found as the user would find them, and handed over as built-in keys.
 */
#include "bridge_internal.h"

#include <keyrings/cred.h>
#include <linux/cred.h>
#include <linux/sched.h>

/*
 * Do these have the rings of the others? A copy, in which access(2) and core dumps change
 * file system IDs and capabilities, has; what the built-in subsystem keeps in them tells.
 * Those that are made for the kernel, without rings, have a default of their own.
 */
static bool are_a_variant(const struct cred *worn, const struct cred *own)
{
	return worn->user == own->user && worn->user_ns == own->user_ns &&
	       worn->group_info == own->group_info &&
	       worn->session_keyring == own->session_keyring &&
	       worn->process_keyring == own->process_keyring &&
	       worn->thread_keyring == own->thread_keyring &&
	       worn->request_key_auth == own->request_key_auth &&
	       worn->jit_keyring == own->jit_keyring;
}

/*
 * Kernel threads are nobody's processes, and nobody knows any more which rings a task had
 * that exits. Code that has put on credentials of its own looks for what it put into the
 * rings of these, as the id mapping of NFS.
 */
static bool acts_for_user(void)
{
	const struct cred *worn = current_cred(), *own = current_real_cred();

	return !(current->flags & (PF_KTHREAD | PF_EXITING)) &&
	       (worn == own || are_a_variant(worn, own));
}

static const struct kr_key_type *peek(struct key_type *type, struct key_tag *domain)
{
	const struct kr_key_type *ours;

	rcu_read_lock();
	ours = kr_type_peek(type, domain);
	rcu_read_unlock();
	/*
	 * It stays: those of a net namespace go after that, and who asks for a key of one
	 * holds the namespace.
	 */
	return ours;
}

/* A search that needs no preparation by the type, which could sleep, in the latter case. */
static int search(struct kr_search *search, bool may_sleep)
{
	if (!may_sleep && search->type->match_begin)
		return -EAGAIN;
	return kr_cred_search(search);
}

/*
 * Kernel code may have ended the built-in key that it was handed: then ours ends,
 * too. The rings that ours is in are left to the reaper, because the caller may
 * hold locks of the built-in subsystem.
 */
static int follow_end(struct kr_key *key, const struct key *builtin, bool may_sleep)
{
	int ret = key_validate(builtin);

	if (likely(!ret) || !may_sleep)
		return ret;
	if (ret == -ENOKEY)
		kr_key_invalidate_later(key);
	else if (ret == -EKEYREVOKED)
		kr_key_revoke(key);
	return ret;
}

/*
 * A ring for this look-up alone, but a socket may keep it, as those of AF_RXRPC do. Where the
 * kernel makes a key just now none can be made.
 */
static struct key *hand_over_ring(struct kr_key *ring)
{
	return kr_making_now() ? ERR_PTR(-EAGAIN) : kr_shadow_charged(ring);
}

static struct key *counterpart(struct kr_key *key, bool may_sleep)
{
	if (!kr_key_is_ring(key))
		return kr_mirror_get(key, may_sleep);
	return may_sleep ? hand_over_ring(key) : NULL;
}

/* The built-in counterpart of a key that a search has found; NULL when it is none for the asker. */
static struct key *hand_over_found(struct kr_key *found, bool may_sleep)
{
	struct key *builtin;
	int ret = 0, state;

	/*
	 * What is being made is waited for as any caller would; but not by who makes
	 * a key, with a ring locked that the helper may need, nor by who updates one, with
	 * all types locked: that one comes back.
	 */
	if (may_sleep && !kr_making_now() && !kr_updating_wants(found))
		ret = kr_key_wait(found);
	state = kr_key_state(found);
	if (!ret && state != KR_POSITIVE)
		ret = min(state, 0) ?: -EAGAIN;
	/* It may have ended meanwhile. The counterpart, made only now, would have its time to come. */
	ret = ret ?: kr_key_validate(found);
	if (ret)
		return ERR_PTR(ret);
	builtin = counterpart(found, may_sleep);
	if (!builtin && kr_key_validate(found) == -EKEYREVOKED)
		return ERR_PTR(-EKEYREVOKED);	/* with its content, of which there is no copy */
	if (IS_ERR_OR_NULL(builtin))
		return builtin;
	ret = follow_end(found, builtin, may_sleep);
	if (!ret)
		return builtin;
	key_put(builtin);
	return ret == -EKEYREVOKED ? ERR_PTR(ret) : NULL;
}

struct key *kr_bridge_request(struct key_type *type, struct key_tag *domain, const char *desc,
			      bool may_sleep)
{
	const struct kr_key_type *ours = acts_for_user() ? peek(type, domain) : NULL;
	struct kr_search wanted;
	struct key *key;
	int ret;

	if (!ours)
		return NULL;
	/* As the kernel does: who may not sleep is not kept by rings in rings. */
	kr_search_init(&wanted, ours, desc, current_cred(),
		       KR_SEARCH_SKIP_EXPIRED | (may_sleep ? KR_SEARCH_RECURSE : 0));
	ret = search(&wanted, may_sleep);
	/* -ENOKEY is what a negative key stands for: it is there, and no helper is asked again. */
	if (ret)
		return ret == -EAGAIN ? NULL : ERR_PTR(ret);
	key = hand_over_found(wanted.found, may_sleep);
	if (may_sleep)
		kr_key_put(wanted.found);
	else
		kr_key_put_later(wanted.found);
	return key;
}

/* The permission that is asked for; 0 when there is none to ask for. */
static u32 needed(enum key_need_perm need)
{
	switch (need) {
	case KEY_NEED_VIEW:
		return KR_VIEW;
	case KEY_NEED_READ:
		return KR_READ;
	case KEY_NEED_WRITE:
		return KR_WRITE;
	case KEY_NEED_SEARCH:
		return KR_SEARCH;
	case KEY_NEED_LINK:
		return KR_LINK;
	case KEY_NEED_SETATTR:
		return KR_SETATTR;
	default:
		return 0;
	}
}

/*
 * Of a ring it is a shadow that is handed over: what was linked to that would be
 * lost with it, and no key of one service is linked to a ring of the other.
 */
static bool is_for_change(enum key_need_perm need)
{
	return need == KEY_NEED_WRITE || need == KEY_NEED_SETATTR;
}

/* The built-in counterpart of a key that was found by serial, as it is now. */
static struct key *hand_over(struct kr_key *key, enum key_need_perm need)
{
	if (!kr_key_is_ring(key))
		return kr_mirror_get(key, true) ?: ERR_PTR(kr_key_validate(key) ?: -ENOKEY);
	return is_for_change(need) ? ERR_PTR(-ENOKEY) : hand_over_ring(key);
}

key_ref_t kr_bridge_lookup(key_serial_t serial, unsigned long flags, enum key_need_perm need)
{
	unsigned int lookup = flags & KEY_LOOKUP_PARTIAL ? KR_LOOKUP_PARTIAL : 0;
	struct kr_key_ref ref;
	struct key *key;
	int ret;

	if (serial <= 0 || !acts_for_user())
		return NULL;
	ret = kr_cred_lookup(serial, lookup, needed(need), &ref);
	if (ret)
		return ret == KR_FOREIGN ? NULL : ERR_PTR(ret);
	key = hand_over(ref.key, need);
	ret = IS_ERR(key) ? PTR_ERR(key) : follow_end(ref.key, key, true);
	kr_key_put(ref.key);
	if (!ret)
		return make_key_ref(key, ref.possessed);
	if (!IS_ERR(key))
		key_put(key);
	return ERR_PTR(ret);
}

struct key *kr_bridge_find(key_serial_t serial)
{
	struct kr_key *found = kr_key_lookup(serial);
	struct key *key;

	if (!found)
		return NULL;
	key = kr_trust_named(found) ?: hand_over(found, KEY_NEED_SEARCH);
	/* Not now: it may be long, and the kernel holds key_types_sem while it reads a restriction. */
	kr_key_put_later(found);
	return key;
}
