// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room keyring: rings and their links, nesting, moving, names, reading. */
#include "kunit_helpers.h"

#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

static unsigned int links_of(struct kr_key *ring)
{
	return kr_ring_of(ring)->count;
}

static unsigned int holders_of(const struct kr_key *key)
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
static bool lists(struct kr_key *ring, const struct kr_key *key)
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
static bool holds(struct kunit *test, struct kr_key *ring, const struct kr_key *key)
{
	bool known = kt_holds(ring, key);

	KUNIT_EXPECT_EQ(test, lists(ring, key), known);
	return known;
}

static void new_ring_is_empty(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	struct kt_debt debt = kt_debt(KT_UID);

	KUNIT_EXPECT_TRUE(test, kr_key_is_ring(ring));
	KUNIT_EXPECT_EQ(test, kr_key_state(ring), KR_POSITIVE);
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
	KUNIT_EXPECT_EQ(test, ring->perm, KT_PERM);
	KUNIT_EXPECT_EQ(test, debt.nkeys, 1);
	KUNIT_EXPECT_EQ(test, debt.nikeys, 1);
	KUNIT_EXPECT_EQ(test, debt.qnkeys, 1u);
	KUNIT_EXPECT_EQ(test, debt.qnbytes, 5ULL);
	KUNIT_EXPECT_PTR_EQ(test, kr_ring_of(ring)->ns, &kr_init_ns);
	/* Names with a dot in front are the kernel's own: nobody joins them. */
	ring = kt_ring(test, ".ring");
	KUNIT_EXPECT_NULL(test, kr_ring_of(ring)->ns);
}

static void ring_without_room_or_name(struct kunit *test)
{
	struct kr_key *ring;

	ring = kr_ring_alloc("", kt_uid(KT_UID), kt_gid(KT_GID), &init_user_ns, KT_PERM,
			     KR_ALLOC_IN_QUOTA);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(ring), -EINVAL);
	kr_limit_values.maxbytes = 4;
	ring = kr_ring_alloc("ring", kt_uid(KT_UID), kt_gid(KT_GID), &init_user_ns, KT_PERM,
			     KR_ALLOC_IN_QUOTA);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(ring), -EDQUOT);
	kr_limit_values.maxbytes = 5;
	kt_ring(test, "ring");
}

static void link_is_known_to_both_sides(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = kt_key(test, "k");

	KUNIT_EXPECT_FALSE(test, holds(test, ring, key));
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_EXPECT_TRUE(test, holds(test, ring, key));
	KUNIT_EXPECT_EQ(test, links_of(ring), 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
	KUNIT_EXPECT_EQ(test, refcount_read(&ring->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 3 + 4);

	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, key), 0);
	KUNIT_EXPECT_FALSE(test, holds(test, ring, key));
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 3);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, key), -ENOENT);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 3);
}

/* The last link is the last reference. */
static void unlinked_key_is_gone_at_once(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = kt_key(test, "k");
	s32 serial = key->serial;

	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	kt_drop(test, key);
	key = kr_key_lookup(serial);
	KUNIT_ASSERT_NOT_NULL(test, key);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, key), 0);
	kr_key_put(key);
	KUNIT_EXPECT_NULL(test, kr_key_lookup(serial));
	KT_EXPECT_DEBT(test, KT_UID, 1, 5);
}

/* A key is linked again and again: the place for its first link is used once. */
static void linked_again_and_again(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a"), *b = kt_ring(test, "b"), *key = kt_key(test, "k");
	unsigned int i;

	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, kr_ring_link(a, key), 0);
		KUNIT_EXPECT_EQ(test, kr_ring_link(b, key), 0);
		KUNIT_EXPECT_EQ(test, holders_of(key), 2u);
		KUNIT_EXPECT_EQ(test, kr_ring_unlink(i % 2 ? a : b, key), 0);
		KUNIT_EXPECT_TRUE(test, holds(test, i % 2 ? b : a, key));
		KUNIT_EXPECT_FALSE(test, holds(test, i % 2 ? a : b, key));
		KUNIT_EXPECT_EQ(test, kr_ring_unlink(i % 2 ? b : a, key), 0);
		KUNIT_EXPECT_EQ(test, holders_of(key), 0u);
	}
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 3, 2 + 2 + 3);
}

static void same_key_twice_is_one_link(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = kt_key(test, "k");
	struct kr_key *inner = kt_ring(test, "inner");
	unsigned int i;

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
		KUNIT_EXPECT_EQ(test, kr_ring_link(ring, inner), 0);
	}
	KUNIT_EXPECT_EQ(test, links_of(ring), 2u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
	KUNIT_EXPECT_EQ(test, refcount_read(&inner->usage), 2u);
	KT_EXPECT_DEBT(test, KT_UID, 3, 5 + 3 + 6 + 8);
}

static void link_displaces_one_like_it(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	struct kr_key *old = kt_key(test, "k"), *new = kt_key(test, "k");
	struct kr_key *other = kt_key(test, "l");

	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, old), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, other), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, new), 0);
	KUNIT_EXPECT_FALSE(test, holds(test, ring, old));
	KUNIT_EXPECT_TRUE(test, holds(test, ring, new));
	KUNIT_EXPECT_TRUE(test, holds(test, ring, other));
	KUNIT_EXPECT_EQ(test, links_of(ring), 2u);
	KUNIT_EXPECT_EQ(test, refcount_read(&old->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 4, 5 + 3 * 3 + 8);

	/* It is by identity that a key is unlinked, not by likeness. */
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, old), -ENOENT);
	KUNIT_EXPECT_TRUE(test, holds(test, ring, new));
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, new), 0);
	KUNIT_EXPECT_EQ(test, links_of(ring), 1u);
}

