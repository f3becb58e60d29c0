// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module is unloaded while code of the kernel uses keys that it found with it.
 */
#include <kselftest_harness.h>

#include "inkernel.h"
#include "loading.h"

/*
 *	p (fresh uid) @s---> "_ses" ---> key ("unload:...") <--- slot, the kernel's
 */
FIXTURE(unload)
{
	const char *path, *desc;
	struct actor *p;
	long slot;
};

FIXTURE_SETUP(unload)
{
	stage_open();
	self->path = getenv("KR_MODULE");
	if (!self->path || !is_loaded())
		SKIP(return, "the module is not loaded");
	inkernel_open();
	self->p = actor_user(fresh_uid());
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->desc = fresh_desc("unload:");
	ASSERT_LT(0, ON(self->p, kc_add_user(self->desc, "held", RING_S)));
	self->slot = ON(self->p, ik_request("user", self->desc));
	ASSERT_STREQ("held", ik_payload(self->slot));
}

FIXTURE_TEARDOWN(unload)
{
	stage_close();
	inkernel_close();
	if (self->path && *self->path && !is_loaded())
		module_load(self->path);
}

/* As after the end of the key's last ring, what the kernel holds is its own to use */
TEST_F_TIMEOUT(unload, while_held, 1200)
{
	ASSERT_EQ(0, module_unload());
	EXPECT_EQ(0, ik_validate(self->slot));
	EXPECT_STREQ("held", ik_payload(self->slot));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request("user", self->desc)));
	ASSERT_EQ(0, module_load(self->path));
	EXPECT_STREQ("held", ik_payload(self->slot));
	EXPECT_EQ(0, ik_put(self->slot));
	EXPECT_EQ(-ENOKEY, ON(self->p, ik_request("user", self->desc)));
	EXPECT_LT(0, ON(self->p, kc_add_user(self->desc, "new", RING_S)));
	EXPECT_STREQ("new", ik_payload(ON(self->p, ik_request("user", self->desc))));
}

/* A revoked one stays revoked */
TEST_F_TIMEOUT(unload, revoked_while_held, 1200)
{
	long key = ON(self->p, kc_search(RING_S, "user", self->desc, 0));

	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	ASSERT_EQ(0, module_unload());
	EXPECT_EQ(-EKEYREVOKED, ik_validate(self->slot));
	EXPECT_STREQ("error -128", ik_payload(self->slot));
	EXPECT_EQ(0, ik_put(self->slot));
}

/* A type goes that the module's keys were of; what nobody holds went with the module */
TEST_F_TIMEOUT(unload, own_type, 1200)
{
	long slot;

	ik(INKERNEL_TYPE_ADD, 0);
	ASSERT_LT(0, ON(self->p, kc_add(INKERNEL_TYPE, "own", "x", 1, RING_S)));
	ASSERT_LT(0, ON(self->p, kc_add(INKERNEL_TYPE, "not held", "y", 1, RING_S)));
	slot = ON(self->p, ik_request(INKERNEL_TYPE, "own"));
	ASSERT_LE(0, slot);
	EXPECT_EQ(2, ik(INKERNEL_TYPE_ALIVE, 0));
	ASSERT_EQ(0, module_unload());
	EXPECT_TRUE(EVENTUALLY(ik(INKERNEL_TYPE_ALIVE, 0) == 1));
	EXPECT_STREQ("x", ik_payload(slot));
	EXPECT_EQ(0, ik(INKERNEL_TYPE_REMOVE, 0));
	EXPECT_EQ(0, ik(INKERNEL_TYPE_ALIVE, 0));
	EXPECT_EQ(-EKEYREVOKED, ik_validate(slot));
	ASSERT_EQ(0, module_load(self->path));
	EXPECT_EQ(-ENODEV, ON(self->p, kc_add(INKERNEL_TYPE, "own", "x", 1, RING_S)));
}

/*
 * EINVAL: a master key from before the load has the name of the one that the process
 * has now. What was saved under it is not loaded with it: neither the first time, when
 * the kernel has to be given ours in the middle of its work, nor the next.
 */
static long load_encrypted(const char *desc, const char *text)
{
	const char *load = shared_text("load %s", text);

	return kc_add("encrypted", desc, load, strlen(load), RING_S);
}

TEST_F_TIMEOUT(unload, older_master_key, 1200)
{
	char *older = shared(32), *newer = shared(32);
	const char *make, *text;
	long key;

	memset(older, 'o', 32);
	memset(newer, 'n', 32);
	make = shared_text("new user:%s 32", self->desc);
	ASSERT_EQ(0, module_unload());
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	ASSERT_LT(0, ON(self->p, kc_add("user", self->desc, older, 32, RING_S)));
	key = ON(self->p, kc_add("encrypted", "k", make, strlen(make), RING_S));
	text = ON(self->p, payload(key));
	ASSERT_EQ(0, strncmp("default user:", text, 13)) TH_LOG("%s", text);
	ASSERT_EQ(0, module_load(self->path));
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	ASSERT_LT(0, ON(self->p, kc_add("user", self->desc, newer, 32, RING_S)));
	EXPECT_EQ(-EINVAL, ON(self->p, load_encrypted("first", text)));
	EXPECT_EQ(-EINVAL, ON(self->p, load_encrypted("second", text)));
	ASSERT_LT(0, ON(self->p, kc_add("user", self->desc, older, 32, RING_S)));
	EXPECT_STREQ(text, ON(self->p, payload(ON(self->p, load_encrypted("k", text)))));
}

