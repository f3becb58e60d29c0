/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the unit tests of requests share: a requester, and keys that are announced in
 * its session. No helper is started; the cases play it.
 */
#ifndef KR_KUNIT_SCENE_H
#define KR_KUNIT_SCENE_H

#include "kunit_helpers.h"

#include <keyrings/request.h>

/* The case's own thread, as a user with a session. */
struct scene {
	struct kt_login *login;
	const struct cred *before;
	struct kr_key *session;
	const struct kr_key_type *user;
};

static inline void enter(struct kunit *test, struct scene *scene)
{
	struct kr_key_ref ref;
	int ret;

	scene->login = kt_login(test, KT_UID);
	scene->before = override_creds(kt_actor_of(test, scene->login));
	scene->user = kt_type(test, "user");
	ret = kr_cred_lookup(KEY_SPEC_SESSION_KEYRING, KR_LOOKUP_CREATE, 0, &ref);
	KUNIT_ASSERT_EQ(test, ret, 0);
	scene->session = ref.key;
	kr_key_put(ref.key);
}

static inline void leave(struct scene *scene)
{
	kr_cred_task_exec(current);
	revert_creds(scene->before);
}

/* Borrowed: the session or the case holds it. */
static inline int request(struct scene *scene, const char *desc, struct kr_key *dest,
			  struct kr_key **key)
{
	int ret;

	*key = NULL;
	ret = kr_request_key(scene->user, desc, NULL, dest, key);
	if (!ret)
		kr_key_put(*key);
	return ret;
}

/* A key to be made, announced in the session as request_key(2) does. */
static inline struct kr_key *announce(struct kunit *test, struct scene *scene)
{
	struct kr_key *key;

	key = kt_hold(test, kr_key_alloc(scene->user, "k", kt_uid(KT_UID), kt_gid(KT_GID),
					 KT_PERM, KR_ALLOC_IN_QUOTA));
	kr_key_set_constructing(key);
	KUNIT_ASSERT_EQ(test, kr_ring_link(scene->session, key), 0);
	return key;
}

static inline struct kr_key *authorise(struct kunit *test, struct kr_key *key, struct kr_key *dest)
{
	struct kr_payload *callout = kt_payload(test, 4, 'c');
	struct kr_key *authkey = kr_authority_make(key, dest, callout);

	kr_payload_put(callout);
	return kt_hold(test, authkey);
}

#endif /* KR_KUNIT_SCENE_H */
