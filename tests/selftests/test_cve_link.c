// SPDX-License-Identifier: GPL-2.0-only
/*
 * What once went wrong with rings and links: each test is named after the CVE, or
 * after the commit that mended it.
 *
 * Documentation/userspace-api/cve.rst lists them all.
 */
#include <kselftest_harness.h>

#include <glob.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/*
 *	p (fresh uid) @p---> "_pid" ---> ring ("r")
 */
FIXTURE(cve_link)
{
	struct actor *p;
	uid_t uid;
	long ring;
	long maxkeys, maxbytes, gc_delay;
};

FIXTURE_SETUP(cve_link)
{
	stage_open();
	self->maxkeys = sysctl_get("maxkeys");
	self->maxbytes = sysctl_get("maxbytes");
	self->gc_delay = sysctl_get("gc_delay");
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->ring = ON(self->p, kc_add_ring("r", RING_P));
	ASSERT_LT(0, self->ring);
}

FIXTURE_TEARDOWN(cve_link)
{
	sysctl_set("maxkeys", self->maxkeys);
	sysctl_set("maxbytes", self->maxbytes);
	sysctl_set("gc_delay", self->gc_delay);
	stage_close();
}

static int lift_quota(void)
{
	return sysctl_set("maxkeys", 1000000) ?: sysctl_set("maxbytes",
							    100000000);
}

/* Free objects go back to the kernel, and those that KASAN keeps for a while */
static void slabs_give_back(void)
{
	glob_t caches;
	size_t i;
	int fd;

	if (glob("/sys/kernel/slab/*/shrink", 0, NULL, &caches))
		return;
	for (i = 0; i < caches.gl_pathc; i++) {
		fd = open(caches.gl_pathv[i], O_WRONLY | O_CLOEXEC);
		if (write(fd, "1", 1) != 1)
			stage_broken("%s: %d", caches.gl_pathv[i], errno);
		close(fd);
	}
	globfree(&caches);
}

/* What all objects of the kernel take up, in kilobytes */
static long slab_kb(void)
{
	const char *line;

	slabs_give_back();
	line = strstr(slurp(NULL, "/proc/meminfo"), "\nSlab:");
	return line ? strtol(line + 6, NULL, 10) : 0;
}

/* A ring that could not be made was destroyed as if it had been */
TEST_F(cve_link, cve_2005_2099_a_ring_that_was_never_made)
{
	struct key_row row;
	int i, keys = keys_charged(self->uid), bytes = bytes_charged(self->uid);

	for (i = 0; i < 200; i++) {
		ASSERT_EQ(-EINVAL, ON(self->p, kc_add("keyring", "unmade", "v",
						      1, self->ring)));
	}
	EXPECT_EQ(0, ON(self->p, ring_size(self->ring)));
	EXPECT_TRUE(EVENTUALLY(!key_rows_like(NULL, "unmade", &row)));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == keys &&
			       bytes_charged(self->uid) == bytes));
	EXPECT_LT(0, ON(self->p, kc_add_ring("unmade", self->ring)));
}

/* Anything that was named in the place of a ring was taken for one */
TEST_F(cve_link, cve_2006_1522_a_key_is_no_ring)
{
	long key = ON(self->p, kc_add_user("k", "v", RING_P));
	long logon = ON(self->p, kc_add("logon", "a:b", "v", 1, RING_P));

	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_add_user("x", "v", key)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_add_user("x", "v", logon)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_add_ring("x", key)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_link(self->ring, key)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_unlink(self->ring, key)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_clear(logon)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_move(self->ring, RING_P, key, 0)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_move(self->ring, key, RING_P, 0)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_search(key, "user", "k", 0)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_restrict(key, NULL, NULL)));
	EXPECT_STREQ("v", ON(self->p, payload(key)));
}

