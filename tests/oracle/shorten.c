// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shortest sequence that still shows a difference. A service cannot be put
 * in the place of the other within a step, so that many candidates are tried at
 * once: all on the built-in service, then all on the module's. Each round leaves
 * out one part after the other, of few large ones first; parts that turned out
 * to be of no importance are left out together in the next.
 *
 * A folder holds what is known: "state", the candidates in "tries", the
 * transcripts that came of them in "built-in" and "ours", and, as soon as
 * there is one, the "shortest" sequence.
 */
#define _GNU_SOURCE
#include "compare.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LENGTH = 4000, MAX_TRIES = 256 };

enum phase { ONE_BY_ONE, TOGETHER };

static struct hunt {
	unsigned long seed;
	unsigned int parts;
	enum phase phase;
	char what[256];			/* the difference that is looked for */
	char best[MAX_LENGTH + 2];	/* + a step that is done, - one that is not */
	char tries[MAX_TRIES][MAX_LENGTH + 2];
	unsigned int count;
} hunt;

static char *path_of(const char *folder, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* A call and its results, without what differs from one try to another */
static void put_essence(char *to, size_t size, const char *text)
{
	size_t used = strlen(to);
	const char *s;

	for (s = text; *s && used + 2 < size; s++) {
		if (isdigit((unsigned char)*s))
			continue;
		to[used++] = *s;
	}
	to[used] = '\0';
}

static void essence_of(const char *builtin, const char *ours, char *what, size_t size)
{
	static const char *const kinds[] = { "/proc/keys", "/proc/key-users", "is the helper" };
	char call[64] = "";
	unsigned int i;

	*what = '\0';
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strstr(builtin, kinds[i]) || strstr(ours, kinds[i])) {
			snprintf(what, size, "%s", kinds[i]);
			return;
		}
	}
	snprintf(call, sizeof(call), "%.*s ", (int)strcspn(builtin, "("), builtin);
	put_essence(what, size, strchr(call, 'W') ? strchr(call, 'W') : call);
	put_essence(what, size, result_of(builtin));
	put_essence(what, size, "/");
	put_essence(what, size, same_call(builtin, ours) ? result_of(ours) : "");
}

static void shortest_write(const char *folder, const struct side *a, unsigned int from,
			   const struct side *b)
{
	FILE *f = fopen(path_of(folder, "shortest"), "w");
	unsigned int i;

	if (!f)
		return;
	for (i = from; i < a->at; i++)
		fprintf(f, "         %s\n", a->line[i]);
	fprintf(f, "built-in %s\n", a->at < a->end ? a->line[a->at] : "(nothing)");
	fprintf(f, "ours     %s\n", b->at < b->end ? b->line[b->at] : "(nothing)");
	fclose(f);
}

/* Looks for a difference in a section; true: there is one, and it is the one */
static bool section_shows(const char *folder, const char *head, bool any, unsigned int *step)
{
	struct lines l = lines_read(path_of(folder, "built-in"));
	struct lines m = lines_read(path_of(folder, "ours"));
	int i = section_find(&l, head), j = section_find(&m, head);
	struct side a, b;
	char what[256];
	unsigned int at;

	if (i < 0 || j < 0)
		return false;
	a = (struct side){ l.line, i + 1, section_end(&l, i + 1) };
	b = (struct side){ m.line, j + 1, section_end(&m, j + 1) };
	if (!difference_find(head + 3, &a, &b))
		return false;
	essence_of(a.at < a.end ? a.line[a.at] : "", b.at < b.end ? b.line[b.at] : "", what,
		   sizeof(what));
	if (any)
		strcpy(hunt.what, what);
	else if (strcmp(what, hunt.what))
		return false;
	for (at = a.at < a.end ? a.at : a.end - 1; (int)at > i && step; at--) {
		if (sscanf(a.line[at], "#%u ", step) == 1)
			break;
	}
	shortest_write(folder, &a, i + 1, &b);
	return true;
}

static bool try_shows(const char *folder, unsigned int n)
{
	char head[64];

	snprintf(head, sizeof(head), "== random %lu try %u", hunt.seed, n);
	return section_shows(folder, head, false, NULL);
}

static unsigned int steps_in(const char *mask)
{
	unsigned int n = 0;

	for (; *mask; mask++)
		n += *mask == '+';
	return n;
}

