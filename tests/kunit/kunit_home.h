/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the unit tests of room user share: accounts, and UIDs that have a record with
 * two rings in one namespace or several.
 */
#ifndef KR_KUNIT_HOME_H
#define KR_KUNIT_HOME_H

#include "kunit_helpers.h"

/* The room never looks into a ring: these stand for them. */
struct fake_ring {
	struct kt_login *login;
	atomic_t drops;
};

static inline struct kr_key *ring_of(struct fake_ring *ring)
{
	return (struct kr_key *)ring;
}

static inline void drop_ring(struct kr_key *key)
{
	struct fake_ring *ring = (struct fake_ring *)key;

	kt_login_save(ring->login);
	atomic_inc(&ring->drops);
}

static const struct kr_user_ops user_ops = {
	.drop_ring	= drop_ring,
};

static inline int user_suite_init(struct kunit_suite *suite)
{
	return kr_user_init(&user_ops);
}

static inline void user_suite_exit(struct kunit_suite *suite)
{
	kr_user_drop_all();
	kr_user_exit();
}

static inline void user_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	kr_user_drop_all();
	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, kr_account_next(0));
	rcu_read_unlock();
	kt_bare_exit(test);
}

static inline struct kr_account *account_of(struct kunit *test, u32 uid)
{
	struct kr_account *account = kr_account_get_by_uid(kt_uid(uid));

	KUNIT_ASSERT_NOT_NULL(test, account);
	return account;
}

static inline struct kr_account *next_account(u32 uid)
{
	struct kr_account *account;

	rcu_read_lock();
	account = kr_account_next(uid);
	rcu_read_unlock();
	return account;
}

/* A UID with its two rings in one namespace. */
struct home {
	struct user_namespace *ns;
	struct fake_ring user_ring;
	struct fake_ring session_ring;
};

/* Kept until the rooms are empty: the room may drop the rings after the case. */
static inline struct home *home_new(struct kunit *test, struct kt_login *login,
				    struct user_namespace *ns)
{
	struct home *home = kunit_kzalloc(test, sizeof(*home), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, home);
	home->ns = ns;
	home->user_ring.login = login;
	home->session_ring.login = login;
	return home;
}

static inline int home_move_in(struct home *home, struct kr_account *account)
{
	struct kr_ns *kns = kr_ns_get_by_ns(home->ns);
	int ret;

	if (!kns)
		return -ENOMEM;
	ret = kr_user_install(account, kns, &home->user_ring.login->up, ring_of(&home->user_ring),
			      ring_of(&home->session_ring));
	kr_ns_put(kns);
	return ret;
}

static inline struct home *home_install(struct kunit *test, struct kt_login *login,
					struct user_namespace *ns)
{
	struct kr_account *account = account_of(test, __kuid_val(login->up.uid));
	struct home *home = home_new(test, login, ns);

	mutex_lock(&account->create);
	KUNIT_EXPECT_EQ(test, home_move_in(home, account), 0);
	mutex_unlock(&account->create);
	kr_account_put(account);
	return home;
}

static inline bool home_found(const struct home *home, u32 uid)
{
	struct kr_user *user;
	bool found;

	rcu_read_lock();
	user = kr_user_peek(home->ns, kt_uid(uid));
	found = user && user->user_ring == (void *)&home->user_ring &&
		user->session_ring == (void *)&home->session_ring;
	rcu_read_unlock();
	return found;
}

static inline bool anybody_home(struct user_namespace *ns, u32 uid)
{
	bool any;

	rcu_read_lock();
	any = kr_user_peek(ns, kt_uid(uid));
	rcu_read_unlock();
	return any;
}

static inline int drops(const struct home *home)
{
	return 100 * atomic_read(&home->user_ring.drops) + atomic_read(&home->session_ring.drops);
}

static inline int count_of(const struct kt_login *login)
{
	return refcount_read(&login->up.__count) - atomic_read(&login->saved);
}

#endif /* KR_KUNIT_HOME_H */
