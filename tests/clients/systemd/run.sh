#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# systemd is process 1 of a PID namespace, as in a container, and starts this
# script again as a service: what services, their users and those who log in
# see of keys.

here=$(dirname "$0")
. "$here/../lib.inc.sh"

tap=/tmp/systemd.tap
log=/tmp/systemd.log

# What apt would have made of the package's scripts.
accounts() {
	grep -q messagebus /etc/passwd && return
	echo messagebus:x:100:100::/:/bin/false >>/etc/passwd
	echo messagebus:x:100: >>/etc/group
}

as_process_1() {
	container=guest timeout -k 5 600 /usr/bin/unshare --fork --kill-child --pid --mount \
		--mount-proc --cgroup /lib/systemd/systemd --system --show-status=no \
		--log-color=no >$log 2>&1
}

no_key_is_left() {
	for _ in $(seq 50); do
		grep -q invocation_id /proc/keys || return 0
		sleep 0.2
	done
	grep invocation_id /proc/keys
	return 1
}

if [ "${1-}" != inside ]; then
	rm -f $tap $log
	accounts
	saw=$(as_process_1; echo "exit status $?"; cat $log)
	cat $tap
	n=$(grep -c -E '^(not )?ok ' $tap)
	failures=$(grep -c '^not ok ' $tap)
	expect "all of it ran" grep -qx "# to the end" $tap
	[ "$failures" = 0 ] || echo "$saw" | sed 's/^/# /'
	expect "no key of a service is left" no_key_is_left
	finish
fi

for part in services passwords logins; do
	. "$here/$part.inc.sh"
done
echo "# to the end"
