// SPDX-License-Identifier: GPL-2.0-only
/* Operations on keyrings and sessions: keyctl(2). */
#include "abi_internal.h"

#include <linux/string.h>

long kr_op_get_keyring_id(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	unsigned int flags = (int)a3 ? KR_LOOKUP_CREATE : 0;
	struct kr_key_ref ref;
	long ret;

	ret = kr_cred_ring_serial(a2, flags);
	if (likely(ret))
		return ret;
	ret = kr_cred_lookup(a2, flags, KR_SEARCH, &ref);
	if (ret)
		return ret;
	ret = ref.key->serial;
	kr_key_put(ref.key);
	return ret;
}

static long join(const char __user *user)
{
	struct kr_string name;
	long ret;

	if (!user)
		return kr_cred_join_session(NULL);
	ret = kr_string_get(&name, user, KR_DESC_MAX + 1);
	if (ret)
		return ret;
	ret = name.str[0] == '.' ? -EPERM : kr_cred_join_session(name.str);
	kr_string_put(&name);
	return ret;
}

long kr_op_join_session(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct cred *leaving = kr_builtin_session_prepare();
	long ret;

	if (IS_ERR(leaving))
		return PTR_ERR(leaving);
	ret = join((const char __user *)a2);
	kr_builtin_session_leave(leaving, ret >= 0);
	return ret;
}

long kr_op_link(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct kr_key_ref ring, key;
	long ret;

	ret = kr_cred_lookup(a3, KR_LOOKUP_CREATE, KR_WRITE, &ring);
	if (ret == KR_FOREIGN)
		return kr_all_foreign(a2, 0) ? KR_FOREIGN : -ENOKEY;
	if (ret)
		return ret;
	ret = kr_lookup_second(a2, KR_LOOKUP_CREATE, KR_LINK, &key);
	if (!ret) {
		ret = kr_ring_link(ring.key, key.key);
		kr_key_put(key.key);
	}
	kr_key_put(ring.key);
	return ret;
}

static long unlink_from(struct kr_key *ring, s32 id)
{
	struct kr_key_ref key;
	long ret;

	/* The key's own state and permissions do not matter. */
	ret = kr_lookup_second(id, KR_LOOKUP_DEFER, 0, &key);
	if (ret)
		return ret;
	ret = kr_ring_unlink(ring, key.key);
	kr_key_put(key.key);
	return ret;
}

long kr_op_unlink(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct kr_key_ref ring;
	long ret;

	ret = kr_cred_lookup(a3, 0, KR_WRITE, &ring);
	if (ret == KR_FOREIGN)
		return kr_all_foreign(a2, 0) ? KR_FOREIGN : -ENOKEY;
	if (ret)
		return ret;
	ret = unlink_from(ring.key, a2);
	kr_key_put(ring.key);
	return ret;
}

static long move_between(struct kr_key *key, s32 from_id, s32 to_id, bool exclusive)
{
	struct kr_key_ref from, to;
	long ret;

	ret = kr_lookup_second(from_id, 0, KR_WRITE, &from);
	if (ret)
		return ret;
	ret = kr_lookup_second(to_id, KR_LOOKUP_CREATE, KR_WRITE, &to);
	if (!ret) {
		ret = kr_ring_move(key, from.key, to.key, exclusive);
		kr_key_put(to.key);
	}
	kr_key_put(from.key);
	return ret;
}

long kr_op_move(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	unsigned int flags = a5;
	struct kr_key_ref key;
	long ret;

	if (flags & ~KEYCTL_MOVE_EXCL)
		return -EINVAL;
	ret = kr_cred_lookup(a2, KR_LOOKUP_CREATE, KR_LINK, &key);
	if (ret == KR_FOREIGN)
		return kr_all_foreign(a3, a4) ? KR_FOREIGN : -ENOKEY;
	if (ret)
		return ret;
	ret = move_between(key.key, a3, a4, flags & KEYCTL_MOVE_EXCL);
	kr_key_put(key.key);
	return ret;
}

static long link_found(const struct kr_key_ref *found, struct kr_key *dest)
{
	if (!dest)
		return 0;
	return kr_cred_permits(found, KR_LINK) ? kr_ring_link(dest, found->key) : -EACCES;
}

static long search_once(const struct kr_key_ref *ring, struct kr_search *search,
			struct kr_key *dest, bool *again)
{
	struct kr_key_ref found = { .possessed = ring->possessed };
	long ret;

	*again = false;
	ret = kr_search_begin(search);
	if (ret)
		return ret;
	ret = kr_ring_search(ring->key, search);
	kr_search_end(search);	/* before the destination is waited for: it may hold the type */
	if (ret)
		return ret == -EAGAIN ? -ENOKEY : ret;
	found.key = search->found;
	ret = link_found(&found, dest);
	/* Once it was invalidated, no search takes notice of it: that it was found is past. */
	*again = ret == -ENOKEY && test_bit(KR_KEY_INVALIDATED, &found.key->flags);
	if (!ret)
		ret = found.key->serial;
	kr_key_put(found.key);
	return ret;
}

/* Search one ring and link what is found. */
static long search_and_link(const struct kr_key_ref *ring, const char *type_name, const char *desc,
			    struct kr_key *dest)
{
	const struct kr_key_type *type = kr_key_type_find(type_name);
	struct kr_search search;
	unsigned int turns = 0;
	bool again;
	long ret;

	if (IS_ERR_OR_NULL(type))
		return PTR_ERR(type) ?: -ENOKEY;
	kr_search_init(&search, type, desc, current_cred(), KR_SEARCH_RECURSE);
	search.possessed = ring->possessed;
	do {
		ret = search_once(ring, &search, dest, &again);
	} while (again && ++turns < KR_LOOK_TURNS);
	return ret;
}

static long search_ring(s32 id, const char *type_name, const char *desc, s32 dest_id)
{
	struct kr_key_ref ring, dest;
	long ret;

	ret = kr_cred_lookup(id, 0, KR_SEARCH, &ring);
	if (ret == KR_FOREIGN)
		return kr_all_foreign(dest_id, 0) ? KR_FOREIGN : -ENOKEY;
	if (ret)
		return ret;
	ret = kr_lookup_dest(dest_id, &dest);
	if (!ret) {
		ret = search_and_link(&ring, type_name, desc, dest.key);
		kr_key_put(dest.key);
	}
	kr_key_put(ring.key);
	return ret;
}

long kr_op_search(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	char type_name[KR_TYPE_NAME_MAX + 1];
	struct kr_string desc;
	long ret;

	ret = kr_type_name_get(type_name, (const char __user *)a3);
	if (ret)
		return ret;
	ret = kr_string_get(&desc, (const char __user *)a4, KR_DESC_MAX + 1);
	if (ret)
		return ret;
	ret = search_ring(a2, type_name, desc.str, a5);
	kr_string_put(&desc);
	return ret;
}

long kr_op_set_reqkey(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	return kr_cred_set_reqkey(a2);
}

long kr_op_session_to_parent(unsigned long a2, unsigned long a3, unsigned long a4,
			     unsigned long a5)
{
	return kr_cred_session_to_parent();
}
