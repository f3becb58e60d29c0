// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links that are made while what they join ends: rings that a key is in, and that
 * come and go; a ring that is revoked; rings that are to trust each other.
 *
 *	worker 0 --+ @s---> "_ses" ---> what the round is about
 *	worker 1 --+
 *	worker 2 --+ @p---> rings and keys of its own
 *	worker 3 --+
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "races.h"

enum { WORKERS = 4, RINGS = 6, KEPT = 3 };

struct scene {
	struct meeting meeting;
	uid_t uid;
	int key;
	int ring[WORKERS];
	long ret[WORKERS];
};

FIXTURE(links)
{
	struct race *race;
	struct scene *scene;
};

FIXTURE_SETUP(links)
{
	stage_open();
	self->race = shared(sizeof(*self->race));
	self->scene = shared(sizeof(*self->scene));
	self->scene->uid = fresh_uid();
	ASSERT_EQ(0, races_lift_quota());
	ASSERT_EQ(0, meeting_prepare(&self->scene->meeting, WORKERS));
	ASSERT_LT(0, kc_join(NULL));
}

FIXTURE_TEARDOWN(links)
{
	races_restore_quota();
	stage_close();
}

static struct scene *scene_of(long arg)
{
	struct scene *scene = (struct scene *)arg;

	if (become(scene->uid, 0, 0) || kc_id(RING_P, 1) < 0)
		_exit(1);
	return scene;
}

#define RUN(self, fn) do {						\
	race_run((self)->race, race_seconds(), WORKERS, fn,		\
		 (long)(self)->scene);					\
	EXPECT_NO_FAILURES((self)->race);				\
	/* all that was made has gone, and is not charged any more */	\
	EXPECT_EQ(0, kc_clear(RING_S));					\
	EXPECT_FORGOTTEN((self)->scene->uid);				\
} while (0)

/* ---- a key in more and fewer rings, which end meanwhile ---- */

/* The last KEPT of the rings stay */
static void link_and_drop(struct race *race, const struct scene *scene, int ring[RINGS],
			  unsigned int *seed)
{
	char name[16];
	int i;

	for (i = 0; i < RINGS; i++) {
		sprintf(name, "r%d", i);
		ring[i] = kc_add_ring(name, RING_P);
		race_expect(race, ring[i] > 0, "ring: %d", ring[i]);
		race_expect(race, !kc_link(scene->key, ring[i]), "link");
		if (i < RINGS - KEPT) {
			jitter(seed);
			race_expect(race, race_holds(ring[i], scene->key), "a link is lost");
			race_expect(race, !kc_unlink(ring[i], RING_P), "unlink");
		}
	}
}

/* Each ring that is there holds the key, and the key is held by them and by no other */
static void count_holders(struct race *race, const struct scene *scene)
{
	struct key_row row = { 0 };

	race_expect(race, EVENTUALLY(key_row(NULL, scene->key, &row) &&
				     row.usage == 1 + WORKERS * KEPT),
		    "%d references", row.usage);
}

/* Until the key is seen to have ended, which takes no such time */
static void link_until_it_ends(struct race *race, const struct scene *scene, int ring[RINGS],
			       unsigned int *seed)
{
	long ret = 0, until = now_ms() + 20000;
	int i;

	for (i = 0; !ret && now_ms() < until; i = (i + 1) % RINGS) {
		ret = i % 2 ? kc_unlink(scene->key, ring[i]) : kc_link(scene->key, ring[i]);
		if (ret == -ENOENT)
			ret = 0;
		jitter(seed);
	}
	/* EACCES: what has left the rings is not possessed */
	race_expect(race, ret == -ENOKEY || ret == -EACCES, "link: %ld", ret);
}

static void expect_unlinked(struct race *race, const struct scene *scene, const int ring[RINGS])
{
	int i;

	for (i = RINGS - KEPT; i < RINGS; i++)
		race_expect(race, EVENTUALLY(!kc_read(ring[i], NULL, 0)),
			    "a link is left of a key that was invalidated");
	race_expect(race, key_goes(scene->key), "the key stays");
}

static void hold_and_let_go(struct race *race, int worker, long arg)
{
	struct scene *scene = scene_of(arg);
	unsigned int seed = worker + 1;
	int ring[RINGS], i;

	while (meet_again(&scene->meeting, race, worker)) {
		if (!worker)
			scene->key = kc_add_user("k", "v", RING_S);
		meet(&scene->meeting);
		link_and_drop(race, scene, ring, &seed);
		for (i = RINGS - KEPT; i < RINGS; i++)
			race_expect(race, race_holds(ring[i], scene->key), "a link is lost");
		meet(&scene->meeting);
		if (!worker)
			count_holders(race, scene);
		meet(&scene->meeting);
		for (i = 0; i < RINGS - KEPT; i++)
			ring[i] = ring[RINGS - 1 - i];
		if (!worker) {
			jitter(&seed);
			race_expect(race, !kc_invalidate(scene->key), "invalidate");
		} else {
			link_until_it_ends(race, scene, ring, &seed);
		}
		expect_unlinked(race, scene, ring);
		race_expect(race, !kc_clear(RING_P), "clear");
	}
}

