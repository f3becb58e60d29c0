/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the unit tests of room cred share: the case's own thread is a process; it
 * has put on the credentials of a made-up user.
 */
#ifndef KR_KUNIT_PERSONA_H
#define KR_KUNIT_PERSONA_H

#include "kunit_helpers.h"

struct persona {
	struct kt_login *login;
	struct cred *cred;
	const struct cred *before;
};

static inline void enter(struct kunit *test, struct persona *me, u32 uid)
{
	me->login = kt_login(test, uid);
	me->cred = kt_actor_of(test, me->login);
	me->before = override_creds(me->cred);
}

static inline void leave(struct persona *me)
{
	kr_cred_task_exec(current);
	revert_creds(me->before);
}

/* Looks up without a permission in mind; borrowed, it lives by being what it is. */
static inline int lookup(s32 id, unsigned int flags, struct kr_key **key)
{
	struct kr_key_ref ref;
	int ret;

	*key = NULL;
	ret = kr_cred_lookup(id, flags, 0, &ref);
	if (!ret) {
		*key = ref.key;
		kr_key_put(ref.key);
	}
	return ret;
}

static inline struct kr_key *special(struct kunit *test, s32 id, unsigned int flags)
{
	struct kr_key *key;

	KUNIT_ASSERT_EQ(test, lookup(id, flags, &key), 0);
	return key;
}

#endif /* KR_KUNIT_PERSONA_H */
