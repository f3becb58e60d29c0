// SPDX-License-Identifier: GPL-2.0-only
/*
 * A key of one of the kernel's types: the built-in key that it holds does the
 * work. It is made by the kernel's own code in a ring that nobody else knows,
 * since the same description may occur twice, and belongs to our key alone.
 *
 * ================== ============================ ===========================
 * our key            the built-in key             who may hold it
 * ================== ============================ ===========================
 * uninstantiated     none                         -
 * positive           positive; in no ring         our key; kernel code that
 *                                                 looked it up
 * revoked            revoked                      the same
 * negative           none                         -
 * freed              let go                       kernel code, until done
 * ================== ============================ ===========================
 *
 * The pointer is set once and stays until our key is freed, so a reference on
 * our key keeps the built-in one. Its type may be unregistered meanwhile: the
 * kernel then gives the key a type that does nothing, under the key's
 * semaphore. So the type is asked with the semaphore held, as the kernel does, or
 * while it cannot go.
 */
#include "bridge_internal.h"

#include <linux/keyctl.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

struct key *kr_held(const struct kr_key *key)
{
	return rcu_access_pointer(key->payload);
}

static size_t given_by(const struct kr_prep *prep)
{
	return prep->data ? prep->data->len : 0;
}

/*
 * A payload may be meant for an update, and then the kernel's type wants it as it
 * is. It is made into a key here only if it cannot be, or if the description is
 * to come out of it.
 */
static int held_preparse(struct kr_prep *prep)
{
	struct key *held;
	int ret;

	/* Nothing is locked, and whoever has one made comes by; some who update one, too. */
	ret = kr_collector_wait(given_by(prep));
	if (ret)
		return ret;
	prep->deferred = prep->desc && !prep->fresh;
	if (prep->deferred)
		return 0;
	held = kr_held_make(prep, prep->desc);
	if (IS_ERR(held))
		return PTR_ERR(held);
	prep->payload = held;
	if (prep->desc)
		return 0;
	prep->made_desc = kstrdup(held->description, GFP_KERNEL);
	return prep->made_desc ? 0 : -ENOMEM;
}

static void held_free_preparse(struct kr_prep *prep)
{
	key_put(prep->payload);
	prep->payload = NULL;
	kfree(prep->made_desc);
	prep->made_desc = NULL;
}

static time64_t expiry_of(const struct key *held)
{
	time64_t expiry = READ_ONCE(held->expiry);

	return expiry == 0 || expiry == TIME64_MAX ? KR_NEVER : expiry;
}

/*
 * The kernel charges all that a type says, and keeps 16 bits of it. No type says more
 * than the @given bytes, so it is the most that these allow.
 */
static size_t charged(const struct key *held, size_t given)
{
	size_t datalen = READ_ONCE(held->datalen);

	return datalen + (given > datalen ? round_down(given - datalen, SZ_64K) : 0);
}

static int set_held(struct kr_key *key, struct key *held, size_t given)
{
	int ret;

	spin_lock(&key->lock);
	ret = kr_key_set_payload_quota(key, charged(held, given));
	if (!ret)
		rcu_assign_pointer(key->payload, held);
	spin_unlock(&key->lock);
	return ret;
}

/*
 * Did the type go after the built-in key was made? If not by now, the walk of
 * kr_bridge_type_gone() is still to come, and finds our key, which has its serial.
 */
static bool is_dead(const struct kr_key *key, const struct key *held)
{
	smp_mb();	/* the serial, then the flags */
	return test_bit(KEY_FLAG_DEAD, &held->flags) ||
	       READ_ONCE(kr_builtin_type_of(key->type)->gone);
}

