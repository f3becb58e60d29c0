// SPDX-License-Identifier: GPL-2.0-only
/*
 * The type `big_key`: up to 1 MiB that the kernel does not look at (keyrings(7),
 * "Key types"). A small payload is kept as it is. A large one lies in a file in
 * shared memory, which may be swapped out; therefore it is encrypted, with a
 * key of its own that stays in memory and is used once.
 *
 * The cipher is ChaCha20 and the check a BLAKE2s digest of the encrypted bytes,
 * kept beside the key: the two primitives that the kernel's random number
 * generator is made of, present in every kernel. The authenticated modes that
 * the kernel has besides are modules of their own on Debian, and not to be had
 * before the root file system is.
 *
 * The file is in nobody's table of files. It is read and written page by page,
 * so that neither limits on file sizes nor the rules for files of security
 * modules get between a key and those who may read it.
 */
#include <keyrings/types.h>

#include <crypto/blake2s.h>
#include <crypto/chacha.h>
#include <keyrings/key.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/init_task.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "types_internal.h"

#define BIG_PAYLOAD_MAX	(1024 * 1024)
#define BIG_QUOTA	16	/* bytes charged for a payload, however large */

/* Up to this size the payload costs less memory than what a file is made of. */
#define BIG_FILE_THRESHOLD	(sizeof(struct inode) + sizeof(struct dentry))

static_assert(PAGE_SIZE % CHACHA_BLOCK_SIZE == 0);

/**
 * struct seal - what it takes to read the file
 * @key: of the cipher
 * @digest: of the encrypted bytes
 */
struct seal {
	u32 key[CHACHA_KEY_SIZE / sizeof(u32)];
	u8 digest[BLAKE2S_HASH_SIZE];
};

/**
 * struct big - the payload of a big key
 * @rcu: frees it after those who describe the key
 * @len: bytes of the key's content; constant
 * @secret: the content or, with a file, its seal; NULL once the key is revoked; the key's lock
 * @file: the content, encrypted; NULL when it is small or the key is revoked; the key's lock
 */
struct big {
	struct rcu_head rcu;
	size_t len;
	struct kr_payload *secret;
	struct file *file;
};

/* Bytes on their way through cipher and digest, in this order. */
struct stream {
	u32 state[CHACHA_STATE_WORDS];
	struct blake2s_state hash;
};

static bool in_file(const struct big *big)
{
	return big->len > BIG_FILE_THRESHOLD;
}

static struct seal *seal_of(const struct kr_payload *secret)
{
	return (struct seal *)secret->data;
}

/* The key is used once, so one nonce will do. */
static void stream_begin(struct stream *stream, const struct seal *seal)
{
	static const u8 nonce[CHACHA_IV_SIZE];

	chacha_init_generic(stream->state, seal->key, nonce);
	blake2s_init(&stream->hash, BLAKE2S_HASH_SIZE);
}

static void stream_end(struct stream *stream, u8 digest[BLAKE2S_HASH_SIZE])
{
	blake2s_final(&stream->hash, digest);
	memzero_explicit(stream, sizeof(*stream));
}

/* Encrypts or decrypts; all calls but the last with whole blocks. */
static void stream_crypt(struct stream *stream, u8 *data, size_t len)
{
	u8 pad[CHACHA_BLOCK_SIZE] __aligned(sizeof(u32));
	size_t n, i;

	for (; len; len -= n, data += n) {
		n = min(len, sizeof(pad));
		chacha20_block(stream->state, pad);
		for (i = 0; i < n; i++)
			data[i] ^= pad[i];
	}
	memzero_explicit(pad, sizeof(pad));
}

static int page_write(struct file *file, pgoff_t index, const u8 *data, size_t len)
{
	struct page *page = shmem_read_mapping_page(file->f_mapping, index);

	if (IS_ERR(page))
		return PTR_ERR(page);
	memcpy_to_page(page, 0, data, len);
	set_page_dirty(page);
	put_page(page);
	return 0;
}

static int page_read(struct file *file, pgoff_t index, u8 *data, size_t len)
{
	struct page *page = shmem_read_mapping_page(file->f_mapping, index);

	if (IS_ERR(page))
		return PTR_ERR(page);
	memcpy_from_page(data, page, 0, len);
	put_page(page);
	return 0;
}

