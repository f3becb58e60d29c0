// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room keyring: adding a key to a ring, and updating one (add_key(2)). */
#include "kunit_rings.h"

#include <linux/kthread.h>
#include <linux/slab.h>

/* A type that has no update, derives descriptions and sets an expiry of its own. */
static struct {
	int instantiate;	/* what the functions return */
	int preparse;
	bool names;
	time64_t expiry;
	int freed;
} fixed;

static int fixed_preparse(struct kr_prep *prep)
{
	if (fixed.preparse)
		return fixed.preparse;
	if (fixed.names)
		prep->made_desc = kstrdup("made", GFP_KERNEL);
	if (fixed.expiry)
		prep->expiry = fixed.expiry;
	return 0;
}

static void fixed_free_preparse(struct kr_prep *prep)
{
	fixed.freed++;
	kfree(prep->made_desc);
	prep->made_desc = NULL;
}

static int fixed_instantiate(struct kr_key *key, struct kr_prep *prep)
{
	return fixed.instantiate;
}

static struct kr_key_type fixed_type = {
	.name		= "kt_fixed",
	.def_datalen	= 2,
	.preparse	= fixed_preparse,
	.free_preparse	= fixed_free_preparse,
	.instantiate	= fixed_instantiate,
};

static int create_init(struct kunit *test)
{
	memset(&fixed, 0, sizeof(fixed));
	return kt_case_init(test);
}

static int create_suite_init(struct kunit_suite *suite)
{
	int ret = kt_rooms_up(suite);

	if (ret)
		return ret;
	ret = kr_key_type_register(&fixed_type);
	if (ret)
		kt_rooms_down(suite);
	return ret;
}

static void create_suite_exit(struct kunit_suite *suite)
{
	kr_key_type_unregister(&fixed_type);
	kt_rooms_down(suite);
}

/* add_key() into a possessed ring; the key is held by the case. */
static int add_as(struct kunit *test, const struct cred *actor, struct kr_key *ring,
		  const char *type, const char *desc, size_t len, struct kr_key **key)
{
	struct kr_prep prep = { .desc = desc };
	const struct kr_key_ref ref = { .key = ring, .possessed = true };
	struct kr_key_ref out = {};
	int ret;

	if (len)
		prep.data = kt_payload(test, len, 'x');
	ret = kr_ring_add_key(&ref, kt_type(test, type), &prep, actor, &out);
	kr_payload_put_now(prep.data);
	*key = NULL;
	if (ret)
		return ret;
	KUNIT_EXPECT_TRUE(test, out.possessed);
	*key = kt_hold(test, out.key);
	return 0;
}

static int add(struct kunit *test, struct kr_key *ring, const char *type, const char *desc,
	       size_t len, struct kr_key **key)
{
	return add_as(test, kt_actor(test, KT_UID, KT_GID), ring, type, desc, len, key);
}

struct perm_case {
	const char *type;
	u32 perm;
};

/* add_key(2), and what /proc/keys shows of new keys everywhere. */
static const struct perm_case perm_cases[] = {
	{ "user", 0x3f010000 }, { "logon", 0x3d010000 }, { "keyring", 0x3f010000 },
	{ "kt_fixed", 0x39010000 },
};

static void describe_perm(const struct perm_case *c, char *desc)
{
	strscpy(desc, c->type, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(perm, perm_cases, describe_perm);

static void new_key_is_its_makers(struct kunit *test)
{
	const struct perm_case *c = test->param_value;
	struct kr_key *ring = kt_ring(test, "ring"), *key;
	struct cred *actor = kt_actor(test, 0, 0);
	bool is_ring = !strcmp(c->type, "keyring");

	actor->fsuid = kt_uid(KT_OTHER);
	actor->fsgid = kt_gid(77);
	ring->perm |= KR_OTH(KR_WRITE);
	KUNIT_ASSERT_EQ(test, add_as(test, actor, ring, c->type, "a:b", is_ring ? 0 : 3, &key), 0);
	KUNIT_EXPECT_EQ(test, key->perm, c->perm);
	KUNIT_EXPECT_TRUE(test, uid_eq(key->uid, kt_uid(KT_OTHER)));
	KUNIT_EXPECT_TRUE(test, gid_eq(key->gid, kt_gid(77)));
	KUNIT_EXPECT_EQ(test, kr_key_state(key), KR_POSITIVE);
	KUNIT_EXPECT_EQ(test, links_of(ring), 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
	KUNIT_EXPECT_EQ(test, kr_key_is_ring(key), is_ring);
	/* The key is paid by its owner, the link by the ring's. */
	KT_EXPECT_DEBT(test, KT_OTHER, 1, is_ring ? 4 : c->type[0] == 'k' ? 6 : 7);
	KT_EXPECT_DEBT(test, KT_UID, 1, 5 + 4);
}

static void adding_again_updates(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key, *again;

	KUNIT_ASSERT_EQ(test, add(test, ring, "user", "k", 10, &key), 0);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 4 + 2 + 10);
	KUNIT_ASSERT_EQ(test, add(test, ring, "user", "k", 30, &again), 0);
	KUNIT_EXPECT_PTR_EQ(test, key, again);
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)30);
	KUNIT_EXPECT_EQ(test, links_of(ring), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 4 + 2 + 30);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nikeys, 2);
}

