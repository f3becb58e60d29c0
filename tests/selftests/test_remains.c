// SPDX-License-Identifier: GPL-2.0-only
/*
 * Secrets after their end: of the content of a key nothing is left in memory once
 * the key has lost it, and nothing at any time of what calls have computed with it.
 *
 * All that a test makes is in a session of its own, and it makes all calls itself:
 * what an actor sees is memory, too.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "dh.h"
#include "remains.h"

enum {
	CONTENT = 512,
	BIG_CONTENT = 200000,	/* certainly in a file */
	PATIENCE_S = 900,	/* a search takes seconds */
	NO_RING = 1,		/* no serial of a key */
};

static unsigned char content[BIG_CONTENT];

/*	this process @s---> "_ses" ---> ring ("r") */
FIXTURE(secret)
{
	long ring;
};

FIXTURE_SETUP(secret)
{
	stage_open();
	REQUIRE_KCORE();
	ASSERT_LT(0, kc_join(NULL));
	self->ring = kc_add_ring("r", RING_S);
	ASSERT_LT(0, self->ring);
}

FIXTURE_TEARDOWN(secret)
{
	stage_close();
}

static long add_secret(const char *type, const char *desc, int number, size_t len, long ring)
{
	long ret;

	secret_write(number, content, len);
	ret = kc_add(type, desc, content, len, ring);
	explicit_bzero(content, len);
	return ret;
}

static long update_with_secret(long key, int number)
{
	long ret;

	secret_write(number, content, CONTENT);
	ret = kc_update(key, content, CONTENT);
	explicit_bzero(content, CONTENT);
	return ret;
}

static bool reads_secret(long key, int number, size_t len)
{
	long ret = kc_read(key, content, sizeof(content));

	return secret_take(number, content, len) && ret == (long)len;
}

#define BIT(number) (1 << (number))

/* Replaced, revoked, refused, and when the key ends */
TEST_F_TIMEOUT(secret, content_is_wiped, PATIENCE_S)
{
	enum { USER, LOGON, REPLACED, NEW, REVOKED, REFUSED };
	long user, logon, updated, revoked;

	user = add_secret("user", "user", USER, CONTENT, self->ring);
	logon = add_secret("logon", "lo:gon", LOGON, CONTENT, self->ring);
	updated = add_secret("user", "updated", REPLACED, CONTENT, self->ring);
	revoked = add_secret("user", "revoked", REVOKED, CONTENT, RING_S);
	ASSERT_LT(0, user);
	ASSERT_LT(0, logon);
	ASSERT_LT(0, updated);
	ASSERT_LT(0, revoked);
	EXPECT_EQ(0, update_with_secret(updated, NEW));
	EXPECT_EQ(0, kc_revoke(revoked));
	EXPECT_EQ(-EKEYREVOKED, update_with_secret(revoked, REFUSED));
	EXPECT_EQ(-ENOKEY, add_secret("user", "refused", REFUSED, CONTENT, NO_RING));
	EXPECT_EQ(-EINVAL, add_secret("logon", "no colon", REFUSED, CONTENT, self->ring));
	EXPECT_TRUE(reads_secret(user, USER, CONTENT));
	EXPECT_TRUE(only_remain(BIT(USER) | BIT(LOGON) | BIT(NEW)));

	EXPECT_EQ(0, kc_unlink(user, self->ring));
	EXPECT_EQ(0, kc_invalidate(logon));
	EXPECT_TRUE(only_remain(BIT(NEW)));
	EXPECT_EQ(0, kc_clear(self->ring));
	EXPECT_TRUE(only_remain(0));
}

/*
 * What DH_COMPUTE takes of keys, and the power from which a key derivation begins; what that
 * makes of it is not known by sight.
 */
TEST_F_TIMEOUT(secret, computed_with_numbers, PATIENCE_S)
{
	enum { BASE, EXPONENT };
	unsigned char prime[PRIME_BYTES + 1], derived[100];
	long before;
	struct kdf kdf = { .hash = "sha256", .otherinfo = "info", .otherinfo_len = 4 };
	struct dh_ids power = {}, result = {};

	ASSERT_EQ(PRIME_BYTES, from_hex(prime_hex, prime));
	power.prime = kc_add("user", "prime", prime, PRIME_BYTES, self->ring);
	power.base = add_secret("user", "base", BASE, PRIME_BYTES, self->ring);
	power.private = kc_add("user", "one", "\1", 1, self->ring);
	ASSERT_LT(0, power.prime);
	ASSERT_LT(0, power.base);
	ASSERT_LT(0, power.private);
	ASSERT_LT(0, scan_memory());
	before = remains[BASE];
	/* to the power of one: the result is the secret itself */
	EXPECT_EQ(PRIME_BYTES, dh_compute(&power, content, sizeof(content), NULL));
	EXPECT_TRUE(secret_take(BASE, content, PRIME_BYTES));
	EXPECT_EQ(sizeof(derived), dh_compute(&power, derived, sizeof(derived), &kdf));
	ASSERT_LT(0, scan_memory());
	EXPECT_EQ(before, remains[BASE]);

	result.prime = power.prime;
	result.base = kc_add("user", "two", "\2", 1, self->ring);
	result.private = add_secret("user", "exponent", EXPONENT, PRIME_BYTES, self->ring);
	ASSERT_LT(0, result.base);
	ASSERT_LT(0, result.private);
	ASSERT_LT(0, scan_memory());
	before = remains[EXPONENT];
	EXPECT_EQ(PRIME_BYTES, dh_compute(&result, content, sizeof(content), NULL));
	EXPECT_EQ(sizeof(derived), dh_compute(&result, derived, sizeof(derived), &kdf));
	ASSERT_LT(0, scan_memory());
	EXPECT_EQ(before, remains[EXPONENT]);
	EXPECT_TRUE(only_remain(BIT(BASE) | BIT(EXPONENT)));
	EXPECT_EQ(0, kc_clear(self->ring));
	EXPECT_TRUE(only_remain(0));
}

/*
 * A small one as the others; a large one is nowhere to be seen, even while it lives. Debian's
 * kernels have no such type of their own: there this fails for lack of it.
 */
TEST_F_TIMEOUT(secret, ours_content_of_a_big_key_is_wiped, PATIENCE_S)
{
	enum { SMALL, LARGE };
	long small, large;

	small = add_secret("big_key", "small", SMALL, CONTENT, self->ring);
	large = add_secret("big_key", "large", LARGE, BIG_CONTENT, self->ring);
	ASSERT_LT(0, small);
	ASSERT_LT(0, large);
	EXPECT_TRUE(only_remain(BIT(SMALL)));
	EXPECT_TRUE(reads_secret(small, SMALL, CONTENT));
	EXPECT_TRUE(reads_secret(large, LARGE, BIG_CONTENT));
	EXPECT_TRUE(only_remain(BIT(SMALL)));
	EXPECT_EQ(0, kc_revoke(small));
	EXPECT_EQ(0, kc_clear(self->ring));
	EXPECT_TRUE(only_remain(0));
}

SELFTEST_MAIN
