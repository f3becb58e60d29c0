// SPDX-License-Identifier: GPL-2.0-only
/*
 * Authority: that a helper may instantiate a key on behalf of the process that
 * requested it. It is a key of the type `.request_key_auth`, which the helper
 * finds in its session keyring and assumes (keyctl_assume_authority(3)).
 */
#include <keyrings/cred.h>

#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "cred_internal.h"

#define AUTHORITY_PERM	(KR_POS(KR_VIEW | KR_READ | KR_SEARCH | KR_LINK) | KR_USR(KR_VIEW))

static void authority_free_rcu(struct rcu_head *rcu)
{
	struct kr_authority *authority = container_of(rcu, struct kr_authority, rcu);
	unsigned int i;

	/* In softirq: what may take long is left to the reaper. */
	for (i = 0; i < authority->requester.count; i++)
		kr_key_put_later(authority->requester.ring[i]);
	kr_key_put_later(authority->target);
	kr_key_put_later(authority->dest);
	put_cred(authority->requester.actor);
	put_pid(authority->pid);
	kr_payload_put(authority->callout);
	kfree(authority);
}

void kr_authority_put(struct kr_authority *authority)
{
	if (authority && refcount_dec_and_test(&authority->usage))
		call_rcu(&authority->rcu, authority_free_rcu);
}

static int authority_instantiate(struct kr_key *key, struct kr_prep *prep)
{
	rcu_assign_pointer(key->payload, prep->payload);
	return 0;
}

static void authority_revoke(struct kr_key *key)
{
	struct kr_authority *old;

	spin_lock(&key->lock);
	old = rcu_dereference_protected(key->payload, lockdep_is_held(&key->lock));
	RCU_INIT_POINTER(key->payload, NULL);
	spin_unlock(&key->lock);
	kr_authority_put(old);
}

static void authority_destroy(struct kr_key *key)
{
	kr_authority_put(rcu_dereference_protected(key->payload, true));
}

static void authority_describe(const struct kr_key *key, struct seq_file *m)
{
	const struct kr_authority *authority = rcu_dereference(key->payload);

	if (!authority)
		return;
	seq_printf(m, "key:%s", key->desc);
	if (kr_key_state(key) == KR_POSITIVE)
		seq_printf(m, " pid:%d ci:%u",
			   pid_nr_ns(authority->pid, proc_pid_ns(file_inode(m->file)->i_sb)),
			   authority->callout->len);
}

static struct kr_authority *authority_of(const struct kr_key *key)
{
	struct kr_authority *authority;

	rcu_read_lock();
	do {
		authority = rcu_dereference(key->payload);
	} while (authority && !refcount_inc_not_zero(&authority->usage));
	rcu_read_unlock();
	return authority;
}

/* The call-out information. */
static long authority_read(struct kr_key *key, const struct kr_buf *buf)
{
	struct kr_authority *authority = authority_of(key);
	struct kr_payload *callout;
	long ret;

	if (!authority)
		return -EKEYREVOKED;
	callout = authority->callout;
	ret = callout->len;
	if (buf->len >= callout->len && kr_buf_write(buf, 0, callout->data, callout->len))
		ret = -EFAULT;
	kr_authority_put(authority);
	return ret;
}

static const struct kr_key_type authority_type = {
	.name		= ".request_key_auth",
	.instantiate	= authority_instantiate,
	.revoke		= authority_revoke,
	.destroy	= authority_destroy,
	.describe	= authority_describe,
	.read		= authority_read,
};

const struct kr_key_type *const kr_authority_type = &authority_type;

static bool assumed(const struct kr_cred *cred)
{
	return cred && cred->authority && cred->authority_ns == current_user_ns();
}

struct kr_key *kr_authority_current(void)
{
	struct kr_cred *cred = kr_cred_current_get();
	const struct kr_cred *special = kr_cred_special(cred);
	struct kr_key *authkey = assumed(special) ? kr_key_get(special->authority) : NULL;

	kr_cred_put(cred);
	return authkey;
}

bool kr_authority_requester(struct kr_anchors *anchors)
{
	struct kr_task *record = kr_task_current_rcu();
	const struct kr_authority *authority;
	const struct kr_cred *cred;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "the authority is borrowed");
	cred = record ? kr_cred_special(rcu_dereference(record->cred)) : NULL;
	if (likely(!assumed(cred)) || kr_key_validate(cred->authority))
		return false;
	authority = rcu_dereference(cred->authority->payload);
	if (!authority)
		return false;
	*anchors = authority->requester;
	if (authority->no_session)
		kr_anchors_add_user_session(anchors);
	return true;
}

struct kr_authority *kr_authority_get(struct kr_key **authkey)
{
	struct kr_key *key = kr_authority_current();
	struct kr_authority *authority;

