// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequences of calls from a seed. What is called with what is drawn before
 * anything is called, with keys named by the slots that calls fill, so that the
 * same seed asks the same of both services and a step can be left out without
 * a change to the others.
 */
#include "oracle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../selftests/keyctl_abi.h"

enum { SLOTS = 20, CAST = 6, MAX_STEPS = 4000 };

static uint64_t state;

static uint32_t draw(uint32_t below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(((state >> 33) * below) >> 31);
}

#define PICK(array) ((array)[draw(sizeof(array) / sizeof((array)[0]))])

struct step {
	enum op op;
	unsigned int who;
	unsigned int into;	/* slot of the result */
	long arg[6];
	signed char slot[6];	/* argument is a slot's key; -1: as it is */
	bool event;		/* not a call: arg[0] says what */
};

enum event { EVENT_JUMP, EVENT_LIST };

static const struct { enum op op; unsigned int weight; } weights[] = {
	{ ADD_KEY, 260 }, { GET_ID, 50 }, { JOIN, 25 }, { UPDATE, 60 }, { REVOKE, 12 },
	{ CHOWN, 45 }, { SETPERM, 70 }, { DESCRIBE, 70 }, { CLEAR, 12 }, { LINK, 130 },
	{ UNLINK, 45 }, { SEARCH, 60 }, { READ, 80 }, { SET_REQKEY, 12 },
	{ SET_TIMEOUT, 40 }, { GET_SECURITY, 10 }, { TO_PARENT, 0 }, { INVALIDATE, 10 },
	{ MOVE, 50 }, { CAPABILITIES, 0 }, { REQUEST_KEY, 70 }, { RESTRICT, 0 },
};

static enum op draw_op(void)
{
	unsigned int i, sum = 0, at;

