/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room key: what is particular to a type of keys, the payloads that types make,
 * and the registry of types.
 */
#ifndef KEYRINGS_KEY_TYPE_H
#define KEYRINGS_KEY_TYPE_H

#include <linux/err.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/time64.h>

struct kernel_pkey_params;
struct kernel_pkey_query;
struct kr_key;
struct kr_restriction;
struct seq_file;

#define KR_TYPE_NAME_MAX	31	/* bytes of a type's name without the NUL */

/**
 * struct kr_payload - bytes that several tasks may read at once
 * @rcu: frees it after those who only looked
 * @usage: one for the key, one for each reader that may sleep
 * @len: bytes in @data
 * @data: the secret; wiped when freed
 */
struct kr_payload {
	struct rcu_head rcu;
	refcount_t usage;
	u32 len;
	u8 data[];
};

/**
 * kr_payload_alloc() - allocate room for a payload
 * @len: bytes
 *
 * May sleep.
 *
 * Return: the payload with one reference, its bytes not initialised; NULL when memory is short.
 */
struct kr_payload *kr_payload_alloc(size_t len);

/**
 * kr_payload_put() - drop a reference; the last one wipes and frees
 * @payload: the payload, or NULL
 */
void kr_payload_put(struct kr_payload *payload);

/**
 * kr_payload_put_now() - drop a reference when no reader under RCU can be left
 * @payload: the payload, or NULL
 *
 * For payloads that were never published and for those of keys being freed.
 */
void kr_payload_put_now(struct kr_payload *payload);

/**
 * struct kr_buf - where KEYCTL_READ writes
 * @user: user memory, or NULL
 * @kernel: kernel memory, used when @user is NULL
 * @len: bytes there; 0 when only the length is asked for
 */
struct kr_buf {
	char __user *user;
	void *kernel;
	size_t len;
};

/**
 * kr_buf_write() - give bytes to the reader
 * @buf: where to
 * @offset: first byte in @buf; the caller checked that @offset + @len fits
 * @src: fully initialised bytes
 * @len: how many
 *
 * May sleep when @buf is in user memory.
 *
 * Return: 0 or -EFAULT.
 */
int kr_buf_write(const struct kr_buf *buf, size_t offset, const void *src, size_t len);

/**
 * struct kr_prep - a payload on its way into a key
 * @type: of the key
 * @ring: that the key is added to, by add_key(2); else NULL
 * @fresh: it is for a key that has none yet; otherwise it may be for an update
 * @deferred: it may be for an update, and so the type has not looked at it yet
 * @quotalen: bytes to charge for the payload
 * @desc: the caller's description, or NULL
 * @made_desc: a description the type derived from the payload, kmalloc()ed, or NULL
 * @data: the caller's bytes, or NULL; the type may take them by setting this to NULL
 * @payload: what the type made of them
 * @expiry: when the new key expires, or KR_NEVER
 */
struct kr_prep {
	const struct kr_key_type *type;
	const struct kr_key *ring;
	bool fresh;
	bool deferred;
	u32 quotalen;
	const char *desc;
	char *made_desc;
	struct kr_payload *data;
	void *payload;
	time64_t expiry;
};

/**
 * struct kr_match - a comparison that is the type's own
 * @cmp: is this key of the type meant? In an RCU read section
 */
struct kr_match {
	bool (*cmp)(const struct kr_match *match, const struct kr_key *key);
};

/**
 * struct kr_pkey_ops - KEYCTL_PKEY_QUERY to KEYCTL_PKEY_VERIFY
 * @query: what the key can do
 * @crypt: encrypt, decrypt or sign, as @params says; returns the length of the result
 * @verify: 0 when the signature is right
 *
 * They may sleep. The key is positive.
 */
struct kr_pkey_ops {
	int (*query)(struct kr_key *key, struct kernel_pkey_params *params,
		     struct kernel_pkey_query *info);
	int (*crypt)(struct kr_key *key, struct kernel_pkey_params *params, const void *in,
		     void *out);
	int (*verify)(struct kr_key *key, struct kernel_pkey_params *params, const void *in,
		      const void *signature);
};

