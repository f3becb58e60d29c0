// SPDX-License-Identifier: GPL-2.0-only
/*
 * Types that only the running kernel knows, and public-key operations. The
 * scenarios ask for types that may not be there: then both services say so.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <stdio.h>
#include <string.h>

#include "certificate.h"

/* ---- what every type has ---- */

/* As the type decodes it: a cipher, of which 0 is none, a time, a length, and the secret */
#define CEPH(cipher, length) cipher "\0" "created." length "\0" "text", 16

static const struct payload {
	const char *type, *desc;
	const void *data;
	size_t len;
} payloads[] = {
	{ "asymmetric", "garbage", "garbage", 7 },
	{ "asymmetric", "nothing", NULL, 0 },
	{ "asymmetric", "cert", certificate, sizeof(certificate) },
	{ "asymmetric", "short", certificate, sizeof(certificate) - 1 },
	{ "asymmetric", "", certificate, sizeof(certificate) },
	{ "asymmetric", "id:cert", certificate, sizeof(certificate) },
	{ "encrypted", "garbage", "garbage", 7 },
	{ "encrypted", "no master", "new user:no-such-master 32", 26 },
	{ "encrypted", "bad master", "new trusted:x 32", 16 },
	{ "encrypted", "short", "new user:master 8", 17 },
	{ "encrypted", "load", "load user:master 32 00", 22 },
	{ "encrypted", "good", "new user:master 32", 18 },
	{ "trusted", "k", "new 32", 6 },
	{ "dns_resolver", "a:host", "1.2.3.4", 8 },
	{ "rxrpc", "afs@CELL", "garbage", 7 },
	{ "id_resolver", "uid:x", "1", 2 },
	{ "id_resolver", "", "1", 2 },
	{ "id_resolver", "uid:y", NULL, 0 },
	{ "id_legacy", "uid:x", "1", 2 },
	{ "ceph", "client.admin", CEPH("\0", "\4") },
	{ "ceph", "too short", CEPH("\0", "\10") },
	{ "ceph", "no such cipher", CEPH("\11", "\4") },
	{ "ceph", "garbage", "garbage", 7 },
	{ "ceph", "nothing", NULL, 0 },
	{ "ceph", "", CEPH("\0", "\4") },
	{ "cifs.spnego", "ver=0x2;host=h", "garbage", 7 },
	{ "cifs.idmap", "oi:1", "1234", 4 },
	{ "psk", "NVMe0R01 host subsystem", "garbage", 7 },
	{ "psk", "", "garbage", 7 },
	{ "fscrypt-provisioning", "k", "\2\0\0\0\0\0\0\0" "0123456789abcdef0123456789abcdef", 40 },
	{ "fscrypt-provisioning", "k", "\2\0\0\0\1\0\0\0" "0123456789abcdef0123456789abcdef", 40 },
	{ ".fscrypt", "k", "garbage", 7 },
	{ "pkcs7_test", "x", "garbage", 7 },
};

static long info_string(struct worker *w, long key, const char *info)
{
	long ret;

	memset(stage->scratch, 0, 64);
	ret = call(w, PKEY_QUERY, key, 0, P(info), P(stage->scratch));
	if (ret >= 0) {
		const uint32_t *q = (const uint32_t *)stage->scratch;
		const uint16_t *sizes = (const uint16_t *)(q + 2);

		say("   ops %x, key %u bits, data %u, signature %u, encrypted %u, plain %u", q[0],
		    q[1], sizes[0], sizes[1], sizes[2], sizes[3]);
	}
	return ret;
}

