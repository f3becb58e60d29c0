// SPDX-License-Identifier: GPL-2.0-only
/* What happens to a key in its life: instantiated, expired, revoked, given away. */
#include <keyrings/key.h>

#include <linux/sched.h>
#include <linux/wait_bit.h>

#include "key_internal.h"

static int end_of(const struct kr_key *key)
{
	unsigned long flags = READ_ONCE(key->flags);

	if (unlikely(flags & BIT(KR_KEY_INVALIDATED)))
		return -ENOKEY;
	if (unlikely(flags & (BIT(KR_KEY_REVOKED) | BIT(KR_KEY_DEAD))))
		return -EKEYREVOKED;
	return 0;
}

int kr_key_validate(const struct kr_key *key)
{
	int ret = end_of(key);

	if (likely(!ret) && unlikely(kr_key_expired(key))) {
		smp_rmb();	/* the time, then REVOKED again: kr_key_revoke() sets both, that first */
		ret = end_of(key) ?: -EKEYEXPIRED;
	}
	return ret;
}

/* The key is what it will be: count it. Those who wait for it wait for its links, too. */
static void conclude(struct kr_key *key, int state)
{
	spin_lock(&key->lock);	/* against kr_key_chown() */
	atomic_inc(&key->account->nikeys);
	kr_key_set_state(key, state);
	spin_unlock(&key->lock);
	kr_key_notify(key, NOTIFY_KEY_INSTANTIATED, state < 0 ? state : 0);
}

/* Whoever finds the bit cleared finds the state set. */
void kr_key_announce_made(struct kr_key *key)
{
	if (test_bit(KR_KEY_CONSTRUCTING, &key->flags))
		clear_and_wake_up_bit(KR_KEY_CONSTRUCTING, &key->flags);
}

/*
 * A key that is announced may be made by several at once, or rejected meanwhile:
 * the second waits for what comes of the first. Of other keys only the maker
 * knows. False when there is nobody to wait for; who finds the key announced no
 * more finds its state set.
 */
static bool making_lock(struct kr_key *key)
{
	if (likely(!test_bit_acquire(KR_KEY_CONSTRUCTING, &key->flags)))
		return false;
	wait_on_bit_lock(&key->flags, KR_KEY_INSTANTIATING, TASK_UNINTERRUPTIBLE);
	return true;
}

static void making_unlock(struct kr_key *key, bool locked)
{
	if (unlikely(locked))
		clear_and_wake_up_bit(KR_KEY_INSTANTIATING, &key->flags);
}

void kr_key_expire_at(struct kr_key *key, time64_t expiry)
{
	if (kr_key_set_expiry(key, expiry)) {
		WRITE_ONCE(key->expiry, expiry);
		kr_key_sync(key);
	}
}

int kr_key_instantiate(struct kr_key *key, struct kr_prep *prep)
{
	bool locked = making_lock(key);
	int ret = -EBUSY;

	if (likely(kr_key_state(key) == KR_UNINSTANTIATED))
		ret = key->type->instantiate(key, prep);
	if (!ret)
		conclude(key, KR_POSITIVE);
	making_unlock(key, locked);
	return ret;
}

int kr_key_reject(struct kr_key *key, unsigned int error, time64_t expiry)
{
	bool locked = making_lock(key);
	int ret = -EBUSY;

	if (kr_key_state(key) == KR_UNINSTANTIATED) {
		/* The time is set first: a rejected key never lacks one. */
		kr_key_expire_at(key, expiry);
		conclude(key, -(int)error);
		ret = 0;
	}
	making_unlock(key, locked);
	return ret;
}

void kr_key_set_constructing(struct kr_key *key)
{
	set_bit(KR_KEY_CONSTRUCTING, &key->flags);
}

int kr_key_wait(struct kr_key *key)
{
	might_sleep();
	if (likely(!test_bit_acquire(KR_KEY_CONSTRUCTING, &key->flags)))
		return 0;
	return wait_on_bit(&key->flags, KR_KEY_CONSTRUCTING, TASK_INTERRUPTIBLE) ? -ERESTARTSYS : 0;
}

int kr_key_wait_made(struct kr_key *key)
{
	int ret = kr_key_wait(key);

	if (ret)
		return ret;
	ret = kr_key_state(key);
	return ret < 0 ? ret : kr_key_validate(key);
}

/* A time of expiry that has passed keeps its place in the queue. */
static void end_time_now(struct kr_key *key)
{
	time64_t now = kr_now();

	if (READ_ONCE(key->expiry) <= now)
		return;
	WRITE_ONCE(key->expiry, now);
	/* Without memory the links stay until the rings go: no harm but the wait. */
	kr_key_reaper->schedule(key, now);
}

/* Overdue since ever. Without memory the links stay until the rings go. */
static void end_time_past(struct kr_key *key)
{
	kr_key_reaper->schedule(key, 0);
}

/* What has ended meanwhile has its time, which has the last word. */
static void keep_end_time(struct kr_key *key)
{
	unsigned long flags = READ_ONCE(key->flags);

	if (unlikely(flags & BIT(KR_KEY_INVALIDATED)))
		end_time_past(key);
	else if (unlikely(flags & BIT(KR_KEY_REVOKED)))
		end_time_now(key);
}

void kr_key_queue_anew(struct kr_key *key)
{
	kr_key_reaper->queue_anew(key);
}

