// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kr_inkernel: keys as kernel code finds, holds and reads them. The calls
 * are in ../inkernel_abi.h.
 */
#define pr_fmt(fmt) "kr_inkernel: " fmt
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/uaccess.h>
#include <linux/dns_resolver.h>
#include <keys/encrypted-type.h>
#include <keys/user-type.h>
#include <net/net_namespace.h>

#include "inkernel.h"

/* What one opener holds */
struct holder {
	struct mutex lock;	/* guards the others */
	struct key *slot[INKERNEL_SLOTS];
	struct key_tag *tag;	/* of the keys of the network namespace that is watched */
	struct inkernel_request *last;	/* to be made when the file is closed */
};

static atomic_t released = ATOMIC_INIT(-EAGAIN);	/* what came of such a request */

/* Takes the reference over; returns the slot */
static long hold(struct holder *h, struct key *key)
{
	long i;

	if (IS_ERR(key))
		return PTR_ERR(key);
	mutex_lock(&h->lock);
	for (i = 0; i < INKERNEL_SLOTS && h->slot[i]; i++)
		;
	if (i < INKERNEL_SLOTS)
		h->slot[i] = key;
	mutex_unlock(&h->lock);
	if (i < INKERNEL_SLOTS)
		return i;
	key_put(key);
	return -EMFILE;
}

/* A reference to a held key, or an ERR_PTR() */
static struct key *held(struct holder *h, unsigned long slot)
{
	struct key *key = NULL;

	mutex_lock(&h->lock);
	if (slot < INKERNEL_SLOTS && h->slot[slot])
		key = key_get(h->slot[slot]);
	mutex_unlock(&h->lock);
	return key ?: ERR_PTR(-EBADF);
}

static long put(struct holder *h, unsigned long slot)
{
	struct key *key = NULL;

	mutex_lock(&h->lock);
	if (slot < INKERNEL_SLOTS)
		swap(key, h->slot[slot]);
	mutex_unlock(&h->lock);
	key_put(key);
	return key ? 0 : -EBADF;
}

/* The bytes that a user of the type works with; -EKEYREVOKED if there are none */
static long payload(struct key *key, char *text, size_t size)
{
	const struct user_key_payload *user;

	lockdep_assert_held(&key->sem);
	if (key->type == &key_type_user || key->type == &key_type_logon) {
		user = user_key_payload_locked(key);
		if (!user)
			return -EKEYREVOKED;
		memcpy(text, user->data, min_t(size_t, size, user->datalen));
		return user->datalen;
	}
	if (!key->payload.data[0])
		return -EKEYREVOKED;
#if IS_ENABLED(CONFIG_ENCRYPTED_KEYS)
	if (key->type == &key_type_encrypted) {
		const struct encrypted_key_payload *enc = key->payload.data[0];

		memcpy(text, enc->decrypted_data, min_t(size_t, size, enc->decrypted_datalen));
		return enc->decrypted_datalen;
	}
#endif
	return key->type->read ? key->type->read(key, text, size) : -EOPNOTSUPP;
}

static long read_payload(struct key *key, struct inkernel_text *text)
{
	long len;

	down_read(&key->sem);
	len = payload(key, text->text, sizeof(text->text));
	up_read(&key->sem);
	if (len > (long)sizeof(text->text))
		return -EMSGSIZE;
	return len;
}

static long describe(struct key *key, struct inkernel_text *text)
{
	return scnprintf(text->text, sizeof(text->text), "%s;%s", key->type->name,
			 key->description);
}

static long dns(struct inkernel_text *text)
{
	char *address = NULL;
	int len;

	text->text[sizeof(text->text) - 1] = 0;
	len = dns_query(current->nsproxy->net_ns, NULL, text->text, strlen(text->text),
			NULL, &address, NULL, false);
	if (len >= 0)
		strscpy(text->text, address, sizeof(text->text));
	kfree(address);
	return len;
}

