// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both services in one boot: keys, sessions and helpers that are older than the load
 * of the module, while it is loaded and after it has gone.
 *
 * Which module that is: see loading.h. It is left as it was found, loaded or not.
 */
#include <kselftest_harness.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "helper.h"
#include "loading.h"

/*
 * A process of a fresh uid that got its session from the built-in service:
 *
 *	p @s---> "_ses" (ses) ---> key ("old", "old value"), ring ("ring")
 */
FIXTURE(older)
{
	const char *path;
	bool was_loaded, has_builtin;
	struct actor *p;
	uid_t uid;
	long ses, key, ring;
};

FIXTURE_SETUP(older)
{
	stage_open();
	self->path = getenv("KR_MODULE");
	if (!self->path || !*self->path)
		SKIP(return, "KR_MODULE does not name the module");
	helper_install();
	self->was_loaded = is_loaded();
	if (self->was_loaded) {
		ASSERT_EQ(0, module_unload());
	}
	self->has_builtin = kc_id(RING_T, 0) != -ENOSYS;
	if (!self->has_builtin)
		SKIP(return, "this kernel has no key service of its own");
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->ses = ON(self->p, kc_join(NULL));
	self->key = ON(self->p, kc_add_user("old", "old value", RING_S));
	self->ring = ON(self->p, kc_add_ring("ring", RING_S));
	ASSERT_LT(0, self->ses);
	ASSERT_LT(0, self->key);
	ASSERT_LT(0, self->ring);
}

FIXTURE_TEARDOWN(older)
{
	if (self->path) {
		if (is_loaded() && !self->was_loaded)
			module_unload();
		if (!is_loaded() && self->was_loaded)
			module_load(self->path);
		helper_remove();
	}
	stage_close();
}

/* An older session is reached by its number, by whoever had it, and is there again afterwards */
TEST_F_TIMEOUT(older, session_goes_on_by_its_number, 240)
{
	struct actor *child;
	long more;

	ASSERT_EQ(0, module_load(self->path));
	EXPECT_NE(self->ses, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(self->ses, ON(self->p, kc_id(self->ses, 0)));
	EXPECT_EQ(2, ON(self->p, ring_size(self->ses)));
	EXPECT_EQ(self->key, ON(self->p, kc_search(self->ses, "user", "old",
						   0)));
	EXPECT_STREQ("old value", ON(self->p, payload(self->key)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "new value", 9)));
	/* inherited and possessed as before, also by who comes now */
	child = actor_fork(self->p);
	EXPECT_STREQ("new value", ON(child, payload(self->key)));
	more = ON(child, kc_add_user("more", "v", self->ses));
	EXPECT_LT(0, more);
	EXPECT_EQ(0, ON(child, kc_link(more, self->ring)));
	EXPECT_EQ(0, ON(child, kc_move(self->key, self->ses, self->ring, 0)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(more, PERM_POS(MAY_ALL) |
						  PERM_USR(MAY_ALL))));
	EXPECT_EQ(0, ON(self->p, kc_timeout(more, 1000)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(more, self->ses)));
	/* others have no more right to it than before */
	EXPECT_EQ(-EACCES, ON(actor_user(fresh_uid()),
			      kc_read(self->key, NULL, 0)));

	ASSERT_EQ(0, module_unload());
	EXPECT_EQ(self->ses, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(self->ses, ON(child, kc_id(RING_S, 0)));
	EXPECT_EQ(1, ON(self->p, ring_size(RING_S)));
	EXPECT_EQ(self->key, ON(self->p, kc_request("user", "old", NULL, 0)));
	EXPECT_EQ(more, ON(self->p, kc_request("user", "more", NULL, 0)));
}

/* Who is to have another session does not keep the older one beside it, nor do its children */
TEST_F_TIMEOUT(older, session_is_left_for_another, 240)
{
	struct actor *child, *grandchild;

	ASSERT_EQ(0, module_load(self->path));
	child = actor_fork(self->p);
	/* not for one that cannot be joined */
	EXPECT_EQ(-EINVAL, ON(child, kc_join("")));
	EXPECT_EQ(-EPERM, ON(child, kc_join(".hidden")));
	EXPECT_STREQ("old value", ON(child, payload(self->key)));
	ASSERT_LT(0, ON(child, kc_join(NULL)));
	grandchild = actor_fork(child);
	EXPECT_EQ(-EACCES, ON(child, kc_read(self->key, NULL, 0)));
	EXPECT_EQ(-EACCES, ON(child, kc_clear(self->ses)));
	EXPECT_EQ(-EACCES, ON(grandchild, kc_read(self->key, NULL, 0)));
	EXPECT_STREQ("old value", ON(self->p, payload(self->key)));

	ASSERT_EQ(0, module_unload());
	EXPECT_NE(self->ses, ON(child, kc_id(RING_S, 0)));
	EXPECT_NE(self->ses, ON(grandchild, kc_id(RING_S, 0)));
	EXPECT_EQ(self->ses, ON(self->p, kc_id(RING_S, 0)));
}

/* So it is for one that a child gives */
TEST_F_TIMEOUT(older, session_gives_way_to_one_that_a_child_gives, 240)
{
	struct actor *child;
	long new;

	ASSERT_EQ(0, module_load(self->path));
	child = actor_fork(self->p);
	new = ON(child, kc_join(NULL));
	ASSERT_LT(0, new);
	ASSERT_EQ(0, ON(child, kc_to_parent()));
	EXPECT_EQ(new, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_read(self->key, NULL, 0)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_clear(self->ses)));
	ASSERT_EQ(0, module_unload());
	EXPECT_NE(self->ses, ON(self->p, kc_id(RING_S, 0)));
}

