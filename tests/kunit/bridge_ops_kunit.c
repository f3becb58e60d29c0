// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of what rooms key and keyring offer to room bridge: types found
 * elsewhere, comparisons and restrictions that are a type's own, and being told
 * of changes. A made-up type stands for those of the kernel.
 */
#include "kunit_helpers.h"

#include <keyrings/types.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/string.h>

/* Descriptions that begin alike are the same to it. */
struct prefix_match {
	struct kr_match match;
	const char *prefix;
};

static struct prefix_match current_match;
static int begun, ended;

static bool prefix_cmp(const struct kr_match *match, const struct kr_key *key)
{
	const struct prefix_match *prefix = container_of_const(match, struct prefix_match, match);

	return str_has_prefix(key->desc, prefix->prefix);
}

/* A search that waits at the first key until it was displaced, in its RCU section. */
struct beside {
	struct kr_match match;
	struct kr_key *ring, *found;
	const struct cred *actor;
	bool looks, displaced;
};

static struct beside beside;

static bool cmp_when_displaced(const struct kr_match *match, const struct kr_key *key)
{
	unsigned long end = jiffies + 10 * HZ;

	smp_store_release(&beside.looks, true);
	while (!smp_load_acquire(&beside.displaced) && time_before(jiffies, end))
		cpu_relax();
	return true;
}

static struct kr_match *prefix_begin(const struct kr_key_type *type, const char *desc)
{
	if (!strcmp(desc, "bad"))
		return ERR_PTR(-EBADMSG);
	if (!strcmp(desc, "slow")) {
		beside.match.cmp = cmp_when_displaced;
		return &beside.match;
	}
	if (strncmp(desc, "any:", 4))
		return NULL;
	begun++;
	current_match.match.cmp = prefix_cmp;
	current_match.prefix = desc + 4;
	return &current_match.match;
}

static void prefix_end(struct kr_match *match)
{
	ended++;
}

static int take_payload(struct kr_key *key, struct kr_prep *prep)
{
	return 0;
}

static struct kr_key_type made_up = {
	.name		= "made-up",
	.instantiate	= take_payload,
	.match_begin	= prefix_begin,
	.match_end	= prefix_end,
};

static struct kr_key *made_up_in(struct kunit *test, struct kr_key *ring, const char *desc)
{
	struct kr_prep prep = {};
	struct kr_key *key;

	key = kt_hold(test, kr_key_alloc(&made_up, desc, kt_uid(KT_UID), kt_gid(KT_GID), KT_PERM, 0));
	KUNIT_ASSERT_EQ(test, kr_key_instantiate(key, &prep), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, key), 0);
	return key;
}

static int search(struct kunit *test, struct kr_key *ring, const char *desc, struct kr_key **key)
{
	struct kr_search wanted;
	int ret;

	kr_search_init(&wanted, &made_up, desc, kt_actor(test, KT_UID, KT_GID), KR_SEARCH_RECURSE);
	wanted.possessed = true;
	*key = NULL;
	ret = kr_search_begin(&wanted);
	if (ret)
		return ret;
	ret = kr_ring_search(ring, &wanted);
	kr_search_end(&wanted);
	if (!ret) {
		*key = wanted.found;
		kr_key_put(wanted.found);
	}
	return ret;
}

