// SPDX-License-Identifier: GPL-2.0-only
/*
 * lend UID FILE COMMAND...: a process of UID opens FILE, gives the open file
 * to a process of root over a socket, and exits; root's process then runs
 * COMMAND with the file still open (as descriptor 3).
 *
 * The open file remembers who opened it.  It is all that is left of UID.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

static void die(const char *what)
{
	perror(what);
	exit(111);
}

static void send_file(int sock, int fd)
{
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	union control c = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &c, .msg_controllen = sizeof(c),
	};

	c.head.cmsg_level = SOL_SOCKET;
	c.head.cmsg_type = SCM_RIGHTS;
	c.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&c.head), &fd, sizeof(int));
	if (sendmsg(sock, &msg, 0) != 1)
		die("lend: sendmsg");
}

static int receive_file(int sock)
{
	char byte;
	int fd;
	struct iovec iov = { &byte, 1 };
	union control c;
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &c, .msg_controllen = sizeof(c),
	};

	if (recvmsg(sock, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		die("lend: recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

static void be_the_user(int sock, uid_t uid, const char *file)
{
	int fd;

	if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		die("lend: setresuid");
	fd = open(file, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		die(file);
	send_file(sock, fd);
	exit(0);
}

int main(int argc, char **argv)
{
	int sock[2], fd, status;

	if (argc < 4) {
		fprintf(stderr, "usage: lend UID FILE COMMAND...\n");
		return 100;
	}
	/* The sockets belong to root: only the file is the user's. */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock))
		die("lend: socketpair");
	if (!fork())
		be_the_user(sock[1], strtoul(argv[1], NULL, 10), argv[2]);
	fd = receive_file(sock[0]);
	wait(&status);
	close(sock[0]);
	close(sock[1]);
	if (fd != 3 && (dup2(fd, 3) != 3 || close(fd)))
		die("lend: dup2");
	execvp(argv[3], argv + 3);
	die(argv[3]);
}
