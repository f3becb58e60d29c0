/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults: the next allocations, and copies from and to user space, that a task
 * makes in a piece of code are counted, and one of them is made to fail.
 *
 * A kernel built for it counts the calls of a task that may fail down from the
 * number in its fail-nth file and lets the one at zero fail. Only those count
 * that have an address of the code that is meant on their stack.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include "actors.h"
#include "probes.h"

#define FAULT_DIR "/sys/kernel/debug/"

enum { MOST_FAULTS = 400 };

/* ---- the kernel's switches ---- */

static bool fault_set(const char *what, const char *file, unsigned long value)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), FAULT_DIR "%s/%s", what, file);
	f = fopen(path, "we");
	if (!f)
		return false;
	fprintf(f, "%#lx", value);
	return !fclose(f);
}

/* From a symbol to the next one, as the kernel lists them */
static bool text_of(const char *symbol, unsigned long *start, unsigned long *end)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long address;
	char line[256], name[128];

	*start = *end = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx %*c %127s", &address, name) != 2)
			continue;
		if (!strcmp(name, symbol))
			*start = address;
		else if (*start && address > *start && (!*end || address < *end))
			*end = address;
	}
	if (f)
		fclose(f);
	return *end;
}

/* Whether there is a key service without the module, and types of keys with it */
static bool kernel_has_keys(void)
{
	unsigned long start, end;

	return text_of("register_key_type", &start, &end);
}

/*
 * What kmemleak notes of each allocation is an allocation, too, which makes no
 * difference to anybody when it fails: leave it out. Once for each boot.
 */
static bool fault_not_of_kmemleak(void)
{
	char text[32] = "";
	unsigned long start, end;

	if (slurp_into((long)FAULT_DIR "failslab/reject-start", (long)text, sizeof(text)) > 0 &&
	    strtoul(text, NULL, 0))
		return true;
	return !text_of("__create_object", &start, &end) ||
	       (fault_set("failslab", "reject-start", start) &&
		fault_set("failslab", "reject-end", end));
}

static bool fault_points_at(const char *what, unsigned long start, unsigned long end)
{
	return fault_set(what, "verbose", 0) && fault_set(what, "probability", 0) &&
	       fault_set(what, "require-start", start) && fault_set(what, "require-end", end);
}

static bool fault_flag(const char *what, const char *file, char flag)
{
	char path[96];
	int fd;
	bool done;

	snprintf(path, sizeof(path), FAULT_DIR "%s/%s", what, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, &flag, 1) == 1;
	close(fd);
	return done;
}

/* Only what has an address from start on and below end on its stack may fail */
static bool faults_within(unsigned long start, unsigned long end)
{
	return fault_not_of_kmemleak() && fault_points_at("failslab", start, end) &&
	       fault_points_at("fail_page_alloc", start, end) &&
	       fault_points_at("fail_usercopy", start, end) &&
	       fault_flag("failslab", "ignore-gfp-wait", 'N') &&
	       fault_flag("failslab", "cache-filter", 'N') &&
	       fault_flag("fail_page_alloc", "ignore-gfp-wait", 'N') &&
	       fault_flag("fail_page_alloc", "ignore-gfp-highmem", 'N') &&
	       fault_set("fail_page_alloc", "min-order", 0);
}

/* Where the module's code is */
static bool module_text(unsigned long *start, unsigned long *end)
{
	char modules[4096], *line;
	unsigned long size;

	slurp_into((long)"/proc/modules", (long)modules, sizeof(modules));
	line = strstr(modules, "keyrings ");
	if (!line || sscanf(line, "keyrings %lu %*d %*s %*s %lx", &size, start) != 2)
		return false;
	*end = *start + size;
	return true;
}

static bool kernel_injects(void)
{
	return !access("/proc/self/fail-nth", F_OK) && !access(FAULT_DIR "failslab", F_OK);
}

/* ---- in the process whose call fails ---- */

static int nth_fd = -1;

/* The file is that of the task that opens it, for good */
static long nth_open(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return nth_fd < 0 ? -errno : 0;
}

static void nth_set(int n)
{
	char text[16];
	int len = sprintf(text, "%d", n);

	if (pwrite(nth_fd, text, len, 0) != len)
		stage_broken("fail-nth: %d", errno);
}

static int nth_left(void)
{
	char text[16] = "";

	return pread(nth_fd, text, sizeof(text) - 1, 0) > 0 ? atoi(text) : -1;
}

/* ---- faults that fail-nth is not enough for ---- */

enum { SLABS, PAGES, KINDS };

static const char *const fault_kinds[KINDS] = { "failslab", "fail_page_alloc" };
static int times_fd[KINDS] = { -1, -1 };

/* As many of a kind fail as there is still to fail, -1: all. At first none. */
static void times_set(int kind, int times)
{
	char text[16];
	int len = sprintf(text, "%d", times);

	if (write(times_fd[kind], text, len) != len)
		stage_broken("times: %d", errno);
}

static bool times_open(int kind)
{
	char path[96];

	snprintf(path, sizeof(path), FAULT_DIR "%s/times", fault_kinds[kind]);
	close(times_fd[kind]);
	times_fd[kind] = open(path, O_RDWR | O_CLOEXEC);
	if (times_fd[kind] < 0)
		return false;
	times_set(kind, 0);
	return fault_flag(fault_kinds[kind], "task-filter", 'Y') &&
	       fault_set(fault_kinds[kind], "probability", 100);
}

/*
 * Where the kernel tries another way when there is no memory, as xa_store() does, one
 * fault changes nothing. After this a fault of this task, or of one that it makes, may
 * be followed by others: faults_go_on().
 */
static bool faults_can_go_on(void)
{
	int fd = open("/proc/thread-self/make-it-fail", O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, "1", 1) == 1;

	close(fd);
	return done && times_open(SLABS) && times_open(PAGES);
}

/* From the fault on that fail-nth is set to, everything fails; or no more does */
static void faults_go_on(bool on)
{
	times_set(SLABS, on ? -1 : 0);
	times_set(PAGES, on ? -1 : 0);
}

/*
 * The same for whichever task, and only one allocation fails: the first one for which there
 * is no more @space, in bytes; those before it take theirs away. Root asks for it.
 */
static bool fault_of_any_task(unsigned long space)
{
	return fault_flag("failslab", "task-filter", 'N') && fault_set("failslab", "space", space) &&
	       fault_set("failslab", "probability", 100) && fault_set("failslab", "times", 1);
}

static long fault_get(const char *what, const char *file)
{
	char path[96], text[32] = "";

	snprintf(path, sizeof(path), FAULT_DIR "%s/%s", what, file);
	if (slurp_into((long)path, (long)text, sizeof(text)) <= 0)
		stage_broken("%s: %d", path, errno);
	return strtol(text, NULL, 0);
}

#endif /* FAULTS_H */
