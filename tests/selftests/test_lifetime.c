// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifetime: how long the keyrings of a UID exist.
 *
 * user-session-keyring(7): "pinned in existence so long as there are processes
 * running with that real UID or files opened by those processes remain open".
 *
 * A ring is gone when its serial number names no key any more.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/*
 * Processes of one UID come and go; the director watches, as root:
 *
 *	director (uid 0) ---fork---> x (fresh uid)
 *	                              @u ----> "_uid.N" ---> user "k"
 *	                              @us ---> "_uid_ses.N"
 */
FIXTURE(login)
{
	struct actor *x;
	uid_t uid;
	long u, us, key;
};

FIXTURE_SETUP(login)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->uid = fresh_uid();
	self->x = actor_user(self->uid);
	self->u = ON(self->x, kc_id(RING_U, 0));
	self->us = ON(self->x, kc_id(RING_US, 0));
	self->key = ON(self->x, kc_add_user("k", "v", RING_U));
	ASSERT_LT(0, self->u);
	ASSERT_LT(0, self->us);
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(login)
{
	stage_close();
}

TEST_F(login, ours_rings_go_with_the_last_process)
{
	actor_leave(self->x);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_TRUE(key_goes(self->key));
	EXPECT_FORGOTTEN(self->uid);
}

TEST_F(login, rings_stay_with_the_first_of_two)
{
	struct actor *y = actor_user(self->uid);

	actor_leave(self->x);
	EXPECT_TRUE(key_stays(self->us));
	EXPECT_EQ(self->us, ON(y, kc_id(RING_US, 0)));
	EXPECT_EQ(self->u, ON(y, kc_id(RING_U, 0)));
	EXPECT_STREQ("v", ON(y, payload(self->key)));
}

/* A process that has never asked for them pins them all the same */
TEST_F(login, ours_pinned_by_a_process_that_never_asked)
{
	struct actor *y = actor_user(self->uid);

	actor_leave(self->x);
	EXPECT_TRUE(key_stays(self->us));
	EXPECT_TRUE(key_stays(self->u));
	actor_leave(y);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_FORGOTTEN(self->uid);
}

TEST_F(login, ours_gone_when_killed)
{
	actor_kill(self->x);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_FORGOTTEN(self->uid);
}

/* "Real UID": a process that becomes another's does not pin them any longer */
TEST_F(login, ours_gone_when_the_last_one_changes_uid)
{
	struct actor *y = actor_fork(NULL);

	ASSERT_EQ(0, actor_do(y, set_uids, self->uid, 0, 0));
	actor_leave(self->x);
	EXPECT_TRUE(key_stays(self->us));
	EXPECT_EQ(self->us, ON(y, kc_id(RING_US, 0)));
	ASSERT_EQ(0, actor_do(y, set_uids, 0, 0, 0));
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_FORGOTTEN(self->uid);
	EXPECT_NE(self->us, ON(y, kc_id(RING_US, 0)));
}

/* The effective UID pins nothing */
TEST_F(login, ours_not_pinned_by_an_effective_uid)
{
	struct actor *y = actor_fork(NULL);

	ASSERT_EQ(0, actor_do(y, set_uids, 0, self->uid, 0));
	EXPECT_LT(0, ON(y, kc_id(RING_US, 0)));
	actor_leave(self->x);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
}

/* One thread may have another real UID than its process */
TEST_F(login, ours_gone_with_the_last_thread)
{
	struct actor *y = actor_fork(NULL), *thread = actor_thread(y);

	ASSERT_EQ(0, actor_do(thread, set_uids, self->uid, 0, 0));
	EXPECT_EQ(self->us, ON(thread, kc_id(RING_US, 0)));
	EXPECT_NE(self->us, ON(y, kc_id(RING_US, 0)));
	actor_leave(self->x);
	EXPECT_TRUE(key_stays(self->us));
	actor_leave(thread);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_FORGOTTEN(self->uid);
}

