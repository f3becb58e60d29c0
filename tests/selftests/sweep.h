/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sweep: every allocation and every copy from and to user space that a call
 * makes in the module is made to fail, one at a time.
 *
 * A call is made with its first fault, with its second, ..., until there was
 * nothing left to fail:
 *
 *	what the call needs			op->prepare()
 *	what is to be seen of keys		as text
 *	the call, of which one part fails	op->call()
 *	if it failed:				ENOMEM or EFAULT,
 *		what is to be seen of keys	the same text
 *		the call once more
 *	it has done its work			op->done()
 *	all that was made is thrown away	as before the round
 *
 * Where one fault changes nothing, since the kernel tries another way, all those after
 * it fail, too, that are below the function which op->below names. With op->helper only
 * one of those below it fails, in whichever task, from the last to the first.
 *
 * All this is done by a thread of a fresh UID, with a thread keyring of which all
 * else hangs. When the thread has ended nothing may be left of that UID.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include <sys/prctl.h>

#include "faults.h"

enum { VIEW_BYTES = 64 << 10, PLENTY_OF_SPACE = 1 << 30 };

struct fault_op;

/* One round; on the stage */
struct scene {
	const struct fault_op *op;
	uid_t uid;		/* whose keys are compared */
	struct actor *caller;	/* who makes the call: the sweeper (NULL), or another */
	struct actor *viewer;	/* who looks: likewise */
	long ring, other, key, id;	/* for the operation's own use */
	char *buf;
	int left;		/* of fail-nth after the call: 0 if something failed */
	long space;		/* for the allocations before the one of a helper that fails */
	char *empty, *before, *after;
};

/*
 * One operation. prepare() and done() are run by the sweeper, call() by the caller;
 * it is one system call.
 */
struct fault_op {
	void (*prepare)(struct scene *s);
	long (*call)(struct scene *s);
	bool (*done)(struct scene *s, long ret);
	int arg;		/* for the operation's own use */
	bool admin;		/* with CAP_SYS_ADMIN */
	bool uid_rings;		/* the UID has its rings already */
	bool sure;		/* it must not fail, whatever fails in it */
	const char *below;	/* only what is below this function fails, and all after it */
	bool helper;		/* ... or that is done by the request's helper, one at a time */
	bool of_kernel;		/* it needs what only a kernel with keys of its own has */
	int also;		/* another error that a fault may end in, ... */
	const char *why;	/* ... and why that one */
};

/* ---- the call ---- */

static long call_with_fault(long arg, long n, long c)
{
	struct scene *s = (struct scene *)arg;
	long ret;

	(void)c;
	if (s->op->below)
		faults_go_on(true);
	nth_set(n);
	ret = s->op->call(s);
	if (s->op->below)
		faults_go_on(false);
	s->left = nth_left();
	nth_set(0);
	return ret;
}

static long call_without(long arg, long b, long c)
{
	struct scene *s = (struct scene *)arg;

	(void)b, (void)c;
	return s->op->call(s);
}

/* ---- what is to be seen of keys ---- */

static int view_ring(char *to, int serial)
{
	int32_t ids[256];
	long bytes = kc_read(serial, ids, sizeof(ids));
	int len = sprintf(to, "ring %d (%ld):", serial, bytes);

	for (long i = 0; i < bytes / (long)sizeof(*ids); i++)
		len += sprintf(to + len, " %d", ids[i]);
	return len + sprintf(to + len, "\n");
}

static int view_user(char *to, uid_t uid)
{
	static char users[64 << 10];
	unsigned int seen;
	char *line;

	slurp_into((long)"/proc/key-users", (long)users, sizeof(users));
	for (line = users; *line; line = strchr(line, '\n') + 1)
		if (sscanf(line, "%u:", &seen) == 1 && seen == uid)
			return sprintf(to, "%.*s\n", (int)strcspn(line, "\n"), line);
	return 0;
}

