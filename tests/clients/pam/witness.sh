#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Run by pam_exec when a session opens and closes: what @s is then.
{
	keyctl rdescribe @s
	keyctl rlist @s
	keyctl id @s
} >"/tmp/pam.$PAM_TYPE" 2>&1
exit 0
