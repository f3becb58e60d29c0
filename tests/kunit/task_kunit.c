// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room cred: what a task inherits, keeps and loses. The tasks are
 * kernel threads that do what they are told; nobody hooks their lives, so the
 * cases tell the room what happens to them.
 */
#include "kunit_helpers.h"

#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "../../src/cred/cred_internal.h"

/* A task that waits for orders. */
struct puppet {
	struct task_struct *task;
	const struct cred *cred;
	wait_queue_head_t wait;
	void (*order)(struct puppet *puppet, void *arg);
	void *arg;
};

static void puppet_obey(struct puppet *puppet)
{
	/* Pairs with tell(): with the order comes what it is about. */
	void (*order)(struct puppet *puppet, void *arg) = smp_load_acquire(&puppet->order);

	if (!order)
		return;
	order(puppet, puppet->arg);
	smp_store_release(&puppet->order, NULL);	/* pairs with the wait in tell() */
	wake_up_all(&puppet->wait);
}

static int puppet_live(void *arg)
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

static void learn_task(struct puppet *puppet, void *arg)
{
	puppet->task = current;
}

static void tell(struct puppet *puppet, void (*order)(struct puppet *puppet, void *arg), void *arg)
{
	puppet->arg = arg;
	smp_store_release(&puppet->order, order);	/* pairs with puppet_obey() */
	wake_up_all(&puppet->wait);
	/* Pairs with puppet_obey(): it has been done. */
	wait_event_idle(puppet->wait, !smp_load_acquire(&puppet->order));
}

static struct puppet *puppet_new(struct kunit *test, const struct cred *cred)
{
	struct puppet *puppet = kunit_kzalloc(test, sizeof(*puppet), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, puppet);
	puppet->cred = cred;
	init_waitqueue_head(&puppet->wait);
	kt_crew_start(test, 1, puppet_live, puppet);
	tell(puppet, learn_task, NULL);
	return puppet;
}

struct fork {
	struct task_struct *child;
	unsigned long flags;
};

/* As from the tracepoint: preemption off. */
static void do_fork(struct puppet *puppet, void *arg)
{
	struct fork *fork = arg;

	preempt_disable();
	kr_cred_task_new(fork->child, fork->flags);
	preempt_enable();
}

static struct puppet *fork_from(struct kunit *test, struct puppet *parent, unsigned long flags)
{
	struct puppet *child = puppet_new(test, parent->cred);
	struct fork fork = { .child = child->task, .flags = flags };

	tell(parent, do_fork, &fork);
	return child;
}

static void do_exec(struct puppet *puppet, void *arg)
{
	preempt_disable();
	kr_cred_task_exec(current);
	preempt_enable();
}

/* One of several threads; @arg not NULL: the last one. */
static void do_exit_thread(struct puppet *puppet, void *arg)
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

static void do_lookup(struct puppet *puppet, void *arg)
{
	struct question *question = arg;
	struct kr_key_ref ref;

	question->answer = kr_cred_lookup(question->id, question->flags, 0, &ref);
	if (!question->answer) {
		question->answer = ref.key->serial;
		kr_key_put(ref.key);
	}
}

static long ask(struct puppet *puppet, s32 id, unsigned int flags)
{
	struct question question = { .id = id, .flags = flags };

	tell(puppet, do_lookup, &question);
	return question.answer;
}

static long session_of(struct puppet *puppet)
{
	return ask(puppet, KEY_SPEC_SESSION_KEYRING, 0);
}

static void do_join(struct puppet *puppet, void *arg)
{
	*(long *)arg = kr_cred_join_session(NULL);
}

static long join(struct puppet *puppet)
{
	long serial;

	tell(puppet, do_join, &serial);
	return serial;
}

static void do_reqkey(struct puppet *puppet, void *arg)
{
	*(long *)arg = kr_cred_set_reqkey(*(long *)arg);
}

static long reqkey(struct puppet *puppet, long value)
{
	tell(puppet, do_reqkey, &value);
	return value;
}

static bool exists(long serial)
{
	struct kr_key *key;

	kr_reaper_flush();
	key = kr_key_lookup(serial);
	kr_key_put(key);
	return key;
}

static const unsigned long clone_flags[] = {
	0, SIGCHLD, CLONE_VM | CLONE_VFORK, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND,
	CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
};

