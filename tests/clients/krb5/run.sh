#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Credential caches in keyrings: kinit, klist, kvno, kswitch and kdestroy on
# each kind of KEYRING collection that outlives a process, as user alice in a
# session of her own.

here=$(dirname "$0")
. "$here/../lib.inc.sh"
. "$here/../kdc.inc.sh"

if [ "${1-}" != inside ]; then
	kdc
	exec setuidgid alice keyctl session - "$0" inside
fi

login() { echo "$1" | kinit "$1"; }
default_is() { klist | grep -q "^Default principal: $1@TEST"; }
caches() { [ "$(klist -l | tail -n +3 | grep -c @TEST)" = "$1" ]; }
holds() { klist | grep -q " $1"; }

collection() {
	export KRB5CCNAME="KEYRING:$1"
	kind=${1%%:*}
	refuse "$kind: no ticket before" klist -s
	expect "$kind: kinit" login alice
	expect "$kind: klist" default_is alice
	expect "$kind: a ticket for a service" kvno host/here
	expect "$kind: which stays in the cache" holds host/here@TEST
	expect "$kind: another principal" login bob
	expect "$kind: is the one now" default_is bob
	expect "$kind: two caches" caches 2
	expect "$kind: kswitch" kswitch -p alice
	expect "$kind: and back" default_is alice
	expect "$kind: kinit again" login alice
	expect "$kind: still two caches" caches 2
	expect "$kind: kdestroy" kdestroy
	expect "$kind: leaves one" caches 1
	expect "$kind: kdestroy -A" kdestroy -A
	refuse "$kind: leaves none" klist -s
}

collection session:work
collection user:work
collection persistent:1000

# The old form of name is one cache, linked into the session ring.
export KRB5CCNAME=KEYRING:plain
expect "plain: kinit" login alice
expect "plain: klist" default_is alice
expect "plain: a new process of the session" sh -c 'klist -s'
refuse "plain: another session" keyctl session - klist -s
expect "plain: kdestroy" kdestroy
refuse "plain: is gone" klist -s

# A process's ring ends with the process.
export KRB5CCNAME=KEYRING:process:work
expect "process: kinit" login alice
refuse "process: another process" klist -s
finish
