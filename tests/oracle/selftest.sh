#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# selftest.sh FOLDER: the oracle judges transcripts that are made up here, and
# finds in one of them the three steps of sixty that its difference takes. Prints
# "ok NAME" or "not ok NAME".

set -eu
cd "$(dirname "$0")"
make -s OUT="$1"
oracle=$1/oracle
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
status=0

check() {	# check NAME COMMAND...
	name=$1
	shift
	if "$@" >"$dir/said" 2>&1; then
		echo "ok $name"
	else
		cat "$dir/said"
		echo "not ok $name"
		status=1
	fi
}

# The services differ in step 40, if steps 5 and 17 were done.
transcript() {	# transcript SIDE NAME MASK
	awk -v side="$1" -v name="$2" -v mask="$3" '
		function done(n) { return substr(mask, n + 1, 1) == "+" }
		BEGIN {
			print "== " name
			for (i = 0; i < length(mask); i++)
				if (done(i))
					printf "#%d W1 READ(K%d, ok, 4) = %s\n", i, i, side == "ours" &&
						i == 40 && done(5) && done(17) ? "EPERM" : 0
		}'
}

tries() {
	for side in built-in ours; do
		n=0
		while read -r mask; do
			transcript $side "random 7 try $n" "$mask"
			n=$((n + 1))
		done <"$dir/tries" >"$dir/$side"
	done
}

is_shortest() {
	for side in built-in ours; do
		transcript $side "random 7" "$all" >"$dir/$side"
	done
	rounds=0
	while [ $rounds -lt 60 ] && "$oracle" shorten "$dir" "$dir/empty" 7 60; do
		tries
		rounds=$((rounds + 1))
	done
	diff - "$dir/shortest" <<-EOF
	         #5 W1 READ(K5, ok, 4) = 0
	         #17 W1 READ(K17, ok, 4) = 0
	built-in #40 W1 READ(K40, ok, 4) = 0
	ours     #40 W1 READ(K40, ok, 4) = EPERM
	EOF
}

judges() {	# judges TABLE
	transcript built-in "random 7" "$all" >"$dir/built-in"
	transcript ours "random 7" "$all" >"$dir/ours"
	"$oracle" compare "$dir/built-in" "$dir/ours" "$dir/$1" "$dir/used"
}

fails() { ! "$@"; }

all=$(printf '%060d' 0 | tr 0 +)
: >"$dir/empty"
echo "same   | random* | * READ(* | 0 | ENOENT or EPERM | goes on | here" >"$dir/row"
echo "other  | random* | * READ(* | 0 | ENOENT or EACCES | goes on | here" >"$dir/other"
check "a difference without a row is found" fails judges empty
check "a row for another result does not cover it" fails judges other
check "a row for it does" judges row
check "the shortest sequence is found" is_shortest
exit $status
