/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stage: what the director (the process that runs a test) and its actors
 * share, how long anything waits, and UIDs that nobody has used.
 *
 * The stage is one mapping. It lies at a fixed address, and the programs are
 * linked without -pie, so that pointers to functions, string literals and anything
 * from shared() mean the same to all of them, even after an actor has executed
 * another copy of the test program (actor_exec()).
 *
 * Pointers to the director's stack or heap mean nothing to an actor: take
 * buffers for ON() from shared().
 */
#ifndef STAGE_H
#define STAGE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/*
 * Everything that waits gives up after so many milliseconds: no test hangs. On
 * the built-in service, where things never happen that some tests wait for, a
 * smaller PATIENCE_MS in the environment saves time.
 */
static long patience_ms = 60000;

static __attribute__((constructor)) void patience_prepare(void)
{
	const char *text = getenv("PATIENCE_MS");

	if (text && atol(text) > 0)
		patience_ms = atol(text);
}

/* The harness's half minute is short where a kernel with KASAN is emulated. */
#ifdef TEST_TIMEOUT_DEFAULT
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120
#endif

enum { MAX_ACTORS = 64, STORE_BYTES = 2 << 20, STAGE_FD = 900 };

#ifdef __x86_64__
#define STAGE_ADDRESS ((void *)0x1000000000UL)
#else
#define STAGE_ADDRESS ((void *)0x50000000UL)
#endif

enum turn { TURN_BIRTH, TURN_DIRECTOR, TURN_ACTOR };
enum order { ORDER_SYSCALL, ORDER_CALL, ORDER_LEAVE, ORDER_LEAVE_ALONE };

typedef long (*actor_fn)(long a, long b, long c);

struct actor {
	int turn;		/* futex word: whose move it is */
	enum order order;
	long nr, arg[5];	/* ORDER_SYSCALL */
	actor_fn fn;		/* ORDER_CALL, with arg[0..2] */
	long ret;
	pid_t pid, tid;
	bool ours;		/* child of the director, which has to reap it */
	bool thread;		/* of another actor's process */
	bool gone;
};

struct stage {
	pid_t director;
	int cast;
	struct actor actor[MAX_ACTORS];
	size_t used;
	char store[STORE_BYTES];
};

static struct stage *stage;

#define stage_broken(fmt, ...) do {					\
	fprintf(stderr, "# stage: " fmt " (%s:%d)\n", ##__VA_ARGS__,	\
		__FILE__, __LINE__);					\
	abort();							\
} while (0)

static inline void nap_ms(int ms)
{
	struct timespec t = { .tv_sec = ms / 1000,
			      .tv_nsec = (ms % 1000) * 1000000L };

	nanosleep(&t, NULL);
}

static inline long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

/* Evaluate a condition until it holds; false if it never did */
#define EVENTUALLY(condition) ({					\
	long until_ = now_ms() + patience_ms;				\
	bool held_;							\
									\
	while (!(held_ = (condition)) && now_ms() < until_)		\
		nap_ms(5);						\
	held_;								\
})

/*
 * Memory that the director and its actors see at the same address. Freed with
 * the stage.
 */
static inline void *shared(size_t bytes)
{
	void *p = stage->store + stage->used;

	bytes = (bytes + 15) & ~15UL;
	if (stage->used + bytes > STORE_BYTES)
		stage_broken("the store is full");
	stage->used += bytes;
	return p;
}

__attribute__((format(printf, 1, 2)))
static inline char *shared_text(const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	text = shared(len + 1);
	va_start(ap, fmt);
	vsnprintf(text, len + 1, fmt, ap);
	va_end(ap);
	return text;
}

/* ---- UIDs that nobody has used since the machine started ---- */

/*
 * Each run of each program has a range of its own, chosen by its PID, because
 * the built-in subsystem never forgets a UID that has once had keyrings.
 */
enum { FIRST_UID = 20000, UIDS_PER_RUN = 4096 };

static unsigned int *uids_taken;	/* shared by all tests of this program */
static uid_t uids_base;

static __attribute__((constructor)) void uids_prepare(void)
{
	uids_taken = mmap(NULL, sizeof(*uids_taken), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uids_base = FIRST_UID + (getpid() % 32768) * UIDS_PER_RUN;
}

/* The first of so many fresh UIDs in a row */
static inline uid_t fresh_uids(unsigned int count)
{
	unsigned int n = __sync_fetch_and_add(uids_taken, count);

	if (n + count > UIDS_PER_RUN)
		stage_broken("out of UIDs");
	return uids_base + n;
}

static inline uid_t fresh_uid(void)
{
	return fresh_uids(1);
}

#endif /* STAGE_H */
