// SPDX-License-Identifier: GPL-2.0-only
/*
 * The type `asymmetric`: certificates and private keys, and what can be computed
 * with them. What openssl has made of the same keys (make-keys.sh) says whether
 * the kernel computes it right.
 *
 * Specified by Documentation/crypto/asymmetric-keys.rst and the manual pages
 * named in pkey.h.
 */
#include <kselftest_harness.h>

#include "pkey.h"
#include "remains.h"

#define SIGNATURE "enc=pkcs1 hash=sha256"

/*
 *	p (fresh uid) @s---> "_ses" ---> cert (public), private: one key pair
 */
FIXTURE(pair)
{
	struct actor *p;
	uid_t uid;
	long cert, private;
	struct blob *digest, *sig;
	char *out;
};

FIXTURE_SETUP(pair)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->cert = ON(self->p, add_file("leaf.der", NULL, RING_S));
	ASSERT_LT(0, self->cert);
	self->private = ON(self->p, add_file("leaf.p8", "private", RING_S));
	ASSERT_LT(0, self->private);
	self->digest = blob_of("digest");
	self->sig = blob_of("digest.sig");
	self->out = shared(2 * RSA_BYTES);
}

FIXTURE_TEARDOWN(pair)
{
	stage_close();
}

/* The key identifier of the certificate, in hex */
static const char *key_id(void)
{
	struct blob *id = blob_of("leaf.id");

	return shared_text("%.*s", (int)id->len, id->data);
}

/* ---- adding ---- */

/* Without a description, the subject's name and the end of the identifier */
TEST_F(pair, description)
{
	EXPECT_STREQ(shared_text("asymmetric;%u;%u;39010000;test leaf: %s", self->uid,
				 self->uid, key_id()),
		     ON(self->p, description(self->cert)));
	EXPECT_STREQ(shared_text("asymmetric;%u;%u;39010000;private", self->uid, self->uid),
		     ON(self->p, description(self->private)));
}

TEST_F(pair, description_given)
{
	long key = ON(self->p, add_file("leaf.der", "mine", RING_S));

	EXPECT_STREQ(shared_text("asymmetric;%u;%u;39010000;mine", self->uid, self->uid),
		     ON(self->p, description(key)));
	key = ON(self->p, add_file("other.der", "", RING_S));
	EXPECT_NE(NULL, strstr(ON(self->p, description(key)), ";test other: "));
}

TEST_F(pair, row)
{
	struct key_row row;
	const char *id = key_id();

	ASSERT_TRUE(key_row(self->p, self->cert, &row));
	EXPECT_STREQ("asymmetri", row.type);
	EXPECT_STREQ(shared_text("test leaf: %s: X509.rsa %s []", id, id + strlen(id) - 8),
		     row.desc);
}

/* EBADMSG EINVAL EFAULT: what is no key */
TEST_F(pair, not_a_key)
{
	struct blob *cert = blob_of("leaf.der");

	EXPECT_EQ(-EBADMSG, ON(self->p, kc_add("asymmetric", "x", "not a key", 9, RING_S)));
	EXPECT_EQ(-EBADMSG, ON(self->p, kc_add("asymmetric", "x", cert->data,
					       cert->len - 1, RING_S)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("asymmetric", "x", NULL, 0, RING_S)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_add("asymmetric", "x", NOWHERE, 10, RING_S)));
	/* a private key has no name of its own */
	EXPECT_EQ(-EINVAL, ON(self->p, add_file("leaf.p8", NULL, RING_S)));
	EXPECT_EQ(2, ON(self->p, ring_size(RING_S)));
}

/* EOPNOTSUPP: it can be neither read nor updated */
TEST_F(pair, neither_read_nor_updated)
{
	struct blob *cert = blob_of("leaf.der");
	long again;

	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_read(self->cert, NULL, 0)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->cert, PERM_POS(MAY_ALL))));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_read(self->cert, NULL, 0)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_update(self->cert, cert->data, cert->len)));
	/* CVE-2017-15274 */
	EXPECT_EQ(-EFAULT, ON(self->p, kc_update(self->cert, NULL, 8)));
	/* adding once more replaces it */
	again = ON(self->p, add_file("leaf.der", NULL, RING_S));
	EXPECT_LT(0, again);
	EXPECT_NE(self->cert, again);
	EXPECT_EQ(2, ON(self->p, ring_size(RING_S)));
}

