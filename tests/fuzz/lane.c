// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lane: one player after the other. It says in the kernel's log which seed the next
 * one has, and has none of its children left before it comes.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int my_lane;

static void announce(uint64_t seed)
{
	static int log = -1;
	char line[64];
	int len = snprintf(line, sizeof(line), "fuzz: %s %#llx\n", stage->variant->name,
			   (unsigned long long)seed);

	if (log < 0)
		log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (write(log, line, len) != len)
		perror("/dev/kmsg");
}

static void judge(int status, bool killed)
{
	if (!status || (killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		return;
	if (!__atomic_fetch_add(&stage->broken, 1, __ATOMIC_SEQ_CST))
		stage->broken_status = status;
}

/* Orphans come to the lane, too */
static void reap(pid_t player, bool killed)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
		if (pid == player)
			judge(status, killed);
}

static void play_one(uint64_t seed)
{
	struct rng r;
	bool killed;
	pid_t pid;

	rng_seed(&r, mixed(seed, 1));
	killed = stage->variant->killed && !one_in(&r, 3);
	announce(seed);
	pid = fork();
	if (pid < 0)
		_exit(98);
	if (!pid)
		player_main(seed);
	if (killed) {
		setpgid(pid, pid);
		usleep(below(&r, 300000));
		kill(-pid, SIGKILL);
	}
	reap(pid, killed);
	__atomic_add_fetch(&stage->lane[my_lane].beat, 1, __ATOMIC_RELAXED);
}

void lane_main(int number)
{
	uint64_t i, seed = mixed(stage->seed, number);

	my_lane = number;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; !is_over(); i++)
		play_one(mixed(seed, i));
	_exit(0);
}
