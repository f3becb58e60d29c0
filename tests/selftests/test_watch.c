// SPDX-License-Identifier: GPL-2.0-only
/*
 * KEYCTL_WATCH_KEY: what happens to a key is written to a notification pipe.
 *
 * Specified by the kernel's Documentation/core-api/watch_queue.rst and
 * Documentation/security/keys/core.rst; keyctl(2) does not know it.
 */
#include <kselftest_harness.h>

#include <sys/resource.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"
#include "watches.h"

enum { AS_RING = 0x5a, AS_KEY = 7 };

/* Announced exactly where it is there, and EOPNOTSUPP before any argument is looked at */
TEST(announced)
{
	bool has = kernel_has_queues();
	unsigned char caps[2];

	ASSERT_EQ(2, kc_capabilities(caps, 2));
	EXPECT_EQ(has ? CAPS1_NOTIFICATIONS : 0, caps[1] & CAPS1_NOTIFICATIONS);
	EXPECT_EQ(has ? -EINVAL : -EOPNOTSUPP, kc_watch(0, -1, -2));
	EXPECT_EQ(has ? -EINVAL : -EOPNOTSUPP, kc_watch(RING_G, -1, 0));
	EXPECT_EQ(has ? -ENOKEY : -EOPNOTSUPP, kc_watch(INT32_MAX, -1, 0));
}

/*
 * A notification pipe that the director and a process of a fresh UID have:
 *
 *	p @s---> "_ses" ---> ring ("ring") ---> key ("key")
 */
FIXTURE(watch)
{
	struct actor *p;
	uid_t uid;
	int queue[2], other[2];
	long ring, key;
};

FIXTURE_SETUP(watch)
{
	stage_open();
	REQUIRE_QUEUES();
	ASSERT_EQ(0, queue_open(self->queue));
	ASSERT_EQ(0, queue_open(self->other));
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
	self->ring = ON(self->p, kc_add_ring("ring", RING_S));
	self->key = ON(self->p, kc_add_user("key", "value", self->ring));
	ASSERT_LT(0, self->ring);
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(watch)
{
	stage_close();
}

/* Who watches both, in one queue, sees the order of things */
static void watch_both(struct __test_metadata *_metadata,
		       FIXTURE_DATA(watch) *self)
{
	ASSERT_EQ(0, ON(self->p, kc_watch(self->ring, self->queue[0], AS_RING)));
	ASSERT_EQ(0, ON(self->p, kc_watch(self->key, self->queue[1], AS_KEY)));
	EXPECT_SILENCE(self->queue[0]);
}

#define Q self->queue[0]

/* Records have the length that they say, no spare bytes, and nothing follows them */
TEST_F(watch, records_are_whole)
{
	struct note notes[8];
	unsigned char *bytes = (unsigned char *)notes;
	long k, len;

	memset(notes, 0xa5, sizeof(notes));
	watch_both(_metadata, self);
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "w", 1)));
	k = ON(self->p, kc_add_user("new", "v", self->ring));
	EXPECT_EQ(0, ON(self->p, kc_unlink(k, self->ring)));
	len = read(Q, notes, sizeof(notes));
	ASSERT_EQ(3 * sizeof(*notes), len);
	EXPECT_STREQ(note_text(UPDATED, self->key, 0, AS_KEY), note_parse(notes, sizeof(*notes)));
	EXPECT_STREQ(note_text(LINKED, self->ring, k, AS_RING),
		     note_parse(notes + 1, sizeof(*notes)));
	EXPECT_STREQ(note_text(UNLINKED, self->ring, k, AS_RING),
		     note_parse(notes + 2, sizeof(*notes)));
	for (; len < (long)sizeof(notes); len++)
		EXPECT_EQ(0xa5, bytes[len]);
	EXPECT_SILENCE(Q);
}

