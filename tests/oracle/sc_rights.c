// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permissions where more than one process has a part: a helper and the ring that it
 * names, the ring in which it finds its authority, a session for the parent.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <sys/uio.h>

enum { CLASSES = 4, OUTSIDER = 5 };

static const char *const classes[CLASSES] = { "owner", "group", "other", "root" };

/* To a ring of the user and the group uid_base; root is root before */
static void become_class(struct worker *w, unsigned int who)
{
	uid_t u = uid_base;

	switch (who) {
	case 0: worker_become(w, u, u, -1); break;
	case 1: worker_become(w, u + 1, u + 1, u); break;
	case 2: worker_become(w, u + 2, u + 2, -1); break;
	}
}

static void many_keys(void)
{
	limits("maxkeys", 100000);
	limits("maxbytes", 10000000);
	limits("root_maxkeys", 1000000);
}

/* A ring that is open to all becomes user uid_base's, with these permissions */
static void ring_close(long ring, unsigned int perm)
{
	quiet(NULL, CHOWN, ring, uid_base, uid_base);
	quiet(NULL, SETPERM, ring, perm);
}

/* ---- a key that is made, for a ring that the helper names ---- */

/*
 *	w  - - request_key - ->  h		h: in each class
 *	sibling @s---> "reach" ---> target	the requester possesses it,
 *	h       @p---> target			or the helper,
 *	keeper  @s---> target			or neither
 */
static struct {
	struct worker *w, *sibling, *keeper, *h;
	long reach, kept, key;
} mk;

enum { BY_NOBODY, BY_HELPER, BY_REQUESTER, WAYS };

static const char *const ways[WAYS] = { "not", "by the helper", "by the requester" };

static void made_begin(unsigned int who, const char *desc)
{
	mk.h = ask(mk.w, desc, 0);
	if (!mk.h)
		give_up("no helper");
	mk.key = helper_key(mk.h);
	quiet(mk.h, ASSUME, mk.key);
	become_class(mk.h, who);
}

static long made_target(const char *name, unsigned int how, bool restricted)
{
	long ring = add_quiet(mk.keeper, "keyring", name, mk.kept);

	quiet(mk.keeper, SETPERM, ring, 0x3f3f3f3f);
	if (restricted)
		quiet(mk.keeper, RESTRICT, ring, 0, 0);
	if (how == BY_HELPER)
		quiet(mk.h, LINK, ring, RING_P);
	if (how == BY_REQUESTER)
		quiet(mk.sibling, LINK, ring, mk.reach);
	return ring;
}

static void made_say(const char *verdict, unsigned int who, unsigned int how, unsigned int perm,
		     long ret)
{
	say("%s into, perm %08x, %s, possessed: %s) = %s", verdict, perm, classes[who], ways[how],
	    result_name(ret));
}

/* A ring that takes nothing: EPERM is for who may, who may not keeps the authority, too */
static void made_refused(unsigned int who, unsigned int how, unsigned int perm)
{
	static const struct iovec iov[] = { { "made", 4 } };
	long ring = made_target(text("%s%u%08x", classes[who], how, perm), how, true);

	ring_close(ring, perm);
	made_say("instantiate", who, how, perm,
		 quiet(mk.h, INSTANTIATE, mk.key, P("made"), 4, ring));
	made_say("instantiate a vector", who, how, perm,
		 quiet(mk.h, INSTANTIATE_IOV, mk.key, P(iov), 1, ring));
	made_say("negate", who, how, perm, quiet(mk.h, NEGATE, mk.key, 30, ring));
	made_say("reject", who, how, perm,
		 quiet(mk.h, REJECT, mk.key, 30, EKEYREJECTED, ring));
}

/* By the one bit that lets it */
static void made_taken(unsigned int who, unsigned int how)
{
	static const unsigned int write[CLASSES] = { 0x00040002, 0x00000402, 0x00000006, 0x00000006 };
	unsigned int perm = how == BY_NOBODY ? write[who] : 0x0c080002;
	long ring;

	made_begin(who, text("taken%u.%u", who, how));
	ring = made_target(text("takes%u.%u", who, how), how, false);
	ring_close(ring, perm);
	say("-- perm %08x, %s, possessed: %s", perm, classes[who], ways[how]);
	if ((who + how) % 2)
		call(mk.h, REJECT, mk.key, 30, EKEYREJECTED, ring);
	else
		call(mk.h, INSTANTIATE, mk.key, P("made"), 4, ring);
	answer(mk.w, mk.h);
	read_all(mk.keeper, ring);
}

