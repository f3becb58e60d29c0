// SPDX-License-Identifier: GPL-2.0-only
/* Several who ask for a key, requests of helpers, and where by default a key goes. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- two callers for one key ---- */

static struct worker *first, *second, *stranger, *helper;
static long key, dest;

static void two_begin(const char *what)
{
	say("-- %s", what);
	first = worker_user(uid_base, uid_base, -1);
	quiet(first, JOIN, 0);
	second = worker_fork(first);
	stranger = worker_user(uid_base, uid_base, -1);
	quiet(stranger, JOIN, 0);
	dest = add_quiet(first, "keyring", "dest", RING_S);
	helper = ask(first, "wanted", 0);
	key = helper_key(helper);
	quiet(helper, ASSUME, key);
}

static void two_end(void)
{
	answer(first, helper);
	if (second->busy)
		call_end(second);
	if (second->op == INVALIDATE || second->op == UNLINK)
		rcu_quiesce();
	describe(first, key);
	read_all(second, key);
	read_all(first, RING_S);
	read_all(first, dest);
	workers_end();
	uid_base += 1;
}

static void waits(struct worker *w)
{
	if (call_at_rest(w))
		call_end(w);
	else
		say("W%d waits in %s", w->number, opdesc[w->op].name);
}

#define waiting(w, op, ...) do {			\
		call_begin(w, op, __VA_ARGS__);		\
		waits(w);				\
	} while (0)

