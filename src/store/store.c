// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hash container for readers under RCU and one writer at a time.
 *
 * Nodes move between tables in place when the store is resized, so a reader
 * may be carried into another chain. It then ends at the end of that chain and
 * may have missed its node; the sequence count tells it to look again.
 */
#include <keyrings/store.h>

#include <linux/kcsan-checks.h>
#include <linux/mm.h>
#include <linux/slab.h>

#define SINGLE_MAX	8	/* nodes on the single chain before a table pays */
#define MIN_BITS	3
#define MAX_BITS	24

void kr_store_init(struct kr_store *store)
{
	RCU_INIT_POINTER(store->table, NULL);
	INIT_HLIST_HEAD(&store->single);
	store->count = 0;
	seqcount_init(&store->resize);
}

static struct kr_store_node *find_in_chain(struct hlist_head *head, u32 hash,
					   kr_store_match_t match, const void *arg)
{
	struct kr_store_node *node;

	hlist_for_each_entry_rcu(node, head, chain, true) {
		if (node->hash == hash && match(node, arg))
			return node;
	}
	return NULL;
}

struct kr_store_node *kr_store_find(struct kr_store *store, u32 hash,
				    kr_store_match_t match, const void *arg)
{
	struct kr_store_node *node;
	unsigned int seq;

	for (;;) {
		seq = raw_read_seqcount(&store->resize);
		node = find_in_chain(kr_store_chain(store, hash), hash, match, arg);
		if (node) {
			/* KCSAN is not to excuse what the caller does with it. */
			kcsan_atomic_next(0);
			return node;
		}
		if (likely(!(seq & 1) && !read_seqcount_retry(&store->resize, seq)))
			return NULL;
		cpu_relax();
	}
}

/* /proc/keys shows the count without a lock. */
static void set_count(struct kr_store *store, unsigned int count)
{
	WRITE_ONCE(store->count, count);
}

/*
 * Readers may stand on the node, and go on in the chain that it comes to: each
 * pointer of it changes at once. hlist_add_head_rcu() is for nodes that nobody
 * sees yet.
 */
static void relink(struct hlist_node *node, struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	hlist_del_rcu(node);
	WRITE_ONCE(node->next, first);
	WRITE_ONCE(node->pprev, &head->first);
	rcu_assign_pointer(hlist_first_rcu(head), node);
	if (first)
		WRITE_ONCE(first->pprev, &node->next);
}

static void move_chain(struct kr_store *store, struct hlist_head *from)
{
	struct kr_store_node *node;
	struct hlist_node *next;

	hlist_for_each_entry_safe(node, next, from, chain)
		relink(&node->chain, kr_store_chain(store, node->hash));
}

static void move_all(struct kr_store *store, struct kr_store_table *new)
{
	struct kr_store_table *old = rcu_dereference_protected(store->table, true);
	unsigned int i;

	/* A reader that is carried away sees an odd or a changed count. */
	preempt_disable();
	raw_write_seqcount_begin(&store->resize);
	rcu_assign_pointer(store->table, new);
	if (old) {
		for (i = 0; i < 1u << old->bits; i++)
			move_chain(store, &old->bucket[i]);
	} else {
		move_chain(store, &store->single);
	}
	raw_write_seqcount_end(&store->resize);
	preempt_enable();

	if (old)
		kvfree_rcu(old, rcu);
}

