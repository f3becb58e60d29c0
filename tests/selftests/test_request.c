// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requesting a key: the helper that makes it, the authority under which it does,
 * where the key goes, and keys that stand for an error.
 *
 * Specified by request_key(2), keyctl_instantiate(3), request-key(8) and
 * Documentation/security/keys/request-key.rst.
 *
 * This program is its own helper: helper.h.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "helper.h"

/*
 * A process of a fresh uid and whom it calls:
 *
 *	p @s---> "_ses"  - - request_key - ->  helper (root)
 *					       @s---> "_req.N" ---> authority
 */
FIXTURE(request)
{
	struct actor *p;
	uid_t uid;
	long ses;
	struct call *call;	/* "info", to the default destination */
};

FIXTURE_SETUP(request)
{
	stage_open();
	helper_install();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->ses = ON(self->p, kc_join(NULL));
	ASSERT_LT(0, self->ses);
	self->call = call_to("info", 0);
}

FIXTURE_TEARDOWN(request)
{
	stage_close();
	helper_remove();
}

TEST_F(request, instantiate)
{
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "made", 4, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_STREQ("made", ON(self->p, payload(key)));
	EXPECT_STREQ(shared_text("user;%u;%u;3f010000;%s", self->uid,
				 self->uid, self->call->desc),
		     ON(self->p, description(key)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_S, key)));
	/* it is there now: nobody has to make it */
	EXPECT_EQ(key, ON(self->p, kc_request("user", self->call->desc, NULL,
					      0)));
	EXPECT_EQ(key, ON(self->p, kc_request("user", self->call->desc, "info",
					      0)));
	EXPECT_EQ(1, self->call->runs);
}

