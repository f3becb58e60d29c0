/* SPDX-License-Identifier: GPL-2.0-only */
/* The scene of the tests whose keys are of a type that a kernel module brings. */
#ifndef OWN_TYPE_H
#define OWN_TYPE_H

#include "inkernel.h"

#define OWN INKERNEL_TYPE

/*
 *	p (fresh uid) @s---> "_ses"
 *	type "kr_inkernel": registered
 */
FIXTURE(own)
{
	struct actor *p;
	uid_t uid;
};

FIXTURE_SETUP(own)
{
	stage_open();
	inkernel_open();
	ik(INKERNEL_TYPE_REMOVE, 0);
	ASSERT_EQ(0, ik(INKERNEL_TYPE_ALIVE, 0));
	ASSERT_EQ(0, ik(INKERNEL_TYPE_ADD, 0));
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
}

FIXTURE_TEARDOWN(own)
{
	stage_close();
	inkernel_open();
	ik(INKERNEL_TYPE_REMOVE, 0);
	inkernel_close();
}

static long add_own(const char *desc, const char *text)
{
	return kc_add(OWN, desc, text, strlen(text), RING_S);
}

static bool alive(int payloads)
{
	return EVENTUALLY(ik(INKERNEL_TYPE_ALIVE, 0) == payloads);
}

#endif /* OWN_TYPE_H */
