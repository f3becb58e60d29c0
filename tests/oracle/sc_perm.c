// SPDX-License-Identifier: GPL-2.0-only
/* The permission matrix: every bit in every class, for every operation that asks. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <string.h>

#include "certificate.h"

struct attempt {
	const char *name;
	enum op op;
	/*
	 * k key, 1 to 3 a struct of numbers in which it is the private one, the prime or the
	 * base, p one of a public-key operation, r the actor's ring, R another ring of the
	 * actor's, o out, 0 nothing, u somebody else's UID, U the owner's
	 */
	const char *args;
	enum { IS_KEY, IS_RING, IS_CERTIFICATE } what;	/* the key is */
};

#define KEY(name, op, args)	{ name, op, args, IS_KEY }
#define RING(name, op, args)	{ name, op, args, IS_RING }
#define CERT(name, op, args)	{ name, op, args, IS_CERTIFICATE }

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
	KEY("give away", CHOWN, "kum"),
	KEY("give to its owner", CHOWN, "kUm"),
	KEY("another group", CHOWN, "kmu"),
	KEY("timeout", SET_TIMEOUT, "k9"),
	KEY("revoke", REVOKE, "k"),
	KEY("invalidate", INVALIDATE, "k"),
	KEY("request", REQUEST_KEY, "tn0r"),
	KEY("search", SEARCH, "rtnr"),
	KEY("search only", SEARCH, "rtn0"),
	KEY("move", MOVE, "krR0"),
	KEY("assume", ASSUME, "k"),
	KEY("private number", DH_COMPUTE, "1oL0"),
	KEY("prime number", DH_COMPUTE, "2oL0"),
	KEY("base number", DH_COMPUTE, "3oL0"),
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
	RING("ring give away", CHOWN, "kum"),
	CERT("query", PKEY_QUERY, "k0iS"),
	CERT("encrypt", PKEY_ENCRYPT, "piDS"),
	CERT("decrypt", PKEY_DECRYPT, "piDS"),
	CERT("sign", PKEY_SIGN, "piDS"),
	CERT("verify", PKEY_VERIFY, "piDV"),
};

enum { ACTORS = 4 };
static struct worker *actor[ACTORS], *keeper;
static long actor_ring[ACTORS + 1], actor_other[ACTORS];
static long actor_prime[ACTORS], actor_two[ACTORS];

unsigned int perms[PERMS];
static char *target_name[PERMS];
static struct planned *plan;
static unsigned int planned;

/* One bit in each, then all others, then none */
void perms_make(void)
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
		case 'u': a[i] = uid_base + 5; break;
		case 'U': a[i] = uid_base; break;
		case '1': a[i] = P(dh_params(key, actor_prime[who], actor_two[who])); break;
		case '2': a[i] = P(dh_params(actor_two[who], key, actor_two[who])); break;
		case '3': a[i] = P(dh_params(actor_two[who], actor_prime[who], key)); break;
		case 'p': a[i] = P(pkey_params(key, sizeof(digest), sizeof(signature))); break;
		case 'i': a[i] = P("enc=pkcs1 hash=sha256"); break;
		case 'D': a[i] = P(digest); break;
		case 'V': a[i] = P(signature); break;
		case 'S': a[i] = P(stage->scratch); break;
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
		if (t->what == IS_RING)
			plan_call(ADD_KEY, P("keyring"), P(target_name[i]), 0, 0, ring);
		else if (t->what == IS_CERTIFICATE)
			plan_call(ADD_KEY, P("asymmetric"), P(target_name[i]), P(certificate),
				  sizeof(certificate), ring);
		else
			plan_call(ADD_KEY, P("user"), P(target_name[i]), P("payload"), 7, ring);
	}
	plan_done(maker);
	for (i = 0; i < PERMS; i++) {
		key[i] = plan[1 + i].ret;
		plan_call(SETPERM, key[i], 0x3f3f3f3f);
		if (t->what == IS_RING)
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
		if (t->op == MOVE && t->what == IS_RING)
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

/* What the actor has for DH_COMPUTE beside the key */
static void numbers_make(unsigned int who)
{
	enum { PRIME_BYTES = 192 };
	char *prime = room(PRIME_BYTES);

	memset(prime, 0xfb, PRIME_BYTES);
	actor_prime[who] = quiet(actor[who], ADD_KEY, P("user"), P("prime"), P(prime), PRIME_BYTES,
				 RING_S);
	actor_two[who] = quiet(actor[who], ADD_KEY, P("user"), P("two"), P("\2"), 1, RING_S);
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
		numbers_make(who);
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

static void join_one(unsigned int who, bool possessed, unsigned int perm, const char *name)
{
	long key = add_quiet(keeper, "keyring", name, RING_S), ret;

	quiet(keeper, SETPERM, key, 0x3f3f3f3f);
	if (possessed)
		quiet(actor[who], LINK, key, RING_P);
	quiet(keeper, SETPERM, key, perm);
	ret = quiet(actor[who], JOIN, P(name));
	say("join, perm %08x, actor %u, %s) = %s", perm, who, possessed ? "possessed" : "not",
	    ret == key ? "key" : ret > 0 ? "another" : result_name(ret));
}

/* A session is joined by who may search for it, possessed or not: in each class, by each bit */
void join_matrix(void)
{
	unsigned int who, possessed, i;
	uid_t u = uid_base;

	actor[0] = worker_user(u, u, -1);
	actor[1] = worker_user(u + 1, u + 1, u);
	actor[2] = worker_user(u + 2, u + 2, -1);
	actor[3] = worker_root(u + 3);
	keeper = worker_user(u, u, -1);
	quiet(keeper, JOIN, 0);
	limits("maxkeys", 100000);
	limits("maxbytes", 10000000);
	perms_make();
	for (who = 0; who < ACTORS; who++)
		for (possessed = 0; possessed < 2; possessed++)
			for (i = 0; i < PERMS; i++)
				join_one(who, possessed, perms[i],
					 text("join%u.%u.%u.%u", u, who, possessed, i));
}
