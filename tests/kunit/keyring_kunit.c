// SPDX-License-Identifier: GPL-2.0-only
/* Rooms keyring, types and reaper: links, search, possession, adding, reaping. */
#include "kunit_helpers.h"

#include <keyrings/reaper.h>
#include <linux/user_namespace.h>

static struct kr_key *ring_of(struct kunit *test)
{
	return ((struct kr_kunit *)test->priv)->ring;
}

static unsigned int links_in(struct kr_key *ring)
{
	return kr_ring_of(ring)->links.count;
}

static int search(struct kunit *test, struct kr_key *ring, const char *type, const char *desc,
		  unsigned int flags, struct kr_key **found)
{
	struct kr_kunit *kit = test->priv;
	struct kr_search search;
	int ret;

	kr_search_init(&search, kr_key_type_find(type), desc, kit->alice, flags);
	search.possessed = true;
	ret = kr_ring_search(ring, &search);
	*found = ret ? NULL : search.found;
	return ret;
}

static bool possesses(struct kunit *test, struct kr_key *anchor, struct kr_key *key)
{
	struct kr_kunit *kit = test->priv;
	struct kr_anchors anchors = { .ring = { anchor }, .count = 1, .actor = kit->alice };
	bool possessed;

	rcu_read_lock();
	possessed = kr_ring_possesses(&anchors, key);
	rcu_read_unlock();
	return possessed;
}

static void link_and_unlink(struct kunit *test)
{
	struct kr_key *key = kr_kunit_key(test, "k", "v"), *ring = ring_of(test);
	u64 bytes = kr_kunit_qnbytes();

	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_EXPECT_EQ(test, kr_kunit_qnbytes() - bytes, (u64)KR_LINK_BYTES);
	/* The same link again is the same link. */
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_EXPECT_EQ(test, kr_kunit_qnbytes() - bytes, (u64)KR_LINK_BYTES);
	KUNIT_EXPECT_EQ(test, links_in(ring), 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, key), -ENOENT);
	KUNIT_EXPECT_EQ(test, kr_kunit_qnbytes(), bytes);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	/* The second time the link that came with the key cannot be used. */
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, key), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(key, ring), -ENOTDIR);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(key, ring), -ENOTDIR);
	kr_key_put(key);
}

static void unlink_means_this_very_key(struct kunit *test)
{
	struct kr_key *a = kr_kunit_key(test, "same", "1"), *b = kr_kunit_key(test, "same", "2");
	struct kr_key *ring = ring_of(test), *other = kr_kunit_ring(test, "other");

	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, a), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, b), -ENOENT);
	KUNIT_EXPECT_EQ(test, kr_ring_move(b, ring, other, false), -ENOENT);
	KUNIT_EXPECT_EQ(test, links_in(ring), 1u);
	/* A like-named key displaces, and costs nothing more. */
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, b), 0);
	KUNIT_EXPECT_EQ(test, links_in(ring), 1u);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, a), -ENOENT);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->usage), 1u);
	kr_key_put(a);
	kr_key_put(b);
	kr_key_put(other);
}

static void moves(struct kunit *test)
{
	struct kr_key *a = kr_kunit_key(test, "same", "1"), *b = kr_kunit_key(test, "same", "2");
	struct kr_key *from = ring_of(test), *to = kr_kunit_ring(test, "to");

	KUNIT_EXPECT_EQ(test, kr_ring_link(from, a), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(to, b), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_move(a, from, to, true), -EEXIST);
	KUNIT_EXPECT_EQ(test, links_in(from), 1u);
	KUNIT_EXPECT_EQ(test, kr_ring_move(a, from, from, true), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_move(a, from, to, false), 0);
	KUNIT_EXPECT_EQ(test, links_in(from), 0u);
	KUNIT_EXPECT_EQ(test, links_in(to), 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&b->usage), 1u);
	kr_key_put(a);
	kr_key_put(b);
	kr_key_put(to);
}

/* A chain of rings, each in the one before it; the last is returned with no reference. */
static struct kr_key *chain(struct kunit *test, struct kr_key *first, unsigned int length)
{
	struct kr_key *ring;
	char name[16];

	while (length--) {
		snprintf(name, sizeof(name), "chain%u", length);
		ring = kr_kunit_ring(test, name);
		KUNIT_ASSERT_EQ(test, kr_ring_link(first, ring), 0);
		kr_key_put(ring);
		first = ring;
	}
	return first;
}

