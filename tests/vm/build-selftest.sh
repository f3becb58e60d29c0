#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# build-selftest.sh: the builds judged by a module of a few lines, good as it
# is, and bad in the ways that compiler, modpost and sparse are there to find.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
export KR_TOP=$tmp

fresh() {
	mkdir -p "$tmp/src" "$tmp/include"
	echo 'obj-m := keyrings.o
keyrings-y := src/main.o' >"$tmp/Kbuild"
	cat >"$tmp/src/main.c" <<-'C'
	// SPDX-License-Identifier: GPL-2.0-only
	#include <linux/module.h>
	#include <linux/rcupdate.h>
	#include <linux/spinlock.h>
	extern int __rcu *kr_one;
	int __rcu *kr_one;
	extern spinlock_t kr_lock;
	DEFINE_SPINLOCK(kr_lock);
	MODULE_LICENSE("GPL");
	MODULE_DESCRIPTION("planted");
	C
}

# build GOOD|BAD FLAVOUR WHAT
build() {
	if "$here/build.sh" -k 6.12 "$2" >"$tmp/out" 2>&1; then
		saw=good
	else
		saw=bad
	fi
	if [ $saw = "$1" ]; then
		echo "ok build: $3"
	else
		sed 's/^/  /' "$tmp/out"
		echo "not ok build: $3 is $saw"
		failed=1
	fi
}

# plant BODY: a function with this body.
plant() {
	fresh
	printf 'int kr_out(void);\nstatic int __init kr_in(void)\n{\n%s\n}\nmodule_init(kr_in);\n' \
		"$1" >>"$tmp/src/main.c"
}

plant 'return 0;'
build good sparse "sparse has nothing to say of a clean module"
plant 'int unused; return 0;'
build bad module "a warning"
plant 'return 0; } int kr_two(void) { return 2;'
build bad module "a warning of W=1"
plant 'return kr_out();'
build bad module "an undefined symbol"
plant 'return *kr_one;'
build bad sparse "sparse, of an RCU pointer used bare"
plant 'spin_lock(&kr_lock); return 0;'
build bad sparse "sparse, of a lock that is not released"
exit $failed