/* It is the key in that very ring that is updated, not one below. */
static void adding_looks_into_one_ring(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *inner = kt_ring(test, "inner"), *key, *below;

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, inner), 0);
	KUNIT_ASSERT_EQ(test, add(test, inner, "user", "k", 10, &below), 0);
	KUNIT_ASSERT_EQ(test, add(test, ring, "user", "k", 30, &key), 0);
	KUNIT_EXPECT_PTR_NE(test, key, below);
	KUNIT_EXPECT_EQ(test, below->datalen, (size_t)10);
}

static void type_without_update_displaces(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key, *again;

	KUNIT_ASSERT_EQ(test, add(test, ring, "kt_fixed", "k", 0, &key), 0);
	KUNIT_ASSERT_EQ(test, add(test, ring, "kt_fixed", "k", 0, &again), 0);
	KUNIT_EXPECT_PTR_NE(test, key, again);
	KUNIT_EXPECT_EQ(test, links_of(ring), 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&again->usage), 2u);
	KUNIT_EXPECT_EQ(test, fixed.freed, 2);
}

static void ring_displaces_ring_with_its_contents(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *inner, *again, *key;
	s32 serial;

	KUNIT_ASSERT_EQ(test, add(test, ring, "keyring", "inner", 0, &inner), 0);
	KUNIT_ASSERT_EQ(test, add(test, inner, "user", "k", 1, &key), 0);
	serial = key->serial;
	kt_drop(test, key);
	kt_drop(test, inner);
	KUNIT_ASSERT_EQ(test, add(test, ring, "keyring", "inner", 0, &again), 0);
	KUNIT_EXPECT_EQ(test, links_of(again), 0u);
	KUNIT_EXPECT_NULL(test, kr_key_lookup(serial));
	KUNIT_EXPECT_EQ(test, kr_key_count(), 2u);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 4 + 6);
}

/* What an add does with one that is there already, in each state of that. */
enum found { LIVE, EXPIRED, REVOKED, INVALIDATED, NEGATIVE, NFOUND };

static const char *const found_names[] = {
	"live", "expired", "revoked", "invalidated", "negative"
};

static_assert(ARRAY_SIZE(found_names) == NFOUND);

static const enum found founds[] = { LIVE, EXPIRED, REVOKED, INVALIDATED, NEGATIVE };

