"""A conversation with a server of files: many requests under way at once, each answer given to whoever asked.

What a server is asked for is written as tasks: generators that yield the questions they wait for. paramiko's own
client waits for each answer before it asks on, which for many small files costs more than all the rest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from typing import Any, NamedTuple, Protocol

from udo.ssh.copy import wire
from udo.ssh.copy.wire import Attributes, Nonsense

# What a server must take and give in one message. Source: draft-ietf-secsh-filexfer-02, section 3.
_LEAST = 1 << 15
# More than the longest that any server has been seen to send.
_LONGEST = 1 << 20
_LISTED = 1_000_000
_HEAD = 4
_BEGUN = 5
# A kind and a number.
_BODY = 5


class Refusal(Exception):
    """A server does not do what it was asked for; `code` as SFTP numbers the reasons."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(_REASONS.get(code) or message or "failure")
        self.code = code


_REASONS = {
    wire.END: "it became shorter while it was copied",
    wire.NO_SUCH_FILE: "no such file or folder",
    wire.DENIED: "permission denied",
}


class Range(NamedTuple):
    """A part of an open file that is to be sent; it is read when its turn comes, so that nothing of it waits here."""

    file: int
    at: int
    size: int

    def read(self, most: int) -> bytes:
        """So many bytes of it, zeros in place of those that the file has not. Raises: OSError."""
        size = min(self.size, most)
        return os.pread(self.file, size, self.at).ljust(size, b"\0")

    def after(self, sent: int) -> Range:
        """What is left of it."""
        return Range(self.file, self.at + sent, self.size - sent)


class Stream(Protocol):
    """The way to a server of files and back."""

    def send(self, data: bytes | Range) -> None:
        """Takes what is to be sent; it may still wait when this returns, and a file must stay open meanwhile."""

    def receive(self) -> bytes:
        """Sends what waits, until something has come. Raises: Failed, Stopped."""


class Question:
    """A request under way, and later the answer to it."""

    __slots__ = ("_error", "_value", "done", "job", "wants")

    def __init__(self, wants: int) -> None:
        self.wants = wants
        self.done = False
        self.job: list[Any] | None = None
        self._value: Any = None
        self._error: Refusal | None = None

    def answer(self) -> Any:
        """What was answered. Raises: Refusal."""
        if self._error:
            raise self._error
        return self._value

    def path(self) -> bytes:
        """The one path that was answered. Raises: Refusal, Nonsense."""
        names = self.answer()
        if len(names) != 1:
            raise Nonsense("an answer names not one path")
        found: bytes = names[0][0]
        return found

    def take(self, kind: int, body: bytes) -> None:
        """Takes the answer. Raises: Nonsense where it is none to this question."""
        self.done = True
        if kind == wire.STATUS:
            code, at = wire.read_number(body)
            if code:
                self._error = Refusal(code, _message(body, at))
            elif self.wants != wire.STATUS:
                raise Nonsense("an answer says 'done' to a question")
        elif kind != self.wants:
            raise Nonsense(f"an answer is of kind {kind}, not {self.wants}")
        else:
            self._value = _READERS[kind](body)


Task = Generator[tuple[Question, ...], None, Any]


