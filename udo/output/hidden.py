"""Keeps secrets of this run out of everything that is shown or written down."""

from __future__ import annotations

import base64
import binascii
import re
import shlex
from collections.abc import Mapping
from typing import Any

MASK = "****"
# What is shorter stands in every other word: masking it would tell more than it hides.
_SHORTEST = 4
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{8,}={0,2}\s*")


class Hidden:
    """The secrets met so far, and texts without them."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: str) -> None:
        """Masks a secret from now on: as it is, line by line, and as it stands in a shell script."""
        for text in (secret, *secret.splitlines()):
            # Within other text that is quoted with it, the quotes around it are further out.
            quoted = shlex.quote(f" {text}")[2:-1]
            self._forms |= {form for form in (text, text.strip(), quoted) if len(form) >= _SHORTEST}
        forms = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None

    def masked(self, value: Any) -> Any:
        """The value with every secret in its texts masked, in keys too; text in base64 that holds one, as a whole."""
        if self._pattern is None:
            return value
        match value:
            case str():
                return self._text(value, self._pattern)
            case Mapping():
                return {self.masked(key): self.masked(item) for key, item in value.items()}
            case list() | tuple():
                return type(value)(self.masked(item) for item in value)
        return value

    def _text(self, text: str, pattern: re.Pattern[str]) -> str:
        if _BASE64.fullmatch(text) and pattern.search(_decoded(text)):
            return MASK
        return pattern.sub(MASK, text)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=False).decode("utf-8", "replace")
    except binascii.Error:
        return ""
