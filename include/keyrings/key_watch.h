/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room key: who watches a key, and what they are told.
 */
#ifndef KEYRINGS_KEY_WATCH_H
#define KEYRINGS_KEY_WATCH_H

#include <linux/watch_queue.h>

#include <keyrings/key.h>

struct watch_queue;

/**
 * kr_key_watch() - have what happens to a key written to a queue
 * @key: the caller holds a reference
 * @queue: the caller holds a reference
 * @id: with which the records are marked
 *
 * Only where KR_KERNEL_HAS_WATCH_QUEUE. May sleep. ``current`` is who watches.
 *
 * Return: 0; -EBUSY the queue watches the key already; -EAGAIN the UID has as many
 * watches as it may have open files; -ENOENT the queue was closed meanwhile; -ENOMEM.
 */
int kr_key_watch(struct kr_key *key, struct watch_queue *queue, u8 id);

/**
 * kr_key_unwatch() - write to a queue no more, but for a last record that says so
 * @key: the caller holds a reference
 * @queue: the queue
 *
 * Only where KR_KERNEL_HAS_WATCH_QUEUE. May sleep.
 *
 * Return: 0; -EBADSLT the queue does not watch the key.
 */
int kr_key_unwatch(struct kr_key *key, struct watch_queue *queue);

/**
 * kr_key_post() - kr_key_notify() of a key that is watched
 * @key: the key
 * @what: what happened
 * @aux: as kr_key_notify()
 */
void kr_key_post(const struct kr_key *key, enum key_notification_subtype what, u32 aux);

/**
 * kr_key_notify() - tell those who watch a key what happened to it
 * @key: the caller holds a reference
 * @what: what happened
 * @aux: NOTIFY_KEY_INSTANTIATED: the error a negative key stands for; NOTIFY_KEY_LINKED
 *	and NOTIFY_KEY_UNLINKED: the serial of the other key; otherwise 0
 *
 * In the name of ``current``, whom security modules may stop from telling. Does
 * not sleep; interrupts are on.
 */
static inline void kr_key_notify(const struct kr_key *key, enum key_notification_subtype what,
				 u32 aux)
{
	if (KR_KERNEL_HAS_WATCH_QUEUE && unlikely(test_bit(KR_KEY_WATCHED, &key->flags)))
		kr_key_post(key, what, aux);
}

#endif /* KEYRINGS_KEY_WATCH_H */
