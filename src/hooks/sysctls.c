// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel.keys sysctls of a kernel that has them: the module obeys the
 * variables that the administrator sets already. They are read only.
 */
#include <keyrings/base.h>
#include <keyrings/compat.h>

#include <linux/kernel.h>

#include "hooks_internal.h"

struct sysctl_row {
	struct kr_hook hook;
	bool expected;
	const unsigned int **limit;
};

#define ROW(symbol, member, there) {					\
	.hook = { .name = symbol, .required = false,			\
		  .lost = "the module's default applies, whatever the sysctl says" }, \
	.expected = there,						\
	.limit = &kr_limits.member,					\
}

static const struct sysctl_row rows[] = {
	ROW("key_quota_maxkeys", maxkeys, KR_KERNEL_HAS_KEYS),
	ROW("key_quota_maxbytes", maxbytes, KR_KERNEL_HAS_KEYS),
	ROW("key_quota_root_maxkeys", root_maxkeys, KR_KERNEL_HAS_KEYS),
	ROW("key_quota_root_maxbytes", root_maxbytes, KR_KERNEL_HAS_KEYS),
	ROW("key_gc_delay", gc_delay, KR_KERNEL_HAS_KEYS),
	ROW("persistent_keyring_expiry", persistent_expiry, KR_KERNEL_HAS_PERSISTENT),
};

static int resolve_row(const struct sysctl_row *row)
{
	unsigned long addr;

	if (!row->expected)
		return 0;
	addr = kr_ksym_find(row->hook.name);
	if (!addr)
		return kr_hook_missing(&row->hook, "no such variable");
	*row->limit = (const unsigned int *)addr;
	return 0;
}

int kr_sysctls_resolve(void)
{
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(rows) && !ret; i++)
		ret = resolve_row(&rows[i]);
	return ret;
}
