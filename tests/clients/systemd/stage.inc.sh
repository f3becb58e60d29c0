# SPDX-License-Identifier: GPL-2.0-only
#
# systemd with its login and user managers, D-Bus for them, and the units that
# run.sh has it start.

packages systemd libpam-systemd libpam-modules dbus dbus-daemon dbus-system-bus-common dbus-user-session \
	util-linux keyutils
programs systemctl systemd-run systemd-ask-password loginctl dbus-daemon unshare su keyctl
for program in systemd systemd-logind systemd-user-runtime-dir systemd-reply-password \
	systemd-shutdown; do
	put /lib/systemd/$program
done
for module in keyinit permit limits loginuid selinux systemd; do
	put /lib/x86_64-linux-gnu/security/pam_$module.so
done

# Debian's own units, but not what brings up a whole machine.
for unit in basic.target dbus.service dbus.socket exit.target final.target paths.target \
	shutdown.target slices.target sockets.target sysinit.target systemd-exit.service \
	systemd-logind.service timers.target umount.target user-runtime-dir@.service \
	user.slice user@.service user-.slice.d/10-defaults.conf; do
	put /lib/systemd/system/$unit
done
for unit in basic.target dbus.service dbus.socket default.target exit.target paths.target shutdown.target \
	sockets.target systemd-exit.service timers.target; do
	put /usr/lib/systemd/user/$unit
done
# A link in the package.
text /etc/systemd/user/sockets.target.d/dbus.conf <<'UNIT'
[Unit]
Wants=dbus.socket
UNIT
for file in /etc/pam.d/systemd-user /usr/lib/pam.d/systemd-user; do
	[ ! -e "$root$file" ] || put $file
done
put /etc/security/limits.conf
put /usr/share/dbus-1/session.conf
put /usr/share/dbus-1/system.conf
for file in "$root"/usr/share/dbus-1/system.d/* "$root"/usr/share/dbus-1/system-services/*; do
	put "${file#"$root"}"
done

# The parts of Debian's PAM configuration that come with no file of a package.
text /etc/pam.d/common-account <<'CONF'
account required pam_permit.so
CONF
text /etc/pam.d/common-session-noninteractive <<'CONF'
session required pam_permit.so
CONF
text /etc/pam.d/su-l <<'CONF'
auth     required pam_permit.so
account  required pam_permit.so
session  required pam_keyinit.so force revoke
session  optional pam_systemd.so
CONF

text /etc/machine-id <<'CONF'
0123456789abcdef0123456789abcdef
CONF
text /etc/os-release <<'CONF'
ID=debian
PRETTY_NAME=guest
CONF

unit() { text "/etc/systemd/system/$1"; }

unit default.target <<'UNIT'
[Unit]
Requires=basic.target dbus.socket systemd-logind.service tests.service
AllowIsolate=yes
UNIT
unit tests.service <<'UNIT'
[Unit]
After=basic.target systemd-logind.service
SuccessAction=exit-force
FailureAction=exit-force
[Service]
KeyringMode=shared
Environment=PATH=/bin:/sbin:/usr/bin:/usr/sbin
ExecStart=/vm/clients/systemd/run.sh inside
StandardOutput=append:/tmp/systemd.tap
StandardError=append:/tmp/systemd.tap
UNIT
# An instance for each user.
for mode in private shared inherit; do
	unit $mode@.service <<-UNIT
	[Service]
	Type=oneshot
	RemainAfterExit=yes
	User=%i
	KeyringMode=$mode
	ExecStart=sh -c '/vm/clients/systemd/look.sh >/tmp/$mode.%i'
	ExecStartPost=sh -c '/vm/clients/systemd/look.sh >/tmp/$mode.%i.post'
	UNIT
done
