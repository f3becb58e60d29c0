// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room store: a hash set of pointers whose readers need only RCU. */
#include "kunit_helpers.h"

#include <keyrings/store.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/slab.h>

struct item {
	struct rcu_head rcu;
	u32 value;
	u32 seen;
};

/* An invertible mixing: different values have different hashes. */
static u32 mix(u32 value)
{
	return value * 2654435761u;
}

static u32 hash_of(const void *object)
{
	return mix(((const struct item *)object)->value);
}

static bool match_value(const void *object, const void *arg)
{
	return ((const struct item *)object)->value == *(const u32 *)arg;
}

static struct item *find(struct kr_store *store, u32 value)
{
	struct item *item;

	rcu_read_lock();
	item = kr_store_find(store, mix(value), match_value, &value);
	rcu_read_unlock();
	return item;
}

static unsigned int bits_of(const struct kr_store *store)
{
	return store->table & KR_STORE_BITS;
}

static struct item *items_make(struct kunit *test, unsigned int count)
{
	struct item *items = kunit_kcalloc(test, count, sizeof(*items), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, items);
	for (i = 0; i < count; i++)
		items[i].value = i;
	return items;
}

static void add(struct kunit *test, struct kr_store *store, struct item *item)
{
	KUNIT_ASSERT_EQ(test, kr_store_reserve(store, hash_of, NULL), 0);
	kr_store_insert(store, (unsigned long)item, hash_of(item));
}

static void add_many(struct kunit *test, struct kr_store *store, struct item *items,
		     unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		add(test, store, &items[i]);
}

/* As a ring does: no more than what was asked for is taken out, and the table may follow. */
static bool take(struct kr_store *store, struct item *item)
{
	bool stored = kr_store_remove(store, item, hash_of(item));

	kr_store_shrink(store, hash_of);
	return stored;
}

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

/* What a reader relies on: a quarter of the places is empty; and what the store says of itself. */
static bool is_sound(const struct kr_store *store)
{
	const unsigned long *places = kr_store_places(store->table);
	u32 i, taken = 0, vacated = 0, empty = 0;

	if (!store->table)
		return !store->count && !store->used;
	for (i = 0; i <= kr_store_last(store->table); i++) {
		empty += !places[i];
		vacated += places[i] && places[i] <= KR_STORE_FLAGS;
		taken += places[i] > KR_STORE_FLAGS;
	}
	return taken == store->count && taken + vacated == store->used &&
	       empty >= (kr_store_last(store->table) + 1) / 4;
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
static void equal_hashes_are_told_apart(struct kunit *test)
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

/*
 * A writer that comes while a reader is on its way: it is called from the
 * reader's match, on the first object that does not match.
 */
#define WANTED	100000
#define OTHER	100001

struct intruder {
	struct kunit *test;
	struct kr_store *store;
	struct item *items;	/* what to add, or to remove */
	unsigned int count;
	bool removes;
	bool done;
};

static bool match_after_intrusion(const void *object, const void *arg)
{
	struct intruder *intruder = (struct intruder *)arg;
	unsigned int i;

	if (((const struct item *)object)->value == WANTED)
		return true;
	if (intruder->done)
		return false;
	intruder->done = true;
	for (i = 0; i < intruder->count; i++) {
		if (intruder->removes)
			take(intruder->store, &intruder->items[i]);
		else
			add(intruder->test, intruder->store, &intruder->items[i]);
	}
	return false;
}

/* Two whose ways begin at the same place, the wanted one behind the other. */
static struct item *pair_make(struct kunit *test)
{
	struct item *pair = items_make(test, 2);

	pair[0].value = OTHER;
	pair[1].value = WANTED;
	return pair;
}

static void add_pair(struct kunit *test, struct kr_store *store, struct item *pair)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, kr_store_reserve(store, hash_of, NULL), 0);
		kr_store_insert(store, (unsigned long)&pair[i], 42);
	}
}

static void reader_finds_while_store_grows(struct kunit *test)
{
	struct item *items = items_make(test, 100), *pair = pair_make(test);
	struct kr_store store = {};
	struct intruder intruder = { .test = test, .store = &store, .items = items, .count = 100 };

	add_pair(test, &store, pair);
	KUNIT_EXPECT_PTR_EQ(test, kr_store_find(&store, 42, match_after_intrusion, &intruder),
			    (void *)&pair[1]);
	KUNIT_EXPECT_TRUE(test, intruder.done);
	KUNIT_EXPECT_GE(test, bits_of(&store), 8u);
	rcu_barrier();
	kr_store_free(&store);
}

static void reader_finds_while_store_shrinks(struct kunit *test)
{
	struct item *items = items_make(test, 100), *pair = pair_make(test);
	struct kr_store store = {};
	struct intruder intruder = { .test = test, .store = &store, .items = items, .count = 100,
				     .removes = true };

	add_many(test, &store, items, 100);
	add_pair(test, &store, pair);
	KUNIT_EXPECT_PTR_EQ(test, kr_store_find(&store, 42, match_after_intrusion, &intruder),
			    (void *)&pair[1]);
	KUNIT_EXPECT_TRUE(test, intruder.done);
	KUNIT_EXPECT_LE(test, bits_of(&store), 5u);
	rcu_barrier();
	kr_store_free(&store);
}

