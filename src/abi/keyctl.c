// SPDX-License-Identifier: GPL-2.0-only
/*
 * keyctl(2): the table of operations. The arguments of 32-bit processes arrive
 * zero-extended and mean the same: pointers and lengths are wide enough, IDs
 * and the other integers are cut back to 32 bits by each operation.
 */
#include "abi_internal.h"

#include <linux/array_size.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

static const kr_op_t ops[] = {
	[KEYCTL_GET_KEYRING_ID]		= kr_op_get_keyring_id,
	[KEYCTL_JOIN_SESSION_KEYRING]	= kr_op_join_session,
	[KEYCTL_UPDATE]			= kr_op_update,
	[KEYCTL_REVOKE]			= kr_op_revoke,
	[KEYCTL_CHOWN]			= kr_op_chown,
	[KEYCTL_SETPERM]		= kr_op_setperm,
	[KEYCTL_DESCRIBE]		= kr_op_describe,
	[KEYCTL_CLEAR]			= kr_op_clear,
	[KEYCTL_LINK]			= kr_op_link,
	[KEYCTL_UNLINK]			= kr_op_unlink,
	[KEYCTL_SEARCH]			= kr_op_search,
	[KEYCTL_READ]			= kr_op_read,
	[KEYCTL_INSTANTIATE]		= kr_op_instantiate,
	[KEYCTL_NEGATE]			= kr_op_negate,
	[KEYCTL_SET_REQKEY_KEYRING]	= kr_op_set_reqkey,
	[KEYCTL_SET_TIMEOUT]		= kr_op_set_timeout,
	[KEYCTL_ASSUME_AUTHORITY]	= kr_op_assume_authority,
	[KEYCTL_GET_SECURITY]		= kr_op_get_security,
	[KEYCTL_SESSION_TO_PARENT]	= kr_op_session_to_parent,
	[KEYCTL_REJECT]			= kr_op_reject,
	[KEYCTL_INSTANTIATE_IOV]	= kr_op_instantiate_iov,
	[KEYCTL_INVALIDATE]		= kr_op_invalidate,
	[KEYCTL_GET_PERSISTENT]		= kr_op_get_persistent,
	[KEYCTL_DH_COMPUTE]		= kr_op_dh_compute,
	[KEYCTL_PKEY_QUERY]		= KR_KERNEL_HAS_PKEY ? kr_op_pkey_query : NULL,
	[KEYCTL_PKEY_ENCRYPT]		= KR_KERNEL_HAS_PKEY ? kr_op_pkey_encrypt : NULL,
	[KEYCTL_PKEY_DECRYPT]		= KR_KERNEL_HAS_PKEY ? kr_op_pkey_decrypt : NULL,
	[KEYCTL_PKEY_SIGN]		= KR_KERNEL_HAS_PKEY ? kr_op_pkey_sign : NULL,
	[KEYCTL_PKEY_VERIFY]		= KR_KERNEL_HAS_PKEY ? kr_op_pkey_verify : NULL,
	[KEYCTL_RESTRICT_KEYRING]	= kr_op_restrict_keyring,
	[KEYCTL_MOVE]			= kr_op_move,
	[KEYCTL_CAPABILITIES]		= kr_op_capabilities,
	[KEYCTL_WATCH_KEY]		= KR_KERNEL_HAS_WATCH_QUEUE ? kr_op_watch_key : NULL,
};

long kr_abi_keyctl(int op, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	kr_op_t fn;

	if ((unsigned int)op >= ARRAY_SIZE(ops))
		return -EOPNOTSUPP;
	fn = ops[array_index_nospec(op, ARRAY_SIZE(ops))];
	return fn ? kr_abi_answer(fn(a2, a3, a4, a5)) : -EOPNOTSUPP;
}

long kr_abi_compat_keyctl(u32 op, u32 a2, u32 a3, u32 a4, u32 a5)
{
	return kr_abi_keyctl(op, a2, a3, a4, a5);
}

/* KEYCTL_CAPABILITIES: what this service offers, not what the kernel was built with. */
long kr_op_capabilities(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	static const u8 capabilities[] = {
		KEYCTL_CAPS0_CAPABILITIES | KEYCTL_CAPS0_PERSISTENT_KEYRINGS |
		KEYCTL_CAPS0_BIG_KEY | KEYCTL_CAPS0_INVALIDATE |
		KEYCTL_CAPS0_RESTRICT_KEYRING | KEYCTL_CAPS0_MOVE |
		(KR_KERNEL_HAS_DH ? KEYCTL_CAPS0_DIFFIE_HELLMAN : 0) |
		(KR_KERNEL_HAS_PKEY ? KEYCTL_CAPS0_PUBLIC_KEY : 0),
		KEYCTL_CAPS1_NS_KEYRING_NAME |
		(KR_KERNEL_HAS_KEYS ? KEYCTL_CAPS1_NS_KEY_TAG : 0) |
		(KR_KERNEL_HAS_WATCH_QUEUE ? KEYCTL_CAPS1_NOTIFICATIONS : 0),
	};
	u8 __user *buf = (u8 __user *)a2;
	size_t len = a3, n = min(len, sizeof(capabilities));

	/* The two bytes that there are, one by one: cheaper than a copy. */
	if ((n > 0 && put_user(capabilities[0], buf)) ||
	    (n > 1 && put_user(capabilities[1], buf + 1)) ||
	    (len > n && clear_user(buf + n, len - n)))
		return -EFAULT;
	return sizeof(capabilities);
}

int kr_abi_init(void)
{
	kr_listing_init();
	return kr_sysctl_init();
}

void kr_abi_exit(void)
{
	kr_listing_exit();
	kr_sysctl_exit();
}