static void two_verdicts(void)
{
	static const struct { long dest; bool good; } how[] = {
		{ 0, true }, { RING_P, true }, { RING_S, true }, { 0, false }, { RING_P, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(how); i++) {
		two_begin(how[i].good ? "it is made" : "it is rejected");
		waiting(second, REQUEST_KEY, P("user"), P("wanted"), P("other"), how[i].dest);
		if (how[i].good)
			call(helper, INSTANTIATE, key, P("made"), 4, 0);
		else
			call(helper, REJECT, key, 30, EKEYREJECTED, 0);
		waits(second);
		two_end();
	}
	two_begin("nobody makes it");
	waiting(second, REQUEST_KEY, P("user"), P("wanted"), P("other"), 0);
	two_end();
	two_begin("the helper is killed");
	waiting(second, REQUEST_KEY, P("user"), P("wanted"), 0, 0);
	worker_kill(helper);
	call_end(first);
	call_end(second);
	helper = ask(first, "another", 0);
	two_end();
	two_begin("interrupted");
	waiting(second, REQUEST_KEY, P("user"), P("wanted"), P("other"), RING_P);
	worker_interrupt(second);
	call_end(second);
	call(helper, INSTANTIATE, key, P("made"), 4, 0);
	two_end();
}

/* Each operation on a key that is being made, by another of its owner's processes */
static void two_operations(void)
{
	static const enum op ops[] = {
		GET_ID, UPDATE, REVOKE, CHOWN, SETPERM, DESCRIBE, CLEAR, LINK, UNLINK, SEARCH,
		READ, SET_TIMEOUT, GET_SECURITY, INVALIDATE, RESTRICT, MOVE, ADD_KEY,
		REQUEST_KEY, ASSUME, INSTANTIATE, NEGATE,
	};
	unsigned int o, good;
	long a[6];

	for (o = 0; o < ARRAY_SIZE(ops); o++) {
		for (good = 0; good < 2; good++) {
			two_begin(good ? "then it is made" : "then it is rejected");
			fx.key = key;
			fx.ring = dest;
			good_args(ops[o], a);
			if (ops[o] == ADD_KEY || ops[o] == SEARCH || ops[o] == REQUEST_KEY)
				a[ops[o] == SEARCH ? 2 : 1] = P("wanted");
			if (ops[o] == ADD_KEY)
				a[4] = RING_S;
			if (ops[o] == SEARCH)
				a[0] = RING_S;
			if (ops[o] == UNLINK || ops[o] == MOVE)
				a[1] = RING_S;
			if (ops[o] == MOVE)
				a[2] = dest;
			call_begin_v(second, ops[o], a);
			waits(second);
			if (good)
				call(helper, INSTANTIATE, key, P("made"), 4, 0);
			else
				call(helper, NEGATE, key, 30, 0);
			if (second->busy)
				waits(second);
			two_end();
		}
	}
}

static void two_strangers(void)
{
	two_begin("others");
	call(stranger, DESCRIBE, key, OUT, OUT_BYTES);
	waiting(stranger, READ, key, OUT, OUT_BYTES);
	call(helper, INSTANTIATE, key, P("made"), 4, 0);
	if (stranger->busy)
		call_end(stranger);
	two_end();
	two_begin("the same description in another session");
	waiting(stranger, REQUEST_KEY, P("user"), P("wanted"), 0, 0);
	two_end();
}

void callout_two(void)
{
	two_verdicts();
	two_operations();
	two_strangers();
}

/* ---- a helper that requests keys in its turn ---- */

/* The built-in service keeps root's rings for ever, the module from one load to the next. */
static void roots_rings_clear(void)
{
	quiet(NULL, CLEAR, RING_U);
	quiet(NULL, CLEAR, RING_US);
	quiet(NULL, LINK, RING_U, RING_US);
	settle();
}

void callout_nested(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *h, *hh;
	long own, r, value;

	call(w, JOIN, 0);
	own = add(w, "user", "own", RING_S);
	r = add(w, "keyring", "dest", RING_S);
	for (value = 0; value < 8; value++) {
		if (value == 6)
			continue;
		say("-- the helper's default is %ld", value);
		h = ask(w, text("outer%ld", value), r);
		call(h, REQUEST_KEY, P("user"), P("own"), 0, 0);
		call(h, ASSUME, helper_key(h));
		call(h, REQUEST_KEY, P("user"), P("own"), 0, 0);
		call(h, READ, own, OUT, OUT_BYTES);
		call(h, SET_REQKEY, value);
		hh = ask(h, text("inner%ld", value), 0);
		if (hh) {
			call(hh, ASSUME, helper_key(hh));
			read_all(hh, AUTH_KEY);
			call(hh, REQUEST_KEY, P("user"), P("own"), 0, 0);
			call(hh, READ, own, OUT, OUT_BYTES);
			call(hh, GET_ID, RING_REQUESTOR, 0);
			call(hh, ASSUME, helper_key(h));
			say_proc_keys(hh, false);
			call(hh, INSTANTIATE, helper_key(hh), P("made"), 4, 0);
			answer(h, hh);
		}
		call(h, INSTANTIATE, helper_key(h), P("made"), 4, 0);
		hh = ask(h, text("late%ld", value), 0);
		if (hh)
			answer(h, hh);
		answer(w, h);
		rcu_quiesce();
		read_all(w, r);
		read_all(w, RING_S);
		call(w, CLEAR, r);
		settle();	/* the next helper looks at /proc/keys */
	}
	roots_rings_clear();
	h = ask(w, "revoked", r);
	call(h, ASSUME, helper_key(h));
	call(h, REVOKE, AUTH_KEY);
	hh = ask(h, "after", 0);
	if (hh)
		answer(h, hh);
	call(h, GET_ID, RING_REQUESTOR, 0);
	call(h, ADD_KEY, P("user"), P("x"), P("x"), 1, RING_REQUESTOR);
	answer(w, h);
}

/* A helper is also a parent */
void callout_parent(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *h, *c;

	call(w, JOIN, 0);
	h = ask(w, "wanted", 0);
	call(h, ASSUME, helper_key(h));
	c = worker_fork(h);
	call(c, TO_PARENT);
	call(c, JOIN, 0);
	call(c, GET_ID, AUTH_KEY, 0);
	call(c, TO_PARENT);
	quiet(h, NO_SUCH_OP);
	rcu_quiesce();
	call(h, GET_ID, RING_S, 0);
	call(h, GET_ID, AUTH_KEY, 0);
	call(h, ASSUME, helper_key(h));
	call(h, INSTANTIATE, helper_key(h), P("made"), 4, 0);
	worker_end(c);
	answer(w, h);
}

/* The authority is a key, and can be handed on as far as its permissions go */
void callout_handed_on(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	struct worker *other = worker_user(uid_base, uid_base, -1), *h;
	long authkey;

	call(w, JOIN, 0);
	call(other, JOIN, 0);
	h = ask(w, "wanted", 0);
	authkey = call(h, ASSUME, helper_key(h));
	call(h, LINK, authkey, RING_P);
	call(h, SETPERM, authkey, 0x3f3f3f3f);
	call(h, CHOWN, authkey, uid_base, uid_base);
	call(h, SET_TIMEOUT, authkey, 100);
	call(other, ASSUME, helper_key(h));
	call(other, LINK, authkey, RING_S);
	call(other, DESCRIBE, authkey, OUT, OUT_BYTES);
	call(other, READ, authkey, OUT, OUT_BYTES);
	call(other, SEARCH, RING_S, P(".request_key_auth"), P("x"), 0);
	call(other, ADD_KEY, P(".request_key_auth"), P("x"), P("x"), 1, RING_S);
	call(h, UPDATE, authkey, P("x"), 1);
	call(h, REVOKE, authkey);
	call(h, INVALIDATE, authkey);
	quiesce();
	call(h, INSTANTIATE, helper_key(h), P("made"), 4, 0);
	answer(w, h);
}

/* ---- where a key goes ---- */

static void rings_for(struct worker *w, unsigned int present)
{
	if (present & 1)
		quiet(w, GET_ID, RING_T, 1);
	if (present & 2)
		quiet(w, GET_ID, RING_P, 1);
	if (present & 4)
		quiet(w, JOIN, 0);
}

static void destination(long value, unsigned int present, long explicit, unsigned int n)
{
	static const long where[] = { RING_T, RING_P, RING_S, RING_U, RING_US };
	struct worker *w = worker_user(uid_base + 100 + n, uid_base, -1), *h;
	unsigned int i;

	say("-- default %ld, rings %u, to %ld", value, present, explicit);
	rings_for(w, present);
	call(w, SET_REQKEY, value);
	h = ask(w, "k", explicit);
	if (h) {
		quiet(h, ASSUME, helper_key(h));
		call(h, GET_ID, RING_REQUESTOR, 0);
		call(h, INSTANTIATE, helper_key(h), P("made"), 4, 0);
		answer(w, h);
	}
	for (i = 0; i < ARRAY_SIZE(where); i++)
		call(w, READ, where[i], OUT, OUT_BYTES);
	call(w, SET_REQKEY, -1);
	workers_end();
}

void callout_destinations(void)
{
	static const long explicit[] = { RING_T, RING_P, RING_S, RING_U, RING_US, RING_G,
					 AUTH_KEY, RING_REQUESTOR };
	unsigned int present, i, n = 0;
	long value;

	for (value = 0; value < 8; value++)
		for (present = 0; present < 8; present++)
			if (value != 6)
				destination(value, present, 0, n++);
	for (i = 0; i < ARRAY_SIZE(explicit); i++)
		for (present = 0; present < 8; present += 7)
			destination(0, present, explicit[i], n++);
	rcu_quiesce();
}

static const char *const refusals[] = {
	"none", "no write permission", "no search permission", "revoked", "expired",
	"a link too many", "a key too many", "no bytes", "no ring", "somebody else's"
};

static void refuse(struct worker *w, long ring, unsigned int how)
{
	switch (how) {
	case 1: call(w, SETPERM, ring, 0x3b3f0000); break;
	case 2: call(w, SETPERM, ring, 0x37370000); break;
	case 3: call(w, REVOKE, ring); break;
	case 4: call(w, SET_TIMEOUT, ring, 5); clock_jump(6); break;
	case 5: limits("maxbytes", 85); break;
	case 6: limits("maxkeys", 4); break;
	case 7: limits("maxbytes", 50); break;
	}
}

/* A destination that cannot take the key, chosen by name or by default */
void callout_refused(void)
{
	unsigned int how, by_default;
	struct worker *w, *h, *v;
	long ring, to;

	for (how = 0; how < ARRAY_SIZE(refusals); how++) {
		for (by_default = 0; by_default < 2; by_default++) {
			say("-- %s, %s", refusals[how], by_default ? "by default" : "by name");
			w = worker_user(uid_base, uid_base, -1);
			v = worker_user(uid_base + 1, uid_base + 1, -1);
			ring = call(w, JOIN, 0);
			to = ring;
			if (how == 8)
				to = add(w, "user", "leaf", RING_S);
			if (how == 9)
				to = call(v, JOIN, 0);
			quiet(w, GET_ID, RING_US, 0);
			refuse(w, ring, how);
			h = ask(w, "k", by_default ? 0 : to);
			limits("maxkeys", 200);
			limits("maxbytes", 20000);
			if (h) {
				quiet(h, ASSUME, helper_key(h));
				call(h, INSTANTIATE, helper_key(h), P("made"), 4, RING_S);
				answer(w, h);
			}
			read_all(w, ring);
			rcu_quiesce();
			say_key_users(uid_base, 1);
			workers_end();
			uid_base += 2;
		}
	}
}

/* A ring that takes no links is no place for a key that is yet to be made. */
void callout_restricted(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *h;
	long ring;

	call(w, JOIN, 0);
	ring = add(w, "keyring", "r", RING_S);
	call(w, RESTRICT, ring, 0, 0);
	h = ask(w, "k", ring);
	if (h)
		answer(w, h);
}

/* Two faults at once: which of them is seen first? */
void callout_two_faults(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *h;
	struct worker *v = worker_user(uid_base + 1, uid_base + 1, -1);

	call(v, JOIN, 0);
	call(v, SETPERM, RING_S, 0x37370000);
	call(v, ASSUME, 0x7ffffff0);		/* no such key, in a ring that may not be searched */
	call(v, GET_ID, RING_T, 1);
	call(v, REQUEST_KEY, P("keyring"), P("k"), P("info"), 0);
	call(v, REQUEST_KEY, P("logon"), P("no-colon"), P("info"), 0);
	call(w, JOIN, 0);
	call(w, GET_ID, RING_US, 0);
	call(w, REVOKE, RING_US);
	call(w, RESTRICT, RING_S, 0, 0);
	h = ask(w, "k", 0);
	if (h)
		answer(w, h);
}

/* A revoked key in the session keyring, and a thread keyring without one */
void callout_masked(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *h;

	call(w, JOIN, 0);
	call(w, REVOKE, add(w, "user", "k", RING_S));
	call(w, GET_ID, RING_T, 1);
	h = ask(w, "k", RING_T);
	if (h)
		answer(w, h);
}

/* The session keyring may not be searched, and the user's has ended */
static void masked_and_ended(bool expired)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *h;

	call(w, JOIN, 0);
	call(w, SETPERM, RING_S, 0x37370000);
	call(w, GET_ID, RING_T, 1);
	call(w, GET_ID, RING_US, 0);
	if (expired) {
		call(w, SET_TIMEOUT, RING_US, 5);
		clock_jump(6);
	} else {
		call(w, REVOKE, RING_US);
	}
	h = ask(w, "k", 0);
	if (h)
		answer(w, h);
}

