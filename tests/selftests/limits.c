// SPDX-License-Identifier: GPL-2.0-only
/*
 * As much as a machine of 1 GiB has to bear, and a little more: a million keys,
 * a ring with 100 000 links, 10 000 sessions, 5 000 UIDs, a UID that takes all
 * it can get, and no memory left. After each, all is given back.
 *
 * Needs root, 1 GiB and some minutes where the machine is emulated; run by
 * `make limits`. Times are printed, and only cliffs fail.
 */
#include <kselftest_harness.h>

#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

enum {
	KEYS = 1000000, LINKS = 100000, SESSIONS = 10000, UIDS = 5000,
	CROWD_UID = 100000, ALICE = 1000, BOB = 1001,
	/* bytes that the built-in service spends: mem.key_and_link, mem.link of `make bench` */
	BUILTIN_KEY = 390, BUILTIN_LINK = 40,
	RING_PERM = PERM_POS(MAY_ALL) | PERM_USR(MAY_ALL),
};

static long memory_kib(const char *label)
{
	char line[256];
	long kib = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, label, strlen(label)))
			kib = atol(line + strlen(label));
	if (f)
		fclose(f);
	return kib;
}

/* What the kernel has taken and does not give back on demand */
static long kernel_kib(void)
{
	return memory_kib("SUnreclaim:") + memory_kib("VmallocUsed:") +
	       memory_kib("Percpu:") + memory_kib("KernelStack:") +
	       memory_kib("PageTables:");
}

/* Is it, before long, no more than @spare above @before? */
static bool memory_returns(long before, long spare)
{
	long until = now_ms() + 60000;

	while (kernel_kib() > before + spare && now_ms() < until)
		nap_ms(200);
	printf("# %ld KiB of the kernel's memory before, %ld after\n", before,
	       kernel_kib());
	return kernel_kib() <= before + spare;
}

