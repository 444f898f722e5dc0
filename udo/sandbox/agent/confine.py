"""Hooks under bubblewrap: one confinement an instance, in which what a hook starts lives on until the instance ends."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from udo.sandbox.agent import inside, mounts
from udo.sandbox.agent.program import NotStarted, Started, words_of

THREAD = "udo-sandbox-confined"
# Enough to change owners and users within; nothing that reaches the system's own settings, devices or mounts.
_CAPABILITIES = (
    *("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"),
    *("AUDIT_WRITE", "NET_BIND_SERVICE", "SYS_CHROOT"),
)
_APART = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
# The longest file a hook may write, and how many processes and threads may run on an instance.
MOST_BYTES = 2 * 1024**3
MOST_PROCESSES = 4096
# Seconds for a program to be started, or for the confinement to end.
_SOON = 20.0


@dataclass(frozen=True)
class Way:
    """How bubblewrap can be had; `real_root` is whether hooks may become other users, `why` says why it cannot."""

    options: tuple[str, ...] = ()
    real_root: bool = False
    why: str = ""


def way() -> Way:
    """The way to confine hooks on this machine, found out by trying."""
    if shutil.which("bwrap") is None:
        return Way(why="this machine has no bubblewrap (bwrap)")
    own = ("--unshare-all", "--uid", "0", "--gid", "0")
    tries = [Way(own)]
    if os.geteuid() == 0:
        kept = [word for name in _CAPABILITIES for word in ("--cap-add", f"CAP_{name}")]
        tries.insert(0, Way((*_APART, "--cap-drop", "ALL", *kept), real_root=True))
    told = ""
    for one in tries:
        tried = ["bwrap", *one.options, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
        ended = subprocess.run(tried, stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True)
        if not ended.returncode:
            return one
        told = ended.stderr.strip().rpartition("\n")[2]
    return Way(why=f"bubblewrap does not run here: {told.removeprefix('bwrap: ')}")


@dataclass
class _Asked:
    """One program that was asked for."""

    answered: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    number: int | None = None
    code: int = -9


class Confined:
    """Programs of one instance, confined; `limits` are the longest file in bytes, and how many processes may run."""

    def __init__(
        self, root: Path, how: Way, hostname: str, limits: tuple[int, int] = (MOST_BYTES, MOST_PROCESSES)
    ) -> None:
        self.refusal = ""
        self.real_paths = False
        self._root, self._command = root, partial(_command, root, how, hostname, limits)
        self._cell: _Cell | None = None
        self._closed = False
        self._lock = threading.Lock()

    def start(self, command: str, environment: Mapping[str, str], folder: str) -> Started:
        """Starts a command in a process group of its own. Raises: NotStarted."""
        words = words_of(command)
        with self._lock:
            if self._closed:
                # The instance has gone in the middle of an event.
                raise NotStarted(errno.ECANCELED, words[0])
            seen = mounts.identity(self._root)
            if self._cell is None or self._cell.over or self._cell.seen != seen:
                # What is mounted has been replaced: the folders of the old ones would lead nowhere.
                if self._cell is not None:
                    self._cell.close()
                self._cell = _Cell(self._command(), seen)
            return self._cell.start(words, environment, folder)

    def close(self) -> None:
        """Ends everything that runs in it, for good."""
        with self._lock:
            self._closed = True
            if self._cell is not None:
                self._cell.close()
                self._cell = None


class _Cell:
    """One running confinement."""

    def __init__(self, command: list[str], seen: object) -> None:
        self.seen = seen
        self.over = False
        self._asked: dict[int, _Asked] = {}
        self._numbers = itertools.count(1)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process: subprocess.Popen[bytes] | None = None
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._live, args=(command, theirs), name=THREAD, daemon=True)
        self._thread.start()
        self._up.wait(_SOON)

    def start(self, words: list[str], environment: Mapping[str, str], folder: str) -> Started:
        """Starts a program. Raises: NotStarted."""
        number, asked = next(self._numbers), _Asked()
        self._asked[number] = asked
        out, their_out = os.pipe()
        errors, their_errors = os.pipe()
        try:
            told = {"id": number, "run": words, "environment": dict(environment), "folder": folder}
            socket.send_fds(self._control, [json.dumps(told).encode()], [their_out, their_errors])
            answered = asked.answered.wait(_SOON)
        except OSError:
            answered = False
        finally:
            os.close(their_out)
            os.close(their_errors)
        if not answered or asked.number is not None or self.over:
            os.close(out)
            os.close(errors)
            raise NotStarted(asked.number or 5, words[0])
        return Started(
            open(out, "rb", buffering=0),  # noqa: PTH123 - a descriptor
            open(errors, "rb", buffering=0),  # noqa: PTH123 - a descriptor
            lambda seconds: asked.code if asked.ended.wait(seconds) else None,
            lambda: self._send({"id": number}),
        )

    def close(self) -> None:
        """Ends all that runs in it, and waits for that."""
        if self._process is not None:
            self._process.kill()
        self._thread.join(_SOON)

    def _send(self, told: Mapping[str, Any]) -> None:
        with suppress(OSError):
            self._control.send(json.dumps(told).encode())

    def _live(self, command: list[str], theirs: socket.socket) -> None:
        # Bubblewrap ends with the thread that started it; so this one lives as long as the confinement does.
        descriptor = theirs.fileno()
        try:
            self._process = subprocess.Popen(
                [*command, str(descriptor)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(descriptor,),
                start_new_session=True,
                env={"PATH": os.defpath},
            )
        finally:
            theirs.close()
            self._up.set()
        with suppress(OSError):
            while data := self._control.recv(inside.MOST):
                self._heard(json.loads(data))
        self._process.kill()
        self._process.wait()
        self.over = True
        self._control.close()
        for asked in self._asked.values():
            asked.answered.set()
            asked.ended.set()

    def _heard(self, told: Mapping[str, Any]) -> None:
        asked = self._asked[told["id"]]
        if "code" in told:
            asked.code = told["code"]
            asked.ended.set()
            return
        asked.number = told.get("errno")
        asked.answered.set()


def _command(root: Path, how: Way, hostname: str, limits: tuple[int, int]) -> list[str]:
    options = ["bwrap", *how.options, "--die-with-parent", "--hostname", hostname or "localhost"]
    interpreter, shown = python()
    source = Path(inside.__file__).read_text(encoding="utf-8")
    return [
        *options,
        *mounts.words(root)[:-2],
        *shown,
        "--remount-ro",
        "/",
        "--chdir",
        "/",
        "--",
        interpreter,
        "-ISc",
        source,
        *map(str, limits),
    ]


def python() -> tuple[str, list[str]]:
    """The interpreter as it is called within, and what shows it there where it is not one of the system's."""
    real = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    if real.is_relative_to("/usr"):
        return str(real), []
    base = Path(sys.base_prefix).resolve()
    shown = ["--ro-bind", str(base), "/.udo/python", "--setenv", "LD_LIBRARY_PATH", "/.udo/python/lib"]
    return f"/.udo/python/{real.relative_to(base)}", shown
