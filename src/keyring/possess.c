// SPDX-License-Identifier: GPL-2.0-only
/*
 * Possession: keyrings(7), "Possession". A key is possessed when a path of
 * searchable rings leads to it from one of the rings the actor has by being
 * what it is.
 *
 * The path is looked for from the key upwards, along the links that lead to
 * it: most keys are in one or two rings. A key that is in very many rings is
 * looked for from above.
 */
#include <keyrings/keyring.h>

#include "ring_internal.h"

#define CLIMB_BUDGET	64	/* links looked at before the other direction is taken */

struct climb {
	const struct kr_anchors *anchors;
	unsigned int budget;
};

static bool is_anchor(const struct kr_anchors *anchors, const struct kr_key *key)
{
	unsigned int i;

	for (i = 0; i < anchors->count; i++) {
		if (anchors->ring[i] == key)
			return true;
	}
	return false;
}

static bool passable(const struct kr_anchors *anchors, const struct kr_key *ring)
{
	return !kr_ring_is_shut(ring) &&
	       kr_key_permits(ring, true, anchors->actor, KR_SEARCH);
}

/* Recursion is bounded by KR_RING_DEPTH. */
static bool climb_from(struct climb *climb, const struct kr_key *key, unsigned int depth)
{
	struct kr_holder_walk walk;
	const struct kr_key *ring;

	for (ring = kr_holders_first(&walk, key); ring; ring = kr_holders_next(&walk)) {
		if (!climb->budget)
			return false;
		climb->budget--;
		if (!passable(climb->anchors, ring))
			continue;
		if (is_anchor(climb->anchors, ring))
			return true;
		if (depth < KR_RING_DEPTH && climb_from(climb, ring, depth + 1))
			return true;
	}
	return false;
}

static bool search_from_above(const struct kr_anchors *anchors, const struct kr_key *key)
{
	struct kr_search search = {
		.exact		= key,
		.actor		= anchors->actor,
		.possessed	= true,
		.flags		= KR_SEARCH_RECURSE | KR_SEARCH_NO_STATE,
	};
	unsigned int i;

	for (i = 0; i < anchors->count; i++) {
		if (!kr_ring_search_once(anchors->ring[i], &search)) {
			kr_key_put_later(search.found);
			return true;
		}
	}
	return false;
}

bool kr_ring_possesses_once(const struct kr_anchors *anchors, const struct kr_key *key)
{
	struct climb climb = { .anchors = anchors, .budget = CLIMB_BUDGET };

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "anchors are borrowed");
	if (!anchors->count || !kr_key_permits(key, true, anchors->actor, KR_SEARCH))
		return false;
	if (is_anchor(anchors, key) || climb_from(&climb, key, 0))
		return true;
	return unlikely(!climb.budget) && search_from_above(anchors, key);
}

bool kr_ring_possesses(const struct kr_anchors *anchors, const struct kr_key *key)
{
	struct kr_look look = {};
	bool possessed;

	do {
		kr_look_begin(&look);
		possessed = kr_ring_possesses_once(anchors, key);
	} while (!possessed && kr_look_again(&look));
	return possessed;
}
