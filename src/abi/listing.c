// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of /proc/keys and /proc/key-users: keyrings(7), "/proc files".
 *
 * The keys are listed in the order of their serials although nothing keeps
 * them in that order: whoever reads the file pays for the sorting, nobody else.
 * The sorted serials of a few recent readers are remembered, because a file is
 * read in many pieces. They are a hint: each row looks its key up anew.
 */
#include "abi_internal.h"

#include <linux/array_size.h>
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/semaphore.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#define LISTINGS	16	/* readers remembered */
#define OF_ONE_UID	2	/* of them */
#define SLOTS		8	/* readers of one UID at once, but for root */
#define CLASS_BITS	6

/**
 * struct listing - the sorted serials of one reader
 * @node: among those that are remembered, the one that was used last first
 * @reader: whose; compared only
 * @uid: who opened the file
 * @slot: what is given back when the reader stops, or NULL
 * @over: the last row was given: the next read, which only asks whether that was all, need not
 *	look at every key again
 * @serials: sorted, without duplicates
 * @count: how many
 * @room: how many fit
 *
 * Between its start and its stop the reader has it for itself, in seq_file's private; then it
 * is remembered or freed. In the middle of the file it may be forgotten at any time: another
 * one is made.
 */
struct listing {
	struct list_head node;
	const struct seq_file *reader;
	kuid_t uid;
	struct semaphore *slot;
	bool over;
	s32 *serials;
	unsigned int count;
	unsigned int room;
};

static DEFINE_MUTEX(listings_lock);	/* guards @listings */
static LIST_HEAD(listings);

/*
 * Who reads has a copy of all serials, which no quota bounds: how many read at once is bound, for
 * each UID, or some of them together. A slot is held from start to stop, when nothing is given
 * to user space yet: whoever has one needs memory and processor time only. Of both he may have
 * been given little, so that root does not wait for slots.
 */
static struct semaphore slots[1 << CLASS_BITS];

void kr_listing_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(slots); i++)
		sema_init(&slots[i], SLOTS);
}

static void empty(struct listing *listing)
{
	kvfree(listing->serials);
	listing->serials = NULL;
}

static void listing_free(struct listing *listing)
{
	kvfree(listing->serials);
	kfree(listing);
}

static void forget(struct listing *listing)
{
	lockdep_assert_held(&listings_lock);
	list_del(&listing->node);
	listing_free(listing);
}

/*
 * Whoever opens many files pays for it with listings of its own. A reader that
 * has lost its listing makes another one, once for as much as one read gives.
 */
static void forget_old(kuid_t uid)
{
	unsigned int all = 0, same = 0;
	struct listing *listing, *next;

	list_for_each_entry_safe(listing, next, &listings, node) {
		all++;
		same += uid_eq(listing->uid, uid);
		if (all > LISTINGS || (same > OF_ONE_UID && uid_eq(listing->uid, uid)))
			forget(listing);
	}
}

static void remember(struct listing *listing, const struct seq_file *reader)
{
	listing->reader = reader;
	listing->uid = reader->file->f_cred->uid;
	mutex_lock(&listings_lock);
	list_add(&listing->node, &listings);
	forget_old(listing->uid);
	mutex_unlock(&listings_lock);
}

/* What is remembered of the reader, and is so no more. */
static struct listing *recall(const struct seq_file *reader)
{
	struct listing *listing, *found = NULL;

	mutex_lock(&listings_lock);
	list_for_each_entry(listing, &listings, node) {
		if (listing->reader == reader) {
			list_del(&listing->node);
			found = listing;
			break;
		}
	}
	mutex_unlock(&listings_lock);
	return found;
}

static bool collect(struct kr_key *key, void *arg)
{
	struct listing *listing = arg;

	if (listing->count == listing->room)
		return false;
	listing->serials[listing->count++] = key->serial;
	return true;
}

/* Move the serials to @to in the order of one of their bytes, else as they are. */
static void sort_by_byte(const s32 *from, s32 *to, unsigned int count, unsigned int shift)
{
	u32 place[256] = {}, start = 0, n, i;

	for (i = 0; i < count; i++)
		place[(u8)(from[i] >> shift)]++;
	for (i = 0; i < ARRAY_SIZE(place); i++) {
		n = place[i];
		place[i] = start;
		start += n;
	}
	for (i = 0; i < count; i++)
		to[place[(u8)(from[i] >> shift)]++] = from[i];
	cond_resched();
}

