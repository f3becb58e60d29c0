// SPDX-License-Identifier: GPL-2.0-only
/*
 * The types of the running kernel: asked for by name, never listed. A name that
 * the kernel knows gets a type of ours, which stays; whether the kernel still
 * knows it is asked each time. When the kernel's type has gone, ours is not found any
 * more: one that comes under the name need not be able to do the same. It stays all the
 * same until the module goes: few types come and go, and only root can make them.
 *
 * A type of one net namespace goes after that namespace, once it has no key,
 * when the next such type is made: anybody may make namespaces. Who could still
 * be inside then: who searches, adds or prepares borrows a type of the
 * namespace that current is in, which is there for as long as current is; kernel
 * code that looks for a key, of that one, too, or of the namespace that it names and
 * holds; who works with a key borrows the type of that key, and the key is counted
 * until its readers under RCU have gone.
 */
#include "bridge_internal.h"

#include <keyrings/types.h>
#include <keys/user-type.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/net_namespace.h>

/* Each net namespace in which one asked has some; by type and namespace. RCU readers. */
static DEFINE_HASHTABLE(known, 10);
static DEFINE_MUTEX(known_lock);	/* writers; outside of the lock of the kernel's types */

struct kr_builtin_type *kr_builtin_type_of(const struct kr_key_type *type)
{
	if (type->instantiate != kr_held_instantiate)
		return NULL;
	return container_of((struct kr_key_type *)type, struct kr_builtin_type, type);
}

/*
 * Keys of some types are one per net namespace: in which is current? A task that ends is in
 * none.
 */
static struct key_tag *current_domain(const struct key_type *builtin)
{
#ifdef CONFIG_NET
	if (builtin->flags & KEY_TYPE_NET_DOMAIN && current->nsproxy)
		return current->nsproxy->net_ns->key_domain;
#endif
	return NULL;
}

static unsigned long hash_of(const struct key_type *builtin, const struct key_tag *domain)
{
	return (unsigned long)builtin ^ (unsigned long)domain;
}

/* The name, too: a type that came and went before the live patch did was not seen to go. */
static struct kr_builtin_type *find_known(const struct key_type *builtin,
					  const struct key_tag *domain)
{
	struct kr_builtin_type *type;

	hash_for_each_possible_rcu(known, type, node, hash_of(builtin, domain),
				   lockdep_is_held(&known_lock)) {
		if (type->builtin == builtin && type->domain == domain &&
		    !READ_ONCE(type->gone) && !strcmp(type->name, builtin->name))
			return type;
	}
	return NULL;
}

static void drop_known(struct kr_builtin_type *type)
{
	hash_del_rcu(&type->node);
	if (type->domain && refcount_dec_and_test(&type->domain->usage))
		kfree_rcu(type->domain, rcu);
	kfree_rcu(type, rcu);
}

/* The kernel marks the tag when the namespace's last task has left: what that one made counts. */
static bool is_left_over(const struct kr_builtin_type *type)
{
	if (!type->domain || !data_race(type->domain->removed))
		return false;
	smp_rmb();	/* the mark, then the count */
	return !atomic_long_read(&type->nkeys);
}

static void sweep(void)
{
	struct kr_builtin_type *type;
	struct hlist_node *next;
	unsigned int i;

	lockdep_assert_held(&known_lock);
	hash_for_each_safe(known, i, next, type, node) {
		if (is_left_over(type))
			drop_known(type);
	}
}

/* The tag stays when its namespace goes: its address is not another's then. */
static void set_domain(struct kr_builtin_type *type, struct key_tag *domain)
{
	refcount_inc(&domain->usage);
	type->domain = domain;
	type->type.keys = &type->nkeys;
}

static struct kr_builtin_type *add_known(const struct key_type *builtin, struct key_tag *domain)
{
	struct kr_builtin_type *type = kzalloc(sizeof(*type), GFP_KERNEL);

	lockdep_assert_held(&known_lock);
	if (!type)
		return ERR_PTR(-ENOMEM);
	strscpy(type->name, builtin->name, sizeof(type->name));
	type->type.name = type->name;
	type->builtin = builtin;
	if (domain) {
		sweep();
		set_domain(type, domain);
	}
	kr_held_set_ops(type, builtin);
	hash_add_rcu(known, &type->node, hash_of(builtin, domain));
	return type;
}

