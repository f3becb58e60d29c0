// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users who go about their business while the module comes and goes, for
 * tests/vm/guest/load-cycle.sh, which writes into FILE what time it is:
 *
 *	workload FILE
 *
 *	builtin N	every task is served by the built-in service
 *	module N	every task is served by the module
 *	none N		there is no service
 *	change N	the module comes, or goes
 *	pause N		everybody holds still
 *	end		everybody goes home
 *
 * FILE.seen gets the same text when each worker has done all its work in that time
 * or, in a pause, has put it down.
 *
 * What is done from beginning to end in one time must come out as the manual pages
 * say. What a change falls into may find its keys gone, and no more than that:
 * Documentation/admin-guide/loading.rst. Everything else is harm; it is printed,
 * and makes the exit status 1.
 *
 * The program is its own /sbin/request-key, and the program that its users execute.
 */
#include "keyctl_abi.h"
#include "actors.h"

#include <sys/stat.h>

#define HELPER "/sbin/request-key"

enum { ERA_BYTES = 24, WORD_BYTES = 120, FIRST_USER = 5000, USERS = 8 };
enum { EXIT_HARMED = 100 };		/* and how: the number of the step is added */
enum service { BUILTIN, MODULE, NONE, UNKNOWN, SERVICES };

/**
 * struct worker - somebody who does one kind of work, over and over
 * @kind: what it is called
 * @work: one round of it
 * @pid: its process; children of it use this as well
 * @era: when the round began
 * @service: who served everybody then
 * @number: of the round
 * @wrong: what came out wrong first, if anything
 * @rounds: done so far, by service; UNKNOWN: into which a change fell
 * @harmed: how often it was harmed
 * @seen: the last time in which it has done a whole round
 *
 * In memory that it shares with the director and with its children.
 */
struct worker {
	const char *kind;
	void (*work)(struct worker *me);
	pid_t pid;
	char era[ERA_BYTES];
	enum service service;
	unsigned int number;
	char wrong[WORD_BYTES];
	unsigned int rounds[SERVICES];
	unsigned int harmed;
	char seen[ERA_BYTES];
};

static const char *era_path;
static bool has_builtin;

static void era_read(char *era)
{
	int fd = open(era_path, O_RDONLY | O_CLOEXEC), got;

	/* it is empty for a moment when it is written */
	while (!(got = pread(fd, era, ERA_BYTES - 1, 0)))
		nap_ms(1);
	close(fd);
	era[got > 0 ? got : 0] = 0;
	era[strcspn(era, "\n")] = 0;
}

static bool era_is(const char *era, const char *word)
{
	return !strncmp(era, word, strlen(word));
}

static enum service service_of(const char *era)
{
	return era_is(era, "builtin") ? BUILTIN : era_is(era, "module") ? MODULE :
	       era_is(era, "none") ? NONE : UNKNOWN;
}

/* ---- right, wrong and harmful ---- */

__attribute__((format(printf, 2, 3)))
static void harm(struct worker *me, const char *fmt, ...)
{
	char what[WORD_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (__atomic_add_fetch(&me->harmed, 1, __ATOMIC_SEQ_CST) <= 5)
		dprintf(STDOUT_FILENO, "%s, round %u, %s: %s\n", me->kind,
			me->number, me->era, what);
}

/* Harm, unless a change fell into the round */
static void wrong(struct worker *me, const char *what, long got)
{
	if (!*me->wrong)
		snprintf(me->wrong, sizeof(me->wrong), "%s: %ld", what, got);
}

/* No change makes a call return anything else */
static bool is_sane(long ret)
{
	switch (ret) {
	case -ENOKEY:
	case -EKEYREVOKED:
	case -EKEYREJECTED:
	case -EACCES:
		return true;
	case -ENOSYS:
		return !has_builtin;
	}
	return ret >= 0;
}

/* A call whose result is known; -1 stands for any that is not an error */
static bool is(struct worker *me, const char *what, long got, long expected)
{
	if (got == expected || (expected == -1 && got >= 0))
		return true;
	if (is_sane(got))
		wrong(me, what, got);
	else
		harm(me, "%s: %ld", what, got);
	return false;
}

static bool good(struct worker *me, const char *what, long got)
{
	return is(me, what, got, -1);
}

static bool holds(struct worker *me, const char *what, long key, const char *text)
{
	char buf[64] = "";
	long len = kc_read(key, buf, sizeof(buf) - 1);

	if (!is(me, what, len, strlen(text)))
		return false;
	if (strcmp(buf, text))
		harm(me, "%s: it reads %s", what, buf);
	return true;
}

/* A child that does something has ended: by itself, and content? */
static void child_ended(struct worker *me, const char *what, pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child)
		harm(me, "%s: no child, error %d", what, errno);
	else if (!WIFEXITED(status) || WEXITSTATUS(status) > EXIT_HARMED)
		harm(me, "%s: status %x", what, status);
	else if (WEXITSTATUS(status))
		wrong(me, what, WEXITSTATUS(status));
}

