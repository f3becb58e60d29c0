# SPDX-License-Identifier: GPL-2.0-only
#
# systemd-ask-password, which keeps what it is told as a key of the user's.

ask() { systemd-ask-password --no-tty --timeout=20 "$@" Well; }
cached() { systemd-ask-password --no-tty --timeout=1 --accept-cached "$@" Well; }

# answered WORD COMMAND...: gives the answer to what it asks.
answered() {
	word=$1
	shift
	"$@" >/tmp/answer &
	for _ in $(seq 100); do
		socket=$(cat /run/systemd/ask-password/ask.* 2>/dev/null | sed -n 's/^Socket=//p')
		[ "$socket" ] && break
		sleep 0.1
	done
	printf %s "$word" | /lib/systemd/systemd-reply-password 1 "$socket"
	wait $! && [ "$(cat /tmp/answer)" = "$word" ]
}
says() { want=$1; shift; [ "$("$@" | paste -s -d,)" = "$want" ]; }

refuse "no password yet" cached --keyname=disk
expect "a password" answered secret ask --keyname=disk
expect "is a key of the user's" keyctl search @u user disk
expect "that expires" grep -E ' [12]m .* user +disk: 6$' /proc/keys
expect "and is the answer from then on" says secret cached --keyname=disk
refuse "to this question only" cached --keyname=other
expect "another password" answered other ask --keyname=disk
expect "is added" says secret,other cached --multiple --keyname=disk
expect "a shared service finds them" says secret,other run shared root systemd-ask-password \
	--no-tty --timeout=1 --accept-cached --multiple --keyname=disk Well
refuse "a private one does not" run private root systemd-ask-password \
	--no-tty --timeout=1 --accept-cached --multiple --keyname=disk Well
expect "unlinked" keyctl unlink %user:disk @u
refuse "they are asked for again" cached --keyname=disk
