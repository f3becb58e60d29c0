// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room cred: a session that another task gives, as a child does to its
 * parent (keyctl(2), KEYCTL_SESSION_TO_PARENT).
 */
#include "kunit_helpers.h"
#include "kunit_puppet.h"

#include <linux/kthread.h>
#include <linux/task_work.h>

#include "../../src/cred/cred_internal.h"

/* As the kernel does when the task returns to user space: kthreads do not. */
static void do_return(struct puppet *puppet, void *arg)
{
	struct callback_head *work = xchg(&current->task_works, NULL), *next;

	for (; work; work = next) {
		next = work->next;
		work->func(work);
	}
}

/* What the kernel has for this is not exported; nobody else takes works of these tasks. */
static bool cancel_only(struct task_struct *task, struct callback_head *work)
{
	return cmpxchg(&task->task_works, work, NULL) == work;
}

static struct puppet *parent_new(struct kunit *test)
{
	return puppet_new(test, kt_actor_of(test, kt_login(test, KT_UID)));
}

static void taken_on_return(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a"), *b = kt_ring(test, "b");
	struct puppet *parent = parent_new(test);
	long thread;

	/* To a task without a record, and then to one with. */
	KUNIT_EXPECT_EQ(test, kr_session_give(parent->task, a), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 2u);
	KUNIT_EXPECT_EQ(test, reqkey(parent, 4), 0L);
	KUNIT_EXPECT_NE(test, session_of(parent), (long)a->serial);
	tell(parent, do_return, NULL);
	KUNIT_EXPECT_EQ(test, session_of(parent), (long)a->serial);
	KUNIT_EXPECT_EQ(test, reqkey(parent, -1), 4L);
	thread = ask(parent, KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE);
	KUNIT_EXPECT_EQ(test, kr_session_give(parent->task, b), 0);
	KUNIT_EXPECT_EQ(test, session_of(parent), (long)a->serial);
	tell(parent, do_return, NULL);
	KUNIT_EXPECT_EQ(test, session_of(parent), (long)b->serial);
	KUNIT_EXPECT_EQ(test, reqkey(parent, -1), 4L);
	KUNIT_EXPECT_EQ(test, ask(parent, KEY_SPEC_THREAD_KEYRING, 0), thread);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&b->usage), 2u);
}

static void taken_by_who_has_nothing(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a");
	struct puppet *parent = parent_new(test);
	struct kr_cred *cred;

	KUNIT_EXPECT_EQ(test, kr_session_give(parent->task, a), 0);
	tell(parent, do_return, NULL);
	cred = kr_cred_get_of(parent->task);
	KUNIT_EXPECT_PTR_EQ(test, kr_cred_session(cred), a);
	kr_cred_put(cred);
	tell(parent, do_exit_thread, test);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 1u);
}

static void last_one_is_taken(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a"), *b = kt_ring(test, "b");
	struct puppet *parent = parent_new(test), *other = parent_new(test);

	KUNIT_EXPECT_EQ(test, kr_session_give(parent->task, a), 0);
	KUNIT_EXPECT_EQ(test, kr_session_give(other->task, a), 0);
	KUNIT_EXPECT_EQ(test, kr_session_give(parent->task, b), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 2u);
	tell(parent, do_return, NULL);
	tell(other, do_return, NULL);
	KUNIT_EXPECT_EQ(test, session_of(parent), (long)b->serial);
	KUNIT_EXPECT_EQ(test, session_of(other), (long)a->serial);
}

static int until_stopped(void *arg)
{
	if (arg)
		atomic_set((atomic_t *)arg, 1);
	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return 0;
}

static void await(atomic_t *flag)
{
	while (!atomic_read(flag))
		schedule_timeout_idle(1);
}

static struct task_struct *waiting_task(struct kunit *test)
{
	atomic_t started = ATOMIC_INIT(0);
	struct task_struct *task = kthread_run(until_stopped, &started, "kr_parent");

	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	await(&started);
	return get_task_struct(task);
}

/* The kernel runs what is queued when a task exits; its rings are gone by then. */
static void who_exits_takes_nothing(struct kunit *test)
{
	struct task_struct *parent = waiting_task(test);
	struct kr_key *a = kt_ring(test, "a");

	KUNIT_EXPECT_EQ(test, kr_session_give(parent, a), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 2u);
	KUNIT_EXPECT_EQ(test, kthread_stop(parent), 0);
	while (READ_ONCE(parent->exit_state) != EXIT_DEAD)
		schedule_timeout_idle(1);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 1u);
	KUNIT_EXPECT_NULL(test, kr_cred_get_of(parent));
	/* And to one that has exited nothing is given. */
	KUNIT_EXPECT_EQ(test, kr_session_give(parent, a), -ESRCH);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 1u);
	put_task_struct(parent);
}

static void what_is_queued_is_taken_back(struct kunit *test)
{
	struct puppet *parent = parent_new(test), *other = parent_new(test);
	struct kr_key *a = kt_ring(test, "a");

	KUNIT_EXPECT_EQ(test, kr_session_give(parent->task, a), 0);
	KUNIT_EXPECT_EQ(test, kr_session_give(other->task, a), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 3u);
	kr_handovers_end();
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 1u);
	KUNIT_EXPECT_NULL(test, READ_ONCE(parent->task->task_works));
	KUNIT_EXPECT_NULL(test, READ_ONCE(other->task->task_works));
	/* It can be used again. */
	KUNIT_EXPECT_EQ(test, kr_session_give(parent->task, a), 0);
	tell(parent, do_return, NULL);
	KUNIT_EXPECT_EQ(test, session_of(parent), (long)a->serial);
}