/* Encrypts @data where it is, and writes it. */
static int file_write(struct file *file, struct seal *seal, u8 *data, size_t len)
{
	struct stream stream;
	pgoff_t index;
	size_t n;
	int ret = 0;

	stream_begin(&stream, seal);
	for (index = 0; !ret && len; index++, data += n, len -= n) {
		n = min(len, PAGE_SIZE);
		stream_crypt(&stream, data, n);
		blake2s_update(&stream.hash, data, n);
		ret = page_write(file, index, data, n);
		cond_resched();
	}
	stream_end(&stream, seal->digest);
	return ret;
}

/* What is in @data is to be believed after success only. */
static int file_read(struct file *file, const struct seal *seal, u8 *data, size_t len)
{
	u8 digest[BLAKE2S_HASH_SIZE];
	struct stream stream;
	pgoff_t index;
	size_t n;
	int ret = 0;

	stream_begin(&stream, seal);
	for (index = 0; !ret && len; index++, data += n, len -= n) {
		n = min(len, PAGE_SIZE);
		ret = page_read(file, index, data, n);
		if (ret)
			break;
		blake2s_update(&stream.hash, data, n);
		stream_crypt(&stream, data, n);
		cond_resched();
	}
	stream_end(&stream, digest);
	if (!ret && memcmp(digest, seal->digest, sizeof(digest)))
		ret = -EBADMSG;
	return ret;
}

/* Drops what big_get() took. The file goes later, for its own task or worker. */
static void secret_put(struct kr_payload *secret, struct file *file)
{
	kr_payload_put(secret);
	if (file)
		fput(file);
}

/* No reader can be left, or none ever was. */
static void big_free(struct big *big)
{
	if (!big)
		return;
	kr_payload_put_now(big->secret);
	if (big->file)
		fput(big->file);
	kfree(big);
}

/* The kernel's own shared memory has no size that it could exceed. */
static int memory_error(int error)
{
	return error == -ENOSPC ? -ENOMEM : error;
}

static const struct cred *file_cred;

/*
 * A file holds the credentials that open it, and these hold their UID and user
 * namespace. With the caller's own, a key below the UID's rings would keep the
 * UID, and so these rings, for ever. So it is the kernel's that open it, without
 * any capability: with those the limits on open files and on committed memory
 * would not hold for anybody's keys; without, the reserve of both that is root's
 * is not for keys. No key is looked for meanwhile, so nobody takes note of the
 * change.
 */
static struct file *file_new(size_t len)
{
	const struct cred *saved = override_creds(file_cred);
	struct file *file = shmem_file_setup("big_key", len, 0);

	revert_creds(saved);
	return file;
}

int kr_big_key_init(void)
{
	struct cred *cred = prepare_kernel_cred(&init_task);

	if (!cred)
		return -ENOMEM;
	cap_clear(cred->cap_effective);
	file_cred = cred;
	return 0;
}

/* Files that still wait to be freed hold references of their own. */
void kr_big_key_exit(void)
{
	put_cred(file_cred);
}

/* The caller's bytes into a file, with a seal in their stead. */
static int big_seal(struct big *big, struct kr_payload *data)
{
	struct file *file;
	int ret;

	big->secret = kr_payload_alloc(sizeof(struct seal));
	if (!big->secret)
		return -ENOMEM;
	ret = get_random_bytes_wait(seal_of(big->secret)->key, CHACHA_KEY_SIZE);
	if (ret)
		return ret;
	file = file_new(data->len);
	if (IS_ERR(file))
		return memory_error(PTR_ERR(file));
	big->file = file;
	return memory_error(file_write(file, seal_of(big->secret), data->data, data->len));
}

static int big_preparse(struct kr_prep *prep)
{
	struct kr_payload *data = prep->data;
	struct big *big;
	int ret = 0;

	if (!data || !data->len || data->len > BIG_PAYLOAD_MAX)
		return -EINVAL;
	big = kzalloc(sizeof(*big), GFP_KERNEL);
	if (!big)
		return -ENOMEM;
	prep->payload = big;
	prep->quotalen = BIG_QUOTA;
	prep->data = NULL;

	big->len = data->len;
	if (in_file(big)) {
		ret = big_seal(big, data);
		kr_payload_put_now(data);
	} else {
		big->secret = data;
	}
	return ret;
}

