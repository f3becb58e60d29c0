// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in requests, and in what the helpers do that answer them.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "helper.h"
#include "sweep.h"

/*
 *	@t -> r (everybody of the UID may do anything), with a link in it
 */
static void a_ring(struct scene *s)
{
	s->ring = must(kc_add_ring("r", RING_T));
	must(1 + kc_setperm(s->ring, PERM_POS(MAY_ALL) | PERM_USR(MAY_ALL)));
	s->other = must(kc_add_user("other", "v", s->ring));
}

/* ---- request_key(2) with a helper that makes the key at once ---- */

static long request(struct scene *s)
{
	return kc_request("user", "at once", "information", s->ring);
}

static bool made(struct scene *s, long ret)
{
	return ret > 0 && ring_holds(s->ring, ret) == 1 && !strcmp("made", payload(ret));
}

FAULTS_IN(request, .prepare = a_ring, .done = made, .uid_rings = true);

static void a_default_ring(struct scene *s)
{
	a_ring(s);
	s->caller = another_process(NULL);
	s->ring = must(ON(s->caller, kc_join(NULL)));
	must(ON(s->caller, kc_add_user("other", "v", RING_S)));
	must(1 + ON(s->caller, kc_reqkey(REQKEY_S)));
}

static long request_nowhere(struct scene *s)
{
	(void)s;
	return kc_request("user", "at once", "information", 0);
}

static bool made_there(struct scene *s, long ret)
{
	return ret > 0 && ON(s->caller, ring_holds(s->ring, ret)) == 1 &&
	       !strcmp("made", ON(s->caller, payload(ret)));
}

FAULTS_IN(request_nowhere, .prepare = a_default_ring, .done = made_there, .uid_rings = true);

/* The helper's task takes its session before it executes the helper, which assumes its authority */
FAULTS_LIKE(request, request_of_a_helper_without_memory, .prepare = a_ring, .done = made,
	    .uid_rings = true, .below = "kr_cred_change", .helper = true,
	    .also = ENOKEY, .why = "a helper whose own call fails makes no key");

/* ---- a helper with its authority ---- */

static struct actor *requester;

static void a_helper(struct scene *s)
{
	struct call *call;

	a_ring(s);
	call = call_to("information", s->ring);
	requester = another_process(NULL);
	s->caller = helper_for(requester, call);
	s->key = key_of(call);
	if (actor_do(s->caller, nth_open, 0, 0, 0))
		stage_broken("no fail-nth for the helper");
}

static long assume(struct scene *s)
{
	return kc_assume(s->key);
}

static bool has_authority(struct scene *s, long ret)
{
	return ret > 0 && !ON(s->caller, kc_instantiate(s->key, "made", 4, 0)) &&
	       answer_to(requester, s->caller) == s->key;
}

FAULTS_IN(assume, .prepare = a_helper, .done = has_authority, .uid_rings = true);

static void a_helper_in_charge(struct scene *s)
{
	a_helper(s);
	must(ON(s->caller, kc_assume(s->key)));
}

static bool answered(struct scene *s, long ret)
{
	return !ret && answer_to(requester, s->caller) == s->key && made(s, s->key);
}

static long instantiate(struct scene *s)
{
	return kc_instantiate(s->key, "made", 4, RING_REQUESTOR);
}

FAULTS_IN(instantiate, .prepare = a_helper_in_charge, .done = answered, .uid_rings = true);

/* ---- where a helper wants the key in a ring of its own ---- */

static void a_helper_with_a_ring(struct scene *s)
{
	a_helper_in_charge(s);
	s->id = must(ON(s->caller, kc_add_ring("of the helper", RING_S)));
	must(ON(s->caller, kc_add_user("other", "v", s->id)));
}

static long instantiate_elsewhere(struct scene *s)
{
	return kc_instantiate(s->key, "made", 4, s->id);
}

FAULTS_IN(instantiate_elsewhere, .prepare = a_helper_with_a_ring, .done = answered,
	  .uid_rings = true);