static void cycles_and_depth(struct kunit *test)
{
	struct kr_key *ring = ring_of(test), *last, *top = kr_kunit_ring(test, "top");

	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, ring), -EDEADLK);
	last = chain(test, ring, KR_RING_DEPTH);
	KUNIT_EXPECT_EQ(test, kr_ring_link(last, ring), -EDEADLK);
	KUNIT_EXPECT_EQ(test, kr_ring_link(top, ring), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(top, ring), 0);
	/* One deeper, and the question whether there is a cycle has no answer. */
	chain(test, last, 1);
	KUNIT_EXPECT_EQ(test, kr_ring_link(top, ring), -ELOOP);
	KUNIT_EXPECT_EQ(test, links_in(top), 0u);
	kr_key_put(top);
}

static void quota_refuses_a_link(struct kunit *test)
{
	struct kr_key *key = kr_kunit_key(test, "k", "v"), *ring = ring_of(test);
	u64 left = *kr_limits.maxbytes - kr_kunit_qnbytes();

	KUNIT_ASSERT_EQ(test, kr_account_charge(ring->account, 0, left - 3, false), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), -EDQUOT);
	KUNIT_EXPECT_EQ(test, links_in(ring), 0u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	kr_account_uncharge(ring->account, 0, left - 3);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	kr_key_put(key);
}

static void clearing(struct kunit *test)
{
	struct kr_key *ring = ring_of(test), *key;
	u64 bytes = kr_kunit_qnbytes();
	unsigned int i;
	char desc[16];

	for (i = 0; i < 50; i++) {
		snprintf(desc, sizeof(desc), "k%u", i);
		KUNIT_ASSERT_EQ(test, kr_kunit_add(test, ring, desc, "v", &key), 0);
		kr_key_put(key);
	}
	KUNIT_EXPECT_EQ(test, links_in(ring), 50u);
	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);
	KUNIT_EXPECT_EQ(test, links_in(ring), 0u);
	KUNIT_EXPECT_EQ(test, kr_kunit_qnbytes(), bytes);
	KUNIT_EXPECT_EQ(test, kr_kunit_qnkeys(), 1u);
}

static void restriction(struct kunit *test)
{
	struct kr_key *ring = ring_of(test), *inside, *key = kr_kunit_key(test, "out", "v");

	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, ring, "in", "v", &inside), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_restrict(ring), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_restrict(ring), -EEXIST);
	KUNIT_EXPECT_EQ(test, kr_ring_restrict(key), -ENOTDIR);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), -EPERM);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, inside), 0);
	kr_key_put(inside);
	kr_key_put(key);
}

