// SPDX-License-Identifier: GPL-2.0-only
/* Rings that have ended, and what is none, where an operation wants a ring. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <sys/uio.h>

enum { ALIVE, REVOKED, EXPIRED, INVALID, NEGATIVE, LEAF, CLOSED, GONE, PLACES };

static const char *const places[PLACES] = {
	"alive", "revoked", "expired", "invalidated", "a negative key", "a key", "restricted",
	"gone"
};

/*
 *	w    @s---> place		possessed
 *	twin @s---> place		not possessed, but its owner's and open to all
 *	keeper @s---> "open" ---> "k"	and a link to "k" in the place, while that takes one
 */
static struct {
	struct worker *w, *twin;
	long place;
} pl;

static long place_make(struct worker *w, unsigned int state)
{
	long id;

	if (state == NEGATIVE)
		return ask_quick(w, "place", ENOKEY, 1000);
	id = add_quiet(w, state == LEAF ? "user" : "keyring", "place", RING_S);
	quiet(w, LINK, supplies.key, id);
	return id;
}

static void place_end(struct worker *w, long id, unsigned int state)
{
	switch (state) {
	case REVOKED: quiet(w, REVOKE, id); break;
	case EXPIRED: quiet(w, SET_TIMEOUT, id, 5); clock_jump(6); break;
	case INVALID: quiet(w, INVALIDATE, id); break;
	case CLOSED: quiet(w, RESTRICT, id, 0, 0); break;
	case GONE: quiet(w, UNLINK, id, RING_S); break;
	}
	quiesce();
}

static void place_begin(unsigned int state, bool possessed)
{
	struct worker *maker;

	supplies_renew();
	pl.w = worker_user(uid_base, uid_base, -1);
	pl.twin = worker_user(uid_base, uid_base, -1);
	quiet(pl.w, JOIN, 0);
	quiet(pl.twin, JOIN, 0);
	add_quiet(pl.w, "user", "found", RING_S);
	maker = possessed ? pl.w : pl.twin;
	pl.place = place_make(maker, state);
	key_name(pl.place);
	quiet(maker, SETPERM, pl.place, 0x3f3f3f3f);
	place_end(maker, pl.place, state);
}

static void place_look(void)
{
	rcu_quiesce();
	describe(pl.w, pl.place);
	read_all(pl.w, pl.place);
	read_all(pl.w, RING_S);
	read_all(supplies.keeper, supplies.ring);
	worker_end(pl.twin);
	worker_end(pl.w);
}

static void place_say(unsigned int state, bool possessed)
{
	say("-- %s, %spossessed", places[state], possessed ? "" : "not ");
}

/* What has failed leaves all as it was: the next one tries the same place. */
static void place_uses(unsigned int state, bool possessed)
{
	const struct use *u;
	bool begun = false;

	for (u = uses_as_ring; u->args; u++) {
		if (!begun)
			place_begin(state, possessed);
		place_say(state, possessed);
		begun = use_call(pl.w, u, pl.place) < 0;
		if (!begun)
			place_look();
	}
	if (begun)
		place_look();
}

/* A key that is found, and one that a helper is to make */
static void place_requests(unsigned int state, bool possessed)
{
	struct worker *h;

	place_begin(state, possessed);
	place_say(state, possessed);
	call(pl.w, REQUEST_KEY, P("user"), P("found"), 0, pl.place);
	call(pl.w, REQUEST_KEY, P("user"), P("found"), P("info"), pl.place);
	/* One that is restricted is a scenario of its own. */
	h = state == CLOSED ? NULL : ask(pl.w, "wanted", pl.place);
	if (h) {
		quiet(h, ASSUME, helper_key(h));
		call(h, INSTANTIATE, helper_key(h), P("made"), 4, RING_REQUESTOR);
		answer(pl.w, h);
	}
	place_look();
}

void dead_places(void)
{
	unsigned int state, possessed;

	supplies_make(uid_base + 1);
	for (state = 0; state < PLACES; state++) {
		for (possessed = 0; possessed < 2; possessed++) {
			place_uses(state, possessed);
			place_requests(state, possessed);
		}
	}
}

/* ---- where a helper puts what it makes ---- */

static long verdict(struct worker *h, enum op op, long key, long ring)
{
	static const struct iovec iov[] = { { "made", 4 } };

	switch (op) {
	case INSTANTIATE: return call(h, op, key, P("made"), 4, ring);
	case INSTANTIATE_IOV: return call(h, op, key, P(iov), 1, ring);
	case NEGATE: return call(h, op, key, 30, ring);
	default: return call(h, REJECT, key, 30, EKEYREJECTED, ring);
	}
}

static void verdict_into(enum op op, unsigned int state, bool possessed)
{
	struct worker *h;
	long key;

	place_begin(state, possessed);
	place_say(state, possessed);
	h = ask(pl.w, "wanted", 0);
	if (!h)
		give_up("no helper");
	key = helper_key(h);
	quiet(h, ASSUME, key);
	if (verdict(h, op, key, pl.place) < 0)
		call(h, INSTANTIATE, key, P("late"), 4, 0);
	answer(pl.w, h);
	describe(pl.w, key);
	place_look();
}

void dead_verdicts(void)
{
	static const enum op verdicts[] = { INSTANTIATE, INSTANTIATE_IOV, NEGATE, REJECT };
	unsigned int v, state, possessed;

	supplies_make(uid_base + 1);
	for (v = 0; v < ARRAY_SIZE(verdicts); v++)
		for (state = 0; state < PLACES; state++)
			for (possessed = 0; possessed < 2; possessed++)
				verdict_into(verdicts[v], state, possessed);
}

/* ---- a session that has ended, joined by its name ---- */

/*
 *	keeper   @s---> named ring
 *	neighbour	another of the user's, in another session
 *	stranger	another user's
 */
static void join_one(unsigned int state, unsigned int delay, unsigned int later, const char *name)
{
	struct worker *keeper = worker_user(uid_base, uid_base, -1);
	struct worker *neighbour = worker_user(uid_base, uid_base, -1);
	struct worker *stranger = worker_user(uid_base + 1, uid_base + 1, -1);
	struct worker *const joining[] = { neighbour, stranger, keeper };
	unsigned int i;
	long ring;

	say("-- %s, %u seconds later", places[state], later);
	limits("gc_delay", delay);
	ring = call(keeper, JOIN, P(name));
	add(keeper, "user", "in it", ring);
	call(keeper, SETPERM, ring, 0x3f3f3f3f);
	place_end(keeper, ring, state);
	clock_jump(later);
	quiesce();
	for (i = 0; i < ARRAY_SIZE(joining); i++) {
		call(joining[i], JOIN, P(name));
		call(joining[i], GET_ID, RING_S, 0);
		read_all(joining[i], RING_S);
		add(joining[i], "user", "new", RING_S);
	}
	rcu_quiesce();
	say_proc_keys(keeper, false);
	workers_end();
}

void join_ended(void)
{
	static const unsigned int states[] = { ALIVE, REVOKED, EXPIRED };
	static const unsigned int later[] = { 0, 90 };
	unsigned int s, l;

	for (s = 0; s < ARRAY_SIZE(states); s++)
		for (l = 0; l < ARRAY_SIZE(later); l++)
			join_one(states[s], 100, later[l], text("named%u.%u.%u", uid_base, s, l));
	limits("gc_delay", 100000000);
}
