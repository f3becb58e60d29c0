// SPDX-License-Identifier: GPL-2.0-only
/*
 * Public-key operations: keyctl_pkey_query(3), keyctl_pkey_encrypt(3),
 * keyctl_pkey_sign(3). The type of the key does them; here the arguments are
 * drawn in, checked against what the key says of itself, and the answer given.
 */
#include "abi_internal.h"

#include <linux/err.h>
#include <linux/keyctl.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/**
 * struct pkey_call - one call on its way
 * @user: the lengths the caller gives, and the key
 * @info: the string of options, cut into pieces
 * @params: what the type is told; its strings are pieces of @info
 * @query: what the key says of itself
 * @ref: the key
 */
struct pkey_call {
	struct keyctl_pkey_params user;
	struct kr_string info;
	struct kernel_pkey_params params;
	struct kernel_pkey_query query;
	struct kr_key_ref ref;
};

/* "key=value": each key at most once, no value empty. */
static int parse_option(struct kernel_pkey_params *params, char *option)
{
	static const char enc[] = "enc=", hash[] = "hash=";
	const char **value;
	size_t len;

	if ((len = str_has_prefix(option, enc)))
		value = &params->encoding;
	else if ((len = str_has_prefix(option, hash)))
		value = &params->hash_algo;
	else
		return -EINVAL;
	if (*value || !option[len])
		return -EINVAL;
	*value = option + len;
	return 0;
}

static int parse_info(struct pkey_call *call)
{
	char *rest = call->info.str, *option;
	int ret;

	while ((option = strsep(&rest, " \t"))) {
		ret = *option ? parse_option(&call->params, option) : 0;
		if (ret)
			return ret;
	}
	if (!call->params.encoding)
		call->params.encoding = "raw";
	return 0;
}

static int find_key(struct pkey_call *call, s32 id)
{
	int ret = kr_cred_lookup(id, 0, KR_SEARCH, &call->ref);

	if (ret)
		return ret;
	ret = -EOPNOTSUPP;
	if (call->ref.key->type->pkey)
		ret = call->ref.key->type->pkey->query(call->ref.key, &call->params, &call->query);
	if (ret)
		kr_key_put(call->ref.key);
	return ret;
}

/* On success pkey_end() must follow. */
static int pkey_begin(struct pkey_call *call, s32 id, const char __user *uinfo)
{
	int ret;

	memset(&call->params, 0, sizeof(call->params));
	ret = kr_string_get(&call->info, uinfo, PAGE_SIZE);
	if (ret)
		return ret;
	ret = parse_info(call) ?: find_key(call, id);
	if (ret)
		kr_string_put(&call->info);
	return ret;
}

static void pkey_end(struct pkey_call *call)
{
	kr_key_put(call->ref.key);
	kr_string_put(&call->info);
}

long kr_op_pkey_query(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct keyctl_pkey_query __user *answer = (struct keyctl_pkey_query __user *)a5;
	struct keyctl_pkey_query query = {};
	struct pkey_call call = {};
	long ret;

	if (a3)
		return -EINVAL;
	ret = pkey_begin(&call, a2, (const char __user *)a4);
	if (ret)
		return ret;
	query.supported_ops = call.query.supported_ops;
	query.key_size = call.query.key_size;
	query.max_data_size = call.query.max_data_size;
	query.max_sig_size = call.query.max_sig_size;
	query.max_enc_size = call.query.max_enc_size;
	query.max_dec_size = call.query.max_dec_size;
	pkey_end(&call);
	return copy_to_user(answer, &query, sizeof(query)) ? -EFAULT : 0;
}

/* The longest input and the longest second input or output of an operation. */
static void limits_of(const struct pkey_call *call, u32 *in, u32 *out)
{
	const struct kernel_pkey_query *query = &call->query;

	switch (call->params.op) {
	case kernel_pkey_encrypt:
		*in = query->max_dec_size;
		*out = query->max_enc_size;
		break;
	case kernel_pkey_decrypt:
		*in = query->max_enc_size;
		*out = query->max_dec_size;
		break;
	default:
		*in = query->max_data_size;
		*out = query->max_sig_size;
	}
}

/*
 * It may be a text, to be wiped also when only its beginning can be read: memdup_user() would
 * free that as it is.
 */
static int draw_in(const void __user *uin, u32 len, u8 **in)
{
	*in = kmalloc(len, GFP_USER | __GFP_NOWARN);
	if (!*in)
		return -ENOMEM;
	if (!copy_from_user(*in, uin, len))
		return 0;
	kfree_sensitive(*in);
	return -EFAULT;
}

/* With a key: check the lengths and draw the input in. */
static int get_input(struct pkey_call *call, const void __user *uin, u8 **in)
{
	u32 max_in, max_out;

	limits_of(call, &max_in, &max_out);
	if (call->user.in_len > max_in || call->user.out_len > max_out)
		return -EINVAL;
	call->params.in_len = call->user.in_len;
	call->params.out_len = max_out;
	return draw_in(uin, call->user.in_len, in);
}

static long crypt(struct pkey_call *call, const void __user *uin, void __user *uout)
{
	u8 *in, *out;
	long ret;

	ret = get_input(call, uin, &in);
	if (ret)
		return ret;
	ret = -ENOMEM;
	out = kzalloc(call->params.out_len, GFP_KERNEL);
	if (out)
		ret = call->ref.key->type->pkey->crypt(call->ref.key, &call->params, in, out);
	/* The caller's buffer may be shorter than what the key can make. */
	if (ret > call->user.out_len)
		ret = -EINVAL;
	else if (ret > 0 && copy_to_user(uout, out, ret))
		ret = -EFAULT;
	kfree_sensitive(out);
	kfree_sensitive(in);
	return ret;
}

/* The signature has the length that the caller says. */
static long verify(struct pkey_call *call, const void __user *uin, const void __user *usignature)
{
	u8 *in, *signature;
	long ret;

	ret = get_input(call, uin, &in);
	if (ret)
		return ret;
	call->params.in2_len = call->user.in2_len;
	signature = memdup_user(usignature, call->params.in2_len);
	ret = PTR_ERR_OR_ZERO(signature);
	if (!ret) {
		ret = call->ref.key->type->pkey->verify(call->ref.key, &call->params, in,
							signature);
		kfree(signature);
	}
	kfree(in);
	return ret;
}

static long pkey_operation(enum kernel_pkey_operation op, unsigned long a2, unsigned long a3,
			   unsigned long a4, unsigned long a5)
{
	struct pkey_call call;
	long ret;

	if (copy_from_user(&call.user, (const void __user *)a2, sizeof(call.user)))
		return -EFAULT;
	ret = pkey_begin(&call, call.user.key_id, (const char __user *)a3);
	if (ret)
		return ret;
	call.params.op = op;
	if (op == kernel_pkey_verify)
		ret = verify(&call, (const void __user *)a4, (const void __user *)a5);
	else
		ret = crypt(&call, (const void __user *)a4, (void __user *)a5);
	pkey_end(&call);
	return ret;
}

long kr_op_pkey_encrypt(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	return pkey_operation(kernel_pkey_encrypt, a2, a3, a4, a5);
}

long kr_op_pkey_decrypt(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	return pkey_operation(kernel_pkey_decrypt, a2, a3, a4, a5);
}

long kr_op_pkey_sign(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	return pkey_operation(kernel_pkey_sign, a2, a3, a4, a5);
}

long kr_op_pkey_verify(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	return pkey_operation(kernel_pkey_verify, a2, a3, a4, a5);
}
