// SPDX-License-Identifier: GPL-2.0-only
/*
 * A random sequence is done: by a cast of processes of several users, and by
 * the helpers that their requests call. One thing happens after the other; who
 * has to wait for a key is left alone until it goes on.
 */
#define _GNU_SOURCE
#include "episode.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "../selftests/keyctl_abi.h"

enum { DEEPEST_HELPER = 2, UIDS = 5 };

struct worker *cast[CAST];
struct known known[MAX_WORKERS];

static struct worker *keeper, *helper[DEEPEST_HELPER], *requester[DEEPEST_HELPER];
static unsigned int helpers, into_slot[MAX_WORKERS];
static long slots[ALL_SLOTS];

/* What is special about an episode */
static bool tight;		/* quota is short: how soon a key gives it back matters */
static bool scant;		/* of bytes, too */
static bool brief;		/* keys that have ended are collected soon */
static bool spacious;		/* there are namespaces; the built-in service charges their owners */

/*
 * Longer than the shorter ones of the timeouts that are drawn, shorter than the leaps of the
 * clock: the time that passes beside those changes nothing.
 */
enum { BRIEF_DELAY = 50, BRIEF_LEAP = 70, LONG_DELAY = 100000000 };

/* The rings of a UID go with its last process here: one that is no part of this stays. */
static long pin_uids(long first, long count, long c)
{
	(void)c;
	while (count--) {
		if (setresuid(first + count, 0, 0) || open("/dev/null", O_RDONLY) < 0)
			return -errno;
	}
	return 0;
}

/* Two processes of one user, a member of its group by GID and one by list, a stranger, root */
static void cast_make(void)
{
	uid_t u = uid_base;

	keeper = worker_fork(NULL);
	in(keeper, pin_uids, u, CAST, 0);
	cast[0] = worker_user(u, u, -1);
	cast[1] = draw(3) ? worker_fork(cast[0]) : worker_user(u, u, -1);
	cast[2] = worker_user(u + 1, u, -1);
	cast[3] = worker_user(u + 2, u + 2, u);
	cast[4] = worker_user(u + 3, u + 3, -1);
	cast[5] = worker_root(u + 4);
}

static long who(long group, long b, long c)
{
	(void)b, (void)c;
	return group ? getegid() : getuid();
}

static struct worker *actor_of(const struct step *s)
{
	if (s->who == HELPER)
		return helpers ? helper[helpers - 1] : NULL;
	return cast[s->who];
}

/* ---- calls ---- */

static void note_result(struct worker *w, long ret)
{
	enum op op = w->op;

	if (ret > 0 && opdesc[op].gives_id && op != ASSUME)	/* whose key ends unseen */
		slots[into_slot[w->number]] = ret;
	/* The parent has the session when it returns to its program. */
	if (ret >= 0 && op == TO_PARENT && w->parent && !w->parent->busy)
		quiet(w->parent, NO_SUCH_OP);
	if (ret >= 0)
		ends(ends_by(w, op, w->told));
	else if (op == REQUEST_KEY && w->told[2])	/* the authority that nobody got holds rings */
		ends(CREDENTIALS);
	else if (tight && opdesc[op].gives_id)	/* a key that was made in vain */
		ends(KEYS);
	if (ret >= 0 && op == ASSUME)
		known[w->number].assumed = ret > 0;
}

/* Those that a call, or the end of a helper, has woken */
static void take_note(void)
{
	unsigned int i;

	for (i = 0; i < CAST + helpers; i++) {
		struct worker *w = i < CAST ? cast[i] : helper[i - CAST];

		if (w->busy && !call_waits(w) && call_at_rest(w))
			note_result(w, call_end(w));
	}
}

static void helper_enters(struct worker *h, struct worker *w)
{
	requester[helpers] = w;
	helper[helpers++] = h;
	known[h->number] = (struct known){ .session = true };
	slots[TARGET] = helper_key(h);
}

static bool is_requester(const struct worker *w)
{
	unsigned int i;

	for (i = 0; i < helpers; i++)
		if (requester[i] == w)
			return true;
	return false;
}

