#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# cifs-user.sh USER FILE: with the password of USER in this session, make FILE.

echo "$1" | cifscreds add -u "$1" here && touch "$2"
