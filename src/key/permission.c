// SPDX-License-Identifier: GPL-2.0-only
/* Who may do what with a key: keyrings(7), "Access rights". */
#include <keyrings/key.h>

/*
 * One class only: the owner's bits, else the group's, else the others'. A key that is given away
 * with other bits than it had is not the new owner's with the old ones, nor the reverse.
 */
static u32 class_bits(const struct kr_key *key, const struct cred *actor, u32 *possessors)
{
	kuid_t uid;
	kgid_t gid;
	u32 perm;

	do {
		perm = READ_ONCE(key->perm);
		smp_rmb();	/* as the key's lock orders those who set the one or the other */
		uid = READ_ONCE(key->uid);
		gid = READ_ONCE(key->gid);
		smp_rmb();
	} while (unlikely(perm != READ_ONCE(key->perm)));

	*possessors = perm >> 24;
	if (uid_eq(uid, actor->fsuid))
		return perm >> 16;
	if (gid_valid(gid) && (perm & KR_GRP(KR_ALL)) && kr_actor_in_group(actor, gid))
		return perm >> 8;
	return perm;
}

bool kr_key_permits(const struct kr_key *key, bool possessed, const struct cred *actor, u32 need)
{
	u32 bits, possessors;

	/* What the possessor may do needs no look at the classes. */
	if (possessed && (READ_ONCE(key->perm) >> 24 & need) == need)
		return true;
	bits = class_bits(key, actor, &possessors);
	if (possessed)
		bits |= possessors;
	return (bits & need) == need;
}