int kr_held_instantiate(struct kr_key *key, struct kr_prep *prep)
{
	int ret;

	if (!prep->payload) {
		struct key *held = kr_held_make(prep, key->desc);

		if (IS_ERR(held))
			return PTR_ERR(held);
		prep->payload = held;
	}
	if (is_dead(key, prep->payload))
		return -ENODEV;
	prep->expiry = expiry_of(prep->payload);
	ret = set_held(key, prep->payload, given_by(prep));
	if (ret)
		return ret;
	prep->payload = NULL;
	set_bit(KR_KEY_MIRRORED, &key->flags);
	smp_mb__after_atomic();	/* pairs with kr_key_sync() */
	/* It may have been revoked, or got a time, before it was made. */
	kr_held_sync(key);
	return 0;
}

/*
 * What the key is charged follows what the built-in one has come to. That may be
 * over the limit: an update that has been made is not undone.
 */
static void follow_length(struct kr_key *key, const struct key *held, size_t given)
{
	spin_lock(&key->lock);
	kr_key_follow_payload(key, charged(held, given));
	spin_unlock(&key->lock);
}

static int reserve_length(struct kr_key *key, size_t len, size_t *before)
{
	int ret;

	spin_lock(&key->lock);
	*before = key->datalen;
	ret = kr_key_set_payload_quota(key, max_t(size_t, len, key->datalen));
	spin_unlock(&key->lock);
	return ret;
}

/*
 * The kernel calls the type before it takes the key's semaphore, too: all the while the
 * type stays registered, as it does for who adds a key.
 */
static int update_once(struct key *held, const char *type, const void *data, size_t len)
{
	struct key_type *builtin = kr_builtin->type_lookup(type);
	int ret = -EKEYREVOKED;

	if (IS_ERR(builtin))
		return -ENODEV;
	/* One of that name that has come since knows nothing of the key. */
	if (READ_ONCE(held->type) == builtin)
		ret = key_update(make_key_ref(held, true), data, len);
	kr_builtin->type_put(builtin);
	return ret;
}

/*
 * A key that the type looks for and that a helper is making is waited for without the
 * type: it may go meanwhile. Then the key is updated once more, whatever came of it.
 */
static int update(struct key *held, const char *type, const void *data, size_t len)
{
	struct kr_making making;
	int ret, again;

	do {
		kr_making_begin(&making, KR_UPDATING);
		ret = update_once(held, type, data, len);
		again = kr_making_end(&making);
	} while (again > 0);
	return again ?: ret;
}

static int held_update(struct kr_key *key, struct kr_prep *prep)
{
	struct key *held = kr_held(key);
	size_t len = given_by(prep), before;
	int ret;

	/* A negative key cannot be brought to life by an update. */
	if (!held)
		return -ENOKEY;
	/* What the type will charge is not known before; the bytes as they come must fit. */
	ret = reserve_length(key, len, &before);
	if (ret)
		return ret;
	ret = update(held, key->type->name, prep->data ? prep->data->data : NULL, len);
	follow_length(key, held, ret ? before : len);
	return ret;
}

static void held_revoke(struct kr_key *key)
{
	struct key *held = kr_held(key);

	if (!held)
		return;
	key_revoke(held);
	/* The type has let go of the payload, or has no say in it. */
	follow_length(key, held, READ_ONCE(held->datalen) ? READ_ONCE(key->datalen) : 0);
}

/* In an RCU callback: letting go of a built-in key does not sleep. */
static void held_destroy(struct kr_key *key)
{
	key_put(kr_held(key));
}

void kr_builtin_set_expiry(struct key *builtin, time64_t expiry)
{
	key_set_timeout(builtin, expiry == KR_NEVER ? 0 :
			clamp_t(time64_t, expiry - kr_now(), 1, UINT_MAX));
}

/* Of several who set a time, the last to look at it leaves what is true. */
static void sync_expiry(const struct kr_key *key, struct key *held)
{
	time64_t expiry;

	do {
		expiry = READ_ONCE(key->expiry);
		if (expiry_of(held) == expiry)
			return;
		kr_builtin_set_expiry(held, expiry);
		smp_mb();	/* the time is set, then looked at again */
	} while (READ_ONCE(key->expiry) != expiry);
}

