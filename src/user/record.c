// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of a UID in a user namespace, with the life that
 * user-session-keyring(7) promises: it is pinned by the processes of the UID
 * and by the files they opened, and goes when the last of them goes.
 *
 * All of those hold references on the kernel's struct user_struct. An account
 * takes one more when the UID's keyrings are made. When somebody has dropped
 * the last reference but that one, a work item looks again:
 *
 *	work				a new process of the UID
 *	----				------------------------
 *	lock account			[reference on user_struct taken]
 *	records: closing = true		user = user_find()
 *	smp_mb()			if (user->closing)
 *	count == 1 ?				lock, unlock, look again
 *	  yes: take the records out
 *	  no: records: closing = false
 *	unlock
 *
 * A task takes its reference long before its first call. So either the work
 * sees it in the count and leaves the records alone, or the task sees closing
 * and waits for the outcome. A record that was taken out is closing for ever:
 * whoever found it before sees that, however late he looks.
 */
#include <keyrings/user.h>

#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "user_internal.h"

#define NS_HASH_BITS	8

static const struct kr_user_ops *user_ops;
static LLIST_HEAD(to_look_at);	/* accounts whose UID may have gone */

static DEFINE_SPINLOCK(ns_lock);	/* writers of ns_table; innermost */
static struct hlist_head ns_table[1 << NS_HASH_BITS];

struct kr_ns kr_init_ns = {
	.ns	= &init_user_ns,
	.usage	= REFCOUNT_INIT(1),
	.users_lock = __SPIN_LOCK_UNLOCKED(kr_init_ns.users_lock),
	.persistent_lock = __MUTEX_INITIALIZER(kr_init_ns.persistent_lock),
};

static struct hlist_head *ns_bucket(const struct user_namespace *ns)
{
	return &ns_table[hash_ptr(ns, NS_HASH_BITS)];
}

struct kr_ns *kr_ns_peek(struct user_namespace *ns)
{
	struct kr_ns *kns;

	if (likely(ns == &init_user_ns))
		return &kr_init_ns;
	hlist_for_each_entry_rcu(kns, ns_bucket(ns), node) {
		if (kns->ns == ns)
			return kns;
	}
	return NULL;
}

static struct kr_ns *ns_tryget(struct user_namespace *ns)
{
	struct kr_ns *kns;

	rcu_read_lock();
	kns = kr_ns_peek(ns);
	if (kns && !refcount_inc_not_zero(&kns->usage))
		kns = NULL;
	rcu_read_unlock();
	return kns;
}

struct kr_ns *kr_ns_get_by_ns(struct user_namespace *ns)
{
	struct kr_ns *kns, *new;

	kns = ns_tryget(ns);
	if (likely(kns))
		return kns;

	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return NULL;
	new->ns = ns;
	refcount_set(&new->usage, 2);
	spin_lock_init(&new->users_lock);
	mutex_init(&new->persistent_lock);

	spin_lock(&ns_lock);
	kns = ns_tryget(ns);
	if (!kns)
		hlist_add_head_rcu(&new->node, ns_bucket(ns));
	spin_unlock(&ns_lock);

	if (kns)
		kfree(new);
	return kns ?: new;
}

static void ns_free_rcu(struct rcu_head *rcu)
{
	struct kr_ns *kns = container_of(rcu, struct kr_ns, rcu);

	kr_store_free(&kns->users);
	kfree(kns);
}

void kr_ns_put(struct kr_ns *kns)
{
	if (!kns || !refcount_dec_and_test(&kns->usage))
		return;
	/* The last record went before, it holds a reference. */
	WARN_ON_ONCE(kns->users.count);
	call_rcu(&kns->rcu, ns_free_rcu);
}

u32 kr_user_hash_of(const void *object)
{
	return kr_uid_hash(((const struct kr_user *)object)->account->uid);
}

static bool match_uid(const void *object, const void *arg)
{
	return uid_eq(((const struct kr_user *)object)->account->uid, *(const kuid_t *)arg);
}

static struct kr_user *user_find(struct kr_ns *kns, kuid_t uid)
{
	return kr_store_find(&kns->users, kr_uid_hash(uid), match_uid, &uid);
}

struct kr_user *kr_user_after_decision(const struct kr_user *user)
{
	struct kr_account *account = user->account;

	spin_lock(&account->lock);
	spin_unlock(&account->lock);
	return user_find(user->ns, account->uid);
}

struct kr_user *kr_user_peek(struct user_namespace *ns, kuid_t uid)
{
	struct kr_ns *kns = kr_ns_peek(ns);
	struct kr_user *user;

	if (!kns)
		return NULL;
	user = user_find(kns, uid);
	return user ? kr_user_settled(user) : NULL;
}

/*
 * A record stays when its rings have ended and their charge was given back. Of those with two
 * rings there are fewer, so who is refused has let most of them end.
 */
static bool has_too_many(struct kr_account *account)
{
	unsigned int most = kr_account_maxkeys(account), count = 0;
	struct list_head *at;

	spin_lock(&account->lock);
	list_for_each(at, &account->records) {
		if (++count >= most)
			break;
	}
	spin_unlock(&account->lock);
	return count >= most;
}