/* The rows of /proc/keys, what the rings among them hold, the row of /proc/key-users */
static long view_into(long to, long uid, long c)
{
	long keys = slurp_into((long)"/proc/keys", to, VIEW_BYTES / 2), len = keys;
	char *text = (char *)to, *line;
	struct key_row row;

	(void)c;
	for (line = text; line < text + keys; line = strchr(line, '\n') + 1)
		if (key_row_parse(line, &row) && !strcmp(row.type, "keyring") &&
		    len < VIEW_BYTES - 4096)
			len += view_ring(text + len, row.serial);
	len += view_user(text + len, uid);
	text[len] = 0;
	return len;
}

static void view(struct scene *s, char *to)
{
	actor_do(s->viewer, view_into, (long)to, s->uid, 0);
}

static bool view_is(struct scene *s, const char *expected)
{
	view(s, s->after);
	return !strcmp(expected, s->after);
}

/* What was put off before the call is over when two looks agree */
static void view_settled(struct scene *s)
{
	view(s, s->before);
	EVENTUALLY(view_is(s, s->before) || (strcpy(s->before, s->after), false));
}

/* ---- the sweeper: a thread of a fresh UID ---- */

/* CAP_SYS_ADMIN comes back: it was only taken out of the effective set */
static bool administer(void)
{
	struct { uint32_t version; int pid; } head = { 0x20080522, 0 };
	struct { uint32_t effective, permitted, inheritable; } caps[2];

	if (syscall(SYS_capget, &head, caps))
		return false;
	caps[0].effective |= 1 << 21;
	return !syscall(SYS_capset, &head, caps);
}

/* So that it and its children can open their files in proc; until the next change of UID */
static long be_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* Root is kept as the saved UID */
static void become_for_now(uid_t uid)
{
	if (raw_syscall(NR_SETGROUPS, 0, 0, 0, 0, 0) || set_gids(uid, uid, uid) ||
	    set_uids(uid, uid, 0))
		stage_broken("cannot become %u", uid);
	be_dumpable();
}

/* A process of the sweeper's UID, without a ring unless its parent has a session */
static struct actor *another_process(struct actor *parent)
{
	struct actor *a = actor_fork(parent);

	if (actor_do(a, nth_open, 0, 0, 0))
		stage_broken("no fail-nth");
	return a;
}

/* While the sweeper is root: a process that can open its files in proc when it is not */
static long become_openly(long uid, long b, long c)
{
	long ret = become(uid, b, c);

	return ret ?: be_dumpable();
}

/* The sweeper is root between these two */
static uid_t be_root(void)
{
	uid_t own = geteuid();

	if (set_uids(-1, 0, -1))
		stage_broken("cannot be root");
	return own;
}

static void be_no_more_root(uid_t own)
{
	if (set_uids(-1, own, -1))
		stage_broken("cannot be %u again", own);
	be_dumpable();
}

/*
 * The fault is that of another task, which the call waits for, and the one before which there
 * is no more space. How much the others had is how much there is to be for the one before it.
 */
static long call_with_fault_of_helper(long arg, long n, long c)
{
	struct scene *s = (struct scene *)arg;
	uid_t own = be_root();
	long ret;

	(void)n, (void)c;
	if (!fault_of_any_task(s->space))
		stage_broken("no faults of other tasks");
	be_no_more_root(own);
	ret = s->op->call(s);
	own = be_root();
	s->left = fault_get("failslab", "times");
	s->space -= fault_get("failslab", "space");
	fault_set("failslab", "times", 0);
	fault_set("failslab", "space", 0);
	be_no_more_root(own);
	return ret;
}

/* A process of a UID that nobody has used, which is the one to be compared */
static struct actor *process_of_a_fresh_uid(struct scene *s)
{
	uid_t own = be_root();
	struct actor *a = another_process(NULL);

	s->uid = fresh_uid();
	if (actor_do(a, become_openly, s->uid, 0, 0))
		stage_broken("cannot become %u", s->uid);
	be_no_more_root(own);
	return a;
}

/* The same UID is root of a namespace of its own, and 0 in there */
static struct actor *process_of_a_namespace(struct scene *s)
{
	uid_t own = be_root();
	struct actor *a = another_process(NULL);

	if (actor_do(a, unshare_userns, 0, 0, 0))
		stage_broken("no user namespace");
	map_ids(a, fresh_uid(), 1);
	if (actor_do(a, become_openly, 0, 0, 0))
		stage_broken("cannot become root of the namespace");
	be_no_more_root(own);
	s->uid = 0;
	return a;
}