static void search_order_and_errors(struct kunit *test)
{
	struct kr_key *ring = ring_of(test), *inner = kr_kunit_ring(test, "inner");
	struct kr_key *deep, *shallow, *found;

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, inner), 0);
	KUNIT_EXPECT_EQ(test, search(test, ring, "user", "k", KR_SEARCH_RECURSE, &found), -EAGAIN);
	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, inner, "k", "deep", &deep), 0);
	KUNIT_EXPECT_EQ(test, search(test, ring, "user", "k", 0, &found), -EAGAIN);
	KUNIT_EXPECT_EQ(test, search(test, ring, "user", "k", KR_SEARCH_RECURSE, &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, deep);
	kr_key_put(found);

	/* A ring is searched before the rings in it. */
	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, ring, "k", "shallow", &shallow), 0);
	KUNIT_EXPECT_EQ(test, search(test, ring, "user", "k", KR_SEARCH_RECURSE, &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, shallow);
	kr_key_put(found);

	/* Expired: skipped, or an error. A good one further down wins. */
	KUNIT_ASSERT_EQ(test, kr_key_set_expiry(deep, kr_now()), 0);
	KUNIT_ASSERT_EQ(test, kr_key_set_expiry(shallow, kr_now()), 0);
	KUNIT_EXPECT_EQ(test, search(test, ring, "user", "k", KR_SEARCH_RECURSE, &found),
			-EKEYEXPIRED);
	KUNIT_EXPECT_EQ(test, search(test, ring, "user", "k",
				     KR_SEARCH_RECURSE | KR_SEARCH_SKIP_EXPIRED, &found), -EAGAIN);
	KUNIT_EXPECT_EQ(test, search(test, ring, "user", "k",
				     KR_SEARCH_RECURSE | KR_SEARCH_NO_STATE, &found), 0);
	kr_key_put(found);
	KUNIT_ASSERT_EQ(test, kr_key_set_expiry(deep, KR_NEVER), 0);
	KUNIT_EXPECT_EQ(test, search(test, ring, "user", "k", KR_SEARCH_RECURSE, &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, deep);
	kr_key_put(found);

	/* No permission to search: the key, the ring on the way, the start. */
	deep->perm = 0;
	kr_key_revoke(shallow);
	KUNIT_EXPECT_EQ(test, search(test, ring, "user", "k", KR_SEARCH_RECURSE, &found), -EACCES);
	inner->perm = 0;
	KUNIT_EXPECT_EQ(test, search(test, ring, "user", "k", KR_SEARCH_RECURSE, &found),
			-EKEYREVOKED);
	ring->perm = 0;
	KUNIT_EXPECT_EQ(test, search(test, ring, "user", "k", KR_SEARCH_RECURSE, &found), -EACCES);
	KUNIT_EXPECT_EQ(test, search(test, deep, "user", "k", 0, &found), -ENOTDIR);
	kr_key_put(deep);
	kr_key_put(shallow);
	kr_key_put(inner);
}

static void the_start_may_be_found(struct kunit *test)
{
	struct kr_key *ring = ring_of(test), *found;

	KUNIT_EXPECT_EQ(test, search(test, ring, "keyring", "ring", KR_SEARCH_RECURSE, &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, ring);
	kr_key_put(found);
}

static void possession_by_path(struct kunit *test)
{
	struct kr_key *ring = ring_of(test), *last, *key;

	last = chain(test, ring, KR_RING_DEPTH);
	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, last, "k", "v", &key), 0);
	KUNIT_EXPECT_TRUE(test, possesses(test, ring, ring));
	KUNIT_EXPECT_TRUE(test, possesses(test, ring, last));
	KUNIT_EXPECT_TRUE(test, possesses(test, ring, key));
	KUNIT_EXPECT_FALSE(test, possesses(test, last, ring));
	/* The path must be searchable, and so must the key. */
	last->perm = KR_POS(KR_ALL & ~KR_SEARCH);
	KUNIT_EXPECT_FALSE(test, possesses(test, ring, key));
	last->perm = KR_POS(KR_ALL);
	key->perm = KR_POS(KR_ALL & ~KR_SEARCH);
	KUNIT_EXPECT_FALSE(test, possesses(test, ring, key));
	kr_key_put(key);

	/* One ring deeper is too deep. */
	last = chain(test, last, 1);
	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, last, "k", "v", &key), 0);
	KUNIT_EXPECT_FALSE(test, possesses(test, ring, key));
	kr_key_put(key);
}

/* More links than are climbed: the path is looked for from above. */
static void possession_of_a_key_in_many_rings(struct kunit *test)
{
	struct kr_key *ring = ring_of(test), *key = kr_kunit_key(test, "k", "v");
	struct kr_key *stranger = kr_kunit_ring(test, "stranger");
	struct kr_key *rings[100];
	unsigned int i;
	char name[16];

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		snprintf(name, sizeof(name), "r%u", i);
		rings[i] = kr_kunit_ring(test, name);
		KUNIT_ASSERT_EQ(test, kr_ring_link(rings[i], key), 0);
	}
	KUNIT_EXPECT_TRUE(test, possesses(test, ring, key));
	KUNIT_EXPECT_TRUE(test, possesses(test, rings[0], key));
	KUNIT_EXPECT_TRUE(test, possesses(test, rings[ARRAY_SIZE(rings) - 1], key));
	KUNIT_EXPECT_FALSE(test, possesses(test, stranger, key));
	for (i = 0; i < ARRAY_SIZE(rings); i++)
		kr_key_put(rings[i]);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
	kr_key_put(stranger);
	kr_key_put(key);
}

static void add_updates_or_displaces(struct kunit *test)
{
	struct kr_key *ring = ring_of(test), *a, *b;

	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, ring, "k", "one", &a), 0);
	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, ring, "k", "other", &b), 0);
	KUNIT_EXPECT_PTR_EQ(test, a, b);
	KUNIT_EXPECT_EQ(test, a->datalen, (size_t)5);
	kr_key_put(b);
	/* What is revoked is displaced. */
	kr_key_revoke(a);
	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, ring, "k", "new", &b), 0);
	KUNIT_EXPECT_PTR_NE(test, a, b);
	KUNIT_EXPECT_EQ(test, links_in(ring), 1u);
	kr_key_put(a);
	kr_key_put(b);
	KUNIT_EXPECT_EQ(test, kr_kunit_add(test, ring, "k", "", &b), -EINVAL);
	ring->perm = KR_POS(KR_ALL & ~KR_WRITE);
	KUNIT_EXPECT_EQ(test, kr_kunit_add(test, ring, "k", "v", &b), -EACCES);
}

