// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restrictions by the kernel's types, as "key_or_keyring:<serial>:chain" of
 * type `asymmetric`: which keys a ring admits is decided by the kernel's own
 * code. A built-in ring, the holder, has the restriction; when a key is to be
 * linked to our ring, the holder's check is asked about it, with shadows of the
 * rings of ours that it looks into.
 */
#include "bridge_internal.h"

#include <keyrings/cred.h>
#include <keys/user-type.h>
#include <linux/hashtable.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

/**
 * struct trust - a restriction by a type of the kernel
 * @restriction: what the ring has; the trusted key or ring, if it is one of ours, is in it
 * @holder: the built-in ring that has the kernel's; holds a reference
 */
struct trust {
	struct kr_restriction restriction;
	struct key *holder;
};

/**
 * struct reading - a task has the kernel read a restriction, which may name a key of ours
 * @node: in the table of these
 * @task: who
 * @named: the key or ring that was named, or NULL; holds a reference
 * @counterpart: what stands for it, borrowed
 */
struct reading {
	struct hlist_node node;
	const struct task_struct *task;
	struct kr_key *named;
	const struct key *counterpart;
};

static DEFINE_HASHTABLE(readings, 4);	/* by task */
static DEFINE_SPINLOCK(readings_lock);	/* taken alone */

/* Of a key that is not held the kernel sees no more than that it is of another type. */
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

/* With a reference; NULL when there is none but what the holder trusts. */
static struct key *trusted_now(struct kr_key *named)
{
	if (!named)
		return NULL;
	if (kr_key_is_ring(named))
		return kr_shadow_of(named);
	return kr_builtin_type_of(named->type) ? key_get(kr_held(named)) : NULL;
}

static int check_with(struct trust *trust, struct key *dest, const struct kr_key_type *type,
		      const struct key *held)
{
	struct key *trusted = trusted_now(trust->restriction.trust);
	int ret;

	if (IS_ERR(trusted))
		return PTR_ERR(trusted);
	ret = ask_kernel(trust, dest, trusted, type, held);
	key_put(trusted);
	return ret;
}

/* Of a key that is not of the restriction's own type the kernel looks at the type only. */
static bool trust_sees_payload(struct kr_restriction *restriction, const struct kr_key_type *type)
{
	struct trust *trust = container_of(restriction, struct trust, restriction);
	const struct key_type *whose;
	bool same;

	might_sleep();
	down_read(&trust->holder->sem);
	/* NULL when the type has gone: nothing is admitted any more. */
	whose = trust->holder->restrict_link->keytype;
	same = whose && !strcmp(whose->name, type->name);
	up_read(&trust->holder->sem);
	return same;
}

static int trust_check(struct kr_restriction *restriction, struct kr_ring *ring,
		       const struct kr_key_type *type, void *payload)
{
	struct trust *trust = container_of(restriction, struct trust, restriction);
	const struct key *held = payload;
	struct key *dest;
	int ret;

	if (!trust_sees_payload(restriction, type))
		return ask_kernel(trust, trust->holder, NULL, type, NULL);
	/* Of what is not made yet nobody can say that it may be linked. */
	if (!held)
		return -EPERM;
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
	hash_add(readings, &reading->node, (unsigned long)current);
	spin_unlock(&readings_lock);
}

/* What the holder came to trust, with a reference, if it is one of ours. */
static struct kr_key *reading_end(struct reading *reading, const struct key *trusted)
{
	spin_lock(&readings_lock);
	hash_del(&reading->node);
	spin_unlock(&readings_lock);
	if (trusted && trusted == reading->counterpart)
		return reading->named;
	/* Not now: it may be long. */
	kr_key_put_later(reading->named);
	return NULL;
}

/* The entry is the task's own: nobody else writes to it. */
static struct reading *of_current(void)
{
	struct reading *reading, *found = NULL;

	spin_lock(&readings_lock);
	hash_for_each_possible(readings, reading, node, (unsigned long)current) {
		if (reading->task == current) {
			found = reading;
			break;
		}
	}
	spin_unlock(&readings_lock);
	return found;
}

/* For a key that none of the kernel's types has made: it vouches for nothing. */
static struct key *stand_in_alloc(void)
{
	struct key *key;
	int ret;

	kr_collector_expects(0);
	key = key_alloc(&key_type_user, ".keyrings", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID,
			current_cred(), KR_HIDDEN_PERM, KEY_ALLOC_NOT_IN_QUOTA, NULL);
	if (IS_ERR(key))
		return key;
	ret = key_instantiate_and_link(key, "", 1, NULL, NULL);
	if (!ret)
		return key;
	key_put(key);
	return ERR_PTR(ret);
}

/*
 * Whatever is named can be, as it is: revoked, negative, or not made yet. A ring that
 * stands for one, or for a key to come, is empty: nobody looks into it, since each
 * check is given what there is then.
 */
static struct key *counterpart_of(struct kr_key *key)
{
	struct key *held;

	if (kr_key_is_ring(key))
		return kr_shadow_alloc(key->serial);
	if (!kr_builtin_type_of(key->type))
		return stand_in_alloc();
	held = kr_held(key);
	return held ? key_get(held) : kr_shadow_alloc(key->serial);
}

/*
 * An authority holds the ring that its key is to go to. If that is the one that is
 * restricted, neither would ever end.
 */
static bool may_be_held(const struct kr_key *key)
{
	return kr_builtin_type_of(key->type) || kr_key_type_find_own(key->type->name);
}

/* What is named is kept, and that takes the right to link to it, as by whatever it is kept. */
struct key *kr_trust_named(struct kr_key *key)
{
	struct reading *reading = of_current();
	bool hold = may_be_held(key);
	struct key *counterpart;

	if (!reading)
		return NULL;
	if (hold && !kr_cred_permits_by_serial(key, KR_LINK))
		return ERR_PTR(-EACCES);
	counterpart = counterpart_of(key);
	if (IS_ERR(counterpart))
		return counterpart;
	kr_key_put_later(reading->named);
	reading->named = hold ? kr_key_get(key) : NULL;
	reading->counterpart = counterpart;
	return counterpart;
}

/* A key that is trusted lives as long as the restriction: the holder and we hold it. */
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
	struct trust *trust;
	int ret = kr_collector_wait(0);

	if (ret)
		return ERR_PTR(ret);
	trust = kzalloc(sizeof(*trust), GFP_KERNEL);
	if (!trust)
		return ERR_PTR(-ENOMEM);
	trust->restriction.check = trust_check;
	trust->restriction.sees_payload = trust_sees_payload;
	trust->restriction.drop = trust_drop;
	ret = set_up(trust, type->name, string);
	if (ret) {
		trust_drop(&trust->restriction);
		return ERR_PTR(ret);
	}
	return &trust->restriction;
}
