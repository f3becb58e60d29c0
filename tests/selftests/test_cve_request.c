// SPDX-License-Identifier: GPL-2.0-only
/*
 * What once went wrong with requests, helpers and keys that are not made yet, or
 * stand for an error: each test is named after the CVE, or after the commit that
 * mended it.
 *
 * Documentation/userspace-api/cve.rst lists them all. This program is its own
 * helper: helper.h.
 */
#include <kselftest_harness.h>
#include <sys/mount.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "helper.h"
#include "../oracle/certificate.h"

/*
 * A process of a fresh uid and whom it calls:
 *
 *	p @s---> "_ses" ---> dest ("dest")  - - request_key - ->  helper (root)
 */
FIXTURE(cve_request)
{
	struct actor *p;
	uid_t uid;
	long dest;
	long maxbytes;
	struct call *call;
};

FIXTURE_SETUP(cve_request)
{
	stage_open();
	helper_install();
	self->maxbytes = sysctl_get("maxbytes");
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->dest = ON(self->p, kc_add_ring("dest", RING_S));
	ASSERT_LT(0, self->dest);
	self->call = call_to("info", self->dest);
}

FIXTURE_TEARDOWN(cve_request)
{
	sysctl_set("maxbytes", self->maxbytes);
	stage_close();
	helper_remove();
}

/* A key that stands for an error, for a long time */
static int negative_key(struct actor *p, struct call *call, int error)
{
	struct actor *h = helper_for(p, call);
	int key = key_of(call);

	if (ON(h, kc_assume(key)) < 0 || ON(h, kc_reject(key, 1000, error, 0)) ||
	    answer_to(p, h) != -error)
		stage_broken("the key does not stand for %d", error);
	return key;
}

static int usage_of(struct actor *who, long serial)
{
	struct key_row row;

	return key_row(who, serial, &row) ? row.usage : -1;
}

/* Naming the ring in some of the possible ways lost a reference to it, or kept one */
TEST_F(cve_request, cve_2009_3624_every_way_to_name_the_ring)
{
	int rings[] = { 0, self->dest, RING_T, RING_P, RING_S, RING_U, RING_US,
			RING_G, RING_REQUESTOR };
	int usage = usage_of(self->p, self->dest);
	unsigned int i;

	EXPECT_LT(0, usage);
	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		struct actor *h = helper_for(self->p, self->call);
		int key = key_of(self->call);

		EXPECT_LT(0, ON(h, kc_assume(key)));
		EXPECT_EQ(-EINVAL, ON(h, kc_instantiate(key, "v", 1, AUTH_KEY)));
		EXPECT_EQ(-ENOKEY, ON(h, kc_instantiate(key, "v", 1, -9)));
		EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, rings[i])))
			TH_LOG("ring %d", rings[i]);
		EXPECT_EQ(key, answer_to(self->p, h));
		EXPECT_EQ(1, ON(self->p, ring_holds(self->dest, key)));
		EXPECT_EQ(0, ON(self->p, kc_unlink(key, self->dest)));
		helper_next(self->call);
	}
	EXPECT_TRUE(EVENTUALLY(usage_of(self->p, self->dest) == usage))
		TH_LOG("%d users, then %d", usage,
		       usage_of(self->p, self->dest));
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->dest, RING_S)));
	EXPECT_TRUE(key_goes(self->dest));
}

/* An update looked for the payload of a key that has none */
TEST_F(cve_request, cve_2011_4110_update_of_a_negative_key)
{
	int key = negative_key(self->p, self->call, ENOKEY);

	EXPECT_EQ(-ENOKEY, ON(self->p, kc_update(key, "v", 1)));
	self->call = call_to("info", 0);
	key = negative_key(self->p, self->call, EKEYREJECTED);
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_update(key, "v", 1)));
}

/* What a key of each type is made of, and what it becomes when it is added over */
enum change { IS_UPDATED, IS_REPLACED, IS_IN_THE_WAY };

static const struct {
	const char *type, *payload;
	size_t len;
	enum change change;
} sorts[] = {
	{ "user", "payload", 7, IS_UPDATED },
	{ "logon", "payload", 7, IS_UPDATED },
	{ "big_key", "payload", 7, IS_UPDATED },
	{ "encrypted", "new user:master 32", 18, IS_IN_THE_WAY },
	{ "asymmetric", (const char *)certificate, sizeof(certificate), IS_REPLACED },
	{ "dns_resolver", "192.0.2.1", 10, IS_REPLACED },
};

