#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# File systems of servers, whose helpers Debian brings: what keyutils' request-key starts for
# the kernel's NFS and CIFS, and for who asks for a host's address.

here=$(dirname "$0")
. "$here/../lib.inc.sh"
. "$here/../kdc.inc.sh"

as_alice() { setuidgid alice "$@"; }
owner_is() { [ "$(stat -c %U "$1")" = "$2" ]; }

ip link set lo up
hostname here
grep -q " here$" /etc/hosts || echo "127.0.0.1 here" >>/etc/hosts
ln -s "$here/request-key" /sbin/request-key
for part in dns nfs cifs; do
	. "$here/$part.inc.sh"
done
rm /sbin/request-key
finish
