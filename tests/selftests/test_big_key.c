// SPDX-License-Identifier: GPL-2.0-only
/*
 * The type `big_key`: payloads of up to 1 MiB, the large ones in a file that
 * nobody sees.
 *
 * Specified by keyrings(7), "Key types". Debian's kernels are built without this
 * type; the module has it on every kernel.
 */
#include <kselftest_harness.h>

#include <sys/resource.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

enum {
	QUOTA_BYTES = 16,	/* charged for a payload of any size */
	TYPICAL_FILE = 100000,	/* certainly in a file */
	TYPICAL_BUFF = 100,	/* certainly not */
};

/* Not shared with actors, but there before they are forked */
static unsigned char content[MAX_ADD + 2], back[MAX_ADD + 2];

/*
 *	p (fresh uid) ---@p---> "_pid", and nothing else
 *
 * The test itself, which is root, uses its own @p.
 */
FIXTURE(keeper)
{
	struct actor *p;
	uid_t uid;
	long maxbytes;
	int bytes;		/* charged at the beginning */
};

/* Bytes of which no two neighbouring 256 are the same */
static void fill(unsigned int seed)
{
	size_t i;

	for (i = 0; i < sizeof(content); i++) {
		seed = seed * 1103515245 + 12345;
		content[i] = seed >> 16;
	}
}

FIXTURE_SETUP(keeper)
{
	fill(1);
	stage_open();
	self->maxbytes = sysctl_get("maxbytes");
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_id(RING_P, 1)));
	self->bytes = bytes_charged(self->uid);
	ASSERT_LT(0, self->bytes);
}

FIXTURE_TEARDOWN(keeper)
{
	sysctl_set("maxbytes", self->maxbytes);
	stage_close();
}

static long add_big(const char *desc, size_t len)
{
	return kc_add("big_key", desc, content, len, RING_P);
}

/* Does the key hold the first bytes of content, and tell its length? */
static bool holds(long key, size_t len)
{
	memset(back, '#', sizeof(back));
	if (kc_read(key, NULL, 0) != (long)len ||
	    kc_read(key, back, len - 1) != (long)len || back[0] != '#')
		return false;
	return kc_read(key, back, sizeof(back)) == (long)len &&
	       !memcmp(back, content, len) && back[len] == '#';
}

/* What /proc/keys says behind the description */
static const char *told(long key)
{
	static struct key_row row;

	if (!key_row(NULL, key, &row))
		return "no row";
	return strchr(row.desc, ':') ?: "no colon";
}

/* ---- what goes in comes out ---- */

/* The type and its bit in CAPABILITIES */
TEST_F(keeper, ours_the_type_is_there)
{
	unsigned char caps = 0;
	long key = add_big("k", 1);

	ASSERT_LT(0, key);
	EXPECT_EQ(2, kc_capabilities(&caps, 1));
	EXPECT_EQ(CAPS0_BIG_KEY, caps & CAPS0_BIG_KEY);
	EXPECT_EQ(PERM_POS(MAY_ALL) | PERM_USR(MAY_VIEW), perm_of(key));
	EXPECT_EQ(0, strncmp("big_key;0;0;", description(key), 12));
	EXPECT_EQ(key, kc_request("big_key", "k", NULL, 0));
	EXPECT_EQ(key, kc_search(RING_P, "big_key", "k", 0));
	EXPECT_EQ(-ENOKEY, kc_request("user", "k", NULL, 0));
}

/* The largest size that is kept in a buffer */
static size_t largest_in_buffer(void)
{
	size_t fits = 1, too_large = MAX_UPDATE;

	while (fits + 1 < too_large) {
		size_t len = (fits + too_large) / 2;
		long key = add_big("probe", len);

		if (strstr(told(key), "[buff]"))
			fits = len;
		else
			too_large = len;
	}
	return fits;
}

TEST_F(keeper, ours_content_of_every_size)
{
	size_t edge = largest_in_buffer();
	size_t sizes[] = { 1, 2, 63, 64, 65, edge - 1, edge, edge + 1, edge + 2, 4095, 4096,
			   4097, 8192, 8192 + 63, 65535, 65536, 65537, 131072 + 1,
			   MAX_ADD - 4096, MAX_ADD - 1, MAX_ADD };
	char want[32];
	size_t i;

	/* a file's inode and directory entry cost more than this, and less than that */
	ASSERT_LT(256, edge);
	ASSERT_GT(4000, edge);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		long key = add_big("k", sizes[i]);

		ASSERT_LT(0, key) TH_LOG("%zu bytes", sizes[i]);
		EXPECT_TRUE(holds(key, sizes[i])) TH_LOG("%zu bytes", sizes[i]);
		sprintf(want, ": %zu [%s]", sizes[i], sizes[i] > edge ? "file" : "buff");
		EXPECT_STREQ(want, told(key));
		EXPECT_EQ(0, kc_unlink(key, RING_P));
	}
}

