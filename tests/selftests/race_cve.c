// SPDX-License-Identifier: GPL-2.0-only
/*
 * What once went wrong when two did it at the same time: each test is named after
 * the CVE, or after the commit that mended it.
 *
 * Documentation/userspace-api/cve.rst lists them all. Others are races of their
 * own: race_touch.c, race_join.c, race_parent.c.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "helper.h"
#include "races.h"

enum { LONG = 3000, SHORT = 10, LENGTH = 200, CHILDREN = 20, TRUE_LINKS = 5 };

/* What all workers see and change */
struct board {
	char name[LENGTH + 1];	/* ends at SHORT, or at LENGTH */
	int key, ring;		/* the ones to be used now */
	uid_t uid;
	struct race *race;	/* for helpers, who are no workers */
	struct call *call[2];	/* whom they answer */
};

/*
 * All workers have one session, and so possess what is in it:
 *
 *	director @s---> "_ses" ---> "field" (field) ---> ...
 *	  +-- worker 0, 1, 2, ... (one fresh uid)
 */
FIXTURE(cve_race)
{
	struct race *race;
	struct board *board;
};

static int field;	/* known to the workers since before the fork */

FIXTURE_SETUP(cve_race)
{
	stage_open();
	self->race = shared(sizeof(*self->race));
	self->board = shared(sizeof(*self->board));
	self->board->uid = fresh_uid();
	ASSERT_EQ(0, races_lift_quota());
	ASSERT_LT(0, kc_join(NULL));
	field = kc_add_ring("field", RING_S);
	ASSERT_LT(0, field);
	ASSERT_EQ(0, kc_setperm(field, PERM_POS(MAY_ALL) | PERM_USR(MAY_ALL)));
}

FIXTURE_TEARDOWN(cve_race)
{
	races_restore_quota();
	stage_close();
}

static struct board *board_of(long arg)
{
	struct board *board = (struct board *)arg;

	if (become(board->uid, 0, 0))
		_exit(1);
	return board;
}

static int published(const int *serial)
{
	return __atomic_load_n(serial, __ATOMIC_SEQ_CST);
}

static void publish(int *to, int serial)
{
	__atomic_store_n(to, serial, __ATOMIC_SEQ_CST);
}

#define RUN(workers, fn) \
	RUN_FOR(race_seconds() > 2 ? 2 : race_seconds(), workers, fn)

#define RUN_FOR(seconds, workers, fn) do {				\
	int keys_ = keys_charged(self->board->uid);			\
									\
	race_run(self->race, seconds, workers, fn, (long)self->board);	\
	EXPECT_NO_FAILURES(self->race);					\
	/* all that was made has gone, and is not charged any more */	\
	EXPECT_EQ(0, kc_clear(RING_S));					\
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->board->uid) ==	\
			       keys_));					\
} while (0)

/* ---- a description that changes while it is read ---- */

static void flip_the_name(struct race *race, struct board *board)
{
	unsigned int seed = 1;

	while (!race_is_over(race)) {
		board->name[SHORT] = 0;
		jitter(&seed);
		board->name[SHORT] = 'x';
		jitter(&seed);
	}
}

static void use_the_name(struct race *race, struct board *board)
{
	char desc[LENGTH + 64];
	const char *name;
	size_t len;
	long key;

	key = kc_add("user", board->name, "v", 1, RING_P);
	race_expect(race, key > 0, "add: %ld", key);
	key = kc_describe(key, desc, sizeof(desc));
	if (!race_expect(race, key > 0, "describe: %ld", key))
		return;
	name = strrchr(desc, ';') + 1;
	len = strspn(name, "x");
	race_expect(race, !name[len] && (len == SHORT || len == LENGTH),
		    "described as %s", desc);
	key = kc_search(RING_P, "user", board->name, 0);
	race_expect(race, ONE_OF(key, ENOKEY), "search: %ld", key);
	kc_clear(RING_P);
	race_round(race);
}

static void change_a_description(struct race *race, int worker, long arg)
{
	struct board *board = board_of(arg);

	if (!worker)
		flip_the_name(race, board);
	while (!race_is_over(race))
		use_the_name(race, board);
}

/* Its length was taken first, and what was copied then had another */
TEST_F_TIMEOUT(cve_race, cve_2006_0457_a_description_that_changes, 120)
{
	memset(self->board->name, 'x', LENGTH);
	RUN(3, change_a_description);
}

/* ---- a key that is used while it goes ---- */

