// SPDX-License-Identifier: GPL-2.0-only
/* The scenarios that are written by hand, and those that are tables. */
#define _GNU_SOURCE
#include "oracle.h"

#include <errno.h>
#include <fnmatch.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../selftests/keyctl_abi.h"

#define OUT P(stage->out)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static long add(struct worker *w, const char *type, const char *desc, long ring)
{
	if (!strcmp(type, "keyring"))
		return call(w, ADD_KEY, P(type), P(desc), 0, 0, ring);
	return call(w, ADD_KEY, P(type), P(desc), P("payload"), 7, ring);
}

static long add_quiet(struct worker *w, const char *type, const char *desc, long ring)
{
	if (!strcmp(type, "keyring"))
		return quiet(w, ADD_KEY, P(type), P(desc), 0, 0, ring);
	return quiet(w, ADD_KEY, P(type), P(desc), P("payload"), 7, ring);
}

static void describe(struct worker *w, long id)
{
	call(w, DESCRIBE, id, OUT, OUT_BYTES);
}

static void read_all(struct worker *w, long id)
{
	call(w, READ, id, OUT, OUT_BYTES);
}

static void first_steps(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long k, r;

	k = add(w, "user", "first", RING_S);
	describe(w, k);
	read_all(w, k);
	r = add(w, "keyring", "ring", RING_S);
	call(w, LINK, k, r);
	read_all(w, r);
	read_all(w, RING_S);
	call(w, UNLINK, k, RING_S);
	call(w, UNLINK, k, r);
	quiesce();
	describe(w, k);
	say_proc_keys(w, true);
	say_key_users(uid_base, 1);
}

/* ---- every operation with every kind of bad argument ---- */

static struct fixture {
	struct worker *w, *other;
	long ring, ring2, key, logon, revoked, expired, stranger, dead;
} fx;

static void fixture_keys(void)
{
	fx.ring = add_quiet(fx.w, "keyring", "ring", RING_S);
	fx.ring2 = add_quiet(fx.w, "keyring", "ring2", RING_S);
	fx.key = add_quiet(fx.w, "user", "key", fx.ring);
	fx.logon = add_quiet(fx.w, "logon", "log:on", fx.ring);
	fx.revoked = add_quiet(fx.w, "user", "revoked", fx.ring);
	quiet(fx.w, REVOKE, fx.revoked);
	fx.expired = add_quiet(fx.w, "user", "expired", fx.ring);
	quiet(fx.w, SET_TIMEOUT, fx.expired, 5);
	clock_jump(6);
	names_forget();
	key_name(fx.ring);
	key_name(fx.ring2);
	key_name(fx.key);
	key_name(fx.logon);
	key_name(fx.revoked);
	key_name(fx.expired);
	key_name(fx.stranger);
	key_name(fx.dead);
	key_name(quiet(fx.w, GET_ID, RING_S, 0));
	key_name(quiet(fx.w, GET_ID, RING_U, 0));
	key_name(quiet(fx.w, GET_ID, RING_US, 0));
}

static void fixture(void)
{
	fx.w = worker_user(uid_base, uid_base, -1);
	fx.other = worker_user(uid_base + 1, uid_base + 1, -1);
	add_quiet(fx.w, "keyring", "ring", RING_S);
	fx.stranger = add_quiet(fx.other, "user", "stranger", RING_S);
	quiet(fx.other, SETPERM, fx.stranger, 0x3f000000);
	fx.dead = add_quiet(fx.w, "user", "dead", RING_S);
	quiet(fx.w, UNLINK, fx.dead, RING_S);
	quiesce();
	fixture_keys();
}

static char *long_text(size_t len)
{
	char *s = room(len + 1);

	memset(s, 'l', len);
	s[len] = '\0';
	return s;
}

