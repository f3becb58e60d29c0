// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifetime: how long the keyrings of a UID and of a session exist.
 *
 * user-session-keyring(7): "pinned in existence so long as there are processes
 * running with that real UID or files opened by those processes remain open".
 * session-keyring(7): "destroyed when the last process that refers to it exits".
 *
 * A ring is gone when its serial number names no key any more.
 */
#include <kselftest_harness.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <linux/capability.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

/* Nothing is charged to the UID, nor remembered of it */
#define EXPECT_FORGOTTEN(uid) EXPECT_TRUE(EVENTUALLY(!uid_is_known(uid)))

/*
 * Processes of one UID come and go; the director watches, as root:
 *
 *	director (uid 0) ---fork---> x (fresh uid)
 *	                              @u ----> "_uid.N" ---> user "k"
 *	                              @us ---> "_uid_ses.N"
 */
FIXTURE(login)
{
	struct actor *x;
	uid_t uid;
	long u, us, key;
};

FIXTURE_SETUP(login)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->uid = fresh_uid();
	self->x = actor_user(self->uid);
	self->u = ON(self->x, kc_id(RING_U, 0));
	self->us = ON(self->x, kc_id(RING_US, 0));
	self->key = ON(self->x, kc_add_user("k", "v", RING_U));
	ASSERT_LT(0, self->u);
	ASSERT_LT(0, self->us);
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(login)
{
	stage_close();
}

TEST_F(login, ours_rings_go_with_the_last_process)
{
	actor_leave(self->x);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_TRUE(key_goes(self->key));
	EXPECT_FORGOTTEN(self->uid);
}

TEST_F(login, rings_stay_with_the_first_of_two)
{
	struct actor *y = actor_user(self->uid);

	actor_leave(self->x);
	EXPECT_TRUE(key_stays(self->us));
	EXPECT_EQ(self->us, ON(y, kc_id(RING_US, 0)));
	EXPECT_EQ(self->u, ON(y, kc_id(RING_U, 0)));
	EXPECT_STREQ("v", ON(y, payload(self->key)));
}

/* A process that has never asked for them pins them all the same */
TEST_F(login, ours_pinned_by_a_process_that_never_asked)
{
	struct actor *y = actor_user(self->uid);

	actor_leave(self->x);
	EXPECT_TRUE(key_stays(self->us));
	EXPECT_TRUE(key_stays(self->u));
	actor_leave(y);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_FORGOTTEN(self->uid);
}

TEST_F(login, ours_gone_when_killed)
{
	kill(self->x->pid, SIGKILL);
	waitpid(self->x->pid, NULL, __WALL);
	self->x->gone = true;
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_FORGOTTEN(self->uid);
}

/* "Real UID": a process that becomes another's does not pin them any longer */
TEST_F(login, ours_gone_when_the_last_one_changes_uid)
{
	struct actor *y = actor_fork(NULL);

	ASSERT_EQ(0, actor_do(y, set_uids, self->uid, 0, 0));
	actor_leave(self->x);
	EXPECT_TRUE(key_stays(self->us));
	EXPECT_EQ(self->us, ON(y, kc_id(RING_US, 0)));
	ASSERT_EQ(0, actor_do(y, set_uids, 0, 0, 0));
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_FORGOTTEN(self->uid);
	EXPECT_NE(self->us, ON(y, kc_id(RING_US, 0)));
}

/* The effective UID pins nothing */
TEST_F(login, ours_not_pinned_by_an_effective_uid)
{
	struct actor *y = actor_fork(NULL);

	ASSERT_EQ(0, actor_do(y, set_uids, 0, self->uid, 0));
	EXPECT_LT(0, ON(y, kc_id(RING_US, 0)));
	actor_leave(self->x);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
}

/* One thread may have another real UID than its process */
TEST_F(login, ours_gone_with_the_last_thread)
{
	struct actor *y = actor_fork(NULL), *thread = actor_thread(y);

	ASSERT_EQ(0, actor_do(thread, set_uids, self->uid, 0, 0));
	EXPECT_EQ(self->us, ON(thread, kc_id(RING_US, 0)));
	EXPECT_NE(self->us, ON(y, kc_id(RING_US, 0)));
	actor_leave(self->x);
	EXPECT_TRUE(key_stays(self->us));
	actor_leave(thread);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_FORGOTTEN(self->uid);
}

TEST_F(login, ours_next_login_gets_new_and_empty_rings)
{
	struct actor *y;

	actor_leave(self->x);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	y = actor_user(self->uid);
	EXPECT_NE(self->us, ON(y, kc_id(RING_US, 0)));
	EXPECT_NE(self->u, ON(y, kc_id(RING_U, 0)));
	EXPECT_STREQ(shared_text("keyring;%u;65534;1f3f0000;_uid_ses.%u",
				 self->uid, self->uid),
		     ON(y, description(RING_US)));
	EXPECT_EQ(0, ON(y, ring_size(RING_U)));
	EXPECT_EQ(1, ON(y, ring_size(RING_US)));
	EXPECT_EQ(1, ON(y, ring_holds(RING_US, ON(y, kc_id(RING_U, 0)))));
	EXPECT_EQ(-ENOKEY, ON(y, kc_request("user", "k", NULL, 0)));
}

