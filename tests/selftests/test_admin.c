// SPDX-License-Identifier: GPL-2.0-only
/*
 * CAP_SYS_ADMIN: what it is good for on keys and keyrings of others, what UID 0 may
 * without it, and who sets the limits.
 *
 * Specified by keyctl_chown(3), keyctl_setperm(3) and keyrings(7), "/proc files".
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "holder.h"

/* ---- what is done to a ring, and to the key in it ---- */

#define RING_USE(name, use)					\
static long name(long ring, long key, long id)			\
{								\
	(void)ring, (void)key, (void)id;			\
	return use;						\
}

RING_USE(describe, kc_describe(ring, NULL, 0));
RING_USE(read_it, kc_read(ring, NULL, 0));
RING_USE(clear, kc_clear(ring));
RING_USE(unlink_from, kc_unlink(key, ring));
RING_USE(invalidate, kc_invalidate(ring));
RING_USE(set_timeout, kc_timeout(ring, 1000));
RING_USE(revoke_as_writer, kc_revoke(ring));
RING_USE(revoke_it, kc_revoke(ring));
RING_USE(setperm, kc_setperm(ring, PERM_OTH(MAY_VIEW)));
RING_USE(chown_it, kc_chown(ring, id, -1));
RING_USE(chgrp_it, kc_chown(ring, -1, id));

static const struct {
	const char *what;
	uint32_t need;		/* what the ring has to grant */
	bool admin;		/* and the capability, as the ring is another's */
	long (*use)(long ring, long key, long id);
} ring_uses[] = {
	{ "describe", MAY_VIEW, false, describe },
	{ "read", MAY_READ, false, read_it },
	{ "clear", MAY_WRITE, false, clear },
	{ "unlink", MAY_WRITE, false, unlink_from },
	{ "invalidate", MAY_SEARCH, false, invalidate },
	{ "timeout", MAY_SETATTR, false, set_timeout },
	{ "revoke as writer", MAY_WRITE, false, revoke_as_writer },
	{ "revoke", MAY_SETATTR, false, revoke_it },
	{ "setperm", MAY_SETATTR, true, setperm },
	{ "chown", MAY_SETATTR, true, chown_it },
	{ "chgrp", MAY_SETATTR, true, chgrp_it },
};

/* A new ring of the holder's, with a key in it and these permissions; then somebody uses it */
static long use_of(struct actor *owner, uint32_t perm, struct actor *who, size_t use)
{
	long ring = ON(owner, kc_add_ring("used", RING_P));
	long key = ON(owner, kc_add_user("k", "v", ring));

	if (ring < 0 || key < 0 || ON(owner, kc_setperm(ring, perm)))
		stage_broken("no ring: %ld, no key: %ld", ring, key);
	return actor_do(who, ring_uses[use].use, ring, key, fresh_uid());
}

/* What a ring denies nobody does, whoever it is; what takes the capability, who has it */
static void use_rings(struct __test_metadata *_metadata, struct actor *owner, struct actor *who,
		      bool admin)
{
	for (size_t i = 0; i < ARRAY_SIZE(ring_uses); i++) {
		uint32_t need = ring_uses[i].need, others = MAY_ALL & ~need;
		bool may = admin || !ring_uses[i].admin;

		/* either right is good for that */
		if (ring_uses[i].use == revoke_it || ring_uses[i].use == revoke_as_writer)
			others &= ~(MAY_WRITE | MAY_SETATTR);
		EXPECT_EQ(-EACCES, use_of(owner, 0, who, i))
			TH_LOG("%s, granted nothing", ring_uses[i].what);
		EXPECT_EQ(-EACCES, use_of(owner, PERM_POS(MAY_ALL) | PERM_USR(MAY_ALL) |
						 PERM_OTH(others), who, i))
			TH_LOG("%s, granted all else", ring_uses[i].what);
		EXPECT_EQ(may, use_of(owner, PERM_OTH(need), who, i) >= 0)
			TH_LOG("%s, granted that", ring_uses[i].what);
	}
}

