// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads of one process: which keyrings they share, which is each one's own, and
 * what goes with the last of them.
 *
 * Specified by process-keyring(7), thread-keyring(7), session-keyring(7).
 */
#include <kselftest_harness.h>
#include <linux/io_uring.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/*
 * Threads of one process:
 *
 *	p --+-- leader
 *	    +-- old: made before any ring
 *	    +-- young: made by the test when it needs one
 */
FIXTURE(threads)
{
	struct actor *p, *old;
	uid_t uid;
};

FIXTURE_SETUP(threads)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->old = actor_thread(self->p);
}

FIXTURE_TEARDOWN(threads)
{
	stage_close();
}

TEST_F(threads, process_ring_reaches_younger_threads)
{
	long ring = ON(self->p, kc_id(RING_P, 1));
	struct actor *young = actor_thread(self->p), *younger;

	ASSERT_LT(0, ring);
	EXPECT_EQ(ring, ON(young, kc_id(RING_P, 0)));
	EXPECT_EQ(ring, ON(young, kc_id(RING_P, 1)));
	younger = actor_thread(young);
	EXPECT_EQ(ring, ON(younger, kc_id(RING_P, 0)));
}

/* All threads of a process: also those that were there before the ring was */
TEST_F(threads, ours_process_ring_reaches_older_threads)
{
	long ring = ON(self->p, kc_id(RING_P, 1));
	long key = ON(self->p, kc_add_user("k", "v", RING_P));

	EXPECT_EQ(ring, ON(self->old, kc_id(RING_P, 0)));
	EXPECT_STREQ("v", ON(self->old, payload(key)));
	EXPECT_EQ(key, ON(self->old, kc_request("user", "k", NULL, 0)));
}

TEST_F(threads, ours_process_ring_is_made_once)
{
	long ring = ON(self->old, kc_id(RING_P, 1));

	ASSERT_LT(0, ring);
	EXPECT_EQ(ring, ON(self->p, kc_id(RING_P, 1)));
	EXPECT_EQ(ring, ON(actor_thread(self->p), kc_id(RING_P, 1)));
	EXPECT_EQ(0, ON(self->p, kc_reqkey(REQKEY_P)));
	EXPECT_EQ(ring, ON(self->p, kc_id(RING_P, 0)));
	EXPECT_EQ(1, keys_charged(self->uid));
}

enum { PROCESSES = 600 };

/* A process with a ring of its own, which it looks for when it is told to */
static pid_t ring_owner(int tell, int told)
{
	pid_t pid = fork();
	char byte = 0;
	long ring;

	if (pid)
		return pid;
	ring = kc_id(RING_P, 1);
	if (write(tell, &byte, 1) == 1 && read(told, &byte, 1) == 1)
		byte = ring > 0 && kc_id(RING_P, 0) == ring;
	_exit(byte ? 0 : 1);
}

static long end_process(pid_t pid, int sig)
{
	int status;

	if (kill(pid, sig) || waitpid(pid, &status, 0) != pid)
		return -errno;
	return status;
}

/*
 * Every other of many processes goes, so that whatever leads to their rings has
 * lost its first, its last and those in between: the others find theirs
 */
static long owners_lose_neighbours(long b, long c, long d)
{
	static pid_t pids[PROCESSES];
	long wrong = 0, i;
	int up[2], down[2];
	char byte = 0;

	(void)b, (void)c, (void)d;
	signal(SIGCHLD, SIG_DFL);
	if (pipe(up) || pipe(down))
		return -errno;
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = ring_owner(up[1], down[0]);
		wrong += pids[i] < 0 || read(up[0], &byte, 1) != 1;
	}
	for (i = 0; i < PROCESSES; i += 2)
		wrong += end_process(pids[i], SIGKILL) != SIGKILL;
	for (i = 1; i < PROCESSES; i += 2)
		wrong += write(down[1], &byte, 1) != 1;
	for (i = 1; i < PROCESSES; i += 2)
		wrong += end_process(pids[i], 0) != 0;
	return wrong;
}

TEST_F_TIMEOUT(threads, process_rings_of_many_processes, 600)
{
	long before = keys_charged(self->uid);

	EXPECT_EQ(0, actor_do(self->p, owners_lose_neighbours, 0, 0, 0));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == before));
}

