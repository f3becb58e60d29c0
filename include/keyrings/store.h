/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room store: a hash container whose readers need only RCU. It stores nodes
 * embedded in the owner's objects and has no idea what they are.
 */
#ifndef KEYRINGS_STORE_H
#define KEYRINGS_STORE_H

#include <linux/rculist.h>
#include <linux/seqlock.h>
#include <linux/types.h>

/**
 * struct kr_store_node - what an object embeds to be stored
 * @chain: in the store's bucket; written under the owner's lock, read under RCU
 * @hash: the full hash; constant while stored
 * @tag: the owner's; the store neither sets nor reads it
 */
struct kr_store_node {
	struct hlist_node chain;
	u32 hash;
	u8 tag;
};

/**
 * struct kr_store_table - buckets of a store that outgrew its single chain
 * @rcu: frees the table after the readers of a resize
 * @bits: log2 of the number of buckets
 * @bucket: the chains
 */
struct kr_store_table {
	struct rcu_head rcu;
	unsigned int bits;
	struct hlist_head bucket[];
};

/**
 * struct kr_store - the container
 * @table: buckets, NULL while all nodes hang on @single
 * @single: the only chain of a small store, so that it needs no allocation
 * @count: nodes stored
 * @resize: odd while nodes move between tables
 *
 * All zeroes is an empty store. Writers are serialised by the owner.
 *
 * ============ ============================= ===========================
 * state        what is true                  who may look
 * ============ ============================= ===========================
 * small        @table NULL, nodes on @single writer; readers under RCU
 * resizing     @resize odd, nodes move       writer; readers retry a miss
 * grown        nodes in @table               writer; readers under RCU
 * ============ ============================= ===========================
 */
struct kr_store {
	struct kr_store_table __rcu *table;
	struct hlist_head single;
	unsigned int count;
	seqcount_t resize;
};

/**
 * typedef kr_store_match_t - does this node hold what is looked for?
 * @node: a node whose hash is the one looked for
 * @arg: as given to kr_store_find()
 */
typedef bool (*kr_store_match_t)(const struct kr_store_node *node, const void *arg);

/**
 * kr_store_init() - make an empty store
 * @store: uninitialised memory
 */
void kr_store_init(struct kr_store *store);

/**
 * kr_store_chain() - the chain in which a hash is found
 * @store: the store
 * @hash: full hash
 *
 * Caller is in an RCU read section or holds the owner's lock.
 *
 * Return: the head of the chain.
 */
static inline struct hlist_head *kr_store_chain(struct kr_store *store, u32 hash)
{
	struct kr_store_table *table = rcu_dereference_raw(store->table);

	return table ? &table->bucket[hash >> (32 - table->bits)] : &store->single;
}

/**
 * kr_store_find() - find a node
 * @store: the store
 * @hash: full hash of what is looked for
 * @match: called for each node of that hash
 * @arg: for @match
 *
 * Caller is in an RCU read section or holds the owner's lock. A node that is
 * stored during the whole call is found even when the store is resized
 * meanwhile.
 *
 * Return: the node, or NULL.
 */
struct kr_store_node *kr_store_find(struct kr_store *store, u32 hash,
				    kr_store_match_t match, const void *arg);

/**
 * kr_store_add() - store a node
 * @store: the store
 * @node: not stored anywhere; its hash is set by this call
 * @hash: full hash
 *
 * Caller holds the owner's lock. May grow the table with a sleeping
 * allocation; when that fails chains only get longer, so this cannot fail.
 */
void kr_store_add(struct kr_store *store, struct kr_store_node *node, u32 hash);

/**
 * kr_store_replace() - put a node in the place of another of the same hash
 * @store: the store
 * @old: stored; memory of it is kept for a grace period by the owner
 * @new: not stored
 *
 * Caller holds the owner's lock. Readers see either node, never none.
 */
void kr_store_replace(struct kr_store *store, struct kr_store_node *old,
		      struct kr_store_node *new);

/**
 * kr_store_remove() - take a node out
 * @store: the store
 * @node: stored; its memory is kept for a grace period by the owner
 *
 * Caller holds the owner's lock.
 */
void kr_store_remove(struct kr_store *store, struct kr_store_node *node);

/**
 * kr_store_drain() - take out every node and free the table
 * @store: the store
 * @fn: called for each node right after it was taken out; may not sleep
 * @arg: for @fn
 *
 * Caller holds the owner's lock, or is the last to know the store.
 */
void kr_store_drain(struct kr_store *store, void (*fn)(struct kr_store_node *node, void *arg),
		    void *arg);

/**
 * kr_store_each() - call a function for every node
 * @store: the store
 * @fn: returns false to stop
 * @arg: for @fn
 *
 * Caller holds the owner's lock. The order says nothing about addresses: it is
 * that of the keyed hash.
 */
void kr_store_each(struct kr_store *store, bool (*fn)(struct kr_store_node *node, void *arg),
		   void *arg);

/**
 * kr_store_each_rcu() - call a function for every node, as a reader
 * @store: the store
 * @fn: returns false to stop
 * @arg: for @fn
 *
 * Caller is in an RCU read section. A node that is stored during the whole call
 * is seen, unless @fn stopped before; when the store is resized meanwhile the
 * call begins anew, and @fn sees nodes again.
 */
void kr_store_each_rcu(struct kr_store *store,
		       bool (*fn)(struct kr_store_node *node, void *arg), void *arg);

#endif /* KEYRINGS_STORE_H */
