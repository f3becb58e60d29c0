// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room types: `big_key`, small and in a file (keyrings(7), "Key types"). */
#include "kunit_helpers.h"

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/seq_file.h>

#define MIB		(1024u * 1024)
#define QUOTA		16u	/* what a payload costs, however large */

/* The largest payload that is kept as it is. */
#define SMALL_MAX	((unsigned int)(sizeof(struct inode) + sizeof(struct dentry)))

static u8 pattern(unsigned int at, u8 seed)
{
	return (at * 7 + at / 251) ^ seed;
}

static struct kr_payload *content(struct kunit *test, unsigned int len, u8 seed)
{
	struct kr_payload *payload = kr_payload_alloc(len);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, payload);
	for (i = 0; i < len; i++)
		payload->data[i] = pattern(i, seed);
	return payload;
}

static int give(struct kunit *test, struct kr_key *key, unsigned int len, u8 seed)
{
	struct kr_prep prep = { .data = content(test, len, seed) };
	int ret;

	ret = key->type->preparse(&prep);
	if (!ret && kr_key_state(key) == KR_UNINSTANTIATED)
		ret = kr_key_instantiate(key, &prep);
	else if (!ret)
		ret = key->type->update(key, &prep);
	key->type->free_preparse(&prep);
	kr_payload_put_now(prep.data);
	return ret;
}

static struct kr_key *big_key(struct kunit *test)
{
	return kt_hold(test, kr_key_alloc(kt_type(test, "big_key"), "big", kt_uid(KT_UID),
					  kt_gid(KT_GID), KT_PERM, KR_ALLOC_IN_QUOTA));
}

/* How many bytes are not as they should be, or an error. */
static long wrong_bytes(struct kr_key *key, unsigned int len, u8 seed)
{
	u8 *bytes = kvzalloc(len + 1, GFP_KERNEL);
	struct kr_buf buf = { .kernel = bytes, .len = len + 1 };
	unsigned int i;
	long ret;

	if (!bytes)
		return -ENOMEM;
	bytes[len] = 0x55;
	ret = key->type->read(key, &buf);
	if (ret == len) {
		ret = bytes[len] != 0x55;
		for (i = 0; i < len; i++)
			ret += bytes[i] != pattern(i, seed);
	} else if (ret >= 0) {
		ret = -EMSGSIZE;
	}
	kvfree(bytes);
	return ret;
}

static void describe_into(const struct kr_key *key, char *buf, size_t size)
{
	struct seq_file m = { .buf = buf, .size = size };

	rcu_read_lock();
	key->type->describe(key, &m);
	rcu_read_unlock();
	buf[m.count] = '\0';
}

static const unsigned int lengths[] = {
	1, 63, 64, 65, 100, SMALL_MAX - 1, SMALL_MAX, SMALL_MAX + 1, 4095, 4096, 4097, 8192,
	12289, 65536, MIB,
};

static void describe_length(const unsigned int *len, char *desc)
{
	if (*len > SMALL_MAX - 2 && *len < SMALL_MAX + 2)
		snprintf(desc, KUNIT_PARAM_DESC_SIZE, "threshold%+d", (int)(*len - SMALL_MAX));
	else
		snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *len);
}

KUNIT_ARRAY_PARAM(length, lengths, describe_length);

static void reads_as_it_was_given(struct kunit *test)
{
	unsigned int len = *(const unsigned int *)test->param_value;
	struct kr_key *key = big_key(test);
	struct kr_buf nothing = {};
	char text[64], want[64];

	KUNIT_ASSERT_EQ(test, give(test, key, len, 1), 0);
	KUNIT_EXPECT_EQ(test, key->type->read(key, &nothing), (long)len);
	KUNIT_EXPECT_EQ(test, wrong_bytes(key, len, 1), 0L);
	KT_EXPECT_DEBT(test, KT_UID, 1, sizeof("big") + QUOTA);
	describe_into(key, text, sizeof(text));
	snprintf(want, sizeof(want), "big: %u [%s]", len, len > SMALL_MAX ? "file" : "buff");
	KUNIT_EXPECT_STREQ(test, (const char *)text, (const char *)want);
}

/* One that is kept as it is, and one in a file. */
static const unsigned int both_lengths[] = { 100, 50000 };

static void describe_both(const unsigned int *len, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *len);
}

KUNIT_ARRAY_PARAM(both, both_lengths, describe_both);

/* Too small a buffer gets the length and nothing else. */
static void short_buffer_gets_nothing(struct kunit *test)
{
	unsigned int len = *(const unsigned int *)test->param_value;
	struct kr_key *key = big_key(test);
	u8 *bytes = kvzalloc(len, GFP_KERNEL);
	struct kr_buf buf = { .kernel = bytes, .len = len - 1 };

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_EXPECT_EQ(test, give(test, key, len, 2), 0);
	KUNIT_EXPECT_EQ(test, key->type->read(key, &buf), (long)len);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0, len));
	kvfree(bytes);
}

