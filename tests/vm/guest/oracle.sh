# SPDX-License-Identifier: GPL-2.0-only
#
# oracle.sh: the scenarios and random calls, first on the built-in service, then
# on the module's in the same boot; twice, with the other half of the scenarios
# and other seeds, after an unload.

. /vm/guest/lib.sh
. /vm/guest/oracle.inc.sh

episodes=${EPISODES:-40}
steps=${STEPS:-350}

run() {		# run SIDE ROUND SEED: each round has users of its own
	$oracle scenarios $(($2 * 100000)) "$2" >$out/$1.scenarios &&
		$oracle random $(($2 * 100000 + 50000)) "$3" "$episodes" "$steps" >$out/$1.random
}

judge_scenarios() {
	$oracle compare $out/built-in.scenarios $out/ours.scenarios $table $out/used
}

are_many() {	# twenty thousand calls in both rounds
	[ "$(sed -n 's/^# \([0-9]*\) calls .*/\1/p' $out/tap)" -ge 10000 ]
}

ends_well() {	# every transcript ends as its last section does, and nothing is amiss
	! grep -h '^!!' $out/*.scenarios $out/*.random
}

needed() {	# a kernel with a big_key of its own says so, as ours does; not all have psk
	grep -q 'CAPABILITIES(.* ".ff' $out/built-in.random &&
		echo capabilities >>$out/used
	grep -q ' nvme_tls_psk_key_type' /proc/kallsyms || echo unmade-row >>$out/used
	$oracle used $table $out/used
}

check "modules of the kernel" stock || exit 1
begin
for n in 1 2; do
	round $n
	check "the built-in service answers $n" run built-in $n $((n * 1000))
	check "load $n" load || exit 1
	check "the module answers $n" run ours $n $((n * 1000))
	check "unload $n" unload || exit 1
	check "the transcripts are whole $n" ends_well
	prog scenarios judge_scenarios
	prog random judge_random "$steps"
	check "ten thousand random calls were compared $n" are_many
done
check "every row of the table of differences is needed" needed
finish