static void type_one(struct worker *w, const struct payload *p)
{
	long ring = add_quiet(w, "keyring", "other", RING_S), key;

	key = call(w, ADD_KEY, P(p->type), P(p->desc), P(p->data), (long)p->len, RING_S);
	if (key < 0)
		return;
	describe(w, key);
	/* An encrypted key is made of a random number. */
	say("read: %s", result_name(quiet(w, READ, key, OUT, OUT_BYTES)));
	say_proc_keys(w, false);
	call(w, LINK, key, ring);
	call(w, SEARCH, RING_S, P(p->type), P(p->desc), 0);
	call(w, REQUEST_KEY, P(p->type), P(p->desc), 0, 0);
	call(w, UPDATE, key, P(p->data), (long)p->len);
	call(w, UPDATE, key, P("garbage"), 7);
	call(w, SET_TIMEOUT, key, 100);
	info_string(w, key, "");
	call(w, CHOWN, key, -1, uid_base);
	call(w, SETPERM, key, 0x3f3f3f3f);
	say_proc_keys(w, false);
	settle();
	say_key_users(uid_base, 1);
	call(w, UNLINK, key, ring);
	call(w, REVOKE, key);
	describe(w, key);
	call(w, CLEAR, RING_S);
	settle();
}

void types(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	unsigned int i;

	call(w, JOIN, 0);
	call(w, ADD_KEY, P("user"), P("master"), P("0123456789abcdef0123456789abcdef"), 32, RING_U);
	call(w, LINK, RING_U, RING_S);
	for (i = 0; i < ARRAY_SIZE(payloads); i++) {
		type_one(w, &payloads[i]);
		call(w, LINK, RING_U, RING_S);
	}
}

/* What is read is encrypted with the master key; and of a random number, so it is not said */
static void reads(struct worker *w, long key)
{
	say("W%d reads K%u: %s", w->number, name_number(key),
	    result_name(quiet(w, READ, key, P(stage->scratch), 4096)));
}

/*
 * The master key is where it may not be found, and another ring, @t, is empty:
 *
 *	w @s---> "_ses" ---> "master"
 *	  @t---> "_tid"
 */
void encrypted_masked(void)
{
	static const char payload[] = "new user:master 64";
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long master, key;

	call(w, JOIN, 0);
	master = add(w, "user", "master", RING_S);
	key = call(w, ADD_KEY, P("encrypted"), P("k"), P(payload), sizeof(payload) - 1, RING_S);
	reads(w, key);
	call(w, SETPERM, master, 0x37370000);
	reads(w, key);
	call(w, GET_ID, RING_T, 1);
	reads(w, key);
	call(w, SETPERM, master, 0x3f3f0000);
	call(w, REVOKE, master);
	reads(w, key);
	add(w, "user", "master", RING_T);
	reads(w, key);
}

/* ---- asymmetric keys: names, restrictions, operations ---- */

void asymmetric_names(void)
{
	static const char *const names[] = {
		"cert", "id:" CERTIFICATE_SKID, "ex:" CERTIFICATE_SKID, "id:233502", "ex:233502",
		"id:" CERTIFICATE_SERIAL, "id:00", "id:", "ex:", "id:xyz", "id:2335021", "other",
		"id:1a233502", "dc:" CERTIFICATE_SKID
	};
	struct worker *w = worker_user(uid_base, uid_base, -1);
	unsigned int i;

	call(w, JOIN, 0);
	call(w, ADD_KEY, P("asymmetric"), P("cert"), P(certificate), sizeof(certificate), RING_S);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		call(w, SEARCH, RING_S, P("asymmetric"), P(names[i]), 0);
		call(w, REQUEST_KEY, P("asymmetric"), P(names[i]), 0, 0);
	}
}

void asymmetric_restrictions(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	unsigned int i;
	long key, ring;

	call(w, JOIN, 0);
	key = call(w, ADD_KEY, P("asymmetric"), P("cert"), P(certificate), sizeof(certificate),
		   RING_S);
	for (i = 0; i < 10; i++) {
		const char *const rules[] = {
			"builtin_trusted", "builtin_and_secondary_trusted", "key_or_keyring:",
			text("key_or_keyring:%ld", key), text("key_or_keyring:%ld:chain", key),
			text("key_or_keyring:%#lx", key), "key_or_keyring:0", "key_or_keyring:0:chain",
			"key_or_keyring:1", "nonesuch"
		};

		ring = add(w, "keyring", text("r%u", i), RING_S);
		say("-- restriction %u", i);
		say("%s", result_name(quiet(w, RESTRICT, ring, P("asymmetric"), P(rules[i]))));
		call(w, ADD_KEY, P("asymmetric"), P("x"), P(certificate), sizeof(certificate), ring);
		call(w, LINK, key, ring);
		add(w, "user", "x", ring);
		read_all(w, ring);
	}
}

