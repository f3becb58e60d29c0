#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# make-keys.sh FOLDER: keys and certificates for the tests, and what openssl
# makes of them, to be compared with what the kernel does.
#
#   ca.der       a certificate that signs itself
#   mid.der      signed by ca, leaf.der signed by mid, other.der by itself
#   forged.der   says it is signed by ca, and is not
#   leaf.p8      the private key of leaf (PKCS#8), leaf.id its key identifier
#   digest       32 bytes; digest.sig signed with leaf's key, as SHA-256
#   secret       some text; secret.enc encrypted for leaf

set -eu
cd "$1"
exec 3>&2 2>openssl.log
trap '[ $? = 0 ] || cat openssl.log >&3; rm -f openssl.log' EXIT
skid=0102030405060708090a0b0c0d0e0f1011121314

# self NAME CN [EXTENSION]: a certificate that signs itself
self() {
	openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 36500 -subj "/CN=$2" \
		-set_serial 1 -keyout "$1.key" -out "$1.pem" \
		-addext keyUsage=critical,keyCertSign,cRLSign \
		-addext "subjectKeyIdentifier=${3-hash}"
}

# issue NAME CN ISSUER: one signed by another
issue() {
	openssl req -newkey rsa:2048 -nodes -sha256 -subj "/CN=$2" -keyout "$1.key" -out "$1.csr"
	printf '%s\n' basicConstraints=CA:TRUE subjectKeyIdentifier=hash \
		authorityKeyIdentifier=keyid,issuer >"$1.ext"
	openssl x509 -req -sha256 -days 36500 -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" \
		-set_serial 7 -extfile "$1.ext" -out "$1.pem"
}

self ca "test ca" "$skid"
self false "test ca" "$skid"
self other "test other"
issue mid "test mid" ca
issue leaf "test leaf" mid
issue forged "test forged" false
for name in ca other mid leaf forged; do
	openssl x509 -in $name.pem -outform DER -out $name.der
done
openssl pkcs8 -topk8 -nocrypt -in leaf.key -outform DER -out leaf.p8
openssl x509 -in leaf.pem -noout -ext subjectKeyIdentifier |
	sed -n 's/^ *\(\([0-9A-F]\{2\}:*\)\{20\}\)$/\1/p' | tr -d ':\n' | tr A-F a-f >leaf.id

printf 'this is what is signed' | openssl dgst -sha256 -binary >digest
openssl pkeyutl -sign -inkey leaf.key -in digest -out digest.sig -pkeyopt digest:sha256
printf 'to whom it may concern' >secret
openssl pkeyutl -encrypt -certin -inkey leaf.pem -in secret -out secret.enc
rm -f ./*.key ./*.csr ./*.ext ./*.pem
