"""Carries a copy over a connection of paramiko's."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import paramiko

from udo.ssh import remote
from udo.ssh.connection import Connection
from udo.ssh.copy.job import Job
from udo.ssh.copy.sftp import Range
from udo.ssh.copy.tally import Told
from udo.ssh.limit import Limit
from udo.ssh.outcome import Ending, Failed
from udo.ssh.target import Options

_PIECE = 1 << 18
_MOUTHFUL = 1 << 15
_GLANCE = 0.02


def carry(connection: Connection, job: Job, told: Told, limits: tuple[Limit, Limit], options: Options) -> Ending:
    """How the copy ended on this host; `limits` are those of all its time and of its way to the server of files.

    Raises: Failed, Stopped.
    """
    return job.carry(_Link(connection, job, limits, options), told)


class _Link:
    """The connection, its channel to the server of files, and a channel more for each command."""

    def __init__(self, connection: Connection, job: Job, limits: tuple[Limit, Limit], options: Options) -> None:
        self._connection = connection
        self._limits = limits
        self._options = replace(options, copy=None)
        self.stream = _Channel(connection, job.copy.server, limits, self._options)

    def output(self, command: str, stdin: bytes) -> bytes:
        """What a command prints."""
        said: list[bytes] = []

        def emit(stream: str, data: bytes) -> None:
            if stream == "stdout":
                said.append(data)

        limit, options = self._limits[0], replace(self._options, stdin=stdin)
        try:
            remote.run(self._connection, command, emit, limit, limit, options)
        except Failed as failed:
            if failed.ending.outcome != "refused":
                raise
        return b"".join(said)

    def look(self) -> None:
        """Looks whether there is still time."""
        self._limits[0].check("not all was copied")
        if not self._connection.transport.is_active():
            raise Failed("dropped", "the connection broke")


class _Channel:
    """The channel to a server of files."""

    def __init__(self, connection: Connection, server: str, limits: tuple[Limit, Limit], options: Options) -> None:
        self._connection = connection
        self._limit, start = limits
        self._options = options
        self._out: deque[memoryview | Range] = deque()
        try:
            channel = connection.transport.open_session(timeout=start.left or 1e9)
            channel.event = connection.signal(start)
            channel.status_event = connection.signal(self._limit, options.keepalive)
            if server:
                channel.exec_command(server.encode("utf-8", "surrogateescape"))
            else:
                channel.invoke_subsystem("sftp")
        except (paramiko.SSHException, EOFError, OSError) as error:
            start.check("no start of the server of files")
            if isinstance(error, paramiko.ChannelException) or connection.transport.is_active():
                raise Failed("refused", f"the server copies no files: {error}") from error
            raise Failed("dropped", "the connection broke before anything was copied") from error
        self._channel = channel
        self._ready = connection.signal(self._limit, options.keepalive)
        channel.in_buffer.set_event(self._ready)

    def send(self, data: bytes | Range) -> None:
        """Takes what is to be sent."""
        self._out.append(data if isinstance(data, Range) else memoryview(data))

    def receive(self) -> bytes:
        """What comes next, once what can be sent is. Raises: Failed."""
        channel = self._channel
        while True:
            self._limit.check("not all was copied")
            ended = channel.eof_received or channel.closed
            self._send_some()
            if channel.recv_ready():
                return bytes(channel.recv(_PIECE))
            if ended:
                raise self._why()
            if self._out:
                self._ready.glance(_GLANCE)
            else:
                remote.wait(self._ready, self._limit, self._options.idle_timeout)

    def _send_some(self) -> None:
        try:
            while self._out and self._channel.send_ready() and self._connection.wire.is_writable:
                first = self._out.popleft()
                if isinstance(first, Range):
                    self._send_range(first)
                elif left := (whole := self._together(first))[self._channel.send(bytes(whole[:_MOUTHFUL])) :]:
                    self._out.appendleft(left)
        except (OSError, EOFError):
            # It has ended; what it said last tells why.
            self._out.clear()

    def _send_range(self, part: Range) -> None:
        left = part.after(self._channel.send(part.read(_MOUTHFUL)))
        if left.size:
            self._out.appendleft(left)

    def _together(self, first: memoryview) -> memoryview:
        """One piece of this and the next small ones."""
        pieces, size = [first], len(first)
        while self._out and not isinstance(self._out[0], Range) and size + len(self._out[0]) <= _MOUTHFUL:
            pieces.append(self._out.popleft())  # type: ignore[arg-type]
            size += len(pieces[-1])
        return memoryview(b"".join(pieces)) if pieces[1:] else first

    def _why(self) -> Failed:
        if self._connection.packets.is_mute:
            return Failed("dropped", f"the host gave no sign of life for {self._options.keepalive:g} s")
        if not self._connection.transport.is_active():
            return Failed("dropped", "the connection broke while files were copied")
        said = bytes(self._channel.recv_stderr(_PIECE)) if self._channel.recv_stderr_ready() else b""
        return stopped(said)


def stopped(said: bytes) -> Failed:
    """How a host fails whose server of files has ended, with what it said last."""
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    failed = Failed("failed", f"the server of files ended{f': {lines[-1]}' if lines else ''}")
    failed.ending = replace(failed.ending, status=1)
    return failed
