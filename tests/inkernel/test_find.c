// SPDX-License-Identifier: GPL-2.0-only
/*
 * Code of the kernel looks for a key: by type and description where the process
 * it works for keeps its keys, or by serial.
 *
 * Specified by Documentation/security/keys/core.rst, "Kernel services".
 */
#include <kselftest_harness.h>

#include "inkernel.h"

/*
 *	p (fresh uid) @s---> "_ses"
 */
FIXTURE(find)
{
	struct actor *p;
	uid_t uid;
	const char *desc;	/* of what a test adds; a valid one for a logon key */
};

FIXTURE_SETUP(find)
{
	stage_open();
	inkernel_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->desc = fresh_desc("find:");
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
}

FIXTURE_TEARDOWN(find)
{
	stage_close();
	inkernel_close();
}

/* ---- by type and description ---- */

FIXTURE(kind)
{
	struct actor *p;
};

FIXTURE_VARIANT(kind)
{
	const char *type;
	int how;
};

FIXTURE_VARIANT_ADD(kind, user) { .type = "user" };
FIXTURE_VARIANT_ADD(kind, logon) { .type = "logon" };
FIXTURE_VARIANT_ADD(kind, user_rcu) { .type = "user", .how = INKERNEL_RCU };
FIXTURE_VARIANT_ADD(kind, logon_rcu) { .type = "logon", .how = INKERNEL_RCU };

FIXTURE_SETUP(kind)
{
	(void)variant;
	stage_open();
	inkernel_open();
	self->p = actor_user(fresh_uid());
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
}

FIXTURE_TEARDOWN(kind)
{
	(void)variant;
	stage_close();
	inkernel_close();
}

/*
 * Code that may not sleep finds a key of these types only after code that may has
 * found it. Nobody in the kernel looks for them in that way first.
 */
static void found_before(struct actor *p, const char *type, const char *desc)
{
	if (ON(p, ik_try(ik_request(type, desc))))
		stage_broken("%s key %s is not found", type, desc);
}

/* Type, description and payload are those of the key that was added */
TEST_F(kind, is_found)
{
	const char *desc = fresh_desc("kind:");
	long slot;

	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request_how(variant->type, desc, NULL, variant->how)));
	ASSERT_LT(0, ON(self->p, kc_add(variant->type, desc, "secret", 6, RING_S)));
	found_before(self->p, variant->type, desc);
	slot = ON(self->p, ik_request_how(variant->type, desc, NULL, variant->how));
	ASSERT_LE(0, slot);
	EXPECT_STREQ(shared_text("%s;%s", variant->type, desc), ik_describe(slot));
	EXPECT_STREQ("secret", ik_payload(slot));
	EXPECT_EQ(0, ik_validate(slot));
	EXPECT_EQ(0, ik_put(slot));
	EXPECT_EQ(-EBADF, ik_validate(slot));
}

/* The other of the two types is another key */
TEST_F(kind, of_its_type_only)
{
	const char *other = strcmp(variant->type, "user") ? "user" : "logon";
	const char *desc = fresh_desc("kind:");

	ASSERT_LT(0, ON(self->p, kc_add(other, desc, "x", 1, RING_S)));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request_how(variant->type, desc, NULL, variant->how)));
}

/* Large and small, with every byte as it was */
TEST_F(kind, payloads_of_all_sizes)
{
	static const int sizes[] = { 1, 8, 31, 255, 256, INKERNEL_TEXT };
	struct inkernel_text *text = shared(sizeof(*text));
	const char *desc = fresh_desc("kind:");
	unsigned char *data = shared(INKERNEL_TEXT);
	unsigned int i;

	for (i = 0; i < INKERNEL_TEXT; i++)
		data[i] = i * 37 >> 2;
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		ASSERT_LT(0, ON(self->p, kc_add(variant->type, desc, data, sizes[i], RING_S)));
		found_before(self->p, variant->type, desc);
		text->slot = ON(self->p, ik_request_how(variant->type, desc, NULL,
							variant->how));
		ASSERT_EQ(sizes[i], ik(INKERNEL_PAYLOAD, (long)text));
		EXPECT_EQ(0, memcmp(text->text, data, sizes[i]));
	}
}

