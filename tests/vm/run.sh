#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Run a command, or a shell, in a stock Debian kernel or one of kernel.sh
# (6.12-debug) under QEMU:
#
#   tests/vm/run.sh --kernel 6.1 --cmd 'uname -r; cat /proc/keys'
#   tests/vm/run.sh --module keyrings.ko --add ./prog:/bin/prog --cmd 'prog 1 2'
#   tests/vm/run.sh --module keyrings.ko --shell
#
#   --kernel 6.1|6.12|6.12-debug|... (6.12)
#   --smp N (2)   --mem MIB (512)   --timeout S (120)
#   --icount [--seed N]  instruction-exact, one CPU    --append 'kernel args'
#   --module KO          insmod before the command, wait for its livepatch
#   --add FILE:DEST      file or folder into the guest, with a program's libraries
#   --keep DIR           keep the logs "console" and "results" in DIR
#   --console            print the kernel's console on stderr at the end
#
# In the guest: busybox, keyctl, users alice (1000) and bob (1001)
# (`setuidgid alice CMD`).  Prints what the command writes; exit status is the
# command's, or 124 timeout, 125 machine never came up, 126 kernel died.

set -eu
here=$(dirname "$0")
[ -x /usr/bin/python3 ] || "$here/fetch.sh" tools build
exec /usr/bin/python3 -B "$here/run.py" "$@"
