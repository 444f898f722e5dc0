"""Runs the command on a connection: its output in pieces as they come, then how it ended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import paramiko

from udo.ssh.connection import Connection
from udo.ssh.feed import Feed, Typist
from udo.ssh.limit import Limit, Signal
from udo.ssh.outcome import Ending, Failed
from udo.ssh.target import Options

_PIECE = 1 << 16
# What is sent at once: little enough that a server that stops reading blocks nobody here. Source: tcp(7), a socket
# is writable when a third of its buffer (87 KB at least, once connected) is free.
_MOUTHFUL = 1 << 14
_GOODBYE = 0.5
# How soon more is sent to a host that takes its input slowly; paramiko does not tell when it may.
_GLANCE = 0.02

Emit = Callable[[str, bytes], None]


def run(connection: Connection, command: str, emit: Emit, start: Limit, limit: Limit, options: Options) -> Ending:
    """How the command ended; `emit` is called with stdout or stderr and what was read.

    It must have started by `start` and ended by `limit`; `options` say what it reads and how long it may be silent.
    Raises: Failed.
    """
    channel = _started(connection, command, start, connection.signal(limit, options.keepalive), tty=options.tty)
    _stream(connection, channel, emit, limit, options)
    status = channel.recv_exit_status()
    limit.check("no end of the command")
    # A server that is hung up on before it has closed the channel takes the end for a broken connection.
    connection.packets.closed_by_host.wait(_GOODBYE)
    if connection.packets.exit_signal:
        return _killed(connection.packets.exit_signal)
    if connection.packets.is_mute:
        raise Failed("dropped", f"the host gave no sign of life for {options.keepalive:g} s")
    if status < 0:
        raise Failed("dropped", "the connection broke while the command ran")
    return Ending("failed", status, f"exit status {status}") if status else Ending("ok", 0)


def _started(connection: Connection, command: str, start: Limit, status: Signal, *, tty: bool) -> paramiko.Channel:
    stage = "does not run commands"
    try:
        channel = connection.transport.open_session(timeout=start.left or 1e9)
        channel.event = connection.signal(start)
        channel.status_event = status
        if tty:
            stage = "gives no terminal"
            channel.get_pty(os.environ.get("TERM") or "dumb")
            stage = "does not run commands"
        channel.exec_command(command.encode("utf-8", "surrogateescape"))
    except (paramiko.SSHException, EOFError, OSError) as error:
        start.check("no start of the command")
        if isinstance(error, paramiko.ChannelException) or connection.transport.is_active():
            raise Failed("refused", f"the server {stage}: {error}") from error
        raise Failed("dropped", "the connection broke before the command ran") from error
    return channel


def _stream(connection: Connection, channel: paramiko.Channel, emit: Emit, limit: Limit, options: Options) -> None:
    ready = connection.signal(limit, options.keepalive)
    channel.in_buffer.set_event(ready)
    channel.in_stderr_buffer.set_event(ready)
    unsent, typist, heard = Feed(options.stdin, options.input), Typist(on=options.tty), time.monotonic()
    if not options.tty:
        _send(connection, channel, unsent)
    while True:
        # A host that never stops talking is never waited for, where the limit would be seen.
        limit.check("no end of the command")
        # Asked before looking for data: what arrives between the two must not be lost.
        ended = channel.eof_received or channel.closed
        if channel.recv_ready():
            typist.heard()
            heard = time.monotonic()
            emit("stdout", channel.recv(_PIECE))
        elif channel.recv_stderr_ready():
            emit("stderr", channel.recv_stderr(_PIECE))
        elif ended:
            return
        elif not unsent.is_over:
            _send(connection, channel, unsent)
            ready.glance(_GLANCE)
        elif typist.pause is not None:
            silent = silence(heard, limit, options.idle_timeout)
            ready.glance(min(typist.pause, silent.left or typist.pause))
            limit.check("no end of the command")
            silent.check("nothing was said")
            _type(connection, channel, typist)
        else:
            wait(ready, limit, options.idle_timeout)


def wait(ready: Signal, limit: Limit, idle: float | None) -> None:
    """Returns once it is set, or nothing was said for `idle` seconds. Raises: Failed."""
    silent = silence(time.monotonic(), limit, idle)
    ready.limit = limit.sooner(silent)
    ready.wait()
    if ready.limit is silent is not limit:
        silent.check("nothing was said")


def silence(since: float, limit: Limit, idle: float | None) -> Limit:
    """How long nothing may be said; no longer than all of it may take."""
    return Limit(since + idle, f"for {idle:g} s") if idle else limit


def _type(connection: Connection, channel: paramiko.Channel, typist: Typist) -> None:
    if (typed := typist.typed()) and channel.send_ready() and connection.wire.is_writable:
        with suppress(OSError, EOFError):
            channel.send(typed)


def _send(connection: Connection, channel: paramiko.Channel, unsent: Feed) -> None:
    """Sends what the host takes now; it is told the end once nothing is left."""
    try:
        while not unsent.is_over and channel.send_ready() and connection.wire.is_writable:
            unsent.take(channel.send(bytes(unsent.piece(_MOUTHFUL))))
        if unsent.is_over:
            channel.shutdown_write()
    except (OSError, EOFError):
        # The command has ended without reading it; how it ended is what matters.
        unsent.end()


def _killed(name: str) -> Ending:
    number = signal.Signals.__members__.get(f"SIG{name}")
    # Source: RFC 4254, section 6.10: a name with an @ is the server's own, as OpenSSH's for all it has no name for.
    return Ending("signal", 128 + (number or 0), f"killed by SIG{name}" if number else f"killed by a signal ({name})")