/* ---- a round ---- */

static size_t store_mark;

/* All actors leave, what they had from shared() is free */
static void strike(bool admin)
{
	uid_t own = be_root();
	struct actor *a;

	for (a = stage->actor; a < stage->actor + stage->cast; a++)
		if (!a->gone && a->pid)
			kill(a->pid, SIGKILL);
	be_no_more_root(own);
	if (admin)
		administer();
	/* One may wait for another that has to die first. */
	for (a = stage->actor; a < stage->actor + stage->cast; a++)
		if (!a->gone && a->ours)
			waitpid(a->pid, NULL, __WALL);
	memset(stage->actor, 0, sizeof(stage->actor[0]) * stage->cast);
	stage->cast = 0;
	stage->used = store_mark;
}

static struct scene *scene_open(const struct fault_op *op, uid_t uid)
{
	struct scene *s;

	s = shared(sizeof(*s));
	s->op = op;
	s->empty = shared(VIEW_BYTES);
	s->before = shared(VIEW_BYTES);
	s->after = shared(VIEW_BYTES);
	s->buf = shared(VIEW_BYTES);
	slurp(NULL, "/proc/key-users");	/* its buffer outlasts the round that asks for it first */
	store_mark = stage->used;
	if (nth_open(0, 0, 0))
		stage_broken("no fail-nth");
	become_for_now(uid);
	if ((op->admin && !administer()) || kc_id(RING_T, 1) < 0 ||
	    (op->uid_rings && kc_id(RING_US, 1) < 0))
		stage_broken("no rings");
	s->uid = uid;
	view_settled(s);
	strcpy(s->empty, s->before);
	return s;
}

/* Throw away what the round has made, and see that it is gone */
static bool scene_clear(struct scene *s, uid_t uid)
{
	strike(s->op->admin);
	s->caller = s->viewer = NULL;
	s->uid = uid;
	kc_clear(RING_T);
	return EVENTUALLY(view_is(s, s->empty));
}

/* ---- the sweep ---- */

/* How the faulty calls of a sweep ended */
struct faults_seen {
	int memory, copies, others, survived;
};

static bool error_is_allowed(const struct fault_op *op, long ret)
{
	return !op->sure && (ret == -ENOMEM || ret == -EFAULT || (op->also && ret == -op->also));
}

static void count_fault(struct faults_seen *seen, long ret)
{
	if (ret >= 0)
		seen->survived++;
	else if (ret == -ENOMEM)
		seen->memory++;
	else if (ret == -EFAULT)
		seen->copies++;
	else
		seen->others++;
}

static void expect_failed_well(struct __test_metadata *_metadata, struct scene *s, int n, long ret)
{
	EXPECT_TRUE(error_is_allowed(s->op, ret))
		TH_LOG("fault %d: the call returns %ld", n, ret);
	EXPECT_TRUE(EVENTUALLY(view_is(s, s->before)))
		TH_LOG("fault %d: the call returns %ld; before:\n%s\nafter:\n%s", n, ret,
		       s->before, s->after);
}

/* One fault. False when there was nothing left to fail. */
static bool fail_one(struct __test_metadata *_metadata, struct scene *s, int n,
		     struct faults_seen *seen)
{
	const struct fault_op *op = s->op;
	long ret;

	if (op->prepare)
		op->prepare(s);
	view_settled(s);
	ret = actor_do(s->caller, op->helper ? call_with_fault_of_helper : call_with_fault,
		       (long)s, n, 0);
	if (!s->left)
		count_fault(seen, ret);
	if (!s->left && ret < 0) {
		expect_failed_well(_metadata, s, n, ret);
		ret = actor_do(s->caller, call_without, (long)s, 0, 0);
	}
	EXPECT_TRUE(op->done(s, ret))
		TH_LOG("fault %d: the call returns %ld and is not done", n, ret);
	return !s->left;
}

static int errors_of(const struct faults_seen *seen)
{
	return seen->memory + seen->copies + seen->others;
}

