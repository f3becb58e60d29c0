/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the unit tests of tasks share: kernel threads that do what they are told;
 * nobody hooks their lives, so the cases tell the room what happens to them.
 */
#ifndef KR_KUNIT_PUPPET_H
#define KR_KUNIT_PUPPET_H

#include "kunit_helpers.h"

#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

/* A task that waits for orders. */
struct puppet {
	struct task_struct *task;
	const struct cred *cred;
	wait_queue_head_t wait;
	void (*order)(struct puppet *puppet, void *arg);
	void *arg;
};

static inline void puppet_obey(struct puppet *puppet)
{
	/* Pairs with tell(): with the order comes what it is about. */
	void (*order)(struct puppet *puppet, void *arg) = smp_load_acquire(&puppet->order);

	if (!order)
		return;
	order(puppet, puppet->arg);
	smp_store_release(&puppet->order, NULL);	/* pairs with the wait in tell() */
	wake_up_all(&puppet->wait);
}

static inline int puppet_live(void *arg)
{
	struct puppet *puppet = arg;
	const struct cred *before = override_creds(puppet->cred);

	while (!kthread_should_stop()) {
		wait_event_idle(puppet->wait, READ_ONCE(puppet->order) || kthread_should_stop());
		puppet_obey(puppet);
	}
	kr_cred_task_exit(current);
	revert_creds(before);
	return 0;
}

static inline void learn_task(struct puppet *puppet, void *arg)
{
	puppet->task = current;
}

static inline void tell(struct puppet *puppet, void (*order)(struct puppet *puppet, void *arg),
			void *arg)
{
	puppet->arg = arg;
	smp_store_release(&puppet->order, order);	/* pairs with puppet_obey() */
	wake_up_all(&puppet->wait);
	/* Pairs with puppet_obey(): it has been done. */
	wait_event_idle(puppet->wait, !smp_load_acquire(&puppet->order));
}

static inline struct puppet *puppet_new(struct kunit *test, const struct cred *cred)
{
	struct puppet *puppet = kunit_kzalloc(test, sizeof(*puppet), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, puppet);
	puppet->cred = cred;
	init_waitqueue_head(&puppet->wait);
	kt_crew_start(test, 1, puppet_live, puppet);
	tell(puppet, learn_task, NULL);
	return puppet;
}

/* One of several threads; @arg not NULL: the last one. */
static inline void do_exit_thread(struct puppet *puppet, void *arg)
{
	preempt_disable();
	if (arg)
		atomic_dec(&current->signal->live);
	kr_cred_task_exit(current);
	if (arg)
		atomic_inc(&current->signal->live);
	preempt_enable();
}

struct question {
	s32 id;
	unsigned int flags;
	long answer;	/* a serial, or an error */
};

static inline void do_lookup(struct puppet *puppet, void *arg)
{
	struct question *question = arg;
	struct kr_key_ref ref;

	question->answer = kr_cred_lookup(question->id, question->flags, 0, &ref);
	if (!question->answer) {
		question->answer = ref.key->serial;
		kr_key_put(ref.key);
	}
}

static inline long ask(struct puppet *puppet, s32 id, unsigned int flags)
{
	struct question question = { .id = id, .flags = flags };

	tell(puppet, do_lookup, &question);
	return question.answer;
}

static inline long session_of(struct puppet *puppet)
{
	return ask(puppet, KEY_SPEC_SESSION_KEYRING, 0);
}

static inline void do_join(struct puppet *puppet, void *arg)
{
	*(long *)arg = kr_cred_join_session(NULL);
}

static inline long join(struct puppet *puppet)
{
	long serial;

	tell(puppet, do_join, &serial);
	return serial;
}

static inline void do_reqkey(struct puppet *puppet, void *arg)
{
	*(long *)arg = kr_cred_set_reqkey(*(long *)arg);
}

static inline long reqkey(struct puppet *puppet, long value)
{
	tell(puppet, do_reqkey, &value);
	return value;
}

#endif /* KR_KUNIT_PUPPET_H */
