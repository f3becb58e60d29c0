// SPDX-License-Identifier: GPL-2.0-only
/* Public-key operations with every kind of bad argument, alone and in pairs. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <string.h>

#include "certificate.h"

enum { PARAMS, INFO, DATA, RESULT, ARGS };

static struct {
	struct worker *w;
	long cert, other, revoked, expired, unsearchable, stranger;
	const char *sig;
} pk;

static long add_cert(const char *desc)
{
	return call(pk.w, ADD_KEY, P("asymmetric"), P(desc), P(certificate), sizeof(certificate),
		    RING_S);
}

static void pkey_begin(bool narrow)
{
	struct worker *v = worker_user(uid_base + 1, uid_base + 1, -1);
	char *sig = room(sizeof(signature));

	pk.w = worker_user(uid_base, uid_base, -1);
	pk.w->narrow = narrow;
	call(pk.w, JOIN, 0);
	pk.cert = add_cert("cert");
	pk.other = add(pk.w, "user", "k", RING_S);
	pk.revoked = add_cert("revoked");
	call(pk.w, REVOKE, pk.revoked);
	pk.expired = add_cert("expired");
	call(pk.w, SET_TIMEOUT, pk.expired, 5);
	clock_jump(6);
	pk.unsearchable = add_cert("unsearchable");
	call(pk.w, SETPERM, pk.unsearchable, 0x37373737);
	pk.stranger = call(v, ADD_KEY, P("asymmetric"), P("cert"), P(certificate),
			   sizeof(certificate), RING_S);
	call(v, SETPERM, pk.stranger, 0x3f000000);
	memcpy(sig, signature, sizeof(signature));
	pk.sig = sig;
}

/* A key, how many bytes it is given, and how many it may give */
uint32_t *pkey_params(long id, uint32_t in, uint32_t out)
{
	uint32_t *p = room(40);

	memset(p, 0, 40);
	p[0] = id;
	p[1] = in;
	p[2] = out;
	return p;
}

static void good(enum op op, long *a)
{
	a[PARAMS] = op == PKEY_QUERY ? pk.cert : P(pkey_params(pk.cert, 32, 128));
	a[INFO] = P("enc=pkcs1 hash=sha256");
	a[DATA] = op == PKEY_QUERY ? 0 : P(digest);
	a[RESULT] = op == PKEY_VERIFY ? P(pk.sig) : P(stage->scratch);
}

/* KEYCTL_PKEY_QUERY has its info third, and what must be 0 before that */
static long pkey_call(enum op op, const long *a)
{
	if (op == PKEY_QUERY)
		return call(pk.w, op, a[PARAMS], a[DATA], a[INFO], a[RESULT]);
	return call(pk.w, op, a[PARAMS], a[INFO], a[DATA], a[RESULT]);
}

static unsigned int bad_values(enum op op, unsigned int arg, long *v)
{
	const void *const pointers[] = { NULL, BAD_LOW, BAD_KERNEL, BAD_HOLE, BAD_EDGE };
	const long ids[] = { 0, 1, 2147483647, -1, -7, -9, pk.other, pk.revoked, pk.expired,
			     pk.unsearchable, pk.stranger, 0x100000000L };
	unsigned int n = 0, i;

	if (op == PKEY_QUERY && arg == PARAMS) {
		memcpy(v, ids, sizeof(ids));
		return ARRAY_SIZE(ids);
	}
	if (op == PKEY_QUERY && arg == DATA) {
		v[n++] = 1;
		v[n++] = 0x100000000L;
		return n;
	}
	for (i = 0; i < ARRAY_SIZE(pointers); i++)
		v[n++] = P(pointers[i]);
	if (arg == INFO) {
		v[n++] = P("enc=nonesuch");
		v[n++] = P("what is this?");
		v[n++] = P(long_text(4095));
		v[n++] = P(long_text(4096));
	}
	if (arg == PARAMS) {
		for (i = 0; i < ARRAY_SIZE(ids); i++)
			v[n++] = P(pkey_params(ids[i], 32, 128));
		v[n++] = P(pkey_params(pk.cert, 129, 128));
		v[n++] = P(pkey_params(pk.cert, 32, 129));
		v[n++] = P(pkey_params(pk.cert, 0xffffffff, 0xffffffff));
		v[n] = P(pkey_params(pk.cert, 32, 128));
		((uint32_t *)v[n++])[9] = 1;		/* spare */
	}
	return n;
}

/* Which of them it is that is said of a struct is not to be seen in the pointer. */
static void pkey_bad(enum op op, unsigned int i, unsigned int x, unsigned int j, unsigned int y)
{
	size_t mark = stage->used;
	long a[ARGS], v[64];

	good(op, a);
	bad_values(op, i, v);
	a[i] = v[x];
	bad_values(op, j, v);
	a[j] = v[y];
	put("%u.%u, %u.%u: ", i, x, j, y);
	pkey_call(op, a);
	stage->used = mark;
}

static void pkey_pairs(enum op op)
{
	unsigned int i, j, x, y, n, m;
	size_t mark = stage->used;
	long v[64];

	for (i = 0; i < ARGS; i++) {
		for (j = i; j < ARGS; j++) {
			n = bad_values(op, i, v);
			m = bad_values(op, j, v);
			stage->used = mark;
			for (x = 0; x < n; x++)
				for (y = i == j ? x : 0; y < (i == j ? x + 1 : m); y++)
					pkey_bad(op, i, x, j, y);
		}
	}
}

static void pkey_all(bool narrow)
{
	static const enum op ops[] = {
		PKEY_QUERY, PKEY_ENCRYPT, PKEY_DECRYPT, PKEY_SIGN, PKEY_VERIFY
	};
	unsigned int o;
	long a[ARGS];

	pkey_begin(narrow);
	for (o = 0; o < ARRAY_SIZE(ops); o++) {
		good(ops[o], a);
		pkey_call(ops[o], a);
		pkey_pairs(ops[o]);
	}
}

void public_keys_bad(void)
{
	pkey_all(false);
}

void public_keys_bad_32(void)
{
	pkey_all(true);
}
