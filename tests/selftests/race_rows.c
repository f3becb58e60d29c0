// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of /proc/keys while keys come and go: whoever reads the file, in however
 * small pieces, sees each key once that was there all the time, in the order of
 * the serials.
 *
 *	readers (4, of one fresh uid, each with two files)  ---> /proc/keys
 *	makers (2)  ---> keys that come and go, among those that stay
 *
 * And what KEYCTL_DESCRIBE tells of a key while its owner changes.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "races.h"

enum { STAY = 100, COME = 40, READERS = 4, MAKERS = 2, PIECE = 700, ROWS = 256 << 10 };

struct rows {
	uid_t uid;
	uint32_t serial[STAY];	/* in ascending order */
};

FIXTURE(rows)
{
	struct race *race;
	struct rows *rows;
};

FIXTURE_SETUP(rows)
{
	stage_open();
	self->race = shared(sizeof(*self->race));
	self->rows = shared(sizeof(*self->rows));
	self->rows->uid = fresh_uid();
	ASSERT_EQ(0, races_lift_quota());
	ASSERT_LT(0, kc_join(NULL));
}

FIXTURE_TEARDOWN(rows)
{
	races_restore_quota();
	stage_close();
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool make_those_that_stay(struct rows *rows, struct actor *owner)
{
	char *desc = shared(16);
	int i;

	for (i = 0; i < STAY; i++) {
		long key;

		sprintf(desc, "stay%d", i);
		key = ON(owner, kc_add_user(desc, "v", RING_P));
		if (key <= 0)
			return false;
		rows->serial[i] = key;
	}
	qsort(rows->serial, STAY, sizeof(rows->serial[0]), ascending);
	return true;
}

/* One file that is read piece by piece */
struct listing {
	int fd;
	size_t used;
	bool ended;
	char *text;
};

static void listing_open(struct race *race, struct listing *listing)
{
	listing->fd = open("/proc/keys", O_RDONLY | O_CLOEXEC);
	listing->used = 0;
	listing->ended = false;
	race_expect(race, listing->fd >= 0, "open: %d", errno);
}

static void read_a_piece(struct race *race, struct listing *listing, unsigned int *seed)
{
	/* small ones, and such as rows of several keys fit in */
	size_t size = 20 + (*seed >> 16) % PIECE;
	ssize_t n;

	*seed = *seed * 1103515245 + 12345;
	if (!race_expect(race, listing->used + size < ROWS, "the file has no end")) {
		listing->ended = true;
		return;
	}
	n = read(listing->fd, listing->text + listing->used, size);
	race_expect(race, n >= 0, "read: %d", errno);
	listing->ended = n <= 0;
	listing->used += n > 0 ? n : 0;
}

static void judge_listing(struct race *race, const struct rows *rows, struct listing *listing)
{
	uint32_t last = 0, serial;
	int seen = 0;
	char *line;

	listing->text[listing->used] = 0;
	for (line = listing->text; *line; line += strcspn(line, "\n") + 1) {
		serial = strtoul(line, NULL, 16);
		if (!race_expect(race, serial > last, "%x after %x", serial, last) ||
		    !race_expect(race, strchr(line, '\n'), "half a row: %s", line))
			break;
		last = serial;
		while (seen < STAY && rows->serial[seen] < serial) {
			race_expect(race, false, "%x is not there, but %x after it",
				    rows->serial[seen], serial);
			seen++;
		}
		seen += seen < STAY && rows->serial[seen] == serial;
	}
	race_expect(race, seen == STAY, "%d of %d keys", seen, STAY);
	close(listing->fd);
}

/* Two files by turns: what is remembered of the one is in the way of the other */
static void read_rows(struct race *race, const struct rows *rows, unsigned int seed)
{
	struct listing file[2];
	int i, open_files = 2;

	for (i = 0; i < 2; i++) {
		file[i].text = malloc(ROWS);
		if (!file[i].text)
			_exit(1);
		listing_open(race, &file[i]);
	}
	while (open_files) {
		for (i = 0; i < 2; i++) {
			if (file[i].ended)
				continue;
			read_a_piece(race, &file[i], &seed);
			if (!file[i].ended)
				continue;
			judge_listing(race, rows, &file[i]);
			race_round(race);
			if (race_is_over(race))
				open_files--;
			else
				listing_open(race, &file[i]);
		}
	}
}

static void make_and_drop(struct race *race)
{
	unsigned int seed = getpid();
	char desc[16];
	long key;
	int i;

	while (!race_is_over(race)) {
		for (i = 0; i < COME; i++) {
			sprintf(desc, "come%d", i);
			key = kc_add_user(desc, "v", RING_P);
			race_expect(race, key > 0, "add: %ld", key);
			jitter(&seed);
		}
		race_expect(race, !kc_clear(RING_P), "clear");
	}
}

static void read_or_make(struct race *race, int worker, long arg)
{
	struct rows *rows = (struct rows *)arg;

	if (become(rows->uid, 0, 0))
		_exit(1);
	if (worker < READERS)
		read_rows(race, rows, worker * 7919 + 1);
	else
		make_and_drop(race);
}

TEST_F_TIMEOUT(rows, each_key_that_stays_once, 120)
{
	struct actor *owner = actor_user(self->rows->uid);

	ASSERT_TRUE(make_those_that_stay(self->rows, owner));
	race_run(self->race, race_seconds(), READERS + MAKERS, read_or_make,
		 (long)self->rows);
	EXPECT_NO_FAILURES(self->race);
	/* nothing but the owner's ring and keys is left */
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->rows->uid) == STAY + 1));
}

