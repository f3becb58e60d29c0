// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room types: the table of types, `user` and `logon` (keyrings(7), "Key types"). */
#include "kunit_helpers.h"
#include "kunit_reaper.h"

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

/* Makes a key of a type; NULL bytes when len is negative. */
static int make(struct kunit *test, const char *type, const char *desc, int len,
		struct kr_key **out)
{
	struct kr_payload *payload = len < 0 ? NULL : kt_payload(test, len, 'p');
	struct kr_prep prep = { .desc = desc, .data = payload };
	const struct kr_key_type *key_type = kt_type(test, type);
	struct kr_key *key;
	int ret;

	*out = NULL;
	ret = key_type->preparse(&prep);
	/* What was taken is no longer the caller's, what was refused is. */
	KUNIT_EXPECT_PTR_EQ(test, prep.data, ret ? payload : NULL);
	if (!ret) {
		key = kr_key_alloc(key_type, desc, kt_uid(KT_UID), kt_gid(KT_GID), KT_PERM,
				   KR_ALLOC_IN_QUOTA);
		ret = PTR_ERR_OR_ZERO(key);
		if (!ret) {
			*out = kt_hold(test, key);
			ret = kr_key_instantiate(key, &prep);
		}
	}
	key_type->free_preparse(&prep);
	kr_payload_put_now(prep.data);
	return ret;
}

static int update(struct kunit *test, struct kr_key *key, size_t len, u8 fill)
{
	struct kr_prep prep = { .data = kt_payload(test, len, fill) };
	int ret;

	ret = key->type->preparse(&prep);
	if (!ret)
		ret = key->type->update(key, &prep);
	key->type->free_preparse(&prep);
	kr_payload_put_now(prep.data);
	return ret;
}

struct len_case {
	const char *type;
	int len;
	int ret;
};

static const struct len_case len_cases[] = {
	{ "user", -1, -EINVAL }, { "user", 0, -EINVAL }, { "user", 1, 0 }, { "user", 2, 0 },
	{ "user", 4095, 0 }, { "user", 4096, 0 }, { "user", 4097, 0 }, { "user", 32766, 0 },
	{ "user", 32767, 0 }, { "user", 32768, -EINVAL }, { "user", 65536, -EINVAL },
	{ "user", 65537, -EINVAL }, { "user", 1048575, -EINVAL },
	{ "logon", -1, -EINVAL }, { "logon", 0, -EINVAL }, { "logon", 1, 0 },
	{ "logon", 32767, 0 }, { "logon", 32768, -EINVAL }, { "logon", 65537, -EINVAL },
};

static void describe_len(const struct len_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s_%d", c->type, c->len);
}

KUNIT_ARRAY_PARAM(len, len_cases, describe_len);

static void payload_of_1_to_32767_bytes(struct kunit *test)
{
	const struct len_case *c = test->param_value;
	struct kr_key *key;

	kr_limit_values.maxbytes = 40000;
	KUNIT_ASSERT_EQ(test, make(test, c->type, "a:b", c->len, &key), c->ret);
	if (c->ret) {
		KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
		return;
	}
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)c->len);
	KT_EXPECT_DEBT(test, KT_UID, 1, 4 + c->len);
	/* The same limits for an update. */
	KUNIT_EXPECT_EQ(test, update(test, key, 0, 'q'), -EINVAL);
	KUNIT_EXPECT_EQ(test, update(test, key, 32768, 'q'), -EINVAL);
	KT_EXPECT_DEBT(test, KT_UID, 1, 4 + c->len);
	KUNIT_EXPECT_EQ(test, update(test, key, 32767, 'q'), 0);
	KT_EXPECT_DEBT(test, KT_UID, 1, 4 + 32767);
}

struct desc_case {
	const char *name;
	const char *desc;
	int ret;	/* for logon */
};

