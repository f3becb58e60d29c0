// SPDX-License-Identifier: GPL-2.0-only
/*
 * The helper of request_key(2) for the fuzzer: it makes the key or rejects it, or does
 * neither, or takes its time, or dies; what it does, the clock decides. It is without a
 * C library, since it is started many times.
 */
#include "../selftests/keyctl_abi.h"

enum { NR_NANOSLEEP = 35, NR_SETITIMER = 38, NR_GETPID = 39, NR_EXIT = 60, NR_KILL = 62 };

void helper(long *stack) __attribute__((noreturn, used));

asm(".globl _start\n"
    "_start:\n"
    "	mov %rsp, %rdi\n"
    "	and $-16, %rsp\n"
    "	call helper\n");

static unsigned int draw(unsigned int below)
{
	static unsigned long state;
	unsigned int low, high;

	if (!state) {
		asm volatile("rdtsc" : "=a"(low), "=d"(high));
		state = low + 1;
	}
	state = state * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned int)(state >> 33) % below;
}

static int number(const char *text)
{
	int n = 0;

	while (*text >= '0' && *text <= '9')
		n = n * 10 + *text++ - '0';
	return n;
}

static void wait_a_little(void)
{
	const long time[2] = { 0, draw(30) * 1000000 };

	raw_syscall(NR_NANOSLEEP, (long)time, 0, 0, 0, 0);
}

/* Who waits for the key that it is to make itself, waits for ever */
static void die_in_time(void)
{
	const long when[4] = { 0, 0, 0, 100000 };

	raw_syscall(NR_SETITIMER, 0, (long)when, 0, 0, 0);
}

static void use_authority(int key)
{
	char buf[64];

	kc_read(AUTH_KEY, buf, sizeof(buf));
	kc_describe(key, buf, sizeof(buf));
	kc_add_user("by the helper", "x", RING_S);
	kc_link(key, RING_REQUESTOR);
	kc_search(RING_REQUESTOR, "user", "a", RING_S);
	kc_request("user", "a", NULL, RING_REQUESTOR);
}

/* A key's end in several ways */
static void decide(int key)
{
	static const struct iovec iov[2] = { { "in ", 3 }, { "parts", 5 } };
	static const int rings[] = { 0, 0, RING_S, RING_REQUESTOR, RING_US, 1, RING_T };
	int ring = rings[draw(7)];

	switch (draw(12)) {
	case 0:
		kc_negate(key, draw(3), ring);
		break;
	case 1:
		kc_reject(key, 1 + draw(2), 126 + draw(4), ring);
		break;
	case 2:
		kc_instantiate_iov(key, iov, 2, ring);
		break;
	case 3:
		kc_revoke(key);
		break;
	case 4:
		kc_invalidate(draw(2) ? key : AUTH_KEY);
		break;
	case 5:
		break;
	default:
		kc_instantiate(key, "made", 4, ring);
	}
}

void helper(long *stack)
{
	char **argv = (char **)(stack + 1);
	int key = stack[0] > 2 ? number(argv[2]) : 0;

	die_in_time();
	if (!draw(8))
		wait_a_little();
	if (draw(12))
		kc_assume(key);
	if (!draw(6))
		use_authority(key);
	if (!draw(20))
		raw_syscall(NR_KILL, raw_syscall(NR_GETPID, 0, 0, 0, 0, 0), 9, 0, 0, 0);
	decide(key);
	if (!draw(8))
		decide(key);
	raw_syscall(NR_EXIT, draw(3), 0, 0, 0, 0);
	__builtin_unreachable();
}
