// SPDX-License-Identifier: GPL-2.0-only
/*
 * Destinations: where a key goes that is requested, by a helper as well, when the
 * requester says so and when it does not.
 *
 * Specified by request_key(2), keyctl_set_reqkey_keyring(3) and
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

HELPER_MAIN
