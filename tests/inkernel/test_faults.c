// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults while code of the kernel looks for keys of ours: what is made for it in the
 * module, each allocation of which fails once.
 */
#include <kselftest_harness.h>

#include "inkernel.h"
#include "sweep.h"

/*
 *	@t -> r -> k
 */
static void a_key(struct scene *s)
{
	static bool open;
	uid_t own = be_root();

	if (!open)
		inkernel_open();
	open = true;
	be_no_more_root(own);
	s->ring = must(kc_add_ring("r", RING_T));
	s->key = must(kc_add_user("k", "v", s->ring));
}

/* What the kernel holds has the bytes; it is let go */
static bool holds(long slot, const char *bytes)
{
	bool same = slot >= 0 && !strcmp(bytes, ik_payload(slot));

	return slot >= 0 && !ik_put(slot) && same;
}

static long request(struct scene *s)
{
	(void)s;
	return ik_request("user", "k");
}

static bool found(struct scene *s, long slot)
{
	return holds(slot, "v") && key_exists(s->key);
}

FAULTS_IN(request, .prepare = a_key, .done = found);

static long look_up_key(struct scene *s)
{
	return ik_lookup(s->key, NEED_READ);
}

FAULTS_IN(look_up_key, .prepare = a_key, .done = found);

/*
 *	@t -> r -> s
 */
static void a_tree(struct scene *s)
{
	a_key(s);
	s->key = must(kc_add_ring("s", s->ring));
}

static long look_up_ring(struct scene *s)
{
	return ik_lookup(s->ring, NEED_SEARCH);
}

static bool found_ring(struct scene *s, long slot)
{
	return slot >= 0 && !ik_put(slot) && key_exists(s->ring) && key_exists(s->key);
}

FAULTS_IN(look_up_ring, .prepare = a_tree, .done = found_ring);

SELFTEST_MAIN
