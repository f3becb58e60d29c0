// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session keyring for the parent: KEYCTL_SESSION_TO_PARENT. The parent takes it itself, in
 * a task work, when it returns to user space: until then each of its calls sees the old one.
 *
 * Who could still be inside on the way down: a parent that is asleep has the work queued, and
 * it is taken back; one that is about to run it, or runs it, is waited for until it has left
 * the module's text.
 */
#include <keyrings/cred.h>

#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/wait_bit.h>

#include "cred_internal.h"

/**
 * struct handover - a session keyring on its way to a parent
 * @work: queued for the parent
 * @node: in the table, by parent
 * @parent: with a reference
 * @session: with a reference
 * @memory: so that the parent does not lack it
 *
 * ======= ========================================= ==================================
 * state   what is true                              who may hold it
 * ======= ========================================= ==================================
 * queued  in the table, @work is queued; there is   who has handover_lock; may put
 *         no other for the parent                   another session in, or take it back
 * due     in the table, the kernel has taken @work  who has handover_lock; may put
 *         out and will run it                       another session in
 * taken   in neither                                who took it out: the work, run by
 *                                                   the parent, or the unload
 * ======= ========================================= ==================================
 */
struct handover {
	struct callback_head work;
	struct hlist_node node;
	struct task_struct *parent;
	struct kr_key *session;
	struct kr_change_memory memory;
};

static DEFINE_HASHTABLE(handovers, 6);
static DEFINE_SPINLOCK(handover_lock);	/* the table, and what is in it */
static atomic_t handovers_open;		/* queued, due, or run just now */
static bool handovers_used;		/* since the load; handover_lock, until nobody calls */

static kr_cancel_work_fn cancel_task_work __read_mostly;

void kr_cred_set_cancel_work(kr_cancel_work_fn cancel)
{
	cancel_task_work = cancel;
}

static bool (*is_serving)(void) __read_mostly;

void kr_cred_set_serving(bool (*serving)(void))
{
	is_serving = serving;
}

/* The parent's six IDs are all those that the child acts with. */
static bool same_ids(const struct cred *parent, const struct cred *me)
{
	return uid_eq(parent->uid, me->euid) && uid_eq(parent->euid, me->euid) &&
	       uid_eq(parent->suid, me->euid) && gid_eq(parent->gid, me->egid) &&
	       gid_eq(parent->egid, me->egid) && gid_eq(parent->sgid, me->egid);
}

static bool owned_by_me(const struct kr_key *session)
{
	return !session || uid_eq(READ_ONCE(session->uid), current_euid());
}

/* 1 when the parent's session is to be replaced, 0 when it is the same, or -EPERM. */
static int compare_with(struct task_struct *parent, const struct kr_key *mine,
			const struct kr_key *theirs)
{
	bool is_like_me;

	/* A parent that exits loses its memory any time: task_work_add() sees it exit. */
	if (parent->pid <= 1 || !data_race(READ_ONCE(parent->mm)) || !thread_group_empty(parent))
		return -EPERM;
	if (mine == theirs)
		return 0;
	rcu_read_lock();
	is_like_me = same_ids(__task_cred(parent), current_cred()) &&
		     kr_builtin_session_is_mine(__task_cred(parent));
	rcu_read_unlock();
	return is_like_me && owned_by_me(mine) && owned_by_me(theirs) ? 1 : -EPERM;
}

static int may_give(struct task_struct *parent, const struct kr_key *mine)
{
	struct kr_cred *cred = kr_cred_get_of(parent);
	int ret = compare_with(parent, mine, kr_cred_session(cred));

	kr_cred_put(cred);
	return ret;
}

static void handover_free(struct handover *handover)
{
	kr_change_memory_put(&handover->memory);
	kr_key_put(handover->session);
	put_task_struct(handover->parent);
	kfree(handover);
}

/*
 * The built-in service's session, from before the load, is to go for the new one. Not when the
 * live patch is on its way out: who is served by the built-in service again, or soon, could not
 * reach the new one, and would have none.
 */
static struct cred *leave_builtin_prepare(void)
{
	return is_serving && !is_serving() ? NULL : kr_builtin_session_prepare();
}

