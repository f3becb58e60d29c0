// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys: what add_key(2) makes, and every operation on one key, with each of its
 * errors.
 *
 * Specified by add_key(2), keyctl(2) and the pages of its operations.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/*
 * One plain user with a process keyring and a few keys in it:
 *
 *	p (fresh uid) ---@p---> "_pid" ---> user "k" = "value"
 *	                               ---> logon "l:k"
 *	                               ---> keyring "r" ---> user "in r"
 */
FIXTURE(holder)
{
	struct actor *p;
	uid_t uid;
	long key, logon, ring, inner;
};

FIXTURE_SETUP(holder)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->key = ON(self->p, kc_add_user("k", "value", RING_P));
	self->logon = ON(self->p, kc_add("logon", "l:k", "secret", 6, RING_P));
	self->ring = ON(self->p, kc_add_ring("r", RING_P));
	self->inner = ON(self->p, kc_add_user("in r", "v", self->ring));
	ASSERT_LT(0, self->key);
	ASSERT_LT(0, self->logon);
	ASSERT_LT(0, self->ring);
	ASSERT_LT(0, self->inner);
}

FIXTURE_TEARDOWN(holder)
{
	stage_close();
}

static char *text_of_length(size_t len)
{
	char *text = shared(len + 1);

	memset(text, 'x', len);
	text[len] = 0;
	return text;
}

/* Let a key expire; false if it does not */
static bool expire(struct actor *p, int id)
{
	return !ON(p, kc_timeout(id, 1)) &&
	       EVENTUALLY(ON(p, kc_describe(id, NULL, 0)) == -EKEYEXPIRED);
}

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

/* ---- READ ---- */

TEST_F(holder, read_returns_length_whatever_is_copied)
{
	char *buf = shared(16);

	EXPECT_EQ(5, ON(self->p, kc_read(self->key, NULL, 0)));
	EXPECT_EQ(5, ON(self->p, kc_read(self->key, NULL, 100)));
	EXPECT_EQ(5, ON(self->p, kc_read(self->key, buf, 0)));

	/* too small: nothing is copied, not a part */
	memset(buf, '#', 16);
	EXPECT_EQ(5, ON(self->p, kc_read(self->key, buf, 4)));
	EXPECT_EQ(0, memcmp(buf, "########", 8));

	EXPECT_EQ(5, ON(self->p, kc_read(self->key, buf, 5)));
	EXPECT_EQ(0, memcmp(buf, "value###", 8));

	/* larger: what is beyond the payload is not touched */
	memset(buf, '#', 16);
	EXPECT_EQ(5, ON(self->p, kc_read(self->key, buf, 16)));
	EXPECT_EQ(0, memcmp(buf, "value###########", 16));

	EXPECT_EQ(-EFAULT, ON(self->p, kc_read(self->key, NOWHERE, 5)));
	EXPECT_EQ(5, ON(self->p, kc_read(self->key, NOWHERE, 4)));
}

TEST_F(holder, read_keyring)
{
	int32_t *ids = shared(16);

	ids[0] = ids[1] = ids[2] = ids[3] = 77;
	EXPECT_EQ(12, ON(self->p, kc_read(RING_P, NULL, 0)));
	EXPECT_EQ(12, ON(self->p, kc_read(RING_P, ids, 8)));
	EXPECT_EQ(77, ids[0]);
	EXPECT_EQ(-EINVAL, ON(self->p, kc_read(RING_P, ids, 13)));
	/* what is left over is seen of no more than a page */
	EXPECT_EQ(-EINVAL, ON(self->p, kc_read(RING_P, ids, 4095)));
	EXPECT_EQ(77, ids[0]);
	EXPECT_EQ(12, ON(self->p, kc_read(RING_P, ids, 4097)));
	EXPECT_NE(77, ids[0]);
	ids[0] = 77;
	EXPECT_EQ(12, ON(self->p, kc_read(RING_P, ids, 0x7fffffff)));
	EXPECT_NE(77, ids[0]);
	ids[0] = 77;
	EXPECT_EQ(-EINVAL, ON(self->p, kc_read(RING_P, ids, 1)));
	EXPECT_EQ(12, ON(self->p, kc_read(RING_P, ids, 16)));
	EXPECT_EQ(77, ids[3]);
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_P, self->key)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_P, self->logon)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_P, self->ring)));
	EXPECT_EQ(0, ON(self->p, ring_holds(RING_P, self->inner)));
	EXPECT_EQ(4, ON(self->p, kc_read(self->ring, ids, 4)));
	EXPECT_EQ(self->inner, ids[0]);
	EXPECT_EQ(0, ON(self->p, kc_clear(self->ring)));
	EXPECT_EQ(0, ON(self->p, kc_read(self->ring, ids, 16)));
}

