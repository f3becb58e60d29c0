// SPDX-License-Identifier: GPL-2.0-only
/*
 * What modules of the stock kernels bring, as far as they are loaded: types of keys, of
 * some of which there is one kind for each network namespace, and the kernel's own rings,
 * in which it keeps what its helpers find.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

/* ---- types ---- */

static const struct {
	const char *type, *desc;
	const void *data;
	long len;
} good[] = {
	{ "id_resolver", "uid:somebody", "1000", 5 },
	{ "id_legacy", "uid:somebody", "1000", 5 },
	{ "ceph", "client.admin", "\0\0" "created." "\4\0" "text", 16 },
	{ "cifs.spnego", "ver=0x2;host=h", "blob", 4 },
	{ "cifs.idmap", "oi:1", "1234", 4 },
	{ "dns_resolver", "a:host", "192.0.2.1", 10 },
	{ "fscrypt-provisioning", "k", "\2\0\0\0\0\0\0\0" "0123456789abcdef0123456789abcdef", 40 },
	{ ".fscrypt", "k", "", 0 },
	{ "psk", "NVMe0R01 host subsystem", "0123456789abcdef", 16 },
};

static void look(struct worker *w, long key)
{
	settle();
	describe(w, key);
	read_all(w, key);
	say_proc_keys(w, false);
}

/*
 * A second key of the name, with and without the right to change the first:
 *
 *	w @s---> "_ses" ---> key, "other"
 */
static void replaced(struct worker *w, unsigned int n)
{
	long other = add(w, "keyring", "other", RING_S), key, next;

	key = call(w, ADD_KEY, P(good[n].type), P(good[n].desc), P(good[n].data), good[n].len,
		   RING_S);
	if (key < 0)
		return;
	look(w, key);
	next = call(w, ADD_KEY, P(good[n].type), P(good[n].desc), P(good[n].data), good[n].len,
		    RING_S);
	read_all(w, RING_S);
	call(w, SETPERM, next, 0x3f3f0000);
	call(w, UPDATE, next, P(good[n].data), good[n].len);
	call(w, UPDATE, next, 0, 0);
	look(w, next);
	key = call(w, ADD_KEY, P(good[n].type), P(good[n].desc), P("x"), 1, RING_S);
	if (key > 0)
		next = key;
	call(w, ADD_KEY, P(good[n].type), P(good[n].desc), P(good[n].data), good[n].len, other);
	call(w, MOVE, next, RING_S, other, 1);
	call(w, MOVE, next, RING_S, other, 0);
	read_all(w, other);
	call(w, SET_TIMEOUT, next, 10);
	settle();
	clock_jump(20);
	call(w, SEARCH, other, P(good[n].type), P(good[n].desc), 0);
	call(w, UPDATE, next, P(good[n].data), good[n].len);
}

/*
 * A list of servers says by its status that it is of no use: the type lets the key expire
 * soon. One that is of use takes its place, and the other way round. Those that expire
 * leave their ring at once then: when that is is not looked at here.
 */
static void list_added(struct worker *w, char status, const char *desc)
{
	const char list[] = { 0, 0, 1, 1, status, 0 };
	void *data = memcpy(room(sizeof(list)), list, sizeof(list));
	long key = call(w, ADD_KEY, P("dns_resolver"), P(desc), P(data), sizeof(list), RING_S);

	if (key < 0)
		return;
	look(w, key);
	call(w, SEARCH, RING_S, P("dns_resolver"), P(desc), 0);
}

static void lists_replaced(struct worker *w)
{
	char status;

	call(w, JOIN, 0);
	for (status = 0; status <= 8; status++)
		list_added(w, status, text("a:status%d", status));
	for (status = 0; status <= 4; status++)
		list_added(w, status, "a:one");
}

void stock_replaced(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(good); n++) {
		call(w, JOIN, 0);
		replaced(w, n);
	}
	lists_replaced(w);
	rcu_quiesce();
	say_key_users(uid_base, 1);
}

