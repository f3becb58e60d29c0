// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where kernel code looks for keys: the live patch lets each look among ours
 * first. And where the kernel's types go. What of the built-in subsystem is not
 * exported is reached from here.
 *
 * Context: process context, current is the one for whom the kernel looks; may
 * sleep, but for request_key_rcu(), which is called in an RCU read section.
 * livepatch keeps the module loaded while a replacement is on a task's stack.
 * Where the call of the original comes last it may be a jump: who is there no longer
 * needs us.
 */
#include <keyrings/bridge.h>

#include <linux/err.h>
#include <linux/key-type.h>

#include "hooks_internal.h"

static struct key *no_request(struct key_type *type, const char *desc, struct key_tag *domain,
			      const char *callout)
{
	return ERR_PTR(-ENOKEY);
}

static struct key *no_request_rcu(struct key_type *type, const char *desc, struct key_tag *domain)
{
	return ERR_PTR(-ENOKEY);
}

static key_ref_t no_user_key(key_serial_t serial, unsigned long flags, enum key_need_perm need)
{
	return ERR_PTR(-ENOKEY);
}

static struct key *no_key(key_serial_t serial)
{
	return ERR_PTR(-ENOKEY);
}

static void no_unregister(struct key_type *type)
{
}

KR_DEFINE_ORIGINAL(request_key_tag, no_request)
KR_DEFINE_ORIGINAL(request_key_rcu, no_request_rcu)
KR_DEFINE_ORIGINAL(lookup_user_key, no_user_key)
KR_DEFINE_ORIGINAL(key_lookup, no_key)
KR_DEFINE_ORIGINAL(unregister_key_type, no_unregister)

/* Has the search come to an end, or would it find something the next time? */
static bool is_final(long error)
{
	switch (error) {
	case -EAGAIN:
	case -EDQUOT:
	case -EINTR:
	case -ENOMEM:
	case -ERESTARTSYS:
		return false;
	default:
		return true;
	}
}

/* An error of ours holds unless the built-in subsystem has the key, or cannot say. */
static struct key *unless_theirs(struct key *ours, struct key *theirs)
{
	return IS_ERR(theirs) && is_final(PTR_ERR(theirs)) ? ours : theirs;
}

/*
 * Where one of our keys caused an error, the built-in subsystem is asked. It is not
 * asked to make one then: the user's own search would not. What says nothing of a key
 * is no reason to hand over another one of that name.
 */
static struct key *user_request(struct key_type *type, const char *desc, struct key_tag *domain,
				const char *callout)
{
	struct key *ours = kr_bridge_request(type, domain, desc, true);

	if (!ours)
		return static_call(kr_orig_request_key_tag)(type, desc, domain, callout);
	if (!IS_ERR(ours) || !is_final(PTR_ERR(ours)))
		return ours;
	return unless_theirs(ours, static_call(kr_orig_request_key_tag)(type, desc, domain, NULL));
}

/* The same. For who may not sleep a key that is still being made is not there yet. */
static struct key *user_request_rcu(struct key_type *type, const char *desc, struct key_tag *domain)
{
	struct key *ours = kr_bridge_request(type, domain, desc, false);

	if (!ours)
		return static_call(kr_orig_request_key_rcu)(type, desc, domain);
	if (!IS_ERR(ours))
		return ours;
	if (!is_final(PTR_ERR(ours)))
		return ours == ERR_PTR(-EAGAIN) ? ERR_PTR(-ENOKEY) : ours;
	return unless_theirs(ours, static_call(kr_orig_request_key_rcu)(type, desc, domain));
}

static key_ref_t user_key(key_serial_t serial, unsigned long flags, enum key_need_perm need)
{
	key_ref_t ours = kr_bridge_lookup(serial, flags, need);

	return ours ?: static_call(kr_orig_lookup_user_key)(serial, flags, need);
}

static struct key *any_key(key_serial_t serial)
{
	struct key *ours = kr_bridge_find(serial);

	return ours ?: static_call(kr_orig_key_lookup)(serial);
}

/* The kernel first: when it is done, no key of the type can be made any more. */
static void unregister_type(struct key_type *type)
{
	static_call(kr_orig_unregister_key_type)(type);
	kr_bridge_type_gone(type);
	barrier();	/* not the last act */
}

#define ROW(symbol, entry, what) {					\
	.hook = { .name = #symbol, .required = true, .lost = what },	\
	.expected = true,						\
	.replacement = entry,						\
	.set_original = set_##symbol,					\
}

const struct kr_patch_row kr_lookup_rows[] = {
	ROW(request_key_tag, user_request, "dm-crypt and fscrypt do not find the user's keys"),
	ROW(request_key_rcu, user_request_rcu, "AFS does not find the user's keys"),
	ROW(lookup_user_key, user_key, "kernel code does not find keys by serial"),
	ROW(key_lookup, any_key, "rings cannot be restricted by keys of the user's"),
	ROW(unregister_key_type, unregister_type, "keys outlive their type"),
	{}
};

static struct key_type *no_type(const char *name)
{
	return ERR_PTR(-ENOKEY);
}

/* Direct branches: functions whose addresses nobody takes may have no ENDBR. */
DEFINE_STATIC_CALL(kr_key_type_lookup, no_type);
DEFINE_STATIC_CALL(kr_key_type_put, no_unregister);

static struct key_type *type_lookup(const char *name)
{
	return static_call(kr_key_type_lookup)(name);
}

static void type_put(struct key_type *type)
{
	static_call(kr_key_type_put)(type);
}

static struct key *original_key_lookup(key_serial_t serial)
{
	return static_call(kr_orig_key_lookup)(serial);
}

static struct kr_builtin_calls calls = {
	.type_lookup	= type_lookup,
	.type_put	= type_put,
	.key_lookup	= original_key_lookup,
};

static const struct kr_hook type_hooks[] = {
	{ .name = "key_type_lookup", .required = true, .lost = "the kernel's key types are not found" },
	{ .name = "key_type_put", .required = true, .lost = "the kernel's key types cannot be let go" },
	{ .name = "key_construction_mutex", .required = true,
	  .lost = "a key that the kernel makes and that needs one of ours stops all others" },
	{ .name = "key_gc_work", .required = true,
	  .lost = "keys may be made faster than the kernel frees them" },
};

int kr_lookups_resolve(void)
{
	void *lookup = (void *)kr_ksym_find(type_hooks[0].name);
	void *put = (void *)kr_ksym_find(type_hooks[1].name);

	if (!lookup)
		return kr_hook_missing(&type_hooks[0], "no such function");
	if (!put)
		return kr_hook_missing(&type_hooks[1], "no such function");
	calls.construction = (const struct mutex *)kr_ksym_find(type_hooks[2].name);
	if (!calls.construction)
		return kr_hook_missing(&type_hooks[2], "no such variable");
	calls.collector = (struct work_struct *)kr_ksym_find(type_hooks[3].name);
	if (!calls.collector)
		return kr_hook_missing(&type_hooks[3], "no such variable");
	static_call_update(kr_key_type_lookup, lookup);
	static_call_update(kr_key_type_put, put);
	kr_bridge_set_calls(&calls);
	return 0;
}
