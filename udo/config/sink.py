"""Where a reading of values asks and tells, and the words for a node that is not what its key asks for."""

from __future__ import annotations

from typing import Protocol

from udo import schema
from udo.config.tree import Mark, Node, Text
from udo.config.wording import WANTED, kind_of
from udo.schema import Key


class Sink(Protocol):
    """Where a reading asks and tells: `fill` gives None for a value that cannot be known yet."""

    def fill(self, text: Text) -> str | None: ...

    def report(self, mark: Mark, message: str) -> None: ...


class WrongError(Exception):
    """A node is not what its key asks for."""

    def __init__(self, mark: Mark, message: str) -> None:
        super().__init__(message)
        self.mark = mark
        self.message = message


def unfit(node: Node, key: Key, hint: str = "") -> WrongError:
    """The error for a node that is not of the kind its key asks for."""
    more = f": {hint}" if hint else ""
    return WrongError(node.mark, f"{key.path} wants {WANTED[key.kind]}{instead(node, key)}{more}")


def instead(node: Node, key: Key) -> str:
    """`, not` what the node is; nothing of a secret."""
    # What is shown is what the file says, never what a variable holds: that may be a secret.
    secret = key.secret or any(inner.secret for inner in schema.inside(key.path).values())
    return "" if secret and isinstance(node, Text) else f", not {kind_of(node)}"


def word_of(node: Node, key: Key, sink: Sink) -> str | None:
    """The text of a node with its references followed; None where that is for later. Raises: WrongError."""
    if not isinstance(node, Text):
        raise unfit(node, key)
    return sink.fill(node) if "${" in node.text else node.text
