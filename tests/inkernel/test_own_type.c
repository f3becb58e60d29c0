// SPDX-License-Identifier: GPL-2.0-only
/*
 * A type of keys that a kernel module brings, and takes away again.
 *
 * Specified by Documentation/security/keys/core.rst, "Defining a key type".
 */
#include <kselftest_harness.h>

#include "own_type.h"

TEST_F(own, add_and_read)
{
	long key = ON(self->p, add_own("k", "own payload"));

	ASSERT_LT(0, key);
	EXPECT_STREQ("own payload", ON(self->p, payload(key)));
	EXPECT_STREQ(shared_text(OWN ";%u;%u;3f010000;k", self->uid, self->uid),
		     ON(self->p, description(key)));
	EXPECT_EQ(1, ik(INKERNEL_TYPE_ALIVE, 0));
	EXPECT_EQ(key, ON(self->p, kc_search(RING_S, OWN, "k", 0)));
	EXPECT_EQ(key, ON(self->p, kc_request(OWN, "k", NULL, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", "k", NULL, 0)));
}

/* What the type says of it in /proc/keys */
TEST_F(own, row)
{
	long key = ON(self->p, add_own("k", "12345"));
	struct key_row row;

	ASSERT_TRUE(key_row(self->p, key, &row));
	EXPECT_STREQ("k: own 5", row.desc);
	EXPECT_EQ(0, strncmp(OWN, row.type, 9));
}

/* EINVAL: what the type refuses */
TEST_F(own, payload_refused)
{
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add(OWN, "k", NULL, 0, RING_S)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_add(OWN, "k", (void *)8, 4, RING_S)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add(OWN, "k", shared(INKERNEL_TEXT + 1),
					      INKERNEL_TEXT + 1, RING_S)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add(OWN, "", "x", 1, RING_S)));
	EXPECT_EQ(0, ON(self->p, ring_size(RING_S)));
	EXPECT_TRUE(alive(0));
}

/* EINVAL: a description that the type does not want, whoever makes the key */
TEST_F(own, description_refused)
{
	EXPECT_EQ(-EINVAL, ON(self->p, add_own("!k", "x")));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_request(OWN, "!k", "made", 0)));
	EXPECT_EQ(0, helper_runs(OWN, "!k"));
	EXPECT_EQ(0, ON(self->p, ring_size(RING_S)));
	EXPECT_TRUE(alive(0));
}

/* What has no signature is neither added to a ring that wants one nor updated there */
TEST_F(own, ring_that_trusts_others)
{
	long ring = ON(self->p, kc_add_ring("r", RING_S));
	long key = ON(self->p, kc_add(OWN, "k", "old", 3, ring));

	ASSERT_LT(0, key);
	EXPECT_EQ(0, ON(self->p, kc_restrict(ring, "asymmetric", "builtin_trusted")));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_add(OWN, "k", "new", 3, ring)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_add(OWN, "l", "new", 3, ring)));
	EXPECT_STREQ("old", ON(self->p, payload(key)));
	EXPECT_EQ(1, ON(self->p, ring_size(ring)));
	EXPECT_TRUE(alive(1));
}

TEST_F(own, update)
{
	long key = ON(self->p, add_own("k", "one"));

	EXPECT_EQ(0, ON(self->p, kc_update(key, "another", 7)));
	EXPECT_STREQ("another", ON(self->p, payload(key)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(key, "", 0)));
	EXPECT_STREQ("another", ON(self->p, payload(key)));
	EXPECT_EQ(key, ON(self->p, add_own("k", "third")));
	EXPECT_STREQ("third", ON(self->p, payload(key)));
	EXPECT_TRUE(alive(1));
}

/* Two keys of the same description, in two rings */
TEST_F(own, same_description_twice)
{
	long ring = ON(self->p, kc_add_ring("r", RING_S));
	long one = ON(self->p, add_own("k", "one"));
	long two = ON(self->p, kc_add(OWN, "k", "two", 3, ring));

	ASSERT_LT(0, one);
	ASSERT_LT(0, two);
	EXPECT_NE(one, two);
	EXPECT_STREQ("one", ON(self->p, payload(one)));
	EXPECT_STREQ("two", ON(self->p, payload(two)));
	EXPECT_EQ(0, ON(self->p, kc_update(one, "1", 1)));
	EXPECT_STREQ("two", ON(self->p, payload(two)));
	EXPECT_TRUE(alive(2));
}

