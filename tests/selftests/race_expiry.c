// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times of expiry that are set while the reaper is at work: what a key's row says
 * in the end is what happens to its link.
 *
 *	director @s---> "_ses" ---> "field" ---> user "k0" .. "k23"
 *	  +-- worker 0 .. 3: give them a second, or minutes, or for ever, or make
 *	      those anew that have gone
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "races.h"

enum { KEYS = 24, WORKERS = 4, LATER = 600 };

struct field {
	int ring;
	int32_t key[KEYS];
};

FIXTURE(expiry)
{
	struct race *race;
	struct field *field;
	long gc_delay;
};

FIXTURE_SETUP(expiry)
{
	stage_open();
	self->race = shared(sizeof(*self->race));
	self->field = shared(sizeof(*self->field));
	self->gc_delay = sysctl_get("gc_delay");
	ASSERT_EQ(0, sysctl_set("gc_delay", 0));
	ASSERT_EQ(0, races_lift_quota());
	ASSERT_LT(0, kc_join(NULL));
	self->field->ring = kc_add_ring("field", RING_S);
	ASSERT_LT(0, self->field->ring);
}

FIXTURE_TEARDOWN(expiry)
{
	races_restore_quota();
	sysctl_set("gc_delay", self->gc_delay);
	stage_close();
}

static void set_times(struct race *race, int worker, long arg)
{
	static const unsigned int times[] = { 1, LATER, 0, 1 };
	struct field *field = (struct field *)arg;
	unsigned int seed = worker + 1;
	char desc[16];
	long ret;
	int i;

	while (!race_is_over(race)) {
		jitter(&seed);
		i = (seed >> 8) % KEYS;
		ret = kc_timeout(__atomic_load_n(&field->key[i], __ATOMIC_RELAXED),
				 times[seed >> 24 & 3]);
		race_expect(race, ONE_OF(ret, EINVAL, ENOKEY, EKEYEXPIRED, EACCES),
			    "timeout: %ld", ret);
		race_round(race);
		if (!ret)
			continue;
		/* it has expired, which adding it ends, or has gone */
		sprintf(desc, "k%d", i);
		ret = kc_add_user(desc, "v", field->ring);
		race_expect(race, ret > 0, "add: %ld", ret);
		__atomic_store_n(&field->key[i], ret, __ATOMIC_RELAXED);
	}
}

/* Minutes, or for ever */
static bool has_time(const struct key_row *row)
{
	return !strcmp(row->timeout, "perm") || strchr(row->timeout, 'm');
}

/* Returns how many links there are; those of keys that have no time left must go */
static int judge(struct race *race, const struct field *field, int32_t *stay)
{
	int32_t key[KEYS];
	struct key_row row = { 0 };
	int i, n = 0, links;

	links = kc_read(field->ring, key, sizeof(key)) / (long)sizeof(key[0]);
	race_expect(race, links >= 0 && links <= KEYS, "%d links", links);
	for (i = 0; i < links; i++) {
		if (!key_row(NULL, key[i], &row))
			continue;
		if (has_time(&row))
			stay[n++] = key[i];
		else
			race_expect(race, EVENTUALLY(!race_holds(field->ring, key[i])),
				    "not reaped: %s", row.line);
	}
	return n;
}

static void expect_there(struct race *race, const struct field *field, const int32_t *stay, int n)
{
	struct key_row row = { 0 };
	int i;

	for (i = 0; i < n; i++) {
		race_expect(race, race_holds(field->ring, stay[i]), "%x was reaped", stay[i]);
		race_expect(race, key_row(NULL, stay[i], &row) && has_time(&row), "now: %s",
			    row.line);
	}
	race_expect(race, ring_size(field->ring) == n, "%d keys to stay, %ld are there", n,
		    ring_size(field->ring));
}

TEST_F_TIMEOUT(expiry, none_is_lost, 120)
{
	int32_t stay[KEYS];
	int n;

	race_run(self->race, race_seconds(), WORKERS, set_times, (long)self->field);
	n = judge(self->race, self->field, stay);
	expect_there(self->race, self->field, stay, n);
	EXPECT_NO_FAILURES(self->race);
	TH_LOG("%d keys stay", n);
}

SELFTEST_MAIN
