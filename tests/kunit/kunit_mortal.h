/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the unit tests of room reaper share: keys that expire, and a clock that runs
 * when it is told to.
 */
#ifndef KR_KUNIT_MORTAL_H
#define KR_KUNIT_MORTAL_H

#include "kunit_helpers.h"

/* Lets the clock run to @seconds after the start of the case, and reaps. */
static inline void advance(time64_t seconds)
{
	kr_clock_shift(seconds);
	kr_reaper_flush();
}

static inline unsigned int links_of(struct kr_key *ring)
{
	return READ_ONCE(kr_ring_of(ring)->count);
}

/* A key in a ring that expires some time from now; the case holds it. */
static inline struct kr_key *mortal(struct kunit *test, struct kr_key *ring, const char *desc,
				    time64_t seconds)
{
	struct kr_key *key = kt_key(test, desc);

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_ASSERT_EQ(test, kr_key_set_expiry(key, kr_now() + seconds), 0);
	return key;
}

static inline bool linked(const struct kr_key *key)
{
	struct kr_holder_walk walk;

	return kr_holders_first(&walk, key);
}

#endif /* KR_KUNIT_MORTAL_H */
