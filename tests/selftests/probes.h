/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes: what a test looks at besides return values.
 *
 * Those that make key calls go through the kc_*() wrappers, so that ON() can
 * point them at an actor; files are opened by the actor that is named, because
 * what /proc/keys shows depends on who opened it.
 */
#ifndef PROBES_H
#define PROBES_H

#include <ctype.h>

#include "actors.h"

/* ---- one key ---- */

/*
 * Does a serial number still name a key? Asks for its description and does not
 * mind being refused: only ENOKEY says that there is no such key.
 */
static inline bool key_exists(int serial)
{
	return kc_describe(serial, NULL, 0) != -ENOKEY;
}

static inline bool key_goes(int serial)
{
	return EVENTUALLY(!key_exists(serial));
}

/*
 * Still there after the time in which it would have gone? A little longer than
 * it ever takes for the last reference to a process's UID to fall.
 */
static inline bool key_stays(int serial)
{
	long until = now_ms() + 400;

	while (now_ms() < until) {
		if (!key_exists(serial))
			return false;
		nap_ms(20);
	}
	return true;
}

/* DESCRIBE as text; a failure reads "error -126" */
static inline const char *description(int id)
{
	char *text = shared(MAX_DESC + 100);
	long ret = kc_describe(id, text, MAX_DESC + 100);

	if (ret < 0)
		sprintf(text, "error %ld", ret);
	else if (ret != (long)strlen(text) + 1)
		sprintf(text, "wrong length %ld", ret);
	return text;
}

/* READ as text; a failure reads "error -126" */
static inline const char *payload(int id)
{
	char *text = shared(256);
	long ret = kc_read(id, text, 255);

	if (ret < 0)
		sprintf(text, "error %ld", ret);
	else if (ret > 255)
		sprintf(text, "too long: %ld", ret);
	else
		text[ret] = 0;
	return text;
}

/* The permission mask, or 0xffffffff when DESCRIBE is refused */
static inline uint32_t perm_of(int id)
{
	unsigned int perm;

	if (sscanf(description(id), "%*[^;];%*d;%*d;%x;", &perm) != 1)
		return UINT32_MAX;
	return perm;
}

static inline long uid_of(int id)
{
	int uid;

	return sscanf(description(id), "%*[^;];%d;", &uid) == 1 ? uid : -1;
}

static inline long gid_of(int id)
{
	int gid;

	return sscanf(description(id), "%*[^;];%*d;%d;", &gid) == 1 ? gid : -1;
}

/* ---- one keyring ---- */

/* How many links, or -errno */
static inline long ring_size(int ring)
{
	long ret = kc_read(ring, NULL, 0);

	return ret < 0 ? ret : ret / (long)sizeof(int32_t);
}

/* 1 if the ring has a link to the key, 0 if not, or -errno */
static inline long ring_holds(int ring, int serial)
{
	long bytes = kc_read(ring, NULL, 0);
	int32_t *ids;
	long i;

	if (bytes <= 0)
		return bytes;
	ids = shared(bytes);
	bytes = kc_read(ring, ids, bytes);
	for (i = 0; i < bytes / (long)sizeof(*ids); i++)
		if (ids[i] == serial)
			return 1;
	return bytes < 0 ? bytes : 0;
}

/* ---- files ---- */

static long slurp_into(long path, long buf, long size)
{
	int fd = open((char *)path, O_RDONLY | O_CLOEXEC);
	long got = 0, n;

	if (fd < 0)
		return -errno;
	while (got < size - 1 &&
	       (n = read(fd, (char *)buf + got, size - 1 - got)) > 0)
		got += n;
	((char *)buf)[got] = 0;
	close(fd);
	return got;
}

/* Is this actor asleep in this system call? */
static inline bool sleeps_in(struct actor *a, long number)
{
	char path[64], text[160];

	sprintf(path, "/proc/%d/task/%d/syscall", a->pid, a->tid);
	/* "running": it is not asleep */
	return whose_turn(a) == TURN_ACTOR &&
	       slurp_into((long)path, (long)text, sizeof(text)) > 0 &&
	       strtol(text, NULL, 10) == number;
}

enum { SLURP_BYTES = 256 << 10 };

/* A whole file, opened and read by an actor; NULL for the director */
static inline char *slurp(struct actor *who, const char *path)
{
	/* one buffer, used again by the next call */
	static char *buf;
	static struct stage *owner;

	if (owner != stage || !buf) {
		owner = stage;
		buf = shared(SLURP_BYTES);
	}
	buf[0] = 0;
	if (actor_do(who, slurp_into, (long)path, (long)buf, SLURP_BYTES) < 0)
		buf[0] = 0;
	return buf;
}

/* ---- /proc/keys ---- */

struct key_row {
	unsigned int serial, perm;
	char flags[8];
	int usage;
	char timeout[8];
	int uid, gid;
	char type[16];
	char desc[128];		/* all the rest: description and summary */
	char line[256];
};

static inline bool key_row_parse(const char *line, struct key_row *row)
{
	int len = strcspn(line, "\n"), at = 0;

	memset(row, 0, sizeof(*row));
	snprintf(row->line, sizeof(row->line), "%.*s", len, line);
	if (sscanf(row->line, "%8x %7s %d %7s %8x %d %d %9s %n", &row->serial,
		   row->flags, &row->usage, row->timeout, &row->perm,
		   &row->uid, &row->gid, row->type, &at) < 8 || !at)
		return false;
	snprintf(row->desc, sizeof(row->desc), "%s", row->line + at);
	return true;
}

