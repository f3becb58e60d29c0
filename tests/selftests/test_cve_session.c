// SPDX-License-Identifier: GPL-2.0-only
/*
 * What once went wrong with sessions and with the rings of a process: each test is
 * named after the CVE, or after the commit that mended it.
 *
 * Documentation/userspace-api/cve.rst lists them all.
 */
#include <kselftest_harness.h>
#include <linux/landlock.h>
#include <sys/stat.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/*
 *	director ---> p (fresh uid) @s---> "_ses" (ses)
 */
FIXTURE(cve_session)
{
	struct actor *p;
	uid_t uid;
	long ses;
};

FIXTURE_SETUP(cve_session)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->ses = ON(self->p, kc_join(NULL));
	ASSERT_LT(0, self->ses);
}

FIXTURE_TEARDOWN(cve_session)
{
	stage_close();
}

/* A name that was refused left the lock of all joins held */
TEST_F(cve_session, cve_2005_2098_refused_names_do_not_stop_the_next)
{
	char *longer = shared_text("%0*d", MAX_DESC + 1, 1);
	struct actor *q = actor_user(fresh_uid());
	int i;

	for (i = 0; i < 50; i++) {
		ASSERT_EQ(-EINVAL, ON(self->p, kc_join("")));
		ASSERT_EQ(-EPERM, ON(self->p, kc_join(".dot")));
		ASSERT_EQ(-EINVAL, ON(self->p, kc_join(longer)));
		ASSERT_EQ(-EFAULT, ON(self->p, kc_join((char *)8)));
	}
	EXPECT_EQ(self->ses, ON(self->p, kc_id(RING_S, 0)));
	/* One that the quota does not allow is refused with the lock held */
	for (i = 0; ON(self->p, kc_add_user(shared_text("%d", i), "v", self->ses)) > 0; i++)
		;
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_join("free")));
	EXPECT_LT(0, ON(q, kc_join("free")));
	EXPECT_EQ(0, ON(self->p, kc_clear(self->ses)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_join("free")) > 0));
}

/* Neither process had a ring to speak of */
TEST_F(cve_session, cve_2010_2960_to_a_parent_without_rings)
{
	struct actor *p, *c;

	REQUIRE_NO_SESSION();
	p = actor_user(self->uid);
	c = actor_fork(p);
	EXPECT_EQ(0, ON(c, kc_to_parent()));
	EXPECT_EQ(ON(c, kc_id(RING_S, 0)), ON(p, kc_id(RING_S, 0)));
	/* and none but the one that was handed over */
	EXPECT_EQ(-ENOKEY, ON(p, kc_id(RING_T, 0)));
	EXPECT_EQ(-ENOKEY, ON(p, kc_id(RING_P, 0)));
}

/* A fork copied what was left of a handing over: race_parent.c forks in the middle of one */
TEST_F(cve_session, cve_2012_2745_fork_after_the_handing_over)
{
	struct actor *c = actor_fork(self->p), *d;
	long ses;
	int i;

	for (i = 0; i < 20; i++) {
		ses = ON(c, kc_join(NULL));
		ASSERT_LT(0, ses);
		ASSERT_EQ(0, ON(c, kc_to_parent()));
		d = actor_fork(self->p);
		EXPECT_EQ(ses, ON(d, kc_id(RING_S, 0)));
		EXPECT_LT(0, ON(d, kc_add_user("k", "v", RING_S)));
		actor_leave(d);
	}
	EXPECT_TRUE(key_goes(self->ses));
	EXPECT_EQ(1, ON(self->p, ring_size(RING_S)));
	actor_leave(c);
	EXPECT_EQ(ses, ON(self->p, kc_id(RING_S, 0)));
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(ses));
}

static long join_many(long count, long name, long b)
{
	long i, ret = 0;

	(void)b;
	for (i = 0; i < count && !ret; i++)
		ret = kc_join((char *)name);
	return ret;
}

static int usage_of(struct actor *who, long serial)
{
	struct key_row row;

	return key_row(who, serial, &row) ? row.usage : -1;
}

/* Each time the ring of a session was joined by those who had it, one reference was lost */
TEST_F(cve_session, cve_2016_0728_joining_ones_own_ring_leaks_nothing)
{
	enum { TIMES = 1 << 16 };
	char *name = shared_text("own %u", self->uid);
	long ses = ON(self->p, kc_join(name));
	int usage;

	ASSERT_LT(0, ses);
	/* its owner may find it by its name */
	EXPECT_EQ(0, ON(self->p, kc_setperm(ses, PERM_POS(MAY_ALL) |
						 PERM_USR(MAY_ALL))));
	EXPECT_EQ(0, actor_do(self->p, join_many, 1, (long)name, 0));
	usage = usage_of(self->p, ses);
	EXPECT_LT(0, usage);
	EXPECT_EQ(0, actor_do(self->p, join_many, TIMES, (long)name, 0));
	EXPECT_TRUE(EVENTUALLY(usage_of(self->p, ses) <= usage))
		TH_LOG("%d users, then %d", usage, usage_of(self->p, ses));
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(ses));
}

