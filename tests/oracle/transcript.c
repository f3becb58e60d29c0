// SPDX-License-Identifier: GPL-2.0-only
/* The transcript: what is written down of a call, with names in the place of serials. */
#define _GNU_SOURCE
#include "oracle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../selftests/keyctl_abi.h"

enum { UNWRITTEN = 0xee };

static char line[1 << 17];
static size_t line_used;

void put(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line + line_used, sizeof(line) - line_used, fmt, ap);
	va_end(ap);
	if (n > 0)
		line_used += n;
	if (line_used >= sizeof(line))
		line_used = sizeof(line) - 1;
}

void put_forget(void)
{
	line_used = 0;
}

void put_end(void)
{
	line[line_used] = '\0';
	puts(line);
	line_used = 0;
}

void say(const char *fmt, ...)
{
	char said[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
	put("%s", said);
	put_end();
}

enum { MAX_NAMES = 60000 };
static int names[MAX_NAMES];
static unsigned int names_used;

const char *name_known(int serial)
{
	static char buf[8][16];
	static unsigned int turn;
	unsigned int i;

	for (i = 0; i < names_used; i++) {
		if (names[i] == serial) {
			char *s = buf[turn++ % 8];

			sprintf(s, "K%u", i + 1);
			return s;
		}
	}
	return NULL;
}

unsigned int name_number(int serial)
{
	unsigned int i;

	for (i = 0; i < names_used; i++)
		if (names[i] == serial)
			return i + 1;
	return 0;
}

void names_forget(void)
{
	names_used = 0;
}

const char *key_name(long serial)
{
	static char buf[8][32];
	static unsigned int turn;
	static const char *const special[] = {
		"0", "@t", "@p", "@s", "@u", "@us", "@g", "@a", "@r"
	};
	char *s = buf[turn++ % 8];

	if (serial >> 31 && serial >> 31 != -1) {	/* more than 32 bits */
		snprintf(s, 32, "%#lx+%s", serial >> 32, key_name((int)serial));
		return s;
	}
	if (serial <= 0 && serial >= -8)
		return special[-serial];
	if (serial < 3 || serial == 0x7fffffff) {
		snprintf(s, 32, "%ld", serial);
		return s;
	}
	if (!name_known(serial) && names_used < MAX_NAMES)
		names[names_used++] = serial;
	return name_known(serial);
}

const char *result_name(long ret)
{
	static char buf[24];
#define E(x) case x: return #x
	switch (-ret) {
	E(EPERM); E(ENOENT); E(ESRCH); E(EINTR); E(EIO); E(EBADF); E(EAGAIN);
	E(ENOMEM); E(EACCES); E(EFAULT); E(EBUSY); E(EEXIST); E(ENODEV);
	E(ENOTDIR); E(EINVAL); E(EDEADLK); E(ELOOP); E(ENOSYS); E(EDQUOT);
	E(EOPNOTSUPP); E(ENOKEY); E(EKEYEXPIRED); E(EKEYREVOKED);
	E(EKEYREJECTED); E(EBADMSG); E(EOVERFLOW); E(EMSGSIZE); E(EBADSLT);
	E(ENAMETOOLONG); E(ENOSPC); E(ERANGE);
	}
	snprintf(buf, sizeof(buf), "%ld", ret);
	return buf;
}

bool is_bad_pointer(const void *p)
{
	return !p || p == BAD_LOW || p == BAD_KERNEL || p == BAD_HOLE || p == BAD_EDGE;
}

static void put_pointer(const void *p)
{
	put("%s", !p ? "NULL" : p == BAD_LOW ? "low" : p == BAD_KERNEL ? "kernel" :
	    p == BAD_HOLE ? "hole" : p == BAD_EDGE ? "edge" : "ok");
}

/* Serials inside of text: "_req.123", "4f00ab21" */
void put_text(const char *s, size_t len)
{
	size_t i, n;

	if (len > 200) {
		put("<%zu bytes>", len);
		return;
	}
	for (i = 0; i < len; i++) {
		if (i == 0 || !strchr("0123456789abcdef", s[i - 1])) {
			char word[16] = "";
			long v;

			for (n = 0; n < 12 && i + n < len && s[i + n] &&
			     strchr("0123456789abcdef", s[i + n]); n++)
				word[n] = s[i + n];
			v = n > 4 ? strtol(word, NULL, 10) : 0;
			if (n > 4 && !strpbrk(word, "abcdef") && name_known(v)) {
				put("<%s>", name_known(v));
				i += n - 1;
				continue;
			}
			v = n > 4 ? strtol(word, NULL, 16) : 0;
			if (n > 4 && name_known(v)) {
				put("<hex %s>", name_known(v));
				i += n - 1;
				continue;
			}
		}
		if (s[i] >= ' ' && s[i] < 0x7f)
			put("%c", s[i]);
		else
			put("\\%02x", (unsigned char)s[i]);
	}
}

static int by_name(const void *a, const void *b)
{
	return (int)name_number(*(const int *)a) - (int)name_number(*(const int *)b);
}

static void put_ring(int *ids, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		key_name(ids[i]);
	qsort(ids, n, sizeof(*ids), by_name);
	put(" [");
	for (i = 0; i < n; i++)
		put("%s%s", i ? " " : "", key_name(ids[i]));
	put("]");
}

/*
 * Payloads here are letters: two serials hardly ever are, one now and then. The
 * payloads that are as long as one are these.
 */
static bool looks_like_ring(long id, const int *ids, size_t len)
{
	static const char *const short_texts[] = { "data", "info", "made" };
	const unsigned char *s = (const unsigned char *)ids;
	size_t i;

	if (len % 4 || !len)
		return false;
	if (len == 4) {
		for (i = 0; i < 3 && memcmp(ids, short_texts[i], 4); i++)
			;
		return i == 3;
	}
	for (i = 0; i < len; i++)
		if (!((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'z') && s[i] != ' ')
			return true;
	return (id < 0 && id > RING_G) || name_known(ids[0]);
}

/* What is behind the end has never been written */
static size_t output_end(void)
{
	const uint64_t *last = (const uint64_t *)(stage->out + OUT_BYTES);
	uint64_t unwritten;
	size_t end;

	memset(&unwritten, UNWRITTEN, sizeof(unwritten));
	do
		last--;
	while (last >= (const uint64_t *)stage->out && *last == unwritten);
	end = (const unsigned char *)(last + 1) - stage->out;
	while (end && stage->out[end - 1] == UNWRITTEN)
		end--;
	return end;
}

void output_begin(void)
{
	memset(stage->out, UNWRITTEN, output_end());
}

/* The links of a ring, or a payload */
void put_content(long id, int *content, size_t len)
{
	if (looks_like_ring(id, content, len)) {
		put_ring(content, len / 4);
		return;
	}
	put(" \"");
	put_text((char *)content, len);
	put("\"");
}

/* What the call wrote, as far as it wrote */
void put_output(enum op op, long id, long ret)
{
	size_t end = output_end();

	if (!end)
		return;
	if (op == READ && ret > 0 && (size_t)ret == end) {
		put_content(id, (int *)stage->out, end);
		return;
	}
	put(" \"");
	put_text((char *)stage->out, end);
	put("\"");
}

static void put_arg(char kind, const long *a, int i)
{
	const char *s = (const char *)a[i];

	switch (kind) {
	case 'i':
	case 'r':
		put("%s", key_name(a[i]));
		break;
	case 't':
	case 's':
		if (is_bad_pointer(s))
			put_pointer(s);
		else if (strlen(s) > 60)
			put("<%zu chars>", strlen(s));
		else
			put("\"%s\"", s);
		break;
	case 'x':
		put("%08lx", a[i]);
		break;
	case 'l':
	case 'L':
	case 'n':
		put("%ld", a[i]);
		break;
	default:
		put_pointer(s);
		break;
	}
}
void put_call(const struct worker *w, enum op op, const long *a)
{
	const char *k;
	int i;

	put("W%d %s%s(", w->number, w->narrow ? "32 " : "", opdesc[op].name);
	for (k = opdesc[op].args, i = 0; *k; k++, i++) {
		if (i)
			put(", ");
		put_arg(*k, a, i);
	}
	put(") = ");
}
