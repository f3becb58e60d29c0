#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A LUKS2 volume: cryptsetup gives the volume's key to dm-crypt as a key of its
# thread keyring, and takes passphrases from keys that a token of the volume
# names.

. "$(dirname "$0")/../lib.inc.sh"

# Nobody makes the nodes of /dev/mapper but libdevmapper itself.
export DM_DISABLE_UDEV=1
disk=/dev/loop0
node=/dev/mapper/vault

begin() {
	cd /tmp || exit
	truncate -s 24M disk
	losetup $disk disk
	for word in secret other third; do
		printf %s $word >$word
	done
	head -c 65536 /dev/urandom >data
}
end() {
	losetup -d $disk
	rm -f disk data secret other third
}

cheap() { cryptsetup "$@" --pbkdf pbkdf2 --pbkdf-force-iterations 1000; }
table() { dmsetup table --showkeys vault | grep -q "$1"; }
holds_data() { blockdev --flushbufs $node && head -c 65536 $node | cmp - data; }
fill() { dd if=data of=$node bs=65536 conv=fsync; }
suspended() { dmsetup info vault | grep -q 'State:  *SUSPENDED'; }
# In the thread keyring of cryptsetup, which revokes and unlinks it.
no_volume_key() {
	for _ in $(seq 50); do
		grep -q 'logon .*cryptsetup:' /proc/keys || return 0
		sleep 0.1
	done
	grep logon /proc/keys
	return 1
}

begin
expect "a volume" cheap luksFormat -q --type luks2 $disk secret
refuse "another passphrase does not open it" cryptsetup open --key-file other $disk vault
expect "open" cryptsetup open --key-file secret $disk vault
expect "by a key of the keyring" table ' :64:logon:cryptsetup:[-0-9a-f]*-d0 '
expect "which is not left behind" no_volume_key
expect "data" fill
expect "resized" cryptsetup resize --key-file secret --size 4096 vault
expect "and back" cryptsetup resize --key-file secret vault
expect "close" cryptsetup close vault
expect "without the keyring" cryptsetup open --disable-keyring --key-file secret $disk vault
refuse "no key of the keyring" table logon
expect "but the same data" holds_data
expect "close" cryptsetup close vault

expect "another passphrase" cheap luksAddKey --key-file secret $disk other
expect "opens it" cryptsetup open --key-file other $disk vault
expect "the same data" holds_data

expect "suspended" cryptsetup luksSuspend vault
expect "it is" suspended
expect "without a key" no_volume_key
refuse "not resumed by a third passphrase" cryptsetup luksResume --key-file third vault
expect "resumed by the first" cryptsetup luksResume --key-file secret vault
expect "with the same data" holds_data
expect "by a key of the keyring" table ' :64:logon:cryptsetup:'
expect "which is not left behind" no_volume_key
expect "refreshed" cryptsetup refresh --key-file other vault
expect "with the same data" holds_data

# A token names a key of type user.
expect "a third passphrase" cheap luksAddKey --key-file secret $disk third
expect "a token for it" cryptsetup token add --key-description vault:key $disk
open_by_token() { cryptsetup open --token-only $disk vault; }
expect "suspended again" cryptsetup luksSuspend vault
refuse "not resumed without the key" cryptsetup luksResume --token-only vault
key=$(keyctl padd user vault:key @u <third)
expect "resumed by a key of the user keyring" cryptsetup luksResume --token-only vault
expect "with the same data" holds_data
expect "close" cryptsetup close vault
expect "opened by it" open_by_token
expect "with the same data" holds_data
expect "close" cryptsetup close vault
keyctl update "$key" wrong
refuse "not by another passphrase in it" open_by_token
keyctl pupdate "$key" <third
expect "by the right one again" open_by_token
expect "close" cryptsetup close vault
keyctl revoke "$key"
refuse "not by a revoked one" open_by_token
keyctl unlink "$key" @u
expect "by a key of a session" keyctl session - sh -c \
	"keyctl padd user vault:key @s <third && cryptsetup open --token-only $disk vault"
expect "close" cryptsetup close vault
refuse "not from outside of it" open_by_token

# Two volume keys at once, data moving from one to the other.
expect "open" cryptsetup open --key-file secret $disk vault
expect "new volume key while in use" cheap reencrypt -q --resilience none --key-file secret \
	--key-slot 0 $disk
expect "with the same data" holds_data
expect "by a key of the keyring" table ' :64:logon:cryptsetup:'
expect "no key is left behind" no_volume_key
expect "close" cryptsetup close vault

# At boot a password is asked for once and is the user key "cryptsetup" then.
attach() { /lib/systemd/systemd-cryptsetup attach vault $disk - timeout=1,tries=1,headless=false; }
refuse "no password" attach
keyctl padd user cryptsetup @u <secret >/dev/null
expect "one that was asked for before" attach
expect "with the same data" holds_data
expect "close" /lib/systemd/systemd-cryptsetup detach vault
keyctl unlink %user:cryptsetup @u
expect "no key is left behind" no_volume_key
end
finish