static void expect_seen(struct __test_metadata *_metadata, const struct fault_op *op,
			const struct faults_seen *seen)
{
	int all = errors_of(seen) + seen->survived;

	if (op->below) {
		EXPECT_LT(0, all);
	}
	if (!op->sure) {
		EXPECT_LT(0, errors_of(seen));
	}
	printf("# %d faults: %d ENOMEM, %d EFAULT, %d another error, %d survived\n", all,
	       seen->memory, seen->copies, seen->others, seen->survived);
	if (seen->others)
		printf("# another error: %s\n", op->why);
}

static void sweep(struct __test_metadata *_metadata, struct scene *s, uid_t uid,
		  struct faults_seen *seen)
{
	bool failed;
	int n = 0;

	s->space = PLENTY_OF_SPACE;	/* the first call of a helper fails in nothing */
	do {
		failed = fail_one(_metadata, s, ++n, seen);
		EXPECT_TRUE(scene_clear(s, uid))
			TH_LOG("fault %d: at first:\n%s\nat last:\n%s", n, s->empty, s->after);
	} while ((s->op->helper ? s->space > 0 : failed) && n < MOST_FAULTS);
	EXPECT_GT(MOST_FAULTS, n);
}

enum { SWEEPS = 3 };

/* Memory that the kernel takes now and then may meet the one fault that is an error: once more */
static void fail_each(struct __test_metadata *_metadata, struct scene *s, uid_t uid)
{
	struct faults_seen seen = { 0 };
	int turns = 0;

	do {
		sweep(_metadata, s, uid, &seen);
	} while (!s->op->sure && !errors_of(&seen) && ++turns < SWEEPS);
	expect_seen(_metadata, s->op, &seen);
}

/* Nothing is left of the UIDs of this program: no key, no record, no quota */
static bool uids_are_gone(void)
{
	static char users[64 << 10];
	unsigned int uid;
	char *line;

	slurp_into((long)"/proc/key-users", (long)users, sizeof(users));
	for (line = users; *line; line = strchr(line, '\n') + 1)
		if (sscanf(line, "%u:", &uid) == 1 && uid >= uids_base &&
		    uid < uids_base + UIDS_PER_RUN)
			return false;
	return true;
}

FIXTURE(fault)
{
};

FIXTURE_VARIANT(fault)
{
	struct fault_op op;
};

FIXTURE_SETUP(fault)
{
	const struct fault_op *op = &variant->op;
	unsigned long start, end;

	if (!kernel_injects())
		SKIP(return, "the kernel injects no faults");
	if (op->of_kernel && !kernel_has_keys())
		SKIP(return, "the kernel has no key service of its own");
	if (!module_text(&start, &end))
		SKIP(return, "the module is not loaded");
	if (op->below) {
		ASSERT_TRUE(text_of(op->below, &start, &end));
	}
	ASSERT_TRUE(faults_within(start, end));
	if (op->below) {
		ASSERT_TRUE(op->helper || faults_can_go_on());
	}
}

FIXTURE_TEARDOWN(fault)
{
}

struct sweep {
	struct __test_metadata *metadata;
	const struct fault_op *op;
};

static void *sweeper(void *arg)
{
	struct sweep *sweep = arg;
	uid_t uid = fresh_uid();

	fail_each(sweep->metadata, scene_open(sweep->op, uid), uid);
	return NULL;
}

TEST_F_TIMEOUT(fault, each, 1800)
{
	struct sweep sweep = { _metadata, &variant->op };
	pthread_t thread;

	stage_open();
	ASSERT_EQ(0, pthread_create(&thread, NULL, sweeper, &sweep));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	stage_close();
	EXPECT_TRUE(EVENTUALLY(uids_are_gone()));
}

/* What prepares a scene must succeed */
static long must(long ret)
{
	if (ret <= 0)
		stage_broken("the scene is not ready: %ld", ret);
	return ret;
}

/* An operation: the function that makes the call, and under which name it is tested */
#define FAULTS_LIKE(fn, name, ...) \
	FIXTURE_VARIANT_ADD(fault, name) { .op = { .call = fn, __VA_ARGS__ } }
#define FAULTS_IN(fn, ...) FAULTS_LIKE(fn, fn, __VA_ARGS__)

#endif /* SWEEP_H */