TEST_F(login, ours_every_login_leaves_nothing)
{
	long seen[20];
	int i, j;

	actor_leave(self->x);
	for (i = 0; i < 20; i++) {
		struct actor *y = actor_user(self->uid);

		seen[i] = ON(y, kc_id(RING_S, i % 2));
		ASSERT_LT(0, seen[i]);
		for (j = 0; j < i; j++) {
			EXPECT_NE(seen[j], seen[i]);
		}
		actor_leave(y);
		EXPECT_TRUE(key_goes(seen[i]));
		EXPECT_FORGOTTEN(self->uid);
	}
}

/* As the session keyring that it has become, it goes with the process too */
TEST_F(login, ours_gone_though_attached_as_session)
{
	struct actor *child;

	EXPECT_EQ(self->us, ON(self->x, kc_id(RING_S, 0)));
	child = actor_fork(self->x);
	EXPECT_EQ(self->us, ON(child, kc_id(RING_S, 0)));
	actor_leave(child);
	EXPECT_TRUE(key_stays(self->us));
	actor_leave(self->x);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_FORGOTTEN(self->uid);
}

/* A process of @uid in a session of @keeper's, which stays when the process has gone */
static struct actor *guest_of(struct actor *keeper, uid_t uid)
{
	struct actor *guest;

	if (ON(keeper, kc_join(NULL)) < 0)
		stage_broken("no session");
	guest = actor_fork(keeper);
	if (actor_do(guest, become, uid, 0, 0))
		stage_broken("cannot become %u", uid);
	return guest;
}

/*
 * Linked into another keyring, it lives on, with all that is in it, for as long as
 * the link does: the next login finds it.
 *
 *	keeper (uid 0) ---@s---> "_ses" ---> "_uid_ses.N"
 *	  |
 *	  x (inherits the session, then becomes uid N)
 */
TEST_F(login, ours_link_keeps_it_alive)
{
	struct actor *keeper = actor_fork(NULL), *x, *y;
	uid_t uid = fresh_uid();
	long u, us, key;

	x = guest_of(keeper, uid);
	us = ON(x, kc_id(RING_US, 0));
	u = ON(x, kc_id(RING_U, 0));
	key = ON(x, kc_add_user("k", "kept", RING_US));
	ASSERT_LT(0, key);
	EXPECT_EQ(0, ON(x, kc_link(RING_US, RING_S)));
	actor_leave(x);

	EXPECT_TRUE(key_stays(us));
	EXPECT_STREQ(shared_text("keyring;%u;65534;1f3f0000;_uid_ses.%u", uid,
				 uid), ON(keeper, description(us)));
	EXPECT_EQ(1, ON(keeper, ring_holds(us, u)));
	EXPECT_STREQ("kept", ON(keeper, payload(key)));

	/* before anything has been asked of it by its special ID, too */
	y = actor_user(uid);
	EXPECT_EQ(key, ON(y, kc_request("user", "k", NULL, 0)));
	EXPECT_STREQ("kept", ON(y, payload(key)));
	EXPECT_EQ(us, ON(y, kc_id(RING_US, 0)));
	EXPECT_EQ(u, ON(y, kc_id(RING_U, 0)));
	EXPECT_EQ(key, ON(y, kc_request("user", "k", NULL, 0)));

	EXPECT_EQ(0, ON(keeper, kc_unlink(us, RING_S)));
	EXPECT_EQ(us, ON(y, kc_id(RING_US, 0)));
	actor_leave(y);
	EXPECT_TRUE(key_goes(us));
	EXPECT_TRUE(key_goes(u));
	EXPECT_TRUE(key_goes(key));
	EXPECT_FORGOTTEN(uid);
}

/*
 * As pam_keyinit(8) does it, in a process that is not the user's yet, long before there
 * is one that is.
 *
 *	p (root) ---@s---> "_ses" of N ---> "_uid.N"
 */