static void displaced_ring_is_no_child_any_more(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = kt_key(test, "k");
	struct kr_key *old = kt_ring(test, "inner"), *new = kt_ring(test, "inner");
	struct kr_search search;

	KUNIT_EXPECT_EQ(test, kr_ring_link(old, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, old), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, new), 0);
	KUNIT_EXPECT_FALSE(test, holds(test, ring, old));
	KUNIT_EXPECT_TRUE(test, holds(test, ring, new));
	kr_search_init(&search, key->type, "k", kt_actor(test, KT_UID, KT_GID), KR_SEARCH_RECURSE);
	KUNIT_EXPECT_EQ(test, kr_ring_search(ring, &search), -EAGAIN);
	KUNIT_EXPECT_EQ(test, kr_ring_link(new, old), 0);
}

static void likeness_is_type_and_description(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *logon;

	logon = kt_hold(test, kr_key_alloc(kt_type(test, "logon"), "a:b", kt_uid(KT_UID),
					   kt_gid(KT_GID), KT_PERM, KR_ALLOC_IN_QUOTA));
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, logon), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, kt_key(test, "a:b")), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, kt_ring(test, "a:b")), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, kt_key(test, "a:")), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, kt_key(test, "a:bc")), 0);
	KUNIT_EXPECT_EQ(test, links_of(ring), 5u);
}

static void only_rings_hold_keys(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	struct kr_key *key = kt_key(test, "k"), *l = kt_key(test, "l");
	struct kr_search search;

	kr_search_init(&search, key->type, "l", kt_actor(test, KT_UID, KT_GID), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, l), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(key, l), -ENOTDIR);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(key, l), -ENOTDIR);
	KUNIT_EXPECT_EQ(test, kr_ring_clear(key), -ENOTDIR);
	KUNIT_EXPECT_EQ(test, kr_ring_move(l, key, ring, false), -ENOTDIR);
	KUNIT_EXPECT_EQ(test, kr_ring_move(l, ring, key, false), -ENOTDIR);
	KUNIT_EXPECT_EQ(test, kr_ring_search(key, &search), -ENOTDIR);
	KUNIT_EXPECT_TRUE(test, holds(test, ring, l));
}

static void revoked_ring_takes_no_link(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	struct kr_key *key = kt_key(test, "k"), *l = kt_key(test, "l");

	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	kr_key_revoke(ring);
	/* What it held went with the revocation, and the price with it. */
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
	KUNIT_EXPECT_FALSE(test, holds(test, ring, key));
	KT_EXPECT_DEBT(test, KT_UID, 3, 5 + 3 + 3);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, l), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, l), -ENOENT);
	KUNIT_EXPECT_EQ(test, refcount_read(&l->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 3, 5 + 3 + 3);
}

/* Keys in any other state may be linked: revoked, expired, not yet born. */
static void state_of_the_key_does_not_matter(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *revoked = kt_key(test, "r");
	struct kr_key *expired = kt_key(test, "e"), *unborn;

	unborn = kt_hold(test, kr_key_alloc(revoked->type, "u", kt_uid(KT_UID), kt_gid(KT_GID),
					    KT_PERM, KR_ALLOC_IN_QUOTA));
	kr_key_revoke(revoked);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(expired, kr_now() - 1), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, revoked), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, expired), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, unborn), 0);
	KUNIT_EXPECT_EQ(test, links_of(ring), 3u);
}

static void link_price_reaches_the_limit(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	struct kr_key *a = kt_key_of(test, KT_OTHER, "a", 1);
	struct kr_key *b = kt_key_of(test, KT_OTHER, "b", 1), *like_a;

	kr_limit_values.maxbytes = 9;
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, a), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, b), -EDQUOT);
	KUNIT_EXPECT_FALSE(test, holds(test, ring, b));
	KUNIT_EXPECT_EQ(test, refcount_read(&b->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 1, 9);

	/* What costs nothing more is not refused. */
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, a), 0);
	like_a = kt_hold(test, kr_key_alloc(a->type, "a", kt_uid(KT_OTHER), kt_gid(KT_GID),
					    KT_PERM, KR_ALLOC_OVERRUN));
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, like_a), 0);
	KT_EXPECT_DEBT(test, KT_UID, 1, 9);
	kr_limit_values.maxbytes = 13;
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, b), 0);
	KT_EXPECT_DEBT(test, KT_UID, 1, 13);
}

static void ring_that_is_not_charged(struct kunit *test)
{
	struct kr_key *key = kt_key_of(test, KT_OTHER, "a", 1), *ring;

	ring = kt_hold(test, kr_ring_alloc("ring", kt_uid(KT_UID), kt_gid(KT_GID), &init_user_ns,
					   KT_PERM, KR_ALLOC_NOT_IN_QUOTA));
	kr_limit_values.maxbytes = 0;
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	KT_EXPECT_DEBT(test, KT_UID, 0, 0);
	KUNIT_EXPECT_EQ(test, ring->datalen, (size_t)4);
	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);
	KUNIT_EXPECT_EQ(test, ring->datalen, (size_t)0);
	KUNIT_EXPECT_EQ(test, ring->quotalen, (size_t)5);
}

static void clear_drops_everything(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *inner = kt_ring(test, "inner");
	struct kr_key *kept = kt_key(test, "kept");
	unsigned int i;
	char desc[8];

	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, inner), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(inner, kept), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, kept), 0);
	for (i = 0; i < 40; i++) {
		snprintf(desc, sizeof(desc), "k%02u", i);
		KUNIT_EXPECT_EQ(test, kt_add(test, ring, desc, 1), 0);
	}
	KT_EXPECT_DEBT(test, KT_UID, 43, 5 + 6 + 6 + 4 * 43 + 40 * 5);
	kt_drop(test, inner);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 43u);

	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 2u);
	KUNIT_EXPECT_EQ(test, refcount_read(&kept->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 6);
	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, kept), 0);
}

