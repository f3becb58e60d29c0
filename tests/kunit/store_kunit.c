// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room store: a hash set of pointers, its tables and what they hold. */
#include "kunit_helpers.h"
#include "kunit_items.h"

#include <keyrings/store.h>

/* Counts what a walk comes by. */
static unsigned int walk(struct kr_store *store)
{
	unsigned long entry;
	unsigned int count = 0;
	u32 at = 0;

	rcu_read_lock();
	while ((entry = kr_store_next(store->table, &at))) {
		((struct item *)kr_store_object(entry))->seen++;
		count++;
	}
	rcu_read_unlock();
	return count;
}

/* Case of many stores: how many there are that are not where they should be. */
static unsigned int misplaced(struct kr_store *store, struct item *items, unsigned int from,
			      unsigned int to, bool stored)
{
	unsigned int i, bad = 0;

	for (i = from; i < to; i++)
		bad += find(store, i) != (stored ? &items[i] : NULL);
	return bad;
}

/* "All zeroes is an empty set." */
static void zeroes_are_an_empty_store(struct kunit *test)
{
	struct kr_store store = {};
	struct item *items = items_make(test, 1);

	KUNIT_EXPECT_NULL(test, find(&store, 0));
	KUNIT_EXPECT_EQ(test, walk(&store), 0u);
	KUNIT_EXPECT_EQ(test, kr_store_remove(&store, &items[0], 0), 0ul);
	kr_store_shrink(&store, hash_of);
	KUNIT_EXPECT_TRUE(test, is_sound(&store));
	add(test, &store, &items[0]);
	KUNIT_EXPECT_PTR_EQ(test, find(&store, 0), &items[0]);
	KUNIT_EXPECT_TRUE(test, take(&store, &items[0]));
	KUNIT_EXPECT_NULL(test, find(&store, 0));
	kr_store_free(&store);
	KUNIT_EXPECT_EQ(test, store.table, 0ul);
}

static const unsigned int sizes[] = { 1, 2, 3, 4, 6, 7, 12, 13, 64, 100, 1000, 5000 };

static void describe_size(const unsigned int *size, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *size);
}

KUNIT_ARRAY_PARAM(size, sizes, describe_size);

static void holds_what_was_added(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i, bad = 0;
	struct item *items = items_make(test, size);
	struct kr_store store = {};

	for (i = 0; i < size; i++) {
		add(test, &store, &items[i]);
		bad += find(&store, i) != &items[i] || find(&store, size + i);
	}
	KUNIT_EXPECT_EQ(test, bad, 0u);
	KUNIT_EXPECT_EQ(test, misplaced(&store, items, 0, size, true), 0u);
	KUNIT_EXPECT_EQ(test, misplaced(&store, items, size, 2 * size, false), 0u);
	KUNIT_EXPECT_EQ(test, store.count, size);
	KUNIT_EXPECT_TRUE(test, is_sound(&store));

	KUNIT_EXPECT_EQ(test, walk(&store), size);
	for (i = 0; i < size; i++)
		bad += items[i].seen != 1;
	KUNIT_EXPECT_EQ(test, bad, 0u);
	kr_store_free(&store);
}

/* In the order of adding, and backwards; what is left must stay found all the way. */
static void forgets_what_was_removed(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i, bad = 0;
	struct item *items = items_make(test, size);
	struct kr_store store = {};

	add_many(test, &store, items, size);
	for (i = 0; i < size; i++) {
		bad += !take(&store, &items[i]) || kr_store_remove(&store, &items[i], mix(i));
		bad += find(&store, i) || (i + 1 < size && find(&store, i + 1) != &items[i + 1]) ||
		       (i + 1 < size && find(&store, size - 1) != &items[size - 1]);
		if (is_power_of_2(size - i))
			bad += misplaced(&store, items, i + 1, size, true) || !is_sound(&store);
	}
	KUNIT_EXPECT_EQ(test, bad, 0u);
	KUNIT_EXPECT_EQ(test, store.count, 0u);

	add_many(test, &store, items, size);
	for (i = size; i--;)
		take(&store, &items[i]);
	KUNIT_EXPECT_EQ(test, misplaced(&store, items, 0, size, false), 0u);
	KUNIT_EXPECT_EQ(test, store.count, 0u);
	KUNIT_EXPECT_TRUE(test, is_sound(&store));
	kr_store_free(&store);
}