/* Does the kernel have it? */
static bool has_type(struct actor *p, const char *type)
{
	return ON(p, kc_add(type, "a:b", NULL, 0, RING_S)) != -ENODEV;
}

/* So did adding over it, each type in its own way */
TEST_F(cve_request, cve_2015_8539_add_over_negative_keys_of_each_type)
{
	unsigned int i;

	ASSERT_LT(0, ON(self->p, kc_add_user("master", "secret", RING_S)));
	for (i = 0; i < ARRAY_SIZE(sorts); i++) {
		struct call *call = call_to("info", self->dest);
		long key, now;

		call->type = sorts[i].type;
		if (!has_type(self->p, call->type))
			continue;
		key = negative_key(self->p, call, EKEYREJECTED);
		now = ON(self->p, kc_add(call->type, call->desc, sorts[i].payload, sorts[i].len,
					 self->dest));
		if (sorts[i].change == IS_IN_THE_WAY) {
			EXPECT_EQ(-ENOKEY, now) TH_LOG("%s", call->type);
			now = -EKEYREJECTED;
		} else {
			EXPECT_LT(0, now) TH_LOG("%s", call->type);
			EXPECT_EQ(sorts[i].change == IS_UPDATED, now == key)
				TH_LOG("%s", call->type);
		}
		EXPECT_EQ(now, ON(self->p, kc_request(call->type, call->desc, NULL, 0)))
			TH_LOG("%s", call->type);
	}
}

/* CVE-2017-15274: a helper's payload of NULL with a length is one of no length, for any type */
TEST_F(cve_request, cve_2017_15274_a_helpers_length_without_a_payload)
{
	static const char *const types[] = {
		"user", "logon", "big_key", "encrypted", "asymmetric", "dns_resolver",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct call *call = call_to("info", self->dest);
		struct actor *h;

		call->type = types[i];
		if (!has_type(self->p, call->type))
			continue;
		h = helper_for(self->p, call);
		EXPECT_LT(0, ON(h, kc_assume(key_of(call))));
		EXPECT_EQ(-EINVAL, ON(h, kc_instantiate(key_of(call), NULL, 4, 0)))
			TH_LOG("%s", call->type);
		/* it was not the last word */
		EXPECT_EQ(0, ON(h, kc_reject(key_of(call), 1000, EKEYREJECTED, 0)))
			TH_LOG("%s", call->type);
		EXPECT_EQ(-EKEYREJECTED, answer_to(self->p, h));
	}
}

/* A ring that was requested was left unmade, and its end ran over what it had not */
TEST_F(cve_request, cve_2015_7872_rings_are_not_requested)
{
	int i, keys = keys_charged(self->uid);
	long key;

	for (i = 0; i < 50; i++) {
		ASSERT_EQ(-EPERM, ON(self->p, kc_request("keyring", "unmade",
							 "info", self->dest)));
		ASSERT_EQ(-ENOKEY, ON(self->p, kc_request("keyring", "unmade",
							  NULL, 0)));
	}
	EXPECT_EQ(0, ON(self->p, ring_size(self->dest)));
	/* whoever collects the dead comes by */
	key = ON(self->p, kc_add_user("k", "v", RING_S));
	EXPECT_EQ(0, ON(self->p, kc_invalidate(key)));
	EXPECT_TRUE(key_goes(key));
	EXPECT_TRUE(EVENTUALLY(keys_charged(self->uid) == keys));
	EXPECT_EQ(0, self->call->runs);
}