static void end_a_key(int serial, unsigned int *seed)
{
	switch (*seed >> 20 & 3) {
	case 0:
		kc_unlink(serial, field);
		break;
	case 1:
		kc_revoke(serial);
		break;
	case 2:
		kc_invalidate(serial);
		break;
	default:
		kc_clear(field);
	}
}

static void make_and_end(struct race *race, struct board *board)
{
	unsigned int seed = getpid();
	char text[LONG];
	long key;

	while (!race_is_over(race)) {
		memset(text, 'a' + (seed >> 16) % 26, LONG);
		key = kc_add("user", "mortal", text, LONG, field);
		race_expect(race, key > 0, "add: %ld", key);
		publish(&board->key, key);
		jitter(&seed);
		/* now and then it is another payload that is read */
		memset(text, 'A' + (seed >> 16) % 26, LONG);
		kc_update(key, text, LONG);
		jitter(&seed);
		end_a_key(key, &seed);
		race_round(race);
	}
}

static bool all_the_same(const char *text, size_t len)
{
	return len && !memcmp(text, text + 1, len - 1);
}

static void use_the_key(struct race *race, int serial)
{
	char text[LONG + 100];
	long ret;

	ret = kc_read(serial, text, sizeof(text));
	race_expect(race, ONE_OF(ret, ENOKEY, EKEYREVOKED, EACCES),
		    "read: %ld", ret);
	if (ret >= 0)
		race_expect(race, ret == LONG && all_the_same(text, LONG),
			    "read %ld bytes of two payloads", ret);
	ret = kc_describe(serial, text, sizeof(text));
	race_expect(race, ONE_OF(ret, ENOKEY, EKEYREVOKED, EACCES),
		    "describe: %ld", ret);
	ret = kc_link(serial, RING_P);
	race_expect(race, ONE_OF(ret, ENOKEY, EKEYREVOKED, EACCES),
		    "link: %ld", ret);
	ret = kc_unlink(serial, RING_P);
	race_expect(race, ONE_OF(ret, ENOKEY, ENOENT), "unlink: %ld", ret);
	ret = kc_search(field, "user", "mortal", 0);
	race_expect(race, ONE_OF(ret, ENOKEY, EKEYREVOKED), "search: %ld", ret);
}

static void use_a_mortal_key(struct race *race, int worker, long arg)
{
	struct board *board = board_of(arg);
	unsigned int seed = worker;

	if (!worker)
		make_and_end(race, board);
	if (kc_id(RING_P, 1) < 0)
		_exit(1);
	while (!race_is_over(race)) {
		if (published(&board->key))
			use_the_key(race, published(&board->key));
		jitter(&seed);
	}
}

/*
 * A look-up found a key that was being freed (2014-9529); a payload was read while it
 * was revoked (2015-7550); the last one to let go of a key touched it once more, when
 * the collector had freed it already (2025-21893).
 */
TEST_F_TIMEOUT(cve_race, cve_2014_9529_and_2015_7550_and_2025_21893_a_key_that_goes, 120)
{
	RUN(4, use_a_mortal_key);
}

/* ---- a key that is added while it is requested ---- */

static void add_or_request(struct race *race, int worker, long arg)
{
	unsigned int seed = worker;
	long ret;

	board_of(arg);
	while (!race_is_over(race)) {
		switch (worker) {
		case 0:
		case 1:
			ret = kc_add_user("wanted", "v", field);
			race_expect(race, ONE_OF(ret, ENOKEY, EKEYREVOKED),
				    "add: %ld", ret);
			break;
		case 2:
		case 3:
			ret = kc_request("user", "wanted", "info", field);
			race_expect(race, ONE_OF(ret, ENOKEY, ENOENT,
						 EKEYREVOKED),
				    "request: %ld", ret);
			break;
		default:
			kc_clear(field);
			jitter(&seed);
		}
		race_round(race);
		jitter(&seed);
	}
}

/* What was under construction was made by adding; state and error did not belong together */
TEST_F_TIMEOUT(cve_race, cve_2017_15299_and_15951_add_beside_request, 120)
{
	/* the built-in service makes these at the first request */
	ASSERT_LT(0, ON(actor_user(self->board->uid), kc_id(RING_U, 0)));
	/* nobody makes the key: each request ends with a negative one */
	helper_install();
	unlink(HELPER);
	RUN(5, add_or_request);
	helper_remove();
}

/* ---- a tree that is searched while it is cut ---- */

