/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room bridge: meeting the built-in subsystem, where the kernel has it.
 *
 * Outward, the types of the running kernel are offered: a key of such a type is
 * one of ours that holds a built-in key, made by the kernel's own code, and
 * passes on what it is asked. Inward, kernel code that looks for a key finds
 * those of ours, handed over as built-in keys that change and end with ours.
 */
#ifndef KEYRINGS_BRIDGE_H
#define KEYRINGS_BRIDGE_H

#include <linux/kconfig.h>

#if IS_ENABLED(CONFIG_KEYS)
#include <linux/key.h>
#include <linux/key-type.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

/**
 * struct kr_builtin_calls - what we use of the built-in subsystem and it does not export
 * @type_lookup: a type by name, which stays registered until @type_put; or an ERR_PTR; may sleep
 * @type_put: let the type go
 * @key_lookup: a built-in key by serial, with a reference; or an ERR_PTR
 * @construction: the lock under which keys are instantiated
 * @collector: the work that frees what has been put
 *
 * Room hooks finds them.
 */
struct kr_builtin_calls {
	struct key_type *(*type_lookup)(const char *name);
	void (*type_put)(struct key_type *type);
	struct key *(*key_lookup)(key_serial_t serial);
	const struct mutex *construction;
	struct work_struct *collector;
};

/**
 * kr_bridge_set_calls() - tell the room how to reach the built-in subsystem
 * @calls: constant until the module goes
 *
 * Before kr_bridge_init().
 */
void kr_bridge_set_calls(const struct kr_builtin_calls *calls);

/**
 * kr_bridge_request() - kernel code looks for a key: is it one of ours?
 * @type: type of the key
 * @domain: in which net namespace, for types that have such domains, or NULL
 * @desc: description
 * @may_sleep: false in an RCU read section: only what needs no making is found
 *
 * Tasks that act with credentials other than their own, and the kernel's own
 * threads, have no keys of ours.
 *
 * Return: a built-in key like ours, with a reference; NULL when none of ours is meant; an
 * ERR_PTR: what was wrong with the one that would be.
 */
struct key *kr_bridge_request(struct key_type *type, struct key_tag *domain, const char *desc,
			      bool may_sleep);

/**
 * kr_bridge_lookup() - kernel code looks a key up by serial, for current
 * @serial: the serial
 * @flags: KEY_LOOKUP_*
 * @need: what current wants to do with it
 *
 * May sleep. A ring is handed over to be looked at, not to be changed.
 *
 * Return: a built-in key like ours, with a reference, and whether current possesses it; NULL when
 * the serial is not of a key of ours; an ERR_PTR as kr_cred_lookup(), or -ENOKEY for a ring
 * that current wants to change.
 */
key_ref_t kr_bridge_lookup(key_serial_t serial, unsigned long flags, enum key_need_perm need);

/**
 * kr_bridge_find() - kernel code wants a key by serial, whoever current is
 * @serial: the serial
 *
 * May sleep when the key is of ours.
 *
 * Return: as kr_bridge_lookup().
 */
struct key *kr_bridge_find(key_serial_t serial);

/**
 * kr_bridge_type_gone() - the kernel has unregistered a type
 * @builtin: the type, still there; another of the name may have come
 *
 * The keys of the type are dead. May sleep.
 */
void kr_bridge_type_gone(const struct key_type *builtin);

/**
 * kr_bridge_init() - open the bridge
 *
 * From here on new keys avoid the serials of the built-in subsystem, and its
 * types are found.
 *
 * Return: 0 or -ENOMEM.
 */
int kr_bridge_init(void);

/**
 * kr_bridge_exit() - leave nothing
 *
 * No key is left, and no call can arrive.
 */
void kr_bridge_exit(void);

#else

static inline int kr_bridge_init(void)
{
	return 0;
}

static inline void kr_bridge_exit(void)
{
}

#endif /* CONFIG_KEYS */
#endif /* KEYRINGS_BRIDGE_H */
