// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inheritance: which keyrings a new process or thread finds, what an exec keeps,
 * what a change of UID does.
 *
 * Specified by session-keyring(7), process-keyring(7), thread-keyring(7).
 */
#include <kselftest_harness.h>
#include <linux/io_uring.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/* What a task sees of its anchors, without making any */
struct sight {
	long t, p, s, us, reqkey;
	long key;		/* READ of the key that was named */
	int done;
};

/* Raw calls only: this runs where libc has not been set up */
static void look(struct sight *out, int key)
{
	out->t = raw_syscall(NR_KEYCTL, OP_GET_KEYRING_ID, RING_T, 0, 0, 0);
	out->p = raw_syscall(NR_KEYCTL, OP_GET_KEYRING_ID, RING_P, 0, 0, 0);
	out->key = raw_syscall(NR_KEYCTL, OP_READ, key, 0, 0, 0);
	out->s = raw_syscall(NR_KEYCTL, OP_GET_KEYRING_ID, RING_S, 0, 0, 0);
	out->us = raw_syscall(NR_KEYCTL, OP_GET_KEYRING_ID, RING_US, 0, 0, 0);
	out->reqkey = raw_syscall(NR_KEYCTL, OP_SET_REQKEY, REQKEY_ASK, 0, 0,
				  0);
}

/*
 * A process with every ring, and a child of it, or a thread, made in each way
 * that there is:
 *
 *	p (fresh uid) ---@t---> "_tid" ---> user "kt"
 *	              ---@p---> "_pid" ---> user "kp"
 *	              ---@s---> "_ses" ---> user "ks"
 *	  |
 *	  +-- clone(flags) --> child
 */
FIXTURE(lineage)
{
	struct actor *p;
	uid_t uid;
	struct sight before, *child;
	long kt, kp, ks;
};

FIXTURE_VARIANT(lineage)
{
	long flags;		/* 0: fork(2) itself */
	bool thread;
};

FIXTURE_VARIANT_ADD(lineage, fork) {};

FIXTURE_VARIANT_ADD(lineage, vfork) {
	.flags = CLONE_VM | CLONE_VFORK | SIGCHLD,
};

FIXTURE_VARIANT_ADD(lineage, clone) { .flags = SIGCHLD };

FIXTURE_VARIANT_ADD(lineage, clone_sharing_everything_but_the_thread_group) {
	.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
		 CLONE_SYSVSEM | CLONE_IO | SIGCHLD,
};

FIXTURE_VARIANT_ADD(lineage, clone_sibling) {
	.flags = CLONE_PARENT | SIGCHLD,
};

FIXTURE_VARIANT_ADD(lineage, clone_new_user_namespace) {
	.flags = CLONE_NEWUSER | SIGCHLD,
};

FIXTURE_VARIANT_ADD(lineage, thread) {
	.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
		 CLONE_SYSVSEM | CLONE_THREAD,
	.thread = true,
};

FIXTURE_SETUP(lineage)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->kt = ON(self->p, kc_add_user("kt", "vt", RING_T));
	self->kp = ON(self->p, kc_add_user("kp", "vp", RING_P));
	self->ks = ON(self->p, kc_add_user("ks", "vs", RING_S));
	ASSERT_EQ(0, ON(self->p, kc_reqkey(REQKEY_U)));
	self->before.t = ON(self->p, kc_id(RING_T, 0));
	self->before.p = ON(self->p, kc_id(RING_P, 0));
	self->before.s = ON(self->p, kc_id(RING_S, 0));
	self->before.us = ON(self->p, kc_id(RING_US, 0));
	self->child = shared(sizeof(*self->child));
}

FIXTURE_TEARDOWN(lineage)
{
	stage_close();
}

struct clone_args_here {
	struct sight *out;
	long flags;
	int key;
	bool join_first, ring_first;
};

static int child_main(void *arg)
{
	struct clone_args_here *args = arg;

	if (args->join_first)
		raw_syscall(NR_KEYCTL, OP_JOIN_SESSION, 0, 0, 0, 0);
	if (args->ring_first)
		raw_syscall(NR_KEYCTL, OP_GET_KEYRING_ID, RING_P, 1, 0, 0);
	look(args->out, args->key);
	__atomic_store_n(&args->out->done, 1, __ATOMIC_SEQ_CST);
	/* _exit(2) of this task alone, thread or process */
	for (;;)
		raw_syscall(NR_EXIT, 0, 0, 0, 0, 0);
	return 0;
}