/* EINVAL EFAULT */
TEST_F(keeper, ours_payloads_refused)
{
	EXPECT_EQ(-EINVAL, kc_add("big_key", "k", content, 0, RING_P));
	EXPECT_EQ(-EINVAL, kc_add("big_key", "k", NULL, 0, RING_P));
	EXPECT_EQ(-EFAULT, kc_add("big_key", "k", NULL, 1, RING_P));
	EXPECT_EQ(-EFAULT, kc_add("big_key", "k", NOWHERE, TYPICAL_FILE, RING_P));
	EXPECT_EQ(-EINVAL, kc_add("big_key", "k", content, MAX_ADD + 1, RING_P));
	EXPECT_EQ(-EINVAL, kc_add("big_key", NULL, content, 1, RING_P));
	EXPECT_EQ(-EINVAL, kc_add("big_key", "", content, TYPICAL_FILE, RING_P));
	EXPECT_EQ(0, ring_size(RING_P));
}

/* EFAULT EACCES ENOKEY: reading */
TEST_F(keeper, ours_reads_refused)
{
	const size_t sizes[] = { TYPICAL_BUFF, TYPICAL_FILE };
	size_t i;

	for (i = 0; i < 2; i++) {
		long key = add_big("k", sizes[i]);

		ASSERT_LT(0, key);
		EXPECT_EQ(-EFAULT, kc_read(key, NOWHERE, sizes[i]));
		EXPECT_EQ(-EACCES, ON(self->p, kc_read(key, NULL, 0)));
		EXPECT_TRUE(holds(key, sizes[i]));
		EXPECT_EQ(0, kc_invalidate(key));
		EXPECT_EQ(-ENOKEY, kc_read(key, back, sizeof(back)));
	}
}

TEST_F(keeper, ours_many_at_once)
{
	long key[16];
	int i;

	for (i = 0; i < 16; i++) {
		char desc[8];

		sprintf(desc, "k%d", i);
		fill(i);
		key[i] = add_big(desc, TYPICAL_FILE + i);
		ASSERT_LT(0, key[i]);
	}
	for (i = 15; i >= 0; i--) {
		fill(i);
		EXPECT_TRUE(holds(key[i], TYPICAL_FILE + i)) TH_LOG("key %d", i);
	}
}

/* ---- update ---- */

TEST_F(keeper, ours_update)
{
	long key = add_big("k", TYPICAL_BUFF);

	ASSERT_LT(0, key);
	fill(2);
	EXPECT_EQ(0, kc_update(key, content, MAX_UPDATE));
	EXPECT_TRUE(holds(key, MAX_UPDATE));
	EXPECT_STREQ(": 4096 [file]", told(key));
	fill(3);
	EXPECT_EQ(0, kc_update(key, content, TYPICAL_BUFF));
	EXPECT_TRUE(holds(key, TYPICAL_BUFF));
	EXPECT_STREQ(": 100 [buff]", told(key));
	/* what is refused changes nothing */
	EXPECT_EQ(-EINVAL, kc_update(key, content, 0));
	EXPECT_EQ(-EINVAL, kc_update(key, NULL, 0));
	EXPECT_EQ(-EINVAL, kc_update(key, content, MAX_UPDATE + 1));
	EXPECT_EQ(-EFAULT, kc_update(key, NOWHERE, MAX_UPDATE));
	EXPECT_TRUE(holds(key, TYPICAL_BUFF));
	/* add_key() updates as well, and takes more */
	fill(4);
	EXPECT_EQ(key, add_big("k", MAX_ADD));
	EXPECT_TRUE(holds(key, MAX_ADD));
	fill(5);
	EXPECT_EQ(key, add_big("k", MAX_ADD));
	EXPECT_TRUE(holds(key, MAX_ADD));
	fill(6);
	EXPECT_EQ(key, add_big("k", 1));
	EXPECT_TRUE(holds(key, 1));
}

/* Unlike a `user` key's, the time of expiry stays */
TEST_F(keeper, ours_update_keeps_the_timeout)
{
	long key = add_big("k", TYPICAL_FILE);

	EXPECT_EQ(0, kc_timeout(key, 2));
	EXPECT_EQ(0, kc_update(key, content, TYPICAL_BUFF));
	EXPECT_TRUE(EVENTUALLY(kc_read(key, NULL, 0) == -EKEYEXPIRED));
}

/* ---- quota ---- */

