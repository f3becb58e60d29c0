// SPDX-License-Identifier: GPL-2.0-only
/*
 * Code of the kernel has found a key of a process and holds it: it sees what
 * becomes of the key, and what it holds stays usable for as long as it holds it.
 */
#include <kselftest_harness.h>

#include "inkernel.h"

/*
 *	p (fresh uid) @s---> "_ses" ---> key ("held:...": "first") <--- slot, the kernel's
 *	                            ---> another
 */
FIXTURE(held)
{
	struct actor *p;
	uid_t uid;
	const char *desc;
	long key, slot;
};

FIXTURE_VARIANT(held)
{
	const char *type;
	bool by_serial;
};

FIXTURE_VARIANT_ADD(held, user) { .type = "user" };
FIXTURE_VARIANT_ADD(held, logon) { .type = "logon" };
FIXTURE_VARIANT_ADD(held, user_by_serial) { .type = "user", .by_serial = true };

static long find(struct actor *p, const char *type, const char *desc, long key)
{
	return key ? ON(p, ik_lookup(key, NEED_SEARCH)) : ON(p, ik_request(type, desc));
}

FIXTURE_SETUP(held)
{
	stage_open();
	inkernel_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->desc = fresh_desc("held:");
	self->key = ON(self->p, kc_add(variant->type, self->desc, "first", 5, RING_S));
	ASSERT_LT(0, self->key);
	ASSERT_LT(0, ON(self->p, kc_add(variant->type, "held:another", "other", 5, RING_S)));
	self->slot = find(self->p, variant->type, self->desc,
			  variant->by_serial ? self->key : 0);
	ASSERT_LE(0, self->slot);
	ASSERT_EQ(0, ik_validate(self->slot));
}

FIXTURE_TEARDOWN(held)
{
	(void)variant;
	stage_close();
	inkernel_close();
}

/* Nothing is left to use of a revoked key */
TEST_F(held, revoked)
{
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	EXPECT_EQ(-EKEYREVOKED, ik_validate(self->slot));
	EXPECT_STREQ("error -128", ik_payload(self->slot));
	EXPECT_EQ(0, ik_put(self->slot));
}

/* How many pieces of memory of 4 to 8 KiB the kernel has given away */
static long pieces_of_8k(void)
{
	FILE *f = fopen("/proc/slabinfo", "re");
	char line[512], name[64];
	long active, sum = 0;

	if (!f)
		stage_broken("/proc/slabinfo: %d", errno);
	for (int counting = 0; counting < 2; counting++) {
		rewind(f);
		while (fgets(line, sizeof(line), f)) {
			if (sscanf(line, "%63s %ld", name, &active) != 2 ||
			    strncmp(name, "kmalloc-", 8) || !strstr(name, "-8k"))
				continue;
			if (counting)
				sum += active;
			else
				slab_shrink(name);
		}
	}
	fclose(f);
	return sum;
}

/* Nor in memory: who has a secret revoked wants it gone, and is charged for it no more */
TEST_F(held, no_bytes_are_kept_of_revoked_keys)
{
	enum { KEYS = 60, LEN = 5000 };
	long keys[KEYS], before, max = sysctl_get("maxbytes");
	char *bytes = shared(LEN);
	int i;

	memset(bytes, 's', LEN);
	ASSERT_EQ(0, sysctl_set("maxbytes", 2 * KEYS * LEN));
	before = pieces_of_8k();
	ASSERT_LT(0, before);
	for (i = 0; i < KEYS; i++) {
		const char *desc = shared_text("held:big%d", i);

		keys[i] = ON(self->p, kc_add(variant->type, desc, bytes, LEN, RING_S));
		ASSERT_LT(0, keys[i]);
		ASSERT_EQ(0, ik_try(find(self->p, variant->type, desc,
					 variant->by_serial ? keys[i] : 0)));
	}
	EXPECT_GT(pieces_of_8k(), before + KEYS / 2);
	for (i = 0; i < KEYS; i++)
		EXPECT_EQ(0, ON(self->p, kc_revoke(keys[i])));
	EXPECT_TRUE(EVENTUALLY(pieces_of_8k() < before + KEYS / 2));
	ASSERT_EQ(0, sysctl_set("maxbytes", max));
}

TEST_F(held, updated)
{
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "the second", 10)));
	EXPECT_EQ(0, ik_validate(self->slot));
	EXPECT_STREQ("the second", ik_payload(self->slot));
	/* add_key(2) updates, too */
	EXPECT_EQ(self->key, ON(self->p, kc_add(variant->type, self->desc, "3rd", 3, RING_S)));
	EXPECT_STREQ("3rd", ik_payload(self->slot));
	EXPECT_EQ(0, ik_validate(self->slot));
}

