// SPDX-License-Identifier: GPL-2.0-only
/* The types of the module's own, in the order of their registration. */
#include <keyrings/types.h>

#include <linux/kernel.h>

#include "types_internal.h"

static struct kr_key_type *const own_types[] = {
	&kr_type_user,
	&kr_type_logon,
	&kr_type_big_key,
};

static void unregister_first(unsigned int count)
{
	while (count--)
		kr_key_type_unregister(own_types[count]);
}

static int register_all(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(own_types); i++) {
		ret = kr_key_type_register(own_types[i]);
		if (ret) {
			unregister_first(i);
			return ret;
		}
	}
	return 0;
}

int kr_types_init(void)
{
	int ret;

	/* Nobody calls before all rooms are up. */
	ret = register_all();
	if (ret)
		return ret;
	ret = kr_big_key_init();
	if (ret)
		unregister_first(ARRAY_SIZE(own_types));
	return ret;
}

void kr_types_exit(void)
{
	unregister_first(ARRAY_SIZE(own_types));
	kr_big_key_exit();
}
