// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifetime of session keyrings, and of the rings of a process and of a thread.
 *
 * session-keyring(7): "destroyed when the last process that refers to it exits".
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/*
 * Session keyrings, and the processes that refer to them:
 *
 *	p (fresh uid) ---@s---> "_ses", or by name ---> user "k"
 */
FIXTURE(session)
{
	struct actor *p;
	uid_t uid;
	long ses, key;
};

FIXTURE_VARIANT(session)
{
	bool named;
};

FIXTURE_VARIANT_ADD(session, anonymous) {};
FIXTURE_VARIANT_ADD(session, named) { .named = true };

FIXTURE_SETUP(session)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->ses = ON(self->p, kc_join(variant->named ? "life" : NULL));
	self->key = ON(self->p, kc_add_user("k", "v", RING_S));
	ASSERT_LT(0, self->ses);
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(session)
{
	stage_close();
}

TEST_F(session, goes_with_the_last_process)
{
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(self->ses));
	EXPECT_TRUE(key_goes(self->key));
	EXPECT_FORGOTTEN(self->uid);
}

TEST_F(session, stays_with_any_process)
{
	struct actor *child = actor_fork(self->p);
	struct actor *grandchild = actor_fork(child);

	actor_leave(child);
	EXPECT_TRUE(key_stays(self->ses));
	actor_leave(self->p);
	EXPECT_TRUE(key_stays(self->ses));
	EXPECT_STREQ("v", ON(grandchild, payload(self->key)));
	actor_leave(grandchild);
	EXPECT_TRUE(key_goes(self->ses));
	EXPECT_TRUE(key_goes(self->key));
}

TEST_F(session, goes_when_replaced)
{
	EXPECT_LT(0, ON(self->p, kc_join(NULL)));
	EXPECT_TRUE(key_goes(self->ses));
	EXPECT_TRUE(key_goes(self->key));
}

TEST_F(session, goes_when_killed)
{
	actor_kill(self->p);
	EXPECT_TRUE(key_goes(self->ses));
	EXPECT_FORGOTTEN(self->uid);
}

TEST_F(session, stays_while_linked)
{
	struct actor *keeper = actor_fork(self->p);

	EXPECT_EQ(0, ON(keeper, kc_link(RING_S, RING_P)));
	EXPECT_LT(0, ON(keeper, kc_join(NULL)));
	actor_leave(self->p);
	/* the keeper is an orphan now, but still there */
	EXPECT_TRUE(key_stays(self->ses));
	EXPECT_STREQ("v", ON(keeper, payload(self->key)));
	EXPECT_EQ(0, ON(keeper, kc_clear(RING_P)));
	EXPECT_TRUE(key_goes(self->ses));
	actor_leave(keeper);
}

TEST_F(session, goes_with_threads)
{
	struct actor *thread = actor_thread(self->p);

	EXPECT_LT(0, ON(self->p, kc_join(NULL)));
	EXPECT_TRUE(key_stays(self->ses));
	EXPECT_EQ(self->ses, ON(thread, kc_id(RING_S, 0)));
	actor_leave(thread);
	EXPECT_TRUE(key_goes(self->ses));
}

static long open_and_keep(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	return memfd_create("held", 0);
}

/*
 * "The last process that refers to it": a file is not a process. (In the built-in
 * service an open file keeps the session of who opened it.)
 */
TEST_F(session, ours_open_file_does_not_pin_it)
{
	struct actor *child;
	long t = ON(self->p, kc_id(RING_T, 1));
	long p = ON(self->p, kc_id(RING_P, 1));
	long fd = actor_do(self->p, open_and_keep, 0, 0, 0);

	ASSERT_LT(0, t);
	ASSERT_LT(0, p);
	ASSERT_LE(0, fd);
	child = actor_fork(self->p);
	EXPECT_LT(0, ON(child, kc_join(NULL)));
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(self->ses));
	EXPECT_TRUE(key_goes(t));
	EXPECT_TRUE(key_goes(p));
	actor_leave(child);
}

/* "Exits": not "is waited for" */
TEST_F(session, ours_zombie_does_not_pin_it)
{
	long t = ON(self->p, kc_id(RING_T, 1));
	long p = ON(self->p, kc_id(RING_P, 1));

	ASSERT_LT(0, t);
	ASSERT_LT(0, p);
	actor_start(self->p, ORDER_LEAVE);
	self->p->gone = true;
	EXPECT_TRUE(key_goes(self->ses));
	EXPECT_TRUE(key_goes(self->key));
	EXPECT_TRUE(key_goes(t));
	EXPECT_TRUE(key_goes(p));
	EXPECT_EQ(self->p->pid, waitpid(self->p->pid, NULL, __WALL));
}

/* The rings of a process and of a thread go with these */
TEST_F(session, so_do_process_and_thread_rings)
{
	long t = ON(self->p, kc_id(RING_T, 1));
	long p = ON(self->p, kc_id(RING_P, 1));

	EXPECT_LT(0, t);
	EXPECT_LT(0, p);
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(t));
	EXPECT_TRUE(key_goes(p));
	EXPECT_FORGOTTEN(self->uid);
}

SELFTEST_MAIN
