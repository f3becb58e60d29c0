#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# stage.sh CLIENT...: put together what these clients need in the guest, as
# a tree below build/clients/stage/, and print the tree's path.  Each client
# has a folder here with run.sh, which the guest runs, and stage.inc.sh, which
# says with the functions below what to put into the tree.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
stage=$top/build/clients/stage/$(echo "$*" | tr ' ' '+')

die() { echo "clients: $*" >&2; exit 1; }

# packages NAME...: programs and libraries are looked for in these, then in
# the machine's own folders.
packages() {
	root=$("$here/fetch.sh" packages "$@")
	LD_LIBRARY_PATH=$(find "$root" -name '*.so*' ! -path '*/plugins/*' \
		! -path '*/security/*' -printf '%h\n' | sort -u | paste -s -d:)
}

# libraries FILE: what it is linked against, and where the loader looks.
libraries() {
	LD_LIBRARY_PATH=$LD_LIBRARY_PATH ldd "$1" 2>/dev/null |
		sed -n 's/^.*=> \(\/[^ ]*\) (.*/\1/p; s/^\t\(\/[^ ]*\) (.*/\1/p' |
		while read -r lib; do
			to=$stage/${lib#"$root"}
			[ -e "$to" ] && continue
			mkdir -p "${to%/*}"
			cp -L "$lib" "$to"
		done
}

# copy FILE DEST: a file that exists on this machine.
copy() {
	mkdir -p "$stage/${2%/*}"
	cp -L "$1" "$stage/$2"
	libraries "$1"
}

# put FILE [DEST]: one of a package, or, if it has none, of the machine.
put() {
	for dir in "$root" ''; do
		for usr in '' /usr; do
			[ -e "$dir$usr$1" ] || continue
			copy "$dir$usr$1" "${2:-$1}"
			return
		done
	done
	die "there is no $1"
}

# programs NAME...: into the folder of the same name.
programs() {
	for p; do
		for bin in /bin /sbin /usr/bin /usr/sbin; do
			if [ -e "$root$bin/$p" ]; then
				copy "$root$bin/$p" "$bin/$p"
				continue 2
			fi
		done
		found=$(command -v "$p") || die "there is no program $p"
		copy "$found" "/bin/$p"
	done
}

# text DEST: standard input becomes a file of the tree.
text() {
	mkdir -p "$stage/${1%/*}"
	cat >"$stage/$1"
}

[ $# -ge 1 ] || { sed -n '4,8s/^# \{0,1\}//p' "$0"; exit 2; }
rm -rf "$stage"
mkdir -p "$stage/vm/clients"
for client; do
	cp -r "$here/$client" "$stage/vm/clients/$client"
	# shellcheck source=/dev/null
	. "$here/$client/stage.inc.sh"
done
cp "$here"/*.inc.sh "$stage/vm/clients"
echo "$stage"