TEST_F(watch, a_key_changes)
{
	watch_both(_metadata, self);
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "w", 1)));
	EXPECT_NOTE(Q, UPDATED, self->key, 0, AS_KEY);
	/* adding the same again is an update; the ring does not change */
	EXPECT_EQ(self->key, ON(self->p, kc_add_user("key", "x", self->ring)));
	EXPECT_NOTE(Q, UPDATED, self->key, 0, AS_KEY);
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL))));
	EXPECT_NOTE(Q, SETATTR, self->key, 0, AS_KEY);
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 1000)));
	EXPECT_NOTE(Q, SETATTR, self->key, 0, AS_KEY);
	/* to the owner that it has */
	EXPECT_EQ(0, ON(self->p, kc_chown(self->key, self->uid, -1)));
	EXPECT_NOTE(Q, SETATTR, self->key, 0, AS_KEY);
	/* what changes nothing and what fails is no news */
	EXPECT_EQ(0, ON(self->p, kc_chown(self->key, -1, -1)));
	EXPECT_EQ(-EACCES, ON(self->p, kc_chown(self->key, self->uid + 1, -1)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_setperm(self->key, -1)));
	EXPECT_EQ(-EINVAL, ON(self->p, kc_update(self->key, "", 0)));
	EXPECT_STREQ("x", ON(self->p, payload(self->key)));
	EXPECT_SILENCE(Q);
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	EXPECT_NOTE(Q, REVOKED, self->key, 0, AS_KEY);
	EXPECT_SILENCE(Q);
}

TEST_F(watch, a_ring_changes)
{
	long k, copy, sub;

	watch_both(_metadata, self);
	k = ON(self->p, kc_add_user("new", "v", self->ring));
	EXPECT_NOTE(Q, LINKED, self->ring, k, AS_RING);
	sub = ON(self->p, kc_add_ring("sub", self->ring));
	EXPECT_NOTE(Q, LINKED, self->ring, sub, AS_RING);
	/* the second time, too, although nothing changes */
	EXPECT_EQ(0, ON(self->p, kc_link(k, self->ring)));
	EXPECT_NOTE(Q, LINKED, self->ring, k, AS_RING);
	EXPECT_EQ(0, ON(self->p, kc_link(k, RING_S)));
	EXPECT_EQ(0, ON(self->p, kc_unlink(k, self->ring)));
	EXPECT_NOTE(Q, UNLINKED, self->ring, k, AS_RING);
	EXPECT_EQ(-ENOENT, ON(self->p, kc_unlink(k, self->ring)));
	/* a key like one that is there: one link, one record */
	copy = ON(self->p, kc_add_ring("sub", RING_S));
	EXPECT_EQ(0, ON(self->p, kc_link(copy, self->ring)));
	EXPECT_NOTE(Q, LINKED, self->ring, copy, AS_RING);
	EXPECT_SILENCE(Q);
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->ring, 1000)));
	EXPECT_NOTE(Q, SETATTR, self->ring, 0, AS_RING);
	EXPECT_EQ(0, ON(self->p, keyctl(OP_RESTRICT, self->ring, 0, 0, 0)));
	EXPECT_NOTE(Q, SETATTR, self->ring, 0, AS_RING);
	EXPECT_EQ(-EEXIST, ON(self->p, keyctl(OP_RESTRICT, self->ring, 0, 0, 0)));
	EXPECT_EQ(-EPERM, ON(self->p, kc_link(k, self->ring)));
	EXPECT_SILENCE(Q);
}

/* A request and a search that link what they find */
TEST_F(watch, found_and_linked)
{
	watch_both(_metadata, self);
	EXPECT_EQ(self->key, ON(self->p, kc_request("user", "key", NULL, 0)));
	EXPECT_EQ(self->key, ON(self->p, kc_search(RING_S, "user", "key", 0)));
	EXPECT_SILENCE(Q);
	EXPECT_EQ(self->key,
		  ON(self->p, kc_request("user", "key", NULL, self->ring)));
	EXPECT_NOTE(Q, LINKED, self->ring, self->key, AS_RING);
	EXPECT_EQ(self->key, ON(self->p, kc_search(RING_S, "user", "key",
						   self->ring)));
	EXPECT_NOTE(Q, LINKED, self->ring, self->key, AS_RING);
	EXPECT_SILENCE(Q);
}