TEST_F(request, instantiate_from_segments)
{
	struct actor *h = helper_for(self->p, self->call);
	struct iovec *iov = shared(2 * sizeof(*iov));
	int key = key_of(self->call);

	iov[0] = (struct iovec){ "in two", 6 };
	iov[1] = (struct iovec){ " parts", 6 };
	EXPECT_LT(0, ON(h, kc_assume(key)));
	/* the type wants something */
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate_iov(key, NULL, 2, 0)));
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate_iov(key, iov, 0, 0)));
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate_iov(key, iov, 1025, 0)));
	EXPECT_EQ(-EFAULT, ON(h, kc_instantiate_iov(key, (void *)8, 2, 0)));
	EXPECT_EQ(0, ON(h, kc_instantiate_iov(key, iov, 2, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_STREQ("in two parts", ON(self->p, payload(key)));
}

/* What the helper is started with: request-key(8) */
TEST_F(request, arguments)
{
	struct actor *h = helper_for(self->p, self->call);

	EXPECT_EQ(HELPER_ARGS, self->call->argc);
	EXPECT_STREQ(HELPER, self->call->argv[0]);
	EXPECT_STREQ("create", self->call->argv[1]);
	EXPECT_LT(0, key_of(self->call));
	EXPECT_STREQ(shared_text("%u", self->uid), self->call->argv[3]);
	EXPECT_STREQ(shared_text("%u", self->uid), self->call->argv[4]);
	EXPECT_STREQ("0", self->call->argv[5]);
	EXPECT_STREQ("0", self->call->argv[6]);
	EXPECT_STREQ(shared_text("%ld", self->ses), self->call->argv[7]);
	EXPECT_STREQ("HOME=/\nPATH=/sbin:/bin:/usr/sbin:/usr/bin\n",
		     self->call->env);
	answer_to(self->p, h);
}

TEST_F(request, arguments_of_one_who_has_all_rings)
{
	long t = ON(self->p, kc_id(RING_T, 1)), ring;
	struct actor *h;

	ring = ON(self->p, kc_id(RING_P, 1));
	h = helper_for(self->p, self->call);
	EXPECT_STREQ(shared_text("%ld", t), self->call->argv[5]);
	EXPECT_STREQ(shared_text("%ld", ring), self->call->argv[6]);
	EXPECT_STREQ(shared_text("%ld", self->ses), self->call->argv[7]);
	answer_to(self->p, h);
}

TEST_F(request, arguments_of_one_without_session)
{
	long us = ON(self->p, kc_id(RING_US, 0));
	struct actor *p, *h;

	REQUIRE_NO_SESSION();
	p = actor_user(self->uid);
	h = helper_for(p, self->call);
	EXPECT_STREQ(shared_text("%ld", us), self->call->argv[7]);
	answer_to(p, h);
}

static long ids_are_root(long a, long b, long c)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;

	(void)a, (void)b, (void)c;
	getresuid(&r, &e, &s);
	getresgid(&gr, &ge, &gs);
	return !r && !e && !s && !gr && !ge && !gs;
}

/* What the helper finds: itself root, in a session with nothing but its authority */
TEST_F(request, session_of_the_helper)
{
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call), *auth = shared(sizeof(*auth));

	EXPECT_EQ(1, actor_do(h, ids_are_root, 0, 0, 0));
	EXPECT_STREQ(shared_text("keyring;%u;%u;3f030000;_req.%d", self->uid,
				 self->uid, key), ON(h, description(RING_S)));
	EXPECT_EQ(4, ON(h, kc_read(RING_S, auth, 4)));
	EXPECT_STREQ(shared_text(".request_key_auth;%u;%u;1b010000;%x",
				 self->uid, self->uid, key),
		     ON(h, description(*auth)));
	EXPECT_STREQ("info", ON(h, payload(*auth)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_id(RING_T, 0)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_id(RING_P, 0)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_id(AUTH_KEY, 0)));

	EXPECT_EQ(*auth, ON(h, kc_assume(key)));
	EXPECT_EQ(*auth, ON(h, kc_id(AUTH_KEY, 0)));
	EXPECT_STREQ("info", ON(h, payload(AUTH_KEY)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_id(AUTH_KEY, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_TRUE(key_goes(*auth));
}

/* No call-out information is not the same as empty one */
TEST_F(request, callout_info)
{
	char *longest = shared_text("%0*d", MAX_DESC, 1);
	struct actor *h;

	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", self->call->desc,
						  NULL, 0)));
	EXPECT_EQ(-EFAULT, ON(self->p, kc_request("user", self->call->desc,
						  (char *)8, 0)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_request("user", self->call->desc,
						  shared_text("%s1", longest),
						  0)));
	EXPECT_EQ(0, self->call->runs);

	self->call->callout = "";
	h = helper_for(self->p, self->call);
	EXPECT_LT(0, ON(h, kc_assume(key_of(self->call))));
	EXPECT_EQ(0, ON(h, kc_read(AUTH_KEY, NULL, 0)));
	EXPECT_EQ(-ENOKEY, answer_to(self->p, h));

	self->call = call_to(longest, 0);
	h = helper_for(self->p, self->call);
	EXPECT_LT(0, ON(h, kc_assume(key_of(self->call))));
	EXPECT_EQ(MAX_DESC, ON(h, kc_read(AUTH_KEY, NULL, 0)));
	EXPECT_EQ(-ENOKEY, answer_to(self->p, h));
}

/* With its authority the helper has what the requester has */
TEST_F(request, requesters_keys)
{
	long secret = ON(self->p, kc_add_user("k", "v", RING_S));
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);

	EXPECT_STREQ("error -13", ON(h, payload(secret)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_request("user", "k", NULL, 0)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_STREQ("v", ON(h, payload(secret)));
	EXPECT_EQ(secret, ON(h, kc_request("user", "k", NULL, 0)));
	/* until it gives it up, or has used it */
	EXPECT_EQ(0, ON(h, kc_assume(0)));
	EXPECT_STREQ("error -13", ON(h, payload(secret)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_STREQ("error -13", ON(h, payload(secret)));
	EXPECT_EQ(key, answer_to(self->p, h));
}

/* A requester without a session: what its UID has for one now is the helper's, too */
TEST_F(request, user_session_of_the_requester)
{
	long old = ON(self->p, kc_add_user("old", "v", RING_S)), new;
	struct actor *p, *h;

	REQUIRE_NO_SESSION();
	p = actor_user(self->uid);
	EXPECT_EQ(0, ON(self->p, kc_link(old, RING_US)));
	self->call->dest = RING_P;
	h = helper_for(p, self->call);
	EXPECT_LT(0, ON(h, kc_assume(key_of(self->call))));
	EXPECT_STREQ("v", ON(h, payload(old)));
	EXPECT_EQ(old, ON(h, kc_request("user", "old", NULL, 0)));

	EXPECT_EQ(0, ON(self->p, kc_invalidate(RING_US)));
	EXPECT_STREQ("error -13", ON(h, payload(old)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_request("user", "old", NULL, 0)));
	/* another takes its place */
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_id(RING_US, 0)) > 0));
	new = ON(self->p, kc_add_user("new", "w", RING_US));
	EXPECT_STREQ("w", ON(h, payload(new)));
	EXPECT_EQ(new, ON(h, kc_request("user", "new", NULL, 0)));

	EXPECT_EQ(-ENOKEY, answer_to(p, h));
}