/* No recursion, however deep: linking from the top down makes any depth. */
static void deep_tree_ends_without_recursion(struct kunit *test)
{
	struct kr_key *top = kt_ring_of(test, 0, "r"), *parent = top, *ring;
	unsigned int i, failed = 0;

	for (i = 0; i < 3000; i++) {
		ring = kr_ring_alloc("r", GLOBAL_ROOT_UID, kt_gid(0), &init_user_ns, KT_PERM,
				     KR_ALLOC_IN_QUOTA);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ring);
		failed += !!kr_ring_link(parent, ring);
		kr_key_put(ring);
		parent = ring;
	}
	KUNIT_EXPECT_EQ(test, failed, 0u);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 3001u);
	kt_drop(test, top);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	KT_EXPECT_DEBT(test, 0, 0, 0);
}

static void forgotten_key_is_in_no_ring(struct kunit *test)
{
	struct kr_key *key = kt_key_of(test, 0, "k", 1), *rest = kt_key_of(test, 0, "rest", 1);
	struct kr_key *rings[100];
	unsigned int i, wrong = 0;
	char name[8];

	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		snprintf(name, sizeof(name), "r%02u", i);
		rings[i] = kt_ring_of(test, 0, name);
		wrong += kr_ring_link(rings[i], key) || kr_ring_link(rings[i], rest);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	kr_ring_forget_key(key);
	for (i = 0; i < ARRAY_SIZE(rings); i++)
		wrong += holds(test, rings[i], key) || !holds(test, rings[i], rest);
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KUNIT_EXPECT_EQ(test, holders_of(rest), 100u);
	/* It may be linked again. */
	KUNIT_EXPECT_EQ(test, kr_ring_link(rings[0], key), 0);
}

static void invalidated_key_disappears(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *other = kt_ring(test, "other");
	struct kr_key *key = kt_key(test, "k");

	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(other, key), 0);
	kr_ring_invalidate(key);
	KUNIT_EXPECT_FALSE(test, holds(test, ring, key));
	KUNIT_EXPECT_FALSE(test, holds(test, other, key));
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 3, 5 + 6 + 3);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -ENOKEY);

	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), -ENOKEY);
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 3, 5 + 6 + 3);
}

/* A key that was being made when its type went is linked nowhere. */
static void key_without_a_type_is_not_linked(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = kt_key(test, "k");

	kr_key_set_dead(key);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), -ENOKEY);
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 3);
}

static void invalidating_a_ring_leaves_its_keys(struct kunit *test)
{
	struct kr_key *outer = kt_ring(test, "outer"), *ring = kt_ring(test, "ring");
	struct kr_key *key = kt_key(test, "k");

	KUNIT_EXPECT_EQ(test, kr_ring_link(outer, ring), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	kr_ring_invalidate(ring);
	KUNIT_EXPECT_FALSE(test, holds(test, outer, ring));
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), 0);
	kt_drop(test, ring);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
}

static void ring_does_not_hold_itself(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a"), *b = kt_ring(test, "b"), *c = kt_ring(test, "c");

	KUNIT_EXPECT_EQ(test, kr_ring_link(a, a), -EDEADLK);
	KUNIT_EXPECT_EQ(test, kr_ring_link(a, b), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(b, a), -EDEADLK);
	KUNIT_EXPECT_EQ(test, kr_ring_link(b, c), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(c, a), -EDEADLK);
	KUNIT_EXPECT_EQ(test, kr_ring_link(c, b), -EDEADLK);
	/* Two ways to the same ring are no cycle. */
	KUNIT_EXPECT_EQ(test, kr_ring_link(a, c), 0);
	KUNIT_EXPECT_EQ(test, links_of(a), 2u);
	KUNIT_EXPECT_EQ(test, links_of(b), 1u);
	KUNIT_EXPECT_EQ(test, links_of(c), 0u);
	KT_EXPECT_DEBT(test, KT_UID, 3, 3 * 2 + 3 * 4);
	/* When the way is cut, it is none any more. */
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(a, b), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(a, c), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(c, a), 0);
}

/* CVE-2014-0102: a ring of the same name on the way is not the ring itself. */
static void namesake_is_no_cycle(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a"), *twin = kt_ring(test, "a"), *b = kt_ring(test, "b");

	KUNIT_EXPECT_EQ(test, kr_ring_link(b, twin), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(a, b), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(twin, a), -EDEADLK);
	KUNIT_EXPECT_EQ(test, kr_ring_link(a, twin), 0);
}

static const unsigned int depths[] = { 1, 2, 5, 6, 7, 8 };

static void describe_depth(const unsigned int *depth, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *depth);
}

KUNIT_ARRAY_PARAM(depth, depths, describe_depth);

/* The rings below a ring that is to be linked may be as deep as a search goes. */
static void nests_as_deep_as_a_search_goes(struct kunit *test)
{
	unsigned int depth = *(const unsigned int *)test->param_value, i;
	struct kr_key *parent = kt_ring(test, "p"), *top = kt_ring(test, "t"), *ring = top;
	int want = depth <= KR_RING_DEPTH ? 0 : -ELOOP;

	for (i = 0; i < depth; i++) {
		struct kr_key *below = kt_ring(test, "b");

		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, below), 0);
		ring = below;
	}
	KUNIT_EXPECT_EQ(test, kr_ring_link(parent, top), want);
	KUNIT_EXPECT_EQ(test, links_of(parent), want ? 0u : 1u);
	/* The cycle is found also at the last level. */
	if (!want)
		KUNIT_EXPECT_EQ(test, kr_ring_link(ring, parent), -EDEADLK);
}

static void cycle_through_the_last_level(struct kunit *test)
{
	unsigned int depth = *(const unsigned int *)test->param_value, i;
	struct kr_key *top = kt_ring(test, "t"), *ring = top;

	for (i = 0; i < depth; i++) {
		struct kr_key *below = kt_ring(test, "b");

		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, below), 0);
		ring = below;
	}
	/* @ring is depth levels below; a tree too deep to know about is refused as such. */
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, top),
			depth <= KR_RING_DEPTH + 1 ? -EDEADLK : -ELOOP);
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
}

