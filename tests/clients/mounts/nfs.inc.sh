# SPDX-License-Identifier: GPL-2.0-only
#
# nfsidmap(8): owners of files have names, which the client asks for.

nfs=/tmp/nfs
exported=/tmp/exported

# What the server's daemons need; they stay for the second round.
start_nfsd() {
	mkdir -p $exported $nfs /var/lib/nfs/v4recovery /var/lib/nfs/rpc_pipefs
	touch /var/lib/nfs/etab /var/lib/nfs/rmtab
	mount -t tmpfs exported $exported && mount -t nfsd nfsd /proc/fs/nfsd || return
	echo N >/sys/module/nfs/parameters/nfs4_disable_idmapping
	echo N >/sys/module/nfsd/parameters/nfs4_disable_idmapping
	exportfs -a && rpc.idmapd -S && rpc.mountd -N 3 || return
	rpc.nfsd -N 3 1
}

knows() { nfsidmap -l 2>&1 | grep -q "$1"; }
mount_nfs() { mount.nfs4 127.0.0.1:/ $nfs -o vers=4.2,sec=sys,noac; }

[ -e $exported ] || start_nfsd >/tmp/nfsd.log 2>&1 || sed 's/^/# /' /tmp/nfsd.log
echo text >$exported/file
chown alice $exported/file

expect "nfs: mount" mount_nfs
expect "nfs: the owner of a file" owner_is $nfs/file alice
expect "nfs: whose name was asked for" knows "uid:alice@test"
expect "nfs: another owner is given" chown bob $nfs/file
expect "nfs: and is the server's, too" owner_is $exported/file bob
expect "nfs: as seen by the client" owner_is $nfs/file bob
expect "nfs: whose number was asked for" knows "user:1001"
expect "nfs: nfsidmap -u" nfsidmap -u bob@test
expect "nfs: nfsidmap -c" nfsidmap -c
refuse "nfs: takes what was known" knows "uid:"
expect "nfs: umount" umount $nfs