TEST_F(request, user_session_of_the_requester_expires)
{
	long key = ON(self->p, kc_add_user("k", "v", RING_S));
	struct actor *p, *h;

	REQUIRE_NO_SESSION();
	p = actor_user(self->uid);
	EXPECT_EQ(0, ON(self->p, kc_link(key, RING_US)));
	self->call->dest = RING_P;
	h = helper_for(p, self->call);
	EXPECT_LT(0, ON(h, kc_assume(key_of(self->call))));
	EXPECT_EQ(0, ON(self->p, kc_timeout(RING_US, 1)));
	nap_ms(2100);
	EXPECT_STREQ("error -13", ON(h, payload(key)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(-ENOKEY, answer_to(p, h));
}

/* The key is not the helper's, but its authority lets it look and set a timeout */
TEST_F(request, helper_may_describe_and_set_a_timeout)
{
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);

	EXPECT_STREQ(shared_text("user;%u;%u;3f010000;%s", self->uid,
				 self->uid, self->call->desc),
		     ON(h, description(key)));
	EXPECT_LE(0, ON(h, kc_security(key, NULL, 0)));
	EXPECT_EQ(0, ON(h, kc_timeout(key, 1000)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
}

/* ---- authority ---- */

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

TEST_F(request, bad_payloads)
{
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);
	char *big = shared(MAX_ADD + 1);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate(key, big, MAX_ADD + 1, 0)));
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate(key, big, MAX_USER + 1, 0)));
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate(key, big, 0, 0)));
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate(key, NULL, 4, 0)));
	EXPECT_EQ(-EINVAL, ON(h, kc_instantiate(key, (void *)-4096, 0, 0)));
	EXPECT_EQ(-EFAULT, ON(h, kc_instantiate(key, (void *)8, 4, 0)));
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
	EXPECT_TRUE(EVENTUALLY(!uid_is_known(self->uid)));
	actor_leave(child);
}

/* EKEYEXPIRED is what a search says: to a request the key is as good as none */
TEST_F(request, expired_key_is_none)
{
	long old = ON(self->p, kc_add_user(self->call->desc, "old", RING_S));
	struct actor *h;
	int key;

	EXPECT_EQ(0, ON(self->p, kc_timeout(old, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_read(old, NULL, 0)) == -EKEYEXPIRED));
	EXPECT_EQ(-EKEYEXPIRED, ON(self->p, kc_search(RING_S, "user", self->call->desc, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", self->call->desc, NULL, 0)));
	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	EXPECT_NE(old, key);
	EXPECT_EQ(-ENOKEY, answer_to(self->p, h));
}

/* ---- keys that stand for an error ---- */

TEST_F(request, negate)
{
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_negate(key, 1000, 0)));
	EXPECT_EQ(-EPERM, ON(h, kc_negate(key, 1000, 0)));
	EXPECT_EQ(-ENOKEY, answer_to(self->p, h));
	/* it says so until its time is up, and is no key to read */
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", self->call->desc,
						  "info", 0)));
	EXPECT_EQ(1, self->call->runs);
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_S, key)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_read(key, NULL, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_update(key, "v", 1)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_link(key, RING_P)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(0, ON(self->p, kc_timeout(key, 2000)));
	EXPECT_STREQ(shared_text("user;%u;%u;3f010000;%s", self->uid,
				 self->uid, self->call->desc),
		     ON(self->p, description(key)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_S)));
	EXPECT_TRUE(key_goes(key));
}

/* add_key() makes a key of it */
TEST_F(request, add_over_negative)
{
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_negate(key, 1000, 0)));
	EXPECT_EQ(-ENOKEY, answer_to(self->p, h));
	EXPECT_EQ(key, ON(self->p, kc_add_user(self->call->desc, "v", RING_S)));
	EXPECT_STREQ("v", ON(self->p, payload(key)));
	EXPECT_EQ(key, ON(self->p, kc_request("user", self->call->desc, NULL,
					      0)));
}

