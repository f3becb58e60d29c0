// SPDX-License-Identifier: GPL-2.0-only
/*
 * The type `trusted`: random keys that leave the kernel only sealed by a TPM, and
 * `encrypted` keys under them.
 *
 * Specified by Documentation/security/keys/trusted-encrypted.rst; the TPM's command by
 * part 3 of the TPM 2.0 library, "TPM2_CreatePrimary".
 */
#include <kselftest_harness.h>

#include "inkernel.h"

#define TPM "/dev/tpm0"
#define PARENT "/tmp/tpm.parent"	/* the handle of the key that seals, once it is made */

/*
 *	p (fresh uid) @s---> "_ses"
 */
FIXTURE(trusted)
{
	struct actor *p;
	uid_t uid;
	const char *parent;	/* "keyhandle=0x80000000" */
};

/*
 * CreatePrimary in the owner's hierarchy, without passwords: a key on the curve P-256 that
 * encrypts others with AES-128 in mode CFB, and is lost when the machine goes.
 */
static const uint8_t create_parent[] = {
	0x80, 0x02, 0, 0, 0, 67, 0, 0, 0x01, 0x31, 0x40, 0, 0, 0x01,
	0, 0, 0, 9, 0x40, 0, 0, 0x09, 0, 0, 0, 0, 0,
	0, 4, 0, 0, 0, 0,
	0, 26, 0, 0x23, 0, 0x0b, 0, 0x03, 0x04, 0x72, 0, 0,
	0, 0x06, 0, 0x80, 0, 0x43, 0, 0x10, 0, 0x03, 0, 0x10, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0,
};

static uint32_t big_endian(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

/* "keyhandle=..." of the new key */
static void make_parent(void)
{
	int fd = open(TPM, O_RDWR | O_CLOEXEC), out;
	uint8_t answer[4096];

	if (fd < 0 || write(fd, create_parent, sizeof(create_parent)) != sizeof(create_parent))
		stage_broken(TPM ": %d", errno);
	if (read(fd, answer, sizeof(answer)) < 14 || big_endian(answer + 6))
		stage_broken(TPM " says %x", big_endian(answer + 6));
	close(fd);
	out = open(PARENT, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	dprintf(out, "keyhandle=0x%08x", big_endian(answer + 10));
	close(out);
}

FIXTURE_SETUP(trusted)
{
	if (access(TPM, F_OK))
		SKIP(return, "the machine has no TPM");
	stage_open();
	if (access(PARENT, F_OK))
		make_parent();
	self->parent = shared_text("%s", slurp(NULL, PARENT));
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
}

FIXTURE_TEARDOWN(trusted)
{
	stage_close();
}

#define add_text(type, desc, text, ring) \
	kc_add(type, desc, text, strlen(text), ring)

static char *new_key(const char *parent)
{
	return shared_text("new 32 %s", parent);
}

static char *load(const char *sealed, const char *parent)
{
	return shared_text("load %s %s", sealed, parent);
}

TEST_F(trusted, new_key)
{
	long key = ON(self->p, add_text("trusted", "k", new_key(self->parent), RING_S));
	struct key_row row;
	char *sealed;

	ASSERT_LT(0, key);
	sealed = ON(self->p, blob(key));
	EXPECT_LT(200, strlen(sealed));
	EXPECT_EQ(strlen(sealed), strspn(sealed, "0123456789abcdef")) TH_LOG("%s", sealed);
	ASSERT_TRUE(key_row(self->p, key, &row));
	EXPECT_EQ(0, strncmp("k", row.desc, 1)) TH_LOG("%s", row.desc);
	EXPECT_EQ(key, ON(self->p, kc_request("trusted", "k", NULL, 0)));
	EXPECT_EQ(key, ON(self->p, kc_search(RING_S, "trusted", "k", 0)));
	EXPECT_STRNE(sealed, ON(self->p, blob(ON(self->p, add_text("trusted", "other",
					new_key(self->parent), RING_S)))));
}

/* What was sealed is the same key again, also in a process that never had it */
TEST_F(trusted, loaded)
{
	struct actor *q = actor_user(fresh_uid());
	long key = ON(self->p, add_text("trusted", "k", new_key(self->parent), RING_S));
	const char *text = load(ON(self->p, blob(key)), self->parent);

	EXPECT_STREQ(ON(self->p, blob(key)),
		     ON(q, blob(ON(q, add_text("trusted", "k", text, RING_P)))));
}

/* EINVAL, and what the TPM makes of it: EPERM; the ring is as it was */
TEST_F(trusted, refused)
{
	static const char * const bad[] = {
		"new", "new 32", "new 16 keyhandle=0x80000000", "new 129 keyhandle=0x80000000",
		"new x keyhandle=0x80000000", "new 32 keyhandle=", "new 32 nosuch=1",
		"load 00 keyhandle=0x80000000", "load xy keyhandle=0x80000000", "load", "make 32",
		"update keyhandle=0x80000000", "",
	};
	int before = bytes_charged(self->uid);
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		EXPECT_EQ(-EINVAL, ON(self->p, add_text("trusted", "k", bad[i], RING_S)))
			TH_LOG("row %u", i);
	}
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("trusted", "k", NULL, 0, RING_S)));
	EXPECT_EQ(-EPERM, ON(self->p, add_text("trusted", "k", "new 32 keyhandle=0x81001234",
					       RING_S)));
	EXPECT_EQ(0, ON(self->p, ring_size(RING_S)));
	EXPECT_TRUE(EVENTUALLY(bytes_charged(self->uid) == before));
}

