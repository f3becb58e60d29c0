// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room store: readers need only RCU, whatever writers do meanwhile. */
#include "kunit_helpers.h"
#include "kunit_items.h"

#include <keyrings/store.h>
#include <linux/kthread.h>
#include <linux/slab.h>

/*
 * A writer that comes while a reader is on its way: the reader's match waits for it,
 * on the first object that does not match, and does not leave its RCU section.
 */
#define WANTED	100000
#define OTHER	100001

struct intruder {
	struct kr_store *store;
	struct item *items;	/* what to add, or to remove */
	unsigned int count;
	bool removes;
	bool comes, done;
	struct item *found;	/* by the reader */
};

static bool match_after_intrusion(const void *object, const void *arg)
{
	struct intruder *intruder = (struct intruder *)arg;

	if (((const struct item *)object)->value == WANTED)
		return true;
	smp_store_release(&intruder->comes, true);
	while (!smp_load_acquire(&intruder->done))
		cpu_relax();
	return false;
}

static int read_with_intruder(void *arg)
{
	struct intruder *intruder = arg;

	rcu_read_lock();
	intruder->found = kr_store_find(intruder->store, 42, match_after_intrusion, intruder);
	rcu_read_unlock();
	return 0;
}

static int add_or_remove(struct intruder *intruder)
{
	struct item *item = intruder->items;
	int ret = 0;

	for (; !ret && item < intruder->items + intruder->count; item++) {
		if (intruder->removes) {
			take(intruder->store, item);
			continue;
		}
		ret = kr_store_reserve(intruder->store, hash_of, NULL);
		if (!ret)
			kr_store_insert(intruder->store, (unsigned long)item, hash_of(item));
	}
	return ret;
}

static int intrude(void *arg)
{
	struct intruder *intruder = arg;
	int ret;

	while (!smp_load_acquire(&intruder->comes) && !kthread_should_stop())
		schedule_timeout_idle(1);
	ret = add_or_remove(intruder);
	smp_store_release(&intruder->done, true);
	return ret;
}

static void read_while_it_intrudes(struct kunit *test, struct intruder *intruder)
{
	if (num_online_cpus() < 2)
		kunit_skip(test, "reader and writer need a processor each");
	kt_crew_start(test, 1, intrude, intruder);
	kt_crew_start(test, 1, read_with_intruder, intruder);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_TRUE(test, intruder->comes);
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
	struct intruder intruder = { .store = &store, .items = items, .count = 100 };

	add_pair(test, &store, pair);
	read_while_it_intrudes(test, &intruder);
	KUNIT_EXPECT_PTR_EQ(test, intruder.found, &pair[1]);
	KUNIT_EXPECT_GE(test, bits_of(&store), 8u);
	rcu_barrier();
	kr_store_free(&store);
}

static void reader_finds_while_store_shrinks(struct kunit *test)
{
	struct item *items = items_make(test, 100), *pair = pair_make(test);
	struct kr_store store = {};
	struct intruder intruder = { .store = &store, .items = items, .count = 100,
				     .removes = true };

	add_many(test, &store, items, 100);
	add_pair(test, &store, pair);
	read_while_it_intrudes(test, &intruder);
	KUNIT_EXPECT_PTR_EQ(test, intruder.found, &pair[1]);
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

static struct kunit_case store_readers_cases[] = {
	KUNIT_CASE(reader_finds_while_store_grows),
	KUNIT_CASE(reader_finds_while_store_shrinks),
	KUNIT_CASE(reader_passes_a_vacated_place),
	KUNIT_CASE(readers_never_miss),
	{}
};

static struct kunit_suite store_readers_suite = {
	.name		= "kr_store_readers",
	.init		= kt_bare_init,
	.exit		= kt_bare_exit,
	.test_cases	= store_readers_cases,
};

kunit_test_suite(store_readers_suite);
