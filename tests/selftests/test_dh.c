// SPDX-License-Identifier: GPL-2.0-only
/*
 * Diffie-Hellman: KEYCTL_DH_COMPUTE with three numbers that are keys, as they
 * come out and through the key derivation function, and each of its errors.
 *
 * Specified by keyctl(2), KEYCTL_DH_COMPUTE, and keyctl_dh_compute(3). The
 * numbers were computed by a program of a few lines with integers of its own.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/* The 1536-bit group of RFC 3526, section 2, whose generator is 2 */
static const char prime_hex[] =
	"ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74"
	"020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437"
	"4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
	"ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05"
	"98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb"
	"9ed529077096966d670c354e4abc9804f1746c08ca237327ffffffffffffffff";

static const char alice_hex[] =
	"ece305da2b90b851850040399448d414725a036473c1c6e302408cb52798cad9";

static const char bob_hex[] =
	"371ecb7f1f9c1bc57400ad686eef346eec6fe4e41abd9fbb55a94ac502c971f4";

static const char alice_public_hex[] =
	"57cbcb3490abd21800ca23f9cc55f04e01c2ddba4d942d519cdf5ae306b47e4b"
	"e52b3b38c4e9c34244cf09da7aaa8719d1295742edfac7b0691643072542cd99"
	"ee502e7ff5a543d9b96507aeef524e25c10e74bf6bd015d41e64896457fc9b75"
	"db17752e5e5f2238f2ca3af2a06bd891041ac3ca146b231d70e44080346ddb82"
	"c009b672efedbda51d5cc7b703f361aa52818b101fb3dc56e8183d1108fd37ae"
	"dab2d052f3b6c808b44940a3503f5833066d07b913c75a641328bb70150b1b21";

static const char bob_public_hex[] =
	"2b448bb2a787255009bf92c4455fdf9ff799d5c32bf647024d1cf8b05ae68c30"
	"5659608203bfd6b1dd3ca66721fc8deeee0c9392e732de66c0ebe909c74dada4"
	"8f70a5088432a2cf959d64d0c51ef72c853df629de85d308d738e776286b3a36"
	"281772048662980e5809ae865c47a5af5158012b2d36c1f267ab412fe38da2b4"
	"5161d0087fc72c9cad7d7b03c7d0a6f1eb4da3c676a2803d6060cd80b9da5c77"
	"a45afef86b536839074697240cc08b706d26d83fe69f394aec54ed56b9a106fc";

static const char secret_hex[] =
	"7d63909bce1ad090c31c938d2bd3d70b1d392a5c4106fd557d81ad6025931866"
	"21ea79488d9910e415b482acc2f87eb84e4b3b8b75123642a5f2800e7e4e34b5"
	"ab369e37a7e9c87b75b1a2bd78aab74014a588883060bb04a228007e1a055007"
	"2183e4b5538fa117eface8898c22c618d6464c88e725f4393c3b47a4d3f41a18"
	"3bd7f136c9ed595d8b8bd5269cd74f4ec617b09890a83b2d50c84318976a50de"
	"3ebcd7617c6a79c9a77d1bf37afae358667f41487672270cc940b3242669c7b0";

/* 2 to the power of alice, modulo the prime with a byte 4d behind it: 193 bytes */
static const char odd_power_hex[] =
	"000000000000009961321d0d634247c712d8833110d3846777357fd24430d2b0"
	"f89dc08f22316102dc87493edf96e35f8534959ae1aadfd645f6b2318047f95f"
	"4ffb9bb960bd26c1d4330766567b68b1d97253de398128be052dd37561bb18cc"
	"0736069faee102e2851a8f6f02c30952807f0a9200386935610bb0c2710fb4d4"
	"4845add263af43e920572f63a0421d0f9e8a81443f9685e144db3a89ffd241d3"
	"281151ec959e33b682b2aa1f7774bf23f2ed3328776b05467dabd0c83bc08b10"
	"d4ac0dfcd0ae7e3f";

enum { PRIME_BYTES = 192, ROOM = 2048 };

_Static_assert(sizeof(prime_hex) == 2 * PRIME_BYTES + 1, "the prime's size");

