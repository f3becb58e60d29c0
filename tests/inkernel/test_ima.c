// SPDX-License-Identifier: GPL-2.0-only
/*
 * IMA measures asymmetric keys that are added to rings of certain names.
 *
 * Specified by Documentation/ABI/testing/ima_policy: func=KEY_CHECK, keyrings=.
 */
#include <kselftest_harness.h>
#include <sys/mount.h>

#include "pkey.h"

#define SECURITYFS "/sys/kernel/security"
#define IMA SECURITYFS "/ima/"

/*
 * A kernel takes one policy in a boot, and measures what it has measured before no more. So
 * the policy is for some names, of which each run takes those that are new.
 */
enum { NAMES = 16 };

/*
 *	p (fresh uid) @s---> "_ses"
 */
FIXTURE(ima)
{
	struct actor *p;
};

static const char *ring_name(int n)
{
	return shared_text("kr_measured_%d", n);
}

static char *policy(void)
{
	char *text = shared_text("measure func=KEY_CHECK keyrings=%s", ring_name(0));

	for (int n = 1; n < NAMES; n++)
		text = shared_text("%s|%s", text, ring_name(n));
	return shared_text("%s template=ima-buf\n", text);
}

/* It is gone when it has been used, by an earlier run in this boot */
static void load_policy(void)
{
	int fd = open(IMA "policy", O_WRONLY | O_CLOEXEC);
	const char *text = policy();
	ssize_t len = strlen(text);

	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0 || write(fd, text, len) != len || close(fd))
		stage_broken("policy: %d", errno);
}

FIXTURE_SETUP(ima)
{
	mount("none", SECURITYFS, "securityfs", 0, NULL);
	if (access(IMA, F_OK))
		SKIP(return, "the kernel has no IMA");
	stage_open();
	load_policy();
	self->p = actor_user(fresh_uid());
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
}

FIXTURE_TEARDOWN(ima)
{
	if (self->p)
		stage_close();
}

/* Of the ring's name: the line that ends with what was measured, in hex */
static const char *measured(const char *name)
{
	char *text = slurp(NULL, IMA "ascii_runtime_measurements");
	const char *between = shared_text(" %s ", name), *line;

	for (; (text = strstr(text, " ima-buf sha256:")); text++) {
		line = shared_text("%.*s", (int)strcspn(text, "\n"), text);
		if (strstr(line, between))
			return line;
	}
	return NULL;
}

static const char *new_name(void)
{
	for (int n = 0; n < NAMES; n++) {
		if (!measured(ring_name(n)))
			return ring_name(n);
	}
	stage_broken("no name is left");
	return NULL;
}

static const char *hex_of(const struct blob *blob)
{
	char *text = shared(2 * blob->len + 2), *end = text;

	*end++ = ' ';
	for (long i = 0; i < blob->len; i++)
		end += sprintf(end, "%02x", (unsigned char)blob->data[i]);
	return text;
}

static bool ends_with(const char *line, const char *end)
{
	return line && strlen(line) > strlen(end) && !strcmp(line + strlen(line) - strlen(end), end);
}

static int measurements(void)
{
	char *text = slurp(NULL, IMA "ascii_runtime_measurements");
	int n = 0;

	for (; (text = strstr(text, " ima-buf ")); text++)
		n++;
	return n;
}

/* Each ring of such a name for itself, of one certificate; no other ring */
TEST_F(ima, keys_of_some_rings_are_measured)
{
	const char *hex = hex_of(blob_of("leaf.der")), *name;
	int n;

	for (int i = 0; i < 2; i++) {
		name = new_name();
		ASSERT_LT(0, ON(self->p, add_file("leaf.der", NULL,
						  kc_add_ring(name, RING_S))));
		EXPECT_TRUE(ends_with(measured(name), hex)) TH_LOG("%s", name);
	}
	n = measurements();
	ASSERT_LT(0, ON(self->p, add_file("ca.der", NULL, kc_add_ring("other", RING_S))));
	EXPECT_EQ(n, measurements());
}

/* The kernel makes a key of it before the ring is asked */
TEST_F(ima, ours_told_of_what_the_ring_refuses)
{
	const char *name = new_name();
	long ring = ON(self->p, kc_add_ring(name, RING_S));

	ASSERT_EQ(0, ON(self->p, kc_restrict(ring, NULL, NULL)));
	EXPECT_EQ(-EPERM, ON(self->p, add_file("leaf.der", NULL, ring)));
	EXPECT_TRUE(ends_with(measured(name), hex_of(blob_of("leaf.der"))));
}

SELFTEST_MAIN