static const struct kr_key_type *find_or_add(const char *name)
{
	struct kr_builtin_type *type;
	struct key_type *builtin;
	struct key_tag *domain;

	mutex_lock(&known_lock);
	builtin = kr_builtin->type_lookup(name);
	if (IS_ERR(builtin)) {
		mutex_unlock(&known_lock);
		return NULL;
	}
	domain = current_domain(builtin);
	type = find_known(builtin, domain) ?: add_known(builtin, domain);
	kr_builtin->type_put(builtin);
	mutex_unlock(&known_lock);
	return IS_ERR(type) ? ERR_CAST(type) : &type->type;
}

/*
 * The kernel's type cannot go between its look-up and its put, ours not as long as current is in
 * the namespace. Nobody waits for those who make types of other namespaces.
 */
static const struct kr_key_type *find_type(const char *name)
{
	struct kr_builtin_type *type;
	struct key_type *builtin = kr_builtin->type_lookup(name);

	if (IS_ERR(builtin))
		return NULL;
	rcu_read_lock();
	type = find_known(builtin, current_domain(builtin));
	rcu_read_unlock();
	kr_builtin->type_put(builtin);
	return type ? &type->type : find_or_add(name);
}

const struct kr_key_type *kr_type_peek(const struct key_type *builtin, struct key_tag *domain)
{
	struct kr_builtin_type *type;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "the table has readers under RCU");
	if (builtin == &key_type_user || builtin == &key_type_logon || builtin == &key_type_keyring)
		return kr_key_type_find_own(builtin->name);
	type = find_known(builtin, domain ?: current_domain(builtin));
	return type ? &type->type : NULL;
}

/* Keys of a type that has gone, a few at a time: the walk is in RCU read sections. */
#define BATCH	32

struct harvest {
	const struct key_type *builtin;
	struct kr_key *key[BATCH];
	unsigned int count;
};

/* Whatever it holds: nobody finds a key of a type that has gone. */
static bool is_orphan(const struct kr_key *key, const struct key_type *builtin)
{
	const struct kr_builtin_type *type = kr_builtin_type_of(key->type);

	return type && READ_ONCE(type->gone) && type->builtin == builtin &&
	       !test_bit(KR_KEY_DEAD, &key->flags);
}

static bool gather(struct kr_key *key, void *arg)
{
	struct harvest *harvest = arg;

	if (!is_orphan(key, harvest->builtin) || !kr_key_tryget(key))
		return true;
	/* A key that is being made is in no ring yet, and comes to none. */
	kr_key_set_dead(key);
	harvest->key[harvest->count++] = key;
	return harvest->count < BATCH;
}

static void end_gathered(struct harvest *harvest)
{
	while (harvest->count) {
		struct kr_key *key = harvest->key[--harvest->count];

		kr_ring_forget_key(key);
		kr_key_put(key);
	}
}

static void set_gone(const struct key_type *builtin)
{
	struct kr_builtin_type *type;
	unsigned int i;

	mutex_lock(&known_lock);
	hash_for_each(known, i, type, node) {
		if (type->builtin == builtin)
			WRITE_ONCE(type->gone, true);
	}
	mutex_unlock(&known_lock);
}

void kr_bridge_type_gone(const struct key_type *builtin)
{
	struct harvest harvest = { .builtin = builtin };
	bool more;

	might_sleep();
	set_gone(builtin);
	smp_mb();	/* types and the kernel's keys first, then ours; pairs with is_dead() */
	do {
		kr_key_walk(gather, &harvest);
		more = harvest.count == BATCH;
		end_gathered(&harvest);
	} while (more);
}

void kr_builtin_types_init(void)
{
	kr_key_set_type_finder(find_type);
}

void kr_builtin_types_exit(void)
{
	struct kr_builtin_type *type;
	struct hlist_node *next;
	unsigned int i;

	kr_key_set_type_finder(NULL);
	/* Keys that ended a moment ago call their type once more, after their readers. */
	rcu_barrier();
	/* No key is left and no call arrives: nobody borrows a type. */
	hash_for_each_safe(known, i, next, type, node)
		drop_known(type);
}