static void good_args(enum op op, long *a)
{
	const char *k = opdesc[op].args;
	int i;

	memset(a, 0, 6 * sizeof(*a));
	for (i = 0; k[i]; i++) {
		switch (k[i]) {
		case 'i':
			a[i] = fx.key;
			break;
		case 'r':
			a[i] = fx.ring;
			break;
		case 't':
			a[i] = P("user");
			break;
		case 's':
			a[i] = P("key");
			break;
		case 'd':
			a[i] = P("data");
			break;
		case 'l':
			a[i] = 4;
			break;
		case 'b':
			a[i] = OUT;
			break;
		case 'L':
			a[i] = OUT_BYTES;
			break;
		case 'x':
			a[i] = 0x3f3f0000;
			break;
		}
	}
	if (op == REQUEST_KEY)
		a[2] = a[3] = 0;
	if (op == CHOWN)
		a[1] = a[2] = -1;
	if (op == RESTRICT)
		a[1] = a[2] = 0;
	if (op == MOVE)
		a[2] = fx.ring2;
}

static unsigned int bad_ids(long *v)
{
	const long fixed[] = {
		0, -1, -2, -3, -4, -5, -6, -7, -8, -9, -2147483648L, 2147483647, 1, 2,
	};
	unsigned int n = ARRAY_SIZE(fixed);

	memcpy(v, fixed, sizeof(fixed));
	v[n++] = fx.key;
	v[n++] = fx.logon;
	v[n++] = fx.ring;
	v[n++] = fx.ring2;
	v[n++] = fx.revoked;
	v[n++] = fx.expired;
	v[n++] = fx.stranger;
	v[n++] = fx.dead;
	return n;
}

static unsigned int bad_values(char kind, long *v)
{
	const long lengths[] = { 0, 1, 3, 4, 5, 7, 8, 24, 4096, 4097, 32767, 32768, 65536,
				 1048575, 1048576, -1, 0x100000004L };
	const long numbers[] = { 0, 1, 2, 3, 7, 8, 100, -1, -2, 2147483647, -2147483648L,
				 0x100000001L };
	const long perms[] = { 0, 0x3f3f3f3f, 0x40000000, 0x80, 0xffffffff, 0x13f000000L };
	const void *const pointers[] = { NULL, BAD_LOW, BAD_KERNEL, BAD_HOLE, BAD_EDGE };
	unsigned int n = 0;

	switch (kind) {
	case 'i':
	case 'r':
		return bad_ids(v);
	case 'l':
	case 'L':
		memcpy(v, lengths, sizeof(lengths));
		return ARRAY_SIZE(lengths);
	case 'n':
		memcpy(v, numbers, sizeof(numbers));
		return ARRAY_SIZE(numbers);
	case 'x':
		memcpy(v, perms, sizeof(perms));
		return ARRAY_SIZE(perms);
	}
	memcpy(v, pointers, sizeof(pointers));
	n = ARRAY_SIZE(pointers);
	if (kind == 't') {
		v[n++] = P("");
		v[n++] = P(".user");
		v[n++] = P("keyring");
		v[n++] = P("logon");
		v[n++] = P("nonesuch");
		v[n++] = P("dead");
		v[n++] = P("keyringx");
		v[n++] = P(long_text(31));
		v[n++] = P(long_text(32));
	}
	if (kind == 's') {
		v[n++] = P("");
		v[n++] = P(".dot");
		v[n++] = P(":colon");
		v[n++] = P("no colon:");
		v[n++] = P("missing");
		v[n++] = P("revoked");
		v[n++] = P("expired");
		v[n++] = P("ring2");
		v[n++] = P("log:on");
		v[n++] = P(long_text(4095));
		v[n++] = P(long_text(4096));
	}
	return n;
}

static bool changes(enum op op)
{
	return op != GET_ID && op != DESCRIBE && op != READ && op != GET_SECURITY &&
	       op != SET_REQKEY && op != CAPABILITIES && op != CHOWN;
}

static void bad_call(enum op op, const long *a)
{
	/* Call-outs are for a scenario with a helper program */
	if (op == REQUEST_KEY && a[2] && (a[2] == P(BAD_EDGE) || !is_bad_pointer((void *)a[2])))
		return;
	if (call_v(fx.w, op, a) >= 0 && changes(op)) {
		fixture_keys();
		if (op == INVALIDATE)
			quiesce();
		else
			settle();
	}
}

static bool is_tried(enum op op)
{
	/* These have scenarios, or suites, of their own */
	return op != TO_PARENT && (op < DH_COMPUTE || op > PKEY_VERIFY);
}

