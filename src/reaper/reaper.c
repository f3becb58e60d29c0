// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reaper: two queues of deadlines, ordered by time, and a list of keys that
 * ended where nothing may take long. None looks at a key whose deadline has not come.
 * The one queue is for most keys, whose links stay for a while after they have
 * expired; the other for keys of types that want theirs to go at once then, and
 * for those that were invalidated.
 *
 * A deadline holds no reference. The key takes it out of the queue before it
 * goes (cancel), and the worker takes a reference under the queue's lock before
 * it lets go of that: a key in the queue is therefore never freed memory.
 *
 * What the worker has taken it can put back: it needs no memory to try again.
 */
#include <keyrings/reaper.h>

#include <keyrings/key_ops.h>
#include <keyrings/keyring_reap.h>
#include <linux/slab.h>
#include <linux/timerqueue.h>
#include <linux/workqueue.h>

#define BATCH		32	/* keys taken from the queue at a time */
#define MAX_SLEEP	(60 * 60)	/* seconds: the wall clock may be set meanwhile */
#define LOOK_AGAIN	10	/* seconds: the delay may become shorter meanwhile */

/**
 * struct kr_deadline - when a key's links are to go
 * @node: in a queue; its time, in seconds and without the delay, is when the key was to expire,
 *	or, when its links could not be removed then, a second after that was tried
 * @queue: which one
 * @key: the key, which takes this out of the queue before it ends; not looked at after that
 */
struct kr_deadline {
	struct timerqueue_node node;
	struct timerqueue_head *queue;
	struct kr_key *key;
};

/**
 * struct batch - what the worker has taken off the queues
 * @count: how many there are
 * @deadlines: the deadlines
 * @keys: their keys, with a reference each
 */
struct batch {
	unsigned int count;
	struct kr_deadline *deadlines[BATCH];
	struct kr_key *keys[BATCH];
};

static struct workqueue_struct *reaper_wq;
enum { DELAYED, AT_ONCE, QUEUES };
static struct timerqueue_head queues[QUEUES];
static DEFINE_SPINLOCK(queue_lock);	/* @queues, @armed_until and every key's deadline; innermost */
static time64_t armed_until;	/* when the worker looks at the queues next */
static LLIST_HEAD(ended);

static void reap_due(struct work_struct *work);
static void end_deferred(struct work_struct *work);

static DECLARE_DELAYED_WORK(due_work, reap_due);
static DECLARE_WORK(ended_work, end_deferred);

/* A key that was revoked is not one that has expired, although it is given a time. */
static struct timerqueue_head *queue_for(const struct kr_key *key)
{
	unsigned long flags = READ_ONCE(key->flags);
	bool at_once = (key->type->reap_at_once && !(flags & BIT(KR_KEY_REVOKED))) ||
		       flags & BIT(KR_KEY_INVALIDATED);

	return &queues[at_once ? AT_ONCE : DELAYED];
}

/* Links go gc_delay after expiry, so that user space can see why the key is bad. */
static time64_t delay_of(const struct timerqueue_head *queue)
{
	return queue == &queues[DELAYED] ? READ_ONCE(*kr_limits.gc_delay) : 0;
}

static time64_t due_limit(const struct timerqueue_head *queue)
{
	return kr_now() - delay_of(queue);
}

/*
 * How long until the first one of the queue is to be looked at? When it is due; or, since
 * nobody tells when the delay becomes shorter, now and then while it sits that out.
 */
static time64_t time_left(struct timerqueue_head *queue)
{
	struct timerqueue_node *first = timerqueue_getnext(queue);
	time64_t left, look;

	lockdep_assert_held(&queue_lock);
	if (!first)
		return KR_NEVER;
	left = first->expires - due_limit(queue);
	look = max_t(time64_t, first->expires - kr_now(), LOOK_AGAIN);
	return clamp_t(time64_t, min(left, look), 0, MAX_SLEEP);
}

