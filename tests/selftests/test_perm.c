// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permission: four classes of six bits each, and possession.
 *
 * A caller is of one of the classes user, group and other; what a possessor may
 * do comes on top. Specified by keyrings(7) and keyctl_setperm(3).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/* The operation that each bit of a class is for, made on a "user" key */
static long use_bit(struct actor *who, uint32_t bit, long key)
{
	long ret;

	switch (bit) {
	case MAY_VIEW:
		return ON(who, kc_describe(key, NULL, 0));
	case MAY_READ:
		return ON(who, kc_read(key, NULL, 0));
	case MAY_WRITE:
		return ON(who, kc_update(key, "new", 3));
	case MAY_SEARCH:
		return ON(who, kc_id(key, 0));
	case MAY_LINK:
		ret = ON(who, kc_link(key, RING_T));
		if (!ret)
			ON(who, kc_clear(RING_T));
		return ret;
	case MAY_SETATTR:
		return ON(who, kc_timeout(key, 0));
	}
	return -ENOSYS;
}

static const char *const bit_names[] = {
	"view", "read", "write", "search", "link", "setattr",
};

enum { BITS = 6 };

static gid_t *groups;	/* in the stage: a supplementary group list */

static long join_group(long gid, long b, long c)
{
	(void)b, (void)c;
	groups[0] = gid;
	return raw_syscall(NR_SETGROUPS, 1, (long)groups, 0, 0, 0);
}

/*
 * A key of user u and group g, and one caller of each class:
 *
 *	maker (uid 0) ---@s---> "_ses" ---> key (u:g)
 *	  |
 *	  +-- who: by variant
 *		user		uid u, no session
 *		group		another uid, gid g
 *		supplementary	another uid, g among its groups
 *		other		another uid and gid
 *		possessor	another uid and gid, but with maker's session
 */
FIXTURE(classes)
{
	struct actor *maker, *who;
	uid_t u, g;
	int made;
};

FIXTURE_VARIANT(classes)
{
	int shift;		/* of the byte in the mask that applies */
	bool user, group, supplementary, possessor;
};

FIXTURE_VARIANT_ADD(classes, user) { .shift = 16, .user = true };
FIXTURE_VARIANT_ADD(classes, group) { .shift = 8, .group = true };
FIXTURE_VARIANT_ADD(classes, supplementary) {
	.shift = 8, .supplementary = true,
};
FIXTURE_VARIANT_ADD(classes, other) { .shift = 0 };
FIXTURE_VARIANT_ADD(classes, possessor) { .shift = 24, .possessor = true };

FIXTURE_SETUP(classes)
{
	uid_t id;

	stage_open();
	groups = shared(sizeof(*groups));
	self->u = fresh_uid();
	self->g = fresh_uid();
	self->maker = actor_fork(NULL);
	ASSERT_LT(0, ON(self->maker, kc_join(NULL)));
	ASSERT_EQ(0, ON(self->maker, kc_setperm(RING_S, 0x3f3f0000)));

	self->who = actor_fork(variant->possessor ? self->maker : NULL);
	id = variant->user ? self->u : fresh_uid();
	ASSERT_EQ(0, actor_do(self->who, join_group,
			      variant->supplementary ? self->g : fresh_uid(),
			      0, 0));
	ASSERT_EQ(0, actor_do(self->who, set_gids, variant->group ? self->g : id,
			      id, id));
	if (variant->group) {
		ASSERT_EQ(0, actor_do(self->who, set_gids, -1, self->g, -1));
	}
	ASSERT_EQ(0, actor_do(self->who, set_uids, id, id, id));
}

FIXTURE_TEARDOWN(classes)
{
	stage_close();
}

