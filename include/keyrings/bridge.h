/* SPDX-License-Identifier: GPL-2.0-only */
/* Room bridge: meeting the built-in subsystem, where the kernel has it. */
#ifndef KEYRINGS_BRIDGE_H
#define KEYRINGS_BRIDGE_H

/**
 * kr_bridge_init() - let new keys avoid the serials of the built-in subsystem
 *
 * Return: 0.
 */
int kr_bridge_init(void);

/**
 * kr_bridge_exit() - leave nothing
 */
void kr_bridge_exit(void);

#endif /* KEYRINGS_BRIDGE_H */
