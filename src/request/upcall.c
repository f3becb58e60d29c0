// SPDX-License-Identifier: GPL-2.0-only
/*
 * The helper: /sbin/request-key with the arguments that request-key(8) expects,
 * as root in the initial namespaces, with a session keyring in which it finds
 * its authority.
 *
 * Who could still be inside when the module goes: the caller waits for the
 * helper's end in here, and the live patch waits for the caller.
 */
#include <keyrings/request.h>

#include <linux/capability.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/umh.h>
#include <linux/user_namespace.h>

#include "request_internal.h"

static char helper_path[256] = "/sbin/request-key";

static struct kparam_string helper_param = {
	.maxlen	= sizeof(helper_path),
	.string	= helper_path,
};

/*
 * Who names the helper has a program run as root, with all capabilities. The file of a
 * parameter asks for none, but lets UID 0 write. Who loads modules, with the parameter as
 * an argument, has more than that already.
 */
static int set_helper(const char *value, const struct kernel_param *param)
{
	if (!capable(CAP_SYS_ADMIN) && !capable(CAP_SYS_MODULE))
		return -EPERM;
	return param_set_copystring(value, param);
}

static const struct kernel_param_ops helper_ops = {
	.set	= set_helper,
	.get	= param_get_string,
};

module_param_cb(helper, &helper_ops, &helper_param, 0644);
__MODULE_PARM_TYPE(helper, "string");
MODULE_PARM_DESC(helper, "program that makes the keys which request_key(2) does not find");

enum { HELPER_ARGS = 8, NUMBER_LEN = 12 };

/**
 * struct upcall - one run of the helper
 * @path: the helper, as it was set when the run began
 * @argv: path, operation, key, UID, GID and the requester's three rings
 * @numbers: the arguments that are numbers
 */
struct upcall {
	char path[sizeof(helper_path)];
	char *argv[HELPER_ARGS + 1];
	char numbers[HELPER_ARGS][NUMBER_LEN];
};

static char *helper_env[] = {
	"HOME=/",
	"PATH=/sbin:/bin:/usr/sbin:/usr/bin",
	NULL,
};

static struct kr_key *make_session(struct kr_key *key, struct kr_key *authkey)
{
	char name[sizeof("_req.4294967295")];
	struct kr_key *session;
	int ret;

	snprintf(name, sizeof(name), "_req.%u", key->serial);
	session = kr_ring_alloc(name, current_fsuid(), current_fsgid(), current_user_ns(),
				KR_POS(KR_ALL) | KR_USR(KR_VIEW | KR_READ), KR_ALLOC_OVERRUN);
	if (IS_ERR(session))
		return session;
	ret = kr_ring_link(session, authkey);
	if (!ret)
		return session;
	kr_key_put(session);
	return ERR_PTR(ret);
}

/* The requester's session keyring, or the user-session keyring in its place. */
static s32 session_serial(const struct kr_key *user_session)
{
	return kr_cred_ring_peek(KEY_SPEC_SESSION_KEYRING) ?: user_session->serial;
}

static void set_number(struct upcall *upcall, unsigned int arg, u32 number, const char *format)
{
	snprintf(upcall->numbers[arg], NUMBER_LEN, format, number);
	upcall->argv[arg] = upcall->numbers[arg];
}

static void fill_arguments(struct upcall *upcall, const struct kr_key *key, s32 session)
{
	kernel_param_lock(THIS_MODULE);
	strscpy(upcall->path, helper_path, sizeof(upcall->path));
	kernel_param_unlock(THIS_MODULE);
	/* As echo(1) writes it. */
	upcall->path[strcspn(upcall->path, "\n")] = '\0';
	upcall->argv[0] = upcall->path;
	upcall->argv[1] = "create";
	set_number(upcall, 2, key->serial, "%d");
	set_number(upcall, 3, from_kuid(&init_user_ns, current_fsuid()), "%d");
	set_number(upcall, 4, from_kgid(&init_user_ns, current_fsgid()), "%d");
	set_number(upcall, 5, kr_cred_ring_peek(KEY_SPEC_THREAD_KEYRING), "%d");
	set_number(upcall, 6, kr_cred_ring_peek(KEY_SPEC_PROCESS_KEYRING), "%d");
	set_number(upcall, 7, session, "%d");
	upcall->argv[HELPER_ARGS] = NULL;
}

/* In the helper's task, before it executes the helper. */
static int enter_session(struct subprocess_info *info, struct cred *cred)
{
	return kr_cred_enter_helper(info->data);
}

/* The task is ours only for as long as kr_upcall() waits: no cleanup is needed. */
static int run(struct upcall *upcall, struct kr_key *session)
{
	struct subprocess_info *info;

	info = call_usermodehelper_setup(upcall->path, upcall->argv, helper_env, GFP_KERNEL,
					 enter_session, NULL, session);
	if (!info)
		return -ENOMEM;
	return call_usermodehelper_exec(info, UMH_WAIT_PROC);
}

static int start(struct kr_key *key, struct kr_key *authkey, s32 requester_session)
{
	struct kr_key *session;
	struct upcall upcall;
	int ret;

	session = make_session(key, authkey);
	if (IS_ERR(session))
		return PTR_ERR(session);
	fill_arguments(&upcall, key, requester_session);
	ret = run(&upcall, session);
	kr_key_put(session);
	return ret;
}

int kr_upcall(struct kr_key *key, struct kr_key *authkey)
{
	struct kr_key *user_session;
	int ret;

	might_sleep();
	/* The rings of the UID come to be, even where there is a session that hides them. */
	ret = kr_cred_user_ring_get(true, &user_session);
	if (ret)
		return ret;
	ret = start(key, authkey, session_serial(user_session));
	kr_key_put(user_session);
	if (ret < 0)
		return ret;
	/* How the helper ended does not matter, only whether there is a key. */
	if (kr_key_state(key) == KR_UNINSTANTIATED || kr_key_validate(key))
		return -ENOKEY;
	return 0;
}