/* Is what is sought the name, a part of it, or more, and does it matter in which case it is? */
void stock_names(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	unsigned int n, len;
	const char *desc;

	call(w, JOIN, 0);
	for (n = 0; n < ARRAY_SIZE(good); n++) {
		if (call(w, ADD_KEY, P(good[n].type), P(good[n].desc), P(good[n].data), good[n].len,
			 RING_S) < 0)
			continue;
		len = strlen(good[n].desc);
		desc = text("%.*s", len - 1, good[n].desc);
		call(w, SEARCH, RING_S, P(good[n].type), P(desc), 0);
		call(w, REQUEST_KEY, P(good[n].type), P(desc), 0, 0);
		desc = text("%c%s", good[n].desc[0] ^ ' ', good[n].desc + 1);
		call(w, SEARCH, RING_S, P(good[n].type), P(desc), 0);
		call(w, SEARCH, RING_S, P(good[n].type), P(text("%s.", good[n].desc)), 0);
		call(w, SEARCH, RING_S, P(good[n].type), P(text("%s!", good[n].desc)), 0);
		call(w, SEARCH, RING_S, P("user"), P(good[n].desc), 0);
		call(w, SEARCH, RING_S, P(good[n].type), P(""), 0);
	}
}

/* A helper that is asked for a key of the type; the key it is to make, or 0 */
static long helper_for(struct worker *w, unsigned int n, struct worker **h)
{
	*h = ask_for(w, good[n].type, good[n].desc, "info", 0);
	if (!*h)
		return 0;
	call(*h, ASSUME, helper_key(*h));
	return helper_key(*h);
}

/* It makes the key, of a payload that is refused before */
static void asked_for(struct worker *w, unsigned int n)
{
	struct worker *h;
	long key = helper_for(w, n, &h);

	if (!key)
		return;
	call(h, INSTANTIATE, key, P(stage->scratch), 0, 0);
	call(h, INSTANTIATE, key, P(good[n].data), good[n].len, 0);
	answer(w, h);
	rcu_quiesce();
	look(w, key);
	call(w, REQUEST_KEY, P(good[n].type), P(good[n].desc), 0, 0);
	call(w, SETPERM, key, 0x3f3f0000);
	call(w, UPDATE, key, P(good[n].data), good[n].len);
}

void stock_asked_for(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1);
	unsigned int n;

	call(w, JOIN, 0);
	for (n = 0; n < ARRAY_SIZE(good); n++)
		asked_for(w, n);
}

/* Or it rejects the key: all of these at last in a list, the one of `psk` behind them */
void stock_rejected(void)
{
	struct worker *w = worker_user(uid_base, uid_base, -1), *h;
	unsigned int n;
	long key;

	call(w, JOIN, 0);
	for (n = 0; n < ARRAY_SIZE(good); n++) {
		key = helper_for(w, n, &h);
		if (!key)
			continue;
		call(h, REJECT, key, 1000, EKEYREJECTED, 0);
		answer(w, h);
		describe(w, key);
		read_all(w, key);
		call(w, REQUEST_KEY, P(good[n].type), P(good[n].desc), 0, 0);
		call(w, SETPERM, key, 0x3f3f0000);
		call(w, UPDATE, key, P(good[n].data), good[n].len);
	}
	rcu_quiesce();
	say_proc_keys(w, false);
}

static long leave_network(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	return unshare(CLONE_NEWNET) ? -errno : 0;
}

/* Types of a network namespace: w (root) leaves its own, v stays */
void stock_networks(void)
{
	struct worker *w = worker_root(uid_base), *v;
	unsigned int n;
	long key;

	call(w, JOIN, 0);
	v = worker_fork(w);
	for (n = 0; n < ARRAY_SIZE(good); n++)
		call(w, ADD_KEY, P(good[n].type), P(good[n].desc), P(good[n].data), good[n].len,
		     RING_S);
	say("a network of its own: %s", result_name(in(w, leave_network, 0, 0, 0)));
	for (n = 0; n < ARRAY_SIZE(good); n++) {
		call(w, SEARCH, RING_S, P(good[n].type), P(good[n].desc), 0);
		call(w, REQUEST_KEY, P(good[n].type), P(good[n].desc), 0, 0);
		key = call(w, ADD_KEY, P(good[n].type), P(good[n].desc), P(good[n].data), good[n].len,
			   RING_S);
		if (key < 0)
			continue;
		read_all(w, key);
		read_all(v, key);
		call(v, SEARCH, RING_S, P(good[n].type), P(good[n].desc), 0);
		call(v, LINK, key, RING_S);
		call(v, UNLINK, key, RING_S);
		call(v, SEARCH, RING_S, P(good[n].type), P(good[n].desc), 0);
	}
	settle();
	read_all(v, RING_S);
	say_proc_keys(v, false);
}

