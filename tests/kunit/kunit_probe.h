/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the unit tests of room key share: a type of their own, and keys that are not
 * instantiated yet.
 */
#ifndef KR_KUNIT_PROBE_H
#define KR_KUNIT_PROBE_H

#include "kunit_helpers.h"

/* A type that counts what is asked of it. */
static struct {
	int instantiated;
	int revoked;
	atomic_t destroyed;	/* by callbacks of RCU, on any CPU */
	int fail;	/* what instantiate returns */
} probe;

static inline int probe_instantiate(struct kr_key *key, struct kr_prep *prep)
{
	if (probe.fail)
		return probe.fail;
	probe.instantiated++;
	return 0;
}

static inline void probe_revoke(struct kr_key *key)
{
	probe.revoked++;
}

static inline void probe_destroy(struct kr_key *key)
{
	atomic_inc(&probe.destroyed);
}

static struct kr_key_type probe_type = {
	.name		= "kt_probe",
	.def_datalen	= 10,
	.instantiate	= probe_instantiate,
	.revoke		= probe_revoke,
	.destroy	= probe_destroy,
};

static inline int probe_init(struct kunit *test)
{
	memset(&probe, 0, sizeof(probe));
	return kt_case_init(test);
}

static inline int key_suite_init(struct kunit_suite *suite)
{
	int ret = kt_rooms_up(suite);

	if (ret)
		return ret;
	ret = kr_key_type_register(&probe_type);
	if (ret)
		kt_rooms_down(suite);
	return ret;
}

static inline void key_suite_exit(struct kunit_suite *suite)
{
	kr_key_type_unregister(&probe_type);
	kt_rooms_down(suite);
}

static inline struct kr_key *probe_alloc(const char *desc, unsigned int flags)
{
	return kr_key_alloc(&probe_type, desc, kt_uid(KT_UID), kt_gid(KT_GID), KT_PERM, flags);
}

static inline struct kr_key *user_alloc(struct kunit *test, const char *desc)
{
	return kr_key_alloc(kt_type(test, "user"), desc, kt_uid(KT_UID), kt_gid(KT_GID), KT_PERM,
			    KR_ALLOC_IN_QUOTA);
}

#endif /* KR_KUNIT_PROBE_H */
