// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults while the module is loaded: whichever of its steps fails, the kernel is as
 * if nobody had tried.
 *
 * Which module that is: see loading.h.
 */
#include <kselftest_harness.h>
#include <sys/prctl.h>

#include "keyctl_abi.h"
#include "faults.h"
#include "helper.h"
#include "loading.h"
#include "leftovers.h"

enum { MOST_LOADS = 3000 };

/* ---- one load ---- */

/*
 * The steps of the module's table that take memory, in their order; then it is loaded. Where
 * the kernel has no key service there is nothing to bridge, and the sysctls are the module's.
 */
enum { STEPS = 9, UNKNOWN = -1 };

static const char *const steps_beside_another[STEPS] = {
	"user", "key", "reaper", "keyring", "types", "cred", "bridge", "events", "takeover",
};
static const char *const steps_alone[STEPS] = {
	"user", "key", "reaper", "keyring", "types", "cred", "abi", "events", "takeover",
};
static const char *const *steps = steps_beside_another;

static int step_named(const char *name)
{
	for (int i = 0; i < STEPS; i++)
		if (!strcmp(name, steps[i]))
			return i;
	return UNKNOWN;
}

struct load {
	const char *path;
	bool goes_on;	/* all after the fault fail, too */
	long ret;
	int left;
	int step;	/* the one that failed, or STEPS */
};

/* In a process of its own, whose other calls do not count */
static long load_with_fault(long arg, long n, long c)
{
	struct load *load = (struct load *)arg;
	int log = log_from_now();
	char room[32];

	(void)c;
	if (load->goes_on)
		faults_go_on(true);
	nth_set(n);
	load->ret = insert_module(load->path, "");
	if (load->goes_on)
		faults_go_on(false);
	load->left = nth_left();
	nth_set(0);
	room_that_failed(log, room);
	load->step = load->ret ? step_named(room) : STEPS;
	return 0;
}

/*
 * Which fault comes next. Most of the hundreds are in what the kernel makes of a
 * slab or of a function of the live patch: of these every so manyth. But the first of
 * each step are all tried, and no step is left out.
 */
struct walk {
	int n, last;		/* this fault, the last one that a step has failed for */
	int far;		/* one that is beyond a step that may be in between, or 0 */
	int step;		/* that the last one has met */
	int here;		/* how many have met it */
};

enum { FIRST_OF_STEP = 3, STRIDE = 32 };

/* The load failed in @step, or the fault did no harm: then it says nothing of where it was */
static void walk_on(struct walk *walk, int step, bool harmless)
{
	if (harmless) {
		walk->n += walk->far ? 1 : STRIDE;
		return;
	}
	if (step > walk->step + 1 && walk->n > walk->last + 1 &&
	    (!walk->far || walk->n < walk->far)) {
		walk->far = walk->n;
		walk->n = walk->last + (walk->n - walk->last) / 2;
		return;
	}
	if (step != walk->step)
		walk->here = 0;
	walk->here++;
	walk->step = step;
	walk->last = walk->n;
	if (walk->n >= walk->far)
		walk->far = 0;
	if (walk->here < FIRST_OF_STEP)
		walk->n++;
	else
		walk->n += walk->far ? (walk->far - walk->n + 1) / 2 : STRIDE;
}

FIXTURE(loading)
{
	struct actor *p, *loader;
	struct load *load;
	long ring, key;		/* of the built-in service; -ENOSYS where there is none */
	char *before, *after;
};

FIXTURE_SETUP(loading)
{
	const char *path = getenv("KR_MODULE");
	unsigned long start, end;

	if (!kernel_injects())
		SKIP(return, "the kernel injects no faults");
	if (!path)
		SKIP(return, "KR_MODULE does not name the module");
	ASSERT_TRUE(text_of("do_one_initcall", &start, &end));
	if (is_loaded()) {
		ASSERT_EQ(0, module_unload());
	}
	ASSERT_TRUE(faults_within(start, end));
	ASSERT_TRUE(faults_can_go_on());
	if (!kernel_has_keys())
		steps = steps_alone;
	stage_open();
	self->p = actor_user(fresh_uid());
	self->loader = actor_fork(NULL);
	ASSERT_EQ(0, actor_do(self->loader, nth_open, 0, 0, 0));
	self->load = shared(sizeof(*self->load));
	self->load->path = shared_text("%s", path);
	self->before = shared(INVENTORY_BYTES);
	self->after = shared(INVENTORY_BYTES);
	self->ring = ON(self->p, kc_id(RING_P, 1));
	self->key = ON(self->p, kc_add_user("k", "v", RING_P));
	inventory(self->before);
}

