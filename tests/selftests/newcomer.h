/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A newcomer: a process whose UID has no keyrings yet, and how those look that it
 * will have.
 */
#ifndef NEWCOMER_H
#define NEWCOMER_H

#include "actors.h"
#include "probes.h"

/* Permissions with which the kernel makes its own keyrings */
enum {
	PERM_TASK_RING = 0x3f010000,	/* @t and @p */
	PERM_SESSION = 0x3f030000,	/* anonymous session */
	PERM_UID_RING = 0x1f3f0000,	/* @u and @us */
};

enum { OVERFLOW_GID = 65534 };

/*
 * One process, of a UID that has never been used:
 *
 *	director (uid 0) ---fork---> p (fresh uid, no session keyring)
 */
FIXTURE(newcomer)
{
	struct actor *p;
	uid_t uid;
};

FIXTURE_SETUP(newcomer)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
}

FIXTURE_TEARDOWN(newcomer)
{
	stage_close();
}

#endif /* NEWCOMER_H */
