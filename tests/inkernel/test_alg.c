// SPDX-License-Identifier: GPL-2.0-only
/*
 * AF_ALG: a socket that encrypts, with a key named by serial.
 *
 * Specified by Documentation/crypto/userspace-if.rst, "Setting key".
 */
#include <kselftest_harness.h>
#include <linux/if_alg.h>
#include <sys/socket.h>

#include "inkernel.h"

#ifndef SOL_ALG
#define SOL_ALG 279
#endif
enum { SET_KEY_BY_SERIAL = 7 };	/* ALG_SET_KEY_BY_KEY_SERIAL */
enum { KEY_BYTES = 32, BLOCK = 16 };

/*
 *	p (fresh uid) @s---> "_ses" ---> key of 32 bytes
 */
FIXTURE(alg)
{
	struct actor *p;
	unsigned char *secret;
	long key;
};

FIXTURE_VARIANT(alg)
{
	const char *type;
};

FIXTURE_VARIANT_ADD(alg, user) { .type = "user" };
FIXTURE_VARIANT_ADD(alg, logon) { .type = "logon" };

static int cipher(void)
{
	struct sockaddr_alg sa = {
		.salg_family = AF_ALG, .salg_type = "skcipher", .salg_name = "cbc(aes)",
	};
	int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		stage_broken("AF_ALG: %d", errno);
	return fd;
}

static bool kernel_has_it(void)
{
	int fd = cipher(), serial = 1;
	bool has;

	has = setsockopt(fd, SOL_ALG, SET_KEY_BY_SERIAL, &serial, sizeof(serial)) &&
	      errno != ENOPROTOOPT;
	close(fd);
	return has;
}

FIXTURE_SETUP(alg)
{
	int i;

	stage_open();
	if (!kernel_has_it())
		SKIP(return, "the kernel takes no serials here");
	self->p = actor_user(fresh_uid());
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->secret = shared(KEY_BYTES);
	for (i = 0; i < KEY_BYTES; i++)
		self->secret[i] = 3 * i + 1;
	self->key = ON(self->p, kc_add(variant->type, "alg:k", self->secret, KEY_BYTES, RING_S));
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(alg)
{
	(void)variant;
	stage_close();
}

/* One block, encrypted with the key that was set; the IV is zero */
static long encrypt(int fd, char *out)
{
	static const char text[BLOCK] = "sixteen letters";
	char control[CMSG_SPACE(4) + CMSG_SPACE(sizeof(struct af_alg_iv) + BLOCK)] = { 0 };
	struct iovec iov = { (void *)text, BLOCK };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int op = accept(fd, NULL, 0);
	long ret;

	if (op < 0)
		return -errno;
	c->cmsg_level = SOL_ALG;
	c->cmsg_type = ALG_SET_OP;
	c->cmsg_len = CMSG_LEN(4);
	*(uint32_t *)CMSG_DATA(c) = ALG_OP_ENCRYPT;
	c = CMSG_NXTHDR(&msg, c);
	c->cmsg_level = SOL_ALG;
	c->cmsg_type = ALG_SET_IV;
	c->cmsg_len = CMSG_LEN(sizeof(struct af_alg_iv) + BLOCK);
	((struct af_alg_iv *)CMSG_DATA(c))->ivlen = BLOCK;
	ret = sendmsg(op, &msg, 0);
	if (ret == BLOCK)
		ret = read(op, out, BLOCK);
	if (ret < 0)
		ret = -errno;
	close(op);
	return ret;
}

static long encrypt_by_serial(long serial, long out, long c)
{
	int fd = cipher(), id = serial;
	long ret;

	(void)c;
	ret = setsockopt(fd, SOL_ALG, SET_KEY_BY_SERIAL, &id, sizeof(id)) ? -errno :
	      encrypt(fd, (char *)out);
	close(fd);
	return ret;
}

static long encrypt_by_value(const void *secret, char *out)
{
	int fd = cipher();
	long ret;

	ret = setsockopt(fd, SOL_ALG, ALG_SET_KEY, secret, KEY_BYTES) ? -errno :
	      encrypt(fd, out);
	close(fd);
	return ret;
}

TEST_F(alg, same_bytes)
{
	char *by_serial = shared(BLOCK), *by_value = shared(BLOCK);

	ASSERT_EQ(BLOCK, actor_do(self->p, encrypt_by_serial, self->key, (long)by_serial, 0));
	ASSERT_EQ(BLOCK, encrypt_by_value(self->secret, by_value));
	EXPECT_EQ(0, memcmp(by_serial, by_value, BLOCK));
	/* updated: the next socket has the new one */
	self->secret[5] ^= 1;
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, self->secret, KEY_BYTES)));
	ASSERT_EQ(BLOCK, actor_do(self->p, encrypt_by_serial, self->key, (long)by_serial, 0));
	EXPECT_NE(0, memcmp(by_serial, by_value, BLOCK));
	ASSERT_EQ(BLOCK, encrypt_by_value(self->secret, by_value));
	EXPECT_EQ(0, memcmp(by_serial, by_value, BLOCK));
}

/* EACCES ENOKEY EKEYREVOKED EINVAL */
TEST_F(alg, refused)
{
	struct actor *q = actor_user(fresh_uid());
	long out = (long)shared(BLOCK), key;

	EXPECT_EQ(-EACCES, actor_do(q, encrypt_by_serial, self->key, out, 0));
	EXPECT_EQ(-ENOKEY, actor_do(self->p, encrypt_by_serial, 1, out, 0));
	key = ON(self->p, kc_add(variant->type, "alg:short", "seven b", 7, RING_S));
	EXPECT_EQ(-EINVAL, actor_do(self->p, encrypt_by_serial, key, out, 0));
	EXPECT_EQ(-ENOPROTOOPT, actor_do(self->p, encrypt_by_serial, RING_S, out, 0));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL & ~MAY_SEARCH) |
						 PERM_USR(MAY_SETATTR))));
	EXPECT_EQ(-EACCES, actor_do(self->p, encrypt_by_serial, self->key, out, 0));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL))));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	EXPECT_EQ(-EKEYREVOKED, actor_do(self->p, encrypt_by_serial, self->key, out, 0));
}

/* A key that the kernel made and never showed */
TEST_F(alg, encrypted_key)
{
	char *one = shared(BLOCK), *two = shared(BLOCK), *blob = shared(1024);
	static const char how[] = "new user:master 32";
	long key;

	ASSERT_LT(0, ON(self->p, kc_add_user("master", "the master's secret", RING_S)));
	key = ON(self->p, kc_add("encrypted", "alg:e", how, sizeof(how) - 1, RING_S));
	ASSERT_LT(0, key);
	EXPECT_EQ(BLOCK, actor_do(self->p, encrypt_by_serial, key, (long)one, 0));
	strcpy(blob, "load ");
	ASSERT_LT(0, ON(self->p, kc_read(key, blob + 5, 1000)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_S)));
	key = ON(self->p, kc_add("encrypted", "alg:e", blob, strlen(blob), RING_S));
	EXPECT_EQ(BLOCK, actor_do(self->p, encrypt_by_serial, key, (long)two, 0));
	EXPECT_EQ(0, memcmp(one, two, BLOCK));
}

SELFTEST_MAIN
