// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room store: a hash container whose readers need only RCU. */
#include "kunit_helpers.h"

#include <keyrings/store.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/slab.h>

struct item {
	struct kr_store_node node;
	struct rcu_head rcu;
	u32 value;
	u32 seen;
};

static struct item *item_of(const struct kr_store_node *node)
{
	return (struct item *)container_of_const(node, struct item, node);
}

/* An invertible mixing: different values have different hashes in all buckets. */
static u32 hash_of(u32 value)
{
	return value * 2654435761u;
}

static bool match_value(const struct kr_store_node *node, const void *arg)
{
	return item_of(node)->value == *(const u32 *)arg;
}

static struct item *find(struct kr_store *store, u32 value)
{
	struct kr_store_node *node;

	rcu_read_lock();
	node = kr_store_find(store, hash_of(value), match_value, &value);
	rcu_read_unlock();
	return node ? item_of(node) : NULL;
}

static bool has_table(struct kr_store *store)
{
	return rcu_access_pointer(store->table);
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

static void add(struct kr_store *store, struct item *item)
{
	kr_store_add(store, &item->node, hash_of(item->value));
}

static bool count_one(struct kr_store_node *node, void *arg)
{
	item_of(node)->seen++;
	++*(unsigned int *)arg;
	return true;
}

static void count_drained(struct kr_store_node *node, void *arg)
{
	count_one(node, arg);
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

static void empty_store_holds_nothing(struct kunit *test)
{
	struct kr_store store;
	unsigned int count = 0;

	kr_store_init(&store);
	KUNIT_EXPECT_NULL(test, find(&store, 1));
	kr_store_each(&store, count_one, &count);
	kr_store_drain(&store, count_drained, &count);
	KUNIT_EXPECT_EQ(test, count, 0u);
	KUNIT_EXPECT_EQ(test, store.count, 0u);
	KUNIT_EXPECT_FALSE(test, has_table(&store));
}

/* "All zeroes is an empty store." */
static void zeroes_are_an_empty_store(struct kunit *test)
{
	static struct kr_store store;
	struct item *items = items_make(test, 1);

	KUNIT_EXPECT_NULL(test, find(&store, 0));
	add(&store, &items[0]);
	KUNIT_EXPECT_PTR_EQ(test, find(&store, 0), &items[0]);
	kr_store_remove(&store, &items[0].node);
	KUNIT_EXPECT_NULL(test, find(&store, 0));
}

static const unsigned int sizes[] = { 1, 2, 7, 8, 9, 16, 17, 64, 65, 100, 1000, 5000 };

static void describe_size(const unsigned int *size, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *size);
}

KUNIT_ARRAY_PARAM(size, sizes, describe_size);

static void holds_what_was_added(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i, count = 0, bad = 0;
	struct item *items = items_make(test, size);
	struct kr_store store;

	kr_store_init(&store);
	for (i = 0; i < size; i++) {
		add(&store, &items[i]);
		bad += find(&store, i) != &items[i] || find(&store, size + i);
	}
	KUNIT_EXPECT_EQ(test, bad, 0u);
	KUNIT_EXPECT_EQ(test, misplaced(&store, items, 0, size, true), 0u);
	KUNIT_EXPECT_EQ(test, misplaced(&store, items, size, 2 * size, false), 0u);
	KUNIT_EXPECT_EQ(test, store.count, size);
	KUNIT_EXPECT_EQ(test, has_table(&store), size > 8);

	kr_store_each(&store, count_one, &count);
	KUNIT_EXPECT_EQ(test, count, size);
	for (i = 0, bad = 0; i < size; i++)
		bad += items[i].seen != 1;
	KUNIT_EXPECT_EQ(test, bad, 0u);

	kr_store_drain(&store, count_drained, &count);
	KUNIT_EXPECT_EQ(test, count, 2 * size);
}

/* In the order of adding, and backwards; what is left must stay found all the way. */
static void forgets_what_was_removed(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i, bad = 0;
	struct item *items = items_make(test, size);
	struct kr_store store;

	kr_store_init(&store);
	for (i = 0; i < size; i++)
		add(&store, &items[i]);
	for (i = 0; i < size; i++) {
		kr_store_remove(&store, &items[i].node);
		bad += find(&store, i) || (i + 1 < size && find(&store, i + 1) != &items[i + 1]) ||
		       (i + 1 < size && find(&store, size - 1) != &items[size - 1]);
		if (is_power_of_2(size - i))
			bad += misplaced(&store, items, i + 1, size, true);
	}
	KUNIT_EXPECT_EQ(test, bad, 0u);
	KUNIT_EXPECT_EQ(test, store.count, 0u);
	KUNIT_EXPECT_FALSE(test, has_table(&store));

	for (i = 0; i < size; i++)
		add(&store, &items[i]);
	while (i--)
		kr_store_remove(&store, &items[i].node);
	KUNIT_EXPECT_EQ(test, misplaced(&store, items, 0, size, false), 0u);
	KUNIT_EXPECT_EQ(test, store.count, 0u);
}

/* A chain is to stay short: the fullest bucket of many nodes. */
static void grows_with_its_nodes(struct kunit *test)
{
	struct item *items = items_make(test, 5000);
	struct kr_store_table *table;
	struct hlist_node *pos;
	struct kr_store store;
	unsigned int i, len, longest = 0, count = 0;

	kr_store_init(&store);
	for (i = 0; i < 5000; i++)
		add(&store, &items[i]);

	table = rcu_dereference_protected(store.table, true);
	KUNIT_ASSERT_NOT_NULL(test, table);
	for (i = 0; i < 1u << table->bits; i++) {
		len = 0;
		hlist_for_each(pos, &table->bucket[i])
			len++;
		longest = max(longest, len);
	}
	KUNIT_EXPECT_LE(test, longest, 8u);
	kr_store_drain(&store, count_drained, &count);
}

static void shrinks_with_its_nodes(struct kunit *test)
{
	struct item *items = items_make(test, 5000);
	unsigned int i, bits, count = 0;
	struct kr_store store;

	kr_store_init(&store);
	for (i = 0; i < 5000; i++)
		add(&store, &items[i]);
	bits = rcu_dereference_protected(store.table, true)->bits;
	for (i = 0; i < 4900; i++)
		kr_store_remove(&store, &items[i].node);
	KUNIT_ASSERT_TRUE(test, has_table(&store));
	KUNIT_EXPECT_LT(test, rcu_dereference_protected(store.table, true)->bits, bits);
	KUNIT_EXPECT_EQ(test, misplaced(&store, items, 4900, 5000, true), 0u);
	kr_store_drain(&store, count_drained, &count);
	KUNIT_EXPECT_EQ(test, count, 100u);
}

/* Adding and removing one node again and again must not move all the others each time. */
static void does_not_resize_back_and_forth(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i, moves = 0, count = 0;
	struct item *items = items_make(test, size + 1);
	struct kr_store store;

	kr_store_init(&store);
	for (i = 0; i < size; i++)
		add(&store, &items[i]);
	for (i = 0; i < 10; i++) {
		unsigned int before = raw_read_seqcount(&store.resize);

		add(&store, &items[size]);
		kr_store_remove(&store, &items[size].node);
		moves += raw_read_seqcount(&store.resize) != before;
	}
	KUNIT_EXPECT_LE(test, moves, 1u);
	kr_store_drain(&store, count_drained, &count);
}

/* What is looked for is told from others of its hash by the match alone. */
static void equal_hashes_are_told_apart(struct kunit *test)
{
	struct item *items = items_make(test, 40);
	struct kr_store_node *node;
	unsigned int bad = 0, count = 0;
	struct kr_store store;
	u32 i;

	kr_store_init(&store);
	for (i = 0; i < 40; i++)
		kr_store_add(&store, &items[i].node, 0xdeadbeef);
	for (i = 0; i < 40; i++) {
		node = kr_store_find(&store, 0xdeadbeef, match_value, &i);
		bad += node != &items[i].node;
		bad += !!kr_store_find(&store, 0xdeadbeee, match_value, &i);
	}
	KUNIT_EXPECT_EQ(test, bad, 0u);
	i = 40;
	KUNIT_EXPECT_NULL(test, kr_store_find(&store, 0xdeadbeef, match_value, &i));
	kr_store_drain(&store, count_drained, &count);
	KUNIT_EXPECT_EQ(test, count, 40u);
}

static void replaces_in_place(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i, bad = 0, count = 0;
	struct item *old = items_make(test, size), *new = items_make(test, size);
	struct kr_store store;

	kr_store_init(&store);
	for (i = 0; i < size; i++)
		add(&store, &old[i]);
	for (i = 0; i < size; i += 2) {
		kr_store_replace(&store, &old[i].node, &new[i].node);
		bad += new[i].node.hash != old[i].node.hash;
	}
	for (i = 0; i < size; i++)
		bad += find(&store, i) != (i % 2 ? &old[i] : &new[i]);
	KUNIT_EXPECT_EQ(test, bad, 0u);
	KUNIT_EXPECT_EQ(test, store.count, size);

	for (i = 0; i < size; i++)
		kr_store_remove(&store, i % 2 ? &old[i].node : &new[i].node);
	kr_store_each(&store, count_one, &count);
	KUNIT_EXPECT_EQ(test, count, 0u);
}

static bool count_three(struct kr_store_node *node, void *arg)
{
	return ++*(unsigned int *)arg < 3;
}

static void each_stops_when_told(struct kunit *test)
{
	struct item *items = items_make(test, 30);
	unsigned int i, seen, count = 0;
	struct kr_store store;

	kr_store_init(&store);
	for (i = 0; i < 30; i++) {
		add(&store, &items[i]);
		seen = 0;
		kr_store_each(&store, count_three, &seen);
		KUNIT_EXPECT_EQ(test, seen, min(i + 1, 3u));
	}
	kr_store_drain(&store, count_drained, &count);
}

static void drained_store_can_be_used_again(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i, round, count, bad = 0;
	struct item *items = items_make(test, size);
	struct kr_store store;

	kr_store_init(&store);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < size; i++)
			add(&store, &items[i]);
		count = 0;
		kr_store_drain(&store, count_drained, &count);
		KUNIT_EXPECT_EQ(test, count, size);
		KUNIT_EXPECT_EQ(test, store.count, 0u);
		KUNIT_EXPECT_FALSE(test, has_table(&store));
		KUNIT_EXPECT_EQ(test, misplaced(&store, items, 0, size, false), 0u);
		count = 0;
		kr_store_each(&store, count_one, &count);
		KUNIT_EXPECT_EQ(test, count, 0u);
	}
	for (i = 0; i < size; i++)
		bad += items[i].seen != 2;
	KUNIT_EXPECT_EQ(test, bad, 0u);
}

