// SPDX-License-Identifier: GPL-2.0-only
/*
 * Room key: watches and what they cause. Built for kernels with watch queues.
 * What a program can see of them is in tests/selftests/test_watch.c.
 */
#include "kunit_helpers.h"
#include "kunit_stalled.h"

#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/watch_queue.h>

#define RING_SIZE	16	/* records that fit into the pipe */
#define NOTE_SIZE	128	/* bytes a record has in a page of the queue's */
#define NOTES		(PAGE_SIZE / NOTE_SIZE)

/**
 * struct tube - a notification pipe without files
 * @queue: as the kernel makes it, which also frees it and its page
 * @pipe: what of a pipe a queue writes to
 * @bufs: the pipe's
 */
struct tube {
	struct watch_queue *queue;
	struct pipe_inode_info pipe;
	struct pipe_buffer bufs[RING_SIZE];
};

static void make_queue(struct kunit *test, struct tube *tube)
{
	struct watch_queue *queue = kzalloc(sizeof(*queue), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, queue);
	kref_init(&queue->usage);
	spin_lock_init(&queue->lock);
	queue->notes = kzalloc(sizeof(*queue->notes), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, queue->notes);
	queue->notes[0] = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, queue->notes[0]);
	queue->notes_bitmap = bitmap_alloc(NOTES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, queue->notes_bitmap);
	bitmap_fill(queue->notes_bitmap, NOTES);
	queue->nr_pages = 1;
	queue->nr_notes = NOTES;
	queue->pipe = &tube->pipe;
	tube->queue = queue;
}

static struct tube *tube_open(struct kunit *test)
{
	struct tube *tube = kunit_kzalloc(test, sizeof(*tube), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tube);
	init_waitqueue_head(&tube->pipe.rd_wait);
	tube->pipe.bufs = tube->bufs;
	tube->pipe.ring_size = RING_SIZE;
	make_queue(test, tube);
	return tube;
}

/* The next record; its place in the page is not used again. */
static struct key_notification tube_read(struct tube *tube)
{
	struct key_notification note = { .watch.type = WATCH_TYPE__NR };
	struct pipe_buffer *buf;

	if (tube->pipe.tail == tube->pipe.head)
		return note;
	buf = &tube->bufs[tube->pipe.tail++ % RING_SIZE];
	memcpy(&note, page_address(buf->page) + buf->offset,
	       min_t(size_t, buf->len, sizeof(note)));
	put_page(buf->page);
	return note;
}