/* The one the reader stands on goes; its place keeps leading to those behind it. */
static void reader_passes_a_vacated_place(struct kunit *test)
{
	struct item *pair = pair_make(test);
	struct kr_store store = {};
	u32 value = WANTED;

	add_pair(test, &store, pair);
	KUNIT_EXPECT_NE(test, kr_store_remove(&store, &pair[0], 42), 0ul);
	KUNIT_EXPECT_PTR_EQ(test, kr_store_find(&store, 42, match_value, &value),
			    (void *)&pair[1]);
	/* With the last of them all places are empty again. */
	KUNIT_EXPECT_NE(test, kr_store_remove(&store, &pair[1], 42), 0ul);
	KUNIT_EXPECT_EQ(test, store.used, 0u);
	kr_store_free(&store);
}

#define STABLE		64u
#define TRANSIENT	400u

struct traffic {
	struct kr_store store;
	spinlock_t lock;
	atomic_t lookups;
	atomic_t found;
};

/* Looks for those that are always there, and for some that come and go. */
static int read_traffic(void *arg)
{
	struct traffic *traffic = arg;
	unsigned int i, misses = 0;

	while (!kthread_should_stop()) {
		for (i = 0; i < STABLE; i++)
			misses += !find(&traffic->store, i);
		for (i = 0; i < STABLE; i++)
			atomic_add(!!find(&traffic->store, 1000 + i), &traffic->found);
		atomic_add(STABLE, &traffic->lookups);
		cond_resched();
	}
	return misses;
}

static struct item *item_new(struct kunit *test, u32 value)
{
	struct item *item = kzalloc(sizeof(*item), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, item);
	item->value = value;
	return item;
}

static void add_locked(struct kunit *test, struct traffic *traffic, struct item *item)
{
	KUNIT_ASSERT_EQ(test, kr_store_reserve(&traffic->store, hash_of, &traffic->lock), 0);
	spin_lock(&traffic->lock);
	kr_store_insert(&traffic->store, (unsigned long)item, hash_of(item));
	spin_unlock(&traffic->lock);
}

static void replace_stable(struct kunit *test, struct traffic *traffic, u32 value)
{
	struct item *old = find(&traffic->store, value), *new = item_new(test, value);

	KUNIT_ASSERT_NOT_NULL(test, old);
	spin_lock(&traffic->lock);
	kr_store_replace(&traffic->store, old, new, mix(value));
	spin_unlock(&traffic->lock);
	kfree_rcu(old, rcu);
}

/* Grows the store from small to large and shrinks it again, replacing on the way. */
static void swell_and_subside(struct kunit *test, struct traffic *traffic, struct item **items)
{
	unsigned int i;

	for (i = 0; i < TRANSIENT; i++) {
		items[i] = item_new(test, 1000 + i);
		add_locked(test, traffic, items[i]);
		if (i % 16 == 0)
			replace_stable(test, traffic, i / 16 % STABLE);
	}
	for (i = 0; i < TRANSIENT; i++) {
		spin_lock(&traffic->lock);
		take(&traffic->store, items[i]);
		spin_unlock(&traffic->lock);
		kfree_rcu(items[i], rcu);
	}
	cond_resched();
}

static void free_stable(struct kr_store *store)
{
	unsigned long entry;
	u32 at = 0;

	while ((entry = kr_store_next(store->table, &at)))
		kfree(kr_store_object(entry));
	kr_store_free(store);
}

static void readers_never_miss(struct kunit *test)
{
	struct traffic *traffic = kunit_kzalloc(test, sizeof(*traffic), GFP_KERNEL);
	struct item **items = kunit_kcalloc(test, TRANSIENT, sizeof(*items), GFP_KERNEL);
	unsigned long end = jiffies + KT_STRESS;
	unsigned int i, rounds = 0;

	KUNIT_ASSERT_NOT_NULL(test, traffic);
	KUNIT_ASSERT_NOT_NULL(test, items);
	spin_lock_init(&traffic->lock);
	for (i = 0; i < STABLE; i++)
		add_locked(test, traffic, item_new(test, i));

	kt_crew_start(test, 2, read_traffic, traffic);
	while (time_before(jiffies, end)) {
		swell_and_subside(test, traffic, items);
		rounds++;
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);

	KUNIT_EXPECT_GT(test, rounds, 0u);
	KUNIT_EXPECT_GT(test, atomic_read(&traffic->lookups), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&traffic->found), 0);
	KUNIT_EXPECT_EQ(test, traffic->store.count, STABLE);
	KUNIT_EXPECT_TRUE(test, is_sound(&traffic->store));
	free_stable(&traffic->store);
	rcu_barrier();
}

static struct kunit_case store_cases[] = {
	KUNIT_CASE(zeroes_are_an_empty_store),
	KUNIT_CASE_PARAM(holds_what_was_added, size_gen_params),
	KUNIT_CASE_PARAM(forgets_what_was_removed, size_gen_params),
	KUNIT_CASE(tables_follow_their_entries),
	KUNIT_CASE_PARAM(does_not_resize_back_and_forth, size_gen_params),
	KUNIT_CASE(vacated_places_are_used_again),
	KUNIT_CASE(equal_hashes_are_told_apart),
	KUNIT_CASE_PARAM(replaces_in_place, size_gen_params),
	KUNIT_CASE(marks_stay_with_their_entries),
	KUNIT_CASE(promises_are_kept),
	KUNIT_CASE(reader_finds_while_store_grows),
	KUNIT_CASE(reader_finds_while_store_shrinks),
	KUNIT_CASE(reader_passes_a_vacated_place),
	KUNIT_CASE(readers_never_miss),
	{}
};

static struct kunit_suite store_suite = {
	.name		= "kr_store",
	.init		= kt_bare_init,
	.exit		= kt_bare_exit,
	.test_cases	= store_cases,
};

kunit_test_suite(store_suite);
