// SPDX-License-Identifier: GPL-2.0-only
/*
 * The type `encrypted`: random keys that leave the kernel only encrypted with a
 * master key, which is a `user` key of the process.
 *
 * Specified by Documentation/security/keys/trusted-encrypted.rst.
 */
#include <kselftest_harness.h>

#include "inkernel.h"

/* What the kernel prints: format, master key, length; IV, a zero, data and MAC in hex */
enum { BLOB_32 = 2 * (16 + 1 + 32 + 32) };	/* hex digits for a key of 32 bytes */

/*
 *	p (fresh uid) @s---> "_ses" ---> "user:master" (64 bytes)
 */
FIXTURE(encrypted)
{
	struct actor *p;
	uid_t uid;
	long master;
	char *secret;
};

FIXTURE_SETUP(encrypted)
{
	int i;

	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->secret = shared(64);
	for (i = 0; i < 64; i++)
		self->secret[i] = i * 7 + 1;
	self->master = ON(self->p, kc_add("user", "master", self->secret, 64, RING_S));
	ASSERT_LT(0, self->master);
}

FIXTURE_TEARDOWN(encrypted)
{
	stage_close();
}

#define add_blob(desc, text, ring) \
	kc_add("encrypted", desc, text, strlen(text), ring)

/* The hexadecimal part alone */
static const char *hex_part(const char *text)
{
	const char *last = strrchr(text, ' ');

	return last ? last + 1 : text;
}

TEST_F(encrypted, new_key)
{
	long key = ON(self->p, add_blob("k", "new user:master 32", RING_S));
	struct key_row row;
	char *text;

	ASSERT_LT(0, key);
	text = ON(self->p, blob(key));
	EXPECT_EQ(0, strncmp("default user:master 32 ", text, 23)) TH_LOG("%s", text);
	EXPECT_EQ(BLOB_32, strlen(hex_part(text)));
	EXPECT_EQ(BLOB_32, strspn(hex_part(text), "0123456789abcdef"));
	ASSERT_TRUE(key_row(self->p, key, &row));
	EXPECT_EQ(0, strncmp("k: ", row.desc, 3)) TH_LOG("%s", row.desc);
	EXPECT_EQ(key, ON(self->p, kc_request("encrypted", "k", NULL, 0)));
}

/* Two keys are not the same, and neither are two looks at one */
TEST_F(encrypted, new_keys_differ)
{
	long a = ON(self->p, add_blob("a", "new user:master 32", RING_S));
	long b = ON(self->p, add_blob("b", "new user:master 32", RING_S));

	EXPECT_STRNE(ON(self->p, blob(a)), ON(self->p, blob(b)));
	EXPECT_STREQ(ON(self->p, blob(a)), ON(self->p, blob(a)));
}

/* What was saved can be loaded again: the same key */
TEST_F(encrypted, load)
{
	long key = ON(self->p, add_blob("k", "new user:master 32", RING_S)), again;
	char *text = ON(self->p, blob(key));

	EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_S)));
	again = ON(self->p, add_blob("k", shared_text("load %s", text), RING_S));
	ASSERT_LT(0, again);
	EXPECT_NE(key, again);
	EXPECT_STREQ(text, ON(self->p, blob(again)));
	/* under another name, in another process that has the master key */
	again = ON(self->p, add_blob("other", shared_text("load %s", text), RING_P));
	EXPECT_STREQ(text, ON(self->p, blob(again)));
}

/* ENOKEY EINVAL EBADMSG: no master key, another one, a blob that was changed */
TEST_F(encrypted, load_refused)
{
	char *text = ON(self->p, blob(ON(self->p, add_blob("k", "new user:master 32",
							   RING_S))));
	char *load = shared_text("load %s", text), *changed = shared_text("%s", load);

	EXPECT_EQ(0, ON(self->p, kc_clear(RING_S)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_blob("k", load, RING_S)));
	ASSERT_LT(0, ON(self->p, kc_add("user", "master", "another secret", 14, RING_S)));
	EXPECT_EQ(-EINVAL, ON(self->p, add_blob("k", load, RING_S)));
	ASSERT_LT(0, ON(self->p, kc_add("user", "master", self->secret, 64, RING_S)));
	changed[strlen(changed) - 1] ^= 1;
	EXPECT_EQ(-EINVAL, ON(self->p, add_blob("k", changed, RING_S)));
	EXPECT_LT(0, ON(self->p, add_blob("k", load, RING_S)));
}