/* EPERM: but not if it belongs to another UID than the child's effective one */
TEST_F_TIMEOUT(older, session_of_anothers_stays, 240)
{
	struct actor *p = actor_fork(NULL), *child;
	long old = ON(p, kc_join(NULL));

	ASSERT_LT(0, old);
	ASSERT_EQ(0, ON(p, kc_chown(RING_S, self->uid, -1)));
	ASSERT_EQ(0, module_load(self->path));
	child = actor_fork(p);
	ASSERT_LT(0, ON(child, kc_join(NULL)));
	EXPECT_EQ(-EPERM, ON(child, kc_to_parent()));
	EXPECT_EQ(old, ON(p, kc_id(old, 0)));
	ASSERT_EQ(0, module_unload());
	EXPECT_EQ(old, ON(p, kc_id(RING_S, 0)));
}

static bool stop(struct actor *a)
{
	return !kill(a->pid, SIGSTOP) &&
	       WAIT_FOR(strstr(slurp(NULL, shared_text("/proc/%d/stat", a->pid)), ") T "));
}

/* The older one stays if nobody is served by the module any more when the parent wakes */
TEST_F_TIMEOUT(older, session_stays_when_one_is_given_too_late, 240)
{
	struct actor *child;

	ASSERT_EQ(0, module_load(self->path));
	child = actor_fork(self->p);
	ASSERT_LT(0, ON(child, kc_join(NULL)));
	ASSERT_TRUE(stop(self->p));
	ASSERT_EQ(0, ON(child, kc_to_parent()));
	ASSERT_TRUE(set_enabled(false));
	ASSERT_TRUE(WAIT_FOR(!exists(LIVEPATCH)));
	ASSERT_EQ(0, kill(self->p->pid, SIGCONT));
	EXPECT_EQ(self->ses, ON(self->p, kc_id(RING_S, 0)));
	EXPECT_STREQ("old value", ON(self->p, payload(self->key)));
	ASSERT_EQ(0, module_unload());
	EXPECT_EQ(self->ses, ON(self->p, kc_id(RING_S, 0)));
}

/* ENOKEY: no link leads from one service to the other */
TEST_F_TIMEOUT(older, no_link_between_the_services, 240)
{
	long key, ring;

	ASSERT_EQ(0, module_load(self->path));
	key = ON(self->p, kc_add_user("new", "v", RING_P));
	ring = ON(self->p, kc_add_ring("ring", RING_P));
	ASSERT_LT(0, key);
	ASSERT_LT(0, ring);
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_link(self->key, ring)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_link(self->key, RING_P)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_link(key, self->ring)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_link(RING_P, self->ring)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_move(self->key, self->ses, ring, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_move(key, RING_P, self->ring, 0)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_unlink(self->key, ring)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_unlink(key, self->ses)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(self->ses, "user", "old",
						 ring)));
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_search(RING_P, "user", "new",
						 self->ring)));
	/* nothing has come of it */
	EXPECT_EQ(2, ON(self->p, ring_size(self->ses)));
	EXPECT_EQ(0, ON(self->p, ring_size(self->ring)));
	EXPECT_EQ(2, ON(self->p, ring_size(RING_P)));
	EXPECT_EQ(0, ON(self->p, ring_size(ring)));
}

