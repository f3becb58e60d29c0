# SPDX-License-Identifier: GPL-2.0-only
#
# selftests.sh [LIST [ROUNDS]]: runs the programs of a list on the module, unloads it, looks
# for anything left behind, loads it again and runs them again.

. /vm/guest/lib.sh
list=/vm/t/${1:-LIST}

mkdir -p /vm/t
begin
for n in $(seq "${2:-2}"); do
	round $n
	check "load $n" load || exit 1
	run_list "$list"
	[ -e $LIVEPATCH ] || check "load again" load || exit 1
	check "unload $n" unload || exit 1
	check "nothing left after unload $n" nothing_left
	# Users of programs that load it themselves have persistent keyrings of both services.
	[ "$1" = LIST.loads ] ||
		check "no keys left in the built-in service after unload $n" builtin_keys_gone
done
finish