TEST_F(watch, moved)
{
	long to = ON(self->p, kc_add_ring("to", RING_S)), like;

	watch_both(_metadata, self);
	ASSERT_EQ(0, ON(self->p, kc_watch(to, Q, 1)));
	EXPECT_EQ(0, ON(self->p, kc_move(self->key, self->ring, to, 0)));
	EXPECT_NOTE(Q, UNLINKED, self->ring, self->key, AS_RING);
	EXPECT_NOTE(Q, LINKED, to, self->key, 1);
	/* back, over one that is like it */
	like = ON(self->p, kc_add_user("key", "v", self->ring));
	EXPECT_NOTE(Q, LINKED, self->ring, like, AS_RING);
	ASSERT_EQ(0, ON(self->p, kc_watch(like, Q, 2)));
	EXPECT_EQ(-EEXIST, ON(self->p, kc_move(self->key, to, self->ring,
					       MOVE_EXCL)));
	EXPECT_SILENCE(Q);
	EXPECT_EQ(0, ON(self->p, kc_move(self->key, to, self->ring, 0)));
	EXPECT_NOTE(Q, UNLINKED, to, self->key, 1);
	EXPECT_NOTE(Q, LINKED, self->ring, self->key, AS_RING);
	EXPECT_REMOVAL(Q, like, 2);
	/* from a ring to itself is no move */
	EXPECT_EQ(0, ON(self->p, kc_move(self->key, to, to, 0)));
	EXPECT_SILENCE(Q);
}

/* The end of a key is the last record, after that of what ended it */
TEST_F(watch, unlinked_for_good)
{
	watch_both(_metadata, self);
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->key, self->ring)));
	EXPECT_NOTE(Q, UNLINKED, self->ring, self->key, AS_RING);
	EXPECT_REMOVAL(Q, self->key, AS_KEY);
	EXPECT_EQ(-ENOKEY, ON(self->p, kc_describe(self->key, NULL, 0)));
	EXPECT_SILENCE(Q);
}

TEST_F(watch, displaced)
{
	long sub, again;

	sub = ON(self->p, kc_add_ring("sub", self->ring));
	watch_both(_metadata, self);
	ASSERT_EQ(0, ON(self->p, kc_watch(sub, Q, 1)));
	again = ON(self->p, kc_add_ring("sub", self->ring));
	EXPECT_NE(sub, again);
	EXPECT_NOTE(Q, LINKED, self->ring, again, AS_RING);
	EXPECT_REMOVAL(Q, sub, 1);
	EXPECT_SILENCE(Q);
}

TEST_F(watch, cleared)
{
	watch_both(_metadata, self);
	EXPECT_EQ(0, ON(self->p, kc_clear(self->ring)));
	EXPECT_NOTE(Q, CLEARED, self->ring, 0, AS_RING);
	EXPECT_REMOVAL(Q, self->key, AS_KEY);
	/* one that is empty, too */
	EXPECT_EQ(0, ON(self->p, kc_clear(self->ring)));
	EXPECT_NOTE(Q, CLEARED, self->ring, 0, AS_RING);
	EXPECT_SILENCE(Q);
}

/* A ring that is revoked is emptied; that is one record, not two */
TEST_F(watch, ring_revoked)
{
	watch_both(_metadata, self);
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->ring)));
	EXPECT_NOTE(Q, REVOKED, self->ring, 0, AS_RING);
	EXPECT_REMOVAL(Q, self->key, AS_KEY);
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_revoke(self->ring)));
	EXPECT_SILENCE(Q);
}

/* Its link goes because of that, not because somebody unlinked it */
TEST_F(watch, invalidated)
{
	watch_both(_metadata, self);
	EXPECT_EQ(0, ON(self->p, kc_invalidate(self->key)));
	EXPECT_NOTE(Q, INVALIDATED, self->key, 0, AS_KEY);
	EXPECT_REMOVAL(Q, self->key, AS_KEY);
	EXPECT_EQ(0, ON(self->p, ring_size(self->ring)));
	EXPECT_SILENCE(Q);
}

/* Neither is that of a key whose time has come */
TEST_F(watch, expired)
{
	long delay = sysctl_get("gc_delay");

	watch_both(_metadata, self);
	ASSERT_EQ(0, sysctl_set("gc_delay", 1));
	EXPECT_EQ(0, ON(self->p, kc_timeout(self->key, 1)));
	EXPECT_NOTE(Q, SETATTR, self->key, 0, AS_KEY);
	EXPECT_REMOVAL(Q, self->key, AS_KEY);
	sysctl_set("gc_delay", delay);
	EXPECT_EQ(0, ON(self->p, ring_size(self->ring)));
	EXPECT_SILENCE(Q);
}