static long do_text(struct holder *h, unsigned int cmd, void __user *arg)
{
	struct inkernel_text *text = memdup_user(arg, sizeof(*text));
	struct key *key = NULL;
	long ret;

	if (IS_ERR(text))
		return PTR_ERR(text);
	if (cmd == INKERNEL_DNS) {
		ret = dns(text);
		goto out;
	}
	key = held(h, text->slot);
	ret = PTR_ERR_OR_ZERO(key);
	if (ret)
		goto out_free;
	ret = cmd == INKERNEL_PAYLOAD ? read_payload(key, text) : describe(key, text);
	key_put(key);
out:
	if (ret >= 0) {
		text->len = ret;
		if (copy_to_user(arg, text, sizeof(*text)))
			ret = -EFAULT;
	}
out_free:
	kfree_sensitive(text);
	return ret;
}

static struct inkernel_request *request_from(void __user *arg)
{
	struct inkernel_request *req = memdup_user(arg, sizeof(*req));

	if (IS_ERR(req))
		return req;
	req->type[sizeof(req->type) - 1] = 0;
	req->desc[sizeof(req->desc) - 1] = 0;
	req->callout[sizeof(req->callout) - 1] = 0;
	return req;
}

static long do_request(struct holder *h, void __user *arg)
{
	struct inkernel_request *req = request_from(arg);
	long ret;

	if (IS_ERR(req))
		return PTR_ERR(req);
	ret = hold(h, inkernel_request(req));
	kfree(req);
	return ret;
}

static long at_release(struct holder *h, void __user *arg)
{
	struct inkernel_request *req = request_from(arg);

	if (IS_ERR(req))
		return PTR_ERR(req);
	mutex_lock(&h->lock);
	swap(req, h->last);
	mutex_unlock(&h->lock);
	kfree(req);
	atomic_set(&released, -EAGAIN);
	return 0;
}

static void request_last(struct holder *h)
{
	struct key *key;

	if (!h->last)
		return;
	key = inkernel_request(h->last);
	atomic_set(&released, PTR_ERR_OR_ZERO(key));
	if (!IS_ERR(key))
		key_put(key);
	kfree(h->last);
}

static long do_lookup(struct holder *h, void __user *arg)
{
	struct inkernel_lookup look;

	if (copy_from_user(&look, arg, sizeof(look)))
		return -EFAULT;
	return hold(h, inkernel_lookup(&look));
}

static long do_find(struct holder *h, void __user *arg)
{
	struct inkernel_lookup look;

	if (copy_from_user(&look, arg, sizeof(look)))
		return -EFAULT;
	return hold(h, inkernel_find(&look));
}

static long do_search(struct holder *h, void __user *arg)
{
	struct inkernel_search *search = memdup_user(arg, sizeof(*search));
	struct key *ring;
	long ret;

	if (IS_ERR(search))
		return PTR_ERR(search);
	search->type[sizeof(search->type) - 1] = 0;
	search->desc[sizeof(search->desc) - 1] = 0;
	ring = held(h, search->slot);
	ret = IS_ERR(ring) ? PTR_ERR(ring) : hold(h, inkernel_search(ring, search));
	if (!IS_ERR(ring))
		key_put(ring);
	kfree(search);
	return ret;
}

/* What kernel code may do to a key that it found */
static long do_to_key(struct holder *h, unsigned int cmd, unsigned long slot)
{
	struct key *key = held(h, slot);

	if (IS_ERR(key))
		return PTR_ERR(key);
	if (cmd == INKERNEL_REVOKE)
		key_revoke(key);
	else if (cmd == INKERNEL_INVALIDATE)
		key_invalidate(key);
	else
		WRITE_ONCE(key->perm, 0);
	key_put(key);
	return 0;
}

static void put_tag(struct key_tag *tag)
{
	if (tag && refcount_dec_and_test(&tag->usage))
		kfree_rcu(tag, rcu);
}

static long net_watch(struct holder *h)
{
	struct key_tag *tag = current->nsproxy->net_ns->key_domain;

	refcount_inc(&tag->usage);
	mutex_lock(&h->lock);
	swap(tag, h->tag);
	mutex_unlock(&h->lock);
	put_tag(tag);
	return 0;
}

