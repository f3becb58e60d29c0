/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of room abi share. */
#ifndef KR_ABI_INTERNAL_H
#define KR_ABI_INTERNAL_H

#include <keyrings/abi.h>
#include <keyrings/compat.h>
#include <keyrings/cred.h>

/* Without a built-in subsystem, what is not ours does not exist. */
static inline long kr_abi_answer(long ret)
{
	return !KR_KERNEL_HAS_KEYS && ret == KR_ABI_PASS ? -ENOKEY : ret;
}

#define KR_PAYLOAD_MAX	(1024 * 1024 - 1)	/* bytes add_key(2) takes */

/**
 * struct kr_string - a string copied from user space
 * @str: the string; @small or allocated
 * @small: where most strings fit
 */
struct kr_string {
	char *str;
	char small[128];
};

/* -EFAULT; -EINVAL longer than @max bytes with its NUL; -ENOMEM. Put after success only. */
int kr_string_get(struct kr_string *string, const char __user *user, size_t max);
void kr_string_put(struct kr_string *string);

/* A type's name: -EFAULT; -EINVAL empty or too long; -EPERM a name that begins with a dot. */
int kr_type_name_get(char name[KR_TYPE_NAME_MAX + 1], const char __user *user);

/* The caller's bytes; NULL for none; an ERR_PTR of -ENOMEM or -EFAULT. */
struct kr_payload *kr_payload_from_user(const void __user *user, size_t len);

/*
 * The ID after one that was found: it must be of the same world. What is
 * foreign here does not exist there.
 */
int kr_lookup_second(s32 id, unsigned int flags, u32 need, struct kr_key_ref *ref);

/*
 * A key that is viewed or given a timeout: holding the authority to instantiate
 * it is as good as the permission.
 */
int kr_lookup_or_authority(s32 id, unsigned int flags, u32 need, struct kr_key_ref *ref);

/* A ring to link into, looked up for writing and made if special; 0 is none. */
int kr_lookup_dest(s32 id, struct kr_key_ref *ref);

/* May a call whose first ID is foreign go to the built-in with these as well? */
bool kr_all_foreign(s32 id, s32 other);

/* The operations of keyctl(2), each with the arguments as registers. */
typedef long (*kr_op_t)(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);

long kr_op_get_keyring_id(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_join_session(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_update(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_revoke(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_chown(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_setperm(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_describe(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_clear(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_link(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_unlink(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_search(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_read(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_set_reqkey(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_set_timeout(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_get_security(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_session_to_parent(unsigned long a2, unsigned long a3, unsigned long a4,
			     unsigned long a5);
long kr_op_invalidate(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_move(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_instantiate(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_instantiate_iov(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_negate(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_reject(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_assume_authority(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_get_persistent(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_restrict_keyring(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_dh_compute(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_pkey_query(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_pkey_encrypt(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_pkey_decrypt(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_pkey_sign(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_pkey_verify(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
/* Only where the kernel has watch queues. */
long kr_op_watch_key(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long kr_op_capabilities(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);

void kr_listing_init(void);
void kr_listing_exit(void);
int kr_sysctl_init(void);
void kr_sysctl_exit(void);

#endif /* KR_ABI_INTERNAL_H */
