// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistent keyrings: one for each UID, that outlasts its processes for a time.
 *
 * Specified by persistent-keyring(7), keyctl_get_persistent(3).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

enum { PERM_PERSISTENT = 0x1f030000 };

/*
 * A process of a fresh uid with a session of its own:
 *
 *	p @s---> "_ses" - - GET_PERSISTENT - -> "_persistent.uid"
 */
FIXTURE(persistent)
{
	struct actor *p;
	uid_t uid;
	long expiry;		/* of persistent keyrings, as it was */
	long gc_delay;
	bool present;
};

FIXTURE_SETUP(persistent)
{
	unsigned char caps[2] = { 0 };

	stage_open();
	self->expiry = sysctl_get("persistent_keyring_expiry");
	self->gc_delay = sysctl_get("gc_delay");
	kc_capabilities(caps, sizeof(caps));
	self->present = caps[0] & CAPS0_PERSISTENT;
	if (!self->present)
		SKIP(return, "no persistent keyrings");
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
}

FIXTURE_TEARDOWN(persistent)
{
	if (self->present) {
		sysctl_set("persistent_keyring_expiry", self->expiry);
		sysctl_set("gc_delay", self->gc_delay);
	}
	stage_close();
}

TEST_F(persistent, is_made_and_linked)
{
	long ring = ON(self->p, kc_persistent(-1, RING_S));

	ASSERT_LT(0, ring);
	EXPECT_STREQ(shared_text("keyring;%u;65534;%08x;_persistent.%u", self->uid,
				 PERM_PERSISTENT, self->uid),
		     ON(self->p, description(ring)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_S, ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(ring)));
	/* by number, or again: the same */
	EXPECT_EQ(ring, ON(self->p, kc_persistent(self->uid, RING_S)));
	EXPECT_EQ(ring, ON(self->p, kc_persistent(-1, RING_P)));
	EXPECT_EQ(1, ON(self->p, ring_size(RING_S)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_P, ring)));
	EXPECT_LT(0, ON(self->p, kc_add_user("k", "v", ring)));
}

/* It costs its UID nothing but the links to it */
TEST_F(persistent, is_not_in_quota)
{
	int keys = keys_charged(self->uid), bytes = bytes_charged(self->uid);

	EXPECT_LT(0, ON(self->p, kc_persistent(-1, RING_S)));
	EXPECT_EQ(keys, keys_charged(self->uid));
	EXPECT_EQ(bytes + LINK_BYTES, bytes_charged(self->uid));
}

/* It is still there for the next process when there is none */
TEST_F(persistent, outlasts_processes)
{
	long ring = ON(self->p, kc_persistent(-1, RING_S)), key;
	struct actor *q;

	key = ON(self->p, kc_add_user("k", "v", ring));
	actor_leave(self->p);
	EXPECT_TRUE(key_stays(ring));
	q = actor_user(self->uid);
	EXPECT_LT(0, ON(q, kc_join(NULL)));
	/* until it is linked, it is not possessed, but can be seen */
	EXPECT_EQ(4, ON(q, kc_read(ring, NULL, 0)));
	EXPECT_STREQ("error -13", ON(q, payload(key)));
	EXPECT_EQ(ring, ON(q, kc_persistent(-1, RING_S)));
	EXPECT_STREQ("v", ON(q, payload(key)));
	EXPECT_EQ(0, ON(q, kc_clear(ring)));
	EXPECT_TRUE(key_goes(key));
}

/* One for each UID; -1 is the real one; EPERM: another's */
TEST_F(persistent, of_other_uids)
{
	uid_t other = fresh_uid(), third = fresh_uid();
	struct actor *q = actor_user(other), *r = actor_fork(NULL);
	long ring = ON(self->p, kc_persistent(-1, RING_S)), another;

	EXPECT_EQ(-EPERM, ON(q, kc_persistent(self->uid, RING_P)));
	EXPECT_EQ(-EPERM, ON(q, kc_persistent(0, RING_P)));
	another = ON(q, kc_persistent(-1, RING_P));
	EXPECT_LT(0, another);
	EXPECT_NE(ring, another);

	/* real and effective UID are one's own, the saved one is not */
	EXPECT_EQ(0, actor_do(r, set_uids, self->uid, other, third));
	EXPECT_EQ(ring, ON(r, kc_persistent(-1, RING_P)));
	EXPECT_EQ(ring, ON(r, kc_persistent(self->uid, RING_P)));
	EXPECT_EQ(another, ON(r, kc_persistent(other, RING_P)));
	EXPECT_EQ(-EPERM, ON(r, kc_persistent(third, RING_P)));
}

