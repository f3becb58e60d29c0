// SPDX-License-Identifier: GPL-2.0-only
/*
 * Serials of two worlds must differ, because it is by its serial that a call
 * is sent to the one or the other.
 */
#include <keyrings/bridge.h>

#include <keyrings/compat.h>
#include <keyrings/key.h>
#include <linux/key.h>

#if KR_KERNEL_HAS_KEYS
static bool taken(s32 serial)
{
	key_ref_t ref = lookup_user_key(serial, KEY_LOOKUP_PARTIAL, KEY_DEFER_PERM_CHECK);

	/* Any answer but "no such key" means that there is one. */
	if (IS_ERR(ref))
		return PTR_ERR(ref) != -ENOKEY;
	key_ref_put(ref);
	return true;
}
#endif

int kr_bridge_init(void)
{
#if KR_KERNEL_HAS_KEYS
	kr_key_set_serial_check(taken);
#endif
	return 0;
}

void kr_bridge_exit(void)
{
	kr_key_set_serial_check(NULL);
}