/* ---- searching ---- */

/* By description, by the end of an identifier, by a whole identifier */
TEST_F(pair, search)
{
	const char *id = key_id();
	const char *good[] = {
		shared_text("test leaf: %s", id), shared_text("id:%s", id),
		shared_text("id:%s", id + strlen(id) - 8), shared_text("ex:%s", id),
	};
	const char *bad[] = {
		"test leaf", "id:0badc0de", shared_text("ex:%s", id + 2), "ex:00", "id:0000",
	};
	long dest = ON(self->p, kc_add_ring("dest", RING_T));
	unsigned int i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		EXPECT_EQ(self->cert, ON(self->p, kc_search(RING_S, "asymmetric", good[i], 0)))
			TH_LOG("row %u", i);
		EXPECT_EQ(self->cert, ON(self->p, kc_search(RING_S, "asymmetric", good[i], dest)))
			TH_LOG("row %u", i);
		EXPECT_EQ(0, ON(self->p, kc_unlink(self->cert, dest)));
		EXPECT_EQ(self->cert, ON(self->p, kc_request("asymmetric", good[i], NULL, 0)))
			TH_LOG("row %u", i);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_S, "asymmetric", bad[i], 0)))
			TH_LOG("row %u", i);
		EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("asymmetric", bad[i], NULL, 0)))
			TH_LOG("row %u", i);
	}
}

/* EINVAL: an identifier that is none */
TEST_F(pair, search_refused)
{
	static const char *const bad[] = { "id:", "id:xyz", "id:123", "ex:", "ex:12x4" };
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		EXPECT_EQ(-EINVAL, ON(self->p, kc_search(RING_S, "asymmetric", bad[i], 0)))
			TH_LOG("row %u", i);
	}
}

/* A key that a helper has refused to make has no identifier, and is in nobody's way */
TEST_F(pair, search_past_a_negative_key)
{
	struct key_row row;

	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_request("asymmetric", "none", "refuse", RING_S)));
	EXPECT_EQ(3, ON(self->p, ring_size(RING_S)));
	EXPECT_EQ(1, key_rows_like(self->p, "none", &row));
	EXPECT_STREQ("none", row.desc);
	EXPECT_EQ(self->cert, ON(self->p, kc_search(RING_S, "asymmetric",
						    shared_text("id:%s", key_id()), 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_S, "asymmetric", "id:0badc0de", 0)));
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_search(RING_S, "asymmetric", "none", 0)));
}

/* Of several, the first link of the ring, else the latest: as a ring is read */
TEST_F(pair, search_goes_as_a_ring_is_read)
{
	const char *what = shared_text("id:%s", key_id());
	long ring = ON(self->p, kc_add_ring("r", RING_S)), a, b, c;

	ASSERT_LT(0, ON(self->p, kc_add_user("u", "v", ring)));
	a = ON(self->p, add_file("leaf.der", "a", ring));
	b = ON(self->p, add_file("leaf.der", "b", ring));
	c = ON(self->p, add_file("leaf.der", "c", ring));
	EXPECT_EQ(c, ON(self->p, kc_search(ring, "asymmetric", what, 0)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(c)));
	EXPECT_EQ(b, ON(self->p, kc_search(ring, "asymmetric", what, 0)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(b)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(a, 0)));
	/* what was wrong with the last that was looked at */
	EXPECT_EQ(-EACCES, ON(self->p, kc_search(ring, "asymmetric", what, 0)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(a, ring)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_search(ring, "asymmetric", what, 0)));
	/* self->cert is the first link there */
	ASSERT_LT(0, ON(self->p, add_file("leaf.der", "d", RING_S)));
	EXPECT_EQ(self->cert, ON(self->p, kc_search(RING_S, "asymmetric", what, 0)));
}

