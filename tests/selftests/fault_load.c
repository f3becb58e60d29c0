// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults while the module is loaded: whichever of its steps fails, the kernel is as
 * if nobody had tried.
 *
 * Which module that is: see loading.h.
 */
#include <kselftest_harness.h>

#include <dirent.h>

#include "keyctl_abi.h"
#include "faults.h"
#include "helper.h"
#include "loading.h"

enum { INVENTORY_BYTES = 64 << 10 };

/* ---- where a module can leave something ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static long list_folder(char *to, const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);
	long len = 0;

	for (int i = 0; i < n; i++) {
		len += sprintf(to + len, "%s/%s\n", path, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return len;
}

static long list_caches(char *to)
{
	FILE *f = fopen("/proc/slabinfo", "re");
	char line[512];
	long len = 0;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "kr_", 3))
			len += sprintf(to + len, "cache %.*s\n", (int)strcspn(line, " "), line);
	if (f)
		fclose(f);
	return len;
}

static void inventory(char *to)
{
	static const char *const folders[] = {
		"/proc/sys/kernel/keys", "/sys/module", "/sys/kernel/debug", "/sys/kernel/livepatch",
		"/sys/kernel/slab",
	};
	long len = 0;

	for (unsigned int i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		len += list_folder(to + len, folders[i]);
	len += slurp_into((long)"/sys/kernel/debug/kprobes/list", (long)to + len, 4096);
	len += slurp_into((long)"/sys/kernel/tracing/enabled_functions", (long)to + len, 16384);
	len += list_caches(to + len);
	to[len] = 0;
}

/* ---- one load ---- */

struct load {
	const char *path;
	long ret;
	int left;
};

/* In a process of its own, whose other calls do not count */
static long load_with_fault(long arg, long n, long c)
{
	struct load *load = (struct load *)arg;

	(void)c;
	nth_set(n);
	load->ret = insert_module(load->path);
	load->left = nth_left();
	nth_set(0);
	return 0;
}

FIXTURE(loading)
{
	struct actor *p, *loader;
	struct load *load;
	long ring, key;		/* of the built-in service */
	char *before, *after;
};

FIXTURE_SETUP(loading)
{
	const char *path = getenv("KR_MODULE");
	unsigned long start, end;

	if (!kernel_injects())
		SKIP(return, "the kernel injects no faults");
	if (!path)
		SKIP(return, "KR_MODULE does not name the module");
	ASSERT_TRUE(text_of("do_one_initcall", &start, &end));
	if (is_loaded()) {
		ASSERT_EQ(0, module_unload());
	}
	ASSERT_TRUE(faults_within(start, end));
	stage_open();
	self->p = actor_user(fresh_uid());
	self->loader = actor_fork(NULL);
	ASSERT_EQ(0, actor_do(self->loader, nth_open, 0, 0, 0));
	self->load = shared(sizeof(*self->load));
	self->load->path = shared_text("%s", path);
	self->before = shared(INVENTORY_BYTES);
	self->after = shared(INVENTORY_BYTES);
	self->ring = ON(self->p, kc_id(RING_P, 1));
	self->key = ON(self->p, kc_add_user("k", "v", RING_P));
	inventory(self->before);
}

/* The module is left loaded, as it was found */
FIXTURE_TEARDOWN(loading)
{
	if (!stage)
		return;
	if (!is_loaded()) {
		EXPECT_EQ(0, module_load(self->load->path));
	}
	stage_close();
}

static bool nothing_is_left(char *before, char *after)
{
	inventory(after);
	return !strcmp(before, after);
}

#define EXPECT_UNTOUCHED(self, n) do {					\
	EXPECT_TRUE(EVENTUALLY(nothing_is_left((self)->before,		\
					       (self)->after)))		\
		TH_LOG("fault %d; before:\n%s\nafter:\n%s", n,		\
		       (self)->before, (self)->after);			\
	EXPECT_EQ((self)->ring, ON((self)->p, kc_id(RING_P, 0)));	\
	EXPECT_STREQ("v", ON((self)->p, payload((self)->key)));		\
	EXPECT_LT(0, ON((self)->p, kc_add_user("k2", "v", RING_P)));	\
} while (0)

TEST_F_TIMEOUT(loading, fails_at_each_step, 3600)
{
	int n = 0, failures = 0, survived = 0;

	do {
		stage->used = stage->used;
		actor_do(self->loader, load_with_fault, (long)self->load, ++n, 0);
		if (self->load->ret) {
			EXPECT_EQ(-ENOMEM, self->load->ret) TH_LOG("fault %d", n);
			failures++;
		} else {
			EXPECT_EQ(0, await_transition());
			EXPECT_EQ(0, module_unload());
			survived += !self->load->left;
		}
		EXPECT_UNTOUCHED(self, n);
	} while (!self->load->left && n < MOST_FAULTS);
	EXPECT_GT(MOST_FAULTS, n);
	EXPECT_LT(0, failures);
	printf("# %d loads failed, %d went well all the same\n", failures, survived);
}

LOADING_MAIN
