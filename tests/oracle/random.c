// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequences of calls from a seed. What is called with what is drawn before
 * anything is called, with keys named by the slots that calls fill, so that the
 * same seed asks the same of both services and a step can be left out without
 * a change to the others. What the arguments are is drawn in arguments.c.
 */
#include "random.h"

#include <string.h>

#include "../selftests/keyctl_abi.h"

static uint64_t state;

uint32_t draw(uint32_t below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(((state >> 33) * below) >> 31);
}

void draw_begin(unsigned long seed)
{
	state = seed * 0x9e3779b97f4a7c15ULL + 1;
	draw(2);
}

struct weight {
	enum op op;
	unsigned int weight;
};

static const struct weight cast_weights[] = {
	{ ADD_KEY, 240 }, { GET_ID, 50 }, { JOIN, 18 }, { UPDATE, 70 }, { REVOKE, 20 },
	{ CHOWN, 45 }, { SETPERM, 60 }, { DESCRIBE, 70 }, { CLEAR, 15 }, { LINK, 130 },
	{ UNLINK, 60 }, { SEARCH, 70 }, { READ, 80 }, { SET_REQKEY, 30 },
	{ SET_TIMEOUT, 50 }, { GET_SECURITY, 15 }, { TO_PARENT, 12 }, { INVALIDATE, 12 },
	{ MOVE, 60 }, { REQUEST_KEY, 140 }, { RESTRICT, 8 }, { GET_PERSISTENT, 10 },
	{ ASSUME, 6 }, { INSTANTIATE, 6 }, { INSTANTIATE_IOV, 4 }, { NEGATE, 4 }, { REJECT, 4 },
	{ CAPABILITIES, 6 }, { PKEY_QUERY, 8 }, { WATCH_KEY, 2 }, { NO_SUCH_OP, 2 },
	{ DH_COMPUTE, 14 }, { PKEY_ENCRYPT, 2 }, { PKEY_DECRYPT, 2 }, { PKEY_SIGN, 2 },
	{ PKEY_VERIFY, 5 }, { OPS, 0 }
};

static const struct weight helper_weights[] = {
	{ ASSUME, 100 }, { INSTANTIATE, 130 }, { INSTANTIATE_IOV, 40 }, { NEGATE, 50 },
	{ REJECT, 50 }, { READ, 40 }, { DESCRIBE, 30 }, { GET_ID, 30 }, { ADD_KEY, 40 },
	{ REQUEST_KEY, 60 }, { SEARCH, 20 }, { LINK, 30 }, { UNLINK, 15 }, { SET_TIMEOUT, 30 },
	{ SETPERM, 10 }, { CHOWN, 8 }, { REVOKE, 12 }, { INVALIDATE, 8 }, { UPDATE, 15 },
	{ JOIN, 6 }, { SET_REQKEY, 15 }, { TO_PARENT, 3 }, { CLEAR, 5 }, { MOVE, 15 },
	{ GET_SECURITY, 6 }, { RESTRICT, 3 }, { OPS, 0 }
};

static enum op draw_op(const struct weight *weights)
{
	unsigned int i, sum = 0, at;

	for (i = 0; weights[i].op != OPS; i++)
		sum += weights[i].weight;
	at = draw(sum);
	for (i = 0; at >= weights[i].weight; i++)
		at -= weights[i].weight;
	return weights[i].op;
}

bool makes_keys(enum op op)
{
	return op == INSTANTIATE || op == INSTANTIATE_IOV || op == NEGATE || op == REJECT ||
	       op == ASSUME;
}

/* Of a key that is being made these change or tell what it has, and do not wait. */
static bool never_waits(enum op op)
{
	return makes_keys(op) || op == DESCRIBE || op == GET_SECURITY || op == CHOWN ||
	       op == SETPERM || op == SET_TIMEOUT || op == UNLINK;
}

static bool is_text(long a, long b)
{
	return !is_bad_pointer((void *)a) && !is_bad_pointer((void *)b) &&
	       !strcmp((const char *)a, (const char *)b);
}

bool may_await(enum op op, const long *a, const struct worker *helper,
	       const struct worker *requester)
{
	unsigned int i;

	if (never_waits(op))
		return false;
	for (i = 0; opdesc[op].args[i]; i++)
		if (strchr("ir", opdesc[op].args[i]) && a[i] == helper_key(helper))
			return true;
	return (op == ADD_KEY || op == REQUEST_KEY) && is_text(a[0], requester->told[0]) &&
	       is_text(a[1], requester->told[1]);
}

static void step_clear(struct step *s, unsigned int who)
{
	memset(s, 0, sizeof(*s));
	memset(s->slot, -1, sizeof(s->slot));
	memset(s->word_slot, -1, sizeof(s->word_slot));
	s->who = who;
}

static void draw_event(struct step *s)
{
	static const enum event events[] = {
		TIME_PASSES, TIME_PASSES, TIME_PASSES, LIST, LIST, FORK, EXEC, NEW_IDS, INTERRUPT,
		NEW_NAMESPACE, SETUID_EXEC
	};

	s->event = events[draw(sizeof(events) / sizeof(events[0]))];
	s->arg[0] = draw(12);
	s->arg[1] = draw(12);
}

/* First everybody makes a ring and a key in it: then there is something to call with */
static void draw_opening(struct step *s, unsigned int n)
{
	unsigned int who = n / 2;

	step_clear(s, who);
	s->op = ADD_KEY;
	s->arg[0] = P(n % 2 ? "user" : "keyring");
	s->arg[1] = P(draw_desc());
	if (n % 2 == 0)
		s->arg[1] = P(desc_of_ring((const char *)s->arg[1]));
	s->arg[2] = n % 2 ? P("opening") : 0;
	s->arg[3] = n % 2 ? 7 : 0;
	s->slot[4] = ring_slot(who, n % 2);
	s->into = n % 2 ? leaf_slot(who, 0) : ring_slot(who, 1);
	draw_home(s->into, s, 4);
}

/* Whoever has made a key may open it to the others at once */
static bool draw_opened(struct step *s, const struct step *before)
{
	if (before->event != NO_EVENT || before->op != ADD_KEY || before->who == HELPER || draw(4))
		return false;
	step_clear(s, before->who);
	s->op = SETPERM;
	s->slot[0] = before->into;
	s->arg[1] = draw(2) ? 0x3f3f3f3f : draw_perm();
	return true;
}

static void draw_step(struct step *s, bool helper_is_there, bool it_has_just_come)
{
	step_clear(s, helper_is_there && (it_has_just_come || draw(4)) ? HELPER : draw(CAST));
	if (!it_has_just_come && !draw(50)) {
		draw_event(s);
		return;
	}
	if (it_has_just_come && draw(8))
		s->op = ASSUME;
	else
		s->op = draw_op(s->who == HELPER ? helper_weights : cast_weights);
	draw_arguments(s);
}

void draw_steps(struct step *steps, unsigned int count)
{
	unsigned int i, helpers = 0, left = 0;
	bool come = false;

	arguments_begin();
	for (i = 0; i < count; i++) {
		struct step *s = &steps[i];

		if (i < 2 * CAST)
			draw_opening(s, i);
		else if (!draw_opened(s, s - 1))
			draw_step(s, helpers, come);
		come = false;
		if (helpers && !left) {
			s->event = HELPER_ENDS;
			helpers--;
			left = draw(4);
		} else if (s->event == NO_EVENT && s->op == REQUEST_KEY && s->arg[2]) {
			helpers++;
			come = true;
			left = 1 + draw(9);
		} else if (helpers) {
			left--;
		}
	}
}