static long count_lines(const char *path)
{
	static char buf[1 << 16];
	long lines = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while ((got = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < got; i++)
			lines += buf[i] == '\n';
	close(fd);
	return got < 0 ? -1 : lines;
}

/* Root may not view the rings of others; their accounts can be seen */
static long keys_of_everybody(void)
{
	char line[256];
	long keys = 0;
	int nkeys;
	FILE *f = fopen("/proc/key-users", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*u: %*d %d/", &nkeys) == 1)
			keys += nkeys;
	if (f)
		fclose(f);
	return keys;
}

static long stopwatch;

static void lap(const char *what)
{
	printf("# %-40s %6ld ms\n", what, now_ms() - stopwatch);
	fflush(stdout);
	stopwatch = now_ms();
}

static bool gone(long id)
{
	return key_goes(id);
}

FIXTURE(crowd)
{
	long before;	/* KiB of the kernel's memory */
	long ring;	/* in a session of the test's own */
	long maxkeys, maxbytes;
};

FIXTURE_SETUP(crowd)
{
	stage_open();
	self->maxkeys = sysctl_get("root_maxkeys");
	self->maxbytes = sysctl_get("root_maxbytes");
	ASSERT_EQ(0, sysctl_set("root_maxkeys", 0x7fffffff));
	ASSERT_EQ(0, sysctl_set("root_maxbytes", 0x7fffffff));
	ASSERT_LT(0, kc_join(NULL));
	self->ring = kc_add_ring("crowd", RING_S);
	ASSERT_LT(0, self->ring);
	ASSERT_EQ(0, kc_setperm(self->ring, RING_PERM));
	self->before = kernel_kib();
	stopwatch = now_ms();
}

FIXTURE_TEARDOWN(crowd)
{
	EXPECT_LT(0, kc_join(NULL));
	EXPECT_EQ(0, sysctl_set("root_maxkeys", self->maxkeys));
	EXPECT_EQ(0, sysctl_set("root_maxbytes", self->maxbytes));
	stage_close();
}

TEST_F_TIMEOUT(crowd, a_million_keys, 1200)
{
	char desc[32];
	long id, first = 0, last = 0, took;

	for (long i = 0; i < KEYS; i++) {
		sprintf(desc, "key:%ld", i);
		id = kc_add_user(desc, "payload", self->ring);
		ASSERT_LT(0, id) TH_LOG("key %ld", i);
		first = first ?: id;
		last = id;
	}
	lap("a million keys made");
	took = kernel_kib() - self->before;
	printf("# %ld bytes a key\n", took * 1024 / KEYS);
	EXPECT_GT(BUILTIN_KEY * (long)KEYS / 1024, took);
	EXPECT_LE(KEYS, keys_charged(0));

	for (long i = 0; i < 100000; i++) {
		sprintf(desc, "key:%ld", i * 7919 % KEYS);
		ASSERT_LT(0, kc_search(self->ring, "user", desc, 0));
	}
	EXPECT_EQ(-ENOKEY, kc_search(self->ring, "user", "key:-1", 0));
	lap("100 000 of them found");
	EXPECT_LE(KEYS, count_lines("/proc/keys"));
	lap("/proc/keys read");
	EXPECT_LT(0, count_lines("/proc/key-users"));

	ASSERT_EQ(0, kc_clear(self->ring));
	lap("the ring cleared");
	EXPECT_TRUE(gone(first));
	EXPECT_TRUE(gone(last));
	EXPECT_TRUE(memory_returns(self->before, took / 50 + 4096));
	lap("memory returned");
	EXPECT_GT(100, keys_charged(0));
}

/* One key in very many rings, and one ring with very many links */
TEST_F_TIMEOUT(crowd, a_hundred_thousand_links, 1200)
{
	long *ids = calloc(LINKS, sizeof(*ids)), other, key, took;
	int32_t *serials = calloc(LINKS, sizeof(*serials));
	char desc[32];

	ASSERT_TRUE(ids && serials);
	other = kc_add_ring("other", RING_S);
	ASSERT_LT(0, other);
	for (long i = 0; i < LINKS; i++) {
		sprintf(desc, "key:%ld", i);
		ids[i] = kc_add_user(desc, "payload", self->ring);
		ASSERT_LT(0, ids[i]);
	}
	lap("100 000 keys made");
	took = kernel_kib();
	for (long i = 0; i < LINKS; i++)
		ASSERT_EQ(0, kc_link(ids[i], other));
	lap("linked once more");
	took = kernel_kib() - took;
	printf("# %ld bytes a link\n", took * 1024 / LINKS);
	EXPECT_GT(BUILTIN_LINK * (long)LINKS / 1024, took);
	EXPECT_EQ(LINKS * 4, kc_read(other, serials, LINKS * 4));
	lap("the ring read");
	for (long i = 0; i < LINKS; i += 2)
		ASSERT_EQ(0, kc_unlink(ids[i], other));
	lap("half of them unlinked one by one");
	EXPECT_EQ(LINKS / 2 * 4, kc_read(other, serials, LINKS * 4));
	ASSERT_EQ(0, kc_clear(other));
	lap("the others cleared");
	ASSERT_EQ(0, kc_clear(self->ring));

	/* The other way round. */
	key = kc_add_user("everywhere", "payload", RING_S);
	ASSERT_LT(0, key);
	for (long i = 0; i < LINKS; i++) {
		sprintf(desc, "ring:%ld", i);
		ids[i] = kc_add_ring(desc, self->ring);
		ASSERT_LT(0, ids[i]);
		ASSERT_EQ(0, kc_link(key, ids[i]));
	}
	lap("a key in 100 000 rings");
	for (long i = 0; i < LINKS; i += 2)
		ASSERT_EQ(0, kc_unlink(key, ids[i]));
	lap("unlinked from half of them");
	ASSERT_EQ(0, kc_invalidate(key));
	lap("invalidated");
	EXPECT_EQ(0, kc_read(ids[1], serials, 4));
	EXPECT_TRUE(gone(key));
	ASSERT_EQ(0, kc_clear(self->ring));
	EXPECT_TRUE(gone(ids[LINKS - 1]));
	EXPECT_TRUE(memory_returns(self->before, 6144));
	lap("memory returned");
}

static int *told;

/* A process that shares our memory, joins a session of its own and waits. */
static int live_in_a_session(void *arg)
{
	(void)arg;
	/* One syscall each: the stack is small. */
	__atomic_add_fetch(told, kc_join(NULL) > 0,
			   __ATOMIC_SEQ_CST);
	for (;;)
		syscall(SYS_pause);
	return 0;
}

static void write_number(const char *path, long number)
{
	FILE *f = fopen(path, "we");

	if (f) {
		fprintf(f, "%ld", number);
		fclose(f);
	}
}

TEST_F_TIMEOUT(crowd, ten_thousand_sessions, 1200)
{
	enum { STACK = 2048 };
	char *stacks = aligned_alloc(16, (size_t)SESSIONS * STACK);
	pid_t *pids = calloc(SESSIONS, sizeof(*pids));
	long sessions, before = keys_charged(0);

	ASSERT_TRUE(stacks && pids);
	told = calloc(1, sizeof(*told));
	ASSERT_TRUE(told);
	write_number("/proc/sys/kernel/threads-max", 4 * SESSIONS);
	for (int i = 0; i < SESSIONS; i++) {
		pids[i] = clone(live_in_a_session, stacks + (size_t)(i + 1) * STACK,
				CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, NULL);
		ASSERT_LT(0, pids[i]) TH_LOG("session %d", i);
	}
	sessions = EVENTUALLY(__atomic_load_n(told, __ATOMIC_SEQ_CST) == SESSIONS);
	EXPECT_TRUE(sessions);
	lap("10 000 sessions");
	EXPECT_LE(before + SESSIONS, keys_charged(0));
	EXPECT_LE(SESSIONS, count_lines("/proc/keys"));
	lap("/proc/keys read");
	for (int i = 0; i < SESSIONS; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < SESSIONS; i++)
		waitpid(pids[i], NULL, 0);
	lap("all of them ended");
	EXPECT_TRUE(EVENTUALLY(keys_charged(0) < before + 100));
	EXPECT_TRUE(memory_returns(self->before, 12288));
	lap("memory returned");
	free(stacks);
	free(pids);
}

/* A UID exists as long as a file that was opened by it. */
TEST_F_TIMEOUT(crowd, five_thousand_uids, 1200)
{
	struct rlimit files = { 2 * UIDS, 2 * UIDS };
	int *fds = calloc(UIDS, sizeof(*fds));
	long lines, first = 0;

	ASSERT_TRUE(fds);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	for (int i = 0; i < UIDS; i++) {
		ASSERT_EQ(0, setresuid(CROWD_UID + 7 * i, -1, -1));
		ASSERT_LT(0, kc_id(RING_US, 1)) TH_LOG("UID %d", i);
		if (!first)
			first = kc_id(RING_US, 0);
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fds[i]);
	}
	ASSERT_EQ(0, setresuid(0, -1, -1));
	lap("5 000 UIDs with their rings");
	lines = count_lines("/proc/key-users");
	EXPECT_LE(UIDS, lines);
	EXPECT_LE(2 * UIDS, keys_of_everybody());
	EXPECT_TRUE(key_exists(first));
	for (int i = 0; i < UIDS; i++)
		close(fds[i]);
	lap("all of them gone");
	EXPECT_TRUE(EVENTUALLY(count_lines("/proc/key-users") <= lines - UIDS));
	EXPECT_TRUE(gone(first));
	EXPECT_TRUE(memory_returns(self->before, 4096));
	lap("memory returned");
	free(fds);
}

/* Takes all that a UID can get, in every way. */
static void exhaust(void)
{
	static char big[30000];
	char desc[32];
	int n = 0;

	for (long size = sizeof(big); size; size /= 2)
		while (sprintf(desc, "big%d", n++), kc_add("user", desc, big, size, RING_U) > 0)
			;
	while (sprintf(desc, "ring%d", n++), kc_add_ring(desc, RING_U) > 0)
		;
	/* These may overrun it. */
	for (n = 0; n < 300; n++) {
		if (!fork()) {
			kc_join(NULL);
			kc_id(RING_T, 1);
			kc_id(RING_P, 1);
			nap_ms(2000);
			_exit(0);
		}
	}
}

static int be_bob(void)
{
	int status = 0;

	if (setresuid(BOB, BOB, BOB) || kc_join(NULL) < 0)
		return 1;
	for (int i = 0; i < 50; i++) {
		char desc[16];

		sprintf(desc, "mine%d", i);
		status |= kc_add_user(desc, "payload", RING_S) < 0;
		status |= kc_add_user(desc, "payload", RING_U) < 0;
	}
	status |= kc_clear(RING_U) < 0;
	return status;
}

TEST_F_TIMEOUT(crowd, a_uid_that_takes_all_hurts_no_other, 120)
{
	int status, bytes = bytes_charged(BOB), keys = keys_charged(BOB);
	pid_t hostile = fork(), bob;

	ASSERT_LE(0, hostile);
	if (!hostile) {
		setsid();
		if (setresuid(ALICE, ALICE, ALICE))
			_exit(1);
		exhaust();
		/* Not one more. */
		status = kc_add_user("straw", "payload", RING_U);
		_exit(status == -EDQUOT ? 0 : 2);
	}
	ASSERT_EQ(hostile, waitpid(hostile, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_LE(sysctl_get("maxkeys"), keys_charged(ALICE));

	bob = fork();
	ASSERT_LE(0, bob);
	if (!bob)
		_exit(be_bob());
	ASSERT_EQ(bob, waitpid(bob, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_LT(0, kc_add_user("root's", "payload", self->ring));
	EXPECT_TRUE(EVENTUALLY(bytes_charged(BOB) == bytes && keys_charged(BOB) == keys));
	EXPECT_TRUE(EVENTUALLY(keys_charged(ALICE) <= 0));
}

/* Until there is no memory, or we are killed for it; from when @go is closed on. */
static void devour(int go)
{
	static char payload[32767];
	char desc[32];
	long id = 1;

	write_number("/proc/self/oom_score_adj", 1000);
	if (kc_join(NULL) < 0 || read(go, desc, 1))
		_exit(1);
	for (long i = 0; id > 0; i++) {
		sprintf(desc, "big:%ld", i);
		id = kc_add("user", desc, payload, sizeof(payload), RING_S);
	}
	_exit(id == -ENOMEM ? 0 : 2);
}

/*
 * The kernel's report of who is killed has a trace that is no sign of a mistake: it
 * does not go to the console. What is one stops the machine.
 */
static void console_level(int level)
{
	klogctl(8, NULL, level);
}

/* Needs none itself. Keys go some time after who had them. */
static void await_memory(void)
{
	struct sysinfo info;

	do {
		nap_ms(10);
	} while (!sysinfo(&info) && info.freeram * info.mem_unit < 64 << 20);
}

TEST_F_TIMEOUT(crowd, no_memory_left, 300)
{
	long before = keys_charged(0);
	int status = 0, go[2];
	pid_t glutton;

	ASSERT_EQ(0, pipe(go));
	console_level(4);
	glutton = fork();
	if (!glutton) {
		close(go[1]);
		devour(go[0]);
	}
	/* Whoever needs a page while there is none has somebody else killed: we have ours before. */
	EXPECT_EQ(0, mlockall(MCL_CURRENT));
	close(go[1]);
	if (glutton > 0)
		waitpid(glutton, &status, 0);
	await_memory();
	console_level(8);
	munlockall();
	close(go[0]);
	ASSERT_LE(0, glutton);
	lap("all memory taken");
	EXPECT_TRUE(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : !WEXITSTATUS(status))
		TH_LOG("status %x", status);
	EXPECT_LT(0, kc_add_user("afterwards", "payload", self->ring));
	EXPECT_LT(0, kc_search(self->ring, "user", "afterwards", 0));
	EXPECT_TRUE(EVENTUALLY(keys_charged(0) < before + 10));
	EXPECT_TRUE(memory_returns(self->before, 8192));
	lap("memory returned");
}

SELFTEST_MAIN