#define TANGLE	6

struct tangle {
	struct kr_key *ring[TANGLE];
	atomic_t made;
	atomic_t refused;
};

static int tie_and_untie(void *arg)
{
	struct tangle *tangle = arg;
	int complaints = 0, ret;

	while (!kthread_should_stop()) {
		u32 dice = get_random_u32();
		struct kr_key *a = tangle->ring[dice % TANGLE];
		struct kr_key *b = tangle->ring[dice / TANGLE % TANGLE];

		if (dice >> 30)
			ret = kr_ring_link(a, b);
		else
			ret = kr_ring_unlink(a, b);
		if (ret == -EDEADLK)
			atomic_inc(&tangle->refused);
		else if (!ret)
			atomic_inc(&tangle->made);
		else
			complaints += ret != -ENOENT && ret != -ELOOP;
		cond_resched();
	}
	return complaints;
}

/* Can @to be reached from @from in at most TANGLE steps? */
static bool reaches(const struct kr_key *from, const struct kr_key *to, unsigned int steps)
{
	struct kr_holder_walk walk;
	const struct kr_key *ring;

	for (ring = kr_holders_first(&walk, to); ring; ring = kr_holders_next(&walk)) {
		if (ring == from || (steps && reaches(from, ring, steps - 1)))
			return true;
	}
	return false;
}

/* Two links that would close a cycle together are made at the same time. */
static void no_cycle_by_links_made_at_once(struct kunit *test)
{
	struct tangle tangle = {};
	char name[2] = "a";
	unsigned int i;
	unsigned long end = jiffies + KT_STRESS;
	int cycles = 0;

	for (i = 0; i < TANGLE; i++, name[0]++)
		tangle.ring[i] = kt_ring(test, name);
	while (time_before(jiffies, end)) {
		kt_crew_start(test, 3, tie_and_untie, &tangle);
		schedule_timeout_uninterruptible(HZ / 20);
		KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
		for (i = 0; i < TANGLE; i++)
			cycles += reaches(tangle.ring[i], tangle.ring[i], TANGLE);
	}
	KUNIT_EXPECT_EQ(test, cycles, 0);
	KUNIT_EXPECT_GT(test, atomic_read(&tangle.made), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&tangle.refused), 0);
	for (i = 0; i < TANGLE; i++)
		kr_ring_clear(tangle.ring[i]);
	KT_EXPECT_DEBT(test, KT_UID, TANGLE, 2 * TANGLE);
}

static void move_takes_from_one_and_gives_to_the_other(struct kunit *test)
{
	struct kr_key *from = kt_ring(test, "from"), *to = kt_ring_of(test, KT_OTHER, "to");
	struct kr_key *key = kt_key(test, "k");

	KUNIT_EXPECT_EQ(test, kr_ring_link(from, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, true), 0);
	KUNIT_EXPECT_FALSE(test, holds(test, from, key));
	KUNIT_EXPECT_TRUE(test, holds(test, to, key));
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 3);
	KT_EXPECT_DEBT(test, KT_OTHER, 1, 3 + 4);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, false), -ENOENT);
	KUNIT_EXPECT_TRUE(test, holds(test, to, key));
}

/* keyctl_move(3): moving to the same ring is no error, linked or not, ring or not. */
static void move_to_the_same_ring(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = kt_key(test, "k");

	KUNIT_EXPECT_EQ(test, kr_ring_move(key, ring, ring, true), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, ring, ring, true), 0);
	KUNIT_EXPECT_TRUE(test, holds(test, ring, key));
	KUNIT_EXPECT_EQ(test, links_of(ring), 1u);
}

static void move_displaces_unless_exclusive(struct kunit *test)
{
	struct kr_key *from = kt_ring(test, "from"), *to = kt_ring(test, "to");
	struct kr_key *key = kt_key(test, "k"), *like = kt_key(test, "k");

	KUNIT_EXPECT_EQ(test, kr_ring_link(from, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(to, like), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, true), -EEXIST);
	KUNIT_EXPECT_TRUE(test, holds(test, from, key));
	KUNIT_EXPECT_TRUE(test, holds(test, to, like));
	KT_EXPECT_DEBT(test, KT_UID, 4, 5 + 3 + 3 + 3 + 8);

	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, false), 0);
	KUNIT_EXPECT_FALSE(test, holds(test, from, key));
	KUNIT_EXPECT_TRUE(test, holds(test, to, key));
	KUNIT_EXPECT_FALSE(test, holds(test, to, like));
	KT_EXPECT_DEBT(test, KT_UID, 4, 5 + 3 + 3 + 3 + 4);
}

static void move_is_by_identity(struct kunit *test)
{
	struct kr_key *from = kt_ring(test, "from"), *to = kt_ring(test, "to");
	struct kr_key *key = kt_key(test, "k"), *like = kt_key(test, "k");

	KUNIT_EXPECT_EQ(test, kr_ring_link(from, like), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, false), -ENOENT);
	KUNIT_EXPECT_TRUE(test, holds(test, from, like));
	KUNIT_EXPECT_EQ(test, links_of(to), 0u);
}

