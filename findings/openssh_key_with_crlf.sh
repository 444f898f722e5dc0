#!/usr/bin/env bash
# OpenSSH 9.2p1 (Debian 1:9.2p1-2+deb12u10): a private key whose lines end with CR LF is no key in its own format, but one as PEM.
#
# A key that came by mail, by a clipboard or out of a store of secrets has such ends of lines. ssh-keygen and ssh take it where it
# is PEM, and where ssh-keygen has written it, which is its own format unless told otherwise, they say `error in libcrypto`, which
# sounds like a damaged key or a wrong passphrase. paramiko 5.1.0 takes both, so that the same file logs in here and not there.
#
# Seen (OpenSSH 9.2p1, paramiko 5.1.0):
#   OpenSSH's format, LF: ssh-keygen reads it, paramiko reads it
#   OpenSSH's format, CR LF: ssh-keygen: error in libcrypto, paramiko reads it
#   PEM, LF: ssh-keygen reads it, paramiko reads it
#   PEM, CR LF: ssh-keygen reads it, paramiko reads it
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check paramiko==5.1.0
cd "$folder"
apt-get -qq download openssh-client=1:9.2p1-2+deb12u10 2>/dev/null
dpkg -x openssh-client_*.deb unpacked
keygen=unpacked/usr/bin/ssh-keygen
"$keygen" -q -t rsa -b 3072 -N '' -C '' -f "OpenSSH's format"
"$keygen" -q -t rsa -b 3072 -N '' -C '' -m PEM -f PEM
for name in "OpenSSH's format" PEM; do
    cp "$name" "$name, LF"
    sed 's/$/\r/' "$name" > "$name, CR LF"
    for file in "$name, LF" "$name, CR LF"; do
        chmod 600 "$file"
        one=$("$keygen" -y -P '' -f "$file" 2>&1) && [ "${one% }" = "$(cut -d' ' -f1,2 "$name.pub")" ] && one=" reads it" || one=": ${one##*: }"
        other=$(env/bin/python -c '
import sys, paramiko
try:
    key = paramiko.RSAKey.from_private_key_file(sys.argv[1])
    print(" reads it" if key.get_base64() == open(sys.argv[2]).read().split()[1] else " reads another one")
except paramiko.SSHException as error:
    print(f": {error}")' "$file" "$name.pub")
        echo "$file: ssh-keygen$one, paramiko$other" | tr -d '\r'
    done
done | tee seen
diff - seen <<'SEEN'
OpenSSH's format, LF: ssh-keygen reads it, paramiko reads it
OpenSSH's format, CR LF: ssh-keygen: error in libcrypto, paramiko reads it
PEM, LF: ssh-keygen reads it, paramiko reads it
PEM, CR LF: ssh-keygen reads it, paramiko reads it
SEEN
