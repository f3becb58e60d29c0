// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys that the kernel makes for ours are mostly in no quota, and stay until its collector has
 * come: they come no faster than they go, however many processes ask.
 *
 * Specified by keyrings(7): the maximum number of keys that a nonroot user may own.
 */
#include <kselftest_harness.h>

#include "own_type.h"

/*
 *	p (fresh uid) @s---> "_ses"
 */
FIXTURE(flood)
{
	struct actor *p;
};

FIXTURE_SETUP(flood)
{
	stage_open();
	self->p = actor_user(fresh_uid());
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
}

FIXTURE_TEARDOWN(flood)
{
	stage_close();
}

enum { CROWD = 24, CROWD_MS = 3000 };

/**
 * struct flood - what a crowd does
 * @call: again and again, by each
 * @measure: what is looked at meanwhile
 * @key: for @call
 * @answer: what each call returns
 */
struct flood {
	long (*call)(long key);
	long (*measure)(void);
	long key;
	long answer;
};

static long join_in(long call, long key, long answer)
{
	long until = now_ms() + CROWD_MS;
	long ret;

	do
		ret = ((long (*)(long key))call)(key);
	while (ret == answer && now_ms() < until);
	return ret;
}

/* By how much the measure has risen at most */
static long rise_in(struct __test_metadata *_metadata, struct actor *p, const struct flood *flood)
{
	long before = flood->measure(), most = before, until, now;
	struct actor *crowd[CROWD];
	int i;

	for (i = 0; i < CROWD; i++)
		crowd[i] = actor_fork(p);
	for (i = 0; i < CROWD; i++)
		actor_begin(crowd[i], join_in, (long)flood->call, flood->key, flood->answer);
	until = now_ms() + CROWD_MS;
	do {
		usleep(100000);
		now = flood->measure();
		most = now > most ? now : most;
	} while (now_ms() < until);
	for (i = 0; i < CROWD; i++)
		EXPECT_EQ(flood->answer, actor_end(crowd[i]));
	return most - before;
}

#define RISE(...) rise_in(_metadata, self->p, &(struct flood){ __VA_ARGS__ })

/* Keys of the built-in service, used or waiting for its collector */
static long builtin_keys(void)
{
	const char *row;
	long n = -1;

	slab_shrink("key_jar");
	row = strstr(slurp(NULL, "/proc/slabinfo"), "\nkey_jar ");
	if (!row || sscanf(row, " key_jar %ld", &n) != 1)
		stage_broken("no key_jar in /proc/slabinfo");
	return n;
}

enum { KEYS_LEFT = 2048 };

static long add_refused(long key)
{
	return kc_add("asymmetric", "x", "x", 1, RING_S);
}

/* The ring that each key is made in, by itself */
TEST_F(flood, refused_keys)
{
	EXPECT_GT(KEYS_LEFT, RISE(add_refused, builtin_keys, 0, -EBADMSG));
}

static long restrict_by_trust(long ring)
{
	return kc_restrict(ring, "asymmetric", "builtin_trusted");
}

/* What stands for a restriction */
TEST_F(flood, refused_restrictions)
{
	long ring = ON(self->p, kc_add_ring("ring", RING_S));

	ASSERT_EQ(0, ON(self->p, restrict_by_trust(ring)));
	EXPECT_GT(KEYS_LEFT, RISE(restrict_by_trust, builtin_keys, ring, -EEXIST));
}

/* A ring of each one's own, since a ring is locked meanwhile, with rings in it */
static long prepare_ring(void)
{
	static const char *const inner[] = { "1", "2", "3", "4" };
	unsigned int i;
	long ret = 0;

	for (i = 0; i < 4 && ret >= 0; i++)
		ret = kc_add_ring(inner[i], RING_P);
	return ret < 0 ? ret : restrict_by_trust(RING_P);
}

static long link_refused(long key)
{
	static bool is_prepared;
	long ret = is_prepared ? 0 : prepare_ring();

	is_prepared = true;
	return ret ?: kc_link(key, RING_P);
}

