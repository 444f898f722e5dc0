"""The socket under a connection: reads ahead, and can be hung up from another thread."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import Any, Protocol

from udo.ssh.outcome import Stopped

_READ_AHEAD = 1 << 16
# Enough for the way to the command's first output.
_FIRST_READS = 12
_QUICK: int | None = getattr(socket, "TCP_QUICKACK", None)


class Wire(socket.socket):
    """A TCP socket for paramiko, always blocking; `close` only hangs up, `Wires.release` gives the descriptor back.

    paramiko sets a timeout of 0.1 s to look around and reads a packet in two or three pieces: every idle connection
    would wake ten times a second, and every packet would cost several system calls.
    """

    _ahead = b""
    _reads = 0

    def dial(self, address: Any, timeout: float | None) -> None:
        """Connects within `timeout` seconds. Raises: OSError."""
        super().settimeout(timeout)
        self.connect(address)
        super().settimeout(None)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def settimeout(self, value: float | None) -> None:
        """Does nothing: reads end by data or by hanging up."""

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Up to `bufsize` bytes, empty at the end."""
        ahead = self._ahead or self._read(max(bufsize, _READ_AHEAD), flags)
        self._ahead = ahead[bufsize:]
        return ahead[:bufsize]

    @property
    def is_writable(self) -> bool:
        """Whether a packet can be sent without waiting for the server to read."""
        poll = select.poll()
        poll.register(self, select.POLLOUT)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Hangs up, which wakes every thread that reads or writes here."""
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)

    def give_back(self) -> None:
        """Closes the descriptor; only when no thread uses it any more."""
        super().close()

    def _read(self, size: int, flags: int) -> bytes:
        # sshd holds its next answer back until the one before is acknowledged, which the kernel puts off by 40 ms.
        # Source: tcp(7), TCP_QUICKACK, which holds for a while only.
        if self._reads < _FIRST_READS and _QUICK:
            self._reads += 1
            self.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)
        return super().recv(size, flags)


class Held(Protocol):
    """What carries one connection: a socket, or a program."""

    def close(self) -> None: ...
    def give_back(self) -> None: ...


class Wires:
    """What carries the connections of a run, so that all of it can be hung up at once."""

    def __init__(self) -> None:
        self.stopped = False
        self._open: set[Held] = set()
        self._lock = threading.Lock()

    def new(self, family: int, kind: int, protocol: int) -> Wire:
        """A socket that `stop` reaches. Raises: Stopped, OSError."""
        wire = Wire(family, kind, protocol)
        try:
            self.hold(wire)
        except Stopped:
            wire.give_back()
            raise
        return wire

    def hold(self, held: Held) -> None:
        """Lets `stop` reach this too. Raises: Stopped."""
        with self._lock:
            if self.stopped:
                raise Stopped
            self._open.add(held)

    def release(self, held: Held) -> None:
        """Closes one for good."""
        with self._lock:
            self._open.discard(held)
        held.give_back()

    def stop(self) -> None:
        """Hangs up every one and lets no new one be opened."""
        with self._lock:
            self.stopped = True
            for held in self._open:
                held.close()
