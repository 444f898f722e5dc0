"""Tells what a command says through `ssh` from what is said on the same streams before the login."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable

# Bytes kept of what was said before, to be told where the login fails.
_KEPT = 1 << 12


class Preamble:
    """What a banner, a ProxyCommand or ssh itself says first; ssh is told to mark its end once it is logged in.

    The log of ssh does not do: when a line appears in it, nobody knows how much of the streams was written before.
    Source: ssh_config(5), LocalCommand; it has ended before the remote command is started.
    """

    def __init__(self, emit: Callable[[str, bytes], None]) -> None:
        self._emit = emit
        self._mark = secrets.token_hex(8)
        self._held = {"stdout": b"", "stderr": b""}

    @property
    def settings(self) -> dict[str, str]:
        """The settings by which ssh makes the mark, whatever the operator's shell is."""
        mark = f"/bin/sh -c 'echo {self._mark}; echo {self._mark} >&2'"
        return {"PermitLocalCommand": "yes", "LocalCommand": mark}

    @property
    def over(self) -> bool:
        """Whether the login is done."""
        return len(self._held) < 2

    @property
    def last_words(self) -> str:
        """The last line that was said on stderr before the login."""
        lines = self._held.get("stderr", b"").decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def feed(self, stream: str, data: bytes) -> None:
        """Passes on what is the command's of the next piece of a stream."""
        if stream not in self._held:
            return self._emit(stream, data)
        before, mark, after = (self._held[stream] + data).partition(f"{self._mark}\n".encode())
        self._held[stream] = before[-_KEPT:]
        if mark:
            del self._held[stream]
            if after:
                self._emit(stream, after)
        return None

    def end(self) -> None:
        """Passes on all that was held back: ssh has logged in and made no mark."""
        for stream, data in self._held.items():
            if data:
                self._emit(stream, data)
        self._held = {}


def environment() -> dict[str, str]:
    """The environment for ssh, which runs programs by the operator's shell: one that runs none is left out."""
    known = dict(os.environ)
    if known.get("SHELL", "").rpartition("/")[2] in ("nologin", "false"):
        del known["SHELL"]
    return known
