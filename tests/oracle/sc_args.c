// SPDX-License-Identifier: GPL-2.0-only
/* Every operation with every kind of bad argument, through both entries. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <string.h>

struct fixture fx;

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

void fixture(void)
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

void good_args(enum op op, long *a)
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
	v[n++] = 0x100000000L;		/* what is above 32 bits is nobody's */
	v[n++] = 0x1fffffffdL;
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
	/* These have a scenario of their own */
	return op != TO_PARENT && (op < DH_COMPUTE || op > PKEY_VERIFY);
}

static void one_bad(bool narrow)
{
	unsigned int op, i, j, n;
	long a[6], v[64];

	fixture();
	fx.w->narrow = narrow;
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

void bad_arguments(void)
{
	one_bad(false);
}

void bad_arguments_32(void)
{
	one_bad(true);
}

/* Two bad arguments at once: which of them is seen first? */
static void two_bad(bool narrow, unsigned int stride)
{
	unsigned int op, i, j, n, m, x, y;
	long a[6], v[64], u[64];

	fixture();
	fx.w->narrow = narrow;
	for (op = 0; op < OPS; op++) {
		const char *k = opdesc[op].args;

		if (!is_tried(op))
			continue;
		for (i = 0; k[i]; i++) {
			for (j = i + 1; k[j]; j++) {
				size_t mark = stage->used;

				n = bad_values(k[i], v);
				m = bad_values(k[j], u);
				for (x = i % 2; x < n; x += stride) {
					for (y = (x + j) % 2; y < m; y += stride) {
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


void bad_pairs(void)
{
	two_bad(false, 5);
}

void bad_pairs_32(void)
{
	two_bad(true, 7);
}
