# SPDX-License-Identifier: GPL-2.0-only
#
# load-cycle.sh [CYCLES [WARM_UP]]: load and unload, again and again, while users
# log in and out, use keys, call helpers, fork and execute: tests/selftests/workload.c
# says what they do, and who was harmed. Memory is measured after the first WARM_UP
# cycles and at the end, with everybody at rest: it must have returned to where it was.

. /vm/guest/lib.sh

CYCLES=${1:-6}
WARM_UP=${2:-2}
ERA=/tmp/era
HARM=/tmp/harm
PATIENCE=${ERA_PATIENCE:-600}	# seconds until everybody has done some work

# era WORDS: what time it is; returns when each worker has done its work in it.
era() {
	echo "$*" >$ERA
	until_true "$PATIENCE" seen "$*" && return
	echo "not everybody has seen: $*"
	cat $ERA.seen $HARM
	return 1
}

seen() { [ "$(cat $ERA.seen 2>/dev/null)" = "$1" ]; }

# Those who could be told of now; what they wrote is shown.
nobody_harmed() {
	cat $HARM
	[ ! -s $HARM ]
}

# What nobody asks for again: caches of the file systems, free objects of the slab.
give_back() {
	echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$cache"
	done
}

# KiB that are not free and not the contents of files. Pages that a CPU keeps at
# hand are free, too.
kib_used() {
	awk '
		/^MemTotal:/ { used += $2 }
		/^(MemFree|Cached|Buffers):/ { used -= $2 }
		$1 == "count:" { used -= 4 * $2 }
		END { print used }' /proc/meminfo /proc/zoneinfo
}

# slabs FILE: of each cache the objects in use, the least that this or an earlier look has seen,
# and how many two of its slabs have.
slabs() {
	awk '
		FILENAME != "/proc/slabinfo" { least[$1] = $2; next }
		FNR > 2 { print $1, $1 in least && least[$1] < $2 ? least[$1] : $2, 2 * $5 }
	' "$1" /proc/slabinfo >"$1.now"
	mv "$1.now" "$1"
}

# measure NAME [BEFORE]: memory and objects in use now, the least of three looks, or of as
# many, up to thirty, as it takes to see what there was when BEFORE was measured.
measure() {
	era "pause $1" || return 1
	least= look=0
	: >"/tmp/slabs.$1"
	while [ $look -lt 3 ] || { [ $look -lt 30 ] && [ "$2" ] && ! returned "$2" "$1"; }; do
		look=$((look + 1))
		sleep 1
		give_back
		used=$(kib_used)
		[ "$least" ] && [ "$least" -le "$used" ] || least=$used
		echo "$least" >"/tmp/used.$1"
		slabs "/tmp/slabs.$1"
	done
	echo "# after cycle $1: $least KiB in use, $look looks"
}

# Nothing may be left of a cycle, not even a page: that is the bound, with what one
# look differs from the next by besides.  In a few cycles that is most of it; what is
# small and lost each time shows in many (make load-soak).
most_kib() {
	echo $(($(cat "/tmp/used.$1") + 4 * ($2 - $1) - 4 + NOISE_KIB))
}

# returned BEFORE NOW: both of what follows
returned() {
	memory_returns "$@" >/dev/null && objects_return "$@" >/dev/null
}

memory_returns() {
	grown=$(($(cat "/tmp/used.$2") - $(cat "/tmp/used.$1")))
	echo "# $grown KiB more in use than $(($2 - $1)) cycles before"
	[ "$(cat "/tmp/used.$2")" -le "$(most_kib "$1" "$2")" ]
}

# Nor an object that a reference could be lost of. A slab that a CPU works with counts
# as full, so that fewer objects than two slabs have say nothing; and what there are
# of others, like dentries, depends on who has looked at which file when.
objects_return() {
	awk -v cycles=$(($2 - $1)) '
		$1 !~ /^(key_jar|cred_jar|uid_cache|task_struct|signal_cache|pid)$/ &&
		$1 !~ /^(user_namespace|net_namespace|nsproxy|shmem_inode_cache)$/ { next }
		NR == FNR { before[$1] = $2; next }
		$2 - before[$1] >= cycles && $2 - before[$1] > $3 {
			printf "%s: %d more\n", $1, $2 - before[$1]
			bad = 1
		}
		END { exit bad }' "/tmp/slabs.$1" "/tmp/slabs.$2"
}
NOISE_KIB=512

# Who serves when the module does not.
without=none
[ ! -e /proc/keys ] || without=builtin

cycle() {
	echo "change $1" >$ERA
	check "load $1" load || return 1
	check "root has a row in /proc/key-users $1" grep -q '^ *0: ' /proc/key-users
	check "used $1" era "module $1" || return 1
	echo "change $1" >$ERA
	check "unload $1" unload || return 1
	check "used no more $1" era "$without $1" || return 1
	check "nothing left $1" nothing_left
	check "nobody is harmed $1" nobody_harmed
}

# The built-in service gives quota back some time after a key has gone.
for limit in maxkeys maxbytes; do
	[ ! -e /proc/sys/kernel/keys/$limit ] || echo 10000000 >/proc/sys/kernel/keys/$limit
done
begin
echo "$without 0" >$ERA
/vm/t/workload $ERA >$HARM &
work=$!
round 1
check "everybody works" era "$without 0" || exit 1
n=0
while [ $n -lt "$CYCLES" ]; do
	n=$((n + 1))
	cycle $n || exit 1
	if [ $n = "$CYCLES" ]; then
		measure $n "$WARM_UP" || exit 1
	elif [ $n = "$WARM_UP" ] || [ $((n % 10)) = 0 ]; then
		measure $n || exit 1
	fi
done
echo end >$ERA
wait $work
status=$?
cat $HARM
check "everybody comes home" [ $status = 0 ]
# What kmemleak and KASAN keep moves with each look.
if [ ! -e $KMEMLEAK ]; then
	check "memory returns" memory_returns "$WARM_UP" "$CYCLES"
	check "objects return" objects_return "$WARM_UP" "$CYCLES"
	memory_returns "$WARM_UP" "$CYCLES"
fi
finish
