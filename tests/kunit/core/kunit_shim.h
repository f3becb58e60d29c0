/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included ahead of every file of kunit.ko and of modules tested with it.
 *
 * A stock kernel is built without KUnit, so its struct module and struct
 * task_struct lack the members KUnit would add.  They are declared here, in
 * the running kernel's layout, before KUnit is switched on for what follows.
 */
#ifndef KUNIT_SHIM_H
#define KUNIT_SHIM_H

#ifndef __ASSEMBLY__

#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#define CONFIG_KUNIT_MODULE 1
#define CONFIG_KUNIT_DEFAULT_ENABLED 1

struct kunit;

/* In place of task_struct::kunit_test: one case runs at a time. */
struct kunit *kunit_shim_current(void);
void kunit_shim_set_current(struct kunit *test);

/* Runs the suites of modules as they come, loader.c. */
int kunit_shim_loader_init(void);
void kunit_shim_loader_exit(void);

#if __has_include(<kunit/static_stub.h>)
/* The header of this guard reads task_struct::kunit_test; this replaces it. */
#define _KUNIT_TEST_BUG_H

#include <linux/jump_label.h>

DECLARE_STATIC_KEY_FALSE(kunit_running);

extern struct kunit_hooks_table {
	__printf(3, 4) void (*fail_current_test)(const char *file, int line,
						 const char *fmt, ...);
	void *(*get_static_stub_address)(struct kunit *test,
					 void *real_fn_addr);
} kunit_hooks;

static inline struct kunit *kunit_get_current_test(void)
{
	if (!static_branch_unlikely(&kunit_running))
		return NULL;
	return kunit_shim_current();
}

#define kunit_fail_current_test(fmt, ...)				\
	do {								\
		if (static_branch_unlikely(&kunit_running))		\
			kunit_hooks.fail_current_test(__FILE__,		\
				__LINE__, fmt, ##__VA_ARGS__);		\
	} while (0)
#endif /* static stubs */

#endif /* __ASSEMBLY__ */
#endif /* KUNIT_SHIM_H */
