/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A holder: a user with a key of each kind.
 */
#ifndef HOLDER_H
#define HOLDER_H

#include "actors.h"

/*
 * One plain user with a process keyring and a few keys in it:
 *
 *	p (fresh uid) ---@p---> "_pid" ---> user "k" = "value"
 *	                               ---> logon "l:k"
 *	                               ---> keyring "r" ---> user "in r"
 */
FIXTURE(holder)
{
	struct actor *p;
	uid_t uid;
	long key, logon, ring, inner;
};

FIXTURE_SETUP(holder)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->key = ON(self->p, kc_add_user("k", "value", RING_P));
	self->logon = ON(self->p, kc_add("logon", "l:k", "secret", 6, RING_P));
	self->ring = ON(self->p, kc_add_ring("r", RING_P));
	self->inner = ON(self->p, kc_add_user("in r", "v", self->ring));
	ASSERT_LT(0, self->key);
	ASSERT_LT(0, self->logon);
	ASSERT_LT(0, self->ring);
	ASSERT_LT(0, self->inner);
}

FIXTURE_TEARDOWN(holder)
{
	stage_close();
}

static char *text_of_length(size_t len)
{
	char *text = shared(len + 1);

	memset(text, 'x', len);
	text[len] = 0;
	return text;
}

#endif /* HOLDER_H */
