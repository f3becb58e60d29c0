// SPDX-License-Identifier: GPL-2.0-only
/*
 * The user keyring and the user-session keyring: user-keyring(7),
 * user-session-keyring(7). Both are made at the first access to either of them
 * or to a session keyring that is missing. One that is there without the record of
 * the UID, because it is linked somewhere or is somebody's session, is the UID's
 * again: a login may have linked it before any process of the UID was there to stay.
 * One that ended is made anew when it would have left any other ring: at once when it
 * was invalidated, gc_delay after it was revoked or expired. Until then there is no
 * such key, and whoever needs one without having named it is told why.
 */
#include <keyrings/cred.h>

#include <keyrings/reaper.h>
#include <linux/sched/user.h>
#include <linux/user_namespace.h>

#include "cred_internal.h"

#define USER_RING	"_uid."
#define SESSION_RING	"_uid_ses."

struct ring_name {
	char s[sizeof(SESSION_RING "4294967295")];
};

static struct ring_name ring_name(const char *prefix, const struct cred *cred)
{
	struct ring_name name;

	snprintf(name.s, sizeof(name.s), "%s%u", prefix,
		 from_kuid(cred->user_ns, cred->user->uid));
	return name;
}

static struct kr_key *make_ring(const char *prefix, const struct cred *cred)
{
	struct ring_name name = ring_name(prefix, cred);

	return kr_ring_alloc(name.s, cred->user->uid, INVALID_GID, cred->user_ns,
			     KR_PERM_UID_RING, KR_ALLOC_IN_QUOTA | KR_ALLOC_UID_RING);
}

static struct kr_key *make_session_ring(const struct cred *cred, struct kr_key *user_ring)
{
	struct kr_key *ring = make_ring(SESSION_RING, cred);
	int ret;

	if (IS_ERR(ring))
		return ring;
	ret = kr_ring_link_any_depth(ring, user_ring);
	if (ret) {
		kr_key_put(ring);
		return ERR_PTR(ret);
	}
	return ring;
}

static struct kr_key *kept_ring(const char *prefix, const struct cred *cred)
{
	struct ring_name name = ring_name(prefix, cred);

	return kr_ring_find_uid_ring(name.s, cred);
}

static struct kr_key *kept_ring_peek(const char *prefix, const struct cred *cred)
{
	struct ring_name name = ring_name(prefix, cred);

	return kr_ring_peek_uid_ring(name.s, cred);
}

struct kr_key *kr_kept_ring_peek(const struct cred *cred)
{
	return kept_ring_peek(SESSION_RING, cred) ?: kept_ring_peek(USER_RING, cred);
}

/*
 * The two rings of a UID that has no record. -EAGAIN: there is only a user keyring, and
 * what keeps that may be the user-session keyring of a record that has just gone, which
 * ends soon; when the ends have been awaited, it is something else.
 */
static int make_pair(const struct cred *cred, bool awaited, struct kr_key **user_ring,
		     struct kr_key **session_ring)
{
	struct kr_key *kept = kept_ring(USER_RING, cred);
	int ret;

	*user_ring = kept ?: make_ring(USER_RING, cred);
	if (IS_ERR(*user_ring))
		return PTR_ERR(*user_ring);

	*session_ring = kept_ring(SESSION_RING, cred);
	if (*session_ring)
		return 0;
	ret = -EAGAIN;
	if (kept && !awaited)
		goto err_user;
	*session_ring = make_session_ring(cred, *user_ring);
	ret = PTR_ERR_OR_ZERO(*session_ring);
	if (!ret)
		return 0;

err_user:
	kr_key_put(*user_ring);
	return ret;
}

static int make_and_install(struct kr_account *account, struct kr_ns *kns, const struct cred *cred,
			    bool awaited)
{
	struct kr_key *user_ring, *session_ring;
	int ret;

	ret = make_pair(cred, awaited, &user_ring, &session_ring);
	if (ret)
		return ret;
	ret = kr_user_install(account, kns, cred->user, user_ring, session_ring);
	if (ret) {
		kr_key_put(session_ring);
		kr_key_put(user_ring);
	}
	return ret;
}

/* What keeps somebody with these credentials from having this ring of the UID, or 0. */
static int ring_error(const struct kr_key *ring, const struct cred *actor)
{
	int ret = kr_key_validate(ring);

	if (unlikely(ret))
		return ret;
	return kr_key_permits(ring, true, actor, KR_SEARCH) ? 0 : -EACCES;
}

bool kr_user_ring_usable(const struct kr_key *ring, const struct cred *actor)
{
	return ring && !ring_error(ring, actor);
}

static bool is_forgotten(const struct kr_key *ring)
{
	return test_bit(KR_KEY_INVALIDATED, &ring->flags) ||
	       READ_ONCE(ring->expiry) <= kr_now() - READ_ONCE(*kr_limits.gc_delay);
}

