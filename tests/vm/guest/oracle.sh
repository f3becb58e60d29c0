# SPDX-License-Identifier: GPL-2.0-only
#
# oracle.sh [SEED]: the scenarios and random calls, first on the built-in
# service, then on the module's in the same boot; twice, with the other half of
# the scenarios and other seeds, after an unload.  A SEED (soak) replaces the
# fixed ones.

. /vm/guest/lib.sh

oracle=/vm/t/oracle
table=/vm/t/differences.tbl
episodes=${EPISODES:-25}
steps=${STEPS:-200}
out=/tmp/oracle
mkdir -p $out

# An expedited grace period is a hundred times shorter in a machine that idles.
echo 1 >/sys/kernel/rcu_expedited

run() {		# run SIDE ROUND SEED: each round has users of its own
	$oracle scenarios $(($2 * 100000)) "$2" >$out/$1.scenarios &&
		$oracle random $(($2 * 100000 + 50000)) "$3" "$episodes" "$steps" >$out/$1.random
}

prog() {	# prog NAME COMMAND...
	echo "@@prog $1"
	name=$1
	shift
	"$@"
	status=$?
	echo
	echo "@@done $name $status"
}

judge() {	# judge KIND
	"$oracle" compare $out/built-in.$1 $out/ours.$1 $table $out/used
}

ends_well() {	# every transcript ends as its last section does, and nothing is amiss
	! grep -h '^!!' $out/*.scenarios $out/*.random
}

begin
for n in 1 2; do
	round $n
	seed=$((${1:-0} + n * 1000))
	check "the built-in service answers $n" run built-in $n "$seed"
	check "load $n" load || exit 1
	check "the module answers $n" run ours $n "$seed"
	check "unload $n" unload || exit 1
	check "the transcripts are whole $n" ends_well
	prog scenarios judge scenarios
	prog random judge random
done
check "every row of the table of differences is needed" $oracle used $table $out/used
finish
