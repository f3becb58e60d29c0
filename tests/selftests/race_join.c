// SPDX-License-Identifier: GPL-2.0-only
/*
 * Joining a session by name against its destruction: the one who joins gets the
 * ring alive, or makes a new one; never a ring that is on its way out.
 *
 *	worker 0, 1, ... (one UID): join "race", use it, leave it, again
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "races.h"

FIXTURE(join_race)
{
	struct race *race;
	uid_t uid;
};

FIXTURE_VARIANT(join_race)
{
	int workers;
	bool by_exit;		/* leave by exit, not by joining another */
};

FIXTURE_VARIANT_ADD(join_race, two) { .workers = 2 };
FIXTURE_VARIANT_ADD(join_race, five) { .workers = 5 };
FIXTURE_VARIANT_ADD(join_race, three_by_exit) { .workers = 3, .by_exit = true };

FIXTURE_SETUP(join_race)
{
	stage_open();
	self->race = shared(sizeof(*self->race));
	self->uid = fresh_uid();
	ASSERT_EQ(0, races_lift_quota());
}

FIXTURE_TEARDOWN(join_race)
{
	races_restore_quota();
	stage_close();
}

/* A name of its own for each run, since names are the whole machine's */
static char race_name[32];

static void use_session(struct race *race, unsigned int *seed, int worker)
{
	long ses = kc_join(race_name), now, key;
	char desc[16], buf[8];

	race_expect(race, ses > 0, "join: %ld", ses);
	now = kc_id(RING_S, 0);
	race_expect(race, now == ses, "joined %ld but have %ld", ses, now);
	/* let the others in */
	kc_setperm(RING_S, 0x3f3f0000);
	jitter(seed);
	sprintf(desc, "k%d", worker);
	key = kc_add_user(desc, "v", RING_S);
	race_expect(race, key > 0, "add: %ld", key);
	jitter(seed);
	race_expect(race, kc_read(key, buf, sizeof(buf)) == 1, "read");
	race_expect(race, kc_request("user", desc, NULL, 0) == key, "request");
	race_expect(race, kc_id(RING_S, 0) == ses, "the session changed");
	race_round(race);
}

static void join_and_leave(struct race *race, int worker, long uid)
{
	unsigned int seed = worker * 104729 + 1;

	if (become(uid, 0, 0))
		_exit(1);
	while (!race_is_over(race)) {
		use_session(race, &seed, worker);
		jitter(&seed);
		race_expect(race, kc_join(NULL) > 0, "anonymous join");
	}
}

static void join_and_exit(struct race *race, int worker, long uid)
{
	unsigned int seed = worker * 104729 + 1;

	if (become(uid, 0, 0))
		_exit(1);
	while (!race_is_over(race)) {
		IN_CHILD(use_session(race, &seed, worker));
		jitter(&seed);
	}
}

TEST_F_TIMEOUT(join_race, cve_2010_1437_and_2026_99226_gets_it_alive, 120)
{
	snprintf(race_name, sizeof(race_name), "race %u", self->uid);
	race_run(self->race, race_seconds(), variant->workers,
		 variant->by_exit ? join_and_exit : join_and_leave, self->uid);
	EXPECT_NO_FAILURES(self->race);
	/* all that was made has gone, and nothing is charged any more */
	EXPECT_TRUE(EVENTUALLY(!uid_is_known(self->uid)));
}

SELFTEST_MAIN