/* The TPM seals it anew: another blob of the same key */
TEST_F(trusted, updated)
{
	const char *update = shared_text("update %s", self->parent);
	long key = ON(self->p, add_text("trusted", "k", new_key(self->parent), RING_S));
	char *before = ON(self->p, blob(key));
	long under = ON(self->p, add_text("encrypted", "e", "new trusted:k 32", RING_S));
	char *secret = ON(self->p, blob(under));

	EXPECT_EQ(0, ON(self->p, kc_update(key, update, strlen(update))));
	EXPECT_STRNE(before, ON(self->p, blob(key)));
	EXPECT_STREQ(secret, ON(self->p, blob(under)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(key, "new 32", 6)));
}

/* A key that never leaves the kernel is the master of others */
TEST_F(trusted, master_of_encrypted_keys)
{
	struct actor *q = actor_user(fresh_uid());
	long key = ON(self->p, add_text("trusted", "k", new_key(self->parent), RING_S));
	long under = ON(self->p, add_text("encrypted", "e", "new trusted:k 32", RING_S));
	char *text = ON(self->p, blob(under)), *order = shared_text("load %s", text);

	ASSERT_LT(0, under);
	EXPECT_EQ(0, strncmp("default trusted:k 32 ", text, 21)) TH_LOG("%s", text);
	/* ENOKEY: who has no such master; then one from what was sealed */
	EXPECT_EQ(-ENOKEY, ON(q, add_text("encrypted", "e", order, RING_P)));
	ASSERT_LT(0, ON(q, add_text("trusted", "k", load(ON(self->p, blob(key)), self->parent),
				    RING_P)));
	EXPECT_STREQ(text, ON(q, blob(ON(q, add_text("encrypted", "e", order, RING_P)))));
	/* EINVAL: another master of that name */
	ASSERT_EQ(0, ON(q, kc_clear(RING_P)));
	ASSERT_LT(0, ON(q, add_text("trusted", "k", new_key(self->parent), RING_P)));
	EXPECT_EQ(-EINVAL, ON(q, add_text("encrypted", "f", order, RING_P)));
}

/* EACCES EKEYREVOKED ENOKEY: a master that may not be used any more; a read wants it */
TEST_F(trusted, master_refused)
{
	long key = ON(self->p, add_text("trusted", "k", new_key(self->parent), RING_S));
	long under = ON(self->p, add_text("encrypted", "e", "new trusted:k 32", RING_S));

	ASSERT_LT(0, key);
	ASSERT_EQ(0, ON(self->p, kc_setperm(key, PERM_USR(MAY_ALL & ~MAY_SEARCH))));
	EXPECT_STREQ("error -13", ON(self->p, blob(under)));
	ASSERT_EQ(0, ON(self->p, kc_setperm(key, PERM_POS(MAY_ALL))));
	EXPECT_EQ(0, strncmp("default ", ON(self->p, blob(under)), 8));
	ASSERT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_STREQ("error -128", ON(self->p, blob(under)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_read(key, NULL, 0)));
	ASSERT_EQ(0, ON(self->p, kc_unlink(key, RING_S)));
	EXPECT_STREQ("error -126", ON(self->p, blob(under)));
}

/* What it is charged is given back */
TEST_F(trusted, charged)
{
	int before = bytes_charged(self->uid);
	long key = ON(self->p, add_text("trusted", "k", new_key(self->parent), RING_S));

	ASSERT_LT(0, key);
	EXPECT_LT(before, bytes_charged(self->uid));
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_S)));
	EXPECT_TRUE(EVENTUALLY(bytes_charged(self->uid) == before));
}

SELFTEST_MAIN
