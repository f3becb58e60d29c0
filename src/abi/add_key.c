// SPDX-License-Identifier: GPL-2.0-only
/* add_key(2) and request_key(2). */
#include "abi_internal.h"

#include <keyrings/request.h>
#include <linux/mm.h>
#include <linux/string.h>

/* The names of the module's own rings begin with a dot; so does no other's. */
static bool reserved_name(const char *type, const char *desc)
{
	return desc[0] == '.' && !strncmp(type, "keyring", 7);
}

static long add_to_ring(const char *type_name, struct kr_prep *prep, s32 ringid)
{
	const struct kr_key_type *type;
	struct kr_key_ref ring, key;
	long ret;

	ret = kr_cred_lookup(ringid, KR_LOOKUP_CREATE, KR_WRITE, &ring);
	if (ret)
		return ret;

	type = kr_key_type_find(type_name);
	if (IS_ERR_OR_NULL(type))
		ret = PTR_ERR(type) ?: -ENODEV;
	else
		ret = kr_ring_add_key(&ring, type, prep, current_cred(), &key);
	if (!ret) {
		ret = key.key->serial;
		kr_key_put(key.key);
	}
	kr_key_put(ring.key);
	return ret;
}

static long add_with_desc(const char *type_name, const char *desc, const void __user *payload,
			  size_t plen, s32 ringid)
{
	struct kr_prep prep = { .desc = desc };
	long ret;

	prep.data = kr_payload_from_user(payload, plen);
	if (IS_ERR(prep.data))
		return PTR_ERR(prep.data);
	ret = add_to_ring(type_name, &prep, ringid);
	kr_payload_put_now(prep.data);
	return ret;
}

long kr_abi_add_key(const char __user *utype, const char __user *udesc,
		    const void __user *payload, size_t plen, s32 ringid)
{
	char type_name[KR_TYPE_NAME_MAX + 1];
	struct kr_string desc;
	long ret;

	if (plen > KR_PAYLOAD_MAX)
		return -EINVAL;
	ret = kr_type_name_get(type_name, utype);
	if (ret)
		return ret;
	if (!udesc)
		return kr_abi_answer(add_with_desc(type_name, NULL, payload, plen, ringid));

	ret = kr_string_get(&desc, udesc, KR_DESC_MAX + 1);
	if (ret)
		return ret;
	if (reserved_name(type_name, desc.str))
		ret = -EPERM;
	else
		ret = add_with_desc(type_name, *desc.str ? desc.str : NULL, payload, plen, ringid);
	kr_string_put(&desc);
	return kr_abi_answer(ret);
}

static long request(const char *type_name, const char *desc, struct kr_payload *callout,
		    s32 destringid)
{
	const struct kr_key_type *type;
	struct kr_key_ref dest = {};
	struct kr_key *key;
	long ret;

	if (destringid) {
		ret = kr_cred_lookup(destringid, KR_LOOKUP_CREATE, KR_WRITE, &dest);
		if (ret)
			return ret;
	}

	type = kr_key_type_find(type_name);
	if (IS_ERR_OR_NULL(type))
		ret = PTR_ERR(type) ?: -ENOKEY;
	else
		ret = kr_request_key(type, desc, callout, dest.key, &key);
	if (!ret) {
		ret = key->serial;
		kr_key_put(key);
	}
	kr_key_put(dest.key);
	return ret;
}

/* NULL for none; an empty one is one. */
static struct kr_payload *callout_from_user(const char __user *user)
{
	struct kr_payload *payload;
	struct kr_string string;
	int ret;

	if (!user)
		return NULL;
	ret = kr_string_get(&string, user, PAGE_SIZE);
	if (ret)
		return ERR_PTR(ret);
	payload = kr_payload_alloc(strlen(string.str));
	if (payload)
		memcpy(payload->data, string.str, payload->len);
	kr_string_put(&string);
	return payload ?: ERR_PTR(-ENOMEM);
}

static long request_with_callout(const char *type_name, const char *desc,
				 const char __user *ucallout, s32 destringid)
{
	struct kr_payload *callout = callout_from_user(ucallout);
	long ret;

	if (IS_ERR(callout))
		return PTR_ERR(callout);
	ret = request(type_name, desc, callout, destringid);
	kr_payload_put(callout);
	return ret;
}

long kr_abi_request_key(const char __user *utype, const char __user *udesc,
			const char __user *callout, s32 destringid)
{
	char type_name[KR_TYPE_NAME_MAX + 1];
	struct kr_string desc;
	long ret;

	ret = kr_type_name_get(type_name, utype);
	if (ret)
		return ret;
	ret = kr_string_get(&desc, udesc, KR_DESC_MAX + 1);
	if (ret)
		return ret;
	ret = request_with_callout(type_name, desc.str, callout, destringid);
	kr_string_put(&desc);
	return kr_abi_answer(ret);
}
