// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/keys and /proc/key-users: the rows, byte for byte, and who sees which.
 *
 * Specified by keyrings(7), "/proc files".
 */
#include <kselftest_harness.h>
#include <sys/stat.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

enum { OVERFLOW_ID = 65534 };

/*
 *	p (fresh uid) ---@p---> "_pid" ---> user "k" = "value"
 *	                               ---> logon "l:k"
 *	                               ---> keyring "r" ---> user "k"
 *	                               ---> keyring "e"
 */
FIXTURE(viewer)
{
	struct actor *p;
	uid_t uid;
	long pid_ring, key, logon, ring, empty;
};

FIXTURE_SETUP(viewer)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->key = ON(self->p, kc_add_user("k", "value", RING_P));
	self->logon = ON(self->p, kc_add("logon", "l:k", "secret", 6, RING_P));
	self->ring = ON(self->p, kc_add_ring("r", RING_P));
	self->empty = ON(self->p, kc_add_ring("e", RING_P));
	self->pid_ring = ON(self->p, kc_id(RING_P, 0));
	ASSERT_LT(0, self->key);
	ASSERT_LT(0, self->logon);
	ASSERT_LT(0, self->empty);
	ASSERT_EQ(0, ON(self->p, kc_link(self->key, self->ring)));
}

FIXTURE_TEARDOWN(viewer)
{
	stage_close();
}

/*
 * The line that a row has to be, given what may vary: the usage count is the
 * implementation's own affair, though never zero.
 */
static const char *line(const struct key_row *row, unsigned int serial,
			const char *flags, const char *timeout,
			unsigned int perm, int uid, int gid, const char *type,
			const char *desc)
{
	return shared_text("%08x %s %5d %4s %08x %5d %5d %-9.9s %s", serial,
			   flags, row->usage, timeout, perm, uid, gid, type,
			   desc);
}

TEST_F(viewer, rows)
{
	int uid = self->uid;
	struct key_row row;

	ASSERT_TRUE(key_row(self->p, self->key, &row));
	EXPECT_STREQ(line(&row, self->key, "I--Q---", "perm", 0x3f010000, uid,
			  uid, "user", "k: 5"), row.line);
	EXPECT_LT(0, row.usage);
	ASSERT_TRUE(key_row(self->p, self->logon, &row));
	EXPECT_STREQ(line(&row, self->logon, "I--Q---", "perm", 0x3d010000, uid,
			  uid, "logon", "l:k: 6"), row.line);
	ASSERT_TRUE(key_row(self->p, self->ring, &row));
	EXPECT_STREQ(line(&row, self->ring, "I--Q---", "perm", 0x3f010000, uid,
			  uid, "keyring", "r: 1"), row.line);
	ASSERT_TRUE(key_row(self->p, self->empty, &row));
	EXPECT_STREQ(line(&row, self->empty, "I--Q---", "perm", 0x3f010000, uid,
			  uid, "keyring", "e: empty"), row.line);
	ASSERT_TRUE(key_row(self->p, self->pid_ring, &row));
	EXPECT_STREQ(line(&row, self->pid_ring, "I--Q---", "perm", 0x3f010000,
			  uid, uid, "keyring", "_pid: 4"), row.line);
	EXPECT_LT(0, row.usage);
}

/* No group is shown as the overflow GID */
TEST_F(viewer, uid_ring_rows)
{
	long u = ON(self->p, kc_id(RING_U, 0));
	long us = ON(self->p, kc_id(RING_US, 0));
	struct key_row row;

	ASSERT_TRUE(key_row(self->p, u, &row));
	EXPECT_STREQ(line(&row, u, "I--Q---", "perm", 0x1f3f0000, self->uid,
			  OVERFLOW_ID, "keyring",
			  shared_text("_uid.%u: empty", self->uid)), row.line);
	ASSERT_TRUE(key_row(self->p, us, &row));
	EXPECT_STREQ(line(&row, us, "I--Q---", "perm", 0x1f3f0000, self->uid,
			  OVERFLOW_ID, "keyring",
			  shared_text("_uid_ses.%u: 1", self->uid)), row.line);
}

TEST_F(viewer, revoked_rows)
{
	struct key_row row;

	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->ring)));
	ASSERT_TRUE(key_row(self->p, self->key, &row));
	EXPECT_STREQ(line(&row, self->key, "IR-Q---", "expd", 0x3f010000,
			  self->uid, self->uid, "user", "k: 0"), row.line);
	ASSERT_TRUE(key_row(self->p, self->ring, &row));
	EXPECT_STREQ(line(&row, self->ring, "IR-Q---", "expd", 0x3f010000,
			  self->uid, self->uid, "keyring", "r: empty"),
		     row.line);
}