/* EOPNOTSUPP: a logon key is for the kernel's eyes, not even for the owner's */
TEST_F(holder, read_logon)
{
	char *buf = shared(16);

	memset(buf, '#', 16);
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_read(self->logon, buf, 16)));
	EXPECT_EQ('#', buf[0]);
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->logon, 0x3f3f3f3f)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_read(self->logon, NULL, 0)));
}

/* READ says ENOKEY where other operations say EINVAL */
TEST_F(holder, read_ids_that_name_nothing)
{
	static const int ids[] = {
		0, RING_T, RING_G, AUTH_KEY, RING_REQUESTOR, -9,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-ENOKEY, ON(self->p, kc_read(ids[i], NULL, 0)));
	}
}

/* Either READ or possession is enough */
TEST_F(holder, read_by_possession_or_permission)
{
	struct actor *other = actor_user(self->uid);

	/* possessed, though no class may read */
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_SEARCH | MAY_SETATTR))));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
	/* not possessed without SEARCH */
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_SETATTR) |
						       PERM_USR(MAY_SETATTR))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_read(self->key, NULL, 0)));
	/* not possessed by the other process, which may not read either */
	EXPECT_EQ(-EACCES, ON(other, kc_read(self->key, NULL, 0)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_USR(MAY_READ))));
	EXPECT_STREQ("value", ON(other, payload(self->key)));
}

/* ---- UPDATE ---- */

TEST_F(holder, update)
{
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "longer value", 12)));
	EXPECT_STREQ("longer value", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "s", 1)));
	EXPECT_STREQ("s", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->logon, "s", 1)));
	/* a keyring has no payload to update */
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_update(self->ring, "s", 1)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_update(self->ring, NULL, 0)));
}

TEST_F(holder, update_refuses_bad_payloads)
{
	char *big = text_of_length(MAX_UPDATE + 1);

	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(self->key, "", 0)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(self->key, NULL, 0)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_update(self->key, NULL, 1)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_update(self->key, NOWHERE, 1)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(self->key, big,
						 MAX_UPDATE + 1)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(0, NULL, MAX_UPDATE + 1)));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, big, MAX_UPDATE)));
	EXPECT_EQ(MAX_UPDATE, ON(self->p, kc_read(self->key, NULL, 0)));
}

TEST_F(holder, update_needs_write)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_update(self->key, "x", 1)));
	/* which comes before what the type can do */
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->ring,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_update(self->ring, "x", 1)));
}

TEST_F(holder, update_clears_timeout)
{
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 2)));
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->logon, 2)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "x", 1)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->logon, "x", 1)));
	nap_ms(2100);
	EXPECT_STREQ("x", ON(self->p, payload(self->key)));
	EXPECT_LT(0, ON(self->p, kc_describe(self->logon, NULL, 0)));
}

/* EDQUOT: the new payload is not within the owner's quota; the old one stays */
TEST_F(holder, update_beyond_quota)
{
	char *big = text_of_length(MAX_UPDATE);
	char *desc = shared(8);
	int i;

	for (i = 0; i < 100; i++) {
		sprintf(desc, "big%d", i);
		if (ON(self->p, kc_add("user", desc, big, MAX_UPDATE,
				       RING_P)) == -EDQUOT)
			break;
	}
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_update(self->key, big, MAX_UPDATE)));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add("user", "k", big, MAX_UPDATE,
					      RING_P)));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
}

/* ---- DESCRIBE ---- */

TEST_F(holder, describe_returns_length_whatever_is_copied)
{
	char *want = shared_text("user;%u;%u;3f010000;k", self->uid, self->uid);
	long len = strlen(want) + 1;
	char *buf = shared(100);

	EXPECT_EQ(len, ON(self->p, kc_describe(self->key, NULL, 0)));
	EXPECT_EQ(len, ON(self->p, kc_describe(self->key, NULL, 100)));
	EXPECT_EQ(len, ON(self->p, kc_describe(self->key, buf, 0)));

	/* too small by one: nothing is copied */
	memset(buf, '#', 100);
	EXPECT_EQ(len, ON(self->p, kc_describe(self->key, buf, len - 1)));
	EXPECT_EQ('#', buf[0]);

	EXPECT_EQ(len, ON(self->p, kc_describe(self->key, buf, len)));
	EXPECT_STREQ(want, buf);
	EXPECT_EQ('#', buf[len]);
	EXPECT_EQ(-EFAULT, ON(self->p, kc_describe(self->key, NOWHERE, 100)));
}

