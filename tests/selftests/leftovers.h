/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a module can leave behind: an inventory of the places where it shows, to be
 * compared with the one before; and what the log says of a load that has failed.
 */
#ifndef LEFTOVERS_H
#define LEFTOVERS_H

#include <ctype.h>
#include <dirent.h>

#include "probes.h"

enum { INVENTORY_BYTES = 512 << 10 };

/* Processes come and go */
static int is_no_process(const struct dirent *entry)
{
	return !isdigit((unsigned char)entry->d_name[0]);
}

static long list_folder(char *to, const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_no_process, alphasort);
	long len = 0;

	for (int i = 0; i < n; i++) {
		len += sprintf(to + len, "%s/%s\n", path, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return len;
}

static long list_file(char *to, const char *path, long room)
{
	long len = slurp_into((long)path, (long)to, room);

	return len > 0 ? len : 0;
}

static long list_caches(char *to)
{
	FILE *f = fopen("/proc/slabinfo", "re");
	char line[512];
	long len = 0;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "kr_", 3))
			len += sprintf(to + len, "cache %.*s\n", (int)strcspn(line, " "), line);
	if (f)
		fclose(f);
	return len;
}

static void inventory(char *to)
{
	static const char *const folders[] = {
		"/proc", "/proc/sys/kernel/keys", "/sys/module", "/sys/kernel/debug",
		"/sys/kernel/livepatch", "/sys/kernel/slab", "/sys/kernel/tracing/events",
	};
	static const char *const sysctls[] = {
		"maxkeys", "maxbytes", "root_maxkeys", "root_maxbytes", "gc_delay",
		"persistent_keyring_expiry",
	};
	char path[80];
	long len = 0;

	for (unsigned int i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		len += list_folder(to + len, folders[i]);
	for (unsigned int i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++) {
		sprintf(path, "/proc/sys/kernel/keys/%s", sysctls[i]);
		len += list_file(to + len, path, 64);
	}
	len += list_file(to + len, "/sys/kernel/debug/kprobes/list", 4096);
	len += list_file(to + len, "/sys/kernel/tracing/enabled_functions", 16384);
	len += list_caches(to + len);
	to[len] = 0;
}

static bool nothing_is_left(const char *before, char *after)
{
	inventory(after);
	return !strcmp(before, after);
}

/* The kernel log, from here on */
static int log_from_now(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	lseek(log, 0, SEEK_END);
	return log;
}

/* Which room of the module the log says did not come up, the last one; "" for none */
static void room_that_failed(int log, char room[32])
{
	char line[2048], *at;
	ssize_t got;

	room[0] = 0;
	while ((got = read(log, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[got > 0 ? got : 0] = 0;
		at = strstr(line, "keyrings: room ");
		if (at)
			sscanf(at, "keyrings: room %31s", room);
	}
	close(log);
}

#endif /* LEFTOVERS_H */