	for (i = 0; i < sizeof(weights) / sizeof(weights[0]); i++)
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

static void draw_id(struct step *s, int i, bool ring)
{
	static const long odd[] = { 0, -6, -9, -100, 1, 2, 0x7fffffff };
	unsigned int n = draw(100);

	if (n < (ring ? 45u : 80u))
		s->slot[i] = draw(SLOTS);
	else if (n < 97)
		s->arg[i] = -1 - (long)draw(5);
	else
		s->arg[i] = PICK(odd);
	if (n < (ring ? 45u : 80u) && ring)	/* rings live in the first slots */
		s->slot[i] = draw(SLOTS / 2);
}

static void draw_args(struct step *s)
{
	static const char *const payload[] = { "x", "payload", "another payload" };
	static const unsigned int lengths[] = { 0, 1, 4, 5, 40, 65536 };
	const char *k, *p;
	int i;

	for (k = opdesc[s->op].args, i = 0; *k; k++, i++) {
		switch (*k) {
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
		}
	}
	switch (s->op) {
	case ADD_KEY:
		if (!strcmp((char *)s->arg[0], "keyring")) {
			s->arg[2] = 0;
			s->arg[3] = 0;
			s->into = draw(SLOTS / 2);
		} else {
			if (!strcmp((char *)s->arg[0], "logon") && draw(4))
				s->arg[1] = P(draw(2) ? "f:1" : "f:2");
			s->into = SLOTS / 2 + draw(SLOTS / 2);
		}
		break;
	case JOIN:
		s->arg[0] = draw(4) ? 0 : P(text(draw(2) ? "one%u" : "two%u", uid_base));
		s->into = draw(SLOTS / 2);
		break;
	case REQUEST_KEY:
		s->arg[2] = 0;
		if (draw(2)) {
			s->slot[3] = -1;
			s->arg[3] = 0;
		}
		break;
	case SEARCH:
		if (draw(2)) {
			s->slot[3] = -1;
			s->arg[3] = 0;
		}
		break;
	case CHOWN:
		s->arg[1] = draw(2) ? -1 : (long)(uid_base + draw(4));
		s->arg[2] = draw(2) ? -1 : (long)(uid_base + draw(4));
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
		s->arg[1] = 0;
		s->arg[2] = 0;
		break;
	default:
		break;
	}
}

static void draw_step(struct step *s)
{
	memset(s, 0, sizeof(*s));
	memset(s->slot, -1, sizeof(s->slot));
	s->into = draw(SLOTS);
	s->who = draw(CAST);
	if (!draw(60)) {
		s->event = true;
		s->arg[0] = draw(2);
		return;
	}
	s->op = draw_op();
	draw_args(s);
}

static struct worker *cast[CAST];

/* Two processes of one user, a member of its group by GID and one by list, a stranger, root */
static void cast_make(void)
{
	uid_t u = uid_base;

	cast[0] = worker_user(u, u, -1);
	cast[1] = draw(2) ? worker_fork(cast[0]) : worker_user(u, u, -1);
	cast[2] = worker_user(u + 1, u, -1);
	cast[3] = worker_user(u + 2, u + 2, u);
	cast[4] = worker_user(u + 3, u + 3, -1);
	cast[5] = worker_root(u + 4);
}

/* May this have ended the life of a key? The built-in service ends it a little later. */
static bool may_end_key(const struct step *s)
{
	switch (s->op) {
	case UNLINK:
	case CLEAR:
	case MOVE:
	case LINK:
	case JOIN:
	case INVALIDATE:
	case REVOKE:
	case SEARCH:
		return s->op != SEARCH || s->arg[3] || s->slot[3] >= 0;
	case REQUEST_KEY:
		return s->arg[3] || s->slot[3] >= 0;
	case ADD_KEY:
		return !strcmp((char *)s->arg[0], "keyring");
	default:
		return false;
	}
}

static void event_do(struct worker *w, long event)
{
	switch (event) {
	case EVENT_JUMP:
		say("10 seconds pass");
		clock_jump(10);
		break;
	case EVENT_LIST:
		say_proc_keys(w, false);
		break;
	}
}

static void step_do(struct step *s, long *slots)
{
	struct worker *w = cast[s->who];
	long a[6], ret;
	int i;

	if (s->event) {
		event_do(w, s->arg[0]);
		return;
	}
	for (i = 0; i < 6; i++)
		a[i] = s->slot[i] >= 0 ? slots[(int)s->slot[i]] : s->arg[i];
	ret = call_v(w, s->op, a);
	if (ret > 0 && opdesc[s->op].gives_id)
		slots[s->into] = ret;
	if (ret < 0 || !may_end_key(s))
		return;
	if (s->op != INVALIDATE) {
		settle();
		return;
	}
	quiesce();
	/* The record of a UID lets go of a ring that is no more when the UID next asks for it. */
	for (i = 0; i < CAST; i++)
		quiet(cast[i], GET_ID, RING_US, 0);
	settle();
}

static long who(long group, long b, long c)
{
	(void)b, (void)c;
	return group ? getegid() : getuid();
}

static void episode(unsigned long seed, unsigned int count, const char *drop)
{
	static struct step steps[MAX_STEPS];
	long slots[SLOTS];
	char name[64];
	unsigned int i;

	snprintf(name, sizeof(name), "random %lu", seed);
	scenario_begin(name);
	state = seed * 0x9e3779b97f4a7c15ULL + 1;
	draw(2);
	cast_make();
	for (i = 0; i < CAST; i++)
		say("W%u is user %ld, group %ld", i, in(cast[i], who, 0, 0, 0),
		    in(cast[i], who, 1, 0, 0));
	for (i = 0; i < SLOTS; i++)
		slots[i] = -1 - (long)draw(5);
	for (i = 0; i < count; i++)
		draw_step(&steps[i]);
	for (i = 0; i < count; i++) {
		if (drop && drop[i] == '-')
			continue;
		printf("#%u ", i);
		step_do(&steps[i], slots);
	}
	for (i = 0; i < CAST; i++)
		say_proc_keys(cast[i], false);
	quiesce();
	say_key_users(uid_base, 5);
	workers_end();
	rcu_quiesce();
}

int run_random(unsigned long seed, unsigned int episodes, unsigned int steps, const char *drop)
{
	unsigned int i;

	if (steps > MAX_STEPS)
		return 2;
	limits("maxkeys", 100000);
	limits("maxbytes", 10000000);
	limits("gc_delay", 100000000);
	for (i = 0; i < episodes; i++)
		episode(seed + i, steps, drop);
	limits_restore();
	fflush(stdout);
	return 0;
}
