#!/usr/bin/env bash
# pathspec 1.1.1: a pattern takes a file back from below a folder that is excluded, where git does not.
#
# gitignore(5): "It is not possible to re-include a file if a parent directory of that file is excluded." GitIgnoreSpec, which
# is there to do as git does, judges a path by the last pattern that fits it and asks nothing of the folders above. Whoever packs
# what it lets through takes files along that git leaves out. Matched level by level, a folder before what is in it, both agree.
#
# Seen (pathspec 1.1.1, git 2.39 and later):
#   logs, !logs/x: git keeps nothing, pathspec keeps logs/x
#   d/, !d/b.txt: git keeps nothing, pathspec keeps d/b.txt
#   logs/*, !logs/: git keeps nothing, pathspec keeps logs/k/y
#   d/*, !d/e/: git keeps d/e/c.txt, pathspec keeps d/e/c.txt
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pathspec==1.1.1
cat > "$folder/program.py" <<'PY'
import subprocess, sys
from pathlib import Path

from pathspec import GitIgnoreSpec

CASES = (("logs", "!logs/x"), "logs/x"), (("d/", "!d/b.txt"), "d/b.txt"), (("logs/*", "!logs/"), "logs/k/y"), (("d/*", "!d/e/"), "d/e/c.txt")
for number, (patterns, path) in enumerate(CASES):
    tree = Path(sys.argv[1], str(number))
    (tree / path).parent.mkdir(parents=True)
    (tree / path).touch()
    (tree / ".gitignore").write_text("\n".join(patterns) + "\n")
    subprocess.run(["git", "init", "--quiet", tree], check=True)
    words = ["git", "-C", str(tree), "ls-files", "--others", "--exclude-standard", "--", path]
    git = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip() or "nothing"
    spec = "nothing" if GitIgnoreSpec.from_lines(patterns).match_file(path) else path
    print(f"{', '.join(patterns)}: git keeps {git}, pathspec keeps {spec}")
PY
HOME="$folder" GIT_CONFIG_NOSYSTEM=1 "$folder/env/bin/python" "$folder/program.py" "$folder" 2>/dev/null | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
logs, !logs/x: git keeps nothing, pathspec keeps logs/x
d/, !d/b.txt: git keeps nothing, pathspec keeps d/b.txt
logs/*, !logs/: git keeps nothing, pathspec keeps logs/k/y
d/*, !d/e/: git keeps d/e/c.txt, pathspec keeps d/e/c.txt
SEEN
