#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Build a kernel for the tests from Debian's linux-source, and print
# "RELEASE IMAGE BUILD-FOLDER".
#
#   kernel.sh SERIES-FLAVOUR      for example 6.12-debug
#
#   debug         KASAN, lockdep, RCU, kmemleak, debug objects, fault injection,
#                 KCOV and GCOV; with the built-in key service and its users
#                 in the kernel
#   debug-nokeys  the same without the built-in key service
#   kcsan         lockdep, RCU and KCSAN; with the built-in key service and its
#                 users in the kernel
#   coverage      GCOV and fault injection; with the built-in key service and
#                 its users in the kernel
#
# It is built in build/kernels/SERIES-FLAVOUR, with ccache, and again only when
# the source, the fragments in tests/vm/config or the compiler changed.  JOBS
# is how many compilers run at once (default: one for each processor).

set -eu
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build

say() { echo "kernel: $*" >&2; }
die() { say "$*"; exit 1; }

[ $# = 1 ] || { sed -n '4,20s/^# \{0,1\}//p' "$0" >&2; exit 2; }
series=${1%%-*} flavour=${1#*-}
case $flavour in
debug)		fragments="base debug kasan keys-y users" ;;
debug-nokeys)	fragments="base debug kasan keys-n" ;;
kcsan)		fragments="base debug kcsan keys-y users" ;;
coverage)	fragments="base coverage keys-y users" ;;
*)		die "no kernel $1: flavours are debug, debug-nokeys, kcsan and coverage" ;;
esac

"$here/fetch.sh" tools build kernel
mkdir -p "$build/kernels"
# The folder's real path goes into what is built, and ccache compares it.
build=$(cd -P "$build/kernels" && pwd -P)
dir=$build/$1 obj=$build/$1/obj
exec 9>"$build/.$1.lock"
flock 9

config() {
	for f in $fragments; do
		sed '/^#/d; /^$/d' "$here/config/$f.config"
	done | sort
	echo "CONFIG_LOCALVERSION=\"-$flavour\""
}

source=$(cd -P "$("$here/fetch.sh" tree "$series")" && pwd -P)
stamp="$(cat "$source/stamp") $(gcc --version | sed 1q) $(config | cksum)"

# stuck: a symbol that was asked for and is not so has a dependency missing.
stuck() {
	config | while read -r line; do
		name=${line%%=*}
		case $line in
		*=n)	! grep -q "^$name=" "$obj/.config" ;;
		*)	grep -qxF "$line" "$obj/.config" ;;
		esac || echo "$line"
	done
}

kmake() {
	make -C "$source" O="$obj" CC="ccache gcc" "$@" >>"$dir/log" 2>&1 ||
		{ tail -n 20 "$dir/log" >&2; die "$1 does not build; see $dir/log"; }
}

if [ "$(cat "$dir/stamp" 2>/dev/null)" != "$stamp" ]; then
	say "building $1 (five to fifteen minutes; with a warm ccache one)"
	export CCACHE_DIR="$build/ccache" CCACHE_BASEDIR="$build" CCACHE_NOHASHDIR=1
	export KBUILD_BUILD_TIMESTAMP=2026-01-01 KBUILD_BUILD_USER=tests
	export KBUILD_BUILD_HOST=tests KBUILD_BUILD_VERSION=1
	rm -rf "$dir"
	mkdir -p "$obj"
	config >"$dir/config"
	kmake KCONFIG_ALLCONFIG="$dir/config" allnoconfig
	lost=$(stuck)
	[ -z "$lost" ] || die "these settings cannot be had: $(echo $lost)"
	kmake -j"${JOBS:-$(nproc)}" bzImage modules
	echo "$stamp" >"$dir/stamp"
fi
echo "$(cat "$obj/include/config/kernel.release") $obj/arch/x86/boot/bzImage $obj"