TEST_F(threads, thread_ring_is_the_threads_own)
{
	long mine = ON(self->p, kc_id(RING_T, 1));
	long its, key;

	EXPECT_EQ(-ENOKEY, ON(self->old, kc_id(RING_T, 0)));
	its = ON(self->old, kc_id(RING_T, 1));
	EXPECT_NE(mine, its);
	key = ON(self->p, kc_add_user("k", "v", RING_T));
	EXPECT_EQ(-EACCES, ON(self->old, kc_read(key, NULL, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->old, kc_request("user", "k", NULL, 0)));
	/* it goes with the thread */
	actor_leave(self->old);
	EXPECT_TRUE(key_goes(its));
	EXPECT_EQ(mine, ON(self->p, kc_id(RING_T, 0)));
}

/* The session keyring is inherited by the thread, and then the thread's own */
TEST_F(threads, each_joins_for_itself)
{
	long ses = ON(self->p, kc_join(NULL));
	struct actor *young = actor_thread(self->p);
	long other;

	EXPECT_EQ(ses, ON(young, kc_id(RING_S, 0)));
	other = ON(young, kc_join(NULL));
	EXPECT_NE(ses, other);
	EXPECT_EQ(ses, ON(self->p, kc_id(RING_S, 0)));
	actor_leave(young);
	EXPECT_TRUE(key_goes(other));
	EXPECT_TRUE(key_exists(ses));
}

/* It stays a zombie until the last thread of the process is gone */
static bool first_thread_exits(struct actor *p)
{
	const char *path = shared_text("/proc/%d/stat", p->pid);

	actor_start(p, ORDER_LEAVE_ALONE);
	return EVENTUALLY(strstr(slurp(NULL, path), ") Z "));
}

/* The process and its rings outlive the thread that began it */
TEST_F(threads, leader_may_leave_first)
{
	struct actor *young;
	long ses, ring, key;

	ses = ON(self->p, kc_join(NULL));
	ring = ON(self->p, kc_id(RING_P, 1));
	key = ON(self->p, kc_add_user("k", "v", RING_P));
	young = actor_thread(self->p);
	actor_leave(self->old);

	EXPECT_TRUE(first_thread_exits(self->p));
	EXPECT_EQ(ring, ON(young, kc_id(RING_P, 0)));
	EXPECT_EQ(ses, ON(young, kc_id(RING_S, 0)));
	EXPECT_STREQ("v", ON(young, payload(key)));

	actor_start(young, ORDER_LEAVE_ALONE);
	EXPECT_EQ(self->p->pid, waitpid(self->p->pid, NULL, __WALL));
	self->p->gone = young->gone = true;
	EXPECT_TRUE(key_goes(ring));
	EXPECT_TRUE(key_goes(key));
	EXPECT_TRUE(key_goes(ses));
}

/* ... but not its own ring: thread-keyring(7), "destroyed when the thread terminates" */
TEST_F(threads, ours_ring_of_the_first_thread_goes_with_it)
{
	long ring = ON(self->p, kc_id(RING_T, 1));
	struct actor *young = actor_thread(self->p);

	ASSERT_LT(0, ring);
	actor_leave(self->old);
	EXPECT_TRUE(first_thread_exits(self->p));
	EXPECT_TRUE(key_goes(ring));

	actor_start(young, ORDER_LEAVE_ALONE);
	EXPECT_EQ(self->p->pid, waitpid(self->p->pid, NULL, __WALL));
	self->p->gone = young->gone = true;
}

/* The ring of the process goes with its last thread, and not before */
TEST_F(threads, process_ring_goes_with_the_last_thread)
{
	long ring = ON(self->p, kc_id(RING_P, 1));
	struct actor *young = actor_thread(self->p);

	actor_leave(young);
	actor_leave(self->old);
	EXPECT_EQ(ring, ON(self->p, kc_id(RING_P, 0)));
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(ring));
}

/* A thread forks: its child has the thread's session */
TEST_F(threads, child_of_a_thread)
{
	long ses = ON(self->p, kc_join(NULL));
	long other = ON(self->old, kc_join(NULL));
	struct actor *child = actor_fork(self->old);

	EXPECT_NE(ses, other);
	EXPECT_EQ(other, ON(child, kc_id(RING_S, 0)));
	EXPECT_EQ(-ENOKEY, ON(child, kc_id(RING_P, 0)));
	actor_leave(child);
}

/* ---- threads that each serve a user ---- */

/*
 * A process of root's, and what two of its threads become:
 *
 *	p --+-- leader, root
 *	    +-- a: (fresh uid) alone
 *	    +-- b: (fresh uid) alone
 */