/* Its payload goes when the key does, at the latest a moment later */
TEST_F(own, payload_goes_with_the_key)
{
	long one = ON(self->p, add_own("1", "one"));
	long two = ON(self->p, add_own("2", "two"));

	ASSERT_LT(0, ON(self->p, add_own("3", "three")));
	EXPECT_TRUE(alive(3));
	EXPECT_EQ(0, ON(self->p, kc_unlink(one, RING_S)));
	EXPECT_TRUE(alive(2));
	EXPECT_EQ(0, ON(self->p, kc_revoke(two)));
	EXPECT_TRUE(alive(1));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_update(two, "x", 1)));
	actor_leave(self->p);
	EXPECT_TRUE(alive(0));
}

/* Quota: the description, the payload as the type counts it, and the link */
TEST_F(own, quota)
{
	int before = bytes_charged(self->uid);
	long key = ON(self->p, add_own("k", "12345678"));

	EXPECT_EQ(before + 2 + 8 + LINK_BYTES, bytes_charged(self->uid));
	EXPECT_EQ(0, ON(self->p, kc_update(key, "123", 3)));
	EXPECT_EQ(before + 2 + 3 + LINK_BYTES, bytes_charged(self->uid));
	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(before + 2 + LINK_BYTES, bytes_charged(self->uid));
}

/* EDQUOT: and nothing is left of the attempt */
TEST_F(own, over_quota)
{
	long max = sysctl_get("maxbytes");
	long key = ON(self->p, add_own("k", "x"));

	ASSERT_EQ(0, sysctl_set("maxbytes", bytes_charged(self->uid) + 10));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_update(key, "0123456789ab", 12)));
	EXPECT_EQ(-EDQUOT, ON(self->p, add_own("l", "0123456789ab")));
	ASSERT_EQ(0, sysctl_set("maxbytes", max));
	EXPECT_STREQ("x", ON(self->p, payload(key)));
	EXPECT_EQ(1, ON(self->p, ring_size(RING_S)));
	EXPECT_TRUE(alive(1));
}

/* The kernel finds it, as any other */
TEST_F(own, kernel_finds_it)
{
	long key = ON(self->p, add_own("k", "for the kernel"));
	long slot = ON(self->p, ik_request(OWN, "k"));

	EXPECT_STREQ("for the kernel", ik_payload(slot));
	EXPECT_EQ(0, ON(self->p, kc_update(key, "new", 3)));
	EXPECT_STREQ("new", ik_payload(slot));
	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(-EKEYREVOKED, ik_validate(slot));
	EXPECT_STREQ("error -128", ik_payload(slot));
	EXPECT_TRUE(alive(0));
}

/* A key made by a helper that the process calls */
TEST_F(own, helper_makes_it)
{
	const char *desc = fresh_desc("own:");
	long key = ON(self->p, kc_request(OWN, desc, "made", 0));

	EXPECT_STREQ("made", ON(self->p, payload(key)));
	EXPECT_EQ(1, helper_runs(OWN, desc));
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_request(OWN, "other", "refuse", 0)));
	EXPECT_TRUE(alive(1));
}

/*
 * A type that looks for a user key while it makes its own is given the one that is
 * there, also the first time; that it could do without does not matter
 */
TEST_F(own, takes_another_key)
{
	const char *desc = fresh_desc("own:"), *text = shared_text("take %s", desc);

	EXPECT_STREQ("nothing", ON(self->p, payload(ON(self->p, add_own("none", text)))));
	ASSERT_LT(0, ON(self->p, kc_add_user(desc, "taken", RING_S)));
	EXPECT_STREQ("taken", ON(self->p, payload(ON(self->p, add_own("first", text)))));
	EXPECT_STREQ("taken", ON(self->p, payload(ON(self->p, add_own("second", text)))));
	EXPECT_TRUE(alive(3));
}

/* EOPNOTSUPP: operations that the type lacks */
TEST_F(own, operations_it_lacks)
{
	long key = ON(self->p, add_own("k", "x"));

	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, keyctl(OP_PKEY_QUERY, key, 0, (long)"",
						  (long)shared(64))));
	EXPECT_EQ(-ENOENT, ON(self->p, keyctl(OP_RESTRICT, RING_S, (long)OWN, (long)"x", 0)));
}

/* ---- the type goes ---- */

/* ENODEV: there is no such type any more */
TEST_F(own, type_removed)
{
	long key = ON(self->p, add_own("k", "x"));

	ASSERT_LT(0, key);
	EXPECT_EQ(0, ik(INKERNEL_TYPE_REMOVE, 0));
	/* the type's code is free to go: nothing is left that it made */
	EXPECT_EQ(0, ik(INKERNEL_TYPE_ALIVE, 0));
	EXPECT_EQ(-ENODEV, ON(self->p, add_own("l", "y")));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request(OWN, "k", NULL, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_S, OWN, "k", 0)));
	EXPECT_GT(0, ON(self->p, kc_read(key, NULL, 0)));
	EXPECT_GT(0, ON(self->p, kc_update(key, "x", 1)));
	/* other keys are as before */
	EXPECT_LT(0, ON(self->p, kc_add_user("u", "v", RING_S)));
}