/* Into a nested ring, and linked to where it was asked for */
TEST_F(pair, search_deep)
{
	long ring = ON(self->p, kc_add_ring("r", RING_S));
	long dest = ON(self->p, kc_add_ring("dest", RING_S));

	ASSERT_EQ(0, ON(self->p, kc_move(self->cert, RING_S, ring, 0)));
	EXPECT_EQ(self->cert, ON(self->p, kc_search(RING_S, "asymmetric",
						    shared_text("id:%s", key_id()), dest)));
	EXPECT_EQ(1, ON(self->p, ring_holds(dest, self->cert)));
}

/* ---- query ---- */

TEST_F(pair, query)
{
	struct pkey_query *res = shared(sizeof(*res));

	memset(res, 0xff, sizeof(*res));
	EXPECT_EQ(0, ON(self->p, kc_pkey_query(self->cert, "enc=pkcs1", res)));
	EXPECT_EQ(CAN_ENCRYPT | CAN_VERIFY, res->ops);
	EXPECT_EQ(2048, res->bits);
	EXPECT_EQ(RSA_BYTES, res->max_sig);
	EXPECT_EQ(RSA_BYTES, res->max_enc);
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(0, res->spare[i]);
	EXPECT_EQ(0, ON(self->p, kc_pkey_query(self->private, "enc=pkcs1", res)));
	EXPECT_EQ(CAN_ENCRYPT | CAN_DECRYPT | CAN_SIGN | CAN_VERIFY, res->ops);
}

/* EINVAL EFAULT EOPNOTSUPP ENOKEY EACCES */
TEST_F(pair, query_refused)
{
	struct pkey_query *res = shared(sizeof(*res));
	static const char *const bad[] = {
		"enc=", "enc=pkcs1 enc=pkcs1", "hash=sha256 hash=sha1", "nosuch=1", "enc", "=",
	};
	long user = ON(self->p, kc_add_user("u", "v", RING_S));
	struct actor *q = actor_user(fresh_uid());
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey_query(self->cert, bad[i], res)))
			TH_LOG("row %u", i);
	}
	/* a comma is part of a name */
	EXPECT_GT(0, ON(self->p, kc_pkey_query(self->cert, "enc=pkcs1,hash=sha256", res)));
	EXPECT_EQ(0, ON(self->p, kc_pkey_query(self->cert, " enc=pkcs1\t hash=sha256", res)));
	EXPECT_EQ(-EINVAL, ON(self->p, keyctl(OP_PKEY_QUERY, self->cert, 1, (long)"",
					      (long)res)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_pkey_query(self->cert, NOWHERE, res)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_pkey_query(self->cert, "enc=pkcs1", NOWHERE)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_pkey_query(user, "", res)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_pkey_query(RING_S, "", res)));
	EXPECT_EQ(-EACCES, ON(q, kc_pkey_query(self->cert, "", res)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_pkey_query(1, "", res)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey_query(0, "", res)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->cert, PERM_POS(MAY_ALL & ~MAY_SEARCH))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_pkey_query(self->cert, "enc=pkcs1", res)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->private)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_pkey_query(self->private, "enc=pkcs1", res)));
}

/* CAPABILITIES says so */
TEST_F(pair, capability)
{
	unsigned char caps = 0;

	EXPECT_LE(1, kc_capabilities(&caps, 1));
	EXPECT_EQ(CAPS0_PKEY, caps & CAPS0_PKEY);
}

/* ---- signatures ---- */

/* The same bytes that openssl has computed */
TEST_F(pair, sign)
{
	EXPECT_EQ(RSA_BYTES, ON(self->p, kc_pkey(OP_PKEY_SIGN, self->private, SIGNATURE,
						 self->digest->data, self->digest->len,
						 self->out, RSA_BYTES)));
	EXPECT_EQ(0, memcmp(self->out, self->sig->data, RSA_BYTES));
}