void kr_key_clear_expiry(struct kr_key *key)
{
	lockdep_assert_held(&key->lock);
	if (READ_ONCE(key->deadline))
		kr_key_reaper->cancel(key);
	/* A deadline that somebody queues meanwhile is early, which does no harm. */
	WRITE_ONCE(key->expiry, KR_NEVER);
}

void kr_key_expiry_changed(struct kr_key *key)
{
	might_sleep();
	smp_mb();	/* pairs with the atomics of whoever revokes or invalidates */
	keep_end_time(key);
	kr_key_sync(key);
}

int kr_key_set_expiry(struct kr_key *key, time64_t expiry)
{
	int ret;

	might_sleep();
	spin_lock(&key->lock);
	if (expiry == KR_NEVER)
		kr_key_clear_expiry(key);
	spin_unlock(&key->lock);
	/* After whoever updates it: the time may be for the new payload, and is not cleared then. */
	if (expiry != KR_NEVER) {
		ret = kr_key_reaper->schedule(key, expiry);
		if (ret)
			return ret;
	}
	kr_key_expiry_changed(key);
	return 0;
}

/* Once, and before any of those who revoke it at once returns: another may be at it. */
static void tell_revoked(struct kr_key *key)
{
	spin_lock(&key->lock);
	if (!test_bit(KR_KEY_REVOKED_TOLD, &key->flags)) {
		kr_key_notify(key, NOTIFY_KEY_REVOKED, 0);
		set_bit(KR_KEY_REVOKED_TOLD, &key->flags);
	}
	spin_unlock(&key->lock);
}

/* Who comes second does not return before all is done: who came first may still be at it. */
void kr_key_revoke(struct kr_key *key)
{
	set_bit(KR_KEY_REVOKED, &key->flags);
	smp_mb__after_atomic();	/* pairs with kr_key_expiry_changed() */
	if (key->type->revoke)
		key->type->revoke(key);
	/* After the news of links that were being made, with the ring locked. */
	tell_revoked(key);
	end_time_now(key);
	kr_key_sync(key);
}

void kr_key_set_invalidated(struct kr_key *key)
{
	bool again;

	spin_lock(&key->lock);	/* no link is made after this: see attach_to_key() */
	again = test_and_set_bit(KR_KEY_INVALIDATED, &key->flags);
	spin_unlock(&key->lock);
	if (!again)
		kr_key_notify(key, NOTIFY_KEY_INVALIDATED, 0);
}

void kr_key_set_dead(struct kr_key *key)
{
	spin_lock(&key->lock);	/* as above */
	set_bit(KR_KEY_DEAD, &key->flags);
	spin_unlock(&key->lock);
}

void kr_key_invalidate_later(struct kr_key *key)
{
	kr_key_set_invalidated(key);
	end_time_past(key);
	kr_key_sync(key);
}

static int set_payload_quota(struct kr_key *key, size_t datalen, bool overrun)
{
	int ret = 0;

	lockdep_assert_held(&key->lock);
	if (datalen == key->datalen)
		return 0;

	if (!test_bit(KR_KEY_IN_QUOTA, &key->flags))
		ret = 0;
	else if (datalen > key->datalen)
		ret = kr_account_charge(key->account, 0, datalen - key->datalen, overrun);
	else
		kr_account_uncharge(key->account, 0, key->datalen - datalen);
	if (ret)
		return ret;

	key->quotalen += datalen - key->datalen;
	WRITE_ONCE(key->datalen, datalen);	/* shown by /proc/keys */
	return 0;
}

int kr_key_set_payload_quota(struct kr_key *key, size_t datalen)
{
	lockdep_assert_held(&key->lock);
	return set_payload_quota(key, datalen, false);
}

bool kr_key_has_room(struct kr_key *key, unsigned int bytes)
{
	lockdep_assert_held(&key->lock);
	return !test_bit(KR_KEY_IN_QUOTA, &key->flags) || kr_account_has_room(key->account, bytes);
}

void kr_key_follow_payload(struct kr_key *key, size_t datalen)
{
	lockdep_assert_held(&key->lock);
	set_payload_quota(key, datalen, true);
}

static void move_account(struct kr_key *key, struct kr_account *account)
{
	struct kr_account *old = key->account;

	lockdep_assert_held(&key->lock);
	if (test_bit(KR_KEY_IN_QUOTA, &key->flags))
		kr_account_uncharge(old, 1, key->quotalen);
	atomic_dec(&old->nkeys);
	atomic_inc(&account->nkeys);
	if (kr_key_state(key) != KR_UNINSTANTIATED) {
		atomic_dec(&old->nikeys);
		atomic_inc(&account->nikeys);
	}
	WRITE_ONCE(key->account, account);
	WRITE_ONCE(key->uid, account->uid);
}

int kr_key_chown(struct kr_key *key, struct kr_account *account, kgid_t gid)
{
	struct kr_account *old = NULL;
	int ret = 0;

	spin_lock(&key->lock);
	if (account && account != key->account) {
		if (test_bit(KR_KEY_IN_QUOTA, &key->flags))
			ret = kr_account_charge(account, 1, key->quotalen, false);
		if (!ret) {
			old = key->account;
			move_account(key, account);
		}
	} else {
		old = account;
		if (account)
			WRITE_ONCE(key->uid, account->uid);
	}
	if (!ret && gid_valid(gid))
		WRITE_ONCE(key->gid, gid);
	spin_unlock(&key->lock);

	if (old)
		kr_account_put(old);
	return ret;
}