static __attribute__((noreturn)) void execute_self(const char *role, long number)
{
	char text[24];
	char *argv[] = { (char *)role, text, NULL }, *envp[] = { NULL };

	snprintf(text, sizeof(text), "%ld", number);
	execve("/proc/self/exe", argv, envp);
	_exit(EXIT_HARMED + errno);
}

/* ---- what the programs do that users execute ---- */

/* The step that went wrong, as an exit status */
static int step_failed(int step, long ret)
{
	return is_sane(ret) ? step : EXIT_HARMED + step;
}

#define STEP(number, call, condition) do {				\
	ret = (call);							\
	if (!(condition))						\
		return step_failed(number, ret);			\
} while (0)

/* In a session that links to @u, as pam_keyinit(8) leaves it */
static int use_session(void)
{
	char buf[8];
	long ret, key, mail;
	pid_t child;
	int status;

	STEP(1, key = kc_add_user("secret", "hush", RING_S), ret > 0);
	STEP(2, kc_search(RING_S, "user", "secret", 0), ret == key);
	STEP(3, mail = kc_add_user("mail", "letter", RING_U), ret > 0);
	STEP(4, kc_search(RING_S, "user", "mail", 0), ret > 0);
	STEP(5, kc_read(mail, buf, sizeof(buf)), ret == 6);
	child = fork();
	if (!child)
		_exit(kc_read(key, buf, sizeof(buf)) == 4 ? 0 : 1);
	if (child < 0 || waitpid(child, &status, 0) != child ||
	    !WIFEXITED(status))
		return EXIT_HARMED + 6;
	STEP(6, WEXITSTATUS(status), !ret);
	STEP(7, kc_update(key, "shh", 3), !ret);
	STEP(8, kc_unlink(key, RING_S), !ret);
	STEP(9, kc_revoke(RING_S), !ret);
	return 0;
}

/* Neither thread keyring nor process keyring outlive exec; a session keyring does */
static int look_after_exec(long session)
{
	long ret;

	STEP(1, kc_id(RING_T, 0), ret == -ENOKEY);
	STEP(2, kc_id(RING_P, 0), ret == -ENOKEY);
	STEP(3, kc_id(RING_S, 0), ret == session);
	return 0;
}

/* A key "make:7" is made, "reject:7" rejected, and nothing done about "leave:7" */
static int be_helper(int key)
{
	char desc[128] = "", *name;
	long ret;

	STEP(1, kc_describe(key, desc, sizeof(desc)), ret > 0);
	name = strrchr(desc, ';');
	STEP(2, kc_assume(key), ret > 0);
	if (name && era_is(name, ";make"))
		STEP(3, kc_instantiate(key, "made", 4, 0), !ret);
	if (name && era_is(name, ";reject"))
		STEP(4, kc_reject(key, 100, EKEYREJECTED, 0), !ret);
	return 0;
}

/* Before main(): has a user executed us, or the kernel? */
static void other_roles(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[0], "session"))
		_exit(use_session());
	if (argc == 2 && !strcmp(argv[0], "bare"))
		_exit(look_after_exec(atol(argv[1])));
	if (argc == 2 && !strcmp(argv[0], "true"))
		_exit(0);
	if (argc > 2 && era_is(argv[0], HELPER))
		_exit(be_helper(atoi(argv[2])));
}

/* ---- the work ---- */

/* As pam_keyinit(8) and login(1) do it, one user after the other */
static void log_in(struct worker *me)
{
	pid_t child = fork();

	if (!child) {
		setsid();
		if (become(FIRST_USER + me->number % USERS, 0, 0))
			_exit(EXIT_HARMED + 50);
		if (good(me, "login: join", kc_join(NULL)))
			good(me, "login: link", kc_link(RING_U, RING_S));
		if (*me->wrong)
			_exit(0);
		execute_self("session", 0);
	}
	child_ended(me, "the user's session", child);
}

