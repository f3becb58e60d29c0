// SPDX-License-Identifier: GPL-2.0-only
/* Workers: the processes that make the calls, and the memory that all of them see. */
#define _GNU_SOURCE
#include "oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../selftests/keyctl_abi.h"

struct stage *stage;
static int workers;

static void futex_sleep(int *word, int value)
{
	struct timespec t = { .tv_nsec = 200000000L };

	syscall(SYS_futex, word, FUTEX_WAIT, value, &t, NULL, 0);
}

/* Until it is no longer the turn of both, or for a moment */
static void await_either(struct worker *a, struct worker *b)
{
	struct futex_waitv words[] = {
		{ .val = 1, .uaddr = (uintptr_t)&a->turn, .flags = FUTEX_32 },
		{ .val = 1, .uaddr = (uintptr_t)&b->turn, .flags = FUTEX_32 },
	};
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += 5000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	syscall(SYS_futex_waitv, words, 2, 0, &t, CLOCK_MONOTONIC);
}

static void turn_over(struct worker *w, int to)
{
	__atomic_store_n(&w->turn, to, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &w->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int whose_turn(const struct worker *w)
{
	return __atomic_load_n(&w->turn, __ATOMIC_SEQ_CST);
}

bool worker_done(const struct worker *w)
{
	return whose_turn(w) != 1;
}

/*
 * On the built-in service the program's own file pins the credentials that it
 * was opened with, thread and process keyring included: hence twice.
 */
static void worker_again(const char *path, const char *number, const char *more)
{
	execl(path, "oracle", "worker", number, more, NULL);
	_exit(1);
}

static void nothing(int sig)
{
	(void)sig;
}

/* Interrupted is a call that waits, and nothing more */
static void be_interruptible(void)
{
	const struct sigaction sa = { .sa_handler = nothing };

	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGCHLD, SIG_IGN);
}

static long enter_kernel(const struct worker *me)
{
	/* What an earlier call has put there could end a text with a zero. */
	memset(BAD_EDGE, 'e', EDGE_BYTES);
	return (me->narrow ? raw_int80 : raw_syscall)
		(me->narrow ? me->nr - NR_KEYCTL + NR32_KEYCTL : me->nr, me->arg[0], me->arg[1],
		 me->arg[2], me->arg[3], me->arg[4]);
}

static void become_other_program(const struct worker *me)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", me->number);
	worker_again(me->arg[0] ? (const char *)me->arg[0] : "/proc/self/exe", number, "1");
}

static void worker_live(struct worker *me)
{
	pid_t pid;

again:
	turn_over(me, 0);
	for (;;) {
		while (whose_turn(me) != 1) {
			futex_sleep(&me->turn, 0);
			if (kill(stage->director, 0) && errno == ESRCH)
				_exit(1);
		}
		switch (me->kind) {
		case DO_CALL:
			me->ret = enter_kernel(me);
			break;
		case DO_FN:
			me->ret = me->fn(me->arg[0], me->arg[1], me->arg[2]);
			break;
		case DO_EXIT:
			_exit(me->arg[0]);
		case DO_FORK:
			pid = fork();
			if (!pid) {
				me = (struct worker *)me->arg[0];
				goto again;
			}
			me->ret = pid;
			break;
		case DO_EXEC:
			become_other_program(me);
		}
		turn_over(me, 0);
	}
}

/* Over in a moment? */
bool worker_rests(struct worker *w)
{
	const struct timespec t = { .tv_nsec = 2000000L };

	if (!worker_done(w))
		syscall(SYS_futex, &w->turn, FUTEX_WAIT, 1, &t, NULL, 0);
	return worker_done(w);
}

struct worker *worker_of(pid_t pid)
{
	int i;

	for (i = 0; i < workers; i++)
		if (stage->worker[i].pid == pid)
			return &stage->worker[i];
	return NULL;
}

