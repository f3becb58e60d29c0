// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring is busy for as long as a type of keys takes to make one in it: who waits for that,
 * and who does not.
 */
#include <kselftest_harness.h>

#include <sys/prctl.h>

#include "faults.h"
#include "own_type.h"

static void on_signal(int number)
{
	(void)number;
}

static long catch_signal(long a, long b, long c)
{
	struct sigaction action = { .sa_handler = on_signal };

	(void)a, (void)b, (void)c;
	return sigaction(SIGUSR1, &action, NULL) ? -errno : 0;
}

static long wait_in_request(long desc, long b, long c)
{
	(void)b, (void)c;
	return kc_request("user", (const char *)desc, "made", RING_S);
}

static long wait_in_restrict(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	return kc_restrict(RING_S, NULL, NULL);
}

static long wait_in_add(long ring, long b, long c)
{
	(void)b, (void)c;
	return kc_add(OWN, "slow", "sleep", 5, ring);
}

/*
 * A ring is locked while the kernel makes a key in it. Who changes or reads it waits for
 * that, and nobody else does: who requests a key of the same description, restricts a
 * ring, or ends a key that is in it.
 */
TEST_F(own, ours_busy_ring_keeps_nobody_waiting)
{
	struct actor *q = actor_fork(self->p), *r = actor_fork(self->p);
	struct actor *other = actor_fork(self->p);
	struct actor *stranger = actor_user(fresh_uid());
	const char *desc = fresh_desc("own:");
	long key = ON(self->p, kc_add_user("u", "v", RING_S)), ring, got;

	ASSERT_LT(0, key);
	ASSERT_EQ(0, actor_do(self->p, catch_signal, 0, 0, 0));
	ring = ON(stranger, kc_add_ring("r", RING_T));
	actor_begin(self->p, wait_in_add, RING_S, 0, 0);
	ASSERT_TRUE(EVENTUALLY(sleeps_in(self->p, NR_ADD_KEY)));
	actor_begin(q, wait_in_request, (long)desc, 0, 0);
	ASSERT_TRUE(EVENTUALLY(sleeps_in(q, NR_REQUEST_KEY)));
	actor_begin(r, wait_in_restrict, 0, 0, 0);
	ASSERT_TRUE(EVENTUALLY(sleeps_in(r, NR_KEYCTL)));

	EXPECT_EQ(-EKEYREJECTED, ON(stranger, kc_request("user", desc, "refuse", RING_T)));
	EXPECT_EQ(0, ON(stranger, kc_restrict(ring, NULL, NULL)));
	EXPECT_EQ(0, ON(other, kc_invalidate(key)));
	/* It was busy all the time. */
	EXPECT_TRUE(sleeps_in(self->p, NR_ADD_KEY));
	EXPECT_TRUE(sleeps_in(q, NR_REQUEST_KEY));

	EXPECT_EQ(0, kill(self->p->pid, SIGUSR1));
	EXPECT_LT(0, actor_end(self->p));
	EXPECT_EQ(0, actor_end(r));
	/* Which of the two came first nobody knows. */
	got = actor_end(q);
	EXPECT_TRUE(got > 0 || got == -EPERM) TH_LOG("%ld", got);
	EXPECT_TRUE(EVENTUALLY(!ON(self->p, ring_holds(RING_S, key))));
}

/* Who has become somebody else may open no files of its own in /proc but when it may be dumped */
static long able_to_fault(long a, long b, long c)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) ? -errno : nth_open(a, b, c);
}

static long invalidate_with_fault(long key, long n, long c)
{
	long ret;

	(void)c;
	nth_set(n);
	ret = kc_invalidate(key);
	nth_set(0);
	return ret;
}