static void move_that_fails_changes_nothing(struct kunit *test)
{
	struct kr_key *from = kt_ring(test, "from"), *to = kt_ring_of(test, KT_OTHER, "to");
	struct kr_key *key = kt_key(test, "k"), *inner = kt_ring(test, "inner");

	KUNIT_EXPECT_EQ(test, kr_ring_link(from, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(from, inner), 0);
	kr_limit_values.maxbytes = 6;
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, false), -EDQUOT);
	kr_limit_values.maxbytes = 100;
	KUNIT_EXPECT_EQ(test, kr_ring_move(inner, from, inner, false), -EDEADLK);
	kr_key_revoke(to);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, to, false), -EKEYREVOKED);
	KUNIT_EXPECT_TRUE(test, holds(test, from, key));
	KUNIT_EXPECT_TRUE(test, holds(test, from, inner));
	KUNIT_EXPECT_EQ(test, links_of(to), 0u);
	KUNIT_EXPECT_EQ(test, links_of(inner), 0u);
	KT_EXPECT_DEBT(test, KT_UID, 3, 5 + 3 + 6 + 8);
	KT_EXPECT_DEBT(test, KT_OTHER, 1, 3);
}

struct shuttle {
	struct kr_key *a;
	struct kr_key *b;
	struct kr_key *key[8];
	atomic_t moved;
};

static int shuttle_keys(void *arg)
{
	struct shuttle *shuttle = arg;
	int complaints = 0, ret;

	while (!kthread_should_stop()) {
		u32 dice = get_random_u32();
		struct kr_key *key = shuttle->key[dice % 8];

		if (dice & BIT(31))
			ret = kr_ring_move(key, shuttle->a, shuttle->b, dice & BIT(30));
		else
			ret = kr_ring_move(key, shuttle->b, shuttle->a, dice & BIT(30));
		complaints += ret && ret != -ENOENT;
		if (!ret)
			atomic_inc(&shuttle->moved);
		cond_resched();
	}
	return complaints;
}

/* Both ways at once: no deadlock, and each key is in exactly one of the rings. */
static void moved_both_ways_at_once(struct kunit *test)
{
	struct shuttle shuttle = { .a = kt_ring(test, "a"), .b = kt_ring(test, "b") };
	unsigned int i, wrong = 0;
	char desc[2] = "0";

	for (i = 0; i < 8; i++, desc[0]++) {
		shuttle.key[i] = kt_key(test, desc);
		KUNIT_ASSERT_EQ(test, kr_ring_link(shuttle.a, shuttle.key[i]), 0);
	}
	kt_crew_start(test, 4, shuttle_keys, &shuttle);
	schedule_timeout_uninterruptible(HZ);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&shuttle.moved), 0);
	for (i = 0; i < 8; i++) {
		struct kr_key *key = shuttle.key[i];

		wrong += holders_of(key) != 1;
		wrong += holds(test, shuttle.a, key) == holds(test, shuttle.b, key);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	KUNIT_EXPECT_EQ(test, links_of(shuttle.a) + links_of(shuttle.b), 8u);
	KT_EXPECT_DEBT(test, KT_UID, 10, 2 * 2 + 8 * (3 + 4));
}

struct siege {
	struct kr_key *ring[3];
	struct kr_key *key;
	atomic_t linked;
};

static int link_everywhere(void *arg)
{
	struct siege *siege = arg;
	int complaints = 0, ret;
	unsigned int i = 0;

	while (!kthread_should_stop()) {
		ret = kr_ring_link(siege->ring[i++ % 3], READ_ONCE(siege->key));
		complaints += ret && ret != -ENOKEY;
		if (!ret)
			atomic_inc(&siege->linked);
		cond_resched();
	}
	return complaints;
}

