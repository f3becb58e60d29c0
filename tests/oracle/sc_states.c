// SPDX-License-Identifier: GPL-2.0-only
/* Keys in every state, and the time after their end. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <string.h>

/* A session that is invalid, and a key in it that becomes so later */
void dead_ring(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *v;
	long key;

	call(w, JOIN, 0);
	key = add_quiet(w, "user", "k", RING_S);
	add(w, "user", "stays", RING_S);
	v = worker_fork(w);
	quiet(v, LINK, key, RING_P);
	call(v, JOIN, 0);
	call(w, INVALIDATE, RING_S);
	quiesce();
	say("INVALIDATE: %s", result_name(quiet(v, INVALIDATE, key)));
	quiesce();
	say_proc_keys(w, false);
	read_all(v, RING_P);
	/* The ring had its last link */
	key_name(key);
	say_proc_keys(w, false);
}

/* ---- keys in every state ---- */

static void state_one(const char *type, unsigned int state, enum op op)
{
	struct worker *w = fx.w;
	long ring, key, a[6] = {};

	ring = add_quiet(w, "keyring", "states", RING_S);
	key = add_quiet(w, type, "a:key", ring);
	names_forget();
	key_name(ring);
	key_name(key);
	key_name(fx.ring);
	if (state == 1)
		quiet(w, REVOKE, key);
	if (state == 2) {
		quiet(w, SET_TIMEOUT, key, 5);
		clock_jump(6);
	}
	if (state == 3) {
		quiet(w, INVALIDATE, key);
		quiesce();
	}
	if (state == 4) {
		quiet(w, UNLINK, key, ring);
		settle();
	}
	good_args(op, a);
	if (opdesc[op].args[0] == 'i' || op == CLEAR)
		a[0] = key;
	if (op == UNLINK || op == ADD_KEY || op == SEARCH)
		a[op == UNLINK ? 1 : op == ADD_KEY ? 4 : 0] = ring;
	if (op == MOVE)
		a[1] = ring;
	if (op == LINK)
		a[1] = fx.ring;
	if (op == ADD_KEY || op == REQUEST_KEY || op == SEARCH) {
		int t = op == SEARCH ? 1 : 0;

		a[t] = P(type);
		a[t + 1] = P("a:key");
		if (op == ADD_KEY && !strcmp(type, "keyring"))
			a[2] = a[3] = 0;
	}
	if (op == SET_TIMEOUT)
		a[1] = 1000;
	if (call_v(w, op, a) >= 0)
		op == INVALIDATE ? quiesce() : settle();
	describe(w, key);
	read_all(w, key);
	read_all(w, ring);
	say_proc_keys(w, false);
	quiet(w, UNLINK, ring, RING_S);
}

void states(void)
{
	static const char *const names[] = { "alive", "revoked", "expired", "invalidated", "dead" };
	static const char *const types[] = { "user", "logon", "keyring" };
	static const enum op ops[] = {
		GET_ID, UPDATE, REVOKE, CHOWN, SETPERM, DESCRIBE, CLEAR, LINK, UNLINK, SEARCH,
		READ, SET_TIMEOUT, GET_SECURITY, INVALIDATE, RESTRICT, MOVE, ADD_KEY,
		REQUEST_KEY, ASSUME, INSTANTIATE, NEGATE,
	};
	unsigned int t, s, o;

	fixture();
	for (t = 0; t < ARRAY_SIZE(types); t++) {
		for (s = 0; s < ARRAY_SIZE(names); s++) {
			for (o = 0; o < ARRAY_SIZE(ops); o++) {
				say("-- %s %s", types[t], names[s]);
				state_one(types[t], s, ops[o]);
			}
		}
	}
}


/* ---- the time after the end ---- */

/* A key that has expired, or was revoked, says so for a time, then it is no more */
static void ends_after(unsigned int delay, unsigned int seconds, bool revoked, const char *type)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long ring, key;

	say("-- %s %s, gc_delay %u, after %u", type, revoked ? "revoked" : "expired", delay, seconds);
	limits("gc_delay", delay);
	quiet(w, JOIN, 0);
	ring = add_quiet(w, "keyring", "ring", RING_S);
	key = add_quiet(w, type, "a:key", ring);
	if (!strcmp(type, "keyring"))
		add(w, "user", "in it", key);
	if (revoked)
		call(w, REVOKE, key);
	else
		call(w, SET_TIMEOUT, key, 1);
	clock_jump(seconds + !revoked);
	quiesce();
	describe(w, key);
	call(w, SEARCH, RING_S, P(type), P("a:key"), 0);
	call(w, REQUEST_KEY, P(type), P("a:key"), 0, 0);
	call(w, REQUEST_KEY, P("user"), P("in it"), 0, 0);
	read_all(w, ring);
	say_proc_keys(w, false);
	call(w, SET_TIMEOUT, key, 0);
	read_all(w, key);
	workers_end();
	uid_base += 1;
}

