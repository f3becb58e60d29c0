// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading the module while processes use keys.
 *
 * Which module that is: see loading.h. It is left as it was found, loaded or not.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "helper.h"
#include "races.h"
#include "loading.h"
#include "leftovers.h"
#include "watches.h"

enum { CYCLES = 3 };

/*
 *	director: load, unload, load, ...
 *	workers: every operation, forks, threads and execs, all the time
 */
FIXTURE(module)
{
	const char *path;
	bool was_loaded;
	struct race *race;
};

/* A kernel without a key service of its own knows no such calls without the module */
static bool has_builtin;

FIXTURE_SETUP(module)
{
	stage_open();
	self->path = getenv("KR_MODULE");
	if (!self->path || !*self->path)
		SKIP(return, "KR_MODULE does not name the module");
	self->race = shared(sizeof(*self->race));
	self->was_loaded = is_loaded();
	if (self->was_loaded) {
		ASSERT_EQ(0, module_unload());
	}
	has_builtin = kc_id(RING_T, 0) != -ENOSYS;
	REQUIRE_NO_SESSION();
}

FIXTURE_TEARDOWN(module)
{
	if (self->path && is_loaded() != self->was_loaded) {
		if (self->was_loaded)
			module_load(self->path);
		else
			module_unload();
	}
	stage_close();
}

/*
 * Across a change of service every key and ring that one had becomes unknown, so
 * a worker expects no particular result; only that there is one, and that it is
 * not one that no operation gives.
 */
static void sane(struct race *race, const char *what, long ret)
{
	switch (ret) {
	case -ENOSYS:
		race_expect(race, !has_builtin, "%s: %ld", what, ret);
		break;
	case -ENOMEM:
	case -EFAULT:
	case -EIO:
	case -EBUSY:
	case -ENODEV:
	case -EOPNOTSUPP:
	case -ENOTDIR:
		race_expect(race, false, "%s: %ld", what, ret);
		break;
	default:
		race_expect(race, ret > -512, "%s: %ld", what, ret);
	}
}

static void *use_everything(void *arg)
{
	struct race *race = arg;
	char buf[128];
	long key, ring;

	sane(race, "id", kc_id(RING_S, 0));
	sane(race, "id", kc_id(RING_US, 0));
	ring = kc_add_ring("r", RING_P);
	sane(race, "ring", ring);
	key = kc_add_user("k", "v", ring > 0 ? ring : RING_P);
	sane(race, "add", key);
	sane(race, "update", kc_update(key, "w", 1));
	sane(race, "describe", kc_describe(key, buf, sizeof(buf)));
	sane(race, "read", kc_read(key, buf, sizeof(buf)));
	sane(race, "link", kc_link(key, RING_U));
	sane(race, "search", kc_search(RING_P, "user", "k", 0));
	sane(race, "request", kc_request("user", "k", NULL, 0));
	sane(race, "unlink", kc_unlink(key, RING_U));
	sane(race, "timeout", kc_timeout(key, 1));
	sane(race, "join", kc_join(NULL));
	sane(race, "add", kc_add_user("k", "v", RING_S));
	sane(race, "clear", kc_clear(RING_P));
	sane(race, "to parent", kc_to_parent());
	race_round(race);
	return NULL;
}

/* Busy, but not so busy that an emulated machine has no time left to patch */
static void breathe(unsigned int *seed)
{
	jitter(seed);
	nap_ms(10);
}

static void work(struct race *race, int worker, long base)
{
	unsigned int seed = worker + 1;
	pthread_t thread;

	if (become(base + worker, 0, 0))
		_exit(1);
	while (!race_is_over(race)) {
		use_everything(race);
		IN_CHILD(use_everything(race));
		if (!pthread_create(&thread, NULL, use_everything, race))
			pthread_join(thread, NULL);
		breathe(&seed);
	}
}

/* One worker changes its UID all the time, and leaves users behind it */
static void wander(struct race *race, int worker, long base)
{
	unsigned int seed = worker + 1;
	int i = 0;

	while (!race_is_over(race)) {
		IN_CHILD({
			if (become(base + 10 + i % 50, 0, 0))
				_exit(1);
			use_everything(race);
		});
		i++;
		breathe(&seed);
	}
}

