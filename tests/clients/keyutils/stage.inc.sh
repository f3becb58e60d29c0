# SPDX-License-Identifier: GPL-2.0-only
#
# keyutils' own tests, of Debian's source package: bash scripts around
# keyctl(1), /sbin/request-key and its configuration.

packages keyutils bash
programs keyctl bash nice
put /sbin/request-key
put /etc/request-key.conf
put /usr/share/keyutils/request-key-debug.sh
tests=$stage/vm/clients/keyutils/tests
cp -r "$("$here/fetch.sh" source keyutils)/tests" "$tests"

# What keyctl calls have_move_key the scripts look for under another name and
# skip themselves on every kernel.
sed -i 's/have_move_keys/have_move_key/g' "$tests/prepare.inc.sh" "$tests"/keyctl/move/*/runtest.sh

# Two strings of 4095 bytes made byte by byte take an emulated processor a
# second for each group.
sed -i 's/=`for ((i=0; i<\(.*\); i++)); do echo -n a; done`$/=`printf "%*s" \1 | tr " " a`/' \
	"$tests/toolbox.inc.sh"

# One add_key() for each size up to 1030 KiB, of which every one beyond 32767
# is refused, copies 500 GB.
sed -i 's/keyctl --test limits2/limits2/' "$tests/features/limits/runtest.sh"
text /usr/bin/limits2 <<'SHIM'
#!/bin/sh
# Every size to some way beyond the limit; each that goes wrong is in a line.
keyctl --test limits2 >/tmp/limits2 2>/tmp/limits2.bad &
until grep -q 'TEST SIZE   40960' /tmp/limits2; do
	kill -0 $! 2>/dev/null || break
	sleep 0.2
done
kill $! 2>/dev/null && [ ! -s /tmp/limits2.bad ]
SHIM

# The few words of other programs that the scripts want to know.
text /usr/bin/lsb_release <<'SHIM'
#!/bin/sh
case $1 in
-i) echo Debian ;;
-r) echo 12 ;;
esac
SHIM
text /usr/bin/getconf <<'SHIM'
#!/bin/sh
[ "$1" = PAGESIZE ] && echo 4096
SHIM
text /usr/bin/file <<'SHIM'
#!/bin/sh
echo "ELF 64-bit LSB pie executable"
SHIM
chmod +x "$stage/usr/bin/limits2" "$stage/usr/bin/lsb_release" "$stage/usr/bin/getconf" "$stage/usr/bin/file"
