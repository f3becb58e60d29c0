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

#include "ops.h"

enum { MAX_WORKERS = 64, ARENA_BYTES = 4 << 20, OUT_BYTES = 64 << 10, HELPER_ARGS = 8,
       PATIENCE = 20000 };	/* rounds of a millisecond */

/* Below 4 GiB, as is the program: pointers go through the 32-bit entry, too */
#define STAGE_ADDRESS	((void *)0x50000000UL)
#define EDGE_ADDRESS	((char *)0x60000000UL)

/* Where a helper, whom the kernel starts, finds the stage */
#define STAGE_PATH	"/dev/shm/oracle.stage"
#define HELPER_PATH	"/sbin/request-key"

/* Pointers that are no good, and the way they are printed */
#define BAD_LOW		((void *)0x10)
#define BAD_KERNEL	((void *)0xffff888000001000UL)
#define BAD_HOLE	((void *)0x0000800000000000UL)
/* Some bytes before memory that is not there, preceded by text without an end */
#define EDGE_BYTES	4
#define BAD_EDGE	((void *)(EDGE_ADDRESS + 4096 - EDGE_BYTES))

struct worker {
	int turn;		/* futex word: 0 the director's, 1 the worker's */
	int kind;
	bool narrow;		/* calls go through the 32-bit entry */
	long nr, arg[6];
	long (*fn)(long a, long b, long c);
	long ret;
	pid_t pid;
	int number;
	struct worker *parent;	/* NULL: the director */
	bool busy;		/* a call that was begun has not been taken note of */
	int op;			/* that call */
	long told[6];
	char argv[HELPER_ARGS][24];	/* of a helper */
};

/* The memory that everyone sees at the same address */
struct stage {
	pid_t director;
	int helper;			/* number of the worker that the next helper is; -1 none */
	struct worker worker[MAX_WORKERS];
	struct worker apart;		/* see worker_apart() */
	size_t used;
	char arena[ARENA_BYTES];	/* what a call reads */
	/* Last: CAPABILITIES clears what it does not fill, as far as it is told and can. */
	unsigned char out[OUT_BYTES] __attribute__((aligned(8)));	/* what a call writes */
	char scratch[8192];
};

extern struct stage *stage;

/* ---- calls ---- */

bool is_bad_pointer(const void *p);

long call_v(struct worker *w, enum op op, const long *a);
#define call(w, op, ...) call_v(w, op, (const long[6]){ __VA_ARGS__ })
#define P(x) ((long)(x))

/* The same without a line in the transcript */
long quiet_v(struct worker *w, enum op op, const long *a);
#define quiet(w, op, ...) quiet_v(w, op, (const long[6]){ __VA_ARGS__ })

/*
 * A call that may have to wait: begun, looked after, taken note of. A call is
 * at rest when it is over or has to wait for something.
 */
void call_begin_v(struct worker *w, enum op op, const long *a);
#define call_begin(w, op, ...) call_begin_v(w, op, (const long[6]){ __VA_ARGS__ })
bool call_at_rest(struct worker *w);		/* true: it is over */
bool call_waits(struct worker *w);
bool call_waits_for_key(struct worker *w);
long call_end(struct worker *w);

/* Calls that a worker makes one after the other; these and what they read are in room() */
struct planned {
	enum op op;
	long arg[6];
	long ret;
};

void calls_make(struct worker *w, struct planned *calls, unsigned int count);

/* Run a function in a worker */
long in(struct worker *w, long (*fn)(long, long, long), long a, long b, long c);

/* Text in memory that a worker sees; gone at the next scenario */
char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *room(size_t bytes);

/* ---- workers ---- */

struct worker *worker_fork(struct worker *parent);
struct worker *worker_user(uid_t uid, gid_t gid, gid_t extra);
void worker_become(struct worker *w, uid_t uid, gid_t gid, gid_t extra);
struct worker *worker_root(uid_t uid);
struct worker *worker_apart(void);	/* root; not in the transcript, and no scenario ends it */
void worker_exec(struct worker *w, const char *path);	/* NULL: the same program */
void worker_exit(struct worker *w, int status);
void worker_end(struct worker *w);
void workers_end(void);
void give_up(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void worker_kill(struct worker *w);
void worker_interrupt(struct worker *w);
void worker_await(struct worker *w);
void worker_begin(struct worker *w, int kind);
bool worker_done(const struct worker *w);
bool worker_rests(struct worker *w);
struct worker *worker_of(pid_t pid);
bool workers_left(void);
void worker_main(const char *number, bool again) __attribute__((noreturn));
void stage_make(void);
enum { DO_CALL, DO_FN, DO_EXIT, DO_FORK, DO_EXEC };

/* ---- helpers: what the kernel starts to have a key made ---- */

void helper_install(void);
void helper_main(char **argv) __attribute__((noreturn));
/* The worker that the next helper will be; it is nobody until helper_comes() */
struct worker *helper_expect(void);
/* Did it come before the call that asks for it was over? Then what it was told is said. */
bool helper_comes(struct worker *helper, struct worker *requester);
long helper_key(const struct worker *helper);

/* ---- the transcript ---- */

void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void put(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void put_end(void);
void put_forget(void);	/* what was begun and has no more to it */
void put_text(const char *s, size_t len);
void put_call(const struct worker *w, enum op op, const long *a);
void output_begin(void);		/* from here on is seen what a call writes */
void put_content(long id, int *content, size_t len);	/* what a READ gives; has it sorted */
void put_output(enum op op, long id, long ret);
const char *name_known(int serial);
unsigned int name_number(int serial);
const char *key_name(long serial);
const char *result_name(long ret);
void names_forget(void);
void scenario_begin(const char *name);
int scenarios_end(void);
extern uid_t uid_base;			/* of the scenario */

void say_proc_keys(struct worker *w, bool usage);
void say_key_users(uid_t from, unsigned int count);
void sessions_note_before(unsigned int uids);	/* from uid_base on; no part of what is said */
long ring_of_kernel(const char *name);
void clock_hold(void);
void clock_jump(int seconds);
void limits(const char *name, unsigned int value);
void limits_restore(void);
int setuid_copy(const char *to, uid_t uid, gid_t gid);
long new_user_ns(long uid, long gid, long c);	/* for in(); these are 0 there */

/* ---- until there is nothing that either service has yet to do ---- */

void settle_begin(void);
void settle_end(void);
void settle(void);			/* keys without a link are gone */
void quiesce(void);			/* and those that were invalidated */
void rcu_quiesce(void);			/* and those of processes that ended */
void canary_end(bool revoked);		/* a key that ends after those of a scenario ... */
void canary_await(void);		/* ... and leaves its ring after them */

/* ---- modes ---- */

int run_scenarios(const char *only, unsigned int part);
int run_random(unsigned long seed, unsigned int episodes, unsigned int steps);
int run_tries(unsigned long seed, const char *tries);
int compare(const char *builtin, const char *ours, const char *table, const char *used,
	    const char *folder);
int shorten(const char *folder, const char *table, unsigned long seed, unsigned int steps);
int rules_used(const char *table, const char *used);

#endif
