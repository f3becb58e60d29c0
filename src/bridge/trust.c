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
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

/**
 * struct trust - a restriction by a type of the kernel
 * @restriction: what the ring has; the trusted ring, if it is one of ours, is in it
 * @holder: the built-in ring that has the kernel's; holds a reference
 */
struct trust {
	struct kr_restriction restriction;
	struct key *holder;
};

/**
 * struct reading - a task has the kernel read a restriction, which may name a ring of ours
 * @node: in the list of these
 * @task: who
 * @ring: the one that was named, or NULL; holds a reference
 * @shadow: what stands for it, borrowed
 */
struct reading {
	struct list_head node;
	const struct task_struct *task;
	struct kr_key *ring;
	const struct key *shadow;
};

static LIST_HEAD(readings);
static DEFINE_SPINLOCK(readings_lock);	/* taken alone */

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

static int check_with(struct trust *trust, struct key *dest, const struct kr_key_type *type,
		      const struct key *held)
{
	struct kr_key *ring = trust->restriction.trust;
	struct key *trusted = ring ? kr_shadow_of(ring) : NULL;
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
	dest = kr_shadow_of(&ring->key);
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

static void reading_begin(struct reading *reading)
{
	*reading = (struct reading){ .task = current };
	spin_lock(&readings_lock);
	list_add(&reading->node, &readings);
	spin_unlock(&readings_lock);
}

/* The ring that the holder came to trust, with a reference, if it is one of ours. */
static struct kr_key *reading_end(struct reading *reading, const struct key *trusted)
{
	spin_lock(&readings_lock);
	list_del(&reading->node);
	spin_unlock(&readings_lock);
	if (trusted && trusted == reading->shadow)
		return reading->ring;
	/* Not now: it may be long. */
	kr_key_put_later(reading->ring);
	return NULL;
}

/* The entry is the task's own: nobody else writes to it. */
static struct reading *of_current(void)
{
	struct reading *reading, *found = NULL;

	spin_lock(&readings_lock);
	list_for_each_entry(reading, &readings, node) {
		if (reading->task == current) {
			found = reading;
			break;
		}
	}
	spin_unlock(&readings_lock);
	return found;
}

/* An empty one: nobody looks into it, since each check is given a full one in its place. */
struct key *kr_trust_named(struct kr_key *ring)
{
	struct reading *reading = kr_key_is_ring(ring) ? of_current() : NULL;
	struct key *shadow;

	if (!reading)
		return NULL;
	shadow = kr_shadow_alloc(ring->serial);
	if (IS_ERR(shadow))
		return shadow;
	kr_key_put_later(reading->ring);
	reading->ring = kr_key_get(ring);
	reading->shadow = shadow;
	return shadow;
}

/* A key that is trusted is held by the holder itself; a ring of ours by the restriction. */
static int read_restriction(struct trust *trust, const char *type_name, const char *string)
{
	const struct key *trusted = NULL;
	struct reading reading;
	int ret;

	reading_begin(&reading);
	/* Serials of ours in the string are found by kr_bridge_find(). */
	ret = keyring_restrict(make_key_ref(trust->holder, true), type_name, string);
	if (!ret) {
		down_read(&trust->holder->sem);
		trusted = trust->holder->restrict_link->key;
		up_read(&trust->holder->sem);
	}
	trust->restriction.trust = reading_end(&reading, trusted);
	return ret;
}

static int set_up(struct trust *trust, const char *type_name, const char *string)
{
	struct key *holder = kr_shadow_alloc(0);

	if (IS_ERR(holder))
		return PTR_ERR(holder);
	trust->holder = holder;
	return read_restriction(trust, type_name, string);
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
