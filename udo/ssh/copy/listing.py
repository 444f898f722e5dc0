"""Finds the files of one host that are meant: globs, folders and what they hold, no name of them trusted."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from udo.ssh.copy import wire
from udo.ssh.copy.names import Temporary, check_depth, checked, stays_inside
from udo.ssh.copy.sftp import Question, Refusal, Sftp, Task
from udo.ssh.copy.tally import Tally
from udo.ssh.copy.tree import is_contents
from udo.ssh.copy.wire import Attributes, Nonsense

_MANY = 16
_MOST = 1_000_000
_MAGIC = re.compile(rb"[*?\[]")
_KEPT = re.compile(rb"\\(.)", re.DOTALL)

Asking = Generator[tuple[Question, ...], None, Any]


class Found(NamedTuple):
    """A file or folder of a host; `name` is its path below the folder here that all goes to."""

    name: bytes
    path: bytes
    told: Attributes


@dataclass
class Listing:
    """What a host has of what is meant; folders before what they hold, links with where they lead."""

    folders: list[Found] = field(default_factory=list)
    files: list[Found] = field(default_factory=list)
    links: list[tuple[Found, bytes]] = field(default_factory=list)


class Search:
    """The way through the folders of one host."""

    def __init__(self, sftp: Sftp, names: Temporary, tally: Tally) -> None:
        self._sftp = sftp
        self._names = names
        self._tally = tally
        self._found = Listing()
        self._next: list[Found] = []
        self._tops: dict[bytes, bytes] = {}
        self._count = 0

    def run(self, sources: Sequence[str]) -> Listing:
        """Everything the paths mean; what is missing is told. Raises: Nonsense, Failed, Stopped."""
        for source in sources:
            self._sftp.run([self._top(os.fsencode(source))])
        while self._next:
            below, self._next = self._next, []
            self._sftp.run(map(self._folder, below), _MANY)
        return self._found

    def _top(self, source: bytes) -> Task:
        try:
            is_pattern = _is_pattern(source)
            paths = (yield from self._matching(source)) if is_pattern else [_plain(source)]
            if not paths and not (yield from self._is_there(source)):
                self._tally.fail(source, "nothing matches")
                return
            # What matches nothing may be meant as it is written.
            for path in paths or [source]:
                yield from self._begin(path, contents=is_contents(os.fsdecode(source)))
        except Refusal as refusal:
            self._tally.fail(source, refusal)

    def _begin(self, path: bytes, *, contents: bool) -> Asking:
        asked = self._sftp.ask(wire.STAT, wire.text(path or b"."), wire.ATTRS)
        yield (asked,)
        try:
            told = asked.answer()
        except Refusal as refusal:
            self._tally.fail(path, refusal)
            return
        name = b"" if contents else path.rstrip(b"/").rpartition(b"/")[2]
        if name and self._tops.setdefault(name, path) != path:
            self._tally.fail(path, f"{os.fsdecode(self._tops[name])} has the same name")
        elif told.is_folder:
            found = Found(name, path or b".", told)
            self._found.folders += [found] if name else []
            self._next.append(found)
        elif told.is_file and name:
            self._found.files.append(Found(name, path, told))
        else:
            self._tally.fail(path, "it is neither a file nor a folder")

    def _matching(self, pattern: bytes) -> Asking:
        """The paths that match, component by component; a dot at the beginning is matched by a dot alone."""
        is_absolute = pattern.startswith(b"/")
        paths = [b"/" if is_absolute else b""]
        for part in filter(None, pattern.split(b"/")):
            if not _is_pattern(part):
                paths = [_joined(path, _plain(part)) for path in paths]
                continue
            paths = yield from self._matches(paths, part)
        there = []
        for path in paths:
            there += [path] if (yield from self._is_there(path)) else []
        return there

    def _is_there(self, path: bytes) -> Asking:
        asked = self._sftp.ask(wire.LSTAT, wire.text(path), wire.ATTRS)
        yield (asked,)
        try:
            asked.answer()
        except Refusal:
            return False
        return True

    def _matches(self, folders: Sequence[bytes], part: bytes) -> Asking:
        # What a backslash keeps from being a pattern's is a set of one character to fnmatch.
        part = _KEPT.sub(lambda kept: b"[" + kept[1] + b"]" if _MAGIC.match(kept[1]) else kept[1], part)
        fits = re.compile(fnmatch.translate(part.decode("latin-1"))).match
        found = []
        for folder in folders:
            try:
                listed = yield from self._sftp.listed(folder or b".")
            except Refusal:
                continue
            names = sorted(checked(name) for name, _ in listed if name not in (b".", b".."))
            found += [
                _joined(folder, name)
                for name in names
                if fits(name.decode("latin-1")) and name.startswith(b".") <= part.startswith(b".")
            ]
        return found

    def _folder(self, folder: Found) -> Task:
        try:
            listed = yield from self._sftp.listed(folder.path)
        except Refusal as refusal:
            self._tally.fail(folder.path, refusal)
            return
        seen: set[bytes] = set()
        for name, told in sorted(listed):
            if name in (b".", b"..") or self._names.is_one(name):
                continue
            if checked(name) in seen:
                raise Nonsense(f"it lists the name {name!r} twice")
            seen.add(name)
            full = _joined(folder.name, name)
            if not folder.name and self._tops.setdefault(name, folder.path) != folder.path:
                self._tally.fail(full, f"{os.fsdecode(self._tops[name])} has the same name")
                continue
            yield from self._add(Found(full, _joined(folder.path, name), told))

    def _add(self, one: Found) -> Asking:
        self._count += 1
        if self._count > _MOST:
            raise Nonsense(f"it lists more than {_MOST} names")
        if one.told.is_folder:
            check_depth(one.name)
            self._found.folders.append(one)
            self._next.append(one)
        elif one.told.is_file:
            self._found.files.append(one)
        elif one.told.is_link:
            yield from self._add_link(one)
        else:
            self._tally.leave_out(one.name, "it is neither a file, a folder nor a link")

    def _add_link(self, one: Found) -> Asking:
        asked = self._sftp.ask(wire.READLINK, wire.text(one.path), wire.NAME)
        yield (asked,)
        try:
            target = asked.path()
        except Refusal as refusal:
            self._tally.fail(one.name, refusal)
            return
        if stays_inside(one.name, target):
            self._found.links.append((one, target))
        else:
            self._tally.leave_out(one.name, f"the link leads out, to {os.fsdecode(target[:200])}")


def _joined(folder: bytes, name: bytes) -> bytes:
    return folder + name if not folder or folder.endswith(b"/") else folder + b"/" + name


def _plain(path: bytes) -> bytes:
    """A path without the backslashes that keep characters from being a pattern's."""
    return _KEPT.sub(rb"\1", path)


def _is_pattern(path: bytes) -> bool:
    return _MAGIC.search(_KEPT.sub(b"", path)) is not None
