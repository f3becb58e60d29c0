/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of room cred share. */
#ifndef KR_CRED_INTERNAL_H
#define KR_CRED_INTERNAL_H

#include <keyrings/cred.h>
#include <linux/sched.h>

/**
 * struct kr_task - the record of one task that has rings
 * @node: in the table of tasks
 * @task: whose; compared only, the exit hook takes the record away before it is freed
 * @cred: what is shared after a fork, or NULL; replaced by the task itself, RCU readers
 * @thread: the thread keyring or NULL; used by the task itself
 * @process: a process keyring that only some threads of the process have: the one that made it
 *	while it had a UID of its own, and those made by one that has it; or NULL; used by the
 *	task itself
 * @rcu: frees it after its readers; these never look at what only the task itself uses
 *
 * ======== ===================================== ==================================
 * state    what is true                          who may hold it
 * ======== ===================================== ==================================
 * none     the task has no ring of its own       -
 * hashed   found by its task                     the task; readers under RCU
 * retired  unhashed by exit or unload            readers under RCU
 * ======== ===================================== ==================================
 */
struct kr_task {
	struct hlist_node node;
	struct task_struct *task;
	struct kr_cred __rcu *cred;
	union {
		struct {
			struct kr_key __rcu *thread;
			struct kr_key *process;
		};
		struct rcu_head rcu;
	};
};

/* The record of current, borrowed: stays while calls can arrive; in an RCU read section. */
struct kr_task *kr_task_current_rcu(void);
/* The record of current, which only current can take away; NULL for none. */
struct kr_task *kr_task_current(void);
/* The same, made when there is none; NULL when memory is short. */
struct kr_task *kr_task_current_make(void);
#define KR_CRED_FOLDED	1UL	/* a pointer to a session keyring in the place of a struct kr_cred */

static inline struct kr_key *kr_cred_folded(const struct kr_cred *cred)
{
	unsigned long bits = (unsigned long)cred;

	return bits & KR_CRED_FOLDED ? (struct kr_key *)(bits - KR_CRED_FOLDED) : NULL;
}

/* The session keyring of a shared half, which may be NULL; borrowed from it. */
static inline struct kr_key *kr_cred_session(const struct kr_cred *cred)
{
	if (likely(!cred || kr_cred_folded(cred)))
		return kr_cred_folded(cred);
	return cred->session;
}

/* A shared half with more than a session; NULL if this is not one. */
static inline const struct kr_cred *kr_cred_special(const struct kr_cred *cred)
{
	return kr_cred_folded(cred) ? NULL : cred;
}

/*
 * What a shared half that nobody knows yet is to be published as: its session
 * keyring alone if there is nothing else in it.
 */
struct kr_cred *kr_cred_fold(struct kr_cred *cred);
/* The shared half of current with a reference; NULL for none. */
struct kr_cred *kr_cred_current_get(void);
/* Process context: the last use of a session ends the ring. */
void kr_cred_put(struct kr_cred *cred);
/* The same for atomic context: the end of the ring is left to the reaper. */
void kr_cred_put_later(struct kr_cred *cred);
/* Unless its last reference has gone. */
bool kr_cred_tryget(struct kr_cred *cred);
/*
 * Where current puts new keys, with this shared half; without one it is what the built-in
 * service would do: the task's choice of before the load, or the kernel's.
 */
int kr_cred_reqkey(const struct kr_cred *cred);
/* Memory for a shared half, with nothing in it; NULL when it is short. May sleep. */
struct kr_cred *kr_cred_alloc(void);
/* Free what was not published, and holds nothing; NULL will do. */
void kr_cred_free(struct kr_cred *cred);
/* Make @cred a copy of current's half, to be changed, not folded. */
void kr_cred_copy(struct kr_cred *cred, const struct kr_cred *old);
int kr_shared_init(void);
void kr_shared_exit(void);

/* Changes current's copy of its shared half; may sleep, but publishes nothing itself. */
typedef void (*kr_cred_change_fn)(struct kr_cred *cred, void *arg);

/* Publish a changed copy of current's half; 0 or -ENOMEM. */
int kr_cred_change(kr_cred_change_fn change, void *arg);

/**
 * struct kr_change_memory - what a change needs that may not fail when its time comes
 * @record: for a task that has none
 * @cred: the copy
 */
