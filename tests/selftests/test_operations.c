// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations: which there are and what KEYCTL_CAPABILITIES says of them, the one
 * that sets where a process's new keys go, those that want a public key, and the
 * 32-bit door.
 *
 * Specified by keyctl(2), keyctl_set_reqkey_keyring(3), keyctl_capabilities(3) and
 * keyctl_pkey_query(3).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "holder.h"

TEST_F(holder, default_request_ring)
{
	int value;

	EXPECT_EQ(REQKEY_DEFAULT, ON(self->p, kc_reqkey(REQKEY_ASK)));
	/* each returns what was in force before */
	for (value = REQKEY_DEFAULT; value <= REQKEY_REQUESTOR; value++) {
		int before = value ? value - 1 : REQKEY_DEFAULT;

		if (value == REQKEY_G)
			continue;
		if (before == REQKEY_G)
			before = REQKEY_US;
		EXPECT_EQ(before, ON(self->p, kc_reqkey(value)));
		EXPECT_EQ(value, ON(self->p, kc_reqkey(REQKEY_ASK)));
	}
	EXPECT_EQ(-EINVAL, ON(self->p, kc_reqkey(REQKEY_G)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_reqkey(-2)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_reqkey(8)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_reqkey(INT32_MIN)));
	EXPECT_EQ(REQKEY_REQUESTOR, ON(self->p, kc_reqkey(REQKEY_DEFAULT)));
}

/* Choosing the thread or process keyring makes it, and keeps the one there is */
TEST_F(holder, default_request_ring_is_made)
{
	struct actor *q = actor_user(self->uid);
	long t, p;

	EXPECT_EQ(0, ON(q, kc_reqkey(REQKEY_T)));
	t = ON(q, kc_id(RING_T, 0));
	EXPECT_LT(0, t);
	EXPECT_EQ(-ENOKEY, ON(q, kc_id(RING_P, 0)));
	EXPECT_EQ(REQKEY_T, ON(q, kc_reqkey(REQKEY_P)));
	p = ON(q, kc_id(RING_P, 0));
	EXPECT_LT(0, p);
	EXPECT_EQ(REQKEY_P, ON(q, kc_reqkey(REQKEY_T)));
	EXPECT_EQ(REQKEY_T, ON(q, kc_reqkey(REQKEY_P)));
	EXPECT_EQ(t, ON(q, kc_id(RING_T, 0)));
	EXPECT_EQ(p, ON(q, kc_id(RING_P, 0)));
}

TEST_F(holder, capabilities)
{
	unsigned char *buf = shared(16);
	int i;

	memset(buf, '#', 16);
	EXPECT_EQ(2, ON(self->p, kc_capabilities(buf, 16)));
	EXPECT_EQ(CAPS0_CAPABILITIES | CAPS0_INVALIDATE | CAPS0_MOVE,
		  buf[0] & (CAPS0_CAPABILITIES | CAPS0_INVALIDATE | CAPS0_MOVE));
	EXPECT_EQ(CAPS1_NS_NAME, buf[1] & CAPS1_NS_NAME);
	/* the rest of the buffer is zero */
	for (i = 2; i < 16; i++) {
		EXPECT_EQ(0, buf[i]);
	}

	memset(buf, '#', 16);
	EXPECT_EQ(2, ON(self->p, kc_capabilities(buf, 1)));
	EXPECT_NE('#', buf[0]);
	EXPECT_EQ('#', buf[1]);
	EXPECT_EQ(2, ON(self->p, kc_capabilities(NULL, 0)));
	EXPECT_EQ(2, ON(self->p, kc_capabilities(NOWHERE, 0)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_capabilities(NULL, 1)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_capabilities(NOWHERE, 2)));
}

/* EFAULT: an answer of which only so many bytes can be written is none */
TEST_F(holder, answers_that_end_beyond_memory)
{
	char *end = end_of_memory(), text[100];
	long key = kc_add_user("half", "value", RING_P), ring = kc_add_ring("half", RING_P), len;
	int32_t ids[3];

	ASSERT_LT(0, key);
	for (int i = 0; i < 3; i++) {
		ASSERT_LT(0, kc_add_user(shared_text("%d", i), "v", ring));
	}
	len = kc_describe(key, text, sizeof(text));
	for (long n = 0; n < len; n++) {
		EXPECT_EQ(-EFAULT, kc_describe(key, end - n, len)) TH_LOG("%ld", n);
	}
	EXPECT_EQ(len, kc_describe(key, end - len, len));
	EXPECT_STREQ(text, end - len);

	for (long n = 0; n < 5; n++) {
		EXPECT_EQ(-EFAULT, kc_read(key, end - n, 5)) TH_LOG("%ld", n);
	}
	EXPECT_EQ(5, kc_read(key, end - 5, 5));
	EXPECT_EQ(0, memcmp("value", end - 5, 5));

	ASSERT_EQ(sizeof(ids), kc_read(ring, ids, sizeof(ids)));
	for (size_t n = 0; n < sizeof(ids); n++) {
		EXPECT_EQ(-EFAULT, kc_read(ring, end - n, sizeof(ids))) TH_LOG("%zu", n);
	}
	EXPECT_EQ(sizeof(ids), kc_read(ring, end - sizeof(ids), sizeof(ids)));
	EXPECT_EQ(0, memcmp(ids, end - sizeof(ids), sizeof(ids)));

	/* two bytes, and two that are cleared */
	for (long n = 0; n < 4; n++) {
		EXPECT_EQ(-EFAULT, kc_capabilities((unsigned char *)end - n, 4)) TH_LOG("%ld", n);
	}
	EXPECT_EQ(2, kc_capabilities((unsigned char *)end - 4, 4));
	EXPECT_EQ(0, end[-1]);
	EXPECT_EQ(0, kc_clear(RING_P));
}