static void everybody(struct race *race, int worker, long base)
{
	if (worker == 0)
		wander(race, worker, base);
	else
		work(race, worker, base);
}

TEST_F_TIMEOUT(module, under_a_running_workload, 1200)
{
	pid_t pid[4];
	uid_t base = fresh_uids(100);
	int i, status, before;

	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (!pid[i]) {
			everybody(self->race, i, base);
			_exit(0);
		}
	}
	for (i = 0; i < CYCLES; i++) {
		long start = now_ms(), loaded, used;

		EXPECT_EQ(0, module_load(self->path));
		loaded = now_ms();
		before = self->race->rounds;
		EXPECT_TRUE(WAIT_FOR(self->race->rounds > before + 20));
		used = now_ms();
		EXPECT_EQ(0, module_unload());
		EXPECT_FALSE(is_loaded());
		TH_LOG("loaded in %ld ms, unloaded in %ld ms", loaded - start,
		       now_ms() - used);
		before = self->race->rounds;
		EXPECT_TRUE(WAIT_FOR(self->race->rounds > before + 20));
	}
	self->race->over = 1;
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_NO_FAILURES(self->race);
}

/* Keys of the built-in service, made before the load, can be named all along; a choice stays */
TEST_F_TIMEOUT(module, older_keys_keep_their_serials, 1200)
{
	struct actor *p = actor_user(fresh_uid());
	long ring = ON(p, kc_id(RING_P, 1));
	long key = ON(p, kc_add_user("old", "old value", RING_P)), fresh;
	struct actor *thread = actor_thread(actor_fork(NULL));

	if (!has_builtin)
		SKIP(return, "the kernel has no key service of its own");
	ASSERT_LT(0, key);
	ASSERT_EQ(0, actor_do(thread, set_uids, fresh_uid(), 0, 0));
	EXPECT_EQ(REQKEY_DEFAULT, ON(p, kc_reqkey(REQKEY_US)));
	ASSERT_EQ(0, module_load(self->path));
	EXPECT_STREQ("old value", ON(p, payload(key)));
	EXPECT_EQ(1, ON(p, ring_holds(ring, key)));
	EXPECT_EQ(REQKEY_US, ON(p, kc_reqkey(REQKEY_ASK)));
	/* the anchors are new ones */
	EXPECT_EQ(-ENOKEY, ON(p, kc_id(RING_P, 0)));
	fresh = ON(p, kc_add_user("new", "new value", RING_P));
	EXPECT_LT(0, fresh);
	EXPECT_STREQ("new value", ON(p, payload(fresh)));
	/* one that is a thread's alone */
	EXPECT_LT(0, ON(thread, kc_id(RING_P, 1)));

	ASSERT_EQ(0, module_unload());
	EXPECT_EQ(-ENOKEY, ON(thread, kc_id(RING_P, 0)));
	EXPECT_EQ(ring, ON(p, kc_id(RING_P, 0)));
	EXPECT_EQ(REQKEY_US, ON(p, kc_reqkey(REQKEY_ASK)));
	EXPECT_STREQ("old value", ON(p, payload(key)));
	/* and what was the module's is no more */
	EXPECT_EQ(-ENOKEY, ON(p, kc_describe(fresh, NULL, 0)));
}

/* More rows than a reader is given at once, those of the built-in service first */
TEST_F_TIMEOUT(module, older_keys_are_listed, 1200)
{
	enum { OLDER = 120, NEWER = 60 };
	struct actor *p = actor_user(fresh_uid());
	int i;

	if (!has_builtin)
		SKIP(return, "the kernel has no key service of its own");
	for (i = 0; i < OLDER; i++)
		ASSERT_LT(0, ON(p, kc_add_user(shared_text("older %d", i), "v", RING_P)));
	ASSERT_EQ(0, module_load(self->path));
	for (i = 0; i < NEWER; i++)
		ASSERT_LT(0, ON(p, kc_add_user(shared_text("newer %d", i), "v", RING_P)));
	EXPECT_EQ(OLDER, key_rows_like(p, "older ", NULL));
	EXPECT_EQ(NEWER, key_rows_like(p, "newer ", NULL));
	ASSERT_EQ(0, module_unload());
	EXPECT_EQ(OLDER, key_rows_like(p, "older ", NULL));
	EXPECT_EQ(0, key_rows_like(p, "newer ", NULL));
}

