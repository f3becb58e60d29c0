// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that calls read and write. All of it is below 4 GiB, for the 32-bit entry,
 * and at the same addresses in every process.
 *
 *	page by page:	what the edge has before it | nothing
 *			read-only | nothing
 *			sixteen pages that a thread changes, takes away and gives back
 *			a page of a file that has ended
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../oracle/certificate.h"

enum { PAGE = 4096, FLICKER_PAGES = 16, BIG = (1 << 20) + 2 * PAGE };

#define EDGE	((char *)0x52000000UL)
#define FROZEN	((char *)0x53000000UL)
#define FLICKER	((char *)0x54000000UL)
#define ENDED	((char *)0x55000000UL)
#define LARGE	((char *)0x56000000UL)

static char text4094[4095], text4095[4096], text4096[4097];
static const char encrypted[] = "new default user:a 32", trusted[] = "new 32";

void *long_text(struct rng *r)
{
	char *const texts[] = { text4094, text4095, text4096, LARGE };

	return PICK(r, texts);
}

long good_data(struct rng *r)
{
	const void *const data[] = { LARGE, LARGE, certificate, encrypted, trusted, PADS };

	return (long)PICK(r, data);
}

long flickering(struct rng *r)
{
	return (long)FLICKER + below(r, FLICKER_PAGES) * PAGE +
	       (one_in(r, 2) ? 0 : PAGE - 1 - below(r, 12));
}

long hostile_pointer(struct rng *r)
{
	static const unsigned long fixed[] = {
		0, 1, 0x10, 0xfff, -1UL, -8UL, 0xffff888000001000UL, 0xffffffff81000000UL,
		0xffffffffff600000UL, 0x0000800000000000UL, 0x00007ffffffff000UL,
		0x00007fffffffeffcUL, 0x8000000000000000UL, 0xffff800000000000UL, 0xffffffffUL,
		0x100000000UL,
	};
	char *const near[] = { EDGE + PAGE - 1, EDGE + PAGE - 2, EDGE + PAGE - 4, EDGE + PAGE - 8,
			       EDGE + PAGE, EDGE + 8, FROZEN, FROZEN + PAGE - 4, FROZEN - 2,
			       ENDED, ENDED + 16 };

	if (one_in(r, 20))
		return rng_next(r);
	return one_in(r, 2) ? (long)PICK(r, fixed) : (long)PICK(r, near);
}

static void *place(char *where, size_t bytes, int prot, int fd)
{
	void *p = mmap(where, bytes, prot, MAP_PRIVATE | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0), fd,
		       0);

	if (p != where)
		_exit(90);
	return p;
}

static void fill(struct rng *r, char *page)
{
	static const char *const words[] = { "user", "keyring", "a", "b", "f:1", "logon", "payload",
					     "big_key", "asymmetric" };
	const char *word = PICK(r, words);

	if (both_answer() && !strcmp(word, "big_key"))
		word = "user";
	memset(page, one_in(r, 2) ? 'z' : 0, PAGE);
	strcpy(page, word);
	strcpy(page + PAGE - 1 - strlen(word), word);
}

/* A file that is as long as the mapping, and then is not */
static void make_ended(void)
{
	int fd = memfd_create("ended", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, PAGE))
		_exit(91);
	place(ENDED, PAGE, PROT_READ | PROT_WRITE, fd);
	if (ftruncate(fd, 0))
		_exit(92);
	close(fd);
}

void memory_make(void)
{
	struct rng r;
	int i;

	rng_seed(&r, 1);
	memset(text4094, 'l', sizeof(text4094) - 1);
	memset(text4095, 'l', sizeof(text4095) - 1);
	memset(text4096, 'l', sizeof(text4096) - 1);
	place(PADS, (THREADS + 1) * PAD_BYTES, PROT_READ | PROT_WRITE, -1);
	place(EDGE, 2 * PAGE, PROT_READ | PROT_WRITE, -1);
	memset(EDGE, 'e', PAGE);
	munmap(EDGE + PAGE, PAGE);
	fill(&r, place(FROZEN, PAGE, PROT_READ | PROT_WRITE, -1));
	mprotect(FROZEN, PAGE, PROT_READ);
	place(FLICKER, FLICKER_PAGES * PAGE, PROT_READ | PROT_WRITE, -1);
	for (i = 0; i < FLICKER_PAGES; i++)
		fill(&r, FLICKER + i * PAGE);
	make_ended();
	place(LARGE, BIG, PROT_READ | PROT_WRITE, -1);
	memset(LARGE, 'p', BIG - 1);
}