static void bad_arguments(void)
{
	unsigned int op, i, j, n;
	long a[6], v[64];

	fixture();
	for (op = 0; op < OPS; op++) {
		size_t mark;

		if (!is_tried(op))
			continue;
		good_args(op, a);
		bad_call(op, a);
		for (i = 0; opdesc[op].args[i]; i++) {
			mark = stage->used;
			n = bad_values(opdesc[op].args[i], v);
			for (j = 0; j < n; j++) {
				stage->used = mark;
				bad_values(opdesc[op].args[i], v);
				good_args(op, a);
				a[i] = v[j];
				if (op == RESTRICT && i > 0)
					a[3 - i] = P("user");
				bad_call(op, a);
			}
			stage->used = mark;
		}
	}
}

/* Two bad arguments at once: which of them is seen first? */
static void bad_pairs(void)
{
	unsigned int op, i, j, n, m, x, y;
	long a[6], v[64], u[64];

	fixture();
	for (op = 0; op < OPS; op++) {
		const char *k = opdesc[op].args;

		if (!is_tried(op))
			continue;
		for (i = 0; k[i]; i++) {
			for (j = i + 1; k[j]; j++) {
				size_t mark = stage->used;

				n = bad_values(k[i], v);
				m = bad_values(k[j], u);
				for (x = i % 2; x < n; x += 5) {
					for (y = (x + j) % 2; y < m; y += 5) {
						stage->used = mark;
						bad_values(k[i], v);
						bad_values(k[j], u);
						good_args(op, a);
						a[i] = v[x];
						a[j] = u[y];
						bad_call(op, a);
					}
				}
				stage->used = mark;
			}
		}
	}
}

/* ---- the permission matrix ---- */

struct attempt {
	const char *name;
	enum op op;
	/* k key, r the actor's ring, R another ring of the actor's, o out, 0 nothing, 1 one */
	const char *args;
	bool ring;	/* the key is a keyring */
};

#define KEY(name, op, args)	{ name, op, args, false }
#define RING(name, op, args)	{ name, op, args, true }

static const struct attempt attempts[] = {
	KEY("describe", DESCRIBE, "koL"),
	KEY("read", READ, "koL"),
	KEY("security", GET_SECURITY, "koL"),
	KEY("update", UPDATE, "kd4"),
	KEY("id", GET_ID, "k0"),
	KEY("link", LINK, "kr"),
	KEY("unlink", UNLINK, "kr"),
	KEY("perm", SETPERM, "kx"),
	KEY("chown", CHOWN, "kmm"),
	KEY("group", CHOWN, "kmg"),
	KEY("timeout", SET_TIMEOUT, "k9"),
	KEY("revoke", REVOKE, "k"),
	KEY("invalidate", INVALIDATE, "k"),
	KEY("request", REQUEST_KEY, "tn0r"),
	KEY("search", SEARCH, "rtnr"),
	RING("ring id", GET_ID, "k0"),
	RING("ring read", READ, "koL"),
	RING("ring clear", CLEAR, "k"),
	RING("ring add", ADD_KEY, "tnd4k"),
	RING("ring search", SEARCH, "ktn0"),
	RING("ring search into", SEARCH, "rtnk"),
	RING("ring link", LINK, "kr"),
	RING("ring link into", LINK, "Rk"),
	RING("ring unlink", UNLINK, "Rk"),
	RING("ring move from", MOVE, "Rkr0"),
	RING("ring restrict", RESTRICT, "k00"),
	RING("ring revoke", REVOKE, "k"),
};

enum { ACTORS = 4 };
static struct worker *actor[ACTORS], *keeper, *chowner;
static long actor_ring[ACTORS + 1], actor_other[ACTORS];

static void attempt_args(const struct attempt *t, unsigned int who, long key, long *a)
{
	unsigned int i;

	for (i = 0; t->args[i]; i++) {
		switch (t->args[i]) {
		case 'k': a[i] = key; break;
		case 'r': a[i] = actor_ring[who]; break;
		case 'R': a[i] = actor_other[who]; break;
		case 'o': a[i] = OUT; break;
		case 'L': a[i] = OUT_BYTES; break;
		case 'd': a[i] = P("data"); break;
		case '4': a[i] = 4; break;
		case 'x': a[i] = 0x3f3f3f3f; break;
		case 'm': a[i] = -1; break;
		case 'g': a[i] = uid_base; break;
		case '9': a[i] = 1000; break;
		case 't': a[i] = P("user"); break;
		case 'n': a[i] = P("target"); break;
		default: a[i] = 0; break;
		}
	}
}

