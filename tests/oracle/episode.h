/* SPDX-License-Identifier: GPL-2.0-only */
/* An episode: its calls and events (episode.c), and what comes to an end by them (ends.c). */
#ifndef EPISODE_H
#define EPISODE_H

#include "random.h"

struct known {
	bool session;		/* it has a session keyring */
	bool pinned;		/* its program file keeps that, there */
	bool apart;		/* it is in a user namespace of its own */
	bool assumed;		/* it has assumed an authority */
};

extern struct worker *cast[CAST];
extern struct known known[MAX_WORKERS];

/* What may have come to an end; of the latter ones more has to be waited for */
enum ends { NOTHING, KEYS, AUTHORITY, INVALID, CREDENTIALS };

void ends_begin(bool now);	/* what ends in an episode is waited for at once, or when it is seen */
void ends(enum ends what);
void await_ends(void);
/* What may have ended by this? */
enum ends ends_by(const struct worker *w, enum op op, const long *a);
/* Does a call know a key by its number, or a ring by its name? */
bool knows_key(enum op op, const long *a);

#endif
