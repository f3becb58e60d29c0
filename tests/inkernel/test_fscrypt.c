// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encrypted folders of ext4: their keys come from the session ring (policies of
 * version 1), or from a key that is named by its serial (version 2).
 *
 * Specified by Documentation/filesystems/fscrypt.rst.
 */
#include <kselftest_harness.h>
#include <dirent.h>
#include <linux/fscrypt.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "inkernel.h"
#include "uring.h"

#define DISK "/dev/ram1"
#define IMAGE "ext4.img"
#define MOUNT "/tmp/fscrypt"
#define DIR_V1 MOUNT "/v1"
#define DIR_V2 MOUNT "/v2"

static const uint8_t descriptor[] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
static const char logon_desc[] = "fscrypt:0123456789abcdef";
static const char old_desc[] = "ext4:0123456789abcdef";

enum { RAW_BYTES = 64 };

/*
 *	p (root) @s---> "_ses" ---> what a test adds
 *
 *	MOUNT: a new ext4 file system
 */
FIXTURE(folder)
{
	struct actor *p;
};

static long mount_it(void)
{
	return mount(DISK, MOUNT, "ext4", 0, NULL) ? -errno : 0;
}

static long unmount_it(void)
{
	return umount(MOUNT) ? -errno : 0;
}

/* All that the file system knows of keys is forgotten */
static long mount_again(void)
{
	return unmount_it() ?: mount_it();
}

/* A copy of the image onto the disk */
static void make_disk(void)
{
	int from = open(IMAGE, O_RDONLY | O_CLOEXEC), to = open(DISK, O_WRONLY | O_CLOEXEC);
	static char buf[65536];
	long n;

	if (from < 0 || to < 0)
		stage_broken(IMAGE " to " DISK ": %d", errno);
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, n) != n)
			stage_broken(DISK ": %d", errno);
	fsync(to);
	close(from);
	close(to);
}

FIXTURE_SETUP(folder)
{
	stage_open();
	unmount_it();
	make_disk();
	mkdir(MOUNT, 0755);
	ASSERT_EQ(0, mount_it());
	ASSERT_EQ(0, mkdir(DIR_V1, 0777));
	ASSERT_EQ(0, mkdir(DIR_V2, 0777));
	self->p = actor_fork(NULL);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
}

FIXTURE_TEARDOWN(folder)
{
	stage_close();
	unmount_it();
}

/* ---- files, by an actor ---- */

static long write_file(long path, long text, long c)
{
	int fd = open((char *)path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	long len = strlen((char *)text), ret;

	(void)c;
	if (fd < 0)
		return -errno;
	ret = write(fd, (char *)text, len) == len && !fsync(fd) ? 0 : -errno;
	close(fd);
	return ret;
}

/* The content of a file; a failure reads "error -126" */
static const char *content(struct actor *p, const char *path)
{
	char *text = shared(256);
	long ret = actor_do(p, slurp_into, (long)path, (long)text, 256);

	if (ret < 0)
		sprintf(text, "error %ld", ret);
	return text;
}

/* The only name in a folder */
static const char *name_in(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	const char *name = "nothing";

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			name = shared_text("%s/%s", path, entry->d_name);
	if (dir)
		closedir(dir);
	return name;
}

static long fs_ioctl(const char *path, unsigned long cmd, void *arg)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = ioctl(fd, cmd, arg) ? -errno : 0;
	close(fd);
	return ret;
}

/* ---- version 1: a logon key in the session ring ---- */

static long set_policy_v1(void)
{
	struct fscrypt_policy_v1 policy = {
		.version = FSCRYPT_POLICY_V1,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
		.flags = FSCRYPT_POLICY_FLAGS_PAD_32,
	};

	memcpy(policy.master_key_descriptor, descriptor, sizeof(descriptor));
	return fs_ioctl(DIR_V1, FS_IOC_SET_ENCRYPTION_POLICY, &policy);
}

static long add_logon(const char *desc, int seed, int ring)
{
	struct fscrypt_key *key = shared(sizeof(*key));
	int i;

	key->mode = 0;
	key->size = RAW_BYTES;
	for (i = 0; i < RAW_BYTES; i++)
		key->raw[i] = i * 11 + seed;
	return kc_add("logon", desc, key, sizeof(*key), ring);
}

