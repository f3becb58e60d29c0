// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/keys and /proc/key-users on a kernel that has none: a kernel without
 * CONFIG_KEYS. Nothing to patch; the files appear and go with the module.
 */
#define pr_fmt(fmt) "keyrings: " fmt

#include <keyrings/abi.h>

#include <linux/proc_fs.h>

#include "hooks_internal.h"

const struct kr_patch_row kr_proc_rows[] = { {} };

static struct proc_dir_entry *keys_entry, *users_entry;

int kr_proc_attach(void)
{
	keys_entry = proc_create_seq("keys", 0444, NULL, &kr_proc_keys_ops);
	users_entry = proc_create_seq("key-users", 0444, NULL, &kr_proc_key_users_ops);
	if (keys_entry && users_entry)
		return 0;
	pr_err("cannot create /proc/keys and /proc/key-users; see whether another module has made them\n");
	kr_proc_detach();
	return -ENOMEM;
}

/* Waits for readers that are inside; files still open afterwards give EIO. */
void kr_proc_detach(void)
{
	proc_remove(keys_entry);
	proc_remove(users_entry);
	keys_entry = NULL;
	users_entry = NULL;
}