#ifdef __x86_64__
/* The length is 32 bits wide */
TEST_F(holder, upper_half_of_a_describe_length_is_ignored)
{
	char *buf = shared(100);

	memset(buf, '#', 100);
	EXPECT_LT(0, ON(self->p, kc_describe(self->key, buf, 1UL << 32)));
	EXPECT_EQ('#', buf[0]);
	/* that of READ is not */
	EXPECT_EQ(5, ON(self->p, kc_read(self->key, buf, 1UL << 32)));
	EXPECT_EQ('v', buf[0]);
}
#endif

/* ---- REVOKE ---- */

TEST_F(holder, revoke)
{
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_revoke(self->key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_read(self->key, NULL, 0)));
	/* it stays linked, so that those who look for it learn what happened */
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_P, self->key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_search(RING_P, "user", "k", 0)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->key, RING_P)));
	EXPECT_TRUE(key_goes(self->key));
}

/* Either WRITE or SETATTR is enough */
TEST_F(holder, revoke_needs_write_or_setattr)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->logon,
					    PERM_POS(MAY_ALL & ~MAY_SETATTR))));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->logon)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->ring,
					    PERM_POS(MAY_ALL & ~MAY_SETATTR &
						     ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_revoke(self->ring)));
}

TEST_F(holder, revoke_ring_lets_go_of_its_keys)
{
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->ring)));
	EXPECT_TRUE(key_goes(self->inner));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_read(self->ring, NULL, 0)));
}

/* ---- INVALIDATE ---- */

/*
 * READ looks at possession before it looks at the state of the key. An
 * invalidated key that has left its rings, but not yet the machine, is not
 * possessed any more.
 */
static bool read_of_invalidated(long ret)
{
	return ret == -ENOKEY || ret == -EACCES;
}

TEST_F(holder, invalidate)
{
	EXPECT_EQ(0, ON(self->p, kc_invalidate(self->key)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_invalidate(self->key)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_describe(self->key, NULL, 0)));
	EXPECT_TRUE(read_of_invalidated(ON(self->p, kc_read(self->key, NULL,
							    0))));
	/* the ring drops it by itself */
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(RING_P)) == 2));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_P, "user", "k", 0)));
}

TEST_F(holder, invalidate_needs_search)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_SEARCH) |
					    PERM_USR(MAY_ALL & ~MAY_SEARCH))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_invalidate(self->key)));
}

TEST_F(holder, invalidate_ring_lets_go_of_its_keys)
{
	EXPECT_EQ(0, ON(self->p, kc_invalidate(self->ring)));
	EXPECT_TRUE(key_goes(self->inner));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(RING_P)) == 2));
}

/* ---- SET_TIMEOUT ---- */

TEST_F(holder, timeout_expires)
{
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_describe(self->key, NULL, 0)) ==
			       -EKEYEXPIRED));
	EXPECT_EQ(-EKEYEXPIRED, ON(self->p, kc_read(self->key, NULL, 0)));
	EXPECT_EQ(-EKEYEXPIRED, ON(self->p, kc_search(RING_P, "user", "k", 0)));
	/* request_key() looks past it */
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", "k", NULL, 0)));
	/* too late to put it off */
	EXPECT_EQ(-EKEYEXPIRED, ON(self->p, kc_timeout(self->key, 0)));
}

TEST_F(holder, timeout_of_zero_is_none)
{
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 2)));
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 0)));
	nap_ms(2100);
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
}

TEST_F(holder, timeout_longest)
{
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, UINT32_MAX)));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, INT32_MAX)));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
}

TEST_F(holder, timeout_needs_setattr)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_SETATTR))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_timeout(self->key, 1)));
}

/* What is in an expired ring can still be reached by serial, not be found */
TEST_F(holder, expired_ring)
{
	ASSERT_TRUE(expire(self->p, self->ring));
	EXPECT_EQ(-EKEYEXPIRED, ON(self->p, ring_size(self->ring)));
	EXPECT_STREQ("v", ON(self->p, payload(self->inner)));
	EXPECT_EQ(-EKEYEXPIRED, ON(self->p, kc_search(self->ring, "user",
						      "in r", 0)));
}

/* ---- SETPERM ---- */

