"""Another build of Udo to measure against: a commit checked out beside, run with the libraries of this one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PROGRAM = """\
#!{python}
import sys
sys.path.insert(0, {checkout!r})
from udo.__main__ import main
main()
"""


@contextmanager
def build(commit: str | None, folder: Path) -> Iterator[Path | None]:
    """The program `udo` of a commit while the block runs; None where none is named."""
    if not commit:
        yield None
        return
    checkout = folder / "against"
    git = ("git", "-C", str(_ROOT), "worktree")
    subprocess.run([*git, "add", "--quiet", "--detach", str(checkout), commit], check=True)
    try:
        program = folder / f"udo-{commit}"
        program.write_text(_PROGRAM.format(python=sys.executable, checkout=str(checkout)))
        program.chmod(0o755)
        yield program
    finally:
        subprocess.run([*git, "remove", "--force", str(checkout)], check=True)
