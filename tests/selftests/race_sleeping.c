// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unloading the module while somebody sleeps in it.
 *
 * Which module that is: see loading.h. It is left as it was found, loaded or not.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "helper.h"
#include "loading.h"

/* Does an actor have to be served by the module, with the patch on its way out? */
static bool is_held(struct actor *a)
{
	return read_flag(shared_text("/proc/%d/task/%d/patch_state", a->pid,
				     a->tid)) == '1';
}

static bool is_inside(struct actor *a)
{
	return strstr(slurp(NULL, shared_text("/proc/%d/stack", a->tid)),
		      "[" MODULE "]");
}

/*
 * An unload that meets sleepers:
 *
 *	p - - request_key - -> helper, which sleeps
 *	q - - request_key - -> the same key: waits for p's helper
 *	r: sleeps somewhere else
 */
FIXTURE(sleeping)
{
	const char *path;
	bool was_loaded;
	struct actor *p, *q, *r, *helper;
	struct call *call;
	long session;		/* r's */
};

FIXTURE_SETUP(sleeping)
{
	stage_open();
	self->path = getenv("KR_MODULE");
	if (!self->path || !*self->path)
		SKIP(return, "KR_MODULE does not name the module");
	self->was_loaded = is_loaded();
	if (!self->was_loaded) {
		ASSERT_EQ(0, module_load(self->path));
	}
	helper_install();
	self->p = actor_user(fresh_uid());
	self->r = actor_user(fresh_uid());
	self->call = call_to("info", 0);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->session = ON(self->r, kc_join(NULL));
	ASSERT_LT(0, self->session);
	self->q = actor_fork(self->p);
	self->helper = helper_for(self->p, self->call);
}

FIXTURE_TEARDOWN(sleeping)
{
	stage_close();
	if (!self->path || !*self->path)
		return;
	helper_remove();
	if (is_loaded() != self->was_loaded) {
		if (self->was_loaded)
			module_load(self->path);
		else
			module_unload();
	}
}

/* Only who is in the module delays the unload, and it can be seen who that is */
TEST_F_TIMEOUT(sleeping, delays_the_unload, 1200)
{
	long ret;

	ASSERT_TRUE(set_enabled(false));
	EXPECT_TRUE(WAIT_FOR(!is_held(self->r) && !is_held(self->helper)));
	nap_ms(3000);
	EXPECT_TRUE(is_held(self->p));
	EXPECT_TRUE(is_inside(self->p));
	EXPECT_EQ('1', read_flag(LIVEPATCH "/transition"));
	EXPECT_EQ(-1, syscall(SYS_delete_module, MODULE, O_NONBLOCK));
	EXPECT_TRUE(is_loaded());
	ret = ON(self->r, kc_add_user("k", "v", RING_P));
	EXPECT_TRUE(ret > 0 || ret == -ENOSYS) TH_LOG("%ld", ret);

	/* its helper has changed sides: it knows no such key, and can only end */
	EXPECT_GT(0, ON(self->helper, kc_assume(key_of(self->call))));
	EXPECT_EQ(-ENOKEY, answer_to(self->p, self->helper));
	EXPECT_TRUE(WAIT_FOR(!exists(LIVEPATCH)));
	EXPECT_EQ(0, module_unload());
}

/* Who only waits for the key is woken, and asks again, on the other side */
TEST_F_TIMEOUT(sleeping, waits_for_a_key_and_asks_elsewhere, 1200)
{
	actor_begin(self->q, make_request, (long)self->call, 0, 0);
	EXPECT_TRUE(EVENTUALLY(is_inside(self->q)));
	ASSERT_TRUE(set_enabled(false));
	EXPECT_TRUE(WAIT_FOR(!is_held(self->q)));
	EXPECT_TRUE(is_held(self->p));
	EXPECT_TRUE(WAIT_FOR(whose_turn(self->q) == TURN_DIRECTOR));
	EXPECT_TRUE(self->q->ret == -ENOKEY || self->q->ret == -ENOSYS)
		TH_LOG("%ld", self->q->ret);
	EXPECT_EQ(self->q->ret == -ENOSYS ? 1 : 2, self->call->runs);
	EXPECT_EQ(-ENOKEY, answer_to(self->p, self->helper));
	EXPECT_EQ(0, module_unload());
}

/* An unload that is called off has not been */
TEST_F_TIMEOUT(sleeping, and_the_unload_is_called_off, 1200)
{
	int key = key_of(self->call);

	ASSERT_TRUE(set_enabled(false));
	EXPECT_TRUE(WAIT_FOR(!is_held(self->r) && !is_held(self->helper)));
	ASSERT_TRUE(set_enabled(true));
	ASSERT_EQ(0, await_transition());
	EXPECT_EQ(self->session, ON(self->r, kc_id(RING_S, 0)));
	EXPECT_LT(0, ON(self->helper, kc_assume(key)));
	EXPECT_EQ(0, ON(self->helper, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, answer_to(self->p, self->helper));
	EXPECT_EQ(key, ON(self->q, kc_search(RING_S, "user", self->call->desc, 0)));
}

LOADING_MAIN