static void type_compares_its_own_way(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *inner = kt_ring(test, "inner");
	struct kr_key *one, *two, *found;

	begun = 0;
	ended = 0;
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, inner), 0);
	one = made_up_in(test, ring, "one");
	two = made_up_in(test, inner, "two");
	kt_add(test, ring, "other", 1);
	KUNIT_EXPECT_EQ(test, search(test, ring, "any:o", &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, one);
	KUNIT_EXPECT_EQ(test, search(test, ring, "any:t", &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, two);
	KUNIT_EXPECT_EQ(test, search(test, ring, "any:x", &found), -EAGAIN);
	KUNIT_EXPECT_EQ(test, search(test, ring, "two", &found), 0);
	KUNIT_EXPECT_PTR_EQ(test, found, two);
	KUNIT_EXPECT_EQ(test, search(test, ring, "tw", &found), -EAGAIN);
	KUNIT_EXPECT_EQ(test, search(test, ring, "bad", &found), -EBADMSG);
	KUNIT_EXPECT_EQ(test, begun, 3);
	KUNIT_EXPECT_EQ(test, ended, 3);
}

/* Of several that match, one that is no good does not hide the next. */
static void match_goes_on_after_a_revoked_key(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *found;
	unsigned int i;

	for (i = 0; i < 40; i++) {
		char desc[8];

		snprintf(desc, sizeof(desc), "k%u", i);
		found = made_up_in(test, ring, desc);
		if (i != 20)
			kr_key_revoke(found);
	}
	KUNIT_EXPECT_EQ(test, search(test, ring, "any:k", &found), 0);
	KUNIT_EXPECT_STREQ(test, found->desc, "k20");
	kr_key_revoke(found);
	KUNIT_EXPECT_EQ(test, search(test, ring, "any:k", &found), -EKEYREVOKED);
}

static int search_beside(void *arg)
{
	struct kr_search wanted;
	int ret;

	kr_search_init(&wanted, &made_up, "slow", beside.actor, 0);
	wanted.possessed = true;
	ret = kr_search_begin(&wanted);
	if (ret)
		return ret;
	ret = kr_ring_search(beside.ring, &wanted);
	kr_search_end(&wanted);
	if (!ret)
		beside.found = wanted.found;
	return ret;
}

/* There was one that matches all the time: who looks meanwhile finds the one or the other. */
static void match_beside_a_displacement(struct kunit *test)
{
	unsigned long end = jiffies + 60 * HZ;
	struct kr_key *new;

	beside = (struct beside) {
		.ring	= kt_ring(test, "ring"),
		.actor	= kt_actor(test, KT_UID, KT_GID),
	};
	kt_drop(test, made_up_in(test, beside.ring, "k"));
	kt_crew_start(test, 1, search_beside, NULL);
	while (!smp_load_acquire(&beside.looks) && time_before(jiffies, end))
		schedule_timeout_idle(1);
	new = made_up_in(test, beside.ring, "k");
	smp_store_release(&beside.displaced, true);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_PTR_EQ(test, beside.found, new);
	kr_key_put(beside.found);
}

static const struct kr_key_type *find_made_up(const char *name)
{
	return strcmp(name, made_up.name) ? NULL : &made_up;
}

static void types_are_found_elsewhere(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, kr_key_type_find("made-up"));
	kr_key_set_type_finder(find_made_up);
	KUNIT_EXPECT_PTR_EQ(test, kr_key_type_find("made-up"), &made_up);
	KUNIT_EXPECT_PTR_EQ(test, kr_key_type_find("user"), kr_key_type_find_own("user"));
	KUNIT_EXPECT_NULL(test, kr_key_type_find_own("made-up"));
	KUNIT_EXPECT_NULL(test, kr_key_type_find("nonesuch"));
	kr_key_set_type_finder(NULL);
	KUNIT_EXPECT_NULL(test, kr_key_type_find("made-up"));
}

static atomic_long_t counted_keys = ATOMIC_LONG_INIT(0);

static struct kr_key_type counted = {
	.name		= "counted",
	.instantiate	= take_payload,
	.keys		= &counted_keys,
};

static struct kr_key *counted_key(const char *desc)
{
	return kr_key_alloc(&counted, desc, kt_uid(KT_UID), kt_gid(KT_GID), KT_PERM, 0);
}

/* Until nobody can look at one any more: a reader under RCU borrows the type, too. */
static void type_counts_its_keys(struct kunit *test)
{
	struct kr_key *first = kt_hold(test, counted_key("first")), *object;

	KUNIT_EXPECT_EQ(test, atomic_long_read(&counted_keys), 1L);
	KUNIT_EXPECT_EQ(test, PTR_ERR(counted_key("")), (long)-EINVAL);
	kr_limit_values.maxkeys = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(counted_key("too much")), (long)-EDQUOT);
	kr_limit_values.maxkeys = 10;
	KUNIT_EXPECT_EQ(test, atomic_long_read(&counted_keys), 1L);

	object = kunit_kzalloc(test, sizeof(*object), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_ASSERT_EQ(test, kr_key_init_object(object, 0, &counted, "taken back", kt_uid(KT_UID),
						 kt_gid(KT_GID), KT_PERM, 0), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&counted_keys), 2L);
	kr_key_abandon(object);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&counted_keys), 1L);

	rcu_read_lock();
	kt_drop(test, first);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&counted_keys), 1L);
	rcu_read_unlock();
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_long_read(&counted_keys), 0L);
}

