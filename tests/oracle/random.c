// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequences of calls from a seed. What is called with what is drawn before
 * anything is called, with keys named by the slots that calls fill, so that the
 * same seed asks the same of both services and a step can be left out without
 * a change to the others.
 */
#include "random.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

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

#define PICK(array) ((array)[draw(sizeof(array) / sizeof((array)[0]))])

struct weight {
	enum op op;
	unsigned int weight;
};

static const struct weight cast_weights[] = {
	{ ADD_KEY, 260 }, { GET_ID, 50 }, { JOIN, 25 }, { UPDATE, 70 }, { REVOKE, 20 },
	{ CHOWN, 45 }, { SETPERM, 70 }, { DESCRIBE, 70 }, { CLEAR, 15 }, { LINK, 130 },
	{ UNLINK, 45 }, { SEARCH, 60 }, { READ, 80 }, { SET_REQKEY, 30 },
	{ SET_TIMEOUT, 50 }, { GET_SECURITY, 20 }, { TO_PARENT, 12 }, { INVALIDATE, 12 },
	{ MOVE, 50 }, { REQUEST_KEY, 150 }, { RESTRICT, 6 }, { GET_PERSISTENT, 10 },
	{ ASSUME, 6 }, { INSTANTIATE, 6 }, { INSTANTIATE_IOV, 4 }, { NEGATE, 4 }, { REJECT, 4 },
	{ NO_SUCH_OP, 2 }, { OPS, 0 }
};

