// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a task to its rings: a hash of the tasks that have any. A task without
 * rings has no record and costs its fork and its exit one look into the table.
 * A record is made by the task itself or by the fork that makes the task, and
 * changed by nobody but the task.
 *
 * Who could still be inside a record when it is freed: the task itself never,
 * it exits; readers under RCU, as a child that looks at its parent's session,
 * are waited for.
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

static struct kr_task *record_alloc(void)
{
	return kmem_cache_alloc(task_cache, GFP_KERNEL);
}

/* Of the fork, for the child that it makes, or of a task that has none, for itself. */
static void record_hash(struct kr_task *record)
{
	spinlock_t *lock = lock_of(record->task);

	spin_lock(lock);
	record_add(record);
	spin_unlock(lock);
}

static struct kr_task *current_hash(struct kr_task *record)
{
	record_init(record, current, NULL);
	record_hash(record);
	return record;
}

struct kr_task *kr_task_current_make(void)
{
	struct kr_task *record = kr_task_current();

	might_sleep();
	if (record)
		return record;
	record = record_alloc();
	return record ? current_hash(record) : NULL;
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

/* Nobody but current replaces its half. */
static void publish_changed(struct kr_task *record, struct kr_cred *new, kr_cred_change_fn change,
			    void *arg)
{
	struct kr_cred *old = rcu_dereference_protected(record->cred, record->task == current);

	kr_cred_copy(new, old);
	change(new, arg);
	/* A release: the new half is complete before it can be found. */
	rcu_assign_pointer(record->cred, kr_cred_fold(new));
	kr_cred_put(old);
}

int kr_cred_change(kr_cred_change_fn change, void *arg)
{
	struct kr_task *record = kr_task_current_make();
	struct kr_cred *new = record ? kr_cred_alloc() : NULL;

	if (!new)
		return -ENOMEM;
	publish_changed(record, new, change, arg);
	return 0;
}

int kr_change_memory_get(struct kr_change_memory *memory)
{
	memory->record = record_alloc();
	memory->cred = kr_cred_alloc();
	if (memory->record && memory->cred)
		return 0;
	kr_change_memory_put(memory);
	return -ENOMEM;
}

void kr_change_memory_put(struct kr_change_memory *memory)
{
	mempool_free(memory->record, task_pool);
	kr_cred_free(memory->cred);
}

void kr_cred_change_with(struct kr_change_memory *memory, kr_cred_change_fn change, void *arg)
{
	struct kr_task *record = kr_task_current();

	if (!record) {
		record = current_hash(memory->record);
		memory->record = NULL;
	}
	publish_changed(record, memory->cred, change, arg);
	memory->cred = NULL;
}

void kr_cred_task_new(struct task_struct *child, unsigned long clone_flags)
{
	struct kr_key *process = NULL;
	struct kr_task *record, *new;
	struct kr_cred *cred;

	rcu_read_lock();
	record = find(current);
	cred = record_cred_get(record);
	if (unlikely(record && record->process && (clone_flags & CLONE_THREAD)))
		process = kr_key_get(record->process);
	rcu_read_unlock();
	if (likely(!cred && !process))
		return;

	new = mempool_alloc(task_pool, GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!new)) {
		atomic_long_inc(&lost);
		kr_cred_put_later(cred);
		kr_key_put_later(process);
		return;
	}
	record_init(new, child, cred);
	new->process = process;
	record_hash(new);
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

	record = kr_task_current();
	if (likely(!record))
		return;

	lock = lock_of(task);
	spin_lock(lock);
	hlist_del_rcu(&record->node);
	spin_unlock(lock);
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

	kr_handovers_end();
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
unsigned int kr_task_table_bits(void)
{
	return clamp_t(unsigned int, ilog2(totalram_pages() >> (16 - PAGE_SHIFT)),
		       TABLE_BITS_MIN, TABLE_BITS_MAX);
}

static int table_init(void)
{
	unsigned int i;

	table_bits = kr_task_table_bits();
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
	if (kr_process_init())
		goto err_table;
	return 0;

err_table:
	kvfree(table);
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
	kr_process_exit();
	kvfree(table);
	mempool_destroy(task_pool);
	kr_shared_exit();
	kmem_cache_destroy(task_cache);
}