TEST_F(request, reject_expires)
{
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_reject(key, 1, EKEYREJECTED, 0)));
	EXPECT_EQ(-EKEYREJECTED, answer_to(self->p, h));
	nap_ms(2100);
	/* the helper is asked again, for another key */
	helper_next(self->call);
	h = helper_for(self->p, self->call);
	EXPECT_NE(key, key_of(self->call));
	key = key_of(self->call);
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_EQ(2, self->call->runs);
}

/* ENOKEY for a minute: the helper did nothing */
TEST_F(request, helper_exits)
{
	struct actor *h = helper_for(self->p, self->call);

	EXPECT_EQ(-ENOKEY, answer_to(self->p, h));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", self->call->desc,
						  "info", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_read(key_of(self->call), NULL, 0)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_S, key_of(self->call))));
	EXPECT_EQ(1, self->call->runs);
}

TEST_F(request, helper_is_killed)
{
	struct actor *h = helper_for(self->p, self->call);

	EXPECT_LT(0, ON(h, kc_assume(key_of(self->call))));
	h->gone = true;
	EXPECT_EQ(0, kill(h->pid, SIGKILL));
	EXPECT_EQ(-ENOKEY, actor_end(self->p));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", self->call->desc,
						  "info", 0)));
	EXPECT_EQ(1, self->call->runs);
}

/* Killed, but the key is there: that is what counts */
TEST_F(request, helper_is_killed_afterwards)
{
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	h->gone = true;
	EXPECT_EQ(0, kill(h->pid, SIGKILL));
	EXPECT_EQ(key, actor_end(self->p));
}

/* Without a helper the request fails, and soon */
TEST_F(request, no_helper)
{
	unlink(HELPER);
	EXPECT_EQ(-ENOENT, ON(self->p, kc_request("user", self->call->desc,
						  "info", 0)));
	/* of that, too, a key remains that says so */
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", self->call->desc,
						  "info", 0)));
	EXPECT_EQ(0, self->call->runs);
}

/* The helper has the rings of the requester's UID, too, when the request has made them */
TEST_F(request, rings_of_a_uid_that_had_none)
{
	struct actor *p = actor_user(fresh_uid()), *h;
	int key, dest;

	self->call->dest = RING_P;
	h = helper_for(p, self->call);
	key = key_of(self->call);
	dest = atoi(self->call->argv[7]);
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, dest)));
	EXPECT_EQ(key, answer_to(p, h));
	EXPECT_EQ(1, ON(p, ring_holds(RING_US, key)));
}

/* ---- others who want the same key ---- */

TEST_F(request, two_callers)
{
	struct actor *q = actor_fork(self->p), *r = actor_fork(self->p), *h;
	int key;

	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	actor_begin(q, make_request, (long)self->call, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_REQUEST_KEY)));
	EXPECT_TRUE(EVENTUALLY(sleeps_in(self->p, NR_REQUEST_KEY)));
	/* it can be seen, but not used */
	EXPECT_STREQ(shared_text("user;%u;%u;3f010000;%s", self->uid,
				 self->uid, self->call->desc),
		     ON(r, description(key)));
	EXPECT_EQ(1, ON(r, ring_holds(RING_S, key)));

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	/* the second need not wait for the helper's end */
	EXPECT_EQ(key, actor_end(q));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_EQ(1, self->call->runs);
}

/* Of different UIDs, with one session */
TEST_F(request, two_callers_of_two_uids)
{
	struct actor *root = actor_fork(NULL), *q, *h;
	int key;

	ASSERT_LT(0, ON(root, kc_join(NULL)));
	ASSERT_EQ(0, ON(root, kc_setperm(RING_S, PERM_POS(MAY_ALL) | PERM_OTH(MAY_ALL))));
	q = actor_fork(root);
	ASSERT_EQ(0, actor_do(q, become, self->uid, 0, 0));
	self->call->dest = RING_S;
	h = helper_for(root, self->call);
	key = key_of(self->call);
	actor_begin(q, make_request, (long)self->call, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_REQUEST_KEY)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, actor_end(q));
	EXPECT_EQ(key, answer_to(root, h));
	EXPECT_EQ(1, self->call->runs);
}

