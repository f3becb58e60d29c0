// SPDX-License-Identifier: GPL-2.0-only
/* Workers, calls, and how they are written down. */
#define _GNU_SOURCE
#include "oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../selftests/keyctl_abi.h"

struct stage *stage;
uid_t uid_base;

const struct opdesc opdesc[OPS] = {
	[GET_ID]	= { "GET_KEYRING_ID", "in", true },
	[JOIN]		= { "JOIN", "s", true },
	[UPDATE]	= { "UPDATE", "idl" },
	[REVOKE]	= { "REVOKE", "i" },
	[CHOWN]		= { "CHOWN", "inn" },
	[SETPERM]	= { "SETPERM", "ix" },
	[DESCRIBE]	= { "DESCRIBE", "ibL" },
	[CLEAR]		= { "CLEAR", "r" },
	[LINK]		= { "LINK", "ir" },
	[UNLINK]	= { "UNLINK", "ir" },
	[SEARCH]	= { "SEARCH", "rtsr", true },
	[READ]		= { "READ", "ibL" },
	[INSTANTIATE]	= { "INSTANTIATE", "idlr" },
	[NEGATE]	= { "NEGATE", "inr" },
	[SET_REQKEY]	= { "SET_REQKEY", "n" },
	[SET_TIMEOUT]	= { "SET_TIMEOUT", "in" },
	[ASSUME]	= { "ASSUME", "i", true },
	[GET_SECURITY]	= { "GET_SECURITY", "ibL" },
	[TO_PARENT]	= { "TO_PARENT", "" },
	[REJECT]	= { "REJECT", "innr" },
	[INSTANTIATE_IOV] = { "INSTANTIATE_IOV", "ivnr" },
	[INVALIDATE]	= { "INVALIDATE", "i" },
	[GET_PERSISTENT] = { "GET_PERSISTENT", "nr", true },
	[DH_COMPUTE]	= { "DH_COMPUTE", "pbLp" },
	[PKEY_QUERY]	= { "PKEY_QUERY", "insp" },
	[PKEY_ENCRYPT]	= { "PKEY_ENCRYPT", "pspp" },
	[PKEY_DECRYPT]	= { "PKEY_DECRYPT", "pspp" },
	[PKEY_SIGN]	= { "PKEY_SIGN", "pspp" },
	[PKEY_VERIFY]	= { "PKEY_VERIFY", "pspp" },
	[RESTRICT]	= { "RESTRICT", "rts" },
	[MOVE]		= { "MOVE", "irrn" },
	[CAPABILITIES]	= { "CAPABILITIES", "bL" },
	[WATCH_KEY]	= { "WATCH_KEY", "inn" },
	[ADD_KEY]	= { "add_key", "tsdlr", true },
	[REQUEST_KEY]	= { "request_key", "tssr", true },
	[NO_SUCH_OP]	= { "OP_33", "" },
};

/* ---- words ---- */

static char line[1 << 16];
static size_t line_used;

static void put(const char *fmt, ...)
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

