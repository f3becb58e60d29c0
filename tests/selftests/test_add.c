// SPDX-License-Identifier: GPL-2.0-only
/*
 * add_key(2): what it makes, of payloads of every size that matters and over keys
 * that are there, with each of its errors.
 *
 * Specified by add_key(2) and keyrings(7).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "ended.h"
#include "holder.h"

/* ---- add_key(2) ---- */

/* EFAULT EINVAL EPERM: what is wrong with the strings */
TEST_F(holder, add_refuses_bad_strings)
{
	const struct {
		const char *type, *desc;
		long error;
	} rows[] = {
		{ NULL, "d", -EFAULT },
		{ NOWHERE, "d", -EFAULT },
		{ "", "d", -EINVAL },
		{ text_of_length(MAX_TYPE + 1), "d", -EINVAL },
		{ ".", "d", -EPERM },
		{ ".request_key_auth", "d", -EPERM },
		{ ".dead", "d", -EPERM },
		{ "user", NOWHERE, -EFAULT },
		{ "user", NULL, -EINVAL },
		{ "user", "", -EINVAL },
		{ "user", text_of_length(MAX_DESC + 1), -EINVAL },
		{ "logon", NULL, -EINVAL },
		{ "logon", "unqualified", -EINVAL },
		{ "logon", ":nobody", -EINVAL },
		{ "keyring", ".mine", -EPERM },
		{ "keyring_by_prefix", ".mine", -EPERM },
		{ "keyring", NULL, -EINVAL },
		{ "keyring", "", -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		bool ring = rows[i].type && rows[i].type != NOWHERE &&
			    !strncmp(rows[i].type, "keyring", 7);

		EXPECT_EQ(rows[i].error,
			  ON(self->p, kc_add(rows[i].type, rows[i].desc,
					     ring ? NULL : "v", ring ? 0 : 1,
					     RING_P)))
			TH_LOG("row %zu", i);
	}
}

/* ENODEV here, ENOKEY in request_key() and SEARCH */
TEST_F(holder, add_unknown_type)
{
	EXPECT_EQ(-ENODEV, ON(self->p, kc_add("no such type", "d", "v", 1,
					      RING_P)));
	EXPECT_EQ(-ENODEV, ON(self->p, kc_add(text_of_length(MAX_TYPE), "d",
					      "v", 1, RING_P)));
	EXPECT_EQ(-ENODEV, ON(self->p, kc_add("use", "d", "v", 1, RING_P)));
	EXPECT_EQ(-ENODEV, ON(self->p, kc_add("users", "d", "v", 1, RING_P)));
	EXPECT_EQ(-ENODEV, ON(self->p, kc_add("dead", "d", "v", 1, RING_P)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("dead", "d", NULL, 0)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_request(".dead", "d", NULL, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_P, "dead", "d", 0)));
}

/* EINVAL EFAULT: what is wrong with the payload */
TEST_F(holder, add_refuses_bad_payloads)
{
	char *big = text_of_length(MAX_USER + 1);

	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("user", "d", NULL, 0, RING_P)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("user", "d", "v", 0, RING_P)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("logon", "l:d", "v", 0, RING_P)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("user", "d", big, MAX_USER + 1,
					      RING_P)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("keyring", "d", "v", 1, RING_P)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_add("user", "d", NULL, 1, RING_P)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_add("user", "d", NOWHERE, 1,
					      RING_P)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_add("keyring", "d", NULL, 1,
					      RING_P)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_add("logon", "l:d", NULL, 1,
					      RING_P)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_add("no such type", "d", NULL, 1,
					      RING_P)));
	/* too much for any type: said before anything else is looked at */
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add(NULL, NULL, NULL, MAX_ADD + 1,
					      0)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_add("user", "d", NULL, MAX_ADD,
					      RING_P)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_P, "user", "d", 0)));
}

/* What is wrong with the ring, and that it is looked at before the type */
TEST_F(holder, add_refuses_bad_rings)
{
	const struct {
		int ring;
		long error;
	} rows[] = {
		{ 0, -EINVAL },
		{ RING_G, -EINVAL },
		{ -9, -EINVAL },
		{ AUTH_KEY, -ENOKEY },
		{ RING_REQUESTOR, -ENOKEY },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].error,
			  ON(self->p, kc_add_user("d", "v", rows[i].ring)));
		EXPECT_EQ(rows[i].error,
			  ON(self->p, kc_add("no such type", "d", "v", 1,
					     rows[i].ring)));
	}
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_add_user("d", "v", self->key)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_add_ring("d", self->key)));
	/* a ring that is there but closed */
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->ring,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_add_user("d", "v", self->ring)));
}

