# SPDX-License-Identifier: GPL-2.0-only
#
# clients.sh CLIENT...: runs the clients' programs (tests/clients/) on the
# built-in subsystem in round 1, if there is one, and on the module in round 2.

. /vm/guest/lib.sh

run_clients() {
	for client; do
		prog "$client" /vm/clients/"$client"/run.sh
	done
}

check "modules of the kernel" stock || exit 1
begin
if [ -e /proc/keys ]; then
	round 1
	run_clients "$@"
fi
round 2
check "load" load || exit 1
run_clients "$@"
check "unload" unload || exit 1
finish
