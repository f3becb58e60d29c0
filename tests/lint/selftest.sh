#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# selftest.sh [KERNEL-DOC]: a check that never failed proves nothing.  Plant
# one violation after another in a small tree of its own and see each check
# find it, and find nothing in the tree without it.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
kernel_doc=${1-}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0 n=0

report() {	# report STATUS NAME: 0 is good
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok selftest $2"
	else
		echo "not ok selftest $2"
		failed=$((failed + 1))
	fi
}

# A tree in which everything is as it should be.
fresh() {
	rm -rf "$tmp/t"
	mkdir -p "$tmp/t/src/key" "$tmp/t/src/cred" "$tmp/t/include/keyrings" \
		"$tmp/t/tests/lint" "$tmp/t/Documentation"
	cd "$tmp/t"
	cp "$here/layers.txt" tests/lint/
	c='// SPDX-License-Identifier: GPL-2.0-only'
	printf '%s\n#include <keyrings/key.h>\n#include <keyrings/base.h>\nint kr_key_one(void)\n{\n\treturn 1;\n}\n' "$c" >src/key/key.c
	printf '%s\n#include <keyrings/cred.h>\n#include <keyrings/key.h>\nint kr_key_one(void);\nint kr_cred_two(void)\n{\n\treturn 1 + kr_key_one();\n}\n' "$c" >src/cred/cred.c
	printf '/* SPDX-License-Identifier: GPL-2.0-only */\n/**\n * kr_key_one() - One.\n *\n * Return: 1.\n */\nint kr_key_one(void);\n' >include/keyrings/key.h
	printf '/* SPDX-License-Identifier: GPL-2.0-only */\n' >include/keyrings/cred.h
	printf '/* SPDX-License-Identifier: GPL-2.0-only */\n' >include/keyrings/base.h
	printf '<!-- SPDX-License-Identifier: GPL-2.0-only -->\nSee src/key/ and src/cred/cred.c.\n' >README.md
}

lint() {
	/usr/bin/python3 -B "$here/run.py" . ${kernel_doc:+--kernel-doc "$kernel_doc"} "$@"
}

# finds CHECK: exactly this check fails.
finds() {
	lint >"$tmp/out" || true
	got=$(sed -n 's/^not ok //p' "$tmp/out" | tr '\n' ' ')
	[ "$got" = "$1 " ] || { sed 's/^/  /' "$tmp/out"; report 1 "$2 (failed: ${got:-none})"; return; }
	report 0 "$2"
}

fresh
lint >"$tmp/out" && ok=0 || { ok=1; cat "$tmp/out"; }
report $ok "a clean tree is clean"

