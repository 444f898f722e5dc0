#!/usr/bin/env bash
# fish 3.6.0 (Debian 3.6.0-3.1+deb12u1): `fish -c` of a command it cannot parse runs nothing of it, and exits 0.
#
# bash, dash and zsh exit with 2 or 1 there. sshd hands a remote command to the login shell in just this way, so on a machine whose
# user logs in with fish `ssh HOST 'COMMAND'` of a line in POSIX words can do nothing at all, and report success; only standard
# error tells. The same text in a file (`fish FILE`) exits 127. A command that an interpreter is named for is told right:
# `fish -c "sh -c 'COMMAND'"`.
#
# Seen (fish 3.6.0; what each prints on standard output, then its exit code):
#   fish -c 'echo begun; if true'      0
#   fish -c 'echo begun; x=$(id'       0
#   fish FILE of the first             127
#   fish -c "sh -c 'echo begun; if'"   2
#   sh -c 'echo begun; if true'        2
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download fish=3.6.0-3.1+deb12u1 libpcre2-32-0 libtinfo6
for package in *.deb; do dpkg -x "$package" root; done
export HOME=$folder XDG_CONFIG_HOME=$folder XDG_DATA_HOME=$folder
fish=root/usr/bin/fish
libraries=$(dirname "$(find root -name 'libpcre2-32.so*' | head -1)"):$(dirname "$(find root -name 'libtinfo.so*' | head -1)")
shown() {
    local name=$1 code=0 out
    shift
    out=$(LD_LIBRARY_PATH=$libraries "$@" 2>/dev/null) || code=$?
    printf '%-35s%s\n' "$name" "${out:+$out }$code"
}
echo 'echo begun; if true' > file
{
    shown "fish -c 'echo begun; if true'" "$fish" -c 'echo begun; if true'
    shown "fish -c 'echo begun; x=\$(id'" "$fish" -c 'echo begun; x=$(id'
    shown 'fish FILE of the first' "$fish" file
    shown "fish -c \"sh -c 'echo begun; if'\"" "$fish" -c "sh -c 'echo begun; if'"
    shown "sh -c 'echo begun; if true'" sh -c 'echo begun; if true'
} | tee seen
diff - seen <<'SEEN'
fish -c 'echo begun; if true'      0
fish -c 'echo begun; x=$(id'       0
fish FILE of the first             127
fish -c "sh -c 'echo begun; if'"   2
sh -c 'echo begun; if true'        2
SEEN
