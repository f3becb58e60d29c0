// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys that stand for an error: those that a helper rejects or does not make, and
 * what a request says of them.
 *
 * Specified by keyctl_instantiate(3) and request_key(2).
 *
 * This program is its own helper: helper.h.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "helper.h"
#include "requester.h"

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
	EXPECT_EQ(0, ON(h, kc_reject(key, 3, EKEYREJECTED, 0)));
	EXPECT_EQ(-EKEYREJECTED, answer_to(self->p, h));
	nap_ms(4100);
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
