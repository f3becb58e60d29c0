// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two transcripts side by side: one test for each of their sections, and the
 * table of the differences that are meant.
 */
#define _GNU_SOURCE
#include "compare.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RULES = 100, CONTEXT = 6, LOOK_AHEAD = 200, SHOWN = 12 };

/* A link costs so many bytes; more of one UID's are hardly reaped in one sequence. */
enum { LINK_BYTES = 4, LINKS_REAPED = 64 };

/* Of many random sequences no more than a fifth of the lines may be left out. */
enum { MANY = 10, FIFTH = 5 };

static int most_link_bytes;
static struct {
	unsigned int lines, left_out, calls;
} randoms;

/*
 * A row of the table: name | section | call | built-in | ours | what then | where it is
 * described. All but the name and the last two are patterns of the shell.
 */
static struct rule {
	char *name, *section, *call, *builtin, *ours;
	bool stop;	/* the rest of the section is not compared */
	unsigned int used;
} rules[MAX_RULES];
static unsigned int rule_count;

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

int rules_read(const char *path)
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
		r->stop = !strcmp(trim(strsep(&s, "|")) ?: "", "stop");
		if (!s) {
			printf("# %s: a row with too few columns: %s\n", path, r->name);
			return -1;
		}
		rule_count++;
		row = NULL;
	}
	fclose(f);
	return 0;
}

struct lines lines_read(const char *path)
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
const char *result_of(const char *line)
{
	const char *s = strstr(line, ") = ");

	if (s)
		return s + 4;
	s = strstr(line, ": ");
	return s ? s + 2 : line;
}

bool same_call(const char *a, const char *b)
{
	size_t n = result_of(a) - a;

	return n == (size_t)(result_of(b) - b) && !memcmp(a, b, n);
}

/* One of several patterns: "0 or EDEADLK" */
static bool fits(const char *patterns, const char *result)
{
	char *all = strdup(patterns), *at = all, *more;
	bool fit = false;

	while (at && !fit) {
		more = strstr(at, " or ");
		if (more) {
			*more = '\0';
			more += 4;
		}
		fit = !fnmatch(at, result, 0);
		at = more;
	}
	free(all);
	return fit;
}

/* The next number in a text, which is left behind it; -1: there is none */
static long next_number(const char **text)
{
	char *end;
	long n;

	*text += strcspn(*text, "0123456789");
	if (!**text)
		return -1;
	n = strtol(*text, &end, 10);
	*text = end;
	return n;
}

/* "1 0": the first number is smaller by one, the second is the same, there is no third */
static bool are_less(const char *by, const char *ours, const char *builtin)
{
	long n, less;

	do {
		n = next_number(&builtin);
		less = next_number(&by);
		if (next_number(&ours) != (n < 0 ? n : n - less))
			return false;
	} while (n >= 0 && less >= 0);
	return n < 0 && less < 0;
}

/* The first number is smaller, by the bytes of some links */
static bool is_fewer_links(const char *ours, const char *builtin)
{
	int bytes = atoi(builtin) - atoi(ours);

	if (bytes <= 0 || bytes > LINKS_REAPED * LINK_BYTES || bytes % LINK_BYTES ||
	    strcmp(ours + strcspn(ours, "/"), builtin + strcspn(builtin, "/")))
		return false;
	if (bytes > most_link_bytes)
		most_link_bytes = bytes;
	return true;
}

/* Of two rows of /proc/keys only ours has the flag Q */
static bool is_charged(const char *ours, const char *builtin)
{
	while (*ours && *ours == *builtin)
		ours++, builtin++;
	return *ours == 'Q' && *builtin == '-' && !strcmp(ours + 1, builtin + 1);
}

/* "fewer by links", "less by 1 0", or a pattern */
static bool is_result(const char *pattern, const char *ours, const char *builtin)
{
	if (!strcmp(pattern, "fewer by links"))
		return is_fewer_links(ours, builtin);
	if (!strncmp(pattern, "less by ", 8))
		return are_less(pattern + 8, ours, builtin);
	return fits(pattern, ours);
}