TEST_F(holder, setperm)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, 0x3f3f3f3f)));
	EXPECT_EQ(0x3f3f3f3f, ON(self->p, perm_of(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, 0x29010000)));
	EXPECT_EQ(0x29010000, ON(self->p, perm_of(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, 0x09000000)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_setperm(self->key, 0x3f3f3f3f)));
	EXPECT_EQ(0x09000000, ON(self->p, perm_of(self->key)));
}

/* EINVAL: bits that no class has, said before the key is looked for */
TEST_F(holder, setperm_unknown_bits)
{
	static const uint32_t bits[] = {
		0x40, 0x80, 0x4000, 0x800000, 0x40000000, 0x80000000,
		UINT32_MAX,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		EXPECT_EQ(-EINVAL, ON(self->p, kc_setperm(self->key, bits[i])));
		EXPECT_EQ(-EINVAL, ON(self->p, kc_setperm(AUTH_KEY, bits[i])));
	}
}

/* EACCES: only the owner may, or who has CAP_SYS_ADMIN; both need SETATTR */
TEST_F(holder, setperm_by_others)
{
	struct actor *q = actor_user(fresh_uid());

	EXPECT_EQ(-EACCES, kc_setperm(self->key, 0x3f3f3f3f));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_OTH(MAY_VIEW | MAY_SETATTR) |
					    PERM_USR(MAY_VIEW))));
	EXPECT_EQ(-EACCES, ON(q, kc_setperm(self->key, 0x3f3f3f3f)));
	EXPECT_EQ(0, kc_setperm(self->key, PERM_OTH(MAY_VIEW)));
	EXPECT_EQ(PERM_OTH(MAY_VIEW), ON(q, perm_of(self->key)));
}

/* ---- CHOWN ---- */

TEST_F(holder, chown_of_nothing_is_always_done)
{
	EXPECT_EQ(0, ON(self->p, kc_chown(self->key, -1, -1)));
	EXPECT_EQ(0, ON(self->p, kc_chown(0, -1, -1)));
	EXPECT_EQ(0, ON(self->p, kc_chown(AUTH_KEY, -1, -1)));
	EXPECT_EQ(0, ON(self->p, kc_chown(-1000, -1, -1)));
}

/* EACCES, not EPERM */
TEST_F(holder, chown_by_the_owner)
{
	gid_t group = fresh_uid(), *groups = shared(sizeof(*groups));
	struct actor *q;
	long key;

	EXPECT_EQ(0, ON(self->p, kc_chown(self->key, self->uid, -1)));
	EXPECT_EQ(0, ON(self->p, kc_chown(self->key, -1, self->uid)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_chown(self->key, 0, -1)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_chown(self->key, fresh_uid(), -1)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_chown(self->key, -1, group)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_chown(self->key, self->uid, group)));

	/* a group one belongs to may have it */
	q = actor_fork(NULL);
	groups[0] = group;
	EXPECT_EQ(0, ON(q, key_syscall(NR_SETGROUPS, 1, (long)groups, 0, 0,
				       0)));
	EXPECT_EQ(0, actor_do(q, set_gids, self->uid, self->uid, self->uid));
	EXPECT_EQ(0, actor_do(q, set_uids, self->uid, self->uid, self->uid));
	key = ON(q, kc_add_user("k", "v", RING_P));
	EXPECT_EQ(0, ON(q, kc_chown(key, -1, group)));
	EXPECT_EQ(group, ON(q, gid_of(key)));
}

TEST_F(holder, chown_needs_setattr)
{
	struct actor *root = actor_fork(NULL);
	long key = ON(root, kc_add_user("k", "v", RING_P));

	/* being root does not help */
	EXPECT_EQ(0, ON(root, kc_setperm(key, PERM_POS(MAY_ALL &
						       ~MAY_SETATTR))));
	EXPECT_EQ(-EACCES, ON(root, kc_chown(key, self->uid, -1)));
	EXPECT_EQ(-EACCES, kc_chown(self->key, 0, 0));
}

TEST_F(holder, chown_by_root)
{
	struct actor *root = actor_fork(NULL);
	uid_t uid = fresh_uid();
	long key = ON(root, kc_add_user("k", "v", RING_P));

	ASSERT_LT(0, key);
	EXPECT_EQ(0, ON(root, kc_chown(key, uid, uid + 1)));
	EXPECT_STREQ(shared_text("user;%u;%u;3f010000;k", uid, uid + 1),
		     ON(root, description(key)));
	EXPECT_EQ(0, ON(root, kc_chown(key, -1, 0)));
	EXPECT_EQ(uid, ON(root, uid_of(key)));
	EXPECT_EQ(0, ON(root, gid_of(key)));
	/* the new owner pays */
	EXPECT_EQ(1, keys_charged(uid));
	EXPECT_EQ(3, bytes_charged(uid));
	EXPECT_EQ(0, ON(root, kc_chown(key, 0, -1)));
	EXPECT_FALSE(uid_is_known(uid));
}

