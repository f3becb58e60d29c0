// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys: every operation on one key but those that say whose it is, with each of
 * its errors.
 *
 * Specified by keyctl(2) and the pages of its operations.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "ended.h"
#include "holder.h"

/* ---- READ ---- */

TEST_F(holder, read_returns_length_whatever_is_copied)
{
	char *buf = shared(16);

	EXPECT_EQ(5, ON(self->p, kc_read(self->key, NULL, 0)));
	EXPECT_EQ(5, ON(self->p, kc_read(self->key, NULL, 100)));
	EXPECT_EQ(5, ON(self->p, kc_read(self->key, buf, 0)));

	/* too small: nothing is copied, not a part */
	memset(buf, '#', 16);
	EXPECT_EQ(5, ON(self->p, kc_read(self->key, buf, 4)));
	EXPECT_EQ(0, memcmp(buf, "########", 8));

	EXPECT_EQ(5, ON(self->p, kc_read(self->key, buf, 5)));
	EXPECT_EQ(0, memcmp(buf, "value###", 8));

	/* larger: what is beyond the payload is not touched */
	memset(buf, '#', 16);
	EXPECT_EQ(5, ON(self->p, kc_read(self->key, buf, 16)));
	EXPECT_EQ(0, memcmp(buf, "value###########", 16));

	EXPECT_EQ(-EFAULT, ON(self->p, kc_read(self->key, NOWHERE, 5)));
	EXPECT_EQ(5, ON(self->p, kc_read(self->key, NOWHERE, 4)));
}

TEST_F(holder, read_keyring)
{
	int32_t *ids = shared(16);

	ids[0] = ids[1] = ids[2] = ids[3] = 77;
	EXPECT_EQ(12, ON(self->p, kc_read(RING_P, NULL, 0)));
	EXPECT_EQ(12, ON(self->p, kc_read(RING_P, ids, 8)));
	EXPECT_EQ(77, ids[0]);
	EXPECT_EQ(-EINVAL, ON(self->p, kc_read(RING_P, ids, 13)));
	/* what is left over is seen of no more than a page */
	EXPECT_EQ(-EINVAL, ON(self->p, kc_read(RING_P, ids, 4095)));
	EXPECT_EQ(77, ids[0]);
	EXPECT_EQ(12, ON(self->p, kc_read(RING_P, ids, 4097)));
	EXPECT_NE(77, ids[0]);
	ids[0] = 77;
	EXPECT_EQ(12, ON(self->p, kc_read(RING_P, ids, 0x7fffffff)));
	EXPECT_NE(77, ids[0]);
	ids[0] = 77;
	EXPECT_EQ(-EINVAL, ON(self->p, kc_read(RING_P, ids, 1)));
	EXPECT_EQ(12, ON(self->p, kc_read(RING_P, ids, 16)));
	EXPECT_EQ(77, ids[3]);
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_P, self->key)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_P, self->logon)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_P, self->ring)));
	EXPECT_EQ(0, ON(self->p, ring_holds(RING_P, self->inner)));
	EXPECT_EQ(4, ON(self->p, kc_read(self->ring, ids, 4)));
	EXPECT_EQ(self->inner, ids[0]);
	EXPECT_EQ(0, ON(self->p, kc_clear(self->ring)));
	EXPECT_EQ(0, ON(self->p, kc_read(self->ring, ids, 16)));
}

/* EOPNOTSUPP: a logon key is for the kernel's eyes, not even for the owner's */
TEST_F(holder, read_logon)
{
	char *buf = shared(16);

	memset(buf, '#', 16);
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_read(self->logon, buf, 16)));
	EXPECT_EQ('#', buf[0]);
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->logon, 0x3f3f3f3f)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_read(self->logon, NULL, 0)));
}

/* READ says ENOKEY where other operations say EINVAL */
TEST_F(holder, read_ids_that_name_nothing)
{
	static const int ids[] = {
		0, RING_T, RING_G, AUTH_KEY, RING_REQUESTOR, -9,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-ENOKEY, ON(self->p, kc_read(ids[i], NULL, 0)));
	}
}

/* Either READ or possession is enough */
TEST_F(holder, read_by_possession_or_permission)
{
	struct actor *other = actor_user(self->uid);

	/* possessed, though no class may read */
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_SEARCH | MAY_SETATTR))));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
	/* not possessed without SEARCH */
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_SETATTR) |
						       PERM_USR(MAY_SETATTR))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_read(self->key, NULL, 0)));
	/* not possessed by the other process, which may not read either */
	EXPECT_EQ(-EACCES, ON(other, kc_read(self->key, NULL, 0)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_USR(MAY_READ))));
	EXPECT_STREQ("value", ON(other, payload(self->key)));
}

