// SPDX-License-Identifier: GPL-2.0-only
/* Payloads: secret bytes with readers that may sleep, wiped before they are freed. */
#include <keyrings/key.h>

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

struct kr_payload *kr_payload_alloc(size_t len)
{
	struct kr_payload *payload = kvmalloc(struct_size(payload, data, len), GFP_KERNEL);

	if (!payload)
		return NULL;
	refcount_set(&payload->usage, 1);
	payload->len = len;
	return payload;
}

static void free_rcu(struct rcu_head *rcu)
{
	struct kr_payload *payload = container_of(rcu, struct kr_payload, rcu);

	memzero_explicit(payload->data, payload->len);
	kvfree(payload);
}

void kr_payload_put(struct kr_payload *payload)
{
	if (payload && refcount_dec_and_test(&payload->usage))
		call_rcu(&payload->rcu, free_rcu);
}

void kr_payload_put_now(struct kr_payload *payload)
{
	if (payload && refcount_dec_and_test(&payload->usage))
		free_rcu(&payload->rcu);
}

int kr_buf_write(const struct kr_buf *buf, size_t offset, const void *src, size_t len)
{
	if (!buf->user) {
		memcpy(buf->kernel + offset, src, len);
		return 0;
	}
	return copy_to_user(buf->user + offset, src, len) ? -EFAULT : 0;
}
