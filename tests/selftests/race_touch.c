// SPDX-License-Identifier: GPL-2.0-only
/*
 * First touch by many at once: whoever comes first makes the rings of a UID, and
 * all get the same ones.
 *
 *	director ---> process of a fresh UID, new in each round
 *	                +-- thread 0 --+
 *	                +-- ...        +---> @us, @u or @s at the same moment
 *	                +-- thread 7 --+
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "races.h"

enum { TOUCHERS = 8, MAX_ROUNDS = 400 };

struct touch {
	struct meeting start;
	int id, create;
	int32_t us[TOUCHERS], u[TOUCHERS], got[TOUCHERS], p[TOUCHERS];
};

FIXTURE(touch)
{
	struct touch *t;
	struct race *race;
};

FIXTURE_VARIANT(touch)
{
	int id, create;
	bool processes;		/* not threads of one process */
};

FIXTURE_VARIANT_ADD(touch, user_session_by_threads) { .id = RING_US };
FIXTURE_VARIANT_ADD(touch, user_by_processes) {
	.id = RING_U, .processes = true,
};
FIXTURE_VARIANT_ADD(touch, session_by_threads) { .id = RING_S };
FIXTURE_VARIANT_ADD(touch, session_create_by_processes) {
	.id = RING_S, .create = 1, .processes = true,
};

FIXTURE_SETUP(touch)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->race = shared(sizeof(*self->race));
	self->t = shared(sizeof(*self->t));
	self->t->id = variant->id;
	self->t->create = variant->create;
	ASSERT_EQ(0, meeting_prepare(&self->t->start, TOUCHERS));
}

FIXTURE_TEARDOWN(touch)
{
	stage_close();
}

struct toucher {
	struct touch *t;
	int n;
};

static void *touch_first(void *arg)
{
	struct toucher *me = arg;
	struct touch *t = me->t;
	unsigned int seed = me->n * 7919 + getpid();

	meet(&t->start);
	jitter(&seed);
	t->got[me->n] = kc_id(t->id, t->create);
	t->u[me->n] = kc_id(RING_U, 0);
	t->us[me->n] = kc_id(RING_US, 0);
	t->p[me->n] = kc_id(RING_P, 1);
	/* nobody leaves, and so nothing is made anew, before all have looked */
	meet(&t->start);
	return NULL;
}

static void one_round(struct touch *t, uid_t uid, bool processes)
{
	struct toucher me[TOUCHERS];
	pthread_t thread[TOUCHERS];
	int i;

	for (i = 0; i < TOUCHERS; i++) {
		me[i].t = t;
		me[i].n = i;
	}
	if (processes) {
		for (i = 0; i < TOUCHERS; i++) {
			if (fork())
				continue;
			if (become(uid, 0, 0))
				_exit(1);
			touch_first(&me[i]);
			_exit(0);
		}
		while (wait(NULL) > 0)
			;
		return;
	}
	if (become(uid, 0, 0))
		_exit(1);
	for (i = 0; i < TOUCHERS; i++)
		pthread_create(&thread[i], NULL, touch_first, &me[i]);
	for (i = 0; i < TOUCHERS; i++)
		pthread_join(thread[i], NULL);
}

/* Rounds until time is up; returns how many distinct process rings were seen */
static int touch_rounds(struct touch *t, struct race *race, bool processes,
			bool all_gone)
{
	long until = now_ms() + race_seconds() * 1000;
	int i, round, rings = 0;

	for (round = 0; round < MAX_ROUNDS && now_ms() < until; round++) {
		uid_t uid = fresh_uid();
		int status = -1;
		pid_t pid = fork();

		if (!pid) {
			one_round(t, uid, processes);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		race_expect(race, !status, "round %d: status %x", round,
			    status);
		for (i = 0; i < TOUCHERS; i++) {
			race_expect(race, t->u[i] > 0 && t->us[i] > 0 &&
				    t->got[i] > 0, "round %d: %d %d %d", round,
				    t->u[i], t->us[i], t->got[i]);
			race_expect(race, t->u[i] == t->u[0] &&
				    t->us[i] == t->us[0],
				    "round %d: two rings of one UID", round);
			if (t->id == RING_S && !t->create)
				race_expect(race, t->got[i] == t->us[i],
					    "round %d: another session", round);
			rings += i && t->p[i] != t->p[0];
		}
		if (all_gone)
			race_expect(race, key_goes(t->u[0]) &&
				    key_goes(t->us[0]) &&
				    EVENTUALLY(!uid_is_known(uid)),
				    "round %d left something", round);
		race_round(race);
		if (race->failures)
			break;
	}
	return rings;
}

TEST_F_TIMEOUT(touch, cve_2013_1792_all_get_the_same, 120)
{
	touch_rounds(self->t, self->race, variant->processes, false);
	EXPECT_NO_FAILURES(self->race);
}

TEST_F_TIMEOUT(touch, ours_and_nothing_is_left, 120)
{
	touch_rounds(self->t, self->race, variant->processes, true);
	EXPECT_NO_FAILURES(self->race);
}

/* One process ring for all of its threads, however many ask first */
FIXTURE(process_ring)
{
	struct touch *t;
	struct race *race;
};

FIXTURE_SETUP(process_ring)
{
	stage_open();
	self->race = shared(sizeof(*self->race));
	self->t = shared(sizeof(*self->t));
	self->t->id = RING_P;
	self->t->create = 1;
	ASSERT_EQ(0, meeting_prepare(&self->t->start, TOUCHERS));
}

FIXTURE_TEARDOWN(process_ring)
{
	stage_close();
}

TEST_F_TIMEOUT(process_ring, ours_one_for_all_threads, 120)
{
	int rings = touch_rounds(self->t, self->race, false, false);

	EXPECT_NO_FAILURES(self->race);
	EXPECT_EQ(0, rings)
		TH_LOG("%d process rings too many", rings);
}

SELFTEST_MAIN
