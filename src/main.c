// SPDX-License-Identifier: GPL-2.0-only
/*
 * keyrings: the Linux key-retention service as a module. The order in which the
 * rooms come up; the way down is the same table backwards.
 *
 * Who could still be inside on the way down: the live patch is disabled and its
 * transition is over before the kernel lets the module go, so no task is in a
 * call. Once the events are detached nothing calls in any more, and what is
 * left are works, of the module and of tasks, and RCU callbacks, which the rooms
 * take back or wait for.
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
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

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

/* What comes up, in this order. The last step cannot be undone from here. */
#define FOR_EACH_STEP(step)						\
	step(hooks,	kr_hooks_resolve,	NULL)			\
	step(user,	user_up,		kr_user_exit)		\
	step(key,	kr_key_init,		kr_key_exit)		\
	step(reaper,	kr_reaper_init,		kr_reaper_exit)		\
	step(keyring,	kr_ring_init,		kr_ring_exit)		\
	step(types,	kr_types_init,		kr_types_exit)		\
	step(cred,	kr_cred_init,		kr_cred_exit)		\
	step(request,	kr_request_init,	NULL)			\
	step(abi,	kr_abi_init,		kr_abi_exit)		\
	step(bridge,	kr_bridge_init,		kr_bridge_exit)		\
	step(contents,	nothing,		drop_everything)	\
	step(events,	kr_hooks_attach_events,	kr_hooks_detach_events)	\
	step(takeover,	kr_hooks_takeover,	NULL)

#define STEP_ROW(id, on_way_up, on_way_down) \
	{ .name = #id, .up = on_way_up, .down = on_way_down },
#define STEP_NAME(id, on_way_up, on_way_down) " " #id

static const struct step steps[] = {
	FOR_EACH_STEP(STEP_ROW)
};

static const struct step *failing;	/* as fail_load_at has it, or NULL */

static int set_failing(const char *name, const struct kernel_param *param)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		if (!strcmp(name, steps[i].name)) {
			failing = &steps[i];
			return 0;
		}
	}
	return -EINVAL;
}

static const struct kernel_param_ops failing_ops = {
	.set	= set_failing,
};

/* Only an argument of the load: it has no file in sysfs. */
module_param_cb(fail_load_at, &failing_ops, NULL, 0);
__MODULE_PARM_TYPE(fail_load_at, "string");
MODULE_PARM_DESC(fail_load_at, "for tests: the load fails before this step:" FOR_EACH_STEP(STEP_NAME));

static int step_up(const struct step *step)
{
	return step == failing ? -ECANCELED : step->up();
}

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
		ret = step_up(&steps[i]);
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
