// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room keyring: what reading a ring tells, and in which order; what
 * /proc/keys says of it.
 */
#include "kunit_helpers.h"

#include <linux/seq_file.h>
#include <linux/slab.h>

static long read_ring(struct kr_key *ring, s32 *serials, size_t len)
{
	struct kr_buf buf = { .kernel = serials, .len = len };

	return ring->type->read(ring, &buf);
}

static const unsigned int counts[] = { 1, 2, 8, 9, 63, 64, 65, 150 };

static void describe_count(const unsigned int *count, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *count);
}

KUNIT_ARRAY_PARAM(count, counts, describe_count);

/* All serials, each once; nothing in a buffer that is too small; the length always. */
static void ring_reads_as_serials(struct kunit *test)
{
	unsigned int count = *(const unsigned int *)test->param_value, i, wrong = 0;
	s32 *serials = kunit_kcalloc(test, count + 2, sizeof(s32), GFP_KERNEL);
	struct kr_key *ring = kt_ring_of(test, 0, "ring");
	long bytes = count * sizeof(s32);
	char desc[16];

	KUNIT_ASSERT_NOT_NULL(test, serials);
	for (i = 0; i < count; i++) {
		snprintf(desc, sizeof(desc), "k%u", i);
		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, kt_key_of(test, 0, desc, 1)), 0);
	}
	KUNIT_EXPECT_EQ(test, read_ring(ring, serials, 0), bytes);
	KUNIT_EXPECT_EQ(test, read_ring(ring, serials, bytes - 4), bytes);
	for (i = 0; i < count; i++)
		wrong += serials[i];
	KUNIT_EXPECT_EQ(test, wrong, 0u);

	serials[count] = -1;
	KUNIT_EXPECT_EQ(test, read_ring(ring, serials, bytes), bytes);
	KUNIT_EXPECT_EQ(test, read_ring(ring, serials, bytes + 4), bytes);
	KUNIT_EXPECT_EQ(test, serials[count], -1);
	for (i = 0; i < count; i++) {
		struct kr_key *key = kr_key_lookup(serials[i]);

		/* Each key only once: the mark in its permissions says so. */
		wrong += !key || !kt_holds(ring, key) || key->perm != KT_PERM;
		if (key)
			key->perm = 0;
		kr_key_put(key);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
}

/*
 * Of the first sixteen links the first comes first and the others latest first,
 * which is what programs have got used to; a place that was left is taken again.
 */
static void links_are_read_in_order(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *keys[16];
	unsigned int i, wrong = 0;
	char desc[16];
	s32 serials[16];

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		snprintf(desc, sizeof(desc), "k%u", i);
		keys[i] = kt_key(test, desc);
		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, keys[i]), 0);
	}
	KUNIT_ASSERT_EQ(test, read_ring(ring, serials, sizeof(serials)), (long)sizeof(serials));
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		wrong += serials[i] != keys[i ? ARRAY_SIZE(keys) - i : 0]->serial;
	KUNIT_EXPECT_EQ(test, wrong, 0u);

	/* What is displaced leaves its place to what displaces it. */
	keys[3] = kt_key(test, "k3");
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, keys[3]), 0);
	KUNIT_ASSERT_EQ(test, read_ring(ring, serials, sizeof(serials)), (long)sizeof(serials));
	KUNIT_EXPECT_EQ(test, serials[13], keys[3]->serial);
}

/* A new key, linked into the ring. */
static struct kr_key *linked_key(struct kunit *test, struct kr_key *ring, const char *desc)
{
	struct kr_key *key = kt_key(test, desc);

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	return key;
}

static void expect_two(struct kunit *test, struct kr_key *ring, bool latest_first)
{
	struct kr_key *one = linked_key(test, ring, "one"), *two = linked_key(test, ring, "two");
	s32 serials[2];

	KUNIT_ASSERT_EQ(test, read_ring(ring, serials, sizeof(serials)), (long)sizeof(serials));
	KUNIT_EXPECT_EQ(test, serials[0], (latest_first ? two : one)->serial);
	KUNIT_EXPECT_EQ(test, serials[1], (latest_first ? one : two)->serial);
}

