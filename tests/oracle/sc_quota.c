// SPDX-License-Identifier: GPL-2.0-only
/* Quota: its edges, who pays for what, and when it is given back. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <stdio.h>
#include <string.h>

void quota(void)
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

void quota_chown(void)
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

void quota_uid_rings(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);

	limits("maxkeys", 1);
	call(w, GET_ID, RING_U, 0);
	call(w, GET_ID, RING_US, 0);
	call(w, GET_ID, RING_S, 0);
	call(w, GET_ID, RING_S, 1);
	add(w, "user", "k", RING_U);
	describe(w, RING_US);
	read_all(w, RING_U);
	read_all(w, RING_S);
	call(w, JOIN, 0);
	call(w, GET_ID, RING_T, 1);
	limits("maxkeys", 200);
	call(w, GET_ID, RING_U, 0);
}


/* What fits exactly, and one more: in each way to take of a quota */
static void fits(const char *what, struct worker *w, unsigned int bytes, enum op op, const long *a)
{
	int more;

	for (more = -1; more <= 0; more++) {
		say("-- %s%s", what, more ? ", one byte short" : "");
		limits("maxbytes", bytes + more);
		call_v(w, op, a);
		limits("maxbytes", 20000);
		rcu_quiesce();	/* a key that was too large, a session that was left */
		say_key_users(uid_base, 1);
	}
}

#define takes(w, bytes, op, ...) fits(#op, w, bytes, op, (const long[6]){ __VA_ARGS__ })

static unsigned int bytes_of(uid_t uid)
{
	unsigned int bytes = 0, u, n;
	char row[256];
	FILE *f = fopen("/proc/key-users", "r");

	while (f && fgets(row, sizeof(row), f))
		if (sscanf(row, "%u: %*d %*d/%*d %*d/%*d %u/", &u, &n) == 2 && u == uid)
			bytes = n;
	if (f)
		fclose(f);
	return bytes;
}

void quota_exact(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long s = call(w, JOIN, 0), r, k, k2;
	uid_t u = uid_base;

	r = add(w, "keyring", "r", s);
	k = add(w, "user", "k", s);
	k2 = add(w, "user", "another", r);
	takes(w, bytes_of(u) + 2 + 7 + 4, ADD_KEY, P("user"), P("x"), P("payload"), 7, s);
	takes(w, bytes_of(u) + 2 + 4, ADD_KEY, P("keyring"), P("y"), 0, 0, s);
	takes(w, bytes_of(u) + 2, ADD_KEY, P("keyring"), P("y"), 0, 0, s);
	takes(w, bytes_of(u) + 4, LINK, k, r);
	takes(w, bytes_of(u), LINK, k, r);
	takes(w, bytes_of(u) + 3, UPDATE, k, P("ten bytes!"), 10);
	takes(w, bytes_of(u) - 3, UPDATE, k, P("payload"), 7);
	takes(w, bytes_of(u) + 4, MOVE, k2, r, s, 0);
	takes(w, bytes_of(u), MOVE, k, r, s, 0);
	takes(w, bytes_of(u) + 5, JOIN, 0);
	takes(w, bytes_of(u) + 5, GET_ID, RING_T, 1);
	takes(w, bytes_of(u) + 4, GET_PERSISTENT, -1, s);
	takes(w, bytes_of(u) + 8 + 4, REQUEST_KEY, P("user"), P("request"), P("info"), s);
	limits("maxkeys", 3);
	add(w, "user", "k", s);
	call(w, UPDATE, k, P("x"), 1);
	add(w, "user", "z", s);
	call(w, JOIN, 0);
	rcu_quiesce();
	say_key_users(uid_base, 1);
}

/* Root has limits of its own, by the owner of the key */
void quota_of_root(void)
{
	struct worker *r = worker_root(uid_base), *w = worker_user(uid_base, uid_base, -1);
	long k;

	call(r, JOIN, 0);
	call(w, JOIN, 0);
	limits("maxkeys", 1);
	limits("maxbytes", 1);
	k = add(r, "user", "k", RING_S);
	add(w, "user", "k", RING_S);
	call(r, CHOWN, k, uid_base, -1);
	limits("maxkeys", 200);
	call(r, CHOWN, k, uid_base, -1);
	limits("maxbytes", 20000);
	call(r, CHOWN, k, uid_base, -1);
	say_key_users(uid_base, 1);
}
