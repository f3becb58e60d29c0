// SPDX-License-Identifier: GPL-2.0-only
/* One key at a time: ids, making, reading, changing, linking. */
#include <stddef.h>

#include "bench.h"
#include "sysc.h"

#define CALLS	1000

static long ring, key;
static char buf[256];

/* ---- what every call pays ---- */

static void op_getppid(long i)
{
	(void)i;
	sysc3(__NR_getppid, 0, 0, 0);
}

static void op_empty(long i)
{
	(void)i;
	k_ctl(9999, 0, 0, 0, 0);
}

static void op_capabilities(long i)
{
	(void)i;
	k_ctl(KEYCTL_CAPABILITIES, (long)buf, 2, 0, 0);
}

static void get_id(long id)
{
	must(k_ctl(KEYCTL_GET_KEYRING_ID, id, 0, 0, 0), "GET_KEYRING_ID");
}

static void op_id_session(long i)
{
	(void)i;
	get_id(KEY_SPEC_SESSION_KEYRING);
}

static void op_id_user(long i)
{
	(void)i;
	get_id(KEY_SPEC_USER_KEYRING);
}

static void op_id_user_session(long i)
{
	(void)i;
	get_id(KEY_SPEC_USER_SESSION_KEYRING);
}

static void op_id_thread(long i)
{
	(void)i;
	get_id(KEY_SPEC_THREAD_KEYRING);
}

static void run_base(void)
{
	new_session();
	must(k_ctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_THREAD_KEYRING, 1, 0, 0),
	     "thread keyring");
	measure(&(struct plan){ "base.getppid", .n = 1000, .op = op_getppid });
	measure(&(struct plan){ "base.empty_call", .n = 1000, .op = op_empty });
	measure(&(struct plan){ "ids.capabilities", .n = 1000,
				.op = op_capabilities });
	measure(&(struct plan){ "ids.get_s", .n = 1000, .op = op_id_session });
	measure(&(struct plan){ "ids.get_u", .n = 1000, .op = op_id_user });
	measure(&(struct plan){ "ids.get_us", .n = 1000,
				.op = op_id_user_session });
	measure(&(struct plan){ "ids.get_t", .n = 1000, .op = op_id_thread });
}

const struct rowset rows_base = {
	.rows = (const char *const[]){
		"base.getppid", "base.empty_call", "ids.capabilities",
		"ids.get_s", "ids.get_u", "ids.get_us", "ids.get_t", NULL },
	.run = run_base,
};

/* ---- a key's life ---- */

static void empty_ring(void)
{
	must(k_clear(ring), "clear");
}

static void op_add(long i)
{
	new_key(i, ring);
}

static void op_add_over(long i)
{
	(void)i;
	new_key(0, ring);
}

static void op_add_unlink(long i)
{
	must(k_unlink(new_key(i, ring), ring), "unlink");
}

static void op_read(long i)
{
	(void)i;
	must(k_ctl(KEYCTL_READ, key, (long)buf, sizeof(buf), 0), "read");
}

static void op_update(long i)
{
	(void)i;
	must(k_ctl(KEYCTL_UPDATE, key, (long)payload, PAYLOAD_LEN, 0),
	     "update");
}

static void op_describe(long i)
{
	(void)i;
	must(k_ctl(KEYCTL_DESCRIBE, key, (long)buf, sizeof(buf), 0),
	     "describe");
}

static void op_setperm(long i)
{
	must(k_ctl(KEYCTL_SETPERM, key, i & 1 ? 0x3f010000 : 0x3f030000, 0, 0),
	     "setperm");
}

static void op_set_timeout(long i)
{
	must(k_ctl(KEYCTL_SET_TIMEOUT, key, 10000 + i, 0, 0), "set_timeout");
}

static void run_keys(void)
{
	descs_make(CALLS * opt.rounds);
	ring = must(k_ring("work", new_session()), "keyring");

	measure(&(struct plan){ "crud.add_new", "crud.add_new_call",
				.n = CALLS, .op = op_add, .deferred = true,
				.after = empty_ring });
	measure(&(struct plan){ "crud.add_unlink", "crud.add_unlink_call",
				.n = CALLS, .op = op_add_unlink,
				.deferred = true, .until_keys = user_keys() });
	key = new_key(0, ring);
	measure(&(struct plan){ "crud.add_over", "crud.add_over_call",
				.n = CALLS, .op = op_add_over,
				.deferred = true });
	measure(&(struct plan){ "crud.update", "crud.update_call",
				.n = CALLS, .op = op_update,
				.deferred = true });
	measure(&(struct plan){ "crud.setperm", .n = CALLS, .op = op_setperm,
				.deferred = true });
	measure(&(struct plan){ "crud.read", .n = CALLS, .op = op_read });
	measure(&(struct plan){ "crud.describe", .n = CALLS,
				.op = op_describe });
	measure(&(struct plan){ "crud.set_timeout", .n = CALLS,
				.op = op_set_timeout, .deferred = true });
}

const struct rowset rows_keys = {
	.rows = (const char *const[]){
		"crud.add_new", "crud.add_new_call", "crud.add_unlink",
		"crud.add_unlink_call", "crud.add_over", "crud.add_over_call",
		"crud.update", "crud.update_call", "crud.setperm", "crud.read",
		"crud.describe", "crud.set_timeout", NULL },
	.run = run_keys,
};

/* ---- links ---- */

static long other;

static void op_link_unlink(long i)
{
	(void)i;
	must(k_link(key, other), "link");
	must(k_unlink(key, other), "unlink");
}

static void op_move(long i)
{
	must(k_ctl(KEYCTL_MOVE, key, i & 1 ? other : ring,
		   i & 1 ? ring : other, 0), "move");
}

static void run_links(void)
{
	long session = new_session();

	descs_make(1);
	ring = must(k_ring("work", session), "keyring");
	other = must(k_ring("other", session), "keyring");
	key = new_key(0, ring);
	measure(&(struct plan){ "link.link_unlink", "link.link_unlink_call",
				.unit = "instr/pair", .n = CALLS,
				.op = op_link_unlink, .deferred = true });
	measure(&(struct plan){ "link.move", "link.move_call",
				.n = CALLS, .op = op_move, .deferred = true });
}

const struct rowset rows_links = {
	.rows = (const char *const[]){
		"link.link_unlink", "link.link_unlink_call", "link.move",
		"link.move_call", NULL },
	.run = run_links,
};
