/* SPDX-License-Identifier: GPL-2.0-only */
/* The network of a machine that has none: 127.0.0.1 answers. */
#ifndef INKERNEL_LOOPBACK_H
#define INKERNEL_LOOPBACK_H

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "actors.h"

static inline void loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo))
		stage_broken("lo: %d", errno);
	close(fd);
}

#endif /* INKERNEL_LOOPBACK_H */
