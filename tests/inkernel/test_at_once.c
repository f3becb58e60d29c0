// SPDX-License-Identifier: GPL-2.0-only
/*
 * Code of the kernel uses a key while programs change it: what it sees is whole, never
 * older than what had been done when it asked, and in the end what the key is.
 *
 *	worker 0, 1, ... @s---> "_ses" ---> key <--- the kernel's, on behalf of any of them
 */
#include <kselftest_harness.h>

#include "inkernel.h"
#include "loading.h"
#include "races.h"

#define OWN INKERNEL_TYPE

enum { WORKERS = 4, TIMES = 8, LENGTH = 400 };

/* Of one round, or one race, for all workers to see */
struct deed {
	struct meeting meeting;
	char desc[32];
	int key;
	int done;		/* the number of the last update that has returned */
	long got[WORKERS];
};

FIXTURE(at_once)
{
	struct race *race;
	struct deed *deed;
};

FIXTURE_SETUP(at_once)
{
	stage_open();
	inkernel_open();
	self->race = shared(sizeof(*self->race));
	self->deed = shared(sizeof(*self->deed));
	snprintf(self->deed->desc, sizeof(self->deed->desc), "%s", fresh_desc("at once:"));
	ASSERT_EQ(0, races_lift_quota());
	ASSERT_EQ(0, meeting_prepare(&self->deed->meeting, WORKERS));
	ASSERT_LT(0, kc_join(NULL));
}

FIXTURE_TEARDOWN(at_once)
{
	races_restore_quota();
	stage_close();
	inkernel_open();
	ik(INKERNEL_TYPE_REMOVE, 0);
	inkernel_close();
}

#define RUN(self, fn) do {						\
	race_run((self)->race, race_seconds(), WORKERS, fn,		\
		 (long)(self)->deed);					\
	EXPECT_NO_FAILURES((self)->race);				\
} while (0)

/* What inkernel.h does, with memory of the worker's own */
static long request(const char *desc)
{
	struct inkernel_request req = { .how = INKERNEL_PLAIN };

	snprintf(req.type, sizeof(req.type), "user");
	snprintf(req.desc, sizeof(req.desc), "%s", desc);
	return ik(INKERNEL_REQUEST, (long)&req);
}

static long read_slot(long slot, struct inkernel_text *text)
{
	long ret;

	text->slot = slot;
	ret = ik(INKERNEL_PAYLOAD, (long)text);
	text->text[ret < 0 ? 0 : text->len < INKERNEL_TEXT ? text->len : INKERNEL_TEXT - 1] = 0;
	return ret;
}

/* ---- updates: each is the same number, many times ---- */

static int write_number(char *text, int number)
{
	int used = 0, length = LENGTH + number % 7 * 50;

	while (used < length)
		used += sprintf(text + used, "%d;", number);
	return used;
}

/* -1: of two */
static int number_of(const char *text)
{
	int number = atoi(text);
	char whole[LENGTH * 2 + 400];

	return strlen(text) < sizeof(whole) && write_number(whole, number) == (int)strlen(text) &&
	       !strcmp(whole, text) ? number : -1;
}

static void update_it(struct race *race, struct deed *deed)
{
	unsigned int seed = 1;
	char text[LENGTH * 2 + 400];
	int n, len;

	for (n = deed->done + 1; !race_is_over(race); n++) {
		len = write_number(text, n);
		race_expect(race, !kc_update(deed->key, text, len), "update");
		__atomic_store_n(&deed->done, n, __ATOMIC_SEQ_CST);
		race_round(race);
		jitter(&seed);
	}
}

static void look_at_it(struct race *race, struct deed *deed, unsigned int seed)
{
	static struct inkernel_text text;
	int done, number;
	long slot;

	while (!race_is_over(race)) {
		done = __atomic_load_n(&deed->done, __ATOMIC_SEQ_CST);
		slot = request(deed->desc);
		race_expect(race, slot >= 0 && read_slot(slot, &text) >= 0, "no payload: %ld", slot);
		number = number_of(text.text);
		race_expect(race, number >= done, "%d after %d: %.40s", number, done, text.text);
		race_expect(race, !ik_put(slot), "put");
		jitter(&seed);
	}
}

