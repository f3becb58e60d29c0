/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test program asks of kr_inkernel.ko: to use keys as code of the kernel
 * does, in the context of the process that asks.
 *
 * Each call of ioctl(2) on /dev/kr_inkernel returns a value or fails with the
 * error that the kernel function gave. A key that was found is held in a slot,
 * whose number is the return value, until it is put or the file is closed.
 */
#ifndef INKERNEL_ABI_H
#define INKERNEL_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

enum {
	INKERNEL_SLOTS = 64,
	INKERNEL_DESC = 256,
	INKERNEL_TEXT = 4096,
};

/* How to request a key */
enum {
	INKERNEL_PLAIN,		/* request_key() */
	INKERNEL_RCU,		/* request_key_rcu(): neither sleeps nor asks a helper */
	INKERNEL_OVERRIDE,	/* request_key() under credentials with a private ring */
};

/* What the module's own type of keys lacks */
enum { INKERNEL_NO_READ = 1, INKERNEL_NO_UPDATE = 2 };

struct inkernel_request {
	char type[32];
	char desc[INKERNEL_DESC];
	char callout[INKERNEL_DESC];	/* begins with \0: no call-out */
	__u32 how;
};

struct inkernel_lookup {
	__s32 serial;
	__u32 flags;		/* KEY_LOOKUP_* */
	__u32 need;		/* enum key_need_perm */
};

/* In a held ring */
struct inkernel_search {
	__u32 slot;
	char type[32];
	char desc[INKERNEL_DESC];
};

/* Of a held key: its payload, or its type and description as "type;description" */
struct inkernel_text {
	__u32 slot;
	__u32 len;		/* of what is in text, after the call */
	char text[INKERNEL_TEXT];
};

/* enum key_need_perm */
enum { NEED_VIEW = 1, NEED_READ, NEED_WRITE, NEED_SEARCH, NEED_LINK, NEED_SETATTR };

#define INKERNEL_REQUEST	_IOW('k', 1, struct inkernel_request)
#define INKERNEL_LOOKUP		_IOW('k', 2, struct inkernel_lookup)
#define INKERNEL_SERIAL		_IO('k', 3)	/* (slot) the held key's serial */
#define INKERNEL_VALIDATE	_IO('k', 4)	/* (slot) key_validate() */
#define INKERNEL_PAYLOAD	_IOWR('k', 5, struct inkernel_text)
#define INKERNEL_DESCRIBE	_IOWR('k', 6, struct inkernel_text)
#define INKERNEL_PUT		_IO('k', 7)	/* (slot) */

/* dns_query(): text is the name, and then the address */
#define INKERNEL_DNS		_IOWR('k', 8, struct inkernel_text)

/*
 * The module's own type of keys, "kr_inkernel": it takes any payload, and for
 * "take NAME" that of the user key NAME, or "nothing"; no description with a '!' first
 */
#define INKERNEL_TYPE_ADD	_IO('k', 9)	/* (INKERNEL_NO_*) what it cannot do */
#define INKERNEL_TYPE_REMOVE	_IO('k', 10)
#define INKERNEL_TYPE_ALIVE	_IO('k', 11)	/* how many payloads there are */

#define INKERNEL_SEARCH		_IOW('k', 12, struct inkernel_search)
#define INKERNEL_REVOKE		_IO('k', 13)	/* (slot) key_revoke() */
#define INKERNEL_INVALIDATE	_IO('k', 14)	/* (slot) key_invalidate() */
#define INKERNEL_FREEZE		_IO('k', 15)	/* (slot) key_update() is refused from now on */

/* Watch the network namespace of the caller; how many others hold the tag of its keys? */
#define INKERNEL_NET_WATCH	_IO('k', 16)
#define INKERNEL_NET_HOLDERS	_IO('k', 17)

/* key_lookup(); need is INKERNEL_PLAIN or INKERNEL_OVERRIDE */
#define INKERNEL_FIND		_IOW('k', 18, struct inkernel_lookup)

/* Request a key when the file is closed; what has come of the last: 0 or -errno; -EAGAIN: none */
#define INKERNEL_AT_RELEASE	_IOW('k', 19, struct inkernel_request)
#define INKERNEL_RELEASED	_IO('k', 20)

/* (UID) a security module denies it to write to keys, from now on; one UID at a time */
#define INKERNEL_DENY_WRITE	_IO('k', 21)

/* (yes or no) Is a minute spent in the end of each payload of that type, or until this is no? */
#define INKERNEL_TYPE_STAY	_IO('k', 22)	/* returns in how many that is so */

#define INKERNEL_DEVICE "/dev/kr_inkernel"
#define INKERNEL_TYPE "kr_inkernel"

#endif /* INKERNEL_ABI_H */
