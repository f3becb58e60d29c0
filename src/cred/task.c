// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a task to its rings: a hash of the tasks that have any. A task without
 * rings has no record and costs its fork and its exit one look into the table.
 *
 * Who could still be inside a record when it is freed: the task itself never,
 * it exits; a child that gives its session away holds the bucket's lock, which
 * exit takes, and frees the record itself if the exit had looked for one before;
 * readers under RCU are waited for.
 */
#include <keyrings/cred.h>

#include <linux/hash.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "cred_internal.h"

#define TABLE_BITS_MIN	10
#define TABLE_BITS_MAX	16
#define LOCK_BITS	6
#define RESERVE		64	/* records kept for forks when memory is short */

static struct kmem_cache *task_cache;
static mempool_t *task_pool;
static struct hlist_head *table;
static unsigned int table_bits __ro_after_init;
static spinlock_t locks[1 << LOCK_BITS];	/* one for several buckets; taken alone */
static atomic_long_t lost;

static struct hlist_head *bucket_of(const struct task_struct *task)
{
	return &table[hash_ptr(task, table_bits)];
}

static spinlock_t *lock_of(const struct task_struct *task)
{
	return &locks[hash_ptr(task, LOCK_BITS)];
}

static struct kr_task *find(const struct task_struct *task)
{
	struct kr_task *record;

	hlist_for_each_entry_rcu(record, bucket_of(task), node,
				 lockdep_is_held(lock_of(task))) {
		if (record->task == task)
			return record;
	}
	return NULL;
}

struct kr_task *kr_task_current_rcu(void)
{
	return find(current);
}

struct kr_task *kr_task_current(void)
{
	struct kr_task *record;

	rcu_read_lock();
	record = find(current);
	rcu_read_unlock();
	/* Stays: nobody but current takes it away while calls can arrive. */
	return record;
}

static void record_init(struct kr_task *record, struct task_struct *task, struct kr_cred *cred)
{
	record->task = task;
	RCU_INIT_POINTER(record->cred, cred);
	RCU_INIT_POINTER(record->thread, NULL);
	record->process = NULL;
}

static void record_add(struct kr_task *record)
{
	lockdep_assert_held(lock_of(record->task));
	hlist_add_head_rcu(&record->node, bucket_of(record->task));
}

static void record_free_rcu(struct rcu_head *rcu)
{
	mempool_free(container_of(rcu, struct kr_task, rcu), task_pool);
}

/* Unhashed, and its task makes no more calls: drop what it holds. */
static void record_empty(struct kr_task *record)
{
	/* Readers try again until they get a reference, or there is nothing to get. */
	kr_cred_put_later(unrcu_pointer(xchg(&record->cred, NULL)));
	kr_key_put_later(rcu_dereference_protected(record->thread, true));
	kr_key_put_later(record->process);
}

static void record_retire(struct kr_task *record)
{
	record_empty(record);
	call_rcu(&record->rcu, record_free_rcu);
}

/* Add a record for @task unless it has one; returns the one it has then. */
static struct kr_task *record_get_or_add(struct kr_task *new, struct task_struct *task)
{
	spinlock_t *lock = lock_of(task);
	struct kr_task *record;

	record_init(new, task, NULL);
	spin_lock(lock);
	record = find(task);
	if (!record)
		record_add(new);
	spin_unlock(lock);

	if (record)
		mempool_free(new, task_pool);
	return record ?: new;
}

struct kr_task *kr_task_current_make(void)
{
	struct kr_task *record = kr_task_current();

	might_sleep();
	if (record)
		return record;
	record = kmem_cache_alloc(task_cache, GFP_KERNEL);
	return record ? record_get_or_add(record, current) : NULL;
}

/* The record's shared half with a reference. Caller is in an RCU read section. */
static struct kr_cred *record_cred_get(const struct kr_task *record)
{
	struct kr_cred *cred;

	do {
		cred = record ? rcu_dereference(record->cred) : NULL;
	} while (cred && !kr_cred_tryget(cred));
	return cred;
}

struct kr_cred *kr_cred_current_get(void)
{
	return kr_cred_get_of(current);
}

struct kr_cred *kr_cred_get_of(struct task_struct *task)
{
	struct kr_cred *cred;

	rcu_read_lock();
	cred = record_cred_get(find(task));
	rcu_read_unlock();
	return cred;
}

/*
 * Publish @new, whose reference passes, in place of @old. False when somebody
 * else published meanwhile.
 */
static bool publish(struct kr_task *record, struct kr_cred *old, struct kr_cred *new)
{
	/* A full barrier: the new half is complete before it can be found. */
	if (unrcu_pointer(cmpxchg(&record->cred, RCU_INITIALIZER(old), RCU_INITIALIZER(new))) != old)
		return false;
	/* The publisher has a reference of its own: this one is not the last. */
	kr_cred_put(old);
	return true;
}

int kr_cred_change(void (*change)(struct kr_cred *cred, void *arg), void *arg)
{
	struct kr_task *record = kr_task_current_make();
	struct kr_cred *old, *new;
	bool done;

	if (!record)
		return -ENOMEM;
	/* Again when a child gave us its session meanwhile. */
	do {
		old = kr_cred_current_get();
		new = kr_cred_alloc(old, current);
		if (!new) {
			kr_cred_put(old);
			return -ENOMEM;
		}
		change(new, arg);
		new = kr_cred_fold(new);
		done = publish(record, old, new);
		kr_cred_put(old);
		if (!done)
			kr_cred_put(new);
	} while (!done);
	return 0;
}

