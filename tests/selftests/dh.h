/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Diffie-Hellman for tests: two that agree on a secret, and the numbers of which
 * it is made. These were computed by a program of a few lines with integers of
 * its own.
 */
#ifndef DH_H
#define DH_H

#include "actors.h"

/* The 1536-bit group of RFC 3526, section 2, whose generator is 2 */
static const char prime_hex[] =
	"ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74"
	"020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437"
	"4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
	"ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05"
	"98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb"
	"9ed529077096966d670c354e4abc9804f1746c08ca237327ffffffffffffffff";

static const char alice_hex[] =
	"ece305da2b90b851850040399448d414725a036473c1c6e302408cb52798cad9";

static const char bob_hex[] =
	"371ecb7f1f9c1bc57400ad686eef346eec6fe4e41abd9fbb55a94ac502c971f4";

static const char alice_public_hex[] =
	"57cbcb3490abd21800ca23f9cc55f04e01c2ddba4d942d519cdf5ae306b47e4b"
	"e52b3b38c4e9c34244cf09da7aaa8719d1295742edfac7b0691643072542cd99"
	"ee502e7ff5a543d9b96507aeef524e25c10e74bf6bd015d41e64896457fc9b75"
	"db17752e5e5f2238f2ca3af2a06bd891041ac3ca146b231d70e44080346ddb82"
	"c009b672efedbda51d5cc7b703f361aa52818b101fb3dc56e8183d1108fd37ae"
	"dab2d052f3b6c808b44940a3503f5833066d07b913c75a641328bb70150b1b21";

static const char bob_public_hex[] =
	"2b448bb2a787255009bf92c4455fdf9ff799d5c32bf647024d1cf8b05ae68c30"
	"5659608203bfd6b1dd3ca66721fc8deeee0c9392e732de66c0ebe909c74dada4"
	"8f70a5088432a2cf959d64d0c51ef72c853df629de85d308d738e776286b3a36"
	"281772048662980e5809ae865c47a5af5158012b2d36c1f267ab412fe38da2b4"
	"5161d0087fc72c9cad7d7b03c7d0a6f1eb4da3c676a2803d6060cd80b9da5c77"
	"a45afef86b536839074697240cc08b706d26d83fe69f394aec54ed56b9a106fc";

static const char secret_hex[] =
	"7d63909bce1ad090c31c938d2bd3d70b1d392a5c4106fd557d81ad6025931866"
	"21ea79488d9910e415b482acc2f87eb84e4b3b8b75123642a5f2800e7e4e34b5"
	"ab369e37a7e9c87b75b1a2bd78aab74014a588883060bb04a228007e1a055007"
	"2183e4b5538fa117eface8898c22c618d6464c88e725f4393c3b47a4d3f41a18"
	"3bd7f136c9ed595d8b8bd5269cd74f4ec617b09890a83b2d50c84318976a50de"
	"3ebcd7617c6a79c9a77d1bf37afae358667f41487672270cc940b3242669c7b0";

/* 2 to the power of alice, modulo the prime with a byte 4d behind it: 193 bytes */
static const char odd_power_hex[] =
	"000000000000009961321d0d634247c712d8833110d3846777357fd24430d2b0"
	"f89dc08f22316102dc87493edf96e35f8534959ae1aadfd645f6b2318047f95f"
	"4ffb9bb960bd26c1d4330766567b68b1d97253de398128be052dd37561bb18cc"
	"0736069faee102e2851a8f6f02c30952807f0a9200386935610bb0c2710fb4d4"
	"4845add263af43e920572f63a0421d0f9e8a81443f9685e144db3a89ffd241d3"
	"281151ec959e33b682b2aa1f7774bf23f2ed3328776b05467dabd0c83bc08b10"
	"d4ac0dfcd0ae7e3f";

enum { PRIME_BYTES = 192, ROOM = 2048 };

_Static_assert(sizeof(prime_hex) == 2 * PRIME_BYTES + 1, "the prime's size");

/*
 * Two that agree on a secret, with all their keys in one ring:
 *
 *	p (fresh uid) ---@p---> "_pid" ---> user "prime", "base", "alice", "bob"
 */
FIXTURE(exchange)
{
	struct actor *p;
	int prime, base, alice, bob;
	struct dh_ids *ids;	/* (base ^ alice) % prime */
	struct kdf *kdf;	/* sha256 without more */
	unsigned char *buf;	/* ROOM bytes of '#' */
};

static size_t from_hex(const char *hex, unsigned char *bytes)
{
	size_t n;
	unsigned int byte;

	for (n = 0; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
		bytes[n] = byte;
	return n;
}

static int add_bytes(struct actor *p, const char *desc, const void *bytes, size_t len)
{
	void *copy = shared(len);

	memcpy(copy, bytes, len);
	return ON(p, kc_add("user", desc, copy, len, RING_P));
}

static int add_hex(struct actor *p, const char *desc, const char *hex)
{
	unsigned char bytes[ROOM];
	size_t len = from_hex(hex, bytes);

	return add_bytes(p, desc, bytes, len);
}

FIXTURE_SETUP(exchange)
{
	stage_open();
	self->p = actor_user(fresh_uid());
	self->prime = add_hex(self->p, "prime", prime_hex);
	self->base = add_hex(self->p, "base", "02");
	self->alice = add_hex(self->p, "alice", alice_hex);
	self->bob = add_hex(self->p, "bob", bob_hex);
	ASSERT_LT(0, self->prime);
	ASSERT_LT(0, self->base);
	ASSERT_LT(0, self->alice);
	ASSERT_LT(0, self->bob);

	self->ids = shared(sizeof(*self->ids));
	self->ids->private = self->alice;
	self->ids->prime = self->prime;
	self->ids->base = self->base;
	self->kdf = shared(sizeof(*self->kdf));
	memset(self->kdf, 0, sizeof(*self->kdf));
	self->kdf->hash = "sha256";
	self->buf = shared(ROOM);
	memset(self->buf, '#', ROOM);
}

FIXTURE_TEARDOWN(exchange)
{
	stage_close();
}

static long dh_compute(const struct dh_ids *ids, void *buf, size_t len, const void *kdf)
{
	return keyctl(OP_DH_COMPUTE, (long)ids, (long)buf, (long)len, (long)kdf);
}

/* Was this written, and nothing behind it? */
static bool is_hex(const unsigned char *buf, const char *hex)
{
	unsigned char bytes[ROOM];
	size_t len = from_hex(hex, bytes);

	return !memcmp(buf, bytes, len) && buf[len] == '#';
}

static bool untouched_from(const unsigned char *buf, size_t i)
{
	for (; i < ROOM; i++)
		if (buf[i] != '#')
			return false;
	return true;
}

static bool untouched(const unsigned char *buf)
{
	return untouched_from(buf, 0);
}

/* DH_COMPUTE of the fixture through its KDF */
#define DERIVE(len) ON(self->p, dh_compute(self->ids, self->buf, len, self->kdf))

#endif /* DH_H */
