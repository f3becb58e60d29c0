/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room base: the clock, the limits and the actor. Everything here is safe in
 * any context unless it says otherwise.
 */
#ifndef KEYRINGS_BASE_H
#define KEYRINGS_BASE_H

#include <linux/cred.h>
#include <linux/types.h>
#include <linux/uidgid.h>

/* Permission bits of one class, and the shift of each class (keyctl(2), KEYCTL_SETPERM). */
#define KR_VIEW			0x01u
#define KR_READ			0x02u
#define KR_WRITE		0x04u
#define KR_SEARCH		0x08u
#define KR_LINK			0x10u
#define KR_SETATTR		0x20u
#define KR_ALL			0x3fu

#define KR_POS(bits)		((u32)(bits) << 24)
#define KR_USR(bits)		((u32)(bits) << 16)
#define KR_GRP(bits)		((u32)(bits) << 8)
#define KR_OTH(bits)		((u32)(bits))
#define KR_PERM_VALID		(KR_POS(KR_ALL) | KR_USR(KR_ALL) | KR_GRP(KR_ALL) | KR_OTH(KR_ALL))

/**
 * struct kr_limits - where the administrator's limits are read
 * @maxkeys: keys a UID other than 0 may own
 * @maxbytes: bytes a UID other than 0 may own
 * @root_maxkeys: keys UID 0 may own
 * @root_maxbytes: bytes UID 0 may own
 * @gc_delay: seconds for which a revoked or expired key still says so
 * @persistent_expiry: seconds a persistent keyring lives after its last use
 *
 * The sysctls are proc(5), /proc/sys/kernel/keys. Each pointer names the
 * variable behind the sysctl: the running kernel's own where it has one, the
 * module's otherwise. They are set before the first call can arrive and never
 * change after.
 */
struct kr_limits {
	const unsigned int *maxkeys;
	const unsigned int *maxbytes;
	const unsigned int *root_maxkeys;
	const unsigned int *root_maxbytes;
	const unsigned int *gc_delay;
	const unsigned int *persistent_expiry;
};

extern struct kr_limits kr_limits;

/**
 * struct kr_limit_values - the module's own variables, used without CONFIG_KEYS
 * @maxkeys: see &struct kr_limits
 * @maxbytes: see &struct kr_limits
 * @root_maxkeys: see &struct kr_limits
 * @root_maxbytes: see &struct kr_limits
 * @gc_delay: see &struct kr_limits
 * @persistent_expiry: see &struct kr_limits
 */
struct kr_limit_values {
	unsigned int maxkeys;
	unsigned int maxbytes;
	unsigned int root_maxkeys;
	unsigned int root_maxbytes;
	unsigned int gc_delay;
	unsigned int persistent_expiry;
};

extern struct kr_limit_values kr_limit_values;

/**
 * kr_now() - wall-clock seconds, the clock of every expiry
 *
 * Return: seconds since the epoch, moved by kr_clock_shift() in tests.
 */
time64_t kr_now(void);

/**
 * kr_clock_shift() - let the clock of this module run ahead, for unit tests
 * @seconds: added to the wall clock from now on; 0 restores it
 */
void kr_clock_shift(time64_t seconds);

/**
 * kr_actor_in_group() - is this actor a member of a group?
 * @actor: the credentials that act
 * @gid: the group
 *
 * As in_group_p(), for credentials that need not be those of current.
 *
 * Return: true when @gid is the actor's fsgid or one of its groups.
 */
bool kr_actor_in_group(const struct cred *actor, kgid_t gid);

#endif /* KEYRINGS_BASE_H */
