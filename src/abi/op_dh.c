// SPDX-License-Identifier: GPL-2.0-only
/*
 * KEYCTL_DH_COMPUTE: a power modulo a prime, of three numbers that are payloads
 * of `user` keys, as it is or through the key derivation function of SP800-56A.
 * The arithmetic and the hashes are the kernel's crypto API's.
 */
#include "abi_internal.h"

#include <crypto/dh.h>
#include <crypto/hash.h>
#include <crypto/kpp.h>
#include <keyrings/compat.h>
#include <linux/compat.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define KDF_OUTPUT_MAX		1024	/* bytes that may be derived */
#define KDF_OTHERINFO_MAX	64	/* bytes that may be hashed besides the secret */

/* struct keyctl_kdf_params as a 32-bit process lays it out. */
struct kdf_params32 {
	compat_uptr_t hashname;
	compat_uptr_t otherinfo;
	u32 otherinfolen;
	u32 spare[8];
};

static_assert(sizeof(struct kdf_params32) == 44);
static_assert(sizeof(struct keyctl_dh_params) == 12);

/* What the caller wants made of the shared secret; without @hash, nothing. */
struct kdf {
	struct crypto_shash *hash;
	const char __user *otherinfo;
	size_t otherinfo_len;
};

/* Where the result goes. */
struct result {
	char __user *buf;
	size_t len;
};

static int kdf_params_from_user(struct keyctl_kdf_params *params, const void __user *user)
{
	struct kdf_params32 narrow;

	if (!in_compat_syscall())
		return copy_from_user(params, user, sizeof(*params)) ? -EFAULT : 0;

	if (copy_from_user(&narrow, user, sizeof(narrow)))
		return -EFAULT;
	params->hashname = compat_ptr(narrow.hashname);
	params->otherinfo = compat_ptr(narrow.otherinfo);
	params->otherinfolen = narrow.otherinfolen;
	memcpy(params->__spare, narrow.spare, sizeof(params->__spare));
	return 0;
}

static struct crypto_shash *hash_alloc(const char __user *user)
{
	struct crypto_shash *hash;
	struct kr_string name;
	int ret;

	ret = kr_string_get(&name, user, CRYPTO_MAX_ALG_NAME);
	if (ret)
		return ERR_PTR(ret);
	hash = crypto_alloc_shash(name.str, 0, 0);
	kr_string_put(&name);
	if (!IS_ERR(hash) && !crypto_shash_digestsize(hash)) {
		crypto_free_shash(hash);
		return ERR_PTR(-EINVAL);
	}
	return hash;
}

static int kdf_get(struct kdf *kdf, const struct keyctl_kdf_params *params, size_t len)
{
	if (memchr_inv(params->__spare, 0, sizeof(params->__spare)))
		return -EINVAL;
	if (len > KDF_OUTPUT_MAX || params->otherinfolen > KDF_OTHERINFO_MAX)
		return -EMSGSIZE;
	kdf->otherinfo = params->otherinfo;
	kdf->otherinfo_len = params->otherinfolen;
	kdf->hash = hash_alloc(params->hashname);
	return PTR_ERR_OR_ZERO(kdf->hash);
}

/* One block of the output: the hash of counter, secret and other information. */
static int kdf_block(struct crypto_shash *hash, u32 counter, const u8 *in, size_t len, u8 *out)
{
	__be32 prefix = cpu_to_be32(counter);
	SHASH_DESC_ON_STACK(desc, hash);
	int ret;

	desc->tfm = hash;
	ret = crypto_shash_init(desc);
	if (!ret)
		ret = crypto_shash_update(desc, (const u8 *)&prefix, sizeof(prefix));
	if (!ret)
		ret = crypto_shash_finup(desc, in, len, out);
	shash_desc_zero(desc);
	return ret;
}

static long write_derived(const struct kdf *kdf, const u8 *in, size_t in_len,
			  const struct result *result)
{
	size_t block = crypto_shash_digestsize(kdf->hash), done;
	u32 counter = 1;
	long ret = 0;
	u8 *out;

	out = kmalloc(roundup(result->len, block), GFP_KERNEL);
	if (!out)
		return -ENOMEM;
	for (done = 0; !ret && done < result->len; done += block)
		ret = kdf_block(kdf->hash, counter++, in, in_len, out + done);
	if (!ret)
		ret = copy_to_user(result->buf, out, result->len) ? -EFAULT : result->len;
	kfree_sensitive(out);
	return ret;
}

static long write_secret(const struct kdf *kdf, u8 *secret, size_t len,
			 const struct result *result)
{
	if (!kdf->hash)
		return copy_to_user(result->buf, secret, len) ? -EFAULT : len;
	/* There is room for it behind the secret. */
	if (copy_from_user(secret + len, kdf->otherinfo, kdf->otherinfo_len))
		return -EFAULT;
	return write_derived(kdf, secret, len + kdf->otherinfo_len, result);
}

/* A copy of the bytes that a key says of itself; they may change while we look. */
static int copy_payload(struct kr_key *key, const void **data, unsigned int *size)
{
	struct kr_buf buf = {};
	long len;

	for (;;) {
		len = key->type->read(key, &buf);
		if (len <= (long)buf.len)
			break;
		kfree_sensitive(buf.kernel);
		buf.len = len;
		buf.kernel = kmalloc(len, GFP_KERNEL);
		if (!buf.kernel)
			return -ENOMEM;
	}
	if (len < 0) {
		kfree_sensitive(buf.kernel);
		return -ENOKEY;
	}
	*data = buf.kernel;
	*size = len;
	return 0;
}