/* EDQUOT: the new owner's quota is full */
TEST_F(holder, chown_beyond_quota)
{
	struct actor *root = actor_fork(NULL);
	char *big = text_of_length(19000);
	long big_key = ON(self->p, kc_add("user", "big", big, 19000, RING_P));
	long key = ON(root, kc_add("user", "k", big, 1000, RING_P));

	ASSERT_LT(0, big_key);
	ASSERT_LT(0, key);
	EXPECT_EQ(-EDQUOT, ON(root, kc_chown(key, self->uid, -1)));
	EXPECT_EQ(0, ON(root, uid_of(key)));
}

/* ---- CLEAR, GET_SECURITY, SET_REQKEY_KEYRING, CAPABILITIES ---- */

TEST_F(holder, clear)
{
	EXPECT_EQ(0, ON(self->p, kc_clear(self->ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(self->ring)));
	EXPECT_TRUE(key_goes(self->inner));
	EXPECT_EQ(0, ON(self->p, kc_clear(self->ring)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_clear(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->ring,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_clear(self->ring)));
	/* root may clear certain rings; this is none of them */
	EXPECT_EQ(-EACCES, ON(self->p, kc_clear(self->ring)));
	/* clearing an anchor that is not there makes it */
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_EQ(0, ON(self->p, kc_clear(RING_T)));
	EXPECT_LT(0, ON(self->p, kc_id(RING_T, 0)));
}

TEST_F(holder, security_label)
{
	char *buf = shared(300);
	long len;

	memset(buf, '#', 300);
	len = ON(self->p, kc_security(self->key, buf, 300));
	ASSERT_LE(1, len);
	ASSERT_GE(300, len);
	EXPECT_EQ(0, buf[len - 1]);
	EXPECT_EQ(len, strlen(buf) + 1);
	EXPECT_EQ('#', buf[len]);
	/* no key of the module's has one */
	if (!access("/sys/module/keyrings", F_OK)) {
		EXPECT_EQ(1, len);
	}
	EXPECT_EQ(len, ON(self->p, kc_security(self->key, NULL, 0)));
	EXPECT_EQ(len, ON(self->p, kc_security(self->key, NULL, 300)));
	EXPECT_EQ(len, ON(self->p, kc_security(self->key, buf, 0)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_security(self->key, NOWHERE, 300)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_VIEW))));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_security(self->key, NULL, 0)));
}

TEST_F(holder, default_request_ring)
{
	int value;

	EXPECT_EQ(REQKEY_DEFAULT, ON(self->p, kc_reqkey(REQKEY_ASK)));
	/* each returns what was in force before */
	for (value = REQKEY_DEFAULT; value <= REQKEY_REQUESTOR; value++) {
		int before = value ? value - 1 : REQKEY_DEFAULT;

		if (value == REQKEY_G)
			continue;
		if (before == REQKEY_G)
			before = REQKEY_US;
		EXPECT_EQ(before, ON(self->p, kc_reqkey(value)));
		EXPECT_EQ(value, ON(self->p, kc_reqkey(REQKEY_ASK)));
	}
	EXPECT_EQ(-EINVAL, ON(self->p, kc_reqkey(REQKEY_G)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_reqkey(-2)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_reqkey(8)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_reqkey(INT32_MIN)));
	EXPECT_EQ(REQKEY_REQUESTOR, ON(self->p, kc_reqkey(REQKEY_DEFAULT)));
}

/* Choosing the thread or process keyring makes it, and keeps the one there is */
TEST_F(holder, default_request_ring_is_made)
{
	struct actor *q = actor_user(self->uid);
	long t, p;

	EXPECT_EQ(0, ON(q, kc_reqkey(REQKEY_T)));
	t = ON(q, kc_id(RING_T, 0));
	EXPECT_LT(0, t);
	EXPECT_EQ(-ENOKEY, ON(q, kc_id(RING_P, 0)));
	EXPECT_EQ(REQKEY_T, ON(q, kc_reqkey(REQKEY_P)));
	p = ON(q, kc_id(RING_P, 0));
	EXPECT_LT(0, p);
	EXPECT_EQ(REQKEY_P, ON(q, kc_reqkey(REQKEY_T)));
	EXPECT_EQ(REQKEY_T, ON(q, kc_reqkey(REQKEY_P)));
	EXPECT_EQ(t, ON(q, kc_id(RING_T, 0)));
	EXPECT_EQ(p, ON(q, kc_id(RING_P, 0)));
}