static bool is_covered(const struct rule *r, const char *builtin, const char *ours)
{
	bool same = same_call(builtin, ours);

	if (!strcmp(r->ours, "charged"))
		return fits(r->builtin, builtin) && is_charged(ours, builtin);
	/* Where one service does something else than to answer, its column is for the line. */
	return (same || r->stop) && fits(r->builtin, same ? result_of(builtin) : builtin) &&
	       is_result(r->ours, result_of(ours), result_of(builtin));
}

static struct rule *rule_for(const char *section, const char *builtin, const char *ours)
{
	char *call = strndup(ours, result_of(ours) - ours);
	unsigned int i;

	for (i = 0; i < rule_count; i++) {
		struct rule *r = &rules[i];

		if (fits(r->section, section) && fits(r->call, call) &&
		    is_covered(r, builtin, ours))
			break;
	}
	free(call);
	return i < rule_count ? &rules[i] : NULL;
}

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

/* A row of the table covers the difference here; *@stop: and all that follows */
static bool is_meant(const char *name, const char *x, const char *y, bool *stop)
{
	struct rule *r = rule_for(name, x, y);

	if (!r)
		return false;
	r->used++;
	*stop = r->stop;
	return true;
}

static const char *line_at(const struct side *s)
{
	return s->at < s->end ? s->line[s->at] : "(nothing)";
}

bool difference_find(const char *name, struct side *a, struct side *b)
{
	bool stop = false;

	for (; !stop && (a->at < a->end || b->at < b->end); a->at++, b->at++) {
		if (strcmp(line_at(a), line_at(b)) &&
		    !is_meant(name, line_at(a), line_at(b), &stop))
			return true;
	}
	return false;
}

static void difference_show(const struct side *a, const struct side *b, unsigned int start,
			    unsigned int context)
{
	unsigned int i = a->at > start + context ? a->at - context : start;

	for (; i < a->at; i++)
		printf("#          %s\n", a->line[i]);
	printf("# built-in %s\n# ours     %s\n", line_at(a), line_at(b));
}

static bool is_random(const char *name)
{
	return !strncmp(name, "random", 6);
}

/* How much of a random sequence was there to compare, and how much was not? */
static void random_note(const struct side *s, unsigned int start, unsigned int left_out)
{
	unsigned int i;

	randoms.lines += s->end - start;
	randoms.left_out += left_out;
	for (i = start; i < s->end - left_out; i++)
		randoms.calls += *s->line[i] == '#' && strstr(s->line[i], ") = ");
}

static unsigned int section_compare(const char *name, struct side a, struct side b)
{
	unsigned int start = a.at, bad = 0;

	while (difference_find(name, &a, &b)) {
		if (bad++ < SHOWN)
			difference_show(&a, &b, start, bad == 1 ? CONTEXT : 2);
		if (is_random(name))	/* what follows may follow from this */
			break;
		if (same_call(line_at(&a), line_at(&b))) {
			a.at++;
			b.at++;
		} else {
			resync(&a, &b);
		}
	}
	if (is_random(name))
		random_note(&a, start, !bad && a.at < a.end ? a.end - a.at : 0);
	return bad;
}

unsigned int section_end(const struct lines *l, unsigned int at)
{
	while (at < l->count && strncmp(l->line[at], "== ", 3))
		at++;
	return at;
}

int section_find(const struct lines *l, const char *head)
{
	unsigned int i;

	for (i = 0; i < l->count; i++)
		if (!strcmp(l->line[i], head))
			return i;
	return -1;
}

static bool is_head(const char *line)
{
	return !strncmp(line, "== ", 3) && strcmp(line, TRANSCRIPT_END);
}

