// SPDX-License-Identifier: GPL-2.0-only
/*
 * Diffie-Hellman through the key derivation function: what KEYCTL_DH_COMPUTE
 * derives from the shared secret, its limits, and each of its errors.
 *
 * Specified by keyctl(2), KEYCTL_DH_COMPUTE, and keyctl_dh_compute(3).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "dh.h"

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
		EXPECT_TRUE(untouched_from(self->buf, rows[i].len));
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

SELFTEST_MAIN
