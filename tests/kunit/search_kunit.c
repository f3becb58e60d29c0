// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room keyring: searching a tree of rings (keyrings(7), "Searching for
 * keys").
 */
#include "kunit_helpers.h"
#include "kunit_tree.h"

#include <linux/kthread.h>

static struct kr_key *search(struct kunit *test, struct kr_key *ring, const char *desc, int *error)
{
	const struct cred *actor = kt_actor(test, KT_UID, KT_GID);

	return search_as(test, ring, desc, KR_SEARCH_RECURSE, actor, error);
}

static void finds_what_the_ring_holds(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = key_in(test, ring, "k");
	int error;

	key_in(test, ring, "other");
	KUNIT_EXPECT_PTR_EQ(test, search(test, ring, "k", &error), key);
	KUNIT_EXPECT_EQ(test, refcount_read(&key->usage), 2u);
	KUNIT_EXPECT_NULL(test, search(test, ring, "K", &error));
	KUNIT_EXPECT_EQ(test, error, -EAGAIN);
	KUNIT_EXPECT_NULL(test, search(test, kt_ring(test, "empty"), "k", &error));
	KUNIT_EXPECT_EQ(test, error, -EAGAIN);
}

static void finds_the_type_it_is_asked_for(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = key_in(test, ring, "a:b"), *logon;
	struct kr_search search;

	logon = kt_hold(test, kr_key_alloc(kt_type(test, "logon"), "a:b", kt_uid(KT_UID),
					   kt_gid(KT_GID), KT_PERM, KR_ALLOC_IN_QUOTA));
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, logon), 0);
	kr_search_init(&search, logon->type, "a:b", kt_actor(test, KT_UID, KT_GID), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_search(ring, &search), 0);
	KUNIT_EXPECT_PTR_EQ(test, search.found, logon);
	kr_key_put(search.found);

	kr_search_init(&search, key->type, "a:b", kt_actor(test, KT_UID, KT_GID), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_search(ring, &search), 0);
	KUNIT_EXPECT_PTR_EQ(test, search.found, key);
	kr_key_put(search.found);
}

static void ring_is_searched_before_those_in_it(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *inner = ring_in(test, ring, "inner");
	struct kr_key *below = key_in(test, inner, "k"), *direct;
	int error;

	KUNIT_EXPECT_PTR_EQ(test, search(test, ring, "k", &error), below);
	direct = key_in(test, ring, "k");
	KUNIT_EXPECT_PTR_EQ(test, search(test, ring, "k", &error), direct);
	/* Also when what is nested was linked later. */
	key_in(test, ring_in(test, ring, "later"), "k");
	KUNIT_EXPECT_PTR_EQ(test, search(test, ring, "k", &error), direct);
}

static void only_one_level_unless_told(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *inner = ring_in(test, ring, "inner");
	const struct cred *actor = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *key = key_in(test, inner, "k");
	int error;

	KUNIT_EXPECT_NULL(test, search_as(test, ring, "k", 0, actor, &error));
	KUNIT_EXPECT_EQ(test, error, -EAGAIN);
	KUNIT_EXPECT_PTR_EQ(test, search_as(test, inner, "k", 0, actor, &error), key);
}

static void ring_itself_may_be_what_is_looked_for(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *inner = ring_in(test, ring, "inner");
	struct kr_search search;

	kr_search_init(&search, ring->type, "ring", kt_actor(test, KT_UID, KT_GID), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_search(ring, &search), 0);
	KUNIT_EXPECT_PTR_EQ(test, search.found, ring);
	kr_key_put(search.found);
	kr_search_init(&search, ring->type, "inner", kt_actor(test, KT_UID, KT_GID), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_search(ring, &search), 0);
	KUNIT_EXPECT_PTR_EQ(test, search.found, inner);
	kr_key_put(search.found);
	kr_key_revoke(ring);
	kr_search_init(&search, ring->type, "ring", kt_actor(test, KT_UID, KT_GID), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_search(ring, &search), -EKEYREVOKED);
}

