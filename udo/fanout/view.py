"""Takes what the command line says of how the output of hosts is shown and kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from udo.errors import Refused, UdoError, UsageError

if TYPE_CHECKING:
    from udo.session import Session


def view(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    """Takes what the options gave out of `given`, as the parts of output's View.

    Raises: UsageError; Refused for a folder that holds something.
    """
    fold, live, diff, folder = (given.pop(name) for name in ("fold", "live", "diff", "outdir"))
    if (fold or diff) and session.options.output != "text":
        raise UsageError("--fold and --diff are for text", hint="leave -o out, or them")
    if live and not (fold or diff):
        raise UsageError("--live goes with --fold or --diff", hint="without them lines are shown live anyway")
    if folder:
        _check(session, folder)
    return {"fold": fold or diff, "diff": diff, "live": live or not (fold or diff), "folder": folder}


def _check(session: Session, folder: Path) -> None:
    try:
        is_full = folder.exists() and next(folder.iterdir(), None) is not None
        if is_full and not session.options.yes:
            raise Refused(f"{folder} is not empty", hint="name another folder, or use --yes to replace files in it")
    except OSError as error:
        raise UdoError(f"folder {folder}: {error.strerror or error}", hint="name another one") from error
