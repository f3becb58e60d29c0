// SPDX-License-Identifier: GPL-2.0-only
/* Processes: their IDs, what they hand on, namespaces. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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

void set_ids(void)
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

void inheritance(void)
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
		worker_exec(c, NULL);
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
	worker_exec(w, NULL);
	rcu_quiesce();
	describe(w, RING_T);
	describe(w, RING_P);
	read_all(w, RING_S);
	say_proc_keys(w, false);
}

void to_parent(void)
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

void user_namespaces(void)
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

static void all_rings(struct worker *w)
{
	long id;

	for (id = -1; id >= -5; id--) {
		describe(w, id);
		read_all(w, id);
	}
}

/* A set-uid program: what it keeps of who executes it, and whose rings it has */
void set_uid_program(void)
{
	const uid_t owners[] = { uid_base + 1, 0 };
	struct worker *w, *c;
	const char *path;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(owners); i++) {
		say("-- of user %u", owners[i]);
		path = text("/tmp/oracle.setuid%u", i);
		if (setuid_copy(path, owners[i], owners[i]))
			say("!! no set-uid program");
		w = worker_user(uid_base, uid_base, -1);
		call(w, JOIN, 0);
		add(w, "user", "s", RING_S);
		add(w, "user", "t", RING_T);
		add(w, "user", "p", RING_P);
		add(w, "user", "u", RING_U);
		call(w, SET_REQKEY, 4);
		worker_exec(w, path);
		rcu_quiesce();
		call(w, SET_REQKEY, -1);
		all_rings(w);
		add(w, "user", "t2", RING_T);
		add(w, "user", "s2", RING_S);
		add(w, "user", "u2", RING_U);
		/* The program's file keeps the session there: nobody leaves it. */
		call(w, SETPERM, RING_S, 0x3f3f3f3f);
		c = worker_fork(w);
		all_rings(c);
		say_proc_keys(w, false);
		say_key_users(uid_base, 2);
		unlink(path);
	}
}

/* Names, rings of a UID and helpers, seen from two namespaces of one user and from outside */
void namespaces_apart(void)
{
	struct worker *in1 = worker_user(uid_base, uid_base, -1), *child, *h;
	struct worker *in2 = worker_user(uid_base, uid_base, -1);
	struct worker *outside = worker_user(uid_base, uid_base, -1);
	const char *name = text("apart%u", uid_base);
	long k, s;

	in(in1, new_user_ns, uid_base, uid_base, 0);
	in(in2, new_user_ns, uid_base, uid_base, 0);
	call(outside, JOIN, P(name));
	call(in1, JOIN, P(name));
	s = call(in2, JOIN, P(name));
	call(in2, SETPERM, s, 0x3f3f3f3f);
	child = worker_fork(in1);
	call(child, JOIN, P(name));
	call(outside, JOIN, P(name));
	all_rings(in1);
	all_rings(in2);
	all_rings(outside);
	k = add(in1, "user", "k", RING_S);
	describe(outside, k);
	describe(in2, k);
	call(in1, SETPERM, k, 0x3f3f3f3f);
	read_all(outside, k);
	read_all(in2, k);
	call(in2, LINK, k, RING_S);
	call(in1, CHOWN, k, 0, 0);
	call(in1, CHOWN, k, uid_base, -1);
	call(in1, CHOWN, k, -1, 1);
	call(outside, CHOWN, k, uid_base, uid_base);
	call(in1, GET_PERSISTENT, -1, RING_S);
	call(in1, GET_PERSISTENT, 0, RING_S);
	call(in1, GET_PERSISTENT, 1, RING_S);
	call(in2, GET_PERSISTENT, -1, RING_S);
	call(outside, GET_PERSISTENT, -1, RING_S);
	h = ask(in1, "wanted", 0);
	if (h) {
		all_rings(h);
		call(h, ASSUME, helper_key(h));
		describe(h, AUTH_KEY);
		read_all(h, k);
		call(h, INSTANTIATE, helper_key(h), P("made"), 4, RING_REQUESTOR);
		answer(in1, h);
	}
	rcu_quiesce();
	say_proc_keys(in1, false);
	say_proc_keys(in2, false);
	say_proc_keys(outside, false);
}
