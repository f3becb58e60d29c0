// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of room keyring: a key that is moved while it is looked for is in one of
 * two rings at any time, and is found.
 */
#include "kunit_rings.h"
#include "kunit_scene.h"

#include <linux/completion.h>
#include <linux/kthread.h>

/* The key is moved from a ring that comes later to the one that is looked at just now. */
static struct {
	struct kr_key *mover_key, *from, *to;
	struct completion looked_at;
	atomic_t claimed;
	bool asked, moved, late;
} set;

static bool cmp_when_moved(const struct kr_match *match, const struct kr_key *key)
{
	unsigned long end = jiffies + 10 * HZ;

	if (!set.asked)
		complete_all(&set.looked_at);
	set.asked = true;
	while (!smp_load_acquire(&set.moved) && time_before(jiffies, end))
		cpu_relax();
	set.late |= !set.moved;
	return key == set.mover_key;
}

static struct kr_match match_when_moved = { .cmp = cmp_when_moved };

static struct kr_match *moved_begin(const struct kr_key_type *type, const char *desc)
{
	return &match_when_moved;
}

static void moved_end(struct kr_match *match)
{
}

static const struct kr_key_type moved_type = {
	.name		= "kt_moved",
	.match_begin	= moved_begin,
	.match_end	= moved_end,
};

static struct kr_key *made_in(struct kunit *test, struct kr_key *ring, const char *desc)
{
	struct kr_key *key = kr_key_alloc(&moved_type, desc, kt_uid(KT_UID), kt_gid(KT_GID),
					  KT_PERM, 0);

	kt_hold(test, key);
	kr_key_set_state(key, KR_POSITIVE);
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	return key;
}

/* One of two, each on a processor of its own: the other one's is that of who looks. */
static int move_once(void *arg)
{
	int ret = 0;

	while (!wait_for_completion_timeout(&set.looked_at, HZ / 10) && !kthread_should_stop())
		continue;
	if (!atomic_xchg(&set.claimed, 1)) {
		ret = kr_ring_move(set.mover_key, set.from, set.to, false);
		smp_store_release(&set.moved, true);
	}
	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return ret;
}

/* It moves when whoever looks comes to the ring @at. */
static void start_mover(struct kunit *test, struct kr_key *from, struct kr_key *to,
			struct kr_key *at)
{
	memset(&set, 0, sizeof(set));
	init_completion(&set.looked_at);
	set.from = from;
	set.to = to;
	set.mover_key = made_in(test, from, "k");
	made_in(test, at, "another");
	kt_crew_start(test, 2, move_once, NULL);
}

static struct kr_key *ring_in(struct kunit *test, struct kr_key *ring, const char *name)
{
	struct kr_key *inner = kt_ring(test, name);

	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, inner), 0);
	return inner;
}

/* The key was found, with a reference, and is where it was moved to. */
static void expect_found(struct kunit *test, struct kr_key *found)
{
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_FALSE(test, set.late);
	KUNIT_EXPECT_PTR_EQ(test, found, set.mover_key);
	KUNIT_EXPECT_TRUE(test, holds(test, set.to, set.mover_key));
	if (found)
		kr_key_put(found);
}

static void search_finds_what_is_moved_meanwhile(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *to = ring_in(test, ring, "first");
	struct kr_key *from = ring_in(test, ring, "second");
	struct kr_search search;

	start_mover(test, from, to, to);
	kr_search_init(&search, &moved_type, "k", kt_actor(test, KT_UID, KT_GID),
		       KR_SEARCH_RECURSE);
	KUNIT_ASSERT_EQ(test, kr_search_begin(&search), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_search(ring, &search), 0);
	kr_search_end(&search);
	expect_found(test, search.found);
}

static void request_finds_what_is_moved_from_anchor_to_anchor(struct kunit *test)
{
	struct kr_key_ref thread;
	struct kr_key *key = NULL;
	struct scene scene;

	enter(test, &scene);
	KUNIT_ASSERT_EQ(test, kr_cred_lookup(KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE, 0, &thread),
			0);
	start_mover(test, scene.session, thread.key, thread.key);
	KUNIT_EXPECT_EQ(test, kr_request_key(&moved_type, "k", NULL, NULL, &key), 0);
	expect_found(test, key);
	kr_key_put(thread.key);
	leave(&scene);
}

