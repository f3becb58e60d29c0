// SPDX-License-Identifier: GPL-2.0-only
/*
 * What rows are made of: descriptions and names of one length, prepared
 * outside the clock, different for each seed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "sysc.h"

char payload[PAYLOAD_LEN] = "thirty-two bytes of some secret";

static char (*descs)[DESC_LEN], (*names)[DESC_LEN];
static long n_descs, n_names;

void die(const char *what, long err)
{
	fprintf(stderr, "bench: %s: %s\n", what,
		err ? strerror(-err) : "not usable");
	exit(1);
}

long must(long ret, const char *what)
{
	if (ret < 0)
		die(what, ret);
	return ret;
}

/* Makes at least @n strings "<tag><seed>-<i>", scattered by their hash. */
static void fill(char (**list)[DESC_LEN], long *have, long n, const char *tag)
{
	if (n <= *have)
		return;
	*list = realloc(*list, n * DESC_LEN);
	if (!*list)
		die("memory", 0);
	for (long i = *have; i < n; i++)
		snprintf((*list)[i], DESC_LEN, "%s%08x-%08lx", tag,
			 opt.seed * 2654435761u, i);
	*have = n;
}

void descs_make(long n)
{
	fill(&descs, &n_descs, n, "key:");
}

void names_make(long n)
{
	fill(&names, &n_names, n, "ring:");
}

const char *desc(long i)
{
	return descs[i];
}

const char *name(long i)
{
	return names[i];
}

/* 7919 is prime and divides no number of keys used here. */
long pick(long i, long n)
{
	return (unsigned long)(i + opt.seed) * 7919 % n;
}

long new_session(void)
{
	must(k_join(NULL), "new session");
	return must(k_ctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0,
			  0, 0), "session keyring");
}

long new_key(long i, long ring)
{
	return must(k_add("user", desc(i), payload, PAYLOAD_LEN, ring),
		    "add_key");
}
