// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room keyring: possession, which is found by climbing from the key or
 * by searching from above, with the same answer (keyrings(7), "Possession").
 */
#include "kunit_helpers.h"
#include "kunit_reaper.h"
#include "kunit_tree.h"

#include <linux/random.h>

static bool possesses_by(const struct kr_anchors *anchors, const struct kr_key *key)
{
	bool possessed;

	rcu_read_lock();
	possessed = kr_ring_possesses(anchors, key);
	rcu_read_unlock();
	return possessed;
}

static bool possesses(const struct cred *actor, struct kr_key *anchor, const struct kr_key *key)
{
	struct kr_anchors anchors = { .actor = actor };

	if (anchor)
		anchors.ring[anchors.count++] = anchor;
	return possesses_by(&anchors, key);
}

static void possesses_what_its_rings_hold(struct kunit *test)
{
	const struct cred *me = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *ring = kt_ring(test, "ring"), *key = key_in(test, ring, "k");
	struct kr_key *stray = kt_key(test, "stray");

	KUNIT_EXPECT_TRUE(test, possesses(me, ring, key));
	KUNIT_EXPECT_TRUE(test, possesses(me, ring, ring));
	KUNIT_EXPECT_FALSE(test, possesses(me, ring, stray));
	KUNIT_EXPECT_FALSE(test, possesses(me, NULL, key));
	/* To own is not to possess. */
	key_in(test, kt_ring(test, "else"), "l");
	KUNIT_EXPECT_FALSE(test, possesses(me, kt_ring(test, "other"), key));
	/* Whoever reaches it possesses it. */
	KUNIT_EXPECT_TRUE(test, possesses(kt_actor(test, KT_OTHER, KT_OTHER), ring, key));
}

static void possesses_six_levels_down(struct kunit *test)
{
	unsigned int level = *(const unsigned int *)test->param_value, i;
	const struct cred *me = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *ring = kt_ring(test, "ring"), *below = ring, *key;

	for (i = 0; i < level; i++)
		below = ring_in(test, below, "inner");
	key = key_in(test, below, "k");
	KUNIT_EXPECT_EQ(test, possesses(me, ring, key), level <= 6);
	KUNIT_EXPECT_EQ(test, possesses(me, ring, below), level <= 7);
}

/* More rings than are looked at from below: the key is looked for from above then. */
static void possesses_what_many_others_hold_too(struct kunit *test)
{
	const struct cred *me = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *ring = kt_ring(test, "ring"), *key = kt_key(test, "k");
	unsigned int i;

	for (i = 0; i < 150; i++)
		KUNIT_ASSERT_EQ(test, kr_ring_link(kt_ring(test, "other"), key), 0);
	KUNIT_EXPECT_FALSE(test, possesses(me, ring, key));
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_EXPECT_TRUE(test, possesses(me, ring, key));
}

static void possession_needs_search_all_the_way(struct kunit *test)
{
	const struct cred *me = kt_actor(test, KT_OTHER, KT_OTHER);
	struct kr_key *ring = kt_ring(test, "ring"), *inner = ring_in(test, ring, "inner");
	struct kr_key *key = key_in(test, inner, "k"), *all[3];
	unsigned int i;

	all[0] = ring;
	all[1] = inner;
	all[2] = key;
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_TRUE(test, possesses(me, ring, key));
		all[i]->perm = KR_PERM_VALID & ~(KR_POS(KR_SEARCH) | KR_OTH(KR_SEARCH));
		KUNIT_EXPECT_FALSE(test, possesses(me, ring, key));
		/* The possessor's bit or that of the class will do. */
		all[i]->perm = KR_OTH(KR_SEARCH);
		KUNIT_EXPECT_TRUE(test, possesses(me, ring, key));
		all[i]->perm = KR_POS(KR_SEARCH);
	}
}

