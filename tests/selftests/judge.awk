# SPDX-License-Identifier: GPL-2.0-only
#
# Judge a run of the selftests on the kernel's built-in key service.
#
#	awk [-v tap=1] -f judge.awk results.tap
#
# There every test must pass, except those whose name begins with "ours_": they
# expect what the built-in service does not do, and must fail, which proves that
# they can. Prints one line for each test that did otherwise and a closing line;
# with tap, all that came, each result turned into that of the judgement. The
# exit status is 0 when there was no surprise and as many results as planned.

/^1\.\.[0-9]+/ {
	planned += substr($1, 4)
}

/^(not )?ok / {
	name = $0
	sub(/^(not )?ok [0-9]+ (- )?/, "", name)
	sub(/ *# .*/, "", name)
	passed = $1 == "ok"
	ours = name ~ /(^|\.)ours_[^.]*$/
	seen++

	if ($0 ~ /# SKIP/) {
		skipped++
		say("skipped: " $0)
	} else if (ours && passed) {
		surprises++
		say("passes on the built-in service: " name)
		$0 = "not " $0
	} else if (!ours && !passed) {
		surprises++
		say("fails on the built-in service: " name)
	} else if (ours) {
		differing++
		sub(/^not /, "")
	} else {
		common++
	}
}

tap {
	print
}

END {
	if (!planned || seen != planned)
		say(seen + 0 " results where " planned + 0 " were planned")
	say(sprintf("%d common passed, %d ours_ failed as they must, %d surprises, %d skipped", \
		    common, differing, surprises, skipped))
	exit surprises > 0 || !planned || seen != planned
}

function say(what)
{
	print (tap ? "# " : "") what
}