static const struct desc_case desc_cases[] = {
	{ "prefix_and_rest",	"a:b",		0 },
	{ "prefix_alone",	"a:",		0 },
	{ "two_colons",		"a::b",		0 },
	{ "long_prefix",	"afs_session_key:volume", 0 },
	{ "no_colon",		"ab",		-EINVAL },
	{ "no_prefix",		":b",		-EINVAL },
	{ "colon_alone",	":",		-EINVAL },
	{ "colons_alone",	"::",		-EINVAL },
};

static void describe_desc(const struct desc_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(desc, desc_cases, describe_desc);

static void logon_description_has_a_prefix(struct kunit *test)
{
	const struct desc_case *c = test->param_value;
	struct kr_key *key;

	KUNIT_EXPECT_EQ(test, make(test, "logon", c->desc, 1, &key), c->ret);
	/* A user key is described as it pleases. */
	KUNIT_EXPECT_EQ(test, make(test, "user", c->desc, 1, &key), 0);
}

static long read_key(struct kr_key *key, u8 *bytes, size_t len)
{
	struct kr_buf buf = { .kernel = bytes, .len = len };

	return key->type->read(key, &buf);
}

/* All or nothing: keyctl_read(3). */
static void user_key_is_read_whole(struct kunit *test)
{
	struct kr_key *key;
	u8 bytes[12];

	KUNIT_ASSERT_EQ(test, make(test, "user", "k", 10, &key), 0);
	memset(bytes, '.', sizeof(bytes));
	KUNIT_EXPECT_EQ(test, read_key(key, NULL, 0), 10L);
	KUNIT_EXPECT_EQ(test, read_key(key, bytes, 9), 10L);
	KUNIT_EXPECT_EQ(test, memcmp(bytes, "............", 12), 0);
	KUNIT_EXPECT_EQ(test, read_key(key, bytes, 10), 10L);
	KUNIT_EXPECT_EQ(test, memcmp(bytes, "pppppppppp..", 12), 0);
	memset(bytes, '.', sizeof(bytes));
	KUNIT_EXPECT_EQ(test, read_key(key, bytes, 12), 10L);
	KUNIT_EXPECT_EQ(test, memcmp(bytes, "pppppppppp..", 12), 0);
}

static void large_payload_is_read_whole(struct kunit *test)
{
	u8 *bytes = kunit_kzalloc(test, 32767, GFP_KERNEL);
	struct kr_key *key;
	unsigned int i, wrong = 0;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	kr_limit_values.maxbytes = 40000;
	KUNIT_ASSERT_EQ(test, make(test, "user", "k", 32767, &key), 0);
	KUNIT_EXPECT_EQ(test, read_key(key, bytes, 32767), 32767L);
	for (i = 0; i < 32767; i++)
		wrong += bytes[i] != 'p';
	KUNIT_EXPECT_EQ(test, wrong, 0u);
}

static void logon_key_is_not_read(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, kt_type(test, "logon")->read);
	KUNIT_EXPECT_NOT_NULL(test, kt_type(test, "logon")->update);
	KUNIT_EXPECT_NOT_NULL(test, kt_type(test, "user")->read);
}

static void update_replaces_the_payload(struct kunit *test)
{
	struct kr_key *key;
	u8 bytes[20] = {};

	KUNIT_ASSERT_EQ(test, make(test, "user", "k", 10, &key), 0);
	KUNIT_EXPECT_EQ(test, update(test, key, 20, 'q'), 0);
	KUNIT_EXPECT_EQ(test, read_key(key, bytes, 20), 20L);
	KUNIT_EXPECT_EQ(test, memcmp(bytes, "qqqqqqqqqqqqqqqqqqqq", 20), 0);
	KT_EXPECT_DEBT(test, KT_UID, 1, 22);
	KUNIT_EXPECT_EQ(test, update(test, key, 3, 'r'), 0);
	KUNIT_EXPECT_EQ(test, read_key(key, bytes, 20), 3L);
	KUNIT_EXPECT_EQ(test, memcmp(bytes, "rrrqqq", 6), 0);
	KT_EXPECT_DEBT(test, KT_UID, 1, 5);
}