static long add_ca(struct actor *p)
{
	const struct blob *certificate = blob_of("ca.der");

	return ON(p, kc_add("asymmetric", "ca", certificate->data, certificate->len, RING_S));
}

/* The copy of a ring that the kernel is asked with */
TEST_F(flood, refused_links)
{
	long ca = add_ca(self->p);

	EXPECT_GT(KEYS_LEFT, RISE(link_refused, builtin_keys, ca, -ENOKEY));
}

static long link_refused_unseen(long key)
{
	static bool is_prepared;
	long ret = is_prepared ? 0 : kc_id(RING_P, 1);

	if (ret > 0)
		ret = restrict_by_trust(RING_P);
	if (!ret && !is_prepared)
		ret = kc_setperm(RING_P, PERM_POS(MAY_ALL & ~MAY_SEARCH));
	is_prepared = true;
	return ret ?: kc_link(key, RING_P);
}

/* Also one in which nothing is to be found */
TEST_F(flood, refused_links_to_what_may_not_be_searched)
{
	EXPECT_GT(KEYS_LEFT, RISE(link_refused_unseen, builtin_keys, add_ca(self->p), -ENOKEY));
}

static long mib_used(void)
{
	const char *row = strstr(slurp(NULL, "/proc/meminfo"), "MemFree:");
	long kib = -1;

	if (!row || sscanf(row, "MemFree: %ld", &kib) != 1)
		stage_broken("no MemFree in /proc/meminfo");
	return -(kib >> 10);
}

enum { BIG = (1 << 20) - 4096, MIB_USED = 150 };

static long add_big(long key)
{
	static char data[BIG];

	if (!*data)
		memset(data, 'a', BIG - 1);
	return kc_add("dns_resolver", "x", data, BIG, RING_S);
}

/* EDQUOT, when the kernel has made it already */
TEST_F(flood, big_keys)
{
	EXPECT_GT(MIB_USED, RISE(add_big, mib_used, 0, -EDQUOT));
}

/* The end of this key, until the type is removed or told to go on */
static bool holds_up_collector(struct actor *p)
{
	long key = ON(p, add_own("k", "payload"));

	ik(INKERNEL_TYPE_STAY, true);
	return key > 0 && !ON(p, kc_unlink(key, RING_S)) &&
	       EVENTUALLY(ik(INKERNEL_TYPE_STAY, true) == 1);
}

/* Nobody is kept by it for long, and what is left is what is made in that time */
TEST_F(own, refused_keys_when_the_collector_does_not_come)
{
	ASSERT_TRUE(holds_up_collector(self->p));
	EXPECT_GT(KEYS_LEFT, RISE(add_refused, builtin_keys, 0, -EBADMSG));
	EXPECT_EQ(1, ik(INKERNEL_TYPE_STAY, true));
}

static long do_add_big(long a, long b, long c)
{
	(void)b, (void)c;
	return add_big(a);
}

/* Two who wait for it: the second is killed, and gone before the first has waited enough */
TEST_F(own, ours_who_waits_for_the_collector_can_be_killed)
{
	struct actor *first = actor_fork(self->p), *second = actor_user(fresh_uid());
	int i;

	ASSERT_LT(0, ON(second, kc_join(NULL)));
	ASSERT_TRUE(holds_up_collector(self->p));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(-EDQUOT, actor_do(first, do_add_big, 0, 0, 0));

	actor_begin(first, do_add_big, 0, 0, 0);
	ASSERT_TRUE(EVENTUALLY(sleeps_in(first, NR_ADD_KEY)));
	actor_begin(second, do_add_big, 0, 0, 0);
	ASSERT_TRUE(EVENTUALLY(sleeps_in(second, NR_ADD_KEY)));
	actor_kill(second);
	EXPECT_TRUE(sleeps_in(first, NR_ADD_KEY));
	EXPECT_EQ(1, ik(INKERNEL_TYPE_STAY, true));
	ik(INKERNEL_TYPE_STAY, false);
	EXPECT_EQ(-EDQUOT, actor_end(first));
}

SELFTEST_MAIN