/* Nothing that follows would make sense */
void give_up(const char *fmt, ...)
{
	va_list ap;

	put_end();
	printf("!! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	exit(3);
}

void worker_await(struct worker *w)
{
	int n = 0;

	while (!worker_done(w)) {
		futex_sleep(&w->turn, 1);
		if (!worker_done(w) && ++n > 300)
			give_up("W%d hangs", w->number);
	}
}

void worker_begin(struct worker *w, int kind)
{
	w->kind = kind;
	turn_over(w, 1);
}

static void order(struct worker *w, int kind)
{
	worker_begin(w, kind);
	worker_await(w);
}

static struct worker *worker_clear(struct worker *w, int number)
{
	memset(w, 0, sizeof(*w));
	w->number = number;
	w->turn = 1;
	return w;
}

static struct worker *worker_slot(void)
{
	if (workers == MAX_WORKERS)
		give_up("too many workers");
	workers++;
	return worker_clear(&stage->worker[workers - 1], workers - 1);
}

static void worker_start(struct worker *w)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		be_interruptible();
		worker_live(w);
	}
	w->pid = pid;
}

/* A child of a worker, or of the director */
struct worker *worker_fork(struct worker *parent)
{
	struct worker *w = worker_slot();

	w->parent = parent;
	if (parent) {
		parent->arg[0] = (long)w;
		order(parent, DO_FORK);
		w->pid = parent->ret;
	} else {
		worker_start(w);
	}
	worker_await(w);
	return w;
}

struct worker *worker_apart(void)
{
	struct worker *w = worker_clear(&stage->apart, -1);

	worker_start(w);
	worker_await(w);
	return w;
}

