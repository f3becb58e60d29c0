// SPDX-License-Identifier: GPL-2.0-only
/* /proc/keys and /proc/key-users. */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "sysc.h"

#define KEYS	10000

static char buf[65536];
static int keys_fd, users_fd;

/* Reads a file from its beginning, 64 KiB a time; @each sees what came. */
static long read_all(int fd, long (*each)(const char *text, long len))
{
	long got, sum = 0;

	sysc3(__NR_lseek, fd, 0, SEEK_SET);
	while ((got = must(sysc3(__NR_read, fd, (long)buf, sizeof(buf)),
			   "read")))
		if (each)
			sum += each(buf, got);
	return sum;
}

static long lines(const char *text, long len)
{
	const char *end = text + len;
	long n = 0;

	while ((text = memchr(text, '\n', end - text))) {
		text++;
		n++;
	}
	return n;
}

static void op_keys(long i)
{
	(void)i;
	read_all(keys_fd, NULL);
}

static void op_users(long i)
{
	(void)i;
	read_all(users_fd, NULL);
}

static void run_proc(void)
{
	long ring = new_session();

	descs_make(KEYS);
	keys_fd = must(open("/proc/keys", O_RDONLY), "/proc/keys");
	users_fd = must(open("/proc/key-users", O_RDONLY), "/proc/key-users");

	measure(&(struct plan){ "proc.key_users_read", .n = 100,
				.op = op_users });
	for (long i = 0; i < KEYS; i++)
		new_key(i, ring);
	measure(&(struct plan){ "proc.keys_read_per_line",
				.unit = "instr/line", .n = 1, .rounds = 3,
				.per = read_all(keys_fd, lines),
				.op = op_keys });
}

const struct rowset rows_proc = {
	.rows = (const char *const[]){
		"proc.key_users_read", "proc.keys_read_per_line", NULL },
	.run = run_proc,
};
