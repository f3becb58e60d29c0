/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of room bridge share. */
#ifndef KR_BRIDGE_INTERNAL_H
#define KR_BRIDGE_INTERNAL_H

#include <keyrings/bridge.h>
#include <keyrings/key.h>
#include <keyrings/key_ops.h>
#include <keyrings/keyring.h>

extern const struct kr_builtin_calls *kr_builtin;

/*
 * What a built-in key of ours grants: everything to a possessor, which only we
 * are, nothing to anybody else. So nobody finds it in /proc/keys or by serial.
 */
#define KR_HIDDEN_PERM	KEY_POS_ALL

/**
 * struct kr_builtin_type - a type of the running kernel as one of ours
 * @type: what the other rooms see; its name is @name
 * @builtin: the kernel's type; compared only
 * @node: in the table of these; RCU readers
 * @domain: of a type whose keys belong to a net namespace: which; holds a reference; else NULL
 * @nkeys: with a @domain: how many keys there are
 * @gone: the kernel's type was unregistered; set once, under known_lock
 * @rcu: frees it after the readers of the table
 * @name: the name
 *
 * Made when the name is first asked for; stays as long as the module, because
 * keys and searches borrow it, or, with a @domain, as that and the keys: see
 * builtin_type.c. The kernel's type may go and another of the name come: it is looked
 * up by name whenever it is needed, and the next one gets an entry of its own. That may
 * happen before the first one's entry is marked, so it is its address that tells them apart.
 */
struct kr_builtin_type {
	struct kr_key_type type;
	const struct key_type *builtin;
	struct hlist_node node;
	struct key_tag *domain;
	atomic_long_t nkeys;
	bool gone;
	struct rcu_head rcu;
	char name[KR_TYPE_NAME_MAX + 1];
};

/* The type as one of the kernel's, or NULL for one of the module's own. */
struct kr_builtin_type *kr_builtin_type_of(const struct kr_key_type *type);

/* Is this the type, one of the module's own or of the kernel's? Does not ask the kernel; RCU. */
const struct kr_key_type *kr_type_peek(const struct key_type *type, struct key_tag *domain);

void kr_builtin_types_init(void);
void kr_builtin_types_exit(void);

/* held.c: the operations of such a type, filled in for what the kernel's type can do. */
void kr_held_set_ops(struct kr_builtin_type *type, const struct key_type *builtin);
/* The built-in key behind a key of such a type, borrowed from it; NULL before it is positive. */
struct key *kr_held(const struct kr_key *key);
/* held_make.c: a built-in key for one of ours, in no ring but a hidden one; an ERR_PTR. */
struct key *kr_held_make(const struct kr_prep *prep, const char *desc);
/* Payload, state or time of the key have changed. */
void kr_held_sync(struct kr_key *key);
/* A built-in key that stands for one of ours expires when that does, KR_NEVER included. */
void kr_builtin_set_expiry(struct key *builtin, time64_t expiry);
int kr_held_instantiate(struct kr_key *key, struct kr_prep *prep);

/*
 * mirror.c: the built-in key that stands for a key of ours, which is not a ring, where kernel
 * code wants one, with a reference; NULL when there is none and none could be made, or -ENOMEM
 * and other errors of making it. With @may_make it may sleep.
 */
struct key *kr_mirror_get(struct kr_key *key, bool may_make);
int kr_mirror_init(void);
void kr_mirror_exit(void);

enum kr_making_what { KR_MAKING, KR_UPDATING };

/**
 * struct kr_making - a task lets the kernel make or update a key of one of its types
 * @node: in the table of makers, by task
 * @task: who
 * @what: which of the two
 * @wanted: a key of ours that the type looked for and that has no mirror, or, while one is
 *	updated, that a helper is making; holds a reference
 */
struct kr_making {
	struct hlist_node node;
	const struct task_struct *task;
	enum kr_making_what what;
	struct kr_key *wanted;
};

/*
 * making.c: around each call that makes or updates a key. kr_making_end() returns 1 when the
 * call is to be made again, whatever came of it, 0 when not, or the error of making a mirror
 * or of waiting.
 */
void kr_making_begin(struct kr_making *making, enum kr_making_what what);
int kr_making_end(struct kr_making *making);
/* Is the task in a call that makes a key? */
bool kr_making_now(void);
/* The same; then no mirror can be made now; this one will be needed. */
bool kr_making_wants(struct kr_key *key);
/*
 * Is it in one that updates a key, and this one being made? Then it is waited for later:
 * kr_making_end().
 */
bool kr_updating_wants(struct kr_key *key);
/* Before the first of these calls. */
void kr_making_init(void);

/* collector.c: a key that may hold @len bytes is going to be made in the built-in subsystem. */
void kr_collector_expects(size_t len);
/*
 * The same. When much may be left for the kernel's collector, waits for it first, but no longer
 * than a fifth of a second, and another one for each 32 KiB: it may wait itself for a ring that
 * somebody has locked. May sleep. -EINTR when a signal kills.
 */
int kr_collector_wait(size_t len);
/* Nobody calls any more. */
void kr_collector_exit(void);

/* shadow.c: an empty hidden ring of the kernel's; an ERR_PTR. */
struct key *kr_hidden_ring_alloc(const char *name);
/* The same, named after the ring @serial. */
struct key *kr_shadow_alloc(s32 serial);
/*
 * The same, with what @ring holds for current and for the kernel's eyes: the keys of the
 * kernel's types that current may search. An ERR_PTR: -ENOMEM, -EINTR.
 */
struct key *kr_shadow_of(struct kr_key *ring);
/*
 * The same for kernel code that may keep it as long as the user wants, with a charge to the quota
 * that current's file system UID has in the built-in service. Where that is full, waits a second
 * for the kernel's collector, or until a signal kills; -EDQUOT as well.
 */
struct key *kr_shadow_charged(struct kr_key *ring);

/* trust.c */
struct kr_restriction *kr_trust_lookup(const struct kr_key_type *type, const char *string);
/*
 * Does current have the kernel read a restriction, which names this key or ring? Then what
 * stands for it there, or an ERR_PTR; otherwise NULL.
 */
struct key *kr_trust_named(struct kr_key *key);

/* serials.c */
bool kr_serial_taken(s32 serial);

#endif /* KR_BRIDGE_INTERNAL_H */
