// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room keyring: what rings and keys keep of links, in all its forms. */
#include "kunit_rings.h"

#include <linux/kthread.h>
#include <linux/slab.h>

#include "../../src/keyring/ring_internal.h"

#define MOST	70u

/* Around each number at which a ring changes its form. */
static const unsigned int sizes[] = { 1, 2, 4, 5, 8, 9, 16, 17, 18, 40, MOST };

static void describe_size(const unsigned int *size, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *size);
}

KUNIT_ARRAY_PARAM(size, sizes, describe_size);

/* Every third one is a ring. */
static struct kr_key *make_one(struct kunit *test, unsigned int i)
{
	char desc[16];

	snprintf(desc, sizeof(desc), "k%u", i);
	return i % 3 == 2 ? kt_ring(test, desc) : kt_key(test, desc);
}

static void link_many(struct kunit *test, struct kr_key *ring, struct kr_key **keys,
		      unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		keys[i] = make_one(test, i);
		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, keys[i]), 0);
	}
}

static bool is_found(struct kr_key *ring, const struct kr_key *key)
{
	struct kr_key *found = kr_ring_find_linked(ring, key->type, key->desc);
	bool same = found == key;

	kr_key_put(found);
	return same && kt_holds(ring, key);
}

/* How many of them are not as they should be. */
static unsigned int misplaced(struct kr_key *ring, struct kr_key **keys, unsigned int from,
			      unsigned int to, bool linked)
{
	unsigned int i, bad = 0;

	for (i = from; i < to; i++)
		bad += is_found(ring, keys[i]) != linked;
	return bad;
}

static unsigned int children_of(struct kr_key *ring)
{
	struct kr_children children;
	unsigned int count = 0;

	rcu_read_lock();
	kr_children_start(&children, kr_ring_of(ring));
	while (kr_children_next(&children))
		count++;
	rcu_read_unlock();
	return count;
}

static unsigned int rings_among(unsigned int count)
{
	return count / 3;
}

static void links_of_any_number(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i, bad = 0;
	struct kr_key *ring = kt_ring(test, "ring"), *keys[MOST];

	link_many(test, ring, keys, size);
	KUNIT_EXPECT_EQ(test, kr_ring_of(ring)->count, size);
	KUNIT_EXPECT_EQ(test, misplaced(ring, keys, 0, size, true), 0u);
	KUNIT_EXPECT_EQ(test, children_of(ring), rings_among(size));

	/* One by one, in the order of linking; those left are found all the way. */
	for (i = 0; i < size; i++) {
		KUNIT_ASSERT_EQ(test, kr_ring_unlink(ring, keys[i]), 0);
		KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, keys[i]), -ENOENT);
		bad += misplaced(ring, keys, 0, i + 1, false);
		bad += misplaced(ring, keys, i + 1, size, true);
		bad += children_of(ring) != rings_among(size) - rings_among(i + 1);
	}
	KUNIT_EXPECT_EQ(test, bad, 0u);
	/* Nothing is kept for links that are no more. */
	KUNIT_EXPECT_EQ(test, kr_ring_of(ring)->links, 0ul);
	KUNIT_EXPECT_EQ(test, kr_ring_of(ring)->taken, 0);
	KUNIT_EXPECT_EQ(test, kr_ring_of(ring)->nested, 0);
}

static void linked_backwards_and_again(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i, bad = 0;
	struct kr_key *ring = kt_ring(test, "ring"), *keys[MOST];

	link_many(test, ring, keys, size);
	for (i = size; i--;) {
		KUNIT_ASSERT_EQ(test, kr_ring_unlink(ring, keys[i]), 0);
		bad += misplaced(ring, keys, 0, i, true) + misplaced(ring, keys, i, size, false);
		/* A link that comes and goes leaves the others alone. */
		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, keys[i]), 0);
		KUNIT_ASSERT_EQ(test, kr_ring_unlink(ring, keys[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, bad, 0u);
	for (i = 0; i < size; i++)
		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, keys[i]), 0);
	KUNIT_EXPECT_EQ(test, misplaced(ring, keys, 0, size, true), 0u);
	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);
	KUNIT_EXPECT_EQ(test, misplaced(ring, keys, 0, size, false), 0u);
	KUNIT_EXPECT_EQ(test, children_of(ring), 0u);
	KUNIT_EXPECT_EQ(test, kr_ring_of(ring)->links, 0ul);
}

