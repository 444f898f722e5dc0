"""One script of a hook: its time, its two outputs, and what its end means."""

from __future__ import annotations

import errno
import os
import selectors
import threading
import time
from collections.abc import Callable
from typing import IO

from udo.bundle.appspec import Script
from udo.bundle.failure import OUTPUTS_LEFT_OPEN, SCRIPT_FAILED, SCRIPT_TIMED_OUT, Failed
from udo.sandbox.agent.program import NotStarted, Started

THREAD = "udo-sandbox-hook"
# What is kept of one line of output: what comes without a line break has no end.
MOST_OF_A_LINE = 1024 * 1024


class _Reader:
    """Hands the lines of one output on until it ends, a line cannot be taken, or nobody wants more."""

    def __init__(self, source: IO[bytes], name: bytes, take: Callable[[bytes], None]) -> None:
        self._source, self._mark, self._take = source, b"[%b]" % name, take
        self._wake, self._woken = os.pipe()
        self.error: UnicodeDecodeError | None = None
        self.thread = threading.Thread(target=self._read, name=THREAD, daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Stops reading and lets go of the output, which a writer notices."""
        os.write(self._woken, b"x")
        self.thread.join()
        self._source.close()
        os.close(self._wake)
        os.close(self._woken)

    def _read(self) -> None:
        held = b""
        try:
            while chunk := self._chunk():
                if len(held) > MOST_OF_A_LINE and b"\n" not in chunk:
                    continue
                *lines, held = (held + chunk).split(b"\n")
                for line in lines:
                    self._take(self._mark + _cut(line) + b"\n")
            if held:
                self._take(self._mark + _cut(held))
        except UnicodeDecodeError as error:
            self.error = error

    def _chunk(self) -> bytes:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._source, selectors.EVENT_READ)
            waiting.register(self._wake, selectors.EVENT_READ)
            ready = {key.fileobj for key, _ in waiting.select()}
        return b"" if self._wake in ready else os.read(self._source.fileno(), 65_536)


def run(script: Script, start: Callable[[], Started], take: Callable[[bytes], None]) -> None:
    """Runs a script to its end; each line of output goes to `take`, marked with where it came from.

    Raises: Failed.
    """
    try:
        started = start()
    except NotStarted as error:
        name = {errno.ENOENT: "ENOENT", errno.EACCES: "EACCES"}.get(error.number, errno.errorcode.get(error.number, ""))
        raise _failed(script, f"failed with error Errno::{name} with message {error}") from error
    # Whole seconds, as the agent counts.
    until = int(time.time()) + script.timeout
    out, errors = _Reader(started.out, b"stdout", take), _Reader(started.errors, b"stderr", take)
    code: int | None = None
    try:
        code = started.wait(_left(until))
        if code is None:
            started.ask_to_end()
            raise Failed(
                f"Script at specified location: {script.location} failed to complete in {script.timeout} seconds",
                code=SCRIPT_TIMED_OUT,
                script=script.location,
            )
        for reader, name in ((out, "STDOUT"), (errors, "STDERR")):
            _join(script, reader, name, until)
    finally:
        out.close()
        errors.close()
        if code is None:
            # However long it takes: the agent waits too.
            started.wait(None)
    if code:
        # One that a signal has ended has no code at all.
        raise _failed(script, f"failed with exit code {code if code > 0 else ''}")


def _cut(line: bytes) -> bytes:
    """The line, or what is kept of it, up to the end of a character."""
    if len(line) <= MOST_OF_A_LINE:
        return line
    end = MOST_OF_A_LINE
    while end > MOST_OF_A_LINE - 4 and line[end] & 0xC0 == 0x80:
        end -= 1
    return line[:end] + b" (the rest of this line is not kept)"


def _join(script: Script, reader: _Reader, name: str, until: int) -> None:
    reader.thread.join(_left(until))
    if reader.thread.is_alive():
        raise Failed(
            f"Script at specified location: {script.location} failed to close {name}",
            code=OUTPUTS_LEFT_OPEN,
            script=script.location,
        )
    if reader.error is not None:
        raise _failed(script, "failed with error ArgumentError with message invalid byte sequence in UTF-8")


def _left(until: int) -> float:
    # More than any sandbox lasts; the system takes no number as large as an appspec may hold.
    return min(max(until - int(time.time()), 0), 10**7)


def _failed(script: Script, how: str) -> Failed:
    whose = "" if script.runas is None else f" run as user {script.runas}"
    told = f"Script at specified location: {script.location}{whose} {how}"
    return Failed(told, code=SCRIPT_FAILED, script=script.location)