struct kr_change_memory {
	struct kr_task *record;
	struct kr_cred *cred;
};

/* 0 or -ENOMEM; may sleep. */
int kr_change_memory_get(struct kr_change_memory *memory);
/* Give back what was not needed. */
void kr_change_memory_put(struct kr_change_memory *memory);
/* kr_cred_change() with memory that is there, and of which the rest is left to be given back. */
void kr_cred_change_with(struct kr_change_memory *memory, kr_cred_change_fn change, void *arg);
/* The shared half of any task, with a reference; NULL for none. */
struct kr_cred *kr_cred_get_of(struct task_struct *task);

/*
 * Give a task a session keyring, whose reference stays the caller's: the task takes it when it
 * next returns to user space, unless it exits. What it was given before, and has not taken
 * yet, it does not get. 0, -ESRCH when it exits, or -ENOMEM; may sleep.
 */
int kr_session_give(struct task_struct *parent, struct kr_key *session);
/* Take back, or wait for, every session keyring that is on its way to a parent. May sleep. */
void kr_handovers_end(void);

/* The process keyring of current, whose record this is, if any: borrowed under RCU, or NULL. */
struct kr_key *kr_process_ring_peek(const struct kr_task *record);
/*
 * Give current's process a new `_pid` ring, unless it has one, or current alone, if it has a
 * UID of its own; the reference passes. 0 or -ENOMEM.
 */
int kr_process_install(struct kr_key *ring);
void kr_process_drop(struct signal_struct *signal);
void kr_process_drop_all(void);
/* 0 or -ENOMEM; may sleep. */
int kr_process_init(void);
/* When hooks and calls have gone, and with them the readers of the table. */
void kr_process_exit(void);
/* How many buckets, as a power of two, a table has that may hold all tasks. */
unsigned int kr_task_table_bits(void);

/* One of current's own rings; made when missing if flags has KR_LOOKUP_CREATE. */
int kr_ring_special(s32 id, unsigned int flags, struct kr_key **ring);
/* The same with a reference, when it exists and will do; never makes one. */
struct kr_key *kr_ring_special_tryget(s32 id, unsigned int flags);
/* May somebody with these credentials have this ring of the UID? It must not have ended. */
bool kr_user_ring_usable(const struct kr_key *ring, const struct cred *actor);
/*
 * The user-session keyring of a UID without a record, if something has kept it, or else the
 * user keyring, which would be in it; borrowed under RCU.
 */
struct kr_key *kr_kept_ring_peek(const struct cred *cred);

struct kr_key *kr_session_get(void);
/* Make `ring` the session keyring of current; the reference stays the caller's. */
int kr_session_set(struct kr_key *ring);
/* Of a shared half that is being changed; @arg is the ring, whose reference stays the caller's. */
void kr_session_replace(struct kr_cred *cred, void *arg);
struct kr_key *kr_session_make(const char *name, u32 perm, unsigned int flags);

/*
 * The rings of current without the user-session keyring, borrowed under RCU. False if
 * there is no session keyring among them.
 */
bool kr_anchors_own(struct kr_anchors *anchors);
/* What the actor has in the place of a missing session keyring, if there is one that will do. */
void kr_anchors_add_user_session(struct kr_anchors *anchors);

extern const struct kr_key_type *const kr_authority_type;
/* Where the requester wants the key, with a reference; -EPERM, -EKEYREVOKED without authority. */
struct kr_key *kr_authority_dest_get(void);
/* The rings of whom current acts for, borrowed under RCU. False if it has no authority. */
bool kr_authority_requester(struct kr_anchors *anchors);

#define KR_PERM_ANON_SESSION	(KR_POS(KR_ALL) | KR_USR(KR_VIEW | KR_READ))
#define KR_PERM_NAMED_SESSION	(KR_POS(KR_ALL) | KR_USR(KR_VIEW | KR_READ | KR_LINK))
#define KR_PERM_TASK_RING	(KR_POS(KR_ALL) | KR_USR(KR_VIEW))
#define KR_PERM_UID_RING	(KR_POS(KR_ALL & ~KR_SETATTR) | KR_USR(KR_ALL))

#endif /* KR_CRED_INTERNAL_H */