/**
 * struct kr_key_type - what is particular to one type of key
 * @name: the name, at most KR_TYPE_NAME_MAX bytes
 * @def_datalen: bytes charged at creation, before the payload is known
 * @needs_desc: a payload is looked at only when a key is made of it: it never says what the key
 *	is called
 * @no_helper: keys are made for code in the kernel only, which has a way of its own
 * @vet_description: refuse a description; may be NULL
 * @preparse: check the caller's bytes and prepare what instantiate and update consume; may sleep
 * @free_preparse: free what neither consumed
 * @instantiate: give the key its payload; called once for a key
 * @update: replace the payload; NULL when the type has no update
 * @revoke: give up the payload of a key that stays in existence; may be NULL; called again, also
 *	at the same time, by each who revokes the key at once
 * @destroy: free the payload; no reader is left; may not sleep
 * @describe: the part of a /proc/keys line that is the type's; in an RCU read section
 * @read: KEYCTL_READ; returns the full length; NULL when the payload is secret
 * @match_begin: prepare a search for what only the type can compare with a description; NULL
 *	or returning NULL: keys are found by type and description alone; else may be an
 *	ERR_PTR; may sleep
 * @match_end: free what @match_begin returned; there when that is
 * @lookup_restriction: what a string says of keys that a ring may hold; an ERR_PTR of -EINVAL,
 *	-ENOKEY or -ENOMEM; may be NULL; may sleep
 * @pkey: the public-key operations, or NULL
 * @update_revives: an update takes the key's time of expiry away
 * @reap_at_once: the links of an expired key go without the delay of others
 * @keys: counts the keys of the type, from kr_key_init_object() until their memory goes; NULL
 *	for a type that stays as long as the module
 * @list: in the registry
 */
struct kr_key_type {
	const char *name;
	size_t def_datalen;
	bool needs_desc;
	bool no_helper;
	int (*vet_description)(const struct kr_key_type *type, const char *desc);
	int (*preparse)(struct kr_prep *prep);
	void (*free_preparse)(struct kr_prep *prep);
	int (*instantiate)(struct kr_key *key, struct kr_prep *prep);
	int (*update)(struct kr_key *key, struct kr_prep *prep);
	void (*revoke)(struct kr_key *key);
	void (*destroy)(struct kr_key *key);
	void (*describe)(const struct kr_key *key, struct seq_file *m);
	long (*read)(struct kr_key *key, const struct kr_buf *buf);
	struct kr_match *(*match_begin)(const struct kr_key_type *type, const char *desc);
	void (*match_end)(struct kr_match *match);
	struct kr_restriction *(*lookup_restriction)(const struct kr_key_type *type,
						     const char *restriction);
	const struct kr_pkey_ops *pkey;
	bool update_revives;
	bool reap_at_once;
	atomic_long_t *keys;
	struct list_head list;
};

/**
 * kr_key_type_register() - make a type known
 * @type: kept until kr_key_type_unregister()
 *
 * Return: 0 or -EEXIST.
 */
int kr_key_type_register(struct kr_key_type *type);

/**
 * kr_key_type_unregister() - forget a type
 * @type: no key of it is left
 */
void kr_key_type_unregister(struct kr_key_type *type);

/**
 * kr_key_type_find() - find a type by name
 * @name: the name
 *
 * The module's own, or else one that the bridge knows of. May sleep.
 *
 * Return: the type; NULL for none; or an ERR_PTR of -ENOMEM when it is not known.
 */
const struct kr_key_type *kr_key_type_find(const char *name);

/**
 * kr_key_type_find_own() - find a type of the module's own
 * @name: the name
 *
 * Return: the type or NULL.
 */
const struct kr_key_type *kr_key_type_find_own(const char *name);

/**
 * kr_key_set_type_finder() - tell the room where else types are found
 * @find: as kr_key_type_find(); the type stays as long as the module, or as the namespaces
 *	that current is in, or as a key of it; may sleep
 */
void kr_key_set_type_finder(const struct kr_key_type *(*find)(const char *name));

#endif /* KEYRINGS_KEY_TYPE_H */