/* The same as a 32-bit process has it */
struct kdf32 {
	uint32_t hash, otherinfo;
	uint32_t otherinfo_len, spare[8];
};

/*
 * Two that agree on a secret, with all their keys in one ring:
 *
 *	p (fresh uid) ---@p---> "_pid" ---> user "prime", "base", "alice", "bob"
 */
FIXTURE(exchange)
{
	struct actor *p;
	int prime, base, alice, bob;
	struct dh_ids *ids;	/* (base ^ alice) % prime */
	struct kdf *kdf;	/* sha256 without more */
	unsigned char *buf;	/* ROOM bytes of '#' */
};

static size_t from_hex(const char *hex, unsigned char *bytes)
{
	size_t n;
	unsigned int byte;

	for (n = 0; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
		bytes[n] = byte;
	return n;
}

static int add_bytes(struct actor *p, const char *desc, const void *bytes, size_t len)
{
	void *copy = shared(len);

	memcpy(copy, bytes, len);
	return ON(p, kc_add("user", desc, copy, len, RING_P));
}

static int add_hex(struct actor *p, const char *desc, const char *hex)
{
	unsigned char bytes[ROOM];
	size_t len = from_hex(hex, bytes);

	return add_bytes(p, desc, bytes, len);
}

FIXTURE_SETUP(exchange)
{
	stage_open();
	self->p = actor_user(fresh_uid());
	self->prime = add_hex(self->p, "prime", prime_hex);
	self->base = add_hex(self->p, "base", "02");
	self->alice = add_hex(self->p, "alice", alice_hex);
	self->bob = add_hex(self->p, "bob", bob_hex);
	ASSERT_LT(0, self->prime);
	ASSERT_LT(0, self->base);
	ASSERT_LT(0, self->alice);
	ASSERT_LT(0, self->bob);

	self->ids = shared(sizeof(*self->ids));
	self->ids->private = self->alice;
	self->ids->prime = self->prime;
	self->ids->base = self->base;
	self->kdf = shared(sizeof(*self->kdf));
	memset(self->kdf, 0, sizeof(*self->kdf));
	self->kdf->hash = "sha256";
	self->buf = shared(ROOM);
	memset(self->buf, '#', ROOM);
}

FIXTURE_TEARDOWN(exchange)
{
	stage_close();
}

static long dh_compute(const struct dh_ids *ids, void *buf, size_t len, const void *kdf)
{
	return keyctl(OP_DH_COMPUTE, (long)ids, (long)buf, (long)len, (long)kdf);
}

/* Was this written, and nothing behind it? */
static bool is_hex(const unsigned char *buf, const char *hex)
{
	unsigned char bytes[ROOM];
	size_t len = from_hex(hex, bytes);

	return !memcmp(buf, bytes, len) && buf[len] == '#';
}

static bool untouched(const unsigned char *buf)
{
	size_t i;

	for (i = 0; i < ROOM; i++)
		if (buf[i] != '#')
			return false;
	return true;
}

/* DH_COMPUTE of the fixture with room for everything */
#define COMPUTE() ON(self->p, dh_compute(self->ids, self->buf, ROOM, NULL))

/* The same through the fixture's KDF */
#define DERIVE(len) ON(self->p, dh_compute(self->ids, self->buf, len, self->kdf))

/* ---- the numbers ---- */

TEST_F(exchange, capability)
{
	unsigned char *caps = shared(1);

	EXPECT_EQ(2, ON(self->p, kc_capabilities(caps, 1)));
	EXPECT_EQ(CAPS0_DH, caps[0] & CAPS0_DH);
}

TEST_F(exchange, public_keys)
{
	EXPECT_EQ(PRIME_BYTES, COMPUTE());
	EXPECT_TRUE(is_hex(self->buf, alice_public_hex));

	self->ids->private = self->bob;
	EXPECT_EQ(PRIME_BYTES, COMPUTE());
	EXPECT_TRUE(is_hex(self->buf, bob_public_hex));
}

TEST_F(exchange, both_sides_get_the_same_secret)
{
	self->ids->base = add_hex(self->p, "bob's public key", bob_public_hex);
	EXPECT_EQ(PRIME_BYTES, COMPUTE());
	EXPECT_TRUE(is_hex(self->buf, secret_hex));

	memset(self->buf, '#', ROOM);
	self->ids->private = self->bob;
	self->ids->base = add_hex(self->p, "alice's public key", alice_public_hex);
	EXPECT_EQ(PRIME_BYTES, COMPUTE());
	EXPECT_TRUE(is_hex(self->buf, secret_hex));
}

TEST_F(exchange, small_results_are_padded)
{
	unsigned char one[PRIME_BYTES] = { [PRIME_BYTES - 1] = 1 };
	unsigned char two[PRIME_BYTES] = { [PRIME_BYTES - 1] = 2 };

	self->ids->private = add_hex(self->p, "exponent", "00");
	EXPECT_EQ(PRIME_BYTES, COMPUTE());
	EXPECT_EQ(0, memcmp(self->buf, one, PRIME_BYTES));

	self->ids->private = add_hex(self->p, "exponent", "0001");
	EXPECT_EQ(PRIME_BYTES, COMPUTE());
	EXPECT_EQ(0, memcmp(self->buf, two, PRIME_BYTES));
	EXPECT_EQ('#', self->buf[PRIME_BYTES]);
}

/* The result has as many bytes as the machine's words that hold the prime */
TEST_F(exchange, odd_length_of_the_prime)
{
	char *hex = shared(sizeof(prime_hex) + 2);

	sprintf(hex, "%s4d", prime_hex);
	self->ids->prime = add_hex(self->p, "odd", hex);
	EXPECT_EQ(PRIME_BYTES + 8, ON(self->p, dh_compute(self->ids, NULL, 0, NULL)));
	EXPECT_EQ(PRIME_BYTES + 8, COMPUTE());
	EXPECT_TRUE(is_hex(self->buf, odd_power_hex));
}

TEST_F(exchange, one_key_three_times)
{
	static const unsigned char zero[PRIME_BYTES];

	self->ids->base = self->ids->private = self->prime;
	EXPECT_EQ(PRIME_BYTES, COMPUTE());
	EXPECT_EQ(0, memcmp(self->buf, zero, PRIME_BYTES));
}

/* ---- the buffer ---- */

TEST_F(exchange, size_query)
{
	EXPECT_EQ(PRIME_BYTES, ON(self->p, dh_compute(self->ids, NULL, 0, NULL)));
	EXPECT_EQ(PRIME_BYTES, ON(self->p, dh_compute(self->ids, self->buf, 0, NULL)));
	EXPECT_EQ(PRIME_BYTES, ON(self->p, dh_compute(self->ids, NOWHERE, 0, NULL)));
	EXPECT_TRUE(untouched(self->buf));
}

/* EOVERFLOW, where keyctl_dh_compute(3) says EINVAL */
TEST_F(exchange, buffer_too_small)
{
	EXPECT_EQ(-EOVERFLOW, ON(self->p, dh_compute(self->ids, self->buf, 1, NULL)));
	EXPECT_EQ(-EOVERFLOW, ON(self->p, dh_compute(self->ids, self->buf,
						    PRIME_BYTES - 1, NULL)));
	EXPECT_TRUE(untouched(self->buf));
	EXPECT_EQ(PRIME_BYTES, ON(self->p, dh_compute(self->ids, self->buf,
						     PRIME_BYTES, NULL)));
	EXPECT_TRUE(is_hex(self->buf, alice_public_hex));
}

/* EINVAL EFAULT */
TEST_F(exchange, bad_pointers)
{
	EXPECT_EQ(-EINVAL, ON(self->p, dh_compute(NULL, self->buf, ROOM, NULL)));
	EXPECT_EQ(-EINVAL, ON(self->p, dh_compute(NULL, self->buf, ROOM, self->kdf)));
	EXPECT_EQ(-EINVAL, ON(self->p, dh_compute(self->ids, NULL, 1, NULL)));
	EXPECT_EQ(-EINVAL, ON(self->p, dh_compute(NOWHERE, NULL, 1, NULL)));
	EXPECT_EQ(-EFAULT, ON(self->p, dh_compute(NOWHERE, self->buf, ROOM, NULL)));
	EXPECT_EQ(-EFAULT, ON(self->p, dh_compute(self->ids, NOWHERE, ROOM, NULL)));
	/* the KDF's parameters come first of all */
	EXPECT_EQ(-EFAULT, ON(self->p, dh_compute(NULL, NULL, 1, NOWHERE)));
	EXPECT_EQ(-EFAULT, ON(self->p, dh_compute(self->ids, NOWHERE, 10, self->kdf)));
	EXPECT_TRUE(untouched(self->buf));
}

/* ---- the keys ---- */

/* ENOKEY: whatever is wrong with an ID */
TEST_F(exchange, no_such_key)
{
	static const int ids[] = { 0, -6, -7, -8, -9, INT32_MIN, INT32_MAX, RING_T };
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		*self->ids = (struct dh_ids){ self->alice, ids[i], self->base };
		EXPECT_EQ(-ENOKEY, COMPUTE()) TH_LOG("prime %d", ids[i]);
		*self->ids = (struct dh_ids){ self->alice, self->prime, ids[i] };
		EXPECT_EQ(-ENOKEY, COMPUTE()) TH_LOG("base %d", ids[i]);
		*self->ids = (struct dh_ids){ ids[i], self->prime, self->base };
		EXPECT_EQ(-ENOKEY, COMPUTE()) TH_LOG("private %d", ids[i]);
		*self->ids = (struct dh_ids){ ids[i], ids[i], ids[i] };
		EXPECT_EQ(-ENOKEY, COMPUTE()) TH_LOG("all %d", ids[i]);
		EXPECT_EQ(-ENOKEY, DERIVE(16)) TH_LOG("all %d", ids[i]);
	}
	/* looked up even when nothing is to be computed */
	EXPECT_EQ(-ENOKEY, ON(self->p, dh_compute(self->ids, NULL, 0, NULL)));
	EXPECT_TRUE(untouched(self->buf));
}

