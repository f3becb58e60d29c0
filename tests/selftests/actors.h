/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Actors: the processes and threads that a test moves about.
 *
 * What the key service does depends on who asks: which process, which thread,
 * with which UID, made how, after which exec. A test therefore keeps a few
 * actors waiting and tells them, one call at a time, what to do:
 *
 *	struct actor *p = actor_user(uid);	// a process of that UID
 *	struct actor *q = actor_thread(p);	// a second thread of it
 *
 *	id = ON(p, kc_id(RING_US, 0));		// p makes the system call
 *	actor_do(p, become, uid2, 0, 0);	// p runs a function
 *	actor_leave(p);				// p exits; returns when it is gone
 *
 * The director (the process that runs the test) and its actors share the stage:
 * stage.h.
 */
#ifndef ACTORS_H
#define ACTORS_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/time_types.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "keyctl_abi.h"
#include "stage.h"

static struct actor *limelight;		/* whom ON() talks to */

/* futex(2) with 64-bit times, which every kernel has: those built for the tests have no other */
#ifdef __x86_64__
enum { NR_FUTEX = 202 };
#else
enum { NR_FUTEX = 422 };
#endif

static inline long futex_wait(int *word, int value, struct __kernel_timespec *time)
{
	return syscall(NR_FUTEX, word, FUTEX_WAIT, value, time, NULL, 0);
}

static inline long futex_wake(int *word)
{
	return syscall(NR_FUTEX, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static inline void futex_sleep(int *word, int value, int ms)
{
	struct __kernel_timespec t = { .tv_sec = ms / 1000,
				       .tv_nsec = (ms % 1000) * 1000000LL };

	futex_wait(word, value, &t);
}

static inline void turn_over(struct actor *a, enum turn to)
{
	__atomic_store_n(&a->turn, to, __ATOMIC_SEQ_CST);
	futex_wake(&a->turn);
}

static inline enum turn whose_turn(struct actor *a)
{
	return __atomic_load_n(&a->turn, __ATOMIC_SEQ_CST);
}

static inline bool task_is_gone(pid_t pid, pid_t tid)
{
	return syscall(SYS_tgkill, pid, tid, 0) < 0 && errno == ESRCH;
}

/* An actor's whole life. It also ends when the director is no more. */
static __attribute__((noreturn)) void actor_live(struct actor *me)
{
	me->pid = getpid();
	me->tid = syscall(SYS_gettid);
	turn_over(me, TURN_DIRECTOR);

	for (;;) {
		while (whose_turn(me) != TURN_ACTOR) {
			futex_sleep(&me->turn, TURN_DIRECTOR, 500);
			if (task_is_gone(stage->director, stage->director))
				_exit(1);
		}
		switch (me->order) {
		case ORDER_SYSCALL:
			me->ret = raw_syscall(me->nr, me->arg[0], me->arg[1],
					      me->arg[2], me->arg[3],
					      me->arg[4]);
			break;
		case ORDER_CALL:
			me->ret = me->fn(me->arg[0], me->arg[1], me->arg[2]);
			break;
		case ORDER_LEAVE:
			syscall(SYS_exit_group, 0);
			break;
		case ORDER_LEAVE_ALONE:
			/* ends this thread; the last one ends the process */
			syscall(SYS_exit, 0);
			break;
		}
		turn_over(me, TURN_DIRECTOR);
	}
}

/* Wait until the actor has answered (or was born, or has executed) */
static inline void actor_await(struct actor *a)
{
	/* The short patience is for what never happens: an actor answers. */
	long until = now_ms() + (patience_ms > 60000 ? patience_ms : 60000);

	while (whose_turn(a) != TURN_DIRECTOR) {
		futex_sleep(&a->turn, whose_turn(a), 100);
		if (whose_turn(a) == TURN_DIRECTOR)
			break;
		if (now_ms() > until)
			stage_broken("actor %d does not answer", a->tid);
		if (a->tid && task_is_gone(a->pid, a->tid))
			stage_broken("actor %d died", a->tid);
	}
}

static inline void actor_start(struct actor *a, enum order order)
{
	if (a->gone)
		stage_broken("actor %d has left", a->tid);
	a->order = order;
	turn_over(a, TURN_ACTOR);
}

/* Begin a function in an actor without waiting for its end */
static inline void actor_begin(struct actor *a, actor_fn fn, long x, long y,
			       long z)
{
	a->fn = fn;
	a->arg[0] = x;
	a->arg[1] = y;
	a->arg[2] = z;
	actor_start(a, ORDER_CALL);
}

static inline long actor_end(struct actor *a)
{
	actor_await(a);
	return a->ret;
}

static inline long actor_do(struct actor *a, actor_fn fn, long x, long y,
			    long z)
{
	if (!a)
		return fn(x, y, z);
	actor_begin(a, fn, x, y, z);
	return actor_end(a);
}

static inline long limelight_syscall(long nr, long a, long b, long c, long d,
				     long e)
{
	struct actor *who = limelight;

	who->nr = nr;
	who->arg[0] = a;
	who->arg[1] = b;
	who->arg[2] = c;
	who->arg[3] = d;
	who->arg[4] = e;
	actor_start(who, ORDER_SYSCALL);
	actor_await(who);
	return who->ret;
}

static inline struct actor *limelight_to(struct actor *a)
{
	struct actor *was = limelight;

	limelight = a;
	key_syscall = a ? limelight_syscall : raw_syscall;
	return was;
}

/* Evaluate an expression whose kc_*() calls are made by an actor */
#define ON(who, expression) ({						\
	struct actor *was_ = limelight_to(who);				\
	__typeof__(expression) ret_ = (expression);			\
									\
	limelight_to(was_);						\
	ret_;								\
})

