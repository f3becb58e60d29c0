// SPDX-License-Identifier: GPL-2.0-only
/* Two faults at once: which of them is told? */
#define _GNU_SOURCE
#include "scenarios.h"

#include <string.h>

#include "certificate.h"

static long add_certificate(struct worker *w, const char *desc, long ring)
{
	return call(w, ADD_KEY, P("asymmetric"), P(desc), P(certificate), sizeof(certificate),
		    ring);
}

/* A ring that takes nothing, and quota that is spent, or a namesake in the way */
static void nothing_fits(struct worker *w)
{
	long ring = add(w, "keyring", "closed", RING_S), a = add(w, "keyring", "a", RING_S);
	long k = add(w, "user", "k", a), l = add(w, "user", "l", a);

	add(w, "user", "k", ring);
	call(w, RESTRICT, ring, 0, 0);
	call(w, MOVE, k, a, ring, 1);
	call(w, MOVE, k, a, ring, 0);
	call(w, MOVE, l, a, ring, 1);
	limits("maxbytes", 10);
	call(w, LINK, l, ring);
	call(w, LINK, k, ring);
	call(w, MOVE, l, a, ring, 0);
	call(w, SEARCH, a, P("user"), P("l"), ring);
	call(w, REQUEST_KEY, P("user"), P("l"), 0, ring);
	add(w, "user", "new", ring);
	add(w, "user", "k", ring);
	limits("maxbytes", 20000);
	call(w, SETPERM, ring, 0x3d3d3d3d);
	add(w, "user", "new", ring);
}

/* A ring that takes certificates, and what is none, or too much, or not allowed */
static void wrong_kind(struct worker *w)
{
	long root = add_certificate(w, "root", RING_S), ring = add(w, "keyring", "trusts", RING_S);

	say("restricted: %s", result_name(quiet(w, RESTRICT, ring, P("asymmetric"),
						P(text("key_or_keyring:%ld", root)))));
	add(w, "logon", "no-colon", ring);
	add(w, "keyring", "nested", ring);
	call(w, ADD_KEY, P("user"), P("k"), 0, 0, ring);
	call(w, ADD_KEY, P("encrypted"), P("x"), P("x"), 1, ring);
	limits("maxkeys", 1);
	add(w, "user", "k", ring);
	add(w, "keyring", "nested", ring);
	add_certificate(w, "again", ring);
	limits("maxkeys", 200);
	add_certificate(w, "again", ring);
	call(w, SETPERM, ring, 0x3b3b3b3b);
	add(w, "user", "k", ring);
	add_certificate(w, "another", ring);
}

/* Bytes that are no certificate, for a ring that cannot take one either */
static void bad_bytes(struct worker *w)
{
	long ring = add(w, "keyring", "shut", RING_S), user = add(w, "user", "u", RING_S);

	call(w, ADD_KEY, P("asymmetric"), P("x"), P("junk"), 4, user);
	call(w, ADD_KEY, P("encrypted"), 0, P("x"), 1, user);
	call(w, ADD_KEY, P("encrypted"), P("x"), P("x"), 1, user);
	call(w, ADD_KEY, P("user"), 0, P("x"), 1, user);
	call(w, RESTRICT, ring, 0, 0);
	call(w, ADD_KEY, P("asymmetric"), P("x"), P("junk"), 4, ring);
	call(w, ADD_KEY, P("encrypted"), P("x"), P("x"), 1, ring);
	limits("maxbytes", 10);
	call(w, ADD_KEY, P("asymmetric"), P("x"), P("junk"), 4, RING_S);
	call(w, ADD_KEY, P("encrypted"), P("x"), P("x"), 1, RING_S);
	limits("maxbytes", 20000);
}

void two_faults(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);

	call(w, JOIN, 0);
	nothing_fits(w);
	wrong_kind(w);
	bad_bytes(w);
	say_key_users(uid_base, 1);
}

/* The helper gives the key to a ring that takes nothing, and its owner's quota is spent */
void two_faults_made(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *h;
	long ring, k;

	call(w, JOIN, 0);
	call(w, SETPERM, RING_S, 0x3f3f3f3f);
	ring = add(w, "keyring", "closed", RING_S);
	call(w, SETPERM, ring, 0x3f3f3f3f);
	call(w, RESTRICT, ring, 0, 0);
	h = ask(w, "k", 0);
	if (!h)
		return;
	k = helper_key(h);
	call(h, ASSUME, k);
	limits("maxbytes", 10);
	call(h, INSTANTIATE, k, P("p"), 1, ring);
	call(h, REJECT, k, 10, 128, ring);
	limits("maxbytes", 20000);
	call(h, INSTANTIATE, k, P("p"), 1, ring);
	call(h, INSTANTIATE, k, P("p"), 1, 0);
	answer(w, h);
}

/* A key that has ended, and a name that is not its own */
void ended_namesakes(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long k;

	call(w, JOIN, 0);
	k = add_certificate(w, "cert", RING_S);
	call(w, SEARCH, RING_S, P("asymmetric"), P("id:00"), 0);
	call(w, SEARCH, RING_S, P("asymmetric"), P("id:" CERTIFICATE_SKID), 0);
	call(w, REVOKE, k);
	call(w, SEARCH, RING_S, P("asymmetric"), P("id:" CERTIFICATE_SKID), 0);
	call(w, SEARCH, RING_S, P("asymmetric"), P("id:00"), 0);
}

/* Asked for twice: what was not made is found by what it is called, if at all */
void unmade_namesakes(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *h;

	call(w, JOIN, 0);
	h = ask_for(w, "asymmetric", "id:abcd", "x", RING_S);
	if (h)
		answer(w, h);
	h = ask_for(w, "asymmetric", "id:abcd", "x", RING_S);
	if (h)
		answer(w, h);
	h = ask_for(w, "asymmetric", "plain", "x", RING_S);
	if (h)
		answer(w, h);
	call(w, REQUEST_KEY, P("asymmetric"), P("plain"), 0, 0);
}
