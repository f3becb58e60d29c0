/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys that have ended: how one is made to expire, and what may be said of one
 * that was invalidated.
 */
#ifndef ENDED_H
#define ENDED_H

#include "actors.h"

/* Let a key expire; false if it does not */
static bool expire(struct actor *p, int id)
{
	return !ON(p, kc_timeout(id, 1)) &&
	       EVENTUALLY(ON(p, kc_describe(id, NULL, 0)) == -EKEYEXPIRED);
}

/*
 * READ looks at possession before it looks at the state of the key. An
 * invalidated key that has left its rings, but not yet the machine, is not
 * possessed any more.
 */
static bool read_of_invalidated(long ret)
{
	return ret == -ENOKEY || ret == -EACCES;
}

#endif /* ENDED_H */
