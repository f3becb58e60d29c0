// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in the operations on keys: add_key(2), and keyctl(2) on one key.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "sweep.h"

enum { LONG_DESC = 200, MANY_BYTES = 20000, OWN_PERM = PERM_POS(MAY_ALL) | PERM_USR(MAY_ALL) };

/* @t -> r */
static void a_ring(struct scene *s)
{
	s->ring = must(kc_add_ring("r", RING_T));
}

/* @t -> r -> k */
static void a_key(struct scene *s)
{
	a_ring(s);
	s->key = must(kc_add_user("k", "v", s->ring));
}

static bool holds(struct scene *s, long key)
{
	return key > 0 && ring_holds(s->ring, key) == 1;
}

static bool succeeds(struct scene *s, long ret)
{
	return !ret && key_exists(s->key);
}

/* ---- add_key(2) ---- */

static long add_user(struct scene *s)
{
	return kc_add_user("k", "v", s->ring);
}

static bool user_added(struct scene *s, long ret)
{
	return holds(s, ret) && !strcmp("v", payload(ret));
}

FAULTS_IN(add_user, .prepare = a_ring, .done = user_added);

static void a_ring_and_a_long_description(struct scene *s)
{
	a_ring(s);
	memset(s->buf, 'd', LONG_DESC);
	s->buf[LONG_DESC] = 0;
}

static long add_user_described_at_length(struct scene *s)
{
	return kc_add_user(s->buf, "v", s->ring);
}

FAULTS_IN(add_user_described_at_length, .prepare = a_ring_and_a_long_description,
	  .done = user_added);

static long add_logon(struct scene *s)
{
	return kc_add("logon", "l:k", "v", 1, s->ring);
}

static bool added(struct scene *s, long ret)
{
	return holds(s, ret);
}

FAULTS_IN(add_logon, .prepare = a_ring, .done = added);

static long add_big(struct scene *s)
{
	return kc_add("big_key", "k", s->buf, s->op->arg, s->ring);
}

static bool big_added(struct scene *s, long ret)
{
	char *got = s->buf + MANY_BYTES;

	return holds(s, ret) && kc_read(ret, got, MANY_BYTES) == s->op->arg &&
	       !memcmp(s->buf, got, s->op->arg);
}

FAULTS_IN(add_big, .prepare = a_ring, .done = big_added, .arg = MANY_BYTES);
FAULTS_LIKE(add_big, add_small_big, .prepare = a_ring, .done = big_added, .arg = 100);

static long add_ring(struct scene *s)
{
	return kc_add_ring("a", s->ring);
}

FAULTS_IN(add_ring, .prepare = a_ring, .done = added);

static bool same_key_updated(struct scene *s, long ret)
{
	return ret == s->key && !strcmp("w", payload(ret));
}

static long add_updates(struct scene *s)
{
	return kc_add_user("k", "w", s->ring);
}

FAULTS_IN(add_updates, .prepare = a_key, .done = same_key_updated);

static void a_ring_in_a_ring(struct scene *s)
{
	a_ring(s);
	s->key = must(kc_add_ring("a", s->ring));
}

static bool displaced(struct scene *s, long ret)
{
	return holds(s, ret) && ret != s->key && key_goes(s->key);
}

FAULTS_LIKE(add_ring, add_displaces, .prepare = a_ring_in_a_ring, .done = displaced);

/* ---- KEYCTL_UPDATE and what else changes a key ---- */

static long update(struct scene *s)
{
	return kc_update(s->key, "w", 1);
}

static bool updated(struct scene *s, long ret)
{
	return !ret && !strcmp("w", payload(s->key));
}

FAULTS_IN(update, .prepare = a_key, .done = updated);

static void a_big_key(struct scene *s)
{
	a_ring(s);
	s->key = must(kc_add("big_key", "k", "v", 1, s->ring));
	memset(s->buf, 'b', MAX_UPDATE);
}

static long update_big(struct scene *s)
{
	return kc_update(s->key, s->buf, MAX_UPDATE);
}

static bool big_updated(struct scene *s, long ret)
{
	char *got = s->buf + MANY_BYTES;

	return !ret && kc_read(s->key, got, MAX_UPDATE) == MAX_UPDATE &&
	       !memcmp(s->buf, got, MAX_UPDATE);
}

FAULTS_IN(update_big, .prepare = a_big_key, .done = big_updated);

static long revoke_key(struct scene *s)
{
	return kc_revoke(s->key);
}

static bool revoked(struct scene *s, long ret)
{
	return !ret && kc_read(s->key, NULL, 0) == -EKEYREVOKED;
}