/* Processes that were there before the load are served like any other */
TEST_F_TIMEOUT(module, older_processes_are_served, 1200)
{
	uid_t uid = fresh_uid();
	struct actor *p = actor_user(uid), *thread = actor_thread(p), *child;
	long ses, ring;

	ASSERT_EQ(0, module_load(self->path));
	ses = ON(p, kc_join(NULL));
	EXPECT_LT(0, ses);
	child = actor_fork(p);
	EXPECT_EQ(ses, ON(child, kc_id(RING_S, 0)));
	actor_leave(child);
	ring = ON(p, kc_id(RING_P, 1));
	EXPECT_EQ(ring, ON(thread, kc_id(RING_P, 0)));
	EXPECT_LT(0, ON(p, kc_id(RING_US, 0)));
	actor_leave(thread);
	actor_leave(p);
	EXPECT_TRUE(key_goes(ses));
	EXPECT_TRUE(key_goes(ring));
	EXPECT_TRUE(EVENTUALLY(!uid_is_known(uid)));
}

/* Unloading with keys, sessions and open files in plenty leaves nothing behind */
TEST_F_TIMEOUT(module, unloads_while_everything_exists, 1200)
{
	uid_t base = fresh_uids(10);
	struct actor *a[10];
	int i, cycle;

	for (i = 0; i < 10; i++)
		a[i] = actor_user(base + i);
	for (cycle = 0; cycle < 2; cycle++) {
		ASSERT_EQ(0, module_load(self->path));
		for (i = 0; i < 10; i++) {
			long key = ON(a[i], kc_add_user("l", "v", RING_P));

			EXPECT_EQ(0, ON(a[i], kc_timeout(key, 3600)));
			EXPECT_LT(0, ON(a[i], kc_id(RING_US, 0)));
			EXPECT_LT(0, ON(a[i], kc_join("plenty")));
			EXPECT_LT(0, ON(a[i], kc_add_user("k", "v", RING_S)));
			EXPECT_LT(0, ON(a[i], kc_add_user("k", "v", RING_T)));
		}
		ASSERT_EQ(0, module_unload());
		for (i = 0; i < 10; i++) {
			EXPECT_FALSE(uid_is_known(base + i));
		}
	}
}

/* A session that a parent was given while it sleeps keeps nobody, and is not taken later */
TEST_F_TIMEOUT(module, given_to_a_sleeping_parent, 1200)
{
	struct actor *p = actor_user(fresh_uid()), *c;
	long before = ON(p, kc_join(NULL));
	int cycle;

	for (cycle = 0; cycle < 2; cycle++) {
		int *flag;

		ASSERT_EQ(0, module_load(self->path));
		c = actor_fork(p);
		EXPECT_LT(0, ON(c, kc_join(NULL)));
		flag = actor_sleep(p);
		EXPECT_EQ(0, ON(c, kc_to_parent()));
		ASSERT_EQ(0, module_unload());
		EXPECT_FALSE(*flag);
		EXPECT_EQ(0, actor_wake(p, flag));
		EXPECT_EQ(before, ON(p, kc_id(RING_S, 0)));
	}
}

static bool set_ftrace(bool on)
{
	int fd = open("/proc/sys/kernel/ftrace_enabled", O_WRONLY | O_CLOEXEC);
	bool done = write(fd, on ? "1" : "0", 1) == 1;

	close(fd);
	return done;
}

/* Nothing is taken over where the death of a UID cannot be followed; nor does that stop later */
TEST_F_TIMEOUT(module, needs_ftrace, 1200)
{
	struct actor *p = actor_user(fresh_uid());

	ASSERT_TRUE(set_ftrace(false));
	EXPECT_EQ(-EBUSY, module_load(self->path));
	EXPECT_FALSE(is_loaded());
	EXPECT_FALSE(exists(LIVEPATCH));
	ASSERT_TRUE(set_ftrace(true));
	ASSERT_EQ(0, module_load(self->path));
	EXPECT_FALSE(set_ftrace(false));
	EXPECT_LT(0, ON(p, kc_join(NULL)));
	ASSERT_EQ(0, module_unload());
}

