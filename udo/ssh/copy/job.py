"""One copy to or from many hosts: what they share, and how each of them is served."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

from udo.ssh.copy.names import Temporary
from udo.ssh.copy.pace import Pace
from udo.ssh.copy.put import Put
from udo.ssh.copy.sftp import Refusal, Sftp, Stream
from udo.ssh.copy.spec import Copy
from udo.ssh.copy.take import Take
from udo.ssh.copy.tally import Tally, Told
from udo.ssh.copy.tree import Tree, look
from udo.ssh.copy.wire import Nonsense
from udo.ssh.outcome import Ending

# The length of a SHA-256 in letters, and where the name begins after it.
_SUM, _NAME = 64, 66
# Source: chown(2), -1 leaves an owner as it is.
_NOBODY = (1 << 32) - 1


class Link(Protocol):
    """A connection to a host that is logged in: the way to its server of files, and commands beside it."""

    @property
    def stream(self) -> Stream:
        """The way to the server of files."""

    def output(self, command: str, stdin: bytes) -> bytes:
        """What a command prints that reads this; nothing where it does not run. Raises: Failed, Stopped."""

    def look(self) -> None:
        """Looks whether there is still time. Raises: Failed, Stopped."""


class Job:
    """What all hosts of a copy share. Raises: UsageError where the files of this machine cannot be read."""

    def __init__(self, copy: Copy) -> None:
        self.copy = copy
        self._tree = Tree() if copy.fetch else look(copy.sources)
        self._pace = Pace(copy.limit)
        self._names = Temporary()

    def carry(self, link: Link, told: Told) -> Ending:
        """How the copy to or from one host ended. Raises: Failed, Stopped."""
        tally, sftp = Tally(told), Sftp(link.stream)
        try:
            owner = _numbers(sftp.first_line()) if self.copy.owned else None
            sftp.start()
        except Nonsense as error:
            return Ending("refused", None, f"the server does not speak SFTP: {error}")

        def sums(paths: Sequence[bytes]) -> Mapping[bytes, str]:
            return self._sums(link, paths, tally)

        try:
            if self.copy.fetch:
                folder = os.path.join(os.fsencode(self.copy.to), os.fsencode(told.instance_id))  # noqa: PTH118 - bytes
                Take(sftp, self.copy, folder, self._pace, self._names).run(tally, sums, link.look)
            else:
                Put(sftp, self.copy, self._tree, owner, self._pace, self._names).run(tally, sums, link.look)
        except Nonsense as error:
            return Ending("failed", 1, f"the server is not trusted: {error}")
        except Refusal as error:
            return Ending("failed", 1, f"the server refused: {error}")
        except OSError as error:
            place = f"{os.fsdecode(error.filename)}: " if error.filename else ""
            return Ending("failed", 1, f"{place}{(error.strerror or str(error)).lower()}")
        return tally.ending()

    def _sums(self, link: Link, paths: Sequence[bytes], tally: Tally) -> Mapping[bytes, str]:
        """The checksums of files of the host, as far as they can be had."""
        # What sha256sum writes otherwise than it is.
        asked = [path for path in paths if not any(odd in path for odd in (b"\n", b"\\", b"\r"))]
        printed = link.output(self.copy.sums, b"".join(path + b"\0" for path in asked)) if asked else b""
        wanted = set(asked)
        told = {line[_NAME:]: line[:_SUM].decode("ascii", "replace") for line in printed.split(b"\n")}
        found = {path: value for path, value in told.items() if path in wanted}
        if len(found) < len(paths):
            tally.note(f"{len(paths) - len(found)} could not be compared")
        return found


def _numbers(line: bytes) -> tuple[int, int]:
    """The user and the group that files are to belong to. Raises: Nonsense."""
    words = line.split()
    if len(words) != 2 or not all(word.isdigit() and int(word) < _NOBODY for word in words):
        raise Nonsense(line[:100].decode("utf-8", "replace"))
    return int(words[0]), int(words[1])
