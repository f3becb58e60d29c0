/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading and unloading the module from within a test.
 *
 * The module is named by KR_MODULE in the environment, or by the first argument
 * if that ends in ".ko"; without either, nothing is tested. Programs of which it
 * is the first argument include helper.h, too, and have LOADING_MAIN as main().
 */
#ifndef LOADING_H
#define LOADING_H

#include "actors.h"

#define MODULE "keyrings"
#define LIVEPATCH "/sys/kernel/livepatch/" MODULE

enum { LOAD_PATIENCE_MS = 300000 };

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

static bool is_loaded(void)
{
	return exists("/sys/module/" MODULE);
}

static char read_flag(const char *path)
{
	char c = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, &c, 1) != 1)
		c = 0;
	close(fd);
	return c;
}

#define WAIT_FOR(condition) ({						\
	long until_ = now_ms() + LOAD_PATIENCE_MS;			\
	bool held_;							\
									\
	while (!(held_ = (condition)) && now_ms() < until_)		\
		nap_ms(20);						\
	held_;								\
})

static int insert_module(const char *path, const char *arguments)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, arguments, 0) ? -errno : 0;
	close(fd);
	return ret;
}

static int await_transition(void)
{
	return WAIT_FOR(read_flag(LIVEPATCH "/transition") == '0') ? 0 : -ETIME;
}

/* insmod, and wait until every task has changed over */
static int module_load(const char *path)
{
	int ret = insert_module(path, "");

	return ret ?: await_transition();
}

/* Give the calls back, or take that back; false when the kernel refuses */
static inline bool set_enabled(bool enabled)
{
	int fd = open(LIVEPATCH "/enabled", O_WRONLY | O_CLOEXEC);
	bool done = WAIT_FOR(write(fd, enabled ? "1" : "0", 1) == 1);

	close(fd);
	return done;
}

/* Take the patch away, wait until every task is out of it, then rmmod */
static int module_unload(void)
{
	int fd = open(LIVEPATCH "/enabled", O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd >= 0) {
		/* EBUSY and EAGAIN while a transition is still going on */
		ret = WAIT_FOR(write(fd, "0", 1) == 1 ||
			       !exists(LIVEPATCH "/enabled"));
		close(fd);
		if (!ret)
			return -EBUSY;
		if (!WAIT_FOR(!exists(LIVEPATCH)))
			return -ETIME;
	}
	WAIT_FOR(!(ret = syscall(SYS_delete_module, MODULE, O_NONBLOCK) ?
				 -errno : 0) ||
		 (ret != -EAGAIN && ret != -EBUSY));
	return ret;
}

#define LOADING_MAIN							\
int main(int argc, char **argv)						\
{									\
	size_t len = argc > 1 ? strlen(argv[1]) : 0;			\
									\
	actor_main(argc, argv);						\
	helper_main(argc, argv);					\
	if (len > 3 && !strcmp(argv[1] + len - 3, ".ko")) {		\
		setenv("KR_MODULE", argv[1], 1);			\
		argv[1] = argv[0];					\
		argc--, argv++;						\
	}								\
	return test_harness_run(argc, argv);				\
}

#endif /* LOADING_H */
