#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# selftest.sh FOLDER: the oracle judges transcripts that are made up here, and
# finds in one of them the three steps of sixty that its difference takes. Then, of
# the rows of differences.tbl: a difference that each covers, and some like it that
# none does. Prints "ok NAME" or "not ok NAME".

set -eu
cd "$(dirname "$0")"
make -s OUT="$1"
oracle=$1/oracle
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
status=0

check() {	# check NAME COMMAND...
	name=$1
	shift
	if "$@" >"$dir/said" 2>&1; then
		echo "ok $name"
	else
		cat "$dir/said"
		echo "not ok $name"
		status=1
	fi
}

# The services differ in step 40, if steps 5 and 17 were done.
transcript() {	# transcript SIDE NAME MASK
	awk -v side="$1" -v name="$2" -v mask="$3" '
		function done(n) { return substr(mask, n + 1, 1) == "+" }
		BEGIN {
			print "== " name
			for (i = 0; i < length(mask); i++)
				if (done(i))
					printf "#%d W1 READ(K%d, ok, 4) = %s\n", i, i, side == "ours" &&
						i == 40 && done(5) && done(17) ? "EPERM" : 0
		}'
}

tries() {
	for side in built-in ours; do
		n=0
		while read -r mask; do
			transcript $side "random 7 try $n" "$mask"
			n=$((n + 1))
		done <"$dir/tries" >"$dir/$side"
	done
}

is_shortest() {
	for side in built-in ours; do
		transcript $side "random 7" "$all" >"$dir/$side"
		echo "== end" >>"$dir/$side"
	done
	rounds=0
	while [ $rounds -lt 60 ] && "$oracle" shorten "$dir" "$dir/empty" 7 60; do
		tries
		rounds=$((rounds + 1))
	done
	diff - "$dir/shortest" <<-EOF
	         #5 W1 READ(K5, ok, 4) = 0
	         #17 W1 READ(K17, ok, 4) = 0
	built-in #40 W1 READ(K40, ok, 4) = 0
	ours     #40 W1 READ(K40, ok, 4) = EPERM
	EOF
}

compares() {	# compares TABLE
	"$oracle" compare "$dir/built-in" "$dir/ours" "$dir/$1" "$dir/used"
}

judges() {	# judges TABLE
	for side in built-in ours; do
		transcript $side "random 7" "$all" >"$dir/$side"
		echo "== end" >>"$dir/$side"
	done
	compares "$1"
}

alike() {	# the transcripts of a service that is compared with itself
	transcript ours "random 7" "$all" >"$dir/ours"
	echo "== end" >>"$dir/ours"
	cp "$dir/ours" "$dir/built-in"
}

judges_cut() {	# judges_cut SIDE
	alike
	sed -i '$d' "$dir/$1"
	compares empty
}

judges_more() {	# judges_more SIDE: it has a section that the other has not
	alike
	sed -i '1i == more' "$dir/$1"
	compares empty
}

# Twelve sequences of 60 lines, of which so many differ in their first: what follows
# is not compared.
judges_left_out() {	# judges_left_out HOW-MANY
	for side in built-in ours; do
		for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
			transcript built-in "random $n" "$all" |
				sed "s/^#0 .*/#0 W1 READ(K0, ok, 4) = $([ $side = ours ] &&
					[ $n -le "$1" ] && echo EPERM || echo 0)/"
		done >"$dir/$side"
		echo "== end" >>"$dir/$side"
	done
	compares stop
}

fails() { ! "$@"; }

# What the rows cover, and what they do not: of one line in a section

judges_line() {	# judges_line SECTION BUILT-IN OURS
	printf '== %s\n%s\n== end\n' "$1" "$2" >"$dir/built-in"
	printf '== %s\n%s\n== end\n' "$1" "$3" >"$dir/ours"
	rm -f "$dir/used"
	"$oracle" compare "$dir/built-in" "$dir/ours" differences.tbl "$dir/used" >/dev/null
}

