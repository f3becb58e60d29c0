#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# soak.sh: random sequences on both services, as many as asked for, from fresh
# seeds or from those that are given:
#
#   SEEDS=200   sequences on each kernel      STEPS=200     steps in each
#   SEED=N      the first seed; without it one that the clock gives
#   KERNELS="6.1 6.12"                        EPISODES=40   sequences in one machine
#
# Prints what differs, with the shortest sequence that shows it, and how many
# calls were compared. Fails when anything differs.

set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
seeds=${SEEDS:-200} steps=${STEPS:-200} episodes=${EPISODES:-40}
first=${SEED:-$(date +%s)}
log=$top/build/log/soak
failed=0
mkdir -p "$log"
stock=$(sed -n '/^\[oracle\]/,/^\[/s/^stock = //p' "$top/tests/vm/suites.ini")
make -s -C "$top/tests/oracle" OUT="$top/build/oracle"

machine() {	# machine KERNEL MODULE SEED COUNT
	"$top/tests/vm/run.sh" --kernel "$1" --smp 1 --timeout $((300 + $4 * 30)) \
		--stock "$stock" --append "rcu_nocbs=all rcutree.enable_rcu_lazy=0" \
		--add "$2:/vm/mod/keyrings.ko" --add "$top/build/oracle:/vm/t" \
		--add "$top/tests/vm/guest:/vm/guest" \
		--cmd "sh /vm/guest/soak.sh $3 $4 $steps" >"$log/$1-$3" 2>&1 </dev/null
}

for kernel in ${KERNELS:-6.1 6.12}; do
	module=$("$top/tests/vm/build.sh" -k "$kernel" module)
	done=0
	while [ $done -lt "$seeds" ]; do
		count=$((seeds - done < episodes ? seeds - done : episodes))
		seed=$((first + done))
		if machine "$kernel" "$module" $seed $count; then
			grep '^# [0-9]* lines' "$log/$kernel-$seed" | sed "s/^#/$kernel, seed $seed:/"
		else
			failed=1
			echo "$kernel, seed $seed and $((count - 1)) more:"
			grep -v '^ok ' "$log/$kernel-$seed" || true
		fi
		done=$((done + count))
	done
done
exit $failed