int kr_user_install(struct kr_account *account, struct kr_ns *kns, struct user_struct *up,
		    struct kr_key *user_ring, struct kr_key *session_ring)
{
	struct kr_user *user;

	lockdep_assert_held(&account->create);
	might_sleep();

	if (has_too_many(account))
		return -EDQUOT;
	user = kzalloc(sizeof(*user), GFP_KERNEL);
	if (!user)
		return -ENOMEM;
	if (kr_store_reserve(&kns->users, kr_user_hash_of, &kns->users_lock)) {
		kfree(user);
		return -ENOMEM;
	}

	kr_account_get(account);
	refcount_inc(&kns->usage);
	user->account = account;
	user->ns = kns;
	user->user_ring = user_ring;
	user->session_ring = session_ring;

	spin_lock(&account->lock);
	if (!account->pin)
		WRITE_ONCE(account->pin, get_uid(up));
	list_add_tail(&user->in_account, &account->records);
	spin_lock(&kns->users_lock);
	kr_store_insert(&kns->users, (unsigned long)user, kr_user_hash_of(user));
	spin_unlock(&kns->users_lock);
	spin_unlock(&account->lock);
	return 0;
}

/* The record is out of reach of new readers after this. */
static void user_unhash(struct kr_user *user, struct list_head *gone)
{
	struct kr_ns *kns = user->ns;

	lockdep_assert_held(&user->account->lock);
	spin_lock(&kns->users_lock);
	kr_store_remove(&kns->users, user, kr_user_hash_of(user));
	kr_store_shrink(&kns->users, kr_user_hash_of);
	spin_unlock(&kns->users_lock);
	list_move(&user->in_account, gone);
}

static void drop_ring(struct kr_key **place)
{
	struct kr_key *ring = xchg(place, NULL);

	if (ring)
		user_ops->drop_ring(ring);
}

static void user_free(struct kr_user *user)
{
	drop_ring(&user->session_ring);
	drop_ring(&user->user_ring);
	kr_ns_put(user->ns);
	kr_account_put(user->account);
	kfree_rcu(user, rcu);
}

static void users_free(struct list_head *gone)
{
	struct kr_user *user, *next;

	list_for_each_entry_safe(user, next, gone, in_account)
		user_free(user);
}

/* Where the record holds this ring, or NULL. */
static struct kr_key **place_in(struct kr_user *user, const struct kr_key *ring)
{
	if (READ_ONCE(user->user_ring) == ring)
		return &user->user_ring;
	return READ_ONCE(user->session_ring) == ring ? &user->session_ring : NULL;
}

/* The ring may have been given to another owner: then it is looked for in all records. */
static struct kr_key **place_of(struct kr_ns *kns, kuid_t owner, const struct kr_key *ring)
{
	unsigned long table = READ_ONCE(kns->users.table), entry;
	struct kr_user *user = user_find(kns, owner);
	struct kr_key **place = user ? place_in(user, ring) : NULL;
	u32 at = 0;

	while (!place && (entry = kr_store_next(table, &at)))
		place = place_in(kr_store_object(entry), ring);
	return place;
}

void kr_user_forget_ring(struct kr_ns *kns, kuid_t owner, struct kr_key *ring)
{
	struct kr_key **place;
	bool held;

	rcu_read_lock();
	place = place_of(kns, owner, ring);
	/* The record may be on its way out, or have another ring by now. */
	held = place && cmpxchg(place, ring, NULL) == ring;
	rcu_read_unlock();
	if (held)
		user_ops->drop_ring(ring);
}

static void set_closing(struct kr_account *account, bool closing)
{
	struct kr_user *user;

	lockdep_assert_held(&account->lock);
	list_for_each_entry(user, &account->records, in_account)
		WRITE_ONCE(user->closing, closing);
}

/* Has everybody but us let go of the UID? Its records go to @gone then. */
static void close_if_unused(struct kr_account *account, struct list_head *gone)
{
	struct kr_user *user, *next;

	lockdep_assert_held(&account->lock);
	set_closing(account, true);
	smp_mb();	/* pairs with the order "reference, then first call" of a new task */
	if (refcount_read(&account->pin->__count) > 1) {
		set_closing(account, false);
		return;
	}
	list_for_each_entry_safe(user, next, &account->records, in_account)
		user_unhash(user, gone);
}

/*
 * Look at an account. Returns the pin that nobody needs any more, if any; the caller
 * drops it when those who may compare it have gone: see kr_user_uid_dropped().
 */
static struct user_struct *close_account(struct kr_account *account)
{
	struct user_struct *pin = NULL;
	LIST_HEAD(gone);

	clear_bit(0, &account->queued);
	smp_mb__after_atomic();	/* an event from here on queues the account again */

	spin_lock(&account->lock);
	if (account->pin && !list_empty(&account->records))
		close_if_unused(account, &gone);
	if (list_empty(&account->records)) {
		pin = account->pin;
		WRITE_ONCE(account->pin, NULL);
	}
	spin_unlock(&account->lock);