static void attempt_one(const struct attempt *t, unsigned int who, bool possessed, unsigned int perm)
{
	struct worker *maker = possessed ? actor[who] : keeper;
	const char *type = t->ring ? "keyring" : "user";
	long ring = possessed ? actor_ring[who] : actor_ring[ACTORS];
	long a[6] = {}, key, ret;

	quiet(maker, CLEAR, ring);
	key = add_quiet(maker, type, t->ring ? "target ring" : "target", ring);
	quiet(maker, SETPERM, key, 0x3f3f3f3f);
	if (t->ring)
		quiet(maker, LINK, actor_other[0], key);
	quiet(chowner, CHOWN, key, uid_base, uid_base);
	quiet(chowner, SETPERM, key, perm);
	attempt_args(t, who, key, a);
	ret = quiet_v(actor[who], t->op, a);
	say("%s, perm %08x, %s, %s) = %s", t->name, perm,
	    who == 0 ? "owner" : who == 1 ? "group" : who == 2 ? "other" : "root",
	    possessed ? "possessed" : "not", ret == key ? "key" :
	    opdesc[t->op].gives_id && ret > 0 ? "another" : result_name(ret));
}

static void permission_matrix(void)
{
	unsigned int t, who, shift, bit, inverse;
	uid_t u = uid_base;

	actor[0] = worker_user(u, u, -1);
	actor[1] = worker_user(u + 1, u + 1, u);
	actor[2] = worker_user(u + 2, u + 2, -1);
	actor[3] = worker_root(u + 3);
	keeper = worker_user(u + 4, u + 4, -1);
	chowner = worker_root(u + 5);
	for (who = 0; who < ACTORS; who++) {
		struct worker *w = actor[who];

		quiet(w, JOIN, 0);
		actor_ring[who] = add_quiet(w, "keyring", "mine", RING_S);
		actor_other[who] = add_quiet(w, "keyring", text("other%u", who), RING_S);
		quiet(w, SETPERM, actor_other[who], 0x3f3f3f3f);
	}
	quiet(keeper, JOIN, 0);
	actor_ring[ACTORS] = add_quiet(keeper, "keyring", "kept", RING_S);
	limits("maxkeys", 100000);
	limits("maxbytes", 10000000);
	limits("root_maxkeys", 1000000);
	for (t = 0; t < ARRAY_SIZE(attempts); t++) {
		for (who = 0; who < ACTORS; who++) {
			for (shift = 0; shift < 32; shift += 8) {
				for (bit = 0; bit < 6; bit++) {
					for (inverse = 0; inverse < 2; inverse++) {
						unsigned int perm = 1U << (bit + shift);

						perm = inverse ? 0x3f3f3f3f & ~perm : perm;
						attempt_one(&attempts[t], who, true, perm);
						attempt_one(&attempts[t], who, false, perm);
					}
				}
			}
			attempt_one(&attempts[t], who, true, 0);
			attempt_one(&attempts[t], who, false, 0);
		}
	}
}

/* ---- special IDs in every state ---- */

static const char *const ring_states[] = {
	"untouched", "made", "revoked", "expired", "invalidated", "denied", "unsearchable",
	"made by session"
};

static void ring_state(struct worker *w, long id, unsigned int state)
{
	if (!state)
		return;
	if (state == 7) {
		quiet(w, JOIN, 0);
		return;
	}
	quiet(w, GET_ID, id, 1);
	switch (state) {
	case 2: quiet(w, REVOKE, id); break;
	case 3: quiet(w, SET_TIMEOUT, id, 5); clock_jump(6); break;
	case 4: quiet(w, INVALIDATE, id); quiesce(); break;
	case 5: quiet(w, SETPERM, id, 0); break;
	case 6: quiet(w, SETPERM, id, 0x37370000); break;
	}
}