TEST_F(request, two_callers_rejected)
{
	struct actor *q = actor_fork(self->p), *h;
	int key;

	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	actor_begin(q, make_request, (long)self->call, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_REQUEST_KEY)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_reject(key, 100, EKEYREJECTED, 0)));
	EXPECT_EQ(-EKEYREJECTED, actor_end(q));
	EXPECT_EQ(-EKEYREJECTED, answer_to(self->p, h));
	EXPECT_EQ(1, self->call->runs);
}

/* A request that needs a helper needs the rings of the UID, whatever the session is */
TEST_F(request, without_rings_of_the_uid)
{
	EXPECT_LT(0, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(RING_US)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_request("user", "k", "info", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(0, self->call->runs);
}

static void on_signal(int number)
{
	(void)number;
}

static long catch_signal(long flags, long b, long c)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = (int)flags };

	(void)b, (void)c;
	return sigaction(SIGUSR1, &action, NULL) ? -errno : 0;
}

/* EINTR: one who waits for the helper of another can be interrupted */
TEST_F(request, waiting_is_interrupted)
{
	struct actor *q = actor_fork(self->p), *h;
	int key;

	EXPECT_EQ(0, actor_do(q, catch_signal, 0, 0, 0));
	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	actor_begin(q, make_request, (long)self->call, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_REQUEST_KEY)));
	EXPECT_EQ(0, kill(q->pid, SIGUSR1));
	EXPECT_EQ(-EINTR, actor_end(q));

	/* or goes on waiting afterwards */
	EXPECT_EQ(0, actor_do(q, catch_signal, SA_RESTART, 0, 0));
	actor_begin(q, make_request, (long)self->call, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_REQUEST_KEY)));
	EXPECT_EQ(0, kill(q->pid, SIGUSR1));
	nap_ms(200);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_REQUEST_KEY)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, actor_end(q));
	EXPECT_EQ(key, answer_to(self->p, h));
}

static long read_key(long key, long buf, long len)
{
	return raw_syscall(NR_KEYCTL, OP_READ, key, buf, len, 0);
}

/* So does one who knows the key's number */
TEST_F(request, reading_waits)
{
	struct actor *q = actor_fork(self->p), *h;
	int key;

	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	actor_begin(q, read_key, key, 0, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_KEYCTL)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "five!", 5, 0)));
	EXPECT_EQ(5, actor_end(q));
	EXPECT_EQ(key, answer_to(self->p, h));
}

static long link_key(long key, long ring, long unused)
{
	(void)unused;
	return raw_syscall(NR_KEYCTL, OP_LINK, key, ring, 0, 0);
}

/* What needs the key itself waits, too, and goes on with the key */
TEST_F(request, linking_waits)
{
	struct actor *q = actor_fork(self->p), *h;
	int key;

	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	actor_begin(q, link_key, key, RING_P, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_KEYCTL)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(0, actor_end(q));
	EXPECT_EQ(1, ON(q, ring_holds(RING_P, key)));
	EXPECT_EQ(key, answer_to(self->p, h));
}

/* A helper requests a key itself: on behalf of the same requester */
TEST_F(request, helper_requests)
{
	long secret = ON(self->p, kc_add_user("k", "v", RING_S));
	struct call *inner = call_to("more info", RING_REQUESTOR);
	struct actor *h, *i;

	h = helper_for(self->p, self->call);
	EXPECT_LT(0, ON(h, kc_assume(key_of(self->call))));
	i = helper_for(h, inner);
	EXPECT_LT(0, ON(i, kc_assume(key_of(inner))));
	EXPECT_STREQ("more info", ON(i, payload(AUTH_KEY)));
	EXPECT_STREQ("v", ON(i, payload(secret)));
	EXPECT_EQ(0, ON(i, kc_instantiate(key_of(inner), "w", 1, 0)));
	EXPECT_EQ(key_of(inner), answer_to(h, i));
	EXPECT_EQ(0, ON(h, kc_instantiate(key_of(self->call), "v", 1, 0)));
	EXPECT_EQ(key_of(self->call), answer_to(self->p, h));
	/* the first because of its destination, the second by default */
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_S, key_of(inner))));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_S, key_of(self->call))));
}

/* Who requests, by default, from a helper that has its authority; returns the key */
static int requested_by_helper(struct actor *h)
{
	struct call *inner = call_to("more info", 0);
	struct actor *i = helper_for(h, inner);
	int key = key_of(inner);

	if (ON(i, kc_assume(key)) < 0 || ON(i, kc_instantiate(key, "w", 1, 0)))
		return 0;
	return answer_to(h, i) == key ? key : 0;
}

