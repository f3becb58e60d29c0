// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in what is computed with keys: Diffie-Hellman, asymmetric keys; and in
 * notifications about keys. The asymmetric keys are those of the tests of the
 * kernel as a user of keys (make-keys.sh there).
 */
#include <kselftest_harness.h>

#include <linux/if_alg.h>
#include <sys/socket.h>

#include "keyctl_abi.h"
#include "sweep.h"
#include "watches.h"

enum { RSA_BYTES = 256, PRIME_BYTES = 192, DERIVED_BYTES = 48 };

#define SIGNATURE "enc=pkcs1 hash=sha256"

/* ---- Diffie-Hellman ---- */

static struct dh_ids numbers;
static unsigned char modulus[PRIME_BYTES];

/* An odd number of 1536 bits, and small ones: (2 ^ 0x15) % modulus is a power of 2 */
static void three_numbers(struct scene *s)
{
	memset(modulus, 0xff, sizeof(modulus));
	numbers.prime = must(kc_add("user", "prime", modulus, PRIME_BYTES, RING_T));
	numbers.base = must(kc_add("user", "base", "\2", 1, RING_T));
	numbers.private = must(kc_add("user", "private", "\25", 1, RING_T));
	memset(s->buf, 0, 2 * PRIME_BYTES);
}

static long dh_secret(struct scene *s)
{
	return keyctl(OP_DH_COMPUTE, (long)&numbers, (long)s->buf, PRIME_BYTES, 0);
}

static bool is_the_power(struct scene *s, long ret)
{
	return ret == PRIME_BYTES && s->buf[PRIME_BYTES - 3] == 0x20 && !s->buf[PRIME_BYTES - 1];
}

#define SUM_IS_THE_KERNELS \
	.also = EINVAL, .why = "for the kernel's algorithm a number without memory is no number"

FAULTS_IN(dh_secret, .prepare = three_numbers, .done = is_the_power, SUM_IS_THE_KERNELS);

static long dh_derive(struct scene *s)
{
	static struct kdf kdf = { .hash = "sha256", .otherinfo = "other", .otherinfo_len = 5 };

	return keyctl(OP_DH_COMPUTE, (long)&numbers, (long)s->buf, DERIVED_BYTES, (long)&kdf);
}

static bool is_derived(struct scene *s, long ret)
{
	/* so many bytes of SHA-256 are not all zero */
	return ret == DERIVED_BYTES && memcmp(s->buf, s->buf + PRIME_BYTES, DERIVED_BYTES);
}

FAULTS_IN(dh_derive, .prepare = three_numbers, .done = is_derived, SUM_IS_THE_KERNELS);

/* The same through the 32-bit door, where all that is pointed to is below 4 GiB */
static long dh_derive_32(struct scene *s)
{
	static const char hash[] = "sha256", other[] = "other";
	static struct kdf32 kdf;
	static char derived[DERIVED_BYTES];
	long ret;

	kdf = (struct kdf32){ .hash = (long)hash, .otherinfo = (long)other, .otherinfo_len = 5 };
	ret = raw_int80(NR32_KEYCTL, OP_DH_COMPUTE, (long)&numbers, (long)derived, DERIVED_BYTES,
			(long)&kdf);
	memcpy(s->buf, derived, DERIVED_BYTES);
	return ret;
}

static bool is_derived_alike(struct scene *s, long ret)
{
	char *narrow = s->buf + PRIME_BYTES;

	memcpy(narrow, s->buf, DERIVED_BYTES);
	return ret == DERIVED_BYTES && dh_derive(s) == DERIVED_BYTES &&
	       !memcmp(narrow, s->buf, DERIVED_BYTES);
}

FAULTS_IN(dh_derive_32, .prepare = three_numbers, .done = is_derived_alike, SUM_IS_THE_KERNELS);

/* ---- asymmetric keys ---- */

static char cert[4096], private_key[4096], digest[32], signature[RSA_BYTES], secret[64],
	    encrypted[RSA_BYTES], by_id[64] = "id:";
static long cert_len, private_len, secret_len;

static long file_into(const char *name, char *to, size_t room)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	long len = read(fd, to, room);

	close(fd);
	return must(len);
}