/* In an actor: make the child, let it look, wait until it is gone */
static long beget(long arg, long b, long c)
{
	static char stack[64 << 10] __attribute__((aligned(16)));
	struct clone_args_here *args = (void *)arg;
	pid_t child;
	long ret = 0;

	(void)b, (void)c;
	memset(args->out, 0, sizeof(*args->out));
	if (!args->flags) {
		child = fork();
		if (!child)
			child_main(args);
	} else {
		child = clone(child_main, stack + sizeof(stack), args->flags,
			      args);
	}
	if (child < 0)
		return -errno;
	if (!EVENTUALLY(__atomic_load_n(&args->out->done, __ATOMIC_SEQ_CST)))
		ret = -ETIME;
	if (!EVENTUALLY(task_is_gone(args->flags & CLONE_THREAD ? getpid() :
								  child, child)))
		ret = -ETIME;
	return ret;
}

static long make(struct actor *p, long flags, struct sight *out, int key,
		 bool join_first, bool ring_first)
{
	struct clone_args_here *args = shared(sizeof(*args));

	args->out = out;
	args->flags = flags;
	args->key = key;
	args->join_first = join_first;
	args->ring_first = ring_first;
	return actor_do(p, beget, (long)args, 0, 0);
}

/* The director is the parent of a sibling that p makes, and does not reap it */
#define MAKE(key, join_first, ring_first) do {				\
	if (variant->flags & CLONE_PARENT)				\
		signal(SIGCHLD, SIG_IGN);				\
	ASSERT_EQ(0, make(self->p, variant->flags, self->child, key,	\
			  join_first, ring_first));			\
} while (0)

TEST_F(lineage, session_is_inherited)
{
	MAKE(self->ks, false, false);
	EXPECT_EQ(self->before.s, self->child->s);
	EXPECT_EQ(2, self->child->key);
	EXPECT_EQ(self->before.s, ON(self->p, kc_id(RING_S, 0)));
}

/* Threads have their process's; a new process has none */
TEST_F(lineage, process_ring)
{
	MAKE(self->kp, false, false);
	if (variant->thread) {
		EXPECT_EQ(self->before.p, self->child->p);
		EXPECT_EQ(2, self->child->key);
	} else {
		EXPECT_EQ(-ENOKEY, self->child->p);
		EXPECT_EQ(-EACCES, self->child->key);
	}
	EXPECT_EQ(self->before.p, ON(self->p, kc_id(RING_P, 0)));
}

/*
 * Nobody has another's. The built-in service gives the thread of a thread that
 * has one an empty one of its own at once; to give it none yet is as good.
 */
