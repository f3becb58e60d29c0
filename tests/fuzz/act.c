// SPDX-License-Identifier: GPL-2.0-only
/* A story is played: its calls are made, and what lies between them happens. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

enum { MAX_DEPTH = 2 };

void thread_begin(struct thread *t, int number, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	t->number = number;
	rng_seed(&t->rng, seed);
	t->pad = PADS + number * PAD_BYTES;
	t->uid = getuid();
	t->fail_nth = open("/proc/thread-self/fail-nth", O_WRONLY | O_CLOEXEC);
}

/* ---- calls ---- */

static int *slot_at(struct thread *t, int slot)
{
	return slot < OWN ? &t->own[slot] : &stage->common[slot - OWN];
}

static void look_up(struct thread *t, const struct step *s, long *a)
{
	int i;

	for (i = 0; i < 6; i++)
		if (s->slot[i] == IN_PAD)
			a[i] = (long)t->pad + s->arg[i];
		else if (s->slot[i] == NO_SLOT)
			a[i] = s->arg[i];
		else
			a[i] = __atomic_load_n(slot_at(t, s->slot[i]), __ATOMIC_RELAXED);
}

/*
 * The first key of each thread is the exponent of its Diffie-Hellman calls, and stays a
 * short one: with a long exponent of a long number the kernel is busy for minutes.
 */
static void keep_short(const struct step *s, long *a)
{
	if (s->op == ADD_KEY && s->into == OWN_RINGS) {
		a[1] = (long)"short";
		a[3] &= 15;
	} else if (s->op == UPDATE && s->slot[0] == OWN_RINGS) {
		a[2] &= 15;
	}
}

static long enter(const struct step *s, const long *a)
{
	long nr = op_number(s->op), arg[5];

	op_lay_out(s->op, a, arg);
	if (s->op == NO_SUCH_OP)
		arg[0] = s->extra;
	if (s->narrow)
		return raw_int80(nr - NR_KEYCTL + NR32_KEYCTL, arg[0], arg[1], arg[2], arg[3], arg[4]);
	return raw_syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4]);
}

/*
 * From here on the nth allocation of this task fails; 0: none. No signal comes meanwhile,
 * for a handler that cannot be entered is the end of the process.
 */
static void let_fail(struct thread *t, int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);
	sigset_t alarms;

	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	if (nth)
		sigprocmask(SIG_BLOCK, &alarms, NULL);
	if (t->fail_nth >= 0 && write(t->fail_nth, text, len) < 0)
		t->fail_nth = -1;
	if (!nth)
		sigprocmask(SIG_UNBLOCK, &alarms, NULL);
}

/* What would restart the call is the kernel's own business */
static bool is_odd(const struct step *s, long ret)
{
	return ret < -4095 || ret == -512 || ret == -513 || ret == -514 || ret == -516 ||
	       (ret == -ENOSYS && s->op != NO_SUCH_OP && s->op >= ADD_KEY);
}

static void take_note(struct thread *t, const struct step *s, long ret)
{
	if (is_odd(s, ret) && !__atomic_fetch_add(&stage->odd, 1, __ATOMIC_SEQ_CST)) {
		stage->odd_op = s->op;
		stage->odd_result = ret;
	}
	if (!opdesc[s->op].gives_id || ret <= 0)
		return;
	t->own[s->into] = ret;
	if (s->extra % 4 == 0 && s->into != OWN_RINGS)
		__atomic_store_n(&stage->common[s->extra / 4 % COMMON], (int)ret, __ATOMIC_RELAXED);
}

static void call_make(struct thread *t, const struct step *s)
{
	struct rng r;
	long a[6], ret;

	if (strpbrk(opdesc[s->op].args, "pv")) {
		rng_seed(&r, s->extra);
		pad_fill(&r, t->pad, t, s->narrow, s->op == DH_COMPUTE);
	}
	look_up(t, s, a);
	keep_short(s, a);
	if (s->nth)
		let_fail(t, s->nth);
	ret = enter(s, a);
	if (s->nth)
		let_fail(t, 0);
	take_note(t, s, ret);
	__atomic_add_fetch(&stage->calls, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&stage->lane[my_lane].beat, 1, __ATOMIC_RELAXED);
}