static void describe_flags(const unsigned long *flags, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%#lx", *flags);
}

KUNIT_ARRAY_PARAM(flags, clone_flags, describe_flags);

static void child_shares_the_session(struct kunit *test)
{
	unsigned long flags = *(const unsigned long *)test->param_value;
	struct puppet *parent = puppet_new(test, kt_actor_of(test, kt_login(test, KT_UID))), *child;
	struct kr_key *session;
	long serial = join(parent);

	KUNIT_ASSERT_GT(test, serial, 0L);
	KUNIT_EXPECT_EQ(test, reqkey(parent, KEY_REQKEY_DEFL_SESSION_KEYRING), 0L);
	KUNIT_EXPECT_GT(test, ask(parent, KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE), 0L);
	child = fork_from(test, parent, flags);
	KUNIT_EXPECT_EQ(test, session_of(child), serial);
	KUNIT_EXPECT_EQ(test, reqkey(child, -1), (long)KEY_REQKEY_DEFL_SESSION_KEYRING);
	KUNIT_EXPECT_EQ(test, ask(child, KEY_SPEC_THREAD_KEYRING, 0), (long)-ENOKEY);
	/* They share one reference. */
	session = kr_key_lookup(serial);
	KUNIT_ASSERT_NOT_NULL(test, session);
	kr_key_put(session);
	KUNIT_EXPECT_EQ(test, refcount_read(&session->usage), 1u);
}

static void child_and_parent_part_ways(struct kunit *test)
{
	struct puppet *parent = puppet_new(test, kt_actor_of(test, kt_login(test, KT_UID)));
	struct puppet *child, *grandchild;
	long first = join(parent), second, third;

	child = fork_from(test, parent, SIGCHLD);
	grandchild = fork_from(test, child, SIGCHLD);
	second = join(child);
	KUNIT_EXPECT_NE(test, second, first);
	KUNIT_EXPECT_EQ(test, session_of(parent), first);
	KUNIT_EXPECT_EQ(test, session_of(grandchild), first);
	KUNIT_EXPECT_EQ(test, reqkey(grandchild, 4), 0L);
	KUNIT_EXPECT_EQ(test, reqkey(parent, -1), 0L);
	third = join(parent);
	KUNIT_EXPECT_EQ(test, session_of(child), second);
	KUNIT_EXPECT_EQ(test, session_of(grandchild), first);
	KUNIT_EXPECT_EQ(test, session_of(parent), third);
}

/* Nothing to inherit: no record, and the same fallbacks. */
static void child_of_a_task_without_rings(struct kunit *test)
{
	struct puppet *parent = puppet_new(test, kt_actor_of(test, kt_login(test, KT_UID))), *child;
	struct kr_cred *cred;

	child = fork_from(test, parent, SIGCHLD);
	cred = kr_cred_get_of(child->task);
	KUNIT_EXPECT_NULL(test, cred);
	KUNIT_EXPECT_EQ(test, ask(child, KEY_SPEC_THREAD_KEYRING, 0), (long)-ENOKEY);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);

	/* A thread keyring alone is not handed down either. */
	KUNIT_EXPECT_GT(test, ask(parent, KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE), 0L);
	child = fork_from(test, parent, SIGCHLD);
	cred = kr_cred_get_of(child->task);
	KUNIT_EXPECT_NULL(test, cred);
	KUNIT_EXPECT_EQ(test, ask(child, KEY_SPEC_THREAD_KEYRING, 0), (long)-ENOKEY);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 1u);
}

static void exec_keeps_the_session_alone(struct kunit *test)
{
	struct puppet *task = puppet_new(test, kt_actor_of(test, kt_login(test, KT_UID)));
	long session = join(task), thread, process;

	thread = ask(task, KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE);
	process = ask(task, KEY_SPEC_PROCESS_KEYRING, KR_LOOKUP_CREATE);
	KUNIT_EXPECT_EQ(test, reqkey(task, 4), 0L);
	KUNIT_EXPECT_TRUE(test, exists(thread) && exists(process));
	tell(task, do_exec, NULL);
	KUNIT_EXPECT_EQ(test, session_of(task), session);
	KUNIT_EXPECT_EQ(test, reqkey(task, -1), 4L);
	KUNIT_EXPECT_EQ(test, ask(task, KEY_SPEC_THREAD_KEYRING, 0), (long)-ENOKEY);
	KUNIT_EXPECT_EQ(test, ask(task, KEY_SPEC_PROCESS_KEYRING, 0), (long)-ENOKEY);
	KUNIT_EXPECT_FALSE(test, exists(thread));
	KUNIT_EXPECT_FALSE(test, exists(process));
	/* And they can be made anew. */
	KUNIT_EXPECT_GT(test, ask(task, KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE), 0L);
	KUNIT_EXPECT_GT(test, ask(task, KEY_SPEC_PROCESS_KEYRING, KR_LOOKUP_CREATE), 0L);
}

