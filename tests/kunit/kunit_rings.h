/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What unit tests of room keyring share: what a ring holds, as the ring and as
 * the keys see it.
 */
#ifndef KR_KUNIT_RINGS_H
#define KR_KUNIT_RINGS_H

#include "kunit_helpers.h"

static inline unsigned int links_of(struct kr_key *ring)
{
	return kr_ring_of(ring)->count;
}

static inline unsigned int holders_of(const struct kr_key *key)
{
	struct kr_holder_walk walk;
	const struct kr_key *ring;
	unsigned int count = 0;

	rcu_read_lock();
	for (ring = kr_holders_first(&walk, key); ring; ring = kr_holders_next(&walk))
		count++;
	rcu_read_unlock();
	return count;
}

/* As the ring sees it, and as reading it tells. */
static inline bool lists(struct kr_key *ring, const struct kr_key *key)
{
	s32 serials[64] = {};
	struct kr_buf buf = { .kernel = serials, .len = sizeof(serials) };
	unsigned int i;
	long len;

	len = ring->type->read(ring, &buf);
	for (i = 0; i < len / sizeof(s32) && i < ARRAY_SIZE(serials); i++) {
		if (serials[i] == key->serial)
			return true;
	}
	return false;
}

/* Both sides agree, always. */
static inline bool holds(struct kunit *test, struct kr_key *ring, const struct kr_key *key)
{
	bool known = kt_holds(ring, key);

	KUNIT_EXPECT_EQ(test, lists(ring, key), known);
	return known;
}

#endif /* KR_KUNIT_RINGS_H */