static void special_one(long id, unsigned int state, unsigned int n)
{
	/* a UID of its own, since the UID's rings remember */
	struct worker *w = worker_user(uid_base + 100 + n, uid_base, -1);

	ring_state(w, id, state);
	say("-- %s, %s", key_name(id), ring_states[state]);
	switch (n % 12) {
	case 0: call(w, GET_ID, id, 0); call(w, GET_ID, id, 0); break;
	case 1: call(w, GET_ID, id, 1); call(w, GET_ID, id, 0); break;
	case 2: describe(w, id); break;
	case 3: read_all(w, id); break;
	case 4: add(w, "user", "k", id); break;
	case 5: call(w, CLEAR, id); break;
	case 6: call(w, LINK, id, RING_P); break;
	case 7: call(w, LINK, RING_P, id); break;
	case 8: call(w, SEARCH, id, P("user"), P("k"), RING_P); break;
	case 9: call(w, REQUEST_KEY, P("user"), P("k"), 0, id); break;
	case 10: call(w, SET_TIMEOUT, id, 1000); break;
	case 11: call(w, SETPERM, id, 0x3f3f0000); break;
	}
	describe(w, RING_T);
	describe(w, RING_P);
	describe(w, RING_S);
	describe(w, RING_U);
	describe(w, RING_US);
	read_all(w, RING_S);
	workers_end();
}

static void special_ids(void)
{
	unsigned int state, n = 0, op;
	long id;

	for (id = -1; id >= -8; id--)
		for (state = 0; state < ARRAY_SIZE(ring_states); state++)
			for (op = 0; op < 12; op++)
				special_one(id, state, n++);
	rcu_quiesce();
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

static void states(void)
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

/* ---- quota ---- */

static void quota(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	struct worker *v = worker_user(uid_base + 1, uid_base + 1, -1);
	long k[12], r;
	unsigned int i;

	limits("maxkeys", 8);
	limits("maxbytes", 400);
	call(w, GET_ID, RING_U, 0);
	say_key_users(uid_base, 2);
	call(w, JOIN, 0);
	for (i = 0; i < 8; i++) {
		k[i] = add(w, "user", text("k%u", i), RING_S);
		say_key_users(uid_base, 2);
	}
	add(w, "user", "k1", RING_S);		/* an update takes no more */
	call(w, ADD_KEY, P("user"), P("k1"), P(long_text(300)), 300, RING_S);
	call(w, ADD_KEY, P("user"), P("k1"), P(long_text(150)), 150, RING_S);
	say_key_users(uid_base, 2);
	call(w, UPDATE, k[1], P(long_text(400)), 400);
	call(w, UPDATE, k[1], P("x"), 1);
	say_key_users(uid_base, 2);
	call(w, REVOKE, k[2]);
	say_key_users(uid_base, 2);
	call(w, UNLINK, k[2], RING_S);
	quiesce();
	say_key_users(uid_base, 2);
	r = add(w, "keyring", "ring", RING_S);
	say_key_users(uid_base, 2);
	for (i = 0; i < 5; i++)
		call(w, LINK, k[i], r);
	say_key_users(uid_base, 2);
	call(w, CLEAR, r);
	quiesce();
	say_key_users(uid_base, 2);
	call(w, JOIN, 0);
	call(w, JOIN, P(text("named%u", uid_base)));
	call(w, GET_ID, RING_T, 1);
	call(w, GET_ID, RING_P, 1);
	quiesce();
	say_key_users(uid_base, 2);
	add(v, "user", "v", RING_S);
	say_key_users(uid_base, 2);
	limits("maxkeys", 1);
	add(v, "user", "w", RING_S);
	add(v, "user", "v", RING_S);
	call(v, JOIN, 0);
	quiesce();
	say_key_users(uid_base, 2);
	limits("maxkeys", 200);
	limits("maxbytes", 80);
	add(v, "user", "a description that is long", RING_S);
	for (i = 1; i < 60; i++)
		if (call(v, ADD_KEY, P("user"), P("b"), P(long_text(i)), i, RING_S) < 0)
			break;
	say_key_users(uid_base, 2);
	limits("maxbytes", 20000);
}

static void quota_chown(void)
{
	struct worker *root = worker_root(uid_base + 2);
	struct worker *w = worker_user(uid_base, uid_base, -1);
	struct worker *v = worker_user(uid_base + 1, uid_base + 1, -1);
	long k, r;

	call(w, GET_ID, RING_US, 0);
	call(v, GET_ID, RING_US, 0);
	k = add(w, "user", "k", RING_U);
	r = add(w, "keyring", "r", RING_U);
	call(w, SETPERM, k, 0x3f3f3f3f);
	call(w, SETPERM, r, 0x3f3f3f3f);
	call(w, LINK, k, r);
	say_key_users(uid_base, 3);
	call(root, CHOWN, k, uid_base + 1, -1);
	say_key_users(uid_base, 3);
	call(root, CHOWN, r, uid_base + 1, uid_base + 1);
	say_key_users(uid_base, 3);
	call(w, CHOWN, k, uid_base, -1);
	call(v, CHOWN, k, uid_base, -1);
	call(v, CHOWN, k, uid_base + 1, uid_base + 1);
	limits("maxkeys", 3);
	call(root, CHOWN, k, uid_base, -1);
	call(root, CHOWN, r, uid_base, -1);
	limits("maxkeys", 200);
	limits("maxbytes", 70);
	call(root, CHOWN, k, uid_base + 1, -1);
	call(root, CHOWN, r, uid_base, -1);
	limits("maxbytes", 20000);
	say_key_users(uid_base, 3);
	say_proc_keys(w, true);
}

static void quota_uid_rings(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);

	limits("maxkeys", 1);
	call(w, GET_ID, RING_U, 0);
	call(w, GET_ID, RING_US, 0);
	call(w, GET_ID, RING_S, 0);
	call(w, GET_ID, RING_S, 1);
	add(w, "user", "k", RING_U);
	call(w, JOIN, 0);
	call(w, GET_ID, RING_T, 1);
	limits("maxkeys", 200);
	call(w, GET_ID, RING_U, 0);
}

