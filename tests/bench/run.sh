#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# make bench: instructions per operation, the built-in key service beside
# keyrings.ko in one boot of a stock kernel. Environment:
#
#   KERNELS="6.12"    series of stock kernels; "6.1 6.12" for both
#   SEEDS="1 2 3"     one boot each; the table shows medians
#   FILTER=           only rows whose name contains this
#   ROUNDS=           rounds a row; the mean of their middle half is taken
#   TIMEOUT=900       seconds for a boot
#   MODULE=           a built keyrings.ko; "none": the built-in twice, which
#                     shows how far figures are noise
#
# The table goes to standard output and, if all rows are in it, also to
# build/bench/<release>.txt. Times never make this fail; memory does, where ours
# takes more than the built-in's (table.awk), and so does a run that could not be
# finished, which leaves its logs in build/bench/.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
vm=$top/tests/vm
out=$top/build/bench

KERNELS=${KERNELS:-6.12}
SEEDS=${SEEDS:-1 2 3}
FILTER=${FILTER-}
ROUNDS=${ROUNDS-}
MODULE=${MODULE-}
TIMEOUT=${TIMEOUT:-900}

say() { echo "bench: $*" >&2; }

compile() {
	"$vm/fetch.sh" tools build vm
	mkdir -p "$out"
	work=$(mktemp -d "$out/run.XXXXXX")
	"${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra \
		-Wno-missing-field-initializers -static \
		-o "$work/bench" "$here"/*.c
}

commit() {
	git -C "$top" describe --always --dirty 2>/dev/null || echo unknown
}

# measure SERIES MODULE SEED ROWS: one boot. mitigations=auto is what a stock
# system has, whatever else the machines of the tests are booted with.
measure() {
	series=$1 module=$2 seed=$3 rows=$4
	args="--seed $seed${FILTER:+ --filter $FILTER}${ROUNDS:+ --rounds $ROUNDS}"
	set -- --kernel "$series" --icount --seed "$seed" --mem 1024 \
		--append mitigations=auto --timeout "$TIMEOUT" \
		--keep "$work/log-$series-$seed" \
		--add "$work/bench:/bench/bench" \
		--add "$here/guest.sh:/bench/guest.sh" \
		--cmd "/bench/guest.sh $args"
	[ "$module" = none ] || set -- "$@" --add "$module:/bench/keyrings.ko"
	if ! "$vm/run.sh" "$@" >"$rows"; then
		tail -n 20 "$rows" >&2
		say "the run is broken; its output is $rows"
		exit 1
	fi
}

# table RELEASE MODULE ROWS...
table() {
	case $2 in
	none)	echo "kernel $1 beside itself, seeds: $SEEDS" ;;
	*)	echo "kernel $1, keyrings $(commit), seeds: $SEEDS" ;;
	esac
	echo "instructions an operation, less is better"
	echo
	shift 2
	awk -f "$here/table.awk" "$@"
}

bench() {
	ko=${MODULE:-$("$vm/build.sh" -k "$1" module)}
	release=$("$vm/fetch.sh" release "$1")
	files=
	for s in $SEEDS; do
		say "$release, seed $s"
		measure "$1" "$ko" "$s" "$work/rows-$1-$s"
		files="$files $work/rows-$1-$s"
	done
	# shellcheck disable=SC2086
	table "$release" "$ko" $files >"$work/table" || heavy="$heavy $release"
	cat "$work/table"
	[ "$FILTER" ] || [ "$ko" = none ] || mv "$work/table" "$out/$release.txt"
}

compile
heavy=
for k in $KERNELS; do
	bench "$k"
done
rm -r "$work"
[ ! "$heavy" ] || { say "more memory than the built-in's on$heavy"; exit 1; }