/* The search for a cycle took what has a ring's name for that ring; here those are keys */
TEST_F(cve_link, cve_2014_0102_keys_beside_their_namesakes)
{
	long a = ON(self->p, kc_add_ring("a", RING_P));
	long b = ON(self->p, kc_add_ring("b", RING_P));
	char *desc = shared(16);
	int i;

	EXPECT_LT(0, ON(self->p, kc_add_user("a", "v", b)));
	EXPECT_LT(0, ON(self->p, kc_add_user("b", "v", a)));
	for (i = 0; i < 40; i++) {
		sprintf(desc, "k%d", i);
		ASSERT_LT(0, ON(self->p, kc_add_user(desc, "v", b)));
	}
	EXPECT_EQ(0, ON(self->p, kc_link(b, a)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_link(a, b)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(b, a)));
	EXPECT_EQ(0, ON(self->p, kc_link(a, b)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_link(b, a)));
	EXPECT_EQ(42, ON(self->p, ring_size(b)));
	EXPECT_EQ(1, ON(self->p, ring_size(a)));
}

enum { FULLEST = 300 };

/* Rings of these sizes lie on both sides of where an index grows by a level */
static const int sizes[] = { 1, 2, 15, 16, 17, 33, FULLEST };

static long fill(struct actor *p, long ring, int size, int timeout)
{
	char *desc = shared(16);
	long key;
	int i;

	for (i = 0; i < size; i++) {
		sprintf(desc, "k%d", i);
		key = ON(p, kc_add_user(desc, "v", ring));
		/* every second one is to go */
		if (key > 0 && i % 2 == 0)
			key = ON(p, kc_timeout(key, timeout));
		if (key < 0)
			return key;
	}
	return 0;
}

/* The index was torn when many keys of a ring went at once */
TEST_F(cve_link, cve_2014_3631_mass_expiry)
{
	long ring[ARRAY_SIZE(sizes)];
	char *desc = shared(16);
	unsigned int n;
	int i;

	ASSERT_EQ(0, lift_quota());
	ASSERT_EQ(0, sysctl_set("gc_delay", 1));
	for (n = 0; n < ARRAY_SIZE(sizes); n++) {
		ring[n] = ON(self->p, kc_add_ring(shared_text("r%u", n),
						  RING_P));
		ASSERT_EQ(0, fill(self->p, ring[n], sizes[n], 2));
	}
	for (n = 0; n < ARRAY_SIZE(sizes); n++) {
		EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(ring[n])) ==
				       sizes[n] / 2));
		for (i = 0; i < sizes[n]; i++) {
			long ret;

			sprintf(desc, "k%d", i);
			ret = ON(self->p, kc_search(ring[n], "user", desc, 0));
			EXPECT_TRUE(i % 2 ? ret > 0 : ret == -ENOKEY)
				TH_LOG("%s of %d: %ld", desc, sizes[n], ret);
		}
	}
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) ==
			       2 + 7 + FULLEST / 2 + 40));
}

/* A ring held nothing but rings, more than a node of the index has room for; one was to go */
TEST_F(cve_link, cve_2014_3631_one_of_many_rings_expires)
{
	static const int counts[] = { 16, 17, 18, 33 };
	char *desc = shared(16);
	long ring[ARRAY_SIZE(counts)], last = 0;
	unsigned int n;
	int i;

	ASSERT_EQ(0, lift_quota());
	ASSERT_EQ(0, sysctl_set("gc_delay", 1));
	for (n = 0; n < ARRAY_SIZE(counts); n++) {
		ring[n] = ON(self->p, kc_add_ring(shared_text("r%u", n), RING_P));
		for (i = 0; i < counts[n]; i++) {
			sprintf(desc, "k%d", i);
			last = ON(self->p, kc_add_ring(desc, ring[n]));
			ASSERT_LT(0, last);
		}
		ASSERT_EQ(0, ON(self->p, kc_timeout(last, 1)));
	}
	for (n = 0; n < ARRAY_SIZE(counts); n++) {
		EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(ring[n])) == counts[n] - 1));
		for (i = 0; i < counts[n] - 1; i++) {
			sprintf(desc, "k%d", i);
			EXPECT_LT(0, ON(self->p, kc_search(ring[n], "keyring", desc, 0)))
				TH_LOG("%s of %d", desc, counts[n]);
		}
	}
}