/* The error of the process's own key holds, not that of an older one of its name */
TEST_F_TIMEOUT(unload, error_of_an_older_key, 1200)
{
	long older, key;

	ASSERT_EQ(0, module_unload());
	older = ON(self->p, kc_add_user(self->desc, "older", RING_T));
	ASSERT_EQ(0, ON(self->p, kc_setperm(older, PERM_POS(MAY_ALL & ~MAY_SEARCH) |
						   PERM_USR(MAY_SETATTR))));
	EXPECT_EQ(-EACCES, ON(self->p, ik_request("user", self->desc)));
	ASSERT_EQ(0, module_load(self->path));
	EXPECT_EQ(-EACCES, ON(self->p, ik_request("user", self->desc)));
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	key = ON(self->p, kc_add_user(self->desc, "new", RING_S));
	ASSERT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, ik_request("user", self->desc)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, ik_request_how("user", self->desc, NULL, INKERNEL_RCU)));
	/* One that can be had is found */
	ASSERT_EQ(0, ON(self->p, kc_setperm(older, PERM_POS(MAY_ALL))));
	EXPECT_STREQ("older", ik_payload(ON(self->p, ik_request("user", self->desc))));
	EXPECT_STREQ("older", ik_payload(ON(self->p, ik_request_how("user", self->desc, NULL,
								    INKERNEL_RCU))));
}

/* Two rings that hold each other, one by a link and one by a restriction, are in nobody's way */
TEST_F_TIMEOUT(unload, rings_that_hold_each_other, 1200)
{
	long outer = ON(self->p, kc_add_ring("outer", RING_S));
	long inner = ON(self->p, kc_add_ring("inner", outer));

	ASSERT_LT(0, inner);
	EXPECT_EQ(0, ON(self->p, kc_restrict(inner, "asymmetric",
					     shared_text("key_or_keyring:%ld", outer))));
	EXPECT_EQ(0, ON(self->p, kc_unlink(outer, RING_S)));
	actor_leave(self->p);
	EXPECT_EQ(0, module_unload());
	EXPECT_FALSE(is_loaded());
	ASSERT_EQ(0, module_load(self->path));
}

/* A helper of the kernel's is at work meanwhile: it is waited for, or goes on */
static long request_slowly(long desc, long b, long c)
{
	(void)b, (void)c;
	return ik_request_how("user", (char *)desc, "slow", INKERNEL_OVERRIDE);
}

TEST_F_TIMEOUT(unload, while_a_helper_works, 1200)
{
	const char *desc = fresh_desc("slow:");

	actor_begin(self->p, request_slowly, (long)desc, 0, 0);
	EXPECT_TRUE(EVENTUALLY(helper_runs("user", desc) == 1));
	EXPECT_EQ(0, module_unload());
	EXPECT_STREQ("slow", ik_payload(actor_end(self->p)));
	ASSERT_EQ(0, module_load(self->path));
	EXPECT_STREQ("slow", ik_payload(ON(self->p, ik_request_how("user", desc, NULL,
								   INKERNEL_OVERRIDE))));
}

/* Processes find keys while the module comes and goes */
enum { CYCLES = 2 };

static long find_on(long desc, long over, long c)
{
	long n = 0, slot;

	(void)c;
	while (!__atomic_load_n((int *)over, __ATOMIC_SEQ_CST)) {
		kc_add_user((char *)desc, "busy", RING_S);
		slot = ik_request("user", (char *)desc);
		if (slot >= 0) {
			const char *text = ik_payload(slot);

			if (strcmp(text, "busy") && strcmp(text, "error -128"))
				return -EBADMSG;
			ik_put(slot);
			n++;
		} else if (slot != -ENOKEY && slot != -EKEYREVOKED) {
			return slot;
		}
		stage->used = c;
		/* the machine has other things to do */
		nap_ms(20);
	}
	return n;
}

TEST_F_TIMEOUT(unload, while_found, 1200)
{
	int *over = shared(sizeof(*over)), i;
	const char *desc = fresh_desc("busy:");

	actor_begin(self->p, find_on, (long)desc, (long)over, stage->used);
	for (i = 0; i < CYCLES; i++) {
		EXPECT_EQ(0, module_unload());
		EXPECT_EQ(0, module_load(self->path));
	}
	__atomic_store_n(over, 1, __ATOMIC_SEQ_CST);
	EXPECT_LT(0, actor_end(self->p));
}

SELFTEST_MAIN
