// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shared half of a task's keyring credentials: a struct kr_cred, or, when
 * that would hold nothing but a session keyring, the keyring itself. Then its
 * own count is that of the half.
 */
#include <keyrings/cred.h>

#include <keyrings/compat.h>
#include <linux/slab.h>

#include "cred_internal.h"

static struct kmem_cache *cred_cache;

static struct kr_key *get_or_null(struct kr_key *key)
{
	return key ? kr_key_get(key) : NULL;
}

int kr_cred_reqkey(const struct kr_cred *cred)
{
	const struct kr_cred *special = kr_cred_special(cred);

	if (!cred)
		return kr_cred_jit_keyring(current_real_cred());
	return special ? special->reqkey : KEY_REQKEY_DEFL_DEFAULT;
}

struct kr_cred *kr_cred_alloc(void)
{
	return kmem_cache_alloc(cred_cache, GFP_KERNEL);
}

void kr_cred_free(struct kr_cred *cred)
{
	if (cred)
		kmem_cache_free(cred_cache, cred);
}

void kr_cred_copy(struct kr_cred *cred, const struct kr_cred *old)
{
	const struct kr_cred *special = kr_cred_special(old);

	*cred = (struct kr_cred) { .reqkey = kr_cred_reqkey(old) };
	refcount_set(&cred->usage, 1);
	cred->session = get_or_null(kr_cred_session(old));
	if (special) {
		cred->authority = get_or_null(special->authority);
		cred->authority_ns = special->authority_ns;
	}
}

struct kr_cred *kr_cred_fold(struct kr_cred *cred)
{
	struct kr_key *session = cred->session;

	if (!session || cred->authority || cred->reqkey != KEY_REQKEY_DEFL_DEFAULT)
		return cred;
	kr_cred_free(cred);
	return (struct kr_cred *)((unsigned long)session | KR_CRED_FOLDED);
}

bool kr_cred_tryget(struct kr_cred *cred)
{
	struct kr_key *session = kr_cred_folded(cred);

	return session ? kr_key_tryget(session) : refcount_inc_not_zero(&cred->usage);
}

static void cred_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(cred_cache, container_of(rcu, struct kr_cred, rcu));
}

static void put(struct kr_cred *cred, void (*put_key)(struct kr_key *key))
{
	struct kr_key *session = kr_cred_folded(cred);

	if (session) {
		put_key(session);
	} else if (cred && refcount_dec_and_test(&cred->usage)) {
		put_key(cred->session);
		put_key(cred->authority);
		call_rcu(&cred->rcu, cred_free_rcu);
	}
}

void kr_cred_put(struct kr_cred *cred)
{
	put(cred, kr_key_put);
}

void kr_cred_put_later(struct kr_cred *cred)
{
	put(cred, kr_key_put_later);
}

int kr_shared_init(void)
{
	cred_cache = kmem_cache_create("kr_cred", sizeof(struct kr_cred), 0, 0, NULL);
	return cred_cache ? 0 : -ENOMEM;
}

void kr_shared_exit(void)
{
	kmem_cache_destroy(cred_cache);
}
