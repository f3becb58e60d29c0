// SPDX-License-Identifier: GPL-2.0-only
/* Stories: drawn from nothing, or made of one that has led somewhere. */
#include "fuzz.h"

#include <string.h>

static const unsigned char weight[OPS] = {
	[GET_ID] = 50, [JOIN] = 30, [UPDATE] = 60, [REVOKE] = 25, [CHOWN] = 40, [SETPERM] = 50,
	[DESCRIBE] = 50, [CLEAR] = 20, [LINK] = 110, [UNLINK] = 60, [SEARCH] = 70, [READ] = 80,
	[INSTANTIATE] = 12, [NEGATE] = 12, [SET_REQKEY] = 20, [SET_TIMEOUT] = 40, [ASSUME] = 15,
	[GET_SECURITY] = 15, [TO_PARENT] = 12, [REJECT] = 12, [INSTANTIATE_IOV] = 15,
	[INVALIDATE] = 25, [GET_PERSISTENT] = 15, [DH_COMPUTE] = 20, [PKEY_QUERY] = 15,
	[PKEY_ENCRYPT] = 8, [PKEY_DECRYPT] = 8, [PKEY_SIGN] = 8, [PKEY_VERIFY] = 8,
	[RESTRICT] = 15, [MOVE] = 60, [CAPABILITIES] = 8, [WATCH_KEY] = 12, [ADD_KEY] = 220,
	[REQUEST_KEY] = 90, [NO_SUCH_OP] = 8,
};

static enum op draw_op(struct rng *r)
{
	static unsigned int sum;
	unsigned int i, at, all = 0;

	if (!sum) {
		for (i = 0; i < OPS; i++)
			all += weight[i];
		sum = all;
	}
	at = below(r, sum);
	for (i = 0; at >= weight[i]; i++)
		at -= weight[i];
	return i;
}

static void draw_event(struct rng *r, struct step *s)
{
	static const unsigned char events[] = {
		FORK, FORK, EXEC, EXEC_SETUID, LEAVE, KILLED, NEW_IDS, NEW_IDS, NEW_IDS,
		NEW_NAMESPACE, ALARM, ALARM, ALARM, ALARM, LIST, LIST, NAP, NAP,
	};

	s->event = PICK(r, events);
	s->extra = rng_next(r);
}

static void draw_step(struct rng *r, struct step *s)
{
	memset(s, 0, sizeof(*s));
	memset(s->slot, NO_SLOT, sizeof(s->slot));
	if (one_in(r, 60)) {
		draw_event(r, s);
		return;
	}
	s->op = draw_op(r);
	s->narrow = one_in(r, 8);
	s->nth = one_in(r, 40) ? 1 + below(r, 12) : 0;
	s->extra = rng_next(r);
	arguments_draw(r, s);
}

void story_draw(struct rng *r, struct story *s)
{
	unsigned int i;

	s->count = 4 + below(r, STEPS - 4);
	for (i = 0; i < s->count; i++)
		draw_step(r, &s->step[i]);
}

static void leave_out(struct story *s, unsigned int at)
{
	memmove(&s->step[at], &s->step[at + 1], (s->count - at - 1) * sizeof(s->step[0]));
	s->count--;
}

static void put_in(struct rng *r, struct story *s, unsigned int at)
{
	memmove(&s->step[at + 1], &s->step[at], (s->count - at) * sizeof(s->step[0]));
	s->count++;
	draw_step(r, &s->step[at]);
}

/* The same call with one argument of another of its kind */
static void change_step(struct rng *r, struct step *s)
{
	struct step other = *s;
	unsigned int i = below(r, 6);

	if (s->event != CALL || one_in(r, 4)) {
		draw_step(r, s);
		return;
	}
	memset(other.slot, NO_SLOT, sizeof(other.slot));
	arguments_draw(r, &other);
	s->arg[i] = other.arg[i];
	s->slot[i] = other.slot[i];
	if (one_in(r, 4))
		s->narrow = !s->narrow;
	if (one_in(r, 4))
		s->nth = below(r, 24);
	if (one_in(r, 2))
		s->extra = rng_next(r);
}

/* The end of another story follows the beginning of this one */
static void splice(struct rng *r, struct story *s, const struct story *other)
{
	unsigned int from, n;

	if (!other->count || other->count > STEPS)
		return;
	s->count = 1 + below(r, s->count);
	from = below(r, other->count);
	n = other->count - from;
	if (n > STEPS - s->count)
		n = STEPS - s->count;
	memcpy(&s->step[s->count], &other->step[from], n * sizeof(s->step[0]));
	s->count += n;
}

void story_change(struct rng *r, struct story *s, const struct story *other)
{
	unsigned int times = 1 + below(r, 4);

	for (; times; times--) {
		unsigned int at = below(r, s->count);

		switch (below(r, 6)) {
		case 0:
			if (s->count > 1)
				leave_out(s, at);
			break;
		case 1:
			if (s->count < STEPS)
				put_in(r, s, at);
			break;
		case 2:
			splice(r, s, other);
			break;
		default:
			change_step(r, &s->step[at]);
		}
	}
}