/* Its keys leave their rings */
TEST_F(own, keys_leave_when_the_type_goes)
{
	long key = ON(self->p, add_own("k", "x"));

	ASSERT_LT(0, ON(self->p, kc_add_user("u", "v", RING_S)));
	EXPECT_EQ(0, ik(INKERNEL_TYPE_REMOVE, 0));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(RING_S)) == 1));
	EXPECT_TRUE(key_goes(key));
}

TEST_F(own, type_comes_back)
{
	long old = ON(self->p, add_own("k", "old")), key;

	EXPECT_EQ(0, ik(INKERNEL_TYPE_REMOVE, 0));
	EXPECT_EQ(0, ik(INKERNEL_TYPE_ADD, 0));
	key = ON(self->p, add_own("k", "new"));
	EXPECT_LT(0, key);
	EXPECT_NE(old, key);
	EXPECT_STREQ("new", ON(self->p, payload(key)));
	EXPECT_GT(0, ON(self->p, kc_read(old, NULL, 0)));
	EXPECT_TRUE(alive(1));
}

/* What a key can do is what the type can do that is there now */
TEST_F(own, type_comes_back_as_another)
{
	long key;

	EXPECT_EQ(0, ik(INKERNEL_TYPE_REMOVE, 0));
	EXPECT_EQ(0, ik(INKERNEL_TYPE_ADD, INKERNEL_NO_READ));
	key = ON(self->p, add_own("k", "one"));
	EXPECT_STREQ(shared_text(OWN ";%u;%u;3d010000;k", self->uid, self->uid),
		     ON(self->p, description(key)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_read(key, NULL, 0)));
	EXPECT_EQ(key, ON(self->p, add_own("k", "two")));

	EXPECT_EQ(0, ik(INKERNEL_TYPE_REMOVE, 0));
	EXPECT_EQ(0, ik(INKERNEL_TYPE_ADD, INKERNEL_NO_UPDATE));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_S, OWN, "k", 0)));
	key = ON(self->p, add_own("k", "one"));
	EXPECT_STREQ(shared_text(OWN ";%u;%u;3b010000;k", self->uid, self->uid),
		     ON(self->p, description(key)));
	EXPECT_STREQ("one", ON(self->p, payload(key)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_update(key, "two", 3)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(key, PERM_POS(MAY_ALL))));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_update(key, "two", 3)));
	EXPECT_NE(key, ON(self->p, add_own("k", "two")));
	EXPECT_TRUE(alive(1));
}

/* The kernel holds a key of a type that goes */
TEST_F(own, removed_while_held)
{
	long slot;

	ASSERT_LT(0, ON(self->p, add_own("k", "x")));
	slot = ON(self->p, ik_request(OWN, "k"));
	ASSERT_LE(0, slot);
	EXPECT_EQ(0, ik(INKERNEL_TYPE_REMOVE, 0));
	EXPECT_EQ(0, ik(INKERNEL_TYPE_ALIVE, 0));
	EXPECT_EQ(-EKEYREVOKED, ik_validate(slot));
	EXPECT_EQ(0, ik_put(slot));
}

/* Use while the type comes and goes: what reads and describes its keys was once its code */
enum { BUSY_MS = 3000, ROWS = 16384 };

static long use_type(long rows, long c, long d)
{
	long until = now_ms() + BUSY_MS, n = 0, key;
	char text[8];

	(void)c, (void)d;
	for (; now_ms() < until; n++) {
		key = add_own("k", "busy");
		if (key < 0) {
			/*
			 * EACCES: a key that dies while it is to be updated grants nothing;
			 * ENOKEY: one that dies while it is made is linked nowhere;
			 * EDQUOT: where quota is given back only when keys are collected
			 */
			if (key != -ENODEV && key != -EKEYREVOKED && key != -EACCES &&
			    key != -ENOKEY && key != -EDQUOT)
				return key;
			continue;
		}
		kc_read(key, text, sizeof(text));
		kc_update(key, "more", 4);
		kc_describe(key, NULL, 0);
		if (slurp_into((long)"/proc/keys", rows, ROWS) < 0)
			return -EIO;
		kc_search(RING_S, OWN, "k", 0);
		kc_unlink(key, RING_S);
	}
	return n;
}