static void empty_or_too_large(struct kunit *test)
{
	struct kr_key *key = big_key(test);
	struct kr_prep prep = {};

	KUNIT_EXPECT_EQ(test, key->type->preparse(&prep), -EINVAL);
	key->type->free_preparse(&prep);
	KUNIT_EXPECT_EQ(test, give(test, key, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, give(test, key, MIB + 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, kr_key_state(key), KR_UNINSTANTIATED);
	KT_EXPECT_DEBT(test, KT_UID, 1, sizeof("big"));
}

/* From small to large and back, and what the file held is not what it holds. */
static void update_replaces_the_content(struct kunit *test)
{
	struct kr_key *key = big_key(test);
	time64_t expiry = kr_now() + 1000;

	KUNIT_ASSERT_EQ(test, give(test, key, 100, 3), 0);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, expiry), 0);
	KUNIT_EXPECT_EQ(test, give(test, key, 50000, 4), 0);
	KUNIT_EXPECT_EQ(test, wrong_bytes(key, 50000, 4), 0L);
	KUNIT_EXPECT_EQ(test, give(test, key, 60000, 5), 0);
	KUNIT_EXPECT_EQ(test, wrong_bytes(key, 60000, 5), 0L);
	KUNIT_EXPECT_EQ(test, give(test, key, 10, 6), 0);
	KUNIT_EXPECT_EQ(test, wrong_bytes(key, 10, 6), 0L);
	KT_EXPECT_DEBT(test, KT_UID, 1, sizeof("big") + QUOTA);
	/* Unlike that of a user key, its time goes on. */
	KUNIT_EXPECT_EQ(test, key->expiry, expiry);
}

static void revoked_key_has_no_content(struct kunit *test)
{
	unsigned int len = *(const unsigned int *)test->param_value;
	struct kr_key *key = big_key(test);

	KUNIT_ASSERT_EQ(test, give(test, key, len, 7), 0);
	kr_key_revoke(key);
	KUNIT_EXPECT_EQ(test, wrong_bytes(key, len, 7), (long)-EKEYREVOKED);
	KT_EXPECT_DEBT(test, KT_UID, 1, sizeof("big"));
	KUNIT_EXPECT_EQ(test, give(test, key, len, 8), -EKEYREVOKED);
	KT_EXPECT_DEBT(test, KT_UID, 1, sizeof("big"));
}

static void content_without_quota(struct kunit *test)
{
	struct kr_key *key = big_key(test);

	kr_limit_values.maxbytes = sizeof("big") + QUOTA - 1;
	KUNIT_EXPECT_EQ(test, give(test, key, 50000, 9), -EDQUOT);
	KUNIT_EXPECT_EQ(test, kr_key_state(key), KR_UNINSTANTIATED);
	kr_limit_values.maxbytes = sizeof("big") + QUOTA;
	KUNIT_EXPECT_EQ(test, give(test, key, 50000, 9), 0);
	KUNIT_EXPECT_EQ(test, wrong_bytes(key, 50000, 9), 0L);
}

struct shelf {
	struct kr_key *key;
	atomic_t reads;
};

/* Editions of one length differ by their seed: one of them it is, whole. */
static int read_shelf(void *arg)
{
	struct shelf *shelf = arg;
	int complaints = 0;
	long a, b, c;

	while (!kthread_should_stop()) {
		/* Between two readings it may have become another one, never none. */
		a = wrong_bytes(shelf->key, 9000, 1);
		b = wrong_bytes(shelf->key, 9000, 2);
		c = wrong_bytes(shelf->key, 9000, 1);
		complaints += a < 0 || b < 0 || c < 0;
		/* Where all differ, all have the other seed: no byte is of both. */
		complaints += (a && a != 9000) || (b && b != 9000) || (c && c != 9000);
		atomic_inc(&shelf->reads);
		cond_resched();
	}
	return complaints;
}

static void read_while_it_is_updated(struct kunit *test)
{
	struct shelf shelf = { .key = big_key(test) };
	unsigned long end = jiffies + KT_STRESS;
	unsigned int round = 0;

	KUNIT_ASSERT_EQ(test, give(test, shelf.key, 9000, 1), 0);
	kt_crew_start(test, 2, read_shelf, &shelf);
	while (time_before(jiffies, end)) {
		KUNIT_EXPECT_EQ(test, give(test, shelf.key, 9000, 1 + ++round % 2), 0);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&shelf.reads), 0);
}

static struct kunit_case big_key_cases[] = {
	KUNIT_CASE_PARAM(reads_as_it_was_given, length_gen_params),
	KUNIT_CASE_PARAM(short_buffer_gets_nothing, both_gen_params),
	KUNIT_CASE(empty_or_too_large),
	KUNIT_CASE(update_replaces_the_content),
	KUNIT_CASE_PARAM(revoked_key_has_no_content, both_gen_params),
	KUNIT_CASE(content_without_quota),
	KUNIT_CASE(read_while_it_is_updated),
	{}
};

static struct kunit_suite big_key_suite = {
	.name		= "kr_types_big_key",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= big_key_cases,
};

kunit_test_suite(big_key_suite);
