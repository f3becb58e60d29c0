// SPDX-License-Identifier: GPL-2.0-only
/*
 * While the kernel makes a key of one of its types for us, it holds a lock under
 * which no other key can be made (key_construction_mutex). The type may look for
 * a key meanwhile, as `encrypted` does for the master key of what it loads, and find
 * one of ours that has no mirror yet. Then the look-up fails, and with it the
 * making; the mirror is made, and the key is made once more. So it is if the type
 * went on without what it looked for: what was made is dropped. Where the kernel
 * makes a key of the built-in subsystem's own there is no second try.
 *
 * While the kernel updates a key for us, that lock is free: a mirror can be made. But
 * the type cannot go, nor any other come or go, so nobody waits then for a key that a
 * helper is making: the look-up fails, the key is waited for afterwards, and the update
 * is made once more.
 *
 * Each task that is making or updating has an entry in the table of makers, on its stack.
 * All who wait for the lock are in it, and each look-up of the kernel's asks it.
 */
#include "bridge_internal.h"

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#define MAKERS_BITS	10

/**
 * struct bucket - some of the makers, by task
 * @lock: guards @makers; taken alone
 * @makers: struct kr_making
 */
struct bucket {
	spinlock_t lock;
	struct hlist_head makers;
};

static struct bucket table[1 << MAKERS_BITS];

static struct bucket *bucket_of_current(void)
{
	return &table[hash_ptr(current, MAKERS_BITS)];
}

void kr_making_begin(struct kr_making *making, enum kr_making_what what)
{
	struct bucket *bucket = bucket_of_current();

	making->task = current;
	making->what = what;
	making->wanted = NULL;
	spin_lock(&bucket->lock);
	hlist_add_head(&making->node, &bucket->makers);
	spin_unlock(&bucket->lock);
}

/* The entry is the task's own: nobody else writes to it. */
static struct kr_making *of_current(enum kr_making_what what)
{
	struct bucket *bucket = bucket_of_current();
	struct kr_making *making, *found = NULL;

	spin_lock(&bucket->lock);
	hlist_for_each_entry(making, &bucket->makers, node) {
		if (making->task == current && making->what == what) {
			found = making;
			break;
		}
	}
	spin_unlock(&bucket->lock);
	return found;
}

/* The kernel also makes keys that we have nothing to do with, for rings of its own. */
bool kr_making_now(void)
{
	return of_current(KR_MAKING) || kr_mutex_is_mine(kr_builtin->construction);
}

static void want(struct kr_making *making, struct kr_key *key)
{
	if (making && !making->wanted)
		making->wanted = kr_key_get(key);
}

bool kr_making_wants(struct kr_key *key)
{
	want(of_current(KR_MAKING), key);
	return kr_making_now();
}

/* Only a key that is under construction: who has waited for it does not find it so again. */
bool kr_updating_wants(struct kr_key *key)
{
	struct kr_making *making = of_current(KR_UPDATING);

	if (!making || !test_bit(KR_KEY_CONSTRUCTING, &key->flags))
		return false;
	want(making, key);
	return true;
}

static int make_mirror(struct kr_key *key)
{
	struct key *mirror = kr_mirror_get(key, true);

	if (IS_ERR(mirror))
		return PTR_ERR(mirror);
	if (!mirror)	/* there is none of such a key, however often it is made */
		return -ENOKEY;
	key_put(mirror);
	return 0;
}

int kr_making_end(struct kr_making *making)
{
	struct bucket *bucket = bucket_of_current();
	int ret;

	spin_lock(&bucket->lock);
	hlist_del(&making->node);
	spin_unlock(&bucket->lock);
	if (!making->wanted)
		return 0;
	if (making->what == KR_UPDATING)
		ret = kr_key_wait(making->wanted);
	else
		ret = make_mirror(making->wanted);
	kr_key_put(making->wanted);
	return ret ?: 1;
}

void kr_making_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		spin_lock_init(&table[i].lock);
}