/* Its time is over, and the requester's ring has it no more */
static void a_helper_that_is_late(struct scene *s)
{
	a_helper_with_a_ring(s);
	must(1 + ON(s->caller, kc_timeout(s->key, 1)));
	if (!EVENTUALLY(ring_holds(s->ring, s->key) == 0))
		stage_broken("the key stays in its ring");
}

/* It goes from the helper's ring, too, or with the ring if there is no memory */
static bool answered_too_late(struct scene *s, long ret)
{
	return !ret && answer_to(requester, s->caller) == -ENOKEY && key_goes(s->key);
}

FAULTS_LIKE(instantiate_elsewhere, instantiate_expired, .prepare = a_helper_that_is_late,
	    .done = answered_too_late, .uid_rings = true);

static long instantiate_iov(struct scene *s)
{
	/* more pieces than a call keeps on its stack */
	struct iovec *iov = (struct iovec *)s->buf;

	for (int i = 0; i < 20; i++)
		iov[i] = (struct iovec){ "made" + i % 4, i < 4 };
	return kc_instantiate_iov(s->key, iov, 20, RING_REQUESTOR);
}

FAULTS_IN(instantiate_iov, .prepare = a_helper_in_charge, .done = answered, .uid_rings = true);

/* The same through the 32-bit door */
static long instantiate_iov_32(struct scene *s)
{
	static const char made[] = "made";
	static uint32_t iov[20][2];

	for (int i = 0; i < 20; i++) {
		iov[i][0] = (long)(made + i % 4);
		iov[i][1] = i < 4;
	}
	return raw_int80(NR32_KEYCTL, OP_INSTANTIATE_IOV, s->key, (long)iov, 20, RING_REQUESTOR);
}

FAULTS_IN(instantiate_iov_32, .prepare = a_helper_in_charge, .done = answered, .uid_rings = true);

static bool refused(struct scene *s, long ret)
{
	return !ret && answer_to(requester, s->caller) == -s->op->arg;
}

static long negate(struct scene *s)
{
	return kc_negate(s->key, 3600, RING_REQUESTOR);
}

/* The requester's ring has the key already */
FAULTS_IN(negate, .prepare = a_helper_in_charge, .done = refused, .arg = ENOKEY,
	  .uid_rings = true, .sure = true);

static long reject_elsewhere(struct scene *s)
{
	return kc_reject(s->key, 3600, EKEYREJECTED, s->id);
}

FAULTS_IN(reject_elsewhere, .prepare = a_helper_with_a_ring, .done = refused,
	  .arg = EKEYREJECTED, .uid_rings = true);

static long read_callout(struct scene *s)
{
	return kc_read(AUTH_KEY, s->buf, 100);
}

static bool callout_read(struct scene *s, long ret)
{
	return ret == (long)strlen("information") && !memcmp("information", s->buf, ret);
}

FAULTS_IN(read_callout, .prepare = a_helper_in_charge, .done = callout_read, .uid_rings = true);

/* ---- the helper that makes keys at once ---- */

static void helper_at_once(int argc, char **argv)
{
	char desc[256] = "";
	int key;

	if (argc < 3 || strncmp(argv[0], HELPER, strlen(HELPER)))
		return;
	key = atoi(argv[2]);
	if (kc_describe(key, desc, sizeof(desc)) < 0 || !strstr(desc, ";at once"))
		return;
	_exit(kc_assume(key) < 0 || kc_instantiate(key, "made", 4, 0));
}

static pid_t director;
static long gc_delay;

static void leave_as_found(void)
{
	if (getpid() != director)
		return;
	sysctl_set("gc_delay", gc_delay);
	helper_remove();
}

/* The links of a key that has expired go at once: see a_helper_that_is_late() */
int main(int argc, char **argv)
{
	char delay[32] = "";

	actor_main(argc, argv);
	helper_at_once(argc, argv);
	helper_main(argc, argv);
	helper_install();
	slurp_into((long)"/proc/sys/kernel/keys/gc_delay", (long)delay, sizeof(delay));
	gc_delay = atol(delay);
	sysctl_set("gc_delay", 0);
	director = getpid();
	atexit(leave_as_found);
	/* It does not return. */
	return test_harness_run(argc, argv);
}
