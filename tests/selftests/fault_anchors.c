// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in what a process does with its own rings: the thread, process and
 * session keyrings, those of its UID, the persistent one.
 *
 * A call that makes a ring which is missing, and fails after that, leaves the ring
 * there: it is what the next call would find. The other operations are tried on
 * rings that are there.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "sweep.h"

enum { OPEN_PERM = PERM_POS(MAY_ALL) | PERM_USR(MAY_ALL) };

/* ---- rings that are made when they are asked for ---- */

static void a_new_process(struct scene *s)
{
	s->caller = another_process(NULL);
}

static long make_ring(struct scene *s)
{
	return kc_id(s->op->arg, 1);
}

static bool ring_made(struct scene *s, long ret)
{
	return ret > 0 && ON(s->caller, kc_id(s->op->arg, 0)) == ret;
}

FAULTS_LIKE(make_ring, thread_keyring, .prepare = a_new_process, .done = ring_made,
	    .arg = RING_T);
FAULTS_LIKE(make_ring, process_keyring, .prepare = a_new_process, .done = ring_made,
	    .arg = RING_P);

/* It makes a process keyring for itself */
static void a_thread_with_its_own_uid(struct scene *s)
{
	uid_t own = be_root();

	s->uid = fresh_uid();
	s->caller = actor_thread(another_process(NULL));
	if (actor_do(s->caller, nth_open, 0, 0, 0) ||
	    actor_do(s->caller, set_uids, s->uid, s->uid, s->uid))
		stage_broken("no thread of UID %u", s->uid);
	be_no_more_root(own);
}

FAULTS_LIKE(make_ring, process_keyring_of_a_thread, .prepare = a_thread_with_its_own_uid,
	    .done = ring_made, .arg = RING_P);

static void a_new_user(struct scene *s)
{
	s->caller = s->viewer = process_of_a_fresh_uid(s);
}

FAULTS_LIKE(make_ring, user_keyring, .prepare = a_new_user, .done = ring_made, .arg = RING_U);

/* The fresh UID is that of root in a namespace of its own */
static void a_new_namespace(struct scene *s)
{
	s->caller = s->viewer = process_of_a_namespace(s);
}

FAULTS_LIKE(make_ring, user_keyring_in_a_namespace, .prepare = a_new_namespace,
	    .done = ring_made, .arg = RING_U);

FAULTS_LIKE(make_ring, thread_keyring_in_a_namespace, .prepare = a_new_namespace,
	    .done = ring_made, .arg = RING_T);

static void a_user_with_rings(struct scene *s)
{
	a_new_user(s);
	must(ON(s->caller, kc_id(RING_US, 1)));
}

FAULTS_LIKE(make_ring, session_keyring, .prepare = a_user_with_rings, .done = ring_made,
	    .arg = RING_S);

static long adopt_user_session(struct scene *s)
{
	(void)s;
	return kc_id(RING_S, 0);
}

static bool adopted(struct scene *s, long ret)
{
	return ret > 0 && ret == ON(s->caller, kc_id(RING_US, 0));
}

FAULTS_IN(adopt_user_session, .prepare = a_user_with_rings, .done = adopted);

/* ---- rings of the UID that have ended, and are made anew ---- */

/* The row of /proc/key-users counts it until another one is in its place */
static void a_user_without_the_ring(struct scene *s)
{
	a_user_with_rings(s);
	s->id = must(ON(s->caller, kc_id(s->op->arg, 0)));
	must(1 + ON(s->caller, kc_invalidate(s->op->arg)));
}

static bool made_anew(struct scene *s, long ret)
{
	return ring_made(s, ret) && ret != s->id &&
	       (s->op->arg == RING_U ||
		ON(s->caller, ring_holds(RING_US, ON(s->caller, kc_id(RING_U, 0)))) == 1);
}

FAULTS_LIKE(make_ring, user_keyring_anew, .prepare = a_user_without_the_ring,
	    .done = made_anew, .arg = RING_U);
FAULTS_LIKE(make_ring, user_session_keyring_anew, .prepare = a_user_without_the_ring,
	    .done = made_anew, .arg = RING_US);

/* ---- KEYCTL_JOIN_SESSION_KEYRING ---- */

static long join(struct scene *s)
{
	return kc_join(s->op->arg ? "named" : NULL);
}

static bool joined(struct scene *s, long ret)
{
	return ret > 0 && ON(s->caller, kc_id(RING_S, 0)) == ret;
}