static void made_stage(void)
{
	many_keys();
	mk.w = worker_user(uid_base + 4, uid_base + 4, -1);
	quiet(mk.w, JOIN, 0);
	mk.reach = add(mk.w, "keyring", "reach", RING_S);
	mk.sibling = worker_fork(mk.w);
	mk.keeper = worker_user(uid_base + OUTSIDER, uid_base + OUTSIDER, -1);
	quiet(mk.keeper, JOIN, 0);
	mk.kept = add(mk.keeper, "keyring", "kept", RING_S);
}

void permission_made(void)
{
	unsigned int who, how, i;

	made_stage();
	perms_make();
	for (who = 0; who < CLASSES; who++) {
		made_begin(who, text("refused%u", who));
		for (how = 0; how < WAYS; how++)
			for (i = 0; i < PERMS; i++)
				made_refused(who, how, perms[i]);
		call(mk.h, INSTANTIATE, mk.key, P("made"), 4, 0);
		answer(mk.w, mk.h);
	}
}

void permission_taken(void)
{
	unsigned int who, how;

	made_stage();
	for (who = 0; who < CLASSES; who++)
		for (how = 0; how < WAYS; how++)
			made_taken(who, how);
}

/* ---- the ring in which a helper finds its authority ---- */

/*
 *	h @s---> "_req" ---> target ---> authority	one target after the other
 *	keeper @s---> "kept" ---> all targets
 */
static void assume_class(struct worker *w, struct worker *keeper, unsigned int who)
{
	long target[PERMS], kept, authority, key;
	struct worker *h = ask(w, text("wanted%u", who), 0);
	unsigned int i;

	if (!h)
		give_up("no helper");
	key = helper_key(h);
	authority = call(h, ASSUME, key);
	quiet(h, ASSUME, 0);
	become_class(h, who);
	kept = add_quiet(keeper, "keyring", text("kept%u", who), RING_S);
	for (i = 0; i < PERMS; i++) {
		target[i] = add_quiet(keeper, "keyring", text("target%u", i), kept);
		quiet(keeper, SETPERM, target[i], 0x3f3f3f3f);
		quiet(h, LINK, authority, target[i]);
	}
	call(h, UNLINK, authority, RING_S);
	call(h, ASSUME, key);
	for (i = 0; i < PERMS; i++) {
		long ret;

		quiet(h, LINK, target[i], RING_S);
		ring_close(target[i], perms[i]);
		ret = quiet(h, ASSUME, key);
		say("assume, ring of perm %08x, %s) = %s", perms[i], classes[who],
		    ret == authority ? "authority" : result_name(ret));
		quiet(h, ASSUME, 0);
		quiet(h, UNLINK, target[i], RING_S);
	}
	answer(w, h);
}

void permission_assume(void)
{
	struct worker *w = worker_user(uid_base + 4, uid_base + 4, -1);
	struct worker *keeper = worker_user(uid_base + OUTSIDER, uid_base + OUTSIDER, -1);
	unsigned int who;

	many_keys();
	perms_make();
	quiet(w, JOIN, 0);
	quiet(keeper, JOIN, 0);
	for (who = 0; who < CLASSES; who++)
		assume_class(w, keeper, who);
}

/* ---- a session for the parent ---- */

static void parent_one(struct worker *parent, struct worker *child, unsigned int who,
		       unsigned int perm)
{
	long ring = quiet(child, JOIN, 0), before = quiet(parent, GET_ID, RING_S, 0), ret, now;

	quiet(child, SETPERM, ring, 0x3f3f3f3f);
	ring_close(ring, perm);
	ret = quiet(child, TO_PARENT);
	quiet(parent, NO_SUCH_OP);
	now = quiet(parent, GET_ID, RING_S, 0);
	say("to parent, perm %08x, %s) = %s, the parent has %s", perm, classes[who],
	    result_name(ret), now == before ? "its own" : now == ring ? "the child's" :
	    result_name(now));
	/* A ring that does not grant search is not named by its ID. */
	quiet(parent, JOIN, 0);
}

void permission_parent(void)
{
	struct worker *parent, *child;
	unsigned int who, i;

	many_keys();
	perms_make();
	for (who = 0; who < CLASSES; who++) {
		parent = worker_fork(NULL);
		become_class(parent, who);
		quiet(parent, JOIN, 0);
		child = worker_fork(parent);
		for (i = 0; i < PERMS; i++)
			parent_one(parent, child, who, perms[i]);
	}
}