struct slow_return {
	atomic_t begun;
	atomic_t go_on;
};

/* The kernel has taken the works out, as it does for all at once, and not come to ours. */
static int return_slowly(void *arg)
{
	struct slow_return *slow = arg;
	struct callback_head *work;

	while (!(work = xchg(&current->task_works, NULL)))
		schedule_timeout_idle(1);
	atomic_set(&slow->begun, 1);
	await(&slow->go_on);
	work->func(work);
	kr_cred_task_exit(current);
	return until_stopped(NULL);
}

static int end_handovers(void *arg)
{
	kr_handovers_end();
	return until_stopped(arg);
}

static void what_is_about_to_run_is_waited_for(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a");
	struct slow_return slow = {};
	struct task_struct *parent, *ender;
	atomic_t ended = ATOMIC_INIT(0);

	parent = kthread_run(return_slowly, &slow, "kr_parent");
	KUNIT_ASSERT_FALSE(test, IS_ERR(parent));
	KUNIT_EXPECT_EQ(test, kr_session_give(parent, a), 0);
	await(&slow.begun);
	ender = kthread_run(end_handovers, &ended, "kr_ender");
	schedule_timeout_uninterruptible(HZ / 5);
	KUNIT_EXPECT_EQ(test, atomic_read(&ended), 0);
	atomic_set(&slow.go_on, 1);
	if (!IS_ERR(ender)) {
		await(&ended);
		kthread_stop(ender);
	}
	KUNIT_EXPECT_FALSE(test, IS_ERR(ender));
	KUNIT_EXPECT_EQ(test, kthread_stop(parent), 0);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 1u);
}

struct market {
	struct kr_key *ring[2];
	const struct cred *cred;
	struct task_struct *taker;
	const struct kr_key *last;	/* that the taker saw */
	atomic_t changed;		/* how often that was another one */
	atomic_t given;
	long reqkey;
};

/* Once it was given one: what it has is one of those. */
static int look_at_session(struct market *market)
{
	struct kr_key_ref ref;

	if (kr_cred_lookup(KEY_SPEC_SESSION_KEYRING, 0, 0, &ref))
		return 1;
	kr_key_put(ref.key);
	if (ref.key != market->ring[0] && ref.key != market->ring[1])
		return !!market->last;
	if (ref.key != market->last)
		atomic_inc(&market->changed);
	market->last = ref.key;
	return 0;
}

/* Whatever session it finds is one of those it was given, and its own word stays. */
static int take_sessions(void *arg)
{
	struct market *market = arg;
	const struct cred *before = override_creds(market->cred);
	int complaints = 0;

	WRITE_ONCE(market->taker, current);
	while (!kthread_should_stop()) {
		do_return(NULL, NULL);
		complaints += look_at_session(market);
		market->reqkey = (market->reqkey + 1) % 5;
		complaints += kr_cred_set_reqkey(market->reqkey) < 0;
		complaints += kr_cred_set_reqkey(-1) != market->reqkey;
		cond_resched();
	}
	do_return(NULL, NULL);
	kr_cred_task_exit(current);
	revert_creds(before);
	return complaints;
}

static int give_sessions(void *arg)
{
	struct market *market = arg;
	struct kr_cred *cred;
	int complaints = 0;
	unsigned int i = 0;

	while (!kthread_should_stop()) {
		if (READ_ONCE(market->taker)) {
			complaints += kr_session_give(market->taker, market->ring[i++ % 2]) != 0;
			cred = kr_cred_get_of(market->taker);
			complaints += cred && !kr_cred_session(cred);
			kr_cred_put(cred);
			atomic_inc(&market->given);
		}
		cond_resched();
	}
	return complaints;
}

/*
 * Several givers, who look at the taker's session meanwhile, and a taker that changes its
 * record itself; nothing is lost. The taker is started first and thus stopped last: it exits
 * after the givers.
 */
static void sessions_given_while_they_are_used(struct kunit *test)
{
	struct market market = {
		.ring = { kt_ring(test, "a"), kt_ring(test, "b") },
		.cred = kt_actor_of(test, kt_login(test, KT_UID)),
	};
	unsigned long patience = jiffies + 60 * HZ;

	kt_crew_start(test, 1, take_sessions, &market);
	kt_crew_start(test, 2, give_sessions, &market);
	/* On a slow kernel the taker gets to run seldom. */
	do {
		schedule_timeout_uninterruptible(KT_STRESS);
	} while (atomic_read(&market.changed) <= 10 && time_before(jiffies, patience));
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&market.changed), 10);
	KUNIT_EXPECT_GT(test, atomic_read(&market.given), 0);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, refcount_read(&market.ring[0]->usage), 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&market.ring[1]->usage), 1u);
}

static struct kunit_case session_to_parent_cases[] = {
	KUNIT_CASE(taken_on_return),
	KUNIT_CASE(taken_by_who_has_nothing),
	KUNIT_CASE(last_one_is_taken),
	KUNIT_CASE(who_exits_takes_nothing),
	KUNIT_CASE(what_is_queued_is_taken_back),
	KUNIT_CASE(what_is_about_to_run_is_waited_for),
	KUNIT_CASE(sessions_given_while_they_are_used),
	{}
};

static int rooms_up(struct kunit_suite *suite)
{
	kr_cred_set_cancel_work(cancel_only);
	return kt_rooms_up(suite);
}

static struct kunit_suite session_to_parent_suite = {
	.name		= "kr_cred_session_to_parent",
	.suite_init	= rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= session_to_parent_cases,
};

kunit_test_suite(session_to_parent_suite);