/* ENOKEY: not EKEYREVOKED, EKEYEXPIRED or EACCES */
TEST_F(exchange, key_not_fit_for_use)
{
	int revoked = add_hex(self->p, "revoked", alice_hex);
	int expired = add_hex(self->p, "expired", alice_hex);
	int invalid = add_hex(self->p, "invalid", alice_hex);
	struct actor *q = actor_user(fresh_uid());

	EXPECT_EQ(0, ON(self->p, kc_revoke(revoked)));
	EXPECT_EQ(0, ON(self->p, kc_timeout(expired, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_describe(expired, NULL, 0)) == -EKEYEXPIRED));
	EXPECT_EQ(0, ON(self->p, kc_invalidate(invalid)));
	self->ids->private = revoked;
	EXPECT_EQ(-ENOKEY, COMPUTE());
	self->ids->private = expired;
	EXPECT_EQ(-ENOKEY, COMPUTE());
	self->ids->private = invalid;
	EXPECT_EQ(-ENOKEY, COMPUTE());
	/* another user's */
	self->ids->private = self->alice;
	EXPECT_EQ(-ENOKEY, ON(q, dh_compute(self->ids, self->buf, ROOM, NULL)));
	EXPECT_TRUE(untouched(self->buf));
}

/* Possession alone does not do, as it does for READ: each key must grant read */
TEST_F(exchange, needs_read)
{
	const int keys[] = { self->prime, self->base, self->alice };
	/* without search it would not be possessed, without setattr not changed again */
	uint32_t enough = PERM_POS(MAY_READ | MAY_SEARCH | MAY_SETATTR);
	uint32_t all_but = PERM_POS(MAY_ALL & ~MAY_READ);
	size_t i;

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, ON(self->p, kc_setperm(keys[i], all_but)));
		EXPECT_EQ(-ENOKEY, COMPUTE()) TH_LOG("key %zu", i);
		EXPECT_EQ(0, ON(self->p, kc_setperm(keys[i], enough)));
		EXPECT_EQ(PRIME_BYTES, COMPUTE()) TH_LOG("key %zu", i);
	}
}

