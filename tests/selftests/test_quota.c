// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quota: how many keys and bytes a UID may have, what is charged, and when it is
 * given back.
 *
 * Specified by keyrings(7), "/proc files".
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/* What keys cost: description with its NUL, and payload; rings: their links */
#define COST(desc, payload_bytes) ((int)sizeof(desc) + (payload_bytes))

/*
 *	p (fresh uid) ---@p---> "_pid", and nothing else
 */
FIXTURE(spender)
{
	struct actor *p;
	uid_t uid;
	long maxkeys, maxbytes, root_maxkeys, root_maxbytes, gc_delay;
	int keys, bytes;	/* charged at the beginning: the ring itself */
};

FIXTURE_SETUP(spender)
{
	stage_open();
	self->maxkeys = sysctl_get("maxkeys");
	self->maxbytes = sysctl_get("maxbytes");
	self->root_maxkeys = sysctl_get("root_maxkeys");
	self->root_maxbytes = sysctl_get("root_maxbytes");
	self->gc_delay = sysctl_get("gc_delay");
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_EQ(0, keys_charged(self->uid));
	ASSERT_LT(0, ON(self->p, kc_id(RING_P, 1)));
	self->keys = 1;
	self->bytes = COST("_pid", 0);
	ASSERT_EQ(self->keys, keys_charged(self->uid));
	ASSERT_EQ(self->bytes, bytes_charged(self->uid));
}

FIXTURE_TEARDOWN(spender)
{
	sysctl_set("maxkeys", self->maxkeys);
	sysctl_set("maxbytes", self->maxbytes);
	sysctl_set("root_maxkeys", self->root_maxkeys);
	sysctl_set("root_maxbytes", self->root_maxbytes);
	sysctl_set("gc_delay", self->gc_delay);
	stage_close();
}

/* Charged beyond the ring of the fixture, once things have settled */
#define EXPECT_CHARGED(more_keys, more_bytes) do {			\
	int keys_ = self->keys + (more_keys);				\
	int bytes_ = self->bytes + (more_bytes);			\
									\
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == keys_ &&	\
			       bytes_charged(self->uid) == bytes_))	\
		TH_LOG("charged %d keys, %d bytes, not %d and %d",	\
		       keys_charged(self->uid), bytes_charged(self->uid),\
		       keys_, bytes_);					\
} while (0)

static char *zeros(size_t bytes)
{
	char *p = shared(bytes);

	memset(p, '0', bytes);
	return p;
}

TEST_F(spender, what_is_charged)
{
	long key = ON(self->p, kc_add_user("abc", "12345", RING_P));
	int abc = COST("abc", 5), link = LINK_BYTES, r = COST("r", 0);
	long ring;

	EXPECT_CHARGED(1, abc + link);
	EXPECT_EQ(0, ON(self->p, kc_update(key, "123456789", 9)));
	EXPECT_CHARGED(1, abc + 4 + link);
	EXPECT_EQ(0, ON(self->p, kc_update(key, "1", 1)));
	EXPECT_CHARGED(1, abc - 4 + link);
	EXPECT_EQ(key, ON(self->p, kc_add_user("abc", "12345", RING_P)));
	EXPECT_CHARGED(1, abc + link);

	ring = ON(self->p, kc_add_ring("r", RING_P));
	EXPECT_CHARGED(2, abc + r + 2 * link);
	EXPECT_EQ(0, ON(self->p, kc_link(key, ring)));
	EXPECT_CHARGED(2, abc + r + 3 * link);
	/* the same link again is free */
	EXPECT_EQ(0, ON(self->p, kc_link(key, ring)));
	EXPECT_CHARGED(2, abc + r + 3 * link);
	EXPECT_EQ(0, ON(self->p, kc_move(key, RING_P, ring, 0)));
	EXPECT_CHARGED(2, abc + r + 2 * link);
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, ring)));
	EXPECT_CHARGED(1, r + link);
	EXPECT_EQ(0, ON(self->p, kc_clear(RING_P)));
	EXPECT_CHARGED(0, 0);
}

TEST_F(spender, everything_is_given_back_at_exit)
{
	long ring = ON(self->p, kc_add_ring("r", RING_P));

	EXPECT_LT(0, ON(self->p, kc_add_user("k", "v", ring)));
	EXPECT_LT(0, ON(self->p, kc_add_user("k", "v", RING_T)));
	EXPECT_LT(0, ON(self->p, kc_join("named")));
	EXPECT_LT(0, ON(self->p, kc_add_user("k", "v", RING_S)));
	actor_leave(self->p);
	EXPECT_TRUE(EVENTUALLY(!uid_is_known(self->uid)));
}