static void searches_six_levels_down(struct kunit *test)
{
	unsigned int level = *(const unsigned int *)test->param_value, i;
	struct kr_key *ring = kt_ring(test, "ring"), *below = ring, *key;
	int error;

	for (i = 0; i < level; i++)
		below = ring_in(test, below, "inner");
	key = key_in(test, below, "k");
	KUNIT_EXPECT_PTR_EQ(test, search(test, ring, "k", &error), level <= 6 ? key : NULL);
	KUNIT_EXPECT_EQ(test, error, level <= 6 ? 0 : -EAGAIN);
}

/*
 * One key that would match but is not fit: what each set of flags makes of it.
 * With a fit key one level below, that one is found instead.
 */
enum ill {
	FIT, UNBORN, NEGATIVE, EXPIRED, REVOKED, INVALIDATED, FORBIDDEN, REVOKED_FORBIDDEN, NILLS
};

#define NONE	INT_MAX	/* it is found */

struct ill_case {
	const char *name;
	enum ill ill;
	int plain;		/* result without flags */
	int skip_expired;	/* with KR_SEARCH_SKIP_EXPIRED */
	int no_state;		/* with KR_SEARCH_NO_STATE */
};

static const struct ill_case ill_cases[] = {
	{ "fit",		FIT,			NONE,		NONE,		NONE },
	{ "uninstantiated",	UNBORN,			NONE,		NONE,		NONE },
	{ "negative",		NEGATIVE,		-EKEYREJECTED,	-EKEYREJECTED,	NONE },
	{ "expired",		EXPIRED,		-EKEYEXPIRED,	-EAGAIN,	NONE },
	{ "revoked",		REVOKED,		-EKEYREVOKED,	-EKEYREVOKED,	NONE },
	{ "invalidated",	INVALIDATED,		-EAGAIN,	-EAGAIN,	NONE },
	{ "forbidden",		FORBIDDEN,		-EACCES,	-EACCES,	-EACCES },
	{ "revoked_forbidden",	REVOKED_FORBIDDEN,	-EKEYREVOKED,	-EKEYREVOKED,	-EACCES },
};

static_assert(ARRAY_SIZE(ill_cases) == NILLS);

static void describe_ill(const struct ill_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ill, ill_cases, describe_ill);

static struct kr_key *ill_key_in(struct kunit *test, struct kr_key *ring, enum ill ill)
{
	struct kr_key *key = kt_hold(test, kr_key_alloc(kt_type(test, "user"), "k", kt_uid(KT_UID),
							kt_gid(KT_GID), KT_PERM, 0));

	if (ill != UNBORN)
		KUNIT_ASSERT_EQ(test, kt_instantiate(test, key, 1), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	if (ill == NEGATIVE)
		kr_key_set_state(key, -EKEYREJECTED);
	if (ill == EXPIRED)
		KUNIT_ASSERT_EQ(test, kr_key_set_expiry(key, kr_now() - 1), 0);
	if (ill == REVOKED || ill == REVOKED_FORBIDDEN)
		kr_key_revoke(key);
	if (ill == INVALIDATED)	/* and still linked: caught in the middle */
		set_bit(KR_KEY_INVALIDATED, &key->flags);
	if (ill == FORBIDDEN || ill == REVOKED_FORBIDDEN)
		key->perm = KR_PERM_VALID & ~(KR_SEARCH * 0x01010101u);
	return key;
}

static void expect_search(struct kunit *test, struct kr_key *ring, unsigned int flags,
			  struct kr_key *key, int want)
{
	const struct cred *actor = kt_actor(test, KT_UID, KT_GID);
	struct kr_key *found;
	int error;