/* A session could be one of the kernel's own rings, or bear the name of one */
TEST_F(cve_session, cve_2016_9604_names_with_a_dot)
{
	static const char *const names[] = {
		".", ".x", ".builtin_trusted_keys", ".secondary_trusted_keys",
		".platform", ".machine", ".blacklist", ".ima", ".evm",
		".dns_resolver", ".id_resolver", ".cifs_spnego", ".user_reg",
		".persistent_register",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(-EPERM, ON(self->p, kc_join(names[i])))
			TH_LOG("%s", names[i]);
		EXPECT_EQ(-EPERM, ON(self->p, kc_add_ring(names[i], RING_S)));
		EXPECT_EQ(-EPERM, kc_join(names[i]));
	}
	EXPECT_EQ(self->ses, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(0, ON(self->p, ring_size(RING_S)));
}

static long choose_many(long count, long value, long b)
{
	long i, ret = value;

	(void)b;
	for (i = 0; i < count && ret == value; i++)
		ret = kc_reqkey(value);
	return ret;
}

/* Each time @t was chosen as the default it was made anew, and the old one lost */
TEST_F(cve_session, cve_2017_7472_choosing_the_thread_ring_keeps_it)
{
	long t = ON(self->p, kc_id(RING_T, 1)), proc;
	long key = ON(self->p, kc_add_user("k", "v", RING_T));
	int keys;

	proc = ON(self->p, kc_id(RING_P, 1));
	ASSERT_LT(0, t);
	ASSERT_LT(0, proc);
	keys = keys_charged(self->uid);
	EXPECT_EQ(REQKEY_DEFAULT, ON(self->p, kc_reqkey(REQKEY_T)));
	EXPECT_EQ(REQKEY_T, actor_do(self->p, choose_many, 300, REQKEY_T, 0));
	EXPECT_EQ(t, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_EQ(REQKEY_T, ON(self->p, kc_reqkey(REQKEY_P)));
	EXPECT_EQ(REQKEY_P, actor_do(self->p, choose_many, 300, REQKEY_P, 0));
	EXPECT_EQ(proc, ON(self->p, kc_id(RING_P, 0)));
	EXPECT_EQ(keys, keys_charged(self->uid));
	EXPECT_STREQ("v", ON(self->p, payload(key)));
}

/* Whoever made a ring of that name first owned the keyrings of another user */
TEST_F(cve_session, cve_2017_18270_forged_user_keyrings)
{
	uid_t victim = fresh_uid();
	const char *u = shared_text("_uid.%u", victim);
	const char *us = shared_text("_uid_ses.%u", victim);
	uint32_t open = PERM_POS(MAY_ALL) | PERM_USR(MAY_ALL) |
			PERM_GRP(MAY_ALL) | PERM_OTH(MAY_ALL);
	struct actor *q;
	long forged[4];
	int i;

	forged[0] = ON(self->p, kc_add_ring(u, RING_S));
	forged[1] = ON(self->p, kc_add_ring(us, RING_S));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, ON(self->p, kc_setperm(forged[i], open)));
	forged[2] = ON(self->p, kc_join(u));
	forged[3] = ON(self->p, kc_join(us));
	q = actor_user(victim);
	for (i = 0; i < 4; i++) {
		EXPECT_LT(0, forged[i]);
		EXPECT_NE(forged[i], ON(q, kc_id(RING_U, 0)));
		EXPECT_NE(forged[i], ON(q, kc_id(RING_US, 0)));
	}
	EXPECT_EQ(victim, ON(q, uid_of(RING_U)));
	EXPECT_EQ(victim, ON(q, uid_of(RING_US)));
	EXPECT_EQ(1, ON(q, ring_size(RING_US)));
}

static long landlock_self(long a, long b, long c)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_DIR,
	};
	int fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	long ret;

	(void)a, (void)b, (void)c;
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_landlock_restrict_self, fd, 0) ? -errno : 0;
	close(fd);
	return ret;
}

static long make_folder(long path, long b, long c)
{
	(void)b, (void)c;
	if (mkdir((char *)path, 0700))
		return -errno;
	rmdir((char *)path);
	return 0;
}

/* A sandboxed parent was let out by any child that gave it a session */
TEST_F(cve_session, cve_2024_42318_the_parent_stays_in_its_sandbox)
{
	struct actor *p = actor_fork(NULL), *c;
	char *path = shared_text("/tmp/selftest-%d", getpid());
	long ses, ret;

	ASSERT_LT(0, ON(p, kc_join(NULL)));
	c = actor_fork(p);
	ASSERT_EQ(0, actor_do(p, make_folder, (long)path, 0, 0));
	ret = actor_do(p, landlock_self, 0, 0, 0);
	if (ret == -ENOSYS)
		SKIP(return, "the kernel has no Landlock");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(-EACCES, actor_do(p, make_folder, (long)path, 0, 0));
	ses = ON(c, kc_join(NULL));
	EXPECT_EQ(0, ON(c, kc_to_parent()));
	EXPECT_EQ(ses, ON(p, kc_id(RING_S, 0)));
	EXPECT_EQ(-EACCES, actor_do(p, make_folder, (long)path, 0, 0));
	EXPECT_EQ(0, actor_do(c, make_folder, (long)path, 0, 0));
}

static long open_file(long a, long b, long c)
{
	int fd = memfd_create("kept", 0);

	(void)a, (void)b, (void)c;
	return fd < 0 ? -errno : fd;
}

/*
 * A file that stayed open kept the ring of the thread that had opened it: the keys of
 * an encrypted disk, long after they had been used.
 */
TEST_F(cve_session, ours_fix_dm_crypt_thread_ring_is_not_kept_by_a_file)
{
	struct actor *thread = actor_thread(self->p);
	long t = ON(thread, kc_id(RING_T, 1));
	long key = ON(thread, kc_add("logon", "dm:key", "secret", 6, RING_T));

	ASSERT_LT(0, t);
	ASSERT_LT(0, key);
	/* the descriptor is the whole process's */
	ASSERT_LE(0, actor_do(thread, open_file, 0, 0, 0));
	actor_leave(thread);
	EXPECT_TRUE(key_goes(t));
	EXPECT_TRUE(key_goes(key));
}

SELFTEST_MAIN