/* A ring that ends lets go of what is in it */
TEST_F(watch, ring_ends)
{
	watch_both(_metadata, self);
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->ring, RING_S)));
	EXPECT_REMOVAL(Q, self->ring, AS_RING);
	EXPECT_REMOVAL(Q, self->key, AS_KEY);
	EXPECT_SILENCE(Q);
}

/* Each queue has its own numbers; what is read from one stays in the other */
TEST_F(watch, two_queues)
{
	int r = self->other[0];

	ASSERT_EQ(0, ON(self->p, kc_watch(self->key, Q, 0)));
	ASSERT_EQ(0, ON(self->p, kc_watch(self->key, r, 255)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "w", 1)));
	EXPECT_NOTE(Q, UPDATED, self->key, 0, 0);
	EXPECT_NOTE(r, UPDATED, self->key, 0, 255);
	EXPECT_EQ(0, ON(self->p, kc_watch(self->key, Q, -1)));
	EXPECT_REMOVAL(Q, self->key, 0);
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "x", 1)));
	EXPECT_NOTE(r, UPDATED, self->key, 0, 255);
	EXPECT_SILENCE(Q);
}

/* A queue that is closed takes its watches along */
TEST_F(watch, queue_closed)
{
	int fds[2];

	ASSERT_EQ(0, queue_open(fds));
	ASSERT_EQ(0, kc_join(NULL) < 0 ? -1 : 0);
	self->key = kc_add_user("mine", "v", RING_S);
	ASSERT_EQ(0, kc_watch(self->key, fds[0], 1));
	ASSERT_EQ(0, kc_watch(self->key, Q, 2));
	close(fds[0]);
	EXPECT_EQ(0, kc_update(self->key, "w", 1));
	EXPECT_NOTE(Q, UPDATED, self->key, 0, 2);
	close(fds[1]);
	EXPECT_EQ(0, kc_update(self->key, "x", 1));
	EXPECT_NOTE(Q, UPDATED, self->key, 0, 2);
	ASSERT_EQ(0, queue_open(fds));
	EXPECT_EQ(-EBADSLT, kc_watch(self->key, fds[0], -1));
	EXPECT_EQ(0, kc_watch(self->key, fds[0], 3));
	EXPECT_EQ(0, kc_unlink(self->key, RING_S));
	EXPECT_REMOVAL(fds[0], self->key, 3);
}

/* EBUSY: this queue watches the key, under whatever number; EBADSLT: it does not */
TEST_F(watch, twice_and_never)
{
	EXPECT_EQ(-EBADSLT, ON(self->p, kc_watch(self->key, Q, -1)));
	EXPECT_EQ(0, ON(self->p, kc_watch(self->key, Q, 3)));
	EXPECT_EQ(-EBUSY, ON(self->p, kc_watch(self->key, Q, 3)));
	EXPECT_EQ(-EBUSY, ON(self->p, kc_watch(self->key, self->queue[1], 4)));
	EXPECT_EQ(-EBADSLT, ON(self->p, kc_watch(self->key, self->other[0], -1)));
	EXPECT_EQ(-EBADSLT, ON(self->p, kc_watch(self->ring, Q, -1)));
	EXPECT_EQ(0, ON(self->p, kc_watch(self->key, Q, -1)));
	EXPECT_REMOVAL(Q, self->key, 3);
	EXPECT_EQ(-EBADSLT, ON(self->p, kc_watch(self->key, Q, -1)));
	EXPECT_EQ(0, ON(self->p, kc_watch(self->key, Q, 5)));
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "w", 1)));
	EXPECT_NOTE(Q, UPDATED, self->key, 0, 5);
	EXPECT_SILENCE(Q);
}