/* ---- UPDATE ---- */

TEST_F(holder, update)
{
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "longer value", 12)));
	EXPECT_STREQ("longer value", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "s", 1)));
	EXPECT_STREQ("s", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->logon, "s", 1)));
	/* a keyring has no payload to update */
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_update(self->ring, "s", 1)));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_update(self->ring, NULL, 0)));
}

TEST_F(holder, update_refuses_bad_payloads)
{
	char *big = text_of_length(MAX_UPDATE + 1);

	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(self->key, "", 0)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(self->key, NULL, 0)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_update(self->key, NULL, 1)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_update(self->key, NOWHERE, 1)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(self->key, big,
						 MAX_UPDATE + 1)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(0, NULL, MAX_UPDATE + 1)));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, big, MAX_UPDATE)));
	EXPECT_EQ(MAX_UPDATE, ON(self->p, kc_read(self->key, NULL, 0)));
}

TEST_F(holder, update_needs_write)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_update(self->key, "x", 1)));
	/* which comes before what the type can do */
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->ring,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_update(self->ring, "x", 1)));
}

TEST_F(holder, update_clears_timeout)
{
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 2)));
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->logon, 2)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "x", 1)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->logon, "x", 1)));
	nap_ms(2100);
	EXPECT_STREQ("x", ON(self->p, payload(self->key)));
	EXPECT_LT(0, ON(self->p, kc_describe(self->logon, NULL, 0)));
}

/* EDQUOT: the new payload is not within the owner's quota; the old one stays */
TEST_F(holder, update_beyond_quota)
{
	char *big = text_of_length(MAX_UPDATE);
	char *desc = shared(8);
	int i;

	for (i = 0; i < 100; i++) {
		sprintf(desc, "big%d", i);
		if (ON(self->p, kc_add("user", desc, big, MAX_UPDATE,
				       RING_P)) == -EDQUOT)
			break;
	}
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_update(self->key, big, MAX_UPDATE)));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add("user", "k", big, MAX_UPDATE,
					      RING_P)));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
}

/* ---- DESCRIBE ---- */

/* The first four semicolons part the fields: all that follows is the description */
TEST_F(holder, describe_with_semicolons)
{
	long key = ON(self->p, kc_add_user(";a;b;", "v", RING_P));
	char *text = shared(64);

	ASSERT_LT(0, key);
	EXPECT_LT(0, ON(self->p, kc_describe(key, text, 64)));
	EXPECT_STREQ(shared_text("user;%u;%u;3f010000;;a;b;", self->uid, self->uid), text);
	EXPECT_EQ(key, ON(self->p, kc_request("user", ";a;b;", NULL, 0)));
}

TEST_F(holder, describe_returns_length_whatever_is_copied)
{
	char *want = shared_text("user;%u;%u;3f010000;k", self->uid, self->uid);
	long len = strlen(want) + 1;
	char *buf = shared(100);

	EXPECT_EQ(len, ON(self->p, kc_describe(self->key, NULL, 0)));
	EXPECT_EQ(len, ON(self->p, kc_describe(self->key, NULL, 100)));
	EXPECT_EQ(len, ON(self->p, kc_describe(self->key, buf, 0)));

	/* too small by one: nothing is copied */
	memset(buf, '#', 100);
	EXPECT_EQ(len, ON(self->p, kc_describe(self->key, buf, len - 1)));
	EXPECT_EQ('#', buf[0]);

	EXPECT_EQ(len, ON(self->p, kc_describe(self->key, buf, len)));
	EXPECT_STREQ(want, buf);
	EXPECT_EQ('#', buf[len]);
	EXPECT_EQ(-EFAULT, ON(self->p, kc_describe(self->key, NOWHERE, 100)));
}

#ifdef __x86_64__
/* The length is 32 bits wide */
TEST_F(holder, upper_half_of_a_describe_length_is_ignored)
{
	char *buf = shared(100);

	memset(buf, '#', 100);
	EXPECT_LT(0, ON(self->p, kc_describe(self->key, buf, 1UL << 32)));
	EXPECT_EQ('#', buf[0]);
	/* that of READ is not */
	EXPECT_EQ(5, ON(self->p, kc_read(self->key, buf, 1UL << 32)));
	EXPECT_EQ('v', buf[0]);
}
#endif

/* ---- REVOKE ---- */

TEST_F(holder, revoke)
{
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_revoke(self->key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_read(self->key, NULL, 0)));
	/* it stays linked, so that those who look for it learn what happened */
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_P, self->key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_search(RING_P, "user", "k", 0)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->key, RING_P)));
	EXPECT_TRUE(key_goes(self->key));
}

