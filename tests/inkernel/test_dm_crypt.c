// SPDX-License-Identifier: GPL-2.0-only
/*
 * dm-crypt takes its key from the rings of the process that sets the device up.
 *
 * Specified by Documentation/admin-guide/device-mapper/dm-crypt.rst.
 */
#include <kselftest_harness.h>
#include <linux/dm-ioctl.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "inkernel.h"

#define DISK "/dev/ram0"
#define CIPHER "aes-cbc-plain64"

enum { KEY_BYTES = 32, SECTORS = 64, SECTOR = 512 };

/*
 *	p (root) @s---> "_ses" ---> key of 32 bytes
 *
 *	/dev/ram0 <--- device "inkernel", encrypted with that key
 */
FIXTURE(disk)
{
	struct actor *p;
	unsigned char *secret;
	const char *desc;
};

FIXTURE_VARIANT(disk)
{
	const char *type;
};

FIXTURE_VARIANT_ADD(disk, logon) { .type = "logon" };
FIXTURE_VARIANT_ADD(disk, user) { .type = "user" };

/* ---- the device mapper ---- */

struct dm_call {
	struct dm_ioctl head;
	struct dm_target_spec spec;
	char text[512];
};

static struct dm_call *dm_call(void)
{
	struct dm_call *call = shared(sizeof(*call));

	memset(call, 0, sizeof(*call));
	call->head.version[0] = DM_VERSION_MAJOR;
	call->head.data_size = sizeof(*call);
	call->head.data_start = offsetof(struct dm_call, spec);
	strcpy(call->head.name, "inkernel");
	return call;
}

static long dm(struct dm_call *call, unsigned long cmd)
{
	int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = ioctl(fd, cmd, call) ? -errno : 0;
	close(fd);
	return ret;
}

static long dm_remove(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	return dm(dm_call(), DM_DEV_REMOVE);
}

/* A device with this key in its table; returns its minor number */
static long dm_set_up(long key, long b, long c)
{
	struct dm_call *call = dm_call();
	long ret = dm(call, DM_DEV_CREATE);
	int minor_number = minor(call->head.dev);

	(void)b, (void)c;
	if (ret)
		return ret;
	call = dm_call();
	call->head.target_count = 1;
	call->spec.length = SECTORS;
	call->spec.next = sizeof(call->spec) + sizeof(call->text);
	strcpy(call->spec.target_type, "crypt");
	snprintf(call->text, sizeof(call->text), CIPHER " %s 0 " DISK " 0", (char *)key);
	ret = dm(call, DM_TABLE_LOAD);
	if (!ret)
		ret = dm(dm_call(), DM_DEV_SUSPEND);	/* without its flag: resume */
	if (ret)
		dm_remove(0, 0, 0);
	return ret ?: minor_number;
}

static long dm_message(long text, long suspended, long c)
{
	struct dm_call *call = dm_call();
	long ret;

	(void)c;
	if (suspended) {
		call->head.flags = DM_SUSPEND_FLAG;
		ret = dm(call, DM_DEV_SUSPEND);
		if (ret)
			return ret;
		call = dm_call();
	}
	/* a message lies where a table's line would: a sector, then words */
	memset(&call->spec, 0, sizeof(call->spec));
	strcpy((char *)&call->spec + sizeof(struct dm_target_msg), (char *)text);
	ret = dm(call, DM_TARGET_MSG);
	if (suspended)
		dm(dm_call(), DM_DEV_SUSPEND);
	return ret;
}

