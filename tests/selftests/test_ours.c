// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small differences from the built-in service that have no family of their own: when
 * exactly a key goes, what is counted, who is asked. Each test is named in
 * Documentation/userspace-api/differences.rst.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "helper.h"

/*
 *	p (fresh uid) @s---> "_ses" (ses) ---> ring ("r")
 */
FIXTURE(small)
{
	struct actor *p;
	uid_t uid;
	long ses, ring;
	long gc_delay;
};

FIXTURE_SETUP(small)
{
	stage_open();
	self->gc_delay = sysctl_get("gc_delay");
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->ses = ON(self->p, kc_join(NULL));
	self->ring = ON(self->p, kc_add_ring("r", RING_S));
	ASSERT_LT(0, self->ring);
}

FIXTURE_TEARDOWN(small)
{
	sysctl_set("gc_delay", self->gc_delay);
	stage_close();
}

enum { TRIES = 20 };

/*
 * What the built-in service leaves to its collector may have been done by the time one
 * looks, once or twice, but not each of so many times.
 */

/* An unlinked key has no row in /proc/keys, and counts in none of /proc/key-users */
TEST_F(small, ours_unlinked_key_is_gone_at_once)
{
	struct key_user_row before, after;
	int i, rows = 0, counted = 0;
	struct key_row row;
	long key;

	ASSERT_TRUE(key_user_row(NULL, self->uid, &before));
	for (i = 0; i < TRIES; i++) {
		key = ON(self->p, kc_add_user("k", "v", self->ring));
		ASSERT_LT(0, key);
		EXPECT_EQ(0, ON(self->p, kc_unlink(key, self->ring)));
		rows += key_row(self->p, key, &row);
		ASSERT_TRUE(key_user_row(NULL, self->uid, &after));
		counted += after.nkeys != before.nkeys ||
			   after.nikeys != before.nikeys ||
			   after.qnkeys != before.qnkeys ||
			   after.qnbytes != before.qnbytes;
	}
	EXPECT_EQ(0, rows);
	EXPECT_EQ(0, counted);
}

/* A gc_delay that was made shorter holds for what waits already, and soon */
TEST_F(small, ours_shorter_delay_is_noticed)
{
	long key;

	ASSERT_EQ(0, sysctl_set("gc_delay", 300));
	key = ON(self->p, kc_add_user("k", "v", self->ring));
	EXPECT_EQ(0, ON(self->p, kc_timeout(key, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_read(key, NULL, 0)) == -EKEYEXPIRED));
	EXPECT_EQ(1, ON(self->p, ring_size(self->ring)));
	ASSERT_EQ(0, sysctl_set("gc_delay", 0));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(self->ring)) == 0));
}

/* So have the keys of a ring that goes, and those of the rings in it */
TEST_F(small, ours_tree_is_gone_at_once)
{
	int i, rows = 0;
	long ring, key;
	struct key_row row;

	for (i = 0; i < TRIES; i++) {
		ring = ON(self->p, kc_add_ring("inner", self->ring));
		key = ON(self->p, kc_add_user("k", "v", ring));
		ASSERT_LT(0, key);
		EXPECT_EQ(0, ON(self->p, kc_clear(self->ring)));
		rows += key_row(self->p, ring, &row);
		rows += key_row(self->p, key, &row);
		rows += ON(self->p, key_exists(key));
	}
	EXPECT_EQ(0, rows);
}

TEST_F(small, ours_invalidated_key_is_in_no_ring)
{
	int i, linked = 0;
	long key;

	for (i = 0; i < TRIES; i++) {
		key = ON(self->p, kc_add_user("k", "v", self->ring));
		ASSERT_EQ(0, ON(self->p, kc_link(key, RING_S)));
		EXPECT_EQ(0, ON(self->p, kc_invalidate(key)));
		linked += ON(self->p, ring_size(self->ring));
		linked += ON(self->p, ring_size(RING_S)) - 1;
	}
	EXPECT_EQ(0, linked);
}

/* p is in it still */
TEST_F(small, ours_expired_key_leaves_a_ring_that_is_invalid)
{
	long key;

	ASSERT_EQ(0, sysctl_set("gc_delay", 3));
	key = ON(self->p, kc_add_user("k", "v", RING_S));
	ASSERT_LT(0, key);
	EXPECT_EQ(0, ON(self->p, kc_timeout(key, 1)));
	EXPECT_EQ(0, ON(self->p, kc_invalidate(RING_S)));
	EXPECT_TRUE(key_exists(key));
	EXPECT_TRUE(key_goes(key));
}

/* With a gc_delay of 0 a revoked key leaves its rings, and leaves them now */
TEST_F(small, ours_revoked_key_goes_without_delay)
{
	long key = ON(self->p, kc_add_user("k", "v", self->ring));

	ASSERT_LT(0, key);
	ASSERT_EQ(0, sysctl_set("gc_delay", 0));
	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(self->ring)) == 0));
	EXPECT_TRUE(key_goes(key));
}