/* ---- making actors ---- */

static inline struct actor *actor_slot(void)
{
	if (stage->cast == MAX_ACTORS)
		stage_broken("too many actors");
	return &stage->actor[stage->cast++];
}

static long fork_into(long slot, long b, long c)
{
	pid_t pid = fork();

	(void)b, (void)c;
	if (pid)
		return pid < 0 ? -errno : pid;
	limelight_to(NULL);
	/* children are reaped without being waited for */
	signal(SIGCHLD, SIG_IGN);
	actor_live((struct actor *)slot);
}

/* A child process of an actor, or of the director (NULL) */
static inline struct actor *actor_fork(struct actor *from)
{
	struct actor *a = actor_slot();
	long pid = actor_do(from, fork_into, (long)a, 0, 0);

	if (pid < 0)
		stage_broken("fork: %ld", pid);
	a->ours = !from;
	actor_await(a);
	return a;
}

static void *thread_main(void *slot)
{
	actor_live(slot);
}

static long thread_into(long slot, long b, long c)
{
	pthread_t thread;

	(void)b, (void)c;
	return -pthread_create(&thread, NULL, thread_main, (void *)slot);
}

/* Another thread of an actor's process */
static inline struct actor *actor_thread(struct actor *from)
{
	struct actor *a = actor_slot();
	long ret = actor_do(from, thread_into, (long)a, 0, 0);

	if (ret < 0)
		stage_broken("thread: %ld", ret);
	a->thread = true;
	actor_await(a);
	return a;
}

#ifdef __x86_64__
enum {
	NR_SETREUID = 113, NR_SETREGID = 114, NR_SETGROUPS = 116,
	NR_SETRESUID = 117, NR_SETRESGID = 119, NR_SETFSUID = 122,
	NR_SETFSGID = 123, NR_EXIT = 60,
};
#else
enum {
	NR_SETREUID = 203, NR_SETREGID = 204, NR_SETGROUPS = 206,
	NR_SETRESUID = 208, NR_SETRESGID = 210, NR_SETFSUID = 215,
	NR_SETFSGID = 216, NR_EXIT = 1,
};
#endif

/* setresuid(2) of the calling thread alone; libc's changes every thread */
static inline long set_uids(long real, long effective, long saved)
{
	return raw_syscall(NR_SETRESUID, real, effective, saved, 0, 0);
}

static inline long set_gids(long real, long effective, long saved)
{
	return raw_syscall(NR_SETRESGID, real, effective, saved, 0, 0);
}

/* Turn the caller into a plain user: every UID and GID, no groups */
static inline long become(long uid, long b, long c)
{
	long ret = raw_syscall(NR_SETGROUPS, 0, 0, 0, 0, 0);

	(void)b, (void)c;
	if (!ret)
		ret = set_gids(uid, uid, uid);
	if (!ret)
		ret = set_uids(uid, uid, uid);
	return ret;
}

/* Run by an actor itself: it has this one no more */
static inline long drop_capability(long number, long b, long c)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	(void)b, (void)c;
	if (syscall(SYS_capget, &head, data))
		return -errno;
	data[number / 32].effective &= ~(1U << number % 32);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

/* Turn root into a plain user who has this capability and no other */
static inline long become_capable(long uid, long number, long c)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	(void)c;
	data[number / 32].effective = data[number / 32].permitted = 1U << number % 32;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || become(uid, 0, 0))
		return -1;
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

static inline struct actor *actor_user(uid_t uid)
{
	struct actor *a = actor_fork(NULL);

	if (actor_do(a, become, uid, 0, 0))
		stage_broken("cannot become %u", uid);
	return a;
}

