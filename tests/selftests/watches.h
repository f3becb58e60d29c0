/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notification pipes as a program meets them: pipe2(2) with
 * O_NOTIFICATION_PIPE, and the records that come out of them.
 *
 * A record is compared as text: "linked 100 aux 200 as 7" says that key 200 was
 * linked into ring 100, which is watched under the number 7.
 */
#ifndef WATCHES_H
#define WATCHES_H

#include <sys/ioctl.h>

#include "actors.h"

enum {
	NOTIFICATION_PIPE = O_EXCL,
	SET_SIZE = _IO('W', 0x60),
	SET_FILTER = _IO('W', 0x61),
	QUEUE_NOTES = 256,
};

struct note {
	uint32_t type:24, subtype:8;
	uint32_t info;
	uint32_t key, aux;
};

struct note_filter {
	uint32_t nr, reserved;
	struct {
		uint32_t type, info_filter, info_mask, subtypes[8];
	} one;
};

enum { TYPE_META, TYPE_KEY };

enum what {
	INSTANTIATED, UPDATED, LINKED, UNLINKED, CLEARED, REVOKED, INVALIDATED, SETATTR,
};

static inline long kc_watch(int id, int fd, int as)
{
	return keyctl(OP_WATCH_KEY, id, fd, as, 0);
}

/* A notification pipe; -ENOPKG from a kernel that has none */
static inline int queue_open(int fds[2])
{
	if (pipe2(fds, NOTIFICATION_PIPE | O_NONBLOCK))
		return -errno;
	return ioctl(fds[0], SET_SIZE, QUEUE_NOTES) ? -errno : 0;
}

static inline bool kernel_has_queues(void)
{
	int fds[2], ret = queue_open(fds);

	if (ret)
		return false;
	close(fds[0]);
	close(fds[1]);
	return true;
}

#define REQUIRE_QUEUES()						\
	if (!kernel_has_queues())					\
		SKIP(return, "the kernel was built without CONFIG_WATCH_QUEUE")

static inline const char *note_text(enum what what, long key, long aux, int as)
{
	static const char *const words[] = {
		"instantiated", "updated", "linked", "unlinked", "cleared",
		"revoked", "invalidated", "setattr",
	};

	return shared_text("%s %ld aux %ld as %d",
			   what <= SETATTR ? words[what] : "unknown", key, aux,
			   as);
}

static inline const char *removal_text(long key, int as)
{
	return shared_text("removed %ld as %d", key, as);
}

static inline const char *note_parse(const struct note *note, long len)
{
	int as = note->info >> 8 & 0xff;

	if (len != (note->info & 0x7f) || (note->info & 0xffff0000))
		return shared_text("a record of %ld bytes, info %#x", len,
				   note->info);
	if (note->type == TYPE_KEY && len == sizeof(*note))
		return note_text(note->subtype, note->key, (int)note->aux, as);
	if (note->type == TYPE_META && !note->subtype && len == sizeof(*note) &&
	    !note->aux)
		return removal_text(note->key, as);
	if (note->type == TYPE_META && !note->subtype)
		return shared_text("removed as %d", as);
	return shared_text("type %u, subtype %u, %ld bytes", note->type,
			   note->subtype, len);
}

/* No error is to be expected: one says what else there is to know of the pipe. */
static inline const char *note_error(int fd, int error)
{
	char room[256];
	int bytes = -1;
	long len;

	ioctl(fd, FIONREAD, &bytes);
	len = read(fd, room, sizeof(room));
	return shared_text("error %d, with %d bytes in the pipe; then read %ld", error, bytes,
			   len < 0 ? -errno : len);
}

/* The record that is there now, or "nothing" */
static inline const char *note_peek(int fd)
{
	struct note note = { 0 };
	long len = read(fd, &note, sizeof(note));

	if (len < 0)
		return errno == EAGAIN ? "nothing" : note_error(fd, errno);
	return note_parse(&note, len);
}

/* The next record, or "nothing" if none comes */
static inline const char *note_next(int fd)
{
	const char *text;

	EVENTUALLY(strcmp(text = note_peek(fd), "nothing"));
	return text;
}

#define EXPECT_NOTE(fd, what, key, aux, as) \
	EXPECT_STREQ(note_text(what, key, aux, as), note_next(fd))
#define EXPECT_REMOVAL(fd, key, as) \
	EXPECT_STREQ(removal_text(key, as), note_next(fd))
#define EXPECT_SILENCE(fd) EXPECT_STREQ("nothing", note_peek(fd))

#endif /* WATCHES_H */
