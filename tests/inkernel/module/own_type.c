// SPDX-License-Identifier: GPL-2.0-only
/*
 * A type of keys as a module brings it, which counts its payloads. The payload
 * "take NAME" is that of the user key NAME, "linger NAME" the same a moment later; "sleep"
 * takes a minute to look at, or until a signal comes.
 */
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <keys/user-type.h>

#include "inkernel.h"

#define MOMENT_MS 50

static DEFINE_MUTEX(registration);
static bool registered;
static atomic_t alive = ATOMIC_INIT(0);
static bool to_stay;
static atomic_t staying = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(may_leave);

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

static struct own_payload *copy_of(const char *data, size_t len)
{
	struct own_payload *own = kmalloc(sizeof(*own) + len, GFP_KERNEL);

	if (!own)
		return NULL;
	own->len = len;
	memcpy(own->data, data, len);
	atomic_inc(&alive);
	return own;
}

/* The bytes of a user key; where there is none the type is content with "nothing" */
static struct own_payload *copy_of_key(const char *desc)
{
	struct key *key = request_key(&key_type_user, desc, NULL);
	const struct user_key_payload *user;
	struct own_payload *own;

	if (key == ERR_PTR(-ENOMEM))
		return NULL;
	if (IS_ERR(key))
		return copy_of("nothing", 7);
	down_read(&key->sem);
	user = user_key_payload_locked(key);
	own = user ? copy_of(user->data, user->datalen) : NULL;
	up_read(&key->sem);
	key_put(key);
	return own;
}

static struct own_payload *take_from_key(const char *desc, size_t len)
{
	struct own_payload *own;
	char *copy = kmemdup_nul(desc, len, GFP_KERNEL);

	if (!copy)
		return NULL;
	own = copy_of_key(copy);
	kfree(copy);
	return own;
}

static int own_vet_description(const char *desc)
{
	return desc[0] == '!' ? -EINVAL : 0;
}

static int own_preparse(struct key_preparsed_payload *prep)
{
	struct own_payload *own;

	if (!prep->datalen || prep->datalen > INKERNEL_TEXT)
		return -EINVAL;
	if (prep->datalen == 5 && !memcmp(prep->data, "sleep", 5))
		msleep_interruptible(60 * MSEC_PER_SEC);
	if (prep->datalen > 7 && !memcmp(prep->data, "linger ", 7)) {
		msleep(MOMENT_MS);
		own = take_from_key(prep->data + 7, prep->datalen - 7);
	} else if (prep->datalen > 5 && !memcmp(prep->data, "take ", 5)) {
		own = take_from_key(prep->data + 5, prep->datalen - 5);
	} else {
		own = copy_of(prep->data, prep->datalen);
	}
	if (!own)
		return -ENOMEM;
	prep->payload.data[0] = own;
	prep->quotalen = own->len;
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

/* The kernel's collector is here, and frees no other keys meanwhile */
static void stay(void)
{
	if (!READ_ONCE(to_stay))
		return;
	atomic_inc(&staying);
	wait_event_timeout(may_leave, !READ_ONCE(to_stay), 60 * HZ);
	atomic_dec(&staying);
}

int inkernel_type_stay(bool yes)
{
	WRITE_ONCE(to_stay, yes);
	wake_up_all(&may_leave);
	return atomic_read(&staying);
}

static void own_destroy(struct key *key)
{
	stay();
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

/* What it may lack is set when it is registered */
struct key_type inkernel_key_type = {
	.name		= INKERNEL_TYPE,
	.flags		= KEY_TYPE_NET_DOMAIN,	/* request_key() means that of current */
	.vet_description = own_vet_description,
	.preparse	= own_preparse,
	.free_preparse	= own_free_preparse,
	.instantiate	= generic_key_instantiate,
	.revoke		= own_revoke,
	.destroy	= own_destroy,
	.describe	= own_describe,
};

int inkernel_type_add(unsigned long lacks)
{
	int err = -EEXIST;

	mutex_lock(&registration);
	if (!registered) {
		inkernel_key_type.read = lacks & INKERNEL_NO_READ ? NULL : own_read;
		inkernel_key_type.update = lacks & INKERNEL_NO_UPDATE ? NULL : own_update;
		err = register_key_type(&inkernel_key_type);
		registered = !err;
	}
	mutex_unlock(&registration);
	return err;
}

/* When this returns there is no payload of the type any more, and no end of one takes long */
int inkernel_type_remove(void)
{
	int err = -ENOENT;

	inkernel_type_stay(false);
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
