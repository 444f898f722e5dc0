"""A server of files that lies, as a program for sshd to start: `liar.py CASE`; each lists the folder `tree`."""

from __future__ import annotations

import stat
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

FILE, FOLDER, LINK = stat.S_IFREG | 0o644, stat.S_IFDIR | 0o755, stat.S_IFLNK | 0o777
GOOD = (b"good", FILE, b"good\n")
INIT, OPEN, CLOSE, READ, LSTAT, FSTAT, OPENDIR, READDIR, STAT, READLINK = 1, 3, 4, 5, 7, 8, 11, 12, 17, 19
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105

Listed = tuple[bytes, int, bytes]


class Lie(NamedTuple):
    """What is listed in `tree`; `say` puts another answer in place of the true one, None for none at all."""

    listed: tuple[Listed, ...] = ()
    say: Callable[[int, int, bytes], bytes | None] | None = None
    below: tuple[Listed, ...] = ()
    endless: bool = False


def text(data: bytes) -> bytes:
    """A string of SFTP."""
    return struct.pack(">I", len(data)) + data


def message(kind: int, number: int, body: bytes) -> bytes:
    """A message of SFTP."""
    return struct.pack(">IBI", len(body) + 5, kind, number) + body


def status(number: int, code: int) -> bytes:
    """How a request went."""
    return message(STATUS, number, struct.pack(">I", code) + text(b"") + text(b""))


def attributes(mode: int, size: int) -> bytes:
    """What is told of a file."""
    return struct.pack(">IQII", 1 | 4 | 8, size, mode, 0)[:-4] + struct.pack(">II", 0, 1_000_000_000)


def instead(kind: int, answer: Callable[[int], bytes]) -> Callable[[int, int, bytes], bytes | None]:
    """Another answer to requests of one kind."""
    return lambda asked, number, true: answer(number) if asked == kind else true


def only(*listed: Listed) -> Lie:
    """One good file, and these."""
    return Lie((GOOD, *listed))


LIES: dict[str, Lie] = {
    "a name that goes up": only((b"../evil", FILE, b"x")),
    "a name that goes far up": only((b"../../../../../../../../evil", FILE, b"x")),
    "an absolute name": only((b"/evil", FILE, b"x")),
    "a name of two": only((b"sub/evil", FILE, b"x")),
    "an empty name": only((b"", FILE, b"x")),
    "a name with a NUL": only((b"ev\0il", FILE, b"x")),
    "a name of 300 letters": only((b"x" * 300, FILE, b"x")),
    "a folder that goes up": only((b"../evil", FOLDER, b"")),
    "a slash": only((b"/", FOLDER, b"")),
    "the same file twice": only((b"evil", FILE, b"x"), (b"evil", FILE, b"y")),
    "a link and a folder of one name": Lie((GOOD, (b"evil", LINK, b".."), (b"evil", FOLDER, b""))),
    "a link and a file of one name": Lie((GOOD, (b"evil", LINK, b"/tmp/evil"), (b"evil", FILE, b"x"))),
    "a name that goes up, deeper": Lie((GOOD, (b"sub", FOLDER, b"")), below=((b"../../evil", FILE, b"x"),)),
    "folders without end": Lie((GOOD, (b"sub", FOLDER, b"")), below=((b"sub", FOLDER, b""),)),
    "more than was asked for": Lie((GOOD,), instead(READ, lambda n: message(DATA, n, text(b"x" * 70_000)))),
    "nothing, for ever": Lie((GOOD,), instead(READ, lambda n: message(DATA, n, text(b"")))),
    "an answer to nobody": Lie((GOOD,), instead(STAT, lambda n: status(n + 77, 0))),
    "done, in place of an answer": Lie((GOOD,), instead(OPEN, lambda n: status(n, 0))),
    "another kind of answer": Lie((GOOD,), instead(OPENDIR, lambda n: message(DATA, n, text(b"h")))),
    "a string that ends nowhere": Lie(
        (GOOD,), instead(READDIR, lambda n: message(NAME, n, struct.pack(">II", 1, 1 << 30) + b"x"))
    ),
    "names that are not there": Lie((GOOD,), instead(READDIR, lambda n: message(NAME, n, struct.pack(">I", 1 << 31)))),
    "a message of a gigabyte": Lie((GOOD,), instead(STAT, lambda n: struct.pack(">IBI", 1 << 30, ATTRS, n))),
    "a message of nothing": Lie((GOOD,), instead(STAT, lambda _: struct.pack(">I", 0))),
    "words first": Lie((GOOD,), instead(INIT, lambda _: b"Welcome to this host!\r\n")),
    # What is no lie, or leads nowhere.
    "a link out": only((b"evil", LINK, b"/etc")),
    "a link up": only((b"evil", LINK, b"../../evil")),
    "a link that says nothing": only((b"evil", LINK, b"")),
    "a link with a NUL": only((b"evil", LINK, b"go\0od")),
    "a device": only((b"evil", stat.S_IFCHR | 0o666, b"")),
    "a pipe": only((b"evil", stat.S_IFIFO | 0o666, b"")),
    "a file that is root's to whoever runs it": only((b"evil", stat.S_IFREG | 0o6755, b"x")),
    "a temporary name": only((b".udo-cp-00000000-1-00000000-1", FILE, b"x")),
    "the folder and the one above": only((b".", FOLDER, b""), (b"..", FOLDER, b"")),
}


