// SPDX-License-Identifier: GPL-2.0-only
/*
 * Session keyrings: joining one by name, a new one, an anonymous one, and handing
 * one to the parent process.
 *
 * Specified by session-keyring(7), keyctl_join_session_keyring(3),
 * keyctl_session_to_parent(3).
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

/*
 * Without SEARCH for the caller's class it is passed over: possession does not
 * count, and a second ring of that name is made.
 */
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

/*
 * Joining the ring that is in force changes nothing. The built-in service
 * returns 0 then; the manual page promises the ID. Both are accepted here.
 */
TEST_F(join, own_name_again)
{
	long ses = ON(self->p, kc_join(self->name)), ret;
	int i;

	EXPECT_EQ(0, ON(self->p, kc_setperm(RING_S, PERM_NAMED |
						    PERM_USR(MAY_SEARCH))));
	for (i = 0; i < 300; i++) {
		ret = ON(self->p, kc_join(self->name));
		if (ret) {
			ASSERT_EQ(ses, ret);
		}
	}
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

/*
 * Handing a session keyring to one's parent:
 *
 *	director ---> p (the parent, fresh uid) ---> c (the child)
 *	              |                              |
 *	              @s---> "_ses" (old)            @s---> "_ses" (its own)
 */
FIXTURE(parent)
{
	struct actor *p, *c;
	uid_t uid;
	long old, own;
};

FIXTURE_SETUP(parent)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->old = ON(self->p, kc_join(NULL));
	self->c = actor_fork(self->p);
	self->own = ON(self->c, kc_join(NULL));
	ASSERT_LT(0, self->old);
	ASSERT_LT(0, self->own);
	ASSERT_NE(self->old, self->own);
}

FIXTURE_TEARDOWN(parent)
{
	stage_close();
}

TEST_F(parent, takes_the_childs_session)
{
	long key = ON(self->c, kc_add_user("k", "v", RING_S));

	EXPECT_EQ(0, ON(self->c, kc_to_parent()));
	EXPECT_EQ(self->own, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_STREQ("v", ON(self->p, payload(key)));
	EXPECT_TRUE(key_goes(self->old));
	/* and keeps it when the child is gone */
	actor_leave(self->c);
	EXPECT_TRUE(key_stays(self->own));
	EXPECT_EQ(self->own, ON(self->p, kc_id(RING_S, 0)));
}

static long get_ids(long a, long b, long c)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;

	(void)a, (void)b, (void)c;
	getresuid(&r, &e, &s);
	getresgid(&gr, &ge, &gs);
	return r == e && e == s && s == gr && gr == ge && ge == gs ? (long)r :
								      -1;
}

