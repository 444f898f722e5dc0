"""Text that came from elsewhere, made harmless for a terminal."""

from __future__ import annotations

import re
import unicodedata

# C0 but tab and newline, DEL, C1, the invisible characters that reorder or hide text, and what is no text at all.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def neutral(text: str) -> str:
    """The text with every control and format character shown as an escape, newlines and tabs kept."""
    return _UNSAFE.sub(_shown, text) if _UNSAFE.search(text) else text


def in_line(text: str) -> str:
    """The same on one line, with newlines and tabs as escapes too."""
    return neutral(text).replace("\n", "\\n").replace("\t", "\\t")


def width(text: str) -> int:
    """How many terminal cells the text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _shown(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
