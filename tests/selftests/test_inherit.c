// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inheritance: which keyrings a new process or thread finds, and what an exec
 * keeps.
 *
 * Specified by session-keyring(7), process-keyring(7), thread-keyring(7).
 */
#include <kselftest_harness.h>
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

SELFTEST_MAIN
