// SPDX-License-Identifier: GPL-2.0-only
/* The session keyring: session-keyring(7). Joined and made. */
#include <keyrings/cred.h>

#include <linux/rcupdate.h>
#include <linux/user_namespace.h>

#include "cred_internal.h"

/* Joining and making a ring of a name are one step, so that two make one ring. */
static DEFINE_MUTEX(join_lock);

struct kr_key *kr_session_get(void)
{
	struct kr_cred *cred = kr_cred_current_get();
	struct kr_key *session = kr_cred_session(cred);

	if (session)
		kr_key_get(session);
	kr_cred_put(cred);
	return session;
}

void kr_session_replace(struct kr_cred *cred, void *arg)
{
	kr_key_put(cred->session);
	cred->session = kr_key_get(arg);
}

int kr_session_set(struct kr_key *ring)
{
	return kr_cred_change(kr_session_replace, ring);
}

static void change_to_helper(struct kr_cred *cred, void *arg)
{
	kr_session_replace(cred, arg);
	cred->reqkey = KEY_REQKEY_DEFL_THREAD_KEYRING;
}

int kr_cred_enter_helper(struct kr_key *session)
{
	return kr_cred_change(change_to_helper, session);
}

struct kr_key *kr_session_make(const char *name, u32 perm, unsigned int flags)
{
	const struct cred *cred = current_cred();

	return kr_ring_alloc(name, cred->uid, cred->gid, cred->user_ns, perm, flags);
}

static long join_anonymous(void)
{
	struct kr_key *old = kr_session_get(), *ring;
	long ret;

	/* The first session of a process is not refused for want of quota. */
	ring = kr_session_make("_ses", KR_PERM_ANON_SESSION,
			       old ? KR_ALLOC_IN_QUOTA : KR_ALLOC_OVERRUN);
	kr_key_put(old);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	ret = kr_session_set(ring) ?: ring->serial;
	kr_key_put(ring);
	return ret;
}

static struct kr_key *find_or_make(const char *name)
{
	struct kr_key *ring;

	lockdep_assert_held(&join_lock);
	ring = kr_ring_find_by_name(name, current_cred());
	return ring ?: kr_session_make(name, KR_PERM_NAMED_SESSION, KR_ALLOC_IN_QUOTA);
}

static bool is_session(const struct kr_key *ring)
{
	struct kr_key *session = kr_session_get();
	bool same = session == ring;

	kr_key_put(session);
	return same;
}

static long join_named(const char *name)
{
	struct kr_key *ring;
	long ret;

	mutex_lock(&join_lock);
	ring = find_or_make(name);
	mutex_unlock(&join_lock);
	if (IS_ERR(ring))
		return PTR_ERR(ring);

	if (is_session(ring))
		ret = 0;
	else
		ret = kr_session_set(ring) ?: ring->serial;
	kr_key_put(ring);
	return ret;
}

long kr_cred_join_session(const char *name)
{
	might_sleep();
	return name ? join_named(name) : join_anonymous();
}
