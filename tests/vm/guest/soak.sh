# SPDX-License-Identifier: GPL-2.0-only
#
# soak.sh SEED EPISODES STEPS: random sequences from this seed on, first on the
# built-in service, then on the module's. Prints TAP.

. /vm/guest/lib.sh
. /vm/guest/oracle.inc.sh

stock || exit 1
$oracle random 100000 "$1" "$2" "$3" >$out/built-in.random || exit 1
load || exit 1
$oracle random 100000 "$1" "$2" "$3" >$out/ours.random || exit 1
unload || exit 1
grep -h '^!!' $out/*.random && exit 1
judge_random "$3"
