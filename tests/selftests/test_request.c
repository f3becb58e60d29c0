// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requesting a key: the helper that makes it, what it is started with, what it
 * finds, and whose keys it has.
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
#include "requester.h"

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

/* There is room for the key, and none for the ring that leads the helper to it */
TEST_F(request, room_for_the_key_will_do)
{
	struct actor *h;
	int charged;

	/* which the helper has for a session, too */
	EXPECT_LT(0, ON(self->p, kc_id(RING_U, 0)));
	charged = keys_charged(self->uid);
	ASSERT_EQ(0, sysctl_set("maxkeys", charged));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_request("user", self->call->desc, "info", 0)));
	EXPECT_EQ(0, self->call->runs);
	ASSERT_EQ(0, sysctl_set("maxkeys", charged + 1));
	h = helper_for(self->p, self->call);
	EXPECT_EQ(charged + 2, keys_charged(self->uid));
	EXPECT_LT(0, ON(h, kc_assume(key_of(self->call))));
	EXPECT_EQ(0, ON(h, kc_instantiate(key_of(self->call), "v", 1, 0)));
	EXPECT_EQ(key_of(self->call), answer_to(self->p, h));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == charged + 1));
}

/* What the key and its link cost, and the ring for the helper with its link besides */
static int cost_of_key(const struct call *call)
{
	return strlen(call->desc) + 1 + LINK_BYTES;
}

static int cost_with_helper(const struct call *call, int key)
{
	return cost_of_key(call) + snprintf(NULL, 0, "_req.%d", key) + 1 + LINK_BYTES;
}

/* The helper, or NULL when the request ends without one */
static struct actor *helper_if_any(struct actor *who, struct call *call)
{
	actor_begin(who, make_request, (long)call, 0, 0);
	if (!EVENTUALLY(whose_turn(who) == TURN_DIRECTOR ||
			whose_turn(call->helper) == TURN_DIRECTOR))
		stage_broken("no helper, and no end");
	return whose_turn(who) == TURN_DIRECTOR ? NULL : call->helper;
}

/* The helper makes no key */
static void request_with(struct __test_metadata *_metadata, struct actor *p, struct call *call,
			 uid_t uid, int left)
{
	int charged = bytes_charged(uid), *key = shared(sizeof(*key)), runs = call->runs;
	struct actor *h;

	ASSERT_EQ(0, sysctl_set("maxbytes", charged + left));
	h = helper_if_any(p, call);
	if (h) {
		EXPECT_EQ(charged + cost_with_helper(call, key_of(call)), bytes_charged(uid));
		EXPECT_EQ(-ENOKEY, answer_to(p, h));
		helper_next(call);
	} else {
		EXPECT_EQ(-EDQUOT, actor_end(p));
		EXPECT_EQ(runs, call->runs);
	}
	if (left < cost_of_key(call)) {
		EXPECT_EQ(NULL, h);
		EXPECT_EQ(0, ON(p, ring_size(RING_S)));
		EXPECT_TRUE(EVENTUALLY(bytes_charged(uid) == charged));
		return;
	}
	/* there is a key by now, which says for a minute that there is none */
	EXPECT_EQ(4, ON(p, kc_read(RING_S, key, 4)));
	EXPECT_EQ(left >= cost_with_helper(call, *key), !!h);
	EXPECT_EQ(-ENOKEY, ON(p, kc_request("user", call->desc, "info", 0)));
	EXPECT_TRUE(EVENTUALLY(bytes_charged(uid) == charged + cost_of_key(call)));
	EXPECT_EQ(0, ON(p, kc_clear(RING_S)));
	EXPECT_TRUE(EVENTUALLY(bytes_charged(uid) == charged));
}

/*
 * Bytes are another matter: that ring is not refused, but the link from it to the authority
 * is. Serials have more or fewer digits, and so has its name.
 */
TEST_F(request, bytes_for_the_key_will_not_do)
{
	int least = cost_of_key(self->call), left;

	EXPECT_LT(0, ON(self->p, kc_id(RING_U, 0)));
	for (left = least - LINK_BYTES - 1; left < least; left++)
		request_with(_metadata, self->p, self->call, self->uid, left);
	EXPECT_EQ(0, self->call->runs);
	for (; left <= cost_with_helper(self->call, INT32_MAX); left++)
		request_with(_metadata, self->p, self->call, self->uid, left);
	EXPECT_LT(0, self->call->runs);
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

/* A request that needs a helper needs the rings of the UID, whatever the session is */
TEST_F(request, without_rings_of_the_uid)
{
	EXPECT_LT(0, ON(self->p, kc_id(RING_US, 0)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(RING_US)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_request("user", "k", "info", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(0, self->call->runs);
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

HELPER_MAIN
