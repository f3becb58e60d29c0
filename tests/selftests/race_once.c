// SPDX-License-Identifier: GPL-2.0-only
/*
 * What many ask for at the same moment is there once: the persistent keyring of a
 * UID, a key that a helper makes, a session of a name.
 *
 *	worker 0 --+
 *	worker 1 --+--- meet, ask, meet, compare, again
 *	worker 2 --+
 *	worker 3 --+
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "helper.h"
#include "races.h"

enum { ASKERS = 4, MAX_ROUNDS = 400, TEXT = 32 };

/* Of one round, for all workers to see */
struct question {
	struct meeting meeting;
	uid_t uid;
	int ring;
	char desc[TEXT];
	int32_t got[ASKERS];
	char text[ASKERS][TEXT];
};

FIXTURE(once)
{
	struct race *race;
	struct question *question;
};

FIXTURE_SETUP(once)
{
	stage_open();
	self->race = shared(sizeof(*self->race));
	self->question = shared(sizeof(*self->question));
	ASSERT_EQ(0, races_lift_quota());
	ASSERT_EQ(0, meeting_prepare(&self->question->meeting, ASKERS));
	ASSERT_LT(0, kc_join(NULL));
}

FIXTURE_TEARDOWN(once)
{
	races_restore_quota();
	stage_close();
}

/* ---- persistent keyrings: two UIDs, two that ask for each ---- */

static void compare_persistent(struct race *race, const struct question *q)
{
	int i;

	for (i = 0; i < ASKERS; i++)
		race_expect(race, q->got[i] > 0 && q->got[i] == q->got[i % 2],
			    "rings of one UID: %d %d", q->got[i % 2], q->got[i]);
	race_expect(race, q->got[0] != q->got[1], "one ring for two UIDs: %d", q->got[0]);
	for (i = 0; i < 2; i++)
		race_expect(race, kc_read(q->got[i], NULL, 0) == 2 * sizeof(int32_t),
			    "%ld bytes of links", kc_read(q->got[i], NULL, 0));
}

static void ask_for_persistent(struct race *race, int worker, long arg)
{
	struct question *q = (struct question *)arg;
	unsigned int seed = worker + 1, rounds = 0;
	char desc[TEXT];
	long ret;

	sprintf(desc, "of %d", worker);
	while (meet_again(&q->meeting, race, worker) && rounds++ < MAX_ROUNDS) {
		if (!worker)
			q->uid = fresh_uids(2);
		meet(&q->meeting);
		jitter(&seed);
		q->got[worker] = kc_persistent(q->uid + worker % 2, RING_S);
		ret = kc_add_user(desc, "v", q->got[worker]);
		race_expect(race, ret > 0, "add: %ld", ret);
		meet(&q->meeting);
		if (!worker)
			compare_persistent(race, q);
		meet(&q->meeting);
		if (!worker)
			race_expect(race, !kc_clear(RING_S), "clear");
	}
}

TEST_F_TIMEOUT(once, persistent_ring_of_a_uid, 120)
{
	long expiry = sysctl_get("persistent_keyring_expiry");
	unsigned char caps[2] = { 0 };

	kc_capabilities(caps, sizeof(caps));
	if (!(caps[0] & CAPS0_PERSISTENT))
		SKIP(return, "no persistent keyrings");
	/* longer than a round, and not for days */
	ASSERT_EQ(0, sysctl_set("persistent_keyring_expiry", 60));
	race_run(self->race, race_seconds(), ASKERS, ask_for_persistent,
		 (long)self->question);
	EXPECT_EQ(0, sysctl_set("persistent_keyring_expiry", expiry));
	EXPECT_NO_FAILURES(self->race);
}

/* ---- a key that is made by a helper, which makes another one each time ---- */

#define HELPER_RUNS "/tmp/race_once.runs"

/* In place of main(), started by the kernel: /sbin/request-key create KEY ... */
static int make_the_key(const char *key)
{
	char text[TEXT];
	int fd = open(HELPER_RUNS, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, "!", 1) != 1 || kc_assume(atoi(key)) < 0)
		return 1;
	sprintf(text, "made by %d", getpid());
	return kc_instantiate(atoi(key), text, strlen(text), 0) ? 1 : 0;
}

static long helper_count(void)
{
	int fd = open(HELPER_RUNS, O_RDONLY | O_CLOEXEC);
	long runs = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	close(fd);
	return runs;
}