static void last_exit_ends_the_session(struct kunit *test)
{
	struct puppet *parent = puppet_new(test, kt_actor_of(test, kt_login(test, KT_UID)));
	struct puppet *a, *b;
	long session = join(parent);

	a = fork_from(test, parent, SIGCHLD);
	b = fork_from(test, a, SIGCHLD);
	tell(parent, do_exit_thread, test);
	KUNIT_EXPECT_TRUE(test, exists(session));
	tell(a, do_exit_thread, test);
	KUNIT_EXPECT_TRUE(test, exists(session));
	KUNIT_EXPECT_EQ(test, session_of(b), session);
	tell(b, do_exit_thread, test);
	KUNIT_EXPECT_FALSE(test, exists(session));
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
}

static void exit_ends_the_threads_own_rings(struct kunit *test)
{
	struct puppet *task = puppet_new(test, kt_actor_of(test, kt_login(test, KT_UID)));
	long thread, process;

	thread = ask(task, KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE);
	process = ask(task, KEY_SPEC_PROCESS_KEYRING, KR_LOOKUP_CREATE);
	/* Other threads of the process are still there. */
	tell(task, do_exit_thread, NULL);
	KUNIT_EXPECT_FALSE(test, exists(thread));
	KUNIT_EXPECT_TRUE(test, exists(process));
	tell(task, do_exit_thread, test);
	KUNIT_EXPECT_FALSE(test, exists(process));
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
}

static void processes_have_their_own_rings(struct kunit *test)
{
	struct cred *cred = kt_actor_of(test, kt_login(test, KT_UID));
	struct puppet *a = puppet_new(test, cred), *b = puppet_new(test, cred);
	long of_a, of_b;

	of_a = ask(a, KEY_SPEC_PROCESS_KEYRING, KR_LOOKUP_CREATE);
	KUNIT_EXPECT_EQ(test, ask(b, KEY_SPEC_PROCESS_KEYRING, 0), (long)-ENOKEY);
	of_b = ask(b, KEY_SPEC_PROCESS_KEYRING, KR_LOOKUP_CREATE);
	KUNIT_EXPECT_NE(test, of_a, of_b);
	tell(a, do_exec, NULL);
	KUNIT_EXPECT_EQ(test, ask(b, KEY_SPEC_PROCESS_KEYRING, 0), of_b);
	/* All of a UID have the same rings of the UID. */
	KUNIT_EXPECT_EQ(test, ask(a, KEY_SPEC_USER_KEYRING, 0), ask(b, KEY_SPEC_USER_KEYRING, 0));
}

static void join_named(struct puppet *puppet, void *arg)
{
	*(long *)arg = kr_cred_join_session("name");
}

static void named_session_is_shared_while_it_lives(struct kunit *test)
{
	struct cred *cred = kt_actor_of(test, kt_login(test, KT_UID));
	struct puppet *a = puppet_new(test, cred), *b = puppet_new(test, cred);
	struct kr_key *ring;
	long first, second;

	tell(a, join_named, &first);
	ring = kr_key_lookup(first);
	KUNIT_ASSERT_NOT_NULL(test, ring);
	ring->perm |= KR_USR(KR_SEARCH);
	kr_key_put(ring);
	tell(b, join_named, &second);
	KUNIT_EXPECT_EQ(test, first, second);
	KUNIT_EXPECT_EQ(test, refcount_read(&ring->usage), 2u);
	tell(a, do_exit_thread, test);
	KUNIT_EXPECT_TRUE(test, exists(first));
	tell(b, do_exit_thread, test);
	KUNIT_EXPECT_FALSE(test, exists(first));
	tell(b, join_named, &second);
	KUNIT_EXPECT_NE(test, first, second);
}

#define CHILDREN	300

