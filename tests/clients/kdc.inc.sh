# SPDX-License-Identifier: GPL-2.0-only
#
# A key distribution centre in the guest, with alice, bob and a service at host `here`. It stays
# until the machine goes.

export KRB5_KDC_PROFILE=/etc/krb5kdc/kdc.conf

start_kdc() {
	ip link set lo up
	mkdir -p /tmp/krb5kdc
	kdb5_util create -s -P master -r TEST || return
	for who in alice bob; do
		kadmin.local -q "addprinc -pw $who $who" || return
	done
	for service in host cifs; do
		kadmin.local -q "addprinc -randkey $service/here" || return
		kadmin.local -q "ktadd -k /tmp/krb5kdc/keytab $service/here" || return
	done
	krb5kdc
}

# kdc: start it, if that has not been done.
kdc() {
	[ ! -e /tmp/krb5kdc/principal ] || return 0
	start_kdc >/tmp/kdc.log 2>&1 || sed 's/^/# /' /tmp/kdc.log
}
