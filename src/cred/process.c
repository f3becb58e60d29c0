// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process keyring belongs to the thread group: process-keyring(7), "shared
 * by all the threads in a process". It hangs on the signal_struct that the
 * threads share.
 */
#include <keyrings/cred.h>

#include <linux/hash.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "cred_internal.h"

#define TABLE_BITS	8

/**
 * struct kr_process - a process that has a process keyring
 * @node: in the table
 * @signal: the thread group; compared only, exit of the last thread takes this away
 * @ring: holds a reference
 * @rcu: frees it after its readers
 *
 * ======== ====================================== ==================================
 * state    what is true                           who may hold it
 * ======== ====================================== ==================================
 * new      not hashed                             its maker
 * hashed   @signal has not seen its last exit     the table; readers under RCU
 * retired  unhashed, the reference is on its way  readers under RCU, who borrow @ring
 * ======== ====================================== ==================================
 */
struct kr_process {
	struct hlist_node node;
	struct signal_struct *signal;
	struct kr_key *ring;
	struct rcu_head rcu;
};

static struct hlist_head table[1 << TABLE_BITS];
static DEFINE_SPINLOCK(table_lock);	/* writers; taken alone */
static atomic_t processes;

static struct hlist_head *bucket_of(const struct signal_struct *signal)
{
	return &table[hash_ptr(signal, TABLE_BITS)];
}

static struct kr_process *find(const struct signal_struct *signal)
{
	struct kr_process *process;

	hlist_for_each_entry_rcu(process, bucket_of(signal), node,
				 lockdep_is_held(&table_lock)) {
		if (process->signal == signal)
			return process;
	}
	return NULL;
}

struct kr_key *kr_process_ring_peek(void)
{
	struct kr_process *process;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "the ring is borrowed");
	if (likely(!atomic_read(&processes)))
		return NULL;
	process = find(current->signal);
	return process ? process->ring : NULL;
}

int kr_process_install(struct kr_key *ring)
{
	struct kr_process *new;
	bool present;

	new = kmalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	new->signal = current->signal;
	new->ring = ring;

	spin_lock(&table_lock);
	present = find(current->signal);
	if (!present) {
		atomic_inc(&processes);
		hlist_add_head_rcu(&new->node, bucket_of(current->signal));
	}
	spin_unlock(&table_lock);

	if (present) {
		kfree(new);
		kr_key_put(ring);
	}
	return 0;
}

static void retire(struct kr_process *process)
{
	hlist_del_rcu(&process->node);
	atomic_dec(&processes);
	kr_key_put_later(process->ring);
	kfree_rcu(process, rcu);
}

/* Atomic. */
void kr_process_drop(struct signal_struct *signal)
{
	struct kr_process *process;

	if (likely(!atomic_read(&processes)) || !find(signal))
		return;
	spin_lock(&table_lock);
	process = find(signal);
	if (process)
		retire(process);
	spin_unlock(&table_lock);
}

void kr_process_drop_all(void)
{
	struct kr_process *process;
	struct hlist_node *next;
	unsigned int i;

	spin_lock(&table_lock);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		hlist_for_each_entry_safe(process, next, &table[i], node)
			retire(process);
	}
	spin_unlock(&table_lock);
}
