/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random and hostile calls.
 *
 *	director --- lane --- player --- its threads, children, what these execute
 *	  |           |         plays stories: some calls and events after each other
 *	  |           starts one player after the other, and waits for all of each
 *	  watches that every lane goes on, and judges
 *
 * Everything is drawn from one seed: a player from the seed of the run, the number of
 * its lane and its own; a story from the player's. Which of several tasks comes first
 * is not drawn, nor is what a helper does.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../oracle/ops.h"
#include "../selftests/keyctl_abi.h"

enum { LANES = 4, THREADS = 4, STEPS = 24, STORIES = 1024, UIDS = 6 };

/* Keys that are remembered: each thread has some of its own, and all share others */
enum { OWN_RINGS = 4, OWN_KEYS = 10, OWN = OWN_RINGS + OWN_KEYS, COMMON = 64,
       SLOTS = OWN + COMMON };

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ---- draw.c: numbers from a seed ---- */

struct rng {
	uint64_t s[4];
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
uint32_t below(struct rng *r, uint32_t n);
bool one_in(struct rng *r, uint32_t n);
uint64_t mixed(uint64_t a, uint64_t b);	/* a seed from two */
#define PICK(r, array) ((array)[below(r, ARRAY_SIZE(array))])

/* ---- stories ---- */

enum event { CALL, FORK, EXEC, EXEC_SETUID, LEAVE, KILLED, NEW_IDS, NEW_NAMESPACE, ALARM,
	     LIST, NAP, EVENTS };

/* In place of a slot: the argument is a number, or lies in what the thread writes */
enum { NO_SLOT = -1, IN_PAD = -2 };

struct step {
	unsigned char event;
	unsigned char op;
	unsigned char into;	/* slot of the result */
	bool narrow;		/* through the 32-bit entry */
	unsigned char nth;	/* this allocation of the call fails, where that can be asked for */
	signed char slot[6];
	long arg[6];
	uint64_t extra;		/* what structures hold; what an event is about */
};

struct story {
	unsigned int count;
	struct step step[STEPS];
};

void story_draw(struct rng *r, struct story *s);
void story_change(struct rng *r, struct story *s, const struct story *other);

/* ---- arguments.c ---- */

void arguments_draw(struct rng *r, struct step *s);

/* ---- memory.c: what calls read and write ---- */

/* A page of what a call may write to, and of structures it reads; each thread has one */
enum { PAD_BYTES = 16384, PAD_VECTOR = 0, PAD_PARAMS = 256, PAD_KDF = 320, PAD_OUT = 1024 };

#define PADS	((char *)0x51000000UL)

void memory_make(void);
void *long_text(struct rng *r);		/* about as long as a description may be */
long good_data(struct rng *r);
long hostile_pointer(struct rng *r);
long flickering(struct rng *r);		/* memory that another thread changes, takes and gives */
void flicker(struct rng *r);		/* what that thread does */

struct thread;

/* The structures that a call reads, with keys of the thread */
void pad_fill(struct rng *r, char *pad, const struct thread *t, bool narrow, bool dh);

/* ---- act.c: doing it ---- */

struct thread {
	int number;
	struct rng rng;
	char *pad;
	int own[OWN];
	int depth;		/* of children */
	bool child;
	uid_t uid;		/* what it was when the story began */
	int fail_nth;		/* file of the kernel's fault injection, or -1 */
};

void thread_begin(struct thread *t, int number, uint64_t seed);
void story_act(struct thread *t, const struct story *s);

/* ---- player.c ---- */

struct variant {
	const char *name;
	int lanes, threads;
	int share;		/* of the calls, in percent */
	bool flickers;
	bool killed;		/* some players are, at any time */
	int pause_us;		/* after each story */
	bool both;		/* the built-in service answers, too: see draw_type_name() */
};

void player_main(uint64_t seed) __attribute__((noreturn));
void again_main(uint64_t seed, int depth) __attribute__((noreturn));

/* ---- lane.c ---- */

void lane_main(int number) __attribute__((noreturn));

/* ---- cover.c: which parts of the module a story has come to ---- */

struct cover;

bool cover_exists(void);
void cover_open(void);			/* before a player is nobody any more */
struct cover *cover_of(int thread);	/* by that thread; NULL where there is none */
void cover_story(struct cover *c, struct rng *r, struct story *s);
void cover_begin(struct cover *c);
void cover_end(struct cover *c, const struct story *s);

/* ---- judge.c: what is seen from outside ---- */

void judge_begin(void);
bool still_serves(void);
bool nothing_is_left(void);
void show_stuck(void);
void limits_begin(void);
void limits_draw(struct rng *r);
void limits_end(void);

/* ---- the memory that all share ---- */

#define STAGE_PATH "/dev/shm/fuzz.stage"
#define SETUID_PATH "/tmp/fuzz.setuid"

struct stage {
	const struct variant *variant;
	uint64_t seed;
	uid_t uid;			/* the first of UIDS that nobody else uses */
	uint64_t calls, limit;
	bool over;
	int broken;			/* players that ended as none should */
	int broken_status;
	int odd;			/* results that no call has */
	int odd_op;
	long odd_result;
	int common[COMMON];
	struct {
		uint64_t beat;
	} lane[LANES];
	unsigned int kept, places;	/* stories that came to new places; these */
	struct story story[STORIES];
	unsigned char seen[1 << 20];
};

extern struct stage *stage;

/* The director makes its memory before there is a variant. */
static inline bool both_answer(void)
{
	return stage && stage->variant && stage->variant->both;
}
extern int my_lane;

static inline bool is_over(void)
{
	return __atomic_load_n(&stage->over, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&stage->calls, __ATOMIC_RELAXED) >= stage->limit;
}

#endif