static void read_files(void)
{
	uid_t own = be_root();

	cert_len = file_into("leaf.der", cert, sizeof(cert));
	private_len = file_into("leaf.p8", private_key, sizeof(private_key));
	file_into("digest", digest, sizeof(digest));
	file_into("digest.sig", signature, sizeof(signature));
	file_into("leaf.id", by_id + 3, sizeof(by_id) - 4);
	secret_len = file_into("secret", secret, sizeof(secret));
	file_into("secret.enc", encrypted, sizeof(encrypted));
	be_no_more_root(own);
}

static void a_ring(struct scene *s)
{
	if (!cert_len)
		read_files();
	s->ring = must(kc_add_ring("r", RING_T));
	must(kc_add_user("other", "v", s->ring));
}

static long add_certificate(struct scene *s)
{
	return kc_add("asymmetric", NULL, cert, cert_len, s->ring);
}

static bool certificate_added(struct scene *s, long ret)
{
	return ret > 0 && ring_holds(s->ring, ret) == 1 &&
	       !strncmp("asymmetric;", description(ret), 11);
}

FAULTS_IN(add_certificate, .prepare = a_ring, .done = certificate_added, .of_kernel = true);

/* The kernel's type compares */
static void a_certificate(struct scene *s)
{
	a_ring(s);
	s->key = must(add_certificate(s));
}

static long search_by_id(struct scene *s)
{
	return kc_search(s->ring, "asymmetric", by_id, 0);
}

static bool is_found(struct scene *s, long ret)
{
	return ret == s->key;
}

FAULTS_IN(search_by_id, .prepare = a_certificate, .done = is_found, .of_kernel = true);

static long request_by_id(struct scene *s)
{
	(void)s;
	return kc_request("asymmetric", by_id, NULL, 0);
}

FAULTS_IN(request_by_id, .prepare = a_certificate, .done = is_found, .of_kernel = true);

static void a_private_key(struct scene *s)
{
	a_ring(s);
	s->key = must(kc_add("asymmetric", "private", private_key, private_len, s->ring));
}

static long pkey_query(struct scene *s)
{
	return keyctl(OP_PKEY_QUERY, s->key, 0, (long)"enc=pkcs1", (long)s->buf);
}

static bool is_known(struct scene *s, long ret)
{
	return !ret && ((struct pkey_query *)s->buf)->bits == 8 * RSA_BYTES;
}

FAULTS_IN(pkey_query, .prepare = a_private_key, .done = is_known, .of_kernel = true);

static long pkey(int op, long key, const char *info, const void *in, long in_len, void *out,
		 long out_len)
{
	struct pkey_params params = { .key = key, .in_len = in_len, .out_len = out_len };

	return keyctl(op, (long)&params, (long)info, (long)in, (long)out);
}

static long pkey_encrypt(struct scene *s)
{
	return pkey(OP_PKEY_ENCRYPT, s->key, "enc=pkcs1", secret, secret_len, s->buf, RSA_BYTES);
}

static bool is_encrypted(struct scene *s, long ret)
{
	char *back = s->buf + RSA_BYTES;

	return ret == RSA_BYTES && pkey(OP_PKEY_DECRYPT, s->key, "enc=pkcs1", s->buf, RSA_BYTES,
					back, RSA_BYTES) == secret_len &&
	       !memcmp(back, secret, secret_len);
}

FAULTS_IN(pkey_encrypt, .prepare = a_private_key, .done = is_encrypted,
	  .of_kernel = true, SUM_IS_THE_KERNELS);

static long pkey_decrypt(struct scene *s)
{
	return pkey(OP_PKEY_DECRYPT, s->key, "enc=pkcs1", encrypted, RSA_BYTES, s->buf, RSA_BYTES);
}

static bool is_decrypted(struct scene *s, long ret)
{
	return ret == secret_len && !memcmp(s->buf, secret, secret_len);
}

FAULTS_IN(pkey_decrypt, .prepare = a_private_key, .done = is_decrypted,
	  .of_kernel = true, SUM_IS_THE_KERNELS);

static long pkey_sign(struct scene *s)
{
	return pkey(OP_PKEY_SIGN, s->key, SIGNATURE, digest, sizeof(digest), s->buf, RSA_BYTES);
}

static bool is_signed(struct scene *s, long ret)
{
	return ret == RSA_BYTES && !memcmp(s->buf, signature, RSA_BYTES);
}

FAULTS_IN(pkey_sign, .prepare = a_private_key, .done = is_signed,
	  .of_kernel = true, SUM_IS_THE_KERNELS);

