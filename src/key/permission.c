// SPDX-License-Identifier: GPL-2.0-only
/* Who may do what with a key: keyrings(7), "Access rights". */
#include <keyrings/key.h>

/* One class only: the owner's bits, else the group's, else the others'. */
static u32 class_bits(const struct kr_key *key, const struct cred *actor)
{
	kgid_t gid = READ_ONCE(key->gid);
	u32 perm = READ_ONCE(key->perm);

	if (uid_eq(READ_ONCE(key->uid), actor->fsuid))
		return perm >> 16;
	if (gid_valid(gid) && (perm & KR_GRP(KR_ALL)) && kr_actor_in_group(actor, gid))
		return perm >> 8;
	return perm;
}

bool kr_key_permits(const struct kr_key *key, bool possessed, const struct cred *actor, u32 need)
{
	/* What the possessor may do needs no look at the classes. */
	if (possessed && (READ_ONCE(key->perm) >> 24 & need) == need)
		return true;
	if (possessed)
		return ((class_bits(key, actor) | READ_ONCE(key->perm) >> 24) & need) == need;
	return (class_bits(key, actor) & need) == need;
}
