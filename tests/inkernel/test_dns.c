// SPDX-License-Identifier: GPL-2.0-only
/*
 * The type `dns_resolver`: names and addresses, as a helper finds them for the
 * kernel, or a program adds them for itself.
 *
 * Specified by Documentation/networking/dns_resolver.rst.
 */
#include <kselftest_harness.h>

#include "inkernel.h"
#include "loading.h"

#define ADDRESS "192.0.2.7"	/* what the helper answers */

/*
 *	p (fresh uid) @s---> "_ses"
 */
FIXTURE(dns)
{
	struct actor *p;
	uid_t uid;
	const char *host;
	long maxbytes;
};

FIXTURE_SETUP(dns)
{
	stage_open();
	inkernel_open();
	self->maxbytes = sysctl_get("maxbytes");
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->host = fresh_desc("host");
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
}

FIXTURE_TEARDOWN(dns)
{
	sysctl_set("maxbytes", self->maxbytes);
	stage_close();
	inkernel_close();
}

/* The text with its closing NUL, as the type wants it */
#define add_host(host, text, ring) \
	kc_add("dns_resolver", host, text, sizeof(text), ring)

/* What kernel code gets that asks for the address of a name */
static const char *kernel_resolves(const char *host)
{
	struct inkernel_text *text = shared(sizeof(*text));
	long ret;

	snprintf(text->text, sizeof(text->text), "%s", host);
	ret = ik(INKERNEL_DNS, (long)text);
	if (ret < 0)
		sprintf(text->text, "error %ld", ret);
	return text->text;
}

TEST_F(dns, add_and_read)
{
	long key = ON(self->p, add_host(self->host, "192.0.2.1", RING_S));
	struct key_row row;

	ASSERT_LT(0, key);
	EXPECT_STREQ("192.0.2.1", ON(self->p, payload(key)));
	EXPECT_EQ(key, ON(self->p, kc_request("dns_resolver", self->host, NULL, 0)));
	EXPECT_EQ(key, ON(self->p, kc_search(RING_S, "dns_resolver", self->host, 0)));
	ASSERT_TRUE(key_row(self->p, key, &row));
	EXPECT_STREQ(shared_text("%s: 9", self->host), row.desc);
}

/* Names of hosts do not differ in case, and may end in a dot */
TEST_F(dns, names_that_are_the_same)
{
	long key = ON(self->p, add_host("Some.Host", "192.0.2.1", RING_S));

	EXPECT_EQ(key, ON(self->p, kc_search(RING_S, "dns_resolver", "some.host", 0)));
	EXPECT_EQ(key, ON(self->p, kc_search(RING_S, "dns_resolver", "SOME.HOST.", 0)));
	EXPECT_EQ(key, ON(self->p, kc_request("dns_resolver", "some.host.", NULL, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_S, "dns_resolver", "some.hos", 0)));
}

/* EINVAL: no closing NUL, nothing at all, options that are none */
TEST_F(dns, payload_refused)
{
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("dns_resolver", "h", "192.0.2.1", 9, RING_S)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_add("dns_resolver", "h", NULL, 0, RING_S)));
	EXPECT_EQ(-EINVAL, ON(self->p, add_host("h", "192.0.2.1#dnserror=", RING_S)));
	EXPECT_EQ(-EINVAL, ON(self->p, add_host("h", "192.0.2.1#dnserror=999999", RING_S)));
	EXPECT_EQ(0, ON(self->p, ring_size(RING_S)));
}

/* A key that stands for an error of the name server */
TEST_F(dns, stands_for_an_error)
{
	long key = ON(self->p, add_host(self->host, "#dnserror=6", RING_S));

	ASSERT_LT(0, key);
	EXPECT_EQ(-ENXIO, ON(self->p, kc_read(key, NULL, 0)));
}

/* EACCES EOPNOTSUPP: the type has no update; adding again makes another key */
TEST_F(dns, replaced)
{
	long key = ON(self->p, add_host(self->host, "192.0.2.1", RING_S)), next;

	EXPECT_EQ(-EACCES, ON(self->p, kc_update(key, "192.0.2.2", 10)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(key, PERM_POS(MAY_ALL))));
	EXPECT_EQ(-EOPNOTSUPP, ON(self->p, kc_update(key, "192.0.2.2", 10)));
	/* CVE-2017-15274 */
	EXPECT_EQ(-EFAULT, ON(self->p, kc_update(key, NULL, 8)));
	next = ON(self->p, add_host(self->host, "192.0.2.2", RING_S));
	EXPECT_LT(0, next);
	EXPECT_NE(key, next);
	EXPECT_STREQ("192.0.2.2", ON(self->p, payload(next)));
	EXPECT_EQ(1, ON(self->p, ring_size(RING_S)));
}

TEST_F(dns, expires)
{
	long key = ON(self->p, add_host(self->host, "192.0.2.1", RING_S));

	EXPECT_EQ(0, ON(self->p, kc_timeout(key, 1)));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_search(RING_S, "dns_resolver",
						     self->host, 0)) < 0));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_request("dns_resolver", self->host, NULL, 0)));
}

