// SPDX-License-Identifier: GPL-2.0-only
/* What a helper does with its authority: instantiate the key, or reject it. */
#include <keyrings/request.h>

/* The key is made: the authority for it is over, also for those who share it. */
static void give_up(struct kr_key *authkey)
{
	kr_ring_invalidate(authkey);
	/* Without memory it stays assumed: an authority over a key that is made. */
	kr_authority_assume(NULL);
}

static void end_authority(struct kr_authority *authority, struct kr_key *authkey, int ret)
{
	if (!ret)
		give_up(authkey);
	else if (kr_key_state(authority->target) != KR_UNINSTANTIATED)
		/* Made or rejected, though not linked: nothing is left to be done with it. */
		kr_ring_invalidate(authkey);
}

int kr_request_instantiate(struct kr_authority *authority, struct kr_key *authkey,
			   struct kr_prep *prep, struct kr_key *ring)
{
	int ret = kr_ring_instantiate_key(authority->target, prep, ring);

	end_authority(authority, authkey, ret);
	return ret;
}

int kr_request_reject(struct kr_authority *authority, struct kr_key *authkey, unsigned int error,
		      unsigned int timeout, struct kr_key *ring)
{
	int ret = kr_ring_reject_key(authority->target, error, timeout, ring);

	end_authority(authority, authkey, ret);
	return ret;
}
