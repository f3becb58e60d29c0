// SPDX-License-Identifier: GPL-2.0-only
/* The permission matrix: every bit in every class, for every operation that asks. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <string.h>

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
	KEY("search only", SEARCH, "rtn0"),
	KEY("move", MOVE, "krR0"),
	KEY("assume", ASSUME, "k"),
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
	RING("ring move to", MOVE, "Rsk0"),
	RING("ring revoke", REVOKE, "k"),
	RING("ring invalidate", INVALIDATE, "k"),
	RING("ring perm", SETPERM, "kx"),
	RING("ring timeout", SET_TIMEOUT, "k9"),
	RING("persistent into", GET_PERSISTENT, "mk"),
	RING("request into", REQUEST_KEY, "tn0k"),
};

enum { ACTORS = 4 };
static struct worker *actor[ACTORS], *keeper;
static long actor_ring[ACTORS + 1], actor_other[ACTORS];

/* One bit in each, then all others, then none */
enum { PERMS = 4 * 6 * 2 + 1 };
static unsigned int perms[PERMS];
static char *target_name[PERMS];
static struct planned *plan;
static unsigned int planned;

static void perms_make(void)
{
	unsigned int shift, bit, n = 0;

	for (shift = 0; shift < 32; shift += 8) {
		for (bit = 0; bit < 6; bit++) {
			perms[n++] = 1U << (bit + shift);
			perms[n++] = 0x3f3f3f3f & ~(1U << (bit + shift));
		}
	}
	for (n = 0; n < PERMS; n++)
		target_name[n] = text("target%u", n);
}

static void plan_v(enum op op, const long *a)
{
	plan[planned].op = op;
	memcpy(plan[planned].arg, a, sizeof(plan->arg));
	planned++;
}
#define plan_call(op, ...) plan_v(op, (const long[6]){ __VA_ARGS__ })

static void plan_done(struct worker *w)
{
	calls_make(w, plan, planned);
	planned = 0;
}

static void attempt_args(const struct attempt *t, unsigned int who, const char *name, long key,
			 long *a)
{
	unsigned int i;

	for (i = 0; t->args[i]; i++) {
		switch (t->args[i]) {
		case 'k': a[i] = key; break;
		case 'r': a[i] = actor_ring[who]; break;
		case 's': a[i] = RING_S; break;
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
		case 'n': a[i] = P(name); break;
		default: a[i] = 0; break;
		}
	}
}

/* A key for each of the permissions, all of them user uid_base's in the end */
static void targets_make(const struct attempt *t, struct worker *maker, long ring, long *key)
{
	unsigned int i;

	plan_call(CLEAR, ring);
	for (i = 0; i < PERMS; i++) {
		if (t->ring)
			plan_call(ADD_KEY, P("keyring"), P(target_name[i]), 0, 0, ring);
		else
			plan_call(ADD_KEY, P("user"), P(target_name[i]), P("payload"), 7, ring);
	}
	plan_done(maker);
	for (i = 0; i < PERMS; i++) {
		key[i] = plan[1 + i].ret;
		plan_call(SETPERM, key[i], 0x3f3f3f3f);
		if (t->ring)
			plan_call(LINK, actor_other[0], key[i]);
	}
	plan_done(maker);
	for (i = 0; i < PERMS; i++) {
		quiet(NULL, CHOWN, key[i], uid_base, uid_base);
		quiet(NULL, SETPERM, key[i], perms[i]);
	}
}

static void attempts_do(const struct attempt *t, unsigned int who, bool possessed)
{
	static const char *const classes[] = { "owner", "group", "other", "root" };
	struct worker *maker = possessed ? actor[who] : keeper;
	long key[PERMS];
	unsigned int i;

	quiet(actor[who], CLEAR, actor_ring[who]);
	quiet(actor[who], CLEAR, actor_other[who]);
	targets_make(t, maker, actor_ring[possessed ? who : ACTORS], key);
	for (i = 0; i < PERMS; i++) {
		long a[6] = {};

		/* What an attempt has taken away, or anything at all */
		if (t->op == MOVE && t->ring)
			plan_call(LINK, actor_other[who], RING_S);
		else
			plan_call(NO_SUCH_OP, 0);
		attempt_args(t, who, target_name[i], key[i], a);
		plan_v(t->op, a);
	}
	plan_done(actor[who]);
	for (i = 0; i < PERMS; i++) {
		long ret = plan[2 * i + 1].ret;

		say("%s, perm %08x, %s, %s) = %s", t->name, perms[i], classes[who],
		    possessed ? "possessed" : "not", ret == key[i] ? "key" :
		    opdesc[t->op].gives_id && ret > 0 ? "another" : result_name(ret));
	}
}

void permission_matrix(void)
{
	unsigned int t, who;
	uid_t u = uid_base;

	actor[0] = worker_user(u, u, -1);
	actor[1] = worker_user(u + 1, u + 1, u);
	actor[2] = worker_user(u + 2, u + 2, -1);
	actor[3] = worker_root(u + 3);
	keeper = worker_user(u + 4, u + 4, -1);
	for (who = 0; who < ACTORS; who++) {
		struct worker *w = actor[who];

		quiet(w, JOIN, 0);
		actor_ring[who] = add_quiet(w, "keyring", "mine", RING_S);
		actor_other[who] = add_quiet(w, "keyring", text("other%u", who), RING_S);
		quiet(w, SETPERM, actor_other[who], 0x3f3f3f3f);
	}
	quiet(keeper, JOIN, 0);
	actor_ring[ACTORS] = add_quiet(keeper, "keyring", "kept", RING_S);
	perms_make();
	plan = room(2 * (PERMS + 1) * sizeof(*plan));
	limits("maxkeys", 100000);
	limits("maxbytes", 10000000);
	limits("root_maxkeys", 1000000);
	for (t = 0; t < ARRAY_SIZE(attempts); t++) {
		for (who = 0; who < ACTORS; who++) {
			attempts_do(&attempts[t], who, true);
			attempts_do(&attempts[t], who, false);
		}
	}
}

/* A session is joined by who may search for it, possessed or not: in each class, by each bit */
void join_matrix(void)
{
	unsigned int who, shift, bit;
	uid_t u = uid_base;
	const char *name;
	long key, ret;

	actor[0] = worker_user(u, u, -1);
	actor[1] = worker_user(u + 1, u + 1, u);
	actor[2] = worker_user(u + 2, u + 2, -1);
	actor[3] = worker_root(u + 3);
	keeper = worker_user(u, u, -1);
	quiet(keeper, JOIN, 0);
	limits("maxkeys", 100000);
	limits("maxbytes", 10000000);
	for (who = 0; who < ACTORS; who++) {
		for (shift = 0; shift < 32; shift += 8) {
			for (bit = 0; bit < 6; bit++) {
				name = text("join%u.%u.%u.%u", u, who, shift, bit);
				key = add_quiet(keeper, "keyring", name, RING_S);
				quiet(keeper, SETPERM, key, 1U << (bit + shift));
				ret = quiet(actor[who], JOIN, P(name));
				say("join, perm %08x, actor %u) = %s", 1U << (bit + shift), who,
				    ret == key ? "key" : ret > 0 ? "another" : result_name(ret));
			}
		}
	}
}
