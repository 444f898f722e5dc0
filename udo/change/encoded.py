"""Finds in lines of text the values that are base64: short ones hide a secret as well as long ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

# Source: cloud-init, write_files: encoding is one of b64, base64, gz+b64, gz+base64, gzip+b64, gzip+base64.
_ENCODING = re.compile(
    r"""["']?encoding["']?\s*:\s*["']?(?:gz(?:ip)?\+)?b(?:ase)?64["']?\s*(?:[,}#].*)?$""", re.IGNORECASE
)
_CONTENT = re.compile(r"""(?P<name>["']?content["']?\s*:\s*)(?P<value>\S.*)?$""")
_FLOW = re.compile(r"""(["']?content["']?\s*:\s*)(?:"[^"]*"|'[^']*'|[^,}]*)""")
_BINARY = re.compile(r"(?P<name>.*!!binary\s*)(?P<value>.*)$")
_DECODED = re.compile(r"\b(?:base64|openssl\s+(?:enc\s+-)?base64)\b[^|;&]*?\s(?:-[a-zA-Z]*[dD][a-zA-Z]*\b|--decode\b)")
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")


def encoded(lines: Sequence[str]) -> dict[int, int]:
    """The numbers of the lines that hold base64, each with the column from which on they do."""
    found: dict[int, int] = {}
    for number, line in enumerate(lines):
        if binary := _BINARY.match(line):
            found |= dict(_value(lines, number, binary.start("value"), _column(line)))
        if _ENCODING.search(line):
            found |= dict(_beside(lines, number))
        if _DECODED.search(line):
            found |= dict(_given(lines, number))
    return found


def _beside(lines: Sequence[str], number: int) -> Iterator[tuple[int, int]]:
    """What stands as content in the mapping that a line belongs to."""
    line = lines[number]
    if flow := _FLOW.search(line):
        yield number, flow.end(1)
        return
    column = _column(line)
    first = number
    while first and not _begins(lines[first], column) and _within(lines[first - 1], column):
        first -= 1
    for at in range(first, len(lines)):
        if at > first and (not _within(lines[at], column) or _begins(lines[at], column)):
            return
        content = _CONTENT.match(lines[at], column) if _column(lines[at]) == column else None
        if content:
            yield from _value(lines, at, content.end("name"), column)


def _value(lines: Sequence[str], number: int, start: int, column: int) -> Iterator[tuple[int, int]]:
    """A value that begins in a line, and the lines further in that it goes on with."""
    yield number, start
    for at in range(number + 1, len(lines)):
        indent = len(lines[at]) - len(lines[at].lstrip())
        if lines[at].strip() and indent <= column:
            return
        yield at, indent


def _given(lines: Sequence[str], number: int) -> Iterator[tuple[int, int]]:
    """What a shell gives to a program that decodes it: words before the pipe, a here-string or a here-document."""
    line = lines[number]
    if echo := re.search(r"(?:\becho|\bprintf|<<<)\s", line):
        yield number, echo.end()
    if document := _HEREDOC.search(line):
        for at in range(number + 1, len(lines)):
            if lines[at].strip() == document[2]:
                return
            yield at, 0


def _column(line: str) -> int:
    """Where the first word of a line stands, behind the dashes of a list."""
    found = re.match(r"\s*(?:-\s+)*", line)
    return found.end() if found else 0


def _within(line: str, column: int) -> bool:
    return not line.strip() or _column(line) >= column


def _begins(line: str, column: int) -> bool:
    """Whether a mapping whose keys stand at the column begins in the line, as an item of a list."""
    return _column(line) == column and "-" in line[:column]
