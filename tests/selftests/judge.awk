# SPDX-License-Identifier: GPL-2.0-only
#
# Judge a run of the selftests on the kernel's built-in key service.
#
#	awk -f judge.awk results.tap
#
# (PATIENCE_MS=5000 in the environment of the tests saves time there.)
#
# There every test must pass, except those whose name begins with "ours_": they
# expect what the built-in service does not do, and must fail, which proves that
# they can. Prints one line for each test that did otherwise and a closing line;
# the exit status is 0 when there was none.

/^(not )?ok / {
	name = $0
	sub(/^(not )?ok [0-9]+ (- )?/, "", name)
	sub(/ *# .*/, "", name)
	passed = $1 == "ok"
	ours = name ~ /(^|\.)ours_[^.]*$/

	if ($0 ~ /# SKIP/) {
		skipped++
		print "skipped: " $0
	} else if (ours && passed) {
		surprises++
		print "passes on the built-in service: " name
	} else if (!ours && !passed) {
		surprises++
		print "fails on the built-in service: " name
	} else if (ours) {
		differing++
	} else {
		common++
	}
}

END {
	printf "%d common passed, %d ours_ failed as they must, ", common, differing
	printf "%d surprises, %d skipped\n", surprises, skipped
	exit surprises > 0
}