void expiry(void)
{
	static const char *const types[] = { "user", "logon", "keyring" };
	unsigned int t;

	for (t = 0; t < ARRAY_SIZE(types); t++) {
		ends_after(100, 0, false, types[t]);
		ends_after(100, 99, false, types[t]);
		ends_after(100, 0, true, types[t]);
		ends_after(100, 99, true, types[t]);
	}
	limits("gc_delay", 100000000);
}

/* ---- the end of that time ---- */

static void end_key(struct worker *w, long key, bool revoked)
{
	if (revoked)
		call(w, REVOKE, key);
	else
		call(w, SET_TIMEOUT, key, 1);
}

static void look_at(struct worker *w, const char *type, long ring, long key)
{
	describe(w, key);
	call(w, SEARCH, ring, P(type), P("a:key"), 0);
	call(w, SEARCH, ring, P("user"), P("in it"), 0);
	read_all(w, ring);
}

/*
 * A key that has ended is there until the delay is over. Two seconds before, since the clock
 * may run on for one, and more, where the machine stands still for as long.
 */
static void goes_after(unsigned int delay, bool revoked)
{
	static const char *const types[] = { "user", "logon", "keyring" };
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long ring[ARRAY_SIZE(types)], key[ARRAY_SIZE(types)];
	unsigned int t, later;

	say("-- %s, gc_delay %u", revoked ? "revoked" : "expired", delay);
	quiet(w, JOIN, 0);
	for (t = 0; t < ARRAY_SIZE(types); t++) {
		ring[t] = add(w, "keyring", text("ring%u", t), RING_S);
		key[t] = add(w, types[t], "a:key", ring[t]);
		if (!strcmp(types[t], "keyring"))
			add(w, "user", "in it", key[t]);
		end_key(w, key[t], revoked);
	}
	canary_end(revoked);
	clock_jump(delay + !revoked - 2);
	quiesce();
	for (later = 0; later < 2; later++) {
		for (t = 0; t < ARRAY_SIZE(types); t++)
			look_at(w, types[t], ring[t], key[t]);
		say_proc_keys(w, false);
		say_key_users(uid_base, 1);
		if (!later) {
			clock_jump(2);
			canary_await();
		}
	}
	for (t = 0; t < ARRAY_SIZE(types); t++)
		call(w, SET_TIMEOUT, key[t], 0);
	workers_end();
	uid_base += 1;
}

/* In a session that is invalid, and still somebody's: last, since what follows may differ. */
static void goes_from_dead_ring(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);

	call(w, JOIN, 0);
	call(w, SET_TIMEOUT, add_quiet(w, "user", "k", RING_S), 1);
	call(w, INVALIDATE, RING_S);
	canary_end(false);
	clock_jump(8);
	canary_await();
	quiesce();
	say_proc_keys(w, false);
	call(w, JOIN, 0);
}

void expiry_ends(void)
{
	/* That soon the module looks again, however the clock was set. */
	limits("gc_delay", 5);
	goes_after(5, false);
	goes_after(5, true);
	goes_from_dead_ring();
	limits("gc_delay", 100000000);
}

/* Each second of a timeout, on what it is seen in */
void timeouts(void)
{
	static const unsigned int times[] = {
		1, 2, 59, 60, 61, 3599, 3600, 86399, 86400, 604799, 604800, 6048000, 0x7fffffff,
		0xffffffff, 0
	};
	struct worker *w = worker_user(uid_base, uid_base, -1);
	unsigned int i;
	long key;

	call(w, JOIN, 0);
	key = add(w, "user", "k", RING_S);
	for (i = 0; i < ARRAY_SIZE(times); i++) {
		call(w, SET_TIMEOUT, key, times[i]);
		say_proc_keys(w, false);
	}
	call(w, SET_TIMEOUT, key, 3);
	for (i = 0; i < 4; i++) {
		read_all(w, key);
		say_proc_keys(w, false);
		clock_jump(1);
	}
	call(w, UPDATE, key, P("x"), 1);
	add(w, "user", "k", RING_S);	/* which revives it */
	say_proc_keys(w, false);
	call(w, SET_TIMEOUT, key, 5);
	call(w, UPDATE, key, P("x"), 1);
	say_proc_keys(w, false);
	call(w, SET_TIMEOUT, key, 5);
	call(w, REVOKE, key);
	call(w, SET_TIMEOUT, key, 5);
	say_proc_keys(w, false);
	add(w, "user", "k", RING_S);
	settle();
	say_proc_keys(w, false);
}