static void update_or_look(struct race *race, int worker, long arg)
{
	struct deed *deed = (struct deed *)arg;

	if (worker)
		look_at_it(race, deed, worker + 1);
	else
		update_it(race, deed);
}

/* Nobody gets bytes of two payloads, or of one that had been replaced before he asked */
TEST_F_TIMEOUT(at_once, updated, 120)
{
	char text[LENGTH * 2 + 400];

	self->deed->done = 1;
	self->deed->key = kc_add("user", self->deed->desc, text, write_number(text, 1), RING_S);
	ASSERT_LT(0, self->deed->key);
	RUN(self, update_or_look);
}

/* ---- several changes at once: the last one holds, for the kernel, too ---- */

/* The first request makes what stands for the key: all at once get the same */
static void compare_slots(struct race *race, const struct deed *deed, const long *serial)
{
	static struct inkernel_text kernels;
	char own[INKERNEL_TEXT + 1] = "";
	int i;

	for (i = 0; i < WORKERS; i++) {
		race_expect(race, deed->got[i] >= 0, "request: %ld", deed->got[i]);
		race_expect(race, serial[i] == serial[0], "two keys for one: %ld %ld", serial[0],
			    serial[i]);
		race_expect(race, kc_read(deed->key, own, sizeof(own) - 1) >= 0 &&
			    read_slot(deed->got[i], &kernels) >= 0 &&
			    !strcmp(own, kernels.text), "%.40s, but the kernel has %.40s", own,
			    kernels.text);
	}
}

static void update_at_once(struct race *race, int worker, long arg)
{
	struct deed *deed = (struct deed *)arg;
	unsigned int seed = worker + 1;
	long serial[WORKERS];
	char text[32];
	int i;

	while (meet_again(&deed->meeting, race, worker)) {
		if (!worker)
			deed->key = kc_add_user(deed->desc, "first", RING_S);
		meet(&deed->meeting);
		jitter(&seed);
		deed->got[worker] = request(deed->desc);
		/* two may change it twice, one after the other has looked */
		for (i = 0; worker < 2 && i < 2; i++) {
			sprintf(text, "%d by %d", i, worker);
			race_expect(race, !kc_update(deed->key, text, strlen(text)), "update");
		}
		meet(&deed->meeting);
		for (i = 0; !worker && i < WORKERS; i++)
			serial[i] = ik_serial(deed->got[i]);
		if (!worker) {
			compare_slots(race, deed, serial);
			race_expect(race, !kc_revoke(deed->key), "revoke");
		}
		meet(&deed->meeting);
		/* whatever was under way: what is revoked stays so */
		race_expect(race, ik_validate(deed->got[worker]) == -EKEYREVOKED, "not revoked");
		race_expect(race, !ik_put(deed->got[worker]), "put");
		if (!worker)
			race_expect(race, !kc_clear(RING_S), "clear");
	}
}

TEST_F_TIMEOUT(at_once, found_first_and_updated, 120)
{
	RUN(self, update_at_once);
}

static void revoke_at_once(struct race *race, int worker, long arg)
{
	struct deed *deed = (struct deed *)arg;
	unsigned int seed = worker + 1;
	long ret;

	while (meet_again(&deed->meeting, race, worker)) {
		if (!worker)
			deed->key = kc_add_user(deed->desc, "first", RING_S);
		meet(&deed->meeting);
		deed->got[worker] = request(deed->desc);
		race_expect(race, deed->got[worker] >= 0, "request: %ld", deed->got[worker]);
		meet(&deed->meeting);
		jitter(&seed);
		if (worker == 0)
			ret = kc_revoke(deed->key);
		else if (worker == 1)
			ret = kc_timeout(deed->key, 600);
		else
			ret = kc_update(deed->key, "later", 5);
		race_expect(race, !ret || (worker && ret == -EKEYREVOKED), "%d: %ld", worker, ret);
		meet(&deed->meeting);
		race_expect(race, ik_validate(deed->got[worker]) == -EKEYREVOKED,
			    "not revoked: %ld", ik_validate(deed->got[worker]));
		race_expect(race, request(deed->desc) == -EKEYREVOKED, "it is found");
		race_expect(race, !ik_put(deed->got[worker]), "put");
		meet(&deed->meeting);
		if (!worker)
			race_expect(race, !kc_clear(RING_S), "clear");
	}
}

