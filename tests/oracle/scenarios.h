/* SPDX-License-Identifier: GPL-2.0-only */
/* What the scenarios share. Each of them is a function in one of the files sc_*.c. */
#ifndef SCENARIOS_H
#define SCENARIOS_H

#include "oracle.h"

#include "../selftests/keyctl_abi.h"

#define OUT P(stage->out)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A key with a payload, or a keyring */
long add(struct worker *w, const char *type, const char *desc, long ring);
long add_quiet(struct worker *w, const char *type, const char *desc, long ring);
void describe(struct worker *w, long id);
void read_all(struct worker *w, long id);
char *long_text(size_t len);

/* A request that calls a helper; NULL when it is over without one, or waits for a key */
struct worker *ask_for(struct worker *w, const char *type, const char *desc, const char *callout,
		       long dest);
struct worker *ask(struct worker *w, const char *desc, long dest);
/* The helper ends, and the request with it */
long answer(struct worker *w, struct worker *h);
/* A key that is made, or rejected with an error, and quickly so */
long ask_quick(struct worker *w, const char *desc, unsigned int error, unsigned int timeout);

/* Keys in all states for tables of calls */
struct fixture {
	struct worker *w, *other;
	long ring, ring2, key, logon, revoked, expired, stranger, dead;
};

extern struct fixture fx;
void fixture(void);
void good_args(enum op op, long *a);

/* An ID in each place that an operation has for one: as a key, or as a ring */
struct use {
	enum op op;
	const char *args;	/* see use_args() */
};

extern const struct use uses_as_key[], uses_as_ring[];	/* the last has no arguments */

/* What the other arguments of a use are: the keeper's, and open to all */
struct supplies {
	struct worker *keeper;
	long ring, key;
};

extern struct supplies supplies;
void supplies_make(uid_t uid);		/* who has them, for the scenario */
void supplies_renew(void);		/* a ring, and a key in it, that are K1 and K2 */
long use_call(struct worker *w, const struct use *u, long id);

/* Structs that name keys */
int32_t *dh_params(long private, long prime, long base);
uint32_t *pkey_params(long id, uint32_t in, uint32_t out);

/* Permissions: one bit in each, then all others, then none */
enum { PERMS = 4 * 6 * 2 + 1 };
extern unsigned int perms[PERMS];
void perms_make(void);

void bad_arguments(void);
void bad_pairs(void);
void permission_matrix(void);
void permission_made(void);
void permission_taken(void);
void permission_assume(void);
void permission_parent(void);
void special_ids(void);
void special_rings(void);
void user_ring_gone(void);
void user_session_gone(void);
void authority(void);
void dead_places(void);
void dead_verdicts(void);
void join_ended(void);
void helper_statuses(void);
void helper_programs(void);
void states(void);
void dead_ring(void);
void quota(void);
void quota_chown(void);
void quota_uid_rings(void);
void links(void);
void searches(void);
void session_names(void);
void set_ids(void);
void inheritance(void);
void to_parent(void);
void user_namespaces(void);
void restrictions(void);
void persistent(void);
void namesake_moved(void);
void namesake_unlinked(void);
void diffie_hellman(void);
void diffie_hellman_32(void);
void namespaces_apart(void);
void types(void);
void stock_replaced(void);
void stock_names(void);
void stock_asked_for(void);
void stock_rejected(void);
void stock_networks(void);
void kernel_rings(void);
void kernel_ring_of_nvme(void);
void watch_told(void);
void watch_told_of_requests(void);
void watch_rights(void);
void watch_lost(void);
void encrypted_masked(void);
void asymmetric_names(void);
void asymmetric_restrictions(void);
void public_keys(void);
void public_keys_bad(void);
void public_keys_bad_32(void);
void callout(void);
void callout_rings(void);
void callout_bad(void);
void callout_stories(void);
void callout_two(void);
void callout_nested(void);
void callout_parent(void);
void callout_handed_on(void);
void callout_destinations(void);
void callout_refused(void);
void callout_restricted(void);
void callout_two_faults(void);
void callout_masked(void);
void callout_masked_revoked(void);
void callout_masked_expired(void);
void callout_types(void);
void negative_keys(void);
void negative_times(void);
void negative_errors(void);
void bad_arguments_32(void);
void bad_pairs_32(void);
void join_matrix(void);
void set_uid_program(void);
void expiry(void);
void expiry_ends(void);
void timeouts(void);
void depth(void);
void depth_from_below(void);
void cycles(void);
void special_names(void);
void restrictions_bad(void);
void quota_exact(void);
void quota_of_root(void);
void two_faults(void);
void two_faults_made(void);
void ended_namesakes(void);
void unmade_namesakes(void);

#endif