/* The module is left loaded, as it was found */
FIXTURE_TEARDOWN(loading)
{
	if (!stage)
		return;
	if (!is_loaded()) {
		EXPECT_EQ(0, module_load(self->load->path));
	}
	stage_close();
}

/* The built-in service works on; without one there are no such calls */
static bool all_is_as_it_was(FIXTURE_DATA(loading) *self)
{
	struct actor *p = self->p;

	if (self->ring != ON(p, kc_id(RING_P, 0)))
		return false;
	if (steps == steps_alone)
		return self->ring == -ENOSYS && self->key == -ENOSYS;
	return !strcmp("v", ON(p, payload(self->key))) && ON(p, kc_add_user("k2", "v", RING_P)) > 0;
}

#define EXPECT_UNTOUCHED(self, n) do {					\
	EXPECT_TRUE(EVENTUALLY(nothing_is_left((self)->before,		\
					       (self)->after)))		\
		TH_LOG("fault %d; before:\n%s\nafter:\n%s", n,		\
		       (self)->before, (self)->after);			\
	EXPECT_TRUE(all_is_as_it_was(self));				\
} while (0)

/* One load with a fault, and how it ended; the module is gone again */
static void load_and_unload(struct __test_metadata *_metadata, FIXTURE_DATA(loading) *self, int n)
{
	struct load *load = self->load;

	actor_begin(self->loader, load_with_fault, (long)load, n, 0);
	ASSERT_TRUE(WAIT_FOR(whose_turn(self->loader) == TURN_DIRECTOR))
		TH_LOG("the load with fault %d does not end", n);
	if (load->ret) {
		EXPECT_EQ(-ENOMEM, load->ret) TH_LOG("fault %d", n);
	} else {
		EXPECT_EQ(0, await_transition());
		EXPECT_EQ(0, module_unload());
	}
	EXPECT_UNTOUCHED(self, n);
}

/* How often each step has failed, and which was the first fault of a load that it did */
struct tally {
	int failed[STEPS + 1], first[STEPS + 1];
};

static void load_and_count(struct __test_metadata *_metadata, FIXTURE_DATA(loading) *self, int n,
			   struct tally *tally)
{
	int step;

	load_and_unload(_metadata, self, n);
	EXPECT_NE(UNKNOWN, self->load->step) TH_LOG("fault %d", n);
	step = self->load->step < 0 ? STEPS : self->load->step;
	if (!tally->failed[step]++ || n < tally->first[step])
		tally->first[step] = n;
}

enum { NEAR = 6, SWEEPS = 4 };

/* No two loads take memory equally often: a step that does so once can be missed, and again */
static void look_again(struct __test_metadata *_metadata, FIXTURE_DATA(loading) *self, int step,
		       struct tally *tally)
{
	for (int i = 0; i < SWEEPS * 2 * NEAR && !tally->failed[step]; i++) {
		int n = tally->first[step + 1] + i % (2 * NEAR) - NEAR;

		if (n > 0)
			load_and_count(_metadata, self, n, tally);
	}
}

TEST_F_TIMEOUT(loading, fails_at_each_step, 3600)
{
	struct walk walk = { .n = 1, .step = UNKNOWN };
	struct tally tally = { 0 };
	struct load *load = self->load;
	int *failed = tally.failed;

	do {
		load_and_count(_metadata, self, walk.n, &tally);
		walk_on(&walk, load->step, !load->ret && !load->left);
	} while (!load->left && walk.n < MOST_LOADS);
	EXPECT_GT(MOST_LOADS, walk.n);
	for (int i = STEPS - 1; i >= 0; i--)
		look_again(_metadata, self, i, &tally);
	for (int i = 0; i < STEPS; i++) {
		EXPECT_LT(0, failed[i]) TH_LOG("%s", steps[i]);
		printf("# %s: %d\n", steps[i], failed[i]);
	}
	printf("# in spite of a fault: %d\n", failed[STEPS] - 1);
}

