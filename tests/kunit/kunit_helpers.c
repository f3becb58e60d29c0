// SPDX-License-Identifier: GPL-2.0-only
/* What the unit tests share. */
#include "kunit_helpers.h"

#include <keyrings/request.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

MODULE_DESCRIPTION("Unit tests of the rooms of keyrings that patch nothing");
MODULE_LICENSE("GPL");

#define CREW_MAX	8
#define LOGINS_MAX	256

struct held {
	struct list_head list;
	struct kr_key *key;
};

struct actor {
	struct list_head list;
	struct cred *cred;
	struct user_struct *user;
	struct user_namespace *ns;
};

struct space {
	struct list_head list;
	struct user_namespace ns;
};

struct member {
	struct task_struct *task;
	struct completion started;
	int (*fn)(void *arg);
	void *arg;
};

/* What one case has, kunit.priv. */
struct kt_case {
	struct list_head held;
	struct list_head actors;
	struct list_head spaces;
	struct member crew[CREW_MAX];
	unsigned int crew_count;
};

/* Looked at by drop_ring() from the work of room user; one case runs at a time. */
static struct kt_login *logins[LOGINS_MAX];

static void drop_ring(struct kr_key *ring)
{
	unsigned int i;

	for (i = 0; i < LOGINS_MAX; i++) {
		struct kt_login *login = READ_ONCE(logins[i]);

		if (login && uid_eq(login->up.uid, ring->uid))
			kt_login_save(login);
	}
	kr_key_put_later(ring);
}

static const struct kr_user_ops user_ops = {
	.drop_ring	= drop_ring,
};

static int user_up(void)
{
	return kr_user_init(&user_ops);
}

static const struct {
	int (*up)(void);
	void (*down)(void);
} rooms[] = {
	{ user_up,		kr_user_exit },
	{ kr_key_init,		kr_key_exit },
	{ kr_reaper_init,	kr_reaper_exit },
	{ kr_ring_init,		kr_ring_exit },
	{ kr_types_init,	kr_types_exit },
	{ kr_cred_init,		kr_cred_exit },
	{ kr_request_init,	NULL },
};

static void down_from(unsigned int count)
{
	while (count--) {
		if (rooms[count].down)
			rooms[count].down();
	}
}

int kt_rooms_up(struct kunit_suite *suite)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		ret = rooms[i].up();
		if (ret) {
			down_from(i);
			return ret;
		}
	}
	return 0;
}

/* As the module does when it is unloaded. */
static void drop_everything(void)
{
	unsigned int i;

	kr_cred_drop_all();
	kr_user_drop_all();
	kr_reaper_flush();
	/* An authority that ended lets go of rings some grace periods later. */
	for (i = 0; i < 3 && kr_key_count(); i++)
		kt_settle();
	kr_ring_clear_all();
	kt_settle();
}

/* The rooms complain themselves when something is left in them. */
void kt_rooms_down(struct kunit_suite *suite)
{
	drop_everything();
	down_from(ARRAY_SIZE(rooms));
}

int kt_bare_init(struct kunit *test)
{
	struct kt_case *kt = kzalloc(sizeof(*kt), GFP_KERNEL);

	if (!kt)
		return -ENOMEM;
	INIT_LIST_HEAD(&kt->held);
	INIT_LIST_HEAD(&kt->actors);
	INIT_LIST_HEAD(&kt->spaces);
	test->priv = kt;
	return 0;
}

int kt_case_init(struct kunit *test)
{
	return kt_bare_init(test);
}

static void put_held(struct kt_case *kt)
{
	struct held *held, *next;

	list_for_each_entry_safe(held, next, &kt->held, list) {
		kr_key_put(held->key);
		kfree(held);
	}
	INIT_LIST_HEAD(&kt->held);
}

static void free_actors(struct kt_case *kt)
{
	struct actor *actor, *next;

	list_for_each_entry_safe(actor, next, &kt->actors, list) {
		/* What the kernel puts is what the kernel gave. */
		actor->cred->user = actor->user;
		actor->cred->user_ns = actor->ns;
		put_cred(actor->cred);
		kfree(actor);
	}
}

