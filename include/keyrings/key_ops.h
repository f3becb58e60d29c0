/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room key: what it asks of higher rooms, and how they tell it where to ask.
 */
#ifndef KEYRINGS_KEY_OPS_H
#define KEYRINGS_KEY_OPS_H

#include <keyrings/key.h>

/**
 * struct kr_mirror_ops - what a key tells the bridge, a higher room
 * @sync: payload, time of expiry or state have changed; may sleep
 * @end: the key's last reference has gone; any context but interrupts
 */
struct kr_mirror_ops {
	void (*sync)(struct kr_key *key);
	void (*end)(struct kr_key *key);
};

extern const struct kr_mirror_ops *kr_key_mirror;

/**
 * kr_key_set_mirror() - tell the room who keeps keys like the mirrored ones
 * @ops: constant until the module goes
 */
void kr_key_set_mirror(const struct kr_mirror_ops *ops);

/**
 * kr_key_sync() - tell whoever keeps a key like this one that it has changed
 * @key: the caller holds a reference and no spinlock
 *
 * May sleep when the key is mirrored.
 */
static inline void kr_key_sync(struct kr_key *key)
{
	smp_mb();	/* the change first; pairs with whoever sets the flag and then looks */
	if (unlikely(test_bit(KR_KEY_MIRRORED, &key->flags)))
		kr_key_mirror->sync(key);
}

/**
 * struct kr_reaper_ops - what a key asks of the reaper, a higher room
 * @schedule: let the key expire, and remove its links some time after that; may sleep; 0 or
 *	-ENOMEM with nothing changed
 * @queue_anew: a key with a time was linked again when all links had been removed; nothing
 *	but the queue changes, and without memory not even that; may sleep
 * @cancel: forget what was scheduled
 * @defer: end this key, whose last reference has gone, from process context
 */
struct kr_reaper_ops {
	int (*schedule)(struct kr_key *key, time64_t expiry);
	void (*queue_anew)(struct kr_key *key);
	void (*cancel)(struct kr_key *key);
	void (*defer)(struct kr_key *key);
};

/**
 * struct kr_ending - keys that end together, and share callbacks of RCU
 * @rings: those whose last reference has gone, and that are still to be ended
 * @dead: those that have ended and for which no callback is queued yet, by &struct kr_key.chained
 * @count: how many are in @dead
 *
 * On the stack of whoever ends them; {} to begin with, and so again after kr_ending_finish().
 */
struct kr_ending {
	struct llist_head rings;
	struct kr_key *dead;
	unsigned int count;
};

/**
 * struct kr_ring_ops - what a key asks of room keyring
 * @end: the ring's last reference has gone: drop the links, and by kr_key_end_with() the keys
 *	of which that was the last one; may sleep
 * @free: free the ring's memory; called a grace period later
 */
struct kr_ring_ops {
	void (*end)(struct kr_key *ring, struct kr_ending *ending);
	void (*free)(struct kr_key *ring);
};

/**
 * kr_key_end() - end a key whose last reference has gone
 * @key: its usage fell to 0
 *
 * For whoever drops the last reference by itself: kr_key_put(), the reaper, room keyring.
 * Context as kr_key_put().
 */
void kr_key_end(struct kr_key *key);

/**
 * kr_key_end_with() - the same, together with others
 * @key: its usage fell to 0
 * @ending: kr_ending_finish() must follow, soon: it is what has the memory freed
 *
 * A ring is not ended by this but by kr_ending_finish(): a tree does not end by recursion, nor
 * while the lock of the ring that is cleared is held. Does not sleep.
 */
void kr_key_end_with(struct kr_key *key, struct kr_ending *ending);

/**
 * kr_ending_finish() - end the rings, and have all be freed when their readers have gone
 * @ending: what kr_key_end_with() has filled
 *
 * If there are rings it may sleep, and takes time in proportion to their links.
 */
void kr_ending_finish(struct kr_ending *ending);

/**
 * kr_key_set_reaper() - tell the room who reaps
 * @ops: constant until the module goes
 */
void kr_key_set_reaper(const struct kr_reaper_ops *ops);

/**
 * kr_key_set_ring() - tell the room what a keyring is
 * @type: the type
 * @ops: how rings end
 */
void kr_key_set_ring(const struct kr_key_type *type, const struct kr_ring_ops *ops);

/**
 * kr_key_set_serial_check() - tell the room which serials are taken elsewhere
 * @taken: returns true when a serial may not be given to a key; may sleep
 */
void kr_key_set_serial_check(bool (*taken)(s32 serial));

/**
 * kr_key_init() - prepare the room
 *
 * Return: 0 or -ENOMEM.
 */
int kr_key_init(void);

/**
 * kr_key_exit() - leave nothing
 *
 * No key is left; waits for the grace periods of those that went.
 */
void kr_key_exit(void);

#endif /* KEYRINGS_KEY_OPS_H */