/* ---- what the module calls, one function at a time ---- */

enum { BEYOND = 100000, LOOKS = 16 };

/*
 * In which steps a load makes the call: it is made to fail in each of them. What the kernel
 * undoes of live patches and of ftrace takes memory, too: there one fault is all, and each
 * of the first ones, which are in what follows UIDs and namespaces.
 */
static const struct callee {
	const char *name;
	const char *step[4];	/* those that this kernel has not are left out */
	bool once;
	bool alone;		/* only where the kernel has no key service */
} callees[] = {
	{ .name = "__kmem_cache_create_args", .step = { "key", "keyring", "cred" } },
	{ .name = "mempool_create_node_noprof", .step = { "cred" } },
	{ .name = "__kvmalloc_node_noprof", .step = { "cred" } },
	{ .name = "prepare_kernel_cred", .step = { "types", "bridge" } },
	{ .name = "alloc_workqueue", .step = { "user", "reaper" } },
	{ .name = "tracepoint_probe_register", .step = { "events" } },
	{ .name = "__register_sysctl_table", .step = { "abi" }, .alone = true },
	{ .name = "proc_create_seq_private", .step = { "events" }, .alone = true },
	{ .name = "ftrace_set_filter_ip", .step = { "events", "takeover" }, .once = true },
};

/* How many faults there are in those calls */
static int faults_in(struct __test_metadata *_metadata, FIXTURE_DATA(loading) *self)
{
	load_and_unload(_metadata, self, BEYOND);
	EXPECT_EQ(0, self->load->ret);
	return BEYOND - self->load->left;
}

/* One call has several faults, not all have the same number: some of all are tried */
static void fail_in(struct __test_metadata *_metadata, FIXTURE_DATA(loading) *self,
		    const struct callee *callee)
{
	int failed[STEPS + 1] = { 0 }, faults = faults_in(_metadata, self), loads = 0;
	int stride = faults / LOOKS + 1;

	for (int n = 1; n <= faults; n += callee->once && n < LOOKS ? 1 : stride, loads++) {
		load_and_unload(_metadata, self, n);
		EXPECT_NE(UNKNOWN, self->load->step) TH_LOG("%s, fault %d", callee->name, n);
		failed[self->load->step < 0 ? STEPS : self->load->step]++;
	}
	printf("# %s: %d faults, %d loads", callee->name, faults, loads);
	for (int i = 0; callee->step[i]; i++) {
		int step = step_named(callee->step[i]), times;

		if (step == UNKNOWN)
			continue;
		times = failed[step];
		EXPECT_LT(0, times) TH_LOG("%s in %s", callee->name, callee->step[i]);
		printf(", %s %d", callee->step[i], times);
		loads -= times;
	}
	printf("\n");
	/* and in no other */
	EXPECT_EQ(failed[STEPS], loads) TH_LOG("%s", callee->name);
}

/* All after the fault fail, too, but for .once: some at the end of each call do no harm */
TEST_F_TIMEOUT(loading, fails_in_what_it_calls, 3600)
{
	unsigned long start, end;

	for (unsigned int i = 0; i < sizeof(callees) / sizeof(callees[0]); i++) {
		if (callees[i].alone && steps != steps_alone)
			continue;
		self->load->goes_on = !callees[i].once;
		ASSERT_TRUE(text_of(callees[i].name, &start, &end)) TH_LOG("%s", callees[i].name);
		ASSERT_TRUE(faults_within(start, end));
		ASSERT_TRUE(faults_can_go_on());
		fail_in(_metadata, self, &callees[i]);
	}
}

/* ---- who has a session from before the load, and joins another ---- */

struct joining {
	long ret;
	int left;
};

/* Who has become somebody else may open no files of its own in /proc but when it may be dumped */
static long able_to_fault(long a, long b, long c)
{
	return prctl(PR_SET_DUMPABLE, 1) ? -errno : nth_open(a, b, c);
}

static long join_with_fault(long arg, long n, long c)
{
	struct joining *join = (struct joining *)arg;
	char name[16];

	(void)c;
	sprintf(name, "another%ld", n);
	nth_set(n);
	join->ret = kc_join(name);
	join->left = nth_left();
	nth_set(0);
	return 0;
}