/* A new key with this mask, in the maker's session keyring */
static long key_with(struct actor *maker, uid_t u, gid_t g, uint32_t perm,
		     int *made)
{
	char *desc = shared_text("k%d", (*made)++);
	long key = ON(maker, kc_add_user(desc, "value", RING_S));

	if (key < 0 || ON(maker, kc_chown(key, u, g)) ||
	    ON(maker, kc_setperm(key, perm)))
		stage_broken("no key");
	return key;
}

/*
 * What a possessor has by possessing: SEARCH, or it would not possess. And who
 * possesses a key may read it.
 */
static uint32_t always(bool possessor)
{
	return possessor ? MAY_SEARCH : 0;
}

TEST_F(classes, each_bit_allows_its_operation)
{
	uint32_t have = always(variant->possessor);
	int i, j;

	for (i = 0; i < BITS; i++) {
		uint32_t mask = have | 1U << i;
		long key = key_with(self->maker, self->u, self->g,
				    mask << variant->shift, &self->made);

		for (j = 0; j < BITS; j++) {
			bool may = mask & 1U << j;
			long ret;

			if (variant->possessor && 1U << j == MAY_READ)
				may = true;
			ret = use_bit(self->who, 1U << j, key);
			EXPECT_EQ(may, ret >= 0)
				TH_LOG("mask %02x, %s: %ld", mask, bit_names[j],
				       ret);
			if (!may) {
				EXPECT_EQ(-EACCES, ret);
			}
		}
	}
}

/* Only the caller's own class counts, however much the others are granted */
TEST_F(classes, no_other_class_applies)
{
	uint32_t own = 0x3fU << variant->shift;
	uint32_t perm = 0x3f3f3f3f & ~own;
	long key;
	int i;

	/* a caller in the group, but with nothing granted to groups, is other */
	if (variant->shift == 8) {
		perm |= PERM_GRP(MAY_VIEW) | PERM_OTH(MAY_ALL);
	}
	/* a possessor is of one of the other classes as well */
	if (variant->possessor) {
		perm = PERM_USR(MAY_ALL) | PERM_GRP(MAY_ALL);
	}

	key = key_with(self->maker, self->u, self->g, perm, &self->made);
	for (i = 0; i < BITS; i++) {
		if (variant->shift == 8 && 1U << i == MAY_VIEW) {
			continue;
		}
		EXPECT_EQ(-EACCES, use_bit(self->who, 1U << i, key))
			TH_LOG("%s", bit_names[i]);
	}
}

TEST_F(classes, group_without_bits_counts_as_other)
{
	long key = key_with(self->maker, self->u, self->g, PERM_OTH(MAY_VIEW),
			    &self->made);

	if (variant->user) {
		EXPECT_EQ(-EACCES, use_bit(self->who, MAY_VIEW, key));
	} else {
		EXPECT_LT(0, use_bit(self->who, MAY_VIEW, key));
	}
}

/* Possession adds to the class, it does not replace it */
TEST_F(classes, possession_is_additive)
{
	uint32_t perm = PERM_POS(MAY_SEARCH | MAY_VIEW) |
			PERM_USR(MAY_WRITE) | PERM_GRP(MAY_WRITE) |
			PERM_OTH(MAY_WRITE);
	long key = key_with(self->maker, self->u, self->g, perm, &self->made);

	EXPECT_EQ(0, use_bit(self->who, MAY_WRITE, key));
	EXPECT_EQ(variant->possessor, use_bit(self->who, MAY_VIEW, key) > 0);
	EXPECT_EQ(variant->possessor, use_bit(self->who, MAY_READ, key) > 0);
	EXPECT_EQ(-EACCES, use_bit(self->who, MAY_SETATTR, key));
}

/* Root is a user like any other here */
TEST_F(classes, root_is_not_exempt)
{
	long key = key_with(self->maker, self->u, self->g,
			    PERM_USR(MAY_ALL) | PERM_GRP(MAY_ALL), &self->made);
	int i;

	for (i = 0; i < BITS; i++) {
		EXPECT_EQ(-EACCES, use_bit(self->maker, 1U << i, key))
			TH_LOG("%s", bit_names[i]);
	}
}