/* thread-keyring(7): a new thread has none, whatever its creator has */
TEST_F(small, ours_new_thread_has_no_ring)
{
	struct actor *thread;

	ASSERT_LT(0, ON(self->p, kc_id(RING_T, 1)));
	thread = actor_thread(self->p);
	EXPECT_EQ(-ENOKEY, ON(thread, kc_id(RING_T, 0)));
}

static long set_fsuid(long uid, long b, long c)
{
	(void)b, (void)c;
	return raw_syscall(NR_SETFSUID, uid, 0, 0, 0, 0);
}

static long set_fsgid(long gid, long b, long c)
{
	(void)b, (void)c;
	return raw_syscall(NR_SETFSGID, gid, 0, 0, 0, 0);
}

/* @t gets its new owner, and group, when the thread next uses its rings */
TEST_F(small, ours_thread_ring_follows_when_it_is_used)
{
	struct actor *root = actor_fork(NULL);
	uid_t uid = fresh_uid();
	struct key_row row;
	long t;

	ASSERT_LT(0, ON(root, kc_join(NULL)));
	t = ON(root, kc_id(RING_T, 1));
	ASSERT_LT(0, t);
	ASSERT_TRUE(key_row(NULL, t, &row));
	EXPECT_EQ(0, row.uid);
	EXPECT_EQ(0, actor_do(root, set_fsgid, uid, 0, 0));
	EXPECT_TRUE(key_row(NULL, t, &row));
	EXPECT_EQ(0, row.gid);
	EXPECT_EQ(t, ON(root, kc_id(RING_T, 0)));
	EXPECT_TRUE(key_row(NULL, t, &row));
	EXPECT_EQ(uid, (uid_t)row.gid);
	EXPECT_EQ(0, actor_do(root, set_fsuid, uid, 0, 0));
	EXPECT_TRUE(key_row(NULL, t, &row));
	EXPECT_EQ(0, row.uid);
	EXPECT_EQ(t, ON(root, kc_id(RING_T, 0)));
	EXPECT_EQ(uid, ON(root, uid_of(RING_T)));
}

/* Its owner changes to and fro while the thread does not use it: nothing is seen of it */
TEST_F(small, ours_thread_ring_misses_what_cancels_out)
{
	struct actor *root = actor_fork(NULL);
	uid_t uid = fresh_uid();

	ASSERT_LT(0, ON(root, kc_join(NULL)));
	ASSERT_EQ(0, actor_do(root, set_uids, -1, uid, -1));
	ASSERT_LT(0, ON(root, kc_id(RING_T, 1)));
	EXPECT_EQ(0, ON(root, uid_of(RING_T)));
	ASSERT_EQ(0, actor_do(root, set_uids, -1, 0, -1));
	ASSERT_EQ(0, actor_do(root, set_uids, -1, uid, -1));
	EXPECT_EQ(-EACCES, ON(root, kc_setperm(RING_T, 0x3f3f0000)));
	EXPECT_EQ(0, ON(root, uid_of(RING_T)));
}

/* ---- /proc/keys ---- */

/* How many users of its session @p's /proc/keys shows */
static int usage_of_session(struct actor *p, long session)
{
	struct key_row row;

	return key_row(p, session, &row) ? row.usage : -1;
}

TEST_F(small, usage_counts_each_process_of_a_session)
{
	int i, usage = usage_of_session(self->p, self->ses);

	ASSERT_LT(0, usage);
	for (i = 0; i < 3; i++)
		actor_fork(self->p);
	EXPECT_EQ(usage + 3, usage_of_session(self->p, self->ses));
}

TEST_F(small, ours_usage_counts_each_thread_of_a_session)
{
	int i, usage = usage_of_session(self->p, self->ses);

	ASSERT_LT(0, usage);
	for (i = 0; i < 3; i++)
		actor_thread(self->p);
	EXPECT_EQ(usage + 3, usage_of_session(self->p, self->ses));
}

static int opened;	/* inherited by children */

static long open_keys(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	opened = open("/proc/keys", O_RDONLY | O_CLOEXEC);
	return opened < 0 ? -errno : 0;
}

/* The credentials that a file keeps, those of before the change, are not in the count */
TEST_F(small, ours_usage_counts_no_open_file)
{
	int usage = usage_of_session(self->p, self->ses);

	ASSERT_LT(0, usage);
	ASSERT_EQ(0, actor_do(self->p, open_keys, 0, 0, 0));
	EXPECT_EQ(0, ON(self->p, kc_reqkey(REQKEY_T)));
	EXPECT_EQ(usage, usage_of_session(self->p, self->ses));
}

/* ---- the order of a search ---- */

