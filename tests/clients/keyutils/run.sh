#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs keyutils' own test groups, each a test here.  Its parts are the groups
# that match the words given, all of them by default.
#
# A group that finds something missing and skips itself is a skipped test,
# and so is one in the list of known failures of the built-in, skip.txt, or one
# that does not ask for what it needs.

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.inc.sh"

# skipped GROUP: why, if it is in the list.
skipped() {
	sed -n "s,^$1[[:space:]][[:space:]]*,,p" "$here/skip.txt"
}

# lacking GROUP: what the kernel has not, if the group needs it and does not ask.
lacking() {
	[ "$1" != keyctl/restrict/valid ] || grep -qw key_type_asymmetric /proc/kallsyms ||
		echo "for lack of the type asymmetric"
}

# A group writes its progress to test.out and what it complains of there, too.
run_group() {
	why=$(skipped "$1"; lacking "$1")
	if [ "$why" ]; then
		n=$((n + 1))
		echo "ok $n - $1 # SKIP $why"
		return
	fi
	cd "$here/tests/$1" || exit
	rm -f test.out
	began=$(date +%s)
	timeout $((${PATIENCE_MS:-90000} / 1000)) bash ./runtest.sh >/tmp/group.log 2>&1 </dev/null
	status=$?
	echo "# $(($(date +%s) - began)) s"
	why=$(sed -n 's/^+++ \(SKIP.*\)/\1/p' test.out | head -n 1)
	if [ $status = 0 ] && [ "$why" ]; then
		n=$((n + 1))
		echo "ok $n - $1 # SKIP $why"
		return
	fi
	if [ $status != 0 ]; then
		echo "# exit status $status"
		grep -B 12 -m 1 '^=== FAILED ===' test.out | sed 's/^/# /' | cut -c 1-200
		tail -n 3 /tmp/group.log | sed 's/^/# /' | cut -c 1-200
	fi
	result $status "$1"
}

cd "$here/tests" || exit
for group in $(find . -name runtest.sh | sed -n 's,^\./\(.*\)/runtest.sh$,\1,p' | sort); do
	for word in ${*:-/}; do
		case $group in
		*"$word"*) run_group "$group" ;;
		esac
	done
done
finish
