// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings that take only certificates signed by a key that is trusted.
 *
 * Specified by keyctl_restrict_keyring(3) and
 * Documentation/crypto/asymmetric-keys.rst, "Key link restrictions".
 */
#include <kselftest_harness.h>

#include "pkey.h"

/*
 *	p (fresh uid) @s---> "_ses" ---> ca
 *				    ---> ring ("trusting"), not restricted yet
 *
 *	ca signs mid, mid signs leaf; other signs itself; forged says ca signed it
 */
FIXTURE(trust)
{
	struct actor *p;
	uid_t uid;
	long ca, ring;
};

FIXTURE_SETUP(trust)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->ca = ON(self->p, add_file("ca.der", NULL, RING_S));
	ASSERT_LT(0, self->ca);
	self->ring = ON(self->p, kc_add_ring("trusting", RING_S));
	ASSERT_LT(0, self->ring);
}

FIXTURE_TEARDOWN(trust)
{
	stage_close();
}

static long trusts(long ring, long serial, const char *more)
{
	return kc_restrict(ring, "asymmetric",
			   shared_text("key_or_keyring:%ld%s", serial, more));
}

/* By a key: what it signed comes in, nothing else does */
TEST_F(trust, a_key)
{
	long mid;

	EXPECT_EQ(0, ON(self->p, trusts(self->ring, self->ca, "")));
	mid = ON(self->p, add_file("mid.der", NULL, self->ring));
	EXPECT_LT(0, mid);
	EXPECT_EQ(1, ON(self->p, ring_holds(self->ring, mid)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("leaf.der", NULL, self->ring)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("other.der", NULL, self->ring)));
	EXPECT_TRUE(rejected(ON(self->p, add_file("forged.der", NULL, self->ring))));
	EXPECT_EQ(1, ON(self->p, ring_size(self->ring)));
}

/* EOPNOTSUPP ENOPKG: keys that have no signature */
TEST_F(trust, other_keys)
{
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, self->ca, "")));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_add_user("u", "v", self->ring)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_add_ring("r", self->ring)));
	EXPECT_EQ(-ENOPKG, ON(self->p, add_file("leaf.p8", "private", self->ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(self->ring)));
}

/* EOPNOTSUPP: it is asked before the payload is looked at, and whatever was there before */
TEST_F(trust, other_keys_of_the_kernels)
{
	static const char load[] = "load user:no-such-master 32 00";

	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_request("encrypted", "refused", "refuse",
							self->ring)));
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, self->ca, "")));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_add("encrypted", "e", "x", 1, self->ring)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_add("encrypted", "e", load, strlen(load),
						  self->ring)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_add("encrypted", "refused", "x", 1, self->ring)));
}

/*
 * Nor by a helper: of what is not made yet nobody can say whether it may be linked, but
 * of some types that they may not
 */
TEST_F(trust, ours_no_key_that_is_to_be_made)
{
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, self->ca, "")));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_request("user", "wanted", "info", self->ring)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_request("encrypted", "wanted", "info", self->ring)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_request("asymmetric", "wanted", "info", self->ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(self->ring)));
}

/* By a ring: what any key in it signed, whatever else there is */
TEST_F(trust, a_ring)
{
	long anchors = ON(self->p, kc_add_ring("anchors", RING_S));

	ASSERT_LT(0, ON(self->p, kc_add_user("u", "v", anchors)));
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_request("asymmetric", "none", "refuse", anchors)));
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, anchors, "")));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_EQ(0, ON(self->p, kc_link(self->ca, anchors)));
	EXPECT_LT(0, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_TRUE(rejected(ON(self->p, add_file("forged.der", NULL, self->ring))));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("leaf.der", NULL, self->ring)));
	ASSERT_LT(0, ON(self->p, add_file("mid.der", NULL, anchors)));
	EXPECT_LT(0, ON(self->p, add_file("leaf.der", NULL, self->ring)));
	EXPECT_EQ(2, ON(self->p, ring_size(self->ring)));
	/* taken away, it vouches no more, but what is in stays in */
	EXPECT_EQ(0, ON(self->p, kc_clear(anchors)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("mid.der", "again", self->ring)));
	EXPECT_EQ(2, ON(self->p, ring_size(self->ring)));
}