	if (!key)
		return ERR_PTR(-EPERM);
	authority = authority_of(key);
	if (!authority || test_bit(KR_KEY_REVOKED, &key->flags)) {
		kr_authority_put(authority);
		kr_key_put(key);
		return ERR_PTR(-EKEYREVOKED);
	}
	if (authkey)
		*authkey = key;
	else
		kr_key_put(key);
	return authority;
}

struct kr_key *kr_authority_dest_get(void)
{
	struct kr_authority *authority = kr_authority_get(NULL);
	struct kr_key *dest;

	if (IS_ERR(authority))
		return ERR_CAST(authority);
	dest = kr_key_get(authority->dest);
	kr_authority_put(authority);
	return dest;
}

static void change_authority(struct kr_cred *cred, void *arg)
{
	kr_key_put(cred->authority);
	cred->authority = arg ? kr_key_get(arg) : NULL;
	cred->authority_ns = arg ? current_user_ns() : NULL;
}

int kr_authority_assume(struct kr_key *authkey)
{
	return kr_cred_change(change_authority, authkey);
}

int kr_authority_drop(bool *assumed_here)
{
	struct kr_cred *cred = kr_cred_current_get();
	const struct kr_cred *special = kr_cred_special(cred);
	bool any = special && special->authority;

	*assumed_here = assumed(special);
	kr_cred_put(cred);
	return any ? kr_authority_assume(NULL) : 0;
}

struct kr_key *kr_authority_find(s32 target)
{
	struct kr_search search;
	char desc[12];
	int ret;

	snprintf(desc, sizeof(desc), "%x", target);
	kr_search_init(&search, kr_authority_type, desc, current_cred(), KR_SEARCH_RECURSE);
	ret = kr_cred_search(&search);
	if (ret)
		return ERR_PTR(ret == -EAGAIN || search.missed ? -ENOKEY : ret);
	return search.found;
}

/* Hold the rings of a requester beyond the RCU read section in which they were found. */
static void copy_anchors(struct kr_anchors *to, const struct kr_anchors *from)
{
	unsigned int i;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "anchors are borrowed");
	to->actor = get_cred(from->actor);
	to->count = 0;
	for (i = 0; i < from->count; i++) {
		if (kr_key_tryget(from->ring[i]))
			to->ring[to->count++] = from->ring[i];
	}
}

/* The requester is current, or the one for whom current acts already. */
static int set_requester(struct kr_authority *authority)
{
	struct kr_authority *outer = kr_authority_get(NULL);
	struct kr_anchors own;

	if (IS_ERR(outer) && PTR_ERR(outer) != -EPERM)
		return PTR_ERR(outer);

	rcu_read_lock();
	if (IS_ERR(outer)) {
		authority->no_session = !kr_anchors_own(&own);
		copy_anchors(&authority->requester, &own);
		authority->pid = get_pid(task_pid(current));
	} else {
		authority->no_session = outer->no_session;
		copy_anchors(&authority->requester, &outer->requester);
		authority->pid = get_pid(outer->pid);
	}
	rcu_read_unlock();

	if (!IS_ERR(outer))
		kr_authority_put(outer);
	return 0;
}

static struct kr_authority *authority_alloc(struct kr_key *target, struct kr_key *dest,
					    struct kr_payload *callout)
{
	struct kr_authority *authority = kzalloc(sizeof(*authority), GFP_KERNEL);
	int ret;

	if (!authority)
		return ERR_PTR(-ENOMEM);
	refcount_set(&authority->usage, 1);
	ret = set_requester(authority);
	if (ret) {
		kfree(authority);
		return ERR_PTR(ret);
	}
	authority->target = kr_key_get(target);
	authority->dest = kr_key_get(dest);
	refcount_inc(&callout->usage);
	authority->callout = callout;
	return authority;
}

struct kr_key *kr_authority_make(struct kr_key *target, struct kr_key *dest,
				 struct kr_payload *callout)
{
	struct kr_prep prep = {};
	struct kr_key *key;
	char desc[12];

	might_sleep();
	prep.payload = authority_alloc(target, dest, callout);
	if (IS_ERR(prep.payload))
		return prep.payload;

	snprintf(desc, sizeof(desc), "%x", target->serial);
	key = kr_key_alloc(kr_authority_type, desc, current_fsuid(), current_fsgid(),
			   AUTHORITY_PERM, KR_ALLOC_NOT_IN_QUOTA);
	if (IS_ERR(key)) {
		kr_authority_put(prep.payload);
		return key;
	}
	/* Of a new key nobody knows: this cannot fail. */
	WARN_ON_ONCE(kr_key_instantiate(key, &prep));
	return key;
}
