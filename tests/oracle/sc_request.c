// SPDX-License-Identifier: GPL-2.0-only
/* Requests that call a helper: what it is given, what it does, and where the key goes. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* A request that calls a helper; NULL when it is over without one, or waits for a key. */
struct worker *ask_for(struct worker *w, const char *type, const char *desc, const char *callout,
		       long dest)
{
	struct worker *h = helper_expect();

	say("W%d requests \"%s\"", w->number, desc);
	call_begin(w, REQUEST_KEY, P(type), P(desc), P(callout), dest);
	if (helper_comes(h, w))
		return h;
	if (call_at_rest(w))
		call_end(w);
	else
		say("W%d waits", w->number);
	return NULL;
}

struct worker *ask(struct worker *w, const char *desc, long dest)
{
	return ask_for(w, "user", desc, "info", dest);
}

/* The helper ends, and the request with it */
long answer(struct worker *w, struct worker *h)
{
	worker_end(h);
	return call_end(w);
}

static long assume(struct worker *h)
{
	return call(h, ASSUME, helper_key(h));
}

static long instantiate(struct worker *h, long ring)
{
	return call(h, INSTANTIATE, helper_key(h), P("made"), 4, ring);
}

/* A key that is made, or rejected with an error, and quickly so */
long ask_quick(struct worker *w, const char *desc, unsigned int error, unsigned int timeout)
{
	struct worker *h = helper_expect();
	long key;

	call_begin(w, REQUEST_KEY, P("user"), P(desc), P("info"), 0);
	if (!helper_comes(h, w))
		return call_end(w);
	key = helper_key(h);
	quiet(h, ASSUME, key);
	if (error)
		quiet(h, REJECT, key, timeout, error, 0);
	else
		quiet(h, INSTANTIATE, key, P("made"), 4, 0);
	answer(w, h);
	return key;
}

static long environment(long to, long b, long c)
{
	char **var, *at = (char *)to;

	(void)b, (void)c;
	*at = '\0';
	for (var = environ; *var; var++)
		at += sprintf(at, "%s;", *var);
	return at - (char *)to;
}

static long who_am_i(long to, long b, long c)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	(void)b, (void)c;
	getresuid(&r, &e, &s);
	getresgid(&rg, &eg, &sg);
	return sprintf((char *)to, "%u %u %u, %u %u %u", r, e, s, rg, eg, sg);
}

static void rings_of(struct worker *w)
{
	long id;

	for (id = -1; id >= -8; id--)
		call(w, GET_ID, id, 0);
}

/* All that a helper is given */
void callout(void)
{
	struct worker *w = worker_user(uid_base, uid_base + 1, -1);
	struct worker *root = worker_root(uid_base + 2), *twin, *h;
	char *buf = room(4096);
	long authkey, own;

	call(w, JOIN, 0);
	call(w, GET_ID, RING_T, 1);
	own = add(w, "user", "own", RING_P);
	twin = worker_fork(w);
	h = ask(w, "wanted", 0);
	in(h, environment, P(buf), 0, 0);
	say("environment: %s", buf);
	in(h, who_am_i, P(buf), 0, 0);
	say("identity: %s", buf);
	rings_of(h);
	read_all(h, RING_S);
	describe(h, RING_S);
	call(h, SET_REQKEY, -1);
	say_proc_keys(h, false);
	read_all(h, own);
	authkey = assume(h);
	rings_of(h);
	describe(h, AUTH_KEY);
	read_all(h, AUTH_KEY);
	call(h, READ, authkey, OUT, 2);
	call(h, GET_SECURITY, AUTH_KEY, OUT, 100);
	read_all(h, own);
	describe(h, helper_key(h));
	call(h, SET_TIMEOUT, helper_key(h), 100);
	say_proc_keys(h, false);
	say_proc_keys(twin, false);
	say_proc_keys(root, false);
	describe(root, authkey);
	read_all(root, authkey);
	call(root, ASSUME, helper_key(h));
	instantiate(h, 0);
	quiesce();
	rings_of(h);
	describe(h, authkey);
	read_all(h, RING_S);
	assume(h);
	instantiate(h, 0);
	answer(w, h);
	rcu_quiesce();
	describe(w, authkey);
	call(w, REQUEST_KEY, P("user"), P("wanted"), P("info"), 0);
	call(w, REQUEST_KEY, P("user"), P("wanted"), 0, RING_P);
	say_proc_keys(w, false);
	say_key_users(uid_base, 3);
}

/* ---- what a helper may do with its authority, and how it goes wrong ---- */

static struct {
	struct worker *w, *h;
	long writable, locked, leaf, key;
	unsigned int n;
} rq;