static long net_holders(struct holder *h)
{
	long ret = -EBADF;

	mutex_lock(&h->lock);
	if (h->tag)
		ret = refcount_read(&h->tag->usage) - 1;
	mutex_unlock(&h->lock);
	return ret;
}

static long ask_key(struct holder *h, unsigned int cmd, unsigned long slot)
{
	struct key *key = held(h, slot);
	long ret;

	if (IS_ERR(key))
		return PTR_ERR(key);
	ret = cmd == INKERNEL_SERIAL ? key_serial(key) : key_validate(key);
	key_put(key);
	return ret;
}

static long inkernel_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct holder *h = file->private_data;

	switch (cmd) {
	case INKERNEL_REQUEST:
		return do_request(h, (void __user *)arg);
	case INKERNEL_AT_RELEASE:
		return at_release(h, (void __user *)arg);
	case INKERNEL_RELEASED:
		return atomic_read(&released);
	case INKERNEL_LOOKUP:
		return do_lookup(h, (void __user *)arg);
	case INKERNEL_FIND:
		return do_find(h, (void __user *)arg);
	case INKERNEL_SEARCH:
		return do_search(h, (void __user *)arg);
	case INKERNEL_REVOKE:
	case INKERNEL_INVALIDATE:
	case INKERNEL_FREEZE:
		return do_to_key(h, cmd, arg);
	case INKERNEL_DENY_WRITE:
		inkernel_deny_write(arg);
		return 0;
	case INKERNEL_NET_WATCH:
		return net_watch(h);
	case INKERNEL_NET_HOLDERS:
		return net_holders(h);
	case INKERNEL_SERIAL:
	case INKERNEL_VALIDATE:
		return ask_key(h, cmd, arg);
	case INKERNEL_PAYLOAD:
	case INKERNEL_DESCRIBE:
	case INKERNEL_DNS:
		return do_text(h, cmd, (void __user *)arg);
	case INKERNEL_PUT:
		return put(h, arg);
	case INKERNEL_TYPE_ADD:
		return inkernel_type_add(arg);
	case INKERNEL_TYPE_REMOVE:
		return inkernel_type_remove();
	case INKERNEL_TYPE_ALIVE:
		return inkernel_type_alive();
	case INKERNEL_TYPE_STAY:
		return inkernel_type_stay(arg);
	default:
		return -ENOTTY;
	}
}

static int inkernel_open(struct inode *inode, struct file *file)
{
	struct holder *h = kzalloc(sizeof(*h), GFP_KERNEL);

	if (!h)
		return -ENOMEM;
	mutex_init(&h->lock);
	file->private_data = h;
	return 0;
}

static int inkernel_release(struct inode *inode, struct file *file)
{
	struct holder *h = file->private_data;
	int i;

	request_last(h);
	for (i = 0; i < INKERNEL_SLOTS; i++)
		key_put(h->slot[i]);
	put_tag(h->tag);
	mutex_destroy(&h->lock);
	kfree(h);
	return 0;
}

static const struct file_operations inkernel_fops = {
	.owner		= THIS_MODULE,
	.open		= inkernel_open,
	.release	= inkernel_release,
	.unlocked_ioctl	= inkernel_ioctl,
	.compat_ioctl	= inkernel_ioctl,
};

static struct miscdevice inkernel_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "kr_inkernel",
	.mode	= 0666,
	.fops	= &inkernel_fops,
};

static int __init inkernel_init(void)
{
	int err = inkernel_find_init() ?: inkernel_private_ring_make();

	if (err)
		return err;
	err = inkernel_policy_init();
	if (err)
		goto drop_ring;
	err = misc_register(&inkernel_device);
	if (err)
		goto policy_exit;
	return 0;

policy_exit:
	inkernel_policy_exit();
drop_ring:
	inkernel_private_ring_drop();
	return err;
}

static void __exit inkernel_exit(void)
{
	misc_deregister(&inkernel_device);
	inkernel_type_remove();
	inkernel_policy_exit();
	inkernel_private_ring_drop();
}

module_init(inkernel_init);
module_exit(inkernel_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Users of keys inside the kernel, for the tests of keyrings.ko");