static void update_beyond_the_quota(struct kunit *test)
{
	struct kr_key *key;
	u8 bytes[20] = {};

	kr_limit_values.maxbytes = 12;
	KUNIT_ASSERT_EQ(test, make(test, "user", "k", 10, &key), 0);
	KUNIT_EXPECT_EQ(test, update(test, key, 11, 'q'), -EDQUOT);
	KUNIT_EXPECT_EQ(test, read_key(key, bytes, 20), 10L);
	KUNIT_EXPECT_EQ(test, memcmp(bytes, "pppppppppp", 10), 0);
	KT_EXPECT_DEBT(test, KT_UID, 1, 12);
	KUNIT_EXPECT_EQ(test, make(test, "user", "l", 10, &key), -EDQUOT);
	KT_EXPECT_DEBT(test, KT_UID, 1, 12);
}

/* The payload fits no longer, but the key does: it stays uninstantiated. */
static void instantiation_beyond_the_quota(struct kunit *test)
{
	struct kr_key *key;

	kr_limit_values.maxbytes = 11;
	KUNIT_EXPECT_EQ(test, make(test, "user", "k", 10, &key), -EDQUOT);
	KUNIT_ASSERT_NOT_NULL(test, key);
	KUNIT_EXPECT_EQ(test, kr_key_state(key), KR_UNINSTANTIATED);
	KT_EXPECT_DEBT(test, KT_UID, 1, 2);
	kr_limit_values.maxbytes = 12;
	KUNIT_EXPECT_EQ(test, kt_instantiate(test, key, 10), 0);
	KT_EXPECT_DEBT(test, KT_UID, 1, 12);
}

static void update_ends_the_timeout(struct kunit *test)
{
	struct kr_key *key;

	KUNIT_ASSERT_EQ(test, make(test, "user", "k", 10, &key), 0);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, kr_now() + 10), 0);
	KUNIT_EXPECT_EQ(test, update(test, key, 10, 'q'), 0);
	KUNIT_EXPECT_EQ(test, key->expiry, KR_NEVER);
	KUNIT_EXPECT_NULL(test, key->deadline);
}

/* The secret goes with the revocation, not only when the key does. */
static void revoked_key_has_no_payload(struct kunit *test)
{
	struct kr_key *key;
	u8 byte;

	KUNIT_ASSERT_EQ(test, make(test, "user", "k", 10, &key), 0);
	kr_key_revoke(key);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(key->payload));
	KUNIT_EXPECT_EQ(test, read_key(key, &byte, 1), (long)-EKEYREVOKED);
	KT_EXPECT_DEBT(test, KT_UID, 1, 2);
	KUNIT_EXPECT_EQ(test, update(test, key, 10, 'q'), -EKEYREVOKED);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(key->payload));
	KT_EXPECT_DEBT(test, KT_UID, 1, 2);
}

static void describe_into(const struct kr_key *key, char *buf, size_t size)
{
	struct seq_file m = { .buf = buf, .size = size };

	rcu_read_lock();
	key->type->describe(key, &m);
	rcu_read_unlock();
	buf[m.count] = '\0';
}

static void described_with_its_length(struct kunit *test)
{
	struct kr_key *key;
	char text[64];

	KUNIT_ASSERT_EQ(test, make(test, "logon", "a:b", 10, &key), 0);
	describe_into(key, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, (const char *)text, "a:b: 10");
	key = kt_hold(test, kr_key_alloc(kt_type(test, "user"), "unborn", kt_uid(KT_UID),
					 kt_gid(KT_GID), KT_PERM, KR_ALLOC_IN_QUOTA));
	describe_into(key, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, (const char *)text, "unborn");
	KUNIT_EXPECT_EQ(test, kt_instantiate(test, key, 3), 0);
	kr_key_set_state(key, -ENOKEY);
	describe_into(key, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, (const char *)text, "unborn");
}