/* More than may read at once, killed in the middle */
enum { CROWD = 24 };

static void read_for_ever(const struct rows *rows)
{
	char text[PIECE];
	int fd;

	if (become(rows->uid, 0, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL))
		_exit(1);
	for (;;) {
		fd = open("/proc/keys", O_RDONLY | O_CLOEXEC);
		while (read(fd, text, sizeof(text)) > 0)
			;
		close(fd);
	}
}

static bool all_were_killed(const pid_t *crowd)
{
	bool all = true;
	int i, status;

	for (i = 0; i < CROWD; i++)
		kill(crowd[i], SIGKILL);
	for (i = 0; i < CROWD; i++)
		all &= waitpid(crowd[i], &status, 0) == crowd[i] && WIFSIGNALED(status);
	return all;
}

static long rows_seen(long a, long b, long c)
{
	const char *text = slurp(NULL, "/proc/keys");
	long n = 0;

	(void)a, (void)b, (void)c;
	for (; *text; text = strchr(text, '\n') + 1)
		n++;
	return n;
}

/* None of them keeps what lets one read: those who come later do */
TEST_F_TIMEOUT(rows, killed_readers_make_room, 120)
{
	struct actor *owner = actor_user(self->rows->uid);
	time_t end = time(NULL) + race_seconds();
	pid_t crowd[CROWD];
	int i;

	ASSERT_TRUE(make_those_that_stay(self->rows, owner));
	do {
		for (i = 0; i < CROWD; i++) {
			crowd[i] = fork();
			ASSERT_LE(0, crowd[i]);
			if (!crowd[i])
				read_for_ever(self->rows);
		}
		nap_ms(100);
		EXPECT_TRUE(all_were_killed(crowd));
		EXPECT_LE(STAY, actor_do(owner, rows_seen, 0, 0, 0));
	} while (time(NULL) < end);
}

/*
 * The key is given to one after the other, and then gets that one's permissions: they are
 * the owner's or those of the one before.
 */
enum { OWNER = 2001, OWNERS = 3, OWNER_PERM = 0x3f010000 };

static bool is_of_one_moment(const char *text)
{
	unsigned int uid, gid, perm, owner, before;

	if (sscanf(text, "user;%u;%u;%x;", &uid, &gid, &perm) != 3)
		return false;
	owner = uid - OWNER;
	before = (owner + OWNERS - 1) % OWNERS;
	return owner < OWNERS && uid == gid &&
	       (perm == OWNER_PERM + owner || perm == OWNER_PERM + before);
}

static long give_to(long key, int owner)
{
	return kc_chown(key, OWNER + owner, OWNER + owner) ?:
	       kc_setperm(key, OWNER_PERM + owner);
}

static void describe_or_give(struct race *race, int worker, long key)
{
	unsigned int n;
	char text[80];

	for (n = 0; !race_is_over(race); n++) {
		if (worker == READERS) {
			race_expect(race, !give_to(key, n % OWNERS), "give");
			race_round(race);
			continue;
		}
		race_expect(race, kc_describe(key, text, sizeof(text)) > 0 &&
			    is_of_one_moment(text), "%s", text);
	}
}

TEST_F_TIMEOUT(rows, described_as_it_was_at_one_moment, 120)
{
	long key = kc_add_user("described", "v", RING_S);

	ASSERT_LT(0, key);
	ASSERT_EQ(0, give_to(key, OWNERS - 1));
	race_run(self->race, race_seconds(), READERS + 1, describe_or_give, key);
	EXPECT_NO_FAILURES(self->race);
	EXPECT_EQ(0, kc_unlink(key, RING_S));
}

SELFTEST_MAIN
