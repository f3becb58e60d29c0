/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests and the helpers that answer them.
 *
 * A program that includes this is its own helper. While a test runs,
 * /sbin/request-key leads to it; started by that name it becomes an actor of the
 * test, which then says, call by call, what the helper does:
 *
 *	helper_install();			// in FIXTURE_SETUP
 *	call = call_to("info", 0);		// a key that is not there
 *	h = helper_for(p, call);		// p requests it: h is started
 *	ON(h, kc_assume(key_of(call)));		// h does what a helper does
 *	key = answer_to(p, h);			// h ends, p has its answer
 *	helper_remove();			// in FIXTURE_TEARDOWN
 *
 * In a race a helper is told beforehand: call->does runs in each, and it ends.
 *
 * The description of the key tells the helper which test it belongs to. The
 * program's main() is HELPER_MAIN.
 */
#ifndef HELPER_H
#define HELPER_H

#include "actors.h"
#include "probes.h"

extern char **environ;

#define HELPER "/sbin/request-key"
#define HELPER_SAVED HELPER ".saved-by-selftest"

enum { HELPER_ARGS = 8 };

/*
 * Lies on the stage; its address is part of the key's description, by which the
 * helper finds it.
 */
struct call {
	const char *type;
	char *desc;
	const char *callout;
	int dest;
	struct actor *helper;	/* who the next helper will be */
	actor_fn does;		/* or what each helper does by itself, with the key and ... */
	long with[2];
	int runs;		/* how many helpers there were */
	int argc;
	char argv[HELPER_ARGS][24];
	char env[128];		/* each variable, with a newline */
};

static struct call *call_to(const char *callout, int dest)
{
	struct call *call = shared(sizeof(*call));

	call->type = "user";
	/* the colon is for "logon" */
	call->desc = shared_text("selftest:%d:%lx", getpid(), (long)call);
	call->callout = callout;
	call->dest = dest;
	call->helper = actor_slot();
	return call;
}

static long make_request(long arg, long b, long c)
{
	struct call *call = (struct call *)arg;

	(void)b, (void)c;
	return raw_syscall(NR_REQUEST_KEY, (long)call->type,
			   (long)call->desc, (long)call->callout, call->dest,
			   0);
}

/* An actor requests the key. Returns the helper, which waits to be told. */
static struct actor *helper_for(struct actor *who, struct call *call)
{
	actor_begin(who, make_request, (long)call, 0, 0);
	if (!EVENTUALLY(whose_turn(call->helper) == TURN_DIRECTOR))
		stage_broken("no helper came; the request returns %ld",
			     whose_turn(who) == TURN_DIRECTOR ? who->ret : 0);
	return call->helper;
}

/* Another request for the same key will have another helper */
static void helper_next(struct call *call)
{
	call->helper = actor_slot();
}

static int key_of(const struct call *call)
{
	return atoi(call->argv[2]);
}

/* The helper ends; what does the request return? */
static long answer_to(struct actor *who, struct actor *helper)
{
	actor_leave(helper);
	return actor_end(who);
}

static void helper_records(struct call *call, int argc, char **argv)
{
	char **var;
	int i;

	call->argc = argc;
	for (i = 0; i < argc && i < HELPER_ARGS; i++)
		snprintf(call->argv[i], sizeof(call->argv[i]), "%s", argv[i]);
	for (var = environ; *var; var++) {
		size_t used = strlen(call->env);

		snprintf(call->env + used, sizeof(call->env) - used, "%s\n",
			 *var);
	}
}

/* Before main(): has the kernel started us as the helper? */
static void helper_main(int argc, char **argv)
{
	char desc[256] = "", path[64];
	struct call *call;
	int fd, director;
	long address;

	/* or by a name that begins like that */
	if (strncmp(argv[0], HELPER, strlen(HELPER)))
		return;
	if (argc < 3 || kc_describe(atoi(argv[2]), desc, sizeof(desc)) < 0 ||
	    sscanf(desc, "%*[^;];%*d;%*d;%*x;selftest:%d:%lx", &director,
		   &address) != 2)
		_exit(2);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", director, STAGE_FD);
	fd = open(path, O_RDWR | O_CLOEXEC);
	stage = mmap(STAGE_ADDRESS, sizeof(*stage), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	if (stage != STAGE_ADDRESS)
		_exit(3);
	call = (struct call *)address;
	__sync_fetch_and_add(&call->runs, 1);
	if (call->does)
		_exit(call->does(atoi(argv[2]), call->with[0], call->with[1]));
	if (whose_turn(call->helper) != TURN_BIRTH)
		_exit(4);
	helper_records(call, argc, argv);
	/* its children are reaped without being waited for */
	signal(SIGCHLD, SIG_IGN);
	actor_live(call->helper);
}

static void helper_install(void)
{
	char self[256] = "", old[256] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		stage_broken("who am I? %d", errno);
	/* left behind by a test that was killed? */
	if (readlink(HELPER, old, sizeof(old) - 1) > 0 && !strcmp(self, old))
		unlink(HELPER);
	else if (rename(HELPER, HELPER_SAVED) && errno != ENOENT)
		stage_broken("rename of the helper: %d", errno);
	if (symlink(self, HELPER))
		stage_broken("symlink to the helper: %d", errno);
}

static void helper_remove(void)
{
	unlink(HELPER);
	rename(HELPER_SAVED, HELPER);
}

/* A program's main(), when it is a helper as well */
#define HELPER_MAIN							\
int main(int argc, char **argv)						\
{									\
	actor_main(argc, argv);						\
	helper_main(argc, argv);					\
	return test_harness_run(argc, argv);				\
}

#endif /* HELPER_H */