/* Where the ring had no room, the preparations for the link were used all the same */
TEST_F(cve_request, cve_2016_4470_reject_into_a_ring_without_room)
{
	struct actor *q = actor_fork(self->p), *h;
	long other = ON(self->p, kc_add_ring("other", RING_S));
	int key, bytes;

	/* the built-in service makes these for any helper */
	ASSERT_LT(0, ON(self->p, kc_id(RING_U, 0)));
	bytes = bytes_charged(self->uid);
	bytes += strlen(self->call->desc) + 1 + LINK_BYTES;
	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	EXPECT_LT(0, ON(h, kc_assume(key)));
	ASSERT_EQ(0, sysctl_set("maxbytes", bytes_charged(self->uid)));
	EXPECT_EQ(-EDQUOT, ON(q, kc_link(self->dest, other)));
	EXPECT_EQ(-EDQUOT, ON(h, kc_reject(key, 1000, EKEYREJECTED, other)));
	/* it is rejected, and the authority over it is at its end */
	EXPECT_EQ(-ENOKEY, ON(h, kc_id(AUTH_KEY, 0)));
	EXPECT_EQ(-EBUSY, ON(h, kc_reject(key, 1000, EKEYREJECTED, 0)));
	EXPECT_EQ(-EKEYREJECTED, answer_to(self->p, h));
	EXPECT_TRUE(EVENTUALLY(bytes_charged(self->uid) == bytes))
		TH_LOG("%d bytes, not %d", bytes_charged(self->uid), bytes);
	EXPECT_EQ(0, ON(q, ring_size(other)));
	EXPECT_EQ(1, ON(q, ring_holds(self->dest, key)));
}

/* The type of dead keys had a name by which it could be asked for */
TEST_F(cve_request, cve_2017_6951_and_2647_the_type_of_the_dead)
{
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("dead", "x", NULL, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("dead", "x", "info", 0)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_request(".dead", "x", NULL, 0)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_request(".dead", "x", "info", 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_S, "dead", "x", 0)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_search(RING_S, ".dead", "x", 0)));
	EXPECT_EQ(-ENODEV, ON(self->p, kc_add("dead", "x", "v", 1, RING_S)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_add(".dead", "x", "v", 1, RING_S)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_restrict(self->dest, "dead", "x")));
}

/* What stood for an error was read as if it were a payload */
TEST_F(cve_request, cve_2017_12192_a_negative_key_is_not_read)
{
	static const int errors[] = { ENOKEY, EKEYREJECTED, EKEYREVOKED, EPERM };
	char *buf = shared(64);
	unsigned int i;

	memset(buf, '#', 64);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		struct call *call = call_to("info", self->dest);
		int key = negative_key(self->p, call, errors[i]);

		EXPECT_EQ(-errors[i], ON(self->p, kc_read(key, buf, 64)));
		EXPECT_EQ(-errors[i], ON(self->p, kc_read(key, NULL, 0)));
		EXPECT_EQ('#', buf[0]);
	}
}

static long add_over(long call, long ring, long b)
{
	(void)b;
	return kc_add("user", ((struct call *)call)->desc, "added", 5, ring);
}

/* A key that was added over while it was being made was made twice */
TEST_F(cve_request, cve_2017_15299_add_over_a_key_under_construction)
{
	struct actor *q = actor_fork(self->p), *h;
	int key;

	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	actor_begin(q, add_over, (long)self->call, self->dest, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_ADD_KEY)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "made", 4, 0)));
	/* it is updated, when it is there */
	EXPECT_EQ(key, actor_end(q));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_STREQ("added", ON(self->p, payload(key)));
}

/* The state of a key and the error it stands for were read one after the other */
TEST_F(cve_request, cve_2017_15951_add_over_a_key_that_is_rejected)
{
	struct actor *q = actor_fork(self->p), *h;
	int key;

	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	actor_begin(q, add_over, (long)self->call, self->dest, 0);
	EXPECT_TRUE(EVENTUALLY(sleeps_in(q, NR_ADD_KEY)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_reject(key, 1000, EKEYREJECTED, 0)));
	/* who waited is told; who comes later is not */
	EXPECT_EQ(-EKEYREJECTED, actor_end(q));
	EXPECT_EQ(-EKEYREJECTED, answer_to(self->p, h));
	EXPECT_EQ(-EKEYREJECTED, ON(q, kc_update(key, "v", 1)));
	EXPECT_EQ(key, actor_do(q, add_over, (long)self->call, self->dest, 0));
	EXPECT_STREQ("added", ON(self->p, payload(key)));
}

