/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Races: workers that do the same thing over and over, at the same time, for a
 * bounded time.
 *
 * A worker is a process. It reports what went wrong by race_expect(), which
 * remembers the first failure; the director shows it when the time is up.
 */
#ifndef RACES_H
#define RACES_H

#include "actors.h"
#include "probes.h"

/* What has ended is charged until it is collected: no race that lifts these is about the quota */
static const struct {
	const char *name;
	long most;
} race_limits[] = {
	{ "maxkeys", 1000000 }, { "maxbytes", 1000000000 },
	{ "root_maxkeys", 1000000 }, { "root_maxbytes", 1000000000 },
};

static long race_limits_before[ARRAY_SIZE(race_limits)];

static inline int races_lift_quota(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(race_limits); i++) {
		race_limits_before[i] = sysctl_get(race_limits[i].name);
		ret = sysctl_set(race_limits[i].name, race_limits[i].most);
	}
	return ret;
}

static inline void races_restore_quota(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(race_limits); i++)
		sysctl_set(race_limits[i].name, race_limits_before[i]);
}

/* Is the result a value, or one of these errors? */
#define ONE_OF(ret, ...) ({						\
	static const long errors_[] = { __VA_ARGS__ };			\
	bool one_ = (ret) >= 0;						\
	unsigned int e_;						\
									\
	for (e_ = 0; e_ < ARRAY_SIZE(errors_); e_++)			\
		one_ |= (ret) == -errors_[e_];				\
	one_;								\
})

/*
 * Has the ring, of at most 256 links, one to the key? ring_holds() is for one process at a
 * time.
 */
static inline bool race_holds(int ring, int serial)
{
	int32_t ids[256];
	long bytes = kc_read(ring, ids, sizeof(ids)), i;

	if (bytes > (long)sizeof(ids))
		stage_broken("a ring of %ld bytes", bytes);
	for (i = 0; i < bytes / (long)sizeof(*ids); i++)
		if (ids[i] == serial)
			return true;
	return false;
}

struct race {
	int over;		/* set by the director when time is up */
	int failures;
	int rounds;
	char first[160];	/* the first failure, in words */
};

/* How long each race runs: RACE_SECONDS in the environment, or this */
static inline int race_seconds(void)
{
	const char *text = getenv("RACE_SECONDS");

	return text && atoi(text) > 0 ? atoi(text) : 3;
}

static inline bool race_is_over(struct race *race)
{
	return __atomic_load_n(&race->over, __ATOMIC_RELAXED);
}

static inline void race_round(struct race *race)
{
	__atomic_add_fetch(&race->rounds, 1, __ATOMIC_RELAXED);
}

__attribute__((format(printf, 3, 4)))
static inline bool race_expect(struct race *race, bool good, const char *fmt,
			       ...)
{
	va_list ap;

	if (good)
		return true;
	if (!__atomic_fetch_add(&race->failures, 1, __ATOMIC_SEQ_CST)) {
		va_start(ap, fmt);
		vsnprintf(race->first, sizeof(race->first), fmt, ap);
		va_end(ap);
	}
	return false;
}

/* A short wait of varying length, so that rounds do not fall into step */
static inline void jitter(unsigned int *seed)
{
	int i;

	*seed = *seed * 1103515245 + 12345;
	switch (*seed >> 16 & 3) {
	case 0:
		break;
	case 1:
		sched_yield();
		break;
	case 2:
		for (i = *seed >> 20 & 1023; i > 0; i--)
			asm volatile("pause");
		break;
	default:
		usleep(*seed >> 18 & 511);
	}
}

/*
 * Workers that do one thing at the same moment, look at what came of it together,
 * and do it again: meet() is passed when all of them have come to it. It lies in
 * memory from shared().
 */
struct meeting {
	pthread_barrier_t barrier;
	bool over;
};

static inline int meeting_prepare(struct meeting *meeting, int workers)
{
	pthread_barrierattr_t attr;

	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	return pthread_barrier_init(&meeting->barrier, &attr, workers);
}

static inline void meet(struct meeting *meeting)
{
	pthread_barrier_wait(&meeting->barrier);
}

/* Another round? All workers are told the same. */
static inline bool meet_again(struct meeting *meeting, struct race *race, int worker)
{
	meet(meeting);
	if (!worker) {
		meeting->over = race_is_over(race) || race->failures;
		if (!meeting->over)
			race_round(race);
	}
	meet(meeting);
	return !meeting->over;
}

typedef void (*race_fn)(struct race *race, int worker, long arg);

/*
 * The workers have a minute to end, and no more than seconds when one has failed, for
 * which the others may be waiting.
 */
static inline void race_end(struct race *race, int workers, pid_t pid[])
{
	long until = now_ms() + 60000;
	int i, status, left = workers;

	while (left && now_ms() < until) {
		for (i = 0; i < workers; i++) {
			if (!pid[i] || waitpid(pid[i], &status, WNOHANG) != pid[i])
				continue;
			if (!race_expect(race, !status, "worker %d: status %x", i, status))
				until = now_ms() + 5000;
			pid[i] = 0;
			left--;
		}
		nap_ms(5);
	}
	for (i = 0; i < workers; i++) {
		if (!pid[i])
			continue;
		race_expect(race, false, "worker %d does not end", i);
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
}

/* Run so many workers for so long; each is a process forked by the director */
static inline void race_run(struct race *race, int seconds, int workers,
			    race_fn fn, long arg)
{
	pid_t pid[16];
	int i;

	race->over = 0;
	for (i = 0; i < workers; i++) {
		pid[i] = fork();
		if (pid[i] < 0)
			stage_broken("fork: %d", errno);
		if (!pid[i]) {
			fn(race, i, arg);
			_exit(0);
		}
	}
	nap_ms(seconds * 1000);
	__atomic_store_n(&race->over, 1, __ATOMIC_SEQ_CST);
	race_end(race, workers, pid);
}

/* In a worker: do something in a child process and wait for it */
#define IN_CHILD(statements) do {					\
	pid_t child_ = fork();						\
	int status_;							\
									\
	if (!child_) {							\
		statements;						\
		_exit(0);						\
	}								\
	race_expect(race, child_ > 0 &&					\
			  waitpid(child_, &status_, 0) == child_ &&	\
			  !status_, "a child of a worker failed");	\
} while (0)

#define EXPECT_NO_FAILURES(race) do {					\
	EXPECT_EQ(0, (race)->failures)					\
		TH_LOG("first of %d: %s", (race)->failures,		\
		       (race)->first);					\
	EXPECT_LT(0, (race)->rounds);					\
	TH_LOG("%d rounds", (race)->rounds);				\
} while (0)

#endif /* RACES_H */