/* Every operation on keys and rings of one's own */
static void use_keys(struct worker *me)
{
	long ring, key, other;
	char buf[128];

	if (!good(me, "keys: join", kc_join(NULL)) ||
	    !good(me, "keys: ring", ring = kc_add_ring("ring", RING_S)) ||
	    !good(me, "keys: add", key = kc_add_user("key", "value", ring)))
		return;
	holds(me, "keys: read", key, "value");
	good(me, "keys: describe", kc_describe(key, buf, sizeof(buf)));
	is(me, "keys: update", kc_update(key, "other", 5), 0);
	holds(me, "keys: read again", key, "other");
	is(me, "keys: search", kc_search(RING_S, "user", "key", 0), key);
	is(me, "keys: request", kc_request("user", "key", NULL, 0), key);
	is(me, "keys: unknown", kc_request("user", "no such key", NULL, 0), -ENOKEY);
	if (!good(me, "keys: other ring", other = kc_add_ring("other", RING_S)))
		return;
	is(me, "keys: link", kc_link(key, other), 0);
	is(me, "keys: unlink", kc_unlink(key, ring), 0);
	is(me, "keys: search the other", kc_search(other, "user", "key", 0), key);
	is(me, "keys: timeout", kc_timeout(key, 100), 0);
	is(me, "keys: permissions", kc_setperm(key, PERM_POS(MAY_ALL)), 0);
	is(me, "keys: revoke", kc_revoke(key), 0);
	is(me, "keys: read the revoked", kc_read(key, buf, sizeof(buf)), -EKEYREVOKED);
	is(me, "keys: clear", kc_clear(other), 0);
	is(me, "keys: invalidate", kc_invalidate(ring), 0);
}

/* Three ways in which a helper can end */
static void call_out(struct worker *me)
{
	static const struct {
		const char *what;
		long expected;
	} ends[] = { { "make", -1 }, { "reject", -EKEYREJECTED }, { "leave", -ENOKEY } };
	unsigned int end = me->number % 3;
	char desc[32];
	long key;

	if (!good(me, "upcall: join", kc_join(NULL)))
		return;
	snprintf(desc, sizeof(desc), "%s:%u", ends[end].what, me->number);
	key = kc_request("user", desc, "info", 0);
	if (is(me, "upcall", key, ends[end].expected) && key > 0) {
		holds(me, "upcall: read", key, "made");
		is(me, "upcall: again", kc_request("user", desc, "info", 0), key);
	}
}

static void *be_thread(void *arg)
{
	struct worker *me = arg;
	long key;

	is(me, "thread: its ring", kc_id(RING_T, 0), -ENOKEY);
	if (good(me, "thread: add", key = kc_add_user("own", "thread", RING_T)))
		holds(me, "thread: read", key, "thread");
	good(me, "thread: ring of the process", kc_id(RING_P, 0));
	return NULL;
}

static void be_child(struct worker *me, long session, const char *role)
{
	is(me, "child: session", kc_id(RING_S, 0), session);
	is(me, "child: process ring", kc_id(RING_P, 0), -ENOKEY);
	is(me, "child: thread ring", kc_id(RING_T, 0), -ENOKEY);
	good(me, "child: process ring of its own", kc_id(RING_P, 1));
	if (*me->wrong)
		_exit(0);
	execute_self(role, session);
}

/* Threads, forks and execs, with and without rings */
static void multiply(struct worker *me)
{
	long session;
	pthread_t thread;
	pid_t child;
	int ret;

	if (!good(me, "fork: join", session = kc_join(NULL)) ||
	    !good(me, "fork: process ring", kc_id(RING_P, 1)))
		return;
	ret = pthread_create(&thread, NULL, be_thread, me);
	if (ret)
		harm(me, "no thread: %d", ret);
	else
		pthread_join(thread, NULL);
	child = fork();
	if (!child)
		be_child(me, session, me->number % 2 ? "bare" : "true");
	child_ended(me, "the child", child);
	child = vfork();
	if (!child)
		execute_self("true", 0);
	child_ended(me, "true", child);
}

/* Somebody with a session who does nothing for a while */
static void doze(struct worker *me)
{
	pid_t child = fork();
	long key;

	if (!child) {
		if (good(me, "doze: join", kc_join("doze")) &&
		    good(me, "doze: add", key = kc_add_user("dream", "sheep", RING_S))) {
			nap_ms(700);
			is(me, "doze: search", kc_search(RING_S, "user", "dream", 0), key);
			holds(me, "doze: read", key, "sheep");
		}
		_exit(0);
	}
	child_ended(me, "who dozed", child);
}

