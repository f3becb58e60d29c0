// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steering by KCOV, where the kernel has it and the module was built for it: nothing
 * else is instrumented, so every place that is reported is one of the module's. A story
 * that comes to a place where none was before is kept, and is where new ones start from.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <linux/kcov.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define KCOV_PATH "/sys/kernel/debug/kcov"

enum { RECORDS = 32768 };

struct cover {
	int fd;
	unsigned long *record;	/* their number, and what they are */
};

static struct cover covers[THREADS];

bool cover_exists(void)
{
	return !access(KCOV_PATH, F_OK);
}

static void open_one(struct cover *c)
{
	c->fd = open(KCOV_PATH, O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return;
	if (ioctl(c->fd, KCOV_INIT_TRACE, RECORDS))
		_exit(99);
	c->record = mmap(NULL, RECORDS * sizeof(*c->record), PROT_READ | PROT_WRITE, MAP_SHARED,
			 c->fd, 0);
	if (c->record == MAP_FAILED)
		_exit(99);
}

void cover_open(void)
{
	int i;

	for (i = 0; i < stage->variant->threads; i++)
		open_one(&covers[i]);
}

struct cover *cover_of(int thread)
{
	struct cover *c = &covers[thread];

	if (c->fd < 0)
		return NULL;
	if (ioctl(c->fd, KCOV_ENABLE, KCOV_TRACE_PC))
		_exit(99);
	return c;
}

/* A copy: another task may be writing it. Any mixture of two is a story, too. */
static void draw_kept(struct rng *r, struct story *s)
{
	unsigned int kept = __atomic_load_n(&stage->kept, __ATOMIC_ACQUIRE);

	*s = stage->story[below(r, kept < STORIES ? kept : STORIES)];
}

void cover_story(struct cover *c, struct rng *r, struct story *s)
{
	struct story other;

	if (!c || !stage->kept || one_in(r, 4)) {
		story_draw(r, s);
		return;
	}
	draw_kept(r, s);
	if (!s->count || s->count > STEPS)
		story_draw(r, s);
	draw_kept(r, &other);
	story_change(r, s, &other);
}

void cover_begin(struct cover *c)
{
	if (c)
		__atomic_store_n(&c->record[0], 0, __ATOMIC_RELAXED);
}

void cover_end(struct cover *c, const struct story *s)
{
	unsigned long i, n = c ? __atomic_load_n(&c->record[0], __ATOMIC_RELAXED) : 0;
	unsigned int fresh = 0;

	for (i = 1; i <= n; i++) {
		unsigned char *seen = &stage->seen[c->record[i] % sizeof(stage->seen)];

		if (!__atomic_load_n(seen, __ATOMIC_RELAXED))
			fresh += !__atomic_exchange_n(seen, 1, __ATOMIC_RELAXED);
	}
	if (!fresh)
		return;
	__atomic_add_fetch(&stage->places, fresh, __ATOMIC_RELAXED);
	i = __atomic_load_n(&stage->kept, __ATOMIC_RELAXED);
	stage->story[i % STORIES] = *s;
	__atomic_add_fetch(&stage->kept, 1, __ATOMIC_RELEASE);
}