FAULTS_LIKE(join, first_session, .prepare = a_new_process, .done = joined);

static void a_process_with_a_session(struct scene *s)
{
	a_new_process(s);
	s->id = must(ON(s->caller, kc_join(NULL)));
	s->key = must(ON(s->caller, kc_add_user("k", "v", RING_S)));
}

static bool joined_another(struct scene *s, long ret)
{
	return joined(s, ret) && ret != s->id && key_goes(s->key);
}

FAULTS_LIKE(join, another_session, .prepare = a_process_with_a_session, .done = joined_another);

/* Who may search for it finds it */
static bool found_by_name(struct scene *s, long ret)
{
	struct actor *q = another_process(NULL);

	return joined(s, ret) && !ON(s->caller, kc_setperm(RING_S, OPEN_PERM)) &&
	       ON(q, kc_join("named")) == ret;
}

FAULTS_LIKE(join, new_named_session, .prepare = a_process_with_a_session,
	    .done = found_by_name, .arg = 1);

static void a_named_session(struct scene *s)
{
	struct actor *q = another_process(NULL);

	s->ring = must(ON(q, kc_join("named")));
	must(1 + ON(q, kc_setperm(RING_S, OPEN_PERM)));
	a_process_with_a_session(s);
}

static bool joined_that(struct scene *s, long ret)
{
	return joined_another(s, ret) && ret == s->ring;
}

FAULTS_LIKE(join, old_named_session, .prepare = a_named_session, .done = joined_that, .arg = 1);

/* ---- KEYCTL_SESSION_TO_PARENT ---- */

static struct actor *parent;

static void a_child_with_a_session(struct scene *s)
{
	parent = s->viewer = process_of_a_fresh_uid(s);
	if (s->op->arg)
		must(ON(parent, kc_join(NULL)));
	s->caller = another_process(parent);
	s->ring = must(ON(s->caller, kc_join(NULL)));
}

static long to_parent(struct scene *s)
{
	(void)s;
	return kc_to_parent();
}

static bool parent_has_it(struct scene *s, long ret)
{
	return !ret && ON(parent, kc_id(RING_S, 0)) == s->ring;
}

FAULTS_LIKE(to_parent, to_parent_without, .prepare = a_child_with_a_session,
	    .done = parent_has_it);
FAULTS_LIKE(to_parent, to_parent_with_a_session, .prepare = a_child_with_a_session,
	    .done = parent_has_it, .arg = 1);

/* ---- the default of request_key(2) ---- */

static long set_default(struct scene *s)
{
	return kc_reqkey(s->op->arg);
}

static bool default_is_set(struct scene *s, long ret)
{
	return ret == REQKEY_DEFAULT && ON(s->caller, kc_reqkey(REQKEY_ASK)) == s->op->arg;
}

FAULTS_LIKE(set_default, default_is_session, .prepare = a_process_with_a_session,
	    .done = default_is_set, .arg = REQKEY_S);
FAULTS_LIKE(set_default, default_is_thread, .prepare = a_process_with_a_session,
	    .done = default_is_set, .arg = REQKEY_T);
FAULTS_LIKE(set_default, default_is_process, .prepare = a_process_with_a_session,
	    .done = default_is_set, .arg = REQKEY_P);

/* ---- persistent keyrings ---- */

static void a_ring(struct scene *s)
{
	s->ring = must(kc_add_ring("r", RING_T));
	s->key = must(kc_add_user("k", "v", s->ring));
}

static long persistent(struct scene *s)
{
	return kc_persistent(-1, s->ring);
}

/* It would stay for days, as it should */
static bool persists(struct scene *s, long ret)
{
	return ret > 0 && ring_holds(s->ring, ret) == 1 && !kc_invalidate(ret);
}

FAULTS_IN(persistent, .prepare = a_ring, .done = persists);

static void a_ring_in_a_namespace(struct scene *s)
{
	a_new_namespace(s);
	s->ring = must(ON(s->caller, kc_add_ring("r", RING_T)));
	must(ON(s->caller, kc_add_user("k", "v", s->ring)));
}

static bool persists_there(struct scene *s, long ret)
{
	return ret > 0 && ON(s->caller, ring_holds(s->ring, ret)) == 1;
}

FAULTS_LIKE(persistent, persistent_in_a_namespace, .prepare = a_ring_in_a_namespace,
	    .done = persists_there);

SELFTEST_MAIN