TEST_F(login, linked_before_the_user_is_there)
{
	struct actor *p = actor_fork(NULL), *x;
	uid_t uid = fresh_uid();
	long u, us, key;

	ASSERT_EQ(0, actor_do(p, set_uids, uid, -1, -1));
	ASSERT_LT(0, ON(p, kc_join(NULL)));
	u = ON(p, kc_id(RING_U, 0));
	us = ON(p, kc_id(RING_US, 0));
	EXPECT_EQ(0, ON(p, kc_link(RING_U, RING_S)));
	ASSERT_EQ(0, actor_do(p, set_uids, 0, -1, -1));
	/* With it goes all that is known of the UID, where that is forgotten at all. */
	key_goes(us);

	x = actor_fork(p);
	ASSERT_EQ(0, actor_do(x, become, uid, 0, 0));
	key = ON(x, kc_add_user("k", "v", RING_U));
	EXPECT_EQ(u, ON(x, kc_id(RING_U, 0)));
	EXPECT_STREQ("v", ON(x, payload(key)));
	EXPECT_EQ(key, ON(x, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(1, ON(x, ring_holds(RING_US, u)));
}

/* One that has ended is nobody's, though it be linked. */
TEST_F(login, ours_ended_ring_is_not_found_again)
{
	struct actor *keeper = actor_fork(NULL), *x, *y;
	uid_t uid = fresh_uid();
	long u, us;

	x = guest_of(keeper, uid);
	us = ON(x, kc_id(RING_US, 0));
	u = ON(x, kc_id(RING_U, 0));
	EXPECT_EQ(0, ON(x, kc_link(RING_U, RING_S)));
	EXPECT_EQ(0, ON(x, kc_revoke(u)));
	actor_leave(x);
	EXPECT_TRUE(key_goes(us));
	y = actor_user(uid);
	EXPECT_LT(0, ON(y, kc_id(RING_U, 0)));
	EXPECT_NE(u, ON(y, kc_id(RING_U, 0)));
}

/* The half that passes on any kernel: a link does pin it */
TEST_F(login, link_pins_it)
{
	struct actor *keeper = actor_fork(NULL), *x;
	long us, key;

	x = guest_of(keeper, fresh_uid());
	us = ON(x, kc_id(RING_US, 0));
	key = ON(x, kc_add_user("k", "kept", RING_US));
	EXPECT_EQ(0, ON(x, kc_link(RING_US, RING_S)));
	actor_leave(x);
	EXPECT_TRUE(key_stays(us));
	EXPECT_STREQ("kept", ON(keeper, payload(key)));
}

/* One of the two may be kept without the other */
TEST_F(login, ours_each_ring_by_itself)
{
	struct actor *keeper = actor_fork(NULL), *x;
	uid_t uid = fresh_uid();
	long u, us, key;

	x = guest_of(keeper, uid);
	us = ON(x, kc_id(RING_US, 0));
	u = ON(x, kc_id(RING_U, 0));
	key = ON(x, kc_add_user("k", "kept", RING_U));
	ASSERT_LT(0, key);
	EXPECT_EQ(0, ON(x, kc_link(RING_U, RING_S)));
	actor_leave(x);
	EXPECT_TRUE(key_goes(us));
	EXPECT_TRUE(key_stays(u));
	EXPECT_EQ(2, keys_charged(uid));
	/* what is in it is found, and possessed, as through the other */
	x = actor_user(uid);
	EXPECT_EQ(key, ON(x, kc_request("user", "k", NULL, 0)));
	EXPECT_STREQ("kept", ON(x, payload(key)));
	actor_leave(x);
	EXPECT_EQ(0, ON(keeper, kc_clear(RING_S)));
	EXPECT_TRUE(key_goes(u));
	EXPECT_FORGOTTEN(uid);
}

/*
 * A tree that was let grow deeper than one could link it does not lock its owner out,
 * who could not even name it
 *
 *	keeper @s---> "_ses" ---> "_uid.N" ---> "r" ---> "r" ---> ...
 */
TEST_F(login, ours_deep_ring_is_found_again)
{
	struct actor *keeper = actor_fork(NULL), *x;
	uid_t uid = fresh_uid();
	long u, us, ring, i;

	x = guest_of(keeper, uid);
	us = ON(x, kc_id(RING_US, 0));
	u = ON(x, kc_id(RING_U, 0));
	EXPECT_EQ(0, ON(x, kc_link(RING_U, RING_S)));
	for (i = 0, ring = RING_U; i < 7; i++) {
		ring = ON(x, kc_add_ring("r", ring));
		ASSERT_LT(0, ring);
	}
	actor_leave(x);
	EXPECT_TRUE(key_goes(us));

	x = actor_fork(keeper);
	ASSERT_EQ(0, actor_do(x, become, uid, 0, 0));
	EXPECT_EQ(u, ON(x, kc_id(RING_U, 0)));
	EXPECT_EQ(1, ON(x, ring_holds(RING_US, u)));
	/* and when the one that was made at this login is made once more */
	EXPECT_EQ(0, ON(x, kc_invalidate(RING_US)));
	EXPECT_EQ(1, ON(x, ring_holds(RING_US, u)));
	actor_leave(x);
	EXPECT_EQ(0, ON(keeper, kc_clear(RING_S)));
	EXPECT_FORGOTTEN(uid);
}

/*
 * As the session keyring of a process of another UID it lives on as well, until
 * that process has another.
 */
TEST_F(login, ours_kept_as_somebodys_session)
{
	struct actor *y = actor_fork(NULL), *z;
	uid_t other = fresh_uid();

	ASSERT_EQ(0, actor_do(y, set_uids, self->uid, 0, 0));
	EXPECT_EQ(self->us, ON(y, kc_id(RING_S, 0)));
	ASSERT_EQ(0, actor_do(y, set_uids, other, other, other));
	actor_leave(self->x);

	EXPECT_TRUE(key_stays(self->us));
	EXPECT_EQ(self->us, ON(y, kc_id(RING_S, 0)));
	EXPECT_STREQ("v", ON(y, payload(self->key)));
	z = actor_user(self->uid);
	EXPECT_EQ(self->us, ON(z, kc_id(RING_US, 0)));
	actor_leave(z);
	EXPECT_TRUE(key_stays(self->us));

	EXPECT_LT(0, ON(y, kc_join(NULL)));
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_FORGOTTEN(self->uid);
}

TEST_F(login, ours_each_route_leaves_nothing)
{
	static const struct {
		int id, create;
	} routes[] = {
		{ RING_U, 0 }, { RING_U, 1 }, { RING_US, 0 }, { RING_US, 1 },
		{ RING_S, 0 }, { RING_S, 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(routes); i++) {
		uid_t uid = fresh_uid();
		struct actor *a = actor_user(uid);
		long id = ON(a, kc_id(routes[i].id, routes[i].create));

		EXPECT_LT(0, id);
		EXPECT_TRUE(uid_is_known(uid));
		actor_leave(a);
		EXPECT_TRUE(key_goes(id));
		EXPECT_FORGOTTEN(uid);
	}
}

/*
 * A file that a process of the UID has opened, held by somebody else:
 *
 *	director (uid 0) ---socket pair--- x (fresh uid)
 *	                       <-- file --
 *	holder (by variant)
 */
FIXTURE(file)
{
	struct actor *x, *holder;
	uid_t uid;
	long u, us, key;
	int *sock;
	long fd;
};

FIXTURE_VARIANT(file)
{
	enum { PIPE, PROC_FILE, SOCKET, MEMFD } what;
	enum { BY_ROOT, BY_OTHER_UID, IN_FLIGHT, SHARED_TABLE } held;
};

FIXTURE_VARIANT_ADD(file, pipe_sent_to_root) {
	.what = PIPE, .held = BY_ROOT,
};

FIXTURE_VARIANT_ADD(file, proc_file_sent_to_another_uid) {
	.what = PROC_FILE, .held = BY_OTHER_UID,
};

FIXTURE_VARIANT_ADD(file, socket_sent_to_another_uid) {
	.what = SOCKET, .held = BY_OTHER_UID,
};

FIXTURE_VARIANT_ADD(file, memfd_sent_and_never_received) {
	.what = MEMFD, .held = IN_FLIGHT,
};

FIXTURE_VARIANT_ADD(file, proc_file_in_a_shared_table) {
	.what = PROC_FILE, .held = SHARED_TABLE,
};

static long open_some(int what)
{
	int fds[2];

	switch (what) {
	case PIPE:
		return pipe(fds) ? -errno : (close(fds[0]), fds[1]);
	case SOCKET:
		return socket(AF_UNIX, SOCK_STREAM, 0);
	case MEMFD:
		return memfd_create("held", 0);
	default:
		return open("/proc/version", O_RDONLY);
	}
}

static long send_file(long sock, long what, long c)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int fd = open_some(what);

	(void)c;
	if (fd < 0)
		return -errno;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (sendmsg(sock, &msg, 0) != 1)
		return -errno;
	close(fd);
	return 0;
}

static long receive_file(long sock, long b, long c)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	(void)b, (void)c;
	if (recvmsg(sock, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -errno;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static long close_file(long fd, long b, long c)
{
	(void)b, (void)c;
	return close(fd) ? -errno : 0;
}

/* A process that shares the director's table of open files */
struct table_sharer {
	uid_t uid;
	int what;
	long u, us, fd;
};

static int share_table(void *arg)
{
	struct table_sharer *s = arg;

	if (become(s->uid, 0, 0))
		_exit(1);
	s->u = raw_syscall(NR_KEYCTL, OP_GET_KEYRING_ID, RING_U, 0, 0, 0);
	s->us = raw_syscall(NR_KEYCTL, OP_GET_KEYRING_ID, RING_US, 0, 0, 0);
	s->fd = open_some(s->what);
	_exit(0);
}

FIXTURE_SETUP(file)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->uid = fresh_uid();

	if (variant->held == SHARED_TABLE) {
		struct table_sharer *s = shared(sizeof(*s));
		char *stack = shared(65536);
		int status;
		pid_t pid;

		s->uid = self->uid;
		s->what = variant->what;
		pid = clone(share_table, stack + 65536, CLONE_FILES | SIGCHLD,
			    s);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
		self->u = s->u;
		self->us = s->us;
		self->fd = s->fd;
	} else {
		self->sock = shared(2 * sizeof(int));
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, self->sock));
		if (variant->held == BY_OTHER_UID) {
			self->holder = actor_user(fresh_uid());
			close(self->sock[1]);
		}
		self->x = actor_user(self->uid);
		self->u = ON(self->x, kc_id(RING_U, 0));
		self->us = ON(self->x, kc_id(RING_US, 0));
		ASSERT_EQ(0, actor_do(self->x, send_file, self->sock[0],
				      variant->what, 0));
		actor_leave(self->x);
		if (variant->held == IN_FLIGHT) {
			self->fd = self->sock[1];
		} else {
			self->fd = actor_do(self->holder, receive_file,
					    self->sock[1], 0, 0);
		}
	}
	ASSERT_LT(0, self->u);
	ASSERT_LT(0, self->us);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(file)
{
	stage_close();
}

TEST_F(file, pins_the_rings_while_it_is_open)
{
	struct actor *y;

	EXPECT_TRUE(key_stays(self->us));
	EXPECT_TRUE(key_stays(self->u));
	/* a new process of the UID finds them as they were */
	y = actor_user(self->uid);
	EXPECT_EQ(self->us, ON(y, kc_id(RING_US, 0)));
	EXPECT_EQ(self->u, ON(y, kc_id(RING_U, 0)));
	actor_leave(y);
	EXPECT_TRUE(key_stays(self->us));
	EXPECT_TRUE(key_stays(self->u));
}

TEST_F(file, ours_lets_go_when_it_is_closed)
{
	EXPECT_TRUE(key_stays(self->us));
	EXPECT_EQ(0, actor_do(self->holder, close_file, self->fd, 0, 0));
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_FORGOTTEN(self->uid);
}

TEST_F(file, ours_lets_go_with_its_last_copy)
{
	/* a copy of the file, or of the socket that it is still in */
	struct actor *copy = actor_fork(self->holder);

	EXPECT_EQ(0, actor_do(self->holder, close_file, self->fd, 0, 0));
	EXPECT_TRUE(key_stays(self->us));
	actor_leave(copy);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_FORGOTTEN(self->uid);
}

/*
 * Session keyrings, and the processes that refer to them:
 *
 *	p (fresh uid) ---@s---> "_ses", or by name ---> user "k"
 */
FIXTURE(session)
{
	struct actor *p;
	uid_t uid;
	long ses, key;
};

FIXTURE_VARIANT(session)
{
	bool named;
};

FIXTURE_VARIANT_ADD(session, anonymous) {};
FIXTURE_VARIANT_ADD(session, named) { .named = true };

FIXTURE_SETUP(session)
{
	stage_open();
	self->uid = fresh_uid();
	self->p = actor_user(self->uid);
	self->ses = ON(self->p, kc_join(variant->named ? "life" : NULL));
	self->key = ON(self->p, kc_add_user("k", "v", RING_S));
	ASSERT_LT(0, self->ses);
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(session)
{
	stage_close();
}

TEST_F(session, goes_with_the_last_process)
{
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(self->ses));
	EXPECT_TRUE(key_goes(self->key));
	EXPECT_FORGOTTEN(self->uid);
}

TEST_F(session, stays_with_any_process)
{
	struct actor *child = actor_fork(self->p);
	struct actor *grandchild = actor_fork(child);

	actor_leave(child);
	EXPECT_TRUE(key_stays(self->ses));
	actor_leave(self->p);
	EXPECT_TRUE(key_stays(self->ses));
	EXPECT_STREQ("v", ON(grandchild, payload(self->key)));
	actor_leave(grandchild);
	EXPECT_TRUE(key_goes(self->ses));
	EXPECT_TRUE(key_goes(self->key));
}

TEST_F(session, goes_when_replaced)
{
	EXPECT_LT(0, ON(self->p, kc_join(NULL)));
	EXPECT_TRUE(key_goes(self->ses));
	EXPECT_TRUE(key_goes(self->key));
}

TEST_F(session, goes_when_killed)
{
	kill(self->p->pid, SIGKILL);
	waitpid(self->p->pid, NULL, __WALL);
	self->p->gone = true;
	EXPECT_TRUE(key_goes(self->ses));
	EXPECT_FORGOTTEN(self->uid);
}

TEST_F(session, stays_while_linked)
{
	struct actor *keeper = actor_fork(self->p);

	EXPECT_EQ(0, ON(keeper, kc_link(RING_S, RING_P)));
	EXPECT_LT(0, ON(keeper, kc_join(NULL)));
	actor_leave(self->p);
	/* the keeper is an orphan now, but still there */
	EXPECT_TRUE(key_stays(self->ses));
	EXPECT_STREQ("v", ON(keeper, payload(self->key)));
	EXPECT_EQ(0, ON(keeper, kc_clear(RING_P)));
	EXPECT_TRUE(key_goes(self->ses));
	actor_leave(keeper);
}

TEST_F(session, goes_with_threads)
{
	struct actor *thread = actor_thread(self->p);

	EXPECT_LT(0, ON(self->p, kc_join(NULL)));
	EXPECT_TRUE(key_stays(self->ses));
	EXPECT_EQ(self->ses, ON(thread, kc_id(RING_S, 0)));
	actor_leave(thread);
	EXPECT_TRUE(key_goes(self->ses));
}

static long open_and_keep(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	return open_some(MEMFD);
}

/*
 * "The last process that refers to it": a file is not a process. (In the built-in
 * service an open file keeps the session of who opened it.)
 */
TEST_F(session, ours_open_file_does_not_pin_it)
{
	struct actor *child;
	long fd = actor_do(self->p, open_and_keep, 0, 0, 0);

	ASSERT_LE(0, fd);
	child = actor_fork(self->p);
	EXPECT_LT(0, ON(child, kc_join(NULL)));
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(self->ses));
	actor_leave(child);
}

/* "Exits": not "is waited for" */
TEST_F(session, ours_zombie_does_not_pin_it)
{
	actor_start(self->p, ORDER_LEAVE);
	self->p->gone = true;
	EXPECT_TRUE(key_goes(self->ses));
	EXPECT_TRUE(key_goes(self->key));
	EXPECT_EQ(self->p->pid, waitpid(self->p->pid, NULL, __WALL));
}

/* The rings of a process and of a thread go with these */
TEST_F(session, so_do_process_and_thread_rings)
{
	long t = ON(self->p, kc_id(RING_T, 1));
	long p = ON(self->p, kc_id(RING_P, 1));

	EXPECT_LT(0, t);
	EXPECT_LT(0, p);
	actor_leave(self->p);
	EXPECT_TRUE(key_goes(t));
	EXPECT_TRUE(key_goes(p));
	EXPECT_FORGOTTEN(self->uid);
}

/*
 * User namespaces. Each has its own record of each UID:
 *
 *	director (uid 0)
 *	  +-- n (uid 0 inside = base outside, in a namespace of its own)
 *	  |     +-- m (uid 5 inside = base + 5 outside)
 *	  +-- o (base + 5, in the initial namespace)
 */
FIXTURE(namespace)
{
	struct actor *n, *m, *o;
	uid_t base;
	long us, u, outer;
};

FIXTURE_SETUP(namespace)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->base = fresh_uids(10);
	self->n = actor_userns(self->base, 10);
	self->m = actor_fork(self->n);
	ASSERT_EQ(0, actor_do(self->m, become, 5, 0, 0));
	self->o = actor_user(self->base + 5);
	self->us = ON(self->m, kc_id(RING_US, 0));
	self->u = ON(self->m, kc_id(RING_U, 0));
	self->outer = ON(self->o, kc_id(RING_US, 0));
	ASSERT_LT(0, self->us);
	ASSERT_LT(0, self->u);
	ASSERT_LT(0, self->outer);
}

