// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults while processes and threads come and go, and while /proc is read.
 *
 * A fork never fails for want of memory of the module's, and the parent keeps
 * what it has. The record of the child comes from a reserve when there is no
 * memory; when that is empty, too, the child is without its session keyring. It
 * goes on like one whose parent had none, and is counted.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "sweep.h"
#include "helper.h"
#include "loading.h"

/* More children at the same time than the reserve has records */
enum { RESERVE = 64, CHILDREN = RESERVE + 8 };

/*
 *	p (fresh uid) ---@s---> "_ses" ---> k
 *	  '-@p-> "_pid"  '-@t-> "_tid"
 */
FIXTURE(family)
{
	struct actor *p;
	long session, key, process, thread;
	struct scene *s;	/* what is to be seen of p's keys */
	long *said;		/* by each child or thread: which keyring it has */
};

FIXTURE_SETUP(family)
{
	unsigned long start, end;

	if (!kernel_injects())
		SKIP(return, "the kernel injects no faults");
	ASSERT_TRUE(module_text(&start, &end));
	ASSERT_TRUE(faults_within(start, end));
	stage_open();
	self->p = actor_fork(NULL);
	self->s = shared(sizeof(*self->s));
	self->s->viewer = self->p;
	self->s->uid = fresh_uid();
	self->s->before = shared(VIEW_BYTES);
	self->s->after = shared(VIEW_BYTES);
	self->said = shared(CHILDREN * sizeof(long));
	ASSERT_EQ(0, actor_do(self->p, become_openly, self->s->uid, 0, 0));
	ASSERT_EQ(0, actor_do(self->p, nth_open, 0, 0, 0));
	self->session = ON(self->p, kc_join(NULL));
	self->key = ON(self->p, kc_add_user("k", "v", RING_S));
	self->process = ON(self->p, kc_id(RING_P, 1));
	self->thread = ON(self->p, kc_id(RING_T, 1));
	ASSERT_LT(0, self->session);
	ASSERT_LT(0, self->key);
	ASSERT_LT(0, self->process);
	ASSERT_LT(0, self->thread);
	view_settled(self->s);
}

FIXTURE_TEARDOWN(family)
{
	if (stage)
		stage_close();
	EXPECT_TRUE(EVENTUALLY(uids_are_gone()));
}

#define EXPECT_PARENT_KEEPS_ALL(self) do {				\
	EXPECT_EQ((self)->session, ON((self)->p, kc_id(RING_S, 0)));	\
	EXPECT_EQ((self)->process, ON((self)->p, kc_id(RING_P, 0)));	\
	EXPECT_EQ((self)->thread, ON((self)->p, kc_id(RING_T, 0)));	\
	EXPECT_STREQ("v", ON((self)->p, payload((self)->key)));		\
} while (0)

/* In the parent: a child that says which session it has, and stays */
static long fork_with_fault(long session, long n, long c)
{
	pid_t pid;

	(void)c;
	nth_set(n);
	pid = fork();
	if (!pid) {
		__atomic_store_n((long *)session, kc_id(RING_S, 0), __ATOMIC_SEQ_CST);
		for (;;)
			pause();
	}
	n = nth_left();
	nth_set(0);
	if (pid > 0 && n)
		kill(pid, SIGKILL);
	/* Only the module's calls fail: a fork that does not succeed is its fault */
	return pid < 0 ? -errno : n ? -EAGAIN : pid;
}

static bool has_said(long *said)
{
	return __atomic_load_n(said, __ATOMIC_SEQ_CST);
}

static long kill_child(long pid, long b, long c)
{
	(void)b, (void)c;
	return kill(pid, SIGKILL);
}

