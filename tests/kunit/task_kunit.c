// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room cred: what a task inherits, keeps and loses, when it is made,
 * in an exec and at its end.
 */
#include "kunit_helpers.h"
#include "kunit_puppet.h"

#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "../../src/cred/cred_internal.h"

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
