// SPDX-License-Identifier: GPL-2.0-only
/*
 * The session that a process has in the built-in service. Its credentials are changed by the
 * process itself: in a call, or when it takes a session that a child gives it.
 */
#include <keyrings/cred.h>

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/key.h>
#include <linux/rcupdate.h>

struct cred *kr_builtin_session_prepare(void)
{
	if (likely(!current_cred()->session_keyring) || current_cred() != current_real_cred())
		return NULL;
	return prepare_creds() ?: ERR_PTR(-ENOMEM);
}

bool kr_builtin_session_is_mine(const struct cred *theirs)
{
	const struct key *session = theirs->session_keyring;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "the credentials are borrowed");
	return !session || uid_eq(READ_ONCE(session->uid), current_euid());
}

void kr_builtin_session_leave(struct cred *cred, bool joined)
{
	struct key *session;

	if (!cred)
		return;
	if (!joined) {
		abort_creds(cred);
		return;
	}
	session = cred->session_keyring;
	cred->session_keyring = NULL;
	commit_creds(cred);
	key_put(session);	/* of @cred; readers of the old credentials have theirs */
}