/* One of the three numbers. Whatever is wrong with the ID, there is no such key. */
static int number_get(s32 id, const void **data, unsigned int *size)
{
	struct kr_key_ref ref;
	int ret;

	if (kr_cred_lookup(id, 0, KR_READ, &ref))
		return -ENOKEY;
	if (ref.key->type == kr_key_type_find("user"))
		ret = copy_payload(ref.key, data, size);
	else
		ret = -EOPNOTSUPP;
	kr_key_put(ref.key);
	return ret;
}

static void numbers_put(struct dh *numbers)
{
	kfree_sensitive(numbers->key);
	kfree_sensitive(numbers->p);
	kfree_sensitive(numbers->g);
}

static int numbers_get(struct dh *numbers, const struct keyctl_dh_params *ids)
{
	int ret;

	ret = number_get(ids->prime, &numbers->p, &numbers->p_size);
	if (!ret)
		ret = number_get(ids->base, &numbers->g, &numbers->g_size);
	if (!ret)
		ret = number_get(ids->private, &numbers->key, &numbers->key_size);
	if (ret)
		numbers_put(numbers);
	return ret;
}

/* The transform that knows the three numbers, or an ERR_PTR. */
static struct crypto_kpp *dh_alloc(const struct dh *numbers)
{
	unsigned int len = crypto_dh_key_len(numbers);
	struct crypto_kpp *dh;
	char *packed;
	int ret;

	packed = kvmalloc(len, GFP_KERNEL);
	if (!packed)
		return ERR_PTR(-ENOMEM);
	ret = crypto_dh_encode_key(packed, len, numbers);
	dh = ret ? ERR_PTR(ret) : crypto_alloc_kpp("dh", 0, 0);
	if (IS_ERR(dh))
		goto out;
	ret = crypto_kpp_set_secret(dh, packed, len);
	if (ret) {
		crypto_free_kpp(dh);
		dh = ERR_PTR(ret);
	}
out:
	kvfree_sensitive(packed, len);
	return dh;
}

/* base^private mod prime: making a public key and a shared secret are one sum. */
static int dh_compute(struct crypto_kpp *dh, u8 *secret, unsigned int *len)
{
	DECLARE_CRYPTO_WAIT(wait);
	struct kpp_request *req;
	struct scatterlist sg;
	int ret;

	req = kpp_request_alloc(dh, GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	sg_init_one(&sg, secret, *len);
	kpp_request_set_input(req, NULL, 0);
	kpp_request_set_output(req, &sg, *len);
	kpp_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG | CRYPTO_TFM_REQ_MAY_SLEEP,
				 crypto_req_done, &wait);
	ret = crypto_wait_req(crypto_kpp_generate_public_key(req), &wait);
	*len = req->dst_len;
	kpp_request_free(req);
	return ret;
}

static long compute(struct crypto_kpp *dh, const struct kdf *kdf, const struct result *result)
{
	unsigned int len = crypto_kpp_maxsize(dh);
	u8 *secret;
	long ret;

	if (!kdf->hash && !result->len)
		return len;
	if (!kdf->hash && result->len < len)
		return -EOVERFLOW;
	secret = kzalloc(len + kdf->otherinfo_len, GFP_KERNEL);
	if (!secret)
		return -ENOMEM;
	ret = dh_compute(dh, secret, &len);
	if (!ret)
		ret = write_secret(kdf, secret, len, result);
	kfree_sensitive(secret);
	return ret;
}

static long compute_of_keys(const struct keyctl_dh_params *ids, const struct kdf *kdf,
			    const struct result *result)
{
	struct dh numbers = {};
	struct crypto_kpp *dh;
	long ret;

	ret = numbers_get(&numbers, ids);
	if (ret)
		return ret;
	dh = dh_alloc(&numbers);
	numbers_put(&numbers);
	if (IS_ERR(dh))
		return PTR_ERR(dh);
	ret = compute(dh, kdf, result);
	crypto_free_kpp(dh);
	return ret;
}

long kr_op_dh_compute(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	const struct result result = { .buf = (char __user *)a3, .len = a4 };
	const void __user *user_params = (const void __user *)a2;
	const void __user *user_kdf = (const void __user *)a5;
	struct keyctl_kdf_params kdf_params;
	struct keyctl_dh_params ids;
	struct kdf kdf = {};
	long ret;

	if (!KR_KERNEL_HAS_DH)
		return -EOPNOTSUPP;
	ret = user_kdf ? kdf_params_from_user(&kdf_params, user_kdf) : 0;
	if (ret)
		return ret;
	if (!user_params || (!result.buf && result.len))
		return -EINVAL;
	if (copy_from_user(&ids, user_params, sizeof(ids)))
		return -EFAULT;
	if (kr_all_foreign(ids.prime, ids.base) && kr_all_foreign(ids.private, 0))
		return KR_FOREIGN;

	ret = user_kdf ? kdf_get(&kdf, &kdf_params, result.len) : 0;
	if (ret)
		return ret;
	ret = compute_of_keys(&ids, &kdf, &result);
	if (kdf.hash)
		crypto_free_shash(kdf.hash);
	return ret;
}