#define EXPECT_CHARGED(more)						\
	EXPECT_TRUE(EVENTUALLY(bytes_charged(self->uid) == self->bytes + (more)))\
		TH_LOG("charged %d bytes more, not %d",			\
		       bytes_charged(self->uid) - self->bytes, (more))

TEST_F(keeper, ours_every_size_costs_the_same)
{
	int price = sizeof("k") + QUOTA_BYTES + LINK_BYTES;
	long key;

	key = ON(self->p, add_big("k", 1));
	ASSERT_LT(0, key);
	EXPECT_CHARGED(price);
	/* more than the quota has room for, if it were counted */
	EXPECT_EQ(key, ON(self->p, add_big("k", MAX_ADD)));
	EXPECT_CHARGED(price);
	EXPECT_EQ(0, ON(self->p, kc_update(key, content, TYPICAL_BUFF)));
	EXPECT_CHARGED(price);
	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_CHARGED(price - QUOTA_BYTES);
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_P)));
	EXPECT_CHARGED(0);
}

/* EDQUOT */
TEST_F(keeper, ours_over_quota)
{
	int price = sizeof("k") + QUOTA_BYTES + LINK_BYTES;

	EXPECT_EQ(0, sysctl_set("maxbytes", self->bytes + price - 1));
	EXPECT_EQ(-EDQUOT, ON(self->p, add_big("k", TYPICAL_FILE)));
	EXPECT_EQ(-EDQUOT, ON(self->p, add_big("k", TYPICAL_BUFF)));
	EXPECT_CHARGED(0);
	EXPECT_EQ(0, sysctl_set("maxbytes", self->bytes + price));
	EXPECT_LT(0, ON(self->p, add_big("k", TYPICAL_FILE)));
	EXPECT_CHARGED(price);
}

/* ---- the end ---- */

TEST_F(keeper, ours_revoke)
{
	const size_t sizes[] = { TYPICAL_BUFF, TYPICAL_FILE };
	char want[32];
	size_t i;

	for (i = 0; i < 2; i++) {
		long key = add_big("k", sizes[i]);

		ASSERT_LT(0, key);
		EXPECT_EQ(0, kc_revoke(key));
		EXPECT_EQ(-EKEYREVOKED, kc_read(key, back, sizeof(back)));
		EXPECT_EQ(-EKEYREVOKED, kc_update(key, content, 1));
		EXPECT_EQ(-EKEYREVOKED, kc_revoke(key));
		/* how long it was is still told */
		sprintf(want, ": %zu [%s]", sizes[i], i ? "file" : "buff");
		EXPECT_STREQ(want, told(key));
		/* a new one of the name takes its place */
		EXPECT_LT(0, add_big("k", sizes[i]));
		EXPECT_NE(key, kc_search(RING_P, "big_key", "k", 0));
	}
}

/* KiB of shared memory in the machine */
static long shmem(void)
{
	const char *line = strstr(slurp(NULL, "/proc/meminfo"), "\nShmem:");

	return line ? strtol(line + 7, NULL, 10) : -1;
}

/* Files are of the size of their content, and go with the payload */
TEST_F(keeper, ours_memory_is_given_back)
{
	enum { MIB = 1024, SLACK = 512, KEYS = 8 };
	char desc[8];
	long before, i, key[KEYS];

	before = shmem();
	for (i = 0; i < KEYS; i++) {
		sprintf(desc, "k%ld", i);
		key[i] = add_big(desc, MAX_ADD);
		ASSERT_LT(0, key[i]);
	}
	EXPECT_LT(before + KEYS * MIB - SLACK, shmem());
	EXPECT_GT(before + KEYS * MIB + SLACK, shmem());

	EXPECT_EQ(0, kc_revoke(key[0]));
	EXPECT_TRUE(EVENTUALLY(shmem() < before + (KEYS - 1) * MIB + SLACK));
	EXPECT_EQ(0, kc_update(key[1], content, 1));
	EXPECT_TRUE(EVENTUALLY(shmem() < before + (KEYS - 2) * MIB + SLACK));
	EXPECT_EQ(0, kc_clear(RING_P));
	EXPECT_TRUE(EVENTUALLY(shmem() < before + SLACK));
}

/* They go with the process that had them, too */
TEST_F(keeper, ours_memory_of_a_process)
{
	enum { MIB = 1024, SLACK = 512 };
	long before = shmem();

	ASSERT_LT(0, ON(self->p, add_big("one", MAX_ADD)));
	ASSERT_LT(0, ON(self->p, add_big("two", MAX_ADD)));
	EXPECT_LT(before + 2 * MIB - SLACK, shmem());
	actor_leave(self->p);
	EXPECT_TRUE(EVENTUALLY(shmem() < before + SLACK));
}

