/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of room keyring share. */
#ifndef KR_RING_INTERNAL_H
#define KR_RING_INTERNAL_H

#include <keyrings/keyring.h>

/**
 * struct kr_more_link - a link to a key that is not a keyring and was linked before
 * @rcu: frees the link after its readers
 * @link: as every link
 */
struct kr_more_link {
	struct rcu_head rcu;
	struct kr_link link;
};

/**
 * struct kr_ring_link - a link that leads to a ring
 * @rcu: frees the link after its readers
 * @sibling: in the children of the ring that holds it
 * @link: as every link
 */
struct kr_ring_link {
	struct rcu_head rcu;
	struct hlist_node sibling;
	struct kr_link link;
};

/**
 * struct kr_edit - one link about to be made: prepare, then commit or cancel
 * @ring: its lock is held all the time
 * @from: the locked ring that the key is moved from, for those who watch it; or NULL
 * @displaced: the link that goes, or NULL
 * @charged: a link's price was charged
 * @link: allocated for @key, or NULL
 * @key: what is to be linked
 */
struct kr_edit {
	struct kr_ring *ring;
	struct kr_ring *from;
	struct kr_link *displaced;
	bool charged;
	struct kr_link *link;
	struct kr_key *key;
};

/* A link to @ring or to any other key, by hash of type and description; NULL if none. */
struct kr_link *kr_link_find(struct kr_ring *ring, const struct kr_key_type *type,
			     const char *desc, u32 hash);
/* The same for this very key. */
struct kr_link *kr_link_find_key(struct kr_ring *ring, const struct kr_key *key);

int kr_edit_prepare(struct kr_edit *edit, struct kr_ring *ring, const struct kr_key_type *type,
		    const char *desc, u32 hash);
/* Allocate what committing takes; 0 or -ENOMEM. Committing does it if it was not done. */
int kr_edit_reserve(struct kr_edit *edit, struct kr_key *key);
int kr_edit_commit(struct kr_edit *edit, struct kr_key *key);
void kr_edit_cancel(struct kr_edit *edit);

/* Drop one link of a locked ring, or of a ring that has ended. */
void kr_link_drop(struct kr_ring *ring, struct kr_link *link);
void kr_link_drop_all(struct kr_ring *ring, struct llist_head *dying);

/* May a key of this type with this payload be linked? The ring is locked; may sleep. */
int kr_ring_admits(struct kr_ring *ring, const struct kr_key_type *type, void *payload);
/* The same for a key that has its payload, or will never have one. */
int kr_ring_admits_key(struct kr_ring *ring, struct kr_key *key);
/* The ring ends: so does its restriction. */
void kr_restriction_drop(struct kr_ring *ring);
/* Drop every link; @cleared: by KEYCTL_CLEAR, and those who watch the ring are told. */
void kr_link_drop_and_end(struct kr_ring *ring, bool cleared);

void kr_name_publish(struct kr_ring *ring);
void kr_name_withdraw(struct kr_ring *ring);

long kr_ring_read(struct kr_key *key, const struct kr_buf *buf);

/* Would a link from @parent to @child close a cycle or make a tree too deep? */
int kr_ring_check_nesting(const struct kr_ring *parent, struct kr_ring *child);

int kr_link_init(void);
void kr_link_exit(void);

#endif /* KR_RING_INTERNAL_H */
