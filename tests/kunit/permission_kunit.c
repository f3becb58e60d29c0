// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of room key: who may do what with a key (keyrings(7), "Access rights"). */
#include "kunit_helpers.h"

#include <linux/kthread.h>

enum who { POSSESSOR, OWNER, GROUP, OTHERS, NCLASSES };

static const char *const class_names[NCLASSES] = { "pos", "usr", "grp", "oth" };

static const struct {
	u32 bit;
	const char *name;
} bits[] = {
	{ KR_VIEW, "view" }, { KR_READ, "read" }, { KR_WRITE, "write" },
	{ KR_SEARCH, "search" }, { KR_LINK, "link" }, { KR_SETATTR, "setattr" },
};

/* One bit, granted to one class, asked by somebody who possesses the key or not. */
struct perm_case {
	enum who class;
	unsigned int bit;
	bool possessed;
};

#define BITS(class, possessed)						\
	{ class, 0, possessed }, { class, 1, possessed },		\
	{ class, 2, possessed }, { class, 3, possessed },		\
	{ class, 4, possessed }, { class, 5, possessed }

static const struct perm_case perm_cases[] = {
	BITS(POSSESSOR, false), BITS(POSSESSOR, true), BITS(OWNER, false), BITS(OWNER, true),
	BITS(GROUP, false), BITS(GROUP, true), BITS(OTHERS, false), BITS(OTHERS, true),
};

static_assert(ARRAY_SIZE(perm_cases) == NCLASSES * ARRAY_SIZE(bits) * 2);

static void describe_perm(const struct perm_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s_%s_%spossessed", class_names[c->class],
		 bits[c->bit].name, c->possessed ? "" : "not_");
}

KUNIT_ARRAY_PARAM(perm, perm_cases, describe_perm);

static u32 grant(enum who class, u32 bit)
{
	return bit << (8 * (3 - class));
}

/* The actors: their class, and that they are in the group by either way. */
#define NACTORS	5

struct cast {
	const struct cred *actor[NACTORS];
	enum who class[NACTORS];
};

/* The key is of uid 1000 and gid 100. */
static void cast_make(struct kunit *test, struct cast *cast)
{
	static const u32 groups[] = { 50, 100, 150, 0 }, no_group[] = { 99, 101, 0 };
	struct cred *actor;

	cast->actor[0] = kt_actor(test, KT_UID, KT_OTHER);
	cast->class[0] = OWNER;
	/* An owner is judged as the owner also when it is in the group. */
	cast->actor[1] = kt_actor(test, KT_UID, KT_GID);
	cast->class[1] = OWNER;
	cast->actor[2] = kt_actor(test, KT_OTHER, KT_GID);
	cast->class[2] = GROUP;
	actor = kt_actor(test, KT_OTHER, KT_OTHER);
	kt_actor_groups(test, actor, groups);
	cast->actor[3] = actor;
	cast->class[3] = GROUP;
	actor = kt_actor(test, KT_OTHER, KT_OTHER);
	kt_actor_groups(test, actor, no_group);
	cast->actor[4] = actor;
	cast->class[4] = OTHERS;
}

/* A group without any bit is as if there were no group: its members are others. */
static bool granted(const struct perm_case *c, enum who who, u32 need)
{
	if (need != bits[c->bit].bit)
		return false;
	if (c->class == POSSESSOR)
		return c->possessed;
	if (c->class == OTHERS && who == GROUP)
		return true;
	return c->class == who;
}

static void one_bit_for_one_class(struct kunit *test)
{
	const struct perm_case *c = test->param_value;
	struct kr_key *key = kt_key(test, "k");
	unsigned int i, j, asked = 0;
	struct cast cast;

	cast_make(test, &cast);
	key->perm = grant(c->class, bits[c->bit].bit);
	for (i = 0; i < NACTORS; i++) {
		for (j = 0; j < ARRAY_SIZE(bits); j++, asked++) {
			KUNIT_EXPECT_EQ_MSG(test, kr_key_permits(key, c->possessed, cast.actor[i],
								 bits[j].bit),
					    granted(c, cast.class[i], bits[j].bit),
					    "%s asks to %s", class_names[cast.class[i]],
					    bits[j].name);
		}
	}
	KUNIT_EXPECT_EQ(test, asked, 30u);
}

