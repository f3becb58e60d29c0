// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two transcripts side by side: one test for each of their sections, and the
 * table of the differences that are meant.
 */
#define _GNU_SOURCE
#include "oracle.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RULES = 100, CONTEXT = 6, LOOK_AHEAD = 200, SHOWN = 12 };

/*
 * A row of the table: name | section | call | built-in | ours | what then.
 * All but the name and the last are patterns of the shell.
 */
static struct rule {
	char *name, *section, *call, *builtin, *ours;
	bool stop;	/* the rest of the section is not compared */
	unsigned int used;
} rules[MAX_RULES];
static unsigned int rule_count;

struct lines {
	char **line;
	unsigned int count;
};

static char *trim(char *s)
{
	char *end;

	if (!s)
		return NULL;
	s += strspn(s, " \t");
	end = s + strlen(s);
	while (end > s && strchr(" \t\n", end[-1]))
		*--end = '\0';
	return s;
}

static int rules_read(const char *path)
{
	FILE *f = fopen(path, "r");
	char *row = NULL;
	size_t size = 0;

	if (!f)
		return -1;
	while (getline(&row, &size, f) > 0) {
		struct rule *r = &rules[rule_count];
		char *s = row;

		if (*row == '#' || !*trim(strdup(row)) || rule_count == MAX_RULES)
			continue;
		r->name = trim(strsep(&s, "|"));
		r->section = trim(strsep(&s, "|"));
		r->call = trim(strsep(&s, "|"));
		r->builtin = trim(strsep(&s, "|"));
		r->ours = trim(strsep(&s, "|"));
		s = trim(s);
		if (!s) {
			printf("# %s: a row with too few columns: %s\n", path, r->name);
			return -1;
		}
		r->stop = !strcmp(s, "stop");
		rule_count++;
		row = NULL;
	}
	fclose(f);
	return 0;
}

static struct lines lines_read(const char *path)
{
	FILE *f = fopen(path, "r");
	struct lines l = {};
	char *row = NULL;
	size_t size = 0;

	while (f && getline(&row, &size, f) > 0) {
		row[strcspn(row, "\n")] = '\0';
		l.line = realloc(l.line, (l.count + 1) * sizeof(*l.line));
		l.line[l.count++] = strdup(row);
	}
	return l;
}

/* A line is a call and its result; returns where the result begins */
static const char *result_of(const char *line)
{
	const char *s = strstr(line, ") = ");

	if (s)
		return s + 4;
	s = strstr(line, ": ");
	return s ? s + 2 : line;
}

static bool same_call(const char *a, const char *b)
{
	size_t n = result_of(a) - a;

	return n == (size_t)(result_of(b) - b) && !memcmp(a, b, n);
}

static struct rule *rule_for(const char *section, const char *builtin, const char *ours)
{
	unsigned int i;
	char *call;

	if (!same_call(builtin, ours))
		return NULL;
	call = strndup(builtin, result_of(builtin) - builtin);
	for (i = 0; i < rule_count; i++) {
		struct rule *r = &rules[i];

		if (!fnmatch(r->section, section, 0) && !fnmatch(r->call, call, 0) &&
		    !fnmatch(r->builtin, result_of(builtin), 0) &&
		    !fnmatch(r->ours, result_of(ours), 0))
			break;
	}
	free(call);
	return i < rule_count ? &rules[i] : NULL;
}

struct side {
	char **line;
	unsigned int at, end;
};

/* Skip to where the two go on alike */
static void resync(struct side *a, struct side *b)
{
	unsigned int ahead, i;

	for (ahead = 0; ahead < LOOK_AHEAD; ahead++) {
		for (i = 0; i <= ahead; i++) {
			if (a->at + i < a->end && b->at + ahead - i < b->end &&
			    same_call(a->line[a->at + i], b->line[b->at + ahead - i])) {
				a->at += i;
				b->at += ahead - i;
				return;
			}
		}
	}
	a->at = a->end;
	b->at = b->end;
}

