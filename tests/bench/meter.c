// SPDX-License-Identifier: GPL-2.0-only
/*
 * The meter: how many instructions an operation costs.
 *
 * Under QEMU's "-icount shift=0,sleep=off -smp 1" the guest's clock advances
 * one nanosecond per executed instruction, so CLOCK_MONOTONIC counts
 * instructions, kernel and user space alike, as long as the CPU is busy. When
 * it is idle the clock jumps to the next timer without executing anything.
 *
 * What the caller waits for: clock, loop, clock. The cost of the two clock
 * reads and of the empty loop is measured once and taken off.
 *
 * What the operation costs the machine (plan.deferred): kernels put work off,
 * to work queues, RCU callbacks and timers. That work is counted with a
 * window that begins at the first operation and ends SETTLE_NS after the
 * last, most of which the program sleeps:
 *
 *	cost = time of the window
 *	     - time the CPU spent idle in it
 *	     - what an idle machine executes in so much idle time
 *
 * Time spent idle is what the kernel's own tick code accounts, in
 * nanoseconds, in /proc/timer_list (.idle_sleeptime, .iowait_sleeptime), and
 * by the same clock as the window. It is read outside the window and still
 * exact: it only moves while the CPU is idle, and at both ends of the window
 * the CPU runs us. SETTLE_NS is longer than the five seconds for which
 * kfree_rcu() holds back; sleeping costs no real time, because the emulator
 * jumps over it. What an idle machine executes (timers, RCU, the sleeper's
 * own waking) is calibrated with windows without operations and printed at
 * the start: some 60 000 instructions a second, known to about a tenth, so
 * that rounds of a million instructions and more are good to a few percent
 * each and the middle of them to about one.
 *
 * "Until gone" rows (plan.until_keys) also wait until the keys that died are
 * no longer counted in /proc/key-users (nkeys, not qnkeys, which newer kernels
 * lower at the last reference, before the key is freed). Looking there is not part of the cost, and neither is
 * waiting: nothing is executed meanwhile.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define SETTLE_NS	7000000000LL
#define GONE_TRIES	5		/* windows to wait for keys to be freed */
#define CALIBRATIONS	9
#define MAX_ROUNDS	99

static int timer_list = -1, key_users = -1;
static double clock_cost;	/* of reading the clock */
static double loop_cost;	/* of one turn of an empty loop */
static double idle_share;	/* executed per nanosecond of idle time */

int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

void sleep_ns(int64_t ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	nanosleep(&ts, NULL);
}

void settle(void)
{
	sleep_ns(SETTLE_NS);
}

/* The whole of a proc file that was opened as root, read again. */
static const char *reread(int fd)
{
	static char text[65536];
	size_t used = 0;
	ssize_t got;

	lseek(fd, 0, SEEK_SET);
	while (used < sizeof(text) - 1) {
		got = read(fd, text + used, sizeof(text) - 1 - used);
		if (got <= 0)
			break;
		used += got;
	}
	text[used] = '\0';
	return text;
}

static int64_t field(const char *text, const char *label)
{
	const char *at = strstr(text, label);

	if (!at)
		die(label, 0);
	return strtoll(strchr(at, ':') + 1, NULL, 10);
}

static int64_t idle_ns(void)
{
	const char *text = reread(timer_list);

	return field(text, ".idle_sleeptime") + field(text, ".iowait_sleeptime");
}