TEST_F(holder, root_without_the_capability)
{
	struct actor *root = actor_fork(NULL);
	long key;

	ASSERT_EQ(0, actor_do(root, drop_capability, CAP_SYS_ADMIN, 0, 0));
	use_rings(_metadata, self->p, root, false);
	/* of its own keys it is the owner, and no more */
	key = ON(root, kc_add_user("k", "v", RING_P));
	EXPECT_EQ(0, ON(root, kc_setperm(key, 0x3f3f3f3f)));
	EXPECT_EQ(-EACCES, ON(root, kc_chown(key, self->uid, -1)));
	EXPECT_EQ(-EACCES, ON(root, kc_chown(key, -1, self->uid)));
	EXPECT_EQ(0, ON(root, kc_chown(key, 0, 0)));
}

TEST_F(holder, user_with_the_capability)
{
	struct actor *q = actor_fork(NULL);
	uid_t uid = fresh_uid();
	long key;

	ASSERT_EQ(0, actor_do(q, become_capable, uid, CAP_SYS_ADMIN, 0));
	use_rings(_metadata, self->p, q, true);
	/* a key of its own it gives away, which the other pays for */
	key = ON(q, kc_add_user("k", "v", RING_P));
	EXPECT_EQ(0, ON(q, kc_chown(key, self->uid, self->uid)));
	EXPECT_EQ(self->uid, ON(q, uid_of(key)));
	EXPECT_EQ(self->uid, ON(q, gid_of(key)));
	/* neither it, who possesses the key, nor anybody else gets past a right that is gone */
	EXPECT_EQ(0, ON(q, kc_setperm(key, PERM_POS(MAY_ALL & ~MAY_SETATTR))));
	EXPECT_EQ(-EACCES, ON(q, kc_setperm(key, PERM_POS(MAY_ALL))));
	EXPECT_EQ(-EACCES, ON(q, kc_chown(key, uid, -1)));
}

/* ---- kernel.keys.*: whoever is UID 0 ---- */

static const char *const limits[] = {
	"maxkeys", "maxbytes", "root_maxkeys", "root_maxbytes", "gc_delay",
	"persistent_keyring_expiry",
};

/* Run by an actor itself: it has none any more */
static long drop_capabilities(long a, long b, long c)
{
	long number, ret = 0;

	(void)a, (void)b, (void)c;
	for (number = 0; number <= CAP_LAST_CAP && !ret; number++)
		ret = drop_capability(number, 0, 0);
	return ret;
}

/* One more than it was, and back; what the file said meanwhile */
static long set_and_back(struct actor *who, const char *name, long was)
{
	long ret = actor_do(who, sysctl_set_into, (long)name, was + 1, 0), is = sysctl_get(name);

	if (!ret && actor_do(who, sysctl_set_into, (long)name, was, 0))
		stage_broken("%s stays at %ld", name, is);
	return ret ?: is;
}

TEST_F(holder, root_without_capabilities_sets_limits)
{
	struct actor *root = actor_fork(NULL), *q = actor_fork(NULL);

	ASSERT_EQ(0, actor_do(root, drop_capabilities, 0, 0, 0));
	ASSERT_EQ(0, actor_do(q, become_capable, fresh_uid(), CAP_SYS_ADMIN, 0));
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		long was = sysctl_get(limits[i]);

		/* not where the kernel has no persistent keyrings */
		if (access(shared_text("/proc/sys/kernel/keys/%s", limits[i]), F_OK))
			continue;
		EXPECT_EQ(was + 1, set_and_back(root, limits[i], was))
			TH_LOG("%s", limits[i]);
		/* no capability is as good as that UID */
		EXPECT_EQ(-EACCES, set_and_back(q, limits[i], was))
			TH_LOG("%s", limits[i]);
		EXPECT_EQ(-EACCES, set_and_back(self->p, limits[i], was))
			TH_LOG("%s", limits[i]);
		EXPECT_EQ(was, sysctl_get(limits[i]));
	}
}

SELFTEST_MAIN
