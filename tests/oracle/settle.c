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

enum { CANARY_UID = 77777, NEST = 4 };

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

/*
 * Rings in each other, and a key in the innermost: a pass for each of them. The
 * outermost is in @ring of the canary's, or in none. Returns the key, which ends
 * last.
 */
static long nest_make(long ring)
{
	long nest[NEST], key;
	unsigned int i;

	for (i = 0; i < NEST; i++)
		nest[i] = quiet(NULL, ADD_KEY, P("keyring"), P("nest"), 0, 0,
				i ? nest[i - 1] : RING_T);
	key = quiet(NULL, ADD_KEY, P("user"), P("canary"), P("x"), 1, nest[NEST - 1]);
	quiet(NULL, SETPERM, nest[0], 0x3f3f3f3f);
	if (ring && quiet(canary, LINK, nest[0], ring))
		give_up("the canary's ring takes no link");
	quiet(NULL, UNLINK, nest[0], RING_T);
	return key;
}

void settle(void)
{
	await_end(nest_make(0));
}

/* Twice, since a pass may have begun when the first one is invalidated */
static void invalid_settle(void)
{
	long ring, key;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ring = quiet(NULL, ADD_KEY, P("keyring"), P("canary"), 0, 0, RING_T);
		key = quiet(NULL, ADD_KEY, P("user"), P("canary"), P("x"), 1, ring);
		quiet(NULL, INVALIDATE, key);
		await_empty(ring);
		quiet(NULL, UNLINK, ring, RING_T);
	}
}

void quiesce(void)
{
	invalid_settle();
	settle();
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
	canary_key = nest_make(ring);
	return ends;
}

/* A change for a process that ended, and one for the credentials that it had */
void rcu_quiesce(void)
{
	await_end(credentials_change());
	invalid_settle();
	await_end(credentials_change());
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
