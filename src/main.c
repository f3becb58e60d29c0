// SPDX-License-Identifier: GPL-2.0-only
/*
 * keyrings: the Linux key-retention service as a module. The order in which the
 * rooms come up; the way down is the same table backwards.
 *
 * Who could still be inside on the way down: the live patch is disabled and its
 * transition is over before the kernel lets the module go, so no task is in a
 * call. Once the events are detached nothing calls in any more, and what is
 * left are works and RCU callbacks of the module's own, which the rooms wait
 * for.
 */
#define pr_fmt(fmt) "keyrings: " fmt

#include <keyrings/abi.h>
#include <keyrings/bridge.h>
#include <keyrings/cred.h>
#include <keyrings/hooks.h>
#include <keyrings/key_ops.h>
#include <keyrings/keyring.h>
#include <keyrings/reaper.h>
#include <keyrings/request.h>
#include <keyrings/types.h>
#include <keyrings/user.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

static const struct kr_user_ops user_ops = {
	.drop_ring	= kr_key_put_later,
};

static int user_up(void)
{
	return kr_user_init(&user_ops);
}

/*
 * An authorisation key lets go of its authority a grace period after its end, and
 * the authority of rings another one later.
 */
static void await_ends(void)
{
	unsigned int i;

	kr_reaper_flush();
	for (i = 0; i < 3; i++) {
		rcu_barrier();
		kr_reaper_flush();
	}
}

/* Nobody calls any more: let go of every key that tasks and UIDs hold. */
static void drop_everything(void)
{
	kr_cred_drop_all();
	kr_user_drop_all();
	await_ends();
	if (kr_key_count()) {
		kr_ring_clear_all();
		await_ends();
	}
}

static int nothing(void)
{
	return 0;
}

struct step {
	const char *name;
	int (*up)(void);
	void (*down)(void);
};

static const struct step steps[] = {
	{ "hooks",	kr_hooks_resolve,	NULL },
	{ "user",	user_up,		kr_user_exit },
	{ "key",	kr_key_init,		kr_key_exit },
	{ "reaper",	kr_reaper_init,		kr_reaper_exit },
	{ "keyring",	kr_ring_init,		kr_ring_exit },
	{ "types",	kr_types_init,		kr_types_exit },
	{ "cred",	kr_cred_init,		kr_cred_exit },
	{ "request",	kr_request_init,	NULL },
	{ "abi",	kr_abi_init,		kr_abi_exit },
	{ "bridge",	kr_bridge_init,		kr_bridge_exit },
	{ "contents",	nothing,		drop_everything },
	{ "events",	kr_hooks_attach_events,	kr_hooks_detach_events },
	/* The last: it cannot be undone from here. */
	{ "takeover",	kr_hooks_takeover,	NULL },
};

static void go_down_from(unsigned int count)
{
	while (count--) {
		if (steps[count].down)
			steps[count].down();
	}
}

static int __init keyrings_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		ret = steps[i].up();
		if (ret) {
			pr_err("room %s did not come up: error %d\n", steps[i].name, ret);
			go_down_from(i);
			return ret;
		}
	}
	return 0;
}

static void __exit keyrings_exit(void)
{
	if (kr_cred_lost())
		pr_warn("%lu tasks did not inherit their session keyring for want of memory\n",
			kr_cred_lost());
	go_down_from(ARRAY_SIZE(steps));
}

module_init(keyrings_init);
module_exit(keyrings_exit);

MODULE_DESCRIPTION("The key-retention service, anew");
MODULE_LICENSE("GPL");
