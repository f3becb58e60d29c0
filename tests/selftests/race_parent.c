// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fork against session-to-parent: while a child keeps handing new sessions to its
 * parent, the parent forks. Each new child inherits a session that is whole and
 * alive, the one before or the one after.
 *
 *	parent ---fork---> handler: join, add "mark", SESSION_TO_PARENT, again
 *	       ---fork---> child: has a session with a "mark" in it? exit
 *	       ---fork---> child ...
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "races.h"

FIXTURE(parent_race)
{
	struct race *race;
	uid_t uid;
};

FIXTURE_SETUP(parent_race)
{
	stage_open();
	self->race = shared(sizeof(*self->race));
	self->uid = fresh_uid();
	ASSERT_EQ(0, races_lift_quota());
}

FIXTURE_TEARDOWN(parent_race)
{
	races_restore_quota();
	stage_close();
}

/* A session with its mark; the parent's may change from one call to the next */
static void session_is_there(struct race *race)
{
	long ses = kc_id(RING_S, 0), mark = kc_search(RING_S, "user", "mark", 0);

	race_expect(race, ses > 0, "session: %ld", ses);
	race_expect(race, mark > 0, "no mark in the session: %ld", mark);
}

/* In a child nobody changes it */
static void session_is_whole(struct race *race)
{
	long ses = kc_id(RING_S, 0), mark = kc_search(RING_S, "user", "mark", 0);
	char buf[8];

	session_is_there(race);
	race_expect(race, kc_read(mark, buf, sizeof(buf)) == 4, "read");
	race_expect(race, kc_id(RING_S, 0) == ses, "the session changed");
}

static void hand_over(struct race *race, bool threads)
{
	unsigned int seed = getpid();
	long ret;

	while (!race_is_over(race)) {
		ret = kc_join(NULL);
		race_expect(race, ret > 0, "join: %ld", ret);
		ret = kc_add_user("mark", "mark", RING_S);
		race_expect(race, ret > 0, "add: %ld", ret);
		ret = kc_to_parent();
		/* a parent that is just making a thread may not be changed */
		race_expect(race, !ret || (threads && ret == -EPERM),
			    "to parent: %ld", ret);
		jitter(&seed);
	}
}

static pid_t start_handler(struct race *race, bool threads)
{
	pid_t pid;

	if (kc_join(NULL) <= 0 || kc_add_user("mark", "mark", RING_S) <= 0)
		_exit(1);
	pid = fork();
	if (!pid) {
		hand_over(race, threads);
		_exit(0);
	}
	return pid;
}

static void fork_all_the_time(struct race *race, int worker, long uid)
{
	unsigned int seed = worker + 1;
	pid_t handler;
	int status;

	if (become(uid, 0, 0))
		_exit(1);
	handler = start_handler(race, false);
	while (!race_is_over(race)) {
		IN_CHILD(session_is_whole(race));
		session_is_there(race);
		race_round(race);
		jitter(&seed);
	}
	waitpid(handler, &status, 0);
	race_expect(race, !status, "handler: %x", status);
}

static void *look_once(void *race)
{
	session_is_whole(race);
	return NULL;
}

static void make_threads_all_the_time(struct race *race, int worker, long uid)
{
	unsigned int seed = worker + 1;
	pthread_t thread;
	pid_t handler;
	int status;

	if (become(uid, 0, 0))
		_exit(1);
	handler = start_handler(race, true);
	while (!race_is_over(race)) {
		if (!pthread_create(&thread, NULL, look_once, race)) {
			session_is_there(race);
			pthread_join(thread, NULL);
		}
		race_round(race);
		jitter(&seed);
	}
	waitpid(handler, &status, 0);
	race_expect(race, !status, "handler: %x", status);
}

/* What the parent does itself while it is given one session after the other */
static void write_all_the_time(struct race *race, int worker, long uid)
{
	unsigned int seed = worker + 1;
	pid_t handler;
	int status;
	long ret;

	if (become(uid, 0, 0))
		_exit(1);
	handler = start_handler(race, false);
	while (!race_is_over(race)) {
		ret = kc_add_user("k", "v", RING_S);
		race_expect(race, ret > 0, "add: %ld", ret);
		ret = kc_request("user", "mark", NULL, 0);
		race_expect(race, ret > 0, "request: %ld", ret);
		if (seed & 1 << 16) {
			ret = kc_join("own");
			race_expect(race, ret >= 0, "join: %ld", ret);
			ret = kc_add_user("mark", "mark", RING_S);
			race_expect(race, ret > 0, "add: %ld", ret);
		}
		race_round(race);
		jitter(&seed);
	}
	waitpid(handler, &status, 0);
	race_expect(race, !status, "handler: %x", status);
}

TEST_F_TIMEOUT(parent_race, forks, 120)
{
	race_run(self->race, race_seconds(), 2, fork_all_the_time, self->uid);
	EXPECT_NO_FAILURES(self->race);
	EXPECT_TRUE(EVENTUALLY(!uid_is_known(self->uid)));
}

TEST_F_TIMEOUT(parent_race, makes_threads, 120)
{
	race_run(self->race, race_seconds(), 2, make_threads_all_the_time,
		 self->uid);
	EXPECT_NO_FAILURES(self->race);
	EXPECT_TRUE(EVENTUALLY(!uid_is_known(self->uid)));
}

TEST_F_TIMEOUT(parent_race, writes, 120)
{
	race_run(self->race, race_seconds(), 2, write_all_the_time, self->uid);
	EXPECT_NO_FAILURES(self->race);
	EXPECT_TRUE(EVENTUALLY(!uid_is_known(self->uid)));
}

SELFTEST_MAIN
