// SPDX-License-Identifier: GPL-2.0-only
/* Special IDs in every state, and in each place that an operation has for an ID. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <string.h>

/* ---- what an ID is used for ---- */

const struct use uses_as_key[] = {
	{ GET_ID, "i0" }, { GET_ID, "i1" }, { DESCRIBE, "ioL" }, { READ, "ioL" },
	{ GET_SECURITY, "ioL" }, { UPDATE, "id4" }, { LINK, "iR" }, { UNLINK, "iR" },
	{ MOVE, "iRp0" }, { CHOWN, "img" }, { SETPERM, "ix" },
	{ SET_TIMEOUT, "i9" }, { INSTANTIATE, "id40" }, { ASSUME, "i" }, { DH_COMPUTE, "NoL0" },
	{ PKEY_QUERY, "i0eS" }, { WATCH_KEY, "im1" }, { REVOKE, "i" }, { INVALIDATE, "i" }, {}
};

const struct use uses_as_ring[] = {
	{ READ, "ioL" }, { LINK, "ki" }, { LINK, "pi" }, { UNLINK, "ki" }, { MOVE, "kiR0" },
	{ MOVE, "kRi0" }, { MOVE, "kii0" }, { SEARCH, "itn0" }, { SEARCH, "Rtni" },
	{ ADD_KEY, "tnd4i" }, { REQUEST_KEY, "tn0i" }, { GET_PERSISTENT, "mi" }, { CLEAR, "i" },
	{ RESTRICT, "i00" }, {}
};

struct supplies supplies;

void supplies_make(uid_t uid)
{
	supplies.keeper = worker_user(uid, uid_base, -1);
	quiet(supplies.keeper, JOIN, 0);
	limits("maxkeys", 100000);
	limits("maxbytes", 10000000);
}

void supplies_renew(void)
{
	quiet(supplies.keeper, CLEAR, RING_S);
	supplies.ring = add_quiet(supplies.keeper, "keyring", "open", RING_S);
	supplies.key = add_quiet(supplies.keeper, "user", "k", supplies.ring);
	quiet(supplies.keeper, SETPERM, supplies.ring, 0x3f3f3f3f);
	quiet(supplies.keeper, SETPERM, supplies.key, 0x3f3f3f3f);
	names_forget();
	key_name(supplies.ring);
	key_name(supplies.key);
}

/* i the ID, N three numbers of which it is one, R and k the supplies, p the process's ring */
static void use_args(const char *letters, long id, long *a)
{
	for (; *letters; letters++, a++) {
		switch (*letters) {
		case 'i': *a = id; break;
		case 'R': *a = supplies.ring; break;
		case 'k': *a = supplies.key; break;
		case 'p': *a = RING_P; break;
		case 'o': *a = OUT; break;
		case 'L': *a = OUT_BYTES; break;
		case 'd': *a = P("data"); break;
		case 't': *a = P("user"); break;
		case 'n': *a = P("k"); break;
		case 'e': *a = P(""); break;
		case 'N': *a = P(dh_params(supplies.key, supplies.key, id)); break;
		case 'S': *a = P(stage->scratch); break;
		case 'm': *a = -1; break;
		case 'g': *a = uid_base; break;
		case 'x': *a = 0x3f3f0000; break;
		case '9': *a = 1000; break;
		default: *a = *letters - '0'; break;
		}
	}
}

long use_call(struct worker *w, const struct use *u, long id)
{
	size_t mark = stage->used;
	long a[6] = {}, ret;

	use_args(u->args, id, a);
	ret = call_v(w, u->op, a);
	if (ret >= 0 && (u->op == INVALIDATE || u->op == CLEAR))
		quiesce();
	stage->used = mark;
	return ret;
}

/* ---- rings by their special IDs ---- */

static const char *const ring_states[] = {
	"untouched", "made", "revoked", "expired", "invalidated", "denied", "unsearchable",
	"made by session"
};

enum { SESSION_MADE = 7, UNKNOWN = -9 };