static void possession_ends_at_dead_rings(struct kunit *test)
{
	const struct cred *me = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *ring = kt_ring(test, "ring"), *inner = ring_in(test, ring, "inner");
	struct kr_key *key = key_in(test, inner, "k");

	set_bit(KR_KEY_REVOKED, &inner->flags);
	KUNIT_EXPECT_FALSE(test, possesses(me, ring, key));
	KUNIT_EXPECT_TRUE(test, possesses(me, ring, inner));
	clear_bit(KR_KEY_REVOKED, &inner->flags);
	set_bit(KR_KEY_INVALIDATED, &ring->flags);
	KUNIT_EXPECT_FALSE(test, possesses(me, ring, key));
	KUNIT_EXPECT_TRUE(test, possesses(me, ring, ring));
	clear_bit(KR_KEY_INVALIDATED, &ring->flags);

	/* The state of the key does not matter. */
	kr_key_revoke(key);
	KUNIT_EXPECT_TRUE(test, possesses(me, ring, key));
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(inner, kr_now() - 1), 0);
	KUNIT_EXPECT_TRUE(test, possesses(me, ring, key));
}

/* A ring is being cleared: a key that ends with its link asks for its deadline to be cancelled. */
static struct {
	struct kt_reaper reaper;
	const struct cred *actor;
	struct kr_key *ring, *key;
	unsigned int asked, found, possessed, held;
} clearing;

static void look_meanwhile(struct kr_key *ending)
{
	struct kr_search search = {
		.exact		= clearing.key,
		.actor		= clearing.actor,
		.possessed	= true,
		.flags		= KR_SEARCH_NO_STATE,
	};

	clearing.asked++;
	if (!kr_ring_search_once(clearing.ring, &search)) {
		clearing.found++;
		kr_key_put_later(search.found);
	}
	clearing.possessed += possesses(clearing.actor, clearing.ring, clearing.key);
	clearing.held += !!READ_ONCE(clearing.key->holders.first);
	clearing.reaper.real->cancel(ending);
}

/* Whichever is taken out first: the one that stays is in no ring from the same moment on. */
static void possession_ends_when_the_ring_is_cleared(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *ends[2];

	memset(&clearing, 0, sizeof(clearing));
	clearing.actor = kt_actor(test, KT_UID, KT_GID);
	clearing.ring = ring;
	ends[0] = key_in(test, ring, "first");
	clearing.key = key_in(test, ring, "k");
	ends[1] = key_in(test, ring, "last");
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(ends[0], kr_now() + 1000), 0);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(ends[1], kr_now() + 1000), 0);
	kt_drop(test, ends[0]);
	kt_drop(test, ends[1]);
	clearing.reaper.ops.cancel = look_meanwhile;
	kt_reaper_begin(&clearing.reaper);
	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);
	kt_reaper_end(&clearing.reaper);
	KUNIT_EXPECT_EQ(test, clearing.asked, 2u);
	KUNIT_EXPECT_GT(test, clearing.held, 0u);
	KUNIT_EXPECT_EQ(test, clearing.found, 0u);
	KUNIT_EXPECT_EQ(test, clearing.possessed, 0u);
	KUNIT_EXPECT_FALSE(test, possesses(clearing.actor, ring, clearing.key));
	/* What is linked from then on is possessed again. */
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, clearing.key), 0);
	KUNIT_EXPECT_TRUE(test, possesses(clearing.actor, ring, clearing.key));
}

static void any_of_several_anchors(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a"), *b = kt_ring(test, "b"), *c = kt_ring(test, "c");
	struct kr_anchors anchors = { .ring = { a, b, c }, .count = 3,
				      .actor = kt_actor(test, KT_UID, KT_GID) };
	struct kr_key *in_a = key_in(test, a, "k"), *in_c = key_in(test, c, "k");

	KUNIT_EXPECT_TRUE(test, possesses_by(&anchors, in_a));
	KUNIT_EXPECT_TRUE(test, possesses_by(&anchors, in_c));
	anchors.count = 2;
	KUNIT_EXPECT_FALSE(test, possesses_by(&anchors, in_c));
	KUNIT_EXPECT_TRUE(test, possesses_by(&anchors, in_a));
}