struct length {
	const char *type, *desc;
	size_t len;
	int error;
};

static const struct length lengths[] = {
	{ "user", "k", 0, -EINVAL },
	{ "user", "k", 1, 0 },
	{ "user", "k", 19000, 0 },
	{ "user", "k", 32767, -EDQUOT },
	{ "user", "k", 32768, -EINVAL },
	{ "logon", "a:b", 1, 0 },
	{ "logon", ":b", 1, -EINVAL },
	{ "logon", "ab", 1, -EINVAL },
	{ "keyring", "k", 0, 0 },
	{ "keyring", "k", 1, -EINVAL },
};

static void length_name(const struct length *length, char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "%s %s %zu", length->type, length->desc, length->len);
}

KUNIT_ARRAY_PARAM(length, lengths, length_name);

static void payload_lengths(struct kunit *test)
{
	const struct length *length = test->param_value;
	const struct kr_key_ref ref = { .key = ring_of(test), .possessed = true };
	struct kr_prep prep = { .desc = length->desc };
	struct kr_kunit *kit = test->priv;
	struct kr_key_ref out;
	int ret;

	if (length->len) {
		prep.data = kr_payload_alloc(length->len);
		KUNIT_ASSERT_NOT_NULL(test, prep.data);
		memset(prep.data->data, 'p', length->len);
	}
	ret = kr_ring_add_key(&ref, kr_key_type_find(length->type), &prep, kit->alice, &out);
	kr_payload_put_now(prep.data);
	KUNIT_EXPECT_EQ(test, ret, length->error);
	if (!ret)
		kr_key_put(out.key);
	else
		KUNIT_EXPECT_EQ(test, links_in(ring_of(test)), 0u);
}

static void reads(struct kunit *test)
{
	struct kr_key *ring = ring_of(test), *key;
	char text[8] = "#######";
	s32 serials[2] = {};
	struct kr_buf buf = { .kernel = text, .len = 4 };

	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, ring, "k", "value", &key), 0);
	/* Too small: the length, and nothing is written. */
	KUNIT_EXPECT_EQ(test, key->type->read(key, &buf), 5l);
	KUNIT_EXPECT_EQ(test, text[0], '#');
	buf.len = 5;
	KUNIT_EXPECT_EQ(test, key->type->read(key, &buf), 5l);
	KUNIT_EXPECT_EQ(test, memcmp(text, "value#", 6), 0);
	buf.kernel = serials;
	buf.len = sizeof(serials);
	KUNIT_EXPECT_EQ(test, ring->type->read(ring, &buf), 4l);
	KUNIT_EXPECT_EQ(test, serials[0], key->serial);
	buf.len = 3;
	KUNIT_EXPECT_EQ(test, ring->type->read(ring, &buf), (long)-EINVAL);
	kr_key_revoke(key);
	KUNIT_EXPECT_EQ(test, key->type->read(key, &buf), (long)-EKEYREVOKED);
	kr_key_put(key);
}

/* Whether it expired or was revoked: links go gc_delay later, with their quota. */
static void reaped_after_the_delay(struct kunit *test)
{
	unsigned int delay = *kr_limits.gc_delay;
	struct kr_key *ring = ring_of(test), *expires, *revoked, *lives;
	u64 bytes = kr_kunit_qnbytes();

	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, ring, "e", "v", &expires), 0);
	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, ring, "r", "v", &revoked), 0);
	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, ring, "l", "v", &lives), 0);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(expires, kr_now() + 10), 0);
	kr_key_revoke(revoked);
	kr_kunit_pass(delay - 1);
	KUNIT_EXPECT_EQ(test, links_in(ring), 3u);
	kr_kunit_pass(2);
	KUNIT_EXPECT_EQ(test, links_in(ring), 2u);
	kr_kunit_pass(10);
	KUNIT_EXPECT_EQ(test, links_in(ring), 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&expires->usage), 1u);
	kr_key_put(expires);
	kr_key_put(revoked);
	KUNIT_EXPECT_EQ(test, kr_ring_unlink(ring, lives), 0);
	kr_key_put(lives);
	KUNIT_EXPECT_EQ(test, kr_kunit_qnbytes(), bytes);
}

