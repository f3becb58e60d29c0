/* SPDX-License-Identifier: GPL-2.0-only */
/* Room types: the key types of the module's own, one file each. */
#ifndef KEYRINGS_TYPES_H
#define KEYRINGS_TYPES_H

/**
 * kr_types_init() - register the types
 *
 * Return: 0 or -EEXIST.
 */
int kr_types_init(void);

/**
 * kr_types_exit() - unregister them
 *
 * No key is left.
 */
void kr_types_exit(void);

#endif /* KEYRINGS_TYPES_H */