/* ---- events ---- */

/* True in a child, which goes on with the story by itself and ends with it */
static bool branch_off(struct thread *t)
{
	if (t->depth >= MAX_DEPTH || fork())
		return false;
	t->depth++;
	t->child = true;
	t->fail_nth = -1;
	return true;
}

static void execute(struct thread *t, const char *path, uint64_t seed)
{
	char number[24], lane[8], depth[8];

	if (!branch_off(t))
		return;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)seed);
	snprintf(lane, sizeof(lane), "%d", my_lane);
	snprintf(depth, sizeof(depth), "%d", t->depth);
	execl(path, "fuzz", "again", number, lane, depth, NULL);
	_exit(0);
}

/* Of this thread alone, as the calls themselves have it */
static void change_ids(struct thread *t, uint64_t extra)
{
	uid_t uid = stage->uid + extra % UIDS;

	if (extra & 1 << 20)
		uid = t->uid;
	if (extra & 1 << 21)
		syscall(SYS_setfsuid, uid);
	else if (t->child && extra & 1 << 22)
		syscall(SYS_setresuid, uid, uid, uid);
	else
		syscall(SYS_setresuid, -1, uid, -1);
}

static void restore_ids(struct thread *t)
{
	syscall(SYS_setresuid, -1, t->uid, -1);
	syscall(SYS_setfsuid, t->uid);
}

static void map_root(uid_t uid)
{
	char map[48];
	int fd, len = snprintf(map, sizeof(map), "0 %u 1", uid);

	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, map, len) < 0)
		errno = 0;	/* then it is nobody there */
	close(fd);
}

static void new_namespace(struct thread *t)
{
	uid_t uid = geteuid();

	if (!branch_off(t) || syscall(SYS_unshare, CLONE_NEWUSER))
		return;
	map_root(uid);
	t->uid = getuid();
}

static void set_alarm(uint64_t extra)
{
	struct itimerval t = { .it_value.tv_usec = 20 + extra % 4000 };

	setitimer(ITIMER_REAL, &t, NULL);
}

static void list(uint64_t extra)
{
	char buf[2048];
	int i, fd = open(extra & 1 ? "/proc/keys" : "/proc/key-users", O_RDONLY | O_CLOEXEC);

	for (i = 0; i < 8 && fd >= 0; i++) {
		if (extra & 2 << i)
			lseek(fd, (extra >> 20) % 3000, SEEK_SET);
		if (read(fd, buf, 1 + (extra >> 32) % sizeof(buf)) <= 0)
			break;
	}
	close(fd);
}

static void happen(struct thread *t, const struct step *s)
{
	switch (s->event) {
	case FORK:
		branch_off(t);
		break;
	case EXEC:
		execute(t, "/proc/self/exe", s->extra);
		break;
	case EXEC_SETUID:
		execute(t, SETUID_PATH, s->extra);
		break;
	case LEAVE:
		if (t->child)
			_exit(0);
		break;
	case KILLED:
		if (t->child)
			kill(getpid(), SIGKILL);
		break;
	case NEW_IDS:
		change_ids(t, s->extra);
		break;
	case NEW_NAMESPACE:
		new_namespace(t);
		break;
	case ALARM:
		set_alarm(s->extra);
		break;
	case LIST:
		list(s->extra);
		break;
	case NAP:
		usleep(s->extra % 500);
		break;
	}
}

void story_act(struct thread *t, const struct story *s)
{
	unsigned int i, count = s->count < STEPS ? s->count : STEPS;

	for (i = 0; i < count; i++)
		if (s->step[i].event == CALL && s->step[i].op < OPS)
			call_make(t, &s->step[i]);
		else
			happen(t, &s->step[i]);
	if (t->child)
		_exit(0);
	restore_ids(t);
}
