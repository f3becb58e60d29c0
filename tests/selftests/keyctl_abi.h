/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The key service as a program meets it: three system calls, their operation
 * numbers, special IDs and permission bits. No library is in between, so that
 * a test sees exactly what the kernel returned.
 *
 * Every wrapper returns the kernel's own result: a value, or -errno. A test
 * therefore checks value and errno in one comparison.
 *
 * A 64-bit build enters by SYSCALL, a 32-bit build by int $0x80.
 */
#ifndef KEYCTL_ABI_H
#define KEYCTL_ABI_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __x86_64__
enum { NR_ADD_KEY = 248, NR_REQUEST_KEY = 249, NR_KEYCTL = 250 };
#else
enum { NR_ADD_KEY = 286, NR_REQUEST_KEY = 287, NR_KEYCTL = 288 };
#endif

/* keyctl(2) at the 32-bit door; the two others come before it there, too */
enum { NR32_KEYCTL = 288 };

/* keyctl(2) operations */
enum {
	OP_GET_KEYRING_ID = 0,
	OP_JOIN_SESSION = 1,
	OP_UPDATE = 2,
	OP_REVOKE = 3,
	OP_CHOWN = 4,
	OP_SETPERM = 5,
	OP_DESCRIBE = 6,
	OP_CLEAR = 7,
	OP_LINK = 8,
	OP_UNLINK = 9,
	OP_SEARCH = 10,
	OP_READ = 11,
	OP_INSTANTIATE = 12,
	OP_NEGATE = 13,
	OP_SET_REQKEY = 14,
	OP_SET_TIMEOUT = 15,
	OP_ASSUME_AUTHORITY = 16,
	OP_GET_SECURITY = 17,
	OP_TO_PARENT = 18,
	OP_REJECT = 19,
	OP_INSTANTIATE_IOV = 20,
	OP_INVALIDATE = 21,
	OP_GET_PERSISTENT = 22,
	OP_DH_COMPUTE = 23,
	OP_PKEY_QUERY = 24,
	OP_PKEY_ENCRYPT = 25,
	OP_PKEY_DECRYPT = 26,
	OP_PKEY_SIGN = 27,
	OP_PKEY_VERIFY = 28,
	OP_RESTRICT = 29,
	OP_MOVE = 30,
	OP_CAPABILITIES = 31,
	OP_WATCH_KEY = 32,
};

/* Special key IDs; keyctl(1) writes them @t, @p, @s, @u, @us, @g, @a */
enum {
	RING_T = -1,		/* thread keyring */
	RING_P = -2,		/* process keyring */
	RING_S = -3,		/* session keyring */
	RING_U = -4,		/* user keyring */
	RING_US = -5,		/* user-session keyring */
	RING_G = -6,		/* group keyring: reserved, never made */
	AUTH_KEY = -7,		/* assumed authority */
	RING_REQUESTOR = -8,	/* destination of the request in hand */
};

/* What SET_REQKEY takes and returns */
enum {
	REQKEY_ASK = -1,
	REQKEY_DEFAULT = 0,
	REQKEY_T = 1,
	REQKEY_P = 2,
	REQKEY_S = 3,
	REQKEY_U = 4,
	REQKEY_US = 5,
	REQKEY_G = 6,
	REQKEY_REQUESTOR = 7,
};

/* Permission bits of one class, and where the four classes lie in the mask */
enum {
	MAY_VIEW = 0x01,
	MAY_READ = 0x02,
	MAY_WRITE = 0x04,
	MAY_SEARCH = 0x08,
	MAY_LINK = 0x10,
	MAY_SETATTR = 0x20,
	MAY_ALL = 0x3f,
};

#define PERM_POS(bits) ((uint32_t)(bits) << 24)
#define PERM_USR(bits) ((uint32_t)(bits) << 16)
#define PERM_GRP(bits) ((uint32_t)(bits) << 8)
#define PERM_OTH(bits) ((uint32_t)(bits))

enum { MOVE_EXCL = 1 };

enum {
	CAPS0_CAPABILITIES = 0x01,
	CAPS0_PERSISTENT = 0x02,
	CAPS0_DH = 0x04,
	CAPS0_PKEY = 0x08,
	CAPS0_BIG_KEY = 0x10,
	CAPS0_INVALIDATE = 0x20,
	CAPS0_RESTRICT = 0x40,
	CAPS0_MOVE = 0x80,
	CAPS1_NS_NAME = 0x01,
	CAPS1_NS_TAG = 0x02,
	CAPS1_NOTIFICATIONS = 0x04,
};

/* Limits */
enum {
	MAX_TYPE = 31,		/* bytes of a type name */
	MAX_DESC = 4095,	/* bytes of a description */
	MAX_USER = 32767,	/* bytes of a user or logon payload */
	MAX_ADD = 1048575,	/* bytes add_key() takes at all */
	MAX_UPDATE = 4096,	/* bytes UPDATE takes: one page */
	LINK_BYTES = 4,		/* quota bytes of one link */
};

/* What DH_COMPUTE takes */
struct dh_ids {
	int32_t private, prime, base;
};

struct kdf {
	const char *hash, *otherinfo;
	uint32_t otherinfo_len, spare[8];
};

/* The same as a 32-bit process has it */
struct kdf32 {
	uint32_t hash, otherinfo;
	uint32_t otherinfo_len, spare[8];
};

/* What PKEY_QUERY fills in, and what the other four take */
struct pkey_query {
	uint32_t ops, bits;
	uint16_t max_data, max_sig, max_enc, max_dec;
	uint32_t spare[10];
};

struct pkey_params {
	int32_t key;
	uint32_t in_len, out_len, spare[7];
};

static inline long raw_syscall(long nr, long a, long b, long c, long d, long e)
{
	long ret;

#ifdef __x86_64__
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
		     : "rcx", "r11", "memory");
