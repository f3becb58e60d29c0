// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifications about keys: who may have them, under which number, and what is told of
 * each call. The director has the pipes; its workers have them from it, and it reads the
 * records when nothing more can come. A kernel without watch queues gives no such pipe:
 * then an ordinary one is named, and both services say the same of it.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	NOTIFICATION_PIPE = O_EXCL,
	SET_SIZE = _IO('W', 0x60),
	SET_FILTER = _IO('W', 0x61),
	META = 0, KEY = 1,		/* types of records */
	LOST = 1,			/* of META; the other is the end of what is watched */
	AS_RING = 0x5a, AS_KEY = 7,
	TOLD_MS = 60000,		/* an emulated machine may be slow */
};

struct note {
	uint32_t type:24, subtype:8;
	uint32_t info;
	uint32_t key, aux;
};

struct filter {
	uint32_t nr, reserved;
	struct {
		uint32_t type, info_filter, info_mask, subtypes[8];
	} one;
};

/* A pipe that nobody has but the director and who is forked from now on */
static long queue_open(int *fds, unsigned int notes)
{
	if (!pipe2(fds, NOTIFICATION_PIPE | O_NONBLOCK))
		return ioctl(fds[0], SET_SIZE, notes) ? -errno : 0;
	if (pipe2(fds, O_NONBLOCK))
		give_up("no pipe: %d", errno);
	return -ENOPKG;
}

static void queue_close(int *fds)
{
	close(fds[0]);
	close(fds[1]);
}

static void say_note(const struct note *n, long len)
{
	static const char *const events[] = {
		"instantiated", "updated", "linked", "unlinked", "cleared", "revoked", "invalidated",
		"setattr"
	};

	put("   told: %ld bytes, ", len);
	if (n->type == KEY && n->subtype < ARRAY_SIZE(events))
		put("%s %s, %s", events[n->subtype], key_name(n->key),
		    n->aux ? key_name(n->aux) : "-");
	else if (n->type == META)
		put(n->subtype == LOST ? "records are lost" : "no more of %s", key_name(n->key));
	else
		put("type %u, %u", n->type, n->subtype);
	put(", as %u, info %x", n->info >> 8 & 0xff, n->info & ~0xff00);
	put_end();
}

static bool is_end(const struct note *n, long len)
{
	return n->type == META && n->subtype != LOST && len == sizeof(*n);
}

static int by_key(const void *a, const void *b)
{
	const struct note *n = a, *m = b;

	return (int)name_number(n->key) - (int)name_number(m->key);
}

/*
 * Neither service tells of an end in the call that brings it about. When all keys have ended,
 * one is watched that ends then: who is told of that has been told of theirs.
 */
static void await_ends_told(void)
{
	struct pollfd told = { .events = POLLIN };
	long key, ret;
	int fds[2];

	ret = queue_open(fds, 16);
	if (!ret) {
		key = quiet(NULL, ADD_KEY, P("user"), P("canary"), P("x"), 1, RING_T);
		ret = quiet(NULL, WATCH_KEY, key, fds[0], 1) ?: quiet(NULL, UNLINK, key, RING_T);
		told.fd = fds[0];
		if (ret || poll(&told, 1, TOLD_MS) != 1)
			give_up("nobody is told of the canary: %s", result_name(ret));
	} else if (ret != -ENOPKG) {
		give_up("no queue for the canary: %s", result_name(ret));
	}
	queue_close(fds);
}

/*
 * All that there is, when what was begun has come to its end. Of keys that end together
 * the built-in service lets go in the order of their serials.
 */
static void say_notes(int fd)
{
	struct note ends[16], n;
	unsigned int count = 0, i;
	long len;

	quiesce();
	await_ends_told();
	do {
		memset(&n, 0, sizeof(n));
		len = read(fd, &n, sizeof(n));
		if (len > 0 && is_end(&n, len) && count < ARRAY_SIZE(ends)) {
			ends[count++] = n;
			continue;
		}
		qsort(ends, count, sizeof(n), by_key);
		for (i = 0; i < count; i++)
			say_note(&ends[i], sizeof(n));
		count = 0;
		if (len > 0)
			say_note(&n, len);
	} while (len > 0);
}

/*
 *	w @s---> "_ses" ---> ring ("ring") ---> key ("key")
 *			---> to ("to")
 *
 * All of the three are watched.
 */
static struct {
	struct worker *w;
	long ring, key, to;
	int fds[2];
} wa;