TEST_F(exchange, keys_that_others_may_read)
{
	struct actor *q = actor_user(fresh_uid());
	const int keys[] = { self->prime, self->base, self->alice };
	size_t i;

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-ENOKEY, ON(q, dh_compute(self->ids, self->buf, ROOM, NULL)));
		EXPECT_EQ(0, ON(self->p, kc_setperm(keys[i], PERM_POS(MAY_ALL) |
						    PERM_OTH(MAY_READ))));
	}
	EXPECT_EQ(PRIME_BYTES, ON(q, dh_compute(self->ids, self->buf, ROOM, NULL)));
	EXPECT_TRUE(is_hex(self->buf, alice_public_hex));
}

/* EOPNOTSUPP: other types, looked at in the order prime, base, private */
TEST_F(exchange, key_not_of_type_user)
{
	int logon = ON(self->p, kc_add("logon", "l:k", "secret", 6, RING_P));
	int ring = ON(self->p, kc_add_ring("r", RING_P));

	/* a logon key does not grant read unless made to */
	self->ids->private = logon;
	EXPECT_EQ(-ENOKEY, COMPUTE());
	EXPECT_EQ(0, ON(self->p, kc_setperm(logon, PERM_POS(MAY_ALL))));
	EXPECT_EQ(-EOPNOTSUPP, COMPUTE());
	self->ids->private = RING_P;
	EXPECT_EQ(-EOPNOTSUPP, COMPUTE());

	*self->ids = (struct dh_ids){ INT32_MAX, ring, INT32_MAX };
	EXPECT_EQ(-EOPNOTSUPP, COMPUTE());
	*self->ids = (struct dh_ids){ ring, INT32_MAX, ring };
	EXPECT_EQ(-ENOKEY, COMPUTE());
	*self->ids = (struct dh_ids){ INT32_MAX, self->prime, ring };
	EXPECT_EQ(-EOPNOTSUPP, COMPUTE());
	*self->ids = (struct dh_ids){ ring, self->prime, INT32_MAX };
	EXPECT_EQ(-ENOKEY, COMPUTE());
}

