#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Get from Debian what the builds and the virtual machines need.
#
#   fetch.sh tools GROUP...       install what is missing of: build vm check
#                                 kernel tpm
#   fetch.sh release SERIES       print the stock kernel's release, e.g. for 6.12
#   fetch.sh headers SERIES       install its headers; print the build folder
#   fetch.sh headers-of RELEASE   the same for a release named in full
#   fetch.sh image SERIES         download its image; print "RELEASE VMLINUZ"
#   fetch.sh source SERIES        download linux-source; print the folder that
#                                 holds the few files of it that the tests use
#   fetch.sh tree SERIES          the same, with all of its files
#
# Images and sources are downloaded and unpacked below build/, never
# installed.  What is there already in apt's current version is left alone.

set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
build=$top/build
mkdir -p "$build/kernels" "$build/source"

say() { echo "fetch: $*" >&2; }
die() { say "$*"; exit 1; }

# Several makes and runs may ask at once; let one of them fetch.
lock() {
	[ "${KR_FETCH_LOCKED-}" ] && return 0
	command -v flock >/dev/null || return 0
	KR_FETCH_LOCKED=1 exec flock "$build/.fetch.lock" "$0" "$@"
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "this needs root, and there is no sudo: $*"
	fi
}

# Run apt-get quietly; what it says goes to a log.
log=$build/apt.log
apt() {
	echo "# apt-get $*" >>"$log"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \
		-o APT::Sandbox::User=root -o Acquire::Retries=5 \
		-o Acquire::http::Timeout=60 "$@" >>"$log" 2>&1
}

updated=
apt_update() {
	[ -z "$updated" ] || return 1
	updated=yes
	say "apt-get update"
	apt update
}

apt_failed() {
	tail -n 12 "$log" >&2
	die "apt could not get $* (the whole log: $log)"
}

# candidate PACKAGE: the version apt would install, or nothing.
candidate() {
	apt-cache policy "$1" 2>/dev/null |
		sed -n 's/^  Candidate: //p' | grep -v '^(none)$' || true
}

installed() {
	dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2>/dev/null |
		sed -n 's/^installed //p'
}

apt_install() {
	say "installing $*"
	apt install --no-install-recommends "$@" ||
		{ apt_update && apt install --no-install-recommends "$@"; } ||
		apt_failed "$@"
}

# tool_packages GROUP: "command package" pairs; a missing command calls for
# its package.
tool_packages() {
	case $1 in
	build)	printf '%s %s\n' make make gcc gcc ld binutils flock util-linux \
			/usr/bin/python3 python3 \
			/usr/include/stdlib.h libc6-dev ;;
	vm)	printf '%s %s\n' qemu-system-x86_64 qemu-system-x86 \
			busybox busybox-static keyctl keyutils \
			/usr/include/keyutils.h libkeyutils-dev ;;
	check)	printf '%s %s\n' sparse sparse xz xz-utils perl perl git git \
			dpkg-source dpkg-dev openssl openssl mke2fs e2fsprogs \
			'/usr/share/perl/5*/Pod/Usage.pm' perl \
			'/usr/lib/gcc/x86_64-linux-gnu/*/32/libgcc.a' gcc-multilib ;;
	kernel)	printf '%s %s\n' ccache ccache flex flex bison bison bc bc lz4 lz4 \
			xz xz-utils /usr/include/libelf.h libelf-dev \
			/usr/include/openssl/opensslv.h libssl-dev ;;
	tpm)	printf '%s %s\n' swtpm swtpm ;;
	*)	die "no tool group $1" ;;
	esac
}

