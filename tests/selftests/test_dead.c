// SPDX-License-Identifier: GPL-2.0-only
/*
 * What there is no more: a keyring that has ended, and IDs that name nothing, given
 * to every operation in every place.
 *
 * Specified by keyctl(2), ERRORS, and keyrings(7).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "ended.h"

/*
 * A dead keyring, still linked:
 *
 *	p ---@p---> "_pid" ---> keyring "dead", revoked, expired or invalidated
 *	                   ---> keyring "live" ---> user "k"
 *
 * Every operation says what became of it, the same error for all.
 */
FIXTURE(dead)
{
	struct actor *p;
	uid_t uid;
	long dead, live, key;
};

FIXTURE_VARIANT(dead)
{
	long error;
};

FIXTURE_VARIANT_ADD(dead, revoked) { .error = -EKEYREVOKED };
FIXTURE_VARIANT_ADD(dead, expired) { .error = -EKEYEXPIRED };
FIXTURE_VARIANT_ADD(dead, invalidated) { .error = -ENOKEY };

FIXTURE_SETUP(dead)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->dead = ON(self->p, kc_add_ring("dead", RING_P));
	self->live = ON(self->p, kc_add_ring("live", RING_P));
	self->key = ON(self->p, kc_add_user("k", "v", self->live));
	ASSERT_LT(0, self->dead);
	ASSERT_LT(0, self->key);
	if (variant->error == -EKEYREVOKED) {
		ASSERT_EQ(0, ON(self->p, kc_revoke(self->dead)));
	} else if (variant->error == -ENOKEY) {
		ASSERT_EQ(0, ON(self->p, kc_invalidate(self->dead)));
	} else {
		ASSERT_TRUE(expire(self->p, self->dead));
	}
}

FIXTURE_TEARDOWN(dead)
{
	stage_close();
}

TEST_F(dead, every_operation_says_so)
{
	long dead = self->dead, live = self->live, key = self->key;
	const struct {
		const char *what;
		long ret;
	} rows[] = {
		{ "get id", ON(self->p, kc_id(dead, 0)) },
		{ "update", ON(self->p, kc_update(dead, "x", 1)) },
		{ "revoke", ON(self->p, kc_revoke(dead)) },
		{ "chown", ON(self->p, kc_chown(dead, self->uid, -1)) },
		{ "setperm", ON(self->p, kc_setperm(dead, 0x3f3f3f3f)) },
		{ "describe", ON(self->p, kc_describe(dead, NULL, 0)) },
		{ "clear", ON(self->p, kc_clear(dead)) },
		{ "link it", ON(self->p, kc_link(dead, live)) },
		{ "link to it", ON(self->p, kc_link(key, dead)) },
		{ "unlink from it", ON(self->p, kc_unlink(key, dead)) },
		{ "search", ON(self->p, kc_search(dead, "user", "k", 0)) },
		{ "search into", ON(self->p, kc_search(live, "user", "k",
						       dead)) },
		{ "read", ON(self->p, kc_read(dead, NULL, 0)) },
		{ "timeout", ON(self->p, kc_timeout(dead, 10)) },
		{ "security", ON(self->p, kc_security(dead, NULL, 0)) },
		{ "invalidate", ON(self->p, kc_invalidate(dead)) },
		{ "move it", ON(self->p, kc_move(dead, RING_P, live, 0)) },
		{ "move from it", ON(self->p, kc_move(key, dead, live, 0)) },
		{ "move to it", ON(self->p, kc_move(key, live, dead, 0)) },
		{ "add", ON(self->p, kc_add_user("k", "v", dead)) },
		{ "request", ON(self->p, kc_request("user", "k", NULL, dead)) },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (variant->error == -ENOKEY && !strcmp(rows[i].what, "read") &&
		    read_of_invalidated(rows[i].ret))
			continue;
		EXPECT_EQ(variant->error, rows[i].ret)
			TH_LOG("%s", rows[i].what);
	}
	EXPECT_EQ(1, ON(self->p, ring_holds(live, key)));
}