FIXTURE_TEARDOWN(namespace)
{
	stage_close();
}

TEST_F(namespace, rings_of_its_own)
{
	long key = ON(self->m, kc_add_user("k", "v", RING_US));

	EXPECT_NE(self->us, self->outer);
	EXPECT_EQ(-ENOKEY, ON(self->o, kc_request("user", "k", NULL, 0)));
	EXPECT_EQ(-EACCES, ON(self->n, kc_read(key, NULL, 0)));
	EXPECT_STREQ("keyring;5;65534;1f3f0000;_uid_ses.5",
		     ON(self->m, description(RING_US)));
	EXPECT_STREQ("keyring;5;65534;1f3f0000;_uid.5",
		     ON(self->m, description(RING_U)));
	EXPECT_EQ(1, ON(self->m, ring_holds(RING_US, self->u)));
	EXPECT_STREQ(shared_text("keyring;%u;65534;1f3f0000;_uid_ses.%u",
				 self->base + 5, self->base + 5),
		     ON(self->o, description(RING_US)));
}

TEST_F(namespace, shared_inside)
{
	struct actor *q = actor_fork(self->n);

	EXPECT_NE(self->us, ON(self->n, kc_id(RING_US, 0)));
	ASSERT_EQ(0, actor_do(q, become, 5, 0, 0));
	EXPECT_EQ(self->us, ON(q, kc_id(RING_US, 0)));
	EXPECT_EQ(self->u, ON(q, kc_id(RING_U, 0)));
}