void callout_masked_revoked(void)
{
	masked_and_ended(false);
}

void callout_masked_expired(void)
{
	masked_and_ended(true);
}

/* Strings, types, and who may call */
void callout_types(void)
{
	static const char *const types[] = { "user", "logon", "keyring", "nonesuch", ".dead", "" };
	static const char *const descs[] = { "k", "k:l", "", ".dot" };
	struct worker *w = worker_user(uid_base, uid_base, -1), *h;
	unsigned int t, d;

	call(w, JOIN, 0);
	for (t = 0; t < ARRAY_SIZE(types); t++) {
		for (d = 0; d < ARRAY_SIZE(descs); d++) {
			h = ask_for(w, types[t], descs[d], d % 2 ? "" : "info", 0);
			if (!h)
				continue;
			call(h, ASSUME, helper_key(h));
			read_all(h, AUTH_KEY);
			call(h, INSTANTIATE, helper_key(h), P("made"), 4, 0);
			answer(w, h);
		}
	}
	h = ask_for(w, "user", "long", long_text(4095), 0);
	if (h) {
		call(h, ASSUME, helper_key(h));
		read_all(h, AUTH_KEY);
		answer(w, h);
	}
	ask_for(w, "user", "longer", long_text(4096), 0);
	ask_for(w, "user", "low", BAD_LOW, 0);
	ask_for(w, "user", "edge", BAD_EDGE, 0);
	w->narrow = true;
	h = ask_for(w, "user", "narrow", "info", RING_S);
	if (h) {
		h->narrow = true;
		call(h, ASSUME, helper_key(h));
		read_all(h, AUTH_KEY);
		call(h, INSTANTIATE, helper_key(h), P("made"), 4, RING_REQUESTOR);
		answer(w, h);
	}
}