/*
 * The names of the steps of a load, as the module lists them for modinfo, each followed by
 * a zero; NULL when it does not
 */
static char *steps_of(const char *path)
{
	static const char label[] = "parm=fail_load_at:";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = lseek(fd, 0, SEEK_END);
	char *image = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0), *at, *names;

	close(fd);
	if (image == MAP_FAILED)
		return NULL;
	at = memmem(image, size, label, sizeof(label) - 1);
	at = at ? strrchr(at, ':') : NULL;
	names = at ? shared_text("%s ", at + 1) : NULL;
	munmap(image, size);
	for (at = names; at && *at; at++)
		if (*at == ' ')
			*at = 0;
	return names ? names + 1 : NULL;
}

#define EXPECT_FAILS_AT(self, step) do {				\
	int log_ = log_from_now();					\
	char room_[32];							\
									\
	EXPECT_EQ(-ECANCELED,						\
		  insert_module((self)->path,				\
				shared_text("fail_load_at=%s", step)))	\
		TH_LOG("%s", step);					\
	room_that_failed(log_, room_);					\
	EXPECT_STREQ(step, room_);					\
} while (0)

#define EXPECT_NOTHING_IS_LEFT(before, after, step)			\
	EXPECT_TRUE(EVENTUALLY(nothing_is_left(before, after)))		\
		TH_LOG("%s; before:\n%s\nafter:\n%s", step, before, after)

/* As if it had not been tried; the keys of the built-in service, if any, are all there */
TEST_F_TIMEOUT(module, fails_at_each_step, 1200)
{
	char *before = shared(INVENTORY_BYTES), *after = shared(INVENTORY_BYTES);
	struct actor *p = actor_user(fresh_uid());
	long session = ON(p, kc_join(NULL)), key = ON(p, kc_add_user("k", "v", RING_S));
	const char *old = ON(p, payload(key));
	char *step = steps_of(self->path);
	int failed = 0;

	EXPECT_EQ(has_builtin, key > 0);
	ASSERT_NE(NULL, step);
	inventory(before);
	for (; *step; step += strlen(step) + 1, failed++) {
		EXPECT_FAILS_AT(self, step);
		EXPECT_NOTHING_IS_LEFT(before, after, step);
		EXPECT_EQ(session, ON(p, kc_id(RING_S, 0)));
		EXPECT_STREQ(old, ON(p, payload(key)));
		EXPECT_EQ(key, ON(p, kc_add_user("k", "v", RING_S)));
	}
	EXPECT_LT(1, failed);
	EXPECT_EQ(-EINVAL, insert_module(self->path, "fail_load_at=nowhere"));
	EXPECT_EQ(-EINVAL, insert_module(self->path, "fail_load_at"));
	EXPECT_NOTHING_IS_LEFT(before, after, "nowhere");

	ASSERT_EQ(0, module_load(self->path));
	EXPECT_FALSE(exists("/sys/module/" MODULE "/parameters/fail_load_at"));
	EXPECT_LT(0, ON(actor_fork(p), kc_join(NULL)));
	ASSERT_EQ(0, module_unload());
	EXPECT_NOTHING_IS_LEFT(before, after, "unloaded");
	EXPECT_EQ(session, ON(p, kc_id(RING_S, 0)));
}

static int *kept;	/* how often a worker has found what it keeps */

/* What a worker has stays what it is, and its children inherit it: nobody changes sides */
static void keep_session(struct race *race, int worker, long base)
{
	long session, key;

	if (become(base + worker, 0, 0))
		_exit(1);
	session = kc_join(NULL);
	key = kc_add_user("k", "v", RING_S);
	race_expect(race, has_builtin == (key > 0), "add: %ld", key);
	while (!race_is_over(race)) {
		IN_CHILD({
			race_expect(race, kc_id(RING_S, 0) == session, "a child's session");
			race_expect(race, !has_builtin || kc_describe(key, NULL, 0) > 0,
				    "a child's key");
		});
		race_expect(race, kc_add_user("k", "v", RING_S) == key, "another key");
		race_round(race);
		__atomic_add_fetch(kept, 1, __ATOMIC_SEQ_CST);
		nap_ms(5);
	}
}