/* EINVAL */
TEST_F(exchange, bad_numbers)
{
	unsigned char bytes[PRIME_BYTES + 1] = { 0 };
	int prime = self->prime;

	/* a prime that is too short to be safe, by one byte */
	from_hex(prime_hex, bytes);
	self->ids->prime = add_bytes(self->p, "short", bytes, PRIME_BYTES - 1);
	EXPECT_EQ(-EINVAL, COMPUTE());
	EXPECT_EQ(-EINVAL, ON(self->p, dh_compute(self->ids, NULL, 0, NULL)));
	EXPECT_EQ(-EINVAL, DERIVE(16));

	memset(bytes, 0, sizeof(bytes));
	self->ids->prime = add_bytes(self->p, "zero", bytes, PRIME_BYTES);
	EXPECT_EQ(-EINVAL, COMPUTE());
	EXPECT_EQ(-EINVAL, ON(self->p, dh_compute(self->ids, NULL, 0, NULL)));

	/* exponent or base with more bytes than the prime, even of no value */
	bytes[PRIME_BYTES] = 3;
	self->ids->prime = prime;
	self->ids->private = add_bytes(self->p, "long", bytes, PRIME_BYTES + 1);
	EXPECT_EQ(-EINVAL, COMPUTE());
	self->ids->base = self->ids->private;
	self->ids->private = self->alice;
	EXPECT_EQ(-EINVAL, COMPUTE());
	EXPECT_TRUE(untouched(self->buf));
}

/* More than the arithmetic takes: 16384 bits */
TEST_F(exchange, prime_too_large)
{
	unsigned char *bytes = shared(2049);

	memset(bytes, 0xff, 2049);
	self->ids->prime = ON(self->p, kc_add("user", "huge", bytes, 2049, RING_P));
	EXPECT_EQ(-EINVAL, COMPUTE());
}

/* ---- the key derivation function ---- */