/* ---- restrictions ---- */

struct gate {
	struct kr_restriction restriction;
	int answer;
	unsigned int asked, dropped;
	const struct kr_key_type *type;
};

static int gate_check(struct kr_restriction *restriction, struct kr_ring *ring,
		      const struct kr_key_type *type, void *payload)
{
	struct gate *gate = container_of(restriction, struct gate, restriction);

	gate->asked++;
	gate->type = type;
	return gate->answer;
}

static void gate_drop(struct kr_restriction *restriction)
{
	struct gate *gate = container_of(restriction, struct gate, restriction);

	gate->dropped++;
	kr_key_put_later(restriction->trust);
}

static struct gate *gate_on(struct kunit *test, struct kr_key *ring, struct kr_key *trust, int ret)
{
	struct gate *gate = kunit_kzalloc(test, sizeof(*gate), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, gate);
	gate->restriction.check = gate_check;
	gate->restriction.drop = gate_drop;
	gate->restriction.trust = trust ? kr_key_get(trust) : NULL;
	KUNIT_EXPECT_EQ(test, kr_ring_restrict(ring, &gate->restriction), ret);
	if (ret)
		gate_drop(&gate->restriction);
	return gate;
}

static unsigned int links_of(struct kr_key *ring)
{
	return kr_ring_of(ring)->count;
}

static void restriction_decides(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *from = kt_ring(test, "from");
	struct kr_key *key = kt_key(test, "k");
	struct gate *gate = gate_on(test, ring, NULL, 0);
	struct kt_debt before = kt_debt(KT_UID);

	KUNIT_ASSERT_EQ(test, kr_ring_link(from, key), 0);
	gate->answer = -EKEYREJECTED;
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), -EKEYREJECTED);
	KUNIT_EXPECT_PTR_EQ(test, gate->type, key->type);
	KUNIT_EXPECT_EQ(test, kr_ring_move(key, from, ring, false), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, kt_add(test, ring, "new", 3), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, gate->asked, 3u);
	KUNIT_EXPECT_EQ(test, links_of(ring), 0u);
	KUNIT_EXPECT_EQ(test, links_of(from), 1u);
	KT_EXPECT_DEBT(test, KT_UID, before.qnkeys, before.qnbytes + KR_LINK_BYTES);

	gate->answer = 0;
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_EXPECT_EQ(test, kt_add(test, ring, "new", 3), 0);
	KUNIT_EXPECT_EQ(test, links_of(ring), 2u);
	/* What is there stays, but linking it again is asked about as the first time was. */
	gate->answer = -EPERM;
	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), -EPERM);
	KUNIT_EXPECT_EQ(test, links_of(ring), 2u);
	gate_on(test, ring, NULL, -EEXIST);
	kt_drop(test, ring);
	KUNIT_EXPECT_EQ(test, gate->dropped, 1u);
}

static void a_key_is_not_restricted(struct kunit *test)
{
	gate_on(test, kt_key(test, "k"), NULL, -ENOTDIR);
}

/* A ring that may have no further link keeps no other by what it trusts. */
static void trust_takes_room_for_a_link(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a"), *b = kt_ring(test, "b");
	struct kt_debt debt = kt_debt(KT_UID);

	kr_limit_values.maxbytes = debt.qnbytes + KR_LINK_BYTES - 1;
	gate_on(test, a, b, -EDQUOT);
	KUNIT_EXPECT_EQ(test, refcount_read(&b->usage), 1u);
	gate_on(test, b, NULL, 0);
	kr_limit_values.maxbytes++;
	gate_on(test, a, b, 0);
	KT_EXPECT_DEBT(test, KT_UID, debt.qnkeys, debt.qnbytes);
}