static const char *const anchors[] = { "_ses", "_tid", "_pid", "_uid.",
				       "_uid_ses.", "_persistent." };

/* In /proc/keys, older anchors make room for those in their place; other keys stay */
TEST_F_TIMEOUT(older, rows_of_older_anchors_are_left_out, 240)
{
	struct key_row row;
	unsigned int i;

	ASSERT_LT(0, ON(self->p, kc_id(RING_T, 1)));
	ASSERT_LT(0, ON(self->p, kc_id(RING_P, 1)));
	ASSERT_LT(0, ON(self->p, kc_id(RING_U, 0)));
	ASSERT_LT(0, ON(self->p, kc_persistent(-1, RING_S)));
	for (i = 0; i < ARRAY_SIZE(anchors); i++) {
		EXPECT_LT(0, key_rows_like(self->p, anchors[i], NULL))
			TH_LOG("%s", anchors[i]);
	}
	ASSERT_EQ(0, module_load(self->path));
	for (i = 0; i < ARRAY_SIZE(anchors); i++) {
		EXPECT_EQ(0, key_rows_like(self->p, anchors[i], NULL))
			TH_LOG("%s", anchors[i]);
	}
	EXPECT_TRUE(key_row(self->p, self->key, &row));
	EXPECT_STREQ("old: 9", row.desc);
	EXPECT_TRUE(key_row(self->p, self->ring, &row));
	EXPECT_STREQ("ring: empty", row.desc);
	/* ours are there */
	EXPECT_LT(0, ON(self->p, kc_join(NULL)));
	EXPECT_EQ(1, key_rows_like(self->p, "_ses", NULL));
}

/* Each service keeps its own accounts */
TEST_F_TIMEOUT(older, accounts_are_apart, 240)
{
	long maxkeys = sysctl_get("maxkeys"), i;
	char *desc = shared(16);

	for (i = keys_charged(self->uid); i < maxkeys; i++) {
		sprintf(desc, "k%ld", i);
		ASSERT_LT(0, ON(self->p, kc_add_user(desc, "v", self->ring)));
	}
	ASSERT_EQ(-EDQUOT, ON(self->p, kc_add_user("k", "v", self->ring)));
	EXPECT_EQ(maxkeys, keys_charged(self->uid));

	ASSERT_EQ(0, module_load(self->path));
	EXPECT_FALSE(uid_is_known(self->uid));
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("k", "v", self->ring)));
	EXPECT_LT(0, ON(self->p, kc_add_user("k", "v", RING_P)));
	EXPECT_EQ(2, keys_charged(self->uid));
	for (i = 2; i < maxkeys; i++) {
		sprintf(desc, "k%ld", i);
		ASSERT_LT(0, ON(self->p, kc_add_user(desc, "v", RING_P)));
	}
	EXPECT_EQ(-EDQUOT, ON(self->p, kc_add_user("more", "v", RING_P)));
}

enum { MANY = 60 };

/* The descriptions of a ring's keys in the order in which READ gives them */
static char *order_of_links(struct actor *p, long ring)
{
	int32_t *ids = shared(MANY * sizeof(*ids));
	char *text = shared(MANY * 8), *at = text;
	long i, bytes = ON(p, kc_read(ring, ids, MANY * sizeof(*ids)));

	*at = 0;
	for (i = 0; i < bytes / (long)sizeof(*ids); i++) {
		const char *desc = ON(p, description(ids[i]));

		at += sprintf(at, "%s ", strrchr(desc, ';') + 1);
	}
	return text;
}

static char *order_of_a_new_ring(struct actor *p)
{
	char *desc = shared(16);
	long ring = ON(p, kc_add_ring("many", RING_P));
	int i;

	for (i = 0; i < MANY; i++) {
		sprintf(desc, "%d", i);
		ON(p, kc_add_user(desc, "v", ring));
	}
	return order_of_links(p, ring);
}

/*
 * The order of the links in a ring told the kernel's addresses (CVE-2026-99223). It is
 * that of a hash with a key that is new at each load, and the same until then.
 */
