// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/keys as a file: who opened it, who reads it, and how.
 *
 * What is in a row is in test_proc.c. Specified by keyrings(7), "/proc files".
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

enum { FILE_SIZE = 64 << 10 };

/*
 *	p (fresh uid) ---@s---> "_ses" ---> user "k" = "v"
 */
FIXTURE(reader)
{
	struct actor *p;
	uid_t uid;
	long key;
	char *buf, *row;	/* how the key's row begins */
};

FIXTURE_SETUP(reader)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->key = ON(self->p, kc_add_user("k", "v", RING_S));
	ASSERT_LT(0, self->key);
	self->buf = shared(FILE_SIZE);
	self->row = shared_text("%08lx ", self->key);
}

FIXTURE_TEARDOWN(reader)
{
	stage_close();
}

/* ---- who opened it, and who reads it ---- */

/* Processes that are made later have it, too, whatever they execute */
static long open_keys(long a, long b, long c)
{
	int fd = open("/proc/keys", O_RDONLY);

	(void)a, (void)b, (void)c;
	return fd < 0 ? -errno : fd;
}

static long read_opened(long buf, long size, long fd)
{
	long got = 0, n;

	while (got < size - 1 && (n = read(fd, (char *)buf + got, size - 1 - got)) > 0)
		got += n;
	((char *)buf)[got] = 0;
	return got;
}

static long rewind_opened(long fd, long b, long c)
{
	(void)b, (void)c;
	return lseek(fd, 0, SEEK_SET);
}

/* Does who reads the file from its beginning find the row? */
static bool is_shown(struct actor *who, long fd, char *buf, const char *row)
{
	buf[0] = 0;
	return !actor_do(who, rewind_opened, fd, 0, 0) &&
	       actor_do(who, read_opened, (long)buf, FILE_SIZE, fd) >= 0 && strstr(buf, row);
}

/* It is who opened the file, not who reads it */
TEST_F(reader, opener_decides)
{
	struct actor *q = actor_fork(NULL);
	long fd;

	EXPECT_EQ(0, actor_do(q, set_uids, -1, self->uid, -1));
	fd = actor_do(q, open_keys, 0, 0, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, actor_do(q, set_uids, -1, 0, -1));
	EXPECT_TRUE(is_shown(q, fd, self->buf, self->row));

	/* and the other way round */
	fd = actor_do(q, open_keys, 0, 0, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, actor_do(q, set_uids, -1, self->uid, -1));
	EXPECT_FALSE(is_shown(q, fd, self->buf, self->row));
}

/* A key that nobody sees but who possesses it; the file */
static long open_for_possessors(struct __test_metadata *_metadata, FIXTURE_DATA(reader) *self)
{
	long fd;

	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL))));
	fd = actor_do(self->p, open_keys, 0, 0, 0);
	EXPECT_LE(0, fd);
	return fd;
}

/* As where a shell opens the file for a program: "grep k </proc/keys" */
TEST_F(reader, opened_for_a_child)
{
	long fd = open_for_possessors(_metadata, self);
	struct actor *heir = actor_fork(self->p);

	EXPECT_TRUE(is_shown(heir, fd, self->buf, self->row));
	fd = open_for_possessors(_metadata, self);
	heir = actor_fork(self->p);
	ASSERT_EQ(0, actor_exec(heir, "/proc/self/exe"));
	EXPECT_TRUE(is_shown(heir, fd, self->buf, self->row));
}

/* Nobody is shown what another possesses who opened the file */
TEST_F(reader, ours_file_does_not_lend_possession)
{
	long fd = open_for_possessors(_metadata, self);
	struct actor *heir = actor_fork(self->p);

	EXPECT_LT(0, ON(heir, kc_join(NULL)));
	EXPECT_FALSE(is_shown(heir, fd, self->buf, self->row));
	EXPECT_TRUE(is_shown(self->p, fd, self->buf, self->row));
}

/* Whoever may do more than the one who opened it reads for that one */
TEST_F(reader, ours_file_borrows_no_possession)
{
	struct actor *root = actor_fork(NULL);
	long fd;

	ASSERT_LT(0, ON(root, kc_join(NULL)));
	self->key = ON(root, kc_add_user("of root", "v", RING_S));
	self->row = shared_text("%08lx ", self->key);
	ASSERT_EQ(0, ON(root, kc_setperm(self->key, PERM_POS(MAY_ALL))));
	ASSERT_EQ(0, actor_do(root, set_uids, -1, self->uid, -1));
	fd = actor_do(root, open_keys, 0, 0, 0);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(is_shown(root, fd, self->buf, self->row));
	ASSERT_EQ(0, actor_do(root, set_uids, -1, 0, -1));
	EXPECT_FALSE(is_shown(root, fd, self->buf, self->row));
}

/* ---- in which pieces ---- */

