// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watching keys while they change and end, and queues while they are closed.
 *
 *	@s of all ---> ring ---> key 0 .. key 7
 *
 *	enders	   make the keys anew, unlink, invalidate and revoke them
 *	changers   update them, move their attributes, link and unlink
 *	watchers   watch ring and keys, stop watching, close the queue
 *	reader	   keeps one queue, watches whatever is there, reads it all
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "races.h"
#include "watches.h"

enum { KEYS = 8, WORKERS = 8 };

struct keys {
	long ring;
	int32_t serial[KEYS];
};

FIXTURE(watched)
{
	struct keys *keys;
	struct race *race;
};

FIXTURE_SETUP(watched)
{
	stage_open();
	REQUIRE_QUEUES();
	self->race = shared(sizeof(*self->race));
	self->keys = shared(sizeof(*self->keys));
	ASSERT_LT(0, kc_join(NULL));
	self->keys->ring = kc_add_ring("ring", RING_S);
	ASSERT_LT(0, self->keys->ring);
}

FIXTURE_TEARDOWN(watched)
{
	kc_unlink(self->keys->ring, RING_S);
	stage_close();
}

static int32_t *some_key(struct keys *keys, unsigned int *seed)
{
	jitter(seed);
	return &keys->serial[*seed >> 8 & (KEYS - 1)];
}

static void end_keys(struct race *race, struct keys *keys, unsigned int seed)
{
	char desc[8];
	long key;

	while (!race_is_over(race)) {
		int32_t *at = some_key(keys, &seed);

		snprintf(desc, sizeof(desc), "k%d", (int)(at - keys->serial));
		key = kc_add_user(desc, "v", keys->ring);
		race_expect(race, key > 0 || key == -ENOKEY, "add: %ld", key);
		if (key > 0)
			__atomic_store_n(at, key, __ATOMIC_RELAXED);
		key = *some_key(keys, &seed);
		switch (seed >> 12 & 3) {
		case 0:
			kc_unlink(key, keys->ring);
			break;
		case 1:
			kc_invalidate(key);
			break;
		case 2:
			kc_revoke(key);
			break;
		case 3:
			if (!(seed & 0xf0000))
				kc_clear(keys->ring);
		}
		race_round(race);
	}
}

static void change_keys(struct race *race, struct keys *keys, unsigned int seed)
{
	while (!race_is_over(race)) {
		long key = *some_key(keys, &seed);

		kc_update(key, "w", 1);
		kc_timeout(key, 100);
		kc_link(key, keys->ring);
		kc_link(key, RING_P);
		kc_move(key, RING_P, keys->ring, 0);
		race_round(race);
	}
}

static bool sane_watch(long ret)
{
	switch (ret) {
	case 0:
	case -EBUSY:
	case -EBADSLT:
	case -ENOKEY:
	case -EKEYREVOKED:
		return true;
	default:
		return false;
	}
}

static void watch_and_close(struct race *race, struct keys *keys, unsigned int seed)
{
	while (!race_is_over(race)) {
		int fds[2], i;
		long ret;

		if (!race_expect(race, !queue_open(fds), "no queue"))
			return;
		for (i = 0; i < KEYS; i++) {
			/* until there is another */
			long key = *some_key(keys, &seed) ?: keys->ring;

			ret = kc_watch(i ? key : keys->ring, fds[0], i);
			race_expect(race, sane_watch(ret), "watch: %ld", ret);
			if (seed & 0x10000)
				ret = kc_watch(key, fds[0], -1);
			race_expect(race, sane_watch(ret), "stop: %ld", ret);
		}
		close(fds[0]);
		close(fds[1]);
		race_round(race);
	}
}

static bool sane_note(const char *text)
{
	static const char *const good[] = {
		"nothing", "updated ", "linked ", "unlinked ", "cleared ",
		"revoked ", "invalidated ", "setattr ", "removed ",
		"type 0, subtype 1, 8 bytes",	/* the reader was too slow */
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		if (!strncmp(text, good[i], strlen(good[i])))
			return true;
	return false;
}

/* The stage's store is for records that are worth keeping */
static const char *read_one(int fd)
{
	size_t used = stage->used;
	const char *text = note_peek(fd);

	if (sane_note(text))
		stage->used = used;
	return text;
}

static void watch_and_read(struct race *race, struct keys *keys, unsigned int seed)
{
	int fds[2];

	if (!race_expect(race, !queue_open(fds), "no queue"))
		return;
	kc_watch(keys->ring, fds[0], 1);
	while (!race_is_over(race)) {
		const char *text;

		kc_watch(*some_key(keys, &seed), fds[0], 2);
		while (strcmp(text = read_one(fds[0]), "nothing")) {
			if (!race_expect(race, sane_note(text), "%s", text))
				return;
			race_round(race);
		}
	}
	kc_watch(keys->ring, fds[0], -1);
}

static void work(struct race *race, int worker, long arg)
{
	struct keys *keys = (struct keys *)arg;
	unsigned int seed = worker * 7919 + getpid();

	switch (worker) {
	case 0:
	case 1:
		return end_keys(race, keys, seed);
	case 2:
	case 3:
		return change_keys(race, keys, seed);
	case 4:
		return watch_and_read(race, keys, seed);
	default:
		return watch_and_close(race, keys, seed);
	}
}

TEST_F_TIMEOUT(watched, while_keys_end_and_queues_close, 120)
{
	race_run(self->race, race_seconds(), WORKERS, work, (long)self->keys);
	EXPECT_NO_FAILURES(self->race);
}

SELFTEST_MAIN
