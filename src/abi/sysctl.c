// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel.keys sysctls, where the kernel has none of its own: proc(5),
 * /proc/sys/kernel/keys.
 */
#include "abi_internal.h"

#include <keyrings/base.h>
#include <keyrings/compat.h>
#include <linux/limits.h>
#include <linux/sysctl.h>

static struct ctl_table_header *header;

#define ROW(name, member, low) {				\
	.procname	= name,					\
	.data		= &kr_limit_values.member,		\
	.maxlen		= sizeof(unsigned int),			\
	.mode		= 0644,					\
	.proc_handler	= proc_dointvec_minmax,			\
	.extra1		= (low),				\
	.extra2		= SYSCTL_INT_MAX,			\
}

static struct ctl_table table[] = {
	ROW("maxkeys", maxkeys, SYSCTL_ONE),
	ROW("maxbytes", maxbytes, SYSCTL_ONE),
	ROW("root_maxkeys", root_maxkeys, SYSCTL_ONE),
	ROW("root_maxbytes", root_maxbytes, SYSCTL_ONE),
	ROW("gc_delay", gc_delay, SYSCTL_ZERO),
	ROW("persistent_keyring_expiry", persistent_expiry, SYSCTL_ZERO),
	KR_SYSCTL_TABLE_END
};

int kr_sysctl_init(void)
{
	if (KR_KERNEL_HAS_KEYS)
		return 0;
	header = register_sysctl("kernel/keys", table);
	return header ? 0 : -ENOMEM;
}

void kr_sysctl_exit(void)
{
	if (header)
		unregister_sysctl_table(header);
}