/* ---- links ---- */

static void links(void)
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
static void namesake_moved(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long r = add(w, "keyring", "r", RING_S), k2;

	add(w, "user", "k", r);
	k2 = add(w, "user", "k", RING_S);
	call(w, MOVE, k2, r, RING_T, 0);
	read_all(w, r);
}

static void namesake_unlinked(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long r = add(w, "keyring", "r", RING_S), k2;

	add(w, "user", "k", r);
	k2 = add(w, "user", "k", RING_S);
	call(w, UNLINK, k2, r);
	read_all(w, r);
}

/* ---- searches ---- */

static void searches(void)
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

static void session_names(void)
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

/* ---- processes ---- */

static long ids(long uid, long gid, long how)
{
	int ret = 0;

	switch (how) {
	case 0: ret = setresuid(-1, uid, -1); break;
	case 1: ret = setresuid(uid, -1, -1); break;
	case 2: setfsuid(uid); setfsgid(gid); break;
	case 3: ret = setresgid(gid, gid, gid); break;
	}
	return ret ? -errno : 0;
}

static void set_ids(void)
{
	struct worker *w;
	unsigned int how;
	long t, p, s;

	for (how = 0; how < 4; how++) {
		w = worker_fork(NULL);
		in(w, ids, uid_base + 4, 0, 1);
		say("-- how %u", how);
		t = add(w, "user", "t", RING_T);
		p = add(w, "user", "p", RING_P);
		s = add(w, "user", "s", RING_S);
		in(w, ids, uid_base, uid_base + 1, how);
		describe(w, RING_T);
		describe(w, RING_P);
		describe(w, RING_S);
		describe(w, RING_U);
		describe(w, RING_US);
		describe(w, t);
		describe(w, p);
		read_all(w, s);
		add(w, "user", "after", RING_T);
		add(w, "user", "after", RING_S);
		add(w, "user", "after", RING_U);
		call(w, SETPERM, t, 0x3f3f0000);
		call(w, CHOWN, t, uid_base + 2, -1);
		say_proc_keys(w, false);
	}
}

static void inheritance(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *c;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		say("-- %s", i ? "with rings" : "without rings");
		c = worker_fork(w);
		describe(c, RING_T);
		describe(c, RING_P);
		describe(c, RING_S);
		read_all(c, RING_S);
		call(c, SET_REQKEY, -1);
		worker_exec(c);
		describe(c, RING_T);
		describe(c, RING_P);
		describe(c, RING_S);
		read_all(c, RING_S);
		call(c, SET_REQKEY, -1);
		if (i)
			break;
		call(w, JOIN, 0);
		add(w, "user", "t", RING_T);
		add(w, "user", "p", RING_P);
		add(w, "user", "s", RING_S);
		call(w, SET_REQKEY, 3);
	}
	worker_exec(w);
	rcu_quiesce();
	describe(w, RING_T);
	describe(w, RING_P);
	read_all(w, RING_S);
	say_proc_keys(w, false);
}

