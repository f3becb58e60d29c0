// SPDX-License-Identifier: GPL-2.0-only
/*
 * In place of a security module whose policy denies a user to write to keys: the
 * check of permissions, which asks security modules last, answers as if one did.
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/kprobes.h>
#include <linux/uidgid.h>

#include "inkernel.h"

static atomic_t denied = ATOMIC_INIT(-1);	/* a UID */

/* Returns 0 for a check whose answer is to be another: key_task_permission(key, cred, need) */
static int checked(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct cred *cred = (const struct cred *)regs_get_kernel_argument(regs, 1);

	return regs_get_kernel_argument(regs, 2) != KEY_NEED_WRITE ||
	       from_kuid(&init_user_ns, cred->uid) != (uid_t)atomic_read(&denied);
}

static int answered(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	regs_set_return_value(regs, -EACCES);
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "key_task_permission",
	.entry_handler = checked,
	.handler = answered,
};

void inkernel_deny_write(uid_t uid)
{
	atomic_set(&denied, uid);
}

int inkernel_policy_init(void)
{
	return register_kretprobe(&probe);
}

void inkernel_policy_exit(void)
{
	unregister_kretprobe(&probe);
}
