"""Copies a tree of this machine to one host: what differs, each file whole under its name or not at all."""

from __future__ import annotations

import os
import struct
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from itertools import groupby
from typing import Any

from udo.ssh.copy import wire
from udo.ssh.copy.names import Temporary
from udo.ssh.copy.pace import Pace
from udo.ssh.copy.sftp import Question, Refusal, Sftp, Task
from udo.ssh.copy.spec import Copy
from udo.ssh.copy.tally import Tally
from udo.ssh.copy.tree import Entry, Tree, check, opened
from udo.ssh.copy.wire import Attributes

# Small files on their way at once, large ones, and the pieces of each of these.
_MANY, _FEW, _PIECES = 48, 8, 8
_SMALL = 1 << 15
# A folder that others fill without end is not searched to its end for what was left behind.
_SEARCHED = 20_000
_WRITABLE = 0o300

Sums = Callable[[Sequence[bytes]], Mapping[bytes, str]]
Listing = Mapping[bytes, Attributes]
Asking = Generator[tuple[Question, ...], None, Any]


class Put:
    """The tree on its way to one host."""

    def __init__(
        self, sftp: Sftp, copy: Copy, tree: Tree, owner: tuple[int, int] | None, pace: Pace, names: Temporary
    ) -> None:
        self._sftp = sftp
        self._copy = copy
        self._tree = tree
        self._owner = owner
        self._pace = pace
        self._names = names
        self._place = b""
        self._only: bytes | None = None
        # What each folder of the place holds already; nothing where it is new. One that is missing cannot be used.
        self._held: dict[bytes, Listing] = {}
        self._opened: set[bytes] = set()

    def run(self, tally: Tally, sums: Sums, look: Callable[[], None]) -> None:
        """Copies all of it; failures are told to the tally. Raises: Nonsense, Failed, Stopped, Refusal."""
        self._tally, self._look = tally, look
        self._sftp.run([self._settle_place()])
        if not self._held:
            return
        for name in self._tree.left_out:
            tally.leave_out(name, "it is neither a file, a folder nor a link")
        for _, folders in groupby(self._tree.folders, lambda one: one.name.count(b"/")):
            self._sftp.run(map(self._settle_folder, folders), _MANY)
        wanted = self._differing(sums)
        tally.begin(len(wanted), sum(entry.size for entry in wanted))
        small = [entry for entry in wanted if entry.size <= _SMALL]
        self._sftp.run(map(self._small, small), _MANY)
        self._sftp.run(map(self._large, [entry for entry in wanted if entry.size > _SMALL]), _FEW)
        self._sftp.run(map(self._link, self._tree.links), _MANY)
        self._sftp.run(map(self._finish_folder, reversed(self._tree.folders)), _MANY)

    def _settle_place(self) -> Task:
        """Finds out which folder all goes to, and under which name a single file does."""
        to = os.fsencode(self._copy.to)
        into = not self._tree.is_one_file or not to or to.endswith((b"/", b"/.", b"/..")) or to in (b".", b"..")
        path = to.rstrip(b"/") or (b"/" if to else b".")
        try:
            there = yield from self._stat(path)
            if there and not there.is_folder and into:
                self._tally.fail(path, "it is there and no folder")
                return
            if not there and into:
                yield from self._made(path)
            if not (into or (there and there.is_folder)):
                folder, slash, self._only = path.rpartition(b"/")
                path = folder or (b"/" if slash else b".")
            asked = self._sftp.ask(wire.REALPATH, wire.text(path), wire.NAME)
            yield (asked,)
            self._place = asked.path().rstrip(b"/")
            self._held[b""] = {} if into and not there else (yield from self._listed(b""))
        except Refusal as refusal:
            self._tally.fail(path, refusal)

    def _settle_folder(self, entry: Entry) -> Task:
        """Makes sure that a folder is there, and learns what it holds."""
        if (held := self._held.get(entry.folder)) is None:
            return
        there = held.get(entry.name.rpartition(b"/")[2])
        try:
            if there is None:
                yield from self._opened_up(entry.folder)
                yield from self._made(self._path(entry.name), 0o700)
                self._held[entry.name] = {}
            elif there.is_folder:
                self._held[entry.name] = yield from self._listed(entry.name)
            else:
                self._tally.fail(entry.name, f"a {'link' if there.is_link else 'file'} of that name is there")
        except Refusal as refusal:
            self._tally.fail(entry.name, refusal)

    def _listed(self, folder: bytes) -> Asking:
        """What a folder of the place holds; files that a killed run has left there are removed."""
        try:
            found = yield from self._sftp.listed(self._path(folder))
        except Refusal as refusal:
            # What may be written to need not be readable.
            if refusal.code != wire.DENIED:
                raise
            return {}
        left = [name for name, told in found[:_SEARCHED] if self._names.is_left(name, told.mtime)]
        yield tuple(self._sftp.ask(wire.REMOVE, wire.text(self._join(folder, name))) for name in left)
        return dict(found)

    def _differing(self, sums: Sums) -> list[Entry]:
        """The files that are not there, or not the same."""
        usable = [entry for entry in self._tree.files if self._held.get(entry.folder) is not None]
        alike = {
            self._path(entry.name): entry
            for entry in usable
            if (there := self._there(entry)) is not None and there.is_file and there.size == entry.size
        }
        asked = [path for path, entry in alike.items() if entry.size]
        found = sums(asked) if asked else {}
        same = {entry.name for path, entry in alike.items() if not entry.size or self._is_sum(entry, found.get(path))}
        self._tally.unchanged = len(same)
        self._sftp.run((self._settings_of(entry) for entry in usable if entry.name in same), _MANY)
        return [entry for entry in usable if entry.name not in same and not self._is_folder(entry)]

    def _is_sum(self, entry: Entry, told: str | None) -> bool:
        try:
            return told is not None and told == self._tree.sum(entry)
        except OSError:
            # It is told where it is to be sent.
            return False

    def _settings_of(self, entry: Entry) -> Task:
        """Sets what differs of a file that holds the same."""
        there = self._there(entry)
        differs = there is None or there.mode is None or there.mode & 0o777 != entry.mode
        differs = differs or (self._copy.times and there is not None and there.mtime != entry.times[1])
        differs = differs or (self._owner is not None and there is not None and there.owner != self._owner)
        if differs:
            asked = self._sftp.ask(wire.SETSTAT, wire.text(self._path(entry.name)) + self._settings(entry))
            yield (asked,)
            self._refused(entry, asked)

    def _small(self, entry: Entry) -> Task:
        if self._tally.full:
            return
        try:
            data = self._tree.content(entry)
        except OSError as error:
            self._tally.fail(entry.name, (error.strerror or str(error)).lower())
            return
        self._pace.wait(len(data), self._look)

        def written(handle: bytes) -> Asking:
            yield from ()
            body = handle + wire.long(0) + wire.number(len(data))
            return [self._sftp.ask(wire.WRITE, body + data)] if data else []

        yield from self._placed(entry, written)

    def _large(self, entry: Entry) -> Task:
        if self._tally.full:
            return
        try:
            with opened(entry) as file:
                yield from self._placed(entry, lambda handle: self._pieces(entry, file.fileno(), handle))
        except OSError as error:
            self._tally.fail(entry.name, (error.strerror or str(error)).lower())

    def _pieces(self, entry: Entry, file: int, handle: bytes) -> Asking:
        """Writes a file piece by piece. Raises: Refusal, OSError."""
        under_way: deque[tuple[Question, int]] = deque()
        at, size = 0, self._pace.piece(self._sftp.most_written)
        while at < entry.size:
            count = min(size, entry.size - at)
            self._pace.wait(count, self._look)
            under_way.append((self._sftp.write(handle, at, file, count), count))
            at += count
            if len(under_way) == _PIECES:
                yield from self._settled(under_way)
        while under_way:
            yield from self._settled(under_way)
        check(entry, file, os.fstat(file).st_size)
        return []

    def _settled(self, under_way: deque[tuple[Question, int]]) -> Asking:
        asked, size = under_way.popleft()
        yield (asked,)
        asked.answer()
        self._tally.sent(size)

    def _placed(self, entry: Entry, write: Callable[[bytes], Asking]) -> Task:
        """Makes a temporary file, has it written, and gives it its name; where that fails it is removed."""
        temporary, refusal = self._join(entry.folder, self._names.new()), None
        try:
            yield from self._opened_up(entry.folder)
            flags = wire.number(wire.FOR_WRITING | wire.NEW)
            opened = self._sftp.ask(wire.OPEN, wire.text(temporary) + flags + wire.settings(0o600), wire.HANDLE)
            yield (opened,)
            handle = wire.text(opened.answer())
        except Refusal as told:
            self._tally.fail(entry.name, told)
            return
        error: Exception | None = None
        questions: list[Question] = []
        try:
            questions = yield from write(handle)
        except (Refusal, OSError) as told:
            error = told
        closing = [self._sftp.ask(wire.FSETSTAT, handle + self._settings(entry)), self._sftp.ask(wire.CLOSE, handle)]
        yield (*questions, *closing)
        try:
            if error:
                raise error
            for asked in (*questions, *closing):
                asked.answer()
            yield from self._renamed(temporary, entry.name)
            self._tally.done()
            if questions:
                self._tally.sent(entry.size)
        except (Refusal, OSError) as told:
            refusal = told
            yield (self._sftp.ask(wire.REMOVE, wire.text(temporary)),)
            yield from self._failed(entry, refusal)

    def _failed(self, entry: Entry, error: Exception) -> Asking:
        """Notes why a file is not there; where there is no more room none is tried any more."""
        if isinstance(error, Refusal) and error.code == wire.FAILURE and (yield from self._is_full(entry)):
            self._tally.full = f"no space left in {os.fsdecode(self._place or b'/')}"
        told = error.strerror if isinstance(error, OSError) else str(error)
        self._tally.fail(entry.name, self._tally.full or (told or "failure").lower())

    def _is_full(self, entry: Entry) -> Asking:
        # SFTP has no word for it. Source: OpenSSH's PROTOCOL, section 4.4.
        if not self._sftp.counts_room:
            return False
        asked = self._sftp.ask(
            wire.EXTENDED, wire.text(b"statvfs@openssh.com") + wire.text(self._place or b"/"), wire.REPLY
        )
        yield (asked,)
        try:
            told = struct.unpack_from(">11Q", asked.answer())
        except (Refusal, struct.error):
            return False
        # The file that did not fit is gone by now.
        return bool(told[4] * told[1] < entry.size or not told[7])

    def _renamed(self, temporary: bytes, name: bytes) -> Asking:
        final = self._path(name)
        words = wire.text(temporary) + wire.text(final)
        if self._sftp.renames:
            asked = self._sftp.ask(wire.EXTENDED, wire.text(b"posix-rename@openssh.com") + words)
        else:
            asked = self._sftp.ask(wire.RENAME, words)
        yield (asked,)
        asked.answer()

    def _link(self, entry: Entry) -> Task:
        if self._held.get(entry.folder) is None or self._tally.full:
            return
        there, final = self._there(entry), self._path(entry.name)
        try:
            if there is not None and there.is_link:
                asked = self._sftp.ask(wire.READLINK, wire.text(final), wire.NAME)
                yield (asked,)
                if asked.path() == entry.target:
                    return
            if there is not None and there.is_folder:
                self._tally.fail(entry.name, "a folder of that name is there")
                return
            temporary = self._join(entry.folder, self._names.new())
            yield from self._opened_up(entry.folder)
            asked = self._sftp.ask(wire.SYMLINK, wire.text(entry.target) + wire.text(temporary))
            yield (asked,)
            asked.answer()
            try:
                yield from self._renamed(temporary, entry.name)
            except Refusal:
                yield (self._sftp.ask(wire.REMOVE, wire.text(temporary)),)
                raise
        except Refusal as refusal:
            self._tally.fail(entry.name, refusal)

    def _finish_folder(self, entry: Entry) -> Task:
        """Sets what a folder is to be, once all is in it."""
        if self._held.get(entry.name) is None:
            return
        asked = self._sftp.ask(wire.SETSTAT, wire.text(self._path(entry.name)) + self._settings(entry))
        yield (asked,)
        self._refused(entry, asked)

    def _opened_up(self, folder: bytes) -> Asking:
        """Lets something be written into a folder of the tree that its owner may not write to."""
        if not folder or folder in self._opened:
            return
        self._opened.add(folder)
        parent, _, name = folder.rpartition(b"/")
        there = self._held.get(parent, {}).get(name)
        if there is not None and there.mode is not None and there.mode & _WRITABLE != _WRITABLE:
            mode = wire.settings(there.mode & 0o777 | 0o700)
            yield (self._sftp.ask(wire.SETSTAT, wire.text(self._path(folder)) + mode),)

    def _made(self, path: bytes, mode: int | None = None) -> Asking:
        asked = self._sftp.ask(wire.MKDIR, wire.text(path) + wire.settings(mode))
        yield (asked,)
        asked.answer()

    def _stat(self, path: bytes) -> Asking:
        asked = self._sftp.ask(wire.STAT, wire.text(path), wire.ATTRS)
        yield (asked,)
        try:
            return asked.answer()
        except Refusal as refusal:
            if refusal.code != wire.NO_SUCH_FILE:
                raise
            return None

    def _refused(self, entry: Entry, asked: Question) -> None:
        try:
            asked.answer()
        except Refusal as refusal:
            self._tally.fail(entry.name, refusal)

    def _settings(self, entry: Entry) -> bytes:
        return wire.settings(entry.mode, entry.times if self._copy.times else None, self._owner)

    def _there(self, entry: Entry) -> Attributes | None:
        return self._held.get(entry.folder, {}).get(self._final(entry.name).rpartition(b"/")[2])

    def _is_folder(self, entry: Entry) -> bool:
        there = self._there(entry)
        if there is not None and there.is_folder:
            self._tally.fail(entry.name, "a folder of that name is there")
            return True
        return False

    def _final(self, name: bytes) -> bytes:
        return name if self._only is None else self._only

    def _path(self, name: bytes) -> bytes:
        return self._join(b"", self._final(name)) if name else self._place or b"/"

    def _join(self, folder: bytes, name: bytes) -> bytes:
        return b"/".join((self._place, *filter(None, (folder, name))))
