// SPDX-License-Identifier: GPL-2.0-only
/* The special IDs of keyctl(2): each a function that finds or makes a ring. */
#include <keyrings/cred.h>

#include <linux/user_namespace.h>

#include "cred_internal.h"

/**
 * struct thread_ids - what a thread keyring has in its room
 * @fsuid: the fsuid that its owner was last compared with
 * @fsgid: the same for the group
 */
struct thread_ids {
	kuid_t fsuid;
	kgid_t fsgid;
};

static_assert(sizeof(struct thread_ids) <= KR_RING_ROOM);

/* thread-keyring(7): made by the thread itself, which may overrun its quota. */
static int make_thread_ring(struct kr_key **ring)
{
	const struct cred *cred = current_cred();
	struct kr_task *record = kr_task_current_make();
	struct thread_ids *ids;

	if (!record)
		return -ENOMEM;
	*ring = kr_session_make("_tid", KR_PERM_TASK_RING, KR_ALLOC_OVERRUN);
	if (IS_ERR(*ring))
		return PTR_ERR(*ring);
	ids = kr_ring_room(*ring);
	ids->fsuid = cred->fsuid;
	ids->fsgid = cred->fsgid;
	rcu_assign_pointer(record->thread, kr_key_get(*ring));
	return 0;
}

/* The thread keyring's owner follows the thread's fsuid and fsgid, not those it wears for a call. */
static void follow_ids(struct kr_key *ring)
{
	const struct cred *cred = current_real_cred();
	struct thread_ids *ids = kr_ring_room(ring);

	if (likely(uid_eq(ids->fsuid, cred->fsuid) && gid_eq(ids->fsgid, cred->fsgid)))
		return;
	spin_lock(&ring->lock);
	if (!uid_eq(ids->fsuid, cred->fsuid))
		WRITE_ONCE(ring->uid, cred->fsuid);
	if (!gid_eq(ids->fsgid, cred->fsgid))
		WRITE_ONCE(ring->gid, cred->fsgid);
	spin_unlock(&ring->lock);
	ids->fsuid = cred->fsuid;
	ids->fsgid = cred->fsgid;
}

/* The thread keyring of a record of current, borrowed; NULL for none. */
static struct kr_key *thread_ring_peek(const struct kr_task *record)
{
	struct kr_key *ring = record ? rcu_dereference_protected(record->thread, true) : NULL;

	if (ring)
		follow_ids(ring);
	return ring;
}

static int thread_ring(unsigned int flags, struct kr_key **ring)
{
	*ring = thread_ring_peek(kr_task_current());
	if (*ring) {
		kr_key_get(*ring);
		return 0;
	}
	return flags & KR_LOOKUP_CREATE ? make_thread_ring(ring) : -ENOKEY;
}

/* A ring of the UID that has ended, or denies to be searched, is no key to who names it. */
static int user_ring(bool session, struct kr_key **ring)
{
	int ret = kr_cred_user_ring_get(session, ring);

	return ret == -EACCES || ret == -EKEYREVOKED || ret == -EKEYEXPIRED ? -ENOKEY : ret;
}

/*
 * session-keyring(7): a missing session keyring is made when it is to be
 * created. Otherwise the user-session keyring becomes the session keyring, and
 * gives way to a real one as soon as that is to be created.
 */
static int make_session(unsigned int flags)
{
	struct kr_key *user_session;
	long ret;

	ret = user_ring(true, &user_session);
	if (ret)
		return ret;
	if (flags & KR_LOOKUP_CREATE)
		ret = kr_cred_join_session(NULL);
	else
		ret = kr_session_set(user_session);
	kr_key_put(user_session);
	return ret < 0 ? ret : 0;
}

static bool session_will_do(const struct kr_key *session, unsigned int flags)
{
	return session && !((flags & KR_LOOKUP_CREATE) &&
			    test_bit(KR_KEY_UID_RING, &session->flags));
}

static struct kr_key *session_peek(unsigned int flags)
{
	struct kr_task *record = kr_task_current_rcu();
	struct kr_key *session = record ? kr_cred_session(rcu_dereference(record->cred)) : NULL;

	return session_will_do(session, flags) ? session : NULL;
}

/* Neither of the pair is to be had while one of them has ended or denies to be searched. */
static struct kr_key *user_ring_peek(bool session)
{
	const struct cred *cred = current_cred();
	struct kr_user *user = kr_user_peek(cred->user_ns, cred->user->uid);
	struct kr_key *user_ring, *session_ring;

	if (!user)
		return NULL;
	user_ring = READ_ONCE(user->user_ring);
	session_ring = READ_ONCE(user->session_ring);
	if (!kr_user_ring_usable(user_ring, cred) || !kr_user_ring_usable(session_ring, cred))
		return NULL;
	return session ? session_ring : user_ring;
}

/* A ring that exists and will do, borrowed under RCU. */
static struct kr_key *special_peek(s32 id, unsigned int flags)
{
	switch (id) {
	case KEY_SPEC_SESSION_KEYRING:
		return session_peek(flags);
	case KEY_SPEC_USER_KEYRING:
		return user_ring_peek(false);
	case KEY_SPEC_USER_SESSION_KEYRING:
		return user_ring_peek(true);
	case KEY_SPEC_THREAD_KEYRING:
		return thread_ring_peek(kr_task_current_rcu());
	case KEY_SPEC_PROCESS_KEYRING:
		return kr_process_ring_peek(kr_task_current_rcu());
	default:
		return NULL;
	}
}

