# SPDX-License-Identifier: GPL-2.0-only
#
# Sends the counts of lines that the kernel keeps, also of modules that are gone,
# by the third serial port.  Files of gcov's have no length before they are read.

gcov=/sys/kernel/debug/gcov
out=/tmp/coverage

mkdir -p $out
(cd $gcov && find . -name '*.gcda') | while read -r f; do
	mkdir -p "$out/${f%/*}"
	cat "$gcov/$f" >"$out/$f"
done
stty -F /dev/ttyS2 raw -echo
tar -C $out -czf - . | base64 >/dev/ttyS2