TEST_F(exchange, derived_keys)
{
	static const char info[] = "other information";
	static const struct {
		const char *hash;
		int otherinfo_len, len;
		const char *hex;
	} rows[] = {
		/* four blocks of the hash, the last one in part */
		{ "sha256", 17, 100,
		  "c4f3d17db8f96a97168c93a76a331c18701114a7968ee2cd4ea36cf23626101c"
		  "6f6aaf17e97e0b1c5dd56bc3e62c86c93ded5df51f8e2d5fab9f5b753f9a9e80"
		  "5faed39c3366582404c2518e7578230a2c46e546624bcc945002ebf044545dd0"
		  "53eb0205" },
		{ "sha256", 0, 32,
		  "e2f0fa71d2bad62e7f85e8037a2fb22c8aa8c64f87c6678f6a5426518563bbba" },
		{ "sha256", 17, 7, "c4f3d17db8f96a" },
		{ "sha1", 17, 50,
		  "55319d729ef58597abe4c4051e24a81964644563da05415d478e257627727db8"
		  "1d69243705067a817d01582882bf2784d6b6" },
	};
	size_t i;

	self->ids->base = add_hex(self->p, "bob's public key", bob_public_hex);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		memset(self->buf, '#', ROOM);
		self->kdf->hash = rows[i].hash;
		self->kdf->otherinfo = info;
		self->kdf->otherinfo_len = rows[i].otherinfo_len;
		EXPECT_EQ(rows[i].len, DERIVE(rows[i].len));
		EXPECT_TRUE(is_hex(self->buf, rows[i].hex)) TH_LOG("row %zu", i);
	}
}

/* EMSGSIZE: more than 1024 bytes out, or more than 64 of other information */
TEST_F(exchange, kdf_limits)
{
	static const char last_hex[] =
		"355303386434a2e3d0e234b3423f71e5081174a7fc38ed899ae32647929b4423";
	unsigned char *info = shared(65);
	int i;

	for (i = 0; i < 65; i++)
		info[i] = i;
	self->ids->base = add_hex(self->p, "bob's public key", bob_public_hex);
	self->kdf->otherinfo = (char *)info;
	self->kdf->otherinfo_len = 65;
	EXPECT_EQ(-EMSGSIZE, DERIVE(16));
	self->kdf->otherinfo_len = UINT32_MAX;
	EXPECT_EQ(-EMSGSIZE, DERIVE(16));
	self->kdf->otherinfo_len = 64;
	EXPECT_EQ(-EMSGSIZE, DERIVE(1025));
	EXPECT_EQ(-EMSGSIZE, DERIVE((size_t)-1));
	EXPECT_TRUE(untouched(self->buf));
	EXPECT_EQ(1024, DERIVE(1024));
	EXPECT_TRUE(is_hex(self->buf + 1024 - 32, last_hex));
}

/* No size is asked for here: nothing is derived */
TEST_F(exchange, kdf_of_no_bytes)
{
	EXPECT_EQ(0, ON(self->p, dh_compute(self->ids, NULL, 0, self->kdf)));
	EXPECT_EQ(0, DERIVE(0));
	EXPECT_TRUE(untouched(self->buf));
}

/* ENOENT EINVAL ENOKEY: the hash */
TEST_F(exchange, kdf_hash)
{
	char *name = shared(200);

	self->kdf->hash = "no such hash";
	EXPECT_EQ(-ENOENT, DERIVE(16));
	self->kdf->hash = "";
	EXPECT_EQ(-ENOENT, DERIVE(16));
	/* one that wants a key, which nobody gives it */
	self->kdf->hash = "hmac(sha256)";
	EXPECT_EQ(-ENOKEY, DERIVE(16));
	/* names have at most 127 bytes */
	memset(name, 'x', 128);
	name[127] = 0;
	self->kdf->hash = name;
	EXPECT_EQ(-ENOENT, DERIVE(16));
	name[127] = 'x';
	name[128] = 0;
	EXPECT_EQ(-EINVAL, DERIVE(16));
	self->kdf->hash = NULL;
	EXPECT_EQ(-EFAULT, DERIVE(16));
	self->kdf->hash = NOWHERE;
	EXPECT_EQ(-EFAULT, DERIVE(16));

	self->kdf->hash = "sha256";
	self->kdf->otherinfo = NOWHERE;
	EXPECT_EQ(16, DERIVE(16));
	memset(self->buf, '#', ROOM);
	self->kdf->otherinfo_len = 1;
	EXPECT_EQ(-EFAULT, DERIVE(16));
	EXPECT_TRUE(untouched(self->buf));
}

