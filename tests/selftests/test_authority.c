// SPDX-License-Identifier: GPL-2.0-only
/*
 * Authority: under which a helper makes a key, for that key alone and once, and
 * what becomes of it with the request.
 *
 * Specified by keyctl_instantiate(3), request-key(8) and
 * Documentation/security/keys/request-key.rst.
 *
 * This program is its own helper: helper.h.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "helper.h"
#include "requester.h"

TEST_F(request, nothing_without_authority)
{
	struct actor *h = helper_for(self->p, self->call), *stranger;
	int key = key_of(self->call);

	stranger = actor_user(fresh_uid());
	EXPECT_EQ(-EPERM, ON(stranger, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(-EPERM, ON(stranger, kc_negate(key, 1, 0)));
	EXPECT_EQ(-EPERM, ON(stranger, kc_reject(key, 1, EKEYREJECTED, 0)));
	/* nor does it matter whether there is such a key */
	EXPECT_EQ(-EPERM, ON(stranger, kc_instantiate(INT32_MAX, "v", 1, 0)));
	EXPECT_EQ(-EPERM, ON(stranger, kc_instantiate(0, "v", 1, 0)));
	EXPECT_EQ(-EPERM, ON(stranger, kc_negate(INT32_MAX, 1, 0)));
	EXPECT_EQ(-ENOKEY, ON(stranger, kc_assume(key)));
	EXPECT_EQ(0, ON(stranger, kc_assume(0)));
	EXPECT_EQ(-EINVAL, ON(stranger, kc_assume(-1)));
	EXPECT_EQ(-EINVAL, ON(stranger, kc_assume(INT32_MIN)));
	/* that a ring may not be searched does not hide that there is none */
	EXPECT_LT(0, ON(h, kc_id(RING_P, 1)));
	EXPECT_EQ(0, ON(h, kc_setperm(RING_P, 0x37370000)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_assume(INT32_MAX)));
	/* it has to be assumed */
	EXPECT_EQ(-EPERM, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(-EPERM, ON(h, kc_negate(key, 1, 0)));
	EXPECT_EQ(-EPERM, ON(h, kc_reject(key, 1, EKEYREJECTED, 0)));
	/* and can be dropped */
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_assume(0)));
	EXPECT_EQ(-EPERM, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(-ENOKEY, answer_to(self->p, h));
}

/* EOPNOTSUPP: there are keys of these IDs, if none that are numbers */
TEST_F(request, no_number_has_an_id_of_the_authority)
{
	struct actor *h = helper_for(self->p, self->call);
	struct dh_ids *ids = shared(sizeof(*ids));
	char *buf = shared(64);

	EXPECT_LT(0, ON(h, kc_assume(key_of(self->call))));
	*ids = (struct dh_ids){ AUTH_KEY, AUTH_KEY, AUTH_KEY };
	EXPECT_EQ(-EOPNOTSUPP, ON(h, keyctl(OP_DH_COMPUTE, (long)ids, (long)buf, 64, 0)));
	*ids = (struct dh_ids){ 0, RING_REQUESTOR, INT32_MAX };
	EXPECT_EQ(-EOPNOTSUPP, ON(h, keyctl(OP_DH_COMPUTE, (long)ids, (long)buf, 64, 0)));
	EXPECT_EQ(-ENOKEY, answer_to(self->p, h));
}

