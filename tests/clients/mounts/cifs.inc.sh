# SPDX-License-Identifier: GPL-2.0-only
#
# cifs.upcall(8): a mount by Kerberos, with the ticket that a user has in a keyring.
# cifscreds(1): a mount for several users, each by the password that is in the session.

cifs=/tmp/cifs
shared=/tmp/shared

start_smbd() {
	mkdir -p /tmp/samba/ncalrpc /var/log/samba $shared $cifs
	chmod 1777 $shared
	for who in alice bob; do
		printf '%s\n%s\n' $who $who | smbpasswd -a -s $who || return
	done
	smbd -D
}

mount_cifs() { mount.cifs //here/share $cifs -o "port=1445,vers=2.1,$1"; }
by_ticket() { mount_cifs sec=krb5,cruid=1000,username=alice; }
login() { echo alice | as_alice kinit alice; }
holds() { as_alice klist | grep -q " $1"; }

kdc
[ -e $shared ] || start_smbd >/tmp/smbd.log 2>&1 || sed 's/^/# /' /tmp/smbd.log

refuse "cifs: mount without a ticket" by_ticket
expect "cifs: kinit" login
expect "cifs: mount" by_ticket
expect "cifs: with a ticket in the user's ring" holds cifs/here@TEST
expect "cifs: a file" touch $cifs/ticket
expect "cifs: is hers who had the ticket" owner_is $shared/ticket alice
expect "cifs: umount" umount $cifs
expect "cifs: kdestroy" as_alice kdestroy -A
refuse "cifs: mount without a ticket again" by_ticket

# The client asks for the password of whoever uses the mount.
touch_as() { setuidgid "$1" keyctl session - "$here/cifs-user.sh" "$1" "$2"; }

expect "cifs: mount for several" mount_cifs multiuser,sec=ntlmssp,username=alice,password=alice
refuse "cifs: a user without a password" as_alice touch $cifs/none
sleep 2		# for which the kernel keeps a refusal
for who in alice bob; do
	expect "cifs: $who has one" touch_as $who $cifs/$who
	expect "cifs: and the file is of $who" owner_is $shared/$who $who
done
expect "cifs: umount" umount $cifs
rm -f $shared/*