/* When ending it returns, no ring holds the key, and none will. */
static void ended_while_it_is_linked(struct kunit *test, void (*end)(struct kr_key *key))
{
	struct siege siege = {
		.ring = { kt_ring(test, "a"), kt_ring(test, "b"), kt_ring(test, "c") },
	};
	unsigned int i, wrong = 0;
	struct kr_key *key;

	siege.key = kt_key(test, "k");
	kt_crew_start(test, 3, link_everywhere, &siege);
	for (i = 0; i < 40; i++) {
		key = siege.key;
		schedule_timeout_uninterruptible(1);
		end(key);
		wrong += holders_of(key);
		schedule_timeout_uninterruptible(1);
		wrong += holders_of(key);
		WRITE_ONCE(siege.key, kt_key(test, "k"));
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	KUNIT_EXPECT_GT(test, atomic_read(&siege.linked), 0);
}

static void invalidated_while_it_is_linked(struct kunit *test)
{
	ended_while_it_is_linked(test, kr_ring_invalidate);
}

static void let_type_go(struct kr_key *key)
{
	kr_key_set_dead(key);
	kr_ring_forget_key(key);
}

static void type_goes_while_it_is_linked(struct kunit *test)
{
	ended_while_it_is_linked(test, let_type_go);
}

static struct kr_key *find_name(struct kunit *test, const char *name, const struct cred *actor)
{
	struct kr_key *ring = kr_ring_find_by_name(name, actor);

	/* Borrowed from here on: the case holds all its rings. */
	kr_key_put(ring);
	return ring;
}

static void ring_is_found_by_its_name(struct kunit *test)
{
	const struct cred *actor = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *ring = kt_ring(test, "name"), *long_name;
	char name[300];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	long_name = kt_ring(test, name);
	KUNIT_EXPECT_PTR_EQ(test, find_name(test, "name", actor), ring);
	KUNIT_EXPECT_PTR_EQ(test, find_name(test, name, actor), long_name);
	KUNIT_EXPECT_NULL(test, find_name(test, "nam", actor));
	KUNIT_EXPECT_NULL(test, find_name(test, "name2", actor));
	KUNIT_EXPECT_NULL(test, find_name(test, "", actor));
	kt_key(test, "key");
	KUNIT_EXPECT_NULL(test, find_name(test, "key", actor));
	kt_ring(test, ".dot");
	KUNIT_EXPECT_NULL(test, find_name(test, ".dot", actor));

	kt_drop(test, ring);
	KUNIT_EXPECT_NULL(test, find_name(test, "name", actor));
}

/* The search permission of the class counts; that of the possessor does not. */
static void name_needs_search_by_class(struct kunit *test)
{
	const struct cred *owner = kt_actor(test, KT_UID, KT_GID);
	const struct cred *stranger = kt_actor(test, KT_OTHER, KT_OTHER);
	struct kr_key *mine = kt_ring(test, "name"), *theirs;

	KUNIT_EXPECT_PTR_EQ(test, find_name(test, "name", owner), mine);
	KUNIT_EXPECT_NULL(test, find_name(test, "name", stranger));
	mine->perm = KR_POS(KR_ALL) | KR_USR(KR_ALL & ~KR_SEARCH);
	KUNIT_EXPECT_NULL(test, find_name(test, "name", owner));
	/* One that is not granted hides no other of the name. */
	theirs = kt_ring_of(test, KT_OTHER, "name");
	theirs->perm = KR_OTH(KR_SEARCH);
	KUNIT_EXPECT_PTR_EQ(test, find_name(test, "name", owner), theirs);
	theirs->perm = KR_POS(KR_ALL);
	mine->perm = KR_OTH(KR_SEARCH);
	KUNIT_EXPECT_PTR_EQ(test, find_name(test, "name", stranger), mine);
}

static void dead_rings_have_no_name(struct kunit *test)
{
	const struct cred *actor = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *ring = kt_ring(test, "name"), *next;

	kr_key_revoke(ring);
	KUNIT_EXPECT_NULL(test, find_name(test, "name", actor));
	next = kt_ring(test, "name");
	KUNIT_EXPECT_PTR_EQ(test, find_name(test, "name", actor), next);
	kr_ring_invalidate(next);
	KUNIT_EXPECT_NULL(test, find_name(test, "name", actor));
}

static struct kr_key *ring_in(struct kunit *test, struct user_namespace *ns, u32 uid,
			      const char *name)
{
	return kt_hold(test, kr_ring_alloc(name, kt_uid(uid), kt_gid(uid), ns,
					   KT_PERM | KR_OTH(KR_SEARCH), KR_ALLOC_IN_QUOTA));
}

static void names_are_those_of_a_namespace(struct kunit *test)
{
	struct user_namespace *a = kt_ns(test, 100000, 1000), *b = kt_ns(test, 100000, 1000);
	struct cred *inside = kt_actor(test, 100000, 100000);
	struct kr_key *of_init = ring_in(test, &init_user_ns, 100000, "name");
	struct kr_key *of_a = ring_in(test, a, 100000, "name");

	KUNIT_EXPECT_PTR_EQ(test, find_name(test, "name", inside), of_init);
	kt_actor_ns(test, inside, a);
	KUNIT_EXPECT_PTR_EQ(test, find_name(test, "name", inside), of_a);
	kt_actor_ns(test, inside, b);
	KUNIT_EXPECT_NULL(test, find_name(test, "name", inside));
	kt_actor_ns(test, inside, &init_user_ns);
	kr_user_ns_dying(a);
}

static void owner_must_be_mapped(struct kunit *test)
{
	struct user_namespace *ns = kt_ns(test, 100000, 1000);
	struct cred *inside = kt_actor(test, 100000, 100000);
	struct kr_key *mapped;

	kt_actor_ns(test, inside, ns);
	ring_in(test, ns, 99999, "name");
	KUNIT_EXPECT_NULL(test, find_name(test, "name", inside));
	mapped = ring_in(test, ns, 100999, "name");
	KUNIT_EXPECT_PTR_EQ(test, find_name(test, "name", inside), mapped);
	kt_actor_ns(test, inside, &init_user_ns);
	kr_user_ns_dying(ns);
}

/* A ring outlives its namespace; the next one at that address does not inherit the name. */
static void name_ends_with_its_namespace(struct kunit *test)
{
	struct user_namespace *ns = kt_ns(test, 100000, 1000);
	struct cred *inside = kt_actor(test, 100000, 100000);
	struct kr_key *old = ring_in(test, ns, 100000, "name"), *new;

	kt_actor_ns(test, inside, ns);
	KUNIT_EXPECT_PTR_EQ(test, find_name(test, "name", inside), old);
	kr_user_ns_dying(ns);
	KUNIT_EXPECT_NULL(test, find_name(test, "name", inside));
	new = ring_in(test, ns, 100000, "name");
	KUNIT_EXPECT_PTR_EQ(test, find_name(test, "name", inside), new);
	kt_drop(test, old);
	KUNIT_EXPECT_PTR_EQ(test, find_name(test, "name", inside), new);
	kt_actor_ns(test, inside, &init_user_ns);
	kr_user_ns_dying(ns);
}

struct roll_call {
	struct cred *actor;
	atomic_t found;
};

static int call_names(void *arg)
{
	struct roll_call *roll_call = arg;
	int complaints = 0;

	while (!kthread_should_stop()) {
		struct kr_key *ring = kr_ring_find_by_name("name", roll_call->actor);

		if (ring) {
			complaints += strcmp(ring->desc, "name") || !refcount_read(&ring->usage);
			atomic_inc(&roll_call->found);
			kr_key_put(ring);
		}
		cond_resched();
	}
	return complaints;
}

/* CVE-2026-99226, CVE-2010-1437: a name is looked for while its ring dies. */
static void named_while_it_dies(struct kunit *test)
{
	struct roll_call roll_call = { .actor = kt_actor(test, KT_UID, KT_GID) };
	unsigned long end = jiffies + KT_STRESS;

	kt_crew_start(test, 2, call_names, &roll_call);
	while (time_before(jiffies, end)) {
		struct kr_key *ring = kt_ring(test, "name");

		/* A slow machine may see to it that nobody looks in time: wait for the first. */
		if (atomic_read(&roll_call.found))
			cond_resched();
		else
			schedule_timeout_uninterruptible(1);
		kt_drop(test, ring);
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&roll_call.found), 0);
}