FAULTS_IN(revoke_key, .prepare = a_key, .done = revoked, .sure = true);
FAULTS_LIKE(revoke_key, revoke_ring, .prepare = a_ring_in_a_ring, .done = revoked, .sure = true);

static long invalidate(struct scene *s)
{
	return kc_invalidate(s->key);
}

static bool invalidated(struct scene *s, long ret)
{
	return !ret && key_goes(s->key) && !ring_size(s->ring);
}

FAULTS_IN(invalidate, .prepare = a_key, .done = invalidated, .sure = true);

static void a_key_of_everybody(struct scene *s)
{
	a_key(s);
	must(kc_setperm(s->key, OWN_PERM) + 1);
	s->id = fresh_uid();
}

static long chown_key(struct scene *s)
{
	return kc_chown(s->key, s->id, -1);
}

static bool belongs_to_another(struct scene *s, long ret)
{
	return !ret && uid_of(s->key) == s->id;
}

FAULTS_IN(chown_key, .prepare = a_key_of_everybody, .done = belongs_to_another, .admin = true);

static long chgrp_key(struct scene *s)
{
	return kc_chown(s->key, -1, s->id);
}

static bool belongs_to_group(struct scene *s, long ret)
{
	return !ret && gid_of(s->key) == s->id;
}

FAULTS_IN(chgrp_key, .prepare = a_key_of_everybody, .done = belongs_to_group, .admin = true,
	  .sure = true);

static long setperm(struct scene *s)
{
	return kc_setperm(s->key, OWN_PERM);
}

static bool permits(struct scene *s, long ret)
{
	return !ret && perm_of(s->key) == OWN_PERM;
}

FAULTS_IN(setperm, .prepare = a_key, .done = permits, .sure = true);

static long set_timeout(struct scene *s)
{
	return kc_timeout(s->key, s->op->arg);
}

static bool expires(struct scene *s, long ret)
{
	struct key_row row;

	return !ret && key_row(NULL, s->key, &row) &&
	       !strcmp("perm", row.timeout) == !s->op->arg;
}

FAULTS_IN(set_timeout, .prepare = a_key, .done = expires, .arg = 10 * 86400);

static void a_key_that_expires(struct scene *s)
{
	a_key(s);
	must(kc_timeout(s->key, 10 * 86400) + 1);
}

FAULTS_LIKE(set_timeout, set_other_timeout, .prepare = a_key_that_expires, .done = expires,
	    .arg = 20 * 86400, .sure = true);
FAULTS_LIKE(set_timeout, take_timeout_away, .prepare = a_key_that_expires, .done = expires,
	    .sure = true);

/* ---- what tells of a key ---- */

static long describe(struct scene *s)
{
	return kc_describe(s->key, s->buf, 100);
}

static bool described(struct scene *s, long ret)
{
	return ret == (long)strlen(s->buf) + 1 && !strncmp("user;", s->buf, 5) &&
	       !strcmp(";k", s->buf + ret - 3);
}

FAULTS_IN(describe, .prepare = a_key, .done = described);

static long security(struct scene *s)
{
	return kc_security(s->key, s->buf, 100);
}

static bool no_label(struct scene *s, long ret)
{
	return ret == 1 && !s->buf[0];
}

FAULTS_IN(security, .prepare = a_key, .done = no_label);

static long read_key(struct scene *s)
{
	return kc_read(s->key, s->buf, 100);
}

static bool key_read(struct scene *s, long ret)
{
	return ret == 1 && s->buf[0] == 'v';
}

FAULTS_IN(read_key, .prepare = a_key, .done = key_read);

static void a_big_key_in_its_file(struct scene *s)
{
	struct key_row row;

	a_ring(s);
	memset(s->buf, 'b', s->op->arg);
	s->key = must(kc_add("big_key", "k", s->buf, s->op->arg, s->ring));
	if (!key_row(NULL, s->key, &row) || !strstr(row.desc, "[file]"))
		stage_broken("the big key has no file");
}

static long read_big(struct scene *s)
{
	return kc_read(s->key, s->buf + MANY_BYTES, MANY_BYTES);
}

static bool big_read(struct scene *s, long ret)
{
	return ret == s->op->arg && !memcmp(s->buf, s->buf + MANY_BYTES, ret);
}

FAULTS_IN(read_big, .prepare = a_big_key_in_its_file, .done = big_read, .arg = MANY_BYTES);
/* Where there is no memory for so little, kvmalloc() tries no other way */
FAULTS_LIKE(read_big, read_one_page_of_big, .prepare = a_big_key_in_its_file,
	    .done = big_read, .arg = 3000);

