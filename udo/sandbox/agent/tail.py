"""The log of an event's scripts: the whole of it in a file, the last of it for the diagnostics."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from udo.sandbox.agent.host import make_folders

# The tail stays below this many characters, in whole lines.
MOST_CHARACTERS = 2048


@dataclass
class Tail:
    """The last whole lines; `utf8` is whether the agent's locale takes text for UTF-8, else a byte is a character."""

    utf8: bool = True
    lines: list[bytes] = field(default_factory=list)

    def add(self, lines: Iterable[bytes]) -> None:
        """Appends lines and drops the oldest that have no room any more."""
        for line in lines:
            self.lines.append(line)
            room, kept = MOST_CHARACTERS, len(self.lines)
            while kept and room - self._length(self.lines[kept - 1]) > 0:
                kept -= 1
                room -= self._length(self.lines[kept])
            del self.lines[:kept]

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
            scripts.write(now + b" " + line)
            scripts.flush()
            if self.tail.utf8:
                line.decode("utf-8")
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