/* Only code that may sleep looks into the rings in the process's rings */
TEST_F(kind, in_nested_rings)
{
	long outer = ON(self->p, kc_add_ring("outer", RING_S));
	long inner = ON(self->p, kc_add_ring("inner", outer));
	const char *desc = fresh_desc("kind:");

	ASSERT_LT(0, ON(self->p, kc_add(variant->type, desc, "deep", 4, inner)));
	found_before(self->p, variant->type, desc);
	EXPECT_EQ(variant->how == INKERNEL_RCU ? -ENOKEY : 0,
		  ON(self->p, ik_try(ik_request_how(variant->type, desc, NULL, variant->how))));
	EXPECT_EQ(0, ON(self->p, kc_unlink(inner, outer)));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request_how(variant->type, desc, NULL, variant->how)));
}

/* EACCES: without SEARCH for the possessor */
TEST_F(kind, without_search)
{
	const char *desc = fresh_desc("kind:");
	long key = ON(self->p, kc_add(variant->type, desc, "v", 1, RING_S));

	EXPECT_EQ(0, ON(self->p, kc_setperm(key, PERM_POS(MAY_ALL & ~MAY_SEARCH) |
						 PERM_USR(MAY_SETATTR))));
	EXPECT_EQ(-EACCES, ON(self->p, ik_request_how(variant->type, desc, NULL, variant->how)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(key, PERM_POS(MAY_SEARCH))));
	found_before(self->p, variant->type, desc);
	EXPECT_STREQ("v", ik_payload(ON(self->p, ik_request_how(variant->type, desc, NULL,
								variant->how))));
}

/* EKEYREVOKED; an expired and an invalidated one are as if they were not there */
TEST_F(kind, dead_keys)
{
	const char *desc = fresh_desc("kind:");
	long key = ON(self->p, kc_add(variant->type, desc, "v", 1, RING_S));

	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, ik_request_how(variant->type, desc, NULL,
							   variant->how)));

	key = ON(self->p, kc_add(variant->type, desc, "v", 1, RING_S));
	found_before(self->p, variant->type, desc);
	EXPECT_EQ(0, ON(self->p, kc_timeout(key, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ik_try(ik_request_how(variant->type, desc, NULL,
								 variant->how))) == -ENOKEY));

	key = ON(self->p, kc_add(variant->type, desc, "v", 1, RING_S));
	found_before(self->p, variant->type, desc);
	EXPECT_EQ(0, ON(self->p, kc_invalidate(key)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ik_request_how(variant->type, desc, NULL,
							  variant->how)) == -ENOKEY));
}

/* Its own error: a key that stands for one */
TEST_F(kind, negative_keys)
{
	const char *desc = fresh_desc("kind:");

	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_request(variant->type, desc, "refuse", 0)));
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, ik_request_how(variant->type, desc, NULL,
							    variant->how)));
	EXPECT_LT(0, ON(self->p, kc_add(variant->type, desc, "better", 6, RING_S)));
	found_before(self->p, variant->type, desc);
	EXPECT_STREQ("better", ik_payload(ON(self->p, ik_request_how(variant->type, desc, NULL,
								     variant->how))));
}

/* ---- where it looks ---- */

TEST_F(find, in_each_ring_of_the_process)
{
	static const int rings[] = { RING_T, RING_P, RING_S };
	const char *desc;
	int i;

	for (i = 0; i < 3; i++) {
		desc = fresh_desc("find:");
		ASSERT_LT(0, ON(self->p, kc_add_user(desc, "here", rings[i])));
		EXPECT_STREQ("here", ik_payload(ON(self->p, ik_request("user", desc))))
			TH_LOG("ring %d", rings[i]);
		EXPECT_EQ(0, ON(self->p, kc_clear(rings[i])));
		EXPECT_EQ(-ENOKEY, ON(self->p, ik_request("user", desc)));
	}
}

/* The thread's ring first, then the process's, then the session's */
TEST_F(find, in_their_order)
{
	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "session", RING_S)));
	EXPECT_STREQ("session", ik_payload(ON(self->p, ik_request("user", self->desc))));
	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "process", RING_P)));
	EXPECT_STREQ("process", ik_payload(ON(self->p, ik_request("user", self->desc))));
	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "thread", RING_T)));
	EXPECT_STREQ("thread", ik_payload(ON(self->p, ik_request("user", self->desc))));
}