TEST_F(holder, capabilities)
{
	unsigned char *buf = shared(16);
	int i;

	memset(buf, '#', 16);
	EXPECT_EQ(2, ON(self->p, kc_capabilities(buf, 16)));
	EXPECT_EQ(CAPS0_CAPABILITIES | CAPS0_INVALIDATE | CAPS0_MOVE,
		  buf[0] & (CAPS0_CAPABILITIES | CAPS0_INVALIDATE | CAPS0_MOVE));
	EXPECT_EQ(CAPS1_NS_NAME, buf[1] & CAPS1_NS_NAME);
	/* the rest of the buffer is zero */
	for (i = 2; i < 16; i++) {
		EXPECT_EQ(0, buf[i]);
	}

	memset(buf, '#', 16);
	EXPECT_EQ(2, ON(self->p, kc_capabilities(buf, 1)));
	EXPECT_NE('#', buf[0]);
	EXPECT_EQ('#', buf[1]);
	EXPECT_EQ(2, ON(self->p, kc_capabilities(NULL, 0)));
	EXPECT_EQ(2, ON(self->p, kc_capabilities(NOWHERE, 0)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_capabilities(NULL, 1)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_capabilities(NOWHERE, 2)));
}

/* EOPNOTSUPP, not EINVAL: operations nobody knows */
TEST_F(holder, unknown_operations)
{
	static const int ops[] = { 33, 34, 1000, INT32_MAX, -1, INT32_MIN };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		EXPECT_EQ(-EOPNOTSUPP, ON(self->p, keyctl(ops[i], self->key, 0,
							  0, 0)));
	}
}

/* KEYCTL_CAPABILITIES says so where there are no public keys, and then there are no operations */
TEST_F(holder, pkey_operations_as_announced)
{
	unsigned char *caps = shared(2);
	bool announced;
	int op;

	EXPECT_EQ(2, ON(self->p, kc_capabilities(caps, 2)));
	announced = caps[0] & CAPS0_PKEY;
	for (op = OP_PKEY_QUERY; op <= OP_PKEY_VERIFY; op++)
		EXPECT_EQ(announced ? -EFAULT : -EOPNOTSUPP,
			  ON(self->p, keyctl(op, op == OP_PKEY_QUERY ? self->key : 0, 0, 0, 0)))
			TH_LOG("%d", op);
}

/* A key whose type knows nothing of public keys, after all that can be wrong besides */
TEST_F(holder, pkey_operations_want_an_asymmetric_key)
{
	static const char *const bad[] = { "enc", "enc=", "enc=a enc=b", "hash=", "what=x", "enc=a\tx" };
	static const int ops[] = { OP_PKEY_ENCRYPT, OP_PKEY_DECRYPT, OP_PKEY_SIGN, OP_PKEY_VERIFY };
	struct { int key; unsigned int in, out, spare[7]; } *params = shared(sizeof(*params));
	unsigned char *caps = shared(2);
	size_t i;

	EXPECT_EQ(2, ON(self->p, kc_capabilities(caps, 2)));
	if (!(caps[0] & CAPS0_PKEY))
		SKIP(return, "the kernel has no public keys");
	EXPECT_EQ(-EINVAL, ON(self->p, keyctl(OP_PKEY_QUERY, self->key, 1, (long)"", 0)));
	EXPECT_EQ(-EFAULT, ON(self->p, keyctl(OP_PKEY_QUERY, self->key, 0, 0, 0)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, keyctl(OP_PKEY_QUERY, self->key, 0,
						  (long)"enc=pkcs1  hash=sha1", 0)));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, ON(self->p, keyctl(OP_PKEY_QUERY, self->key, 0,
						      (long)bad[i], 0)))
			TH_LOG("%s", bad[i]);
	}
	params->key = self->key;
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		EXPECT_EQ(-EFAULT, ON(self->p, keyctl(ops[i], 0, (long)"", 0, 0)));
		EXPECT_EQ(-EFAULT, ON(self->p, keyctl(ops[i], (long)params, 0, 0, 0)));
		EXPECT_EQ(-EOPNOTSUPP, ON(self->p, keyctl(ops[i], (long)params, (long)"", 0, 0)));
	}
}

