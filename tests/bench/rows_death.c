// SPDX-License-Identifier: GPL-2.0-only
/* The end of keys: from the call to the last byte given back. */
#include <stddef.h>

#include "bench.h"
#include "sysc.h"

#define KEYS		1000
#define ONE_BY_ONE	100
/* The built-in's collector gets in between more or less often. */
#define INVALIDATE_ROUNDS 25
#define EXPIRY		10	/* seconds: longer than a settling window */

static long ring, keys[KEYS], empty;

static void make_keys(void)
{
	for (long i = 0; i < KEYS; i++)
		keys[i] = new_key(i, ring);
}

static void make_expiring_keys(void)
{
	make_keys();
	for (long i = 0; i < KEYS; i++)
		must(k_ctl(KEYCTL_SET_TIMEOUT, keys[i], EXPIRY, 0, 0),
		     "timeout");
}

static void op_unlink(long i)
{
	must(k_unlink(keys[i % KEYS], ring), "unlink");
}

static void op_revoke(long i)
{
	must(k_ctl(KEYCTL_REVOKE, keys[i % KEYS], 0, 0, 0), "revoke");
}

static void op_invalidate(long i)
{
	must(k_ctl(KEYCTL_INVALIDATE, keys[i % KEYS], 0, 0, 0), "invalidate");
}

static void empty_ring(void)
{
	must(k_clear(ring), "clear");
}

static void op_clear(long i)
{
	(void)i;
	empty_ring();
}

static void op_wait(long i)
{
	(void)i;
	sleep_ns((EXPIRY + 1) * 1000000000LL);
}

static void op_unlink_few(long i)
{
	must(k_unlink(keys[i % ONE_BY_ONE], ring), "unlink");
}

/* As long as it takes until a key is not counted any more. */
static void op_unlink_all_and_look(long i)
{
	(void)i;
	for (long k = 0; k < KEYS; k++)
		op_unlink(k);
	while (user_keys() > empty)
		sleep_ns(100000);
}

static void run_death(void)
{
	descs_make(KEYS);
	ring = new_session();
	settle();
	empty = user_keys();

	measure(&(struct plan){ "gc.unlink_until_gone", "gc.unlink_call",
				.unit = "instr/key", .n = KEYS,
				.before = make_keys, .op = op_unlink,
				.deferred = true, .until_keys = empty });
	measure(&(struct plan){ "gc.unlink_one_by_one_until_gone",
				.unit = "instr/key", .n = ONE_BY_ONE,
				.before = make_keys, .op = op_unlink_few,
				.after = empty_ring, .deferred = true,
				.rest = 50000000,
				.until_keys = empty + KEYS - ONE_BY_ONE });
	measure(&(struct plan){ "gc.clear_until_gone", "extra.clear_1k_call",
				.unit = "instr/key", .n = 1, .per = KEYS,
				.before = make_keys, .op = op_clear,
				.deferred = true, .until_keys = empty });
	measure(&(struct plan){ "gc.revoke_until_gone", "gc.revoke_call",
				.unit = "instr/key", .n = KEYS,
				.before = make_keys, .op = op_revoke,
				.deferred = true, .until_keys = empty });
	measure(&(struct plan){ "gc.invalidate_until_gone",
				"gc.invalidate_call",
				.unit = "instr/key", .n = KEYS,
				.rounds = INVALIDATE_ROUNDS,
				.before = make_keys, .op = op_invalidate,
				.deferred = true, .until_keys = empty });
	measure(&(struct plan){ "gc.expire_until_gone",
				.unit = "instr/key", .n = 1, .per = KEYS,
				.before = make_expiring_keys, .op = op_wait,
				.deferred = true, .until_keys = empty });
	measure(&(struct plan){ "extra.unlink_1k_latency", .unit = "ns",
				.n = 1, .before = make_keys,
				.op = op_unlink_all_and_look });
}

const struct rowset rows_death = {
	.rows = (const char *const[]){
		"gc.unlink_until_gone", "gc.unlink_call",
		"gc.unlink_one_by_one_until_gone", "gc.clear_until_gone",
		"extra.clear_1k_call", "gc.revoke_until_gone",
		"gc.revoke_call", "gc.invalidate_until_gone",
		"gc.invalidate_call", "gc.expire_until_gone",
		"extra.unlink_1k_latency", NULL },
	.run = run_death,
};