static void watched_begin(void)
{
	wa.w = worker_user(uid_base, uid_base, -1);
	quiet(wa.w, JOIN, 0);
	wa.ring = add_quiet(wa.w, "keyring", "ring", RING_S);
	wa.to = add_quiet(wa.w, "keyring", "to", RING_S);
	wa.key = add_quiet(wa.w, "user", "key", wa.ring);
	say("ring %s, to %s, key %s", key_name(wa.ring), key_name(wa.to), key_name(wa.key));
	quiet(wa.w, WATCH_KEY, wa.ring, wa.fds[0], AS_RING);
	quiet(wa.w, WATCH_KEY, wa.key, wa.fds[1], AS_KEY);
	quiet(wa.w, WATCH_KEY, wa.to, wa.fds[0], 1);
}

/* A watch of the built-in service's keeps the session of who set it: that one is emptied. */
static void watched_end(void)
{
	call(wa.w, CLEAR, RING_S);
	say_notes(wa.fds[0]);
	workers_end();
	rcu_quiesce();
	uid_base += 1;
}

enum { THE_KEY = 0x7e000000, THE_RING, THE_TO };

static long meant(long a)
{
	return a == THE_KEY ? wa.key : a == THE_RING ? wa.ring : a == THE_TO ? wa.to : a;
}

/* One after the other, each of them on what the one before has left */
static const struct told {
	const char *what;
	struct {
		enum op op;
		long arg[6];
	} calls[5];
} stories[] = {
	{ "changed", { { UPDATE, { THE_KEY, P("other"), 5 } }, { UPDATE, { THE_KEY, P("other"), 0 } },
		       { ADD_KEY, { P("user"), P("key"), P("third"), 5, THE_RING } },
		       { SETPERM, { THE_KEY, 0x3f3f0000 } }, { SETPERM, { THE_KEY, -1 } } } },
	{ "timed", { { SET_TIMEOUT, { THE_KEY, 1000 } }, { SET_TIMEOUT, { THE_KEY, 0 } },
		     { SET_TIMEOUT, { THE_RING, 1000 } }, { CHOWN, { THE_KEY, -1, -1 } },
		     { CHOWN, { THE_KEY, 0, 0 } } } },
	{ "linked", { { LINK, { THE_KEY, THE_TO } }, { LINK, { THE_KEY, THE_TO } },
		      { LINK, { THE_TO, THE_RING } }, { LINK, { THE_RING, THE_TO } },
		      { UNLINK, { THE_KEY, THE_TO } } } },
	{ "unlinked", { { UNLINK, { THE_KEY, THE_TO } }, { UNLINK, { THE_KEY, THE_RING } },
			{ UNLINK, { THE_RING, RING_S } }, { OPS, { 0 } } } },
	{ "moved", { { MOVE, { THE_KEY, THE_RING, THE_TO, 0 } }, { MOVE, { THE_KEY, THE_TO, THE_TO, 0 } },
		     { MOVE, { THE_KEY, THE_RING, THE_TO, 0 } }, { MOVE, { THE_TO, RING_S, THE_RING, 1 } },
		     { MOVE, { THE_TO, THE_RING, RING_S, 2 } } } },
	{ "displaced", { { ADD_KEY, { P("user"), P("key"), P("x"), 1, THE_TO } },
			 { LINK, { THE_KEY, THE_TO } }, { MOVE, { THE_KEY, THE_RING, THE_TO, 1 } },
			 { ADD_KEY, { P("keyring"), P("to"), 0, 0, RING_S } }, { OPS, { 0 } } } },
	{ "cleared", { { CLEAR, { THE_RING } }, { CLEAR, { THE_RING } }, { CLEAR, { RING_S } },
		       { OPS, { 0 } } } },
	{ "revoked", { { REVOKE, { THE_KEY } }, { REVOKE, { THE_KEY } }, { UPDATE, { THE_KEY, P("x"), 1 } },
		       { WATCH_KEY, { THE_KEY, 0, 1 } }, { SETPERM, { THE_KEY, 0x3f3f3f3f } } } },
	{ "a ring revoked", { { REVOKE, { THE_RING } }, { CLEAR, { THE_RING } },
			      { REVOKE, { THE_TO } }, { UNLINK, { THE_RING, RING_S } }, { OPS, { 0 } } } },
	{ "invalidated", { { INVALIDATE, { THE_KEY } }, { INVALIDATE, { THE_KEY } }, { OPS, { 0 } } } },
	{ "a ring invalidated", { { INVALIDATE, { THE_RING } }, { OPS, { 0 } } } },
	{ "restricted", { { RESTRICT, { THE_TO, 0, 0 } }, { RESTRICT, { THE_TO, 0, 0 } },
			  { LINK, { THE_KEY, THE_TO } },
			  { ADD_KEY, { P("user"), P("new"), P("x"), 1, THE_TO } }, { OPS, { 0 } } } },
	{ "found", { { SEARCH, { RING_S, P("user"), P("key"), 0 } },
		     { SEARCH, { RING_S, P("user"), P("key"), THE_TO } },
		     { REQUEST_KEY, { P("user"), P("key"), 0, THE_TO } },
		     { REQUEST_KEY, { P("user"), P("none"), 0, THE_TO } }, { OPS, { 0 } } } },
	{ "added", { { ADD_KEY, { P("user"), P("one"), P("x"), 1, THE_RING } },
		     { ADD_KEY, { P("user"), P("two"), P("x"), 0, THE_RING } },
		     { ADD_KEY, { P("keyring"), P("three"), 0, 0, THE_RING } },
		     { ADD_KEY, { P("logon"), P("a:b"), P("x"), 1, THE_RING } },
		     { ADD_KEY, { P("logon"), P("a:b"), P("y"), 1, THE_RING } } } },
	{ "looked at", { { READ, { THE_KEY, P(NULL), 0 } }, { DESCRIBE, { THE_KEY, P(NULL), 0 } },
			 { GET_SECURITY, { THE_KEY, P(NULL), 0 } }, { GET_ID, { THE_RING, 0 } },
			 { PKEY_QUERY, { THE_KEY, 0, P(""), P(NULL) } } } },
};

