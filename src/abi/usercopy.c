// SPDX-License-Identifier: GPL-2.0-only
/* Drawing the arguments of the calls into the kernel. */
#include "abi_internal.h"

#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/*
 * What was copied is what counts: a string that changes meanwhile is copied
 * whole or refused, and its length is taken from the copy.
 */
static long copy_string(char *to, const char __user *user, size_t size)
{
	long len = strncpy_from_user(to, user, size);

	return len == size ? -E2BIG : len;
}

static long copy_long_string(struct kr_string *string, const char __user *user, size_t max)
{
	long len;

	string->str = kmalloc(max, GFP_KERNEL);
	if (!string->str)
		return -ENOMEM;
	len = copy_string(string->str, user, max);
	if (len < 0)
		kfree(string->str);
	return len;
}

int kr_string_get(struct kr_string *string, const char __user *user, size_t max)
{
	long len;

	string->str = string->small;
	len = copy_string(string->small, user, sizeof(string->small));
	if (len == -E2BIG)
		len = copy_long_string(string, user, max);
	if (len == -E2BIG)
		return -EINVAL;
	return len < 0 ? len : 0;
}

void kr_string_put(struct kr_string *string)
{
	if (string->str != string->small)
		kfree(string->str);
}

int kr_type_name_get(char name[KR_TYPE_NAME_MAX + 1], const char __user *user)
{
	long len = copy_string(name, user, KR_TYPE_NAME_MAX + 1);

	if (len == 0 || len == -E2BIG)
		return -EINVAL;
	if (len < 0)
		return len;
	return name[0] == '.' ? -EPERM : 0;
}

struct kr_payload *kr_payload_from_user(const void __user *user, size_t len)
{
	struct kr_payload *payload;

	if (!len)
		return NULL;
	payload = kr_payload_alloc(len);
	if (!payload)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(payload->data, user, len)) {
		kr_payload_put_now(payload);
		return ERR_PTR(-EFAULT);
	}
	return payload;
}