/* What it says by default is not the requester's ring but its own: @t, or what there is */
TEST_F(request, helper_requests_to_its_own_rings)
{
	struct actor *h = helper_for(self->p, self->call);
	int session, thread;

	EXPECT_LT(0, ON(h, kc_assume(key_of(self->call))));
	EXPECT_EQ(REQKEY_T, ON(h, kc_reqkey(REQKEY_ASK)));
	session = requested_by_helper(h);
	EXPECT_EQ(1, ON(h, ring_holds(RING_S, session)));

	ASSERT_LT(0, ON(h, kc_id(RING_T, 1)));
	thread = requested_by_helper(h);
	EXPECT_EQ(1, ON(h, ring_holds(RING_T, thread)));
	EXPECT_EQ(0, ON(h, ring_holds(RING_S, thread)));
	EXPECT_EQ(-ENOKEY, answer_to(self->p, h));
	/* nothing but the key that was not made */
	EXPECT_EQ(1, ON(self->p, ring_size(RING_S)));
}

/* ---- where the key goes ---- */

TEST_F(request, explicit_destination)
{
	long ring = ON(self->p, kc_add_ring("ring", RING_S));
	struct call *call = call_to("info", ring);
	struct actor *h = helper_for(self->p, call);
	int key = key_of(call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(ring, ON(h, kc_id(RING_REQUESTOR, 0)));
	EXPECT_LT(0, ON(h, kc_add_user("extra", "x", RING_REQUESTOR)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, RING_REQUESTOR)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_id(RING_REQUESTOR, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_EQ(1, ON(self->p, ring_holds(ring, key)));
	EXPECT_EQ(2, ON(self->p, ring_size(ring)));
	EXPECT_EQ(0, ON(self->p, ring_holds(RING_S, key)));
}

/* The helper can link the key elsewhere besides, if it may write there */
TEST_F(request, destination_of_the_helper)
{
	long ring = ON(self->p, kc_add_ring("ring", RING_S));
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, ring)));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_EQ(1, ON(self->p, ring_holds(ring, key)));
	EXPECT_EQ(1, ON(self->p, ring_holds(RING_S, key)));
}

/* Who has no ring of its own at all: to @us, and not on to @u */
TEST_F(request, destination_without_session)
{
	struct actor *p, *h;
	int key;

	REQUIRE_NO_SESSION();
	p = actor_user(self->uid);
	h = helper_for(p, self->call);
	key = key_of(self->call);
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, answer_to(p, h));
	EXPECT_EQ(1, ON(p, ring_holds(RING_US, key)));
	EXPECT_EQ(0, ON(p, ring_holds(RING_U, key)));
}

TEST_F(request, bad_destinations)
{
	long key = ON(self->p, kc_add_user("k", "v", RING_S));
	long ring = ON(self->p, kc_add_ring("ring", RING_S));
	char *desc = self->call->desc;

	EXPECT_EQ(-EINVAL, ON(self->p, kc_request("user", desc, "info",
						  RING_G)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_request("user", desc, "info", -9)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", desc, "info",
						  RING_REQUESTOR)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", desc, "info", 1)));
	EXPECT_EQ(-ENOTDIR, ON(self->p, kc_request("user", desc, "info", key)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(ring, PERM_POS(MAY_ALL &
							   ~MAY_WRITE))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_request("user", desc, "info", ring)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(ring)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_request("user", desc, "info",
						       ring)));
	EXPECT_EQ(0, self->call->runs);
}

/* A found key is linked, if it may be; without destination it need not */
TEST_F(request, found_key)
{
	long key = ON(self->p, kc_add_user("k", "v", RING_S));
	long ring = ON(self->p, kc_add_ring("ring", RING_P));

	EXPECT_EQ(key, ON(self->p, kc_request("user", "k", NULL, ring)));
	EXPECT_EQ(1, ON(self->p, ring_holds(ring, key)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, ring)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(key, PERM_POS(MAY_ALL & ~MAY_LINK))));
	EXPECT_EQ(key, ON(self->p, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_request("user", "k", NULL, ring)));
	EXPECT_EQ(0, ON(self->p, ring_size(ring)));
}

