/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file opened by a worker of io_uring: a thread that the kernel makes for the process
 * that asks for it.
 *
 * Specified by io_uring_setup(2), io_uring_enter(2) of liburing.
 */
#ifndef URING_H
#define URING_H

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "actors.h"

/* What a process has of its ring, in which there is one request at a time */
struct uring {
	int fd;
	unsigned char *rings;
	struct io_uring_sqe *request;
	struct io_uring_params params;
};

static void *uring_map(const struct uring *u, size_t bytes, off_t what)
{
	void *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, u->fd,
			  what);

	if (area == MAP_FAILED)
		stage_broken("io_uring at %lx: %d", (long)what, errno);
	return area;
}

static struct uring *uring_open(void)
{
	static struct uring u = { .fd = -1 };

	if (u.fd >= 0)
		return &u;
	u.fd = syscall(SYS_io_uring_setup, 1, &u.params);
	if (u.fd < 0)
		return NULL;
	/* Both queues are in the same area since Linux 5.4. */
	u.rings = uring_map(&u, u.params.cq_off.cqes +
				u.params.cq_entries * sizeof(struct io_uring_cqe),
			    IORING_OFF_SQ_RING);
	u.request = uring_map(&u, sizeof(*u.request), IORING_OFF_SQES);
	return &u;
}

static unsigned int *uring_word(const struct uring *u, unsigned int offset)
{
	return (unsigned int *)(u->rings + offset);
}

/* Have u->request done by a worker. Returns what the system call would have. */
static long uring_do(struct uring *u)
{
	unsigned int *sq_tail = uring_word(u, u->params.sq_off.tail);
	unsigned int *cq_head = uring_word(u, u->params.cq_off.head);
	const struct io_uring_cqe *done = (void *)(u->rings + u->params.cq_off.cqes);

	u->request->flags |= IOSQE_ASYNC;
	*uring_word(u, u->params.sq_off.array) = 0;
	__atomic_store_n(sq_tail, *sq_tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, u->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	done += *cq_head & (u->params.cq_entries - 1);
	__atomic_store_n(cq_head, *cq_head + 1, __ATOMIC_RELEASE);
	return done->res;
}

/* 0 or -errno; of an actor, by actor_do(). ENOSYS: there is no io_uring. */
static long uring_open_file(long path, long flags, long mode)
{
	struct uring *u = uring_open();
	long fd;

	if (!u)
		return -ENOSYS;
	*u->request = (struct io_uring_sqe){
		.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = path,
		.open_flags = flags | O_CLOEXEC, .len = mode,
	};
	fd = uring_do(u);
	if (fd < 0)
		return fd;
	return close(fd) ? -errno : 0;
}

#endif /* URING_H */
