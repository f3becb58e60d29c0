// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anchors: the keyrings that hang on a thread, a process, a session and a UID,
 * and the special IDs that name them.
 *
 * Specified by user-session-keyring(7), session-keyring(7) and keyctl(2).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "newcomer.h"

TEST_F(newcomer, ids_that_name_nothing)
{
	static const struct {
		int id;
		long error;
	} rows[] = {
		{ 0, -EINVAL },
		{ RING_T, -ENOKEY },
		{ RING_P, -ENOKEY },
		{ RING_G, -EINVAL },
		{ AUTH_KEY, -ENOKEY },
		{ RING_REQUESTOR, -ENOKEY },
		{ -9, -EINVAL },
		{ -1000, -EINVAL },
		{ INT32_MIN, -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].error, ON(self->p, kc_id(rows[i].id, 0)))
			TH_LOG("id %d", rows[i].id);
		EXPECT_EQ(rows[i].error,
			  ON(self->p, kc_describe(rows[i].id, NULL, 0)))
			TH_LOG("id %d", rows[i].id);
	}
	/* the group keyring is not made either; the others would be */
	EXPECT_EQ(-EINVAL, ON(self->p, kc_id(RING_G, 1)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_id(0, 1)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(AUTH_KEY, 1)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(RING_REQUESTOR, 1)));
	EXPECT_FALSE(uid_is_known(self->uid));
}

/* The ring of a thread, or of a process, is made for what is put there */
TEST_F(newcomer, what_takes_away_makes_no_ring)
{
	static const int ids[] = { RING_T, RING_P };
	long key = ON(self->p, kc_add_user("k", "v", RING_U));
	size_t i;

	ASSERT_LT(0, key);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-ENOKEY, ON(self->p, kc_unlink(key, ids[i])));
		EXPECT_EQ(-ENOKEY, ON(self->p, kc_move(key, ids[i], RING_U, 0)));
		EXPECT_EQ(-ENOKEY, ON(self->p, kc_restrict(ids[i], NULL, NULL)));
		EXPECT_EQ(-ENOKEY, ON(self->p, kc_revoke(ids[i])));
		EXPECT_EQ(-ENOKEY, ON(self->p, kc_invalidate(ids[i])));
		EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(ids[i], 0)));
	}
}

/* Nor for what is found only: it is there before, and stays when there is nothing */
TEST_F(newcomer, looking_makes_the_ring_for_what_is_found)
{
	struct actor *q = actor_fork(self->p);

	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_U, "user", "none", RING_T)));
	EXPECT_LT(0, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", "none", NULL, RING_P)));
	EXPECT_LT(0, ON(self->p, kc_id(RING_P, 0)));
	/* so does the choice of where to put what will be requested */
	EXPECT_LE(0, ON(q, kc_reqkey(REQKEY_T)));
	EXPECT_LT(0, ON(q, kc_id(RING_T, 0)));
	EXPECT_LE(0, ON(q, kc_reqkey(REQKEY_P)));
	EXPECT_LT(0, ON(q, kc_id(RING_P, 0)));
}

TEST_F(newcomer, serial_of_a_dead_key)
{
	long key;

	ASSERT_LT(0, ON(self->p, kc_id(RING_P, 1)));
	key = ON(self->p, kc_add_user("k", "v", RING_P));
	ASSERT_LT(2, key);
	EXPECT_EQ(key, ON(self->p, kc_id(key, 0)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_P)));
	EXPECT_TRUE(key_goes(key));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(key, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(key, 1)));
}

/* A positive ID gives itself back, but only to someone who may search it */
TEST_F(newcomer, positive_id_needs_search)
{
	long key = ON(self->p, kc_add_user("k", "v", RING_P));

	ASSERT_LT(0, key);
	EXPECT_EQ(key, ON(self->p, kc_id(key, 0)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(key, PERM_POS(MAY_ALL & ~MAY_SEARCH) |
						 PERM_USR(MAY_ALL & ~MAY_SEARCH))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_id(key, 0)));
}

