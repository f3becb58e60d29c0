// SPDX-License-Identifier: GPL-2.0-only
/*
 * CIFS that authenticates by Kerberos: the client asks its helper for a ticket, through the
 * kernel's own keys, of type `cifs.spnego`, and shows it to the server. The server is of this
 * file: it says that it wants Kerberos, takes the ticket, and refuses it.
 *
 * Specified by MS-SMB2 2.2.1.2, 2.2.4, 2.2.5 and 2.2.2; RFC 4178, 4.2.1; cifs.upcall(8).
 */
#include <kselftest_harness.h>
#include <arpa/inet.h>
#include <endian.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "inkernel.h"
#include "loopback.h"

#define MOUNTED "/tmp/cifs"

/* What is packed here is as it is sent, least significant byte first */
struct message {
	uint8_t protocol[4];
	uint16_t header_size, credit_charge;
	uint32_t status;
	uint16_t command, credits;
	uint32_t flags, next;
	uint64_t id;
	uint32_t process, tree;
	uint64_t session;
	uint8_t signature[16];
	uint8_t body[];
} __attribute__((packed));

struct negotiated {
	uint16_t size, mode, dialect, contexts;
	uint8_t guid[16];
	uint32_t capabilities, max_transact, max_read, max_write;
	uint64_t now, started;
	uint16_t token_at, token_len;
	uint32_t contexts_at;
	uint8_t token[32];
} __attribute__((packed));

struct session_setup {
	uint16_t size;
	uint8_t flags, mode;
	uint32_t capabilities, channel;
	uint16_t token_at, token_len;
} __attribute__((packed));

struct refusal {
	uint16_t size;
	uint8_t contexts, reserved;
	uint32_t len;
	uint8_t nothing;
} __attribute__((packed));

enum {
	NEGOTIATE = 0,
	SESSION_SETUP = 1,
	IS_ANSWER = 1,
	SIGNING_ENABLED = 1,
	SMB_2_1 = 0x0210,
	MAX_IO = 65536,
	MAX_MESSAGE = 4096,
};

static const uint32_t logon_failure = 0xc000006d;

/* NegTokenInit: the one mechanism that will do is Kerberos 5 */
static const uint8_t wants_kerberos[] = {
	0x60, 0x1b, 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02,
	0xa0, 0x11, 0x30, 0x0f, 0xa0, 0x0d, 0x30, 0x0b,
	0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02,
};

/*
 *	p (root) @s---> "_ses"		client ---> server, which tells the ticket it got
 */
FIXTURE(cifs)
{
	struct actor *p;
	pid_t server;
	int port;
	char *ticket;
};

/* ---- the server ---- */

static bool take(int fd, void *buf, size_t len)
{
	return recv(fd, buf, len, MSG_WAITALL) == (ssize_t)len;
}

static bool receive(int fd, struct message *msg)
{
	uint32_t len;

	if (!take(fd, &len, sizeof(len)))
		return false;
	len = ntohl(len);
	return len >= sizeof(*msg) && len <= MAX_MESSAGE && take(fd, msg, len);
}

static void answer(int fd, const struct message *to, uint32_t status, const void *body, size_t size)
{
	struct {
		uint32_t len;
		struct message msg;
		uint8_t body[sizeof(struct negotiated)];
	} __attribute__((packed)) out = { .len = htonl(sizeof(out.msg) + size), .msg = *to };

	out.msg.status = htole32(status);
	out.msg.credits = htole16(10);
	out.msg.flags = htole32(IS_ANSWER);
	memcpy(out.body, body, size);
	send(fd, &out, offsetof(typeof(out), body) + size, MSG_NOSIGNAL);
}

static void answer_negotiate(int fd, const struct message *msg)
{
	struct negotiated body = {
		.size = htole16(65),
		.mode = htole16(SIGNING_ENABLED),
		.dialect = htole16(SMB_2_1),
		.max_transact = htole32(MAX_IO),
		.max_read = htole32(MAX_IO),
		.max_write = htole32(MAX_IO),
		.token_at = htole16(sizeof(*msg) + offsetof(struct negotiated, token)),
		.token_len = htole16(sizeof(wants_kerberos)),
	};

	memcpy(body.token, wants_kerberos, sizeof(wants_kerberos));
	answer(fd, msg, 0, &body, offsetof(struct negotiated, token) + sizeof(wants_kerberos));
}

static void refuse_ticket(int fd, const struct message *msg, char *ticket)
{
	const struct session_setup *setup = (const void *)msg->body;
	const struct refusal body = { .size = htole16(9) };

	snprintf(ticket, MAX_MESSAGE, "%.*s", (int)le16toh(setup->token_len),
		 (const char *)msg + le16toh(setup->token_at));
	answer(fd, msg, logon_failure, &body, sizeof(body));
}