void watch_told(void)
{
	unsigned int i, n, j;
	long a[6];

	say("a queue: %s", result_name(queue_open(wa.fds, 256)));
	for (i = 0; i < ARRAY_SIZE(stories); i++) {
		say("-- %s", stories[i].what);
		watched_begin();
		for (n = 0; n < ARRAY_SIZE(stories[i].calls) && stories[i].calls[n].op != OPS; n++) {
			for (j = 0; j < 6; j++)
				a[j] = meant(stories[i].calls[n].arg[j]);
			call_v(wa.w, stories[i].calls[n].op, a);
			say_notes(wa.fds[0]);
		}
		watched_end();
	}
	queue_close(wa.fds);
}

/* Who waited for a key goes on when that is made, or was not to be */
static void goes_on(struct worker *v)
{
	if (!v->busy)
		return;
	worker_await(v);
	call_end(v);
}

/*
 * What a helper does to a key, seen by another process, v, of the requester's session,
 * which has to wait with a watch on the key itself:
 *
 *	w, v @s---> "_ses" ---> ring, to
 *	w  - - request_key - ->  h
 */
static void told_of_request(enum op verdict)
{
	struct worker *v, *h;
	long key, authkey;

	watched_begin();
	v = worker_fork(wa.w);
	h = ask(wa.w, "wanted", wa.to);
	key = helper_key(h);
	call(h, ASSUME, key);
	authkey = quiet(h, GET_ID, AUTH_KEY, 0);
	say_notes(wa.fds[0]);
	call(v, WATCH_KEY, authkey, wa.fds[0], 4);
	call_begin(v, WATCH_KEY, key, wa.fds[0], 3);
	if (call_at_rest(v))
		call_end(v);
	call(h, SET_TIMEOUT, key, 1000);
	say_notes(wa.fds[0]);
	if (verdict == INSTANTIATE)
		call(h, INSTANTIATE, key, P("made"), 4, RING_REQUESTOR);
	else if (verdict == NEGATE)
		call(h, NEGATE, key, 10, 0);
	else if (verdict == REJECT)
		call(h, REJECT, key, 10, EKEYREJECTED, 0);
	if (verdict != NO_SUCH_OP)
		goes_on(v);
	say_notes(wa.fds[0]);
	answer(wa.w, h);
	goes_on(v);
	rcu_quiesce();
	say_notes(wa.fds[0]);
	call(v, WATCH_KEY, key, wa.fds[0], 5);
	call(v, UNLINK, key, wa.to);
	say_notes(wa.fds[0]);
	watched_end();
}

void watch_told_of_requests(void)
{
	static const enum op verdicts[] = { INSTANTIATE, NEGATE, REJECT, NO_SUCH_OP };
	unsigned int i;

	say("a queue: %s", result_name(queue_open(wa.fds, 256)));
	for (i = 0; i < ARRAY_SIZE(verdicts); i++)
		told_of_request(verdicts[i]);
	queue_close(wa.fds);
}