	found = search_as(test, ring, "k", flags | KR_SEARCH_RECURSE, actor, &error);
	KUNIT_EXPECT_PTR_EQ(test, found, want == NONE ? key : NULL);
	KUNIT_EXPECT_EQ(test, error, want == NONE ? 0 : want);
}

static void unfit_key_alone(struct kunit *test)
{
	const struct ill_case *c = test->param_value;
	struct kr_key *ring = kt_ring(test, "ring"), *key = ill_key_in(test, ring, c->ill);

	expect_search(test, ring, 0, key, c->plain);
	expect_search(test, ring, KR_SEARCH_SKIP_EXPIRED, key, c->skip_expired);
	expect_search(test, ring, KR_SEARCH_NO_STATE, key, c->no_state);
	expect_search(test, ring, KR_SEARCH_NO_STATE | KR_SEARCH_SKIP_EXPIRED, key, c->no_state);
}

static void unfit_key_hides_no_fit_one(struct kunit *test)
{
	const struct ill_case *c = test->param_value;
	struct kr_key *ring = kt_ring(test, "ring"), *key = ill_key_in(test, ring, c->ill), *fit;

	fit = key_in(test, ring_in(test, ring, "inner"), "k");
	expect_search(test, ring, 0, c->plain == NONE ? key : fit, NONE);
	expect_search(test, ring, KR_SEARCH_SKIP_EXPIRED, c->skip_expired == NONE ? key : fit,
		      NONE);
	expect_search(test, ring, KR_SEARCH_NO_STATE, c->no_state == NONE ? key : fit, NONE);
}

/* An error from above is not forgotten when there is nothing below. */
static void error_survives_empty_rings(struct kunit *test)
{
	const struct ill_case *c = test->param_value;
	struct kr_key *ring = kt_ring(test, "ring"), *key = ill_key_in(test, ring, c->ill);

	ring_in(test, ring_in(test, ring, "inner"), "innermost");
	expect_search(test, ring, 0, key, c->plain);
	expect_search(test, ring, KR_SEARCH_SKIP_EXPIRED, key, c->skip_expired);
}

static void error_is_that_of_the_last_match(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *inner = ring_in(test, ring, "inner");
	int error;

	ill_key_in(test, ring, REVOKED);
	ill_key_in(test, inner, EXPIRED);
	KUNIT_EXPECT_NULL(test, search(test, ring, "k", &error));
	KUNIT_EXPECT_EQ(test, error, -EKEYEXPIRED);
	/* What was invalidated says nothing. */
	ill_key_in(test, ring_in(test, inner, "innermost"), INVALIDATED);
	KUNIT_EXPECT_NULL(test, search(test, ring, "k", &error));
	KUNIT_EXPECT_EQ(test, error, -EKEYEXPIRED);
	/* And it does not stay for the next search. */
	KUNIT_EXPECT_NULL(test, search(test, ring, "l", &error));
	KUNIT_EXPECT_EQ(test, error, -EAGAIN);
}

static void start_must_be_searchable(struct kunit *test)
{
	const struct cred *stranger = kt_actor(test, KT_OTHER, KT_OTHER);
	struct kr_key *ring = kt_ring(test, "ring"), *key = key_in(test, ring, "k");
	struct kr_search search;

	key->perm |= KR_OTH(KR_SEARCH);
	kr_search_init(&search, key->type, "k", stranger, 0);
	KUNIT_EXPECT_EQ(test, kr_ring_search(ring, &search), -EACCES);
	/* Possession opens the ring for the possessor, and then the key. */
	search.possessed = true;
	KUNIT_ASSERT_EQ(test, kr_ring_search(ring, &search), 0);
	kr_key_put(search.found);
	ring->perm = KR_PERM_VALID & ~KR_POS(KR_SEARCH) & ~KR_OTH(KR_SEARCH);
	KUNIT_EXPECT_EQ(test, kr_ring_search(ring, &search), -EACCES);
	search.possessed = false;
	ring->perm = KR_OTH(KR_SEARCH);
	KUNIT_ASSERT_EQ(test, kr_ring_search(ring, &search), 0);
	kr_key_put(search.found);
	key->perm = KR_POS(KR_ALL);
	KUNIT_EXPECT_EQ(test, kr_ring_search(ring, &search), -EACCES);
}

/* What bars the way: a ring that may not be searched, or that is no ring any more. */
static void rings_on_the_way_must_be_searchable(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *barred = ring_in(test, ring, "barred");
	struct kr_key *key = key_in(test, ring_in(test, barred, "inner"), "k");
	int error;

	KUNIT_EXPECT_PTR_EQ(test, search(test, ring, "k", &error), key);
	barred->perm = KR_PERM_VALID & ~(KR_SEARCH * 0x01010101u);
	KUNIT_EXPECT_NULL(test, search(test, ring, "k", &error));
	KUNIT_EXPECT_EQ(test, error, -EAGAIN);
	barred->perm = KR_POS(KR_SEARCH);
	KUNIT_EXPECT_PTR_EQ(test, search(test, ring, "k", &error), key);

	/* Expired rings are entered until they are reaped. */
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(barred, kr_now() - 1), 0);
	KUNIT_EXPECT_PTR_EQ(test, search(test, ring, "k", &error), key);
	set_bit(KR_KEY_INVALIDATED, &barred->flags);
	KUNIT_EXPECT_NULL(test, search(test, ring, "k", &error));
	clear_bit(KR_KEY_INVALIDATED, &barred->flags);
	set_bit(KR_KEY_REVOKED, &barred->flags);
	KUNIT_EXPECT_NULL(test, search(test, ring, "k", &error));
	KUNIT_EXPECT_EQ(test, error, -EAGAIN);
	clear_bit(KR_KEY_REVOKED, &barred->flags);
}