static void free_spaces(struct kt_case *kt)
{
	struct space *space, *next;

	list_for_each_entry_safe(space, next, &kt->spaces, list)
		kfree(space);
}

static void free_logins(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < LOGINS_MAX; i++) {
		struct kt_login *login = logins[i];

		if (!login)
			continue;
		WRITE_ONCE(logins[i], NULL);
		/* The room has given its own back. */
		KUNIT_EXPECT_EQ(test, (int)refcount_read(&login->up.__count),
				atomic_read(&login->processes) + atomic_read(&login->saved));
		kfree(login);
	}
}

static bool say_key(struct kr_key *key, void *arg)
{
	kunit_err((struct kunit *)arg, "left behind: %s %s, usage %u\n", key->type->name,
		  key->desc, refcount_read(&key->usage));
	return true;
}

static void expect_nothing_left(struct kunit *test)
{
	struct kr_account *account;

	KUNIT_EXPECT_EQ(test, kr_key_count(), 0u);
	kr_key_walk(say_key, test);

	rcu_read_lock();
	account = kr_account_next(0);
	KUNIT_EXPECT_NULL(test, account);
	if (account)
		kunit_err(test, "the account of %u has usage %u\n", __kuid_val(account->uid),
			  refcount_read(&account->usage));
	rcu_read_unlock();
}

static void restore_limits(void)
{
	kr_limit_values = (struct kr_limit_values) {
		.maxkeys		= 200,
		.maxbytes		= 20000,
		.root_maxkeys		= 1000000,
		.root_maxbytes		= 25000000,
		.gc_delay		= 300,
		.persistent_expiry	= 259200,
	};
	kr_clock_shift(0);
}

void kt_bare_exit(struct kunit *test)
{
	struct kt_case *kt = test->priv;

	if (!kt)
		return;
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	restore_limits();
	free_logins(test);
	free_actors(kt);
	free_spaces(kt);
	kfree(kt);
	test->priv = NULL;
}

void kt_case_exit(struct kunit *test)
{
	struct kt_case *kt = test->priv;

	if (!kt)
		return;
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	put_held(kt);
	drop_everything();
	expect_nothing_left(test);
	kt_bare_exit(test);
}

struct kr_key *kt_hold(struct kunit *test, struct kr_key *key)
{
	struct kt_case *kt = test->priv;
	struct held *held;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, key);
	held = kmalloc(sizeof(*held), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, held);
	held->key = key;
	list_add(&held->list, &kt->held);
	return key;
}

void kt_drop(struct kunit *test, struct kr_key *key)
{
	struct kt_case *kt = test->priv;
	struct held *held;

	list_for_each_entry(held, &kt->held, list) {
		if (held->key != key)
			continue;
		list_del(&held->list);
		kfree(held);
		kr_key_put(key);
		return;
	}
	KUNIT_FAIL(test, "a key is dropped that the case does not hold");
}

const struct kr_key_type *kt_type(struct kunit *test, const char *name)
{
	const struct kr_key_type *type = kr_key_type_find(name);

	KUNIT_ASSERT_NOT_NULL(test, type);
	return type;
}

struct kr_payload *kt_payload(struct kunit *test, size_t len, u8 fill)
{
	struct kr_payload *payload = kr_payload_alloc(len);

	KUNIT_ASSERT_NOT_NULL(test, payload);
	memset(payload->data, fill, len);
	return payload;
}

int kt_instantiate(struct kunit *test, struct kr_key *key, size_t len)
{
	struct kr_prep prep = { .data = kt_payload(test, len, 'x') };
	int ret;

	ret = key->type->preparse(&prep);
	if (!ret)
		ret = kr_key_instantiate(key, &prep);
	if (!ret)
		kr_key_announce_made(key);
	key->type->free_preparse(&prep);
	kr_payload_put_now(prep.data);
	return ret;
}