FIXTURE(server)
{
	struct actor *p, *a, *b;
	uid_t uid_a, uid_b;
	long maxbytes;
};

FIXTURE_SETUP(server)
{
	stage_open();
	self->maxbytes = sysctl_get("maxbytes");
	self->uid_a = fresh_uid();
	self->uid_b = fresh_uid();
	self->p = actor_fork(NULL);
	self->a = actor_thread(self->p);
	self->b = actor_thread(self->p);
	ASSERT_EQ(0, actor_do(self->a, set_uids, self->uid_a, self->uid_a, self->uid_a));
	ASSERT_EQ(0, actor_do(self->b, set_uids, self->uid_b, self->uid_b, self->uid_b));
}

FIXTURE_TEARDOWN(server)
{
	sysctl_set("maxbytes", self->maxbytes);
	stage_close();
}

/* Each owns what it makes, and no other has it */
TEST_F(server, each_user_has_a_process_ring)
{
	long of_a = ON(self->a, kc_id(RING_P, 1));
	long of_b = ON(self->b, kc_id(RING_P, 1));

	ASSERT_LT(0, of_a);
	EXPECT_NE(of_a, of_b);
	EXPECT_EQ(self->uid_a, ON(self->a, uid_of(RING_P)));
	EXPECT_EQ(self->uid_b, ON(self->b, uid_of(RING_P)));
	EXPECT_EQ(of_a, ON(self->a, kc_id(RING_P, 1)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(RING_P, 0)));
	EXPECT_NE(of_a, ON(self->p, kc_id(RING_P, 1)));
	EXPECT_EQ(of_a, ON(self->a, kc_id(RING_P, 0)));
	EXPECT_LT(0, ON(self->a, kc_add_user("k", "v", RING_P)));
	EXPECT_EQ(-ENOKEY, ON(self->b, kc_search(RING_P, "user", "k", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_P, "user", "k", 0)));
}

/* process-keyring(7): a thread has the process keyring of the one that made it */
TEST_F(server, ring_of_a_user_is_handed_on)
{
	struct actor *older = actor_thread(self->a), *child, *young, *younger;
	long of_a = ON(self->a, kc_id(RING_P, 1));

	young = actor_thread(self->a);
	EXPECT_EQ(of_a, ON(young, kc_id(RING_P, 1)));
	EXPECT_LT(0, ON(self->a, kc_join(NULL)));
	EXPECT_EQ(of_a, ON(actor_thread(self->a), kc_id(RING_P, 0)));
	younger = actor_thread(young);
	EXPECT_EQ(0, actor_do(younger, set_uids, self->uid_a, self->uid_a, self->uid_a));
	EXPECT_EQ(of_a, ON(younger, kc_id(RING_P, 0)));
	EXPECT_LT(0, ON(younger, kc_add_user("k", "v", RING_P)));
	EXPECT_LT(0, ON(self->a, kc_search(RING_P, "user", "k", 0)));
	EXPECT_NE(of_a, ON(older, kc_id(RING_P, 1)));
	child = actor_fork(self->a);
	EXPECT_EQ(-ENOKEY, ON(child, kc_id(RING_P, 0)));
}

TEST_F(server, ring_of_a_user_goes_with_the_last_that_has_it)
{
	long of_a = ON(self->a, kc_id(RING_P, 1));
	struct actor *young = actor_thread(self->a);

	actor_leave(self->a);
	EXPECT_EQ(of_a, ON(young, kc_id(RING_P, 0)));
	EXPECT_LT(0, ON(young, kc_add_user("k", "v", RING_P)));
	actor_leave(young);
	EXPECT_TRUE(key_goes(of_a));
}

/* rpc.gssd gets the keys of the user that it serves this way */
TEST_F(server, one_without_room_is_in_nobodys_way)
{
	ASSERT_LT(0, ON(self->a, kc_add("user", "k", shared(1000), 1000, RING_P)));
	ASSERT_EQ(0, sysctl_set("maxbytes", bytes_charged(self->uid_a)));
	EXPECT_EQ(-EDQUOT, ON(self->a, kc_persistent(-1, RING_P)));
	EXPECT_LT(0, ON(self->b, kc_persistent(-1, RING_P)));
}

TEST_F(server, ring_of_a_user_goes_with_the_thread)
{
	long of_a = ON(self->a, kc_id(RING_P, 1));
	long of_b = ON(self->b, kc_id(RING_P, 1));

	actor_leave(self->a);
	EXPECT_TRUE(key_goes(of_a));
	EXPECT_EQ(of_b, ON(self->b, kc_id(RING_P, 0)));
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(of_b));
}