static void keep_or_wander(struct race *race, int worker, long base)
{
	if (worker % 2)
		wander(race, worker, base);
	else
		keep_session(race, worker, base);
}

TEST_F_TIMEOUT(module, fails_under_a_running_workload, 1200)
{
	char *step = steps_of(self->path);
	uid_t base = fresh_uids(100);
	pid_t pid[4];
	int status, before;

	ASSERT_NE(NULL, step);
	kept = shared(sizeof(*kept));
	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (!pid[i]) {
			keep_or_wander(self->race, i, base);
			_exit(0);
		}
	}
	for (;; step += strlen(step) + 1) {
		before = __atomic_load_n(kept, __ATOMIC_SEQ_CST);
		EXPECT_TRUE(WAIT_FOR(__atomic_load_n(kept, __ATOMIC_SEQ_CST) > before + 5));
		if (!*step)
			break;
		EXPECT_FAILS_AT(self, step);
	}
	self->race->over = 1;
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_NO_FAILURES(self->race);
}

static long list_begin(long a, long b, long c)
{
	int fd = open("/proc/keys", O_RDONLY | O_CLOEXEC);
	char row[64];

	(void)a, (void)b, (void)c;
	return fd < 0 || read(fd, row, sizeof(row)) != sizeof(row) ? -EIO : fd;
}

static long list_end(long fd, long b, long c)
{
	char page[4096];
	long got;

	(void)b, (void)c;
	while ((got = read(fd, page, sizeof(page))) > 0)
		;
	close(fd);
	return got;
}

/* More keys than a reader is given at once: the rest of the list is that of the other service */
TEST_F_TIMEOUT(module, unloads_while_keys_are_listed, 1200)
{
	struct actor *p = actor_user(fresh_uid());
	long fd;
	int i;

	ASSERT_EQ(0, module_load(self->path));
	for (i = 0; i < 150; i++)
		ASSERT_LT(0, ON(p, kc_add_user(shared_text("listed %d", i), "v", RING_P)));
	fd = actor_do(p, list_begin, 0, 0, 0);
	ASSERT_LT(0, fd);
	ASSERT_EQ(0, module_unload());
	if (has_builtin) {
		EXPECT_EQ(0, actor_do(p, list_end, fd, 0, 0));
	}
}

/* Who watches a key is told that it ends with the module; the queue works on */
TEST_F_TIMEOUT(module, watches_end_with_it, 1200)
{
	int fds[2], closed[2];
	long key;

	REQUIRE_QUEUES();
	ASSERT_EQ(0, queue_open(fds));
	ASSERT_EQ(0, queue_open(closed));
	ASSERT_EQ(0, module_load(self->path));
	ASSERT_LT(0, kc_join(NULL));
	key = kc_add_user("k", "v", RING_S);
	ASSERT_LT(0, key);
	EXPECT_EQ(0, kc_watch(key, fds[0], 1));
	EXPECT_EQ(0, kc_watch(key, closed[0], 2));
	EXPECT_EQ(0, kc_watch(RING_U, closed[0], 3));
	close(closed[0]);
	close(closed[1]);
	ASSERT_EQ(0, module_unload());
	EXPECT_REMOVAL(fds[0], key, 1);
	EXPECT_SILENCE(fds[0]);
	/* the descriptor of a queue that watches nothing any more */
	ASSERT_EQ(0, module_load(self->path));
	ASSERT_LT(0, kc_join(NULL));
	key = kc_add_user("k", "v", RING_S);
	EXPECT_EQ(0, kc_watch(key, fds[0], 4));
	EXPECT_EQ(0, kc_update(key, "w", 1));
	EXPECT_NOTE(fds[0], UPDATED, key, 0, 4);
	close(fds[0]);
	close(fds[1]);
	ASSERT_EQ(0, module_unload());
}

LOADING_MAIN
