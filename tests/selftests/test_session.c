// SPDX-License-Identifier: GPL-2.0-only
/*
 * Session keyrings: joining one by name, a new one, an anonymous one.
 *
 * Specified by session-keyring(7), keyctl_join_session_keyring(3).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

enum { PERM_ANONYMOUS = 0x3f030000, PERM_NAMED = 0x3f130000 };

/*
 * Two processes of one UID and one of another:
 *
 *	p, q (same fresh uid)		r (another)
 */
FIXTURE(join)
{
	struct actor *p, *q, *r;
	uid_t uid;
	char *name;		/* that nobody else uses */
};

FIXTURE_SETUP(join)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->q = actor_user(self->uid);
	self->r = actor_user(fresh_uid());
	self->name = shared_text("session of %u", self->uid);
}

FIXTURE_TEARDOWN(join)
{
	stage_close();
}

TEST_F(join, anonymous)
{
	long first = ON(self->p, kc_join(NULL)), second;

	ASSERT_LT(0, first);
	EXPECT_EQ(first, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_STREQ(shared_text("keyring;%u;%u;%08x;_ses", self->uid,
				 self->uid, PERM_ANONYMOUS),
		     ON(self->p, description(RING_S)));
	EXPECT_EQ(0, ON(self->p, ring_size(RING_S)));
	/* another each time; the old one goes */
	second = ON(self->p, kc_join(NULL));
	EXPECT_NE(first, second);
	EXPECT_EQ(second, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_TRUE(key_goes(first));
	/* and never the one of another process */
	EXPECT_NE(second, ON(self->q, kc_join(NULL)));
}

TEST_F(join, new_name)
{
	long ses = ON(self->p, kc_join(self->name));

	ASSERT_LT(0, ses);
	EXPECT_EQ(ses, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_STREQ(shared_text("keyring;%u;%u;%08x;%s", self->uid, self->uid,
				 PERM_NAMED, self->name),
		     ON(self->p, description(RING_S)));
	EXPECT_EQ(0, ON(self->p, ring_size(RING_S)));
}

/* An existing ring can be joined by those who may search it */
TEST_F(join, existing_name)
{
	long ses = ON(self->p, kc_join(self->name));
	long key = ON(self->p, kc_add_user("k", "v", RING_S));

	EXPECT_EQ(0, ON(self->p, kc_setperm(RING_S, PERM_NAMED |
						    PERM_USR(MAY_SEARCH))));
	EXPECT_EQ(ses, ON(self->q, kc_join(self->name)));
	EXPECT_EQ(ses, ON(self->q, kc_id(RING_S, 0)));
	EXPECT_STREQ("v", ON(self->q, payload(key)));
	/* it lives on with the second when the first leaves */
	actor_leave(self->p);
	EXPECT_TRUE(key_stays(ses));
	EXPECT_STREQ("v", ON(self->q, payload(key)));
	actor_leave(self->q);
	EXPECT_TRUE(key_goes(ses));
	EXPECT_TRUE(key_goes(key));
}

/* Of several rings of a name it is the oldest, whoever made the others */
TEST_F(join, oldest_of_a_name)
{
	long old = ON(self->p, kc_join(self->name)), other;

	ASSERT_EQ(0, ON(self->p, kc_setperm(old, PERM_POS(MAY_ALL) | PERM_USR(MAY_SEARCH))));
	other = ON(self->r, kc_add_ring(self->name, RING_U));
	ASSERT_LT(0, other);
	EXPECT_EQ(0, ON(self->r, kc_setperm(other, PERM_POS(MAY_ALL) | PERM_OTH(MAY_SEARCH))));
	EXPECT_EQ(old, ON(self->q, kc_join(self->name)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(old)));
	EXPECT_EQ(other, ON(self->p, kc_join(self->name)));
}

/*
 * Without SEARCH for the caller's class it is passed over: possession does not
 * count, and a second ring of that name is made.
 */
TEST_F(join, unsearchable_name)
{
	long ses = ON(self->p, kc_join(self->name));
	long other = ON(self->q, kc_join(self->name));

	EXPECT_LT(0, other);
	EXPECT_NE(ses, other);
	EXPECT_EQ(ses, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_STREQ(shared_text("keyring;%u;%u;%08x;%s", self->uid, self->uid,
				 PERM_NAMED, self->name),
		     ON(self->q, description(RING_S)));
	/* not even its own holder finds it */
	EXPECT_NE(ses, ON(self->p, kc_join(self->name)));
	EXPECT_TRUE(key_goes(ses));
}

TEST_F(join, across_uids)
{
	long ses = ON(self->p, kc_join(self->name)), key;

	key = ON(self->p, kc_add_user("k", "v", RING_S));
	EXPECT_EQ(0, ON(self->p, kc_setperm(RING_S, PERM_NAMED |
						    PERM_USR(MAY_SEARCH))));
	EXPECT_NE(ses, ON(self->r, kc_join(self->name)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(RING_S, PERM_NAMED |
						    PERM_OTH(MAY_SEARCH))));
	self->r = actor_user(fresh_uid());
	EXPECT_EQ(ses, ON(self->r, kc_join(self->name)));
	EXPECT_STREQ("v", ON(self->r, payload(key)));
	EXPECT_EQ(self->uid, ON(self->r, uid_of(RING_S)));
}

TEST_F(join, bad_names)
{
	long ses = ON(self->p, kc_join(self->name));

	EXPECT_EQ(-EPERM, ON(self->p, kc_join(".")));
	EXPECT_EQ(-EPERM, ON(self->p, kc_join(".builtin_trusted_keys")));
	EXPECT_EQ(-EPERM, ON(self->p, kc_join(".hidden")));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_join("")));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_join(shared_text("%0*d", MAX_DESC + 1,
							   1))));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_join((char *)8)));
	/* nothing has changed */
	EXPECT_EQ(ses, ON(self->p, kc_id(RING_S, 0)));
}