/* An update that is refused changes nothing for the holder, either */
TEST_F(held, update_refused)
{
	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(self->key, "", 0)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_update(self->key, (void *)8, 4)));
	EXPECT_STREQ("first", ik_payload(self->slot));
}

/* A built-in key that could not be brought up to date is given to nobody any more */
TEST_F(held, ours_update_that_fails)
{
	EXPECT_EQ(0, ik(INKERNEL_FREEZE, self->slot));
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "the second", 10)));
	EXPECT_STREQ("first", ik_payload(self->slot));
	EXPECT_EQ(-EACCES, find(self->p, variant->type, self->desc,
				variant->by_serial ? self->key : 0));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request_how(variant->type, self->desc, NULL,
						      INKERNEL_RCU)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	EXPECT_EQ(-EKEYREVOKED, ik_validate(self->slot));
}

/* What is updated is passed on to kernel code: security modules have no say in that */
TEST_F(held, ours_update_that_a_policy_denies)
{
	EXPECT_EQ(0, ik(INKERNEL_DENY_WRITE, self->uid));
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "the second", 10)));
	EXPECT_STREQ("the second", ik_payload(self->slot));
	EXPECT_LE(0, find(self->p, variant->type, self->desc,
			  variant->by_serial ? self->key : 0));
	EXPECT_EQ(0, ik(INKERNEL_DENY_WRITE, -1));
}

TEST_F(held, expired)
{
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 1)));
	EXPECT_TRUE(EVENTUALLY(ik_validate(self->slot) == -EKEYEXPIRED));
	EXPECT_EQ(-ENOKEY, find(self->p, variant->type, self->desc, 0));
}

/* A time that was set before the kernel found the key counts as well */
TEST_F(held, expires_as_set_before)
{
	long slot;

	EXPECT_EQ(0, ik_put(self->slot));
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 5)));	/* to be found before */
	slot = find(self->p, variant->type, self->desc, variant->by_serial ? self->key : 0);
	EXPECT_LE(0, slot);
	EXPECT_TRUE(EVENTUALLY(ik_validate(slot) == -EKEYEXPIRED));
}

TEST_F(held, expiry_taken_back)
{
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 3)));
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 0)));
	nap_ms(3100);
	EXPECT_EQ(0, ik_validate(self->slot));
	EXPECT_STREQ("first", ik_payload(self->slot));
}

/* An update lifts the time of expiry of these types, and revives what has expired */
TEST_F(held, revived_by_an_update)
{
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 1)));
	EXPECT_TRUE(EVENTUALLY(ik_validate(self->slot) == -EKEYEXPIRED));
	EXPECT_EQ(self->key, ON(self->p, kc_add(variant->type, self->desc, "back", 4, RING_S)));
	EXPECT_EQ(0, ik_validate(self->slot));
	EXPECT_STREQ("back", ik_payload(self->slot));
}

TEST_F(held, invalidated)
{
	EXPECT_EQ(0, ON(self->p, kc_invalidate(self->key)));
	EXPECT_EQ(-ENOKEY, ik_validate(self->slot));
}

/* Kernel code itself ends the key that it holds: to the kernel it has ended ... */
TEST_F(held, revoked_by_the_kernel)
{
	EXPECT_EQ(0, ik(INKERNEL_REVOKE, self->slot));
	EXPECT_EQ(-EKEYREVOKED, ik_validate(self->slot));
	EXPECT_EQ(-EKEYREVOKED, find(self->p, variant->type, self->desc,
				     variant->by_serial ? self->key : 0));
	/* ... and to programs, once the kernel has looked for it */
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_search(RING_S, variant->type, self->desc, 0)));
}

TEST_F(held, invalidated_by_the_kernel)
{
	EXPECT_EQ(0, ik(INKERNEL_INVALIDATE, self->slot));
	EXPECT_TRUE(EVENTUALLY(find(self->p, variant->type, self->desc,
				    variant->by_serial ? self->key : 0) == -ENOKEY));
	EXPECT_TRUE(EVENTUALLY(!ON(self->p, ring_holds(RING_S, self->key))));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_S, variant->type, self->desc, 0)));
	EXPECT_LT(0, ON(self->p, kc_add(variant->type, self->desc, "new", 3, RING_S)));
	EXPECT_STREQ("new", ik_payload(find(self->p, variant->type, self->desc, 0)));
}