tools() {
	missing=
	for group; do
		while read -r cmd pkg; do
			# shellcheck disable=SC2086
			case $cmd in
			/*)	ls $cmd >/dev/null 2>&1 && continue ;;
			*)	command -v "$cmd" >/dev/null && continue ;;
			esac
			missing="$missing $pkg"
		done <<-LIST
		$(tool_packages "$group")
		LIST
	done
	# shellcheck disable=SC2086
	[ -z "$missing" ] || apt_install $missing
}

# The release that a meta package of this series stands for.  The series is
# part of the meta package's name unless it is the distribution's own.
release_once() {
	for meta in linux-image-$1-cloud-amd64 linux-image-cloud-amd64; do
		apt-cache depends --important "$meta" 2>/dev/null |
			sed -n "s/^ *Depends: linux-image-\\($1\\.[^ ]*-cloud-amd64\\)\$/\\1/p"
	done | head -n 1
}

release() {
	r=$(release_once "$1")
	if [ -z "$r" ]; then
		apt_update || true
		r=$(release_once "$1")
	fi
	if [ -z "$r" ] && [ -L "$build/kernels/$1" ]; then
		r=$(readlink "$build/kernels/$1")
		say "apt knows no $1 cloud kernel now; using $r from before"
	fi
	[ "$r" ] || die "apt knows no stock cloud kernel of series $1; Debian 12 with its security archive has one"
	echo "$r"
}

headers_of() {
	pkg=linux-headers-$1
	have=$(installed "$pkg")
	want=$(candidate "$pkg")
	if [ -z "$want$have" ] && [ ! -d "/lib/modules/$1/build" ]; then
		apt_update || true
		want=$(candidate "$pkg")
		[ "$want" ] || die "no package $pkg: name a kernel with KVER= or KDIR= that has one"
	fi
	if [ "$want" ] && [ "$have" != "$want" ]; then
		apt_install "$pkg"
	fi
	[ -d "/lib/modules/$1/build/" ] || die "/lib/modules/$1/build is missing after all"
	echo "/lib/modules/$1/build"
}

# download PACKAGE FOLDER: leave the package's file in FOLDER, print its path.
download() {
	mkdir -p "$2"
	rm -f "$2/$1"_*.deb
	(cd "$2" && apt download "$1") ||
		{ apt_update && (cd "$2" && apt download "$1"); } ||
		apt_failed "$1"
	ls "$2/$1"_*.deb
}

image() {
	r=$(release "$1")
	pkg=linux-image-$r
	dir=$build/kernels/$r
	want=$(candidate "$pkg")
	if [ ! -e "$dir/version" ] ||
	   { [ "$want" ] && [ "$(cat "$dir/version")" != "$want" ]; }; then
		say "downloading $pkg $want"
		deb=$(download "$pkg" "$build/kernels/tmp.$r")
		rm -rf "$dir"
		mkdir -p "$dir"
		dpkg-deb -x "$deb" "$dir"
		dpkg-deb -f "$deb" Version >"$dir/version"
		rm -rf "$build/kernels/tmp.$r"
	fi
	ln -sfn "$r" "$build/kernels/$1"
	echo "$r $dir/boot/vmlinuz-$r"
}

# What is taken out of the kernel's sources.
source_paths='lib/kunit include/kunit tools/testing/selftests/kselftest.h
	tools/testing/selftests/kselftest_harness.h scripts/kernel-doc'

# source_deb SERIES: set pkg, want and deb for it, and see that the file is
# there.  An older file of the package goes.
source_deb() {
	pkg=linux-source-$1
	want=$(candidate "$pkg")
	[ "$want" ] || { apt_update && want=$(candidate "$pkg"); } || true
	deb=$build/source/${pkg}_${want}.deb
}

# unpack DIR STAMP WHAT [PATH...]: make DIR hold these paths of the source, or
# all of it, unless its stamp says that it does.
unpack() {
	dir=$1 stamp=$2 what=$3
	shift 3
	[ "$(cat "$dir/stamp" 2>/dev/null)" != "$stamp" ] || return 0
	if [ ! -e "$deb" ]; then
		say "downloading $pkg $want (about 150 MB)"
		got=$(download "$pkg" "$build/source/tmp.$pkg")
		rm -f "$build/source/$pkg"_*.deb
		mv "$got" "$deb"
		rm -rf "$build/source/tmp.$pkg"
	fi
	say "unpacking $what of $pkg"
	rm -rf "$dir"
	mkdir -p "$dir"
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO "./usr/src/$pkg.tar.xz" |
		tar -xJ -C "$dir" --strip-components=1 "$@"
	echo "$stamp" >"$dir/stamp"
}

# Without apt's word, what was unpacked before serves.
before() {
	sed -n "1s/:.*//p" "$build/source/$1/stamp" 2>/dev/null
}

source_() {
	source_deb "$1"
	# shellcheck disable=SC2046,SC2086
	unpack "$build/source/$1" "${want:-$(before "$1")}: $(echo $source_paths)" \
		"the files needed" $(printf "$pkg/%s " $source_paths)
	echo "$dir"
}

tree() {
	source_deb "$1"
	unpack "$build/source/$1-tree" "${want:-$(before "$1-tree")}: all" \
		"all files (1.6 GB)"
	echo "$dir"
}

[ $# -ge 2 ] || { sed -n '4,17s/^# \{0,1\}//p' "$0"; exit 2; }
lock "$@"
what=$1
shift
case $what in
tools)		tools "$@" ;;
release)	release "$1" ;;
headers)	headers_of "$(release "$1")" ;;
headers-of)	headers_of "$1" ;;
image)		image "$1" ;;
source)		source_ "$1" ;;
tree)		tree "$1" ;;
*)		die "what is $what?" ;;
esac