/* It can always be unlinked */
TEST_F(dead, unlink_works)
{
	long ret = ON(self->p, kc_unlink(self->dead, RING_P));

	/* an invalidated key may have gone by itself, from the ring or for good */
	if (variant->error != -ENOKEY || (ret != -ENOKEY && ret != -ENOENT)) {
		EXPECT_EQ(0, ret);
	}
	EXPECT_TRUE(key_goes(self->dead));
	EXPECT_EQ(1, ON(self->p, ring_size(RING_P)));
}

/*
 * IDs that name nothing, given to every operation in every place:
 */
FIXTURE(nothing)
{
	struct actor *p;
	uid_t uid;
	long key, ring;
};

FIXTURE_VARIANT(nothing)
{
	int id;			/* -1: a serial whose key is gone */
	long error;
};

FIXTURE_VARIANT_ADD(nothing, zero) { .id = 0, .error = -EINVAL };
FIXTURE_VARIANT_ADD(nothing, group) { .id = RING_G, .error = -EINVAL };
FIXTURE_VARIANT_ADD(nothing, authority) { .id = AUTH_KEY, .error = -ENOKEY };
FIXTURE_VARIANT_ADD(nothing, requestor) {
	.id = RING_REQUESTOR, .error = -ENOKEY,
};
FIXTURE_VARIANT_ADD(nothing, beyond) { .id = -9, .error = -EINVAL };
FIXTURE_VARIANT_ADD(nothing, gone) { .id = -1, .error = -ENOKEY };

FIXTURE_SETUP(nothing)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->ring = ON(self->p, kc_add_ring("r", RING_P));
	self->key = ON(self->p, kc_add_user("k", "v", self->ring));
	ASSERT_LT(0, self->ring);
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(nothing)
{
	stage_close();
}

TEST_F(nothing, every_operation_says_so)
{
	long id = variant->id, ring = self->ring, key = self->key;

	if (id == -1) {
		id = ON(self->p, kc_add_user("gone", "v", RING_P));
		ASSERT_EQ(0, ON(self->p, kc_unlink(id, RING_P)));
		ASSERT_TRUE(key_goes(id));
	}

	const struct {
		const char *what;
		long ret;
	} rows[] = {
		{ "get id", ON(self->p, kc_id(id, 0)) },
		{ "update", ON(self->p, kc_update(id, "x", 1)) },
		{ "revoke", ON(self->p, kc_revoke(id)) },
		{ "chown", ON(self->p, kc_chown(id, self->uid, -1)) },
		{ "setperm", ON(self->p, kc_setperm(id, 0)) },
		{ "describe", ON(self->p, kc_describe(id, NULL, 0)) },
		{ "clear", ON(self->p, kc_clear(id)) },
		{ "link it", ON(self->p, kc_link(id, ring)) },
		{ "link to it", ON(self->p, kc_link(key, id)) },
		{ "unlink it", ON(self->p, kc_unlink(id, ring)) },
		{ "unlink from it", ON(self->p, kc_unlink(key, id)) },
		{ "search", ON(self->p, kc_search(id, "user", "k", 0)) },
		{ "timeout", ON(self->p, kc_timeout(id, 10)) },
		{ "security", ON(self->p, kc_security(id, NULL, 0)) },
		{ "invalidate", ON(self->p, kc_invalidate(id)) },
		{ "move it", ON(self->p, kc_move(id, RING_P, ring, 0)) },
		{ "move from it", ON(self->p, kc_move(key, id, ring, 0)) },
		{ "move to it", ON(self->p, kc_move(key, ring, id, 0)) },
		{ "add", ON(self->p, kc_add_user("k", "v", id)) },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(variant->error, rows[i].ret)
			TH_LOG("%s", rows[i].what);
	}
	if (id) {
		/* 0 means no destination, not a bad one */
		EXPECT_EQ(variant->error,
			  ON(self->p, kc_search(ring, "user", "k", id)));
		EXPECT_EQ(variant->error,
			  ON(self->p, kc_request("user", "k", NULL, id)));
	}
	EXPECT_EQ(1, ON(self->p, ring_holds(ring, key)));
}

SELFTEST_MAIN
