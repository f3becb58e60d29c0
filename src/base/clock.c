// SPDX-License-Identifier: GPL-2.0-only
/* The clock that expiry times are compared with: wall-clock seconds. */
#include <keyrings/base.h>

#include <linux/timekeeping.h>

static time64_t clock_shift;

time64_t kr_now(void)
{
	return ktime_get_real_seconds() + READ_ONCE(clock_shift);
}

void kr_clock_shift(time64_t seconds)
{
	WRITE_ONCE(clock_shift, seconds);
}
