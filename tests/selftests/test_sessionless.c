// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes without a session keyring: what reading and writing @s gives them, and
 * how they find what is in the user-session keyring.
 *
 * Specified by session-keyring(7), user-session-keyring(7) and request_key(2).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "newcomer.h"

/* Reading: the user-session keyring becomes the session keyring, and stays so */
TEST_F(newcomer, reading_session_attaches_user_session)
{
	long us = ON(self->p, kc_id(RING_S, 0));
	struct actor *child;

	ASSERT_LT(0, us);
	EXPECT_STREQ(shared_text("keyring;%u;%u;%08x;_uid_ses.%u", self->uid,
				 OVERFLOW_GID, PERM_UID_RING, self->uid),
		     ON(self->p, description(RING_S)));
	EXPECT_EQ(us, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_EQ(us, ON(self->p, kc_id(RING_S, 0)));

	/* the process's actual session keyring: what a child of another UID has */
	child = actor_fork(NULL);
	EXPECT_EQ(0, actor_do(child, set_uids, self->uid, self->uid, 0));
	EXPECT_EQ(us, ON(child, kc_id(RING_S, 0)));
	EXPECT_EQ(0, actor_do(child, set_uids, 0, 0, 0));
	EXPECT_EQ(us, ON(child, kc_id(RING_S, 0)));
	EXPECT_NE(us, ON(child, kc_id(RING_US, 0)));
}

/* Every operation that only looks at @s does the same */
TEST_F(newcomer, any_reading_operation_attaches)
{
	static const char *const names[] = {
		"describe", "read", "search", "security", "unlink", "to parent",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct actor *a = actor_user(fresh_uid());
		long ret = 0;

		switch (i) {
		case 0:
			ret = ON(a, kc_describe(RING_S, NULL, 0));
			EXPECT_LT(0, ret);
			break;
		case 1:
			ret = ON(a, kc_read(RING_S, NULL, 0));
			EXPECT_EQ(4, ret);
			break;
		case 2:
			ret = ON(a, kc_search(RING_S, "user", "none", 0));
			EXPECT_EQ(-ENOKEY, ret);
			break;
		case 3:
			ret = ON(a, kc_security(RING_S, NULL, 0));
			EXPECT_LT(0, ret);
			break;
		case 4:
			/* the ring is looked up first, then the key: none */
			ret = ON(a, kc_unlink(RING_P, RING_S));
			EXPECT_EQ(-ENOKEY, ret);
			break;
		case 5:
			/* the director is not of this UID */
			ret = ON(a, kc_to_parent());
			EXPECT_EQ(-EPERM, ret);
			break;
		}
		EXPECT_LT(0, key_rows_like(a, "_uid_ses.", NULL))
			TH_LOG("%s made none", names[i]);
		EXPECT_EQ(0, key_rows_like(a, "_ses", NULL))
			TH_LOG("%s made a session", names[i]);
		EXPECT_EQ(ON(a, kc_id(RING_US, 0)), ON(a, kc_id(RING_S, 0)))
			TH_LOG("%s", names[i]);
		actor_leave(a);
	}
}

/* Writing: a fresh anonymous session keyring, with no link to anything */
TEST_F(newcomer, writing_session_makes_a_fresh_one)
{
	long ses = ON(self->p, kc_id(RING_S, 1));

	ASSERT_LT(0, ses);
	EXPECT_STREQ(shared_text("keyring;%u;%u;%08x;_ses", self->uid,
				 self->uid, PERM_SESSION),
		     ON(self->p, description(RING_S)));
	EXPECT_NE(ses, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_EQ(0, ON(self->p, ring_size(RING_S)));
	EXPECT_EQ(ses, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(ses, ON(self->p, kc_id(RING_S, 1)));
}

TEST_F(newcomer, any_writing_operation_makes_a_fresh_one)
{
	static const char *const names[] = {
		"add_key", "clear", "link", "request_key", "chown", "setperm",
		"timeout",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		uid_t uid = fresh_uid();
		struct actor *a = actor_user(uid);
		long ret = 0;

		switch (i) {
		case 0:
			ret = ON(a, kc_add_user("k", "v", RING_S));
			EXPECT_LT(0, ret);
			break;
		case 1:
			ret = ON(a, kc_clear(RING_S));
			EXPECT_EQ(0, ret);
			break;
		case 2:
			/* the ring is looked up first; this key is none */
			ret = ON(a, kc_link(0, RING_S));
			EXPECT_EQ(-EINVAL, ret);
			break;
		case 3:
			ret = ON(a, kc_request("user", "none", NULL, RING_S));
			EXPECT_EQ(-ENOKEY, ret);
			break;
		case 4:
			ret = ON(a, kc_chown(RING_S, uid, -1));
			EXPECT_EQ(0, ret);
			break;
		case 5:
			ret = ON(a, kc_setperm(RING_S, PERM_SESSION));
			EXPECT_EQ(0, ret);
			break;
		case 6:
			ret = ON(a, kc_timeout(RING_S, 0));
			EXPECT_EQ(0, ret);
			break;
		}
		EXPECT_STREQ(shared_text("keyring;%u;%u;%08x;_ses", uid, uid,
					 PERM_SESSION),
			     ON(a, description(RING_S)))
			TH_LOG("%s: %ld", names[i], ret);
		/* both rings of the UID have come into being beside it */
		EXPECT_EQ(1, key_rows_like(a, "_uid_ses.", NULL));
		EXPECT_EQ(1, key_rows_like(a, "_uid.", NULL));
		actor_leave(a);
	}
}

/* Reading, then writing: the attached user-session keyring is replaced */
TEST_F(newcomer, writing_replaces_an_attached_user_session)
{
	long us = ON(self->p, kc_id(RING_S, 0));
	long key = ON(self->p, kc_add_user("k", "v", RING_S));
	long ses = ON(self->p, kc_id(RING_S, 0));

	ASSERT_LT(0, key);
	EXPECT_NE(us, ses);
	EXPECT_STREQ(shared_text("keyring;%u;%u;%08x;_ses", self->uid,
				 self->uid, PERM_SESSION),
		     ON(self->p, description(RING_S)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_S, key)));
	EXPECT_EQ(us, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_EQ(0, ON(self->p, ring_holds(RING_US, key)));
}

/* ---- request_key() and the user-session keyring ---- */

TEST_F(newcomer, request_searches_user_session_without_session)
{
	long key = ON(self->p, kc_add_user("k", "v", RING_US));

	ASSERT_LT(0, key);
	EXPECT_EQ(key, ON(self->p, kc_request("user", "k", NULL, 0)));
	/* it attached nothing: a write would otherwise have replaced it */
	EXPECT_EQ(key, ON(self->p, kc_request("user", "k", NULL, RING_P)));
	EXPECT_EQ(key, ON(self->p, kc_request("user", "k", NULL, 0)));
}

TEST_F(newcomer, request_ignores_user_session_with_session)
{
	long key = ON(self->p, kc_add_user("k", "v", RING_US));

	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", "k", NULL, 0)));
	/* until the session keyring leads there */
	EXPECT_EQ(0, ON(self->p, kc_link(RING_US, RING_S)));
	EXPECT_EQ(key, ON(self->p, kc_request("user", "k", NULL, 0)));
}

TEST_F(newcomer, request_does_not_create)
{
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", "k", NULL, 0)));
	EXPECT_FALSE(uid_is_known(self->uid));
	EXPECT_EQ(0, key_rows_like(self->p, "_uid", NULL));
}

/* The user keyring is searched only because the user-session keyring links it */
TEST_F(newcomer, request_does_not_search_user_by_itself)
{
	long key = ON(self->p, kc_add_user("k", "v", RING_U));
	long u = ON(self->p, kc_id(RING_U, 0));

	EXPECT_EQ(key, ON(self->p, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(u, RING_US)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(key, ON(self->p, kc_search(RING_U, "user", "k", 0)));
}

/* Possession of a key named by its serial follows the same rule */
TEST_F(newcomer, possession_through_user_session_without_session)
{
	long key = ON(self->p, kc_add_user("k", "v", RING_US));

	EXPECT_STREQ("v", ON(self->p, payload(key)));
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_read(key, NULL, 0)));
	/* through a special ID it is possessed all the same */
	EXPECT_EQ(8, ON(self->p, kc_read(RING_US, NULL, 0)));
}

SELFTEST_MAIN
