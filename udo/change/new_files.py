"""Writes files of the operator's: none before those that already exist are confirmed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from udo.change.confirm import confirm
from udo.errors import Refused, UdoError
from udo.files import write_new, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from udo.session import Session


def written(session: Session, files: Mapping[Path, tuple[bytes, int]]) -> list[dict[str, str]]:
    """Writes files of the operator's, each with its content and mode; a row for each says what was done.

    Those that hold the content already are left alone; others that are there are replaced once that is confirmed,
    and none is written before.

    Raises: Refused; UdoError where one cannot be written.
    """
    states = {path: _state(path, content) for path, (content, _) in files.items()}
    there = [str(path) for path, state in states.items() if state == "there"]
    if not session.options.dry_run:
        if there:
            confirm(session, f"{', '.join(there)} already exist{'s' if len(there) == 1 else ''}. Replace?")
        for path, (content, mode) in files.items():
            _write(path, content, mode, states[path])
    tense = "would be " if session.options.dry_run else ""
    words = {"new": f"{tense}written", "there": f"{tense}replaced", "same": "is so already"}
    return [{"file": str(path), "outcome": words[state]} for path, state in states.items()]


def _state(path: Path, content: bytes) -> str:
    if not os.path.lexists(path):
        return "new"
    try:
        return "same" if path.is_file() and path.read_bytes() == content else "there"
    except OSError:
        return "there"


def _write(path: Path, content: bytes, mode: int, state: str) -> None:
    try:
        match state:
            case "new":
                write_new(path, content, mode)
            case "there":
                write_whole(path, content, mode)
    except FileExistsError as error:
        raise Refused(f"{path} already exists", hint="it was not a moment ago; use --yes to replace it") from error
    except OSError as error:
        raise UdoError(f"{path} cannot be written: {error.strerror or error}") from error
