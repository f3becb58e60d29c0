// SPDX-License-Identifier: GPL-2.0-only
/*
 * User namespaces: each has keyrings of its own for each UID, which go with its
 * processes and with itself, and who has no UID there shares with nobody.
 *
 * Specified by user-keyring(7), user-session-keyring(7) and user_namespaces(7).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/*
 * User namespaces. Each has its own record of each UID:
 *
 *	director (uid 0)
 *	  +-- n (uid 0 inside = base outside, in a namespace of its own)
 *	  |     +-- m (uid 5 inside = base + 5 outside)
 *	  +-- o (base + 5, in the initial namespace)
 */
FIXTURE(namespace)
{
	struct actor *n, *m, *o;
	uid_t base;
	long us, u, outer, maxkeys;
};

FIXTURE_SETUP(namespace)
{
	stage_open();
	self->maxkeys = sysctl_get("maxkeys");
	REQUIRE_NO_SESSION();
	self->base = fresh_uids(10);
	self->n = actor_userns(self->base, 10);
	self->m = actor_fork(self->n);
	ASSERT_EQ(0, actor_do(self->m, become, 5, 0, 0));
	self->o = actor_user(self->base + 5);
	self->us = ON(self->m, kc_id(RING_US, 0));
	self->u = ON(self->m, kc_id(RING_U, 0));
	self->outer = ON(self->o, kc_id(RING_US, 0));
	ASSERT_LT(0, self->us);
	ASSERT_LT(0, self->u);
	ASSERT_LT(0, self->outer);
}

FIXTURE_TEARDOWN(namespace)
{
	sysctl_set("maxkeys", self->maxkeys);
	stage_close();
}

