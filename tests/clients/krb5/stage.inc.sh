# SPDX-License-Identifier: GPL-2.0-only
#
# MIT Kerberos: its programs, and a key distribution centre of the guest's own.

packages krb5-user krb5-kdc krb5-admin-server
programs kinit klist kswitch kdestroy kvno krb5kdc kdb5_util kadmin.local
# What they load by themselves: the database, and the event loop from the
# folder that libverto is in.
put /lib/x86_64-linux-gnu/krb5/plugins/kdb/db2.so /usr/lib/x86_64-linux-gnu/krb5/plugins/kdb/db2.so
for dir in /lib /usr/lib; do
	put /lib/x86_64-linux-gnu/libverto-libev.so.1 "$dir/x86_64-linux-gnu/libverto-libev.so.1"
done
text /etc/krb5.conf <<'CONF'
[libdefaults]
	default_realm = TEST
	default_ccache_name = KEYRING:persistent:%{uid}
	dns_lookup_kdc = false
	dns_lookup_realm = false
	dns_canonicalize_hostname = false
	rdns = false
[realms]
	TEST = {
		kdc = 127.0.0.1:1088
	}
CONF
text /etc/krb5kdc/kdc.conf <<'CONF'
[kdcdefaults]
	kdc_listen = 127.0.0.1:1088
	kdc_tcp_listen = 127.0.0.1:1088
[realms]
	TEST = {
		database_name = /tmp/krb5kdc/principal
		key_stash_file = /tmp/krb5kdc/stash
		supported_enctypes = aes256-cts-hmac-sha1-96:normal
		disable_pac = true
	}
CONF
