// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel starts as /sbin/request-key:
 *
 *	request-key create <key> <uid> <gid> <rings of the requester>
 *
 * It gives the key the call-out information as payload, but for some words: at "refuse"
 * it rejects the key, at "negate" it says that there is none, at "slow" and "slow refuse"
 * it takes its time, at "told" until the test has made a file named TOLD and the description,
 * and at "late", after that, until a time that it has set is over.
 * At "@u" and "refuse @u" it names a ring of its own, at "find" it looks for a key of the
 * requester's; what error that is, if it is one, becomes the payload. At "vouch" it leaves
 * the requester a ring of its own that trusts the authorisation key; that key's serial becomes
 * the payload. A host name gets an address; at "list", a list of servers that none have been
 * found for, after it was given a long time. For NFS it gives whoever has a name the number
 * 5000, and whoever has the number N the name uN@test, for CIFS a ticket that says whom it is
 * for. Each run adds a line with type and description of
 * the key to LOG, which the tests read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keyctl_abi.h"

#define LOG "/tmp/helper.log"
#define TOLD "/tmp/helper.told."

/* From the ranges that are kept for documentation */
static const char address[] = "192.0.2.7";

/* A list of servers, version 1, of nobody knows where, status "bad", and empty */
static const char no_servers[] = { 0, 0, 1, 0, 3, 0 };

/* "type;description" out of what KEYCTL_DESCRIBE tells */
static void note(const char *type, const char *desc)
{
	int fd = open(LOG, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	dprintf(fd, "%s;%s\n", type, desc);
	close(fd);
}

/* A ring by its number, which need not be of the service that the helper is of */
static long user_ring(void)
{
	return kc_id(RING_U, 1);
}

static long or_tell_error(long key, long ret)
{
	char text[32];

	if (!ret)
		return 0;
	snprintf(text, sizeof(text), "error %ld", ret);
	return keyctl(OP_INSTANTIATE, key, (long)text, strlen(text), 0);
}

/* Behind "type;uid;gid;permissions;"; it may have semicolons itself */
static const char *description(const char *text)
{
	int i;

	for (i = 0; i < 4; i++)
		text = strchr(text, ';') + 1;
	return text;
}

static bool is_word(const char *callout, long len, const char *word)
{
	return len == (long)strlen(word) && !memcmp(callout, word, len);
}

/* 0, or the error: a key that the requester has for this one */
static long find_requesters(const char *desc)
{
	char text[MAX_DESC + 100];
	long ret;

	snprintf(text, sizeof(text), "requester's %s", desc);
	ret = kc_request("user", text, NULL, 0);
	return ret < 0 ? ret : 0;
}

/* The serial of the authorisation key, which the ring @desc of the requester's trusts then */
static long vouch(const char *desc, char *serial, size_t size)
{
	long ring = kc_add_ring(desc, RING_REQUESTOR), authority = kc_id(AUTH_KEY, 0), ret;
	char trust[64];

	snprintf(serial, size, "%ld", authority);
	snprintf(trust, sizeof(trust), "key_or_keyring:%ld", authority);
	ret = ring < 0 ? ring : authority < 0 ? authority : kc_restrict(ring, "asymmetric", trust);
	if (ret)
		snprintf(serial, size, "error %ld", ret);
	return strlen(serial);
}

/* What NFS knows by the name, or the number, that the description has behind a colon */
static long identity(const char *desc, char *payload, size_t size)
{
	if (strncmp(desc, "user:", 5))
		return snprintf(payload, size, "5000");
	return snprintf(payload, size, "u%s@test", desc + 5);
}

/* What CIFS expects: a session key of as many bytes, and the ticket, here a text */
static long ticket(const char *desc, char *payload, size_t size)
{
	struct {
		uint32_t version, flags, session_key_len, ticket_len;
		char session_key[16];
	} head = { .version = 2, .session_key_len = sizeof(head.session_key) };

	head.ticket_len = snprintf(payload + sizeof(head), size - sizeof(head), "for %.1000s", desc);
	memcpy(payload, &head, sizeof(head));
	return sizeof(head) + head.ticket_len;
}

/* For a minute at most */
static void wait_until_told(const char *desc)
{
	char path[sizeof(TOLD) + MAX_DESC];
	int i;

	snprintf(path, sizeof(path), TOLD "%s", desc);
	for (i = 0; i < 3000 && access(path, F_OK); i++)
		usleep(20000);
}

int main(int argc, char **argv)
{
	char text[MAX_DESC + 100] = "", type[MAX_TYPE + 1], callout[4096];
	const char *desc;
	long key, len, ret;

	if (argc < 3)
		return 2;
	key = atol(argv[2]);
	if (kc_describe(key, text, sizeof(text)) < 0 ||
	    sscanf(text, "%31[^;];", type) != 1)
		return 3;
	desc = description(text);
	note(type, desc);
	if (keyctl(OP_ASSUME_AUTHORITY, key, 0, 0, 0) < 0)
		return 4;
	len = kc_read(AUTH_KEY, callout, sizeof(callout));
	if (len < 0 || len > (long)sizeof(callout))
		return 5;
	if (is_word(callout, len, "slow") || is_word(callout, len, "slow refuse"))
		sleep(5);
	if (is_word(callout, len, "told") || is_word(callout, len, "late"))
		wait_until_told(desc);
	if (is_word(callout, len, "late") && !kc_timeout(key, 1))
		sleep(2);
	if (is_word(callout, len, "list"))
		ret = kc_timeout(key, 5000) ?:
		      keyctl(OP_INSTANTIATE, key, (long)no_servers, sizeof(no_servers), 0);
	else if (!strcmp(type, "dns_resolver") && !is_word(callout, len, "refuse"))
		ret = keyctl(OP_INSTANTIATE, key, (long)address, sizeof(address), 0);
	else if (!strcmp(type, "id_resolver"))
		ret = keyctl(OP_INSTANTIATE, key, (long)callout,
			     identity(desc, callout, sizeof(callout)), 0);
	else if (!strcmp(type, "cifs.spnego"))
		ret = keyctl(OP_INSTANTIATE, key, (long)callout, ticket(desc, callout, sizeof(callout)),
			     0);
	else if (is_word(callout, len, "refuse") || is_word(callout, len, "slow refuse"))
		ret = keyctl(OP_REJECT, key, 60, EKEYREJECTED, 0);
	else if (is_word(callout, len, "negate"))
		ret = keyctl(OP_NEGATE, key, 60, 0, 0);
	else if (is_word(callout, len, "@u"))
		ret = or_tell_error(key, keyctl(OP_INSTANTIATE, key, (long)callout, len,
						user_ring()));
	else if (is_word(callout, len, "find"))
		ret = or_tell_error(key, find_requesters(desc) ?:
					 keyctl(OP_INSTANTIATE, key, (long)callout, len, 0));
	else if (is_word(callout, len, "vouch"))
		ret = keyctl(OP_INSTANTIATE, key, (long)callout,
			     vouch(desc, callout, sizeof(callout)), 0);
	else if (is_word(callout, len, "refuse @u"))
		ret = or_tell_error(key, keyctl(OP_REJECT, key, 60, EKEYREJECTED, user_ring()));
	else
		ret = keyctl(OP_INSTANTIATE, key, (long)callout, len, 0);
	return ret ? 6 : 0;
}
