/* SPDX-License-Identifier: GPL-2.0-only */
/* Room request: looking for a key on behalf of request_key(2). */
#ifndef KEYRINGS_REQUEST_H
#define KEYRINGS_REQUEST_H

#include <keyrings/cred.h>

/**
 * kr_request_find() - the search of request_key(2)
 * @type: type of the key
 * @desc: description
 * @dest: where to link what is found, or NULL
 * @key: the key, with a reference
 *
 * An expired key is as good as none here. May sleep.
 *
 * Return: 0; -EAGAIN nothing found; -EACCES found, but it may not be linked or none of the
 * rings may be searched; -EKEYREVOKED; the error of a negative key; errors of a link.
 */
int kr_request_find(const struct kr_key_type *type, const char *desc, struct kr_key *dest,
		    struct kr_key **key);

#endif /* KEYRINGS_REQUEST_H */
