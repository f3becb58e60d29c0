#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# kerneldoc.sh TREE KERNEL-DOC: the kernel-doc comments of the rooms' headers
# are complete.  KERNEL-DOC is the kernel's own script.

set -eu
out=$(perl "$2" -none -Wall "$1"/include/keyrings/*.h 2>&1) || true
out=$(printf '%s' "$out" | grep -E 'warning:|error:|Error' || true)
[ -z "$out" ] || { echo "$out"; exit 1; }