TEST_F(viewer, expired_row)
{
	struct key_row row;

	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_describe(self->key, NULL, 0)) ==
			       -EKEYEXPIRED));
	ASSERT_TRUE(key_row(self->p, self->key, &row));
	EXPECT_STREQ(line(&row, self->key, "I--Q---", "expd", 0x3f010000,
			  self->uid, self->uid, "user", "k: 5"), row.line);
}

/* Of these seconds up to nine have passed: how long a machine takes is its affair. */
static bool are_seconds_left(const char *shown, unsigned int seconds)
{
	unsigned int left;
	char end;

	return sscanf(shown, "%us%c", &left, &end) == 1 && shown[strlen(shown) - 1] == 's' &&
	       left < 60 && left <= seconds && left + 9 >= seconds;
}

/* Time left, in the largest unit that fits */
TEST_F(viewer, timeouts)
{
	static const struct {
		unsigned int seconds;
		const char *shown;
	} rows[] = {
		{ 50, "50s" },
		{ 59, "59s" },
		{ 61, "1m" },
		{ 100, "1m" },
		{ 3590, "59m" },
		{ 3700, "1h" },
		{ 86000, "23h" },
		{ 87000, "1d" },
		{ 600000, "6d" },
		{ 605000, "1w" },
		{ 6100000, "10w" },
		{ INT32_MAX, "3550w" },
		/* wider than its column */
		{ UINT32_MAX, "7101w" },
	};
	struct key_row row;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(0, ON(self->p, kc_timeout(self->key,
						    rows[i].seconds)));
		ASSERT_TRUE(key_row(self->p, self->key, &row));
		if (!are_seconds_left(row.timeout, rows[i].seconds)) {
			EXPECT_STREQ(rows[i].shown, row.timeout);
		}
		EXPECT_STREQ(line(&row, self->key, "I--Q---", row.timeout,
				  0x3f010000, self->uid, self->uid, "user",
				  "k: 5"), row.line);
	}
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 0)));
	ASSERT_TRUE(key_row(self->p, self->key, &row));
	EXPECT_STREQ("perm", row.timeout);
}

TEST_F(viewer, attributes_as_they_are_now)
{
	struct actor *root = actor_fork(NULL);
	uid_t uid = fresh_uid();
	long key = ON(root, kc_add_user("k", "v", RING_P));
	struct key_row row;

	ASSERT_LT(0, key);
	EXPECT_EQ(0, ON(root, kc_chown(key, uid, uid + 1)));
	EXPECT_EQ(0, ON(root, kc_setperm(key, 0x3f3f3f3f)));
	EXPECT_EQ(0, ON(root, kc_update(key, "0123456789", 10)));
	ASSERT_TRUE(key_row(root, key, &row));
	EXPECT_STREQ(line(&row, key, "I--Q---", "perm", 0x3f3f3f3f, uid,
			  uid + 1, "user", "k: 10"), row.line);
}

TEST_F(viewer, longest_row)
{
	char *desc = shared_text("%0*d", MAX_DESC, 7);
	long key = ON(self->p, kc_add_user(desc, "v", RING_P));
	char *text;

	ASSERT_LT(0, key);
	text = strstr(slurp(self->p, "/proc/keys"),
		      shared_text("%08lx ", key));
	ASSERT_NE(NULL, text);
	text = strstr(text, "000");
	text[strcspn(text, "\n")] = 0;
	EXPECT_STREQ(shared_text("%s: 1", desc), strstr(text, desc));
}

/*
 * A description is written as it is, and may hold a newline. What follows can
 * look like a row: of a serial that no key has, of any owner.
 */
TEST_F(viewer, description_of_two_lines)
{
	const char *forged = "00000001 I--Q---     1 perm 3f010000     0     0 user      root's";
	long key = ON(self->p, kc_add_user(shared_text("k\n%s", forged), "v", RING_P));
	struct key_row row;
	const char *text;

	ASSERT_LT(0, key);
	ASSERT_TRUE(key_row(self->p, key, &row));
	text = slurp(self->p, "/proc/keys");
	ASSERT_NE(NULL, strstr(text, shared_text("user      k\n%s: 1\n", forged)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_describe(1, NULL, 0)));
}

/* ---- who sees a row ---- */

static bool sees(struct actor *who, long key)
{
	struct key_row row;

	return key_row(who, key, &row);
}

