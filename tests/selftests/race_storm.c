// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes, threads and namespaces that come and go by the hundred: each has the
 * rings that are its own and those that it has inherited, never another's, and
 * nothing of them is left.
 *
 *	worker @s---> "_ses" ---> (fresh uid)
 *	  +-- child, own @p ---> "mine"
 *	  |     +-- thread, own @t ---> "mine"
 *	  |     +-- thread, own @t ---> "mine"
 *	  |     +-- grandchild, neither
 *	  |     '-- execve: neither, the session is the same
 *	  +-- child ...
 */
#include <kselftest_harness.h>
#include <sys/prctl.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "races.h"

enum { WORKERS = 4, THREADS = 2 };

FIXTURE(storm)
{
	struct race *race;
	uid_t uid;
};

FIXTURE_SETUP(storm)
{
	stage_open();
	self->race = shared(sizeof(*self->race));
	self->uid = fresh_uid();
	ASSERT_EQ(0, races_lift_quota());
}

FIXTURE_TEARDOWN(storm)
{
	races_restore_quota();
	stage_close();
}

/* A new process or a new program has neither of these, and the session that it has always had */
static bool rings_are_new(int session)
{
	return kc_id(RING_S, 0) == session && kc_id(RING_P, 0) == -ENOKEY &&
	       kc_id(RING_T, 0) == -ENOKEY;
}

/* A key that says whose it is; false when another one is found */
static bool mark(int ring, int whose)
{
	char text[16], buf[16] = "";
	long key;

	sprintf(text, "%d", whose);
	key = kc_add("user", "mine", text, strlen(text), ring);
	return key > 0 && kc_search(ring, "user", "mine", 0) == key &&
	       kc_read(key, buf, sizeof(buf) - 1) == (long)strlen(text) && !strcmp(buf, text);
}

struct life {
	struct race *race;
	int session, process;
};

static void *live_as_thread(void *arg)
{
	struct life *life = arg;
	int tid = syscall(SYS_gettid);
	long ring;

	race_expect(life->race, kc_id(RING_T, 0) == -ENOKEY, "a new thread has a ring");
	ring = kc_id(RING_T, 1);
	race_expect(life->race, ring > 0 && mark(RING_T, tid), "thread ring: %ld", ring);
	sched_yield();
	race_expect(life->race, kc_id(RING_T, 0) == ring, "another thread ring");
	race_expect(life->race, kc_id(RING_P, 0) == life->process, "another process ring");
	race_expect(life->race, kc_id(RING_S, 0) == life->session, "another session");
	return (void *)ring;
}

static void live_with_threads(struct life *life)
{
	pthread_t thread[THREADS];
	void *ring[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, live_as_thread, life))
			_exit(1);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], &ring[i]);
	race_expect(life->race, ring[0] != ring[1], "one ring for two threads");
	for (i = 0; i < THREADS; i++)
		race_expect(life->race, key_goes((long)ring[i]), "a thread's ring stays");
}

static void execute(int session)
{
	char text[16];
	char *argv[] = { "storm", "--executed", text, NULL };
	char *envp[] = { NULL };

	sprintf(text, "%d", session);
	execve("/proc/self/exe", argv, envp);
	_exit(1);
}

static void live(struct race *race, int session, bool exec)
{
	struct life life = { .race = race, .session = session };

	race_expect(race, rings_are_new(session), "a new process has rings");
	life.process = kc_id(RING_P, 1);
	race_expect(race, life.process > 0 && mark(RING_P, getpid()), "process ring: %d",
		    life.process);
	live_with_threads(&life);
	IN_CHILD(race_expect(race, rings_are_new(session), "a grandchild has rings"));
	race_expect(race, kc_id(RING_P, 0) == life.process, "another process ring");
	race_round(race);
	if (exec)
		execute(session);
}

static void live_and_die(struct race *race, int worker, long uid)
{
	unsigned int seed = worker + 1;
	int session;

	if (become(uid, 0, 0))
		_exit(1);
	session = kc_join(NULL);
	race_expect(race, session > 0 && mark(RING_S, worker), "session: %d", session);
	while (!race_is_over(race)) {
		jitter(&seed);
		IN_CHILD(live(race, session, seed >> 20 & 1));
		race_expect(race, kc_id(RING_S, 0) == session, "the session changed");
	}
}

