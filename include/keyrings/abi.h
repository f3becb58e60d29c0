/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room abi: the three system calls, the two /proc files and the sysctls, as
 * functions that room hooks attaches to the kernel.
 *
 * The calls run in process context and may sleep. Each returns what the call
 * returns to user space, or KR_ABI_PASS: not ours, run the built-in code.
 */
#ifndef KEYRINGS_ABI_H
#define KEYRINGS_ABI_H

#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/seq_file.h>
#include <linux/types.h>

#define KR_ABI_PASS	(-(long)(MAX_ERRNO + 1))

/**
 * kr_abi_add_key() - add_key(2)
 * @type: type of the key
 * @desc: description
 * @payload: bytes for the key
 * @plen: how many
 * @ringid: the ring
 *
 * Return: the serial; KR_ABI_PASS; errors of add_key(2).
 */
long kr_abi_add_key(const char __user *type, const char __user *desc, const void __user *payload,
		    size_t plen, s32 ringid);

/**
 * kr_abi_request_key() - request_key(2)
 * @type: type of the key
 * @desc: description
 * @callout: information for whoever is to make the key, or NULL not to make one
 * @destringid: where to link the key, or 0
 *
 * Return: the serial; KR_ABI_PASS; errors of request_key(2).
 */
long kr_abi_request_key(const char __user *type, const char __user *desc,
			const char __user *callout, s32 destringid);

/**
 * kr_abi_keyctl() - keyctl(2)
 * @op: KEYCTL_*
 * @a2: first argument of the operation
 * @a3: second argument
 * @a4: third argument
 * @a5: fourth argument
 *
 * Return: what the operation returns; KR_ABI_PASS; -EOPNOTSUPP no such operation.
 */
long kr_abi_keyctl(int op, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);

/**
 * kr_abi_compat_keyctl() - keyctl(2) of a 32-bit process
 * @op: KEYCTL_*
 * @a2: first argument of the operation
 * @a3: second argument
 * @a4: third argument
 * @a5: fourth argument
 *
 * Return: as kr_abi_keyctl().
 */
long kr_abi_compat_keyctl(u32 op, u32 a2, u32 a3, u32 a4, u32 a5);

/*
 * The rows of /proc/keys and /proc/key-users, of the module's keys only. For
 * the keys a position is a serial number.
 */
extern const struct seq_operations kr_proc_keys_ops;
extern const struct seq_operations kr_proc_key_users_ops;

/**
 * kr_abi_init() - prepare the room, with the sysctls where the kernel has none
 *
 * Return: 0 or -ENOMEM.
 */
int kr_abi_init(void);

/**
 * kr_abi_exit() - leave nothing
 */
void kr_abi_exit(void);

#endif /* KEYRINGS_ABI_H */
