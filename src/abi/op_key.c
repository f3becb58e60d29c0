// SPDX-License-Identifier: GPL-2.0-only
/* Operations on any key: keyctl(2). */
#include "abi_internal.h"

#include <keyrings/key_watch.h>
#include <linux/capability.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

long kr_op_update(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct kr_prep prep = {};
	struct kr_key_ref ref;
	size_t len = a4;
	long ret;

	if (len > PAGE_SIZE)
		return -EINVAL;
	prep.data = kr_payload_from_user((const void __user *)a3, len);
	if (IS_ERR(prep.data))
		return PTR_ERR(prep.data);

	ret = kr_cred_lookup(a2, 0, KR_WRITE, &ref);
	if (!ret) {
		ret = kr_ring_update_key(&ref, &prep, current_cred());
		kr_key_put(ref.key);
	}
	kr_payload_put_now(prep.data);
	return ret;
}

long kr_op_revoke(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct kr_key_ref ref;
	long ret;

	ret = kr_cred_lookup(a2, 0, KR_WRITE, &ref);
	if (ret == -EACCES)
		ret = kr_cred_lookup(a2, 0, KR_SETATTR, &ref);
	if (ret)
		return ret;
	kr_key_revoke(ref.key);
	kr_key_put(ref.key);
	return 0;
}

long kr_op_invalidate(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct kr_key_ref ref;
	long ret;

	ret = kr_cred_lookup(a2, 0, KR_SEARCH, &ref);
	if (ret)
		return ret;
	kr_ring_invalidate(ref.key);
	kr_key_put(ref.key);
	return 0;
}

long kr_op_clear(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct kr_key_ref ref;
	long ret;

	ret = kr_cred_lookup(a2, KR_LOOKUP_CREATE, KR_WRITE, &ref);
	if (ret)
		return ret;
	ret = kr_ring_clear(ref.key);
	kr_key_put(ref.key);
	return ret;
}

/* What of the change only an administrator may do. */
static bool needs_admin(const struct kr_key *key, bool new_uid, bool new_gid, kgid_t gid)
{
	return new_uid || (new_gid && !kr_actor_in_group(current_cred(), gid));
}

static long chown_key(struct kr_key *key, kuid_t uid, kgid_t gid)
{
	bool new_uid = uid_valid(uid) && !uid_eq(uid, READ_ONCE(key->uid));
	bool new_gid = gid_valid(gid) && !gid_eq(gid, READ_ONCE(key->gid));
	struct kr_account *account = NULL;
	int ret;

	if (needs_admin(key, new_uid, new_gid, gid) && !capable(CAP_SYS_ADMIN))
		return -EACCES;
	if (new_uid) {
		account = kr_account_get_by_uid(uid);
		if (!account)
			return -ENOMEM;
	}
	ret = kr_key_chown(key, account, new_gid ? gid : INVALID_GID);
	if (ret && account)
		kr_account_put(account);
	if (!ret)
		kr_key_notify(key, NOTIFY_KEY_SETATTR, 0);
	return ret;
}

long kr_op_chown(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	kuid_t uid = make_kuid(current_user_ns(), (uid_t)a3);
	kgid_t gid = make_kgid(current_user_ns(), (gid_t)a4);
	bool set_uid = (uid_t)a3 != (uid_t)-1, set_gid = (gid_t)a4 != (gid_t)-1;
	struct kr_key_ref ref;
	long ret;

	if ((set_uid && !uid_valid(uid)) || (set_gid && !gid_valid(gid)))
		return -EINVAL;
	if (!set_uid && !set_gid)
		return 0;

	ret = kr_cred_lookup(a2, KR_LOOKUP_CREATE | KR_LOOKUP_PARTIAL, KR_SETATTR, &ref);
	if (ret)
		return ret;
	ret = chown_key(ref.key, set_uid ? uid : INVALID_UID, set_gid ? gid : INVALID_GID);
	kr_key_put(ref.key);
	return ret;
}

/* Against kr_key_chown(): a key that was given away meanwhile stays as it is. */
static bool set_perm_as(struct kr_key *key, u32 perm, bool admin)
{
	bool allowed;

	spin_lock(&key->lock);
	allowed = admin || uid_eq(key->uid, current_fsuid());
	if (allowed)
		WRITE_ONCE(key->perm, perm);
	spin_unlock(&key->lock);
	return allowed;
}

static long set_perm(struct kr_key *key, u32 perm)
{
	if (!set_perm_as(key, perm, false)) {
		if (!capable(CAP_SYS_ADMIN))
			return -EACCES;
		set_perm_as(key, perm, true);
	}
	kr_key_notify(key, NOTIFY_KEY_SETATTR, 0);
	return 0;
}

