// SPDX-License-Identifier: GPL-2.0-only
/* The calls by name: what their arguments are, and in which registers they go. */
#include "ops.h"

#include <string.h>

#include "../selftests/keyctl_abi.h"

const struct opdesc opdesc[OPS] = {
	[GET_ID]	= { "GET_KEYRING_ID", "in", true },
	[JOIN]		= { "JOIN", "s", true },
	[UPDATE]	= { "UPDATE", "idl" },
	[REVOKE]	= { "REVOKE", "i" },
	[CHOWN]		= { "CHOWN", "inn" },
	[SETPERM]	= { "SETPERM", "ix" },
	[DESCRIBE]	= { "DESCRIBE", "ibL" },
	[CLEAR]		= { "CLEAR", "r" },
	[LINK]		= { "LINK", "ir" },
	[UNLINK]	= { "UNLINK", "ir" },
	[SEARCH]	= { "SEARCH", "rtsr", true },
	[READ]		= { "READ", "ibL" },
	[INSTANTIATE]	= { "INSTANTIATE", "idlr" },
	[NEGATE]	= { "NEGATE", "inr" },
	[SET_REQKEY]	= { "SET_REQKEY", "n" },
	[SET_TIMEOUT]	= { "SET_TIMEOUT", "in" },
	[ASSUME]	= { "ASSUME", "i", true },
	[GET_SECURITY]	= { "GET_SECURITY", "ibL" },
	[TO_PARENT]	= { "TO_PARENT", "" },
	[REJECT]	= { "REJECT", "innr" },
	[INSTANTIATE_IOV] = { "INSTANTIATE_IOV", "ivnr" },
	[INVALIDATE]	= { "INVALIDATE", "i" },
	[GET_PERSISTENT] = { "GET_PERSISTENT", "nr", true },
	[DH_COMPUTE]	= { "DH_COMPUTE", "pbLp" },
	[PKEY_QUERY]	= { "PKEY_QUERY", "insp" },
	[PKEY_ENCRYPT]	= { "PKEY_ENCRYPT", "pspp" },
	[PKEY_DECRYPT]	= { "PKEY_DECRYPT", "pspp" },
	[PKEY_SIGN]	= { "PKEY_SIGN", "pspp" },
	[PKEY_VERIFY]	= { "PKEY_VERIFY", "pspp" },
	[RESTRICT]	= { "RESTRICT", "rts" },
	[MOVE]		= { "MOVE", "irrn" },
	[CAPABILITIES]	= { "CAPABILITIES", "bL" },
	[WATCH_KEY]	= { "WATCH_KEY", "inn" },
	[ADD_KEY]	= { "add_key", "tsdlr", true },
	[REQUEST_KEY]	= { "request_key", "tssr", true },
	[NO_SUCH_OP]	= { "OP_33", "" },
};

long op_number(enum op op)
{
	return op == ADD_KEY ? NR_ADD_KEY : op == REQUEST_KEY ? NR_REQUEST_KEY : NR_KEYCTL;
}

void op_lay_out(enum op op, const long *a, long *arg)
{
	if (op == ADD_KEY || op == REQUEST_KEY) {
		memcpy(arg, a, 5 * sizeof(long));
	} else {
		arg[0] = op == NO_SUCH_OP ? 33 : (int)op;
		memcpy(arg + 1, a, 4 * sizeof(long));
	}
}