TEST_F(find, in_nested_rings)
{
	long outer = ON(self->p, kc_add_ring("outer", RING_S));
	long inner = ON(self->p, kc_add_ring("inner", outer));

	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "deep", inner)));
	EXPECT_STREQ("deep", ik_payload(ON(self->p, ik_request("user", self->desc))));
	EXPECT_EQ(0, ON(self->p, kc_unlink(inner, outer)));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request("user", self->desc)));
}

/* The user's rings: not by themselves, but when the session has a link to them */
TEST_F(find, user_ring_when_linked)
{
	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "the user's", RING_U)));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request("user", self->desc)));
	EXPECT_EQ(0, ON(self->p, kc_link(RING_U, RING_S)));
	EXPECT_STREQ("the user's", ik_payload(ON(self->p, ik_request("user", self->desc))));
}

/* Without a session ring, the user-session ring */
TEST_F(find, user_session_ring_without_a_session)
{
	struct actor *q;

	REQUIRE_NO_SESSION();
	q = actor_user(fresh_uid());
	ASSERT_LT(0, ON(q, kc_add_user(self->desc, "mine", RING_U)));
	EXPECT_STREQ("mine", ik_payload(ON(q, ik_request("user", self->desc))));
}

TEST_F(find, children_find_it)
{
	struct actor *child = actor_fork(self->p);

	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "family", RING_S)));
	EXPECT_STREQ("family", ik_payload(ON(child, ik_request("user", self->desc))));
	ASSERT_LT(0, ON(child, kc_join(NULL)));
	EXPECT_EQ(-ENOKEY, ON(child, ik_request("user", self->desc)));
}

TEST_F(find, not_in_other_processes)
{
	struct actor *q = actor_user(self->uid), *r = actor_user(fresh_uid());

	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "mine", RING_S)));
	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "mine", RING_P)));
	EXPECT_EQ(-ENOKEY, ON(q, ik_request("user", self->desc)));
	EXPECT_EQ(-ENOKEY, ON(r, ik_request("user", self->desc)));
	EXPECT_EQ(-ENOKEY, ik_request("user", self->desc));
}

/* Run by an actor itself; the file is closed when it exits, if not before */
static long request_at_close(long desc, long close_now, long c)
{
	struct inkernel_request req = { .type = "user", .how = INKERNEL_PLAIN };
	int fd = open(INKERNEL_DEVICE, O_RDWR | O_CLOEXEC);
	long ret;

	(void)c;
	if (fd < 0)
		return -errno;
	snprintf(req.desc, sizeof(req.desc), "%s", (const char *)desc);
	ret = key_syscall(NR_IOCTL, fd, INKERNEL_AT_RELEASE, (long)&req, 0, 0);
	if (close_now)
		close(fd);
	return ret;
}

/* ENOKEY: kernel code that closes the files of a process that exits, which has no rings any more */
TEST_F(find, ours_not_while_the_process_exits)
{
	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "v", RING_S)));
	/* What a process without a session would find is not its own. */
	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "other", RING_US)));
	EXPECT_EQ(0, actor_do(self->p, request_at_close, (long)self->desc, true, 0));
	EXPECT_EQ(0, ik(INKERNEL_RELEASED, 0));
	EXPECT_EQ(0, actor_do(self->p, request_at_close, (long)self->desc, false, 0));
	EXPECT_EQ(-EAGAIN, ik(INKERNEL_RELEASED, 0));
	actor_leave(self->p);
	EXPECT_EQ(-ENOKEY, ik(INKERNEL_RELEASED, 0));
}

/* Not even root's, and not by root: rings decide */
TEST_F(find, root_finds_its_own)
{
	ASSERT_LT(0, kc_add_user(self->desc, "root's", RING_P));
	EXPECT_STREQ("root's", ik_payload(ik_request("user", self->desc)));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request("user", self->desc)));
}

/* ---- what it does not find ---- */

/* Credentials of the kernel's own: the process's keys are not looked at */
TEST_F(find, not_under_other_credentials)
{
	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "v", RING_S)));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request_how("user", self->desc, NULL,
						      INKERNEL_OVERRIDE)));
	ASSERT_LT(0, kc_add_user(self->desc, "v", RING_P));
	EXPECT_EQ(-ENOKEY, ik_request_how("user", self->desc, NULL, INKERNEL_OVERRIDE));
}

