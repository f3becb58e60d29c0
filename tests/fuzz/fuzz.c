// SPDX-License-Identifier: GPL-2.0-only
/*
 *	fuzz UID SEED CALLS		so many calls, from this seed: TAP
 *	fuzz player UID VARIANT SEED	one player alone, of the seed that the log names
 *	fuzz load UID SEED		calls until SIGTERM, whatever comes of them
 *
 * UID is the first of some user IDs that nobody else uses. PATIENCE_MS is how long a
 * lane may go without a call before it is taken to hang.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct variant variants[] = {
	{ .name = "alone", .lanes = 1, .threads = 1, .share = 15 },
	{ .name = "apart", .lanes = 4, .threads = 1, .share = 30 },
	{ .name = "together", .lanes = 2, .threads = 3, .share = 35, .flickers = true },
	{ .name = "killed", .lanes = 3, .threads = 2, .share = 20, .flickers = true,
	  .killed = true },
};

/* Not so busy that an emulated machine has no time left to patch */
static const struct variant loading = {
	.name = "loading", .lanes = 2, .threads = 2, .flickers = true, .killed = true,
	.pause_us = 20000, .both = true
};

enum { TICK_MS = 100 };

struct stage *stage;
static pid_t lanes[LANES];
static int tests;

static void stage_open(bool make)
{
	int fd = open(STAGE_PATH, O_RDWR | O_CLOEXEC | (make ? O_CREAT | O_TRUNC : 0), 0666);

	if (fd < 0 || (make && (fchmod(fd, 0666) || ftruncate(fd, sizeof(*stage)))))
		_exit(80);
	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (stage == MAP_FAILED)
		_exit(81);
	close(fd);
}

/* This program once more, which whoever executes it becomes somebody else by */
static void make_setuid(void)
{
	char buf[65536];
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(SETUID_PATH, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, n) != n)
			_exit(82);
	if (fchown(to, stage->uid + 1, stage->uid + 1) || fchmod(to, 04755))
		_exit(83);
	close(from);
	close(to);
}

static void prepare(uid_t uid, uint64_t seed)
{
	stage_open(true);
	stage->uid = uid;
	stage->seed = seed;
	make_setuid();
	memory_make();
	limits_begin();
}