TEST_F(viewer, seen_by_those_who_may_view)
{
	struct actor *same = actor_user(self->uid);
	struct actor *other = actor_user(fresh_uid());

	/* a new key may be viewed by its owner and its possessor */
	EXPECT_TRUE(sees(self->p, self->key));
	EXPECT_TRUE(sees(same, self->key));
	EXPECT_FALSE(sees(other, self->key));
	EXPECT_FALSE(sees(NULL, self->key));

	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL))));
	EXPECT_TRUE(sees(self->p, self->key));
	EXPECT_FALSE(sees(same, self->key));

	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key,
					    PERM_POS(MAY_ALL & ~MAY_VIEW) |
					    PERM_OTH(MAY_VIEW))));
	EXPECT_FALSE(sees(self->p, self->key));
	EXPECT_FALSE(sees(same, self->key));
	EXPECT_TRUE(sees(other, self->key));
	EXPECT_TRUE(sees(NULL, self->key));
}

TEST_F(viewer, files)
{
	struct stat st;

	EXPECT_EQ(0, stat("/proc/keys", &st));
	EXPECT_EQ(S_IFREG | 0444, st.st_mode);
	EXPECT_EQ(0, stat("/proc/key-users", &st));
	EXPECT_EQ(S_IFREG | 0444, st.st_mode);
	EXPECT_EQ(0, stat("/proc/sys/kernel/keys/maxkeys", &st));
	EXPECT_EQ(S_IFREG | 0644, st.st_mode);
	EXPECT_EQ(0, stat("/proc/sys/kernel/keys/gc_delay", &st));
	EXPECT_EQ(S_IFREG | 0644, st.st_mode);
}

/* ---- /proc/key-users ---- */

TEST_F(viewer, key_users_row)
{
	struct key_user_row row;

	ASSERT_TRUE(key_user_row(self->p, self->uid, &row));
	EXPECT_STREQ(shared_text("%5u: %5d %d/%d %d/%d %d/%d", self->uid,
				 5, 5, 5, 5, row.maxkeys, row.qnbytes,
				 row.maxbytes), row.line);
	EXPECT_EQ(sysctl_get("maxkeys"), row.maxkeys);
	EXPECT_EQ(sysctl_get("maxbytes"), row.maxbytes);
	/* names with NUL, payloads, five links */
	EXPECT_EQ(5 + 2 + 4 + 2 + 2 + 5 + 6 + 5 * LINK_BYTES, row.qnbytes);
	/* any one may see any row */
	EXPECT_TRUE(key_user_row(NULL, self->uid, &row));
	EXPECT_EQ(5, row.nkeys);
	EXPECT_TRUE(key_user_row(actor_user(fresh_uid()), self->uid, &row));
	EXPECT_EQ(5, row.nikeys);
}

/*
 * Rows of keys of UID 0 that are in no quota, as root sees them, without the kernel's
 * own, which the module's rows are shown together with: what has a type of the kernel's,
 * and rings with a dot but the registers of persistent keyrings
 */
static int unquoted_rows_of_root(void)
{
	const char *line = slurp(NULL, "/proc/keys");
	struct key_row row;
	int n = 0;

	for (; *line; line = strchr(line, '\n') + 1) {
		if (!key_row_parse(line, &row) || row.uid || row.flags[3] == 'Q')
			continue;
		if (strcmp(row.type, "asymmetri") && strcmp(row.type, "blacklist") &&
		    (*row.desc != '.' || !strncmp(row.desc, ".persistent_register", 20)))
			n++;
	}
	return n;
}

/* More than there are? Of the two files the one is read before the other */
static bool root_has_ghosts(void)
{
	struct key_user_row row;

	return !key_user_row(NULL, 0, &row) || row.qnkeys > row.nkeys ||
	       unquoted_rows_of_root() < row.nkeys - row.qnkeys || row.nkeys != row.nikeys;
}

/* Root has no more keys than there are: those in its quota, and those that one can see */
TEST_F(viewer, ours_keys_of_root_are_all_there)
{
	struct key_user_row row;

	ASSERT_LT(0, kc_add_user("k", "v", RING_P));
	ASSERT_TRUE(key_user_row(NULL, 0, &row));
	EXPECT_LT(0, row.qnkeys);
	EXPECT_TRUE(EVENTUALLY(!root_has_ghosts()));
}

