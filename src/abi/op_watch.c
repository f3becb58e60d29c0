// SPDX-License-Identifier: GPL-2.0-only
/*
 * KEYCTL_WATCH_KEY: have what happens to a key written to a notification pipe,
 * pipe2(2) with O_NOTIFICATION_PIPE. Built only where the kernel has these.
 */
#include "abi_internal.h"

#include <keyrings/key_watch.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/watch_queue.h>

#define STOP_WATCHING	(-1)

static long watch_key(struct kr_key *key, int fd, int id)
{
	struct watch_queue *queue = get_watch_queue(fd);
	long ret;

	if (IS_ERR(queue))
		return PTR_ERR(queue);
	ret = id == STOP_WATCHING ? kr_key_unwatch(key, queue) : kr_key_watch(key, queue, id);
	put_watch_queue(queue);
	return ret;
}

long kr_op_watch_key(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct kr_key_ref ref;
	int id = a4;
	long ret;

	if (id < STOP_WATCHING || id > U8_MAX)
		return -EINVAL;
	ret = kr_cred_lookup(a2, KR_LOOKUP_CREATE, KR_VIEW, &ref);
	if (ret)
		return ret;
	ret = watch_key(ref.key, a3, id);
	kr_key_put(ref.key);
	return ret;
}