struct kr_key *kt_key_of(struct kunit *test, u32 uid, const char *desc, size_t payload)
{
	struct kr_key *key;

	key = kt_hold(test, kr_key_alloc(kt_type(test, "user"), desc, kt_uid(uid), kt_gid(KT_GID),
					 KT_PERM, KR_ALLOC_IN_QUOTA));
	KUNIT_ASSERT_EQ(test, kt_instantiate(test, key, payload), 0);
	return key;
}

struct kr_key *kt_key(struct kunit *test, const char *desc)
{
	return kt_key_of(test, KT_UID, desc, 1);
}

struct kr_key *kt_ring_of(struct kunit *test, u32 uid, const char *name)
{
	return kt_hold(test, kr_ring_alloc(name, kt_uid(uid), kt_gid(KT_GID), &init_user_ns,
					   KT_PERM, KR_ALLOC_IN_QUOTA));
}

struct kr_key *kt_ring(struct kunit *test, const char *name)
{
	return kt_ring_of(test, KT_UID, name);
}

int kt_add(struct kunit *test, struct kr_key *ring, const char *desc, size_t len)
{
	struct kr_prep prep = { .desc = desc, .data = kt_payload(test, len, 'x') };
	const struct kr_key_ref ref = { .key = ring, .possessed = true };
	const struct cred *actor = kt_actor(test, KT_UID, KT_GID);
	struct kr_key_ref out;
	int ret;

	ret = kr_ring_add_key(&ref, kt_type(test, "user"), &prep, actor, &out);
	kr_payload_put_now(prep.data);
	if (!ret)
		kr_key_put(out.key);
	return ret;
}

bool kt_holds(const struct kr_key *ring, const struct kr_key *key)
{
	struct kr_holder_walk walk;
	const struct kr_key *holder;
	bool found = false;

	rcu_read_lock();
	for (holder = kr_holders_first(&walk, key); holder; holder = kr_holders_next(&walk))
		found |= holder == ring;
	rcu_read_unlock();
	return found;
}

void kt_settle(void)
{
	rcu_barrier();
	kr_reaper_flush();
}

struct kt_debt kt_debt(u32 uid)
{
	struct kt_debt debt = {};
	struct kr_account *account;

	rcu_read_lock();
	account = kr_account_next(uid);
	if (account && uid_eq(account->uid, kt_uid(uid))) {
		spin_lock(&account->lock);
		debt.qnkeys = account->qnkeys;
		debt.qnbytes = account->qnbytes;
		spin_unlock(&account->lock);
		debt.nkeys = atomic_read(&account->nkeys);
		debt.nikeys = atomic_read(&account->nikeys);
	}
	rcu_read_unlock();
	return debt;
}

struct cred *kt_actor(struct kunit *test, u32 uid, u32 gid)
{
	struct kt_case *kt = test->priv;
	struct actor *actor = kzalloc(sizeof(*actor), GFP_KERNEL);
	struct cred *cred;

	KUNIT_ASSERT_NOT_NULL(test, actor);
	cred = prepare_kernel_cred(&init_task);
	if (!cred)
		kfree(actor);
	KUNIT_ASSERT_NOT_NULL(test, cred);

	actor->cred = cred;
	actor->user = cred->user;
	actor->ns = cred->user_ns;
	list_add(&actor->list, &kt->actors);

	cred->uid = cred->euid = cred->suid = cred->fsuid = kt_uid(uid);
	cred->gid = cred->egid = cred->sgid = cred->fsgid = kt_gid(gid);
	return cred;
}

void kt_actor_groups(struct kunit *test, struct cred *actor, const u32 *gids)
{
	struct group_info *groups;
	unsigned int i, count = 0;

	while (gids[count])
		count++;
	groups = groups_alloc(count);
	KUNIT_ASSERT_NOT_NULL(test, groups);
	for (i = 0; i < count; i++)
		groups->gid[i] = kt_gid(gids[i]);
	groups_sort(groups);
	set_groups(actor, groups);
	put_group_info(groups);
}

