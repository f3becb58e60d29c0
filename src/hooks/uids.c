// SPDX-License-Identifier: GPL-2.0-only
/*
 * The death of a UID and of a user namespace, followed by ftrace.
 *
 * free_uid() is diverted to a function of ours that calls the original and
 * looks afterwards. An event before the drop could not be exact: two tasks
 * that drop the last but one and the last but two reference at once would both
 * find too many, and a task that is preempted between event and drop would let
 * whoever looks in the meantime find one too many. After its drop, the last one
 * to drop a reference sees what is left.
 *
 * retire_userns_sysctls() runs once for every namespace that is freed. The
 * function around it, free_user_ns(), runs once for a namespace and all
 * ancestors that die with it, so an event there would miss the ancestors.
 *
 * ftrace's own operations rather than kprobes: they are never missed because
 * another probe's handler runs on the CPU, and cost a quarter: takeover.rst has the figures.
 */
#define pr_fmt(fmt) "keyrings: " fmt

#include <keyrings/compat.h>
#include <keyrings/user.h>

#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/sched/user.h>

#include "hooks_internal.h"

static void no_free_uid(struct user_struct *up)
{
}

KR_DEFINE_ORIGINAL(free_uid, no_free_uid)

/*
 * Runs in place of free_uid(). Any context, interrupts may be disabled; current
 * is whoever drops the reference, or was interrupted. @up may be gone after the
 * original returned: room user recognises it by address.
 *
 * The original never waits, so a grace period of RCU tasks suffices to know
 * that nobody is in here any more: unregistering ftrace's operations waits for one.
 */
static void free_uid_and_look(struct user_struct *up)
{
	kuid_t uid;

	if (!up)
		return;
	uid = up->uid;
	rcu_read_lock();
	static_call(kr_orig_free_uid)(up);
	kr_user_uid_dropped(up, uid);
	rcu_read_unlock();
}

/* Entered from free_uid(): where its code would begin, ours begins. */
static void notrace on_free_uid(unsigned long ip, unsigned long parent_ip,
				struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)free_uid_and_look);
}

/*
 * Entered from retire_userns_sysctls(): a kworker frees a namespace that
 * nothing refers to any more. It is whole for as long as we are here.
 * Preemption may be off (when another tracer watches the function), so the
 * handler may not sleep. Nothing of ours is left on the stack when the
 * original, which may wait, begins.
 */
static void notrace on_retire_userns_sysctls(unsigned long ip, unsigned long parent_ip,
					     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	kr_user_ns_dying((struct user_namespace *)ftrace_regs_get_argument(fregs, 0));
}

struct uid_row {
	struct kr_hook hook;
	void (*set_original)(void *body);
	unsigned long addr;
	struct ftrace_ops ops;
};

/* FL_PERMANENT: kernel.ftrace_enabled=0 is refused while these are attached. */
static struct uid_row rows[] = {
	{
		.hook = {
			.name = "free_uid",
			.required = true,
			.lost = "the keyrings of a UID survive its last process",
		},
		.set_original = set_free_uid,
		.ops = {
			.func = on_free_uid,
			.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT,
		},
	},
	{
		.hook = {
			.name = "retire_userns_sysctls",
			.required = KR_KERNEL_HAS_USER_NS,
			.lost = "a new user namespace may find the keyrings of a dead one",
		},
		.ops = {
			.func = on_retire_userns_sysctls,
			.flags = FTRACE_OPS_FL_PERMANENT,
		},
	},
};

static int resolve_row(struct uid_row *row)
{
	void *body;

	row->addr = kr_ksym_find(row->hook.name);
	if (!row->addr)
		return kr_hook_missing(&row->hook, "no such function");
	body = kr_entry_body((void *)row->addr);
	if (!body) {
		row->addr = 0;
		return kr_hook_missing(&row->hook, "does not begin with an ftrace site");
	}
	if (row->set_original)
		row->set_original(body);
	return 0;
}

int kr_uids_resolve(void)
{
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(rows) && !ret; i++)
		ret = resolve_row(&rows[i]);
	return ret;
}

static int attach_row(struct uid_row *row)
{
	int ret;

	if (!row->addr)
		return 0;
	ret = ftrace_set_filter_ip(&row->ops, row->addr, 0, 0);
	if (ret)
		return ret;
	ret = register_ftrace_function(&row->ops);
	if (ret) {
		/* It was among ftrace's for a moment; who found it there may look at it still. */
		synchronize_rcu_tasks();
		ftrace_free_filter(&row->ops);
	}
	return ret;
}

/* Waits until nobody is in the row's handler any more. */
static void detach_row(struct uid_row *row)
{
	if (!row->addr)
		return;
	WARN_ON_ONCE(unregister_ftrace_function(&row->ops));
	ftrace_free_filter(&row->ops);
}

static void detach_rows(int n)
{
	while (n--)
		detach_row(&rows[n]);
}

int kr_uids_attach(void)
{
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ret = attach_row(&rows[i]);
		if (ret)
			goto err_detach;
	}
	return 0;

err_detach:
	pr_err("cannot follow %s by ftrace (%d), without it %s; set kernel.ftrace_enabled=1 and remove other live patches of it\n",
	       rows[i].hook.name, ret, rows[i].hook.lost);
	detach_rows(i);
	return ret;
}

void kr_uids_detach(void)
{
	detach_rows(ARRAY_SIZE(rows));
}
