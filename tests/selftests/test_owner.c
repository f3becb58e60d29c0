// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners: SETPERM and CHOWN, who may set what a key's permissions and its owner
 * are, with each of their errors.
 *
 * Specified by keyctl_setperm(3) and keyctl_chown(3).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "holder.h"

/* ---- SETPERM ---- */

TEST_F(holder, setperm)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, 0x3f3f3f3f)));
	EXPECT_EQ(0x3f3f3f3f, ON(self->p, perm_of(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, 0x29010000)));
	EXPECT_EQ(0x29010000, ON(self->p, perm_of(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, 0x09000000)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_setperm(self->key, 0x3f3f3f3f)));
	EXPECT_EQ(0x09000000, ON(self->p, perm_of(self->key)));
}

/* EINVAL: bits that no class has, said before the key is looked for */
TEST_F(holder, setperm_unknown_bits)
{
	static const uint32_t bits[] = {
		0x40, 0x80, 0x4000, 0x800000, 0x40000000, 0x80000000,
		UINT32_MAX,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		EXPECT_EQ(-EINVAL, ON(self->p, kc_setperm(self->key, bits[i])));
		EXPECT_EQ(-EINVAL, ON(self->p, kc_setperm(AUTH_KEY, bits[i])));
	}
}

/* EACCES: only the owner may, or who has CAP_SYS_ADMIN; both need SETATTR */
TEST_F(holder, setperm_by_others)
{
	struct actor *q = actor_user(fresh_uid());

	EXPECT_EQ(-EACCES, kc_setperm(self->key, 0x3f3f3f3f));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_OTH(MAY_VIEW | MAY_SETATTR) |
					    PERM_USR(MAY_VIEW))));
	EXPECT_EQ(-EACCES, ON(q, kc_setperm(self->key, 0x3f3f3f3f)));
	EXPECT_EQ(0, kc_setperm(self->key, PERM_OTH(MAY_VIEW)));
	EXPECT_EQ(PERM_OTH(MAY_VIEW), ON(q, perm_of(self->key)));
}

/* ---- CHOWN ---- */

TEST_F(holder, chown_of_nothing_is_always_done)
{
	EXPECT_EQ(0, ON(self->p, kc_chown(self->key, -1, -1)));
	EXPECT_EQ(0, ON(self->p, kc_chown(0, -1, -1)));
	EXPECT_EQ(0, ON(self->p, kc_chown(AUTH_KEY, -1, -1)));
	EXPECT_EQ(0, ON(self->p, kc_chown(-1000, -1, -1)));
}

/* EACCES, not EPERM */
TEST_F(holder, chown_by_the_owner)
{
	gid_t group = fresh_uid(), *groups = shared(sizeof(*groups));
	struct actor *q;
	long key;

	EXPECT_EQ(0, ON(self->p, kc_chown(self->key, self->uid, -1)));
	EXPECT_EQ(0, ON(self->p, kc_chown(self->key, -1, self->uid)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_chown(self->key, 0, -1)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_chown(self->key, fresh_uid(), -1)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_chown(self->key, -1, group)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_chown(self->key, self->uid, group)));

	/* a group one belongs to may have it */
	q = actor_fork(NULL);
	groups[0] = group;
	EXPECT_EQ(0, ON(q, key_syscall(NR_SETGROUPS, 1, (long)groups, 0, 0,
				       0)));
	EXPECT_EQ(0, actor_do(q, set_gids, self->uid, self->uid, self->uid));
	EXPECT_EQ(0, actor_do(q, set_uids, self->uid, self->uid, self->uid));
	key = ON(q, kc_add_user("k", "v", RING_P));
	EXPECT_EQ(0, ON(q, kc_chown(key, -1, group)));
	EXPECT_EQ(group, ON(q, gid_of(key)));
}

TEST_F(holder, chown_needs_setattr)
{
	struct actor *root = actor_fork(NULL);
	long key = ON(root, kc_add_user("k", "v", RING_P));

	/* being root does not help */
	EXPECT_EQ(0, ON(root, kc_setperm(key, PERM_POS(MAY_ALL &
						       ~MAY_SETATTR))));
	EXPECT_EQ(-EACCES, ON(root, kc_chown(key, self->uid, -1)));
	EXPECT_EQ(-EACCES, kc_chown(self->key, 0, 0));
}

TEST_F(holder, chown_by_root)
{
	struct actor *root = actor_fork(NULL);
	uid_t uid = fresh_uid();
	long key = ON(root, kc_add_user("k", "v", RING_P));

	ASSERT_LT(0, key);
	EXPECT_EQ(0, ON(root, kc_chown(key, uid, uid + 1)));
	EXPECT_STREQ(shared_text("user;%u;%u;3f010000;k", uid, uid + 1),
		     ON(root, description(key)));
	EXPECT_EQ(0, ON(root, kc_chown(key, -1, 0)));
	EXPECT_EQ(uid, ON(root, uid_of(key)));
	EXPECT_EQ(0, ON(root, gid_of(key)));
	/* the new owner pays */
	EXPECT_EQ(1, keys_charged(uid));
	EXPECT_EQ(3, bytes_charged(uid));
	EXPECT_EQ(0, ON(root, kc_chown(key, 0, -1)));
	EXPECT_FALSE(uid_is_known(uid));
}

/* EDQUOT: the new owner's quota is full */
TEST_F(holder, chown_beyond_quota)
{
	struct actor *root = actor_fork(NULL);
	char *big = text_of_length(19000);
	long big_key = ON(self->p, kc_add("user", "big", big, 19000, RING_P));
	long key = ON(root, kc_add("user", "k", big, 1000, RING_P));

	ASSERT_LT(0, big_key);
	ASSERT_LT(0, key);
	EXPECT_EQ(-EDQUOT, ON(root, kc_chown(key, self->uid, -1)));
	EXPECT_EQ(0, ON(root, uid_of(key)));
}

SELFTEST_MAIN
