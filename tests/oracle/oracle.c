// SPDX-License-Identifier: GPL-2.0-only
/*
 *	oracle scenarios UID [PATTERN|1|2]	transcript of the scenarios (or half of them)
 *	oracle random UID SEED EPISODES STEPS	transcript of random calls
 *	oracle tries UID SEED FILE		transcript of a seed, with steps left out
 *	oracle compare BUILT-IN OURS TABLE USED	two transcripts: TAP
 *	oracle used TABLE USED			rows of the table nobody needed: TAP
 *	oracle content TEXT			how what was read is written down
 *
 * UID is the first of the user IDs that nobody else uses: the built-in service
 * never forgets one that it has seen.
 */
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

static int direct(const char *mode, int argc, char **argv)
{
	unsigned long seed = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	int ret = 2;

	stage_make();
	helper_install();
	settle_begin();
	uid_base = atoi(argv[2]);
	if (!strcmp(mode, "scenarios"))
		ret = run_scenarios(argc > 3 && !seed ? argv[3] : NULL, seed);
	else if (!strcmp(mode, "random") && argc == 6)
		ret = run_random(seed, atoi(argv[4]), atoi(argv[5]));
	else if (!strcmp(mode, "tries") && argc == 5)
		ret = run_tries(seed, argv[4]);
	settle_end();
	return ret;
}

static int content_show(const char *text)
{
	int content[64];
	size_t len = strlen(text);

	if (len > sizeof(content))
		return 2;
	memcpy(content, text, len);
	put_content(1000, content, len);
	put_end();
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(argv[0], HELPER_PATH))
		helper_main(argv);
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (!strcmp(mode, "worker") && argc >= 3)
		worker_main(argv[2], argc > 3);
	if (!strcmp(mode, "compare") && argc >= 6)
		return compare(argv[2], argv[3], argv[4], argv[5], argc > 6 ? argv[6] : NULL);
	if (!strcmp(mode, "shorten") && argc == 6)
		return shorten(argv[2], argv[3], strtoul(argv[4], NULL, 0), atoi(argv[5]));
	if (!strcmp(mode, "used") && argc == 4)
		return rules_used(argv[2], argv[3]);
	if (!strcmp(mode, "content") && argc == 3)
		return content_show(argv[2]);
	if (argc >= 3 && (!strcmp(mode, "scenarios") || !strcmp(mode, "random") ||
			  !strcmp(mode, "tries")))
		return direct(mode, argc, argv);
	fprintf(stderr, "usage: oracle scenarios|random|compare|used ...\n");
	return 2;
}