/* Each is displaced by one like it, in its place. */
static void displaced_in_any_form(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i;
	struct kr_key *ring = kt_ring(test, "ring"), *old[MOST], *new[MOST];
	s32 *before = kunit_kcalloc(test, 2 * MOST, sizeof(s32), GFP_KERNEL), *after = before + MOST;
	struct kr_buf buf = { .kernel = before, .len = MOST * sizeof(s32) };
	unsigned int a, b, bad = 0;

	KUNIT_ASSERT_NOT_NULL(test, before);
	link_many(test, ring, old, size);
	KUNIT_ASSERT_EQ(test, ring->type->read(ring, &buf), (long)(size * sizeof(s32)));
	link_many(test, ring, new, size);
	buf.kernel = after;
	KUNIT_ASSERT_EQ(test, ring->type->read(ring, &buf), (long)(size * sizeof(s32)));

	KUNIT_EXPECT_EQ(test, misplaced(ring, old, 0, size, false), 0u);
	KUNIT_EXPECT_EQ(test, misplaced(ring, new, 0, size, true), 0u);
	KUNIT_EXPECT_EQ(test, children_of(ring), rings_among(size));
	for (i = 0; i < size; i++) {
		for (a = 0; a < size && before[a] != old[i]->serial; a++)
			;
		for (b = 0; b < size && after[b] != new[i]->serial; b++)
			;
		bad += a != b || refcount_read(&old[i]->usage) != 1;
	}
	KUNIT_EXPECT_EQ(test, bad, 0u);
}

/* The first sixteen in their order, whatever came after them and goes again. */
static void order_outlives_a_crowd(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *keys[MOST];
	struct kr_children children;
	s32 serials[MOST];
	struct kr_buf buf = { .kernel = serials, .len = sizeof(serials) };
	unsigned int i, bad = 0;

	link_many(test, ring, keys, MOST);
	KUNIT_ASSERT_EQ(test, ring->type->read(ring, &buf), (long)sizeof(serials));
	for (i = 0; i < 16; i++)
		bad += serials[i] != keys[i ? 16 - i : 0]->serial;
	KUNIT_EXPECT_EQ(test, bad, 0u);

	/* Of these the rings are number 2, 5, 8, 11 and 14, and come latest first. */
	rcu_read_lock();
	kr_children_start(&children, kr_ring_of(ring));
	for (i = 14; i < 16; i -= 3)
		bad += kr_children_next(&children) != keys[i];
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, bad, 0u);

	for (i = 16; i < MOST; i++)
		KUNIT_ASSERT_EQ(test, kr_ring_unlink(ring, keys[i]), 0);
	KUNIT_ASSERT_EQ(test, ring->type->read(ring, &buf), 16L * sizeof(s32));
	for (i = 0; i < 16; i++)
		bad += serials[i] != keys[i ? 16 - i : 0]->serial;
	KUNIT_EXPECT_EQ(test, bad, 0u);
}

/* A ring that came as the last of many is searched as well. */
static void ring_beyond_the_first_is_searched(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value;
	struct kr_key *ring = kt_ring(test, "ring"), *keys[MOST], *inner = kt_ring(test, "inner");
	struct kr_key *wanted = kt_key(test, "wanted");
	struct kr_search search;

	link_many(test, ring, keys, size);
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, inner), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(inner, wanted), 0);
	kr_search_init(&search, wanted->type, "wanted", kt_actor(test, KT_UID, KT_GID),
		       KR_SEARCH_RECURSE);
	KUNIT_ASSERT_EQ(test, kr_ring_search(ring, &search), 0);
	KUNIT_EXPECT_PTR_EQ(test, search.found, wanted);
	kr_key_put(search.found);
	/* A cycle through it is seen, too. */
	KUNIT_EXPECT_EQ(test, kr_ring_link(inner, ring), -EDEADLK);
}

static void key_in_any_number_of_rings(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i, bad = 0;
	struct kr_key *key = kt_key(test, "key"), *rings[MOST];
	char name[16];

	for (i = 0; i < size; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		rings[i] = kt_ring(test, name);
		KUNIT_ASSERT_EQ(test, kr_ring_link(rings[i], key), 0);
		bad += holders_of(key) != i + 1;
	}
	for (i = 0; i < size; i++)
		bad += !is_found(rings[i], key);
	KUNIT_EXPECT_EQ(test, bad, 0u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), size + 1);

	for (i = 0; i < size; i += 2)
		KUNIT_ASSERT_EQ(test, kr_ring_unlink(rings[i], key), 0);
	for (i = 0; i < size; i++)
		bad += is_found(rings[i], key) != i % 2;
	KUNIT_EXPECT_EQ(test, bad, 0u);
	KUNIT_EXPECT_EQ(test, holders_of(key), size / 2);

	kr_ring_invalidate(key);
	KUNIT_EXPECT_EQ(test, holders_of(key), 0u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KUNIT_EXPECT_EQ(test, kr_ring_link(rings[0], key), -ENOKEY);
	for (i = 0; i < size; i++)
		bad += kr_ring_of(rings[i])->count;
	KUNIT_EXPECT_EQ(test, bad, 0u);
}

