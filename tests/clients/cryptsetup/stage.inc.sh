# SPDX-License-Identifier: GPL-2.0-only
#
# cryptsetup(8), and systemd's caller of it.

packages cryptsetup-bin dmsetup keyutils systemd
programs cryptsetup dmsetup keyctl systemd-ask-password
put /lib/systemd/systemd-cryptsetup
put /lib/systemd/systemd-reply-password
text /etc/machine-id <<'CONF'
0123456789abcdef0123456789abcdef
CONF