/* By rings in a ring, by several ways; the kernel searches with the caller's permissions */
TEST_F(trust, rings_in_a_ring)
{
	long anchors = ON(self->p, kc_add_ring("anchors", RING_S));
	long one = ON(self->p, kc_add_ring("one", anchors));
	long two = ON(self->p, kc_add_ring("two", anchors));
	long deep = ON(self->p, kc_add_ring("deep", one));

	ASSERT_LT(0, deep);
	EXPECT_EQ(0, ON(self->p, kc_link(deep, two)));
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, anchors, "")));
	EXPECT_EQ(0, ON(self->p, kc_link(self->ca, one)));
	EXPECT_LT(0, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->ca, one)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_EQ(0, ON(self->p, kc_link(self->ca, two)));
	EXPECT_LT(0, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_EQ(0, ON(self->p, kc_move(self->ca, two, deep, 0)));
	EXPECT_LT(0, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->ca, PERM_POS(MAY_ALL & ~MAY_SEARCH) |
					 PERM_USR(MAY_SETATTR))));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->ca, PERM_POS(MAY_ALL))));
	EXPECT_EQ(0, ON(self->p, kc_setperm(anchors, PERM_POS(MAY_ALL & ~MAY_SEARCH) |
					 PERM_USR(MAY_SETATTR))));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("mid.der", NULL, self->ring)));
}

/* What is there already is not updated either */
TEST_F(trust, no_updates)
{
	long key = ON(self->p, kc_add_user("u", "old", self->ring));

	ASSERT_LT(0, key);
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, self->ca, "")));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_add_user("u", "new", self->ring)));
	EXPECT_STREQ("old", ON(self->p, payload(key)));
}

/* A chain: what has come in vouches for more */
TEST_F(trust, a_chain)
{
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, self->ca, ":chain")));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("leaf.der", NULL, self->ring)));
	EXPECT_LT(0, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_LT(0, ON(self->p, add_file("leaf.der", NULL, self->ring)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("other.der", NULL, self->ring)));
	EXPECT_TRUE(rejected(ON(self->p, add_file("forged.der", NULL, self->ring))));
	EXPECT_EQ(2, ON(self->p, ring_size(self->ring)));
}

/* A chain that begins with what was in the ring before */
TEST_F(trust, a_chain_of_its_own)
{
	EXPECT_EQ(0, ON(self->p, kc_link(self->ca, self->ring)));
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, 0, ":chain")));
	EXPECT_LT(0, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_LT(0, ON(self->p, add_file("leaf.der", NULL, self->ring)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("other.der", NULL, self->ring)));
	EXPECT_EQ(3, ON(self->p, ring_size(self->ring)));
}

/* Links and moves are asked as well, and so is one that replaces */
TEST_F(trust, links_and_moves)
{
	long mid = ON(self->p, add_file("mid.der", NULL, RING_S));
	long leaf = ON(self->p, add_file("leaf.der", NULL, RING_S));
	long user = ON(self->p, kc_add_user("u", "v", RING_S));

	EXPECT_EQ(0, ON(self->p, trusts(self->ring, self->ca, "")));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_link(leaf, self->ring)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_move(leaf, RING_S, self->ring, 0)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_link(user, self->ring)));
	EXPECT_EQ(0, ON(self->p, kc_link(mid, self->ring)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(mid, self->ring)));
	EXPECT_EQ(0, ON(self->p, kc_move(mid, RING_S, self->ring, 0)));
	EXPECT_EQ(1, ON(self->p, ring_size(self->ring)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_S, leaf)));
	/* what a search would link there */
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_S, "asymmetric",
			strchr(ON(self->p, description(leaf)), 't'), self->ring)));
}

/* EKEYREVOKED EKEYEXPIRED: the key that is trusted must be good itself */
TEST_F(trust, dead_anchor)
{
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, self->ca, "")));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->ca)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(self->ring)));
}

/* It is kept for as long as the ring is */
TEST_F(trust, anchor_unlinked)
{
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, self->ca, "")));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->ca, RING_S)));
	EXPECT_LT(0, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("other.der", NULL, self->ring)));
}

/* And costs its owner what it costs for as long, though nothing links to it any more */
TEST_F(trust, anchor_lives_as_long_as_the_ring)
{
	int keys = keys_charged(self->uid), bytes = bytes_charged(self->uid);

	EXPECT_EQ(0, ON(self->p, trusts(self->ring, self->ca, "")));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->ca, RING_S)));
	nap_ms(200);
	EXPECT_EQ(keys, keys_charged(self->uid));
	EXPECT_EQ(bytes - LINK_BYTES, bytes_charged(self->uid));
	EXPECT_EQ(0, strncmp("asymmetric;", ON(self->p, description(self->ca)), 11));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->ring, RING_S)));
	EXPECT_TRUE(key_goes(self->ca));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == keys - 2));
}

