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

static long request_named_ring(struct scene *s)
{
	(void)s;
	return ik_request("keyring", "r");
}

FAULTS_IN(request_named_ring, .prepare = a_tree, .done = found_ring);

/* Known neither to rights nor to who asks */
static long look_up_any(struct scene *s)
{
	return ik_find(s->key, INKERNEL_PLAIN);
}

FAULTS_IN(look_up_any, .prepare = a_key, .done = found);

/* ---- a type of the kernel's, whose keys are made of others ---- */

static void a_type(struct scene *s)
{
	a_key(s);
	ik(INKERNEL_TYPE_REMOVE, 0);
	must(1 + ik(INKERNEL_TYPE_ADD, 0));
}

static long add_taking(struct scene *s)
{
	return kc_add(INKERNEL_TYPE, "o", "take k", 6, s->ring);
}

static bool took(struct scene *s, long key)
{
	return key > 0 && ring_holds(s->ring, key) == 1 && !strcmp("v", payload(key)) &&
	       !ik(INKERNEL_TYPE_REMOVE, 0);
}

FAULTS_IN(add_taking, .prepare = a_type, .done = took);

static void a_key_of_the_type(struct scene *s)
{
	a_type(s);
	s->id = must(kc_add(INKERNEL_TYPE, "o", "before", 6, s->ring));
}

static long update_taking(struct scene *s)
{
	return kc_update(s->id, "take k", 6);
}

static bool took_anew(struct scene *s, long ret)
{
	return !ret && took(s, s->id);
}

FAULTS_IN(update_taking, .prepare = a_key_of_the_type, .done = took_anew);

/* All its keys end with it, and have left their rings: those who have it go cannot be told no */
static long remove_type(struct scene *s)
{
	(void)s;
	return ik(INKERNEL_TYPE_REMOVE, 0);
}

static bool removed(struct scene *s, long ret)
{
	return !ret && !key_exists(s->id) && ring_size(s->ring) == 1;
}

FAULTS_IN(remove_type, .prepare = a_key_of_the_type, .done = removed, .sure = true);

SELFTEST_MAIN