	users_free(&gone);
	kr_account_put(account);
	return pin;
}

static void drop_pins(struct user_struct **pins, unsigned int count)
{
	if (!count)
		return;
	synchronize_rcu();
	while (count--) {
		free_uid(pins[count]);
		cond_resched();
	}
}

static unsigned int length_of(const struct llist_node *queue)
{
	unsigned int length = 0;

	for (; queue; queue = queue->next)
		length++;
	return length;
}

#define PINS	64	/* that wait for a grace period together when memory is short */

/*
 * One for all: when thousands of UIDs go at once, they do not need a thread each. Nor a
 * grace period: others wait behind them.
 */
static void close_accounts(struct work_struct *work)
{
	struct llist_node *queue = llist_del_all(&to_look_at);
	unsigned int length = length_of(queue), count = 0, room;
	struct user_struct *few[PINS], **many = NULL, **pins;
	struct kr_account *account, *next;

	if (length > PINS)
		many = kmalloc_array(length, sizeof(*many), GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	pins = many ?: few;
	room = many ? length : PINS;
	llist_for_each_entry_safe(account, next, queue, looked_at) {
		pins[count] = close_account(account);
		if (pins[count] && ++count == room) {
			drop_pins(pins, count);
			count = 0;
		}
		cond_resched();
	}
	drop_pins(pins, count);
	kfree(many);
}

/* Not one that the kernel's helpers are waited for on: many may be there, and for long. */
static struct workqueue_struct *close_wq;
static DECLARE_WORK(close_work, close_accounts);

void kr_user_flush(void)
{
	/* Whoever has put an account there may not have come to start the work yet. */
	if (!llist_empty(&to_look_at))
		queue_work(close_wq, &close_work);
	flush_work(&close_work);
}

static void queue_close(struct kr_account *account)
{
	if (test_and_set_bit(0, &account->queued))
		return;
	/* An account that is dead already has no record to give back. */
	if (refcount_inc_not_zero(&account->usage) && llist_add(&account->looked_at, &to_look_at))
		queue_work(close_wq, &close_work);
}

void kr_user_uid_dropped(struct user_struct *up, kuid_t uid)
{
	struct kr_account *account = kr_account_peek(uid);

	/* A pin that is seen here is a reference that outlives this read section. */
	if (account && READ_ONCE(account->pin) == up && refcount_read(&up->__count) == 1)
		queue_close(account);
}

static void ns_drop_users(struct kr_ns *kns)
{
	struct kr_account *account;
	unsigned long table, entry;
	struct kr_user *user;
	LIST_HEAD(gone);
	u32 at = 0;

	rcu_read_lock();
	table = READ_ONCE(kns->users.table);
	while ((entry = kr_store_next(table, &at))) {
		user = kr_store_object(entry);
		account = user->account;
		spin_lock(&account->lock);
		/* The work may have been here first. */
		if (user_find(kns, account->uid) == user)
			user_unhash(user, &gone);
		spin_unlock(&account->lock);
		/* The pin is dropped there when this was the last record. */
		queue_close(account);
	}
	rcu_read_unlock();
	users_free(&gone);
}

/* Nobody is in the namespace: the lock is not needed. */
static void ns_drop_persistent(struct kr_ns *kns)
{
	if (kns->persistent)
		user_ops->drop_ring(kns->persistent);
	kns->persistent = NULL;
}

static void ns_forget(struct kr_ns *kns)
{
	spin_lock(&ns_lock);
	hlist_del_rcu(&kns->node);
	spin_unlock(&ns_lock);
	ns_drop_users(kns);
	ns_drop_persistent(kns);
	kr_ns_put(kns);
}

void kr_user_ns_dying(struct user_namespace *ns)
{
	struct kr_ns *kns;

	rcu_read_lock();
	kns = kr_ns_peek(ns);
	rcu_read_unlock();
	/* Nobody but us can take it out, and nobody is in the namespace. */
	if (kns && kns != &kr_init_ns)
		ns_forget(kns);
}

int kr_user_init(const struct kr_user_ops *ops)
{
	close_wq = alloc_workqueue("keyrings_uid", WQ_UNBOUND, 1);
	if (!close_wq)
		return -ENOMEM;
	user_ops = ops;
	kr_account_init();
	return 0;
}

void kr_user_drop_all(void)
{
	struct hlist_node *next;
	struct kr_ns *kns;
	unsigned int i;

	ns_drop_users(&kr_init_ns);
	ns_drop_persistent(&kr_init_ns);
	for (i = 0; i < ARRAY_SIZE(ns_table); i++) {
		hlist_for_each_entry_safe(kns, next, &ns_table[i], node)
			ns_forget(kns);
	}
	/* The work drops the pins, queued by ns_drop_users(). */
	kr_user_flush();
}

void kr_user_exit(void)
{
	kr_user_flush();
	destroy_workqueue(close_wq);
	/* Namespaces and replaced tables that wait for their readers. */
	rcu_barrier();
	kr_account_exit();
	kr_store_free(&kr_init_ns.users);
}