TEST_F_TIMEOUT(older, cve_2026_99223_order_of_links_is_new_at_each_load, 240)
{
	char *first, *again, *second;

	ASSERT_EQ(0, module_load(self->path));
	first = order_of_a_new_ring(self->p);
	again = order_of_a_new_ring(self->p);
	ASSERT_EQ(0, module_unload());
	ASSERT_EQ(0, module_load(self->path));
	second = order_of_a_new_ring(self->p);
	EXPECT_STREQ(first, again);
	EXPECT_STRNE(first, second);
	EXPECT_EQ(strlen(first), strlen(second));
}

/* ---- a helper that the built-in service has started ---- */

/* Has a task changed over to the module? */
static bool is_patched(struct actor *a)
{
	return read_flag(shared_text("/proc/%d/patch_state", a->pid)) == '1' ||
	       read_flag(LIVEPATCH "/transition") == '0';
}

/*
 * p waits in the built-in service for its helper h when the module comes. h changes over
 * at once; what it says about the request reaches the built-in service all the same. p
 * changes over when it has its key, and so ends the transition.
 */
static struct actor *helper_overtaken(struct actor *p, struct call *call,
				      const char *path)
{
	struct actor *h = helper_for(p, call);

	if (insert_module(path, "") || !WAIT_FOR(is_patched(h)))
		stage_broken("the helper does not change over");
	return h;
}

TEST_F_TIMEOUT(older, helper_of_the_built_in_makes_its_key, 240)
{
	struct call *call = call_to("info", 0);
	struct actor *h = helper_overtaken(self->p, call, self->path);
	int key = key_of(call);
	long extra;

	EXPECT_STREQ(shared_text("user;%u;%u;3f010000;%s", self->uid,
				 self->uid, call->desc),
		     ON(h, description(key)));
	EXPECT_EQ(-EPERM, ON(h, kc_instantiate(key, "v", 1, 0)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_id(AUTH_KEY, 0)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_LT(0, ON(h, kc_id(AUTH_KEY, 0)));
	EXPECT_STREQ("info", ON(h, payload(AUTH_KEY)));
	EXPECT_EQ(self->ses, ON(h, kc_id(RING_REQUESTOR, 0)));
	/* it acts for the requester, by number */
	EXPECT_STREQ("old value", ON(h, payload(self->key)));
	extra = ON(h, kc_add_user("extra", "x", RING_REQUESTOR));
	EXPECT_LT(0, extra);
	EXPECT_EQ(0, ON(h, kc_timeout(key, 1000)));
	EXPECT_EQ(0, ON(h, kc_instantiate(key, "made", 4, self->ring)));
	EXPECT_EQ(-ENOKEY, ON(h, kc_id(AUTH_KEY, 0)));
	EXPECT_EQ(key, answer_to(self->p, h));
	EXPECT_EQ(0, await_transition());
	EXPECT_STREQ("made", ON(self->p, payload(key)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->ses, key)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->ring, key)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->ses, extra)));
	/* a helper of ours comes when ours is asked */
	call = call_to("info", 0);
	h = helper_for(self->p, call);
	EXPECT_LT(0, ON(h, kc_assume(key_of(call))));
	EXPECT_EQ(0, ON(h, kc_instantiate(key_of(call), "v", 1, 0)));
	EXPECT_EQ(key_of(call), answer_to(self->p, h));
}

TEST_F_TIMEOUT(older, helper_of_the_built_in_rejects_its_key, 240)
{
	struct call *call = call_to("info", 0);
	struct actor *h = helper_overtaken(self->p, call, self->path);
	int key = key_of(call);

	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_assume(0)));
	EXPECT_EQ(-EPERM, ON(h, kc_reject(key, 1000, EKEYREJECTED, 0)));
	EXPECT_LT(0, ON(h, kc_assume(key)));
	EXPECT_EQ(0, ON(h, kc_reject(key, 1000, EKEYREJECTED, 0)));
	EXPECT_EQ(-EKEYREJECTED, answer_to(self->p, h));
	EXPECT_EQ(0, await_transition());
	EXPECT_EQ(-EKEYREJECTED, ON(self->p, kc_read(key, NULL, 0)));
	EXPECT_EQ(1, ON(self->p, ring_holds(self->ses, key)));
}

LOADING_MAIN