static void a_cleared_time_is_forgotten(struct kunit *test)
{
	struct kr_key *ring = ring_of(test), *key;

	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, ring, "k", "v", &key), 0);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, kr_now() + 10), 0);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, KR_NEVER), 0);
	kr_kunit_pass(*kr_limits.gc_delay + 20);
	KUNIT_EXPECT_EQ(test, links_in(ring), 1u);
	kr_key_put(key);
}

static void invalidated_at_once(struct kunit *test)
{
	struct kr_key *ring = ring_of(test), *other = kr_kunit_ring(test, "other"), *key;
	s32 serial;

	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, ring, "k", "v", &key), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(other, key), 0);
	serial = key->serial;
	kr_ring_invalidate(key);
	KUNIT_EXPECT_EQ(test, links_in(ring), 0u);
	KUNIT_EXPECT_EQ(test, links_in(other), 0u);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), -ENOKEY);
	KUNIT_EXPECT_EQ(test, links_in(ring), 0u);
	kr_key_put(key);
	KUNIT_EXPECT_NULL(test, kr_key_lookup(serial));
	kr_key_put(other);
}

/* A tree of rings goes with its root, however deep and wide. */
static void a_tree_ends_with_its_root(struct kunit *test)
{
	struct kr_key *root = kr_kunit_ring(test, "root"), *key;

	KUNIT_ASSERT_EQ(test, kr_kunit_add(test, chain(test, root, 20), "k", "v", &key), 0);
	kr_key_put(key);
	KUNIT_EXPECT_EQ(test, kr_kunit_qnkeys(), 23u);
	kr_key_put(root);
	KUNIT_EXPECT_EQ(test, kr_kunit_qnkeys(), 1u);
	root = kr_kunit_ring(test, "root");
	chain(test, root, 5);
	kr_key_put_later(root);
	kr_reaper_flush();
	KUNIT_EXPECT_EQ(test, kr_kunit_qnkeys(), 1u);
}

static void names(struct kunit *test)
{
	struct kr_kunit *kit = test->priv;
	struct kr_key *found, *dot = kr_kunit_ring(test, ".ring");

	/* Found by who may search it by class. */
	KUNIT_EXPECT_NULL(test, kr_ring_find_by_name("ring", kit->alice));
	kit->ring->perm = KR_USR(KR_SEARCH);
	found = kr_ring_find_by_name("ring", kit->alice);
	KUNIT_EXPECT_PTR_EQ(test, found, kit->ring);
	kr_key_put(found);
	KUNIT_EXPECT_NULL(test, kr_ring_find_by_name("ring", kit->bob));
	dot->perm = KR_USR(KR_SEARCH);
	KUNIT_EXPECT_NULL(test, kr_ring_find_by_name(".ring", kit->alice));
	kr_key_revoke(kit->ring);
	KUNIT_EXPECT_NULL(test, kr_ring_find_by_name("ring", kit->alice));
	kr_key_put(dot);
}

static struct kunit_case keyring_cases[] = {
	KUNIT_CASE(link_and_unlink),
	KUNIT_CASE(unlink_means_this_very_key),
	KUNIT_CASE(moves),
	KUNIT_CASE(cycles_and_depth),
	KUNIT_CASE(quota_refuses_a_link),
	KUNIT_CASE(clearing),
	KUNIT_CASE(restriction),
	KUNIT_CASE(search_order_and_errors),
	KUNIT_CASE(the_start_may_be_found),
	KUNIT_CASE(possession_by_path),
	KUNIT_CASE(possession_of_a_key_in_many_rings),
	KUNIT_CASE(add_updates_or_displaces),
	KUNIT_CASE_PARAM(payload_lengths, length_gen_params),
	KUNIT_CASE(reads),
	KUNIT_CASE(reaped_after_the_delay),
	KUNIT_CASE(a_cleared_time_is_forgotten),
	KUNIT_CASE(invalidated_at_once),
	KUNIT_CASE(a_tree_ends_with_its_root),
	KUNIT_CASE(names),
	{}
};

static struct kunit_suite keyring_suite = {
	.name		= "kr_keyring",
	.suite_init	= kr_kunit_up,
	.suite_exit	= kr_kunit_down,
	.init		= kr_kunit_enter,
	.exit		= kr_kunit_leave,
	.test_cases	= keyring_cases,
};

kunit_test_suite(keyring_suite);
