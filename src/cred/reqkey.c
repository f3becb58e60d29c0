// SPDX-License-Identifier: GPL-2.0-only
/* Where request_key(2) puts new keys by default: KEYCTL_SET_REQKEY_KEYRING. */
#include <keyrings/cred.h>

#include "cred_internal.h"

static int current_reqkey(void)
{
	struct kr_cred *cred = kr_cred_current_get();
	int value = cred ? cred->reqkey : KEY_REQKEY_DEFL_DEFAULT;

	kr_cred_put(cred);
	return value;
}

static int publish_reqkey(int value)
{
	struct kr_task *record = kr_task_current_make();
	struct kr_cred *old, *new;
	bool done;

	if (!record)
		return -ENOMEM;
	do {
		old = kr_cred_current_get();
		new = kr_cred_alloc(old);
		if (!new) {
			kr_cred_put(old);
			return -ENOMEM;
		}
		new->reqkey = value;
		done = kr_cred_publish(record, old, new);
		kr_cred_put(old);
		if (!done)
			kr_cred_put(new);
	} while (!done);
	return 0;
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

long kr_cred_set_reqkey(int value)
{
	int old = current_reqkey();
	int ret;

	might_sleep();
	if (value == KEY_REQKEY_DEFL_NO_CHANGE)
		return old;
	if (value < KEY_REQKEY_DEFL_DEFAULT || value > KEY_REQKEY_DEFL_REQUESTOR_KEYRING ||
	    value == KEY_REQKEY_DEFL_GROUP_KEYRING)
		return -EINVAL;
	ret = make_chosen_ring(value);
	if (!ret)
		ret = publish_reqkey(value);
	return ret ?: old;
}
