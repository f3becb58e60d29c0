// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is made here in the built-in subsystem is mostly in no quota, and once put it stays until
 * the kernel's collector has come. Many processes could have it made faster than that frees it. So
 * what is made is counted, and when much may be left, who wants more waits for the collector.
 */
#include "bridge_internal.h"

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/sizes.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/* A few MiB: keys, their names, and what is in them, for which the kernel may take twice as much. */
#define LEFT_MAX	1024
#define LEFT_UNIT	SZ_2K

static atomic_t left;	/* units; some of it is not put yet, or kept */
static DECLARE_WAIT_QUEUE_HEAD(collected);

/* A run frees what was put before it began, and puts what was in freed rings: that takes another. */
static void follow_collector(struct work_struct *work)
{
	int seen = atomic_read(&left);

	flush_work(kr_builtin->collector);
	flush_work(kr_builtin->collector);
	atomic_sub(seen, &left);
	wake_up_all(&collected);
}

static DECLARE_WORK(following, follow_collector);

static int units_of(size_t len)
{
	return 1 + len / LEFT_UNIT;
}

void kr_collector_expects(size_t len)
{
	atomic_add(units_of(len), &left);
}

/* Those who wake up together do not all find the same place; who finds none sees to more. */
static bool take_place(int units)
{
	int seen = atomic_read(&left);

	do {
		if (seen >= LEFT_MAX) {
			queue_work(system_unbound_wq, &following);
			return false;
		}
	} while (!atomic_try_cmpxchg(&left, &seen, seen + units));
	return true;
}

/* However many there are, most of them are asleep; who wants much, longer. */
static long patience_for(int units)
{
	return HZ / 5 * (1 + units / 16);
}

int kr_collector_wait(size_t len)
{
	int units = units_of(len);
	long ret = wait_event_killable_timeout(collected, take_place(units), patience_for(units));

	if (ret < 0)
		return -EINTR;
	if (!ret)
		kr_collector_expects(len);
	return 0;
}

/* The work may be inside still. Nobody is left who would queue it again. */
void kr_collector_exit(void)
{
	cancel_work_sync(&following);
}
