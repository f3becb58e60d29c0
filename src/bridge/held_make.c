// SPDX-License-Identifier: GPL-2.0-only
/*
 * The built-in key that a key of one of the kernel's types holds is made: by the kernel's own
 * code, in a ring of its own, and charged to who makes it. See held.c for what becomes of it.
 */
#include "bridge_internal.h"

#include <linux/err.h>
#include <linux/key.h>
#include <linux/sizes.h>
#include <linux/string.h>

/*
 * Type `blacklist` of a kernel that takes no signed updates of it answers every
 * new key with EPERM and a WARN().
 */
static bool is_refused(const struct kr_prep *prep, const char *desc)
{
	return !IS_ENABLED(CONFIG_SYSTEM_BLACKLIST_AUTH_UPDATE) && desc &&
	       !strcmp(prep->type->name, "blacklist");
}

/*
 * IMA is told of a key together with the name of the ring: a policy may be for some names, or for
 * ".keyrings:0", where keys are made that have no ring yet.
 */
static struct key *ring_for(const struct kr_prep *prep)
{
	return prep->ring ? kr_hidden_ring_alloc(prep->ring->desc) : kr_shadow_alloc(0);
}

/* A certificate is charged 100 bytes, however long it is. */
static bool is_charged_by_length(const struct kr_prep *prep)
{
	return strcmp(prep->type->name, "asymmetric");
}

/*
 * Sockets of AF_RXRPC, and files of AFS, keep keys of anybody's beyond the end of ours, by
 * themselves and in rings: a key is charged as long as it is there. Of a long one the kernel
 * would not give back all, since it notes 16 bits; a type charges what it was given, or less, or
 * some KiB more (encrypted, trusted). So one for which much is given is in no quota.
 */
static unsigned long quota_flag(const struct kr_prep *prep, const char *desc)
{
	size_t len = (desc ? strlen(desc) : 0) + (prep->data ? prep->data->len : 0);

	return len < SZ_32K || !is_charged_by_length(prep) ?
	       KEY_ALLOC_IN_QUOTA : KEY_ALLOC_NOT_IN_QUOTA;
}

static struct key *make_once(const struct kr_prep *prep, const char *desc)
{
	const struct kr_payload *data = prep->data;
	struct key *ring;
	key_ref_t ref;

	if (is_refused(prep, desc))
		return ERR_PTR(-EPERM);
	ring = ring_for(prep);
	if (IS_ERR(ring))
		return ring;
	ref = key_create_or_update(make_key_ref(ring, true), prep->type->name, desc,
				   data ? data->data : NULL, data ? data->len : 0,
				   KR_HIDDEN_PERM, quota_flag(prep, desc));
	key_put(ring);
	return IS_ERR(ref) ? ERR_CAST(ref) : key_ref_to_ptr(ref);
}

/*
 * The key that it is to be made with may be another one each time, without a mirror again.
 * A ring is locked all the while, so whoever sees to that is not waited for.
 */
#define MAKE_TURNS	8

struct key *kr_held_make(const struct kr_prep *prep, const char *desc)
{
	struct kr_making making;
	unsigned int turns = 0;
	struct key *held;
	int again;

	for (;;) {
		kr_making_begin(&making, KR_MAKING);
		held = make_once(prep, desc);
		again = kr_making_end(&making);
		if (!again)
			return held;
		/* Made or not: it was without the key that it is to be made with. */
		if (!IS_ERR(held))
			key_put(held);
		if (again < 0)
			return ERR_PTR(again);
		if (++turns == MAKE_TURNS)
			return ERR_PTR(-EAGAIN);
		kr_collector_expects(prep->data ? prep->data->len : 0);
	}
}
