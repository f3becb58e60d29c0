/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room cred: the keyring half of a process's credentials. Which rings a task
 * has, how they are inherited and when they go; the special IDs; possession as
 * seen from a task.
 */
#ifndef KEYRINGS_CRED_H
#define KEYRINGS_CRED_H

#include <keyrings/keyring.h>
#include <uapi/linux/keyctl.h>

struct task_struct;

/**
 * struct kr_cred - what tasks share after a fork
 * @usage: one for each task, and for whoever looks and may sleep
 * @session: the session keyring, holds a reference; NULL for none
 * @authority: the assumed authorisation key, holds a reference; NULL for none
 * @authority_ns: the user namespace in which it was assumed; compared only: in
 *	another one the authority is none. A task leaves a user namespace for one
 *	below it only (setns(2) wants capabilities there), whose parents it keeps:
 *	the address does not become another's
 * @reqkey: where request_key(2) puts new keys, KEY_REQKEY_DEFL_*
 * @rcu: frees it after its readers
 *
 * Constant once published, as struct cred is: to change something, a task
 * publishes another one. Most tasks have a session keyring and nothing else
 * that is out of the ordinary. They share the session keyring itself: a pointer
 * to it that is marked (kr_cred_fold()) is the same as a pointer to this struct.
 */
struct kr_cred {
	refcount_t usage;
	struct kr_key *session;
	struct kr_key *authority;
	struct user_namespace *authority_ns;
	int reqkey;
	struct rcu_head rcu;
};

/**
 * struct kr_authority - what an authorisation key stands for
 * @usage: one for the authorisation key, one for each call that uses it
 * @target: the key to be instantiated
 * @dest: the ring that the requester wants it in
 * @requester: the requester's own rings, and its credentials; references are held
 * @no_session: the requester has no session keyring: the user-session keyring is searched
 *	in its place, as it is at that time; @requester's credentials keep the UID's record
 * @pid: the requester
 * @callout: what the requester says of the key
 * @rcu: frees it after those who look into the requester's rings
 *
 * The payload of a key of type `.request_key_auth`; given up when that is
 * revoked. Constant.
 */
struct kr_authority {
	refcount_t usage;
	struct kr_key *target;
	struct kr_key *dest;
	struct kr_anchors requester;
	bool no_session;
	struct pid *pid;
	struct kr_payload *callout;
	struct rcu_head rcu;
};

/**
 * kr_authority_make() - make an authorisation key
 * @target: the key to be instantiated
 * @dest: the ring that it is to be linked to
 * @callout: what to say of it; a reference is taken
 *
 * May sleep. When current itself acts with an assumed authority, the requester
 * is that one's.
 *
 * Return: the authorisation key with a reference; an ERR_PTR of -EKEYREVOKED or -ENOMEM.
 */
struct kr_key *kr_authority_make(struct kr_key *target, struct kr_key *dest,
				 struct kr_payload *callout);

/**
 * kr_authority_current() - the authorisation key that current has assumed
 *
 * Return: the key with a reference, whatever its state; NULL for none.
 */
struct kr_key *kr_authority_current(void);

/**
 * kr_authority_get() - the authority that current has assumed
 * @authkey: where to put the authorisation key, with a reference; may be NULL
 *
 * Return: the authority with a reference; an ERR_PTR of -EPERM none assumed, -EKEYREVOKED.
 */
struct kr_authority *kr_authority_get(struct kr_key **authkey);

/**
 * kr_authority_put() - drop a reference
 * @authority: the authority
 */
void kr_authority_put(struct kr_authority *authority);

/**
 * kr_authority_assume() - KEYCTL_ASSUME_AUTHORITY
 * @authkey: the authorisation key, or NULL to drop what was assumed
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int kr_authority_assume(struct kr_key *authkey);

/**
 * kr_authority_drop() - KEYCTL_ASSUME_AUTHORITY of 0
 * @assumed_here: true when there was an authority, and it was one in this user namespace
 *
 * What was assumed in another one is dropped as well. May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int kr_authority_drop(bool *assumed_here);

/**
 * kr_authority_find() - the authorisation key for a key, among current's rings
 * @target: serial of the key to be instantiated
 *
 * Return: the authorisation key with a reference; an ERR_PTR of -ENOKEY, -EKEYREVOKED, -EACCES.
 */
struct kr_key *kr_authority_find(s32 target);

/*
 * What a call says when it was given a serial that is not ours: it is for the
 * built-in subsystem. Outside the range of errors.
 */
#define KR_FOREIGN	(-(MAX_ERRNO + 1))

/* Flags for kr_cred_lookup(). */
#define KR_LOOKUP_CREATE	0x1	/* make a special keyring that does not exist */
#define KR_LOOKUP_PARTIAL	0x2	/* an uninstantiated or negative key will do */
#define KR_LOOKUP_DEFER		0x4	/* the caller looks at state and permission itself */

