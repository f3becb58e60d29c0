# SPDX-License-Identifier: GPL-2.0-only
#
# The results of KUnit are in the kernel log: the runner reads them there.

. /vm/guest/lib.sh

load_kunit() { insmod /vm/mod/keyrings_kunit.ko; }

begin
[ ! -e /vm/mod/kunit.ko ] || insmod /vm/mod/kunit.ko || exit 1
for n in 1 2; do
	round $n
	check "load $n" load_kunit
	check "unload $n" rmmod keyrings_kunit
done
[ ! -e /vm/mod/kunit.ko ] || rmmod kunit
finish
