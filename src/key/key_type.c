// SPDX-License-Identifier: GPL-2.0-only
/* The registry of key types: few, registered at load, looked up by name. */
#include <keyrings/key.h>

#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/string.h>

static LIST_HEAD(types);		/* RCU readers */
static DEFINE_MUTEX(types_lock);	/* writers */
static const struct kr_key_type *(*find_elsewhere)(const char *name);

const struct kr_key_type *kr_key_type_find_own(const char *name)
{
	const struct kr_key_type *type, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(type, &types, list) {
		if (!strcmp(type->name, name)) {
			found = type;
			break;
		}
	}
	rcu_read_unlock();
	/* Types live as long as the module: no reference is needed. */
	return found;
}

const struct kr_key_type *kr_key_type_find(const char *name)
{
	const struct kr_key_type *type = kr_key_type_find_own(name);

	might_sleep();
	return type || !find_elsewhere ? type : find_elsewhere(name);
}

void kr_key_set_type_finder(const struct kr_key_type *(*find)(const char *name))
{
	find_elsewhere = find;
}

int kr_key_type_register(struct kr_key_type *type)
{
	int ret = 0;

	mutex_lock(&types_lock);
	if (kr_key_type_find_own(type->name))
		ret = -EEXIST;
	else
		list_add_tail_rcu(&type->list, &types);
	mutex_unlock(&types_lock);
	return ret;
}

void kr_key_type_unregister(struct kr_key_type *type)
{
	mutex_lock(&types_lock);
	list_del_rcu(&type->list);
	mutex_unlock(&types_lock);
	synchronize_rcu();
}