/* EKEYREJECTED and others: signature or digest changed */
TEST_F(pair, verify)
{
	long ret;

	EXPECT_EQ(0, ON(self->p, kc_pkey(OP_PKEY_VERIFY, self->cert, SIGNATURE,
					 self->digest->data, self->digest->len,
					 self->sig->data, self->sig->len)));
	EXPECT_EQ(0, ON(self->p, kc_pkey(OP_PKEY_VERIFY, self->private, SIGNATURE,
					 self->digest->data, self->digest->len,
					 self->sig->data, self->sig->len)));
	self->digest->data[0] ^= 1;
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_pkey(OP_PKEY_VERIFY, self->cert, SIGNATURE,
						     self->digest->data, self->digest->len,
						     self->sig->data, self->sig->len)));
	self->digest->data[0] ^= 1;
	self->sig->data[100] ^= 1;
	ret = ON(self->p, kc_pkey(OP_PKEY_VERIFY, self->cert, SIGNATURE, self->digest->data,
				  self->digest->len, self->sig->data, self->sig->len));
	EXPECT_TRUE(rejected(ret)) TH_LOG("%ld", ret);
}

/* EINVAL: of a signature as many bytes count as the caller says */
TEST_F(pair, ours_verify_of_another_length)
{
	EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(OP_PKEY_VERIFY, self->cert, SIGNATURE,
					       self->digest->data, self->digest->len,
					       self->sig->data, self->sig->len - 1)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(OP_PKEY_VERIFY, self->cert, SIGNATURE,
					       self->digest->data, self->digest->len,
					       self->sig->data, 0)));
}

/* Another certificate has not signed it */
TEST_F(pair, verify_by_another)
{
	long other = ON(self->p, add_file("other.der", NULL, RING_S));
	long ret = ON(self->p, kc_pkey(OP_PKEY_VERIFY, other, SIGNATURE, self->digest->data,
				       self->digest->len, self->sig->data, self->sig->len));

	EXPECT_TRUE(rejected(ret)) TH_LOG("%ld", ret);
}

/* EINVAL EFAULT EOPNOTSUPP: lengths, addresses, and what is no key */
TEST_F(pair, verify_refused)
{
	char *digest = self->digest->data, *sig = self->sig->data;
	long len = self->digest->len, sig_len = self->sig->len;

	EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(OP_PKEY_VERIFY, self->cert, SIGNATURE, digest,
					       RSA_BYTES + 1, sig, sig_len)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(OP_PKEY_VERIFY, self->cert, SIGNATURE, digest,
					       len, sig, RSA_BYTES + 1)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_pkey(OP_PKEY_VERIFY, self->cert, SIGNATURE, NOWHERE,
					       len, sig, sig_len)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_pkey(OP_PKEY_VERIFY, self->cert, SIGNATURE, digest,
					       len, NOWHERE, sig_len)));
	EXPECT_EQ(-EFAULT, ON(self->p, keyctl(OP_PKEY_VERIFY, (long)NOWHERE, (long)SIGNATURE,
					      (long)digest, (long)sig)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_pkey(OP_PKEY_VERIFY, RING_S, SIGNATURE, digest,
						   len, sig, sig_len)));
	EXPECT_EQ(0, ON(self->p, kc_pkey(OP_PKEY_VERIFY, self->cert, SIGNATURE, digest, len,
					 sig, sig_len)));
}