/* It is for one key only */
TEST_F(request, authority_over_another_key)
{
	long other = ON(self->p, kc_add_user("k", "v", RING_S));
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(-EPERM, ON(h, kc_instantiate(other, "v", 1, 0)));
	EXPECT_EQ(-EPERM, ON(h, kc_negate(other, 1, 0)));
	EXPECT_EQ(-EPERM, ON(h, kc_reject(other, 1, EKEYREJECTED, 0)));
	EXPECT_EQ(-EPERM, ON(h, kc_instantiate(0, "v", 1, 0)));
	EXPECT_EQ(-EPERM, ON(h, kc_instantiate(RING_S, "v", 1, 0)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_assume(other)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
}

/* A little below the end of user space, with so many levels of page tables */
#define END_4_LEVELS	((1UL << 47) - 0x180000)
#define END_5_LEVELS	((1UL << 56) - 0x180000)

static bool five_levels(void)
{
	return strstr(slurp(NULL, "/proc/cpuinfo"), " la57");
}

TEST_F(request, bad_payloads)
{
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);
	char *big = shared(MAX_ADD + 1);
	long ret;

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate(key, big, MAX_ADD + 1, 0)));
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate(key, big, MAX_USER + 1, 0)));
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate(key, big, 0, 0)));
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate(key, NULL, 4, 0)));
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate(key, (void *)-4096, 0, 0)));
	EXPECT_EQ(-EFAULT, ON(h, kc_instantiate(key, (void *)8, 4, 0)));
	/* too long, and beyond the end of user space, wherever that is: what is said first */
	ret = ON(h, kc_instantiate(key, (void *)END_4_LEVELS, 2 * MAX_ADD, 0));
	EXPECT_TRUE(ret == -EFAULT || (five_levels() && ret == -EINVAL)) TH_LOG("%ld", ret);
	EXPECT_EQ(-EFAULT, ON(h, kc_instantiate(key, (void *)END_5_LEVELS, 2 * MAX_ADD, 0)));
	/* none of these was the last word */
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_STREQ("v", ON(self->p, payload(key)));
}

TEST_F(request, bad_errors)
{
	static const int bad[] = { 0, 512, 513, 514, 516, 4095, 4096, -1, -126 };
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);
	unsigned int i;

	EXPECT_LT(0, ON(h, kc_assume(key)));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, ON(h, kc_reject(key, 1, bad[i], 0)))
			TH_LOG("error %d", bad[i]);
	}
	EXPECT_EQ(0, ON(h, kc_reject(key, 100, 4094, 0)));
	EXPECT_EQ(-4094, answer_to(self->p, h));
}

