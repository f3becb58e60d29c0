/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room reaper: what must happen to keys later. Links of expired and revoked
 * keys are removed when their time has come, and keys whose last reference went
 * in atomic context are ended.
 */
#ifndef KEYRINGS_REAPER_H
#define KEYRINGS_REAPER_H

#include <linux/types.h>

struct kr_key;

/**
 * kr_reaper_init() - prepare the room and offer its service to room key
 *
 * Return: 0 or -ENOMEM.
 */
int kr_reaper_init(void);

/**
 * kr_reaper_flush() - do everything that is due now, and wait for it
 *
 * May sleep.
 */
void kr_reaper_flush(void);

/**
 * kr_reaper_flush_ended() - wait until each key that was put in atomic context has ended
 *
 * Of those that are put meanwhile it may leave some. May sleep; the caller holds no
 * lock of a ring.
 */
void kr_reaper_flush_ended(void);

/**
 * kr_reaper_rearm() - look at the clock again
 *
 * For kr_reaper_flush(), and for tests that moved the clock.
 */
void kr_reaper_rearm(void);

/**
 * kr_reaper_exit() - end what is waiting and leave nothing
 *
 * For unloading: no call can arrive any more.
 */
void kr_reaper_exit(void);

#endif /* KEYRINGS_REAPER_H */