/* Neither a time nor a payload that comes at the same moment brings it back */
TEST_F_TIMEOUT(at_once, revoked, 120)
{
	RUN(self, revoke_at_once);
}

static long by_serial(long key)
{
	struct inkernel_lookup look = { .serial = key, .need = NEED_SEARCH };

	return ik(INKERNEL_LOOKUP, (long)&look);
}

/*
 * The built-in service may take a key that is being revoked for one that has expired, which
 * is as good as none to a request.
 */
static bool is_there_or_has_ended(long got)
{
	return ONE_OF(got, EKEYREVOKED) || (got == -ENOKEY && !is_loaded());
}

static void revoke_or_find(struct race *race, int worker, long arg)
{
	struct deed *deed = (struct deed *)arg;
	unsigned int seed = worker + 1;
	long got;

	while (meet_again(&deed->meeting, race, worker)) {
		if (!worker)
			deed->key = kc_add_user(deed->desc, "first", RING_S);
		meet(&deed->meeting);
		jitter(&seed);
		if (worker) {
			got = worker % 2 ? request(deed->desc) : by_serial(deed->key);
			race_expect(race, is_there_or_has_ended(got), "%d: %ld", worker, got);
			race_expect(race, got < 0 || !ik_put(got), "put");
		} else {
			race_expect(race, !kc_revoke(deed->key), "revoke");
		}
		meet(&deed->meeting);
		if (!worker)
			race_expect(race, !kc_clear(RING_S), "clear");
	}
}

/* It is there, and has ended, but at no moment is there none */
TEST_F_TIMEOUT(at_once, found_first_and_revoked, 120)
{
	RUN(self, revoke_or_find);
}

/* ---- a time that is set and taken back at once: for the kernel as for the key ---- */

static void set_times_at_once(struct race *race, int worker, long arg)
{
	struct deed *deed = (struct deed *)arg;
	unsigned int seed = worker + deed->key;	/* another one each time */
	long ret;
	int i;

	for (i = 0; i < TIMES; i++) {
		meet(&deed->meeting);
		jitter(&seed);
		ret = kc_timeout(deed->key, worker % 2 ? 1 : 0);
		race_expect(race, ONE_OF(ret, EKEYEXPIRED), "timeout: %ld", ret);
		meet(&deed->meeting);
		race_round(race);
	}
}

static long add_timed(struct deed *deed, int i)
{
	char desc[48];

	snprintf(desc, sizeof(desc), "%s %d", deed->desc, i);
	deed->key = kc_add_user(desc, "v", RING_S);
	return deed->key > 0 ? request(desc) : deed->key;
}

TEST_F_TIMEOUT(at_once, expires, 120)
{
	long key[TIMES], slot[TIMES], ret;
	int i, expired = 0;

	for (i = 0; i < TIMES; i++) {
		slot[i] = add_timed(self->deed, i);
		key[i] = self->deed->key;
		ASSERT_LE(0, slot[i]);
		race_run(self->race, 0, WORKERS, set_times_at_once, (long)self->deed);
	}
	EXPECT_NO_FAILURES(self->race);
	nap_ms(2100);
	for (i = 0; i < TIMES; i++) {
		ret = kc_read(key[i], NULL, 0);
		EXPECT_TRUE(ret == 1 || ret == -EKEYEXPIRED) TH_LOG("%ld", ret);
		EXPECT_EQ(ret < 0 ? ret : 0, ik_validate(slot[i]));
		expired += ret < 0;
	}
	TH_LOG("%d of %d have expired", expired, TIMES);
}

/* ---- a key that is in one of two rings at any time ---- */

/*
 *	@s ---> outer ---> a, b ---> so many others, and one of the rings ---> key
 */
struct to_and_fro {
	int outer, ring[2];
};

enum { OTHERS = 100 };

static struct to_and_fro to_and_fro;