static unsigned int section_count(const struct lines *l, bool only_random)
{
	unsigned int i, count = 0;

	for (i = 0; i < l->count; i++)
		count += is_head(l->line[i]) && (!only_random || is_random(l->line[i] + 3));
	return count;
}

/* It was written to its end */
static bool is_whole(const struct lines *l)
{
	return l->count && !strcmp(l->line[l->count - 1], TRANSCRIPT_END);
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

/* What was found to be the shortest sequence that shows it */
static void shortest_show(const char *folder, const char *name)
{
	char path[256];
	struct lines l;
	unsigned int i;

	snprintf(path, sizeof(path), "%s/%s/shortest", folder, name);
	l = lines_read(path);
	if (l.count)
		printf("# the shortest sequence of the seed that shows it:\n");
	for (i = 0; i < l.count; i++)
		printf("#   %s\n", l.line[i]);
}

static bool is_bad(const struct lines *a, const struct lines *b, unsigned int i)
{
	int j = section_find(b, a->line[i]);

	return j < 0 || section_compare(a->line[i] + 3,
					(struct side){ a->line, i + 1, section_end(a, i + 1) },
					(struct side){ b->line, j + 1, section_end(b, j + 1) });
}

static unsigned int tests, failed;

static void test(bool good, const char *name)
{
	printf("%s %u - %s\n", good ? "ok" : "not ok", ++tests, name);
	failed += !good;
}

static void sections_test(const struct lines *a, const struct lines *b, const char *folder)
{
	unsigned int i;
	bool bad;

	for (i = 0; i < a->count; i++) {
		if (!is_head(a->line[i]))
			continue;
		bad = is_bad(a, b, i);
		if (bad && folder)
			shortest_show(folder, a->line[i] + 3);
		test(!bad, a->line[i] + 3);
	}
}

static void summary_show(unsigned int lines, unsigned int sections, unsigned int differ)
{
	unsigned int i;

	printf("# %u lines in %u sections, %u of them differ\n", lines, sections, differ);
	if (randoms.lines)
		printf("# %u calls of random sequences were compared\n", randoms.calls);
	if (randoms.left_out)
		printf("# %u of %u lines of random sequences come after a difference that is meant\n",
		       randoms.left_out, randoms.lines);
	if (most_link_bytes)
		printf("# at most %d bytes of links were reaped\n", most_link_bytes);
	for (i = 0; i < rule_count; i++)
		if (rules[i].used)
			printf("# %u x %s\n", rules[i].used, rules[i].name);
}

int compare(const char *builtin, const char *ours, const char *table, const char *used,
	    const char *folder)
{
	struct lines a = lines_read(builtin), b = lines_read(ours);
	unsigned int sections = section_count(&a, false), differ;
	bool many = section_count(&a, true) >= MANY;

	if (rules_read(table) || !a.count) {
		printf("1..1\nnot ok 1 - the transcripts and the table can be read\n");
		return 1;
	}
	printf("1..%u\n", sections + 1 + many);
	sections_test(&a, &b, folder);
	differ = failed;
	test(is_whole(&a) && is_whole(&b) && section_count(&b, false) == sections,
	     "both transcripts are whole");
	if (many)
		test(randoms.left_out * FIFTH <= randoms.lines, "few lines are left out");
	summary_show(a.count - sections - is_whole(&a), sections, differ);
	used_write(used);
	return failed > 0;
}

/* One test for each row of the table: something was found that needs it */
int rules_used(const char *table, const char *used)
{
	struct lines l = lines_read(used);
	unsigned int i, j;
	char name[64];

	if (rules_read(table))
		return 1;
	printf("1..%u\n", rule_count);
	for (i = 0; i < rule_count; i++) {
		for (j = 0; j < l.count && strcmp(l.line[j], rules[i].name); j++)
			;
		snprintf(name, sizeof(name), "difference %s", rules[i].name);
		test(j < l.count, name);
	}
	return failed > 0;
}
