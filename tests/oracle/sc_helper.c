// SPDX-License-Identifier: GPL-2.0-only
/* Helpers that exit with an error, and a program that cannot be one. */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is left of a request, and what the next one is told */
static void look_again(struct worker *w, const char *desc)
{
	rcu_quiesce();
	call(w, REQUEST_KEY, P("user"), P(desc), 0, 0);
	call(w, SEARCH, RING_S, P("user"), P(desc), 0);
	read_all(w, RING_S);
	say_proc_keys(w, false);
}

/* ---- exit status ---- */

static const char *const verdicts[] = { "nothing", "made", "negated", "rejected" };

static void status_one(unsigned int verdict, int status)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *h;
	long key;

	say("-- %s, exit status %d", verdicts[verdict], status);
	quiet(w, JOIN, 0);
	h = ask(w, "wanted", 0);
	if (!h)
		give_up("no helper");
	key = helper_key(h);
	quiet(h, ASSUME, key);
	switch (verdict) {
	case 1: call(h, INSTANTIATE, key, P("made"), 4, 0); break;
	case 2: call(h, NEGATE, key, 30, 0); break;
	case 3: call(h, REJECT, key, 30, EKEYREJECTED, 0); break;
	}
	worker_exit(h, status);
	call_end(w);
	look_again(w, "wanted");
	workers_end();
}

void helper_statuses(void)
{
	static const int statuses[] = { 0, 1, 2, 11, 126, 127, 128, 255 };
	unsigned int v, s;

	for (v = 0; v < ARRAY_SIZE(verdicts); v++)
		for (s = 0; s < ARRAY_SIZE(statuses); s++)
			status_one(v, statuses[s]);
}

/* ---- programs ---- */

static const struct program {
	const char *what, *content;	/* NULL: there is none */
	mode_t mode;
} programs[] = {
	{ "no file", NULL, 0 },
	{ "a folder", NULL, S_IFDIR | 0755 },
	{ "a file that may not be executed", "#!/bin/sh\n", 0644 },
	{ "a file of nobody's", "#!/bin/sh\n", 0 },
	{ "an empty file", "", 0755 },
	{ "a text", "what is this?\n", 0755 },
	{ "a script without an interpreter", "#!/nonesuch\n", 0755 },
	{ "a script that fails", "#!/bin/sh\nexit 3\n", 0755 },
	{ "a script that does nothing", "#!/bin/sh\nexit 0\n", 0755 },
	{ "a script that is killed", "#!/bin/sh\nkill -9 $$\n", 0755 },
};

static void program_put(const struct program *p)
{
	size_t len = p->content ? strlen(p->content) : 0;
	int fd;

	unlink(HELPER_PATH);
	if (p->mode & S_IFDIR && mkdir(HELPER_PATH, 0755))
		say("!! no folder");
	if (!p->content)
		return;
	fd = open(HELPER_PATH, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, p->content, len) != (ssize_t)len || fchmod(fd, p->mode))
		say("!! no program");
	close(fd);
}

static void program_one(const struct program *p)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);

	say("-- %s", p->what);
	program_put(p);
	quiet(w, JOIN, 0);
	call(w, REQUEST_KEY, P("user"), P("wanted"), P("info"), 0);
	look_again(w, "wanted");
	call(w, REQUEST_KEY, P("user"), P("wanted"), P("info"), RING_P);
	clock_jump(61);
	call(w, REQUEST_KEY, P("user"), P("wanted"), P("info"), RING_P);
	rcu_quiesce();
	say_key_users(uid_base, 1);
	workers_end();
	if (p->mode & S_IFDIR)
		rmdir(HELPER_PATH);
}

void helper_programs(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(programs); i++)
		program_one(&programs[i]);
	helper_install();
}
