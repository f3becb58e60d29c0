// SPDX-License-Identifier: GPL-2.0-only
/*
 * NFS, as it is: a server and a client in one machine, whose files have owners with names.
 * The client asks its helper for each name and each number, through the kernel's own keys,
 * of type `id_resolver`.
 *
 * Specified by Documentation/admin-guide/nfs/nfs-idmapper.rst.
 */
#include <kselftest_harness.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "inkernel.h"
#include "loopback.h"

#define EXPORTED "/tmp/exported"	/* a file system of the server's */
#define MOUNTED "/tmp/nfs"		/* the same for the client */
#define SERVER "/proc/fs/nfsd/"
#define FILE_THERE EXPORTED "/file"
#define FILE_HERE MOUNTED "/file"

enum {
	NAMED = 5000,		/* what the helper answers when it is asked for a name */
	OWNER = 4711,		/* of the file, for the server */
	NEW_OWNER = 4713,
};

/*
 *	p (root) @s---> "_ses"		client ---> server: OWNER is called self->name
 *	q (fresh uid) @s---> "_ses"
 */
FIXTURE(nfs)
{
	struct actor *p, *q;
	const char *name, *key;
};

static long put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long ret = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;

	close(fd);
	return ret;
}

static void must_put(const char *path, const char *text)
{
	long ret = put_text(path, text);

	if (ret)
		stage_broken("%s to %s: %ld", text, path, ret);
}

/* What a daemon of the server's would answer when it is asked */
static void server_knows(const char *cache, const char *line)
{
	must_put(shared_text("/proc/net/rpc/%s/channel", cache), line);
}

static void make_file(void)
{
	int fd;

	mkdir(EXPORTED, 0755);
	if (mount("exported", EXPORTED, "tmpfs", 0, NULL))
		stage_broken(EXPORTED ": %d", errno);
	fd = open(FILE_THERE, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || fchown(fd, OWNER, -1))
		stage_broken(FILE_THERE ": %d", errno);
	close(fd);
}

/*
 * All that may be asked is answered before: any client, one file system, who has a name.
 * The owner of the file system itself has none, nor has any group.
 */
static void start_server(const char *name)
{
	must_put("/sys/module/nfsd/parameters/nfs4_disable_idmapping", "N");
	server_knows("auth.unix.ip", "nfsd 127.0.0.1 2147483647 locals\n");
	server_knows("nfsd.export", "locals " EXPORTED " 2147483647 0x2402 65534 65534 0\n");
	server_knows("nfsd.fh", "locals 1 \\x00000000 2147483647 " EXPORTED "\n");
	server_knows("nfs4.idtoname", shared_text("locals user %d 2147483647 %s\n", OWNER, name));
	server_knows("nfs4.idtoname", "locals user 0 2147483647\n");
	server_knows("nfs4.idtoname", "locals group 0 2147483647\n");
	must_put(SERVER "versions", "-3 +4 +4.1 +4.2\n");
	must_put(SERVER "threads", "1\n");
}

static long mount_client(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	mkdir(MOUNTED, 0755);
	must_put("/sys/module/nfs/parameters/nfs4_disable_idmapping", "N");
	return mount("127.0.0.1:/", MOUNTED, "nfs4", 0,
		     "addr=127.0.0.1,clientaddr=127.0.0.1,vers=4.2,sec=sys,noac") ? -errno : 0;
}

static void stop_all(void)
{
	umount(MOUNTED);
	put_text(SERVER "threads", "0\n");
	umount(SERVER);
	umount(EXPORTED);
}

FIXTURE_SETUP(nfs)
{
	stage_open();
	inkernel_open();
	stop_all();
	if (mount("nfsd", SERVER, "nfsd", 0, NULL))
		stage_broken(SERVER ": %d", errno);
	loopback_up();
	make_file();
	self->name = fresh_desc("owner");
	self->name = shared_text("%s@test", self->name);
	self->key = shared_text("uid:%s", self->name);
	start_server(self->name);
	self->p = actor_fork(NULL);
	self->q = actor_user(fresh_uid());
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	ASSERT_LT(0, ON(self->q, kc_join(NULL)));
	ASSERT_EQ(0, actor_do(self->p, mount_client, 0, 0, 0));
}

FIXTURE_TEARDOWN(nfs)
{
	stage_close();
	inkernel_close();
	stop_all();
}

static long owner(long path, long b, long c)
{
	struct stat st;

	(void)b, (void)c;
	return stat((const char *)path, &st) ? -errno : (long)st.st_uid;
}

/* As the actor sees it; NULL is the one who keeps the server */
static long owner_for(struct actor *p, const char *path)
{
	return p ? actor_do(p, owner, (long)path, 0, 0) : owner((long)path, 0, 0);
}

static long give_to(long path, long uid, long c)
{
	(void)c;
	return chown((const char *)path, uid, -1) ? -errno : 0;
}

/* The name of an owner that the server tells: once for all who look */
TEST_F(nfs, owner_by_name)
{
	EXPECT_EQ(NAMED, owner_for(self->q, FILE_HERE));
	EXPECT_EQ(NAMED, owner_for(self->p, FILE_HERE));
	EXPECT_EQ(OWNER, owner_for(NULL, FILE_THERE));
	EXPECT_EQ(1, helper_runs("id_resolver", self->key));
}

/* What the one who looks has in its own rings does not say who owns a file */
TEST_F(nfs, own_keys_are_not_used)
{
	ASSERT_LT(0, ON(self->q, kc_add("id_resolver", self->key, "6666", 4, RING_S)));
	EXPECT_EQ(NAMED, owner_for(self->q, FILE_HERE));
	EXPECT_EQ(1, helper_runs("id_resolver", self->key));
}

/* Nor is what the helper has made found by anybody */
TEST_F(nfs, keys_of_the_client_are_its_own)
{
	ASSERT_EQ(NAMED, owner_for(self->p, FILE_HERE));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("id_resolver", self->key, NULL, 0)));
	EXPECT_EQ(0, ON(self->p, ring_size(RING_S)));
}

/* The name of an owner that the client gives */
TEST_F(nfs, owner_by_number)
{
	uid_t uid = fresh_uid();

	server_knows("nfs4.nametoid", shared_text("locals user u%u@test 2147483647 %d\n", uid,
						  NEW_OWNER));
	ASSERT_EQ(0, actor_do(self->p, give_to, (long)FILE_HERE, uid, 0));
	EXPECT_EQ(NEW_OWNER, owner_for(NULL, FILE_THERE));
	EXPECT_EQ(1, helper_runs("id_resolver", shared_text("user:%u", uid)));
}

SELFTEST_MAIN