each_covered() {	# of lines "ROW|SECTION|BUILT-IN|OURS" on standard input
	while IFS='|' read -r row section builtin ours; do
		judges_line "$section" "$builtin" "$ours" && grep -qx "$row" "$dir/used" || {
			echo "not by $row, in \"$section\": $builtin, $ours"
			return 1
		}
	done
}

each_found() {	# of lines "SECTION|BUILT-IN|OURS"
	while IFS='|' read -r section builtin ours; do
		! judges_line "$section" "$builtin" "$ours" || {
			echo "by $(cat "$dir/used"), in \"$section\": $builtin, $ours"
			return 1
		}
	done
}

# What was read is a ring, or a text

each_written() {	# of lines "BYTES|HOW" on standard input
	while IFS='|' read -r bytes how; do
		[ "$("$oracle" content "$bytes")" = "$how" ] || {
			echo "\"$bytes\" is written down as $("$oracle" content "$bytes")"
			return 1
		}
	done
}

all=$(printf '%060d' 0 | tr 0 +)
: >"$dir/empty"
echo "same   | random* | * READ(* | 0 | ENOENT or EPERM | goes on | here" >"$dir/row"
echo "other  | random* | * READ(* | 0 | ENOENT or EACCES | goes on | here" >"$dir/other"
echo "stop   | random* | * READ(* | 0 | EPERM | stop | here" >"$dir/stop"
check "a difference without a row is found" fails judges empty
check "a row for another result does not cover it" fails judges other
check "a row for it does" judges row
check "transcripts that are alike are whole" judges_left_out 0
check "one that was cut off is found" fails judges_cut ours
check "on either side" fails judges_cut built-in
check "a section that only one has is found" fails judges_more ours
check "on either side, too" fails judges_more built-in
check "a sixth of the lines may be left out" judges_left_out 2
check "a quarter may not" fails judges_left_out 3
check "the shortest sequence is found" is_shortest

