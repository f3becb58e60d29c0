// SPDX-License-Identifier: GPL-2.0-only
/* What is around the calls: /proc, the clock, the limits. */
#define _GNU_SOURCE
#include "compare.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../selftests/keyctl_abi.h"

uid_t uid_base;

static long slurp(long path, long b, long c)
{
	int fd = open((const char *)path, O_RDONLY);
	ssize_t n, used = 0;

	(void)b;
	if (fd < 0)
		return -errno;
	while ((n = read(fd, (char *)c + used, (1 << 20) - 1 - used)) > 0)
		used += n;
	close(fd);
	((char *)c)[used] = '\0';
	return used;
}

struct row {
	unsigned int number;
	char *text;
};

static int row_order(const void *a, const void *b)
{
	return (int)((const struct row *)a)->number - (int)((const struct row *)b)->number;
}

/* An authority tells whose request it is for: a worker's */
static void put_with_pid(const char *rest)
{
	const char *pid = strstr(rest, " pid:"), *more;
	struct worker *w;

	if (!pid) {
		put_text(rest, strlen(rest));
		return;
	}
	put_text(rest, pid - rest);
	w = worker_of(strtol(pid + 5, (char **)&more, 10));
	put(w ? " pid:W%d" : " pid:?", w ? w->number : 0);
	put_text(more, strlen(more));
}

/*
 * The clock stands still at the beginning of a second: it is set back to it before
 * a call and before a process ends, when a tenth of that second is over. How long a
 * machine takes changes nothing, if what was begun is done in the rest of it.
 */
static time_t clock_now;

void clock_hold(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (!clock_now)
		clock_now = t.tv_sec + 1;
	if (t.tv_sec == clock_now && t.tv_nsec < 100000000L)
		return;
	t.tv_sec = clock_now;
	t.tv_nsec = 0;
	clock_settime(CLOCK_REALTIME, &t);
}

/* What was done since clock_hold() was done in that second. */
static bool clock_is_held(void)
{
	return time(NULL) == clock_now;
}

void clock_jump(int seconds)
{
	clock_hold();
	clock_now += seconds;
	clock_hold();
}