/* Its own rings have been looked at, and the requester's session leads to the key's ring last. */
static void helper_finds_what_is_moved_from_the_requesters_to_its_own(struct kunit *test)
{
	struct kr_key *later, *key, *authkey, *found = NULL;
	struct kr_key_ref thread;
	struct scene scene;

	enter(test, &scene);
	later = ring_in(test, scene.session, "later");
	key = announce(test, &scene);
	authkey = authorise(test, key, kt_ring(test, "dest"));
	KUNIT_ASSERT_EQ(test, kr_cred_lookup(KEY_SPEC_THREAD_KEYRING, KR_LOOKUP_CREATE, 0, &thread),
			0);
	start_mover(test, later, thread.key, scene.session);
	KUNIT_ASSERT_GT(test, kr_cred_join_session(NULL), 0L);
	KUNIT_ASSERT_EQ(test, kr_authority_assume(authkey), 0);
	KUNIT_EXPECT_EQ(test, kr_request_key(&moved_type, "k", NULL, NULL, &found), 0);
	expect_found(test, found);
	kr_key_put(thread.key);
	kr_ring_reject_key(key, ENOKEY, 1, NULL);
	leave(&scene);
}

/* A key in many rings of others, which are looked at, and by turns in two of the actor's. */
struct commuter {
	struct kr_key *key, *a, *b;
	atomic_t moves;
};

static int commute(void *arg)
{
	struct commuter *commuter = arg;
	int failures = 0;

	while (!kthread_should_stop()) {
		failures += !!kr_ring_move(commuter->key, commuter->a, commuter->b, false);
		failures += !!kr_ring_move(commuter->key, commuter->b, commuter->a, false);
		atomic_add(2, &commuter->moves);
		cond_resched();
	}
	return failures;
}

static void what_is_moved_stays_possessed(struct kunit *test)
{
	const struct cred *actor = kt_actor(test, KT_UID, KT_GID);
	struct commuter commuter = { .key = kt_key(test, "k") };
	struct kr_anchors anchors = { .actor = actor, .count = 2 };
	unsigned long end, looks = 0, missed = 0;
	unsigned int i;

	for (i = 0; i < 40; i++) {
		struct kr_key *other = kt_ring(test, "other");

		other->perm = 0;
		KUNIT_ASSERT_EQ(test, kr_ring_link(other, commuter.key), 0);
	}
	commuter.a = anchors.ring[0] = kt_ring(test, "a");
	commuter.b = anchors.ring[1] = kt_ring(test, "b");
	KUNIT_ASSERT_EQ(test, kr_ring_link(commuter.a, commuter.key), 0);
	kt_crew_start(test, 1, commute, &commuter);
	end = jiffies + KT_STRESS;
	while (time_before(jiffies, end) || !atomic_read(&commuter.moves)) {
		rcu_read_lock();
		missed += !kr_ring_possesses(&anchors, commuter.key);
		rcu_read_unlock();
		looks++;
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	kunit_info(test, "%lu looks, %d moves", looks, atomic_read(&commuter.moves));
	KUNIT_EXPECT_EQ(test, missed, 0ul);
}

static int moved_init(struct kunit *test)
{
	if (num_online_cpus() < 2)
		kunit_skip(test, "who moves and who looks need a processor each");
	return kt_case_init(test);
}

static struct kunit_case moved_cases[] = {
	KUNIT_CASE(search_finds_what_is_moved_meanwhile),
	KUNIT_CASE(request_finds_what_is_moved_from_anchor_to_anchor),
	KUNIT_CASE(helper_finds_what_is_moved_from_the_requesters_to_its_own),
	KUNIT_CASE(what_is_moved_stays_possessed),
	{}
};

static struct kunit_suite moved_suite = {
	.name		= "kr_keyring_moved",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= moved_init,
	.exit		= kt_case_exit,
	.test_cases	= moved_cases,
};

kunit_test_suite(moved_suite);