/*
 * An error met in one anchor, and nothing in another: there the services differ,
 * one calls a helper, the other does not. The same is seen of both by asking
 * for each anchor. The keys that a helper's requester has cannot be asked for.
 */
static bool is_masked(struct worker *w, long type, long desc)
{
	long anchors[] = { RING_T, RING_P, known[w->number].session ? RING_S : RING_US }, ret;
	bool masked = false;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ret = quiet(w, SEARCH, anchors[i], type, desc, 0);
		if (ret > 0)
			return false;
		masked |= ret != -ENOKEY && ret != -EKEYEXPIRED;
	}
	return masked;
}

/*
 * Somebody waits for a key, and this call would have to, too: whose turn comes first
 * when it has been made is the scheduler's affair. Of requests all end alike.
 */
static bool is_race(enum op op, const long *a)
{
	unsigned int n, i;

	for (n = 0; n < helpers; n++) {
		if (!may_await(op, a, helper[n], requester[n]))
			continue;
		for (i = 0; i < CAST + helpers; i++) {
			struct worker *w = i < CAST ? cast[i] : helper[i - CAST];

			if (w->busy && !is_requester(w) &&
			    (op != REQUEST_KEY || w->op != REQUEST_KEY) &&
			    may_await(w->op, w->told, helper[n], requester[n]))
				return true;
		}
	}
	return false;
}

/* Has the worker a session keyring, as far as its calls tell? */
static void note_session(struct worker *w, enum op op, const long *a)
{
	unsigned int i;

	for (i = 0; opdesc[op].args[i]; i++)
		if (strchr("ir", opdesc[op].args[i]) && a[i] == RING_S)
			known[w->number].session = true;
	if (op == JOIN)
		known[w->number].session = true;
	if (op == TO_PARENT && w->parent)
		known[w->parent->number].session = true;
}

static void call_do(struct worker *w, const struct step *s, long *a)
{
	bool calls_out = s->op == REQUEST_KEY && a[2];
	struct worker *h = NULL;

	note_session(w, s->op, a);
	if (knows_key(s->op, a) || takes_structure(s->op))
		await_ends();
	if (calls_out && (scant || helpers == DEEPEST_HELPER ||
			  (s->into % 4 && is_masked(w, a[0], a[1]))))
		a[2] = calls_out = 0;
	if (s->op == TO_PARENT &&
	    (helpers || (w->parent && (w->parent->busy || known[w->parent->number].pinned))))
		return;
	/* The built-in service keeps the bytes of links to what was invalidated. */
	if ((s->op == JOIN && known[w->number].pinned) || (s->op == INVALIDATE && scant) ||
	    is_race(s->op, a))
		return;
	into_slot[w->number] = s->into;
	w->narrow = s->narrow;
	if (calls_out)
		h = helper_expect();
	call_begin_v(w, s->op, a);
	if (h && helper_comes(h, w)) {
		helper_enters(h, w);
	} else if (call_at_rest(w)) {
		note_result(w, call_end(w));
		return;
	} else {
		say("W%d waits in %s", w->number, opdesc[s->op].name);
	}
	ends(KEYS);	/* what the key that is to be made has displaced */
}

/* ---- events ---- */

static long ids(long uid, long how, long c)
{
	int ret = 0;

	(void)c;
	switch (how % 4) {
	case 0: ret = setresuid(-1, 0, -1); break;
	case 1: ret = setresuid(-1, uid, -1); break;
	case 2: ret = setresuid(uid, -1, -1); break;
	case 3: setfsuid(uid); break;
	}
	return ret ? -errno : 0;
}

static void ids_change(struct worker *w, const long *a)
{
	say("W%d changes its IDs %ld: %s", w->number, a[1] % 4,
	    result_name(in(w, ids, uid_base + a[0] % 5, a[1], 0)));
	/* The thread keyring follows when the thread next uses its rings. */
	quiet(w, GET_ID, RING_T, 0);
}

