// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/keys and /proc/key-users on a kernel that has them. Their seq_file
 * operations are replaced by the live patch:
 *
 * /proc/keys shows the built-in keys, then ours. The position says which: a
 * built-in row's is its serial number, below 2^31; ours begin at OURS. The
 * built-in rows of rings whose place the module has taken are left out.
 *
 * /proc/key-users shows our accounts only. Two rows of one UID would say
 * nothing, and a sum would be compared with a limit that knows no sum.
 *
 * Context of all replacements: process context, current is the reader,
 * seq_file's mutex held; may sleep.
 *
 * livepatch moves a task from one set of operations to the other when it finds
 * none of them on the task's stack, as between start and next. An iteration
 * could then be ended by functions that did not begin it. A task whose
 * preemption is off is never moved. The built-in code holds a spinlock from
 * start to stop. Ours disables preemption when it returns from start and
 * enables it again in stop; while one of its functions runs preemption is on,
 * and the function is on the stack. So room abi's functions are called from the
 * replacements themselves, and never as their last act, which would take the
 * replacement off the stack.
 */
#include <keyrings/abi.h>

#include <linux/ctype.h>
#include <linux/key-type.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "hooks_internal.h"

#define OURS	((loff_t)1 << 32)	/* the first position that is ours */

static void *no_start(struct seq_file *m, loff_t *pos)
{
	return NULL;
}

static void *no_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return NULL;
}

static void no_stop(struct seq_file *m, void *v)
{
}

static int no_show(struct seq_file *m, void *v)
{
	return SEQ_SKIP;
}

KR_DEFINE_ORIGINAL(proc_keys_start, no_start)
KR_DEFINE_ORIGINAL(proc_keys_next, no_next)
KR_DEFINE_ORIGINAL(proc_keys_stop, no_stop)
KR_DEFINE_ORIGINAL(proc_keys_show, no_show)

/*
 * seq_file passes &m->index as the position and calls show and stop before it
 * changes, so the phase can be told everywhere.
 */
static bool in_ours(const struct seq_file *m)
{
	return m->index >= OURS;
}

static void *keys_start(struct seq_file *m, loff_t *pos)
{
	loff_t at;
	void *v;

	if (*pos < OURS) {
		v = static_call(kr_orig_proc_keys_start)(m, pos);
		if (v)
			return v;
		static_call(kr_orig_proc_keys_stop)(m, NULL);
		*pos = OURS;
	}

	at = *pos - OURS;
	v = kr_proc_keys_ops.start(m, &at);
	*pos = OURS + at;
	preempt_disable();
	return v;
}

static void *keys_next(struct seq_file *m, void *v, loff_t *pos)
{
	loff_t at;

	if (in_ours(m)) {
		preempt_enable();
		at = *pos - OURS;
		v = kr_proc_keys_ops.next(m, v, &at);
	} else {
		v = static_call(kr_orig_proc_keys_next)(m, v, pos);
		if (v)
			return v;
		static_call(kr_orig_proc_keys_stop)(m, NULL);
		at = 0;
		v = kr_proc_keys_ops.start(m, &at);
	}
	*pos = OURS + at;
	preempt_disable();
	return v;
}

static void keys_stop(struct seq_file *m, void *v)
{
	if (!in_ours(m)) {
		static_call(kr_orig_proc_keys_stop)(m, v);
		return;
	}
	preempt_enable();
	kr_proc_keys_ops.stop(m, v);
	barrier();	/* not the last act */
}

static bool is_number(const char *s)
{
	if (!*s)
		return false;
	while (isdigit(*s))
		s++;
	return !*s;
}

/* Is this built-in key a ring of the kind that is ours now? */
static bool is_superseded(const struct key *key)
{
	static const char * const exact[] = { "_ses", "_tid", "_pid" };
	static const char * const numbered[] = { "_uid.", "_uid_ses.", "_persistent." };
	const char *desc = key->description;
	size_t len;
	int i;

	if (key->type != &key_type_keyring || !desc || *desc != '_')
		return false;
	for (i = 0; i < ARRAY_SIZE(exact); i++) {
		if (!strcmp(desc, exact[i]))
			return true;
	}
	for (i = 0; i < ARRAY_SIZE(numbered); i++) {
		len = str_has_prefix(desc, numbered[i]);
		if (len && is_number(desc + len))
			return true;
	}
	return false;
}

static int keys_show(struct seq_file *m, void *v)
{
	int ret;

	if (in_ours(m)) {
		preempt_enable();
		ret = kr_proc_keys_ops.show(m, v);
		preempt_disable();
		return ret;
	}
	/* The built-in code iterates over the nodes of its tree of serials. */
	if (is_superseded(rb_entry((struct rb_node *)v, struct key, serial_node)))
		return SEQ_SKIP;
	return static_call(kr_orig_proc_keys_show)(m, v);
}

static void *users_start(struct seq_file *m, loff_t *pos)
{
	void *v = kr_proc_key_users_ops.start(m, pos);

	preempt_disable();
	return v;
}

static void *users_next(struct seq_file *m, void *v, loff_t *pos)
{
	preempt_enable();
	v = kr_proc_key_users_ops.next(m, v, pos);
	preempt_disable();
	return v;
}

static void users_stop(struct seq_file *m, void *v)
{
	preempt_enable();
	kr_proc_key_users_ops.stop(m, v);
	barrier();	/* not the last act */
}

static int users_show(struct seq_file *m, void *v)
{
	int ret;

	preempt_enable();
	ret = kr_proc_key_users_ops.show(m, v);
	preempt_disable();
	return ret;
}

#define KEYS_ROW(op) {							\
	.hook = { .name = "proc_keys_" #op, .required = true,		\
		  .lost = "/proc/keys does not show the module's keys" },	\
	.expected = true,						\
	.replacement = keys_##op,					\
	.set_original = set_proc_keys_##op,					\
}

#define USERS_ROW(op) {							\
	.hook = { .name = "proc_key_users_" #op, .required = true,	\
		  .lost = "/proc/key-users does not show the module's keys" },	\
	.expected = true,						\
	.replacement = users_##op,					\
}

const struct kr_patch_row kr_proc_rows[] = {
	KEYS_ROW(start),
	KEYS_ROW(next),
	KEYS_ROW(stop),
	KEYS_ROW(show),
	USERS_ROW(start),
	USERS_ROW(next),
	USERS_ROW(stop),
	USERS_ROW(show),
	{}
};

int kr_proc_attach(void)
{
	return 0;
}

void kr_proc_detach(void)
{
}