long user_keys(void)
{
	const char *line = reread(key_users);
	unsigned int uid;
	long nkeys;

	while (line && *line) {
		if (sscanf(line, "%u: %*d %ld/", &uid, &nkeys) == 2 &&
		    uid == BENCH_UID)
			return nkeys;
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * The mean of the middle half: as deaf to outliers as the median, and it does
 * not jump where rounds fall into two heaps, as they do when a worker gets in
 * between or not.
 */
static double middle(double *v, int n)
{
	int from = n / 4, to = n - n / 4;
	double sum = 0;

	qsort(v, n, sizeof(*v), by_value);
	for (int i = from; i < to; i++)
		sum += v[i];
	return sum / (to - from);
}

bool wanted(const char *row)
{
	return row && strstr(row, opt.filter);
}

void report(const char *row, double value, const char *unit)
{
	printf("%s %.0f %s\n", row, value, unit);
	fflush(stdout);
}

static int64_t loop(void (*op)(long i), long first, long n)
{
	void (*volatile hidden)(long i) = op;	/* never inlined */
	void (*call)(long i) = hidden;
	int64_t start = now_ns();

	for (long i = first; i < first + n; i++)
		call(i);
	return now_ns() - start;
}

static int64_t loop_with_rests(const struct plan *p, long first)
{
	int64_t start = now_ns();

	for (long i = first; i < first + p->n; i++) {
		p->op(i);
		sleep_ns(p->rest);
	}
	return now_ns() - start;
}

/*
 * Sleep until the work that was put off is done. Returns the end of the
 * window and adds to @looking what it spent on looking for keys.
 */
static int64_t window_end(const struct plan *p, int64_t *looking)
{
	int64_t end;

	for (int tries = 1;; tries++) {
		settle();
		end = now_ns();
		if (!p->until_keys || user_keys() <= p->until_keys)
			return end;
		if (tries == GONE_TRIES)
			break;
		*looking += now_ns() - end;
	}
	printf("# %s: %ld keys are still not freed\n", p->row,
	       user_keys() - p->until_keys);
	return end;
}

/* What one round came to, in instructions. */
struct cost {
	double call;		/* what the caller waited for */
	double busy;		/* deferred: the CPU in the whole window */
	double idle;		/* deferred: the rest of the window */
};

static struct cost one_round(const struct plan *p, long first)
{
	int64_t idle, start, end, looking = 0;
	struct cost cost = { };

	if (p->before)
		p->before();
	if (p->deferred) {
		settle();
		idle = idle_ns();
		start = now_ns();
		cost.call = p->rest ? loop_with_rests(p, first) :
				      loop(p->op, first, p->n) - clock_cost;
		end = window_end(p, &looking);
		cost.idle = idle_ns() - idle;
		cost.busy = end - start - looking - cost.idle - clock_cost;
	} else {
		cost.call = loop(p->op, first, p->n) - clock_cost;
	}
	if (p->after)
		p->after();
	return cost;
}

static double all_work(const struct plan *p, const struct cost *cost)
{
	return p->deferred ? cost->busy - cost->idle * idle_share : cost->call;
}

static void nothing(long i)
{
	(void)i;
}

/* What the rests of a round cost without the operations. */
static double work_of_rests(const struct plan *p)
{
	struct plan rests = {
		.n = p->n, .rest = p->rest, .deferred = true, .op = nothing
	};
	struct cost cost = one_round(&rests, 0);

	return all_work(&rests, &cost);
}

void measure(const struct plan *p)
{
	const char *unit = p->unit ? p->unit : "instr/op";
	int rounds = p->rounds ? p->rounds : opt.rounds;
	double call[MAX_ROUNDS], all[MAX_ROUNDS];
	long per = p->per ? p->per : 1;

	if (!wanted(p->row) && !wanted(p->call))
		return;
	settle();
	for (int r = 0; r < rounds; r++) {
		struct cost cost = one_round(p, r * p->n);
		double work = all_work(p, &cost);

		if (p->rest)
			work -= work_of_rests(p);
		call[r] = cost.call / p->n - loop_cost;
		all[r] = (work / p->n - loop_cost) / per;
	}
	if (wanted(p->row))
		report(p->row, middle(all, rounds), unit);
	if (wanted(p->call))
		report(p->call, middle(call, rounds), "instr/op");
}

static void calibrate_clock(void)
{
	double ns[CALIBRATIONS];

	for (int i = 0; i < CALIBRATIONS; i++)
		ns[i] = loop(nothing, 0, 0);
	clock_cost = middle(ns, CALIBRATIONS);
	for (int i = 0; i < CALIBRATIONS; i++)
		ns[i] = loop(nothing, 0, 10000);
	loop_cost = (middle(ns, CALIBRATIONS) - clock_cost) / 10000;
	printf("# a clock read costs %.0f, a turn of the loop %.1f\n",
	       clock_cost, loop_cost);
}

/*
 * Is a nanosecond an instruction? A loop of a known number of them says so;
 * on a machine that is not counting, figures are mere nanoseconds.
 */
static void check_clock(void)
{
	double ns[CALIBRATIONS], each;
	long left;

	for (int i = 0; i < CALIBRATIONS; i++) {
		int64_t start = now_ns();

		left = 100000;
		asm volatile("1: dec %0; jnz 1b" : "+r"(left) : : "cc");
		ns[i] = now_ns() - start - clock_cost;
	}
	each = middle(ns, CALIBRATIONS) / 200000;
	printf("# an instruction takes %.4f ns%s\n", each,
	       each > 0.999 && each < 1.001 ? "" :
	       ": NOT counting instructions, figures are nanoseconds");
}

static void calibrate_idle(void)
{
	static const struct plan empty = {
		.n = 1, .deferred = true, .op = nothing
	};
	double busy[CALIBRATIONS], window = 0;

	for (int i = 0; i < CALIBRATIONS; i++) {
		struct cost cost = one_round(&empty, 0);

		busy[i] = cost.busy;
		window = cost.idle;
	}
	idle_share = middle(busy, CALIBRATIONS) / window;
	printf("# an idle machine executes %.0f a second (%.0f to %.0f)\n",
	       1e9 * idle_share, 1e9 * busy[0] / window,
	       1e9 * busy[CALIBRATIONS - 1] / window);
}

/* Root opens, everyone reads: rows run as an ordinary user. */
void meter_init(void)
{
	timer_list = open("/proc/timer_list", O_RDONLY | O_CLOEXEC);
	key_users = open("/proc/key-users", O_RDONLY | O_CLOEXEC);
	if (timer_list < 0 || key_users < 0)
		die("/proc/timer_list and /proc/key-users (root only)", 0);
	calibrate_clock();
	check_clock();
	calibrate_idle();
}