static void another_way_leads_around(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *barred = ring_in(test, ring, "barred");
	struct kr_key *inner = ring_in(test, barred, "inner"), *key = key_in(test, inner, "k");
	int error;

	barred->perm = 0;
	KUNIT_EXPECT_NULL(test, search(test, ring, "k", &error));
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring_in(test, ring, "open"), inner), 0);
	KUNIT_EXPECT_PTR_EQ(test, search(test, ring, "k", &error), key);
}

static void exactly_that_key(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = key_in(test, ring, "k");
	struct kr_key *like = kt_key(test, "k");
	struct kr_search search = {
		.exact = like, .possessed = true, .flags = KR_SEARCH_RECURSE,
		.actor = kt_actor(test, KT_UID, KT_GID),
	};

	KUNIT_EXPECT_EQ(test, kr_ring_search(ring, &search), -EAGAIN);
	search.exact = key;
	KUNIT_ASSERT_EQ(test, kr_ring_search(ring, &search), 0);
	KUNIT_EXPECT_PTR_EQ(test, search.found, key);
	kr_key_put(search.found);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring_in(test, ring, "inner"), like), 0);
	search.exact = like;
	KUNIT_ASSERT_EQ(test, kr_ring_search(ring, &search), 0);
	KUNIT_EXPECT_PTR_EQ(test, search.found, like);
	kr_key_put(search.found);
}

struct hunt {
	struct kr_key *ring;
	const struct cred *actor;
	const struct kr_key_type *type;
	atomic_t rounds;
};

/* Two keys are always there, one of them being replaced all the time. */
static int hunt(void *arg)
{
	struct hunt *hunt = arg;
	struct kr_search search;
	int complaints = 0, i;

	while (!kthread_should_stop()) {
		for (i = 0; i < 2; i++) {
			kr_search_init(&search, hunt->type, i ? "stays" : "changes", hunt->actor,
				       KR_SEARCH_RECURSE);
			search.possessed = true;
			if (kr_ring_search(hunt->ring, &search)) {
				complaints++;
				continue;
			}
			complaints += search.found->desc[0] != (i ? 's' : 'c');
			kr_key_put(search.found);
		}
		atomic_inc(&hunt->rounds);
		cond_resched();
	}
	return complaints;
}

#define GUESTS	30

/* Displaces a key by one like it, which never leaves the ring without one. */
static void change_key(struct kunit *test, struct kr_key *ring)
{
	struct kr_key *key = kr_key_alloc(kt_type(test, "user"), "changes", kt_uid(KT_UID),
					  kt_gid(KT_GID), KT_PERM, KR_ALLOC_OVERRUN);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, key);
	KUNIT_EXPECT_EQ(test, kt_instantiate(test, key, 1), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	kr_key_put(key);
}

