/* SPDX-License-Identifier: GPL-2.0-only */
/* Room types: the key types of the module's own, one file each. */
#ifndef KEYRINGS_TYPES_H
#define KEYRINGS_TYPES_H

struct kr_key;
struct kr_payload;

/**
 * kr_types_init() - register the types
 *
 * Return: 0, -EEXIST or -ENOMEM.
 */
int kr_types_init(void);

/**
 * kr_types_exit() - unregister them
 *
 * No key is left.
 */
void kr_types_exit(void);

/**
 * kr_user_payload_get() - the bytes of a `user` or `logon` key
 * @key: of one of these types; the caller holds a reference
 *
 * Return: the payload with a reference; NULL when the key has none, or is of another type.
 */
struct kr_payload *kr_user_payload_get(struct kr_key *key);

#endif /* KEYRINGS_TYPES_H */