/* More links than are climbed: the way from above gives the same answers. */
static const unsigned int crowds[] = { 1, 62, 63, 64, 65, 66, 150 };

static void describe_crowd(const unsigned int *crowd, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *crowd);
}

KUNIT_ARRAY_PARAM(crowd, crowds, describe_crowd);

static void possessed_among_many_links(struct kunit *test)
{
	unsigned int crowd = *(const unsigned int *)test->param_value, i;
	const struct cred *me = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *ring = kt_ring_of(test, 0, "ring"), *inner = kt_ring_of(test, 0, "inner");
	struct kr_key *key = kt_key_of(test, 0, "k", 1);
	unsigned int failed;

	ring->perm = KR_POS(KR_ALL);
	inner->perm = KR_POS(KR_ALL);
	key->perm = KR_POS(KR_ALL);
	/* The link that counts is the oldest, and so the last to be looked at. */
	failed = kr_ring_link(ring, inner) || kr_ring_link(inner, key);
	for (i = 0; i < crowd; i++)
		failed += !!kr_ring_link(kt_ring_of(test, 0, "crowd"), key);
	KUNIT_EXPECT_EQ(test, failed, 0u);
	KUNIT_EXPECT_TRUE(test, possesses(me, ring, key));
	KUNIT_EXPECT_FALSE(test, possesses(me, kt_ring(test, "other"), key));
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), crowd + 2);

	inner->perm = 0;
	KUNIT_EXPECT_FALSE(test, possesses(me, ring, key));
	inner->perm = KR_POS(KR_ALL);
	key->perm = KR_POS(KR_ALL & ~KR_SEARCH);
	KUNIT_EXPECT_FALSE(test, possesses(me, ring, key));
}

#define LATTICE_LAYERS	6
#define LATTICE_WIDTH	24

/* Each ring of a layer holds all those of the next one. */
static struct kr_key *lattice(struct kunit *test)
{
	struct kr_key *above[LATTICE_WIDTH], *layer[LATTICE_WIDTH], *top = kt_ring_of(test, 0, "top");
	unsigned int n, i, j, failed = 0;
	char name[8];

	for (n = 0; n < LATTICE_LAYERS; n++) {
		for (i = 0; i < LATTICE_WIDTH; i++) {
			snprintf(name, sizeof(name), "%u.%u", n, i);
			layer[i] = kt_ring_of(test, 0, name);
			layer[i]->perm = KR_POS(KR_ALL);
			if (!n)
				failed += !!kr_ring_link(top, layer[i]);
			for (j = 0; n && j < LATTICE_WIDTH; j++)
				failed += !!kr_ring_link(above[j], layer[i]);
		}
		memcpy(above, layer, sizeof(above));
	}
	KUNIT_ASSERT_EQ(test, failed, 0u);
	top->perm = KR_POS(KR_ALL);
	return top;
}

/* Two hundred million ways lead to the last layer: no search goes them all. */
static void a_lattice_is_searched_once(struct kunit *test)
{
	const struct cred *me = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *top = lattice(test), *key = kt_key_of(test, 0, "k", 1), *found;
	struct kr_key *other = kt_ring_of(test, 0, "other"), *higher = kt_ring_of(test, 0, "higher");
	int error;

	KUNIT_EXPECT_NULL(test, search_as(test, top, "k", KR_SEARCH_RECURSE, me, &error));
	KUNIT_EXPECT_EQ(test, error, -EAGAIN);
	KUNIT_EXPECT_FALSE(test, possesses(me, top, key));
	KUNIT_EXPECT_EQ(test, kr_ring_link(top, other), 0);
	/* Too deep from here, and that is found out as quickly. */
	KUNIT_EXPECT_EQ(test, kr_ring_link(higher, top), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(kt_ring_of(test, 0, "highest"), higher), -ELOOP);
	found = kr_ring_find_linked(top, kr_key_ring_type, "0.23");
	KUNIT_ASSERT_NOT_NULL(test, found);
	key->perm = KR_POS(KR_ALL);
	KUNIT_EXPECT_EQ(test, kr_ring_link(found, key), 0);
	kr_key_put(found);
	KUNIT_EXPECT_PTR_EQ(test, search_as(test, top, "k", KR_SEARCH_RECURSE, me, &error), key);
}

