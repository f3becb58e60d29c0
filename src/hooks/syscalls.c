// SPDX-License-Identifier: GPL-2.0-only
/*
 * The six system-call entries: add_key(2), request_key(2) and keyctl(2), called
 * by 64-bit and by 32-bit programs. Each replacement takes the arguments out of
 * the registers, calls room abi, and lets the kernel's own function run on the
 * same registers when abi says that the call is not for us. On a kernel
 * without CONFIG_KEYS that function is the stub that returns ENOSYS.
 *
 * Context of all of them: process context, current is the caller, may sleep
 * for as long as the call takes. livepatch keeps the module loaded while a
 * task is inside. That rests on the replacement being on the task's stack: the
 * call of room abi must not become a jump, which the test of its result
 * ensures. The call of the original may: who is there no longer needs us.
 */
#include <keyrings/abi.h>
#include <keyrings/compat.h>

#include <linux/compat.h>
#include <linux/ptrace.h>

#include "hooks_internal.h"

static long no_original(const struct pt_regs *regs)
{
	return -ENOSYS;
}

KR_DEFINE_ORIGINAL(x64_add_key, no_original)
KR_DEFINE_ORIGINAL(x64_request_key, no_original)
KR_DEFINE_ORIGINAL(x64_keyctl, no_original)
KR_DEFINE_ORIGINAL(ia32_add_key, no_original)
KR_DEFINE_ORIGINAL(ia32_request_key, no_original)
KR_DEFINE_ORIGINAL(ia32_keyctl, no_original)

#define ours_or_original(ours, entry, regs)				\
({									\
	long ret_ = (ours);						\
									\
	if (unlikely(ret_ == KR_ABI_PASS))				\
		ret_ = static_call(kr_orig_##entry)(regs);		\
	ret_;								\
})

/* The arguments of a 64-bit call: di, si, dx, r10, r8. */
#define x64_ptr(reg)	((void __user *)(reg))

static long x64_add_key(const struct pt_regs *regs)
{
	return ours_or_original(kr_abi_add_key(x64_ptr(regs->di), x64_ptr(regs->si),
					       x64_ptr(regs->dx), regs->r10, (s32)regs->r8),
				x64_add_key, regs);
}

static long x64_request_key(const struct pt_regs *regs)
{
	return ours_or_original(kr_abi_request_key(x64_ptr(regs->di), x64_ptr(regs->si),
						   x64_ptr(regs->dx), (s32)regs->r10),
				x64_request_key, regs);
}

static long x64_keyctl(const struct pt_regs *regs)
{
	return ours_or_original(kr_abi_keyctl((int)regs->di, regs->si, regs->dx,
					      regs->r10, regs->r8),
				x64_keyctl, regs);
}

/* The arguments of a 32-bit call: bx, cx, dx, si, di; only the low halves count. */
#define ia32_ptr(reg)	compat_ptr((u32)(reg))

static long ia32_add_key(const struct pt_regs *regs)
{
	return ours_or_original(kr_abi_add_key(ia32_ptr(regs->bx), ia32_ptr(regs->cx),
					       ia32_ptr(regs->dx), (u32)regs->si,
					       (s32)regs->di),
				ia32_add_key, regs);
}

static long ia32_request_key(const struct pt_regs *regs)
{
	return ours_or_original(kr_abi_request_key(ia32_ptr(regs->bx), ia32_ptr(regs->cx),
						   ia32_ptr(regs->dx), (s32)regs->si),
				ia32_request_key, regs);
}

static long ia32_keyctl(const struct pt_regs *regs)
{
	return ours_or_original(kr_abi_compat_keyctl((u32)regs->bx, (u32)regs->cx,
						     (u32)regs->dx, (u32)regs->si,
						     (u32)regs->di),
				ia32_keyctl, regs);
}

#define ROW(symbol, entry, need, what) {				\
	.hook = { .name = symbol, .required = need, .lost = what },	\
	.expected = need,						\
	.replacement = entry,						\
	.set_original = set_##entry,					\
}

const struct kr_patch_row kr_syscall_rows[] = {
	ROW("__x64_sys_add_key", x64_add_key, true,
	    "add_key(2) stays with the built-in keyrings"),
	ROW("__x64_sys_request_key", x64_request_key, true,
	    "request_key(2) stays with the built-in keyrings"),
	ROW("__x64_sys_keyctl", x64_keyctl, true,
	    "keyctl(2) stays with the built-in keyrings"),
	ROW("__ia32_sys_add_key", ia32_add_key, KR_KERNEL_HAS_IA32,
	    "add_key(2) of 32-bit programs stays with the built-in keyrings"),
	ROW("__ia32_sys_request_key", ia32_request_key, KR_KERNEL_HAS_IA32,
	    "request_key(2) of 32-bit programs stays with the built-in keyrings"),
	ROW("__ia32_compat_sys_keyctl", ia32_keyctl, KR_KERNEL_HAS_IA32,
	    "keyctl(2) of 32-bit programs stays with the built-in keyrings"),
	{}
};
