// SPDX-License-Identifier: GPL-2.0-only
/*
 * A key leaves all rings that hold it: it was invalidated, its time is over, or its
 * type has gone. Who waits for rings that are locked, and who does not, is in
 * Documentation/design/locking.rst, "Two rings".
 */
#include <keyrings/keyring_reap.h>

#include <keyrings/user.h>

#include "ring_internal.h"

/* Once through the rings that hold a key; between two of them the task may sleep. */
struct round {
	bool past_first, past_second;
	u32 at;		/* in the set of the others */
};

static struct kr_key *step(struct kr_holder_walk *walk, struct round *round)
{
	const struct kr_holders *holders = &walk->key->holders;
	struct kr_key *ring = NULL;

	if (!round->past_first)
		ring = READ_ONCE(holders->first);
	round->past_first = true;
	if (ring)
		return ring;
	if (round->past_second && !walk->in_more && !kr_holders_set(READ_ONCE(holders->more)))
		return NULL;
	round->past_second = true;
	return kr_holders_next(walk);
}

/*
 * The next ring of the round, with a reference; NULL when there is none from here on.
 * A ring that has ended drops its links itself.
 */
static struct kr_ring *next_holder(struct kr_key *key, struct round *round)
{
	struct kr_holder_walk walk = { .key = key, .at = round->at };
	struct kr_key *ring;

	rcu_read_lock();
	do {
		ring = step(&walk, round);
	} while (ring && !kr_key_tryget(ring));
	round->at = walk.at;
	rcu_read_unlock();
	return ring ? kr_ring_of(ring) : NULL;
}

/* Nobody asked for it: those who watch the ring are not told. */
static void unlink_dead(struct kr_ring *ring, struct kr_key *key)
{
	if (!kr_link_remove(ring, key) && !ring->count)
		set_bit(KR_KEY_REAPED_EMPTY, &ring->key.flags);
}

/* The links are gone when a round finds none: rings may come to hold the key behind it. */
void kr_ring_forget_key(struct kr_key *key)
{
	struct kr_ring *ring;
	bool again;

	do {
		struct round round = {};

		again = false;
		while ((ring = next_holder(key, &round))) {
			mutex_lock(&ring->lock);
			unlink_dead(ring, key);
			mutex_unlock(&ring->lock);
			kr_key_put(&ring->key);
			again = true;
		}
	} while (again);
}

#define LOCK_TRIES	1000

/* A change of some links is over soon; what takes as long as a helper is not waited for. */
static bool lock_soon(struct kr_ring *ring)
{
	unsigned int i;

	for (i = 0; i < LOCK_TRIES; i++) {
		if (mutex_trylock(&ring->lock))
			return true;
		cond_resched();
	}
	return false;
}

/* With the lock of a ring that holds the key: an update may have revived it meanwhile. */
static int reap_from(struct kr_ring *ring, struct kr_key *key)
{
	if (!lock_soon(ring))
		return -EAGAIN;
	if (kr_key_validate(key))
		unlink_dead(ring, key);
	mutex_unlock(&ring->lock);
	return 0;
}

/* The record of the UID holds its rings as a ring would. */
static void leave_record(struct kr_key *key)
{
	if (test_bit(KR_KEY_UID_RING, &key->flags) && kr_key_validate(key))
		kr_user_forget_ring(kr_ring_of(key)->ns, READ_ONCE(key->uid), key);
}

/* A ring that is busy keeps the key from leaving no other. */
int kr_ring_reap_key(struct kr_key *key)
{
	struct kr_ring *ring;
	bool again;
	int ret;

	do {
		struct round round = {};

		ret = 0;
		again = false;
		while (kr_key_validate(key) && (ring = next_holder(key, &round))) {
			if (reap_from(ring, key))
				ret = -EAGAIN;
			else
				again = true;
			kr_key_put(&ring->key);
			cond_resched();
		}
	} while (again);
	leave_record(key);
	return ret;
}

/*
 * The ring that has the one place in the key or, if it came there by a move, the other one.
 * NULL when there is none, when there are two, or when there have been more.
 */
static struct kr_key *only_holder(const struct kr_key *key)
{
	struct kr_key *first = READ_ONCE(key->holders.first);
	unsigned long more = READ_ONCE(key->holders.more);

	if (!first && !kr_holders_set(more))
		return (struct kr_key *)more;
	return more ? NULL : first;
}

/* The same with a reference. */
static struct kr_ring *only_holder_get(const struct kr_key *key)
{
	struct kr_key *ring;

	rcu_read_lock();
	ring = only_holder(key);
	if (ring && !kr_key_tryget(ring))
		ring = NULL;
	rcu_read_unlock();
	return ring ? kr_ring_of(ring) : NULL;
}

/*
 * With the lock of the ring, under which it and the key know each other, or neither does. A
 * key that another ring comes to hold from here on gets a new deadline: see kr_edit_commit().
 */
static bool leaves_for_good(const struct kr_ring *ring, const struct kr_key *key)
{
	lockdep_assert_held(&ring->lock);
	return only_holder(key) == &ring->key && !kr_key_is_ring(key) && kr_key_validate(key);
}

static unsigned int reap_run_from(struct kr_ring *ring, struct kr_key **keys, unsigned int count,
				  unsigned int *last)
{
	unsigned int n = 0;

	while (n < count && leaves_for_good(ring, keys[n]))
		n++;
	if (!n)
		return 0;
	*last = kr_link_remove_run(ring, keys, n);
	if (!ring->count)
		set_bit(KR_KEY_REAPED_EMPTY, &ring->key.flags);
	return n;
}

unsigned int kr_ring_reap_run(struct kr_key **keys, unsigned int count)
{
	struct kr_ring *ring = only_holder_get(keys[0]);
	unsigned int gone = 0, last = 0, i;
	struct kr_ending ending = {};

	might_sleep();
	if (!ring)
		return 0;
	if (mutex_trylock(&ring->lock)) {
		gone = reap_run_from(ring, keys, count, &last);
		mutex_unlock(&ring->lock);
	}
	for (i = 0; i < last; i++)
		kr_key_end_with(keys[i], &ending);
	kr_ending_finish(&ending);
	kr_key_put(&ring->key);
	return gone;
}

void kr_ring_invalidate(struct kr_key *key)
{
	kr_key_set_invalidated(key);
	/* Rings that somebody keeps busy are left to the reaper; without memory they are waited for. */
	if (kr_ring_reap_key(key) && kr_key_set_expiry(key, 0))
		kr_ring_forget_key(key);
	kr_key_sync(key);
}
