# SPDX-License-Identifier: GPL-2.0-only
#
# For the run.sh of a client, in the guest: results as TAP.

n=0
failures=0

# result STATUS NAME: one test.
result() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		failures=$((failures + 1))
		echo "not ok $n - $2"
	fi
}

# expect NAME COMMAND...: it is to succeed; a bad one says what it saw.
expect() {
	name=$1
	shift
	saw=$("$@" 2>&1)
	status=$?
	[ $status = 0 ] || echo "$saw" | sed 's/^/# /'
	result $status "$name"
}

# refuse NAME COMMAND...: it is to fail.
refuse() {
	name=$1
	shift
	if saw=$("$@" 2>&1); then
		echo "$saw" | sed 's/^/# /'
		result 1 "$name"
	else
		result 0 "$name"
	fi
}

finish() {
	[ $failures = 0 ]
	exit
}