/*
 * A writer that comes while a reader is in the middle of a chain: it is called
 * from the reader's match, on the first node that does not match.
 */
#define WANTED	100000
#define OTHER	100001

struct intruder {
	struct kr_store *store;
	struct item *items;	/* what to add, or to remove */
	unsigned int count;
	bool removes;
	bool done;
};

static bool match_after_intrusion(const struct kr_store_node *node, const void *arg)
{
	struct intruder *intruder = (struct intruder *)arg;
	unsigned int i;

	if (item_of(node)->value == WANTED)
		return true;
	if (intruder->done)
		return false;
	intruder->done = true;
	for (i = 0; i < intruder->count; i++) {
		if (intruder->removes)
			kr_store_remove(intruder->store, &intruder->items[i].node);
		else
			add(intruder->store, &intruder->items[i]);
	}
	return false;
}

/* The wanted node is the second of two in a chain; the first one is looked at first. */
static void add_pair(struct kr_store *store, struct item *wanted, struct item *first)
{
	kr_store_add(store, &wanted->node, 42);
	kr_store_add(store, &first->node, 42);
}

static void reader_finds_while_store_grows(struct kunit *test)
{
	struct item *items = items_make(test, 100), *pair = items_make(test, 2);
	struct intruder intruder = { .items = items, .count = 100 };
	unsigned int count = 0;
	struct kr_store store;

	kr_store_init(&store);
	intruder.store = &store;
	pair[0].value = WANTED;
	pair[1].value = OTHER;
	add_pair(&store, &pair[0], &pair[1]);
	KUNIT_EXPECT_PTR_EQ(test, kr_store_find(&store, 42, match_after_intrusion, &intruder),
			    &pair[0].node);
	KUNIT_EXPECT_TRUE(test, intruder.done);
	KUNIT_EXPECT_TRUE(test, has_table(&store));
	kr_store_drain(&store, count_drained, &count);
}

