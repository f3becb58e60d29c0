// SPDX-License-Identifier: GPL-2.0-only
/*
 * Session keyrings for the parent: handing one's own to the process that one is a
 * child of, and each reason for which that is refused.
 *
 * Specified by keyctl_session_to_parent(3) and session-keyring(7).
 */
#include <kselftest_harness.h>
#include <sys/ptrace.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

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

/* It is done when the parent returns to user space: the old session lives until then */
TEST_F(parent, takes_it_when_it_returns)
{
	int *flag = actor_sleep(self->p);

	EXPECT_EQ(0, ON(self->c, kc_to_parent()));
	EXPECT_EQ(self->own, ON(self->c, kc_id(RING_S, 0)));
	EXPECT_TRUE(key_stays(self->old));
	/* its own child's session has gone to it: the parent has it as well */
	actor_leave(self->c);
	EXPECT_TRUE(key_stays(self->own));

	EXPECT_EQ(0, actor_wake(self->p, flag));
	EXPECT_EQ(self->own, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_TRUE(key_goes(self->old));
}

/* Of two that are given while it sleeps it takes the second */
TEST_F(parent, takes_the_last_when_it_returns)
{
	struct actor *d = actor_fork(self->p);
	long ses = ON(d, kc_join(NULL));
	int *flag = actor_sleep(self->p);

	EXPECT_EQ(0, ON(self->c, kc_to_parent()));
	EXPECT_EQ(0, ON(d, kc_to_parent()));
	actor_leave(self->c);
	EXPECT_TRUE(key_goes(self->own));
	EXPECT_TRUE(key_stays(self->old));

	EXPECT_EQ(0, actor_wake(self->p, flag));
	EXPECT_EQ(ses, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_TRUE(key_goes(self->old));
}

/* Nor does one that dies keep them from going */
TEST_F(parent, killed_before_it_returns)
{
	actor_sleep(self->p);
	EXPECT_EQ(0, ON(self->c, kc_to_parent()));
	EXPECT_TRUE(key_stays(self->old));
	actor_kill(self->p);
	actor_leave(self->c);
	EXPECT_TRUE(key_goes(self->old));
	EXPECT_TRUE(key_goes(self->own));
}

static int stopped_by(pid_t pid)
{
	int status = 0;

	return waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) ? status >> 8 : -1;
}

/* One that is on its way out has its rings still, and takes none any more */
TEST_F(parent, exits_before_it_returns)
{
	pid_t pid = self->p->pid;

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT));
	kill(pid, SIGTERM);
	ASSERT_EQ(SIGTERM, stopped_by(pid));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, SIGTERM));
	ASSERT_EQ(SIGTRAP | PTRACE_EVENT_EXIT << 8, stopped_by(pid));
	EXPECT_EQ(0, ON(self->c, kc_to_parent()));
	EXPECT_TRUE(key_stays(self->old));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, 0));
	actor_kill(self->p);
	actor_leave(self->c);
	EXPECT_TRUE(key_goes(self->old));
	EXPECT_TRUE(key_goes(self->own));
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