static long add_many(long count, long ring, long b)
{
	long i, ret = 0;

	(void)b;
	for (i = 0; i < count && ret >= 0; i++)
		ret = kc_add("user", "k", "value", 5, ring);
	return ret;
}

static long link_many(long count, long key, long ring)
{
	long i, ret = 0;

	for (i = 0; i < count && !ret; i++)
		ret = kc_link(key, ring);
	return ret;
}

/* Adding a key that is there leaked the preparations for its link */
TEST_F_TIMEOUT(cve_link, cve_2015_1333_adding_again_costs_nothing, 900)
{
	/* a million adds, but where the kernel is slow; no order takes long */
	enum { TIMES = 5000 };
	int i, orders = patience_ms > 60000 ? 3 : 200;
	long key = actor_do(self->p, add_many, 1, self->ring, 0);
	int bytes = bytes_charged(self->uid), usage;
	struct key_row row;
	long before;

	ASSERT_LT(0, key);
	ASSERT_TRUE(key_row(self->p, key, &row));
	usage = row.usage;
	before = slab_kb();
	for (i = 0; i < orders; i++)
		ASSERT_EQ(key, actor_do(self->p, add_many, TIMES, self->ring, 0));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, actor_do(self->p, link_many, TIMES, key, self->ring));
	EXPECT_EQ(bytes, bytes_charged(self->uid));
	EXPECT_TRUE(EVENTUALLY(key_row(self->p, key, &row) &&
			       row.usage == usage));
	/* eight bytes lost each time would be eight megabytes; 64, where the kernel is slow, two */
	EXPECT_TRUE(EVENTUALLY(slab_kb() < before + 1024))
		TH_LOG("%ld kB of slabs, then %ld kB", before, slab_kb());
}

/* Sixteen rings filled a node of the index, and a key of another type split it wrongly */
TEST_F(cve_link, cve_2017_12193_a_full_node_is_split)
{
	char *desc = shared(16);
	long ring[16], key, logon;
	int i;

	for (i = 0; i < 16; i++) {
		sprintf(desc, "ring%d", i);
		ring[i] = ON(self->p, kc_add_ring(desc, self->ring));
		ASSERT_LT(0, ring[i]);
	}
	key = ON(self->p, kc_add_user("k", "v", self->ring));
	logon = ON(self->p, kc_add("logon", "a:b", "v", 1, self->ring));
	EXPECT_EQ(key, ON(self->p, kc_search(self->ring, "user", "k", 0)));
	EXPECT_EQ(logon, ON(self->p, kc_search(self->ring, "logon", "a:b", 0)));
	for (i = 0; i < 16; i++) {
		sprintf(desc, "ring%d", i);
		EXPECT_EQ(ring[i], ON(self->p, kc_search(self->ring, "keyring",
							 desc, 0)));
		EXPECT_EQ(0, ON(self->p, kc_unlink(ring[i], self->ring)));
		EXPECT_EQ(17 - i, ON(self->p, ring_size(self->ring)));
	}
	EXPECT_EQ(key, ON(self->p, kc_search(self->ring, "user", "k", 0)));
	EXPECT_EQ(logon, ON(self->p, kc_search(self->ring, "logon", "a:b", 0)));
}

/*
 * An index that looks at a description in pieces read beyond its end, or took the
 * bytes of a piece in different orders: every length, every place of a difference.
 */