/* What a work does a grace period after a key has ended */
static bool soon(struct tube *tube, bool (*is_so)(const struct tube *tube))
{
	unsigned long end = jiffies + 60 * HZ;

	while (!is_so(tube) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	return is_so(tube);
}

static bool has_record(const struct tube *tube)
{
	return READ_ONCE(tube->pipe.head) != tube->pipe.tail;
}

static bool is_unused(const struct tube *tube)
{
	return !READ_ONCE(tube->queue->watches.first);
}

/* Whatever it watched has ended: nothing else can empty it without the kernel's help. */
static void tube_close(struct kunit *test, struct tube *tube)
{
	KUNIT_EXPECT_TRUE(test, soon(tube, is_unused));
	while (tube->pipe.tail != tube->pipe.head)
		tube_read(tube);
	spin_lock_bh(&tube->queue->lock);
	tube->queue->pipe = NULL;
	spin_unlock_bh(&tube->queue->lock);
	put_watch_queue(tube->queue);
}

static void expect_note(struct kunit *test, struct tube *tube, unsigned int what,
			const struct kr_key *key, u32 aux)
{
	struct key_notification note = tube_read(tube);

	KUNIT_EXPECT_EQ(test, note.watch.type + 0u, (u32)WATCH_TYPE_KEY_NOTIFY);
	KUNIT_EXPECT_EQ(test, note.watch.subtype + 0u, what);
	KUNIT_EXPECT_EQ(test, note.watch.info & WATCH_INFO_LENGTH, (u32)sizeof(note));
	KUNIT_EXPECT_EQ(test, note.key_id, (u32)key->serial);
	KUNIT_EXPECT_EQ(test, note.aux, aux);
}

static void expect_removal(struct kunit *test, struct tube *tube, s32 serial, u8 id)
{
	struct key_notification note;

	KUNIT_EXPECT_TRUE(test, soon(tube, has_record));
	note = tube_read(tube);
	KUNIT_EXPECT_EQ(test, note.watch.type + 0u, (u32)WATCH_TYPE_META);
	KUNIT_EXPECT_EQ(test, note.watch.subtype + 0u, (u32)WATCH_META_REMOVAL_NOTIFICATION);
	KUNIT_EXPECT_EQ(test, (note.watch.info & WATCH_INFO_ID) >> WATCH_INFO_ID__SHIFT, (u32)id);
	KUNIT_EXPECT_EQ(test, note.key_id, (u32)serial);
}

static void expect_silence(struct kunit *test, struct tube *tube)
{
	KUNIT_EXPECT_EQ(test, tube->pipe.tail, tube->pipe.head);
}

static struct kr_key *new_key(struct kunit *test)
{
	return kt_hold(test, kr_key_alloc(kt_type(test, "user"), "new", kt_uid(KT_UID),
					  kt_gid(KT_GID), KT_PERM, KR_ALLOC_IN_QUOTA));
}

/* Nobody can look a key up that is being made: only here can it be watched. */
static void instantiated(struct kunit *test)
{
	struct kr_key *key = new_key(test), *ring = kt_ring(test, "dest");
	struct tube *tube = tube_open(test);
	struct kr_prep prep = {};

	prep.data = kt_payload(test, 1, 'v');
	KUNIT_EXPECT_EQ(test, kr_key_watch(key, tube->queue, 1), 0);
	KUNIT_EXPECT_EQ(test, kr_key_watch(ring, tube->queue, 2), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_instantiate_key(key, &prep, ring), 0);
	expect_note(test, tube, NOTIFY_KEY_INSTANTIATED, key, 0);
	expect_note(test, tube, NOTIFY_KEY_LINKED, ring, key->serial);
	KUNIT_EXPECT_EQ(test, kr_ring_reject_key(key, EKEYREJECTED, 60, ring), -EBUSY);
	expect_silence(test, tube);
	kr_payload_put_now(prep.data);
	kt_drop(test, key);
	kt_drop(test, ring);
	tube_close(test, tube);
}

static void rejected_into_the_ring_it_is_in(struct kunit *test)
{
	struct kr_key *key = new_key(test), *ring = kt_ring(test, "dest");
	struct tube *tube = tube_open(test);

	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	KUNIT_EXPECT_EQ(test, kr_key_watch(key, tube->queue, 1), 0);
	KUNIT_EXPECT_EQ(test, kr_key_watch(ring, tube->queue, 2), 0);
	KUNIT_EXPECT_EQ(test, kr_ring_reject_key(key, EKEYREJECTED, 60, ring), 0);
	expect_note(test, tube, NOTIFY_KEY_INSTANTIATED, key, -EKEYREJECTED);
	expect_note(test, tube, NOTIFY_KEY_LINKED, ring, key->serial);
	expect_silence(test, tube);
	kt_drop(test, key);
	kt_drop(test, ring);
	tube_close(test, tube);
}

/* The bit comes with the first watch and stays; the key is free of them all the same. */
static void bit(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");
	struct tube *tube = tube_open(test);

	KUNIT_EXPECT_EQ(test, kr_key_unwatch(key, tube->queue), -EBADSLT);
	KUNIT_EXPECT_FALSE(test, test_bit(KR_KEY_WATCHED, &key->flags));
	kr_key_notify(key, NOTIFY_KEY_UPDATED, 0);
	KUNIT_EXPECT_EQ(test, kr_key_watch(key, tube->queue, 9), 0);
	KUNIT_EXPECT_TRUE(test, test_bit(KR_KEY_WATCHED, &key->flags));
	KUNIT_EXPECT_EQ(test, kr_key_watch(key, tube->queue, 9), -EBUSY);
	expect_silence(test, tube);
	KUNIT_EXPECT_EQ(test, kr_key_unwatch(key, tube->queue), 0);
	expect_removal(test, tube, key->serial, 9);
	KUNIT_EXPECT_EQ(test, kr_key_unwatch(key, tube->queue), -EBADSLT);
	kr_key_notify(key, NOTIFY_KEY_UPDATED, 0);
	expect_silence(test, tube);
	tube_close(test, tube);
}

/* INVALIDATED is posted once, however often it is done. */
static void invalidated_once(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");
	struct tube *tube = tube_open(test);
	s32 serial = key->serial;

	KUNIT_EXPECT_EQ(test, kr_key_watch(key, tube->queue, 1), 0);
	kr_ring_invalidate(key);
	kr_ring_invalidate(key);
	expect_note(test, tube, NOTIFY_KEY_INVALIDATED, key, 0);
	expect_silence(test, tube);
	kt_drop(test, key);
	expect_removal(test, tube, serial, 1);
	tube_close(test, tube);
}

/* ENOENT: the queue is closed between finding it and watching the key. */
static void closed(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k");
	struct tube *tube = tube_open(test);
	s32 serial = key->serial;

	tube->queue->pipe = NULL;
	KUNIT_EXPECT_EQ(test, kr_key_watch(key, tube->queue, 1), -ENOENT);
	tube->queue->pipe = &tube->pipe;
	KUNIT_EXPECT_EQ(test, kr_key_unwatch(key, tube->queue), -EBADSLT);
	KUNIT_EXPECT_EQ(test, kr_key_watch(key, tube->queue, 1), 0);
	tube->queue->pipe = NULL;
	kr_key_notify(key, NOTIFY_KEY_UPDATED, 0);
	tube->queue->pipe = &tube->pipe;
	expect_silence(test, tube);
	kt_drop(test, key);
	expect_removal(test, tube, serial, 1);
	tube_close(test, tube);
}

/* The memory of a watch that nobody keeps any more is RCU's until it is freed. */
static void ending(struct kunit *test)
{
	struct tube *tube = tube_open(test), *other = tube_open(test);
	struct kr_key *key = kt_key(test, "k");
	s32 serial = key->serial;
	struct watch *watch;
	unsigned int kept;

	KUNIT_EXPECT_EQ(test, kr_key_watch(key, tube->queue, 1), 0);
	KUNIT_EXPECT_EQ(test, kr_key_watch(key, other->queue, 2), 0);
	watch = hlist_entry(tube->queue->watches.first, struct watch, queue_node);
	kept = kref_read(&watch->usage);
	refcount_set(&watch->usage.refcount, 0);
	watch->info_id = ~0;
	kr_key_notify(key, NOTIFY_KEY_UPDATED, 0);
	expect_silence(test, tube);
	expect_note(test, other, NOTIFY_KEY_UPDATED, key, 0);

	watch->info_id = 1 << WATCH_INFO_ID__SHIFT;
	refcount_set(&watch->usage.refcount, kept);
	kr_key_notify(key, NOTIFY_KEY_UPDATED, 0);
	expect_note(test, tube, NOTIFY_KEY_UPDATED, key, 0);
	expect_note(test, other, NOTIFY_KEY_UPDATED, key, 0);
	KUNIT_EXPECT_EQ(test, kref_read(&watch->usage), kept);
	kt_drop(test, key);
	expect_removal(test, tube, serial, 1);
	expect_removal(test, other, serial, 2);
	tube_close(test, tube);
	tube_close(test, other);
}

static int read_for_long(void *arg)
{
	bool *reading = arg;

	rcu_read_lock();
	smp_store_release(reading, true);
	while (!kthread_should_stop())
		cpu_relax();
	rcu_read_unlock();
	return 0;
}

/* Who reads what a call has caused does not read that a key has ended by it. */
static void told_later(struct kunit *test)
{
	struct kr_key *key = kt_key(test, "k"), *ring = kt_ring(test, "r");
	struct tube *tube = tube_open(test);
	s32 serial = key->serial;
	bool reading = false;

	KUNIT_EXPECT_EQ(test, kr_ring_link(ring, key), 0);
	kt_drop(test, key);
	KUNIT_EXPECT_EQ(test, kr_key_watch(key, tube->queue, 1), 0);
	KUNIT_EXPECT_EQ(test, kr_key_watch(ring, tube->queue, 2), 0);
	kt_crew_start(test, 1, read_for_long, &reading);
	while (!smp_load_acquire(&reading))
		cond_resched();
	KUNIT_EXPECT_EQ(test, kr_ring_clear(ring), 0);
	expect_note(test, tube, NOTIFY_KEY_CLEARED, ring, 0);
	expect_silence(test, tube);
	kt_crew_stop(test);
	expect_removal(test, tube, serial, 1);
	kt_drop(test, ring);
	tube_close(test, tube);
}

/* The news is there when a call that has revoked the key returns, whichever that is. */
static void revoked_by_two(struct kunit *test)
{
	struct kr_key *ring = kt_ring(test, "ring");
	struct tube *tube = tube_open(test);
	s32 serial = ring->serial;

	KUNIT_EXPECT_EQ(test, kr_key_watch(ring, tube->queue, 1), 0);
	stalled_begin(test, ring);
	KUNIT_EXPECT_EQ(test, tube_read(tube).watch.subtype + 0u, (u32)NOTIFY_KEY_LINKED);
	kr_key_revoke(ring);
	expect_note(test, tube, NOTIFY_KEY_REVOKED, ring, 0);
	stalled_end(test);
	expect_silence(test, tube);
	kt_drop(test, ring);
	expect_removal(test, tube, serial, 1);
	tube_close(test, tube);
}

#define MANY	500

/* As many keys as make the table grow and shrink; each is watched by two. Root may. */
static void many(struct kunit *test)
{
	struct kr_key **keys = kunit_kcalloc(test, MANY, sizeof(*keys), GFP_KERNEL);
	struct tube *a = tube_open(test), *b = tube_open(test);
	char desc[16];
	unsigned int i;
	s32 serial;

	KUNIT_ASSERT_NOT_NULL(test, keys);
	for (i = 0; i < MANY; i++) {
		snprintf(desc, sizeof(desc), "many%u", i);
		keys[i] = kt_key_of(test, 0, desc, 1);
	}
	for (i = 0; i < MANY; i++) {
		KUNIT_EXPECT_EQ(test, kr_key_watch(keys[i], a->queue, 1), 0);
		KUNIT_EXPECT_EQ(test, kr_key_watch(keys[i], b->queue, 2), 0);
	}
	kr_key_notify(keys[MANY / 2], NOTIFY_KEY_UPDATED, 0);
	expect_note(test, a, NOTIFY_KEY_UPDATED, keys[MANY / 2], 0);
	expect_note(test, b, NOTIFY_KEY_UPDATED, keys[MANY / 2], 0);
	for (i = 0; i < MANY; i++) {
		serial = keys[i]->serial;
		kt_drop(test, keys[i]);
		if (i < RING_SIZE) {
			expect_removal(test, a, serial, 1);
			expect_removal(test, b, serial, 2);
		}
	}
	tube_close(test, a);
	tube_close(test, b);
}

/* Each of these watches counts against the UID until it is freed. */
static int count_watches(struct kunit *test)
{
	const atomic_t *count = &current_cred()->user->nr_watches;
	unsigned long end = jiffies + 60 * HZ;

	/* The work lets go of a watch after the queue has. */
	for (rcu_barrier(); atomic_read(count) && time_before(jiffies, end); rcu_barrier())
		schedule_timeout_uninterruptible(1);
	return atomic_read(count);
}

static int watch_enter(struct kunit *test)
{
	int ret = kt_case_init(test);

	KUNIT_EXPECT_EQ(test, count_watches(test), 0);
	return ret;
}

static void watch_leave(struct kunit *test)
{
	kt_case_exit(test);
	KUNIT_EXPECT_EQ(test, count_watches(test), 0);
}

static struct kunit_case watch_cases[] = {
	KUNIT_CASE(instantiated),
	KUNIT_CASE(rejected_into_the_ring_it_is_in),
	KUNIT_CASE(bit),
	KUNIT_CASE(invalidated_once),
	KUNIT_CASE(closed),
	KUNIT_CASE(ending),
	KUNIT_CASE(told_later),
	KUNIT_CASE(revoked_by_two),
	KUNIT_CASE(many),
	{}
};

static struct kunit_suite watch_suite = {
	.name		= "kr_key_watch",
	.suite_init	= kt_rooms_up,
	.suite_exit	= kt_rooms_down,
	.init		= watch_enter,
	.exit		= watch_leave,
	.test_cases	= watch_cases,
};

kunit_test_suite(watch_suite);
