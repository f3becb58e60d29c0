/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmark's own vocabulary: a *row* is one printed figure, a *plan* says
 * how it is measured, a *rowset* shares a fixture and a process of its own.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>

#define BENCH_UID	1000	/* whose keys are measured */
#define PAYLOAD_LEN	32
#define DESC_LEN	24

struct options {
	int rounds;		/* per row; the middle half's mean is printed */
	unsigned int seed;	/* varies descriptions and the order of access */
	long big;		/* keys in the "100k" rows */
	const char *filter;	/* only rows whose name contains this */
};

extern struct options opt;

struct plan {
	const char *row;
	const char *call;	/* deferred only: a row for the caller's share */
	const char *unit;	/* of @row; "instr/op" if NULL */
	long n;			/* calls of @op in a round */
	long per;		/* @row: what one call counts for; 1 if 0 */
	int rounds;		/* opt.rounds if 0 */
	bool deferred;		/* @row includes the work that is put off */
	long until_keys;	/* deferred until no more keys exist; 0: no matter */
	int64_t rest;		/* deferred: ns to sleep after each call, not counted */
	void (*before)(void);	/* outside the clock */
	void (*op)(long i);	/* @i never repeats within a row */
	void (*after)(void);	/* outside the clock */
};

struct rowset {
	const char *const *rows;	/* NULL-terminated: what run() may print */
	void (*run)(void);
	bool as_root;
};

extern const struct rowset rows_base, rows_keys, rows_links;
extern const struct rowset rows_search_10, rows_search_1k, rows_search_100k;
extern const struct rowset rows_nested, rows_join, rows_join_10k;
extern const struct rowset rows_death, rows_proc;
extern const struct rowset rows_task, rows_task_session, rows_memory, rows_uids;

/* meter.c: the clock */
int64_t now_ns(void);
void sleep_ns(int64_t ns);
void settle(void);
void meter_init(void);
void measure(const struct plan *plan);
bool wanted(const char *row);
void report(const char *row, double value, const char *unit);
long user_keys(void);		/* keys of BENCH_UID in existence */

/* fixture.c: what rows are made of */
extern char payload[PAYLOAD_LEN];

void die(const char *what, long err) __attribute__((noreturn));
long must(long ret, const char *what);
void descs_make(long n);
const char *desc(long i);	/* i-th description of this seed */
void names_make(long n);
const char *name(long i);	/* i-th keyring name of this seed */
long pick(long i, long n);	/* i-th of a scattered walk over 0..n-1 */
long new_session(void);
long new_key(long i, long ring);

#endif /* BENCH_H */
