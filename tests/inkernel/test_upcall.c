// SPDX-License-Identifier: GPL-2.0-only
/*
 * Code of the kernel requests a key that nobody has: the kernel starts its helper,
 * /sbin/request-key, which makes the key by keyctl(2) whichever service answers.
 */
#include <kselftest_harness.h>

#include "inkernel.h"
#include "loading.h"

/*
 *	kernel, for p (fresh uid) @s---> "_ses"  - - request_key() - ->  helper (helper.c)
 */
FIXTURE(upcall)
{
	struct actor *p;
	const char *desc;
};

FIXTURE_SETUP(upcall)
{
	stage_open();
	inkernel_open();
	self->p = actor_user(fresh_uid());
	self->desc = fresh_desc("upcall:");
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
}

FIXTURE_TEARDOWN(upcall)
{
	stage_close();
	inkernel_close();
}

static long for_process(const char *desc, const char *callout)
{
	return ik_request_how("user", desc, callout, INKERNEL_PLAIN);
}

static long for_kernel(const char *desc, const char *callout)
{
	return ik_request_how("user", desc, callout, INKERNEL_OVERRIDE);
}

TEST_F(upcall, helper_makes_it)
{
	long slot = ON(self->p, for_process(self->desc, "made to order"));

	EXPECT_STREQ("made to order", ik_payload(slot));
	EXPECT_EQ(0, ik_validate(slot));
	EXPECT_EQ(1, helper_runs("user", self->desc));
}

/* ENOKEY, and no helper, without call-out information */
TEST_F(upcall, only_when_asked)
{
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request("user", self->desc)));
	EXPECT_EQ(0, helper_runs("user", self->desc));
}

TEST_F(upcall, made_once)
{
	long first = ON(self->p, for_process(self->desc, "once"));
	long again = ON(self->p, for_process(self->desc, "twice"));

	EXPECT_STREQ("once", ik_payload(again));
	EXPECT_EQ(ik_serial(first), ik_serial(again));
	EXPECT_EQ(1, helper_runs("user", self->desc));
}

/* EKEYREJECTED: what the helper said, also to the next one who asks */
TEST_F(upcall, helper_refuses)
{
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, for_process(self->desc, "refuse")));
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, for_process(self->desc, "made")));
	EXPECT_EQ(1, helper_runs("user", self->desc));
}

/*
 * ENOKEY: the helper names a ring of the other service; nothing is lost in one that
 * nobody will ever see
 */
TEST_F(upcall, ours_ring_of_the_helper)
{
	EXPECT_STREQ("error -126", ik_payload(ON(self->p, for_process(self->desc, "@u"))));
	EXPECT_STREQ("error -126", ik_payload(ON(self->p, for_process(fresh_desc("upcall:"),
								      "refuse @u"))));
	EXPECT_EQ(0, kc_clear(RING_U));
}

/* Nor does it find what the process would: its authority is the other service's */
TEST_F(upcall, ours_helper_does_not_find_the_requesters_keys)
{
	const char *desc = shared_text("requester's %s", self->desc);
	long key = ON(self->p, kc_add_user(desc, "v", RING_S));

	ASSERT_LT(0, key);
	EXPECT_EQ(key, ON(self->p, kc_request("user", desc, NULL, 0)));
	EXPECT_STREQ("error -126", ik_payload(ON(self->p, for_process(self->desc, "find"))));
}

/* What kernel code has asked a helper for goes where the process cannot see it */
TEST_F(upcall, ours_is_in_no_ring_of_the_process)
{
	EXPECT_LE(0, ON(self->p, kc_reqkey(REQKEY_S)));
	EXPECT_STREQ("made", ik_payload(ON(self->p, for_process(self->desc, "made"))));
	EXPECT_EQ(0, ON(self->p, ring_size(RING_S)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", self->desc, NULL, 0)));
}

static long ask_for_process(long desc, long callout, long c)
{
	(void)c;
	return kc_request("user", (const char *)desc, (const char *)callout, 0);
}

static long for_process_now(long desc, long b, long c)
{
	(void)b, (void)c;
	return for_process((const char *)desc, "made");
}

/* A process has requested it already, and the helper is at work: that one is waited for */
TEST_F(upcall, waits_for_a_helper_at_work)
{
	struct actor *q = actor_fork(self->p);

	actor_begin(q, ask_for_process, (long)self->desc, (long)"slow", 0);
	EXPECT_TRUE(EVENTUALLY(helper_runs("user", self->desc) == 1));
	EXPECT_STREQ("slow", ik_payload(ON(self->p, for_process(self->desc, "made"))));
	EXPECT_LT(0, actor_end(q));
	EXPECT_EQ(1, helper_runs("user", self->desc));
}

/* ENOKEY: who may not sleep does not wait, nor is given a key that is not made yet */
TEST_F(upcall, ours_not_yet_for_who_may_not_sleep)
{
	struct actor *q = actor_fork(self->p);

	actor_begin(q, ask_for_process, (long)self->desc, (long)"told", 0);
	EXPECT_TRUE(EVENTUALLY(helper_runs("user", self->desc) == 1));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request_how("user", self->desc, NULL, INKERNEL_RCU)));
	tell_helper(self->desc);
	EXPECT_LT(0, actor_end(q));
}