void kr_held_sync(struct kr_key *key)
{
	struct key *held = kr_held(key);

	if (test_bit(KR_KEY_INVALIDATED, &key->flags))
		key_invalidate(held);
	else if (test_bit(KR_KEY_REVOKED, &key->flags))
		key_revoke(held);
	else
		sync_expiry(key, held);
}

static void held_describe(const struct kr_key *key, struct seq_file *m)
{
	const struct key *held = rcu_dereference(key->payload);
	const struct key_type *type = held ? READ_ONCE(held->type) : NULL;

	if (type && type->describe && !test_bit(KEY_FLAG_DEAD, &held->flags))
		type->describe(held, m);
	else
		seq_puts(m, key->desc);
}

/* While its type is asked something, it stays what it is. */
static int lock_valid(struct key *held)
{
	int ret;

	down_read(&held->sem);
	ret = key_validate(held);
	if (ret)
		up_read(&held->sem);
	return ret;
}

/* One reading into kernel memory: the full length, whether it fitted or not. */
static long read_once(struct key *held, char *buf, size_t len)
{
	long ret = lock_valid(held);

	if (ret)
		return ret;
	ret = held->type->read ? held->type->read(held, buf, len) : -EOPNOTSUPP;
	up_read(&held->sem);
	return ret;
}

static long held_read(struct kr_key *key, const struct kr_buf *buf)
{
	struct key *held = kr_held(key);
	char *copy = NULL;
	long len = 0, ret;

	/* Again if the key became longer between asking and reading. */
	while ((ret = read_once(held, copy, len)) > len && buf->len >= ret) {
		kvfree_sensitive(copy, len);
		len = ret;
		copy = kvmalloc(len, GFP_KERNEL);
		if (!copy)
			return -ENOMEM;
	}
	if (ret > 0 && ret <= len && kr_buf_write(buf, 0, copy, ret))
		ret = -EFAULT;
	kvfree_sensitive(copy, len);
	return ret;
}

static int held_vet_description(const struct kr_key_type *type, const char *desc)
{
	struct key_type *builtin = kr_builtin->type_lookup(type->name);
	int ret = 0;

	if (IS_ERR(builtin))
		return -ENODEV;
	if (builtin->vet_description)
		ret = builtin->vet_description(desc);
	kr_builtin->type_put(builtin);
	return ret;
}

/**
 * struct held_match - a comparison by the kernel's type
 * @match: what the search sees
 * @data: what the type compares by
 * @builtin: the type, which stays registered until the search is over
 * @unmade: a key without a payload, with the description of the key that is compared
 */
struct held_match {
	struct kr_match match;
	struct key_match_data data;
	struct key_type *builtin;
	struct key *unmade;
};

static const struct key *describe_unmade(const struct held_match *match, const struct kr_key *key)
{
	struct key *unmade = match->unmade;

	unmade->description = (char *)key->desc;
	unmade->index_key.desc_len = key->desc_len;
	return unmade;
}

static bool held_cmp(const struct kr_match *match, const struct kr_key *key)
{
	const struct held_match *held_match = container_of_const(match, struct held_match, match);
	const struct key *held = rcu_dereference(key->payload);

	/* Of a key that is not made, or stands for an error, there is the description only. */
	if (!held)
		held = describe_unmade(held_match, key);
	/* A dead key has another type, which this comparison knows nothing of. */
	return READ_ONCE(held->type) == held_match->builtin &&
	       held_match->data.cmp(held, &held_match->data);
}

static struct held_match *match_alloc(void)
{
	struct held_match *match = kzalloc(sizeof(*match), GFP_KERNEL);

	if (!match)
		return NULL;
	match->unmade = kzalloc(sizeof(*match->unmade), GFP_KERNEL);
	if (match->unmade)
		return match;
	kfree(match);
	return NULL;
}

static void match_drop(struct held_match *match)
{
	kfree(match->unmade);
	kfree(match);
}

static void match_free(struct held_match *match)
{
	if (match->builtin->match_free)
		match->builtin->match_free(&match->data);
	kr_builtin->type_put(match->builtin);
	match_drop(match);
}