/* EINVAL EFAULT: lengths, addresses, and keys that cannot */
TEST_F(pair, sign_refused)
{
	char *digest = self->digest->data;
	long len = self->digest->len, ret;

	EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(OP_PKEY_SIGN, self->private, SIGNATURE, digest,
					       RSA_BYTES + 1, self->out, RSA_BYTES)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(OP_PKEY_SIGN, self->private, SIGNATURE, digest,
					       len, self->out, RSA_BYTES + 1)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_pkey(OP_PKEY_SIGN, self->private, SIGNATURE, NOWHERE,
					       len, self->out, RSA_BYTES)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_pkey(OP_PKEY_SIGN, self->private, SIGNATURE, digest,
					       len, NOWHERE, RSA_BYTES)));
	EXPECT_EQ(-EFAULT, ON(self->p, keyctl(OP_PKEY_SIGN, (long)NOWHERE, (long)SIGNATURE,
					      (long)digest, (long)self->out)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(OP_PKEY_SIGN, self->private,
					       "enc=pkcs1 nosuch=1", digest, len, self->out,
					       RSA_BYTES)));
	ret = ON(self->p, kc_pkey(OP_PKEY_SIGN, self->cert, SIGNATURE, digest, len, self->out,
				  RSA_BYTES));
	EXPECT_GT(0, ret);
	ret = ON(self->p, kc_pkey(OP_PKEY_SIGN, self->private, "enc=pkcs1 hash=nosuch", digest,
				  len, self->out, RSA_BYTES));
	EXPECT_GT(0, ret);
}

/* ---- encryption ---- */

TEST_F(pair, decrypt_what_openssl_has_encrypted)
{
	struct blob *enc = blob_of("secret.enc"), *plain = blob_of("secret");

	EXPECT_EQ(plain->len, ON(self->p, kc_pkey(OP_PKEY_DECRYPT, self->private, "enc=pkcs1",
						  enc->data, enc->len, self->out, RSA_BYTES)));
	EXPECT_EQ(0, memcmp(self->out, plain->data, plain->len));
}

TEST_F(pair, encrypt_and_decrypt)
{
	static const char text[] = "there and back";
	char *back = shared(RSA_BYTES);

	EXPECT_EQ(RSA_BYTES, ON(self->p, kc_pkey(OP_PKEY_ENCRYPT, self->cert, "enc=pkcs1", text,
						 sizeof(text), self->out, RSA_BYTES)));
	EXPECT_NE(0, memcmp(self->out, text, sizeof(text)));
	EXPECT_EQ(sizeof(text), ON(self->p, kc_pkey(OP_PKEY_DECRYPT, self->private, "enc=pkcs1",
						    self->out, RSA_BYTES, back, RSA_BYTES)));
	EXPECT_STREQ(text, back);
	/* padding is random: encrypted once more it is something else */
	memcpy(back, self->out, RSA_BYTES);
	EXPECT_EQ(RSA_BYTES, ON(self->p, kc_pkey(OP_PKEY_ENCRYPT, self->cert, "enc=pkcs1", text,
						 sizeof(text), self->out, RSA_BYTES)));
	EXPECT_NE(0, memcmp(self->out, back, RSA_BYTES));
}

/* EINVAL: lengths whose sum is a small one; what the key writes has room, whatever is said */
TEST_F(pair, fix_keyctl_pkey_params_get_2_lengths)
{
	static const unsigned int long_ones[] = { 0xffffffff, 0xffffff00, 0x80000000 };
	unsigned int i;

	for (i = 0; i < sizeof(long_ones) / sizeof(*long_ones); i++) {
		EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(OP_PKEY_ENCRYPT, self->cert, "enc=pkcs1",
						       self->digest->data, long_ones[i],
						       self->out, long_ones[i])));
		EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(OP_PKEY_ENCRYPT, self->cert, "enc=pkcs1",
						       self->digest->data, 32, self->out,
						       long_ones[i])));
		EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(OP_PKEY_SIGN, self->private, SIGNATURE,
						       self->digest->data, 32, self->out,
						       long_ones[i])));
	}
	EXPECT_EQ(RSA_BYTES, ON(self->p, kc_pkey(OP_PKEY_SIGN, self->private, SIGNATURE,
						 self->digest->data, 32, self->out, RSA_BYTES)));
	EXPECT_EQ(0, memcmp(self->out, self->sig->data, RSA_BYTES));
}