TEST_F(newcomer, owner_is_the_real_uid)
{
	uid_t other = fresh_uid();

	/* effective, saved and filesystem UIDs are another's */
	self->p = actor_fork(NULL);
	ASSERT_EQ(0, actor_do(self->p, set_uids, self->uid, other, other));

	EXPECT_STREQ(shared_text("keyring;%u;%u;%08x;_uid.%u", self->uid,
				 OVERFLOW_GID, PERM_UID_RING, self->uid),
		     ON(self->p, description(RING_U)));
	EXPECT_STREQ(shared_text("keyring;%u;%u;%08x;_uid_ses.%u", self->uid,
				 OVERFLOW_GID, PERM_UID_RING, self->uid),
		     ON(self->p, description(RING_US)));
	EXPECT_LT(0, ON(self->p, kc_id(RING_T, 1)));
	EXPECT_EQ(self->uid, ON(self->p, uid_of(RING_T)));
	EXPECT_LT(0, ON(self->p, kc_id(RING_P, 1)));
	EXPECT_EQ(self->uid, ON(self->p, uid_of(RING_P)));
	EXPECT_LT(0, ON(self->p, kc_join(NULL)));
	EXPECT_EQ(self->uid, ON(self->p, uid_of(RING_S)));
	/* but a key belongs to who can open files */
	EXPECT_EQ(other, ON(self->p, uid_of(kc_add_user("k", "v", RING_P))));
}

TEST_F(newcomer, shared_by_all_processes_of_a_uid)
{
	struct actor *q = actor_user(self->uid);
	long u = ON(self->p, kc_id(RING_U, 0));
	long us = ON(self->p, kc_id(RING_US, 0));
	long key;

	ASSERT_LT(0, u);
	ASSERT_LT(0, us);
	EXPECT_EQ(u, ON(q, kc_id(RING_U, 0)));
	EXPECT_EQ(us, ON(q, kc_id(RING_US, 0)));
	key = ON(self->p, kc_add_user("k", "common", RING_US));
	ASSERT_LT(0, key);
	EXPECT_STREQ("common", ON(q, payload(key)));
	EXPECT_EQ(key, ON(q, kc_request("user", "k", NULL, 0)));
	key = ON(q, kc_add_user("l", "also common", RING_U));
	EXPECT_STREQ("also common", ON(self->p, payload(key)));
}

TEST_F(newcomer, not_shared_between_uids)
{
	struct actor *q = actor_user(fresh_uid());
	long u = ON(self->p, kc_id(RING_U, 0));
	long us = ON(self->p, kc_id(RING_US, 0));
	long key = ON(self->p, kc_add_user("k", "mine", RING_US));

	EXPECT_NE(u, ON(q, kc_id(RING_U, 0)));
	EXPECT_NE(us, ON(q, kc_id(RING_US, 0)));
	EXPECT_NE(u, ON(q, kc_id(RING_US, 0)));
	EXPECT_EQ(-EACCES, ON(q, kc_id(u, 0)));
	EXPECT_EQ(-EACCES, ON(q, kc_describe(us, NULL, 0)));
	EXPECT_EQ(-EACCES, ON(q, kc_read(us, NULL, 0)));
	EXPECT_EQ(-EACCES, ON(q, kc_read(key, NULL, 0)));
	EXPECT_EQ(-ENOKEY, ON(q, kc_request("user", "k", NULL, 0)));
	/* not even with root, who has rings of his own */
	EXPECT_EQ(-EACCES, kc_read(key, NULL, 0));
	EXPECT_EQ(-EACCES, kc_describe(us, NULL, 0));
}

/* @us is a ring with one link: to @u. So what is in @u is found through @us. */
TEST_F(newcomer, user_session_leads_to_user)
{
	long u = ON(self->p, kc_id(RING_U, 0));
	long key;

	EXPECT_EQ(1, ON(self->p, ring_size(RING_US)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_US, u)));
	EXPECT_EQ(0, ON(self->p, ring_size(RING_U)));
	key = ON(self->p, kc_add_user("k", "v", RING_U));
	EXPECT_EQ(key, ON(self->p, kc_search(RING_US, "user", "k", 0)));
	EXPECT_EQ(key, ON(self->p, kc_request("user", "k", NULL, 0)));
}