/* More tasks than are held in reserve, none of which ever runs. */
static void many_children_share(struct kunit *test)
{
	struct puppet *parent = puppet_new(test, kt_actor_of(test, kt_login(test, KT_UID)));
	char *children = kunit_kzalloc(test, CHILDREN, GFP_KERNEL);
	struct fork fork = { .flags = SIGCHLD };
	struct kr_cred *cred;
	unsigned int i, wrong = 0;

	KUNIT_ASSERT_NOT_NULL(test, children);
	KUNIT_ASSERT_GT(test, join(parent), 0L);
	for (i = 0; i < CHILDREN; i++) {
		fork.child = (struct task_struct *)&children[i];
		tell(parent, do_fork, &fork);
	}
	cred = kr_cred_get_of(parent->task);
	KUNIT_ASSERT_NOT_NULL(test, cred);
	for (i = 0; i < CHILDREN; i++) {
		struct kr_cred *of_child = kr_cred_get_of((struct task_struct *)&children[i]);

		wrong += of_child != cred;
		kr_cred_put(of_child);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	KUNIT_EXPECT_EQ(test, refcount_read(&kr_cred_session(cred)->usage), CHILDREN + 2u);
	KUNIT_EXPECT_EQ(test, kr_cred_lost(), 0ul);

	kr_cred_drop_all();
	KUNIT_EXPECT_EQ(test, refcount_read(&kr_cred_session(cred)->usage), 1u);
	kr_cred_put(cred);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
}

/* Gives a task a session, as a child does to its parent. */
static int give(struct task_struct *task, struct kr_key *session)
{
	struct kr_cred *old = kr_cred_get_of(task), *new = kr_cred_alloc(old, task);
	int ret = -ENOMEM;

	if (new) {
		kr_key_put(new->session);
		new->session = kr_key_get(session);
		ret = kr_cred_publish_for(task, old, new);
		if (ret)
			kr_cred_put(new);
	}
	kr_cred_put(old);
	return ret;
}

static void session_given_by_another(struct kunit *test)
{
	struct puppet *parent = puppet_new(test, kt_actor_of(test, kt_login(test, KT_UID)));
	struct kr_key *a = kt_ring(test, "a"), *b = kt_ring(test, "b");
	long thread;

	/* To a task without a record, and then to one with. */
	KUNIT_EXPECT_EQ(test, give(parent->task, a), 0);
	KUNIT_EXPECT_EQ(test, session_of(parent), (long)a->serial);
	KUNIT_EXPECT_EQ(test, reqkey(parent, 4), 0L);
	thread = ask(parent, KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE);
	KUNIT_EXPECT_EQ(test, give(parent->task, b), 0);
	KUNIT_EXPECT_EQ(test, session_of(parent), (long)b->serial);
	KUNIT_EXPECT_EQ(test, reqkey(parent, -1), 4L);
	KUNIT_EXPECT_EQ(test, ask(parent, KEY_SPEC_THREAD_KEYRING, 0), thread);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&b->usage), 2u);
}

static void giver_and_owner_publish_at_once(struct kunit *test)
{
	struct puppet *parent = puppet_new(test, kt_actor_of(test, kt_login(test, KT_UID)));
	struct kr_key *a = kt_ring(test, "a");
	struct kr_cred *old, *new;
	long serial;

	KUNIT_EXPECT_GT(test, join(parent), 0L);
	old = kr_cred_get_of(parent->task);
	new = kr_cred_alloc(old, parent->task);
	KUNIT_ASSERT_NOT_NULL(test, new);
	kr_key_put(new->session);
	new->session = kr_key_get(a);
	/* The owner was faster: what was copied is out of date. */
	serial = join(parent);
	KUNIT_EXPECT_EQ(test, kr_cred_publish_for(parent->task, old, new), -EAGAIN);
	KUNIT_EXPECT_EQ(test, session_of(parent), serial);
	kr_cred_put(new);
	kr_cred_put(old);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 1u);
	/* The record has gone altogether. */
	old = kr_cred_get_of(parent->task);
	new = kr_cred_alloc(old, parent->task);
	tell(parent, do_exit_thread, test);
	KUNIT_EXPECT_EQ(test, kr_cred_publish_for(parent->task, old, new), -EAGAIN);
	kr_cred_put(new);
	kr_cred_put(old);
}

