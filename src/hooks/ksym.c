// SPDX-License-Identifier: GPL-2.0-only
/*
 * Symbols of the running kernel by name. The lookup function is not exported;
 * a kprobe may name any function, and tells its address. No other file of the
 * module resolves symbols.
 */
#define pr_fmt(fmt) "keyrings: " fmt

#include <linux/kprobes.h>
#include <linux/static_call.h>

#include "hooks_internal.h"

static unsigned long find_nothing(const char *name)
{
	return 0;
}

/* A direct branch: a function whose address nobody takes may have no ENDBR. */
DEFINE_STATIC_CALL(kr_kallsyms_lookup, find_nothing);

int kr_ksym_init(void)
{
	/* Registered disabled: its address is all we want, no text is changed. */
	struct kprobe probe = {
		.symbol_name	= "kallsyms_lookup_name",
		.flags		= KPROBE_FLAG_DISABLED,
	};
	int ret = register_kprobe(&probe);

	if (ret == -ENOMEM)
		return ret;
	if (ret) {
		pr_err("no kprobe on %s (%d), so no symbol can be found; use a kernel with CONFIG_KPROBES=y and CONFIG_KALLSYMS=y\n",
		       probe.symbol_name, ret);
		return -EOPNOTSUPP;
	}
	static_call_update(kr_kallsyms_lookup, (void *)probe.addr);
	unregister_kprobe(&probe);
	return 0;
}

unsigned long kr_ksym_find(const char *name)
{
	return static_call(kr_kallsyms_lookup)(name);
}
