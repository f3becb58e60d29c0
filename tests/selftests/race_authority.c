// SPDX-License-Identifier: GPL-2.0-only
/*
 * An authority that ends while it is used: a helper and its child have the same one; both
 * answer the request while the helper revokes the authority, invalidates it, or exits,
 * which ends the request and revokes it, too.
 *
 * Specified by keyctl_instantiate(3) and request_key(2). This program is its own helper:
 * helper.h.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "races.h"
#include "requester.h"

enum { TRIES = 20 };

/* What the helper does besides, and how its child answers */
enum { H_ANSWERS = 1, H_REVOKES = 2, H_INVALIDATES = 4, CHILD_REJECTS = 8, MODES = 16 };

struct bout {
	int mode, number;
	int begun, over;	/* by the helper, by its child */
	int key;
	long helper, ended, child;	/* the results of what they did */
	int won[3];		/* by the helper, by its child, by none of them */
	int refused;		/* how often the child was told that it was over */
};

static int look_at(const int *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void set(int *word)
{
	__atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
}

/* The child of the helper: it goes on until somebody has won */
static void child_answers(struct bout *bout)
{
	unsigned int seed = bout->number * 7 + 1;
	int i;

	while (!look_at(&bout->begun))
		sched_yield();
	for (i = 0; i < TRIES; i++) {
		jitter(&seed);
		if (bout->mode & CHILD_REJECTS)
			bout->child = kc_reject(bout->key, 1000, EKEYREJECTED, 0);
		else
			bout->child = kc_instantiate(bout->key, "child", 5, 0);
		/* what is said first is that it is made, then that all is over */
		if (bout->child != -EBUSY)
			break;
	}
	set(&bout->over);
	_exit(0);
}

/* The helper, whose end is that of the request and of its authority */
static long helper_answers(long key, long arg, long c)
{
	struct bout *bout = (struct bout *)arg;
	unsigned int seed = bout->number;

	(void)c;
	bout->key = key;
	if (kc_assume(key) <= 0)
		return 1;
	if (!fork())
		child_answers(bout);
	set(&bout->begun);
	jitter(&seed);
	if (bout->mode & H_INVALIDATES)
		bout->ended = kc_invalidate(AUTH_KEY);
	else if (bout->mode & H_REVOKES)
		bout->ended = kc_revoke(AUTH_KEY);
	if (bout->mode & H_ANSWERS)
		bout->helper = kc_instantiate(key, "helper", 6, 0);
	return 0;
}

/* What the key stands for, whoever asks */
static const char *seen_by(struct actor *who, struct call *call)
{
	long ret = ON(who, kc_request("user", call->desc, NULL, 0));

	return ret > 0 ? ON(who, payload(ret)) : shared_text("error %ld", ret);
}

static const char *should_be(const struct bout *bout)
{
	if (!bout->helper)
		return "helper";
	if (bout->child)
		return "error -126";
	return bout->mode & CHILD_REJECTS ? "error -129" : "child";
}

/* Nobody may revoke an authority, but who has it may invalidate it */
static bool may_end(const struct bout *bout)
{
	if (bout->mode & H_INVALIDATES)
		return ONE_OF(bout->ended, ENOKEY, EKEYREVOKED);
	if (bout->mode & H_REVOKES)
		return bout->ended < 0 && ONE_OF(bout->ended, EACCES, ENOKEY, EKEYREVOKED);
	return bout->ended == -ECHILD;
}

static void count(struct bout *bout)
{
	bout->won[!bout->helper ? 0 : !bout->child ? 1 : 2]++;
	bout->refused += bout->child == -EKEYREVOKED;
}

/* May the request say so, when the key has become that? */
static bool is_answer(long ret, const struct bout *bout)
{
	/* the helper had ended without an answer, and then there was one */
	if (ret == -ENOKEY && bout->helper)
		return true;
	if (!bout->helper || (!bout->child && !(bout->mode & CHILD_REJECTS)))
		return ret == bout->key;
	return ret == (bout->child ? -ENOKEY : -EKEYREJECTED);
}

/* One request; what it says, and what the key is, belong to what its helpers were told */
static void one_bout(struct __test_metadata *_metadata, FIXTURE_DATA(request) *self,
		     struct actor *q, struct bout *bout)
{
	long ret;

	bout->mode = bout->number % MODES;
	bout->begun = bout->over = 0;
	bout->helper = bout->ended = bout->child = -ECHILD;
	ret = actor_do(self->p, make_request, (long)self->call, 0, 0);
	ASSERT_TRUE(EVENTUALLY(look_at(&bout->over)));
	EXPECT_TRUE(is_answer(ret, bout)) TH_LOG("the request returns %ld", ret);
	EXPECT_TRUE(ONE_OF(bout->helper, ECHILD, EBUSY, EPERM, EKEYREVOKED));
	EXPECT_TRUE(ONE_OF(bout->child, EBUSY, EPERM, EKEYREVOKED));
	EXPECT_TRUE(may_end(bout));
	EXPECT_FALSE(!bout->helper && !bout->child);
	ASSERT_STREQ(should_be(bout), seen_by(self->p, self->call))
		TH_LOG("mode %d: helper %ld, child %ld, ended %ld", bout->mode, bout->helper,
		       bout->child, bout->ended);
	EXPECT_STREQ(should_be(bout), seen_by(q, self->call));
	EXPECT_EQ(1, ON(q, ring_holds(RING_S, bout->key)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(bout->key, RING_S)));
}

/* Whoever answered had a pointer into the request, which was freed when its authority ended */
TEST_F_TIMEOUT(request, fix_pin_request_key_auth_that_ends_beside_answers, 120)
{
	struct actor *q = actor_fork(self->p);
	struct bout *bout = shared(sizeof(*bout));
	long until = now_ms() + 1000 * race_seconds();
	size_t used = stage->used;
	int keys, bytes;

	/* the built-in service makes these at the first request */
	ASSERT_LT(0, ON(self->p, kc_id(RING_U, 0)));
	keys = keys_charged(self->uid);
	bytes = bytes_charged(self->uid);
	self->call->does = helper_answers;
	self->call->with[0] = (long)bout;
	for (; now_ms() < until || bout->number < MODES; bout->number++) {
		one_bout(_metadata, self, q, bout);
		count(bout);
		/* what was read is not kept */
		stage->used = used;
	}
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == keys &&
			       bytes_charged(self->uid) == bytes))
		TH_LOG("%d keys, then %d", keys, keys_charged(self->uid));
	TH_LOG("%d by the helper, %d by its child, %d by none; %d times too late", bout->won[0],
	       bout->won[1], bout->won[2], bout->refused);
}

HELPER_MAIN
