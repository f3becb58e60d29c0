# SPDX-License-Identifier: GPL-2.0-only
#
# KeyringMode= of services: private, shared and inherit.

look=/vm/clients/systemd/look.sh

# saw FILE REGEX: a line of look.sh.
saw() { grep -q -E "^$2\$" "$1"; }
lines() { [ "$(grep -c "^$2 " "$1")" = "$3" ]; }
field() { sed -n "s/^$2 //p" "$1"; }
# The ID of the invocation is in the ring, and is that of the environment.
invocation() {
	id=$(field "$1" id)
	[ "$id" ] && [ "$id" = "$(field "$1" unit)" ]
}
# gone SERIAL: a ring that nobody is in any more.
gone() {
	for _ in $(seq 50); do
		keyctl describe "$1" 2>&1 | grep -q -E 'not available|revoked' && return
		sleep 0.1
	done
	keyctl describe "$1"
	return 1
}

# mode MODE USER UID: starts a service and reads what it and the command after
# it saw.
mode() {
	m="$1, $2:"
	f=/tmp/$1.$2
	expect "$m a service" systemctl start "$1@$2.service"
	case $1 in
	inherit)
		expect "$m has the user's session ring" saw "$f" "ring keyring;$3;65534;1f3f0000;_uid_ses.$3"
		expect "$m with the user ring alone" saw "$f" "link keyring;$3;65534;1f3f0000;_uid.$3"
		refuse "$m and no invocation" grep '^id' "$f"
		expect "$m and so has the next" test "$(field "$f" session)" = "$(field "$f.post" session)"
		return ;;
	shared)
		expect "$m has two links" lines "$f" link 2
		expect "$m one to the user ring" saw "$f" "link keyring;$3;65534;1f3f0000;_uid.$3" ;;
	private)
		expect "$m has one link" lines "$f" link 1 ;;
	esac
	expect "$m in a ring of its own" saw "$f" "ring keyring;$3;$3;3f030000;_ses"
	expect "$m with a key of root's" saw "$f" "link user;0;0;0b0b0000;invocation_id"
	expect "$m that is its invocation" invocation "$f"
	expect "$m beside the user's session" saw "$f" "@us keyring;$3;65534;1f3f0000;_uid_ses.$3"
	expect "$m ExecStartPost has its invocation" invocation "$f.post"
	refuse "$m in a ring of its own" test "$(field "$f" session)" = "$(field "$f.post" session)"
	expect "$m the ring ended" gone "$(field "$f" session)"
	expect "$m the other one, too" gone "$(field "$f.post" session)"
}

# As long as a process of alice's is there, so are her user rings.
expect "a service that stays" systemd-run --quiet --unit=stays -p User=alice sleep 1000
for keyring in private shared inherit; do
	mode $keyring root 0
	mode $keyring alice 1000
done
expect "private, alice: sees its own invocation alone" lines /tmp/private.alice "row.* invocation_id:" 1

# run MODE USER PROPERTIES -- COMMAND...: in a service made for it.
run() {
	mode=$1 user=$2
	shift 2
	systemd-run --quiet --wait --pipe --collect -p KeyringMode="$mode" -p User="$user" "$@"
}

expect "a user key of a shared one" run shared alice keyctl add user common x @u
expect "is found by the next" run shared alice keyctl request user common
expect "is found by one that inherits" run inherit alice keyctl request user common
refuse "is not found by a private one" run private alice keyctl request user common
refuse "is not found by another user" run shared bob keyctl request user common
expect "but in the private one's @u" run private alice keyctl search @u user common
expect "a session key" run shared alice keyctl add user own x @s
refuse "is not found by the next" run shared alice keyctl request user own
expect "a key of the user's session" run inherit alice keyctl add user us x @us
expect "is found by the next" run inherit alice keyctl request user us
refuse "is not found by a shared one" run shared alice keyctl request user us

systemd-run --quiet --wait --pipe --collect -p DynamicUser=yes $look >/tmp/dynamic
expect "DynamicUser: a ring of its UID" saw /tmp/dynamic "ring keyring;6[0-9]{4};6[0-9]{4};3f030000;_ses"
expect "DynamicUser: its invocation" invocation /tmp/dynamic
expect "PrivateUsers: finds the user key through the session" \
	run shared alice -p PrivateUsers=yes keyctl request user common
refuse "PrivateUsers: but has another @u" \
	run shared alice -p PrivateUsers=yes keyctl search @u user common
refuse "a service that may not use keys" run private alice -p SystemCallFilter=~@keyring \
	-p SystemCallErrorNumber=EPERM keyctl id @s
