#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [-k SERIES]: build keyrings.ko and show what it does, in a virtual
# machine with a stock Debian kernel.  This is `make run`.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
series=6.12
[ "${1-}" = -k ] && series=$2

"$here/../vm/fetch.sh" tools build vm
echo "Building keyrings.ko for Debian's stock kernel, series $series ..."
ko=$("$here/../vm/build.sh" -k "$series" module)
"$here/../vm/fetch.sh" image "$series" >/dev/null
echo "Starting that kernel in QEMU; this takes some seconds ..."
exec /usr/bin/python3 -B "$here/run.py" "$series" "$ko"
