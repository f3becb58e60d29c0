/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the unit tests of search and possession share: rings in rings with keys in
 * them, and how deep they are.
 */
#ifndef KR_KUNIT_TREE_H
#define KR_KUNIT_TREE_H

#include "kunit_helpers.h"

/* Looks for a user key from a possessed ring; borrowed, the case holds all keys. */
static inline struct kr_key *search_as(struct kunit *test, struct kr_key *ring, const char *desc,
				       unsigned int flags, const struct cred *actor, int *error)
{
	struct kr_search search;

	kr_search_init(&search, kt_type(test, "user"), desc, actor, flags);
	search.possessed = true;
	*error = kr_ring_search(ring, &search);
	if (*error)
		return NULL;
	kr_key_put(search.found);
	return search.found;
}

static inline struct kr_key *key_in(struct kunit *test, struct kr_key *ring, const char *desc)
{
	struct kr_key *key = kt_key(test, desc);

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	return key;
}

static inline struct kr_key *ring_in(struct kunit *test, struct kr_key *ring, const char *name)
{
	struct kr_key *inner = kt_ring(test, name);

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, inner), 0);
	return inner;
}

static const unsigned int levels[] = { 1, 2, 5, 6, 7, 8 };

static inline void describe_level(const unsigned int *level, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *level);
}

KUNIT_ARRAY_PARAM(level, levels, describe_level);

#endif /* KR_KUNIT_TREE_H */