/* Either WRITE or SETATTR is enough */
TEST_F(holder, revoke_needs_write_or_setattr)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->logon,
					    PERM_POS(MAY_ALL & ~MAY_SETATTR))));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->logon)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->ring,
					    PERM_POS(MAY_ALL & ~MAY_SETATTR &
						     ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_revoke(self->ring)));
}

TEST_F(holder, revoke_ring_lets_go_of_its_keys)
{
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->ring)));
	EXPECT_TRUE(key_goes(self->inner));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_read(self->ring, NULL, 0)));
}

/* ---- INVALIDATE ---- */

TEST_F(holder, invalidate)
{
	EXPECT_EQ(0, ON(self->p, kc_invalidate(self->key)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_invalidate(self->key)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_describe(self->key, NULL, 0)));
	EXPECT_TRUE(read_of_invalidated(ON(self->p, kc_read(self->key, NULL,
							    0))));
	/* the ring drops it by itself */
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(RING_P)) == 2));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_P, "user", "k", 0)));
}

TEST_F(holder, invalidate_needs_search)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_SEARCH) |
					    PERM_USR(MAY_ALL & ~MAY_SEARCH))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_invalidate(self->key)));
}

TEST_F(holder, invalidate_ring_lets_go_of_its_keys)
{
	EXPECT_EQ(0, ON(self->p, kc_invalidate(self->ring)));
	EXPECT_TRUE(key_goes(self->inner));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, ring_size(RING_P)) == 2));
}

/* ---- SET_TIMEOUT ---- */

TEST_F(holder, timeout_expires)
{
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_describe(self->key, NULL, 0)) ==
			       -EKEYEXPIRED));
	EXPECT_EQ(-EKEYEXPIRED, ON(self->p, kc_read(self->key, NULL, 0)));
	EXPECT_EQ(-EKEYEXPIRED, ON(self->p, kc_search(RING_P, "user", "k", 0)));
	/* request_key() looks past it */
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", "k", NULL, 0)));
	/* too late to put it off */
	EXPECT_EQ(-EKEYEXPIRED, ON(self->p, kc_timeout(self->key, 0)));
}

TEST_F(holder, timeout_of_zero_is_none)
{
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 2)));
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 0)));
	nap_ms(2100);
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
}

TEST_F(holder, timeout_longest)
{
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, UINT32_MAX)));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, INT32_MAX)));
	EXPECT_STREQ("value", ON(self->p, payload(self->key)));
}

TEST_F(holder, timeout_needs_setattr)
{
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_SETATTR))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_timeout(self->key, 1)));
}

/* What is in an expired ring can still be reached by serial, not be found by a search of it */
TEST_F(holder, expired_ring)
{
	ASSERT_TRUE(expire(self->p, self->ring));
	EXPECT_EQ(-EKEYEXPIRED, ON(self->p, ring_size(self->ring)));
	EXPECT_STREQ("v", ON(self->p, payload(self->inner)));
	EXPECT_EQ(-EKEYEXPIRED, ON(self->p, kc_search(self->ring, "user",
						      "in r", 0)));
}

/* ---- CLEAR, GET_SECURITY ---- */

TEST_F(holder, clear)
{
	EXPECT_EQ(0, ON(self->p, kc_clear(self->ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(self->ring)));
	EXPECT_TRUE(key_goes(self->inner));
	EXPECT_EQ(0, ON(self->p, kc_clear(self->ring)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_clear(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->ring,
					    PERM_POS(MAY_ALL & ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_clear(self->ring)));
	/* root may clear certain rings; this is none of them */
	EXPECT_EQ(-EACCES, ON(self->p, kc_clear(self->ring)));
	/* clearing an anchor that is not there makes it */
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_EQ(0, ON(self->p, kc_clear(RING_T)));
	EXPECT_LT(0, ON(self->p, kc_id(RING_T, 0)));
}

TEST_F(holder, security_label)
{
	char *buf = shared(300);
	long len;

	memset(buf, '#', 300);
	len = ON(self->p, kc_security(self->key, buf, 300));
	ASSERT_LE(1, len);
	ASSERT_GE(300, len);
	EXPECT_EQ(0, buf[len - 1]);
	EXPECT_EQ(len, strlen(buf) + 1);
	EXPECT_EQ('#', buf[len]);
	/* no key of the module's has one */
	if (!access("/sys/module/keyrings", F_OK)) {
		EXPECT_EQ(1, len);
	}
	EXPECT_EQ(len, ON(self->p, kc_security(self->key, NULL, 0)));
	EXPECT_EQ(len, ON(self->p, kc_security(self->key, NULL, 300)));
	EXPECT_EQ(len, ON(self->p, kc_security(self->key, buf, 0)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_security(self->key, NOWHERE, 300)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_VIEW))));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_security(self->key, NULL, 0)));
}

SELFTEST_MAIN
