// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restrictions: which keys a ring admits, keyctl(2), KEYCTL_RESTRICT_KEYRING. A
 * restriction may trust another ring; rings that trust each other in a circle
 * would keep each other alive for ever and are refused.
 */
#include <keyrings/keyring.h>

#include "ring_internal.h"

/* Serialises the setting of restrictions, so that no two close a circle. Taken inside of rings. */
static DEFINE_MUTEX(restrict_lock);

static int admit_nothing(struct kr_restriction *restriction, struct kr_ring *ring,
			 const struct kr_key_type *type, void *payload)
{
	return -EPERM;
}

struct kr_restriction kr_restriction_all = {
	.check	= admit_nothing,
};

int kr_ring_admits(struct kr_ring *ring, const struct kr_key_type *type, void *payload)
{
	struct kr_restriction *restriction = ring->restriction;

	lockdep_assert_held(&ring->lock);
	return likely(!restriction) ? 0 : restriction->check(restriction, ring, type, payload);
}

/* Of a key of which there is no payload yet. Constant once set: the ring need not be locked. */
int kr_ring_admits_type(struct kr_ring *ring, const struct kr_key_type *type)
{
	struct kr_restriction *restriction = READ_ONCE(ring->restriction);

	if (likely(!restriction))
		return 0;
	if (restriction->sees_payload && restriction->sees_payload(restriction, type))
		return 0;
	return restriction->check(restriction, ring, type, NULL);
}

int kr_ring_admits_key(struct kr_ring *ring, struct kr_key *key)
{
	if (likely(!ring->restriction))
		return 0;
	/* Checks look into payloads that stay as long as their key only. */
	return kr_ring_admits(ring, key->type, rcu_access_pointer(key->payload));
}

/* Does what @restriction trusts trust the ring in the end? */
static bool closes_circle(const struct kr_restriction *restriction, const struct kr_key *ring)
{
	lockdep_assert_held(&restrict_lock);
	while (restriction && restriction->trust && kr_key_is_ring(restriction->trust)) {
		if (restriction->trust == ring)
			return true;
		cond_resched();
		restriction = READ_ONCE(kr_ring_of(restriction->trust)->restriction);
	}
	return false;
}

/*
 * What is trusted is kept, as by a link, and a ring that could not have a link keeps nothing:
 * else the rings that may overrun the quota, kept in a chain, would never come to an end.
 */
static bool has_room_to_keep(struct kr_ring *ring, const struct kr_restriction *restriction)
{
	bool room = true;

	if (restriction->trust) {
		spin_lock(&ring->key.lock);
		room = kr_key_has_room(&ring->key, KR_LINK_BYTES);
		spin_unlock(&ring->key.lock);
	}
	return room;
}

static int set_restriction(struct kr_ring *ring, struct kr_restriction *restriction)
{
	lockdep_assert_held(&ring->lock);
	lockdep_assert_held(&restrict_lock);
	if (ring->restriction)
		return -EEXIST;
	if (closes_circle(restriction, &ring->key))
		return -EDEADLK;
	if (!has_room_to_keep(ring, restriction))
		return -EDQUOT;
	WRITE_ONCE(ring->restriction, restriction);
	kr_key_notify(&ring->key, NOTIFY_KEY_SETATTR, 0);
	return 0;
}

/* Whoever keeps the ring busy is waited for first, and keeps no other ring waiting. */
int kr_ring_restrict(struct kr_key *ring_key, struct kr_restriction *restriction)
{
	struct kr_ring *ring = kr_ring_of(ring_key);
	int ret;

	might_sleep();
	if (!kr_key_is_ring(ring_key))
		return -ENOTDIR;
	mutex_lock(&ring->lock);
	mutex_lock(&restrict_lock);
	ret = set_restriction(ring, restriction);
	mutex_unlock(&restrict_lock);
	mutex_unlock(&ring->lock);
	return ret;
}

void kr_restriction_drop(struct kr_ring *ring)
{
	struct kr_restriction *restriction = ring->restriction;

	if (restriction && restriction->drop)
		restriction->drop(restriction);
}