static long add_to_and_fro(struct deed *deed, struct to_and_fro *set)
{
	char desc[48];
	int i;

	set->outer = kc_add_ring("outer", RING_S);
	set->ring[0] = kc_add_ring("a", set->outer);
	set->ring[1] = kc_add_ring("b", set->outer);
	for (i = 0; i < 2 * OTHERS; i++) {
		snprintf(desc, sizeof(desc), "%s %d", deed->desc, i);
		if (kc_add(OWN, desc, "v", 1, set->ring[i % 2]) < 0)
			return -1;
	}
	deed->key = kc_add(OWN, deed->desc, "v", 1, set->ring[0]);
	return deed->key;
}

static void find_it(struct race *race, const struct deed *deed)
{
	struct inkernel_lookup look = { .serial = to_and_fro.outer, .need = NEED_SEARCH };
	struct inkernel_search search = { .type = OWN };
	long ring = ik(INKERNEL_LOOKUP, (long)&look), found;

	search.slot = ring;
	snprintf(search.desc, sizeof(search.desc), "%s", deed->desc);
	found = ring < 0 ? ring : ik(INKERNEL_SEARCH, (long)&search);
	/* the built-in service misses it now and then */
	race_expect(race, found >= 0 || (found == -EAGAIN && access("/sys/module/keyrings", F_OK)),
		    "not found: %ld", found);
	race_expect(race, (found < 0 || !ik_put(found)) && !ik_put(ring), "put");
}

static void move_or_find(struct race *race, int worker, long arg)
{
	struct deed *deed = (struct deed *)arg;
	unsigned int seed = worker + 1;
	int n;

	for (n = 0; meet_again(&deed->meeting, race, worker); n++) {
		if (worker) {
			find_it(race, deed);
			continue;
		}
		jitter(&seed);
		race_expect(race, !kc_move(deed->key, to_and_fro.ring[n % 2],
					   to_and_fro.ring[(n + 1) % 2], 0), "move");
	}
}

/* The kernel goes through one ring before the move, and through the other one after it */
TEST_F_TIMEOUT(at_once, moved, 120)
{
	ik(INKERNEL_TYPE_REMOVE, 0);
	ASSERT_EQ(0, ik(INKERNEL_TYPE_ADD, 0));
	ASSERT_LT(0, add_to_and_fro(self->deed, &to_and_fro));
	RUN(self, move_or_find);
}

/* ---- network namespaces end while keys of them are used ---- */

static int address_of(char *text, int worker)
{
	return sprintf(text, "192.0.2.%d", worker);
}

/*
 * Each adds a key of the same name, which is its own one in a namespace of its own; but to the
 * built-in service's search, which compares as the type does, those of others are like it.
 */
static void add_in_new_network(struct race *race, struct deed *deed, int worker)
{
	char text[32];
	long key, found;

	if (!race_expect(race, !unshare(CLONE_NEWNET), "unshare: %d", errno))
		return;
	key = kc_add("dns_resolver", deed->desc, text, address_of(text, worker) + 1, deed->key);
	found = kc_search(deed->key, "dns_resolver", deed->desc, 0);
	race_expect(race, key > 0 && (found == key || !is_loaded()), "found %ld, not %ld", found,
		    key);
	deed->got[worker] = key;
}

/* The namespace may have gone, may be going: its key is what it was */
static void use_after_it(struct race *race, long key, int ring, int worker)
{
	char text[32], got[32] = "";
	int len = address_of(text, worker);
	long ret = kc_read(key, got, sizeof(got) - 1);
	bool gone = !is_loaded() && ret < 0;

	race_expect(race, gone || (ret == len && !strcmp(got, text)), "%ld: %s", ret, got);
	ret = kc_unlink(key, ring);
	race_expect(race, !ret || !is_loaded(), "unlink: %ld", ret);
}

static void leave_networks(struct race *race, int worker, long arg)
{
	static char rows[64 << 10];
	struct deed *deed = (struct deed *)arg;
	unsigned int seed = worker + 1;
	long ret;

	while (!race_is_over(race)) {
		if (worker) {
			IN_CHILD(add_in_new_network(race, deed, worker));
			jitter(&seed);
			use_after_it(race, deed->got[worker], deed->key, worker);
			race_round(race);
			continue;
		}
		ret = kc_search(deed->key, "dns_resolver", deed->desc, 0);
		race_expect(race, ret == -ENOKEY || !is_loaded(), "found from outside: %ld", ret);
		slurp_into((long)"/proc/keys", (long)rows, sizeof(rows));
	}
}