/*
 * Possession: a chain of rings from an anchor to a key.
 *
 *	p (fresh uid) ---@p---> "_pid" ---> ring "r" ---> ring "rr" ---> user "k"
 *
 * The key grants nothing to anyone but its possessor.
 */
FIXTURE(chain)
{
	struct actor *p;
	uid_t uid;
	long r, rr, key;
};

FIXTURE_SETUP(chain)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->r = ON(self->p, kc_add_ring("r", RING_P));
	self->rr = ON(self->p, kc_add_ring("rr", self->r));
	self->key = ON(self->p, kc_add_user("k", "v", self->rr));
	ASSERT_LT(0, self->key);
	ASSERT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL))));
}

FIXTURE_TEARDOWN(chain)
{
	stage_close();
}

TEST_F(chain, through_rings_that_may_be_searched)
{
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->r,
					    PERM_POS(MAY_ALL & ~MAY_SEARCH) |
					    PERM_USR(MAY_ALL & ~MAY_SEARCH))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_read(self->key, NULL, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", "k", NULL, 0)));
	/* the ring in between is its owner's, not its possessor's, now */
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->r, PERM_USR(MAY_ALL))));
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
}

TEST_F(chain, not_when_the_key_denies_search)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_SEARCH))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_read(self->key, NULL, 0)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_describe(self->key, NULL, 0)));
}

TEST_F(chain, not_through_a_revoked_ring)
{
	EXPECT_EQ(0, ON(self->p, kc_link(self->key, RING_T)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->r)));
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_clear(RING_T)));
	EXPECT_GT(0, ON(self->p, kc_read(self->key, NULL, 0)));
}

TEST_F(chain, through_an_expired_ring)
{
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->r, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_describe(self->r, NULL, 0)) ==
			       -EKEYEXPIRED));
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
	EXPECT_EQ(self->key, ON(self->p, kc_search(RING_P, "user", "k", 0)));
	EXPECT_EQ(-EKEYEXPIRED, ON(self->p, kc_search(self->r, "user", "k", 0)));
}

TEST_F(chain, ends_with_the_last_link)
{
	EXPECT_EQ(0, ON(self->p, kc_link(self->rr, RING_T)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->rr, self->r)));
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->rr, 0x3f3f0000)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->rr, RING_T)));
	EXPECT_GT(0, ON(self->p, kc_read(self->key, NULL, 0)));
}

/* A serial number alone opens nothing; an inherited session does */
TEST_F(chain, inherited_with_the_session)
{
	struct actor *heir, *stranger = actor_user(self->uid);

	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	EXPECT_EQ(0, ON(self->p, kc_link(self->r, RING_S)));
	heir = actor_fork(self->p);
	EXPECT_STREQ("v", ON(heir, payload(self->key)));
	EXPECT_EQ(-EACCES, ON(stranger, kc_read(self->key, NULL, 0)));
	EXPECT_EQ(-EACCES, ON(stranger, kc_describe(self->key, NULL, 0)));
	/* which the heir gives up by joining another */
	ASSERT_LT(0, ON(heir, kc_join(NULL)));
	EXPECT_EQ(-EACCES, ON(heir, kc_read(self->key, NULL, 0)));
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
}

/* An anchor that denies search is possessed by its special ID, and nothing that is in it */
TEST_F(chain, anchor_that_denies_search)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(RING_P, PERM_POS(MAY_ALL & ~MAY_SEARCH))));
	EXPECT_LT(0, ON(self->p, kc_describe(RING_P, NULL, 0)));
	EXPECT_EQ(1, ON(self->p, ring_size(RING_P)));
	EXPECT_LT(0, ON(self->p, kc_add_user("another", "v", RING_P)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_read(self->key, NULL, 0)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(RING_P, PERM_POS(MAY_ALL))));
	EXPECT_STREQ("v", ON(self->p, payload(self->key)));
}