/* A ring that merely bears the name is not the anchor */
TEST_F(newcomer, forged_names_are_not_anchors)
{
	struct actor *q = actor_user(fresh_uid());
	const char *name = shared_text("_uid.%u", self->uid);
	const char *name_ses = shared_text("_uid_ses.%u", self->uid);
	long forged = ON(q, kc_join(name));
	long forged_ses = ON(q, kc_add_ring(name_ses, RING_P));
	uint32_t all = PERM_POS(MAY_ALL) | PERM_USR(MAY_ALL) | PERM_OTH(MAY_ALL);

	ASSERT_LT(0, forged);
	ASSERT_LT(0, forged_ses);
	EXPECT_EQ(0, ON(q, kc_setperm(forged, all)));
	EXPECT_EQ(0, ON(q, kc_setperm(forged_ses, all)));
	EXPECT_NE(forged, ON(self->p, kc_id(RING_U, 0)));
	EXPECT_NE(forged_ses, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_EQ(self->uid, ON(self->p, uid_of(RING_U)));
	EXPECT_EQ(self->uid, ON(self->p, uid_of(RING_US)));
}

#ifdef __x86_64__
/* IDs are 32 bits wide whatever the register holds above them */
TEST_F(newcomer, upper_half_of_an_id_is_ignored)
{
	long us = ON(self->p, kc_id(RING_US, 0));

	EXPECT_EQ(us, ON(self->p, keyctl(OP_GET_KEYRING_ID, 0xfffffffbL, 0, 0,
					 0)));
	EXPECT_EQ(us, ON(self->p, keyctl(OP_GET_KEYRING_ID, 0x7fffffffbL, 0, 0,
					 0)));
	EXPECT_EQ(us, ON(self->p, keyctl(0x100000000L + OP_GET_KEYRING_ID,
					 RING_US, 0, 0, 0)));
	/* so is that of the create flag: this one is 0 */
	EXPECT_EQ(-ENOKEY, ON(self->p, keyctl(OP_GET_KEYRING_ID, RING_T,
					      0x100000000L, 0, 0)));
	EXPECT_LT(0, ON(self->p, kc_add("user", "k", "v", 1, RING_US)));
	EXPECT_LT(0, ON(self->p, key_syscall(NR_ADD_KEY, (long)"user",
					     (long)"k", (long)"v", 1,
					     0xfffffffbL)));
}
#endif

/* ---- the limit that stands in the way is named ---- */

static void use_up_keys(struct actor *p)
{
	char *desc = shared(16);
	int i;

	for (i = 0; i < 1000; i++) {
		sprintf(desc, "k%d", i);
		if (ON(p, kc_add_user(desc, "v", RING_P)) == -EDQUOT)
			return;
	}
}

TEST_F(newcomer, ours_quota_error_reaches_the_caller)
{
	use_up_keys(self->p);
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_id(RING_U, 0)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_id(RING_S, 1)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("k", "v", RING_US)));
}

/* Nothing half made: when there is room again, both rings are there and linked */
TEST_F(newcomer, no_half_made_rings_after_quota_error)
{
	long u, us;

	use_up_keys(self->p);
	EXPECT_GT(0, ON(self->p, kc_id(RING_US, 0)));
	/* room for one ring, not for two */
	EXPECT_EQ(0, ON(self->p, kc_unlink(ON(self->p, kc_search(RING_P, "user",
								 "k0", 0)),
					   RING_P)));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == 199));
	EXPECT_GT(0, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_EQ(0, ON(self->p, kc_clear(RING_P)));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) < 100));
	u = ON(self->p, kc_id(RING_U, 0));
	us = ON(self->p, kc_id(RING_US, 0));
	EXPECT_LT(0, u);
	EXPECT_LT(0, us);
	EXPECT_EQ(1, ON(self->p, ring_holds(us, u)));
}

