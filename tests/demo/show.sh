# SPDX-License-Identifier: GPL-2.0-only
#
# The show of `make run`, as it runs in the guest.  Every step says what is to
# be seen, does it with Debian's keyctl, and checks that it was so; the exit
# status is the number of steps where it was not.

wrong=0 steps=0
bold='' plain=''
[ -e /vm/tty ] && bold=$(printf '\033[1m') plain=$(printf '\033[0m')

title() {
	steps=$((steps + 1))
	printf '\n%s%d. %s%s\n\n' "$bold" $steps "$1" "$plain"
}

text() { sed 's/^\t*//; s/^./   &/'; }

indent() { sed 's/^/        /'; }

# A command of root's, and of alice's: shown, then run in a process of its own.
root() {
	echo "   root#  $1"
	sh -c "$1" >/tmp/saw 2>&1
	indent </tmp/saw
}
alice() {
	echo "   alice\$ $1"
	setuidgid alice sh -c "$1" >/tmp/saw 2>&1
	indent </tmp/saw
}

# What the last command printed has a line that ends like this.
saw() { grep -q "$1\$" /tmp/saw; }

# must WHAT COMMAND...: what has just been shown, as a fact.
must() {
	what=$1
	shift
	if "$@" >/dev/null 2>&1; then
		printf '   %s=> %s%s\n' "$bold" "$what" "$plain"
	else
		printf '   %s!! this should be so, and is not: %s%s\n' "$bold" "$what" "$plain"
		wrong=$((wrong + 1))
	fi
}

# Looking at /proc/keys shows what alice may see, and makes no keyring.
alice_has() { setuidgid alice grep -q "$1" /proc/keys; }
alice_has_not() { ! alice_has "$1"; }

# Rings die a moment after the exit that ends them.
soon() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		"$@" && return
		sleep 0.2
	done
	return 1
}

ring='_uid_ses\.1000'
look="grep -E '_uid(_ses)?\\.1000' /proc/keys || echo '(nothing)'"

cat <<END

${bold}keyrings.ko on a stock Debian kernel, Linux $(uname -r)${plain}

END
text <<END
	The kernel keeps secrets for programs: "keys", held by "keyrings". Each user
	has a keyring that stands in when there is no login session. Its name is
	_uid_ses.<user number>, the keyctl command calls it @us, and its manual page,
	user-session-keyring(7), says:

	   "the keyring is destroyed when the UID record is destroyed when the
	    last process pinning it exits."

	A line that begins with alice\$ is a process of the user alice, number 1000.
	It runs, and exits; between two such lines alice has no process at all.
END

title "The kernel as Debian ships it: the keyring stays"
alice 'keyctl add user mail-password hunter2 @us'
text <<END
	alice has put a password into her keyring. Her only process is gone. Later a
	new process looks at what the kernel still keeps for her:
END
sleep 1
alice "$look"
must "_uid_ses.1000 is still there, with the password in it" alice_has "$ring"
alice 'keyctl print %user:mail-password'
must "anything that runs as alice, at any later time, can read it" saw hunter2

title "Load the module: no reboot, no changed kernel"
root 'insmod /keyrings.ko'
soon grep -q 0 /sys/kernel/livepatch/keyrings/transition
root 'cat /sys/kernel/livepatch/keyrings/enabled'
must "the key system calls are now served by keyrings.ko" saw 1

title "The same again: the keyring goes with its last process"
alice 'keyctl add user mail-password hunter2 @us; keyctl show @us'
soon alice_has_not "$ring"
alice "$look"
must "_uid_ses.1000 is gone, as the manual promises" alice_has_not "$ring"

title "All processes of a user share it, and the last one out ends it"
setuidgid alice sleep 1000 &
sleeper=$!
text <<END
	One process of alice's is kept running in the background.
END
alice 'keyctl add user note "same place tomorrow" @us'
alice 'keyctl print %user:note'
must "a second process of hers finds what the first one put there" \
	saw 'same place tomorrow'
echo "   root#  kill the process in the background"
kill $sleeper
wait $sleeper 2>/dev/null
soon alice_has_not "$ring"
alice "$look"
must "with that process the keyring is gone" alice_has_not "$ring"

title "A session keyring is inherited across fork and exec"
text <<END
	"keyctl session" starts a program with a new session keyring, called @s. The
	shell it starts here forks and executes keyctl, twice.
END
alice "keyctl session work sh -c 'keyctl add user token sesame @s; keyctl print %user:token'"
must "what one program stored, the next one in that session could read" saw sesame
alice 'keyctl print %user:token'
must "a process outside of that session cannot" \
	sh -c '! setuidgid alice keyctl print %user:token'

title "Without a session, the user-session keyring stands in"
alice 'keyctl show @s'
must "@s of a process that never had a session is _uid_ses.1000" saw "$ring"
soon alice_has_not "$ring"

title "A file she opened keeps it, until the file is closed"
text <<END
	A process of alice's opens a file, hands the open file to a process of root
	over a socket, and exits.
END
lend 1000 /tmp/file-of-alice sleep 1000 &
lent=$!
soon grep -q sleep /proc/$lent/comm
alice 'keyctl add user note "back in a minute" @us'
sleep 1
alice "$look"
must "no process of hers is left, yet the open file pins the keyring" alice_has "$ring"
echo "   root#  close the file"
kill $lent
wait $lent 2>/dev/null
soon alice_has_not "$ring"
alice "$look"
must "once the file is closed, the keyring is gone" alice_has_not "$ring"

title "A link in another keyring keeps it for good"
text <<END
	root makes a keyring that everybody may write to, and alice links hers there.
END
shelf=$(keyctl newring shelf @u)
keyctl setperm "$shelf" 0x3f3f3f3f
alice "keyctl link @us $shelf"
sleep 1
alice "$look"
must "her processes are gone, the keyring stays" alice_has "$ring"
root "keyctl clear $shelf"
soon alice_has_not "$ring"
alice "$look"
must "with the link goes the keyring" alice_has_not "$ring"
keyctl unlink "$shelf" @u >/dev/null 2>&1

title "Unload it: the kernel is as it was"
root 'echo 0 >/sys/kernel/livepatch/keyrings/enabled'
soon test ! -e /sys/kernel/livepatch/keyrings
root 'rmmod keyrings'
must "the module is gone" sh -c '! grep -q "^keyrings " /proc/modules'
alice "$look"
must "and the built-in subsystem still has the keyring of step 1" alice_has "$ring"

echo
if [ $wrong = 0 ]; then
	echo "   ${bold}All $steps steps did what they say.${plain}"
else
	echo "   ${bold}$wrong of the facts above are not so: see the lines that begin with !!${plain}"
fi
echo
exit $wrong
