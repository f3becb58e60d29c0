// SPDX-License-Identifier: GPL-2.0-only
/* Calls: made by a worker, at once or in the background, and written down. */
#define _GNU_SOURCE
#include "oracle.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static void place(struct worker *w, enum op op, const long *a)
{
	if (w->turn == 1)
		give_up("W%d is to call %s and has not done with %s", w->number, opdesc[op].name,
			opdesc[w->op].name);
	clock_hold();
	switch (op) {
	case ADD_KEY:
	case REQUEST_KEY:
		w->nr = op == ADD_KEY ? NR_ADD_KEY : NR_REQUEST_KEY;
		memcpy(w->arg, a, 5 * sizeof(long));
		break;
	default:
		w->nr = NR_KEYCTL;
		w->arg[0] = op == NO_SUCH_OP ? 33 : (int)op;
		memcpy(w->arg + 1, a, 4 * sizeof(long));
		break;
	}
}

/* The director is a worker without a slot: NULL */
static struct worker myself;

long quiet_v(struct worker *w, enum op op, const long *a)
{
	if (!w) {
		place(&myself, op, a);
		return raw_syscall(myself.nr, myself.arg[0], myself.arg[1], myself.arg[2],
				   myself.arg[3], myself.arg[4]);
	}
	place(w, op, a);
	worker_begin(w, DO_CALL);
	worker_await(w);
	return w->ret;
}

void call_begin_v(struct worker *w, enum op op, const long *a)
{
	if (strchr(opdesc[op].args, 'b'))
		memset(stage->out, 0xee, OUT_BYTES);
	w->busy = true;
	w->op = op;
	memcpy(w->told, a, sizeof(w->told));
	place(w, op, a);
	worker_begin(w, DO_CALL);
}

/* How many digits of a serial, which may be more or fewer, are in a description? */
static long serial_digits(const char *description)
{
	const char *s = strstr(description, ";_req.");

	if (s)
		return strlen(s + 6);
	return strncmp(description, ".request_key_auth;", 18) ? 0 :
	       strlen(strrchr(description, ';') + 1);
}

static void put_size_of_description(struct worker *w, long size)
{
	long digits = 0;

	if (quiet(w, DESCRIBE, w->told[0], P(stage->scratch), sizeof(stage->scratch)) > 0)
		digits = serial_digits(stage->scratch);
	put(digits ? "%ld and a serial" : "%ld", size - digits);
}

/* The worker has ended, or what it was to take note of is noted */
long call_end(struct worker *w)
{
	const struct opdesc *d = &opdesc[w->op];
	long ret;

	worker_await(w);
	ret = w->ret;
	w->busy = false;
	put_call(w, w->op, w->told);
	if (w->op == DESCRIBE && ret > 0)
		put_size_of_description(w, ret);
	else
		put("%s", d->gives_id && ret > 0 ? key_name(ret) : result_name(ret));
	if (strchr(d->args, 'b'))
		put_output(w->op, w->told[0], ret);
	put_end();
	return ret;
}

/* What a process waits for inside of the kernel; "" when it does not */
static void waits_in(pid_t pid, char *where, size_t size)
{
	char path[64], state = 'R';
	FILE *f;

	*where = '\0';
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			state = 'R';
		fclose(f);
	}
	if (state != 'S' && state != 'D')
		return;
	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	f = fopen(path, "r");
	if (f) {
		if (!fgets(where, size, f))
			*where = '\0';
		fclose(f);
	}
}

/* Where either service waits for a key that is being made */
static bool is_wait_for_key(const char *where)
{
	return strstr(where, "wait_for_key") || strstr(where, "key_wait") ||
	       strstr(where, "wait_on_bit");
}

bool call_waits_for_key(struct worker *w)
{
	char where[64];

	waits_in(w->pid, where, sizeof(where));
	return !worker_done(w) && is_wait_for_key(where);
}

/* For a key, or a helper: the two things here that take as long as the director wishes */
bool call_at_rest(struct worker *w)
{
	char where[64] = "";
	int n;

	for (n = 0; n < PATIENCE; n++) {
		if (worker_rests(w))
			return true;
		waits_in(w->pid, where, sizeof(where));
		if (!worker_done(w) &&
		    (is_wait_for_key(where) || strstr(where, "usermodehelper")))
			return false;
	}
	give_up("W%d neither ends %s nor waits for a key: %s", w->number, opdesc[w->op].name, where);
}

long call_v(struct worker *w, enum op op, const long *a)
{
	call_begin_v(w, op, a);
	return call_end(w);
}

long in(struct worker *w, long (*fn)(long, long, long), long a, long b, long c)
{
	if (!worker_done(w))
		give_up("W%d has not done with %s", w->number, opdesc[w->op].name);
	w->fn = fn;
	w->arg[0] = a;
	w->arg[1] = b;
	w->arg[2] = c;
	worker_begin(w, DO_FN);
	worker_await(w);
	return w->ret;
}