static void serve_client(int fd, char *ticket)
{
	char buf[MAX_MESSAGE + 1];
	struct message *msg = (void *)buf;

	memset(buf, 0, sizeof(buf));
	while (receive(fd, msg)) {
		if (le16toh(msg->command) == NEGOTIATE)
			answer_negotiate(fd, msg);
		else if (le16toh(msg->command) == SESSION_SETUP)
			refuse_ticket(fd, msg, ticket);
		else
			break;
	}
	close(fd);
}

static int listen_anywhere(int *port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(any);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (void *)&any, len) || listen(fd, 5) ||
	    getsockname(fd, (void *)&any, &len))
		stage_broken("no server: %d", errno);
	*port = ntohs(any.sin_port);
	return fd;
}

static pid_t start_server(int *port, char *ticket)
{
	int fd = listen_anywhere(port);
	pid_t pid = fork();

	if (pid < 0)
		stage_broken("no server: %d", errno);
	while (!pid)
		serve_client(accept(fd, NULL, NULL), ticket);
	close(fd);
	return pid;
}

/* ---- the client ---- */

static long mount_client(long port, long b, long c)
{
	char options[100];

	(void)b, (void)c;
	snprintf(options, sizeof(options), "ip=127.0.0.1,port=%ld,vers=2.1,sec=krb5,username=p",
		 port);
	mkdir(MOUNTED, 0755);
	return mount("//127.0.0.1/share", MOUNTED, "cifs", 0, options) ? -errno : 0;
}

FIXTURE_SETUP(cifs)
{
	stage_open();
	inkernel_open();
	loopback_up();
	self->ticket = shared(MAX_MESSAGE);
	self->server = start_server(&self->port, self->ticket);
	self->p = actor_fork(NULL);
	ASSERT_LT(0, ON(self->p, kc_join(NULL)));
}

FIXTURE_TEARDOWN(cifs)
{
	kill(self->server, SIGKILL);
	waitpid(self->server, NULL, 0);
	stage_close();
	inkernel_close();
}

/* The helper is told who asks for whom, and its ticket is what the server gets */
TEST_F(cifs, ticket_of_the_helper)
{
	const char *whose = shared_text(";pid=0x%x", self->p->pid);

	EXPECT_EQ(-EACCES, actor_do(self->p, mount_client, self->port, 0, 0));
	EXPECT_NE(NULL, strstr(self->ticket, "for ver=0x2;host=127.0.0.1;ip4=127.0.0.1;sec=krb5;"))
		TH_LOG("%s", self->ticket);
	EXPECT_NE(NULL, strstr(self->ticket, whose)) TH_LOG("%s", self->ticket);
	EXPECT_EQ(0, ON(self->p, ring_size(RING_S)));
}

/* A ticket is used once: who tries again needs another */
TEST_F(cifs, each_time_anew)
{
	struct actor *q = actor_fork(NULL);

	EXPECT_EQ(-EACCES, actor_do(self->p, mount_client, self->port, 0, 0));
	EXPECT_NE(NULL, strstr(self->ticket, shared_text(";pid=0x%x", self->p->pid)));
	EXPECT_EQ(-EACCES, actor_do(q, mount_client, self->port, 0, 0));
	EXPECT_NE(NULL, strstr(self->ticket, shared_text(";pid=0x%x", q->pid)))
		TH_LOG("%s", self->ticket);
}

/* The helper believes what it is told: only the client may ask it, also when root would */
TEST_F(cifs, nobody_else_asks_for_a_ticket)
{
	struct actor *asking[] = { self->p, actor_user(fresh_uid()) };
	const char *ticket = "ver=0x2;host=127.0.0.1;sec=krb5;uid=0x0;creduid=0x0;user=p;pid=0x1";

	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(-EPERM, ON(asking[i], kc_add("cifs.spnego", ticket, "v", 1, RING_U)));
		EXPECT_EQ(-EPERM, ON(asking[i], kc_request("cifs.spnego", ticket, "c", RING_U)));
		EXPECT_EQ(-EPERM, ON(asking[i], kc_add("cifs.idmap", "os:S-1-1", "v", 1, RING_U)));
		EXPECT_EQ(-EPERM, ON(asking[i], kc_request("cifs.idmap", "os:S-1-1", "c", RING_U)));
	}
	EXPECT_EQ(0, helper_runs("cifs.spnego", ticket));
	EXPECT_EQ(0, helper_runs("cifs.idmap", "os:S-1-1"));
}

SELFTEST_MAIN