static void describe_found(const enum found *found, char *desc)
{
	strscpy(desc, found_names[*found], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(found, founds, describe_found);

static void adding_to_one_in_any_state(struct kunit *test)
{
	enum found found = *(const enum found *)test->param_value;
	struct kr_key *ring = kt_ring(test, "ring"), *key, *again;
	bool updates = found != REVOKED && found != INVALIDATED;

	KUNIT_ASSERT_EQ(test, add(test, ring, "user", "k", 10, &key), 0);
	if (found == EXPIRED)
		KUNIT_ASSERT_EQ(test, kr_key_set_expiry(key, kr_now() - 5), 0);
	if (found == REVOKED)
		kr_key_revoke(key);
	if (found == INVALIDATED)
		set_bit(KR_KEY_INVALIDATED, &key->flags);
	if (found == NEGATIVE)
		kr_key_set_state(key, -EKEYREJECTED);

	KUNIT_ASSERT_EQ(test, add(test, ring, "user", "k", 20, &again), 0);
	KUNIT_EXPECT_EQ(test, key == again, updates);
	KUNIT_EXPECT_EQ(test, kr_key_validate(again), 0);
	KUNIT_EXPECT_EQ(test, kr_key_state(again), KR_POSITIVE);
	KUNIT_EXPECT_EQ(test, again->expiry, KR_NEVER);
	KUNIT_EXPECT_NULL(test, again->deadline);
	KUNIT_EXPECT_EQ(test, links_of(ring), 1u);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nikeys, updates ? 2 : 3);
}

static void adding_needs_write(struct kunit *test)
{
	const struct cred *actor = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *ring = kt_ring(test, "ring"), *key, *none;

	KUNIT_ASSERT_EQ(test, add(test, ring, "user", "k", 10, &key), 0);
	/* To the ring, also for a key that is there. */
	ring->perm = KR_PERM_VALID & ~(KR_WRITE * 0x01010101u);
	KUNIT_EXPECT_EQ(test, add_as(test, actor, ring, "user", "k", 1, &none), -EACCES);
	KUNIT_EXPECT_EQ(test, add_as(test, actor, ring, "user", "l", 1, &none), -EACCES);
	/* To the key that is there, with the possession of the ring. */
	ring->perm = KT_PERM;
	key->perm = KR_PERM_VALID & ~(KR_WRITE * 0x01010101u);
	KUNIT_EXPECT_EQ(test, add_as(test, actor, ring, "user", "k", 1, &none), -EACCES);
	key->perm = KR_POS(KR_WRITE);
	KUNIT_EXPECT_EQ(test, add_as(test, actor, ring, "user", "k", 1, &none), 0);
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)1);
	KUNIT_EXPECT_EQ(test, links_of(ring), 1u);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 4 + 2 + 1);
}

static void adding_without_possession(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	const struct kr_key_ref ref = { .key = ring, .possessed = false };
	struct kr_prep prep = { .desc = "k", .data = kt_payload(test, 1, 'x') };
	struct kr_key_ref out = {};

	ring->perm = KR_POS(KR_ALL);
	KUNIT_EXPECT_EQ(test, kr_ring_add_key(&ref, kt_type(test, "user"), &prep,
					      kt_actor(test, KT_UID, KT_GID), &out), -EACCES);
	kr_payload_put_now(prep.data);
	ring->perm = KR_USR(KR_WRITE);
	prep = (struct kr_prep) { .desc = "k", .data = kt_payload(test, 1, 'x') };
	KUNIT_ASSERT_EQ(test, kr_ring_add_key(&ref, kt_type(test, "user"), &prep,
					      kt_actor(test, KT_UID, KT_GID), &out), 0);
	KUNIT_EXPECT_FALSE(test, out.possessed);
	KUNIT_EXPECT_NULL(test, prep.data);
	kt_hold(test, out.key);
}

static void adding_what_cannot_be(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *plain = kt_key(test, "plain"), *none;
	unsigned int keys = kr_key_count();

	KUNIT_EXPECT_EQ(test, add(test, plain, "user", "k", 1, &none), -ENOTDIR);
	KUNIT_EXPECT_EQ(test, add(test, ring, "user", "", 1, &none), -EINVAL);
	KUNIT_EXPECT_EQ(test, add(test, ring, "user", NULL, 1, &none), -EINVAL);
	KUNIT_EXPECT_EQ(test, add(test, ring, "user", "k", 0, &none), -EINVAL);
	KUNIT_EXPECT_EQ(test, add(test, ring, "keyring", "k", 1, &none), -EINVAL);
	KUNIT_EXPECT_EQ(test, add(test, ring, "logon", "nocolon", 1, &none), -EINVAL);
	fixed.preparse = -EBADMSG;
	KUNIT_EXPECT_EQ(test, add(test, ring, "kt_fixed", "k", 0, &none), -EBADMSG);
	fixed.preparse = 0;
	fixed.instantiate = -EPROTO;
	KUNIT_EXPECT_EQ(test, add(test, ring, "kt_fixed", "k", 0, &none), -EPROTO);
	/* What was prepared is freed in any case. */
	KUNIT_EXPECT_EQ(test, fixed.freed, 2);
	kr_key_revoke(ring);
	KUNIT_EXPECT_EQ(test, add(test, ring, "user", "k", 1, &none), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
	KUNIT_EXPECT_EQ(test, kr_key_count(), keys);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 6 + 1);
}