static void compare_made(struct race *race, const struct question *q, long runs)
{
	int i;

	race_expect(race, runs == 1, "%s: %ld helpers", q->desc, runs);
	for (i = 0; i < ASKERS; i++)
		race_expect(race, q->got[i] > 0 && q->got[i] == q->got[0] &&
			    !strncmp(q->text[i], "made", 4) &&
			    !strcmp(q->text[i], q->text[0]), "%d: %s, %d: %s",
			    q->got[0], q->text[0], q->got[i], q->text[i]);
}

static void ask_for_key(struct race *race, int worker, long arg)
{
	struct question *q = (struct question *)arg;
	unsigned int seed = worker + 1, round = 0;
	long runs = 0, dest;
	char name[16];

	/* each has it put into another ring, and they all search them all */
	sprintf(name, "dest%d", worker);
	dest = kc_add_ring(name, RING_S);
	while (meet_again(&q->meeting, race, worker)) {
		if (!worker) {
			sprintf(q->desc, "once:%d:%u", getpid(), round++);
			runs = helper_count();
		}
		meet(&q->meeting);
		jitter(&seed);
		q->got[worker] = kc_request("user", q->desc, "info", dest);
		memset(q->text[worker], 0, TEXT);
		kc_read(q->got[worker], q->text[worker], TEXT - 1);
		race_expect(race, race_holds(dest, q->got[worker]), "it is not linked");
		meet(&q->meeting);
		if (!worker)
			compare_made(race, q, helper_count() - runs);
		race_expect(race, !kc_clear(dest), "clear");
	}
}

TEST_F_TIMEOUT(once, key_is_made, 120)
{
	unlink(HELPER_RUNS);
	helper_install();
	race_run(self->race, race_seconds(), ASKERS, ask_for_key, (long)self->question);
	helper_remove();
	EXPECT_NO_FAILURES(self->race);
}

/* ---- a session that is joined by name while its last holder lets go of it ---- */

/* Whoever joins a ring keeps it alive for the others: they have it all, or none of them */
static void compare_joined(struct race *race, const struct question *q)
{
	int i;

	for (i = 2; i < ASKERS; i++)
		race_expect(race, (q->got[i] == q->ring) == (q->got[1] == q->ring),
			    "%d was there: %d and %d were joined", q->ring, q->got[1],
			    q->got[i]);
}

static void name_a_ring(struct race *race, struct question *q)
{
	q->ring = kc_add_ring(q->desc, RING_T);
	race_expect(race, q->ring > 0, "ring: %d", q->ring);
	/* who joins it needs no more than to be of the UID */
	race_expect(race, !kc_setperm(q->ring, PERM_POS(MAY_ALL) | PERM_USR(MAY_ALL)),
		    "setperm");
}

static void join_by_name(struct race *race, struct question *q, int worker)
{
	long ses = kc_join(q->desc), key;

	race_expect(race, ses > 0 && kc_id(RING_S, 0) == ses, "joined %ld, have %ld", ses,
		    kc_id(RING_S, 0));
	key = kc_add_user("k", "v", RING_S);
	race_expect(race, key > 0 && kc_search(RING_S, "user", "k", 0) > 0, "add: %ld", key);
	q->got[worker] = ses;
}

static void join_or_let_go(struct race *race, int worker, long arg)
{
	struct question *q = (struct question *)arg;
	unsigned int seed = worker + 1;

	if (become(q->uid, 0, 0))
		_exit(1);
	while (meet_again(&q->meeting, race, worker)) {
		if (!worker)
			name_a_ring(race, q);
		meet(&q->meeting);
		jitter(&seed);
		if (!worker)
			race_expect(race, !kc_unlink(q->ring, RING_T), "unlink");
		else
			join_by_name(race, q, worker);
		meet(&q->meeting);
		if (worker) {
			race_expect(race, kc_join(NULL) > 0, "anonymous join");
			continue;
		}
		compare_joined(race, q);
		/* should it last a moment longer: nobody is to find it in the next round */
		kc_revoke(q->ring);
	}
}

TEST_F_TIMEOUT(once, session_of_a_name, 120)
{
	self->question->uid = fresh_uid();
	sprintf(self->question->desc, "once %u", self->question->uid);
	race_run(self->race, race_seconds(), ASKERS, join_or_let_go, (long)self->question);
	EXPECT_NO_FAILURES(self->race);
	/* all that was made has gone, and is not charged any more */
	EXPECT_FORGOTTEN(self->question->uid);
}

int main(int argc, char **argv)
{
	if (!strcmp(argv[0], HELPER) && argc > 2)
		return make_the_key(argv[2]);
	actor_main(argc, argv);
	return test_harness_run(argc, argv);
}