static long capabilities(struct scene *s)
{
	return kc_capabilities((unsigned char *)s->buf, 100);
}

static bool capable(struct scene *s, long ret)
{
	return ret == 2 && s->buf[0] & CAPS0_CAPABILITIES && !s->buf[99];
}

FAULTS_IN(capabilities, .done = capable);

/* ---- tables of the whole service, which grow now and then ---- */

enum { PLENTY = 100, CROWD = 50, MANY = 200 };

FIXTURE(plenty)
{
	long ring;
	uid_t base;
	int fds[CROWD];		/* of the crowd; its files keep a UID alive */
};

FIXTURE_SETUP(plenty)
{
	unsigned long start, end;

	if (!kernel_injects())
		SKIP(return, "the kernel injects no faults");
	ASSERT_TRUE(module_text(&start, &end));
	ASSERT_TRUE(faults_within(start, end));
	stage_open();
	ASSERT_EQ(0, nth_open(0, 0, 0));
	self->base = fresh_uids(CROWD);
	self->ring = kc_add_ring("plenty", RING_P);
	ASSERT_LT(0, self->ring);
}

FIXTURE_TEARDOWN(plenty)
{
	EXPECT_TRUE(EVENTUALLY(uids_are_gone()));
	if (stage)
		stage_close();
}

static long nth_call(int n, long (*call)(long arg), long arg, bool *failed)
{
	long ret;

	nth_set(n);
	ret = call(arg);
	*failed = !nth_left();
	nth_set(0);
	return ret;
}

static long add_one_more(long ring)
{
	static int made;

	return kc_add_user(shared_text("%d", made++), "v", ring);
}

static long make_user_ring(long arg)
{
	(void)arg;
	return kc_id(RING_U, 1);
}

/* Each key is made with each fault, and what came of it is not kept but at last */
TEST_F_TIMEOUT(plenty, keys, 1200)
{
	bool failed;
	long ret;

	for (int i = 0; i < PLENTY; i++) {
		for (int n = 1; n < MOST_FAULTS; n++) {
			ret = nth_call(n, add_one_more, self->ring, &failed);
			if (!failed)
				break;
			if (ret > 0) {
				EXPECT_EQ(0, kc_unlink(ret, self->ring));
			} else {
				EXPECT_TRUE(ret == -ENOMEM || ret == -EFAULT)
					TH_LOG("key %d, fault %d: %ld", i, n, ret);
			}
		}
		EXPECT_LT(0, ret);
		EXPECT_EQ(i + 1, ring_size(self->ring));
	}
	EXPECT_EQ(0, kc_clear(self->ring));
}

TEST_F_TIMEOUT(plenty, uids, 1200)
{
	bool failed;
	long ret;

	for (int i = 0; i < CROWD; i++) {
		ASSERT_EQ(0, set_uids(self->base + i, self->base + i, 0));
		self->fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		for (int n = 1; n < MOST_FAULTS; n++) {
			ret = nth_call(n, make_user_ring, 0, &failed);
			if (ret > 0)
				break;
			EXPECT_EQ(-ENOMEM, ret) TH_LOG("UID %d, fault %d", i, n);
			EXPECT_EQ(0, keys_charged(self->base + i));
		}
		EXPECT_LT(0, ret);
		EXPECT_EQ(2, keys_charged(self->base + i));
		ASSERT_EQ(0, set_uids(0, 0, 0));
	}
	for (int i = 0; i < CROWD; i++)
		close(self->fds[i]);
}

/* What they hold waits for one grace period: without memory for that some of them do at a time */
TEST_F_TIMEOUT(plenty, uids_that_go_at_once, 1200)
{
	unsigned long start, end;
	uid_t base = fresh_uids(MANY);
	int fds[MANY];

	ASSERT_TRUE(text_of("close_accounts", &start, &end));
	ASSERT_TRUE(faults_within(start, end));
	for (int i = 0; i < MANY; i++) {
		ASSERT_EQ(0, set_uids(base + i, base + i, 0));
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		ASSERT_LT(0, make_user_ring(0));
		ASSERT_EQ(0, set_uids(0, 0, 0));
	}
	ASSERT_TRUE(fault_of_any_task(0));
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	EXPECT_TRUE(EVENTUALLY(uids_are_gone()));
	EXPECT_EQ(0, fault_get("failslab", "times"));
	fault_set("failslab", "probability", 0);
}

SELFTEST_MAIN
