/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For unit tests that look at what happens at the moment in which a key asks something of
 * the reaper.
 */
#ifndef KR_KUNIT_REAPER_H
#define KR_KUNIT_REAPER_H

#include "../../src/key/key_internal.h"

#include <linux/completion.h>

/**
 * struct kt_reaper - the reaper, with operations of a test's before some of its own
 * @ops: those of the test's; the others are filled in
 * @real: the reaper's own, which those of the test's call in turn
 */
struct kt_reaper {
	struct kr_reaper_ops ops;
	const struct kr_reaper_ops *real;
};

static inline void kt_reaper_begin(struct kt_reaper *reaper)
{
	reaper->real = kr_key_reaper;
	if (!reaper->ops.schedule)
		reaper->ops.schedule = reaper->real->schedule;
	if (!reaper->ops.queue_anew)
		reaper->ops.queue_anew = reaper->real->queue_anew;
	if (!reaper->ops.cancel)
		reaper->ops.cancel = reaper->real->cancel;
	if (!reaper->ops.defer)
		reaper->ops.defer = reaper->real->defer;
	kr_key_set_reaper(&reaper->ops);
}

static inline void kt_reaper_end(const struct kt_reaper *reaper)
{
	kr_key_set_reaper(reaper->real);
}

#endif /* KR_KUNIT_REAPER_H */
