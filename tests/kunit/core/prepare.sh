#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# prepare.sh SOURCE DEST: lay out what kunit.ko for a stock kernel is built of.
#
# SOURCE is a folder with lib/kunit of the kernel's source.  Two edits are
# made on the way: the current test is asked of the shim instead of
# task_struct, and the shim's loader takes the place of the one that reads
# struct module.

set -eu
here=$(dirname "$0")
source=$1/lib/kunit
dest=$2
mkdir -p "$dest"

put() {
	cmp -s "$1" "$2" || cp "$1" "$2"
}

for f in Kbuild kunit_shim.h loader.c; do
	put "$here/$f" "$dest/$f"
done
for f in "$source"/*.[ch]; do
	case $f in
	*_test.c | *-test.c | */user_alloc.c | */debugfs.c) continue ;;
	esac
	sed -e 's/current->kunit_test = \(.*\);/kunit_shim_set_current(\1);/' \
	    -e 's/current->kunit_test/kunit_shim_current()/g' \
	    -e 's/^#ifdef CONFIG_MODULES/#if 0/' \
	    -e 's/^\tkunit_debugfs_init();/&\n\tkunit_shim_loader_init();/' \
	    -e 's/^\tkunit_debugfs_cleanup();/\tkunit_shim_loader_exit();\n&/' \
	    "$f" >"$dest/.new"
	put "$dest/.new" "$dest/${f##*/}"
	rm "$dest/.new"
done
grep -q kunit_shim_loader_init "$dest/test.c" ||
	{ echo "prepare.sh: lib/kunit/test.c has changed; the edits do not fit" >&2; exit 1; }