/*
 * EKEYEXPIRED: the helper has set a time, which is over before it makes the key. (For who
 * has called the helper it has made none: ENOKEY.)
 */
TEST_F(upcall, waits_for_one_that_expires)
{
	struct actor *q = actor_fork(self->p);

	actor_begin(q, ask_for_process, (long)self->desc, (long)"late", 0);
	EXPECT_TRUE(EVENTUALLY(helper_runs("user", self->desc) == 1));
	actor_begin(self->p, for_process_now, (long)self->desc, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(self->p, SYS_ioctl)));
	tell_helper(self->desc);
	EXPECT_EQ(-EKEYEXPIRED, actor_end(self->p));
	EXPECT_EQ(-ENOKEY, actor_end(q));
	EXPECT_EQ(1, helper_runs("user", self->desc));
}

TEST_F(upcall, waits_for_a_helper_that_refuses)
{
	struct actor *q = actor_fork(self->p);

	actor_begin(q, ask_for_process, (long)self->desc, (long)"slow refuse", 0);
	EXPECT_TRUE(EVENTUALLY(helper_runs("user", self->desc) == 1));
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, for_process(self->desc, "made")));
	EXPECT_EQ(-EKEYREJECTED, actor_end(q));
	EXPECT_EQ(1, helper_runs("user", self->desc));
}

static void nothing(int sig)
{
	(void)sig;
}

static long catch_signal(long flags, long b, long c)
{
	struct sigaction action = { .sa_handler = nothing, .sa_flags = (int)flags };

	(void)b, (void)c;
	return sigaction(SIGUSR1, &action, NULL) ? -errno : 0;
}

/* EINTR: kernel code that waits for it is interrupted, or begins again */
TEST_F(upcall, ours_waiting_is_interrupted)
{
	struct actor *q = actor_fork(self->p);

	EXPECT_EQ(0, actor_do(self->p, catch_signal, 0, 0, 0));
	actor_begin(q, ask_for_process, (long)self->desc, (long)"told", 0);
	EXPECT_TRUE(EVENTUALLY(helper_runs("user", self->desc) == 1));
	actor_begin(self->p, for_process_now, (long)self->desc, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(self->p, SYS_ioctl)));
	EXPECT_EQ(0, kill(self->p->pid, SIGUSR1));
	EXPECT_EQ(-EINTR, actor_end(self->p));

	EXPECT_EQ(0, actor_do(self->p, catch_signal, SA_RESTART, 0, 0));
	actor_begin(self->p, for_process_now, (long)self->desc, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(self->p, SYS_ioctl)));
	EXPECT_EQ(0, kill(self->p->pid, SIGUSR1));
	tell_helper(self->desc);
	EXPECT_STREQ("told", ik_payload(actor_end(self->p)));
	EXPECT_LT(0, actor_end(q));
}

static long ask_by_call(long desc, long b, long c)
{
	(void)b, (void)c;
	return kc_request("user", (const char *)desc, "told", RING_S);
}

/* A key that was made with this master key, as bytes to load; neither is there any more */
static char *blob_under(struct actor *p, const char *master)
{
	const char *order = shared_text("new user:%s 32", master);
	long held = ON(p, kc_add_user(master, "told", RING_S));
	long key = ON(p, kc_add("encrypted", "e", order, strlen(order), RING_S));
	char *blob = shared_text("load %s", ON(p, payload(key)));

	if (held < 0 || key < 0 || ON(p, kc_unlink(held, RING_S)) || ON(p, kc_unlink(key, RING_S)))
		stage_broken("no blob: %s", blob);
	return blob;
}

