"""Carries a copy through the operator's own `ssh`, so that what is encrypted for one host waits for no other."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from udo.ssh import openssh
from udo.ssh.copy.by_paramiko import stopped
from udo.ssh.copy.job import Job
from udo.ssh.copy.sftp import Range
from udo.ssh.copy.tally import Told
from udo.ssh.limit import Limit
from udo.ssh.login import pin_accepted, words
from udo.ssh.outcome import Ending, Failed, Stopped
from udo.ssh.preamble import Preamble
from udo.ssh.target import Options, Target
from udo.ssh.trust import Knowledge
from udo.ssh.ways import Entry
from udo.ssh.wire import Wires

_PIECE = 1 << 18
_LOOK = 1.0
_KEPT = 1 << 12
_PAUSES = (0.2, 0.5, 1.0)
# Pieces that are handed over in one go, and the bytes that may be in a pipe. Source: pipe(7), pipe-max-size.
_TOGETHER, _WIDE = 512, 1 << 20


def carry(
    target: Target,
    known: Knowledge,
    job: Job,
    options: Options,
    wires: Wires,
    told: Told,
    limits: tuple[Limit, Limit],
    entry: Entry,
    admit: Callable[[], None],
) -> Ending:
    """How the copy ended on this host; the rest is as in `openssh.converse`.

    `admit` is called before another connection is made. Raises: Failed, Stopped, UdoError."""
    with tempfile.TemporaryDirectory(prefix="udo-ssh-") as name:
        folder, log = Path(name), openssh.Log(Path(name) / "log")
        entry.logged_in = lambda: log.logged_in
        said: deque[bytes] = deque()
        errors = bytearray()

        def emit(stream: str, data: bytes) -> None:
            if stream == "stdout":
                said.append(data)
            else:
                errors[:] = (errors + data)[-_KEPT:]

        preamble = Preamble(emit)
        argv = _argv(target, openssh.settings(target, known, options, folder) | preamble.settings, options, job, log)
        began = False
        try:
            with openssh.running(argv, wires, reads=True) as process:
                began = True
                stream = _Pipe(process, log, preamble, said, limits, options)
                link = _Link(stream, target, known, options, wires, limits, admit)
                try:
                    return job.carry(link, told)
                except _Ended:
                    # What ssh has to say of its end is in its log once it has ended.
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(_LOOK)
            return _ending(process.returncode, log, known, preamble, bytes(errors))
        except Failed as failed:
            return failed.before_login if began and not log.logged_in else failed.ending
        finally:
            pin_accepted(target, folder)


def _argv(target: Target, settings: dict[str, str], options: Options, job: Job, log: openssh.Log) -> list[str]:
    """The words that start ssh, and at its other end the server of files."""
    server = job.copy.server
    if not server and "SessionType" in settings:
        settings = settings | {"SessionType": "subsystem"}
    flag = [] if server or "SessionType" in settings else ["-s"]
    way = [*words(target, settings, options), "-T", "-E", str(log.path), *flag]
    return [*way, "--", target.address, server or "sftp"]


class _Ended(Exception):
    """ssh says no more."""


class _Link:
    """A running ssh, and one more for each command."""

    def __init__(
        self,
        stream: _Pipe,
        target: Target,
        known: Knowledge,
        options: Options,
        wires: Wires,
        limits: tuple[Limit, Limit],
        admit: Callable[[], None],
    ) -> None:
        self.stream = stream
        self._admit = admit
        self._target, self._known, self._wires, self._limits = target, known, wires, limits
        self._options = replace(options, copy=None)

    def output(self, command: str, stdin: bytes) -> bytes:
        """What a command prints."""
        said: list[bytes] = []

        def emit(stream: str, data: bytes) -> None:
            if stream == "stdout":
                said.append(data)

        options, limit = replace(self._options, stdin=stdin), self._limits[0]
        start = Limit(time.monotonic() + options.connect_timeout, f"within {options.connect_timeout:g} s")
        limits = limit, limit.sooner(start)
        for pause in _PAUSES:
            self._admit()
            ending = openssh.converse(self._target, self._known, command, options, self._wires, emit, limits, Entry())
            if not ending.turned_away:
                break
            # A host in between that takes few logins at a time will take it in a moment.
            time.sleep(pause)
        self.look()
        return b"".join(said)

    def look(self) -> None:
        """Looks whether there is still time."""
        self._limits[0].check("not all was copied")
        if self._wires.stopped:
            raise Stopped


class _Pipe:
    """What goes to and comes from the server of files through ssh's standard streams."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        log: openssh.Log,
        preamble: Preamble,
        said: deque[bytes],
        limits: tuple[Limit, Limit],
        options: Options,
    ) -> None:
        self._process, self._log, self._preamble, self._said = process, log, preamble, said
        self._limit, self._connect = limits
        self._options = options
        self._out: deque[memoryview | Range] = deque()
        if not (process.stdin and process.stdout and process.stderr):
            raise _Ended
        self._stdin = process.stdin.fileno()
        self._names = {process.stdout.fileno(): "stdout", process.stderr.fileno(): "stderr"}
        os.set_blocking(self._stdin, False)
        for pipe in (self._stdin, process.stdout.fileno()):
            _widen(pipe)
        self._poll = select.poll()
        for number in self._names:
            self._poll.register(number, select.POLLIN)
        self._is_polled = False

    def send(self, data: bytes | Range) -> None:
        """Takes what is to be sent."""
        self._out.append(data if isinstance(data, Range) else memoryview(data))

    def receive(self) -> bytes:
        """What comes next, once what can be sent is. Raises: Failed, _Ended."""
        heard = time.monotonic()
        while not self._said:
            self._send_some()
            now = self._until(heard)
            ready = self._poll.poll(1000 * min(now.left or _LOOK, _LOOK))
            for number, _events in ready:
                if number in self._names:
                    self._read(number)
            if not self._said and (len(self._names) < 2 or (not ready and self._process.poll() is not None)):
                raise _Ended
            if now.over and not self._said:
                heard = self._over(heard)
        data = b"".join(self._said) if len(self._said) > 1 else self._said[0]
        self._said.clear()
        return data

    def _read(self, number: int) -> None:
        if data := os.read(number, _PIECE):
            self._preamble.feed(self._names[number], data)
        else:
            self._poll.unregister(number)
            del self._names[number]

    def _send_some(self) -> None:
        try:
            while self._out:
                first = self._out[0]
                if not (self._send_range(first) if isinstance(first, Range) else self._send_pieces()):
                    break
        except OSError:
            # It has ended; what it said last tells why.
            self._out.clear()
        if bool(self._out) != self._is_polled:
            self._is_polled = bool(self._out)
            if self._is_polled:
                self._poll.register(self._stdin, select.POLLOUT)
            else:
                self._poll.unregister(self._stdin)

    def _send_pieces(self) -> bool:
        """Sends what comes before the next range of a file; gives whether all of it went."""
        pieces: list[memoryview] = []
        while self._out and len(pieces) < _TOGETHER and not isinstance(self._out[0], Range):
            pieces.append(self._out.popleft())  # type: ignore[arg-type]
        try:
            left = _after(pieces, os.writev(self._stdin, pieces))
        except BlockingIOError:
            left = pieces
        self._out.extendleft(reversed(left))
        return not left

    def _send_range(self, part: Range) -> bool:
        """Sends the range of a file that is first; gives whether all of it went."""
        self._out.popleft()
        try:
            sent = self._splice(part)
        except BlockingIOError:
            sent = 0
        if sent is None:
            # A file that ends early, or of a kind that is not moved so.
            self._out.appendleft(memoryview(part.read(part.size)))
            return True
        if sent < part.size:
            self._out.appendleft(part.after(sent))
        return sent == part.size

    def _splice(self, part: Range) -> int | None:
        """Moves pages of the file into the pipe, which copies none of them; None where that does not work."""
        if not hasattr(os, "splice"):
            return None
        try:
            return os.splice(part.file, self._stdin, part.size, part.at, flags=os.SPLICE_F_NONBLOCK) or None
        except OSError as error:
            if error.errno == errno.EINVAL:
                return None
            raise

    def _until(self, heard: float) -> Limit:
        if not self._preamble.over:
            return self._connect
        idle = self._options.idle_timeout
        return self._limit.sooner(Limit(heard + idle, f"for {idle:g} s")) if idle else self._limit

    def _over(self, heard: float) -> float:
        if not self._preamble.over:
            if not self._log.logged_in:
                self._connect.check(f"no {self._log.stage}")
            self._preamble.end()
            return time.monotonic()
        self._limit.check("not all was copied")
        self._until(heard).check("nothing was said")
        return heard


def _widen(pipe: int) -> None:
    """Lets more go through a pipe at once, where that may be."""
    with suppress(OSError, AttributeError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _WIDE)


def _after(pieces: list[memoryview], sent: int) -> list[memoryview]:
    """What is left of the pieces once so many bytes are sent."""
    for number, piece in enumerate(pieces):
        if sent < len(piece):
            return [piece[sent:], *pieces[number + 1 :]]
        sent -= len(piece)
    return []


def _ending(status: int, log: openssh.Log, known: Knowledge, preamble: Preamble, said: bytes) -> Ending:
    text = log.text
    if not log.logged_in:
        return openssh.ending(status, log, known, preamble)
    if "subsystem request failed" in text:
        return Ending("refused", None, "the server copies no files: it has no SFTP")
    if "rtype exit-status" in text or "rtype exit-signal" in text:
        return stopped(said).ending
    return Ending("dropped", None, f"the connection broke while files were copied: {log.reason}")
