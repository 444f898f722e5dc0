"""Copies files of one host into a folder of this machine, which no name or link of the host leads out of."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from udo.ssh.copy import wire
from udo.ssh.copy.listing import Found, Listing, Search
from udo.ssh.copy.names import Temporary
from udo.ssh.copy.pace import Pace
from udo.ssh.copy.sftp import Question, Refusal, Sftp, Task
from udo.ssh.copy.spec import Copy
from udo.ssh.copy.tally import Tally
from udo.ssh.copy.tree import digest
from udo.ssh.copy.wire import Nonsense

_MANY, _FEW, _PIECES = 32, 8, 8
# A file that has no size until it is read, as those of /proc, is no longer than this.
_SIZELESS = 1 << 26
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Sums = Callable[[Sequence[bytes]], Mapping[bytes, str]]
Asking = Generator[tuple[Question, ...], None, Any]


class Take:
    """The files of one host on their way into `folder`."""

    def __init__(self, sftp: Sftp, copy: Copy, folder: bytes, pace: Pace, names: Temporary) -> None:
        self._sftp = sftp
        self._copy = copy
        self._root = folder
        self._pace = pace
        self._names = names
        self._lost: set[bytes] = set()

    def run(self, tally: Tally, sums: Sums, look: Callable[[], None]) -> None:
        """Copies all of it; failures are told to the tally. Raises: Nonsense, Failed, Stopped, OSError."""
        self._tally, self._look = tally, look
        found = Search(self._sftp, self._names, tally).run(self._copy.sources)
        is_new = not os.path.lexists(self._root)
        os.makedirs(self._root, 0o777, exist_ok=True)  # noqa: PTH103 - names of bytes
        try:
            self._take(found, sums)
        finally:
            if is_new:
                # It stays unless nothing came.
                with suppress(OSError):
                    os.rmdir(self._root)  # noqa: PTH106

    def _take(self, found: Listing, sums: Sums) -> None:
        tally = self._tally
        self._tidy(b"")
        for folder in found.folders:
            self._make(folder)
        wanted = self._differing(found, sums)
        tally.begin(len(wanted), sum(one.told.size or 0 for one in wanted))
        small = [one for one in wanted if 0 < (one.told.size or 0) <= self._sftp.most_read]
        large = [one for one in wanted if not 0 < (one.told.size or 0) <= self._sftp.most_read]
        self._sftp.run(map(self._small, small), _MANY)
        self._sftp.run(map(self._large, large), _FEW)
        for link, target in found.links:
            self._link(link, target)
        for folder in reversed(found.folders):
            self._finish_folder(folder)

    def _make(self, folder: Found) -> None:
        parent, _, name = folder.name.rpartition(b"/")
        if parent in self._lost:
            self._lost.add(folder.name)
            return
        try:
            with self._opened(parent) as where:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=where)
                    return
                there = os.stat(name, dir_fd=where, follow_symlinks=False)
                if not stat.S_ISDIR(there.st_mode):
                    raise OSError(None, "a file or link of that name is here")
                if there.st_mode & 0o700 != 0o700:
                    os.chmod(name, there.st_mode & 0o777 | 0o700, dir_fd=where)
            self._tidy(folder.name)
        except OSError as error:
            self._lost.add(folder.name)
            self._tally.fail(folder.name, _words(error))

    def _tidy(self, folder: bytes) -> None:
        """Removes what killed runs have left in a folder here."""
        with self._opened(folder) as where, os.scandir(where) as entries:
            for one in entries:
                name = os.fsencode(one.name)
                if not self._names.is_one(name):
                    continue
                with suppress(OSError):
                    if self._names.is_left(name, one.stat(follow_symlinks=False).st_mtime):
                        os.unlink(name, dir_fd=where)

    def _differing(self, found: Listing, sums: Sums) -> list[Found]:
        """The files that are not here, or not the same."""
        usable = [one for one in found.files if one.name.rpartition(b"/")[0] not in self._lost]
        alike = {one.path: one for one in usable if one.told.size and self._size(one) == one.told.size}
        told = sums(list(alike)) if alike else {}
        same = set()
        for path, one in alike.items():
            with suppress(OSError):
                if path in told and told[path] == self._digest(one):
                    self._settle(one)
                    same.add(one.path)
        self._tally.unchanged = len(same)
        return [one for one in usable if one.path not in same]

    def _size(self, one: Found) -> int | None:
        with suppress(OSError), self._opened(one.name.rpartition(b"/")[0]) as where:
            found = os.stat(one.name.rpartition(b"/")[2], dir_fd=where, follow_symlinks=False)
            return found.st_size if stat.S_ISREG(found.st_mode) else None
        return None

    def _digest(self, one: Found) -> str:
        folder, _, name = one.name.rpartition(b"/")
        with self._opened(folder) as where:
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=where)
        try:
            return digest(handle)
        finally:
            os.close(handle)

    def _settle(self, one: Found) -> None:
        """Sets the permissions, and the times where they are kept, of a file that holds the same."""
        folder, _, name = one.name.rpartition(b"/")
        with self._opened(folder) as where:
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=where)
            try:
                self._set(handle, one)
            finally:
                os.close(handle)

    def _set(self, handle: int, one: Found) -> None:
        if one.told.mode is not None:
            # Never setuid: whoever is root there is nobody here.
            os.fchmod(handle, one.told.mode & 0o777)
        if self._copy.times and one.told.mtime is not None:
            os.utime(handle, (one.told.mtime, one.told.mtime))

    def _small(self, one: Found) -> Task:
        if self._tally.full:
            return
        size = one.told.size or 0
        self._pace.wait(size, self._look)
        try:
            handle = yield from self._open(one)
            asked = self._sftp.ask(wire.READ, handle + wire.long(0) + wire.number(size), wire.DATA)
            after = self._sftp.ask(wire.FSTAT, handle, wire.ATTRS)
            yield (asked, after, self._sftp.ask(wire.CLOSE, handle))
            data, now = asked.answer(), after.answer()
            if len(data) != size or _moved(one, now.size, now.mtime):
                # It grew, shrank, or came in part: what is read piece by piece copes with that.
                yield from self._large(one)
                return
        except Refusal as refusal:
            self._tally.fail(one.path, refusal)
            return
        with self._temporary(one) as file:
            _write(file, data, 0)
        self._tally.sent(size)

    def _large(self, one: Found) -> Task:
        if self._tally.full:
            return
        try:
            handle = yield from self._open(one)
        except Refusal as refusal:
            self._tally.fail(one.path, refusal)
            return
        try:
            asked = self._sftp.ask(wire.FSTAT, handle, wire.ATTRS)
            yield (asked,)
            first = one._replace(told=asked.answer())
            if not first.told.is_file:
                raise OSError(None, "it is no file any more")
            with self._temporary(one) as file:
                yield from self._pieces(first, handle, file)
        except (Refusal, OSError) as error:
            self._tally.fail(one.path, _words(error))
        yield (self._sftp.ask(wire.CLOSE, handle),)

    def _pieces(self, one: Found, handle: bytes, file: int) -> Asking:
        """Reads as much as the file held when it was opened, so that of a log that grows its beginning is copied."""
        size, at = one.told.size or 0, 0
        end = size or _SIZELESS
        piece = self._pace.piece(self._sftp.most_read)
        under_way: deque[tuple[Question, int, int]] = deque()
        while at < end or under_way:
            while at < end and len(under_way) < (_PIECES if size else 1):
                count = min(piece, end - at)
                self._pace.wait(count, self._look)
                asked = self._sftp.ask(wire.READ, handle + wire.long(at) + wire.number(count), wire.DATA)
                under_way.append((asked, at, count))
                at += count
            asked, begins, count = under_way.popleft()
            yield (asked,)
            try:
                data = asked.answer()
            except Refusal as refusal:
                if refusal.code == wire.END and not size:
                    return
                raise
            if not data or len(data) > count:
                raise Nonsense("it answers a read with nothing, or with more than was asked for")
            _write(file, data, begins)
            self._tally.sent(len(data))
            if len(data) < count:
                # Servers may answer with less: what is missing is asked for again.
                at = self._again(under_way, begins + len(data), count - len(data), handle, at if size else None)
        if not size:
            raise OSError(None, f"it says that it is empty, and has more than {_SIZELESS} bytes")
        asked = self._sftp.ask(wire.FSTAT, handle, wire.ATTRS)
        yield (asked,)
        now = asked.answer()
        if _moved(one, now.size, now.mtime):
            raise OSError(None, "it changed while it was copied")

    def _again(
        self, under_way: deque[tuple[Question, int, int]], begins: int, count: int, handle: bytes, at: int | None
    ) -> int:
        if at is None:
            return begins
        asked = self._sftp.ask(wire.READ, handle + wire.long(begins) + wire.number(count), wire.DATA)
        under_way.appendleft((asked, begins, count))
        return at

    def _open(self, one: Found) -> Asking:
        words = wire.text(one.path) + wire.number(wire.FOR_READING) + wire.settings()
        opened = self._sftp.ask(wire.OPEN, words, wire.HANDLE)
        yield (opened,)
        return wire.text(opened.answer())

    @contextmanager
    def _temporary(self, one: Found) -> Iterator[int]:
        """A file for the block to fill, which then gets its name; where that fails it is removed, and told why."""
        folder, _, name = one.name.rpartition(b"/")
        temporary, made = self._names.new(), False
        try:
            with self._opened(folder) as where:
                handle = os.open(temporary, _NEW, 0o600, dir_fd=where)
                made = True
                try:
                    yield handle
                    self._set(handle, one)
                finally:
                    os.close(handle)
                os.rename(temporary, name, src_dir_fd=where, dst_dir_fd=where)
                made = False
            self._tally.done()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                self._tally.full = f"no space left in {os.fsdecode(self._root)}"
            self._tally.fail(one.name, self._tally.full or _words(error))
        except Refusal as refusal:
            self._tally.fail(one.name, refusal)
        finally:
            if made:
                with suppress(OSError), self._opened(folder) as where:
                    os.unlink(temporary, dir_fd=where)

    def _link(self, link: Found, target: bytes) -> None:
        folder, _, name = link.name.rpartition(b"/")
        if folder in self._lost or self._tally.full:
            return
        temporary = self._names.new()
        try:
            with self._opened(folder) as where:
                with suppress(OSError):
                    if os.readlink(name, dir_fd=where) == target:
                        return
                os.symlink(target, temporary, dir_fd=where)
                try:
                    os.rename(temporary, name, src_dir_fd=where, dst_dir_fd=where)
                except OSError:
                    os.unlink(temporary, dir_fd=where)
                    raise
        except OSError as error:
            self._tally.fail(link.name, _words(error))

    def _finish_folder(self, folder: Found) -> None:
        if folder.name in self._lost:
            return
        try:
            with self._opened(folder.name) as handle:
                self._set(handle, folder)
        except OSError as error:
            self._tally.fail(folder.name, _words(error))

    @contextmanager
    def _opened(self, folder: bytes) -> Iterator[int]:
        """A folder below the root, through no link. Raises: OSError."""
        handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in filter(None, folder.split(b"/")):
                below = os.open(name, _FOLDER, dir_fd=handle)
                os.close(handle)
                handle = below
            yield handle
        finally:
            os.close(handle)


def _write(file: int, data: memoryview, at: int) -> None:
    while data:
        count = os.pwrite(file, data, at)
        data, at = data[count:], at + count


def _moved(one: Found, size: int | None, changed: int | None) -> bool:
    """Whether a file is another one now; one that only grew is the same."""
    before = one.told.size or 0
    return size is None or size < before or (size == before and changed != one.told.mtime)


def _words(error: Exception) -> str:
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