TEST_F(viewer, key_users_in_order)
{
	uid_t base = fresh_uids(8);
	unsigned int last = 0, uid;
	char *text, *rest;
	int i, seen = 0;

	for (i = 7; i >= 0; i--) {
		struct actor *a = actor_user(base + i);

		ASSERT_LT(0, ON(a, kc_id(RING_P, 1)));
	}
	text = slurp(NULL, "/proc/key-users");
	for (; *text; text = rest + 1) {
		rest = strchr(text, '\n');
		ASSERT_NE(NULL, rest);
		ASSERT_EQ(1, sscanf(text, "%u:", &uid));
		EXPECT_LE(last, uid);
		last = uid;
		seen += uid >= base && uid < base + 8;
	}
	EXPECT_EQ(8, seen);
}

TEST_F(viewer, key_users_row_goes)
{
	EXPECT_TRUE(uid_is_known(self->uid));
	actor_leave(self->p);
	EXPECT_TRUE(EVENTUALLY(!uid_is_known(self->uid)));
}

/* Also while there are processes: keyrings(7), "each user ID that has at least one key" */
TEST_F(viewer, key_users_row_goes_with_the_last_key)
{
	uid_t uid = fresh_uid();
	struct actor *q = actor_user(uid);
	long u = ON(q, kc_id(RING_U, 0)), us = ON(q, kc_id(RING_US, 0));

	EXPECT_TRUE(uid_is_known(uid));
	EXPECT_EQ(0, ON(q, kc_invalidate(u)));
	EXPECT_EQ(0, ON(q, kc_invalidate(us)));
	EXPECT_TRUE(EVENTUALLY(!uid_is_known(uid)));
	ASSERT_LT(0, ON(q, kc_id(RING_U, 0)));
	EXPECT_TRUE(uid_is_known(uid));
}

/* The kernel's own register of UID rings, if there is one, gets no more of them */
TEST_F(viewer, ours_register_of_uid_rings_stays_as_it_was)
{
	struct key_row before = {}, after = {};
	int rows = key_rows_like(NULL, ".user_reg", &before);

	ASSERT_LT(0, ON(actor_user(fresh_uid()), kc_id(RING_U, 0)));
	EXPECT_EQ(rows, key_rows_like(NULL, ".user_reg", &after));
	EXPECT_STREQ(before.desc, after.desc);
}

/*
 * From inside a user namespace:
 *
 *	n (uid 0 inside, base outside) ---@p---> "_pid" ---> user "inside"
 *	p (fresh uid, not mapped inside)            ---> user "k"
 */
TEST_F(viewer, inside_a_user_namespace)
{
	uid_t base = fresh_uids(10);
	struct actor *n = actor_userns(base, 10);
	struct actor *n5 = actor_fork(n);
	struct key_user_row users;
	struct key_row row;
	long key, key5;

	key = ON(n, kc_add_user("inside", "v", RING_P));
	EXPECT_EQ(0, actor_do(n5, become, 5, 0, 0));
	key5 = ON(n5, kc_add_user("five", "v", RING_P));
	EXPECT_EQ(0, ON(n5, kc_setperm(key5, PERM_POS(MAY_ALL) |
					     PERM_OTH(MAY_VIEW))));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL) |
						       PERM_OTH(MAY_VIEW))));

	/* IDs are shown as the reader's namespace has them */
	ASSERT_TRUE(key_row(n, key, &row));
	EXPECT_EQ(0, row.uid);
	EXPECT_EQ(0, row.gid);
	ASSERT_TRUE(key_row(n, key5, &row));
	EXPECT_EQ(5, row.uid);
	ASSERT_TRUE(key_row(self->p, key5, &row));
	EXPECT_EQ(base + 5, row.uid);
	EXPECT_STREQ("user;5;5;3f000001;five", ON(n, description(key5)));
	EXPECT_STREQ(shared_text("user;%u;%u;3f000001;five", base + 5,
				 base + 5), description(key5));

	/* a key of a UID that is not mapped is not shown, though it may be viewed */
	EXPECT_TRUE(sees(NULL, self->key));
	EXPECT_FALSE(sees(n, self->key));
	EXPECT_LT(0, ON(n, kc_describe(self->key, NULL, 0)));
	EXPECT_STREQ("user;65534;65534;3f000001;k",
		     ON(n, description(self->key)));

	ASSERT_TRUE(key_user_row(n, 5, &users));
	EXPECT_EQ(2, users.nkeys);
	ASSERT_TRUE(key_user_row(NULL, base + 5, &users));
	EXPECT_EQ(2, users.nkeys);
	EXPECT_FALSE(key_user_row(n, self->uid, &users));
	EXPECT_FALSE(key_user_row(n, base + 5, &users));
}

SELFTEST_MAIN