/* Nobody could be told of an error any more. */
static void take(struct handover *handover)
{
	struct cred *leaving = leave_builtin_prepare();

	kr_cred_change_with(&handover->memory, kr_session_replace, handover->session);
	/* When memory is short the built-in service's stays beside the new one. */
	if (!IS_ERR(leaving))
		kr_builtin_session_leave(leaving, true);
}

static void take_session(struct callback_head *work)
{
	struct handover *handover = container_of(work, struct handover, work);

	might_sleep();
	spin_lock(&handover_lock);
	hash_del(&handover->node);
	spin_unlock(&handover_lock);

	/* Who exits has let go of its rings, or is about to. */
	if (!(current->flags & PF_EXITING))
		take(handover);
	handover_free(handover);
	if (atomic_dec_and_test(&handovers_open))
		wake_up_var(&handovers_open);
}

static struct handover *handover_alloc(struct task_struct *parent, struct kr_key *session)
{
	struct handover *handover = kmalloc(sizeof(*handover), GFP_KERNEL);

	if (!handover || kr_change_memory_get(&handover->memory)) {
		kfree(handover);
		return NULL;
	}
	init_task_work(&handover->work, take_session);
	handover->parent = get_task_struct(parent);
	handover->session = kr_key_get(session);
	return handover;
}

static struct handover *find_queued(const struct task_struct *parent)
{
	struct handover *handover;

	lockdep_assert_held(&handover_lock);
	hash_for_each_possible(handovers, handover, node, (unsigned long)parent) {
		if (handover->parent == parent)
			return handover;
	}
	return NULL;
}

/* 0; 1 when it is not needed, since another one has taken its session; -ESRCH the parent exits. */
static int queue(struct handover *handover)
{
	struct handover *queued = find_queued(handover->parent);
	int ret;

	if (queued) {
		swap(queued->session, handover->session);
		return 1;
	}
	ret = task_work_add(handover->parent, &handover->work, TWA_RESUME);
	if (ret)
		return ret;
	hash_add(handovers, &handover->node, (unsigned long)handover->parent);
	atomic_inc(&handovers_open);
	handovers_used = true;
	return 0;
}

int kr_session_give(struct task_struct *parent, struct kr_key *session)
{
	struct handover *handover = handover_alloc(parent, session);
	int ret;

	if (!handover)
		return -ENOMEM;
	/* The work waits for the lock: it finds the handover in the table. */
	spin_lock(&handover_lock);
	ret = queue(handover);
	spin_unlock(&handover_lock);
	if (ret)
		handover_free(handover);
	return min(ret, 0);
}

static struct task_struct *parent_get(void)
{
	struct task_struct *parent;

	rcu_read_lock();
	parent = rcu_dereference(current->real_parent);
	get_task_struct(parent);
	rcu_read_unlock();
	return parent;
}

long kr_cred_session_to_parent(void)
{
	struct task_struct *parent;
	struct kr_key_ref mine;
	int ret;

	ret = kr_cred_lookup(KEY_SPEC_SESSION_KEYRING, 0, KR_LINK, &mine);
	if (ret)
		return ret;

	parent = parent_get();
	ret = may_give(parent, mine.key);
	if (ret > 0)
		ret = kr_session_give(parent, mine.key);
	put_task_struct(parent);

	kr_key_put(mine.key);
	return ret;
}

/* What is queued in a bucket. Nothing is put there any more. */
static void take_back(struct hlist_head *bucket)
{
	struct handover *handover;
	struct hlist_node *next;
	HLIST_HEAD(taken);

	spin_lock(&handover_lock);
	hlist_for_each_entry_safe(handover, next, bucket, node) {
		if (!cancel_task_work(handover->parent, &handover->work))
			continue;
		hash_del(&handover->node);
		hlist_add_head(&handover->node, &taken);
		atomic_dec(&handovers_open);
	}
	spin_unlock(&handover_lock);
	hlist_for_each_entry_safe(handover, next, &taken, node)
		handover_free(handover);
	cond_resched();
}

void kr_handovers_end(void)
{
	int i;

	might_sleep();
	if (!handovers_used)
		return;
	for (i = 0; i < HASH_SIZE(handovers); i++)
		take_back(&handovers[i]);
	wait_var_event(&handovers_open, !atomic_read(&handovers_open));
	/* Some parent may be at the last instructions of take_session(). */
	synchronize_rcu_tasks();
	handovers_used = false;
}
