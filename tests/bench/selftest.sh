#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# table.awk judged by rows that are made up here: when it fails, and when not.

here=$(cd "$(dirname "$0")" && pwd)
failed=0

# table ROW BUILT-IN OURS...: one seed for each pair of figures
table() {
	row=$1
	shift
	while [ $# -gt 0 ]; do
		printf '@ built-in\n%s %s unit\n@ keyrings\n%s %s unit\n' "$row" "$1" "$row" "$2"
		shift 2
	done | awk -f "$here/table.awk"
}

# ends STATUS NAME ROW FIGURES...
ends() {
	want=$1 name=$2
	shift 2
	if table "$@" >/dev/null; [ $? = "$want" ]; then
		echo "ok bench: $name"
	else
		echo "not ok bench: $name"
		failed=1
	fi
}

ends 0 "less memory" mem.link 40 13
ends 0 "as much memory" mem.process 38052 38060
ends 1 "more memory" mem.link 40 41
ends 1 "more memory with every seed" mem.link 40 41 40 44
ends 0 "more memory with one seed of two" mem.link 40 39 40 44
ends 0 "more instructions" crud.read 100 200
exit $failed