TEST_F(lineage, thread_ring)
{
	MAKE(self->kt, false, false);
	EXPECT_NE(self->before.t, self->child->t);
	EXPECT_EQ(-EACCES, self->child->key);
	if (!variant->thread) {
		EXPECT_EQ(-ENOKEY, self->child->t);
	}
	EXPECT_EQ(self->before.t, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_STREQ("vt", ON(self->p, payload(self->kt)));
}

TEST_F(lineage, default_request_ring_is_inherited)
{
	MAKE(self->ks, false, false);
	EXPECT_EQ(REQKEY_U, self->child->reqkey);
}

/* The rings of a UID belong to the UID, not to the process that made them */
TEST_F(lineage, user_session_is_the_same)
{
	MAKE(self->ks, false, false);
	if (variant->flags & CLONE_NEWUSER) {
		/* but each user namespace has its own, and nobody is mapped */
		EXPECT_NE(self->before.us, self->child->us);
	} else {
		EXPECT_EQ(self->before.us, self->child->us);
	}
}

/* What the child does to its anchors is its own affair */
TEST_F(lineage, child_joins_alone)
{
	MAKE(self->ks, true, false);
	EXPECT_LT(0, self->child->s);
	EXPECT_NE(self->before.s, self->child->s);
	EXPECT_EQ(-EACCES, self->child->key);
	EXPECT_EQ(self->before.s, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_STREQ("vs", ON(self->p, payload(self->ks)));
	EXPECT_TRUE(key_goes(self->child->s));
}

TEST_F(lineage, child_makes_its_own_process_ring)
{
	MAKE(self->kp, false, true);
	EXPECT_LT(0, self->child->p);
	if (variant->thread) {
		EXPECT_EQ(self->before.p, self->child->p);
	} else {
		EXPECT_NE(self->before.p, self->child->p);
		EXPECT_TRUE(key_goes(self->child->p));
	}
	EXPECT_STREQ("vp", ON(self->p, payload(self->kp)));
}

/* Nothing comes of nothing: no session is inherited from a parent without */
TEST_F(lineage, no_session_is_inherited)
{
	REQUIRE_NO_SESSION();
	self->p = actor_user(self->uid);
	MAKE(self->ks, false, false);
	EXPECT_EQ(-ENOKEY, self->child->t);
	EXPECT_EQ(-ENOKEY, self->child->p);
	EXPECT_EQ(self->child->us, self->child->s);
	/* the child's access has not given the parent one */
	EXPECT_LT(0, ON(self->p, kc_add_user("k", "v", RING_S)));
	EXPECT_EQ(REQKEY_DEFAULT, self->child->reqkey);
}

/*
 * Exec of an ordinary program, of one that is set-user-ID or set-group-ID, of one
 * that has capabilities:
 *
 *	p (fresh uid) ---@t, @p, @s--->            before
 *	p (perhaps another euid) ---@s--->         after execve(2)
 *
 * The program is a copy of this one, in a tmpfs that only this test sees.
 */
FIXTURE(exec)
{
	struct actor *p;
	uid_t uid, other;
	char *path;
	struct sight before;
	long key;
};

FIXTURE_VARIANT(exec)
{
	bool set_uid, set_gid, capable;
};

FIXTURE_VARIANT_ADD(exec, ordinary) {};
FIXTURE_VARIANT_ADD(exec, set_user_id) { .set_uid = true };
FIXTURE_VARIANT_ADD(exec, set_group_id) { .set_gid = true };
FIXTURE_VARIANT_ADD(exec, capabilities) { .capable = true };

static int copy_self(const char *path)
{
	char buf[4096];
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	ssize_t n = -1;

	if (in >= 0 && out >= 0) {
		while ((n = read(in, buf, sizeof(buf))) > 0)
			if (write(out, buf, n) != n)
				break;
	}
	close(in);
	close(out);
	return n ? -1 : 0;
}

/* A tmpfs over the first of these directories that exists, for this test alone */
static const char *private_tmpfs(void)
{
	static const char *const dirs[] = { "/tmp", "/mnt", "/run", "/var" };
	size_t i;

	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(dirs); i++)
		if (!mount("tmpfs", dirs[i], "tmpfs", 0, NULL))
			return dirs[i];
	return NULL;
}

/* security.capability, version 2: all that are permitted, and effective */
static int give_capabilities(const char *path)
{
	static const uint32_t caps[] = {
		0x02000000 | 1, 1 << 5, 0, 0, 0,	/* CAP_KILL */
	};

	return setxattr(path, "security.capability", caps, sizeof(caps), 0);
}

FIXTURE_SETUP(exec)
{
	const char *dir;

	stage_open();
	dir = private_tmpfs();
	ASSERT_NE(NULL, dir);
	self->path = shared_text("%s/actor", dir);
	ASSERT_EQ(0, chmod(dir, 0755));
	ASSERT_EQ(0, copy_self(self->path));
	self->uid = fresh_uid();
	self->other = fresh_uid();
	if (variant->set_uid || variant->set_gid) {
		ASSERT_EQ(0, chown(self->path, self->other, self->other));
		ASSERT_EQ(0, chmod(self->path, variant->set_uid ? 04755 :
								  02755));
	}
	if (variant->capable) {
		ASSERT_EQ(0, give_capabilities(self->path));
	}

	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join("exec session")));
	ASSERT_LT(0, ON(self->p, kc_id(RING_T, 1)));
	ASSERT_LT(0, ON(self->p, kc_id(RING_P, 1)));
	ASSERT_EQ(0, ON(self->p, kc_reqkey(REQKEY_U)));
	self->before.t = ON(self->p, kc_id(RING_T, 0));
	self->before.p = ON(self->p, kc_id(RING_P, 0));
	self->before.s = ON(self->p, kc_id(RING_S, 0));
	self->before.us = ON(self->p, kc_id(RING_US, 0));
	self->key = ON(self->p, kc_add_user("k", "v", RING_S));
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(exec)
{
	stage_close();
}

static long effective_uid(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	return geteuid();
}

static long effective_gid(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	return getegid();
}

