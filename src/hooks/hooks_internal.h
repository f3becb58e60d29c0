/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of room hooks share. */
#ifndef KR_HOOKS_INTERNAL_H
#define KR_HOOKS_INTERNAL_H

#include <linux/static_call.h>
#include <linux/types.h>

/**
 * struct kr_hook - one thing of the running kernel that the module attaches to
 * @name: the symbol or tracepoint
 * @required: the load fails when it is missing; otherwise the load goes on
 * @lost: what does not work without it; completes "without it ..."
 *
 * First member of every row in this room's tables.
 */
struct kr_hook {
	const char *name;
	bool required;
	const char *lost;
};

/**
 * kr_hook_missing() - report a hook that cannot be attached
 * @hook: the row
 * @why: what was found out; completes "<name>: ..."
 *
 * Return: -EOPNOTSUPP when the hook is required, else 0.
 */
int kr_hook_missing(const struct kr_hook *hook, const char *why);

/**
 * struct kr_patch_row - one function that the live patch replaces
 * @hook: the function's symbol
 * @expected: kernels of this configuration have it; otherwise nothing is said when it is missing
 * @replacement: runs instead
 * @set_original: points the static call behind @replacement at the function's
 *	body; NULL when @replacement never calls the original
 *
 * Tables of rows end with an empty one.
 */
struct kr_patch_row {
	struct kr_hook hook;
	bool expected;
	void *replacement;
	void (*set_original)(void *body);
};

extern const struct kr_patch_row kr_syscall_rows[];
extern const struct kr_patch_row kr_proc_rows[];
extern const struct kr_patch_row kr_lookup_rows[];	/* where there is a built-in subsystem */

/*
 * The original of a replaced function: static_call(kr_orig_<name>)(...) calls
 * @fallback until set_<name>() was told where the body is.
 */
#define KR_DEFINE_ORIGINAL(name, fallback)				\
	DEFINE_STATIC_CALL(kr_orig_##name, fallback);			\
	static void set_##name(void *body)				\
	{								\
		static_call_update(kr_orig_##name, body);		\
	}

/* ksym.c: find the symbol table, then names in it (0: unknown). May sleep; may not. */
int kr_ksym_init(void);
unsigned long kr_ksym_find(const char *name);

/*
 * entry.c: where a traceable function goes on behind its ftrace site, or NULL
 * when its first bytes are not known. Only for static calls: an indirect
 * branch there would be a control-protection fault on CPUs with IBT.
 */
void *kr_entry_body(const void *func);

/* sysctls.c: point kr_limits at the kernel's own variables. */
int kr_sysctls_resolve(void);

/* lookups.c: find what the bridge calls; where there is a built-in subsystem. */
int kr_lookups_resolve(void);

/* tasks.c */
int kr_tasks_resolve(void);
int kr_tasks_attach(void);
void kr_tasks_detach(void);

/* uids.c */
int kr_uids_resolve(void);
int kr_uids_attach(void);
void kr_uids_detach(void);

/* procfs_merge.c or procfs_create.c, whichever this kernel needs. */
int kr_proc_attach(void);
void kr_proc_detach(void);

#endif /* KR_HOOKS_INTERNAL_H */
