#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Does every test exist that the table of promises names?
#
#	promises.sh [table.rst]
#
# A test is written ``fixture.test`` or ``fixture.*.test``; it exists if a program
# in this folder has a TEST_F() of that fixture and name.

here=$(dirname "$0")
table=${1:-$here/../../Documentation/userspace-api/manpage-promises.rst}

have=$(cat "$here"/*.c |
	sed -n 's/^TEST_F\(_TIMEOUT\)\?(\([a-z0-9_]*\), \([a-z0-9_]*\)[,)].*/\2.\3/p')
named=$(grep -o '``[a-z_]*\(\.\*\)\?\.[a-z0-9_]*``' "$table" |
	sed 's/`//g; s/\.\*//' | grep -v '^fixture\.' | sort -u)

missing=0
for test in $named; do
	if ! echo "$have" | grep -qx "$test"; then
		echo "no such test: $test"
		missing=$((missing + 1))
	fi
done
echo "$(echo "$named" | wc -l) tests named, $missing missing"
[ "$missing" = 0 ] && [ -n "$named" ]
