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
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "sysc.h"

#define MANY		20000
#define SESSIONS	4000
#define UIDS		4000
#define FIRST_UID	100000
#define FAR		1009	/* UIDs of which no two are neighbours */

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

/* Processes that wait, and do what a signal tells them. */
static pid_t sleepers[SESSIONS];
static int done[2];

static void join_and_tell(int sig)
{
	if (sig == SIGUSR1)
		k_join(NULL);
	else
		k_ctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1, 0, 0);
	if (write(done[1], "", 1) != 1)
		_exit(1);
}

static void make_processes(long n)
{
	for (long i = 0; i < n; i++) {
		sleepers[i] = must(fork(), "fork");
		if (!sleepers[i])
			for (;;)
				pause();
	}
}

static void signal_all(long n, int sig)
{
	char byte;

	for (long i = 0; i < n; i++) {
		kill(sleepers[i], sig);
		if (read(done[0], &byte, 1) != 1)
			die("a process does not answer", 0);
	}
}

static void make_sessions(long n)
{
	signal_all(n, SIGUSR1);
}

static void make_process_rings(long n)
{
	signal_all(n, SIGUSR2);
}

static void stop_sleepers(void)
{
	for (int i = 0; i < SESSIONS; i++)
		kill(sleepers[i], SIGKILL);
	while (wait(NULL) > 0)
		;
}

static void weigh_processes(void)
{
	must(pipe(done), "pipe");
	signal(SIGUSR1, join_and_tell);
	signal(SIGUSR2, join_and_tell);
	weigh("mem.process", SESSIONS, make_processes);
	weigh("mem.session", SESSIONS, make_sessions);
	weigh("mem.process_ring", SESSIONS, make_process_rings);
	stop_sleepers();
}

/*
 * UIDs that exist because of a file that each has opened: what is weighed is
 * their two keyrings and what goes with them.
 */
static int files[UIDS];
static long step;

static void act_as(long uid)
{
	must(syscall(SYS_setresuid, uid, -1, -1), "setresuid");
}

static void open_files(void)
{
	struct rlimit limit = { UIDS + 100, UIDS + 100 };

	must(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
	for (long i = 0; i < UIDS; i++) {
		act_as(step * (FIRST_UID + i));
		files[i] = must(open("/dev/null", O_RDONLY | O_CLOEXEC), "open");
	}
	act_as(0);
}

static void make_uid_rings(long n)
{
	for (long i = 0; i < n; i++) {
		act_as(step * (FIRST_UID + i));
		must(k_ctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_SESSION_KEYRING, 1,
			   0, 0), "@us");
	}
	act_as(0);
}

static void weigh_uids(const char *row, long distance)
{
	step = distance;
	open_files();
	weigh(row, UIDS, make_uid_rings);
	for (long i = 0; i < UIDS; i++)
		close(files[i]);
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

	weigh_processes();
}

/* The last of all: the built-in keeps the rings, and every collection looks at them. */
static void run_uids(void)
{
	weigh_uids("mem.uid", 1);
	weigh_uids("mem.uid_scattered", FAR);
}

const struct rowset rows_memory = {
	.rows = (const char *const[]){
		"mem.key_and_link", "mem.link", "mem.ring_and_link",
		"mem.process", "mem.session", "mem.process_ring", NULL },
	.run = run_memory,
	.as_root = true,
};

const struct rowset rows_uids = {
	.rows = (const char *const[]){ "mem.uid", "mem.uid_scattered", NULL },
	.run = run_uids,
	.as_root = true,
};
