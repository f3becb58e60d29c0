/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room compat: every difference between kernels, and nowhere else. A shim has
 * the newer kernel's name and shape, so that the day the older kernel is
 * forgotten it is simply removed. Documentation/design/compat.rst lists them.
 */
#ifndef KEYRINGS_COMPAT_H
#define KEYRINGS_COMPAT_H

#include <linux/cred.h>
#include <linux/ftrace.h>
#include <linux/kconfig.h>
#include <linux/mutex.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sysctl.h>

/*
 * What the kernel that this build is for offers. Plain C constants, so that
 * both branches of an if () are compiled on every kernel.
 */
#define KR_KERNEL_HAS_KEYS		IS_ENABLED(CONFIG_KEYS)
#define KR_KERNEL_HAS_PERSISTENT	IS_ENABLED(CONFIG_PERSISTENT_KEYRINGS)
#define KR_KERNEL_HAS_USER_NS		IS_ENABLED(CONFIG_USER_NS)
#define KR_KERNEL_HAS_IA32		IS_ENABLED(CONFIG_IA32_EMULATION)
#define KR_KERNEL_HAS_PKEY		IS_ENABLED(CONFIG_ASYMMETRIC_KEY_TYPE)
#define KR_KERNEL_HAS_WATCH_QUEUE	IS_ENABLED(CONFIG_WATCH_QUEUE)
#define KR_KERNEL_HAS_DH		(IS_ENABLED(CONFIG_CRYPTO_DH) && IS_ENABLED(CONFIG_CRYPTO_HASH))

/* 6.1 calls it ftrace_instruction_pointer_set(). */
#ifndef ftrace_regs_set_instruction_pointer
#define ftrace_regs_set_instruction_pointer(fregs, ip) \
	ftrace_instruction_pointer_set(fregs, ip)
#endif

/* 6.1 has the registers in plain sight and no accessor on x86. */
#ifndef ftrace_regs_get_argument
#define ftrace_regs_get_argument(fregs, n) \
	regs_get_kernel_argument(&(fregs)->regs, n)
#endif

/* 6.1 finds the end of a table by an empty row, 6.12 knows its size. */
#ifdef register_sysctl
#define KR_SYSCTL_TABLE_END
#else
#define KR_SYSCTL_TABLE_END	{}
#endif

/*
 * Does current hold the mutex? No kernel tells without lockdep. The owner is in
 * the word of the lock, with flags in its low bits; only current writes itself there.
 */
static inline bool kr_mutex_is_mine(const struct mutex *lock)
{
	return (atomic_long_read(&lock->owner) & ~7UL) == (unsigned long)current;
}

/*
 * Where requests with these credentials put new keys, KEY_REQKEY_DEFL_*: what was chosen
 * in the built-in service, or the kernel gives to those it starts. Without that service
 * there is no such thing but the default.
 */
static inline int kr_cred_jit_keyring(const struct cred *cred)
{
#ifdef CONFIG_KEYS
	return cred->jit_keyring;
#else
	return 0;
#endif
}

#endif /* KEYRINGS_COMPAT_H */
