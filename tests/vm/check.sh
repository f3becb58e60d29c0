#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# check.sh all | NAME...: what `make check` does, or a part of it.  See
# check.py for the names and for what counts as passed.
#
#   KERNELS=6.1   on one kernel only        JOBS=1   one machine at a time
#   ACCEPT=1      take the number of tests seen for the expected one

set -eu
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL
here=$(dirname "$0")
"$here/fetch.sh" tools build vm check
exec /usr/bin/python3 -B "$here/check.py" "$@"