TEST_F(namespace, rings_go_with_it)
{
	long us0 = ON(self->n, kc_id(RING_US, 0));

	EXPECT_LT(0, us0);
	actor_leave(self->m);
	actor_leave(self->n);
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_TRUE(key_goes(us0));
	EXPECT_FORGOTTEN(self->base);
	/* those outside stay */
	EXPECT_EQ(self->outer, ON(self->o, kc_id(RING_US, 0)));
}

TEST_F(namespace, ours_rings_go_with_the_last_process_inside)
{
	/* one UID outside: whoever has it pins the rings in every namespace */
	actor_leave(self->o);
	EXPECT_TRUE(key_stays(self->outer));
	EXPECT_TRUE(key_stays(self->us));
	actor_leave(self->m);
	EXPECT_TRUE(key_goes(self->outer));
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_TRUE(key_goes(self->u));
	EXPECT_FORGOTTEN(self->base + 5);
	/* and the next one inside gets new ones */
	self->m = actor_fork(self->n);
	ASSERT_EQ(0, actor_do(self->m, become, 5, 0, 0));
	EXPECT_NE(self->us, ON(self->m, kc_id(RING_US, 0)));
}

/* A ring of a namespace that is gone may live on in a session, like any other */
TEST_F(namespace, ring_outlives_it_when_linked)
{
	struct actor *keeper = actor_fork(NULL), *n;
	uid_t base = fresh_uids(10);
	long us, key;

	ASSERT_LT(0, ON(keeper, kc_join(NULL)));
	n = actor_fork(keeper);
	ASSERT_EQ(0, actor_do(n, unshare_userns, 0, 0, 0));
	map_ids(n, base, 10);
	ASSERT_EQ(0, actor_do(n, become, 3, 0, 0));
	us = ON(n, kc_id(RING_US, 0));
	key = ON(n, kc_add_user("k", "v", RING_US));
	EXPECT_EQ(0, ON(n, kc_link(RING_US, RING_S)));
	actor_leave(n);
	EXPECT_TRUE(key_stays(us));
	EXPECT_STREQ("v", ON(keeper, payload(key)));
	EXPECT_EQ(0, ON(keeper, kc_clear(RING_S)));
	EXPECT_TRUE(key_goes(us));
	EXPECT_FORGOTTEN(base + 3);
}

