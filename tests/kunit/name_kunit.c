// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room keyring: rings that are found by name, in their namespace and as
 * long as they live.
 */
#include "kunit_helpers.h"

#include <linux/kthread.h>

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

static struct kunit_case name_cases[] = {
	KUNIT_CASE(ring_is_found_by_its_name),
	KUNIT_CASE(name_needs_search_by_class),
	KUNIT_CASE(dead_rings_have_no_name),
	KUNIT_CASE(names_are_those_of_a_namespace),
	KUNIT_CASE(owner_must_be_mapped),
	KUNIT_CASE(name_ends_with_its_namespace),
	KUNIT_CASE(named_while_it_dies),
	{}
};

static struct kunit_suite name_suite = {
	.name		= "kr_keyring_name",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= name_cases,
};

kunit_test_suite(name_suite);