static void verdict_begin(void)
{
	rq.h = ask(rq.w, text("k%u", rq.n++), 0);
	if (!rq.h)
		give_up("no helper");
	rq.key = helper_key(rq.h);
	quiet(rq.h, ASSUME, rq.key);
}

static void verdict_end(void)
{
	answer(rq.w, rq.h);
	describe(rq.w, rq.key);
	read_all(rq.w, rq.key);
	read_all(rq.w, rq.writable);
	call(rq.w, CLEAR, rq.writable);
}

static void verdicts_begin(void)
{
	rq.n = 0;
	rq.w = worker_user(uid_base, uid_base, -1);
	call(rq.w, JOIN, 0);
	rq.writable = add(rq.w, "keyring", "writable", RING_S);
	rq.locked = add(rq.w, "keyring", "locked", RING_S);
	rq.leaf = add(rq.w, "user", "leaf", RING_S);
	call(rq.w, SETPERM, rq.locked, 0x3b3b3b3b);
}

/* Every place that a helper may name, for each kind of verdict */
void callout_rings(void)
{
	static const enum op verdicts[] = { INSTANTIATE, INSTANTIATE_IOV, NEGATE, REJECT };
	static const struct iovec iov[] = { { "two ", 4 }, { "parts", 5 } };
	unsigned int v, i;

	verdicts_begin();
	for (v = 0; v < ARRAY_SIZE(verdicts); v++) {
		const long rings[] = {
			0, -1, -2, -3, -4, -5, -6, -7, -8, -9, -2147483648L, 2147483647, 1,
			rq.writable, rq.locked, rq.leaf, 0x100000000L, 0x1fffffff8L,
		};

		for (i = 0; i < ARRAY_SIZE(rings); i++) {
			verdict_begin();
			switch (verdicts[v]) {
			case INSTANTIATE:
				call(rq.h, INSTANTIATE, rq.key, P("made"), 4, rings[i]);
				break;
			case INSTANTIATE_IOV:
				call(rq.h, INSTANTIATE_IOV, rq.key, P(iov), 2, rings[i]);
				break;
			case NEGATE:
				call(rq.h, NEGATE, rq.key, 100, rings[i]);
				break;
			default:
				call(rq.h, REJECT, rq.key, 100, EKEYREJECTED, rings[i]);
				break;
			}
			call(rq.h, GET_ID, AUTH_KEY, 0);
			verdict_end();
		}
	}
}

static void payloads(struct worker *h, long key)
{
	const struct { const void *p; long len; } bad[] = {
		{ NULL, 0 }, { NULL, 5 }, { "x", 0 }, { BAD_LOW, 5 }, { BAD_KERNEL, 5 },
		{ BAD_HOLE, 5 }, { BAD_EDGE, 5 }, { "x", -1 }, { "x", 1048576 }, { "x", 1048575 },
		{ BAD_LOW, 1048576 }, { BAD_KERNEL, -1 }, { BAD_LOW, 0 }, { BAD_KERNEL, 0 },
		{ stage->arena, 32768 }, { "x", 0x100000000L },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		call(h, INSTANTIATE, key, P(bad[i].p), bad[i].len, 0);
}

/* What a 32-bit program calls an iovec */
static void *iovec_for(const struct worker *w, const void *base, size_t len)
{
	if (w->narrow) {
		uint32_t *v = room(8);

		v[0] = (uint32_t)(uintptr_t)base;
		v[1] = (uint32_t)len;
		return v;
	} else {
		struct iovec *v = room(sizeof(*v));

		*v = (struct iovec){ (void *)base, len };
		return v;
	}
}

static void vectors(struct worker *h, long key)
{
	const void *const bases[] = { NULL, BAD_LOW, BAD_KERNEL, BAD_HOLE, BAD_EDGE, "x" };
	const long lengths[] = { 0, 1, 5, 1048576, -1, 0x7fffffff };
	const void *const bad[] = { NULL, BAD_LOW, BAD_KERNEL, BAD_HOLE, BAD_EDGE };
	const long counts[] = { 0, 1025, -1, 0x7fffffff, 0x100000000L };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(bases); i++)
		for (j = 0; j < ARRAY_SIZE(lengths); j++)
			if (i < ARRAY_SIZE(bases) - 1 || !lengths[j])
				call(h, INSTANTIATE_IOV, key,
				     P(iovec_for(h, bases[i], lengths[j])), 1, -9);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		call(h, INSTANTIATE_IOV, key, P(bad[i]), 1, 0);
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		call(h, INSTANTIATE_IOV, key, P(iovec_for(h, "x", 1)), counts[i], -9);
}

