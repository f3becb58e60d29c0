#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A bounded number of rounds of stress-ng's key stressor, alone and four at a
# time, as root and as a user with a quota.

. "$(dirname "$0")/../lib.inc.sh"

cd /tmp || exit

# It ends well when its stressor cannot do anything, too: what it did is counted.
stress() {	# stress WORKERS OPS [COMMAND...]: what runs it
	workers=$1 ops=$2
	shift 2
	said=$("$@" stress-ng --temp-path /tmp --key "$workers" --key-ops "$ops" --timeout 60 \
		--verify --metrics-brief 2>&1)
	status=$?
	echo "$said"
	[ $status = 0 ] && echo "$said" | awk '
		{ for (i = 1; i < NF; i++) if ($i == "key" && $(i + 1) > 0) made = 1 }
		END { exit !made }'
}

expect "one" stress 1 200
expect "four at a time" stress 4 400
chmod 1777 /tmp
expect "one, user" stress 1 200 setuidgid alice
expect "four, user" stress 4 400 setuidgid alice
finish