/* One of the two of a user goes on as a child of the other, or anyone as one of its own */
static void cast_fork(unsigned int from, unsigned int who)
{
	unsigned int into = from < 2 ? who % 2 : from;
	struct worker *parent = cast[from], *old = cast[into];

	if (parent->busy || old->busy || !workers_left())
		return;
	cast[into] = worker_fork(parent);
	known[cast[into]->number] = known[parent->number];
	say("W%d forks W%d, W%d ends", parent->number, cast[into]->number, old->number);
	worker_end(old);
	ends(CREDENTIALS);
}

static void helper_leaves(bool killed)
{
	struct worker *h = helper[helpers - 1], *w = requester[helpers - 1];

	say("W%d %s", h->number, killed || h->busy ? "is killed" : "ends");
	if (killed || h->busy)
		worker_kill(h);
	else
		worker_end(h);
	helpers--;
	worker_await(w);
	note_result(w, call_end(w));
	slots[TARGET] = helpers ? helper_key(helper[helpers - 1]) : 0x7ffffff0;
	ends(CREDENTIALS);
	take_note();
}

static void time_passes(long how)
{
	const int seconds = !how ? 300000 : how == 1 || brief ? BRIEF_LEAP : 10;

	say("%d seconds pass", seconds);
	if (brief)
		canary_end(true);
	clock_jump(seconds);
	if (brief)
		canary_await();
}

#define SETUID_PATH	"/tmp/oracle.setuid"

static void executes(struct worker *w, const char *path)
{
	say("W%d executes%s", w->number, path ? " a set-uid program" : "");
	worker_exec(w, path);
	known[w->number].pinned = true;
	ends(CREDENTIALS);
}

static void moves_apart(struct worker *w)
{
	long uid = in(w, who, 0, 0, 0), gid = in(w, who, 1, 0, 0);

	say("W%d makes a namespace: %s", w->number, result_name(in(w, new_user_ns, uid, gid, 0)));
	known[w->number].apart = true;
	ends(KEYS);
}

static void event_do(const struct step *s)
{
	struct worker *w = actor_of(s);

	switch (s->event) {
	case TIME_PASSES:
		time_passes(s->arg[0]);
		break;
	case LIST:
		await_ends();
		if (w && !w->busy)
			say_proc_keys(w, false);
		break;
	case FORK:
		if (s->who != HELPER)
			cast_fork(s->who, s->arg[0]);
		break;
	case EXEC:
		if (w && !w->busy)
			executes(w, NULL);
		break;
	case SETUID_EXEC:
		if (w && s->who < CAST - 1 && !w->busy)
			executes(w, SETUID_PATH);
		break;
	case NEW_NAMESPACE:
		if (spacious && w && s->who < CAST - 1 && !w->busy && !known[w->number].apart)
			moves_apart(w);
		break;
	case NEW_IDS:
		if (!cast[5]->busy)
			ids_change(cast[5], s->arg);
		break;
	case HELPER_ENDS:
		if (helpers)
			helper_leaves(!s->arg[0]);
		break;
	case INTERRUPT:
		if (w && w->busy && !is_requester(w))
			worker_interrupt(w);
		break;
	case NO_EVENT:
		break;
	}
}

static void *structure(const struct step *s)
{
	int32_t *p = room(40);
	unsigned int i;

	memset(p, 0, 40);
	for (i = 0; i < WORDS; i++) {
		p[i] = s->word_slot[i] >= 0 ? slots[(int)s->word_slot[i]] : s->word[i];
		put("%s%s", i ? ", " : "of ", s->word_slot[i] >= 0 ? key_name(p[i]) : "");
		if (s->word_slot[i] < 0)
			put("%d", p[i]);
	}
	put(": ");
	return p;
}

static void step_do(const struct step *s)
{
	struct worker *w = actor_of(s);
	long a[6];
	int i;

	if (s->event != NO_EVENT) {
		event_do(s);
	} else if (w && !w->busy) {
		for (i = 0; i < 6; i++) {
			a[i] = s->slot[i] >= 0 ? slots[(int)s->slot[i]] : s->arg[i];
			/* Root's rings stay when an episode is over: helpers leave them alone. */
			if (s->who == HELPER && (a[i] == RING_U || a[i] == RING_US))
				a[i] = RING_P;
		}
		if (takes_structure(s->op) && a[0] == P(stage->scratch))
			a[0] = P(structure(s));
		call_do(w, s, a);
	}
	if (s->event != NO_EVENT || makes_keys(s->op))
		take_note();
}

