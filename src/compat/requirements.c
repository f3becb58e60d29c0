// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the takeover needs of the kernel configuration, checked when the module
 * is built. This file makes no code: it refuses a kernel on which the module
 * could not work and says which option to change.
 */
#include <linux/kconfig.h>

#if !IS_ENABLED(CONFIG_X86_64)
#error "keyrings: the system-call hooks decode x86-64 registers; build for a kernel with CONFIG_X86_64=y"
#endif

#if !IS_ENABLED(CONFIG_LIVEPATCH)
#error "keyrings: the system calls are taken over by livepatch; build the kernel with CONFIG_LIVEPATCH=y"
#endif

#if !IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)
#error "keyrings: free_uid() is followed by ftrace; build the kernel with CONFIG_DYNAMIC_FTRACE=y and CONFIG_DYNAMIC_FTRACE_WITH_ARGS=y"
#endif

#if !IS_ENABLED(CONFIG_TRACEPOINTS)
#error "keyrings: fork, exec and exit are followed by tracepoints; build the kernel with CONFIG_TRACEPOINTS=y (CONFIG_FTRACE=y selects it)"
#endif

#if !IS_ENABLED(CONFIG_KPROBES)
#error "keyrings: the symbol table is found through a kprobe; build the kernel with CONFIG_KPROBES=y"
#endif

#if !IS_ENABLED(CONFIG_KALLSYMS_ALL)
#error "keyrings: static functions and variables are found by name; build the kernel with CONFIG_KALLSYMS=y and CONFIG_KALLSYMS_ALL=y"
#endif

#if !IS_ENABLED(CONFIG_HAVE_STATIC_CALL)
#error "keyrings: the original functions are reached by static calls; build for a kernel with CONFIG_HAVE_STATIC_CALL=y"
#endif

#if !IS_ENABLED(CONFIG_PROC_FS)
#error "keyrings: /proc/keys needs procfs; build the kernel with CONFIG_PROC_FS=y"
#endif

#if !IS_ENABLED(CONFIG_KEYS) && !IS_ENABLED(CONFIG_SYSCTL)
#error "keyrings: the limits of a kernel without CONFIG_KEYS are sysctls of the module's; build the kernel with CONFIG_SYSCTL=y"
#endif

#if IS_ENABLED(CONFIG_PREEMPT_RT)
#error "keyrings: the event handlers run with preemption off and take spinlocks; build for a kernel without CONFIG_PREEMPT_RT"
#endif