/*
 * One anchor:
 *
 *	director (uid 0) ---fork---> p (fresh uid) ---> ring
 */
FIXTURE(anchor)
{
	struct actor *p;
	uid_t uid;
	long ring;
};

FIXTURE_VARIANT(anchor)
{
	int id;
	const char *name;	/* with the UID if it contains %u */
	uint32_t perm;
	bool of_uid;		/* group is none, not the process's */
	bool by_create;		/* absent unless the create flag is given */
	long links;
};

FIXTURE_VARIANT_ADD(anchor, thread) {
	.id = RING_T, .name = "_tid", .perm = PERM_TASK_RING, .by_create = true,
};

FIXTURE_VARIANT_ADD(anchor, process) {
	.id = RING_P, .name = "_pid", .perm = PERM_TASK_RING, .by_create = true,
};

FIXTURE_VARIANT_ADD(anchor, session) {
	.id = RING_S, .name = "_ses", .perm = PERM_SESSION,
};

FIXTURE_VARIANT_ADD(anchor, user) {
	.id = RING_U, .name = "_uid.%u", .perm = PERM_UID_RING, .of_uid = true,
};

FIXTURE_VARIANT_ADD(anchor, user_session) {
	.id = RING_US, .name = "_uid_ses.%u", .perm = PERM_UID_RING,
	.of_uid = true, .links = 1,
};

FIXTURE_SETUP(anchor)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	if (variant->by_create) {
		EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(variant->id, 0)));
	}
	self->ring = ON(self->p, kc_id(variant->id, 1));
	ASSERT_LT(2, self->ring);
}

FIXTURE_TEARDOWN(anchor)
{
	stage_close();
}

TEST_F(anchor, name_owner_and_permissions)
{
	char *name = shared_text(variant->name, self->uid);

	EXPECT_STREQ(shared_text("keyring;%u;%u;%08x;%s", self->uid,
				 variant->of_uid ? OVERFLOW_GID : self->uid,
				 variant->perm, name),
		     ON(self->p, description(variant->id)));
}

TEST_F(anchor, stays_the_same)
{
	EXPECT_EQ(self->ring, ON(self->p, kc_id(variant->id, 0)));
	EXPECT_EQ(self->ring, ON(self->p, kc_id(variant->id, 1)));
	/* the create flag is any value but 0 */
	EXPECT_EQ(self->ring, ON(self->p, kc_id(variant->id, -1)));
	EXPECT_EQ(self->ring, ON(self->p, kc_id(self->ring, 0)));
}

TEST_F(anchor, born_with_nothing_else_in_it)
{
	EXPECT_EQ(variant->links, ON(self->p, ring_size(variant->id)));
}

TEST_F(anchor, named_by_special_id_it_is_possessed)
{
	long key = ON(self->p, kc_add_user("k", "v", variant->id));

	ASSERT_LT(0, key);
	EXPECT_EQ(1, ON(self->p, ring_holds(variant->id, key)));
	EXPECT_EQ(key, ON(self->p, kc_search(variant->id, "user", "k", 0)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, variant->id)));
}

/*
 * Possession by special ID does not go beyond the permission bits. The built-in
 * service looks the rings of a UID up by a search and then says that there are
 * none; either answer will do.
 */
TEST_F(anchor, permissions_apply_to_special_ids)
{
	const long refusals[] = {
		ON(self->p, kc_setperm(variant->id, PERM_POS(MAY_VIEW))),
		ON(self->p, kc_id(variant->id, 0)),
		ON(self->p, kc_add_user("k", "v", variant->id)),
		ON(self->p, kc_clear(variant->id)),
		ON(self->p, kc_setperm(variant->id, 0x3f3f3f3f)),
	};
	size_t i;

	EXPECT_EQ(0, refusals[0]);
	for (i = 1; i < ARRAY_SIZE(refusals); i++) {
		if (variant->of_uid && refusals[i] == -ENOKEY)
			continue;
		EXPECT_EQ(-EACCES, refusals[i])
			TH_LOG("call %zu", i);
	}
	if (!variant->of_uid) {
		EXPECT_EQ(PERM_POS(MAY_VIEW), ON(self->p, perm_of(variant->id)));
	}
}

