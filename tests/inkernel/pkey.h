/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations with asymmetric keys, as programs call them.
 *
 * Specified by keyctl_pkey_query(3), keyctl_pkey_encrypt(3), keyctl_pkey_sign(3).
 */
#ifndef PKEY_H
#define PKEY_H

#include "inkernel.h"

enum { RSA_BYTES = 256 };	/* of the keys that make-keys.sh makes */

enum { CAN_ENCRYPT = 1, CAN_DECRYPT = 2, CAN_SIGN = 4, CAN_VERIFY = 8 };

static inline long kc_pkey_query(long key, const char *info, struct pkey_query *res)
{
	return keyctl(OP_PKEY_QUERY, key, 0, (long)info, (long)res);
}

/* All but QUERY; @in and @out in shared memory or constant */
static inline long kc_pkey(int op, long key, const char *info, const void *in, long in_len,
			   void *out, long out_len)
{
	struct pkey_params *params = shared(sizeof(*params));

	memset(params, 0, sizeof(*params));
	params->key = key;
	params->in_len = in_len;
	params->out_len = out_len;
	return keyctl(op, (long)params, (long)info, (long)in, (long)out);
}

/* How a signature that does not fit is refused differs between kernels */
static inline bool rejected(long ret)
{
	return ret == -EKEYREJECTED || ret == -EBADMSG || ret == -EINVAL;
}

/* A key made of a file; without a description it gets the certificate's */
static inline long add_file(const char *name, const char *desc, long ring)
{
	struct blob *blob = blob_of(name);

	return kc_add("asymmetric", desc, blob->data, blob->len, ring);
}

#endif /* PKEY_H */
