// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last exit of a UID against its next login: a process that comes while the
 * rings are being taken down finds the old ones or makes new ones, never half a
 * pair, and never loses what it has.
 *
 *	worker 0 ---> process of uid N, process of uid N, ...
 *	worker 1 ---> process of uid N, process of uid N, ...
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "races.h"

FIXTURE(relogin)
{
	struct race *race;
	uid_t uid;
};

FIXTURE_VARIANT(relogin)
{
	int workers;
	bool in_namespace;
};

FIXTURE_VARIANT_ADD(relogin, two) { .workers = 2 };
FIXTURE_VARIANT_ADD(relogin, five) { .workers = 5 };
FIXTURE_VARIANT_ADD(relogin, two_in_a_namespace) {
	.workers = 2, .in_namespace = true,
};

FIXTURE_SETUP(relogin)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->race = shared(sizeof(*self->race));
	self->uid = fresh_uids(10);
}

FIXTURE_TEARDOWN(relogin)
{
	stage_close();
}

/* One login: whatever is there, it is whole and stays as long as we do */
static void login(struct race *race, unsigned int *seed)
{
	long us = kc_id(RING_US, 0), u, key, s;
	char buf[8];

	jitter(seed);
	u = kc_id(RING_U, 0);
	race_expect(race, us > 0 && u > 0, "no rings: %ld %ld", us, u);
	key = kc_add_user("k", "v", RING_U);
	race_expect(race, key > 0, "add: %ld", key);
	race_expect(race, kc_search(RING_US, "user", "k", 0) > 0,
		    "@u is not linked to @us");
	race_expect(race, kc_request("user", "k", NULL, 0) > 0,
		    "@us is not searched");
	race_expect(race, kc_read(key, buf, sizeof(buf)) == 1, "read");
	jitter(seed);
	s = kc_id(RING_S, *seed & 1);
	race_expect(race, s > 0, "no session: %ld", s);
	race_expect(race, kc_id(RING_US, 0) == us && kc_id(RING_U, 0) == u,
		    "the rings changed under a living process");
	race_round(race);
}

static void log_in_and_out(struct race *race, int worker, long uid)
{
	unsigned int seed = worker * 104729 + 1;

	while (!race_is_over(race)) {
		IN_CHILD({
			if (become(uid, 0, 0))
				_exit(1);
			login(race, &seed);
		});
		jitter(&seed);
	}
}

/* The same, entering a namespace that the director keeps open */
static int ns_fd;

static void log_in_and_out_inside(struct race *race, int worker, long uid)
{
	if (setns(ns_fd, CLONE_NEWUSER))
		_exit(1);
	log_in_and_out(race, worker, uid);
}

static void run(struct race *race, bool in_namespace, int workers, uid_t uid)
{
	struct actor *n;

	if (!in_namespace) {
		race_run(race, race_seconds(), workers, log_in_and_out, uid);
		return;
	}
	n = actor_userns(uid - 5, 10);
	ns_fd = open(shared_text("/proc/%d/ns/user", n->pid),
		     O_RDONLY | O_CLOEXEC);
	race_run(race, race_seconds(), workers, log_in_and_out_inside, 5);
	close(ns_fd);
}

TEST_F_TIMEOUT(relogin, always_whole, 120)
{
	run(self->race, variant->in_namespace, variant->workers, self->uid + 5);
	EXPECT_NO_FAILURES(self->race);
}

TEST_F_TIMEOUT(relogin, ours_and_nothing_is_left, 120)
{
	run(self->race, variant->in_namespace, variant->workers, self->uid + 5);
	EXPECT_NO_FAILURES(self->race);
	EXPECT_TRUE(EVENTUALLY(!uid_is_known(self->uid + 5)));
}

/* One login at a time, of a UID that leaves its quota full */
FIXTURE(leaver)
{
	struct race *race;
	uid_t uid;
};

/* The rings of the last login */
static struct {
	long user, session;
} *last;

FIXTURE_SETUP(leaver)
{
	stage_open();
	self->race = shared(sizeof(*self->race));
	self->uid = fresh_uid();
	last = shared(sizeof(*last));
}

FIXTURE_TEARDOWN(leaver)
{
	stage_close();
}

/* As many keys as the limit says, all below @u, which go with the process */
static void fill_up(struct race *race)
{
	long ret = kc_id(RING_U, 0), session = kc_id(RING_US, 0);
	char desc[16];
	int i;

	if (!race_expect(race, ret > 0 && session > 0, "no rings: %ld %ld", ret, session))
		return;
	race_expect(race, (ret == last->user) == (session == last->session),
		    "half a pair: %lx %lx after %lx %lx", ret, session, last->user, last->session);
	last->user = ret;
	last->session = session;
	for (i = 0; ret > 0; i++) {
		snprintf(desc, sizeof(desc), "%d", i);
		ret = kc_add_user(desc, "v", RING_U);
	}
	race_expect(race, ret == -EDQUOT, "key %d: %ld", i, ret);
	race_round(race);
}