struct book {
	struct kr_key *key;
	atomic_t reads;
};

/* Two editions, of one length and letter each: none is ever seen mixed. */
static int read_book(void *arg)
{
	struct book *book = arg;
	int complaints = 0, i;
	u8 *bytes = kmalloc(5000, GFP_KERNEL);
	long len;

	while (bytes && !kthread_should_stop()) {
		cond_resched();
		len = read_key(book->key, bytes, 5000);
		if (len == -EKEYREVOKED)
			continue;
		complaints += len != (bytes[0] == 'a' ? 100 : 5000);
		for (i = 0; i < len; i++)
			complaints += bytes[i] != bytes[0];
		atomic_inc(&book->reads);
	}
	kfree(bytes);
	return complaints;
}

static void read_while_it_is_updated(struct kunit *test)
{
	unsigned long end = jiffies + KT_STRESS;
	struct book book = {};
	unsigned int updates = 0;

	KUNIT_ASSERT_EQ(test, make(test, "user", "k", 100, &book.key), 0);
	KUNIT_ASSERT_EQ(test, update(test, book.key, 100, 'a'), 0);
	kt_crew_start(test, 3, read_book, &book);
	while (time_before(jiffies, end)) {
		KUNIT_EXPECT_EQ(test, update(test, book.key, 5000, 'b'), 0);
		cond_resched();
		KUNIT_EXPECT_EQ(test, update(test, book.key, 100, 'a'), 0);
		updates += 2;
	}
	kr_key_revoke(book.key);
	msleep(20);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&book.reads), 0);
	KUNIT_EXPECT_GT(test, updates, 0u);
	KT_EXPECT_DEBT(test, KT_UID, 1, 2);
}

static int update_book(void *arg)
{
	struct book *book = arg;
	int complaints = 0, ret;

	while (!kthread_should_stop()) {
		struct kr_prep prep = { .data = kr_payload_alloc(50) };

		if (!prep.data)
			continue;
		memset(prep.data->data, 'c', 50);
		ret = book->key->type->preparse(&prep);
		if (!ret)
			ret = book->key->type->update(book->key, &prep);
		complaints += ret && ret != -EKEYREVOKED;
		book->key->type->free_preparse(&prep);
		atomic_inc(&book->reads);
		cond_resched();
	}
	return complaints;
}

/* CVE-2015-7550 and its like: whoever comes last, a revoked key keeps no secret. */
static void revoked_while_it_is_updated(struct kunit *test)
{
	struct book book = {};
	unsigned int i, left = 0;

	for (i = 0; i < 15; i++) {
		KUNIT_ASSERT_EQ(test, make(test, "user", "k", 100, &book.key), 0);
		atomic_set(&book.reads, 0);
		kt_crew_start(test, 2, update_book, &book);
		while (atomic_read(&book.reads) < 20)
			schedule_timeout_uninterruptible(1);
		kr_key_revoke(book.key);
		left += !!rcu_access_pointer(book.key->payload);
		msleep(20);
		KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
		left += !!rcu_access_pointer(book.key->payload);
		KT_EXPECT_DEBT(test, KT_UID, 1, 2);
		kt_drop(test, book.key);
	}
	KUNIT_EXPECT_EQ(test, left, 0u);
}

/* The update comes to clear the time of the old payload, and is stopped there for a while. */
static struct {
	struct kt_reaper reaper;
	struct kr_key *key;
	const void *before;
	struct completion updated;
	atomic_t seen, set;
} timing;

static void cancel_slowly(struct kr_key *key)
{
	unsigned int i;

	complete_all(&timing.updated);
	for (i = 0; i < 20000 && !atomic_read(&timing.set); i++)
		udelay(1);
	timing.reaper.real->cancel(key);
}

