# SPDX-License-Identifier: GPL-2.0-only
#
# fuzz.sh: random and hostile calls on the module, twice, then while it comes and goes.
#
#   CALLS    in each round                  SEED     of the first round
#   BATCH    VARIANT:SEED: only this player, alone, as often as CALLS says
#   CYCLES   how often the module comes and goes

. /vm/guest/lib.sh

fuzz=/vm/t/fuzz
calls=${CALLS:-50000} seed=${SEED:-1} cycles=${CYCLES:-4}

# The seeds of all players are to be in the log.
echo on >/proc/sys/kernel/printk_devkmsg

# Where copies from and to user space fail, no sequence of the C library's may be one.
export GLIBC_TUNABLES=glibc.pthread.rseq=0

# Allocations fail where the fuzzer says so, and in silence.
for f in failslab fail_page_alloc fail_usercopy; do
	[ ! -e /sys/kernel/debug/$f ] || echo 0 >/sys/kernel/debug/$f/verbose
done
[ ! -e /sys/kernel/debug/failslab ] || echo N >/sys/kernel/debug/failslab/ignore-gfp-wait

load_with_helper() {
	load && echo /vm/t/helper >/sys/module/keyrings/parameters/helper
}

# used: calls have begun and ended since now.  The first line may be of older ones.
used() {
	lines=$(grep -c "so far" /tmp/load)
	until_true 120 used_since
}

used_since() { [ "$(grep -c "so far" /tmp/load)" -ge $((lines + 2)) ]; }

come_and_go() {
	$fuzz load 300000 "$seed" >/tmp/load 2>&1 &
	pid=$!
	used
	status=$?
	n=0
	while [ $n -lt "$cycles" ] && [ $status = 0 ]; do
		n=$((n + 1))
		load_with_helper && used && sleep 1 && unload
		status=$?
		sleep 0.5
	done
	kill $pid
	wait $pid && [ $status = 0 ]
	status=$?
	grep -v "so far" /tmp/load
	return $status
}

if [ "$BATCH" ]; then
	load_with_helper
	n=0
	while [ $n -lt "${CALLS:-1}" ]; do
		n=$((n + 1))
		$fuzz player $((100000 + 10 * n)) "${BATCH%%:*}" "${BATCH#*:}" || exit 1
	done
	unload
	exit
fi

begin
ln -sf /vm/t/helper /sbin/request-key
for n in 1 2; do
	round $n
	check "load $n" load_with_helper || exit 1
	prog fuzz $fuzz $((100000 * n)) $((seed + n - 1)) "$calls"
	check "unload $n" unload || exit 1
	check "nothing left after unload $n" nothing_left
done
check "calls go on while the module comes and goes" come_and_go
[ ! -e $LIVEPATCH ] || check "unload" unload
finish