/* EINVAL: what the key makes does not fit, and nothing of it is written */
TEST_F(pair, ours_result_beyond_the_buffer)
{
	enum { UNTOUCHED = 0xa5 };
	struct blob *enc = blob_of("secret.enc"), *plain = blob_of("secret");
	const int ops[] = { OP_PKEY_SIGN, OP_PKEY_ENCRYPT, OP_PKEY_DECRYPT };
	const struct blob *in[] = { self->digest, plain, enc };
	const char *const infos[] = { SIGNATURE, "enc=pkcs1", "enc=pkcs1" };
	const long made[] = { RSA_BYTES, RSA_BYTES, plain->len };
	unsigned char *out = shared(RSA_BYTES);

	for (int i = 0; i < 3; i++) {
		memset(out, UNTOUCHED, RSA_BYTES);
		EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(ops[i], self->private, infos[i], in[i]->data,
						       in[i]->len, out, made[i] - 1)));
		EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(ops[i], self->private, infos[i], in[i]->data,
						       in[i]->len, out, 0)));
		for (int at = 0; at < RSA_BYTES; at++)
			EXPECT_EQ(UNTOUCHED, out[at]);
		EXPECT_EQ(made[i], ON(self->p, kc_pkey(ops[i], self->private, infos[i],
						       in[i]->data, in[i]->len, out, made[i])));
	}
}

/* QUERY and the others write what they say, and nothing behind it; refused, nothing at all */
TEST_F(pair, bytes_written)
{
	enum { UNTOUCHED = 0xa5, SPARE = 64 };
	struct blob *enc = blob_of("secret.enc"), *plain = blob_of("secret");
	const int ops[] = { OP_PKEY_SIGN, OP_PKEY_ENCRYPT, OP_PKEY_DECRYPT };
	const struct blob *in[] = { self->digest, plain, enc };
	const char *const infos[] = { SIGNATURE, "enc=pkcs1", "enc=pkcs1" };
	unsigned char *out = shared(RSA_BYTES + SPARE);
	long len;

	for (int i = 0; i < 3; i++) {
		memset(out, UNTOUCHED, RSA_BYTES + SPARE);
		EXPECT_GT(0, ON(self->p, kc_pkey(ops[i], self->private, infos[i], in[i]->data,
						 RSA_BYTES + 1, out, RSA_BYTES)));
		for (int at = 0; at < RSA_BYTES + SPARE; at++)
			EXPECT_EQ(UNTOUCHED, out[at]);
		len = ON(self->p, kc_pkey(ops[i], self->private, infos[i], in[i]->data,
					  in[i]->len, out, RSA_BYTES));
		ASSERT_EQ(ops[i] == OP_PKEY_DECRYPT ? plain->len : RSA_BYTES, len);
		for (int at = len; at < RSA_BYTES + SPARE; at++)
			EXPECT_EQ(UNTOUCHED, out[at]);
	}
	/* refused after it was computed: what was signed has no padding of a text */
	memset(out, UNTOUCHED, RSA_BYTES);
	EXPECT_GT(0, ON(self->p, kc_pkey(OP_PKEY_DECRYPT, self->private, "enc=pkcs1",
					 self->digest->data, 32, out, RSA_BYTES)));
	for (int at = 0; at < RSA_BYTES; at++)
		EXPECT_EQ(UNTOUCHED, out[at]);
	EXPECT_EQ(0, ON(self->p, kc_pkey_query(self->cert, "enc=pkcs1", (void *)out)));
	for (int at = sizeof(struct pkey_query); at < RSA_BYTES; at++)
		EXPECT_EQ(UNTOUCHED, out[at]);
}

#ifdef __x86_64__
/* Of a text of which the beginning can be read, and the rest is not there */
static long encrypt_cut_off(long key, long plain, long len)
{
	unsigned char *text = (unsigned char *)end_of_memory() - len, out[RSA_BYTES];
	long ret;

	/* byte by byte, or it would be found in the task's vector registers, too */
	for (int i = 0; i < len; i++)
		((volatile unsigned char *)text)[i] = ((volatile unsigned char *)plain)[i];
	ret = kc_pkey(OP_PKEY_ENCRYPT, key, "enc=pkcs1", text, len + 1, out, RSA_BYTES);
	explicit_bzero(text, len);
	return ret;
}

