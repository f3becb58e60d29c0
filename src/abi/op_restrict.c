// SPDX-License-Identifier: GPL-2.0-only
/* KEYCTL_RESTRICT_KEYRING: keyctl(2). */
#include "abi_internal.h"

#include <linux/mm.h>

static int lookup_restriction(struct kr_key *ring, const char *type_name, const char *string,
			      struct kr_restriction **restriction)
{
	const struct kr_key_type *type;

	if (!kr_key_is_ring(ring))
		return -ENOTDIR;
	type = kr_key_type_find(type_name);
	if (IS_ERR_OR_NULL(type))
		return PTR_ERR(type) ?: -ENOKEY;
	if (!type->lookup_restriction)
		return -ENOENT;
	*restriction = type->lookup_restriction(type, string);
	return PTR_ERR_OR_ZERO(*restriction);
}

static long restrict_by_type(struct kr_key *ring, const char __user *utype,
			     const char __user *ustring)
{
	char type_name[KR_TYPE_NAME_MAX + 1];
	struct kr_restriction *restriction;
	struct kr_string string;
	long ret;

	ret = kr_type_name_get(type_name, utype);
	if (ret)
		return ret;
	ret = kr_string_get(&string, ustring, PAGE_SIZE);
	if (ret)
		return ret;
	ret = lookup_restriction(ring, type_name, string.str, &restriction);
	kr_string_put(&string);
	if (ret)
		return ret;
	ret = kr_ring_restrict(ring, restriction);
	if (ret)
		restriction->drop(restriction);
	return ret;
}

static long restrict_ring(struct kr_key *ring, const char __user *utype,
			  const char __user *ustring)
{
	if (!utype != !ustring)
		return -EINVAL;
	if (!utype)
		return kr_ring_restrict(ring, &kr_restriction_all);
	return restrict_by_type(ring, utype, ustring);
}

long kr_op_restrict_keyring(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct kr_key_ref ref;
	long ret;

	ret = kr_cred_lookup(a2, 0, KR_SETATTR, &ref);
	if (ret)
		return ret;
	ret = restrict_ring(ref.key, (const char __user *)a3, (const char __user *)a4);
	kr_key_put(ref.key);
	return ret;
}
