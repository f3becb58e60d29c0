# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the programs of a list on the built-in service; the module is not even in the
# machine. What they print is judged by judge.awk: a test that is to fail here passes
# by failing.

. /vm/guest/lib.sh

# Only the log differs (Documentation/userspace-api/differences.rst): here it has a warning,
# at which the machine stops.
LEFT_OUT="-T ours_blacklist_is_refused_in_silence"

judged() {	# judged PROGRAM: as TAP; bad if a test surprises, or some are missing
	# shellcheck disable=SC2046
	on_builtin "$1" $([ "$1" != test_ours ] || echo "$LEFT_OUT") >/tmp/builtin
	status=$?
	awk -v tap=1 -f /vm/t/judge.awk /tmp/builtin && [ $status -lt 128 ]
}

round 1
while read -r program; do
	prog "$program" judged "$program"
done <"/vm/t/${1:-LIST}"
check "the module has never been here" [ ! -e /sys/module/keyrings ]