/*
 * The other task may exit meanwhile. Its exit hook looks for a record after
 * PF_EXITING was set; here the record is added before PF_EXITING is looked at.
 * One of the two sees what the other did. Until it exits, the task may find the
 * record and use it as its own: see kr_task_abandon().
 */
static struct kr_task *record_of_living(struct kr_task *new, struct task_struct *task)
{
	struct kr_task *record;

	lockdep_assert_held(lock_of(task));
	record = find(task);
	if (record)
		return record;
	record_add(new);
	smp_mb();	/* pairs with the one in kr_cred_task_exit() */
	/* The task writes its flags plainly; this one is set once and stays. */
	if (data_race(READ_ONCE(task->flags)) & PF_EXITING) {
		hlist_del_rcu(&new->node);
		return NULL;
	}
	return new;
}

/* Readers may have seen it, and the task, before it began to exit, may have put rings there. */
void kr_task_abandon(struct kr_task *record)
{
	synchronize_rcu();
	record_empty(record);
	mempool_free(record, task_pool);
}

int kr_cred_publish_for(struct task_struct *task, struct kr_cred *old, struct kr_cred *new)
{
	spinlock_t *lock = lock_of(task);
	struct kr_task *record, *spare;
	int ret = 0;

	might_sleep();
	spare = kmem_cache_alloc(task_cache, GFP_KERNEL);
	if (!spare)
		return -ENOMEM;
	record_init(spare, task, NULL);

	spin_lock(lock);
	record = record_of_living(spare, task);
	if (!record)
		ret = -ESRCH;
	else if (!publish(record, old, new))
		ret = -EAGAIN;
	spin_unlock(lock);

	if (!record)
		kr_task_abandon(spare);
	else if (record != spare)
		mempool_free(spare, task_pool);
	return ret;
}

void kr_cred_task_new(struct task_struct *child, unsigned long clone_flags)
{
	struct kr_key *process = NULL;
	struct kr_task *record, *new;
	struct kr_cred *cred;
	spinlock_t *lock;

	rcu_read_lock();
	record = find(current);
	cred = record_cred_get(record);
	if (unlikely(record && record->process && (clone_flags & CLONE_THREAD)))
		process = kr_key_get(record->process);
	rcu_read_unlock();
	if (likely(!cred && !process))
		return;

	new = mempool_alloc(task_pool, GFP_NOWAIT | __GFP_NOWARN);
	if (unlikely(!new)) {
		atomic_long_inc(&lost);
		kr_cred_put_later(cred);
		kr_key_put_later(process);
		return;
	}
	record_init(new, child, cred);
	new->process = process;
	lock = lock_of(child);
	spin_lock(lock);
	record_add(new);
	spin_unlock(lock);
}

void kr_cred_task_exec(struct task_struct *task)
{
	struct kr_task *record = kr_task_current();
	struct kr_key *process, *thread;

	kr_process_drop(task->signal);
	if (likely(!record))
		return;
	process = record->process;
	thread = rcu_dereference_protected(record->thread, true);
	record->process = NULL;
	RCU_INIT_POINTER(record->thread, NULL);
	kr_key_put_later(process);
	kr_key_put_later(thread);
}

void kr_cred_task_exit(struct task_struct *task)
{
	struct kr_task *record;
	spinlock_t *lock;

	if (!atomic_read(&task->signal->live))
		kr_process_drop(task->signal);

	smp_mb();	/* pairs with record_of_living() */
	if (likely(!kr_task_current()))
		return;

	lock = lock_of(task);
	spin_lock(lock);
	record = find(task);
	if (record)
		hlist_del_rcu(&record->node);
	spin_unlock(lock);
	if (record)
		record_retire(record);
}

unsigned long kr_cred_lost(void)
{
	return atomic_long_read(&lost);
}

void kr_cred_drop_all(void)
{
	struct kr_task *record;
	struct hlist_node *next;
	unsigned int i;

	for (i = 0; i < 1u << table_bits; i++) {
		hlist_for_each_entry_safe(record, next, &table[i], node) {
			hlist_del_rcu(&record->node);
			record_retire(record);
		}
		cond_resched();
	}
	kr_process_drop_all();
}

/* One bucket for each 64 KiB of memory, about one for each task that fits. */
static unsigned int wanted_bits(void)
{
	return clamp_t(unsigned int, ilog2(totalram_pages() >> (16 - PAGE_SHIFT)),
		       TABLE_BITS_MIN, TABLE_BITS_MAX);
}

static int table_init(void)
{
	unsigned int i;

	table_bits = wanted_bits();
	table = kvcalloc(1u << table_bits, sizeof(*table), GFP_KERNEL | __GFP_NOWARN);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(locks); i++)
		spin_lock_init(&locks[i]);
	return 0;
}

int kr_cred_init(void)
{
	task_cache = kmem_cache_create("kr_task", sizeof(struct kr_task), 0, 0, NULL);
	if (!task_cache)
		return -ENOMEM;
	if (kr_shared_init())
		goto err_task;
	task_pool = mempool_create_slab_pool(RESERVE, task_cache);
	if (!task_pool)
		goto err_cred;
	if (table_init())
		goto err_pool;
	return 0;

err_pool:
	mempool_destroy(task_pool);
err_cred:
	kr_shared_exit();
err_task:
	kmem_cache_destroy(task_cache);
	return -ENOMEM;
}

void kr_cred_exit(void)
{
	rcu_barrier();
	kvfree(table);
	mempool_destroy(task_pool);
	kr_shared_exit();
	kmem_cache_destroy(task_cache);
}
