// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comes to an end in an episode. The built-in service does so later, and ours in
 * part: whoever could see the difference waits before.
 */
#include "episode.h"

#include <string.h>

#include "../selftests/keyctl_abi.h"

static enum ends pending;
static bool at_once;

void ends_begin(bool now)
{
	pending = NOTHING;
	at_once = now;
}

void await_ends(void)
{
	switch (pending) {
	case NOTHING:
		break;
	case KEYS:
		settle();
		break;
	case AUTHORITY:
	case INVALID:
		quiesce();
		break;
	case CREDENTIALS:
		rcu_quiesce();
		break;
	}
	pending = NOTHING;
}

/*
 * That a key is no more is seen by who knows its number, in a listing, and where
 * quota is short: there is time until then. An invalid key is seen in any ring.
 */
void ends(enum ends what)
{
	if (what > pending)
		pending = what;
	if (at_once || what == AUTHORITY || what == INVALID)
		await_ends();
}

bool knows_key(enum op op, const long *a)
{
	unsigned int i;

	for (i = 0; opdesc[op].args[i]; i++)
		if (strchr("ir", opdesc[op].args[i]) && a[i] > 0)
			return true;
	return op == JOIN && a[0];
}

enum ends ends_by(const struct worker *w, enum op op, const long *a)
{
	switch (op) {
	case UNLINK:
	case MOVE:
	case LINK:
	case REVOKE:
	case CLEAR:
	case ADD_KEY:
	case GET_PERSISTENT:	/* one that has ended is replaced */
		return KEYS;
	case ASSUME:		/* the authority that one had may be in no ring */
		return known[w->number].assumed ? CREDENTIALS : NOTHING;
	case JOIN:
	case TO_PARENT:
		return CREDENTIALS;	/* a session keyring ends with those that had it */
	case INVALIDATE:
		return INVALID;
	case SEARCH:
	case REQUEST_KEY:
		return a[3] ? KEYS : NOTHING;
	case INSTANTIATE:
	case INSTANTIATE_IOV:
	case NEGATE:
	case REJECT:
		return AUTHORITY;
	default:
		return NOTHING;
	}
}
