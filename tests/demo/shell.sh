# SPDX-License-Identifier: GPL-2.0-only
#
# After the show, when there is a terminal: the machine is the visitor's.

insmod /keyrings.ko
sed 's/^\t*/   /' <<END
	The machine is yours now. You are root in it, the module is loaded again at
	/keyrings.ko, and nothing you do here outlives it. Things to try:

	   keyctl show                          your session keyring
	   keyctl add user pin 1234 @s          add a key, and print it:
	   keyctl print %user:pin
	   cat /proc/keys                       all keys you may see
	   setuidgid alice sh                   be alice; exit to be root again
	   echo 0 >/sys/kernel/livepatch/keyrings/enabled; rmmod keyrings

	exit (or Ctrl-D) powers the machine off.
END
echo
cd /
export PS1='\u\$ '
sh -i
exit 0