/* A key was put into a ring that its requester may not write to */
TEST_F(cve_request, cve_2017_17807_default_destination_without_write)
{
	uint32_t unwritable = PERM_POS(MAY_ALL & ~MAY_WRITE);
	struct call *call = call_to("info", 0);

	EXPECT_EQ(0, ON(self->p, kc_setperm(RING_S, unwritable)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_request("user", call->desc, "info",
						  0)));
	EXPECT_LT(0, ON(self->p, kc_id(RING_P, 1)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(RING_P, unwritable)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_request("user", call->desc, "info",
						  0)));
	EXPECT_EQ(REQKEY_DEFAULT, ON(self->p, kc_reqkey(REQKEY_U)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(RING_U, PERM_POS(MAY_SEARCH |
							     MAY_SETATTR))));
	EXPECT_EQ(-EACCES, ON(self->p, kc_request("user", call->desc, "info",
						  0)));
	EXPECT_EQ(0, call->runs);
}

/* The time that a helper had set was lost when it made the key */
TEST_F(cve_request, cve_2024_36031_a_time_set_by_the_helper_stays)
{
	struct actor *h = helper_for(self->p, self->call);
	int key = key_of(self->call);
	struct key_row row;

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_timeout(key, 5000)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
	ASSERT_TRUE(key_row(self->p, key, &row));
	EXPECT_STREQ("1h", row.timeout);
}

/* ---- authority that ends while it is used ---- */

struct trespass {
	int target, secret, over;
	int rounds;
	long authority, read, found, made;	/* the last results */
};

/* Whatever an assumed authority is good for, again and again */
static long use_authority(long arg, long b, long c)
{
	struct trespass *t = (struct trespass *)arg;

	(void)b, (void)c;
	while (!__atomic_load_n(&t->over, __ATOMIC_SEQ_CST)) {
		t->read = kc_read(t->secret, NULL, 0);
		t->found = kc_request("user", "secret", NULL, 0);
		/* fails in any case, but has looked at the request by then */
		t->made = kc_instantiate(t->target, NULL, 0, RING_REQUESTOR);
		t->authority = kc_read(AUTH_KEY, NULL, 0);
		t->rounds++;
	}
	return 0;
}

static bool had_rounds(struct trespass *t, int more)
{
	int until = __atomic_load_n(&t->rounds, __ATOMIC_SEQ_CST) + more;

	return EVENTUALLY(__atomic_load_n(&t->rounds, __ATOMIC_SEQ_CST) > until);
}

/*
 * What a revoked authority led to was used while it went: the requester's rings in a
 * search, and the request itself when the key was to be made.
 */
TEST_F(cve_request, cve_2026_99225_authority_ends_while_it_is_used)
{
	struct trespass *t = shared(sizeof(*t));
	struct actor *h, *child;
	int round;

	t->secret = ON(self->p, kc_add_user("secret", "v", RING_S));
	ASSERT_LT(0, t->secret);
	for (round = 0; round < 5; round++) {
		struct call *call = call_to("info", self->dest);

		h = helper_for(self->p, call);
		t->target = key_of(call);
		t->over = 0;
		EXPECT_LT(0, ON(h, kc_assume(t->target)));
		child = actor_fork(h);
		actor_begin(child, use_authority, (long)t, 0, 0);
		EXPECT_TRUE(had_rounds(t, 5));
		EXPECT_EQ(1, t->read);
		EXPECT_EQ(t->secret, t->found);
		EXPECT_EQ(-EINVAL, t->made);
		EXPECT_EQ(4, t->authority);
		EXPECT_EQ(0, ON(h, kc_instantiate(t->target, "v", 1, 0)));
		EXPECT_EQ(t->target, answer_to(self->p, h));
		EXPECT_TRUE(had_rounds(t, 5));
		__atomic_store_n(&t->over, 1, __ATOMIC_SEQ_CST);
		EXPECT_EQ(0, actor_end(child));
		EXPECT_EQ(-EACCES, t->read);
		EXPECT_EQ(-ENOKEY, t->found);
		EXPECT_EQ(-EKEYREVOKED, t->made);
		EXPECT_EQ(-ENOKEY, t->authority);
		actor_leave(child);
	}
}