TEST_F(login, ours_next_login_gets_new_and_empty_rings)
{
	struct actor *y;

	actor_leave(self->x);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	y = actor_user(self->uid);
	EXPECT_NE(self->us, ON(y, kc_id(RING_US, 0)));
	EXPECT_NE(self->u, ON(y, kc_id(RING_U, 0)));
	EXPECT_STREQ(shared_text("keyring;%u;65534;1f3f0000;_uid_ses.%u",
				 self->uid, self->uid),
		     ON(y, description(RING_US)));
	EXPECT_EQ(0, ON(y, ring_size(RING_U)));
	EXPECT_EQ(1, ON(y, ring_size(RING_US)));
	EXPECT_EQ(1, ON(y, ring_holds(RING_US, ON(y, kc_id(RING_U, 0)))));
	EXPECT_EQ(-ENOKEY, ON(y, kc_request("user", "k", NULL, 0)));
}

TEST_F(login, ours_every_login_leaves_nothing)
{
	long seen[20];
	int i, j;

	actor_leave(self->x);
	for (i = 0; i < 20; i++) {
		struct actor *y = actor_user(self->uid);

		seen[i] = ON(y, kc_id(RING_S, i % 2));
		ASSERT_LT(0, seen[i]);
		for (j = 0; j < i; j++) {
			EXPECT_NE(seen[j], seen[i]);
		}
		actor_leave(y);
		EXPECT_TRUE(key_goes(seen[i]));
		EXPECT_FORGOTTEN(self->uid);
	}
}

/* As the session keyring that it has become, it goes with the process too */
TEST_F(login, ours_gone_though_attached_as_session)
{
	struct actor *child;

	EXPECT_EQ(self->us, ON(self->x, kc_id(RING_S, 0)));
	child = actor_fork(self->x);
	EXPECT_EQ(self->us, ON(child, kc_id(RING_S, 0)));
	actor_leave(child);
	EXPECT_TRUE(key_stays(self->us));
	actor_leave(self->x);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_FORGOTTEN(self->uid);
}

/* A process of @uid in a session of @keeper's, which stays when the process has gone */
static struct actor *guest_of(struct actor *keeper, uid_t uid)
{
	struct actor *guest;

	if (ON(keeper, kc_join(NULL)) < 0)
		stage_broken("no session");
	guest = actor_fork(keeper);
	if (actor_do(guest, become, uid, 0, 0))
		stage_broken("cannot become %u", uid);
	return guest;
}

/*
 * Linked into another keyring, it lives on, with all that is in it, for as long as
 * the link does: the next login finds it.
 *
 *	keeper (uid 0) ---@s---> "_ses" ---> "_uid_ses.N"
 *	  |
 *	  x (inherits the session, then becomes uid N)
 */
TEST_F(login, ours_link_keeps_it_alive)
{
	struct actor *keeper = actor_fork(NULL), *x, *y;
	uid_t uid = fresh_uid();
	long u, us, key;

	x = guest_of(keeper, uid);
	us = ON(x, kc_id(RING_US, 0));
	u = ON(x, kc_id(RING_U, 0));
	key = ON(x, kc_add_user("k", "kept", RING_US));
	ASSERT_LT(0, key);
	EXPECT_EQ(0, ON(x, kc_link(RING_US, RING_S)));
	actor_leave(x);

	EXPECT_TRUE(key_stays(us));
	EXPECT_STREQ(shared_text("keyring;%u;65534;1f3f0000;_uid_ses.%u", uid,
				 uid), ON(keeper, description(us)));
	EXPECT_EQ(1, ON(keeper, ring_holds(us, u)));
	EXPECT_STREQ("kept", ON(keeper, payload(key)));

	/* before anything has been asked of it by its special ID, too */
	y = actor_user(uid);
	EXPECT_EQ(key, ON(y, kc_request("user", "k", NULL, 0)));
	EXPECT_STREQ("kept", ON(y, payload(key)));
	EXPECT_EQ(us, ON(y, kc_id(RING_US, 0)));
	EXPECT_EQ(u, ON(y, kc_id(RING_U, 0)));
	EXPECT_EQ(key, ON(y, kc_request("user", "k", NULL, 0)));

	EXPECT_EQ(0, ON(keeper, kc_unlink(us, RING_S)));
	EXPECT_EQ(us, ON(y, kc_id(RING_US, 0)));
	actor_leave(y);
	EXPECT_TRUE(key_goes(us));
	EXPECT_TRUE(key_goes(u));
	EXPECT_TRUE(key_goes(key));
	EXPECT_FORGOTTEN(uid);
}