static void fix_cycles_of_restrictions_trust_goes_in_none(struct kunit *test)
{
	struct kr_key *a = kt_ring(test, "a"), *b = kt_ring(test, "b"), *c = kt_ring(test, "c");

	gate_on(test, a, a, -EDEADLK);
	gate_on(test, a, b, 0);
	gate_on(test, b, a, -EDEADLK);
	gate_on(test, b, c, 0);
	gate_on(test, c, a, -EDEADLK);
	gate_on(test, c, b, -EDEADLK);
	gate_on(test, a, c, -EEXIST);
	gate_on(test, c, kt_key(test, "k"), 0);
	/* The last reference on each but a is in a restriction. */
	kt_drop(test, c);
	kt_drop(test, b);
	KUNIT_EXPECT_EQ(test, kr_key_count(), 4u);
	kt_drop(test, a);
	kt_settle();
	KUNIT_EXPECT_EQ(test, kr_key_count(), 1u);
}

/*
 * A ring that is being added to another has a serial number already. While the
 * restriction decides, somebody guesses it:
 *
 *	adder					other
 *	-----					-----
 *	lock "outer", make "inner"
 *	does the restriction admit it?
 *						link "outer" into "inner", or a ring
 *						with "outer" into "inner"
 *	it does: link "inner" into "outer"?
 */
struct guess {
	struct kr_restriction restriction;
	struct completion made, linked;
	struct kr_key *outer, *between;
	int ret;
};

static int wait_for_guess(struct kr_restriction *restriction, struct kr_ring *ring,
			  const struct kr_key_type *type, void *payload)
{
	struct guess *guess = container_of(restriction, struct guess, restriction);

	complete(&guess->made);
	wait_for_completion(&guess->linked);
	return 0;
}

/* It is asked when the new ring is there. */
static bool sees_payload(struct kr_restriction *restriction, const struct kr_key_type *type)
{
	return true;
}

static bool find_inner(struct kr_key *key, void *arg)
{
	struct kr_key **inner = arg;

	if (strcmp(key->desc, "inner") || !kr_key_tryget(key))
		return true;
	*inner = key;
	return false;
}

static int guess_serial(void *arg)
{
	struct guess *guess = arg;
	struct kr_key *inner = NULL;

	wait_for_completion(&guess->made);
	kr_key_walk(find_inner, &inner);
	if (inner) {
		guess->ret = kr_ring_link(inner, guess->between ?: guess->outer);
		kr_key_put(inner);
	}
	complete(&guess->linked);
	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return 0;
}

static const bool roundabout[] = { false, true };