static long pkey_verify(struct scene *s)
{
	return pkey(OP_PKEY_VERIFY, s->key, SIGNATURE, digest, sizeof(digest), signature,
		    RSA_BYTES);
}

static bool is_verified(struct scene *s, long ret)
{
	(void)s;
	return !ret;
}

FAULTS_IN(pkey_verify, .prepare = a_private_key, .done = is_verified,
	  .of_kernel = true, SUM_IS_THE_KERNELS);

/* ---- restrictions that look at signatures ---- */

static void a_ring_of_trust(struct scene *s)
{
	a_ring(s);
	must(1 + kc_restrict(s->ring, "asymmetric", "key_or_keyring:0:chain"));
}

static long add_without_trust(struct scene *s)
{
	return kc_add("asymmetric", NULL, cert, cert_len, s->ring);
}

static bool is_refused(struct scene *s, long ret)
{
	return ret == -ENOKEY && ring_size(s->ring) == 1;
}

FAULTS_IN(add_without_trust, .prepare = a_ring_of_trust, .done = is_refused, .of_kernel = true,
	  .also = ENOKEY, .why = "the kernel's search for the signer takes a failed allocation for none");

/* The same, and rings of ours to look for the signer in */
static void a_ring_that_trusts_rings(struct scene *s)
{
	long anchors = must(kc_add_ring("anchors", RING_T));

	must(kc_add_ring("inner", anchors));
	a_ring(s);
	must(1 + kc_restrict(s->ring, "asymmetric", shared_text("key_or_keyring:%ld", anchors)));
}

FAULTS_LIKE(add_without_trust, add_without_trusted_rings, .prepare = a_ring_that_trusts_rings,
	    .done = is_refused, .of_kernel = true, .also = ENOKEY,
	    .why = "the kernel's search for the signer takes a failed allocation for none");

FAULTS_LIKE(add_without_trust, add_without_trusted_memory, .prepare = a_ring_that_trusts_rings,
	    .done = is_refused, .of_kernel = true, .below = "xa_store");

/* ---- keys that the kernel makes with another one, and looks for it ---- */

#define SEALED "default user:master 32 "

static void a_master(struct scene *s)
{
	s->ring = must(kc_add_ring("r", RING_T));
	must(kc_add_user("master", "the master's secret", s->ring));
}

static long add_encrypted(struct scene *s)
{
	static const char how[] = "new user:master 32";

	return kc_add("encrypted", "k", how, strlen(how), s->ring);
}

static bool encrypted_added(struct scene *s, long ret)
{
	return ret > 0 && ring_holds(s->ring, ret) == 1 &&
	       !strncmp(SEALED, payload(ret), strlen(SEALED));
}

FAULTS_IN(add_encrypted, .prepare = a_master, .done = encrypted_added, .of_kernel = true);

static void an_encrypted_key(struct scene *s)
{
	a_master(s);
	s->key = must(add_encrypted(s));
}

/*
 * The kernel's type notes the name; the master is looked for when the key is read. A name
 * of the same length: the type reserves for a longer one before it asks for memory, and
 * does not take that back.
 */
static void an_encrypted_key_and_another_master(struct scene *s)
{
	an_encrypted_key(s);
	must(kc_add_user("second", "the second's secret", s->ring));
}

static long update_encrypted(struct scene *s)
{
	static const char how[] = "update user:second";

	return kc_update(s->key, how, strlen(how));
}

static bool encrypted_updated(struct scene *s, long ret)
{
	static const char sealed[] = "default user:second 32 ";

	return !ret && !strncmp(sealed, payload(s->key), strlen(sealed));
}

FAULTS_IN(update_encrypted, .prepare = an_encrypted_key_and_another_master,
	  .done = encrypted_updated, .of_kernel = true);

static long read_encrypted(struct scene *s)
{
	return kc_read(s->key, s->buf, 1000);
}

static bool encrypted_read(struct scene *s, long ret)
{
	return ret > (long)strlen(SEALED) && !strncmp(SEALED, s->buf, strlen(SEALED));
}

FAULTS_IN(read_encrypted, .prepare = an_encrypted_key, .done = encrypted_read, .of_kernel = true);

/*
 * A blob is loaded with the master at once, while the kernel makes the key: of a master that
 * it has never had it is told afterwards, and the key is made once more.
 */
