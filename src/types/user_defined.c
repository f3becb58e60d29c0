// SPDX-License-Identifier: GPL-2.0-only
/*
 * The types `user` and `logon`: bytes that the kernel does not look at. A
 * `logon` key cannot be read from user space and its description has a prefix,
 * "subtype:" (keyrings(7), "Key types").
 */
#include <keyrings/types.h>

#include <keyrings/key.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "types_internal.h"

#define USER_PAYLOAD_MAX	32767

static int user_preparse(struct kr_prep *prep)
{
	if (!prep->data || !prep->data->len || prep->data->len > USER_PAYLOAD_MAX)
		return -EINVAL;
	prep->payload = prep->data;
	prep->quotalen = prep->data->len;
	prep->data = NULL;
	return 0;
}

static void user_free_preparse(struct kr_prep *prep)
{
	kr_payload_put_now(prep->payload);
	prep->payload = NULL;
}

/* Swap the payload under the key's lock; the old one is returned in @old. */
static int set_payload(struct kr_key *key, struct kr_payload *payload, u32 quotalen,
		       struct kr_payload **old)
{
	int ret;

	lockdep_assert_held(&key->lock);
	/* A revoked key does not get a payload again. */
	if (test_bit(KR_KEY_REVOKED, &key->flags) && payload)
		return -EKEYREVOKED;
	ret = kr_key_set_payload_quota(key, quotalen);
	if (ret)
		return ret;
	*old = rcu_dereference_protected(key->payload, lockdep_is_held(&key->lock));
	rcu_assign_pointer(key->payload, payload);
	return 0;
}

static int user_instantiate(struct kr_key *key, struct kr_prep *prep)
{
	struct kr_payload *old = NULL;
	int ret;

	spin_lock(&key->lock);
	ret = set_payload(key, prep->payload, prep->quotalen, &old);
	spin_unlock(&key->lock);
	if (!ret)
		prep->payload = NULL;
	return ret;
}

static int user_update(struct kr_key *key, struct kr_prep *prep)
{
	struct kr_payload *old = NULL;
	bool limited = false;
	int ret;

	spin_lock(&key->lock);
	ret = set_payload(key, prep->payload, prep->quotalen, &old);
	if (!ret)
		limited = READ_ONCE(key->expiry) != KR_NEVER;
	/* A new payload lives without the old one's limit, but with one that is set from here on. */
	if (limited)
		kr_key_clear_expiry(key);
	spin_unlock(&key->lock);
	if (ret)
		return ret;
	prep->payload = NULL;
	kr_payload_put(old);
	if (limited)
		kr_key_expiry_changed(key);
	return 0;
}

static void user_revoke(struct kr_key *key)
{
	struct kr_payload *old = NULL;

	spin_lock(&key->lock);
	set_payload(key, NULL, 0, &old);
	spin_unlock(&key->lock);
	kr_payload_put(old);
}

static void user_destroy(struct kr_key *key)
{
	kr_payload_put_now(rcu_dereference_protected(key->payload, true));
}

static void user_describe(const struct kr_key *key, struct seq_file *m)
{
	seq_puts(m, key->desc);
	if (kr_key_state(key) == KR_POSITIVE)
		seq_printf(m, ": %u", READ_ONCE(key->datalen));
}

/* The payload with a reference, or NULL when the key has none any more. */
static struct kr_payload *payload_get(struct kr_key *key)
{
	struct kr_payload *payload;

	rcu_read_lock();
	do {
		payload = rcu_dereference(key->payload);
	} while (payload && !refcount_inc_not_zero(&payload->usage));
	rcu_read_unlock();
	return payload;
}

struct kr_payload *kr_user_payload_get(struct kr_key *key)
{
	if (key->type != &kr_type_user && key->type != &kr_type_logon)
		return NULL;
	return payload_get(key);
}

static long user_read(struct kr_key *key, const struct kr_buf *buf)
{
	struct kr_payload *payload = payload_get(key);
	long ret;

	if (!payload)
		return -EKEYREVOKED;
	ret = payload->len;
	if (buf->len >= payload->len && kr_buf_write(buf, 0, payload->data, payload->len))
		ret = -EFAULT;
	kr_payload_put(payload);
	return ret;
}

/* "subtype:rest": something must stand before the colon. */
static int logon_vet_description(const struct kr_key_type *type, const char *desc)
{
	const char *colon = strchr(desc, ':');

	return colon && colon != desc ? 0 : -EINVAL;
}

struct kr_key_type kr_type_user = {
	.name		= "user",
	.preparse	= user_preparse,
	.free_preparse	= user_free_preparse,
	.instantiate	= user_instantiate,
	.update		= user_update,
	.revoke		= user_revoke,
	.destroy	= user_destroy,
	.describe	= user_describe,
	.read		= user_read,
	.update_revives	= true,
};

struct kr_key_type kr_type_logon = {
	.name			= "logon",
	.vet_description	= logon_vet_description,
	.preparse		= user_preparse,
	.free_preparse		= user_free_preparse,
	.instantiate		= user_instantiate,
	.update			= user_update,
	.revoke			= user_revoke,
	.destroy		= user_destroy,
	.describe		= user_describe,
	.update_revives		= true,
};
