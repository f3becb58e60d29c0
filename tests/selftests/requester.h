/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A requester: a process that lacks a key, and the call by which it asks the helper
 * for it.
 */
#ifndef REQUESTER_H
#define REQUESTER_H

#include "helper.h"

/*
 * A process of a fresh uid and whom it calls:
 *
 *	p @s---> "_ses"  - - request_key - ->  helper (root)
 *					       @s---> "_req.N" ---> authority
 */
FIXTURE(request)
{
	struct actor *p;
	uid_t uid;
	long ses;
	long maxkeys, maxbytes;
	struct call *call;	/* "info", to the default destination */
};

FIXTURE_SETUP(request)
{
	stage_open();
	helper_install();
	self->maxkeys = sysctl_get("maxkeys");
	self->maxbytes = sysctl_get("maxbytes");
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->ses = ON(self->p, kc_join(NULL));
	ASSERT_LT(0, self->ses);
	self->call = call_to("info", 0);
}

FIXTURE_TEARDOWN(request)
{
	sysctl_set("maxkeys", self->maxkeys);
	sysctl_set("maxbytes", self->maxbytes);
	stage_close();
	helper_remove();
}

#endif /* REQUESTER_H */
