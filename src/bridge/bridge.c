// SPDX-License-Identifier: GPL-2.0-only
/* The bridge as a whole: how it is opened and closed. */
#include "bridge_internal.h"

const struct kr_builtin_calls *kr_builtin;

void kr_bridge_set_calls(const struct kr_builtin_calls *calls)
{
	kr_builtin = calls;
}

int kr_bridge_init(void)
{
	int ret = kr_mirror_init();

	if (ret)
		return ret;
	kr_making_init();
	kr_builtin_types_init();
	kr_key_set_serial_check(kr_serial_taken);
	return 0;
}

void kr_bridge_exit(void)
{
	kr_key_set_serial_check(NULL);
	kr_builtin_types_exit();
	kr_mirror_exit();
	kr_collector_exit();
}
