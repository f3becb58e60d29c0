// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in the operations on rings: links made and taken away, searches,
 * restrictions; rings that are read.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "sweep.h"

/* A ring keeps so many serials on the stack when it is read, not more */
enum { MANY_LINKS = 70 };

/*
 *	@t -> r -> so many others
 *	  '-> o -> k
 */
static void ring_with(struct scene *s, int links)
{
	s->ring = must(kc_add_ring("r", RING_T));
	s->other = must(kc_add_ring("o", RING_T));
	s->key = must(kc_add_user("k", "v", s->other));
	for (int i = 0; i < links; i++)
		must(kc_add_user(shared_text("other %d", i), "v", s->ring));
}

static void two_rings(struct scene *s)
{
	ring_with(s, s->op->arg);
}

static long links_of(struct scene *s)
{
	return ring_size(s->ring);
}

/* ---- links ---- */

static long link_key(struct scene *s)
{
	return kc_link(s->key, s->ring);
}

static bool linked(struct scene *s, long ret)
{
	return !ret && ring_holds(s->ring, s->key) == 1 && links_of(s) == s->op->arg + 1;
}

/* The first link lies in the ring itself, up to 4 and 8 in an array, up to 16 in a table */
FAULTS_LIKE(link_key, first_link, .prepare = two_rings, .done = linked, .sure = true);
FAULTS_LIKE(link_key, second_link, .prepare = two_rings, .done = linked, .arg = 1);
FAULTS_LIKE(link_key, fifth_link, .prepare = two_rings, .done = linked, .arg = 4);
FAULTS_LIKE(link_key, ninth_link, .prepare = two_rings, .done = linked, .arg = 8);
FAULTS_LIKE(link_key, growing_table, .prepare = two_rings, .done = linked, .arg = 12);

/* A key knows two rings that hold it; more are in a table, which grows at the fifth */
static void key_in_two_rings(struct scene *s)
{
	two_rings(s);
	must(1 + kc_link(s->key, RING_T));
}

FAULTS_LIKE(link_key, third_ring, .prepare = key_in_two_rings, .done = linked);

static void key_in_four_rings(struct scene *s)
{
	key_in_two_rings(s);
	must(1 + kc_link(s->key, kc_add_ring("third", RING_T)));
	must(1 + kc_link(s->key, kc_add_ring("fourth", RING_T)));
}

FAULTS_LIKE(link_key, fifth_ring, .prepare = key_in_four_rings, .done = linked);

static void key_of_that_name(struct scene *s)
{
	two_rings(s);
	s->id = must(kc_add_user("k", "displaced", s->ring));
}

static bool displaced(struct scene *s, long ret)
{
	return !ret && ring_holds(s->ring, s->key) == 1 && key_goes(s->id);
}

FAULTS_LIKE(link_key, link_displaces, .prepare = key_of_that_name, .done = displaced,
	    .sure = true);

static void ring_to_link(struct scene *s)
{
	s->ring = must(kc_add_ring("r", RING_T));
	s->key = must(kc_add_ring("o", RING_T));
	must(kc_add_user("a", "v", s->ring));
}

static bool ring_linked(struct scene *s, long ret)
{
	return !ret && ring_holds(s->ring, s->key) == 1;
}

FAULTS_LIKE(link_key, link_ring, .prepare = ring_to_link, .done = ring_linked);

/*
 * A tree of rings into a ring that has so many links to keys and to rings: both arrays, or
 * tables, are a ring's own.
 *
 *	@t -> r -> so many keys and rings
 *	  '-> o -> keys, and a ring -> keys, and a ring -> ...
 */
enum { TREE_DEPTH = 4, TREE_KEYS = 10 };

static void tree_to_link(struct scene *s)
{
	long ring = RING_T;

	s->ring = must(kc_add_ring("r", RING_T));
	for (int i = 0; i < s->op->arg; i++) {
		must(kc_add_user(shared_text("other %d", i), "v", s->ring));
		must(kc_add_ring(shared_text("other %d", i), s->ring));
	}
	for (int depth = 0; depth < TREE_DEPTH; depth++) {
		ring = must(kc_add_ring("o", ring));
		if (!depth)
			s->key = ring;
		for (int i = 0; i < TREE_KEYS; i++)
			must(kc_add_user(shared_text("k %d", i), "v", ring));
	}
}