/* Caller holds the queues' lock. */
static void arm(void)
{
	time64_t wait = min(time_left(&queues[DELAYED]), time_left(&queues[AT_ONCE]));

	lockdep_assert_held(&queue_lock);
	if (wait == KR_NEVER)
		return;
	armed_until = kr_now() + wait;
	mod_delayed_work(reaper_wq, &due_work, wait * HZ);
}

/* Take one deadline off its queue; its key, if that lives, gets a reference. */
static void take(struct batch *batch, struct timerqueue_node *node)
{
	struct kr_deadline *deadline = container_of(node, struct kr_deadline, node);
	struct kr_key *key = deadline->key;

	lockdep_assert_held(&queue_lock);
	timerqueue_del(deadline->queue, node);
	WRITE_ONCE(key->deadline, NULL);
	if (!kr_key_tryget(key)) {
		kfree(deadline);
		return;
	}
	batch->deadlines[batch->count] = deadline;
	batch->keys[batch->count++] = key;
}

static void take_due_of(struct batch *batch, struct timerqueue_head *queue, unsigned int max)
{
	time64_t limit = due_limit(queue);
	struct timerqueue_node *first;

	lockdep_assert_held(&queue_lock);
	while (batch->count < max && (first = timerqueue_getnext(queue)) &&
	       first->expires <= limit)
		take(batch, first);
}

/*
 * Keys that are due, with references and out of their queue. The one queue leaves places
 * for the other: keys in rings that somebody keeps busy come again and again.
 */
static void take_due(struct batch *batch)
{
	batch->count = 0;
	spin_lock(&queue_lock);
	take_due_of(batch, &queues[DELAYED], BATCH / 2);
	take_due_of(batch, &queues[AT_ONCE], BATCH);
	take_due_of(batch, &queues[DELAYED], BATCH);
	if (batch->count < BATCH)
		arm();
	spin_unlock(&queue_lock);
	smp_mb();	/* the deadlines, then the links: see kr_edit_commit() */
}

static void queue_deadline(struct kr_key *key, struct kr_deadline *deadline, time64_t expires)
{
	lockdep_assert_held(&queue_lock);
	timerqueue_init(&deadline->node);
	deadline->key = key;
	deadline->queue = queue_for(key);
	deadline->node.expires = expires;
	timerqueue_add(deadline->queue, &deadline->node);
	WRITE_ONCE(key->deadline, deadline);
}

/* Give the key this deadline, unless it has one by then. */
static void give_deadline(struct kr_key *key, struct kr_deadline *deadline, time64_t expires)
{
	spin_lock(&queue_lock);
	if (!key->deadline) {
		queue_deadline(key, deadline, expires);
		arm();
		deadline = NULL;
	}
	spin_unlock(&queue_lock);
	kfree(deadline);
}

/*
 * The time may be another meanwhile. If it is later, or never, the deadline is early, which
 * does no harm; an earlier one has a deadline of its own.
 */
static void queue_anew(struct kr_key *key)
{
	time64_t expiry = READ_ONCE(key->expiry);
	struct kr_deadline *new;

	might_sleep();
	if (expiry == KR_NEVER)
		return;
	new = kmalloc(sizeof(*new), GFP_KERNEL);
	if (new)
		give_deadline(key, new, expiry);
}

/*
 * A key that is valid has been given more time, or the clock was set back; one in a ring
 * that is locked is looked at again in a second.
 */
static void reap(struct kr_key *key, struct kr_deadline *deadline)
{
	bool early = !kr_key_validate(key);
	int busy = kr_ring_reap_key(key);
	time64_t again = KR_NEVER;

	if (early || !kr_key_validate(key))
		again = READ_ONCE(key->expiry);
	else if (busy)
		again = due_limit(queue_for(key)) + 1;

	if (again == KR_NEVER)
		kfree(deadline);
	else
		give_deadline(key, deadline, again);
}

/* Keys that expire together have been made together, as a rule, and are in one ring. */
static void reap_batch(struct batch *batch)
{
	unsigned int i = 0, gone;

	while (i < batch->count) {
		gone = kr_ring_reap_run(&batch->keys[i], batch->count - i);
		if (gone) {
			kfree_bulk(gone, (void **)&batch->deadlines[i]);
		} else {
			reap(batch->keys[i], batch->deadlines[i]);
			kr_key_put(batch->keys[i]);
			gone = 1;
		}
		i += gone;
	}
}