TEST_F(own, cve_2026_99222_and_99224_removed_under_use)
{
	struct actor *q = actor_fork(self->p);
	long until = now_ms() + BUSY_MS;

	actor_begin(self->p, use_type, (long)shared(ROWS), 0, 0);
	actor_begin(q, use_type, (long)shared(ROWS), 0, 0);
	while (now_ms() < until) {
		EXPECT_EQ(0, ik(INKERNEL_TYPE_REMOVE, 0));
		EXPECT_EQ(0, ik(INKERNEL_TYPE_ALIVE, 0));
		EXPECT_EQ(0, ik(INKERNEL_TYPE_ADD, 0));
		/* at first its keys have time to be many, then it does nothing but come and go */
		nap_ms(now_ms() < until - BUSY_MS / 2 ? 50 : 0);
	}
	EXPECT_LT(0, actor_end(self->p));
	EXPECT_LT(0, actor_end(q));
}

static long ask_patiently(long desc, long b, long c)
{
	(void)b, (void)c;
	return kc_request("user", (const char *)desc, "told", 0);
}

static long add_taking(long desc, long b, long c)
{
	(void)b, (void)c;
	return add_own("k", shared_text("take %s", (const char *)desc));
}

/* The update of a key waits for another key, that a helper makes for somebody when told */
static void update_waits(struct actor *p, struct actor *q, const char *desc)
{
	actor_begin(q, ask_patiently, (long)desc, 0, 0);
	if (!EVENTUALLY(helper_runs("user", desc) == 1))
		stage_broken("no helper for %s", desc);
	actor_begin(p, add_taking, (long)desc, 0, 0);
	if (!EVENTUALLY(sleeps_in(p, SYS_add_key)))
		stage_broken("the update does not wait for %s", desc);
}

TEST_F(own, update_takes_a_key_that_is_being_made)
{
	long key = ON(self->p, add_own("k", "x"));
	struct actor *q = actor_fork(self->p);
	const char *desc = fresh_desc("own:");

	ASSERT_LT(0, key);
	update_waits(self->p, q, desc);
	tell_helper(desc);
	EXPECT_EQ(key, actor_end(self->p));
	EXPECT_LT(0, actor_end(q));
	EXPECT_STREQ("told", ON(self->p, payload(key)));
	EXPECT_TRUE(alive(1));
}

/* ENODEV: the type goes meanwhile, and nobody waits for the helper to let it go */
TEST_F(own, ours_removed_while_an_update_waits)
{
	struct actor *q = actor_fork(self->p);
	const char *desc = fresh_desc("own:");

	ASSERT_LT(0, ON(self->p, add_own("k", "x")));
	update_waits(self->p, q, desc);
	EXPECT_EQ(0, ik(INKERNEL_TYPE_REMOVE, 0));
	EXPECT_EQ(0, ik(INKERNEL_TYPE_ALIVE, 0));
	EXPECT_TRUE(sleeps_in(self->p, SYS_add_key));
	tell_helper(desc);
	EXPECT_EQ(-ENODEV, actor_end(self->p));
	EXPECT_LT(0, actor_end(q));
	EXPECT_EQ(0, ik(INKERNEL_TYPE_ALIVE, 0));
}

/* EKEYREVOKED: the type that is there when the key can be updated is not the key's */
TEST_F(own, ours_another_type_while_an_update_waits)
{
	struct actor *q = actor_fork(self->p);
	const char *desc = fresh_desc("own:");

	ASSERT_LT(0, ON(self->p, add_own("k", "x")));
	update_waits(self->p, q, desc);
	EXPECT_EQ(0, ik(INKERNEL_TYPE_REMOVE, 0));
	EXPECT_EQ(0, ik(INKERNEL_TYPE_ADD, 0));
	tell_helper(desc);
	EXPECT_EQ(-EKEYREVOKED, actor_end(self->p));
	EXPECT_LT(0, actor_end(q));
	EXPECT_EQ(0, ik(INKERNEL_TYPE_ALIVE, 0));
}

/* Kernel code ends a key of the type: so it ends for programs, too */
TEST_F(own, ended_by_the_kernel)
{
	long key = ON(self->p, add_own("k", "own payload")), slot;

	ASSERT_LT(0, key);
	slot = ON(self->p, ik_request(OWN, "k"));
	ASSERT_LE(0, slot);
	EXPECT_EQ(0, ik(INKERNEL_INVALIDATE, slot));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ik_request(OWN, "k")) == -ENOKEY));
	EXPECT_TRUE(EVENTUALLY(!ON(self->p, ring_holds(RING_S, key))));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_S, OWN, "k", 0)));
}

SELFTEST_MAIN
