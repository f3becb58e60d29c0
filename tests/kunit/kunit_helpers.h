/* SPDX-License-Identifier: GPL-2.0-only */
/* What the unit tests share: rooms brought up, actors, keys. */
#ifndef KR_KUNIT_HELPERS_H
#define KR_KUNIT_HELPERS_H

#include <keyrings/cred.h>
#include <keyrings/keyring.h>
#include <kunit/test.h>

/* Suite init and exit: every room up to cred, and down again with nothing left. */
int kr_kunit_up(struct kunit_suite *suite);
void kr_kunit_down(struct kunit_suite *suite);

/* Test init and exit for a struct kr_kunit in test->priv. */
int kr_kunit_enter(struct kunit *test);
void kr_kunit_leave(struct kunit *test);

/**
 * struct kr_kunit - what a test starts with
 * @alice: credentials of UID 20001 with group 30001 and supplementary group 30002
 * @bob: credentials of UID 20002 with group 30003
 * @ring: a keyring of alice's that grants its possessor everything
 */
struct kr_kunit {
	struct cred *alice;
	struct cred *bob;
	struct kr_key *ring;
};

#define KR_KUNIT_ALICE	20001
#define KR_KUNIT_BOB	20002

/* A `user` key of alice's, not linked anywhere; the test ends if it cannot be made. */
struct kr_key *kr_kunit_key(struct kunit *test, const char *desc, const char *payload);
/* A keyring of alice's. */
struct kr_key *kr_kunit_ring(struct kunit *test, const char *name);
/* add_key(2) as alice, into a possessed ring; 0 with a reference in @key, or an error. */
int kr_kunit_add(struct kunit *test, struct kr_key *ring, const char *desc, const char *payload,
		 struct kr_key **key);
/* What alice's account is charged. */
unsigned int kr_kunit_qnkeys(void);
u64 kr_kunit_qnbytes(void);
/* Let the clock run ahead and the reaper see it. */
void kr_kunit_pass(time64_t seconds);

#endif /* KR_KUNIT_HELPERS_H */