static void reap_due(struct work_struct *work)
{
	struct batch batch;

	do {
		take_due(&batch);
		reap_batch(&batch);
		cond_resched();
	} while (batch.count == BATCH);
}

static int schedule_key(struct kr_key *key, time64_t expiry)
{
	struct kr_deadline *new, *deadline;

	might_sleep();
	new = kmalloc(sizeof(*new), GFP_KERNEL);

	spin_lock(&queue_lock);
	deadline = key->deadline;
	if (deadline) {
		timerqueue_del(deadline->queue, &deadline->node);
	} else {
		deadline = new;
		new = NULL;
	}
	if (deadline) {
		/*
		 * Both under the lock: who calls at the same time may not part them. Of a key
		 * that was invalidated only the links are to go then.
		 */
		if (!test_bit(KR_KEY_INVALIDATED, &key->flags))
			WRITE_ONCE(key->expiry, expiry);
		queue_deadline(key, deadline, expiry);
		/* The delay may have become shorter: nobody tells. */
		if (expiry + delay_of(deadline->queue) < armed_until ||
		    timerqueue_getnext(deadline->queue) == &deadline->node)
			arm();
	}
	spin_unlock(&queue_lock);

	kfree(new);
	return deadline ? 0 : -ENOMEM;
}

static void cancel_key(struct kr_key *key)
{
	struct kr_deadline *deadline;

	spin_lock(&queue_lock);
	deadline = key->deadline;
	if (deadline) {
		timerqueue_del(deadline->queue, &deadline->node);
		WRITE_ONCE(key->deadline, NULL);
	}
	spin_unlock(&queue_lock);
	kfree(deadline);
}

/* The oldest first. What comes meanwhile has a run of its own: who waits for one is not kept. */
static void end_deferred(struct work_struct *work)
{
	struct llist_node *batch = llist_reverse_order(llist_del_all(&ended));
	struct kr_key *key, *next;

	llist_for_each_entry_safe(key, next, batch, dying) {
		kr_key_end(key);
		cond_resched();
	}
}

/* A key that ends may leave others to be ended. */
static void flush_ends(void)
{
	do {
		flush_work(&ended_work);
	} while (!llist_empty(&ended));
}

static void defer_end(struct kr_key *key)
{
	if (llist_add(&key->dying, &ended))
		queue_work(reaper_wq, &ended_work);
}

static const struct kr_reaper_ops reaper_ops = {
	.schedule	= schedule_key,
	.queue_anew	= queue_anew,
	.cancel		= cancel_key,
	.defer		= defer_end,
};

void kr_reaper_rearm(void)
{
	spin_lock(&queue_lock);
	arm();
	spin_unlock(&queue_lock);
}

void kr_reaper_flush(void)
{
	kr_reaper_rearm();
	flush_delayed_work(&due_work);
	flush_ends();
}

/* Not for the links that are due, which the lock of a ring is taken for. */
void kr_reaper_flush_ended(void)
{
	/* Whoever has put a key there may not have come to start the work yet. */
	if (!llist_empty(&ended))
		queue_work(reaper_wq, &ended_work);
	flush_work(&ended_work);
}

int kr_reaper_init(void)
{
	reaper_wq = alloc_workqueue("keyrings", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!reaper_wq)
		return -ENOMEM;
	timerqueue_init_head(&queues[DELAYED]);
	timerqueue_init_head(&queues[AT_ONCE]);
	kr_key_set_reaper(&reaper_ops);
	return 0;
}

void kr_reaper_exit(void)
{
	cancel_delayed_work_sync(&due_work);
	flush_ends();
	WARN_ON_ONCE(!llist_empty(&ended));
	WARN_ON_ONCE(timerqueue_getnext(&queues[DELAYED]) || timerqueue_getnext(&queues[AT_ONCE]));
	destroy_workqueue(reaper_wq);
}