/* A key was rejected into a ring that had just been closed */
TEST_F(cve_request, cve_2026_99245_reject_into_a_restricted_ring)
{
	struct actor *q = actor_fork(self->p), *h;
	long other = ON(self->p, kc_add_ring("other", RING_S));
	int key;

	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(q, kc_restrict(other, NULL, NULL)));
	EXPECT_EQ(-EPERM, ON(h, kc_reject(key, 1000, EKEYREJECTED, other)));
	EXPECT_EQ(-EPERM, ON(h, kc_instantiate(key, "v", 1, other)));
	EXPECT_EQ(0, ON(q, ring_size(other)));
	EXPECT_EQ(0, ON(h, kc_reject(key, 1000, EKEYREJECTED, 0)));
	EXPECT_EQ(-EKEYREJECTED, answer_to(self->p, h));
}

/* ---- other name spaces ---- */

/* /proc/keys as a process of this UID sees it in a PID namespace of its own */
static long slurp_in_pid_namespace(long buf, long size, long uid)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (unshare(CLONE_NEWPID | CLONE_NEWNS))
			_exit(1);
		pid = fork();
		if (pid)
			_exit(waitpid(pid, &status, 0) != pid || status);
		if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("proc", "/proc", "proc", 0, NULL) ||
		    become(uid, 0, 0))
			_exit(1);
		_exit(slurp_into((long)"/proc/keys", buf, size) < 0);
	}
	return waitpid(pid, &status, 0) == pid && !status ? 0 : -ECHILD;
}

/* The number of a process was shown to those in whose namespace it is not */
TEST_F(cve_request, fix_request_key_auth_pid_in_another_namespace)
{
	struct actor *q = actor_fork(self->p), *h;
	char *text = shared(65536), *row;
	struct key_row outside;
	int key;

	h = helper_for(self->p, self->call);
	key = key_of(self->call);
	ASSERT_EQ(1, key_rows_like(q, shared_text("key:%x ", key), &outside));
	EXPECT_STREQ(shared_text("key:%x pid:%d ci:4", key, self->p->pid),
		     outside.desc);
	ASSERT_EQ(0, slurp_in_pid_namespace((long)text, 65536, self->uid));
	row = strstr(text, shared_text("key:%x ", key));
	ASSERT_NE(NULL, row);
	EXPECT_EQ(0, strncmp(row, shared_text("key:%x pid:0 ci:4\n", key),
			     strcspn(row, "\n") + 1));
	answer_to(self->p, h);
}

/* Which namespace is it, in which an actor lives? */
static long namespace_of(long kind, long b, long c)
{
	char path[64], link[64] = "";
	long inode = 0;

	(void)b, (void)c;
	snprintf(path, sizeof(path), "/proc/self/ns/%s", (char *)kind);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		return -errno;
	sscanf(link, "%*[^[][%ld]", &inode);
	return inode;
}

static long unshare_more(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	return unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS) ? -errno : 0;
}

/*
 * A helper that entered the namespaces of whoever seemed to ask acted there with the
 * machine's secrets. It is started in the initial ones, and told in their terms.
 */
TEST_F(cve_request, cve_2025_2312_the_helper_is_in_the_initial_namespaces)
{
	static const char *const kinds[] = { "user", "mnt", "net", "uts", "pid",
					     "ipc" };
	uid_t base = fresh_uids(10);
	struct actor *n = actor_userns(base, 10), *h;
	struct call *call = call_to("info", 0);
	unsigned int i;

	ASSERT_EQ(0, actor_do(n, unshare_more, 0, 0, 0));
	EXPECT_NE(namespace_of((long)"net", 0, 0),
		  actor_do(n, namespace_of, (long)"net", 0, 0));
	ASSERT_LT(0, ON(n, kc_join(NULL)));
	h = helper_for(n, call);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		EXPECT_EQ(namespace_of((long)kinds[i], 0, 0),
			  actor_do(h, namespace_of, (long)kinds[i], 0, 0))
			TH_LOG("%s", kinds[i]);
	}
	EXPECT_STREQ(shared_text("%u", base), call->argv[3]);
	EXPECT_STREQ(shared_text("%u", base), call->argv[4]);
	EXPECT_LT(0, ON(h, kc_assume(key_of(call))));
	EXPECT_EQ(0, ON(h, kc_instantiate(key_of(call), "v", 1, 0)));
	EXPECT_EQ(key_of(call), answer_to(n, h));
}

HELPER_MAIN