TEST_F(spender, a_replaced_ring_gives_back_all)
{
	long ring = ON(self->p, kc_add_ring("r", RING_P));
	int i;

	for (i = 0; i < 5; i++) {
		EXPECT_LT(0, ON(self->p, kc_add_user(shared_text("%d", i), "v",
						     ring)));
	}
	EXPECT_CHARGED(6, COST("r", 0) + 6 * LINK_BYTES + 5 * COST("0", 1));
	EXPECT_LT(0, ON(self->p, kc_add_ring("r", RING_P)));
	EXPECT_CHARGED(1, COST("r", 0) + LINK_BYTES);
}

TEST_F(spender, a_displaced_key_is_given_back)
{
	long ring = ON(self->p, kc_add_ring("r", RING_P));
	long k1 = ON(self->p, kc_add_user("k", "1", RING_P));
	long k2 = ON(self->p, kc_add_user("k", "22", ring));

	EXPECT_NE(k1, k2);
	EXPECT_EQ(0, ON(self->p, kc_link(k1, ring)));
	EXPECT_CHARGED(2, COST("r", 0) + COST("k", 1) + 3 * LINK_BYTES);
}

/* Revoking gives the payload back at once; the key itself goes with its links */
TEST_F(spender, revoked_key)
{
	long key = ON(self->p, kc_add_user("k", "0123456789", RING_P));

	EXPECT_CHARGED(1, COST("k", 10) + LINK_BYTES);
	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_CHARGED(1, COST("k", 0) + LINK_BYTES);
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_P)));
	EXPECT_CHARGED(0, 0);
}

TEST_F(spender, revoked_ring)
{
	long ring = ON(self->p, kc_add_ring("r", RING_P));

	EXPECT_LT(0, ON(self->p, kc_add_user("k", "v", ring)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(ring)));
	EXPECT_CHARGED(1, COST("r", 0) + LINK_BYTES);
}

/* EDQUOT: as many keys as the limit says, and not one more */
TEST_F(spender, exactly_so_many_keys)
{
	int i, room = self->maxkeys - self->keys;

	for (i = 0; i < room; i++) {
		ASSERT_LT(0, ON(self->p, kc_add_user(shared_text("%d", i), "v",
						     RING_P)))
			TH_LOG("key %d of %d", i, room);
	}
	EXPECT_EQ(self->maxkeys, keys_charged(self->uid));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("more", "v", RING_P)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_ring("more", RING_P)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_join("more")));
	EXPECT_EQ(self->maxkeys, keys_charged(self->uid));
	/* links need no key, and what is there can be updated */
	EXPECT_LT(0, ON(self->p, kc_add_user("0", "new", RING_P)));
	EXPECT_EQ(self->maxkeys, ON(self->p, ring_size(RING_P)) + 1);
	/* one goes, one comes */
	EXPECT_EQ(0, ON(self->p, kc_unlink(ON(self->p,
					      kc_search(RING_P, "user", "0",
							0)), RING_P)));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == self->maxkeys - 1));
	EXPECT_LT(0, ON(self->p, kc_add_user("more", "v", RING_P)));
}

/* EDQUOT: as many bytes as the limit says, and not one more */
TEST_F(spender, exactly_so_many_bytes)
{
	int room = self->maxbytes - self->bytes - LINK_BYTES - COST("k", 0);
	char *buf = zeros(room + 1);
	long key;

	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add("user", "k", buf, room + 1,
					      RING_P)));
	EXPECT_CHARGED(0, 0);
	key = ON(self->p, kc_add("user", "k", buf, room, RING_P));
	ASSERT_LT(0, key);
	EXPECT_EQ(self->maxbytes, bytes_charged(self->uid));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("l", "v", RING_P)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add("user", "k", buf, room + 1,
					      RING_P)));
	EXPECT_EQ(room, ON(self->p, kc_read(key, NULL, 0)));
	EXPECT_EQ(self->maxbytes, bytes_charged(self->uid));
	EXPECT_EQ(0, ON(self->p, kc_update(key, buf, 1)));
	EXPECT_CHARGED(1, COST("k", 1) + LINK_BYTES);
}

