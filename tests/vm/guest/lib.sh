# SPDX-License-Identifier: GPL-2.0-only
#
# For the scripts that run in the guest.  Lines that begin with @@ are for
# the runner: @@round N, @@prog NAME, @@done NAME STATUS, and
# @@check ok|bad NAME, each of which is one test.

KO=/vm/mod/keyrings.ko
LIVEPATCH=/sys/kernel/livepatch/keyrings
export KR_MODULE=$KO
# Brings a key type; kernels that were built for the tests have no such module.
KR_TYPE_MODULE=/vm/stock/dns_resolver.ko
[ ! -e $KR_TYPE_MODULE ] || export KR_TYPE_MODULE

KMEMLEAK=/sys/kernel/debug/kmemleak

# On a kernel that looks for data races: from here on, not while it boots.
[ ! -e /sys/kernel/debug/kcsan ] || echo on >/sys/kernel/debug/kcsan

check() {	# check NAME COMMAND...: one test; a bad one says what it saw
	name=$1
	shift
	if saw=$("$@" 2>&1); then
		echo "@@check ok $name"
	else
		echo "@@check bad $name"
		echo "$saw" | sed 's/^/    /'
		return 1
	fi
}

round() {
	echo "@@round $1"
	echo "@@round $1" >/dev/kmsg
}

# prog NAME COMMAND...: what it prints as TAP is counted.
prog() {
	name=$1
	shift
	echo "@@prog $name"
	echo "@@prog $name" >/dev/kmsg	# a time stamp in its log
	"$@" </dev/null
	status=$?
	echo
	echo "@@done $name $status"
}

test_program() { (cd /vm/t && exec "./$1"); }

# run_list FILE: the test programs that it names, one a line.
run_list() {
	while read -r program; do
		[ ! "$program" ] || prog "$program" test_program "$program"
	done <"$1"
}

# on_builtin PROGRAM [OPTION]...: its tests on the built-in service; at the end those that are to
# fail there: what they wait for never comes.
on_builtin() (
	cd /vm/t || exit
	program=./$1
	shift
	ours=$($program -l 2>&1 | awk '$NF ~ /^ours_/ && !seen[$NF]++ { print "-t", $NF }')
	# shellcheck disable=SC2046
	$program "$@" $(echo "$ours" | sed 's/^-t/-T/') || [ $? -lt 128 ] || exit
	# shellcheck disable=SC2086
	[ ! "$ours" ] || PATIENCE_MS=2000 $program "$@" $ours
) </dev/null 2>&1

# until SECONDS COMMAND...: wait for it to become true.
until_true() {
	left=$(($1 * 20))
	shift
	until "$@"; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		usleep 50000
	done
}

patched() { [ "$(cat $LIVEPATCH/transition 2>/dev/null)" = 0 ]; }
unpatched() { [ ! -e $LIVEPATCH ]; }

# Who keeps a livepatch transition from ending.
stuck() {
	for t in /proc/[0-9]*/task/*; do
		state=$(cat "$t/patch_state" 2>/dev/null) || continue
		[ "$state" = "$1" ] || continue
		echo "task ${t##*/} $(cat "$t/comm"):"
		cat "$t/stack"
	done
}

load() {
	insmod $KO || { dmesg | tail -n 20; return 1; }
	until_true 600 patched || { echo "the transition does not end"; stuck 0; return 1; }
}

unload() {
	echo 0 >$LIVEPATCH/enabled || return 1
	until_true 600 unpatched || { echo "the transition does not end"; stuck 1; return 1; }
	# The last callers may be on their way out.
	until_true 10 rmmod keyrings 2>/dev/null || { rmmod keyrings; return 1; }
}

# The places where a module can leave something behind, as they are now.
inventory() {
	# shellcheck disable=SC2010
	(
		cd /proc && ls -d [a-z]* sys/kernel/keys/*
		cd /sys && ls -d module/* kernel/debug/* kernel/tracing/events/*
		sed 's/^/kprobe /' /sys/kernel/debug/kprobes/list
		sed -n 's/^\(kr_[^ ]*\).*/slab \1/p' /proc/slabinfo
		cat /proc/sys/kernel/keys/* 2>/dev/null | sed 's/^/sysctl /'
	) | sort
}

nothing_left() {
	[ -s /tmp/inventory.before ] || return 1
	inventory >/tmp/inventory.now
	diff /tmp/inventory.before /tmp/inventory.now
}

# "UID KEYS" of all who have keys in the built-in service: those that are in no quota, as copies of
# rings, mirrors and stand-ins of the module's. The others are rings of the UID and what helpers
# of the kernel's have made, both of which stay, and keys of the kernel's types that the module
# has made. Persistent keyrings of users of that service are in no quota and stay, too.
builtin_keys() {
	awk '{ sub(":", "", $1); print $1, int($3) - int($4) }' /proc/key-users
}

no_more_builtin_keys() {
	builtin_keys | awk 'NR == FNR { before[$1] = $2; next }
		$2 > before[$1] + 0 {
			printf "UID %d: %d keys, not %d\n", $1, $2, before[$1]
			bad = 1
		}
		END { exit bad }' /tmp/builtin.before -
}

# What the module kept there for code of the kernel is gone, as soon as the collector has come.
builtin_keys_gone() {
	[ -e /proc/key-users ] || return 0
	until_true 20 no_more_builtin_keys >/dev/null || no_more_builtin_keys
}

# Modules of the stock kernel, with what they need. A kernel that was built for the tests has
# those that it has inside.
stock() {
	[ ! -e /vm/stock/ORDER ] || while read -r m; do
		case $m in
		brd) insmod "/vm/stock/$m.ko" rd_nr=2 rd_size=16384 ;;
		*) insmod "/vm/stock/$m.ko" ;;
		esac || return
	done </vm/stock/ORDER
}

# begin: note what there is before the module comes.
begin() {
	inventory >/tmp/inventory.before
	[ ! -e /proc/key-users ] || builtin_keys >/tmp/builtin.before
	[ ! -e $KMEMLEAK ] || echo clear >$KMEMLEAK
}

# A kernel with kmemleak says what nobody can reach any more.  It reports what
# is older than five seconds, and what has not changed since the scan before. What
# sysfs_slab_add() loses when a cache cannot be named is the kernel's own: made to
# fail there, it frees the cache and not the name.
no_leaks() {
	sleep 6
	echo scan >$KMEMLEAK && sleep 1 && echo scan >$KMEMLEAK || return
	leaks=$(awk '
		function report() { if (text !~ /sysfs_slab_add/) printf "%s", text; text = "" }
		/^unreferenced/ { report() }
		{ text = text $0 "\n" }
		END { report() }' $KMEMLEAK)
	echo "$leaks"
	[ -z "$leaks" ]
}

# finish: the last check of a script, with the module unloaded.
finish() {
	check "nothing left" nothing_left
	[ ! -e $KMEMLEAK ] || grep -q kmemleak=off /proc/cmdline ||
		check "no memory leaks" no_leaks
}
