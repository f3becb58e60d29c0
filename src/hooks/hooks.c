// SPDX-License-Identifier: GPL-2.0-only
/*
 * The takeover as a whole: resolve, attach the events, enable the live patch,
 * detach the events. Documentation/design/takeover.rst specifies it.
 */
#define pr_fmt(fmt) "keyrings: " fmt

#include <keyrings/compat.h>
#include <keyrings/cred.h>
#include <keyrings/hooks.h>

#include <linux/errno.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/tracepoint.h>

#include "hooks_internal.h"

#define FUNCS_MAX	24	/* rows of all tables, and the empty one at the end */

static struct klp_func funcs[FUNCS_MAX];

static struct klp_object objects[] = {
	{ .funcs = funcs },	/* no name: the kernel itself */
	{}
};

static struct klp_patch patch = {
	.mod	= THIS_MODULE,
	.objs	= objects,
};

int kr_hook_missing(const struct kr_hook *hook, const char *why)
{
	if (!hook->required) {
		pr_warn("%s: %s; without it %s\n", hook->name, why, hook->lost);
		return 0;
	}
	pr_err("%s: %s; without it %s, so nothing was loaded. Use a kernel with CONFIG_KALLSYMS_ALL, CONFIG_LIVEPATCH and CONFIG_FTRACE, or report its version.\n",
	       hook->name, why, hook->lost);
	return -EOPNOTSUPP;
}

/* Returns 1 when @func is filled in, 0 when an optional row is left out. */
static int resolve_patch_row(const struct kr_patch_row *row, struct klp_func *func)
{
	unsigned long addr = kr_ksym_find(row->hook.name);
	void *body;

	if (!addr)
		return row->expected ? kr_hook_missing(&row->hook, "no such function") : 0;
	body = kr_entry_body((void *)addr);
	if (!body)
		return kr_hook_missing(&row->hook, "does not begin with an ftrace site");
	if (row->set_original)
		row->set_original(body);
	func->old_name = row->hook.name;
	func->new_func = row->replacement;
	return 1;
}

static int resolve_patch_rows(const struct kr_patch_row *row, unsigned int *n)
{
	int ret;

	for (; row->hook.name; row++) {
		if (WARN_ON_ONCE(*n >= FUNCS_MAX - 1))
			return -ENOSPC;
		ret = resolve_patch_row(row, &funcs[*n]);
		if (ret < 0)
			return ret;
		*n += ret;
	}
	return 0;
}

static int resolve_patch(void)
{
	unsigned int n = 0;
	int ret;

	ret = resolve_patch_rows(kr_syscall_rows, &n);
	if (!ret)
		ret = resolve_patch_rows(kr_proc_rows, &n);
#if KR_KERNEL_HAS_KEYS
	if (!ret)
		ret = resolve_patch_rows(kr_lookup_rows, &n);
	if (!ret)
		ret = kr_lookups_resolve();
#endif
	return ret;
}

int kr_hooks_resolve(void)
{
	int ret;

	might_sleep();
	ret = kr_ksym_init();
	if (!ret)
		ret = kr_sysctls_resolve();
	if (!ret)
		ret = kr_tasks_resolve();
	if (!ret)
		ret = kr_uids_resolve();
	if (!ret)
		ret = resolve_patch();
	return ret;
}

int kr_hooks_attach_events(void)
{
	int ret;

	might_sleep();
	ret = kr_tasks_attach();
	if (ret)
		return ret;
	ret = kr_uids_attach();
	if (ret)
		goto err_tasks;
	ret = kr_proc_attach();
	if (ret)
		goto err_uids;
	return 0;

err_uids:
	kr_uids_detach();
err_tasks:
	kr_tasks_detach();
	return ret;
}

void kr_hooks_detach_events(void)
{
	might_sleep();
	kr_proc_detach();
	kr_uids_detach();
	kr_tasks_detach();
}

/* The kernel writes it with a lock of its own, and does not mind who looks. */
static bool is_enabled(void)
{
	return data_race(READ_ONCE(patch.enabled));
}

int kr_hooks_takeover(void)
{
	int ret;

	kr_cred_set_serving(is_enabled);
	ret = klp_enable_patch(&patch);
	if (ret)
		pr_err("the live patch was refused (%d, see above); nothing was taken over\n", ret);
	return ret;
}

/* klp_enable_patch() refuses a module that does not say so; the module taints the kernel with K. */
MODULE_INFO(livepatch, "Y");