/* What root leaves takes its time to end, and whatever others leave meanwhile waits */
static void leave_much(struct race *race)
{
	char desc[16];
	int i;

	for (i = 0; i < 20000 && !race_is_over(race); i++) {
		snprintf(desc, sizeof(desc), "%d", i);
		race_expect(race, kc_add_user(desc, "v", RING_P) > 0,
			    "root's key %d", i);
	}
}

/* The rings go some grace periods after the process: the next one comes about then */
static void fill_up_and_leave(struct race *race, int worker, long uid)
{
	unsigned int seed = worker + 1;

	while (worker && !race_is_over(race))
		IN_CHILD(leave_much(race));
	while (!race_is_over(race)) {
		seed = seed * 1103515245 + 12345;
		IN_CHILD({
			usleep((seed >> 8) % 50000);
			if (become(uid, 0, 0))
				_exit(1);
			fill_up(race);
		});
	}
}

/* What the last process has left is not charged to the next one, nor is half of it there */
TEST_F_TIMEOUT(leaver, room_for_the_rings, 120)
{
	race_run(self->race, race_seconds(), 2, fill_up_and_leave, self->uid);
	EXPECT_NO_FAILURES(self->race);
}

/*
 * The rings of a UID that end while its processes come and go: they leave the record by a
 * reaper, by whoever makes new ones, and by the last exit. Root gives some of them away.
 */
FIXTURE(renewal)
{
	struct race *race;
	uid_t uid;
};

static int *given;	/* what root is to give away next */

FIXTURE_SETUP(renewal)
{
	stage_open();
	self->race = shared(sizeof(*self->race));
	self->uid = fresh_uids(2);
	given = shared(sizeof(*given));
	ASSERT_EQ(0, races_lift_quota());
}

FIXTURE_TEARDOWN(renewal)
{
	races_restore_quota();
	stage_close();
}

static void use_and_end(struct race *race, unsigned int *seed)
{
	int ring = *seed >> 20 & 1 ? RING_U : RING_US;
	long id = kc_id(ring, 1), ret;

	race_expect(race, ONE_OF(id, ENOKEY), "no ring: %ld", id);
	ret = kc_add_user("k", "v", ring);
	race_expect(race, ONE_OF(ret, ENOKEY), "add: %ld", ret);
	ret = kc_setperm(ring, 0x3f3f3f3f);
	race_expect(race, ONE_OF(ret, ENOKEY, EACCES), "setperm: %ld", ret);
	__atomic_store_n(given, id, __ATOMIC_RELAXED);
	jitter(seed);
	ret = kc_invalidate(*seed >> 21 & 1 || id < 0 ? ring : id);
	race_expect(race, ONE_OF(ret, ENOKEY), "invalidate: %ld", ret);
	race_round(race);
}

static void give_away(struct race *race, uid_t to, unsigned int *seed)
{
	int id = __atomic_exchange_n(given, 0, __ATOMIC_RELAXED);
	long ret = id > 0 ? kc_chown(id, to, -1) : 0;

	race_expect(race, ONE_OF(ret, ENOKEY, EACCES), "chown: %ld", ret);
	jitter(seed);
}

static void renew_and_leave(struct race *race, int worker, long uid)
{
	unsigned int seed = worker * 104729 + 1;

	while (!worker && !race_is_over(race))
		give_away(race, uid + 1, &seed);
	while (!race_is_over(race)) {
		seed = seed * 1103515245 + 12345;
		IN_CHILD({
			int i;

			if (become(uid, 0, 0))
				_exit(1);
			for (i = seed >> 16 & 7; i >= 0; i--)
				use_and_end(race, &seed);
		});
	}
}

TEST_F_TIMEOUT(renewal, there_is_one_for_each, 120)
{
	race_run(self->race, race_seconds(), 4, renew_and_leave, self->uid);
	EXPECT_NO_FAILURES(self->race);
}

TEST_F_TIMEOUT(renewal, ours_and_nothing_is_left, 120)
{
	race_run(self->race, race_seconds(), 4, renew_and_leave, self->uid);
	EXPECT_NO_FAILURES(self->race);
	EXPECT_TRUE(EVENTUALLY(!uid_is_known(self->uid)));
	EXPECT_TRUE(EVENTUALLY(!uid_is_known(self->uid + 1)));
}

SELFTEST_MAIN
