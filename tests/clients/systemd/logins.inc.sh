# SPDX-License-Identifier: GPL-2.0-only
#
# A user logs in through PAM, as su -l does: pam_keyinit makes the session
# ring, pam_systemd the session and a user manager with a session ring of its
# own.

login() { /bin/su -l alice -c "$1"; }
manager() { login "systemd-run --user --quiet --wait --pipe $1"; }
manager_is() { [ "$(systemctl is-active user@1000.service)" = "$1" ]; }
no_session() {
	for _ in $(seq 50); do
		loginctl | grep -q '^No sessions' && return
		sleep 0.2
	done
	return 1
}
manager_goes() {	# logind waits for ten seconds before it stops one
	for _ in $(seq 150); do
		manager_is inactive && return
		sleep 0.2
	done
	return 1
}

systemctl stop stays.service
login "$look; cat /proc/self/cgroup" >/tmp/login
expect "a login is a session" grep -q 'session-.*\.scope' /tmp/login
expect "with a ring" saw /tmp/login "ring keyring;1000;1000;3f030000;_ses"
expect "that has the user ring" saw /tmp/login "link keyring;1000;65534;1f3f0000;_uid.1000"
expect "alone" lines /tmp/login link 1
expect "that ends with it" gone "$(field /tmp/login session)"
expect "the user manager stays for a while" manager_is active
manager $look >/tmp/manager
expect "a service of the user manager's" saw /tmp/manager "ring keyring;1000;1000;3f030000;_ses"
expect "has the user ring" saw /tmp/manager "link keyring;1000;65534;1f3f0000;_uid.1000"
expect "alone" lines /tmp/manager link 1
refuse "is not in the login's ring" test "$(field /tmp/manager session)" = "$(field /tmp/login session)"
manager $look >/tmp/again
expect "but in that of the next" test "$(field /tmp/manager session)" = "$(field /tmp/again session)"
expect "a key of the session" manager "keyctl add user ours x @s"
expect "is the next one's" manager "keyctl request user ours"
refuse "not the login's" login "keyctl request user ours"
expect "a key of the user's" manager "keyctl add user kept x @u"
expect "is the login's, too" login "keyctl request user kept"
expect "the manager ends" systemctl stop user@1000.service
expect "its ring with it" gone "$(field /tmp/manager session)"

# A user who lingers is there without a login.
expect "a user who lingers" loginctl enable-linger alice
expect "a user key" login "keyctl add user kept x @u"
expect "no session is left" no_session
expect "the manager stays" manager_is active
expect "the user key, too" login "keyctl request user kept"
expect "the user's services have it, too" manager "keyctl request user kept"
expect "a user who lingers no more" loginctl disable-linger alice
expect "takes the manager along" manager_goes