/* ---- by serial ---- */

TEST_F(find, by_serial)
{
	static const char *const types[] = { "user", "logon" };
	long key, slot;
	int i;

	for (i = 0; i < 2; i++) {
		key = ON(self->p, kc_add(types[i], self->desc, "numbered", 8, RING_S));
		slot = ON(self->p, ik_lookup(key, NEED_SEARCH));
		EXPECT_STREQ("numbered", ik_payload(slot));
		EXPECT_STREQ(shared_text("%s;%s", types[i], self->desc), ik_describe(slot));
		EXPECT_EQ(0, ik_validate(slot));
	}
}

/* EACCES: each permission by itself, as possessor and as owner */
TEST_F(find, by_serial_with_permission)
{
	static const struct {
		int need, bit;
	} rows[] = {
		{ NEED_VIEW, MAY_VIEW }, { NEED_READ, MAY_READ }, { NEED_WRITE, MAY_WRITE },
		{ NEED_SEARCH, MAY_SEARCH }, { NEED_LINK, MAY_LINK },
		{ NEED_SETATTR, MAY_SETATTR },
	};
	long key = ON(self->p, kc_add_user(self->desc, "v", RING_S));
	struct actor *owner = actor_user(self->uid);
	unsigned int i, j;

	for (i = 0; i < 6; i++) {
		/* what possession and the next turn of this loop need */
		uint32_t bits = rows[i].bit | MAY_SEARCH | MAY_SETATTR;

		ASSERT_EQ(0, ON(self->p, kc_setperm(key, PERM_POS(bits) |
							 PERM_USR(rows[i].bit))));
		for (j = 0; j < 6; j++) {
			EXPECT_EQ(bits & rows[j].bit ? 0 : -EACCES,
				  ON(self->p, ik_try(ik_lookup(key, rows[j].need))))
				TH_LOG("grant %d need %d", rows[i].need, rows[j].need);
			EXPECT_EQ(i == j ? 0 : -EACCES,
				  ON(owner, ik_try(ik_lookup(key, rows[j].need))))
				TH_LOG("owner: grant %d need %d", rows[i].need, rows[j].need);
		}
	}
}

/* EACCES: a stranger; but one may be let in */
TEST_F(find, by_serial_of_a_stranger)
{
	long key = ON(self->p, kc_add_user(self->desc, "v", RING_S));
	struct actor *q = actor_user(fresh_uid());

	EXPECT_EQ(-EACCES, ON(q, ik_lookup(key, NEED_SEARCH)));
	EXPECT_EQ(-EACCES, ik_lookup(key, NEED_SEARCH));
	EXPECT_EQ(0, ON(self->p, kc_setperm(key, PERM_POS(MAY_ALL) | PERM_OTH(MAY_SEARCH))));
	EXPECT_STREQ("v", ik_payload(ON(q, ik_lookup(key, NEED_SEARCH))));
}

/* EKEYREVOKED EKEYEXPIRED ENOKEY EINVAL */
TEST_F(find, by_serial_of_nothing)
{
	long key = ON(self->p, kc_add_user(self->desc, "v", RING_S));

	EXPECT_EQ(0, ON(self->p, kc_timeout(key, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ik_try(ik_lookup(key, NEED_SEARCH))) ==
			       -EKEYEXPIRED));
	key = ON(self->p, kc_add_user("second", "v", RING_S));
	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, ik_lookup(key, NEED_SEARCH)));
	key = ON(self->p, kc_add_user("third", "v", RING_S));
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_S)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ik_lookup(key, NEED_SEARCH)) == -ENOKEY));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_lookup(1, NEED_SEARCH)));
	EXPECT_EQ(-EINVAL, ON(self->p, ik_lookup(0, NEED_SEARCH)));
	EXPECT_EQ(-EINVAL, ON(self->p, ik_lookup(-100, NEED_SEARCH)));
}