/* As one that somebody has a reference on: it keeps its credentials. */
static struct task_struct *dying_task(struct kunit *test)
{
	struct task_struct *dying = kunit_kzalloc(test, sizeof(*dying), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, dying);
	RCU_INIT_POINTER(dying->real_cred, current_cred());
	dying->flags = PF_EXITING;
	return dying;
}

static void session_is_not_given_to_the_dying(struct kunit *test)
{
	struct task_struct *dying = dying_task(test);
	struct kr_key *a = kt_ring(test, "a");
	struct kr_cred *cred;

	KUNIT_EXPECT_EQ(test, give(dying, a), -ESRCH);
	cred = kr_cred_get_of(dying);
	KUNIT_EXPECT_NULL(test, cred);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 1u);
}

struct glance {
	atomic_t inside;
	atomic_t started;	/* the giver is about to give */
	atomic_t over;		/* the giver has returned */
	atomic_t read;
	bool alone;		/* when the reader left, the giver had */
};

/* In a read section, as the task is that looks for its own record. */
static int look_for_long(void *arg)
{
	struct glance *glance = arg;
	unsigned int i;

	rcu_read_lock();
	atomic_set(&glance->inside, 1);
	for (i = 0; i < 10000 && !atomic_read(&glance->started); i++)
		mdelay(1);
	for (i = 0; i < 100 && !atomic_read(&glance->over); i++)
		mdelay(1);
	glance->alone = atomic_read(&glance->over);
	rcu_read_unlock();
	atomic_set(&glance->read, 1);
	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return 0;
}

/*
 * A record that was hashed for a moment, and was not needed, is freed when no reader
 * can have it any more. Two CPUs: the reader keeps one busy.
 */
static void unneeded_record_outlives_its_readers(struct kunit *test)
{
	struct task_struct *dying = dying_task(test);
	struct kr_key *a = kt_ring(test, "a");
	struct glance glance = {};

	kt_crew_start(test, 1, look_for_long, &glance);
	while (!atomic_read(&glance.inside))
		schedule_timeout_idle(1);
	atomic_set(&glance.started, 1);
	KUNIT_EXPECT_EQ(test, give(dying, a), -ESRCH);
	atomic_set(&glance.over, 1);
	while (!atomic_read(&glance.read))
		schedule_timeout_idle(1);
	KUNIT_EXPECT_FALSE(test, glance.alone);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
}

struct market {
	struct kr_key *ring[2];
	const struct cred *cred;
	struct task_struct *taker;
	atomic_t taken;
	atomic_t given;
	long reqkey;
};

/* Whatever session it finds is one of those it was given, and its own word stays. */
static int take_sessions(void *arg)
{
	struct market *market = arg;
	const struct cred *before = override_creds(market->cred);
	int complaints = 0, ret;
	struct kr_key_ref ref;

	WRITE_ONCE(market->taker, current);
	while (!kthread_should_stop()) {
		ret = kr_cred_lookup(KEY_SPEC_SESSION_KEYRING, 0, 0, &ref);
		complaints += !!ret;
		if (!ret) {
			complaints += !refcount_read(&ref.key->usage);
			kr_key_put(ref.key);
		}
		market->reqkey = (market->reqkey + 1) % 5;
		complaints += kr_cred_set_reqkey(market->reqkey) < 0;
		complaints += kr_cred_set_reqkey(-1) != market->reqkey;
		atomic_inc(&market->taken);
		cond_resched();
	}
	kr_cred_task_exit(current);
	revert_creds(before);
	return complaints;
}

static int give_sessions(void *arg)
{
	struct market *market = arg;
	int complaints = 0, ret;
	unsigned int i = 0;

	while (!kthread_should_stop()) {
		if (READ_ONCE(market->taker)) {
			ret = give(market->taker, market->ring[i++ % 2]);
			complaints += ret && ret != -EAGAIN;
			if (!ret)
				atomic_inc(&market->given);
		}
		cond_resched();
	}
	return complaints;
}

/*
 * Several givers and the owner itself publish; nothing is lost. The taker is
 * started first and thus stopped last: it exits after the givers.
 */
static void sessions_given_while_they_are_used(struct kunit *test)
{
	struct market market = {
		.ring = { kt_ring(test, "a"), kt_ring(test, "b") },
		.cred = kt_actor_of(test, kt_login(test, KT_UID)),
	};

	kt_crew_start(test, 1, take_sessions, &market);
	kt_crew_start(test, 2, give_sessions, &market);
	schedule_timeout_uninterruptible(KT_STRESS);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&market.taken), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&market.given), 0);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, refcount_read(&market.ring[0]->usage), 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&market.ring[1]->usage), 1u);
}

