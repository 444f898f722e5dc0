"""The log of an event's scripts: the whole of it in a file, the last of it for the diagnostics."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from udo.sandbox.agent.host import make_folders

# The tail stays below this many characters, in whole lines.
MOST_CHARACTERS = 2048
# How much of one event's output is kept on the disk of this machine.
MOST_LOGGED = 64 * 1024**2


@dataclass
class Tail:
    """The last whole lines; `utf8` is whether the agent's locale takes text for UTF-8, else a byte is a character."""

    utf8: bool = True
    lines: deque[bytes] = field(default_factory=deque)
    _characters: int = 0

    def add(self, lines: Iterable[bytes]) -> None:
        """Appends lines and drops the oldest that have no room any more."""
        for line in lines:
            self.lines.append(line)
            self._characters += self._length(line)
            while self._characters >= MOST_CHARACTERS:
                self._characters -= self._length(self.lines.popleft())

    @property
    def readable(self) -> bool:
        """Whether it can be sent: what is no UTF-8 breaks the agent's report."""
        return all(is_text(line) for line in self.lines)

    def __str__(self) -> str:
        return b"".join(self.lines).decode("utf-8", "replace")

    def _length(self, line: bytes) -> int:
        return len(line.decode("utf-8", "replace")) if self.utf8 else len(line)


class ScriptLog:
    """One event's log: lines go to the tail, to the deployment's scripts.log and to the log of all deployments."""

    def __init__(self, tail: Tail, places: tuple[Path, Path], deployment_id: str) -> None:
        self.tail = tail
        self._lock = threading.Lock()
        self._deployment = deployment_id
        self._left = MOST_LOGGED
        self._files = []
        for place in places:
            make_folders(place.parent)
            self._files.append(place.open("ab"))

    def add(self, line: bytes) -> None:
        """Takes one line.

        Raises: UnicodeDecodeError where the locale is UTF-8 and the line is not, once it stands in the tail.
        """
        now = time.strftime("%Y-%m-%d %H:%M:%S").encode()
        with self._lock:
            self.tail.add([line])
            scripts, deployments = self._files
            is_full, self._left = self._left < 0, self._left - len(line)
            if self._left < 0:
                left_out = b"udo sandbox: %d MB are logged, the rest is not\n" % (MOST_LOGGED // 1024**2)
            if not is_full:
                scripts.write(now + b" " + (line if self._left >= 0 else left_out))
                scripts.flush()
            if self.tail.utf8:
                line.decode("utf-8")
            if self._left < 0:
                return
            deployments.write(b"[%b] [%b]%b\n" % (now, self._deployment.encode(), line.strip()))
            deployments.flush()

    def close(self) -> None:
        """Lets go of the files."""
        for file in self._files:
            file.close()


def is_text(line: bytes) -> bool:
    """Whether these bytes are UTF-8."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
