#!/usr/bin/env bash
# Info-ZIP unzip 6.0 (Debian 6.0-28+deb12u1): a name that ends in `;` and digits loses that end, on Linux too, without a word.
#
# It is taken for the version of a file on VMS. `report;1` and `report;2` of one archive both become `report`, and with -o the
# later one stays; exit 0, nothing on either stream. -V keeps the names. CodeDeploy's agent unpacks bundles with `unzip -qo`, so
# a file of such a name is on no instance under its name. Python's zipfile keeps it.
#
# Seen (unzip 6.0-28+deb12u1):
#   in the archive: report;1 report;2 a;b notes;12.txt
#   unzip -qo (exit 0): a;b notes;12.txt report
#   unzip -qoV (exit 0): a;b notes;12.txt report;1 report;2
#   what report holds: the second
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download unzip=6.0-28+deb12u1
dpkg -x unzip_*.deb package
unzip=package/usr/bin/unzip
python3 - <<'PY'
import zipfile

with zipfile.ZipFile("bundle.zip", "w") as archive:
    for name, text in (("report;1", "the first"), ("report;2", "the second"), ("a;b", "x"), ("notes;12.txt", "x")):
        archive.writestr(name, text)
    print("in the archive:", *archive.namelist(), file=open("seen", "w"))
PY
for how in -qo -qoV; do
    code=0
    "$unzip" "$how" bundle.zip -d "out$how" >told 2>&1 || code=$?
    test ! -s told
    echo "unzip $how (exit $code): $(LC_ALL=C ls "out$how" | xargs)" >>seen
done
echo "what report holds: $(cat out-qo/report)" >>seen
cat seen
diff - seen <<'SEEN'
in the archive: report;1 report;2 a;b notes;12.txt
unzip -qo (exit 0): a;b notes;12.txt report
unzip -qoV (exit 0): a;b notes;12.txt report;1 report;2
what report holds: the second
SEEN
