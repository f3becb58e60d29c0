#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest: the benchmark on the built-in key service, and in the same
# boot again on keyrings.ko if it lies beside this script. A line "@ side"
# opens each side's rows. Arguments go to the benchmark.

cd "$(dirname "$0")" || exit 1

echo "@ built-in"
./bench "$@" || exit 1

if [ ! -e keyrings.ko ]; then
	echo "@ again"
	exec ./bench "$@"
fi

patch=/sys/kernel/livepatch/keyrings
insmod keyrings.ko || { dmesg | tail -n 20; exit 1; }
tries=0
while [ "$(cat $patch/transition)" != 0 ]; do
	tries=$((tries + 1))
	if [ $tries -gt 600 ]; then
		echo "keyrings.ko has not taken over after a minute"
		exit 1
	fi
	usleep 100000
done

echo "@ keyrings"
exec ./bench "$@"
