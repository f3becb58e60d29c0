#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Get from Debian the programs that the client suites run, and the sources
# of keyutils for its tests.
#
#   fetch.sh packages NAME...   download them and what this machine lacks of
#                               their dependencies, unpack; print the folder
#   fetch.sh source NAME        download a source package; print its folder
#
# Everything stays below build/clients/; nothing is installed and root is not
# needed.  Apt runs with lists of its own, made from this machine's sources
# with deb-src enabled.  What is there already is not fetched again.

set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
out=$top/build/clients
log=$out/apt.log
apt=$out/apt
mkdir -p "$apt/sources.d" "$apt/lists/partial" "$apt/cache/archives/partial" "$out/source"

say() { echo "clients: $*" >&2; }
die() { say "$*"; exit 1; }

# Several suites may ask at once; let one of them fetch.
if [ -z "${KR_CLIENTS_LOCKED-}" ] && command -v flock >/dev/null; then
	KR_CLIENTS_LOCKED=1 exec flock "$out/.lock" "$0" "$@"
fi

configure() {
	rm -f "$apt/sources.d"/*
	for f in /etc/apt/sources.list.d/*.sources; do
		[ ! -e "$f" ] || sed 's/^Types:.*/Types: deb deb-src/' "$f" \
			>"$apt/sources.d/${f##*/}"
	done
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ ! -e "$f" ] || sed -n '/^deb-src[ \t]/d; p; s/^deb\([ \t]\)/deb-src\1/p' "$f" \
			>"$apt/sources.d/${f##*/}"
	done
	cat >"$apt/apt.conf" <<-CONF
	Dir::Etc::sourcelist "/dev/null";
	Dir::Etc::sourceparts "$apt/sources.d";
	Dir::State::lists "$apt/lists";
	Dir::Cache "$apt/cache";
	Debug::NoLocking "true";
	APT::Sandbox::User "$(id -un)";
	Acquire::Languages "none";
	Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
	Binary::apt::APT::Keep-Downloaded-Packages "true";
	CONF
}

apt() {
	echo "# apt-get $*" >>"$log"
	APT_CONFIG=$apt/apt.conf apt-get -q -y "$@" >>"$log" 2>&1
}

# try COMMAND...: once more with new lists when it fails.
try() {
	if [ -e "$apt/updated" ]; then
		"$@" && return
	fi
	configure
	say "apt-get update"
	apt update || say "apt-get update had something to complain of, see $log"
	touch "$apt/updated"
	"$@" || { tail -n 12 "$log" >&2; die "apt could not do it: $*"; }
}

packages() {
	stamp=$(echo "$*" | cksum | cut -d' ' -f1)
	dir=$out/root.$stamp
	if [ ! -e "$dir/.complete" ]; then
		say "downloading $*"
		rm -rf "$dir" "$apt/cache/archives"/*.deb
		mkdir -p "$dir" "$apt/cache/archives/partial"
		try apt install --download-only --reinstall --no-install-recommends "$@"
		for deb in "$apt/cache/archives"/*.deb; do
			dpkg-deb -x "$deb" "$dir"
		done
		touch "$dir/.complete"
	fi
	echo "$dir"
}

source_() {
	dir=$out/source/$1
	if [ ! -e "$dir/.complete" ]; then
		say "downloading the sources of $1"
		rm -rf "$dir" "$dir.tmp"
		mkdir -p "$dir.tmp"
		(cd "$dir.tmp" && try apt source --download-only "$1")
		dpkg-source --no-check --no-copy -x "$dir.tmp"/*.dsc "$dir" >>"$log" 2>&1 ||
			{ tail -n 12 "$log" >&2; die "dpkg-source could not unpack $1"; }
		rm -rf "$dir.tmp"
		touch "$dir/.complete"
	fi
	echo "$dir"
}

[ $# -ge 2 ] || { sed -n '4,14s/^# \{0,1\}//p' "$0"; exit 2; }
what=$1
shift
case $what in
packages)	packages "$@" ;;
source)		source_ "$@" ;;
*)		die "what is $what?" ;;
esac