TEST_F(join, longest_name)
{
	char *name = shared_text("%0*d", MAX_DESC, 1);
	long ses = ON(self->p, kc_join(name));

	ASSERT_LT(0, ses);
	EXPECT_STREQ(shared_text("keyring;%u;%u;%08x;%s", self->uid, self->uid,
				 PERM_NAMED, name),
		     ON(self->p, description(RING_S)));
}

/* Joining the ring that is in force changes nothing, and returns 0: programs know it */
TEST_F(join, own_name_again)
{
	long ses = ON(self->p, kc_join(self->name));
	int i;

	EXPECT_EQ(0, ON(self->p, kc_setperm(RING_S, PERM_NAMED |
						    PERM_USR(MAY_SEARCH))));
	for (i = 0; i < 300; i++)
		ASSERT_EQ(0, ON(self->p, kc_join(self->name)));
	EXPECT_EQ(ses, ON(self->p, kc_id(RING_S, 0)));
	/* no reference was lost or gained on the way */
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(ses));
}

TEST_F(join, revoked_name)
{
	long ses = ON(self->p, kc_join(self->name)), other;

	EXPECT_EQ(0, ON(self->p, kc_setperm(RING_S, 0x3f3f0000)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(RING_S)));
	other = ON(self->q, kc_join(self->name));
	EXPECT_LT(0, other);
	EXPECT_NE(ses, other);
}

/* A name that is gone is new again */
TEST_F(join, name_of_a_ring_that_is_gone)
{
	long ses = ON(self->p, kc_join(self->name)), other;

	EXPECT_EQ(0, ON(self->p, kc_setperm(RING_S, 0x3f3f0000)));
	EXPECT_LT(0, ON(self->p, kc_add_user("k", "v", RING_S)));
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(ses));
	other = ON(self->q, kc_join(self->name));
	EXPECT_LT(0, other);
	EXPECT_NE(ses, other);
	EXPECT_EQ(0, ON(self->q, ring_size(RING_S)));
}

/* Any ring has a name, not only those made by joining */
TEST_F(join, ring_made_by_add_key)
{
	long ring = ON(self->p, kc_add_ring(self->name, RING_P));
	long later = ON(self->p, kc_add_ring(self->name, RING_T));

	/* of several the oldest that the caller may search */
	EXPECT_EQ(0, ON(self->p, kc_setperm(later, 0x3f3f0000)));
	EXPECT_EQ(later, ON(self->q, kc_join(self->name)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(ring, 0x3f3f0000)));
	EXPECT_EQ(ring, ON(self->q, kc_join(self->name)));
}

