# SPDX-License-Identifier: GPL-2.0-only
#
# key.dns_resolver(8), by the line of request-key.conf(5) that keyutils brings.

address() { keyctl session - sh -c "keyctl pipe \$(keyctl request2 dns_resolver $1 '' @s)"; }
is_address() { [ "$(address here)" = 127.0.0.1 ]; }

expect "dns: the address of a host" is_address
refuse "dns: of no host" address nowhere
