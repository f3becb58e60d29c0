// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that the kernel itself starts: where they put new keys by default, and
 * how that is inherited.
 *
 * Specified by keyctl(2), KEYCTL_SET_REQKEY_KEYRING.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/*
 * A program that the kernel itself starts, here because another one dumps core:
 *
 *	kernel - - core_pattern - ->  h (root)  - - fork - ->  child
 *
 * Where it puts new keys by default is @t, as for all of the kernel's own.
 */
#define CORE_PATTERN "/proc/sys/kernel/core_pattern"

FIXTURE(by_kernel)
{
	struct actor *h;
	char *pattern;		/* as it was */
	int reqkey;
};

static void core_pattern_set(const char *text)
{
	int fd = open(CORE_PATTERN, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		stage_broken(CORE_PATTERN ": %d", errno);
	close(fd);
}

static void dump_core(void)
{
	pid_t pid = fork();

	if (!pid) {
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	waitpid(pid, NULL, 0);
}

FIXTURE_SETUP(by_kernel)
{
	char self_path[64] = "";
	unsigned char caps[2] = { 0 };

	stage_open();
	ASSERT_EQ(2, kc_capabilities(caps, 2));
	/* a kernel without keys gives its programs no default */
	self->reqkey = caps[1] & CAPS1_NS_TAG ? REQKEY_T : REQKEY_DEFAULT;
	ASSERT_LT(0, readlink("/proc/self/exe", self_path, sizeof(self_path) - 1));
	self->pattern = slurp(NULL, CORE_PATTERN);
	self->h = actor_slot();
	core_pattern_set(shared_text("|%s --by-kernel %d %lx", self_path, getpid(),
				     (long)self->h));
	dump_core();
	core_pattern_set(self->pattern);
	if (!EVENTUALLY(whose_turn(self->h) == TURN_DIRECTOR))
		stage_broken("the kernel starts nobody");
}

FIXTURE_TEARDOWN(by_kernel)
{
	stage_close();
}

/* Before main(): has the kernel started us? */
static void by_kernel_main(int argc, char **argv)
{
	char path[64];
	int fd;

	if (argc != 4 || strcmp(argv[1], "--by-kernel"))
		return;
	/* not interested in the core */
	close(0);
	snprintf(path, sizeof(path), "/proc/%s/fd/%d", argv[2], STAGE_FD);
	fd = open(path, O_RDWR | O_CLOEXEC);
	stage = mmap(STAGE_ADDRESS, sizeof(*stage), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	if (stage != STAGE_ADDRESS)
		_exit(3);
	/* its children are reaped without being waited for */
	signal(SIGCHLD, SIG_IGN);
	actor_live((struct actor *)strtoul(argv[3], NULL, 16));
}

TEST_F(by_kernel, default_is_inherited_and_chosen)
{
	struct actor *child = actor_fork(self->h);

	EXPECT_EQ(self->reqkey, ON(self->h, kc_reqkey(REQKEY_ASK)));
	EXPECT_EQ(self->reqkey, ON(child, kc_reqkey(REQKEY_ASK)));
	ASSERT_LT(0, ON(self->h, kc_join(NULL)));
	EXPECT_EQ(self->reqkey, ON(self->h, kc_reqkey(REQKEY_ASK)));
	EXPECT_EQ(self->reqkey, ON(actor_fork(self->h), kc_reqkey(REQKEY_ASK)));
	/* it can be had otherwise */
	EXPECT_EQ(self->reqkey, ON(self->h, kc_reqkey(REQKEY_DEFAULT)));
	EXPECT_EQ(REQKEY_DEFAULT, ON(self->h, kc_reqkey(REQKEY_ASK)));
	EXPECT_EQ(REQKEY_DEFAULT, ON(actor_fork(self->h), kc_reqkey(REQKEY_ASK)));
	EXPECT_EQ(self->reqkey, ON(child, kc_reqkey(REQKEY_DEFAULT)));
	EXPECT_EQ(REQKEY_DEFAULT, ON(child, kc_reqkey(REQKEY_ASK)));
}

/* Nor does it go with a session from a child, which has chosen another one */
TEST_F(by_kernel, default_outlasts_a_new_session)
{
	struct actor *child = actor_fork(self->h);
	long session = ON(child, kc_join(NULL));

	EXPECT_EQ(self->reqkey, ON(child, kc_reqkey(REQKEY_U)));
	EXPECT_EQ(0, ON(child, kc_to_parent()));
	EXPECT_EQ(session, ON(self->h, kc_id(RING_S, 0)));
	EXPECT_EQ(self->reqkey, ON(self->h, kc_reqkey(REQKEY_ASK)));
}

int main(int argc, char **argv)
{
	actor_main(argc, argv);
	by_kernel_main(argc, argv);
	return test_harness_run(argc, argv);
}