TEST_F_TIMEOUT(storm, processes_and_threads, 120)
{
	race_run(self->race, race_seconds(), WORKERS, live_and_die, self->uid);
	EXPECT_NO_FAILURES(self->race);
	EXPECT_FORGOTTEN(self->uid);
}

/* ---- namespaces, each of which has rings of its own for the same UID ---- */

struct census {
	uid_t uid;		/* outside */
	int ring[WORKERS];	/* @u of who lives now */
};

/* Into a new namespace, which knows nobody but the caller, by another number */
static bool enter_namespace(uid_t inside, uid_t outside)
{
	char text[32];

	sprintf(text, "%u %u 1", inside, outside);
	if (unshare(CLONE_NEWUSER))
		return false;
	map_write(getpid(), "uid_map", text);
	map_write(getpid(), "setgroups", "deny");
	map_write(getpid(), "gid_map", text);
	return true;
}

/* The rings of a UID are a pair, and stay the same */
static int touch_rings(struct race *race, uid_t uid, bool used)
{
	long u = kc_id(RING_U, 0), us = kc_id(RING_US, 0), key;
	char desc[64] = "";
	unsigned int seen;

	race_expect(race, u > 0 && us > 0, "no rings: %ld %ld", u, us);
	key = kc_search(RING_US, "user", "k", 0);
	race_expect(race, used ? key > 0 : key == -ENOKEY, "search: %ld", key);
	if (!used)
		key = kc_add_user("k", "v", RING_U);
	race_expect(race, kc_search(RING_US, "user", "k", 0) == key, "@u is not in @us");
	kc_describe(key, desc, sizeof(desc) - 1);
	race_expect(race, sscanf(desc, "user;%u;", &seen) == 1 && seen == uid,
		    "described as %s", desc);
	race_expect(race, kc_id(RING_U, 0) == u && kc_id(RING_US, 0) == us,
		    "the rings changed");
	return u;
}

static void be_counted(struct race *race, struct census *census, int worker, int ring)
{
	int i;

	__atomic_store_n(&census->ring[worker], ring, __ATOMIC_SEQ_CST);
	for (i = 0; i < WORKERS; i++)
		race_expect(race, i == worker ||
			    __atomic_load_n(&census->ring[i], __ATOMIC_SEQ_CST) != ring,
			    "two namespaces have one ring: %d", ring);
}

static void live_in_a_namespace(struct race *race, struct census *census, int worker,
				unsigned int *seed)
{
	int outer, inner;

	/* files of a process that has become another one are root's, unless it says so */
	if (become(census->uid, 0, 0) || prctl(PR_SET_DUMPABLE, 1) ||
	    !enter_namespace(5, census->uid))
		_exit(1);
	outer = touch_rings(race, 5, false);
	be_counted(race, census, worker, outer);
	jitter(seed);
	touch_rings(race, 5, true);
	IN_CHILD({
		if (!enter_namespace(7, 5))
			_exit(1);
		inner = touch_rings(race, 7, false);
		race_expect(race, inner != outer, "the inner one has the outer one's rings");
		jitter(seed);
	});
	touch_rings(race, 5, true);
	race_round(race);
	__atomic_store_n(&census->ring[worker], 0, __ATOMIC_SEQ_CST);
}

static void live_in_namespaces(struct race *race, int worker, long arg)
{
	unsigned int seed = worker + 1;

	while (!race_is_over(race)) {
		jitter(&seed);
		IN_CHILD(live_in_a_namespace(race, (struct census *)arg, worker, &seed));
	}
}

TEST_F_TIMEOUT(storm, namespaces, 120)
{
	struct census *census = shared(sizeof(*census));

	REQUIRE_NO_SESSION();
	census->uid = self->uid;
	race_run(self->race, race_seconds(), WORKERS, live_in_namespaces, (long)census);
	EXPECT_NO_FAILURES(self->race);
	EXPECT_FORGOTTEN(self->uid);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--executed"))
		return !rings_are_new(atoi(argv[2]));
	actor_main(argc, argv);
	return test_harness_run(argc, argv);
}