/* EINVAL: what cannot be made */
TEST_F(encrypted, new_refused)
{
	static const char *const bad[] = {
		"new", "new user:master", "new user:master 19", "new user:master 4097",
		"new user:master x", "new master 32", "new user: 32", "make user:master 32",
		"load user:master 32", "load user:master 32 00", "update user:master", " ",
		"new nosuch user:master 32", "new ecryptfs user:master 32",
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		EXPECT_EQ(-EINVAL, ON(self->p, add_blob("k", bad[i], RING_S)))
			TH_LOG("row %u", i);
	}
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("encrypted", "k", NULL, 0, RING_S)));
	EXPECT_EQ(1, ON(self->p, ring_size(RING_S)));
}

/* The master key is looked for each time: without it nothing can be read */
TEST_F(encrypted, read_needs_the_master_key)
{
	long key = ON(self->p, add_blob("k", "new user:master 32", RING_S));
	char *text = ON(self->p, blob(key));

	EXPECT_EQ(0, ON(self->p, kc_unlink(self->master, RING_S)));
	EXPECT_STREQ("error -126", ON(self->p, blob(key)));
	ASSERT_LT(0, ON(self->p, kc_add("user", "master", self->secret, 64, RING_S)));
	EXPECT_STREQ(text, ON(self->p, blob(key)));
	/* it is the payload that counts */
	EXPECT_LT(0, ON(self->p, kc_add("user", "master", "another", 7, RING_S)));
	EXPECT_STRNE(text, ON(self->p, blob(key)));
	EXPECT_EQ(0, strncmp("default user:master 32 ", ON(self->p, blob(key)), 23));
}

/* ENOKEY EKEYREVOKED: made without one, or by another process, it can only be used */
TEST_F(encrypted, no_master_key)
{
	long key = ON(self->p, add_blob("k", "new user:nobodys 32", RING_S));
	struct actor *q = actor_user(fresh_uid());

	ASSERT_LT(0, key);
	EXPECT_STREQ("error -126", ON(self->p, blob(key)));
	key = ON(q, add_blob("k", "new user:master 32", RING_P));
	ASSERT_LT(0, key);
	EXPECT_STREQ("error -126", ON(q, blob(key)));
	key = ON(self->p, add_blob("mine", "new user:master 32", RING_S));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->master)));
	EXPECT_STREQ("error -128", ON(self->p, blob(key)));
}

/* Another master key: the key is the same, its text is not */
TEST_F(encrypted, update)
{
	long key = ON(self->p, add_blob("k", "new user:master 32", RING_S));
	char *text = ON(self->p, blob(key)), *moved;

	ASSERT_LT(0, ON(self->p, kc_add("user", "second", self->secret, 48, RING_S)));
	EXPECT_EQ(0, ON(self->p, kc_update(key, "update user:second", 18)));
	moved = ON(self->p, blob(key));
	EXPECT_EQ(0, strncmp("default user:second 32 ", moved, 23)) TH_LOG("%s", moved);
	EXPECT_EQ(0, ON(self->p, kc_update(key, "update user:master", 18)));
	EXPECT_STREQ(text, ON(self->p, blob(key)));
}

/* EINVAL: anything else than the name of a master key; nothing changes */
TEST_F(encrypted, update_refused)
{
	static const char *const bad[] = {
		"update", "update master", "update trusted:master", "new user:master 32",
		"load user:master 32 00", "x",
	};
	long key = ON(self->p, add_blob("k", "new user:master 32", RING_S));
	char *text = ON(self->p, blob(key));
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		EXPECT_EQ(-EINVAL, ON(self->p, kc_update(key, bad[i], strlen(bad[i]))))
			TH_LOG("row %u", i);
	}
	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(key, "", 0)));
	EXPECT_STREQ(text, ON(self->p, blob(key)));
}

