// SPDX-License-Identifier: GPL-2.0-only
/* Where request_key(2) puts new keys by default: KEYCTL_SET_REQKEY_KEYRING. */
#include <keyrings/cred.h>

#include <linux/kernel.h>

#include "cred_internal.h"

static int current_reqkey(void)
{
	struct kr_cred *cred = kr_cred_current_get();
	int value = kr_cred_reqkey(cred);

	kr_cred_put(cred);
	return value;
}

/* Choosing the thread's or the process's own ring makes it, and keeps one that is there. */
static int make_chosen_ring(int value)
{
	struct kr_key *ring;
	s32 id;
	int ret;

	if (value == KEY_REQKEY_DEFL_THREAD_KEYRING)
		id = KEY_SPEC_THREAD_KEYRING;
	else if (value == KEY_REQKEY_DEFL_PROCESS_KEYRING)
		id = KEY_SPEC_PROCESS_KEYRING;
	else
		return 0;
	ret = kr_ring_special(id, KR_LOOKUP_CREATE, &ring);
	if (!ret)
		kr_key_put(ring);
	return ret;
}

struct choice {
	int value;
	int ret;
};

/* The ring comes last: a call that has no memory for the rest leaves none behind. */
static void change_reqkey(struct kr_cred *cred, void *arg)
{
	struct choice *choice = arg;

	choice->ret = make_chosen_ring(choice->value);
	if (!choice->ret)
		cred->reqkey = choice->value;
}

long kr_cred_set_reqkey(int value)
{
	struct choice choice = { .value = value };
	int old = current_reqkey();
	int ret;

	might_sleep();
	if (value == KEY_REQKEY_DEFL_NO_CHANGE)
		return old;
	if (value < KEY_REQKEY_DEFL_DEFAULT || value > KEY_REQKEY_DEFL_REQUESTOR_KEYRING ||
	    value == KEY_REQKEY_DEFL_GROUP_KEYRING)
		return -EINVAL;
	ret = kr_cred_change(change_reqkey, &choice) ?: choice.ret;
	return ret ?: old;
}

/* The first of these that the task has; if it has none, its user-session keyring. */
static const s32 fallbacks[] = {
	[KEY_REQKEY_DEFL_THREAD_KEYRING]	= KEY_SPEC_THREAD_KEYRING,
	[KEY_REQKEY_DEFL_PROCESS_KEYRING]	= KEY_SPEC_PROCESS_KEYRING,
	[KEY_REQKEY_DEFL_SESSION_KEYRING]	= KEY_SPEC_SESSION_KEYRING,
};

static int choose_dest(int value, struct kr_key **dest)
{
	if (value == KEY_REQKEY_DEFL_USER_KEYRING)
		return kr_cred_user_ring_get(false, dest);
	for (; value < (int)ARRAY_SIZE(fallbacks); value++) {
		*dest = kr_ring_special_tryget(fallbacks[value], 0);
		if (*dest)
			return 0;
	}
	return kr_cred_user_ring_get(true, dest);
}

int kr_cred_default_dest(struct kr_key **dest)
{
	struct kr_key_ref ref = { .possessed = true };
	int value = current_reqkey();
	int ret;

	might_sleep();
	if (value == KEY_REQKEY_DEFL_DEFAULT || value == KEY_REQKEY_DEFL_REQUESTOR_KEYRING) {
		/* The helper need not be allowed to write to the requester's ring. */
		*dest = kr_authority_dest_get();
		if (!IS_ERR(*dest))
			return 0;
		value = KEY_REQKEY_DEFL_THREAD_KEYRING;
	}
	ret = choose_dest(value, dest);
	if (ret)
		return ret;
	ref.key = *dest;
	/* A session may be joined by those who may only search it. */
	if (kr_cred_permits(&ref, KR_WRITE))
		return 0;
	kr_key_put(*dest);
	return -EACCES;
}