/* ---- what each operation on a ring needs of the ring ---- */

#define RING_USE(name, use)					\
static long name(long ring, long key, long uid)			\
{								\
	(void)ring, (void)key, (void)uid;			\
	return use;						\
}

RING_USE(describe, kc_describe(ring, NULL, 0));
RING_USE(read_it, kc_read(ring, NULL, 0));
RING_USE(get_id, kc_id(ring, 0));
RING_USE(add_to, kc_add_user("x", "v", ring));
RING_USE(link_to, kc_link(key, ring));
RING_USE(unlink_from, kc_unlink(key, ring));
RING_USE(clear, kc_clear(ring));
RING_USE(set_timeout, kc_timeout(ring, 0));
RING_USE(chown_it, kc_chown(ring, uid, -1));
RING_USE(setperm, kc_setperm(ring, 0x3f3f0000));
RING_USE(invalidate, kc_invalidate(ring));

/* Without VIEW: no authority over it either */
static long security(long ring, long key, long uid)
{
	long ret = kc_security(ring, NULL, 0);

	(void)key, (void)uid;
	return ret == -ENOKEY ? -EACCES : ret;
}

/* What is asked later than the permission is no matter here */
static long search_it(long ring, long key, long uid)
{
	long ret = kc_search(ring, "user", "none", 0);

	(void)key, (void)uid;
	return ret == -ENOKEY ? 0 : ret;
}

static long link_it(long ring, long key, long uid)
{
	long ret = kc_link(ring, RING_T);

	(void)key, (void)uid;
	kc_clear(RING_T);
	return ret;
}

/* Likewise */
static long move_it(long ring, long key, long uid)
{
	long ret = kc_move(ring, RING_T, RING_P, 0);

	(void)key, (void)uid;
	return ret == -ENOENT ? 0 : ret;
}

static const struct {
	const char *what;
	uint32_t need;
	long (*use)(long ring, long key, long uid);
} ring_uses[] = {
	{ "describe", MAY_VIEW, describe },
	{ "security", MAY_VIEW, security },
	{ "read", MAY_READ, read_it },
	{ "get id", MAY_SEARCH, get_id },
	{ "search", MAY_SEARCH, search_it },
	{ "add", MAY_WRITE, add_to },
	{ "link to it", MAY_WRITE, link_to },
	{ "unlink from it", MAY_WRITE, unlink_from },
	{ "clear", MAY_WRITE, clear },
	{ "link it", MAY_LINK, link_it },
	{ "move it", MAY_LINK, move_it },
	{ "timeout", MAY_SETATTR, set_timeout },
	{ "chown", MAY_SETATTR, chown_it },
	{ "setperm", MAY_SETATTR, setperm },
	{ "invalidate", MAY_SEARCH, invalidate },
};

/* With all other bits it is refused, with the one alone it is done */
TEST_F(chain, bits_of_a_ring)
{
	struct actor *q = actor_user(self->uid);
	long key = ON(q, kc_add_user("q", "v", RING_P));
	long ring = self->rr;

	/* q is of the user class: it does not possess the ring */
	for (size_t i = 0; i < ARRAY_SIZE(ring_uses); i++) {
		uint32_t need = ring_uses[i].need;

		ASSERT_EQ(0, ON(self->p, kc_setperm(ring, PERM_POS(MAY_ALL) |
						    PERM_USR(MAY_ALL & ~need))));
		EXPECT_EQ(-EACCES, actor_do(q, ring_uses[i].use, ring, key, self->uid))
			TH_LOG("%s", ring_uses[i].what);
		ASSERT_EQ(0, ON(self->p, kc_setperm(ring, PERM_POS(MAY_ALL) | PERM_USR(need))));
		EXPECT_LE(0, actor_do(q, ring_uses[i].use, ring, key, self->uid))
			TH_LOG("%s", ring_uses[i].what);
	}
}

SELFTEST_MAIN
