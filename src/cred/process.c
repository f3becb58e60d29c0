// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process keyring belongs to the thread group: process-keyring(7), "shared
 * by all the threads in a process". It hangs on the signal_struct that the
 * threads share.
 *
 * Servers have threads that take a UID of their own, each for one user, as rpc.gssd does.
 * Such a thread uses the ring of its process when there is one. But what it makes hangs on
 * its own record, and on those of the threads that it makes: one user is not to own, fill and
 * pay for what the others get.
 */
#include <keyrings/cred.h>

#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "cred_internal.h"

/**
 * struct kr_process - a process that has a process keyring
 * @next: in the table
 * @signal: the thread group; compared only, exit of the last thread takes this away
 *
 * It lives in the room that the ring has for its maker, so that the ring is all the
 * memory that a process keyring takes. The table holds a reference on the ring.
 *
 * ======== ====================================== ==================================
 * state    what is true                           who may hold it
 * ======== ====================================== ==================================
 * new      not in the table                       its maker
 * hashed   @signal has not seen its last exit     the table; readers under RCU
 * retired  out of the table for good, the ring's  readers under RCU, who borrow the
 *          reference is on its way; @next stays   ring
 * ======== ====================================== ==================================
 */
struct kr_process {
	struct kr_process __rcu *next;
	const struct signal_struct *signal;
};

static_assert(sizeof(struct kr_process) <= KR_RING_ROOM);

static struct kr_process __rcu **table;
static unsigned int table_bits __ro_after_init;
static DEFINE_SPINLOCK(table_lock);	/* writers; taken alone */
static atomic_t processes;

static struct kr_process __rcu **bucket_of(const struct signal_struct *signal)
{
	return &table[hash_ptr(signal, table_bits)];
}

static struct kr_process *follow(struct kr_process __rcu *const *at)
{
	return rcu_dereference_check(*at, lockdep_is_held(&table_lock));
}

static struct kr_process *find(const struct signal_struct *signal)
{
	struct kr_process *process;

	for (process = follow(bucket_of(signal)); process; process = follow(&process->next)) {
		if (process->signal == signal)
			break;
	}
	return process;
}

static bool has_ring(const struct signal_struct *signal)
{
	bool found;

	rcu_read_lock();
	found = find(signal);
	rcu_read_unlock();
	return found;
}

struct kr_key *kr_process_ring_peek(const struct kr_task *record)
{
	struct kr_process *process;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "the ring is borrowed");
	if (unlikely(record && record->process))
		return record->process;
	if (likely(!atomic_read(&processes)))
		return NULL;
	process = find(current->signal);
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

static void install(struct kr_key *ring)
{
	struct kr_process __rcu **bucket = bucket_of(current->signal);
	struct kr_process *new = kr_ring_room(ring);
	bool present;

	spin_lock(&table_lock);
	present = find(current->signal);
	if (!present) {
		new->signal = current->signal;
		RCU_INIT_POINTER(new->next, follow(bucket));
		rcu_assign_pointer(*bucket, new);
		atomic_inc(&processes);
	}
	spin_unlock(&table_lock);

	if (present)
		kr_key_put(ring);
}

int kr_process_install(struct kr_key *ring)
{
	struct kr_task *record;

	if (likely(!has_own_uid())) {
		install(ring);
		return 0;
	}
	record = kr_task_current_make();
	if (!record) {
		kr_key_put(ring);
		return -ENOMEM;
	}
	record->process = ring;
	return 0;
}

static void retire(struct kr_process __rcu **at, struct kr_process *process)
{
	lockdep_assert_held(&table_lock);
	rcu_assign_pointer(*at, follow(&process->next));
	atomic_dec(&processes);
	kr_key_put_later(kr_ring_with_room(process));
}

/* Atomic. */
void kr_process_drop(struct signal_struct *signal)
{
	struct kr_process __rcu **at = bucket_of(signal);
	struct kr_process *process;

	if (likely(!atomic_read(&processes)) || !has_ring(signal))
		return;
	spin_lock(&table_lock);
	while ((process = follow(at)) && process->signal != signal)
		at = &process->next;
	if (process)
		retire(at, process);
	spin_unlock(&table_lock);
}

void kr_process_drop_all(void)
{
	struct kr_process *process;
	unsigned int i;

	for (i = 0; i < 1u << table_bits; i++) {
		spin_lock(&table_lock);
		while ((process = follow(&table[i])))
			retire(&table[i], process);
		spin_unlock(&table_lock);
		cond_resched();
	}
}

int kr_process_init(void)
{
	table_bits = kr_task_table_bits();
	table = kvcalloc(1u << table_bits, sizeof(*table), GFP_KERNEL | __GFP_NOWARN);
	return table ? 0 : -ENOMEM;
}

void kr_process_exit(void)
{
	kvfree(table);
}