/* Of the service that was there before; only who possesses the key has to do with it */
static struct actor *older_user(long *key)
{
	struct actor *q = actor_user(fresh_uid());

	if (ON(q, kc_join(NULL)) <= 0)
		stage_broken("no session");
	*key = ON(q, kc_add_user("k", "older", RING_S));
	if (ON(q, kc_setperm(*key, 0x3f000000)))
		stage_broken("key %ld", *key);
	return q;
}

static bool load_to_fault(const struct load *load)
{
	unsigned long start, end;

	return !module_load(load->path) && module_text(&start, &end) && faults_within(start, end);
}

/* Either both, or neither: the older session is left when the other one is joined. */
TEST_F_TIMEOUT(loading, older_session_stays_until_another_is_joined, 600)
{
	struct joining *join = shared(sizeof(*join));
	struct actor *q, *child;
	int failed = 0;
	long key;

	if (steps == steps_alone)
		SKIP(return, "the kernel has no key service of its own");
	q = older_user(&key);
	ASSERT_TRUE(load_to_fault(self->load));
	for (int n = 1; n < MOST_FAULTS; n++) {
		child = actor_fork(q);
		ASSERT_EQ(0, actor_do(child, able_to_fault, 0, 0, 0));
		actor_do(child, join_with_fault, (long)join, n, 0);
		if (join->ret > 0) {
			/* or a fault did no harm, as of what the debug kernel notes down */
			EXPECT_EQ(join->ret, ON(child, kc_id(RING_S, 0)));
			EXPECT_EQ(-EACCES, ON(child, kc_read(key, NULL, 0)));
		} else {
			EXPECT_TRUE(join->ret == -ENOMEM || join->ret == -EFAULT)
				TH_LOG("fault %d: %ld", n, join->ret);
			EXPECT_STREQ("older", ON(child, payload(key))) TH_LOG("fault %d", n);
			failed++;
		}
		actor_leave(child);
		if (join->left)
			break;
	}
	/* the credentials, the ring, and what leads to it */
	EXPECT_LT(2, failed);
	EXPECT_LT(0, join->left);
	EXPECT_LT(0, join->ret);
	EXPECT_STREQ("older", ON(q, payload(key)));
}

/* The file that is open is the parent's: what fails is the n-th allocation there */
static long give_with_fault(long n, long b, long c)
{
	long ret = kc_join(NULL);

	(void)b, (void)c;
	nth_set(n);
	return ret < 0 ? ret : kc_to_parent() ?: ret;
}

static long what_is_left(long a, long b, long c)
{
	int left = nth_left();

	(void)a, (void)b, (void)c;
	nth_set(0);
	return left;
}

/* Nobody could be told: the one that a child gives is taken, and the older one stays beside it. */
TEST_F_TIMEOUT(loading, older_session_stays_beside_one_that_a_child_gives, 600)
{
	static const int nth[] = { 1, MOST_FAULTS };
	struct actor *q[2];
	long key[2], given;

	if (steps == steps_alone)
		SKIP(return, "the kernel has no key service of its own");
	for (int i = 0; i < 2; i++)
		q[i] = older_user(&key[i]);
	ASSERT_TRUE(load_to_fault(self->load));
	for (int i = 0; i < 2; i++) {
		bool fails = nth[i] == 1;
		struct actor *child;

		ASSERT_EQ(0, actor_do(q[i], able_to_fault, 0, 0, 0));
		child = actor_fork(q[i]);
		given = actor_do(child, give_with_fault, nth[i], 0, 0);
		ASSERT_LT(0, given);
		EXPECT_EQ(given, ON(q[i], kc_id(RING_S, 0)));
		EXPECT_EQ(fails, !actor_do(q[i], what_is_left, 0, 0, 0));
		EXPECT_EQ(fails ? 0 : -EACCES, ON(q[i], kc_timeout(key[i], 0)));
		actor_leave(child);
	}
	ASSERT_EQ(0, module_unload());
	EXPECT_EQ(key[0], ON(q[0], kc_search(RING_S, "user", "k", 0)));
	EXPECT_EQ(-ENOKEY, ON(q[1], kc_request("user", "k", NULL, 0)));
}

LOADING_MAIN