/* EINVAL for what is kept for later; and which error comes first */
TEST_F(exchange, kdf_order_of_errors)
{
	struct dh_ids ids = *self->ids;
	int i;

	/* whether or not there is any of the three */
	self->ids->prime = INT32_MAX;
	self->ids->base = INT32_MAX;
	self->ids->private = INT32_MAX;
	self->kdf->otherinfo_len = 65;
	EXPECT_EQ(-EMSGSIZE, DERIVE(16));
	*self->ids = ids;
	self->ids->prime = INT32_MAX;
	self->kdf->hash = "no such hash";
	self->kdf->otherinfo_len = 65;
	for (i = 0; i < 8; i++) {
		self->kdf->spare[i] = 0x80000000;
		EXPECT_EQ(-EINVAL, DERIVE(16)) TH_LOG("spare %d", i);
		self->kdf->spare[i] = 0;
	}
	EXPECT_EQ(-EMSGSIZE, DERIVE(16));
	self->kdf->otherinfo_len = 0;
	EXPECT_EQ(-ENOENT, DERIVE(16));
	self->kdf->hash = "sha256";
	EXPECT_EQ(-ENOKEY, DERIVE(16));
	/* without a KDF, 1024 bytes are no limit */
	self->ids->prime = self->prime;
	EXPECT_EQ(PRIME_BYTES, ON(self->p, dh_compute(self->ids, self->buf, 1025, NULL)));
}

#ifdef __x86_64__
/* By the 32-bit door the KDF's parameters are of the 32-bit kind */
TEST_F(exchange, int80_from_a_64_bit_program)
{
	static const char hash[] = "sha256", info[] = "other information";
	static const char hex[] = "c4f3d17db8f96a97168c93a76a331c18";
	static unsigned char buf[ROOM];
	static struct dh_ids ids;
	static struct kdf32 kdf;

	memset(buf, '#', ROOM);
	/* of the calling process itself */
	ids.prime = add_hex(NULL, "prime", prime_hex);
	ids.base = add_hex(NULL, "base", bob_public_hex);
	ids.private = add_hex(NULL, "alice", alice_hex);
	ASSERT_LT(0, ids.private);
	kdf.hash = (uintptr_t)hash;
	kdf.otherinfo = (uintptr_t)info;
	kdf.otherinfo_len = 17;

	EXPECT_EQ(16, raw_int80(288, OP_DH_COMPUTE, (long)&ids, (long)buf, 16, (long)&kdf));
	EXPECT_TRUE(is_hex(buf, hex));
	kdf.spare[7] = 1;
	EXPECT_EQ(-EINVAL, raw_int80(288, OP_DH_COMPUTE, (long)&ids, (long)buf, 16, (long)&kdf));
	EXPECT_EQ(PRIME_BYTES, raw_int80(288, OP_DH_COMPUTE, (long)&ids, (long)buf, ROOM, 0));
	EXPECT_TRUE(is_hex(buf, secret_hex));
}
#endif

/* ---- keys that are not this service's ---- */

/*
 * A ring of the kernel's own can be read by root and is no number. With the
 * module loaded it belongs to the built-in service, which then answers.
 */
TEST_F(exchange, keys_of_the_kernel)
{
	struct key_row row = { .serial = 0 };

	if (!key_rows_like(NULL, ".builtin_trusted_keys", &row))
		SKIP(return, "the kernel has no ring of its own");
	*self->ids = (struct dh_ids){ row.serial, row.serial, row.serial };
	EXPECT_EQ(-EOPNOTSUPP, dh_compute(self->ids, self->buf, ROOM, NULL));
	EXPECT_EQ(-EOPNOTSUPP, dh_compute(self->ids, self->buf, 16, self->kdf));
	/* a plain user may not read it */
	EXPECT_EQ(-ENOKEY, COMPUTE());
	/* with a key of ours */
	self->ids->prime = self->prime;
	EXPECT_EQ(-ENOKEY, COMPUTE());
}

SELFTEST_MAIN