/* "Between 11 and 21 bytes": at any size, once there are a few. */
static void tables_follow_their_entries(struct kunit *test)
{
	struct item *items = items_make(test, 5000);
	unsigned int i, bad = 0, last = 2;
	struct kr_store store = {};

	for (i = 0; i < 5000; i++) {
		add(test, &store, &items[i]);
		bad += i > 3 && (8u << bits_of(&store)) > 22 * (i + 1);
		bad += bits_of(&store) < last;
		last = bits_of(&store);
	}
	KUNIT_EXPECT_EQ(test, bad, 0u);
	KUNIT_EXPECT_EQ(test, last, 13u);
	for (i = 0; i < 4900; i++)
		take(&store, &items[i]);
	KUNIT_EXPECT_LE(test, bits_of(&store), 10u);
	KUNIT_EXPECT_EQ(test, misplaced(&store, items, 4900, 5000, true), 0u);
	for (; i < 5000; i++)
		take(&store, &items[i]);
	KUNIT_EXPECT_LE(test, bits_of(&store), 3u);
	kr_store_free(&store);
}

/* Adding and removing one again and again must not move all the others each time. */
static void does_not_resize_back_and_forth(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i, moves = 0;
	struct item *items = items_make(test, size + 1);
	struct kr_store store = {};
	unsigned long before;

	add_many(test, &store, items, size);
	for (i = 0; i < 10; i++) {
		before = store.table;
		add(test, &store, &items[size]);
		take(&store, &items[size]);
		moves += store.table != before;
	}
	KUNIT_EXPECT_LE(test, moves, 1u);
	kr_store_free(&store);
}

/* Others come and go, each with a place of its own: vacated places do not fill the table. */
static void vacated_places_are_used_again(struct kunit *test)
{
	struct item *items = items_make(test, 10000);
	struct kr_store store = {};
	unsigned int i, bad = 0;

	add_many(test, &store, items, 50);
	for (i = 50; i < 10000; i++) {
		add(test, &store, &items[i]);
		bad += find(&store, i) != &items[i];
		bad += !take(&store, &items[i - 25]);
		bad += !is_sound(&store);
	}
	KUNIT_EXPECT_EQ(test, bad, 0u);
	KUNIT_EXPECT_EQ(test, store.count, 50u);
	KUNIT_EXPECT_LE(test, bits_of(&store), 7u);
	kr_store_free(&store);
}

/* What is looked for is told from others of its hash by the match alone. */
static void cve_2024_50301_equal_hashes_are_told_apart(struct kunit *test)
{
	struct item *items = items_make(test, 40);
	struct kr_store store = {};
	unsigned int bad = 0;
	u32 i;

	/* A hash that begins in the last place goes on in the first. */
	for (i = 0; i < 40; i++) {
		KUNIT_ASSERT_EQ(test, kr_store_reserve(&store, hash_of, NULL), 0);
		if (i == 25)	/* no table is replaced from here on */
			break;
		kr_store_insert(&store, (unsigned long)&items[i], mix(i));
	}
	for (; i < 40; i++) {
		kr_store_insert(&store, (unsigned long)&items[i], ~0u);
		if (i < 39)
			KUNIT_ASSERT_EQ(test, kr_store_reserve(&store, hash_of, NULL), 0);
	}
	for (i = 25; i < 40; i++)
		bad += kr_store_find(&store, ~0u, match_value, &i) != &items[i];
	KUNIT_EXPECT_EQ(test, bad, 0u);
	i = 40;
	KUNIT_EXPECT_NULL(test, kr_store_find(&store, ~0u, match_value, &i));
	for (i = 39; i >= 25; i--)
		bad += !kr_store_remove(&store, &items[i], ~0u);
	KUNIT_EXPECT_EQ(test, bad, 0u);
	KUNIT_EXPECT_EQ(test, misplaced(&store, items, 0, 25, true), 0u);
	KUNIT_EXPECT_TRUE(test, is_sound(&store));
	kr_store_free(&store);
}