/* What was encrypted and decrypted is wiped where it was computed with, or was to be */
TEST_F_TIMEOUT(pair, ours_plaintext_is_wiped, 900)
{
	enum { CUT_OFF = 5 };
	static const int sizes[CUT_OFF] = { 60, 90, 120, 180, 240 };
	unsigned char *plain = shared(RSA_BYTES);

	REQUIRE_KCORE();
	for (int i = 0; i < CUT_OFF; i++) {
		secret_write(i, plain, sizes[i]);
		EXPECT_EQ(RSA_BYTES, ON(self->p, kc_pkey(OP_PKEY_ENCRYPT, self->cert, "enc=pkcs1",
							 plain, sizes[i], self->out, RSA_BYTES)));
		explicit_bzero(plain, RSA_BYTES);
		EXPECT_EQ(sizes[i], ON(self->p, kc_pkey(OP_PKEY_DECRYPT, self->private,
							"enc=pkcs1", self->out, RSA_BYTES,
							plain, RSA_BYTES)));
		EXPECT_TRUE(secret_take(i, plain, sizes[i]));
	}
	for (int i = 0; i < CUT_OFF; i++) {
		secret_write(CUT_OFF, plain, sizes[i]);
		EXPECT_EQ(-EFAULT, actor_do(self->p, encrypt_cut_off, self->cert, (long)plain,
					    sizes[i]));
		explicit_bzero(plain, RSA_BYTES);
	}
	EXPECT_TRUE(none_remains());
}
#endif

/* Without an encoding, the bare numbers: decrypting a signature shows its padding */
TEST_F(pair, raw)
{
	EXPECT_EQ(RSA_BYTES, ON(self->p, kc_pkey(OP_PKEY_ENCRYPT, self->cert, "enc=raw",
						 self->sig->data, RSA_BYTES, self->out,
						 RSA_BYTES)));
	EXPECT_EQ(0, memcmp(self->out, "\x00\x01\xff\xff", 4));
	EXPECT_EQ(0, memcmp(self->out + RSA_BYTES - 32, self->digest->data, 32));
}

/* EBADMSG or so: changed on the way; EINVAL: lengths */
TEST_F(pair, decrypt_refused)
{
	struct blob *enc = blob_of("secret.enc");

	EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(OP_PKEY_DECRYPT, self->private, "enc=pkcs1",
					       enc->data, RSA_BYTES + 1, self->out,
					       RSA_BYTES)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_pkey(OP_PKEY_ENCRYPT, self->cert, "enc=pkcs1",
					       enc->data, RSA_BYTES + 1, self->out,
					       RSA_BYTES)));
	EXPECT_GT(0, ON(self->p, kc_pkey(OP_PKEY_DECRYPT, self->cert, "enc=pkcs1", enc->data,
					 RSA_BYTES, self->out, RSA_BYTES)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_pkey(OP_PKEY_DECRYPT, RING_S, "enc=pkcs1",
						   enc->data, RSA_BYTES, self->out,
						   RSA_BYTES)));
}

/* A key that is revoked meanwhile: each call works, or says so */
static long sign_on(long key, long digest, long count)
{
	char out[RSA_BYTES];
	long ret;

	while ((ret = kc_pkey(OP_PKEY_SIGN, key, SIGNATURE, (void *)digest, 32, out,
			      RSA_BYTES)) == RSA_BYTES)
		__atomic_add_fetch((int *)count, 1, __ATOMIC_SEQ_CST);
	return ret;
}

TEST_F(pair, revoked_under_use)
{
	struct actor *q = actor_fork(self->p);
	int *count = shared(sizeof(*count));

	actor_begin(q, sign_on, self->private, (long)self->digest->data, (long)count);
	EXPECT_TRUE(EVENTUALLY(__atomic_load_n(count, __ATOMIC_SEQ_CST) > 1));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->private)));
	EXPECT_EQ(-EKEYREVOKED, actor_end(q));
}

SELFTEST_MAIN
