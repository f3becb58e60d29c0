// SPDX-License-Identifier: GPL-2.0-only
/* Keys that stand for an error, in every operation, and how they end. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <string.h>

enum { NEGATED, REJECTED, EXPIRED, NEGATIVE_STATES };

static const char *const state_names[] = { "negated", "rejected", "expired" };

static void negative_args(enum op op, long key, long ring, long *a)
{
	good_args(op, a);
	if (opdesc[op].args[0] == 'i')
		a[0] = key;
	switch (op) {
	case UNLINK:
	case MOVE:
		a[1] = RING_S;
		a[2] = ring;
		break;
	case LINK:
		a[1] = ring;
		break;
	case SEARCH:
		a[0] = RING_S;
		a[2] = P("none");
		a[3] = ring;
		break;
	case ADD_KEY:
		a[1] = P("none");
		a[4] = RING_S;
		break;
	case REQUEST_KEY:
		a[1] = P("none");
		a[3] = ring;
		break;
	case SET_TIMEOUT:
		a[1] = 1000;
		break;
	default:
		break;
	}
}

static void negative_one(enum op op, unsigned int state)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long key, ring, a[6] = {};

	say("-- %s", state_names[state]);
	quiet(w, JOIN, 0);
	ring = add_quiet(w, "keyring", "other", RING_S);
	key = ask_quick(w, "none", state == REJECTED ? EKEYREJECTED : ENOKEY, 20);
	if (state == EXPIRED)
		clock_jump(21);
	if (op == UNLINK)	/* its authority has it for a while */
		rcu_quiesce();
	negative_args(op, key, ring, a);
	if (call_v(w, op, a) >= 0 && op != INVALIDATE)
		settle();
	describe(w, key);
	read_all(w, key);
	read_all(w, RING_S);
	read_all(w, ring);
	say_proc_keys(w, false);
	call(w, REQUEST_KEY, P("user"), P("none"), 0, 0);
	if (op == UPDATE || op == ADD_KEY || op == UNLINK) {
		rcu_quiesce();
		say_key_users(uid_base, 1);
	}
	workers_end();
	uid_base += 1;
}

void negative_keys(void)
{
	static const enum op ops[] = {
		GET_ID, UPDATE, REVOKE, CHOWN, SETPERM, DESCRIBE, LINK, UNLINK, SEARCH, READ,
		SET_TIMEOUT, GET_SECURITY, INVALIDATE, RESTRICT, MOVE, ADD_KEY, REQUEST_KEY,
		ASSUME, INSTANTIATE, INSTANTIATE_IOV, NEGATE, REJECT, DH_COMPUTE,
	};
	unsigned int o, s;

	for (o = 0; o < ARRAY_SIZE(ops); o++)
		for (s = 0; s < NEGATIVE_STATES; s++)
			negative_one(ops[o], s);
}

/* A negative key keeps helpers from being called, until its time is over */
void negative_times(void)
{
	static const unsigned int times[] = { 0, 1, 5, 60, 0xffffffff };
	struct worker *w = worker_user(uid_base, uid_base, -1), *h;
	unsigned int i;
	long key;

	call(w, JOIN, 0);
	for (i = 0; i < ARRAY_SIZE(times); i++) {
		key = ask_quick(w, text("n%u", i), EKEYREVOKED, times[i]);
		say_proc_keys(w, false);
		describe(w, key);
		call(w, REQUEST_KEY, P("user"), P(text("n%u", i)), 0, 0);
		clock_jump(4);
		h = ask(w, text("n%u", i), 0);
		if (h)
			answer(w, h);
		rcu_quiesce();	/* what is displaced goes with its authority */
	}
	/* as what nobody made, a minute */
	h = ask(w, "nobody", 0);
	answer(w, h);
	say_proc_keys(w, false);
	clock_jump(59);
	call(w, REQUEST_KEY, P("user"), P("nobody"), 0, 0);
	clock_jump(1);
	call(w, REQUEST_KEY, P("user"), P("nobody"), 0, 0);
	h = ask(w, "nobody", 0);
	if (h)
		answer(w, h);
	rcu_quiesce();
	say_proc_keys(w, false);
}

/* Each error that a helper may give */
void negative_errors(void)
{
	static const unsigned int errors[] = {
		1, 2, 4, 11, 12, 13, 17, 22, ENOKEY, EKEYEXPIRED, EKEYREVOKED, EKEYREJECTED,
		EDQUOT, 133, 511, 515, 517, 4094
	};
	struct worker *w = worker_user(uid_base, uid_base, -1);
	unsigned int i;

	call(w, JOIN, 0);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		const char *desc = text("e%u", errors[i]);
		long key = ask_quick(w, desc, errors[i], 1000);

		call(w, REQUEST_KEY, P("user"), P(desc), 0, 0);
		call(w, REQUEST_KEY, P("user"), P(desc), P("info"), 0);
		call(w, SEARCH, RING_S, P("user"), P(desc), 0);
		rcu_quiesce();	/* one that was displaced */
		call(w, LINK, key, RING_S);
		read_all(w, key);
	}
	say_proc_keys(w, false);
}
