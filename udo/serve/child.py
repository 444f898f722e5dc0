"""Runs command lines of Udo's as processes, as if they were typed here, and keeps what they say within bounds."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Bytes of a document, and of what is told besides; what is more is cut.
_LONGEST, _TOLD = 8 << 20, 256 << 10


class Child:
    """One command line at work; `lines` are those it has told so far, `document` is its answer once it has ended.

    `stacks` are stacks that it finds in udo.yml beside those that are there.
    """

    def __init__(self, words: Sequence[str], stacks: Mapping[str, Any] | None = None) -> None:
        self.words = tuple(words)
        self.stacks = stacks
        self.lines: list[str] = []
        self.exit: int | None = None
        self.document: dict[str, Any] | None = None
        self._room = _TOLD
        self._process: asyncio.subprocess.Process | None = None

    async def run(self, before: Sequence[str], env: Mapping[str, str]) -> dict[str, Any]:
        """The document that it ends with; `before` are the global options. Raises: OSError."""
        argv = [sys.executable, "-m", "udo", *before, "--output", "json", *self.words]
        # A group of its own: a Ctrl-C at the server is handed on, once, and to no child of the child.
        process = self._process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **env},
            start_new_session=True,
            limit=1 << 20,
        )
        try:
            out, _ = await asyncio.gather(_all(process.stdout), self._listen(process.stderr))
            self.exit = await process.wait()
        finally:
            if process.returncode is None:
                self.interrupt()
                self.exit = await process.wait()
        self.document = _document(out, self.words, self.exit)
        return self.document

    def interrupt(self) -> None:
        """Ends it as a Ctrl-C would."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Ends it at once."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def _listen(self, stream: Any) -> None:
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                # A line beyond all bounds: what follows it counts.
                continue
            if not line:
                return
            self._room -= len(line)
            if self._room > 0:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))


async def _all(stream: Any) -> bytes:
    pieces, left = [], _LONGEST
    while piece := await stream.read(65_536):
        if left > 0:
            pieces.append(piece[:left])
        left -= len(piece)
    return b"".join(pieces)


def _document(out: bytes, words: Sequence[str], exit_: int | None) -> dict[str, Any]:
    with suppress(ValueError):
        found = json.loads(out)
        if isinstance(found, dict):
            return found
    error = {"code": "failed", "message": f"udo {words[0]} ended with {exit_} and no answer", "hint": None}
    return {"udo": 1, "command": words[0], "ok": False, "exit": exit_, "data": None, "error": error}