class Sftp:
    """A server of files; `most_written` and `most_read` are the bytes it takes and gives at once."""

    def __init__(self, stream: Stream) -> None:
        self.most_written = self.most_read = _LEAST
        self.renames = False
        self.counts_room = False
        self._stream = stream
        self._buffer = bytearray()
        self._asked: dict[int, Question] = {}
        self._number = 0
        self._running: set[Task] = set()

    def start(self) -> None:
        """Agrees on the version, and learns what the server can do. Raises: Nonsense, Failed, Stopped."""
        self._stream.send(wire.packet(wire.INIT, 3, b""))
        version = None
        while version is None:
            self._buffer += self._stream.receive()
            version = self._next()
        kind, body = version
        if kind != wire.VERSION:
            raise Nonsense(_quoted(bytes(self._buffer)))
        at, offered = 4, {}
        while at < len(body):
            name, at = wire.read_text(body, at)
            offered[name], at = wire.read_text(body, at)
        self.renames = b"posix-rename@openssh.com" in offered
        self.counts_room = b"statvfs@openssh.com" in offered
        if b"limits@openssh.com" in offered:
            self.run([self._limits()])

    def first_line(self) -> bytes:
        """The line before anything else. Raises: Nonsense, Failed, Stopped."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LEAST:
                raise Nonsense(_quoted(bytes(self._buffer)))
            self._buffer += self._stream.receive()
        line, _, rest = self._buffer.partition(b"\n")
        self._buffer = rest
        return bytes(line)

    def ask(self, kind: int, body: bytes, wants: int = wire.STATUS) -> Question:
        """A question that is on its way."""
        question = self._question(wants)
        self._stream.send(wire.packet(kind, self._number, body))
        return question

    def write(self, handle: bytes, at: int, file: int, size: int) -> Question:
        """A question that writes so many bytes of an open file of this machine at the same place of one there."""
        question = self._question(wire.STATUS)
        body = handle + wire.long(at) + wire.number(size)
        self._stream.send(wire.packet(wire.WRITE, self._number, body, size))
        self._stream.send(Range(file, at, size))
        return question

    def run(self, tasks: Iterable[Task], width: int = 1) -> None:
        """Carries tasks to their ends, so many at once. Raises: Nonsense, Failed, Stopped, and what a task raises."""
        left = iter(tasks)
        try:
            while True:
                while len(self._running) < width and (task := next(left, None)) is not None:
                    self._running.add(task)
                    self._advance(task)
                if not self._running:
                    return
                self._take(self._stream.receive())
        finally:
            for task in list(self._running):
                task.close()
            self._running.clear()

    def _question(self, wants: int) -> Question:
        self._number = (self._number + 1) & 0xFFFFFFFF
        question = self._asked[self._number] = Question(wants)
        return question

    def _advance(self, task: Task) -> None:
        try:
            while True:
                waiting = [question for question in task.send(None) if not question.done]
                if waiting:
                    job = [task, len(waiting)]
                    for question in waiting:
                        question.job = job
                    return
        except StopIteration:
            self._running.discard(task)

    def _take(self, data: bytes) -> None:
        self._buffer += data
        while found := self._next():
            kind, body = found
            number, _ = wire.read_number(body)
            question = self._asked.pop(number, None)
            if question is None:
                raise Nonsense("an answer to nothing that was asked")
            question.take(kind, body if kind == wire.DATA else body[4:])
            job = question.job
            if job:
                job[1] -= 1
                if not job[1]:
                    self._advance(job[0])

    def _next(self) -> tuple[int, bytes] | None:
        """The next message, its kind and the rest of it, once it is whole."""
        if len(self._buffer) < _HEAD:
            return None
        length = int.from_bytes(self._buffer[:_HEAD])
        if not _BODY <= length <= _LONGEST:
            raise Nonsense(_quoted(bytes(self._buffer)))
        if len(self._buffer) < _HEAD + length:
            return None
        # The only copy: files are made of these messages.
        with memoryview(self._buffer) as buffer:
            kind, body = buffer[_HEAD], bytes(buffer[_BEGUN : _HEAD + length])
        del self._buffer[: _HEAD + length]
        return kind, body

    def _limits(self) -> Task:
        # Source: OpenSSH's PROTOCOL, section 4.8; 0 is for no limit known.
        question = self.ask(wire.EXTENDED, wire.text(b"limits@openssh.com"), wire.REPLY)
        yield (question,)
        told = question.answer()
        read, written = wire.read_long(told, 8)[0], wire.read_long(told, 16)[0]
        self.most_read = max(_LEAST, min(read or _LEAST, 1 << 18))
        self.most_written = max(_LEAST, min(written or _LEAST, 1 << 18))

    def listed(self, path: bytes) -> Generator[tuple[Question, ...], None, list[tuple[bytes, Attributes]]]:
        """What a folder holds, `.` and `..` too where the server names them. Raises: Refusal, Nonsense."""
        opened = self.ask(wire.OPENDIR, wire.text(path), wire.HANDLE)
        yield (opened,)
        handle = wire.text(opened.answer())
        found: list[tuple[bytes, Attributes]] = []
        try:
            while True:
                # Most folders end with the second answer.
                more = (self.ask(wire.READDIR, handle, wire.NAME), self.ask(wire.READDIR, handle, wire.NAME))
                yield more
                for part in more:
                    found += part.answer()
                    if len(found) > _LISTED:
                        raise Nonsense(f"a folder of more than {_LISTED} names")
        except Refusal as refusal:
            yield (self.ask(wire.CLOSE, handle),)
            if refusal.code != wire.END:
                raise
        return found


def _message(body: bytes, at: int) -> str:
    # Old servers leave the message out.
    return wire.read_text(body, at)[0].decode("utf-8", "replace") if at < len(body) else ""


def _data(body: bytes) -> memoryview:
    """What was read of a file; the number of the message comes first."""
    size, begins = wire.read_number(body, 4)
    if begins + size > len(body):
        raise Nonsense("a string ends after its message")
    return memoryview(body)[begins : begins + size]


def _quoted(said: bytes) -> str:
    first = said[:60].decode("utf-8", "replace").partition("\n")[0]
    return f"it says {first!r} first; a login shell must print nothing there"


_READERS: dict[int, Callable[[bytes], Any]] = {
    wire.HANDLE: lambda body: wire.read_text(body)[0],
    wire.DATA: _data,
    wire.NAME: wire.read_names,
    wire.ATTRS: lambda body: wire.read_attributes(body)[0],
    wire.REPLY: bytes,
}
