// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room keyring: rings, their links, and what a link costs. */
#include "kunit_helpers.h"
#include "kunit_rings.h"

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

static struct kunit_case keyring_cases[] = {
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