TEST_F(anchor, is_an_ordinary_keyring_otherwise)
{
	long other = ON(self->p, kc_add_ring("r", variant->id == RING_P ?
						  RING_T : RING_P));

	ASSERT_LT(0, other);
	EXPECT_EQ(0, ON(self->p, kc_link(variant->id, other)));
	EXPECT_EQ(1, ON(self->p, ring_holds(other, self->ring)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_link(other, variant->id)));
	EXPECT_EQ(0, ON(self->p, kc_clear(variant->id)));
	EXPECT_EQ(0, ON(self->p, ring_size(variant->id)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(variant->id, other)));
	EXPECT_EQ(0, ON(self->p, ring_size(other)));
}

/*
 * The three routes by which the rings of a UID come into being: access to the
 * user-session keyring, to the user keyring, to a session keyring that is not
 * there. Each is tried with the create flag and without.
 */
FIXTURE(route)
{
	struct actor *p;
	uid_t uid;
};

FIXTURE_VARIANT(route)
{
	int id, create;
};

FIXTURE_VARIANT_ADD(route, user_session) { .id = RING_US };
FIXTURE_VARIANT_ADD(route, user_session_create) { .id = RING_US, .create = 1 };
FIXTURE_VARIANT_ADD(route, user) { .id = RING_U };
FIXTURE_VARIANT_ADD(route, user_create) { .id = RING_U, .create = 1 };
FIXTURE_VARIANT_ADD(route, session) { .id = RING_S };
FIXTURE_VARIANT_ADD(route, session_create) { .id = RING_S, .create = 1 };

FIXTURE_SETUP(route)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
}

FIXTURE_TEARDOWN(route)
{
	stage_close();
}

TEST_F(route, first_access_creates_both_rings)
{
	struct key_row u, us;

	EXPECT_FALSE(uid_is_known(self->uid));
	EXPECT_EQ(0, key_rows_like(self->p, "_uid", NULL));

	ASSERT_LT(0, ON(self->p, kc_id(variant->id, variant->create)));

	ASSERT_EQ(1, key_rows_like(self->p, "_uid.", &u));
	EXPECT_STREQ(shared_text("_uid.%u: empty", self->uid), u.desc);
	ASSERT_EQ(1, key_rows_like(self->p, "_uid_ses.", &us));
	EXPECT_STREQ(shared_text("_uid_ses.%u: 1", self->uid), us.desc);
	EXPECT_EQ(self->uid, us.uid);
	EXPECT_EQ(PERM_UID_RING, us.perm);
	EXPECT_EQ(1, ON(self->p, ring_holds(us.serial, u.serial)));
	EXPECT_EQ(us.serial, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_EQ(u.serial, ON(self->p, kc_id(RING_U, 0)));
}

TEST_F(route, second_process_finds_the_same)
{
	struct actor *q = actor_user(self->uid);
	struct key_row us;

	ASSERT_LT(0, ON(self->p, kc_id(variant->id, variant->create)));
	ASSERT_EQ(1, key_rows_like(self->p, "_uid_ses.", &us));
	ASSERT_LT(0, ON(q, kc_id(variant->id, variant->create)));
	EXPECT_EQ(1, key_rows_like(q, "_uid_ses.", NULL));
	EXPECT_EQ(us.serial, ON(q, kc_id(RING_US, 0)));
}

/* A process that accesses none of them leaves no trace */
TEST_F(route, nothing_without_access)
{
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(RING_P, 0)));
	EXPECT_EQ(REQKEY_DEFAULT, ON(self->p, kc_reqkey(REQKEY_US)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, keyctl(10000, 0, 0, 0, 0)));
	EXPECT_FALSE(uid_is_known(self->uid));
}

SELFTEST_MAIN
