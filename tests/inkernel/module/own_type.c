// SPDX-License-Identifier: GPL-2.0-only
/*
 * A type of keys as a module brings it, which counts its payloads.
 */
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "inkernel.h"

static DEFINE_MUTEX(registration);
static bool registered;
static atomic_t alive = ATOMIC_INIT(0);

struct own_payload {
	size_t len;
	char data[];
};

static void drop(struct own_payload *own)
{
	if (!own)
		return;
	kfree_sensitive(own);
	atomic_dec(&alive);
}

static int own_preparse(struct key_preparsed_payload *prep)
{
	struct own_payload *own;

	if (!prep->datalen || prep->datalen > INKERNEL_TEXT)
		return -EINVAL;
	own = kmalloc(sizeof(*own) + prep->datalen, GFP_KERNEL);
	if (!own)
		return -ENOMEM;
	own->len = prep->datalen;
	memcpy(own->data, prep->data, own->len);
	prep->payload.data[0] = own;
	prep->quotalen = own->len;
	atomic_inc(&alive);
	return 0;
}

static void own_free_preparse(struct key_preparsed_payload *prep)
{
	drop(prep->payload.data[0]);
}

static int own_update(struct key *key, struct key_preparsed_payload *prep)
{
	int err = key_payload_reserve(key, prep->quotalen);

	if (!err)
		swap(key->payload.data[0], prep->payload.data[0]);
	return err;
}

static void own_revoke(struct key *key)
{
	key_payload_reserve(key, 0);
	drop(key->payload.data[0]);
	key->payload.data[0] = NULL;
}

static void own_destroy(struct key *key)
{
	drop(key->payload.data[0]);
}

static void own_describe(const struct key *key, struct seq_file *m)
{
	seq_puts(m, key->description);
	if (key_is_positive(key))
		seq_printf(m, ": own %u", key->datalen);
}

static long own_read(const struct key *key, char *buffer, size_t buflen)
{
	const struct own_payload *own = key->payload.data[0];

	if (buffer && buflen)
		memcpy(buffer, own->data, min(buflen, own->len));
	return own->len;
}

struct key_type inkernel_key_type = {
	.name		= INKERNEL_TYPE,
	.preparse	= own_preparse,
	.free_preparse	= own_free_preparse,
	.instantiate	= generic_key_instantiate,
	.update		= own_update,
	.revoke		= own_revoke,
	.destroy	= own_destroy,
	.describe	= own_describe,
	.read		= own_read,
};

int inkernel_type_add(void)
{
	int err = -EEXIST;

	mutex_lock(&registration);
	if (!registered) {
		err = register_key_type(&inkernel_key_type);
		registered = !err;
	}
	mutex_unlock(&registration);
	return err;
}

/* When this returns there is no payload of the type any more */
int inkernel_type_remove(void)
{
	int err = -ENOENT;

	mutex_lock(&registration);
	if (registered) {
		unregister_key_type(&inkernel_key_type);
		registered = false;
		err = 0;
	}
	mutex_unlock(&registration);
	return err;
}

bool inkernel_type_is_there(void)
{
	return READ_ONCE(registered);
}

int inkernel_type_alive(void)
{
	return atomic_read(&alive);
}