/* A link of 4 bytes, a key of 2 and a payload of 10: each may be what is too much. */
static void adding_up_to_the_quota(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *none;
	unsigned int bytes;

	for (bytes = 5; bytes < 21; bytes++) {
		kr_limit_values.maxbytes = bytes;
		KUNIT_EXPECT_EQ(test, add(test, ring, "user", "k", 10, &none), -EDQUOT);
		KT_EXPECT_DEBT(test, KT_UID, 1, 5);
		KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
	}
	kr_limit_values.maxbytes = 100;
	kr_limit_values.maxkeys = 1;
	KUNIT_EXPECT_EQ(test, add(test, ring, "user", "k", 10, &none), -EDQUOT);
	KT_EXPECT_DEBT(test, KT_UID, 1, 5);
	kr_limit_values.maxbytes = 21;
	kr_limit_values.maxkeys = 2;
	KUNIT_EXPECT_EQ(test, add(test, ring, "user", "k", 10, &none), 0);
	KT_EXPECT_DEBT(test, KT_UID, 2, 21);
	/* An update at the limit needs only the difference. */
	KUNIT_EXPECT_EQ(test, add(test, ring, "user", "k", 11, &none), -EDQUOT);
	KUNIT_EXPECT_EQ(test, add(test, ring, "user", "k", 9, &none), 0);
	KUNIT_EXPECT_EQ(test, add(test, ring, "user", "k", 10, &none), 0);
	KT_EXPECT_DEBT(test, KT_UID, 2, 21);
}

/* A displaced key stays what it was until the new one is there. */
static void failed_add_displaces_nothing(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key, *none;

	KUNIT_ASSERT_EQ(test, add(test, ring, "kt_fixed", "k", 0, &key), 0);
	fixed.instantiate = -EPROTO;
	KUNIT_EXPECT_EQ(test, add(test, ring, "kt_fixed", "k", 0, &none), -EPROTO);
	kr_limit_values.maxkeys = 2;
	fixed.instantiate = 0;
	KUNIT_EXPECT_EQ(test, add(test, ring, "kt_fixed", "k", 0, &none), -EDQUOT);
	KUNIT_EXPECT_EQ(test, links_of(ring), 1u);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
	KT_EXPECT_DEBT(test, KT_UID, 2, 5 + 4 + 4);
}

/* No error of a type's is taken for something else. */
static void every_error_of_the_type_is_told(struct kunit *test)
{
	static const int errors[] = { -EEXIST, -ENOKEY, -EAGAIN, -EINTR };
	struct kr_key *ring = kt_ring(test, "ring"), *none;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		fixed.instantiate = errors[i];
		KUNIT_EXPECT_EQ(test, add(test, ring, "kt_fixed", "k", 0, &none), errors[i]);
	}
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
}

/* The name comes from the caller or from the payload; a type may say that it never does. */
static void type_may_name_the_key(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key, *no_ring = kt_key(test, "no ring");

	KUNIT_EXPECT_EQ(test, add(test, no_ring, "kt_fixed", NULL, 0, &key), -ENOTDIR);
	fixed_type.needs_desc = true;
	KUNIT_EXPECT_EQ(test, add(test, no_ring, "kt_fixed", NULL, 0, &key), -EINVAL);
	fixed_type.needs_desc = false;
	KUNIT_EXPECT_EQ(test, add(test, ring, "kt_fixed", NULL, 0, &key), -EINVAL);
	fixed.names = true;
	KUNIT_ASSERT_EQ(test, add(test, ring, "kt_fixed", NULL, 0, &key), 0);
	KUNIT_EXPECT_STREQ(test, key->desc, "made");
	KUNIT_ASSERT_EQ(test, add(test, ring, "kt_fixed", "given", 0, &key), 0);
	KUNIT_EXPECT_STREQ(test, key->desc, "given");
	KUNIT_EXPECT_EQ(test, fixed.freed, 3);
}

static void type_may_limit_the_life_of_the_key(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key;

	fixed.expiry = kr_now() + 100;
	KUNIT_ASSERT_EQ(test, add(test, ring, "kt_fixed", "k", 0, &key), 0);
	KUNIT_EXPECT_EQ(test, key->expiry, fixed.expiry);
	KUNIT_EXPECT_NOT_NULL(test, key->deadline);
	kr_clock_shift(100);
	KUNIT_EXPECT_EQ(test, kr_key_validate(key), -EKEYEXPIRED);
}