/*
 * UIDs that a namespace does not map have no number in it, but they are not one
 * and the same user:
 *
 *	a (uid A) ---unshare---> namespace, no UID mapped
 *	b (uid B, or 0) ---setns---> the same
 */
FIXTURE(unmapped)
{
	struct actor *a, *b;
	uid_t uid_a, uid_b;
	int ns;
};

FIXTURE_VARIANT(unmapped)
{
	bool root;
};

FIXTURE_VARIANT_ADD(unmapped, two_users) {};
FIXTURE_VARIANT_ADD(unmapped, user_and_root) { .root = true };

/* Become a user but keep root's capabilities, so that setns(2) is allowed */
static long become_capable(long uid, long b, long c)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	(void)b, (void)c;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || set_uids(uid, uid, uid) ||
	    syscall(SYS_capget, &header, data))
		return -1;
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	return syscall(SYS_capset, &header, data);
}

static long enter_ns(long fd, long b, long c)
{
	(void)b, (void)c;
	return setns(fd, CLONE_NEWUSER) ? -errno : 0;
}

FIXTURE_SETUP(unmapped)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->uid_a = fresh_uid();
	self->uid_b = variant->root ? 0 : fresh_uid();
	self->a = actor_user(self->uid_a);
	ASSERT_EQ(0, actor_do(self->a, unshare_userns, 0, 0, 0));
	self->ns = open(shared_text("/proc/%d/ns/user", self->a->pid),
			O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->ns);
	self->b = actor_fork(NULL);
	if (!variant->root) {
		ASSERT_EQ(0, actor_do(self->b, become_capable, self->uid_b, 0,
				      0));
	}
	ASSERT_EQ(0, actor_do(self->b, enter_ns, self->ns, 0, 0));
}

