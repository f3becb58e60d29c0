/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room request: looking for a key on behalf of request_key(2), and having it
 * made by a helper when there is none.
 */
#ifndef KEYRINGS_REQUEST_H
#define KEYRINGS_REQUEST_H

#include <keyrings/cred.h>

/**
 * kr_request_init() - prepare the room
 *
 * Return: 0.
 */
int kr_request_init(void);

/**
 * kr_request_key() - request_key(2)
 * @type: type of the key
 * @desc: description
 * @callout: what to tell the helper; NULL when no key is to be made
 * @dest: where to link the key, or NULL
 * @key: the key, with a reference
 *
 * An expired key is as good as none here. Sleeps: uninterruptibly while the
 * helper that it started runs, with no lock held, and while others change @dest;
 * interruptibly while somebody else's helper runs.
 *
 * Return: 0; -ENOKEY nothing found, or the helper did not make it; -EACCES found, but it may
 * not be linked, or none of the rings may be searched, or not a ring of the UID that is
 * wanted; -EINVAL no description, or one that the type refuses; -ENODEV the type has gone;
 * -EPERM a keyring cannot be made; -EKEYREVOKED; -EKEYEXPIRED what was waited for has
 * expired meanwhile, or a ring of the UID; -EKEYREJECTED and others: the error of a negative
 * key; -EDQUOT; -ENOMEM; -ERESTARTSYS; errors of a link; what the start of the helper says,
 * as -ENOENT where there is none and -EBUSY while the kernel starts none.
 */
int kr_request_key(const struct kr_key_type *type, const char *desc, struct kr_payload *callout,
		   struct kr_key *dest, struct kr_key **key);

/**
 * kr_request_instantiate() - KEYCTL_INSTANTIATE
 * @authority: assumed by current
 * @authkey: its key, invalidated on success
 * @prep: the bytes
 * @ring: where to link the key, or NULL
 *
 * May sleep. On success current's authority is dropped.
 *
 * Return: 0; -EBUSY; and as kr_ring_instantiate_key().
 */
int kr_request_instantiate(struct kr_authority *authority, struct kr_key *authkey,
			   struct kr_prep *prep, struct kr_key *ring);

/**
 * kr_request_reject() - KEYCTL_REJECT
 * @authority: assumed by current
 * @authkey: its key, invalidated when the key was rejected
 * @error: positive errno
 * @timeout: seconds for which the key says so
 * @ring: where to link the key, or NULL
 *
 * May sleep. On success current's authority is dropped.
 *
 * Return: 0; -EBUSY; and as kr_ring_reject_key().
 */
int kr_request_reject(struct kr_authority *authority, struct kr_key *authkey, unsigned int error,
		      unsigned int timeout, struct kr_key *ring);

#endif /* KEYRINGS_REQUEST_H */