#ifdef __x86_64__
/* A 64-bit program may enter by the 32-bit door */
TEST_F(holder, int80_from_a_64_bit_program)
{
	static char buf[64];
	long key;

	key = raw_int80(286, (long)"user", (long)"by int80", (long)"v80", 3,
			RING_P);
	ASSERT_LT(0, key);
	EXPECT_EQ(key, raw_int80(287, (long)"user", (long)"by int80", 0, 0, 0));
	EXPECT_EQ(key, kc_request("user", "by int80", NULL, 0));
	EXPECT_EQ(3, raw_int80(288, OP_READ, key, (long)buf, sizeof(buf), 0));
	EXPECT_STREQ("v80", buf);
	EXPECT_EQ(-ENOKEY, raw_int80(288, OP_GET_KEYRING_ID, RING_T, 0, 0, 0));
	EXPECT_EQ(-EOPNOTSUPP, raw_int80(288, 1000, 0, 0, 0, 0));
	EXPECT_EQ(0, raw_int80(288, OP_UNLINK, key, RING_P, 0, 0));
	EXPECT_EQ(-ENOKEY, kc_request("user", "by int80", NULL, 0));
}
#endif

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

/*
 * A dead keyring, still linked:
 *
 *	p ---@p---> "_pid" ---> keyring "dead", revoked, expired or invalidated
 *	                   ---> keyring "live" ---> user "k"
 *
 * Every operation says what became of it, the same error for all.
 */
FIXTURE(dead)
{
	struct actor *p;
	uid_t uid;
	long dead, live, key;
};

FIXTURE_VARIANT(dead)
{
	long error;
};

FIXTURE_VARIANT_ADD(dead, revoked) { .error = -EKEYREVOKED };
FIXTURE_VARIANT_ADD(dead, expired) { .error = -EKEYEXPIRED };
FIXTURE_VARIANT_ADD(dead, invalidated) { .error = -ENOKEY };

FIXTURE_SETUP(dead)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->dead = ON(self->p, kc_add_ring("dead", RING_P));
	self->live = ON(self->p, kc_add_ring("live", RING_P));
	self->key = ON(self->p, kc_add_user("k", "v", self->live));
	ASSERT_LT(0, self->dead);
	ASSERT_LT(0, self->key);
	if (variant->error == -EKEYREVOKED) {
		ASSERT_EQ(0, ON(self->p, kc_revoke(self->dead)));
	} else if (variant->error == -ENOKEY) {
		ASSERT_EQ(0, ON(self->p, kc_invalidate(self->dead)));
	} else {
		ASSERT_TRUE(expire(self->p, self->dead));
	}
}

FIXTURE_TEARDOWN(dead)
{
	stage_close();
}

TEST_F(dead, every_operation_says_so)
{
	long dead = self->dead, live = self->live, key = self->key;
	const struct {
		const char *what;
		long ret;
	} rows[] = {
		{ "get id", ON(self->p, kc_id(dead, 0)) },
		{ "update", ON(self->p, kc_update(dead, "x", 1)) },
		{ "revoke", ON(self->p, kc_revoke(dead)) },
		{ "chown", ON(self->p, kc_chown(dead, self->uid, -1)) },
		{ "setperm", ON(self->p, kc_setperm(dead, 0x3f3f3f3f)) },
		{ "describe", ON(self->p, kc_describe(dead, NULL, 0)) },
		{ "clear", ON(self->p, kc_clear(dead)) },
		{ "link it", ON(self->p, kc_link(dead, live)) },
		{ "link to it", ON(self->p, kc_link(key, dead)) },
		{ "unlink from it", ON(self->p, kc_unlink(key, dead)) },
		{ "search", ON(self->p, kc_search(dead, "user", "k", 0)) },
		{ "search into", ON(self->p, kc_search(live, "user", "k",
						       dead)) },
		{ "read", ON(self->p, kc_read(dead, NULL, 0)) },
		{ "timeout", ON(self->p, kc_timeout(dead, 10)) },
		{ "security", ON(self->p, kc_security(dead, NULL, 0)) },
		{ "invalidate", ON(self->p, kc_invalidate(dead)) },
		{ "move it", ON(self->p, kc_move(dead, RING_P, live, 0)) },
		{ "move from it", ON(self->p, kc_move(key, dead, live, 0)) },
		{ "move to it", ON(self->p, kc_move(key, live, dead, 0)) },
		{ "add", ON(self->p, kc_add_user("k", "v", dead)) },
		{ "request", ON(self->p, kc_request("user", "k", NULL, dead)) },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (variant->error == -ENOKEY && !strcmp(rows[i].what, "read") &&
		    read_of_invalidated(rows[i].ret))
			continue;
		EXPECT_EQ(variant->error, rows[i].ret)
			TH_LOG("%s", rows[i].what);
	}
	EXPECT_EQ(1, ON(self->p, ring_holds(live, key)));
}

