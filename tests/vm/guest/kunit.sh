# SPDX-License-Identifier: GPL-2.0-only
#
# The results of KUnit are in the kernel log: the runner reads them there.

. /vm/guest/lib.sh

load_kunit() { insmod /vm/mod/keyrings_kunit.ko; }

inventory >/tmp/inventory.before
insmod /vm/mod/kunit.ko || exit 1
for n in 1 2; do
	round $n
	check "load $n" load_kunit
	check "unload $n" rmmod keyrings_kunit
done
rmmod kunit
check "nothing left" nothing_left