/* EDQUOT: a link has to be paid for too, by the owner of the ring */
TEST_F(spender, no_bytes_left_for_a_link)
{
	long ring = ON(self->p, kc_add_ring("r", RING_P));
	int room = self->maxbytes - bytes_charged(self->uid) - LINK_BYTES -
		   COST("k", 0);
	long key = ON(self->p, kc_add("user", "k", zeros(room), room, RING_P));

	ASSERT_LT(0, key);
	EXPECT_EQ(self->maxbytes, bytes_charged(self->uid));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_link(key, ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(ring)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_move(key, RING_P, ring, 0)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_P, key)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_search(RING_P, "user", "k", ring)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_request("user", "k", NULL, ring)));
	EXPECT_EQ(self->maxbytes, bytes_charged(self->uid));
	/* displacing a link costs nothing */
	EXPECT_EQ(0, ON(self->p, kc_link(key, RING_P)));
}

/* A failed call charges nothing */
TEST_F(spender, failures_are_free)
{
	long key = ON(self->p, kc_add_user("k", "v", RING_P));
	int k = COST("k", 1) + LINK_BYTES;

	EXPECT_EQ(-EINVAL, ON(self->p, kc_add_user("bad", "", RING_P)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("logon", "bad", "v", 1, RING_P)));
	EXPECT_EQ(-ENODEV, ON(self->p, kc_add("none", "bad", "v", 1, RING_P)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_add_user("bad", "v", key)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("keyring", "bad", "v", 1,
					      RING_P)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(key, NULL, 0)));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_link(RING_P, RING_P)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_link(key, key)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_join("")));
	EXPECT_CHARGED(1, k);
}

/* The rings of a UID are charged to it, and count like any other */
TEST_F(spender, uid_rings_are_charged)
{
	int digits = snprintf(NULL, 0, "%u", self->uid);

	EXPECT_LT(0, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_CHARGED(2, COST("_uid.", digits) + COST("_uid_ses.", digits) +
			  LINK_BYTES);
}

/* Where only one of the two fits, neither is made, and neither is charged */
TEST_F(spender, ours_no_half_a_pair)
{
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	ASSERT_EQ(0, sysctl_set("maxkeys", self->keys + 2));
	EXPECT_GT(0, ON(self->p, kc_id(RING_U, 0)));
	EXPECT_CHARGED(1, COST("_ses", 0));
	EXPECT_LT(0, ON(self->p, kc_add_user("k", "v", RING_S)));
}

/* Nor where there have been some */
TEST_F(spender, ours_no_half_a_pair_is_renewed)
{
	long user, session;

	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	user = ON(self->p, kc_id(RING_U, 0));
	session = ON(self->p, kc_id(RING_US, 0));
	EXPECT_EQ(0, ON(self->p, kc_invalidate(session)));
	EXPECT_EQ(0, ON(self->p, kc_invalidate(user)));
	EXPECT_CHARGED(1, COST("_ses", 0));
	ASSERT_EQ(0, sysctl_set("maxkeys", self->keys + 2));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_id(RING_U, 0)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_CHARGED(1, COST("_ses", 0));
	ASSERT_EQ(0, sysctl_set("maxkeys", self->keys + 3));
	user = ON(self->p, kc_id(RING_U, 0));
	EXPECT_LT(0, user);
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_US, user)));
}

/* Nobody else has to have room for them */
TEST_F(spender, ours_uid_rings_cost_root_nothing)
{
	ASSERT_EQ(0, sysctl_set("root_maxbytes", 1));
	EXPECT_LT(0, ON(self->p, kc_id(RING_U, 0)));
	EXPECT_LT(0, ON(self->p, kc_id(RING_US, 0)));
}

/*
 * Whose the thread keyring is follows the fsuid, who pays for it does not. He needs
 * no room in his quota to be given back what he pays for.
 */
TEST_F(spender, ours_thread_ring_comes_back_to_who_pays)
{
	struct actor *root = actor_fork(NULL);

	ASSERT_EQ(0, actor_do(root, set_uids, self->uid, self->uid, 0));
	ASSERT_LT(0, ON(root, kc_id(RING_T, 1)));
	ASSERT_EQ(0, actor_do(root, set_uids, self->uid, 0, 0));
	EXPECT_EQ(0, ON(root, uid_of(RING_T)));
	EXPECT_CHARGED(1, COST("_tid", 0));
	ASSERT_EQ(0, sysctl_set("maxkeys", self->keys + 1));
	EXPECT_EQ(0, ON(root, kc_chown(RING_T, self->uid, -1)));
	EXPECT_EQ(self->uid, ON(root, uid_of(RING_T)));
	EXPECT_CHARGED(1, COST("_tid", 0));
}

