"""Writes words as one command line that every login shell, POSIX or not, hands on as they are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

# What stands for itself in any shell, and in %b of printf.
_PLAIN = re.compile(r"[A-Za-z0-9_./-][A-Za-z0-9_@%+=:,./-]*")
# What stands for itself between single quotes: fish halves backslashes there, csh replaces ! and ends at a new line.
_QUOTABLE = re.compile(r"[ -~]*")
_SPECIAL = frozenset("'\\!")
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _@%+=:,./-")
# A reader of octal numbers. csh takes words of a few thousand letters only: printf joins the pieces.
_READ = 'eval "$(printf %b "$@")"'
_PIECE = 500


def line(words: Sequence[str]) -> str:
    """A command line by which the words arrive as they are under sh, bash, dash, zsh, ksh, fish, csh and busybox.

    Words that no quotes keep in all of them are read out of octal numbers by sh, which runs them in its place.
    """
    if all(_QUOTABLE.fullmatch(word) and not _SPECIAL & set(word) and len(word) <= _PIECE for word in words):
        return " ".join(word if _PLAIN.fullmatch(word) else f"'{word}'" for word in words)
    code = f"exec {shlex.join(words)}".encode("utf-8", "surrogateescape")
    text = _octal(code)
    pieces = ["".join(text[at : at + _PIECE]) for at in range(0, len(text), _PIECE)]
    return " ".join(["sh", "-c", f"'{_READ}'", "sh", *(f"'{piece}'" for piece in pieces)])


def octal(data: bytes) -> str:
    """What %b of printf writes as these bytes; it stands for itself between single quotes."""
    return "".join(_octal(data))


def _octal(data: bytes) -> list[str]:
    return [chr(byte) if byte in _SAFE else f"\\0{byte:03o}" for byte in data]