static void errors_and_keys(struct worker *h, long key)
{
	const long errors[] = { 0, -1, 512, 513, 514, 516, 4095, 4096, 0x7fffffff, 0x100000000L };
	const long keys[] = { 0, -1, -3, -7, -8, 1, 2147483647, key + 1, 0x100000000L };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		call(h, REJECT, key, 100, errors[i], 0);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		call(h, INSTANTIATE, keys[i], P("x"), 1, 0);
		call(h, NEGATE, keys[i], 1, 0);
		call(h, ASSUME, keys[i] == key + 1 ? -1 : keys[i]);
		call(h, ASSUME, key);
	}
}

/* Bad arguments of those who may; the good ones come last and are taken */
static void bad_verdicts(bool narrow)
{
	verdicts_begin();
	verdict_begin();
	rq.h->narrow = narrow;
	payloads(rq.h, rq.key);
	vectors(rq.h, rq.key);
	errors_and_keys(rq.h, rq.key);
	call(rq.h, INSTANTIATE_IOV, rq.key, P(iovec_for(rq.h, "vector", 6)), 1, 0);
	call(rq.h, INSTANTIATE_IOV, rq.key, P(iovec_for(rq.h, "vector", 6)), 1, 0);
	verdict_end();
}

void callout_bad(void)
{
	bad_verdicts(false);
	bad_verdicts(true);
}

/* ---- what comes after what ---- */

static const struct {
	const char *name;
	const char *acts;	/* see act() */
} stories[] = {
	{ "nothing", "" },
	{ "it is killed", "!" },
	{ "without authority", "0i" },
	{ "an authority given back", "0ai" },
	{ "instantiated twice", "ii" },
	{ "instantiated, then negated", "iani" },
	{ "negated twice", "nn" },
	{ "rejected, then instantiated", "rai" },
	{ "negated for no time", "z" },
	{ "instantiated, then dies", "i!" },
	{ "negated, then dies", "n!" },
	{ "the authority revoked", "Ri" },
	{ "the authority invalidated", "Ii" },
	{ "the authority unlinked", "Uiai" },
	{ "the authority forgotten", "0Ua" },
	{ "the session left", "Ji" },
	{ "the session left, then assumed", "0Jai" },
	{ "another program", "xi" },
	{ "a child", "f" },
	{ "a child of another namespace", "g" },
	{ "another identity", "ui" },
	{ "the key revoked", "ki" },
	{ "the key invalidated", "vi" },
	{ "the key expired", "ti" },
	{ "the key unlinked", "li" },
	{ "the key updated", "wi" },
	{ "the key linked", "L" },
	{ "the key read", "di" },
	{ "the destination revoked", "Di" },
	{ "the destination unlinked", "Ei" },
	{ "the destination restricted", "Fi" },
	{ "the destination restricted, negated", "Fn" },
	{ "the session keyring gone", "Gi" },
	{ "the session keyring gone, negated", "Gn" },
	{ "the user session keyring revoked", "Yi" },
	{ "the user session keyring revoked, nothing done", "Y" },
	{ "the requester has changed its mind", "Sdi" },
};

static struct worker *sibling;

static void act_on_authority(struct worker *h, char act)
{
	switch (act) {
	case '0': call(h, ASSUME, 0); break;
	case 'a': quiesce(); assume(h); break;
	case 'R': call(h, REVOKE, AUTH_KEY); break;
	case 'I': call(h, INVALIDATE, AUTH_KEY); quiesce(); break;
	case 'U': call(h, CLEAR, RING_S); settle(); break;
	case 'J': call(h, JOIN, 0); rcu_quiesce(); break;
	case 'x': worker_exec(h, NULL); rcu_quiesce(); break;
	}
}

static void act_on_key(struct worker *h, long key, char act)
{
	switch (act) {
	case 'i': instantiate(h, 0); break;
	case 'n': call(h, NEGATE, key, 30, 0); break;
	case 'z': call(h, NEGATE, key, 0, 0); break;
	case 'r': call(h, REJECT, key, 30, EKEYREJECTED, 0); break;
	case 'k': call(sibling, SETPERM, key, 0x3f3f3f3f); quiet(h, ASSUME, key); break;
	case 't': call(h, SET_TIMEOUT, key, 5); clock_jump(6); break;
	case 'l': call(sibling, UNLINK, key, RING_S); settle(); break;
	case 'S': call(sibling, SETPERM, key, 0); break;
	}
}

static void act_on_rings(long ring, char act)
{
	switch (act) {
	case 'D': call(sibling, REVOKE, ring); break;
	case 'E': call(sibling, UNLINK, ring, RING_S); settle(); break;
	case 'F': call(sibling, RESTRICT, ring, 0, 0); break;
	case 'G': call(sibling, REVOKE, RING_S); break;
	case 'Y': call(sibling, GET_ID, RING_US, 0); call(sibling, REVOKE, RING_US); break;
	}
}

