# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the programs of a list, which let the kernel use keys: first on the
# built-in subsystem, where every test must pass but those that describe what it
# does not do (judge.awk), then, as in selftests.sh, twice on the module.

. /vm/guest/lib.sh
list=/vm/t/${1:-LIST}

builtin() {	# builtin PROGRAM
	on_builtin "$1" >/tmp/builtin
	awk -f /vm/t/judge.awk /tmp/builtin || { cat /tmp/builtin; return 1; }
}

ln -sf /vm/t/helper /sbin/request-key
check "modules of the kernel" stock || exit 1
check "the user of keys in the kernel" insmod /vm/mod/kr_inkernel.ko || exit 1
while read -r prog; do
	check "the built-in subsystem: $prog" builtin "$prog"
done <"$list"
begin
for n in 1 2; do
	round $n
	check "load $n" load || exit 1
	run_list "$list"
	[ -e $LIVEPATCH ] || check "load again" load || exit 1
	check "unload $n" unload || exit 1
	check "nothing left after unload $n" nothing_left
	check "no keys left in the built-in service after unload $n" builtin_keys_gone
done
finish