FIXTURE_TEARDOWN(unmapped)
{
	stage_close();
}

/* They may be refused keyrings, or have some, but not the same */
TEST_F(unmapped, ours_never_share)
{
	long a = ON(self->a, kc_id(RING_US, 0));
	long b = ON(self->b, kc_id(RING_US, 0));
	long key = ON(self->a, kc_add_user("k", "a secret", RING_U));

	EXPECT_TRUE(a < 0 || a != b)
		TH_LOG("%ld is the user-session keyring of both", a);
	a = ON(self->a, kc_id(RING_U, 0));
	b = ON(self->b, kc_id(RING_U, 0));
	EXPECT_TRUE(a < 0 || a != b)
		TH_LOG("%ld is the user keyring of both", a);
	EXPECT_GT(0, ON(self->b, kc_search(RING_U, "user", "k", 0)));
	EXPECT_GT(0, ON(self->b, kc_request("user", "k", NULL, 0)));
	EXPECT_GT(0, ON(self->b, kc_read(key, NULL, 0)));
	EXPECT_GT(0, ON(self->b, kc_search(RING_S, "user", "k", 0)));
}

/* Persistent keyrings are known by the number of their UID */
TEST_F(unmapped, ours_no_persistent_ring)
{
	unsigned char caps[2] = { 0 };

	kc_capabilities(caps, sizeof(caps));
	ASSERT_LT(0, ON(self->a, kc_join(NULL)));
	EXPECT_EQ(caps[0] & CAPS0_PERSISTENT ? -EINVAL : -EOPNOTSUPP,
		  ON(self->a, kc_persistent(-1, RING_S)));
}

