"""What the agent of Systems Manager does with a script, on this machine, with stand-ins for what it needs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

MARK = "udo-0123456789abcdef"
# It becomes nobody else, which root alone can.
_RUNUSER = '#!/bin/sh\n[ "$1 $3" = "-u --" ] || exit 90\nshift 3\nexec "$@"\n'
_GETENT = """\
#!/bin/sh
case $2 in
  of-*) echo "$2:x:1000:1000::{home}:{shell}" ;;
  root) echo "root:x:0:0::{home}/root:/bin/sh" ;;
  *) exit 2 ;;
esac
"""


def run(script: str, folder: Path, shell: str = "/bin/sh") -> subprocess.CompletedProcess[bytes]:
    """How a script ends on a host whose users `of-..` have this login shell, and `folder` for a home."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True, parents=True)
    for name, text in (("runuser", _RUNUSER), ("getent", _GETENT.format(home=folder, shell=shell))):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    file = folder / "_script.sh"
    file.write_text(script + "\n", encoding="utf-8")
    file.chmod(0o755)
    # Source: aws/amazon-ssm-agent, runshellscript.go: `sh -c` on a file that names no interpreter.
    return subprocess.run(
        ["/bin/sh", "-c", str(file)],
        env={"PATH": f"{programs}:{os.environ['PATH']}"},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
