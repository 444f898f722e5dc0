"""The three streams of the process: all there, none a reason to fail but stdout, and the terminal left as it was."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import Any


def prepare() -> None:
    """Opens what the process was started without, and lets nothing fail for a stderr that cannot be written."""
    # A stream this process was started without (>&-) is None, and the next connection would take its descriptor. Data
    # that cannot be written is a failure: what is only open for reading says so at the first line.
    for name, mode, way in (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.open(os.devnull, way), mode))  # noqa: PTH123, SIM115 - lives as long as it
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    # Only the one of the process: who runs Udo within another program has put another in its place.
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, TextIOWrapper):
        sys.stderr = _Stderr(sys.stderr.buffer, sys.stderr.encoding, "backslashreplace", line_buffering=True)


def drop(stream: Any) -> None:
    """Sends what is still to be written to a stream nowhere: Python would complain of it while it shuts down."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class _Stderr(TextIOWrapper):
    """A stderr that goes nowhere from the first time that it cannot be written."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            drop(self)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            drop(self)


class Terminal:
    """The settings of the terminal when the command began: a question that is broken off may have changed them."""

    def __init__(self) -> None:
        self._settings: list[Any] | None = None
        if sys.stdin is not None and not sys.stdin.closed and os.isatty(0):
            import termios

            self._settings = termios.tcgetattr(0)

    def put_back(self) -> None:
        """Makes it again what it was."""
        if self._settings is None:
            return
        import termios

        # In the background it would be stopped for it; and the terminal may be what has gone away.
        with suppress(OSError, termios.error):
            if os.tcgetpgrp(0) == os.getpgrp():
                termios.tcsetattr(0, termios.TCSANOW, self._settings)