TEST_F(holder, new_keys_owner_and_permissions)
{
	EXPECT_STREQ(shared_text("user;%u;%u;3f010000;k", self->uid, self->uid),
		     ON(self->p, description(self->key)));
	EXPECT_STREQ(shared_text("logon;%u;%u;3d010000;l:k", self->uid,
				 self->uid),
		     ON(self->p, description(self->logon)));
	EXPECT_STREQ(shared_text("keyring;%u;%u;3f010000;r", self->uid,
				 self->uid),
		     ON(self->p, description(self->ring)));
}

/* The owner is whose files one can open, not who one is */
TEST_F(holder, new_keys_follow_fsuid)
{
	uid_t fs = fresh_uid();
	struct actor *q = actor_fork(NULL);
	long key;

	ASSERT_LT(0, ON(q, kc_id(RING_P, 1)));
	ON(q, key_syscall(NR_SETFSUID, fs, 0, 0, 0, 0));
	ON(q, key_syscall(NR_SETFSGID, fs, 0, 0, 0, 0));
	key = ON(q, kc_add_user("k", "v", RING_P));
	EXPECT_EQ(fs, ON(q, uid_of(key)));
	EXPECT_EQ(fs, ON(q, gid_of(key)));
}

TEST_F(holder, serials_are_positive_and_distinct)
{
	long serial[100];
	char *desc = shared(16);
	int i, j;

	for (i = 0; i < 100; i++) {
		sprintf(desc, "%d", i);
		serial[i] = ON(self->p, kc_add_user(desc, "v", RING_P));
		ASSERT_LT(2, serial[i]);
		ASSERT_GE(INT32_MAX, serial[i]);
		for (j = 0; j < i; j++) {
			ASSERT_NE(serial[j], serial[i]);
		}
	}
	/* each still names its own key */
	for (i = 0; i < 100; i++) {
		EXPECT_STREQ(shared_text("user;%u;%u;3f010000;%d", self->uid,
					 self->uid, i),
			     ON(self->p, description(serial[i])));
	}
}

TEST_F(holder, longest_description)
{
	char *desc = text_of_length(MAX_DESC);
	long key = ON(self->p, kc_add_user(desc, "v", RING_P));

	ASSERT_LT(0, key);
	EXPECT_STREQ(shared_text("user;%u;%u;3f010000;%s", self->uid,
				 self->uid, desc),
		     ON(self->p, description(key)));
	EXPECT_EQ(key, ON(self->p, kc_search(RING_P, "user", desc, 0)));
	desc[MAX_DESC - 1] = 0;
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_P, "user", desc, 0)));
}

/* Same length, one byte different, at every place a hash or index could miss */
TEST_F(holder, descriptions_that_differ_in_one_byte)
{
	enum { LEN = 40 };
	char *desc = text_of_length(LEN);
	long key[LEN], plain;
	int i;

	plain = ON(self->p, kc_add_user(desc, "v", RING_P));
	for (i = 0; i < LEN; i++) {
		desc[i] = 'y';
		key[i] = ON(self->p, kc_add_user(desc, "v", RING_P));
		desc[i] = 'x';
		ASSERT_LT(0, key[i]);
	}
	for (i = 0; i < LEN; i++) {
		desc[i] = 'y';
		EXPECT_EQ(key[i], ON(self->p, kc_search(RING_P, "user", desc,
							0)));
		desc[i] = 'x';
	}
	EXPECT_EQ(plain, ON(self->p, kc_search(RING_P, "user", desc, 0)));
	desc[LEN - 1] = 0;
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_P, "user", desc, 0)));
}

TEST_F(holder, types_are_name_spaces)
{
	long logon = ON(self->p, kc_add("logon", "a:b", "1", 1, RING_P));
	long user = ON(self->p, kc_add_user("a:b", "2", RING_P));
	long ring = ON(self->p, kc_add_ring("a:b", RING_P));

	EXPECT_NE(logon, user);
	EXPECT_EQ(logon, ON(self->p, kc_search(RING_P, "logon", "a:b", 0)));
	EXPECT_EQ(user, ON(self->p, kc_search(RING_P, "user", "a:b", 0)));
	EXPECT_EQ(ring, ON(self->p, kc_search(RING_P, "keyring", "a:b", 0)));
	/* a dot means something in a keyring's name only */
	EXPECT_LT(0, ON(self->p, kc_add_user(".dotted", "v", RING_P)));
	EXPECT_LT(0, ON(self->p, kc_add_ring("dotted.", RING_P)));
}

/* ---- add_key(2) over a key that is there ---- */