/* ---- an episode ---- */

static void prologue(void)
{
	unsigned int i;

	helpers = 0;
	memset(known, 0, sizeof(known));
	tight = !draw(6);
	scant = tight && draw(2);
	spacious = !draw(6) && !tight;
	brief = !draw(6) && !tight;
	ends_begin(tight);
	sessions_note_before(UIDS);
	cast_make();
	if (setuid_copy(SETUID_PATH, uid_base + 2, uid_base + 2))
		say("!! no set-uid program");
	for (i = 0; i < CAST; i++) {
		say("W%u is user %ld, group %ld", cast[i]->number, in(cast[i], who, 0, 0, 0),
		    in(cast[i], who, 1, 0, 0));
		slots[ring_slot(i, 0)] = draw(3) ? call(cast[i], JOIN, 0) : RING_S;
		known[cast[i]->number].session = slots[ring_slot(i, 0)] > 0;
		/* A ring of a UID that quota does not allow is another matter. */
		if (tight)
			quiet(cast[i], GET_ID, RING_US, 0);
	}
	for (i = 0; i < SLOTS; i++)
		if (i >= RING_SLOTS || i % OWN_RINGS)
			slots[i] = -1 - (long)draw(5);
	slots[TARGET] = 0x7ffffff0;
	/* With no helpers: their sessions cost as many bytes as their keys' numbers have digits. */
	limits("maxbytes", scant ? 300 + 100 * (int)draw(8) : 10000000);
	limits("maxkeys", tight && !scant ? 24 : 100000);
	limits("gc_delay", brief ? BRIEF_DELAY : LONG_DELAY);
}

static void epilogue(void)
{
	unsigned int i;

	while (helpers)
		helper_leaves(false);
	take_note();
	rcu_quiesce();
	for (i = 0; i < CAST; i++) {
		if (cast[i]->busy)
			say("!! W%d still waits", cast[i]->number);
		else
			say_proc_keys(cast[i], false);
	}
	if (!spacious)
		say_key_users(uid_base, UIDS);
	workers_end();
	rcu_quiesce();
}

static void episode(const char *name, unsigned long seed, unsigned int count, const char *drop)
{
	static struct step steps[MAX_STEPS];
	unsigned int i;

	scenario_begin(name);
	draw_begin(seed);
	prologue();
	draw_steps(steps, count);
	for (i = 0; i < count; i++) {
		if (drop && drop[i] == '-')
			continue;
		put("#%u ", i);
		step_do(&steps[i]);
		put_forget();
	}
	epilogue();
}

static void limits_set(void)
{
	limits("maxkeys", 100000);
	limits("maxbytes", 10000000);
	limits("gc_delay", LONG_DELAY);
}

int run_random(unsigned long seed, unsigned int episodes, unsigned int steps)
{
	unsigned int i;
	char name[64];

	if (steps > MAX_STEPS)
		return 2;
	limits_set();
	for (i = 0; i < episodes; i++) {
		snprintf(name, sizeof(name), "random %lu", seed + i);
		episode(name, seed + i, steps, NULL);
	}
	limits_restore();
	return scenarios_end();
}

int run_tries(unsigned long seed, const char *tries)
{
	char drop[MAX_STEPS + 2], name[64];
	FILE *f = fopen(tries, "r");
	unsigned int i = 0;

	if (!f)
		return 2;
	limits_set();
	while (fgets(drop, sizeof(drop), f)) {
		drop[strcspn(drop, "\n")] = '\0';
		snprintf(name, sizeof(name), "random %lu try %u", seed, i++);
		episode(name, seed, strlen(drop), drop);
	}
	fclose(f);
	limits_restore();
	return scenarios_end();
}