struct user_namespace *kt_ns(struct kunit *test, u32 first, u32 count)
{
	const struct uid_gid_extent extent = { .first = 0, .lower_first = first, .count = count };
	struct kt_case *kt = test->priv;
	struct space *space = kzalloc(sizeof(*space), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, space);
	list_add(&space->list, &kt->spaces);
	space->ns.parent = &init_user_ns;
	space->ns.level = 1;
	space->ns.uid_map.extent[0] = extent;
	space->ns.uid_map.nr_extents = count ? 1 : 0;
	space->ns.gid_map.extent[0] = extent;
	space->ns.gid_map.nr_extents = count ? 1 : 0;
	return &space->ns;
}

void kt_actor_ns(struct kunit *test, struct cred *actor, struct user_namespace *ns)
{
	actor->user_ns = ns;
}

struct kt_login *kt_login(struct kunit *test, u32 uid)
{
	struct kt_login *login = kzalloc(sizeof(*login), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, login);
	refcount_set(&login->up.__count, 1);
	atomic_set(&login->processes, 1);
	login->up.uid = kt_uid(uid);
	for (i = 0; i < LOGINS_MAX; i++) {
		if (!logins[i]) {
			WRITE_ONCE(logins[i], login);
			return login;
		}
	}
	kfree(login);
	KUNIT_ASSERT_LT(test, i, (unsigned int)LOGINS_MAX);
	return NULL;
}

void kt_login_more(struct kt_login *login)
{
	refcount_inc(&login->up.__count);
	atomic_inc(&login->processes);
}

void kt_logout(struct kt_login *login)
{
	rcu_read_lock();
	atomic_dec(&login->processes);
	WARN_ON(refcount_dec_and_test(&login->up.__count));
	kr_user_uid_dropped(&login->up, login->up.uid);
	rcu_read_unlock();
}

void kt_login_save(struct kt_login *login)
{
	atomic_inc(&login->saved);
	refcount_inc(&login->up.__count);
}

void kt_login_unsave(struct kt_login *login)
{
	int saved = atomic_xchg(&login->saved, 0);

	while (saved--)
		WARN_ON(refcount_dec_and_test(&login->up.__count));
}

struct cred *kt_actor_of(struct kunit *test, struct kt_login *login)
{
	struct cred *cred = kt_actor(test, __kuid_val(login->up.uid), KT_GID);

	cred->user = &login->up;
	return cred;
}

static int be_member(void *arg)
{
	struct member *member = arg;

	complete(&member->started);
	return member->fn(member->arg);
}

static void member_start(struct kunit *test, struct member *member, unsigned int number)
{
	unsigned int cpu = cpumask_next(number % num_online_cpus() - 1, cpu_online_mask);
	struct task_struct *task;

	init_completion(&member->started);
	task = kthread_create(be_member, member, "kt_crew%u", number);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	member->task = get_task_struct(task);
	kthread_bind(task, cpu);
	wake_up_process(task);
}

void kt_crew_start(struct kunit *test, unsigned int count, int (*fn)(void *arg), void *arg)
{
	struct kt_case *kt = test->priv;
	unsigned int first = kt->crew_count, i;

	KUNIT_ASSERT_LE(test, first + count, (unsigned int)CREW_MAX);
	for (i = first; i < first + count; i++) {
		kt->crew[i].fn = fn;
		kt->crew[i].arg = arg;
		member_start(test, &kt->crew[i], i);
		kt->crew_count++;
	}
	/* A thread that is stopped before it ran never calls its function. */
	for (i = first; i < first + count; i++)
		wait_for_completion(&kt->crew[i].started);
}

int kt_crew_stop(struct kunit *test)
{
	struct kt_case *kt = test->priv;
	int sum = 0;

	while (kt->crew_count) {
		struct task_struct *task = kt->crew[--kt->crew_count].task;

		sum += kthread_stop(task);
		put_task_struct(task);
	}
	return sum;
}