static long pkey(struct worker *w, enum op op, const char *info, const uint32_t *sizes,
		 const void *in, const void *out)
{
	uint32_t *p = room(40);

	memcpy(p, sizes, 3 * sizeof(*p));
	memset(p + 3, 0, 28);
	return call(w, op, P(p), P(info), P(in), P(out));
}

void public_keys(void)
{
	static const char *const infos[] = {
		"", "enc=pkcs1", "enc=pkcs1 hash=sha256", "enc=raw", "hash=sha256", "enc=pkcs1 enc=raw",
		"bad=1", "enc=nonesuch", "enc=pkcs1 hash=nonesuch", "enc=", "enc=pkcs1\thash=sha256",
		" enc=pkcs1", "enc"
	};
	static const enum op ops[] = { PKEY_ENCRYPT, PKEY_DECRYPT, PKEY_SIGN, PKEY_VERIFY };
	static const uint32_t sizes[][2] = {
		{ 32, 128 }, { 32, 127 }, { 32, 129 }, { 31, 128 }, { 0, 128 }, { 32, 0 },
		{ 128, 128 }, { 129, 128 }, { 0xffffffff, 128 }
	};
	struct worker *w = worker_user(uid_base, uid_base, -1);
	const void *const bad[] = { NULL, BAD_LOW, BAD_KERNEL, BAD_EDGE };
	unsigned char *sig = room(sizeof(signature));
	unsigned int i, j, k;
	long keys[4];

	call(w, JOIN, 0);
	keys[0] = call(w, ADD_KEY, P("asymmetric"), P("cert"), P(certificate), sizeof(certificate),
		       RING_S);
	keys[1] = add(w, "user", "k", RING_S);
	keys[2] = RING_S;
	keys[3] = 1;
	memcpy(sig, signature, sizeof(signature));
	for (i = 0; i < ARRAY_SIZE(infos); i++)
		for (j = 0; j < ARRAY_SIZE(keys); j++)
			info_string(w, keys[j], infos[i]);
	call(w, PKEY_QUERY, keys[0], 1, P(""), P(stage->scratch));
	call(w, PKEY_QUERY, keys[0], 0, P(BAD_LOW), P(stage->scratch));
	call(w, PKEY_QUERY, keys[0], 0, P(""), P(BAD_LOW));
	for (i = 0; i < ARRAY_SIZE(infos); i++) {
		for (k = 0; k < ARRAY_SIZE(keys); k++) {
			const uint32_t p[] = { (uint32_t)keys[k], 32, 128 };

			pkey(w, PKEY_VERIFY, infos[i], p, digest, sig);
			if (!k)
				pkey(w, PKEY_SIGN, infos[i], p, digest, stage->scratch);
		}
	}
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			const uint32_t p[] = { (uint32_t)keys[0], sizes[j][0], sizes[j][1] };

			put("of %u and %u bytes: ", p[1], p[2]);
			pkey(w, ops[i], "enc=pkcs1 hash=sha256", p, digest,
			     ops[i] == PKEY_VERIFY ? (void *)sig : stage->scratch);
		}
		for (j = 0; j < ARRAY_SIZE(bad); j++) {
			const uint32_t p[] = { (uint32_t)keys[0], 32, 128 };

			call(w, ops[i], P(bad[j]), P("enc=pkcs1"), P(digest), P(sig));
			pkey(w, ops[i], "enc=pkcs1 hash=sha256", p, bad[j], stage->scratch);
			pkey(w, ops[i], "enc=pkcs1 hash=sha256", p, digest, bad[j]);
		}
	}
	sig[5] ^= 1;
	pkey(w, PKEY_VERIFY, "enc=pkcs1 hash=sha256", (const uint32_t[]){ keys[0], 32, 128 }, digest,
	     sig);
}