/*
 * A longer name of the master key makes the key longer. Whether there is quota for it
 * is known when it is done: it is charged, and what comes next finds none.
 */
TEST_F(encrypted, ours_update_over_quota)
{
	long key = ON(self->p, add_blob("k", "new user:master 32", RING_S));
	long max = sysctl_get("maxbytes");
	int before = bytes_charged(self->uid);

	ASSERT_EQ(0, sysctl_set("maxbytes", before + 5));
	EXPECT_EQ(0, ON(self->p, kc_update(key, "update user:another-master", 26)));
	EXPECT_EQ(before + 8, bytes_charged(self->uid));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("u", "v", RING_S)));
	EXPECT_EQ(0, ON(self->p, kc_update(key, "update user:master", 18)));
	EXPECT_EQ(before, bytes_charged(self->uid));
	ASSERT_EQ(0, sysctl_set("maxbytes", max));
}

/* EDQUOT: what has no room is not looked at, be it nonsense */
TEST_F(encrypted, ours_bad_update_over_quota)
{
	long key = ON(self->p, add_blob("k", "new user:master 32", RING_S));
	long max = sysctl_get("maxbytes");
	int before = bytes_charged(self->uid);
	char *text = ON(self->p, blob(key));

	ASSERT_EQ(0, sysctl_set("maxbytes", before + 5));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_update(key, shared(1000), 1000)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(key, "nonsense", 8)));
	EXPECT_EQ(before, bytes_charged(self->uid));
	ASSERT_EQ(0, sysctl_set("maxbytes", max));
	EXPECT_STREQ(text, ON(self->p, blob(key)));
}

/* CVE-2015-8539: ENOKEY: adding over one that stands for an error, which it goes on to do */
TEST_F(encrypted, update_of_a_negative_key)
{
	long key;

	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_request("encrypted", "k", "refuse", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_blob("k", "update user:master", RING_S)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_blob("k", "new user:master 32", RING_S)));
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_request("encrypted", "k", NULL, 0)));
	/* where it is not in the way */
	key = ON(self->p, add_blob("k", "new user:master 32", RING_P));
	ASSERT_LT(0, key);
	EXPECT_EQ(0, strncmp("default ", ON(self->p, blob(key)), 8));
}

/* Lengths from the smallest to the largest */
TEST_F(encrypted, lengths)
{
	static const int lengths[] = { 20, 32, 64, 128, 256 };
	unsigned int i;
	long key;

	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		key = ON(self->p, add_blob("k", shared_text("new user:master %d", lengths[i]),
					   RING_P));
		ASSERT_LT(0, key);
		EXPECT_EQ(0, strncmp(shared_text("default user:master %d ", lengths[i]),
				     ON(self->p, blob(key)), 21));
		EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_P)));
	}
}

/* The format of ecryptfs: the description is a signature of 16 hex digits */
TEST_F(encrypted, format_ecryptfs)
{
	long key = ON(self->p, add_blob("0123456789abcdef", "new ecryptfs user:master 64",
					RING_S));

	ASSERT_LT(0, key);
	EXPECT_EQ(0, strncmp("ecryptfs user:master 64 ", ON(self->p, blob(key)), 24));
	EXPECT_EQ(-EINVAL, ON(self->p, add_blob("0123", "new ecryptfs user:master 64", RING_S)));
}

TEST_F(encrypted, format_enc32)
{
	long key = ON(self->p, add_blob("k", "new enc32 user:master 32", RING_S));

	ASSERT_LT(0, key);
	EXPECT_EQ(0, strncmp("enc32 user:master 32 ", ON(self->p, blob(key)), 21));
}

TEST_F(encrypted, revoked)
{
	long key = ON(self->p, add_blob("k", "new user:master 32", RING_S));

	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_request("encrypted", "k", NULL, 0)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_update(key, "update user:master", 18)));
}

/* ENODEV: a type that this kernel has not */
TEST_F(encrypted, type_that_is_not_there)
{
	EXPECT_EQ(-ENODEV, ON(self->p, kc_add("no such type", "k", "new 32", 6, RING_S)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("no such type", "k", NULL, 0)));
}

SELFTEST_MAIN