/*
 * Radix sort: serials are random numbers, and the heapsort of the library costs
 * 1700 instructions for each of 20 000 of them, a quarter of a line's price.
 */
static int sort_serials(struct listing *listing)
{
	s32 *spare = kvmalloc_array(listing->count + 1, sizeof(s32), GFP_KERNEL_ACCOUNT);

	if (!spare)
		return -ENOMEM;
	sort_by_byte(listing->serials, spare, listing->count, 0);
	sort_by_byte(spare, listing->serials, listing->count, 8);
	sort_by_byte(listing->serials, spare, listing->count, 16);
	sort_by_byte(spare, listing->serials, listing->count, 24);
	kvfree(spare);
	return 0;
}

/* Keys may come while memory is allocated: leave room. */
static int collect_all(struct listing *listing)
{
	listing->count = 0;
	listing->room = kr_key_count() + kr_key_count() / 8 + 64;
	listing->serials = kvmalloc_array(listing->room, sizeof(s32), GFP_KERNEL_ACCOUNT);
	if (!listing->serials)
		return -ENOMEM;
	kr_key_walk(collect, listing);
	return 0;
}

/* When it has filled, a key that was there before may be among those that did not fit. */
static int fill(struct listing *listing)
{
	int ret;

	while (!(ret = collect_all(listing)) && listing->count == listing->room)
		empty(listing);
	if (!ret)
		ret = sort_serials(listing);
	if (ret)
		empty(listing);
	return ret;
}

static struct semaphore *slot_of_current(void)
{
	if (uid_eq(current_uid(), GLOBAL_ROOT_UID))
		return NULL;
	return &slots[hash_32(__kuid_val(current_uid()), CLASS_BITS)];
}

static void slot_put(struct semaphore *slot)
{
	if (slot)
		up(slot);
}

static struct listing *listing_begin(struct seq_file *m, bool anew)
{
	struct semaphore *slot = slot_of_current();
	struct listing *listing;

	if (slot && down_killable(slot))
		return ERR_PTR(-EINTR);
	listing = recall(m) ?: kzalloc(sizeof(*listing), GFP_KERNEL);
	if (!listing) {
		slot_put(slot);
		return ERR_PTR(-ENOMEM);
	}
	listing->slot = slot;
	m->private = listing;
	if (anew) {
		empty(listing);
		listing->over = false;
	}
	return listing;
}

static void listing_end(struct seq_file *m)
{
	struct listing *listing = m->private;
	struct semaphore *slot;

	/* It has not begun. */
	if (!listing)
		return;
	m->private = NULL;
	slot = listing->slot;
	if (listing->serials || listing->over)
		remember(listing, m);
	else
		listing_free(listing);
	slot_put(slot);
}

/* The lowest serial not below @from, or 0. */
static s32 serial_from(const struct listing *listing, s32 from)
{
	unsigned int left = 0, right = listing->count;

	while (left < right) {
		unsigned int mid = left + (right - left) / 2;

		if (listing->serials[mid] < from)
			left = mid + 1;
		else
			right = mid;
	}
	return left < listing->count ? listing->serials[left] : 0;
}

static bool listed_for(const struct seq_file *m, const struct kr_key *key)
{
	bool mapped;

	rcu_read_lock();
	mapped = kuid_has_mapping(m->file->f_cred->user_ns, READ_ONCE(key->account)->uid);
	rcu_read_unlock();
	return mapped;
}

/*
 * The first key from @from on that still exists and is in the reader's namespace. Who is to
 * die does not look at them all.
 */
static struct kr_key *key_from(struct seq_file *m, const struct listing *listing, s32 from)
{
	struct kr_key *key;

	while ((from = serial_from(listing, from))) {
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		key = kr_key_lookup(from);
		if (key && listed_for(m, key))
			return key;
		kr_key_put(key);
		if (from == S32_MAX)
			break;
		from++;
		cond_resched();
	}
	return NULL;
}

static struct kr_key *list_from(struct seq_file *m, struct listing *listing, loff_t *pos)
{
	struct kr_key *key = NULL;

