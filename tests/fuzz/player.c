// SPDX-License-Identifier: GPL-2.0-only
/* A player: a process of some UID, in some namespace, whose threads play stories. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <grp.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STORIES_EACH = 30 };

static int done;	/* the threads that have played */

static void nothing(int signal)
{
	(void)signal;
}

/* Signals interrupt calls; children are not waited for */
static void handle_signals(void)
{
	struct sigaction interrupt = { .sa_handler = nothing };

	sigaction(SIGALRM, &interrupt, NULL);
	signal(SIGCHLD, SIG_IGN);
}

static void become(uid_t uid)
{
	gid_t groups[] = { uid + 1, stage->uid };

	if (setgroups(ARRAY_SIZE(groups), groups) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		_exit(93);
}

/*
 * Somebody with all capabilities, the same acting for somebody else, somebody without, root
 * of a namespace of somebody's. Nobody is UID 0: what is in its rings stays.
 */
static void take_role(struct rng *r)
{
	uid_t uid = stage->uid + below(r, UIDS);
	unsigned int role = below(r, 8);

	if (role < 2 && prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP))
		_exit(94);
	become(uid);
	if (role == 1 && setresuid(-1, stage->uid + below(r, UIDS), -1))
		_exit(94);
	if (role >= 6 && unshare(CLONE_NEWUSER))
		_exit(95);
	/* For the files of this process in /proc */
	prctl(PR_SET_DUMPABLE, 1);
}

static void play(int number, uint64_t seed)
{
	struct cover *c = cover_of(number);
	struct story story;
	struct thread t;
	int i;

	thread_begin(&t, number, seed);
	for (i = 0; i < STORIES_EACH && !is_over(); i++) {
		cover_story(c, &t.rng, &story);
		cover_begin(c);
		story_act(&t, &story);
		cover_end(c, &story);
		if (stage->variant->pause_us)
			usleep(stage->variant->pause_us);
	}
	close(t.fail_nth);
	__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
}

struct part {
	pthread_t id;
	int number;
	uint64_t seed;
};

static void *play_part(void *arg)
{
	struct part *p = arg;

	play(p->number, mixed(p->seed, p->number));
	return NULL;
}

static void *flicker_on(void *arg)
{
	struct part *p = arg;
	struct rng r;

	rng_seed(&r, mixed(p->seed, THREADS));
	while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) < stage->variant->threads) {
		flicker(&r);
		usleep(below(&r, 300) + stage->variant->pause_us);
	}
	return NULL;
}

void player_main(uint64_t seed)
{
	static struct part parts[THREADS + 1];
	const struct variant *v = stage->variant;
	struct rng r;
	int i;

	rng_seed(&r, seed);
	setpgid(0, 0);
	handle_signals();
	cover_open();
	take_role(&r);
	for (i = 0; i < THREADS + 1; i++)
		parts[i] = (struct part){ .number = i, .seed = seed };
	if (v->flickers && pthread_create(&parts[THREADS].id, NULL, flicker_on, &parts[THREADS]))
		_exit(96);
	for (i = 1; i < v->threads; i++)
		if (pthread_create(&parts[i].id, NULL, play_part, &parts[i]))
			_exit(97);
	play_part(&parts[0]);
	for (i = 1; i < v->threads; i++)
		pthread_join(parts[i].id, NULL);
	_exit(0);
}

/* What a player's child executed: one more story */
void again_main(uint64_t seed, int depth)
{
	struct story story;
	struct thread t;

	handle_signals();
	memory_make();
	thread_begin(&t, 0, seed);
	t.depth = depth;
	t.child = true;
	story_draw(&t.rng, &story);
	story_act(&t, &story);
	_exit(0);
}