/* An edit that is given up leaves ring, key and account as they were. */
static void cancelled_edit_leaves_nothing(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i;
	struct kr_key *ring = kt_ring(test, "ring"), *keys[MOST], *key = kt_key(test, "new");
	struct kt_debt before, after;
	struct kr_edit edit;

	link_many(test, ring, keys, size);
	for (i = 0; i < min(size, 20u); i++)
		KUNIT_ASSERT_EQ(test, kr_ring_link(kt_ring(test, "other"), key), 0);
	before = kt_debt(KT_UID);
	for (i = 0; i < 100; i++) {
		mutex_lock(&kr_ring_of(ring)->lock);
		KUNIT_ASSERT_EQ(test, kr_edit_prepare(&edit, kr_ring_of(ring), key->type, key->desc,
						      key->hash), 0);
		KUNIT_ASSERT_EQ(test, kr_edit_reserve(&edit, key), 0);
		kr_edit_cancel(&edit);
		mutex_unlock(&kr_ring_of(ring)->lock);
	}
	after = kt_debt(KT_UID);
	KUNIT_EXPECT_EQ(test, after.qnbytes, before.qnbytes);
	KUNIT_EXPECT_EQ(test, kr_ring_of(ring)->count, size);
	KUNIT_EXPECT_EQ(test, holders_of(key), min(size, 20u));
	KUNIT_EXPECT_EQ(test, misplaced(ring, keys, 0, size, true), 0u);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_EXPECT_TRUE(test, is_found(ring, key));
}

struct bustle {
	struct kr_key *ring;
	struct kr_key *stable[12];
	struct kr_key *inner;
};

/* Those that are linked all the time are found all the time, the ring among the children. */
static int watch_bustle(void *arg)
{
	struct bustle *bustle = arg;
	struct kr_children children;
	struct kr_key *child;
	unsigned int i, misses = 0;
	bool seen;

	while (!kthread_should_stop()) {
		for (i = 0; i < ARRAY_SIZE(bustle->stable); i++)
			misses += !is_found(bustle->ring, bustle->stable[i]);
		seen = false;
		rcu_read_lock();
		kr_children_start(&children, kr_ring_of(bustle->ring));
		while ((child = kr_children_next(&children)))
			seen |= child == bustle->inner;
		rcu_read_unlock();
		misses += !seen;
		cond_resched();
	}
	return misses;
}

static void readers_never_miss_a_link(struct kunit *test)
{
	struct bustle *bustle = kunit_kzalloc(test, sizeof(*bustle), GFP_KERNEL);
	struct kr_key *keys[MOST];
	unsigned int i, rounds = 0;
	unsigned long end;
	char desc[16];

	KUNIT_ASSERT_NOT_NULL(test, bustle);
	bustle->ring = kt_ring(test, "ring");
	for (i = 0; i < MOST; i++)
		keys[i] = make_one(test, i);
	for (i = 0; i < ARRAY_SIZE(bustle->stable); i++) {
		snprintf(desc, sizeof(desc), "s%u", i);
		bustle->stable[i] = kt_key(test, desc);
	}
	bustle->inner = kt_ring(test, "inner");
	/* Some have a place in the order of links, some come too late for that. */
	for (i = 0; i < 6; i++)
		KUNIT_ASSERT_EQ(test, kr_ring_link(bustle->ring, bustle->stable[i]), 0);
	for (i = 0; i < 12; i++)
		KUNIT_ASSERT_EQ(test, kr_ring_link(bustle->ring, keys[i]), 0);
	for (i = 6; i < ARRAY_SIZE(bustle->stable); i++)
		KUNIT_ASSERT_EQ(test, kr_ring_link(bustle->ring, bustle->stable[i]), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(bustle->ring, bustle->inner), 0);

	kt_crew_start(test, 2, watch_bustle, bustle);
	end = jiffies + KT_STRESS;
	while (!rounds || time_before(jiffies, end)) {
		for (i = 0; i < MOST; i++)
			kr_ring_link(bustle->ring, keys[i]);
		for (i = 0; i < MOST; i++)
			kr_ring_unlink(bustle->ring, keys[i]);
		rounds++;
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, rounds, 0u);
	KUNIT_EXPECT_EQ(test, kr_ring_of(bustle->ring)->count, 13u);
}

static struct kunit_case link_cases[] = {
	KUNIT_CASE_PARAM(links_of_any_number, size_gen_params),
	KUNIT_CASE_PARAM(linked_backwards_and_again, size_gen_params),
	KUNIT_CASE_PARAM(displaced_in_any_form, size_gen_params),
	KUNIT_CASE(order_outlives_a_crowd),
	KUNIT_CASE_PARAM(ring_beyond_the_first_is_searched, size_gen_params),
	KUNIT_CASE_PARAM(key_in_any_number_of_rings, size_gen_params),
	KUNIT_CASE_PARAM(cancelled_edit_leaves_nothing, size_gen_params),
	KUNIT_CASE(readers_never_miss_a_link),
	{}
};

static struct kunit_suite link_suite = {
	.name		= "kr_keyring_link",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= link_cases,
};

kunit_test_suite(link_suite);
