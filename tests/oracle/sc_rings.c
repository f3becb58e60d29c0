// SPDX-License-Identifier: GPL-2.0-only
/* Keyrings: links, cycles and depth, searches, names, restrictions. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <string.h>

void links(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long r[12], k, k2;
	unsigned int i;

	call(w, JOIN, 0);
	for (i = 0; i < 12; i++)
		r[i] = add(w, "keyring", text("r%u", i), i < 3 ? RING_S : r[i - 1]);
	call(w, LINK, r[0], r[0]);
	call(w, LINK, r[11], r[2]);
	call(w, LINK, r[2], r[11]);
	call(w, LINK, r[2], r[8]);
	call(w, LINK, r[2], r[9]);
	call(w, LINK, r[0], r[1]);
	call(w, LINK, r[1], r[0]);
	call(w, LINK, r[2], r[1]);
	call(w, LINK, r[3], r[1]);
	call(w, LINK, r[4], r[1]);
	k = add(w, "user", "k", r[0]);
	k2 = add(w, "user", "k", r[1]);
	call(w, LINK, k, r[1]);			/* displaces k2 */
	quiesce();
	describe(w, k2);
	k2 = add(w, "user", "k", RING_S);
	call(w, MOVE, k, r[0], r[0], 0);
	call(w, MOVE, k, r[0], RING_S, 1);
	call(w, MOVE, k, r[0], RING_S, 0);	/* displaces k2 */
	quiesce();
	call(w, MOVE, k2, r[2], r[2], 0);
	read_all(w, RING_S);
	for (i = 0; i < 12; i++)
		call(w, SEARCH, r[i], P("user"), P("k"), 0);
	call(w, UNLINK, r[2], RING_S);
	quiesce();
	for (i = 0; i < 12; i++)
		describe(w, r[i]);
	say_proc_keys(w, false);
	say_key_users(uid_base, 1);
}

/* The ring holds another key of that type and description */
void namesake_moved(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long r = add(w, "keyring", "r", RING_S), k2;

	add(w, "user", "k", r);
	k2 = add(w, "user", "k", RING_S);
	call(w, MOVE, k2, r, RING_T, 0);
	read_all(w, r);
}

void namesake_unlinked(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long r = add(w, "keyring", "r", RING_S), k2;

	add(w, "user", "k", r);
	k2 = add(w, "user", "k", RING_S);
	call(w, UNLINK, k2, r);
	read_all(w, r);
}

/* ---- searches ---- */

void searches(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long k, s;
	unsigned int i;

	call(w, JOIN, 0);
	for (i = 0; i < 6; i++) {
		static const long where[] = { RING_T, RING_P, RING_S, RING_U, RING_US, RING_S };

		k = add(w, "user", text("s%u", i), where[i]);
		call(w, REQUEST_KEY, P("user"), P(text("s%u", i)), 0, 0);
		call(w, REQUEST_KEY, P("user"), P(text("s%u", i)), 0, RING_T);
		switch (i) {
		case 2:
			call(w, REVOKE, k);
			break;
		case 5:
			call(w, SETPERM, k, 0);
			break;
		}
		call(w, REQUEST_KEY, P("user"), P(text("s%u", i)), 0, 0);
		call(w, SEARCH, where[i], P("user"), P(text("s%u", i)), 0);
	}
	k = add(w, "user", "e", RING_S);
	call(w, SET_TIMEOUT, k, 5);
	clock_jump(6);
	call(w, REQUEST_KEY, P("user"), P("e"), 0, 0);
	call(w, SEARCH, RING_S, P("user"), P("e"), 0);
	/* nothing in front of the session keyring to mask what is found there */
	w = worker_user(uid_base, uid_base, -1);
	s = call(w, JOIN, 0);
	k = add(w, "user", "x", s);
	call(w, REVOKE, k);
	call(w, REQUEST_KEY, P("user"), P("x"), 0, 0);
	call(w, GET_ID, RING_P, 1);
	call(w, REQUEST_KEY, P("user"), P("x"), 0, 0);
	call(w, SETPERM, s, 0x3f000000 & ~0x08000000);
	call(w, REQUEST_KEY, P("user"), P("x"), 0, 0);
	/* default destinations */
	for (i = 0; i < 10; i++) {
		call(w, SET_REQKEY, (long)i - 1);
		call(w, SET_REQKEY, -1);
	}
	say_proc_keys(w, false);
}

/* ---- names ---- */

