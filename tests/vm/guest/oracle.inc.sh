# SPDX-License-Identifier: GPL-2.0-only
#
# For oracle.sh and soak.sh, after lib.sh: random sequences on both services,
# and the shortest one that still shows a difference.

oracle=/vm/t/oracle
table=/vm/t/differences.tbl
out=/tmp/oracle
try_uid=400000
mkdir -p $out

# An expedited grace period is a hundred times shorter in a machine that idles.
echo 1 >/sys/kernel/rcu_expedited

tries() {	# tries SEED FOLDER: the candidates, first on the built-in service
	$oracle tries $try_uid "$1" "$2/tries" >"$2/built-in" && load &&
		$oracle tries $try_uid "$1" "$2/tries" >"$2/ours" && unload || return 1
	try_uid=$((try_uid + 16 * ($(wc -l <"$2/tries") + 1)))
}

shorten() {	# shorten SEED STEPS: of the transcripts in $out
	folder="$out/random $1"
	mkdir -p "$folder"
	cp $out/built-in.random "$folder/built-in"
	cp $out/ours.random "$folder/ours"
	rm -f "$folder/state"
	while $oracle shorten "$folder" $table "$1" "$2"; do
		tries "$1" "$folder" || return 1
	done
}

# The module is not loaded. Prints TAP; of the first sequences that differ the
# shortest is looked for.
judge_random() {	# judge_random STEPS
	$oracle compare $out/built-in.random $out/ours.random $table $out/used >$out/tap || {
		sed -n 's/^not ok .* - random //p' $out/tap | head -n 2 | while read -r seed; do
			shorten "$seed" "$1" 2>/dev/null >&2 </dev/null
		done
		$oracle compare $out/built-in.random $out/ours.random $table $out/used $out >$out/tap
	}
	cat $out/tap
	! grep -q '^not ok' $out/tap
}
