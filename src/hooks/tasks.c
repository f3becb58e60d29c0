// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes: tracepoints for the birth of a thread, for exec and for exit, and
 * how a work is taken back that was queued for one.
 * Tracepoints are not exported by name; they are found in the kernel's list.
 *
 * Context of every handler: preemption off, may not sleep.
 */
#define pr_fmt(fmt) "keyrings: " fmt

#include <keyrings/cred.h>

#include <linux/kernel.h>
#include <linux/static_call.h>
#include <linux/string.h>
#include <linux/task_work.h>
#include <linux/tracepoint.h>
#include <trace/events/sched.h>
#include <trace/events/task.h>

#include "hooks_internal.h"

/*
 * Every new thread, also one made inside the kernel. current is its creator.
 * The new thread is complete, will not fail any more and has not run yet.
 */
static void on_task_newtask(void *unused, struct task_struct *child, unsigned long clone_flags)
{
	kr_cred_task_new(child, clone_flags);
}

/* A successful exec. current is the task, alone in its thread group, with its new credentials. */
static void on_sched_process_exec(void *unused, struct task_struct *task, pid_t old_pid,
				  struct linux_binprm *bprm)
{
	kr_cred_task_exec(task);
}

/*
 * A thread ends. current is the thread; it makes no system call any more. The kernel closes
 * its files afterwards: code that looks for keys then finds none of the user's.
 */
static void on_sched_process_exit(void *unused, struct task_struct *task)
{
	kr_cred_task_exit(task);
}

struct event_row {
	struct kr_hook hook;
	void *handler;
	struct tracepoint *tp;
};

#define ROW(event, what) {						\
	.hook = { .name = #event, .required = true, .lost = what },	\
	.handler = on_##event,						\
}

/* The first to come is the last to go: what makes records is followed to their end. */
static struct event_row rows[] = {
	ROW(sched_process_exit, "keyrings survive their last process"),
	ROW(sched_process_exec, "process keyrings survive exec"),
	ROW(task_newtask, "children do not inherit keyrings"),
};

/* A table of void pointers: the compiler compares the handlers with the events here. */
static void __maybe_unused check_handlers(void)
{
	check_trace_callback_type_task_newtask(on_task_newtask);
	check_trace_callback_type_sched_process_exec(on_sched_process_exec);
	check_trace_callback_type_sched_process_exit(on_sched_process_exit);
}

static void note_tracepoint(struct tracepoint *tp, void *unused)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!strcmp(tp->name, rows[i].hook.name))
			rows[i].tp = tp;
	}
}

static struct callback_head *no_work(struct task_struct *task,
				     bool (*match)(struct callback_head *, void *), void *data)
{
	return NULL;
}

/* A direct branch, as each to a function that is found by name. */
DEFINE_STATIC_CALL(kr_task_work_cancel_match, no_work);

static bool is_that_work(struct callback_head *work, void *data)
{
	return work == data;
}

static bool cancel_task_work(struct task_struct *task, struct callback_head *work)
{
	return static_call(kr_task_work_cancel_match)(task, is_that_work, work);
}

static const struct kr_hook cancel_hook = {
	.name = "task_work_cancel_match", .required = true,
	.lost = "a session keyring for a parent that sleeps holds up the unload",
};

static int resolve_cancel(void)
{
	void *cancel = (void *)kr_ksym_find(cancel_hook.name);

	if (!cancel)
		return kr_hook_missing(&cancel_hook, "no such function");
	static_call_update(kr_task_work_cancel_match, cancel);
	kr_cred_set_cancel_work(cancel_task_work);
	return 0;
}

int kr_tasks_resolve(void)
{
	int i, ret = resolve_cancel();

	for_each_kernel_tracepoint(note_tracepoint, NULL);
	for (i = 0; i < ARRAY_SIZE(rows) && !ret; i++) {
		if (!rows[i].tp)
			ret = kr_hook_missing(&rows[i].hook, "no such tracepoint");
	}
	return ret;
}

static void detach_rows(int n)
{
	while (n--)
		tracepoint_probe_unregister(rows[n].tp, rows[n].handler, NULL);
	tracepoint_synchronize_unregister();
}

int kr_tasks_attach(void)
{
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ret = tracepoint_probe_register(rows[i].tp, rows[i].handler, NULL);
		if (ret)
			goto err_detach;
	}
	return 0;

err_detach:
	pr_err("cannot attach to tracepoint %s (%d), without it %s\n",
	       rows[i].hook.name, ret, rows[i].hook.lost);
	detach_rows(i);
	return ret;
}

void kr_tasks_detach(void)
{
	detach_rows(ARRAY_SIZE(rows));
}
