"""Log files: of one run under --debug, and of a failure that is Udo's own fault."""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from udo import __version__
from udo.files import state_folder, write_private


def append(run_id: str, line: str) -> None:
    """Appends a line with the time to the log of one run; where that cannot be done there is none of it."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    # Full, read-only, gone: a log is never a reason to fail.
    with suppress(OSError):
        handle = os.open(state_folder() / f"debug-{run_id}.log", flags, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{now} {' '.join(line.split())}\n")


def report(error: Exception, command: str) -> str:
    """Writes the traceback (no values) with versions, and returns the path of the file, or why there is none."""
    text = "".join(
        [
            f"udo {__version__}, Python {platform.python_version()}, {platform.platform()}\n",
            f"command: {command}\n\n",
            *traceback.format_exception(error),
        ]
    )
    try:
        path = Path(state_folder()) / f"bug-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.log"
        write_private(path, text)
    except OSError:
        print(text, file=sys.stderr)
        return "the text above"
    return str(path)