check "rings of any serial are told from texts" each_written <<'EOF'
made| "made"
data| "data"
info| "info"
abCd| [K1]
ab d| [K1]
x123| [K1]
made of| "made of"
call out| "call out"
x1234567| [K1 K2]
EOF
check "the differences that are meant are covered" each_covered <<'EOF'
link-bytes|random 1|/proc/key-users 150131 bytes: 455/500|/proc/key-users 150131 bytes: 199/500
link-bytes|expiry, the end|/proc/key-users 601044 bytes: 47/20000|/proc/key-users 601044 bytes: 35/20000
mask-error|special ids, as rings|W1 request_key("user", "k", NULL, @t) = ENOKEY|W1 request_key("user", "k", NULL, @t) = EACCES
mask-error|searches|W0 request_key("user", "k", NULL, 0) = ENOKEY|W0 request_key("user", "k", NULL, 0) = EACCES
mask-logon|random 1|#1 W0 request_key("logon", "d", "info", 0) = EINVAL|#1 W0 request_key("logon", "d", "info", 0) = EACCES
mask-keyring|random 1|#1 W0 request_key("keyring", "d", "info", 0) = EPERM|#1 W0 request_key("keyring", "d", "info", 0) = EACCES
mask-logon|call-out, two faults|W1 request_key("logon", "no-colon", "info", 0) = EINVAL|W1 request_key("logon", "no-colon", "info", 0) = EACCES
mask-ended|call-out, masked, expired|W0 request_key("user", "k", "info", 0) = EKEYEXPIRED|W0 request_key("user", "k", "info", 0) = EACCES
mask-callout|random 1|#1 W7 is the helper: create K5 1 1 0 0 K3|#1 W0 request_key("user", "k", "info", 0) = EKEYEXPIRED
mask-ended|random 1|#1 W0 request_key("user", "k", "info", 0) = EKEYREVOKED|#1 W0 request_key("user", "k", "info", 0) = EACCES
restricted|call-out, restricted|W1 is the helper: create K3 1 1 0 0 K1|W0 request_key("user", "k", "info", K2) = EPERM
restricted-ended|random 1|#1 W0 request_key("user", "k", "", @s) = EKEYEXPIRED|#1 W0 request_key("user", "k", "", @s) = EPERM
restricted-ended|random 1|#1 W0 request_key("user", "k", "", @s) = EACCES|#1 W0 request_key("user", "k", "", @s) = EPERM
mask-callout|random 1|#1 W1 is the helper: create K3 1 1 0 0 K1|#1 W0 request_key("user", <255 chars>, <4094 chars>, 0) = EACCES
mask-error|random 1|#1 W0 request_key("user", "k", NULL, 0) = ENOKEY|#1 W0 request_key("user", "k", NULL, 0) = EKEYEXPIRED
mask-ended|random 1|#1 W0 request_key("user", "k", "", @s) = EACCES|#1 W0 request_key("user", "k", "", @s) = EKEYREVOKED
assume-nobody|random 1|#1 W0 ASSUME(K2) = EACCES|#1 W0 ASSUME(K2) = ENOKEY
unlink-other|random 1|#1 W0 32 UNLINK(K2, @p) = 0|#1 W0 32 UNLINK(K2, @p) = ENOENT
unlink-pair|bad pairs, 32 bits|W0 32 UNLINK(K3, @t) = 0|W0 32 UNLINK(K3, @t) = ENOENT
unlink-other|random 1|#1 W0 UNLINK(@s, K2) = 0|#1 W0 UNLINK(@s, K2) = ENOENT
unlink-other|random 1|#1 W0 UNLINK(@p, K2) = 0|#1 W0 UNLINK(@p, K2) = ENOENT
move-other|random 1|#1 W0 MOVE(@s, @u, K2, 0) = EDEADLK|#1 W0 MOVE(@s, @u, K2, 0) = ENOENT
move-other|random 1|#1 W0 MOVE(@t, K1, K2, 0) = 0|#1 W0 MOVE(@t, K1, K2, 0) = ENOENT
move-other|a namesake moved|W0 MOVE(K3, K1, @t, 0) = EDEADLK|W0 MOVE(K3, K1, @t, 0) = ENOENT
edquot|quota, uid rings|W0 GET_KEYRING_ID(@us, 0) = ENOKEY|W0 GET_KEYRING_ID(@us, 0) = EDQUOT
edquot|quota, uid rings|W0 add_key("user", "k", ok, 7, @u) = ENOKEY|W0 add_key("user", "k", ok, 7, @u) = EDQUOT
dead-ring-key|random 1|W1 /proc/keys K5 I--Q--i - perm 3f3f3f3f 1 1 user      b: 15|W2 /proc/keys K1 I--Q--- - perm 3f030000 1 1 keyring   _ses: empty
dead-ring-expired|random 1|W1 /proc/keys K21 I--Q-N- - expd 3f010000 1 1 user      b|W1 /proc/keys K38 I--Q--- - perm 3f010000 1 1 keyring   e: empty
dead-ring|dead ring|W0 /proc/keys K1 I--Q--i - perm 3f030000 1 1 keyring   _ses: 1|W0 /proc/keys K1 I--Q--i - perm 3f030000 1 1 keyring   _ses: empty
persistent-inside|namespaces apart|W1 /proc/keys K7 I------ - 3d 1f030000 108144 65534 keyring   _persistent.0: empty|W1 /proc/keys K7 I--Q--- - 3d 1f030000 108144 65534 keyring   _persistent.0: empty
user-register|user namespaces|/proc/key-users 108144: 10/10 9/200|/proc/key-users 108144: 9/9 9/200
register-bytes|user namespaces|/proc/key-users 108144 bytes: 121/20000|/proc/key-users 108144 bytes: 117/20000
pkey-verify|public keys|of 32 and 127 bytes: W0 PKEY_VERIFY(ok, "", ok, ok) = 0|of 32 and 127 bytes: W0 PKEY_VERIFY(ok, "", ok, ok) = EINVAL
pkey-beyond|public keys|of 32 and 127 bytes: W0 PKEY_ENCRYPT(ok, "", ok, ok) = 128|of 32 and 127 bytes: W0 PKEY_ENCRYPT(ok, "", ok, ok) = EINVAL
ended-namesake|ended namesakes|W0 SEARCH(@s, "asymmetric", "id:00", 0) = EKEYREVOKED|W0 SEARCH(@s, "asymmetric", "id:00", 0) = ENOKEY
two-services|rings of the kernel|W1 UNLINK(K4, K3) = EACCES|W1 UNLINK(K4, K3) = ENOKEY
two-services|rings of the kernel|W0 UNLINK(K3, @s) = ENOENT|W0 UNLINK(K3, @s) = ENOKEY
two-services|rings of the kernel|W0 MOVE(K5, @s, K3, 0) = EACCES|W0 MOVE(K5, @s, K3, 0) = ENOKEY
network-key|types of modules, networks|W0 SEARCH(@s, "dns_resolver", "a:host", 0) = K6|W0 SEARCH(@s, "dns_resolver", "a:host", 0) = ENOKEY
network-key|types of modules, networks|W0 request_key("psk", "k", NULL, 0) = K6|W0 request_key("psk", "k", NULL, 0) = ENOKEY
unmade-row|types of modules, rejected|W0 /proc/keys K27 I--Q-N- - 10s 3b010000 1 1 psk       NVMe0R01 host subsystem: 0|W0 /proc/keys K27 I--Q-N- - 10s 3b010000 1 1 psk       NVMe0R01 host subsystem
EOF
check "bytes that no links have given back are found" each_found <<'EOF'
quota|/proc/key-users 150131 bytes: 155/200|/proc/key-users 150131 bytes: 151/200
expiry|/proc/key-users 150131 bytes: 155/200|/proc/key-users 150131 bytes: 151/200
random 1|/proc/key-users 150131 bytes: 155/200|/proc/key-users 150131 bytes: 159/200
random 1|/proc/key-users 150131 bytes: 155/200|/proc/key-users 150131 bytes: 154/200
random 1|/proc/key-users 150131 bytes: 455/500|/proc/key-users 150131 bytes: 195/500
random 1|/proc/key-users 150131 bytes: 155/200|/proc/key-users 150131 bytes: 151/204
EOF
check "other errors of a request are found" each_found <<'EOF'
special ids|W1 request_key("user", "k", NULL, @t) = ENOKEY|W1 request_key("user", "k", NULL, @t) = EACCES
special ids, as rings|W1 SEARCH(@t, "user", "k", 0) = ENOKEY|W1 SEARCH(@t, "user", "k", 0) = EACCES
bad arguments|W0 request_key("user", "k", NULL, 0) = ENOKEY|W0 request_key("user", "k", NULL, 0) = EACCES
random 1|#1 W0 request_key("user", "k", NULL, 0) = ENOKEY|#1 W0 request_key("user", "k", NULL, 0) = EPERM
random 1|#1 W0 request_key("user", "k", NULL, 0) = EINVAL|#1 W0 request_key("user", "k", NULL, 0) = EACCES
random 1|#1 W0 request_key("user", "k", "info", 0) = EINVAL|#1 W0 request_key("user", "k", "info", 0) = EACCES
random 1|#1 W0 request_key("logon", "d", NULL, 0) = EINVAL|#1 W0 request_key("logon", "d", NULL, 0) = EACCES
random 1|#1 W0 request_key("keyring", "k", NULL, 0) = EPERM|#1 W0 request_key("keyring", "k", NULL, 0) = EACCES
random 1|#1 W0 SEARCH(@s, "user", "k", 0) = ENOKEY|#1 W0 SEARCH(@s, "user", "k", 0) = EACCES
EOF
check "a helper that is not called is found" each_found <<'EOF'
call-out|W1 is the helper: create K3 1 1 0 0 K1|W0 request_key("user", "k", "info", 0) = EACCES
call-out|W1 is the helper: create K3 1 1 0 0 K1|W0 request_key("user", "k", "info", K2) = EPERM
random 1|#1 W7 is the helper: create K5 1 1 0 0 K3|#1 W0 request_key("user", "k", "info", 0) = ENOKEY
random 1|#1 W7 is the helper: create K5 1 1 0 0 K3|#1 W0 request_key("user", "k", NULL, 0) = EACCES
random 1|#1 W0 request_key("user", "k", NULL, 0) = EKEYREVOKED|#1 W0 request_key("user", "k", NULL, 0) = EACCES
call-out|W0 request_key("user", "k", "info", 0) = EKEYREVOKED|W0 request_key("user", "k", "info", 0) = EPERM
EOF
check "a key that is not unlinked, or moved, is found" each_found <<'EOF'
links|W0 UNLINK(K2, @s) = 0|W0 UNLINK(K2, @s) = ENOENT
bad pairs|W0 UNLINK(K3, @t) = 0|W0 UNLINK(K3, @t) = ENOENT
bad pairs, 32 bits|W0 32 UNLINK(K3, @s) = 0|W0 32 UNLINK(K3, @s) = ENOENT
random 1|#1 W0 UNLINK(@u, @s) = 0|#1 W0 UNLINK(@u, @s) = ENOENT
random 1|W1 /proc/keys K5 I--Q--- - perm 3f3f3f3f 1 1 user      b: 15|W2 /proc/keys K1 I--Q--- - perm 3f030000 1 1 keyring   _ses: empty
links|W0 MOVE(K2, K1, @s, 0) = 0|W0 MOVE(K2, K1, @s, 0) = ENOENT
random 1|#1 W0 MOVE(K2, K1, @s, 0) = EEXIST|#1 W0 MOVE(K2, K1, @s, 0) = ENOENT
EOF
check "a quota that is not used up is found" each_found <<'EOF'
special ids|W0 GET_KEYRING_ID(@u, 0) = ENOKEY|W0 GET_KEYRING_ID(@u, 0) = EDQUOT
quota, uid rings|W0 GET_KEYRING_ID(@t, 0) = ENOKEY|W0 GET_KEYRING_ID(@t, 0) = EDQUOT
quota, uid rings|W0 READ(@s, ok, 65536) = ENOKEY|W0 READ(@s, ok, 65536) = EDQUOT
random 1|#1 W0 READ(@u, ok, 65536) = ENOKEY|#1 W0 READ(@u, ok, 65536) = EDQUOT
random 1|#1 W0 ASSUME(@s) = ENOKEY|#1 W0 ASSUME(@s) = EDQUOT
random 1|#1 of K1, @u, 2: W0 DH_COMPUTE(ok, ok, 5, NULL) = ENOKEY|#1 of K1, @u, 2: W0 DH_COMPUTE(ok, ok, 5, NULL) = EDQUOT
quota, uid rings|W0 GET_KEYRING_ID(@u, 0) = K1|W0 GET_KEYRING_ID(@u, 0) = EDQUOT
EOF
check "other counts in a namespace are found" each_found <<'EOF'
user namespaces|/proc/key-users 108144: 10/10 9/200|/proc/key-users 108144: 8/8 7/200
user namespaces|/proc/key-users 108144: 10/10 9/200|/proc/key-users 108144: 9/9 8/200
user namespaces|/proc/key-users 108144: 10/10 9/200|/proc/key-users 108144: 11/11 10/200
user namespaces|/proc/key-users 108144 bytes: 121/20000|/proc/key-users 108144 bytes: 116/20000
namespaces apart|W1 /proc/keys K7 I------ - 3d 1f030000 108144 65534 keyring   _persistent.0: empty|W1 /proc/keys K7 I--Q--- - 3d 1f030000 108144 65534 keyring   _persistent.0: 1
namespaces apart|W1 /proc/keys K7 I------ - 3d 1f030000 108144 65534 keyring   _persistent.0: empty|W1 /proc/keys K8 I--Q--- - 3d 1f030000 108144 65534 keyring   _persistent.0: empty
namespaces apart|W1 /proc/keys K7 I--Q--- - 3d 1f030000 108144 65534 keyring   _persistent.0: empty|W1 /proc/keys K7 I------ - 3d 1f030000 108144 65534 keyring   _persistent.0: empty
persistent|W1 /proc/keys K7 I------ - 3d 1f030000 108144 65534 keyring   _persistent.0: empty|W1 /proc/keys K7 I--Q--- - 3d 1f030000 108144 65534 keyring   _persistent.0: empty
namespaces apart|/proc/key-users 108144: 10/10 9/200|/proc/key-users 108144: 9/9 8/200
EOF
check "a good signature that is refused is found" each_found <<'EOF'
public keys|of 32 and 128 bytes: W0 PKEY_VERIFY(ok, "", ok, ok) = 0|of 32 and 128 bytes: W0 PKEY_VERIFY(ok, "", ok, ok) = EINVAL
public keys|W0 PKEY_VERIFY(ok, "enc=pkcs1", ok, ok) = 0|W0 PKEY_VERIFY(ok, "enc=pkcs1", ok, ok) = EINVAL
EOF
check "a result that fits and is refused is found" each_found <<'EOF'
public keys|of 32 and 128 bytes: W0 PKEY_ENCRYPT(ok, "", ok, ok) = 128|of 32 and 128 bytes: W0 PKEY_ENCRYPT(ok, "", ok, ok) = EINVAL
public keys|of 32 and 127 bytes: W0 PKEY_ENCRYPT(ok, "", ok, ok) = 128|of 32 and 127 bytes: W0 PKEY_ENCRYPT(ok, "", ok, ok) = 127
EOF
check "a search that finds nothing of a name that is there is found" each_found <<'EOF'
ended namesakes|W0 SEARCH(@s, "asymmetric", "id:5e2d", 0) = EKEYREVOKED|W0 SEARCH(@s, "asymmetric", "id:5e2d", 0) = ENOKEY
EOF
check "what is not the kernel's ring, or not named with a key, is found" each_found <<'EOF'
rings of the kernel|W0 CLEAR(K3) = 0|W0 CLEAR(K3) = ENOKEY
rings of the kernel|W0 CLEAR(K3) = EACCES|W0 CLEAR(K3) = ENOKEY
rings of the kernel|W0 INVALIDATE(K9) = EPERM|W0 INVALIDATE(K9) = 0
rings of the kernel|W0 LINK(K5, K3) = EACCES|W0 LINK(K5, K3) = 0
rings of the kernel|W0 SEARCH(K3, "user", "k", 0) = EACCES|W0 SEARCH(K3, "user", "k", 0) = ENOKEY
rings of the kernel, NVMe|W0 UNLINK(K2, K1) = ENOENT|W0 UNLINK(K2, K1) = ENOKEY
types of modules, networks|W1 SEARCH(@s, "psk", "k", 0) = K5|W1 SEARCH(@s, "psk", "k", 0) = ENOKEY
types of modules, networks|W0 SEARCH(@s, "ceph", "k", 0) = K5|W0 SEARCH(@s, "ceph", "k", 0) = ENOKEY
types of modules, networks|W0 SEARCH(@s, "psk", "k", 0) = K5|W0 SEARCH(@s, "psk", "k", 0) = K6
types of modules, rejected|W0 /proc/keys K2 I--Q--- - perm 3b010000 1 1 psk       NVMe0R01 host subsystem: 16|W0 /proc/keys K2 I--Q--- - perm 3b010000 1 1 psk       NVMe0R01 host subsystem
types of modules, rejected|W0 /proc/keys K2 I--Q-N- - 10s 3b010000 1 1 id_resolv uid:somebody: 0|W0 /proc/keys K2 I--Q-N- - 10s 3b010000 1 1 id_resolv uid:somebody
EOF
exit $status