/**
 * kr_cred_lookup() - turn an ID of user space into a key
 * @id: a serial or one of KEY_SPEC_*
 * @flags: KR_LOOKUP_*
 * @need: the permission that current needs, KR_VIEW .. KR_SETATTR, or 0 for none
 * @ref: the key, with a reference, and whether current possesses it
 *
 * May sleep. Errors as in keyctl(2):
 *
 * Return: 0; KR_FOREIGN no key of ours; -EINVAL no such special ID; -ENOKEY no such ring,
 * or invalidated; -EKEYREVOKED; -EKEYEXPIRED; -EACCES; -EIO not instantiated;
 * -EDQUOT, -ENOMEM making a ring; the error of a negative key.
 */
int kr_cred_lookup(s32 id, unsigned int flags, u32 need, struct kr_key_ref *ref);

/**
 * kr_cred_ring_serial() - the serial of one of current's own rings, if that is all there is to it
 * @id: one of KEY_SPEC_*
 * @flags: KR_LOOKUP_*
 *
 * What KEYCTL_GET_KEYRING_ID is asked most. Neither allocates nor sleeps, and takes
 * no lock but where the IDs of a thread's keyring have to follow those of the thread,
 * or a UID's last process may just have exited.
 *
 * Return: the serial when the ring exists, is valid and grants search; 0 when a
 * kr_cred_lookup() has to tell more.
 */
s32 kr_cred_ring_serial(s32 id, unsigned int flags);

/**
 * kr_cred_permits() - may current do that with the key?
 * @ref: the key
 * @need: one of KR_VIEW .. KR_SETATTR
 *
 * Return: true when it may.
 */
bool kr_cred_permits(const struct kr_key_ref *ref, u32 need);

/**
 * kr_cred_permits_by_serial() - may current, who knows its serial, do that with the key?
 * @key: the key, whatever state it is in
 * @need: one of KR_VIEW .. KR_SETATTR
 *
 * Looks whether current possesses it. Does not sleep.
 *
 * Return: true when it may.
 */
bool kr_cred_permits_by_serial(struct kr_key *key, u32 need);

/**
 * kr_cred_search() - search the rings of current
 * @search: what to look for, the actor being current's credentials
 *
 * In the order of request_key(2): thread, process, session, or, without a
 * session keyring, the user-session keyring if it exists.
 *
 * Return: 0 with a reference in @search->found; -EAGAIN nothing found; else an error: -ENOKEY
 * of a negative key before any other, then that of the last ring in which there was one.
 */
int kr_cred_search(struct kr_search *search);

/**
 * kr_cred_anchors() - the rings of current
 * @anchors: to be filled in
 *
 * Caller is in an RCU read section, for whose time the rings are borrowed.
 */
void kr_cred_anchors(struct kr_anchors *anchors);

/**
 * kr_cred_join_session() - KEYCTL_JOIN_SESSION_KEYRING
 * @name: of the ring to join or make; NULL for a new anonymous one
 *
 * May sleep.
 *
 * Return: the serial of the ring; 0 when it is the session already; -EDQUOT; -ENOMEM; -EINVAL.
 */
long kr_cred_join_session(const char *name);

/**
 * kr_cred_session_to_parent() - KEYCTL_SESSION_TO_PARENT
 *
 * Takes effect when the parent next returns to user space. May sleep.
 *
 * Return: 0; -EPERM the parent may not be given a ring; -EACCES no link permission; -ESRCH the
 * parent exits; -ENOMEM; and the errors of a lookup of the session keyring.
 */
long kr_cred_session_to_parent(void);

#ifdef CONFIG_KEYS
/**
 * kr_builtin_session_prepare() - prepare to leave the built-in service's session
 *
 * A process may have one from before the load, or from an ancestor. What is in it is reached by
 * number, and found by kernel code, until the process gets another session: there, too, that
 * would take its place. May sleep.
 *
 * Return: credentials for current without that session; NULL when there is none, or current
 * wears others for a call; an ERR_PTR(-ENOMEM).
 */
struct cred *kr_builtin_session_prepare(void);

/**
 * kr_builtin_session_leave() - put these credentials on, or let them go
 * @cred: from kr_builtin_session_prepare(), consumed; NULL for nothing
 * @joined: has current got another session?
 */
void kr_builtin_session_leave(struct cred *cred, bool joined);

/**
 * kr_builtin_session_is_mine() - may current have others leave the built-in service's session?
 * @theirs: credentials of another task. Context: RCU read section, which keeps them.
 *
 * Return: true if that belongs to current's effective UID, or there is none.
 */
bool kr_builtin_session_is_mine(const struct cred *theirs);
#else
static inline struct cred *kr_builtin_session_prepare(void)
{
	return NULL;
}

