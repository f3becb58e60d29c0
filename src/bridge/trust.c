// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restrictions by the kernel's types, as "key_or_keyring:<serial>:chain" of
 * type `asymmetric`: which keys a ring admits is decided by the kernel's own
 * code. A built-in ring, the holder, has the restriction; when a key is to be
 * linked to our ring, the holder's check is asked about it, with shadows of the
 * rings of ours that it looks into.
 */
#include "bridge_internal.h"

#include <keys/user-type.h>
#include <linux/slab.h>
#include <linux/string.h>

/**
 * struct trust - a restriction by a type of the kernel
 * @restriction: what the ring has; the trusted ring, if it is one of ours, is in it
 * @holder: the built-in ring that has the kernel's; holds a reference
 */
struct trust {
	struct kr_restriction restriction;
	struct key *holder;
};

static const struct key_type *builtin_type(const struct kr_key_type *type, const struct key *held)
{
	if (held)
		return held->type;
	return type == kr_key_ring_type ? &key_type_keyring : &key_type_user;
}

/*
 * @trusted: in the place of what the holder trusts, or NULL. When the kernel's
 * type goes, the kernel lets the holder admit nothing.
 */
static int ask_kernel(struct trust *trust, struct key *dest, struct key *trusted,
		      const struct kr_key_type *type, const struct key *held)
{
	static const union key_payload no_payload;
	const struct key_restriction *restriction;
	int ret = 0;

	down_read(&trust->holder->sem);
	restriction = trust->holder->restrict_link;
	if (restriction->check)
		ret = restriction->check(dest, builtin_type(type, held),
					 held ? &held->payload : &no_payload,
					 trusted ?: restriction->key);
	up_read(&trust->holder->sem);
	return ret;
}

/* A shadow of the ring for one check; NULL for no ring; an ERR_PTR. */
static struct key *shadow_of(struct kr_key *ring)
{
	struct key *shadow;
	int ret;

	if (!ring)
		return NULL;
	shadow = kr_shadow_alloc(0);
	if (IS_ERR(shadow))
		return shadow;
	ret = kr_shadow_fill(shadow, kr_ring_of(ring));
	if (!ret)
		return shadow;
	key_put(shadow);
	return ERR_PTR(ret);
}

static int check_with(struct trust *trust, struct key *dest, const struct kr_key_type *type,
		      const struct key *held)
{
	struct key *trusted = shadow_of(trust->restriction.trust);
	int ret;

	if (IS_ERR(trusted))
		return PTR_ERR(trusted);
	ret = ask_kernel(trust, dest, trusted, type, held);
	key_put(trusted);
	return ret;
}

static int trust_check(struct kr_restriction *restriction, struct kr_ring *ring,
		       const struct kr_key_type *type, void *payload)
{
	struct trust *trust = container_of(restriction, struct trust, restriction);
	const struct key *held = kr_builtin_type_of(type) ? payload : NULL;
	struct key *dest;
	int ret;

	might_sleep();
	/* Of what is not made yet nobody can say that it may be linked. */
	if (kr_builtin_type_of(type) && !held)
		return -EPERM;
	/* Of a key that is none of the kernel's it looks at the type only. */
	if (!held)
		return ask_kernel(trust, trust->holder, NULL, type, NULL);
	dest = shadow_of(&ring->key);
	if (IS_ERR(dest))
		return PTR_ERR(dest);
	ret = check_with(trust, dest, type, held);
	key_put(dest);
	return ret;
}

static void trust_drop(struct kr_restriction *restriction)
{
	struct trust *trust = container_of(restriction, struct trust, restriction);

	key_put(trust->holder);
	/* Not now: rings that trust each other in a row would end by recursion. */
	kr_key_put_later(restriction->trust);
	kfree(trust);
}

/* A key that is trusted is held by the holder itself; of a ring there is only a mirror. */
static void set_trusted(struct trust *trust)
{
	struct key *key;

	down_read(&trust->holder->sem);
	key = trust->holder->restrict_link->key;
	if (key && key->type == &key_type_keyring)
		trust->restriction.trust = kr_mirror_ring_of(key);
	up_read(&trust->holder->sem);
}

static int set_up(struct trust *trust, const char *type_name, const char *string)
{
	struct key *holder = kr_shadow_alloc(0);
	int ret;

	if (IS_ERR(holder))
		return PTR_ERR(holder);
	trust->holder = holder;
	/* Serials of ours in the string are found by kr_bridge_find(). */
	ret = keyring_restrict(make_key_ref(holder, true), type_name, string);
	if (!ret)
		set_trusted(trust);
	return ret;
}

struct kr_restriction *kr_trust_lookup(const struct kr_key_type *type, const char *string)
{
	struct trust *trust = kzalloc(sizeof(*trust), GFP_KERNEL);
	int ret;

	if (!trust)
		return ERR_PTR(-ENOMEM);
	trust->restriction.check = trust_check;
	trust->restriction.drop = trust_drop;
	ret = set_up(trust, type->name, string);
	if (ret) {
		trust_drop(&trust->restriction);
		return ERR_PTR(ret);
	}
	return &trust->restriction;
}
