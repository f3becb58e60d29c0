# SPDX-License-Identifier: GPL-2.0-only
#
# The programs that Debian starts for the kernel's NFS and CIFS, with keyutils'
# request-key and the configuration that each package brings; and servers
# for both.

# shellcheck source=/dev/null
. "$here/krb5/stage.inc.sh"

packages keyutils nfs-common nfs-kernel-server cifs-utils samba samba-common-bin libtirpc-common netbase
programs keyctl key.dns_resolver nfsidmap mount.nfs4 exportfs rpc.mountd rpc.nfsd rpc.idmapd \
	cifs.upcall mount.cifs cifscreds smbd smbpasswd
# Not where the other clients' requests would start it.
put /sbin/request-key /vm/clients/mounts/request-key
put /etc/request-key.conf
for type in id_resolver cifs.spnego; do
	put /etc/request-key.d/$type.conf
done
# What they load by themselves.
put /lib/x86_64-linux-gnu/libnfsidmap/nsswitch.so /usr/lib/x86_64-linux-gnu/libnfsidmap/nsswitch.so
for lib in "$root"/usr/lib/x86_64-linux-gnu/samba/*.so*; do
	put "${lib#"$root"}"
done

put /etc/netconfig
put /etc/services
put /etc/protocols
text /etc/nsswitch.conf <<'CONF'
passwd: files
group: files
hosts: files
services: files
CONF
text /etc/idmapd.conf <<'CONF'
[General]
Domain = test
[Mapping]
Nobody-User = bob
Nobody-Group = bob
[Translation]
Method = nsswitch
CONF
text /etc/exports <<'CONF'
/tmp/exported 127.0.0.1(rw,fsid=0,no_subtree_check,no_root_squash,sec=sys)
CONF
text /etc/samba/smb.conf <<'CONF'
[global]
	realm = TEST
	security = user
	server role = standalone server
	kerberos method = dedicated keytab
	dedicated keytab file = /tmp/krb5kdc/keytab
	disable netbios = yes
	load printers = no
	smb ports = 1445
	bind interfaces only = yes
	interfaces = lo
	lock directory = /tmp/samba
	state directory = /tmp/samba
	cache directory = /tmp/samba
	private dir = /tmp/samba
	pid directory = /tmp/samba
	ncalrpc dir = /tmp/samba/ncalrpc
	log file = /tmp/samba/log
[share]
	path = /tmp/shared
	read only = no
CONF