s32 kr_cred_ring_serial(s32 id, unsigned int flags)
{
	struct kr_key *ring;
	s32 serial = 0;

	rcu_read_lock();
	ring = special_peek(id, flags);
	if (ring && !kr_key_validate(ring) && kr_key_permits(ring, true, current_cred(), KR_SEARCH))
		serial = ring->serial;
	rcu_read_unlock();
	return serial;
}

struct kr_key *kr_ring_special_tryget(s32 id, unsigned int flags)
{
	struct kr_key *ring;

	rcu_read_lock();
	ring = special_peek(id, flags);
	if (ring && !kr_key_tryget(ring))
		ring = NULL;
	rcu_read_unlock();
	return ring;
}

/* process-keyring(7): may overrun the quota too. */
static int process_ring(unsigned int flags, struct kr_key **ring)
{
	int ret;

	for (;;) {
		*ring = kr_ring_special_tryget(KEY_SPEC_PROCESS_KEYRING, flags);
		if (*ring)
			return 0;
		if (!(flags & KR_LOOKUP_CREATE))
			return -ENOKEY;
		*ring = kr_session_make("_pid", KR_PERM_TASK_RING, KR_ALLOC_OVERRUN);
		if (IS_ERR(*ring))
			return PTR_ERR(*ring);
		ret = kr_process_install(*ring);
		if (ret)
			return ret;
		/* Another thread may have been first: look which ring it is. */
	}
}

static bool has_session(void)
{
	struct kr_key *session = kr_session_get();

	kr_key_put(session);
	return session;
}

static int session_ring(unsigned int flags, struct kr_key **ring)
{
	long ret;

	*ring = kr_ring_special_tryget(KEY_SPEC_SESSION_KEYRING, flags);
	if (likely(*ring))
		return 0;
	ret = has_session() ? kr_cred_join_session(NULL) : make_session(flags);
	if (ret < 0)
		return ret;
	*ring = kr_session_get();
	return 0;
}

/* Where the requester wants the key; a helper of the built-in may have an authority of its own. */
static int requester_ring(struct kr_key **ring)
{
	struct kr_key *dest = kr_authority_dest_get();

	if (IS_ERR(dest))
		return PTR_ERR(dest) == -EPERM ? KR_FOREIGN : PTR_ERR(dest);
	*ring = dest;
	return 0;
}

int kr_ring_special(s32 id, unsigned int flags, struct kr_key **ring)
{
	switch (id) {
	case KEY_SPEC_SESSION_KEYRING:
		return session_ring(flags, ring);
	case KEY_SPEC_USER_KEYRING:
		return user_ring(false, ring);
	case KEY_SPEC_USER_SESSION_KEYRING:
		return user_ring(true, ring);
	case KEY_SPEC_THREAD_KEYRING:
		return thread_ring(flags, ring);
	case KEY_SPEC_PROCESS_KEYRING:
		return process_ring(flags, ring);
	case KEY_SPEC_REQKEY_AUTH_KEY:
		*ring = kr_authority_current();
		return *ring ? 0 : KR_FOREIGN;
	case KEY_SPEC_REQUESTOR_KEYRING:
		return requester_ring(ring);
	default:
		return -EINVAL;
	}
}

s32 kr_cred_ring_peek(s32 id)
{
	struct kr_key *ring;
	s32 serial;

	rcu_read_lock();
	ring = special_peek(id, 0);
	serial = ring ? ring->serial : 0;
	rcu_read_unlock();
	return serial;
}

static void add_anchor(struct kr_anchors *anchors, struct kr_key *ring)
{
	if (ring)
		anchors->ring[anchors->count++] = ring;
}

/*
 * The actor's credentials keep the record of its UID. Without one, a ring that a link or a
 * session has kept is the UID's all the same.
 */
void kr_anchors_add_user_session(struct kr_anchors *anchors)
{
	const struct cred *actor = anchors->actor;
	struct kr_user *user = kr_user_peek(actor->user_ns, actor->user->uid);
	struct kr_key *ring = user ? READ_ONCE(user->session_ring) : kr_kept_ring_peek(actor);

	if (ring && kr_user_ring_usable(ring, actor))
		add_anchor(anchors, ring);
}

bool kr_anchors_own(struct kr_anchors *anchors)
{
	struct kr_task *record = kr_task_current_rcu();
	struct kr_key *session = record ? kr_cred_session(rcu_dereference(record->cred)) : NULL;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "anchors are borrowed");
	anchors->actor = current_cred();
	anchors->count = 0;
	add_anchor(anchors, thread_ring_peek(record));
	add_anchor(anchors, kr_process_ring_peek(record));
	add_anchor(anchors, session);
	return session;
}

void kr_cred_anchors(struct kr_anchors *anchors)
{
	if (!kr_anchors_own(anchors))
		kr_anchors_add_user_session(anchors);
}
