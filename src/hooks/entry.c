// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first bytes of a traceable function on x86-64, and where its own code
 * begins behind them:
 *
 *	endbr64				only on kernels built for IBT; the kernel
 *					turns it into a 4-byte nop where nobody
 *					branches to the function indirectly
 *	nopl or call <tracer>		the ftrace site, patched at run time; meanwhile a
 *					breakpoint in its first byte
 *	...				the function
 *
 * A patched function is entered at its first byte and diverted at the ftrace
 * site. The original is still there behind the site, with all registers and
 * the stack as at entry. That there is a site is for livepatch and ftrace to say in the
 * end; here is refused what does not look like one.
 */
#include <linux/string.h>

#include "hooks_internal.h"

#define ENDBR_BYTES	4
#define SITE_BYTES	5

static const u8 endbr64[ENDBR_BYTES] = { 0xf3, 0x0f, 0x1e, 0xfa };
static const u8 endbr_sealed[ENDBR_BYTES] = { 0x66, 0x0f, 0x1f, 0x00 };
static const u8 site_idle[SITE_BYTES] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
static const u8 site_call = 0xe8;
static const u8 site_patched_now = 0xcc;

void *kr_entry_body(const void *func)
{
	const u8 *p = func, *site;
	u64 bytes;

	if (!memcmp(p, endbr64, ENDBR_BYTES) || !memcmp(p, endbr_sealed, ENDBR_BYTES))
		p += ENDBR_BYTES;
	/* One look at all of it: it may be patched just now. */
	bytes = READ_ONCE(*(const u64 *)p);
	site = (const u8 *)&bytes;
	if (*site != site_call && *site != site_patched_now && memcmp(site, site_idle, SITE_BYTES))
		return NULL;
	return (void *)(p + SITE_BYTES);
}
