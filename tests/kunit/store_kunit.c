// SPDX-License-Identifier: GPL-2.0-only
/* Room store: what is stored is found, also while the store is resized. */
#include <keyrings/store.h>

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#define NODES	2000

struct thing {
	struct kr_store_node node;
	unsigned int number;
};

static bool is_number(const struct kr_store_node *node, const void *arg)
{
	return container_of(node, const struct thing, node)->number == *(const unsigned int *)arg;
}

static u32 hash_of(unsigned int number)
{
	return number * 2654435761u;
}

static struct thing *find(struct kr_store *store, unsigned int number)
{
	struct kr_store_node *node;

	rcu_read_lock();
	node = kr_store_find(store, hash_of(number), is_number, &number);
	rcu_read_unlock();
	return node ? container_of(node, struct thing, node) : NULL;
}

static struct thing *make_things(struct kunit *test, struct kr_store *store, unsigned int count)
{
	struct thing *things = kunit_kcalloc(test, count, sizeof(*things), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, things);
	kr_store_init(store);
	for (i = 0; i < count; i++) {
		things[i].number = i;
		kr_store_add(store, &things[i].node, hash_of(i));
	}
	return things;
}

static const unsigned int sizes[] = { 0, 1, 7, 8, 9, 10, 33, 500, NODES };

static void size_name(const unsigned int *size, char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "%u nodes", *size);
}

KUNIT_ARRAY_PARAM(size, sizes, size_name);

static void count_one(struct kr_store_node *node, void *arg)
{
	++*(unsigned int *)arg;
}

static void adds_and_removes(struct kunit *test)
{
	unsigned int count = *(const unsigned int *)test->param_value, i;
	struct kr_store store;
	struct thing *things = make_things(test, &store, count);

	KUNIT_EXPECT_EQ(test, store.count, count);
	for (i = 0; i < count; i++)
		KUNIT_EXPECT_PTR_EQ(test, find(&store, i), &things[i]);
	KUNIT_EXPECT_NULL(test, find(&store, count));

	for (i = 0; i < count; i++) {
		kr_store_remove(&store, &things[i].node);
		KUNIT_EXPECT_NULL(test, find(&store, i));
		if (i + 1 < count)
			KUNIT_EXPECT_PTR_EQ(test, find(&store, count - 1), &things[count - 1]);
	}
	KUNIT_EXPECT_EQ(test, store.count, 0u);
	KUNIT_EXPECT_TRUE(test, !rcu_access_pointer(store.table));
}

static void drains(struct kunit *test)
{
	unsigned int count = *(const unsigned int *)test->param_value, drained = 0;
	struct kr_store store;

	make_things(test, &store, count);
	kr_store_drain(&store, count_one, &drained);
	KUNIT_EXPECT_EQ(test, drained, count);
	KUNIT_EXPECT_EQ(test, store.count, 0u);
	KUNIT_EXPECT_TRUE(test, !rcu_access_pointer(store.table));
	KUNIT_EXPECT_NULL(test, find(&store, 0));
}

static bool see(struct kr_store_node *node, void *arg)
{
	u8 *seen = arg;

	seen[container_of(node, struct thing, node)->number]++;
	return true;
}

static void visits_each_once(struct kunit *test)
{
	unsigned int count = *(const unsigned int *)test->param_value, i;
	u8 *seen = kunit_kzalloc(test, count + 1, GFP_KERNEL);
	unsigned int drained = 0;
	struct kr_store store;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	make_things(test, &store, count);
	kr_store_each(&store, see, seen);
	for (i = 0; i < count; i++)
		KUNIT_EXPECT_EQ(test, seen[i], 1);
	kr_store_drain(&store, count_one, &drained);
}

static void replaces(struct kunit *test)
{
	struct thing other = { .number = 3 };
	unsigned int drained = 0;
	struct kr_store store;
	struct thing *things = make_things(test, &store, 20);

	kr_store_replace(&store, &things[3].node, &other.node);
	KUNIT_EXPECT_PTR_EQ(test, find(&store, 3), &other);
	KUNIT_EXPECT_EQ(test, store.count, 20u);
	kr_store_drain(&store, count_one, &drained);
	KUNIT_EXPECT_EQ(test, drained, 20u);
}

struct watch {
	struct kr_store *store;
	struct completion done;
	bool stop;
	unsigned long looks, misses;
};

/* Node 0 is stored all the time. */
static int watch_node(void *arg)
{
	struct watch *watch = arg;

	while (!READ_ONCE(watch->stop)) {
		watch->looks++;
		if (!find(watch->store, 0))
			watch->misses++;
		cond_resched();
	}
	complete(&watch->done);
	return 0;
}

static void reader_never_misses(struct kunit *test)
{
	struct kr_store store;
	struct thing *things = make_things(test, &store, NODES);
	struct watch watch = { .store = &store };
	unsigned int round, i, drained = 0;
	struct task_struct *reader;

	for (i = 1; i < NODES; i++)
		kr_store_remove(&store, &things[i].node);
	init_completion(&watch.done);
	reader = kthread_run(watch_node, &watch, "kr_store_reader");
	KUNIT_ASSERT_FALSE(test, IS_ERR(reader));

	for (round = 0; round < 10; round++) {
		/* A node is used again only after its readers. */
		synchronize_rcu();
		for (i = 1; i < NODES; i++)
			kr_store_add(&store, &things[i].node, hash_of(i));
		cond_resched();
		for (i = 1; i < NODES; i++)
			kr_store_remove(&store, &things[i].node);
		cond_resched();
	}
	WRITE_ONCE(watch.stop, true);
	wait_for_completion(&watch.done);
	KUNIT_EXPECT_GT(test, watch.looks, 0ul);
	KUNIT_EXPECT_EQ(test, watch.misses, 0ul);
	kr_store_drain(&store, count_one, &drained);
	KUNIT_EXPECT_EQ(test, drained, 1u);
	rcu_barrier();
}

static struct kunit_case store_cases[] = {
	KUNIT_CASE_PARAM(adds_and_removes, size_gen_params),
	KUNIT_CASE_PARAM(drains, size_gen_params),
	KUNIT_CASE_PARAM(visits_each_once, size_gen_params),
	KUNIT_CASE(replaces),
	KUNIT_CASE(reader_never_misses),
	{}
};

static struct kunit_suite store_suite = {
	.name		= "kr_store",
	.test_cases	= store_cases,
};

kunit_test_suite(store_suite);