void session_names(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	struct worker *v = worker_user(uid_base + 1, uid_base + 1, -1);
	struct worker *x = worker_user(uid_base, uid_base, -1);
	const char *name = text("session%u", uid_base);
	long s;

	s = call(w, JOIN, P(name));
	call(w, JOIN, P(name));
	rcu_quiesce();
	call(x, JOIN, P(name));
	call(v, JOIN, P(name));
	describe(v, RING_S);
	call(w, SETPERM, s, 0x3f3f003f);
	call(v, JOIN, P(name));
	call(x, JOIN, 0);
	rcu_quiesce();
	call(x, JOIN, P(name));
	rcu_quiesce();
	call(x, REVOKE, s);
	call(x, JOIN, P(name));
	add(w, "user", "k", RING_S);
	describe(w, RING_S);
	call(w, JOIN, 0);
	rcu_quiesce();
	s = add(w, "keyring", text("made%u", uid_base), RING_S);
	call(v, JOIN, P(text("made%u", uid_base)));
	call(w, SETPERM, s, 0x3f3f3f3f);
	call(v, JOIN, P(text("made%u", uid_base)));
	call(v, GET_ID, RING_S, 0);
	call(w, INVALIDATE, s);
	rcu_quiesce();
	call(v, GET_ID, RING_S, 0);
	call(w, JOIN, P(text("made%u", uid_base)));
	rcu_quiesce();
	say_proc_keys(w, false);
	say_proc_keys(v, false);
}

void restrictions(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long r, r2, k;

	call(w, JOIN, 0);
	r = add(w, "keyring", "r", RING_S);
	r2 = add(w, "keyring", "r2", RING_S);
	k = add(w, "user", "k", r);
	call(w, RESTRICT, k, 0, 0);
	call(w, RESTRICT, r, P("user"), P("x"));
	call(w, RESTRICT, r, P("nonesuch"), P("x"));
	call(w, RESTRICT, r, P("user"), 0);
	call(w, RESTRICT, r, 0, 0);
	call(w, RESTRICT, r, 0, 0);
	add(w, "user", "l", r);
	add(w, "user", "k", r);
	call(w, LINK, k, r);
	call(w, LINK, k, r2);
	call(w, MOVE, k, r2, r, 0);
	call(w, UNLINK, k, r);
	call(w, CLEAR, r);
	call(w, LINK, k, r);
	say_proc_keys(w, false);
}

void persistent(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	struct worker *v = worker_user(uid_base + 1, uid_base + 1, -1);
	struct worker *root = worker_root(uid_base + 2);
	long p;

	call(w, JOIN, 0);
	call(v, JOIN, 0);
	p = call(w, GET_PERSISTENT, -1, RING_S);
	describe(w, p);
	call(w, GET_PERSISTENT, uid_base, RING_S);
	call(v, GET_PERSISTENT, uid_base, RING_S);
	call(v, GET_PERSISTENT, uid_base + 1, 0);
	call(v, GET_PERSISTENT, uid_base + 1, RING_G);
	call(root, GET_PERSISTENT, uid_base, RING_P);
	call(root, GET_PERSISTENT, uid_base + 1, RING_P);
	call(w, ADD_KEY, P("user"), P("k"), P("x"), 1, p);
	read_all(w, p);
	describe(w, p);
	say_proc_keys(w, false);
	say_key_users(uid_base, 2);
	call(w, UNLINK, p, RING_S);
	quiesce();
	call(w, GET_PERSISTENT, -1, RING_S);
	read_all(w, p);
	call(root, CLEAR, RING_P);
}


/* ---- depth and cycles ---- */

/* A chain of rings grown from above: how deep is a key found, possessed and linked? */
void depth(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long r[12], k[12], x;
	unsigned int i;

	x = call(w, JOIN, 0);
	for (i = 0; i < 12; i++) {
		r[i] = add(w, "keyring", text("r%u", i), i ? r[i - 1] : x);
		if (r[i] < 0)
			break;
		k[i] = add(w, "user", text("k%u", i), r[i]);
		call(w, REQUEST_KEY, P("user"), P(text("k%u", i)), 0, 0);
		call(w, SEARCH, x, P("user"), P(text("k%u", i)), 0);
		call(w, SEARCH, r[0], P("user"), P(text("k%u", i)), 0);
		read_all(w, k[i]);
		call(w, SETPERM, k[i], 0x3f010000);
		call(w, SETPERM, r[i], 0x3f3f0000);	/* below that by its owner */
	}
	say_proc_keys(w, false);
}

/* A chain grown from below: what is too deep to be linked? */
void depth_from_below(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long r[12], top;
	unsigned int i;

	call(w, JOIN, 0);
	for (i = 0; i < 12; i++)
		r[i] = add(w, "keyring", text("r%u", i), RING_S);
	for (i = 1; i < 12; i++) {
		call(w, LINK, r[i - 1], r[i]);
		top = add(w, "keyring", text("t%u", i), RING_S);
		call(w, LINK, r[i], top);
		call(w, LINK, top, r[0]);
		call(w, MOVE, r[i], RING_S, top, 0);
		call(w, LINK, r[i], RING_S);
		call(w, UNLINK, top, RING_S);
		settle();
		call(w, UNLINK, top, r[0]);
	}
	quiesce();
	read_all(w, RING_S);
	say_proc_keys(w, false);
}

