"""User data for reading: decoded, unzipped, its MIME parts apart, and what differs as lines without secrets."""

from __future__ import annotations

import base64
import binascii
import difflib
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from udo.launch.masking import MASK, masked

if TYPE_CHECKING:
    from email.message import Message

# User data of 16 KB can unzip to megabytes; what is larger is told by its size.
_LONGEST = 4 * 1024 * 1024
_MOST_LINES = 400
_CONTEXT = 2
_ENDLESS = "\\ no newline at the end"


@dataclass(frozen=True)
class Part:
    """One part of user data; `name` is empty where it is the whole of it."""

    name: str
    content: bytes

    @property
    def lines(self) -> list[str] | None:
        """Its lines as text, without their ends; None where it is no text."""
        try:
            text = self.content.decode()
        except UnicodeDecodeError:
            return None
        if "\0" in text:
            return None
        lines = text.split("\n")
        return lines[:-1] if not lines[-1] else [*lines, _ENDLESS]


@dataclass(frozen=True)
class Changed:
    """What differs between two user data: lines to read, and how many of the text were added and removed."""

    lines: tuple[str, ...]
    added: int
    removed: int


def user_data_bytes(encoded: str) -> bytes:
    """The user data behind its base64, unzipped where it is gzip."""
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return encoded.encode()
    return _unzipped(raw)


def parts(encoded: str) -> tuple[Part, ...]:
    """The parts of a MIME message in their order, each decoded and unzipped; else the whole as one part."""
    raw = user_data_bytes(encoded)
    whole = _message(raw)
    if whole is None:
        return (Part("", raw),)
    found, seen = [], dict[str, int]()
    for message in whole.walk():
        if message.is_multipart():
            continue
        name = " ".join(filter(None, (message.get_content_type(), message.get_filename())))
        seen[name] = seen.get(name, 0) + 1
        content = message.get_payload(decode=True)
        numbered = f"{name} ({seen[name]})" if seen[name] > 1 else name
        found.append(Part(numbered, _unzipped(content if isinstance(content, bytes) else b"")))
    return tuple(found)


def _message(raw: bytes) -> Message | None:
    """The user data as the mail that cloud-init takes it for; None where it is none.

    Source: cloud-init, user_data.py (convert_string): MIME is what has mime-version in its first 4096 bytes; a line
    that begins with `From ` may stand before the headers.
    """
    head = re.split(rb"\r?\n\r?\n", raw[:8192], maxsplit=1)[0].lower()
    if b"mime-version:" not in raw[:4096].lower() and b"multipart/" not in head:
        return None
    import email

    whole = email.message_from_bytes(raw)
    # A script that writes mails has no headers.
    return whole if whole.keys() else None


def changed(old: str | None, new: str | None) -> Changed:
    """What differs between two user data (base64), as a line diff part by part; equality is that of the bytes.

    A line begins with `-`, `+`, a space, or `~` where it differs only in what is masked.
    """
    before, after = (parts(value) if value else () for value in (old, new))
    # Where one side has parts, the other is told apart from them.
    whole = "the whole" if any(part.name for part in (*before, *after)) else ""
    found = [_part_changed(name or whole, one, other) for name, one, other in _pairs(before, after)]
    lines = [line for part in found for line in part.lines]
    orders = [[part.name for part in side] for side in (before, after)]
    if orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1]):
        lines.append(f"the order of the parts: {', '.join(orders[0])} -> {', '.join(orders[1])}")
    if not lines and old != new:
        lines.append("the same content, packed differently")
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = [f"... {len(lines) - _MOST_LINES} more lines"]
    return Changed(tuple(lines), sum(part.added for part in found), sum(part.removed for part in found))


def _pairs(before: Sequence[Part], after: Sequence[Part]) -> Iterator[tuple[str, Part | None, Part | None]]:
    one, other = ({part.name: part for part in side} for side in (before, after))
    for name in dict.fromkeys([*one, *other]):
        yield name, one.get(name), other.get(name)


def _part_changed(name: str, old: Part | None, new: Part | None) -> Changed:
    if old and new and old.content == new.content:
        return Changed((), 0, 0)
    title = [f"{name}:"] if name else []
    before, after = (([] if part is None else part.lines) for part in (old, new))
    if before is None or after is None:
        return Changed((*title, f"{_told(old)} -> {_told(new)}"), 0, 0)
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    codes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    shown = [masked(before), masked(after)]
    lines: list[str] = []
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        lines.append(f"@@ line {group[0][3] + 1} @@")
        lines += [line for code in group for line in _told_apart(code, shown[0], shown[1])]
    return Changed((*title, *lines), sum(c[4] - c[3] for c in codes), sum(c[2] - c[1] for c in codes))


def _told_apart(code: tuple[str, int, int, int, int], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    kind, start, end, new_start, new_end = code
    gone, come = list(old[start:end]), list(new[new_start:new_end])
    if kind == "equal":
        yield from (f" {line}" for line in come)
        return
    # Lines that are alike once masked differ in their secrets.
    alike = {line for line in come if line in gone and MASK in line}
    yield from _once(f"-{line}" for line in gone if line not in alike)
    yield from (f"~{line} -> {MASK} (changed)" for line in dict.fromkeys(come) if line in alike)
    yield from _once(f"+{line}" for line in come if line not in alike)


def _once(lines: Iterable[str]) -> Iterator[str]:
    """The lines, a run of masked ones (the inside of a key) told once."""
    last = ""
    for line in lines:
        if line != last or line[1:].strip() != MASK:
            yield line
        last = line


def _told(part: Part | None) -> str:
    if part is None:
        return "none"
    kind = "binary" if part.lines is None else "text"
    return f"{kind}, {len(part.content):,} bytes ({hashlib.sha256(part.content).hexdigest()[:8]})"


def _unzipped(raw: bytes) -> bytes:
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    try:
        plain = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(_LONGEST + 1)
    except (OSError, EOFError, zlib.error):
        return raw
    return plain if len(plain) <= _LONGEST else raw
