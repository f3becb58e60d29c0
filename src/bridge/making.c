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
 * Each task that is making has an entry in the list of makers, on its stack.
 */
#include "bridge_internal.h"

#include <linux/sched.h>
#include <linux/spinlock.h>

static LIST_HEAD(makers);
static DEFINE_SPINLOCK(makers_lock);	/* taken alone */

void kr_making_begin(struct kr_making *making)
{
	making->task = current;
	making->wanted = NULL;
	spin_lock(&makers_lock);
	list_add(&making->node, &makers);
	spin_unlock(&makers_lock);
}

/* The entry is the task's own: nobody else writes to it. */
static struct kr_making *of_current(void)
{
	struct kr_making *making, *found = NULL;

	spin_lock(&makers_lock);
	list_for_each_entry(making, &makers, node) {
		if (making->task == current) {
			found = making;
			break;
		}
	}
	spin_unlock(&makers_lock);
	return found;
}

/* The kernel also makes keys that we have nothing to do with, for rings of its own. */
bool kr_making_now(void)
{
	return of_current() || kr_mutex_is_mine(kr_builtin->construction);
}

bool kr_making_wants(struct kr_key *key)
{
	struct kr_making *making = of_current();

	if (making && !making->wanted)
		making->wanted = kr_key_get(key);
	return kr_making_now();
}

int kr_making_end(struct kr_making *making)
{
	struct key *mirror;

	spin_lock(&makers_lock);
	list_del(&making->node);
	spin_unlock(&makers_lock);
	if (!making->wanted)
		return 0;
	mirror = kr_mirror_get(making->wanted, true);
	kr_key_put(making->wanted);
	if (IS_ERR(mirror))
		return PTR_ERR(mirror);
	key_put(mirror);
	return 1;
}