static inline void kr_builtin_session_leave(struct cred *cred, bool joined)
{
}

static inline bool kr_builtin_session_is_mine(const struct cred *theirs)
{
	return true;
}
#endif

/* Takes a work back that is queued for a task; false when it is not. Does not sleep. */
typedef bool (*kr_cancel_work_fn)(struct task_struct *task, struct callback_head *work);

/**
 * kr_cred_set_cancel_work() - tell the room how a task work is taken back
 * @cancel: the function, which the kernel has and does not export
 *
 * Before the room is used.
 */
void kr_cred_set_cancel_work(kr_cancel_work_fn cancel);

/**
 * kr_cred_set_serving() - tell the room how it learns that calls will not come to it for long
 * @serving: false when the live patch was disabled. Does not sleep
 *
 * Before calls come; without it they come as long as the room is there.
 */
void kr_cred_set_serving(bool (*serving)(void));

/**
 * kr_cred_set_reqkey() - KEYCTL_SET_REQKEY_KEYRING
 * @value: one of KEY_REQKEY_DEFL_*
 *
 * May sleep.
 *
 * Return: the old value; -EINVAL; -ENOMEM making a ring.
 */
long kr_cred_set_reqkey(int value);

/**
 * kr_cred_default_dest() - where request_key(2) puts a new key when the caller does not say
 * @dest: the ring, with a reference
 *
 * May sleep.
 *
 * Return: 0; -EACCES the ring that was chosen may not be written; errors of making one.
 */
int kr_cred_default_dest(struct kr_key **dest);

/**
 * kr_cred_user_ring_get() - the user keyring or the user-session keyring of current
 * @session: which of the two
 * @ring: the ring, with a reference; made, with the other one, when it is missing
 *
 * May sleep; the caller holds no lock of a ring. Waits, when there is no room for them in
 * the quota or only one of the two is there, for what the UID's last processes have left
 * to be ended.
 *
 * Return: 0; -EKEYREVOKED, -EKEYEXPIRED, -EACCES when one of the two is not to be had;
 * -EDQUOT, -ENOMEM making one.
 */
int kr_cred_user_ring_get(bool session, struct kr_key **ring);

/**
 * kr_cred_enter_helper() - let current start as a helper
 * @session: its session keyring; the reference stays the caller's
 *
 * What a helper requests in its turn goes to rings of its own by default, as
 * that of every task of the kernel's does. May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int kr_cred_enter_helper(struct kr_key *session);

/**
 * kr_cred_ring_peek() - one of current's own rings, if it exists
 * @id: KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING or KEY_SPEC_SESSION_KEYRING
 *
 * Return: the serial or 0.
 */
s32 kr_cred_ring_peek(s32 id);

/**
 * kr_cred_get_persistent() - KEYCTL_GET_PERSISTENT
 * @uid: whose
 * @dest: the ring to link it to
 *
 * May sleep.
 *
 * Return: the serial; -EINVAL the UID is not mapped in current's user namespace; -EACCES; -ENOMEM;
 * errors of a link.
 */
long kr_cred_get_persistent(kuid_t uid, struct kr_key *dest);

/**
 * kr_cred_task_new() - a task was made
 * @child: not running yet
 * @clone_flags: as given to clone(2)
 *
 * From a tracepoint: preemption off, current is the creator. The child shares
 * the creator's &struct kr_cred; it has no thread keyring. When memory is so
 * short that even the reserve is empty, the child starts without a session
 * keyring, which is counted; the creator and the fork are not affected.
 */
void kr_cred_task_new(struct task_struct *child, unsigned long clone_flags);

/**
 * kr_cred_task_exec() - current executes another program
 * @task: current
 *
 * From a tracepoint: preemption off. Drops thread and process keyring.
 */
void kr_cred_task_exec(struct task_struct *task);

/**
 * kr_cred_task_exit() - current exits
 * @task: current
 *
 * From a tracepoint: preemption off. Drops everything, the process keyring
 * with the last thread.
 */
void kr_cred_task_exit(struct task_struct *task);

/**
 * kr_cred_lost() - how many tasks started without what they should have inherited?
 *
 * Return: the count since load.
 */
unsigned long kr_cred_lost(void);

/**
 * kr_cred_init() - prepare the room
 *
 * Return: 0 or -ENOMEM.
 */
int kr_cred_init(void);

/**
 * kr_cred_drop_all() - take the rings of every task away
 *
 * For unloading: no call and no event can arrive any more. May sleep, and waits for parents
 * that are about to take a session keyring: the kernel may have other works for them first.
 */
void kr_cred_drop_all(void);

/**
 * kr_cred_exit() - leave nothing
 */
void kr_cred_exit(void);

#endif /* KEYRINGS_CRED_H */
