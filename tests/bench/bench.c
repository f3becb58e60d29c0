// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions per operation of add_key(2), request_key(2), keyctl(2) and of
 * what they make processes pay. Prints "row value unit" lines; lines that
 * begin with "#" explain. Runs on whatever serves the three system calls: the
 * table of both sides is made by run.sh. How it counts: meter.c.
 *
 * Each set of rows runs in a process of its own, as an ordinary user, with
 * a fresh session keyring, so that rows do not see each other's keys.
 */
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "sysc.h"

struct options opt = {
	.rounds = 7,
	.seed = 1,
	.big = 100000,
	.filter = "",
};

static const struct rowset *const rowsets[] = {
	&rows_memory,
	&rows_base, &rows_keys, &rows_links,
	&rows_search_10, &rows_search_1k, &rows_nested,
	&rows_join, &rows_join_10k, &rows_death, &rows_proc,
	&rows_search_100k,
	&rows_task, &rows_task_session,
	&rows_uids,
};

#define N_ROWSETS	(sizeof(rowsets) / sizeof(rowsets[0]))

/* Limits that a stock system sets too low for the large rows. */
static struct {
	const char *name;
	const char *value;
	char old[32];
} sysctls[] = {
	{ "maxkeys", "1000000" }, { "maxbytes", "1000000000" },
	{ "root_maxkeys", "1000000" }, { "root_maxbytes", "1000000000" },
	/* With 0 the built-in never unlinks revoked keys from a live ring. */
	{ "gc_delay", "1" },
};

#define N_SYSCTLS	(sizeof(sysctls) / sizeof(sysctls[0]))

static FILE *sysctl_open(const char *sysctl, const char *mode)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/kernel/keys/%s", sysctl);
	f = fopen(path, mode);
	if (!f)
		die(path, 0);
	return f;
}

static void sysctl_write(const char *sysctl, const char *value)
{
	FILE *f = sysctl_open(sysctl, "w");

	fputs(value, f);
	fclose(f);
}

static void limits_raise(void)
{
	for (size_t i = 0; i < N_SYSCTLS; i++) {
		FILE *f = sysctl_open(sysctls[i].name, "r");

		if (!fgets(sysctls[i].old, sizeof(sysctls[i].old), f))
			die(sysctls[i].name, 0);
		fclose(f);
		sysctl_write(sysctls[i].name, sysctls[i].value);
	}
}

static void limits_restore(void)
{
	for (size_t i = 0; i < N_SYSCTLS; i++)
		sysctl_write(sysctls[i].name, sysctls[i].old);
}

static bool any_wanted(const struct rowset *set)
{
	for (const char *const *row = set->rows; *row; row++)
		if (wanted(*row))
			return true;
	return false;
}

static bool run_rowset(const struct rowset *set)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = must(fork(), "fork");
	if (!pid) {
		if (!set->as_root) {
			must(setgroups(0, NULL), "setgroups");
			must(setresgid(BENCH_UID, BENCH_UID, BENCH_UID), "gid");
			must(setresuid(BENCH_UID, BENCH_UID, BENCH_UID), "uid");
		}
		set->run();
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("wait", 0);
	settle();
	if (status)
		printf("# %s and what follows it: failed, status %#x\n",
		       set->rows[0], status);
	return !status;
}

static void list_rows(void)
{
	for (size_t i = 0; i < N_ROWSETS; i++)
		for (const char *const *row = rowsets[i]->rows; *row; row++)
			puts(*row);
}

/* Address randomisation changes page tables and with them fork and exec. */
static void fixed_addresses(char **argv)
{
	int was = personality(0xffffffff);

	if (was >= 0 && !(was & ADDR_NO_RANDOMIZE) &&
	    personality(was | ADDR_NO_RANDOMIZE) >= 0)
		execv("/proc/self/exe", argv);
}

static void usage(void)
{
	fputs("usage: bench [--filter PART-OF-ROW] [--rounds N] [--seed N] [--big KEYS] [--list]\n",
	      stderr);
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "filter", required_argument, NULL, 'f' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ "big", required_argument, NULL, 'b' },
		{ "list", no_argument, NULL, 'l' },
		{ },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			opt.filter = optarg;
			break;
		case 'r':
			opt.rounds = atoi(optarg);
			break;
		case 's':
			opt.seed = strtoul(optarg, NULL, 0);
			break;
		case 'b':
			opt.big = atol(optarg);
			break;
		case 'l':
			list_rows();
			exit(0);
		default:
			usage();
		}
	}
	if (opt.rounds < 1 || opt.rounds > 99 || opt.big < 10000 ||
	    optind < argc)
		usage();
}

int main(int argc, char **argv)
{
	bool good = true;

	fixed_addresses(argv);
	parse(argc, argv);
	limits_raise();
	meter_init();
	for (size_t i = 0; i < N_ROWSETS; i++)
		if (any_wanted(rowsets[i]))
			good &= run_rowset(rowsets[i]);
	limits_restore();
	return good ? 0 : 1;
}
