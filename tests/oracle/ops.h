/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls of the key service, as tests name them that make any of them. */
#ifndef OPS_H
#define OPS_H

#include <stdbool.h>

enum op {
	GET_ID, JOIN, UPDATE, REVOKE, CHOWN, SETPERM, DESCRIBE, CLEAR, LINK,
	UNLINK, SEARCH, READ, INSTANTIATE, NEGATE, SET_REQKEY, SET_TIMEOUT,
	ASSUME, GET_SECURITY, TO_PARENT, REJECT, INSTANTIATE_IOV, INVALIDATE,
	GET_PERSISTENT, DH_COMPUTE, PKEY_QUERY, PKEY_ENCRYPT, PKEY_DECRYPT,
	PKEY_SIGN, PKEY_VERIFY, RESTRICT, MOVE, CAPABILITIES, WATCH_KEY,
	ADD_KEY, REQUEST_KEY, NO_SUCH_OP, OPS
};

/*
 * What an argument is: i key, r ring, t type, s text, d data, l its length,
 * b buffer for the answer, L its length, n number, x permissions, v iovec,
 * p structure
 */
struct opdesc {
	const char *name;
	const char *args;
	bool gives_id;
};

extern const struct opdesc opdesc[OPS];

long op_number(enum op op);	/* of the system call */
/* What goes into the registers */
void op_lay_out(enum op op, const long *a, long *arg);

#endif
