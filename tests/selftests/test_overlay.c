// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own keyrings, on a kernel that has a key service built in: they
 * stay reachable by serial number, whoever answers the calls now.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

#define BUILTIN_RING ".builtin_trusted_keys"

/*
 *	kernel ---> ".builtin_trusted_keys" ---> asymmetric keys, if any
 *	director (uid 0), which does not possess it
 */
FIXTURE(kernel_ring)
{
	struct key_row row;
	int serial;
};

FIXTURE_SETUP(kernel_ring)
{
	stage_open();
	if (!key_rows_like(NULL, BUILTIN_RING, &self->row))
		SKIP(return, "this kernel has no " BUILTIN_RING);
	self->serial = self->row.serial;
}

FIXTURE_TEARDOWN(kernel_ring)
{
	stage_close();
}

TEST_F(kernel_ring, row)
{
	EXPECT_STREQ("keyring", self->row.type);
	EXPECT_STREQ("perm", self->row.timeout);
	EXPECT_EQ(0, self->row.uid);
	EXPECT_EQ('I', self->row.flags[0]);
	EXPECT_EQ('-', self->row.flags[3]);
	EXPECT_EQ(1, key_rows_like(NULL, BUILTIN_RING, NULL));
	/* every row of the table is a whole one */
	EXPECT_STREQ(shared_text("%08x %s %5d %4s %08x %5d %5d %-9.9s %s",
				 self->row.serial, self->row.flags,
				 self->row.usage, self->row.timeout,
				 self->row.perm, self->row.uid, self->row.gid,
				 self->row.type, self->row.desc),
		     self->row.line);
}

TEST_F(kernel_ring, describe_by_serial)
{
	EXPECT_STREQ(shared_text("keyring;0;0;%08x;%s", self->row.perm,
				 BUILTIN_RING), description(self->serial));
	EXPECT_EQ(self->serial, kc_id(self->serial, 0));
	EXPECT_LE(1, kc_security(self->serial, NULL, 0));
}

TEST_F(kernel_ring, read_by_serial)
{
	long bytes = kc_read(self->serial, NULL, 0), i;
	int32_t *ids;

	ASSERT_LE(0, bytes);
	EXPECT_EQ(0, bytes % 4);
	if (!bytes)
		return;
	ids = shared(bytes);
	EXPECT_EQ(bytes, kc_read(self->serial, ids, bytes));
	for (i = 0; i < bytes / 4; i++) {
		EXPECT_EQ(0, strncmp(description(ids[i]), "asymmetric;", 11))
			TH_LOG("%s", description(ids[i]));
	}
	EXPECT_STREQ(shared_text(BUILTIN_RING ": %ld", bytes / 4),
		     self->row.desc);
}

/*
 * Closed to those who do not own it, and to writing for all. (INVALIDATE is not
 * tried: it asks for SEARCH only, and root could really do that.)
 */
TEST_F(kernel_ring, permissions_hold)
{
	struct actor *p = actor_user(fresh_uid());

	EXPECT_EQ(-EACCES, ON(p, kc_describe(self->serial, NULL, 0)));
	EXPECT_EQ(-EACCES, ON(p, kc_read(self->serial, NULL, 0)));
	EXPECT_EQ(-EACCES, ON(p, kc_id(self->serial, 0)));
	EXPECT_GT(0, kc_add_user("k", "v", self->serial));
	EXPECT_GT(0, kc_clear(self->serial));
	EXPECT_GT(0, kc_revoke(self->serial));
	EXPECT_GT(0, kc_timeout(self->serial, 1));
	EXPECT_GT(0, kc_setperm(self->serial, 0x3f3f3f3f));
	EXPECT_STREQ(shared_text("keyring;0;0;%08x;%s", self->row.perm,
				 BUILTIN_RING), description(self->serial));
}

/* Its name is not open to join or to imitate */
TEST_F(kernel_ring, name_is_reserved)
{
	EXPECT_EQ(-EPERM, kc_join(BUILTIN_RING));
	EXPECT_EQ(-EPERM, kc_add_ring(BUILTIN_RING, RING_P));
}

/* ENOKEY: whoever might link it by its bits, there is no link between the services */
TEST_F(kernel_ring, ours_no_link_to_it)
{
	EXPECT_EQ(-ENOKEY, kc_link(self->serial, RING_P));
	EXPECT_EQ(-ENOKEY, kc_link(kc_add_user("k", "v", RING_P), self->serial));
	EXPECT_EQ(0, ring_holds(RING_P, self->serial));
}

/* All of the kernel's own keyrings are listed, with their dots */
TEST_F(kernel_ring, all_are_listed)
{
	struct key_row row;
	char *text = slurp(NULL, "/proc/keys");
	int dotted = 0;

	for (; *text; text = strchr(text, '\n') + 1) {
		ASSERT_TRUE(key_row_parse(text, &row));
		dotted += row.desc[0] == '.';
	}
	EXPECT_LE(1, dotted);
	TH_LOG("%d keyrings of the kernel", dotted);
}

SELFTEST_MAIN
