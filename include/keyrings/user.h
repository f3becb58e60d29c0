/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room user: what the module remembers of a UID. An account per kuid holds the
 * quota; a record per (user namespace, kuid) holds the user keyring and the
 * user-session keyring and lives as long as the kernel's own record of the UID.
 */
#ifndef KEYRINGS_USER_H
#define KEYRINGS_USER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>

#include <keyrings/store.h>

struct kr_key;
struct user_namespace;
struct user_struct;

/**
 * struct kr_account - what one kuid owes, in all user namespaces together
 * @uid: the owner; constant
 * @usage: one for each key the UID owns, for each record, for being queued to be
 *	looked at, and for each call that holds it
 * @nkeys: keys alive, in quota or not
 * @nikeys: those of them that are instantiated
 * @lock: guards @qnkeys, @qnbytes, @pin, @records and whether they are closing; inside
 *	of a key's lock, outside of &kr_ns.users_lock
 * @qnkeys: keys in quota
 * @qnbytes: bytes in quota
 * @create: serialises the making of the UID's two keyrings; outermost
 * @pin: the one reference on the kernel's record of the UID that all records share, or NULL
 * @records: the records of this UID, one for each user namespace
 * @queued: bit 0 is set from the queueing until the work looks
 * @looked_at: among those that the work is to look at, and to give the keyrings back
 *	when nobody but us pins the UID
 * @in_order: among all accounts, in the order of their UIDs
 * @rcu: frees the account after its readers; it is not in that order then
 *
 * ========= ============================================ ============================
 * state     what is true                                 who may hold it
 * ========= ============================================ ============================
 * quota     @pin NULL, @records empty                    keys; readers under RCU
 * pinned    @pin set, one record or more                 keys, records, readers, work
 * dead      @usage 0, out of the table                   readers under RCU
 * ========= ============================================ ============================
 */
struct kr_account {
	kuid_t uid;
	refcount_t usage;
	atomic_t nkeys;
	atomic_t nikeys;
	spinlock_t lock;
	unsigned int qnkeys;
	u64 qnbytes;
	struct mutex create;
	struct user_struct *pin;
	struct list_head records;
	unsigned long queued;
	struct llist_node looked_at;
	union {
		struct rb_node in_order;
		struct rcu_head rcu;
	};
};

/**
 * struct kr_ns - a user namespace as far as this module knows it
 * @ns: the namespace; not pinned, only compared, and only while hashed
 * @usage: one for being hashed, one for each record, each named ring and each call that holds it
 * @users: &struct kr_user by kuid; written under @users_lock
 * @users_lock: taken inside the lock of a record's account
 * @persistent_lock: serialises the making of persistent keyrings
 * @persistent: the register of persistent keyrings or NULL; under @persistent_lock
 * @node: in the table of namespaces
 * @rcu: frees it after its readers
 *
 * A ring remembers this object and not the namespace, so that a later
 * namespace at the same address never inherits a name.
 */
struct kr_ns {
	struct user_namespace *ns;
	refcount_t usage;
	struct kr_store users;
	spinlock_t users_lock;
	struct mutex persistent_lock;
	struct kr_key *persistent;
	struct hlist_node node;
	struct rcu_head rcu;
};

/**
 * struct kr_user - the record of one UID in one user namespace
 * @account: the UID's account; constant, holds a reference
 * @ns: the namespace; constant, holds a reference
 * @user_ring: `_uid.<UID>`, holds a reference; read under RCU, made under the account's
 *	@create by a process of the UID; NULL from when it has ended until it is made anew
 * @session_ring: `_uid_ses.<UID>`, likewise
 * @in_account: in the account's records, or among those that go
 * @rcu: frees the record after its readers; it is in no list then
 * @closing: while the work looks whether the UID has gone, and for good when it has;
 *	under the account's @lock, see kr_user_peek()
 *
 * ========= ============================================ ============================
 * state     what is true                                 who may hold it
 * ========= ============================================ ============================
 * open      @closing false, found in @ns                 the account; readers under RCU
 * closing   @closing true, account locked by the work    the same; readers take the lock
 * gone      @closing true, or its namespace went; found  readers under RCU
 *           by nobody
 * ========= ============================================ ============================
 *
 * A record is made with both rings.
 */
struct kr_user {
	struct kr_account *account;
	struct kr_ns *ns;
	struct kr_key *user_ring;
	struct kr_key *session_ring;
	union {
		struct list_head in_account;
		struct rcu_head rcu;
	};
	bool closing;
};

extern struct kr_ns kr_init_ns;

/**
 * kr_account_get_by_uid() - find or make the account of a UID
 * @uid: the owner
 *
 * May sleep.
 *
 * Return: the account with a reference, or NULL when memory is short.
 */
struct kr_account *kr_account_get_by_uid(kuid_t uid);

/**
 * kr_account_get() - take another reference
 * @account: an account the caller has a reference on
 */
static inline void kr_account_get(struct kr_account *account)
{
	refcount_inc(&account->usage);
}

/**
 * kr_account_put() - drop a reference
 * @account: the account
 *
 * Process context; preemption may be off.
 */
void kr_account_put(struct kr_account *account);

