// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room cred: a session that another task gives, as a child does to its
 * parent (keyctl(2), KEYCTL_SESSION_TO_PARENT).
 */
#include "kunit_helpers.h"
#include "kunit_puppet.h"

#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "../../src/cred/cred_internal.h"

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

static void take_record(struct puppet *puppet, void *arg)
{
	*(struct kr_task **)arg = kr_task_current();
}

/*
 * The task had found a record that was added for it, and used it, before it was seen to
 * exit: nothing of what it put there is left.
 */
static void abandoned_record_keeps_no_ring(struct kunit *test)
{
	struct puppet *puppet = puppet_new(test, kt_actor_of(test, kt_login(test, KT_UID)));
	long session = join(puppet);
	long thread = ask(puppet, KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE);
	struct kr_task *record;

	KUNIT_ASSERT_GT(test, session, 0);
	KUNIT_ASSERT_GT(test, thread, 0);
	tell(puppet, take_record, &record);
	KUNIT_ASSERT_NOT_NULL(test, record);
	hlist_del_rcu(&record->node);
	kr_task_abandon(record);
	kr_reaper_flush();
	KUNIT_EXPECT_NULL(test, kr_key_lookup(session));
	KUNIT_EXPECT_NULL(test, kr_key_lookup(thread));
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

static struct kunit_case session_to_parent_cases[] = {
	KUNIT_CASE(session_given_by_another),
	KUNIT_CASE(giver_and_owner_publish_at_once),
	KUNIT_CASE(session_is_not_given_to_the_dying),
	KUNIT_CASE(unneeded_record_outlives_its_readers),
	KUNIT_CASE(abandoned_record_keeps_no_ring),
	KUNIT_CASE(sessions_given_while_they_are_used),
	{}
};

static struct kunit_suite session_to_parent_suite = {
	.name		= "kr_cred_session_to_parent",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= session_to_parent_cases,
};

kunit_test_suite(session_to_parent_suite);