static const struct weight helper_weights[] = {
	{ ASSUME, 180 }, { INSTANTIATE, 130 }, { INSTANTIATE_IOV, 40 }, { NEGATE, 50 },
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

static const char *draw_desc(void)
{
	static const char *const d[] = {
		"a", "b", "c", "d", "e", "f:1", "f:2", "g", "h", "a longer description of a key"
	};

	return draw(60) ? PICK(d) : draw(2) ? "" : ".dot";
}

static const char *draw_type(void)
{
	static const char *const t[] = {
		"user", "user", "user", "user", "keyring", "keyring", "keyring", "logon"
	};

	return draw(80) ? PICK(t) : draw(2) ? "nonesuch" : ".type";
}

static long draw_perm(void)
{
	static const long p[] = {
		0x3f3f3f3f, 0x3f3f3f3f, 0x3f3f0000, 0x3f010000, 0x3f3f3f00, 0x3f00003f,
		0x1f1f1f1f, 0x3f1f0f03, 0x00000000, 0x3f000000, 0x003f0000, 0x080b0b0b,
		0x3f3b3b3b, 0x373f3f3f, 0x3f373737, 0x3f2f2f2f,
	};

	if (!draw(25))
		return 0x40000000;
	return draw(3) ? PICK(p) : (long)(draw(0x10000) << 16 | draw(0x10000)) & 0x3f3f3f3f;
}

bool makes_keys(enum op op)
{
	return op == INSTANTIATE || op == INSTANTIATE_IOV || op == NEGATE || op == REJECT ||
	       op == ASSUME;
}

static void draw_id(struct step *s, int i, bool ring)
{
	static const long odd[] = { 0, -6, -7, -8, -9, -100, 1, 2, 0x7fffffff };
	unsigned int n = draw(100), own = ring ? 45 : 80;

	if (!ring && makes_keys(s->op) && draw(8)) {
		s->slot[i] = TARGET;
	} else if (s->who == HELPER && n < 30) {
		if (ring || !draw(3))
			s->arg[i] = draw(3) ? -8 : -7;
		else
			s->slot[i] = TARGET;
	} else if (n < own) {	/* rings live in the first slots */
		s->slot[i] = draw(ring ? RING_SLOTS : SLOTS);
	} else if (n < 97) {
		s->arg[i] = -1 - (long)draw(5);
	} else {
		s->arg[i] = PICK(odd);
	}
}

static void draw_arg(struct step *s, char kind, int i)
{
	static const char *const payload[] = { "x", "payload", "another payload" };
	static const unsigned int lengths[] = { 0, 1, 4, 5, 40, 65536 };
	static const struct iovec iov[] = { { "in ", 3 }, { "", 0 }, { "parts", 5 } };
	const char *p;

	switch (kind) {
	case 'i':
		draw_id(s, i, s->op == GET_ID);
		break;
	case 'r':
		draw_id(s, i, true);
		break;
	case 't':
		s->arg[i] = P(draw_type());
		break;
	case 's':
		s->arg[i] = P(draw_desc());
		break;
	case 'd':
		p = PICK(payload);
		s->arg[i] = P(p);
		s->arg[i + 1] = draw(30) ? strlen(p) : 0;
		break;
	case 'x':
		s->arg[i] = draw_perm();
		break;
	case 'b':
		s->arg[i] = draw(40) ? P(stage->out) : draw(2) ? 0 : P(BAD_LOW);
		break;
	case 'L':
		s->arg[i] = PICK(lengths);
		break;
	case 'n':
		s->arg[i] = draw(3);
		break;
	case 'v':
		s->arg[i] = draw(20) ? P(iov) : 0;
		s->arg[i + 1] = draw(4);
		break;
	}
}

static void point_to_none(struct step *s, int i)
{
	s->slot[i] = -1;
	s->arg[i] = 0;
}

static void draw_add_key(struct step *s)
{
	if (!strcmp((char *)s->arg[0], "keyring")) {
		s->arg[2] = 0;
		s->arg[3] = 0;
		s->into = draw(RING_SLOTS);
		return;
	}
	if (!strcmp((char *)s->arg[0], "logon") && draw(4))
		s->arg[1] = P(draw(2) ? "f:1" : "f:2");
	s->into = RING_SLOTS + draw(SLOTS - RING_SLOTS);
}

static void draw_request(struct step *s)
{
	s->arg[2] = draw(2) ? 0 : draw(6) ? P("call out") : P("");
	if (draw(2))
		point_to_none(s, 3);
	if (s->arg[2] && draw(3)) {	/* of a type that helpers make */
		s->arg[0] = P("user");
		s->into = RING_SLOTS + draw(SLOTS - RING_SLOTS);
	}
}

static void draw_verdict(struct step *s, int timeout, int ring)
{
	static const long times[] = { 0, 5, 15, 1000 };
	static const long errors[] = {
		ENOKEY, EKEYREJECTED, EKEYEXPIRED, EKEYREVOKED, EACCES, 1, 4094, 4095, 0, 512
	};

	if (timeout)
		s->arg[timeout] = PICK(times);
	if (s->op == REJECT)
		s->arg[2] = PICK(errors);
	if (draw(3))
		point_to_none(s, ring);
}

/* What the kinds of the arguments do not say */
static void draw_particulars(struct step *s, uid_t uids)
{
	switch (s->op) {
	case ADD_KEY:
		draw_add_key(s);
		break;
	case JOIN:
		s->arg[0] = draw(4) ? 0 : P(text(draw(2) ? "one%u" : "two%u", uids));
		s->into = draw(RING_SLOTS);
		break;
	case REQUEST_KEY:
		draw_request(s);
		break;
	case SEARCH:
		if (draw(2))
			point_to_none(s, 3);
		break;
	case CHOWN:
		s->arg[1] = draw(2) ? -1 : (long)(uids + draw(4));
		s->arg[2] = draw(2) ? -1 : (long)(uids + draw(4));
		break;
	case SET_REQKEY:
		s->arg[0] = (long)draw(9) - 1;
		break;
	case SET_TIMEOUT:
		s->arg[1] = draw(2) ? 1000000 : draw(3) ? 0 : 10;
		break;
	case MOVE:
		s->arg[3] = draw(4) == 0 ? draw(3) : 0;
		break;
	case RESTRICT:
		s->arg[1] = draw(4) ? 0 : P("user");
		s->arg[2] = draw(4) ? 0 : P("x");
		break;
	case GET_PERSISTENT:
		s->arg[0] = draw(2) ? -1 : (long)(uids + draw(4));
		s->into = draw(RING_SLOTS);
		break;
	case INSTANTIATE:
		draw_verdict(s, 0, 3);
		break;
	case INSTANTIATE_IOV:
		draw_verdict(s, 0, 3);
		break;
	case NEGATE:
		draw_verdict(s, 1, 2);
		break;
	case REJECT:
		draw_verdict(s, 1, 3);
		break;
	default:
		break;
	}
}

static void draw_event(struct step *s)
{
	static const enum event events[] = {
		TIME_PASSES, TIME_PASSES, TIME_PASSES, LIST, LIST, FORK, EXEC, NEW_IDS, INTERRUPT
	};

	s->event = PICK(events);
	s->arg[0] = draw(12);
	s->arg[1] = draw(12);
}

static void draw_step(struct step *s, bool helper_is_there)
{
	const char *k;
	int i;

	memset(s, 0, sizeof(*s));
	memset(s->slot, -1, sizeof(s->slot));
	s->into = draw(SLOTS);
	s->who = helper_is_there && draw(4) ? HELPER : draw(CAST);
	if (!draw(50)) {
		draw_event(s);
		return;
	}
	s->op = draw_op(s->who == HELPER ? helper_weights : cast_weights);
	for (k = opdesc[s->op].args, i = 0; *k; k++, i++)
		draw_arg(s, *k, i);
	draw_particulars(s, uid_base);
}

void draw_steps(struct step *steps, unsigned int count)
{
	unsigned int i, helpers = 0, left = 0;

	for (i = 0; i < count; i++) {
		draw_step(&steps[i], helpers);
		if (helpers && !left) {
			steps[i].event = HELPER_ENDS;
			helpers--;
			left = draw(4);
		} else if (steps[i].event == NO_EVENT && steps[i].op == REQUEST_KEY &&
			   steps[i].arg[2]) {
			helpers++;
			left = draw(9);
		} else if (helpers) {
			left--;
		}
	}
}
