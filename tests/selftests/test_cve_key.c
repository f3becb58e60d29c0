// SPDX-License-Identifier: GPL-2.0-only
/*
 * What once went wrong with payloads, descriptions and what is copied to and from
 * programs: each test is named after the CVE, or after the commit that mended it.
 *
 * Documentation/userspace-api/cve.rst lists them all.
 */
#include <kselftest_harness.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/*
 *	p (fresh uid) @p---> "_pid" ---> key ("k", "value"), ring ("r")
 */
FIXTURE(cve_key)
{
	struct actor *p;
	uid_t uid;
	long key, ring;
};

FIXTURE_SETUP(cve_key)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->key = ON(self->p, kc_add_user("k", "value", RING_P));
	self->ring = ON(self->p, kc_add_ring("r", RING_P));
	ASSERT_LT(0, self->key);
	ASSERT_LT(0, self->ring);
}

FIXTURE_TEARDOWN(cve_key)
{
	stage_close();
}

/* One key of each type, as far as the kernel has the type */
static const struct {
	const char *type, *payload;
	size_t len;
} sorts[] = {
	{ "user", "value", 5 }, { "logon", "value", 5 }, { "keyring", NULL, 0 },
	{ "big_key", "value", 5 }, { "encrypted", "new user:master 32", 18 },
	{ "dns_resolver", "192.0.2.1", 10 },
};

/* A payload of NULL with a length was followed */
TEST_F(cve_key, cve_2017_15274_a_length_without_a_payload)
{
	static const char *const types[] = {
		"user", "logon", "keyring", "big_key", "encrypted", "trusted",
		"asymmetric", "dns_resolver", "no such type",
	};
	unsigned int i, updated = 0;
	long key;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		EXPECT_EQ(-EFAULT, ON(self->p, kc_add(types[i], "a:b", NULL, 8,
						      RING_P)))
			TH_LOG("%s", types[i]);
	}
	ASSERT_LT(0, ON(self->p, kc_add_user("master", "secret", RING_P)));
	for (i = 0; i < ARRAY_SIZE(sorts); i++) {
		key = ON(self->p, kc_add(sorts[i].type, "a:b", sorts[i].payload, sorts[i].len,
					 RING_P));
		if (key == -ENODEV)
			continue;
		updated++;
		EXPECT_LT(0, key) TH_LOG("%s", sorts[i].type);
		EXPECT_EQ(-EFAULT, ON(self->p, kc_update(key, NULL, 8)))
			TH_LOG("%s", sorts[i].type);
		/* over a key that is there */
		EXPECT_EQ(-EFAULT, ON(self->p, kc_add(sorts[i].type, "a:b", NULL, 8, RING_P)))
			TH_LOG("%s", sorts[i].type);
	}
	/* those that every kernel has */
	EXPECT_LE(3, updated);
	EXPECT_EQ(-EFAULT, ON(self->p, kc_update(self->key, NULL, 8)));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
}

/* A type that cannot be updated was handed preparations that were never made */
TEST_F(cve_key, fix_63a0b0509e70_update_of_a_type_without_update)
{
	int i;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(-EOPNOTSUPP, ON(self->p, kc_update(self->ring, "v",
							     1)));
		ASSERT_EQ(-EOPNOTSUPP, ON(self->p, kc_update(self->ring, NULL,
							     0)));
	}
	EXPECT_EQ(0, ON(self->p, ring_size(self->ring)));
	EXPECT_EQ(0, ON(self->p, kc_link(self->key, self->ring)));
}

/*
 * The time left was written into twelve bytes, whatever its length: an update set it to
 * the end of all times
 */
TEST_F(cve_key, cve_2016_7042_the_longest_timeout_in_proc_keys)
{
	struct key_row row;

	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 1000)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "other", 5)));
	ASSERT_TRUE(key_row(self->p, self->key, &row));
	EXPECT_STREQ("perm", row.timeout);
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, UINT32_MAX)));
	ASSERT_TRUE(key_row(self->p, self->key, &row));
	EXPECT_STREQ("7101w", row.timeout);
	EXPECT_STREQ(shared_text("%08lx I--Q---     1 7101w 3f010000 %5u %5u user      k: 5",
				 self->key, self->uid, self->uid), row.line);
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->ring, UINT32_MAX - 1)));
	ASSERT_TRUE(key_row(self->p, self->ring, &row));
	EXPECT_STREQ("r: empty", row.desc);
}

/* A revoked key's payload was read while it went */
TEST_F(cve_key, cve_2015_7550_a_revoked_key_is_not_read)
{
	char *buf = shared(16);

	memset(buf, '#', 16);
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_read(self->key, buf, 16)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_update(self->key, "v", 1)));
	EXPECT_EQ('#', buf[0]);
}

/* ---- memory that is not there yet ---- */

enum { PAGE = 4096 };

static struct {
	int fd;
	char *page;
} fault;	/* in the memory of the process that makes it */