static void replaces_in_place(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i, bad = 0;
	struct item *old = items_make(test, size), *new = items_make(test, size);
	struct kr_store store = {};

	add_many(test, &store, old, size);
	for (i = 0; i < size; i += 2)
		bad += kr_store_replace(&store, &old[i], &new[i], mix(i)) != (unsigned long)&old[i];
	for (i = 0; i < size; i++)
		bad += find(&store, i) != (i % 2 ? &old[i] : &new[i]);
	KUNIT_EXPECT_EQ(test, bad, 0u);
	KUNIT_EXPECT_EQ(test, store.count, size);
	KUNIT_EXPECT_TRUE(test, is_sound(&store));
	for (i = 0; i < size; i++)
		bad += !take(&store, i % 2 ? &old[i] : &new[i]);
	KUNIT_EXPECT_EQ(test, bad, 0u);
	KUNIT_EXPECT_EQ(test, walk(&store), 0u);
	kr_store_free(&store);
}

/* The mark is the owner's: it is given back, survives new tables and hides nothing. */
static void marks_stay_with_their_entries(struct kunit *test)
{
	struct item *items = items_make(test, 300), *other = items_make(test, 3);
	struct kr_store store = {};
	unsigned int i, bad = 0, marked = 0;
	unsigned long entry;
	u32 at = 0;

	for (i = 0; i < 300; i++) {
		KUNIT_ASSERT_EQ(test, kr_store_reserve(&store, hash_of, NULL), 0);
		kr_store_insert(&store, (unsigned long)&items[i] | (i % 3 ? 0 : KR_STORE_MARK),
				mix(i));
	}
	KUNIT_EXPECT_EQ(test, misplaced(&store, items, 0, 300, true), 0u);
	while ((entry = kr_store_next(store.table, &at)))
		marked += entry & KR_STORE_MARK;
	KUNIT_EXPECT_EQ(test, marked, 100u);

	bad += kr_store_replace(&store, &items[0], &other[0], mix(0)) !=
	       ((unsigned long)&items[0] | KR_STORE_MARK);
	bad += kr_store_remove(&store, &other[0], mix(0)) !=
	       ((unsigned long)&other[0] | KR_STORE_MARK);
	for (i = 1; i < 300; i++)
		bad += kr_store_remove(&store, &items[i], mix(i)) !=
		       ((unsigned long)&items[i] | (i % 3 ? 0 : KR_STORE_MARK));
	KUNIT_EXPECT_EQ(test, bad, 0u);
	kr_store_free(&store);
}

/* A promise is kept whatever others do, and can be taken back. */
static void promises_are_kept(struct kunit *test)
{
	struct item *items = items_make(test, 500);
	struct kr_store store = {};
	unsigned int i;

	for (i = 0; i < 100; i++)
		KUNIT_ASSERT_EQ(test, kr_store_reserve(&store, hash_of, NULL), 0);
	add_many(test, &store, &items[100], 400);
	for (i = 100; i < 500; i++)
		take(&store, &items[i]);
	KUNIT_EXPECT_EQ(test, store.count, 100u);
	for (i = 0; i < 60; i++)
		kr_store_insert(&store, (unsigned long)&items[i], mix(i));
	for (; i < 100; i++)
		kr_store_cancel(&store);
	KUNIT_EXPECT_EQ(test, store.count, 60u);
	KUNIT_EXPECT_EQ(test, misplaced(&store, items, 0, 60, true), 0u);
	KUNIT_EXPECT_EQ(test, misplaced(&store, items, 60, 500, false), 0u);
	KUNIT_EXPECT_TRUE(test, is_sound(&store));
	kr_store_free(&store);
}

static struct kunit_case store_cases[] = {
	KUNIT_CASE(zeroes_are_an_empty_store),
	KUNIT_CASE_PARAM(holds_what_was_added, size_gen_params),
	KUNIT_CASE_PARAM(forgets_what_was_removed, size_gen_params),
	KUNIT_CASE(tables_follow_their_entries),
	KUNIT_CASE_PARAM(does_not_resize_back_and_forth, size_gen_params),
	KUNIT_CASE(vacated_places_are_used_again),
	KUNIT_CASE(cve_2024_50301_equal_hashes_are_told_apart),
	KUNIT_CASE_PARAM(replaces_in_place, size_gen_params),
	KUNIT_CASE(marks_stay_with_their_entries),
	KUNIT_CASE(promises_are_kept),
	{}
};

static struct kunit_suite store_suite = {
	.name		= "kr_store",
	.init		= kt_bare_init,
	.exit		= kt_bare_exit,
	.test_cases	= store_cases,
};

kunit_test_suite(store_suite);
