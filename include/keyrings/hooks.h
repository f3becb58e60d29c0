/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room hooks: the takeover. The only room that looks up symbols, patches or
 * probes the running kernel. Documentation/design/takeover.rst says how.
 *
 * Order of use, and the way back:
 *
 *	kr_hooks_resolve()		nothing is changed yet
 *	... the other rooms get ready ...
 *	kr_hooks_attach_events()	kr_hooks_detach_events()
 *	kr_hooks_takeover()		echo 0 > /sys/kernel/livepatch/keyrings/enabled
 */
#ifndef KEYRINGS_HOOKS_H
#define KEYRINGS_HOOKS_H

/**
 * kr_hooks_resolve() - find everything the takeover will touch
 *
 * Looks up functions, tracepoints and the variables behind the kernel.keys
 * sysctls, checks that the functions look as they must to be called past their
 * entry, and points &kr_limits at the kernel's variables. Patches nothing but
 * this module's own call sites. May sleep. First step of the module's init.
 *
 * Return: 0; -EOPNOTSUPP after a message that says what this kernel lacks; -ENOMEM; -ENOSPC
 * when the tables have more rows than there is room for, which is a mistake.
 */
int kr_hooks_resolve(void);

/**
 * kr_hooks_attach_events() - begin to follow processes, UIDs and namespaces
 *
 * Events arrive from here on, before this returns: rooms cred and user are
 * ready by now. Where the kernel has no /proc/keys of its own it appears now,
 * so room abi is ready as well. May sleep.
 *
 * Return: 0, or a negative error after a message, with nothing left attached.
 */
int kr_hooks_attach_events(void);

/**
 * kr_hooks_detach_events() - stop following
 *
 * When this returns no event handler is running and none will. Called when
 * kr_hooks_takeover() failed, and on unload, when the live patch is gone: the
 * kernel lets nobody unload the module earlier. May sleep, for as long as a
 * grace period of RCU tasks takes.
 */
void kr_hooks_detach_events(void);

/**
 * kr_hooks_takeover() - take the system calls over
 *
 * The very last step of the module's init: calls may arrive before this
 * returns, and success cannot be taken back by failing the init. May sleep.
 *
 * Return: 0, or a negative error after a message, with nothing patched.
 */
int kr_hooks_takeover(void);

#endif /* KEYRINGS_HOOKS_H */
