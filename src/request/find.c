// SPDX-License-Identifier: GPL-2.0-only
/* The search of request_key(2): what the caller's rings hold, linked where it says. */
#include <keyrings/request.h>

static int link_found(struct kr_key *dest, struct kr_key *found)
{
	const struct kr_key_ref ref = { .key = found, .possessed = true };

	if (!kr_cred_permits(&ref, KR_LINK))
		return -EACCES;
	return kr_ring_link(dest, found);
}

int kr_request_find(const struct kr_key_type *type, const char *desc, struct kr_key *dest,
		    struct kr_key **key)
{
	struct kr_search search;
	int ret;

	might_sleep();
	kr_search_init(&search, type, desc, current_cred(),
		       KR_SEARCH_RECURSE | KR_SEARCH_SKIP_EXPIRED);
	ret = kr_cred_search(&search);
	if (ret)
		return ret;
	if (dest)
		ret = link_found(dest, search.found);
	if (ret)
		kr_key_put(search.found);
	else
		*key = search.found;
	return ret;
}