TEST_F(exec, keeps_the_session_and_nothing_else)
{
	ASSERT_EQ(0, actor_exec(self->p, self->path));
	/* it was the exec that it claims to be */
	EXPECT_EQ(variant->set_uid ? self->other : self->uid,
		  actor_do(self->p, effective_uid, 0, 0, 0));
	EXPECT_EQ(variant->set_gid ? self->other : self->uid,
		  actor_do(self->p, effective_gid, 0, 0, 0));

	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(RING_P, 0)));
	EXPECT_EQ(self->before.s, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
	EXPECT_EQ(REQKEY_U, ON(self->p, kc_reqkey(REQKEY_ASK)));
	/* the rings of the real UID are still those of the real UID */
	EXPECT_EQ(self->before.us, ON(self->p, kc_id(RING_US, 0)));
}

/*
 * What exec drops is gone. In the built-in service it hangs on for as long as
 * the new program runs, because the open program file holds the credentials of
 * who opened it: the process as it was before.
 */
TEST_F(exec, ours_dropped_rings_are_gone)
{
	ASSERT_EQ(0, actor_exec(self->p, self->path));
	EXPECT_TRUE(key_goes(self->before.t));
	EXPECT_TRUE(key_goes(self->before.p));
	EXPECT_TRUE(key_exists(self->before.s));
}

TEST_F(exec, really_changes_credentials)
{
	ASSERT_EQ(0, actor_exec(self->p, self->path));
	EXPECT_EQ(variant->capable,
		  strtoull(strstr(slurp(self->p, "/proc/self/status"),
				  "CapEff:") + 7, NULL, 16) != 0);
	/* new keys are owned by the new IDs */
	EXPECT_EQ(variant->set_uid ? self->other : self->uid,
		  ON(self->p, uid_of(kc_add_user("new", "v", RING_S))));
}

TEST_F(exec, again_and_again)
{
	int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, actor_exec(self->p, self->path));
		ASSERT_EQ(self->before.s, ON(self->p, kc_id(RING_S, 0)));
		ASSERT_LT(0, ON(self->p, kc_add_user("t", "v", RING_T)));
	}
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(self->before.s));
}

/* A failed exec changes nothing */
TEST_F(exec, failed_exec_changes_nothing)
{
	EXPECT_EQ(-ENOENT, actor_exec(self->p, "/no/such/program"));
	EXPECT_EQ(-EACCES, actor_exec(self->p, "/proc/self/comm"));
	EXPECT_EQ(self->before.t, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_EQ(self->before.p, ON(self->p, kc_id(RING_P, 0)));
	EXPECT_EQ(self->before.s, ON(self->p, kc_id(RING_S, 0)));
}

/* A process without a session keyring still has none */
TEST_F(exec, no_session)
{
	REQUIRE_NO_SESSION();
	self->p = actor_user(fresh_uid());
	ASSERT_EQ(0, actor_exec(self->p, self->path));
	EXPECT_EQ(0, key_rows_like(self->p, "_uid_ses.", NULL));
	EXPECT_EQ(ON(self->p, kc_id(RING_S, 0)), ON(self->p, kc_id(RING_US, 0)));
}

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

	/* the leader stays a zombie until its last thread is gone */
	actor_start(self->p, ORDER_LEAVE_ALONE);
	EXPECT_TRUE(EVENTUALLY(strstr(slurp(NULL,
					    shared_text("/proc/%d/stat",
							self->p->pid)),
				      ") Z ")));
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

/*
 * A change of UID, each way there is, by a process that has every ring:
 *
 *	p (uid 0) ---@t, @p, @s---> ...
 *	  |
 *	  setresuid(2), setreuid(2), setfsuid(2), ...
 */
FIXTURE(setuid)
{
	struct actor *p;
	uid_t uid;
	long t, pr, s, key;
};

FIXTURE_VARIANT(setuid)
{
	enum { SETRESUID, SETREUID, EUID_ONLY, FSUID_ONLY } how;
	bool real;		/* the real UID changes */
};

FIXTURE_VARIANT_ADD(setuid, setresuid) { .how = SETRESUID, .real = true };
FIXTURE_VARIANT_ADD(setuid, setreuid) { .how = SETREUID, .real = true };
FIXTURE_VARIANT_ADD(setuid, effective_only) { .how = EUID_ONLY };
FIXTURE_VARIANT_ADD(setuid, filesystem_only) { .how = FSUID_ONLY };

FIXTURE_SETUP(setuid)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_fork(NULL);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->t = ON(self->p, kc_id(RING_T, 1));
	self->pr = ON(self->p, kc_id(RING_P, 1));
	self->s = ON(self->p, kc_id(RING_S, 0));
	self->key = ON(self->p, kc_add_user("k", "v", RING_S));
	ASSERT_LT(0, self->key);
	ASSERT_EQ(0, ON(self->p, kc_reqkey(REQKEY_U)));
}