static void big_free_preparse(struct kr_prep *prep)
{
	big_free(prep->payload);
	prep->payload = NULL;
}

/* Swap the payload under the key's lock; the old one is returned in @old. */
static int set_payload(struct kr_key *key, struct kr_prep *prep, struct big **old)
{
	int ret;

	lockdep_assert_held(&key->lock);
	/* A revoked key does not get a payload again. */
	if (test_bit(KR_KEY_REVOKED, &key->flags))
		return -EKEYREVOKED;
	ret = kr_key_set_payload_quota(key, prep->quotalen);
	if (ret)
		return ret;
	*old = rcu_dereference_protected(key->payload, lockdep_is_held(&key->lock));
	rcu_assign_pointer(key->payload, prep->payload);
	prep->payload = NULL;
	return 0;
}

/* Instantiates and updates: an update leaves the time of expiry as it is. */
static int big_set(struct kr_key *key, struct kr_prep *prep)
{
	struct big *old = NULL;
	int ret;

	spin_lock(&key->lock);
	ret = set_payload(key, prep, &old);
	spin_unlock(&key->lock);
	if (old) {
		secret_put(old->secret, old->file);
		kfree_rcu(old, rcu);
	}
	return ret;
}

/* The content goes, with its last reader; how long it was is still told. */
static void big_revoke(struct kr_key *key)
{
	struct kr_payload *secret = NULL;
	struct file *file = NULL;
	struct big *big;

	spin_lock(&key->lock);
	kr_key_set_payload_quota(key, 0);
	big = rcu_dereference_protected(key->payload, lockdep_is_held(&key->lock));
	if (big) {
		swap(big->secret, secret);
		swap(big->file, file);
	}
	spin_unlock(&key->lock);
	secret_put(secret, file);
}

/* In an RCU callback: fput() leaves the rest to a worker, and no code of ours to it. */
static void big_destroy(struct kr_key *key)
{
	big_free(rcu_dereference_protected(key->payload, true));
}

static void big_describe(const struct kr_key *key, struct seq_file *m)
{
	const struct big *big = rcu_dereference(key->payload);

	seq_puts(m, key->desc);
	if (kr_key_state(key) == KR_POSITIVE && big)
		seq_printf(m, ": %zu [%s]", big->len, in_file(big) ? "file" : "buff");
}

/* The payload as it is now, with references on secret and file. */
static int big_get(struct kr_key *key, struct big *copy)
{
	const struct big *big;
	int ret = -EKEYREVOKED;

	spin_lock(&key->lock);
	big = rcu_dereference_protected(key->payload, lockdep_is_held(&key->lock));
	if (big && big->secret) {
		copy->len = big->len;
		copy->secret = big->secret;
		refcount_inc(&big->secret->usage);
		copy->file = big->file ? get_file(big->file) : NULL;
		ret = 0;
	}
	spin_unlock(&key->lock);
	return ret;
}

static int write_from_file(const struct big *big, const struct kr_buf *buf)
{
	struct kr_payload *content = kr_payload_alloc(big->len);
	int ret;

	if (!content)
		return -ENOMEM;
	ret = file_read(big->file, seal_of(big->secret), content->data, big->len);
	if (!ret)
		ret = kr_buf_write(buf, 0, content->data, big->len);
	kr_payload_put_now(content);
	return ret;
}

static long big_read(struct kr_key *key, const struct kr_buf *buf)
{
	struct big big;
	int ret;

	ret = big_get(key, &big);
	if (ret)
		return ret;
	if (buf->len < big.len)
		ret = 0;
	else if (big.file)
		ret = write_from_file(&big, buf);
	else
		ret = kr_buf_write(buf, 0, big.secret->data, big.len);
	secret_put(big.secret, big.file);
	return ret ?: big.len;
}

struct kr_key_type kr_type_big_key = {
	.name		= "big_key",
	.preparse	= big_preparse,
	.free_preparse	= big_free_preparse,
	.instantiate	= big_set,
	.update		= big_set,
	.revoke		= big_revoke,
	.destroy	= big_destroy,
	.describe	= big_describe,
	.read		= big_read,
};
