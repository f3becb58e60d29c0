// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running the suites of a module when it is loaded.
 *
 * A kernel with KUnit has its module loader note where the section with the
 * suites begins and ends.  A stock kernel's loader does not know the section,
 * so the arrays that kunit_test_suites() puts there are found by their names
 * in the module's own symbol table.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#define MAX_SUITES	128

static struct task_struct *shim_task;
static struct kunit *shim_test;

struct kunit *kunit_shim_current(void)
{
	return READ_ONCE(shim_task) == current ? shim_test : NULL;
}
EXPORT_SYMBOL_GPL(kunit_shim_current);

void kunit_shim_set_current(struct kunit *test)
{
	shim_test = test;
	WRITE_ONCE(shim_task, test ? current : NULL);
}
EXPORT_SYMBOL_GPL(kunit_shim_set_current);

/* What __UNIQUE_ID(array) expands to, the name of each array of suites. */
static bool is_suite_array(const char *name)
{
	return strstarts(name, "__UNIQUE_ID_array");
}

static unsigned int find_suites(struct module *mod, struct kunit_suite **suites)
{
	struct mod_kallsyms *syms;
	unsigned int i, n = 0;

	rcu_read_lock_sched();
	syms = rcu_dereference_sched(mod->kallsyms);
	for (i = 0; i < syms->num_symtab; i++) {
		const Elf_Sym *sym = &syms->symtab[i];
		struct kunit_suite **array = (void *)sym->st_value;
		size_t count = sym->st_size / sizeof(*array);

		if (!is_suite_array(syms->strtab + sym->st_name))
			continue;
		while (count-- && !WARN_ON(n == MAX_SUITES))
			suites[n++] = *array++;
	}
	rcu_read_unlock_sched();
	return n;
}

static int module_event(struct notifier_block *nb, unsigned long event,
			void *data)
{
	struct kunit_suite **suites;
	unsigned int n;

	if (event != MODULE_STATE_LIVE && event != MODULE_STATE_GOING)
		return 0;
	suites = kcalloc(MAX_SUITES, sizeof(*suites), GFP_KERNEL);
	if (WARN_ON(!suites))
		return 0;
	n = find_suites(data, suites);
	if (n && event == MODULE_STATE_LIVE) {
		/* As KUnit's executor announces the whole of a module. */
		pr_info("KTAP version 1\n");
		pr_info("1..%u\n", n);
		__kunit_test_suites_init(suites, n);
	} else if (n) {
		__kunit_test_suites_exit(suites, n);
	}
	kfree(suites);
	return 0;
}

static struct notifier_block loader_nb = {
	.notifier_call = module_event,
};

int kunit_shim_loader_init(void)
{
	return register_module_notifier(&loader_nb);
}

void kunit_shim_loader_exit(void)
{
	unregister_module_notifier(&loader_nb);
}
