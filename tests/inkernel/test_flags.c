// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kernel code grants or denies by the flags of its own keys and rings: root, who has
 * no right to them, may empty a ring or invalidate a key that is a cache; what is to be
 * kept is kept, whoever has a right to it. All of them are reached by serial, and whoever
 * answers the calls, they mean the same; keys of programs have none of it.
 *
 * Specified by keyctl(2), KEYCTL_CLEAR and KEYCTL_INVALIDATE.
 */
#include <kselftest_harness.h>

#include "inkernel.h"

/*
 *	kernel ---> ".kr_inkernel"	root may clear it
 *	       ---> ".kr_kept"		what is in it is kept; root has all rights
 *	       ---> ".dns_resolver"	root may clear it, and invalidate what is in it
 *
 *	director (uid 0)
 *	p (fresh uid) @s---> "_ses"
 */
FIXTURE(flags)
{
	struct actor *p;
	const char *name;
	int cache, kept;
};

static int serial_of(const char *desc)
{
	struct key_row row = { 0 };

	return key_rows_like(NULL, desc, &row) == 1 ? row.serial : 0;
}

FIXTURE_SETUP(flags)
{
	stage_open();
	inkernel_open();
	self->p = actor_user(fresh_uid());
	self->name = fresh_desc("flags");
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->cache = serial_of(".kr_inkernel");
	self->kept = serial_of(".kr_kept");
	ASSERT_NE(0, self->cache);
	ASSERT_NE(0, self->kept);
}

FIXTURE_TEARDOWN(flags)
{
	stage_close();
	inkernel_close();
}

static long found_in_cache(const char *name)
{
	return ik_try(ik_request_how("user", name, NULL, INKERNEL_OVERRIDE));
}

/* EACCES: who is not root may not; root may, without a right to the ring */
TEST_F(flags, root_clears_a_cache)
{
	ASSERT_EQ(0, ik_try(ik_request_how("user", self->name, "made", INKERNEL_OVERRIDE)));
	EXPECT_EQ(0, found_in_cache(self->name));
	EXPECT_EQ(-EACCES, ON(self->p, kc_clear(self->cache)));
	EXPECT_EQ(0, found_in_cache(self->name));
	EXPECT_EQ(-EACCES, kc_add_user("k", "v", self->cache));
	EXPECT_EQ(-EACCES, kc_invalidate(self->cache));
	EXPECT_EQ(-EACCES, kc_revoke(self->cache));
	EXPECT_EQ(-EACCES, kc_setperm(self->cache, 0x3f3f3f3f));
	EXPECT_EQ(0, kc_clear(self->cache));
	EXPECT_EQ(-ENOKEY, found_in_cache(self->name));
}

/* EACCES: capable in a namespace of its own is not enough */
TEST_F(flags, root_of_a_namespace_clears_none)
{
	struct actor *q = actor_fork(NULL);

	ASSERT_EQ(0, actor_do(q, unshare_userns, 0, 0, 0));
	EXPECT_EQ(-EACCES, ON(q, kc_clear(self->cache)));
}

/* No ring or key of a program's is root's to clear or to invalidate */
TEST_F(flags, programs_keys_are_no_cache)
{
	long ring = ON(self->p, kc_add_ring("r", RING_S));
	long key = ON(self->p, kc_add_user(self->name, "v", ring));

	ASSERT_LT(0, key);
	EXPECT_EQ(0, ON(self->p, kc_setperm(ring, PERM_POS(MAY_ALL))));
	EXPECT_EQ(0, ON(self->p, kc_setperm(key, PERM_POS(MAY_ALL))));
	EXPECT_EQ(-EACCES, kc_clear(ring));
	EXPECT_EQ(-EACCES, kc_invalidate(key));
	EXPECT_EQ(1, ON(self->p, ring_size(ring)));
}

static const char *resolved(const char *host)
{
	struct inkernel_text *text = shared(sizeof(*text));
	long ret;

	snprintf(text->text, sizeof(text->text), "%s", host);
	ret = ik(INKERNEL_DNS, (long)text);
	return ret < 0 ? shared_text("error %ld", ret) : text->text;
}

/* What the kernel has found out is root's to invalidate: it asks again */
TEST_F(flags, root_invalidates_what_the_kernel_knows)
{
	long other = ON(self->p, kc_add("dns_resolver", shared_text("not-%s", self->name),
					"192.0.2.1", 10, RING_S));
	int serial;

	EXPECT_STREQ("192.0.2.7", resolved(self->name));
	EXPECT_STREQ("192.0.2.7", resolved(self->name));
	EXPECT_EQ(1, helper_runs("dns_resolver", self->name));
	serial = serial_of(self->name);
	ASSERT_NE(0, serial);
	EXPECT_EQ(-EACCES, ON(self->p, kc_invalidate(serial)));
	EXPECT_EQ(-EACCES, kc_revoke(serial));
	EXPECT_EQ(-EACCES, kc_timeout(serial, 1));
	EXPECT_EQ(0, kc_invalidate(serial));
	EXPECT_STREQ("192.0.2.7", resolved(self->name));
	EXPECT_EQ(2, helper_runs("dns_resolver", self->name));
	/* that of a program is not */
	EXPECT_EQ(0, ON(self->p, kc_setperm(other, PERM_POS(MAY_ALL))));
	EXPECT_EQ(-EACCES, kc_invalidate(other));
}

TEST_F(flags, root_clears_what_the_kernel_knows)
{
	int ring = serial_of(".dns_resolver");

	ASSERT_NE(0, ring);
	EXPECT_STREQ("192.0.2.7", resolved(self->name));
	EXPECT_EQ(-EACCES, ON(self->p, kc_clear(ring)));
	EXPECT_EQ(0, kc_clear(ring));
	EXPECT_STREQ("192.0.2.7", resolved(self->name));
	EXPECT_EQ(2, helper_runs("dns_resolver", self->name));
}

/* EPERM: the ring takes keys, and neither it nor one of these is to be got rid of */
TEST_F(flags, kept)
{
	long key = kc_add_user(self->name, "v", self->kept);

	ASSERT_LT(0, key);
	EXPECT_EQ(-EPERM, kc_unlink(key, self->kept));
	EXPECT_EQ(-EPERM, kc_clear(self->kept));
	EXPECT_EQ(-EPERM, kc_revoke(self->kept));
	EXPECT_EQ(-EPERM, kc_invalidate(self->kept));
	EXPECT_EQ(-EPERM, kc_timeout(self->kept, 100));
	EXPECT_EQ(-EPERM, kc_timeout(self->kept, 0));
	EXPECT_TRUE(ring_holds(self->kept, key));
}

SELFTEST_MAIN
