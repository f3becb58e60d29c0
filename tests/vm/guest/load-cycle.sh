# SPDX-License-Identifier: GPL-2.0-only
#
# Load and unload, again and again, while users come and go, hold sessions,
# and leave keys, rings and sleeping processes behind at the moment of unload.

. /vm/guest/lib.sh

# Somebody's day, from login to logout, for ever.  The pauses matter: emulated
# processors take turns, and with all of them busy each of the many calls from
# one to the others that a load makes waits for a turn.
worker() {
	while :; do
		setuidgid "$1" keyctl session - sh -c '
			keyctl add user secret hush @s
			keyctl add user secret hush @us
			keyctl show @us
			sleep 0.3
			keyctl purge user' >/dev/null 2>&1
		sleep 0.3
	done
}

begin
worker 1000 &
busy=$!
worker 1001 &
busy="$busy $!"
# A session that is older than the first load and outlives the last unload.
keyctl session old sleep 100000 >/dev/null 2>&1 &
busy="$busy $!"
round 1
n=0
while [ $n -lt "${CYCLES:-6}" ]; do
	n=$((n + 1))
	check "load $n" load || exit 1
	setuidgid 1002 keyctl session "mine$n" sh -c 'keyctl add user left behind @s; exec sleep 30' \
		>/dev/null 2>&1 &
	sleeper=$!
	keyctl add user "left$n" behind @u >/dev/null
	check "in use $n" keyctl show @us
	sleep 0.3
	check "unload $n" unload || exit 1
	kill $sleeper 2>/dev/null
	check "nothing left $n" nothing_left
done
# shellcheck disable=SC2086
kill $busy 2>/dev/null
# shellcheck disable=SC2086
wait $busy
[ ! -e /proc/keys ] || check "the built-in subsystem serves again" keyctl show @s
finish