TEST_F(reader, rows_come_in_order_and_whole)
{
	char *text, *rest;
	unsigned int last = 0;
	struct key_row row;
	int i, mine = 0;

	for (i = 0; i < 150; i++) {
		ASSERT_LT(0, ON(self->p, kc_add_user(shared_text("row %d", i),
						     "v", RING_S)));
	}
	text = slurp(self->p, "/proc/keys");
	for (; *text; text = rest + 1) {
		rest = strchr(text, '\n');
		ASSERT_NE(NULL, rest);
		ASSERT_TRUE(key_row_parse(text, &row));
		EXPECT_LT(last, row.serial);
		last = row.serial;
		mine += row.uid == (int)self->uid;
	}
	EXPECT_EQ(152, mine);
}

static int open_rows(void)
{
	return open("/proc/keys", O_RDONLY | O_CLOEXEC);
}

/* The rest of it, after what is in the buffer */
static long read_rest(int fd, char *buf, long got, long size, long bit)
{
	long n;

	while (got + bit < size && (n = read(fd, buf + got, bit)) > 0)
		got += n;
	buf[got] = 0;
	close(fd);
	return got;
}

static long read_in_bits(long buf, long size, long bit)
{
	return read_rest(open_rows(), (char *)buf, 0, size, bit);
}

/* From the middle back to the beginning */
static long read_again(long buf, long size, long bit)
{
	int fd = open_rows();

	if (read(fd, (char *)buf, bit) <= 0 || lseek(fd, 0, SEEK_SET))
		return -EIO;
	return read_rest(fd, (char *)buf, 0, size, bit);
}

/* By several who are all in the midst of it; what the one sees that began at @which */
static long read_among_others(long buf, long size, long which)
{
	enum { READERS = 7, BIT = 4096 };
	static char others[BIT];
	int fds[READERS], i, round;
	long got = 0;

	for (i = 0; i < READERS; i++)
		fds[i] = open_rows();
	for (round = 0; round < 2; round++) {
		for (i = 0; i < READERS; i++) {
			if (i == which)
				got += read(fds[i], (char *)buf + got, BIT);
			else if (read(fds[i], others, BIT) <= 0)
				return -EIO;
		}
	}
	for (i = 0; i < READERS; i++) {
		if (i != which)
			close(fds[i]);
	}
	return read_rest(fds[which], (char *)buf, got, size, BIT);
}

/* A reader with a small buffer misses nothing and sees nothing twice */
TEST_F(reader, read_in_small_pieces)
{
	enum { SIZE = 128 << 10 };
	char *at_once = shared(SIZE), *in_bits = shared(SIZE);
	int i;

	for (i = 0; i < 100; i++) {
		ASSERT_LT(0, ON(self->p, kc_add_user(shared_text("row %d", i),
						     "v", RING_S)));
	}
	EXPECT_LT(5000, actor_do(self->p, read_in_bits, (long)at_once, SIZE,
				 4096));
	actor_do(self->p, read_in_bits, (long)in_bits, SIZE, 61);
	EXPECT_STREQ(at_once, in_bits);
	EXPECT_LT(5000, actor_do(self->p, read_again, (long)in_bits, SIZE, 4096));
	EXPECT_STREQ(at_once, in_bits);
	for (i = 0; i < 7; i += 2) {
		EXPECT_LT(5000, actor_do(self->p, read_among_others, (long)in_bits, SIZE, i));
		EXPECT_STREQ(at_once, in_bits);
	}
}

enum { READERS = 8, READERS_SIZE = 64 << 10 };

/* Each reader takes a little, and then it is the next one's turn */
static long read_in_turns(long bufs, long size, long bit)
{
	char *buf = (char *)bufs;
	long got[READERS] = { 0 }, n, more = 1;
	int fd[READERS], i;

	for (i = 0; i < READERS; i++)
		fd[i] = open("/proc/keys", O_RDONLY | O_CLOEXEC);
	while (more) {
		for (i = 0, more = 0; i < READERS; i++) {
			n = got[i] + bit < size ? read(fd[i], buf + i * size + got[i], bit) : 0;
			got[i] += n > 0 ? n : 0;
			more += n > 0;
		}
	}
	for (i = 0; i < READERS; i++) {
		buf[i * size + got[i]] = 0;
		close(fd[i]);
	}
	return got[0];
}

/* None of many readers misses a row, or sees one twice, for the sake of the others */
TEST_F(reader, many_readers_at_once)
{
	char *at_once = shared(READERS_SIZE), *in_turns = shared(READERS * READERS_SIZE);
	int i;

	for (i = 0; i < 100; i++) {
		ASSERT_LT(0, ON(self->p, kc_add_user(shared_text("row %d", i),
						     "v", RING_S)));
	}
	EXPECT_LT(5000, actor_do(self->p, read_in_bits, (long)at_once, READERS_SIZE, 4096));
	EXPECT_LT(5000, actor_do(self->p, read_in_turns, (long)in_turns, READERS_SIZE, 500));
	for (i = 0; i < READERS; i++)
		EXPECT_STREQ(at_once, in_turns + i * READERS_SIZE);
}

SELFTEST_MAIN