static void fill_vector(struct rng *r, void *to, bool narrow)
{
	struct { uint64_t base, len; } wide[8];
	struct { uint32_t base, len; } small[8];
	unsigned int i;

	for (i = 0; i < 8; i++) {
		wide[i].base = one_in(r, 8) ? hostile_pointer(r) : one_in(r, 6) ? flickering(r) :
			       good_data(r);
		wide[i].len = one_in(r, 8) ? rng_next(r) >> below(r, 64) : below(r, 40);
		small[i].base = wide[i].base;
		small[i].len = wide[i].len;
	}
	memcpy(to, narrow ? (void *)small : wide, narrow ? sizeof(small) : sizeof(wide));
}

static void fill_kdf(struct rng *r, void *to, bool narrow)
{
	static const char *const hashes[] = { "sha256", "sha1", "md5", "sha512", "nonesuch",
					      "hmac(sha256)", "" };
	const char *hash = PICK(r, hashes);
	uint64_t where[2] = { one_in(r, 10) ? hostile_pointer(r) : (long)hash,
			      one_in(r, 10) ? hostile_pointer(r) : (long)LARGE };
	uint32_t small[2] = { where[0], where[1] };
	uint32_t rest[9] = { one_in(r, 6) ? rng_next(r) : below(r, 70) };

	if (one_in(r, 10))
		rest[1 + below(r, 8)] = 1;
	memcpy(to, narrow ? (void *)small : where, narrow ? sizeof(small) : sizeof(where));
	memcpy((char *)to + (narrow ? sizeof(small) : sizeof(where)), rest, sizeof(rest));
}

/* Keys of Diffie-Hellman, or a key and lengths */
static void fill_params(struct rng *r, void *to, const struct thread *t, bool dh)
{
	int params[10] = { 0 };

	if (dh && t) {
		/* The exponent is short: a long one takes minutes, of a long number */
		params[0] = t->own[OWN_RINGS];
		params[1] = t->own[OWN_RINGS + below(r, OWN_KEYS)];
		params[2] = t->own[OWN_RINGS + below(r, OWN_KEYS)];
	} else {
		params[0] = dh || !t ? -(int)below(r, 9) : t->own[below(r, OWN)];
		params[1] = one_in(r, 6) ? rng_next(r) : below(r, 300);
		params[2] = one_in(r, 6) ? rng_next(r) : below(r, 300);
		if (one_in(r, 10))
			params[3 + below(r, 7)] = 1;
	}
	memcpy(to, params, sizeof(params));
}

void pad_fill(struct rng *r, char *pad, const struct thread *t, bool narrow, bool dh)
{
	fill_vector(r, pad + PAD_VECTOR, narrow);
	fill_params(r, pad + PAD_PARAMS, t, dh);
	fill_kdf(r, pad + PAD_KDF, narrow);
}

/* The thread that does so is the only one that writes there by itself */
void flicker(struct rng *r)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	char *page = FLICKER + below(r, FLICKER_PAGES) * PAGE;

	switch (below(r, 6)) {
	case 0:
		mprotect(page, PAGE, PICK(r, prots));
		break;
	case 1:
		munmap(page, PAGE);
		break;
	case 2:
		madvise(page, PAGE, MADV_DONTNEED);
		break;
	case 3:
		pad_fill(r, PADS + below(r, THREADS) * PAD_BYTES, NULL, one_in(r, 2), one_in(r, 2));
		break;
	default:
		fill(r, place(page, PAGE, PROT_READ | PROT_WRITE, -1));
	}
}
