// SPDX-License-Identifier: GPL-2.0-only
/*
 * What things weigh: growth of kernel memory (slab, vmalloc, per-CPU) divided
 * by their number. Slab pages come whole, so numbers are large; caches are
 * shrunk first, or free slots left by earlier rows would hide what is taken.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "sysc.h"

#define MANY		20000
#define SESSIONS	1000

static long ring, other;
static long *serials;

static double meminfo(const char *label)
{
	char line[256];
	double kib = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		die("/proc/meminfo", 0);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, label, strlen(label)))
			kib = strtod(line + strlen(label), NULL);
	fclose(f);
	return kib * 1024;
}

static void shrink_caches(void)
{
	DIR *dir = opendir("/sys/kernel/slab");
	const struct dirent *cache;
	char path[512];
	int fd;

	while (dir && (cache = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink",
			 cache->d_name);
		fd = open(path, O_WRONLY);
		if (fd < 0)
			continue;
		if (write(fd, "1", 1) != 1)
			printf("# %s cannot be shrunk\n", cache->d_name);
		close(fd);
	}
	if (dir)
		closedir(dir);
}

static double in_use(void)
{
	settle();
	shrink_caches();
	return meminfo("Slab:") + meminfo("VmallocUsed:") + meminfo("Percpu:");
}

static void weigh(const char *row, long n, void (*make)(long n))
{
	double before = in_use();

	make(n);
	report(row, (in_use() - before) / n, "bytes");
}

static void make_keys(long n)
{
	for (long i = 0; i < n; i++)
		serials[i] = new_key(i, ring);
}

static void make_links(long n)
{
	for (long i = 0; i < n; i++)
		must(k_link(serials[i], other), "link");
}

static void make_rings(long n)
{
	for (long i = 0; i < n; i++)
		must(k_ring(name(i), ring), "keyring");
}

/* Processes that wait, then join a session of their own and wait again. */
static pid_t sleepers[SESSIONS];
static int joined[2];

static void join_and_tell(int sig)
{
	(void)sig;
	k_join(NULL);
	if (write(joined[1], "", 1) != 1)
		_exit(1);
}

static void start_sleepers(void)
{
	must(pipe(joined), "pipe");
	signal(SIGUSR1, join_and_tell);
	for (int i = 0; i < SESSIONS; i++) {
		sleepers[i] = must(fork(), "fork");
		if (!sleepers[i])
			for (;;)
				pause();
	}
}

static void make_sessions(long n)
{
	char byte;

	for (long i = 0; i < n; i++) {
		kill(sleepers[i], SIGUSR1);
		if (read(joined[0], &byte, 1) != 1)
			die("a process does not join", 0);
	}
}

static void stop_sleepers(void)
{
	for (int i = 0; i < SESSIONS; i++)
		kill(sleepers[i], SIGKILL);
	while (wait(NULL) > 0)
		;
}

static void run_memory(void)
{
	serials = calloc(MANY, sizeof(*serials));
	descs_make(MANY);
	names_make(MANY);
	ring = new_session();
	other = must(k_ring("other", ring), "keyring");

	weigh("mem.key_and_link", MANY, make_keys);
	weigh("mem.link", MANY, make_links);
	must(k_clear(ring), "clear");
	settle();
	weigh("mem.ring_and_link", MANY, make_rings);
	must(k_clear(ring), "clear");

	start_sleepers();
	weigh("mem.session", SESSIONS, make_sessions);
	stop_sleepers();
}

const struct rowset rows_memory = {
	.rows = (const char *const[]){
		"mem.key_and_link", "mem.link", "mem.ring_and_link",
		"mem.session", NULL },
	.run = run_memory,
	.as_root = true,
};