/* The kernel's own rings may overrun the quota: thread, process, first session */
TEST_F(spender, anchors_overrun)
{
	int i, room = self->maxkeys - self->keys;

	EXPECT_LT(0, ON(self->p, kc_id(RING_U, 0)));
	room -= 2;
	for (i = 0; i < room; i++) {
		ASSERT_LT(0, ON(self->p, kc_add_user(shared_text("%d", i), "v",
						     RING_P)));
	}
	EXPECT_EQ(self->maxkeys, keys_charged(self->uid));
	EXPECT_LT(0, ON(self->p, kc_id(RING_T, 1)));
	EXPECT_EQ(self->maxkeys + 1, keys_charged(self->uid));
	/* the first session may, a second has to find room */
	EXPECT_LT(0, ON(self->p, kc_join(NULL)));
	EXPECT_EQ(self->maxkeys + 2, keys_charged(self->uid));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_join(NULL)));
	EXPECT_EQ(self->maxkeys + 2, keys_charged(self->uid));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("k", "v", RING_T)));
	EXPECT_LT(0, ON(actor_fork(self->p), kc_id(RING_P, 1)));
	EXPECT_EQ(self->maxkeys + 3, keys_charged(self->uid));
}

/* Lower limits bind from the next charge on; nothing is taken away */
TEST_F(spender, limits_can_be_changed)
{
	struct key_user_row row;
	long k, l;

	k = ON(self->p, kc_add_user("k", "v", RING_P));
	ASSERT_EQ(0, sysctl_set("maxkeys", 3));
	l = ON(self->p, kc_add_user("l", "v", RING_P));
	EXPECT_LT(0, l);
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("m", "v", RING_P)));
	EXPECT_TRUE(key_user_row(NULL, self->uid, &row));
	EXPECT_EQ(3, row.maxkeys);
	EXPECT_EQ(3, row.qnkeys);
	ASSERT_EQ(0, sysctl_set("maxkeys", 1));
	EXPECT_STREQ("v", ON(self->p, payload(k)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(l, RING_P)));
	EXPECT_CHARGED(1, COST("k", 1) + LINK_BYTES);
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("m", "v", RING_P)));
	ASSERT_EQ(0, sysctl_set("maxkeys", self->maxkeys));

	ASSERT_EQ(0, sysctl_set("maxbytes", bytes_charged(self->uid) +
					    COST("m", 1) + LINK_BYTES));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("m", "22", RING_P)));
	EXPECT_CHARGED(1, COST("k", 1) + LINK_BYTES);
	EXPECT_LT(0, ON(self->p, kc_add_user("m", "1", RING_P)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_update(k, "22", 2)));
	EXPECT_TRUE(key_user_row(NULL, self->uid, &row));
	EXPECT_EQ(row.maxbytes, row.qnbytes);
}

/* root_maxkeys and root_maxbytes are UID 0's, and nobody else's */
TEST_F(spender, limits_of_root)
{
	struct actor *root = actor_fork(NULL);
	struct key_user_row row;

	ASSERT_LT(0, ON(root, kc_id(RING_P, 1)));
	EXPECT_TRUE(key_user_row(NULL, 0, &row));
	EXPECT_EQ(self->root_maxkeys, row.maxkeys);
	EXPECT_EQ(self->root_maxbytes, row.maxbytes);

	ASSERT_EQ(0, sysctl_set("root_maxkeys", 1));
	EXPECT_EQ(-EDQUOT, ON(root, kc_add_user("k", "v", RING_P)));
	EXPECT_LT(0, ON(self->p, kc_add_user("k", "v", RING_P)));
	ASSERT_EQ(0, sysctl_set("root_maxkeys", self->root_maxkeys));

	ASSERT_EQ(0, sysctl_set("root_maxbytes", 1));
	EXPECT_EQ(-EDQUOT, ON(root, kc_add_user("k", "v", RING_P)));
	EXPECT_LT(0, ON(self->p, kc_add_user("l", "v", RING_P)));
	ASSERT_EQ(0, sysctl_set("root_maxbytes", self->root_maxbytes));

	ASSERT_EQ(0, sysctl_set("maxkeys", 1));
	EXPECT_LT(0, ON(root, kc_add_user("k", "v", RING_P)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("m", "v", RING_P)));
}