static long can_access(long path, long b, long c)
{
	(void)b, (void)c;
	return access((char *)path, F_OK) ? -errno : 0;
}

TEST_F(folder, v1_key_in_the_session)
{
	const char *path = DIR_V1 "/file";

	ASSERT_EQ(0, set_policy_v1());
	/* ENOKEY */
	EXPECT_EQ(-ENOKEY, actor_do(self->p, write_file, (long)path, (long)"text", 0));
	ASSERT_LT(0, ON(self->p, add_logon(logon_desc, 1, RING_S)));
	EXPECT_EQ(0, actor_do(self->p, write_file, (long)path, (long)"private text", 0));
	EXPECT_STREQ("private text", content(self->p, path));

	/* whoever has no key sees neither name nor content */
	ASSERT_EQ(0, mount_again());
	EXPECT_STRNE(path, name_in(DIR_V1));
	EXPECT_STREQ("error -126", content(NULL, name_in(DIR_V1)));
	ASSERT_EQ(0, mount_again());
	EXPECT_STREQ("private text", content(self->p, path));

	/*
	 * access(2) looks with a copy of the credentials, which have the same rings: on newer
	 * kernels only when file system IDs or capabilities are to be others
	 */
	EXPECT_EQ(0, actor_do(self->p, drop_capability, CAP_SYS_BOOT, 0, 0));
	ASSERT_EQ(0, mount_again());
	EXPECT_EQ(0, actor_do(self->p, can_access, (long)path, 0, 0));
	EXPECT_STREQ("private text", content(self->p, path));
}

/* Another key of the name: the file is not there */
TEST_F(folder, v1_another_key)
{
	const char *path = DIR_V1 "/file";

	ASSERT_EQ(0, set_policy_v1());
	ASSERT_LT(0, ON(self->p, add_logon(logon_desc, 1, RING_S)));
	ASSERT_EQ(0, actor_do(self->p, write_file, (long)path, (long)"private text", 0));
	ASSERT_EQ(0, mount_again());
	/* the same key object, with other bytes */
	ASSERT_LT(0, ON(self->p, add_logon(logon_desc, 2, RING_S)));
	EXPECT_STREQ("error -2", content(self->p, path));
	ASSERT_EQ(0, mount_again());
	ASSERT_LT(0, ON(self->p, add_logon(logon_desc, 1, RING_S)));
	EXPECT_STREQ("private text", content(self->p, path));
}

/* The file system's own prefix, as programs of long ago use it */
TEST_F(folder, v1_old_prefix)
{
	const char *path = DIR_V1 "/file";

	ASSERT_EQ(0, set_policy_v1());
	ASSERT_LT(0, ON(self->p, add_logon(old_desc, 1, RING_S)));
	EXPECT_EQ(0, actor_do(self->p, write_file, (long)path, (long)"old text", 0));
	ASSERT_EQ(0, mount_again());
	EXPECT_STREQ("old text", content(self->p, path));
}

/* A key of the user, that the session has a link to */
TEST_F(folder, v1_through_the_user_ring)
{
	const char *path = DIR_V1 "/file";

	ASSERT_EQ(0, set_policy_v1());
	ASSERT_LT(0, ON(self->p, add_logon(logon_desc, 1, RING_U)));
	EXPECT_EQ(-ENOKEY, actor_do(self->p, write_file, (long)path, (long)"text", 0));
	ASSERT_EQ(0, ON(self->p, kc_link(RING_U, RING_S)));
	EXPECT_EQ(0, actor_do(self->p, write_file, (long)path, (long)"text", 0));
	EXPECT_EQ(0, ON(self->p, kc_clear(RING_U)));
}

/* EKEYREVOKED, ENOKEY: dead keys */
TEST_F(folder, v1_dead_keys)
{
	const char *path = DIR_V1 "/file";
	long key;

	ASSERT_EQ(0, set_policy_v1());
	key = ON(self->p, add_logon(logon_desc, 1, RING_S));
	ASSERT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(-EKEYREVOKED, actor_do(self->p, write_file, (long)path, (long)"text", 0));
	key = ON(self->p, add_logon(logon_desc, 1, RING_S));
	ASSERT_EQ(0, ON(self->p, kc_timeout(key, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_request("logon", logon_desc, NULL, 0)) < 0));
	EXPECT_EQ(-ENOKEY, actor_do(self->p, write_file, (long)path, (long)"text", 0));
	/* one that is no key of fscrypt's */
	ASSERT_LT(0, ON(self->p, kc_add("logon", logon_desc, "short", 5, RING_S)));
	EXPECT_EQ(-ENOKEY, actor_do(self->p, write_file, (long)path, (long)"text", 0));
	ASSERT_LT(0, ON(self->p, add_logon(logon_desc, 1, RING_S)));
	EXPECT_EQ(0, actor_do(self->p, write_file, (long)path, (long)"text", 0));
}