static bool tree_linked(struct scene *s, long ret)
{
	return ring_linked(s, ret) && links_of(s) == 2 * s->op->arg + 1 &&
	       kc_link(s->ring, s->key) == -EDEADLK;
}

FAULTS_LIKE(link_key, fifth_tree, .prepare = tree_to_link, .done = tree_linked, .arg = 4);
FAULTS_LIKE(link_key, thirteenth_tree, .prepare = tree_to_link, .done = tree_linked, .arg = 12);

static long unlink_key(struct scene *s)
{
	return kc_unlink(s->key, s->other);
}

static bool unlinked(struct scene *s, long ret)
{
	return !ret && !ring_holds(s->other, s->key) && key_goes(s->key);
}

FAULTS_IN(unlink_key, .prepare = two_rings, .done = unlinked, .sure = true);

/* A table that becomes smaller does without memory when there is none */
static void half_empty_table(struct scene *s)
{
	int32_t *ids = (int32_t *)s->buf;

	ring_with(s, 40);
	must(kc_read(s->ring, ids, 40 * sizeof(*ids)));
	for (int i = 0; i < 34; i++)
		must(1 + kc_unlink(ids[39 - i], s->ring));
	s->id = ids[0];
}

static long unlink_shrinks(struct scene *s)
{
	return kc_unlink(s->id, s->ring);
}

static bool shrunk(struct scene *s, long ret)
{
	return !ret && links_of(s) == 5 && key_goes(s->id);
}

FAULTS_IN(unlink_shrinks, .prepare = half_empty_table, .done = shrunk, .sure = true);

static long clear(struct scene *s)
{
	return kc_clear(s->ring);
}

static bool cleared(struct scene *s, long ret)
{
	return !ret && !links_of(s);
}

FAULTS_IN(clear, .prepare = two_rings, .done = cleared, .arg = 20, .sure = true);

/* ---- KEYCTL_MOVE ---- */

static long move_key(struct scene *s)
{
	return kc_move(s->key, s->other, s->ring, 0);
}

static bool moved(struct scene *s, long ret)
{
	return !ret && ring_holds(s->ring, s->key) == 1 && !ring_size(s->other);
}

FAULTS_LIKE(move_key, move_as_second, .prepare = two_rings, .done = moved, .arg = 1);
FAULTS_LIKE(move_key, move_into_table, .prepare = two_rings, .done = moved, .arg = 8);
FAULTS_LIKE(move_key, move_to_third_ring, .prepare = key_in_two_rings, .done = moved);

static bool moved_away(struct scene *s, long ret)
{
	return moved(s, ret) && key_goes(s->id);
}

FAULTS_LIKE(move_key, move_displaces, .prepare = key_of_that_name, .done = moved_away,
	    .sure = true);

/* ---- searches ---- */

static long search(struct scene *s)
{
	return kc_search(s->other, "user", "k", s->ring);
}

static bool found_and_linked(struct scene *s, long ret)
{
	return ret == s->key && ring_holds(s->ring, s->key) == 1;
}

FAULTS_IN(search, .prepare = two_rings, .done = found_and_linked, .arg = 1);

static long request_found(struct scene *s)
{
	return kc_request("user", "k", NULL, s->ring);
}

FAULTS_IN(request_found, .prepare = two_rings, .done = found_and_linked, .arg = 1);

static long request_missing(struct scene *s)
{
	return kc_request("user", "nowhere", NULL, s->ring);
}

static bool not_found(struct scene *s, long ret)
{
	return ret == -ENOKEY && !links_of(s);
}

FAULTS_IN(request_missing, .prepare = two_rings, .done = not_found);

/*
 * More ways lead to rings than a search goes before it takes note of such rings;
 * without memory it goes all of them.
 *
 *	r -> so many rings -> the same few rings, each of them
 */