/**
 * kr_account_charge() - charge keys and bytes against the UID's quota
 * @account: who pays
 * @keys: number of keys
 * @bytes: number of bytes
 * @overrun: charge even what is above the limit
 *
 * The limits may be reached, not exceeded. Process context; preemption may be off.
 *
 * Return: 0, or -EDQUOT with nothing charged.
 */
int kr_account_charge(struct kr_account *account, unsigned int keys, u64 bytes, bool overrun);

/**
 * kr_account_has_room() - is the UID within its quota, with so many bytes more?
 * @account: who would pay
 * @bytes: number of bytes
 *
 * Nothing is charged. Process context; preemption may be off.
 *
 * Return: true when neither keys nor bytes would be above the limit.
 */
bool kr_account_has_room(struct kr_account *account, u64 bytes);

/**
 * kr_account_uncharge() - give quota back
 * @account: who paid
 * @keys: number of keys
 * @bytes: number of bytes
 *
 * Process context; preemption may be off.
 */
void kr_account_uncharge(struct kr_account *account, unsigned int keys, u64 bytes);

/**
 * kr_account_next() - walk the accounts in the order of their UIDs
 * @uid: the lowest UID of interest
 *
 * Caller is in an RCU read section. Takes a lock for a moment.
 *
 * Return: the account with the lowest UID not below @uid, or NULL.
 */
struct kr_account *kr_account_next(u32 uid);

/**
 * kr_ns_peek() - find what is known of a user namespace
 * @ns: alive
 *
 * Caller is in an RCU read section.
 *
 * Return: the object, borrowed, or NULL when the namespace is not known yet.
 */
struct kr_ns *kr_ns_peek(struct user_namespace *ns);

/**
 * kr_ns_get_by_ns() - find or make what is known of a user namespace
 * @ns: alive
 *
 * May sleep.
 *
 * Return: the object with a reference, or NULL when memory is short.
 */
struct kr_ns *kr_ns_get_by_ns(struct user_namespace *ns);

/**
 * kr_ns_put() - drop a reference
 * @kns: the object, or NULL
 */
void kr_ns_put(struct kr_ns *kns);

/**
 * kr_user_peek() - find the record of a UID that has keyrings
 * @ns: the user namespace, alive
 * @uid: the UID
 *
 * Caller is in an RCU read section. When the caller is a task whose credentials
 * pin the UID, a record that is returned stays that of the UID as long as the
 * task lives: a pending decision to close it is waited for.
 *
 * Return: the record, borrowed, or NULL.
 */
struct kr_user *kr_user_peek(struct user_namespace *ns, kuid_t uid);

/**
 * kr_user_install() - give a UID its two keyrings
 * @account: the UID's account, its create mutex held by the caller
 * @kns: the namespace
 * @up: the kernel's record of the UID; pinned by this call if it was not yet
 * @user_ring: `_uid.<UID>`; the reference passes to the record
 * @session_ring: `_uid_ses.<UID>`; the reference passes to the record
 *
 * May sleep.
 *
 * Return: 0; -EDQUOT when the UID has as many records as it may have keys, or -ENOMEM, with
 * nothing changed and both references still the caller's.
 */
int kr_user_install(struct kr_account *account, struct kr_ns *kns, struct user_struct *up,
		    struct kr_key *user_ring, struct kr_key *session_ring);

/**
 * kr_user_forget_ring() - let go of a keyring of a UID that has ended
 * @kns: the namespace it was made in
 * @owner: who owns it now
 * @ring: the ring; the caller has a reference
 *
 * Does nothing if no record holds it. Any context. Takes time in proportion to the UIDs of
 * the namespace if its owner's record does not hold it.
 */
void kr_user_forget_ring(struct kr_ns *kns, kuid_t owner, struct kr_key *ring);

/**
 * kr_user_uid_dropped() - somebody dropped a reference on a UID
 * @up: the kernel's record of the UID; may be freed by now, unless ours is the last reference
 * @uid: the UID
 *
 * Caller is in an RCU read section that began before the drop. Any context:
 * only looks and queues work. When the last reference but ours has gone, the
 * UID's keyrings are given back soon after.
 */
void kr_user_uid_dropped(struct user_struct *up, kuid_t uid);

/**
 * kr_user_ns_dying() - a user namespace is about to be freed
 * @ns: no task is in it any more
 *
 * Process context, may be called with preemption off. Takes the records of
 * the namespace away.
 */
void kr_user_ns_dying(struct user_namespace *ns);

/**
 * struct kr_user_ops - what this room asks of the rooms above
 * @drop_ring: drop a reference on a ring; atomic
 */
struct kr_user_ops {
	void (*drop_ring)(struct kr_key *ring);
};

/**
 * kr_user_init() - prepare the room
 * @ops: constant until kr_user_exit()
 *
 * Return: 0; -ENOMEM.
 */
int kr_user_init(const struct kr_user_ops *ops);

/**
 * kr_user_flush() - wait until each UID of which it was said has been looked at
 *
 * May sleep.
 */
void kr_user_flush(void);

/**
 * kr_user_drop_all() - give every UID's keyrings and every pin back
 *
 * For unloading: no call and no event can arrive any more. May sleep.
 */
void kr_user_drop_all(void);

/**
 * kr_user_exit() - leave nothing
 *
 * After kr_user_drop_all() and after the last key was freed.
 */
void kr_user_exit(void);

#endif /* KEYRINGS_USER_H */