static void reader_finds_while_store_shrinks(struct kunit *test)
{
	struct item *items = items_make(test, 100), *pair = items_make(test, 2);
	struct intruder intruder = { .items = items, .count = 100, .removes = true };
	unsigned int i, count = 0;
	struct kr_store store;

	kr_store_init(&store);
	intruder.store = &store;
	pair[0].value = WANTED;
	pair[1].value = OTHER;
	for (i = 0; i < 100; i++)
		add(&store, &items[i]);
	add_pair(&store, &pair[0], &pair[1]);
	KUNIT_EXPECT_PTR_EQ(test, kr_store_find(&store, 42, match_after_intrusion, &intruder),
			    &pair[0].node);
	KUNIT_EXPECT_TRUE(test, intruder.done);
	KUNIT_EXPECT_FALSE(test, has_table(&store));
	kr_store_drain(&store, count_drained, &count);
}

/* The node on which the reader stands goes; it keeps leading to those behind it. */
static void reader_passes_a_removed_node(struct kunit *test)
{
	struct item *pair = items_make(test, 2);
	struct intruder intruder = { .items = &pair[1], .count = 1, .removes = true };
	unsigned int count = 0;
	struct kr_store store;

	kr_store_init(&store);
	intruder.store = &store;
	pair[0].value = WANTED;
	pair[1].value = OTHER;
	add_pair(&store, &pair[0], &pair[1]);
	KUNIT_EXPECT_PTR_EQ(test, kr_store_find(&store, 42, match_after_intrusion, &intruder),
			    &pair[0].node);
	KUNIT_EXPECT_EQ(test, store.count, 1u);
	kr_store_drain(&store, count_drained, &count);
}