/* A file keeps neither the UID that made it, and so the rings it hangs off, ... */
TEST_F(keeper, ours_does_not_pin_the_uid)
{
	long ring = ON(self->p, kc_id(RING_U, 1));
	long key = ON(self->p, kc_add("big_key", "k", content, TYPICAL_FILE, RING_U));

	ASSERT_LT(0, ring);
	ASSERT_LT(0, key);
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(ring));
	EXPECT_TRUE(key_goes(key));
}

/* ... nor a user namespace */
TEST_F(keeper, ours_does_not_pin_the_user_namespace)
{
	struct actor *m = actor_userns(fresh_uid(), 1);
	long ring = ON(m, kc_id(RING_U, 1));
	long key = ON(m, kc_add("big_key", "k", content, TYPICAL_FILE, RING_U));

	ASSERT_LT(0, ring);
	ASSERT_LT(0, key);
	actor_leave(m);
	EXPECT_TRUE(key_goes(ring));
	EXPECT_TRUE(key_goes(key));
}

/* ---- who is in between ---- */

/* It is no file of the process's: its limit on the size of files does not count */
TEST_F(keeper, ours_limits_on_files_do_not_count)
{
	const struct rlimit none = { 0, RLIM_INFINITY };
	struct rlimit was;
	bool held;

	ASSERT_EQ(0, getrlimit(RLIMIT_FSIZE, &was));
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &none));
	held = holds(add_big("k", TYPICAL_FILE), TYPICAL_FILE);
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &was));
	EXPECT_TRUE(held);
}

static long files_that_there_may_be(long most)
{
	FILE *f = fopen("/proc/sys/fs/file-max", "r+");
	long before;

	if (!f)
		return -errno;
	if (fscanf(f, "%ld", &before) != 1)
		before = -EIO;
	rewind(f);
	fprintf(f, "%ld\n", most);
	return fclose(f) ? -errno : before;
}

/* But it is one of the files that there may be, for root, too; a small key needs none */
TEST_F(keeper, ours_each_large_one_is_an_open_file)
{
	long before = files_that_there_may_be(0), large, small;

	ASSERT_LT(0, before);
	large = add_big("large", TYPICAL_FILE);
	small = add_big("small", 10);
	EXPECT_EQ(0, files_that_there_may_be(before));
	EXPECT_EQ(-ENFILE, large);
	EXPECT_LT(0, small);
	EXPECT_TRUE(holds(add_big("large", TYPICAL_FILE), TYPICAL_FILE));
}

/* Another user reads it, when the key says so: the file has no owner */
TEST_F(keeper, ours_others_may_read)
{
	long key = add_big("k", TYPICAL_FILE);

	ASSERT_LT(0, key);
	EXPECT_EQ(0, kc_setperm(key, PERM_POS(MAY_ALL) | PERM_OTH(MAY_READ)));
	EXPECT_EQ(TYPICAL_FILE, ON(self->p, kc_read(key, back, sizeof(back))));
}

/* What is read is one payload, not parts of two */
enum { RACE_MS = 1500 };

static long read_on(long key, long shared_buf, long c)
{
	unsigned char *buf = (unsigned char *)shared_buf;
	long until = now_ms() + RACE_MS, reads = 0, len;

	(void)c;
	while (now_ms() < until) {
		len = kc_read(key, buf, TYPICAL_FILE);
		if (len == -EKEYREVOKED)
			break;
		if (len < 0)
			return len;
		if (memchr(buf, buf[0] == 'a' ? 'b' : 'a', len))
			return -EBADMSG;
		reads++;
	}
	return reads;
}

TEST_F(keeper, ours_reader_and_updates)
{
	unsigned char *buf = shared(TYPICAL_FILE);
	struct actor *reader = actor_thread(self->p);
	const size_t sizes[] = { TYPICAL_FILE, TYPICAL_BUFF, TYPICAL_FILE - 1, 5000 };
	long key, until = now_ms() + RACE_MS;
	unsigned char *text = shared(TYPICAL_FILE);
	int i;

	memset(text, 'a', TYPICAL_FILE);
	key = ON(self->p, kc_add("big_key", "k", text, TYPICAL_FILE, RING_P));
	ASSERT_LT(0, key);
	EXPECT_EQ(0, ON(self->p, kc_setperm(key, PERM_POS(MAY_ALL) | PERM_USR(MAY_ALL))));
	actor_begin(reader, read_on, key, (long)buf, 0);
	for (i = 0; now_ms() < until; i++) {
		memset(text, i % 2 ? 'a' : 'b', TYPICAL_FILE);
		ASSERT_EQ(key, ON(self->p, kc_add("big_key", "k", text, sizes[i % 4], RING_P)));
	}
	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_LT(0, actor_end(reader));
	TH_LOG("%d updates", i);
}

SELFTEST_MAIN