/* Their links go at once, and not, as those of other types, a while later */
TEST_F(dns, ours_each_is_unlinked_as_it_expires)
{
	long first = ON(self->p, add_host(self->host, "192.0.2.1", RING_S));
	long later = ON(self->p, add_host("later", "192.0.2.1", RING_S));

	ASSERT_LT(0, first);
	ASSERT_LT(0, later);
	ASSERT_LE(60, sysctl_get("gc_delay"));
	EXPECT_EQ(0, ON(self->p, kc_timeout(first, 1)));
	EXPECT_EQ(0, ON(self->p, kc_timeout(later, 4)));
	EXPECT_TRUE(EVENTUALLY(!ON(self->p, ring_size(RING_S))));
}

/* Its type gives a list of servers that were not found a second, and no more */
TEST_F(dns, expires_when_its_type_says)
{
	static const char no_servers[] = { 0, 0, 1, 0, 3, 0 };
	long key = ON(self->p, kc_add("dns_resolver", self->host, no_servers,
				      sizeof(no_servers), RING_S));

	ASSERT_LT(0, key);
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_search(RING_S, "dns_resolver",
						     self->host, 0)) < 0));
}

/* So it does when a helper makes it, whatever time that had set before */
TEST_F(dns, cve_2024_36031_expires_when_its_type_says)
{
	long key = ON(self->p, kc_request("dns_resolver", self->host, "list", RING_S));

	/* on a slow kernel its second is over by then */
	EXPECT_TRUE(key > 0 || key == -EKEYEXPIRED) TH_LOG("%ld", key);
	EXPECT_EQ(1, helper_runs("dns_resolver", self->host));
	EXPECT_TRUE(EVENTUALLY(ON(self->p, kc_search(RING_S, "dns_resolver",
						     self->host, 0)) < 0));
}

TEST_F(dns, revoked)
{
	long key = ON(self->p, add_host(self->host, "192.0.2.1", RING_S));

	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_read(key, NULL, 0)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_request("dns_resolver", self->host, NULL, 0)));
}

/* A host of very many addresses; of an actor, by actor_do() */
static long add_long(long host, long bytes, long c)
{
	static char text[1 << 20];

	(void)c;
	memset(text, 'a', bytes);
	text[bytes - 1] = '\0';
	return raw_syscall(NR_ADD_KEY, (long)"dns_resolver", host, (long)text, bytes, RING_S);
}

/* What a key of this host, and its link, are charged without the payload */
static int bare(const char *host)
{
	return strlen(host) + 1 + 4;
}

/* Kernel code may keep a key for as long as its user wants, as a socket of AF_RXRPC does */
TEST_F(dns, kept_by_the_kernel_and_charged)
{
	long key, slot = 0;
	int kept = 0;

	while (kept < 20 && slot >= 0) {
		key = actor_do(self->p, add_long, (long)self->host, 3000, 0);
		if (key < 0)
			break;
		slot = ON(self->p, ik_lookup(key, NEED_SEARCH));
		EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_S)));
		kept++;
	}
	EXPECT_LE(0, slot);
	EXPECT_EQ(-EDQUOT, key);
	EXPECT_EQ(6, kept);
}

/* EDQUOT. The kernel keeps 16 bits of the length: these look like one of 100 bytes, and of none */
TEST_F(dns, long_ones_are_charged_in_full)
{
	int before = bytes_charged(self->uid);

	EXPECT_EQ(-EDQUOT, actor_do(self->p, add_long, (long)self->host, 65536 + 101, 0));
	EXPECT_EQ(-EDQUOT, actor_do(self->p, add_long, (long)self->host, 15 * 65536 + 1, 0));
	EXPECT_TRUE(EVENTUALLY(bytes_charged(self->uid) == before));
	ASSERT_EQ(0, sysctl_set("maxbytes", 200000));
	ASSERT_LT(0, actor_do(self->p, add_long, (long)self->host, 65536 + 101, 0));
	EXPECT_EQ(before + bare(self->host) + 65636, bytes_charged(self->uid));
}

/* ... and all of it is given back */
TEST_F(dns, ours_long_one_is_given_back)
{
	int before = bytes_charged(self->uid);
	long key;

	ASSERT_EQ(0, sysctl_set("maxbytes", 200000));
	key = actor_do(self->p, add_long, (long)self->host, 2 * 65536 + 101, 0);
	ASSERT_LT(0, key);
	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(before + bare(self->host), bytes_charged(self->uid));
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_S)));
	EXPECT_TRUE(EVENTUALLY(bytes_charged(self->uid) == before));
}

/* A program's own request, answered by the helper */
TEST_F(dns, program_requests)
{
	long key = ON(self->p, kc_request("dns_resolver", self->host, "", 0));

	ASSERT_LT(0, key);
	EXPECT_STREQ(ADDRESS, ON(self->p, payload(key)));
	EXPECT_EQ(1, helper_runs("dns_resolver", self->host));
}

