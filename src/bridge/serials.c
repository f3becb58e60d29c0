// SPDX-License-Identifier: GPL-2.0-only
/*
 * Serials of two worlds must differ, because it is by its serial that a call
 * is sent to the one or the other.
 */
#include "bridge_internal.h"

#include <linux/err.h>

bool kr_serial_taken(s32 serial)
{
	struct key *key = kr_builtin->key_lookup(serial);

	if (IS_ERR(key))
		return false;
	key_put(key);
	return true;
}