/* It can always be unlinked */
TEST_F(dead, unlink_works)
{
	long ret = ON(self->p, kc_unlink(self->dead, RING_P));

	/* an invalidated key may have gone by itself, from the ring or for good */
	if (variant->error != -ENOKEY || (ret != -ENOKEY && ret != -ENOENT)) {
		EXPECT_EQ(0, ret);
	}
	EXPECT_TRUE(key_goes(self->dead));
	EXPECT_EQ(1, ON(self->p, ring_size(RING_P)));
}

/*
 * IDs that name nothing, given to every operation in every place:
 */
FIXTURE(nothing)
{
	struct actor *p;
	uid_t uid;
	long key, ring;
};

FIXTURE_VARIANT(nothing)
{
	int id;			/* -1: a serial whose key is gone */
	long error;
};

FIXTURE_VARIANT_ADD(nothing, zero) { .id = 0, .error = -EINVAL };
FIXTURE_VARIANT_ADD(nothing, group) { .id = RING_G, .error = -EINVAL };
FIXTURE_VARIANT_ADD(nothing, authority) { .id = AUTH_KEY, .error = -ENOKEY };
FIXTURE_VARIANT_ADD(nothing, requestor) {
	.id = RING_REQUESTOR, .error = -ENOKEY,
};
FIXTURE_VARIANT_ADD(nothing, beyond) { .id = -9, .error = -EINVAL };
FIXTURE_VARIANT_ADD(nothing, gone) { .id = -1, .error = -ENOKEY };

FIXTURE_SETUP(nothing)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->ring = ON(self->p, kc_add_ring("r", RING_P));
	self->key = ON(self->p, kc_add_user("k", "v", self->ring));
	ASSERT_LT(0, self->ring);
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(nothing)
{
	stage_close();
}

TEST_F(nothing, every_operation_says_so)
{
	long id = variant->id, ring = self->ring, key = self->key;

	if (id == -1) {
		id = ON(self->p, kc_add_user("gone", "v", RING_P));
		ASSERT_EQ(0, ON(self->p, kc_unlink(id, RING_P)));
		ASSERT_TRUE(key_goes(id));
	}

	const struct {
		const char *what;
		long ret;
	} rows[] = {
		{ "get id", ON(self->p, kc_id(id, 0)) },
		{ "update", ON(self->p, kc_update(id, "x", 1)) },
		{ "revoke", ON(self->p, kc_revoke(id)) },
		{ "chown", ON(self->p, kc_chown(id, self->uid, -1)) },
		{ "setperm", ON(self->p, kc_setperm(id, 0)) },
		{ "describe", ON(self->p, kc_describe(id, NULL, 0)) },
		{ "clear", ON(self->p, kc_clear(id)) },
		{ "link it", ON(self->p, kc_link(id, ring)) },
		{ "link to it", ON(self->p, kc_link(key, id)) },
		{ "unlink it", ON(self->p, kc_unlink(id, ring)) },
		{ "unlink from it", ON(self->p, kc_unlink(key, id)) },
		{ "search", ON(self->p, kc_search(id, "user", "k", 0)) },
		{ "timeout", ON(self->p, kc_timeout(id, 10)) },
		{ "security", ON(self->p, kc_security(id, NULL, 0)) },
		{ "invalidate", ON(self->p, kc_invalidate(id)) },
		{ "move it", ON(self->p, kc_move(id, RING_P, ring, 0)) },
		{ "move from it", ON(self->p, kc_move(key, id, ring, 0)) },
		{ "move to it", ON(self->p, kc_move(key, ring, id, 0)) },
		{ "add", ON(self->p, kc_add_user("k", "v", id)) },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(variant->error, rows[i].ret)
			TH_LOG("%s", rows[i].what);
	}
	if (id) {
		/* 0 means no destination, not a bad one */
		EXPECT_EQ(variant->error,
			  ON(self->p, kc_search(ring, "user", "k", id)));
		EXPECT_EQ(variant->error,
			  ON(self->p, kc_request("user", "k", NULL, id)));
	}
	EXPECT_EQ(1, ON(self->p, ring_holds(ring, key)));
}

SELFTEST_MAIN
