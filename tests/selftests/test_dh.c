// SPDX-License-Identifier: GPL-2.0-only
/*
 * Diffie-Hellman: KEYCTL_DH_COMPUTE with three numbers that are keys, as they
 * come out, and each of its errors.
 *
 * Specified by keyctl(2), KEYCTL_DH_COMPUTE, and keyctl_dh_compute(3).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "dh.h"

/* DH_COMPUTE of the fixture with room for everything */
#define COMPUTE() ON(self->p, dh_compute(self->ids, self->buf, ROOM, NULL))

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
	EXPECT_TRUE(untouched_from(self->buf, PRIME_BYTES));

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
