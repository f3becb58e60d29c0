#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Build out of tree: the sources are mirrored to build/RELEASE/FLAVOUR and
# compiled there, so that kernels and flavours never share an object.
#
#   build.sh [-k SERIES | -r RELEASE | -d KDIR] FLAVOUR
#
#   module      keyrings.ko
#   kunit       keyrings_kunit.ko: the library rooms and their tests
#   module-kcov the same for a kernel with KCOV, which says where calls come to
#   sparse      keyrings.ko, read by sparse as well (make C=2)
#   kunit-core  kunit.ko for a kernel that was built without KUnit
#   inkernel    kr_inkernel.ko: users of keys inside the kernel, for tests
#
# -k is a series of stock Debian kernels (default 6.12) or a kernel that
# kernel.sh builds (6.12-debug), -r a release as uname -r prints it, -d a kernel
# build folder.  What is built for 6.12-coverage counts the lines that run.
# Compiler and sparse messages about our files go to standard error and make the
# build fail; the path of what was built goes to standard output.  VERBOSE=1
# shows the whole log; KR_TOP=DIR builds another tree than this one.

set -eu
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL
here=$(cd "$(dirname "$0")" && pwd)
top=${KR_TOP:-$(cd "$here/../.." && pwd)}

say() { echo "build: $*" >&2; }
die() { say "$*"; exit 1; }
usage() { sed -n '4,21s/^# \{0,1\}//p' "$0" >&2; exit 2; }

series=6.12 release='' kdir=''
while getopts k:r:d: o; do
	case $o in
	k) series=$OPTARG ;;
	r) release=$OPTARG ;;
	d) kdir=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 1 ] || usage
flavour=$1

"$here/fetch.sh" tools build
if [ "$kdir" ]; then
	kdir=$(cd "$kdir" && pwd) || die "there is no kernel build folder $kdir"
elif [ "$release" ]; then
	kdir=$("$here/fetch.sh" headers-of "$release")
else
	case $series in
	*-*)	kdir=$("$here/kernel.sh" "$series") && kdir=${kdir##* } ;;
	*)	kdir=$("$here/fetch.sh" headers "$series") ;;
	esac
fi
release=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' \
	"$kdir/include/generated/utsrelease.h" 2>/dev/null) ||
	die "$kdir is no prepared kernel build folder (no include/generated/utsrelease.h)"

dir=$top/build/$release/$flavour
log=$dir.log
mkdir -p "$dir"
if command -v flock >/dev/null; then
	exec 9>"$dir.lock"
	flock 9
fi

# Objects of an older package of the same release are of no use.
stamp=$(cksum <"$kdir/Module.symvers" 2>/dev/null || echo none)
if [ "$(cat "$dir/.kernel" 2>/dev/null)" != "$stamp" ]; then
	rm -rf "$dir"
	mkdir -p "$dir"
	echo "$stamp" >"$dir/.kernel"
fi

# mirror FILE...: make $dir hold these files of the tree, as they are now,
# and no source file besides.  Unchanged files keep their time stamps.
mirror() {
	(cd "$top" && find "$@" -type f ! -path 'tests/kunit/core/*' \
		\( -name '*.[chS]' -o -name Kbuild -o -name 'Makefile' \) 2>/dev/null) |
		sort >"$dir/.files.new"
	if [ -e "$dir/.files" ]; then
		comm -23 "$dir/.files" "$dir/.files.new" | while read -r gone; do
			rm -f "$dir/$gone" "$dir/${gone%.c}.o"
		done
	fi
	while read -r f; do
		cmp -s "$top/$f" "$dir/$f" && continue
		mkdir -p "$(dirname "$dir/$f")"
		cp "$top/$f" "$dir/$f"
	done <"$dir/.files.new"
	mv "$dir/.files.new" "$dir/.files"
}

kbuild() {
	case $release in
	*-coverage)	set -- KR_COVERAGE=y "$@" ;;
	esac
	set -- make -C "$kdir" M="$dir" -j"$(nproc)" W=1 "$@"
	if [ "${VERBOSE-}" ]; then
		echo "$*" >&2
	fi
	if ! "$@" modules >"$log" 2>&1; then
		[ "${VERBOSE-}" ] && cat "$log" >&2
		grep -vE '^  [A-Z]+ |^make(\[[0-9]+\])?: (Entering|Leaving|\*\*\*)' "$log" |
			sed "s,$dir/,,g" >&2
		die "$flavour does not build for $release; see $log"
	fi
	[ "${VERBOSE-}" ] && cat "$log" >&2
	return 0
}

# complaints: what compiler, modpost and sparse said of our files; what they
# say of the kernel's headers is not ours to mend.
complaints() {
	grep -E '(warning|error):|^WARNING|ERROR: modpost' "$log" |
		grep -vE "^$kdir/|^/usr/src/|^\./include/|^\.\./|linux-headers-" |
		sed "s,$dir/,,g" || true
}

judge() {
	complaints >"$dir.warnings"
	if [ -s "$dir.warnings" ]; then
		cat "$dir.warnings" >&2
		die "$flavour for $release: $(grep -c . "$dir.warnings") complaints, none is wanted; see $log"
	fi
}

core=$top/build/$release/kunit-core

case $flavour in
module | module-kcov)
	mirror Kbuild src include
	if [ $flavour = module ]; then
		kbuild
	else
		kbuild KCOV_INSTRUMENT=y
	fi
	judge
	echo "$dir/keyrings.ko"
	;;
kunit)
	mirror Kbuild src include tests/kunit
	if grep -q '^CONFIG_KUNIT=' "$kdir/.config" 2>/dev/null; then
		kbuild KR_FLAVOUR=kunit
	else
		"$0" -d "$kdir" kunit-core >/dev/null
		kbuild KR_FLAVOUR=kunit KBUILD_EXTRA_SYMBOLS="$core/Module.symvers" \
			KCFLAGS="-include $core/kunit_shim.h"
	fi
	judge
	echo "$dir/keyrings_kunit.ko"
	;;
sparse)
	"$here/fetch.sh" tools check
	mirror Kbuild src include
	# Sparse reads a file only when it is compiled.
	find "$dir" -name '*.o' -delete
	kbuild C=2 CF="-D__CHECK_ENDIAN__ -Wsparse-error=no"
	judge
	grep -q '^  CHECK ' "$log" || die "sparse looked at nothing"
	echo "$log"
	;;
kunit-core)
	source=$("$here/fetch.sh" source "$(echo "$release" | cut -d. -f1-2)")
	"$top/tests/kunit/core/prepare.sh" "$source" "$dir"
	kbuild W=
	echo "$dir/kunit.ko"
	;;
inkernel)
	mirror tests/inkernel/module tests/inkernel/inkernel_abi.h
	kbuild M="$dir/tests/inkernel/module"
	judge
	echo "$dir/tests/inkernel/module/kr_inkernel.ko"
	;;
*)
	usage
	;;
esac
