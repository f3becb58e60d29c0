// SPDX-License-Identifier: GPL-2.0-only
/* Finding keys, in rings of three sizes and in nested ones. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "sysc.h"

#define SEARCHES	1000
#define NESTED_RINGS	10
#define NESTED_KEYS	100

static long ring, size;
static uint32_t *serials;

static void op_fill(long i)
{
	new_key(i, ring);
}

static void op_hit(long i)
{
	must(k_search(ring, desc(pick(i, size))), "search");
}

static void op_miss(long i)
{
	if (k_search(ring, desc(size + pick(i, size))) > 0)
		die("search found a key that is not there", 0);
}

static void op_request(long i)
{
	must(k_request("user", desc(pick(i, size)), 0), "request_key");
}

static void op_readring(long i)
{
	long bytes = size * sizeof(*serials);

	(void)i;
	if (k_ctl(KEYCTL_READ, ring, (long)serials, bytes, 0) != bytes)
		die("ring has not the keys that were put into it", 0);
}

static void op_clear(long i)
{
	(void)i;
	must(k_clear(ring), "clear");
}

static void op_single_unlink(long i)
{
	must(k_unlink(serials[i], ring), "unlink");
}

/* "<what>_<size>", good until the row is printed. */
static const char *row(const char *what, const char *tag)
{
	static char text[4][64];
	static int next;
	char *out = text[next++ % 4];

	snprintf(out, sizeof(text[0]), "%s_%s", what, tag);
	return out;
}

static void run_sized(long n, const char *tag)
{
	long rest, empty;

	size = n;
	serials = malloc(n * sizeof(*serials));
	descs_make(2 * n);
	ring = new_session();
	settle();
	empty = user_keys();

	if (n > 10)
		measure(&(struct plan){ row("crud.fill", tag), .n = n,
					.rounds = 1, .op = op_fill,
				.deferred = true });
	/* filtered out, or too small a row to print */
	rest = k_ctl(KEYCTL_READ, ring, 0, 0, 0) ? 0 : n;
	for (long i = 0; i < rest; i++)
		op_fill(i);

	measure(&(struct plan){ row("search.hit", tag), .n = SEARCHES,
				.op = op_hit });
	measure(&(struct plan){ row("search.miss", tag), .n = SEARCHES,
				.op = op_miss });
	measure(&(struct plan){ row("req.cached_hit", tag), .n = SEARCHES,
				.op = op_request });
	measure(&(struct plan){ row("search.readring", tag),
				.n = n > 1000 ? 2 : 20, .op = op_readring });
	if (n <= 1000)
		return;

	op_readring(0);
	measure(&(struct plan){ "extra.unlink_one_by_one_among_100k",
				.n = 20, .rounds = 3, .rest = 100000000,
				.op = op_single_unlink, .deferred = true });
	measure(&(struct plan){ row("search.clear", tag), .unit = "instr/key",
				.n = 1, .per = n, .rounds = 1, .op = op_clear,
				.deferred = true, .until_keys = empty });
}

static void run_10(void)
{
	run_sized(10, "10");
}

static void run_1k(void)
{
	run_sized(1000, "1k");
}

static void run_100k(void)
{
	run_sized(opt.big, "100k");
}

const struct rowset rows_search_10 = {
	.rows = (const char *const[]){
		"search.hit_10", "search.miss_10", "req.cached_hit_10",
		"search.readring_10", NULL },
	.run = run_10,
};

const struct rowset rows_search_1k = {
	.rows = (const char *const[]){
		"crud.fill_1k", "search.hit_1k", "search.miss_1k",
		"req.cached_hit_1k", "search.readring_1k", NULL },
	.run = run_1k,
};

const struct rowset rows_search_100k = {
	.rows = (const char *const[]){
		"crud.fill_100k", "search.hit_100k", "search.miss_100k",
		"req.cached_hit_100k", "search.readring_100k",
		"extra.unlink_one_by_one_among_100k", "search.clear_100k",
		NULL },
	.run = run_100k,
};

/* ---- ten rings of a hundred keys in one ring ---- */

static void run_nested(void)
{
	long sub;

	size = NESTED_RINGS * NESTED_KEYS;
	descs_make(2 * size);
	names_make(NESTED_RINGS);
	ring = new_session();
	for (long r = 0; r < NESTED_RINGS; r++) {
		sub = must(k_ring(name(r), ring), "keyring");
		for (long i = 0; i < NESTED_KEYS; i++)
			new_key(r * NESTED_KEYS + i, sub);
	}
	measure(&(struct plan){ "search.nested_hit_10x100", .n = SEARCHES,
				.op = op_hit });
	measure(&(struct plan){ "search.nested_miss_10x100", .n = SEARCHES,
				.op = op_miss });
	measure(&(struct plan){ "req.nested_hit_10x100", .n = SEARCHES,
				.op = op_request });
}

const struct rowset rows_nested = {
	.rows = (const char *const[]){
		"search.nested_hit_10x100", "search.nested_miss_10x100",
		"req.nested_hit_10x100", NULL },
	.run = run_nested,
};
