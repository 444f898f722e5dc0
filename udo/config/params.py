"""A parameter of a profile or of a stack: of what type it is, and which values it may have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from udo.config.suggesting import suggestion
from udo.config.tree import Items, Mark, Node, Null, Table, Text
from udo.config.wording import brief, kind_of
from udo.errors import Problem

_WANTED = {"int": "a whole number", "bool": "true or false"}
_SHAPE = {"int": re.compile(r"-?(0|[1-9]\d{0,17})"), "bool": re.compile(r"true|True|TRUE|false|False|FALSE")}


class Param(NamedTuple):
    """One parameter as it is declared; without a `default` it has to be given, with no `allowed` any value will do."""

    name: str
    mark: Mark
    type: str
    default: Node | None
    allowed: tuple[Text, ...]
    doc: str

    @property
    def choices(self) -> tuple[str, ...]:
        """The values it may have, none where any of its type will do."""
        return tuple(one.text for one in self.allowed)

    def misfit(self, node: Node) -> str:
        """What is wrong with a node as its value, in words; nothing where it fits. A reference may become anything."""
        if not isinstance(node, Text):
            return f"parameter '{self.name}' wants {self._wanted}, not {kind_of(node)}"
        return "" if "${" in node.text else self.refusal(node.text)

    def refusal(self, value: str) -> str:
        """What is wrong with a value of it, in words; nothing where it fits."""
        if not self._is_shaped(value):
            return f"parameter '{self.name}' wants {self._wanted}, not '{brief(value)}'"
        if not self.allowed or value in self.choices:
            return ""
        near = suggestion(value, self.choices)
        told = f"parameter '{self.name}' is one of {', '.join(self.choices)}, not '{brief(value)}'"
        return f"{told}: {near}" if near else told

    def wrong(self) -> Iterator[Problem]:
        """What is wrong with its declaration: values that are allowed, or its default, that it cannot have."""
        wrong = [one for one in self.allowed if "${" not in one.text and not self._is_shaped(one.text)]
        for one in wrong:
            yield Problem(*one.mark, f"parameter '{self.name}' wants {self._wanted}, and allows {kind_of(one)}")
        if self.default is not None and not wrong and (told := self.misfit(self.default)):
            yield Problem(*self.default.mark, told)

    @property
    def _wanted(self) -> str:
        return _WANTED.get(self.type, "text")

    def _is_shaped(self, text: str) -> bool:
        return self.type not in _SHAPE or _SHAPE[self.type].fullmatch(text) is not None


def param_of(name: str, table: Table, mark: Mark) -> Param:
    """The parameter of that name that a table declares."""
    default = table.entries["default"].value if "default" in table.entries else None
    allowed = table.entries["allowed"].value if "allowed" in table.entries else None
    items = allowed.items if isinstance(allowed, Items) else ()
    return Param(
        name,
        mark,
        _word(table, "type") or "str",
        None if isinstance(default, Null) else default,
        tuple(one for one in items if isinstance(one, Text)),
        _word(table, "doc"),
    )


def _word(table: Table, key: str) -> str:
    node = table.entries[key].value if key in table.entries else None
    return node.text if isinstance(node, Text) else ""