/* A type knows a namespace for as long as keys of it are there, or somebody who makes one */
TEST_F_TIMEOUT(at_once, namespaces_that_end, 120)
{
	ASSERT_LT(0, self->deed->key = kc_add_ring("names", RING_S));
	race_run(self->race, 5 * race_seconds(), WORKERS, leave_networks, (long)self->deed);
	EXPECT_NO_FAILURES(self->race);
	EXPECT_EQ(0, ring_size(self->deed->key));
}

/* ---- a type of the kernel's looks for a key while it makes its own ---- */

static void add_taking(struct race *race, int worker, long arg)
{
	struct deed *deed = (struct deed *)arg;
	char desc[64], text[80], got[64] = "";
	unsigned int seed = worker + 1;
	long ret;
	int n;

	for (n = 0; !race_is_over(race); n++) {
		/* one that no code of the kernel's has looked for yet */
		snprintf(desc, sizeof(desc), "%s %d.%d", deed->desc, worker, n);
		ret = kc_add("user", desc, desc, strlen(desc), RING_P);
		race_expect(race, ret > 0, "add: %ld", ret);
		snprintf(text, sizeof(text), "take %s", desc);
		jitter(&seed);
		/* now and then it is an update */
		ret = kc_add(OWN, n % 3 ? "k" : desc, text, strlen(text), RING_P);
		race_expect(race, ret > 0, "add own: %ld", ret);
		memset(got, 0, sizeof(got));
		ret = kc_read(ret, got, sizeof(got) - 1);
		race_expect(race, ret > 0 && !strcmp(got, desc), "%s took %s", desc, got);
		if (n % 8 == 7)
			race_expect(race, !kc_clear(RING_P), "clear");
		race_round(race);
	}
}

/* Each finds its own key, and none goes on without */
TEST_F_TIMEOUT(at_once, made_of_other_keys, 120)
{
	ik(INKERNEL_TYPE_REMOVE, 0);
	ASSERT_EQ(0, ik(INKERNEL_TYPE_ADD, 0));
	RUN(self, add_taking);
	EXPECT_TRUE(EVENTUALLY(ik(INKERNEL_TYPE_ALIVE, 0) == 0));
}

/* ---- and the key that it looks for is another one each time ---- */

enum { PATIENCE_MS = 30000 };

static void displace(struct race *race, const struct deed *deed, long until)
{
	long key;

	/* The built-in service may be done before this one has begun. */
	do {
		key = kc_add("user", deed->desc, "v", 1, RING_P);
		race_expect(race, key > 0 && !kc_link(key, RING_S), "displace");
		race_expect(race, !kc_unlink(key, RING_P), "unlink");
		race_round(race);
	} while (!__atomic_load_n(&deed->done, __ATOMIC_SEQ_CST) && now_ms() < until);
}

/* EAGAIN, when no key that it found was there when it looked again */
static void linger_or_displace(struct race *race, int worker, long arg)
{
	struct deed *deed = (struct deed *)arg;
	long until = now_ms() + PATIENCE_MS, ret;
	char text[48];

	if (worker) {
		displace(race, deed, until);
		return;
	}
	snprintf(text, sizeof(text), "linger %s", deed->desc);
	ret = kc_add(OWN, "k", text, strlen(text), RING_P);
	race_expect(race, now_ms() < until, "it is kept for as long as others like");
	race_expect(race, ONE_OF(ret, EAGAIN), "add: %ld", ret);
	__atomic_store_n(&deed->done, 1, __ATOMIC_SEQ_CST);
}

/* With its ring locked it does not go on for as long as others see to that */
TEST_F_TIMEOUT(at_once, another_key_each_time, 120)
{
	ik(INKERNEL_TYPE_REMOVE, 0);
	ASSERT_EQ(0, ik(INKERNEL_TYPE_ADD, 0));
	ASSERT_LT(0, kc_add_user(self->deed->desc, "v", RING_S));
	race_run(self->race, 0, 2, linger_or_displace, (long)self->deed);
	EXPECT_NO_FAILURES(self->race);
}

SELFTEST_MAIN