static void grow_and_cut(struct race *race, struct board *board)
{
	unsigned int seed = getpid();
	char name[16];
	long child;
	int i;

	while (!race_is_over(race)) {
		for (i = 0; i < CHILDREN; i++) {
			sprintf(name, "child%d", i);
			child = kc_add_ring(name, field);
			race_expect(race, child > 0, "ring: %ld", child);
			if (i % 4 == 0)
				child = kc_add_user("leaf", "v", child);
			publish(&board->key, child);
			sprintf(name, "beside%d", i);
			kc_add_user(name, "v", field);
		}
		jitter(&seed);
		kc_clear(field);
		race_round(race);
	}
}

static void search_a_tree(struct race *race, int worker, long arg)
{
	struct board *board = board_of(arg);
	unsigned int seed = worker;
	long ret;

	if (!worker)
		grow_and_cut(race, board);
	while (!race_is_over(race)) {
		ret = kc_search(RING_S, "user", "leaf", 0);
		race_expect(race, ONE_OF(ret, ENOKEY), "search: %ld", ret);
		ret = kc_request("user", "no leaf", NULL, 0);
		race_expect(race, ret == -ENOKEY, "request: %ld", ret);
		ret = kc_read(published(&board->key), NULL, 0);
		race_expect(race, ONE_OF(ret, ENOKEY, EACCES), "read: %ld",
			    ret);
		ret = kc_read(field, NULL, 0);
		race_expect(race, ret >= 0 && ret % 4 == 0, "read: %ld", ret);
		jitter(&seed);
	}
}

/* A tree is searched, and read, while it is cut and grows */
TEST_F_TIMEOUT(cve_race, search_beside_deletion, 120)
{
	/* until there is another */
	self->board->key = field;
	RUN(4, search_a_tree);
}

/* ---- a key that is updated while its link goes ---- */

static void update_or_remove(struct race *race, int worker, long arg)
{
	struct board *board = board_of(arg);
	unsigned int seed = worker;
	long ret;

	while (!race_is_over(race)) {
		switch (worker) {
		case 0:
		case 1:
			ret = kc_add_user("there", "v", field);
			race_expect(race, ret > 0, "add: %ld", ret);
			publish(&board->key, ret);
			break;
		case 2:
			kc_unlink(published(&board->key), field);
			break;
		default:
			kc_move(published(&board->key), field, RING_S, 0);
			kc_clear(field);
		}
		race_round(race);
		jitter(&seed);
	}
}

/* The key to be updated was looked for while it could go */
TEST_F_TIMEOUT(cve_race, fix_find_key_to_update_beside_unlink, 120)
{
	RUN(4, update_or_remove);
}

/* ---- a ring that is closed while keys are added ---- */

static void close_rings(struct race *race, struct board *board)
{
	unsigned int seed = getpid();
	long ring, ret, size;
	int i;

	while (!race_is_over(race)) {
		ring = kc_add_ring("closing", field);
		race_expect(race, ring > 0, "ring: %ld", ring);
		publish(&board->ring, ring);
		jitter(&seed);
		ret = kc_restrict(ring, NULL, NULL);
		size = kc_read(ring, NULL, 0);
		race_expect(race, !ret && size >= 0, "restrict: %ld, read: %ld",
			    ret, size);
		for (i = 0; i < TRUE_LINKS; i++) {
			jitter(&seed);
			ret = kc_read(ring, NULL, 0);
			race_expect(race, ret == size,
				    "%ld bytes of links, then %ld", size, ret);
		}
		race_round(race);
	}
}

static void restrict_or_add(struct race *race, int worker, long arg)
{
	struct board *board = board_of(arg);
	unsigned int seed = worker;
	char name[16];
	long ret;
	int i;

	if (!worker)
		close_rings(race, board);
	for (i = 0; !race_is_over(race); i++) {
		sprintf(name, "k%d.%d", worker, i % 50);
		ret = kc_add_user(name, "v", published(&board->ring));
		race_expect(race, ONE_OF(ret, EPERM, ENOKEY, EACCES, EINVAL),
			    "add: %ld", ret);
		ret = kc_link(field, published(&board->ring));
		race_expect(race, ret < 0, "link: %ld", ret);
		jitter(&seed);
	}
}

/* What had been let in when the ring was open was linked when it was closed */
TEST_F_TIMEOUT(cve_race, cve_2026_99040_restrict_beside_add, 120)
{
	RUN(4, restrict_or_add);
}

/* ---- a ring that is closed while helpers answer ---- */

static bool is_kept_out(long ret)
{
	return ret == -EPERM || ret == -ENOKEY || ret == -EACCES;
}

/*
 * In a helper: it tries until the ring lets the key in, and has one success only, which
 * so is never long before the ring is closed.
 */
