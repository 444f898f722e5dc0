"""Keeps what stands on standard input for the commands that are to read it: once, for all hosts."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import IO, TYPE_CHECKING

from udo import signals
from udo.errors import UdoError, UsageError

if TYPE_CHECKING:
    from types import TracebackType

    from udo.session import Session

_PIECE = 1 << 20


class Given:
    """Standard input, read to its end when it is first asked for: no host is given half of it.

    It lies in a file that has no name, gone with this process at the latest.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Given:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def descriptor(self) -> int:
        """The file that holds it all. Raises: UsageError where it cannot be read, UdoError where it cannot be kept."""
        if self._file is None:
            if sys.stdin.isatty():
                self._session.output.say("type what the hosts are to read, and Ctrl-D at the end")
            self._file = _kept()
        return self._file.fileno()


def _kept() -> IO[bytes]:
    try:
        file: IO[bytes] = tempfile.TemporaryFile(prefix="udo-", buffering=0)  # noqa: SIM115 - lives until the run ends
        while piece := _read():
            while piece:
                piece = piece[file.write(piece) :]
    except OSError as error:
        told = f"what the hosts are to read cannot be kept: {error.strerror or error}"
        raise UdoError(told, hint="TMPDIR names the folder it is kept in") from error
    return file


def _read() -> bytes:
    try:
        with signals.waiting():
            return os.read(0, _PIECE)
    except OSError as error:
        raise UsageError(f"standard input cannot be read: {error.strerror or error}") from error
