#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A bounded number of rounds of stress-ng's key stressor, alone and four at a
# time, as root and as a user with a quota.

. "$(dirname "$0")/../lib.inc.sh"

cd /tmp || exit
stress() { stress-ng --temp-path /tmp --key "$1" --key-ops "$2" --timeout 60 --verify; }

expect "one" stress 1 200
expect "four at a time" stress 4 400
chmod 1777 /tmp
expect "one, user" setuidgid alice stress-ng --temp-path /tmp --key 1 --key-ops 200 --timeout 60 --verify
expect "four, user" setuidgid alice stress-ng --temp-path /tmp --key 4 --key-ops 400 --timeout 60 --verify
finish
