// SPDX-License-Identifier: GPL-2.0-only
/*
 * Joining session keyrings. Each join drops the ring that was joined before,
 * and its end is counted as well.
 */
#include <stddef.h>

#include "bench.h"
#include "sysc.h"

#define JOINS		500	/* in a round */
#define JOINS_10K	50
#define AROUND		10000

static const char *const existing[2] = { "ring:first", "ring:second" };

static void op_anonymous(long i)
{
	(void)i;
	must(k_join(NULL), "join");
}

static void op_new_name(long i)
{
	must(k_join(name(i)), "join new name");
}

static void op_existing(long i)
{
	must(k_join(existing[i & 1]), "join existing name");
}

/*
 * A named ring that the user keyring keeps and that its owner may join. It is
 * made in the session keyring, through which it is possessed: nothing leads
 * from there to the user keyring.
 */
static void keep_ring(const char *ring_name)
{
	long ring = must(k_ring(ring_name, KEY_SPEC_SESSION_KEYRING), "keyring");

	must(k_ctl(KEYCTL_SETPERM, ring, 0x3f1f0000, 0, 0), "setperm");
	must(k_link(ring, KEY_SPEC_USER_KEYRING), "link");
	must(k_unlink(ring, KEY_SPEC_SESSION_KEYRING), "unlink");
}

static void run_join(void)
{
	long kept;

	names_make(JOINS * opt.rounds);
	must(k_clear(KEY_SPEC_USER_KEYRING), "clear");
	new_session();
	settle();
	kept = user_keys();

	measure(&(struct plan){ "join.anon", "join.anon_call",
				.n = JOINS, .op = op_anonymous,
				.deferred = true, .until_keys = kept });
	keep_ring("ring:around");
	measure(&(struct plan){ "join.new_among_1", "join.new_among_1_call",
				.n = JOINS, .op = op_new_name,
				.deferred = true, .until_keys = kept + 1 });
	for (int i = 0; i < 2; i++)
		keep_ring(existing[i]);
	measure(&(struct plan){ "join.existing", "join.existing_call",
				.n = JOINS, .op = op_existing,
				.deferred = true });
	k_clear(KEY_SPEC_USER_KEYRING);
}

const struct rowset rows_join = {
	.rows = (const char *const[]){
		"join.anon", "join.anon_call", "join.new_among_1",
		"join.new_among_1_call", "join.existing", "join.existing_call",
		NULL },
	.run = run_join,
};

static void run_join_10k(void)
{
	long kept, first = JOINS_10K * opt.rounds;

	names_make(first + AROUND);
	must(k_clear(KEY_SPEC_USER_KEYRING), "clear");
	new_session();
	settle();
	kept = user_keys() + AROUND;
	keep_ring(existing[0]);
	for (long i = 2; i < AROUND; i++)
		must(k_ring(name(first + i), KEY_SPEC_USER_KEYRING), "keyring");
	keep_ring(existing[1]);

	measure(&(struct plan){ "join.new_among_10k", "join.new_among_10k_call",
				.n = JOINS_10K, .op = op_new_name,
				.deferred = true, .until_keys = kept });
	measure(&(struct plan){ "join.existing_among_10k",
				.n = JOINS_10K, .op = op_existing });
	k_clear(KEY_SPEC_USER_KEYRING);
}

const struct rowset rows_join_10k = {
	.rows = (const char *const[]){
		"join.new_among_10k", "join.new_among_10k_call",
		"join.existing_among_10k", NULL },
	.run = run_join_10k,
};
