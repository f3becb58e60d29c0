// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting: others who want a key while a helper makes it, those who can be
 * interrupted, and what they get.
 *
 * Specified by request_key(2) and
 * Documentation/security/keys/request-key.rst.
 *
 * This program is its own helper: helper.h.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "helper.h"
#include "requester.h"

/* ---- others who want the same key ---- */

TEST_F(request, two_callers)
{
	struct actor *q = actor_fork(self->p), *r = actor_fork(self->p), *h;
	int key;

	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	actor_begin(q, make_request, (long)self->call, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_REQUEST_KEY)));
	EXPECT_TRUE(EVENTUALLY(sleeps_in(self->p, NR_REQUEST_KEY)));
	/* it can be seen, but not used */
	EXPECT_STREQ(shared_text("user;%u;%u;3f010000;%s", self->uid,
				 self->uid, self->call->desc),
		     ON(r, description(key)));
	EXPECT_EQ(1, ON(r, ring_holds(RING_S, key)));

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	/* the second need not wait for the helper's end */
	EXPECT_EQ(key, actor_end(q));
	/* the first does */
	EXPECT_TRUE(sleeps_in(self->p, NR_REQUEST_KEY));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_EQ(1, self->call->runs);
}

/* Of different UIDs, with one session */
TEST_F(request, two_callers_of_two_uids)
{
	struct actor *root = actor_fork(NULL), *q, *h;
	int key;

	ASSERT_LT(0, ON(root, kc_join(NULL)));
	ASSERT_EQ(0, ON(root, kc_setperm(RING_S, PERM_POS(MAY_ALL) | PERM_OTH(MAY_ALL))));
	q = actor_fork(root);
	ASSERT_EQ(0, actor_do(q, become, self->uid, 0, 0));
	self->call->dest = RING_S;
	h = helper_for(root, self->call);
	key = key_of(self->call);
	actor_begin(q, make_request, (long)self->call, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_REQUEST_KEY)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, actor_end(q));
	EXPECT_EQ(key, answer_to(root, h));
	EXPECT_EQ(1, self->call->runs);
}

TEST_F(request, two_callers_rejected)
{
	struct actor *q = actor_fork(self->p), *h;
	int key;

	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	actor_begin(q, make_request, (long)self->call, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_REQUEST_KEY)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_reject(key, 100, EKEYREJECTED, 0)));
	EXPECT_EQ(-EKEYREJECTED, actor_end(q));
	EXPECT_EQ(-EKEYREJECTED, answer_to(self->p, h));
	EXPECT_EQ(1, self->call->runs);
}

static void on_signal(int number)
{
	(void)number;
}

static long catch_signal(long flags, long b, long c)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = (int)flags };

	(void)b, (void)c;
	return sigaction(SIGUSR1, &action, NULL) ? -errno : 0;
}

/* EINTR: one who waits for the helper of another can be interrupted */
TEST_F(request, waiting_is_interrupted)
{
	struct actor *q = actor_fork(self->p), *h;
	int key;

	EXPECT_EQ(0, actor_do(q, catch_signal, 0, 0, 0));
	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	actor_begin(q, make_request, (long)self->call, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_REQUEST_KEY)));
	EXPECT_EQ(0, kill(q->pid, SIGUSR1));
	EXPECT_EQ(-EINTR, actor_end(q));

	/* or goes on waiting afterwards */
	EXPECT_EQ(0, actor_do(q, catch_signal, SA_RESTART, 0, 0));
	actor_begin(q, make_request, (long)self->call, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_REQUEST_KEY)));
	EXPECT_EQ(0, kill(q->pid, SIGUSR1));
	nap_ms(200);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_REQUEST_KEY)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, actor_end(q));
	EXPECT_EQ(key, answer_to(self->p, h));
}

/* Who has started the helper waits for its end, whatever comes, and whatever it exits with */
TEST_F(request, waiting_for_ones_own_helper_is_not_interrupted)
{
	struct actor *h;
	int key;

	EXPECT_EQ(0, actor_do(self->p, catch_signal, 0, 0, 0));
	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(self->p, NR_REQUEST_KEY)));
	EXPECT_EQ(0, kill(self->p->pid, SIGUSR1));
	nap_ms(200);
	EXPECT_TRUE(sleeps_in(self->p, NR_REQUEST_KEY));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(0, kill(h->pid, SIGKILL));
	h->gone = true;
	EXPECT_EQ(key, actor_end(self->p));
	EXPECT_STREQ("v", ON(self->p, payload(key)));
}

static long read_key(long key, long buf, long len)
{
	return raw_syscall(NR_KEYCTL, OP_READ, key, buf, len, 0);
}

/* So does one who knows the key's number */
TEST_F(request, reading_waits)
{
	struct actor *q = actor_fork(self->p), *h;
	int key;

	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	actor_begin(q, read_key, key, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_KEYCTL)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "five!", 5, 0)));
	EXPECT_EQ(5, actor_end(q));
	EXPECT_EQ(key, answer_to(self->p, h));
}

static long link_key(long key, long ring, long unused)
{
	(void)unused;
	return raw_syscall(NR_KEYCTL, OP_LINK, key, ring, 0, 0);
}

/* What needs the key itself waits, too, and goes on with the key */
TEST_F(request, linking_waits)
{
	struct actor *q = actor_fork(self->p), *h;
	int key;

	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	actor_begin(q, link_key, key, RING_P, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_KEYCTL)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(0, actor_end(q));
	EXPECT_EQ(1, ON(q, ring_holds(RING_P, key)));
	EXPECT_EQ(key, answer_to(self->p, h));
}

HELPER_MAIN