/* Code that may not sleep does not get a dead key, either */
TEST_F(held, ended_before_a_look_that_does_not_sleep)
{
	EXPECT_EQ(0, ik(INKERNEL_INVALIDATE, self->slot));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ik_request_how(variant->type, self->desc, NULL,
							  INKERNEL_RCU)) == -ENOKEY));
}

/* Without a link it cannot be found any more, but held it stays usable */
TEST_F(held, unlinked)
{
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->key, RING_S)));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request(variant->type, self->desc)));
	EXPECT_EQ(0, ik_validate(self->slot));
	EXPECT_STREQ("first", ik_payload(self->slot));
}

TEST_F(held, ring_cleared)
{
	EXPECT_EQ(0, ON(self->p, kc_clear(RING_S)));
	EXPECT_EQ(0, ik_validate(self->slot));
	EXPECT_STREQ("first", ik_payload(self->slot));
}

/* Nor does it matter to the holder that the process ends */
TEST_F(held, process_gone)
{
	actor_leave(self->p);
	nap_ms(200);
	EXPECT_EQ(0, ik_validate(self->slot));
	EXPECT_STREQ("first", ik_payload(self->slot));
}

/* A new key of the description is another one */
TEST_F(held, replaced)
{
	long slot;

	EXPECT_EQ(0, ON(self->p, kc_unlink(self->key, RING_S)));
	EXPECT_LT(0, ON(self->p, kc_add(variant->type, self->desc, "new", 3, RING_S)));
	slot = find(self->p, variant->type, self->desc, 0);
	EXPECT_STREQ("new", ik_payload(slot));
	EXPECT_STREQ("first", ik_payload(self->slot));
	EXPECT_NE(ik_serial(self->slot), ik_serial(slot));
}

/* Found again, it is the same key, however and by whomever */
TEST_F(held, same_key_each_time)
{
	struct actor *child = actor_fork(self->p);
	long slots[3];
	int i;

	slots[0] = ON(self->p, ik_request(variant->type, self->desc));
	slots[1] = ON(self->p, ik_lookup(self->key, NEED_SEARCH));
	slots[2] = ON(child, ik_request_how(variant->type, self->desc, NULL, INKERNEL_RCU));
	for (i = 0; i < 3; i++) {
		ASSERT_LE(0, slots[i]);
		EXPECT_EQ(ik_serial(self->slot), ik_serial(slots[i]));
	}
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "changed", 7)));
	for (i = 0; i < 3; i++)
		EXPECT_STREQ("changed", ik_payload(slots[i]));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-EKEYREVOKED, ik_validate(slots[i]));
}

/* Permissions are asked when it is found, not later */
TEST_F(held, permissions_taken_away)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_SETATTR))));
	EXPECT_EQ(-EACCES, find(self->p, variant->type, self->desc,
				variant->by_serial ? self->key : 0));
	EXPECT_EQ(0, ik_validate(self->slot));
	EXPECT_STREQ("first", ik_payload(self->slot));
}

/* Being found costs the user nothing */
TEST_F(held, no_quota)
{
	int keys, bytes, i;

	EXPECT_EQ(0, ik_put(self->slot));
	keys = keys_charged(self->uid);
	bytes = bytes_charged(self->uid);
	for (i = 0; i < 20; i++)
		ASSERT_LE(0, ON(self->p, ik_request(variant->type, self->desc)));
	EXPECT_EQ(keys, keys_charged(self->uid));
	EXPECT_EQ(bytes, bytes_charged(self->uid));
}

/* Nor does a user at the limit keep the kernel from finding what is there */
TEST_F(held, found_at_the_limit)
{
	long max = sysctl_get("maxkeys");
	long slot;

	ASSERT_EQ(0, sysctl_set("maxkeys", keys_charged(self->uid)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("one more", "x", RING_S)));
	slot = ON(self->p, ik_request(variant->type, "held:another"));
	ASSERT_EQ(0, sysctl_set("maxkeys", max));
	EXPECT_STREQ("other", ik_payload(slot));
}

/* A holder that lets go leaves the user's key as it was */
TEST_F(held, let_go)
{
	EXPECT_EQ(0, ik_put(self->slot));
	nap_ms(100);
	EXPECT_EQ(0, strncmp(variant->type, ON(self->p, description(self->key)),
			     strlen(variant->type)));
	self->slot = ON(self->p, ik_request(variant->type, self->desc));
	EXPECT_STREQ("first", ik_payload(self->slot));
}

SELFTEST_MAIN
