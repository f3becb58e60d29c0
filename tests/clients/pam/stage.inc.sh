# SPDX-License-Identifier: GPL-2.0-only
#
# pam_keyinit, by pamtester and by the real su(1).

packages pamtester libpam-modules util-linux
programs pamtester su
for module in keyinit permit rootok exec; do
	put /lib/x86_64-linux-gnu/security/pam_$module.so
done
for service in logintest su su-l; do
	text /etc/pam.d/$service <<-'CONF'
	auth     required pam_permit.so
	account  required pam_permit.so
	password required pam_permit.so
	session  required pam_keyinit.so force revoke
	session  optional pam_exec.so quiet /vm/clients/pam/witness.sh
	CONF
done
text /etc/pam.d/gentle <<'CONF'
auth     required pam_permit.so
account  required pam_permit.so
session  required pam_keyinit.so
session  optional pam_exec.so quiet /vm/clients/pam/witness.sh
CONF
