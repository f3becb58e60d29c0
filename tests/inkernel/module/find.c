// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ways in which kernel code finds a key: by type and description in the rings
 * of the process it works for, by serial, and under credentials of its own.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/init_task.h>
#include <linux/keyctl.h>
#include <linux/kprobes.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <keys/asymmetric-type.h>
#include <keys/encrypted-type.h>
#include <keys/user-type.h>

#include "inkernel.h"

/* Credentials as NFS and CIFS use them: no ring but a private one, as @t */
static struct cred *private_cred;

/* A ring whose keys are to stay, as that of the blacklist; its owner may do all else */
static struct key *kept_ring;

static int kept_ring_make(const struct cred *cred)
{
	kept_ring = keyring_alloc(".kr_kept", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, cred,
				  KEY_POS_ALL | KEY_USR_ALL,
				  KEY_ALLOC_NOT_IN_QUOTA | KEY_ALLOC_SET_KEEP, NULL, NULL);
	return PTR_ERR_OR_ZERO(kept_ring);
}

int inkernel_private_ring_make(void)
{
	struct cred *cred = prepare_kernel_cred(&init_task);
	struct key *ring;
	int err;

	if (!cred)
		return -ENOMEM;
	ring = keyring_alloc(".kr_inkernel", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, cred,
			     (KEY_POS_ALL & ~KEY_POS_SETATTR) | KEY_USR_VIEW | KEY_USR_READ,
			     KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
	if (IS_ERR(ring)) {
		put_cred(cred);
		return PTR_ERR(ring);
	}
	err = kept_ring_make(cred);
	if (err) {
		key_put(ring);
		put_cred(cred);
		return err;
	}
	set_bit(KEY_FLAG_ROOT_CAN_CLEAR, &ring->flags);
	cred->thread_keyring = ring;
	cred->jit_keyring = KEY_REQKEY_DEFL_THREAD_KEYRING;
	private_cred = cred;
	return 0;
}

void inkernel_private_ring_drop(void)
{
	key_put(kept_ring);
	key_revoke(private_cred->thread_keyring);
	put_cred(private_cred);
}

static struct key_type *type_named(const char *name)
{
	struct key_type *const types[] = {
		&key_type_user, &key_type_logon, &key_type_keyring,
#if IS_ENABLED(CONFIG_ENCRYPTED_KEYS)
		&key_type_encrypted,
#endif
		&key_type_asymmetric,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i]->name, name))
			return types[i];
	if (inkernel_type_is_there() && !strcmp(name, inkernel_key_type.name))
		return &inkernel_key_type;
	return NULL;
}

struct key *inkernel_request(const struct inkernel_request *req)
{
	const char *callout = req->callout[0] ? req->callout : NULL;
	struct key_type *type = type_named(req->type);
	const struct cred *saved;
	struct key *key;

	if (!type)
		return ERR_PTR(-ENODEV);
	switch (req->how) {
	case INKERNEL_PLAIN:
		return request_key(type, req->desc, callout);
	case INKERNEL_RCU:
		rcu_read_lock();
		key = request_key_rcu(type, req->desc, NULL);
		rcu_read_unlock();
		return key;
	case INKERNEL_OVERRIDE:
		saved = override_creds(private_cred);
		key = request_key(type, req->desc, callout);
		revert_creds(saved);
		return key;
	default:
		return ERR_PTR(-EINVAL);
	}
}

struct key *inkernel_lookup(const struct inkernel_lookup *look)
{
	key_ref_t ref = lookup_user_key(look->serial, look->flags, look->need);

	return IS_ERR(ref) ? ERR_CAST(ref) : key_ref_to_ptr(ref);
}

/* key_lookup(), which 6.1 does not export. */
static struct key *(*lookup_by_serial)(key_serial_t serial);

int inkernel_find_init(void)
{
	struct kprobe probe = { .symbol_name = "key_lookup" };
	int err = register_kprobe(&probe);

	if (err)
		return err;
	lookup_by_serial = (void *)probe.addr;
	unregister_kprobe(&probe);
	return 0;
}

struct key *inkernel_find(const struct inkernel_lookup *look)
{
	const struct cred *saved;
	struct key *key;

	if (look->need != INKERNEL_OVERRIDE)
		return lookup_by_serial(look->serial);
	saved = override_creds(private_cred);
	key = lookup_by_serial(look->serial);
	revert_creds(saved);
	return key;
}

struct key *inkernel_search(struct key *ring, const struct inkernel_search *search)
{
	struct key_type *type = type_named(search->type);
	key_ref_t ref;

	if (!type)
		return ERR_PTR(-ENODEV);
	ref = keyring_search(make_key_ref(ring, true), type, search->desc, true);
	return IS_ERR(ref) ? ERR_CAST(ref) : key_ref_to_ptr(ref);
}
