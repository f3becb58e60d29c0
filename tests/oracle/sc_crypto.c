// SPDX-License-Identifier: GPL-2.0-only
/* Operations that compute: Diffie-Hellman, and what is refused of public keys. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <string.h>

enum { PRIME_BYTES = 192 };

static struct {
	struct worker *w;
	long prime, small, base, private, logon, ring, stranger, unreadable;
} dh;

/* Any odd number of the right length will do for a prime: the result is compared, not used. */
static long add_number(const char *desc, unsigned char byte, size_t len)
{
	unsigned char *p = room(len);

	memset(p, byte, len);
	return call(dh.w, ADD_KEY, P("user"), P(desc), P(p), (long)len, RING_S);
}

static void dh_begin(bool narrow)
{
	struct worker *v = worker_user(uid_base + 1, uid_base + 1, -1);

	dh.w = worker_user(uid_base, uid_base, -1);
	dh.w->narrow = narrow;
	call(dh.w, JOIN, 0);
	dh.prime = add_number("prime", 0xfb, PRIME_BYTES);
	dh.small = add_number("small", 0xfb, PRIME_BYTES - 1);
	dh.base = add_number("base", 2, 1);
	dh.private = add_number("private", 0x35, 20);
	dh.logon = add(dh.w, "logon", "log:on", RING_S);
	dh.ring = add(dh.w, "keyring", "ring", RING_S);
	dh.stranger = add(v, "user", "stranger", RING_S);
	dh.unreadable = add_number("unreadable", 2, 1);
	call(dh.w, SETPERM, dh.unreadable, 0x01010101);
}

int32_t *dh_params(long private, long prime, long base)
{
	int32_t *ids = room(3 * sizeof(*ids));

	ids[0] = private;
	ids[1] = prime;
	ids[2] = base;
	return ids;
}

static long compute(long private, long prime, long base, const void *buf, long len,
		    const void *kdf)
{
	say("-- private %s, prime %s, base %s", key_name(private), key_name(prime), key_name(base));
	return call(dh.w, DH_COMPUTE, P(dh_params(private, prime, base)), P(buf), len, P(kdf));
}

static const void *kdf(const void *hash, const void *other, uint32_t len, uint32_t spare)
{
	uint32_t *p = room(56);
	unsigned int at = 0, i;

	if (dh.w->narrow) {
		p[at++] = (uint32_t)(uintptr_t)hash;
		p[at++] = (uint32_t)(uintptr_t)other;
	} else {
		memcpy(p, &hash, 8);
		memcpy(p + 2, &other, 8);
		at = 4;
	}
	p[at++] = len;
	for (i = 0; i < 8; i++)
		p[at++] = i == 7 ? spare : 0;
	return p;
}

static void dh_keys(void)
{
	const long bad[] = {
		0, 1, -1, -3, -7, 2147483647, dh.logon, dh.ring, dh.stranger, dh.unreadable,
		dh.small, dh.base, dh.prime, dh.private
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		compute(bad[i], dh.prime, dh.base, stage->out, 1024, NULL);
		compute(dh.private, bad[i], dh.base, stage->out, 1024, NULL);
		compute(dh.private, dh.prime, bad[i], stage->out, 1024, NULL);
		compute(bad[i], bad[i], bad[i], stage->out, 1024, NULL);
	}
}

static void dh_buffers(void)
{
	const long lengths[] = { 0, 1, 191, 192, 193, 4096, -1 };
	const void *const buffers[] = { NULL, BAD_LOW, BAD_KERNEL, BAD_HOLE, BAD_EDGE };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		compute(dh.private, dh.prime, dh.base, stage->out, lengths[i], NULL);
		for (j = 0; j < ARRAY_SIZE(buffers); j++)
			compute(dh.private, dh.prime, dh.base, buffers[j], lengths[i], NULL);
	}
	for (j = 0; j < ARRAY_SIZE(buffers); j++)
		call(dh.w, DH_COMPUTE, P(buffers[j]), P(stage->out), 1024, 0);
}

static void dh_derived(void)
{
	const void *const hashes[] = {
		NULL, BAD_LOW, "", "sha256", "sha1", "nonesuch", "hmac(sha256)", long_text(127),
		long_text(128)
	};
	const void *const others[] = { NULL, BAD_LOW, "other info" };
	const unsigned int lengths[] = { 0, 1, 10, 64, 65, 0xffffffff };
	const long outs[] = { 0, 1, 32, 100, 1024, 1025, -1 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(hashes); i++)
		compute(dh.private, dh.prime, dh.base, stage->out, 32, kdf(hashes[i], NULL, 0, 0));
	for (i = 0; i < ARRAY_SIZE(others); i++)
		for (j = 0; j < ARRAY_SIZE(lengths); j++)
			compute(dh.private, dh.prime, dh.base, stage->out, 32,
				kdf("sha256", others[i], lengths[j], 0));
	for (i = 0; i < ARRAY_SIZE(outs); i++)
		compute(dh.private, dh.prime, dh.base, stage->out, outs[i],
			kdf("sha256", "other", 5, 0));
	compute(dh.private, dh.prime, dh.base, stage->out, 32, kdf("sha256", "other", 5, 1));
	compute(dh.private, dh.prime, dh.base, BAD_LOW, 32, kdf("sha256", "other", 5, 0));
	compute(dh.private, dh.prime, dh.base, stage->out, 32, BAD_LOW);
	compute(dh.private, dh.small, dh.base, stage->out, 32, kdf("nonesuch", BAD_LOW, 5, 1));
}

static void dh_all(bool narrow)
{
	dh_begin(narrow);
	dh_keys();
	dh_buffers();
	dh_derived();
}

void diffie_hellman(void)
{
	dh_all(false);
}

void diffie_hellman_32(void)
{
	dh_all(true);
}