static void a_blob_and_its_master(struct scene *s)
{
	long len;

	an_encrypted_key(s);
	len = must(read_encrypted(s));
	memmove(s->buf + strlen("load "), s->buf, len);
	memcpy(s->buf, "load ", strlen("load "));
	s->buf[strlen("load ") + len] = 0;
	must(1 + kc_clear(s->ring));
	must(kc_add_user("master", "the master's secret", s->ring));
}

static long load_encrypted(struct scene *s)
{
	return kc_add("encrypted", "k", s->buf, strlen(s->buf), s->ring);
}

static bool encrypted_loaded(struct scene *s, long ret)
{
	return ret > 0 && ring_holds(s->ring, ret) == 1 &&
	       !strcmp(s->buf + strlen("load "), payload(ret));
}

FAULTS_IN(load_encrypted, .prepare = a_blob_and_its_master, .done = encrypted_loaded,
	  .of_kernel = true);

/* ---- a key of ours for the kernel ---- */

enum { SET_KEY_BY_SERIAL = 7 };	/* ALG_SET_KEY_BY_KEY_SERIAL */

static int cipher = -1;

static void a_cipher(struct scene *s)
{
	struct sockaddr_alg sa = {
		.salg_family = AF_ALG, .salg_type = "skcipher", .salg_name = "cbc(aes)",
	};

	close(cipher);
	cipher = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (cipher < 0 || bind(cipher, (struct sockaddr *)&sa, sizeof(sa)))
		stage_broken("AF_ALG: %d", errno);
	s->key = must(kc_add_user("alg", "thirty-two bytes that are secret", RING_T));
}

static long set_cipher_key(struct scene *s)
{
	int serial = s->key;

	return setsockopt(cipher, SOL_ALG, SET_KEY_BY_SERIAL, &serial, sizeof(serial)) ? -errno : 0;
}

static bool cipher_works(struct scene *s, long ret)
{
	int fd = accept4(cipher, NULL, NULL, SOCK_CLOEXEC);

	(void)s;
	close(fd);
	return !ret && fd >= 0;
}

FAULTS_IN(set_cipher_key, .prepare = a_cipher, .done = cipher_works, .of_kernel = true);

/* The built-in key that stands for it is there; the kernel never has the bytes of before */
static void a_key_that_the_kernel_has(struct scene *s)
{
	a_cipher(s);
	must(1 + set_cipher_key(s));
}

static long update_what_the_kernel_has(struct scene *s)
{
	return kc_update(s->key, "no key of a cipher", 18);
}

static bool kernel_has_the_new(struct scene *s, long ret)
{
	return !ret && !strcmp("no key of a cipher", payload(s->key)) &&
	       set_cipher_key(s) == -EINVAL;
}

FAULTS_IN(update_what_the_kernel_has, .prepare = a_key_that_the_kernel_has,
	  .done = kernel_has_the_new, .of_kernel = true);

/* ---- KEYCTL_WATCH_KEY ---- */

static int queue[2] = { -1, -1 };

static void a_queue(struct scene *s)
{
	close(queue[0]);
	close(queue[1]);
	if (queue_open(queue))
		stage_broken("no queue");
	s->key = must(kc_add_user("k", "v", RING_T));
}

static long watch(struct scene *s)
{
	return kc_watch(s->key, queue[0], 7);
}

static bool is_watched(struct scene *s, long ret)
{
	return !ret && !kc_update(s->key, "w", 1) &&
	       !strcmp(note_text(UPDATED, s->key, 0, 7), note_next(queue[0])) &&
	       !strcmp("nothing", note_peek(queue[0]));
}

FAULTS_IN(watch, .prepare = a_queue, .done = is_watched);

static void a_watched_key(struct scene *s)
{
	a_queue(s);
	must(1 + watch(s));
}

static long watch_no_more(struct scene *s)
{
	return kc_watch(s->key, queue[0], -1);
}

static bool is_not_watched(struct scene *s, long ret)
{
	return !ret && !strcmp(removal_text(s->key, 7), note_next(queue[0])) &&
	       !kc_update(s->key, "w", 1) && !strcmp("nothing", note_peek(queue[0]));
}

FAULTS_IN(watch_no_more, .prepare = a_watched_key, .done = is_not_watched, .sure = true);

SELFTEST_MAIN
