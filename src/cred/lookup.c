// SPDX-License-Identifier: GPL-2.0-only
/* From an ID of user space to a key: keyctl(2), and the search of request_key(2). */
#include <keyrings/cred.h>

#include "cred_internal.h"

/* Caller is in an RCU read section. */
static bool possesses_once(const struct kr_key *key)
{
	struct kr_anchors anchors;
	bool possessed;

	kr_cred_anchors(&anchors);
	possessed = kr_ring_possesses_once(&anchors, key);
	/* Who acts for a requester possesses what that one possesses. */
	if (!possessed && key->type != kr_authority_type &&
	    unlikely(kr_authority_requester(&anchors)))
		possessed = kr_ring_possesses_once(&anchors, key);
	return possessed;
}

static bool possesses(const struct kr_key *key)
{
	struct kr_look look = {};
	bool possessed;

	rcu_read_lock();
	do {
		kr_look_begin(&look);
		possessed = possesses_once(key);
	} while (!possessed && kr_look_again(&look));
	rcu_read_unlock();
	return possessed;
}

static int find_key(s32 id, unsigned int flags, struct kr_key_ref *ref)
{
	if (id > 0) {
		ref->key = kr_key_lookup(id);
		if (!ref->key)
			return KR_FOREIGN;
		ref->possessed = possesses(ref->key);
		return 0;
	}
	ref->possessed = true;
	return kr_ring_special(id, flags, &ref->key);
}

/* Unless a part will do, wait until the key is what it is going to be. */
static int check_state(struct kr_key *key, unsigned int flags)
{
	int state = kr_key_state(key);
	int ret;

	if (likely(state == KR_POSITIVE) || (flags & KR_LOOKUP_PARTIAL))
		return kr_key_validate(key);
	ret = kr_key_wait(key);
	if (ret)
		return ret;
	state = kr_key_state(key);
	if (state == KR_POSITIVE)
		return kr_key_validate(key);
	return state < 0 ? state : -EIO;
}

int kr_cred_lookup(s32 id, unsigned int flags, u32 need, struct kr_key_ref *ref)
{
	int ret;

	ret = find_key(id, flags, ref);
	if (unlikely(ret))
		return ret;
	if (flags & KR_LOOKUP_DEFER)
		return 0;

	ret = check_state(ref->key, flags);
	if (!ret && need && !kr_cred_permits(ref, need))
		ret = -EACCES;
	if (unlikely(ret))
		kr_key_put(ref->key);
	return ret;
}

bool kr_cred_permits(const struct kr_key_ref *ref, u32 need)
{
	return kr_key_permits(ref->key, ref->possessed, current_cred(), need);
}

bool kr_cred_permits_by_serial(struct kr_key *key, u32 need)
{
	const struct kr_key_ref ref = { .key = key, .possessed = possesses(key) };

	return kr_cred_permits(&ref, need);
}

/* Of two failed searches: an error that a key caused tells more than "nothing there". */
static int more_telling(int a, int b)
{
	if (a == -EAGAIN || b == -ENOKEY)
		return b;
	if (b == -EAGAIN || a == -ENOKEY)
		return a;
	return b;
}

/* Caller is in an RCU read section. */
static int search_anchors(const struct kr_anchors *anchors, struct kr_search *search)
{
	int ret, error = -EAGAIN;
	unsigned int i;

	search->actor = anchors->actor;
	for (i = 0; i < anchors->count; i++) {
		ret = kr_ring_search_once(anchors->ring[i], search);
		if (!ret)
			return 0;
		search->missed |= ret == -EAGAIN || ret == -ENOKEY;
		error = more_telling(error, ret);
	}
	return error;
}

/* Who acts for a requester: a ring of its own that may not be searched tells less. */
static int search_as_helper(const struct kr_anchors *requester, struct kr_search *search, int own)
{
	int ret = search_anchors(requester, search);

	if (!ret || (own == -EACCES && ret != -EAGAIN))
		return ret;
	return more_telling(ret, own);
}

static int search_once(struct kr_search *search)
{
	struct kr_anchors anchors;
	int ret;

	search->missed = false;
	kr_cred_anchors(&anchors);
	ret = search_anchors(&anchors, search);
	if (ret && search->type != kr_authority_type && unlikely(kr_authority_requester(&anchors)))
		ret = search_as_helper(&anchors, search, ret);
	return ret;
}

int kr_cred_search(struct kr_search *search)
{
	struct kr_look look = {};
	int ret;

	ret = kr_search_begin(search);
	if (ret)
		return ret;
	search->possessed = true;
	rcu_read_lock();
	do {
		kr_look_begin(&look);
		ret = search_once(search);
	} while (ret && kr_look_again(&look));
	rcu_read_unlock();
	kr_search_end(search);
	return ret;
}
