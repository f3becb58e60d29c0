/* SPDX-License-Identifier: GPL-2.0-only */
/* Random calls: what is drawn (random.c) and how it is done (episode.c). */
#ifndef RANDOM_H
#define RANDOM_H

#include "oracle.h"

/* Who acts: one of the cast, or the helper that came last, or nobody when there is none */
enum { CAST = 6, HELPER = CAST };

/* Keys that are remembered: rings, others, and the key that the helper is to make */
enum { RING_SLOTS = 10, SLOTS = 20, TARGET = SLOTS, ALL_SLOTS };

enum event { NO_EVENT, TIME_PASSES, LIST, FORK, EXEC, NEW_IDS, HELPER_ENDS, INTERRUPT };

struct step {
	enum event event;	/* or a call: */
	enum op op;
	unsigned int who;
	unsigned int into;	/* slot of the result */
	long arg[6];
	signed char slot[6];	/* argument is a slot's key; -1: as it is */
};

enum { MAX_STEPS = 4000 };

/* Of the same seed come the same steps, whatever is done with them. */
void draw_begin(unsigned long seed);
uint32_t draw(uint32_t below);
bool makes_keys(enum op op);	/* or has to do with the making */
void draw_steps(struct step *steps, unsigned int count);

#endif
