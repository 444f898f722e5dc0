"""Writes what hosts say into a folder: one file per host and stream, every byte as it came."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from udo.change.events import HostDone, Line
from udo.errors import UdoError

# Held of each file before it is written, so that no file stays open: there may be more hosts than descriptors.
_HELD = 1 << 14
_NOT_RUN = ("gone", "not started")


class Folder:
    """The files of one run; what they held before is replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: dict[tuple[str, str], bytearray] = {}
        self._begun: set[tuple[str, str]] = set()
        self._broken = False

    def make(self) -> None:
        """Makes the folder. Raises: UdoError where nothing can be written there."""
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self._path).close()
        except OSError as error:
            raise UdoError(f"folder {self._path}: {error.strerror or error}", hint="name another one") from error

    def add(self, line: Line) -> None:
        """Takes a line. Raises: UdoError, once, where it cannot be written; nothing more is written then."""
        held = self._held.setdefault((line.instance_id, line.stream), bytearray())
        held += line.data
        if not line.partial:
            held += b"\n"
        if len(held) >= _HELD:
            self._write((line.instance_id, line.stream))

    def end(self, done: HostDone) -> None:
        """Writes the rest of a host: both files are there then, empty ones too. Raises: UdoError."""
        for stream in ("stdout", "stderr"):
            if done.outcome not in _NOT_RUN:
                self._write((done.instance_id, stream))

    def _write(self, key: tuple[str, str]) -> None:
        if self._broken:
            return
        path = self._path / ".".join(key)
        begun = key in self._begun
        self._begun.add(key)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            handle = os.open(path, flags | (os.O_APPEND if begun else os.O_TRUNC), 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(self._held.pop(key, b""))
        except OSError as error:
            self._broken = True
            raise UdoError(f"{path} cannot be written: {error.strerror or error}") from error
