// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who watches a key: KEYCTL_WATCH_KEY, Documentation/core-api/watch_queue.rst
 * of the kernel. Built only where the kernel has watch queues.
 *
 * Few keys are ever watched. The list of a key's watches is therefore not in
 * the key but in a table beside it, and a bit in the key's flags says that there
 * is one: a key that nobody watches costs a look at that bit.
 *
 * Those who watch a key that ends are told a grace period later, and not by the
 * call that ended it: a program that reads what its call has caused does not
 * find two records where the built-in service, which leaves the second to its
 * collector, has one.
 *
 * Who could still be inside a list when it is freed: nobody who adds, removes
 * or posts, since all of these hold a reference on the key, and the key has
 * ended. The kernel, which empties a queue that is closed and finds the list
 * from a watch: it does so in a read section of RCU, and the list is freed a
 * grace period after its last watch was taken out.
 *
 * What runs after the module has gone: nothing of it. A watch is freed by the
 * kernel's own callback, a list by kfree_rcu(), and a list has no release
 * function. kr_watch_exit() waits for the work that empties the lists, and then
 * for those who may have found one before: for the last who held its lock.
 */
#include <keyrings/key.h>

#include <linux/cred.h>
#include <linux/llist.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/watch_queue.h>
#include <linux/workqueue.h>

#include "key_internal.h"

/**
 * struct watched - a key that is or was watched
 * @by_key: in the table
 * @key: the key, which takes this out of the table when it ends
 * @serial: the key's, for those who are told that it has ended
 * @ended: in the list of those whose key has ended
 * @list: the kernel's part: the watches, its lock, and what frees this
 *
 * ======== ============================================= ========================
 * state    what is true                                  who may hold it
 * ======== ============================================= ========================
 * made     @list empty, not in the table                 its maker
 * known    in the table; KR_KEY_WATCHED set, or about to holders of the key; the
 *          be, and never cleared                         kernel, from a watch
 * ended    out of the table, in the list; @key means     the work; the kernel,
 *          nothing any more, nobody adds a watch         from a watch
 * emptied  out of both, @list empty for good             readers under RCU
 * freed    a grace period later                          nobody
 * ======== ============================================= ========================
 */
struct watched {
	struct rhash_head by_key;
	const struct kr_key *key;
	s32 serial;
	struct llist_node ended;
	struct watch_list list;
};

static struct rhashtable table;
static LLIST_HEAD(ended);
static struct rcu_work end_work;

static const struct rhashtable_params params = {
	.key_len		= sizeof_field(struct watched, key),
	.key_offset		= offsetof(struct watched, key),
	.head_offset		= offsetof(struct watched, by_key),
	.automatic_shrinking	= true,
};

/* Stays where it is for as long as the caller's reference on the key. */
static struct watched *find(const struct kr_key *key)
{
	return test_bit(KR_KEY_WATCHED, &key->flags) ?
	       rhashtable_lookup_fast(&table, &key, params) : NULL;
}

/* Of two that make the list of a key at once, one finds the other's. */
static struct watched *find_or_make(struct kr_key *key)
{
	struct watched *new, *old = find(key);

	if (old)
		return old;
	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->key = key;
	new->serial = key->serial;
	init_watch_list(&new->list, NULL);
	do {
		old = rhashtable_lookup_get_insert_fast(&table, &new->by_key, params);
		if (old == ERR_PTR(-EBUSY))	/* the table is being resized */
			cond_resched();
	} while (old == ERR_PTR(-EBUSY));

	if (old)
		kfree(new);
	if (IS_ERR(old))
		return ERR_PTR(-ENOMEM);
	/* Before there is a watch, so that it misses nothing; whoever comes first does it. */
	set_bit(KR_KEY_WATCHED, &key->flags);
	return old ?: new;
}

/* Zeroed memory is a watch but for this; the kernel keeps init_watch() to itself. */
static struct watch *make_watch(const struct kr_key *key, struct watch_queue *queue, u8 id)
{
	struct watch *watch = kzalloc(sizeof(*watch), GFP_KERNEL);

