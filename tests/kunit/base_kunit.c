// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room base: the clock, the limits, the actor. */
#include "kunit_helpers.h"

#include <linux/timekeeping.h>

/* The bits are those of keyctl(2); user space has them in headers of its own. */
static_assert(KR_POS(KR_ALL) == 0x3f000000 && KR_USR(KR_ALL) == 0x3f0000);
static_assert(KR_GRP(KR_ALL) == 0x3f00 && KR_OTH(KR_ALL) == 0x3f);
static_assert(KR_PERM_VALID == 0x3f3f3f3f);
static_assert(KR_VIEW == 1 && KR_READ == 2 && KR_WRITE == 4 && KR_SEARCH == 8);
static_assert(KR_LINK == 0x10 && KR_SETATTR == 0x20);

static void clock_is_the_wall_clock(struct kunit *test)
{
	time64_t before = ktime_get_real_seconds();
	time64_t now = kr_now();

	KUNIT_EXPECT_GE(test, now, before);
	KUNIT_EXPECT_LE(test, now, ktime_get_real_seconds());
}

static const time64_t shifts[] = { 1, 3600, -3600, 1LL << 40 };

static void describe_shift(const time64_t *shift, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lld", *shift);
}

KUNIT_ARRAY_PARAM(shift, shifts, describe_shift);

static void clock_can_be_shifted(struct kunit *test)
{
	const time64_t *shift = test->param_value;
	time64_t before, now;

	kr_clock_shift(*shift);
	before = ktime_get_real_seconds() + *shift;
	now = kr_now();
	KUNIT_EXPECT_GE(test, now, before);
	KUNIT_EXPECT_LE(test, now, ktime_get_real_seconds() + *shift);

	kr_clock_shift(0);
	KUNIT_EXPECT_LE(test, kr_now(), ktime_get_real_seconds());
	KUNIT_EXPECT_GE(test, kr_now(), before - *shift);
}

/* proc(5), /proc/sys/kernel/keys; persistent-keyring(7) for the last one. */
static void limits_have_documented_defaults(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, *kr_limits.maxkeys, 200u);
	KUNIT_EXPECT_EQ(test, *kr_limits.maxbytes, 20000u);
	KUNIT_EXPECT_EQ(test, *kr_limits.root_maxkeys, 1000000u);
	KUNIT_EXPECT_EQ(test, *kr_limits.root_maxbytes, 25000000u);
	KUNIT_EXPECT_EQ(test, *kr_limits.gc_delay, 300u);
	KUNIT_EXPECT_EQ(test, *kr_limits.persistent_expiry, 259200u);
}

static void limits_are_read_where_they_point(struct kunit *test)
{
	const struct kr_limits saved = kr_limits;
	static unsigned int mine = 7;

	kr_limits.maxkeys = &mine;
	KUNIT_EXPECT_EQ(test, *kr_limits.maxkeys, 7u);
	kr_limits = saved;
	KUNIT_EXPECT_TRUE(test, kr_limits.maxkeys == &kr_limit_values.maxkeys);
}

struct group_case {
	const char *name;
	u32 groups[6];
	u32 fsgid;
	u32 gid;
	bool member;
};

static const struct group_case group_cases[] = {
	{ "fsgid",			{ 0 },				5, 5,	true },
	{ "neither",			{ 0 },				5, 6,	false },
	{ "fsgid_0",			{ 0 },				0, 0,	true },
	{ "only_one",			{ 10 },				5, 10,	true },
	{ "below_only_one",		{ 10 },				5, 9,	false },
	{ "above_only_one",		{ 10 },				5, 11,	false },
	{ "first",			{ 10, 20, 30 },			5, 10,	true },
	{ "middle",			{ 10, 20, 30 },			5, 20,	true },
	{ "last",			{ 10, 20, 30 },			5, 30,	true },
	{ "between",			{ 10, 20, 30 },			5, 25,	false },
	{ "below_all",			{ 10, 20, 30 },			5, 1,	false },
	{ "above_all",			{ 10, 20, 30 },			5, 31,	false },
	{ "of_two",			{ 10, 20 },			5, 20,	true },
	{ "twice",			{ 10, 10, 10 },			5, 10,	true },
	{ "given_unsorted",		{ 30, 10, 20 },			5, 30,	true },
	{ "highest_gid",		{ 10, 4294967294u },		5, 4294967294u, true },
	{ "highest_gid_not_there",	{ 10, 20 },			5, 4294967294u, false },
};

static void describe_group(const struct group_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(group, group_cases, describe_group);

static void actor_in_group(struct kunit *test)
{
	const struct group_case *c = test->param_value;
	struct cred *actor = kt_actor(test, KT_UID, 999);

	kt_actor_groups(test, actor, c->groups);
	actor->fsgid = kt_gid(c->fsgid);
	KUNIT_EXPECT_EQ(test, kr_actor_in_group(actor, kt_gid(c->gid)), c->member);
}

/* It is the file-system group that acts, as with files. */
static void actor_other_gids_do_not_count(struct kunit *test)
{
	struct cred *actor = kt_actor(test, KT_UID, 41);

	actor->fsgid = kt_gid(5);
	KUNIT_EXPECT_FALSE(test, kr_actor_in_group(actor, kt_gid(41)));
	KUNIT_EXPECT_TRUE(test, kr_actor_in_group(actor, kt_gid(5)));
}

/* Every set size up to 9 and every place in and between its members. */
static void actor_in_group_of_any_set(struct kunit *test)
{
	struct cred *actor = kt_actor(test, KT_UID, 1);
	unsigned int size, asked = 0;
	u32 gids[10] = {};
	u32 gid;

	for (size = 0; size <= 9; size++) {
		if (size)
			gids[size - 1] = 10 * size;
		kt_actor_groups(test, actor, gids);
		for (gid = 2; gid <= 105; gid++, asked++) {
			KUNIT_EXPECT_EQ(test, kr_actor_in_group(actor, kt_gid(gid)),
					gid % 10 == 0 && gid <= 10 * size);
		}
	}
	KUNIT_EXPECT_EQ(test, asked, 1040u);
}

static struct kunit_case base_cases[] = {
	KUNIT_CASE(clock_is_the_wall_clock),
	KUNIT_CASE_PARAM(clock_can_be_shifted, shift_gen_params),
	KUNIT_CASE(limits_have_documented_defaults),
	KUNIT_CASE(limits_are_read_where_they_point),
	KUNIT_CASE_PARAM(actor_in_group, group_gen_params),
	KUNIT_CASE(actor_other_gids_do_not_count),
	KUNIT_CASE(actor_in_group_of_any_set),
	{}
};

static struct kunit_suite base_suite = {
	.name		= "kr_base",
	.init		= kt_bare_init,
	.exit		= kt_bare_exit,
	.test_cases	= base_cases,
};

kunit_test_suite(base_suite);