/* The row of one key as an actor sees it; false if it sees none */
static inline bool key_row(struct actor *who, unsigned int serial,
			   struct key_row *row)
{
	char *line = slurp(who, "/proc/keys");

	for (; *line; line = strchr(line, '\n') + 1)
		if (key_row_parse(line, row) && row->serial == serial)
			return true;
	return false;
}

/* How many rows begin their description with this text */
static inline int key_rows_like(struct actor *who, const char *desc,
				struct key_row *first)
{
	char *line = slurp(who, "/proc/keys");
	struct key_row row;
	int n = 0;

	for (; *line; line = strchr(line, '\n') + 1) {
		if (!key_row_parse(line, &row) ||
		    strncmp(row.desc, desc, strlen(desc)))
			continue;
		if (!n++ && first)
			*first = row;
	}
	return n;
}

/* ---- /proc/key-users ---- */

struct key_user_row {
	unsigned int uid;
	int usage, nkeys, nikeys, qnkeys, maxkeys, qnbytes, maxbytes;
	char line[128];
};

/* The row of one UID; false (and all zero) if there is none */
static inline bool key_user_row(struct actor *who, uid_t uid,
				struct key_user_row *row)
{
	char *line = slurp(who, "/proc/key-users");

	for (; *line; line = strchr(line, '\n') + 1) {
		memset(row, 0, sizeof(*row));
		snprintf(row->line, sizeof(row->line), "%.*s",
			 (int)strcspn(line, "\n"), line);
		if (sscanf(line, "%u: %d %d/%d %d/%d %d/%d", &row->uid,
			   &row->usage, &row->nkeys, &row->nikeys,
			   &row->qnkeys, &row->maxkeys, &row->qnbytes,
			   &row->maxbytes) == 8 && row->uid == uid)
			return true;
	}
	memset(row, 0, sizeof(*row));
	return false;
}

static inline bool uid_is_known(uid_t uid)
{
	struct key_user_row row;

	return key_user_row(NULL, uid, &row);
}

/* Nothing is charged to the UID, nor remembered of it */
#define EXPECT_FORGOTTEN(uid) EXPECT_TRUE(EVENTUALLY(!uid_is_known(uid)))

/* Bytes and keys charged to a UID now */
static inline int bytes_charged(uid_t uid)
{
	struct key_user_row row;

	key_user_row(NULL, uid, &row);
	return row.qnbytes;
}

static inline int keys_charged(uid_t uid)
{
	struct key_user_row row;

	key_user_row(NULL, uid, &row);
	return row.qnkeys;
}

/* ---- kernel.keys.* ---- */

static inline long sysctl_get(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/kernel/keys/%s", name);
	return strtol(slurp(NULL, shared_text("%s", path)), NULL, 10);
}

static inline int sysctl_set(const char *name, long value)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/proc/sys/kernel/keys/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = dprintf(fd, "%ld\n", value) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* The same, for actor_do() */
static long sysctl_set_into(long name, long value, long c)
{
	(void)c;
	return sysctl_set((char *)name, value);
}

/* ---- processes without a session keyring ---- */

/*
 * Is a new process without a session keyring? Then reading @s gives it the
 * user-session keyring. There is no way to give a session keyring up, so a test
 * program started inside one cannot test what happens without.
 */
static inline bool started_without_session(void)
{
	struct actor *a = actor_user(fresh_uid());
	bool without = ON(a, kc_id(RING_S, 0)) == ON(a, kc_id(RING_US, 0));

	actor_leave(a);
	return without;
}

#define REQUIRE_NO_SESSION()						\
	if (!started_without_session())					\
		SKIP(return, "started inside a session keyring")

/*
 * A test that expects what this service promises and the kernel's built-in one
 * does not do has a name that begins with "ours_". On the built-in subsystem
 * every such test fails and every other one passes; see judge.awk.
 */

/* ---- memory ---- */

/* Behind it nothing is mapped */
static inline char *end_of_memory(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED || munmap(memory + page, page))
		stage_broken("no memory that ends");
	return memory + page;
}

/* ---- in a call that does not return ---- */

/* One system call, that returns to user space only when woken */
static inline long sleep_until(long flag, long b, long c)
{
	(void)b, (void)c;
	while (!__atomic_load_n((int *)flag, __ATOMIC_SEQ_CST))
		futex_wait((int *)flag, 0, NULL);
	return 0;
}

/* Returns when the actor sleeps, and what wakes it */
static inline int *actor_sleep(struct actor *a)
{
	int *flag = shared(sizeof(*flag));
	const char *stat = shared_text("/proc/%d/stat", a->pid);

	*flag = 0;
	actor_begin(a, sleep_until, (long)flag, 0, 0);
	if (!EVENTUALLY(strstr(slurp(NULL, stat), ") S ")))
		stage_broken("%s: no sleep", stat);
	return flag;
}

static inline long actor_wake(struct actor *a, int *flag)
{
	__atomic_store_n(flag, 1, __ATOMIC_SEQ_CST);
	futex_wake(flag);
	return actor_end(a);
}

#endif /* PROBES_H */