	if (!watch)
		return NULL;
	kref_init(&watch->usage);
	rcu_assign_pointer(watch->queue, queue);
	watch->id = key->serial;
	watch->info_id = (u32)id << WATCH_INFO_ID__SHIFT;
	return watch;
}

int kr_key_watch(struct kr_key *key, struct watch_queue *queue, u8 id)
{
	struct watched *watched;
	struct watch *watch;
	int ret;

	might_sleep();
	watched = find_or_make(key);
	if (IS_ERR(watched))
		return PTR_ERR(watched);
	watch = make_watch(key, queue, id);
	if (!watch)
		return -ENOMEM;
	ret = add_watch_to_object(watch, &watched->list);
	if (ret)
		kfree(watch);
	return ret;
}

int kr_key_unwatch(struct kr_key *key, struct watch_queue *queue)
{
	struct watched *watched;

	might_sleep();
	watched = find(key);
	if (!watched)
		return -EBADSLT;
	return remove_watch_from_object(&watched->list, queue, key->serial, false);
}

/*
 * A watch has its ID where call_rcu() puts a pointer when the watch has ended, which the
 * kernel's function for posting would take for an ID, and for a length: the record would show
 * it, and as much of the stack. So that function does not get the list that others take
 * watches out of, but one watch at a time: a copy, whose ID was read when the watch was still
 * kept. Queue and credentials stay for as long as the read section.
 */
static void post_to(const struct watch *watch, struct key_notification *note)
{
	struct watch copy = {
		.info_id = data_race(READ_ONCE(watch->info_id)),
		.id	 = watch->id,
		.cred	 = watch->cred,
	};
	struct watch_list alone = {};

	smp_rmb();	/* call_rcu() comes after the last kref_put() */
	if (!kref_read(&watch->usage))
		return;
	RCU_INIT_POINTER(copy.queue, rcu_dereference(watch->queue));
	hlist_add_head_rcu(&copy.list_node, &alone.watchers);
	post_watch_notification(&alone, &note->watch, current_cred(), note->key_id);
}

static void post_to_all(const struct watch_list *list, struct key_notification *note)
{
	const struct watch *watch;

	rcu_read_lock();
	hlist_for_each_entry_rcu(watch, &list->watchers, list_node)
		post_to(watch, note);
	rcu_read_unlock();
}

/* The kernel's locks in here are the innermost ones, and enable interrupts. */
void kr_key_post(const struct kr_key *key, enum key_notification_subtype what, u32 aux)
{
	struct key_notification note = {
		.watch.type	= WATCH_TYPE_KEY_NOTIFY,
		.watch.subtype	= what,
		.watch.info	= watch_sizeof(note),
		.key_id		= key->serial,
		.aux		= aux,
	};
	struct watched *watched;

	lockdep_assert_irqs_enabled();
	watched = find(key);
	/* Not there when the first watch is being set this very moment. */
	if (watched)
		post_to_all(&watched->list, &note);
}

/* In the order in which their keys ended. Posting takes the locks that enable interrupts. */
static void tell_all(struct work_struct *work)
{
	struct llist_node *all = llist_reverse_order(llist_del_all(&ended));
	struct watched *watched, *next;

	llist_for_each_entry_safe(watched, next, all, ended) {
		remove_watch_from_object(&watched->list, NULL, watched->serial, true);
		kfree_rcu(watched, list.rcu);
		cond_resched();
	}
}

/* Whoever comes while the work is queued has it done by that work, perhaps sooner. */
void kr_watch_end(struct kr_key *key)
{
	struct watched *watched = find(key);

	lockdep_assert(!in_serving_softirq());
	if (WARN_ON_ONCE(!watched))
		return;
	WARN_ON_ONCE(rhashtable_remove_fast(&table, &watched->by_key, params));
	llist_add(&watched->ended, &ended);
	queue_rcu_work(system_unbound_wq, &end_work);
}

int kr_watch_init(void)
{
	INIT_RCU_WORK(&end_work, tell_all);
	return rhashtable_init(&table, &params);
}

void kr_watch_exit(void)
{
	flush_rcu_work(&end_work);
	synchronize_rcu();
	WARN_ON_ONCE(!llist_empty(&ended));
	WARN_ON_ONCE(atomic_read(&table.nelems));
	rhashtable_destroy(&table);
}
