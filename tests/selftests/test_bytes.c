// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes that nobody meant to give out: each call that writes into the caller's
 * memory writes what it says, to the byte, and leaves all the rest alone; what
 * it writes is known in full. Each is made with buffers of every length around
 * that of the answer.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

enum { BUFFER = 8192, UNTOUCHED = 0xa5, AROUND = 9 };

/*
 *	p (fresh uid) @s---> "_ses" ---> ring ("ring")
 */
FIXTURE(caller)
{
	struct actor *p;
	uid_t uid;
	long ring;
	unsigned char *buf;
};

FIXTURE_SETUP(caller)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->ring = ON(self->p, kc_add_ring("ring", RING_S));
	ASSERT_LT(0, self->ring);
	self->buf = shared(BUFFER);
}

FIXTURE_TEARDOWN(caller)
{
	stage_close();
}

static void prepare(unsigned char *buf)
{
	memset(buf, UNTOUCHED, BUFFER);
}

/* Was this written, and nothing behind it? */
static bool wrote(const unsigned char *buf, const void *bytes, long len)
{
	if (memcmp(buf, bytes, len))
		return false;
	for (long i = len; i < BUFFER; i++)
		if (buf[i] != UNTOUCHED)
			return false;
	return true;
}

/*
 * With every length of the buffer around 0 and @len: all is written, or nothing.
 */
#define EXPECT_ALL_OR_NOTHING(bytes, len, call)				\
	for (long room = 0; room <= (len) + AROUND; room++) {		\
		if (room == AROUND && (len) > 2 * AROUND)		\
			room = (len) - AROUND;				\
		prepare(self->buf);					\
		EXPECT_EQ(len, ON(self->p, call));			\
		EXPECT_TRUE(wrote(self->buf, bytes, room < (len) ? 0 : (len))) { \
			TH_LOG("%ld bytes of room for %ld", room, (long)(len)); \
		}							\
	}

TEST_F(caller, read_user)
{
	static const int sizes[] = { 1, 7, 8, 24, 96, 333, 1024, 4095, 4096, 4097 };
	unsigned char *bytes = shared(BUFFER);

	for (int i = 0; i < BUFFER; i++)
		bytes[i] = 1 + i % 100;
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		long len = sizes[i], key = ON(self->p, kc_add("user", "k", bytes, len, self->ring));

		ASSERT_LT(0, key);
		EXPECT_ALL_OR_NOTHING(bytes, len, kc_read(key, self->buf, room));
		EXPECT_EQ(0, ON(self->p, kc_unlink(key, self->ring)));
	}
}

/* Each serial is that of a key in the ring */
TEST_F(caller, read_ring)
{
	enum { LINKS = 20 };
	int32_t ids[LINKS], *got = (int32_t *)self->buf;

	for (int i = 0; i < LINKS; i++) {
		ids[i] = ON(self->p, kc_add_user(shared_text("k%d", i), "v", self->ring));
		ASSERT_LT(0, ids[i]);
	}
	for (long room = 0; room <= LINKS * LINK_BYTES + AROUND; room++) {
		long ret = room % LINK_BYTES ? -EINVAL : LINKS * LINK_BYTES;
		int n = ret < 0 || room < ret ? 0 : LINKS, known = 0;

		prepare(self->buf);
		EXPECT_EQ(ret, ON(self->p, kc_read(self->ring, self->buf, room)));
		EXPECT_TRUE(wrote(self->buf, self->buf, n * LINK_BYTES));
		for (int i = 0; i < n; i++)
			for (int j = 0; j < LINKS; j++)
				known += got[i] == ids[j];
		EXPECT_EQ(n, known);
	}
}

TEST_F(caller, describe)
{
	static const int sizes[] = { 1, 39, 40, 41, 500, MAX_DESC };
	char *desc = shared(MAX_DESC + 1);

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char *want;
		long key;

		memset(desc, 'd', sizes[i]);
		desc[sizes[i]] = 0;
		key = ON(self->p, kc_add_user(desc, "v", self->ring));
		ASSERT_LT(0, key);
		want = shared_text("user;%u;%u;3f010000;%s", self->uid, self->uid, desc);
		EXPECT_ALL_OR_NOTHING(want, (long)strlen(want) + 1,
				      kc_describe(key, (char *)self->buf, room));
	}
}

TEST_F(caller, get_security)
{
	EXPECT_ALL_OR_NOTHING("", 1L, kc_security(self->ring, (char *)self->buf, room));
}

/* What is not known yet is zero, as far as the buffer goes */
TEST_F(caller, capabilities)
{
	unsigned char caps[64] = {};

	ASSERT_EQ(2, kc_capabilities(caps, 2));
	for (long room = 0; room <= (long)sizeof(caps); room++) {
		prepare(self->buf);
		EXPECT_EQ(2, ON(self->p, kc_capabilities(self->buf, room)));
		EXPECT_TRUE(wrote(self->buf, caps, room));
	}
}

/* All that does not succeed writes nothing */
TEST_F(caller, refused)
{
	long other = kc_add_user("other", "v", RING_P);
	const int ids[] = { other, RING_G, INT32_MAX };

	ASSERT_LT(0, other);
	ASSERT_EQ(0, kc_setperm(other, PERM_POS(MAY_ALL)));
	for (int i = 0; i < 3; i++) {
		prepare(self->buf);
		EXPECT_GT(0, ON(self->p, kc_read(ids[i], self->buf, BUFFER)));
		EXPECT_GT(0, ON(self->p, kc_describe(ids[i], (char *)self->buf, BUFFER)));
		EXPECT_GT(0, ON(self->p, kc_security(ids[i], (char *)self->buf, BUFFER)));
		EXPECT_TRUE(wrote(self->buf, "", 0));
	}
}

static long read_slowly(long path, long buf, long step)
{
	int fd = open((char *)path, O_RDONLY | O_CLOEXEC);
	long got = 0, n;

	if (fd < 0)
		return -errno;
	while (got + step <= BUFFER && (n = read(fd, (char *)buf + got, step)) > 0)
		got += n;
	close(fd);
	return got;
}

/* Lines of text, and nothing behind them, however it is read */
TEST_F(caller, files)
{
	static const char *const paths[] = { "/proc/keys", "/proc/key-users" };

	ASSERT_LT(0, ON(self->p, kc_add_user("k", "value", self->ring)));
	for (int i = 0; i < 2; i++)
		for (long step = 1; step < 4096; step = step * 3 + 1) {
			long len;

			prepare(self->buf);
			len = actor_do(self->p, read_slowly, (long)paths[i], (long)self->buf, step);
			ASSERT_LT(0, len);
			EXPECT_TRUE(wrote(self->buf, self->buf, len));
			for (long at = 0; at < len; at++) {
				EXPECT_TRUE(isprint(self->buf[at]) || self->buf[at] == '\n') {
					TH_LOG("%s: byte %#x", paths[i], self->buf[at]);
				}
			}
		}
}

SELFTEST_MAIN
