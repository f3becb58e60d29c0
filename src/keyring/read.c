// SPDX-License-Identifier: GPL-2.0-only
/* What a ring holds, as KEYCTL_READ tells it: the serials of its keys. */
#include <keyrings/keyring.h>

#include <linux/mm.h>
#include <linux/slab.h>

#include "ring_internal.h"

#define READ_STACK	64	/* serials that need no allocation */

static void read_one(struct kr_key *key, void *arg)
{
	s32 **next = arg;

	*(*next)++ = key->serial;
}

/* The serials in the ring, into an array of at least that many. */
static void ring_serials(struct kr_ring *ring, s32 *serials)
{
	lockdep_assert_held(&ring->lock);
	kr_places_each(ring->links, read_one, &serials);
}

static long read_locked(struct kr_ring *ring, const struct kr_buf *buf, s32 *stack, s32 **serials)
{
	size_t bytes = ring->count * sizeof(s32);

	/* A ring that has ended since the caller looked is empty for that. */
	if (!bytes)
		return kr_key_validate(&ring->key);
	if (bytes > buf->len)
		return bytes;
	*serials = stack;
	if (ring->count > READ_STACK) {
		*serials = kvmalloc(bytes, GFP_KERNEL);
		if (!*serials)
			return -ENOMEM;
	}
	ring_serials(ring, *serials);
	return bytes;
}

long kr_ring_read(struct kr_key *key, const struct kr_buf *buf)
{
	struct kr_ring *ring = kr_ring_of(key);
	s32 stack[READ_STACK], *serials = NULL;
	long ret;

	might_sleep();
	/* Of more than a page only what is needed counts. */
	if (buf->len <= PAGE_SIZE && buf->len % sizeof(s32))
		return -EINVAL;

	mutex_lock(&ring->lock);
	ret = read_locked(ring, buf, stack, &serials);
	mutex_unlock(&ring->lock);

	if (serials) {
		if (kr_buf_write(buf, 0, serials, ret))
			ret = -EFAULT;
		if (serials != stack)
			kvfree(serials);
	}
	return ret;
}
