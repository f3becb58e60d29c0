// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for what a service does later. Neither says when it has done it: what is
 * waited for are canaries, keys of the director's and of a process beside it that
 * come to an end in the same way, and after what is to be waited for. How long
 * that takes is the machine's affair.
 *
 * The built-in service drops a key a grace period after its link went, and frees
 * dead keys in passes: what was in a ring that died goes in the next pass. The
 * credentials of a process that ended are dropped a grace period after it, and
 * what they hold another one later. The module ends the keyrings of a UID with
 * the last of its credentials.
 */
#define _GNU_SOURCE
#include "oracle.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../selftests/keyctl_abi.h"

/*
 * As deep as the dead trees of a scenario or a sequence; one that is linked may not
 * be. And as many credentials as end one for the other: a helper's process has
 * credentials, their session keyring the authority, that its requester's, which have
 * left a session keyring in turn.
 */
enum { CANARY_UID = 77777, ONE_WHOLE_PASS = 3, LINKABLE = 4, DEEP = 12, GENERATIONS = 4 };

static struct worker *canary;
static long canary_key;		/* in what the canary's credentials alone hold */

/* The first looks come fast, since most things are over soon */
static void wait_a_moment(int n)
{
	usleep(n < 50 ? 100 : 1000);
}

static void await_end(long id)
{
	int n;

	for (n = 0; quiet(NULL, DESCRIBE, id) != -ENOKEY; n++) {
		if (n == PATIENCE)
			give_up("%ld does not go away", id);
		wait_a_moment(n);
	}
}

static void await_empty(long ring)
{
	int n;

	for (n = 0; quiet(NULL, READ, ring) > 0; n++) {
		if (n == PATIENCE)
			give_up("%ld is not emptied", ring);
		wait_a_moment(n);
	}
}

static long open_ring(const char *name)
{
	long ring = quiet(NULL, ADD_KEY, P("keyring"), P(name), 0, 0, RING_T);

	quiet(NULL, SETPERM, ring, 0x3f3f3f3f);
	return ring;
}

/*
 * Rings in each other, and a key in the innermost: a pass for each of them. The
 * outermost is in @ring of the canary's, or in none. Returns the key, which ends
 * last. A ring that is deep in others is nobody's possession: it is opened before.
 */
static long nest_make(unsigned int depth, long ring)
{
	long outermost = open_ring("nest"), nest = outermost, inner, key;

	while (--depth) {
		inner = open_ring("inner");
		quiet(NULL, MOVE, inner, RING_T, nest, 0);
		nest = inner;
	}
	key = quiet(NULL, ADD_KEY, P("user"), P("canary"), P("x"), 1, nest);
	if (key < 0)
		give_up("there is no canary: %s", result_name(key));
	if (ring && quiet(canary, LINK, outermost, ring))
		give_up("the canary's ring takes no link");
	quiet(NULL, UNLINK, outermost, RING_T);
	return key;
}

void settle(void)
{
	await_end(nest_make(DEEP, 0));
}

/*
 * The built-in service may be in the midst of a pass, beyond the ring that is waited
 * for and before the canary's. What is in a ring that ended goes at the end of a pass
 * at the earliest, so that another one is over when this canary's has gone, and has
 * let go of all links before those of the next canary.
 */
static void invalid_settle(void)
{
	long ring = quiet(NULL, ADD_KEY, P("keyring"), P("canary"), 0, 0, RING_T);

	quiet(NULL, INVALIDATE, quiet(NULL, ADD_KEY, P("user"), P("canary"), P("x"), 1, ring));
	await_empty(ring);
	quiet(NULL, UNLINK, ring, RING_T);
	await_end(nest_make(ONE_WHOLE_PASS, 0));
}

void quiesce(void)
{
	invalid_settle();
	settle();
}

static long ended_ring;

/* A key that has been revoked, or expires in a second, and is to leave its ring */
void canary_end(bool revoked)
{
	long key;

	ended_ring = quiet(NULL, ADD_KEY, P("keyring"), P("ended"), 0, 0, RING_T);
	key = quiet(NULL, ADD_KEY, P("user"), P("canary"), P("x"), 1, ended_ring);
	if (revoked)
		quiet(NULL, REVOKE, key);
	else
		quiet(NULL, SET_TIMEOUT, key, 1);
}

/* Whatever ended before it has left its rings, too */
void canary_await(void)
{
	invalid_settle();	/* the built-in service looks at all keys for that */
	await_empty(ended_ring);
	quiet(NULL, UNLINK, ended_ring, RING_T);
	quiesce();
}

static bool module_answers(void)
{
	return !access("/sys/kernel/livepatch/keyrings", F_OK);
}

static long be_real_user(long uid, long b, long c)
{
	(void)b, (void)c;
	return setresuid(uid, 0, 0) ? -errno : 0;
}

/* The canary has other credentials from now on; returns what ends with those it had */
static long credentials_change(void)
{
	static unsigned int turn;
	long ends = canary_key, ring;

	if (module_answers()) {
		in(canary, be_real_user, CANARY_UID + turn++ % 2, 0, 0);
		ring = quiet(canary, GET_ID, RING_U, 0);
	} else {
		ring = quiet(canary, JOIN, 0);
	}
	canary_key = nest_make(LINKABLE, ring);
	return ends;
}

/* A change of credentials for each that may end, and what the last of them held */
void rcu_quiesce(void)
{
	unsigned int i;

	for (i = 0; i < GENERATIONS; i++) {
		await_end(credentials_change());
		if (!i)
			invalid_settle();
	}
	settle();
}

void settle_begin(void)
{
	canary = worker_apart();
	credentials_change();
}

void settle_end(void)
{
	worker_end(canary);
}