static long worker_opens(struct actor *p, const char *path)
{
	return actor_do(p, uring_open_file, (long)path, O_WRONLY | O_CREAT, 0666);
}

/* A worker of io_uring has the session of the process that it works for */
TEST_F(folder, v1_opened_by_a_worker)
{
	const char *path = DIR_V1 "/file";
	long ret;

	ASSERT_EQ(0, set_policy_v1());
	ret = worker_opens(self->p, path);
	if (ret == -ENOSYS)
		SKIP(return, "no io_uring here");
	EXPECT_EQ(-ENOKEY, ret);
	ASSERT_LT(0, ON(self->p, add_logon(logon_desc, 1, RING_S)));
	EXPECT_EQ(0, worker_opens(self->p, path));
}

/* ... that it had when it was given its workers, and nothing of its own */
TEST_F(folder, ours_v1_worker_keeps_the_session_it_began_with)
{
	const char *path = DIR_V1 "/file";
	long ret;

	ASSERT_EQ(0, set_policy_v1());
	ASSERT_LT(0, ON(self->p, add_logon(logon_desc, 1, RING_T)));
	ret = worker_opens(self->p, path);
	if (ret == -ENOSYS)
		SKIP(return, "no io_uring here");
	EXPECT_EQ(-ENOKEY, ret);
	ASSERT_LT(0, ON(self->p, add_logon(logon_desc, 1, RING_S)));
	EXPECT_EQ(0, ON(self->p, kc_clear(RING_T)));
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	EXPECT_EQ(0, worker_opens(self->p, path));
	/* which the process itself has not any more */
	ASSERT_EQ(0, mount_again());
	EXPECT_EQ(-ENOKEY, actor_do(self->p, write_file, (long)path, (long)"text", 0));
}

/* ---- version 2: a key by serial ---- */

struct provisioning {
	uint32_t type, reserved;
	uint8_t raw[RAW_BYTES];
};

static long add_provisioning(const char *desc, int type, int seed)
{
	struct provisioning *key = shared(sizeof(*key));
	int i;

	key->type = type;
	key->reserved = 0;
	for (i = 0; i < RAW_BYTES; i++)
		key->raw[i] = i * 13 + seed;
	return kc_add("fscrypt-provisioning", desc, key, sizeof(*key), RING_S);
}

struct add_call {
	struct fscrypt_add_key_arg arg;
	uint8_t raw[RAW_BYTES];
};

/* FS_IOC_ADD_ENCRYPTION_KEY; the identifier is in @call then */
static long give_key(long call, long b, long c)
{
	(void)b, (void)c;
	return fs_ioctl(MOUNT, FS_IOC_ADD_ENCRYPTION_KEY, (void *)call);
}

static struct add_call *call_with(long serial, int seed)
{
	struct add_call *call = shared(sizeof(*call));
	int i;

	memset(call, 0, sizeof(*call));
	call->arg.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
	call->arg.key_id = serial;
	if (!serial)
		call->arg.raw_size = RAW_BYTES;
	for (i = 0; !serial && i < RAW_BYTES; i++)
		call->raw[i] = i * 13 + seed;
	return call;
}

static long give_serial(struct actor *p, long serial)
{
	return actor_do(p, give_key, (long)call_with(serial, 0), 0, 0);
}

