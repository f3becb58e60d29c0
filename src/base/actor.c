// SPDX-License-Identifier: GPL-2.0-only
/* Questions about the credentials that act. */
#include <keyrings/base.h>

/* The supplementary groups are kept sorted (setgroups(2) sorts them). */
static bool has_supplementary(const struct group_info *groups, kgid_t gid)
{
	unsigned int left = 0, right = groups->ngroups;

	while (left < right) {
		unsigned int mid = left + (right - left) / 2;

		if (gid_eq(gid, groups->gid[mid]))
			return true;
		if (gid_gt(gid, groups->gid[mid]))
			left = mid + 1;
		else
			right = mid;
	}
	return false;
}

bool kr_actor_in_group(const struct cred *actor, kgid_t gid)
{
	return gid_eq(gid, actor->fsgid) || has_supplementary(actor->group_info, gid);
}