/* Where the last link was reaped, the first does not come first: until a call empties it. */
static void order_after_the_last_link_was_reaped(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");

	kr_ring_invalidate(linked_key(test, ring, "dead"));
	KUNIT_EXPECT_EQ(test, kr_ring_of(ring)->count, 0u);
	expect_two(test, ring, true);
	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);
	expect_two(test, ring, false);
	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);

	kr_ring_invalidate(linked_key(test, ring, "dead"));
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, linked_key(test, ring, "removed")), 0);
	expect_two(test, ring, false);
}

/* In the same order the rings in a ring are searched. */
static void child_rings_are_searched_in_order(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *inner[4], *keys[4];
	static const unsigned int order[] = { 0, 3, 2, 1 };
	struct kr_search search;
	unsigned int i;
	char name[16];

	for (i = 0; i < ARRAY_SIZE(inner); i++) {
		snprintf(name, sizeof(name), "r%u", i);
		inner[i] = kt_ring(test, name);
		keys[i] = kt_key(test, "k");
		KUNIT_ASSERT_EQ(test, kr_ring_link(inner[i], keys[i]), 0);
		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, inner[i]), 0);
	}
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		kr_search_init(&search, keys[0]->type, "k", kt_actor(test, KT_UID, KT_GID),
			       KR_SEARCH_RECURSE);
		KUNIT_ASSERT_EQ(test, kr_ring_search(ring, &search), 0);
		KUNIT_EXPECT_PTR_EQ(test, search.found, keys[order[i]]);
		kr_key_put(search.found);
		KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, inner[order[i]]), 0);
	}
}

static void empty_ring_reads_as_nothing(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	s32 serial = -1;

	KUNIT_EXPECT_EQ(test, read_ring(ring, &serial, 4), 0L);
	KUNIT_EXPECT_EQ(test, read_ring(ring, NULL, 0), 0L);
	KUNIT_EXPECT_EQ(test, serial, -1);
}

/* Who has looked at a ring before it was revoked is told so, not that it was empty. */
static void revoked_ring_reads_as_revoked(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	struct kr_buf nothing = {};

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, kt_key(test, "k")), 0);
	kr_key_revoke(ring);
	KUNIT_EXPECT_EQ(test, ring->type->read(ring, &nothing), -(long)EKEYREVOKED);
}

static void ring_reads_in_whole_serials(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	s32 serials[2] = {};
	size_t len;

	for (len = 1; len < 8; len++) {
		if (len != 4)
			KUNIT_EXPECT_EQ(test, read_ring(ring, serials, len), (long)-EINVAL);
	}
}

static void describe_into(const struct kr_key *key, char *buf, size_t size)
{
	struct seq_file m = { .buf = buf, .size = size };

	rcu_read_lock();
	key->type->describe(key, &m);
	rcu_read_unlock();
	buf[m.count] = '\0';
}

/* /proc/keys, the last column. */
static void ring_describes_how_full_it_is(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	char text[64];

	describe_into(ring, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, (const char *)text, "ring: empty");
	KUNIT_EXPECT_EQ(test, kt_add(test, ring, "a", 1), 0);
	KUNIT_EXPECT_EQ(test, kt_add(test, ring, "b", 1), 0);
	describe_into(ring, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, (const char *)text, "ring: 2");
}

static struct kunit_case read_cases[] = {
	KUNIT_CASE_PARAM(ring_reads_as_serials, count_gen_params),
	KUNIT_CASE(links_are_read_in_order),
	KUNIT_CASE(order_after_the_last_link_was_reaped),
	KUNIT_CASE(child_rings_are_searched_in_order),
	KUNIT_CASE(empty_ring_reads_as_nothing),
	KUNIT_CASE(revoked_ring_reads_as_revoked),
	KUNIT_CASE(ring_reads_in_whole_serials),
	KUNIT_CASE(ring_describes_how_full_it_is),
	{}
};

static struct kunit_suite read_suite = {
	.name		= "kr_keyring_read",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= read_cases,
};

kunit_test_suite(read_suite);