TEST_F(persistent, with_cap_setuid)
{
	struct actor *root = actor_fork(NULL);
	long ring;

	ring = ON(root, kc_persistent(self->uid, RING_P));
	EXPECT_LT(0, ring);
	EXPECT_EQ(ring, ON(self->p, kc_persistent(-1, RING_S)));
	EXPECT_EQ(0, actor_do(root, drop_capability, CAP_SETUID, 0, 0));
	EXPECT_EQ(-EPERM, ON(root, kc_persistent(self->uid, RING_P)));
	/* no other is needed */
	root = actor_fork(NULL);
	EXPECT_EQ(0, actor_do(root, drop_capability, CAP_SYS_ADMIN, 0, 0));
	EXPECT_EQ(ring, ON(root, kc_persistent(self->uid, RING_P)));
}

TEST_F(persistent, bad_rings)
{
	long key = ON(self->p, kc_add_user("k", "v", RING_S));
	long ring = ON(self->p, kc_add_ring("r", RING_S));

	EXPECT_EQ(-EINVAL, ON(self->p, kc_persistent(-1, 0)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_persistent(-1, RING_G)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_persistent(-1, -9)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_persistent(-1, RING_REQUESTOR)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_persistent(-1, 1)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_persistent(-1, key)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(ring, PERM_POS(MAY_ALL &
							   ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_persistent(-1, ring)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(ring)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_persistent(-1, ring)));
}

/* A ring in itself */
TEST_F(persistent, into_itself)
{
	long ring = ON(self->p, kc_persistent(-1, RING_S));

	EXPECT_EQ(-EDEADLK, ON(self->p, kc_persistent(-1, ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(ring)));
}

/* UIDs that the namespace does not know */
TEST_F(persistent, in_a_user_namespace)
{
	uid_t base = fresh_uids(10);
	struct actor *n = actor_userns(base, 10), *outside = actor_user(base);
	long ring = ON(outside, kc_persistent(-1, RING_P)), inner;

	EXPECT_EQ(-EINVAL, ON(n, kc_persistent(10, RING_P)));
	inner = ON(n, kc_persistent(-1, RING_P));
	EXPECT_LT(0, inner);
	EXPECT_NE(ring, inner);
	EXPECT_STREQ(shared_text("keyring;0;65534;%08x;_persistent.0",
				 PERM_PERSISTENT), ON(n, description(inner)));
	/* its root may have those of its own users */
	EXPECT_LT(0, ON(n, kc_persistent(7, RING_P)));
}

/*
 * Namespaces can be made without end, and who has been inside can keep the rings of each: they
 * cost the UID outside what rings of its own would
 */
TEST_F(persistent, ours_of_a_namespace_is_in_quota)
{
	static const int cost = sizeof("_persistent.0");
	uid_t base = fresh_uids(10);
	struct actor *n = actor_userns(base, 10);
	long maxbytes = sysctl_get("maxbytes"), full;
	int keys, bytes;

	EXPECT_LT(0, ON(n, kc_id(RING_P, 1)));
	keys = keys_charged(base);
	bytes = bytes_charged(base);
	/* no room for the ring, and then none for the link: nothing is left of it */
	for (full = bytes + cost - 1; full <= bytes + cost; full++) {
		sysctl_set("maxbytes", full);
		EXPECT_EQ(-EDQUOT, ON(n, kc_persistent(-1, RING_P)));
		EXPECT_TRUE(EVENTUALLY(keys_charged(base) == keys));
		EXPECT_EQ(bytes, bytes_charged(base));
	}
	sysctl_set("maxbytes", maxbytes);
	EXPECT_LT(0, ON(n, kc_persistent(-1, RING_P)));
	EXPECT_EQ(keys + 1, keys_charged(base));
	EXPECT_EQ(bytes + cost + LINK_BYTES, bytes_charged(base));
	actor_leave(n);
	EXPECT_FORGOTTEN(base);
}

struct registers {
	int n;
	unsigned int serials[64];
};

/* The registers of which a process sees a row */
static struct registers registers_seen(struct actor *who)
{
	static const char name[] = ".persistent_register: ";
	const char *line = slurp(who, "/proc/keys");
	struct registers seen = {};
	struct key_row row;

	for (; *line && seen.n < 64; line = strchr(line, '\n') + 1)
		if (key_row_parse(line, &row) &&
		    !strncmp(row.desc, name, strlen(name)))
			seen.serials[seen.n++] = row.serial;
	return seen;
}

/* How many of them were not seen before: one of an ended namespace goes when it likes */
static int registers_new(const struct registers *now,
			 const struct registers *before)
{
	int i, k, n = 0;

	for (i = 0; i < now->n; i++) {
		for (k = 0; k < before->n; k++)
			if (before->serials[k] == now->serials[i])
				break;
		n += k == before->n;
	}
	return n;
}

/* Of whatever namespace it is, its register is the kernel's root's to see */
TEST_F(persistent, register_is_of_the_kernels_root)
{
	struct actor *n = actor_userns(fresh_uids(10), 10);
	struct registers before = registers_seen(NULL), now;

	ASSERT_LT(0, ON(n, kc_persistent(-1, RING_P)));
	now = registers_seen(NULL);
	EXPECT_EQ(1, registers_new(&now, &before));
	EXPECT_EQ(0, registers_seen(n).n);
	EXPECT_EQ(0, registers_seen(self->p).n);
}

/* Seconds left, as /proc/keys rounds them down; -1 if there is no end, -2 if no row */
static int seconds_left(struct actor *who, int serial)
{
	struct key_row row;
	int n;
	char unit;

	if (!key_row(who, serial, &row))
		return -2;
	if (sscanf(row.timeout, "%d%c", &n, &unit) != 2)
		return -1;
	switch (unit) {
	case 's': return n;
	case 'm': return n * 60;
	case 'h': return n * 3600;
	case 'd': return n * 86400;
	default: return n * 7 * 86400;
	}
}

/* How long it lives is set when it is asked for, each time anew */
TEST_F(persistent, fix_persistent_timeout_is_renewed_by_the_link)
{
	long ring;

	ASSERT_EQ(0, sysctl_set("persistent_keyring_expiry", 9000));
	ring = ON(self->p, kc_persistent(-1, RING_S));
	EXPECT_EQ(7200, seconds_left(self->p, ring));
	ASSERT_EQ(0, sysctl_set("persistent_keyring_expiry", 50));
	/* it is not touched by the setting */
	EXPECT_EQ(7200, seconds_left(self->p, ring));
	EXPECT_EQ(ring, ON(self->p, kc_persistent(-1, RING_S)));
	EXPECT_GE(50, seconds_left(self->p, ring));
	EXPECT_LT(20, seconds_left(self->p, ring));
	ASSERT_EQ(0, sysctl_set("persistent_keyring_expiry", 475200));
	EXPECT_EQ(ring, ON(self->p, kc_persistent(-1, RING_S)));
	EXPECT_EQ(5 * 86400, seconds_left(self->p, ring));
	/* nor is it by a call that fails */
	ASSERT_EQ(0, sysctl_set("persistent_keyring_expiry", 50));
	EXPECT_EQ(-EDEADLK, ON(self->p, kc_persistent(-1, ring)));
	EXPECT_EQ(5 * 86400, seconds_left(self->p, ring));
}

/* 0: it does not expire */
TEST_F(persistent, no_expiry)
{
	struct key_row row;
	long ring;

	ASSERT_EQ(0, sysctl_set("gc_delay", 0));
	ASSERT_EQ(0, sysctl_set("persistent_keyring_expiry", 0));
	ring = ON(self->p, kc_persistent(-1, RING_S));
	ASSERT_LT(0, ring);
	EXPECT_EQ(0, ON(self->p, ring_size(ring)));
	ASSERT_TRUE(key_row(self->p, ring, &row));
	EXPECT_STREQ("perm", row.timeout);
}

TEST_F(persistent, expires)
{
	long ring, key, other;

	ASSERT_EQ(0, sysctl_set("gc_delay", 0));
	ASSERT_EQ(0, sysctl_set("persistent_keyring_expiry", 1000));
	ring = ON(self->p, kc_persistent(-1, RING_S));
	ASSERT_LT(0, ring);
	key = ON(self->p, kc_add_user("k", "v", ring));
	ASSERT_LT(0, key);
	ASSERT_EQ(0, sysctl_set("persistent_keyring_expiry", 1));
	EXPECT_EQ(ring, ON(self->p, kc_persistent(-1, RING_S)));
	ASSERT_EQ(0, sysctl_set("persistent_keyring_expiry", 1000));
	EXPECT_TRUE(key_goes(ring));
	EXPECT_TRUE(key_goes(key));
	EXPECT_EQ(0, ON(self->p, ring_size(RING_S)));
	/* the next one is new */
	other = ON(self->p, kc_persistent(-1, RING_S));
	EXPECT_LT(0, other);
	EXPECT_NE(ring, other);
	EXPECT_EQ(0, ON(self->p, ring_size(other)));
}

/* Until gc_delay is over as well, the old one comes back, with all that is in it */
TEST_F(persistent, comes_back_within_gc_delay)
{
	long ring, key;

	ASSERT_EQ(0, sysctl_set("gc_delay", 300));
	ASSERT_EQ(0, sysctl_set("persistent_keyring_expiry", 1000));
	ring = ON(self->p, kc_persistent(-1, RING_S));
	ASSERT_LT(0, ring);
	key = ON(self->p, kc_add_user("k", "v", ring));
	ASSERT_LT(0, key);
	ASSERT_EQ(0, sysctl_set("persistent_keyring_expiry", 1));
	EXPECT_EQ(ring, ON(self->p, kc_persistent(-1, RING_S)));
	ASSERT_EQ(0, sysctl_set("persistent_keyring_expiry", 1000));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_read(ring, NULL, 0)) == -EKEYEXPIRED));
	EXPECT_EQ(ring, ON(self->p, kc_persistent(-1, RING_S)));
	EXPECT_EQ(1, ON(self->p, ring_holds(ring, key)));
	EXPECT_STREQ("v", ON(self->p, payload(key)));
}

SELFTEST_MAIN