static bool report(bool good, const char *what)
{
	printf("%s %d %s.%s\n", good ? "ok" : "not ok", ++tests, stage->variant->name, what);
	fflush(stdout);
	return good;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static long patience_ms(void)
{
	const char *text = getenv("PATIENCE_MS");

	return text && atol(text) > 60000 ? atol(text) : 60000;
}

static void lanes_start(void)
{
	int i;

	fflush(stdout);
	for (i = 0; i < stage->variant->lanes; i++) {
		lanes[i] = fork();
		if (!lanes[i])
			lane_main(i);
	}
}

static bool lane_goes_on(int i, uint64_t *beat, long *since, bool *ended)
{
	uint64_t now = __atomic_load_n(&stage->lane[i].beat, __ATOMIC_RELAXED);

	*ended = *ended || waitpid(lanes[i], NULL, WNOHANG) == lanes[i];
	if (*ended || now != *beat)
		*since = now_ms();
	*beat = now;
	return now_ms() - *since < patience_ms();
}

/* Whoever loads the module meanwhile sees that it is used */
static void tell_calls(uint64_t *told)
{
	uint64_t calls = __atomic_load_n(&stage->calls, __ATOMIC_RELAXED);

	if (calls == *told)
		return;
	*told = calls;
	printf("# %llu calls so far\n", (unsigned long long)calls);
	fflush(stdout);
}

/* Until all lanes have ended; false if one does not go on */
static bool watch(bool tell)
{
	uint64_t told = 0;
	uint64_t beat[LANES] = { 0 };
	bool ended[LANES] = { false };
	long since[LANES];
	struct rng r;
	int i, left;

	rng_seed(&r, stage->seed);
	for (i = 0; i < LANES; i++)
		since[i] = now_ms();
	do {
		usleep(TICK_MS * 1000);
		if (tell)
			tell_calls(&told);
		if (one_in(&r, 4))
			limits_draw(&r);
		for (i = 0, left = 0; i < stage->variant->lanes; i++) {
			if (!lane_goes_on(i, &beat[i], &since[i], &ended[i])) {
				printf("# lane %d does not go on\n", i);
				show_stuck();
				return false;
			}
			left += !ended[i];
		}
	} while (left);
	return true;
}

static void stage_clear(const struct variant *v, uint64_t limit)
{
	stage->variant = v;
	stage->calls = 0;
	stage->limit = limit;
	stage->over = false;
	stage->broken = 0;
	stage->odd = 0;
}

/* Nobody is left who could be waited for when a lane hangs: the machine is of no use then */
static bool run_variant(const struct variant *v, uint64_t calls)
{
	long since = now_ms();

	stage_clear(v, calls * v->share / 100);
	lanes_start();
	if (!report(watch(false), "goes_on"))
		return false;
	printf("# %llu calls, %ld s\n", (unsigned long long)stage->calls,
	       (now_ms() - since) / 1000);
	report(stage->calls >= stage->limit, "all_calls_are_made");
	if (stage->broken)
		printf("# %d, the first with status %#x\n", stage->broken, stage->broken_status);
	report(!stage->broken, "players_end_as_they_should");
	if (stage->odd)
		printf("# %d, the first %s = %ld\n", stage->odd, opdesc[stage->odd_op].name,
		       stage->odd_result);
	report(!stage->odd, "results_are_of_those_there_are");
	report(nothing_is_left(), "nothing_is_left");
	report(still_serves(), "still_serves");
	return true;
}

/* Where the kernel can say it, the calls have been to the module, and led somewhere */
static void report_cover(void)
{
	bool seen = stage->places >= 1000 && stage->kept >= 20;

	printf("# %u places, %u stories that came to new ones\n", stage->places, stage->kept);
	if (cover_exists())
		printf("%s %d steered\n", seen ? "ok" : "not ok", ++tests);
	else
		printf("ok %d steered # SKIP the kernel has no KCOV\n", ++tests);
}

static int run_all(uint64_t calls)
{
	unsigned int i;

	printf("TAP version 13\n1..%zu\n", ARRAY_SIZE(variants) * 6 + 1);
	printf("# seed %llu, %llu calls\n", (unsigned long long)stage->seed,
	       (unsigned long long)calls);
	for (i = 0; i < ARRAY_SIZE(variants); i++)
		if (!run_variant(&variants[i], calls))
			break;
	report_cover();
	limits_end();
	return i < ARRAY_SIZE(variants);
}

static void enough(int signal)
{
	(void)signal;
	__atomic_store_n(&stage->over, true, __ATOMIC_RELAXED);
}

/* The module may come and go meanwhile: all that counts is that calls go on */
static int run_load(void)
{
	bool good;

	stage_clear(&loading, UINT64_MAX);
	signal(SIGTERM, enough);
	lanes_start();
	good = watch(true);
	printf("# %llu calls\n", (unsigned long long)stage->calls);
	if (stage->broken)
		printf("# %d, the first with status %#x\n", stage->broken, stage->broken_status);
	limits_end();
	return !good || stage->broken || !stage->calls;
}

static int run_player(const char *name, uint64_t seed)
{
	int status = -1;
	unsigned int i;
	bool good;
	pid_t pid;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (i = 0; i < ARRAY_SIZE(variants); i++)
		if (!strcmp(variants[i].name, name))
			stage_clear(&variants[i], UINT64_MAX);
	if (!stage->variant)
		return 2;
	pid = fork();
	if (!pid)
		player_main(seed);
	waitpid(pid, &status, 0);
	while (wait(NULL) > 0)
		;
	printf("# %llu calls, status %#x\n", (unsigned long long)stage->calls, status);
	good = nothing_is_left() && !status;
	limits_end();
	return !good;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "again") && argc == 5) {
		stage_open(false);
		my_lane = atoi(argv[3]) % LANES;
		again_main(strtoull(argv[2], NULL, 0), atoi(argv[4]));
	}
	if (argc == 4 && atoi(mode)) {
		prepare(atoi(mode), strtoull(argv[2], NULL, 0));
		judge_begin();
		return run_all(strtoull(argv[3], NULL, 0));
	}
	if (!strcmp(mode, "player") && argc == 5) {
		prepare(atoi(argv[2]), 0);
		judge_begin();
		return run_player(argv[3], strtoull(argv[4], NULL, 0));
	}
	if (!strcmp(mode, "load") && argc == 4) {
		prepare(atoi(argv[2]), strtoull(argv[3], NULL, 0));
		return run_load();
	}
	fprintf(stderr, "usage: fuzz UID SEED CALLS | fuzz player|load ...\n");
	return 2;
}