/* Rings in a ring: the first, then the latest first of sixteen, then the rest */
TEST_F(small, ours_nested_rings_latest_first)
{
	enum { NESTED = 30, NODE = 16 };
	long keys[NESTED], found;
	char *name = shared(16);
	int i, at;

	for (i = 0; i < NESTED; i++) {
		long ring;

		sprintf(name, "n%d", i);
		ring = ON(self->p, kc_add_ring(name, self->ring));
		keys[i] = ON(self->p, kc_add_user("k", "v", ring));
		ASSERT_LT(0, keys[i]);
	}
	for (i = 0; i < NESTED; i++) {
		found = ON(self->p, kc_search(self->ring, "user", "k", 0));
		for (at = 0; at < NESTED && keys[at] != found;)
			at++;
		ASSERT_GT(NESTED, at);
		if (i < NODE)
			EXPECT_EQ(i ? NODE - i : 0, at);
		keys[at] = 0;
		EXPECT_EQ(0, ON(self->p, kc_invalidate(found)));
	}
}

/* ---- the helper ---- */

#define PARAMETER "/sys/module/keyrings/parameters/helper"
#define OTHER_HELPER HELPER ".other"

static int set_helper(const char *path)
{
	int fd = open(PARAMETER, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, path, strlen(path)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* The kernel's own code would warn of it, and the machine stop */
TEST_F(small, ours_blacklist_is_refused_in_silence)
{
	long ret = ON(self->p, kc_add("blacklist", "tbs:00112233445566778899aabbccddeeff", NULL, 0,
				      self->ring));

	/* on a kernel that has no such type */
	if (ret != -ENODEV)
		EXPECT_EQ(-EPERM, ret);
}

/* The helper is the program that the module's parameter names */
TEST_F(small, ours_helper_is_a_parameter)
{
	struct call *call = call_to("info", 0);
	struct actor *h;

	helper_install();
	ASSERT_EQ(0, rename(HELPER, OTHER_HELPER));
	EXPECT_EQ(-ENOENT, ON(self->p, kc_request("user", "k", "info", 0)));
	/* as echo(1) writes it */
	EXPECT_EQ(0, set_helper(OTHER_HELPER "\n"));
	if (access(PARAMETER, F_OK)) {
		unlink(OTHER_HELPER);
		helper_remove();
		return;
	}
	h = helper_for(self->p, call);
	EXPECT_STREQ(OTHER_HELPER, call->argv[0]);
	EXPECT_LT(0, ON(h, kc_assume(key_of(call))));
	EXPECT_EQ(0, ON(h, kc_instantiate(key_of(call), "v", 1, 0)));
	EXPECT_EQ(key_of(call), answer_to(self->p, h));
	EXPECT_EQ(0, set_helper(HELPER));
	unlink(OTHER_HELPER);
	helper_remove();
}

static long name_helper(long path, long b, long c)
{
	(void)b, (void)c;
	return set_helper((const char *)path);
}

/* EPERM: to be UID 0, whose file it is, is not enough to have a program run as root */
TEST_F(small, ours_helper_is_named_by_the_capable)
{
	struct actor *root = actor_fork(NULL);
	const char *path = shared_text("%s", HELPER);
	const char *other = shared_text("%s", OTHER_HELPER);

	ASSERT_EQ(0, actor_do(root, name_helper, (long)path, 0, 0));
	EXPECT_EQ(0, actor_do(root, drop_capability, CAP_SYS_MODULE, 0, 0));
	EXPECT_EQ(0, actor_do(root, name_helper, (long)path, 0, 0));
	EXPECT_EQ(0, actor_do(root, drop_capability, CAP_SYS_ADMIN, 0, 0));
	EXPECT_EQ(-EPERM, actor_do(root, name_helper, (long)other, 0, 0));
	EXPECT_STREQ(HELPER "\n", slurp(NULL, PARAMETER));
	root = actor_fork(NULL);
	EXPECT_EQ(0, actor_do(root, drop_capability, CAP_SYS_ADMIN, 0, 0));
	EXPECT_EQ(0, actor_do(root, name_helper, (long)path, 0, 0));
	/* too long to be one */
	EXPECT_EQ(-ENOSPC, actor_do(root, name_helper, (long)shared_text("/%0*d", 255, 1), 0, 0));
	EXPECT_STREQ(HELPER "\n", slurp(NULL, PARAMETER));
}

/* A helper to which a child gives a session goes on being a helper */
TEST_F(small, ours_authority_outlasts_a_new_session)
{
	struct actor *root = actor_fork(NULL), *h, *child;
	struct call *call = call_to("info", 0);
	long ses;

	helper_install();
	ASSERT_LT(0, ON(root, kc_join(NULL)));
	h = helper_for(root, call);
	EXPECT_LT(0, ON(h, kc_assume(key_of(call))));
	child = actor_fork(h);
	ses = ON(child, kc_join(NULL));
	EXPECT_EQ(0, ON(child, kc_to_parent()));
	EXPECT_EQ(ses, ON(h, kc_id(RING_S, 0)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key_of(call), "v", 1, 0)));
	actor_leave(child);
	answer_to(root, h);
	helper_remove();
}

HELPER_MAIN