fresh; echo '#include <keyrings/cred.h>' >>src/key/key.c
finds layers "a room includes a higher one"
fresh; echo '#include "../cred/private.h"' >>src/key/key.c
finds layers "a room includes another's private header"
fresh; mkdir src/attic; cp src/key/key.c src/attic/old.c
finds layers "a room without a rank"
fresh; echo 'See tests/vm/gone.sh.' >>README.md
finds docpaths "a document names a missing file"
fresh; sed -i 1d src/key/key.c
finds spdx "a file without a licence"
fresh; echo '#if LINUX_VERSION_CODE > 1' >>src/key/key.c
finds versions "a kernel version outside compat"
fresh; echo '/* BUG() in words is fine */' >>src/key/key.c
lint --only bugs >/dev/null && ok=0 || ok=1
report $ok "a comment may speak of BUG()"
fresh; printf 'static void f(void) { BUG_ON(1); }\n' >>src/key/key.c
finds bugs "a BUG"
fresh; echo "/* TO""DO: later */" >>src/key/key.c
finds unfinished "a note to self"
fresh; echo "/* x */ " >>src/key/key.c
finds whitespace "blanks at the end of a line"
fresh; echo "/* /wo""rk/place */" >>src/key/key.c
finds places "a machine's path"
fresh; cp src/key/key.c src/cred/key.c
finds basenames "two files of one name"
fresh; mkdir -p tests/oracle Documentation/userspace-api
printf '%s\n' '.. SPDX-License-Identifier: GPL-2.0-only' '' '   * - One' '     - same' >Documentation/userspace-api/differences.rst
printf '# SPDX-License-Identifier: GPL-2.0-only\na | * | * | 0 | 1 | stop | One\n' >tests/oracle/differences.tbl
lint --only differences >/dev/null && ok=0 || ok=1
report $ok "a difference that is explained"
echo 'b | * | * | 0 | 1 | stop | Two' >>tests/oracle/differences.tbl
finds differences "a difference that nothing explains"
fresh; printf '\n/* Caller holds the ring lock. */\nstatic int f(void)\n{\n\treturn 1;\n}\n' >>src/key/key.c
finds locks "a lock rule in prose only"
fresh; yes '' | head -n 599 >>src/key/key.c
finds sizes "a file of more than 600 lines"
# a table that names a test, and a test
tested() {
	fresh
	mkdir -p Documentation/userspace-api tests/selftests
	printf '.. SPDX-License-Identifier: GPL-2.0-only\n``pair.link``, ``ours_one``\n' >Documentation/userspace-api/cve.rst
	printf '%s\nTEST_F(pair, link)\nTEST_F(pair, ours_one)\n' "$c" >tests/selftests/test_a.c
}
tested
lint --only tests >/dev/null && ok=0 || ok=1
report $ok "a table of tests"
tested; echo '``pair.unlink``' >>Documentation/userspace-api/cve.rst
finds tests "a table names a missing test"
tested; echo '``other.link``' >>Documentation/userspace-api/cve.rst
finds tests "a table names a test of another fixture"
tested; echo 'TEST_F(pair, cve_2000_1_two)' >>tests/selftests/test_a.c
finds tests "a test of a CVE that is in no table"
# prose that names tests, and words that are none
secured() {
	tested
	mkdir -p Documentation/design
	printf '.. SPDX-License-Identifier: GPL-2.0-only\n``big_key``, ``_tid``, ``kernel.ftrace_enabled``: ``pair.link``, ``ours_one``%s\n' "$1" >Documentation/design/security.rst
}
secured ''
lint --only security >"$tmp/out" && ok=0 || { ok=1; cat "$tmp/out"; }
report $ok "what security rests upon is tested"
secured ', ``link_to_nothing``'
finds security "security rests upon a missing test"
secured ', ``other.link``'
finds security "security rests upon a test of another fixture"
# locks of two tables, and the tests that aim at them
aimed() {
	fresh
	mkdir -p Documentation/design tests/selftests
	cat >Documentation/design/locking.rst <<-EOF
	.. SPDX-License-Identifier: GPL-2.0-only

	The locks
	=========

	======== ======
	lock     in
	======== ======
	one lock this
	lock     this
	lock     that
	======== ======

	What RCU guards
	===============

	======== ======
	table    freed
	======== ======
	a list   later
	======== ======

	Barriers and their partners
	===========================

	======== ======
	in       reader
	======== ======
	\`\`f()\`\`  all
	======== ======

	What races at it
	================

	======== ===============
	lock     tests
	======== ===============
	one lock \`\`pair.link\`\`
	lock     \`\`pair.link\`\`
	lock     \`\`pair.link\`\`,
	         \`\`pair.two\`\`
	a list   \`\`pair.two\`\`
	\`\`f()\`\`  \`\`pair.two\`\`
	======== ===============

	What ends while it is used
	--------------------------

	======== ===============
	who      tests
	======== ===============
	the list \`\`pair.two\`\`
	======== ===============
	EOF
	printf '%s\nTEST_F(pair, link)\nTEST_F_TIMEOUT(pair, two, 9)\n' "$c" >tests/selftests/race_a.c
}
aimed
lint --only aims >"$tmp/out" && ok=0 || { ok=1; cat "$tmp/out"; }
report $ok "tests that aim at all locks"
aimless() {	# aimless EXPRESSION NAME [FILE]
	aimed
	sed -i "$1" "${3:-Documentation/design/locking.rst}"
	finds aims "$2"
}
aimless '/^one lock ``/d' "a lock at which no test aims"
aimless '/^lock     ``pair.link``$/d' "a lock of two of one name at which no test aims"
aimless '/^a list   ``/d' "a list under RCU at which no test aims"
aimless '/^``f()``  ``/d' "a barrier at which no test aims"
aimless '/TEST_F_TIMEOUT/d' "a test that aims at a lock is missing" tests/selftests/race_a.c
aimless 's/^one lock ``.*/one lock none/' "a lock without the name of a test"
aimless 's/^the list ``.*/the list ``pair.three``/' "a test of an end is missing"
aimless '/^one lock this$/d' "a test aims at a lock that is gone"
aimless 's/^The locks$/Locks/' "no table of locks"
# a function with a barrier
barred() {
	aimed
	printf 'static int %s(void)\n{\n\tsmp_mb();\n\treturn 1;\n}\n' "$1" >>src/key/key.c
}
barred f
lint --only barriers >"$tmp/out" && ok=0 || { ok=1; cat "$tmp/out"; }
report $ok "a barrier that is in the table"
barred g
finds barriers "a barrier that is in no table"
if [ "$kernel_doc" ]; then
	fresh; printf '/**\n * f() - F.\n * @a: one\n *\n * Return: 1.\n */\nint f(int a, int b);\n' >>include/keyrings/key.h
	finds kernel-doc "an argument without a description"
fi

objects() {
	for f in src/*/*.c; do
		gcc -c -Iinclude -o "${f%.c}.o" "$f"
	done
	/usr/bin/python3 -B "$here/layers.py" . --objects . >"$tmp/out"
}
fresh
objects && ok=0 || ok=1
report $ok "symbols of lower rooms are fine"
fresh; printf 'int kr_cred_two(void);\nint kr_key_up(void)\n{\n\treturn kr_cred_two();\n}\n' >>src/key/key.c
objects && ok=1 || ok=0
report $ok "a symbol of a higher room"

echo "selftest: $n checks, $failed failed"
exit $((failed != 0))