static long become(long uid, long gid, long extra)
{
	gid_t groups[1] = { extra };

	if (setgroups(extra >= 0 ? 1 : 0, groups) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	prctl(PR_SET_DUMPABLE, 1);
	return 0;
}

void worker_become(struct worker *w, uid_t uid, gid_t gid, gid_t extra)
{
	long ret = in(w, become, uid, gid, (int)extra);

	if (ret)
		say("!! W%d cannot become %u: %s", w->number, uid, result_name(ret));
}

struct worker *worker_user(uid_t uid, gid_t gid, gid_t extra)
{
	struct worker *w = worker_fork(NULL);

	worker_become(w, uid, gid, extra);
	return w;
}

static long become_root(long uid, long b, long c)
{
	(void)b, (void)c;
	return setgroups(0, NULL) || setresuid(uid, 0, 0) ? -errno : 0;
}

/* Root with a real UID of its own, so that no other scenario has had its rings */
struct worker *worker_root(uid_t uid)
{
	struct worker *w = worker_fork(NULL);

	in(w, become_root, uid, 0, 0);
	return w;
}

void worker_exec(struct worker *w, const char *path)
{
	w->arg[0] = P(path);
	order(w, DO_EXEC);
}

static int stage_map(int fd)
{
	void *p = mmap(STAGE_ADDRESS, sizeof(*stage), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);

	if (p != STAGE_ADDRESS)
		return -1;
	stage = p;
	mmap(EDGE_ADDRESS, 4096, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	memset(EDGE_ADDRESS, 'e', 4096);
	return 0;
}

static void stage_enter(void)
{
	int fd = open(STAGE_PATH, O_RDWR | O_CLOEXEC);

	if (fd < 0 || stage_map(fd))
		_exit(1);
	close(fd);
	be_interruptible();
}

void worker_main(const char *number, bool again)
{
	if (again)
		worker_again("/proc/self/exe", number, NULL);
	stage_enter();
	worker_live(&stage->worker[atoi(number)]);
	_exit(0);
}

/* Whose child it is reaps it */
static void worker_await_end(struct worker *w)
{
	int n;

	if (waitpid(w->pid, NULL, 0) < 0) {
		for (n = 0; !kill(w->pid, 0); n++) {
			if (n > PATIENCE)
				give_up("W%d does not end", w->number);
			usleep(n < 100 ? 100 : 1000);
		}
		usleep(100);	/* it may not have done with that yet */
	}
	w->pid = 0;
	while (workers && !stage->worker[workers - 1].pid)
		workers--;
}

void worker_exit(struct worker *w, int status)
{
	if (!w->pid)
		return;
	clock_hold();
	w->arg[0] = status;
	worker_begin(w, DO_EXIT);
	worker_await_end(w);
}

void worker_end(struct worker *w)
{
	worker_exit(w, 0);
}

void worker_kill(struct worker *w)
{
	clock_hold();
	kill(w->pid, SIGKILL);
	worker_await_end(w);
}

void worker_interrupt(struct worker *w)
{
	kill(w->pid, SIGUSR1);
}

void workers_end(void)
{
	while (workers) {
		if (stage->worker[workers - 1].pid)
			worker_end(&stage->worker[workers - 1]);
		else
			workers--;
	}
	stage->used = 0;
}

bool workers_left(void)
{
	return workers < MAX_WORKERS - 4;
}

/* ---- helpers ---- */

/* By the name that the kernel knows, this program is the helper */
void helper_install(void)
{
	char self[256] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		exit(3);
	unlink(HELPER_PATH);
	if (symlink(self, HELPER_PATH))
		exit(3);
}

/*
 * Nobody expects a helper: then it is one that fails. Else it is a worker that
 * waits to be told what to do.
 */
void helper_main(char **argv)
{
	struct worker *me;
	int number, i;

	stage_enter();
	number = __atomic_exchange_n(&stage->helper, -1, __ATOMIC_SEQ_CST);
	if (number < 0)
		_exit(1);
	me = &stage->worker[number];
	for (i = 0; i < HELPER_ARGS && argv[i]; i++)
		snprintf(me->argv[i], sizeof(me->argv[i]), "%s", argv[i]);
	me->pid = getpid();
	worker_live(me);
	_exit(0);
}

struct worker *helper_expect(void)
{
	struct worker *w = worker_slot();

	__atomic_store_n(&stage->helper, w->number, __ATOMIC_SEQ_CST);
	return w;
}

long helper_key(const struct worker *helper)
{
	return atol(helper->argv[2]);
}

/* Or has to wait for a key that another helper makes */
static bool helper_will_come(struct worker *helper, struct worker *requester)
{
	int n;

	for (n = 0; !worker_done(helper) && !worker_done(requester); n++) {
		await_either(helper, requester);
		if (n && call_waits_for_key(requester))
			break;
		if (n > PATIENCE)
			give_up("there comes no helper for W%d", requester->number);
	}
	return worker_done(helper);
}

bool helper_comes(struct worker *helper, struct worker *requester)
{
	int i;

	if (!helper_will_come(helper, requester)) {	/* last in, first out */
		__atomic_store_n(&stage->helper, -1, __ATOMIC_SEQ_CST);
		workers--;
		return false;
	}
	put("W%d is the helper:", helper->number);
	for (i = 1; i < HELPER_ARGS; i++)
		put(" %s", i == 1 || i == 3 || i == 4 ? helper->argv[i] :
		    key_name(atol(helper->argv[i])));
	put_end();
	return true;
}

/* ---- the stage ---- */

void stage_make(void)
{
	int fd = open(STAGE_PATH, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || fchmod(fd, 0666) || ftruncate(fd, sizeof(*stage)) || stage_map(fd))
		exit(3);
	close(fd);
	stage->director = getpid();
	stage->helper = -1;
}

void *room(size_t bytes)
{
	void *p = stage->arena + stage->used;

	bytes = (bytes + 15) & ~15UL;
	if (stage->used + bytes > ARENA_BYTES)
		give_up("the arena is full");
	stage->used += bytes;
	return p;
}

char *text(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	s = room(n + 1);
	va_start(ap, fmt);
	vsnprintf(s, n + 1, fmt, ap);
	va_end(ap);
	return s;
}