/*
 * As pam_keyinit(8) does it, in a process that is not the user's yet, long before there
 * is one that is.
 *
 *	p (root) ---@s---> "_ses" of N ---> "_uid.N"
 */
TEST_F(login, linked_before_the_user_is_there)
{
	struct actor *p = actor_fork(NULL), *x;
	uid_t uid = fresh_uid();
	long u, us, key;

	ASSERT_EQ(0, actor_do(p, set_uids, uid, -1, -1));
	ASSERT_LT(0, ON(p, kc_join(NULL)));
	u = ON(p, kc_id(RING_U, 0));
	us = ON(p, kc_id(RING_US, 0));
	EXPECT_EQ(0, ON(p, kc_link(RING_U, RING_S)));
	ASSERT_EQ(0, actor_do(p, set_uids, 0, -1, -1));
	/* With it goes all that is known of the UID, where that is forgotten at all. */
	key_goes(us);

	x = actor_fork(p);
	ASSERT_EQ(0, actor_do(x, become, uid, 0, 0));
	key = ON(x, kc_add_user("k", "v", RING_U));
	EXPECT_EQ(u, ON(x, kc_id(RING_U, 0)));
	EXPECT_STREQ("v", ON(x, payload(key)));
	EXPECT_EQ(key, ON(x, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(1, ON(x, ring_holds(RING_US, u)));
}

/* One that has ended is nobody's, though it be linked. */
TEST_F(login, ours_ended_ring_is_not_found_again)
{
	struct actor *keeper = actor_fork(NULL), *x, *y;
	uid_t uid = fresh_uid();
	long u, us;

	x = guest_of(keeper, uid);
	us = ON(x, kc_id(RING_US, 0));
	u = ON(x, kc_id(RING_U, 0));
	EXPECT_EQ(0, ON(x, kc_link(RING_U, RING_S)));
	EXPECT_EQ(0, ON(x, kc_revoke(u)));
	actor_leave(x);
	EXPECT_TRUE(key_goes(us));
	y = actor_user(uid);
	EXPECT_LT(0, ON(y, kc_id(RING_U, 0)));
	EXPECT_NE(u, ON(y, kc_id(RING_U, 0)));
}

/* The half that passes on any kernel: a link does pin it */
TEST_F(login, link_pins_it)
{
	struct actor *keeper = actor_fork(NULL), *x;
	long us, key;

	x = guest_of(keeper, fresh_uid());
	us = ON(x, kc_id(RING_US, 0));
	key = ON(x, kc_add_user("k", "kept", RING_US));
	EXPECT_EQ(0, ON(x, kc_link(RING_US, RING_S)));
	actor_leave(x);
	EXPECT_TRUE(key_stays(us));
	EXPECT_STREQ("kept", ON(keeper, payload(key)));
}

/* One of the two may be kept without the other */
TEST_F(login, ours_each_ring_by_itself)
{
	struct actor *keeper = actor_fork(NULL), *x;
	uid_t uid = fresh_uid();
	long u, us, key;

	x = guest_of(keeper, uid);
	us = ON(x, kc_id(RING_US, 0));
	u = ON(x, kc_id(RING_U, 0));
	key = ON(x, kc_add_user("k", "kept", RING_U));
	ASSERT_LT(0, key);
	EXPECT_EQ(0, ON(x, kc_link(RING_U, RING_S)));
	actor_leave(x);
	EXPECT_TRUE(key_goes(us));
	EXPECT_TRUE(key_stays(u));
	EXPECT_EQ(2, keys_charged(uid));
	/* what is in it is found, and possessed, as through the other */
	x = actor_user(uid);
	EXPECT_EQ(key, ON(x, kc_request("user", "k", NULL, 0)));
	EXPECT_STREQ("kept", ON(x, payload(key)));
	actor_leave(x);
	EXPECT_EQ(0, ON(keeper, kc_clear(RING_S)));
	EXPECT_TRUE(key_goes(u));
	EXPECT_FORGOTTEN(uid);
}

/*
 * A tree that was let grow deeper than one could link it does not lock its owner out,
 * who could not even name it
 *
 *	keeper @s---> "_ses" ---> "_uid.N" ---> "r" ---> "r" ---> ...
 */
TEST_F(login, ours_deep_ring_is_found_again)
{
	struct actor *keeper = actor_fork(NULL), *x;
	uid_t uid = fresh_uid();
	long u, us, ring, i;

	x = guest_of(keeper, uid);
	us = ON(x, kc_id(RING_US, 0));
	u = ON(x, kc_id(RING_U, 0));
	EXPECT_EQ(0, ON(x, kc_link(RING_U, RING_S)));
	for (i = 0, ring = RING_U; i < 7; i++) {
		ring = ON(x, kc_add_ring("r", ring));
		ASSERT_LT(0, ring);
	}
	actor_leave(x);
	EXPECT_TRUE(key_goes(us));

	x = actor_fork(keeper);
	ASSERT_EQ(0, actor_do(x, become, uid, 0, 0));
	EXPECT_EQ(u, ON(x, kc_id(RING_U, 0)));
	EXPECT_EQ(1, ON(x, ring_holds(RING_US, u)));
	/* and when the one that was made at this login is made once more */
	EXPECT_EQ(0, ON(x, kc_invalidate(RING_US)));
	EXPECT_EQ(1, ON(x, ring_holds(RING_US, u)));
	actor_leave(x);
	EXPECT_EQ(0, ON(keeper, kc_clear(RING_S)));
	EXPECT_FORGOTTEN(uid);
}

/*
 * As the session keyring of a process of another UID it lives on as well, until
 * that process has another.
 */
TEST_F(login, ours_kept_as_somebodys_session)
{
	struct actor *y = actor_fork(NULL), *z;
	uid_t other = fresh_uid();

	ASSERT_EQ(0, actor_do(y, set_uids, self->uid, 0, 0));
	EXPECT_EQ(self->us, ON(y, kc_id(RING_S, 0)));
	ASSERT_EQ(0, actor_do(y, set_uids, other, other, other));
	actor_leave(self->x);

	EXPECT_TRUE(key_stays(self->us));
	EXPECT_EQ(self->us, ON(y, kc_id(RING_S, 0)));
	EXPECT_STREQ("v", ON(y, payload(self->key)));
	z = actor_user(self->uid);
	EXPECT_EQ(self->us, ON(z, kc_id(RING_US, 0)));
	actor_leave(z);
	EXPECT_TRUE(key_stays(self->us));

	EXPECT_LT(0, ON(y, kc_join(NULL)));
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_FORGOTTEN(self->uid);
}

TEST_F(login, ours_each_route_leaves_nothing)
{
	static const struct {
		int id, create;
	} routes[] = {
		{ RING_U, 0 }, { RING_U, 1 }, { RING_US, 0 }, { RING_US, 1 },
		{ RING_S, 0 }, { RING_S, 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(routes); i++) {
		uid_t uid = fresh_uid();
		struct actor *a = actor_user(uid);
		long id = ON(a, kc_id(routes[i].id, routes[i].create));

		EXPECT_LT(0, id);
		EXPECT_TRUE(uid_is_known(uid));
		actor_leave(a);
		EXPECT_TRUE(key_goes(id));
		EXPECT_FORGOTTEN(uid);
	}
}

SELFTEST_MAIN