/* By key_lookup(), as NVMe/TCP: any key, for anybody, whatever the credentials */
TEST_F(find, by_serial_without_permission)
{
	static const int hows[] = { INKERNEL_PLAIN, INKERNEL_OVERRIDE };
	long key = ON(self->p, kc_add_user(self->desc, "v", RING_S));
	struct actor *q = actor_user(fresh_uid());
	int i;

	EXPECT_EQ(0, ON(self->p, kc_setperm(key, 0)));
	EXPECT_EQ(-EACCES, ON(q, ik_lookup(key, NEED_SEARCH)));
	for (i = 0; i < 2; i++) {
		EXPECT_STREQ("v", ik_payload(ON(q, ik_find(key, hows[i]))));
		EXPECT_EQ(-ENOKEY, ON(q, ik_find(1, hows[i])));
	}
}

/* ENOKEY: a ring of programs is there to be looked at; EACCES goes first */
TEST_F(find, ours_no_ring_to_change)
{
	long ring = ON(self->p, kc_add_ring("ring", RING_S));
	struct actor *q = actor_user(fresh_uid());

	EXPECT_EQ(0, ON(self->p, ik_try(ik_lookup(ring, NEED_SEARCH))));
	EXPECT_EQ(0, ON(self->p, ik_try(ik_lookup(ring, NEED_LINK))));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_try(ik_lookup(ring, NEED_WRITE))));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_try(ik_lookup(ring, NEED_SETATTR))));
	EXPECT_EQ(-EACCES, ON(q, ik_try(ik_lookup(ring, NEED_WRITE))));
}

/* A ring by its special ID */
TEST_F(find, by_special_id)
{
	long slot = ON(self->p, ik_lookup(RING_S, NEED_SEARCH));

	ASSERT_LE(0, slot);
	EXPECT_EQ(0, strncmp("keyring;_", ik_describe(slot), 9))
		TH_LOG("%s", ik_describe(slot));
}

/* ENOKEY for @p: what a special ID names is the built-in service's, never what programs have */
TEST_F(find, ours_special_ids_are_the_built_ins)
{
	ASSERT_LT(0, ON(self->p, kc_id(RING_P, 1)));
	EXPECT_NE(ON(self->p, kc_id(RING_S, 0)),
		  ik_serial(ON(self->p, ik_lookup(RING_S, NEED_SEARCH))));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_lookup(RING_P, NEED_SEARCH)));
}

/* EACCES: what the kernel holds has a serial, too, of which nobody has any use, not even root */
static void expect_closed(struct __test_metadata *_metadata, struct actor *a, long serial)
{
	EXPECT_LT(0, serial);
	EXPECT_EQ(-EACCES, ON(a, kc_describe(serial, NULL, 0)));
	EXPECT_EQ(-EACCES, ON(a, kc_read(serial, NULL, 0)));
	EXPECT_EQ(-EACCES, ON(a, kc_id(serial, 0)));
	EXPECT_EQ(-EACCES, ON(a, kc_setperm(serial, PERM_USR(MAY_ALL))));
	EXPECT_EQ(-EACCES, ON(a, kc_invalidate(serial)));
	EXPECT_EQ(-ENOKEY, ON(a, kc_link(serial, RING_P)));
}

TEST_F(find, ours_serials_of_the_kernels_are_closed)
{
	long key = ON(self->p, kc_add_user(self->desc, "v", RING_S));
	long ring = ON(self->p, kc_add_ring("ring", RING_S));
	struct actor *root = actor_fork(NULL);
	long held, shadow;

	ASSERT_LT(0, ON(self->p, kc_id(RING_P, 1)));
	ASSERT_LT(0, ON(root, kc_id(RING_P, 1)));
	held = ik_serial(ON(self->p, ik_lookup(key, NEED_SEARCH)));
	shadow = ik_serial(ON(self->p, ik_lookup(ring, NEED_SEARCH)));
	EXPECT_NE(key, held);
	EXPECT_NE(ring, shadow);
	expect_closed(_metadata, self->p, held);
	expect_closed(_metadata, self->p, shadow);
	expect_closed(_metadata, root, held);
	expect_closed(_metadata, root, shadow);
}

/* The kernel's own rings, by serial */
TEST_F(find, by_serial_of_the_kernels)
{
	struct key_row row;
	long slot;

	if (!key_rows_like(NULL, ".builtin_trusted_keys", &row))
		SKIP(return, "this kernel has no such ring");
	slot = ik_lookup(row.serial, NEED_SEARCH);
	EXPECT_STREQ("keyring;.builtin_trusted_keys", ik_describe(slot));
	EXPECT_EQ(row.serial, ik_serial(slot));
}

SELFTEST_MAIN
