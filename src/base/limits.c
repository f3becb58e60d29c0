// SPDX-License-Identifier: GPL-2.0-only
/* The administrator's limits, with the defaults that proc(5) documents. */
#include <keyrings/base.h>

struct kr_limit_values kr_limit_values = {
	.maxkeys		= 200,
	.maxbytes		= 20000,
	.root_maxkeys		= 1000000,
	.root_maxbytes		= 25000000,
	.gc_delay		= 5 * 60,
	.persistent_expiry	= 3 * 24 * 3600,
};

struct kr_limits kr_limits = {
	.maxkeys		= &kr_limit_values.maxkeys,
	.maxbytes		= &kr_limit_values.maxbytes,
	.root_maxkeys		= &kr_limit_values.root_maxkeys,
	.root_maxbytes		= &kr_limit_values.root_maxbytes,
	.gc_delay		= &kr_limit_values.gc_delay,
	.persistent_expiry	= &kr_limit_values.persistent_expiry,
};
