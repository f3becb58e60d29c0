#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What the process that runs this sees of its keys, a line each.  The key with
# the invocation's ID is systemd's own work.

echo "session $(keyctl id @s)"
echo "ring $(keyctl rdescribe @s)"
for key in $(keyctl rlist @s); do
	echo "link $(keyctl rdescribe "$key")"
done
echo "@us $(keyctl rdescribe @us)"
echo "unit $INVOCATION_ID"
id=$(keyctl search @s user invocation_id 2>/dev/null) &&
	echo "id $(keyctl pipe "$id" | hexdump -v -e '/1 "%02x"')"
sed 's/^/row /' /proc/keys
