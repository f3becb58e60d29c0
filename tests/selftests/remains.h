/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Secrets that are known by sight, and what is left of them in the memory of the
 * machine, which /proc/kcore shows whole.
 *
 * A secret is eight bytes over and over: three that are drawn by each test, the
 * number of the secret, and the same backwards. It is so recognized wherever it
 * begins, and in the order in which large integers are kept. Nobody but the kernel may
 * keep a copy: a test writes it where it is to be passed, and wipes it after the call.
 *
 * 47 bytes of it are recognized wherever they lie; a secret is longer, since the
 * allocator writes into memory that is free.
 */
#ifndef REMAINS_H
#define REMAINS_H

#include <elf.h>
#include <sys/random.h>

#include "actors.h"

enum { SECRETS = 8, SECRET_PERIOD = 8, SCAN_BYTES = 1 << 20, SCANS = 10 };

/* Where the kernel's own image is mapped, a second time */
#define KERNEL_IMAGE 0xffffffff80000000UL

static unsigned char secret_mark[3];
static long remains[SECRETS];		/* how often each was seen by the last scan */

static unsigned char secret_byte(int number, size_t at)
{
	at %= SECRET_PERIOD;
	if (at >= SECRET_PERIOD / 2)
		at = SECRET_PERIOD - 1 - at;
	return at < sizeof(secret_mark) ? secret_mark[at] : 0x80 + number;
}

/* No three bytes in a row are the same, and no number of a secret is one of them. */
static bool mark_is_good(const unsigned char *m)
{
	return m[0] && !((m[0] | m[1] | m[2]) & 0x80) &&
	       m[0] != m[1] && m[0] != m[2] && m[1] != m[2];
}

static void secret_write(int number, void *to, size_t len)
{
	while (!mark_is_good(secret_mark))
		if (getrandom(secret_mark, sizeof(secret_mark), 0) != sizeof(secret_mark))
			abort();
	for (size_t i = 0; i < len; i++)
		((volatile unsigned char *)to)[i] = secret_byte(number, i);
}

/* Was it there, whole? It is wiped. */
static bool secret_take(int number, void *from, size_t len)
{
	bool is = true;

	for (size_t i = 0; i < len; i++)
		is &= ((unsigned char *)from)[i] == secret_byte(number, i);
	explicit_bzero(from, len);
	return is;
}

/* The number of the secret of which these are two periods, or -1 */
static int secret_of(const unsigned char *bytes)
{
	for (int number = 0; number < SECRETS; number++)
		for (int turn = 0; turn < SECRET_PERIOD; turn++) {
			int i = 0;

			while (i < SECRET_PERIOD && bytes[i] == secret_byte(number, i + turn))
				i++;
			if (i == SECRET_PERIOD)
				return number;
		}
	return -1;
}

static void scan_block(const unsigned char *block, size_t len)
{
	const uint64_t *word = (const uint64_t *)block, *end = word + len / sizeof(*word);
	int number;

	for (; word + 4 <= end; word += 2) {
		if (word[0] != word[1] || word[0] != word[2] || word[0] != word[3])
			continue;
		/* most of memory is zero, or poison */
		if ((word[0] & 0xff) == (word[0] >> 8 & 0xff) &&
		    (word[0] & 0xff) == (word[0] >> 16 & 0xff))
			continue;
		number = secret_of((const unsigned char *)word);
		if (number >= 0)
			remains[number]++;
	}
}

/* -1 if the file does not go on like that */
static int scan_range(int fd, const Elf64_Phdr *range)
{
	static unsigned char block[SCAN_BYTES] __attribute__((aligned(16)));
	uint64_t done = 0;
	ssize_t got;

	while (done < range->p_filesz) {
		size_t len = range->p_filesz - done;

		got = pread(fd, block, len < SCAN_BYTES ? len : SCAN_BYTES, range->p_offset + done);
		if (got <= 0)
			break;
		scan_block(block, got);
		done += got;
	}
	explicit_bzero(block, sizeof(block));
	return done < range->p_filesz ? -1 : 0;
}

/* Looks through all memory that the kernel has; MiB, or -1 */
static long scan_memory(void)
{
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	uint64_t bytes = 0;
	Elf64_Ehdr head;
	Elf64_Phdr range;
	bool good;

	memset(remains, 0, sizeof(remains));
	good = pread(fd, &head, sizeof(head), 0) == sizeof(head) &&
	       !memcmp(head.e_ident, ELFMAG, SELFMAG);
	for (int i = 0; good && i < head.e_phnum; i++) {
		good = pread(fd, &range, sizeof(range), head.e_phoff + i * sizeof(range)) ==
		       sizeof(range);
		/* what has an address in memory, and so can be in no other range */
		if (!good || range.p_type != PT_LOAD || range.p_paddr == (Elf64_Addr)-1 ||
		    range.p_vaddr >= KERNEL_IMAGE)
			continue;
		good = !scan_range(fd, &range);
		bytes += range.p_filesz;
	}
	close(fd);
	return good ? (long)(bytes >> 20) : -1;
}

/* The secrets that are to be seen now, a bit for each; -1 if one cannot look */
static int seen_secrets(void)
{
	int seen = 0;

	if (scan_memory() <= 0)
		return -1;
	for (int i = 0; i < SECRETS; i++)
		seen |= remains[i] ? 1 << i : 0;
	return seen;
}

/* Not one, at the first look */
static bool none_remains(void)
{
	int seen = seen_secrets();

	if (seen)
		printf("# secrets in memory: %#x\n", seen);
	return !seen;
}

/* Are all secrets gone but those whose bits are set here? What the kernel frees may wait. */
static bool only_remain(int expected)
{
	int seen, tries = 0;

	do {
		nap_ms(tries ? 1000 : 100);
		seen = seen_secrets();
	} while (seen != expected && seen >= 0 && ++tries < SCANS);
	if (seen != expected)
		printf("# secrets in memory: %#x, expected: %#x\n", seen, expected);
	return seen == expected;
}

#define REQUIRE_KCORE()							\
	if (access("/proc/kcore", R_OK))				\
		SKIP(return, "the kernel was built without CONFIG_PROC_KCORE")

#endif /* REMAINS_H */