/* Of several faults the first one in this order is reported: number, key, file */
TEST_F(watch, errors)
{
	int null = open("/dev/null", O_RDWR), plain[2];
	long dead = ON(self->p, kc_add_user("dead", "v", RING_S));
	struct actor *q;

	ASSERT_EQ(0, pipe(plain));
	q = actor_user(self->uid);
	EXPECT_EQ(-EINVAL, ON(q, kc_watch(INT32_MAX, -1, -2)));
	EXPECT_EQ(-EINVAL, ON(q, kc_watch(INT32_MAX, -1, 256)));
	EXPECT_EQ(-EINVAL, ON(q, kc_watch(INT32_MAX, Q, INT32_MIN)));
	EXPECT_EQ(-EINVAL, ON(q, kc_watch(0, Q, 1)));
	EXPECT_EQ(-EINVAL, ON(q, kc_watch(RING_G, Q, 1)));
	EXPECT_EQ(-ENOKEY, ON(q, kc_watch(INT32_MAX, -1, 1)));
	EXPECT_EQ(-ENOKEY, ON(q, kc_watch(AUTH_KEY, -1, 1)));
	/* q has the owner's right to view, but not the possessor's */
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL))));
	EXPECT_EQ(-EACCES, ON(q, kc_watch(self->key, -1, 1)));
	EXPECT_EQ(-EACCES, ON(q, kc_watch(self->key, Q, -1)));
	EXPECT_EQ(0, ON(self->p, kc_revoke(dead)));
	EXPECT_EQ(-EKEYREVOKED, ON(self->p, kc_watch(dead, -1, 1)));
	/* neither nothing, nor a file, nor a pipe of another kind */
	EXPECT_EQ(-EINVAL, ON(self->p, kc_watch(self->key, null, 1)));
	EXPECT_EQ(-EINVAL, ON(q, kc_watch(self->ring, plain[0], 1)));
	EXPECT_EQ(-EINVAL, ON(q, kc_watch(self->ring, plain[1], -1)));
	EXPECT_LT(ON(q, kc_watch(self->ring, -1, 1)), 0);
	EXPECT_SILENCE(Q);
}

/* Who may view a key may watch it, possessed or not; what follows needs no rights */
TEST_F(watch, needs_view)
{
	struct actor *q = actor_user(fresh_uid());

	EXPECT_EQ(-EACCES, ON(q, kc_watch(self->key, Q, 1)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL) |
						       PERM_OTH(~MAY_VIEW &
								MAY_ALL))));
	EXPECT_EQ(-EACCES, ON(q, kc_watch(self->key, Q, 1)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL) |
						       PERM_OTH(MAY_VIEW))));
	EXPECT_EQ(0, ON(q, kc_watch(self->key, Q, 1)));
	EXPECT_EQ(0, ON(self->p, kc_setperm(self->key, PERM_POS(MAY_ALL))));
	EXPECT_NOTE(Q, SETATTR, self->key, 0, 1);
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "w", 1)));
	EXPECT_NOTE(Q, UPDATED, self->key, 0, 1);
	/* to stop watching takes the right again, from whoever has the queue */
	EXPECT_EQ(-EACCES, ON(q, kc_watch(self->key, Q, -1)));
	EXPECT_EQ(0, ON(self->p, kc_watch(self->key, Q, -1)));
	EXPECT_REMOVAL(Q, self->key, 1);
}

/* A ring that is named by what it is to the caller is made */
TEST_F(watch, special_ids)
{
	long t, k;

	EXPECT_EQ(-ENOKEY, ON(self->p, kc_id(RING_T, 0)));
	EXPECT_EQ(0, ON(self->p, kc_watch(RING_T, Q, 1)));
	t = ON(self->p, kc_id(RING_T, 0));
	EXPECT_LT(0, t);
	k = ON(self->p, kc_add_user("k", "v", RING_T));
	EXPECT_NOTE(Q, LINKED, t, k, 1);
	EXPECT_EQ(-EBUSY, ON(self->p, kc_watch(t, Q, 1)));
	EXPECT_EQ(0, ON(self->p, kc_watch(RING_T, Q, -1)));
	EXPECT_REMOVAL(Q, t, 1);
	EXPECT_EQ(0, ON(self->p, kc_watch(RING_U, Q, 2)));
	k = ON(self->p, kc_add_user("k", "v", RING_U));
	EXPECT_NOTE(Q, LINKED, ON(self->p, kc_id(RING_U, 0)), k, 2);
}

static long limit_files(long soft, long b, long c)
{
	struct rlimit limit;

	(void)b, (void)c;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return -errno;
	limit.rlim_cur = soft;
	return setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;
}