/* Nothing else of the parent changes */
TEST_F(parent, keeps_its_other_rings)
{
	long t = ON(self->p, kc_id(RING_T, 1));
	long ring = ON(self->p, kc_id(RING_P, 1));
	long us = ON(self->p, kc_id(RING_US, 0));

	EXPECT_EQ(REQKEY_DEFAULT, ON(self->p, kc_reqkey(REQKEY_U)));
	EXPECT_LT(0, ON(self->c, kc_id(RING_T, 1)));
	EXPECT_LT(0, ON(self->c, kc_id(RING_P, 1)));
	EXPECT_EQ(0, ON(self->c, kc_to_parent()));
	EXPECT_EQ(self->own, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(t, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_EQ(ring, ON(self->p, kc_id(RING_P, 0)));
	EXPECT_EQ(us, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_EQ(REQKEY_U, ON(self->p, kc_reqkey(REQKEY_ASK)));
	EXPECT_EQ(self->uid, actor_do(self->p, get_ids, 0, 0, 0));
}

/* One that is there already: done, whatever else would be in the way */
TEST_F(parent, same_session)
{
	struct actor *sibling = actor_fork(self->p);

	EXPECT_EQ(0, ON(sibling, kc_to_parent()));
	EXPECT_EQ(self->old, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(0, ON(self->c, kc_to_parent()));
	EXPECT_EQ(0, ON(self->c, kc_to_parent()));
	EXPECT_EQ(self->own, ON(self->p, kc_id(RING_S, 0)));
	/* of another UID, even */
	self->c = actor_fork(NULL);
	EXPECT_LT(0, ON(self->c, kc_join(NULL)));
	sibling = actor_fork(self->c);
	EXPECT_EQ(0, actor_do(sibling, become, fresh_uid(), 0, 0));
	EXPECT_EQ(0, ON(sibling, kc_to_parent()));
}

TEST_F(parent, second_child_wins)
{
	struct actor *d = actor_fork(self->p);
	long ses = ON(d, kc_join("from d"));

	EXPECT_EQ(0, ON(self->c, kc_to_parent()));
	EXPECT_EQ(0, ON(d, kc_to_parent()));
	EXPECT_EQ(ses, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_TRUE(key_goes(self->old));
	actor_leave(self->c);
	EXPECT_TRUE(key_goes(self->own));
}

/* What a later child of the parent inherits is the new one */
TEST_F(parent, inherited_from_then_on)
{
	EXPECT_EQ(0, ON(self->c, kc_to_parent()));
	EXPECT_EQ(self->own, ON(actor_fork(self->p), kc_id(RING_S, 0)));
}

TEST_F(parent, parent_without_session)
{
	struct actor *p, *c;
	long ses;

	REQUIRE_NO_SESSION();
	p = actor_user(self->uid);
	c = actor_fork(p);
	ses = ON(c, kc_join(NULL));
	EXPECT_EQ(0, ON(c, kc_to_parent()));
	EXPECT_EQ(ses, ON(p, kc_id(RING_S, 0)));
}

/* Neither has one: the child's access attaches the user-session keyring */
TEST_F(parent, both_without_session)
{
	struct actor *p, *c;
	long us;

	REQUIRE_NO_SESSION();
	p = actor_user(self->uid);
	c = actor_fork(p);
	EXPECT_EQ(0, ON(c, kc_to_parent()));
	us = ON(p, kc_id(RING_US, 0));
	EXPECT_EQ(us, ON(c, kc_id(RING_S, 0)));
	EXPECT_EQ(us, ON(p, kc_id(RING_S, 0)));
}

/*
 * It is done when the call returns, even if the parent sleeps: its old session
 * goes while it does.
 */
static long sleep_until(long flag, long b, long c)
{
	(void)b, (void)c;
	/* one system call, that returns to user space only when woken */
	while (!__atomic_load_n((int *)flag, __ATOMIC_SEQ_CST))
		futex_wait((int *)flag, 0, NULL);
	return 0;
}

TEST_F(parent, ours_done_while_the_parent_sleeps)
{
	int *flag = shared(sizeof(*flag));

	*flag = 0;
	actor_begin(self->p, sleep_until, (long)flag, 0, 0);
	EXPECT_TRUE(EVENTUALLY(strstr(slurp(NULL,
					    shared_text("/proc/%d/stat",
							self->p->pid)),
				      ") S ")));
	EXPECT_EQ(0, ON(self->c, kc_to_parent()));
	EXPECT_TRUE(key_goes(self->old));

	*flag = 1;
	futex_wake(flag);
	EXPECT_EQ(0, actor_end(self->p));
	EXPECT_EQ(self->own, ON(self->p, kc_id(RING_S, 0)));
}

/* ---- each reason for refusing ---- */

static long wait_for_init(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	return EVENTUALLY(getppid() == 1) ? 0 : -getppid();
}

/* EPERM: the parent is init */
TEST_F(parent, refused_to_init)
{
	struct actor *between = actor_fork(NULL);
	struct actor *orphan = actor_fork(between);

	EXPECT_LT(0, ON(orphan, kc_join(NULL)));
	actor_leave(between);
	ASSERT_EQ(0, actor_do(orphan, wait_for_init, 0, 0, 0))
		TH_LOG("another process adopts orphans here");
	EXPECT_EQ(-EPERM, ON(orphan, kc_to_parent()));
	actor_leave(orphan);
}

/* EPERM: the parent has more than one thread */
TEST_F(parent, refused_to_many_threads)
{
	struct actor *thread = actor_thread(self->p);

	EXPECT_EQ(-EPERM, ON(self->c, kc_to_parent()));
	EXPECT_EQ(self->old, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(self->old, ON(thread, kc_id(RING_S, 0)));
	actor_leave(thread);
	EXPECT_EQ(0, ON(self->c, kc_to_parent()));
	EXPECT_EQ(self->own, ON(self->p, kc_id(RING_S, 0)));
}

/* A child of many threads is no obstacle */
TEST_F(parent, child_of_many_threads)
{
	struct actor *thread = actor_thread(self->c);
	long ses = ON(thread, kc_join(NULL));

	EXPECT_EQ(0, ON(thread, kc_to_parent()));
	EXPECT_EQ(ses, ON(self->p, kc_id(RING_S, 0)));
}

/* EACCES: one's session keyring does not grant LINK */
TEST_F(parent, refused_without_link)
{
	EXPECT_EQ(0, ON(self->c, kc_setperm(RING_S,
					    PERM_POS(MAY_ALL & ~MAY_LINK) |
					    PERM_USR(MAY_ALL & ~MAY_LINK))));
	EXPECT_EQ(-EACCES, ON(self->c, kc_to_parent()));
	EXPECT_EQ(self->old, ON(self->p, kc_id(RING_S, 0)));
}

/* EKEYREVOKED, EKEYEXPIRED: one's session keyring is dead */
TEST_F(parent, refused_with_a_dead_session)
{
	EXPECT_EQ(0, ON(self->c, kc_timeout(RING_S, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(self->c, kc_id(RING_S, 0)) == -EKEYEXPIRED));
	EXPECT_EQ(-EKEYEXPIRED, ON(self->c, kc_to_parent()));
	EXPECT_LT(0, ON(self->c, kc_join(NULL)));
	EXPECT_EQ(0, ON(self->c, kc_revoke(RING_S)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->c, kc_to_parent()));
	EXPECT_EQ(self->old, ON(self->p, kc_id(RING_S, 0)));
}

/* A revoked session of the parent is replaced like any other */
TEST_F(parent, parent_with_a_dead_session)
{
	EXPECT_EQ(0, ON(self->p, kc_revoke(RING_S)));
	EXPECT_EQ(0, ON(self->c, kc_to_parent()));
	EXPECT_EQ(self->own, ON(self->p, kc_id(RING_S, 0)));
}

/* EPERM: the child's session keyring is not its own */
TEST_F(parent, refused_with_anothers_session)
{
	struct actor *p = actor_fork(NULL), *c;
	long old = ON(p, kc_join(NULL)), own;

	c = actor_fork(p);
	own = ON(c, kc_join(NULL));
	EXPECT_EQ(0, ON(c, kc_chown(RING_S, self->uid, -1)));
	EXPECT_EQ(-EPERM, ON(c, kc_to_parent()));
	EXPECT_EQ(old, ON(p, kc_id(RING_S, 0)));
	EXPECT_EQ(0, ON(c, kc_chown(RING_S, 0, -1)));
	EXPECT_EQ(0, ON(c, kc_to_parent()));
	EXPECT_EQ(own, ON(p, kc_id(RING_S, 0)));
}

/* EPERM: the parent's session keyring is not its own */
TEST_F(parent, refused_when_parent_has_anothers_session)
{
	struct actor *p = actor_fork(NULL), *c;
	long old = ON(p, kc_join(NULL));

	c = actor_fork(p);
	EXPECT_LT(0, ON(c, kc_join(NULL)));
	EXPECT_EQ(0, ON(p, kc_chown(RING_S, self->uid, -1)));
	EXPECT_EQ(-EPERM, ON(c, kc_to_parent()));
	EXPECT_EQ(old, ON(p, kc_id(RING_S, 0)));
}

/*
 * EPERM: the parent's IDs, all six, have to be the child's effective ones:
 *
 *	director ---> p (IDs by variant) ---> c (IDs by variant) @s---> its own
 *
 * Both begin as root, so that each ID can be set by itself.
 */
FIXTURE(ids)
{
	struct actor *p, *c;
	uid_t other;
	long old, own;
};

FIXTURE_VARIANT(ids)
{
	bool parent;		/* whose IDs are changed */
	bool groups;
	bool real, effective, saved;
	bool allowed;
};

FIXTURE_VARIANT_ADD(ids, none) { .allowed = true };
FIXTURE_VARIANT_ADD(ids, parent_ruid) { .parent = true, .real = true };
FIXTURE_VARIANT_ADD(ids, parent_euid) { .parent = true, .effective = true };
FIXTURE_VARIANT_ADD(ids, parent_suid) { .parent = true, .saved = true };
FIXTURE_VARIANT_ADD(ids, parent_rgid) {
	.parent = true, .groups = true, .real = true,
};
FIXTURE_VARIANT_ADD(ids, parent_egid) {
	.parent = true, .groups = true, .effective = true,
};
FIXTURE_VARIANT_ADD(ids, parent_sgid) {
	.parent = true, .groups = true, .saved = true,
};
/* of the child only the effective IDs matter */
FIXTURE_VARIANT_ADD(ids, child_ruid) { .real = true, .allowed = true };
FIXTURE_VARIANT_ADD(ids, child_euid) { .effective = true };
FIXTURE_VARIANT_ADD(ids, child_suid) { .saved = true, .allowed = true };
FIXTURE_VARIANT_ADD(ids, child_rgid) {
	.groups = true, .real = true, .allowed = true,
};
FIXTURE_VARIANT_ADD(ids, child_egid) { .groups = true, .effective = true };
FIXTURE_VARIANT_ADD(ids, child_sgid) {
	.groups = true, .saved = true, .allowed = true,
};

FIXTURE_SETUP(ids)
{
	stage_open();
	self->other = fresh_uid();
	self->p = actor_fork(NULL);
	self->old = ON(self->p, kc_join(NULL));
	self->c = actor_fork(self->p);
	self->own = ON(self->c, kc_join(NULL));
	ASSERT_LT(0, self->old);
	ASSERT_LT(0, self->own);
}

FIXTURE_TEARDOWN(ids)
{
	stage_close();
}

TEST_F(ids, have_to_be_equal)
{
	ASSERT_EQ(0, actor_do(variant->parent ? self->p : self->c,
			      variant->groups ? set_gids : set_uids,
			      variant->real ? (long)self->other : -1,
			      variant->effective ? (long)self->other : -1,
			      variant->saved ? (long)self->other : -1));
	EXPECT_EQ(variant->allowed ? 0 : -EPERM, ON(self->c, kc_to_parent()));
	EXPECT_EQ(variant->allowed ? self->own : self->old,
		  ON(self->p, kc_id(RING_S, 0)));
}

SELFTEST_MAIN