/* The rings of a UID can be joined by name as well: their owner may search them */
TEST_F(join, user_session_by_name)
{
	char *name = shared_text("_uid_ses.%u", self->uid);
	long us = ON(self->p, kc_id(RING_US, 0));

	ASSERT_LT(0, us);
	EXPECT_EQ(us, ON(self->q, kc_join(name)));
	EXPECT_EQ(us, ON(self->q, kc_id(RING_S, 0)));
	EXPECT_NE(us, ON(self->r, kc_join(name)));
	/* writing to it replaces it, as if it had been attached */
	EXPECT_LT(0, ON(self->q, kc_add_user("k", "v", RING_S)));
	EXPECT_NE(us, ON(self->q, kc_id(RING_S, 0)));
}

/* The anonymous ones are called _ses, but cannot be joined by that name */
TEST_F(join, anonymous_name)
{
	long ses = ON(self->p, kc_join(NULL));
	long named = ON(self->q, kc_join("_ses"));

	EXPECT_NE(ses, named);
	EXPECT_EQ(PERM_NAMED, ON(self->q, perm_of(RING_S)));
}

TEST_F(join, replaces_an_attached_user_session)
{
	struct actor *n;
	long us, ses;

	REQUIRE_NO_SESSION();
	n = actor_user(self->uid);
	us = ON(n, kc_id(RING_S, 0));
	ses = ON(n, kc_join(NULL));
	EXPECT_NE(us, ses);
	EXPECT_EQ(ses, ON(n, kc_id(RING_S, 1)));
	EXPECT_EQ(us, ON(n, kc_id(RING_US, 0)));
	/* the new one leads nowhere: pam_keyinit(8) adds that link */
	EXPECT_EQ(0, ON(n, ring_size(RING_S)));
}

/* Names are those of the user namespace */
TEST_F(join, names_in_user_namespaces)
{
	uid_t base = fresh_uids(10);
	struct actor *n = actor_userns(base, 10), *m;
	struct actor *outside = actor_user(base);
	long ses, inner;

	ses = ON(outside, kc_join(self->name));
	EXPECT_EQ(0, ON(outside, kc_setperm(RING_S, PERM_POS(MAY_ALL) |
						    PERM_USR(MAY_ALL) |
						    PERM_OTH(MAY_ALL))));
	/* the same UID, even, but inside */
	inner = ON(n, kc_join(self->name));
	EXPECT_LT(0, inner);
	EXPECT_NE(ses, inner);
	EXPECT_EQ(0, ON(n, kc_setperm(RING_S, PERM_POS(MAY_ALL) |
					      PERM_USR(MAY_ALL) |
					      PERM_OTH(MAY_ALL))));
	/* and the other way round */
	EXPECT_EQ(ses, ON(self->p, kc_join(self->name)));
	/* those inside find each other */
	m = actor_fork(n);
	EXPECT_LT(0, ON(m, kc_join(NULL)));
	EXPECT_EQ(0, actor_do(m, become, 7, 0, 0));
	EXPECT_EQ(inner, ON(m, kc_join(self->name)));
}

/* Revoking one's session leaves one with a revoked session */
TEST_F(join, revoked_session)
{
	long ses = ON(self->p, kc_join(NULL)), fresh, key;
	struct actor *child;

	key = ON(self->p, kc_add_user("k", "v", RING_S));
	child = actor_fork(self->p);
	EXPECT_EQ(0, ON(self->p, kc_revoke(RING_S)));
	EXPECT_TRUE(key_goes(key));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_id(RING_S, 1)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_add_user("k", "v", RING_S)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_read(RING_S, NULL, 0)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_clear(RING_S)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_to_parent()));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", "k", NULL, 0)));
	/* it is everybody's who has it */
	EXPECT_EQ(-EKEYREVOKED, ON(child, kc_id(RING_S, 0)));
	EXPECT_EQ(-EKEYREVOKED, ON(actor_fork(self->p), kc_id(RING_S, 0)));
	/* joining another is the way out */
	fresh = ON(self->p, kc_join(NULL));
	EXPECT_LT(0, fresh);
	EXPECT_NE(ses, fresh);
	EXPECT_LT(0, ON(self->p, kc_add_user("k", "v", RING_S)));
}

SELFTEST_MAIN
