// SPDX-License-Identifier: GPL-2.0-only
/* The session keyring: session-keyring(7). Joined, made, given to the parent. */
#include <keyrings/cred.h>

#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
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

static void change_session(struct kr_cred *cred, void *arg)
{
	kr_key_put(cred->session);
	cred->session = kr_key_get(arg);
}

static void adopt_session(struct kr_cred *cred, void *arg)
{
	if (!cred->session)
		cred->session = kr_key_get(arg);
}

/* Unless a child has given us one meanwhile. */
int kr_session_adopt(struct kr_key *ring)
{
	return kr_cred_change(adopt_session, ring);
}

static int set_session(struct kr_key *ring)
{
	return kr_cred_change(change_session, ring);
}

static void change_to_helper(struct kr_cred *cred, void *arg)
{
	change_session(cred, arg);
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
	ret = set_session(ring) ?: ring->serial;
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
		ret = set_session(ring) ?: ring->serial;
	kr_key_put(ring);
	return ret;
}

long kr_cred_join_session(const char *name)
{
	might_sleep();
	return name ? join_named(name) : join_anonymous();
}

/* The parent's six IDs are all those that the child acts with. */
static bool same_ids(const struct cred *parent, const struct cred *me)
{
	return uid_eq(parent->uid, me->euid) && uid_eq(parent->euid, me->euid) &&
	       uid_eq(parent->suid, me->euid) && gid_eq(parent->gid, me->egid) &&
	       gid_eq(parent->egid, me->egid) && gid_eq(parent->sgid, me->egid);
}

static bool owned_by_me(const struct kr_key *session)
{
	return !session || uid_eq(READ_ONCE(session->uid), current_euid());
}

/* 1 when the parent's session is to be replaced, 0 when it is the same, or -EPERM. */
static int may_give(struct task_struct *parent, const struct kr_key *mine,
		    const struct kr_key *theirs)
{
	bool same;

	/* A parent that exits loses its memory any time: kr_cred_publish_for() sees it exit. */
	if (parent->pid <= 1 || !data_race(READ_ONCE(parent->mm)) || !thread_group_empty(parent))
		return -EPERM;
	if (mine == theirs)
		return 0;
	rcu_read_lock();
	same = same_ids(__task_cred(parent), current_cred());
	rcu_read_unlock();
	return same && owned_by_me(mine) && owned_by_me(theirs) ? 1 : -EPERM;
}

static int give_once(struct task_struct *parent, struct kr_key *mine)
{
	struct kr_cred *old = kr_cred_get_of(parent), *new;
	int ret;

	ret = may_give(parent, mine, kr_cred_session(old));
	if (ret <= 0)
		goto out;
	ret = -ENOMEM;
	new = kr_cred_alloc(old, parent);
	if (!new)
		goto out;
	change_session(new, mine);
	new = kr_cred_fold(new);

	ret = kr_cred_publish_for(parent, old, new);
	if (ret)
		kr_cred_put(new);
	else if (old)
		synchronize_rcu();	/* a call of the parent may be searching the old ring */
	/* It exits, and has as much of the ring as if it had got that a moment before. */
	if (ret == -ESRCH)
		ret = 0;
out:
	kr_cred_put(old);
	return ret;
}

static struct task_struct *parent_get(void)
{
	struct task_struct *parent;

	rcu_read_lock();
	parent = rcu_dereference(current->real_parent);
	get_task_struct(parent);
	rcu_read_unlock();
	return parent;
}

long kr_cred_session_to_parent(void)
{
	struct task_struct *parent;
	struct kr_key_ref mine;
	int ret;

	ret = kr_cred_lookup(KEY_SPEC_SESSION_KEYRING, 0, KR_LINK, &mine);
	if (ret)
		return ret;

	parent = parent_get();
	do {
		ret = give_once(parent, mine.key);
	} while (ret == -EAGAIN);	/* the parent changed its session meanwhile */
	put_task_struct(parent);

	kr_key_put(mine.key);
	return ret;
}
