// SPDX-License-Identifier: GPL-2.0-only
/*
 * Crowds: many UIDs that have keyrings one after another leave nothing behind, of
 * the machine or of a namespace.
 *
 * Specified by user-keyring(7) and user-session-keyring(7).
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/*
 * Many UIDs, one after another:
 */
FIXTURE(crowd)
{
	int32_t *serials;
};

FIXTURE_SETUP(crowd)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->serials = shared(3 * 1000 * sizeof(int32_t));
}

FIXTURE_TEARDOWN(crowd)
{
	stage_close();
}

/* In an actor that is root, of the machine or of its namespace */
static long parade(long first, long count, long serials)
{
	int32_t *out = (int32_t *)serials;
	int i, status;
	pid_t pid;

	signal(SIGCHLD, SIG_DFL);
	for (i = 0; i < count; i++, out += 3) {
		pid = fork();
		if (pid < 0)
			return -errno;
		if (!pid) {
			if (become(first + i, 0, 0))
				_exit(1);
			out[0] = raw_syscall(NR_KEYCTL, OP_GET_KEYRING_ID,
					     RING_S, 0, 0, 0);
			out[1] = raw_syscall(NR_KEYCTL, OP_GET_KEYRING_ID,
					     RING_U, 0, 0, 0);
			out[2] = raw_syscall(NR_ADD_KEY, (long)"user",
					     (long)"k", (long)"v", 1, RING_U);
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			return -ECHILD;
	}
	return 0;
}

static int still_there(const int32_t *serials, int n)
{
	int i, left = 0;

	for (i = 0; i < n; i++)
		left += key_exists(serials[i]);
	return left;
}

static int rows_in_range(uid_t first, unsigned int count)
{
	char *text = slurp(NULL, "/proc/key-users");
	unsigned int uid;
	int n = 0;

	for (; *text; text = strchr(text, '\n') + 1)
		if (sscanf(text, "%u:", &uid) == 1)
			n += uid >= first && uid < first + count;
	return n;
}

TEST_F_TIMEOUT(crowd, ours_a_thousand_uids_leave_nothing, 600)
{
	uid_t first = fresh_uids(1000);
	struct actor *root = actor_fork(NULL);
	int i;

	actor_begin(root, parade, first, 1000, (long)self->serials);
	while (whose_turn(root) != TURN_DIRECTOR)
		nap_ms(50);
	ASSERT_EQ(0, root->ret);
	for (i = 0; i < 3000; i++) {
		ASSERT_LT(0, self->serials[i]);
	}
	EXPECT_TRUE(EVENTUALLY(rows_in_range(first, 1000) == 0));
	EXPECT_EQ(0, still_there(self->serials, 3000));
}

TEST_F_TIMEOUT(crowd, ours_uids_of_a_namespace_leave_nothing, 600)
{
	uid_t base = fresh_uids(400);
	struct actor *n = actor_userns(base, 400);
	int i;

	actor_begin(n, parade, 0, 400, (long)self->serials);
	while (whose_turn(n) != TURN_DIRECTOR)
		nap_ms(50);
	ASSERT_EQ(0, n->ret);
	for (i = 0; i < 1200; i++) {
		ASSERT_LT(0, self->serials[i]);
	}
	/* UID 0 of the namespace still has a process */
	EXPECT_TRUE(EVENTUALLY(rows_in_range(base + 1, 399) == 0));
	EXPECT_EQ(0, still_there(self->serials + 3, 1197));
}

SELFTEST_MAIN