/* The process goes on in the thread, which is no thread of the server any more */
TEST_F(server, ours_ring_of_a_user_goes_with_exec)
{
	long of_a = ON(self->a, kc_id(RING_P, 1));
	long of_b = ON(self->b, kc_id(RING_P, 1));

	/* the ID that it has from the exec on */
	self->a->tid = self->a->pid;
	ASSERT_EQ(0, actor_exec(self->a, "/proc/self/exe"));
	self->a->thread = false;
	self->p->gone = self->b->gone = true;
	EXPECT_TRUE(key_goes(of_a));
	EXPECT_TRUE(key_goes(of_b));
	EXPECT_EQ(-ENOKEY, ON(self->a, kc_id(RING_P, 0)));
}

/* A leader that has exited is nobody's measure: what is made then is the ring of all */
TEST_F(server, ours_ring_without_a_leader_is_for_all_users)
{
	long ring;

	actor_start(self->p, ORDER_LEAVE_ALONE);
	EXPECT_TRUE(EVENTUALLY(strstr(slurp(NULL, shared_text("/proc/%d/stat", self->p->pid)),
				      ") Z ")));
	ring = ON(self->a, kc_id(RING_P, 1));
	ASSERT_LT(0, ring);
	EXPECT_EQ(ring, ON(self->b, kc_id(RING_P, 0)));
	actor_start(self->a, ORDER_LEAVE_ALONE);
	actor_start(self->b, ORDER_LEAVE_ALONE);
	EXPECT_EQ(self->p->pid, waitpid(self->p->pid, NULL, __WALL));
	self->p->gone = self->a->gone = self->b->gone = true;
	EXPECT_TRUE(key_goes(ring));
}

/* What there was before is the ring of all: those who change their UID keep it */
TEST_F(server, ring_of_the_process_is_for_all_users)
{
	long ring = ON(self->p, kc_id(RING_P, 1));
	struct actor *young = actor_thread(self->p);

	EXPECT_EQ(0, actor_do(young, set_uids, self->uid_a, self->uid_a, self->uid_a));
	EXPECT_EQ(ring, ON(young, kc_id(RING_P, 1)));
	/* as when all do, one after the other */
	EXPECT_EQ(0, actor_do(self->p, set_uids, self->uid_a, self->uid_a, self->uid_a));
	EXPECT_EQ(ring, ON(young, kc_id(RING_P, 1)));
	EXPECT_EQ(ring, ON(self->p, kc_id(RING_P, 1)));
}

/* ---- kernel threads made on a process's behalf ---- */

static long ring_setup(long flags, long b, long c)
{
	static struct io_uring_params params;
	int fd;

	(void)b, (void)c;
	memset(&params, 0, sizeof(params));
	params.flags = flags;
	params.sq_thread_idle = 10;
	fd = syscall(SYS_io_uring_setup, 4, &params);
	return fd < 0 ? -errno : fd;
}

static long close_fd(long fd, long b, long c)
{
	(void)b, (void)c;
	return close(fd) ? -errno : 0;
}

/* An io_uring worker is a thread of the process that user space never sees */
TEST_F(threads, io_uring_worker)
{
	long ses = ON(self->p, kc_join(NULL));
	long t = ON(self->p, kc_id(RING_T, 1));
	long ring = ON(self->p, kc_id(RING_P, 1));
	long key = ON(self->p, kc_add_user("k", "v", RING_P));
	long fd = actor_do(self->p, ring_setup, IORING_SETUP_SQPOLL, 0, 0);

	if (fd == -ENOSYS || fd == -EPERM)
		SKIP(return, "no io_uring here");
	ASSERT_LE(0, fd);
	EXPECT_EQ(ses, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(t, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_EQ(ring, ON(self->p, kc_id(RING_P, 0)));
	EXPECT_STREQ("v", ON(self->p, payload(key)));
	EXPECT_EQ(0, actor_do(self->p, close_fd, fd, 0, 0));
	EXPECT_EQ(ring, ON(self->p, kc_id(RING_P, 0)));
	/* one that is still there at exit pins nothing */
	fd = actor_do(self->p, ring_setup, IORING_SETUP_SQPOLL, 0, 0);
	EXPECT_LE(0, fd);
	actor_leave(self->old);
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(ses));
	EXPECT_TRUE(key_goes(ring));
	EXPECT_TRUE(key_goes(t));
}

SELFTEST_MAIN