#define STABLE		64u
#define TRANSIENT	400u

struct traffic {
	struct kr_store store;
	atomic_t lookups;
	atomic_t found;
};

/* Looks for the nodes that are always there, and for some that come and go. */
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

static void free_item(struct kr_store_node *node, void *arg)
{
	struct item *item = item_of(node);

	kfree_rcu(item, rcu);
}

static struct item *item_new(struct kunit *test, u32 value)
{
	struct item *item = kzalloc(sizeof(*item), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, item);
	item->value = value;
	return item;
}

static void replace_stable(struct kunit *test, struct kr_store *store, u32 value)
{
	struct item *old = find(store, value), *new = item_new(test, value);

	KUNIT_ASSERT_NOT_NULL(test, old);
	kr_store_replace(store, &old->node, &new->node);
	kfree_rcu(old, rcu);
}

/* Grows the store from small to large and shrinks it again, replacing on the way. */
static void swell_and_subside(struct kunit *test, struct kr_store *store, struct item **items)
{
	unsigned int i;

	for (i = 0; i < TRANSIENT; i++) {
		items[i] = item_new(test, 1000 + i);
		add(store, items[i]);
		if (i % 16 == 0)
			replace_stable(test, store, i / 16 % STABLE);
	}
	for (i = 0; i < TRANSIENT; i++) {
		kr_store_remove(store, &items[i]->node);
		kfree_rcu(items[i], rcu);
	}
	cond_resched();
}

static void readers_never_miss(struct kunit *test)
{
	struct traffic *traffic = kunit_kzalloc(test, sizeof(*traffic), GFP_KERNEL);
	struct item **items = kunit_kcalloc(test, TRANSIENT, sizeof(*items), GFP_KERNEL);
	unsigned long end = jiffies + KT_STRESS;
	unsigned int i, rounds = 0;

	KUNIT_ASSERT_NOT_NULL(test, traffic);
	KUNIT_ASSERT_NOT_NULL(test, items);
	kr_store_init(&traffic->store);
	for (i = 0; i < STABLE; i++)
		add(&traffic->store, item_new(test, i));

	kt_crew_start(test, 2, read_traffic, traffic);
	while (time_before(jiffies, end)) {
		swell_and_subside(test, &traffic->store, items);
		rounds++;
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);

	KUNIT_EXPECT_GT(test, rounds, 0u);
	KUNIT_EXPECT_GT(test, atomic_read(&traffic->lookups), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&traffic->found), 0);
	KUNIT_EXPECT_EQ(test, traffic->store.count, STABLE);
	kr_store_drain(&traffic->store, free_item, NULL);
}

static struct kunit_case store_cases[] = {
	KUNIT_CASE(empty_store_holds_nothing),
	KUNIT_CASE(zeroes_are_an_empty_store),
	KUNIT_CASE_PARAM(holds_what_was_added, size_gen_params),
	KUNIT_CASE_PARAM(forgets_what_was_removed, size_gen_params),
	KUNIT_CASE(grows_with_its_nodes),
	KUNIT_CASE(shrinks_with_its_nodes),
	KUNIT_CASE_PARAM(does_not_resize_back_and_forth, size_gen_params),
	KUNIT_CASE(equal_hashes_are_told_apart),
	KUNIT_CASE_PARAM(replaces_in_place, size_gen_params),
	KUNIT_CASE(each_stops_when_told),
	KUNIT_CASE_PARAM(drained_store_can_be_used_again, size_gen_params),
	KUNIT_CASE(reader_finds_while_store_grows),
	KUNIT_CASE(reader_finds_while_store_shrinks),
	KUNIT_CASE(reader_passes_a_removed_node),
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