/*
 * EACCES: nobody keeps what is another's, with all that is in it and at the cost of its owner,
 * for as long as it pleases, who has no right to link to it
 */
TEST_F(trust, ours_anothers_is_not_kept)
{
	struct actor *q = actor_user(fresh_uid());
	long theirs[3];

	ASSERT_LT(0, ON(q, kc_join(NULL)));
	theirs[0] = ON(q, kc_add_ring("theirs", RING_S));
	theirs[1] = ON(q, kc_add_user("u", "v", RING_S));
	theirs[2] = ON(q, add_file("ca.der", NULL, RING_S));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, ON(q, kc_setperm(theirs[i], PERM_POS(MAY_ALL) |
					      PERM_OTH(MAY_ALL & ~MAY_LINK))));
		EXPECT_EQ(-EACCES, ON(self->p, trusts(self->ring, theirs[i], "")));
	}
	/* nothing has come of it */
	EXPECT_LT(0, ON(self->p, kc_add_user("u", "v", self->ring)));
	EXPECT_EQ(0, ON(q, kc_clear(RING_S)));
	for (int i = 0; i < 3; i++)
		EXPECT_TRUE(key_goes(theirs[i]));
}

/* The right to link is all that it takes */
TEST_F(trust, anothers_that_grants_link_is_kept)
{
	struct actor *q = actor_user(fresh_uid());
	long theirs;

	ASSERT_LT(0, ON(q, kc_join(NULL)));
	theirs = ON(q, add_file("ca.der", NULL, RING_S));
	EXPECT_EQ(0, ON(q, kc_setperm(theirs, PERM_POS(MAY_ALL) | PERM_OTH(MAY_LINK))));
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, theirs, "")));
	EXPECT_EQ(0, ON(q, kc_unlink(theirs, RING_S)));
	EXPECT_TRUE(key_stays(theirs));
	EXPECT_LT(0, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("other.der", NULL, self->ring)));
}

/* EDQUOT: what is kept takes room for a link, which is not charged */
TEST_F(trust, ours_anchor_takes_room_for_a_link)
{
	long maxbytes = sysctl_get("maxbytes");
	int bytes = bytes_charged(self->uid);

	sysctl_set("maxbytes", bytes + LINK_BYTES - 1);
	EXPECT_EQ(-EDQUOT, ON(self->p, trusts(self->ring, self->ca, "")));
	sysctl_set("maxbytes", bytes + LINK_BYTES);
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, self->ca, "")));
	sysctl_set("maxbytes", maxbytes);
	EXPECT_EQ(bytes, bytes_charged(self->uid));
}

/* Keys that are good for nothing can be named all the same, and vouch for nothing */
TEST_F(trust, anchors_that_are_no_good)
{
	long revoked = ON(self->p, kc_add_user("revoked", "v", RING_S)), ring;
	const char *user = fresh_desc("trust:"), *certificate = fresh_desc("trust:");
	struct key_row row;

	EXPECT_EQ(0, ON(self->p, kc_revoke(revoked)));
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, revoked, "")));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_EQ(-ENOPKG, ON(self->p, add_file("leaf.p8", "private", self->ring)));

	ring = ON(self->p, kc_add_ring("rejected user key", RING_S));
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_request("user", user, "refuse", RING_S)));
	ASSERT_EQ(1, key_rows_like(self->p, user, &row));
	EXPECT_EQ(0, ON(self->p, trusts(ring, row.serial, "")));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, add_file("mid.der", NULL, ring)));

	ring = ON(self->p, kc_add_ring("rejected certificate", RING_S));
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_request("asymmetric", certificate, "refuse",
							RING_S)));
	ASSERT_EQ(1, key_rows_like(self->p, certificate, &row));
	EXPECT_EQ(0, ON(self->p, trusts(ring, row.serial, "")));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("mid.der", NULL, ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(ring)));
}

/* A certificate that was never made vouches for nothing; nor is it in the way of others */
TEST_F(trust, ours_chain_from_a_certificate_that_is_none)
{
	const char *desc = fresh_desc("trust:");
	struct key_row row;

	EXPECT_EQ(0, ON(self->p, kc_link(self->ca, self->ring)));
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_request("asymmetric", desc, "refuse", RING_S)));
	ASSERT_EQ(1, key_rows_like(self->p, desc, &row));
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, row.serial, ":chain")));
	EXPECT_LT(0, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("other.der", NULL, self->ring)));
}