static void type_may_limit_the_life_of_a_key_that_was_announced(struct kunit *test)
{
	struct kr_prep prep = { .expiry = KR_NEVER };
	struct kr_key *key;

	key = kt_hold(test, kr_key_alloc(&fixed_type, "k", kt_uid(KT_UID), kt_gid(KT_GID), KT_PERM,
					 KR_ALLOC_IN_QUOTA));
	fixed.expiry = kr_now() + 100;
	KUNIT_ASSERT_EQ(test, kr_ring_instantiate_key(key, &prep, NULL), 0);
	KUNIT_EXPECT_EQ(test, key->expiry, fixed.expiry);
	KUNIT_EXPECT_NOT_NULL(test, key->deadline);
	KUNIT_EXPECT_EQ(test, fixed.freed, 1);
}

/* What else is wrong comes before the payload, if the type looks at that only to make a key. */
static void type_may_look_at_the_payload_last(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *no_ring = kt_key(test, "no ring"), *key;
	struct kr_prep prep = { .expiry = KR_NEVER };

	key = kt_hold(test, kr_key_alloc(&fixed_type, "k", kt_uid(KT_UID), kt_gid(KT_GID), KT_PERM,
					 KR_ALLOC_IN_QUOTA));
	KUNIT_ASSERT_EQ(test, kr_ring_restrict(ring, &kr_restriction_all), 0);
	fixed.preparse = -EBADMSG;
	KUNIT_EXPECT_EQ(test, kr_ring_instantiate_key(key, &prep, no_ring), -EBADMSG);
	fixed_type.needs_desc = true;
	KUNIT_EXPECT_EQ(test, kr_ring_instantiate_key(key, &prep, no_ring), -ENOTDIR);
	KUNIT_EXPECT_EQ(test, kr_ring_instantiate_key(key, &prep, ring), -EPERM);
	kr_key_revoke(ring);
	KUNIT_EXPECT_EQ(test, kr_ring_instantiate_key(key, &prep, ring), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, kr_ring_instantiate_key(key, &prep, NULL), -EBADMSG);
	fixed.preparse = 0;
	KUNIT_EXPECT_EQ(test, kr_ring_instantiate_key(key, &prep, NULL), 0);
	fixed.preparse = -EBADMSG;
	KUNIT_EXPECT_EQ(test, kr_ring_instantiate_key(key, &prep, NULL), -EBUSY);
	fixed_type.needs_desc = false;
	KUNIT_EXPECT_EQ(test, kr_ring_instantiate_key(key, &prep, NULL), -EBADMSG);
}

static int update_as(struct kunit *test, const struct cred *actor, struct kr_key *key,
		     bool possessed, size_t len)
{
	const struct kr_key_ref ref = { .key = key, .possessed = possessed };
	struct kr_prep prep = { .data = kt_payload(test, len, 'y') };
	int ret;

	ret = kr_ring_update_key(&ref, &prep, actor);
	kr_payload_put_now(prep.data);
	return ret;
}

static void update_needs_write(struct kunit *test)
{
	const struct cred *actor = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *key = kt_key_of(test, KT_UID, "k", 10);

	key->perm = KR_POS(KR_WRITE) | KR_USR(KR_ALL & ~KR_WRITE);
	KUNIT_EXPECT_EQ(test, update_as(test, actor, key, false, 5), -EACCES);
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)10);
	KUNIT_EXPECT_EQ(test, update_as(test, actor, key, true, 5), 0);
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)5);
	KT_EXPECT_DEBT(test, KT_UID, 1, 2 + 5);
}

static void update_of_what_has_none(struct kunit *test)
{
	const struct cred *actor = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *ring = kt_ring(test, "ring"), *key;

	KUNIT_EXPECT_EQ(test, update_as(test, actor, ring, true, 0), -EOPNOTSUPP);
	KUNIT_ASSERT_EQ(test, add(test, ring, "kt_fixed", "k", 0, &key), 0);
	key->perm = KT_PERM;
	KUNIT_EXPECT_EQ(test, update_as(test, actor, key, true, 0), -EOPNOTSUPP);
	/* CVE: 63a0b0509e70. Nothing was prepared, nothing is freed. */
	KUNIT_EXPECT_EQ(test, fixed.freed, 1);
}