long kr_op_setperm(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct kr_key_ref ref;
	u32 perm = a3;
	long ret;

	if (perm & ~KR_PERM_VALID)
		return -EINVAL;
	ret = kr_cred_lookup(a2, KR_LOOKUP_CREATE | KR_LOOKUP_PARTIAL, KR_SETATTR, &ref);
	if (ret)
		return ret;
	ret = set_perm(ref.key, perm);
	kr_key_put(ref.key);
	return ret;
}

/* "type;uid;gid;perm;" and, apart, the description: all or nothing is copied. */
static long describe(struct kr_key *key, char __user *buf, size_t len)
{
	struct user_namespace *ns = current_user_ns();
	char head[KR_TYPE_NAME_MAX + sizeof(";-2147483648;-2147483648;3f3f3f3f;")];
	size_t head_len, desc_size = key->desc_len + 1;
	kuid_t uid;
	kgid_t gid;
	u32 perm;

	/* As they were together at one moment, not one of each. */
	spin_lock(&key->lock);
	uid = key->uid;
	gid = key->gid;
	perm = key->perm;
	spin_unlock(&key->lock);
	head_len = scnprintf(head, sizeof(head), "%s;%d;%d;%08x;", key->type->name,
			     from_kuid_munged(ns, uid), from_kgid_munged(ns, gid), perm);
	if (buf && len >= head_len + desc_size &&
	    (copy_to_user(buf, head, head_len) ||
	     copy_to_user(buf + head_len, key->desc, desc_size)))
		return -EFAULT;
	return head_len + desc_size;
}

long kr_op_describe(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct kr_key_ref ref;
	long ret;

	ret = kr_lookup_or_authority(a2, KR_LOOKUP_PARTIAL, KR_VIEW, &ref);
	if (ret)
		return ret;
	ret = describe(ref.key, (char __user *)a3, (unsigned int)a4);
	kr_key_put(ref.key);
	return ret;
}

static long read_key(const struct kr_key_ref *ref, const struct kr_buf *buf)
{
	int state, ret;

	if (kr_key_wait(ref->key))
		return -ENOKEY;
	state = kr_key_state(ref->key);
	if (unlikely(state != KR_POSITIVE))
		return state < 0 ? state : -ENOKEY;
	/* Possession alone is enough: whoever may search for a key may read it. */
	if (!ref->possessed && !kr_cred_permits(ref, KR_READ))
		return -EACCES;
	ret = kr_key_validate(ref->key);
	if (ret)
		return ret;
	return ref->key->type->read ? ref->key->type->read(ref->key, buf) : -EOPNOTSUPP;
}

long kr_op_read(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct kr_buf buf = { .user = (char __user *)a3, .len = a3 ? a4 : 0 };
	struct kr_key_ref ref;
	long ret;

	ret = kr_cred_lookup(a2, KR_LOOKUP_DEFER, 0, &ref);
	if (ret)
		return ret == KR_FOREIGN ? ret : -ENOKEY;
	ret = read_key(&ref, &buf);
	kr_key_put(ref.key);
	return ret;
}

long kr_op_set_timeout(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	unsigned int timeout = a3;
	struct kr_key_ref ref;
	long ret;

	ret = kr_lookup_or_authority(a2, KR_LOOKUP_CREATE | KR_LOOKUP_PARTIAL, KR_SETATTR, &ref);
	if (ret)
		return ret;
	ret = kr_key_set_expiry(ref.key, timeout ? kr_now() + timeout : KR_NEVER);
	if (!ret)
		kr_key_notify(ref.key, NOTIFY_KEY_SETATTR, 0);
	kr_key_put(ref.key);
	return ret;
}

/* The error of looking for an authority over the key. */
static long no_authority(s32 id)
{
	struct kr_key *authkey = kr_authority_find(id);

	if (IS_ERR(authkey))
		return PTR_ERR(authkey);
	kr_key_put(authkey);
	return -EACCES;
}

/*
 * What security modules label is the kernel's struct key: no key of ours has a label.
 * A key that may not be viewed is no key here: the error is that of looking for
 * an authority over it.
 */
long kr_op_get_security(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	char __user *buf = (char __user *)a3;
	struct kr_key_ref ref;
	long ret;

	ret = kr_lookup_or_authority(a2, KR_LOOKUP_PARTIAL, KR_VIEW, &ref);
	if (ret)
		return ret == -EACCES ? no_authority(a2) : ret;
	kr_key_put(ref.key);
	if (buf && a4 && put_user('\0', buf))
		return -EFAULT;
	return sizeof("");
}