/* The rows of keys that have been named, by name */
void say_proc_keys(struct worker *w, bool usage)
{
	struct row rows[2000];
	unsigned int count = 0, i;
	char *rows_text, *l, *save;

	rows_text = room(1 << 20);
	do {
		clock_hold();
		if (in(w, slurp, P("/proc/keys"), 0, P(rows_text)) < 0) {
			say("W%d /proc/keys: not there", w->number);
			return;
		}
	} while (!clock_is_held());	/* the times in it are those of one second */
	for (l = strtok_r(rows_text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		unsigned int number = name_number(strtoul(l, NULL, 16));

		if (number && count < 2000)
			rows[count++] = (struct row){ number, l + 9 };
	}
	qsort(rows, count, sizeof(*rows), row_order);
	for (i = 0; i < count; i++) {
		char flags[16], use[16], rest[4096];

		if (sscanf(rows[i].text, "%15s %15s %4095[^\n]", flags, use, rest) != 3)
			strcpy(rest, rows[i].text);
		put("W%d /proc/keys K%u %s %s ", w->number, rows[i].number, flags,
		    usage ? use : "-");
		put_with_pid(rest);
		put_end();
	}
	stage->used -= 1 << 20;
}

/*
 * A helper's session, which somebody may have linked, is named after its key: it costs its
 * UID as many bytes as the serial has digits, which may be more or fewer.
 */
static unsigned int digits_of_sessions(uid_t uid)
{
	unsigned int digits = 0, owner;
	char *rows = room(1 << 20), *l, *save;
	int at;

	setfsuid(uid);	/* who may view them */
	slurp(P("/proc/keys"), 0, P(rows));
	setfsuid(0);
	for (l = strtok_r(rows, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		at = 0;
		if (sscanf(l, "%*s %*s %*s %*s %*s %u %*s keyring _req.%n", &owner, &at) == 1 &&
		    at && owner == uid)
			digits += strspn(l + at, "0123456789");
	}
	stage->used -= 1 << 20;
	return digits;
}

/*
 * The built-in service keeps @u for good, with what is linked there: beside the module's,
 * its rows are in the same file.
 */
enum { NOTED = 8 };

static unsigned int digits_before[NOTED];

void sessions_note_before(unsigned int uids)
{
	unsigned int i;

	for (i = 0; i < uids && i < NOTED; i++)
		digits_before[i] = digits_of_sessions(uid_base + i);
}

static unsigned int digits_since(uid_t uid)
{
	unsigned int i = uid - uid_base, digits = digits_of_sessions(uid);

	return i < NOTED ? digits - digits_before[i] : digits;
}

/* The serial of a ring of the kernel's own; 0: it has none of the name */
long ring_of_kernel(const char *name)
{
	char *rows = room(1 << 20), *l, *save;
	unsigned long serial, found = 0;
	int at;

	slurp(P("/proc/keys"), 0, P(rows));
	for (l = strtok_r(rows, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		at = 0;
		if (sscanf(l, "%lx %*s %*s %*s %*s %*s %*s keyring %n", &serial, &at) == 1 && at &&
		    !strncmp(l + at, name, strlen(name)) && l[at + strlen(name)] == ':')
			found = serial;
	}
	stage->used -= 1 << 20;
	return found;
}

void say_key_users(uid_t from, unsigned int count)
{
	char *buf, *l, *save;

	buf = room(1 << 20);
	slurp(P("/proc/key-users"), 0, P(buf));
	for (l = strtok_r(buf, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		unsigned int uid, usage, nkeys, nikeys, qk, qkm, qb, qbm;

		if (sscanf(l, "%u: %u %u/%u %u/%u %u/%u", &uid, &usage, &nkeys, &nikeys, &qk,
			   &qkm, &qb, &qbm) != 8 || uid < from || uid >= from + count)
			continue;
		say("/proc/key-users %u: %u/%u %u/%u", uid, nkeys, nikeys, qk, qkm);
		say("/proc/key-users %u bytes: %u/%u", uid, qb - digits_since(uid), qbm);
	}
	stage->used -= 1 << 20;
}

/* What /proc/sys/kernel/keys said before it was changed */
static struct limit {
	char name[32];
	unsigned int value;
} limits_before[8];

static void limit_remember(const char *name, const char *path)
{
	struct limit *l = limits_before;
	FILE *f;

	while (*l->name && strcmp(l->name, name))
		l++;
	f = *l->name ? NULL : fopen(path, "r");
	if (!f)
		return;
	if (fscanf(f, "%u", &l->value) == 1)
		snprintf(l->name, sizeof(l->name), "%s", name);
	fclose(f);
}

void limits_restore(void)
{
	unsigned int i;

	for (i = 0; *limits_before[i].name; i++)
		limits(limits_before[i].name, limits_before[i].value);
}

void limits(const char *name, unsigned int value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/kernel/keys/%s", name);
	limit_remember(name, path);
	f = fopen(path, "w");
	if (!f)
		return;
	fprintf(f, "%u\n", value);
	fclose(f);
}

long new_user_ns(long uid, long gid, long c)
{
	char map[64];
	FILE *f;

	(void)c;
	if (unshare(CLONE_NEWUSER))
		return -errno;
	f = fopen("/proc/self/setgroups", "w");
	if (f) {
		fputs("deny", f);
		fclose(f);
	}
	snprintf(map, sizeof(map), "0 %ld 1\n", uid);
	f = fopen("/proc/self/uid_map", "w");
	if (!f)
		return -errno;
	fputs(map, f);
	if (fclose(f))
		return -errno;
	snprintf(map, sizeof(map), "0 %ld 1\n", gid);
	f = fopen("/proc/self/gid_map", "w");
	if (!f)
		return -errno;
	fputs(map, f);
	return fclose(f) ? -errno : 0;
}

void scenario_begin(const char *name)
{
	workers_end();
	names_forget();
	uid_base += 16;
	printf("== %s\n", name);
}

/* A transcript without this line is not whole. */
int scenarios_end(void)
{
	puts(TRANSCRIPT_END);
	return fflush(stdout);
}

/* This program, for execution with the IDs given */
int setuid_copy(const char *to, uid_t uid, gid_t gid)
{
	char buf[1 << 16];
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n;

	if (in < 0 || out < 0)
		return -1;
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, n) != n)
			return -1;
	close(in);
	if (fchown(out, uid, gid) || fchmod(out, 06755))
		return -1;
	return close(out);
}
