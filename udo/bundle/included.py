"""What of a folder goes into a bundle: all but what `.udoignore` names, by gitignore's rules, and git's own folder."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from udo.bundle.archive import MOST_ENTRIES, MOST_LEVELS
from udo.errors import UdoError, UsageError
from udo.frozen import frozen

IGNORE = ".udoignore"
# What comes first can be taken back by a line of the file.
_ALWAYS = (".git",)
_MOST_BYTES = 1024**2
# pathspec's name for the slash that ends the folder which a pattern names.
_ENDS_FOLDER = "ps_d"
# What pathspec takes for the folder before it as well.
_EVERY_FOLDER = re.compile(r"(/\*\*)/\s*$")


@frozen
class Found:
    """A file, link, folder or anything else in a folder; `path` is relative to it, and as the system gives it."""

    path: str
    stat: os.stat_result

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, and no link to one."""
        return stat.S_ISDIR(self.stat.st_mode)


@frozen
class _Rule:
    """A pattern, and whether what it means is left out or taken back."""

    regex: re.Pattern[str]
    leaves_out: bool


def included(folder: Path) -> Iterator[Found]:
    """Everything in a folder that is not left out, folders before what is in them; in no certain order.

    What is in a folder that is left out is left out too, whatever another line says of it.

    Raises: UsageError for a line that is no pattern; UdoError where there is too much, or some cannot be read.
    """
    rules = _rules(folder)
    count, pending = 0, [""]
    while pending:
        within = pending.pop()
        for found in _children(folder, within):
            if found.path == IGNORE or _is_left_out(rules, found):
                continue
            count += 1
            if count > MOST_ENTRIES:
                raise UdoError(f"{folder} holds more than {MOST_ENTRIES:,} files and folders")
            if found.path.count("/") > MOST_LEVELS:
                raise UdoError(f"{folder} holds folders more than {MOST_LEVELS} levels deep")
            if found.is_folder:
                pending.append(found.path)
            yield found


def _children(folder: Path, within: str) -> Iterator[Found]:
    at = f"{within}/" if within else ""
    try:
        with os.scandir(folder / within) as entries:
            for entry in entries:
                yield Found(f"{at}{entry.name}", entry.stat(follow_symlinks=False))
    except OSError as error:
        raise UdoError(f"{error.filename or folder / within} cannot be read: {error.strerror}") from error


def _is_left_out(rules: Sequence[_Rule], found: Found) -> bool:
    # pathspec's own answer is for a path in a tree that nobody walks: a pattern that meets a folder above it counts.
    last = next((rule for rule in rules if _meets(rule, found)), None)
    return last is not None and last.leaves_out


def _meets(rule: _Rule, found: Found) -> bool:
    """Whether a pattern means the thing itself, and no folder that it is in."""
    met = rule.regex.search(found.path)
    if met and met.groupdict().get(_ENDS_FOLDER) is None:
        return True
    if not found.is_folder or _ENDS_FOLDER not in rule.regex.groupindex:
        return False
    return any(one.start(_ENDS_FOLDER) == len(found.path) for one in rule.regex.finditer(f"{found.path}/"))


def _rules(folder: Path) -> Sequence[_Rule]:
    """The patterns, the last one first."""
    # Late: most looks at a bundle are at an archive.
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    rules: list[_Rule] = []
    for number, line in enumerate((*_ALWAYS, *_lines(folder / IGNORE)), 1 - len(_ALWAYS)):
        try:
            pattern = GitIgnoreSpecPattern(_EVERY_FOLDER.sub(r"\1/*/", line))
        except ValueError as error:
            told = f"{folder / IGNORE}:{number}: {line.strip()!r} is no pattern of gitignore's"
            raise UsageError(told, hint="correct it, or take it out") from error
        if pattern.regex is not None:
            rules.insert(0, _Rule(pattern.regex, bool(pattern.include)))
    return rules


def _lines(path: Path) -> list[str]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path} is no file", hint="it names what is left out of a bundle, a pattern a line")
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} is larger than {_MOST_BYTES // 1024} KiB", hint="no list of patterns is")
        return path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UdoError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8", hint="save it as UTF-8") from error