/* By the authority of a helper, which is over */
TEST_F(trust, ours_authority_that_vouches_goes)
{
	long key = ON(self->p, kc_request("user", "vouched for", "vouch", RING_S));
	struct key_row row;
	long authority, ring;

	ASSERT_LT(0, key);
	authority = atol(ON(self->p, payload(key)));
	ring = ON(self->p, kc_search(RING_S, "keyring", "vouched for", 0));
	ASSERT_LT(0, ring);
	EXPECT_EQ(-EEXIST, ON(self->p, trusts(ring, self->ca, "")));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, add_file("mid.der", NULL, ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(ring)));
	EXPECT_TRUE(EVENTUALLY(!key_row(self->p, authority, &row)));
	/* nor does one hold the other for ever */
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(ring));
}

/* By the kernel's own keys, which have signed nothing here */
TEST_F(trust, builtin)
{
	static const char *const names[] = {
		"builtin_trusted", "builtin_and_secondary_trusted",
	};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		long ring = ON(self->p, kc_add_ring(names[i], RING_S));

		EXPECT_EQ(0, ON(self->p, kc_restrict(ring, "asymmetric", names[i])));
		EXPECT_EQ(-ENOKEY, ON(self->p, add_file("mid.der", NULL, ring)));
		EXPECT_EQ(-ENOKEY, ON(self->p, add_file("other.der", NULL, ring)));
		EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_add_user("u", "v", ring)));
		EXPECT_EQ(-EEXIST, ON(self->p, kc_restrict(ring, "asymmetric", names[i])));
		EXPECT_EQ(0, ON(self->p, ring_size(ring)));
	}
}

/* By one of the kernel's own rings, named by serial */
TEST_F(trust, builtin_ring_by_serial)
{
	struct key_row row = { 0 };

	if (!key_rows_like(NULL, ".builtin_trusted_keys", &row))
		SKIP(return, "this kernel has no such ring");
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, row.serial, "")));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("mid.der", NULL, self->ring)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_add_user("u", "v", self->ring)));
}

/* EINVAL ENOKEY EOPNOTSUPP EEXIST EDEADLK ENOTDIR */
TEST_F(trust, refused)
{
	static const char *const bad[] = {
		"", "nosuch", "key_or_keyring", "key_or_keyring:", "key_or_keyring:x",
		"key_or_keyring::chain", "builtin_trusted:1", "builtin",
	};
	long user = ON(self->p, kc_add_user("u", "v", RING_S)), second;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		EXPECT_EQ(-EINVAL, ON(self->p, kc_restrict(self->ring, "asymmetric", bad[i])))
			TH_LOG("row %u", i);
	}
	EXPECT_EQ(-EINVAL, ON(self->p, trusts(self->ring, self->ca, ":x")));
	EXPECT_EQ(-EINVAL, ON(self->p, trusts(self->ring, self->ca, ":chain:more")));
	EXPECT_EQ(-ENOKEY, ON(self->p, trusts(self->ring, 1, "")));
	EXPECT_EQ(-ENOKEY, ON(self->p, trusts(self->ring, 0, "")));
	EXPECT_EQ(-ENOTDIR, ON(self->p, trusts(user, self->ca, "")));
	EXPECT_EQ(-ENOTDIR, ON(self->p, trusts(self->ca, self->ca, "")));
	/* a ring cannot be restricted by itself, nor two by each other */
	EXPECT_EQ(-EDEADLK, ON(self->p, trusts(self->ring, self->ring, "")));
	second = ON(self->p, kc_add_ring("second", RING_S));
	EXPECT_EQ(0, ON(self->p, trusts(self->ring, second, "")));
	EXPECT_EQ(-EDEADLK, ON(self->p, trusts(second, self->ring, "")));
	EXPECT_EQ(-EEXIST, ON(self->p, trusts(self->ring, self->ca, "")));
	/* a key of another type vouches for nothing */
	EXPECT_EQ(0, ON(self->p, trusts(second, user, "")));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, add_file("mid.der", NULL, second)));
}

/* A ring of the process's, by its special ID */
TEST_F(trust, session_ring)
{
	EXPECT_EQ(0, ON(self->p, trusts(RING_S, self->ca, "")));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_add_user("u", "v", RING_S)));
	EXPECT_EQ(-ENOKEY, ON(self->p, add_file("other.der", NULL, RING_S)));
	EXPECT_LT(0, ON(self->p, add_file("mid.der", NULL, RING_S)));
}

SELFTEST_MAIN
