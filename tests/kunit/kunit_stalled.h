/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Somebody revokes a ring, and is stopped when the links have gone, while what that ring
 * alone held comes to its end.
 */
#ifndef KR_KUNIT_STALLED_H
#define KR_KUNIT_STALLED_H

#include "kunit_helpers.h"
#include "kunit_reaper.h"

#include <linux/kthread.h>
#include <linux/sched.h>

static struct {
	struct kt_reaper reaper;
	struct kr_key *ring, *last;
	struct completion stopped, go_on;
} stalled;

static inline void stalled_cancel(struct kr_key *key)
{
	if (key == stalled.last) {
		complete(&stalled.stopped);
		wait_for_completion(&stalled.go_on);
	}
	stalled.reaper.real->cancel(key);
}

static inline int stalled_revoke(void *arg)
{
	kr_key_revoke(stalled.ring);
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return 0;
}

static inline void stalled_begin(struct kunit *test, struct kr_key *ring)
{
	struct kr_key *inner = kt_ring(test, "inner"), *last = kt_key(test, "last");

	KUNIT_ASSERT_EQ(test, kr_key_set_expiry(last, kr_now() + 1000), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(inner, last), 0);
	KUNIT_ASSERT_EQ(test, kr_ring_link(ring, inner), 0);
	kt_drop(test, last);
	kt_drop(test, inner);
	stalled.ring = ring;
	stalled.last = last;
	stalled.reaper = (struct kt_reaper){ .ops.cancel = stalled_cancel };
	init_completion(&stalled.stopped);
	init_completion(&stalled.go_on);
	kt_reaper_begin(&stalled.reaper);
	kt_crew_start(test, 1, stalled_revoke, NULL);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&stalled.stopped, 20 * HZ), 0ul);
}

static inline void stalled_end(struct kunit *test)
{
	complete_all(&stalled.go_on);
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	kt_reaper_end(&stalled.reaper);
}

#endif /* KR_KUNIT_STALLED_H */