	if (*pos <= S32_MAX)
		key = key_from(m, listing, *pos);
	if (IS_ERR(key))
		return key;
	if (key) {
		*pos = key->serial;
	} else {
		empty(listing);
		listing->over = true;
	}
	return key;
}

/* Once only: whoever reads on is told of keys that have come meanwhile. */
static bool was_over(struct listing *listing)
{
	bool over = listing->over;

	listing->over = false;
	return over;
}

static void *keys_start(struct seq_file *m, loff_t *pos)
{
	struct listing *listing = listing_begin(m, *pos == 0);

	if (IS_ERR(listing))
		return listing;
	if (was_over(listing))
		return NULL;
	if (!listing->serials && fill(listing))
		return ERR_PTR(-ENOMEM);
	return list_from(m, listing, pos);
}

static void *keys_next(struct seq_file *m, void *v, loff_t *pos)
{
	kr_key_put(v);
	++*pos;
	return list_from(m, m->private, pos);
}

static void keys_stop(struct seq_file *m, void *v)
{
	if (!IS_ERR_OR_NULL(v))
		kr_key_put(v);
	listing_end(m);
}

/*
 * May who reads do no more than who opened the file? Fork and execve(2) copy the
 * credentials, so those of a program for which a shell has opened it are others.
 */
static bool may_no_more(const struct cred *reader, const struct cred *opener)
{
	return reader == opener ||
	       (reader->user_ns == opener->user_ns && reader->group_info == opener->group_info &&
		uid_eq(reader->uid, opener->uid) && gid_eq(reader->gid, opener->gid) &&
		uid_eq(reader->suid, opener->suid) && gid_eq(reader->sgid, opener->sgid) &&
		uid_eq(reader->euid, opener->euid) && gid_eq(reader->egid, opener->egid) &&
		uid_eq(reader->fsuid, opener->fsuid) && gid_eq(reader->fsgid, opener->fsgid) &&
		cap_issubset(reader->cap_permitted, opener->cap_permitted));
}

/* Does who reads possess the key? Not said to who opened the file for somebody of more rights. */
static bool reader_possesses(const struct seq_file *m, const struct kr_key *key)
{
	struct kr_anchors anchors;
	bool possessed;

	if (!(READ_ONCE(key->perm) & KR_POS(KR_VIEW)) ||
	    !may_no_more(current_cred(), m->file->f_cred))
		return false;
	rcu_read_lock();
	kr_cred_anchors(&anchors);
	possessed = kr_ring_possesses(&anchors, key);
	rcu_read_unlock();
	return possessed;
}

static void format_timeout(char text[24], const struct kr_key *key)
{
	static const struct {
		time64_t below, unit;
		char letter;
	} units[] = {
		{ 60, 1, 's' },
		{ 60 * 60, 60, 'm' },
		{ 24 * 60 * 60, 60 * 60, 'h' },
		{ 7 * 24 * 60 * 60, 24 * 60 * 60, 'd' },
		{ TIME64_MAX, 7 * 24 * 60 * 60, 'w' },
	};
	time64_t expiry = READ_ONCE(key->expiry), left = expiry - kr_now();
	unsigned int i = 0;

	if (expiry == KR_NEVER) {
		strcpy(text, "perm");
	} else if (left <= 0) {
		strcpy(text, "expd");
	} else {
		while (left >= units[i].below)
			i++;
		snprintf(text, 24, "%lld%c", left / units[i].unit, units[i].letter);
	}
}

static void format_flags(char text[8], const struct kr_key *key)
{
	unsigned long flags = READ_ONCE(key->flags);
	int state = kr_key_state(key);

	text[0] = state != KR_UNINSTANTIATED ? 'I' : '-';
	text[1] = flags & BIT(KR_KEY_REVOKED) ? 'R' : '-';
	text[2] = flags & BIT(KR_KEY_DEAD) ? 'D' : '-';
	text[3] = flags & BIT(KR_KEY_IN_QUOTA) ? 'Q' : '-';
	text[4] = flags & BIT(KR_KEY_CONSTRUCTING) ? 'U' : '-';
	text[5] = state < 0 ? 'N' : '-';
	text[6] = flags & BIT(KR_KEY_INVALIDATED) ? 'i' : '-';
	text[7] = '\0';
}