/* Numbers, files that are none, who may watch, and how often */
void watch_rights(void)
{
	static const long perms[] = { 0x3f3f0000, 0x3f3f0001, 0x3f00003e, 0x003f0000, 0x3e3e3e3e };
	static const long ids[] = { -2147483648L, -3, -2, -1, 0, 1, 255, 256, 65536, 0x100000001L };
	int plain[2], second[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct worker *w, *other, *friend;
	long key, none = RING_T;
	unsigned int i;

	say("a queue: %s", result_name(queue_open(wa.fds, 16)));
	say("another: %s", result_name(queue_open(second, 16)));
	if (pipe(plain))
		give_up("no pipe: %d", errno);
	w = worker_user(uid_base, uid_base, -1);
	friend = worker_user(uid_base, uid_base, -1);
	other = worker_user(uid_base + 1, uid_base + 1, -1);
	call(w, JOIN, 0);
	key = add(w, "user", "key", RING_S);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		call(w, WATCH_KEY, key, wa.fds[0], ids[i]);
		call(w, WATCH_KEY, key, wa.fds[0], ids[i]);
		call(w, UPDATE, key, P("x"), 1);
		say_notes(wa.fds[0]);
		call(w, WATCH_KEY, key, wa.fds[1], -1);
		say_notes(wa.fds[0]);
		call(w, WATCH_KEY, 0x7fffffff, wa.fds[0], ids[i]);
	}
	{
		const long files[] = { -1, 1000, null, plain[0], plain[1] };

		for (i = 0; i < ARRAY_SIZE(files); i++) {
			call(w, WATCH_KEY, key, files[i], 1);
			call(w, WATCH_KEY, key, files[i], -1);
			call(w, WATCH_KEY, 0, files[i], 1);
			call(other, WATCH_KEY, key, files[i], 1);
		}
	}
	call(w, WATCH_KEY, key, wa.fds[0], 1);
	call(w, WATCH_KEY, key, second[0], 2);
	call(w, WATCH_KEY, key, second[1], 3);
	call(w, UPDATE, key, P("x"), 1);
	say_notes(wa.fds[0]);
	say_notes(second[0]);
	for (i = 0; i < ARRAY_SIZE(perms); i++) {
		call(w, SETPERM, key, perms[i]);
		call(w, WATCH_KEY, key, second[0], -1);
		call(friend, WATCH_KEY, key, second[0], -1);
		call(friend, WATCH_KEY, key, second[0], 4);
		call(other, WATCH_KEY, key, second[0], -1);
		call(other, WATCH_KEY, key, second[0], 5);
		say_notes(second[0]);
	}
	call(friend, WATCH_KEY, key, wa.fds[0], -1);
	say_notes(wa.fds[0]);
	w->narrow = true;
	for (i = 0; i < ARRAY_SIZE(ids); i++)
		call(w, WATCH_KEY, RING_S, wa.fds[0], ids[i]);
	w->narrow = false;
	for (; none >= -9; none--) {
		call(other, WATCH_KEY, none, wa.fds[0], 9);
		call(other, WATCH_KEY, none, wa.fds[0], -1);
		say_notes(wa.fds[0]);
	}
	call(w, CLEAR, RING_S);
	say_notes(wa.fds[0]);
	say_notes(second[0]);
	workers_end();
	queue_close(plain);
	queue_close(second);
	queue_close(wa.fds);
	close(null);
}

static long close_both(long a, long b, long c)
{
	(void)c;
	return close(a) | close(b);
}

/* More than there is room for; what the reader does not want; and a reader that goes */
void watch_lost(void)
{
	struct filter filter = {
		.nr = 1, .one = { .type = KEY, .subtypes = { 1 << 5 | 1 << 7 } },
	};
	unsigned int i;

	say("a queue: %s", result_name(queue_open(wa.fds, 8)));
	watched_begin();
	for (i = 0; i < 40; i++)
		quiet(wa.w, UPDATE, wa.key, P("x"), 1);
	quiet(wa.w, SETPERM, wa.key, 0x3f3f0000);
	say_notes(wa.fds[0]);
	call(wa.w, SETPERM, wa.key, 0x3f3f3f3f);
	say_notes(wa.fds[0]);
	say("a filter: %s", result_name(ioctl(wa.fds[0], SET_FILTER, &filter) ? -errno : 0));
	call(wa.w, UPDATE, wa.key, P("x"), 1);
	call(wa.w, LINK, wa.key, wa.to);
	call(wa.w, SETPERM, wa.key, 0x3f3f0000);
	call(wa.w, REVOKE, wa.key);
	say_notes(wa.fds[0]);
	call(wa.w, WATCH_KEY, wa.to, wa.fds[0], -1);
	say_notes(wa.fds[0]);
	queue_close(wa.fds);
	in(wa.w, close_both, wa.fds[0], wa.fds[1], 0);	/* it has inherited them */
	call(wa.w, WATCH_KEY, wa.to, wa.fds[0], 1);
	call(wa.w, REVOKE, wa.ring);
	call(wa.w, UNLINK, wa.ring, RING_S);
	workers_end();
	rcu_quiesce();
	say("a queue: %s", result_name(queue_open(wa.fds, 8)));
	uid_base += 1;
	watched_begin();
	call(wa.w, UPDATE, wa.key, P("x"), 1);
	watched_end();
	queue_close(wa.fds);
}