static void to_parent(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *c = worker_fork(w);
	struct worker *r = worker_root(uid_base + 1), *rc = worker_fork(r);

	call(c, TO_PARENT);
	call(w, JOIN, 0);
	call(c, TO_PARENT);
	call(c, JOIN, 0);
	add(c, "user", "k", RING_S);
	call(c, TO_PARENT);
	read_all(w, RING_S);
	call(c, TO_PARENT);
	call(c, SETPERM, RING_S, 0x2f3f0000);
	call(c, TO_PARENT);
	call(rc, JOIN, 0);
	call(rc, TO_PARENT);
	in(rc, ids, uid_base, 0, 0);
	call(rc, TO_PARENT);
}

static long new_user_ns(long uid, long gid, long c)
{
	char map[64];
	FILE *f;

	(void)c;
	if (unshare(CLONE_NEWUSER))
		return -errno;
	f = fopen("/proc/self/setgroups", "w");
	if (f) {
		fputs("deny", f);
		fclose(f);
	}
	snprintf(map, sizeof(map), "0 %ld 1\n", uid);
	f = fopen("/proc/self/uid_map", "w");
	if (!f)
		return -errno;
	fputs(map, f);
	if (fclose(f))
		return -errno;
	snprintf(map, sizeof(map), "0 %ld 1\n", gid);
	f = fopen("/proc/self/gid_map", "w");
	if (!f)
		return -errno;
	fputs(map, f);
	return fclose(f) ? -errno : 0;
}

static void user_namespaces(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	struct worker *v = worker_user(uid_base, uid_base, -1);
	const char *name = text("ns%u", uid_base);
	long k, u;

	call(w, JOIN, P(name));
	k = add(w, "user", "k", RING_S);
	u = add(w, "user", "u", RING_U);
	say("a namespace: %s", result_name(in(w, new_user_ns, uid_base, uid_base, 0)));
	describe(w, k);
	describe(w, u);
	read_all(w, RING_S);
	describe(w, RING_S);
	describe(w, RING_U);
	read_all(w, RING_U);
	describe(w, RING_US);
	add(w, "user", "in", RING_U);
	call(w, JOIN, P(name));
	rcu_quiesce();
	describe(w, RING_S);
	call(w, CHOWN, k, 0, 0);
	call(w, CHOWN, k, 5, -1);
	call(w, SETPERM, k, 0x3f3f3f3f);
	call(v, JOIN, P(name));
	rcu_quiesce();
	read_all(v, RING_U);
	call(w, GET_PERSISTENT, -1, RING_S);
	say_proc_keys(w, false);
	say_proc_keys(v, false);
	say_key_users(uid_base, 1);
}

static void restrictions(void)
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

static void persistent(void)
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

static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{ "first steps", first_steps },
	{ "bad arguments", bad_arguments },
	{ "bad pairs", bad_pairs },
	{ "permission matrix", permission_matrix },
	{ "special ids", special_ids },
	{ "states", states },
	{ "quota", quota },
	{ "quota, chown", quota_chown },
	{ "quota, uid rings", quota_uid_rings },
	{ "links", links },
	{ "searches", searches },
	{ "session names", session_names },
	{ "set ids", set_ids },
	{ "inheritance", inheritance },
	{ "to parent", to_parent },
	{ "user namespaces", user_namespaces },
	{ "restrictions", restrictions },
	{ "persistent", persistent },
	{ "a namesake moved", namesake_moved },
	{ "a namesake unlinked", namesake_unlinked },
};

void run_scenarios(const char *only, unsigned int part)
{
	unsigned int i;

	limits("gc_delay", 100000000);
	for (i = 0; i < ARRAY_SIZE(scenarios); i++) {
		if ((only && fnmatch(only, scenarios[i].name, 0)) || (part && i % 2 + 1 != part))
			continue;
		limits("maxkeys", 200);
		limits("maxbytes", 20000);
		scenario_begin(scenarios[i].name);
		scenarios[i].run();
		workers_end();
		rcu_quiesce();
		uid_base += 1000;
	}
	limits_restore();
	fflush(stdout);
}
