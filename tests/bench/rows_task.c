// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes and threads coming and going, with no session keyring and with
 * one of their own. All of it counts, also what the kernel frees later.
 *
 * What is executed is the smallest program there is, one page that exits, so
 * that a few instructions more in exec are not lost among a libc's millions.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "sysc.h"

#define TASKS		200
#define STACK_SIZE	16384
#define LOAD_ADDRESS	0x400000
#define THREAD_FLAGS	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | \
			 CLONE_THREAD | CLONE_SYSVSEM | \
			 CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)

static char program[] = "/tmp/keyrings-bench-exit";
static char stack[STACK_SIZE] __attribute__((aligned(16)));
static int tid;

static void reap(long pid)
{
	int status;

	must(pid, "new process");
	must(sysc5(__NR_wait4, pid, (long)&status, 0, 0, 0), "wait");
	if (status)
		die("a child failed", 0);
}

static void op_fork_exit(long i)
{
	long pid = sysc5(__NR_clone, SIGCHLD, 0, 0, 0, 0);

	(void)i;
	if (!pid)
		sysc3(__NR_exit_group, 0, 0, 0);
	reap(pid);
}

static void op_vfork_exit(long i)
{
	pid_t pid = vfork();

	(void)i;
	if (!pid)
		sysc3(__NR_exit_group, 0, 0, 0);
	reap(pid);
}

static void op_vfork_exec(long i)
{
	static char *const argv[] = { program, NULL };
	pid_t pid = vfork();

	(void)i;
	if (!pid) {
		sysc3(__NR_execve, (long)program, (long)argv,
		      (long)(argv + 1));
		sysc3(__NR_exit_group, 1, 0, 0);
	}
	reap(pid);
}

static int thread(void *arg)
{
	(void)arg;
	sysc3(__NR_exit, 0, 0, 0);
	return 0;
}

static void op_thread(long i)
{
	int seen;

	(void)i;
	tid = -1;
	if (clone(thread, stack + STACK_SIZE, THREAD_FLAGS, NULL, NULL, NULL,
		  &tid) < 0)
		die("clone", 0);
	while ((seen = *(volatile int *)&tid))
		sysc5(__NR_futex, (long)&tid, FUTEX_WAIT, seen, 0, 0);
}

/* ELF header, one loadable page, and: mov $60,%eax; xor %edi,%edi; syscall */
static void write_program(void)
{
	static const char code[] = "\xb8\x3c\0\0\0\x31\xff\x0f\x05";
	struct {
		Elf64_Ehdr file;
		Elf64_Phdr load;
		char code[sizeof(code)];
	} elf = {
		.file = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
				     ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = LOAD_ADDRESS + offsetof(typeof(elf), code),
			.e_phoff = offsetof(typeof(elf), load),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
		.load = {
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_vaddr = LOAD_ADDRESS,
			.p_filesz = sizeof(elf),
			.p_memsz = sizeof(elf),
			.p_align = 4096,
		},
	};
	int fd;

	memcpy(elf.code, code, sizeof(code));
	unlink(program);
	fd = open(program, O_WRONLY | O_CREAT | O_EXCL, 0755);
	if (fd < 0 || write(fd, &elf, sizeof(elf)) != sizeof(elf))
		die(program, 0);
	close(fd);
}

static void run_task(const char *const *rows)
{
	write_program();
	measure(&(struct plan){ rows[0], .n = TASKS, .op = op_fork_exit,
				.deferred = true });
	measure(&(struct plan){ rows[1], .n = TASKS, .op = op_vfork_exit,
				.deferred = true });
	measure(&(struct plan){ rows[2], .n = TASKS, .op = op_vfork_exec,
				.deferred = true });
	measure(&(struct plan){ rows[3], .n = TASKS, .op = op_thread,
				.deferred = true });
	unlink(program);
}

static const char *const bare[] = {
	"task.fork_exit", "task.vfork_exit", "task.vfork_exec", "task.thread",
	NULL
};

static const char *const with_session[] = {
	"task.fork_exit_session", "task.vfork_exit_session",
	"task.vfork_exec_session", "task.thread_session", NULL
};

static void run_bare(void)
{
	run_task(bare);
}

static void run_with_session(void)
{
	new_session();
	run_task(with_session);
}

const struct rowset rows_task = { .rows = bare, .run = run_bare };
const struct rowset rows_task_session = {
	.rows = with_session, .run = run_with_session
};