static unsigned int section_compare(const char *name, struct side a, struct side b)
{
	unsigned int start = a.at, bad = 0, i;
	bool random = !strncmp(name, "random", 6);

	while (a.at < a.end || b.at < b.end) {
		const char *x = a.at < a.end ? a.line[a.at] : "(nothing)";
		const char *y = b.at < b.end ? b.line[b.at] : "(nothing)";
		struct rule *r;

		if (!strcmp(x, y)) {
			a.at++;
			b.at++;
			continue;
		}
		r = rule_for(name, x, y);
		if (r) {
			r->used++;
			if (r->stop)
				return bad;
			a.at++;
			b.at++;
			continue;
		}
		if (bad++ < SHOWN) {
			for (i = a.at > start + CONTEXT ? a.at - CONTEXT : start; i < a.at; i++)
				if (bad == 1 || i + 2 >= a.at)
					printf("#          %s\n", a.line[i]);
			printf("# built-in %s\n# ours     %s\n", x, y);
		}
		if (random)	/* what follows may follow from this */
			return bad;
		if (same_call(x, y)) {
			a.at++;
			b.at++;
		} else {
			resync(&a, &b);
		}
	}
	return bad;
}

static unsigned int section_end(const struct lines *l, unsigned int at)
{
	while (at < l->count && strncmp(l->line[at], "== ", 3))
		at++;
	return at;
}

static int section_find(const struct lines *l, const char *head)
{
	unsigned int i;

	for (i = 0; i < l->count; i++)
		if (!strcmp(l->line[i], head))
			return i;
	return -1;
}

static unsigned int section_count(const struct lines *l)
{
	unsigned int i, count = 0;

	for (i = 0; i < l->count; i++)
		count += !strncmp(l->line[i], "== ", 3);
	return count;
}

static void used_write(const char *path)
{
	FILE *f = path ? fopen(path, "a") : NULL;
	unsigned int i;

	for (i = 0; f && i < rule_count; i++)
		if (rules[i].used)
			fprintf(f, "%s\n", rules[i].name);
	if (f)
		fclose(f);
}

int compare(const char *builtin, const char *ours, const char *table, const char *used)
{
	struct lines a = lines_read(builtin), b = lines_read(ours);
	unsigned int i, tests = 0, failed = 0, calls = 0;

	if (rules_read(table) || !a.count) {
		printf("1..1\nnot ok 1 - the transcripts and the table can be read\n");
		return 1;
	}
	printf("1..%u\n", section_count(&a));
	for (i = 0; i < a.count; i++) {
		char *head = a.line[i];
		unsigned int end = section_end(&a, i + 1);
		int j = section_find(&b, head);

		if (strncmp(head, "== ", 3))
			continue;
		tests++;
		if (j < 0 || section_compare(head + 3, (struct side){ a.line, i + 1, end },
					     (struct side){ b.line, j + 1,
							    section_end(&b, j + 1) })) {
			failed++;
			printf("not ok %u - %s\n", tests, head + 3);
		} else {
			printf("ok %u - %s\n", tests, head + 3);
		}
		calls += end - i - 1;
		i = end - 1;
	}
	printf("# %u lines in %u sections, %u of them differ\n", calls, tests, failed);
	for (i = 0; i < rule_count; i++)
		if (rules[i].used)
			printf("# %u x %s\n", rules[i].used, rules[i].name);
	used_write(used);
	return failed > 0;
}

/* One test for each row of the table: something was found that needs it */
int rules_used(const char *table, const char *used)
{
	struct lines l = lines_read(used);
	unsigned int i, j, failed = 0;

	if (rules_read(table))
		return 1;
	printf("1..%u\n", rule_count);
	for (i = 0; i < rule_count; i++) {
		for (j = 0; j < l.count && strcmp(l.line[j], rules[i].name); j++)
			;
		failed += j == l.count;
		printf("%s %u - difference %s\n", j < l.count ? "ok" : "not ok", i + 1,
		       rules[i].name);
	}
	return failed > 0;
}
