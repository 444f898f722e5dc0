"""User data as text: decoded, unzipped, its MIME parts apart."""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import re
import zlib
from typing import TYPE_CHECKING

from udo.frozen import frozen

if TYPE_CHECKING:
    from email.message import Message


# User data of 16 KB can unzip to megabytes; what is larger is told by its size.
_LONGEST = 4 * 1024 * 1024


_ENDLESS = "\\ no newline at the end"


@frozen
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


def _unzipped(raw: bytes) -> bytes:
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    try:
        plain = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(_LONGEST + 1)
    except (OSError, EOFError, zlib.error):
        return raw
    return plain if len(plain) <= _LONGEST else raw