struct crowd {
	const struct cred *cred;
	atomic_t joined;
};

/* A ring that is joined does not let itself be joined by others, unless told to. */
static void open_session(void)
{
	struct kr_key_ref ref;

	if (kr_cred_lookup(KEY_SPEC_SESSION_KEYRING, 0, 0, &ref))
		return;
	WRITE_ONCE(ref.key->perm, KT_PERM);
	kr_key_put(ref.key);
}

static int join_and_leave(void *arg)
{
	struct crowd *crowd = arg;
	const struct cred *before = override_creds(crowd->cred);
	int complaints = 0;

	while (!kthread_should_stop()) {
		complaints += kr_cred_join_session("name") < 0;
		open_session();
		cond_resched();
		complaints += kr_cred_join_session(NULL) <= 0;
		cond_resched();
		kr_cred_task_exit(current);
		atomic_inc(&crowd->joined);
	}
	revert_creds(before);
	return complaints;
}

/* The same name joined, left and made anew by many: nobody is refused, nothing leaks. */
static void joined_by_many_at_once(struct kunit *test)
{
	struct crowd crowd = { .cred = kt_actor_of(test, kt_login(test, KT_UID)) };

	/* What ends with an exit gives its quota back when the reaper comes to it. */
	kr_limit_values.maxkeys = 1000000;
	kr_limit_values.maxbytes = 100000000;
	kt_crew_start(test, 4, join_and_leave, &crowd);
	schedule_timeout_uninterruptible(KT_STRESS);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&crowd.joined), 0);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
}

struct first_touch {
	const struct cred *cred;
	s32 serial[4];
	atomic_t count;
};

static int touch(void *arg)
{
	struct first_touch *first = arg;
	const struct cred *before = override_creds(first->cred);
	struct kr_key_ref ref;
	int ret;

	ret = kr_cred_lookup(KEY_SPEC_USER_KEYRING, 0, 0, &ref);
	if (!ret) {
		first->serial[atomic_inc_return(&first->count) - 1] = ref.key->serial;
		kr_key_put(ref.key);
	}
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	revert_creds(before);
	return ret;
}

/* CVE-2013-1792: one pair is made, and all have the same. */
static void touched_first_by_many_at_once(struct kunit *test)
{
	struct first_touch first = { .cred = kt_actor_of(test, kt_login(test, KT_UID)) };
	unsigned int i, j, wrong = 0;

	for (i = 0; i < 20; i++) {
		atomic_set(&first.count, 0);
		kt_crew_start(test, 4, touch, &first);
		wrong += kt_crew_stop(test);
		wrong += atomic_read(&first.count) != 4;
		for (j = 1; j < 4; j++)
			wrong += first.serial[j] != first.serial[0];
		wrong += kr_key_count() != 2;
		kr_user_drop_all();
		kr_reaper_flush();
		wrong += kr_key_count() != 0;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
}

static struct kunit_case task_cases[] = {
	KUNIT_CASE_PARAM(child_shares_the_session, flags_gen_params),
	KUNIT_CASE(child_and_parent_part_ways),
	KUNIT_CASE(child_of_a_task_without_rings),
	KUNIT_CASE(exec_keeps_the_session_alone),
	KUNIT_CASE(last_exit_ends_the_session),
	KUNIT_CASE(exit_ends_the_threads_own_rings),
	KUNIT_CASE(processes_have_their_own_rings),
	KUNIT_CASE(named_session_is_shared_while_it_lives),
	KUNIT_CASE(many_children_share),
	KUNIT_CASE(session_given_by_another),
	KUNIT_CASE(giver_and_owner_publish_at_once),
	KUNIT_CASE(session_is_not_given_to_the_dying),
	KUNIT_CASE(unneeded_record_outlives_its_readers),
	KUNIT_CASE(sessions_given_while_they_are_used),
	KUNIT_CASE(joined_by_many_at_once),
	KUNIT_CASE(touched_first_by_many_at_once),
	{}
};

static struct kunit_suite task_suite = {
	.name		= "kr_cred_task",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= task_cases,
};

kunit_test_suite(task_suite);