FIXTURE_TEARDOWN(setuid)
{
	stage_close();
}

static long change(struct actor *p, int how, uid_t uid)
{
	switch (how) {
	case SETRESUID:
		return actor_do(p, set_uids, uid, uid, uid);
	case SETREUID:
		return ON(p, key_syscall(NR_SETREUID, uid, uid, 0, 0, 0));
	case EUID_ONLY:
		return actor_do(p, set_uids, -1, uid, -1);
	default:
		return ON(p, key_syscall(NR_SETFSUID, uid, 0, 0, 0, 0));
	}
}

TEST_F(setuid, keeps_every_ring)
{
	ASSERT_LE(0, change(self->p, variant->how, self->uid));
	EXPECT_EQ(self->s, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(self->pr, ON(self->p, kc_id(RING_P, 0)));
	EXPECT_EQ(self->t, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
	EXPECT_EQ(REQKEY_U, ON(self->p, kc_reqkey(REQKEY_ASK)));
	/* the others belong to whom they belonged */
	EXPECT_EQ(0, ON(self->p, uid_of(RING_S)));
	EXPECT_EQ(0, ON(self->p, uid_of(RING_P)));
}

/* The thread keyring follows the filesystem IDs */
TEST_F(setuid, thread_ring_follows)
{
	gid_t gid = fresh_uid();

	EXPECT_EQ(0, ON(self->p, uid_of(RING_T)));
	EXPECT_EQ(0, ON(self->p, key_syscall(NR_SETFSGID, gid, 0, 0, 0, 0)));
	EXPECT_EQ(gid, ON(self->p, gid_of(RING_T)));
	ASSERT_LE(0, change(self->p, variant->how, self->uid));
	EXPECT_EQ(self->uid, ON(self->p, uid_of(RING_T)));
	EXPECT_EQ(gid, ON(self->p, gid_of(RING_T)));
	/* who made it still pays for it */
	EXPECT_FALSE(uid_is_known(self->uid));
}

/* @u and @us are those of the real UID, whatever the others are */
TEST_F(setuid, user_rings_are_of_the_real_uid)
{
	uid_t owner = variant->real ? self->uid : 0;

	ASSERT_LE(0, change(self->p, variant->how, self->uid));
	EXPECT_LT(0, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_STREQ(shared_text("keyring;%u;65534;1f3f0000;_uid_ses.%u",
				 owner, owner),
		     ON(self->p, description(RING_US)));
}

/*
 * A user-session keyring that has become somebody's session keyring stays so
 * when that somebody becomes somebody else.
 */
TEST_F(setuid, keeps_an_attached_user_session)
{
	uid_t first = fresh_uid();
	struct actor *q;
	long us;

	REQUIRE_NO_SESSION();
	q = actor_fork(NULL);
	ASSERT_EQ(0, actor_do(q, set_uids, first, 0, 0));
	us = ON(q, kc_id(RING_S, 0));
	ASSERT_LT(0, us);
	ASSERT_EQ(us, ON(q, kc_id(RING_US, 0)));
	ASSERT_LE(0, change(q, variant->how, self->uid));
	EXPECT_EQ(us, ON(q, kc_id(RING_S, 0)));
	EXPECT_EQ(variant->real, us != ON(q, kc_id(RING_US, 0)));
}

/* Entering a user namespace takes nothing away either */
TEST_F(setuid, unshare_keeps_every_ring)
{
	ASSERT_EQ(0, actor_do(self->p, unshare_userns, 0, 0, 0));
	map_ids(self->p, fresh_uids(10), 10);
	EXPECT_EQ(self->s, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(self->pr, ON(self->p, kc_id(RING_P, 0)));
	EXPECT_EQ(self->t, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, actor_do(self->p, become, 3, 0, 0));
	EXPECT_EQ(self->s, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
}

/*
 * A program that the kernel itself starts, here because another one dumps core:
 *
 *	kernel - - core_pattern - ->  h (root)  - - fork - ->  child
 *
 * Where it puts new keys by default is @t, as for all of the kernel's own.
 */
#define CORE_PATTERN "/proc/sys/kernel/core_pattern"

FIXTURE(by_kernel)
{
	struct actor *h;
	char *pattern;		/* as it was */
	int reqkey;
};

static void core_pattern_set(const char *text)
{
	int fd = open(CORE_PATTERN, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		stage_broken(CORE_PATTERN ": %d", errno);
	close(fd);
}

static void dump_core(void)
{
	pid_t pid = fork();

	if (!pid) {
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	waitpid(pid, NULL, 0);
}

FIXTURE_SETUP(by_kernel)
{
	char self_path[64] = "";
	unsigned char caps[2] = { 0 };

	stage_open();
	ASSERT_EQ(2, kc_capabilities(caps, 2));
	/* a kernel without keys gives its programs no default */
	self->reqkey = caps[1] & CAPS1_NS_TAG ? REQKEY_T : REQKEY_DEFAULT;
	ASSERT_LT(0, readlink("/proc/self/exe", self_path, sizeof(self_path) - 1));
	self->pattern = slurp(NULL, CORE_PATTERN);
	self->h = actor_slot();
	core_pattern_set(shared_text("|%s --by-kernel %d %lx", self_path, getpid(),
				     (long)self->h));
	dump_core();
	core_pattern_set(self->pattern);
	if (!EVENTUALLY(whose_turn(self->h) == TURN_DIRECTOR))
		stage_broken("the kernel starts nobody");
}

FIXTURE_TEARDOWN(by_kernel)
{
	stage_close();
}

/* Before main(): has the kernel started us? */
static void by_kernel_main(int argc, char **argv)
{
	char path[64];
	int fd;

	if (argc != 4 || strcmp(argv[1], "--by-kernel"))
		return;
	/* not interested in the core */
	close(0);
	snprintf(path, sizeof(path), "/proc/%s/fd/%d", argv[2], STAGE_FD);
	fd = open(path, O_RDWR | O_CLOEXEC);
	stage = mmap(STAGE_ADDRESS, sizeof(*stage), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	if (stage != STAGE_ADDRESS)
		_exit(3);
	/* its children are reaped without being waited for */
	signal(SIGCHLD, SIG_IGN);
	actor_live((struct actor *)strtoul(argv[3], NULL, 16));
}

TEST_F(by_kernel, default_is_inherited_and_chosen)
{
	struct actor *child = actor_fork(self->h);

	EXPECT_EQ(self->reqkey, ON(self->h, kc_reqkey(REQKEY_ASK)));
	EXPECT_EQ(self->reqkey, ON(child, kc_reqkey(REQKEY_ASK)));
	ASSERT_LT(0, ON(self->h, kc_join(NULL)));
	EXPECT_EQ(self->reqkey, ON(self->h, kc_reqkey(REQKEY_ASK)));
	EXPECT_EQ(self->reqkey, ON(actor_fork(self->h), kc_reqkey(REQKEY_ASK)));
	/* it can be had otherwise */
	EXPECT_EQ(self->reqkey, ON(self->h, kc_reqkey(REQKEY_DEFAULT)));
	EXPECT_EQ(REQKEY_DEFAULT, ON(self->h, kc_reqkey(REQKEY_ASK)));
	EXPECT_EQ(REQKEY_DEFAULT, ON(actor_fork(self->h), kc_reqkey(REQKEY_ASK)));
	EXPECT_EQ(self->reqkey, ON(child, kc_reqkey(REQKEY_DEFAULT)));
	EXPECT_EQ(REQKEY_DEFAULT, ON(child, kc_reqkey(REQKEY_ASK)));
}

/* Nor does it go with a session from a child, which has chosen another one */
TEST_F(by_kernel, default_outlasts_a_new_session)
{
	struct actor *child = actor_fork(self->h);
	long session = ON(child, kc_join(NULL));

	EXPECT_EQ(self->reqkey, ON(child, kc_reqkey(REQKEY_U)));
	EXPECT_EQ(0, ON(child, kc_to_parent()));
	EXPECT_EQ(session, ON(self->h, kc_id(RING_S, 0)));
	EXPECT_EQ(self->reqkey, ON(self->h, kc_reqkey(REQKEY_ASK)));
}

int main(int argc, char **argv)
{
	actor_main(argc, argv);
	by_kernel_main(argc, argv);
	return test_harness_run(argc, argv);
}