static void held_match_end(struct kr_match *match)
{
	match_free(container_of(match, struct held_match, match));
}

static bool cmp_nothing(const struct key *key, const struct key_match_data *data)
{
	return false;
}

/* 1 when the type has looked at the description, 0 when it does not. */
static int preparse(struct held_match *match)
{
	if (!match->builtin->match_preparse)
		return 0;
	return match->builtin->match_preparse(&match->data) ?: 1;
}

static struct kr_match *held_match_begin(const struct kr_key_type *type, const char *desc)
{
	struct held_match *match = match_alloc();
	int ret;

	if (!match)
		return ERR_PTR(-ENOMEM);
	match->match.cmp = held_cmp;
	match->data.cmp = cmp_nothing;
	match->data.raw_data = desc;
	match->data.lookup_type = KEYRING_SEARCH_LOOKUP_DIRECT;
	match->builtin = kr_builtin->type_lookup(type->name);
	if (IS_ERR(match->builtin)) {
		match_drop(match);
		return NULL;
	}
	match->unmade->type = match->builtin;
	ret = preparse(match);
	if (ret <= 0) {
		/* The type has nothing to free: it was not asked, or has refused. */
		kr_builtin->type_put(match->builtin);
		match_drop(match);
		return ERR_PTR(ret);
	}
	if (match->data.lookup_type == KEYRING_SEARCH_LOOKUP_ITERATE)
		return &match->match;
	match_free(match);
	return NULL;
}

static int held_query(struct kr_key *key, struct kernel_pkey_params *params,
		      struct kernel_pkey_query *info)
{
	struct key *held = kr_held(key);
	int ret = lock_valid(held);

	if (ret)
		return ret;
	params->key = held;
	ret = held->type->asym_query ? held->type->asym_query(params, info) : -EOPNOTSUPP;
	up_read(&held->sem);
	return ret;
}

static int held_crypt(struct kr_key *key, struct kernel_pkey_params *params, const void *in,
		      void *out)
{
	struct key *held = kr_held(key);
	int ret = lock_valid(held);

	if (ret)
		return ret;
	params->key = held;
	ret = held->type->asym_eds_op ? held->type->asym_eds_op(params, in, out) : -EOPNOTSUPP;
	up_read(&held->sem);
	return ret;
}

static int held_verify(struct kr_key *key, struct kernel_pkey_params *params, const void *in,
		       const void *signature)
{
	struct key *held = kr_held(key);
	int ret = lock_valid(held);

	if (ret)
		return ret;
	params->key = held;
	ret = held->type->asym_verify_signature ?
	      held->type->asym_verify_signature(params, in, signature) : -EOPNOTSUPP;
	up_read(&held->sem);
	return ret;
}

static const struct kr_pkey_ops held_pkey = {
	.query	= held_query,
	.crypt	= held_crypt,
	.verify	= held_verify,
};

void kr_held_set_ops(struct kr_builtin_type *builtin_type, const struct key_type *builtin)
{
	struct kr_key_type *type = &builtin_type->type;

	type->needs_desc = !builtin->preparse;
	type->no_helper = builtin->request_key;
	type->preparse = held_preparse;
	type->free_preparse = held_free_preparse;
	type->instantiate = kr_held_instantiate;
	type->revoke = held_revoke;
	type->destroy = held_destroy;
	type->reap_at_once = builtin->flags & KEY_TYPE_INSTANT_REAP;
	if (builtin->describe)
		type->describe = held_describe;
	if (builtin->vet_description)
		type->vet_description = held_vet_description;
	if (builtin->update)
		type->update = held_update;
	if (builtin->read)
		type->read = held_read;
	if (builtin->match_preparse) {
		type->match_begin = held_match_begin;
		type->match_end = held_match_end;
	}
	if (builtin->asym_query)
		type->pkey = &held_pkey;
	if (builtin->lookup_restriction)
		type->lookup_restriction = kr_trust_lookup;
}