static long read_ring(struct kr_key *ring, s32 *serials, size_t len)
{
	struct kr_buf buf = { .kernel = serials, .len = len };

	return ring->type->read(ring, &buf);
}

static const unsigned int counts[] = { 1, 2, 8, 9, 63, 64, 65, 150 };

static void describe_count(const unsigned int *count, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *count);
}

KUNIT_ARRAY_PARAM(count, counts, describe_count);

/* All serials, each once; nothing in a buffer that is too small; the length always. */
static void ring_reads_as_serials(struct kunit *test)
{
	unsigned int count = *(const unsigned int *)test->param_value, i, wrong = 0;
	s32 *serials = kunit_kcalloc(test, count + 2, sizeof(s32), GFP_KERNEL);
	struct kr_key *ring = kt_ring_of(test, 0, "ring");
	long bytes = count * sizeof(s32);
	char desc[16];

	KUNIT_ASSERT_NOT_NULL(test, serials);
	for (i = 0; i < count; i++) {
		snprintf(desc, sizeof(desc), "k%u", i);
		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, kt_key_of(test, 0, desc, 1)), 0);
	}
	KUNIT_EXPECT_EQ(test, read_ring(ring, serials, 0), bytes);
	KUNIT_EXPECT_EQ(test, read_ring(ring, serials, bytes - 4), bytes);
	for (i = 0; i < count; i++)
		wrong += serials[i];
	KUNIT_EXPECT_EQ(test, wrong, 0u);

	serials[count] = -1;
	KUNIT_EXPECT_EQ(test, read_ring(ring, serials, bytes), bytes);
	KUNIT_EXPECT_EQ(test, read_ring(ring, serials, bytes + 4), bytes);
	KUNIT_EXPECT_EQ(test, serials[count], -1);
	for (i = 0; i < count; i++) {
		struct kr_key *key = kr_key_lookup(serials[i]);

		/* Each key only once: the mark in its permissions says so. */
		wrong += !key || !kt_holds(ring, key) || key->perm != KT_PERM;
		if (key)
			key->perm = 0;
		kr_key_put(key);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
}

/*
 * Of the first sixteen links the first comes first and the others latest first,
 * which is what programs have got used to; a place that was left is taken again.
 */
static void links_are_read_in_order(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *keys[16];
	unsigned int i, wrong = 0;
	char desc[16];
	s32 serials[16];

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		snprintf(desc, sizeof(desc), "k%u", i);
		keys[i] = kt_key(test, desc);
		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, keys[i]), 0);
	}
	KUNIT_ASSERT_EQ(test, read_ring(ring, serials, sizeof(serials)), (long)sizeof(serials));
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		wrong += serials[i] != keys[i ? ARRAY_SIZE(keys) - i : 0]->serial;
	KUNIT_EXPECT_EQ(test, wrong, 0u);

	/* What is displaced leaves its place to what displaces it. */
	keys[3] = kt_key(test, "k3");
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, keys[3]), 0);
	KUNIT_ASSERT_EQ(test, read_ring(ring, serials, sizeof(serials)), (long)sizeof(serials));
	KUNIT_EXPECT_EQ(test, serials[13], keys[3]->serial);
}

/* A new key, linked into the ring. */
static struct kr_key *linked_key(struct kunit *test, struct kr_key *ring, const char *desc)
{
	struct kr_key *key = kt_key(test, desc);

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	return key;
}

static void expect_two(struct kunit *test, struct kr_key *ring, bool latest_first)
{
	struct kr_key *one = linked_key(test, ring, "one"), *two = linked_key(test, ring, "two");
	s32 serials[2];

	KUNIT_ASSERT_EQ(test, read_ring(ring, serials, sizeof(serials)), (long)sizeof(serials));
	KUNIT_EXPECT_EQ(test, serials[0], (latest_first ? two : one)->serial);
	KUNIT_EXPECT_EQ(test, serials[1], (latest_first ? one : two)->serial);
}

/* Where the last link was reaped, the first does not come first: until a call empties it. */
static void order_after_the_last_link_was_reaped(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");

	kr_ring_invalidate(linked_key(test, ring, "dead"));
	KUNIT_EXPECT_EQ(test, kr_ring_of(ring)->count, 0u);
	expect_two(test, ring, true);
	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);
	expect_two(test, ring, false);
	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);

	kr_ring_invalidate(linked_key(test, ring, "dead"));
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, linked_key(test, ring, "removed")), 0);
	expect_two(test, ring, false);
}

/* In the same order the rings in a ring are searched. */
static void child_rings_are_searched_in_order(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *inner[4], *keys[4];
	static const unsigned int order[] = { 0, 3, 2, 1 };
	struct kr_search search;
	unsigned int i;
	char name[16];

	for (i = 0; i < ARRAY_SIZE(inner); i++) {
		snprintf(name, sizeof(name), "r%u", i);
		inner[i] = kt_ring(test, name);
		keys[i] = kt_key(test, "k");
		KUNIT_ASSERT_EQ(test, kr_ring_link(inner[i], keys[i]), 0);
		KUNIT_ASSERT_EQ(test, kr_ring_link(ring, inner[i]), 0);
	}
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		kr_search_init(&search, keys[0]->type, "k", kt_actor(test, KT_UID, KT_GID),
			       KR_SEARCH_RECURSE);
		KUNIT_ASSERT_EQ(test, kr_ring_search(ring, &search), 0);
		KUNIT_EXPECT_PTR_EQ(test, search.found, keys[order[i]]);
		kr_key_put(search.found);
		KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, inner[order[i]]), 0);
	}
}

static void empty_ring_reads_as_nothing(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	s32 serial = -1;

	KUNIT_EXPECT_EQ(test, read_ring(ring, &serial, 4), 0L);
	KUNIT_EXPECT_EQ(test, read_ring(ring, NULL, 0), 0L);
	KUNIT_EXPECT_EQ(test, serial, -1);
}