/* Cycles through rings that may not be searched, that are revoked, or seen by one side only */
void cycles(void)
{
	static const long perms[] = { 0x3f3f0000, 0x37370000, 0, 0x3f000000 };
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long a, b, c;
	unsigned int i;

	call(w, JOIN, 0);
	for (i = 0; i <= ARRAY_SIZE(perms); i++) {
		a = add(w, "keyring", text("a%u", i), RING_S);
		b = add(w, "keyring", text("b%u", i), a);
		c = add(w, "keyring", text("c%u", i), b);
		if (i < ARRAY_SIZE(perms))
			call(w, SETPERM, b, perms[i]);
		else
			call(w, REVOKE, b);
		settle();
		call(w, LINK, a, c);
		call(w, LINK, a, b);
		call(w, LINK, a, a);
		call(w, LINK, RING_S, c);
		call(w, LINK, RING_S, a);
		call(w, MOVE, a, RING_S, c, 0);
		call(w, LINK, c, RING_S);
		read_all(w, a);
	}
	call(w, LINK, RING_S, RING_S);
	call(w, LINK, RING_S, RING_P);
	call(w, LINK, RING_P, RING_S);
	call(w, LINK, RING_U, RING_US);
	call(w, LINK, RING_US, RING_U);
}

/* Names that are no one's to take */
void special_names(void)
{
	static const char *const names[] = {
		"_ses", "_tid", "_pid", "_uid.0", "_uid_ses.0", "_persistent.0", ".user_reg",
		".persistent_register", "_req.1", ".dot", "", "keyring"
	};
	struct worker *w = worker_user(uid_base, uid_base, -1);
	struct worker *v = worker_user(uid_base + 1, uid_base + 1, -1);
	unsigned int i;
	long k;

	call(w, JOIN, 0);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		k = add(w, "keyring", names[i], RING_S);
		call(w, SETPERM, k, 0x3f3f3f3f);
		add(w, "user", names[i], RING_S);
		if (i > 2)	/* of these there are many */
			call(v, JOIN, P(names[i]));
		call(w, REQUEST_KEY, P("keyring"), P(names[i]), 0, 0);
	}
	k = add(w, "keyring", text("_uid.%u", uid_base + 1), RING_S);
	call(w, SETPERM, k, 0x3f3f3f3f);
	k = add(w, "keyring", text("_uid_ses.%u", uid_base + 1), RING_S);
	call(w, SETPERM, k, 0x3f3f3f3f);
	call(v, GET_ID, RING_U, 0);
	call(v, GET_ID, RING_US, 0);
	call(v, JOIN, P(text("_uid.%u", uid_base)));
	call(v, JOIN, P(text("_uid_ses.%u", uid_base)));
	describe(v, RING_S);
}

void restrictions_bad(void)
{
	static const char *const types[] = { "user", "logon", "keyring", "nonesuch", ".user", "" };
	static const char *const rules[] = { "", "x", "builtin_trusted", "key_or_keyring:0" };
	struct worker *w = worker_user(uid_base, uid_base, -1);
	struct worker *v = worker_user(uid_base + 1, uid_base + 1, -1);
	unsigned int t, r;
	long ring, key;

	call(w, JOIN, 0);
	ring = add(w, "keyring", "r", RING_S);
	key = add(w, "user", "k", RING_S);
	for (t = 0; t < ARRAY_SIZE(types); t++) {
		for (r = 0; r < ARRAY_SIZE(rules); r++) {
			call(w, RESTRICT, ring, P(types[t]), P(rules[r]));
			call(w, RESTRICT, key, P(types[t]), P(rules[r]));
		}
	}
	call(w, SETPERM, ring, 0x1f3f3f3f);
	call(w, RESTRICT, ring, 0, 0);
	call(v, RESTRICT, ring, 0, 0);
	add(v, "user", "x", ring);
	call(w, LINK, key, ring);
	call(w, MOVE, key, RING_S, ring, 0);
	call(w, MOVE, key, ring, RING_S, 0);
	call(w, SEARCH, RING_S, P("user"), P("k"), ring);
	call(w, REQUEST_KEY, P("user"), P("k"), 0, ring);
	add(w, "keyring", "x", ring);
	call(w, REVOKE, ring);
	call(w, RESTRICT, ring, 0, 0);
	call(w, RESTRICT, RING_T, 0, 0);
	call(w, GET_ID, RING_T, 1);
	call(w, RESTRICT, RING_T, 0, 0);
	add(w, "user", "k", RING_T);
	call(w, RESTRICT, RING_US, 0, 0);
	call(w, RESTRICT, RING_S, 0, 0);
	add(w, "user", "k", RING_S);
	call(w, GET_PERSISTENT, -1, RING_S);
}