enum { UPPER = 22, LOWER = 3 };

static void a_lattice(struct scene *s)
{
	long upper, lower[LOWER];

	s->ring = must(kc_add_ring("r", RING_T));
	for (int i = 0; i < LOWER; i++)
		lower[i] = must(kc_add_ring(shared_text("lower %d", i), RING_T));
	for (int i = 0; i < UPPER; i++) {
		upper = must(kc_add_ring(shared_text("upper %d", i), s->ring));
		for (int j = 0; j < LOWER; j++)
			must(1 + kc_link(lower[j], upper));
	}
}

static long search_in_vain(struct scene *s)
{
	long ret = kc_search(s->ring, "user", "nowhere", 0);

	return ret == -ENOKEY ? 0 : ret;
}

static bool searched_in_vain(struct scene *s, long ret)
{
	return !ret && links_of(s) == UPPER;
}

FAULTS_IN(search_in_vain, .prepare = a_lattice, .done = searched_in_vain, .sure = true,
	  .below = "xa_store");

/* So does who looks whether a link would close a cycle */
static void a_lattice_to_link(struct scene *s)
{
	a_lattice(s);
	s->key = s->ring;
	s->ring = must(kc_add_ring("parent", RING_T));
}

static bool lattice_linked(struct scene *s, long ret)
{
	return ring_linked(s, ret) && kc_link(s->ring, s->key) == -EDEADLK;
}

FAULTS_LIKE(link_key, link_lattice, .prepare = a_lattice_to_link, .done = lattice_linked,
	    .sure = true, .below = "xa_store");

/* ---- rings that are read ---- */

static void full_ring(struct scene *s)
{
	ring_with(s, s->op->arg);
	memset(s->buf, 0, (MANY_LINKS + 1) * sizeof(int32_t));
}

static long read_ring(struct scene *s)
{
	return kc_read(s->ring, s->buf, (MANY_LINKS + 1) * sizeof(int32_t));
}

static bool ring_read(struct scene *s, long ret)
{
	int32_t *ids = (int32_t *)s->buf;

	return ret == s->op->arg * (long)sizeof(*ids) && ids[s->op->arg - 1] > 0 &&
	       !ids[s->op->arg];
}

FAULTS_IN(read_ring, .prepare = full_ring, .done = ring_read, .arg = 3);
FAULTS_LIKE(read_ring, read_large_ring, .prepare = full_ring, .done = ring_read,
	    .arg = MANY_LINKS);

/* ---- restrictions ---- */

static long restrict_all(struct scene *s)
{
	return kc_restrict(s->ring, NULL, NULL);
}

/* A ring is restricted once */
static bool restricted(struct scene *s, long ret)
{
	return !ret && kc_restrict(s->ring, NULL, NULL) == -EEXIST && kc_link(s->key, s->ring);
}

FAULTS_IN(restrict_all, .prepare = two_rings, .done = restricted, .sure = true);

static long restrict_to_signed(struct scene *s)
{
	return kc_restrict(s->ring, "asymmetric", s->buf);
}

static void ring_of_trust(struct scene *s)
{
	two_rings(s);
	sprintf(s->buf, "key_or_keyring:%ld:chain", s->other);
}

FAULTS_IN(restrict_to_signed, .prepare = ring_of_trust, .done = restricted, .of_kernel = true);

/* A key that vouches for nothing is trusted all the same, and lives as long as it is */
static void ring_that_trusts_a_key(struct scene *s)
{
	two_rings(s);
	sprintf(s->buf, "key_or_keyring:%ld", s->key);
}

static bool restricted_by_a_key(struct scene *s, long ret)
{
	return restricted(s, ret) && !kc_unlink(s->key, s->other) && key_exists(s->key) &&
	       !kc_unlink(s->ring, RING_T) && key_goes(s->key);
}

FAULTS_LIKE(restrict_to_signed, restrict_to_a_user_key, .prepare = ring_that_trusts_a_key,
	    .done = restricted_by_a_key, .of_kernel = true);

SELFTEST_MAIN