/* EAGAIN: as many watches as the UID may have open files */
TEST_F(watch, limited)
{
	long more = ON(self->p, kc_add_user("more", "v", RING_S));

	ASSERT_EQ(0, actor_do(self->p, limit_files, 2, 0, 0));
	EXPECT_EQ(0, ON(self->p, kc_watch(self->key, Q, 1)));
	EXPECT_EQ(0, ON(self->p, kc_watch(self->ring, Q, 2)));
	EXPECT_EQ(-EAGAIN, ON(self->p, kc_watch(more, Q, 3)));
	EXPECT_EQ(-EBUSY, ON(self->p, kc_watch(self->key, Q, 3)));
	EXPECT_EQ(-EBADSLT, ON(self->p, kc_watch(more, Q, -1)));
	EXPECT_EQ(0, ON(self->p, kc_watch(self->ring, Q, -1)));
	EXPECT_REMOVAL(Q, self->ring, 2);
	/* the place is free a grace period later */
	EXPECT_TRUE(EVENTUALLY(!ON(self->p, kc_watch(more, Q, 3))));
	EXPECT_EQ(0, ON(self->p, kc_update(more, "w", 1)));
	EXPECT_NOTE(Q, UPDATED, more, 0, 3);
	EXPECT_SILENCE(Q);
}

/* Only what the reader asked for gets into the queue */
TEST_F(watch, filtered)
{
	struct note_filter filter = {
		.nr = 1,
		.one = { .type = TYPE_KEY,
			 .subtypes = { 1 << REVOKED | 1 << UNLINKED } },
	};

	ASSERT_EQ(0, ioctl(Q, SET_FILTER, &filter));
	watch_both(_metadata, self);
	EXPECT_EQ(0, ON(self->p, kc_update(self->key, "w", 1)));
	EXPECT_EQ(0, ON(self->p, kc_link(self->key, self->ring)));
	EXPECT_SILENCE(Q);
	EXPECT_EQ(0, ON(self->p, kc_revoke(self->key)));
	EXPECT_NOTE(Q, REVOKED, self->key, 0, AS_KEY);
	EXPECT_EQ(0, ON(self->p, kc_unlink(self->key, self->ring)));
	EXPECT_NOTE(Q, UNLINKED, self->ring, self->key, AS_RING);
	EXPECT_REMOVAL(Q, self->key, AS_KEY);
}

#ifdef __x86_64__
/* By the 32-bit door, where -1 is 32 bits wide */
TEST_F(watch, int80)
{
	long key;

	ASSERT_LT(0, kc_join(NULL));
	key = kc_add_user("mine", "v", RING_S);
	EXPECT_EQ(-EINVAL, raw_int80(288, OP_WATCH_KEY, key, Q, -2, 0));
	EXPECT_EQ(0, raw_int80(288, OP_WATCH_KEY, key, Q, 255, 0));
	EXPECT_EQ(0, kc_update(key, "w", 1));
	EXPECT_NOTE(Q, UPDATED, key, 0, 255);
	EXPECT_EQ(0, raw_int80(288, OP_WATCH_KEY, key, Q, -1, 0));
	EXPECT_REMOVAL(Q, key, 255);
	EXPECT_EQ(-EBADSLT, raw_int80(288, OP_WATCH_KEY, key, Q, -1, 0));
}
#endif

/*
 * The kernel's records of a watch hold the credentials of who set it. Those do
 * not hold our keyrings: a session keyring ends with its last process, also when
 * that had it watched. In the built-in subsystem ring and watch hold each other
 * until the queue is closed.
 */
TEST_F(watch, ours_a_watch_holds_no_session)
{
	long s = ON(self->p, kc_id(RING_S, 0));

	ASSERT_EQ(0, ON(self->p, kc_watch(s, Q, 1)));
	actor_leave(self->p);
	EXPECT_REMOVAL(Q, s, 1);
	EXPECT_TRUE(key_goes(s));
	EXPECT_TRUE(key_goes(self->key));
	EXPECT_SILENCE(Q);
}

/* They do hold the UID, as an open file does: its rings go when the queue goes */
TEST_F(watch, ours_uid_rings_go_with_the_queue)
{
	struct actor *p;
	int fds[2];
	long u;

	ASSERT_EQ(0, queue_open(fds));
	p = actor_user(fresh_uid());
	u = ON(p, kc_id(RING_U, 0));
	ASSERT_LT(0, u);
	ASSERT_EQ(0, ON(p, kc_watch(u, fds[0], 1)));
	actor_leave(p);
	EXPECT_TRUE(key_stays(u));
	EXPECT_SILENCE(fds[0]);
	close(fds[0]);
	close(fds[1]);
	EXPECT_TRUE(key_goes(u));
}

SELFTEST_MAIN