/* The limits of a UID are the UID's, wherever its processes are */
TEST_F(spender, shared_by_all_processes_of_a_uid)
{
	struct actor *q = actor_user(self->uid);

	EXPECT_LT(0, ON(q, kc_add_user("k", "v", RING_P)));
	EXPECT_CHARGED(2, COST("_pid", 0) + COST("k", 1) + LINK_BYTES);
	ASSERT_EQ(0, sysctl_set("maxkeys", 3));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("k", "v", RING_P)));
	EXPECT_EQ(-EDQUOT, ON(q, kc_add_user("l", "v", RING_P)));
	ASSERT_EQ(0, sysctl_set("maxkeys", self->maxkeys));
	actor_leave(q);
	EXPECT_CHARGED(0, 0);
}

/* A link from somebody else's ring keeps a key charged to its owner */
TEST_F(spender, the_owner_pays_for_the_key)
{
	struct actor *root = actor_fork(NULL), *user;
	uid_t uid = fresh_uid();
	long key;

	ASSERT_LT(0, ON(root, kc_join(NULL)));
	user = actor_fork(root);
	ASSERT_EQ(0, actor_do(user, become, uid, 0, 0));
	key = ON(user, kc_add_user("k", "v", RING_S));
	ASSERT_LT(0, key);
	EXPECT_EQ(1, keys_charged(uid));
	EXPECT_EQ(COST("k", 1), bytes_charged(uid));
	actor_leave(user);
	EXPECT_EQ(1, keys_charged(uid));
	EXPECT_EQ(0, ON(root, kc_unlink(key, RING_S)));
	EXPECT_TRUE(EVENTUALLY(!uid_is_known(uid)));
}

/*
 * The four bytes of a link are given back also when the link goes because its
 * key died, and not only when somebody removes it.
 */
static int reap(struct actor *p, long ring, bool revoke, int keys)
{
	int i, ended = 0;
	long key[20];

	for (i = 0; i < keys; i++)
		key[i] = ON(p, kc_add_user(shared_text("k%d", i), "v", ring));
	for (i = 0; i < keys; i++) {
		if (revoke)
			ended += !ON(p, kc_revoke(key[i]));
		else
			ended += !ON(p, kc_timeout(key[i], 1));
	}
	return ended;
}

TEST_F(spender, ours_link_bytes_come_back_after_expiry)
{
	ASSERT_EQ(0, sysctl_set("gc_delay", 1));
	ASSERT_EQ(20, reap(self->p, RING_P, false, 20));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(RING_P)) == 0));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == self->keys));
	EXPECT_EQ(self->bytes, bytes_charged(self->uid));
}

TEST_F(spender, ours_link_bytes_come_back_after_revocation)
{
	ASSERT_EQ(0, sysctl_set("gc_delay", 1));
	ASSERT_EQ(20, reap(self->p, RING_P, true, 20));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(RING_P)) == 0));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == self->keys));
	EXPECT_EQ(self->bytes, bytes_charged(self->uid));
}

TEST_F(spender, ours_link_bytes_come_back_after_invalidation)
{
	long key = ON(self->p, kc_add_user("k", "v", RING_P));

	EXPECT_EQ(0, ON(self->p, kc_invalidate(key)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(RING_P)) == 0));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == self->keys));
	EXPECT_EQ(self->bytes, bytes_charged(self->uid));
}

/* A ring of more links than 16 bits of bytes can count gives them all back */
TEST_F_TIMEOUT(spender, ours_links_beyond_sixteen_bits, 300)
{
	enum { LINKS = 16400 };
	char *desc = shared(16);
	long ring;
	int i;

	ASSERT_EQ(0, sysctl_set("maxkeys", 100000));
	ASSERT_EQ(0, sysctl_set("maxbytes", 10000000));
	ring = ON(self->p, kc_add_ring("r", RING_P));
	for (i = 0; i < LINKS; i++) {
		sprintf(desc, "%d", i);
		if (ON(self->p, kc_add_user(desc, "v", ring)) < 0) {
			break;
		}
	}
	EXPECT_EQ(LINKS, i);
	EXPECT_EQ(LINKS, ON(self->p, ring_size(ring)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(ring, RING_P)));
	EXPECT_CHARGED(0, 0);
}

SELFTEST_MAIN