/* The same identifier as from the bytes themselves, and files that can be read again */
TEST_F(folder, v2_key_by_serial)
{
	long key = ON(self->p, add_provisioning("k", FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER, 1));
	struct add_call *by_serial = call_with(key, 0), *by_value = call_with(0, 1);
	struct fscrypt_policy_v2 policy = {
		.version = FSCRYPT_POLICY_V2,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
		.flags = FSCRYPT_POLICY_FLAGS_PAD_32,
	};
	const char *path = DIR_V2 "/file";

	ASSERT_LT(0, key);
	ASSERT_EQ(0, actor_do(self->p, give_key, (long)by_serial, 0, 0));
	memcpy(policy.master_key_identifier, by_serial->arg.key_spec.u.identifier,
	       sizeof(policy.master_key_identifier));
	ASSERT_EQ(0, fs_ioctl(DIR_V2, FS_IOC_SET_ENCRYPTION_POLICY, &policy));
	ASSERT_EQ(0, write_file((long)path, (long)"text of two", 0));
	ASSERT_EQ(0, mount_again());
	EXPECT_STREQ("error -126", content(NULL, name_in(DIR_V2)));
	ASSERT_EQ(0, give_key((long)by_value, 0, 0));
	EXPECT_EQ(0, memcmp(by_value->arg.key_spec.u.identifier,
			    by_serial->arg.key_spec.u.identifier, 16));
	EXPECT_STREQ("text of two", content(NULL, path));
	ASSERT_EQ(0, mount_again());
	ASSERT_EQ(0, give_serial(self->p, key));
	EXPECT_STREQ("text of two", content(NULL, path));
}

/* The file system has a copy: the key may go */
TEST_F(folder, v2_key_goes)
{
	long key = ON(self->p, add_provisioning("k", FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER, 1));
	struct add_call *call = call_with(key, 0);
	struct fscrypt_get_key_status_arg status = {
		.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER,
	};

	ASSERT_EQ(0, actor_do(self->p, give_key, (long)call, 0, 0));
	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	memcpy(status.key_spec.u.identifier, call->arg.key_spec.u.identifier, 16);
	EXPECT_EQ(0, fs_ioctl(MOUNT, FS_IOC_GET_ENCRYPTION_KEY_STATUS, &status));
	EXPECT_EQ(FSCRYPT_KEY_STATUS_PRESENT, status.status);
}

/* ENOKEY EACCES EKEYREVOKED EKEYREJECTED */
TEST_F(folder, v2_refused)
{
	long key = ON(self->p, add_provisioning("k", FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER, 1));
	long old = ON(self->p, add_provisioning("v1", FSCRYPT_KEY_SPEC_TYPE_DESCRIPTOR, 1));
	long user = ON(self->p, kc_add_user("u", "v", RING_S));

	ASSERT_LT(0, key);
	ASSERT_LT(0, old);
	EXPECT_EQ(-ENOKEY, give_serial(self->p, 1));
	EXPECT_EQ(-EKEYREJECTED, give_serial(self->p, old));
	EXPECT_EQ(-EKEYREJECTED, give_serial(self->p, user));
	/* the director does not possess it, and its owner may only view it */
	EXPECT_EQ(-EACCES, give_serial(NULL, key));
	EXPECT_EQ(0, ON(self->p, kc_timeout(old, 1)));
	EXPECT_TRUE(EVENTUALLY(give_serial(self->p, old) == -EKEYEXPIRED));
	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(-EKEYREVOKED, give_serial(self->p, key));
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_S)));
	EXPECT_TRUE(EVENTUALLY(give_serial(self->p, key) == -ENOKEY));
}

/* The type itself: what it takes, and that nobody reads it */
TEST_F(folder, provisioning_keys)
{
	long key = ON(self->p, add_provisioning("k", FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER, 1));
	struct provisioning *bad = shared(sizeof(*bad));

	EXPECT_STREQ("fscrypt-provisioning;0;0;39010000;k", ON(self->p, description(key)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_read(key, NULL, 0)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(key, PERM_POS(MAY_ALL))));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_update(key, "x", 1)));
	*bad = (struct provisioning){ .type = 77 };
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("fscrypt-provisioning", "x", bad, sizeof(*bad),
					      RING_S)));
	*bad = (struct provisioning){ .type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER, .reserved = 1 };
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("fscrypt-provisioning", "x", bad, sizeof(*bad),
					      RING_S)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("fscrypt-provisioning", "x", bad, 8, RING_S)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("fscrypt-provisioning", "x", NULL, 0, RING_S)));
	EXPECT_EQ(1, ON(self->p, ring_size(RING_S)));
}

SELFTEST_MAIN