/* A page whose first use waits for this program's answer */
static long fault_prepare(long a, long b, long c)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range.len = PAGE,
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	(void)a, (void)b, (void)c;
	fault.fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (fault.fd < 0 || ioctl(fault.fd, UFFDIO_API, &api))
		return -errno;
	fault.page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (unsigned long)fault.page;
	return ioctl(fault.fd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

/* Has somebody come to the page? */
static long fault_await(long a, long b, long c)
{
	struct pollfd poll_fd = { .fd = fault.fd, .events = POLLIN };
	struct uffd_msg msg;

	(void)a, (void)b, (void)c;
	if (poll(&poll_fd, 1, patience_ms) != 1)
		return -ETIME;
	return read(fault.fd, &msg, sizeof(msg)) == sizeof(msg) ? 0 : -errno;
}

static long fault_resolve(long a, long b, long c)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (unsigned long)fault.page, .len = PAGE },
	};

	(void)a, (void)b, (void)c;
	return ioctl(fault.fd, UFFDIO_ZEROPAGE, &zero) ? -errno : 0;
}

/* What must not wait: the address space, the key, its rings, all keys of the UID */
static long use_all(long key, long ring, long b)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long ret;

	(void)b;
	munmap(p, PAGE);
	ret = kc_update(key, "other", 5);
	if (!ret)
		ret = kc_link(key, ring);
	if (!ret)
		ret = kc_move(key, ring, RING_P, 0);
	if (!ret)
		ret = kc_clear(ring);
	if (!ret)
		ret = kc_add("user", "another", "v", 1, RING_P);
	if (ret > 0)
		ret = kc_unlink(ret, RING_P);
	if (!ret)
		ret = kc_request("user", "k", NULL, 0) == key ? 0 : -ENOKEY;
	return ret;
}

static long read_into_page(long key, long b, long c)
{
	(void)b, (void)c;
	return kc_read(key, fault.page, PAGE);
}

static long describe_into_page(long key, long b, long c)
{
	(void)b, (void)c;
	return kc_describe(key, fault.page, PAGE);
}

static long update_from_page(long key, long b, long c)
{
	(void)b, (void)c;
	return kc_update(key, fault.page, 7);
}

static long add_from_page(long ring, long b, long c)
{
	(void)b, (void)c;
	return kc_add("user", "new", fault.page, 9, ring);
}

static long request_from_page(long b, long c, long d)
{
	(void)b, (void)c, (void)d;
	return kc_request("user", fault.page, NULL, 0);
}

/*
 * A thread of q reads and writes a page that is not there, and sleeps in the middle
 * of its call:
 *
 *	q (root) ---- main thread: must go on
 *	         `--- thread: in a call, waiting for the page
 */
#define EXPECT_ONLY_THE_CALLER_WAITS(want, fn, arg) do {		\
	ASSERT_EQ(0, actor_do(q, fault_prepare, 0, 0, 0));		\
	actor_begin(thread, fn, arg, 0, 0);				\
	ASSERT_EQ(0, actor_do(q, fault_await, 0, 0, 0));		\
	EXPECT_EQ(0, actor_do(q, use_all, key, ring, 0));		\
	EXPECT_EQ(TURN_ACTOR, whose_turn(thread));			\
	EXPECT_EQ(0, actor_do(q, fault_resolve, 0, 0, 0));		\
	EXPECT_EQ(want, actor_end(thread));				\
} while (0)

/* A key stayed locked while its payload was copied, and with it whoever came next */
TEST_F(cve_key, fix_d3ec10aa9581_no_lock_is_held_while_memory_is_awaited)
{
	struct actor *q = actor_fork(NULL), *thread;
	long key, ring;

	key = ON(q, kc_add_user("k", "value", RING_P));
	ring = ON(q, kc_add_ring("r", RING_P));
	ASSERT_LT(0, ON(q, kc_add_user("l", "v", ring)));
	thread = actor_thread(q);
	EXPECT_ONLY_THE_CALLER_WAITS(5, read_into_page, key);
	EXPECT_EQ(0, ON(q, kc_link(key, ring)));
	EXPECT_ONLY_THE_CALLER_WAITS(4, read_into_page, ring);
	EXPECT_ONLY_THE_CALLER_WAITS((long)sizeof("user;0;0;3f010000;k"),
				     describe_into_page, key);
	EXPECT_ONLY_THE_CALLER_WAITS(0, update_from_page, key);
	EXPECT_EQ(7, ON(q, kc_read(key, NULL, 0)));
	EXPECT_ONLY_THE_CALLER_WAITS(-ENOKEY, request_from_page, 0);
	ASSERT_EQ(0, actor_do(q, fault_prepare, 0, 0, 0));
	actor_begin(thread, add_from_page, ring, 0, 0);
	ASSERT_EQ(0, actor_do(q, fault_await, 0, 0, 0));
	EXPECT_EQ(0, actor_do(q, use_all, key, ring, 0));
	EXPECT_EQ(0, actor_do(q, fault_resolve, 0, 0, 0));
	EXPECT_LT(0, actor_end(thread));
	EXPECT_EQ(1, ON(q, ring_size(ring)));
}

SELFTEST_MAIN