static void put_end(void)
{
	line[line_used] = '\0';
	puts(line);
	line_used = 0;
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

enum { MAX_NAMES = 60000 };
static int names[MAX_NAMES];
static unsigned int names_used;

static const char *name_known(int serial)
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

static unsigned int name_number(int serial)
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
static void put_text(const char *s, size_t len)
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

/* Payloads here are letters: serials hardly ever are */
static bool looks_like_ring(long id, const int *ids, size_t len)
{
	const unsigned char *s = (const unsigned char *)ids;
	size_t i;

	if (len % 4 || !len)
		return false;
	for (i = 0; i < len; i++)
		if (!((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'z') && s[i] != ' ')
			return true;
	return id < 0 || name_known(ids[0]);
}

/* What the call wrote, as far as it wrote */
static void put_output(enum op op, long id, long ret)
{
	size_t end = OUT_BYTES;

	while (end && stage->out[end - 1] == 0xee)
		end--;
	if (!end)
		return;
	if (op == READ && ret > 0 && (size_t)ret == end &&
	    looks_like_ring(id, (int *)stage->out, end)) {
		put_ring((int *)stage->out, end / 4);
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

/* ---- workers ---- */

static void futex_sleep(int *word, int value)
{
	struct timespec t = { .tv_nsec = 200000000L };

	syscall(SYS_futex, word, FUTEX_WAIT, value, &t, NULL, 0);
}

static void turn_over(struct worker *w, int to)
{
	__atomic_store_n(&w->turn, to, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &w->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int whose_turn(struct worker *w)
{
	return __atomic_load_n(&w->turn, __ATOMIC_SEQ_CST);
}

enum { DO_CALL, DO_FN, DO_EXIT, DO_FORK, DO_EXEC };

/*
 * On the built-in service the program's own file pins the credentials that it
 * was opened with, thread and process keyring included: hence twice.
 */
static void worker_again(const char *number, const char *more)
{
	execl("/proc/self/exe", "oracle", "worker", number, more, NULL);
	_exit(1);
}

static void worker_live(struct worker *me)
{
	char number[16];

again:
	turn_over(me, 0);
	for (;;) {
		while (whose_turn(me) != 1) {
			futex_sleep(&me->turn, 0);
			if (kill(stage->director, 0) && errno == ESRCH)
				_exit(1);
		}
		switch (me->kind) {
		case DO_CALL:
			me->ret = raw_syscall(me->nr, me->arg[0], me->arg[1], me->arg[2],
					      me->arg[3], me->arg[4]);
			break;
		case DO_FN:
			me->ret = me->fn(me->arg[0], me->arg[1], me->arg[2]);
			break;
		case DO_EXIT:
			_exit(0);
		case DO_FORK: {
			struct worker *child = (struct worker *)me->arg[0];

			pid_t pid = fork();

			if (!pid) {
				me = child;
				goto again;
			}
			me->ret = pid;
			break;
		}
		case DO_EXEC:
			snprintf(number, sizeof(number), "%d", me->number);
			worker_again(number, "1");
		}
		turn_over(me, 0);
	}
}

static void await(struct worker *w)
{
	int n = 0;

	while (whose_turn(w) == 1) {
		futex_sleep(&w->turn, 1);
		if (whose_turn(w) == 1 && ++n > 300) {
			printf("!! worker %d hangs\n", w->number);
			fflush(stdout);
			exit(3);
		}
	}
}

static void order(struct worker *w, int kind)
{
	w->kind = kind;
	turn_over(w, 1);
	await(w);
}

static int workers;

static struct worker *worker_slot(void)
{
	struct worker *w;

	if (workers == MAX_WORKERS) {
		printf("!! too many workers\n");
		exit(3);
	}
	w = &stage->worker[workers];
	memset(w, 0, sizeof(*w));
	w->number = workers++;
	w->turn = 1;
	return w;
}

/* A child of a worker, or of the director */
struct worker *worker_fork(struct worker *parent)
{
	struct worker *w = worker_slot();
	pid_t pid;

	if (parent) {
		parent->arg[0] = (long)w;
		order(parent, DO_FORK);
		w->pid = parent->ret;
	} else {
		fflush(stdout);
		pid = fork();
		if (!pid) {
			signal(SIGCHLD, SIG_IGN);
			worker_live(w);
		}
		w->pid = pid;
	}
	await(w);
	return w;
}

static long become(long uid, long gid, long extra)
{
	gid_t groups[1] = { extra };

	if (setgroups(extra >= 0 ? 1 : 0, groups) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	prctl(PR_SET_DUMPABLE, 1);
	return 0;
}

struct worker *worker_user(uid_t uid, gid_t gid, gid_t extra)
{
	struct worker *w = worker_fork(NULL);

	long ret = in(w, become, uid, gid, (int)extra);

	if (ret)
		say("!! W%d cannot become %u: %s", w->number, uid, result_name(ret));
	return w;
}

static long become_root(long uid, long b, long c)
{
	(void)b, (void)c;
	return setgroups(0, NULL) || setresuid(uid, 0, 0) ? -errno : 0;
}

/* Root with a real UID of its own, so that no other scenario has had its rings */
struct worker *worker_root(uid_t uid)
{
	struct worker *w = worker_fork(NULL);

	in(w, become_root, uid, 0, 0);
	return w;
}

void worker_exec(struct worker *w)
{
	order(w, DO_EXEC);
}

void worker_main(const char *number, bool again)
{
	if (again)
		worker_again(number, NULL);
	stage = mmap(STAGE_ADDRESS, sizeof(*stage), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED_NOREPLACE, STAGE_FD, 0);
	if (stage == MAP_FAILED)
		_exit(1);
	mmap(EDGE_ADDRESS, 4096, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	memset(EDGE_ADDRESS, 'e', 4096);
	worker_live(&stage->worker[atoi(number)]);
	_exit(0);
}

void worker_end(struct worker *w)
{
	if (!w->pid)
		return;
	w->kind = DO_EXIT;
	turn_over(w, 1);
	if (waitpid(w->pid, NULL, 0) < 0)	/* another worker's child */
		while (!kill(w->pid, 0))
			usleep(1000);
	w->pid = 0;
}

void workers_end(void)
{
	while (workers) {
		worker_end(&stage->worker[workers - 1]);
		workers--;
	}
	stage->used = 0;
}

void stage_make(void)
{
	int fd = memfd_create("stage", 0);

	if (ftruncate(fd, sizeof(*stage)) || dup2(fd, STAGE_FD) < 0)
		exit(3);
	close(fd);
	stage = mmap(STAGE_ADDRESS, sizeof(*stage), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED_NOREPLACE, STAGE_FD, 0);
	if (stage == MAP_FAILED)
		exit(3);
	mmap(EDGE_ADDRESS, 4096, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	memset(EDGE_ADDRESS, 'e', 4096);
	stage->director = getpid();
}

void *room(size_t bytes)
{
	void *p = stage->arena + stage->used;

	bytes = (bytes + 15) & ~15UL;
	if (stage->used + bytes > ARENA_BYTES) {
		printf("!! the arena is full\n");
		exit(3);
	}
	stage->used += bytes;
	return p;
}

char *text(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	s = room(n + 1);
	va_start(ap, fmt);
	vsnprintf(s, n + 1, fmt, ap);
	va_end(ap);
	return s;
}

/* ---- calls ---- */

static void place(struct worker *w, enum op op, const long *a)
{
	switch (op) {
	case ADD_KEY:
	case REQUEST_KEY:
		w->nr = op == ADD_KEY ? NR_ADD_KEY : NR_REQUEST_KEY;
		memcpy(w->arg, a, 5 * sizeof(long));
		break;
	default:
		w->nr = NR_KEYCTL;
		w->arg[0] = op == NO_SUCH_OP ? 33 : (int)op;
		memcpy(w->arg + 1, a, 4 * sizeof(long));
		break;
	}
}

/* The director is a worker without a slot: NULL */
static struct worker myself;

long quiet_v(struct worker *w, enum op op, const long *a)
{
	if (!w) {
		place(&myself, op, a);
		return raw_syscall(myself.nr, myself.arg[0], myself.arg[1], myself.arg[2],
				   myself.arg[3], myself.arg[4]);
	}
	place(w, op, a);
	order(w, DO_CALL);
	return w->ret;
}

long call_v(struct worker *w, enum op op, const long *a)
{
	const struct opdesc *d = &opdesc[op];
	bool out = strchr(d->args, 'b');
	const char *k;
	long ret;
	int i;

	if (out)
		memset(stage->out, 0xee, OUT_BYTES);
	put("W%d %s(", w->number, d->name);
	for (k = d->args, i = 0; *k; k++, i++) {
		if (i)
			put(", ");
		put_arg(*k, a, i);
	}
	ret = quiet_v(w, op, a);
	put(") = %s", d->gives_id && ret > 0 ? key_name(ret) : result_name(ret));
	if (out)
		put_output(op, a[0], ret);
	put_end();
	return ret;
}

long in(struct worker *w, long (*fn)(long, long, long), long a, long b, long c)
{
	w->fn = fn;
	w->arg[0] = a;
	w->arg[1] = b;
	w->arg[2] = c;
	order(w, DO_FN);
	return w->ret;
}

/* ---- /proc, clock and limits ---- */


static long slurp(long path, long b, long c)
{
	int fd = open((const char *)path, O_RDONLY);
	ssize_t n, used = 0;

	(void)b;
	if (fd < 0)
		return -errno;
	while ((n = read(fd, (char *)c + used, (1 << 20) - 1 - used)) > 0)
		used += n;
	close(fd);
	((char *)c)[used] = '\0';
	return used;
}

struct row {
	unsigned int number;
	char *text;
};

static int row_order(const void *a, const void *b)
{
	return (int)((const struct row *)a)->number - (int)((const struct row *)b)->number;
}

/* The rows of keys that have been named, by name */
void say_proc_keys(struct worker *w, bool usage)
{
	struct row rows[2000];
	unsigned int count = 0, i;
	char *rows_text, *l, *save;

	rows_text = room(1 << 20);
	if (in(w, slurp, P("/proc/keys"), 0, P(rows_text)) < 0) {
		say("W%d /proc/keys: not there", w->number);
		return;
	}
	for (l = strtok_r(rows_text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		unsigned int number = name_number(strtoul(l, NULL, 16));

		if (number && count < 2000)
			rows[count++] = (struct row){ number, l + 9 };
	}
	qsort(rows, count, sizeof(*rows), row_order);
	for (i = 0; i < count; i++) {
		char flags[16], use[16], rest[4096];

		if (sscanf(rows[i].text, "%15s %15s %4095[^\n]", flags, use, rest) != 3)
			strcpy(rest, rows[i].text);
		put("W%d /proc/keys K%u %s %s ", w->number, rows[i].number, flags,
		    usage ? use : "-");
		if (sscanf(rest, "%8[0-9]%1[s]", flags, use) == 2 && rest[strlen(flags)] == 's')
			put("Ns%s", rest + strlen(flags) + 1);
		else
			put_text(rest, strlen(rest));
		put_end();
	}
	stage->used -= 1 << 20;
}

void say_key_users(uid_t from, unsigned int count)
{
	char *buf, *l, *save;

	buf = room(1 << 20);
	slurp(P("/proc/key-users"), 0, P(buf));
	for (l = strtok_r(buf, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		unsigned int uid, usage, nkeys, nikeys, qk, qkm, qb, qbm;

		if (sscanf(l, "%u: %u %u/%u %u/%u %u/%u", &uid, &usage, &nkeys, &nikeys, &qk,
			   &qkm, &qb, &qbm) != 8 || uid < from || uid >= from + count)
			continue;
		say("/proc/key-users %u: %u/%u %u/%u", uid, nkeys, nikeys, qk, qkm);
		say("/proc/key-users %u bytes: %u/%u", uid, qb, qbm);
	}
	stage->used -= 1 << 20;
}

/* What /proc/sys/kernel/keys said before it was changed */
static struct limit {
	char name[32];
	unsigned int value;
} limits_before[8];

static void limit_remember(const char *name, const char *path)
{
	struct limit *l = limits_before;
	FILE *f;

	while (*l->name && strcmp(l->name, name))
		l++;
	f = *l->name ? NULL : fopen(path, "r");
	if (!f)
		return;
	if (fscanf(f, "%u", &l->value) == 1)
		snprintf(l->name, sizeof(l->name), "%s", name);
	fclose(f);
}

void limits_restore(void)
{
	unsigned int i;

	for (i = 0; *limits_before[i].name; i++)
		limits(limits_before[i].name, limits_before[i].value);
}

void limits(const char *name, unsigned int value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/kernel/keys/%s", name);
	limit_remember(name, path);
	f = fopen(path, "w");
	if (!f)
		return;
	fprintf(f, "%u\n", value);
	fclose(f);
}

void clock_jump(int seconds)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += seconds;
	clock_settime(CLOCK_REALTIME, &t);
}

static bool gone(long id)
{
	int n;

	for (n = 0; n < 4000; n++) {
		if (quiet(NULL, DESCRIBE, id) == -ENOKEY)
			return true;
		usleep(n < 20 ? 100 : 1000);
	}
	say("!! K? does not go away");
	return false;
}

static void await_empty(long ring)
{
	int n;

	for (n = 0; n < 4000 && quiet(NULL, READ, ring) > 0; n++)
		usleep(n < 20 ? 100 : 1000);
}

/*
 * The built-in service frees dead keys later, in passes: what was in a ring
 * that died goes in the next pass. Canaries of the director's own tell when a
 * pass is through: a nest of rings, and two that are invalidated.
 */
void settle(void)
{
	long nest[4], key;
	unsigned int i;

	for (i = 0; i < 4; i++)
		nest[i] = quiet(NULL, ADD_KEY, P("keyring"), P("nest"), 0, 0,
				i ? nest[i - 1] : RING_T);
	key = quiet(NULL, ADD_KEY, P("user"), P("canary"), P("x"), 1, nest[3]);
	quiet(NULL, UNLINK, nest[0], RING_T);
	gone(key);
}

void quiesce(void)
{
	long ring, key;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ring = quiet(NULL, ADD_KEY, P("keyring"), P("canary"), 0, 0, RING_T);
		key = quiet(NULL, ADD_KEY, P("user"), P("canary"), P("x"), 1, ring);
		quiet(NULL, INVALIDATE, key);
		await_empty(ring);
		quiet(NULL, UNLINK, ring, RING_T);
	}
	settle();
}

/* The credentials of a process that ended are freed after a grace period. */
void rcu_quiesce(void)
{
	int pipefd[2];
	long key = 0;
	pid_t pid;

	if (pipe(pipefd))
		return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		key = quiet(NULL, ADD_KEY, P("user"), P("canary"), P("x"), 1, RING_P);
		if (write(pipefd[1], &key, sizeof(key)) < 0)
			_exit(1);
		_exit(0);
	}
	if (read(pipefd[0], &key, sizeof(key)) < 0)
		key = 1;
	close(pipefd[0]);
	close(pipefd[1]);
	waitpid(pid, NULL, 0);
	gone(key);
	quiesce();
}

void scenario_begin(const char *name)
{
	workers_end();
	names_forget();
	uid_base += 16;
	printf("== %s\n", name);
}
