// SPDX-License-Identifier: GPL-2.0-only
/* Calls: made by a worker, at once or in the background, and written down. */
#define _GNU_SOURCE
#include "oracle.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../selftests/keyctl_abi.h"

/* The calling process does it itself */
static long enter(enum op op, const long *a)
{
	long arg[5];

	op_lay_out(op, a, arg);
	return raw_syscall(op_number(op), arg[0], arg[1], arg[2], arg[3], arg[4]);
}

static void place(struct worker *w, enum op op, const long *a)
{
	if (w->turn == 1)
		give_up("W%d is to call %s and has not done with %s", w->number, opdesc[op].name,
			opdesc[w->op].name);
	clock_hold();
	w->nr = op_number(op);
	op_lay_out(op, a, w->arg);
}

/* The director is a worker without a slot: NULL */
long quiet_v(struct worker *w, enum op op, const long *a)
{
	if (!w) {
		clock_hold();
		return enter(op, a);
	}
	place(w, op, a);
	worker_begin(w, DO_CALL);
	worker_await(w);
	return w->ret;
}

void call_begin_v(struct worker *w, enum op op, const long *a)
{
	if (strchr(opdesc[op].args, 'b'))
		output_begin();
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

/* What was asked for may not have been all of it, or not have got to where it is seen */
static void put_size_of_description(struct worker *w, long size)
{
	const char *description = (const char *)stage->out;
	long digits;

	if (size > w->told[2] || w->told[1] != P(stage->out)) {
		quiet(w, DESCRIBE, w->told[0], P(stage->scratch), sizeof(stage->scratch));
		description = stage->scratch;
	}
	digits = serial_digits(description);
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

static const char *of_process(pid_t pid, const char *file, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

/* What a process waits for inside of the kernel; "" when it does not */
static void waits_in(pid_t pid, char *where, size_t size)
{
	char stat[512];
	const char *state = strstr(of_process(pid, "stat", stat, sizeof(stat)), ") ");

	*where = '\0';
	if (state && (state[2] == 'S' || state[2] == 'D'))
		of_process(pid, "wchan", where, size);
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
bool call_waits(struct worker *w)
{
	char where[64];

	waits_in(w->pid, where, sizeof(where));
	return !worker_done(w) && (is_wait_for_key(where) || strstr(where, "usermodehelper"));
}

bool call_at_rest(struct worker *w)
{
	int n;

	for (n = 0; n < PATIENCE; n++) {
		if (worker_rests(w))
			return true;
		if (call_waits(w))
			return false;
	}
	give_up("W%d neither ends %s nor waits for a key", w->number, opdesc[w->op].name);
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

static long make_planned(long calls, long count, long c)
{
	struct planned *p = (struct planned *)calls;

	(void)c;
	for (; count--; p++)
		p->ret = enter(p->op, p->arg);
	return 0;
}

void calls_make(struct worker *w, struct planned *calls, unsigned int count)
{
	clock_hold();
	in(w, make_planned, P(calls), count, 0);
}
