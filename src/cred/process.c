// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process keyring belongs to the thread group: process-keyring(7), "shared
 * by all the threads in a process". It hangs on the signal_struct that the
 * threads share.
 *
 * Servers have threads that take a UID of their own, each for one user, as rpc.gssd does.
 * Such a thread uses the ring of its process when there is one. But what it makes hangs on
 * the thread: one user is not to own, fill and pay for what the others get.
 */
#include <keyrings/cred.h>

#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/sched/signal.h>

#include "cred_internal.h"

#define TABLE_BITS	8

/**
 * struct kr_process - a process, or a thread with a UID of its own, that has a process keyring
 * @next: in the table
 * @who: the signal_struct of the thread group, or the task; compared only, exit of the last
 *	thread, or of the one, takes this away
 *
 * It lives in the room that the ring has for its maker, so that the ring is all the
 * memory that a process keyring takes. The table holds a reference on the ring.
 *
 * ======== ====================================== ==================================
 * state    what is true                           who may hold it
 * ======== ====================================== ==================================
 * new      not in the table                       its maker
 * hashed   @who has not seen its (last) exit      the table; readers under RCU
 * retired  out of the table for good, the ring's  readers under RCU, who borrow the
 *          reference is on its way; @next stays   ring
 * ======== ====================================== ==================================
 */
struct kr_process {
	struct kr_process __rcu *next;
	const void *who;
};

static_assert(sizeof(struct kr_process) <= KR_RING_ROOM);

/**
 * struct process_table - those that have a process keyring
 * @bucket: by the address of &kr_process.who
 * @count: how many there are; who finds none looks no further
 */
struct process_table {
	struct kr_process __rcu *bucket[1 << TABLE_BITS];
	atomic_t count;
};

/* Thread groups, and tasks that have one for themselves: these are found by nobody else. */
static struct process_table of_groups, of_threads;
static DEFINE_SPINLOCK(table_lock);	/* writers of both; taken alone */

static struct kr_process __rcu **bucket_of(struct process_table *table, const void *who)
{
	return &table->bucket[hash_ptr(who, TABLE_BITS)];
}

static struct kr_process *follow(struct kr_process __rcu *const *at)
{
	return rcu_dereference_check(*at, lockdep_is_held(&table_lock));
}

static struct kr_process *find(struct process_table *table, const void *who)
{
	struct kr_process *process;

	if (likely(!atomic_read(&table->count)))
		return NULL;
	for (process = follow(bucket_of(table, who)); process; process = follow(&process->next)) {
		if (process->who == who)
			break;
	}
	return process;
}

struct kr_key *kr_process_ring_peek(void)
{
	struct kr_process *process;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "the ring is borrowed");
	process = find(&of_threads, current) ?: find(&of_groups, current->signal);
	return process ? kr_ring_with_room(process) : NULL;
}

/* A leader that has exited says nothing of the threads that go on. */
static bool has_own_uid(void)
{
	const struct task_struct *leader;
	bool own;

	rcu_read_lock();
	leader = READ_ONCE(current->group_leader);
	own = !uid_eq(task_uid(current), task_uid(leader)) && !READ_ONCE(leader->exit_state);
	rcu_read_unlock();
	return own;
}

void kr_process_install(struct kr_key *ring)
{
	bool own = has_own_uid();
	struct process_table *table = own ? &of_threads : &of_groups;
	const void *who = own ? (void *)current : current->signal;
	struct kr_process __rcu **bucket = bucket_of(table, who);
	struct kr_process *new = kr_ring_room(ring);
	bool present;

	spin_lock(&table_lock);
	present = find(table, who);
	if (!present) {
		new->who = who;
		RCU_INIT_POINTER(new->next, follow(bucket));
		rcu_assign_pointer(*bucket, new);
		atomic_inc(&table->count);
	}
	spin_unlock(&table_lock);

	if (present)
		kr_key_put(ring);
}

static void retire(struct process_table *table, struct kr_process __rcu **at,
		   struct kr_process *process)
{
	lockdep_assert_held(&table_lock);
	rcu_assign_pointer(*at, follow(&process->next));
	atomic_dec(&table->count);
	kr_key_put_later(kr_ring_with_room(process));
}

/* @who is current's: nobody adds it meanwhile. */
static void drop(struct process_table *table, const void *who)
{
	struct kr_process __rcu **at;
	struct kr_process *process;

	if (likely(!atomic_read(&table->count)))
		return;
	rcu_read_lock();
	process = find(table, who);
	rcu_read_unlock();
	if (!process)
		return;

	at = bucket_of(table, who);
	spin_lock(&table_lock);
	while ((process = follow(at)) && process->who != who)
		at = &process->next;
	if (process)
		retire(table, at, process);
	spin_unlock(&table_lock);
}

/* Atomic. @task is current. */
void kr_process_drop(struct task_struct *task, bool whole)
{
	drop(&of_threads, task);
	if (whole)
		drop(&of_groups, task->signal);
}

static void drop_all(struct process_table *table)
{
	struct kr_process *process;
	unsigned int i;

	spin_lock(&table_lock);
	for (i = 0; i < ARRAY_SIZE(table->bucket); i++) {
		while ((process = follow(&table->bucket[i])))
			retire(table, &table->bucket[i], process);
	}
	spin_unlock(&table_lock);
}

void kr_process_drop_all(void)
{
	drop_all(&of_groups);
	drop_all(&of_threads);
}