static void describe_roundabout(const bool *param, char *desc)
{
	strscpy(desc, *param ? "through_another" : "directly", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(roundabout, roundabout, describe_roundabout);

/* The restriction is asked when the new ring is there, as for types that look at it late. */
static int add_ring(struct kunit *test, struct kr_key *ring, const char *name)
{
	const struct kr_key_ref ref = { .key = ring, .possessed = true };
	struct kr_prep prep = { .desc = name, .deferred = true };
	struct kr_key_ref out;
	int ret;

	ret = kr_ring_add_key(&ref, kr_key_ring_type, &prep, kt_actor(test, KT_UID, KT_GID), &out);
	if (!ret)
		kr_key_put(out.key);
	return ret;
}

static void new_ring_closes_no_cycle(struct kunit *test)
{
	struct guess guess = {
		.restriction = { .check = wait_for_guess, .sees_payload = sees_payload },
		.outer = kt_ring(test, "outer"),
		.ret = -ENOKEY,
	};
	struct kt_debt before;

	init_completion(&guess.made);
	init_completion(&guess.linked);
	if (*(const bool *)test->param_value) {
		guess.between = kt_ring(test, "between");
		KUNIT_ASSERT_EQ(test, kr_ring_link(guess.between, guess.outer), 0);
	}
	KUNIT_ASSERT_EQ(test, kr_ring_restrict(guess.outer, &guess.restriction), 0);
	before = kt_debt(KT_UID);
	kt_crew_start(test, 1, guess_serial, &guess);
	KUNIT_EXPECT_EQ(test, add_ring(test, guess.outer, "inner"), -EDEADLK);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_EQ(test, guess.ret, 0);
	/* The new ring has gone, and its link with it. */
	kt_settle();
	KUNIT_EXPECT_EQ(test, links_of(guess.outer), 0u);
	KUNIT_EXPECT_EQ(test, kr_key_count(), guess.between ? 2u : 1u);
	KT_EXPECT_DEBT(test, KT_UID, before.qnkeys, before.qnbytes);
	/* The restriction is on this stack. */
	if (guess.between)
		kt_drop(test, guess.between);
	kt_drop(test, guess.outer);
}

/* ---- being told ---- */

static unsigned int syncs, ends;

static void count_sync(struct kr_key *key)
{
	syncs++;
}

static void count_end(struct kr_key *key)
{
	ends++;
}

static const struct kr_mirror_ops count_ops = {
	.sync	= count_sync,
	.end	= count_end,
};

static void changes_are_told(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring"), *key;

	kr_key_set_mirror(&count_ops);
	syncs = 0;
	ends = 0;
	KUNIT_ASSERT_EQ(test, kt_add(test, ring, "quiet", 3), 0);
	KUNIT_ASSERT_EQ(test, kt_add(test, ring, "quiet", 4), 0);
	KUNIT_ASSERT_EQ(test, kt_add(test, ring, "k", 3), 0);
	KUNIT_EXPECT_EQ(test, syncs, 0u);

	key = kr_ring_find_linked(ring, kt_type(test, "user"), "k");
	KUNIT_ASSERT_NOT_NULL(test, key);
	set_bit(KR_KEY_MIRRORED, &key->flags);
	KUNIT_ASSERT_EQ(test, kt_add(test, ring, "k", 5), 0);
	KUNIT_EXPECT_EQ(test, syncs, 1u);
	KUNIT_EXPECT_EQ(test, kr_key_set_expiry(key, kr_now() + 100), 0);
	KUNIT_EXPECT_EQ(test, syncs, 2u);
	kr_key_revoke(key);
	KUNIT_EXPECT_EQ(test, syncs, 3u);
	kr_ring_invalidate(key);
	KUNIT_EXPECT_EQ(test, syncs, 4u);
	KUNIT_EXPECT_EQ(test, ends, 0u);
	kr_key_put(key);
	KUNIT_EXPECT_EQ(test, ends, 1u);
	kt_drop(test, ring);
	KUNIT_EXPECT_EQ(test, ends, 1u);
	kr_key_set_mirror(NULL);
}

static void user_payloads_are_handed_out(struct kunit *test)
{
	struct kr_key *key = kt_key_of(test, KT_UID, "k", 7);
	struct kr_payload *payload = kr_user_payload_get(key);

	KUNIT_ASSERT_NOT_NULL(test, payload);
	KUNIT_EXPECT_EQ(test, payload->len, 7u);
	KUNIT_EXPECT_EQ(test, refcount_read(&payload->usage), 2u);
	kr_payload_put(payload);
	KUNIT_EXPECT_NULL(test, kr_user_payload_get(kt_ring(test, "ring")));
	kr_key_revoke(key);
	KUNIT_EXPECT_NULL(test, kr_user_payload_get(key));
}

static struct kunit_case bridge_ops_cases[] = {
	KUNIT_CASE(type_compares_its_own_way),
	KUNIT_CASE(match_goes_on_after_a_revoked_key),
	KUNIT_CASE(match_beside_a_displacement),
	KUNIT_CASE(types_are_found_elsewhere),
	KUNIT_CASE(type_counts_its_keys),
	KUNIT_CASE(restriction_decides),
	KUNIT_CASE(trust_takes_room_for_a_link),
	KUNIT_CASE(a_key_is_not_restricted),
	KUNIT_CASE(fix_cycles_of_restrictions_trust_goes_in_none),
	KUNIT_CASE_PARAM(new_ring_closes_no_cycle, roundabout_gen_params),
	KUNIT_CASE(changes_are_told),
	KUNIT_CASE(user_payloads_are_handed_out),
	{}
};

static struct kunit_suite bridge_ops_suite = {
	.name		= "kr_bridge_ops",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= bridge_ops_cases,
};

kunit_test_suite(bridge_ops_suite);
