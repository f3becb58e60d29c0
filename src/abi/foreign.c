// SPDX-License-Identifier: GPL-2.0-only
/*
 * IDs of two worlds: a serial that is not ours belongs to the built-in
 * subsystem, and no key of one can be linked to a ring of the other.
 */
#include "abi_internal.h"

int kr_lookup_second(s32 id, unsigned int flags, u32 need, struct kr_key_ref *ref)
{
	int ret = kr_cred_lookup(id, flags, need, ref);

	return ret == KR_FOREIGN ? -ENOKEY : ret;
}

int kr_lookup_or_authority(s32 id, unsigned int flags, u32 need, struct kr_key_ref *ref)
{
	int ret = kr_cred_lookup(id, flags, need, ref);
	struct kr_key *authkey;

	if (likely(ret != -EACCES))
		return ret;
	authkey = kr_authority_find(id);
	if (IS_ERR(authkey))
		return ret;
	kr_key_put(authkey);
	return kr_cred_lookup(id, KR_LOOKUP_PARTIAL, 0, ref);
}

int kr_lookup_dest(s32 id, struct kr_key_ref *ref)
{
	ref->key = NULL;
	if (!id)
		return 0;
	return kr_lookup_second(id, KR_LOOKUP_CREATE, KR_WRITE, ref);
}

/* To whom -7 and -8 belong, says the authority that is assumed. */
static bool may_be_foreign(s32 id)
{
	struct kr_key *key;

	if (id == KEY_SPEC_REQKEY_AUTH_KEY || id == KEY_SPEC_REQUESTOR_KEYRING)
		key = kr_authority_current();
	else if (id <= 0)
		return !id || id < KEY_SPEC_USER_SESSION_KEYRING;	/* no ring of ours */
	else
		key = kr_key_lookup(id);
	kr_key_put(key);
	return !key;
}

bool kr_all_foreign(s32 id, s32 other)
{
	return KR_KERNEL_HAS_KEYS && may_be_foreign(id) && may_be_foreign(other);
}