static void update_that_fails_changes_nothing(struct kunit *test)
{
	const struct cred *actor = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *key = kt_key_of(test, KT_UID, "k", 10);
	time64_t expiry = kr_now() + 1000;

	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, expiry), 0);
	kr_limit_values.maxbytes = 15;
	KUNIT_EXPECT_EQ(test, update_as(test, actor, key, true, 14), -EDQUOT);
	KUNIT_EXPECT_EQ(test, update_as(test, actor, key, true, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, key->datalen, (size_t)10);
	KUNIT_EXPECT_EQ(test, key->expiry, expiry);
	KT_EXPECT_DEBT(test, KT_UID, 1, 2 + 10);
	KUNIT_EXPECT_EQ(test, update_as(test, actor, key, true, 13), 0);
	KUNIT_EXPECT_EQ(test, key->expiry, KR_NEVER);
	KT_EXPECT_DEBT(test, KT_UID, 1, 2 + 13);
}

struct rush {
	struct kr_key *ring;
	const struct kr_key_type *type;
	const struct cred *actor;
	atomic_t added;
};

static int add_same(void *arg)
{
	struct rush *rush = arg;
	const struct kr_key_ref ref = { .key = rush->ring, .possessed = true };
	struct kr_key_ref out;
	int complaints = 0, ret;
	size_t len = 1;

	while (!kthread_should_stop()) {
		struct kr_prep prep = { .desc = "k", .data = kr_payload_alloc(len) };

		if (!prep.data)
			continue;
		memset(prep.data->data, 'x', len);
		ret = kr_ring_add_key(&ref, rush->type, &prep, rush->actor, &out);
		kr_payload_put_now(prep.data);
		complaints += !!ret;
		if (!ret) {
			atomic_inc(&rush->added);
			kr_key_put(out.key);
		}
		len = len % 50 + 1;
		cond_resched();
	}
	return complaints;
}

/* Many add the same key at once, and now and then it is unlinked: one key, one price. */
static void added_by_many_at_once(struct kunit *test)
{
	struct rush rush = { .ring = kt_ring(test, "ring"), .type = kt_type(test, "user"),
			     .actor = kt_actor(test, KT_UID, KT_GID) };
	unsigned int i;

	kt_crew_start(test, 4, add_same, &rush);
	for (i = 0; i < 40; i++) {
		schedule_timeout_uninterruptible(HZ / 50);
		KUNIT_EXPECT_LE(test, links_of(rush.ring), 1u);
		kr_ring_clear(rush.ring);
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&rush.added), 40);
	KUNIT_EXPECT_LE(test, links_of(rush.ring), 1u);
	kr_ring_clear(rush.ring);
	KT_EXPECT_DEBT(test, KT_UID, 1, 5);
	KUNIT_EXPECT_EQ(test, kt_debt(KT_UID).nikeys, 1);
}

static struct kunit_case create_cases[] = {
	KUNIT_CASE_PARAM(new_key_is_its_makers, perm_gen_params),
	KUNIT_CASE(adding_again_updates),
	KUNIT_CASE(adding_looks_into_one_ring),
	KUNIT_CASE(type_without_update_displaces),
	KUNIT_CASE(ring_displaces_ring_with_its_contents),
	KUNIT_CASE_PARAM(adding_to_one_in_any_state, found_gen_params),
	KUNIT_CASE(adding_needs_write),
	KUNIT_CASE(adding_without_possession),
	KUNIT_CASE(adding_what_cannot_be),
	KUNIT_CASE(adding_up_to_the_quota),
	KUNIT_CASE(failed_add_displaces_nothing),
	KUNIT_CASE(every_error_of_the_type_is_told),
	KUNIT_CASE(type_may_name_the_key),
	KUNIT_CASE(type_may_limit_the_life_of_the_key),
	KUNIT_CASE(type_may_limit_the_life_of_a_key_that_was_announced),
	KUNIT_CASE(type_may_look_at_the_payload_last),
	KUNIT_CASE(update_needs_write),
	KUNIT_CASE(update_of_what_has_none),
	KUNIT_CASE(update_that_fails_changes_nothing),
	KUNIT_CASE(added_by_many_at_once),
	{}
};

static struct kunit_suite create_suite = {
	.name		= "kr_keyring_create",
	.suite_init	= create_suite_init,
	.suite_exit	= create_suite_exit,
	.init		= create_init,
	.exit		= kt_case_exit,
	.test_cases	= create_cases,
};

kunit_test_suite(create_suite);