/* Sectors of a device, past the cache */
static long disk_io(const char *path, void *data, bool writing)
{
	int fd = open(path, (writing ? O_WRONLY : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	long bytes = SECTORS * SECTOR, done;
	void *buf;

	if (fd < 0)
		return -errno;
	buf = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (writing)
		memcpy(buf, data, bytes);
	done = writing ? write(fd, buf, bytes) : read(fd, buf, bytes);
	if (!writing)
		memcpy(data, buf, bytes);
	munmap(buf, bytes);
	close(fd);
	return done == bytes ? 0 : -EIO;
}

static long open_device(struct actor *p, const char *key)
{
	return actor_do(p, dm_set_up, (long)key, 0, 0);
}

static const char *device(long minor_number)
{
	const char *path = shared_text("/dev/dm-%ld", minor_number);

	if (!EVENTUALLY(!access(path, R_OK)))
		stage_broken("no %s", path);
	return path;
}

FIXTURE_SETUP(disk)
{
	int i;

	stage_open();
	inkernel_open();
	dm_remove(0, 0, 0);
	self->p = actor_fork(NULL);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->desc = fresh_desc("disk:");
	self->secret = shared(KEY_BYTES);
	for (i = 0; i < KEY_BYTES; i++)
		self->secret[i] = 200 - 5 * i;
	ASSERT_LT(0, ON(self->p, kc_add(variant->type, self->desc, self->secret, KEY_BYTES,
					RING_S)));
}

FIXTURE_TEARDOWN(disk)
{
	(void)variant;
	dm_remove(0, 0, 0);
	stage_close();
	inkernel_close();
}

/* ":32:logon:description" */
static const char *by_name(const char *type, const char *desc)
{
	return shared_text(":%d:%s:%s", KEY_BYTES, type, desc);
}

static const char *by_value(const unsigned char *secret)
{
	char *text = shared(2 * KEY_BYTES + 1);
	int i;

	for (i = 0; i < KEY_BYTES; i++)
		sprintf(text + 2 * i, "%02x", secret[i]);
	return text;
}

static unsigned char *pattern(int seed)
{
	unsigned char *data = shared(SECTORS * SECTOR);
	int i;

	for (i = 0; i < SECTORS * SECTOR; i++)
		data[i] = (i * 31 + seed) >> (i & 3);
	return data;
}

/* What is written with the key of the ring is read with the same bytes as a number */
TEST_F(disk, same_bytes)
{
	unsigned char *data = pattern(1), *back = shared(SECTORS * SECTOR);
	long minor_number = open_device(self->p, by_name(variant->type, self->desc));

	ASSERT_LE(0, minor_number);
	ASSERT_EQ(0, disk_io(device(minor_number), data, true));
	ASSERT_EQ(0, disk_io(device(minor_number), back, false));
	EXPECT_EQ(0, memcmp(data, back, SECTORS * SECTOR));
	EXPECT_EQ(0, dm_remove(0, 0, 0));
	ASSERT_EQ(0, disk_io(DISK, back, false));
	EXPECT_NE(0, memcmp(data, back, SECTORS * SECTOR));

	minor_number = open_device(NULL, by_value(self->secret));
	ASSERT_LE(0, minor_number);
	ASSERT_EQ(0, disk_io(device(minor_number), back, false));
	EXPECT_EQ(0, memcmp(data, back, SECTORS * SECTOR));
}

/* ENOKEY EKEYREVOKED EINVAL: no such key, none any more, one of another length */
TEST_F(disk, refused)
{
	long key = ON(self->p, kc_search(RING_S, variant->type, self->desc, 0));
	const char *other = strcmp(variant->type, "user") ? "user" : "logon";

	EXPECT_EQ(-ENOKEY, open_device(self->p, by_name(variant->type, "disk:other")));
	EXPECT_EQ(-ENOKEY, open_device(self->p, by_name(other, self->desc)));
	EXPECT_EQ(-ENOKEY, open_device(NULL, by_name(variant->type, self->desc)));
	EXPECT_EQ(-EINVAL, open_device(self->p, shared_text(":%d:%s:%s", KEY_BYTES / 2,
							    variant->type, self->desc)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(-EKEYREVOKED, open_device(self->p, by_name(variant->type, self->desc)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_S)));
	EXPECT_EQ(-ENOKEY, open_device(self->p, by_name(variant->type, self->desc)));
}

/* The device has a copy: the key may go */
TEST_F(disk, key_goes)
{
	unsigned char *data = pattern(2), *back = shared(SECTORS * SECTOR);
	long minor_number = open_device(self->p, by_name(variant->type, self->desc));

	ASSERT_LE(0, minor_number);
	EXPECT_EQ(0, ON(self->p, kc_clear(RING_S)));
	actor_leave(self->p);
	ASSERT_EQ(0, disk_io(device(minor_number), data, true));
	ASSERT_EQ(0, disk_io(device(minor_number), back, false));
	EXPECT_EQ(0, memcmp(data, back, SECTORS * SECTOR));
}

/* Suspended, wiped and given its key again: from the rings of who sends the message */
TEST_F(disk, key_set_again)
{
	unsigned char *data = pattern(3), *back = shared(SECTORS * SECTOR);
	const char *set = shared_text("key set %s", by_name(variant->type, self->desc));
	long minor_number = open_device(self->p, by_name(variant->type, self->desc));
	int fd;

	ASSERT_LE(0, minor_number);
	ASSERT_EQ(0, disk_io(device(minor_number), data, true));
	/* keep the device busy: it is the same one all the time */
	fd = open(device(minor_number), O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, actor_do(self->p, dm_message, (long)set, 0, 0));
	EXPECT_EQ(-ENOKEY, actor_do(NULL, dm_message, (long)set, 1, 0));
	EXPECT_EQ(0, actor_do(self->p, dm_message, (long)set, 1, 0));
	ASSERT_EQ(0, disk_io(device(minor_number), back, false));
	EXPECT_EQ(0, memcmp(data, back, SECTORS * SECTOR));
	/* updated meanwhile: another key, and the data is noise */
	self->secret[0] ^= 1;
	ASSERT_LT(0, ON(self->p, kc_add(variant->type, self->desc, self->secret, KEY_BYTES,
					RING_S)));
	EXPECT_EQ(0, actor_do(self->p, dm_message, (long)set, 1, 0));
	ASSERT_EQ(0, disk_io(device(minor_number), back, false));
	EXPECT_NE(0, memcmp(data, back, SECTORS * SECTOR));
	close(fd);
}

/* ---- a key that the kernel made ---- */

/*
 *	p (root) @s---> "_ses" ---> "user:master"
 *				---> encrypted key of 32 bytes
 */
FIXTURE(sealed)
{
	struct actor *p;
	long key;
};

FIXTURE_SETUP(sealed)
{
	static const char how[] = "new user:master 32";

	stage_open();
	dm_remove(0, 0, 0);
	self->p = actor_fork(NULL);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	ASSERT_LT(0, ON(self->p, kc_add_user("master", "the master's secret", RING_S)));
	self->key = ON(self->p, kc_add("encrypted", "disk:sealed", how, sizeof(how) - 1, RING_S));
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(sealed)
{
	dm_remove(0, 0, 0);
	stage_close();
}

/* Saved as a blob, and loaded later, it opens the same disk */
TEST_F(sealed, opens_the_disk_again)
{
	unsigned char *data = pattern(4), *back = shared(SECTORS * SECTOR);
	char *blob = shared(1024);
	long minor_number = open_device(self->p, by_name("encrypted", "disk:sealed"));

	ASSERT_LE(0, minor_number);
	ASSERT_EQ(0, disk_io(device(minor_number), data, true));
	EXPECT_EQ(0, dm_remove(0, 0, 0));
	strcpy(blob, "load ");
	ASSERT_LT(0, ON(self->p, kc_read(self->key, blob + 5, 1000)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->key, RING_S)));
	EXPECT_EQ(-ENOKEY, open_device(self->p, by_name("encrypted", "disk:sealed")));
	self->key = ON(self->p, kc_add("encrypted", "disk:sealed", blob, strlen(blob), RING_S));
	ASSERT_LT(0, self->key);
	minor_number = open_device(self->p, by_name("encrypted", "disk:sealed"));
	ASSERT_LE(0, minor_number);
	ASSERT_EQ(0, disk_io(device(minor_number), back, false));
	EXPECT_EQ(0, memcmp(data, back, SECTORS * SECTOR));
}

SELFTEST_MAIN
