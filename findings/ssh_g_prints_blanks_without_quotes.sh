#!/usr/bin/env bash
# OpenSSH 9.2p1 (Debian 1:9.2p1-2+deb12u10): `ssh -G` prints names with blanks without the quotes that they were written in.
#
# What it prints looks like a configuration, and programs read it as one. Of UserKnownHostsFile, which takes several names, it
# no longer tells which there are: ssh itself, given its own words, looks into other files than before, without a message. Of
# IdentityFile, which takes one, it refuses its own words.
#
# Seen (OpenSSH 9.2p1):
#   UserKnownHostsFile "/keys/of all" /keys/more
#     printed as: userknownhostsfile /keys/of all /keys/more
#     looked for: "/keys/of all" "/keys/more"
#     of what was printed: "/keys/of" "all" "/keys/more"
#   IdentityFile "/keys/my own"
#     printed as: identityfile /keys/my own
#     of what was printed: keyword identityfile extra arguments at end of line
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download openssh-client=1:9.2p1-2+deb12u10 2>/dev/null
dpkg -x openssh-client_*.deb unpacked
ssh() { "$folder/unpacked/usr/bin/ssh" "$@" </dev/null; }
# A server that greets and says no more is enough for ssh to look for known keys.
echo 'printf "SSH-2.0-x\r\n"; sleep 1' > greets
looked_for() {
    { ssh -v -F "$1" -T -o GlobalKnownHostsFile=none -o "ProxyCommand=sh greets" x true 2>&1 || true; } |
        sed -n 's/.*load_hostkeys: fopen \(.*\): No such file.*/"\1"/p' | awk '!seen[$0]++' | tr '\n' ' ' | sed 's/ $//'
}
{
    echo 'UserKnownHostsFile "/keys/of all" /keys/more' | tee written
    ssh -T -G -F written x | grep '^userknownhostsfile' > printed
    echo "  printed as: $(cat printed)"
    echo "  looked for: $(looked_for written)"
    echo "  of what was printed: $(looked_for printed)"
    echo 'IdentityFile "/keys/my own"' | tee written
    ssh -T -G -F written x | grep '^identityfile' > printed
    echo "  printed as: $(cat printed)"
    echo "  of what was printed: $({ ssh -T -G -F printed x 2>&1 || true; } | tr -d '\r' | sed -n 's/^printed line 1: //p')"
} | tee seen
diff - seen <<'SEEN'
UserKnownHostsFile "/keys/of all" /keys/more
  printed as: userknownhostsfile /keys/of all /keys/more
  looked for: "/keys/of all" "/keys/more"
  of what was printed: "/keys/of" "all" "/keys/more"
IdentityFile "/keys/my own"
  printed as: identityfile /keys/my own
  of what was printed: keyword identityfile extra arguments at end of line
SEEN