TEST_F(namespace, rings_of_its_own)
{
	long key = ON(self->m, kc_add_user("k", "v", RING_US));

	EXPECT_NE(self->us, self->outer);
	EXPECT_EQ(-ENOKEY, ON(self->o, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(-EACCES, ON(self->n, kc_read(key, NULL, 0)));
	EXPECT_STREQ("keyring;5;65534;1f3f0000;_uid_ses.5",
		     ON(self->m, description(RING_US)));
	EXPECT_STREQ("keyring;5;65534;1f3f0000;_uid.5",
		     ON(self->m, description(RING_U)));
	EXPECT_EQ(1, ON(self->m, ring_holds(RING_US, self->u)));
	EXPECT_STREQ(shared_text("keyring;%u;65534;1f3f0000;_uid_ses.%u",
				 self->base + 5, self->base + 5),
		     ON(self->o, description(RING_US)));
}

TEST_F(namespace, shared_inside)
{
	struct actor *q = actor_fork(self->n);

	EXPECT_NE(self->us, ON(self->n, kc_id(RING_US, 0)));
	ASSERT_EQ(0, actor_do(q, become, 5, 0, 0));
	EXPECT_EQ(self->us, ON(q, kc_id(RING_US, 0)));
	EXPECT_EQ(self->u, ON(q, kc_id(RING_U, 0)));
}

TEST_F(namespace, rings_go_with_it)
{
	long us0 = ON(self->n, kc_id(RING_US, 0));

	EXPECT_LT(0, us0);
	actor_leave(self->m);
	actor_leave(self->n);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_TRUE(key_goes(us0));
	EXPECT_FORGOTTEN(self->base);
	/* those outside stay */
	EXPECT_EQ(self->outer, ON(self->o, kc_id(RING_US, 0)));
}

TEST_F(namespace, ours_rings_go_with_the_last_process_inside)
{
	/* one UID outside: whoever has it pins the rings in every namespace */
	actor_leave(self->o);
	EXPECT_TRUE(key_stays(self->outer));
	EXPECT_TRUE(key_stays(self->us));
	actor_leave(self->m);
	EXPECT_TRUE(key_goes(self->outer));
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_FORGOTTEN(self->base + 5);
	/* and the next one inside gets new ones */
	self->m = actor_fork(self->n);
	ASSERT_EQ(0, actor_do(self->m, become, 5, 0, 0));
	EXPECT_NE(self->us, ON(self->m, kc_id(RING_US, 0)));
}

/* EDQUOT: with rings or without, there are no more records of a UID than it may have keys */
TEST_F(namespace, ours_no_more_records_than_keys)
{
	struct actor *n[8], *m;
	long us = 0, u;
	int i;

	ASSERT_EQ(0, sysctl_set("maxkeys", 6));
	for (i = 0; i < 8; i++) {
		n[i] = actor_userns(self->base, 10);
		m = actor_fork(n[i]);
		ASSERT_EQ(0, actor_do(m, become, 5, 0, 0));
		us = ON(m, kc_id(RING_US, 0));
		if (us < 0)
			break;
		u = ON(m, kc_id(RING_U, 0));
		EXPECT_EQ(0, ON(m, kc_invalidate(us)));
		EXPECT_EQ(0, ON(m, kc_invalidate(u)));
		EXPECT_TRUE(EVENTUALLY(keys_charged(self->base + 5) == 4));
	}
	EXPECT_EQ(-EDQUOT, us);
	EXPECT_EQ(4, i);	/* two have been there before */
	actor_leave(self->m);
	actor_leave(self->n);
	EXPECT_TRUE(EVENTUALLY(ON(m, kc_id(RING_US, 0)) > 0));
}

/* Who is given several UIDs outside has an account for each, and none is charged twice */
TEST_F(namespace, each_uid_has_its_own_account)
{
	struct actor *q = actor_fork(self->n);

	ASSERT_EQ(0, actor_do(q, become, 6, 0, 0));
	ASSERT_LT(0, ON(self->m, kc_add_user("k", "v", RING_P)));
	EXPECT_EQ(0, keys_charged(self->base + 6));
	ASSERT_EQ(0, sysctl_set("maxkeys", keys_charged(self->base + 5)));
	EXPECT_EQ(-EDQUOT, ON(self->m, kc_add_user("l", "v", RING_P)));
	/* a namespace of its own gives this one no more, nor does what another UID has left */
	ASSERT_EQ(0, actor_do(self->o, unshare_userns, 0, 0, 0));
	EXPECT_EQ(-EDQUOT, ON(self->o, kc_add_user("l", "v", RING_P)));
	EXPECT_LT(0, ON(q, kc_add_user("l", "v", RING_P)));
	EXPECT_EQ(2, keys_charged(self->base + 6));
	EXPECT_EQ(0, keys_charged(self->base));
}

/* Every capability, but in there: as good as none for who owns a key */
TEST_F(namespace, root_inside_is_no_administrator)
{
	long own = ON(self->n, kc_add_user("own", "v", RING_P));
	long key = ON(self->m, kc_add_user("k", "v", RING_P));

	ASSERT_LT(0, own);
	EXPECT_EQ(0, ON(self->m, kc_setperm(key, PERM_OTH(MAY_ALL))));
	EXPECT_EQ(-EACCES, ON(self->n, kc_setperm(key, 0x3f3f3f3f)));
	EXPECT_EQ(-EACCES, ON(self->n, kc_chown(key, 0, -1)));
	EXPECT_EQ(-EACCES, ON(self->n, kc_chown(key, -1, 7)));
	EXPECT_EQ(-EACCES, ON(self->n, kc_chown(own, 5, -1)));
	EXPECT_EQ(-EACCES, ON(self->n, kc_chown(own, -1, 5)));
	/* EINVAL: a number that is nobody's in there */
	EXPECT_EQ(-EINVAL, ON(self->n, kc_chown(own, 10, -1)));
	EXPECT_EQ(-EINVAL, ON(self->n, kc_chown(own, -1, 10)));
	EXPECT_EQ(0, ON(self->n, kc_chown(own, 0, 0)));
	EXPECT_EQ(0, ON(self->n, kc_setperm(own, 0x3f3f3f3f)));
	/* who has the capability outside, has it */
	EXPECT_EQ(0, kc_chown(key, self->base, self->base));
	EXPECT_EQ(0, ON(self->m, uid_of(key)));
}

/* Nor does its root set limits */
TEST_F(namespace, root_inside_sets_no_limits)
{
	EXPECT_EQ(-EACCES, actor_do(self->n, sysctl_set_into, (long)"maxkeys", self->maxkeys, 0));
}

/* A ring of a namespace that is gone may live on in a session, like any other */
TEST_F(namespace, ring_outlives_it_when_linked)
{
	struct actor *keeper = actor_fork(NULL), *n;
	uid_t base = fresh_uids(10);
	long us, key;

	ASSERT_LT(0, ON(keeper, kc_join(NULL)));
	n = actor_fork(keeper);
	ASSERT_EQ(0, actor_do(n, unshare_userns, 0, 0, 0));
	map_ids(n, base, 10);
	ASSERT_EQ(0, actor_do(n, become, 3, 0, 0));
	us = ON(n, kc_id(RING_US, 0));
	key = ON(n, kc_add_user("k", "v", RING_US));
	EXPECT_EQ(0, ON(n, kc_link(RING_US, RING_S)));
	actor_leave(n);
	EXPECT_TRUE(key_stays(us));
	EXPECT_STREQ("v", ON(keeper, payload(key)));
	EXPECT_EQ(0, ON(keeper, kc_clear(RING_S)));
	EXPECT_TRUE(key_goes(us));
	EXPECT_FORGOTTEN(base + 3);
}

/*
 * UIDs that a namespace does not map have no number in it, but they are not one
 * and the same user:
 *
 *	a (uid A) ---unshare---> namespace, no UID mapped
 *	b (uid B, or 0) ---setns---> the same
 */
FIXTURE(unmapped)
{
	struct actor *a, *b;
	uid_t uid_a, uid_b;
	int ns;
};

FIXTURE_VARIANT(unmapped)
{
	bool root;
};

FIXTURE_VARIANT_ADD(unmapped, two_users) {};
FIXTURE_VARIANT_ADD(unmapped, user_and_root) { .root = true };

static long enter_ns(long fd, long b, long c)
{
	(void)b, (void)c;
	return setns(fd, CLONE_NEWUSER) ? -errno : 0;
}

FIXTURE_SETUP(unmapped)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->uid_a = fresh_uid();
	self->uid_b = variant->root ? 0 : fresh_uid();
	self->a = actor_user(self->uid_a);
	ASSERT_EQ(0, actor_do(self->a, unshare_userns, 0, 0, 0));
	self->ns = open(shared_text("/proc/%d/ns/user", self->a->pid),
			O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->ns);
	self->b = actor_fork(NULL);
	/* setns(2) wants a capability */
	if (!variant->root) {
		ASSERT_EQ(0, actor_do(self->b, become_capable, self->uid_b, CAP_SYS_ADMIN, 0));
	}
	ASSERT_EQ(0, actor_do(self->b, enter_ns, self->ns, 0, 0));
}

FIXTURE_TEARDOWN(unmapped)
{
	stage_close();
}

/* They may be refused keyrings, or have some, but not the same */
TEST_F(unmapped, ours_never_share)
{
	long a = ON(self->a, kc_id(RING_US, 0));
	long b = ON(self->b, kc_id(RING_US, 0));
	long key = ON(self->a, kc_add_user("k", "a secret", RING_U));

	EXPECT_TRUE(a < 0 || a != b)
		TH_LOG("%ld is the user-session keyring of both", a);
	a = ON(self->a, kc_id(RING_U, 0));
	b = ON(self->b, kc_id(RING_U, 0));
	EXPECT_TRUE(a < 0 || a != b)
		TH_LOG("%ld is the user keyring of both", a);
	EXPECT_GT(0, ON(self->b, kc_search(RING_U, "user", "k", 0)));
	EXPECT_GT(0, ON(self->b, kc_request("user", "k", NULL, 0)));
	EXPECT_GT(0, ON(self->b, kc_read(key, NULL, 0)));
	EXPECT_GT(0, ON(self->b, kc_search(RING_S, "user", "k", 0)));
}

/* The rings of a UID are its own also when it has another name */
TEST_F(unmapped, ours_rings_stay_when_the_uid_is_mapped)
{
	long u = ON(self->a, kc_id(RING_U, 0)), us = ON(self->a, kc_id(RING_US, 0));

	ASSERT_LT(0, u);
	map_ids(self->a, self->uid_a, 1);
	EXPECT_EQ(u, ON(self->a, kc_id(RING_U, 0)));
	EXPECT_EQ(us, ON(self->a, kc_id(RING_US, 0)));
	EXPECT_NE(NULL, strstr(ON(self->a, description(u)), ";_uid.4294967295"));
	EXPECT_EQ(us, ON(self->a, kc_id(RING_S, 0)));
}

/* Persistent keyrings are known by the number of their UID */
TEST_F(unmapped, ours_no_persistent_ring)
{
	unsigned char caps[2] = { 0 };

	kc_capabilities(caps, sizeof(caps));
	ASSERT_LT(0, ON(self->a, kc_join(NULL)));
	EXPECT_EQ(caps[0] & CAPS0_PERSISTENT ? -EINVAL : -EOPNOTSUPP,
		  ON(self->a, kc_persistent(-1, RING_S)));
}

/* Nor do they share with those who are mapped, inside or outside */
TEST_F(unmapped, nothing_in_common_with_the_mapped)
{
	struct actor *o = actor_user(self->uid_a);
	long a = ON(self->a, kc_id(RING_US, 0));
	long out = ON(o, kc_id(RING_US, 0));

	EXPECT_LT(0, out);
	EXPECT_NE(a, out);
	EXPECT_NE(ON(self->b, kc_id(RING_US, 0)), out);
}

TEST_F(unmapped, ours_rings_go_with_the_last_process)
{
	long a = ON(self->a, kc_id(RING_US, 0));

	/* b keeps the namespace alive */
	actor_leave(self->a);
	if (a > 0) {
		EXPECT_TRUE(key_goes(a));
	}
	EXPECT_FORGOTTEN(self->uid_a);
}

SELFTEST_MAIN