/* ---- the kernel's own rings ---- */

/* They outlive the scenario: what could end them for good is not tried where it may succeed. */
static const struct {
	const char *name;
	bool open;		/* its owner may search it, or more, and nothing keeps it */
} rings[] = {
	{ ".dns_resolver", false }, { ".id_resolver", false }, { ".cifs_spnego", false },
	{ ".cifs_idmap", false }, { ".blacklist", false }, { ".builtin_trusted_keys", true },
	{ ".secondary_trusted_keys", true }, { ".platform", true }, { ".nvme", true },
};

static void ring_tried(struct worker *w, long ring, bool open)
{
	long key = add(w, "user", "k", RING_S);

	describe(w, ring);
	read_all(w, ring);
	call(w, GET_ID, ring, 0);
	call(w, GET_SECURITY, ring, OUT, OUT_BYTES);
	call(w, SEARCH, ring, P("user"), P("k"), 0);
	call(w, SEARCH, ring, P("user"), P("k"), RING_S);
	call(w, UPDATE, ring, P("x"), 1);
	call(w, CHOWN, ring, uid_base, -1);
	call(w, SETPERM, ring, 0x3f3f3f3f);
	call(w, SET_TIMEOUT, ring, 1000);
	call(w, RESTRICT, ring, 0, 0);
	call(w, UNLINK, key, ring);
	call(w, UNLINK, ring, ring);
	call(w, UNLINK, ring, RING_S);
	call(w, MOVE, key, ring, RING_S, 0);
	call(w, NEGATE, ring, 10, 0);
	call(w, ASSUME, ring);
	call(w, PKEY_QUERY, ring, 0, P(""), P(stage->scratch));
	if (open)
		return;
	call(w, CLEAR, ring);
	call(w, SEARCH, RING_S, P("user"), P("k"), ring);
	call(w, REQUEST_KEY, P("user"), P("k"), 0, ring);
	call(w, ADD_KEY, P("user"), P("k"), P("x"), 1, ring);
	call(w, GET_PERSISTENT, -1, ring);
	call(w, LINK, key, ring);
	call(w, LINK, ring, RING_S);
	call(w, LINK, ring, ring);
	call(w, MOVE, key, RING_S, ring, 0);
	call(w, INVALIDATE, ring);
	call(w, REVOKE, ring);
	describe(w, ring);
}

void kernel_rings(void)
{
	struct worker *root = worker_root(uid_base + 1);
	struct worker *w = worker_user(uid_base, uid_base, -1);
	unsigned int n;
	long ring;

	call(root, JOIN, 0);
	call(w, JOIN, 0);
	for (n = 0; n < ARRAY_SIZE(rings); n++) {
		ring = ring_of_kernel(rings[n].name);
		say("-- %s: %s", rings[n].name, key_name(ring));
		if (!ring)
			continue;
		ring_tried(w, ring, rings[n].open);
		ring_tried(root, ring, rings[n].open);
	}
}

/* Keys for NVMe, which root puts where the kernel looks for them */
void kernel_ring_of_nvme(void)
{
	static const char name[] = "NVMe0R01 host subsystem";
	struct worker *w = worker_root(uid_base);
	long ring = ring_of_kernel(".nvme"), key, inner;

	if (!ring) {
		say("the kernel has none");
		return;
	}
	call(w, JOIN, 0);
	key = call(w, ADD_KEY, P("psk"), P(name), P("0123456789abcdef"), 16, ring);
	look(w, key);
	read_all(w, ring);
	call(w, SEARCH, ring, P("psk"), P(name), 0);
	call(w, SEARCH, ring, P("psk"), P("NVMe"), 0);
	call(w, SETPERM, key, 0x3f3f0000);
	call(w, UPDATE, key, P("another"), 7);
	call(w, SET_TIMEOUT, key, 10);
	call(w, REVOKE, key);
	call(w, UNLINK, key, ring);
	inner = call(w, ADD_KEY, P("keyring"), P("inner"), 0, 0, ring);
	key = call(w, ADD_KEY, P("user"), P("k"), P("x"), 1, inner);
	call(w, SEARCH, ring, P("user"), P("k"), 0);
	call(w, MOVE, key, inner, ring, 0);
	read_all(w, ring);
	call(w, CLEAR, ring);
	quiesce();
	read_all(w, ring);
	describe(w, key);
}