/* A key that is invalidated leaves a busy ring later, which takes memory, or is waited for */
TEST_F(own, invalidated_in_a_busy_ring_without_memory)
{
	struct actor *q = actor_fork(self->p);
	long key = ON(self->p, kc_add_user("u", "v", RING_S));
	unsigned long start, end;
	bool is_ours;

	if (!kernel_injects())
		SKIP(return, "the kernel injects no faults");
	/* Without the module nothing fails. */
	is_ours = module_text(&start, &end);
	if (is_ours) {
		ASSERT_TRUE(faults_within(start, end));
	}
	ASSERT_LT(0, key);
	ASSERT_EQ(0, actor_do(q, able_to_fault, 0, 0, 0));
	ASSERT_EQ(0, actor_do(self->p, catch_signal, 0, 0, 0));
	actor_begin(self->p, wait_in_add, RING_S, 0, 0);
	ASSERT_TRUE(EVENTUALLY(sleeps_in(self->p, NR_ADD_KEY)));
	actor_begin(q, invalidate_with_fault, key, is_ours, 0);
	EXPECT_TRUE(EVENTUALLY(whose_turn(q) == TURN_DIRECTOR || sleeps_in(q, NR_KEYCTL)));
	EXPECT_TRUE(sleeps_in(self->p, NR_ADD_KEY));

	EXPECT_EQ(0, kill(self->p->pid, SIGUSR1));
	EXPECT_LT(0, actor_end(self->p));
	EXPECT_EQ(0, actor_end(q));
	EXPECT_TRUE(EVENTUALLY(!ON(self->p, ring_holds(RING_S, key))));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_describe(key, NULL, 0)));
}

/* What was in a ring that is invalid is not found, also while the ring that holds it is busy */
TEST_F(own, ended_ring_in_a_busy_ring)
{
	long session = ON(self->p, kc_id(RING_S, 0)), inner = ON(self->p, kc_add_ring("r", RING_S));
	struct actor *q = actor_fork(self->p);
	long slot;

	ASSERT_LT(0, ON(self->p, kc_add(OWN, "k", "x", 1, inner)));
	ASSERT_EQ(0, actor_do(self->p, catch_signal, 0, 0, 0));
	slot = ON(q, ik_lookup(session, NEED_SEARCH));
	EXPECT_EQ(0, ON(q, ik_try(ik_search(slot, OWN, "k"))));
	actor_begin(self->p, wait_in_add, RING_S, 0, 0);
	ASSERT_TRUE(EVENTUALLY(sleeps_in(self->p, NR_ADD_KEY)));
	EXPECT_EQ(0, ON(q, kc_invalidate(inner)));
	slot = ON(q, ik_lookup(session, NEED_SEARCH));
	EXPECT_LE(0, slot);
	EXPECT_GT(0, ON(q, ik_try(ik_search(slot, OWN, "k"))));
	EXPECT_TRUE(sleeps_in(self->p, NR_ADD_KEY));
	EXPECT_EQ(0, kill(self->p->pid, SIGUSR1));
	EXPECT_LT(0, actor_end(self->p));
}

static long wait_in_search(long dest, long b, long c)
{
	(void)b, (void)c;
	return kc_search(RING_S, "user", "u", dest);
}

static long wait_in_find(long dest, long b, long c)
{
	(void)b, (void)c;
	return kc_request("user", "u", NULL, dest);
}

/* While the destination is busy, the key that was found is invalidated: the next one is found */
TEST_F(own, ours_what_ends_before_it_is_linked_is_passed_over)
{
	struct actor *q = actor_fork(self->p), *r = actor_fork(self->p);
	struct actor *other = actor_fork(self->p);
	long dest = ON(self->p, kc_add_ring("dest", RING_S));
	long first = ON(self->p, kc_add_user("u", "1", RING_S));
	long second = ON(self->p, kc_add_user("u", "2", ON(self->p, kc_add_ring("r", RING_S))));

	ASSERT_LT(0, first);
	ASSERT_LT(0, second);
	ASSERT_EQ(0, actor_do(self->p, catch_signal, 0, 0, 0));
	actor_begin(self->p, wait_in_add, dest, 0, 0);
	ASSERT_TRUE(EVENTUALLY(sleeps_in(self->p, NR_ADD_KEY)));
	actor_begin(q, wait_in_search, dest, 0, 0);
	ASSERT_TRUE(EVENTUALLY(sleeps_in(q, NR_KEYCTL)));
	actor_begin(r, wait_in_find, dest, 0, 0);
	ASSERT_TRUE(EVENTUALLY(sleeps_in(r, NR_REQUEST_KEY)));
	EXPECT_EQ(0, ON(other, kc_invalidate(first)));
	EXPECT_TRUE(sleeps_in(self->p, NR_ADD_KEY));
	EXPECT_EQ(0, kill(self->p->pid, SIGUSR1));
	EXPECT_LT(0, actor_end(self->p));
	EXPECT_EQ(second, actor_end(q));
	EXPECT_EQ(second, actor_end(r));
	EXPECT_TRUE(ON(other, ring_holds(dest, second)));
	EXPECT_EQ(2, ON(other, ring_size(dest)));
}

SELFTEST_MAIN