#define FOREST	12
#define LEAVES	6

static void plant(struct kunit *test, struct kr_key **rings, struct kr_key **keys)
{
	unsigned int i, j;
	char name[16];

	for (i = 0; i < FOREST; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		rings[i] = kt_ring_of(test, 0, name);
		rings[i]->perm = get_random_u32() % 4 ? KR_POS(KR_ALL) : KR_POS(KR_VIEW);
		for (j = 0; j < i; j++) {
			if (get_random_u32() % 3 == 0)
				kr_ring_link(rings[j], rings[i]);
		}
	}
	for (i = 0; i < LEAVES; i++) {
		snprintf(name, sizeof(name), "k%u", i);
		keys[i] = kt_key_of(test, 0, name, 1);
		keys[i]->perm = get_random_u32() % 6 ? KR_POS(KR_ALL) : KR_POS(KR_VIEW);
		for (j = 0; j < FOREST; j++) {
			if (get_random_u32() % 6 == 0)
				kr_ring_link(rings[j], keys[i]);
		}
	}
	if (get_random_u32() % 2)
		kr_key_revoke(rings[get_random_u32() % FOREST]);
}

static bool found_from_above(const struct cred *actor, struct kr_key *ring,
			     const struct kr_key *key)
{
	struct kr_search search = {
		.exact = key, .actor = actor, .possessed = true,
		.flags = KR_SEARCH_RECURSE | KR_SEARCH_NO_STATE,
	};

	if (kr_ring_search(ring, &search))
		return false;
	kr_key_put(search.found);
	return true;
}

/* Random rings in rings: climbing from the key and searching from above agree. */
static void climbing_agrees_with_searching(struct kunit *test)
{
	const struct cred *me = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *rings[FOREST], *keys[LEAVES];
	unsigned int round, i, j, wrong = 0, yes = 0, asked = 0;

	for (round = 0; round < 60; round++) {
		plant(test, rings, keys);
		for (i = 0; i < FOREST; i++) {
			for (j = 0; j < FOREST + LEAVES; j++, asked++) {
				struct kr_key *key = j < FOREST ? rings[j] : keys[j - FOREST];
				bool possessed = possesses(me, rings[i], key);

				wrong += possessed != found_from_above(me, rings[i], key);
				yes += possessed;
			}
		}
		for (i = 0; i < FOREST; i++)
			kt_drop(test, rings[i]);
		for (i = 0; i < LEAVES; i++)
			kt_drop(test, keys[i]);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	KUNIT_EXPECT_EQ(test, asked, 60u * FOREST * (FOREST + LEAVES));
	/* Both answers are common, so the question means something. */
	KUNIT_EXPECT_GT(test, yes, asked / 10);
	KUNIT_EXPECT_LT(test, yes, asked * 9 / 10);
}

static struct kunit_case possess_cases[] = {
	KUNIT_CASE(possesses_what_its_rings_hold),
	KUNIT_CASE_PARAM(possesses_six_levels_down, level_gen_params),
	KUNIT_CASE(possesses_what_many_others_hold_too),
	KUNIT_CASE(possession_needs_search_all_the_way),
	KUNIT_CASE(possession_ends_at_dead_rings),
	KUNIT_CASE(possession_ends_when_the_ring_is_cleared),
	KUNIT_CASE(any_of_several_anchors),
	KUNIT_CASE_PARAM(possessed_among_many_links, crowd_gen_params),
	KUNIT_CASE(climbing_agrees_with_searching),
	KUNIT_CASE(a_lattice_is_searched_once),
	{}
};

static struct kunit_suite possess_suite = {
	.name		= "kr_keyring_possess",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= possess_cases,
};

kunit_test_suite(possess_suite);