static int keys_show(struct seq_file *m, void *v)
{
	struct user_namespace *ns = m->file->f_cred->user_ns;
	const struct kr_key *key = v;
	char timeout[24], flags[8];

	if (!kr_key_permits(key, reader_possesses(m, key), m->file->f_cred, KR_VIEW))
		return 0;

	format_timeout(timeout, key);
	format_flags(flags, key);
	/* The reference of this listing is not one of the key's users. */
	seq_printf(m, "%08x %s %5d %4s %08x %5d %5d %-9.9s ", key->serial, flags,
		   refcount_read(&key->usage) - 1, timeout, READ_ONCE(key->perm),
		   from_kuid_munged(ns, READ_ONCE(key->uid)),
		   from_kgid_munged(ns, READ_ONCE(key->gid)), key->type->name);
	if (key->type->describe) {
		rcu_read_lock();
		key->type->describe(key, m);
		rcu_read_unlock();
	}
	seq_putc(m, '\n');
	return 0;
}

const struct seq_operations kr_proc_keys_ops = {
	.start	= keys_start,
	.next	= keys_next,
	.stop	= keys_stop,
	.show	= keys_show,
};

/* UID 0 always has a row in /proc/key-users, as in the built-in subsystem. */
static struct kr_account root_without_keys;

static void *users_of_root(void)
{
	struct kr_account *account = kr_account_next(0);

	return account && uid_eq(account->uid, GLOBAL_ROOT_UID) ? account : &root_without_keys;
}

/* The record of a UID that has processes may stay when the last key has gone. */
static bool users_shows(const struct seq_file *m, const struct kr_account *account)
{
	return atomic_read(&account->nkeys) &&
	       kuid_has_mapping(m->file->f_cred->user_ns, account->uid);
}

/* Positions are UIDs. */
static void *users_from(struct seq_file *m, loff_t *pos)
{
	struct kr_account *account;

	if (!*pos && kuid_has_mapping(m->file->f_cred->user_ns, GLOBAL_ROOT_UID))
		return users_of_root();
	while (*pos < U32_MAX) {
		account = kr_account_next(*pos);
		if (!account)
			return NULL;
		*pos = __kuid_val(account->uid);
		if (users_shows(m, account))
			return account;
		++*pos;
	}
	return NULL;
}

static void *users_start(struct seq_file *m, loff_t *pos)
	__acquires(RCU)
{
	rcu_read_lock();
	return users_from(m, pos);
}

static void *users_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return users_from(m, pos);
}

static void users_stop(struct seq_file *m, void *v)
	__releases(RCU)
{
	rcu_read_unlock();
}

static int users_show(struct seq_file *m, void *v)
{
	struct kr_account *account = v;
	bool root = uid_eq(account->uid, GLOBAL_ROOT_UID);
	int keys = atomic_read(&account->nkeys);

	/* The built-in subsystem counts who uses its record: keys, and for root itself. */
	seq_printf(m, "%5u: %5d", from_kuid_munged(m->file->f_cred->user_ns, account->uid),
		   keys + root);
	seq_put_decimal_ull(m, " ", keys);
	seq_put_decimal_ull(m, "/", atomic_read(&account->nikeys));
	seq_put_decimal_ull(m, " ", READ_ONCE(account->qnkeys));
	seq_put_decimal_ull(m, "/", READ_ONCE(*(root ? kr_limits.root_maxkeys : kr_limits.maxkeys)));
	seq_put_decimal_ull(m, " ", READ_ONCE(account->qnbytes));
	seq_put_decimal_ull(m, "/",
			    READ_ONCE(*(root ? kr_limits.root_maxbytes : kr_limits.maxbytes)));
	seq_putc(m, '\n');
	return 0;
}

const struct seq_operations kr_proc_key_users_ops = {
	.start	= users_start,
	.next	= users_next,
	.stop	= users_stop,
	.show	= users_show,
};

/* Nobody reads any more. */
void kr_listing_exit(void)
{
	struct listing *listing, *next;

	mutex_lock(&listings_lock);
	list_for_each_entry_safe(listing, next, &listings, node)
		forget(listing);
	mutex_unlock(&listings_lock);
}