static void ring_state(struct worker *w, long id, unsigned int state)
{
	if (!state)
		return;
	if (state == SESSION_MADE) {
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

/* The UID of those that act, but where its rings have a part: they remember */
enum { COMMON = 100 };

static uid_t uid_for(long id)
{
	static uid_t base;
	static unsigned int n;

	if (base != uid_base) {
		base = uid_base;
		n = 0;
	}
	return base + COMMON + (id <= RING_S && id >= RING_US ? ++n : 0);
}

static void special_one(long id, unsigned int state, const struct use *u)
{
	struct worker *w = worker_user(uid_for(id), uid_base, -1);
	long ring;

	supplies_renew();
	ring_state(w, id, state);
	say("-- %s, %s", key_name(id), ring_states[state]);
	use_call(w, u, id);
	for (ring = RING_T; ring >= RING_US; ring--)
		describe(w, ring);
	read_all(w, RING_S);
	read_all(w, id);
	read_all(supplies.keeper, supplies.ring);
	worker_end(w);
}

/* Those that are no ring, or that the caller does not make, have two states and one. */
static bool has_state(long id, unsigned int state)
{
	return state <= 1 || (state == SESSION_MADE && id > UNKNOWN) || id > RING_G;
}

static void special_each(const struct use *uses)
{
	struct worker *resident;
	const struct use *u;
	unsigned int state;
	long id;

	supplies_make(uid_base);
	/* Or the module lets the rings go between two workers, when that takes long enough */
	resident = worker_user(uid_base + COMMON, uid_base, -1);
	quiet(resident, GET_ID, RING_US, 1);
	for (id = RING_T; id >= UNKNOWN; id--)
		for (state = 0; state < ARRAY_SIZE(ring_states); state++)
			for (u = uses; has_state(id, state) && u->args; u++)
				special_one(id, state, u);
	worker_end(resident);
	rcu_quiesce();
}

void special_ids(void)
{
	special_each(uses_as_key);
}

void special_rings(void)
{
	special_each(uses_as_ring);
}

/* ---- rings of a UID that are no more ---- */

enum { INVALIDATED, REVOKED, EXPIRED, WAYS };

static const char *const ways[WAYS] = { "invalidated", "revoked", "expired" };

/* The call that meets it first; NO_SUCH_OP: none does */
static const struct use uses_next[] = {
	{ NO_SUCH_OP, "" }, { GET_ID, "i0" }, { LINK, "ki" },
	/* the following after the first way only: each takes a while */
	{ JOIN, "0" }, { DESCRIBE, "ioL" }, { READ, "ioL" }, { CLEAR, "i" }, { UNLINK, "ki" },
	{ SEARCH, "itn0" }, { ADD_KEY, "tnd4i" }, { REQUEST_KEY, "tn00" }, { INVALIDATE, "i" }
};

enum { AFTER_EACH_WAY = 3 };

static void uid_ring_ends(struct worker *w, long id, unsigned int way)
{
	if (way == INVALIDATED) {
		call(w, INVALIDATE, id);
		quiesce();
		return;
	}
	if (way == REVOKED)
		call(w, REVOKE, id);
	else
		call(w, SET_TIMEOUT, id, 1);
	canary_end(way == REVOKED);
	clock_jump(8);
	canary_await();
}

static void uid_rings_look(struct worker *w, const long *keys, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		describe(w, keys[i]);
	for (i = 0; i < count; i++)
		read_all(w, keys[i]);
	say_proc_keys(w, false);
	say_key_users(uid_base + 1, 1);
}

/*
 *	@us ---> @u ---> "below" ---> "k"
 *	  '---> "k"
 */
static void uid_ring_gone(long id, unsigned int way, const struct use *u)
{
	struct worker *w = worker_user(uid_base + 1, uid_base, -1), *twin;
	long keys[5];

	supplies_renew();
	twin = worker_user(uid_base + 1, uid_base, -1);
	keys[0] = quiet(w, GET_ID, RING_U, 1);
	keys[1] = quiet(w, GET_ID, RING_US, 1);
	keys[2] = add_quiet(w, "keyring", "below", RING_U);
	keys[3] = add_quiet(w, "user", "k", keys[2]);
	keys[4] = add_quiet(w, "user", "k", RING_US);
	say("-- %s, %s", key_name(id), ways[way]);
	describe(twin, keys[2]);
	uid_ring_ends(w, id, way);
	uid_rings_look(w, keys, ARRAY_SIZE(keys));
	use_call(twin, u, id);
	settle();
	uid_rings_look(w, keys, ARRAY_SIZE(keys));
	read_all(w, RING_S);
	describe(w, id);
	uid_rings_look(twin, keys, ARRAY_SIZE(keys));
	workers_end();
	uid_base += 2;
}

/* The keeper is of another UID and ends with the others: each has one of its own. */
static void uid_ring_gone_each(long id)
{
	unsigned int way, i;

	limits("gc_delay", 5);
	for (way = 0; way < WAYS; way++) {
		for (i = 0; i < (way ? AFTER_EACH_WAY : ARRAY_SIZE(uses_next)); i++) {
			supplies_make(uid_base);
			uid_ring_gone(id, way, &uses_next[i]);
		}
	}
	limits("gc_delay", 100000000);
}

void user_ring_gone(void)
{
	uid_ring_gone_each(RING_U);
}

void user_session_gone(void)
{
	uid_ring_gone_each(RING_US);
}

/* ---- the authority, and the ring of the requester ---- */

enum { NOT_ASSUMED, ASSUMED, MADE, OUT_OF_TIME, HANDED_ON, DEST_REVOKED, DEST_EXPIRED,
       DEST_INVALID, DEST_CLOSED, AUTHORITY_STATES };

static const char *const authority_states[] = {
	"not assumed", "assumed", "the key made by another process", "the key expired",
	"by another process", "the destination revoked", "expired", "invalidated", "unwritable"
};

/*
 *	w @s---> "dest" ---> key that is being made
 *	sibling @s as w
 *	h @s---> "_req" ---> authority, for w, with "dest"
 *	child   as h
 */
static struct {
	struct worker *w, *sibling, *h, *child;
	long dest, key;
} au;

static void authority_state(unsigned int state)
{
	if (state != NOT_ASSUMED)
		quiet(au.h, ASSUME, au.key);
	au.child = worker_fork(au.h);
	switch (state) {
	case MADE: call(au.child, INSTANTIATE, au.key, P("made"), 4, 0); break;
	case OUT_OF_TIME: quiet(au.h, SET_TIMEOUT, au.key, 5); clock_jump(6); break;
	case DEST_REVOKED: quiet(au.sibling, REVOKE, au.dest); break;
	case DEST_EXPIRED: quiet(au.sibling, SET_TIMEOUT, au.dest, 5); clock_jump(6); break;
	case DEST_INVALID: quiet(au.sibling, INVALIDATE, au.dest); quiesce(); break;
	case DEST_CLOSED: quiet(au.sibling, SETPERM, au.dest, 0x3b3f0000); break;
	}
}

static void authority_begin(unsigned int state)
{
	supplies_renew();
	au.w = worker_user(uid_base, uid_base, -1);
	quiet(au.w, JOIN, 0);
	au.sibling = worker_fork(au.w);
	au.dest = add_quiet(au.w, "keyring", "dest", RING_S);
	key_name(au.dest);
	add_quiet(au.w, "user", "in it", au.dest);
	au.h = ask(au.w, "wanted", au.dest);
	if (!au.h)
		give_up("no helper");
	au.key = helper_key(au.h);
	authority_state(state);
}

static void authority_end(void)
{
	worker_end(au.child);
	answer(au.w, au.h);
	rcu_quiesce();		/* the authority holds the key, and "dest" */
	describe(au.w, au.key);
	describe(au.w, au.dest);
	read_all(au.w, au.dest);
	read_all(supplies.keeper, supplies.ring);
	worker_end(au.sibling);
	worker_end(au.w);
}

/* What has failed leaves all as it was: the next one tries the same authority. */
static void authority_uses(const struct use *u, long id, unsigned int state)
{
	bool begun = false;
	struct worker *w;

	for (; u->args; u++) {
		if (!begun)
			authority_begin(state);
		say("-- %s, %s", key_name(id), authority_states[state]);
		w = state == HANDED_ON ? au.child : au.h;
		begun = use_call(w, u, id) < 0;
		call(w, GET_ID, AUTH_KEY, 0);
		read_all(w, RING_REQUESTOR);
		if (!begun)
			authority_end();
	}
	if (begun)
		authority_end();
}

static void authority_each(const struct use *uses)
{
	unsigned int state;

	for (state = 0; state < AUTHORITY_STATES; state++) {
		if (state < DEST_REVOKED)
			authority_uses(uses, AUTH_KEY, state);
		authority_uses(uses, RING_REQUESTOR, state);
	}
}

void authority(void)
{
	supplies_make(uid_base + 1);
	authority_each(uses_as_key);
	authority_each(uses_as_ring);
}
