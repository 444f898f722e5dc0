"""Runs a command on an instance of the sandbox: a real process in a folder of its own, joined to an ssh channel."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paramiko import SSHException

COMMAND_THREAD = "udo-sandbox-command"
_CHUNK = 32_768
# What paramiko raises where the client has left.
_GONE = (OSError, EOFError, SSHException)
# How soon a command notices that nobody listens any more.
_GLANCE = 0.1


@dataclass(frozen=True)
class Place:
    """Where commands of one instance run: their folder and their whole environment."""

    folder: Path
    environment: Mapping[str, str]


@dataclass
class Terminal:
    """What a client said of its terminal; `master` is our end while a process runs in it."""

    kind: str
    width: int
    height: int
    master: int | None = None

    def resize(self, width: int, height: int) -> None:
        """Takes a new size over, also for the process that runs."""
        self.width, self.height = width, height
        if self.master is not None:
            with suppress(OSError):
                fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def close(self) -> None:
        """Lets go of our end."""
        master, self.master = self.master, None
        if master is not None:
            os.close(master)


def run(channel: Any, place: Place, command: str | None, terminal: Terminal | None, frozen: Callable[[], bool]) -> None:
    """Runs a command, or a login shell for None, until it ends or the channel closes; the channel closes with it.

    While `frozen()` holds nothing more is said and the channel stays open. Ends every process of the command.
    """
    words = ["/bin/sh", "-c", command] if command is not None else _login_shell(terminal)
    try:
        process = _in_terminal(words, place, terminal) if terminal else _on_pipes(words, place)
    except OSError as error:
        with suppress(*_GONE):
            channel.sendall_stderr(f"sandbox: {error}\n".encode())
        _report(channel, 126)
        return
    over = threading.Event()
    _started(_watched, channel, process, over)
    for end in _joined(channel, process, terminal, frozen):
        end.join()
    code = _ended(process)
    over.set()
    if terminal is not None:
        terminal.close()
    while frozen() and not channel.closed:
        time.sleep(_GLANCE)
    _report(channel, code)


def _login_shell(terminal: Terminal | None) -> list[str]:
    if terminal is not None and Path("/bin/bash").exists():
        # The prompt of this machine's own configuration would name this machine.
        return ["/bin/bash", "--norc", "-i"]
    return ["/bin/sh", "-i"] if terminal is not None else ["/bin/sh"]


def _on_pipes(words: list[str], place: Place) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        words,
        cwd=place.folder,
        env=dict(place.environment),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        start_new_session=True,
        bufsize=0,
    )


def _in_terminal(words: list[str], place: Place, terminal: Terminal) -> subprocess.Popen[bytes]:
    master, slave = pty.openpty()
    terminal.master = master
    terminal.resize(terminal.width, terminal.height)
    name = os.ttyname(slave)
    environment = {**place.environment, "TERM": terminal.kind or "dumb", "UDO_TTY": name, "SSH_TTY": name}
    # The first terminal a session's leader opens becomes its controlling one, which makes Ctrl-C work.
    opening = ["/bin/sh", "-c", 'exec 0<>"$UDO_TTY" 1>&0 2>&0; unset UDO_TTY; exec "$@"', "sh", *words]
    try:
        # It is handed the terminal as well, lest between its start and its opening nobody holds the terminal open.
        return subprocess.Popen(
            opening,
            cwd=place.folder,
            env=environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
    finally:
        os.close(slave)


def _joined(
    channel: Any, process: subprocess.Popen[bytes], terminal: Terminal | None, frozen: Callable[[], bool]
) -> list[threading.Thread]:
    """Starts a thread per direction, each of which owns its end; returns those that end with the output."""
    if terminal is not None and terminal.master is not None:
        inward: Any = open(os.dup(terminal.master), "wb", buffering=0)  # noqa: PTH123, SIM115 - a descriptor
        outward: list[tuple[Any, Any]] = [(open(os.dup(terminal.master), "rb", 0), channel.sendall)]  # noqa: PTH123, SIM115
    else:
        inward = process.stdin
        outward = [(process.stdout, channel.sendall), (process.stderr, channel.sendall_stderr)]
    _started(_in, channel, inward)
    return [_started(_out, source, send, frozen, channel) for source, send in outward]


def _started(work: Callable[..., None], *given: Any) -> threading.Thread:
    thread = threading.Thread(target=work, args=given, name=COMMAND_THREAD, daemon=True)
    thread.start()
    return thread


def _out(source: Any, send: Callable[[bytes], None], frozen: Callable[[], bool], channel: Any) -> None:
    # A terminal whose process has gone answers EIO instead of the end of file.
    with suppress(*_GONE), source:
        while chunk := source.read(_CHUNK):
            while frozen() and not channel.closed:
                time.sleep(_GLANCE)
            send(chunk)


def _in(channel: Any, sink: Any) -> None:
    with suppress(*_GONE), sink:
        while chunk := channel.recv(_CHUNK):
            while chunk:
                chunk = chunk[sink.write(chunk) :]


def _watched(channel: Any, process: subprocess.Popen[bytes], over: threading.Event) -> None:
    while not over.wait(_GLANCE):
        if channel.closed:
            _kill(process)
            return


def _ended(process: subprocess.Popen[bytes]) -> int:
    """Waits for the command and ends what it left behind; its exit code, negative for a signal."""
    # Until its leader is waited for, nobody else can get the number of the process group.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    _kill(process)
    return process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _report(channel: Any, code: int) -> None:
    with suppress(*_GONE):
        if code >= 0:
            channel.send_exit_status(code)
        else:
            _send_exit_signal(channel, signal.Signals(-code).name.removeprefix("SIG"))
        channel.close()


def _send_exit_signal(channel: Any, name: str) -> None:
    """Source: RFC 4254 section 6.10; paramiko's servers send exit-status only."""
    from paramiko.common import cMSG_CHANNEL_REQUEST
    from paramiko.message import Message

    message = Message()
    message.add_byte(cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string("exit-signal")
    message.add_boolean(False)
    message.add_string(name)
    message.add_boolean(False)
    message.add_string("")
    message.add_string("")
    channel.transport._send_user_message(message)
