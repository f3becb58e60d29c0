/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pair of rings, one of which holds a key.
 */
#ifndef PAIR_H
#define PAIR_H

#include "actors.h"

/*
 * Two rings side by side, a key in the first:
 *
 *	p (fresh uid) ---@p---> "_pid" ---> ring "a" ---> user "k"
 *	                               ---> ring "b"
 */
FIXTURE(pair)
{
	struct actor *p;
	uid_t uid;
	long a, b, key;
};

FIXTURE_SETUP(pair)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->a = ON(self->p, kc_add_ring("a", RING_P));
	self->b = ON(self->p, kc_add_ring("b", RING_P));
	self->key = ON(self->p, kc_add_user("k", "in a", self->a));
	ASSERT_LT(0, self->a);
	ASSERT_LT(0, self->b);
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(pair)
{
	stage_close();
}

#endif /* PAIR_H */
