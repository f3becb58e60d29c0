/* SPDX-License-Identifier: GPL-2.0-only */
/* Random calls: what is drawn (random.c, arguments.c); how it is done is in episode.h. */
#ifndef RANDOM_H
#define RANDOM_H

#include "oracle.h"

/* Who acts: one of the cast, or the helper that came last, or nobody when there is none */
enum { CAST = 6, HELPER = CAST };

/*
 * Keys that are remembered: of each of the cast rings, the first of them its session,
 * and others; and the key that the helper is to make
 */
enum { OWN_RINGS = 3, OWN_LEAVES = 4, RING_SLOTS = CAST * OWN_RINGS,
       SLOTS = RING_SLOTS + CAST * OWN_LEAVES, TARGET = SLOTS, ALL_SLOTS };

static inline unsigned int ring_slot(unsigned int whose, unsigned int n)
{
	return whose * OWN_RINGS + n;
}

static inline unsigned int leaf_slot(unsigned int whose, unsigned int n)
{
	return RING_SLOTS + whose * OWN_LEAVES + n;
}

enum event { NO_EVENT, TIME_PASSES, LIST, FORK, EXEC, NEW_IDS, HELPER_ENDS, INTERRUPT,
	     NEW_NAMESPACE, SETUID_EXEC };

/* The structure of three words that the first argument points to when it is drawn good */
enum { WORDS = 3 };

struct step {
	enum event event;	/* or a call: */
	enum op op;
	unsigned int who;
	bool narrow;		/* through the 32-bit entry */
	unsigned int into;	/* slot of the result */
	long arg[6];
	signed char slot[6];	/* argument is a slot's key; -1: as it is */
	int32_t word[WORDS];	/* of the structure, DH_COMPUTE and PKEY_ENCRYPT to PKEY_VERIFY */
	signed char word_slot[WORDS];
};

enum { MAX_STEPS = 4000 };

/* Of the same seed come the same steps, whatever is done with them. */
void draw_begin(unsigned long seed);
uint32_t draw(uint32_t below);
void draw_steps(struct step *steps, unsigned int count);
bool makes_keys(enum op op);	/* or has to do with the making */
/* May the call have to wait for the key that the helper makes? It may yet find none. */
bool may_await(enum op op, const long *a, const struct worker *helper,
	       const struct worker *requester);

void arguments_begin(void);
void draw_arguments(struct step *s);
const char *draw_desc(void);
const char *desc_of_ring(const char *desc);
long draw_perm(void);
bool takes_structure(enum op op);
/* The key of a slot is put where an argument of a step says */
void draw_home(unsigned int slot, const struct step *s, int i);

#endif