/* EOPNOTSUPP, not EINVAL: operations nobody knows */
TEST_F(holder, unknown_operations)
{
	static const int ops[] = { 33, 34, 1000, INT32_MAX, -1, INT32_MIN };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		EXPECT_EQ(-EOPNOTSUPP, ON(self->p, keyctl(ops[i], self->key, 0,
							  0, 0)));
	}
}

/* KEYCTL_CAPABILITIES says so where there are no public keys, and then there are no operations */
TEST_F(holder, pkey_operations_as_announced)
{
	unsigned char *caps = shared(2);
	bool announced;
	int op;

	EXPECT_EQ(2, ON(self->p, kc_capabilities(caps, 2)));
	announced = caps[0] & CAPS0_PKEY;
	for (op = OP_PKEY_QUERY; op <= OP_PKEY_VERIFY; op++)
		EXPECT_EQ(announced ? -EFAULT : -EOPNOTSUPP,
			  ON(self->p, keyctl(op, op == OP_PKEY_QUERY ? self->key : 0, 0, 0, 0)))
			TH_LOG("%d", op);
}

/* A key whose type knows nothing of public keys, after all that can be wrong besides */
TEST_F(holder, pkey_operations_want_an_asymmetric_key)
{
	static const char *const bad[] = { "enc", "enc=", "enc=a enc=b", "hash=", "what=x", "enc=a\tx" };
	static const int ops[] = { OP_PKEY_ENCRYPT, OP_PKEY_DECRYPT, OP_PKEY_SIGN, OP_PKEY_VERIFY };
	struct { int key; unsigned int in, out, spare[7]; } *params = shared(sizeof(*params));
	unsigned char *caps = shared(2);
	size_t i;

	EXPECT_EQ(2, ON(self->p, kc_capabilities(caps, 2)));
	if (!(caps[0] & CAPS0_PKEY))
		SKIP(return, "the kernel has no public keys");
	EXPECT_EQ(-EINVAL, ON(self->p, keyctl(OP_PKEY_QUERY, self->key, 1, (long)"", 0)));
	EXPECT_EQ(-EFAULT, ON(self->p, keyctl(OP_PKEY_QUERY, self->key, 0, 0, 0)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, keyctl(OP_PKEY_QUERY, self->key, 0,
						  (long)"enc=pkcs1  hash=sha1", 0)));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, ON(self->p, keyctl(OP_PKEY_QUERY, self->key, 0,
						      (long)bad[i], 0)))
			TH_LOG("%s", bad[i]);
	}
	params->key = self->key;
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		EXPECT_EQ(-EFAULT, ON(self->p, keyctl(ops[i], 0, (long)"", 0, 0)));
		EXPECT_EQ(-EFAULT, ON(self->p, keyctl(ops[i], (long)params, 0, 0, 0)));
		EXPECT_EQ(-EOPNOTSUPP, ON(self->p, keyctl(ops[i], (long)params, (long)"", 0, 0)));
	}
}

#ifdef __x86_64__
/* A 64-bit program may enter by the 32-bit door */
TEST_F(holder, int80_from_a_64_bit_program)
{
	static char buf[64];
	long key;

	key = raw_int80(286, (long)"user", (long)"by int80", (long)"v80", 3,
			RING_P);
	ASSERT_LT(0, key);
	EXPECT_EQ(key, raw_int80(287, (long)"user", (long)"by int80", 0, 0, 0));
	EXPECT_EQ(key, kc_request("user", "by int80", NULL, 0));
	EXPECT_EQ(3, raw_int80(288, OP_READ, key, (long)buf, sizeof(buf), 0));
	EXPECT_STREQ("v80", buf);
	EXPECT_EQ(-ENOKEY, raw_int80(288, OP_GET_KEYRING_ID, RING_T, 0, 0, 0));
	EXPECT_EQ(-EOPNOTSUPP, raw_int80(288, 1000, 0, 0, 0, 0));
	EXPECT_EQ(0, raw_int80(288, OP_UNLINK, key, RING_P, 0, 0));
	EXPECT_EQ(-ENOKEY, kc_request("user", "by int80", NULL, 0));
}
#endif

SELFTEST_MAIN