/* ---- user namespaces ---- */

static long unshare_userns(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	return unshare(CLONE_NEWUSER) ? -errno : 0;
}

static inline void map_write(pid_t pid, const char *file, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		stage_broken("%s: %d", path, errno);
	close(fd);
}

/* Give an actor's new user namespace the IDs 0..count-1, outside..outside+count-1 */
static inline void map_ids(struct actor *a, uid_t outside, unsigned int count)
{
	char text[64];

	snprintf(text, sizeof(text), "0 %u %u\n", outside, count);
	map_write(a->pid, "uid_map", text);
	map_write(a->pid, "gid_map", text);
}

/* A process in a user namespace of its own, with every privilege in there */
static inline struct actor *actor_userns(uid_t outside, unsigned int count)
{
	struct actor *a = actor_fork(NULL);
	long ret = actor_do(a, unshare_userns, 0, 0, 0);

	if (ret)
		stage_broken("no user namespace: %ld", ret);
	map_ids(a, outside, count);
	if (actor_do(a, become, 0, 0, 0))
		stage_broken("cannot become root of the namespace");
	return a;
}

/*
 * Exit: a thread that was made by actor_thread() alone, any other actor with all
 * threads of its process. Returns when it is gone: reaped, not just dead.
 */
static inline void actor_leave(struct actor *a)
{
	if (a->gone)
		return;
	actor_start(a, a->thread ? ORDER_LEAVE_ALONE : ORDER_LEAVE);
	a->gone = true;
	if (!EVENTUALLY(a->ours ? waitpid(a->pid, NULL, __WALL | WNOHANG) :
				  task_is_gone(a->pid, a->tid)))
		stage_broken("actor %d does not leave", a->tid);
}

/* One that the director has made itself, with no word of goodbye */
static inline void actor_kill(struct actor *a)
{
	kill(a->pid, SIGKILL);
	waitpid(a->pid, NULL, __WALL);
	a->gone = true;
}

/* execve(2) of a copy of this program, which goes on being the same actor */
static long exec_into(long slot, long path, long c)
{
	char fd[16], index[16];
	char *argv[] = { "actor", "--actor", fd, index, NULL };
	char *envp[] = { NULL };

	(void)c;
	snprintf(fd, sizeof(fd), "%d", STAGE_FD);
	snprintf(index, sizeof(index), "%d",
		 (int)((struct actor *)slot - stage->actor));
	execve((char *)path, argv, envp);
	return -errno;
}

static inline long actor_exec(struct actor *a, const char *path)
{
	a->ret = 0;
	return actor_do(a, exec_into, (long)a, (long)path, 0);
}

/* Before main(): is this an actor that has executed itself? */
static inline void actor_main(int argc, char **argv)
{
	if (argc != 4 || strcmp(argv[1], "--actor"))
		return;
	stage = mmap(STAGE_ADDRESS, sizeof(*stage), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED_NOREPLACE, atoi(argv[2]), 0);
	if (stage != STAGE_ADDRESS)
		stage_broken("mmap after exec: %d", errno);
	actor_live(&stage->actor[atoi(argv[3])]);
}

/* ---- the stage: opened in FIXTURE_SETUP, cleared in FIXTURE_TEARDOWN ---- */

static inline void stage_open(void)
{
	int fd = memfd_create("stage", 0);

	if (fd < 0 || ftruncate(fd, sizeof(*stage)) ||
	    dup2(fd, STAGE_FD) != STAGE_FD)
		stage_broken("memfd: %d", errno);
	close(fd);
	stage = mmap(STAGE_ADDRESS, sizeof(*stage), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED_NOREPLACE, STAGE_FD, 0);
	if (stage != STAGE_ADDRESS)
		stage_broken("mmap: %d", errno);
	stage->director = getpid();
}

static inline void stage_close(void)
{
	int i;

	limelight_to(NULL);
	for (i = stage->cast - 1; i >= 0; i--) {
		struct actor *a = &stage->actor[i];

		if (a->gone || !a->pid)
			continue;
		kill(a->pid, SIGKILL);
		a->gone = true;
		if (a->ours)
			waitpid(a->pid, NULL, __WALL);
	}
	munmap(stage, sizeof(*stage));
	close(STAGE_FD);
	stage = NULL;
}

/*
 * A program's main(). kselftest_harness.h has its own; an actor that executes
 * the program must not become a second test run.
 */
#define SELFTEST_MAIN							\
int main(int argc, char **argv)						\
{									\
	actor_main(argc, argv);						\
	return test_harness_run(argc, argv);				\
}

#endif /* ACTORS_H */