class Server:
    """One conversation."""

    def __init__(self, lie: Lie) -> None:
        self._lie = lie
        self._handles: dict[bytes, list[Any]] = {}
        self._files: dict[bytes, bytes] = {b"tree/good": b"good\n"}

    def answer(self, kind: int, number: int, body: bytes) -> bytes:
        """The true answer, with what is listed."""
        first = body[4 : 4 + int.from_bytes(body[:4])]
        match kind:
            case 1:
                return struct.pack(">IBI", 5, 2, 3)
            case 7 | 17:
                return message(ATTRS, number, attributes(FOLDER, 0))
            case 11:
                listed = self._lie.listed if first == b"tree" else self._lie.below
                return message(HANDLE, number, text(self._open([first, list(listed)])))
            case 12:
                path, listed = self._handles[first]
                self._handles[first][1] = []
                return self._names(number, path, listed) if listed else status(number, 1)
            case 19:
                return message(NAME, number, struct.pack(">I", 1) + text(self._files[first]) + text(b"") + bytes(4))
            case 3:
                return message(HANDLE, number, text(self._open([first, self._files[first]])))
            case 8:
                return message(ATTRS, number, attributes(FILE, len(self._handles[first][1])))
            case 5:
                at, size = struct.unpack(">QI", body[4 + len(first) :])
                data = self._handles[first][1][at : at + size]
                return message(DATA, number, text(data)) if data else status(number, 1)
        return status(number, 0)

    def _open(self, what: list[Any]) -> bytes:
        handle = b"%d" % len(self._handles)
        self._handles[handle] = what
        return handle

    def _names(self, number: int, path: bytes, listed: list[Listed]) -> bytes:
        body = struct.pack(">I", len(listed))
        for name, mode, data in listed:
            self._files[path + b"/" + name] = data
            body += text(name) + text(b"-rw-r--r-- " + name) + attributes(mode, len(data))
        return message(NAME, number, body)


def requests() -> Iterator[tuple[int, int, bytes]]:
    """What is asked, until the client leaves."""
    while len(head := sys.stdin.buffer.read(5)) == 5:
        length, kind = struct.unpack(">IB", head)
        body = sys.stdin.buffer.read(length - 1)
        # The first request has no number, where its version stands.
        yield kind, int.from_bytes(body[:4]), body[4:]


def main() -> None:
    """Answers until the client leaves."""
    lie = LIES[sys.argv[1]]
    server = Server(lie)
    for kind, number, body in requests():
        true = server.answer(kind, number, body)
        said = lie.say(kind, number, true) if lie.say else true
        sys.stdout.buffer.write(said or b"")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
