# SPDX-License-Identifier: GPL-2.0-only
#
# stress-ng's stressor of keys.

packages stress-ng keyutils
programs stress-ng keyctl
put /sbin/request-key
put /etc/request-key.conf