/* All but one bit in all classes: that one is refused, the others are not. */
static void all_but_one_bit(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");
	unsigned int i, j, missing, wrong = 0, asked = 0;
	struct cast cast;

	cast_make(test, &cast);
	for (missing = 0; missing < ARRAY_SIZE(bits); missing++) {
		key->perm = KR_PERM_VALID & ~(bits[missing].bit * 0x01010101u);
		for (i = 0; i < NACTORS; i++) {
			for (j = 0; j < ARRAY_SIZE(bits); j++) {
				const struct cred *actor = cast.actor[i];
				u32 need = bits[j].bit;

				wrong += kr_key_permits(key, false, actor, need) != (j != missing);
				wrong += kr_key_permits(key, true, actor, need) != (j != missing);
				asked += 2;
			}
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	KUNIT_EXPECT_EQ(test, asked, 360u);
}

/* Somebody with only those bits of the classes that are not its own gets nothing. */
static void other_classes_bits_do_not_count(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");
	unsigned int i, j, wrong = 0;
	struct cast cast;

	cast_make(test, &cast);
	for (i = 0; i < NACTORS; i++) {
		key->perm = KR_PERM_VALID & ~grant(cast.class[i], KR_ALL);
		/* One bit keeps the group from being as good as none. */
		if (cast.class[i] == GROUP)
			key->perm |= KR_GRP(KR_VIEW);
		for (j = cast.class[i] == GROUP; j < ARRAY_SIZE(bits); j++)
			wrong += kr_key_permits(key, false, cast.actor[i], bits[j].bit);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
}

/* The possessor has its own bits and those of its class, one half from each if need be. */
static void possessor_adds_to_the_class(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");
	unsigned int i, wrong = 0;
	struct cast cast;

	cast_make(test, &cast);
	for (i = 0; i < NACTORS; i++) {
		key->perm = KR_POS(KR_VIEW) | grant(cast.class[i], KR_READ);
		wrong += !kr_key_permits(key, true, cast.actor[i], KR_VIEW);
		wrong += !kr_key_permits(key, true, cast.actor[i], KR_READ);
		wrong += !kr_key_permits(key, true, cast.actor[i], KR_VIEW | KR_READ);
		wrong += kr_key_permits(key, true, cast.actor[i], KR_VIEW | KR_WRITE);
		wrong += kr_key_permits(key, false, cast.actor[i], KR_VIEW | KR_READ);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
}

/* _uid.N and _uid_ses.N have no group: nobody is in it, not even with that gid. */
static void key_without_a_group(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");
	struct cred *actor = kt_actor(test, KT_OTHER, KT_OTHER);

	actor->fsgid = INVALID_GID;
	key->gid = INVALID_GID;
	key->perm = KR_GRP(KR_ALL);
	KUNIT_EXPECT_FALSE(test, kr_key_permits(key, false, actor, KR_VIEW));
	key->perm = KR_GRP(KR_VIEW) | KR_OTH(KR_READ);
	KUNIT_EXPECT_FALSE(test, kr_key_permits(key, false, actor, KR_VIEW));
	KUNIT_EXPECT_TRUE(test, kr_key_permits(key, false, actor, KR_READ));
}

/* It is the file-system uid that acts, and root is not special. */
static void only_fsuid_counts(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");
	struct cred *actor = kt_actor(test, KT_UID, KT_OTHER);

	key->perm = KR_USR(KR_ALL);
	KUNIT_EXPECT_TRUE(test, kr_key_permits(key, false, actor, KR_VIEW));
	actor->fsuid = kt_uid(KT_OTHER);
	KUNIT_EXPECT_FALSE(test, kr_key_permits(key, false, actor, KR_VIEW));
	actor->uid = kt_uid(KT_OTHER);
	actor->euid = kt_uid(KT_OTHER);
	actor->fsuid = kt_uid(KT_UID);
	KUNIT_EXPECT_TRUE(test, kr_key_permits(key, false, actor, KR_VIEW));
	actor->fsuid = GLOBAL_ROOT_UID;
	KUNIT_EXPECT_FALSE(test, kr_key_permits(key, false, actor, KR_VIEW));
}

struct gift {
	struct kr_key *key;
	const struct cred *actor;
	atomic_t rounds;
};

/* The one whose key it is at times, and who may never write to it */
static int try_to_write(void *arg)
{
	struct gift *gift = arg;
	int complaints = 0;

	while (!kthread_should_stop()) {
		complaints += kr_key_permits(gift->key, false, gift->actor, KR_WRITE);
		atomic_inc(&gift->rounds);
		cond_resched();
	}
	return complaints;
}

static void set_perm(struct kr_key *key, u32 perm)
{
	spin_lock(&key->lock);
	WRITE_ONCE(key->perm, perm);
	spin_unlock(&key->lock);
}

static void set_owner(struct kr_key *key, u32 uid)
{
	spin_lock(&key->lock);
	WRITE_ONCE(key->uid, kt_uid(uid));
	spin_unlock(&key->lock);
}

/* Restricted first, then given away, and taken back before it is opened again */
static void given_away_with_fewer_bits(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");
	struct gift gift = { .key = key, .actor = kt_actor(test, KT_OTHER, KT_OTHER) };
	unsigned long end = jiffies + 2 * KT_STRESS;
	u32 turn = 0;

	set_perm(key, KR_USR(KR_VIEW));
	kt_crew_start(test, 2, try_to_write, &gift);
	while (time_before(jiffies, end)) {
		/* other bits each time, which are nobody's: no two turns look the same */
		set_perm(key, KR_USR(KR_ALL) | KR_GRP(turn++ % KR_ALL));
		cond_resched();
		set_perm(key, KR_USR(KR_VIEW));
		set_owner(key, KT_OTHER);
		cond_resched();
		set_owner(key, KT_UID);
	}
	KUNIT_EXPECT_EQ(test, kt_crew_stop(test), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&gift.rounds), 0);
}

static struct kunit_case permission_cases[] = {
	KUNIT_CASE_PARAM(one_bit_for_one_class, perm_gen_params),
	KUNIT_CASE(all_but_one_bit),
	KUNIT_CASE(other_classes_bits_do_not_count),
	KUNIT_CASE(possessor_adds_to_the_class),
	KUNIT_CASE(key_without_a_group),
	KUNIT_CASE(only_fsuid_counts),
	KUNIT_CASE(given_away_with_fewer_bits),
	{}
};

static struct kunit_suite permission_suite = {
	.name		= "kr_key_permission",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= kt_case_init,
	.exit		= kt_case_exit,
	.test_cases	= permission_cases,
};

kunit_test_suite(permission_suite);