#else
	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "0"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
		     : "memory");
#endif
	return ret;
}

#ifdef __x86_64__
/* The 32-bit door, open to 64-bit programs too. Pointers must be below 4 GiB. */
static inline long raw_int80(long nr, long a, long b, long c, long d, long e)
{
	long ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "0"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
		     : "r8", "r9", "r10", "r11", "memory");
	return (int)ret;
}
#endif

/* No memory is mapped there */
#define NOWHERE ((void *)8)

/*
 * Where the calls below go: to this process, or (set by actors.h) to another
 * process or thread of the test, which makes the call and hands back its result.
 */
typedef long (*key_syscall_t)(long nr, long a, long b, long c, long d, long e);

static key_syscall_t key_syscall = raw_syscall;

static inline long keyctl(long op, long a, long b, long c, long d)
{
	return key_syscall(NR_KEYCTL, op, a, b, c, d);
}

/* add_key(2), request_key(2) */

static inline long kc_add(const char *type, const char *desc,
			  const void *payload, size_t len, int ring)
{
	return key_syscall(NR_ADD_KEY, (long)type, (long)desc, (long)payload,
			   (long)len, ring);
}

/* A "user" key whose payload is a string */
#define kc_add_user(desc, text, ring) \
	kc_add("user", desc, text, sizeof(text) - 1, ring)

static inline long kc_add_ring(const char *desc, int ring)
{
	return kc_add("keyring", desc, NULL, 0, ring);
}

static inline long kc_request(const char *type, const char *desc,
			      const char *callout, int dest)
{
	return key_syscall(NR_REQUEST_KEY, (long)type, (long)desc,
			   (long)callout, dest, 0);
}

/* keyctl(2), in order of operation number */

static inline long kc_id(int id, int create)
{
	return keyctl(OP_GET_KEYRING_ID, id, create, 0, 0);
}

static inline long kc_join(const char *name)
{
	return keyctl(OP_JOIN_SESSION, (long)name, 0, 0, 0);
}

static inline long kc_update(int id, const void *payload, size_t len)
{
	return keyctl(OP_UPDATE, id, (long)payload, (long)len, 0);
}

static inline long kc_revoke(int id)
{
	return keyctl(OP_REVOKE, id, 0, 0, 0);
}

static inline long kc_chown(int id, uid_t uid, gid_t gid)
{
	return keyctl(OP_CHOWN, id, (long)uid, (long)gid, 0);
}

static inline long kc_setperm(int id, uint32_t perm)
{
	return keyctl(OP_SETPERM, id, (long)perm, 0, 0);
}

static inline long kc_describe(int id, char *buf, size_t len)
{
	return keyctl(OP_DESCRIBE, id, (long)buf, (long)len, 0);
}

static inline long kc_clear(int ring)
{
	return keyctl(OP_CLEAR, ring, 0, 0, 0);
}

static inline long kc_link(int id, int ring)
{
	return keyctl(OP_LINK, id, ring, 0, 0);
}

static inline long kc_unlink(int id, int ring)
{
	return keyctl(OP_UNLINK, id, ring, 0, 0);
}

static inline long kc_search(int ring, const char *type, const char *desc,
			     int dest)
{
	return keyctl(OP_SEARCH, ring, (long)type, (long)desc, dest);
}

static inline long kc_read(int id, void *buf, size_t len)
{
	return keyctl(OP_READ, id, (long)buf, (long)len, 0);
}

static inline long kc_instantiate(int id, const void *data, size_t len,
				  int ring)
{
	return keyctl(OP_INSTANTIATE, id, (long)data, (long)len, ring);
}

static inline long kc_negate(int id, unsigned int timeout, int ring)
{
	return keyctl(OP_NEGATE, id, (long)timeout, ring, 0);
}

static inline long kc_reqkey(int value)
{
	return keyctl(OP_SET_REQKEY, value, 0, 0, 0);
}

static inline long kc_timeout(int id, unsigned int seconds)
{
	return keyctl(OP_SET_TIMEOUT, id, (long)seconds, 0, 0);
}

static inline long kc_assume(int id)
{
	return keyctl(OP_ASSUME_AUTHORITY, id, 0, 0, 0);
}

static inline long kc_security(int id, char *buf, size_t len)
{
	return keyctl(OP_GET_SECURITY, id, (long)buf, (long)len, 0);
}

static inline long kc_to_parent(void)
{
	return keyctl(OP_TO_PARENT, 0, 0, 0, 0);
}

static inline long kc_reject(int id, unsigned int timeout, unsigned int error,
			     int ring)
{
	return keyctl(OP_REJECT, id, (long)timeout, (long)error, ring);
}

static inline long kc_instantiate_iov(int id, const struct iovec *iov,
				      unsigned int n, int ring)
{
	return keyctl(OP_INSTANTIATE_IOV, id, (long)iov, n, ring);
}

static inline long kc_invalidate(int id)
{
	return keyctl(OP_INVALIDATE, id, 0, 0, 0);
}

static inline long kc_persistent(uid_t uid, int ring)
{
	return keyctl(OP_GET_PERSISTENT, (long)uid, ring, 0, 0);
}

static inline long kc_restrict(int ring, const char *type,
			       const char *restriction)
{
	return keyctl(OP_RESTRICT, ring, (long)type, (long)restriction, 0);
}

static inline long kc_move(int id, int from, int to, unsigned int flags)
{
	return keyctl(OP_MOVE, id, from, to, (long)flags);
}

static inline long kc_capabilities(unsigned char *buf, size_t len)
{
	return keyctl(OP_CAPABILITIES, (long)buf, (long)len, 0, 0);
}

#endif /* KEYCTL_ABI_H */
