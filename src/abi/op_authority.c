// SPDX-License-Identifier: GPL-2.0-only
/* Operations of helpers, and those that ask for more than a key: keyctl(2). */
#include "abi_internal.h"

#include <keyrings/compat.h>
#include <keyrings/request.h>
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>

/*
 * The authority over this very key. A helper of the built-in subsystem has
 * none of ours and names a key that is not ours. The ring that it names is the
 * built-in's to look up, after all else that is to be checked; one of ours is
 * refused then, by kr_bridge_lookup(). A special ID means there where the
 * requester wants the key, which is in the built-in subsystem, too.
 */
static struct kr_authority *authority_over(s32 id, struct kr_key **authkey)
{
	struct kr_authority *authority = kr_authority_get(authkey);

	if (IS_ERR(authority)) {
		if (PTR_ERR(authority) == -EPERM && kr_all_foreign(id, 0))
			return NULL;
		return authority;
	}
	if (authority->target->serial == id)
		return authority;
	kr_authority_put(authority);
	kr_key_put(*authkey);
	return ERR_PTR(-EPERM);
}

/* Where a helper wants the key: a ring by serial, or whatever the requester wished. */
static int instantiation_ring(s32 id, const struct kr_authority *authority, struct kr_key **ring)
{
	struct kr_key_ref ref;
	int ret;

	*ring = NULL;
	if (!id)
		return 0;
	if (id > 0) {
		ret = kr_lookup_second(id, KR_LOOKUP_CREATE, KR_WRITE, &ref);
		if (!ret)
			*ring = ref.key;
		return ret;
	}
	if (id == KEY_SPEC_REQKEY_AUTH_KEY)
		return -EINVAL;
	if (id < KEY_SPEC_REQUESTOR_KEYRING)
		return -ENOKEY;
	*ring = kr_key_get(authority->dest);
	return 0;
}

static struct kr_payload *payload_from_iter(struct iov_iter *from, size_t len)
{
	struct kr_payload *payload;

	if (!len)
		return NULL;
	payload = kr_payload_alloc(len);
	if (!payload)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_iter_full(payload->data, len, from)) {
		kr_payload_put_now(payload);
		return ERR_PTR(-EFAULT);
	}
	return payload;
}

static long instantiate_with(struct kr_authority *authority, struct kr_key *authkey,
			     struct iov_iter *from, size_t len, s32 ringid)
{
	struct kr_prep prep = {};
	struct kr_key *ring;
	long ret;

	prep.data = payload_from_iter(from, len);
	if (IS_ERR(prep.data))
		return PTR_ERR(prep.data);
	ret = instantiation_ring(ringid, authority, &ring);
	if (!ret) {
		ret = kr_request_instantiate(authority, authkey, &prep, ring);
		kr_key_put(ring);
	}
	kr_payload_put_now(prep.data);
	return ret;
}

static long instantiate(s32 id, struct iov_iter *from, size_t len, s32 ringid)
{
	struct kr_authority *authority;
	struct kr_key *authkey;
	long ret;

	if (len > KR_PAYLOAD_MAX)
		return -EINVAL;
	authority = authority_over(id, &authkey);
	if (!authority)
		return KR_FOREIGN;
	if (IS_ERR(authority))
		return PTR_ERR(authority);
	ret = instantiate_with(authority, authkey, from, len, ringid);
	kr_authority_put(authority);
	kr_key_put(authkey);
	return ret;
}

long kr_op_instantiate(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	void __user *user = (void __user *)a3;
	struct iov_iter from;
	size_t len = user ? a4 : 0;

	/* As of any read or write: what is beyond the most that one may move is not looked at. */
	if (len && !access_ok(user, min_t(size_t, len, MAX_RW_COUNT)))
		return -EFAULT;
	iov_iter_ubuf(&from, ITER_SOURCE, user, len);
	return instantiate(a2, &from, len, a5);
}

long kr_op_instantiate_iov(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	const struct iovec __user *user = (const struct iovec __user *)a3;
	struct iovec stack[UIO_FASTIOV], *iov = stack;
	unsigned int count = user ? a4 : 0;
	struct iov_iter from;
	long ret;

	ret = import_iovec(ITER_SOURCE, user, count, ARRAY_SIZE(stack), &iov, &from);
	if (ret < 0)
		return ret;
	ret = instantiate(a2, &from, iov_iter_count(&from), a5);
	kfree(iov);
	return ret;
}

static bool is_errno(unsigned int error)
{
	switch (error) {
	case 0:
	case ERESTARTSYS:
	case ERESTARTNOINTR:
	case ERESTARTNOHAND:
	case ERESTART_RESTARTBLOCK:
		return false;
	default:
		return error < MAX_ERRNO;
	}
}

static long reject(s32 id, unsigned int timeout, unsigned int error, s32 ringid)
{
	struct kr_authority *authority;
	struct kr_key *authkey, *ring;
	long ret;

	if (!is_errno(error))
		return -EINVAL;
	authority = authority_over(id, &authkey);
	if (!authority)
		return KR_FOREIGN;
	if (IS_ERR(authority))
		return PTR_ERR(authority);
	ret = instantiation_ring(ringid, authority, &ring);
	if (!ret) {
		ret = kr_request_reject(authority, authkey, error, timeout, ring);
		kr_key_put(ring);
	}
	kr_authority_put(authority);
	kr_key_put(authkey);
	return ret;
}

long kr_op_negate(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	return reject(a2, a3, ENOKEY, a4);
}

long kr_op_reject(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	return reject(a2, a3, a4, a5);
}

/*
 * Why none was found. Over a key that is not there nobody has any, whatever could not be
 * searched.
 */
static int why_none(s32 id, int error)
{
	struct kr_key *key = kr_key_lookup(id);

	kr_key_put(key);
	return key ? error : -ENOKEY;
}

long kr_op_assume_authority(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct kr_key *authkey;
	bool assumed;
	s32 id = a2;
	long ret;

	if (id < 0)
		return -EINVAL;
	if (!id) {
		ret = kr_authority_drop(&assumed);
		if (ret || assumed)
			return ret;
		/* Without one of ours there may be one of the built-in's to drop. */
		return KR_KERNEL_HAS_KEYS ? KR_FOREIGN : 0;
	}
	authkey = kr_authority_find(id);
	if (IS_ERR(authkey)) {
		if (kr_all_foreign(id, 0))
			return KR_FOREIGN;
		return why_none(id, PTR_ERR(authkey));
	}
	ret = kr_authority_assume(authkey) ?: authkey->serial;
	kr_key_put(authkey);
	return ret;
}

/* Whose persistent keyring may the caller have? */
static int persistent_uid(uid_t id, kuid_t *uid)
{
	struct user_namespace *ns = current_user_ns();

	*uid = current_uid();
	if (id == (uid_t)-1)
		return 0;
	*uid = make_kuid(ns, id);
	if (!uid_valid(*uid))
		return -EINVAL;
	if (uid_eq(*uid, current_uid()) || uid_eq(*uid, current_euid()) ||
	    ns_capable(ns, CAP_SETUID))
		return 0;
	return -EPERM;
}

long kr_op_get_persistent(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct kr_key_ref dest;
	kuid_t uid;
	long ret;

	ret = persistent_uid(a2, &uid);
	if (ret)
		return ret;
	ret = kr_lookup_second(a3, KR_LOOKUP_CREATE, KR_WRITE, &dest);
	if (ret)
		return ret;
	ret = kr_key_is_ring(dest.key) ? kr_cred_get_persistent(uid, dest.key) : -ENOTDIR;
	kr_key_put(dest.key);
	return ret;
}
