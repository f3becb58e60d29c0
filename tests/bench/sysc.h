/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raw system calls for the benchmark: no errno, no wrapper, so that what is
 * counted is the kernel's work plus a handful of register moves. A negative
 * return value is a negated error number, as the kernel delivers it.
 */
#ifndef BENCH_SYSC_H
#define BENCH_SYSC_H

#include <asm/unistd.h>
#include <linux/keyctl.h>

static inline long sysc5(long nr, long a, long b, long c, long d, long e)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
		     : "rcx", "r11", "memory");
	return ret;
}

static inline long sysc3(long nr, long a, long b, long c)
{
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "0"(nr), "D"(a), "S"(b), "d"(c)
		     : "rcx", "r11", "memory");
	return ret;
}

static inline long k_ctl(int op, long a, long b, long c, long d)
{
	return sysc5(__NR_keyctl, op, a, b, c, d);
}

static inline long k_add(const char *type, const char *desc,
			 const void *payload, long len, long ring)
{
	return sysc5(__NR_add_key, (long)type, (long)desc, (long)payload, len,
		     ring);
}

static inline long k_request(const char *type, const char *desc, long ring)
{
	return sysc5(__NR_request_key, (long)type, (long)desc, 0, ring, 0);
}

static inline long k_ring(const char *name, long parent)
{
	return k_add("keyring", name, 0, 0, parent);
}

static inline long k_search(long ring, const char *desc)
{
	return k_ctl(KEYCTL_SEARCH, ring, (long)"user", (long)desc, 0);
}

static inline long k_join(const char *name)
{
	return k_ctl(KEYCTL_JOIN_SESSION_KEYRING, (long)name, 0, 0, 0);
}

static inline long k_link(long key, long ring)
{
	return k_ctl(KEYCTL_LINK, key, ring, 0, 0);
}

static inline long k_unlink(long key, long ring)
{
	return k_ctl(KEYCTL_UNLINK, key, ring, 0, 0);
}

static inline long k_clear(long ring)
{
	return k_ctl(KEYCTL_CLEAR, ring, 0, 0, 0);
}

#endif /* BENCH_SYSC_H */