/* Who is the first to see the new payload, on the CPU that is free, sets a time for it. */
static int time_it(void *arg)
{
	int complaints;

	wait_for_completion(&timing.updated);
	complaints = rcu_access_pointer(timing.key->payload) == timing.before;
	if (atomic_inc_return(&timing.seen) == 1) {
		complaints += !!kr_key_set_expiry(timing.key, kr_now() + 1000);
		atomic_set(&timing.set, 1);
	}
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return complaints;
}

static void time_of_a_new_payload_stays(struct kunit *test)
{
	struct book book = {};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, make(test, "user", "k", 100, &book.key), 0);
	KUNIT_ASSERT_EQ(test, kr_key_set_expiry(book.key, kr_now() + 500), 0);
	timing.key = book.key;
	timing.before = rcu_access_pointer(book.key->payload);
	init_completion(&timing.updated);
	atomic_set(&timing.seen, 0);
	atomic_set(&timing.set, 0);
	kt_crew_start(test, 2, time_it, NULL);
	timing.reaper = (struct kt_reaper){ .ops.cancel = cancel_slowly };
	kt_reaper_begin(&timing.reaper);
	KUNIT_EXPECT_EQ(test, update(test, book.key, 50, 'q'), 0);
	kt_reaper_end(&timing.reaper);
	for (i = 0; i < 1000 && !atomic_read(&timing.set); i++)
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&timing.set), 1);
	KUNIT_EXPECT_NE(test, book.key->expiry, KR_NEVER);
	KUNIT_EXPECT_NOT_NULL(test, book.key->deadline);
}

static void types_are_registered_once(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, kr_types_init(), -EEXIST);
	KUNIT_EXPECT_NOT_NULL(test, kr_key_type_find("user"));
	KUNIT_EXPECT_NOT_NULL(test, kr_key_type_find("logon"));
}

/* A name that is taken: those registered before it are taken back. */
static void registered_all_or_none(struct kunit *test)
{
	static struct kr_key_type squatter = { .name = "logon" };

	kr_types_exit();
	KUNIT_EXPECT_NULL(test, kr_key_type_find("user"));
	KUNIT_EXPECT_NULL(test, kr_key_type_find("logon"));
	KUNIT_EXPECT_EQ(test, kr_key_type_register(&squatter), 0);
	KUNIT_EXPECT_EQ(test, kr_types_init(), -EEXIST);
	KUNIT_EXPECT_NULL(test, kr_key_type_find("user"));
	KUNIT_EXPECT_PTR_EQ(test, kr_key_type_find("logon"), (const struct kr_key_type *)&squatter);
	kr_key_type_unregister(&squatter);
	KUNIT_EXPECT_EQ(test, kr_types_init(), 0);
}

static struct kunit_case types_cases[] = {
	KUNIT_CASE_PARAM(payload_of_1_to_32767_bytes, len_gen_params),
	KUNIT_CASE_PARAM(logon_description_has_a_prefix, desc_gen_params),
	KUNIT_CASE(user_key_is_read_whole),
	KUNIT_CASE(large_payload_is_read_whole),
	KUNIT_CASE(logon_key_is_not_read),
	KUNIT_CASE(update_replaces_the_payload),
	KUNIT_CASE(update_beyond_the_quota),
	KUNIT_CASE(instantiation_beyond_the_quota),
	KUNIT_CASE(update_ends_the_timeout),
	KUNIT_CASE(revoked_key_has_no_payload),
	KUNIT_CASE(described_with_its_length),
	KUNIT_CASE(read_while_it_is_updated),
	KUNIT_CASE(revoked_while_it_is_updated),
	KUNIT_CASE(time_of_a_new_payload_stays),
	KUNIT_CASE(types_are_registered_once),
	KUNIT_CASE(registered_all_or_none),
	{}
};

static struct kunit_suite types_suite = {
	.name		= "kr_types",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= types_cases,
};

kunit_test_suite(types_suite);
