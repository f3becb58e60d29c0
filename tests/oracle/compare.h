/* SPDX-License-Identifier: GPL-2.0-only */
/* Transcripts, section by section, and the table of the differences that are meant. */
#ifndef COMPARE_H
#define COMPARE_H

#include "oracle.h"

/* The last line of a transcript */
#define TRANSCRIPT_END	"== end"

struct lines {
	char **line;
	unsigned int count;
};

struct side {
	char **line;
	unsigned int at, end;
};

int rules_read(const char *path);
struct lines lines_read(const char *path);
unsigned int section_end(const struct lines *l, unsigned int at);
int section_find(const struct lines *l, const char *head);

/* Go on to the first difference that no row of the table covers */
bool difference_find(const char *name, struct side *a, struct side *b);
const char *result_of(const char *line);
bool same_call(const char *a, const char *b);

#endif