TEST_F_TIMEOUT(links, key_in_rings_that_end, 120)
{
	RUN(self, hold_and_let_go);
}

/* ---- a ring that is revoked while it is linked to ---- */

/* Keys that are in the ring alone, and such as are in @p, too */
static void link_until_revoked(struct race *race, int ring, int worker, unsigned int *seed)
{
	long key[4] = { 0 }, ret = 0, until = now_ms() + 20000;
	char desc[16];
	int n;

	for (n = 0; !ret && now_ms() < until; n++) {
		sprintf(desc, "k%d.%d", worker, n % 4);
		key[n % 4] = kc_add_user(desc, "v", RING_P);
		race_expect(race, key[n % 4] > 0, "add: %ld", key[n % 4]);
		ret = n % 2 ? kc_link(key[n % 4], ring) : kc_move(key[n % 4], RING_P, ring, 0);
		jitter(seed);
	}
	race_expect(race, ret == -EKEYREVOKED, "link: %ld", ret);
	ret = kc_add_user("last", "v", ring);
	race_expect(race, ret == -EKEYREVOKED, "add: %ld", ret);
	race_expect(race, !kc_clear(RING_P), "clear");
	/* the ring is still there, and holds none of them */
	for (n = 0; n < 4; n++)
		race_expect(race, !key[n] || key_goes(key[n]), "a key stays in a revoked ring");
}

static void link_or_revoke(struct race *race, int worker, long arg)
{
	struct scene *scene = scene_of(arg);
	unsigned int seed = worker + 1;
	struct key_row row = { 0 };

	while (meet_again(&scene->meeting, race, worker)) {
		if (!worker)
			scene->ring[0] = kc_add_ring("revoked", RING_S);
		meet(&scene->meeting);
		if (worker) {
			link_until_revoked(race, scene->ring[0], worker, &seed);
		} else {
			jitter(&seed);
			race_expect(race, !kc_revoke(scene->ring[0]), "revoke");
		}
		meet(&scene->meeting);
		if (worker)
			continue;
		race_expect(race, kc_read(scene->ring[0], NULL, 0) == -EKEYREVOKED, "read");
		race_expect(race, key_row(NULL, scene->ring[0], &row) && row.usage == 1 &&
			    !strcmp(row.desc, "revoked: empty"), "row: %s", row.line);
		race_expect(race, !kc_unlink(scene->ring[0], RING_S), "unlink");
	}
}

TEST_F_TIMEOUT(links, revoked_ring_stays_empty, 120)
{
	RUN(self, link_or_revoke);
}

/* ---- rings that are restricted by each other ---- */

static long restrict_by(int ring, int trusted)
{
	char text[40];

	sprintf(text, "key_or_keyring:%d", trusted);
	return kc_restrict(ring, "asymmetric", text);
}

/* All but one of a circle, and that one can still be written to */
static void compare_restricted(struct race *race, const struct scene *scene, int members)
{
	int i, set = 0;
	long ret;

	for (i = 0; i < members; i++) {
		set += !scene->ret[i];
		race_expect(race, !scene->ret[i] || scene->ret[i] == -EDEADLK, "restrict: %ld",
			    scene->ret[i]);
		ret = kc_add_user("k", "v", scene->ring[i]);
		race_expect(race, (ret > 0) == !!scene->ret[i], "restrict: %ld, add: %ld",
			    scene->ret[i], ret);
	}
	race_expect(race, set == members - 1, "%d of %d were restricted", set, members);
}

/* Others read restrictions at the same time, and each knows which ring it has named */
static void restrict_own_pair(struct race *race)
{
	int a = kc_add_ring("a", RING_P), b = kc_add_ring("b", RING_P);
	long ret = restrict_by(a, b);

	race_expect(race, !ret, "own pair: %ld", ret);
	ret = restrict_by(b, a);
	race_expect(race, ret == -EDEADLK, "own circle: %ld", ret);
	ret = restrict_by(a, b);
	race_expect(race, ret == -EEXIST, "once more: %ld", ret);
	race_expect(race, !kc_clear(RING_P), "clear");
}

static void restrict_in_a_circle(struct race *race, int worker, long arg)
{
	struct scene *scene = scene_of(arg);
	unsigned int seed = worker + 1, round = 0;
	char name[16];

	sprintf(name, "ring %d", worker);
	while (meet_again(&scene->meeting, race, worker)) {
		int members = 2 + round++ % (WORKERS - 1);

		scene->ring[worker] = kc_add_ring(name, RING_S);
		meet(&scene->meeting);
		jitter(&seed);
		if (worker < members)
			scene->ret[worker] = restrict_by(scene->ring[worker],
							 scene->ring[(worker + 1) % members]);
		else
			restrict_own_pair(race);
		meet(&scene->meeting);
		if (!worker)
			compare_restricted(race, scene, members);
		meet(&scene->meeting);
		kc_unlink(scene->ring[worker], RING_S);
	}
}

TEST_F_TIMEOUT(links, no_circle_of_restrictions, 120)
{
	if (kc_restrict(RING_S, "asymmetric", "?") != -EINVAL)
		SKIP(return, "no asymmetric keys");
	RUN(self, restrict_in_a_circle);
}

SELFTEST_MAIN