TEST_F(cve_link, cve_2026_74566_and_74567_every_byte_of_a_description)
{
	enum { LONG = 2000, STEP = 7, LENGTHS = 130 };
	char *desc = shared(LONG + 1);
	long key[LONG / STEP + 1], same[LENGTHS];
	int i;

	ASSERT_EQ(0, lift_quota());
	memset(desc, 'x', LONG);
	for (i = 0; i <= LONG / STEP; i++) {
		desc[i * STEP < LONG ? i * STEP : LONG - 1] ^= 1;
		key[i] = ON(self->p, kc_add_user(desc, "v", self->ring));
		desc[i * STEP < LONG ? i * STEP : LONG - 1] ^= 1;
		ASSERT_LT(0, key[i]);
	}
	for (i = 0; i <= LONG / STEP; i++) {
		desc[i * STEP < LONG ? i * STEP : LONG - 1] ^= 1;
		EXPECT_EQ(key[i], ON(self->p, kc_search(self->ring, "user",
							desc, 0)));
		desc[i * STEP < LONG ? i * STEP : LONG - 1] ^= 1;
	}
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(self->ring, "user", desc, 0)));
	/* one is the beginning of the next */
	for (i = 1; i < LENGTHS; i++) {
		desc[i] = 0;
		same[i] = ON(self->p, kc_add_user(desc, "v", self->ring));
		desc[i] = 'x';
	}
	for (i = 1; i < LENGTHS; i++) {
		desc[i] = 0;
		EXPECT_EQ(same[i], ON(self->p, kc_search(self->ring, "user",
							 desc, 0)));
		desc[i] = 'x';
	}
}

/* What did not fit into the buffer was written behind it */
TEST_F(cve_link, fix_e645016abc80_a_short_read_of_a_ring)
{
	enum { KEYS = 100 };
	int32_t *ids = shared((KEYS + 1) * sizeof(*ids));
	char *desc = shared(16);
	int i, len;

	for (i = 0; i < KEYS; i++) {
		sprintf(desc, "k%d", i);
		ASSERT_LT(0, ON(self->p, kc_add_user(desc, "v", self->ring)));
	}
	for (len = 0; len <= KEYS; len++) {
		memset(ids, '#', (KEYS + 1) * sizeof(*ids));
		EXPECT_EQ(4 * KEYS, ON(self->p, kc_read(self->ring, ids,
							4 * len)));
		for (i = len; i <= KEYS; i++) {
			EXPECT_EQ(0x23232323, ids[i]);
		}
		/* a buffer that does not hold all gets nothing */
		EXPECT_EQ(len == KEYS, ids[0] != 0x23232323);
	}
	EXPECT_EQ(-EINVAL, ON(self->p, kc_read(self->ring, ids, 4 * KEYS - 1)));
}

/* The last key and the last byte that the limits allow were refused */
TEST_F(cve_link, fix_a08bf91ce28e_and_2e356101e72a_limits_are_reached_exactly)
{
	struct actor *root = actor_fork(NULL);
	long key, gift;

	ASSERT_EQ(0, sysctl_set("maxkeys", keys_charged(self->uid) + 2));
	key = ON(self->p, kc_add_user("k", "v", self->ring));
	ASSERT_LT(0, key);
	ASSERT_EQ(0, sysctl_set("maxbytes", bytes_charged(self->uid) + 2 +
					    (int)sizeof("gift") + 1 +
					    LINK_BYTES));
	/* two bytes more, a key that is given, and a link: nothing is left then */
	EXPECT_EQ(0, ON(self->p, kc_update(key, "123", 3)));
	gift = ON(root, kc_add_user("gift", "v", RING_P));
	ASSERT_LT(0, gift);
	EXPECT_EQ(0, ON(root, kc_chown(gift, self->uid, -1)));
	EXPECT_EQ(0, ON(self->p, kc_link(key, RING_P)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_update(key, "1234", 4)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("more", "v", self->ring)));
	gift = ON(root, kc_add_user("more", "v", RING_P));
	EXPECT_EQ(-EDQUOT, ON(root, kc_chown(gift, self->uid, -1)));
}

SELFTEST_MAIN
