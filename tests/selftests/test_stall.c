// SPDX-License-Identifier: GPL-2.0-only
/*
 * A helper that takes its time, and everybody else: nobody waits for it but those who
 * want its key.
 *
 * Specified by request_key(2), which says nothing of others. KR_TYPE_MODULE in the
 * environment names a module of the stock kernel that brings a key type.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "helper.h"

/* Everything that looks up a type of key by its name, or makes a key */
static long use_types(long round, long b, long c)
{
	char desc[16];
	long ret;

	(void)b, (void)c;
	snprintf(desc, sizeof(desc), "k%ld", round);
	ret = kc_add("user", desc, "v", 1, RING_S);
	if (ret > 0)
		ret = kc_search(RING_S, "user", desc, 0);
	if (ret > 0)
		ret = kc_request("user", desc, NULL, 0);
	if (ret > 0)
		ret = kc_add("keyring", desc, NULL, 0, RING_S);
	if (ret > 0)
		ret = kc_restrict(ret, "user", "x") == -ENOENT ? 0 : -EINVAL;
	return ret;
}

static long load_type(long path, long b, long c)
{
	int fd = open((char *)path, O_RDONLY | O_CLOEXEC);
	long ret;

	(void)b, (void)c;
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

static long unload_type(long path, long b, long c)
{
	const char *name = strrchr((char *)path, '/') + 1;
	char text[64];

	(void)b, (void)c;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(name, "."), name);
	return syscall(SYS_delete_module, text, O_NONBLOCK) ? -errno : 0;
}

static bool is_done(struct actor *a)
{
	return EVENTUALLY(whose_turn(a) == TURN_DIRECTOR);
}

/*
 *	p, q, r (fresh uids), each with a session of its own
 *
 *	p  - - request_key - -> helper, which sleeps
 *	loader (root): loads a module with a key type meanwhile, and unloads it
 *	q, r: must go on
 */
FIXTURE(stall)
{
	struct actor *p, *q, *r, *loader;
	struct call *call;
	char *module;
};

FIXTURE_SETUP(stall)
{
	stage_open();
	self->module = getenv("KR_TYPE_MODULE");
	if (self->module)
		self->module = shared_text("%s", self->module);
	helper_install();
	self->p = actor_user(fresh_uid());
	self->q = actor_user(fresh_uid());
	self->r = actor_user(fresh_uid());
	self->loader = actor_fork(NULL);
	self->call = call_to("info", 0);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	ASSERT_LT(0, ON(self->q, kc_join(NULL)));
	ASSERT_LT(0, ON(self->r, kc_join(NULL)));
}

FIXTURE_TEARDOWN(stall)
{
	if (self->module)
		unload_type((long)self->module, 0, 0);
	stage_close();
	helper_remove();
}

/* A helper alone stalls nobody, not even others of its requester's UID */
TEST_F(stall, a_slow_helper)
{
	struct actor *brother = actor_fork(self->p), *h;
	int i;

	h = helper_for(self->p, self->call);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, actor_do(self->q, use_types, i, 0, 0));
		ASSERT_EQ(0, actor_do(brother, use_types, i, 0, 0));
	}
	EXPECT_EQ(-ENOKEY, answer_to(self->p, h));
}

/*
 * Nor does it when a module brings a key type, which the built-in service lets wait for
 * the helper, and everybody for the module.
 */
TEST_F(stall, ours_slow_helper_and_a_new_type)
{
	struct actor *h;
	bool loaded;
	int i, key;

	if (!self->module)
		SKIP(return, "KR_TYPE_MODULE does not name a module");
	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	actor_begin(self->loader, load_type, (long)self->module, 0, 0);
	nap_ms(300);
	actor_begin(self->q, use_types, 0, 0, 0);
	EXPECT_TRUE(is_done(self->q));
	loaded = is_done(self->loader);
	EXPECT_TRUE(loaded);
	for (i = 1; loaded && i < 20; i++) {
		actor_begin(self->r, use_types, i, 0, 0);
		ASSERT_TRUE(is_done(self->r));
		EXPECT_EQ(0, self->r->ret);
	}
	if (loaded) {
		EXPECT_EQ(0, self->loader->ret);
		actor_begin(self->loader, unload_type, (long)self->module, 0,
			    0);
		nap_ms(100);
		EXPECT_EQ(0, actor_do(self->r, use_types, 0, 0, 0));
		EXPECT_TRUE(is_done(self->loader));
	}
	/* the helper was there all the time */
	EXPECT_EQ(TURN_ACTOR, whose_turn(self->p));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_EQ(0, actor_end(self->q));
	EXPECT_EQ(0, actor_end(self->loader));
}

HELPER_MAIN
