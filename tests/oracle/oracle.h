/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The oracle: the same calls on the built-in key service and on the module's,
 * written down in a form that does not depend on which of the two answered.
 *
 * A director process tells worker processes, one step at a time, what to do,
 * and prints a line for each step: who, which call, with what, what came back.
 * Serials are printed as K1, K2 ... in the order in which they first appear.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MAX_WORKERS = 24, ARENA_BYTES = 4 << 20, OUT_BYTES = 64 << 10, STAGE_FD = 900 };

#define STAGE_ADDRESS	((void *)0x1000000000UL)
#define EDGE_ADDRESS	((char *)0x1100000000UL)

/* Pointers that are no good, and the way they are printed */
#define BAD_LOW		((void *)0x10)
#define BAD_KERNEL	((void *)0xffff888000001000UL)
#define BAD_HOLE	((void *)0x0000800000000000UL)
/* A byte before memory that is not there, preceded by text without an end */
#define BAD_EDGE	((void *)(EDGE_ADDRESS + 4096 - 4))

struct worker {
	int turn;		/* futex word: 0 the director's, 1 the worker's */
	int kind;
	long nr, arg[6];
	long (*fn)(long a, long b, long c);
	long ret;
	pid_t pid;
	int number;
};

/* The memory that everyone sees at the same address */
struct stage {
	pid_t director;
	struct worker worker[MAX_WORKERS];
	unsigned char out[OUT_BYTES];	/* what a call writes */
	size_t used;
	char arena[ARENA_BYTES];	/* what a call reads */
};

extern struct stage *stage;

/* ---- calls ---- */

enum op {
	GET_ID, JOIN, UPDATE, REVOKE, CHOWN, SETPERM, DESCRIBE, CLEAR, LINK,
	UNLINK, SEARCH, READ, INSTANTIATE, NEGATE, SET_REQKEY, SET_TIMEOUT,
	ASSUME, GET_SECURITY, TO_PARENT, REJECT, INSTANTIATE_IOV, INVALIDATE,
	GET_PERSISTENT, DH_COMPUTE, PKEY_QUERY, PKEY_ENCRYPT, PKEY_DECRYPT,
	PKEY_SIGN, PKEY_VERIFY, RESTRICT, MOVE, CAPABILITIES, WATCH_KEY,
	ADD_KEY, REQUEST_KEY, NO_SUCH_OP, OPS
};

/*
 * What an argument is: i key, r ring, t type, s text, d data, l its length,
 * b buffer for the answer, L its length, n number, x permissions, v iovec,
 * p structure
 */
struct opdesc {
	const char *name;
	const char *args;
	bool gives_id;
};

bool is_bad_pointer(const void *p);

extern const struct opdesc opdesc[OPS];

long call_v(struct worker *w, enum op op, const long *a);
#define call(w, op, ...) call_v(w, op, (const long[6]){ __VA_ARGS__ })
#define P(x) ((long)(x))

/* The same without a line in the transcript */
long quiet_v(struct worker *w, enum op op, const long *a);
#define quiet(w, op, ...) quiet_v(w, op, (const long[6]){ __VA_ARGS__ })

/* Run a function in a worker */
long in(struct worker *w, long (*fn)(long, long, long), long a, long b, long c);

/* Text in memory that a worker sees; gone at the next scenario */
char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *room(size_t bytes);

/* ---- workers ---- */

struct worker *worker_fork(struct worker *parent);
struct worker *worker_user(uid_t uid, gid_t gid, gid_t extra);
struct worker *worker_root(uid_t uid);
void worker_exec(struct worker *w);
void worker_end(struct worker *w);
void workers_end(void);
void worker_main(const char *number, bool again) __attribute__((noreturn));
void stage_make(void);

/* ---- the transcript ---- */

void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *key_name(long serial);
const char *result_name(long ret);
void names_forget(void);
void scenario_begin(const char *name);
extern uid_t uid_base;			/* of the scenario */

void say_proc_keys(struct worker *w, bool usage);
void say_key_users(uid_t from, unsigned int count);
void settle(void);			/* until keys without a link are gone */
void quiesce(void);			/* and those that were invalidated */
void rcu_quiesce(void);			/* and those of processes that ended */
void clock_jump(int seconds);
void limits(const char *name, unsigned int value);
void limits_restore(void);

/* ---- modes ---- */

void run_scenarios(const char *only, unsigned int part);
int run_random(unsigned long seed, unsigned int episodes, unsigned int steps, const char *drop);
int compare(const char *builtin, const char *ours, const char *table, const char *used);
int rules_used(const char *table, const char *used);

#endif
