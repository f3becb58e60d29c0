/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room keyring: keys whose time is over leave their rings.
 */
#ifndef KEYRINGS_KEYRING_REAP_H
#define KEYRINGS_KEYRING_REAP_H

#include <keyrings/keyring.h>

/**
 * kr_ring_reap_key() - remove a key whose time is over from its rings
 * @key: the key; if it is a keyring of a UID, the record of that lets go of it, too
 *
 * Leaves it where it is when it has been given another time. May sleep, but waits for no
 * more than a moment for a ring that is locked: one caller reaps for everybody.
 *
 * Return: 0; -EAGAIN when it may still be in a ring that stayed locked.
 */
int kr_ring_reap_key(struct kr_key *key);

/**
 * kr_ring_reap_run() - remove keys whose time is over from a ring that alone holds them
 * @keys: with a reference to each; their deadlines were taken out of the queues, and a full
 *	barrier came after that
 * @count: how many there are, one at least
 *
 * The cheaper way for the first ones, as far as all are in the same ring and in no other,
 * and none is a ring. It waits for no ring. What cannot go it is left to kr_ring_reap_key().
 * May sleep.
 *
 * Return: how many of the first ones have left; their references are dropped, and these @keys
 * are of no use any more.
 */
unsigned int kr_ring_reap_run(struct kr_key **keys, unsigned int count);

#endif /* KEYRINGS_KEYRING_REAP_H */
