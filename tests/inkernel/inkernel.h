/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel as a user of keys, asked through kr_inkernel.ko.
 *
 * Like the kc_*() calls these can be made by an actor, ON(p, ik_request(...)):
 * the kernel then looks where that process keeps its keys. Each returns a value
 * or -errno; ik_request() and ik_lookup() a slot, in which the key is held until
 * the test ends. Memory that is passed comes from shared().
 */
#ifndef INKERNEL_USER_H
#define INKERNEL_USER_H

#include "actors.h"
#include "inkernel_abi.h"
#include "keyctl_abi.h"
#include "probes.h"

#ifdef __x86_64__
enum { NR_IOCTL = 16 };
#else
enum { NR_IOCTL = 54 };
#endif

/* The device, open in the director and so in all its actors */
enum { INKERNEL_FD = STAGE_FD + 1 };

/* In FIXTURE_SETUP, after stage_open(); closing it lets go of all keys */
static inline void inkernel_open(void)
{
	int fd = open(INKERNEL_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 || dup2(fd, INKERNEL_FD) != INKERNEL_FD)
		stage_broken(INKERNEL_DEVICE ": %d", errno);
	close(fd);
}

/* In FIXTURE_TEARDOWN, after stage_close() */
static inline void inkernel_close(void)
{
	close(INKERNEL_FD);
}

/* KASAN keeps what is freed until it has much of it, or the cache is to shrink */
static inline void slab_shrink(const char *cache)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) != 1)
		stage_broken("%s: %d", path, errno);
	close(fd);
}

static inline long ik(unsigned long call, long arg)
{
	return key_syscall(NR_IOCTL, INKERNEL_FD, call, arg, 0, 0);
}

static inline long ik_request_how(const char *type, const char *desc,
				  const char *callout, int how)
{
	struct inkernel_request *req = shared(sizeof(*req));

	snprintf(req->type, sizeof(req->type), "%s", type);
	snprintf(req->desc, sizeof(req->desc), "%s", desc);
	snprintf(req->callout, sizeof(req->callout), "%s", callout ?: "");
	req->how = how;
	return ik(INKERNEL_REQUEST, (long)req);
}

static inline long ik_request(const char *type, const char *desc)
{
	return ik_request_how(type, desc, NULL, INKERNEL_PLAIN);
}

static inline long ik_lookup(int serial, int need)
{
	struct inkernel_lookup *look = shared(sizeof(*look));

	*look = (struct inkernel_lookup){ .serial = serial, .need = need };
	return ik(INKERNEL_LOOKUP, (long)look);
}

/* key_lookup(), which knows neither rights nor who asks */
static inline long ik_find(int serial, int how)
{
	struct inkernel_lookup *look = shared(sizeof(*look));

	*look = (struct inkernel_lookup){ .serial = serial, .need = how };
	return ik(INKERNEL_FIND, (long)look);
}

/* In the ring in this slot */
static inline long ik_search(long slot, const char *type, const char *desc)
{
	struct inkernel_search *search = shared(sizeof(*search));

	search->slot = slot;
	snprintf(search->type, sizeof(search->type), "%s", type);
	snprintf(search->desc, sizeof(search->desc), "%s", desc);
	return ik(INKERNEL_SEARCH, (long)search);
}

static inline long ik_serial(long slot)
{
	return ik(INKERNEL_SERIAL, slot);
}

static inline long ik_validate(long slot)
{
	return ik(INKERNEL_VALIDATE, slot);
}

static inline long ik_put(long slot)
{
	return ik(INKERNEL_PUT, slot);
}

/* Of a search, only whether it found something: 0 or -errno; nothing is held */
static inline long ik_try(long slot)
{
	return slot < 0 ? slot : ik_put(slot);
}

static inline const char *ik_text(unsigned long call, long slot)
{
	struct inkernel_text *text = shared(sizeof(*text) + 1);
	long ret;

	if (slot < 0) {
		sprintf(text->text, "nothing held: %ld", slot);
		return text->text;
	}
	text->slot = slot;
	ret = ik(call, (long)text);
	if (ret < 0)
		sprintf(text->text, "error %ld", ret);
	else
		text->text[text->len] = 0;
	return text->text;
}

/* As text; a failure reads "error -128" */
static inline const char *ik_payload(long slot)
{
	return ik_text(INKERNEL_PAYLOAD, slot);
}

/* "type;description" */
static inline const char *ik_describe(long slot)
{
	return ik_text(INKERNEL_DESCRIBE, slot);
}

/* READ of a key that the kernel gives as a long text; a failure reads "error -128" */
static inline char *blob(long key)
{
	char *text = shared(4096);
	long ret = kc_read(key, text, 4095);

	if (ret < 0)
		sprintf(text, "error %ld", ret);
	return text;
}

/* ---- the helper (helper.c) ---- */

#define HELPER_LOG "/tmp/helper.log"

/* How often it was started for a key of this type and description */
static inline int helper_runs(const char *type, const char *desc)
{
	const char *line = shared_text("%s;%s\n", type, desc);
	char *text = slurp(NULL, HELPER_LOG);
	int n = 0;

	for (; (text = strstr(text, line)); text++)
		n++;
	return n;
}

/* To the helper that makes a key of this description out of "told" */
static inline void tell_helper(const char *desc)
{
	const char *path = shared_text("/tmp/helper.told.%s", desc);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		stage_broken("%s: %d", path, errno);
	close(fd);
}

/* A description that no test has used before */
static inline const char *fresh_desc(const char *prefix)
{
	return shared_text("%s%u", prefix, fresh_uid());
}

/* A whole file from the folder of the programs */
struct blob {
	long len;
	char data[4096];
};

static inline struct blob *blob_of(const char *name)
{
	struct blob *blob = shared(sizeof(*blob));
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		stage_broken("%s: %d", name, errno);
	blob->len = read(fd, blob->data, sizeof(blob->data));
	close(fd);
	if (blob->len <= 0)
		stage_broken("%s: nothing read", name);
	return blob;
}

#endif /* INKERNEL_USER_H */