TEST_F(request, bad_rings)
{
	long other = ON(self->p, kc_add_user("k", "v", RING_S)), ring;
	struct actor *h;
	int key;

	ring = ON(self->p, kc_add_ring("ring", RING_S));
	EXPECT_EQ(0, ON(self->p, kc_setperm(ring, PERM_POS(MAY_ALL & ~MAY_WRITE))));
	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate(key, "v", 1, AUTH_KEY)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_instantiate(key, "v", 1, -9)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_instantiate(key, "v", 1, 1)));
	EXPECT_EQ(-ENOTDIR, ON(h, kc_instantiate(key, "v", 1, other)));
	EXPECT_EQ(-EACCES, ON(h, kc_instantiate(key, "v", 1, ring)));
	EXPECT_EQ(-EINVAL, ON(h, kc_negate(key, 1, AUTH_KEY)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_negate(key, 1, -9)));
	EXPECT_EQ(-EINVAL, ON(h, kc_reject(key, 1, EKEYREJECTED, AUTH_KEY)));
	EXPECT_EQ(-EACCES, ON(h, kc_reject(key, 1, EKEYREJECTED, ring)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
}

/* EPERM: used up. EBUSY: others who share the authority come too late. */
TEST_F(request, instantiate_twice)
{
	struct actor *h = helper_for(self->p, self->call), *child;
	int key = key_of(self->call);
	struct key_row row;

	EXPECT_LT(0, ON(h, kc_assume(key)));
	child = actor_fork(h);
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(-EPERM, ON(h, kc_instantiate(key, "w", 1, 0)));
	EXPECT_EQ(-EPERM, ON(h, kc_negate(key, 1, 0)));
	EXPECT_EQ(-EBUSY, ON(child, kc_instantiate(key, "w", 1, 0)));
	EXPECT_EQ(-EBUSY, ON(child, kc_negate(key, 1, 0)));
	actor_leave(child);
	EXPECT_EQ(key, answer_to(self->p, h));
	/* nor has it got the time that it would have had */
	EXPECT_TRUE(key_row(self->p, key, &row));
	EXPECT_STREQ("perm", row.timeout);
	EXPECT_STREQ("v", ON(self->p, payload(key)));
}

/* A child of the helper has the authority, too */
TEST_F(request, instantiate_by_a_child_of_the_helper)
{
	struct actor *h = helper_for(self->p, self->call), *child;
	int key = key_of(self->call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	child = actor_fork(h);
	EXPECT_EQ(0, ON(child, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(-EBUSY, ON(h, kc_instantiate(key, "w", 1, 0)));
	actor_leave(child);
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_STREQ("v", ON(self->p, payload(key)));
}

/* EKEYREVOKED: the helper is gone, the request is over */
TEST_F(request, authority_that_is_over)
{
	struct actor *h = helper_for(self->p, self->call), *child;
	int key = key_of(self->call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	child = actor_fork(h);
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_EQ(-EKEYREVOKED, ON(child, kc_instantiate(key, "w", 1, 0)));
	EXPECT_EQ(-EKEYREVOKED, ON(child, kc_negate(key, 1, 0)));
	EXPECT_EQ(0, ON(child, kc_assume(0)));
	actor_leave(child);
}

/* And nothing is made for who asks with it: no ring of a UID, no helper */
TEST_F(request, authority_that_is_over_makes_no_rings)
{
	struct actor *h = helper_for(self->p, self->call), *child;
	int key = key_of(self->call);
	uid_t uid = fresh_uid();
	struct key_user_row row;

	EXPECT_LT(0, ON(h, kc_assume(key)));
	child = actor_fork(h);
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_EQ(0, actor_do(child, become, uid, 0, 0));
	EXPECT_LT(0, ON(child, kc_id(RING_T, 1)));
	EXPECT_EQ(-EKEYREVOKED, ON(child, kc_request("user", "k", "info", 0)));
	/* @t, and in it the key that was not made */
	EXPECT_EQ(1, ON(child, ring_size(RING_T)));
	EXPECT_TRUE(key_user_row(NULL, uid, &row));
	EXPECT_EQ(2, row.nkeys);
	EXPECT_EQ(0, ON(child, kc_assume(0)));
	actor_leave(child);
}

/* EBUSY: the helper has answered nothing, which was an answer, too */
TEST_F(request, authority_of_a_helper_that_exits)
{
	struct actor *h = helper_for(self->p, self->call), *child;
	int key = key_of(self->call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	child = actor_fork(h);
	EXPECT_EQ(-ENOKEY, answer_to(self->p, h));
	EXPECT_EQ(-EBUSY, ON(child, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(-EBUSY, ON(child, kc_reject(key, 1, EKEYREJECTED, 0)));
	/* what the authority holds stays: where the key was to go */
	EXPECT_LT(0, ON(child, kc_id(RING_REQUESTOR, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", self->call->desc,
						  "info", 0)));
	EXPECT_EQ(0, ON(child, kc_assume(0)));
	actor_leave(child);
}

/* ENOKEY: there is no such key, whatever cannot be searched; EACCES: there is one */
TEST_F(request, ours_nobody_has_the_authority_over_no_key)
{
	long key = ON(self->p, kc_add_user("k", "v", RING_S));

	ASSERT_LT(0, key);
	ASSERT_EQ(0, ON(self->p, kc_setperm(RING_S, PERM_POS(MAY_ALL & ~MAY_SEARCH))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_assume(key)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_assume(1)));
}

/* In another user namespace it is none, and can be let go of all the same */
TEST_F(request, authority_is_dropped_in_a_namespace)
{
	struct actor *h = helper_for(self->p, self->call), *child;
	int key = key_of(self->call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	child = actor_fork(h);
	ASSERT_EQ(0, actor_do(child, unshare_userns, 0, 0, 0));
	EXPECT_EQ(-ENOKEY, answer_to(self->p, h));
	EXPECT_EQ(0, ON(child, kc_assume(0)));
	/* the requester was charged for the helper's session */
	EXPECT_LT(0, ON(child, kc_join(NULL)));
	/* nothing has the requester's rings any more */
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(self->ses));
	actor_leave(child);
}

/* Whoever has it from before has the requester's rings until it is let go of */
TEST_F(request, ours_authority_stays_in_a_namespace)
{
	struct actor *h = helper_for(self->p, self->call), *child;

	EXPECT_LT(0, ON(h, kc_assume(key_of(self->call))));
	child = actor_fork(h);
	ASSERT_EQ(0, actor_do(child, unshare_userns, 0, 0, 0));
	EXPECT_EQ(-ENOKEY, answer_to(self->p, h));
	EXPECT_LT(0, ON(child, kc_join(NULL)));
	actor_leave(self->p);
	EXPECT_TRUE(key_stays(self->ses));
	EXPECT_EQ(0, ON(child, kc_assume(0)));
	EXPECT_TRUE(key_goes(self->ses));
	actor_leave(child);
}

HELPER_MAIN
