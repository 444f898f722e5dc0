"""Runs the command on one host through the operator's own `ssh`, for all that paramiko cannot do."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from udo.frozen import frozen
from udo.ssh.feed import Feed, Typist
from udo.ssh.limit import Limit
from udo.ssh.login import pin_accepted, trusting, words
from udo.ssh.outcome import Ending, Failed
from udo.ssh.preamble import Preamble, environment
from udo.ssh.remote import Emit, silence
from udo.ssh.session_settings import session_settings
from udo.ssh.target import Options, Target
from udo.ssh.trust import Knowledge
from udo.ssh.ways import Entry
from udo.ssh.wire import Wires

_PIECE = 1 << 16
# Seconds for ssh to leave when asked to.
_LEAVE = 1.0
# Seconds without a word after which it is looked whether ssh is still there.
_LOOK = 1.0
_STAGES = (("Connection established", "answer"), ("Remote protocol version", "greeting"))
_REFUSED = re.compile(
    r"Permission denied|verification failed|IDENTIFICATION|Too many authentication|Unable to negotiate"
)
# What the ssh to a host in between says where its server drops a connection before any login.
_TURNED_AWAY = re.compile(r"(kex|ssh)_exchange_identification: |Connection (closed|reset) by |Not allowed at this time")


class Program:
    """A running `ssh`, which can be ended from another thread."""

    def __init__(self, argv: list[str], *, reads: bool) -> None:
        stdin = subprocess.PIPE if reads else subprocess.DEVNULL
        pipe = subprocess.PIPE
        # A group of its own, so that what carries the connection for it ends with it.
        self.process = subprocess.Popen(
            argv, stdin=stdin, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True, env=environment()
        )

    def close(self) -> None:
        """Asks it to leave."""
        self._kill(signal.SIGTERM)

    def give_back(self) -> None:
        """Ends it for good."""
        if self.process.poll() is None:
            self.close()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_LEAVE)
        self._kill(signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                with suppress(OSError):
                    stream.close()

    def _kill(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


@frozen
class Log:
    """What ssh itself said, apart from what the host said."""

    path: Path

    @property
    def text(self) -> str:
        """All of it so far."""
        try:
            return self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    @property
    def logged_in(self) -> bool:
        """Whether the login is done."""
        return "\nAuthenticated to " in self.text.replace("\r", "")

    @property
    def stage(self) -> str:
        """What was waited for last."""
        text = self.text
        return next((stage for mark, stage in _STAGES if mark not in text), "login")

    @property
    def reason(self) -> str:
        """Its last line that is meant for people."""
        lines = [line.strip() for line in self.text.splitlines()]
        told = [line for line in lines if line and not line.startswith(("debug", "Authenticated to", "OpenSSH_", "@"))]
        return told[-1] if told else "ssh said nothing"


def converse(
    target: Target,
    known: Knowledge,
    command: str,
    options: Options,
    wires: Wires,
    emit: Emit,
    limits: tuple[Limit, Limit],
    entry: Entry,
) -> Ending:
    """How the command ended on this host; `limits` are those of all its time and of its way to the login.

    `entry` is told how to see that the login is done.

    Raises: Stopped, UdoError.
    """
    limit, connect = limits
    preamble = Preamble(emit)
    with tempfile.TemporaryDirectory(prefix="udo-ssh-") as name:
        folder, log = Path(name), Log(Path(name) / "log")
        entry.logged_in = lambda: log.logged_in
        chosen = settings(target, known, options, folder) | preamble.settings
        began = False
        argv = [
            *words(target, chosen, options),
            "-tt" if options.tty else "-T",
            "-E",
            str(log.path),
            "--",
            target.address,
            command,
        ]
        try:
            unsent = Feed(options.stdin, options.input)
            with running(argv, wires, reads=options.tty or not unsent.is_over) as process:
                began = True
                _talk(process, log, preamble, unsent, options, limit, connect)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(limit.left)
                limit.check("no end of the command")
            if log.logged_in:
                preamble.end()
        except Failed as failed:
            # It has ended: what it has not noted by now it has not done.
            return failed.before_login if began and not log.logged_in else failed.ending
        finally:
            pin_accepted(target, folder)
        return ending(process.returncode, log, known, preamble)


def settings(target: Target, known: Knowledge, options: Options, folder: Path) -> dict[str, str]:
    """What ssh is told of how it is to connect; files it needs are written into `folder`. Raises: UdoError."""
    chosen = {
        "BatchMode": "yes",
        # An open connection of the operator's would carry the command to wherever that was opened to.
        "ControlPath": "none",
        "ControlMaster": "no",
        "RemoteCommand": "none",
        "EscapeChar": "none",
        "ClearAllForwardings": "yes",
        "LogLevel": "DEBUG1",
        "ServerAliveInterval": str(max(1, round(options.keepalive / 2))),
        "ServerAliveCountMax": "1",
    }
    if target.via == "paramiko":
        # Udo's own client found nothing in common with the host; what it holds to be weak is no way out.
        chosen |= {"Ciphers": "-*cbc*", "MACs": "-*sha1*,*md5*", "KexAlgorithms": "-*sha1*"}
    return trusting(target, known, options, folder) | chosen | session_settings()


@contextmanager
def running(argv: list[str], wires: Wires, *, reads: bool) -> Iterator[subprocess.Popen[bytes]]:
    """A running ssh, ended with the block. Raises: Failed where there is none; Stopped."""
    try:
        program = Program(argv, reads=reads)
    except FileNotFoundError as error:
        raise Failed("unreachable", "there is no ssh program, which this host needs") from error
    try:
        wires.hold(program)
        yield program.process
    finally:
        wires.release(program)


def _talk(
    process: subprocess.Popen[bytes],
    log: Log,
    preamble: Preamble,
    unsent: Feed,
    options: Options,
    limit: Limit,
    connect: Limit,
) -> None:
    """Passes on what is said until both streams end, or ssh has: a ProxyCommand may outlive it and hold a stream."""
    ended, heard, typist = False, time.monotonic(), Typist(on=options.tty)
    with selectors.DefaultSelector() as selector:
        _register(selector, process, writes=not options.tty)
        while any(key.data != "stdin" for key in selector.get_map().values()):
            idle = silence(heard, limit, options.idle_timeout)
            now = limit.sooner(idle) if preamble.over else connect
            ready = selector.select(0 if ended else min(now.left or _LOOK, _LOOK))
            if not ready and ended:
                break
            # It may have said its last and left since the look, so that only one after its end shows all of it.
            ended = ended or (not ready and process.poll() is not None)
            for key, _ in ready:
                if key.data == "stdin":
                    _send(selector, key.fileobj, unsent)  # type: ignore[arg-type]
                elif data := os.read(key.fd, _PIECE):
                    heard = time.monotonic()
                    typist.heard()
                    preamble.feed(key.data, data)
                else:
                    selector.unregister(key.fileobj)
            if preamble.over:
                _type(process, typist)
            if now.over and not preamble.over:
                if not log.logged_in:
                    connect.check(f"no {log.stage}")
                heard = time.monotonic()
                preamble.end()
            elif now.over:
                limit.check("no end of the command")
                idle.check("nothing was said")


def _register(selector: selectors.BaseSelector, process: subprocess.Popen[bytes], *, writes: bool) -> None:
    for stream, name in ((process.stdout, "stdout"), (process.stderr, "stderr")):
        if stream:
            selector.register(stream, selectors.EVENT_READ, name)
    if process.stdin:
        os.set_blocking(process.stdin.fileno(), False)
        if writes:
            selector.register(process.stdin, selectors.EVENT_WRITE, "stdin")


def _type(process: subprocess.Popen[bytes], typist: Typist) -> None:
    if process.stdin and (typed := typist.typed()):
        with suppress(OSError):
            os.write(process.stdin.fileno(), typed)


def _send(selector: selectors.BaseSelector, stdin: IO[bytes], unsent: Feed) -> None:
    try:
        unsent.take(os.write(stdin.fileno(), unsent.piece(_PIECE)))
    except BlockingIOError:
        return
    except OSError:
        unsent.end()
    if unsent.is_over:
        selector.unregister(stdin)
        stdin.close()


def ending(status: int, log: Log, known: Knowledge, preamble: Preamble) -> Ending:
    """How a host ended, from what ssh said of it."""
    text = log.text
    if log.logged_in and "rtype exit-status" in text:
        return Ending("failed", status, f"exit status {status}") if status else Ending("ok", 0)
    if log.logged_in and "rtype exit-signal" in text:
        return Ending("signal", 128, "killed by a signal (ssh does not report which)")
    if log.logged_in and "PTY allocation request failed" in text:
        # ssh asks for both at once, and does not wait for the answer.
        return Ending("refused", None, "the server gives no terminal; the command may have begun without")
    if log.logged_in:
        return Ending("dropped", None, f"the connection broke while the command ran: {log.reason}")
    reason = log.reason
    if _REFUSED.search(text):
        why = _distrust(text, known)
        return Ending("refused", None, f"{reason} ({why})" if why else reason)
    outcome = "timeout" if "timed out" in reason.lower() else "unreachable"
    # Until keys are exchanged nobody is heard but ssh and what carries the connection for it.
    told = "" if "SSH2_MSG_NEWKEYS received" in text else preamble.last_words
    said = f"{reason}: {told}" if told else reason
    return Ending(outcome, None, said, turned_away=bool(_TURNED_AWAY.match(told)), not_reached=True)


def _distrust(text: str, known: Knowledge) -> str:
    if "verification failed" not in text:
        return ""
    if "is marked as revoked" in text or "revoked by file" in text:
        return "its key is revoked"
    return known.missing or (f"its key is not the one {known.source}" if known.keys else "")
