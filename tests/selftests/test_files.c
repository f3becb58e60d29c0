// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files: they keep the keyrings of a UID as its processes do.
 *
 * user-session-keyring(7): "pinned in existence so long as there are processes
 * running with that real UID or files opened by those processes remain open".
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "keyctl_abi.h"
#include "actors.h"
#include "probes.h"

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
 * What the kernel keeps of the credentials of a process that has exited:
 *
 *	director (uid 0) ---waits for---> x (fresh uid, @us made)
 *	                 <--connects----
 */
FIXTURE(last)
{
	struct actor *x;
	long us;
};

FIXTURE_SETUP(last)
{
	stage_open();
	REQUIRE_NO_SESSION();
	self->x = actor_user(fresh_uid());
	self->us = ON(self->x, kc_id(RING_US, 0));
	ASSERT_LT(0, self->us);
}

FIXTURE_TEARDOWN(last)
{
	stage_close();
}

/* "Running": but its credentials are there until somebody has waited for it */
TEST_F(last, ours_zombie_pins_the_rings)
{
	siginfo_t info;

	actor_start(self->x, ORDER_LEAVE);
	self->x->gone = true;
	ASSERT_EQ(0, waitid(P_PID, self->x->pid, &info, WEXITED | WNOWAIT));
	EXPECT_TRUE(key_stays(self->us));
	ASSERT_EQ(self->x->pid, waitpid(self->x->pid, NULL, 0));
	EXPECT_TRUE(key_goes(self->us));
}

static socklen_t peer_address(struct sockaddr_un *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	return offsetof(struct sockaddr_un, sun_path) + 1 +
	       sprintf(addr->sun_path + 1, "keyrings.peer.%d", getpid());
}

static long connect_to(long addr, long len, long c)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)c;
	return connect(fd, (void *)addr, len) ? -errno : 0;
}

/* A socket that somebody else has opened, and whose other end was a process of the UID */
TEST_F(last, ours_peer_of_a_socket_pins_the_rings)
{
	struct sockaddr_un *addr = shared(sizeof(*addr));
	socklen_t len = peer_address(addr);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	ASSERT_EQ(0, bind(listener, (void *)addr, len));
	ASSERT_EQ(0, listen(listener, 1));
	ASSERT_EQ(0, actor_do(self->x, connect_to, (long)addr, len, 0));
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ASSERT_LE(0, fd);
	actor_leave(self->x);
	EXPECT_TRUE(key_stays(self->us));
	close(fd);
	EXPECT_TRUE(key_goes(self->us));
	close(listener);
}

static long open_named(long path, long b, long c)
{
	int fd = open((const char *)path, O_RDWR);

	(void)b, (void)c;
	return fd < 0 ? -errno : fd;
}

/* A named pipe is of the UID that was the first to open it, until nobody has it open */
TEST_F(last, ours_named_pipe_that_others_have_open_pins_the_rings)
{
	struct actor *y = actor_user(fresh_uid());
	char *path = shared(64);
	long fd;

	sprintf(path, "/tmp/keyrings.pipe.%d", getpid());
	ASSERT_EQ(0, mkfifo(path, 0600));
	ASSERT_EQ(0, chmod(path, 0666));
	ASSERT_LE(0, actor_do(self->x, open_named, (long)path, 0, 0));
	fd = actor_do(y, open_named, (long)path, 0, 0);
	ASSERT_LE(0, fd);
	actor_leave(self->x);
	EXPECT_TRUE(key_stays(self->us));
	EXPECT_EQ(0, actor_do(y, close_file, fd, 0, 0));
	EXPECT_TRUE(key_goes(self->us));
	EXPECT_EQ(0, unlink(path));
}

SELFTEST_MAIN