/* Who has looked at a ring before it was revoked is told so, not that it was empty. */
static void revoked_ring_reads_as_revoked(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	struct kr_buf nothing = {};

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, kt_key(test, "k")), 0);
	kr_key_revoke(ring);
	KUNIT_EXPECT_EQ(test, ring->type->read(ring, &nothing), -(long)EKEYREVOKED);
}

static void ring_reads_in_whole_serials(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	s32 serials[2] = {};
	size_t len;

	for (len = 1; len < 8; len++) {
		if (len != 4)
			KUNIT_EXPECT_EQ(test, read_ring(ring, serials, len), (long)-EINVAL);
	}
}

static void describe_into(const struct kr_key *key, char *buf, size_t size)
{
	struct seq_file m = { .buf = buf, .size = size };

	rcu_read_lock();
	key->type->describe(key, &m);
	rcu_read_unlock();
	buf[m.count] = '\0';
}

/* /proc/keys, the last column. */
static void ring_describes_how_full_it_is(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	char text[64];

	describe_into(ring, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, (const char *)text, "ring: empty");
	KUNIT_EXPECT_EQ(test, kt_add(test, ring, "a", 1), 0);
	KUNIT_EXPECT_EQ(test, kt_add(test, ring, "b", 1), 0);
	describe_into(ring, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, (const char *)text, "ring: 2");
}

struct trusting {
	struct kr_restriction restriction;
	struct kr_key *trusts;
};

static int trusting_check(struct kr_restriction *restriction, struct kr_ring *ring,
			  const struct kr_key_type *type, void *payload)
{
	return 0;
}

static void trusting_drop(struct kr_restriction *restriction)
{
	kr_key_put_later(container_of(restriction, struct trusting, restriction)->trusts);
}

/* One ring holds the other by a link, and that one by what it trusts: nobody else does. */
static void circles_end_when_all_is_cleared(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a"), *b = kt_ring(test, "b");
	struct trusting trusting = {
		.restriction = { .check = trusting_check, .drop = trusting_drop },
		.trusts = kr_key_get(a),
	};

	KUNIT_ASSERT_EQ(test, kr_ring_link(a, b), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_restrict(b, &trusting.restriction), 0);
	kt_drop(test, a);
	kt_drop(test, b);
	kt_settle();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 2u);
	kr_ring_clear_all();
	kt_settle();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
}

static struct kunit_case keyring_cases[] = {
	KUNIT_CASE(circles_end_when_all_is_cleared),
	KUNIT_CASE(new_ring_is_empty),
	KUNIT_CASE(ring_without_room_or_name),
	KUNIT_CASE(link_is_known_to_both_sides),
	KUNIT_CASE(unlinked_key_is_gone_at_once),
	KUNIT_CASE(linked_again_and_again),
	KUNIT_CASE(same_key_twice_is_one_link),
	KUNIT_CASE(link_displaces_one_like_it),
	KUNIT_CASE(displaced_ring_is_no_child_any_more),
	KUNIT_CASE(likeness_is_type_and_description),
	KUNIT_CASE(only_rings_hold_keys),
	KUNIT_CASE(revoked_ring_takes_no_link),
	KUNIT_CASE(state_of_the_key_does_not_matter),
	KUNIT_CASE(link_price_reaches_the_limit),
	KUNIT_CASE(ring_that_is_not_charged),
	KUNIT_CASE(clear_drops_everything),
	KUNIT_CASE(deep_tree_ends_without_recursion),
	KUNIT_CASE(forgotten_key_is_in_no_ring),
	KUNIT_CASE(invalidated_key_disappears),
	KUNIT_CASE(key_without_a_type_is_not_linked),
	KUNIT_CASE(invalidating_a_ring_leaves_its_keys),
	KUNIT_CASE(ring_does_not_hold_itself),
	KUNIT_CASE(namesake_is_no_cycle),
	KUNIT_CASE_PARAM(nests_as_deep_as_a_search_goes, depth_gen_params),
	KUNIT_CASE_PARAM(cycle_through_the_last_level, depth_gen_params),
	KUNIT_CASE(no_cycle_by_links_made_at_once),
	KUNIT_CASE(move_takes_from_one_and_gives_to_the_other),
	KUNIT_CASE(move_to_the_same_ring),
	KUNIT_CASE(move_displaces_unless_exclusive),
	KUNIT_CASE(move_is_by_identity),
	KUNIT_CASE(move_that_fails_changes_nothing),
	KUNIT_CASE(moved_both_ways_at_once),
	KUNIT_CASE(invalidated_while_it_is_linked),
	KUNIT_CASE(type_goes_while_it_is_linked),
	KUNIT_CASE(ring_is_found_by_its_name),
	KUNIT_CASE(name_needs_search_by_class),
	KUNIT_CASE(dead_rings_have_no_name),
	KUNIT_CASE(names_are_those_of_a_namespace),
	KUNIT_CASE(owner_must_be_mapped),
	KUNIT_CASE(name_ends_with_its_namespace),
	KUNIT_CASE(named_while_it_dies),
	KUNIT_CASE_PARAM(ring_reads_as_serials, count_gen_params),
	KUNIT_CASE(links_are_read_in_order),
	KUNIT_CASE(order_after_the_last_link_was_reaped),
	KUNIT_CASE(child_rings_are_searched_in_order),
	KUNIT_CASE(empty_ring_reads_as_nothing),
	KUNIT_CASE(revoked_ring_reads_as_revoked),
	KUNIT_CASE(ring_reads_in_whole_serials),
	KUNIT_CASE(ring_describes_how_full_it_is),
	{}
};

static struct kunit_suite keyring_suite = {
	.name		= "kr_keyring",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= keyring_cases,
};

kunit_test_suite(keyring_suite);
