// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process 1 of the test machines.
 *
 * Mounts the usual file systems, runs /vm/run on the second serial port and
 * ends the machine, by a reboot that the emulator was told not to make: that
 * needs no ACPI.  The first serial port is the kernel's console and stays free
 * of anything else.  What the runner reads on the second port:
 *
 *	@@vm start		user space is there
 *	...			what /vm/run writes
 *	@@vm exit <status>	/vm/run is over
 *
 * With /vm/tty present the second port is somebody's terminal: it becomes
 * the controlling terminal of /vm/run, and the two lines go to the third.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static const struct {
	const char *type, *dir, *data;
} mounts[] = {
	{ "devtmpfs", "/dev", "mode=755" },
	{ "proc", "/proc", NULL },
	{ "sysfs", "/sys", NULL },
	{ "debugfs", "/sys/kernel/debug", NULL },
	{ "tracefs", "/sys/kernel/tracing", NULL },
	{ "devpts", "/dev/pts", "mode=620,ptmxmode=666" },
	{ "tmpfs", "/dev/shm", "mode=1777" },
	{ "tmpfs", "/tmp", "mode=1777" },
	{ "tmpfs", "/run", "mode=755" },
};

static void mount_all(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].dir, 0755);
		if (mount(mounts[i].type, mounts[i].dir, mounts[i].type, 0,
			  mounts[i].data) && errno != EBUSY)
			printf("init: mount %s: %s\n", mounts[i].dir,
			       strerror(errno));
	}
}

/* Results are bytes: no echo, no line discipline on top of them. */
static void make_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t))
		return;
	cfmakeraw(&t);
	cfsetspeed(&t, B115200);
	tcsetattr(fd, TCSANOW, &t);
}

static pid_t start(int port, int tty)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setsid();
	if (tty) {
		ioctl(port, TIOCSCTTY, 1);
		dup2(port, 0);
	} else {
		dup2(open("/dev/null", O_RDONLY), 0);
	}
	dup2(port, 1);
	dup2(port, 2);
	close(port);
	execl("/bin/sh", "sh", "/vm/run", NULL);
	perror("init: /bin/sh");
	_exit(127);
}

/* Reaps whatever ends until @pid does; everybody's orphans come here. */
static int wait_for(pid_t pid)
{
	int status;

	for (;;) {
		pid_t done = waitpid(-1, &status, 0);

		if (done < 0 && errno == ECHILD)
			return 127;
		if (done == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) :
						   128 + WTERMSIG(status);
	}
}

static int open_port(const char *name)
{
	int fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		perror(name);
		reboot(RB_AUTOBOOT);
	}
	return fd;
}

int main(void)
{
	int tty, port, runner, status;

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mount_all();
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "vt100", 1);
	klogctl(8, NULL, 8);	/* from here on every message to the console */

	tty = !access("/vm/tty", F_OK);
	port = open_port("/dev/ttyS1");
	runner = tty ? open_port("/dev/ttyS2") : port;
	make_raw(runner);
	dprintf(runner, "@@vm start\n");
	status = wait_for(start(port, tty));
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	tcdrain(port);
	dprintf(runner, "\n@@vm exit %d\n", status);
	tcdrain(runner);
	sync();
	reboot(RB_AUTOBOOT);
	return 0;
}