/* Nor do they share with those who are mapped, inside or outside */
TEST_F(unmapped, nothing_in_common_with_the_mapped)
{
	struct actor *o = actor_user(self->uid_a);
	long a = ON(self->a, kc_id(RING_US, 0));
	long out = ON(o, kc_id(RING_US, 0));

	EXPECT_LT(0, out);
	EXPECT_NE(a, out);
	EXPECT_NE(ON(self->b, kc_id(RING_US, 0)), out);
}

TEST_F(unmapped, ours_rings_go_with_the_last_process)
{
	long a = ON(self->a, kc_id(RING_US, 0));

	/* b keeps the namespace alive */
	actor_leave(self->a);
	if (a > 0) {
		EXPECT_TRUE(key_goes(a));
	}
	EXPECT_FORGOTTEN(self->uid_a);
}

/*
 * Many UIDs, one after another:
 */
FIXTURE(crowd)
{
	int32_t *serials;
};

FIXTURE_SETUP(crowd)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->serials = shared(3 * 1000 * sizeof(int32_t));
}

FIXTURE_TEARDOWN(crowd)
{
	stage_close();
}

/* In an actor that is root, of the machine or of its namespace */
static long parade(long first, long count, long serials)
{
	int32_t *out = (int32_t *)serials;
	int i, status;
	pid_t pid;

	signal(SIGCHLD, SIG_DFL);
	for (i = 0; i < count; i++, out += 3) {
		pid = fork();
		if (pid < 0)
			return -errno;
		if (!pid) {
			if (become(first + i, 0, 0))
				_exit(1);
			out[0] = raw_syscall(NR_KEYCTL, OP_GET_KEYRING_ID,
					     RING_S, 0, 0, 0);
			out[1] = raw_syscall(NR_KEYCTL, OP_GET_KEYRING_ID,
					     RING_U, 0, 0, 0);
			out[2] = raw_syscall(NR_ADD_KEY, (long)"user",
					     (long)"k", (long)"v", 1, RING_U);
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			return -ECHILD;
	}
	return 0;
}

static int still_there(const int32_t *serials, int n)
{
	int i, left = 0;

	for (i = 0; i < n; i++)
		left += key_exists(serials[i]);
	return left;
}

static int rows_in_range(uid_t first, unsigned int count)
{
	char *text = slurp(NULL, "/proc/key-users");
	unsigned int uid;
	int n = 0;

	for (; *text; text = strchr(text, '\n') + 1)
		if (sscanf(text, "%u:", &uid) == 1)
			n += uid >= first && uid < first + count;
	return n;
}

TEST_F_TIMEOUT(crowd, ours_a_thousand_uids_leave_nothing, 600)
{
	uid_t first = fresh_uids(1000);
	struct actor *root = actor_fork(NULL);
	int i;

	actor_begin(root, parade, first, 1000, (long)self->serials);
	while (whose_turn(root) != TURN_DIRECTOR)
		nap_ms(50);
	ASSERT_EQ(0, root->ret);
	for (i = 0; i < 3000; i++) {
		ASSERT_LT(0, self->serials[i]);
	}
	EXPECT_TRUE(EVENTUALLY(rows_in_range(first, 1000) == 0));
	EXPECT_EQ(0, still_there(self->serials, 3000));
}

TEST_F_TIMEOUT(crowd, ours_uids_of_a_namespace_leave_nothing, 600)
{
	uid_t base = fresh_uids(400);
	struct actor *n = actor_userns(base, 400);
	int i;

	actor_begin(n, parade, 0, 400, (long)self->serials);
	while (whose_turn(n) != TURN_DIRECTOR)
		nap_ms(50);
	ASSERT_EQ(0, n->ret);
	for (i = 0; i < 1200; i++) {
		ASSERT_LT(0, self->serials[i]);
	}
	/* UID 0 of the namespace still has a process */
	EXPECT_TRUE(EVENTUALLY(rows_in_range(base + 1, 399) == 0));
	EXPECT_EQ(0, still_there(self->serials + 3, 1197));
}

SELFTEST_MAIN