/* Is there no such ring, or none to speak of? If there is, what keeps it from the actor, or 0. */
static bool is_to_be_made(struct kr_key *const *place, const struct cred *actor, int *error)
{
	const struct kr_key *ring;
	bool missing;

	rcu_read_lock();
	ring = READ_ONCE(*place);
	missing = !ring || is_forgotten(ring);
	*error = missing ? 0 : ring_error(ring, actor);
	rcu_read_unlock();
	return missing;
}

/*
 * Takes away a ring that is to be made anew, so that what it is charged is given back first.
 * Readers hold RCU: it is not freed meanwhile. False when it stays.
 */
static bool drop_forgotten(struct kr_key **place, const struct cred *actor, int *error)
{
	if (!is_to_be_made(place, actor, error))
		return false;
	kr_key_put(xchg(place, NULL));
	return true;
}

static struct kr_key *user_ring_tryget(const struct kr_user *user)
{
	struct kr_key *ring;

	rcu_read_lock();
	ring = READ_ONCE(user->user_ring);
	if (ring && !kr_key_tryget(ring))
		ring = NULL;
	rcu_read_unlock();
	return ring;
}

/* NULL when the user keyring has ended meanwhile: who looks for the pair comes again. */
static struct kr_key *session_ring_anew(const struct kr_user *user, const struct cred *cred,
					struct kr_key *new_user_ring)
{
	struct kr_key *user_ring, *ring;

	user_ring = new_user_ring ? kr_key_get(new_user_ring) : user_ring_tryget(user);
	if (!user_ring)
		return NULL;
	ring = make_session_ring(cred, user_ring);
	kr_key_put(user_ring);
	return ring;
}

/*
 * Where only one of two that are to be made has room, neither is the UID's. One that is there,
 * but is of no use, does not keep the other from being made.
 */
static int renew_rings(struct kr_user *user, const struct cred *cred)
{
	struct kr_key *user_ring = NULL, *session_ring = NULL;
	int ret;

	if (drop_forgotten(&user->user_ring, cred, &ret)) {
		user_ring = make_ring(USER_RING, cred);
		ret = PTR_ERR_OR_ZERO(user_ring);
	}
	if (ret)
		return ret;
	if (drop_forgotten(&user->session_ring, cred, &ret))
		session_ring = session_ring_anew(user, cred, user_ring);
	if (IS_ERR(session_ring)) {
		kr_key_put(user_ring);
		return PTR_ERR(session_ring);
	}
	if (user_ring)
		smp_store_release(&user->user_ring, user_ring);
	if (session_ring)
		smp_store_release(&user->session_ring, session_ring);
	return ret;
}

/*
 * The record of the caller's own UID stays while the caller is there. With the lock
 * held it is not one that was about to go before the caller came.
 */
static struct kr_user *own_record(struct kr_account *account, const struct cred *cred)
{
	struct kr_user *user;

	rcu_read_lock();
	spin_lock(&account->lock);
	user = kr_user_peek(cred->user_ns, account->uid);
	spin_unlock(&account->lock);
	rcu_read_unlock();
	return user;
}

static int make_or_renew(struct kr_account *account, struct kr_ns *kns, const struct cred *cred,
			 bool awaited)
{
	struct kr_user *user;

	lockdep_assert_held(&account->create);
	user = own_record(account, cred);
	if (!user)
		return make_and_install(account, kns, cred, awaited);
	return renew_rings(user, cred);
}

/* Many threads may come here at once: one makes the rings, the others find them. */
static int make_rings(const struct cred *cred, bool awaited)
{
	struct kr_account *account;
	struct kr_ns *kns;
	int ret = -ENOMEM;

	might_sleep();
	account = kr_account_get_by_uid(cred->user->uid);
	if (!account)
		return -ENOMEM;
	kns = kr_ns_get_by_ns(cred->user_ns);
	if (kns) {
		mutex_lock(&account->create);
		ret = make_or_renew(account, kns, cred, awaited);
		mutex_unlock(&account->create);
		kr_ns_put(kns);
	}
	kr_account_put(account);
	return ret;
}

/*
 * The rings that the last process of the UID has left, and what was in them, are there and
 * charged until they have ended. Then there may be room, and no half of a pair.
 */
static void await_ends(void)
{
	kr_user_flush();
	kr_reaper_flush_ended();
}

int kr_cred_user_ring_get(bool session, struct kr_key **ring)
{
	s32 id = session ? KEY_SPEC_USER_SESSION_KEYRING : KEY_SPEC_USER_KEYRING;
	bool awaited = false;
	int ret;

	for (;;) {
		*ring = kr_ring_special_tryget(id, 0);
		if (likely(*ring))
			return 0;
		ret = make_rings(current_cred(), awaited);
		if ((ret == -EDQUOT || ret == -EAGAIN) && !awaited) {
			await_ends();
			awaited = true;
		} else if (ret && ret != -ENOKEY) {	/* a ring ended while it was looked at */
			return ret;
		}
	}
}