TEST_F(holder, add_updates_in_place)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL))));
	EXPECT_EQ(self->key, ON(self->p, kc_add_user("k", "another value",
						     RING_P)));
	EXPECT_STREQ("another value", ON(self->p, payload(self->key)));
	EXPECT_EQ(PERM_POS(MAY_ALL), ON(self->p, perm_of(self->key)));
	EXPECT_EQ(self->logon, ON(self->p, kc_add("logon", "l:k", "x", 1,
						  RING_P)));
	EXPECT_EQ(3, ON(self->p, ring_size(RING_P)));
}

/* EACCES: the key is there and may not be written */
TEST_F(holder, add_over_unwritable)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_add_user("k", "x", RING_P)));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
}

TEST_F(holder, add_over_clears_timeout)
{
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 2)));
	EXPECT_EQ(self->key, ON(self->p, kc_add_user("k", "x", RING_P)));
	nap_ms(2100);
	EXPECT_STREQ("x", ON(self->p, payload(self->key)));
}

/* A keyring cannot be updated: a new one takes its place, empty */
TEST_F(holder, add_over_keyring_replaces_it)
{
	long ring = ON(self->p, kc_add_ring("r", RING_P));

	ASSERT_LT(0, ring);
	EXPECT_NE(self->ring, ring);
	EXPECT_EQ(0, ON(self->p, ring_size(ring)));
	EXPECT_EQ(3, ON(self->p, ring_size(RING_P)));
	EXPECT_TRUE(key_goes(self->ring));
	EXPECT_TRUE(key_goes(self->inner));
}

TEST_F(holder, add_over_revoked_replaces_it)
{
	long key;

	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	key = ON(self->p, kc_add_user("k", "x", RING_P));
	ASSERT_LT(0, key);
	EXPECT_NE(self->key, key);
	EXPECT_EQ(3, ON(self->p, ring_size(RING_P)));
	EXPECT_TRUE(key_goes(self->key));
}

TEST_F(holder, add_over_invalidated_replaces_it)
{
	long key;

	EXPECT_EQ(0, ON(self->p, kc_invalidate(self->key)));
	key = ON(self->p, kc_add_user("k", "x", RING_P));
	ASSERT_LT(0, key);
	EXPECT_NE(self->key, key);
	EXPECT_EQ(3, ON(self->p, ring_size(RING_P)));
}

TEST_F(holder, add_over_expired_revives_it)
{
	ASSERT_TRUE(expire(self->p, self->key));
	EXPECT_EQ(self->key, ON(self->p, kc_add_user("k", "back", RING_P)));
	EXPECT_STREQ("back", ON(self->p, payload(self->key)));
}

/*
 * Payloads of every size that matters, which only root's quota admits:
 *
 *	p (uid 0) ---@p---> "_pid" ---> key of that size
 */
FIXTURE(sized)
{
	struct actor *p;
	unsigned char *in, *out;
};

FIXTURE_VARIANT(sized)
{
	size_t bytes;
};

FIXTURE_VARIANT_ADD(sized, one) { .bytes = 1 };
FIXTURE_VARIANT_ADD(sized, page_less_one) { .bytes = 4095 };
FIXTURE_VARIANT_ADD(sized, page) { .bytes = 4096 };
FIXTURE_VARIANT_ADD(sized, page_and_one) { .bytes = 4097 };
FIXTURE_VARIANT_ADD(sized, largest) { .bytes = MAX_USER };

FIXTURE_SETUP(sized)
{
	size_t i;

	stage_open();
	self->p = actor_fork(NULL);
	self->in = shared(variant->bytes);
	self->out = shared(variant->bytes + 1);
	for (i = 0; i < variant->bytes; i++)
		self->in[i] = i * 7 + i / 256;
}

FIXTURE_TEARDOWN(sized)
{
	stage_close();
}

TEST_F(sized, comes_back_as_it_went_in)
{
	long len = variant->bytes;
	long key = ON(self->p, kc_add("user", "sized", self->in, len, RING_P));

	ASSERT_LT(0, key);
	EXPECT_EQ(len, ON(self->p, kc_read(key, NULL, 0)));
	self->out[len] = '#';
	EXPECT_EQ(len, ON(self->p, kc_read(key, self->out, len + 1)));
	EXPECT_EQ(0, memcmp(self->in, self->out, len));
	EXPECT_EQ('#', self->out[len]);
	memset(self->out, '#', len);
	EXPECT_EQ(len, ON(self->p, kc_read(key, self->out, len - 1)));
	EXPECT_EQ('#', self->out[0]);
	EXPECT_EQ(len, ON(self->p, kc_read(key, self->out, len)));
	EXPECT_EQ(0, memcmp(self->in, self->out, len));
	EXPECT_LT(0, ON(self->p, kc_add("logon", "a:sized", self->in, len,
					RING_P)));
}

SELFTEST_MAIN