/* EAGAIN: the ring is locked while the kernel makes a key in it, and the helper may need it */
TEST_F(upcall, ours_no_key_waits_for_its_master)
{
	const char *blob = blob_under(self->p, self->desc);
	struct actor *q = actor_fork(self->p);

	ASSERT_TRUE(is_loaded()) TH_LOG("the built-in service waits there for ever");
	actor_begin(q, ask_by_call, (long)self->desc, 0, 0);
	EXPECT_TRUE(EVENTUALLY(helper_runs("user", self->desc) == 1));
	EXPECT_EQ(-EAGAIN, ON(self->p, kc_add("encrypted", "e", blob, strlen(blob), RING_S)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_S, "encrypted", "e", 0)));
	tell_helper(self->desc);
	EXPECT_LT(0, actor_end(q));
	EXPECT_LT(0, ON(self->p, kc_add("encrypted", "e", blob, strlen(blob), RING_S)));
}

/* The process has it: no helper is asked */
TEST_F(upcall, not_for_a_key_that_is_there)
{
	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "mine", RING_S)));
	EXPECT_STREQ("mine", ik_payload(ON(self->p, for_process(self->desc, "made"))));
	EXPECT_EQ(0, helper_runs("user", self->desc));
}

/* A key that the process has and may not be used is an error, not a reason to ask */
TEST_F(upcall, not_for_a_revoked_key)
{
	long key = ON(self->p, kc_add_user(self->desc, "mine", RING_S));

	ASSERT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, for_process(self->desc, "made")));
	EXPECT_EQ(0, helper_runs("user", self->desc));
}

/* ENOKEY: that there is none was found out a moment ago, for the process itself */
TEST_F(upcall, not_for_a_negative_key)
{
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", self->desc, "negate", 0)));
	EXPECT_EQ(1, helper_runs("user", self->desc));
	EXPECT_EQ(-ENOKEY, ON(self->p, for_process(self->desc, "made")));
	EXPECT_EQ(1, helper_runs("user", self->desc));
}

/* An expired one is asked for anew */
TEST_F(upcall, for_an_expired_key)
{
	long key = ON(self->p, kc_add_user(self->desc, "old", RING_S));

	ASSERT_EQ(0, ON(self->p, kc_timeout(key, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_read(key, NULL, 0)) < 0));
	EXPECT_STREQ("new", ik_payload(ON(self->p, for_process(self->desc, "new"))));
	EXPECT_EQ(1, helper_runs("user", self->desc));
}

/*
 * As NFS and CIFS do it: the kernel's own ring holds what its helper has made, the
 * processes' keys are not used, nor can processes find the kernel's.
 */
TEST_F(upcall, for_the_kernel_itself)
{
	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "mine", RING_S)));
	EXPECT_STREQ("kernel's", ik_payload(ON(self->p, for_kernel(self->desc, "kernel's"))));
	EXPECT_STREQ("kernel's", ik_payload(ON(self->p, for_kernel(self->desc, "again"))));
	EXPECT_STREQ("kernel's", ik_payload(ON(self->p, for_kernel(self->desc, NULL))));
	EXPECT_EQ(1, helper_runs("user", self->desc));
	EXPECT_STREQ("mine", ik_payload(ON(self->p, ik_request("user", self->desc))));
	EXPECT_EQ(0, ON(self->p, kc_clear(RING_S)));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request("user", self->desc)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", self->desc, NULL, 0)));
}

/* Both kinds of request at the same time, from several processes */
enum { CROWD = 4 };

static long ask_both(long desc, long n, long c)
{
	const char *mine = (const char *)c;
	long slot = n % 2 ? for_kernel((const char *)desc, "shared") :
			    kc_request("user", mine, "own", 0);

	return slot;
}

TEST_F(upcall, many_at_once)
{
	struct actor *crowd[CROWD];
	const char *own[CROWD];
	long got[CROWD];
	int i;

	for (i = 0; i < CROWD; i++) {
		crowd[i] = actor_user(fresh_uid());
		own[i] = fresh_desc("own:");
		ASSERT_LT(0, ON(crowd[i], kc_join(NULL)));
	}
	for (i = 0; i < CROWD; i++)
		actor_begin(crowd[i], ask_both, (long)self->desc, i, (long)own[i]);
	for (i = 0; i < CROWD; i++)
		got[i] = actor_end(crowd[i]);
	for (i = 0; i < CROWD; i++) {
		ASSERT_LE(0, got[i]) TH_LOG("%d: %ld", i, got[i]);
		EXPECT_STREQ(i % 2 ? "shared" : "own",
			     i % 2 ? ik_payload(got[i]) : ON(crowd[i], payload(got[i])));
	}
	EXPECT_EQ(1, helper_runs("user", self->desc));
}

SELFTEST_MAIN
