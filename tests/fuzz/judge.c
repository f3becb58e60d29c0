// SPDX-License-Identifier: GPL-2.0-only
/* What the director sees of the service: does it serve, and does it forget? */
#define _GNU_SOURCE
#include "fuzz.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMITS "/proc/sys/kernel/keys/"

enum { PATIENCE = 60000 };	/* milliseconds */

static const char *const limit_names[] = {
	"gc_delay", "persistent_keyring_expiry", "maxkeys", "maxbytes", "root_maxkeys",
	"root_maxbytes"
};

static char limits[ARRAY_SIZE(limit_names)][32];
static char root_before[128];

static void limit_set(unsigned int i, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), LIMITS "%s", limit_names[i]);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		perror(path);
	close(fd);
}

static void limits_get(void)
{
	char path[128];
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(limit_names); i++) {
		snprintf(path, sizeof(path), LIMITS "%s", limit_names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, limits[i], sizeof(limits[i]) - 1) <= 0)
			perror(path);
		close(fd);
	}
}

/* What has ended is to be gone soon, persistent keyrings included */
static void limits_quick(void)
{
	unsigned int i;

	limit_set(0, "1");
	limit_set(1, "1");
	for (i = 2; i < ARRAY_SIZE(limit_names); i++)
		limit_set(i, limits[i]);
}

void limits_draw(struct rng *r)
{
	static const char *const counts[] = { "1", "5", "20", "200", "200", "2000" };
	/* When something ends it is decided how long it stays: not for long */
	static const char *const delays[] = { "0", "1", "2" };
	static const char *const bytes[] = { "1", "100", "20000", "20000", "2000000" };

	switch (below(r, 8)) {
	case 0:
		limit_set(0, PICK(r, delays));
		break;
	case 1:
		limit_set(2, PICK(r, counts));
		break;
	case 2:
		limit_set(3, PICK(r, bytes));
		break;
	case 3:
		limits_quick();
		break;
	}
}

/* The row of a UID, without its number of users; false: there is none */
static bool row_of(uid_t uid, char *row, size_t size)
{
	FILE *f = fopen("/proc/key-users", "re");
	char line[256], rest[128];
	bool found = false;
	unsigned int id;

	while (f && !found && fgets(line, sizeof(line), f)) {
		found = sscanf(line, " %u: %*d %127[^\n]", &id, rest) == 2 && id == uid;
		if (found && row)
			snprintf(row, size, "%s", rest);
	}
	if (f)
		fclose(f);
	return found;
}

/* The ring that has the persistent ones comes with the first of them, and stays */
static void make_register(void)
{
	char before[128] = "", now[128] = "";
	pid_t pid = fork();
	int i;

	if (!pid) {
		kc_persistent(-1, RING_P);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	for (i = 0; i < 50; i++) {
		row_of(0, now, sizeof(now));
		if (strcmp(now, before))
			i = 0;
		strcpy(before, now);
		usleep(100000);
	}
}

/* Until limits_end() */
void limits_begin(void)
{
	limits_get();
	limits_quick();
}

/* The service stays as it is from here on: its module neither comes nor goes */
void judge_begin(void)
{
	kc_id(RING_U, 1);
	kc_id(RING_US, 1);
	kc_clear(RING_U);
	kc_clear(RING_US);
	make_register();
	row_of(0, root_before, sizeof(root_before));
}

void limits_end(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limit_names); i++)
		limit_set(i, limits[i]);
}

static bool is_forgotten(void)
{
	char now[128] = "";
	int i;

	for (i = 0; i < UIDS; i++)
		if (row_of(stage->uid + i, NULL, 0))
			return false;
	row_of(0, now, sizeof(now));
	return !strcmp(now, root_before);
}

static void show(const char *path)
{
	char line[512];
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f))
		printf("# %s", line);
	if (f)
		fclose(f);
}

/* As their owners see them, if they may */
static void show_left(void)
{
	pid_t pid;
	int i;

	printf("# root before: %s\n", root_before);
	show("/proc/key-users");
	show("/proc/keys");
	for (i = 0; i < UIDS; i++) {
		if (!row_of(stage->uid + i, NULL, 0))
			continue;
		printf("# what UID %u sees:\n", stage->uid + i);
		fflush(stdout);
		pid = fork();
		if (!pid) {
			if (!setresuid(stage->uid + i, stage->uid + i, stage->uid + i))
				show("/proc/keys");
			fflush(stdout);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

/* All who played are gone: so is what was theirs */
bool nothing_is_left(void)
{
	int i;

	limits_quick();
	for (i = 0; i < PATIENCE / 100; i++) {
		kc_clear(RING_U);
		kc_clear(RING_US);
		if (is_forgotten())
			return true;
		usleep(100000);
	}
	show_left();
	return false;
}

static int serve(uid_t uid)
{
	char text[8] = "";
	long key;

	if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return 1;
	key = kc_add_user("still", "there", RING_P);
	if (key <= 0 || kc_read(key, text, sizeof(text)) != 5 || memcmp(text, "there", 5))
		return 2;
	if (kc_search(RING_P, "user", "still", 0) != key || kc_unlink(key, RING_P))
		return 3;
	return 0;
}

/* To one who was not there before */
bool still_serves(void)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid)
		_exit(serve(stage->uid + UIDS));
	if (waitpid(pid, &status, 0) == pid && !status)
		return true;
	printf("# status %#x\n", status);
	return false;
}

static void show_task(const char *pid, const char *tid)
{
	static const char *const files[] = { "comm", "status", "stack" };
	char path[600], line[256];
	unsigned int i;
	FILE *f;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "/proc/%s/task/%s/%s", pid, tid, files[i]);
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f))
			if (i != 1 || !strncmp(line, "State", 5) || !strncmp(line, "PPid", 4))
				printf("# %s/%s %s", pid, tid, line);
		if (f)
			fclose(f);
	}
}

/* Everybody who is inside the kernel, and where */
void show_stuck(void)
{
	DIR *proc = opendir("/proc"), *tasks;
	struct dirent *p, *t;
	char path[300];

	while (proc && (p = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/task", p->d_name);
		tasks = isdigit(p->d_name[0]) ? opendir(path) : NULL;
		while (tasks && (t = readdir(tasks)))
			if (isdigit(t->d_name[0]))
				show_task(p->d_name, t->d_name);
		if (tasks)
			closedir(tasks);
	}
	if (proc)
		closedir(proc);
}