/* CVE-2015-8539: what is added over a name that nobody could resolve is another key */
TEST_F(dns, add_over_a_negative_key)
{
	long key;

	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_request("dns_resolver", self->host, "refuse",
							RING_S)));
	key = ON(self->p, add_host(self->host, "192.0.2.1", RING_S));
	ASSERT_LT(0, key);
	EXPECT_STREQ("192.0.2.1", ON(self->p, payload(key)));
	EXPECT_EQ(key, ON(self->p, kc_request("dns_resolver", self->host, NULL, 0)));
	EXPECT_EQ(1, ON(self->p, ring_size(RING_S)));
}

/* Each network namespace has names of its own: the same one is another key there */
static long leave_network(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	return unshare(CLONE_NEWNET) ? -errno : 0;
}

TEST_F(dns, of_one_network_namespace)
{
	struct actor *q = actor_fork(NULL);
	long key;

	ASSERT_LT(0, ON(q, kc_join(NULL)));
	key = ON(q, add_host(self->host, "192.0.2.1", RING_S));
	ASSERT_LT(0, key);
	ASSERT_EQ(0, actor_do(q, leave_network, 0, 0, 0));
	EXPECT_LT(0, ON(q, add_host(self->host, "192.0.2.2", RING_S)));
	EXPECT_EQ(2, ON(q, ring_size(RING_S)));
	EXPECT_STREQ("192.0.2.1", ON(q, payload(key)));
}

/* Processes of more namespaces come, one after the other, and ask for a key of the type */
static long ask_in_a_new_network(long a, long b, long c)
{
	leave_network(a, b, c);
	return kc_search(RING_S, "dns_resolver", "nothing", 0);
}

/* A namespace that is left has to go first: they do not come faster than they go. */
static bool are_holders(struct actor *visitor, long holders)
{
	if (actor_do(visitor, ask_in_a_new_network, 0, 0, 0) >= 0)
		return false;
	nap_ms(100);
	return ik(INKERNEL_NET_HOLDERS, 0) == holders;
}

static bool held_by(struct actor *visitor, long holders)
{
	return EVENTUALLY(are_holders(visitor, holders));
}

/* Nothing is kept of a namespace that has gone */
TEST_F(dns, network_namespace_gone)
{
	struct actor *q = actor_fork(NULL), *visitor = actor_fork(NULL);

	ASSERT_EQ(0, actor_do(q, leave_network, 0, 0, 0));
	ASSERT_EQ(0, ON(q, ik(INKERNEL_NET_WATCH, 0)));
	EXPECT_GT(0, ON(q, kc_search(RING_S, "dns_resolver", self->host, 0)));
	EXPECT_LT(0, ik(INKERNEL_NET_HOLDERS, 0));
	actor_leave(q);
	EXPECT_TRUE(held_by(visitor, 0));
}

/*
 * But what a key of it needs: the tag is held by that and by its type. The built-in
 * service's key is gone as soon as its collector comes, whenever that is.
 */
TEST_F(dns, ours_key_of_a_namespace_gone)
{
	struct actor *q = actor_fork(NULL), *visitor = actor_fork(NULL);
	long key;

	if (!is_loaded())
		SKIP(return, "the module is not loaded");
	ASSERT_EQ(0, actor_do(q, leave_network, 0, 0, 0));
	ASSERT_EQ(0, ON(q, ik(INKERNEL_NET_WATCH, 0)));
	ASSERT_LT(0, ON(q, kc_join(NULL)));
	key = ON(q, add_host(self->host, "192.0.2.2", RING_S));
	ASSERT_LT(0, key);
	ASSERT_EQ(0, ON(q, kc_setperm(key, PERM_POS(MAY_ALL) | PERM_OTH(MAY_LINK))));
	ASSERT_EQ(0, ON(self->p, kc_link(key, RING_S)));
	actor_leave(q);
	EXPECT_TRUE(held_by(visitor, 2));
	EXPECT_STREQ("192.0.2.2", ON(self->p, payload(key)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(key)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_read(key, NULL, 0)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(key, RING_S)));
	EXPECT_TRUE(held_by(visitor, 0));
}

/* The kernel asks its helper, once, and never a process's keys */
TEST_F(dns, kernel_resolves)
{
	ASSERT_LT(0, ON(self->p, add_host(self->host, "192.0.2.66", RING_S)));
	EXPECT_STREQ(ADDRESS, ON(self->p, kernel_resolves(self->host)));
	EXPECT_STREQ(ADDRESS, ON(self->p, kernel_resolves(self->host)));
	EXPECT_STREQ(ADDRESS, kernel_resolves(self->host));
	EXPECT_EQ(1, helper_runs("dns_resolver", self->host));
	EXPECT_STREQ("192.0.2.66", ON(self->p, payload(ON(self->p,
				kc_request("dns_resolver", self->host, NULL, 0)))));
}

SELFTEST_MAIN
