#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A login through pam_keyinit gives a session ring that is the user's, holds a
# link to the user ring, and is revoked at the end.

. "$(dirname "$0")/../lib.inc.sh"

# The shell would take its own su for the one of the path.
# Everything below happens in a session of root's.
[ "${1-}" = inside ] || exec keyctl session mine "$0" inside

login() {
	rm -f /tmp/pam.*
	pamtester "$@"
}
opened() { grep -q "$1" /tmp/pam.open_session; }
closed() { grep -q "$1" /tmp/pam.close_session; }
mine() { keyctl rdescribe @s | grep -q '^keyring;0;0;.*;mine$'; }

expect "open and close" login logintest alice open_session close_session
expect "the ring is the user's own" opened '^keyring;1000;1000;3f.*;_ses$'
expect "it holds one link" opened '^[1-9][0-9]*$'
expect "it is revoked at the end" closed revoked
expect "root's own session is as it was" mine

expect "without force" login gentle alice open_session close_session
expect "a session is kept" opened '^keyring;0;0;3f.*;mine$'
expect "without revoke, too" closed '^keyring;0;0;3f.*;mine$'

expect "su" /bin/su alice -c 'keyctl rdescribe @s >/tmp/su; keyctl show @s >>/tmp/su'
expect "has the user's session" grep -q '^keyring;1000;1000;3f.*;_ses$' /tmp/su
expect "with the user ring in it" grep -q '_uid.1000' /tmp/su
expect "a key of the session" /bin/su alice -c 'keyctl add user a b @s && keyctl request user a'
refuse "is not in the next one" /bin/su alice -c 'keyctl request user a'
expect "a key of the user" /bin/su alice -c 'keyctl add user keep b @u && keyctl search @u user keep'
expect "a key of the user is the session's" /bin/su alice -c 'i=$(keyctl add user mine b @u) && keyctl print $i'
expect "su -" /bin/su - alice -c 'keyctl session - keyctl show @s'
expect "su twice" /bin/su alice -c 'keyctl id @s >/tmp/su.1'
expect "su and again" /bin/su alice -c 'keyctl id @s >/tmp/su.2'
refuse "makes two sessions" cmp /tmp/su.1 /tmp/su.2
refuse "whose rings are revoked or gone" keyctl read "$(cat /tmp/su.1)"
expect "root's own session is still as it was" mine
finish