/* Candidates: each of the parts of what is left is left out */
static void parts_out(void)
{
	unsigned int left = steps_in(hunt.best), part, seen, i;

	if (hunt.parts > left)
		hunt.parts = left;
	hunt.phase = ONE_BY_ONE;
	hunt.count = 0;
	for (part = 0; part < hunt.parts && hunt.count < MAX_TRIES; part++) {
		char *mask = hunt.tries[hunt.count++];

		strcpy(mask, hunt.best);
		for (i = 0, seen = 0; mask[i]; i++)
			if (mask[i] == '+' && seen++ * hunt.parts / left == part)
				mask[i] = '-';
	}
}

/* Candidates: the first two of these, the first three ... are left out together */
static void join_parts(const bool *shows)
{
	static char old[MAX_TRIES][MAX_LENGTH + 2];
	char mask[MAX_LENGTH + 2];
	unsigned int i, j, count = hunt.count;
	bool first = true;

	memcpy(old, hunt.tries, sizeof(old));
	hunt.phase = TOGETHER;
	hunt.count = 0;
	strcpy(mask, hunt.best);
	for (i = 0; i < count; i++) {
		if (!shows[i])
			continue;
		for (j = 0; mask[j]; j++)
			if (old[i][j] == '-')
				mask[j] = '-';
		if (!first)
			strcpy(hunt.tries[hunt.count++], mask);
		else
			strcpy(hunt.best, mask);
		first = false;
	}
}

/* What the tries have shown, and which come next; false: there is nothing left to leave out */
static bool next_tries(const char *folder)
{
	bool shows[MAX_TRIES];
	unsigned int i, good = 0, last = 0;

	for (i = 0; i < hunt.count; i++) {
		shows[i] = try_shows(folder, i);
		if (shows[i])
			last = i;
		good += shows[i];
	}
	if (hunt.phase == ONE_BY_ONE && good > 1) {
		join_parts(shows);
		return true;
	}
	if (good)
		strcpy(hunt.best, hunt.tries[last]);
	else if (hunt.phase == ONE_BY_ONE && hunt.parts >= steps_in(hunt.best))
		return false;
	else if (hunt.phase == ONE_BY_ONE)
		hunt.parts *= 2;
	parts_out();
	return hunt.count;
}

static void hunt_begin(const char *folder, unsigned long seed, unsigned int steps)
{
	unsigned int step = steps - 1;
	char head[64];

	hunt.seed = seed;
	snprintf(head, sizeof(head), "== random %lu", seed);
	if (steps >= MAX_LENGTH || !section_shows(folder, head, true, &step))
		exit(2);
	memset(hunt.best, '+', step + 1);
	hunt.parts = 8;
	parts_out();
}

static bool hunt_read(const char *folder)
{
	FILE *f = fopen(path_of(folder, "state"), "r");
	int phase;

	if (!f)
		return false;
	if (fscanf(f, "%lu %u %d %4001s %255[^\n]", &hunt.seed, &hunt.parts, &phase, hunt.best,
		   hunt.what) < 4)
		exit(2);
	fclose(f);
	hunt.phase = phase;
	f = fopen(path_of(folder, "tries"), "r");
	while (f && fgets(hunt.tries[hunt.count], sizeof(hunt.tries[0]), f)) {
		hunt.tries[hunt.count][strcspn(hunt.tries[hunt.count], "\n")] = '\0';
		hunt.count++;
	}
	if (f)
		fclose(f);
	return true;
}

static void hunt_write(const char *folder)
{
	FILE *f = fopen(path_of(folder, "state"), "w");
	unsigned int i;

	if (!f)
		exit(2);
	fprintf(f, "%lu %u %d %s %s\n", hunt.seed, hunt.parts, hunt.phase, hunt.best, hunt.what);
	fclose(f);
	f = fopen(path_of(folder, "tries"), "w");
	if (!f)
		exit(2);
	for (i = 0; i < hunt.count; i++)
		fprintf(f, "%s\n", hunt.tries[i]);
	fclose(f);
}

/* 0: the tries are to be done; 1: there is no shorter sequence; 2: it makes no sense */
int shorten(const char *folder, const char *table, unsigned long seed, unsigned int steps)
{
	if (rules_read(table))
		return 2;
	if (!hunt_read(folder))
		hunt_begin(folder, seed, steps);
	else if (!next_tries(folder))
		return 1;
	hunt_write(folder);
	fprintf(stderr, "%u steps are left, %u tries\n", steps_in(hunt.best), hunt.count);
	return 0;
}