static long answer_into_the_ring(long key, long arg, long rejects)
{
	struct board *board = (struct board *)arg;
	unsigned int seed = getpid();
	long ret = kc_assume(key);

	race_expect(board->race, ret > 0, "assume: %ld", ret);
	do {
		/* without a pause nobody else would come to anything */
		jitter(&seed);
		if (rejects)
			ret = kc_reject(key, 1000, EKEYREJECTED, published(&board->ring));
		else
			ret = kc_instantiate(key, "v", 1, published(&board->ring));
	} while (is_kept_out(ret) && !race_is_over(board->race));
	race_expect(board->race, !ret || is_kept_out(ret), "answer: %ld", ret);
	return 0;
}

/* In a helper: the key is to be where it was asked for */
static long answer_at_once(long key, long arg, long c)
{
	struct board *board = (struct board *)arg;
	long ret = kc_assume(key);

	(void)c;
	if (ret > 0)
		ret = kc_instantiate(key, "v", 1, 0);
	/* or the ring has been closed */
	race_expect(board->race, !ret || ret == -EPERM, "answer: %ld", ret);
	return 0;
}

/* A key that is not there, and another one each time */
static long ask_for_another(struct call *call, int number, int dest)
{
	sprintf(call->desc, "selftest:%d:%lx:%d", stage->director, (long)call, number);
	return kc_request("user", call->desc, "info", dest);
}

static void ask_beside(struct race *race, struct call *call, int dest, const int *closing)
{
	unsigned int seed = getpid();
	long ret;
	int i;

	for (i = 0; !race_is_over(race); i++) {
		ret = ask_for_another(call, i, closing ? published(closing) : dest);
		race_expect(race, ONE_OF(ret, EKEYREJECTED, ENOKEY) ||
			    (closing && is_kept_out(ret)), "request: %ld", ret);
		if (!closing)
			kc_clear(dest);
		jitter(&seed);
	}
}

static void request_what_is_there(struct race *race, struct board *board)
{
	unsigned int seed = getpid();
	long ret;

	while (!race_is_over(race)) {
		ret = kc_request("user", "there", NULL, published(&board->ring));
		race_expect(race, ret > 0 || is_kept_out(ret), "request: %ld", ret);
		jitter(&seed);
	}
}

static void restrict_or_answer(struct race *race, int worker, long arg)
{
	struct board *board = board_of(arg);

	if (!worker)
		close_rings(race, board);
	else if (worker == 1)
		request_what_is_there(race, board);
	else
		ask_beside(race, board->call[worker - 2], RING_P, NULL);
}

static void restrict_or_request(struct race *race, int worker, long arg)
{
	struct board *board = board_of(arg);

	if (!worker)
		close_rings(race, board);
	else
		ask_beside(race, board->call[worker - 1], 0, &board->ring);
}

static void board_calls(struct board *board, struct race *race, actor_fn does)
{
	int i;

	board->race = race;
	/* until there is another */
	board->ring = field;
	for (i = 0; i < 2; i++) {
		board->call[i] = call_to("info", 0);
		board->call[i]->desc = shared(64);
		board->call[i]->does = does;
		board->call[i]->with[0] = (long)board;
		board->call[i]->with[1] = i;
	}
	helper_install();
}

/* Nobody asked once more, when a key was rejected, whether its ring had been closed */
TEST_F_TIMEOUT(cve_race, cve_2026_99245_restrict_beside_answers, 120)
{
	struct board *board = self->board;

	/* the built-in service makes these at the first request */
	ASSERT_LT(0, ON(actor_user(board->uid), kc_id(RING_U, 0)));
	ASSERT_LT(0, kc_add_user("there", "v", field));
	board_calls(board, self->race, answer_into_the_ring);
	/* each helper is another chance, and they come slowly */
	RUN_FOR(2 * race_seconds(), 4, restrict_or_answer);
	EXPECT_LT(0, board->call[0]->runs + board->call[1]->runs);
	TH_LOG("%d instantiated, %d rejected", board->call[0]->runs, board->call[1]->runs);
	helper_remove();
}

/* Nor does a request ask, there */
TEST_F_TIMEOUT(cve_race, ours_restrict_beside_requests, 120)
{
	ASSERT_LT(0, ON(actor_user(self->board->uid), kc_id(RING_U, 0)));
	board_calls(self->board, self->race, answer_at_once);
	RUN_FOR(2 * race_seconds(), 3, restrict_or_request);
	EXPECT_LT(0, self->board->call[0]->runs + self->board->call[1]->runs);
	helper_remove();
}

HELPER_MAIN
