"""The profiles that ship with Udo, read where a configuration uses one; their names begin with `udo/`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from udo.config.checking import Section, Walk
from udo.config.reading import tree_of
from udo.config.tree import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIX = "udo/"
_FOLDER = Path(__file__).parent.parent / "profiles"


class Shipped(NamedTuple):
    """One of them: what it is for in one line, its text as it stands in its file, and the profile."""

    name: str
    says: str
    text: str
    section: Section

    def params(self) -> list[dict[str, str | None]]:
        """Its parameters: name, type, what it is without being given (None where it has to be), and what it is for."""
        return [
            {"name": name, **{key: _word(table.entries[key].value) if key in table.entries else None for key in _KEYS}}
            for name, table in self.section.params.items()
        ]


_KEYS = ("type", "default", "doc")


def names() -> list[str]:
    """The names of all of them."""
    return sorted(f"{PREFIX}{path.stem}" for path in _FOLDER.glob("*.yml"))


def shipped(name: str) -> Shipped | None:
    """The one of this name, None where there is none."""
    if name not in names():
        return None
    stem = name.removeprefix(PREFIX)
    text = (_FOLDER / f"{stem}.yml").read_text(encoding="utf-8")
    section = Walk(None).document(tree_of(text, f"{name}.yml")).profiles[stem]
    return Shipped(name, text.partition("\n")[0].lstrip("# "), text, section._replace(name=name))


def used(wanted: Iterable[str]) -> Mapping[str, Section]:
    """Those of the names that begin like theirs, as far as there are such."""
    found = (shipped(name) for name in sorted({one for one in wanted if one.startswith(PREFIX)}))
    return {one.name: one.section for one in found if one}


def _word(node: object) -> str | None:
    return node.text if isinstance(node, Text) else None
