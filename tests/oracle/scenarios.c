// SPDX-License-Identifier: GPL-2.0-only
/* The list of the scenarios, and what they have in common. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

long add(struct worker *w, const char *type, const char *desc, long ring)
{
	if (!strcmp(type, "keyring"))
		return call(w, ADD_KEY, P(type), P(desc), 0, 0, ring);
	return call(w, ADD_KEY, P(type), P(desc), P("payload"), 7, ring);
}

long add_quiet(struct worker *w, const char *type, const char *desc, long ring)
{
	if (!strcmp(type, "keyring"))
		return quiet(w, ADD_KEY, P(type), P(desc), 0, 0, ring);
	return quiet(w, ADD_KEY, P(type), P(desc), P("payload"), 7, ring);
}

void describe(struct worker *w, long id)
{
	call(w, DESCRIBE, id, OUT, OUT_BYTES);
}

void read_all(struct worker *w, long id)
{
	call(w, READ, id, OUT, OUT_BYTES);
}

char *long_text(size_t len)
{
	char *s = room(len + 1);

	memset(s, 'l', len);
	s[len] = '\0';
	return s;
}

static void first_steps(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	long k, r;

	k = add(w, "user", "first", RING_S);
	describe(w, k);
	read_all(w, k);
	r = add(w, "keyring", "ring", RING_S);
	call(w, LINK, k, r);
	read_all(w, r);
	read_all(w, RING_S);
	call(w, UNLINK, k, RING_S);
	call(w, UNLINK, k, r);
	quiesce();
	describe(w, k);
	say_proc_keys(w, true);
	say_key_users(uid_base, 1);
}

static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{ "first steps", first_steps },
	{ "bad arguments", bad_arguments },
	{ "bad pairs", bad_pairs },
	{ "permission matrix", permission_matrix },
	{ "special ids", special_ids },
	{ "states", states },
	{ "dead ring", dead_ring },
	{ "quota", quota },
	{ "quota, chown", quota_chown },
	{ "quota, uid rings", quota_uid_rings },
	{ "links", links },
	{ "searches", searches },
	{ "session names", session_names },
	{ "set ids", set_ids },
	{ "inheritance", inheritance },
	{ "to parent", to_parent },
	{ "user namespaces", user_namespaces },
	{ "restrictions", restrictions },
	{ "persistent", persistent },
	{ "a namesake moved", namesake_moved },
	{ "a namesake unlinked", namesake_unlinked },
	{ "bad arguments, 32 bits", bad_arguments_32 },
	{ "bad pairs, 32 bits", bad_pairs_32 },
	{ "join matrix", join_matrix },
	{ "set-uid program", set_uid_program },
	{ "expiry", expiry },
	{ "timeouts", timeouts },
	{ "depth", depth },
	{ "depth from below", depth_from_below },
	{ "cycles", cycles },
	{ "special names", special_names },
	{ "permissions, made", permission_made },
	{ "permissions, taken", permission_taken },
	{ "permissions, assume", permission_assume },
	{ "permissions, parent", permission_parent },
	{ "special ids, as rings", special_rings },
	{ "authority", authority },
	{ "expiry, the end", expiry_ends },
	{ "session names, ended", join_ended },
	{ "dead rings, as places", dead_places },
	{ "dead rings, for what is made", dead_verdicts },
	{ "call-out, exit status", helper_statuses },
	{ "call-out, no program", helper_programs },
	{ "public keys, bad arguments", public_keys_bad },
	{ "public keys, bad arguments, 32 bits", public_keys_bad_32 },
	{ "restrictions, bad", restrictions_bad },
	{ "quota, exact", quota_exact },
	{ "quota, root", quota_of_root },
	{ "namespaces apart", namespaces_apart },
	{ "Diffie-Hellman", diffie_hellman },
	{ "Diffie-Hellman, 32 bits", diffie_hellman_32 },
	{ "types", types },
	{ "asymmetric, names", asymmetric_names },
	{ "asymmetric, restrictions", asymmetric_restrictions },
	{ "public keys", public_keys },
	{ "call-out", callout },
	{ "call-out, rings", callout_rings },
	{ "call-out, bad arguments", callout_bad },
	{ "call-out, stories", callout_stories },
	{ "call-out, two callers", callout_two },
	{ "call-out, nested", callout_nested },
	{ "call-out, parent", callout_parent },
	{ "call-out, handed on", callout_handed_on },
	{ "call-out, destinations", callout_destinations },
	{ "call-out, refused", callout_refused },
	{ "call-out, restricted", callout_restricted },
	{ "call-out, two faults", callout_two_faults },
	{ "call-out, masked", callout_masked },
	{ "call-out, types", callout_types },
	{ "negative keys", negative_keys },
	{ "negative keys, times", negative_times },
	{ "negative keys, errors", negative_errors },
	{ "two faults", two_faults },
	{ "two faults, made", two_faults_made },
	{ "ended namesakes", ended_namesakes },
	{ "unmade namesakes", unmade_namesakes },
	{ "call-out, masked, revoked", callout_masked_revoked },
	{ "call-out, masked, expired", callout_masked_expired },
	{ "types of modules, replaced", stock_replaced },
	{ "types of modules, names", stock_names },
	{ "types of modules, asked for", stock_asked_for },
	{ "types of modules, rejected", stock_rejected },
	{ "types of modules, networks", stock_networks },
	{ "rings of the kernel", kernel_rings },
	{ "rings of the kernel, NVMe", kernel_ring_of_nvme },
	{ "watches, told", watch_told },
	{ "watches, told of requests", watch_told_of_requests },
	{ "watches, rights", watch_rights },
	{ "watches, lost", watch_lost },
	{ "encrypted, masked", encrypted_masked },
	{ "user keyring gone", user_ring_gone },
	{ "user-session keyring gone", user_session_gone },
};

int run_scenarios(const char *only, unsigned int part)
{
	unsigned int i;

	limits("gc_delay", 100000000);
	for (i = 0; i < ARRAY_SIZE(scenarios); i++) {
		if ((only && fnmatch(only, scenarios[i].name, 0)) || (part && i % 2 + 1 != part))
			continue;
		limits("maxkeys", 200);
		limits("maxbytes", 20000);
		scenario_begin(scenarios[i].name);
		scenarios[i].run();
		workers_end();
		rcu_quiesce();
		uid_base += 1000;
	}
	limits_restore();
	return scenarios_end();
}