/* What the kernel log says at unload of children that went without */
static long tasks_that_went_without(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char line[2048];
	long count = 0;
	ssize_t got;

	while ((got = read(fd, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[got > 0 ? got : 0] = 0;
		if (strstr(line, "tasks did not inherit"))
			sscanf(strchr(line, ';') + 1, "keyrings: %ld", &count);
	}
	close(fd);
	return count;
}

TEST_F_TIMEOUT(family, forks_with_the_reserve_and_without, 1200)
{
	const char *ko = getenv("KR_MODULE");
	pid_t pid[CHILDREN];
	int with = 0, without = 0;

	for (int i = 0; i < CHILDREN; i++) {
		pid[i] = actor_do(self->p, fork_with_fault, (long)&self->said[i], 1, 0);
		ASSERT_LT(0, pid[i]) TH_LOG("child %d", i);
	}
	for (int i = 0; i < CHILDREN; i++) {
		EXPECT_TRUE(EVENTUALLY(has_said(&self->said[i])));
		with += self->said[i] == self->session;
		without += self->said[i] == ON(self->p, kc_id(RING_US, 0));
	}
	EXPECT_EQ(CHILDREN, with + without);
	EXPECT_LE(RESERVE, with);
	EXPECT_LT(0, without);
	EXPECT_PARENT_KEEPS_ALL(self);
	for (int i = 0; i < CHILDREN; i++)
		EXPECT_EQ(0, actor_do(self->p, kill_child, pid[i], 0, 0));
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(self->session));
	EXPECT_TRUE(EVENTUALLY(uids_are_gone()));

	if (!ko)
		return;
	EXPECT_EQ(0, module_unload());
	EXPECT_EQ(without, tasks_that_went_without());
	EXPECT_EQ(0, module_load(ko));
}

/* In a thread: another one that says which process keyring it has, and stays */
static void *say_process_ring(void *ring)
{
	__atomic_store_n((long *)ring, kc_id(RING_P, 0), __ATOMIC_SEQ_CST);
	while (pause())
		;
	return NULL;
}

static long thread_with_fault(long ring, long n, long c)
{
	pthread_t thread;
	int ret;

	(void)c;
	nth_set(n);
	ret = pthread_create(&thread, NULL, say_process_ring, (void *)ring);
	n = nth_left();
	nth_set(0);
	return ret ? -ret : n ? -EAGAIN : 0;
}

/* The thread's UID is its own, and so is the process keyring, which its threads have */
TEST_F_TIMEOUT(family, threads_with_the_reserve_and_without, 1200)
{
	struct actor *server = actor_fork(NULL), *q = actor_thread(server);
	uid_t uid = fresh_uid();
	int with = 0, without = 0;
	long ring;

	ASSERT_EQ(0, actor_do(q, nth_open, 0, 0, 0));
	ASSERT_EQ(0, actor_do(q, set_uids, uid, uid, uid));
	ring = ON(q, kc_id(RING_P, 1));
	ASSERT_LT(0, ring);
	for (int i = 0; i < CHILDREN; i++) {
		ASSERT_EQ(0, actor_do(q, thread_with_fault, (long)&self->said[i], 1, 0)) {
			TH_LOG("thread %d", i);
		}
	}
	for (int i = 0; i < CHILDREN; i++) {
		EXPECT_TRUE(EVENTUALLY(has_said(&self->said[i])));
		with += self->said[i] == ring;
		without += self->said[i] == -ENOKEY;
	}
	EXPECT_EQ(CHILDREN, with + without);
	EXPECT_LE(RESERVE, with);
	EXPECT_LT(0, without);
	EXPECT_EQ(ring, ON(q, kc_id(RING_P, 0)));
	actor_leave(server);
	EXPECT_TRUE(key_goes(ring));
	EXPECT_PARENT_KEEPS_ALL(self);
}

/* Whatever else fails in a fork: the parent has what it had, and so has the child */
TEST_F_TIMEOUT(family, forks_with_each_fault, 1200)
{
	long pid;
	int n = 0;

	do {
		self->said[0] = 0;
		pid = actor_do(self->p, fork_with_fault, (long)self->said, ++n, 0);
		if (pid <= 0)
			break;
		EXPECT_TRUE(EVENTUALLY(has_said(self->said)));
		EXPECT_EQ(self->session, self->said[0]);
		EXPECT_PARENT_KEEPS_ALL(self);
		EXPECT_EQ(0, actor_do(self->p, kill_child, pid, 0, 0));
		EXPECT_TRUE(EVENTUALLY(task_is_gone(pid, pid)));
		EXPECT_TRUE(EVENTUALLY(view_is(self->s, self->s->before)));
	} while (n < MOST_FAULTS);
	EXPECT_EQ(-EAGAIN, pid);
	EXPECT_LT(1, n);
}

/* Exec and exit need no memory: a fault that waits for one goes on waiting */
static long set_one(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	nth_set(1);
	return 0;
}

static long read_left(long a, long b, long c)
{
	(void)b, (void)c;
	if (a && nth_open(0, 0, 0))
		return -errno;
	return nth_left();
}

TEST_F_TIMEOUT(family, executes, 300)
{
	struct actor *q = actor_fork(self->p);

	ASSERT_EQ(0, actor_do(q, nth_open, 0, 0, 0));
	EXPECT_LT(0, ON(q, kc_id(RING_P, 1)));
	EXPECT_LT(0, ON(q, kc_id(RING_T, 1)));
	EXPECT_EQ(0, actor_do(q, set_one, 0, 0, 0));
	EXPECT_EQ(0, actor_exec(q, "/proc/self/exe"));
	EXPECT_EQ(1, actor_do(q, read_left, 1, 0, 0));
	EXPECT_EQ(0, actor_do(q, set_one, 0, 0, 0));
	EXPECT_EQ(self->session, ON(q, kc_id(RING_S, 0)));
	EXPECT_EQ(-ENOKEY, ON(q, kc_id(RING_P, 0)));
	EXPECT_EQ(-ENOKEY, ON(q, kc_id(RING_T, 0)));
	actor_leave(q);
	EXPECT_PARENT_KEEPS_ALL(self);
	EXPECT_TRUE(EVENTUALLY(view_is(self->s, self->s->before)));
}

/* Each thread in turn has one fault waiting when it ends */
TEST_F_TIMEOUT(family, exits, 300)
{
	struct actor *q = actor_fork(self->p), *thread = actor_thread(q);

	ASSERT_EQ(0, actor_do(q, nth_open, 0, 0, 0));
	EXPECT_LT(0, ON(q, kc_id(RING_P, 1)));
	EXPECT_LT(0, ON(q, kc_id(RING_T, 1)));
	EXPECT_LT(0, ON(q, kc_join(NULL)));
	EXPECT_LT(0, ON(thread, kc_id(RING_T, 1)));
	EXPECT_LT(0, ON(thread, kc_join("of the thread")));
	EXPECT_EQ(0, actor_do(q, set_one, 0, 0, 0));
	actor_leave(thread);
	actor_leave(q);
	EXPECT_PARENT_KEEPS_ALL(self);
	EXPECT_TRUE(EVENTUALLY(view_is(self->s, self->s->before)));
}

/* ---- /proc ---- */

static void some_keys(struct scene *s)
{
	s->ring = must(kc_add_ring("r", RING_T));
	for (int i = 0; i < 3; i++)
		s->key = must(kc_add_user(shared_text("k%d", i), "v", s->ring));
	strcpy(s->buf, "");
}

/* A whole file, or the error that reading it ends in */
static long slurp_whole(const char *path, char *to)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long got, sum = 0;

	while ((got = read(fd, to + sum, VIEW_BYTES - 1 - sum)) > 0)
		sum += got;
	got = got < 0 ? -errno : sum;
	to[sum] = 0;
	close(fd);
	return got;
}

static long read_keys(struct scene *s)
{
	return slurp_whole("/proc/keys", s->buf);
}

static bool keys_are_listed(struct scene *s, long ret)
{
	struct key_row row;
	int rows = 0;
	char *line;

	for (line = s->buf; ret > 0 && *line; line = strchr(line, '\n') + 1)
		rows += key_row_parse(line, &row) && row.uid == (int)s->uid;
	/* with the thread keyring */
	return rows == 5;
}

FAULTS_IN(read_keys, .prepare = some_keys, .done = keys_are_listed);

static long read_users(struct scene *s)
{
	return slurp_whole("/proc/key-users", s->buf);
}

static bool user_is_listed(struct scene *s, long ret)
{
	return ret > 0 && strstr(s->buf, shared_text("%5u:", s->uid));
}

FAULTS_IN(read_users, .prepare = some_keys, .done = user_is_listed, .sure = true);

LOADING_MAIN