/* References on a key as /proc/keys has them; 0 if it is not there */
static int usage_of(long key)
{
	char line[256];
	unsigned int serial;
	int usage, found = 0;
	FILE *f = fopen("/proc/keys", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%x %*s %d", &serial, &usage) == 2 && serial == key)
			found = usage;
	if (f)
		fclose(f);
	return found;
}

/*
 * Has a session of the built-in service, older than the first load. It is there
 * again after each unload, with as many references as ever, and can be named
 * meanwhile.
 */
static void remember(struct worker *me)
{
	static long session, key;
	static int usage, key_usage;

	if (!session) {
		if (me->service != BUILTIN)
			return;
		session = kc_join(NULL);
		key = kc_add_user("heirloom", "old", RING_S);
		if (!good(me, "old: session", session) || !good(me, "old: key", key))
			return;
		usage = usage_of(session);
		key_usage = usage_of(key);
	}
	holds(me, "old: read", key, "old");
	if (me->service != BUILTIN)
		return;
	is(me, "old: session", kc_id(RING_S, 0), session);
	is(me, "old: search", kc_search(RING_S, "user", "heirloom", 0), key);
	is(me, "old: references on the session", usage_of(session), usage);
	is(me, "old: references on the key", usage_of(key), key_usage);
}

static const struct worker kinds[] = {
	{ .kind = "logins", .work = log_in },
	{ .kind = "keys", .work = use_keys },
	{ .kind = "upcalls", .work = call_out },
	{ .kind = "forks", .work = multiply },
	{ .kind = "sleepers", .work = doze },
	{ .kind = "old session", .work = remember },
};

enum { WORKERS = sizeof(kinds) / sizeof(kinds[0]) };

/* ---- who does it, and for how long ---- */

static void do_round(struct worker *me)
{
	char now[ERA_BYTES];

	me->service = service_of(me->era);
	me->number++;
	*me->wrong = 0;
	/* with no service, what is left is forks */
	if (me->service != NONE || me->work == multiply)
		me->work(me);
	era_read(now);
	if (me->service == UNKNOWN || strcmp(now, me->era)) {
		me->rounds[UNKNOWN]++;
		return;
	}
	if (*me->wrong && me->service != NONE)
		harm(me, "%s", me->wrong);
	me->rounds[me->service]++;
	strcpy(me->seen, now);
}

static void worker_live(struct worker *me)
{
	for (;;) {
		era_read(me->era);
		if (era_is(me->era, "end"))
			_exit(0);
		if (era_is(me->era, "pause"))
			strcpy(me->seen, me->era);
		else
			do_round(me);
		/* an emulated machine needs time for itself, above all to patch */
		nap_ms(strcmp(me->seen, me->era) ? 100 : 300);
	}
}

static void tell(const char *era)
{
	char path[128], text[ERA_BYTES + 1];
	int fd, len = snprintf(text, sizeof(text), "%s\n", era);

	snprintf(path, sizeof(path), "%s.seen", era_path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, 0) || write(fd, text, len) != len)
		perror(path);
	close(fd);
}

/* Until the end; a worker that dies was harmed */
static void direct(struct worker *workers)
{
	char era[ERA_BYTES], told[ERA_BYTES] = "";
	int i, seen, status;
	pid_t pid;

	do {
		nap_ms(20);
		era_read(era);
		for (i = seen = 0; i < WORKERS; i++)
			seen += !strcmp(workers[i].seen, era);
		if (seen == WORKERS && strcmp(told, era))
			tell(strcpy(told, era));
		for (i = 0; i < WORKERS; i++) {
			pid = workers[i].pid ? waitpid(workers[i].pid, &status, WNOHANG) : 0;
			if (!pid)
				continue;
			workers[i].pid = 0;
			if (status)
				harm(&workers[i], "it died, status %x", status);
		}
		for (i = seen = 0; i < WORKERS; i++)
			seen += !!workers[i].pid;
	} while (seen);
}

static int sum_up(const struct worker *workers)
{
	int i, bad = 0;

	for (i = 0; i < WORKERS; i++) {
		const struct worker *w = &workers[i];

		printf("%-12s %6u rounds on the built-in service, %6u on the module, %6u across changes, harmed %u times\n",
		       w->kind, w->rounds[BUILTIN], w->rounds[MODULE],
		       w->rounds[UNKNOWN], w->harmed);
		bad |= w->harmed || !w->rounds[MODULE];
		bad |= has_builtin && !w->rounds[BUILTIN];
	}
	return bad;
}

static void become_helper(void)
{
	char self[128] = "";

	unlink(HELPER);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || symlink(self, HELPER))
		perror(HELPER);
}

int main(int argc, char **argv)
{
	struct worker *workers;
	int i;

	other_roles(argc, argv);
	if (argc != 2)
		return 2;
	era_path = argv[1];
	has_builtin = kc_id(RING_T, 0) != -ENOSYS;
	become_helper();
	workers = mmap(NULL, sizeof(kinds), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (workers == MAP_FAILED)
		return 2;
	memcpy(workers, kinds, sizeof(kinds));
	for (i = 0; i < WORKERS; i++) {
		pid_t pid = fork();

		if (!pid)
			worker_live(&workers[i]);
		workers[i].pid = pid;	/* in memory that the worker sees, too */
	}
	direct(workers);
	return sum_up(workers);
}