/* Never a miss while the ring grows and shrinks around its keys. */
static void searched_while_the_ring_changes(struct kunit *test)
{
	struct kr_key *top = kt_ring(test, "top"), *ring = ring_in(test, top, "ring");
	struct hunt prey = { .ring = top, .actor = kt_actor(test, KT_UID, KT_GID),
			     .type = kt_type(test, "user") };
	unsigned long end = jiffies + 2 * KT_STRESS;
	struct kr_key *guests[GUESTS];
	unsigned int i, failed = 0;
	char desc[16];

	for (i = 0; i < GUESTS; i++) {
		snprintf(desc, sizeof(desc), "k%u", i);
		guests[i] = kt_key(test, desc);
	}
	key_in(test, ring, "stays");
	key_in(test, ring, "changes");
	kt_crew_start(test, 2, hunt, &prey);
	while (time_before(jiffies, end)) {
		for (i = 0; i < GUESTS; i++)
			failed += !!kr_ring_link(ring, guests[i]);
		change_key(test, ring);
		for (i = 0; i < GUESTS; i++)
			failed += !!kr_ring_unlink(ring, guests[i]);
		change_key(test, ring);
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_EQ(test, failed, 0u);
	KUNIT_EXPECT_GT(test, atomic_read(&prey.rounds), 0);
}

/* Two that look, at a key which is negative and positive in turns: a result, or its error */
static int hunt_the_turning(void *arg)
{
	struct hunt *hunt = arg;
	struct kr_search search;
	int complaints = 0, ret;

	while (!kthread_should_stop()) {
		kr_search_init(&search, hunt->type, "k", hunt->actor, KR_SEARCH_RECURSE);
		search.possessed = true;
		ret = kr_ring_search(hunt->ring, &search);
		if (!ret)
			kr_key_put(search.found);
		complaints += ret && ret != -ENOKEY;
		atomic_inc(&hunt->rounds);
		cond_resched();
	}
	return complaints;
}

static void searched_while_it_becomes_positive(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key = key_in(test, ring, "k");
	struct hunt prey = { .ring = ring, .actor = kt_actor(test, KT_UID, KT_GID),
			     .type = kt_type(test, "user") };
	unsigned long end = jiffies + 2 * KT_STRESS;

	kt_crew_start(test, 2, hunt_the_turning, &prey);
	while (time_before(jiffies, end)) {
		kr_key_set_state(key, -ENOKEY);
		cond_resched();
		kr_key_set_state(key, KR_POSITIVE);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&prey.rounds), 0);
}

static struct kunit_case search_cases[] = {
	KUNIT_CASE(finds_what_the_ring_holds),
	KUNIT_CASE(finds_the_type_it_is_asked_for),
	KUNIT_CASE(ring_is_searched_before_those_in_it),
	KUNIT_CASE(only_one_level_unless_told),
	KUNIT_CASE(ring_itself_may_be_what_is_looked_for),
	KUNIT_CASE_PARAM(searches_six_levels_down, level_gen_params),
	KUNIT_CASE_PARAM(unfit_key_alone, ill_gen_params),
	KUNIT_CASE_PARAM(unfit_key_hides_no_fit_one, ill_gen_params),
	KUNIT_CASE_PARAM(error_survives_empty_rings, ill_gen_params),
	KUNIT_CASE(error_is_that_of_the_last_match),
	KUNIT_CASE(start_must_be_searchable),
	KUNIT_CASE(rings_on_the_way_must_be_searchable),
	KUNIT_CASE(another_way_leads_around),
	KUNIT_CASE(exactly_that_key),
	KUNIT_CASE(searched_while_the_ring_changes),
	KUNIT_CASE(searched_while_it_becomes_positive),
	{}
};

static struct kunit_suite search_suite = {
	.name		= "kr_keyring_search",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= search_cases,
};

kunit_test_suite(search_suite);