static void resize(struct kr_store *store, unsigned int bits)
{
	struct kr_store_table *new = NULL;

	if (bits) {
		new = kvzalloc(struct_size(new, bucket, 1u << bits),
			       GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
		if (!new)
			return;
		new->bits = bits;
	}
	move_all(store, new);
}

static unsigned int table_bits(const struct kr_store *store)
{
	const struct kr_store_table *table = rcu_dereference_protected(store->table, true);

	return table ? table->bits : 0;
}

static bool too_full(const struct kr_store *store, unsigned int bits)
{
	return bits ? store->count > 2u << bits && bits < MAX_BITS : store->count > SINGLE_MAX;
}

static bool too_empty(const struct kr_store *store, unsigned int bits)
{
	return bits && (store->count < (1u << bits) / 8 || store->count < SINGLE_MAX / 2);
}

static unsigned int wanted_bits(const struct kr_store *store)
{
	return store->count <= SINGLE_MAX / 2 ? 0 : max_t(unsigned int, MIN_BITS, fls(store->count));
}

void kr_store_add(struct kr_store *store, struct kr_store_node *node, u32 hash)
{
	unsigned int bits = table_bits(store);

	node->hash = hash;
	set_count(store, store->count + 1);
	if (unlikely(too_full(store, bits)))
		resize(store, max_t(unsigned int, MIN_BITS, bits + 2));
	hlist_add_head_rcu(&node->chain, kr_store_chain(store, hash));
}

void kr_store_replace(struct kr_store *store, struct kr_store_node *old,
		      struct kr_store_node *new)
{
	new->hash = old->hash;
	hlist_replace_rcu(&old->chain, &new->chain);
}

void kr_store_remove(struct kr_store *store, struct kr_store_node *node)
{
	hlist_del_rcu(&node->chain);
	set_count(store, store->count - 1);
	if (unlikely(too_empty(store, table_bits(store))))
		resize(store, wanted_bits(store));
}

static void drain_chain(struct hlist_head *head, void (*fn)(struct kr_store_node *node, void *arg),
			void *arg)
{
	struct kr_store_node *node;
	struct hlist_node *next;

	hlist_for_each_entry_safe(node, next, head, chain) {
		hlist_del_rcu(&node->chain);
		fn(node, arg);
	}
}

void kr_store_drain(struct kr_store *store, void (*fn)(struct kr_store_node *node, void *arg),
		    void *arg)
{
	struct kr_store_table *table = rcu_dereference_protected(store->table, true);
	unsigned int i;

	set_count(store, 0);
	drain_chain(&store->single, fn, arg);
	if (!table)
		return;
	for (i = 0; i < 1u << table->bits; i++)
		drain_chain(&table->bucket[i], fn, arg);
	move_all(store, NULL);
}

static bool each_in_chain(struct hlist_head *head,
			  bool (*fn)(struct kr_store_node *node, void *arg), void *arg)
{
	struct kr_store_node *node;

	hlist_for_each_entry(node, head, chain) {
		if (!fn(node, arg))
			return false;
	}
	return true;
}

void kr_store_each(struct kr_store *store, bool (*fn)(struct kr_store_node *node, void *arg),
		   void *arg)
{
	struct kr_store_table *table = rcu_dereference_protected(store->table, true);
	unsigned int i;

	if (!table) {
		each_in_chain(&store->single, fn, arg);
		return;
	}
	for (i = 0; i < 1u << table->bits; i++) {
		if (!each_in_chain(&table->bucket[i], fn, arg))
			return;
	}
}

static bool each_in_chain_rcu(struct hlist_head *head,
			      bool (*fn)(struct kr_store_node *node, void *arg), void *arg)
{
	struct kr_store_node *node;

	hlist_for_each_entry_rcu(node, head, chain) {
		if (!fn(node, arg))
			return false;
	}
	return true;
}

/* One round; false when @fn stopped it. */
static bool each_once_rcu(struct kr_store *store,
			  bool (*fn)(struct kr_store_node *node, void *arg), void *arg)
{
	struct kr_store_table *table = rcu_dereference(store->table);
	unsigned int i;

	if (!table)
		return each_in_chain_rcu(&store->single, fn, arg);
	for (i = 0; i < 1u << table->bits; i++) {
		if (!each_in_chain_rcu(&table->bucket[i], fn, arg))
			return false;
	}
	return true;
}

void kr_store_each_rcu(struct kr_store *store,
		       bool (*fn)(struct kr_store_node *node, void *arg), void *arg)
{
	unsigned int seq;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "nodes are borrowed");
	for (;;) {
		seq = raw_read_seqcount(&store->resize);
		if (!each_once_rcu(store, fn, arg))
			return;
		if (likely(!(seq & 1) && !read_seqcount_retry(&store->resize, seq)))
			return;
		cpu_relax();
	}
}