static long be_user(long uid, long b, long c)
{
	(void)b, (void)c;
	return setresgid(uid, uid, uid) || setresuid(uid, uid, uid) ? -errno : 0;
}

static long leave_namespace(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	return unshare(CLONE_NEWUSER) ? -errno : 0;
}

/* A child has the authority too, unless it is of another namespace */
static void act_by_child(struct worker *h, char act)
{
	struct worker *c;

	switch (act) {
	case 'f':
	case 'g':
		c = worker_fork(h);
		if (act == 'g')
			say("unshare: %s", result_name(in(c, leave_namespace, 0, 0, 0)));
		call(c, GET_ID, AUTH_KEY, 0);
		read_all(c, AUTH_KEY);
		call(c, ASSUME, helper_key(h));
		call(c, INSTANTIATE, helper_key(h), P("by a child"), 10, 0);
		call(h, GET_ID, AUTH_KEY, 0);
		instantiate(h, 0);
		worker_end(c);
		break;
	case 'u':
		say("another user: %s", result_name(in(h, be_user, uid_base, 0, 0)));
		call(h, GET_ID, AUTH_KEY, 0);
		read_all(h, AUTH_KEY);
		break;
	}
}

static void act_blocking(struct worker *h, long key, char act)
{
	switch (act) {
	case 'v': call_begin(h, INVALIDATE, key); break;
	case 'k': call_begin(h, REVOKE, key); break;
	case 'w': call_begin(h, UPDATE, key, P("new"), 3); break;
	case 'L': call_begin(h, LINK, key, RING_S); break;
	case 'd': call_begin(h, READ, key, OUT, OUT_BYTES); break;
	default: return;
	}
	say("W%d: %s", h->number, call_at_rest(h) ? "over" : "it waits for itself");
	worker_interrupt(h);
	call_end(h);
}

static bool act(struct worker *h, long key, long ring, char act)
{
	if (act == '!')
		return true;
	act_on_authority(h, act);
	act_on_key(h, key, act);
	act_on_rings(ring, act);
	act_by_child(h, act);
	act_blocking(h, key, act);
	return false;
}

static void story(const char *acts)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *h;
	long ring, key;
	bool killed = false;

	quiet(w, JOIN, 0);
	sibling = worker_fork(w);
	ring = add(w, "keyring", "dest", RING_S);
	h = ask(w, "wanted", ring);
	key = helper_key(h);
	quiet(h, ASSUME, key);
	for (; *acts && !killed; acts++)
		killed = act(h, key, ring, *acts);
	if (killed) {
		worker_kill(h);
		call_end(w);
	} else {
		answer(w, h);
	}
	rcu_quiesce();
	describe(w, key);
	read_all(w, key);
	read_all(w, ring);
	say_proc_keys(w, false);
	call(w, REQUEST_KEY, P("user"), P("wanted"), 0, 0);
	workers_end();
	uid_base += 1;
}

static void look_for(struct worker *h, const char *desc, long key)
{
	read_all(h, key);
	call(h, REQUEST_KEY, P("user"), P(desc), 0, 0);
}

/*
 * The requester has no session keyring, and its UID's user-session keyring changes:
 *
 *	w  - - request_key - ->  h
 *	v @s---> "_ses" ---> old, new;  @us of both
 */
static void no_session(void)
{
	struct worker *v = worker_user(uid_base, uid_base, -1);
	struct worker *w = worker_user(uid_base, uid_base, -1), *h;
	long us, old, new;

	call(v, JOIN, 0);
	old = add(v, "user", "old", RING_S);
	new = add(v, "user", "new", RING_S);
	us = call(v, GET_ID, RING_US, 0);
	call(v, LINK, old, us);
	h = ask(w, "wanted", RING_P);
	assume(h);
	look_for(h, "old", old);
	call(v, SETPERM, us, 0x37370000);
	look_for(h, "old", old);
	call(v, SETPERM, us, 0x1f3f0000);
	look_for(h, "old", old);
	call(v, INVALIDATE, us);
	look_for(h, "old", old);
	quiesce();
	us = call(v, GET_ID, RING_US, 0);
	call(v, LINK, new, us);
	look_for(h, "new", new);
	call(v, SET_TIMEOUT, us, 5);
	clock_jump(6);
	look_for(h, "new", new);
	instantiate(h, 0);
	answer(w, h);
}

void callout_stories(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stories); i++) {
		say("-- %s", stories[i].name);
		story(stories[i].acts);
	}
	say("-- the requester has no session");
	no_session();
}