/* EPERM: rings are not made by helpers. ENOKEY: no such type. */
TEST_F(request, types)
{
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("keyring", "r", NULL, 0)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_request("keyring", "r", "info", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("no such type", "r", "info",
						  0)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_request(".request_key_auth", "1",
						 "info", 0)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_request("", "r", "info", 0)));
}

/*
 * The default destination:
 *
 *	p (fresh uid, rings by variant) - - request_key(..., 0) - -> helper
 */
FIXTURE(destination)
{
	struct actor *p;
	struct call *call;
};

FIXTURE_VARIANT(destination)
{
	int reqkey;		/* SET_REQKEY */
	bool thread, process;	/* makes these rings first */
	int ring;		/* where the key goes */
};

FIXTURE_VARIANT_ADD(destination, session) { .ring = RING_S };
FIXTURE_VARIANT_ADD(destination, process) { .process = true, .ring = RING_P };
FIXTURE_VARIANT_ADD(destination, thread) {
	.thread = true, .process = true, .ring = RING_T,
};
FIXTURE_VARIANT_ADD(destination, chosen_thread) {
	.reqkey = REQKEY_T, .process = true, .ring = RING_T,
};
FIXTURE_VARIANT_ADD(destination, chosen_process) {
	.reqkey = REQKEY_P, .thread = true, .ring = RING_P,
};
FIXTURE_VARIANT_ADD(destination, chosen_session) {
	.reqkey = REQKEY_S, .thread = true, .process = true, .ring = RING_S,
};
FIXTURE_VARIANT_ADD(destination, chosen_user) {
	.reqkey = REQKEY_U, .thread = true, .process = true, .ring = RING_U,
};
FIXTURE_VARIANT_ADD(destination, chosen_user_session) {
	.reqkey = REQKEY_US, .thread = true, .process = true, .ring = RING_US,
};
FIXTURE_VARIANT_ADD(destination, chosen_requestor) {
	.reqkey = REQKEY_REQUESTOR, .process = true, .ring = RING_P,
};

FIXTURE_SETUP(destination)
{
	stage_open();
	helper_install();
	self->p = actor_user(fresh_uid());
	self->call = call_to("info", 0);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	if (variant->thread)
		ASSERT_LT(0, ON(self->p, kc_id(RING_T, 1)));
	if (variant->process)
		ASSERT_LT(0, ON(self->p, kc_id(RING_P, 1)));
	ASSERT_EQ(REQKEY_DEFAULT, ON(self->p, kc_reqkey(variant->reqkey)));
}

FIXTURE_TEARDOWN(destination)
{
	stage_close();
	helper_remove();
}

TEST_F(destination, by_default)
{
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call), ring;

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
	for (ring = RING_US; ring <= RING_T; ring++) {
		EXPECT_EQ(ring == variant->ring,
			  ON(self->p, ring_holds(ring, key)) == 1)
			TH_LOG("ring %d", ring);
	}
}

/*
 * Errors that a helper may give:
 *
 *	p (fresh uid) @s---> "_ses"  - - request_key - -> helper - -> error
 */
FIXTURE(error)
{
	struct actor *p;
	struct call *call;
};

FIXTURE_VARIANT(error)
{
	int error;
};

FIXTURE_VARIANT_ADD(error, enokey) { .error = ENOKEY };
FIXTURE_VARIANT_ADD(error, ekeyrejected) { .error = EKEYREJECTED };
FIXTURE_VARIANT_ADD(error, ekeyexpired) { .error = EKEYEXPIRED };
FIXTURE_VARIANT_ADD(error, ekeyrevoked) { .error = EKEYREVOKED };
FIXTURE_VARIANT_ADD(error, eperm) { .error = EPERM };
FIXTURE_VARIANT_ADD(error, of_no_name) { .error = 515 };

FIXTURE_SETUP(error)
{
	stage_open();
	helper_install();
	self->p = actor_user(fresh_uid());
	self->call = call_to("info", 0);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
}

FIXTURE_TEARDOWN(error)
{
	stage_close();
	helper_remove();
}

TEST_F(error, is_what_the_request_returns)
{
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_reject(key, 1000, variant->error, 0)));
	EXPECT_EQ(-variant->error, answer_to(self->p, h));
	EXPECT_EQ(-variant->error,
		  ON(self->p, kc_request("user", self->call->desc, "info", 0)));
	EXPECT_EQ(1, self->call->runs);
}

HELPER_MAIN
